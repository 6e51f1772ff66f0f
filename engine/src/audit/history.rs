//! What a run leaves behind for the auditor: which update read and wrote which version of what.
//!
//! A datum is whatever an update reads or writes whole: the data of a vertex, an edge, a ghost, an inbox. Whoever records
//! gives each a number of its own. A datum's versions count its writes: version 0 is what it held before the run.

use std::ops::Range;

use crate::graph::Vertex;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Made the version.
    Write,
    /// Saw the version.
    Read,
}

/// The read of a version of a datum, or the write that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) datum: u64,
    pub(crate) version: u32,
    pub(crate) kind: Kind,
}

/// One update: one function at one vertex, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) vertex: Vertex,
    pub(crate) function: u32,
    pub(crate) worker: u32,
    /// Updates of this vertex before this one.
    pub(crate) visit: u64,
    /// Which snapshot of the globals it read.
    pub(crate) global: u32,
    /// Its accesses in [`History::accesses`], in any order; one may be there more than once.
    pub(crate) accesses: Range<usize>,
}

/// The records of all workers, one after the other: their order means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) records: Vec<Record>,
    pub(crate) accesses: Vec<Access>,
}

impl History {
    /// Another worker's records, after these.
    pub(crate) fn append(&mut self, other: History) {
        let from = self.accesses.len();
        self.accesses.extend(other.accesses);
        let moved = |record: Record| {
            let accesses = record.accesses.start + from..record.accesses.end + from;
            Record { accesses, ..record }
        };
        self.records.extend(other.records.into_iter().map(moved));
    }

    pub(crate) fn accesses_of(&self, record: u32) -> &[Access] {
        &self.accesses[self.records[record as usize].accesses.clone()]
    }
}

/// `(datum, version)` of what a record read, and of what it wrote.
#[cfg(test)]
pub(crate) type Accesses<'a> = (&'a [(u64, u32)], &'a [(u64, u32)]);

#[cfg(test)]
impl History {
    /// One record for each; they are those of vertices 0, 1, ...
    pub(crate) fn made_of(records: &[Accesses<'_>]) -> Self {
        let mut history = History::default();
        for (vertex, (reads, writes)) in (0..).zip(records) {
            let from = history.accesses.len();
            let access = |kind| move |&(datum, version): &(u64, u32)| Access { datum, version, kind };
            history.accesses.extend(reads.iter().map(access(Kind::Read)));
            history.accesses.extend(writes.iter().map(access(Kind::Write)));
            let accesses = from..history.accesses.len();
            history.records.push(Record { vertex, function: 0, worker: 0, visit: 0, global: 0, accesses });
        }
        history
    }
}
