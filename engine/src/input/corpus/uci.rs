//! UCI bag-of-words: three lines with the numbers of documents, words and entries, then an entry a line, `document word count`, both counted
//! from 1. Nothing is allocated because of the header.

use super::super::lines::{self, Fault, LineKind, shown};
use super::super::rows::Counts;
use super::{Chunk, Format, occurrences, unsigned};

/// The three lines.
pub(super) struct Header {
    pub(super) documents: u64,
    pub(super) words: u64,
    entries: u64,
    /// Offset of the third.
    at: usize,
    /// Where the entries begin.
    pub(super) body: usize,
    pub(super) counts: Counts,
}

/// The rows of the text with their offsets.
fn rows(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    lines::lines(text, 0..text.len()).filter(|(_, line)| lines::kind(line) == LineKind::Row)
}

/// UCI where the first three rows have one field without a colon each, and no fourth row has a colon; else LDA-C.
pub(super) fn sniff(text: &[u8]) -> Format {
    let mut rows = rows(text).map(|(_, line)| line);
    let is_number =
        |line: &[u8]| Format::Uci.fields(line).count() == 1 && memchr::memchr(b':', line).is_none();
    let has_header = (0..3).all(|_| rows.next().is_some_and(is_number));
    let is_uci = has_header
        && rows.next().is_none_or(|line| Format::Uci.fields(line).count() > 1 && !line.contains(&b':'));
    if is_uci { Format::Uci } else { Format::LdaC }
}

impl Header {
    pub(super) fn read(text: &[u8]) -> Result<Self, Fault> {
        let mut rows = rows(text);
        let mut number = |what: &str| {
            let (at, line) = rows.next().unwrap_or((text.trim_ascii_end().len().saturating_sub(1), b""));
            let value = unsigned(line.trim_ascii()).ok_or_else(|| Fault {
                at: (!text.is_empty()).then_some(at),
                column: None,
                expected: format!("the number of {what}, alone on its line"),
                found: shown(line.trim_ascii()),
                advice: "begin with three lines, the numbers of documents, of words and of entries".into(),
            })?;
            Ok((value, at))
        };
        let (documents, _) = number("documents")?;
        let (words, _) = number("words")?;
        let (entries, at) = number("entries")?;
        let body = lines::next_line(text, at);
        let mut counts = Counts::default();
        for (at, line) in lines::lines(text, 0..body) {
            counts.lines += 1;
            counts.note(line, at);
        }
        // The header's lines hold no data.
        counts.rows = 0;
        Ok(Header { documents, words, entries, at, body, counts })
    }

    /// Reads one entry. The fault has a column and no line yet.
    pub(super) fn row(&self, chunk: &mut Chunk, line: &[u8]) -> Result<(), Fault> {
        let mut all = Format::Uci.fields(line);
        let (Some(document), Some(word), Some(count), None) =
            (all.next(), all.next(), all.next(), all.next())
        else {
            return Err(Fault {
                at: None,
                column: None,
                expected: "a document, a word and a count".into(),
                found: shown(line.trim_ascii()),
                advice: "write them as in \"1 61 2\"".into(),
            });
        };
        let document = number(document, 1, ("document", "first"), self.documents)?;
        let word = number(word, 2, ("word", "second"), self.words)?;
        chunk.occurrences.push(occurrences(count, 3)?);
        chunk.keys.push([document, word]);
        Ok(())
    }

    /// Checks the number of entries; `lenient` makes a difference a note.
    pub(super) fn check(&self, found: u64, lenient: bool) -> Result<Option<String>, Fault> {
        if found == self.entries {
            return Ok(None);
        }
        if lenient {
            return Ok(Some(format!("the header says {} entries, and the file has {found}", self.entries)));
        }
        Err(Fault {
            at: Some(self.at),
            column: None,
            expected: format!("{} entries, as this line says", self.entries),
            found: found.to_string(),
            advice: "fetch the file again, correct the line, or ask for lenient reading".into(),
        })
    }
}

/// The number of a document or a word, of which there are `most`, as a line of the header says.
fn number(field: &[u8], column: u32, (what, line): (&str, &str), most: u64) -> Result<u64, Fault> {
    unsigned(field).filter(|number| (1..=most).contains(number)).ok_or_else(|| {
        let advice = match unsigned(field) {
            Some(0) => "UCI files count documents and words from 1: add 1 to all".into(),
            Some(_) => format!("correct it, or the {line} line, which says how many there are"),
            None => "write a document, a word and a count, as in \"1 61 2\"".into(),
        };
        let expected = format!("a {what} from 1 to {most}");
        Fault { at: None, column: Some(column), expected, found: shown(field), advice }
    })
}
