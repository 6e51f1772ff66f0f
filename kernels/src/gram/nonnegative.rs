//! Normal equations solved under the condition that no element is negative.
//!
//! A few sweeps of coordinate descent find which elements are 0: each element in turn goes to its best value, or to 0 if that is negative, and
//! the gradient follows by one row of the matrix (Franc, Hlavac and Navara, "Sequential coordinate-wise algorithm for the non-negative least
//! squares problem", CAIP 2005). Then the others are solved for exactly, by the factorization with the zeros taken out, and the
//! solution moves there as far as no element becomes negative (Lawson and Hanson, "Solving Least Squares Problems", 1974,
//! chapter 23, who change one element of the set at a time). Where it arrives, and no 0 wants to grow, it is the best one. Both steps
//! lower the objective; descent alone takes thousands of sweeps where columns resemble each other.

use super::NormalEquations;
use super::conjugate::replace;
use super::factor::Solve;
use super::solve::Solved;
use crate::aligned::Aligned;
use crate::vector::axpy;
use pulp::{Simd, WithSimd};

/// Sweeps of coordinate descent between two exact solutions.
const SWEEPS: usize = 4;
/// Exact solutions at most.
const ROUNDS: usize = 100;
/// By what share of the largest element a 0 must want to grow: less is rounding noise.
const STILL: f32 = 1e-5;

/// The normal equations of the elements that are not 0: made when first needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Free {
    matrix: Vec<f32>,
    target: Vec<f32>,
}

impl Free {
    pub(super) fn bytes(&self) -> usize {
        (self.matrix.capacity() + self.target.capacity()) * size_of::<f32>()
    }

    /// Copies the equations without the rows and columns of what is 0 in `found`; those get a diagonal of 1.
    fn take(&mut self, matrix: &[f32], target: &[f32], found: &[f32], pad: usize) {
        let stride = found.len();
        self.matrix.clear();
        self.matrix.extend_from_slice(matrix);
        self.target.clear();
        self.target.extend_from_slice(target);
        for (at, _) in found.iter().enumerate().skip(pad).filter(|(_, float)| **float == 0.0) {
            self.matrix[at * stride..][..stride].fill(0.0);
            self.matrix.iter_mut().skip(at).step_by(stride).for_each(|element| *element = 0.0);
            self.matrix[at * (stride + 1)] = 1.0;
            self.target[at] = 0.0;
        }
    }
}

/// Arguments of [`NormalEquations::solve_nonnegative_with`].
pub(super) struct SolveNonnegative<'a> {
    pub(super) equations: &'a mut NormalEquations,
    pub(super) ridge: f32,
    pub(super) solution: &'a mut [f32],
}

impl WithSimd for SolveNonnegative<'_> {
    type Output = Solved;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Solved {
        let SolveNonnegative { equations, ridge, solution } = self;
        let rank = equations.rank();
        assert_eq!(solution.len(), rank, "a solution must have as many floats as the rank");
        assert!(ridge >= 0.0 && ridge.is_finite(), "a ridge must be finite and not negative, got {ridge}");
        equations.settle(simd);
        equations.gram.complete();
        let NormalEquations { gram, target, directions, factor, free, .. } = equations;
        let (stride, pad) = (gram.panel.stride(), gram.panel.pad());
        // Where sums overflowed, the diagonal did.
        let mut diagonal = gram.matrix.iter().step_by(stride + 1);
        if !diagonal.all(|element| element.is_finite()) || !target.iter().all(|target| target.is_finite()) {
            return replace(solution, std::iter::repeat_n(f32::NAN, rank));
        }
        let found = &mut directions.solution;
        found.fill(0.0);
        for (found, old) in found[pad..].iter_mut().zip(&*solution) {
            *found = old.max(0.0);
        }
        let mut descent =
            Descent { matrix: &gram.matrix, target, gradient: &mut directions.residual, pad, ridge };
        for _ in 0..ROUNDS {
            descent.start(simd, found);
            for _ in 0..SWEEPS {
                descent.sweep(simd, found);
            }
            free.take(&gram.matrix, target, found, pad);
            let Free { matrix, target } = &*free;
            let definite = Solve { factor, matrix, target, pad, ridge }.with_simd(simd);
            if definite && approach(found, factor.solution()) {
                descent.start(simd, found);
                if descent.is_over(found) {
                    break;
                }
            }
        }
        replace(solution, found[pad..].iter().map(|found| if found.is_finite() { *found } else { f32::NAN }))
    }
}

/// Moves the elements that are not 0 towards `best`, until one would become negative; whether none did.
fn approach(found: &mut [f32], best: &[f32]) -> bool {
    let moves = || found.iter().zip(best).filter(|(found, _)| **found > 0.0);
    let room = moves().filter(|(_, best)| **best < 0.0).map(|(found, best)| found / (found - best));
    let share = room.fold(1.0, f32::min);
    let arrives = share == 1.0 && moves().all(|(_, best)| *best >= 0.0);
    for (found, best) in found.iter_mut().zip(best).filter(|(found, _)| **found > 0.0) {
        // What the share was chosen for becomes 0 up to rounding.
        let next = if arrives { *best } else { *found + share * (best - *found) };
        *found = if *best < 0.0 && *found / (*found - best) <= share { 0.0 } else { next.max(0.0) };
    }
    arrives
}

/// Coordinate descent, and the gradient that follows it.
struct Descent<'a> {
    /// Square, whole.
    matrix: &'a [f32],
    target: &'a [f32],
    /// Without the ridge's part.
    gradient: &'a mut Aligned,
    pad: usize,
    ridge: f32,
}

impl Descent<'_> {
    /// The gradient anew: one that only follows gathers rounding errors.
    #[inline(always)]
    fn start<S: Simd>(&mut self, simd: S, found: &[f32]) {
        for (gradient, target) in self.gradient.iter_mut().zip(self.target) {
            *gradient = -target;
        }
        for (element, row) in found.iter().zip(self.matrix.chunks_exact(found.len())) {
            if *element != 0.0 {
                axpy(simd, *element, row, self.gradient);
            }
        }
    }

    #[inline(always)]
    fn sweep<S: Simd>(&mut self, simd: S, found: &mut [f32]) {
        for (at, row) in self.matrix.chunks_exact(found.len()).enumerate().skip(self.pad) {
            let (old, curvature) = (found[at], row[at] + self.ridge);
            let wanted = old - (self.gradient[at] + self.ridge * old) / curvature;
            let new = if curvature > 0.0 { wanted.max(0.0) } else { 0.0 };
            if new != old {
                found[at] = new;
                axpy(simd, new - old, row, self.gradient);
            }
        }
    }

    /// No element that is 0 wants to grow.
    fn is_over(&self, found: &[f32]) -> bool {
        let still = STILL * found.iter().copied().fold(0.0, f32::max);
        let zeros = found.iter().enumerate().skip(self.pad).filter(|(_, float)| **float == 0.0);
        zeros.map(|(at, _)| at).all(|at| {
            let curvature = self.matrix[at * (found.len() + 1)] + self.ridge;
            -self.gradient[at] <= still * curvature
        })
    }
}
