//! Factor matrices for other tools: NumPy's `.npy`, and text.
//!
//! The `.npy` header is that of format version 1.0 (NumPy enhancement proposal 1, "A simple file format for NumPy arrays"): magic,
//! version, length as `u16`, a Python dictionary padded with blanks so that the data starts at a multiple of 64.

use std::fmt::{Display, Write};
use std::path::Path;

use gasworks_engine::graph::Ids;
use gasworks_engine::input::write_atomically;

use super::error::FactorizationError;

/// A number that a matrix for other tools is made of.
pub trait Number: Copy + Display {
    /// What NumPy calls the little-endian type.
    const TYPE: &'static str;
    /// Appends the little-endian bytes.
    fn put(self, bytes: &mut Vec<u8>);
}

impl Number for f32 {
    const TYPE: &'static str = "<f4";
    fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes())
    }
}

impl Number for f64 {
    const TYPE: &'static str = "<f8";
    fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes())
    }
}

/// Writes a matrix, row-major, as `.npy` of little-endian numbers; rows x (`factors.len()` / rows).
///
/// ```python
/// numpy.load("users.npy").shape
/// ```
///
/// # Errors
/// If `factors` is not a whole number of rows, or the file cannot be written.
pub fn write_npy<T: Number>(
    path: impl AsRef<Path>,
    factors: &[T],
    rows: usize,
) -> Result<(), FactorizationError> {
    let (rank, kind) = (columns(factors.len(), rows)?, T::TYPE);
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({rows}, {rank}), }}");
    let filled = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header.push_str(&" ".repeat(filled - 1 - header.len()));
    header.push('\n');
    let mut bytes = Vec::with_capacity(10 + filled + size_of_val(factors));
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
    bytes.extend_from_slice(&(filled as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    factors.iter().for_each(|factor| factor.put(&mut bytes));
    Ok(write_atomically(path.as_ref(), |writer| writer.write_all(&bytes))?)
}

/// Writes a matrix as text, a line `id<TAB>f1 f2 ...` for each row, in the order of the ids; every number has the digits that give its
/// bits back.
///
/// # Errors
/// If `factors` is not one row for each id, or the file cannot be written.
pub fn write_text<T: Number>(
    path: impl AsRef<Path>,
    factors: &[T],
    ids: &Ids,
) -> Result<(), FactorizationError> {
    let rank = columns(factors.len(), ids.len())?;
    let mut text = String::with_capacity(factors.len() * 12);
    for (row, factors) in factors.chunks_exact(rank.max(1)).enumerate() {
        let _ = write!(text, "{}", ids.id(row as u32));
        for (column, factor) in factors.iter().enumerate() {
            let _ = write!(text, "{}{factor}", if column == 0 { '\t' } else { ' ' });
        }
        text.push('\n');
    }
    Ok(write_atomically(path.as_ref(), |writer| writer.write_all(text.as_bytes()))?)
}

fn columns(numbers: usize, rows: usize) -> Result<usize, FactorizationError> {
    match numbers.checked_rem(rows) {
        Some(0) => Ok(numbers / rows),
        _ => Err(FactorizationError::Model {
            part: "factors",
            expected: format!("a whole number of columns for {rows} rows"),
            got: format!("{numbers} numbers"),
            advice: "pass the factors with the ids of the same side",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npy_has_the_bytes_of_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("factors.npy");
        write_npy(&path, &[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], 3).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 128 + 24);
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
        assert!(bytes[10..].starts_with(header.as_bytes()) && bytes[127] == b'\n');
        assert_eq!(&bytes[128..136], &[0, 0, 128, 63, 0, 0, 0, 64]);
        write_npy(&path, &[1.0, 2.0f64], 1).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes[10..].starts_with(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }"));
        assert_eq!(&bytes[128..], &[0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 0, 64]);
        assert!(write_npy(&path, &[1.0; 5], 3).is_err() && write_npy(&path, &[1.0], 0).is_err());
    }

    #[test]
    fn text_has_a_line_for_each_id() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("factors.txt");
        write_text(&path, &[0.1f32, -2.0, 3.5, 1e-20], &Ids::range(2)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("0\t0.1 -2\n1\t3.5 0.00"), "{text}");
        assert!(write_text(&path, &[1.0; 3], &Ids::range(2)).is_err());
    }
}
