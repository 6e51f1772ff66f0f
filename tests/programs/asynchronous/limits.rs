//! Why runs without barriers end, and who sees their rounds.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::Components;
use gasworks::schedulers::{Fifo, Rounds, Sweep, by_name};
use gasworks::{
    Column, Context, Engine, Error, Exclusion, Model, Outcome, Progress, Reason, Scope, Signal, StopHandle,
    UpdateFunction, Visibility, consistency,
};

use super::functions::awake;
use crate::programs::contract::Least;

/// Counts its visits, and asks for another one, up to so many.
struct Count {
    most: u64,
    rest: Duration,
}

const FOR_EVER: Count = Count { most: u64::MAX, rest: Duration::ZERO };

impl UpdateFunction for Count {
    type Vertex = u64;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        assert_eq!(*scope.vertex(), cx.round, "visits of this vertex before");
        *scope.vertex_mut() += 1;
        std::thread::sleep(self.rest);
        scope.signal_self(if cx.round + 1 < self.most { Signal::above(0.0, 1.0) } else { Signal::NONE });
    }
}

fn ring(n: u32) -> Graph<u64, ()> {
    let edges: Vec<_> = (0..n).map(|v| [v, (v + 1) % n]).collect();
    GraphBuilder::directed(n as usize).plain_edges(&edges).build().unwrap().with_vertices(|_| 0)
}

/// Every exclusion, on one thread and on several.
fn everywhere(mut check: impl FnMut(Exclusion, usize)) {
    for exclusion in Exclusion::OF_VERTICES {
        [1, 2, 8].into_iter().for_each(|threads| check(exclusion, threads));
    }
}

fn visits(graph: &Graph<u64, ()>) -> u64 {
    graph.vertex_data().iter().sum()
}

#[test]
fn updates_are_exact_but_for_coloring_which_ends_its_round() {
    everywhere(|exclusion, threads| {
        for most in [0, 1, 2, 63, 64, 65, 100, 101, 777] {
            let mut graph = ring(100);
            let engine =
                Engine::updates(&mut graph, &FOR_EVER, Rounds::new()).exclusion(exclusion).threads(threads);
            let outcome = engine.max_updates(most).run().unwrap();
            let expected = if exclusion == Exclusion::Coloring { most.next_multiple_of(100) } else { most };
            assert_eq!(
                (outcome.reason, outcome.progress.updates),
                (Reason::Updates, expected),
                "{exclusion}"
            );
            assert_eq!(visits(&graph), expected, "{exclusion}, {threads} threads");
        }
    });
}

#[test]
fn updates_of_published_gathers_are_exact() {
    for exclusion in [Exclusion::Serial, Exclusion::Locks, Exclusion::Relaxed] {
        for most in [1, 5, 50, 120] {
            let edges: Vec<_> = (1..200).map(|v| [v, v - 1]).collect();
            let mut graph =
                GraphBuilder::directed(200).plain_edges(&edges).build().unwrap().with_vertices(|v| v);
            let engine = Engine::new(&mut graph, &Components).asynchronous().exclusion(exclusion).threads(3);
            let outcome = engine.max_updates(most).run().unwrap();
            assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Updates, most), "{exclusion}");
        }
    }
}

#[test]
fn a_round_is_as_many_visits_as_there_are_vertices() {
    everywhere(|exclusion, threads| {
        for rounds in [0, 1, 3] {
            let mut graph = ring(70);
            let engine =
                Engine::updates(&mut graph, &FOR_EVER, Sweep::new()).exclusion(exclusion).threads(threads);
            let Outcome { reason, progress, plan, .. } = engine.rounds(rounds).run().unwrap();
            assert_eq!((reason, progress.rounds, progress.updates), (Reason::Rounds, rounds, 70 * rounds));
            let consistency = (exclusion != Exclusion::Relaxed).then_some(Model::Edge);
            let workers = if exclusion == Exclusion::Serial { 1 } else { threads };
            assert_eq!((plan.visibility, plan.consistency), (Visibility::Immediate, consistency));
            assert_eq!((plan.exclusion, plan.threads), (Some(exclusion), workers));
        }
    });
}

#[test]
fn a_run_without_conditions_ends_when_nobody_is_left() {
    everywhere(|exclusion, threads| {
        let (mut graph, three) = (ring(33), Count { most: 3, ..FOR_EVER });
        let engine = Engine::updates(&mut graph, &three, Rounds::new()).exclusion(exclusion).threads(threads);
        let outcome = engine.run().unwrap();
        assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Drained, 99), "{exclusion}");
        assert_eq!(outcome.progress.rounds, 3);
    });
}

#[test]
fn only_beginners_run_and_whom_they_signal() {
    everywhere(|exclusion, threads| {
        for start in [vec![], vec![7], vec![3, 90, 3]] {
            let (mut graph, two) = (ring(100), Count { most: 2, ..FOR_EVER });
            let engine =
                Engine::updates(&mut graph, &two, Rounds::new()).exclusion(exclusion).threads(threads);
            let outcome = engine.start_at(start.clone()).run().unwrap();
            let expected = |v: u32| if start.contains(&v) { 2 } else { 0 };
            assert_eq!(outcome.reason, Reason::Drained);
            assert!((0..100).all(|v| *graph.vertex(v) == expected(v)), "{start:?} by {exclusion}");
        }
    });
}

#[test]
fn beginners_are_refused_where_colors_run_everyone() {
    let mut graph = ring(6);
    let engine = Engine::updates(&mut graph, &FOR_EVER, Sweep::new()).start_at([2]).rounds(1);
    let error = engine.exclusion(Exclusion::Coloring).run().expect_err("the start would be forgotten");
    assert!(matches!(error, Error::NotAdmitted { .. }) && error.to_string().contains("start_at"), "{error}");
    let mut labels = ring(6).with_vertices(|_| 0.0);
    let program = gasworks::programs::PageRank::default();
    let engine =
        Engine::new(&mut labels, &program).asynchronous().scheduler(Sweep::new()).start_at([2]).rounds(1);
    let error = engine.exclusion(Exclusion::Coloring).run().expect_err("the start would be forgotten");
    assert!(matches!(error, Error::NotAdmitted { .. }) && error.to_string().contains("start_at"), "{error}");
    let engine = Engine::updates(&mut graph, &FOR_EVER, Sweep::new()).start_at([2]).max_updates(3);
    engine.exclusion(Exclusion::Locks).run().unwrap();
    assert_eq!(graph.vertex_data().as_slice(), [0, 0, 3, 0, 0, 0]);
}

#[test]
fn graphs_without_edges_and_without_vertices_run() {
    everywhere(|exclusion, threads| {
        for (n, reason) in [(0, Reason::Drained), (5, Reason::Drained)] {
            let mut graph = GraphBuilder::directed(n).build().unwrap().with_vertices(|v| v);
            let engine =
                Engine::updates(&mut graph, &Least, Rounds::new()).exclusion(exclusion).threads(threads);
            let outcome = engine.audit().run().unwrap();
            assert_eq!((outcome.reason, outcome.progress.updates), (reason, n as u64), "{exclusion}");
            assert!(outcome.audit.unwrap().is_serializable());
        }
        let mut graph = GraphBuilder::directed(0).build().unwrap().with_vertices(|_| 0);
        let engine =
            Engine::updates(&mut graph, &FOR_EVER, Rounds::new()).exclusion(exclusion).threads(threads);
        assert_eq!(engine.rounds(2).max_updates(9).run().unwrap().reason, Reason::Drained);
    });
}

#[test]
fn time_ends_a_run_that_would_not_end() {
    everywhere(|exclusion, threads| {
        for limit in [Duration::ZERO, Duration::from_millis(15)] {
            let mut graph = ring(50);
            // One vertex is awake, so that most workers sleep.
            let engine =
                Engine::updates(&mut graph, &FOR_EVER, Rounds::new()).start_at([3]).exclusion(exclusion);
            let outcome = engine.threads(threads).time_limit(limit).run().unwrap();
            assert_eq!(outcome.reason, Reason::Time, "{exclusion}");
            assert!(outcome.progress.seconds >= limit.as_secs_f64());
            assert!(outcome.progress.updates == 0 || !limit.is_zero());
        }
    });
}

#[test]
fn a_handle_stops_the_run_from_another_thread_soon() {
    everywhere(|exclusion, threads| {
        let (handle, mut graph) = (StopHandle::new(), ring(50));
        let slow = Count { rest: Duration::from_micros(50), ..FOR_EVER };
        let engine = Engine::updates(&mut graph, &slow, Rounds::new()).exclusion(exclusion).threads(threads);
        let engine = engine.stop_handle(handle.clone());
        let (outcome, waited) = std::thread::scope(|scope| {
            let stops = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                handle.stop();
                Instant::now()
            });
            let outcome = engine.run().unwrap();
            (outcome, stops.join().unwrap().elapsed())
        });
        assert_eq!(outcome.reason, Reason::Stopped, "{exclusion}");
        // A batch takes milliseconds; the rest is for a busy machine.
        assert!(waited < Duration::from_secs(5), "{waited:?} by {exclusion}");
    });
    let (handle, mut graph) = (StopHandle::new(), ring(5));
    handle.stop();
    let outcome = Engine::updates(&mut graph, &FOR_EVER, Fifo::new()).stop_handle(handle).run().unwrap();
    assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Stopped, 0));
}

#[test]
fn an_observer_sees_rounds_in_order_and_may_break() {
    everywhere(|exclusion, threads| {
        let (mut graph, mut seen) = (ring(40), Vec::new());
        let mut observer = |progress: &Progress, vertices: &Column<u64>| {
            let Progress { rounds, updates, active, signalled, residual, .. } = *progress;
            seen.push((rounds, updates, active, signalled, residual));
            assert_eq!(vertices.iter().sum::<u64>(), updates, "the vertices as the round left them");
            if rounds == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let engine =
            Engine::updates(&mut graph, &FOR_EVER, Rounds::new()).exclusion(exclusion).threads(threads);
        let outcome = engine.observer(&mut observer).run().unwrap();
        assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Stopped, 4));
        assert_eq!(seen, [1, 2, 3, 4].map(|round| (round, 40 * round, 40, 40, 40.0)), "{exclusion}");
    });
}

#[test]
fn until_is_asked_once_a_round_and_the_first_yes_ends_the_run() {
    everywhere(|exclusion, threads| {
        // An aggregate by the clock interrupts the workers between rounds.
        let (mut graph, mut asked) = (ring(40), Vec::new());
        let engine =
            Engine::updates(&mut graph, &FOR_EVER, Rounds::new()).exclusion(exclusion).threads(threads);
        let engine = engine.aggregate_every(gasworks::Every::Seconds(Duration::from_micros(20)), &Nothing);
        let outcome = engine
            .until(|progress| {
                asked.push(progress.rounds);
                progress.rounds == 20
            })
            .run();
        assert_eq!(outcome.unwrap().reason, Reason::Converged, "{exclusion}");
        assert_eq!(asked, (1..=20).collect::<Vec<_>>(), "{exclusion}, {threads} threads");
    });
}

struct Nothing;

impl gasworks::Aggregate<u64, ()> for Nothing {
    type Part = ();
    type Global = ();
    fn zero(&self) {}
    fn merge(&self, (): &mut (), (): ()) {}
    fn finalize(&self, _: &gasworks::graph::Topology, (): ()) {}
}

#[test]
fn seconds_do_not_count_observers_and_predicates() {
    let rest = Duration::from_millis(60);
    for breaks in [false, true] {
        let mut observer = |progress: &Progress, _: &Column<u64>| {
            std::thread::sleep(rest);
            if breaks && progress.rounds == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut graph = ring(6);
        let engine = Engine::updates(&mut graph, &FOR_EVER, by_name("fifo").unwrap()).observer(&mut observer);
        let until = |progress: &Progress| {
            std::thread::sleep(rest);
            progress.rounds == 5
        };
        let outcome = engine.threads(1).until(until).run().unwrap();
        assert!(outcome.progress.seconds < 0.05, "{outcome:?}; 0.6 were slept");
    }
}

#[test]
fn a_signal_wakes_at_once() {
    let mut graph = ring(4);
    struct Once;
    impl UpdateFunction for Once {
        type Vertex = u64;
        type Edge = ();
        type Global = ();
        type Consistency = consistency::Edge;
        type Scratch = u64;
        fn scratch(&self) -> u64 {
            0
        }
        fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, clock: &mut u64) {
            *clock += 1;
            let first = *scope.vertex() == 0;
            *scope.vertex_mut() = *clock;
            scope.for_each_edge(gasworks::Edges::Out, |mut visit| {
                visit.signal(if first { awake() } else { Signal::NONE });
            });
        }
    }
    Engine::updates(&mut graph, &Once, Fifo::new()).exclusion(Exclusion::Serial).start_at([2]).run().unwrap();
    assert_eq!(graph.vertex_data().as_slice(), [3, 4, 5, 2]);
}
