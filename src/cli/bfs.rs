//! `gasworks bfs`: how many steps lead from one vertex to all.

use clap::Args;
use gasworks::graph::GraphBuilder;
use gasworks::programs::{BreadthFirstSearch, Reached};
use gasworks::{Engine, Plan};
use serde_json::{Value, json};

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::graph::{EdgeOptions, GraphInput};
use super::options::{Common, Voice};
use super::order::{DirectionOptions, Order, admit};
use super::output::Output;
use super::run::{self, Ending, Run};
use super::vertex_order::VertexOrderOptions;

/// Find how many steps lead from a source to each vertex
///
/// Breadth-first search along the edges; weights are ignored. Prints how many vertices are as many steps away.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks bfs web.txt.gz --source 17 --output levels.tsv")]
pub(crate) struct Bfs {
    /// Where the search starts, by the id in the input
    #[arg(allow_hyphen_values = true, long, value_name = "ID")]
    source: String,
    /// Steps at most; vertices farther away are not reached [default: as many as needed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Write id, tab, steps, tab, id of the vertex before the last step, for each vertex that is reached, by id; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    edges: EdgeOptions,
    #[command(flatten)]
    vertices: VertexOrderOptions,
    #[command(flatten)]
    direction: DirectionOptions,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl Bfs {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = Run::in_order("bfs", &self.common, Order::with_barriers("rounds"), plan)?;
        let direction = self.direction.under(&run.order)?;
        let edges = self.input.open(self.output.as_ref(), reporter)?;
        let (ids, graph) = edges.plain(self.edges, self.vertices.vertex_order, reporter)?;
        let source = graph.topology().number_of(self.input.find(&ids, "--source", &self.source)?);
        let mut graph = graph.with_vertices(BreadthFirstSearch::start(source));
        let more = Metrics::from_iter([("source".to_owned(), self.source.as_str().into())]);
        run.start(&graph, self.iterations, more, reporter)?;
        let outcome = run.watched(reporter, run::report_active, |observer, limits| {
            let engine = run.order.apply(Engine::new(&mut graph, &BreadthFirstSearch).start_at([source]))?;
            Ok(limits.apply(engine.direction(direction).observer(observer), self.iterations).run()?)
        })?;
        let reason = run::ended(&outcome, reporter);

        let topology = graph.topology().clone();
        let found = graph.into_vertex_data_as_loaded();
        let found = found.as_slice();
        let levels = sizes(found);
        let reached: usize = levels.iter().sum();
        reporter.say(format_args!("{reached} of {} vertices are reached", found.len()));
        if let Some(output) = &self.output {
            output.write(reporter, |to| {
                for (reached, vertex) in found.iter().zip(0..).filter(|(reached, _)| reached.is_reached()) {
                    let parent = ids.id(topology.loaded_as(reached.parent));
                    writeln!(to, "{}\t{}\t{parent}", ids.id(vertex), reached.level)?;
                }
                Ok(())
            })?;
        }
        if Output::leaves_summary(self.output.as_ref(), reporter) {
            reporter.say("steps, vertices:");
            for (level, size) in levels.iter().enumerate() {
                reporter.line(format_args!("{level}\t{size}"))?;
            }
        }
        let metrics = Metrics::from_iter([("reached".to_owned(), reached.into())]);
        let mut more = Metrics::new();
        more.insert("levels".into(), levels.into_iter().map(Value::from).collect::<Vec<_>>().into());
        more.insert("output".into(), json!(self.output.as_ref().map(Output::name)));
        run::finish(reporter, reason, &outcome, metrics, more)
    }
}

fn plan(order: &Order, threads: usize) -> Result<Plan, Failure> {
    let mut empty = GraphBuilder::directed(0).plain_edges(&[]).build()?.with_vertices(|_| Reached::NOT);
    admit(order.apply(Engine::new(&mut empty, &BreadthFirstSearch))?, threads)
}

/// How many vertices are so many steps away.
fn sizes(found: &[Reached]) -> Vec<usize> {
    let mut sizes = Vec::new();
    for reached in found.iter().filter(|reached| reached.is_reached()) {
        let level = reached.level as usize;
        if sizes.len() <= level {
            sizes.resize(level + 1, 0);
        }
        sizes[level] += 1;
    }
    sizes
}
