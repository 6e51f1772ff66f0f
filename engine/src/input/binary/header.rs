//! What stands at the beginning of a graph in binary.

use std::fs::File;
use std::io;

use serde_json::Value;

/// Grows with every change that older readers cannot read.
pub(super) const VERSION: u32 = 2;

/// After the length of the header.
const PREFIX: &str = "{\"__metadata__\":{\"format\":\"gasworks-graph\",\"header_crc32\":\"";
/// Where the checksum of the header is, counted from its beginning.
const PLACE: std::ops::Range<usize> = PREFIX.len()..PREFIX.len() + 8;

/// A header is longer where more columns are.
pub(super) const LONGEST: u64 = 1 << 16;

/// Whether a file begins as a graph in binary does.
pub(in crate::input) fn is_binary_graph(bytes: &[u8]) -> bool {
    bytes.get(8..).is_some_and(|header| header.starts_with(PREFIX.as_bytes()))
}

/// The same of a file that is open.
pub(super) fn is_file_of_graph(file: &File) -> io::Result<bool> {
    let mut start = [0; 8 + PREFIX.len()];
    let length = super::head(file, &mut start)?;
    Ok(is_binary_graph(&start[..length]))
}

/// How ids are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdsAs {
    /// Consecutive integers from this one on.
    Range(i128),
    U32,
    I64,
    U64,
    /// Two words each, the lower one first.
    Wide,
    /// Of so many bytes together.
    Text(u64),
}

/// All that the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) vertices: u64,
    pub(super) edges: u64,
    pub(super) has_weights: bool,
    pub(super) has_order: bool,
    pub(super) has_numbers: bool,
    pub(super) ids: IdsAs,
    /// One for each of [`columns`](Header::columns).
    pub(super) checksums: Vec<u32>,
}

/// Where a column lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: &'static str,
    kind: &'static str,
    shape: Vec<u64>,
    /// Counted from the end of the header.
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Header {
    /// The columns in the order in which they follow one another; nothing where their sizes are none.
    pub(super) fn columns(&self) -> Option<Vec<Place>> {
        let (offsets, edges) = (self.vertices.checked_add(1)?, self.edges);
        let mut columns = vec![("out_offsets", "U64", vec![offsets]), ("in_offsets", "U64", vec![offsets])];
        columns.extend(match self.ids {
            IdsAs::I64 => Some(("ids", "I64", vec![self.vertices])),
            IdsAs::U64 => Some(("ids", "U64", vec![self.vertices])),
            IdsAs::Wide => Some(("ids", "U64", vec![self.vertices, 2])),
            IdsAs::Text(_) => Some(("ids_ends", "U64", vec![self.vertices])),
            IdsAs::Range(_) | IdsAs::U32 => None,
        });
        columns.extend([("out_ends", "U32", vec![edges]), ("in_ends", "U32", vec![edges])]);
        columns.extend(self.has_weights.then(|| ("weights", "F32", vec![edges])));
        columns.extend(self.has_order.then(|| ("order", "U32", vec![edges])));
        columns.extend(self.has_numbers.then(|| ("numbers", "U32", vec![self.vertices])));
        columns.extend(match self.ids {
            IdsAs::U32 => Some(("ids", "U32", vec![self.vertices])),
            IdsAs::Text(bytes) => Some(("ids_text", "U8", vec![bytes])),
            _ => None,
        });
        let mut start = 0_u64;
        let places = columns.into_iter().map(|(name, kind, shape)| {
            let width = match kind {
                "U8" => 1,
                "U32" | "F32" => 4,
                _ => 8,
            };
            let bytes = shape.iter().try_fold(width, |product: u64, length| product.checked_mul(*length))?;
            let end = start.checked_add(bytes)?;
            Some(Place { name, kind, shape, start: std::mem::replace(&mut start, end), end })
        });
        places.collect()
    }

    /// The header with its length before it.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let columns = self.columns()?;
        let ids = match self.ids {
            IdsAs::Range(first) => format!("range from {first}"),
            IdsAs::Text(_) => "text".to_owned(),
            _ => "integers".to_owned(),
        };
        let mut header = format!(
            "{PREFIX}{:08x}\",\"version\":\"{VERSION}\",\"vertices\":\"{}\",\"edges\":\"{}\",\"ids\":\"{ids}\"",
            0, self.vertices, self.edges
        );
        for (place, checksum) in columns.iter().zip(&self.checksums) {
            header.push_str(&format!(",\"{}_crc32\":\"{checksum:08x}\"", place.name));
        }
        header.push('}');
        for Place { name, kind, shape, start, end } in &columns {
            header.push_str(&format!(
                ",\"{name}\":{{\"dtype\":\"{kind}\",\"shape\":{},\"data_offsets\":[{start},{end}]}}",
                serde_json::json!(shape)
            ));
        }
        header.push('}');
        header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
        let checksum = format!("{:08x}", crc32fast::hash(header.as_bytes()));
        header.replace_range(PLACE, &checksum);
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        Some(bytes)
    }

    /// Reads what [`bytes`](Header::bytes) wrote, without the length before it.
    pub(super) fn read(header: &[u8]) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_slice(header).map_err(|_| Refusal::Damaged)?;
        let metadata = &value["__metadata__"];
        let text = |name: &str| metadata[name].as_str();
        let version = text("version").ok_or(Refusal::Damaged)?;
        if version != VERSION.to_string() {
            return Err(Refusal::Version(version.to_owned()));
        }
        let number = |name: &str| text(name).and_then(|text| text.parse().ok()).ok_or(Refusal::Damaged);
        let length = |name: &str| value[name]["shape"][0].as_u64();
        let ids = match text("ids").ok_or(Refusal::Damaged)? {
            "text" => IdsAs::Text(length("ids_text").ok_or(Refusal::Damaged)?),
            "integers" => {
                match (value["ids"]["dtype"].as_str(), value["ids"]["shape"].as_array().map(Vec::len)) {
                    (Some("U32"), _) => IdsAs::U32,
                    (Some("I64"), _) => IdsAs::I64,
                    (Some("U64"), Some(2)) => IdsAs::Wide,
                    _ => IdsAs::U64,
                }
            }
            range => {
                let first = range.strip_prefix("range from ").and_then(|first| first.parse().ok());
                IdsAs::Range(first.ok_or(Refusal::Damaged)?)
            }
        };
        let mut read = Header {
            vertices: number("vertices")?,
            edges: number("edges")?,
            has_weights: value["weights"].is_object(),
            has_order: value["order"].is_object(),
            has_numbers: value["numbers"].is_object(),
            ids,
            checksums: Vec::new(),
        };
        let checksum = |place: &Place| u32::from_str_radix(text(&format!("{}_crc32", place.name))?, 16).ok();
        let checksums: Option<Vec<u32>> =
            read.columns().and_then(|columns| columns.iter().map(checksum).collect());
        read.checksums = checksums.ok_or(Refusal::Damaged)?;
        let same = read.bytes().is_some_and(|bytes| &bytes[8..] == header);
        same.then_some(read).ok_or(Refusal::Damaged)
    }
}

/// Why a header is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Of this version.
    Version(String),
    Damaged,
}
