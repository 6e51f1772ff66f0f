//! Where the iteration starts: small random factors, keyed by row.
//!
//! Every entry is normal with mean 0 and standard deviation `scale / sqrt(rank)`, so that a row has an expected length of about `scale` at
//! every rank. Alternating least squares solves one side exactly in its first half step, so only the item side needs a start, and
//! its scale matters little; a start at zero is a saddle point that the iteration never leaves. Zhou et al. (2008,
//! section 3.1) put the item's mean rating into the first column: on centered ratings that column is zero, so it is left out here.

use gasworks_engine::Random;
use rayon::prelude::*;

/// The scale that alternating least squares starts from.
pub const INITIAL_SCALE: f32 = 0.1;

/// The random stream of this file.
const STREAM: u64 = 0x0069_6e69_7469_616c;

/// `rows * rank` normal numbers with standard deviation `scale / sqrt(rank)`, row-major. A row depends on `seed` and its number alone, and on
/// no thread count.
///
/// ```
/// use gasworks_programs::factorization::initial_factors;
///
/// let factors = initial_factors(100, 16, 0.1, 7);
/// assert_eq!(factors.len(), 1600);
/// assert_eq!(factors[16..32], initial_factors(2, 16, 0.1, 7)[16..]);
/// ```
pub fn initial_factors(rows: usize, rank: usize, scale: f32, seed: u64) -> Vec<f32> {
    let deviation = f64::from(scale) / (rank.max(1) as f64).sqrt();
    let mut factors = vec![0.0; rows * rank];
    factors.par_chunks_mut(rank.max(1)).enumerate().for_each(|(row, factors)| {
        let mut random = Random::keyed(seed, STREAM, 0, row as u64);
        factors.iter_mut().for_each(|factor| *factor = (random.normal() * deviation) as f32);
    });
    factors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_asked_length_at_every_rank() {
        for rank in [1, 8, 128] {
            let factors = initial_factors(4000, rank, 0.5, 3);
            let square = factors.iter().map(|&factor| f64::from(factor * factor)).sum::<f64>() / 4000.0;
            assert!((square.sqrt() - 0.5).abs() < 0.02, "{rank}: {square}");
        }
    }

    #[test]
    fn seeds_differ_and_rank_zero_is_empty() {
        assert_ne!(initial_factors(3, 2, 1.0, 0), initial_factors(3, 2, 1.0, 1));
        assert!(initial_factors(3, 0, 1.0, 0).is_empty());
    }
}
