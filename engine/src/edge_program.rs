//! Edge programs: one edge with both ends, in an order that the engine chooses.

use pulp::Simd;

use crate::context::Context;
use crate::data::{Data, Mut};
use crate::graph::{Topology, Vertex};
use crate::memory::ColumnMut;

/// A program of one edge: both ends and the edge are exclusive while it runs. For stochastic gradient descent and samplers,
/// where a gather that never writes its neighbours cannot express the step.
///
/// Run by [`Engine::edges`](crate::Engine::edges), in this version all edges in one block; the executor that runs blocks with
/// disjoint rows and columns in parallel (Gemulla et al. 2011; Chin et al. 2015) is coming, with the same trait.
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
    /// What a worker keeps from edge to edge.
    type Scratch: Send;

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

    /// Updates a whole block. Override it to keep rows in registers or to interleave two or four rows in program order.
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
            let cx = Context { vertex: block.source(row), ..*cx };
            for at in 0..block.len(row) {
                if let Some((source, edge, target)) = block.edge(row, at) {
                    self.update(&cx, source, edge, target, scratch);
                }
            }
        }
    }
}

/// Some edges by source vertex. Both ends are the block's own while it runs.
pub struct Block<'a, P: EdgeProgram> {
    topology: &'a Topology,
    vertices: ColumnMut<'a, P::Vertex>,
    edges: ColumnMut<'a, P::Edge>,
}

/// An edge and both its ends, to be written.
pub type Ends<'a, P> = (
    Mut<'a, <P as EdgeProgram>::Vertex>,
    Mut<'a, <P as EdgeProgram>::Edge>,
    Mut<'a, <P as EdgeProgram>::Vertex>,
);

impl<'a, P: EdgeProgram> Block<'a, P> {
    pub(crate) fn new(
        topology: &'a Topology,
        vertices: ColumnMut<'a, P::Vertex>,
        edges: ColumnMut<'a, P::Edge>,
    ) -> Self {
        Block { topology, vertices, edges }
    }

    /// How many source vertices.
    pub fn rows(&self) -> usize {
        self.topology.left().map_or(self.topology.vertices(), |left| left as usize)
    }

    /// The source vertex of a row.
    pub fn source(&self, row: usize) -> Vertex {
        row as u32
    }

    /// How many edges a row has.
    ///
    /// # Panics
    /// If `row` is not below [`rows`](Block::rows).
    pub fn len(&self, row: usize) -> usize {
        self.topology.out_degree(row as u32) as usize
    }

    /// Whether a row has no edge.
    pub fn is_empty(&self, row: usize) -> bool {
        self.len(row) == 0
    }

    /// The target vertex of an edge of a row.
    ///
    /// # Panics
    /// If the row has no such edge.
    pub fn target(&self, row: usize, at: usize) -> Vertex {
        self.topology.out_neighbors(row as u32)[at]
    }

    /// An edge and both its ends; `None` for a self-loop, whose ends would alias. Lent: given up before the next is taken.
    ///
    /// # Panics
    /// If the row has no such edge.
    #[inline(always)]
    pub fn edge(&mut self, row: usize, at: usize) -> Option<Ends<'_, P>> {
        let target = self.target(row, at) as usize;
        let position = self.topology.out.range(row as u32).0 + at;
        (target != row).then(|| {
            let (source, target) = self.vertices.pair_mut(row, target);
            (source, self.edges.get_mut(position), target)
        })
    }
}
