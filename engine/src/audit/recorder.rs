//! What one worker's visits read and wrote.

use std::sync::Arc;

use super::history::{Access, History, Kind, Record};
use crate::graph::Vertex;
use crate::memory::Versions;

/// Notes the accesses of one worker's visits. Where data are touched in place, each access is also a borrow until the visit
/// ends: two visits that touch one datum at once, one of them writing, are caught before anything is lent.
pub(crate) struct Recorder {
    versions: Arc<Versions>,
    worker: u32,
    /// For each datum, in which visit it was touched last, and how: twice the number of the visit, one more if written.
    stamps: Vec<u64>,
    visit: u64,
    /// What the visit borrows.
    held: Vec<(usize, bool)>,
    history: History,
    /// Where the accesses of the visit begin.
    from: usize,
    /// What each 64th visit writes is not noted, for tests to see it caught.
    #[cfg(test)]
    pub(crate) forgets: bool,
}

/// Two visits met at a datum: the payload of the panic that ends the later one.
#[derive(Debug)]
pub(crate) struct Overlap {
    pub(crate) datum: usize,
    pub(crate) writes: bool,
    pub(crate) worker: u32,
}

impl Recorder {
    pub(crate) fn new(versions: Arc<Versions>, worker: usize) -> Self {
        let data = versions.len();
        Recorder {
            versions,
            worker: worker as u32,
            stamps: vec![0; data],
            visit: 1,
            held: Vec::new(),
            history: History::default(),
            from: 0,
            #[cfg(test)]
            forgets: false,
        }
    }

    /// A datum is about to be lent in place.
    ///
    /// # Panics
    /// With an [`Overlap`], if another visit has it.
    pub(crate) fn touch(&mut self, datum: usize, writes: bool) {
        let (read, written) = (2 * self.visit, 2 * self.visit + 1);
        let stamp = self.stamps[datum];
        if stamp == written || stamp == read && !writes {
            return;
        }
        let shares = u64::from(stamp == read);
        let version = if writes { self.versions.own(datum, shares) } else { self.versions.share(datum) };
        let Some(version) = version else {
            self.give_back();
            // Not a bug of the program: no panic hook is to speak of it.
            std::panic::resume_unwind(Box::new(Overlap { datum, writes, worker: self.worker }))
        };
        self.stamps[datum] = if writes { written } else { read };
        // A written datum was lent to be read too: what was found there counts.
        if writes && shares == 0 {
            self.read(datum, version.wrapping_sub(1));
        }
        if shares == 1 {
            let held = self.held.iter_mut().find(|(held, _)| *held == datum).expect("a share is held");
            held.1 = true;
        } else {
            self.held.push((datum, writes));
        }
        if writes { self.wrote(datum, version) } else { self.read(datum, version) }
    }

    /// A datum was copied.
    pub(crate) fn read(&mut self, datum: usize, version: u32) {
        self.history.accesses.push(Access { datum: datum as u64, version, kind: Kind::Read });
    }

    /// A copy was put back, or a datum is lent to be written.
    pub(crate) fn wrote(&mut self, datum: usize, version: u32) {
        #[cfg(test)]
        if self.forgets && self.visit.is_multiple_of(64) {
            return;
        }
        self.history.accesses.push(Access { datum: datum as u64, version, kind: Kind::Write });
    }

    /// A visit is over; its scope is not given up yet.
    pub(crate) fn end(&mut self, vertex: Vertex, function: u32, visit: u64, global: u32) {
        self.give_back();
        let accesses = self.from..self.history.accesses.len();
        self.from = accesses.end;
        let worker = self.worker;
        self.history.records.push(Record { vertex, function, worker, visit, global, accesses });
        self.visit += 1;
    }

    /// Ends the borrows of a visit.
    pub(crate) fn give_back(&mut self) {
        for (datum, written) in self.held.drain(..) {
            if written { self.versions.give_back(datum) } else { self.versions.give_back_share(datum) }
        }
    }

    pub(crate) fn into_history(self) -> History {
        self.history
    }
}
