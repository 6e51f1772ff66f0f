//! Whether a history is conflict-serializable, by its conflict graph.
//!
//! Two updates conflict if they access one datum and one of them writes. A serial order that gives every update what it saw
//! keeps the order of all conflicts, and there is one exactly if the graph of conflicts has no cycle (Papadimitriou 1979,
//! "The serializability of concurrent database updates"; Bernstein, Hadzilacos and Goodman 1987, "Concurrency control and
//! recovery in database systems", section 2.3). Versions tell the order of the accesses to a datum without clocks:
//! the writer of version k comes before its readers, and they come before the writer of version k + 1. Conflicts further apart
//! follow from these.
//!
//! One sort of all accesses by datum and version, then passes over it: O(accesses log accesses). The graph is in rows,
//! with parallel edges, since to remove them costs more than to walk them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::cycle::smallest_cycle;
use super::history::{Access, History, Kind};

/// What a history shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Run one after the other in this order, the updates would have seen and left the same.
    Serializable {
        /// All records; of those that may come next, the one with the smallest number does.
        order: Vec<u32>,
    },
    /// No serial order gives every update what it saw.
    Cyclic {
        /// A smallest cycle, unless [`smallest_cycle`] ran out of steps: each record has to come before the next.
        witness: Vec<Step>,
    },
    /// The versions of a datum contradict themselves: a lost update or a damaged history. The one with the smallest datum,
    /// then version.
    Torn(Tear),
}

/// Why one record has to come before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step {
    pub(crate) record: u32,
    pub(crate) next: u32,
    pub(crate) datum: u64,
    /// The version that `record` made or read.
    pub(crate) version: u32,
    pub(crate) how: Conflict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Conflict {
    /// The next reads the version that this one made.
    WriteRead,
    /// The next makes the version after the one that this one read.
    ReadWrite,
    /// The next makes the version after the one that this one made.
    WriteWrite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tear {
    /// Version 0, which is what was there before the run, was written.
    InitialWritten { datum: u64, record: u32 },
    /// Two writes made the same version: neither saw the other. They may be of one record.
    WrittenTwice { datum: u64, version: u32, first: u32, second: u32 },
    /// A version that nobody wrote was read, or overwritten by the write of the next one.
    NeverWritten { datum: u64, version: u32, record: u32, kind: Kind },
}

/// An access in an order where the conflicts of a datum lie side by side.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    datum: u64,
    /// From above: version (32 bits), 0 for a write and 1 for a read, record (31 bits).
    rest: u64,
}

impl Entry {
    fn new(access: &Access, record: u32) -> Self {
        let kind = u64::from(access.kind == Kind::Read);
        Entry { datum: access.datum, rest: u64::from(access.version) << 32 | kind << 31 | u64::from(record) }
    }

    fn version(self) -> u32 {
        (self.rest >> 32) as u32
    }

    fn is_write(self) -> bool {
        self.rest >> 31 & 1 == 0
    }

    fn record(self) -> u32 {
        self.rest as u32 & (u32::MAX >> 1)
    }
}

/// Decides. A million updates with 15 accesses each take a second or two, a few if there is a cycle.
///
/// # Panics
/// If there are 2^31 records or more.
pub(crate) fn check(history: &History) -> Verdict {
    let records = u32::try_from(history.records.len()).unwrap_or(u32::MAX);
    assert!(records < 1 << 31, "{records} records; the auditor takes up to 2^31 - 1");
    let entries = sorted_entries(history);
    if let Some(tear) = find_tear(&entries) {
        return Verdict::Torn(tear);
    }
    let graph = Successors::of(&entries, records);
    drop(entries);
    let (order, left) = graph.topological_order();
    if left.is_empty() {
        return Verdict::Serializable { order };
    }
    let cycle = smallest_cycle(&graph, &left);
    let ends = cycle.iter().zip(cycle.iter().cycle().skip(1));
    Verdict::Cyclic { witness: ends.map(|(record, next)| step(history, *record, *next)).collect() }
}

fn sorted_entries(history: &History) -> Vec<Entry> {
    let of_record =
        |record: u32| history.accesses_of(record).iter().map(move |access| Entry::new(access, record));
    let mut entries: Vec<Entry> =
        (0..history.records.len() as u32).into_par_iter().flat_map_iter(of_record).collect();
    entries.par_sort_unstable();
    entries
}

fn find_tear(entries: &[Entry]) -> Option<Tear> {
    for accesses in entries.chunk_by(|one, next| one.datum == next.datum) {
        let datum = accesses[0].datum;
        // The initial data need no write.
        let mut written = 0;
        let mut writer = None;
        for access in accesses {
            let (version, record) = (access.version(), access.record());
            if !access.is_write() {
                if version != written {
                    return Some(Tear::NeverWritten { datum, version, record, kind: Kind::Read });
                }
                continue;
            }
            match writer {
                _ if version == 0 => return Some(Tear::InitialWritten { datum, record }),
                Some(first) if version == written => {
                    return Some(Tear::WrittenTwice { datum, version, first, second: record });
                }
                _ if version - 1 != written => {
                    let missing = version - 1;
                    return Some(Tear::NeverWritten { datum, version: missing, record, kind: Kind::Write });
                }
                _ => (written, writer) = (version, Some(record)),
            }
        }
    }
    None
}

/// Visits the conflicts, each as the record that comes first and the one after; a record has none with itself.
fn for_each_conflict(entries: &[Entry], mut visit: impl FnMut(u32, u32)) {
    let mut visit = |from: Option<u32>, to: Option<u32>| {
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            visit(from, to);
        }
    };
    for accesses in entries.chunk_by(|one, next| one.datum == next.datum) {
        let versions = accesses.chunk_by(|one, next| one.version() == next.version());
        let mut versions = versions
            .map(|accesses| {
                let writer =
                    accesses.first().filter(|access| access.is_write()).map(|access| access.record());
                (writer, &accesses[usize::from(writer.is_some())..])
            })
            .peekable();
        while let Some((writer, readers)) = versions.next() {
            let overwriter = versions.peek().and_then(|(writer, _)| *writer);
            visit(writer, overwriter);
            let mut last = None;
            for reader in readers.iter().map(|access| Some(access.record())) {
                // Equal reads lie side by side.
                if reader != last {
                    visit(writer, reader);
                    visit(reader, overwriter);
                    last = reader;
                }
            }
        }
    }
}

/// The conflict graph: which records come after each, some more than once.
pub(super) struct Successors {
    offsets: Vec<usize>,
    records: Vec<u32>,
}

impl Successors {
    fn of(entries: &[Entry], records: u32) -> Self {
        let mut offsets = vec![0; records as usize + 2];
        for_each_conflict(entries, |from, _| offsets[from as usize + 2] += 1);
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        // Shifted by one, so that each offset ends up where the next row starts.
        let mut records = vec![0; offsets[offsets.len() - 1]];
        for_each_conflict(entries, |from, to| {
            let at = &mut offsets[from as usize + 1];
            records[*at] = to;
            *at += 1;
        });
        offsets.pop();
        Successors { offsets, records }
    }

    #[cfg(test)]
    pub(super) fn from_rows(rows: &[&[u32]]) -> Self {
        let mut offsets = vec![0];
        rows.iter().for_each(|row| offsets.push(offsets[offsets.len() - 1] + row.len()));
        Successors { offsets, records: rows.concat() }
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(super) fn after(&self, record: u32) -> &[u32] {
        &self.records[self.offsets[record as usize]..self.offsets[record as usize + 1]]
    }

    /// Kahn (1962), "Topological sorting of large networks": the records that can be ordered, and those that lie on cycles or
    /// behind them.
    fn topological_order(&self) -> (Vec<u32>, Vec<u32>) {
        let mut before = vec![0u32; self.len()];
        self.records.iter().for_each(|record| before[*record as usize] += 1);
        let records = 0..self.len() as u32;
        let free = records.clone().filter(|record| before[*record as usize] == 0);
        let mut free: BinaryHeap<Reverse<u32>> = free.map(Reverse).collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(Reverse(record)) = free.pop() {
            order.push(record);
            for next in self.after(record) {
                before[*next as usize] -= 1;
                if before[*next as usize] == 0 {
                    free.push(Reverse(*next));
                }
            }
        }
        (order, records.filter(|record| before[*record as usize] > 0).collect())
    }
}

/// The smallest conflict, by datum and version, that puts one record before the next.
fn step(history: &History, record: u32, next: u32) -> Step {
    let key = |access: &Access| (access.datum, access.version, access.kind);
    let mut theirs: Vec<_> = history.accesses_of(next).iter().map(key).collect();
    theirs.sort_unstable();
    let conflicts = history.accesses_of(record).iter().flat_map(|&Access { datum, version, kind }| {
        let following = (datum, version.saturating_add(1), Kind::Write);
        let (how, same) = match kind {
            Kind::Write => (Conflict::WriteWrite, Some((datum, version, Kind::Read))),
            Kind::Read => (Conflict::ReadWrite, None),
        };
        let found = [same.map(|same| (same, Conflict::WriteRead)), Some((following, how))];
        let theirs = &theirs;
        let found = found.into_iter().flatten().filter(|(key, _)| theirs.binary_search(key).is_ok());
        found.map(move |(_, how)| Step { record, next, datum, version, how })
    });
    let key = |step: &Step| (step.datum, step.version, step.how);
    conflicts.min_by_key(key).expect("records that follow each other in the conflict graph conflict")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;
    use crate::audit::history::{Accesses, Record};
    use proptest::prelude::*;

    fn order(history: &History) -> Vec<u32> {
        match check(history) {
            Verdict::Serializable { order } => order,
            other => panic!("{other:?}"),
        }
    }

    fn witness(history: &History) -> Vec<Step> {
        match check(history) {
            Verdict::Cyclic { witness } => witness,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn histories_that_are_serializable() {
        assert!(order(&History::made_of(&[])).is_empty());
        assert_eq!(order(&History::made_of(&[(&[], &[]), (&[], &[])])), [0, 1]);
        // Nobody writes.
        assert_eq!(order(&History::made_of(&[(&[(7, 0)], &[]), (&[(7, 0)], &[])])), [0, 1]);
        // A chain, recorded backward: each overwrites what the next record wrote.
        assert_eq!(
            order(&History::made_of(&[
                (&[(7, 2)], &[(7, 3)]),
                (&[(7, 1)], &[(7, 2)]),
                (&[(7, 0)], &[(7, 1)])
            ])),
            [2, 1, 0]
        );
        // A reader between two writers, and another history beside it.
        assert_eq!(
            order(&History::made_of(&[
                (&[], &[(7, 2)]),
                (&[(8, 1)], &[]),
                (&[(7, 1)], &[]),
                (&[], &[(7, 1)]),
                (&[], &[(8, 1)])
            ])),
            [3, 2, 0, 4, 1]
        );
        // One record writes twice and reads what it wrote.
        assert_eq!(order(&History::made_of(&[(&[(7, 0), (7, 1), (7, 2)], &[(7, 1), (7, 2)])])), [0]);
    }

    #[test]
    fn a_lost_update_is_a_cycle() {
        let lost = History::made_of(&[(&[(7, 0)], &[(7, 1)]), (&[(7, 0)], &[(7, 2)])]);
        let step = |record, next, version, how| Step { record, next, datum: 7, version, how };
        assert_eq!(witness(&lost), [step(0, 1, 1, Conflict::WriteWrite), step(1, 0, 0, Conflict::ReadWrite)]);
    }

    #[test]
    fn write_skew_is_a_cycle() {
        let skew = History::made_of(&[(&[(1, 0), (2, 0)], &[(1, 1)]), (&[(1, 0), (2, 0)], &[(2, 1)])]);
        let step = |record, next, datum| Step { record, next, datum, version: 0, how: Conflict::ReadWrite };
        assert_eq!(witness(&skew), [step(0, 1, 2), step(1, 0, 1)]);
    }

    #[test]
    fn two_reads_of_one_datum_that_changed_between_are_a_cycle() {
        let witness = witness(&History::made_of(&[(&[(7, 0), (7, 1)], &[]), (&[], &[(7, 1)])]));
        assert_eq!(witness.len(), 2);
    }

    /// Each record reads what the next one writes, all around; the records before and behind are on no cycle.
    #[test]
    fn a_long_cycle_is_found_whole() {
        let n = 100_000u32;
        let mut all = History::default();
        let ring = |at: u32| u64::from(at % n);
        for at in 0..n {
            let from = all.accesses.len();
            all.accesses.push(Access { datum: ring(at), version: 1, kind: Kind::Write });
            all.accesses.push(Access { datum: ring(at + 1), version: 0, kind: Kind::Read });
            let accesses = from..all.accesses.len();
            all.records.push(Record { vertex: at, function: 0, worker: 0, visit: 0, global: 0, accesses });
        }
        for version in 1..=n {
            let from = all.accesses.len();
            all.accesses.push(Access { datum: ring(0), version: version + 1, kind: Kind::Write });
            let accesses = from..all.accesses.len();
            all.records.push(Record { vertex: 0, function: 0, worker: 0, visit: 0, global: 0, accesses });
        }
        let witness = witness(&all);
        assert_eq!(witness.len(), n as usize);
        assert!(witness.iter().zip(0..).all(|(step, at)| step.record == at && step.next == (at + 1) % n));
    }

    #[test]
    fn of_two_cycles_the_smaller_is_the_witness() {
        // Three records around data 1 to 3, two around 4 and 5.
        let both = History::made_of(&[
            (&[(2, 0)], &[(1, 1)]),
            (&[(3, 0)], &[(2, 1)]),
            (&[(1, 0)], &[(3, 1)]),
            (&[(5, 0)], &[(4, 1)]),
            (&[(4, 0)], &[(5, 1)]),
        ]);
        assert_eq!(witness(&both).iter().map(|step| step.record).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn torn_versions_are_named() {
        let torn = |records: &[Accesses<'_>]| match check(&History::made_of(records)) {
            Verdict::Torn(tear) => tear,
            other => panic!("{other:?}"),
        };
        let datum = 7;
        assert_eq!(torn(&[(&[], &[(7, 0)])]), Tear::InitialWritten { datum, record: 0 });
        assert_eq!(
            torn(&[(&[], &[(7, 1)]), (&[], &[(7, 1)])]),
            Tear::WrittenTwice { datum, version: 1, first: 0, second: 1 }
        );
        assert_eq!(
            torn(&[(&[], &[(7, 1), (7, 1)])]),
            Tear::WrittenTwice { datum, version: 1, first: 0, second: 0 }
        );
        let never = |version, record, kind| Tear::NeverWritten { datum, version, record, kind };
        assert_eq!(torn(&[(&[(7, 1)], &[])]), never(1, 0, Kind::Read));
        assert_eq!(torn(&[(&[], &[(7, 1)]), (&[], &[(7, 3)])]), never(2, 1, Kind::Write));
        assert_eq!(torn(&[(&[(7, 3)], &[(7, 1)]), (&[], &[(7, 2)])]), never(3, 0, Kind::Read));
        assert_eq!(torn(&[(&[(7, u32::MAX)], &[])]), never(u32::MAX, 0, Kind::Read));
    }

    /// The conflicts of two records, by the definition.
    fn steps(history: &History, record: u32, next: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        for one in history.accesses_of(record) {
            for other in history.accesses_of(next).iter().filter(|other| other.datum == one.datum) {
                let how = match (one.kind, other.kind) {
                    (Kind::Write, Kind::Read) if other.version == one.version => Conflict::WriteRead,
                    (Kind::Read, Kind::Write) if other.version == one.version + 1 => Conflict::ReadWrite,
                    (Kind::Write, Kind::Write) if other.version == one.version + 1 => Conflict::WriteWrite,
                    _ => continue,
                };
                let (datum, version) = (one.datum, one.version);
                steps.push(Step { record, next, datum, version, how });
            }
        }
        steps
    }

    /// Length of a shortest cycle: powers of the matrix of conflicts, until one has something on its diagonal.
    fn shortest_cycle(history: &History) -> Option<usize> {
        let n = history.records.len();
        let joined = |a: usize, b: usize| a != b && !steps(history, a as u32, b as u32).is_empty();
        let one: Vec<Vec<bool>> = (0..n).map(|a| (0..n).map(|b| joined(a, b)).collect()).collect();
        let mut power = one.clone();
        for length in 1..=n {
            if (0..n).any(|a| power[a][a]) {
                return Some(length);
            }
            let entry = |a: usize, b: usize| (0..n).any(|c| power[a][c] && one[c][b]);
            power = (0..n).map(|a| (0..n).map(|b| entry(a, b)).collect()).collect();
        }
        None
    }

    fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for first in items {
            let rest: Vec<usize> = items.iter().copied().filter(|item| item != first).collect();
            all.extend(permutations(&rest).into_iter().map(|tail| [vec![*first], tail].concat()));
        }
        all
    }

    /// Plays accesses in the order of their execution, `(record, datum, kind)`, and records what each saw.
    fn play(records: usize, operations: &[(usize, u64, Kind)]) -> History {
        let mut versions = [0; 8];
        let mut accesses = vec![Vec::new(); records];
        for (record, datum, kind) in operations {
            let version = &mut versions[*datum as usize];
            *version += u32::from(*kind == Kind::Write);
            accesses[*record].push(Access { datum: *datum, version: *version, kind: *kind });
        }
        let mut history = History::made_of(&vec![(&[][..], &[][..]); records]);
        for (record, accesses) in history.records.iter_mut().zip(accesses) {
            record.accesses = history.accesses.len()..history.accesses.len() + accesses.len();
            history.accesses.extend(accesses);
        }
        history
    }

    /// By the definition, without versions: of two accesses to one datum of which one writes, the earlier's record comes first.
    fn keeps_conflicts(order: &[usize], operations: &[(usize, u64, Kind)]) -> bool {
        let place = |record| order.iter().position(|other| *other == record).unwrap();
        operations.iter().enumerate().all(|(at, (earlier, datum, kind))| {
            operations[at + 1..].iter().all(|(later, other_datum, other_kind)| {
                let conflict = earlier != later
                    && datum == other_datum
                    && (*kind == Kind::Write || *other_kind == Kind::Write);
                !conflict || place(*earlier) < place(*later)
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..Default::default() })]

        #[test]
        fn verdicts_are_those_of_all_serial_orders(
            records in 1..6_usize,
            data in 1..5_u64,
            draws in proptest::collection::vec((0..60_usize, 0..60_u64, prop_oneof![Just(Kind::Read), Just(Kind::Write)]), 0..16),
        ) {
            let operations: Vec<_> =
                draws.into_iter().map(|(record, datum, kind)| (record % records, datum % data, kind)).collect();
            let history = play(records, &operations);
            let all: Vec<usize> = (0..records).collect();
            let serial = permutations(&all).into_iter().find(|order| keeps_conflicts(order, &operations));
            let shortest = shortest_cycle(&history);
            prop_assert_eq!(serial.is_none(), shortest.is_some());
            match check(&history) {
                Verdict::Serializable { order } => {
                    let order: Vec<usize> = order.into_iter().map(|record| record as usize).collect();
                    prop_assert_eq!(order.len(), records);
                    prop_assert!(keeps_conflicts(&order, &operations), "{:?}", order);
                    // The first in the order of numbers, of all that there are.
                    prop_assert_eq!(Some(order), serial);
                }
                Verdict::Cyclic { witness } => {
                    prop_assert_eq!(Some(witness.len()), shortest);
                    for (at, step) in witness.iter().enumerate() {
                        prop_assert_eq!(step.next, witness[(at + 1) % witness.len()].record);
                        let smallest = steps(&history, step.record, step.next).into_iter()
                            .min_by_key(|step| (step.datum, step.version, step.how));
                        prop_assert_eq!(smallest, Some(*step));
                    }
                }
                Verdict::Torn(tear) => prop_assert!(false, "{:?}", tear),
            }
        }

        #[test]
        fn torn_exactly_if_the_versions_of_a_datum_are_not_each_written_once(
            accesses in proptest::collection::vec((0..3_u32, 0..2_u64, 0..4_u32, any::<bool>()), 0..8),
        ) {
            let mut all = History::made_of(&[(&[], &[]), (&[], &[]), (&[], &[])]);
            for record in 0..3 {
                let from = all.accesses.len();
                let own = accesses.iter().filter(|access| access.0 == record);
                all.accesses.extend(own.map(|&(_, datum, version, write)| {
                    Access { datum, version, kind: if write { Kind::Write } else { Kind::Read } }
                }));
                all.records[record as usize].accesses = from..all.accesses.len();
            }
            let whole = (0..2).all(|datum| {
                let of = |write| {
                    let own = accesses.iter().filter(move |access| access.1 == datum && access.3 == write);
                    own.map(|access| access.2)
                };
                let mut written: Vec<u32> = of(true).collect();
                written.sort_unstable();
                let count = written.len() as u32;
                written.into_iter().eq(1..=count) && of(false).all(|version| version <= count)
            });
            prop_assert_eq!(!matches!(check(&all), Verdict::Torn(_)), whole);
        }
    }

    /// A history of updates that were run one after the other, each reading some data and writing one.
    fn large(updates: u64) -> (Vec<u32>, History) {
        let data = updates / 10;
        let mut versions = vec![0; data as usize];
        let mut random = Random::keyed(1, 0, 0, 0);
        let mut all = History::default();
        for vertex in 0..updates as u32 {
            let from = all.accesses.len();
            for _ in 0..14 {
                let datum = random.below(data);
                all.accesses.push(Access { datum, version: versions[datum as usize], kind: Kind::Read });
            }
            let datum = random.below(data);
            versions[datum as usize] += 1;
            all.accesses.push(Access { datum, version: versions[datum as usize], kind: Kind::Write });
            let accesses = from..all.accesses.len();
            all.records.push(Record { vertex, function: 0, worker: 0, visit: 0, global: 0, accesses });
        }
        (versions, all)
    }

    #[test]
    fn one_fault_among_many_updates_is_found() {
        let (_, mut all) = large(20_000);
        assert_eq!(order(&all), (0..20_000).collect::<Vec<u32>>());
        // An update far into the run reads what was there when it began.
        let stale = all.accesses.iter().rposition(|access| access.kind == Kind::Read && access.version > 3);
        all.accesses[stale.unwrap()].version = 0;
        let witness = witness(&all);
        assert!(
            witness.iter().any(|step| all.records[step.record as usize].accesses.contains(&stale.unwrap()))
        );
    }

    /// `cargo test --release -p gasworks-engine --lib audit::conflicts::tests::times -- --ignored --nocapture`
    #[test]
    #[ignore = "times, to be read"]
    fn times() {
        let (_, mut all) = large(1_000_000);
        let time = |what: &str, all: &History| {
            let start = std::time::Instant::now();
            let verdict = check(all);
            println!("{what}: {:.2} s", start.elapsed().as_secs_f64());
            verdict
        };
        assert!(matches!(time("serializable", &all), Verdict::Serializable { .. }));
        let stale = all.accesses.iter().rposition(|access| access.kind == Kind::Read && access.version > 3);
        all.accesses[stale.unwrap()].version = 0;
        let verdict = time("one stale read", &all);
        println!(
            "{}",
            crate::audit::explain::Explained {
                history: &all,
                verdict: &verdict,
                name: &|datum| format!("vertex {datum}")
            }
        );
        for access in all.accesses.iter_mut().step_by(1000).filter(|access| access.kind == Kind::Read) {
            access.version = access.version.saturating_sub(1);
        }
        assert!(matches!(time("many stale reads", &all), Verdict::Cyclic { .. }));
    }
}
