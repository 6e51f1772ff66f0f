//! Dot products, sums and distances of `f32` slices in sixteen fixed lanes.
//!
//! A compiler must not reorder a floating-point sum, so a plain loop over `f32` runs one addition at a time. Here element
//! `i` goes to lane `i mod 16`, by fused multiply-add, and the lanes are folded in halves: 16 to 8 to 4 to 2 to 1. That order does not
//! mention the vector width, so AVX2, AVX-512 and Neon return the same bits. [`Isa::Baseline`] keeps the order but rounds
//! product and sum apart.
//!
//! The functions here take a token and belong inside dispatched code. Elsewhere use the methods of [`Isa`]: [`Isa::dot`],
//! [`Isa::axpy`], [`Isa::sum`], [`Isa::squared_distance`].

use crate::aligned::{LINE, vectors, vectors_mut};
use crate::isa::Isa;
use pulp::{Simd, WithSimd};

/// Folds sixteen lanes, held in `PARTS` vectors, to their sum.
#[inline(always)]
pub(crate) fn fold<S: Simd, const PARTS: usize>(simd: S, mut lanes: [S::f32s; PARTS]) -> f32 {
    let mut half = PARTS / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = simd.add_f32s(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    if S::F32_LANES == 4 {
        // Neon's own reduction adds neighbours first.
        let [a, b, c, d]: [f32; 4] =
            bytemuck::checked::cast_slice::<S::f32s, f32>(&lanes[..1]).try_into().expect("4 lanes");
        return (a + c) + (b + d);
    }
    simd.reduce_sum_f32s(lanes[0])
}

/// Sums `term(lane sums, left, right)` over whole vectors of both slices, the tail filled with zeros.
#[inline(always)]
fn reduce<S: Simd, const PARTS: usize>(
    simd: S,
    left: &[f32],
    right: &[f32],
    term: impl Fn(S::f32s, S::f32s, S::f32s) -> S::f32s,
) -> f32 {
    let whole = left.len() / LINE * LINE;
    let mut sums = [simd.splat_f32s(0.0); PARTS];
    let lines = vectors::<S>(&left[..whole])
        .chunks_exact(PARTS)
        .zip(vectors::<S>(&right[..whole]).chunks_exact(PARTS));
    for (left, right) in lines {
        for part in 0..PARTS {
            sums[part] = term(sums[part], left[part], right[part]);
        }
    }
    let (mut left, mut right) = (&left[whole..], &right[whole..]);
    for sum in &mut sums {
        if left.is_empty() {
            break;
        }
        let count = left.len().min(S::F32_LANES);
        *sum = term(*sum, simd.partial_load_f32s(&left[..count]), simd.partial_load_f32s(&right[..count]));
        (left, right) = (&left[count..], &right[count..]);
    }
    fold(simd, sums)
}

/// Picks the number of vectors that sixteen lanes take.
macro_rules! in_sixteen_lanes {
    ($simd:expr, $left:expr, $right:expr, $term:expr) => {
        match S::F32_LANES {
            16 => reduce::<S, 1>($simd, $left, $right, $term),
            8 => reduce::<S, 2>($simd, $left, $right, $term),
            4 => reduce::<S, 4>($simd, $left, $right, $term),
            _ => reduce::<S, 16>($simd, $left, $right, $term),
        }
    };
}

/// `sum of a[i] * b[i]`.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
pub fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "a dot product needs slices of equal length");
    in_sixteen_lanes!(
        simd,
        a,
        b,
        #[inline(always)]
        |sum, a, b| simd.mul_add_e_f32s(a, b, sum)
    )
}

/// `sum of x[i]`.
#[inline(always)]
pub fn sum<S: Simd>(simd: S, x: &[f32]) -> f32 {
    in_sixteen_lanes!(
        simd,
        x,
        x,
        #[inline(always)]
        |sum, x, _| simd.add_f32s(sum, x)
    )
}

/// `sum of (a[i] - b[i])^2`.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
pub fn squared_distance<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "a distance needs slices of equal length");
    in_sixteen_lanes!(
        simd,
        a,
        b,
        #[inline(always)]
        |sum, a, b| {
            let difference = simd.sub_f32s(a, b);
            simd.mul_add_e_f32s(difference, difference, sum)
        }
    )
}

/// `y[i] += alpha * x[i]`.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
pub fn axpy<S: Simd>(simd: S, alpha: f32, x: &[f32], y: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "axpy needs slices of equal length");
    let lanes = S::F32_LANES;
    let whole = x.len() / lanes * lanes;
    let alpha = simd.splat_f32s(alpha);
    let (x, x_tail) = x.split_at(whole);
    let (y, y_tail) = y.split_at_mut(whole);
    for (y, &x) in vectors_mut::<S>(y).iter_mut().zip(vectors::<S>(x)) {
        *y = simd.mul_add_e_f32s(alpha, x, *y);
    }
    if !x_tail.is_empty() {
        let sum = simd.mul_add_e_f32s(alpha, simd.partial_load_f32s(x_tail), simd.partial_load_f32s(y_tail));
        simd.partial_store_f32s(y_tail, sum);
    }
}

/// The functions of [`vector`](crate::vector) for callers outside dispatched code: each call dispatches itself, which costs a
/// few nanoseconds.
impl Isa {
    /// `sum of a[i] * b[i]`: see [`dot`].
    ///
    /// ```
    /// assert_eq!(gasworks_kernels::Isa::detect().dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ or the level is not available.
    pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        self.dispatch(Dot { a, b })
    }

    /// `sum of x[i]`: see [`sum`].
    ///
    /// # Panics
    /// If the level is not available.
    pub fn sum(self, x: &[f32]) -> f32 {
        self.dispatch(Sum { x })
    }

    /// `sum of (a[i] - b[i])^2`: see [`squared_distance`].
    ///
    /// # Panics
    /// If the lengths differ or the level is not available.
    pub fn squared_distance(self, a: &[f32], b: &[f32]) -> f32 {
        self.dispatch(SquaredDistance { a, b })
    }

    /// `y[i] += alpha * x[i]`: see [`axpy`].
    ///
    /// # Panics
    /// If the lengths differ or the level is not available.
    pub fn axpy(self, alpha: f32, x: &[f32], y: &mut [f32]) {
        self.dispatch(Axpy { alpha, x, y })
    }
}

struct Dot<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for Dot<'_> {
    type Output = f32;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        dot(simd, self.a, self.b)
    }
}

struct Sum<'a> {
    x: &'a [f32],
}

impl WithSimd for Sum<'_> {
    type Output = f32;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        sum(simd, self.x)
    }
}

struct SquaredDistance<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for SquaredDistance<'_> {
    type Output = f32;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        squared_distance(simd, self.a, self.b)
    }
}

struct Axpy<'a> {
    alpha: f32,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Axpy<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        axpy(simd, self.alpha, self.x, self.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(length: usize, step: f32) -> Vec<f32> {
        (0..length).map(|i| (i as f32 * step).sin() * 3.0).collect()
    }

    fn available() -> impl Iterator<Item = Isa> {
        Isa::all().into_iter().filter(|isa| isa.is_available())
    }

    /// The documented order, one float at a time.
    fn by_lanes(terms: impl Iterator<Item = (f32, f32)>) -> f32 {
        let mut lanes = [0.0_f32; 16];
        for (i, (a, b)) in terms.enumerate() {
            lanes[i % 16] = a.mul_add(b, lanes[i % 16]);
        }
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
        }
        lanes[0]
    }

    #[test]
    fn fused_levels_return_the_documented_bits() {
        for length in 0..100 {
            let (a, b) = (wave(length, 0.7), wave(length, 0.3));
            let products = by_lanes(a.iter().copied().zip(b.iter().copied()));
            let sum = by_lanes(a.iter().map(|&a| (a, 1.0)));
            let distance = by_lanes(a.iter().zip(&b).map(|(a, b)| (a - b, a - b)));
            for isa in available() {
                if isa == Isa::Baseline {
                    assert!((isa.dot(&a, &b) - products).abs() <= 1e-4, "length {length}");
                    assert!((isa.squared_distance(&a, &b) - distance).abs() <= 1e-3, "length {length}");
                } else {
                    assert_eq!(isa.dot(&a, &b).to_bits(), products.to_bits(), "{isa}, length {length}");
                    assert_eq!(
                        isa.squared_distance(&a, &b).to_bits(),
                        distance.to_bits(),
                        "{isa}, length {length}"
                    );
                }
                assert_eq!(isa.sum(&a).to_bits(), sum.to_bits(), "{isa}, length {length}");
            }
        }
    }

    #[test]
    fn axpy_adds_a_multiple_and_touches_nothing_else() {
        for length in 0..70 {
            let x = wave(length, 0.9);
            for isa in available() {
                let mut y = wave(length, 0.4);
                isa.axpy(-1.5, &x, &mut y);
                for ((y, old), x) in y.iter().zip(wave(length, 0.4)).zip(&x) {
                    assert!((y - (old - 1.5 * x)).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "slices of equal length")]
    fn unequal_lengths_panic() {
        Isa::detect().dot(&[1.0], &[1.0, 2.0]);
    }
}
