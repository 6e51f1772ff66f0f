//! Chunks of about equal work, with bounds that depend on the graph alone.

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
    let total: u64 = (0..len).map(work).sum();
    let share = (total / CHUNKS).max(LEAST);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::GraphBuilder;

    #[test]
    fn runs_cover_the_list_and_share_the_work() {
        let n = 5000;
        let edges: Vec<[u32; 2]> = (0..20 * n).map(|at| [at % n, (at % 1000) * (at % 1000) % 71]).collect();
        let graph = GraphBuilder::directed(n as usize).plain_edges(&edges).build().unwrap();
        let mut bounds = Vec::new();
        cut(graph.topology(), Edges::In, n as usize, |at| at as u32, &mut bounds);
        assert_eq!((bounds[0], *bounds.last().unwrap()), (0, n as usize));
        assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]));
        for pair in bounds.windows(2) {
            let works = |range: std::ops::Range<usize>| -> u64 {
                range.map(|v| VISIT + u64::from(graph.topology().in_degree(v as u32))).sum()
            };
            assert!(works(pair[0]..pair[1] - 1) < LEAST, "only its last vertex may exceed a share");
        }
        cut(graph.topology(), Edges::In, 0, |at| at as u32, &mut bounds);
        assert_eq!(bounds, [0]);
    }
}
