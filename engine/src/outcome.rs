//! What a run tells while it runs and when it ends.

use std::ops::ControlFlow;

use crate::audit::Audit;
use crate::data::Data;
use crate::exclusion::Plan;
use crate::memory::Column;
use crate::primitives::{Arc, AtomicBool, AtomicU32, Ordering::Relaxed};

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The predicate of [`until`](crate::Engine::until) held.
    Converged,
    /// The number of rounds was reached.
    Rounds,
    /// The number of updates was reached.
    Updates,
    /// The time was up.
    Time,
    /// Nobody was left to run.
    Drained,
    /// A [`StopHandle`] or an observer said so.
    Stopped,
    /// A recorded visit met another one at a datum that either was to write, which exclusion is there to prevent;
    /// [`Outcome::audit`] names both the datum and the visit. The visit that came second did not run to its end.
    Overlap,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Rounds finished.
    pub rounds: u64,
    /// Visits finished; for an edge program, edges.
    pub updates: u64,
    /// Seconds of computing: observers and predicates are not counted.
    pub seconds: f64,
    /// The sum of the changes that the visits of the last round reported; for an edge program, which reports none, NaN, so
    /// that no comparison with it holds.
    pub residual: f64,
    /// Visits of the last round; without barriers, since the last round that anybody saw.
    pub active: u64,
    /// Those of `active` whose signal woke.
    pub signalled: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why.
    pub reason: Reason,
    /// How far.
    pub progress: Progress,
    /// How it was kept in order.
    pub plan: Plan,
    /// Colors, under exclusion by coloring.
    pub colors: Option<usize>,
    /// Locks that visits had to wait for.
    pub contended: u64,
    /// How often tasks were visited; none where all are visited in each round, with barriers.
    pub visits: Option<Visits>,
    /// What the auditor found, if it was asked.
    pub audit: Option<Audit>,
}

/// How evenly the visits of a run were spread over its tasks: functions times vertices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    /// Tasks that were never visited.
    pub never: u64,
    /// Tasks that were visited once.
    pub once: u64,
    /// Tasks that were visited more often.
    pub more: u64,
    /// Visits of the task that was visited most often.
    pub most: u32,
}

impl Visits {
    pub(crate) fn of(counts: &[AtomicU32]) -> Self {
        let mut visits = Visits::default();
        for count in counts.iter().map(|count| count.load(Relaxed)) {
            let kind = match count {
                0 => &mut visits.never,
                1 => &mut visits.once,
                _ => &mut visits.more,
            };
            *kind += 1;
            visits.most = visits.most.max(count);
        }
        visits
    }
}

impl Outcome {
    pub(crate) fn new(reason: Reason, progress: Progress, plan: Plan) -> Self {
        Outcome { reason, progress, plan, colors: None, contended: 0, visits: None, audit: None }
    }
}

/// Sees each round of a run, between barriers. Any `FnMut(&Progress, &Column<V>) -> ControlFlow<()>` is one; `Break` ends the run.
pub trait Observer<V: Data> {
    /// A round has ended; the vertices are as it left them.
    fn round(&mut self, progress: &Progress, vertices: &Column<V>) -> ControlFlow<()>;
}

impl<V: Data, F: FnMut(&Progress, &Column<V>) -> ControlFlow<()>> Observer<V> for F {
    fn round(&mut self, progress: &Progress, vertices: &Column<V>) -> ControlFlow<()> {
        self(progress, vertices)
    }
}

/// Stops a run from another thread or a signal handler, at the next barrier or batch.
#[derive(Clone, Debug)]
pub struct StopHandle(Arc<AtomicBool>);

impl StopHandle {
    /// A handle that has not been pulled.
    pub fn new() -> Self {
        StopHandle(Arc::new(AtomicBool::new(false)))
    }

    /// Asks the run to stop.
    pub fn stop(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether it was asked to.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Relaxed)
    }
}

impl Default for StopHandle {
    fn default() -> Self {
        Self::new()
    }
}
