//! Who is active: the sets that one round hands to the next.

use super::chunks::degree;
use crate::executor::sides;
use crate::graph::{Topology, Vertex, VertexSet};
use crate::program::{Edges, Gathers, VertexProgram};
use crate::scheduler::Selection;

/// A frontier with fewer edges than one in so many is followed edge by edge; for a larger one all vertices look whether a
/// neighbour published.
const SPARSE: u64 = 24;

/// The active vertices of the next round.
pub(super) enum Frontier {
    /// All of them; whether any signal of the last round woke.
    Everyone { awake: bool },
    /// State gathers: those to run now, and those woken meanwhile.
    Woken { active: VertexSet, next: VertexSet },
    /// Published gathers: those that published in the last round, those that do in this one, and, where they are few, those
    /// that may have something to take.
    Published { publishers: VertexSet, next: VertexSet, candidates: VertexSet, sparse: bool },
}

impl Frontier {
    pub(super) fn new<P: VertexProgram>(
        topology: &Topology,
        selection: Selection,
        start: Option<Vec<Vertex>>,
    ) -> Self {
        let n = topology.vertices();
        let starters = match start {
            Some(start) => VertexSet::from_iter_of(n, start),
            None => VertexSet::full(n),
        };
        let next = VertexSet::empty(n);
        match (selection, P::GATHERS) {
            (Selection::Everyone, _) => Frontier::Everyone { awake: n > 0 },
            (Selection::Signalled, Gathers::State) => Frontier::Woken { active: starters, next },
            (Selection::Signalled, Gathers::Published) => {
                let candidates = VertexSet::empty(n);
                Frontier::Published { publishers: starters, next, candidates, sparse: false }
            }
        }
    }

    /// Nobody is left to run.
    pub(super) fn is_drained(&self) -> bool {
        match self {
            Frontier::Everyone { awake } => !awake,
            Frontier::Woken { active, .. } => active.is_empty(),
            Frontier::Published { publishers, .. } => publishers.is_empty(),
        }
    }

    /// After a round whose signals woke so many: whether everyone goes on.
    pub(super) fn end_round(&mut self, signalled: u64) {
        if let Frontier::Everyone { awake } = self {
            *awake = signalled > 0;
        }
    }

    /// Before a round of published gathers: who may have something to take.
    pub(super) fn find_candidates(&mut self, topology: &Topology, scatter: Edges) {
        let Frontier::Published { publishers, candidates, sparse, .. } = self else { return };
        let edges = publishers.sum(|vertex| 1 + degree(topology, scatter, vertex));
        *sparse = edges < (topology.edges() + topology.vertices()) as u64 / SPARSE;
        if *sparse {
            candidates.clear();
            let candidates = &*candidates;
            publishers.for_each(|vertex| {
                for side in sides(scatter, topology) {
                    for neighbor in topology.side(side).neighbors(vertex) {
                        candidates.insert(*neighbor);
                    }
                }
            });
        }
    }
}
