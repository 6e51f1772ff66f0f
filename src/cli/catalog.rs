//! `gasworks schedulers` and `gasworks exclusions`: what there is to choose from, from the tables that the engine goes by.

use clap::Args;
use gasworks::schedulers::ALL;
use gasworks::{Case, Exclusion, Gathers, Model, ProgramKind, RULES};
use serde_json::json;

use super::error::Failure;
use super::events::Reporter;
use super::options::Voice;
use super::run::Ending;

/// List the schedulers, their options and defaults
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  gasworks components graph.txt --engine async --scheduler multiqueue_fifo:queues=4"
)]
pub(crate) struct Schedulers {
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl Schedulers {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        for entry in ALL {
            let options: Vec<_> = entry
                .options
                .iter()
                .map(
                    |option| json!({ "name": option.name, "about": option.about, "default": option.default }),
                )
                .collect();
            reporter.event(json!({
                "event": "scheduler",
                "name": entry.name,
                "about": entry.about,
                "has_rounds": entry.has_rounds,
                "options": options,
            }))?;
        }
        if reporter.is_json() {
            return Ok(Ending::Done);
        }
        reporter.line(format_args!("{:<22}{:<12}who runs next", "scheduler", "engines"))?;
        for entry in ALL {
            let engines = if entry.has_rounds { "sync, async" } else { "async" };
            reporter.line(format_args!("{:<22}{engines:<12} {}", entry.name, entry.about))?;
            for option in entry.options {
                let named = format!("  {}={}", option.name, option.default);
                reporter.line(format_args!("{named:<34} {}", option.about))?;
            }
        }
        Ok(Ending::Done)
    }
}

/// List how visits are kept apart under --engine async, and what is admitted together
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks als --engine async --exclusion coloring --audit")]
pub(crate) struct Exclusions {
    #[command(flatten)]
    pub(crate) voice: Voice,
}

/// A kind of program, and what it can be asked to be kept apart by.
pub(crate) struct Row {
    pub(crate) program: &'static str,
    pub(crate) kind: ProgramKind,
    pub(crate) declared: Model,
    pub(crate) asked: Model,
}

/// Which schedulers an exclusion admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    Any,
    WithRounds,
    None,
}

impl Admitted {
    fn name(self) -> &'static str {
        match self {
            Admitted::Any => "any",
            Admitted::WithRounds => "rounds",
            Admitted::None => "-",
        }
    }
}

impl Row {
    /// What the engine's own table says, of programs whose data are plain.
    pub(crate) fn admitted(&self, exclusion: Exclusion) -> Admitted {
        let Row { kind, declared, asked, .. } = *self;
        let admits = |rounds| Case { kind, declared, asked, exclusion, rounds, plain: true }.admit().is_ok();
        match (admits(false), admits(true)) {
            (true, _) => Admitted::Any,
            (false, true) => Admitted::WithRounds,
            (false, false) => Admitted::None,
        }
    }
}

/// Kinds of programs under each model that may be asked for.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (program, gathers) in [("gathers state", Gathers::State), ("gathers published", Gathers::Published)] {
        let row = |asked| Row { program, kind: ProgramKind::Vertex(gathers), declared: Model::Edge, asked };
        rows.extend(Model::ALL.map(row));
    }
    for declared in Model::ALL {
        let row = |asked| Row { program: "update function", kind: ProgramKind::Update, declared, asked };
        rows.extend(Model::ALL.map(row));
    }
    rows.extend(Model::ALL.map(|asked| Row {
        program: "edge program",
        kind: ProgramKind::Edge,
        declared: Model::Full,
        asked,
    }));
    rows
}

impl Exclusions {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let (rows, admitted) = (rows(), |row: &Row| Exclusion::ALL.map(|exclusion| row.admitted(exclusion)));
        if reporter.is_json() {
            for model in Model::ALL {
                reporter
                    .event(json!({ "event": "consistency", "name": model.name(), "about": model.about() }))?;
            }
            for exclusion in Exclusion::ALL {
                let event =
                    json!({ "event": "exclusion", "name": exclusion.name(), "about": exclusion.about() });
                reporter.event(event)?;
            }
            for row in &rows {
                let mut event = json!({
                    "event": "admission",
                    "program": row.program,
                    "declared": row.declared.name(),
                    "asked": row.asked.name(),
                });
                for (exclusion, admitted) in Exclusion::ALL.iter().zip(admitted(row)) {
                    event[exclusion.name()] = admitted.name().into();
                }
                reporter.event(event)?;
            }
            for refusal in RULES.map(|rule| rule.refusal) {
                reporter.event(json!({
                    "event": "rule", "what": refusal.what, "why": refusal.why, "instead": refusal.instead,
                }))?;
            }
            return Ok(Ending::Done);
        }
        reporter.line("--consistency: what a visit holds while it runs")?;
        for model in Model::ALL {
            reporter.line(format_args!("{model:<10}{}", model.about()))?;
        }
        reporter.line(
            "\n--exclusion: how visits are kept apart; relaxed is asked for as --consistency relaxed",
        )?;
        for exclusion in Exclusion::ALL {
            reporter.line(format_args!("{exclusion:<10}{}", exclusion.about()))?;
        }
        reporter.line("\nSchedulers that are admitted: any, those with rounds, or - none")?;
        let names = Exclusion::ALL.map(Exclusion::name);
        let [a, b, c, d, e] = names;
        reporter.line(format_args!(
            "{:<19}{:<10}{:<15}{a:<8}{b:<10}{c:<7}{d:<6}{e}",
            "program", "declares", "--consistency"
        ))?;
        for row in &rows {
            let [a, b, c, d, e] = admitted(row).map(Admitted::name);
            let (declared, asked) = (row.declared.name(), row.asked.name());
            reporter.line(format_args!(
                "{:<19}{declared:<10}{asked:<15}{a:<8}{b:<10}{c:<7}{d:<6}{e}",
                row.program
            ))?;
        }
        reporter.line("\nWhy")?;
        for refusal in RULES.map(|rule| rule.refusal) {
            reporter.line(format_args!(
                "- {} is not admitted: {}; {}",
                refusal.what, refusal.why, refusal.instead
            ))?;
        }
        Ok(Ending::Done)
    }
}
