//! `gasworks sssp`: distances from one vertex to all.

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::input::EdgeList;
use gasworks::programs::{ShortestPaths, specialists};
use gasworks::{Engine, Plan, VertexJob};
use serde_json::{Value, json};

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::graph::{self, EdgeOptions, Edges, GraphInput};
use super::options::RunOptions;
use super::order::{Defaults, DirectionOptions, Order, admit};
use super::output::Output;
use super::run::{self, Ending};
use super::specialist::{self, SpecialistOptions};
use super::vertex_order::VertexOrderOptions;

/// Find the lengths of the shortest paths from a source
///
/// Weights are the lengths of edges, 0 or more, and 1 each where the input has none. A vertex that no path reaches is at distance inf.
/// Distances are 32-bit floating-point numbers: lengths that are integers add up exactly to 16777216. Without
/// --output the ten nearest vertices are printed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks sssp roads.txt --source 17 --undirected --output distances.tsv")]
pub(crate) struct Sssp {
    /// Where paths start, by the id in the input
    #[arg(allow_hyphen_values = true, long, value_name = "ID")]
    source: String,
    /// Iterations at most; with fewer than needed, distances may be too long [default: as many as needed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Write id, tab, distance for each vertex, by id; - is standard output
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
    specialist: SpecialistOptions,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Who runs next unless `--scheduler` says.
pub(crate) const DEFAULTS: Defaults =
    Defaults { sync: Some("rounds"), asynchronous: "multiqueue_priority", exclusion: None };

/// The engine over distances from a source.
pub(crate) fn engine<'g>(
    graph: &'g mut Graph<f32, f32>,
    source: Option<u32>,
    order: &Order,
) -> Result<Engine<'g, VertexJob<'g, ShortestPaths>>, Failure> {
    order.apply(Engine::new(graph, &ShortestPaths).start_at(source))
}

/// How such a run would be kept in order.
pub(crate) fn plan(order: &Order, threads: usize) -> Result<Plan, Failure> {
    let empty = GraphBuilder::directed(0).weighted_edges(&[], &[0.0f32; 0]).build()?;
    admit(engine(&mut empty.with_vertices(ShortestPaths::start(0)), None, order)?, threads)
}

impl Sssp {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = self.specialist.begin("delta-stepping", "sssp", &self.run, DEFAULTS, plan)?;
        let direction = self.direction.under(&run.order)?;
        let edges = self.checked(self.input.open(self.output.as_ref(), reporter)?)?;
        let source = self.input.find(edges.ids(), "--source", &self.source)?;
        let (ids, graph) = edges.weighted(self.edges, self.vertices.vertex_order, reporter)?;
        let source = graph.topology().number_of(source);
        let mut graph = graph.with_vertices(ShortestPaths::start(source));
        let more = Metrics::from_iter([("source".to_owned(), self.source.as_str().into())]);
        run.start(&graph, self.iterations, more, reporter)?;
        let (outcome, reason) = if self.specialist.specialist {
            let (vertices, threads) = (graph.vertices(), self.run.common.threads());
            let kernel = || specialists::shortest_paths(&graph, source, None);
            let (distances, outcome, reason) = specialist::finished(vertices, threads, reporter, kernel)?;
            graph.vertex_data_mut().as_mut_slice().copy_from_slice(&distances);
            (outcome, reason)
        } else {
            let outcome = run.watched(reporter, run::report_active, |observer, limits| {
                let engine = engine(&mut graph, Some(source), &run.order)?;
                let engine = engine.direction(direction).observer(observer);
                Ok(limits.apply(engine, self.iterations).run()?)
            })?;
            let reason = run::ended(&outcome, reporter);
            (outcome, reason)
        };

        let distances = graph.into_vertex_data_as_loaded();
        let distances = distances.as_slice();
        let reached = distances.iter().filter(|distance| distance.is_finite()).count();
        reporter.say(format_args!("{reached} of {} vertices are reached", distances.len()));
        let mut nearest = graph::first_by(distances, |distance| distance);
        nearest.retain(|vertex| distances[*vertex as usize].is_finite());
        let mut more = Metrics::new();
        match &self.output {
            Some(output) => {
                output.write_values(reporter, &ids, |v, to| write!(to, "{}", distances[v as usize]))?;
                more.insert("output".into(), output.name().into());
            }
            None if reporter.is_json() => {
                let entry = |v: &u32| json!([ids.id(*v).to_string(), number(distances[*v as usize])]);
                more.insert("nearest".into(), nearest.iter().map(entry).collect::<Vec<Value>>().into());
            }
            None => graph::show("nearest vertices:", &nearest, &ids, distances, reporter)?,
        }
        let metrics = Metrics::from_iter([("reached".to_owned(), reached.into())]);
        run::finish(reporter, reason, &outcome, metrics, more)
    }

    /// The same edges, none of whose weights is below 0.
    fn checked(&self, edges: Edges) -> Result<Edges, Failure> {
        if edges.weights().is_none_or(|weights| weights.iter().all(|weight| *weight >= 0.0)) {
            return Ok(edges);
        }
        let EdgeList { ids, arcs, weights } = edges.into_list();
        let negative = weights.iter().flatten().zip(arcs).find(|(weight, _)| **weight < 0.0);
        let found = negative.map(|(weight, arc)| {
            let [source, target] = arc.map(|vertex| ids.id(vertex));
            format!("{weight} on the edge from {source} to {target}")
        });
        Err(Failure::data(
            self.input.name(),
            "weights of 0 or more, the lengths of edges",
            found.unwrap_or_default(),
            "shift or correct the weights, or drop their column to count edges",
        ))
    }
}
