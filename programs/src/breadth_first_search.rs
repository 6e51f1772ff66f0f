//! Breadth-first search: which vertices are reached from a source, in how many steps, and from where (Moore 1959, "The shortest path through a
//! maze").
//!
//! The frontier publishes. While it is small, it pushes; when it is large, each vertex that is not reached yet looks for one neighbour in it, and
//! stops at the first (Beamer, Asanović, Patterson 2012, "Direction-optimizing breadth-first search"): both are the engine's.

use bytemuck::{Pod, Zeroable};
use gasworks_engine::{Accumulator, Context, Gathers, Signal, VertexProgram};

/// Steps from the source along out-edges, and the vertex before the last step. Start with [`start`](BreadthFirstSearch::start), and
/// [`start_at`](gasworks_engine::Engine::start_at) the source. As many rounds as steps to the farthest vertex, and one; O(vertices + edges)
/// together while frontiers push. Without barriers the first to come may not be the nearest: not admitted there
/// ([`NEEDS_ROUNDS`](VertexProgram::NEEDS_ROUNDS)); see [`ShortestPaths`](crate::ShortestPaths).
///
/// ```
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::{BreadthFirstSearch, Reached};
/// let edges = GraphBuilder::directed(5).plain_edges(&[[0, 1], [0, 2], [1, 3], [2, 3]]);
/// let mut graph = edges.build()?.with_vertices(BreadthFirstSearch::start(0));
/// Engine::new(&mut graph, &BreadthFirstSearch).start_at([0]).run()?;
/// assert_eq!(*graph.vertex(3), Reached { level: 2, parent: 1 });
/// assert!(!graph.vertex(4).is_reached());
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct BreadthFirstSearch;

/// How a vertex is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Reached {
    /// Steps from the source; `u32::MAX` where no path leads.
    pub level: u32,
    /// Of the neighbours that are a step nearer, the least; the source's is itself. `u32::MAX` where no path leads.
    pub parent: u32,
}

impl Reached {
    /// Where no path leads.
    pub const NOT: Reached = Reached { level: u32::MAX, parent: u32::MAX };

    /// Whether a path leads there.
    #[inline(always)]
    pub fn is_reached(&self) -> bool {
        self.level != u32::MAX
    }
}

impl BreadthFirstSearch {
    /// The initial state of each vertex.
    pub fn start(source: u32) -> impl Fn(u32) -> Reached {
        move |vertex| if vertex == source { Reached { level: 0, parent: source } } else { Reached::NOT }
    }
}

/// The least vertex that was found; one is enough, since neighbours come in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent(u32);

impl Accumulator for Parent {
    #[inline(always)]
    fn clear(&mut self) {
        self.0 = u32::MAX
    }
    #[inline(always)]
    fn merge(&mut self, part: &Self) {
        self.0 = self.0.min(part.0)
    }
    #[inline(always)]
    fn is_full(&self) -> bool {
        self.0 != u32::MAX
    }
}

impl VertexProgram for BreadthFirstSearch {
    type Vertex = Reached;
    type Ghost = u32;
    type Edge = ();
    type Gather = Parent;
    type Global = ();
    const GATHERS: Gathers = Gathers::Published;
    const NEEDS_ROUNDS: bool = true;

    fn accumulator(&self) -> Parent {
        Parent(u32::MAX)
    }
    #[inline(always)]
    fn ghost(&self, cx: &Context<'_, ()>, _: &Reached, name: &mut u32) {
        *name = cx.vertex
    }
    #[inline(always)]
    fn wants(&self, reached: &Reached) -> bool {
        !reached.is_reached()
    }
    #[inline(always)]
    fn gather(&self, _: &Context<'_, ()>, parent: &mut Parent, name: &u32, (): &()) {
        parent.0 = parent.0.min(*name)
    }
    #[inline(always)]
    fn apply(&self, cx: &Context<'_, ()>, reached: &mut Reached, parent: &mut Parent) -> Signal {
        *reached = Reached { level: cx.round as u32 + 1, parent: parent.0 };
        Signal::priority(1.0)
    }
}
