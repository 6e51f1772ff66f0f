//! Atomics, locks and threads, from one place: std's, or under `--cfg loom` or `--cfg shuttle` those of the model checkers.

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

#[cfg(loom)]
pub(crate) use loom::{
    hint::spin_loop,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

#[cfg(all(shuttle, not(loom)))]
pub(crate) use shuttle::{
    hint::spin_loop,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

/// Waiting that grows: a few times in place, then at the scheduler's mercy, so that whoever is waited for can run here.
pub(crate) struct Backoff {
    steps: u32,
    /// When the waiting began.
    #[cfg(test)]
    since: Option<std::time::Instant>,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff {
            steps: 0,
            #[cfg(test)]
            since: None,
        }
    }

    /// Whether it has waited longer than anybody does who will ever get what he waits for.
    #[cfg(test)]
    pub(crate) fn has_waited_long(&mut self) -> bool {
        let now = std::time::Instant::now();
        now - *self.since.get_or_insert(now) > std::time::Duration::from_millis(400)
    }

    /// Waits a little longer than before.
    #[cold]
    pub(crate) fn wait(&mut self) {
        // A model checker must be told that nothing changes by itself.
        if cfg!(any(loom, shuttle)) || self.steps >= 6 {
            yield_now();
        } else {
            (0..1 << self.steps).for_each(|_| spin_loop());
            self.steps += 1;
        }
    }
}
