//! The stop conditions of a run, and its clock.

use std::time::{Duration, Instant};

use gasworks_kernels::Isa;

use crate::outcome::{Progress, Reason, StopHandle};

/// A clock that runs only while the executor computes.
pub(crate) struct Clock {
    spent: Duration,
    since: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { spent: Duration::ZERO, since: Instant::now() }
    }

    pub(crate) fn pause(&mut self) -> f64 {
        self.spent += self.since.elapsed();
        self.spent.as_secs_f64()
    }

    pub(crate) fn resume(&mut self) {
        self.since = Instant::now();
    }
}

type Predicate<'g> = Box<dyn FnMut(&Progress) -> bool + 'g>;

/// When to stop, how many threads, which seed: what every run has.
pub(crate) struct Settings<'g> {
    pub(crate) threads: usize,
    pub(crate) rounds: Option<u64>,
    pub(crate) updates: Option<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) until: Option<Predicate<'g>>,
    /// The last round after which `until` was asked.
    pub(crate) asked: u64,
    /// Visits between two looks of an observer, where not a round.
    pub(crate) look: Option<u64>,
    pub(crate) stop: Option<StopHandle>,
    pub(crate) seed: u64,
    pub(crate) isa: Isa,
}

impl Settings<'_> {
    /// Whether any condition could end a run that never drains.
    pub(crate) fn can_stop(&self) -> bool {
        let limited = self.rounds.is_some() || self.updates.is_some() || self.time.is_some();
        limited || self.until.is_some() || self.stop.is_some()
    }

    /// The first condition that ends a run which has come this far.
    pub(crate) fn reached(&mut self, progress: &Progress) -> Option<Reason> {
        // Without barriers, limits are looked at between rounds too.
        let new = std::mem::replace(&mut self.asked, progress.rounds) < progress.rounds;
        let converged = new && self.until.as_mut().is_some_and(|until| until(progress));
        let reasons = [
            (converged, Reason::Converged),
            (self.stop.as_ref().is_some_and(|stop| stop.is_stopped()), Reason::Stopped),
            (self.rounds.is_some_and(|most| progress.rounds >= most), Reason::Rounds),
            (self.updates.is_some_and(|most| progress.updates >= most), Reason::Updates),
            (self.time.is_some_and(|most| progress.seconds >= most.as_secs_f64()), Reason::Time),
        ];
        reasons.into_iter().find_map(|(reached, reason)| reached.then_some(reason))
    }
}
