//! The solvers beside Cholesky: conjugate gradients against textbook steps and an exact solution in `f64`, nonnegative solutions against
//! every active set there is.

mod common;

use common::{levels, noise};
use faer::linalg::solvers::Solve;
use gasworks_kernels::{Gram, Isa, NormalEquations};
use pulp::{Simd, WithSimd};

const RANKS: [usize; 12] = [1, 2, 3, 8, 15, 16, 17, 20, 64, 100, 128, 200];

/// Weighted rows of one system, and rows that all systems share.
struct Problem {
    rank: usize,
    rows: Vec<f32>,
    weights: Vec<f32>,
    targets: Vec<f32>,
    shared: Vec<f32>,
    ridge: f32,
}

impl Problem {
    fn new(rank: usize, n: usize, shared: usize) -> Self {
        let seed = (rank * 1000 + n) as u64;
        Problem {
            rank,
            rows: noise(rank * n, seed),
            weights: noise(n, seed + 1).iter().map(|weight| 2.0 * weight.abs()).collect(),
            targets: noise(n, seed + 2),
            shared: noise(rank * shared, seed + 3),
            ridge: 0.02 * (n + shared) as f32 + 0.1,
        }
    }

    fn row(&self, i: usize) -> &[f32] {
        &self.rows[i * self.rank..][..self.rank]
    }

    /// The matrix with its ridge, and the right-hand side.
    fn dense(&self) -> (faer::Mat<f64>, faer::Mat<f64>) {
        let rank = self.rank;
        let mut matrix = faer::Mat::<f64>::zeros(rank, rank);
        let mut target = faer::Mat::<f64>::zeros(rank, 1);
        let mut add = |row: &[f32], weight: f32| {
            for i in 0..rank {
                for j in 0..rank {
                    matrix[(i, j)] += f64::from(weight) * f64::from(row[i]) * f64::from(row[j]);
                }
            }
        };
        self.shared.chunks(rank).for_each(|row| add(row, 1.0));
        for (i, (&weight, &own)) in self.weights.iter().zip(&self.targets).enumerate() {
            add(self.row(i), weight);
            (0..rank).for_each(|at| target[(at, 0)] += f64::from(own) * f64::from(self.row(i)[at]));
        }
        (0..rank).for_each(|i| matrix[(i, i)] += f64::from(self.ridge));
        (matrix, target)
    }

    /// Its equations, with room to keep so many rows, and the shared part.
    fn equations(&self, isa: Isa, keep: usize) -> (NormalEquations, Gram) {
        let mut equations = NormalEquations::keeping(self.rank, keep, isa);
        let mut gram = Gram::new(self.rank);
        isa.dispatch(Fill { problem: self, equations: &mut equations, gram: &mut gram });
        (equations, gram)
    }
}

struct Fill<'a> {
    problem: &'a Problem,
    equations: &'a mut NormalEquations,
    gram: &'a mut Gram,
}

impl WithSimd for Fill<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Fill { problem, equations, gram } = self;
        let (rank, n) = (problem.rank, problem.targets.len());
        gram.add_rows(simd, problem.shared.len() / rank, |i| &problem.shared[i * rank..][..rank]);
        gram.complete();
        // In two calls: rows of the first are kept while those of the second come.
        let first = n / 3;
        for (from, to) in [(0, first), (first, n)] {
            equations.add_weighted_rows(
                simd,
                to - from,
                |i| problem.row(from + i),
                |i| problem.weights[from + i],
                |i| problem.targets[from + i],
            );
        }
    }
}

struct AddGram<'a>(&'a mut NormalEquations, &'a Gram);
impl WithSimd for AddGram<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.add_gram(simd, self.1);
    }
}

fn near(found: &[f32], expected: &[f64], share: f64, what: &str) {
    let size = expected.iter().fold(1e-3_f64, |size, y| size.max(y.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(*found) - expected).abs() <= share * size, "{what}, {at}: {found}, {expected}");
    }
}

fn exact(matrix: &faer::Mat<f64>, target: &faer::Mat<f64>) -> Vec<f64> {
    let solution = matrix.llt(faer::Side::Upper).expect("positive definite").solve(target);
    (0..target.nrows()).map(|i| solution[(i, 0)]).collect()
}

/// The steps as the textbook has them.
fn textbook(matrix: &faer::Mat<f64>, target: &faer::Mat<f64>, start: &[f32], steps: u32) -> Vec<f64> {
    let n = target.nrows();
    let mut x = faer::Mat::from_fn(n, 1, |i, _| f64::from(start[i]));
    let mut r = target - matrix * &x;
    let mut p = r.clone();
    for _ in 0..steps {
        let q = matrix * &p;
        let squared = r.squared_norm_l2();
        let length = squared / (p.transpose() * &q)[(0, 0)];
        for i in 0..n {
            x[(i, 0)] += length * p[(i, 0)];
            r[(i, 0)] -= length * q[(i, 0)];
        }
        let share = r.squared_norm_l2() / squared;
        p = faer::Mat::from_fn(n, 1, |i, _| r[(i, 0)] + share * p[(i, 0)]);
    }
    (0..n).map(|i| x[(i, 0)]).collect()
}

#[test]
fn steps_are_those_of_the_textbook_whether_rows_are_kept_or_not() {
    for rank in RANKS.into_iter().filter(|rank| *rank > 3) {
        for (n, shared) in [(3, 40), (50, 0), (130, 40), (130, 0), (3, 0)] {
            let problem = Problem::new(rank, n, shared);
            let (matrix, target) = problem.dense();
            let start: Vec<f32> = noise(rank, 5).iter().map(|float| 0.1 * float).collect();
            for steps in 0..=3 {
                let expected = textbook(&matrix, &target, &start, steps);
                for isa in levels() {
                    for keep in [0, 64, 100, 1000] {
                        let (mut equations, gram) = problem.equations(isa, keep);
                        let mut found = start.clone();
                        let shared = (shared > 0).then_some(&gram);
                        let solved = equations.iterate(shared, problem.ridge, steps, &mut found);
                        let what = format!("{isa}, rank {rank}, {n} rows, {keep} kept, {steps} steps");
                        near(&found, &expected, 2e-4, &what);
                        let moved = start.iter().zip(&found).map(|(old, new)| (new - old).abs());
                        assert_eq!(solved.change, moved.fold(0.0, f32::max), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn as_many_steps_as_the_rank_solve_the_system() {
    for rank in RANKS {
        for (n, shared) in [(2, 0), (2, 300), (150, 0), (400, 300)] {
            let problem = Problem::new(rank, n, shared);
            let (matrix, target) = problem.dense();
            let expected = exact(&matrix, &target);
            for isa in levels() {
                for keep in [0, 200] {
                    let (mut equations, gram) = problem.equations(isa, keep);
                    let mut found = vec![0.02; rank];
                    let shared = (shared > 0).then_some(&gram);
                    equations.iterate(shared, problem.ridge, rank as u32, &mut found);
                    near(&found, &expected, 1e-4, &format!("{isa}, rank {rank}, {n} rows, {keep} kept"));
                }
            }
        }
    }
}

#[test]
fn equations_may_grow_after_they_were_solved() {
    for rank in [3, 20, 64] {
        let first = Problem::new(rank, 130, 0);
        // The same rows once more: twice the matrix and the right-hand side.
        let (mut matrix, mut target) = first.dense();
        (0..rank).for_each(|i| matrix[(i, i)] -= 0.5 * f64::from(first.ridge));
        matrix *= faer::Scale(2.0);
        target *= faer::Scale(2.0);
        let expected = exact(&matrix, &target);
        for isa in levels() {
            for nonnegative in [false, true] {
                let keep = if nonnegative { 0 } else { 500 };
                let (mut equations, mut gram) = first.equations(isa, keep);
                let mut found = vec![0.0; rank];
                equations.iterate(None, first.ridge, 3, &mut found);
                // Those that were kept stay, those that come are multiplied.
                equations.multiply_at_once();
                isa.dispatch(Fill { problem: &first, equations: &mut equations, gram: &mut gram });
                if nonnegative {
                    equations.solve_nonnegative(first.ridge, &mut found);
                    let y = faer::Mat::from_fn(rank, 1, |i, _| f64::from(found[i]));
                    let gradient = &matrix * &y - &target;
                    for i in (0..rank).filter(|i| found[*i] > 0.0) {
                        let slack = gradient[(i, 0)] / matrix[(i, i)];
                        assert!(slack.abs() < 1e-4, "{isa}, rank {rank}, {i}: {slack}");
                    }
                } else {
                    equations.iterate(None, first.ridge, 2 * rank as u32, &mut found);
                    near(&found, &expected, 1e-4, &format!("{isa}, rank {rank}"));
                }
            }
        }
    }
}

#[test]
fn no_equations_have_the_solution_zero_whatever_is_shared() {
    for isa in levels() {
        let problem = Problem::new(20, 0, 30);
        let (mut equations, gram) = problem.equations(isa, 100);
        let mut solution = [2.0; 20];
        let solved = equations.iterate(Some(&gram), 0.1, 3, &mut solution);
        assert_eq!((solution, solved.change), ([0.0; 20], 2.0));
    }
}

/// The least over `y >= 0`, by trying every set of elements that may be positive.
fn by_enumeration(matrix: &faer::Mat<f64>, target: &faer::Mat<f64>) -> Vec<f64> {
    let n = target.nrows();
    let mut best = (0.0, vec![0.0; n]);
    for set in 1_u32..1 << n {
        let free: Vec<usize> = (0..n).filter(|i| set >> i & 1 == 1).collect();
        let part = faer::Mat::from_fn(free.len(), free.len(), |i, j| matrix[(free[i], free[j])]);
        let part_target = faer::Mat::from_fn(free.len(), 1, |i, _| target[(free[i], 0)]);
        let part = exact(&part, &part_target);
        if part.iter().any(|y| *y < 0.0) {
            continue;
        }
        let mut y = faer::Mat::<f64>::zeros(n, 1);
        free.iter().zip(&part).for_each(|(&i, &value)| y[(i, 0)] = value);
        let value = (y.transpose() * matrix * &y)[(0, 0)] - 2.0 * (target.transpose() * &y)[(0, 0)];
        if value < best.0 {
            best = (value, (0..n).map(|i| y[(i, 0)]).collect());
        }
    }
    best.1
}

#[test]
fn nonnegative_solutions_are_the_best_of_all_active_sets() {
    let mut zeros = [0, 0];
    for rank in 1..=10 {
        for (n, shared) in [(1, 0), (4, 0), (30, 0), (100, 25)] {
            let problem = Problem::new(rank, n, shared);
            let (matrix, target) = problem.dense();
            let expected = by_enumeration(&matrix, &target);
            expected.iter().for_each(|y| zeros[usize::from(*y == 0.0)] += 1);
            for isa in levels() {
                for start in [0.0, 1.0, -1.0] {
                    let (mut equations, gram) = problem.equations(isa, 0);
                    isa.dispatch(AddGram(&mut equations, &gram));
                    let mut found = vec![start; rank];
                    let solved = equations.solve_nonnegative(problem.ridge, &mut found);
                    near(&found, &expected, 1e-4, &format!("{isa}, rank {rank}, {n} rows, from {start}"));
                    let moved = found.iter().map(|new| (new - start).abs()).fold(0.0, f32::max);
                    assert_eq!(solved.change, moved);
                    assert!(found.iter().all(|y| *y >= 0.0));
                }
            }
        }
    }
    assert!(zeros.iter().all(|count| *count > 30), "both kinds of element: {zeros:?}");
}

#[test]
fn nonnegative_solutions_of_every_rank_keep_the_conditions_of_optimality() {
    for rank in RANKS {
        for (n, shared) in [(3, 0), (60, 30), (300, 0)] {
            let problem = Problem::new(rank, n, shared);
            let (matrix, target) = problem.dense();
            for isa in levels() {
                let (mut equations, gram) = problem.equations(isa, 0);
                isa.dispatch(AddGram(&mut equations, &gram));
                let mut found = vec![0.1; rank];
                equations.solve_nonnegative(problem.ridge, &mut found);
                let y = faer::Mat::from_fn(rank, 1, |i, _| f64::from(found[i]));
                let gradient = &matrix * &y - &target;
                for i in 0..rank {
                    let slack = gradient[(i, 0)] / matrix[(i, i)];
                    let what = format!("{isa}, rank {rank}, {n} rows, {i}: {} and {slack}", found[i]);
                    assert!(found[i] >= 0.0 && slack >= -1e-4, "{what}");
                    assert!(found[i] == 0.0 || slack.abs() <= 1e-4, "{what}");
                }
            }
        }
    }
}

#[test]
fn fused_levels_agree_bit_for_bit() {
    for rank in RANKS {
        for (n, shared) in [(9, 20), (70, 0), (150, 60)] {
            let problem = Problem::new(rank, n, shared);
            let mut first = None;
            for isa in levels().filter(|isa| *isa != Isa::Baseline) {
                let (mut equations, gram) = problem.equations(isa, 100);
                let mut solutions = [vec![0.2; rank], vec![0.2; rank]];
                equations.iterate(Some(&gram), problem.ridge, 3, &mut solutions[0]);
                equations.solve_nonnegative(problem.ridge, &mut solutions[1]);
                let bits: Vec<u32> = solutions.iter().flatten().map(|float| float.to_bits()).collect();
                let (expected, other) = first.get_or_insert((bits.clone(), isa));
                assert!(*expected == bits, "{other} and {isa}, rank {rank}, {n} rows");
            }
        }
    }
}

#[test]
fn what_is_not_finite_comes_out_as_nan() {
    for isa in levels() {
        for (size, target) in [(f32::NAN, 1.0), (f32::INFINITY, 1.0), (1.0, f32::NAN), (1e30, 1.0)] {
            for nonnegative in [false, true] {
                let mut equations = NormalEquations::keeping(3, 100, isa);
                equations.add(&[size, 0.0, 1.0], target);
                let mut solution = [0.0; 3];
                let solved = match nonnegative {
                    true => equations.solve_nonnegative(1.0, &mut solution),
                    false => equations.iterate(None, 1.0, 3, &mut solution),
                };
                let all = solved.change.is_nan() && solution.iter().all(|y| y.is_nan());
                assert!(all, "{isa}, {size}, {target}, {nonnegative}: {solution:?} {solved:?}");
            }
        }
    }
}
