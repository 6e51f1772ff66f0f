//! Predictions of a factorization: the offset plus the inner product, and what is answered where factors cannot help.
//!
//! Nothing was learned about a user or item without training ratings; its factors are whatever the iteration left there. Such pairs get
//! the fallback, which rests on the biases that are known, so that no answer is ever NaN.

use gasworks_engine::{Column, Row};

use super::baseline::Baseline;
use super::metrics::{Prediction, Predictor};
use super::model::Factorization;
use super::settings::Offset;

impl Factorization {
    /// Whether the item was rated in training.
    pub(super) fn knows_item(&self, item: u32) -> bool {
        self.item_counts.get(item as usize).is_some_and(|&count| count > 0)
    }

    /// What is answered where factors cannot help: for ratings the mean plus the biases that are known, for implicit feedback the share
    /// of users who chose the item, and where pairs without a rating are 0 the mean over all users.
    pub(super) fn fallback(&self, user: u32, item: u32) -> f32 {
        if !self.settings.counts_all_pairs() {
            return self.baseline.value(Some(user), Some(item));
        }
        let count = self.item_counts.get(item as usize).copied().unwrap_or(0);
        let share = f64::from(count) / self.users.len() as f64;
        match self.settings.alpha {
            Some(_) => share as f32,
            None => (share * f64::from(self.item_means.get(item as usize).copied().unwrap_or(0.0))) as f32,
        }
    }
}

impl Predictor for Factorization {
    /// The predicted rating; for implicit feedback the preference, about 0 to 1.
    ///
    /// A user or item without training ratings gets the fallback: mean plus those biases that are known (explicit), or the item's
    /// share of users (implicit). Not clipped. O(rank).
    fn predict(&self, user: u32, item: u32) -> Prediction {
        if !self.seen(user).is_empty() && self.knows_item(item) {
            let rank = self.rank();
            let left = &self.user_factors[user as usize * rank..][..rank];
            let right = &self.item_factors[item as usize * rank..][..rank];
            let known = self.settings.offset.add_back(&self.baseline, user, item, dot(left, right));
            if let Some(prediction) = known {
                return prediction;
            }
        }
        let value = self.fallback(user, item);
        Prediction { value: if value.is_finite() { value } else { self.range.minimum }, fallback: true }
    }
}

/// The factors of a run that goes on, as a model of ratings: it predicts as a [`Factorization`] of these factors will.
#[derive(Clone, Copy, Debug)]
pub struct Unfinished<'a> {
    /// A row for each user, then one for each item.
    pub factors: &'a Column<Row<f32>>,
    /// How many numbers at the start of a row are factors, whose inner product is taken.
    pub width: usize,
    /// How many of the rows are users.
    pub users: usize,
    /// Mean and biases of the training ratings.
    pub baseline: &'a Baseline,
    /// What was subtracted from the training ratings.
    pub offset: Offset,
    /// Training ratings of each user, and of each item.
    pub counts: [&'a [u32]; 2],
}

impl Predictor for Unfinished<'_> {
    #[inline(always)]
    fn predict(&self, user: u32, item: u32) -> Prediction {
        let [users, items] = self.counts;
        let is_known = |counts: &[u32], row: u32| counts.get(row as usize).is_some_and(|count| *count > 0);
        if is_known(users, user) && is_known(items, item) {
            let row = |row: usize| &self.factors.get(row)[..self.width];
            let product = dot(row(user as usize), row(self.users + item as usize));
            let known = self.offset.add_back(self.baseline, user, item, product);
            if let Some(prediction) = known {
                return prediction;
            }
        }
        Prediction { value: self.baseline.value(Some(user), Some(item)), fallback: true }
    }
}

impl Offset {
    /// A prediction, if it is finite: only factors near the end of the range of f32 overflow.
    #[inline(always)]
    fn add_back(self, baseline: &Baseline, user: u32, item: u32, product: f32) -> Option<Prediction> {
        let offset = match self {
            Offset::None => 0.0,
            Offset::Mean => baseline.mean,
            Offset::Biases => baseline.value(Some(user), Some(item)),
        };
        let value = offset + product;
        value.is_finite().then_some(Prediction { value, fallback: false })
    }
}

/// The inner product in 8 fixed lanes: the same bits at every instruction level.
#[inline(always)]
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let (left_blocks, left_rest) = left.as_chunks::<8>();
    let (right_blocks, right_rest) = right.as_chunks::<8>();
    let mut lanes = [0.0f32; 8];
    for (left, right) in left_blocks.iter().zip(right_blocks) {
        for lane in 0..8 {
            lanes[lane] += left[lane] * right[lane];
        }
    }
    for (lane, (left, right)) in lanes.iter_mut().zip(left_rest.iter().zip(right_rest)) {
        *lane += left * right;
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::UNKNOWN;
    use crate::factorization::testing::small_model;

    #[test]
    fn predictions_add_back_the_offset() {
        for offset in [Offset::None, Offset::Mean, Offset::Biases] {
            let model = small_model(offset);
            let Prediction { value, fallback } = model.predict(1, 2);
            let base = match offset {
                Offset::None => 0.0,
                Offset::Mean => model.baseline.mean,
                Offset::Biases => model.baseline.value(Some(1), Some(2)),
            };
            let product = dot(&model.user_factors[3..6], &model.item_factors[6..9]);
            assert!((value - base - product).abs() < 1e-6 && !fallback);
        }
    }

    #[test]
    fn unseen_users_and_items_fall_back_and_overflow_is_never_nan() {
        let mut model = small_model(Offset::None);
        for (user, item) in [(UNKNOWN, 0), (0, UNKNOWN), (UNKNOWN, UNKNOWN), (3, 0), (0, 5)] {
            let Prediction { value, fallback } = model.predict(user, item);
            assert!(fallback && value == model.baseline.value(Some(user), Some(item)));
        }
        model.user_factors.fill(f32::MAX);
        model.item_factors.fill(f32::MAX);
        assert!(model.predict(0, 0).value.is_finite());
        model.settings.alpha = Some(1.0);
        assert_eq!(model.predict(UNKNOWN, 0).value, model.item_counts[0] as f32 / 4.0);
    }
}
