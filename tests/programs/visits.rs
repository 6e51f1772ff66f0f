//! Who is visited: published ghosts are taken exactly once, woken vertices run and no other, `wants` skips, `is_full` ends a gather.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gasworks::graph::GraphBuilder;
use gasworks::{
    Accumulator, Context, Direction, Edges, Engine, Every, Gathers, Neighborhood, Phase, Progress, Selection,
    Signal, Simd, VertexProgram,
};

use super::chaos::{self, Chaos, Everything, SEED, mix};
use super::shapes::{Kind, Numbers, Shape, shapes};
use super::simulation::{Rules, simulate};
use super::subjects::History;

/// [`Chaos`] along out-edges, counting what is handed to it.
#[derive(Default)]
struct Counted<const PUBLISHED: bool> {
    ghosts: AtomicU64,
    edges: AtomicU64,
    visits: AtomicU64,
}

impl<const PUBLISHED: bool> VertexProgram for Counted<PUBLISHED> {
    type Vertex = u64;
    type Ghost = u64;
    type Edge = f32;
    type Gather = chaos::Heap;
    type Global = u64;
    const GATHERS: Gathers = Chaos::<1, 2, PUBLISHED, false>::GATHERS;

    fn accumulator(&self) -> chaos::Heap {
        chaos::Heap::default()
    }
    fn ghost(&self, cx: &Context<'_, u64>, vertex: &u64, ghost: &mut u64) {
        self.ghosts.fetch_add(1, Relaxed);
        Chaos::<1, 2, PUBLISHED, false>.ghost(cx, vertex, ghost);
    }
    fn wants(&self, vertex: &u64) -> bool {
        chaos::wants(*vertex)
    }
    fn gather(&self, cx: &Context<'_, u64>, heap: &mut chaos::Heap, ghost: &u64, weight: &f32) {
        self.edges.fetch_add(1, Relaxed);
        Chaos::<1, 2, PUBLISHED, false>.gather(cx, heap, ghost, weight);
    }
    fn apply(&self, cx: &Context<'_, u64>, vertex: &mut u64, heap: &mut chaos::Heap) -> Signal {
        self.visits.fetch_add(1, Relaxed);
        Chaos::<1, 2, PUBLISHED, false>.apply(cx, vertex, heap)
    }
    fn scatter(&self, cx: &Context<'_, u64>, signal: Signal, v: &u64, weight: &f32, ghost: &u64) -> Signal {
        Chaos::<1, 2, PUBLISHED, false>.scatter(cx, signal, v, weight, ghost)
    }
}

/// Random graphs, dense and sparse, from a few vertices to all of them.
fn compare_with_simulation<const PUBLISHED: bool>() {
    let mut numbers = Numbers(99);
    for case in 0..60 {
        let n = 1 + numbers.below(400) as usize;
        let count = numbers.below(6 * n) as usize;
        let edges = (0..count).map(|_| [numbers.below(n), numbers.below(n)]).collect();
        let kind = if case % 3 == 0 { Kind::Undirected } else { Kind::Directed };
        let shape = Shape::new("random", kind, n, edges);
        let starters = [1, 3, n][case % 3];
        let start: Vec<u32> = (0..starters).map(|_| numbers.below(n)).collect();
        let rules = Rules {
            gather: Edges::In,
            scatter: Edges::Out,
            published: PUBLISHED,
            copies: false,
            selection: Selection::Signalled,
            phases: &[Phase::All],
            start: Some(start.clone()),
            rounds: 12,
            every: 3,
        };
        let expected = simulate(&shape, &rules, (0..n as u64).map(mix).collect());
        // Which way ghosts travel does not matter; state gathers always pull.
        let directions = if PUBLISHED { &Direction::ALL[..] } else { &[Direction::Auto] };
        for direction in directions {
            let (program, mut history) = (Counted::<PUBLISHED>::default(), History::default());
            let mut graph = shape.weighted().with_vertices(|v| mix(v.into()));
            let engine = Engine::new(&mut graph, &program).threads(2).seed(SEED).observer(&mut history);
            let engine = engine.aggregate_every(Every::Rounds(3), &Everything).start_at(start.clone());
            let outcome = engine.direction(*direction).rounds(12).run().unwrap();
            let place = format!("case {case}, {direction}");
            assert_eq!(history.0, expected.rounds, "{place}");
            assert_eq!(graph.vertex_data().as_slice(), expected.vertices, "{place}");
            assert_eq!(outcome.reason, expected.reason);
            assert_eq!(program.edges.into_inner(), expected.gathers, "{place}");
            assert_eq!(program.visits.into_inner(), outcome.progress.updates);
            // Those that begin with a ghost, then those that ran (state) or that published (published).
            let at_first =
                if PUBLISHED { (0..n as u32).filter(|v| start.contains(v)).count() } else { n } as u64;
            let signalled = |round: &Progress| if PUBLISHED { round.signalled } else { round.active };
            let later: u64 = expected.rounds.iter().map(signalled).sum();
            assert_eq!(program.ghosts.into_inner(), at_first + later, "{place}");
        }
    }
}

#[test]
fn published_ghosts_are_taken_exactly_once() {
    compare_with_simulation::<true>();
}

#[test]
fn state_gathers_run_exactly_the_woken_vertices() {
    compare_with_simulation::<false>();
}

/// Breadth-first search that stops at the first parent: counts the ghosts that each vertex took.
struct Search;

#[derive(Clone, Copy, Debug, Default)]
struct Parent {
    level: u32,
    taken: u32,
}

impl Accumulator for Parent {
    fn clear(&mut self) {
        *self = Parent::default();
    }
    fn merge(&mut self, part: &Self) {
        self.level = self.level.max(part.level);
        self.taken += part.taken;
    }
    fn is_full(&self) -> bool {
        self.taken > 0
    }
}

/// Level in the search and ghosts taken.
type Reached = [u32; 2];

impl VertexProgram for Search {
    type Vertex = Reached;
    type Ghost = u32;
    type Edge = ();
    type Gather = Parent;
    type Global = ();
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    const GATHERS: Gathers = Gathers::Published;
    fn accumulator(&self) -> Parent {
        Parent::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, vertex: &Reached, ghost: &mut u32) {
        *ghost = vertex[0];
    }
    fn wants(&self, vertex: &Reached) -> bool {
        vertex[0] == u32::MAX
    }
    fn gather(&self, _: &Context<'_, ()>, parent: &mut Parent, level: &u32, (): &()) {
        parent.merge(&Parent { level: *level, taken: 1 });
    }
    fn apply(&self, _: &Context<'_, ()>, vertex: &mut Reached, parent: &mut Parent) -> Signal {
        *vertex = [parent.level + 1, vertex[1] + parent.taken];
        Signal::priority(1.0)
    }
}

#[test]
fn a_full_sum_ends_the_gather_and_an_unwilling_vertex_is_skipped() {
    for shape in shapes().iter().filter(|shape| shape.vertices > 0) {
        let mut graph = shape.plain().with_vertices(|v| if v == 0 { [0, 0] } else { [u32::MAX, 0] });
        let outcome = Engine::new(&mut graph, &Search).start_at([0]).run().unwrap();
        let (into, out) = shape.neighbors();
        let mut levels = vec![u32::MAX; shape.vertices];
        levels[0] = 0;
        let mut queue = std::collections::VecDeque::from([0]);
        while let Some(v) = queue.pop_front() {
            for (u, _) in into[v].iter().chain(&out[v]) {
                if levels[*u as usize] == u32::MAX {
                    levels[*u as usize] = levels[v] + 1;
                    queue.push_back(*u as usize);
                }
            }
        }
        let reached = levels.iter().filter(|level| **level != u32::MAX).count() as u64;
        assert_eq!(outcome.progress.updates, reached - 1, "{}", shape.name);
        for (v, (found, level)) in graph.vertex_data().iter().zip(levels).enumerate() {
            let taken = u32::from(v != 0 && level != u32::MAX);
            assert_eq!(*found, [level, taken], "vertex {v} of {}", shape.name);
        }
    }
}

/// The sum over a neighbourhood, one by one or all at once, and what a neighbourhood says of itself.
struct Weighed<const AT_ONCE: bool>;

impl<const AT_ONCE: bool> VertexProgram for Weighed<AT_ONCE> {
    type Vertex = u64;
    type Ghost = u64;
    type Edge = f32;
    type Gather = chaos::Heap;
    type Global = ();
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    fn accumulator(&self) -> chaos::Heap {
        chaos::Heap::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, vertex: &u64, ghost: &mut u64) {
        *ghost = *vertex;
    }
    fn gather(&self, _: &Context<'_, ()>, heap: &mut chaos::Heap, ghost: &u64, weight: &f32) {
        assert!(!AT_ONCE, "gather_all was overridden");
        heap.add(*ghost, *weight);
    }
    fn gather_all<S: Simd>(
        &self,
        _: S,
        cx: &Context<'_, ()>,
        heap: &mut chaos::Heap,
        all: &Neighborhood<'_, Self>,
    ) {
        assert_eq!(all.len() as u32, if all.is_outgoing() { cx.out_degree() } else { cx.in_degree() });
        assert!(!all.is_empty());
        assert!((1..all.len()).all(|i| all.id(i - 1) <= all.id(i)), "neighbours ascend");
        for i in 0..all.len() {
            if AT_ONCE {
                heap.add(*all.ghost(i), *all.edge(i));
            } else {
                self.gather(cx, heap, all.ghost(i), all.edge(i));
            }
        }
    }
    fn apply(&self, _: &Context<'_, ()>, vertex: &mut u64, heap: &mut chaos::Heap) -> Signal {
        *vertex = mix(*vertex ^ heap.sum ^ heap.count);
        Signal::priority(1.0)
    }
}

#[test]
fn a_whole_neighborhood_at_once_is_the_sum_of_its_members() {
    fn run<const AT_ONCE: bool>(shape: &Shape) -> Vec<u64> {
        let mut graph = shape.weighted().with_vertices(|v| mix(v.into()));
        Engine::new(&mut graph, &Weighed::<AT_ONCE>).rounds(3).run().unwrap();
        graph.vertex_data().as_slice().to_vec()
    }
    for shape in shapes() {
        assert_eq!(run::<true>(&shape), run::<false>(&shape), "{}", shape.name);
    }
}

#[test]
fn a_self_loop_is_gathered_once_for_each_direction() {
    let graph = || GraphBuilder::directed(1).weighted_edges(&[[0, 0]], &[1.0f32]).build().unwrap();
    let program = Counted::<false>::default();
    Engine::new(&mut graph().with_vertices(|_| 1), &program).rounds(1).run().unwrap();
    assert_eq!(program.edges.into_inner(), 1, "an in-edge");
    let mut both = graph().with_vertices(|_| 1u64);
    Engine::new(&mut both, &Weighed::<false>).rounds(1).run().unwrap();
    let mut heap = chaos::Heap::default();
    heap.add(1, 1.0);
    heap.add(1, 1.0);
    assert_eq!(*both.vertex(0), mix(1 ^ heap.sum ^ 2), "an in-edge and an out-edge");
}
