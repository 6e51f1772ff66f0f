//! A verdict in words.

use std::fmt;

use super::conflicts::{Conflict, Step, Tear, Verdict};
use super::history::{History, Kind};

/// A verdict about a history, to be displayed. `name` says what a datum is: `vertex 3`, `edge 0 -> 5`, `ghost of 7`.
pub(crate) struct Explained<'a> {
    pub(crate) history: &'a History,
    pub(crate) verdict: &'a Verdict,
    pub(crate) name: &'a dyn Fn(u64) -> String,
}

impl Explained<'_> {
    fn update(&self, record: u32) -> String {
        let record = &self.history.records[record as usize];
        format!(
            "update of vertex {} (visit {}, function {}, worker {})",
            record.vertex,
            record.visit.saturating_add(1),
            record.function,
            record.worker
        )
    }

    fn step(&self, step: &Step) -> String {
        let (this, next) = (self.update(step.record), self.update(step.next));
        let (datum, version) = ((self.name)(step.datum), step.version);
        // Where there is a step, the next version is there too.
        let following = u64::from(version) + 1;
        match step.how {
            Conflict::WriteRead => {
                format!("{this} wrote version {version} of {datum}, which the {next} read")
            }
            Conflict::ReadWrite => format!(
                "{this} read version {version} of {datum}, which the {next} overwrote with version {following}"
            ),
            Conflict::WriteWrite => format!(
                "{this} wrote version {version} of {datum}, which the {next} overwrote with version {following}"
            ),
        }
    }

    fn tear(&self, tear: Tear) -> String {
        match tear {
            Tear::InitialWritten { datum, record } => format!(
                "the {} wrote version 0 of {}, which is what was there before the run",
                self.update(record),
                (self.name)(datum)
            ),
            Tear::WrittenTwice { datum, version, first, second } => format!(
                "the {} and the {} both wrote version {version} of {}: one of the two is lost",
                self.update(first),
                self.update(second),
                (self.name)(datum)
            ),
            Tear::NeverWritten { datum, version, record, kind } => format!(
                "the {} {} version {version} of {}, which no update wrote",
                self.update(record),
                match kind {
                    Kind::Read => "read",
                    Kind::Write => "overwrote",
                },
                (self.name)(datum)
            ),
        }
    }
}

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.verdict {
            Verdict::Serializable { order } => {
                write!(
                    f,
                    "serializable: some serial order of the {} updates has the same effect",
                    order.len()
                )
            }
            Verdict::Torn(tear) => write!(f, "not serializable: {}", self.tear(*tear)),
            Verdict::Cyclic { witness } => {
                write!(
                    f,
                    "not serializable: of {} updates, each would have to come before the next, and the last before the first",
                    witness.len()
                )?;
                witness.iter().zip(1..).try_for_each(|(step, at)| write!(f, "\n{at}. {}", self.step(step)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::conflicts::check;
    use super::*;

    fn explain(mut history: History) -> String {
        for (worker, record) in (0..).zip(&mut history.records) {
            (record.vertex, record.visit, record.worker) = (10 * worker + 3, 4, worker);
        }
        let verdict = check(&history);
        let name = |datum| format!("the data of vertex {datum}");
        Explained { history: &history, verdict: &verdict, name: &name }.to_string()
    }

    #[test]
    fn a_cycle_reads_as_a_story() {
        assert_eq!(
            explain(History::made_of(&[(&[(7, 0)], &[(7, 1)]), (&[(7, 0)], &[(7, 2)])])),
            "not serializable: of 2 updates, each would have to come before the next, and the last before the first\n\
             1. update of vertex 3 (visit 5, function 0, worker 0) wrote version 1 of the data of vertex 7, \
             which the update of vertex 13 (visit 5, function 0, worker 1) overwrote with version 2\n\
             2. update of vertex 13 (visit 5, function 0, worker 1) read version 0 of the data of vertex 7, \
             which the update of vertex 3 (visit 5, function 0, worker 0) overwrote with version 1"
        );
        let unrepeatable = explain(History::made_of(&[(&[(7, 0), (7, 1)], &[]), (&[], &[(7, 1)])]));
        assert!(unrepeatable.ends_with(
            "2. update of vertex 13 (visit 5, function 0, worker 1) wrote version 1 of the data of vertex 7, which the \
             update of vertex 3 (visit 5, function 0, worker 0) read"
        ));
    }

    #[test]
    fn other_verdicts_are_one_line() {
        assert_eq!(
            explain(History::made_of(&[(&[(7, 0)], &[])])),
            "serializable: some serial order of the 1 updates has the same effect"
        );
        assert_eq!(
            explain(History::made_of(&[(&[], &[(7, 1)]), (&[], &[(7, 1)])])),
            "not serializable: the update of vertex 3 (visit 5, function 0, worker 0) and the update of vertex 13 \
             (visit 5, function 0, worker 1) both wrote version 1 of the data of vertex 7: one of the two is lost"
        );
        assert_eq!(
            explain(History::made_of(&[(&[(7, 1)], &[])])),
            "not serializable: the update of vertex 3 (visit 5, function 0, worker 0) read version 1 of the data of \
             vertex 7, which no update wrote"
        );
        assert!(
            explain(History::made_of(&[(&[], &[(7, 2)])]))
                .contains("overwrote version 1 of the data of vertex 7")
        );
        assert!(
            explain(History::made_of(&[(&[], &[(7, 0)])]))
                .contains("wrote version 0 of the data of vertex 7")
        );
    }
}
