//! `gasworks svd`: the greatest singular values of a sparse matrix.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::input::{Duplicates, Ratings, RatingsOptions, Source};
use gasworks::programs::svd::{self, Multiply, SingularTriples, SvdProgress};
use gasworks::{Engine, Outcome, Plan, Progress, Reason};
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::factorization::{Export, read, sample};
use super::options::{Common, InputOptions, Voice, names};
use super::order::Order;
use super::output::check_file;
use super::run::{self, Ending, Limits, Run};

/// Find the greatest singular values of a sparse matrix, and their vectors
///
/// By Lanczos bidiagonalization, restarted with the best that was found whenever a basis is full. A pair without an entry is 0; rows and
/// columns without any are left out. Nothing is subtracted. An iteration fills the bases once. Prints each value with its residual, sqrt(|A v - s u|^2 + |A^T u - s v|^2): a singular value of
/// the matrix is that near.
#[derive(Args, Debug)]
#[command(
    after_help = "\
Examples:
  gasworks svd ratings.csv --rank 20 --output vectors.npy
  gasworks svd matrix.mtx --rank 5 --tolerance 1e-12",
    mut_arg("threads", |arg| arg.help("Threads to run on; results do not depend on it [default: all cores]")),
    mut_arg("seed", |arg| arg.help("Seed of the random directions: the same seed gives the same bits")),
    mut_arg("max_updates", |arg| arg.help(
        "Stop after the step in which so many rows and columns are multiplied [default: no limit]"
    )),
    mut_arg("max_seconds", |arg| arg.help(
        "Stop after the step in which so many seconds of computing are over, loading not counted [default: no limit]"
    ))
)]
pub(crate) struct Svd {
    /// Entries: row, column, value, in a table or a MatrixMarket file; - is standard input [default: the embedded MovieLens sample]
    matrix: Option<PathBuf>,
    /// What counts of several entries at one place
    #[arg(
        long, value_name = "WHICH", default_value = "last", value_parser = names(Duplicates::ALL),
        help_heading = "Input"
    )]
    duplicates: Duplicates,
    #[command(flatten)]
    input: InputOptions,

    /// Singular values to find, the greatest ones
    #[arg(
        long, value_name = "K", default_value_t = svd::Svd::default().rank as u16,
        value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Model"
    )]
    rank: u16,
    /// Residual at which a value and its vectors have converged, as a share of the greatest value
    #[arg(
        allow_negative_numbers = true, long, value_name = "T", default_value_t = svd::Svd::default().tolerance,
        value_parser = share, help_heading = "Model"
    )]
    tolerance: f64,
    /// Vectors of a basis at most; a longer one takes fewer products and more memory [default: twice the rank, but at least 20 more than it]
    #[arg(long, value_name = "N", help_heading = "Model")]
    basis: Option<u32>,
    /// Iterations at most, each filling the bases once
    #[arg(
        long, value_name = "N", default_value_t = svd::Svd::default().cycles,
        value_parser = clap::value_parser!(u64).range(1..), help_heading = "Model"
    )]
    iterations: u64,

    /// Write the vectors, a row for each row of the matrix and for each column. x.npy and x.txt become two files, x.left.npy and x.right.npy
    #[arg(long, short, value_name = "FILE", value_parser = Export::of_vectors, help_heading = "Output")]
    output: Option<Export>,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

const SIDES: [&str; 2] = ["left", "right"];

impl Svd {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let order = Order::with_barriers("lanczos");
        let run = Run::in_order("svd", &self.common, order, |_, threads| plan(threads))?;
        let outputs = self.output.iter().flat_map(|output| output.sides(SIDES)).collect::<Vec<_>>();
        for path in &outputs {
            check_file(path, &self.matrix.iter().map(PathBuf::as_path).collect::<Vec<_>>(), reporter)?;
        }
        let matrix = self.load(reporter)?;
        let mut graph = graph(&matrix)?;
        let svd = self.program();
        let details = json!({
            "rows": matrix.users.len(),
            "columns": matrix.items.len(),
            "rank": self.rank,
            "tolerance": self.tolerance,
            "basis": svd.basis_for(&graph)?,
        });
        run.start(&graph, Some(self.iterations), details.as_object().expect("an object").clone(), reporter)?;

        let mut watch = Watch::new(run.limits(reporter), svd.tolerance);
        let found = svd.run(&mut graph, |progress| watch.see(progress, reporter))?;
        let outcome = watch.end(&found, self.iterations, plan(self.common.threads())?)?;
        let reason = run::ended(&outcome, reporter);

        if let Some(output) = &self.output {
            let sides = [(&found.left, &matrix.users), (&found.right, &matrix.items)];
            for (path, (vectors, ids)) in outputs.iter().zip(sides) {
                output.write_side(path, vectors, ids)?;
                reporter.say(format_args!("wrote {}", path.display()));
            }
        }
        let within = converged(&found.values, &found.residuals, svd.tolerance);
        if !found.converged {
            reporter.note(format_args!(
                "{within} of {} values are within the tolerance; more --iterations or a longer --basis may help",
                self.rank
            ));
        }
        let has_other_place = reporter.is_json() || reporter.is_quiet() && self.output.is_some();
        if !has_other_place {
            table(&found, reporter)?;
        }
        let mut metrics = metrics(&found.values, &found.residuals, svd.tolerance);
        metrics.insert("steps".into(), found.progress.steps.into());
        let mut more = Metrics::new();
        more.insert("singular_values".into(), found.values.into());
        more.insert("residuals".into(), found.residuals.into());
        let names: Vec<String> = outputs.iter().map(|path| path.display().to_string()).collect();
        more.insert("output".into(), names.into());
        run::finish(reporter, reason, &outcome, metrics, more)
    }

    fn load(&self, reporter: &mut Reporter) -> Result<Ratings, Failure> {
        let InputOptions { format, lenient } = self.input;
        let source = match &self.matrix {
            Some(path) => Source::from_path(path),
            None => sample(reporter)?.0,
        };
        let options = RatingsOptions { format, lenient, duplicates: self.duplicates };
        let matrix = read(&source, &options, reporter)?;
        let (rows, columns) = (matrix.users.len(), matrix.items.len());
        reporter.say(format_args!("{rows} rows, {columns} columns, {} entries", matrix.entries.len()));
        Ok(matrix)
    }

    fn program(&self) -> svd::Svd {
        svd::Svd {
            rank: self.rank.into(),
            tolerance: self.tolerance,
            basis: self.basis.map(|basis| basis as usize),
            cycles: self.iterations,
            seed: self.common.seed,
            threads: self.common.threads(),
            isa: self.common.isa,
        }
    }
}

/// The matrix as rows and columns with entries between them.
fn graph(matrix: &Ratings) -> Result<Graph<f64, f32>, Failure> {
    let ends: Vec<[u32; 2]> = matrix.entries.iter().map(|entry| [entry.user, entry.item]).collect();
    let values: Vec<f32> = matrix.entries.iter().map(|entry| entry.value).collect();
    let builder = GraphBuilder::bipartite(matrix.users.len(), matrix.items.len());
    Ok(builder.weighted_edges(&ends, &values).build()?.with_vertices(|_| 0.0))
}

/// How products are kept in order.
fn plan(threads: usize) -> Result<Plan, Failure> {
    let empty = GraphBuilder::bipartite(0, 0).weighted_edges(&[], &[0.0f32; 0]).build()?;
    Ok(Engine::new(&mut empty.with_vertices(|_| 0.0), &Multiply).threads(threads).plan()?)
}

/// Looks at each step.
struct Watch<'a> {
    limits: Limits<'a>,
    tolerance: f64,
    began: Instant,
    /// Cycles that were told of.
    told: u64,
    /// Why the run was stopped before its time.
    stopped: Option<Reason>,
    failure: Option<Failure>,
}

impl<'a> Watch<'a> {
    fn new(limits: Limits<'a>, tolerance: f64) -> Self {
        Watch { limits, tolerance, began: Instant::now(), told: 0, stopped: None, failure: None }
    }

    fn see(&mut self, now: &SvdProgress, reporter: &mut Reporter) -> ControlFlow<()> {
        let seconds = self.began.elapsed().as_secs_f64();
        reporter.step(&format!("step {}", now.steps));
        if now.cycles > self.told {
            self.told = now.cycles;
            let progress = self.progress(now, seconds);
            let (within, all) = (converged(&now.values, &now.residuals, self.tolerance), now.values.len());
            let text = format!("step {}, {within} of {all} values within the tolerance", now.steps);
            let metrics = metrics(&now.values, &now.residuals, self.tolerance);
            self.failure = reporter.progress(&progress, metrics, &text, run::is_milestone(now.cycles)).err();
        }
        self.stopped = self.stopped.or(self.limits.reached(now.updates, seconds));
        match self.stopped.is_some() || self.failure.is_some() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Rounds are cycles.
    fn progress(&self, now: &SvdProgress, seconds: f64) -> Progress {
        let residual = now.residuals.iter().copied().fold(0.0, f64::max);
        Progress { rounds: now.cycles, updates: now.updates, seconds, residual, ..Progress::default() }
    }

    /// How the run ended.
    fn end(self, found: &SingularTriples, cycles: u64, plan: Plan) -> Result<Outcome, Failure> {
        let reason = match self.stopped {
            _ if found.converged => Reason::Converged,
            Some(reason) => reason,
            None if found.progress.cycles >= cycles => Reason::Rounds,
            // The bases span everything: what is left is rounding.
            None => Reason::Drained,
        };
        let progress = self.progress(&found.progress, self.began.elapsed().as_secs_f64());
        let outcome =
            Outcome { reason, progress, plan, colors: None, contended: 0, visits: None, audit: None };
        self.failure.map_or(Ok(outcome), Err)
    }
}

/// How many triples are within the tolerance.
fn converged(values: &[f64], residuals: &[f64], tolerance: f64) -> usize {
    let close = tolerance * values.first().copied().unwrap_or(0.0);
    residuals.iter().filter(|residual| **residual <= close).count()
}

fn metrics(values: &[f64], residuals: &[f64], tolerance: f64) -> Metrics {
    let residual = residuals.iter().copied().fold(0.0, f64::max);
    let metrics = json!({ "residual": residual, "converged": converged(values, residuals, tolerance) });
    metrics.as_object().expect("an object").clone()
}

/// Prints each value, its residual, and that as a share of the value.
fn table(found: &SingularTriples, reporter: &mut Reporter) -> Result<(), Failure> {
    reporter.line(format_args!("{:>6}{:>24}{:>14}{:>14}", "", "singular value", "residual", "relative"))?;
    for (at, (value, residual)) in found.values.iter().zip(&found.residuals).enumerate() {
        let relative = if *value > 0.0 { format!("{:.2e}", residual / value) } else { "-".into() };
        let value = if (1e-4..1e15).contains(value) { value.to_string() } else { format!("{value:e}") };
        reporter.line(format_args!("{:>6}{value:>24}{residual:>14.2e}{relative:>14}", at + 1))?;
    }
    Ok(())
}

/// A number in `[0, 1)`.
fn share(text: &str) -> Result<f64, String> {
    super::options::share(text)
}
