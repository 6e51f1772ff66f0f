//! The data of many edges of a visit at once, for visits that go over them more than once: copied out, and written back.

use bytemuck::Pod;

use super::{Lent, Way};
use crate::memory::{Reach, Store};

impl<V: Store, E: Pod + Send + Sync> Lent<'_, V, E> {
    /// Edge consistency: copies the data of the first edges along a direction.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline(always)]
    pub(crate) fn read_edges(&mut self, outgoing: bool, to: &mut [E]) {
        assert!(to.len() <= self.degree(outgoing), "{} edges of {}", to.len(), self.degree(outgoing));
        if !matches!(self.way, Way::Held) {
            for (i, to) in to.iter_mut().enumerate() {
                let mut edge = self.edge_at(outgoing, i);
                *to = if edge.is_loop() { *edge.vertex_parts().1 } else { *edge.edge_parts().1 };
            }
            return;
        }
        assert!(self.claim.reach() >= Reach::Read, "beyond the claim");
        let rows = if outgoing { self.cells.out } else { self.cells.into };
        let first = rows.range(self.claim.vertex()).0;
        if outgoing {
            for (i, to) in to.iter_mut().enumerate() {
                // SAFETY: the claim covers that nobody else writes the edge; the borrow of self keeps it from being lent meanwhile.
                *to = unsafe { *self.cells.edges.get(first + i) };
            }
        } else {
            for (to, edge) in to.iter_mut().zip(&self.cells.in_to_out[first..]) {
                // SAFETY: as above.
                *to = unsafe { *self.cells.edges.get(*edge as usize) };
            }
        }
    }

    /// Edge consistency: writes the data of the first edges along a direction, but self-loops.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline(always)]
    pub(crate) fn write_edges(&mut self, outgoing: bool, from: &[E]) {
        assert!(from.len() <= self.degree(outgoing), "{} edges of {}", from.len(), self.degree(outgoing));
        let rows = if outgoing { self.cells.out } else { self.cells.into };
        let vertex = self.claim.vertex();
        let (first, ends) = (rows.range(vertex).0, rows.neighbors(vertex));
        if !matches!(self.way, Way::Held) {
            for (i, from) in from.iter().enumerate() {
                let mut edge = self.edge_at(outgoing, i);
                if !edge.is_loop() {
                    *edge.edge_parts().1 = *from;
                }
            }
            return;
        }
        assert!(self.claim.reach() >= Reach::Read, "beyond the claim");
        for (i, (from, end)) in from.iter().zip(ends).enumerate() {
            if *end != vertex {
                let edge = if outgoing { first + i } else { self.cells.in_to_out[first + i] as usize };
                // SAFETY: the claim covers the edge, whose ends are two, to be written; the borrow of self is exclusive.
                unsafe { *self.cells.edges.get_mut(edge) = *from };
            }
        }
    }
}
