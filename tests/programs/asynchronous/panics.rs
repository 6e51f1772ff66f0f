//! What a panic of a visit leaves behind: its vertex's name, no worker that waits for ever, and a graph that runs again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gasworks::graph::{Graph, GraphBuilder, Vertex};
use gasworks::programs::{Dangling, PageRank};
use gasworks::schedulers::by_name;
use gasworks::{
    Context, Edges, Engine, Error, Exclusion, Gathers, Max, Outcome, Scheduler, Scope, Signal, Task,
    UpdateFunction, VertexProgram, consistency,
};

use super::functions::{awake, pause};

const N: u32 = 400;
const BAD: u32 = 123;
const FALLEN: u64 = u64::MAX;

fn ring() -> Graph<u64, ()> {
    let edges: Vec<_> = (0..N).flat_map(|v| [[v, (v + 1) % N], [v, (v * 7) % N]]).collect();
    let graph = GraphBuilder::directed(N as usize).plain_edges(&edges).build().unwrap();
    graph.with_vertices(|v| if v == BAD { FALLEN } else { v.into() })
}

/// Spreads the greatest number; does not bear the very greatest. Goes on for ever, if it is told to.
#[derive(Default)]
struct Touchy<const PUBLISHED: bool> {
    restless: bool,
    visits: AtomicU64,
}

fn bear(vertex: &u64) {
    assert!(*vertex != FALLEN, "this one is too great");
}

impl<const PUBLISHED: bool> VertexProgram for Touchy<PUBLISHED> {
    type Vertex = u64;
    type Ghost = u64;
    type Edge = ();
    type Gather = Max<u64>;
    type Global = ();
    const GATHERS: Gathers = if PUBLISHED { Gathers::Published } else { Gathers::State };
    fn accumulator(&self) -> Max<u64> {
        Max::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, vertex: &u64, ghost: &mut u64) {
        *ghost = *vertex % FALLEN;
    }
    fn gather(&self, _: &Context<'_, ()>, max: &mut Max<u64>, ghost: &u64, (): &()) {
        max.0 = max.0.max(*ghost);
    }
    fn apply(&self, _: &Context<'_, ()>, vertex: &mut u64, max: &mut Max<u64>) -> Signal {
        self.visits.fetch_add(1, Relaxed);
        bear(vertex);
        let grows = max.0 > *vertex;
        *vertex = max.0.max(*vertex);
        if grows || self.restless { awake() } else { Signal::NONE }
    }
}

impl UpdateFunction for Touchy<false> {
    type Vertex = u64;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Full;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        self.visits.fetch_add(1, Relaxed);
        bear(scope.vertex());
        pause(1);
        scope.for_each_edge(Edges::Out, |mut visit| {
            let (own, (), other) = visit.parts();
            if *other < *own || self.restless {
                *other = if *other == FALLEN { FALLEN } else { (*own).max(*other) };
                visit.signal(awake());
            }
        });
    }
}

type Run = fn(&mut Graph<u64, ()>, bool, Exclusion, usize, &'static str) -> (Result<Outcome, Error>, u64);

fn vertex_program<const PUBLISHED: bool>(
    graph: &mut Graph<u64, ()>,
    restless: bool,
    exclusion: Exclusion,
    threads: usize,
    order: &'static str,
) -> (Result<Outcome, Error>, u64) {
    let touchy = Touchy::<PUBLISHED> { restless, ..Touchy::default() };
    let engine = Engine::new(graph, &touchy).asynchronous().scheduler(by_name(order).unwrap());
    let outcome = engine.exclusion(exclusion).threads(threads).run();
    (outcome, touchy.visits.into_inner())
}

fn update_function(
    graph: &mut Graph<u64, ()>,
    restless: bool,
    exclusion: Exclusion,
    threads: usize,
    order: &'static str,
) -> (Result<Outcome, Error>, u64) {
    let touchy = Touchy::<false> { restless, ..Touchy::default() };
    let engine = Engine::updates(graph, &touchy, by_name(order).unwrap());
    let outcome = engine.exclusion(exclusion).threads(threads).run();
    (outcome, touchy.visits.into_inner())
}

#[test]
fn a_panic_names_its_vertex_ends_the_run_and_leaves_a_graph_that_runs() {
    let programs: [Run; 3] = [vertex_program::<false>, vertex_program::<true>, update_function];
    for (at, run) in programs.into_iter().enumerate() {
        for exclusion in Exclusion::OF_VERTICES
            .into_iter()
            .filter(|exclusion| at != 1 || *exclusion != Exclusion::Coloring)
        {
            for (threads, order) in [(1, "rounds"), (2, "sweep"), (8, "rounds")] {
                let what = format!("program {at} by {exclusion} under {order} on {threads} threads");
                let mut graph = ring();
                // It would never end by itself.
                let run_into = || run(&mut graph, true, exclusion, threads, order);
                let panic = catch_unwind(AssertUnwindSafe(run_into)).expect_err("a panic");
                let said = panic.downcast_ref::<String>().expect("a message");
                assert_eq!(*said, format!("vertex {BAD}: this one is too great"), "{what}");
                assert_eq!(*graph.vertex(BAD), FALLEN, "{what}");
                assert!(graph.vertex_data().iter().all(|data| *data < u64::from(N) || *data == FALLEN));

                graph.vertex_data_mut().as_mut_slice()[BAD as usize] = BAD.into();
                let (outcome, visits) = run(&mut graph, false, exclusion, threads, order);
                assert!(outcome.unwrap().progress.updates <= visits, "{what}");
                // Relaxed, of two who write a neighbor one is lost.
                let whole = at < 2 || exclusion != Exclusion::Relaxed;
                assert!(!whole || graph.vertex_data().iter().all(|data| *data == u64::from(N) - 1), "{what}");
            }
        }
    }
}

/// Visits of a run by two colors of a path that falls at its very first vertex.
fn visits_until_the_fall(n: u32, threads: usize) -> u64 {
    let edges: Vec<_> = (1..n).map(|v| [v - 1, v]).collect();
    let graph = GraphBuilder::directed(n as usize).plain_edges(&edges).build().unwrap();
    let mut graph = graph.with_vertices(|v| if v == 0 { FALLEN } else { 1 });
    let touchy = Touchy::<false> { restless: true, ..Touchy::default() };
    let engine = Engine::new(&mut graph, &touchy).asynchronous().scheduler(by_name("sweep").unwrap());
    let engine = engine.exclusion(Exclusion::Coloring).coloring((0..n).map(|v| v % 2)).threads(threads);
    let fallen = catch_unwind(AssertUnwindSafe(|| engine.run())).expect_err("a panic");
    assert_eq!(*fallen.downcast_ref::<String>().unwrap(), "vertex 0: this one is too great");
    touchy.visits.into_inner()
}

/// Where nothing looked at the fall of a color, the others were all visited before the run ended.
#[test]
fn after_a_panic_no_other_color_is_visited_and_no_other_chunk() {
    assert_eq!(visits_until_the_fall(400, 1), 1, "one chunk a color");
    assert_eq!(visits_until_the_fall(40_000, 1), 1, "several chunks a color");
    for threads in [2, 8] {
        // Who began before may end.
        let visits = visits_until_the_fall(40_000, threads);
        assert!(visits <= 20_000, "{visits} visits on {threads} threads: the other color too");
    }
}

/// Does not bear a task, or to be asked.
struct Rotten {
    asked: AtomicU64,
    on_schedule: bool,
}

impl Scheduler for Rotten {
    fn name(&self) -> &'static str {
        "rotten"
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, _: &[Task]) {
        assert!(!self.on_schedule || self.asked.load(Relaxed) < 2, "no more");
    }
    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        match self.asked.fetch_add(1, Relaxed) {
            0 => batch.push(0),
            1 => batch.push(5),
            _ if self.on_schedule => (),
            asked => assert!(asked < 4, "no more"),
        }
    }
}

#[test]
fn a_panic_of_a_scheduler_reaches_the_caller() {
    for on_schedule in [false, true] {
        for threads in [1, 4] {
            let (mut graph, touchy) = (ring(), Touchy::<false> { restless: true, ..Touchy::default() });
            let rotten = Rotten { asked: AtomicU64::new(0), on_schedule };
            let engine = Engine::updates(&mut graph, &touchy, rotten).threads(threads);
            let panic = catch_unwind(AssertUnwindSafe(|| engine.exclusion(Exclusion::Locks).run()));
            let panic = panic.expect_err("the scheduler's own");
            assert_eq!(panic.downcast_ref::<&str>(), Some(&"no more"));
            // Visits of vertex programs schedule whole rows themselves: that is no panic of a vertex either.
            let edges: Vec<_> = (0..N).map(|v| [v, (v + 1) % N]).collect();
            let graph = GraphBuilder::directed(N as usize).plain_edges(&edges).build().unwrap();
            let mut graph = graph.with_vertices(|_| 0.0f32);
            let rotten = Rotten { asked: AtomicU64::new(0), on_schedule };
            let (program, global) = (PageRank::default(), Dangling { base: 1.0 });
            let engine = Engine::new(&mut graph, &program).global(global).asynchronous().scheduler(rotten);
            let engine = engine.exclusion(Exclusion::Locks).threads(threads);
            let panic = catch_unwind(AssertUnwindSafe(|| engine.run())).expect_err("the scheduler's own");
            assert_eq!(panic.downcast_ref::<&str>(), Some(&"no more"));
        }
    }
}

#[test]
fn a_beginner_that_does_not_exist_is_a_panic_that_names_it() {
    let (mut graph, touchy) = (ring(), Touchy::<false>::default());
    let engine = Engine::updates(&mut graph, &touchy, by_name("fifo").unwrap()).start_at([3, N]);
    let panic = catch_unwind(AssertUnwindSafe(|| engine.run())).expect_err("no such vertex");
    assert_eq!(*panic.downcast_ref::<String>().unwrap(), format!("vertex {N} of {N}"));
}
