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
