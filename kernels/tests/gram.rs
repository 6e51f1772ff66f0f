//! Gram matrices and solves of every rank that changes a code path, on every level, against faer in `f64`.

mod common;

use common::{levels, noise};
use faer::linalg::solvers::Solve;
use gasworks_kernels::{Gram, Isa, NormalEquations, Solved};
use proptest::prelude::*;
use pulp::{Simd, WithSimd};

const RANKS: [usize; 18] = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 20, 32, 33, 64, 100, 128, 200, 256];

/// Rows of one problem; `weights` empty means weight 1.
#[derive(Clone, Debug)]
struct Problem {
    rank: usize,
    rows: Vec<f32>,
    targets: Vec<f32>,
    weights: Vec<f32>,
}

impl Problem {
    fn random(rank: usize, n: usize, weighted: bool) -> Self {
        let seed = (rank * 1000 + n) as u64;
        let weights = noise(if weighted { n } else { 0 }, seed + 2).iter().map(|w| w.abs() * 3.0).collect();
        Problem { rank, rows: noise(rank * n, seed), targets: noise(n, seed + 1), weights }
    }

    fn row(&self, i: usize) -> &[f32] {
        &self.rows[i * self.rank..(i + 1) * self.rank]
    }

    /// The matrix and the right-hand side in `f64`.
    fn dense(&self) -> (faer::Mat<f64>, faer::Mat<f64>) {
        let n = self.targets.len();
        let x = faer::Mat::from_fn(n, self.rank, |i, j| f64::from(self.row(i)[j]));
        let weight = |i: usize| self.weights.get(i).map_or(1.0, |&w| f64::from(w));
        let weighted = faer::Mat::from_fn(n, self.rank, |i, j| weight(i) * x[(i, j)]);
        let targets = faer::Mat::from_fn(n, 1, |i, _| f64::from(self.targets[i]));
        (x.transpose() * weighted, x.transpose() * targets)
    }

    fn fill(&self, isa: Isa, equations: &mut NormalEquations) {
        isa.dispatch(Fill { problem: self, equations, first: 0, last: self.targets.len() });
    }
}

struct Fill<'a> {
    problem: &'a Problem,
    equations: &'a mut NormalEquations,
    first: usize,
    last: usize,
}

impl WithSimd for Fill<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Fill { problem, equations, first, last } = self;
        let row = |i: usize| problem.row(first + i);
        let target = |i: usize| problem.targets[first + i];
        if problem.weights.is_empty() {
            equations.add_rows(simd, last - first, row, target);
        } else {
            equations.add_weighted_rows(simd, last - first, row, |i| problem.weights[first + i], target);
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

struct SumRows<'a>(&'a mut Gram, &'a Problem);
impl WithSimd for SumRows<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.add_rows(simd, self.1.targets.len(), |i| self.1.row(i));
    }
}

fn gram_of(isa: Isa, problem: &Problem) -> Gram {
    let mut gram = Gram::new(problem.rank);
    isa.dispatch(SumRows(&mut gram, problem));
    gram
}

fn bits(floats: &[f32]) -> Vec<u32> {
    floats.iter().map(|float| float.to_bits()).collect()
}

#[test]
fn gram_matrices_agree_with_faer() {
    for rank in RANKS {
        for n in [0, 1, 2, 3, 7, 16, 31, 32, 33, 63, 64, 65, 200] {
            let problem = Problem::random(rank, n, false);
            let (expected, _) = problem.dense();
            for isa in levels() {
                let gram = gram_of(isa, &problem);
                for i in 0..rank {
                    for j in 0..rank {
                        let difference = (f64::from(gram.get(i, j)) - expected[(i, j)]).abs();
                        assert!(
                            difference <= 1e-6 * (n as f64 + 1.0),
                            "{isa}, rank {rank}, {n} rows, ({i}, {j})"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn solutions_agree_with_faer() {
    for rank in RANKS {
        for n in [0, 1, 5, 20, 33, 130] {
            for weighted in [false, true] {
                let problem = Problem::random(rank, n, weighted);
                let ridge = 0.05 * n as f32 + 0.1;
                let (mut matrix, target) = problem.dense();
                (0..rank).for_each(|i| matrix[(i, i)] += f64::from(ridge));
                let expected = matrix.llt(faer::Side::Upper).expect("positive definite").solve(&target);
                for isa in levels() {
                    let mut equations = NormalEquations::with_isa(rank, isa);
                    problem.fill(isa, &mut equations);
                    let mut solution = vec![1.0; rank];
                    let solved = equations.solve(ridge, &mut solution);
                    assert_eq!(solved.added_ridge, 0.0);
                    let mut change = 0.0_f32;
                    for i in 0..rank {
                        let difference = (f64::from(solution[i]) - expected[(i, 0)]).abs();
                        assert!(difference < 2e-5, "{isa}, rank {rank}, {n} rows, {i}: off by {difference}");
                        change = change.max((solution[i] - 1.0).abs());
                    }
                    assert_eq!(solved.change, change);
                }
            }
        }
    }
}

#[test]
fn fused_levels_agree_bit_for_bit() {
    for rank in RANKS {
        for (n, weighted) in [(9, false), (70, false), (150, true)] {
            let problem = Problem::random(rank, n, weighted);
            let mut results = levels().filter(|&isa| isa != Isa::Baseline).map(|isa| {
                let mut equations = NormalEquations::with_isa(rank, isa);
                problem.fill(isa, &mut equations);
                let mut solution = vec![0.0; rank];
                equations.solve(0.3, &mut solution);
                (isa, bits(&solution))
            });
            if let Some((first, expected)) = results.next() {
                for (isa, found) in results {
                    assert_eq!(found, expected, "{first} and {isa}, rank {rank}, {n} rows");
                }
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_how_calls_divide_the_rows() {
    for rank in [3, 16, 20, 64, 100] {
        let problem = Problem::random(rank, 150, false);
        for isa in levels() {
            let mut whole = NormalEquations::with_isa(rank, isa);
            problem.fill(isa, &mut whole);
            let mut parts = NormalEquations::with_isa(rank, isa);
            for (first, last) in [(0, 1), (1, 40), (40, 41), (41, 110)] {
                isa.dispatch(Fill { problem: &problem, equations: &mut parts, first, last });
            }
            let mut plain = NormalEquations::with_isa(rank, isa);
            (0..150).for_each(|i| plain.add(problem.row(i), problem.targets[i]));
            (110..150).for_each(|i| parts.add(problem.row(i), problem.targets[i]));
            let mut solutions = [(); 3].map(|()| vec![0.0; rank]);
            for (equations, solution) in [&mut whole, &mut parts, &mut plain].into_iter().zip(&mut solutions)
            {
                equations.solve(0.5, solution);
            }
            assert_eq!(bits(&solutions[0]), bits(&solutions[1]), "{isa}, rank {rank}");
            assert_eq!(bits(&solutions[0]), bits(&solutions[2]), "{isa}, rank {rank}");
        }
    }
}

#[test]
fn merged_parts_are_the_whole_and_solving_leaves_the_equations_alone() {
    for rank in [2, 16, 33] {
        for (left, right) in [(0, 5), (5, 0), (70, 3), (3, 70), (64, 64)] {
            let problem = Problem::random(rank, left + right, false);
            for isa in levels() {
                let mut whole = NormalEquations::with_isa(rank, isa);
                problem.fill(isa, &mut whole);
                let mut parts = [(); 2].map(|()| NormalEquations::with_isa(rank, isa));
                isa.dispatch(Fill { problem: &problem, equations: &mut parts[0], first: 0, last: left });
                isa.dispatch(Fill {
                    problem: &problem,
                    equations: &mut parts[1],
                    first: left,
                    last: left + right,
                });
                let [mut sum, part] = parts;
                sum.merge(&part);
                let (mut expected, mut found) = (vec![0.0; rank], vec![0.0; rank]);
                whole.solve(0.7, &mut expected);
                sum.solve(0.7, &mut found);
                for (expected, found) in expected.iter().zip(&found) {
                    assert!((expected - found).abs() < 1e-4, "{isa}, rank {rank}, {left} + {right} rows");
                }
                let again = sum.solve(0.7, &mut found);
                assert_eq!(again, Solved { change: 0.0, added_ridge: 0.0 });
            }
        }
    }
}

#[test]
fn a_shared_gram_matrix_is_added_to_the_equations() {
    for (rank, n) in [(20, 0), (20, 12), (20, 48), (64, 50), (33, 130), (5, 96)] {
        let (common, own) = (Problem::random(rank, 90, false), Problem::random(rank, n, true));
        let (mut matrix, _) = common.dense();
        let (own_matrix, target) = own.dense();
        matrix += own_matrix;
        (0..rank).for_each(|i| matrix[(i, i)] += 0.25);
        let expected = matrix.llt(faer::Side::Upper).expect("positive definite").solve(&target);
        for isa in levels() {
            let gram = gram_of(isa, &common);
            let mut equations = NormalEquations::with_isa(rank, isa);
            common.fill(isa, &mut equations);
            equations.clear();
            own.fill(isa, &mut equations);
            isa.dispatch(AddGram(&mut equations, &gram));
            let mut solution = vec![0.0; rank];
            equations.solve(0.25, &mut solution);
            for i in 0..rank {
                assert!((f64::from(solution[i]) - expected[(i, 0)]).abs() < 1e-5, "{isa}, {rank}, {n}, {i}");
            }
        }
    }
}

#[test]
fn singular_systems_get_the_smallest_ridge_that_works_and_say_so() {
    for rank in RANKS {
        for n in [1, 3, rank / 2] {
            let problem = Problem::random(rank, n, false);
            for isa in levels().filter(|_| n < rank && n > 0) {
                let mut equations = NormalEquations::with_isa(rank, isa);
                problem.fill(isa, &mut equations);
                let mut solution = vec![0.0; rank];
                let solved = equations.solve(0.0, &mut solution);
                assert!(
                    solved.added_ridge > 0.0 && solved.added_ridge < 1e-2,
                    "{isa}, rank {rank}: {solved:?}"
                );
                // Fewer equations than unknowns: the ratings are met.
                for i in 0..n {
                    let met: f32 = problem.row(i).iter().zip(&solution).map(|(x, y)| x * y).sum();
                    assert!((met - problem.targets[i]).abs() < 0.05, "{isa}, rank {rank}, {n} rows: {met}");
                }
            }
        }
    }
}

#[test]
fn no_equations_have_the_solution_zero() {
    for isa in levels() {
        let mut equations = NormalEquations::with_isa(7, isa);
        Problem::random(7, 40, false).fill(isa, &mut equations);
        equations.clear();
        let mut solution = [2.0; 7];
        let solved = equations.solve(0.0, &mut solution);
        assert_eq!((solution, solved.change), ([0.0; 7], 2.0));
    }
}

#[test]
fn finite_extremes_stay_finite_and_others_come_out_as_nan() {
    for isa in levels() {
        for (size, target) in [(1e-30, 1.0), (1e18, 1e18), (1e-15, 1e30), (0.0, 1.0), (1e-22, 1e38)] {
            let mut equations = NormalEquations::with_isa(3, isa);
            equations.add(&[size, 0.0, -size], target);
            let mut solution = [0.0; 3];
            let solved = equations.solve(0.0, &mut solution);
            assert!(
                solution.iter().all(|y| y.is_finite()),
                "{isa}, {size}, {target}: {solution:?} {solved:?}"
            );
        }
        for (size, target) in [(f32::NAN, 1.0), (f32::INFINITY, 1.0), (1.0, f32::NAN), (1e30, 1.0)] {
            let mut equations = NormalEquations::with_isa(3, isa);
            equations.add(&[size, 0.0, 1.0], target);
            let mut solution = [0.0; 3];
            let solved = equations.solve(1.0, &mut solution);
            assert!(
                solved.change.is_nan() && solution.iter().all(|y| y.is_nan()),
                "{isa}, {size}: {solution:?}"
            );
        }
    }
}

#[test]
fn broken_contracts_panic() {
    let panics = |run: fn()| std::panic::catch_unwind(run).is_err();
    assert!(panics(|| drop(NormalEquations::new(0))));
    assert!(panics(|| NormalEquations::new(3).add(&[1.0, 2.0], 1.0)));
    assert!(panics(|| NormalEquations::new(3).merge(&NormalEquations::new(4))));
    assert!(panics(|| _ = NormalEquations::new(3).solve(1.0, &mut [0.0; 2])));
    assert!(panics(|| _ = NormalEquations::new(3).solve(-1.0, &mut [0.0; 3])));
    assert!(panics(|| _ = NormalEquations::new(3).iterate(None, -1.0, 3, &mut [0.0; 3])));
    assert!(panics(|| _ = NormalEquations::new(3).iterate(Some(&Gram::new(2)), 1.0, 3, &mut [0.0; 3])));
    assert!(panics(|| _ = NormalEquations::new(3).iterate(Some(&Gram::new(3)), 1.0, 3, &mut [0.0; 3])));
    assert!(panics(|| _ = NormalEquations::new(3).solve_nonnegative(1.0, &mut [0.0; 2])));
    assert!(panics(|| {
        let problem = Problem { rows: vec![0.0; 8], ..Problem::random(3, 3, false) };
        problem.fill(Isa::detect(), &mut NormalEquations::new(3));
    }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn residuals_are_small(rank in 1_usize..80, n in 0_usize..150, seed in any::<u64>(), ridge in 0.01_f32..10.0) {
        let problem = Problem {
            rank,
            rows: noise(rank * n, seed),
            targets: noise(n, seed ^ 1),
            weights: noise(n, seed ^ 2).iter().map(|w| w.abs()).collect(),
        };
        let (matrix, target) = problem.dense();
        let largest = (0..rank).fold(0.0_f64, |largest, i| largest.max(matrix[(i, i)]));
        for isa in levels() {
            let mut equations = NormalEquations::with_isa(rank, isa);
            problem.fill(isa, &mut equations);
            let mut solution = vec![0.0; rank];
            let solved = equations.solve(ridge, &mut solution);
            prop_assert_eq!(solved.added_ridge, 0.0);
            let size = solution.iter().fold(1e-3_f64, |size, &y| size.max(f64::from(y.abs())));
            for i in 0..rank {
                let product: f64 = (0..rank).map(|j| matrix[(i, j)] * f64::from(solution[j])).sum();
                let residual = product + f64::from(ridge * solution[i]) - target[(i, 0)];
                let scale = (largest * rank as f64 + f64::from(ridge)) * size;
                prop_assert!(residual.abs() <= 1e-5 * scale, "{} rank {} n {}: {}", isa, rank, n, residual);
            }
        }
    }
}
