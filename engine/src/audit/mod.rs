//! The auditor: proves that a recorded run was serializable, or shows why it was not.
//!
//! Each worker notes which version of which datum its visits read and wrote ([`recorder`]). From that follows which visit had
//! to come before which ([`conflicts`]): without a cycle there is a serial order, and the run is told again in that order,
//! visit by visit, from the data that it began with. It must come out with the same bits.

mod conflicts;
mod cycle;
mod explain;
#[cfg(all(test, not(any(loom, shuttle))))]
mod faults_tests;
mod history;
mod recorder;

use conflicts::{Verdict, check};
use explain::Explained;

pub(crate) use history::{History, Record};
pub(crate) use recorder::{Overlap, Recorder};

use crate::executor::Work;
use crate::graph::Vertex;

/// What the auditor found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Visits that were recorded.
    pub updates: u64,
    /// Reads and writes that they made.
    pub accesses: u64,
    /// What follows from them.
    pub finding: Finding,
}

/// Whether a run was serializable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// There is a serial order with the same reads and writes.
    Serializable {
        /// Whether the run, told again in this order, ended with the same bits; none where its data cannot be copied
        /// ([`Own`](crate::Own)). Ghosts that are published to one vertex before it takes them commute, so this order may
        /// exchange them: a program whose sums of them round, as those of floats do, may rightly end with other bits.
        replayed: Option<bool>,
    },
    /// There is none: in any order some visit would have read or overwritten something else.
    NotSerializable {
        /// In words: the smallest cycle of visits, a line each, or whatever else is wrong.
        witness: String,
        /// Visits in the cycle.
        length: usize,
    },
}

impl Audit {
    /// Whether a serial order was found, and, where it could be told again, gave the same bits.
    pub fn is_serializable(&self) -> bool {
        matches!(self.finding, Finding::Serializable { replayed: None | Some(true) })
    }

    /// Looks at what the workers recorded. `met`: the vertex whose visit met another one in the act.
    pub(crate) fn of(work: &mut dyn Work, met: Option<(Vertex, Overlap)>) -> Self {
        let mut history = History::default();
        for recorder in work.recorders() {
            history.append(recorder.into_history());
        }
        let (updates, accesses) = (history.records.len() as u64, history.accesses.len() as u64);
        let finding = match met {
            Some((vertex, overlap)) => Finding::NotSerializable {
                witness: format!(
                    "not serializable: worker {}, visiting vertex {vertex}, was to {} {} while another visit had it",
                    overlap.worker,
                    if overlap.writes { "write" } else { "read" },
                    work.name(overlap.datum as u64)
                ),
                length: 2,
            },
            None => Self::judge(work, &history),
        };
        Audit { updates, accesses, finding }
    }

    fn judge(work: &mut dyn Work, history: &History) -> Finding {
        let verdict = check(history);
        if let Verdict::Serializable { order } = &verdict {
            let mut records = order.iter().map(|at| &history.records[*at as usize]);
            return Finding::Serializable { replayed: work.replay(&mut records) };
        }
        let name = |datum| work.name(datum);
        let witness = Explained { history, verdict: &verdict, name: &name }.to_string();
        let length = if let Verdict::Cyclic { witness } = &verdict { witness.len() } else { 2 };
        Finding::NotSerializable { witness, length }
    }
}

impl std::fmt::Display for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Audit { updates, accesses, finding } = self;
        match finding {
            Finding::Serializable { replayed } => {
                write!(
                    f,
                    "serializable: {updates} updates with {accesses} reads and writes have a serial order"
                )?;
                match replayed {
                    Some(true) => write!(f, ", which gives the same bits"),
                    Some(false) => write!(
                        f,
                        ", but told again in it, the run ends with other bits: something is not recorded, or sums of published ghosts round"
                    ),
                    None => write!(f, "; it was not told again, since the data are not plain"),
                }
            }
            Finding::NotSerializable { witness, .. } => f.write_str(witness),
        }
    }
}
