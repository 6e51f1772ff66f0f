//! The first pass: edges of publishers, sorted by the blocks of their other ends.

use crate::graph::Vertex;
use crate::memory::Rows;

/// A ghost on its way.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry {
    pub(super) target: Vertex,
    pub(super) source: Vertex,
    /// The number of the edge among those of the source.
    pub(super) edge: u32,
}

/// Where the edges of each publisher begin among those of all, and where the last ones end.
pub(super) fn find_starts(rows: &Rows, list: &[Vertex], starts: &mut Vec<u64>) {
    let mut sum = 0;
    starts.clear();
    starts.push(0);
    starts.extend(list.iter().map(|vertex| {
        sum += u64::from(rows.degree(*vertex));
        sum
    }));
}

/// Sorts the edges from one on, as many as there are entries, by the blocks of their other ends: stable, in O(entries + blocks).
pub(super) fn sort_run(
    rows: &Rows,
    list: &[Vertex],
    starts: &[u64],
    from: usize,
    shift: u32,
    entries: &mut [Entry],
    ends: &mut [u32],
) {
    let first = starts.partition_point(|start| *start <= from as u64) - 1;
    let skipped = from - starts[first] as usize;
    let pieces = || {
        let (mut skipped, mut left) = (skipped, entries.len());
        list[first..].iter().map_while(move |source| {
            let edges = &rows.neighbors(*source)[skipped..];
            let edges = &edges[..edges.len().min(left)];
            let piece = (left > 0).then_some((*source, skipped as u32, edges));
            left -= edges.len();
            skipped = 0;
            piece
        })
    };
    ends.fill(0);
    for (_, _, targets) in pieces() {
        targets.iter().for_each(|target| ends[(target >> shift) as usize] += 1);
    }
    let mut sum = 0;
    for end in &mut *ends {
        sum += std::mem::replace(end, sum);
    }
    let pieces = pieces();
    for (source, edge, targets) in pieces {
        for (target, edge) in targets.iter().zip(edge..) {
            let end = &mut ends[(target >> shift) as usize];
            entries[*end as usize] = Entry { target: *target, source, edge };
            *end += 1;
        }
    }
}
