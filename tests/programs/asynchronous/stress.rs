//! Consistency is kept: programs whose sums and lists come out wrong if two visits overlap that must not, on graphs where visits
//! meet all the time.

use std::sync::atomic::Ordering::Relaxed;

use gasworks::generate::{Rmat, rmat};
use gasworks::schedulers::{Rounds, by_name};
use gasworks::{Engine, Exclusion, Model, Outcome, Reason};

use super::functions::{Level, Steps, Witness};
use crate::programs::shapes::{Kind, Numbers, Shape, grid};

/// Graphs on which visits meet.
pub(crate) fn meeting_points() -> Vec<Shape> {
    let clique: Vec<_> = (0..12).flat_map(|u| (u + 1..12).map(move |v| [u, v])).collect();
    let small = Rmat { scale: 6, edge_factor: 6, seed: 5, ..Rmat::default() };
    let mut numbers = Numbers(99);
    let messy: Vec<_> = (0..60).map(|_| [numbers.below(8), numbers.below(8)]).collect();
    let loops = (0..6).map(|v| [v, v]).chain([[0, 1], [1, 0], [0, 1], [2, 3], [3, 3], [4, 5]]).collect();
    let list = [
        ("star out", 40, (1..40).map(|v| [0, v]).collect()),
        ("star in", 40, (1..40).map(|v| [v, 0]).collect()),
        ("clique", 12, clique),
        ("grid", 36, grid(6)),
        ("scale-free", 64, rmat(&small).unwrap().arcs),
        ("parallel edges", 8, messy),
        ("self-loops", 6, loops),
    ];
    let shapes = list.into_iter().flat_map(|(name, vertices, edges)| {
        [Kind::Directed, Kind::Undirected].map(|kind| Shape::new(name, kind, vertices, edges.clone()))
    });
    shapes.collect()
}

const THREADS: [usize; 5] = [2, 3, 5, 8, 16];

/// Each graph, number of threads and way of keeping visits apart; schedulers take turns.
fn everywhere(mut check: impl FnMut(&Shape, &str, Exclusion, usize, &str)) {
    let orders = ["fifo", "multiqueue_fifo", "multiqueue_priority", "rounds", "sweep"];
    for (at, shape) in meeting_points().iter().enumerate() {
        for (by, threads) in THREADS.into_iter().enumerate() {
            for (exclusion, order) in
                [(Exclusion::Locks, orders[(at + by) % 5]), (Exclusion::Coloring, orders[3 + (at + by) % 2])]
            {
                let what = format!("{} by {exclusion} under {order}, {threads} threads", shape.name);
                check(shape, order, exclusion, threads, &what);
            }
        }
    }
}

fn is_drained(outcome: &Outcome, what: &str) {
    assert_eq!(outcome.reason, Reason::Drained, "{what}");
}

#[test]
fn full_consistency_loses_no_unit() {
    everywhere(|shape, order, exclusion, threads, what| {
        let mut graph = shape.valued(0).with_vertices(|v| 3 * Level::start(v));
        let total: u64 = graph.vertex_data().iter().sum();
        let level = Level { yields: 1 };
        let engine = Engine::updates(&mut graph, &level, by_name(order).unwrap());
        is_drained(&engine.exclusion(exclusion).threads(threads).run().unwrap(), what);
        assert_eq!(graph.vertex_data().iter().sum::<u64>(), total, "{what}");
        let units = |v| *graph.vertex(v);
        assert!(graph.edge_list().all(|(u, v, _)| units(u).abs_diff(units(v)) <= 1), "{what}");
    });
}

#[test]
fn edge_consistency_keeps_neighbors_still_and_loses_no_mark() {
    everywhere(|shape, order, exclusion, threads, what| {
        let mut graph = Witness::graph(shape);
        let witness = Witness { visits: 12, yields: 2 };
        let engine = Engine::updates(&mut graph, &witness, by_name(order).unwrap());
        is_drained(&engine.exclusion(exclusion).threads(threads).run().unwrap(), what);
        assert!(graph.vertex_data().iter().all(|visits| *visits == 12), "{what}");
        Witness::check(&graph, what);
    });
}

#[test]
fn edge_consistency_is_kept_when_more_is_asked() {
    for shape in meeting_points() {
        let mut graph = Witness::graph(&shape);
        let witness = Witness { visits: 6, yields: 1 };
        let engine = Engine::updates(&mut graph, &witness, Rounds::new()).consistency(Model::Full);
        is_drained(&engine.exclusion(Exclusion::Locks).threads(4).run().unwrap(), &shape.name);
        Witness::check(&graph, &shape.name);
    }
}

#[test]
fn vertex_consistency_visits_a_vertex_once_at_a_time() {
    everywhere(|shape, order, exclusion, threads, what| {
        let (mut graph, steps) =
            (shape.valued(3).with_vertices(u64::from), Steps { yields: 1, ..Steps::default() });
        let engine = Engine::updates(&mut graph, &steps, by_name(order).unwrap());
        is_drained(&engine.exclusion(exclusion).threads(threads).run().unwrap(), what);
        assert_eq!(steps.disturbed.load(Relaxed), 0, "{what}");
        assert!((0..).zip(graph.vertex_data().iter()).all(|(v, data)| *data == Steps::end(v)), "{what}");
    });
}

/// The tests above can fail: where nothing keeps neighbors still, they are seen to move.
#[test]
fn relaxed_visits_see_neighbors_move() {
    let clique = &meeting_points()[4];
    let moves = || {
        let (mut graph, witness) = (Witness::graph(clique), Witness { visits: 12, yields: 3 });
        let engine = Engine::updates(&mut graph, &witness, Rounds::new());
        engine.exclusion(Exclusion::Relaxed).threads(4).run().unwrap();
        Witness::moved(&graph) > 0
    };
    assert!((0..200).any(|_| moves()));
}

/// Runs end, and end when they should, however often workers fall asleep and are stopped meanwhile.
#[test]
fn short_runs_end() {
    let shape = Shape::new("path", Kind::Directed, 3, vec![[0, 1], [1, 2]]);
    let witness = Witness { visits: u64::MAX, yields: 0 };
    for run in 0..1500 {
        let mut graph = Witness::graph(&shape);
        let most = run % 7;
        let engine = Engine::updates(&mut graph, &witness, by_name("multiqueue_fifo").unwrap());
        let engine = engine.exclusion(Exclusion::Locks).threads(2 + run as usize % 5).start_at([1]);
        let outcome = engine.max_updates(most).run().unwrap();
        assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Updates, most));
    }
}

#[test]
fn locks_that_had_to_be_waited_for_are_counted() {
    let clique = &meeting_points()[4];
    let waits = |threads, exclusion| {
        let (mut graph, witness) = (Witness::graph(clique), Witness { visits: 12, yields: 3 });
        let engine = Engine::updates(&mut graph, &witness, Rounds::new()).exclusion(exclusion);
        engine.threads(threads).run().unwrap().contended
    };
    assert_eq!(
        [waits(1, Exclusion::Locks), waits(8, Exclusion::Serial), waits(8, Exclusion::Coloring)],
        [0; 3]
    );
    assert!((0..200).any(|_| waits(8, Exclusion::Locks) > 0));
}
