//! The structure of a graph: who is joined to whom. Immutable once built.

use std::sync::{Arc, OnceLock};

use super::compressed::{Compressed, arcs};
use super::relabeling::Relabeling;
use crate::memory::Rows;

/// One of the two directions in which edges are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    In,
    Out,
}

/// Out-edges by source (CSR) and in-edges by target (CSC), each ascending by the other end; parallel edges keep the order in
/// which they were given. `u32` vertices, `u64` offsets. An undirected graph stores each edge as two arcs, a self-loop as one.
///
/// The in-edges of a graph that is not undirected are made when they are first asked for: O(vertices + edges), once.
#[derive(Clone, Debug)]
pub struct Topology {
    pub(crate) out: Arc<Rows>,
    /// None where they are the out-edges.
    into: Option<Arc<OnceLock<Rows>>>,
    /// Bipartite: `0..left` are the left vertices, and every edge goes from left to right.
    left: Option<u32>,
    /// None where vertices have the numbers that they were loaded with.
    pub(super) relabeling: Option<Arc<Relabeling>>,
}

impl Topology {
    pub(crate) fn directed(out: Rows, left: Option<u32>) -> Self {
        Topology { out: Arc::new(out), into: Some(Arc::default()), left, relabeling: None }
    }

    /// Both directions of the same edges, which the caller has checked.
    pub(crate) fn in_both(out: Rows, into: Rows, relabeling: Option<Relabeling>) -> Self {
        let (into, relabeling) = (Some(Arc::new(into.into())), relabeling.map(Arc::new));
        Topology { out: Arc::new(out), into, left: None, relabeling }
    }

    pub(crate) fn undirected(out: Rows) -> Self {
        Topology { out: Arc::new(out), into: None, left: None, relabeling: None }
    }

    /// The same edges under other numbers, both directions where they are made.
    pub(super) fn relabeled(&self, out: Rows, into: Option<Rows>, relabeling: Relabeling) -> Self {
        let made = || Arc::new(into.map_or_else(OnceLock::new, OnceLock::from));
        let into = self.into.as_ref().map(|_| made());
        Topology { out: Arc::new(out), into, left: self.left, relabeling: Some(Arc::new(relabeling)) }
    }

    /// The in-edges, if they are stored for themselves and somebody has asked for them.
    pub(super) fn made_into(&self) -> Option<&Rows> {
        self.into.as_ref().and_then(|into| into.get())
    }

    fn into(&self) -> &Rows {
        let Some(into) = &self.into else { return &self.out };
        into.get_or_init(|| {
            let ends =
                || arcs(self.out.offsets(), self.out.ends()).map(|(source, target)| (target, source, ()));
            let Compressed { offsets, ends, .. } = Compressed::new(self.vertices(), self.edges(), ends);
            Rows::new(offsets, ends, 0, self.left.unwrap_or(self.vertices() as u32))
        })
    }

    #[inline(always)]
    pub(crate) fn side(&self, side: Side) -> &Rows {
        match side {
            Side::In => self.into(),
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
        self.into.is_none()
    }

    /// Edges that end in the vertex.
    #[inline]
    pub fn in_degree(&self, vertex: u32) -> u32 {
        self.into().degree(vertex)
    }

    /// Edges that start at the vertex.
    #[inline(always)]
    pub fn out_degree(&self, vertex: u32) -> u32 {
        self.out.degree(vertex)
    }

    /// Sources of the edges that end in the vertex, ascending.
    pub fn in_neighbors(&self, vertex: u32) -> &[u32] {
        self.into().neighbors(vertex)
    }

    /// Targets of the edges that start at the vertex, ascending.
    pub fn out_neighbors(&self, vertex: u32) -> &[u32] {
        self.out.neighbors(vertex)
    }

    /// Memory taken so far.
    pub fn bytes(&self) -> usize {
        let relabeling = if self.relabeling.is_some() { 8 * self.vertices() } else { 0 };
        self.out.bytes() + self.made_into().map_or(0, Rows::bytes) + relabeling
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use crate::graph::GraphBuilder;

    /// Who makes them must not be handed the work of somebody who waits for them.
    #[test]
    fn workers_of_a_pool_may_ask_for_in_edges_all_at_once() {
        let vertices = 1 << 15;
        let edges: Vec<[u32; 2]> = (0..vertices).map(|vertex| [vertex, vertex * 7 % vertices]).collect();
        let graph = GraphBuilder::directed(vertices as usize).plain_edges(&edges);
        for threads in [3, 16] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for _ in 0..1000 {
                let graph = graph.clone().build().unwrap();
                let degree = |vertex| u64::from(graph.topology().in_degree(vertex));
                let edges: u64 = pool.install(|| (0..vertices).into_par_iter().map(degree).sum());
                assert_eq!(edges, u64::from(vertices));
            }
        }
    }
}
