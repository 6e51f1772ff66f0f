//! Inboxes: what neighbours published and a vertex has not taken yet.

use std::sync::PoisonError;

use crate::accumulator::Accumulator;
use crate::graph::Vertex;
use crate::primitives::{Mutex, MutexGuard};

/// One small gather for each vertex, with a lock of its own.
pub(crate) struct Inboxes<G>(Vec<Mutex<Inbox<G>>>);

pub(crate) struct Inbox<G> {
    pub(crate) sum: G,
    /// Whether anything was delivered since it was last taken.
    pub(crate) is_new: bool,
    /// How often it was taken.
    pub(crate) version: u32,
}

impl<G: Accumulator> Inboxes<G> {
    pub(crate) fn new(vertices: usize, make: impl Fn() -> G) -> Self {
        let inbox = || {
            let mut sum = make();
            sum.clear();
            Mutex::new(Inbox { sum, is_new: false, version: 0 })
        };
        Inboxes((0..vertices).map(|_| inbox()).collect())
    }

    #[inline(always)]
    pub(crate) fn open(&self, vertex: Vertex) -> MutexGuard<'_, Inbox<G>> {
        self.0[vertex as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves what is there over; whether anything was delivered, and the version that this makes. To find nothing makes one
    /// too: later deliveries have to stay later in every serial order.
    #[inline(always)]
    pub(crate) fn take(&self, vertex: Vertex, into: &mut G) -> (bool, u32) {
        let mut inbox = self.open(vertex);
        into.clear();
        let is_new = std::mem::take(&mut inbox.is_new);
        if is_new {
            into.merge(&inbox.sum);
            inbox.sum.clear();
        }
        inbox.version = inbox.version.wrapping_add(1);
        (is_new, inbox.version)
    }
}

#[cfg(all(test, any(loom, shuttle)))]
mod tests {
    #[cfg(loom)]
    use loom::thread;
    #[cfg(all(shuttle, not(loom)))]
    use shuttle::thread;

    use super::*;
    use crate::accumulator::Sum;
    use crate::primitives::Arc;

    /// Two deliver and one takes: all that was delivered is taken once, and each taking is a version.
    fn nothing_is_lost_or_taken_twice() {
        let inboxes = Arc::new(Inboxes::new(1, || Sum(0u32)));
        let deliverers = [1, 10].map(|what| {
            let inboxes = Arc::clone(&inboxes);
            thread::spawn(move || {
                for _ in 0..2 {
                    let mut inbox = inboxes.open(0);
                    inbox.is_new = true;
                    inbox.sum.0 += what;
                }
            })
        });
        let (mut sum, mut taken, mut versions) = (Sum(0), 0, 0);
        for _ in 0..2 {
            let (is_new, version) = inboxes.take(0, &mut sum);
            assert_eq!(is_new, sum.0 > 0);
            taken += sum.0;
            versions += 1;
            assert_eq!(version, versions);
        }
        deliverers.into_iter().for_each(|deliverer| deliverer.join().unwrap());
        // Whatever came too late for these is there for the next.
        let (is_new, _) = inboxes.take(0, &mut sum);
        assert_eq!((taken + sum.0, is_new), (22, sum.0 > 0));
        assert_eq!((inboxes.take(0, &mut sum), sum.0), ((false, versions + 2), 0));
    }

    #[cfg(loom)]
    #[test]
    fn model_checked_nothing_is_lost_or_taken_twice() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(nothing_is_lost_or_taken_twice);
    }

    #[cfg(all(shuttle, not(loom)))]
    #[test]
    fn model_checked_nothing_is_lost_or_taken_twice() {
        shuttle::check_random(nothing_is_lost_or_taken_twice, 3000);
    }
}
