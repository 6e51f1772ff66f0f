//! A plain dense alternating least squares in `f64`: the oracle that the fast program is compared with.
//!
//! The method of Zhou, Wilkinson, Schreiber, Pan (2008, "Large-scale parallel collaborative filtering for the Netflix Prize",
//! section 3.1), written as its formulas read: form the normal equations of one row, solve by Gaussian elimination with
//! pivoting, go on. It shares no code with the kernels, the engine or the program, sums in the order of the input, and is
//! slow on purpose. Not part of the public interface.

use gasworks_engine::input::Rating;

/// What the oracle solves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reference {
    /// Length of a factor row.
    pub rank: usize,
    /// The penalty on the squared length of a row.
    pub lambda: f64,
    /// Multiplies `lambda` by the number of the row's ratings.
    pub weighted: bool,
    /// Implicit feedback (Hu, Koren, Volinsky 2008) with this weight of a rating in its confidence: every pair is a cell of the table.
    pub alpha: Option<f64>,
    /// Rows without negative elements, found by trying every set of elements that may be positive: for small ranks.
    pub nonnegative: bool,
    /// Sweeps: all users, then all items.
    pub iterations: usize,
}

/// Factor matrices of the oracle, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceFactors {
    /// Users x rank.
    pub users: Vec<f64>,
    /// Items x rank.
    pub items: Vec<f64>,
}

impl Reference {
    /// Alternates from the given `items` (items x rank); users are solved first, so they need no start. A row without ratings
    /// becomes zero. `after` is called after each sweep.
    ///
    /// # Panics
    /// If a number of a rating is out of range, or a system is singular (`lambda` 0 and too few ratings).
    pub fn solve(
        &self,
        users: usize,
        items: Vec<f64>,
        ratings: &[Rating],
        mut after: impl FnMut(usize, &ReferenceFactors),
    ) -> ReferenceFactors {
        let mut by_user = vec![Vec::new(); users];
        let mut by_item = vec![Vec::new(); items.len() / self.rank];
        for rating in ratings {
            by_user[rating.user as usize].push((rating.item as usize, f64::from(rating.value)));
            by_item[rating.item as usize].push((rating.user as usize, f64::from(rating.value)));
        }
        let mut factors = ReferenceFactors { users: vec![0.0; users * self.rank], items };
        for iteration in 1..=self.iterations {
            self.solve_side(&mut factors.users, &by_user, &factors.items);
            self.solve_side(&mut factors.items, &by_item, &factors.users);
            after(iteration, &factors);
        }
        factors
    }

    fn solve_side(&self, side: &mut [f64], rows: &[Vec<(usize, f64)>], other: &[f64]) {
        let rank = self.rank;
        for (row, ratings) in side.chunks_mut(rank).zip(rows) {
            row.fill(0.0);
            if ratings.is_empty() {
                continue;
            }
            let mut system = vec![vec![0.0; rank + 1]; rank];
            let mut add = |neighbor: usize, weight: f64, target: f64| {
                let factors = &other[neighbor * rank..][..rank];
                for (equation, &left) in system.iter_mut().zip(factors) {
                    for (coefficient, &right) in equation.iter_mut().zip(factors) {
                        *coefficient += weight * left * right;
                    }
                    equation[rank] += left * target;
                }
            };
            match self.alpha {
                None => ratings.iter().for_each(|&(neighbor, value)| add(neighbor, 1.0, value)),
                Some(alpha) => {
                    // Cell by cell, those without a rating too: confidence, and confidence times preference.
                    for neighbor in 0..other.len() / rank {
                        let own = ratings.iter().filter(|rating| rating.0 == neighbor);
                        let confidence: f64 = 1.0 + own.clone().map(|(_, value)| alpha * value).sum::<f64>();
                        add(neighbor, confidence, own.map(|(_, value)| 1.0 + alpha * value).sum());
                    }
                }
            }
            let ridge = self.lambda * if self.weighted { ratings.len() as f64 } else { 1.0 };
            for (diagonal, equation) in system.iter_mut().enumerate() {
                equation[diagonal] += ridge;
            }
            let solution = if self.nonnegative { nonnegative(&system) } else { eliminate(system) };
            row.copy_from_slice(&solution);
        }
    }
}

/// The best solution without negative elements of a positive definite system in the form of [`eliminate`].
fn nonnegative(system: &[Vec<f64>]) -> Vec<f64> {
    let size = system.len();
    let mut best = (0.0, vec![0.0; size]);
    for set in 1_u32..1 << size {
        let free: Vec<usize> = (0..size).filter(|at| set >> at & 1 == 1).collect();
        let columns = || free.iter().copied().chain([size]);
        let part = free.iter().map(|&row| columns().map(|column| system[row][column]).collect()).collect();
        let part = eliminate(part);
        // At a solution of the part the objective is minus its product with the right-hand side.
        let value: f64 = -part.iter().zip(&free).map(|(y, &row)| y * system[row][size]).sum::<f64>();
        if part.iter().all(|y| *y >= 0.0) && value < best.0 {
            best = (value, vec![0.0; size]);
            free.iter().zip(part).for_each(|(&at, y)| best.1[at] = y);
        }
    }
    best.1
}

/// Solves a system given as rows of coefficients followed by the right-hand side.
fn eliminate(mut system: Vec<Vec<f64>>) -> Vec<f64> {
    let size = system.len();
    for column in 0..size {
        let pivot =
            (column..size).max_by(|&a, &b| system[a][column].abs().total_cmp(&system[b][column].abs()));
        system.swap(column, pivot.expect("the range is not empty"));
        let (above, below) = system.split_at_mut(column + 1);
        let pivot = &above[column];
        assert!(pivot[column] != 0.0, "the system is singular: give a positive lambda");
        for equation in below {
            let factor = equation[column] / pivot[column];
            for (coefficient, &other) in equation[column..].iter_mut().zip(&pivot[column..]) {
                *coefficient -= factor * other;
            }
        }
    }
    let mut solution = vec![0.0; size];
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|column| system[row][column] * solution[column]).sum();
        solution[row] = (system[row][size] - known) / system[row][row];
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::testing::additive;

    #[test]
    fn elimination_solves_a_system_that_needs_pivoting() {
        let solution = eliminate(vec![vec![0.0, 2.0, 4.0], vec![3.0, 1.0, 5.0]]);
        assert!((solution[0] - 1.0).abs() < 1e-12 && (solution[1] - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_table_of_rank_two_is_recovered() {
        let ratings = additive(9, 7);
        let start = (0..14).map(|n| 0.1 + 0.37 * f64::from(n % 5)).collect();
        let reference =
            Reference { rank: 2, lambda: 1e-9, weighted: true, iterations: 300, ..Reference::default() };
        let factors = reference.solve(9, start, &ratings, |_, _| {});
        for rating in &ratings {
            let (user, item) = (rating.user as usize, rating.item as usize);
            let value: f64 = (0..2).map(|k| factors.users[2 * user + k] * factors.items[2 * item + k]).sum();
            assert!((value - f64::from(rating.value)).abs() < 1e-3, "{rating:?} {value}");
        }
    }
}
