//! What is counted of visits: each function counts its own, and sums over a round depend neither on threads nor on how its colors
//! are cut into chunks.

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{
    Context, Engine, Exclusion, Outcome, Progress, Reason, Scope, Signal, UpdateFunction, Visits, consistency,
};

use super::functions::awake;
use crate::programs::chaos::mix;

fn ring(n: u32) -> Graph<(), ()> {
    let edges: Vec<_> = (0..n).map(|v| [v, (v + 1) % n]).collect();
    GraphBuilder::directed(n as usize).plain_edges(&edges).build().unwrap()
}

/// Counts its own visits in its half of each vertex, which must be what the engine counts; there are so many.
struct Half {
    number: usize,
    most: u64,
}

impl UpdateFunction for Half {
    type Vertex = u64;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        let shift = 32 * self.number;
        let own = *scope.vertex() >> shift & u64::from(u32::MAX);
        assert_eq!(cx.round, own, "visits of function {} before", self.number);
        *scope.vertex_mut() += 1 << shift;
        if own + 1 < self.most {
            scope.signal_self(awake());
        }
        // Nobody else begins the second function.
        if self.number == 0 && own == 0 {
            scope.signal_self_for(1, awake());
        }
    }
}

#[test]
fn each_function_counts_its_own_visits() {
    for exclusion in Exclusion::OF_VERTICES {
        for threads in [1, 3] {
            let mut graph = ring(90).with_vertices(|_| 0);
            let halves = [Half { number: 0, most: 3 }, Half { number: 1, most: 5 }];
            let engine = Engine::updates(&mut graph, &halves[0], Rounds::new()).also(&halves[1]);
            let outcome = engine.exclusion(exclusion).threads(threads).run().unwrap();
            assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Drained, 90 * 8), "{exclusion}");
            assert!(graph.vertex_data().iter().all(|halves| *halves == 5 << 32 | 3), "{exclusion}");
            let visits = Visits { never: 0, once: 0, more: 180, most: 5 };
            assert_eq!(outcome.visits, Some(visits), "{exclusion}");
        }
    }
}

/// Reports changes whose sum rounds: a tree of another shape has another sum.
struct Uneven;

impl UpdateFunction for Uneven {
    type Vertex = f32;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        let word = mix(u64::from(cx.vertex) << 8 ^ cx.round);
        // 1 to 2, times a power of two between 2^-40 and 2^39.
        let size = f32::powi(2.0, (word % 80) as i32 - 40);
        let change = (1.0 + (word >> 40) as f32 / (1u64 << 24) as f32) * size;
        *scope.vertex_mut() = change;
        scope.signal_self(Signal::above(0.0, change));
    }
}

fn sums(graph: &mut Graph<f32, ()>, threads: usize) -> Vec<u64> {
    let mut residuals = Vec::new();
    let mut observer = |progress: &Progress, _: &gasworks::Column<f32>| {
        residuals.push(progress.residual.to_bits());
        std::ops::ControlFlow::Continue(())
    };
    let engine = Engine::updates(graph, &Uneven, Sweep::new()).exclusion(Exclusion::Coloring);
    let outcome: Outcome = engine.threads(threads).rounds(6).observer(&mut observer).run().unwrap();
    residuals.push(outcome.progress.residual.to_bits());
    residuals
}

/// Chunks of a color whose bounds depended on the number of threads went unseen where all sums were exact.
#[test]
fn sums_of_changes_that_round_are_the_same_on_all_threads() {
    // Two colors of a dozen chunks each.
    let mut graph = ring(40_000).with_vertices(|_| 0.0);
    let alone = sums(&mut graph, 1);
    let exact: f64 = graph.vertex_data().iter().map(|change| f64::from(*change)).sum();
    let last = f64::from_bits(alone[alone.len() - 1]);
    assert!((last - exact).abs() <= 1e-9 * exact, "{last}, one after the other {exact}");
    assert_ne!(last, exact, "the sum rounds, so that its order shows");
    for threads in [2, 3, 4, 5, 8] {
        assert_eq!(sums(&mut graph, threads), alone, "{threads} threads");
    }
}
