//! Edge programs: one edge with both ends, in an order that the engine chooses.

use pulp::Simd;

use crate::context::Context;
use crate::data::{Data, Mut};
use crate::graph::Vertex;
use crate::memory::{self, Held};

/// A program of one edge: both ends and the edge are exclusive while it runs. For stochastic gradient descent and samplers,
/// where a gather that never writes its neighbours cannot express the step.
///
/// Run by [`Engine::edges`](crate::Engine::edges): edges are cut into blocks by seed, sources by targets, and blocks without a vertex in
/// common run in parallel ([`Exclusion::Grid`](crate::Exclusion::Grid)). Each pass takes the blocks in another order, which the seed
/// gives too; the run is as if blocks ran in that order, one after the other, whatever the number of threads.
///
/// An edge of an undirected graph is visited once a pass, its end of the smaller number as the source; what is written to it is
/// written to both its arcs. Self-loops are not visited, since their ends would be one.
///
/// ```
/// use gasworks_engine::{Context, EdgeProgram, Engine, Row, graph::GraphBuilder};
///
/// struct Sgd {
///     step: f32,
///     lambda: f32,
/// }
///
/// impl EdgeProgram for Sgd {
///     type Vertex = Row<f32>;
///     type Edge = f32;
///     type Global = ();
///     type Scratch = ();
///     fn scratch(&self) {}
///     fn update(&self, _: &Context<'_, ()>, user: &mut [f32], rating: &mut f32, item: &mut [f32], _: &mut ()) {
///         let error = *rating - user.iter().zip(&*item).map(|(u, i)| u * i).sum::<f32>();
///         for (u, i) in user.iter_mut().zip(item) {
///             let (old_u, old_i) = (*u, *i);
///             *u += self.step * (error * old_i - self.lambda * old_u);
///             *i += self.step * (error * old_u - self.lambda * old_i);
///         }
///     }
/// }
///
/// let ratings = GraphBuilder::bipartite(2, 1).weighted_edges(&[[0, 0], [1, 0]], &[4.0f32, 2.0]);
/// let mut graph = ratings.build()?.with_rows(8, |_, row| row.fill(0.5));
/// Engine::edges(&mut graph, &Sgd { step: 0.05, lambda: 0.0 }).rounds(500).run()?;
/// let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
/// assert!((dot(graph.vertex(0), graph.vertex(2)) - 4.0).abs() < 1e-3);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub trait EdgeProgram: Sync + Sized {
    /// The data of both ends.
    type Vertex: Data;
    /// The data of an edge.
    type Edge: Data;
    /// The aggregate that updates read.
    type Global: Send + Sync + Default;
    /// Room that a worker keeps from block to block. Results must not depend on what other blocks left there: which blocks a worker gets
    /// depends on the number of threads.
    type Scratch: Send;
    /// Whether a step needs more of its block than an edge and both its ends, so that [`update_block`](EdgeProgram::update_block) alone can
    /// take it, and `update` is never called. Not admitted under [`Exclusion::Relaxed`](crate::Exclusion::Relaxed).
    const NEEDS_BLOCK: bool = false;
    /// Whether blocks are settled after each pass, by [`settle_block`](EdgeProgram::settle_block). Only beside
    /// [`NEEDS_BLOCK`](EdgeProgram::NEEDS_BLOCK).
    const SETTLES: bool = false;

    /// New scratch. Called once a worker.
    fn scratch(&self) -> Self::Scratch;

    /// Updates one edge and both its ends.
    fn update(
        &self,
        cx: &Context<'_, Self::Global>,
        source: Mut<'_, Self::Vertex>,
        edge: Mut<'_, Self::Edge>,
        target: Mut<'_, Self::Vertex>,
        scratch: &mut Self::Scratch,
    );

    /// Updates a whole block. Override it to keep rows in registers or to interleave two or four rows in program order: a step waits
    /// for the one before it that has the same source, so steps of one row alone leave most of a processor idle.
    ///
    /// Not called under [`Exclusion::Relaxed`](crate::Exclusion::Relaxed), where ends are not the block's own: there, `update` is.
    #[inline(always)]
    fn update_block<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, Self::Global>,
        block: &mut Block<'_, Self>,
        scratch: &mut Self::Scratch,
    ) {
        let _ = simd;
        for row in 0..block.rows() {
            let row = block.row(row);
            for at in 0..row.len() {
                let cx = row.context(cx, at);
                let (source, edge, target) = block.edge(row, at);
                self.update(&cx, source, edge, target, scratch);
            }
        }
    }

    /// Settles a block, once the steps of the pass are done in all blocks: for what a vertex keeps of its neighbours, such as a sum over
    /// them, which steps in other blocks have changed since. Blocks come in the order of the pass, and observers look afterwards. Called if
    /// [`SETTLES`](EdgeProgram::SETTLES); it counts no updates.
    #[inline(always)]
    fn settle_block<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, Self::Global>,
        block: &mut Block<'_, Self>,
        scratch: &mut Self::Scratch,
    ) {
        let _ = (simd, cx, block, scratch);
    }
}

/// Some edges, row by row: a row are those of one source. Both ends of all of them are the block's own while it runs.
///
/// Rows with many edges come before rows with few, so that neighbouring rows are of about one length.
pub struct Block<'a, P: EdgeProgram> {
    held: Held<'a, P::Vertex, P::Edge>,
    is_bipartite: bool,
}

/// A row of a [`Block`]: a source, and its edges in the block.
#[derive(Clone, Copy)]
pub struct BlockRow<'a>(memory::BlockRow<'a>);

impl<'a> BlockRow<'a> {
    /// The source of the row's edges.
    #[inline(always)]
    pub fn source(&self) -> Vertex {
        self.0.source()
    }

    /// The target of each edge, ascending.
    #[inline(always)]
    pub fn targets(&self) -> &'a [Vertex] {
        self.0.targets()
    }

    /// How many edges.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.targets().len()
    }

    /// Whether there is no edge; never, for a row of a block.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a visit of an edge of the row may know: that of the block, with random numbers of the edge's own.
    #[inline(always)]
    pub fn context<'c, Global>(&self, cx: &Context<'c, Global>, at: usize) -> Context<'c, Global> {
        cx.of_edge(self.source(), self.first() + at)
    }

    #[inline(always)]
    fn first(&self) -> usize {
        self.0.first()
    }
}

/// An edge and both its ends, to be written.
pub type Ends<'a, P> = (
    Mut<'a, <P as EdgeProgram>::Vertex>,
    Mut<'a, <P as EdgeProgram>::Edge>,
    Mut<'a, <P as EdgeProgram>::Vertex>,
);

impl<'a, P: EdgeProgram> Block<'a, P> {
    pub(crate) fn new(held: Held<'a, P::Vertex, P::Edge>, is_bipartite: bool) -> Self {
        Block { held, is_bipartite }
    }

    /// How many rows.
    #[inline(always)]
    pub fn rows(&self) -> usize {
        self.held.rows()
    }

    /// A row.
    ///
    /// # Panics
    /// If it is not below [`rows`](Block::rows).
    #[inline(always)]
    pub fn row(&self, row: usize) -> BlockRow<'a> {
        BlockRow(self.held.row(row))
    }

    /// Whether all edges that a pass visits are in this block.
    #[inline(always)]
    pub fn is_whole(&self) -> bool {
        self.held.is_whole()
    }

    /// Whether no source is a target too. Only then may a program keep a copy of one end while it updates other edges.
    #[inline(always)]
    pub fn is_bipartite(&self) -> bool {
        self.is_bipartite
    }

    /// What lies on the source of a row. Lent: given up before anything else of the block is taken.
    ///
    /// # Panics
    /// If the row is of another block.
    #[inline(always)]
    pub fn source_mut(&mut self, row: BlockRow<'_>) -> Mut<'_, P::Vertex> {
        self.held.source_mut(row.0)
    }

    /// What lies on an edge of a row, and on its target.
    ///
    /// # Panics
    /// If the row is of another block, or has no such edge.
    #[inline(always)]
    pub fn target_mut(&mut self, row: BlockRow<'_>, at: usize) -> (Mut<'_, P::Edge>, Mut<'_, P::Vertex>) {
        self.held.edge_mut(row.0, at)
    }

    /// An edge and both its ends.
    ///
    /// # Panics
    /// If the row is of another block, or has no such edge.
    #[inline(always)]
    pub fn edge(&mut self, row: BlockRow<'_>, at: usize) -> Ends<'_, P> {
        self.held.ends_mut(row.0, at)
    }

    /// The vertices of the part that the block's targets lie in, ascending, whether or not an edge of the block leads to them. All edges of
    /// a source of the block into this part are its row: in a bipartite graph, whatever of the part is not among
    /// [`targets`](BlockRow::targets) is no target of the source at all.
    #[inline(always)]
    pub fn target_part(&self) -> &'a [Vertex] {
        self.held.target_part()
    }

    /// An edge and both its ends, and another vertex of [`target_part`](Block::target_part) by its place there.
    ///
    /// # Panics
    /// If the row is of another block, or has no such edge; if there is no vertex in that place, or it is an end of the edge.
    #[inline(always)]
    pub fn edge_and_other(
        &mut self,
        row: BlockRow<'_>,
        at: usize,
        other: usize,
    ) -> (Ends<'_, P>, Mut<'_, P::Vertex>) {
        let (source, edge, target, other) = self.held.ends_and_other_mut(row.0, at, other);
        ((source, edge, target), other)
    }

    /// Asks for what lies on the source of a row, if there is such a row, to be brought into the cache.
    #[inline(always)]
    pub fn prefetch_source(&self, row: usize) {
        self.held.prefetch_source(row);
    }

    /// Asks for what lies on the target of the edge that comes `at` edges after the first of a row, be it of a later row.
    #[inline(always)]
    pub fn prefetch_target(&self, row: BlockRow<'_>, at: usize) {
        self.held.prefetch_target(row.first() + at);
    }
}
