//! Rows of vertices: whose neighbours they are, checked once, so that gathering through them need not check again.

use gasworks_kernels::prefetch_address;

use super::column::Shape;
use super::{Buffer, ColumnRef, Store};

/// For each vertex, the other ends of its edges in one direction.
///
/// What is checked when it is made, and never changes: `offsets` starts at 0, never falls, and ends at `ends.len()`; all ends
/// are in `low..high`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    offsets: Buffer<u64>,
    ends: Buffer<u32>,
    low: u32,
    high: u32,
}

impl Rows {
    /// `offsets[v]..offsets[v + 1]` is the row of vertex v. O(vertices + ends), on this thread alone: in-edges are made where others wait
    /// for them, and a pool could hand this thread one of those.
    ///
    /// # Panics
    /// If the offsets are none of `ends`, or an end is not in `low..high`.
    pub(crate) fn new(offsets: Buffer<u64>, ends: Buffer<u32>, low: u32, high: u32) -> Self {
        let whole = offsets.first() == Some(&0) && offsets.last() == Some(&(ends.len() as u64));
        assert!(whole && offsets.is_sorted(), "offsets that are none");
        let (least, most) =
            ends.iter().fold((high, low), |(least, most), end| (least.min(*end), most.max(*end)));
        assert!(ends.is_empty() || low <= least && most < high, "an end outside {low}..{high}");
        Rows { offsets, ends, low, high }
    }

    #[inline(always)]
    pub(crate) fn vertices(&self) -> usize {
        self.offsets.len() - 1
    }

    /// `vertices + 1` positions in the ends.
    pub(crate) fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// All rows, one after the other.
    pub(crate) fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// One above the greatest end that there may be.
    pub(crate) fn high(&self) -> u32 {
        self.high
    }

    /// Where the row of a vertex lies.
    #[inline(always)]
    pub(crate) fn range(&self, vertex: u32) -> (usize, usize) {
        let pair = &self.offsets[vertex as usize..vertex as usize + 2];
        (pair[0] as usize, pair[1] as usize)
    }

    #[inline(always)]
    pub(crate) fn degree(&self, vertex: u32) -> u32 {
        let (from, to) = self.range(vertex);
        (to - from) as u32
    }

    /// The row of a vertex.
    #[inline(always)]
    pub(crate) fn neighbors(&self, vertex: u32) -> &[u32] {
        let (from, to) = self.range(vertex);
        &self.ends[from..to]
    }

    /// Asks for where the row of a vertex lies.
    #[inline(always)]
    pub(crate) fn prefetch(&self, vertex: u32) {
        prefetch_address(&self.offsets[vertex as usize]);
    }

    /// Asks for the first two cache lines of the row of a vertex.
    #[inline(always)]
    pub(crate) fn prefetch_row(&self, vertex: u32) {
        let first = self.ends.as_ptr().wrapping_add(self.offsets[vertex as usize] as usize);
        prefetch_address(first);
        prefetch_address(first.wrapping_add(16));
    }

    pub(crate) fn bytes(&self) -> usize {
        8 * self.offsets.len() + 4 * self.ends.len()
    }

    /// The rows, together with what lies on the vertices at the other ends and on the edges. The first of `ghosts` is that of
    /// vertex `base`.
    ///
    /// # Panics
    /// If there is not a ghost for each vertex of `low..high`, or not a value for each edge.
    pub(crate) fn reading<'a, G: Store, E: Store>(
        &'a self,
        base: u32,
        ghosts: ColumnRef<'a, G>,
        edges: ColumnRef<'a, E>,
    ) -> Reading<'a, G, E> {
        assert!(base <= self.low && (self.high - base) as usize <= ghosts.len(), "a ghost for each end");
        assert!(edges.len() == self.ends.len(), "a value for each edge");
        Reading { rows: self, base, ghosts, edges }
    }
}

/// Rows to gather over. `ghosts` holds a value for each end, relative to `base`, and `edges` one for each edge: checked by
/// [`Rows::reading`].
pub(crate) struct Reading<'a, G: Store, E: Store> {
    rows: &'a Rows,
    base: u32,
    ghosts: ColumnRef<'a, G>,
    edges: ColumnRef<'a, E>,
}

impl<'a, G: Store, E: Store> Reading<'a, G, E> {
    /// The row of a vertex.
    #[inline(always)]
    pub(crate) fn row(&self, vertex: u32) -> Row<'a, G, E> {
        let (from, to) = self.rows.range(vertex);
        // SAFETY: offsets never fall and end at `ends.len()`, by `Rows::new`.
        unsafe { self.part_unchecked(from, to) }
    }

    /// A part of a row.
    ///
    /// # Panics
    /// If the range is none of the edges.
    #[inline(always)]
    pub(crate) fn part(&self, from: usize, to: usize) -> Row<'a, G, E> {
        assert!(from <= to && to <= self.rows.ends.len(), "{from}..{to} of {} edges", self.rows.ends.len());
        // SAFETY: just checked.
        unsafe { self.part_unchecked(from, to) }
    }

    /// # Safety
    /// `from <= to <= ends.len()`.
    #[inline(always)]
    unsafe fn part_unchecked(&self, from: usize, to: usize) -> Row<'a, G, E> {
        // SAFETY: the caller's bounds; there are as many edges as ends, by `Rows::reading`.
        let (ends, edges) =
            unsafe { (self.rows.ends.get_unchecked(from..to), self.edges.range_unchecked(from, to)) };
        let origin = self.ghosts.origin(self.base);
        Row { ends, at: ends, edges, origin, shape: self.ghosts.shape() }
    }
}

/// Some neighbours of one vertex.
pub(crate) struct Row<'a, G: Store, E: Store> {
    ends: &'a [u32],
    /// As many as `ends`: where their ghosts lie.
    at: &'a [u32],
    /// As many as `ends`.
    edges: ColumnRef<'a, E>,
    /// Where the ghost of vertex 0 is or would be: only ever read at `at`.
    origin: *const G::Element,
    shape: Shape,
}

impl<'a, G: Store, E: Store> Row<'a, G, E> {
    /// The row `from..to` of `rows`.
    ///
    /// # Safety
    /// `from <= to <= ends`, there is an edge for each end, and `origin` is that of a column of this shape, which has a ghost
    /// for each end and lends them for `'a`.
    #[inline(always)]
    pub(super) unsafe fn new(
        rows: &'a Rows,
        from: usize,
        to: usize,
        edges: ColumnRef<'a, E>,
        origin: *const G::Element,
        shape: Shape,
    ) -> Self {
        // SAFETY: the caller's bounds.
        let (ends, edges) = unsafe { (rows.ends.get_unchecked(from..to), edges.range_unchecked(from, to)) };
        Row { ends, at: ends, edges, origin, shape }
    }

    /// The same row, whose ghosts lie elsewhere.
    ///
    /// # Safety
    /// There is a position for each end, and a ghost that is lent for `'a` at each.
    #[inline(always)]
    pub(super) unsafe fn lying_at(self, at: &'a [u32]) -> Self {
        debug_assert_eq!(at.len(), self.ends.len());
        Row { at, ..self }
    }

    /// The ghost at a position.
    ///
    /// # Safety
    /// It is one of `at`.
    #[inline(always)]
    unsafe fn ghost_at(&self, at: u32) -> G::Ref<'a> {
        let start = self.origin.wrapping_add(at as usize * G::step(self.shape.stride));
        // SAFETY: the first element of a ghost, which is lent for 'a.
        unsafe { G::lend(start, self.shape.width) }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Visits all ends in order, with what lies on their vertices and edges.
    ///
    /// The loop counts in a way that the compiler cannot see through, so that it is not unrolled: most rows are short, and
    /// an unrolled loop has two exits for the branch predictor to miss instead of one.
    #[inline(always)]
    #[expect(clippy::pointers_in_nomem_asm_block, reason = "the pointer passes through and is not followed")]
    pub(crate) fn for_each(&self, mut visit: impl FnMut(G::Ref<'a>, E::Ref<'a>)) {
        let (mut at, mut edge) = (self.at.as_ptr(), 0);
        let end = self.at.as_ptr_range().end;
        while at != end {
            // SAFETY: `at` walks over the ends, `edge` counts with it, and there are as many edges as ends; as in `ghost`.
            let (ghost, data) = unsafe { (self.ghost_at(*at), self.edges.get_unchecked(edge)) };
            visit(ghost, data);
            // SAFETY: one past an end is an end or the end of all; the empty assembly gives back what it is given.
            unsafe {
                at = at.add(1);
                std::arch::asm!("/* {at} */", at = inout(reg) at, options(pure, nomem, nostack, preserves_flags));
            }
            edge += 1;
        }
    }

    /// All ends.
    #[inline(always)]
    pub(crate) fn ends(&self) -> &'a [u32] {
        self.ends
    }

    /// The i-th end.
    #[inline(always)]
    pub(crate) fn end(&self, i: usize) -> u32 {
        self.ends[i]
    }

    /// What lies on the vertex at the i-th end.
    #[inline(always)]
    pub(crate) fn ghost(&self, i: usize) -> G::Ref<'a> {
        // SAFETY: by `new` and `lying_at`; for a reading, `origin` is shifted by the base, and base <= end < base + ghosts.len()
        // by `Rows::new` and `Rows::reading`.
        unsafe { self.ghost_at(self.at[i]) }
    }

    /// What lies on the i-th edge.
    #[inline(always)]
    pub(crate) fn edge(&self, i: usize) -> E::Ref<'a> {
        assert!(i < self.ends.len(), "edge {i} of {}", self.ends.len());
        // SAFETY: just checked; there are as many edges as ends.
        unsafe { self.edges.get_unchecked(i) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Column;

    fn rows(offsets: &[u64], ends: &[u32], low: u32, high: u32) -> Rows {
        let (offsets, ends) = (offsets.to_vec(), ends.to_vec());
        Rows::new(
            Buffer::from_fn(offsets.len(), |at| offsets[at]),
            Buffer::from_fn(ends.len(), |at| ends[at]),
            low,
            high,
        )
    }

    #[test]
    fn rows_read_relative_to_a_base() {
        let ghosts = Column::<u32>::from_fn(4, |at| 10 * at as u32);
        let edges = Column::<u8>::from_fn(4, |at| at as u8);
        let rows = rows(&[0, 1, 1, 4], &[5, 3, 6, 4], 3, 7);
        let reading = rows.reading(3, ghosts.view(), edges.view());
        let row = reading.row(2);
        assert_eq!((0..row.len()).map(|i| *row.ghost(i)).collect::<Vec<_>>(), [0, 30, 10]);
        assert_eq!((row.end(1), *row.edge(1), reading.row(1).len()), (6, 2, 0));
        assert_eq!(*reading.part(2, 3).ghost(0), 30);
        for (base, len) in [(4, 4), (3, 3)] {
            let refused = std::panic::catch_unwind(|| {
                rows.reading(base, ghosts.view().range(0, len), edges.view()).row(0).len()
            });
            assert!(refused.is_err(), "base {base}, {len} values");
        }
        assert!(std::panic::catch_unwind(|| reading.part(3, 5).len()).is_err());
        assert!(std::panic::catch_unwind(|| *reading.row(0).ghost(1)).is_err());
        assert!(std::panic::catch_unwind(|| reading.row(3).len()).is_err());
        let short = edges.view().range(0, 3);
        assert!(std::panic::catch_unwind(|| rows.reading(3, ghosts.view(), short).row(0).len()).is_err());
    }

    #[test]
    fn refuses_what_is_no_structure() {
        for (offsets, ends) in [
            (&[][..], &[][..]),
            (&[1, 1], &[0]),
            (&[0, 2], &[0]),
            (&[0, 2, 1, 3], &[0, 0, 0]),
            (&[0, 1], &[3]),
            (&[0, 1], &[0]),
        ] {
            let refused = std::panic::catch_unwind(|| rows(offsets, ends, 1, 3).vertices());
            assert!(refused.is_err(), "{offsets:?} {ends:?}");
        }
        assert_eq!(rows(&[0], &[], 0, 0).vertices(), 0);
    }
}
