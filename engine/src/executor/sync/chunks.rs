//! Chunks of about equal work, with bounds that depend on the graph alone.

use std::ops::Range;

use crate::executor::sides;
use crate::graph::{Side, Topology, Vertex};
use crate::program::Edges;

/// At most about so many chunks a pass, and no smaller than so much work: fine enough for many cores, coarse enough that
/// handing them out costs nothing.
const CHUNKS: u64 = 1 << 10;
const LEAST: u64 = 1 << 11;
/// What a visit costs beside its edges, in edges.
const VISIT: u64 = 4;

/// A vertex with so many edges to gather over is a hub: its gather is cut into parts ([`super::hubs`]).
pub(super) const HUB: u64 = 1 << 14;

/// Some edges of one hub.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) vertex: Vertex,
    pub(super) side: Side,
    /// The other end of the first of them. All edges from one vertex are in one part.
    pub(super) first: Vertex,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// How many edges of a vertex `edges` are.
#[inline(always)]
pub(super) fn degree(topology: &Topology, edges: Edges, vertex: Vertex) -> u64 {
    sides(edges, topology).map(|side| u64::from(topology.side(side).degree(vertex))).sum()
}

/// What a vertex adds to the work of its chunk; a hub's edges are not gathered there.
fn work(topology: &Topology, edges: Edges, vertex: Vertex) -> u64 {
    let degree = degree(topology, edges, vertex);
    if degree < HUB { VISIT + degree } else { VISIT }
}

/// Work a chunk, if there is so much in all.
fn share(total: u64) -> u64 {
    (total / CHUNKS).max(LEAST)
}

/// Cuts a list of `len` vertices into runs of about equal work: `bounds` becomes the ascending ends of the runs, from 0 to
/// `len`. O(len), without allocation once `bounds` is large enough.
pub(super) fn cut(
    topology: &Topology,
    edges: Edges,
    len: usize,
    vertex: impl Fn(usize) -> Vertex,
    bounds: &mut Vec<usize>,
) {
    let work = |at| work(topology, edges, vertex(at));
    let share = share((0..len).map(work).sum());
    bounds.clear();
    bounds.push(0);
    let mut sum = 0;
    for at in 0..len {
        sum += work(at);
        if sum >= share {
            bounds.push(at + 1);
            sum = 0;
        }
    }
    if *bounds.last().unwrap_or(&0) < len {
        bounds.push(len);
    }
}

/// The same for all vertices of a range, of which these are the hubs: positions count from its start. O(chunks log vertices).
pub(super) fn cut_range(
    topology: &Topology,
    edges: Edges,
    range: Range<Vertex>,
    hubs: impl Iterator<Item = Vertex>,
) -> Vec<usize> {
    let start = |side, vertex| topology.side(side).offsets()[vertex as usize];
    let edges_before = |vertex| -> u64 {
        sides(edges, topology).map(|side| start(side, vertex) - start(side, range.start)).sum()
    };
    // The hubs' edges up to each hub: these are gathered elsewhere.
    let mut sum = 0;
    let of_hubs: Vec<(Vertex, u64)> = hubs
        .map(|hub| {
            sum += degree(topology, edges, hub);
            (hub, sum)
        })
        .collect();
    let work_before = |vertex| {
        let hubs = of_hubs.partition_point(|(hub, _)| *hub < vertex);
        let of_hubs = if hubs == 0 { 0 } else { of_hubs[hubs - 1].1 };
        VISIT * u64::from(vertex - range.start) + edges_before(vertex) - of_hubs
    };
    let (total, len) = (work_before(range.end), range.len());
    let share = share(total);
    let mut bounds = vec![0];
    for chunk in 1..=total / share {
        let (mut low, mut high) = (bounds[bounds.len() - 1], len);
        while low < high {
            let middle = low + (high - low) / 2;
            if work_before(range.start + middle as Vertex) < chunk * share {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low > bounds[bounds.len() - 1] {
            bounds.push(low);
        }
    }
    if bounds[bounds.len() - 1] < len {
        bounds.push(len);
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::GraphBuilder;

    #[test]
    fn runs_cover_the_list_and_share_the_work() {
        let n = 5000;
        let edges: Vec<[u32; 2]> = (0..20 * n).map(|at| [at % n, (at % 1000) * (at % 1000) % 71]).collect();
        // A hub beside.
        let hub = (0..HUB as u32).map(|at| [at % n, 700]);
        let edges: Vec<_> = edges.into_iter().chain(hub).collect();
        let graph = GraphBuilder::directed(n as usize).plain_edges(&edges).build().unwrap();
        let topology = graph.topology();
        let works = |range: Range<usize>| -> u64 { range.map(|v| work(topology, Edges::In, v as u32)).sum() };
        let mut bounds = Vec::new();
        cut(topology, Edges::In, n as usize, |at| at as u32, &mut bounds);
        let ranged = cut_range(topology, Edges::In, 0..n, [700].into_iter());
        for bounds in [&bounds, &ranged] {
            assert_eq!((bounds[0], *bounds.last().unwrap()), (0, n as usize));
            assert!(bounds.len() > 20 && bounds.windows(2).all(|pair| pair[0] < pair[1]));
        }
        for pair in bounds.windows(2) {
            assert!(works(pair[0]..pair[1] - 1) < LEAST, "only its last vertex may exceed a share");
        }
        // Here a bound is where the work of all chunks before it is done, so that what one exceeds the next has less.
        for (chunk, bound) in (0..).zip(&ranged[..ranged.len() - 1]) {
            let done = works(0..*bound);
            assert!(*bound == 0 || done >= chunk * LEAST && works(0..bound - 1) < done);
        }
        assert!(ranged.windows(2).filter(|pair| works(pair[0]..pair[1]) > 2 * LEAST).count() < 5);
        let part = cut_range(topology, Edges::In, 600..800, [700].into_iter());
        assert_eq!((part[0], *part.last().unwrap()), (0, 200));
        cut(topology, Edges::In, 0, |at| at as u32, &mut bounds);
        assert_eq!(
            (&bounds[..], cut_range(topology, Edges::In, 9..9, std::iter::empty())),
            (&[0][..], vec![0])
        );
    }
}
