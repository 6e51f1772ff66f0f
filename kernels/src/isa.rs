//! The instruction level, chosen at run time.
//!
//! A release build must run on any processor and still reach the width of the one that it finds. So kernels are generic
//! over pulp's token, an operation is compiled once a level inside a function that enables the level's target
//! features, and [`Isa::dispatch`] picks one by name. Choosing by name, and not only by detection, lets a run be repeated with
//! the same bits elsewhere.

use pulp::{Simd, WithSimd};
use std::fmt;
use std::str::FromStr;

/// An instruction level. Every level exists on every platform; whether it can run is asked at run time.
///
/// ```
/// use gasworks_kernels::Isa;
///
/// assert!(Isa::Baseline.is_available());
/// assert!(Isa::detect().is_available());
/// assert_eq!("avx2".parse::<Isa>(), Ok(Isa::Avx2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// What the target triple guarantees. Vector types have one lane; plain element-wise loops are still vectorized by
    /// the compiler (SSE2 on x86-64). Multiply-adds round twice.
    Baseline,
    /// x86-64-v3: AVX2 and fused multiply-add, 8 lanes of `f32`.
    Avx2,
    /// x86-64-v4: AVX-512 F, BW, CD, DQ and VL, 16 lanes of `f32`.
    Avx512,
    /// Aarch64's Neon, 4 lanes of `f32`.
    Neon,
}

impl Isa {
    /// Every level, available or not, from the narrowest.
    pub const fn all() -> [Isa; 4] {
        [Isa::Baseline, Isa::Avx2, Isa::Avx512, Isa::Neon]
    }

    /// The fastest level that this machine has.
    #[inline]
    pub fn detect() -> Isa {
        match () {
            _ if Isa::Avx512.is_available() => Isa::Avx512,
            _ if Isa::Avx2.is_available() => Isa::Avx2,
            _ if Isa::Neon.is_available() => Isa::Neon,
            _ => Isa::Baseline,
        }
    }

    /// Whether this machine can run the level. Answers from the standard library's cached detection.
    #[inline]
    pub fn is_available(self) -> bool {
        match self {
            Isa::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => pulp::x86::V3::is_available(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => pulp::x86::V4::is_available(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => pulp::aarch64::Neon::is_available(),
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// The name on the command line and in reports: `baseline`, `avx2`, `avx512` or `neon`.
    pub const fn name(self) -> &'static str {
        match self {
            Isa::Baseline => "baseline",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
        }
    }

    /// Runs `operation` compiled for this level.
    ///
    /// `WithSimd::with_simd` and all below it must be `#[inline(always)]`: what is not inlined is compiled for the baseline.
    /// For the same reason implement [`WithSimd`] for a struct instead of passing a closure, and dispatch inside a
    /// thread's task, never around it.
    ///
    /// ```
    /// use gasworks_kernels::{Isa, vector};
    /// use pulp::{Simd, WithSimd};
    ///
    /// struct Norm<'a>(&'a [f32]);
    /// impl WithSimd for Norm<'_> {
    ///     type Output = f32;
    ///     #[inline(always)]
    ///     fn with_simd<S: Simd>(self, simd: S) -> f32 {
    ///         vector::dot(simd, self.0, self.0).sqrt()
    ///     }
    /// }
    /// assert_eq!(Isa::detect().dispatch(Norm(&[3.0, 4.0])), 5.0);
    /// ```
    ///
    /// # Panics
    /// If the machine does not have the level: ask [`Isa::is_available`] where the level comes from a user.
    #[inline]
    pub fn dispatch<Op: WithSimd>(self, operation: Op) -> Op::Output {
        match self {
            Isa::Baseline => Simd::vectorize(pulp::Scalar::new(), operation),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => match pulp::x86::V3::try_new() {
                Some(simd) => Simd::vectorize(simd, operation),
                None => self.unavailable(),
            },
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => match pulp::x86::V4::try_new() {
                Some(simd) => Simd::vectorize(simd, operation),
                None => self.unavailable(),
            },
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => match pulp::aarch64::Neon::try_new() {
                Some(simd) => Simd::vectorize(simd, operation),
                None => self.unavailable(),
            },
            #[allow(unreachable_patterns)]
            _ => self.unavailable(),
        }
    }

    #[cold]
    fn unavailable(self) -> ! {
        panic!("instruction level {self} is not available on this machine; the best is {}", Isa::detect())
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Isa {
    type Err = ParseIsaError;

    fn from_str(name: &str) -> Result<Isa, ParseIsaError> {
        let found = Isa::all().into_iter().find(|isa| isa.name() == name);
        found.ok_or_else(|| ParseIsaError { got: name.to_owned() })
    }
}

/// A name that is no instruction level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseIsaError {
    /// The name that was given.
    pub got: String,
}

impl fmt::Display for ParseIsaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ParseIsaError { got } = self;
        write!(formatter, "unknown instruction level {got:?}: expected baseline, avx2, avx512 or neon")
    }
}

impl std::error::Error for ParseIsaError {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }

    #[test]
    fn names_are_read_back() {
        for isa in Isa::all() {
            assert_eq!(isa.to_string().parse(), Ok(isa));
        }
        let error = "sse9".parse::<Isa>().unwrap_err();
        assert!(error.to_string().contains("sse9") && error.to_string().contains("avx512"), "{error}");
    }

    #[test]
    fn each_available_level_has_its_own_width() {
        let widths = [(Isa::Baseline, 1), (Isa::Avx2, 8), (Isa::Avx512, 16), (Isa::Neon, 4)];
        for (isa, width) in widths {
            if isa.is_available() {
                assert_eq!(isa.dispatch(Lanes), width, "{isa}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "is not available on this machine")]
    fn a_level_of_another_machine_panics() {
        let absent = if cfg!(target_arch = "aarch64") { Isa::Avx2 } else { Isa::Neon };
        absent.dispatch(Lanes);
    }
}
