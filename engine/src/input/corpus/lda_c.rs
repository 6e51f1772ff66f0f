//! LDA-C: a document a line, `2 17:1 40:3`, the number of different words, then each with its count. Words count from 0.

use super::super::lines::{Fault, shown};
use super::{Chunk, Format, occurrences, unsigned};

const SHAPE: &str =
    "a line is the number of different words, then each word with its count, as in \"2 17:1 40:3\"";

/// Reads one document. The fault has a column and no line yet.
pub(super) fn row(chunk: &mut Chunk, line: &[u8]) -> Result<(), Fault> {
    let mut fields = Format::LdaC.fields(line);
    let first = fields.next().unwrap_or_default();
    let fault = |column: u32, expected: String, found: String, advice: &str| Fault {
        at: None,
        column: Some(column),
        expected,
        found,
        advice: advice.into(),
    };
    let number = unsigned(first)
        .ok_or_else(|| fault(1, "the number of different words".into(), shown(first), SHAPE))?;
    // The row that this one is, from 0, among those of the piece.
    let document = chunk.counts.rows - 1;
    let before = chunk.keys.len() as u64;
    for (column, field) in (2..).zip(fields) {
        let colon = memchr::memchr(b':', field)
            .ok_or_else(|| fault(column, "a word and its count such as 17:2".into(), shown(field), SHAPE))?;
        let word = unsigned(&field[..colon]).ok_or_else(|| {
            fault(column, "a word, a whole number from 0".into(), shown(&field[..colon]), SHAPE)
        })?;
        chunk.occurrences.push(occurrences(&field[colon + 1..], column)?);
        chunk.keys.push([document, word]);
    }
    let found = chunk.keys.len() as u64 - before;
    if found != number {
        let advice = "the line may be cut off: fetch or write the file again, or correct the number";
        let expected = format!("{number} different words, as the line begins");
        return Err(Fault { column: None, ..fault(1, expected, found.to_string(), advice) });
    }
    Ok(())
}
