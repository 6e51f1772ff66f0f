//! `gasworks triangles`: how many triples of vertices are joined to one another.

use clap::Args;
use gasworks::graph::Topology;
use gasworks::programs::specialists;

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::graph::{EdgeOptions, GraphInput, Parallel};
use super::options::{Common, Voice};
use super::output::Output;
use super::run::{self, Ending};
use super::specialist;
use super::vertex_order::VertexOrder;

/// Count triangles: triples of vertices that are joined to one another
///
/// Directions, weights, self-loops and parallel edges are ignored. Also prints the global clustering coefficient: of all paths of two
/// edges, the share whose ends are joined. By a kernel that is no vertex program.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks triangles web.txt.gz")]
pub(crate) struct Triangles {
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl Triangles {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let limits = [self.common.max_updates.is_some(), self.common.max_seconds.is_some()];
        if limits.contains(&true) {
            return Err(Failure::usage(
                "no --max-updates and no --max-seconds: the kernel runs to its end",
                "one of them",
                "leave it out",
            ));
        }
        let run = specialist::begin("forward", "triangles", &self.common)?;
        let joined = EdgeOptions { undirected: true, parallel_edges: Parallel::Drop };
        let (_, graph) =
            self.input.open(None::<&Output>, reporter)?.plain(joined, VertexOrder::Id, reporter)?;
        run.start(&graph, None, Metrics::new(), reporter)?;
        let (topology, isa) = (graph.topology(), self.common.isa);
        let kernel = || specialists::triangles(topology, isa);
        let (count, outcome, reason) =
            specialist::finished(graph.vertices(), self.common.threads(), reporter, kernel)?;

        let paths = paths(topology);
        let clustering = if paths == 0 { 0.0 } else { 3.0 * count as f64 / paths as f64 };
        if !reporter.is_json() {
            reporter.line(format_args!("{count} triangles"))?;
            reporter.line(format_args!("{clustering:.6} global clustering coefficient"))?;
        }
        let metrics = Metrics::from_iter([
            ("triangles".to_owned(), count.into()),
            ("clustering".to_owned(), number(clustering as f32)),
        ]);
        run::finish(reporter, reason, &outcome, metrics, Metrics::new())
    }
}

/// Paths of two edges between two vertices, in an undirected graph without parallel edges.
fn paths(topology: &Topology) -> u64 {
    let others = |vertex: u32| {
        let loops = topology.out_neighbors(vertex).binary_search(&vertex).is_ok();
        u64::from(topology.out_degree(vertex)) - u64::from(loops)
    };
    (0..topology.vertices() as u32).map(others).map(|others| others * others.saturating_sub(1) / 2).sum()
}
