//! What a factorization of implicit feedback minimizes (Hu, Koren, Volinsky 2008, equation 3), exactly.
//!
//! `L = sum over all pairs of c (p - x.y)^2 + lambda (sum of n |x|^2 + sum of n |y|^2)`, where a pair with a rating has preference p = 1 and
//! confidence c = 1 + alpha rating, and any other p = 0 and c = 1. Nearly all pairs are of the other kind, which need no loop:
//! `O(ratings * rank + (users + items) * rank^2)`, in `f64`.

use super::all_pairs::{gram, over_all_pairs};
use super::settings::Regularization;
use super::training::RatingList;

/// The objective of implicit feedback.
///
/// ```
/// use gasworks_engine::input::Rating;
/// use gasworks_programs::factorization::{ImplicitLoss, Regularization};
///
/// let loss = ImplicitLoss { alpha: 2.0, lambda: 0.5, regularization: Regularization::Plain };
/// let ratings = [Rating { user: 0, item: 1, value: 3.0 }];
/// // One user, two items, rank 1: 0^2 and 7 (1 - 0.5)^2, and 0.5 (1 + 0 + 0.25).
/// let (users, items) = ([1.0], [0.0, 0.5]);
/// let found = loss.of(1, (1, |user| &users[user..][..1]), (2, |item| &items[item..][..1]), &ratings);
/// assert_eq!(found, 1.75 + 0.625);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImplicitLoss {
    /// What a rating adds to its confidence, times itself.
    pub alpha: f32,
    /// Penalty on the squared length of a row.
    pub lambda: f32,
    /// What multiplies lambda.
    pub regularization: Regularization,
}

impl ImplicitLoss {
    /// The loss of rows of `rank` factors: so many users and items, and the row of each. Ratings are distinct pairs. Parallel.
    pub fn of<'a, R: RatingList + ?Sized>(
        &self,
        rank: usize,
        (users, user): (usize, impl Fn(usize) -> &'a [f32] + Sync),
        (items, item): (usize, impl Fn(usize) -> &'a [f32] + Sync),
        ratings: &R,
    ) -> f64 {
        let mut counts = (vec![0_u32; users], vec![0_u32; items]);
        for rating in ratings.all() {
            counts.0[rating.user as usize] += 1;
            counts.1[rating.item as usize] += 1;
        }
        let times = |count: u32| match self.regularization {
            Regularization::Weighted => f64::from(count),
            Regularization::Plain => 1.0,
        };
        let (left, left_length) = gram(rank, users, &user, |user| times(counts.0[user]));
        let (right, right_length) = gram(rank, items, &item, |item| times(counts.1[item]));
        let errors = over_all_pairs((left, right), (user, item), ratings, |rating, product| {
            (1.0 + f64::from(self.alpha) * rating) * (1.0 - product).powi(2)
        });
        errors + f64::from(self.lambda) * (left_length + right_length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::initial_factors;
    use gasworks_engine::input::Rating;

    #[test]
    fn it_is_the_sum_over_all_pairs_on_all_threads() {
        let (users, items, rank) = (57, 31, 5);
        let (left, right) = (initial_factors(users, rank, 1.0, 1), initial_factors(items, rank, 2.0, 2));
        let pairs = (0..users as u32).flat_map(|user| (0..items as u32).map(move |item| (user, item)));
        let kept = pairs.filter(|(user, item)| (user * 5 + item * 3) % 7 == 0);
        let ratings: Vec<Rating> =
            kept.map(|(user, item)| Rating { user, item, value: ((user + item) % 4) as f32 }).collect();
        for regularization in [Regularization::Plain, Regularization::Weighted] {
            let loss = ImplicitLoss { alpha: 1.5, lambda: 0.3, regularization };
            let row = |factors: &'static [f32]| move |at: usize| &factors[at * rank..][..rank];
            let (left, right): (&'static [f32], &'static [f32]) = (left.clone().leak(), right.clone().leak());
            let found = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| loss.of(rank, (users, row(left)), (items, row(right)), &ratings))
            };
            let mut expected = 0.0;
            let mut counts = (vec![0.0; users], vec![0.0; items]);
            for user in 0..users {
                for item in 0..items {
                    let product: f64 = (0..rank)
                        .map(|k| f64::from(left[user * rank + k]) * f64::from(right[item * rank + k]))
                        .sum();
                    let of = |rating: &&Rating| (rating.user as usize, rating.item as usize) == (user, item);
                    expected += match ratings.iter().find(of) {
                        Some(rating) => {
                            counts.0[user] += 1.0;
                            counts.1[item] += 1.0;
                            (1.0 + 1.5 * f64::from(rating.value)) * (1.0 - product).powi(2)
                        }
                        None => product.powi(2),
                    };
                }
            }
            for (factors, counts) in [(left, &counts.0), (right, &counts.1)] {
                for (row, count) in factors.chunks(rank).zip(counts) {
                    let times = if regularization == Regularization::Weighted { *count } else { 1.0 };
                    let lambda = f64::from(0.3_f32);
                    expected += lambda * times * row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
                }
            }
            assert!((found(1) - expected).abs() < 1e-9 * expected, "{} {expected}", found(1));
            assert_eq!(found(1).to_bits(), found(4).to_bits());
        }
    }
}
