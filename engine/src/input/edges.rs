//! Edges of a graph, as a file lists them.
use crate::graph::Ids;

/// Arcs in the order of their lines; self-loops and parallel edges kept.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeList {
    /// Ids of the vertices.
    pub ids: Ids,
    /// (source, target), numbers in `ids`.
    pub arcs: Vec<[u32; 2]>,
    /// One weight an arc, where the file has weights.
    pub weights: Option<Vec<f32>>,
}
