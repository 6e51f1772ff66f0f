//! Steps of stochastic gradient descent on pairs of factor rows, one of which stays in registers.
//!
//! A rating is explained by the inner product of two rows. One step moves both along the gradient of its squared error and of
//! the penalty `lambda * (|x|^2 + |y|^2)`, by `rate`:
//!
//! ```text
//! error = rating - x . y
//! x <- (1 - rate lambda) x + rate error y
//! y <- (1 - rate lambda) y + rate error x      with the x before the step
//! ```
//!
//! Inner products have sixteen fixed lanes, folded in halves: AVX2, AVX-512 and Neon give the same bits.

use pulp::Simd;

use crate::aligned::{LINE, vectors, vectors_mut};
use crate::vector::{dot, fold};

/// How far a step goes, and how rows are pulled towards zero.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Learning rate.
    pub rate: f32,
    /// Penalty on the squared length of either row.
    pub lambda: f32,
}

/// What steps of one pass have in common, in registers: for rows of lines of `PARTS` vectors each.
///
/// With `BIASES`, rows end in two of them: `x` in its own and then a 1, `y` in a 1 and then its own, so that the inner product adds both.
/// Each 1 stays as it is.
#[derive(Clone, Copy)]
pub struct Descent<S: Simd, const PARTS: usize, const BIASES: bool> {
    simd: S,
    rate: f32,
    keep: S::f32s,
    lambda: S::f32s,
    /// With biases, the rate in each lane of the last line of `x` and of `y`.
    last: [[S::f32s; PARTS]; 2],
}

/// A line in registers.
///
/// # Panics
/// If `PARTS` vectors are not a line.
#[inline(always)]
fn parts<S: Simd, const PARTS: usize>(simd: S, line: [f32; LINE]) -> [S::f32s; PARTS] {
    let mut parts = [simd.splat_f32s(0.0); PARTS];
    parts.copy_from_slice(vectors::<S>(&line));
    parts
}

/// A row of `LINES * 16` numbers, in registers while its partners change.
#[derive(Clone, Copy)]
pub struct HeldRow<S: Simd, const LINES: usize, const PARTS: usize>([[S::f32s; PARTS]; LINES]);

impl<S: Simd, const LINES: usize, const PARTS: usize> HeldRow<S, LINES, PARTS> {
    /// # Panics
    /// If the row does not have `LINES * 16` numbers.
    #[inline(always)]
    pub fn load(simd: S, row: &[f32]) -> Self {
        let row: &[S::f32s] = &vectors::<S>(row)[..LINES * PARTS];
        let mut lines = [[simd.splat_f32s(0.0); PARTS]; LINES];
        for (line, row) in lines.iter_mut().zip(row.chunks_exact(PARTS)) {
            line.copy_from_slice(row);
        }
        HeldRow(lines)
    }

    /// The inner product, with the bits of [`dot`].
    #[inline(always)]
    fn dot(&self, simd: S, other: &Self) -> f32 {
        let mut sums = [simd.splat_f32s(0.0); PARTS];
        for (x, y) in self.0.iter().zip(&other.0) {
            for part in 0..PARTS {
                sums[part] = simd.mul_add_e_f32s(x[part], y[part], sums[part]);
            }
        }
        fold(simd, sums)
    }

    /// # Panics
    /// If the row does not have `LINES * 16` numbers.
    #[inline(always)]
    pub fn store(&self, row: &mut [f32]) {
        let row: &mut [S::f32s] = &mut vectors_mut::<S>(row)[..LINES * PARTS];
        for (line, row) in self.0.iter().zip(row.chunks_exact_mut(PARTS)) {
            row.copy_from_slice(line);
        }
    }
}

impl<S: Simd, const PARTS: usize, const BIASES: bool> Descent<S, PARTS, BIASES> {
    /// # Panics
    /// If `PARTS` vectors are not a line.
    #[inline(always)]
    pub fn new(simd: S, step: Step) -> Self {
        let (mut x, mut y) = ([step.rate; LINE], [step.rate; LINE]);
        (x[LINE - 1], y[LINE - 2]) = (0.0, 0.0);
        let last = [x, y].map(|rates| parts(simd, rates));
        Descent {
            simd,
            rate: step.rate,
            keep: simd.splat_f32s(1.0 - step.rate * step.lambda),
            lambda: simd.splat_f32s(step.lambda),
            last,
        }
    }

    /// One step; the error before it.
    ///
    /// # Panics
    /// If `y` does not have `LINES * 16` numbers.
    #[inline(always)]
    pub fn step<const LINES: usize>(
        &self,
        x: &mut HeldRow<S, LINES, PARTS>,
        y: &mut [f32],
        rating: f32,
    ) -> f32 {
        let simd = self.simd;
        let held = HeldRow::<S, LINES, PARTS>::load(simd, y);
        let error = rating - x.dot(simd, &held);
        let (push, wide) = (simd.splat_f32s(self.rate * error), simd.splat_f32s(error));
        let row: &mut [S::f32s] = &mut vectors_mut::<S>(y)[..LINES * PARTS];
        // All bounds are constants: an index that is not would keep `x` in memory.
        for line in 0..LINES {
            for part in 0..PARTS {
                let (old_x, old_y) = (x.0[line][part], held.0[line][part]);
                let pair = if BIASES && line + 1 == LINES {
                    self.moved_by(self.last.map(|rates| rates[part]), wide, old_x, old_y)
                } else {
                    self.moved(push, old_x, old_y)
                };
                (x.0[line][part], row[line * PARTS + part]) = pair;
            }
        }
        error
    }

    /// One step of rows of any number of lines; the error before it. The same bits as [`step`](Descent::step).
    ///
    /// # Panics
    /// If the rows differ in length, or are not whole lines.
    #[inline(always)]
    pub fn step_rows(&self, x: &mut [f32], y: &mut [f32], rating: f32) -> f32 {
        let simd = self.simd;
        let error = rating - dot(simd, x, y);
        let push = simd.splat_f32s(self.rate * error);
        let (x, y) = (vectors_mut::<S>(x), vectors_mut::<S>(y));
        let plain = x.len() - if BIASES { PARTS } else { 0 };
        let (plain_x, last_x) = x.split_at_mut(plain);
        let (plain_y, last_y) = y.split_at_mut(plain);
        for (x, y) in plain_x.iter_mut().zip(plain_y) {
            (*x, *y) = self.moved(push, *x, *y);
        }
        let wide = simd.splat_f32s(error);
        for (part, (x, y)) in last_x.iter_mut().zip(last_y).enumerate() {
            (*x, *y) = self.moved_by(self.last.map(|rates| rates[part]), wide, *x, *y);
        }
        error
    }

    /// Both rows after a step, where all lanes move alike.
    #[inline(always)]
    fn moved(&self, push: S::f32s, x: S::f32s, y: S::f32s) -> (S::f32s, S::f32s) {
        let kept = |own: S::f32s| self.simd.mul_f32s(self.keep, own);
        (self.simd.mul_add_e_f32s(push, y, kept(x)), self.simd.mul_add_e_f32s(push, x, kept(y)))
    }

    /// Both rows after a step, each lane at its own rate.
    #[inline(always)]
    fn moved_by(
        &self,
        [rate_x, rate_y]: [S::f32s; 2],
        error: S::f32s,
        x: S::f32s,
        y: S::f32s,
    ) -> (S::f32s, S::f32s) {
        let simd = self.simd;
        let pull = |own: S::f32s, other: S::f32s| {
            simd.sub_f32s(simd.mul_f32s(error, other), simd.mul_f32s(self.lambda, own))
        };
        (simd.mul_add_e_f32s(rate_x, pull(x, y), x), simd.mul_add_e_f32s(rate_y, pull(y, x), y))
    }
}

/// Steps whose rates are told one by one, of rows that may have biases and keep a number of their own for the rate: before the biases,
/// if there are any, else at their end, `x` has its number and then a 0, `y` a 0 and then its number. Steps leave those as they are.
#[derive(Clone, Copy)]
pub struct AdaptiveDescent<S: Simd, const PARTS: usize> {
    simd: S,
    lambda: S::f32s,
    /// Which lanes of the last line of `x` and of `y` move: 1, else 0.
    moves: [[S::f32s; PARTS]; 2],
}

impl<S: Simd, const PARTS: usize> AdaptiveDescent<S, PARTS> {
    /// # Panics
    /// If `PARTS` vectors are not a line.
    #[inline(always)]
    pub fn new(simd: S, lambda: f32, has_biases: bool) -> Self {
        let (mut x, mut y) = ([1.0; LINE], [1.0; LINE]);
        let own = LINE - Self::own_numbers(has_biases);
        for moves in [&mut x, &mut y] {
            moves[own..own + 2].fill(0.0);
        }
        if has_biases {
            (x[LINE - 1], y[LINE - 2]) = (0.0, 0.0);
        }
        let moves = [x, y].map(|lanes| parts(simd, lanes));
        AdaptiveDescent { simd, lambda: simd.splat_f32s(lambda), moves }
    }

    /// How many numbers at the end of a row are no factors.
    pub const fn own_numbers(has_biases: bool) -> usize {
        if has_biases { 4 } else { 2 }
    }

    /// One step, `x` by the first rate and `y` by the second; the squared lengths of both gradients, which include those of biases.
    ///
    /// # Panics
    /// If `y` does not have `LINES * 16` numbers.
    #[inline(always)]
    pub fn step<const LINES: usize>(
        &self,
        x: &mut HeldRow<S, LINES, PARTS>,
        y: &mut [f32],
        rating: f32,
        rates: [f32; 2],
    ) -> [f32; 2] {
        let simd = self.simd;
        let held = HeldRow::<S, LINES, PARTS>::load(simd, y);
        let error = simd.splat_f32s(rating - x.dot(simd, &held));
        let rates = rates.map(|rate| simd.splat_f32s(rate));
        let row: &mut [S::f32s] = &mut vectors_mut::<S>(y)[..LINES * PARTS];
        let mut squares = [[simd.splat_f32s(0.0); PARTS]; 2];
        for line in 0..LINES {
            for part in 0..PARTS {
                let mut pair = [x.0[line][part], held.0[line][part]];
                self.move_pair(&mut pair, error, rates, (line + 1 == LINES, part), &mut squares);
                [x.0[line][part], row[line * PARTS + part]] = pair;
            }
        }
        squares.map(|squares| fold(simd, squares))
    }

    /// As [`step`](AdaptiveDescent::step), of rows of any number of lines.
    ///
    /// # Panics
    /// If the rows differ in length, or are not whole lines.
    #[inline(always)]
    pub fn step_rows(&self, x: &mut [f32], y: &mut [f32], rating: f32, rates: [f32; 2]) -> [f32; 2] {
        let simd = self.simd;
        let error = simd.splat_f32s(rating - dot(simd, x, y));
        let rates = rates.map(|rate| simd.splat_f32s(rate));
        let last = x.len() / LINE - 1;
        let (x, y) = (vectors_mut::<S>(x), vectors_mut::<S>(y));
        let mut squares = [[simd.splat_f32s(0.0); PARTS]; 2];
        for (line, (x, y)) in x.chunks_exact_mut(PARTS).zip(y.chunks_exact_mut(PARTS)).enumerate() {
            for part in 0..PARTS {
                let mut pair = [x[part], y[part]];
                self.move_pair(&mut pair, error, rates, (line == last, part), &mut squares);
                [x[part], y[part]] = pair;
            }
        }
        squares.map(|squares| fold(simd, squares))
    }

    /// Moves one vector of both rows, and adds the squares of the gradients.
    #[inline(always)]
    fn move_pair(
        &self,
        pair: &mut [S::f32s; 2],
        error: S::f32s,
        rates: [S::f32s; 2],
        (is_last, part): (bool, usize),
        squares: &mut [[S::f32s; PARTS]; 2],
    ) {
        let (simd, old) = (self.simd, *pair);
        for own in 0..2 {
            let pulled = simd.mul_f32s(self.lambda, old[own]);
            let mut gradient = simd.sub_f32s(simd.mul_f32s(error, old[1 - own]), pulled);
            if is_last {
                gradient = simd.mul_f32s(self.moves[own][part], gradient);
            }
            squares[own][part] = simd.mul_add_e_f32s(gradient, gradient, squares[own][part]);
            pair[own] = simd.mul_add_e_f32s(rates[own], gradient, old[own]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;
    use pulp::WithSimd;

    struct Steps<'a> {
        x: &'a mut [f32],
        y: &'a mut [f32],
        has_biases: bool,
        in_registers: bool,
    }

    const STEP: Step = Step { rate: 0.05, lambda: 0.1 };

    impl WithSimd for Steps<'_> {
        type Output = f32;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            #[inline(always)]
            fn go<S: Simd, const PARTS: usize, const BIASES: bool>(simd: S, steps: Steps<'_>) -> f32 {
                let descent = Descent::<S, PARTS, BIASES>::new(simd, STEP);
                if !steps.in_registers {
                    let first = descent.step_rows(steps.x, steps.y, 3.0);
                    descent.step_rows(steps.x, steps.y, 2.0);
                    return first;
                }
                let mut held = HeldRow::<S, 2, PARTS>::load(simd, steps.x);
                let first = descent.step(&mut held, steps.y, 3.0);
                descent.step(&mut held, steps.y, 2.0);
                held.store(steps.x);
                first
            }
            match (S::F32_LANES, self.has_biases) {
                (16, false) => go::<S, 1, false>(simd, self),
                (16, true) => go::<S, 1, true>(simd, self),
                (8, false) => go::<S, 2, false>(simd, self),
                (8, true) => go::<S, 2, true>(simd, self),
                (4, false) => go::<S, 4, false>(simd, self),
                (4, true) => go::<S, 4, true>(simd, self),
                (_, false) => go::<S, 16, false>(simd, self),
                (_, true) => go::<S, 16, true>(simd, self),
            }
        }
    }

    /// In `f64`, number by number; those that do not move are named.
    fn plainly(x: &mut [f64], y: &mut [f64], still: [Option<usize>; 2]) -> f64 {
        let mut first = None;
        for rating in [3.0, 2.0] {
            let error = rating - x.iter().zip(&*y).map(|(x, y)| x * y).sum::<f64>();
            first.get_or_insert(error);
            let (rate, lambda) = (f64::from(STEP.rate), f64::from(STEP.lambda));
            for i in 0..x.len() {
                let (old_x, old_y) = (x[i], y[i]);
                if still[0] != Some(i) {
                    x[i] += rate * (error * old_y - lambda * old_x);
                }
                if still[1] != Some(i) {
                    y[i] += rate * (error * old_x - lambda * old_y);
                }
            }
        }
        first.expect("two steps")
    }

    #[test]
    fn steps_are_those_of_the_formula_at_every_level() {
        for (has_biases, isa) in [false, true].into_iter().flat_map(|has_biases| {
            Isa::all().into_iter().filter(|isa| isa.is_available()).map(move |isa| (has_biases, isa))
        }) {
            let row = |from: f32| (0..32).map(|i| from + 0.01 * (i * i % 11) as f32).collect::<Vec<_>>();
            let (mut x, mut y) = (row(0.1), row(-0.2));
            x[20..30].fill(0.0);
            y[20..30].fill(0.0);
            let still = if has_biases { [Some(31), Some(30)] } else { [None; 2] };
            if has_biases {
                (x[31], y[30]) = (1.0, 1.0);
            }
            let wide = |row: &[f32]| row.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
            let (mut wide_x, mut wide_y) = (wide(&x), wide(&y));
            let expected = plainly(&mut wide_x, &mut wide_y, still);
            let (mut other_x, mut other_y) = (x.clone(), y.clone());
            let found = isa.dispatch(Steps { x: &mut x, y: &mut y, has_biases, in_registers: true });
            assert!((f64::from(found) - expected).abs() < 1e-5, "{isa}: {found}, not {expected}");
            for (found, expected) in x.iter().chain(&y).zip(wide_x.iter().chain(&wide_y)) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "{isa}: {found}, not {expected}");
            }
            assert!(!has_biases || (x[31], y[30]) == (1.0, 1.0));
            assert!(x[20..30].iter().chain(&y[20..30]).all(|number| *number == 0.0));
            isa.dispatch(Steps { x: &mut other_x, y: &mut other_y, has_biases, in_registers: false });
            assert_eq!((x, y), (other_x, other_y), "{isa}: rows in memory");
        }
    }

    struct AdaptiveSteps<'a> {
        x: &'a mut [f32],
        y: &'a mut [f32],
        has_biases: bool,
        in_registers: bool,
    }

    impl WithSimd for AdaptiveSteps<'_> {
        type Output = [f32; 2];
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [f32; 2] {
            #[inline(always)]
            fn go<S: Simd, const PARTS: usize>(simd: S, steps: AdaptiveSteps<'_>) -> [f32; 2] {
                let descent = AdaptiveDescent::<S, PARTS>::new(simd, STEP.lambda, steps.has_biases);
                if !steps.in_registers {
                    return descent.step_rows(steps.x, steps.y, 3.0, [0.05, 0.02]);
                }
                let mut held = HeldRow::<S, 2, PARTS>::load(simd, steps.x);
                let squares = descent.step(&mut held, steps.y, 3.0, [0.05, 0.02]);
                held.store(steps.x);
                squares
            }
            match S::F32_LANES {
                16 => go::<S, 1>(simd, self),
                8 => go::<S, 2>(simd, self),
                4 => go::<S, 4>(simd, self),
                _ => go::<S, 16>(simd, self),
            }
        }
    }

    #[test]
    fn adaptive_steps_are_those_of_the_formula_at_every_level() {
        for (has_biases, isa) in [false, true].into_iter().flat_map(|has_biases| {
            Isa::all().into_iter().filter(|isa| isa.is_available()).map(move |isa| (has_biases, isa))
        }) {
            let row = |from: f32| (0..32).map(|i| from + 0.01 * (i * i % 11) as f32).collect::<Vec<_>>();
            let (mut x, mut y) = (row(0.1), row(-0.2));
            let own = if has_biases { 28 } else { 30 };
            (x[own], x[own + 1], y[own], y[own + 1]) = (9.0, 0.0, 0.0, 7.0);
            if has_biases {
                (x[31], y[30]) = (1.0, 1.0);
            }
            let product: f64 = x.iter().zip(&y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            let (error, lambda) = (3.0 - product, f64::from(STEP.lambda));
            let mut expected = [x.clone(), y.clone()];
            let mut squares = [0.0; 2];
            for side in 0..2 {
                let still = |at: usize| {
                    at == own || at == own + 1 || has_biases && at == if side == 0 { 31 } else { 30 }
                };
                for at in (0..32).filter(|at| !still(*at)) {
                    let [own, other] = [f64::from([&x, &y][side][at]), f64::from([&y, &x][side][at])];
                    let gradient = error * other - lambda * own;
                    squares[side] += gradient * gradient;
                    expected[side][at] = (own + [0.05, 0.02][side] * gradient) as f32;
                }
            }
            let (mut other_x, mut other_y) = (x.clone(), y.clone());
            let found = isa.dispatch(AdaptiveSteps { x: &mut x, y: &mut y, has_biases, in_registers: true });
            for (found, expected) in found.iter().zip(squares) {
                assert!(
                    (f64::from(*found) - expected).abs() < 1e-4 * expected,
                    "{isa}: {found}, not {expected}"
                );
            }
            for (found, expected) in x.iter().chain(&y).zip(expected.iter().flatten()) {
                assert!((found - expected).abs() < 1e-5, "{isa}: {found}, not {expected}");
            }
            let steps = AdaptiveSteps { x: &mut other_x, y: &mut other_y, has_biases, in_registers: false };
            assert_eq!((isa.dispatch(steps), x, y), (found, other_x, other_y), "{isa}: rows in memory");
        }
    }
}
