//! Which numbers vertices have inside: by id, or by degree for the cache.

use std::time::Instant;

use clap::Args;
use gasworks::Data;
use gasworks::graph::Graph;

use super::events::Reporter;
use super::options::names;

/// Which numbers vertices have inside.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Input")]
pub(crate) struct VertexOrderOptions {
    /// How vertices are numbered inside: by degree, most edges first, which is faster where degrees differ much, once it has paid for the ordering; by id; or as stored: by id, unless convert wrote the graph by degree. Results are the same, but for how sums round
    #[arg(long, value_name = "ORDER", default_value = "stored", value_parser = names(ORDERS))]
    pub(crate) vertex_order: VertexOrder,
}

/// An order of vertices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VertexOrder {
    Stored,
    Id,
    Degree,
}

const ORDERS: [(&str, VertexOrder); 3] =
    [("stored", VertexOrder::Stored), ("id", VertexOrder::Id), ("degree", VertexOrder::Degree)];

impl VertexOrder {
    /// Whether a graph that is stored in this way is in this order, or can be brought into it without its list of edges.
    pub(crate) fn takes(self, by_degree: bool) -> bool {
        self != VertexOrder::Id || !by_degree
    }

    /// The graph by degree, if that is asked for and it is not yet; says what that took.
    pub(crate) fn apply<E: Data<Element: Clone>>(
        self,
        graph: Graph<(), E>,
        reporter: &Reporter,
    ) -> Graph<(), E> {
        if self != VertexOrder::Degree || graph.topology().is_relabeled() {
            return graph;
        }
        let clock = Instant::now();
        let graph = graph.by_degree();
        reporter.say(format_args!("ordered by degree in {:.3} s", clock.elapsed().as_secs_f64()));
        graph
    }
}
