//! Observations with sparse features, in the format of SVMlight (Joachims 1999, "Making large-scale SVM learning practical") and LIBSVM
//! (Chang and Lin 2011, "LIBSVM: a library for support vector machines").
//!
//! A row is a target and then the features that are not zero, `4.5 3:0.25 17:1`: indices count from 1 and ascend. What follows a `#` is a
//! comment. The format has no header, so nothing says how many features there are: those that occur are numbered, and the greatest
//! index costs no memory.

use std::ops::Range;

use rayon::prelude::*;

use super::lines::{self, CHUNK_BYTES, Fault, shown};
use super::numbering::{Numbered, Side};
use super::rows::{Counts, Keys, Signs};
use super::{Format, Loaded, Report, Source, Text, number};
use crate::Error;
use crate::graph::{Id, Ids};

/// Numbers to be explained, and the features that may explain them.
#[derive(Clone, Debug, PartialEq)]
pub struct Observations {
    /// What is to be explained, one number a row.
    pub targets: Vec<f64>,
    /// The features that occur in any row, by their indices in the file.
    pub features: Ids,
    /// Which feature of which observation, both numbered from 0, in the order of the file.
    pub entries: Vec<[u32; 2]>,
    /// The value of each entry, finite.
    pub values: Vec<f32>,
}

/// Reads observations in the format of LIBSVM. A row may have no feature at all; a file without rows is refused.
///
/// # Errors
/// If the source cannot be read, a line is not as the format asks, or there is no observation at all.
///
/// ```
/// use gasworks_engine::input::{Source, read_observations};
///
/// let rows = "2.5 1:1 40:0.5 # the first\n-1\n0 40:2\n";
/// let loaded = read_observations(&Source::from_memory("few.libsvm", rows.as_bytes()))?;
/// let few = loaded.data;
/// assert_eq!(few.targets, [2.5, -1.0, 0.0]);
/// assert_eq!(few.features.id(1).to_string(), "40");
/// assert_eq!((few.entries, few.values), (vec![[0, 0], [1, 0], [1, 2]], vec![1.0, 0.5, 2.0]));
/// assert_eq!(loaded.report.to_string(), "few.libsvm: libsvm, 3 rows in 3 lines");
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn read_observations(source: &Source) -> Result<Loaded<Observations>, Error> {
    let text = source.read()?;
    read(&text, CHUNK_BYTES).map_err(|fault| fault.into_error(&text))
}

/// What came of one piece of the text.
#[derive(Default)]
struct Chunk {
    targets: Vec<f64>,
    /// The index of each feature, and the row of the chunk that it is in.
    keys: Vec<[u64; 2]>,
    values: Vec<f32>,
    above_i64: bool,
    counts: Counts,
    fault: Option<Fault>,
}

pub(super) fn read(text: &Text<'_>, chunk_bytes: usize) -> Result<Loaded<Observations>, Fault> {
    let bytes = &text.bytes;
    let ranges = lines::chunks(bytes, 0..bytes.len(), chunk_bytes);
    let chunks: Vec<Chunk> = ranges.into_par_iter().map(|range| parse_chunk(bytes, range)).collect();

    let (mut targets, mut values, mut counts) = (Vec::new(), Vec::new(), Counts::default());
    // Each with the number of its first observation.
    let (mut rows, mut firsts) = (Vec::with_capacity(chunks.len()), Vec::with_capacity(chunks.len()));
    let mut signs = Signs::default();
    for chunk in chunks {
        if let Some(fault) = chunk.fault {
            return Err(fault);
        }
        firsts.push(targets.len());
        targets.extend(chunk.targets);
        values.extend(chunk.values);
        signs.above_i64 |= chunk.above_i64;
        counts.add(&chunk.counts);
        rows.push(chunk.keys);
    }
    if targets.is_empty() {
        return Err(Fault {
            at: None,
            column: None,
            expected: "at least one observation".into(),
            found: "none".into(),
            advice: "check that the file was written or fetched completely".into(),
        });
    }
    let keys = Keys::Integers { rows, signs: [signs, Signs::default()] };
    let numbered = Numbered::new(&keys, Side::First, "features")?;
    if targets.len() + numbered.ids.len() > Ids::MAX_LEN {
        return Err(Fault {
            at: None,
            column: None,
            expected: format!("at most {} observations and features together", Ids::MAX_LEN),
            found: format!("{} and {}", targets.len(), numbered.ids.len()),
            advice: "split the input".into(),
        });
    }
    let Keys::Integers { rows, .. } = &keys else { unreachable!("indices are integers") };
    let entry =
        |first: usize, [index, row]: &[u64; 2]| [numbered.of_integer(*index), first as u32 + *row as u32];
    let entries = rows
        .par_iter()
        .zip(&firsts)
        .flat_map_iter(|(rows, first)| rows.iter().map(move |key| entry(*first, key)));
    let entries: Vec<[u32; 2]> = entries.collect();

    let mut notes = text.notes.clone();
    if entries.is_empty() {
        notes.push("no observation has a feature".to_owned());
    }
    let report = Report { notes, ..text.report(Format::Libsvm, &counts) };
    Ok(Loaded { data: Observations { targets, features: numbered.ids, entries, values }, report })
}

fn parse_chunk(text: &[u8], range: Range<usize>) -> Chunk {
    let mut chunk = Chunk::default();
    for (at, line) in lines::lines(text, range) {
        chunk.counts.lines += 1;
        if chunk.counts.note(line, at)
            && let Err(fault) = chunk.row(line)
        {
            chunk.fault = Some(Fault { at: Some(at), ..fault });
            break;
        }
    }
    chunk
}

const SHAPE: &str = "a row is a target and then features, as in 4.5 3:0.25 17:1";

impl Chunk {
    /// Reads one row. The fault has a column and no line yet.
    fn row(&mut self, line: &[u8]) -> Result<(), Fault> {
        let end = memchr::memchr(b'#', line).unwrap_or(line.len());
        let mut fields = line[..end].split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
        let row = self.targets.len() as u64;
        let target = number::finite(fields.next().unwrap_or_default(), "target", 1, SHAPE)?;
        let mut last = 0;
        for (column, field) in (2..).zip(fields) {
            let colon = memchr::memchr(b':', field);
            let Some(colon) = colon.filter(|_| !field.starts_with(b"qid:")) else {
                return Err(no_feature(field, column));
            };
            let index = index(&field[..colon], last, column)?;
            last = index;
            self.above_i64 |= index > i64::MAX as u64;
            self.values.push(number::finite(&field[colon + 1..], "value", column, SHAPE)?);
            self.keys.push([index, row]);
        }
        self.targets.push(target);
        Ok(())
    }
}

/// A feature's index, above that of the feature before it.
fn index(field: &[u8], last: u64, column: u32) -> Result<u64, Fault> {
    let fault = |expected: String, advice: &str| {
        Err(Fault { at: None, column: Some(column), expected, found: shown(field), advice: advice.into() })
    };
    let index = Id::parse_integer(field);
    match index.and_then(|index| u64::try_from(index).ok()) {
        Some(0) => fault(
            "a feature index from 1".into(),
            "LIBSVM counts features from 1: add 1 to every index, or let scikit-learn write the file with zero_based=False",
        ),
        Some(index) if index > last => Ok(index),
        Some(index) if index == last => {
            fault("each feature at most once in a row".into(), "add up the values of the two, or drop one")
        }
        Some(_) => fault(
            format!("a feature index above {last}, since they ascend in a row"),
            "sort the features of each row",
        ),
        None => fault(
            "a feature index, a whole number from 1".into(),
            if index.is_some() { "LIBSVM counts features from 1" } else { SHAPE },
        ),
    }
}

fn no_feature(field: &[u8], column: u32) -> Fault {
    let advice = match field.starts_with(b"qid:") {
        true => "queries are for ranking; drop them to explain the targets alone",
        false => SHAPE,
    };
    let expected = "a feature such as 3:0.25".into();
    Fault { at: None, column: Some(column), expected, found: shown(field), advice: advice.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::assert_chunks_do_not_matter;
    use proptest::prelude::*;

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            20 => ("-?[0-9](\\.5)?", proptest::collection::btree_map(1_u64..99, -9..9_i32, 0..6))
                .prop_map(|(target, row)| row.iter().fold(target, |line, (index, value)| format!("{line} {index}:{value}"))),
            1 => "# x",
            1 => "",
            1 => "1 (2:3 1:4|x|0:1|2:NaN|18446744073709551615:1)",
        ]
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(lines in proptest::collection::vec(line(), 0..30), end in "(\n|\r\n)") {
            let source = Source::from_memory("x", lines.join(&end).into_bytes());
            assert_chunks_do_not_matter(&source, read);
        }
    }
}
