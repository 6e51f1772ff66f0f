//! Gather, apply, scatter: the program of one vertex.

use pulp::Simd;

use crate::accumulator::Accumulator;
use crate::context::Context;
use crate::data::{Data, Mut, Own, Ref, Row};
use crate::graph::Vertex;
use crate::memory::{Column, RowOfEnds};
use crate::signal::Signal;

/// Which edges of a vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// None.
    None,
    /// Those that end in it.
    In,
    /// Those that start at it.
    Out,
    /// Both; in an undirected graph, each once.
    All,
}

impl Edges {
    /// The same edges seen from their other ends.
    pub const fn reverse(self) -> Self {
        match self {
            Edges::In => Edges::Out,
            Edges::Out => Edges::In,
            Edges::None | Edges::All => self,
        }
    }
}

/// What a gather reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathers {
    /// The current ghosts of all neighbours, at every visit (PageRank, ALS, label propagation).
    State,
    /// Each published ghost exactly once (searches, shortest paths, components). A vertex publishes when its signal wakes; it
    /// reaches every neighbour along [`SCATTER`](VertexProgram::SCATTER), and `scatter` is not asked. Pulled or pushed
    /// ([`Direction`](crate::Direction)); in an undirected graph, both arcs of an edge must have the same data.
    Published,
}

/// Which edges a program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// None: edge data are stored in both orders.
    None,
    /// The out-edges of the visited vertex, so that each has one writer. No executor admits it yet.
    Source,
    /// All edges of the visited vertex. No executor admits it yet.
    Both,
}

/// A vertex program: gather, apply, scatter (Gonzalez et al. 2012, "PowerGraph", section 4), with *ghosts*: what neighbours
/// may see of a vertex.
///
/// Under the synchronous engine, a round visits the active vertices. A visit clears the accumulator, gathers the ghosts of
/// the neighbours along [`GATHER`](VertexProgram::GATHER), and applies the sum to the vertex; the ghost that
/// [`ghost`](VertexProgram::ghost) makes of the new vertex is what neighbours read from the next round on.
///
/// Contract: `ghost`, `gather`, `apply` and `scatter` depend on their arguments alone, so that a run's bits depend on graph,
/// program and seed alone; none allocates. `#[inline(always)]` on them lets the engine's run-time dispatch compile their
/// loops with the machine's widest vectors.
///
/// ```
/// use gasworks_engine::{Context, Edges, Engine, Max, Signal, VertexProgram, graph::GraphBuilder};
///
/// /// Each vertex learns the greatest number that reaches it.
/// struct Greatest;
///
/// impl VertexProgram for Greatest {
///     type Vertex = u32;
///     type Ghost = u32;
///     type Edge = ();
///     type Gather = Max<u32>;
///     type Global = ();
///     fn accumulator(&self) -> Max<u32> {
///         Max::default()
///     }
///     fn ghost(&self, _: &Context<'_, ()>, vertex: &u32, ghost: &mut u32) {
///         *ghost = *vertex
///     }
///     fn gather(&self, _: &Context<'_, ()>, max: &mut Max<u32>, ghost: &u32, _: &()) {
///         max.0 = max.0.max(*ghost)
///     }
///     fn apply(&self, _: &Context<'_, ()>, vertex: &mut u32, max: &mut Max<u32>) -> Signal {
///         let grown = max.0 > *vertex;
///         *vertex = max.0.max(*vertex);
///         if grown { Signal::priority(1.0) } else { Signal::NONE }
///     }
/// }
///
/// let mut graph = GraphBuilder::directed(3).plain_edges(&[[2, 1], [1, 0]]).build()?.with_vertices(|v| 10 * v);
/// let outcome = Engine::new(&mut graph, &Greatest).run()?;
/// assert_eq!(graph.vertex_data().as_slice(), [20, 20, 20]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub trait VertexProgram: Sync + Sized {
    /// The data of a vertex; only its own visits write it.
    type Vertex: Data;
    /// What neighbours see of a vertex.
    type Ghost: Ghost;
    /// The data of an edge.
    type Edge: Data;
    /// The sum over a neighbourhood.
    type Gather: Accumulator;
    /// The aggregate that visits read; see [`Aggregate`](crate::Aggregate).
    type Global: Send + Sync + Default;

    /// The edges that a visit gathers over.
    const GATHER: Edges = Edges::In;
    /// The edges along which a signal wakes. For published gathers it must be the reverse of `GATHER`.
    const SCATTER: Edges = Edges::Out;
    /// What a gather reads.
    const GATHERS: Gathers = Gathers::State;
    /// Which edges the program writes.
    const WRITES_EDGES: Writes = Writes::None;
    /// Whether [`scatter`](VertexProgram::scatter) is asked. If not, a signal that wakes reaches every neighbour along `SCATTER` as
    /// it is, and nobody's ghost is read for it: a program that does not override `scatter` says so here, and its visits then
    /// keep fewer neighbours waiting.
    const SCATTERS: bool = true;
    /// Whether what a vertex becomes depends on the round in which it hears of a neighbour (a search that counts its steps): no executor
    /// without barriers admits it.
    const NEEDS_ROUNDS: bool = false;
    /// Promises that vertex and ghost have one type and that `ghost` copies: an independent active set (one side of a
    /// bipartite graph) then reads and publishes vertices in place, without a second copy.
    const GHOST_IS_VERTEX: bool = false;

    /// A new accumulator. Called once a worker, not once a visit.
    fn accumulator(&self) -> Self::Gather;

    /// Elements of a ghost that is a [`Row`], given those of a vertex.
    fn ghost_width(&self, vertex_width: usize) -> usize {
        vertex_width
    }

    /// Writes what neighbours see of a vertex.
    fn ghost(
        &self,
        cx: &Context<'_, Self::Global>,
        vertex: Ref<'_, Self::Vertex>,
        ghost: Mut<'_, Self::Ghost>,
    );

    /// False skips the gather of a vertex that has nothing to learn (a search: already reached). Asked for published gathers.
    #[inline(always)]
    fn wants(&self, vertex: Ref<'_, Self::Vertex>) -> bool {
        let _ = vertex;
        true
    }

    /// Adds one neighbour to the sum.
    fn gather(
        &self,
        cx: &Context<'_, Self::Global>,
        sum: &mut Self::Gather,
        ghost: Ref<'_, Self::Ghost>,
        edge: Ref<'_, Self::Edge>,
    );

    /// Adds a whole neighbourhood to the sum, once for each direction of [`GATHER`](VertexProgram::GATHER) that has edges and,
    /// for a hub, once for each part of its edges. Override it for matrix kernels, with the same result as `gather` for each
    /// neighbour. The token says which vector instructions the executor dispatched to; `#[inline(always)]` on everything
    /// below it. State gathers only.
    #[inline(always)]
    fn gather_all<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, Self::Global>,
        sum: &mut Self::Gather,
        neighbors: &Neighborhood<'_, Self>,
    ) {
        let _ = simd;
        neighbors.row.for_each(|ghost, edge| self.gather(cx, sum, ghost, edge));
    }

    /// Applies the sum to the vertex.
    fn apply(
        &self,
        cx: &Context<'_, Self::Global>,
        vertex: Mut<'_, Self::Vertex>,
        sum: &mut Self::Gather,
    ) -> Signal;

    /// [`apply`](VertexProgram::apply) with the token of the executor's vector instructions, for matrix kernels.
    #[inline(always)]
    fn apply_with<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, Self::Global>,
        vertex: Mut<'_, Self::Vertex>,
        sum: &mut Self::Gather,
    ) -> Signal {
        let _ = simd;
        self.apply(cx, vertex, sum)
    }

    /// What a vertex whose signal wakes says along one edge of [`SCATTER`](VertexProgram::SCATTER) to the neighbour whose ghost
    /// is given. State gathers only, and only if [`SCATTERS`](VertexProgram::SCATTERS).
    #[inline(always)]
    fn scatter(
        &self,
        cx: &Context<'_, Self::Global>,
        signal: Signal,
        vertex: Ref<'_, Self::Vertex>,
        edge: Ref<'_, Self::Edge>,
        ghost: Ref<'_, Self::Ghost>,
    ) -> Signal {
        let _ = (cx, vertex, edge, ghost);
        signal
    }
}

/// Data that may be a ghost: the engine makes columns of it. All data but an [`Own`] without a default.
pub trait Ghost: Data {
    /// `len` ghosts of `width` elements, to be written before they are read.
    fn column(len: usize, width: usize) -> Column<Self>;
}

impl<T: bytemuck::Pod + Send + Sync> Ghost for T {
    fn column(len: usize, _: usize) -> Column<T> {
        Column::zeroed(len)
    }
}

impl<T: bytemuck::Pod + Send + Sync> Ghost for Row<T> {
    fn column(len: usize, width: usize) -> Column<Self> {
        Column::rows(len, width, |_, _| ())
    }
}

impl<T: Default + Send + Sync + 'static> Ghost for Own<T> {
    fn column(len: usize, _: usize) -> Column<Self> {
        Column::from_fn(len, |_| T::default())
    }
}

/// The neighbours of a vertex along one direction: their ghosts and the edges to them.
pub struct Neighborhood<'a, P: VertexProgram> {
    row: RowOfEnds<'a, P::Ghost, P::Edge>,
    outgoing: bool,
}

impl<'a, P: VertexProgram> Neighborhood<'a, P> {
    #[inline(always)]
    pub(crate) fn new(row: RowOfEnds<'a, P::Ghost, P::Edge>, outgoing: bool) -> Self {
        Neighborhood { row, outgoing }
    }

    /// How many neighbours; one that is joined by parallel edges counts once for each.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.row.len()
    }

    /// No neighbour at all.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the edges start at the visited vertex.
    pub fn is_outgoing(&self) -> bool {
        self.outgoing
    }

    /// The i-th neighbour; they ascend.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Neighborhood::len).
    #[inline(always)]
    pub fn id(&self, i: usize) -> Vertex {
        self.row.end(i)
    }

    /// All of them, ascending.
    #[inline(always)]
    pub(crate) fn ids(&self) -> &'a [Vertex] {
        self.row.ends()
    }

    /// The ghost of the i-th neighbour.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Neighborhood::len).
    #[inline(always)]
    pub fn ghost(&self, i: usize) -> Ref<'a, P::Ghost> {
        self.row.ghost(i)
    }

    /// The edge to the i-th neighbour.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Neighborhood::len).
    #[inline(always)]
    pub fn edge(&self, i: usize) -> Ref<'a, P::Edge> {
        self.row.edge(i)
    }
}
