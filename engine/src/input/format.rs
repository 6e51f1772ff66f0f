//! The formats by name.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A format. The first six are tables that differ in what stands between two columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `1,2,4.5`; fields may be quoted.
    Csv,
    /// `1;2;4.5`; fields may be quoted.
    Semicolon,
    /// `1<TAB>2<TAB>4.5`, one tab between columns, so that ids may hold spaces; fields may be quoted.
    Tab,
    /// `1|2|4.5`; fields may be quoted.
    Bar,
    /// `1 2 4.5`, any run of spaces and tabs between columns.
    Space,
    /// `1::2::4.5`.
    Colons,
    /// `%%MatrixMarket matrix coordinate ...`.
    MatrixMarket,
    /// `7 11`, then a line of neighbors for each vertex from 1 on; only [`read_edges`](super::read_edges) reads it.
    Metis,
    /// `1: 2 3` or `1 2 3`, a vertex and the targets of its arcs; only [`read_edges`](super::read_edges) reads it.
    Adjacency,
    /// `1 2 2 3`, a vertex, the number of its arcs and their targets; only [`read_edges`](super::read_edges) reads it.
    CountedAdjacency,
    /// A graph in binary, as [`StoredGraph`](super::StoredGraph) writes it; only [`read_edges`](super::read_edges) and
    /// [`read_stored`](super::read_stored) read it.
    Binary,
    /// A sparse matrix of SciPy, as `scipy.sparse.save_npz` writes it, whose rows and columns count from 0.
    Npz,
    /// `4.5 3:0.25 17:1`, observations with sparse features; only [`read_observations`](super::read_observations) reads it.
    Libsvm,
    /// Three lines with the numbers of documents, words and entries, then `1 61 2`; only [`read_corpus`](super::read_corpus) reads it.
    Uci,
    /// `2 17:1 40:3`, a document a line; only [`read_corpus`](super::read_corpus) reads it.
    LdaC,
    /// Texts as people write them; only [`read_texts`](super::read_texts) reads them.
    Text,
    /// A JSON object a line; only [`read_texts`](super::read_texts) reads it.
    JsonLines,
}

impl Format {
    /// Every format of ratings and edges.
    pub const ALL: [Format; 12] = [
        Format::Colons,
        Format::Csv,
        Format::Semicolon,
        Format::Bar,
        Format::Space,
        Format::Tab,
        Format::MatrixMarket,
        Format::Metis,
        Format::Adjacency,
        Format::CountedAdjacency,
        Format::Binary,
        Format::Npz,
    ];

    /// The name that [`FromStr`] takes.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Semicolon => "semicolon",
            Format::Bar => "bar",
            Format::Tab => "tab",
            Format::Space => "space",
            Format::Colons => "colons",
            Format::MatrixMarket => "matrix-market",
            Format::Metis => "metis",
            Format::Adjacency => "adjacency",
            Format::CountedAdjacency => "adjacency-counted",
            Format::Binary => "binary",
            Format::Npz => "npz",
            Format::Libsvm => "libsvm",
            Format::Uci => "uci",
            Format::LdaC => "lda-c",
            Format::Text => "text",
            Format::JsonLines => "jsonl",
        }
    }

    /// What stands between two columns, in words.
    pub(super) fn separators(self) -> &'static str {
        match self {
            Format::Csv => "commas",
            Format::Semicolon => "semicolons",
            Format::Bar => "bars",
            Format::Tab => "tabs",
            Format::Colons => "::",
            _ => "spaces or tabs",
        }
    }

    /// What stands between two columns.
    pub(super) fn separator(self) -> &'static str {
        match self {
            Format::Csv => ",",
            Format::Semicolon => ";",
            Format::Bar => "|",
            Format::Tab => "\t",
            Format::Colons => "::",
            _ => " ",
        }
    }

    /// The byte that separates fields which may be quoted.
    pub(super) fn delimiter(self) -> Option<u8> {
        match self {
            Format::Csv => Some(b','),
            Format::Semicolon => Some(b';'),
            Format::Bar => Some(b'|'),
            Format::Tab => Some(b'\t'),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Format::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| Error::Usage {
            expected: format!("a format out of {}", Format::ALL.map(Format::name).join(", ")),
            found: format!("{name:?}"),
            advice: "leave it out to have the format told from the file".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
        }
        let error = "cvs".parse::<Format>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a format out of colons, csv, semicolon, bar, space, tab, matrix-market, metis, adjacency, adjacency-counted, binary, npz, \
             found \"cvs\"; \
             leave it out to have the format told from the file"
        );
        assert_eq!(error.kind(), crate::ErrorKind::Usage);
    }
}
