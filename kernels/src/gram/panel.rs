//! The panel: a block of factor rows, copied next to each other before they are multiplied.
//!
//! Neighbours' rows lie anywhere in memory. Copying 48 of them brings each into the first-level cache once, prefetched
//! while earlier ones are still being multiplied, and lets the update's tiles walk a dense block. The copy is the one
//! moment at which a row is in registers anyway, so it also scales the row by the square root of its weight and adds the row's
//! part of the right-hand side.
//!
//! Rows are padded at their FRONT to whole lines of 16 floats. The padding then comes first in elimination order and
//! last columns end on a line, so the upper block triangle has no ragged edge and padding costs no arithmetic.

use crate::aligned::{Aligned, LINE, vectors, vectors_mut};
use crate::prefetch::prefetch_float;
use pulp::Simd;

/// Rows that are multiplied at a time: they, the matrix and the rows on their way share the first-level cache at rank 64. Measured best
/// of 16 to 64.
pub(super) const ROWS: usize = 48;

/// Rows between a prefetch and its use.
const AHEAD: usize = 16;

/// A block of padded rows of one rank.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    rows: Aligned,
    rank: usize,
    stride: usize,
    capacity: usize,
    filled: usize,
}

/// What a copied row carries besides itself.
pub(super) trait Terms {
    /// Whether rows are scaled at all.
    const SCALED: bool;
    /// Whether there is a right-hand side.
    const TARGETS: bool;
    /// Factor of row `i` before its outer product is taken.
    fn scale(&self, i: usize) -> f32;
    /// Factor of row `i` in the right-hand side.
    fn target(&self, i: usize) -> f32;
}

impl Panel {
    /// Room for `capacity` rows. More than [`ROWS`] are for those who want to read them more than once.
    pub(super) fn new(rank: usize, capacity: usize) -> Self {
        let stride = rank.next_multiple_of(LINE);
        Panel { rows: Aligned::new(capacity * stride), rank, stride, capacity, filled: 0 }
    }

    pub(super) fn rank(&self) -> usize {
        self.rank
    }

    /// Floats from one padded row to the next.
    #[inline(always)]
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Unused floats before a row.
    #[inline(always)]
    pub(super) fn pad(&self) -> usize {
        self.stride - self.rank
    }

    #[inline(always)]
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline(always)]
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    #[inline(always)]
    pub(super) fn room(&self) -> usize {
        self.capacity - self.filled
    }

    /// The padded rows that are in the panel.
    #[inline(always)]
    pub(super) fn rows(&self) -> &[f32] {
        &self.rows[..self.filled * self.stride]
    }

    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    /// Copies one row without vector instructions.
    pub(super) fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.rank, "a row must have as many floats as the rank");
        let start = self.filled * self.stride + self.pad();
        self.rows[start..start + self.rank].copy_from_slice(row);
        self.filled += 1;
    }

    /// Copies rows `first..first + count` of the `n` that `row` knows, and adds their targets' part to the padded
    /// right-hand side `target`.
    ///
    /// # Panics
    /// If the panel has no room for them, or a row has not `rank` floats.
    #[inline(always)]
    pub(super) fn fill<'a, S: Simd, T: Terms>(
        &mut self,
        simd: S,
        span: Span,
        row: &impl Fn(usize) -> &'a [f32],
        terms: &T,
        target: &mut [f32],
    ) {
        assert!(span.count <= self.room(), "more rows than the panel has room for");
        let lanes = S::F32_LANES;
        let mut column = self.pad() / lanes * lanes;
        let mut head = column < self.pad();
        // Eight vectors at a time, so that their part of the right-hand side stays in registers.
        while column < self.stride {
            let vectors = ((self.stride - column) / lanes).min(8);
            let columns = Columns { span, column };
            match vectors {
                8 if head => self.fill_columns::<S, T, 8, true>(simd, columns, row, terms, target),
                8 => self.fill_columns::<S, T, 8, false>(simd, columns, row, terms, target),
                7 if head => self.fill_columns::<S, T, 7, true>(simd, columns, row, terms, target),
                7 => self.fill_columns::<S, T, 7, false>(simd, columns, row, terms, target),
                6 if head => self.fill_columns::<S, T, 6, true>(simd, columns, row, terms, target),
                6 => self.fill_columns::<S, T, 6, false>(simd, columns, row, terms, target),
                5 if head => self.fill_columns::<S, T, 5, true>(simd, columns, row, terms, target),
                5 => self.fill_columns::<S, T, 5, false>(simd, columns, row, terms, target),
                4 if head => self.fill_columns::<S, T, 4, true>(simd, columns, row, terms, target),
                4 => self.fill_columns::<S, T, 4, false>(simd, columns, row, terms, target),
                3 if head => self.fill_columns::<S, T, 3, true>(simd, columns, row, terms, target),
                3 => self.fill_columns::<S, T, 3, false>(simd, columns, row, terms, target),
                2 if head => self.fill_columns::<S, T, 2, true>(simd, columns, row, terms, target),
                2 => self.fill_columns::<S, T, 2, false>(simd, columns, row, terms, target),
                _ if head => self.fill_columns::<S, T, 1, true>(simd, columns, row, terms, target),
                _ => self.fill_columns::<S, T, 1, false>(simd, columns, row, terms, target),
            }
            column += vectors * lanes;
            head = false;
        }
        self.filled += span.count;
    }

    /// Fills `VECTORS` vectors of columns; `HEAD` says that the first of them starts with padding.
    #[inline(always)]
    fn fill_columns<'a, S: Simd, T: Terms, const VECTORS: usize, const HEAD: bool>(
        &mut self,
        simd: S,
        columns: Columns,
        row: &impl Fn(usize) -> &'a [f32],
        terms: &T,
        target: &mut [f32],
    ) {
        let Columns { span, column } = columns;
        let (rank, stride, width) = (self.rank, self.stride, VECTORS * S::F32_LANES);
        // Floats of the first vector that are padding, and where the columns start in an unpadded row.
        let skip = if HEAD { self.pad() - column } else { 0 };
        let source = column + skip - self.pad();
        let head = simd.mask_between_m32s(skip as u32, S::F32_LANES as u32).mask();
        let mut sums = [simd.splat_f32s(0.0); VECTORS];
        if T::TARGETS {
            sums.copy_from_slice(vectors::<S>(&target[column..column + width]));
        }
        let panel = &mut self.rows[self.filled * stride..];
        for (line, i) in panel.chunks_exact_mut(stride).zip(span.first..span.first + span.count) {
            if i + AHEAD < span.total {
                let next = &row(i + AHEAD)[source..source + width - skip];
                for last in (LINE.min(width) - 1..width).step_by(LINE) {
                    prefetch_float(&next[last.saturating_sub(skip)]);
                }
            }
            let from = row(i);
            assert_eq!(from.len(), rank, "a row must have as many floats as the rank");
            let to = vectors_mut::<S>(&mut line[column..column + width]);
            let (scale, factor) = (simd.splat_f32s(terms.scale(i)), simd.splat_f32s(terms.target(i)));
            let mut put = |v: usize, from: S::f32s| {
                to[v] = if T::SCALED { simd.mul_f32s(scale, from) } else { from };
                if T::TARGETS {
                    sums[v] = simd.mul_add_e_f32s(factor, from, sums[v]);
                }
            };
            let whole = if HEAD {
                let (part, whole) = from[source..source + width - skip].split_at(S::F32_LANES - skip);
                // A whole load is cheaper than a partial one, where the row is long enough.
                let part = if VECTORS > 1 {
                    vectors::<S>(&from[..S::F32_LANES])[0]
                } else {
                    simd.partial_load_f32s(part)
                };
                let part = simd.rotate_right_f32s(part, skip);
                put(0, simd.select_f32s(head, part, simd.splat_f32s(0.0)));
                whole
            } else {
                &from[source..source + width]
            };
            let (first, whole) = (usize::from(HEAD), vectors::<S>(whole));
            for v in first..VECTORS {
                put(v, whole[v - first]);
            }
        }
        if T::TARGETS {
            vectors_mut::<S>(&mut target[column..column + width]).copy_from_slice(&sums);
        }
    }
}

/// A part of a copy: some rows, and the columns of the panel from `column` on.
#[derive(Clone, Copy)]
struct Columns {
    span: Span,
    column: usize,
}

/// Rows `first..first + count` of a list of `total`.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) total: usize,
}
