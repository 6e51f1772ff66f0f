//! Why runs end, and what they tell of their progress.

use std::ops::ControlFlow;
use std::time::Duration;

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{
    Column, Context, Edges, Engine, Exclusion, Max, Outcome, Progress, Reason, Signal, StopHandle,
    VertexProgram,
};

/// Each vertex learns the greatest number that reaches it, and says how far it moved.
struct Greatest;

impl VertexProgram for Greatest {
    type Vertex = u32;
    type Ghost = u32;
    type Edge = ();
    type Gather = Max<u32>;
    type Global = ();
    const GATHER: Edges = Edges::In;
    const SCATTER: Edges = Edges::Out;
    fn accumulator(&self) -> Max<u32> {
        Max::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, vertex: &u32, ghost: &mut u32) {
        *ghost = *vertex;
    }
    fn gather(&self, _: &Context<'_, ()>, max: &mut Max<u32>, ghost: &u32, (): &()) {
        max.0 = max.0.max(*ghost);
    }
    fn apply(&self, _: &Context<'_, ()>, vertex: &mut u32, max: &mut Max<u32>) -> Signal {
        let before = std::mem::replace(vertex, max.0.max(*vertex));
        Signal::above(0.0, (*vertex - before) as f32)
    }
}

/// A path of `n` vertices from the greatest number to the least.
fn path(n: u32) -> Graph<u32, ()> {
    let edges: Vec<_> = (1..n).map(|v| [v - 1, v]).collect();
    GraphBuilder::directed(n as usize).plain_edges(&edges).build().unwrap().with_vertices(|v| 10 * (n - v))
}

fn without_seconds(outcome: Outcome) -> (Reason, Progress) {
    assert!(outcome.progress.seconds >= 0.0);
    (outcome.reason, Progress { seconds: 0.0, ..outcome.progress })
}

#[test]
fn a_run_without_conditions_ends_when_nobody_is_left() {
    // Round 1: all five run, four move by 10 and wake the next; the last to wake has no successor.
    let (reason, progress) = without_seconds(Engine::new(&mut path(5), &Greatest).run().unwrap());
    assert_eq!(reason, Reason::Drained);
    // Rounds visit 5, 3 (those behind a mover), 2, 1 vertices; the last mover wakes nobody, so it is the end.
    assert_eq!((progress.rounds, progress.updates), (4, 5 + 3 + 2 + 1));
    assert_eq!((progress.active, progress.signalled, progress.residual), (1, 1, 10.0));
}

#[test]
fn a_sweep_ends_when_a_round_signals_nothing() {
    let mut graph = path(5);
    let outcome = Engine::new(&mut graph, &Greatest).scheduler(Sweep::new()).run().unwrap();
    let (reason, progress) = without_seconds(outcome);
    assert_eq!((reason, progress.rounds, progress.updates), (Reason::Drained, 5, 25));
    assert_eq!((progress.signalled, progress.residual), (0, 0.0));
    assert_eq!(graph.vertex_data().as_slice(), [50; 5]);
}

#[test]
fn rounds_are_a_number_of_rounds() {
    for rounds in 0..4 {
        let outcome = Engine::new(&mut path(9), &Greatest).rounds(rounds).run().unwrap();
        assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Rounds, rounds));
    }
}

#[test]
fn updates_are_counted_to_the_barrier_after_which_there_are_enough() {
    for (most, rounds, updates) in [(0, 0, 0), (1, 1, 9), (9, 1, 9), (10, 2, 16), (16, 2, 16), (17, 3, 22)] {
        let outcome = Engine::new(&mut path(9), &Greatest).max_updates(most).run().unwrap();
        let progress = outcome.progress;
        assert_eq!((outcome.reason, progress.rounds, progress.updates), (Reason::Updates, rounds, updates));
    }
}

#[test]
fn no_time_is_no_round_and_much_time_is_no_limit() {
    let mut graph = path(9);
    let outcome = Engine::new(&mut graph, &Greatest).time_limit(Duration::ZERO).run().unwrap();
    assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Time, 0));
    assert_eq!(graph.vertex_data().as_slice(), path(9).vertex_data().as_slice());
    let outcome = Engine::new(&mut graph, &Greatest).time_limit(Duration::from_secs(3600)).run().unwrap();
    assert_eq!(outcome.reason, Reason::Drained);
}

#[test]
fn until_is_asked_after_each_round_and_the_first_yes_ends_the_run() {
    let mut asked = Vec::new();
    let outcome = Engine::new(&mut path(9), &Greatest)
        .until(|progress| {
            asked.push((progress.rounds, progress.active, progress.signalled, progress.residual));
            progress.active <= 6
        })
        .run()
        .unwrap();
    assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Converged, 3));
    assert_eq!(asked, [(1, 9, 8, 80.0), (2, 7, 7, 70.0), (3, 6, 6, 60.0)]);
}

#[test]
fn a_handle_that_is_pulled_before_the_run_lets_no_round_begin() {
    let (handle, mut graph) = (StopHandle::new(), path(9));
    assert!(!handle.is_stopped());
    handle.clone().stop();
    let outcome = Engine::new(&mut graph, &Greatest).stop_handle(handle.clone()).run().unwrap();
    assert!(handle.is_stopped());
    assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Stopped, 0));
}

#[test]
fn a_handle_stops_the_run_at_the_next_barrier() {
    let (handle, pulled) = (StopHandle::new(), StopHandle::new());
    let mut observer = |progress: &Progress, _: &Column<u32>| {
        if progress.rounds == 2 {
            handle.stop();
        }
        ControlFlow::Continue(())
    };
    let mut graph = path(9);
    let engine = Engine::new(&mut graph, &Greatest).observer(&mut observer);
    let outcome = engine.stop_handle(handle.clone()).run().unwrap();
    assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Stopped, 2));
    assert!(!pulled.is_stopped(), "handles are apart unless cloned");
}

#[test]
fn an_observer_sees_each_round_as_it_left_the_vertices_and_may_break() {
    let (mut graph, mut seen) = (path(6), Vec::new());
    let mut observer = |progress: &Progress, vertices: &Column<u32>| {
        seen.push((progress.rounds, vertices.as_slice().to_vec()));
        if progress.rounds == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let outcome = Engine::new(&mut graph, &Greatest).observer(&mut observer).run().unwrap();
    assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Stopped, 3));
    let expected = [
        (1, vec![60, 60, 50, 40, 30, 20]),
        (2, vec![60, 60, 60, 50, 40, 30]),
        (3, vec![60, 60, 60, 60, 50, 40]),
    ];
    assert_eq!(seen, expected);
    assert_eq!(graph.vertex_data().as_slice(), expected[2].1);
}

#[test]
fn without_barriers_an_observer_may_look_more_often_than_each_round_or_less() {
    for (exclusion, threads) in [(Exclusion::Serial, 1), (Exclusion::Locks, 3)] {
        for every in [7, 20, 55] {
            let (mut graph, mut seen, mut visits) = (path(20), Vec::new(), 0);
            let mut observer = |progress: &Progress, _: &Column<u32>| {
                seen.push(progress.updates);
                visits += progress.active;
                ControlFlow::Continue(())
            };
            let engine = Engine::new(&mut graph, &Greatest).asynchronous().exclusion(exclusion);
            let outcome = engine.threads(threads).observer(&mut observer).observe_every(every).run().unwrap();
            assert_eq!(outcome.reason, Reason::Drained);
            let looks: Vec<u64> = (1..=outcome.progress.updates / every).map(|look| look * every).collect();
            assert_eq!(seen, looks, "{exclusion} every {every}");
            assert!(every > 7 || seen.len() > 1);
            assert_eq!(visits, looks.last().copied().unwrap_or(0), "nothing is told twice or lost");
        }
    }
    // Nobody looks: nothing changes.
    let outcome = Engine::new(&mut path(20), &Greatest).asynchronous().observe_every(1).run().unwrap();
    assert_eq!(outcome.reason, Reason::Drained);
    // With barriers, each round.
    let (mut graph, mut rounds) = (path(20), 0);
    let mut observer = |_: &Progress, _: &Column<u32>| {
        rounds += 1;
        ControlFlow::Continue(())
    };
    let engine = Engine::new(&mut graph, &Greatest).observer(&mut observer).observe_every(1);
    let outcome = engine.run().unwrap();
    assert_eq!(rounds, outcome.progress.rounds);
}

#[test]
fn seconds_do_not_count_observers_and_predicates() {
    let rest = Duration::from_millis(60);
    let mut observer = |_: &Progress, _: &Column<u32>| {
        std::thread::sleep(rest);
        ControlFlow::Continue(())
    };
    let mut graph = path(6);
    let engine = Engine::new(&mut graph, &Greatest).threads(1).observer(&mut observer).rounds(5);
    let until = |_: &Progress| {
        std::thread::sleep(rest);
        false
    };
    let outcome = engine.until(until).run().unwrap();
    assert!(outcome.progress.seconds < 0.3, "{outcome:?}; 0.6 were slept");
}

#[test]
fn beginners_of_state_gathers_run_in_the_first_round() {
    for (start, expected) in [(vec![], (0, 0)), (vec![3], (1, 6)), (vec![3, 8, 3], (2, 6)), (vec![0], (1, 1))]
    {
        let (mut first, mut graph) = (None, path(9));
        let mut observer = |progress: &Progress, _: &Column<u32>| {
            first.get_or_insert(progress.active);
            ControlFlow::Continue(())
        };
        let engine = Engine::new(&mut graph, &Greatest).observer(&mut observer).start_at(start.clone());
        let outcome = engine.scheduler(Rounds::new()).run().unwrap();
        assert_eq!((first.unwrap_or(0), outcome.progress.rounds), expected, "{start:?}");
    }
}

#[test]
#[should_panic(expected = "a run needs a thread")]
fn no_thread_is_refused() {
    let _ = Engine::new(&mut path(2), &Greatest).threads(0);
}

/// Moves by a number between 2^-40 and 2^40.
struct Far;

impl VertexProgram for Far {
    type Vertex = u32;
    type Ghost = u32;
    type Edge = ();
    type Gather = ();
    type Global = ();
    const GATHER: Edges = Edges::None;
    const SCATTER: Edges = Edges::None;
    fn accumulator(&self) {}
    fn ghost(&self, _: &Context<'_, ()>, vertex: &u32, ghost: &mut u32) {
        *ghost = *vertex;
    }
    fn gather(&self, _: &Context<'_, ()>, (): &mut (), _: &u32, (): &()) {}
    fn apply(&self, cx: &Context<'_, ()>, _: &mut u32, (): &mut ()) -> Signal {
        let mut random = cx.random(0);
        let exponent = random.below(80) as i32 - 40;
        Signal::above(0.0, (1.0 + random.uniform() as f32) * 2f32.powi(exponent))
    }
}

#[test]
fn the_residual_has_the_same_bits_on_all_threads() {
    let residuals = [1, 2, 3, 5, 8].map(|threads| {
        let mut graph = GraphBuilder::directed(30_000).build().unwrap().with_vertices(|v| v);
        let engine = Engine::new(&mut graph, &Far).scheduler(Sweep::new()).threads(threads);
        engine.rounds(1).run().unwrap().progress.residual
    });
    assert!(residuals.iter().all(|residual| residual.to_bits() == residuals[0].to_bits()), "{residuals:?}");
}
