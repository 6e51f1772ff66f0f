//! Edge data, stored in both orders where both are gathered along, so that a gather in either direction reads one dense run.

use std::sync::OnceLock;

use super::{Side, Topology};
use crate::data::Data;
use crate::memory::{Column, ColumnRef};

/// Edge data in the order of the out-edges and, once somebody asks, in that of the in-edges.
pub(crate) struct EdgeColumns<E: Data> {
    out: Column<E>,
    /// None where it would equal `out`: undirected graphs, and data without content.
    into: Option<Lazy<E>>,
}

/// Made of `out` when it is asked for, and forgotten when that is written.
struct Lazy<E: Data> {
    column: OnceLock<Column<E>>,
    gather: fn(&Column<E>, &[u64]) -> Column<E>,
}

impl<E: Data> EdgeColumns<E> {
    /// Whether it matters which edge has which data.
    pub(crate) const HAVE_CONTENT: bool = size_of::<E::Element>() > 0;

    /// Of a graph with these edges.
    pub(crate) fn new(topology: &Topology, out: Column<E>) -> Self
    where
        E::Element: Clone,
    {
        let into = (Self::HAVE_CONTENT && !topology.is_undirected())
            .then(|| Lazy { column: OnceLock::new(), gather: Column::gathered });
        EdgeColumns { out, into }
    }

    /// The same data in the order of the out-edges of another topology: for each, where it was. None needed where the data have no content.
    pub(crate) fn rearranged(&self, topology: &Topology, positions: &[u64]) -> Self
    where
        E::Element: Clone,
    {
        let out = if Self::HAVE_CONTENT { self.out.gathered(positions) } else { self.out.clone() };
        EdgeColumns::new(topology, out)
    }

    #[inline(always)]
    pub(crate) fn outgoing(&self) -> ColumnRef<'_, E> {
        self.out.view()
    }

    /// In the order of the in-edges of the topology that the columns were made with. O(vertices + edges) for the first who asks.
    pub(crate) fn incoming(&self, topology: &Topology) -> ColumnRef<'_, E> {
        let Some(Lazy { column, gather }) = &self.into else { return self.out.view() };
        column.get_or_init(|| gather(&self.out, &topology.in_to_out())).view()
    }

    /// Memory taken so far.
    pub(crate) fn bytes(&self) -> usize {
        let into = self.into.as_ref().and_then(|into| into.column.get());
        self.out.bytes() + into.map_or(0, Column::bytes)
    }

    /// The column in out-order, to be written; what is asked for in in-order afterwards follows.
    pub(crate) fn outgoing_mut(&mut self) -> &mut Column<E> {
        if let Some(into) = &mut self.into {
            into.column.take();
        }
        &mut self.out
    }
}

impl Topology {
    /// For each in-edge, in order, its position among the out-edges. O(vertices + edges).
    ///
    /// In an undirected graph, the in-edge at a position *is* the arc at that position read backward, so the answer names the
    /// reverse arc.
    pub(crate) fn in_to_out(&self) -> Vec<u64> {
        let mut next = self.side(Side::In).offsets().to_vec();
        let mut positions = vec![0; self.edges()];
        for (position, target) in self.out.ends().iter().enumerate() {
            let at = &mut next[*target as usize];
            positions[*at as usize] = position as u64;
            *at += 1;
        }
        positions
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::GraphBuilder;

    #[test]
    fn in_edges_have_what_was_last_written() {
        let edges = [[0, 1], [0, 2], [1, 0], [2, 1]];
        let mut graph =
            GraphBuilder::directed(3).weighted_edges(&edges, &[1.0f32, 2.0, 3.0, 4.0]).build().unwrap();
        let incoming = |graph: &crate::graph::Graph<(), f32>| -> Vec<f32> {
            let column = graph.edges.incoming(graph.topology());
            (0..column.len()).map(|at| *column.get(at)).collect()
        };
        // By target: 1 -> 0, 0 -> 1, 2 -> 1, 0 -> 2.
        let unread = graph.bytes();
        assert_eq!(incoming(&graph), [3.0, 1.0, 4.0, 2.0]);
        assert!(graph.bytes() > unread);
        graph.transform_edges(|source, target, weight| *weight += (10 * source + target) as f32);
        assert_eq!(incoming(&graph), [13.0, 2.0, 25.0, 4.0]);
    }
}
