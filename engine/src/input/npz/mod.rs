//! Sparse matrices of SciPy (`scipy.sparse.save_npz`): CSR, CSC and COO, in a zip archive of numpy's arrays, deflated or not.
//!
//! Rows and columns count from 0. The arrays of an archive are the proof of their lengths; the shape is only a claim where the format is COO.

mod archive;
mod array;

use std::path::Path;

use super::edges::most_vertices;
use super::report::Compression;
use super::rows::{Counts, Keys, Signs, Table};
use super::source::Unpacked;
use super::{EdgeList, Format, Loaded, Report};
use crate::Error;
use crate::graph::Ids;
use archive::Entry;
pub(super) use archive::is_archive;
use array::Array;

/// The entries of a matrix that are stored, zeros among them if they are.
pub(super) struct Matrix {
    rows: u64,
    columns: u64,
    /// Row and column of each entry, below the numbers of these.
    places: Vec<[u64; 2]>,
    /// None where the matrix only says what is there.
    values: Option<Vec<f32>>,
    report: Report,
}

/// Whether an archive has what a sparse matrix has.
pub(super) fn is_matrix(bytes: &[u8]) -> bool {
    is_archive(bytes)
        && archive::entries(bytes)
            .is_some_and(|entries| entries.iter().any(|entry| entry.name == b"format.npy"))
}

struct Npz<'a> {
    name: &'a Path,
    bytes: &'a [u8],
    entries: Vec<Entry>,
    /// Of the files read so far, unpacked.
    size: u64,
}

impl Matrix {
    /// Reads what [`is_matrix`] has found to be one.
    pub(super) fn read(unpacked: &Unpacked<'_>) -> Result<Self, Error> {
        let entries = archive::entries(&unpacked.bytes).unwrap_or_default();
        let mut npz = Npz { name: unpacked.name, bytes: &unpacked.bytes, entries, size: 0 };
        let format = npz.with("format", "a text", |array| array.text())?;
        let shape = npz.with("shape", "the numbers of rows and columns", |array| array.indices())?;
        let &[rows, columns] = shape.as_slice() else {
            return Err(npz.refuse(
                "a matrix",
                format!("{} dimensions", shape.len()),
                "save a matrix of two dimensions",
            ));
        };
        let (is_pattern, values) =
            npz.with("data", "real numbers", |data| Some((data.is_pattern(), data.values()?)))?;
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            let advice = "drop what is not a number, and scale what single precision cannot hold";
            return Err(npz.refuse("finite values (data)", value.to_string(), advice));
        }
        let places = match format.as_str() {
            "csr" => npz.compressed([rows, columns], values.len())?,
            "csc" => {
                let mut places = npz.compressed([columns, rows], values.len())?;
                places.iter_mut().for_each(|place| place.reverse());
                places
            }
            "coo" => npz.pairs([rows, columns], values.len())?,
            _ => {
                let advice = "save it as csr, as in save_npz(name, matrix.tocsr())";
                return Err(npz.refuse(
                    "a matrix in csr, csc or coo (format)",
                    format!("{format:?}"),
                    advice,
                ));
            }
        };
        let report = Report {
            bytes: unpacked.stored,
            text_bytes: npz.size,
            rows: places.len() as u64,
            ..Report::new(unpacked.name, Format::Npz, Compression::None)
        };
        Ok(Matrix { rows, columns, places, values: (!is_pattern).then_some(values), report })
    }

    /// The arcs from rows to columns. All rows are vertices, entries or not.
    pub(super) fn into_edges(mut self) -> Result<Loaded<EdgeList>, Error> {
        let refuse = |expected: String, found: String, advice: &str| {
            Err(Error::File { path: self.report.name.clone(), expected, found, advice: advice.into() })
        };
        if self.rows != self.columns {
            return refuse(
                "a square matrix, since its rows and columns are the vertices".into(),
                format!("{} rows and {} columns", self.rows, self.columns),
                "read a matrix of two kinds of things as ratings",
            );
        }
        let most = most_vertices(self.report.text_bytes);
        if self.rows > most {
            return refuse(
                format!("at most {most} rows in a file of this size"),
                format!("{} rows and {} entries", self.rows, self.places.len()),
                "correct the shape, or save the matrix as csr",
            );
        }
        if self.places.is_empty() {
            self.report.notes.push("the file has no edges".to_owned());
        }
        let arcs = self.places.iter().map(|place| place.map(|end| end as u32)).collect();
        let data = EdgeList { ids: Ids::range(self.rows as u32), arcs, weights: self.values };
        Ok(Loaded { data, report: self.report })
    }

    /// Whether the matrix says more than what is there.
    pub(super) fn has_values(&self) -> bool {
        self.values.is_some()
    }

    /// The entries as rows of a table.
    pub(super) fn into_table(self) -> (Table<'static>, Report) {
        let mut report = self.report;
        if self.values.is_none() {
            report.notes.push("the matrix is a pattern, so every rating is 1".to_owned());
        }
        let counts = Counts { rows: self.places.len() as u64, ..Counts::default() };
        let values = self.values.unwrap_or_default();
        let keys = Keys::Integers { rows: vec![self.places], signs: [Signs::default(); 2] };
        (Table { keys, values: vec![values], counts }, report)
    }
}

impl Npz<'_> {
    fn refuse(&self, expected: &str, found: String, advice: &str) -> Error {
        let expected = expected.into();
        Error::File { path: self.name.to_owned(), expected, found, advice: advice.into() }
    }

    /// What `read` makes of an array.
    fn with<T>(
        &mut self,
        name: &str,
        what: &str,
        read: impl FnOnce(&Array<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        let advice = "save the matrix again with scipy.sparse.save_npz";
        let file = format!("{name}.npy");
        let wanted = format!("{what} ({name})");
        let entry = self.entries.iter().find(|entry| entry.name == file.as_bytes());
        let entry = entry.ok_or_else(|| self.refuse(&wanted, "no such array".into(), advice))?;
        let bytes = archive::unpack(self.bytes, entry)
            .map_err(|found| self.refuse(&wanted, found.to_owned(), "fetch or write the file again"))?;
        self.size += bytes.len() as u64;
        let array =
            Array::read(&bytes).ok_or_else(|| self.refuse(&wanted, "no array of numpy".into(), advice))?;
        read(&array).ok_or_else(|| self.refuse(&wanted, array.name(), advice))
    }

    /// Entries row by row, or column by column where the numbers of these are exchanged.
    fn compressed(&mut self, [rows, columns]: [u64; 2], count: usize) -> Result<Vec<[u64; 2]>, Error> {
        let advice = "save the matrix again with scipy.sparse.save_npz";
        let starts = self.with("indptr", "whole numbers", |array| array.indices())?;
        let ends = self.with("indices", "whole numbers", |array| array.indices())?;
        let whole =
            starts.first() == Some(&0) && starts.last() == Some(&(count as u64)) && starts.is_sorted();
        if !whole || starts.len() as u64 - 1 != rows || ends.len() != count {
            let expected = format!(
                "{} positions that rise from 0 to {count}, and as many indices (indptr)",
                rows.saturating_add(1)
            );
            let found = format!("{} positions and {} indices", starts.len(), ends.len());
            return Err(self.refuse(&expected, found, advice));
        }
        if let Some(end) = ends.iter().find(|end| **end >= columns) {
            return Err(self.refuse(&format!("indices below {columns} (indices)"), end.to_string(), advice));
        }
        let mut places = Vec::with_capacity(count);
        for (pair, row) in starts.windows(2).zip(0..) {
            places.extend(ends[pair[0] as usize..pair[1] as usize].iter().map(|end| [row, *end]));
        }
        Ok(places)
    }

    /// Entries one by one.
    fn pairs(&mut self, bounds: [u64; 2], count: usize) -> Result<Vec<[u64; 2]>, Error> {
        let advice = "save the matrix again with scipy.sparse.save_npz";
        let rows = self.with("row", "whole numbers", |array| array.indices())?;
        let columns = self.with("col", "whole numbers", |array| array.indices())?;
        if rows.len() != count || columns.len() != count {
            let found = format!("{} and {}", rows.len(), columns.len());
            return Err(self.refuse(
                &format!("{count} rows and columns, one for each value (row, col)"),
                found,
                advice,
            ));
        }
        for (ends, bound, name) in [(&rows, bounds[0], "row"), (&columns, bounds[1], "col")] {
            if let Some(end) = ends.iter().find(|end| **end >= bound) {
                return Err(self.refuse(&format!("indices below {bound} ({name})"), end.to_string(), advice));
            }
        }
        Ok(rows.into_iter().zip(columns).map(|(row, column)| [row, column]).collect())
    }
}
