//! The structure of a graph: who is joined to whom. Immutable once built.

use std::sync::Arc;

use crate::memory::{Buffer, Indices};

/// One direction of the edges: for each vertex, the other ends of its edges, ascending.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Adjacency {
    /// `vertices + 1` positions in `ends`.
    pub(crate) offsets: Buffer<u64>,
    pub(crate) ends: Indices,
}

impl Adjacency {
    #[inline(always)]
    pub(crate) fn range(&self, vertex: u32) -> (usize, usize) {
        let at = vertex as usize;
        (self.offsets[at] as usize, self.offsets[at + 1] as usize)
    }

    #[inline(always)]
    pub(crate) fn degree(&self, vertex: u32) -> u32 {
        let (from, to) = self.range(vertex);
        (to - from) as u32
    }

    pub(crate) fn neighbors(&self, vertex: u32) -> &[u32] {
        let (from, to) = self.range(vertex);
        &self.ends.as_slice()[from..to]
    }
}

/// One of the two directions in which edges are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    In,
    Out,
}

/// Out-edges by source (CSR) and in-edges by target (CSC), each ascending by the other end; parallel edges keep the order in
/// which they were given. `u32` vertices, `u64` offsets. An undirected graph stores each edge as two arcs, a self-loop as one.
#[derive(Clone, Debug)]
pub struct Topology {
    pub(crate) out: Arc<Adjacency>,
    pub(crate) into: Arc<Adjacency>,
    /// Bipartite: `0..left` are the left vertices, and every edge goes from left to right.
    left: Option<u32>,
}

impl Topology {
    pub(crate) fn new(out: Arc<Adjacency>, into: Arc<Adjacency>, left: Option<u32>) -> Self {
        debug_assert_eq!(out.offsets.len(), into.offsets.len());
        Topology { out, into, left }
    }

    #[inline(always)]
    pub(crate) fn side(&self, side: Side) -> &Adjacency {
        match side {
            Side::In => &self.into,
            Side::Out => &self.out,
        }
    }

    /// How many vertices.
    pub fn vertices(&self) -> usize {
        self.out.offsets.len() - 1
    }

    /// How many edges; arcs in an undirected graph.
    pub fn edges(&self) -> usize {
        self.out.ends.as_slice().len()
    }

    /// How many left vertices a bipartite graph has: `0..left`, all edges from left to right.
    pub fn left(&self) -> Option<u32> {
        self.left
    }

    /// Whether every arc has its reverse by construction, so that both directions are stored once.
    pub fn is_undirected(&self) -> bool {
        Arc::ptr_eq(&self.out, &self.into)
    }

    /// Edges that end in the vertex.
    #[inline(always)]
    pub fn in_degree(&self, vertex: u32) -> u32 {
        self.into.degree(vertex)
    }

    /// Edges that start at the vertex.
    #[inline(always)]
    pub fn out_degree(&self, vertex: u32) -> u32 {
        self.out.degree(vertex)
    }

    /// Sources of the edges that end in the vertex, ascending.
    pub fn in_neighbors(&self, vertex: u32) -> &[u32] {
        self.into.neighbors(vertex)
    }

    /// Targets of the edges that start at the vertex, ascending.
    pub fn out_neighbors(&self, vertex: u32) -> &[u32] {
        self.out.neighbors(vertex)
    }

    /// Memory taken.
    pub fn bytes(&self) -> usize {
        let one = |side: &Adjacency| 8 * side.offsets.len() + 4 * side.ends.as_slice().len();
        if self.is_undirected() { one(&self.out) } else { one(&self.out) + one(&self.into) }
    }
}
