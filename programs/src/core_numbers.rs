//! Core numbers by local h-indices (Montresor, De Pellegrini, Miorandi 2013, "Distributed k-core decomposition", Theorem 1;
//! Lü, Zhou, Zhang, Stanley 2016, "The H-index of a network node and its relation to degree and coreness").
//!
//! The core number of a vertex is the greatest k such that it lies in a subgraph where every vertex has k neighbors. Each vertex keeps an
//! upper bound, at first its degree, and lowers it to the h-index of its neighbors' bounds: the greatest k such that k of them are at
//! least k. Bounds never fall below the core numbers, and where no vertex can lower its own they are the core numbers, whatever the order of the
//! visits. Peeling vertices by degree (Batagelj and Zaversnik 2003) takes O(edges), and is one chain of steps; here visits are
//! independent unless adjacent.

use gasworks_engine::graph::{Topology, Vertex};
use gasworks_engine::{Context, Edges, Scope, Signal, UpdateFunction, consistency};

/// The core number of each vertex. Start on [`KCore::start`], or on any upper bounds such as `u32::MAX`, with all vertices scheduled;
/// when nobody is left to run, the bounds are exact.
///
/// The direction of edges does not count, self-loops are ignored, and parallel and reverse edges are one: the core numbers are those of the simple
/// undirected graph.
///
/// A visit takes O(degree). A vertex that lowers its bound signals the neighbors whose own bound counted on it, those that are lower
/// first. Bounds fall at most `sum of (degree - core number)` times in all; in practice a few visits a vertex.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing.rs"));
/// # fn main() -> Result<(), gasworks_engine::Error> {
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::KCore;
/// // A triangle with a tail.
/// let graph = GraphBuilder::directed(5).plain_edges(&[[0, 1], [1, 2], [2, 0], [2, 3], [3, 4]]).build()?;
/// let start = KCore::start(graph.topology());
/// let mut graph = graph.with_vertices(start);
/// # let scheduler = Queue::default();
/// Engine::updates(&mut graph, &KCore, scheduler).run()?; // such as gasworks_schedulers::Rounds::new()
/// assert_eq!(graph.vertex_data().as_slice(), [2, 2, 2, 1, 1]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct KCore;

impl KCore {
    /// The initial bounds: degrees, in which parallel edges and self-loops still count.
    pub fn start(topology: &Topology) -> impl Fn(Vertex) -> u32 + use<> {
        let topology = topology.clone();
        move |vertex| match topology.is_undirected() {
            true => topology.out_degree(vertex),
            false => topology.out_degree(vertex).saturating_add(topology.in_degree(vertex)),
        }
    }
}

/// The bounds around the visited vertex.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// Each neighbor once, with its bound: those along in-edges, then the others. Both ascend.
    neighbors: Vec<(Vertex, u32)>,
    /// How many neighbors have each bound; the last place counts all that are not below it.
    counts: Vec<u32>,
}

impl Bounds {
    /// The h-index, if it is below `bound`; else `bound`.
    fn h_index(&mut self, bound: u32) -> u32 {
        let most = (bound as usize).min(self.neighbors.len());
        self.counts.clear();
        self.counts.resize(most + 1, 0);
        for (_, bound) in &self.neighbors {
            self.counts[(*bound as usize).min(most)] += 1;
        }
        let mut at_least = 0;
        for k in (1..=most).rev() {
            at_least += self.counts[k] as usize;
            if at_least >= k {
                return k as u32;
            }
        }
        0
    }
}

impl UpdateFunction for KCore {
    type Vertex = u32;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = Bounds;

    fn scratch(&self) -> Bounds {
        Bounds::default()
    }
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, around: &mut Bounds) {
        let Bounds { neighbors, .. } = around;
        neighbors.clear();
        // How many came along in-edges, and how many of them are below the out-neighbor at hand.
        let (mut incoming, mut below) = (0, 0);
        scope.for_each_edge(Edges::All, |mut visit| {
            let (id, bound) = (visit.neighbor_id(), *visit.parts().2);
            if visit.is_outgoing() {
                while below < incoming && neighbors[below].0 < id {
                    below += 1;
                }
                if below < incoming && neighbors[below].0 == id {
                    return;
                }
            }
            // Edges ascend by neighbor, so parallel ones follow each other.
            if neighbors.last().is_none_or(|(last, _)| *last != id) {
                neighbors.push((id, bound));
            }
            if !visit.is_outgoing() {
                incoming = neighbors.len();
            }
        });
        let before = *scope.vertex();
        let bound = around.h_index(before);
        if bound < before {
            *scope.vertex_mut() = bound;
            scope.for_each_edge(Edges::All, |mut visit| {
                // A neighbor counts the neighbors whose bounds are at least its own.
                let counted = *visit.parts().2;
                if bound < counted && counted <= before {
                    visit.signal(Signal::priority(-(counted as f32)));
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Queue;
    use gasworks_engine::graph::{Graph, GraphBuilder, ReverseEdges};
    use gasworks_engine::{Engine, Random, Reason};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn cores(graph: Graph<(), ()>, high: bool, latest: bool) -> Vec<u32> {
        let start = KCore::start(graph.topology());
        let mut graph = graph.with_vertices(|v| if high { u32::MAX } else { start(v) });
        let scheduler = Queue { latest, ..Queue::default() };
        let outcome = Engine::updates(&mut graph, &KCore, scheduler)
            .exclusion(gasworks_engine::Exclusion::Serial)
            .run()
            .unwrap();
        assert_eq!(outcome.reason, Reason::Drained);
        graph.vertex_data().as_slice().to_vec()
    }

    /// Peeling (Matula and Beck 1983; Batagelj and Zaversnik 2003): takes away a vertex of least degree again and again.
    fn peeled(n: usize, edges: &[[u32; 2]]) -> Vec<u32> {
        let mut neighbors = vec![BTreeSet::new(); n];
        for &[u, v] in edges.iter().filter(|[u, v]| u != v) {
            neighbors[u as usize].insert(v);
            neighbors[v as usize].insert(u);
        }
        let mut queue: BTreeSet<(usize, u32)> = (0..n).map(|v| (neighbors[v].len(), v as u32)).collect();
        let (mut cores, mut core) = (vec![0; n], 0);
        while let Some((degree, v)) = queue.pop_first() {
            core = core.max(degree);
            cores[v as usize] = core as u32;
            for u in std::mem::take(&mut neighbors[v as usize]) {
                let around = &mut neighbors[u as usize];
                queue.remove(&(around.len(), u));
                around.remove(&v);
                queue.insert((around.len(), u));
            }
        }
        cores
    }

    proptest! {
        #[test]
        fn core_numbers_are_what_peeling_finds(
            n in 1_usize..60, density in 0_usize..12, seed: u64, latest: bool, high: bool,
        ) {
            // Skewed ends make cores of several depths, self-loops, parallel and reverse edges.
            let mut random = Random::keyed(seed, 0, 0, 0);
            let mut end = || random.below(1 + random.clone().below(n as u64)) as u32;
            let edges: Vec<_> = (0..n * density / 2).map(|_| [end(), end()]).collect();
            let expected = peeled(n, &edges);
            for builder in [
                GraphBuilder::directed(n),
                GraphBuilder::undirected(n, ReverseEdges::Keep),
                GraphBuilder::undirected(n, ReverseEdges::Pair),
            ] {
                let graph = builder.plain_edges(&edges).build().unwrap();
                prop_assert_eq!(&cores(graph, high, latest), &expected);
            }
        }
    }

    #[test]
    fn self_loops_parallel_and_reverse_edges_do_not_count() {
        let messy = [[0, 0], [0, 1], [0, 1], [1, 0], [1, 1], [1, 2], [2, 1], [2, 1], [3, 3], [3, 3]];
        for builder in [GraphBuilder::directed(5), GraphBuilder::undirected(5, ReverseEdges::Keep)] {
            let graph = builder.plain_edges(&messy).build().unwrap();
            assert_eq!(cores(graph, false, false), [1, 1, 1, 0, 0]);
        }
    }

    #[test]
    fn a_clique_with_a_tail() {
        let clique = (0..6).flat_map(|u| (0..u).map(move |v| [u, v]));
        let edges: Vec<_> = clique.chain([[5, 6], [6, 7]]).collect();
        let graph = GraphBuilder::directed(8).plain_edges(&edges).build().unwrap();
        assert_eq!(cores(graph, true, true), [5, 5, 5, 5, 5, 5, 1, 1]);
    }
}
