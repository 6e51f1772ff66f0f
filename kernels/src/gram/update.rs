//! The symmetric rank-k update `A += X^T X` on the upper block triangle.
//!
//! Row blocks of a tile's height are crossed with the vectors from the one that holds their diagonal on; what lies left of it is
//! never touched. A panel row costs `rank (rank + 1)` useful operations; the tiles on the diagonal do some of them twice
//! (a quarter more at rank 64 and 16 lanes). Every element is one chain of fused multiply-adds over the panel rows in
//! order, whatever the tile's shape: so levels agree bit for bit, and so do different cuts of the rows into panels.

use super::tile::{self, Sign};
use pulp::{Simd, WithSimd};

/// One update of the square row-major `matrix` (side `stride`, the first `pad` rows and columns unused and zero) by the
/// rows of `panel`. `fresh` says that the matrix counts as zero, whatever it holds.
pub(super) struct Update<'a> {
    pub(super) matrix: &'a mut [f32],
    pub(super) panel: &'a [f32],
    pub(super) stride: usize,
    pub(super) pad: usize,
    pub(super) fresh: bool,
    /// A matrix of the same shape that is added on the way.
    pub(super) base: Option<&'a [f32]>,
}

impl WithSimd for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if S::IS_SCALAR {
            self.portable(simd);
        } else if S::REGISTER_COUNT >= 32 {
            self.wide(simd);
        } else {
            self.narrow(simd);
        }
    }
}

impl Update<'_> {
    /// Row blocks of 8, after one of 4 where the rank asks for it.
    #[inline(always)]
    fn wide<S: Simd>(&mut self, simd: S) {
        let mut row = self.pad & !3;
        if row % 8 == 4 {
            self.row_block::<S, 4>(simd, row);
            row += 4;
        }
        while row < self.stride {
            let last = row + S::F32_LANES >= self.stride;
            if last && S::F32_LANES == 16 && row + 16 == self.stride {
                // One vector wide: 16 rows keep both multipliers busy where 8 would only just.
                return self.tile::<S, 16, 1>(simd, row, row);
            }
            self.row_block::<S, 8>(simd, row);
            row += 8;
        }
    }

    /// Row blocks of 4, two vectors at a time. A tile of 4 x 3 fits 16 registers on paper only: it measured a third slower.
    /// An odd last vector goes 8 rows high where there are 8.
    #[inline(always)]
    fn narrow<S: Simd>(&mut self, simd: S) {
        let lanes = S::F32_LANES;
        let first = self.pad & !3;
        for row in (first..self.stride).step_by(4) {
            let mut column = row / lanes * lanes;
            while column + 2 * lanes <= self.stride {
                self.tile::<S, 4, 2>(simd, row, column);
                column += 2 * lanes;
            }
            // The two halves of 8 rows start at the same vector.
            if column < self.stride && row % 8 == 0 {
                self.tile::<S, 8, 1>(simd, row, column);
            } else if column < self.stride && row == first {
                self.tile::<S, 4, 1>(simd, row, column);
            }
        }
    }

    /// One lane a vector: the compiler finds its own vectors in 4 rows by 8 columns.
    #[inline(always)]
    fn portable<S: Simd>(&mut self, simd: S) {
        for row in (self.pad & !3..self.stride).step_by(4) {
            for column in (row & !7..self.stride).step_by(8) {
                self.tile::<S, 4, 8>(simd, row, column);
            }
        }
    }

    /// All tiles of a row block, their widths as equal as can be.
    #[inline(always)]
    fn row_block<S: Simd, const ROWS: usize>(&mut self, simd: S, row: usize) {
        let lanes = S::F32_LANES;
        let mut vector = row / lanes;
        let mut tiles = (self.stride / lanes - vector).div_ceil(3);
        while tiles > 0 {
            let width = (self.stride / lanes - vector).div_ceil(tiles);
            match width {
                3 => self.tile::<S, ROWS, 3>(simd, row, vector * lanes),
                2 => self.tile::<S, ROWS, 2>(simd, row, vector * lanes),
                _ => self.tile::<S, ROWS, 1>(simd, row, vector * lanes),
            }
            vector += width;
            tiles -= 1;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, simd: S, row: usize, column: usize) {
        let corner = row * self.stride + column;
        let load = |matrix| tile::load::<S, ROWS, VECTORS>(simd, matrix, self.stride, corner);
        let sums = match (self.fresh, self.base) {
            (true, None) => [[simd.splat_f32s(0.0); VECTORS]; ROWS],
            (true, Some(base)) => load(base),
            (false, None) => load(self.matrix),
            (false, Some(base)) => tile::add(simd, load(self.matrix), load(base)),
        };
        let sums = tile::accumulate(simd, Sign::Add, sums, self.panel, self.stride, row, column);
        tile::store::<S, ROWS, VECTORS>(&sums, self.matrix, self.stride, corner);
    }
}
