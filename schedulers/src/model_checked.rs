//! What must hold under every interleaving: loom runs small cases under all of them, or all with at most
//! three preemptions, shuttle larger ones under thousands.

#[cfg(loom)]
use loom::{sync::Arc, thread};
#[cfg(all(shuttle, not(loom)))]
use shuttle::{sync::Arc, thread};

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Scheduler, Task};

use crate::by_name;
use crate::primitives::{AtomicU32, Ordering::Relaxed};

const ALL: [&str; 8] = [
    "rounds",
    "sweep",
    "sweep:order=permuted,seed=1",
    "fifo",
    "multiqueue_fifo:queues=1",
    "multiqueue_fifo",
    "priority",
    "multiqueue_priority:queues=1",
];

fn started(name: &str, vertices: usize, workers: usize) -> Arc<Box<dyn Scheduler>> {
    let mut scheduler = by_name(name).unwrap();
    scheduler.start(vertices, workers);
    Arc::new(scheduler)
}

fn schedule(scheduler: &dyn Scheduler, vertices: &[Vertex]) {
    let task = |vertex: &Vertex| Task { vertex: *vertex, priority: *vertex as f32 };
    scheduler.schedule(&vertices.iter().map(task).collect::<Vec<_>>());
}

fn next(scheduler: &dyn Scheduler, worker: usize) -> Vec<Vertex> {
    let mut batch = Vec::new();
    scheduler.next(worker, &mut batch);
    batch
}

/// Two workers schedule two tasks each, of which they share one, and take twice or until there is nothing. Nothing is lost, nothing comes
/// twice unless it was scheduled twice, and whoever finds nothing has had his tasks handed out.
fn two_workers(name: &str) {
    fn work(scheduler: &dyn Scheduler, worker: usize, tasks: [Vertex; 2]) -> [Vec<Vertex>; 2] {
        schedule(scheduler, &tasks);
        let first = next(scheduler, worker);
        let second = if first.is_empty() { Vec::new() } else { next(scheduler, worker) };
        [first, second]
    }
    let scheduler = started(name, 3, 2);
    let other = Arc::clone(&scheduler);
    let thread = thread::spawn(move || work(&**other, 1, [0, 1]));
    let mine = work(&**scheduler, 0, [1, 2]);
    let theirs = thread.join().unwrap();
    let mut all = [mine.concat(), theirs.concat()].concat();
    for (batches, tasks) in [(mine, [1, 2]), (theirs, [0, 1])] {
        let found_nothing = batches.iter().any(Vec::is_empty);
        assert!(
            !found_nothing || tasks.iter().all(|task| all.contains(task)),
            "{name}: {batches:?} of {all:?}"
        );
    }
    while let batch @ [_, ..] = &next(&**scheduler, 0)[..] {
        all.extend(batch);
    }
    let count = |vertex| all.iter().filter(|found| **found == vertex).count();
    assert!(count(0) == 1 && (1..=2).contains(&count(1)) && count(2) == 1, "{name}: {all:?}");
}

/// A worker says that it looks for the last time, and looks; another schedules, and sees whether somebody still looks. If neither
/// sees the other, a task sleeps for ever.
fn last_look(name: &str) {
    let scheduler = started(name, 2, 2);
    let looks = Arc::new(AtomicU32::new(0));
    let (other, seen) = (Arc::clone(&scheduler), Arc::clone(&looks));
    let thread = thread::spawn(move || {
        schedule(&**other, &[1]);
        seen.load(Relaxed) == 1
    });
    looks.store(1, Relaxed);
    let found = !next(&**scheduler, 0).is_empty();
    assert!(thread.join().unwrap() || found, "{name}: a task sleeps");
}

/// A task is held. One writes what its visit is to see and signals it, which another may hand out meanwhile: either the visit sees what
/// was written, or the task is held once more.
fn signal_is_seen(name: &str) {
    let scheduler = started(name, 2, 2);
    schedule(&**scheduler, &[1]);
    let data = Arc::new(AtomicU32::new(0));
    let (other, written) = (Arc::clone(&scheduler), Arc::clone(&data));
    let thread = thread::spawn(move || {
        written.store(1, Relaxed);
        schedule(&**other, &[1]);
    });
    let seen = next(&**scheduler, 0) == [1] && data.load(Relaxed) == 1;
    thread.join().unwrap();
    assert!(seen || next(&**scheduler, 1) == [1], "{name}: a signal is lost");
}

/// Two schedule the same task, and one of them looks, which must find it, also if the other one is still at it.
fn same_task(name: &str) {
    let scheduler = started(name, 2, 2);
    let other = Arc::clone(&scheduler);
    let thread = thread::spawn(move || schedule(&**other, &[1]));
    schedule(&**scheduler, &[1]);
    assert_eq!(next(&**scheduler, 0), [1], "{name}");
    thread.join().unwrap();
}

/// Workers visit until they find nothing; a visit signals others while it may. Whoever finds nothing has scheduled everything
/// before, so nothing is held once all have stopped, and each signal has been followed by a visit.
#[cfg(all(shuttle, not(loom)))]
fn until_nothing_is_left(name: &str, workers: usize) {
    const VERTICES: u32 = 12;
    let scheduler = started(name, VERTICES as usize, workers);
    let counts = || Arc::new((0..VERTICES).map(|_| AtomicU32::new(0)).collect::<Vec<_>>());
    let (signals, visits) = (counts(), counts());
    let run = |worker: usize| {
        let (scheduler, signals, visits) =
            (Arc::clone(&scheduler), Arc::clone(&signals), Arc::clone(&visits));
        move || {
            let signal = |vertices: &[Vertex]| {
                vertices.iter().for_each(|vertex| {
                    signals[*vertex as usize].fetch_add(1, Relaxed);
                });
                schedule(&**scheduler, vertices);
            };
            signal(&[worker as u32, worker as u32 + 1]);
            while let batch @ [_, ..] = &next(&**scheduler, worker)[..] {
                for vertex in batch {
                    signals[*vertex as usize].store(0, Relaxed);
                    if visits[*vertex as usize].fetch_add(1, Relaxed) < 2 {
                        signal(&[*vertex, (5 * vertex + 1) % VERTICES]);
                    }
                }
            }
        }
    };
    let threads: Vec<_> = (0..workers).map(|worker| thread::spawn(run(worker))).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(next(&**scheduler, 0).is_empty(), "{name}");
    assert!(signals.iter().all(|signals| signals.load(Relaxed) == 0), "{name}: {signals:?}");
    assert!((0..workers).all(|vertex| visits[vertex].load(Relaxed) >= 1), "{name}: {visits:?}");
}

/// All workers schedule the same tasks; then all take: each task once.
#[cfg(all(shuttle, not(loom)))]
fn duplicates(name: &str, workers: usize) {
    const VERTICES: u32 = 9;
    let scheduler = started(name, VERTICES as usize, workers);
    let each = |run: fn(&dyn Scheduler, usize) -> Vec<Vertex>| -> Vec<Vertex> {
        let spawn = |worker| {
            let scheduler = Arc::clone(&scheduler);
            thread::spawn(move || run(&**scheduler, worker))
        };
        let threads: Vec<_> = (0..workers).map(spawn).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    };
    each(|scheduler, worker| {
        let from = 3 * worker as u32;
        schedule(scheduler, &(0..VERTICES).map(|at| (at + from) % VERTICES).collect::<Vec<_>>());
        Vec::new()
    });
    let mut all = each(|scheduler, worker| {
        let mut all = Vec::new();
        while let batch @ [_, ..] = &next(scheduler, worker)[..] {
            all.extend(batch);
        }
        all
    });
    all.sort();
    assert!(all.iter().copied().eq(0..VERTICES), "{name}: {all:?}");
}

#[cfg(loom)]
mod loom_runs {
    use super::*;

    fn all(preemptions: Option<usize>, check: fn(&str)) {
        for name in ALL {
            let mut builder = loom::model::Builder::new();
            builder.preemption_bound = preemptions;
            builder.check(move || check(name));
        }
    }

    #[test]
    fn loom_nothing_is_lost_or_doubled() {
        all(Some(3), two_workers);
    }

    #[test]
    fn loom_no_task_sleeps() {
        all(None, last_look);
    }

    #[test]
    fn loom_signals_are_seen() {
        all(None, signal_is_seen);
        all(None, same_task);
    }
}

#[cfg(all(shuttle, not(loom)))]
mod shuttle_runs {
    use super::*;

    fn all(schedules: usize, check: fn(&str)) {
        for name in ALL.into_iter().chain(["multiqueue_priority:queues=3"]) {
            shuttle::check_random(move || check(name), schedules);
            shuttle::check_pct(move || check(name), schedules, 3);
        }
    }

    #[test]
    fn shuttle_nothing_is_lost_or_doubled() {
        all(2000, two_workers);
    }

    #[test]
    fn shuttle_no_task_sleeps() {
        all(2000, last_look);
    }

    #[test]
    fn shuttle_signals_are_seen() {
        all(2000, signal_is_seen);
        all(2000, same_task);
    }

    #[test]
    fn shuttle_workers_stop_when_nothing_is_left() {
        all(500, |name| until_nothing_is_left(name, 4));
        all(500, |name| until_nothing_is_left(name, 7));
    }

    #[test]
    fn shuttle_duplicates_are_held_once() {
        all(1000, |name| duplicates(name, 4));
    }
}
