//! The register tile: a few rows by a few vectors of a sum of outer products, `C += X^T X` over the rows of a panel.
//!
//! One panel row feeds a tile with one broadcast a tile row and one load a vector, and every pair of them with a fused
//! multiply-add; nothing but the sums lives across panel rows. So the shape follows the register file: 8 x 3 vectors leave
//! room for operands in 32 registers, 4 x 2 in 16, and with fewer than 8 sums in flight the latency of an addition
//! shows. The method is that of Goto and van de Geijn ("Anatomy of high-performance matrix multiplication", ACM TOMS 2008)
//! without its packing: the panel already lies as the tile reads it.
//!
//! The Cholesky factor uses the same tile with the products subtracted.

use crate::aligned::{vectors, vectors_mut};
use pulp::Simd;

/// Sums of a tile of `ROWS` rows by `VECTORS` vectors.
pub(super) type Sums<S, const ROWS: usize, const VECTORS: usize> = [[<S as Simd>::f32s; VECTORS]; ROWS];

/// What a tile does with each product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Add,
    Subtract,
}

/// `sum + a * b`, fused where the level has it.
#[inline(always)]
pub(super) fn fused<S: Simd>(a: f32, b: f32, sum: f32) -> f32 {
    if S::IS_SCALAR { a * b + sum } else { a.mul_add(b, sum) }
}

/// Reads a tile from a row-major matrix whose top left corner is at `corner`.
#[inline(always)]
pub(super) fn load<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    matrix: &[f32],
    stride: usize,
    corner: usize,
) -> Sums<S, ROWS, VECTORS> {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for (row, sums) in sums.iter_mut().enumerate() {
        let start = corner + row * stride;
        sums.copy_from_slice(vectors::<S>(&matrix[start..start + VECTORS * S::F32_LANES]));
    }
    sums
}

/// The sum of two tiles.
#[inline(always)]
pub(super) fn add<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    mut sums: Sums<S, ROWS, VECTORS>,
    others: Sums<S, ROWS, VECTORS>,
) -> Sums<S, ROWS, VECTORS> {
    for (sums, others) in sums.iter_mut().zip(&others) {
        for (sum, &other) in sums.iter_mut().zip(others) {
            *sum = simd.add_f32s(*sum, other);
        }
    }
    sums
}

/// Writes a tile back to where [`load`] found it.
#[inline(always)]
pub(super) fn store<S: Simd, const ROWS: usize, const VECTORS: usize>(
    sums: &Sums<S, ROWS, VECTORS>,
    matrix: &mut [f32],
    stride: usize,
    corner: usize,
) {
    for (row, sums) in sums.iter().enumerate() {
        let start = corner + row * stride;
        vectors_mut::<S>(&mut matrix[start..start + VECTORS * S::F32_LANES]).copy_from_slice(sums);
    }
}

/// Adds to `sums`, or subtracts from them, the product of each panel row's `ROWS` floats from `row` on with its `VECTORS`
/// vectors from `column` on. The panel's rows are `stride` floats apart and are taken in order.
#[inline(always)]
pub(super) fn accumulate<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    sign: Sign,
    mut sums: Sums<S, ROWS, VECTORS>,
    panel: &[f32],
    stride: usize,
    row: usize,
    column: usize,
) -> Sums<S, ROWS, VECTORS> {
    for line in panel.chunks_exact(stride) {
        let heads: &[f32; ROWS] = line[row..row + ROWS].first_chunk().expect("a tile's rows");
        let across = vectors::<S>(&line[column..column + VECTORS * S::F32_LANES]);
        let across: &[S::f32s; VECTORS] = across.first_chunk().expect("a tile's vectors");
        for (sums, &head) in sums.iter_mut().zip(heads) {
            let head = simd.splat_f32s(head);
            for (sum, &vector) in sums.iter_mut().zip(across) {
                *sum = match sign {
                    Sign::Add => simd.mul_add_e_f32s(head, vector, *sum),
                    Sign::Subtract => simd.negate_mul_add_e_f32s(head, vector, *sum),
                };
            }
        }
    }
    sums
}
