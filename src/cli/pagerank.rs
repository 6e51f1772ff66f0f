//! `gasworks pagerank`: how often a random surfer is at each vertex.

use std::ops::ControlFlow;
use std::time::Instant;

use clap::{ArgAction, Args};
use gasworks::Engine;
use gasworks::graph::ReverseEdges;
use gasworks::programs::{DanglingMass, PageRank};
use gasworks::schedulers::Sweep;
use serde_json::{Value, json};

use super::error::Failure;
use super::events::{Metrics, Reporter, Start, number};
use super::graph::{self, EdgeOptions, GraphInput};
use super::options::{RunOptions, names, share};
use super::output::Output;
use super::run::{self, Ending};

/// Rank vertices by how often a random surfer is there
///
/// Ranks sum to 1, unless dangling mass is dropped. Weights are ignored. Without --output the ten highest ranks are printed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks pagerank web.txt.gz --tolerance 1e-8 --output ranks.tsv")]
pub(crate) struct Pagerank {
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    edges: EdgeOptions,
    /// Probability of following an edge
    #[arg(
        allow_negative_numbers = true, long, value_name = "D",
        default_value_t = PageRank::default().damping, value_parser = share::<f32>
    )]
    damping: f32,
    /// Stop when the sum of all changes in an iteration (L1) is below this
    #[arg(
        allow_negative_numbers = true, long, value_name = "T", default_value_t = 1e-6,
        value_parser = tolerance
    )]
    tolerance: f64,
    /// Iterations at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    iterations: u64,
    /// What becomes of the rank of vertices without out-edges: spread over all, or none: dropped, as in GAPBS
    #[arg(
        long = "dangling", value_name = "WAY", default_value = "spread", action = ArgAction::Set,
        value_parser = names([("spread", true), ("none", false)])
    )]
    spread: bool,
    /// Write id, tab, rank for each vertex, by id; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

impl Pagerank {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        run::use_threads(self.run.threads())?;
        if let Some(output) = &self.output {
            output.check(&[self.input.name()], reporter)?;
        }
        let clock = Instant::now();
        let mut list = self.input.load(reporter)?;
        let start = 1.0 / list.ids.len() as f32;
        let mut graph = self
            .edges
            .builder(list.ids.len(), ReverseEdges::Pair)
            .plain_edges(&list.arcs)
            .parallel_edges(self.edges.parallel(|(), ()| ()))
            .build()?
            .with_vertices(|_| start);
        drop(std::mem::take(&mut list.arcs));
        reporter.start(Start {
            program: "pagerank",
            scheduler: "sweep",
            vertices: graph.vertices(),
            edges: graph.edges(),
            load_seconds: clock.elapsed().as_secs_f64(),
            run: &self.run,
            iterations: self.iterations,
            more: Metrics::new(),
        })?;

        let program = PageRank { damping: self.damping, ..PageRank::default() };
        let dangling = DanglingMass { damping: self.damping, spread: self.spread };
        let mut failure = None;
        let stop = run::stop_on_interrupt(reporter);
        let mut observer = run::watch(&mut failure, |progress, _| {
            let text = format!("residual {:.3e}", progress.residual);
            let is_milestone = run::is_milestone(progress.rounds);
            reporter.progress(progress, residual(progress.residual), &text, is_milestone)?;
            Ok(ControlFlow::Continue(()))
        });
        let engine = Engine::new(&mut graph, &program)
            .scheduler(Sweep::new())
            .aggregate(&dangling)
            .rounds(self.iterations)
            .until(|progress| progress.residual < self.tolerance)
            .observer(&mut observer);
        let outcome = run::configure(engine, &self.run, &stop).run()?;
        drop(observer);
        if let Some(failure) = failure {
            return Err(failure);
        }
        let reason = run::reason(outcome.reason);
        run::summarize(reporter, reason, &outcome.progress);

        let ranks = graph.vertex_data().as_slice();
        let top = graph::first_by(ranks, |rank| -rank);
        let mut more = Metrics::new();
        match &self.output {
            Some(output) => {
                output.write_values(reporter, &list.ids, |v, to| write!(to, "{}", ranks[v as usize]))?;
                more.insert("output".into(), output.name().into());
            }
            None if reporter.is_json() => {
                let entry = |v: &u32| json!([list.ids.id(*v).to_string(), number(ranks[*v as usize])]);
                more.insert("top".into(), top.iter().map(entry).collect::<Vec<Value>>().into());
            }
            None => graph::show("highest ranks:", &top, &list.ids, ranks, reporter)?,
        }
        run::finish(reporter, reason, outcome.progress, residual(outcome.progress.residual), more)
    }
}

fn residual(residual: f64) -> Metrics {
    Metrics::from_iter([("residual".to_owned(), residual.into())])
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number >= 0.0 && number.is_finite() => Ok(number),
        _ => Err("expected a number, 0 or more, such as 1e-6".into()),
    }
}
