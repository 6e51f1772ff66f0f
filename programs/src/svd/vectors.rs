//! Long vectors: inner products, Gram-Schmidt, random directions. In parallel, with bits that do not depend on threads.

use gasworks_engine::Random;
use rayon::prelude::*;

/// Numbers that one thread takes at a time.
const CHUNK: usize = 1 << 12;
/// Vectors that are longer are worth several threads.
const LONG: usize = 1 << 10;
/// Names the stream of random numbers that directions come from.
const DIRECTIONS: u64 = 0x6469_7265;

/// The inner product, in eight lanes, so that it need not wait for each addition.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (a_lines, b_lines) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_lines.remainder().iter().zip(b_lines.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a_lines.zip(b_lines) {
        for ((lane, x), y) in lanes.iter_mut().zip(a).zip(b) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// The Euclidean length.
pub(super) fn length(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

/// `vector += sum of weights[i] basis[i]`.
fn add(vector: &mut [f64], basis: &[Vec<f64>], weight: impl Fn(usize) -> f64 + Sync) {
    vector.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, part)| {
        for (at, column) in basis.iter().enumerate() {
            let weight = weight(at);
            for (x, y) in part.iter_mut().zip(&column[chunk * CHUNK..]) {
                *x += weight * y;
            }
        }
    });
}

/// The sums `sum over i of basis[i] weights[j][i]` for each j.
pub(crate) fn combine(basis: &[Vec<f64>], weights: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let combined = |weights: &Vec<f64>| {
        let mut sum = vec![0.0; basis.first().map_or(0, Vec::len)];
        add(&mut sum, basis, |at| weights[at]);
        sum
    };
    weights.iter().map(combined).collect()
}

/// Makes a vector orthogonal to an orthonormal basis, by classical Gram-Schmidt until nothing more is taken away ("twice is enough":
/// Parlett 1980, "The symmetric eigenvalue problem", section 6.9), and its length 1. Returns what it was made of in the basis, and what length was
/// left: 0 if it was at most `floor`, and the vector then is no direction.
pub(crate) fn orthonormalize(basis: &[Vec<f64>], vector: &mut [f64], floor: f64) -> (Vec<f64>, f64) {
    let mut parts = vec![0.0; basis.len()];
    let mut left = length(vector);
    for _ in 0..4 {
        let products: Vec<f64> = match vector.len() > LONG {
            true => basis.par_iter().map(|column| dot(column, vector)).collect(),
            false => basis.iter().map(|column| dot(column, vector)).collect(),
        };
        add(vector, basis, |at| -products[at]);
        parts.iter_mut().zip(&products).for_each(|(part, product)| *part += product);
        let before = std::mem::replace(&mut left, length(vector));
        if left <= floor {
            return (parts, 0.0);
        }
        if left > 0.7 * before {
            break;
        }
    }
    vector.iter_mut().for_each(|x| *x /= left);
    (parts, left)
}

/// Random directions.
pub(super) struct Source {
    seed: u64,
    /// How many were made.
    made: u64,
}

impl Source {
    pub(super) fn new(seed: u64) -> Self {
        Source { seed, made: 0 }
    }

    /// One that is orthogonal to an orthonormal basis of less than all `len` dimensions.
    pub(super) fn orthogonal_to(&mut self, basis: &[Vec<f64>], len: usize) -> Vec<f64> {
        loop {
            self.made += 1;
            let number = |at| Random::keyed(self.seed, DIRECTIONS, self.made, at).normal();
            let mut vector: Vec<f64> = (0..len as u64).map(number).collect();
            let floor = 1e-6 * length(&vector);
            if orthonormalize(basis, &mut vector, floor).1 > 0.0 {
                return vector;
            }
        }
    }
}
