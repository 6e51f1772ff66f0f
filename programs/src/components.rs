//! Weakly connected components by label propagation: each vertex takes the least label that reaches it (Kang, Tsourakakis,
//! Faloutsos 2009, "PEGASUS", section 4.4: HCC).

use gasworks_engine::{Context, Edges, Gathers, Min, Signal, VertexProgram};

/// The least vertex of each vertex's component, over edges in either direction. Start with each vertex on itself. As many
/// rounds as a component's longest shortest path, each at most O(edges).
///
/// ```
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::Components;
/// let mut graph = GraphBuilder::directed(5).plain_edges(&[[1, 0], [1, 2], [4, 3]]).build()?.with_vertices(|v| v);
/// Engine::new(&mut graph, &Components).run()?;
/// assert_eq!(graph.vertex_data().as_slice(), [0, 0, 0, 3, 3]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Components;

impl VertexProgram for Components {
    type Vertex = u32;
    type Ghost = u32;
    type Edge = ();
    type Gather = Min<u32>;
    type Global = ();
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    const GATHERS: Gathers = Gathers::Published;

    fn accumulator(&self) -> Min<u32> {
        Min::default()
    }
    #[inline(always)]
    fn ghost(&self, _: &Context<'_, ()>, label: &u32, ghost: &mut u32) {
        *ghost = *label
    }
    #[inline(always)]
    fn wants(&self, label: &u32) -> bool {
        *label > 0
    }
    #[inline(always)]
    fn gather(&self, _: &Context<'_, ()>, least: &mut Min<u32>, label: &u32, (): &()) {
        least.0 = least.0.min(*label)
    }
    #[inline(always)]
    fn apply(&self, _: &Context<'_, ()>, label: &mut u32, least: &mut Min<u32>) -> Signal {
        if least.0 >= *label {
            return Signal::NONE;
        }
        *label = least.0;
        Signal::priority(1.0)
    }
}
