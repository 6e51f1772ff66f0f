//! Writing a graph in binary.

use std::borrow::Cow;
use std::io::{self, Write};

use bytemuck::Pod;
use rayon::prelude::*;

use super::StoredGraph;
use super::header::{Header, IdsAs};
use crate::graph::{Names, Side};
use crate::memory::Column;

/// How much of a column a thread checks at once.
pub(super) const PIECE: usize = 1 << 20;

/// A column on its way to a file.
fn little_endian<T: Pod>(values: &[T]) -> Cow<'_, [u8]> {
    let bytes: &[u8] = bytemuck::cast_slice(values);
    if cfg!(target_endian = "little") || size_of::<T>() == 1 {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(values.iter().flat_map(|value| bytemuck::bytes_of(value).iter().rev().copied()).collect())
}

pub(super) fn write(graph: &StoredGraph, to: &mut dyn Write) -> io::Result<()> {
    let (out, into) = (graph.topology.side(Side::Out), graph.topology.side(Side::In));
    let (mut wide, mut narrow) = (Vec::new(), Vec::new());
    let ids = match graph.ids.names() {
        Names::Range { first, .. } => IdsAs::Range(*first),
        Names::U32(ids) => {
            narrow.push(little_endian(ids));
            IdsAs::U32
        }
        Names::I64(ids) => {
            wide.push(little_endian(ids));
            IdsAs::I64
        }
        Names::U64(ids) => {
            wide.push(little_endian(ids));
            IdsAs::U64
        }
        Names::Wide(ids) => {
            wide.push(little_endian(ids));
            IdsAs::Wide
        }
        Names::Text(texts) => {
            wide.push(little_endian(&texts.ends));
            narrow.push(Cow::Borrowed(texts.text.as_bytes()));
            IdsAs::Text(texts.text.len() as u64)
        }
    };
    let mut columns = vec![little_endian(out.offsets()), little_endian(into.offsets())];
    columns.append(&mut wide);
    columns.extend([little_endian(out.ends()), little_endian(into.ends())]);
    columns.extend(graph.weights.as_ref().map(Column::as_slice).map(little_endian));
    columns.extend(graph.order.as_deref().map(little_endian));
    columns.extend(graph.topology.numbers().map(little_endian));
    columns.append(&mut narrow);

    let header = Header {
        vertices: graph.topology.vertices() as u64,
        edges: graph.topology.edges() as u64,
        has_weights: graph.weights.is_some(),
        has_order: graph.order.is_some(),
        has_numbers: graph.topology.is_relabeled(),
        ids,
        checksums: columns.iter().map(|column| checksum(column)).collect(),
    };
    to.write_all(&header.bytes().expect("a graph in memory has sizes"))?;
    columns.iter().try_for_each(|column| to.write_all(column))
}

/// Of all bytes, by several threads.
fn checksum(bytes: &[u8]) -> u32 {
    let parts = bytes.par_chunks(PIECE).map(|piece| {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(piece);
        hasher
    });
    join(parts.collect())
}

/// Of pieces that follow one another.
pub(super) fn join(parts: Vec<crc32fast::Hasher>) -> u32 {
    let mut all = crc32fast::Hasher::new();
    parts.iter().for_each(|part| all.combine(part));
    all.finalize()
}
