//! Everything that a command says: events for programs, progress and notes for people, through one [`Reporter`].

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use gasworks::input::Report;
use gasworks::{Audit, Exclusion, Model, Outcome, Plan, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::error::Failure;
use super::options::{Common, Voice};
use super::order::Order;

/// Named numbers, in the order in which they are shown.
pub(crate) type Metrics = Map<String, Value>;

/// What the start event tells beyond the options of the run.
pub(crate) struct Start<'a> {
    pub(crate) program: &'static str,
    pub(crate) order: &'a Order,
    pub(crate) plan: Plan,
    pub(crate) vertices: usize,
    pub(crate) edges: usize,
    pub(crate) load_seconds: f64,
    pub(crate) run: &'a Common,
    /// Rounds at most, for the bar; 0 where nobody knows.
    pub(crate) iterations: u64,
    /// What only this command has.
    pub(crate) more: Metrics,
}

/// What the last event tells.
pub(crate) struct Done<'a> {
    pub(crate) reason: &'static str,
    pub(crate) outcome: &'a Outcome,
    pub(crate) metrics: Metrics,
    /// What only this command has.
    pub(crate) more: Metrics,
}

/// Speaks for a command.
pub(crate) struct Reporter {
    voice: Voice,
    bar: Option<ProgressBar>,
    /// Whether the reader of standard output is gone.
    closed: bool,
    /// Whether there is a reason to go on without a reader.
    has_files: bool,
    inputs: Vec<Value>,
}

impl Reporter {
    pub(crate) fn new(voice: Voice) -> Self {
        Reporter { voice, bar: None, closed: false, has_files: false, inputs: Vec::new() }
    }

    /// Whether events are asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.voice.json
    }

    /// Whether summaries for people are unwanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.voice.quiet
    }

    /// From now on a reader of standard output that leaves does not end the command: files are still to be written.
    pub(crate) fn expect_files(&mut self) {
        self.has_files = true;
    }

    /// One line on standard output.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.has_files => self.closed = true,
            outcome => outcome?,
        }
        Ok(())
    }

    /// One event, if events are asked for.
    pub(crate) fn event(&mut self, event: Value) -> Result<(), Failure> {
        if self.voice.json { self.line(event) } else { Ok(()) }
    }

    /// One line for people on standard error.
    pub(crate) fn say(&self, text: impl Display) {
        if self.voice.quiet {
            return;
        }
        let line = || {
            // A closed standard error is no reason to stop.
            let _ = writeln!(io::stderr(), "{text}");
        };
        match &self.bar {
            Some(bar) => bar.suspend(line),
            None => line(),
        }
    }

    /// What was asked for and has no other place to go than standard error.
    pub(crate) fn tell(&self, text: impl Display) {
        if self.voice.quiet && !self.voice.json {
            let _ = writeln!(io::stderr(), "{text}");
        } else {
            self.say(text);
        }
    }

    /// Something that a reader should know.
    pub(crate) fn note(&self, text: impl Display) {
        self.say(format_args!("note: {text}"));
    }

    /// A spinner while something is loaded, on a terminal.
    pub(crate) fn loading(&mut self, what: impl Display) {
        if self.has_bar() {
            let bar = ProgressBar::new_spinner().with_message(format!("reading {what}"));
            bar.enable_steady_tick(std::time::Duration::from_millis(120));
            self.bar = Some(bar);
        }
    }

    /// How an input was understood.
    pub(crate) fn loaded(&mut self, report: &Report) {
        self.finish_bar();
        self.say(report);
        report.notes.iter().for_each(|note| self.note(format_args!("{}: {note}", report.name.display())));
        self.inputs.push(json!({
            "name": report.name.display().to_string(),
            "format": report.format.name(),
            "compression": report.compression.to_string(),
            "rows": report.rows,
            "lines": report.lines,
            "duplicates": report.duplicates,
            "notes": report.notes,
        }));
    }

    /// What an input is that has no rows to count.
    pub(crate) fn read(&mut self, name: &Path, format: &str, what: impl Display) {
        self.finish_bar();
        self.say(format_args!("{}: {format}, {what}", name.display()));
        self.inputs.push(json!({ "name": name.display().to_string(), "format": format, "notes": [] }));
    }

    /// The run begins.
    pub(crate) fn start(&mut self, start: Start<'_>) -> Result<(), Failure> {
        let Start { program, order, plan, vertices, edges, load_seconds, run, iterations, more } = start;
        let (scheduler, scheduler_options) = order.scheduler_parts();
        let mut event = json!({
            "event": "start",
            "program": program,
            "vertices": vertices,
            "edges": edges,
            "threads": plan.threads,
            "seed": run.seed,
            "engine": order.engine.name(),
            "scheduler": scheduler,
            "scheduler_options": scheduler_options,
            "consistency": consistency(plan),
            "exclusion": plan.exclusion.map(Exclusion::name),
            "isa": run.isa.name(),
            "load_seconds": load_seconds,
            "version": env!("CARGO_PKG_VERSION"),
            "inputs": std::mem::take(&mut self.inputs),
        });
        event.as_object_mut().expect("an object").extend(more);
        self.event(event)?;
        if self.has_bar() {
            let (bar, template) = match iterations {
                0 => (ProgressBar::new_spinner(), "{spinner} iteration {pos}, {msg} [{elapsed}]"),
                _ => (ProgressBar::new(iterations), "{bar:30} {pos}/{len} iterations, {msg} [{elapsed}]"),
            };
            bar.set_style(ProgressStyle::with_template(template).expect("a valid template"));
            self.bar = Some(bar);
        }
        Ok(())
    }

    /// A round has ended. `text` is for people: a bar shows it always, a log each time or at milestones.
    pub(crate) fn progress(
        &mut self,
        progress: &Progress,
        metrics: Metrics,
        text: &str,
        is_milestone: bool,
    ) -> Result<(), Failure> {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
            bar.set_position(progress.rounds);
        } else if !self.voice.json && is_milestone {
            self.say(format_args!("iteration {}: {text}, {:.3} s", progress.rounds, progress.seconds));
        }
        self.event(json!({
            "event": "progress",
            "iteration": progress.rounds,
            "updates": progress.updates,
            "seconds": progress.seconds,
            "metrics": metrics,
        }))
    }

    /// A part of a round has ended: only a bar shows it.
    pub(crate) fn step(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        }
    }

    /// The bar, if any, has nothing more to show.
    /// So many of some pieces of work are done.
    pub(crate) fn counted(&mut self, done: usize, of: usize) -> Result<(), Failure> {
        if self.bar.is_none() && self.has_bar() {
            self.bar = Some(ProgressBar::new(of as u64));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
        }
        self.event(json!({ "event": "progress", "done": done, "of": of }))
    }

    pub(crate) fn finish_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// The run has ended, and its files are written.
    pub(crate) fn done(&mut self, done: Done<'_>) -> Result<(), Failure> {
        self.finish_bar();
        let Done { reason, outcome, metrics, more } = done;
        let Outcome { progress, audit, .. } = outcome;
        let mut event = json!({
            "event": "done",
            "reason": reason,
            "iterations": progress.rounds,
            "updates": progress.updates,
            "seconds": progress.seconds,
            "peak_rss_bytes": peak_memory(),
            // Known only where somebody looked; synchronous rounds have no serial order to prove or to miss.
            "serializable": audit.as_ref().map(Audit::is_serializable),
            "audit": audit.as_ref().map(Audit::to_string),
            "colors": outcome.colors,
            "contended": outcome.contended,
            "metrics": metrics,
        });
        event.as_object_mut().expect("an object").extend(more);
        self.event(event)
    }

    /// The command has failed.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        self.finish_bar();
        let chain = failure.chain();
        // A failure of standard output cannot be told there.
        let _ = self.event(json!({
            "event": "error",
            "message": chain.join(": "),
            "file": failure.file().map(|path| path.display().to_string()),
            "line": failure.line(),
        }));
        let _ = writeln!(io::stderr(), "error: {}", chain.join("\n  caused by: "));
    }

    /// The arguments make no sense, and events are asked for.
    pub(crate) fn refusal(message: &str) {
        let voice = Voice { json: true, quiet: true };
        let event = json!({ "event": "error", "message": message, "file": null, "line": null });
        let _ = Reporter::new(voice).event(event);
    }

    fn has_bar(&self) -> bool {
        !self.voice.quiet && io::stderr().is_terminal()
    }
}

/// What visits hold, as a start event tells it: nothing where barriers keep neighbors apart.
pub(crate) fn consistency(plan: Plan) -> Option<&'static str> {
    let relaxed = plan.exclusion == Some(Exclusion::Relaxed);
    plan.consistency.map(Model::name).or(relaxed.then_some(Exclusion::Relaxed.name()))
}

/// A number with the digits that `f32` has; null where it is not finite, as JSON has no word for it.
pub(crate) fn number(number: f32) -> Value {
    number.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// The most memory that the process ever held, where the system tells (Linux).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_bare_nan() {
        assert_eq!(number(0.1).to_string(), "0.1");
        assert_eq!(number(f32::NAN), Value::Null);
        assert_eq!(number(f32::INFINITY), Value::Null);
        assert_eq!(json!({ "x": f64::NAN }).to_string(), r#"{"x":null}"#);
    }
}
