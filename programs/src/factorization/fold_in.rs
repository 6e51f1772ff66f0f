//! Rows for users and items that came after training, solved from their ratings; and where a prediction comes from.
//!
//! One half of a sweep of alternating least squares holds the item factors `Y` fixed and solves for each user by itself, so a new user costs one solve:
//!
//! ```text
//! x = A^-1 sum_j t_j y_j      A = sum_j w_j y_j y_j^T + ridge I    over the user's ratings j
//! ```
//!
//! | feedback | `w` | `t` | `A` in addition |
//! |---|---|---|---|
//! | ratings | 1 | rating less the offset | |
//! | implicit (Hu, Koren, Volinsky 2008, section 4) | alpha r | 1 + alpha r | `Y^T Y` over all items |
//! | `nmf`, pairs without a rating being 0 | 0 | r | `Y^T Y` over all items |
//!
//! The ridge is lambda, times the number of ratings where regularization is weighted; implicit preference is 1 for every pair that has a rating
//! `r`, and 0 for all others. The user's bias is the damped mean of what mean and item biases leave over, as in the last step of
//! [`Baseline`](super::Baseline). Items are folded in likewise, users and items exchanged. This is what training would find for the new row if
//! nobody else's moved; a model of `sgd` or `svdpp` gets the row that its item factors ask for, which is not where its own steps would have ended; of `svdpp`, it
//! stands for both parts of a user, and needs no `y`. Rows are solved for without regard to sign, also where training asked
//! for factors that are not negative. A model of `bpr` gets the row whose scores are nearest to 1 for what was chosen and to 0 for all else:
//! `alpha` is 0, so how an item was rated counts for nothing.
//!
//! `x` is linear in `t`, so the predicted value of an item `i` is a sum over the user's own ratings, in which rating `j` has the part
//! `t_j (y_i^T A^-1 y_j)` (Hu, Koren, Volinsky 2008, section 5). That is an exact account of the row solved here. A trained model's own row was solved
//! before the last change of the item factors, so its predictions differ a little; they meet as training converges.

use gasworks_engine::input::Rating;

use super::baseline::BaselineSettings;
use super::cholesky::{Cholesky, dot};
use super::error::FactorizationError;
use super::metrics::Prediction;
use super::model::{Factorization, UNKNOWN};
use super::recommend::{Ranker, RecommendSettings, Recommendations, Taste};
use super::settings::{Offset, Regularization};

/// A row that was solved from ratings, against fixed factors of the other side.
#[derive(Clone, Debug, PartialEq)]
struct Folded {
    factors: Vec<f32>,
    bias: f32,
    /// Users or items of the other side, ascending.
    neighbors: Vec<u32>,
    /// One for each neighbor.
    values: Vec<f32>,
    /// `t`, one for each neighbor.
    targets: Vec<f64>,
    system: Cholesky,
    ignored: usize,
}

/// A user who was folded in: made by [`Factorization::fold_in_user`] or [`Factorization::refit_user`], and used with the model that made it:
/// what others say of it means nothing, and may be a panic.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldedUser(Folded);

/// An item that was folded in: made by [`Factorization::fold_in_item`], and used with the model that made it: what others say
/// of it means nothing, and may be a panic.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldedItem(Folded);

macro_rules! accessors {
    ($folded:ty, $neighbors:literal) => {
        impl $folded {
            /// A row of `rank`; zeros where no rating could be used.
            pub fn factors(&self) -> &[f32] {
                &self.0.factors
            }

            /// How far from the mean of all ratings it is by itself.
            pub fn bias(&self) -> f32 {
                self.0.bias
            }

            #[doc = concat!("The ", $neighbors, " of the ratings that were used, ascending.")]
            pub fn rated(&self) -> &[u32] {
                &self.0.neighbors
            }

            #[doc = concat!("How many ratings were not used, since training had no rating of their ", $neighbors, ".")]
            pub fn ignored(&self) -> usize {
                self.0.ignored
            }
        }
    };
}
accessors!(FoldedUser, "items");
accessors!(FoldedItem, "users");

/// Where a prediction comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What is predicted before any single rating is looked at: the mean and biases that the model adds; 0 for implicit feedback.
    pub offset: f32,
    /// What each of the user's ratings adds, greatest first; those of equal parts by item.
    pub contributions: Vec<Contribution>,
}

/// The part of one rating in a prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// What the user rated.
    pub item: u32,
    /// How.
    pub rating: f32,
    /// What it adds to the prediction, in units of the prediction; may be negative.
    pub amount: f32,
}

impl Explanation {
    /// The prediction: the offset and all contributions.
    pub fn predicted(&self) -> f32 {
        let sum: f64 = self.contributions.iter().map(|contribution| f64::from(contribution.amount)).sum();
        (f64::from(self.offset) + sum) as f32
    }
}

/// What is fixed while a row is solved, and what is known of it.
struct Others<'m> {
    /// Rows of the other side.
    factors: &'m [f32],
    biases: &'m [f32],
    damping: f64,
}

impl Factorization {
    /// Solves for a user whom training did not see, or whose ratings changed.
    ///
    /// `ratings` name items in this model's numbers ([`renumber`](Factorization::renumber)); their user does not matter. Items without training
    /// ratings, [`UNKNOWN`] among them, are left out and counted; of several ratings of an item the last counts. `damping` is how the
    /// baseline of the model was fitted. O(ratings * rank^2 + rank^3), where every pair counts O(items * rank^2).
    ///
    /// # Errors
    /// If a rating is not finite, or negative where every pair counts (implicit feedback, `nmf`).
    ///
    /// ```
    /// # use gasworks_engine::{graph::Ids, input::Rating};
    /// # use gasworks_programs::factorization::*;
    /// # let rating = |user, item, value| Rating { user, item, value };
    /// # let train = [rating(0, 0, 5.0), rating(0, 1, 1.0), rating(1, 0, 4.0), rating(1, 2, 3.0)];
    /// # let baseline = Baseline::fit(2, 3, &train, &BaselineSettings::default());
    /// # let settings = Settings { rank: 1, ..Default::default() };
    /// # let ids = (Ids::range(2), Ids::range(3));
    /// # let model = Factorization::new(ids, &train, baseline, (vec![0.5; 2], vec![0.9, -0.7, 0.8]), settings)?;
    /// let new = [Rating { user: UNKNOWN, item: 0, value: 5.0 }, Rating { user: UNKNOWN, item: 1, value: 2.0 }];
    /// let user = model.fold_in_user(&new, &BaselineSettings::default())?;
    /// let list = model.recommend_folded(&user, &RecommendSettings::default());
    /// assert_eq!((list.basis, list.items[0].item), (Basis::Factors, 2));
    /// # Ok::<(), FactorizationError>(())
    /// ```
    pub fn fold_in_user(
        &self,
        ratings: &[Rating],
        damping: &BaselineSettings,
    ) -> Result<FoldedUser, FactorizationError> {
        let others = self.items_as_others(damping.user_damping);
        let ratings = ratings.iter().map(|rating| (rating.item, rating.value)).collect();
        Ok(FoldedUser(self.fold(others, ratings, |item| self.knows_item(item), None)?))
    }

    /// Solves once more for a user of the training ratings, from those ratings and with the bias that training found; nothing, if the
    /// user has none, or the model does not keep their values ([`keeps_ratings`](Factorization::keeps_ratings)).
    ///
    /// The row is that of the next half sweep. O(ratings * rank^2 + rank^3), where every pair counts O(items * rank^2).
    pub fn refit_user(&self, user: u32) -> Option<FoldedUser> {
        let ratings = self.training_ratings(user).filter(|ratings| !ratings.is_empty())?;
        let ratings = ratings.iter().map(|rating| (rating.item, rating.value)).collect();
        let bias = self.baseline.user_biases[user as usize];
        let others = self.items_as_others(0.0);
        let folded = self.fold(others, ratings, |item| self.knows_item(item), Some(bias));
        Some(FoldedUser(folded.ok()?))
    }

    /// Solves for an item that training did not see, or whose ratings changed: [`fold_in_user`](Factorization::fold_in_user), users and items
    /// exchanged.
    ///
    /// # Errors
    /// If a rating is not finite, or negative where every pair counts (implicit feedback, `nmf`).
    pub fn fold_in_item(
        &self,
        ratings: &[Rating],
        damping: &BaselineSettings,
    ) -> Result<FoldedItem, FactorizationError> {
        let others = Others {
            factors: &self.user_factors,
            biases: &self.baseline.user_biases,
            damping: damping.item_damping,
        };
        let ratings = ratings.iter().map(|rating| (rating.user, rating.value)).collect();
        Ok(FoldedItem(self.fold(others, ratings, |user| !self.seen(user).is_empty(), None)?))
    }

    fn items_as_others(&self, damping: f64) -> Others<'_> {
        Others { factors: &self.item_factors, biases: &self.baseline.item_biases, damping }
    }

    fn fold(
        &self,
        others: Others<'_>,
        mut ratings: Vec<(u32, f32)>,
        is_known: impl Fn(u32) -> bool,
        bias: Option<f32>,
    ) -> Result<Folded, FactorizationError> {
        let (rank, settings) = (self.rank(), &self.settings);
        let is_table = settings.counts_all_pairs();
        let least = if is_table { 0.0 } else { f32::NEG_INFINITY };
        if let Some((_, value)) = ratings.iter().find(|(_, value)| !value.is_finite() || *value < least) {
            return Err(FactorizationError::Argument {
                name: "ratings to fold in",
                expected: if is_table { "finite numbers, 0 or more" } else { "finite numbers" }.into(),
                got: value.to_string(),
                advice: "leave out what is not known",
            });
        }
        let given = ratings.len();
        ratings.retain(|(neighbor, _)| is_known(*neighbor));
        let ignored = given - ratings.len();
        // The sort is stable: after it the last of equals is the last that was given.
        ratings.sort_by_key(|(neighbor, _)| *neighbor);
        ratings.reverse();
        ratings.dedup_by_key(|(neighbor, _)| *neighbor);
        ratings.reverse();

        let mean = f64::from(self.baseline.mean);
        let beyond = |&(neighbor, value): &(u32, f32)| {
            f64::from(value) - mean - f64::from(others.biases[neighbor as usize])
        };
        let bias = bias.unwrap_or_else(|| match ratings.len() {
            0 => 0.0,
            count => (ratings.iter().map(beyond).sum::<f64>() / (count as f64 + others.damping)) as f32,
        });
        let weight_and_target = |rating: &(u32, f32)| match settings.alpha {
            Some(alpha) => {
                let more = f64::from(alpha) * f64::from(rating.1);
                (more, 1.0 + more)
            }
            // It weighs 1 as every pair does.
            None if is_table => (0.0, f64::from(rating.1)),
            None => match settings.offset {
                Offset::None => (1.0, f64::from(rating.1)),
                Offset::Mean => (1.0, f64::from(rating.1) - mean),
                Offset::Biases => (1.0, beyond(rating) - f64::from(bias)),
            },
        };

        let mut matrix = vec![0.0; rank * rank];
        let mut wide = vec![0.0; rank];
        if is_table {
            others
                .factors
                .chunks_exact(rank)
                .for_each(|row| add_outer(&mut matrix, widen(row, &mut wide), 1.0));
        }
        let (mut right, mut targets) = (vec![0.0; rank], Vec::with_capacity(ratings.len()));
        for rating in &ratings {
            let (weight, target) = weight_and_target(rating);
            let row = widen(&others.factors[rating.0 as usize * rank..][..rank], &mut wide);
            add_outer(&mut matrix, row, weight);
            right.iter_mut().zip(row).for_each(|(right, factor)| *right += target * factor);
            targets.push(target);
        }
        let count = match settings.regularization {
            Regularization::Weighted => ratings.len() as f64,
            Regularization::Plain => 1.0,
        };
        let system = Cholesky::new(rank, &matrix, f64::from(settings.lambda) * count);
        system.solve(&mut right);
        let (neighbors, values) = ratings.into_iter().unzip();
        let factors = right.into_iter().map(|factor| factor as f32).collect();
        Ok(Folded { factors, bias, neighbors, values, targets, system, ignored })
    }

    /// The best items for a user who was folded in; those that the user's ratings name are left out as seen ones. The most popular items, if no
    /// rating could be used. Its `user` is [`UNKNOWN`]. O(items * rank).
    pub fn recommend_folded(&self, user: &FoldedUser, settings: &RecommendSettings) -> Recommendations {
        let Folded { factors, bias, neighbors: seen, .. } = &user.0;
        if seen.is_empty() {
            return self.recommend(UNKNOWN, settings);
        }
        let taste = Taste { factors, bias: *bias, seen };
        let shown = |item| self.in_range(self.predict_folded(user, item).value);
        Ranker::new(self, settings).ranked(UNKNOWN, taste, &mut Vec::new(), shown)
    }

    /// The prediction for a user who was folded in, as [`predict`](super::Predictor::predict) makes it for others; not clipped. O(rank).
    pub fn predict_folded(&self, user: &FoldedUser, item: u32) -> Prediction {
        let Folded { factors, bias, neighbors, .. } = &user.0;
        let item_bias = self.baseline.item_biases.get(item as usize).copied().unwrap_or(0.0);
        if neighbors.is_empty() || !self.knows_item(item) {
            return self.folded_fallback(*bias, item_bias, item);
        }
        self.join(factors, *bias, self.item_row(item), item_bias)
            .unwrap_or_else(|| self.folded_fallback(*bias, item_bias, item))
    }

    /// The prediction of a user of the model for an item that was folded in; not clipped. O(rank).
    pub fn predict_folded_item(&self, user: u32, item: &FoldedItem) -> Prediction {
        let Folded { factors, bias, neighbors, .. } = &item.0;
        let user_bias = self.baseline.user_biases.get(user as usize).copied().unwrap_or(0.0);
        let known = self.taste(user).filter(|_| !neighbors.is_empty());
        known
            .and_then(|taste| self.join(taste.factors, taste.bias, factors, *bias))
            .unwrap_or_else(|| self.folded_fallback(user_bias, *bias, UNKNOWN))
    }

    /// A prediction of two rows, if it is finite.
    fn join(&self, user: &[f32], user_bias: f32, item: &[f32], item_bias: f32) -> Option<Prediction> {
        let value = self.offset_of(user_bias, item_bias) + super::predict::dot(user, item);
        value.is_finite().then_some(Prediction { value, fallback: false })
    }

    /// What is added to the product of two rows with these biases.
    fn offset_of(&self, user_bias: f32, item_bias: f32) -> f32 {
        match self.settings.offset {
            Offset::None => 0.0,
            Offset::Mean => self.baseline.mean,
            Offset::Biases => self.baseline.mean + user_bias + item_bias,
        }
    }

    fn folded_fallback(&self, user_bias: f32, item_bias: f32, item: u32) -> Prediction {
        let value = match self.settings.counts_all_pairs() {
            false => self.baseline.mean + user_bias + item_bias,
            true => self.fallback(UNKNOWN, item),
        };
        Prediction { value: if value.is_finite() { value } else { self.range.minimum }, fallback: true }
    }

    /// Which of the user's ratings the prediction for an item comes from; nothing, if none could be used or training had no rating of the item.
    ///
    /// The parts add up to the prediction of the folded row ([`predict_folded`](Factorization::predict_folded)), but for rounding.
    /// O(rank^2 + ratings * rank).
    pub fn explain(&self, user: &FoldedUser, item: u32) -> Option<Explanation> {
        let Folded { bias, neighbors, values, targets, system, .. } = &user.0;
        if neighbors.is_empty() || !self.knows_item(item) {
            return None;
        }
        let (mut wide, mut reach) = (vec![0.0; self.rank()], vec![0.0; self.rank()]);
        widen(self.item_row(item), &mut reach);
        system.solve(&mut reach);
        let part = |((&item, &rating), target): ((&u32, &f32), &f64)| {
            let row = widen(self.item_row(item), &mut wide);
            Contribution { item, rating, amount: (target * dot(&reach, row)) as f32 }
        };
        let mut contributions: Vec<_> = neighbors.iter().zip(values).zip(targets).map(part).collect();
        contributions.sort_by(|a, b| b.amount.total_cmp(&a.amount));
        let offset = self.offset_of(*bias, self.baseline.item_biases[item as usize]);
        Some(Explanation { offset, contributions })
    }
}

/// Adds `weight row row^T` to the lower triangle.
fn add_outer(matrix: &mut [f64], row: &[f64], weight: f64) {
    for (place, (line, factor)) in matrix.chunks_exact_mut(row.len()).zip(row).enumerate() {
        let left = weight * factor;
        line[..=place].iter_mut().zip(row).for_each(|(cell, right)| *cell += left * right);
    }
}

fn widen<'w>(row: &[f32], wide: &'w mut [f64]) -> &'w [f64] {
    wide.iter_mut().zip(row).for_each(|(wide, &factor)| *wide = factor.into());
    wide
}

#[cfg(test)]
#[path = "fold_in_tests.rs"]
mod tests;
