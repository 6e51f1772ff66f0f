//! HITS, hyperlink-induced topic search: a good hub links to good authorities, and good hubs link to a good authority (Kleinberg 1999,
//! "Authoritative sources in a hyperlinked environment", section 3).
//!
//! `authority(v) = sum over edges u -> v of hub(u)` and `hub(u) = sum over edges u -> v of authority(v)`, in turn, each scaled to sum 1: a power
//! iteration that comes to the first left and right singular vectors of the adjacency matrix. Errors shrink in each round by the square of the
//! second singular value over the first.
//!
//! Each vertex is there twice, as a hub and as an authority, so that the graph is bipartite: a phase that visits one side reads the
//! other as the phase before left it. Both computed at once from the last of both would be two iterations that never meet, one of them a round
//! behind, with different limits where the first singular value is not alone.
//!
//! Scores are `f64`: how far rounding carries a singular vector is more the nearer the second value is to the first.

use gasworks_engine::graph::{Topology, Vertex};
use gasworks_engine::{Aggregate, Context, Data, Edges, Signal, Sum, VertexProgram};

/// Hubs on the left side of a bipartite graph, authorities on the right, and an edge from each hub to each authority that it links to; of a graph
/// of n vertices, its arcs in `GraphBuilder::bipartite(n, n)`. Start with any positive number on each vertex; run under a sweep of sides, with the program as
/// aggregate before each phase.
///
/// Scores are what they are but for a factor: [`normalized`](Hits::normalized) scales a side to sum 1. They are 0 where there is no edge.
/// A round takes O(vertices + edges); the residual is how far scores moved (L1), as a part of all; in the first rounds it also counts how their scale moves. The first singular value may be there several times, as
/// in a graph of equal parts: then the start decides which of its vectors is found.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing.rs"));
/// # fn main() -> Result<(), gasworks_engine::Error> {
/// use gasworks_engine::{Engine, Every, graph::GraphBuilder};
/// use gasworks_programs::Hits;
/// // 0 links to 1 and 2, and 1 to 2.
/// let edges = [[0, 1], [0, 2], [1, 2]];
/// let mut graph = GraphBuilder::bipartite(3, 3).plain_edges(&edges).build()?.with_vertices(|_| 1.0);
/// # let scheduler = SWEEP_OF_SIDES;
/// Engine::new(&mut graph, &Hits).scheduler(scheduler) // gasworks_schedulers::Sweep::sides()
///     .aggregate_every(Every::Phase, &Hits).rounds(40).run()?;
/// let (hubs, authorities) = graph.vertex_data().as_slice().split_at(3);
/// let golden = (5f64.sqrt() - 1.0) / 2.0;
/// for (score, expected) in Hits::normalized(hubs).zip([golden, 1.0 - golden, 0.0]) {
///     assert!((score - expected).abs() < 1e-12);
/// }
/// for (score, expected) in Hits::normalized(authorities).zip([0.0, 1.0 - golden, golden]) {
///     assert!((score - expected).abs() < 1e-12);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Hits;

impl Hits {
    /// The scores of one side, scaled to sum 1; all 0 where they are all 0.
    pub fn normalized(side: &[f64]) -> impl Iterator<Item = f64> {
        let scale = inverse(side.iter().sum());
        side.iter().map(move |score| score * scale)
    }
}

/// What scores of each side are multiplied by for them to sum 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HitsScales {
    /// How many vertices are hubs.
    pub left: u32,
    /// Of hubs.
    pub hubs: f64,
    /// Of authorities.
    pub authorities: f64,
}

/// 0 of 0: where all is 0, it stays so.
fn inverse(sum: f64) -> f64 {
    if sum > 0.0 { 1.0 / sum } else { 0.0 }
}

impl VertexProgram for Hits {
    type Vertex = f64;
    type Ghost = f64;
    type Edge = ();
    type Gather = Sum<f64>;
    type Global = HitsScales;
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    const SCATTERS: bool = false;
    const GHOST_IS_VERTEX: bool = true;

    fn accumulator(&self) -> Sum<f64> {
        Sum::default()
    }
    #[inline(always)]
    fn ghost(&self, _: &Context<'_, HitsScales>, score: &f64, ghost: &mut f64) {
        *ghost = *score
    }
    #[inline(always)]
    fn gather(&self, _: &Context<'_, HitsScales>, sum: &mut Sum<f64>, score: &f64, (): &()) {
        sum.0 += score
    }
    #[inline(always)]
    fn apply(&self, cx: &Context<'_, HitsScales>, score: &mut f64, sum: &mut Sum<f64>) -> Signal {
        let HitsScales { left, hubs, authorities } = *cx.global;
        let (own, other) = if cx.vertex < left { (hubs, authorities) } else { (authorities, hubs) };
        let before = std::mem::replace(score, sum.0 * other);
        Signal::above(0.0, (own * (*score - before).abs()) as f32)
    }
}

impl<E: Data> Aggregate<f64, E> for Hits {
    /// The sums over hubs and over authorities.
    type Part = [f64; 2];
    type Global = HitsScales;

    fn zero(&self) -> [f64; 2] {
        [0.0; 2]
    }
    #[inline(always)]
    fn fold_vertex(&self, sums: &mut [f64; 2], topology: &Topology, vertex: Vertex, score: &f64) {
        sums[usize::from(topology.left().is_some_and(|left| vertex >= left))] += score
    }
    fn merge(&self, sums: &mut [f64; 2], part: [f64; 2]) {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part)
    }
    fn finalize(&self, topology: &Topology, [hubs, authorities]: [f64; 2]) -> HitsScales {
        let left = topology.left().unwrap_or_default();
        HitsScales { left, hubs: inverse(hubs), authorities: inverse(authorities) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SWEEP_OF_SIDES;
    use gasworks_engine::graph::GraphBuilder;
    use gasworks_engine::{Engine, Every, Random};
    use proptest::prelude::*;

    fn scores(n: usize, edges: &[[u32; 2]], rounds: u64) -> [Vec<f64>; 2] {
        let graph = GraphBuilder::bipartite(n, n).plain_edges(edges).build().unwrap();
        let mut graph = graph.with_vertices(|_| 1.0);
        let engine =
            Engine::new(&mut graph, &Hits).scheduler(SWEEP_OF_SIDES).aggregate_every(Every::Phase, &Hits);
        engine.rounds(rounds).run().unwrap();
        let (hubs, authorities) = graph.vertex_data().as_slice().split_at(n);
        [hubs, authorities].map(|side| Hits::normalized(side).collect())
    }

    /// What is left of even authorities, and of their hubs, along the first singular vectors, scaled to sum 1; none where other singular values are
    /// so near the first that the rounds do not tell them apart.
    fn decomposed(n: usize, edges: &[[u32; 2]]) -> Option<[Vec<f64>; 2]> {
        let mut matrix = faer::Mat::<f64>::zeros(n, n);
        edges.iter().for_each(|[u, v]| matrix[(*u as usize, *v as usize)] += 1.0);
        let found = matrix.svd().unwrap();
        let values: Vec<f64> = (0..n).map(|at| found.S()[at]).collect();
        let first = |at: &usize| values[*at] > values[0] * (1.0 - 1e-9);
        let many = (0..n).take_while(first).count();
        if many < n && values[many] > 0.93 * values[0] {
            return None;
        }
        let mut sides = [vec![0.0; n], vec![0.0; n]];
        for at in 0..many {
            let (left, right) = (found.U().col(at), found.V().col(at));
            let part: f64 = (0..n).map(|v| right[v]).sum();
            (0..n).for_each(|v| sides[0][v] += part * left[v]);
            (0..n).for_each(|v| sides[1][v] += part * right[v]);
        }
        Some(sides.map(|side| {
            let sum: f64 = side.iter().sum();
            side.iter().map(|score| score / sum).collect()
        }))
    }

    fn assert_near(found: &[Vec<f64>; 2], expected: &[Vec<f64>; 2]) {
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
        }
    }

    proptest! {
        #[test]
        fn scores_are_the_first_singular_vectors(n in 1_usize..30, density in 1_usize..12, seed: u64) {
            let mut random = Random::keyed(seed, 0, 0, 0);
            let mut end = || random.below(1 + random.clone().below(n as u64)) as u32;
            let edges: Vec<_> = (0..1 + n * density / 4).map(|_| [end(), end()]).collect();
            if let Some(expected) = decomposed(n, &edges) {
                assert_near(&scores(n, &edges, 250), &expected);
            }
        }
    }

    /// A star of four and two vertices that both link to two: both have a first singular value of 2. One that were a round behind would
    /// weigh the parts otherwise in every second round.
    #[test]
    fn parts_of_one_singular_value_keep_what_they_begin_with() {
        let edges = [[0, 4], [1, 4], [2, 4], [3, 4], [5, 7], [5, 8], [6, 7], [6, 8]];
        let expected = decomposed(9, &edges).expect("the others are 0");
        for rounds in [60, 61] {
            assert_near(&scores(9, &edges, rounds), &expected);
        }
    }

    #[test]
    fn without_edges_scores_are_0() {
        assert_eq!(scores(3, &[], 2), [vec![0.0; 3], vec![0.0; 3]]);
        assert_eq!(scores(2, &[[1, 0]], 5), [vec![0.0, 1.0], vec![1.0, 0.0]]);
        assert_eq!(scores(0, &[], 2), [Vec::<f64>::new(), Vec::new()]);
    }
}
