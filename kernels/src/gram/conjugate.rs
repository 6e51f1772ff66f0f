//! Some steps of conjugate gradients on the normal equations of one row, from the solution of the last sweep.
//!
//! Alternating least squares does not need each row solved exactly while the other side still moves: a few steps from the row's
//! current factors do (Takacs, Pilaszy and Tikk, "Applications of the conjugate gradient method for implicit feedback
//! collaborative filtering", RecSys 2011). A step needs one product with the matrix, and `(X^T X + G + ridge I) v` is two passes over the
//! kept rows `X`, `4 rank` operations a row, where their outer products cost `rank (rank + 1)`, and the factorization falls
//! away. Rows that were multiplied all the same, since there were too many to keep, are in the matrix.
//!
//! Eight kept rows at a time are crossed with the vector, then added up by their products while they are still in the
//! first-level cache. Products have sixteen lanes and each element of a sum is one chain over the rows, so
//! levels agree bit for bit. See Golub and Van Loan, "Matrix Computations" (4th edition, 2013), section 11.3.

// Rows and parts are spoken of by index: they index two arrays at once.
#![allow(clippy::needless_range_loop)]

use super::solve::Solved;
use super::{Gram, NormalEquations};
use crate::aligned::{Aligned, vectors, vectors_mut};
use crate::vector::{axpy, dot, fold};
use pulp::{Simd, WithSimd};

/// The padded vectors of an iteration: made once, used for every row.
#[derive(Clone, Debug)]
pub(super) struct Directions {
    pub(super) solution: Aligned,
    pub(super) residual: Aligned,
    direction: Aligned,
    product: Aligned,
}

impl Directions {
    pub(super) fn new(stride: usize) -> Self {
        let zeros = || Aligned::new(stride);
        Directions { solution: zeros(), residual: zeros(), direction: zeros(), product: zeros() }
    }

    pub(super) fn bytes(&self) -> usize {
        4 * self.solution.bytes()
    }
}

/// Arguments of [`NormalEquations::iterate_with`].
pub(super) struct Iterate<'a> {
    pub(super) equations: &'a mut NormalEquations,
    pub(super) shared: Option<&'a Gram>,
    pub(super) ridge: f32,
    pub(super) steps: u32,
    pub(super) solution: &'a mut [f32],
}

impl WithSimd for Iterate<'_> {
    type Output = Solved;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Solved {
        let Iterate { equations, shared, ridge, steps, solution } = self;
        let rank = equations.rank();
        assert_eq!(solution.len(), rank, "a solution must have as many floats as the rank");
        assert!(ridge >= 0.0 && ridge.is_finite(), "a ridge must be finite and not negative, got {ridge}");
        if let Some(shared) = shared {
            assert_eq!(rank, shared.rank(), "the shared Gram matrix must have the same rank");
            assert!(shared.complete, "complete() the shared Gram matrix before rows iterate with it");
        }
        equations.count_waiting(simd);
        let NormalEquations { gram, target, directions, .. } = equations;
        let pad = gram.panel.pad();
        if gram.fresh && gram.panel.filled() == 0 {
            return replace(solution, std::iter::repeat_n(0.0, rank));
        }
        if !gram.fresh {
            gram.complete();
        }
        let system = System {
            kept: gram.panel.rows(),
            own: (!gram.fresh).then_some(&gram.matrix[..]),
            shared: shared.map(|shared| &shared.matrix[..]),
            ridge,
        };
        let Directions { solution: found, residual, direction, product } = directions;
        found[pad..].copy_from_slice(solution);
        residual.copy_from_slice(target);
        if found[pad..].iter().any(|float| *float != 0.0) {
            system.multiply(simd, found, product);
            axpy(simd, -1.0, product, residual);
        }
        direction.copy_from_slice(residual);
        let mut squared = dot(simd, residual, residual);
        // Beyond this the residual is rounding noise.
        let enough = f32::EPSILON * f32::EPSILON * dot(simd, target, target);
        for step in 0..steps {
            if squared <= enough {
                break;
            }
            system.multiply(simd, direction, product);
            let curvature = dot(simd, direction, product);
            if curvature <= 0.0 {
                break;
            }
            let length = squared / curvature;
            axpy(simd, length, direction, found);
            if step + 1 < steps {
                axpy(simd, -length, product, residual);
                let before = std::mem::replace(&mut squared, dot(simd, residual, residual));
                turn(simd, squared / before, residual, direction);
            }
        }
        if !squared.is_finite() || !found.iter().all(|float| float.is_finite()) {
            return replace(solution, std::iter::repeat_n(f32::NAN, rank));
        }
        replace(solution, found[pad..].iter().copied())
    }
}

/// Writes a solution, and measures how far it is from the old one.
#[inline(always)]
pub(super) fn replace(solution: &mut [f32], found: impl Iterator<Item = f32>) -> Solved {
    let mut change = 0.0_f32;
    for (old, new) in solution.iter_mut().zip(found) {
        let moved = (new - *old).abs();
        change = if moved > change || new.is_nan() { moved } else { change };
        *old = new;
    }
    Solved { change, added_ridge: 0.0 }
}

/// `direction = residual + share * direction`.
#[inline(always)]
fn turn<S: Simd>(simd: S, share: f32, residual: &[f32], direction: &mut [f32]) {
    let share = simd.splat_f32s(share);
    for (direction, &residual) in vectors_mut::<S>(direction).iter_mut().zip(vectors::<S>(residual)) {
        *direction = simd.mul_add_e_f32s(share, *direction, residual);
    }
}

/// The matrix of an iteration, in the parts of which it is the sum.
struct System<'a> {
    /// Padded rows whose outer products belong to it.
    kept: &'a [f32],
    /// Whole symmetric matrices.
    own: Option<&'a [f32]>,
    shared: Option<&'a [f32]>,
    ridge: f32,
}

impl System<'_> {
    /// `product` becomes the matrix times `vector`.
    #[inline(always)]
    fn multiply<S: Simd>(&self, simd: S, vector: &[f32], product: &mut [f32]) {
        let ridge = simd.splat_f32s(self.ridge);
        for (product, &vector) in vectors_mut::<S>(product).iter_mut().zip(vectors::<S>(vector)) {
            *product = simd.mul_f32s(ridge, vector);
        }
        for matrix in [self.shared, self.own].into_iter().flatten() {
            multiply_square(simd, matrix, vector, product);
        }
        match S::F32_LANES {
            16 => multiply_rows::<S, 1, 8>(simd, self.kept, vector, product),
            8 => multiply_rows::<S, 2, 4>(simd, self.kept, vector, product),
            4 => multiply_rows::<S, 4, 4>(simd, self.kept, vector, product),
            _ => multiply_rows::<S, 16, 1>(simd, self.kept, vector, product),
        }
    }
}

/// Adds a square symmetric matrix times `vector`: its rows, each by an element of the vector.
#[inline(always)]
fn multiply_square<S: Simd>(simd: S, matrix: &[f32], vector: &[f32], product: &mut [f32]) {
    let (stride, lanes) = (vector.len(), S::F32_LANES);
    let mut column = 0;
    while column < stride {
        // As many sums as hide the latency of an addition.
        if column + 8 * lanes <= stride {
            multiply_columns::<S, 8>(simd, matrix, vector, product, column);
            column += 8 * lanes;
        } else if column + 4 * lanes <= stride {
            multiply_columns::<S, 4>(simd, matrix, vector, product, column);
            column += 4 * lanes;
        } else {
            multiply_columns::<S, 1>(simd, matrix, vector, product, column);
            column += lanes;
        }
    }
}

#[inline(always)]
fn multiply_columns<S: Simd, const VECTORS: usize>(
    simd: S,
    matrix: &[f32],
    vector: &[f32],
    product: &mut [f32],
    column: usize,
) {
    let (stride, width) = (vector.len(), VECTORS * S::F32_LANES);
    let product = vectors_mut::<S>(&mut product[column..column + width]);
    let mut sums = [simd.splat_f32s(0.0); VECTORS];
    sums.copy_from_slice(product);
    for (row, &element) in matrix.chunks_exact(stride).zip(vector) {
        let row = vectors::<S>(&row[column..column + width]);
        let element = simd.splat_f32s(element);
        for (sum, &row) in sums.iter_mut().zip(row) {
            *sum = simd.mul_add_e_f32s(element, row, *sum);
        }
    }
    product.copy_from_slice(&sums);
}

/// Adds the outer products of `rows` times `vector`, `ROWS` rows at a time.
#[inline(always)]
fn multiply_rows<S: Simd, const PARTS: usize, const ROWS: usize>(
    simd: S,
    rows: &[f32],
    vector: &[f32],
    product: &mut [f32],
) {
    let stride = vector.len();
    let blocks = rows.chunks_exact(ROWS * stride);
    let rest = blocks.remainder();
    // Loops, since the shim of a closure need not be compiled for the level.
    for block in blocks {
        multiply_block::<S, PARTS, ROWS>(simd, block, vector, product);
    }
    for row in rest.chunks_exact(stride) {
        multiply_block::<S, PARTS, 1>(simd, row, vector, product);
    }
}

#[inline(always)]
fn multiply_block<S: Simd, const PARTS: usize, const ROWS: usize>(
    simd: S,
    block: &[f32],
    vector: &[f32],
    product: &mut [f32],
) {
    let stride = vector.len();
    let mut rows: [&[S::f32s]; ROWS] = [&[]; ROWS];
    for (at, row) in rows.iter_mut().enumerate() {
        *row = vectors::<S>(&block[at * stride..][..stride]);
    }
    let (vector, product) = (vectors::<S>(vector), vectors_mut::<S>(product));
    let mut sums = [[simd.splat_f32s(0.0); PARTS]; ROWS];
    for line in 0..vector.len() / PARTS {
        for part in 0..PARTS {
            let at = line * PARTS + part;
            for row in 0..ROWS {
                sums[row][part] = simd.mul_add_e_f32s(rows[row][at], vector[at], sums[row][part]);
            }
        }
    }
    let mut dots = [simd.splat_f32s(0.0); ROWS];
    for row in 0..ROWS {
        dots[row] = simd.splat_f32s(fold(simd, sums[row]));
    }
    for at in 0..vector.len() {
        let mut sum = product[at];
        for row in 0..ROWS {
            sum = simd.mul_add_e_f32s(dots[row], rows[row][at], sum);
        }
        product[at] = sum;
    }
}
