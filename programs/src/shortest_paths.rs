//! Shortest paths from a source over non-negative weights: Bellman-Ford by rounds (Bellman 1958), where only vertices
//! whose distance fell in the last round publish it.

use gasworks_engine::{Context, Gathers, Min, Signal, VertexProgram};

/// The distance from the source, in `f32` (sums of integers are exact up to 2^24); infinite where no path leads, or where it is
/// longer than `f32` can say. Start with 0 on the source and infinity elsewhere, and
/// [`start_at`](gasworks_engine::Engine::start_at) the source. At most `n` rounds of O(edges).
///
/// ```
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::ShortestPaths;
/// let edges = GraphBuilder::directed(4).weighted_edges(&[[0, 1], [1, 2], [0, 2]], &[1.0f32, 2.0, 9.0]);
/// let mut graph = edges.build()?.with_vertices(ShortestPaths::start(0));
/// Engine::new(&mut graph, &ShortestPaths).start_at([0]).run()?;
/// assert_eq!(graph.vertex_data().as_slice(), [0.0, 1.0, 3.0, f32::INFINITY]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ShortestPaths;

impl ShortestPaths {
    /// The initial distances from a source.
    pub fn start(source: u32) -> impl Fn(u32) -> f32 {
        move |vertex| if vertex == source { 0.0 } else { f32::INFINITY }
    }
}

impl VertexProgram for ShortestPaths {
    type Vertex = f32;
    type Ghost = f32;
    type Edge = f32;
    type Gather = Min;
    type Global = ();
    const GATHERS: Gathers = Gathers::Published;

    fn accumulator(&self) -> Min {
        Min::default()
    }
    #[inline(always)]
    fn ghost(&self, _: &Context<'_, ()>, distance: &f32, ghost: &mut f32) {
        *ghost = *distance
    }
    #[inline(always)]
    fn gather(&self, _: &Context<'_, ()>, nearest: &mut Min, distance: &f32, weight: &f32) {
        nearest.0 = nearest.0.min(distance + weight)
    }
    #[inline(always)]
    fn apply(&self, _: &Context<'_, ()>, distance: &mut f32, nearest: &mut Min) -> Signal {
        if nearest.0 >= *distance {
            return Signal::NONE;
        }
        *distance = nearest.0;
        Signal::priority(-*distance)
    }
}
