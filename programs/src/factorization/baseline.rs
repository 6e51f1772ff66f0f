//! Mean and biases: a rating is the overall mean plus how generous the user is plus how liked the item is.
//!
//! `mu + b_u + b_i` with ridge penalties, `min sum (r - mu - b_u - b_i)^2 + d_u sum b_u^2 + d_i sum b_i^2`, solved by
//! alternating exact steps: each bias is its mean residual, damped towards 0 as if the row had that many more ratings
//! with residual 0. The first round is the "damped means" of Koren (2010, "Factor in the neighbors", ACM TKDD 4(1),
//! section 2.1), further rounds converge to the least-squares biases of Koren (2009, "Matrix factorization techniques", eq. 3 and 4,
//! with no factors). It is what a factorization must beat, and what is answered for users and items that it never saw.

use gasworks_engine::input::Rating;
use rayon::prelude::*;

use super::metrics::{Prediction, Predictor, fixed_block_sum};
use super::rows::Rows;

/// How the biases are fitted. The defaults were chosen on validation splits of MovieLens ml-latest-small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BaselineSettings {
    /// Ratings of residual 0 that every user is given in addition; 0 or more. Default 5.
    pub user_damping: f64,
    /// The same for items; 0 or more. Default 3.
    pub item_damping: f64,
    /// Rounds of items, then users; the biases move by less than 0.001 after 10. Default 10.
    pub rounds: usize,
}

impl Default for BaselineSettings {
    fn default() -> Self {
        BaselineSettings { user_damping: 5.0, item_damping: 3.0, rounds: 10 }
    }
}

/// The fitted mean and biases.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Mean of the training ratings; 0 if there are none.
    pub mean: f32,
    /// One for each user; 0 for a user without training ratings.
    pub user_biases: Vec<f32>,
    /// One for each item; 0 for an item without training ratings.
    pub item_biases: Vec<f32>,
}

impl Baseline {
    /// That of a model without mean and biases.
    pub fn zero(users: usize, items: usize) -> Self {
        Baseline { mean: 0.0, user_biases: vec![0.0; users], item_biases: vec![0.0; items] }
    }

    /// Fits mean and biases to `ratings`. The same bits at every thread count.
    ///
    /// O(rounds * ratings), parallel over rows.
    ///
    /// # Panics
    /// If a rating's user is not below `users`, or its item not below `items`.
    ///
    /// ```
    /// use gasworks_engine::input::Rating;
    /// use gasworks_programs::factorization::{Baseline, BaselineSettings};
    ///
    /// let ratings = [Rating { user: 0, item: 0, value: 5.0 }, Rating { user: 1, item: 0, value: 3.0 }];
    /// let baseline = Baseline::fit(2, 1, &ratings, &BaselineSettings::default());
    /// assert_eq!(baseline.mean, 4.0);
    /// assert!(baseline.user_biases[0] > 0.0 && baseline.user_biases[1] < 0.0);
    /// ```
    pub fn fit(users: usize, items: usize, ratings: &[Rating], settings: &BaselineSettings) -> Self {
        let by_user = Rows::group(users, ratings, |rating| rating.user);
        let by_item = Rows::group(items, ratings, |rating| rating.item);
        let mean = match ratings.len() {
            0 => 0.0,
            count => fixed_block_sum(ratings, |rating| f64::from(rating.value)) / count as f64,
        };
        let mut user_biases = vec![0.0; users];
        let mut item_biases = vec![0.0; items];
        for _ in 0..settings.rounds {
            update(&mut item_biases, &by_item, settings.item_damping, |position| {
                let rating = &ratings[position];
                f64::from(rating.value) - mean - user_biases[rating.user as usize]
            });
            update(&mut user_biases, &by_user, settings.user_damping, |position| {
                let rating = &ratings[position];
                f64::from(rating.value) - mean - item_biases[rating.item as usize]
            });
        }
        let narrow = |biases: Vec<f64>| biases.into_iter().map(|bias| bias as f32).collect();
        Baseline { mean: mean as f32, user_biases: narrow(user_biases), item_biases: narrow(item_biases) }
    }

    /// `mu + b_u + b_i`; a user or item that is not known (`None`, or a number out of range) has bias 0.
    pub fn value(&self, user: Option<u32>, item: Option<u32>) -> f32 {
        let bias = |biases: &[f32], row: Option<u32>| {
            row.and_then(|row| biases.get(row as usize).copied()).unwrap_or(0.0)
        };
        self.mean + bias(&self.user_biases, user) + bias(&self.item_biases, item)
    }
}

/// Each bias becomes the damped mean of its row's residuals.
fn update(biases: &mut [f64], rows: &Rows, damping: f64, residual: impl Fn(usize) -> f64 + Sync) {
    biases.par_iter_mut().enumerate().for_each(|(row, bias)| {
        let positions = rows.row(row);
        if !positions.is_empty() {
            let sum: f64 = positions.iter().map(|&position| residual(position as usize)).sum();
            *bias = sum / (positions.len() as f64 + damping);
        }
    });
}

impl Predictor for Baseline {
    fn predict(&self, user: u32, item: u32) -> Prediction {
        let known = (user as usize) < self.user_biases.len() && (item as usize) < self.item_biases.len();
        Prediction { value: self.value(Some(user), Some(item)), fallback: !known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::metrics::rmse_mae;
    use crate::factorization::testing::additive;

    #[test]
    fn undamped_biases_recover_an_additive_table() {
        let ratings = additive(8, 6);
        let settings = BaselineSettings { user_damping: 0.0, item_damping: 0.0, rounds: 50 };
        let baseline = Baseline::fit(8, 6, &ratings, &settings);
        let errors = rmse_mae(&baseline, &ratings, None).unwrap();
        assert!(errors.rmse < 1e-6 && errors.mae < 1e-6, "{errors:?}");
    }

    #[test]
    fn damping_pulls_towards_the_mean_and_absent_rows_stay_zero() {
        let ratings = additive(8, 6);
        let free =
            Baseline::fit(9, 7, &ratings, &BaselineSettings { user_damping: 0.0, ..Default::default() });
        let damped =
            Baseline::fit(9, 7, &ratings, &BaselineSettings { user_damping: 50.0, ..Default::default() });
        assert!(damped.user_biases[7].abs() < free.user_biases[7].abs());
        assert_eq!((damped.user_biases[8], damped.item_biases[6]), (0.0, 0.0));
        assert_eq!(damped.value(None, Some(99)), damped.mean);
        assert!(damped.predict(99, 0).fallback && !damped.predict(0, 0).fallback);
    }

    #[test]
    fn no_ratings_give_zeros_not_nan() {
        let baseline = Baseline::fit(2, 2, &[], &BaselineSettings::default());
        assert_eq!(baseline.value(Some(0), Some(0)), 0.0);
    }

    #[test]
    fn every_thread_count_gives_the_same_bits() {
        let ratings = additive(200, 90);
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Baseline::fit(200, 90, &ratings, &BaselineSettings::default()))
        };
        assert_eq!(fit(1), fit(7));
    }
}
