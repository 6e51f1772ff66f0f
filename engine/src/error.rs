//! What can go wrong, said so that the reader can put it right.
//!
//! Each message names the place, what was expected, what was found and what to do. [`Error::kind`] groups the variants as
//! the exit codes of `sysexits.h` do, so that a command line maps them in one place.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input cannot be opened: it is missing, it is a directory, or it may not be read.
    #[error("{}: expected {expected}, found {found}{}", .path.display(), Advice(.advice))]
    NoInput {
        /// The input, as it was named.
        path: PathBuf,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
        /// What to do.
        advice: String,
        /// What the system said.
        source: Option<io::Error>,
    },

    /// The input was opened, and reading it failed half-way.
    #[error("{}: expected to read the whole input, found that reading failed; check the disk or the sender of the pipe", .path.display())]
    Read {
        /// The input, as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// The input is compressed, and the compressed stream is damaged.
    #[error("{}: expected a whole {expected} stream, found one that is damaged or cut off; fetch or write the file again", .path.display())]
    Compressed {
        /// The input, as it was named.
        path: PathBuf,
        /// Name of the compression.
        expected: String,
        /// What the decoder said.
        source: io::Error,
    },

    /// One line of the input is not what its format asks for.
    #[error("{}: expected {expected}, found {found}{}", Place(.path, *.line, *.column), Advice(.advice))]
    Line {
        /// The input, as it was named.
        path: PathBuf,
        /// Counted from 1; every line counts, comments and empty ones too.
        line: u64,
        /// Column of the table, counted from 1, where one is to blame.
        column: Option<u32>,
        /// What the format asks for.
        expected: String,
        /// What the line has.
        found: String,
        /// What to do.
        advice: String,
    },

    /// The input as a whole is not what was asked for.
    #[error("{}: expected {expected}, found {found}{}", .path.display(), Advice(.advice))]
    File {
        /// The input, as it was named.
        path: PathBuf,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
        /// What to do.
        advice: String,
    },

    /// An output cannot be written. Whatever stood at the path before is still whole.
    #[error("{}: expected to write the file, found that {found}; {advice}", .path.display())]
    Write {
        /// The output, as it was named.
        path: PathBuf,
        /// What hinders.
        found: String,
        /// What to do.
        advice: String,
        /// What the system said.
        source: io::Error,
    },

    /// A name or a value that was chosen does not exist.
    #[error("expected {expected}, found {found}{}", Advice(.advice))]
    Usage {
        /// What there is to choose from.
        expected: String,
        /// What was chosen.
        found: String,
        /// What to do.
        advice: String,
    },

    /// An edge names a vertex that the graph does not have.
    #[error(
        "edge {edge}: vertex {vertex} does not exist; the graph has the vertices 0 to {vertices} exclusive"
    )]
    NoSuchVertex {
        /// Position in the list of edges.
        edge: usize,
        /// The vertex that was found.
        vertex: u32,
        /// How many there are on its side.
        vertices: u32,
    },
    /// Two vertices have one color and are too close for it.
    #[error(
        "vertices {first} and {second}: expected different colors, found color {color} for both, and {}; change the color of one, or let \
         Coloring::greedy choose them all",
        Closeness(.between)
    )]
    BadColoring {
        /// The smaller of the two.
        first: u32,
        /// The larger of the two.
        second: u32,
        /// The color of both.
        color: u32,
        /// A neighbor of both, for a coloring at distance two; `None` if the two are neighbors themselves.
        between: Option<u32>,
    },

    /// A combination of program, scheduler and graph that no executor admits.
    #[error("{what} is not admitted: {why}; {instead}")]
    NotAdmitted {
        /// The combination.
        what: String,
        /// The reason.
        why: String,
        /// What to do instead.
        instead: String,
    },
}

/// The four kinds of failure, as exit codes tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked for something that does not exist (exit code 2).
    Usage,
    /// The input is there and is wrong (exit code 65).
    Data,
    /// There is no such input (exit code 66).
    NoInput,
    /// The system failed to read or write (exit code 74).
    Io,
}

impl Error {
    /// Which kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::NoInput { .. } => ErrorKind::NoInput,
            Error::Read { .. } | Error::Write { .. } => ErrorKind::Io,
            Error::Compressed { .. }
            | Error::Line { .. }
            | Error::File { .. }
            | Error::NoSuchVertex { .. } => ErrorKind::Data,
            Error::Usage { .. } | Error::BadColoring { .. } | Error::NotAdmitted { .. } => ErrorKind::Usage,
        }
    }

    /// The file that the error is about.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Error::NoInput { path, .. }
            | Error::Read { path, .. }
            | Error::Compressed { path, .. }
            | Error::Line { path, .. }
            | Error::File { path, .. }
            | Error::Write { path, .. } => Some(path),
            Error::Usage { .. }
            | Error::NoSuchVertex { .. }
            | Error::BadColoring { .. }
            | Error::NotAdmitted { .. } => None,
        }
    }

    /// The line that the error is about, counted from 1.
    pub fn line(&self) -> Option<u64> {
        match self {
            Error::Line { line, .. } => Some(*line),
            _ => None,
        }
    }
}

/// `ratings.csv:17: column 3`.
struct Place<'a>(&'a Path, u64, Option<u32>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.display(), self.1)?;
        self.2.map_or(Ok(()), |column| write!(f, ": column {column}"))
    }
}

/// What makes two vertices close.
struct Closeness<'a>(&'a Option<u32>);

impl fmt::Display for Closeness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("an edge between them"),
            Some(vertex) => write!(f, "vertex {vertex} is a neighbor of both"),
        }
    }
}

/// `; do this`, or nothing.
struct Advice<'a>(&'a str);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "; {}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_error_reads_as_a_sentence() {
        let error = Error::Line {
            path: "ratings.csv".into(),
            line: 17,
            column: Some(3),
            expected: "a rating such as 4.5".into(),
            found: "\"4,5\"".into(),
            advice: "write decimals with a point".into(),
        };
        assert_eq!(
            error.to_string(),
            "ratings.csv:17: column 3: expected a rating such as 4.5, found \"4,5\"; write decimals with a point"
        );
        assert_eq!(error.kind(), ErrorKind::Data);
        assert_eq!(error.line(), Some(17));
        assert_eq!(error.file(), Some(Path::new("ratings.csv")));
    }

    #[test]
    fn an_error_fits_beside_a_result() {
        assert!(size_of::<Error>() <= 128, "{}", size_of::<Error>());
    }
}
