//! What was read and how it was understood, for people to check.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Format;

/// Data and the account of how they were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded<T> {
    /// What was read.
    pub data: T,
    /// How it was understood.
    pub report: Report,
}

/// How an input was understood. Nothing is skipped or resolved without a trace here.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The source, as messages call it.
    pub name: PathBuf,
    /// Sniffed, or as asked for.
    pub format: Format,
    /// Told by the first bytes.
    pub compression: Compression,
    /// Size as stored.
    pub bytes: u64,
    /// Size as text, unpacked and without byte-order mark.
    pub text_bytes: u64,
    /// Lines of the text, of every kind; none of what is no text.
    pub lines: u64,
    /// Lines that hold data; edges or entries of what is no text.
    pub rows: u64,
    /// Lines that start with `#` or `%`.
    pub comments: u64,
    /// Lines with nothing but blanks.
    pub blank_lines: u64,
    /// The line that names the columns, where there is one.
    pub header: Option<String>,
    /// Ratings beyond the first of the same user and item.
    pub duplicates: u64,
    /// What a reader should know, each one sentence without a full stop.
    pub notes: Vec<String>,
}

impl Report {
    /// Of a source of which nothing is counted yet.
    pub(super) fn new(name: &Path, format: Format, compression: Compression) -> Self {
        Report {
            name: name.to_path_buf(),
            format,
            compression,
            bytes: 0,
            text_bytes: 0,
            lines: 0,
            rows: 0,
            comments: 0,
            blank_lines: 0,
            header: None,
            duplicates: 0,
            notes: Vec::new(),
        }
    }
}

/// How an input was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Plain text.
    None,
    /// One gzip member or several.
    Gzip,
    /// One zstd frame or several.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "plain",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        })
    }
}

impl fmt::Display for Report {
    /// `ratings.csv: csv with a header, 100836 rows in 100837 lines`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name.display(), self.format)?;
        if self.header.is_some() && !matches!(self.format, Format::MatrixMarket | Format::Metis) {
            f.write_str(" with a header")?;
        }
        if self.compression != Compression::None {
            write!(f, " in {}", self.compression)?;
        }
        match self.format {
            Format::Binary => write!(f, ", {} edges", self.rows)?,
            Format::Npz => write!(f, ", {} entries", self.rows)?,
            _ => write!(f, ", {} rows in {} lines", self.rows, self.lines)?,
        }
        if self.duplicates > 0 {
            write!(f, ", {} duplicates", self.duplicates)?;
        }
        Ok(())
    }
}
