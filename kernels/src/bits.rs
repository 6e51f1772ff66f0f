//! How many members two bitsets have in common.

use crate::isa::Isa;

/// Counts common bits, compiled for the instructions of a level; the count does not depend on it.
#[derive(Clone, Copy, Debug)]
pub struct CommonBits(Level);

#[derive(Clone, Copy, Debug)]
enum Level {
    Plain,
    /// A scalar instruction counts the bits of a word.
    #[cfg(target_arch = "x86_64")]
    Word,
    /// A vector instruction counts those of eight words.
    #[cfg(target_arch = "x86_64")]
    Vector,
}

impl CommonBits {
    /// The fastest way that the level and this machine have.
    pub fn new(isa: Isa) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let has_words = is_x86_feature_detected!("popcnt");
            let has_vectors = Isa::Avx512.is_available() && is_x86_feature_detected!("avx512vpopcntdq");
            if isa == Isa::Avx512 && has_vectors && has_words {
                return CommonBits(Level::Vector);
            }
            if isa != Isa::Baseline && has_words {
                return CommonBits(Level::Word);
            }
        }
        let _ = isa;
        CommonBits(Level::Plain)
    }

    /// Bits that are 1 in both, up to the end of the shorter. O(words).
    ///
    /// ```
    /// use gasworks_kernels::{CommonBits, Isa};
    /// assert_eq!(CommonBits::new(Isa::detect()).count(&[0b1011, 1], &[0b0011, 1, 7]), 3);
    /// ```
    #[inline]
    pub fn count(self, a: &[u64], b: &[u64]) -> u64 {
        match self.0 {
            Level::Plain => count(a, b),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `new` found the instructions that it is compiled for.
            Level::Word => unsafe { count_by_word(a, b) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `new` found the instructions that it is compiled for.
            Level::Vector => unsafe { count_by_vector(a, b) },
        }
    }
}

#[inline(always)]
fn count(a: &[u64], b: &[u64]) -> u64 {
    a.iter().zip(b).map(|(a, b)| u64::from((a & b).count_ones())).sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn count_by_word(a: &[u64], b: &[u64]) -> u64 {
    count(a, b)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq")]
fn count_by_vector(a: &[u64], b: &[u64]) -> u64 {
    count(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_counts_the_same() {
        let words = |factor: u64, len: usize| -> Vec<u64> {
            (0..len as u64).map(|at| (at + 1).wrapping_mul(factor).rotate_left(at as u32 % 64)).collect()
        };
        for (left, right) in [(0, 3), (1, 1), (7, 9), (64, 64), (257, 250)] {
            let (a, b) = (words(0x9e37_79b9_7f4a_7c15, left), words(0xd134_2543_de82_ef95, right));
            let bit = |words: &[u64], at: usize| words[at / 64] >> (at % 64) & 1 == 1;
            let expected = (0..64 * left.min(right)).filter(|at| bit(&a, *at) && bit(&b, *at)).count() as u64;
            for isa in Isa::all().into_iter().filter(|isa| isa.is_available()) {
                assert_eq!(CommonBits::new(isa).count(&a, &b), expected, "{isa}: {left} and {right} words");
            }
        }
    }
}
