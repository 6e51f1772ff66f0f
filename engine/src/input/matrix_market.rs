//! MatrixMarket coordinate files (Boisvert, Pozo and Remington 1996).
//!
//! A banner, comments, a size line `rows columns entries`, and one entry a line with ids from 1. Integer, real and pattern
//! entries are read, general and, for graphs, symmetric and skew-symmetric ones. The counts of the size line are checked
//! against the body; nothing is allocated because of them.

use super::Format;
use super::layout::{Layout, Role, Subject};
use super::lines::{self, Fault, LineKind, shown};

const BANNER: &[u8] = b"%%MatrixMarket";

/// What banner and size line say.
pub(super) struct Header {
    pub(super) rows: u64,
    pub(super) columns: u64,
    pub(super) entries: u64,
    pub(super) symmetry: Symmetry,
    /// Offset of the size line.
    pub(super) size_line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symmetry {
    General,
    /// An entry off the diagonal stands for itself and its mirror image.
    Symmetric,
    /// The mirror image has the opposite sign.
    Skew,
}

/// Whether a text starts with the banner.
pub(super) fn is_matrix_market(text: &[u8]) -> bool {
    text.get(..BANNER.len()).is_some_and(|start| start.eq_ignore_ascii_case(BANNER))
}

/// Reads banner and size line.
pub(super) fn layout<'s>(text: &[u8], subject: &'s Subject) -> Result<(Layout<'s>, Header), Fault> {
    let banner_end = lines::next_line(text, 0);
    let banner = String::from_utf8_lossy(&text[..banner_end]).to_ascii_lowercase();
    let words: Vec<&str> = banner.split_ascii_whitespace().collect();
    let refuse = |column: usize, expected: &str, advice: &str| {
        let found =
            words.get(column).map_or_else(|| "the end of the line".to_owned(), |word| format!("{word:?}"));
        Err(Fault { at: Some(0), column: None, expected: expected.into(), found, advice: advice.into() })
    };
    if !is_matrix_market(text) {
        let expected = "a first line such as \"%%MatrixMarket matrix coordinate real general\"";
        return refuse(0, expected, "add it, or name another format");
    }
    if words.get(1) != Some(&"matrix") {
        return refuse(1, "the word matrix after %%MatrixMarket", "other objects cannot be read");
    }
    if words.get(2) != Some(&"coordinate") {
        let advice =
            "write the entries that are not zero in coordinate format, as scipy does for a sparse matrix";
        return refuse(2, "a coordinate matrix", advice);
    }
    let has_value = match words.get(3) {
        Some(&("real" | "double" | "integer" | "unsigned-integer")) => true,
        Some(&"pattern") => false,
        _ => return refuse(3, "real, integer or pattern entries", "convert the entries to real numbers"),
    };
    let symmetry = match words.get(4) {
        Some(&"general") => Symmetry::General,
        Some(&"symmetric") if !subject.needs_value => Symmetry::Symmetric,
        Some(&"skew-symmetric") if !subject.needs_value => Symmetry::Skew,
        _ if subject.needs_value => {
            return refuse(4, "a general matrix of ratings", "list all entries as general");
        }
        _ => return refuse(4, "general, symmetric or skew-symmetric", "list all entries as general"),
    };
    let sizes =
        lines::lines(text, banner_end..text.len()).find(|(_, line)| lines::kind(line) == LineKind::Row);
    let (size_line, line) = sizes.unwrap_or((text.len().saturating_sub(1), b""));
    let numbers: Option<Vec<u64>> = line
        .trim_ascii()
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map(unsigned)
        .collect();
    let Some(&[rows, columns, entries]) = numbers.as_deref() else {
        return Err(Fault {
            at: Some(size_line),
            column: None,
            expected: "the numbers of rows, columns and entries".into(),
            found: shown(line.trim_ascii()),
            advice: "write them as in \"3 4 10\"".into(),
        });
    };
    let mut roles = vec![Role::First, Role::Second];
    if has_value {
        roles.push(Role::Value);
    }
    let mut notes = Vec::new();
    if subject.needs_value && !has_value {
        notes.push(format!("the matrix is a pattern, so every {} is 1", subject.value));
    }
    let layout = Layout {
        format: Format::MatrixMarket,
        subject,
        roles,
        header: Some(0..banner_end),
        body: lines::next_line(text, size_line),
        bounds: Some([rows, columns]),
        notes,
    };
    Ok((layout, Header { rows, columns, entries, symmetry, size_line }))
}

/// A whole number from 0.
pub(super) fn unsigned(word: &[u8]) -> Option<u64> {
    crate::graph::Id::parse_integer(word).and_then(|value| u64::try_from(value).ok())
}

impl Header {
    /// Checks the number of entries; `lenient` makes a difference a note.
    pub(super) fn check(&self, found: u64, lenient: bool) -> Result<Option<String>, Fault> {
        if found == self.entries {
            return Ok(None);
        }
        if lenient {
            return Ok(Some(format!(
                "the size line says {} entries, and the file has {found}",
                self.entries
            )));
        }
        Err(Fault {
            at: Some(self.size_line),
            column: Some(3),
            expected: format!("{} entries, as this line says", self.entries),
            found: format!("{found}"),
            advice: "fetch the file again, correct the line, or ask for lenient reading".into(),
        })
    }
}
