//! Triangles, by intersecting neighbourhoods in the order of degrees (Schank and Wagner 2005, "Finding, counting and listing all triangles in
//! large graphs", section 3: *forward*; Latapy 2008).
//!
//! Vertices are ranked, those of many neighbours first, and an edge is kept at its end of higher rank: no row is then longer than the root of
//! twice the edges. A triangle is found once, at its last vertex, in the intersection of its row with that of a neighbour. The rows of the first
//! vertices, which come up most, are kept as bitsets too, and two of these meet 64 vertices at a time, or 512 where the
//! processor can count so many bits at once.

use gasworks_engine::Isa;
use gasworks_engine::graph::{Topology, Vertex};
use gasworks_kernels::CommonBits;
use rayon::prelude::*;

/// Ranks whose rows may be bitsets: all of these together have 16 MB.
const FIRST: usize = 1 << 14;
/// A row is a bitset if it has a member for so many places, at least: counting words is so much faster than looking members up.
const DENSE: usize = 1 << 8;

/// How many triangles: sets of three vertices, each joined to both others in either direction. Self-loops and parallel edges count for
/// nothing. O(edges^1.5) at most, 8 bytes an edge and 20 a vertex beside the graph. Parallel on the current pool.
///
/// ```
/// use gasworks_engine::{Isa, graph::GraphBuilder};
/// use gasworks_programs::specialists::triangles;
/// let graph = GraphBuilder::directed(4).plain_edges(&[[0, 1], [1, 2], [2, 0], [0, 2], [2, 3]]).build()?;
/// assert_eq!(triangles(graph.topology(), Isa::detect()), 1);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn triangles(topology: &Topology, isa: Isa) -> u64 {
    let rows = Ranked::new(topology);
    let dense = Dense::new(&rows);
    let common = CommonBits::new(isa);
    let n = rows.offsets.len() - 1;
    let marks = || vec![0u64; n.div_ceil(64)];
    let rows = &rows;
    (0..n)
        .into_par_iter()
        .with_min_len(64)
        .map_init(marks, |marks, rank| {
            let row = rows.row(rank);
            row.iter().for_each(|lower| marks[*lower as usize / 64] |= 1 << (lower % 64));
            let meet = |lower: &u32| dense.meet(rows, common, marks, *lower as usize);
            let found = row.iter().map(meet).sum::<u64>();
            row.iter().for_each(|lower| marks[*lower as usize / 64] = 0);
            found
        })
        .sum()
}

/// For each rank, the lower ranks among its neighbours, ascending, each once.
struct Ranked {
    offsets: Vec<usize>,
    lower: Vec<u32>,
}

impl Ranked {
    fn new(topology: &Topology) -> Self {
        let n = topology.vertices();
        let mut order: Vec<(u64, Vertex)> =
            (0..n as u32).map(|vertex| (degree(topology, vertex), vertex)).collect();
        order.par_sort_unstable_by_key(|(degree, vertex)| (std::cmp::Reverse(*degree), *vertex));
        let mut ranks = vec![0; n];
        order.iter().zip(0..).for_each(|((_, vertex), rank)| ranks[*vertex as usize] = rank);
        // Rows of many ranks at a time, then laid end to end.
        let blocks: Vec<(Vec<usize>, Vec<u32>)> = order
            .par_chunks(1 << 12)
            .enumerate()
            .map(|(block, order)| {
                let (mut lengths, mut lower) = (Vec::with_capacity(order.len()), Vec::new());
                for ((_, vertex), rank) in order.iter().zip((block << 12) as u32..) {
                    let from = lower.len();
                    let ranks = neighbors(topology, *vertex).map(|neighbor| ranks[neighbor as usize]);
                    lower.extend(ranks.filter(|other| *other < rank));
                    lower[from..].sort_unstable();
                    let mut kept = from;
                    for at in from..lower.len() {
                        if at == from || lower[at] != lower[at - 1] {
                            lower[kept] = lower[at];
                            kept += 1;
                        }
                    }
                    lower.truncate(kept);
                    lengths.push(kept - from);
                }
                (lengths, lower)
            })
            .collect();
        let mut offsets = Vec::with_capacity(n + 1);
        let mut lower = Vec::with_capacity(blocks.iter().map(|(_, lower)| lower.len()).sum());
        offsets.push(0);
        for (lengths, some) in blocks {
            offsets.extend(lengths.into_iter().scan(lower.len(), |end, length| {
                *end += length;
                Some(*end)
            }));
            lower.extend(some);
        }
        Ranked { offsets, lower }
    }

    #[inline(always)]
    fn row(&self, rank: usize) -> &[u32] {
        &self.lower[self.offsets[rank]..self.offsets[rank + 1]]
    }
}

/// Edges at a vertex.
fn degree(topology: &Topology, vertex: Vertex) -> u64 {
    if topology.is_undirected() {
        topology.out_degree(vertex).into()
    } else {
        u64::from(topology.out_degree(vertex)) + u64::from(topology.in_degree(vertex))
    }
}

/// Along all of them.
fn neighbors(topology: &Topology, vertex: Vertex) -> impl Iterator<Item = Vertex> {
    let into = if topology.is_undirected() { &[] } else { topology.in_neighbors(vertex) };
    topology.out_neighbors(vertex).iter().chain(into).copied()
}

/// The rows of the first ranks that have many members, as bitsets: that of a rank has a bit for each lower one.
struct Dense {
    /// Where each begins, in words; none if it is not one.
    starts: Vec<Option<usize>>,
    words: Vec<u64>,
}

impl Dense {
    fn new(rows: &Ranked) -> Self {
        let mut words = Vec::new();
        let first = FIRST.min(rows.offsets.len() - 1);
        let starts = (0..first)
            .map(|rank| {
                let (row, start) = (rows.row(rank), words.len());
                (row.len() * DENSE > rank).then(|| {
                    words.resize(start + rank.div_ceil(64), 0);
                    row.iter().for_each(|lower| words[start + *lower as usize / 64] |= 1 << (lower % 64));
                    start
                })
            })
            .collect();
        Dense { starts, words }
    }

    /// How many of a rank's row are marked.
    #[inline(always)]
    fn meet(&self, rows: &Ranked, common: CommonBits, marks: &[u64], rank: usize) -> u64 {
        if let Some(Some(start)) = self.starts.get(rank) {
            return common.count(&self.words[*start..start + rank.div_ceil(64)], marks);
        }
        let is_marked = |lower: &u32| marks[*lower as usize / 64] >> (lower % 64) & 1;
        rows.row(rank).iter().map(is_marked).sum()
    }
}
