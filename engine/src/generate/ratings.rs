//! Ratings with the shape of MovieLens: some users rate a lot, some items are rated a lot, and behind the values there are
//! factors to be found.
//!
//! User `u` gives item `i` the value `3.5 + bias(u) + bias(i) + p(u)·q(i) + noise`, rounded to halves from 0.5 to 5: a low-rank
//! model with biases (Koren, Bell, Volinsky 2009, "Matrix factorization techniques for recommender systems"). Activity is
//! lognormal, popularity a shifted Zipf law. A factorization of the right rank should come near `noise` on held-out ratings.

use rayon::prelude::*;

use super::popularity::{Popularity, Scratch};
use super::shuffle::Shuffle;
use super::{GenerateError, require, stream, zeroed};
use crate::Random;
use crate::graph::Ids;
use crate::input::{Rating, Ratings};

/// Parameters of [`ratings`]; the defaults are the size of MovieLens 20M.
#[derive(Clone, Debug, PartialEq)]
pub struct RatingsShape {
    /// Users; where `count` is small, some have no rating. Default [`RatingsShape::USERS`].
    pub users: u32,
    /// Items; the least popular may have no rating. Default [`RatingsShape::ITEMS`].
    pub items: u32,
    /// Ratings, each of another (user, item). Default [`RatingsShape::COUNT`].
    pub count: u64,
    /// Factors behind the values; 0 leaves the biases. Default [`RatingsShape::RANK`].
    pub rank: u32,
    /// Standard deviation of what no model can explain, in stars, before rounding. Default [`RatingsShape::NOISE`].
    pub noise: f32,
    /// Decides the ratings. Default 0.
    pub seed: u64,
}

impl RatingsShape {
    /// The users of MovieLens 20M.
    pub const USERS: u32 = 138_493;
    /// The rated movies of MovieLens 20M.
    pub const ITEMS: u32 = 26_744;
    /// 20 million.
    pub const COUNT: u64 = 20_000_000;
    /// Factors.
    pub const RANK: u32 = 20;
    /// Stars.
    pub const NOISE: f32 = 0.7;

    fn check(&self) -> Result<(), GenerateError> {
        let &RatingsShape { users, items, count, noise, .. } = self;
        let most = u64::from(users) * u64::from(items);
        require(count <= most, "count", count, format!("at most users times items, {most}"))?;
        require(noise.is_finite() && noise >= 0.0, "noise", noise, "a finite number, 0 or more")
    }
}

impl Default for RatingsShape {
    fn default() -> Self {
        RatingsShape {
            users: Self::USERS,
            items: Self::ITEMS,
            count: Self::COUNT,
            rank: Self::RANK,
            noise: Self::NOISE,
            seed: 0,
        }
    }
}

/// Mean and deviation of the logarithm of a user's activity, and the least activity.
const ACTIVITY: [f64; 2] = [4.2, 1.1];
const LEAST_ACTIVITY: f64 = 20.0;
const MEAN: f32 = 3.5;
/// Standard deviations, in stars, of the biases and of the product of the factors.
const USER_BIAS: f32 = 0.4;
const ITEM_BIAS: f32 = 0.45;
const PRODUCT: f32 = 0.5;
/// Users whose ratings one task draws.
const BLOCK: usize = 64;

/// Draws ratings, sorted by user and item; ids are numbers from 0.
///
/// Time is linear in `count * rank`; memory is 12 bytes a rating and 4 for each of the items' factors.
///
/// ```
/// use gasworks_engine::generate::{RatingsShape, ratings};
/// let shape = RatingsShape { users: 100, items: 50, count: 2000, ..RatingsShape::default() };
/// let ratings = ratings(&shape)?;
/// assert_eq!(ratings.entries.len(), 2000);
/// # Ok::<(), gasworks_engine::generate::GenerateError>(())
/// ```
///
/// # Errors
/// If a parameter is out of its range, or the ratings do not fit into memory.
pub fn ratings(shape: &RatingsShape) -> Result<Ratings, GenerateError> {
    shape.check()?;
    let &RatingsShape { users, items, seed, .. } = shape;
    let mut entries: Vec<Rating> = zeroed(shape.count, "ratings")?;

    let activity = |user: u32| {
        let [mean, deviation] = ACTIVITY;
        let normal = Random::keyed(seed, stream(b"activity"), 0, user.into()).normal();
        (mean + deviation * normal).exp().max(LEAST_ACTIVITY)
    };
    let activities: Vec<f64> = (0..users).into_par_iter().map(activity).collect();
    let popularity = Popularity::new(items);
    let lengths = popularity.list_lengths(&activities, shape.count);
    let shuffle = Shuffle::new(seed, stream(b"item ids"), items);
    let opinions = Opinions::new(shape)?;

    let mut blocks = Vec::with_capacity(lengths.len().div_ceil(BLOCK));
    let mut rest = entries.as_mut_slice();
    for (first, lengths) in (0..users).step_by(BLOCK).zip(lengths.chunks(BLOCK)) {
        let total = lengths.iter().map(|length| *length as usize).sum();
        let (block, after) = rest.split_at_mut(total);
        rest = after;
        blocks.push((first, lengths, block));
    }
    blocks.into_par_iter().for_each_init(
        || (Scratch::default(), Vec::new()),
        |(scratch, list), (first, lengths, mut block)| {
            for (user, length) in (first..).zip(lengths) {
                let mut random = Random::keyed(seed, stream(b"usr list"), 0, user.into());
                popularity.draw_list(*length as usize, &mut random, scratch, list);
                list.iter_mut().for_each(|item| *item = shuffle.of(*item));
                list.sort_unstable();
                let entries = block.split_off_mut(..list.len()).expect("blocks are as long as their lists");
                opinions.rate(user, list, &mut random, entries);
            }
        },
    );
    Ok(Ratings { users: Ids::range(users), items: Ids::range(items), entries })
}

/// What users think of items.
struct Opinions {
    rank: usize,
    noise: f32,
    seed: u64,
    biases: Vec<f32>,
    /// One row an item.
    factors: Vec<f32>,
}

impl Opinions {
    fn new(shape: &RatingsShape) -> Result<Self, GenerateError> {
        let &RatingsShape { items, noise, seed, .. } = shape;
        let rank = shape.rank as usize;
        let mut biases: Vec<f32> = zeroed(items.into(), "items")?;
        let mut factors: Vec<f32> = zeroed(u64::from(items) * u64::from(shape.rank), "factors")?;
        let draw = |(item, (bias, row)): (usize, (&mut f32, &mut [f32]))| {
            let mut random = Random::keyed(seed, stream(b"item row"), 0, item as u64);
            *bias = ITEM_BIAS * random.normal() as f32;
            row.iter_mut().for_each(|factor| *factor = random.normal() as f32);
        };
        if rank == 0 {
            biases.par_iter_mut().enumerate().for_each(|(item, bias)| draw((item, (bias, &mut []))));
        } else {
            biases.par_iter_mut().zip(factors.par_chunks_mut(rank)).enumerate().for_each(draw);
        }
        Ok(Opinions { rank, noise, seed, biases, factors })
    }

    /// The values that `user` gives to `items`.
    fn rate(&self, user: u32, items: &[u32], random: &mut Random, entries: &mut [Rating]) {
        let mut own = Random::keyed(self.seed, stream(b"user row"), 0, user.into());
        let base = MEAN + USER_BIAS * own.normal() as f32;
        let scale = PRODUCT / (self.rank.max(1) as f32).sqrt();
        let row: Vec<f32> = (0..self.rank).map(|_| scale * own.normal() as f32).collect();
        for (entry, &item) in entries.iter_mut().zip(items) {
            let start = item as usize * self.rank;
            let product = dot(&row, &self.factors[start..start + self.rank]);
            let noise = self.noise * random.normal() as f32;
            let value = base + self.biases[item as usize] + product + noise;
            *entry = Rating { user, item, value: ((value * 2.0).round() / 2.0).clamp(0.5, 5.0) };
        }
    }
}

/// In four fixed lanes, so that one addition need not wait for the other.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<4>();
    let (b, b_rest) = b.as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..4 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::super::tests::at_every_thread_count;
    use super::*;

    fn small() -> RatingsShape {
        RatingsShape { users: 2_000, items: 800, count: 100_000, ..RatingsShape::default() }
    }

    fn degrees(count: usize, vertex: impl Fn(&Rating) -> u32, ratings: &Ratings) -> Vec<u32> {
        let mut degrees = vec![0; count];
        for rating in &ratings.entries {
            degrees[vertex(rating) as usize] += 1;
        }
        degrees.sort_unstable();
        degrees
    }

    fn moments(ratings: &Ratings) -> [f64; 2] {
        let n = ratings.entries.len() as f64;
        let mean = ratings.entries.iter().map(|rating| f64::from(rating.value)).sum::<f64>() / n;
        let square =
            ratings.entries.iter().map(|rating| (f64::from(rating.value) - mean).powi(2)).sum::<f64>() / n;
        [mean, square.sqrt()]
    }

    #[test]
    fn threads_do_not_change_the_ratings() {
        at_every_thread_count(|| ratings(&small()).unwrap());
    }

    #[test]
    fn another_seed_gives_other_ratings() {
        assert_ne!(ratings(&small()).unwrap(), ratings(&RatingsShape { seed: 1, ..small() }).unwrap());
    }

    #[test]
    fn entries_are_sorted_distinct_and_as_many_as_asked_for() {
        let full = RatingsShape { users: 40, items: 30, count: 1200, ..small() };
        let dense = RatingsShape { count: 1100, ..full.clone() };
        let sparse = RatingsShape { count: 7, ..full.clone() };
        for shape in [small(), full, dense, sparse] {
            let ratings = ratings(&shape).unwrap();
            assert_eq!(ratings.entries.len() as u64, shape.count);
            assert!(ratings.entries.is_sorted_by(|a, b| (a.user, a.item) < (b.user, b.item)));
            assert!(ratings.entries.iter().all(|r| r.user < shape.users && r.item < shape.items));
        }
    }

    #[test]
    fn values_are_half_stars_around_the_mean_of_the_model() {
        let ratings = ratings(&small()).unwrap();
        let half_star = |value: f32| (0.5..=5.0).contains(&value) && (value * 2.0).fract() == 0.0;
        assert!(ratings.entries.iter().all(|rating| half_star(rating.value)));
        let [mean, deviation] = moments(&ratings);
        // sqrt(0.4² + 0.45² + 0.5² + 0.7²) is 1.05; cutting at 5 takes some away. NumPy's draws of this model give 3.47 and 0.985.
        assert!((mean - 3.47).abs() < 0.05, "{mean}");
        assert!((deviation - 0.985).abs() < 0.03, "{deviation}");
    }

    #[test]
    fn without_noise_or_factors_the_biases_remain() {
        let [_, deviation] = moments(&ratings(&RatingsShape { noise: 0.0, rank: 0, ..small() }).unwrap());
        assert!((deviation - 0.62).abs() < 0.05, "{deviation}");
    }

    /// Percentiles 10, 50, 90, 99 of the degrees that another implementation of the same model (drawing pairs, dropping those that
    /// repeat, thinning) had at this size.
    #[test]
    fn degrees_have_the_shape_of_the_model() {
        let shape = RatingsShape { users: 20_000, items: 8_000, count: 2_000_000, rank: 2, ..small() };
        let ratings = ratings(&shape).unwrap();
        let users = degrees(20_000, |rating| rating.user, &ratings);
        let items = degrees(8_000, |rating| rating.item, &ratings);
        let cases = [(users, [19, 61, 220, 589]), (items, [44, 87, 497, 3148])];
        for (degrees, expected) in cases {
            for (percent, expected) in [10, 50, 90, 99].into_iter().zip(expected) {
                let got = degrees[degrees.len() * percent / 100];
                assert!(
                    (f64::from(got) / f64::from(expected)).ln().abs() < 0.2,
                    "{percent}: {got} {expected}"
                );
            }
        }
    }

    #[test]
    fn nothing_of_nothing() {
        let none = RatingsShape { users: 0, items: 0, count: 0, ..small() };
        assert!(ratings(&none).unwrap().entries.is_empty());
        let unrated = ratings(&RatingsShape { count: 0, ..small() }).unwrap();
        assert_eq!((unrated.users.len(), unrated.entries.len()), (2_000, 0));
    }

    #[test]
    fn senseless_parameters_are_refused() {
        let message = |shape| ratings(&shape).unwrap_err().to_string();
        assert_eq!(
            message(RatingsShape { users: 10, items: 10, count: 101, ..small() }),
            "count is 101, expected at most users times items, 100"
        );
        let noise = |noise| message(RatingsShape { noise, ..small() });
        assert_eq!(noise(-1.0), "noise is -1, expected a finite number, 0 or more");
        assert_eq!(noise(f32::NAN), "noise is NaN, expected a finite number, 0 or more");
        let endless = RatingsShape { users: u32::MAX, items: u32::MAX, count: u64::MAX >> 1, ..small() };
        assert!(message(endless).contains("ratings need"));
    }
}
