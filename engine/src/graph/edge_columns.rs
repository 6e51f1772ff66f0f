//! Edge data, stored in both orders so that a gather in either direction reads one dense run.

use super::Topology;
use crate::data::Data;
use crate::memory::{Column, ColumnRef};

/// Edge data in the order of the out-edges and, unless the two are the same, in that of the in-edges.
pub(crate) struct EdgeColumns<E: Data> {
    out: Column<E>,
    /// None where it would equal `out`: undirected graphs, and data without content.
    into: Option<Column<E>>,
}

impl<E: Data> EdgeColumns<E> {
    pub(crate) fn new(out: Column<E>, into: Option<Column<E>>) -> Self {
        EdgeColumns { out, into }
    }

    #[inline(always)]
    pub(crate) fn outgoing(&self) -> ColumnRef<'_, E> {
        self.out.view()
    }

    #[inline(always)]
    pub(crate) fn incoming(&self) -> ColumnRef<'_, E> {
        self.into.as_ref().unwrap_or(&self.out).view()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.out.bytes() + self.into.as_ref().map_or(0, Column::bytes)
    }

    /// The column in out-order, to be written; [`refresh`](EdgeColumns::refresh) afterwards.
    pub(crate) fn outgoing_mut(&mut self) -> &mut Column<E> {
        &mut self.out
    }

    /// As [`refresh`](EdgeColumns::refresh), for whoever has not asked the topology yet: it is asked only if there are two orders.
    pub(crate) fn refresh_by(&mut self, topology: &Topology)
    where
        E::Element: Clone,
    {
        if self.into.is_some() {
            self.refresh(&topology.in_to_out());
        }
    }

    /// Copies what was written in out-order to the in-order. O(edges).
    pub(crate) fn refresh(&mut self, in_to_out: &[u64])
    where
        E::Element: Clone,
    {
        if self.into.is_some() {
            self.into = Some(self.out.gathered(in_to_out));
        }
    }
}

impl Topology {
    /// For each in-edge, in order, its position among the out-edges. O(vertices + edges).
    ///
    /// In an undirected graph, the in-edge at a position *is* the arc at that position read backward, so the answer names the
    /// reverse arc.
    pub(crate) fn in_to_out(&self) -> Vec<u64> {
        let mut next = self.into.offsets().to_vec();
        let mut positions = vec![0; self.edges()];
        for (position, target) in self.out.ends().iter().enumerate() {
            let at = &mut next[*target as usize];
            positions[*at as usize] = position as u64;
            *at += 1;
        }
        positions
    }
}
