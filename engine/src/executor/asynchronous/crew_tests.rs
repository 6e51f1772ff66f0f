//! The crew under every schedule (loom) or many (shuttle): each task is visited once, and the workers end when nothing is left or somebody
//! says stop, and not before.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU32 as Tally, Ordering::SeqCst};

use super::crew::{Crew, Fall, Hand};
use crate::graph::Vertex;
use crate::outcome::StopHandle;
use crate::primitives::{Arc, Mutex};
use crate::scheduler::{Scheduler, Task};

#[cfg(loom)]
use loom::thread;
#[cfg(all(shuttle, not(loom)))]
use shuttle::thread;

/// Hands out tasks in order, so many at a time.
struct Line {
    tasks: Mutex<VecDeque<Vertex>>,
    batch: usize,
    /// Fails at this task.
    trap: Option<Vertex>,
}

impl Scheduler for Line {
    fn name(&self) -> &'static str {
        "line"
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, tasks: &[Task]) {
        if tasks.iter().any(|task| Some(task.vertex) == self.trap) {
            resume_unwind(Box::new("trapped"));
        }
        self.tasks.lock().unwrap().extend(tasks.iter().map(|task| task.vertex));
    }
    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        let mut tasks = self.tasks.lock().unwrap();
        let next = tasks.len().min(self.batch);
        batch.extend(tasks.drain(..next));
    }
}

/// What is run: task t signals 2t + 1 and 2t + 2, as far as there are tasks.
struct Case {
    workers: usize,
    tasks: u32,
    batch: usize,
    budget: Option<u64>,
    /// Panics in the visit of this task.
    bad: Option<Vertex>,
    /// Panics where this task is scheduled.
    trap: Option<Vertex>,
    /// Somebody else stops the run.
    stopped: bool,
}

const CASE: Case =
    Case { workers: 2, tasks: 7, batch: 1, budget: None, bad: None, trap: None, stopped: false };

struct Ended {
    drained: bool,
    fall: Option<Fall>,
    visits: Vec<u32>,
    left: bool,
}

impl Case {
    /// One epoch, and, where it ended early and nobody fell, another one that does the rest.
    fn check(self) -> Ended {
        let Case { workers, tasks, batch, budget, bad, trap, stopped } = self;
        let tasks_of_line = Mutex::new(VecDeque::from([0]));
        let line: &'static Line = Box::leak(Box::new(Line { tasks: tasks_of_line, batch, trap }));
        let handle: Option<&'static StopHandle> = stopped.then(|| &*Box::leak(Box::default()));
        let visits: Arc<Vec<Tally>> = Arc::new((0..tasks).map(|_| Tally::new(0)).collect());
        let mut hands: Vec<Hand> = (0..workers).map(|_| Hand::default()).collect();
        let mut epoch = |budget, handle, bad| {
            let crew = Arc::new(Crew::new(line, workers, budget, None, handle));
            let threads: Vec<_> = (0..)
                .zip(hands.drain(..))
                .map(|(worker, mut hand)| {
                    let (crew, visits) = (Arc::clone(&crew), Arc::clone(&visits));
                    thread::spawn(move || {
                        crew.work(worker, &mut hand, |batch, report| {
                            for task in batch {
                                report.at = *task;
                                if Some(*task) == bad {
                                    resume_unwind(Box::new("bad"));
                                }
                                visits[*task as usize].fetch_add(1, SeqCst);
                                let signalled = (2 * task + 1..2 * task + 3).filter(|next| *next < tasks);
                                report.signals.extend(signalled.map(|vertex| Task { vertex, priority: 1.0 }));
                            }
                        });
                        hand
                    })
                })
                .collect();
            hands.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
            let left = hands.iter().any(|hand| !hand.is_empty());
            let Ok(crew) = Arc::try_unwrap(crew) else { panic!("all workers are done") };
            let (drained, fall) = crew.end();
            let visits = visits.iter().map(|visits| visits.load(SeqCst)).collect();
            Ended { drained, fall, visits, left }
        };
        let stopper = handle.map(|handle| thread::spawn(|| handle.stop()));
        let first = epoch(budget, handle, bad);
        stopper.into_iter().for_each(|stopper| stopper.join().unwrap());
        assert!(first.visits.iter().all(|visits| *visits <= 1), "no task twice: {:?}", first.visits);
        assert!(!(first.drained && first.left), "drained, but not all is done");
        let done: u32 = first.visits.iter().sum();
        assert!(budget.is_none_or(|budget| u64::from(done) <= budget), "{done} visits of {budget:?}");
        assert_eq!(first.drained, first.fall.is_none() && done == tasks && first.drained);
        if first.fall.is_none() && !first.drained {
            let rest = epoch(None, None, None);
            assert!(rest.drained && rest.fall.is_none() && !rest.left, "the next epoch does the rest");
            assert_eq!(rest.visits, vec![1; tasks as usize], "each task once");
        }
        first
    }

    /// Ends by itself, with nothing left.
    fn drains(self) {
        let tasks = self.tasks as usize;
        let ended = self.check();
        assert!(ended.drained && ended.fall.is_none() && !ended.left);
        assert_eq!(ended.visits, vec![1; tasks]);
    }
}

#[cfg(all(shuttle, not(loom)))]
mod many {
    use super::*;

    fn under_many(schedules: usize, check: impl Fn() + Send + Sync + Copy + 'static) {
        shuttle::check_random(check, schedules);
        shuttle::check_pct(check, schedules, 3);
    }

    #[test]
    fn model_checked_all_tasks_are_visited_once_and_workers_end() {
        for (workers, batch) in [(2, 1), (3, 1), (4, 2)] {
            under_many(2000, move || Case { workers, batch, ..CASE }.drains());
        }
        // Nothing to share: the others sleep from the first to the last.
        under_many(1000, || Case { workers: 3, tasks: 2, ..CASE }.drains());
    }

    #[test]
    fn model_checked_a_budget_is_kept_and_spent() {
        for (workers, budget, batch) in [(2, 3, 1), (3, 5, 2), (2, 1, 2), (3, 6, 4)] {
            under_many(1500, move || {
                let ended = Case { workers, batch, budget: Some(budget), ..CASE }.check();
                assert_eq!(u64::from(ended.visits.iter().sum::<u32>()), budget);
                assert!(!ended.drained && ended.fall.is_none());
            });
        }
        under_many(1000, || Case { budget: Some(8), ..CASE }.drains());
        under_many(1000, || {
            let ended = Case { budget: Some(7), ..CASE }.check();
            assert_eq!(ended.visits, [1; 7]);
        });
    }

    #[test]
    fn model_checked_a_stop_ends_all_and_loses_nothing() {
        for workers in 2..4 {
            under_many(2000, move || {
                Case { workers, stopped: true, ..CASE }.check();
            });
        }
    }

    #[test]
    fn model_checked_a_panic_ends_all() {
        for (workers, bad) in [(2, 0), (2, 3), (3, 2)] {
            under_many(1500, move || {
                let ended = Case { workers, bad: Some(bad), ..CASE }.check();
                assert_eq!(ended.fall.map(|fall| fall.vertex), Some(Some(bad)));
                assert!(!ended.drained);
            });
        }
    }

    #[test]
    fn model_checked_a_panic_of_the_scheduler_ends_all() {
        for workers in 2..4 {
            under_many(1500, move || {
                let ended = Case { workers, trap: Some(4), ..CASE }.check();
                assert_eq!(ended.fall.map(|fall| fall.vertex), Some(None));
                assert!(!ended.drained);
            });
        }
    }
}

#[cfg(loom)]
mod every {
    use super::*;

    fn under_every(preemptions: usize, check: impl Fn() + Send + Sync + 'static) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(preemptions);
        model.check(check);
    }

    #[test]
    fn model_checked_all_tasks_are_visited_once_and_workers_end() {
        under_every(2, || Case { tasks: 3, ..CASE }.drains());
    }

    #[test]
    fn model_checked_a_spent_budget_wakes_whoever_sleeps() {
        under_every(2, || {
            // The task that is left is in the hand of whoever stops, so that the other finds none.
            let ended = Case { tasks: 2, budget: Some(1), ..CASE }.check();
            assert_eq!(ended.visits, [1, 0]);
        });
    }
}
