//! Adjacency lists: a line a vertex, with the targets of the arcs that leave it.
//!
//! Three dialects are written. `vertex: target target` is told from the colon that ends the first id of every line. `vertex target target` is what
//! NetworkX writes; since a line may as well be a row of a table, it is never guessed, and has to be asked for as `adjacency`. `vertex count target
//! target` is PowerGraph's `adj`; it is told only where no table has such lines, and where each count of at least [`CERTAIN`] lines is right.
//! Targets are separated by blanks or commas. A vertex without targets stands alone in its line, or with a count of 0.

use std::ops::Range;

use rayon::prelude::*;

use super::edges::fill;
use super::lines::{self, Fault, LineKind, shown};
use super::matrix_market::unsigned;
use super::numbering::{Numbered, Side};
use super::rows::{Counts, Key, Keys, Refusal, Signs, Stop, not_utf8};
use super::{EdgeList, Format, Loaded, Report, Text, sniff};

/// So many right counts are no accident.
const CERTAIN: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Colon,
    Plain,
    Counted,
}

/// Which of the formats here a text is in, if that is certain.
pub(super) fn told(text: &[u8]) -> Option<Format> {
    let rows = || {
        lines::lines(text, 0..text.len())
            .map(|(_, line)| line)
            .filter(|line| lines::kind(line) == LineKind::Row)
    };
    let first_row = rows().next()?;
    if rows().take(sniff::SAMPLE).all(|row| before_colon(row).is_some()) {
        return Some(Format::Adjacency);
    }
    let columns = |row: &[u8]| fields(row).count();
    let counted = |row: &[u8]| {
        let mut fields = fields(row).skip(1);
        let count = fields.next().and_then(unsigned);
        count == Some(fields.count() as u64)
    };
    if !rows().take(sniff::SAMPLE).all(counted) {
        return None;
    }
    let first = columns(first_row);
    let is_table = rows().all(|row| columns(row) == first);
    let is_long = rows().take(CERTAIN).count() == CERTAIN;
    (!is_table && is_long && rows().all(counted)).then_some(Format::CountedAdjacency)
}

/// The vertex and the rest of a line such as `vertex: target`.
fn before_colon(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii();
    let colon = memchr::memchr_iter(b':', line)
        .find(|colon| line.get(colon + 1).is_none_or(u8::is_ascii_whitespace))?;
    let vertex = line[..colon].trim_ascii();
    let is_one = !vertex.is_empty() && !vertex.iter().any(|byte| is_separator(*byte));
    is_one.then_some((vertex, &line[colon + 1..]))
}

fn is_separator(byte: u8) -> bool {
    byte == b',' || byte.is_ascii_whitespace()
}

fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    line.split(|byte| is_separator(*byte)).filter(|field| !field.is_empty())
}

/// What came of one piece of the text.
struct Chunk<K> {
    arcs: Vec<[K; 2]>,
    /// Vertices without targets, each twice.
    alone: Vec<[K; 2]>,
    signs: Signs,
    counts: Counts,
    stop: Option<Stop>,
}

/// What came of all.
struct Lists<'a> {
    /// The arcs, and after them vertices without targets as arcs to themselves.
    keys: Keys<'a>,
    arcs: usize,
    counts: Counts,
}

pub(super) fn read(text: &Text<'_>, format: Format, chunk_bytes: usize) -> Result<Loaded<EdgeList>, Fault> {
    let bytes = &text.bytes;
    let first = lines::lines(bytes, 0..bytes.len()).find(|(_, line)| lines::kind(line) == LineKind::Row);
    let dialect = match format {
        Format::CountedAdjacency => Dialect::Counted,
        _ if first.is_some_and(|(_, line)| before_colon(line).is_some()) => Dialect::Colon,
        _ => Dialect::Plain,
    };
    let chunks = lines::chunks(bytes, 0..bytes.len(), chunk_bytes);
    let lists = match integers(bytes, &chunks, dialect)? {
        Some(lists) => lists,
        None => join(parse::<&[u8]>(bytes, &chunks, dialect), |rows, _| Keys::Texts { rows })?,
    };
    let Lists { keys, arcs: count, counts } = lists;
    let numbered = Numbered::new(&keys, Side::Both, "vertices")?;
    let mut arcs = vec![[0; 2]; keys.lengths().iter().sum()];
    fill(&mut arcs, &keys, &numbered);
    arcs.truncate(count);

    let mut notes = text.notes.clone();
    if arcs.is_empty() {
        notes.push("the file has no edges".to_owned());
    }
    let report = Report { notes, ..text.report(format, &counts) };
    Ok(Loaded { data: EdgeList { ids: numbered.ids, arcs, weights: None }, report })
}

/// All ids as integers; nothing where they are not, or 64 bits do not tell them apart.
fn integers<'a>(
    text: &'a [u8],
    chunks: &[Range<usize>],
    dialect: Dialect,
) -> Result<Option<Lists<'a>>, Fault> {
    let parsed = parse::<u64>(text, chunks, dialect);
    let signs = parsed.iter().fold(Signs::default(), |signs, chunk| signs.or(chunk.signs));
    if signs.clash() || parsed.iter().any(|chunk| matches!(chunk.stop, Some(Stop::NotAnInteger))) {
        return Ok(None);
    }
    join(parsed, |rows, signs| Keys::Integers { rows, signs: [signs; 2] }).map(Some)
}

fn parse<'a, K: Key<'a>>(text: &'a [u8], chunks: &[Range<usize>], dialect: Dialect) -> Vec<Chunk<K>> {
    chunks.par_iter().map(|range| parse_chunk(text, range.clone(), dialect)).collect()
}

fn join<'a, K>(
    chunks: Vec<Chunk<K>>,
    keys: impl FnOnce(Vec<Vec<[K; 2]>>, Signs) -> Keys<'a>,
) -> Result<Lists<'a>, Fault> {
    let (mut rows, mut alone) = (Vec::with_capacity(2 * chunks.len()), Vec::with_capacity(chunks.len()));
    let (mut signs, mut counts) = (Signs::default(), Counts::default());
    for chunk in chunks {
        if let Some(Stop::Fault(fault)) = chunk.stop {
            return Err(fault);
        }
        signs = signs.or(chunk.signs);
        counts.add(&chunk.counts);
        rows.push(chunk.arcs);
        alone.push(chunk.alone);
    }
    let arcs = rows.iter().map(Vec::len).sum();
    rows.append(&mut alone);
    Ok(Lists { keys: keys(rows, signs), arcs, counts })
}

fn parse_chunk<'a, K: Key<'a>>(text: &'a [u8], range: Range<usize>, dialect: Dialect) -> Chunk<K> {
    let counts = Counts::default();
    let mut chunk =
        Chunk { arcs: Vec::new(), alone: Vec::new(), signs: Signs::default(), counts, stop: None };
    for (at, line) in lines::lines(text, range) {
        chunk.counts.lines += 1;
        if chunk.counts.note(line, at)
            && let Err(stop) = chunk.list(line, at, dialect)
        {
            chunk.stop = Some(stop);
            break;
        }
    }
    chunk
}

impl<'a, K: Key<'a>> Chunk<K> {
    /// Reads the list of one vertex.
    fn list(&mut self, line: &'a [u8], at: usize, dialect: Dialect) -> Result<(), Stop> {
        let (vertex, rest) = match dialect {
            Dialect::Colon => before_colon(line).ok_or_else(|| Stop::Fault(no_colon(line, at)))?,
            Dialect::Plain | Dialect::Counted => {
                let line = line.trim_ascii();
                line.split_at(line.iter().position(|byte| is_separator(*byte)).unwrap_or(line.len()))
            }
        };
        if vertex.is_empty() {
            let expected = "a vertex before the first comma".into();
            let advice = "drop the comma, or the line".into();
            return Err(Stop::Fault(Fault {
                at: Some(at),
                column: Some(1),
                expected,
                found: shown(vertex),
                advice,
            }));
        }
        let vertex = self.key(vertex, at)?;
        let mut targets = fields(rest);
        if dialect == Dialect::Counted {
            let count = targets.next().unwrap_or_default();
            let found = targets.clone().count() as u64;
            if unsigned(count) != Some(found) {
                return Err(Stop::Fault(wrong_count(count, found, at)));
            }
        }
        let before = self.arcs.len();
        for target in targets {
            let target = self.key(target, at)?;
            self.arcs.push([vertex, target]);
        }
        if self.arcs.len() == before {
            self.alone.push([vertex, vertex]);
        }
        Ok(())
    }

    fn key(&mut self, field: &'a [u8], at: usize) -> Result<K, Stop> {
        K::from_field(field, &mut self.signs).map_err(|refusal| match refusal {
            Refusal::NotAnInteger => Stop::NotAnInteger,
            Refusal::NotUtf8 => Stop::Fault(not_utf8(field, at)),
        })
    }
}

fn no_colon(line: &[u8], at: usize) -> Fault {
    Fault {
        at: Some(at),
        column: None,
        expected: "a vertex, a colon and a blank, as in the first line".into(),
        found: shown(line.trim_ascii()),
        advice: "write \"vertex: target target\" in every line, or the colon in none".into(),
    }
}

fn wrong_count(count: &[u8], found: u64, at: usize) -> Fault {
    Fault {
        at: Some(at),
        column: Some(2),
        expected: format!("{found} as the number of targets, since so many follow"),
        found: shown(count),
        advice: "fetch the file again or correct the line; a list without numbers of targets is of the format adjacency"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Source;
    use crate::input::testing::assert_chunks_do_not_matter;
    use proptest::prelude::*;

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            20 => proptest::collection::vec("[1-9]", 1..5).prop_map(|line| line.join(" ")),
            1 => "# x",
            1 => "",
            1 => "(a b|-1 18446744073709551615|,1|a)",
        ]
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(lines in proptest::collection::vec(line(), 0..30), end in "(\n|\r\n)") {
            let source = Source::from_memory("x", lines.join(&end).into_bytes());
            assert_chunks_do_not_matter(&source, |text, chunk| read(text, Format::Adjacency, chunk));
        }
    }

    #[test]
    fn only_what_is_certain_is_told() {
        let counted: String = (0..20)
            .map(|vertex| if vertex % 2 == 0 { format!("{vertex} 2 5 6\n") } else { format!("{vertex} 0\n") })
            .collect();
        for (text, format) in [
            ("1: 2 3\n2:\n", Some(Format::Adjacency)),
            ("a: b, c\nb : a\n", Some(Format::Adjacency)),
            ("1: 2 3\n2 1\n", None),
            ("1:2 3:4\n", None),
            ("1::2::3\n", None),
            ("1 2 3\n4 5\n", None),
            ("1 2 5 6\n2 0\n", None),
            (counted.as_str(), Some(Format::CountedAdjacency)),
            (&counted.replacen("0 2 5 6", "0 2 5", 1), None),
            ("", None),
        ] {
            assert_eq!(told(text.as_bytes()), format, "{text}");
        }
    }
}
