//! The panel: a block of factor rows, copied next to each other before they are multiplied.
//!
//! Neighbours' rows lie anywhere in memory. Copying 32 of them brings each into the first-level cache once, prefetched
//! while earlier ones are still being multiplied, and lets the update's tiles walk a dense block. The copy is the one
//! moment at which a row is in registers anyway, so it also scales the row by the square root of its weight and adds the row's
//! part of the right-hand side.
//!
//! Rows are padded at their FRONT to whole lines of 16 floats. The padding then comes first in elimination order and
//! last columns end on a line, so the upper block triangle has no ragged edge and padding costs no arithmetic.

use crate::aligned::{Aligned, LINE, vectors, vectors_mut};
use crate::prefetch::prefetch;
use pulp::Simd;

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
    pub(super) fn new(rank: usize) -> Self {
        let stride = rank.next_multiple_of(LINE);
        // 64 rows where panel and matrix share the first-level cache easily, 32 where the matrix alone fills it.
        let capacity = if stride <= 64 { 64 } else { 32 };
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
        // The first vector may be part padding: it goes alone.
        if column < self.pad() {
            self.fill_head(simd, span, row, terms, target, column);
            column += lanes;
        }
        while column < self.stride {
            let width = ((self.stride - column) / lanes).min(8);
            match width {
                8 => self.fill_body::<S, T, 8>(simd, span, row, terms, target, column),
                7 => self.fill_body::<S, T, 7>(simd, span, row, terms, target, column),
                6 => self.fill_body::<S, T, 6>(simd, span, row, terms, target, column),
                5 => self.fill_body::<S, T, 5>(simd, span, row, terms, target, column),
                4 => self.fill_body::<S, T, 4>(simd, span, row, terms, target, column),
                3 => self.fill_body::<S, T, 3>(simd, span, row, terms, target, column),
                2 => self.fill_body::<S, T, 2>(simd, span, row, terms, target, column),
                _ => self.fill_body::<S, T, 1>(simd, span, row, terms, target, column),
            }
            column += width * lanes;
        }
        self.filled += span.count;
    }

    /// The columns `column..column + VECTORS * lanes`, none of them padding.
    #[inline(always)]
    fn fill_body<'a, S: Simd, T: Terms, const VECTORS: usize>(
        &mut self,
        simd: S,
        span: Span,
        row: &impl Fn(usize) -> &'a [f32],
        terms: &T,
        target: &mut [f32],
        column: usize,
    ) {
        let (rank, width, source) = (self.rank, VECTORS * S::F32_LANES, column - self.pad());
        let mut sums = [simd.splat_f32s(0.0); VECTORS];
        if T::TARGETS {
            sums.copy_from_slice(vectors::<S>(&target[column..column + width]));
        }
        let panel = &mut self.rows[self.filled * self.stride..];
        for (line, i) in panel.chunks_exact_mut(self.stride).zip(span.first..span.first + span.count) {
            if i + AHEAD < span.total {
                prefetch(row(i + AHEAD));
            }
            let from = row(i);
            assert_eq!(from.len(), rank, "a row must have as many floats as the rank");
            let from = vectors::<S>(&from[source..source + width]);
            let to = vectors_mut::<S>(&mut line[column..column + width]);
            let (scale, factor) = (simd.splat_f32s(terms.scale(i)), simd.splat_f32s(terms.target(i)));
            for ((to, &from), sum) in to.iter_mut().zip(from).zip(&mut sums) {
                *to = if T::SCALED { simd.mul_f32s(scale, from) } else { from };
                if T::TARGETS {
                    *sum = simd.mul_add_e_f32s(factor, from, *sum);
                }
            }
        }
        if T::TARGETS {
            vectors_mut::<S>(&mut target[column..column + width]).copy_from_slice(&sums);
        }
    }

    /// The one vector at `column` that is part padding.
    #[inline(always)]
    fn fill_head<'a, S: Simd, T: Terms>(
        &mut self,
        simd: S,
        span: Span,
        row: &impl Fn(usize) -> &'a [f32],
        terms: &T,
        target: &mut [f32],
        column: usize,
    ) {
        let (rank, lanes) = (self.rank, S::F32_LANES);
        let skip = self.pad() - column;
        let mut sum = simd.splat_f32s(0.0);
        if T::TARGETS {
            sum = vectors::<S>(&target[column..column + lanes])[0];
        }
        let panel = &mut self.rows[self.filled * self.stride..];
        for (line, i) in panel.chunks_exact_mut(self.stride).zip(span.first..span.first + span.count) {
            if i + AHEAD < span.total {
                prefetch(row(i + AHEAD));
            }
            let from = row(i);
            assert_eq!(from.len(), rank, "a row must have as many floats as the rank");
            // The lanes past the head are zero, and rotate to the front.
            let from = simd.rotate_right_f32s(simd.partial_load_f32s(&from[..lanes - skip]), skip);
            let (scale, factor) = (simd.splat_f32s(terms.scale(i)), simd.splat_f32s(terms.target(i)));
            vectors_mut::<S>(&mut line[column..column + lanes])[0] =
                if T::SCALED { simd.mul_f32s(scale, from) } else { from };
            if T::TARGETS {
                sum = simd.mul_add_e_f32s(factor, from, sum);
            }
        }
        if T::TARGETS {
            vectors_mut::<S>(&mut target[column..column + lanes])[0] = sum;
        }
    }
}

/// Rows `first..first + count` of a list of `total`.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) total: usize,
}
