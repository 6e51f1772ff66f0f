//! Graphs in binary, so that a large one opens at the speed of memory: structure in both directions, ids, weights.
//!
//! The layout is that of safetensors (<https://github.com/huggingface/safetensors>), so that numpy opens such a file too: the length of a header as
//! `u64`, the header as JSON padded to 8 bytes, then columns, little-endian, wide elements first, so that each is aligned. The header holds a checksum of
//! itself and of each column (CRC-32, as zlib computes it, in eight hexadecimal digits). Its text follows from what it says, and any other text is refused.
//!
//! | column | holds |
//! |---|---|
//! | `out_offsets`, `in_offsets` | where the row of each vertex begins, and where the last ends |
//! | `out_ends`, `in_ends` | targets by source, and sources by target, each row ascending |
//! | `weights` | one for each out-edge, if the graph has weights |
//! | `order` | the place of each out-edge in the list that it came from, if that was in another order |
//! | `numbers` | the number of each vertex, by id, if these do not follow the ids: rows and ends go by number |
//! | `ids`, or `ids_ends` and `ids_text` | the ids, unless these are consecutive integers |
//!
//! The file is read, not mapped: another process may write to or cut a mapped file at any time, and gathers rest on ends that were checked once. What is
//! read is checked on the way, by several threads, while it is in their caches.

mod header;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use rayon::prelude::*;

use super::report::Compression;
use super::{EdgeList, Format, Loaded, Report, Source};
use crate::Error;
use crate::graph::{ByDegree, Graph, GraphBuilder, Ids, Topology};
use crate::memory::Column;

pub(super) use header::is_binary_graph;

/// A graph as a file holds it: the edges of an [`EdgeList`], sorted.
///
/// ```
/// use gasworks_engine::input::{EdgesOptions, Source, StoredGraph, read_edges};
///
/// let list = read_edges(&Source::from_memory("path", "30 20\n20 10\n".as_bytes()), &EdgesOptions::default())?.data;
/// let stored = StoredGraph::new(list.clone())?;
/// assert_eq!(stored.topology().out_neighbors(2), [1]);
/// let mut file = Vec::new();
/// stored.write(&mut file)?;
/// assert_eq!(read_edges(&Source::from_memory("path.graph", file), &EdgesOptions::default())?.data, list);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct StoredGraph {
    ids: Ids,
    topology: Topology,
    weights: Option<Column<f32>>,
    /// The place of each out-edge in the list, where that is in another order.
    order: Option<Vec<u32>>,
}

impl StoredGraph {
    /// Sorts a list of edges into rows, in both directions. O(vertices + edges).
    ///
    /// # Errors
    /// If the list is not in the order of sources and targets and has more than `u32::MAX` edges, whose order cannot be kept.
    pub fn new(list: EdgeList) -> Result<Self, Error> {
        let EdgeList { ids, arcs, weights } = list;
        let builder = GraphBuilder::directed(ids.len());
        if arcs.par_windows(2).all(|pair| pair[0] <= pair[1]) {
            let graph = builder.plain_edges(&arcs).build()?;
            let weights = weights.map(|weights| Column::from_fn(weights.len(), |at| weights[at]));
            return Ok(StoredGraph { ids, topology: graph.topology().clone(), weights, order: None });
        }
        let places = u32::try_from(arcs.len()).map_err(|_| Error::Usage {
            expected: format!("at most {} edges in a list that is not sorted by source and target", u32::MAX),
            found: arcs.len().to_string(),
            advice: "sort the list".into(),
        })?;
        let places: Vec<u32> = (0..places).collect();
        let graph = builder.weighted_edges(&arcs, &places).build()?;
        drop((arcs, places));
        let data = graph.edge_data();
        let order: Vec<u32> = (0..data.len()).map(|at| *data.get(at)).collect();
        let weights = weights.map(|weights| Column::from_fn(order.len(), |at| weights[order[at] as usize]));
        Ok(StoredGraph { ids, topology: graph.topology().clone(), weights, order: Some(order) })
    }

    /// Ids of the vertices.
    pub fn ids(&self) -> &Ids {
        &self.ids
    }

    /// Who is joined to whom.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// One weight an edge, by source, then target, where the graph has weights.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_ref().map(Column::as_slice)
    }

    /// The ids and the graph without weights.
    pub fn into_plain(self) -> (Ids, Graph<(), ()>) {
        let data = Column::zeroed(self.topology.edges());
        (self.ids, Graph::of(self.topology, data))
    }

    /// The ids and the graph with its weights, or with this one on every edge.
    pub fn into_weighted(self, otherwise: f32) -> (Ids, Graph<(), f32>) {
        let edges = self.topology.edges();
        let weights = self.weights.unwrap_or_else(|| Column::from_fn(edges, |_| otherwise));
        (self.ids, Graph::of(self.topology, weights))
    }

    /// The same graph with vertices [by degree](Graph::by_degree): programs that take an order as it comes run faster on it. O(vertices + edges).
    pub fn by_degree(self) -> Self {
        let wants_places = self.weights.is_some() || self.order.is_some();
        let ByDegree { topology, edges, .. } = self.topology.by_degree(wants_places);
        let weights = self.weights.map(|weights| weights.gathered(&edges));
        let order = self.order.map(|order| edges.iter().map(|edge| order[*edge as usize]).collect());
        StoredGraph { topology, weights, order, ..self }
    }

    /// The list that the graph was made of, in its order. O(vertices + edges); if vertices are by degree, O(vertices + edges log edges).
    pub fn into_list(self) -> EdgeList {
        let topology = &self.topology;
        let rows = (0..topology.vertices() as u32).flat_map(|source| {
            let ends = topology.out_neighbors(source).iter();
            ends.map(move |target| [source, *target].map(|vertex| topology.loaded_as(vertex)))
        });
        let arcs: Vec<[u32; 2]> = rows.collect();
        let weights = self.weights.map(|weights| weights.as_slice().to_vec());
        match self.order {
            Some(order) => {
                let weights = weights.map(|weights| listed(&order, &weights));
                EdgeList { ids: self.ids, arcs: listed(&order, &arcs), weights }
            }
            None if topology.is_relabeled() => {
                let mut order: Vec<usize> = (0..arcs.len()).collect();
                order.par_sort_by_key(|edge| arcs[*edge]);
                let weights = weights.map(|weights| order.iter().map(|edge| weights[*edge]).collect());
                EdgeList { ids: self.ids, arcs: order.iter().map(|edge| arcs[*edge]).collect(), weights }
            }
            None => EdgeList { ids: self.ids, arcs, weights },
        }
    }

    /// Writes the file. Makes the in-edges, if nobody has asked for them before.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        writer::write(self, to)
    }
}

/// What is sorted, each at its place in the list.
fn listed<T: Copy + Default>(order: &[u32], sorted: &[T]) -> Vec<T> {
    let mut list = vec![T::default(); sorted.len()];
    order.iter().zip(sorted).for_each(|(place, one)| list[*place as usize] = *one);
    list
}

/// Reads a graph that [`StoredGraph::write`] wrote; nothing where the source is something else, or no file that can be read twice.
///
/// [`read_edges`](super::read_edges) reads such files too, as lists.
///
/// # Errors
/// If the file is such a graph and is damaged, was cut, or is of another version.
pub fn read_stored(source: &Source) -> Result<Option<Loaded<StoredGraph>>, Error> {
    let Some(file) = source.regular_file() else { return Ok(None) };
    let fail = |error| Error::Read { path: source.name().to_owned(), source: error };
    if !header::is_file_of_graph(&file).map_err(fail)? {
        return Ok(None);
    }
    let size = file.metadata().map_err(fail)?.len();
    let data = reader::read(source.name(), &reader::InFile::new(file), size)?;
    Ok(Some(loaded(source.name(), data, Compression::None, size, size)))
}

/// The same of bytes in memory that [begin as such a file does](is_binary_graph).
pub(super) fn read_bytes(
    name: &Path,
    bytes: &[u8],
    compression: Compression,
    stored: u64,
) -> Result<Loaded<StoredGraph>, Error> {
    let size = bytes.len() as u64;
    Ok(loaded(name, reader::read(name, bytes, size)?, compression, stored, size))
}

impl Loaded<StoredGraph> {
    /// The list that the graph was made of.
    pub(super) fn into_list(self) -> Loaded<EdgeList> {
        Loaded { data: self.data.into_list(), report: self.report }
    }
}

fn loaded(
    name: &Path,
    data: StoredGraph,
    compression: Compression,
    stored: u64,
    size: u64,
) -> Loaded<StoredGraph> {
    let edges = data.topology.edges();
    let report = Report {
        bytes: stored,
        text_bytes: size,
        rows: edges as u64,
        notes: if edges == 0 { vec!["the file has no edges".to_owned()] } else { Vec::new() },
        ..Report::new(name, Format::Binary, compression)
    };
    Loaded { data, report }
}

/// The beginning of a file, without moving to another place in it.
fn head(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = file;
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(length)
}
