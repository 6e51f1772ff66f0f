//! `gasworks lasso`: sparse linear regression.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use gasworks::graph::Graph;
use gasworks::input::{Observations, Source, read_observations};
use gasworks::programs;
use gasworks::{Engine, Exclusion, Plan, Selection, UpdateJob};
use serde_json::{Value, json};

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::graph;
use super::options::RunOptions;
use super::order::{Defaults, Order};
use super::output::Output;
use super::run::{self, Ending, Run};

/// Explain a number by few features: least squares with an L1 penalty (lasso)
///
/// Minimizes 1/2 |y - X w|^2 + lambda |w|_1 by the shooting algorithm: one weight at a time is solved for while all others stand still.
/// There is no intercept: center the targets, or give each row a feature that is always 1. Columns on one scale make one lambda fair to all. Without
/// --output the ten greatest weights are printed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gasworks lasso data.libsvm --output weights.tsv
  gasworks lasso data.libsvm.gz --lambda 0.5 --tolerance 1e-9")]
pub(crate) struct Lasso {
    /// Observations as LIBSVM has them, a row each: a number to explain, then features as index:value; - is standard input
    data: PathBuf,
    /// The price of a unit of weight; 0 is least squares [default: a tenth of the least at which all weights are 0]
    #[arg(allow_negative_numbers = true, long, value_name = "L", value_parser = not_negative)]
    lambda: Option<f64>,
    /// A step that changes the fitted values by at most this, in units of what is explained, wakes nobody
    #[arg(
        allow_negative_numbers = true, long, value_name = "T", default_value_t = programs::Lasso::default().tolerance,
        value_parser = positive
    )]
    tolerance: f64,
    /// Iterations at most: as many visits as there are features and observations [default: as many as needed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Write index, tab, weight for each feature that occurs, by index; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Who runs next unless `--scheduler` says. One visit at a time: on two threads, locks over whole scopes cost more than they gain (20,000
/// observations of 5,000 features, 30 each: .14 s serially, .27 s under locks).
pub(crate) const DEFAULTS: Defaults =
    Defaults { sync: None, asynchronous: "sweep", exclusion: Some(Exclusion::Serial) };

/// The price where none is named, as a share of that at which all weights are zero.
pub(crate) const SHARE: f64 = 0.1;

/// The engine over weights and residuals.
pub(crate) fn engine<'g>(
    graph: &'g mut Graph<f64, f32>,
    lasso: &'g programs::Lasso,
    order: &Order,
) -> Result<Engine<'g, UpdateJob<'g, programs::Lasso>>, Failure> {
    let engine = order.keep(Engine::updates(graph, lasso, order.scheduler_without_barriers()?));
    let everyone = order.scheduler()?.selection() == Some(Selection::Everyone);
    let colored = engine.plan()?.exclusion == Some(Exclusion::Coloring);
    // Observations that are visited in each round never cease to pass signals on. Where all steps together are within the
    // tolerance, none would have woken anybody.
    Ok(if everyone && colored {
        engine.until(|progress| progress.residual <= lasso.tolerance)
    } else {
        engine
    })
}

/// How such a run would be kept in order.
pub(crate) fn plan(order: &Order, threads: usize) -> Result<Plan, Failure> {
    let mut empty = programs::Lasso::graph(0, &[], &[], &[])?;
    Ok(engine(&mut empty, &programs::Lasso::default(), order)?.threads(threads).plan()?)
}

impl Lasso {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = Run::begin("lasso", &self.run, DEFAULTS, plan)?;
        let source = Source::from_path(&self.data);
        if let Some(output) = &self.output {
            output.check(&[&self.data], reporter)?;
        }
        let Observations { targets, features: ids, entries, values } = load(&source, reporter)?;
        let mut graph = programs::Lasso::graph(ids.len(), &targets, &entries, &values)?;
        drop((entries, values));
        let lasso = programs::Lasso { lambda: self.lambda(&graph, reporter), tolerance: self.tolerance };
        let facts = json!({ "features": ids.len(), "observations": targets.len(), "lambda": lasso.lambda });
        run.start(&graph, self.iterations, facts.as_object().expect("an object").clone(), reporter)?;
        let outcome = run.watched(
            reporter,
            |progress, vertices, reporter| {
                let objective = lasso.objective_of(vertices.as_slice(), ids.len());
                let mut metrics = run::residual(progress);
                metrics.insert("objective".into(), json!(objective));
                let text = format!("objective {objective:.6}");
                reporter.progress(progress, metrics, &text, run::is_milestone(progress.rounds))?;
                Ok(ControlFlow::Continue(()))
            },
            |observer, limits| {
                let engine = engine(&mut graph, &lasso, &run.order)?.observer(observer);
                Ok(limits.apply(engine, self.iterations).run()?)
            },
        )?;
        let reason = run::ended(&outcome, reporter);

        let lost = programs::Lasso::refresh(&mut graph, &targets);
        let (objective, violation) = (lasso.objective(&graph), lasso.violation(&graph));
        let weights = programs::Lasso::weights(&graph);
        let nonzeros = weights.iter().filter(|weight| **weight != 0.0).count();
        let scale = targets.iter().fold(1.0, |most: f64, y| most.max(y.abs()));
        if lost > 1e-6 * scale {
            reporter.note(format_args!(
                "residuals were off by up to {lost:.3}: visits that wrote one at once lost changes, as --consistency relaxed lets them"
            ));
        }
        reporter.say(format_args!(
            "verified: the conditions of an optimum hold to {violation:.2e}, lambda being {}",
            lasso.lambda
        ));
        let metrics = json!({
            "objective": objective,
            "nonzeros": nonzeros,
            "violation": violation,
            "residual": outcome.progress.residual,
        });
        let mut more = Metrics::new();
        if let Some(output) = &self.output {
            output.write_values(reporter, &ids, |v, to| write!(to, "{}", weights[v as usize]))?;
            more.insert("output".into(), output.name().into());
        }
        let top = greatest(weights);
        if reporter.is_json() {
            let entry = |v: &u32| json!([ids.id(*v).to_string(), weights[*v as usize]]);
            more.insert("greatest".into(), top.iter().map(entry).collect::<Vec<Value>>().into());
        } else if Output::leaves_summary(self.output.as_ref(), reporter) {
            reporter.line(format_args!("objective {objective}"))?;
            reporter.line(format_args!("{nonzeros} of {} weights are not 0", weights.len()))?;
            graph::show("greatest weights:", &top, &ids, weights, reporter)?;
        }
        run::finish(reporter, reason, &outcome, metrics.as_object().expect("an object").clone(), more)
    }

    /// What was asked for, or what suits the data.
    fn lambda(&self, graph: &Graph<f64, f32>, reporter: &Reporter) -> f64 {
        self.lambda.unwrap_or_else(|| {
            let most = programs::Lasso::lambda_max(graph);
            reporter.note(format_args!("from lambda {most} on all weights are 0; a tenth of it is taken"));
            SHARE * most
        })
    }
}

/// Reads the observations.
pub(crate) fn load(source: &Source, reporter: &mut Reporter) -> Result<Observations, Failure> {
    reporter.loading(source.name().display());
    let loaded = read_observations(source)?;
    reporter.loaded(&loaded.report);
    let Observations { targets, features, entries, .. } = &loaded.data;
    let (rows, columns) = (targets.len(), features.len());
    reporter.say(format_args!("{rows} observations, {columns} features, {} values", entries.len()));
    Ok(loaded.data)
}

/// The first by size that are not zero.
fn greatest(weights: &[f64]) -> Vec<u32> {
    let sizes: Vec<f32> = weights.iter().map(|weight| weight.abs() as f32).collect();
    let mut top = graph::first_by(&sizes, |size| -size);
    top.retain(|feature| weights[*feature as usize] != 0.0);
    top
}

fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number >= 0.0 && number.is_finite() => Ok(number),
        _ => Err("expected a number, 0 or more, such as 0.5".into()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    not_negative(text).ok().filter(|number| *number > 0.0).ok_or_else(|| {
        "expected a number above 0, such as 1e-6: steps of the size of rounding never end".into()
    })
}
