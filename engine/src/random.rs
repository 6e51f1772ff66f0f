//! Random numbers keyed by what they are for, never by thread or clock.
//!
//! SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", section 4), started from a hash of
//! (seed, stream, round, item): the same key gives the same numbers on every machine and at every thread count.

use std::convert::Infallible;

/// A stream of random numbers. Also a [`rand::Rng`], so every distribution of `rand` works on it.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of a key: the run's `seed`, a number that names the `stream` (which program, which purpose), the `round` or
    /// visit, and the `item` (a vertex or block in load order).
    #[inline]
    pub fn keyed(seed: u64, stream: u64, round: u64, item: u64) -> Self {
        let mut state = mix(seed.wrapping_add(GOLDEN));
        for part in [stream, round, item] {
            state = mix(state ^ part.wrapping_mul(GOLDEN).wrapping_add(GOLDEN));
        }
        Random { state }
    }

    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Uniform in `[0, 1)`, 53 bits.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in `0..bound`, by multiplication (Lemire 2019); the bias is below `bound / 2^64`.
    ///
    /// # Panics
    /// If `bound` is 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "no number is below 0");
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Normal with mean 0 and variance 1 (Box and Muller 1958).
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

impl rand::TryRng for Random {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_u64() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_decides_the_stream() {
        let draw = |seed, round, item| Random::keyed(seed, 1, round, item).next_u64();
        assert_eq!(draw(0, 0, 0), draw(0, 0, 0));
        let all = [draw(0, 0, 0), draw(1, 0, 0), draw(0, 1, 0), draw(0, 0, 1), draw(1, 1, 1)];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b));
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let n = 200_000;
        let (mut uniform, mut normal, mut square) = (0.0, 0.0, 0.0);
        for item in 0..n {
            let mut random = Random::keyed(7, 2, 3, item);
            uniform += random.uniform();
            let z = random.normal();
            normal += z;
            square += z * z;
        }
        let n = n as f64;
        assert!((uniform / n - 0.5).abs() < 0.003);
        assert!((normal / n).abs() < 0.01);
        assert!((square / n - 1.0).abs() < 0.02);
    }
}
