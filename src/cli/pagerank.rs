//! `gasworks pagerank`: how often a random surfer is at each vertex.

mod personalized;

use clap::{ArgAction, Args};
use gasworks::graph::{Graph, GraphBuilder, Ids};
use gasworks::programs::{Dangling, DanglingMass, PageRank};
use gasworks::{Engine, Outcome, Plan, Selection, VertexJob, VertexProgram};
use serde_json::{Value, json};

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::graph::{self, EdgeOptions, GraphInput};
use super::options::{RunOptions, names, share};
use super::order::{Defaults, Order, admit};
use super::output::Output;
use super::run::{self, Ending, Run};
use super::vertex_order::VertexOrderOptions;

/// Rank vertices by how often a random surfer is there
///
/// Ranks sum to 1, unless dangling mass is dropped. Weights of edges are ignored. Without --output the ten highest ranks are printed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gasworks pagerank web.txt.gz --tolerance 1e-8 --output ranks.tsv
  gasworks pagerank web.txt.gz --personalize 17 --personalize 30=2.5     near 17 and, more, 30")]
pub(crate) struct Pagerank {
    /// Probability of following an edge
    #[arg(
        allow_negative_numbers = true, long, value_name = "D",
        default_value_t = PageRank::default().damping, value_parser = share::<f32>
    )]
    damping: f32,
    /// Stop when the sum of all changes in an iteration (L1) is below this; under async, a vertex that moves by more than this over the number of vertices wakes its neighbors, and the run ends when nobody is awake
    #[arg(
        allow_negative_numbers = true, long, value_name = "T", default_value_t = 1e-6,
        value_parser = tolerance
    )]
    tolerance: f64,
    /// Iterations at most; under async as many as needed unless said [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// What becomes of the rank of vertices without out-edges: spread over all, or none: dropped, as in GAPBS
    #[arg(
        long = "dangling", value_name = "WAY", default_value = "spread", action = ArgAction::Set,
        value_parser = names([("spread", true), ("none", false)])
    )]
    spread: bool,
    /// Personalized PageRank: the surfer starts over at this vertex instead of anywhere, by the id in the input; may be given many times, with weights of 0 or more, 1 unless said. Dangling mass goes there too
    #[arg(allow_hyphen_values = true, long, value_name = "ID[=WEIGHT]")]
    personalize: Vec<String>,
    /// Write id, tab, rank for each vertex, by id; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    edges: EdgeOptions,
    #[command(flatten)]
    vertices: VertexOrderOptions,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Who runs next unless `--scheduler` says.
pub(crate) const DEFAULTS: Defaults =
    Defaults { sync: Some("sweep"), asynchronous: "sweep", exclusion: None };

impl Pagerank {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = Run::begin("pagerank", &self.run, DEFAULTS, |order, threads| self.plan(order, threads))?;
        let edges = self.input.open(self.output.as_ref(), reporter)?;
        let (ids, graph) = edges.plain(self.edges, self.vertices.vertex_order, reporter)?;
        if !self.personalize.is_empty() {
            return self.run_personalized(&run, &ids, graph, reporter);
        }
        let iterations = self.iterations.or(rounds(&run.order));
        let start = 1.0 / ids.len() as f32;
        let mut graph = graph.with_vertices(|_| start);
        run.start(&graph, iterations, Metrics::new(), reporter)?;
        let parts = Parts::new(self.damping, self.spread, self.tolerance, &run.order, graph.vertices())?;
        let outcome = run.watched(reporter, run::report_residual, |observer, limits| {
            let engine = parts.engine(&mut graph, &run.order)?.observer(observer);
            Ok(limits.apply(self.until_converged(engine, &run.order), iterations).run()?)
        })?;
        let ranks = parts.ranks(graph.into_vertex_data_as_loaded().as_slice());
        self.finish(&ids, &ranks, &outcome, reporter)
    }

    /// Ends a run with barriers when ranks stand still.
    fn until_converged<'g, P: VertexProgram>(
        &'g self,
        engine: Engine<'g, VertexJob<'g, P>>,
        order: &Order,
    ) -> Engine<'g, VertexJob<'g, P>> {
        match order.is_async() {
            true => engine,
            false => engine.until(|progress| progress.residual < self.tolerance),
        }
    }

    /// Says how the run ended, and puts ranks where they are to go.
    fn finish(
        &self,
        ids: &Ids,
        ranks: &[f32],
        outcome: &Outcome,
        reporter: &mut Reporter,
    ) -> Result<Ending, Failure> {
        let reason = run::ended(outcome, reporter);
        let top = graph::first_by(ranks, |rank| -rank);
        let mut more = Metrics::new();
        match &self.output {
            Some(output) => {
                output.write_values(reporter, ids, |v, to| write!(to, "{}", ranks[v as usize]))?;
                more.insert("output".into(), output.name().into());
            }
            None if reporter.is_json() => {
                let entry = |v: &u32| json!([ids.id(*v).to_string(), number(ranks[*v as usize])]);
                more.insert("top".into(), top.iter().map(entry).collect::<Vec<Value>>().into());
            }
            None => graph::show("highest ranks:", &top, ids, ranks, reporter)?,
        }
        run::finish(reporter, reason, outcome, run::residual(&outcome.progress), more)
    }

    fn plan(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        if !self.personalize.is_empty() {
            return self.plan_personalized(order, threads);
        }
        let mut empty = GraphBuilder::directed(0).plain_edges(&[]).build()?.with_vertices(|_| 0.0);
        let parts = Parts::new(self.damping, self.spread, self.tolerance, order, 0)?;
        admit(parts.engine(&mut empty, order)?, threads)
    }
}

/// Rounds at most, unless somebody says. Without barriers the run ends when nobody is awake, after visits that nobody can tell before: a
/// worker visits its own vertices again while another one is held up.
pub(crate) fn rounds(order: &Order) -> Option<u64> {
    (!order.is_async()).then_some(100)
}

/// The program and where dangling mass goes.
pub(crate) struct Parts {
    program: PageRank,
    dangling: DanglingMass,
    global: Dangling,
    /// Whether ranks are to be scaled to sum 1 at the end.
    scale: bool,
}

impl Parts {
    /// Where each round runs everyone between barriers, dangling mass is spread in each. In any other order it is dropped,
    /// and the ranks are scaled at the end. That is exact: with the mass spread evenly, ranks solve `r = c 1 + d A r` for
    /// some `c`, without it for another one, and `r = c (I - d A)^-1 1` is proportional to `c`. A vertex then hears of all that
    /// changes its rank from its neighbors, so that nobody has to be visited for the mass alone.
    pub(crate) fn new(
        damping: f32,
        spread: bool,
        tolerance: f64,
        order: &Order,
        vertices: usize,
    ) -> Result<Self, Failure> {
        let everyone = !order.is_async() && order.scheduler()?.selection() == Some(Selection::Everyone);
        let n = vertices.max(1) as f64;
        let tolerance = if order.is_async() { (tolerance / n) as f32 } else { 0.0 };
        Ok(Parts {
            program: PageRank { damping, tolerance },
            dangling: DanglingMass { damping, spread },
            global: Dangling { base: ((1.0 - f64::from(damping)) / n) as f32 },
            scale: spread && !everyone,
        })
    }

    pub(crate) fn engine<'g>(
        &'g self,
        graph: &'g mut Graph<f32, ()>,
        order: &Order,
    ) -> Result<Engine<'g, VertexJob<'g, PageRank>>, Failure> {
        let engine = Engine::new(graph, &self.program).global(self.global);
        order.apply(if self.scale { engine } else { engine.aggregate(&self.dangling) })
    }

    /// Ranks as they are shown.
    pub(crate) fn ranks(&self, found: &[f32]) -> Vec<f32> {
        scaled(found.to_vec(), self.scale)
    }
}

/// The same, scaled to sum 1 where that is wanted.
fn scaled(mut ranks: Vec<f32>, scale: bool) -> Vec<f32> {
    let sum: f64 = ranks.iter().map(|rank| f64::from(*rank)).sum();
    if scale && sum > 0.0 {
        ranks.iter_mut().for_each(|rank| *rank *= (1.0 / sum) as f32);
    }
    ranks
}

pub(crate) fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number >= 0.0 && number.is_finite() => Ok(number),
        _ => Err("expected a number, 0 or more, such as 1e-6".into()),
    }
}
