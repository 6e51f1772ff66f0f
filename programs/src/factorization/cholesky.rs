//! Symmetric positive definite systems in `f64`, by Cholesky's factorization, kept to be solved for several right sides.
//!
//! The kernels solve one system for one right side in `f32`, as fast as the machine can; that is for training. Here a row is solved once and then asked
//! where its value comes from, which takes a solution for each item that is explained, and differences of small numbers.

/// A factored system.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cholesky {
    size: usize,
    /// Square, row-major; what is above the diagonal means nothing.
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors `matrix + ridge I`; of the square `matrix` only the lower triangle is read. Where that is singular, the ridge grows until it is
    /// not: at first by 1e-9 of the mean of the diagonal, so that half of the digits stay. O(size^3).
    pub(super) fn new(size: usize, matrix: &[f64], ridge: f64) -> Self {
        let mean = (0..size).map(|row| matrix[row * size + row]).sum::<f64>() / size as f64;
        let mut more = 0.0;
        loop {
            if let Some(lower) = factor(size, matrix, ridge + more) {
                return Cholesky { size, lower };
            }
            let least = if mean > 0.0 { mean * 1e-9 } else { 1.0 };
            more = if more == 0.0 { least } else { more * 10.0 };
        }
    }

    /// Solves for one right side, in place. O(size^2).
    pub(super) fn solve(&self, right: &mut [f64]) {
        let size = self.size;
        for row in 0..size {
            let (known, rest) = right.split_at_mut(row);
            let line = &self.lower[row * size..][..=row];
            rest[0] = (rest[0] - dot(&line[..row], known)) / line[row];
        }
        for row in (0..size).rev() {
            let line = &self.lower[row * size..][..=row];
            right[row] /= line[row];
            let solved = right[row];
            for (right, factor) in right[..row].iter_mut().zip(line) {
                *right -= factor * solved;
            }
        }
    }
}

/// Nothing, if a pivot is lost in rounding.
fn factor(size: usize, matrix: &[f64], ridge: f64) -> Option<Vec<f64>> {
    let mut lower = matrix.to_vec();
    for row in 0..size {
        let (above, rest) = lower.split_at_mut(row * size);
        let line = &mut rest[..=row];
        for column in 0..row {
            let other = &above[column * size..][..=column];
            line[column] = (line[column] - dot(&line[..column], &other[..column])) / other[column];
        }
        let diagonal = line[row] + ridge;
        let pivot = diagonal - dot(&line[..row], &line[..row]);
        if pivot.is_nan() || pivot <= diagonal * 1e-15 * size as f64 {
            return None;
        }
        line[row] = pivot.sqrt();
    }
    Some(lower)
}

/// The inner product in 8 fixed lanes.
pub(super) fn dot(left: &[f64], right: &[f64]) -> f64 {
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    let mut lanes = [0.0; 8];
    for (left, right) in left.iter().zip(right) {
        for lane in 0..8 {
            lanes[lane] += left[lane] * right[lane];
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `rows` outer products, of which a system is made.
    fn gram(rows: &[Vec<f64>], size: usize) -> Vec<f64> {
        let cell = |at: usize| rows.iter().map(|row| row[at / size] * row[at % size]).sum();
        (0..size * size).map(cell).collect()
    }

    proptest! {
        #[test]
        fn solutions_solve(rows in prop::collection::vec(prop::collection::vec(-3.0..3.0f64, 11), 0..30), right in prop::collection::vec(-3.0..3.0f64, 11)) {
            let (matrix, ridge) = (gram(&rows, 11), 0.1);
            let mut solution = right.clone();
            Cholesky::new(11, &matrix, ridge).solve(&mut solution);
            for (row, right) in right.iter().enumerate() {
                let found = dot(&matrix[row * 11..][..11], &solution) + ridge * solution[row];
                prop_assert!((found - right).abs() < 1e-9, "{} {}", found, right);
            }
        }
    }

    #[test]
    fn singular_systems_get_the_least_ridge_that_helps() {
        // Of rank 1, and in its range.
        let system = Cholesky::new(2, &[4.0, 4.0, 4.0, 4.0], 0.0);
        let mut right = [8.0, 8.0];
        system.solve(&mut right);
        assert!((right[0] - 1.0).abs() < 1e-3 && (right[1] - 1.0).abs() < 1e-3, "{right:?}");
        let mut right = [3.0];
        Cholesky::new(1, &[0.0], 0.0).solve(&mut right);
        assert_eq!(right, [3.0]);
    }
}
