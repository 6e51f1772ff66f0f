//! What each worker keeps from batch to batch.

use std::sync::PoisonError;

use crate::primitives::Mutex;

/// One value for each worker, lent to its batches one after the other.
pub(crate) struct PerWorker<W>(Vec<Mutex<Option<W>>>);

impl<W> PerWorker<W> {
    pub(crate) fn new(workers: usize, make: impl Fn(usize) -> W) -> Self {
        PerWorker((0..workers).map(|worker| Mutex::new(Some(make(worker)))).collect())
    }

    /// Lends a worker's value. It is away if a batch of this very worker is suspended inside a parallel loop of the program's,
    /// or was ended by a panic; then `make` is called, and what it made is dropped afterwards.
    pub(crate) fn with<R>(
        &self,
        worker: usize,
        make: impl FnOnce() -> W,
        work: impl FnOnce(&mut W) -> R,
    ) -> R {
        self.lend(worker, make, |mut value| {
            let result = work(&mut value);
            (result, value)
        })
    }

    /// As [`with`](PerWorker::with), by value: what no pointer can reach stays in registers.
    pub(crate) fn lend<R>(
        &self,
        worker: usize,
        make: impl FnOnce() -> W,
        work: impl FnOnce(W) -> (R, W),
    ) -> R {
        let slot = || self.0[worker % self.0.len()].lock().unwrap_or_else(PoisonError::into_inner);
        let taken = slot().take();
        let (result, value) = work(taken.unwrap_or_else(make));
        *slot() = Some(value);
        result
    }

    /// The values, in the order of the workers.
    pub(crate) fn into_values(self) -> impl Iterator<Item = W> {
        self.0.into_iter().filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
