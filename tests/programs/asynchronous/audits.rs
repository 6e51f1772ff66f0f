//! What the auditor says of runs that keep their model, and of one that does not.

use gasworks::programs::{Components, DanglingMass, PageRank, ShortestPaths};
use gasworks::schedulers::{Rounds, by_name};
use gasworks::{Engine, Every, Exclusion, Finding, Outcome, Reason};

use super::functions::{Babble, Level, Steps, Witness};
use super::stress::meeting_points;
use crate::programs::shapes::Shape;

fn is_proven(outcome: &Outcome, what: &str) {
    let audit = outcome.audit.as_ref().expect("asked for");
    assert!(audit.is_serializable(), "{what}: {audit}");
    assert_eq!(audit.finding, Finding::Serializable { replayed: Some(true) }, "{what}: {audit}");
    assert!(audit.updates >= outcome.progress.updates, "{what}: {audit:?}, {:?}", outcome.progress);
}

/// Every way that keeps a model, with a scheduler that goes with it.
fn everywhere(mut check: impl FnMut(&Shape, Exclusion, usize, &str, &str)) {
    for (at, shape) in meeting_points().iter().enumerate() {
        for (exclusion, order, threads) in [
            (Exclusion::Serial, "priority", 1),
            (Exclusion::Coloring, ["sweep", "rounds"][at % 2], 3),
            (Exclusion::Locks, ["multiqueue_fifo", "fifo", "sweep"][at % 3], 2 + at % 4),
        ] {
            check(shape, exclusion, threads, order, &format!("{} by {exclusion} under {order}", shape.name));
        }
    }
}

#[test]
fn update_functions_of_each_model_are_serializable() {
    everywhere(|shape, exclusion, threads, order, what| {
        let order = || by_name(order).unwrap();
        let mut graph = shape.valued(0).with_vertices(Level::start);
        let level = Level { yields: 1 };
        let engine = Engine::updates(&mut graph, &level, order()).exclusion(exclusion).threads(threads);
        is_proven(&engine.audit().run().unwrap(), what);

        let (mut graph, witness) = (Witness::graph(shape), Witness { visits: 5, yields: 1 });
        let engine = Engine::updates(&mut graph, &witness, order()).exclusion(exclusion).threads(threads);
        is_proven(&engine.audit().run().unwrap(), what);
        Witness::check(&graph, what);

        let (mut graph, steps) = (shape.valued(3).with_vertices(u64::from), Steps::default());
        let engine = Engine::updates(&mut graph, &steps, order()).exclusion(exclusion).threads(threads);
        is_proven(&engine.audit().run().unwrap(), what);
    });
}

#[test]
fn several_functions_of_a_run_are_serializable() {
    let [first, second] = [0, 1].map(|number| Babble { number, others: true });
    everywhere(|shape, exclusion, threads, order, what| {
        let mut graph = shape.valued(0).with_vertices(u64::from);
        let engine = Engine::updates(&mut graph, &first, by_name(order).unwrap()).also(&second).rounds(6);
        is_proven(&engine.exclusion(exclusion).threads(threads).audit().run().unwrap(), what);
    });
}

#[test]
fn vertex_programs_are_serializable() {
    everywhere(|shape, exclusion, threads, order, what| {
        let order = || by_name(order).unwrap();
        let mut graph = shape.plain().with_vertices(|_| 0.1f32);
        let (program, mass) = (PageRank::default(), DanglingMass { damping: 0.85, spread: true });
        let engine = Engine::new(&mut graph, &program).asynchronous().scheduler(order()).rounds(7);
        let engine = engine.aggregate_every(Every::Rounds(2), &mass).exclusion(exclusion).threads(threads);
        is_proven(&engine.audit().run().unwrap(), what);
        if exclusion == Exclusion::Coloring {
            return;
        }
        let mut graph = shape.plain().with_vertices(|v| v);
        let engine = Engine::new(&mut graph, &Components).asynchronous().scheduler(order()).threads(threads);
        is_proven(&engine.exclusion(exclusion).audit().run().unwrap(), what);
        let mut graph = shape.weighted().with_vertices(ShortestPaths::start(0));
        let engine =
            Engine::new(&mut graph, &ShortestPaths).asynchronous().scheduler(order()).threads(threads);
        is_proven(&engine.exclusion(exclusion).start_at([0]).audit().run().unwrap(), what);
    });
}

#[test]
fn a_relaxed_run_is_not_serializable_and_the_witness_says_why() {
    let clique = &meeting_points()[4];
    let audited = || {
        let (mut graph, witness) = (Witness::graph(clique), Witness { visits: 8, yields: 3 });
        let engine = Engine::updates(&mut graph, &witness, Rounds::new()).exclusion(Exclusion::Relaxed);
        let outcome = engine.threads(4).audit().run().unwrap();
        assert_eq!((outcome.reason, outcome.plan.consistency), (Reason::Drained, None));
        outcome.audit.unwrap()
    };
    // Threads need only meet once: far more tries than that takes.
    let found = (0..200).map(|_| audited()).find(|audit| !audit.is_serializable()).expect("neighbors meet");
    let Finding::NotSerializable { witness, length } = &found.finding else { panic!("{found}") };
    assert!(*length >= 2 && found.to_string() == *witness);
    for word in ["not serializable", "vertex ", "version ", "worker ", "visit "] {
        assert!(witness.contains(word), "{word:?} is not in: {witness}");
    }
}

#[test]
fn a_relaxed_run_on_one_thread_is_serializable_all_the_same() {
    for shape in meeting_points() {
        let (mut graph, witness) = (Witness::graph(&shape), Witness { visits: 5, yields: 0 });
        let engine = Engine::updates(&mut graph, &witness, Rounds::new()).exclusion(Exclusion::Relaxed);
        is_proven(&engine.threads(1).audit().run().unwrap(), &shape.name);
        Witness::check(&graph, &shape.name);
        let mut graph = shape.plain().with_vertices(|_| 0.1f32);
        let (program, mass) = (PageRank::default(), DanglingMass { damping: 0.85, spread: false });
        let engine = Engine::new(&mut graph, &program).asynchronous().aggregate(&mass).rounds(5);
        is_proven(&engine.exclusion(Exclusion::Relaxed).threads(1).audit().run().unwrap(), &shape.name);
    }
}

#[test]
fn nothing_is_audited_unless_asked() {
    let mut graph = meeting_points()[0].plain().with_vertices(|v| v);
    assert_eq!(Engine::new(&mut graph, &Components).asynchronous().run().unwrap().audit, None);
}
