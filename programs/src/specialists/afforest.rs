//! Weakly connected components by Afforest (Sutton, Ben-Nun, Barak 2018, "Optimizing parallel graph connectivity computation via subgraph
//! sampling", sections 3 and 4).
//!
//! A forest of parents, linked by a few edges of each vertex, already holds most of the giant component of a usual graph. Who is in it needs
//! no more of its edges: those that lead out of it are seen from their other ends.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use gasworks_engine::Random;
use gasworks_engine::graph::{Topology, Vertex};
use rayon::prelude::*;

/// Edges of each vertex that are linked before the giant component is guessed.
const FIRST: usize = 2;
/// Vertices that are looked at for the guess.
const SAMPLES: usize = 1024;
/// Vertices that are not worth a task of their own.
const BLOCK: usize = 1 << 10;

/// The least vertex of each vertex's component, over edges in either direction. O(vertices + edges), and less where one component has most of
/// the vertices. Parallel on the current pool.
///
/// ```
/// use gasworks_engine::graph::GraphBuilder;
/// use gasworks_programs::specialists::components;
/// let graph = GraphBuilder::directed(5).plain_edges(&[[1, 0], [1, 2], [4, 3]]).build()?;
/// assert_eq!(components(graph.topology()), [0, 0, 0, 3, 3]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn components(topology: &Topology) -> Vec<Vertex> {
    let n = topology.vertices();
    let forest = Forest((0..n as u32).map(AtomicU32::new).collect());
    let each = |visit: &(dyn Fn(Vertex) + Sync)| {
        (0..n as u32).into_par_iter().with_min_len(BLOCK).for_each(visit);
    };
    for round in 0..FIRST {
        each(&|vertex| {
            if let Some(neighbor) = neighbors(topology, vertex, round).next() {
                forest.link(vertex, neighbor);
            }
        });
        each(&|vertex| forest.compress(vertex));
    }
    let giant = forest.most_common();
    each(&|vertex| {
        if forest.parent(vertex) != giant {
            neighbors(topology, vertex, FIRST).for_each(|neighbor| forest.link(vertex, neighbor));
        }
    });
    each(&|vertex| forest.compress(vertex));
    forest.0.into_iter().map(AtomicU32::into_inner).collect()
}

/// Those along out-edges and then, if they are others, along in-edges, from one on.
fn neighbors(topology: &Topology, vertex: Vertex, from: usize) -> impl Iterator<Item = Vertex> {
    let out = topology.out_neighbors(vertex);
    let into = if topology.is_undirected() { &[] } else { topology.in_neighbors(vertex) };
    let (skipped, more) = (from.min(out.len()), from.saturating_sub(out.len()).min(into.len()));
    out[skipped..].iter().chain(&into[more..]).copied()
}

/// For each vertex itself, or its parent, which is in its component and not above it.
struct Forest(Vec<AtomicU32>);

impl Forest {
    #[inline(always)]
    fn parent(&self, vertex: Vertex) -> Vertex {
        self.0[vertex as usize].load(Relaxed)
    }

    /// Joins the trees of two vertices: the greater root gets the lesser for a parent, so that the root of a tree is always its least vertex.
    #[inline(always)]
    fn link(&self, a: Vertex, b: Vertex) {
        let (mut a, mut b) = (self.parent(a), self.parent(b));
        while a != b {
            let (high, low) = (a.max(b), a.min(b));
            let parent = self.parent(high);
            let is_root = parent == high;
            if parent == low
                || is_root && self.0[high as usize].compare_exchange(high, low, Relaxed, Relaxed).is_ok()
            {
                break;
            }
            (a, b) = (self.parent(self.parent(high)), self.parent(low));
        }
    }

    /// Makes its root the parent of a vertex.
    #[inline(always)]
    fn compress(&self, vertex: Vertex) {
        let mut root = self.parent(vertex);
        while self.parent(root) != root {
            root = self.parent(root);
        }
        self.0[vertex as usize].store(root, Relaxed);
    }

    /// Of some vertices, the most common parent.
    fn most_common(&self) -> Vertex {
        let n = self.0.len() as u64;
        let mut random = Random::keyed(0, 0, n, 0);
        let mut parents: Vec<Vertex> =
            (0..SAMPLES.min(self.0.len())).map(|_| self.parent(random.below(n) as u32)).collect();
        parents.sort_unstable();
        let most = parents.chunk_by(|a, b| a == b).max_by_key(|same| same.len());
        most.map_or(0, |same| same[0])
    }
}
