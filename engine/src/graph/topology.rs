//! The structure of a graph: who is joined to whom. Immutable once built.

use std::sync::Arc;

use crate::memory::Rows;

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
    pub(crate) out: Arc<Rows>,
    pub(crate) into: Arc<Rows>,
    /// Bipartite: `0..left` are the left vertices, and every edge goes from left to right.
    left: Option<u32>,
}

impl Topology {
    pub(crate) fn new(out: Arc<Rows>, into: Arc<Rows>, left: Option<u32>) -> Self {
        debug_assert_eq!(out.vertices(), into.vertices());
        Topology { out, into, left }
    }

    #[inline(always)]
    pub(crate) fn side(&self, side: Side) -> &Rows {
        match side {
            Side::In => &self.into,
            Side::Out => &self.out,
        }
    }

    /// How many vertices.
    pub fn vertices(&self) -> usize {
        self.out.vertices()
    }

    /// How many edges; arcs in an undirected graph.
    pub fn edges(&self) -> usize {
        self.out.ends().len()
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
        if self.is_undirected() { self.out.bytes() } else { self.out.bytes() + self.into.bytes() }
    }
}
