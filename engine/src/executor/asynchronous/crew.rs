//! The workers of an asynchronous run: they take batches from the scheduler, visit, and hand back signals, until nobody has
//! anything left to do or somebody says stop. `README.md` beside this file proves that they stop when they should.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::time::Instant;

use crate::graph::Vertex;
use crate::outcome::StopHandle;
use crate::primitives::{
    AtomicBool, AtomicU64, AtomicUsize, Backoff, Condvar, Mutex, MutexGuard,
    Ordering::{Relaxed, SeqCst},
    fence,
};
use crate::scheduler::{Scheduler, Task};

/// What the visits of a batch did.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Whom to schedule.
    pub(crate) signals: Vec<Task>,
    /// How many the visits scheduled themselves.
    pub(crate) scheduled: usize,
    /// Whether a visit is at that: a panic is the scheduler's then.
    pub(crate) is_scheduling: bool,
    pub(crate) updates: u64,
    /// Visits that signalled.
    pub(crate) signalled: u64,
    pub(crate) residual: f64,
    /// Locks that visits had to wait for.
    pub(crate) waits: u64,
    /// Room for the vertices of one function's tasks.
    pub(crate) local: Vec<Vertex>,
    /// The vertex that is being visited: whom a panic names.
    pub(crate) at: Vertex,
}

/// What one worker keeps from epoch to epoch.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    batch: Vec<Vertex>,
    /// Tasks that the scheduler handed out and nobody visited yet.
    left: Vec<Vertex>,
    pub(crate) report: Report,
}

impl Hand {
    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

/// A panic in a visit, and whose visit it was; none, if it was the scheduler that panicked.
pub(crate) struct Fall {
    pub(crate) vertex: Option<Vertex>,
    pub(crate) payload: Box<dyn Any + Send>,
}

/// Tries before a worker without a task goes to sleep.
const TRIES: u32 = 8;

/// The workers of one epoch, and what ends it.
pub(crate) struct Crew<'r> {
    scheduler: &'r dyn Scheduler,
    workers: usize,
    /// Visits that may still begin.
    budget: Option<AtomicU64>,
    deadline: Option<Instant>,
    handle: Option<&'r StopHandle>,
    stop: AtomicBool,
    /// Workers that are about to sleep, or do: whoever schedules rings for them.
    resting: AtomicUsize,
    /// How often the bell was rung.
    rings: AtomicU64,
    gate: Mutex<Gate>,
    bell: Condvar,
    fall: Mutex<Option<Fall>>,
}

#[derive(Default)]
struct Gate {
    asleep: usize,
    /// Nobody has anything left to do.
    drained: bool,
}

impl<'r> Crew<'r> {
    pub(crate) fn new(
        scheduler: &'r dyn Scheduler,
        workers: usize,
        budget: Option<u64>,
        deadline: Option<Instant>,
        handle: Option<&'r StopHandle>,
    ) -> Self {
        Crew {
            scheduler,
            workers,
            budget: budget.map(AtomicU64::new),
            deadline,
            handle,
            stop: AtomicBool::new(false),
            resting: AtomicUsize::new(0),
            rings: AtomicU64::new(0),
            gate: Mutex::new(Gate::default()),
            bell: Condvar::new(),
            fall: Mutex::new(None),
        }
    }

    /// Works as one of the workers until the epoch ends. `visit` visits tasks, and reports.
    pub(crate) fn work(&self, worker: usize, hand: &mut Hand, visit: impl FnMut(&[Vertex], &mut Report)) {
        // Visits are caught one by one, so what comes out here is the scheduler's: whoever sleeps has to hear of it.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.visit_all(worker, hand, visit))) {
            self.fall(None, payload);
        }
    }

    fn visit_all(&self, worker: usize, hand: &mut Hand, mut visit: impl FnMut(&[Vertex], &mut Report)) {
        let Hand { batch, left, report } = hand;
        while !self.must_stop() {
            if left.is_empty() && !self.next(worker, left) {
                break;
            }
            let allowed = self.allow(left.len());
            batch.clear();
            batch.extend(left.drain(..allowed));
            if batch.is_empty() {
                self.stop();
                break;
            }
            let visits = catch_unwind(AssertUnwindSafe(|| visit(batch, report)));
            if let Err(payload) = visits {
                self.fall((!report.is_scheduling).then_some(report.at), payload);
                break;
            }
            let signals = std::mem::take(&mut report.scheduled) + report.signals.len();
            if !report.signals.is_empty() {
                self.scheduler.schedule(&report.signals);
                report.signals.clear();
            }
            if signals > 0 {
                self.ring(signals);
            }
        }
    }

    /// Whether the epoch ended because nobody had anything left; and the first panic, if there was one.
    pub(crate) fn end(self) -> (bool, Option<Fall>) {
        let gate = self.gate.into_inner().unwrap_or_else(PoisonError::into_inner);
        (gate.drained, self.fall.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn must_stop(&self) -> bool {
        if self.stop.load(Relaxed) {
            return true;
        }
        let told = self.handle.is_some_and(StopHandle::is_stopped) || self.is_late();
        if told {
            self.stop();
        }
        told
    }

    /// Ends the epoch with a panic; the first is kept.
    fn fall(&self, vertex: Option<Vertex>, payload: Box<dyn Any + Send>) {
        let mut fall = self.fall.lock().unwrap_or_else(PoisonError::into_inner);
        fall.get_or_insert(Fall { vertex, payload });
        drop(fall);
        self.stop();
    }

    fn stop(&self) {
        self.stop.store(true, SeqCst);
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.rings.fetch_add(1, SeqCst);
        self.bell.notify_all();
        drop(gate);
    }

    /// How many of so many visits may begin.
    fn allow(&self, wanted: usize) -> usize {
        let Some(budget) = &self.budget else { return wanted };
        let take = |left: u64| Some(left - left.min(wanted as u64));
        let before = budget.fetch_update(Relaxed, Relaxed, take).unwrap_or_else(|left| left);
        before.min(wanted as u64) as usize
    }

    /// Takes a batch; false if the epoch is over. Waits while others may still signal.
    fn next(&self, worker: usize, batch: &mut Vec<Vertex>) -> bool {
        let mut backoff = Backoff::new();
        for _ in 0..if cfg!(any(loom, shuttle)) { 1 } else { TRIES } {
            self.scheduler.next(worker, batch);
            if !batch.is_empty() {
                return true;
            }
            if self.workers > 1 {
                backoff.wait();
            }
            if self.must_stop() {
                return false;
            }
        }
        loop {
            let rings = self.rings.load(SeqCst);
            self.resting.fetch_add(1, SeqCst);
            // Either this look finds what was scheduled before, or whoever schedules it later sees somebody rest and rings.
            fence(SeqCst);
            self.scheduler.next(worker, batch);
            let goes_on = !batch.is_empty() || self.sleep(rings);
            self.resting.fetch_sub(1, SeqCst);
            if !goes_on || self.must_stop() {
                // What was taken stays in hand.
                return false;
            }
            if !batch.is_empty() {
                return true;
            }
        }
    }

    /// Sleeps until the bell rings once more; false if everybody sleeps.
    fn sleep(&self, rings: u64) -> bool {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        gate.asleep += 1;
        if gate.asleep == self.workers {
            gate.drained = !self.stop.load(SeqCst);
            self.rings.fetch_add(1, SeqCst);
            self.bell.notify_all();
            return false;
        }
        // A stop may have rung before `rings` was read.
        while self.rings.load(SeqCst) == rings && !self.stop.load(SeqCst) && !self.is_late() {
            gate = self.wait(gate);
        }
        gate.asleep -= 1;
        !gate.drained
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    #[cfg(not(any(loom, shuttle)))]
    fn wait<'a>(&self, gate: MutexGuard<'a, Gate>) -> MutexGuard<'a, Gate> {
        match self.deadline {
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                self.bell.wait_timeout(gate, left).unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.bell.wait(gate).unwrap_or_else(PoisonError::into_inner),
        }
    }

    #[cfg(any(loom, shuttle))]
    fn wait<'a>(&self, gate: MutexGuard<'a, Gate>) -> MutexGuard<'a, Gate> {
        self.bell.wait(gate).unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes as many workers as so many new tasks may occupy.
    fn ring(&self, tasks: usize) {
        fence(SeqCst);
        let resting = self.resting.load(SeqCst);
        if resting == 0 {
            return;
        }
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.rings.fetch_add(1, SeqCst);
        if tasks >= resting {
            self.bell.notify_all()
        } else {
            (0..tasks).for_each(|_| self.bell.notify_one())
        }
        drop(gate);
    }
}
