//! Atomics, locks and threads, from one place: std's, or under `--cfg loom` or `--cfg shuttle` those of the model checkers.

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

#[cfg(loom)]
pub(crate) use loom::{
    hint::spin_loop,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

#[cfg(all(shuttle, not(loom)))]
pub(crate) use shuttle::{
    hint::spin_loop,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

/// Waiting that grows: a few times in place, then at the scheduler's mercy, so that whoever is waited for can run here.
pub(crate) struct Backoff(u32);

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff(0)
    }

    /// Waits a little longer than before.
    #[cold]
    pub(crate) fn wait(&mut self) {
        // A model checker must be told that nothing changes by itself.
        if cfg!(any(loom, shuttle)) || self.0 >= 6 {
            yield_now();
        } else {
            (0..1 << self.0).for_each(|_| spin_loop());
            self.0 += 1;
        }
    }
}
