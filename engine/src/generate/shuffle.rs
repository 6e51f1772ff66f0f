//! A keyed permutation without a table: rounds of adding, multiplying by an odd number and folding the high bits down, each of
//! them a bijection modulo a power of two; for other counts, applied again until the number is in range (cycle walking, Black and
//! Rogaway 2002). Graph500's reference generator scrambles its vertices in the same way. Chosen over Fisher and Yates since it needs no
//! memory, and every thread can ask for any number.

use crate::Random;

/// A permutation of `0..count`.
pub(super) struct Shuffle {
    count: u64,
    mask: u64,
    shift: u32,
    rounds: [[u64; 2]; 4],
}

impl Shuffle {
    /// The permutation that `seed` and `stream` choose.
    pub(super) fn new(seed: u64, stream: u64, count: u32) -> Self {
        let bits = u32::BITS - count.saturating_sub(1).leading_zeros();
        let mut random = Random::keyed(seed, stream, 0, 0);
        let rounds = std::array::from_fn(|_| [random.next_u64(), random.next_u64() | 1]);
        Shuffle { count: count.into(), mask: (1 << bits) - 1, shift: (bits / 2).max(1), rounds }
    }

    /// Where `number` goes; it is below the count.
    #[inline]
    pub(super) fn of(&self, number: u32) -> u32 {
        debug_assert!(u64::from(number) < self.count);
        let mut number = u64::from(number);
        loop {
            for [addend, factor] in self.rounds {
                number = number.wrapping_add(addend).wrapping_mul(factor) & self.mask;
                number ^= number >> self.shift;
            }
            if number < self.count {
                return number as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_hit_once() {
        for count in (1..70).chain([1000, 1023, 1024, 1025, 65_536, 100_003]) {
            for seed in 0..3 {
                let shuffle = Shuffle::new(seed, 9, count);
                let mut hit = vec![false; count as usize];
                for number in 0..count {
                    assert!(!std::mem::replace(&mut hit[shuffle.of(number) as usize], true));
                }
            }
        }
    }

    #[test]
    fn order_is_lost() {
        let count = 1 << 16;
        let shuffle = Shuffle::new(1, 9, count);
        let mean = f64::from(count - 1) / 2.0;
        let covariance: f64 =
            (0..count).map(|n| (f64::from(n) - mean) * (f64::from(shuffle.of(n)) - mean)).sum();
        let variance: f64 = (0..count).map(|n| (f64::from(n) - mean).powi(2)).sum();
        assert!((covariance / variance).abs() < 0.02, "{}", covariance / variance);
        // Numbers with few bits set are the hubs of an R-MAT graph: they must not stay together.
        let low = (0..16).filter(|bit| shuffle.of(1 << bit) < count / 2).count();
        assert!((3..=13).contains(&low), "{low} of 16");
    }

    #[test]
    fn the_largest_count_has_no_overflow() {
        let shuffle = Shuffle::new(1, 9, u32::MAX);
        assert!(shuffle.of(u32::MAX - 1) < u32::MAX);
        assert_eq!(Shuffle::new(1, 9, 1).of(0), 0);
    }
}
