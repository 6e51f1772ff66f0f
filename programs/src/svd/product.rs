//! A sparse matrix times a vector: gather, apply.
//!
//! The matrix is a bipartite graph: rows are the left vertices, columns the right ones, and an edge is an entry. The values of one side
//! are the vector, and a visit of the other side sums entry times value over its edges.

use std::ops::Range;

use gasworks_engine::graph::{Graph, Vertex};
use gasworks_engine::{
    Context, Edges, Engine, Error, Isa, Phase, Scheduler, Selection, Signal, Sum, Task, VertexProgram,
};

/// A vertex becomes the sum of entry times value over its neighbours: a round over the left side is `A x`, one over the right side
/// `A^T y`, of a round of both sides in turn `A x` and then `A^T A x`. Entries are `f32`, values and sums `f64`; parallel edges add up. Nobody
/// signals: run it for one round, or under a sweep.
///
/// ```
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::svd::Multiply;
/// let entries = GraphBuilder::bipartite(2, 2).weighted_edges(&[[0, 0], [0, 1], [1, 1]], &[2.0f32, -1.0, 3.0]);
/// let mut matrix = entries.build()?.with_vertices(|v| [0.0, 0.0, 10.0, 1.0][v as usize]);
/// Engine::new(&mut matrix, &Multiply).start_at(0..2).rounds(1).run()?;
/// assert_eq!(matrix.vertex_data().as_slice(), [19.0, 3.0, 10.0, 1.0]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Multiply;

impl VertexProgram for Multiply {
    type Vertex = f64;
    type Ghost = f64;
    type Edge = f32;
    type Gather = Sum<f64>;
    type Global = ();
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::None;
    const SCATTERS: bool = false;
    const GHOST_IS_VERTEX: bool = true;

    fn accumulator(&self) -> Sum<f64> {
        Sum::default()
    }
    #[inline(always)]
    fn ghost(&self, _: &Context<'_, ()>, value: &f64, ghost: &mut f64) {
        *ghost = *value
    }
    #[inline(always)]
    fn gather(&self, _: &Context<'_, ()>, sum: &mut Sum<f64>, value: &f64, entry: &f32) {
        sum.0 += f64::from(*entry) * value
    }
    #[inline(always)]
    fn apply(&self, _: &Context<'_, ()>, value: &mut f64, sum: &mut Sum<f64>) -> Signal {
        *value = sum.0;
        Signal::NONE
    }
}

/// One side at a time, each vertex that begins once: values are read in place.
struct OneSide;

impl Scheduler for OneSide {
    fn name(&self) -> &'static str {
        "one side"
    }
    fn selection(&self) -> Option<Selection> {
        Some(Selection::Signalled)
    }
    fn phases(&self) -> &'static [Phase] {
        &[Phase::Left, Phase::Right]
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, _: &[Task]) {}
    fn next(&self, _: usize, _: &mut Vec<Vertex>) {}
}

/// Products with a matrix and its transpose, and how they are run.
pub(super) struct Products<'g> {
    pub(super) matrix: &'g mut Graph<f64, f32>,
    pub(super) threads: usize,
    pub(super) isa: Isa,
    /// Visits so far.
    pub(super) updates: u64,
}

impl Products<'_> {
    /// The vertices of the rows, or of the columns.
    pub(super) fn side(&self, rows: bool) -> Range<usize> {
        let left = self.matrix.topology().left().unwrap_or(0) as usize;
        if rows { 0..left } else { left..self.matrix.vertices() }
    }

    /// The product with a vector over the other side: of the matrix where it is to be over the rows, else of the transpose.
    pub(super) fn over(&mut self, rows: bool, vector: &[f64]) -> Result<Vec<f64>, Error> {
        let (from, to) = (self.side(!rows), self.side(rows));
        self.matrix.vertex_data_mut().as_mut_slice()[from].copy_from_slice(vector);
        let engine = Engine::new(self.matrix, &Multiply).threads(self.threads).isa(self.isa);
        let vertices = to.start as Vertex..to.end as Vertex;
        let outcome = engine.scheduler(OneSide).start_at(vertices).rounds(1).run()?;
        self.updates += outcome.progress.updates;
        Ok(self.matrix.vertex_data().as_slice()[to].to_vec())
    }
}
