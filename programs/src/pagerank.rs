//! PageRank: how often a random surfer is at each vertex (Page, Brin, Motwani, Winograd 1999, section 2).
//!
//! `rank(v) = (1 - d) / n + d * (sum over edges u -> v of rank(u) / out_degree(u) + dangling / n)`, where `dangling` is the rank
//! of all vertices without out-edges, spread evenly as NetworkX and NetworKit do. A power iteration: each round multiplies
//! the error by at most `d`. The ghost of a vertex is its rank over its out-degree, so a gather reads 4 bytes an edge; it
//! sums them in `f64`, since thousands of equal shares at a hub round one way in `f32`.

use gasworks_engine::graph::{Topology, Vertex};
use gasworks_engine::{Aggregate, Context, Data, Signal, Sum, VertexProgram};

/// Ranks that sum to 1. Start with `1 / n` on each vertex; run under a sweep with [`DanglingMass`] as aggregate: a change of the
/// dangling mass reaches every vertex, and rounds of the signalled would leave asleep those that no neighbour wakes.
///
/// ```
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::{DanglingMass, PageRank};
/// # use gasworks_engine::{Scheduler, Selection, Task};
/// # struct Everyone;
/// # impl Scheduler for Everyone {
/// #     fn name(&self) -> &'static str { "sweep" }
/// #     fn selection(&self) -> Option<Selection> { Some(Selection::Everyone) }
/// #     fn start(&mut self, _: usize, _: usize) {}
/// #     fn schedule(&self, _: &[Task]) {}
/// #     fn next(&self, _: usize, _: &mut Vec<u32>) {}
/// # }
/// let mut graph = GraphBuilder::directed(3).plain_edges(&[[0, 2], [1, 2]]).build()?.with_vertices(|_| 1.0 / 3.0);
/// let program = PageRank::default();
/// let outcome = Engine::new(&mut graph, &program)
///     .scheduler(Everyone) // gasworks_schedulers::Sweep::new()
///     .aggregate(&DanglingMass { damping: program.damping, spread: true })
///     .rounds(100)
///     .run()?;
/// // base = (0.15 + 0.85 * rank(2)) / 3, and rank(2) = 2.7 * base.
/// assert!((graph.vertex(0) - 1.0 / 4.7).abs() < 1e-6 && (graph.vertex(2) - 2.7 / 4.7).abs() < 1e-6);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PageRank {
    /// The probability of following an edge, in `[0, 1)`. Default 0.85.
    pub damping: f32,
    /// A vertex that moves by at most this does not wake its neighbours. Default 0: every change wakes.
    pub tolerance: f32,
}

impl Default for PageRank {
    fn default() -> Self {
        PageRank { damping: 0.85, tolerance: 0.0 }
    }
}

impl VertexProgram for PageRank {
    type Vertex = f32;
    type Ghost = f32;
    type Edge = ();
    type Gather = Sum<f64>;
    type Global = Dangling;
    const SCATTERS: bool = false;

    fn accumulator(&self) -> Sum<f64> {
        Sum::default()
    }
    #[inline(always)]
    fn ghost(&self, cx: &Context<'_, Dangling>, rank: &f32, share: &mut f32) {
        *share = *rank / cx.out_degree().max(1) as f32
    }
    #[inline(always)]
    fn gather(&self, _: &Context<'_, Dangling>, sum: &mut Sum<f64>, share: &f32, (): &()) {
        sum.0 += f64::from(*share)
    }
    #[inline(always)]
    fn apply(&self, cx: &Context<'_, Dangling>, rank: &mut f32, sum: &mut Sum<f64>) -> Signal {
        let before = std::mem::replace(rank, cx.global.base + self.damping * sum.0 as f32);
        Signal::above(self.tolerance, (*rank - before).abs())
    }
}

/// What every vertex gets beside its gather.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dangling {
    /// `(1 - d + d * dangling) / n`; of a [`PersonalizedPageRank`](crate::PersonalizedPageRank), which multiplies it by a share, not
    /// over n.
    pub base: f32,
}

/// Sums the rank of the vertices without out-edges, for [`PageRank`] and [`PersonalizedPageRank`](crate::PersonalizedPageRank).
#[derive(Clone, Copy, Debug)]
pub struct DanglingMass {
    /// As in [`PageRank::damping`].
    pub damping: f32,
    /// False drops the dangling mass, as GAPBS does: ranks then sum to less than 1.
    pub spread: bool,
}

impl DanglingMass {
    /// How often a surfer starts over: not following an edge, or having none to follow.
    pub(crate) fn starts_over(&self, mass: f64) -> f64 {
        let damping = f64::from(self.damping);
        1.0 - damping + if self.spread { damping * mass } else { 0.0 }
    }
}

/// 1 for a vertex without out-edges, else 0, by arithmetic: a branch on it could not be predicted.
#[inline(always)]
pub(crate) fn dangles(topology: &Topology, vertex: Vertex) -> f32 {
    (1.0 - topology.out_degree(vertex) as f32).max(0.0)
}

impl<E: Data> Aggregate<f32, E> for DanglingMass {
    type Part = f64;
    type Global = Dangling;

    fn zero(&self) -> f64 {
        0.0
    }
    #[inline(always)]
    fn fold_vertex(&self, sum: &mut f64, topology: &Topology, vertex: Vertex, rank: &f32) {
        *sum += f64::from(dangles(topology, vertex) * *rank)
    }
    fn merge(&self, sum: &mut f64, part: f64) {
        *sum += part
    }
    fn finalize(&self, topology: &Topology, mass: f64) -> Dangling {
        Dangling { base: (self.starts_over(mass) / topology.vertices() as f64) as f32 }
    }
}
