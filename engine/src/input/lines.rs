//! Cutting a text into chunks at line ends, and saying which line a place is in.
//!
//! Chunks have a fixed size, so that what is read never depends on the number of threads. Line numbers are only counted
//! once something is to be said about a line; the parser itself carries byte offsets.

use std::ops::Range;
use std::path::Path;

use super::Text;
use crate::Error;

/// Large enough to make a task worth stealing, small enough to balance two cores on a small file.
pub(super) const CHUNK_BYTES: usize = 1 << 19;

/// Cuts `range` of `text` at line ends, each piece `size` bytes or as much more as its last line needs.
pub(super) fn chunks(text: &[u8], range: Range<usize>, size: usize) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let aim = start.saturating_add(size.max(1));
        let end = if aim >= range.end { range.end } else { next_line(text, aim - 1).min(range.end) };
        chunks.push(start..end);
        start = end;
    }
    chunks
}

/// Where the line after the one at `at` begins.
pub(super) fn next_line(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |length| at + length + 1)
}

/// How many lines a text has; a last line without line end counts.
pub(super) fn count(text: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', text).count() as u64;
    ends + u64::from(text.last().is_some_and(|byte| *byte != b'\n'))
}

/// The number of the line that has the byte at `at`, counted from 1.
pub(super) fn number(text: &[u8], at: usize) -> u64 {
    memchr::memchr_iter(b'\n', &text[..at]).count() as u64 + 1
}

/// What a line is, apart from its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    Blank,
    Comment,
    Row,
}

/// Tells rows from comments and empty lines.
pub(super) fn kind(line: &[u8]) -> LineKind {
    match line.trim_ascii_start().first() {
        None => LineKind::Blank,
        Some(b'#' | b'%') => LineKind::Comment,
        Some(_) => LineKind::Row,
    }
}

/// The lines of `range`, each with its offset and without its line end.
pub(super) fn lines(text: &[u8], range: Range<usize>) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        (at < range.end).then(|| {
            let start = at;
            at = next_line(text, at);
            (start, text[start..at].strip_suffix(b"\n").unwrap_or(&text[start..at]))
        })
    })
}

/// What is wrong at one place of a text, before the place is turned into a line number.
#[derive(Debug)]
pub(super) struct Fault {
    /// Offset of the line; none where the text as a whole is to blame.
    pub(super) at: Option<usize>,
    pub(super) column: Option<u32>,
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) advice: String,
}

impl Fault {
    /// The error with path and line.
    pub(super) fn into_error(self, text: &Text<'_>) -> Error {
        let Fault { at, column, expected, found, advice } = self;
        let path = text.name.to_path_buf();
        match at {
            Some(at) => {
                let line = number(&text.bytes, at);
                Error::Line { path, line, column, expected, found, advice }
            }
            None => Error::File { path, expected, found, advice },
        }
    }
}

impl Fault {
    /// The error about a file that has no lines.
    pub(super) fn in_file(self, path: &Path) -> Error {
        let Fault { expected, found, advice, .. } = self;
        Error::File { path: path.to_owned(), expected, found, advice }
    }
}

/// A piece of the input in quotes for a message: cut off when long, and printable.
pub(super) fn shown(field: &[u8]) -> String {
    if field.is_empty() {
        return "nothing".to_owned();
    }
    let text = String::from_utf8_lossy(field);
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn chunks_cover_the_text_and_end_at_line_ends(text in "[ab\n]{0,60}", size in 0_usize..20) {
            let chunks = chunks(text.as_bytes(), 0..text.len(), size);
            let mut next = 0;
            for chunk in &chunks {
                prop_assert_eq!(chunk.start, next);
                prop_assert!(chunk.end == text.len() || text.as_bytes()[chunk.end - 1] == b'\n');
                prop_assert!(chunk.end > chunk.start);
                next = chunk.end;
            }
            prop_assert_eq!(next, text.len());
        }
    }

    #[test]
    fn lines_are_counted_with_and_without_a_last_line_end() {
        for (text, lines) in [("", 0), ("a", 1), ("a\n", 1), ("a\n\nb", 3)] {
            assert_eq!(count(text.as_bytes()), lines, "{text:?}");
        }
        assert_eq!(number(b"a\nb\nc", 4), 3);
    }
}
