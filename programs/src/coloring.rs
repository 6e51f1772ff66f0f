//! Greedy coloring: each vertex takes the least color that none of its neighbors has (Welsh and Powell 1967, "An upper bound for
//! the chromatic number of a graph", Theorem 1 without its order; Low et al. 2010, "GraphLab", section 3.3, for the locks).
//!
//! The free color is found in O(degree): of `d` neighbors one of the colors `0..=d` is left, so colors above `d` need not be
//! remembered, and a mark holds the number of the visit that set it, so marks are never cleared.

use gasworks_engine::{Context, Edges, Scope, UpdateFunction, consistency};

/// A proper coloring: no two vertices that are joined by an edge, in either direction, have the same color. Self-loops are
/// ignored, and parallel edges count once.
///
/// Start all vertices on [`GreedyColoring::UNCOLORED`], or on 0 or any other colors; with `UNCOLORED` a vertex avoids only
/// the neighbors that came before it, which needs fewer colors. A vertex takes a color of at most the number of its neighbors, so
/// the colors are at most the greatest degree + 1. How many it takes depends on the order of the visits; those of the highest
/// degree first is a good one.
///
/// One visit a vertex is enough, in any order, and nobody is signalled. Edge consistency holds the neighbors still during a visit,
/// so a visited vertex differs from all of them, and a neighbor that is visited later differs from it: once all have been visited,
/// all edges are proper. After a change of the graph, start at the vertices that have got new edges.
///
/// A visit takes O(degree), and allocates only if no visit before had so many edges.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing.rs"));
/// # fn main() -> Result<(), gasworks_engine::Error> {
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::GreedyColoring;
/// let edges = [[0, 1], [1, 2], [2, 0], [2, 3]];
/// let mut graph = GraphBuilder::directed(4).plain_edges(&edges).build()?.with_vertices(|_| GreedyColoring::UNCOLORED);
/// # let scheduler = Queue::default();
/// Engine::updates(&mut graph, &GreedyColoring, scheduler).run()?; // such as gasworks_schedulers::Sweep::new()
/// let colors = graph.vertex_data();
/// assert!(edges.iter().all(|[source, target]| colors.get(*source as usize) != colors.get(*target as usize)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct GreedyColoring;

impl GreedyColoring {
    /// The color of a vertex that has not been visited.
    pub const UNCOLORED: u32 = u32::MAX;
}

/// Which colors the neighbors of the visited vertex have.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// For each color, the last visit that saw it.
    marks: Vec<u64>,
    visit: u64,
}

impl UpdateFunction for GreedyColoring {
    type Vertex = u32;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = Taken;

    fn scratch(&self) -> Taken {
        Taken::default()
    }
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, taken: &mut Taken) {
        let colors = cx.degree() as usize + 1;
        if taken.marks.len() < colors {
            taken.marks.resize(colors, 0);
        }
        taken.visit += 1;
        scope.for_each_edge(Edges::All, |mut visit| {
            // A color beyond those of this vertex cannot be its least free one.
            if let Some(mark) = taken.marks[..colors].get_mut(*visit.parts().2 as usize) {
                *mark = taken.visit;
            }
        });
        let free = taken.marks[..colors].iter().position(|mark| *mark != taken.visit);
        *scope.vertex_mut() = free.expect("d neighbors leave one of d + 1 colors") as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Queue;
    use gasworks_engine::graph::{GraphBuilder, ReverseEdges};
    use gasworks_engine::{Engine, Random, Reason};
    use proptest::prelude::*;

    fn color(n: usize, edges: &[[u32; 2]], undirected: bool, start: u32, latest: bool) -> Vec<u32> {
        let builder = match undirected {
            true => GraphBuilder::undirected(n, ReverseEdges::Keep),
            false => GraphBuilder::directed(n),
        };
        let mut graph = builder.plain_edges(edges).build().unwrap().with_vertices(|_| start);
        let scheduler = Queue { latest, ..Queue::default() };
        let outcome = Engine::updates(&mut graph, &GreedyColoring, scheduler)
            .exclusion(gasworks_engine::Exclusion::Serial)
            .run()
            .unwrap();
        assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Drained, n as u64));
        graph.vertex_data().as_slice().to_vec()
    }

    /// The neighbors of each vertex, each once.
    fn neighbors(n: usize, edges: &[[u32; 2]]) -> Vec<std::collections::BTreeSet<u32>> {
        let mut neighbors = vec![std::collections::BTreeSet::new(); n];
        for &[u, v] in edges.iter().filter(|[u, v]| u != v) {
            neighbors[u as usize].insert(v);
            neighbors[v as usize].insert(u);
        }
        neighbors
    }

    proptest! {
        #[test]
        fn colors_are_proper_and_few(
            n in 1_usize..40, count in 0_usize..200, seed: u64, undirected: bool, latest: bool, zero: bool,
        ) {
            let mut random = Random::keyed(seed, 0, 0, 0);
            let edges: Vec<_> = (0..count).map(|_| [0; 2].map(|_: u32| random.below(n as u64) as u32)).collect();
            let start = if zero { 0 } else { GreedyColoring::UNCOLORED };
            let colors = color(n, &edges, undirected, start, latest);
            for (v, around) in neighbors(n, &edges).iter().enumerate() {
                prop_assert!(colors[v] as usize <= around.len());
                prop_assert!(around.iter().all(|u| colors[*u as usize] != colors[v]));
            }
            if !zero {
                // First fit, one vertex after the other.
                let mut expected = vec![u32::MAX; n];
                let order: Vec<usize> = if latest { (0..n).rev().collect() } else { (0..n).collect() };
                let neighbors = neighbors(n, &edges);
                for v in order {
                    let free = |color: &u32| neighbors[v].iter().all(|u| expected[*u as usize] != *color);
                    expected[v] = (0..).find(free).unwrap();
                }
                prop_assert_eq!(colors, expected);
            }
        }
    }

    #[test]
    fn a_complete_graph_takes_all_colors_and_a_path_two() {
        let clique: Vec<_> = (0..9).flat_map(|u| (0..u).map(move |v| [u, v])).collect();
        for start in [0, GreedyColoring::UNCOLORED, 7] {
            let mut colors = color(9, &clique, false, start, false);
            colors.sort_unstable();
            assert_eq!(colors, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        }
        let path: Vec<_> = (1..50).map(|v| [v - 1, v]).collect();
        let colors = color(50, &path, true, GreedyColoring::UNCOLORED, false);
        assert!(colors.iter().enumerate().all(|(v, color)| *color == v as u32 % 2));
    }
}
