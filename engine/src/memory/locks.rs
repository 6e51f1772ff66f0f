//! One small reader-writer lock for each vertex.

use super::Buffer;
use crate::primitives::{
    AtomicU16, Backoff,
    Ordering::{Acquire, Relaxed, Release},
};

/// Held by a writer.
const WRITER: u16 = 1 << 15;
/// A writer waits: no new reader gets in, so that a hub's neighbours cannot keep its visit out for ever.
const WAITING: u16 = 1 << 14;
/// As many readers as are let in: above them there is room below the marks for as many workers that are about to find it full.
const FULL: u16 = WAITING / 2;

/// Two bytes a vertex: the number of readers, or a writer. Whoever takes several does so in ascending order.
pub(crate) struct Locks {
    words: Buffer<AtomicU16>,
    /// Whoever waits long gives up, for tests to see a deadlock.
    #[cfg(test)]
    impatient: bool,
}

impl Locks {
    pub(crate) fn new(vertices: usize) -> Self {
        Locks {
            words: Buffer::from_fn(vertices, |_| AtomicU16::new(0)),
            #[cfg(test)]
            impatient: false,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn lose_patience(&mut self, impatient: bool) {
        self.impatient = impatient;
    }

    /// Waits a little longer than before.
    #[cold]
    fn wait(&self, backoff: &mut Backoff) {
        #[cfg(test)]
        if self.impatient && backoff.has_waited_long() {
            std::panic::resume_unwind(Box::new("deadlock"));
        }
        backoff.wait();
    }

    /// Shares a vertex with other readers; whether it had to wait.
    #[inline]
    pub(crate) fn read(&self, vertex: u32) -> bool {
        let word = &self.words[vertex as usize];
        if word.fetch_add(1, Acquire) < FULL {
            return false;
        }
        // Taken back at once: whoever looks meanwhile waits a little longer.
        word.fetch_sub(1, Relaxed);
        let mut backoff = Backoff::new();
        loop {
            let now = word.load(Relaxed);
            if now < FULL && word.compare_exchange(now, now + 1, Acquire, Relaxed).is_ok() {
                return true;
            }
            self.wait(&mut backoff);
        }
    }

    /// Has a vertex alone; whether it had to wait.
    #[inline]
    pub(crate) fn write(&self, vertex: u32) -> bool {
        let word = &self.words[vertex as usize];
        if word.compare_exchange(0, WRITER, Acquire, Relaxed).is_ok() {
            return false;
        }
        let mut backoff = Backoff::new();
        loop {
            let now = word.load(Relaxed);
            if now & !WAITING == 0 {
                // Other waiting writers set the mark anew.
                if word.compare_exchange(now, WRITER, Acquire, Relaxed).is_ok() {
                    return true;
                }
            } else if now & WAITING == 0 {
                word.fetch_or(WAITING, Relaxed);
            }
            self.wait(&mut backoff);
        }
    }

    /// Gives up a share.
    #[inline]
    pub(crate) fn release_read(&self, vertex: u32) {
        self.words[vertex as usize].fetch_sub(1, Release);
    }

    /// Gives up what was had alone.
    #[inline]
    pub(crate) fn release_write(&self, vertex: u32) {
        self.words[vertex as usize].fetch_and(!WRITER, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(any(loom, shuttle)))]
    #[test]
    fn locks_say_whether_they_waited() {
        let locks = Locks::new(2);
        assert!(!locks.read(0) && !locks.read(0) && !locks.write(1));
        locks.release_read(0);
        locks.release_read(0);
        assert!(!locks.write(0));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| locks.read(0));
            std::thread::sleep(std::time::Duration::from_millis(5));
            locks.release_write(0);
            assert!(waits.join().unwrap());
        });
        locks.release_read(0);
        assert!(!locks.write(0));
    }

    /// One writes, the other reads and then writes, over a count that only the locks keep whole. Spinning threads that wait for each
    /// other are beyond loom with three; claims are checked with more.
    #[cfg(loom)]
    #[test]
    fn model_checked_writers_are_alone_and_readers_see_all() {
        use loom::cell::UnsafeCell;
        use loom::sync::Arc;
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let shared = Arc::new((Locks::new(1), UnsafeCell::new(0u32)));
            let write = |shared: &(Locks, UnsafeCell<u32>)| {
                shared.0.write(0);
                // SAFETY: none is needed: loom checks each access, which is what this test is for.
                shared.1.with_mut(|value| unsafe { *value += 1 });
                shared.0.release_write(0);
            };
            let read = |shared: &(Locks, UnsafeCell<u32>)| {
                shared.0.read(0);
                // SAFETY: as above.
                let seen = shared.1.with(|value| unsafe { *value });
                shared.0.release_read(0);
                seen
            };
            let other = Arc::clone(&shared);
            let other = loom::thread::spawn(move || write(&other));
            assert!(read(&shared) <= 1);
            write(&shared);
            other.join().unwrap();
            assert_eq!(read(&shared), 2);
        });
    }

    /// Scopes of a triangle and a tail, taken in order: nobody waits for ever, and no two that meet overlap.
    #[cfg(shuttle)]
    #[test]
    fn model_checked_scopes_in_order_never_deadlock() {
        use shuttle::sync::Arc;
        use shuttle::sync::atomic::{AtomicU32, Ordering::SeqCst};
        const SCOPES: [(u32, &[u32]); 4] =
            [(0, &[0, 1, 2]), (1, &[0, 1, 2]), (2, &[0, 1, 2, 3]), (3, &[2, 3])];
        shuttle::check_random(
            || {
                let shared = Arc::new((Locks::new(4), (0..4).map(|_| AtomicU32::new(0)).collect::<Vec<_>>()));
                let threads: Vec<_> = SCOPES
                    .iter()
                    .map(|(own, scope)| {
                        let shared = Arc::clone(&shared);
                        shuttle::thread::spawn(move || {
                            for v in *scope {
                                if v == own {
                                    shared.0.write(*v)
                                } else {
                                    shared.0.read(*v)
                                };
                            }
                            let before = shared.1[*own as usize].load(SeqCst);
                            shuttle::thread::yield_now();
                            shared.1[*own as usize].store(before + 1, SeqCst);
                            for v in *scope {
                                if v == own { shared.0.release_write(*v) } else { shared.0.release_read(*v) }
                            }
                        })
                    })
                    .collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap());
                assert!(shared.1.iter().all(|count| count.load(SeqCst) == 1));
            },
            3000,
        );
    }
}
