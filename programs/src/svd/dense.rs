//! The singular values and vectors of a small dense matrix, by rotations of its columns.
//!
//! One-sided Jacobi (Hestenes 1958, "Inversion of matrices by biorthogonalization and related results"): rotates pairs of columns until
//! all are orthogonal; their lengths are the singular values. O(n^3) a sweep, some ten sweeps. Small singular values come out with the
//! accuracy of the matrix's columns (Demmel, Veselic 1992), and nothing has to be deflated.

use super::vectors::{Source, dot};

/// `B = X diag(values) Y^T`; columns of X and Y, values descending.
pub(crate) struct Small {
    pub(crate) values: Vec<f64>,
    pub(crate) left: Vec<Vec<f64>>,
    pub(crate) right: Vec<Vec<f64>>,
}

/// Sweeps at most; ten are plenty.
const SWEEPS: usize = 60;
/// Columns whose cosine is at most this are orthogonal.
const ORTHOGONAL: f64 = 1e-14;
/// Singular values of at most this share of the greatest are rounding: their left vectors are any that complete the basis.
const NOTHING: f64 = 1e-20;

/// Of a square matrix, given by columns.
pub(crate) fn decompose(mut columns: Vec<Vec<f64>>) -> Small {
    let size = columns.len();
    let unit = |at: usize| (0..size).map(|row| f64::from(u8::from(row == at))).collect();
    let mut right: Vec<Vec<f64>> = (0..size).map(unit).collect();
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for i in 0..size {
            for j in i + 1..size {
                let (first, second) = (dot(&columns[i], &columns[i]), dot(&columns[j], &columns[j]));
                let product = dot(&columns[i], &columns[j]);
                if product.abs() > ORTHOGONAL * (first * second).sqrt() {
                    rotated = true;
                    let zeta = (second - first) / (2.0 * product);
                    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                    let cosine = 1.0 / tangent.hypot(1.0);
                    rotate(&mut columns, i, j, cosine, cosine * tangent);
                    rotate(&mut right, i, j, cosine, cosine * tangent);
                }
            }
        }
        if !rotated {
            break;
        }
    }
    let lengths: Vec<f64> = columns.iter().map(|column| dot(column, column).sqrt()).collect();
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|a, b| lengths[*b].total_cmp(&lengths[*a]));
    let values: Vec<f64> = order.iter().map(|at| lengths[*at]).collect();
    let greatest = values.first().copied().unwrap_or(0.0);
    let mut left: Vec<Vec<f64>> = Vec::with_capacity(size);
    let mut source = Source::new(0);
    for &at in &order {
        if lengths[at] > NOTHING * greatest {
            left.push(columns[at].iter().map(|x| x / lengths[at]).collect());
        } else {
            // Descending: all others stand already.
            left.push(source.orthogonal_to(&left, size));
        }
    }
    let right = order.iter().map(|at| std::mem::take(&mut right[*at])).collect();
    Small { values, left, right }
}

/// Rotates columns i and j.
fn rotate(columns: &mut [Vec<f64>], i: usize, j: usize, cosine: f64, sine: f64) {
    let (before, from) = columns.split_at_mut(j);
    for (x, y) in before[i].iter_mut().zip(&mut from[0]) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
}
