//! Update functions: one function over the scope of a vertex.

use crate::consistency::Consistency;
use crate::context::Context;
use crate::data::Data;
use crate::scope::Scope;

/// An update function (Low et al. 2010, "GraphLab", section 3.2): reads and writes the scope of one vertex, as far as its
/// consistency model lets it, and signals whom to visit next.
///
/// Run by [`Engine::updates`](crate::Engine::updates) on every core: its visits are kept apart as far as the model asks, by an
/// [`Exclusion`](crate::Exclusion), so that the run has the same effect as some serial order of its visits.
///
/// ```
/// use gasworks_engine::{Context, Edges, Scope, Signal, UpdateFunction, consistency};
///
/// /// Takes the least color that no neighbour has. Right only if neighbours stand still, which edge consistency gives.
/// struct GreedyColoring;
///
/// impl UpdateFunction for GreedyColoring {
///     type Vertex = u32;
///     type Edge = ();
///     type Global = ();
///     type Consistency = consistency::Edge;
///     type Scratch = Vec<u32>;
///     fn scratch(&self) -> Vec<u32> {
///         Vec::new()
///     }
///     fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, taken: &mut Vec<u32>) {
///         taken.clear();
///         scope.for_each_edge(Edges::All, |mut visit| taken.push(*visit.parts().2));
///         let free = (0..).find(|color| !taken.contains(color)).unwrap_or(0);
///         if free != *scope.vertex() {
///             *scope.vertex_mut() = free;
///             scope.for_each_edge(Edges::All, |mut visit| {
///                 if *visit.parts().2 == free {
///                     visit.signal(Signal::priority(1.0))
///                 }
///             });
///         }
///     }
/// }
/// ```
///
/// Writing a neighbour under edge consistency does not compile; see [`Visit`](crate::Visit).
pub trait UpdateFunction: Sync + Sized {
    /// The data of a vertex.
    type Vertex: Data;
    /// The data of an edge.
    type Edge: Data;
    /// The aggregate that visits read.
    type Global: Send + Sync + Default;
    /// What a visit may touch: [`consistency::Vertex`](crate::consistency::Vertex), [`Edge`](crate::consistency::Edge) or
    /// [`Full`](crate::consistency::Full).
    type Consistency: Consistency;
    /// What a worker keeps from visit to visit.
    type Scratch: Send;

    /// New scratch. Called once a worker.
    fn scratch(&self) -> Self::Scratch;

    /// Visits one vertex.
    fn update(
        &self,
        cx: &Context<'_, Self::Global>,
        scope: &mut Scope<'_, Self>,
        scratch: &mut Self::Scratch,
    );
}
