//! Personalized PageRank: how often a random surfer is at each vertex who starts over at vertices of one's own choice (Page, Brin, Motwani,
//! Winograd 1999, "The PageRank citation ranking", section 6; Haveliwala 2002, "Topic-sensitive PageRank", section 3).
//!
//! `rank(v) = (1 - d + d * dangling) * restart(v) + d * sum over edges u -> v of rank(u) / out_degree(u)`, where `restart` is a
//! distribution over the vertices, and `dangling` the rank of all vertices without out-edges: a surfer who cannot go on starts over, as in NetworkX.
//! With an even distribution it is [`PageRank`](crate::PageRank), which is kept apart since it reads and writes half as much of each vertex. A power
//! iteration like that one: each round multiplies the error by at most `d`, and a gather reads 4 bytes an edge.

use bytemuck::{Pod, Zeroable};
use gasworks_engine::graph::{Topology, Vertex};
use gasworks_engine::{Aggregate, Context, Data, Error, Signal, Sum, VertexProgram};

use crate::pagerank::{Dangling, DanglingMass, PageRank, dangles};

/// Ranks that sum to 1, and are 0 where no path leads from a vertex of the restart distribution. Start with
/// [`start`](PersonalizedPageRank::start); run under a sweep with [`DanglingMass`] as aggregate.
///
/// Without the aggregate, [`Dangling::base`] at `1 - d`, dangling mass is dropped; ranks that are then scaled to sum 1 are the same
/// ranks, since they solve `(I - d A) r = c * restart` for another `c`. So it runs where not everyone is visited in each round.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing.rs"));
/// # fn main() -> Result<(), gasworks_engine::Error> {
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::{DanglingMass, PersonalizedPageRank};
/// let graph = GraphBuilder::directed(4).plain_edges(&[[0, 1], [1, 2], [3, 2]]).build()?;
/// let start = PersonalizedPageRank::start(graph.vertices(), [(0, 1.0), (1, 3.0)])?;
/// let (mut graph, program) = (graph.with_vertices(start), PersonalizedPageRank { damping: 0.5, tolerance: 0.0 });
/// let mass = DanglingMass { damping: program.damping, spread: true };
/// # let scheduler = SWEEP;
/// Engine::new(&mut graph, &program).scheduler(scheduler) // gasworks_schedulers::Sweep::new()
///     .aggregate(&mass).rounds(60).run()?;
/// // A part of 1/4 is at 0 and 3/4 at 1 of what starts over: half of all, and half of what is at 2.
/// let ranks: Vec<f32> = graph.vertex_data().iter().map(|surfed| surfed.rank).collect();
/// let again = 0.5 + 0.5 * ranks[2];
/// assert!((ranks[0] - 0.25 * again).abs() < 1e-6 && (ranks[1] - (0.75 * again + 0.5 * ranks[0])).abs() < 1e-6);
/// assert!((ranks[2] - 0.5 * ranks[1]).abs() < 1e-6 && ranks[3] == 0.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PersonalizedPageRank {
    /// The probability of following an edge, in `[0, 1)`. Default 0.85.
    pub damping: f32,
    /// A vertex that moves by at most this does not wake its neighbours. Default 0: every change wakes.
    pub tolerance: f32,
}

impl Default for PersonalizedPageRank {
    fn default() -> Self {
        let PageRank { damping, tolerance } = PageRank::default();
        PersonalizedPageRank { damping, tolerance }
    }
}

/// A vertex that a surfer may start over at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Restarting {
    /// How often the surfer is there, in `[0, 1]`.
    pub rank: f32,
    /// The probability of being there after starting over; over all vertices they sum to 1.
    pub restart: f32,
}

impl PersonalizedPageRank {
    /// The initial state of each of `vertices` vertices: a surfer who starts over at these, in proportion to their weights, and is there at first.
    /// Weights of a vertex that is named several times add up. Holds 8 bytes a vertex.
    ///
    /// # Errors
    /// [`Error::Usage`] if a vertex does not exist, a weight is negative or not finite, or the weights are all 0 or none is there.
    pub fn start(
        vertices: usize,
        weights: impl IntoIterator<Item = (Vertex, f64)>,
    ) -> Result<impl Fn(Vertex) -> Restarting, Error> {
        let (mut shares, mut sum) = (vec![0.0; vertices], 0.0);
        for (vertex, weight) in weights {
            let Some(share) = shares.get_mut(vertex as usize) else {
                return Err(refuse(&format!("vertices below {vertices}"), format!("vertex {vertex}")));
            };
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(refuse(
                    "weights that are numbers, 0 or more",
                    format!("{weight} of vertex {vertex}"),
                ));
            }
            *share += weight;
            sum += weight;
        }
        if !(sum > 0.0 && sum.is_finite()) {
            return Err(refuse("weights with a sum above 0 that f64 holds", format!("the sum {sum}")));
        }
        shares.iter_mut().for_each(|share| *share /= sum);
        Ok(move |vertex| {
            let restart = shares[vertex as usize] as f32;
            Restarting { rank: restart, restart }
        })
    }
}

fn refuse(expected: &str, found: String) -> Error {
    let (expected, advice) =
        (format!("a restart distribution: {expected}"), "choose where surfers start over".into());
    Error::Usage { expected, found, advice }
}

impl VertexProgram for PersonalizedPageRank {
    type Vertex = Restarting;
    type Ghost = f32;
    type Edge = ();
    type Gather = Sum<f64>;
    type Global = Dangling;
    const SCATTERS: bool = false;

    fn accumulator(&self) -> Sum<f64> {
        Sum::default()
    }
    #[inline(always)]
    fn ghost(&self, cx: &Context<'_, Dangling>, vertex: &Restarting, share: &mut f32) {
        *share = vertex.rank / cx.out_degree().max(1) as f32
    }
    #[inline(always)]
    fn gather(&self, _: &Context<'_, Dangling>, sum: &mut Sum<f64>, share: &f32, (): &()) {
        sum.0 += f64::from(*share)
    }
    #[inline(always)]
    fn apply(&self, cx: &Context<'_, Dangling>, vertex: &mut Restarting, sum: &mut Sum<f64>) -> Signal {
        let before = vertex.rank;
        vertex.rank = cx.global.base * vertex.restart + self.damping * sum.0 as f32;
        Signal::above(self.tolerance, (vertex.rank - before).abs())
    }
}

/// The mass goes to the restart distribution: [`Dangling::base`] is multiplied by each vertex's share of it.
impl<E: Data> Aggregate<Restarting, E> for DanglingMass {
    type Part = f64;
    type Global = Dangling;

    fn zero(&self) -> f64 {
        0.0
    }
    #[inline(always)]
    fn fold_vertex(&self, sum: &mut f64, topology: &Topology, vertex: Vertex, state: &Restarting) {
        *sum += f64::from(dangles(topology, vertex) * state.rank)
    }
    fn merge(&self, sum: &mut f64, part: f64) {
        *sum += part
    }
    fn finalize(&self, _: &Topology, mass: f64) -> Dangling {
        Dangling { base: self.starts_over(mass) as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Queue, SWEEP};
    use faer::linalg::solvers::Solve;
    use gasworks_engine::graph::{Graph, GraphBuilder};
    use gasworks_engine::{Engine, Random, Reason};
    use proptest::prelude::*;

    fn graph(n: usize, edges: &[[u32; 2]]) -> Graph<(), ()> {
        GraphBuilder::directed(n).plain_edges(edges).build().unwrap()
    }

    /// Solves `(I - d A - d restart dangling^T) r = (1 - d) restart`.
    fn solved(n: usize, edges: &[[u32; 2]], weights: &[(u32, f64)], damping: f64, spread: bool) -> Vec<f64> {
        let mut degrees = vec![0.0; n];
        edges.iter().for_each(|[u, _]| degrees[*u as usize] += 1.0);
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut restart = faer::Mat::<f64>::zeros(n, 1);
        weights.iter().for_each(|(v, weight)| restart[(*v as usize, 0)] += weight / sum);
        let mut matrix = faer::Mat::<f64>::identity(n, n);
        edges.iter().for_each(|[u, v]| matrix[(*v as usize, *u as usize)] -= damping / degrees[*u as usize]);
        for u in (0..n).filter(|u| spread && degrees[*u] == 0.0) {
            (0..n).for_each(|v| matrix[(v, u)] -= damping * restart[(v, 0)]);
        }
        let ranks = matrix.partial_piv_lu().solve((1.0 - damping) * &restart);
        (0..n).map(|v| ranks[(v, 0)]).collect()
    }

    proptest! {
        #[test]
        fn ranks_solve_the_dense_system(
            n in 1_usize..40, density in 0_usize..6, seed: u64, sources in 1_usize..5, damping in 0.0_f32..0.95, spread: bool,
        ) {
            let mut random = Random::keyed(seed, 0, 0, 0);
            // Skewed ends leave vertices without out-edges, and vertices that nothing leads to.
            let mut end = || random.below(1 + random.clone().below(n as u64)) as u32;
            let edges: Vec<_> = (0..n * density / 2).map(|_| [end(), end()]).collect();
            let weights: Vec<_> = (0..sources).map(|at| (end(), 0.5 + at as f64)).collect();
            let expected = solved(n, &edges, &weights, damping.into(), spread);
            let graph = graph(n, &edges);
            let start = PersonalizedPageRank::start(n, weights).unwrap();
            let mut graph = graph.with_vertices(start);
            let program = PersonalizedPageRank { damping, tolerance: 0.0 };
            let mass = DanglingMass { damping, spread };
            Engine::new(&mut graph, &program).scheduler(SWEEP).aggregate(&mass).rounds(400).run().unwrap();
            for (v, expected) in expected.iter().enumerate() {
                let found = f64::from(graph.vertex(v as u32).rank);
                prop_assert!((found - expected).abs() < 2e-6, "{v}: {found}, expected {expected}");
            }

            // Without barriers, whoever is next; the mass is dropped, and the ranks are scaled.
            if spread {
                graph.vertex_data_mut().as_mut_slice().iter_mut().for_each(|state| state.rank = state.restart);
                let base = Dangling { base: 1.0 - damping };
                let program = PersonalizedPageRank { damping, tolerance: 1e-9 };
                let engine = Engine::new(&mut graph, &program).asynchronous().scheduler(Queue::default());
                let outcome = engine.global(base).exclusion(gasworks_engine::Exclusion::Serial).run().unwrap();
                prop_assert_eq!(outcome.reason, Reason::Drained);
                let sum: f64 = graph.vertex_data().iter().map(|state| f64::from(state.rank)).sum();
                for (v, expected) in expected.iter().enumerate() {
                    let found = f64::from(graph.vertex(v as u32).rank) / sum;
                    prop_assert!((found - expected).abs() < 2e-6, "{v}: {found}, expected {expected}");
                }
            }
        }
    }

    #[test]
    fn an_even_distribution_gives_the_common_ranks() {
        let edges = [[0, 1], [1, 2], [2, 0], [2, 3], [4, 3], [4, 4]];
        let start = PersonalizedPageRank::start(6, (0..6).map(|v| (v, 7.0))).unwrap();
        let mass = DanglingMass { damping: 0.85, spread: true };
        let mut own = graph(6, &edges).with_vertices(start);
        let program = PersonalizedPageRank::default();
        Engine::new(&mut own, &program).scheduler(SWEEP).aggregate(&mass).rounds(150).run().unwrap();
        let mut common = graph(6, &edges).with_vertices(|_| 1.0 / 6.0);
        let program = PageRank::default();
        Engine::new(&mut common, &program).scheduler(SWEEP).aggregate(&mass).rounds(150).run().unwrap();
        for (own, common) in own.vertex_data().iter().zip(common.vertex_data().iter()) {
            assert!((own.rank - common).abs() < 1e-6, "{own:?}, {common}");
        }
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        for (weights, part) in [
            (&[][..], "the sum 0"),
            (&[(1, 0.0)], "the sum 0"),
            (&[(0, 1.0), (3, 1.0)], "vertices below 3, found vertex 3"),
            (&[(2, -1.0)], "0 or more, found -1 of vertex 2"),
            (&[(2, f64::NAN)], "found NaN of vertex 2"),
            (&[(2, f64::INFINITY)], "found inf of vertex 2"),
            (&[(2, 1e308), (1, 1e308)], "the sum inf"),
        ] {
            let error = PersonalizedPageRank::start(3, weights.iter().copied()).err().expect("refused");
            assert!(error.to_string().contains(part), "{error}");
        }
        let start = PersonalizedPageRank::start(3, [(2, 1.0), (0, 0.0), (2, 2.0)]).unwrap();
        assert_eq!(
            [start(0).restart, start(1).restart, start(2).restart, start(2).rank],
            [0.0, 0.0, 1.0, 1.0]
        );
    }
}
