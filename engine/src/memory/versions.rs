//! Versions of values that several workers touch: for snapshots of what may be written meanwhile, and to catch in the act
//! whoever touches what is not his.

use super::Buffer;
use crate::primitives::{
    AtomicU64, Backoff,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
    fence,
};

/// Somebody writes. Below it, the number of readers; above it, the version.
const WRITER: u64 = 1 << 31;
const VERSION: u64 = 1 << 32;

/// A version for each datum, counted from 0, with one of two protocols on it: snapshots ([`read`](Versions::read) and
/// [`write`](Versions::write), a sequence lock; Boehm 2012, section 4) or borrows ([`share`](Versions::share) and
/// [`own`](Versions::own)), which never wait and fail where two meet.
pub(crate) struct Versions(Buffer<AtomicU64>);

impl Versions {
    pub(crate) fn new(data: usize) -> Self {
        Versions(Buffer::from_fn(data, |_| AtomicU64::new(0)))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Copies until nobody wrote meanwhile; the version that was copied.
    #[inline]
    pub(crate) fn read(&self, datum: usize, mut copy: impl FnMut()) -> u32 {
        let word = &self.0[datum];
        let mut backoff = Backoff::new();
        loop {
            let before = word.load(Acquire);
            if before & WRITER == 0 {
                copy();
                fence(Acquire);
                if word.load(Relaxed) == before {
                    return version(before);
                }
            }
            backoff.wait();
        }
    }

    /// Stores while no other writer does; the version that this makes.
    #[inline]
    pub(crate) fn write(&self, datum: usize, store: impl FnOnce()) -> u32 {
        let word = &self.0[datum];
        let mut backoff = Backoff::new();
        let before = loop {
            let now = word.load(Relaxed);
            if now & WRITER == 0 && word.compare_exchange(now, now | WRITER, Acquire, Relaxed).is_ok() {
                break now;
            }
            backoff.wait();
        };
        fence(Release);
        store();
        word.store(before.wrapping_add(VERSION), Release);
        version(before).wrapping_add(1)
    }

    /// Borrows to read: the version, or nothing if somebody writes.
    pub(crate) fn share(&self, datum: usize) -> Option<u32> {
        let before = self.0[datum].fetch_add(1, Acquire);
        if before & WRITER == 0 {
            return Some(version(before));
        }
        self.0[datum].fetch_sub(1, Release);
        None
    }

    /// Borrows to write, with as many shares (0 or 1) as the borrower has already: the version that this makes, or nothing
    /// if anybody else has it.
    pub(crate) fn own(&self, datum: usize, shares: u64) -> Option<u32> {
        let before = self.0[datum].load(Relaxed);
        let free = before & (VERSION - 1) == shares;
        let after = (before & !(VERSION - 1)).wrapping_add(VERSION) | WRITER;
        let owned = free && self.0[datum].compare_exchange(before, after, AcqRel, Relaxed).is_ok();
        owned.then(|| version(after))
    }

    pub(crate) fn give_back_share(&self, datum: usize) {
        self.0[datum].fetch_sub(1, Release);
    }

    pub(crate) fn give_back(&self, datum: usize) {
        self.0[datum].fetch_and(!WRITER, Release);
    }
}

fn version(word: u64) -> u32 {
    (word >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(any(loom, shuttle)))]
    #[test]
    fn borrows_fail_where_two_meet() {
        let versions = Versions::new(1);
        assert_eq!((versions.share(0), versions.share(0), versions.own(0, 1)), (Some(0), Some(0), None));
        versions.give_back_share(0);
        assert_eq!((versions.own(0, 0), versions.own(0, 1)), (None, Some(1)));
        assert_eq!((versions.share(0), versions.own(0, 0)), (None, None));
        versions.give_back(0);
        assert_eq!((versions.share(0), versions.len()), (Some(1), 1));
    }

    /// A snapshot is of one version, whatever writers do meanwhile.
    #[cfg(loom)]
    #[test]
    fn model_checked_snapshots_are_whole() {
        use loom::sync::Arc;
        use loom::sync::atomic::AtomicU32;
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let shared = Arc::new((Versions::new(1), [AtomicU32::new(0), AtomicU32::new(0)]));
            let writer = Arc::clone(&shared);
            let writer = loom::thread::spawn(move || {
                for value in 1..3 {
                    let store = || writer.1.iter().for_each(|half| half.store(value, Relaxed));
                    assert_eq!(writer.0.write(0, store), value);
                }
            });
            let mut seen = [9, 9];
            let copy = || seen = [shared.1[0].load(Relaxed), shared.1[1].load(Relaxed)];
            let version = shared.0.read(0, copy);
            assert_eq!(seen, [version, version]);
            writer.join().unwrap();
        });
    }
}
