//! One array in the format of numpy (`numpy.lib.format`, versions 1 to 3): a magic string, a dictionary of Python that says element and shape, the elements.

use rayon::prelude::*;

/// An array as it lies in its file.
pub(super) struct Array<'a> {
    kind: u8,
    width: usize,
    is_big_endian: bool,
    pub(super) shape: Vec<u64>,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    /// Nothing where it is damaged, or holds anything but numbers or text.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let version = bytes.strip_prefix(b"\x93NUMPY")?.first()?;
        let (length, start) = match version {
            1 => (u64::from(u16::from_le_bytes(*bytes.get(8..)?.first_chunk()?)), 10),
            2 | 3 => (u64::from(u32::from_le_bytes(*bytes.get(8..)?.first_chunk()?)), 12),
            _ => return None,
        };
        let header = bytes.get(start..)?.get(..length as usize)?;
        let data = &bytes[start + length as usize..];
        let header: String = str::from_utf8(header).ok()?.split_ascii_whitespace().collect();
        let value = |key: &str| Some(&header[header.find(&format!("'{key}':"))? + key.len() + 3..]);
        let kind = value("descr")?.strip_prefix('\'')?.split('\'').next()?.as_bytes();
        let (&[order, kind], width) = kind.split_first_chunk()?;
        let mut width: usize = str::from_utf8(width).ok()?.parse().ok()?;
        // Text has four bytes a character.
        width = width.checked_mul(if kind == b'U' { 4 } else { 1 })?;
        let shape = value("shape")?.strip_prefix('(')?.split(')').next()?;
        let lengths = shape.split(',').filter(|length| !length.is_empty());
        let shape: Vec<u64> = lengths.map(|length| length.parse().ok()).collect::<Option<_>>()?;
        let count = shape.iter().try_fold(1, |product: u64, length| product.checked_mul(*length))?;
        let is_whole = count.checked_mul(width as u64)? == data.len() as u64;
        // Of one dimension, both orders are one.
        is_whole.then_some(Array { kind, width, is_big_endian: order == b'>', shape, data })
    }

    /// The elements as these numbers; nothing where they are of another kind.
    fn map<T: Send>(&self, of: impl Fn([u8; 8]) -> Option<T> + Sync) -> Option<Vec<T>> {
        if self.width == 0 || self.width > 8 {
            return None;
        }
        let number = |bytes: &[u8]| {
            let mut little = [0; 8];
            little[..bytes.len()].copy_from_slice(bytes);
            if self.is_big_endian {
                little[..bytes.len()].reverse();
            }
            of(little)
        };
        self.data.par_chunks_exact(self.width).with_min_len(1 << 12).map(number).collect()
    }

    /// Whole numbers from 0.
    pub(super) fn indices(&self) -> Option<Vec<u64>> {
        let unused = 64 - 8 * self.width.min(8) as u32;
        match self.kind {
            b'u' => self.map(|bytes| Some(u64::from_le_bytes(bytes))),
            b'i' => self.map(|bytes| u64::try_from(i64::from_le_bytes(bytes) << unused >> unused).ok()),
            _ => None,
        }
    }

    /// Numbers in single precision, rounded, finite or not.
    pub(super) fn values(&self) -> Option<Vec<f32>> {
        let unused = 64 - 8 * self.width.min(8) as u32;
        match (self.kind, self.width) {
            (b'f', 4) => self.map(|[a, b, c, d, ..]| Some(f32::from_le_bytes([a, b, c, d]))),
            (b'f', 8) => self.map(|bytes| Some(f64::from_le_bytes(bytes) as f32)),
            (b'u', _) => self.map(|bytes| Some(u64::from_le_bytes(bytes) as f32)),
            (b'i', _) => self.map(|bytes| Some((i64::from_le_bytes(bytes) << unused >> unused) as f32)),
            (b'b', 1) => self.map(|bytes| Some(f32::from(bytes[0]))),
            _ => None,
        }
    }

    /// Whether the elements are true or false.
    pub(super) fn is_pattern(&self) -> bool {
        self.kind == b'b'
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<String> {
        let letters = self.data.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte));
        matches!(self.kind, b'S' | b'U').then(|| letters.collect())
    }

    /// In words, for messages.
    pub(super) fn name(&self) -> String {
        format!("{}{} {:?}", char::from(self.kind), self.width, self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        [&b"\x93NUMPY\x01\0"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn numbers_of_every_width_are_read() {
        let values = |descr: &str, data: &[u8]| Array::read(&file(descr, "(1,)", data)).unwrap().values();
        for (descr, data) in [
            ("<i4", &(-3_i32).to_le_bytes()[..]),
            (">i4", &(-3_i32).to_be_bytes()),
            ("<i8", &(-3_i64).to_le_bytes()),
            ("|i1", &(-3_i8).to_le_bytes()),
            (">i2", &(-3_i16).to_be_bytes()),
            ("<f4", &(-3_f32).to_le_bytes()),
            (">f8", &(-3_f64).to_be_bytes()),
        ] {
            assert_eq!(values(descr, data), Some(vec![-3.0]), "{descr}");
            let array = file(descr, "(1,)", data);
            assert_eq!(Array::read(&array).unwrap().indices(), None, "{descr}");
        }
        assert_eq!(values("<u2", &[1, 2]), Some(vec![513.0]));
        assert_eq!(values("|b1", &[1]), Some(vec![1.0]));
        assert_eq!(values("<c8", &[0; 8]), None);
        let array = file(">i4", "(2,)", &[0, 0, 0, 7, 0, 0, 1, 0]);
        assert_eq!(Array::read(&array).unwrap().indices(), Some(vec![7, 256]));
        let text = file("<U3", "()", b"c\0\0\0s\0\0\0r\0\0\0");
        assert_eq!(Array::read(&text).unwrap().text().as_deref(), Some("csr"));
    }

    #[test]
    fn what_is_none_is_refused() {
        for bytes in [
            file("<i4", "(2,)", &[0; 4]),
            file("<i4", "(-1,)", &[0; 4]),
            file("<i4", "(18446744073709551615, 2)", &[0; 4]),
            file("|O", "(1,)", &[0; 8]),
            b"\x93NUMPY\x01\0\xFF\xFF".to_vec(),
            b"\x93NUMPY\x09\0\0\0".to_vec(),
            b"PK".to_vec(),
        ] {
            assert!(Array::read(&bytes).is_none(), "{bytes:?}");
        }
    }
}
