//! Cholesky factorization and the two triangular solves of one small system, `(A + ridge I) y = b`.
//!
//! `A = U^T U` is found from the top, eight rows at a time. Each block first subtracts the products of all rows above it
//! (left-looking: the register tile of the update with its sign turned), then its 8 x 8 corner is factored in scalars
//! as `L D L^T`, so that the chain from pivot to pivot holds one division and no square root, and the rows are
//! eliminated in registers and scaled by `1 / sqrt(d)`. Forward substitution rides along: a finished row takes its part
//! from the right-hand side before it is stored. Back substitution takes eight rows at a time from the bottom.
//!
//! Fixed blocks of eight and one order of operations for each element give the same bits at every fused level. See Golub
//! and Van Loan, "Matrix Computations" (4th edition, 2013), sections 4.1 and 4.2.

// Rows and columns of a corner are spoken of by index, as in the formulas.
#![allow(clippy::needless_range_loop)]

use super::tile::{self, Sums, fused};
use crate::aligned::{Aligned, LINE, vectors, vectors_mut};
use crate::vector::fold;
use bytemuck::Zeroable;
use pulp::{Simd, WithSimd};

/// Rows of a block.
const BLOCK: usize = 8;

/// Repeats a body for k = 0 to 7 with k known to the compiler, so that what k indexes can live in registers.
macro_rules! unrolled {
    ($k:ident, $body:block) => {
        unrolled!($k, $body, 0 1 2 3 4 5 6 7)
    };
    ($k:ident, $body:block, $($value:literal)*) => {
        $({
            let $k: usize = $value;
            $body
        })*
    };
}

/// A pivot that keeps less than this share of its diagonal element is rounding noise.
pub(super) const NOISE: f32 = 8.0 * f32::EPSILON;

/// The factored 8 x 8 corner of a block.
#[derive(Clone, Copy, Debug, Zeroable)]
struct Corner {
    /// `lower[k][i]` is element (i, k) of the unit lower triangle, for i > k.
    lower: [[f32; BLOCK]; BLOCK],
    /// `1 / sqrt(pivot)`.
    scale: [f32; BLOCK],
    /// Solution of the forward substitution.
    forward: [f32; BLOCK],
}

/// Room for one factorization: made once, used for every row.
#[derive(Clone, Debug)]
pub(super) struct Factor {
    upper: Aligned,
    corners: Vec<Corner>,
    remainder: Aligned,
    solution: Aligned,
}

impl Factor {
    pub(super) fn new(stride: usize) -> Self {
        Factor {
            upper: Aligned::new(stride * stride),
            corners: vec![Corner::zeroed(); stride / BLOCK],
            remainder: Aligned::new(stride),
            solution: Aligned::new(stride),
        }
    }

    /// The padded solution of the last [`Solve`].
    pub(super) fn solution(&self) -> &[f32] {
        &self.solution
    }

    pub(super) fn bytes(&self) -> usize {
        let corners = self.corners.capacity() * size_of::<Corner>();
        self.upper.bytes() + corners + self.remainder.bytes() + self.solution.bytes()
    }
}

/// One factorization and solve. The output says whether the matrix was positive definite; if not, there is no solution.
pub(super) struct Solve<'a> {
    pub(super) factor: &'a mut Factor,
    /// Square, row-major, side `target.len()`; read on the upper block triangle only.
    pub(super) matrix: &'a [f32],
    pub(super) target: &'a [f32],
    pub(super) pad: usize,
    pub(super) ridge: f32,
}

impl WithSimd for Solve<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> bool {
        let stride = self.target.len();
        self.factor.remainder.copy_from_slice(self.target);
        for row in (self.pad / BLOCK * BLOCK..stride).step_by(BLOCK) {
            let definite = match () {
                _ if S::IS_SCALAR => self.row_block::<S, 8, 8>(simd, row),
                _ if S::REGISTER_COUNT >= 32 => self.row_block::<S, 3, 2>(simd, row),
                _ => self.row_block::<S, 1, 1>(simd, row),
            };
            if !definite {
                return false;
            }
        }
        match S::F32_LANES {
            16 => self.back_substitute::<S, 1>(simd),
            8 => self.back_substitute::<S, 2>(simd),
            4 => self.back_substitute::<S, 4>(simd),
            _ => self.back_substitute::<S, 16>(simd),
        }
        true
    }
}

impl Solve<'_> {
    /// Factors the eight rows from `row` on, in tiles of at most `WIDE` vectors; where the rest is no multiple of `WIDE`,
    /// tiles of `NARROW` and, if that is 2, of 1 fill it.
    #[inline(always)]
    fn row_block<S: Simd, const WIDE: usize, const NARROW: usize>(&mut self, simd: S, row: usize) -> bool {
        let (stride, lanes) = (self.target.len(), S::F32_LANES);
        let mut vector = row / lanes;
        let mut tiles = (stride / lanes - vector).div_ceil(WIDE);
        let mut diagonal = true;
        while tiles > 0 {
            let width = (stride / lanes - vector).div_ceil(tiles);
            let column = vector * lanes;
            let definite = if width == WIDE {
                self.tile::<S, WIDE>(simd, row, column, diagonal)
            } else if width == NARROW {
                self.tile::<S, NARROW>(simd, row, column, diagonal)
            } else {
                self.tile::<S, 1>(simd, row, column, diagonal)
            };
            if !definite {
                return false;
            }
            diagonal = false;
            vector += width;
            tiles -= 1;
        }
        true
    }

    /// One tile of a row block: subtract the rows above, eliminate within, scale, store.
    #[inline(always)]
    fn tile<S: Simd, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        diagonal: bool,
    ) -> bool {
        let (stride, width) = (self.target.len(), VECTORS * S::F32_LANES);
        let (above, below) = self.factor.upper.split_at_mut(row * stride);
        let above = &above[self.pad.min(row) * stride..];
        let sums: Sums<S, BLOCK, VECTORS> =
            tile::load::<S, BLOCK, VECTORS>(simd, self.matrix, stride, row * stride + column);
        let mut sums = tile::accumulate(simd, tile::Sign::Subtract, sums, above, stride, row, column);
        if diagonal {
            tile::store::<S, BLOCK, VECTORS>(&sums, below, stride, column);
            let corner = &mut self.factor.corners[row / BLOCK];
            let remainder = self.factor.remainder[row..row + BLOCK].first_chunk().expect("a block of rows");
            let block = Block { row, stride, padding: self.pad.saturating_sub(row), ridge: self.ridge };
            if !block.factor::<S>(below, self.matrix, remainder, corner) {
                return false;
            }
        }
        let corner = &self.factor.corners[row / BLOCK];
        let remainder = vectors_mut::<S>(&mut self.factor.remainder[column..column + width]);
        unrolled!(k, {
            let pivot = sums[k];
            for i in k + 1..BLOCK {
                let lower = simd.splat_f32s(corner.lower[k][i]);
                for v in 0..VECTORS {
                    sums[i][v] = simd.negate_mul_add_e_f32s(lower, pivot[v], sums[i][v]);
                }
            }
            let (scale, forward) = (simd.splat_f32s(corner.scale[k]), simd.splat_f32s(corner.forward[k]));
            for v in 0..VECTORS {
                sums[k][v] = simd.mul_f32s(scale, pivot[v]);
                remainder[v] = simd.negate_mul_add_e_f32s(forward, sums[k][v], remainder[v]);
            }
        });
        tile::store::<S, BLOCK, VECTORS>(&sums, below, stride, column);
        true
    }

    /// Solves `U y = forward`, eight rows at a time from the bottom.
    #[inline(always)]
    fn back_substitute<S: Simd, const PARTS: usize>(&mut self, simd: S) {
        let stride = self.target.len();
        let Factor { upper, corners, solution, .. } = &mut *self.factor;
        solution.fill(0.0);
        for row in (self.pad / BLOCK * BLOCK..stride).step_by(BLOCK).rev() {
            let corner = &corners[row / BLOCK];
            // Elements of `solution` that are not yet known are zero, so whole lines may be taken.
            let line = row / LINE * LINE;
            let known = vectors::<S>(&solution[line..]);
            let mut block = [0.0_f32; BLOCK];
            for (half, block) in block.chunks_exact_mut(4).enumerate() {
                let mut sums = [[simd.splat_f32s(0.0); PARTS]; 4];
                let row = |i: usize| {
                    let start = (row + 4 * half + i) * stride;
                    vectors::<S>(&upper[start + line..start + stride])
                };
                let rows = [row(0), row(1), row(2), row(3)];
                for (j, known) in known.chunks_exact(PARTS).enumerate() {
                    for i in 0..4 {
                        let across = &rows[i][j * PARTS..(j + 1) * PARTS];
                        for part in 0..PARTS {
                            sums[i][part] = simd.mul_add_e_f32s(across[part], known[part], sums[i][part]);
                        }
                    }
                }
                for i in 0..4 {
                    let k = 4 * half + i;
                    block[i] = (corner.forward[k] - fold(simd, sums[i])) * corner.scale[k];
                }
            }
            for i in (0..BLOCK).rev() {
                for k in 0..i {
                    block[k] = fused::<S>(-corner.lower[k][i], block[i], block[k]);
                }
            }
            solution[row..row + BLOCK].copy_from_slice(&block);
        }
    }
}

/// Place and shape of a block's corner.
struct Block {
    row: usize,
    stride: usize,
    padding: usize,
    ridge: f32,
}

impl Block {
    /// Factors the corner that stands in `rows` (the block's rows, what lies above already subtracted) and takes its part of
    /// the forward substitution. False if a pivot is not positive beyond rounding noise.
    #[inline(always)]
    fn factor<S: Simd>(
        &self,
        rows: &[f32],
        matrix: &[f32],
        remainder: &[f32; BLOCK],
        corner: &mut Corner,
    ) -> bool {
        let mut rest = [[0.0_f32; BLOCK]; BLOCK];
        for (i, rest) in rest.iter_mut().enumerate() {
            let start = i * self.stride + self.row;
            rest.copy_from_slice(&rows[start..start + BLOCK]);
        }
        let mut forward = *remainder;
        let mut pivots = [0.0_f32; BLOCK];
        let mut definite = true;
        unrolled!(k, {
            let whole = matrix[(self.row + k) * (self.stride + 1)] + self.ridge;
            let pivot = rest[k][k] + self.ridge;
            definite &= (pivot > NOISE * whole) | (k < self.padding);
            // Rows of padding are zero, and stay so under any pivot.
            pivots[k] = if k < self.padding { 1.0 } else { pivot };
            let inverse = 1.0 / pivots[k];
            for i in k + 1..BLOCK {
                let lower = rest[k][i] * inverse;
                corner.lower[k][i] = lower;
                for j in i..BLOCK {
                    rest[i][j] = fused::<S>(-lower, rest[k][j], rest[i][j]);
                }
                forward[i] = fused::<S>(-lower, forward[k], forward[i]);
            }
        });
        corner.scale = pivots.map(|pivot| 1.0 / pivot.sqrt());
        for k in 0..BLOCK {
            corner.forward[k] = forward[k] * corner.scale[k];
        }
        definite
    }
}
