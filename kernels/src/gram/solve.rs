//! Solving normal equations: ridge, factorization, and what to do when the matrix is not positive definite.
//!
//! A singular matrix is an honest input: fewer ratings than the rank and no regularization. Its factorization fails at a pivot
//! that is rounding noise, and is repeated with a larger ridge until it holds. The caller learns what was added.

use super::NormalEquations;
use super::factor::{NOISE, Solve};
use pulp::{Simd, WithSimd};

/// What [`NormalEquations::solve_with`] says about its solution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solved {
    /// The largest absolute difference between a new float and the one that stood in its place (an old NaN is passed over).
    pub change: f32,
    /// What had to be added to the ridge before the matrix was positive definite in `f32`; 0 almost always.
    pub added_ridge: f32,
}

/// Arguments of [`NormalEquations::solve_with`].
pub(super) struct SolveWith<'a> {
    pub(super) equations: &'a mut NormalEquations,
    pub(super) ridge: f32,
    pub(super) solution: &'a mut [f32],
}

impl WithSimd for SolveWith<'_> {
    type Output = Solved;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Solved {
        let SolveWith { equations, ridge, solution } = self;
        assert_eq!(solution.len(), equations.rank(), "a solution must have as many floats as the rank");
        assert!(ridge >= 0.0 && ridge.is_finite(), "a ridge must be finite and not negative, got {ridge}");
        equations.settle(simd);
        if equations.gram.fresh {
            equations.gram.matrix.fill(0.0);
            equations.gram.fresh = false;
        }
        let mut added = 0.0;
        loop {
            let pad = equations.gram.panel.pad();
            let NormalEquations { gram, target, factor, .. } = &mut *equations;
            let definite =
                Solve { factor, matrix: &gram.matrix, target, pad, ridge: ridge + added }.with_simd(simd);
            let found = &equations.factor.solution()[pad..];
            if definite && found.iter().fold(true, |finite, float| finite & float.is_finite()) {
                let mut change = 0.0_f32;
                for (old, &new) in solution.iter_mut().zip(found) {
                    change = change.max((new - *old).abs());
                    *old = new;
                }
                return Solved { change, added_ridge: added };
            }
            match equations.next_ridge(added) {
                Some(next) => added = next,
                None => {
                    solution.fill(f32::NAN);
                    return Solved { change: f32::NAN, added_ridge: added };
                }
            }
        }
    }
}

impl NormalEquations {
    /// The ridge to try after `added` was too small, if there is hope.
    #[cold]
    fn next_ridge(&self, added: f32) -> Option<f32> {
        let finite = |floats: &[f32]| floats.iter().all(|float| float.is_finite());
        if !finite(&self.target) {
            return None;
        }
        let mut largest = 0.0_f32;
        for i in 0..self.rank() {
            let whole = self.gram.get(i, i);
            if !whole.is_finite() {
                return None;
            }
            largest = largest.max(whole);
        }
        let next = match () {
            _ if added > 0.0 => 4.0 * added,
            _ if largest > 0.0 => (NOISE * largest).max(f32::MIN_POSITIVE),
            _ => 1.0,
        };
        next.is_finite().then_some(next)
    }
}
