//! Sums over a neighbourhood.

use pulp::Simd;

/// A commutative, associative sum that is cleared and merged in place.
///
/// Contract: after `clear`, merging `x` gives `x`; `merge` is associative and commutative up to rounding; neither allocates.
pub trait Accumulator: Send {
    /// Becomes the sum of nothing.
    fn clear(&mut self);
    /// Adds another sum.
    fn merge(&mut self, part: &Self);
    /// Finishes what waits, with the executor's vector instructions; called on the sum of a part before it is merged.
    #[inline(always)]
    fn settle<S: Simd>(&mut self, simd: S) {
        let _ = simd;
    }
    /// Nothing gathered later can change it (a search found a parent): the gather may end early.
    #[inline(always)]
    fn is_full(&self) -> bool {
        false
    }
}

/// Nothing is gathered.
impl Accumulator for () {
    #[inline(always)]
    fn clear(&mut self) {}
    #[inline(always)]
    fn merge(&mut self, (): &Self) {}
}

/// Normal equations of least squares: the kernels' blocked sums of outer products.
impl Accumulator for gasworks_kernels::NormalEquations {
    #[inline(always)]
    fn clear(&mut self) {
        gasworks_kernels::NormalEquations::clear(self)
    }
    fn merge(&mut self, part: &Self) {
        gasworks_kernels::NormalEquations::merge(self, part)
    }
    #[inline(always)]
    fn settle<S: Simd>(&mut self, simd: S) {
        gasworks_kernels::NormalEquations::settle(self, simd)
    }
}

/// The sum of numbers; 0 of nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum<T = f32>(pub T);

/// The least of numbers; the largest value of the type, or infinity, of nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Min<T = f32>(pub T);

/// The greatest of numbers; the least value of the type, or minus infinity, of nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Max<T = f32>(pub T);

macro_rules! accumulators {
    ($($number:ty: $zero:expr, $least:expr, $greatest:expr;)*) => {$(
        impl Accumulator for Sum<$number> {
            #[inline(always)]
            fn clear(&mut self) {
                self.0 = $zero
            }
            #[inline(always)]
            fn merge(&mut self, part: &Self) {
                self.0 += part.0
            }
        }
        impl Accumulator for Min<$number> {
            #[inline(always)]
            fn clear(&mut self) {
                self.0 = $greatest
            }
            #[inline(always)]
            fn merge(&mut self, part: &Self) {
                self.0 = self.0.min(part.0)
            }
        }
        impl Default for Min<$number> {
            fn default() -> Self {
                Min($greatest)
            }
        }
        impl Accumulator for Max<$number> {
            #[inline(always)]
            fn clear(&mut self) {
                self.0 = $least
            }
            #[inline(always)]
            fn merge(&mut self, part: &Self) {
                self.0 = self.0.max(part.0)
            }
        }
        impl Default for Max<$number> {
            fn default() -> Self {
                Max($least)
            }
        }
    )*};
}
accumulators! {
    f32: 0.0, f32::NEG_INFINITY, f32::INFINITY;
    f64: 0.0, f64::NEG_INFINITY, f64::INFINITY;
    u32: 0, u32::MIN, u32::MAX;
    u64: 0, u64::MIN, u64::MAX;
    i64: 0, i64::MIN, i64::MAX;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps_the_contract<A: Accumulator + Default + Copy + PartialEq + std::fmt::Debug>(values: [A; 3]) {
        let [a, b, c] = values;
        let merged = |parts: &[A]| {
            let mut sum = a;
            sum.clear();
            parts.iter().for_each(|part| sum.merge(part));
            sum
        };
        assert_eq!(merged(&[]), A::default());
        assert_eq!(merged(&[b]), b);
        assert_eq!(merged(&[a, b, c]), merged(&[c, a, b]));
        assert_eq!(merged(&[merged(&[a, b]), c]), merged(&[a, merged(&[b, c])]));
    }

    #[test]
    fn bundled_accumulators_keep_the_contract() {
        keeps_the_contract([Sum(1.0f32), Sum(2.0), Sum(4.0)]);
        keeps_the_contract([Min(1.0f64), Min(-2.0), Min(4.0)]);
        keeps_the_contract([Max(1u32), Max(7), Max(4)]);
        keeps_the_contract([Sum(1i64), Sum(-7), Sum(4)]);
        keeps_the_contract([Min(1u64), Min(7), Min(4)]);
    }
}
