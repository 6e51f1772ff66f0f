//! Scopes that few workers keep apart by saying what they touch: each writes marks into bytes of its own, and reads the others'.
//!
//! A lock is taken and given up by an indivisible change of memory, of which a processor does one in five nanoseconds, and nothing
//! meanwhile: for a vertex with a gather of one nanosecond an edge, locks cost ten times the visit. Marks are plain stores, with one
//! fence for a whole scope, and cost about as much as a second gather for each other worker. (Dekker's principle, in Dijkstra 1965;
//! that a fence a scope is enough, since marks are only looked at after all of them are made.)
//!
//! To claim a scope, a worker marks it, fences, and looks at the others' marks. Two who marked what may not be touched together cannot
//! both miss the other: of two fences one comes first, and what was marked before it is seen after the other one. Who sees a conflict
//! takes back its marks and tries again; so nobody waits while it holds marks, but one: who was turned away often becomes the
//! *first*, of whom there is one at a time, and keeps its marks while it waits for each vertex. The others' claims end, and new ones that
//! conflict see its marks; so it need see each vertex free only once.
//!
//! A mark is taken back by a release store, and read by an acquire load: who sees a vertex free sees what was written to it. A release
//! fence comes before new marks, for those who see a reader's mark and never saw the vertex free.

use super::Buffer;
use crate::primitives::{
    AtomicU8, AtomicUsize, Backoff,
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
    fence,
};

const FREE: u8 = 0;
const READS: u8 = 1;
const WRITES: u8 = 2;

/// Nobody is first.
const NOBODY: usize = usize::MAX;
/// How often a worker is turned away before it asks to be first.
const PATIENCE: u32 = if cfg!(any(loom, shuttle)) { 1 } else { 16 };

/// A byte for each worker and vertex.
pub(crate) struct Marks {
    of_workers: Box<[Buffer<AtomicU8>]>,
    first: AtomicUsize,
}

/// What a claim touches: a vertex that it writes, and the ends of rows, which it reads or also writes. Vertices may occur more than once.
#[derive(Clone, Copy)]
pub(crate) struct Touched<'a> {
    pub(crate) vertex: u32,
    pub(crate) rows: [&'a [u32]; 2],
    pub(crate) writes_rows: bool,
}

impl Marks {
    pub(crate) fn new(workers: usize, vertices: usize) -> Self {
        let marks = |_| Buffer::from_fn(vertices, |_| AtomicU8::new(FREE));
        Marks { of_workers: (0..workers).map(marks).collect(), first: AtomicUsize::new(NOBODY) }
    }

    pub(crate) fn workers(&self) -> usize {
        self.of_workers.len()
    }

    /// Waits until nobody touches what would conflict, and keeps it so; how often it was turned away.
    #[inline]
    pub(crate) fn claim(&self, worker: usize, touched: Touched<'_>) -> u32 {
        if self.attempt(worker, touched) { 0 } else { self.insist(worker, touched) }
    }

    /// Takes back the marks of a claim.
    #[inline]
    pub(crate) fn release(&self, worker: usize, touched: Touched<'_>) {
        let own = &self.of_workers[worker];
        for end in touched.rows.into_iter().flatten() {
            own[*end as usize].store(FREE, Release);
        }
        own[touched.vertex as usize].store(FREE, Release);
    }

    #[inline]
    fn mark(&self, worker: usize, touched: Touched<'_>) {
        let own = &self.of_workers[worker];
        // Who sees these marks instead of the ones that were taken back sees what was written under those.
        fence(Release);
        let mark = if touched.writes_rows { WRITES } else { READS };
        for end in touched.rows.into_iter().flatten() {
            own[*end as usize].store(mark, Relaxed);
        }
        // Last: a loop leads back to the vertex.
        own[touched.vertex as usize].store(WRITES, Relaxed);
        fence(SeqCst);
    }

    /// The greatest mark of others that does not conflict.
    #[inline(always)]
    fn bearable(writes: bool) -> u8 {
        if writes { FREE } else { READS }
    }

    #[inline]
    fn is_free(&self, worker: usize, touched: Touched<'_>) -> bool {
        let bearable = Self::bearable(touched.writes_rows);
        let mut conflicts = false;
        for (other, marks) in self.of_workers.iter().enumerate() {
            if other != worker {
                for end in touched.rows.into_iter().flatten() {
                    conflicts |= marks[*end as usize].load(Acquire) > bearable;
                }
                conflicts |= marks[touched.vertex as usize].load(Acquire) > FREE;
            }
        }
        !conflicts
    }

    /// Claims the scope if nobody is there.
    #[inline]
    fn attempt(&self, worker: usize, touched: Touched<'_>) -> bool {
        self.mark(worker, touched);
        let is_free = self.is_free(worker, touched);
        if !is_free {
            self.release(worker, touched);
        }
        is_free
    }

    /// Goes on until the scope is claimed; how often it was turned away.
    #[cold]
    fn insist(&self, worker: usize, touched: Touched<'_>) -> u32 {
        let (mut turned_away, mut backoff) = (1, Backoff::new());
        loop {
            backoff.wait();
            let asks = turned_away >= PATIENCE;
            if asks && self.first.compare_exchange(NOBODY, worker, AcqRel, Relaxed).is_ok() {
                self.claim_first(worker, touched);
                self.first.store(NOBODY, Release);
                return turned_away;
            }
            if self.attempt(worker, touched) {
                return turned_away;
            }
            turned_away += 1;
        }
    }

    /// Marks the scope, and waits until each vertex was seen free of each other worker.
    fn claim_first(&self, worker: usize, touched: Touched<'_>) {
        self.mark(worker, touched);
        let mut backoff = Backoff::new();
        let ends = touched.rows.into_iter().flatten().map(|end| (*end, touched.writes_rows));
        for (vertex, writes) in ends.chain([(touched.vertex, true)]) {
            for (other, marks) in self.of_workers.iter().enumerate() {
                while other != worker && marks[vertex as usize].load(Acquire) > Self::bearable(writes) {
                    backoff.wait();
                }
            }
        }
    }
}

#[cfg(all(test, loom))]
mod tests {
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    use super::*;

    /// Two workers whose scopes meet: what they write is kept whole by the marks alone. Both try twice, or one is first; loops in which
    /// each turns the other one away for ever are beyond loom, and left to shuttle, in the tests of claims.
    fn check(scopes: [Touched<'static>; 2], is_first: bool) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(move || {
            let shared = Arc::new((Marks::new(2, 3), UnsafeCell::new(0u32)));
            let write = move |shared: &(Marks, UnsafeCell<u32>), worker: usize| {
                // SAFETY: none is needed: loom checks each access, which is what this test is for.
                shared.1.with_mut(|value| unsafe { *value += 1 });
                shared.0.release(worker, scopes[worker]);
            };
            let attempts = move |shared: &(Marks, UnsafeCell<u32>), worker: usize| {
                let had = (0..2).filter(|_| {
                    let has = shared.0.attempt(worker, scopes[worker]);
                    if has {
                        write(shared, worker);
                    }
                    has
                });
                had.count() as u32
            };
            let other = Arc::clone(&shared);
            let other = loom::thread::spawn(move || attempts(&other, 1));
            let visits = if is_first {
                shared.0.claim_first(0, scopes[0]);
                write(&shared, 0);
                1
            } else {
                attempts(&shared, 0)
            };
            let visits = visits + other.join().unwrap();
            // SAFETY: as above.
            assert_eq!(shared.1.with(|value| unsafe { *value }), visits);
        });
    }

    #[test]
    fn model_checked_scopes_that_meet_exclude_each_other() {
        let scope =
            |vertex, rows: &'static [u32], writes_rows| Touched { vertex, rows: [rows, &[]], writes_rows };
        for is_first in [false, true] {
            // An edge, followed both ways; one way; a loop, beside the same vertex and beside one that reads it; a neighbor that both write.
            check([scope(0, &[1], false), scope(1, &[0], false)], is_first);
            check([scope(0, &[1], false), scope(1, &[], false)], is_first);
            check([scope(0, &[0], false), scope(0, &[], false)], is_first);
            check([scope(0, &[0], false), scope(1, &[0], false)], is_first);
            check([scope(0, &[2], true), scope(1, &[2], true)], is_first);
        }
    }
}
