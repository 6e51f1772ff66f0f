//! Communities by label propagation: each vertex takes the label that most of its neighbors have (Raghavan, Albert, Kumara 2007, "Near linear time
//! algorithm to detect community structures in large-scale networks", section III).
//!
//! Of labels that are equally frequent one is drawn, by the random numbers of the vertex and the visit, so that the seed decides the run wherever
//! the order of the visits is decided; a vertex whose own label is among the most frequent keeps it, which is the paper's condition for the end.
//! Each change leaves more edges between equal labels than before, as long as neighbors stand still during a visit, so that the
//! run ends: in practice after few visits a vertex. With barriers two neighbors could swap labels forever.

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Context, Edges, Scope, Signal, UpdateFunction, consistency};

/// Names the stream of random numbers that decides between labels.
const TIES: u64 = 0x7469_6573;

/// Labels such that no vertex has fewer neighbors with its own than with another one. Start each vertex on itself, with all vertices scheduled;
/// when nobody is left to run, equal labels are a community. See [`modularity`](crate::modularity) for how good they are.
///
/// The direction of edges does not count, self-loops are ignored, and each of several edges between two vertices counts. A vertex without neighbors
/// keeps its label. A community need not be connected: two parts can have got their label through a vertex that has changed since.
///
/// A visit takes O(degree * log(degree)), and allocates only if no visit before had so many edges. Under relaxed exclusion neighbors may change at
/// once, and the run need not come to an end: give it a limit.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing.rs"));
/// # fn main() -> Result<(), gasworks_engine::Error> {
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::{LabelPropagation, modularity};
/// // Two complete graphs of five, and an edge between them.
/// let clique = |first: u32| (first..first + 5).flat_map(move |u| (first..u).map(move |v| [u, v]));
/// let edges: Vec<[u32; 2]> = clique(0).chain(clique(5)).chain([[4, 5]]).collect();
/// let mut graph = GraphBuilder::directed(10).plain_edges(&edges).build()?.with_vertices(|v| v);
/// # let scheduler = Queue::default();
/// Engine::updates(&mut graph, &LabelPropagation, scheduler).run()?; // such as gasworks_schedulers::Sweep::new()
/// let labels = graph.vertex_data().as_slice();
/// assert!(labels[..5].iter().all(|label| *label == labels[0]) && labels[5..].iter().all(|label| *label == labels[5]));
/// // The two are rarely one community, whose modularity is 0.
/// let expected = if labels[0] == labels[5] { 0.0 } else { 20.0 / 21.0 - 0.5 };
/// assert!((modularity(graph.topology(), labels) - expected).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LabelPropagation;

impl UpdateFunction for LabelPropagation {
    type Vertex = Vertex;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    /// The labels of the neighbors.
    type Scratch = Vec<Vertex>;

    fn scratch(&self) -> Vec<Vertex> {
        Vec::new()
    }
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, around: &mut Vec<Vertex>) {
        around.clear();
        scope.for_each_edge(Edges::All, |mut visit| around.push(*visit.parts().2));
        around.sort_unstable();
        let own = *scope.vertex();
        let Some(label) = most_frequent(around, own, cx) else { return };
        if label != own {
            *scope.vertex_mut() = label;
            scope.for_each_edge(Edges::All, |mut visit| {
                // Who has the label already has one more reason to keep it.
                if *visit.parts().2 != label {
                    visit.signal(Signal::priority(1.0));
                }
            });
        }
    }
}

/// Of sorted labels the most frequent one; of several, this vertex's own, or any with the same probability.
fn most_frequent(labels: &[Vertex], own: Vertex, cx: &Context<'_, ()>) -> Option<Vertex> {
    let runs = || labels.chunk_by(|a, b| a == b);
    let most = runs().map(<[Vertex]>::len).max()?;
    let ties = || runs().filter(|run| run.len() == most).map(|run| run[0]);
    let count = ties().count();
    if count == 1 {
        return ties().next();
    }
    if ties().any(|label| label == own) {
        return Some(own);
    }
    ties().nth(cx.random(TIES).below(count as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Queue;
    use gasworks_engine::graph::{Graph, GraphBuilder, ReverseEdges};
    use gasworks_engine::{Engine, Exclusion, Random, Reason};
    use proptest::prelude::*;

    fn labels(graph: Graph<(), ()>, latest: bool, seed: u64) -> Vec<u32> {
        let mut graph = graph.with_vertices(|v| v);
        let scheduler = Queue { latest, ..Queue::default() };
        let engine = Engine::updates(&mut graph, &LabelPropagation, scheduler).seed(seed);
        let outcome = engine.exclusion(Exclusion::Serial).run().unwrap();
        assert_eq!(outcome.reason, Reason::Drained);
        graph.vertex_data().as_slice().to_vec()
    }

    proptest! {
        #[test]
        fn no_label_is_more_frequent_around_a_vertex_than_its_own(
            n in 1_usize..40, density in 0_usize..12, seed: u64, latest: bool, undirected: bool,
        ) {
            let mut random = Random::keyed(seed, 0, 0, 0);
            let mut end = || random.below(1 + random.clone().below(n as u64)) as u32;
            let edges: Vec<_> = (0..n * density / 2).map(|_| [end(), end()]).collect();
            let builder = match undirected {
                true => GraphBuilder::undirected(n, ReverseEdges::Keep),
                false => GraphBuilder::directed(n),
            };
            let labels = labels(builder.plain_edges(&edges).build().unwrap(), latest, seed);
            // By a matrix of how often each vertex sees each label.
            let mut seen = vec![vec![0; n]; n];
            for &[u, v] in edges.iter().filter(|[u, v]| u != v) {
                seen[u as usize][labels[v as usize] as usize] += 1;
                seen[v as usize][labels[u as usize] as usize] += 1;
            }
            for (seen, label) in seen.iter().zip(&labels) {
                prop_assert_eq!(seen.iter().max(), Some(&seen[*label as usize]));
            }
        }
    }

    #[test]
    fn ties_are_drawn_evenly_by_the_seed() {
        // The last of a star sees four labels once each.
        let graph =
            || GraphBuilder::directed(5).plain_edges(&[[0, 4], [1, 4], [2, 4], [3, 4]]).build().unwrap();
        let first = |seed: u64| {
            let mut graph = graph().with_vertices(|v| v);
            let engine = Engine::updates(&mut graph, &LabelPropagation, Queue::default()).start_at([4]);
            engine.seed(seed).exclusion(Exclusion::Serial).max_updates(1).run().unwrap();
            *graph.vertex(4)
        };
        let mut counts = [0; 5];
        (0..2000).for_each(|seed| counts[first(seed) as usize] += 1);
        assert!(counts[..4].iter().all(|count| (420..580).contains(count)) && counts[4] == 0, "{counts:?}");
        assert!((0..20).all(|seed| labels(graph(), true, seed) == labels(graph(), true, seed)));
    }

    #[test]
    fn cliques_in_a_ring_are_communities() {
        let cliques = 8;
        let inside = (0..cliques)
            .flat_map(|c| (0..10).flat_map(move |u| (0..u).map(move |v| [10 * c + u, 10 * c + v])));
        let between = (0..cliques).map(|c| [10 * c, (10 * c + 19) % (10 * cliques)]);
        let edges: Vec<[u32; 2]> = inside.chain(between).collect();
        for seed in 0..20 {
            let graph = GraphBuilder::directed(80).plain_edges(&edges).build().unwrap();
            let labels = labels(graph, seed % 2 == 0, seed);
            assert!(
                labels.chunks(10).all(|clique| clique.iter().all(|label| *label == clique[0])),
                "{labels:?}"
            );
            let distinct: std::collections::BTreeSet<_> = labels.iter().collect();
            assert_eq!(distinct.len(), 8, "{labels:?}");
        }
    }
}
