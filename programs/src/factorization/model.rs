//! A finished factorization: factors, what to add back, what each user has seen, and how often each item was rated.
//!
//! The prediction is `offset(u, i) + p_u . q_i`, where the offset is what was subtracted from the ratings before factorizing (see
//! [`Offset`](super::Offset)). Everything that later questions need is kept with the factors, so that a saved model answers alone.

use gasworks_engine::graph::Ids;
use gasworks_engine::input::{Rating, Ratings};
use rayon::prelude::*;

use super::baseline::Baseline;
use super::error::FactorizationError;
use super::metrics::Clip;
use super::seen::Seen;
use super::settings::Settings;
use super::training::RatingList;

/// The number of a user or item that the model does not know.
pub const UNKNOWN: u32 = u32::MAX;

/// A trained factorization. Made by [`Factorization::new`] or loaded; its parts always fit together.
///
/// Memory: 4 bytes for each factor, 4 for each training rating and 1 or 4 for its value, about 20 for each user and item, and their ids and titles.
#[derive(Clone, Debug, PartialEq)]
pub struct Factorization {
    pub(super) settings: Settings,
    pub(super) users: Ids,
    pub(super) items: Ids,
    pub(super) user_factors: Vec<f32>,
    pub(super) item_factors: Vec<f32>,
    pub(super) baseline: Baseline,
    pub(super) range: Clip,
    pub(super) seen: Seen,
    pub(super) item_counts: Vec<u32>,
    pub(super) item_means: Vec<f32>,
    /// Empty, or one for each item.
    pub(super) titles: Vec<Option<String>>,
}

impl Factorization {
    /// Puts a model together after training.
    ///
    /// `train` are the ratings that were learned from, before any offset was subtracted; `baseline` was fitted to them. Shapes:
    /// `user_factors` is users x rank and `item_factors` items x rank, row-major; the rank is that of `settings`.
    /// O(ratings + factors).
    ///
    /// # Errors
    /// If a shape is wrong, a number is not finite, or a rating names no user or item.
    pub fn new<R: RatingList + ?Sized>(
        ids: (Ids, Ids),
        train: &R,
        baseline: Baseline,
        factors: (Vec<f32>, Vec<f32>),
        settings: Settings,
    ) -> Result<Self, FactorizationError> {
        let (users, items) = ids;
        let items_len = items.len();
        let known = |rating: &Rating| {
            (rating.user as usize) < users.len()
                && (rating.item as usize) < items.len()
                && rating.value.is_finite()
        };
        if let Some(rating) = train.all().find(|rating| !known(rating)) {
            return Err(FactorizationError::Model {
                part: "training ratings",
                expected: format!("finite ratings of {} items by {} users", items.len(), users.len()),
                got: format!("{rating:?}"),
                advice: "pass the ratings together with their own ids",
            });
        }
        let seen = Seen::of(users.len(), train);
        let mut sums = vec![(0.0, 0u32); items.len()];
        for rating in train.all() {
            let (sum, count) = &mut sums[rating.item as usize];
            *sum += f64::from(rating.value);
            *count += 1;
        }
        let item_means = sums.iter().map(|&(sum, count)| (sum / f64::from(count.max(1))) as f32);
        let values = || train.all().map(|rating| rating.value);
        let range = match train.count() {
            0 => Clip { minimum: 0.0, maximum: 0.0 },
            _ => Clip {
                minimum: values().fold(f32::INFINITY, f32::min),
                maximum: values().fold(f32::NEG_INFINITY, f32::max),
            },
        };
        let model = Factorization {
            settings,
            users,
            items,
            user_factors: factors.0,
            item_factors: factors.1,
            baseline,
            range,
            item_means: item_means.collect(),
            item_counts: seen.counts(items_len),
            seen,
            titles: Vec::new(),
        };
        model.validate()?;
        Ok(model)
    }

    /// Adds the titles of the items, by item number.
    ///
    /// # Errors
    /// If there is not one entry for each item. Empty titles count as unknown.
    pub fn with_titles(mut self, titles: Vec<Option<String>>) -> Result<Self, FactorizationError> {
        expect("titles", titles.len(), self.items.len())?;
        self.titles = titles.into_iter().map(|title| title.filter(|title| !title.is_empty())).collect();
        Ok(self)
    }

    /// The same model with other factors: those of the users, and of the items, row-major. O(size of the model).
    ///
    /// # Errors
    /// If there are more or fewer of them, or one is not finite.
    pub fn with_factors(mut self, factors: (Vec<f32>, Vec<f32>)) -> Result<Self, FactorizationError> {
        (self.user_factors, self.item_factors) = factors;
        self.validate()?;
        Ok(self)
    }

    /// Whether the parts fit together, in O(size of the model).
    pub(super) fn validate(&self) -> Result<(), FactorizationError> {
        let (users, items, rank) = (self.users.len(), self.items.len(), self.settings.rank);
        let at_least_one = |part, got: usize| match got {
            0 => Err(shape_error(part, "at least 1".into(), got.to_string())),
            _ => Ok(()),
        };
        at_least_one("rank", rank)?;
        at_least_one("number of users", users)?;
        at_least_one("number of items", items)?;
        let cells = |rows: usize| rows.saturating_mul(rank);
        expect("user factors", self.user_factors.len(), cells(users))?;
        expect("item factors", self.item_factors.len(), cells(items))?;
        expect("user biases", self.baseline.user_biases.len(), users)?;
        expect("item biases", self.baseline.item_biases.len(), items)?;
        expect("item counts", self.item_counts.len(), items)?;
        expect("item means", self.item_means.len(), items)?;
        if !self.titles.is_empty() {
            expect("titles", self.titles.len(), items)?;
        }
        finite("user factors", &self.user_factors, rank)?;
        finite("item factors", &self.item_factors, rank)?;
        finite("user biases", &self.baseline.user_biases, 1)?;
        finite("item biases", &self.baseline.item_biases, 1)?;
        finite("item means", &self.item_means, 1)?;
        finite("mean", &[self.baseline.mean], 1)?;
        finite("rating range", &[self.range.minimum, self.range.maximum], 1)?;
        finite("lambda", &[self.settings.lambda], 1)?;
        finite("alpha", self.settings.alpha.as_slice(), 1)?;
        let descent = self.settings.descent.iter().flat_map(|descent| [descent.rate, descent.decay]);
        finite("rate and decay", &descent.collect::<Vec<_>>(), 1)?;
        if self.range.minimum > self.range.maximum {
            let got = format!("{} to {}", self.range.minimum, self.range.maximum);
            return Err(shape_error("rating range", "the smallest rating first".into(), got));
        }
        self.seen.validate(users, items)?;
        if self.seen.counts(items) != self.item_counts {
            return Err(shape_error("item counts", "how often each item was seen".into(), "others".into()));
        }
        Ok(())
    }

    /// How the model was trained.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Length of a factor row.
    pub fn rank(&self) -> usize {
        self.settings.rank
    }

    /// Ids of the users.
    pub fn users(&self) -> &Ids {
        &self.users
    }

    /// Ids of the items.
    pub fn items(&self) -> &Ids {
        &self.items
    }

    /// Users x rank, row-major.
    pub fn user_factors(&self) -> &[f32] {
        &self.user_factors
    }

    /// Items x rank, row-major.
    pub fn item_factors(&self) -> &[f32] {
        &self.item_factors
    }

    /// Mean and biases of the training ratings.
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// Smallest and largest training rating.
    pub fn rating_range(&self) -> Clip {
        self.range
    }

    /// How many distinct (user, item) pairs were learned from.
    pub fn train_count(&self) -> usize {
        self.seen.items.len()
    }

    /// The items that a user rated in training, ascending; none for an unknown user.
    pub fn seen(&self, user: u32) -> &[u32] {
        self.seen.row(user)
    }

    /// Whether the model keeps the values of its training ratings; files of versions that did not keep them say only who rated what.
    pub fn keeps_ratings(&self) -> bool {
        self.seen.has_values()
    }

    /// The training ratings of a user by item, none for an unknown user; nothing, if the model does not [keep](Self::keeps_ratings) them.
    pub fn training_ratings(&self, user: u32) -> Option<Vec<Rating>> {
        let range = self.seen.range(user);
        let rating = |at| Rating { user, item: self.seen.items[at], value: self.seen.values.get(at) };
        self.keeps_ratings().then(|| range.map(rating).collect())
    }

    /// Training ratings of each item.
    pub fn item_counts(&self) -> &[u32] {
        &self.item_counts
    }

    /// Mean training rating of each item; 0 where it has none.
    pub fn item_means(&self) -> &[f32] {
        &self.item_means
    }

    /// The title of an item, where it is known.
    pub fn title(&self, item: u32) -> Option<&str> {
        self.titles.get(item as usize)?.as_deref()
    }

    /// Ratings of another file in this model's numbers; ids that it does not know become [`UNKNOWN`]. O(ids log ids + ratings).
    pub fn renumber(&self, ratings: &Ratings) -> Vec<Rating> {
        renumber(ratings, &self.users, &self.items)
    }
}

/// Ratings in the numbers of these users and items; ids that are not among them become [`UNKNOWN`]. O(ids log ids + ratings).
pub fn renumber(ratings: &Ratings, users: &Ids, items: &Ids) -> Vec<Rating> {
    let (users, items) = (numbers(&ratings.users, users), numbers(&ratings.items, items));
    let number = |rating: &Rating| Rating {
        user: users[rating.user as usize],
        item: items[rating.item as usize],
        value: rating.value,
    };
    ratings.entries.iter().map(number).collect()
}

/// The number of each of these ids among others, or [`UNKNOWN`]. O(ids log ids), parallel.
pub(super) fn numbers(of: &Ids, among: &Ids) -> Vec<u32> {
    let all = 0..of.len() as u32;
    all.into_par_iter().map(|row| among.find(&of.id(row).to_string()).unwrap_or(UNKNOWN)).collect()
}

pub(super) fn shape_error(part: &'static str, expected: String, got: String) -> FactorizationError {
    FactorizationError::Model { part, expected, got, advice: "train the model again" }
}

pub(super) fn expect(part: &'static str, got: usize, expected: usize) -> Result<(), FactorizationError> {
    if got == expected {
        return Ok(());
    }
    Err(shape_error(part, format!("{expected} entries"), got.to_string()))
}

pub(super) fn finite(part: &'static str, values: &[f32], width: usize) -> Result<(), FactorizationError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let got = format!("{} in row {}", values[at], at / width);
            let advice = "train again with a larger lambda or a smaller learning rate";
            Err(FactorizationError::Model { part, expected: "finite numbers".into(), got, advice })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::Offset;
    use crate::factorization::testing::small_model;
    use crate::factorization::values::Values;

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let good = small_model(Offset::Biases);
        let refused = |change: fn(&mut Factorization)| {
            let mut model = good.clone();
            change(&mut model);
            model.validate().unwrap_err().to_string()
        };
        assert!(refused(|model| model.user_factors.truncate(5)).contains("user factors"));
        assert!(refused(|model| model.item_factors[4] = f32::NAN).contains("NaN in row 1"));
        assert!(refused(|model| model.seen.items[0] = 99).contains("seen items"));
        assert!(
            refused(|model| model.seen.values = Values::of(3, |_| 1.0)).contains("ratings of seen items")
        );
        assert!(
            refused(|model| {
                let count = model.seen.items.len();
                let value = |at| if at == 3 { f32::NAN } else { 1.0 };
                model.seen.values = Values::Plain((0..count).map(value).collect());
            })
            .contains("NaN in row 3")
        );
        assert!(refused(|model| model.seen.offsets[1] = 99).contains("offsets"));
        assert!(refused(|model| model.settings.rank = usize::MAX).contains("user factors"));
        assert!(good.with_titles(vec![None]).is_err());
    }

    #[test]
    fn renumbering_maps_ids_and_marks_the_unknown() {
        let model = small_model(Offset::None);
        let rating = |user, item| Rating { user, item, value: 1.0 };
        let entries = vec![rating(1, 4), rating(7, 0)];
        let other = Ratings { users: Ids::range(8), items: Ids::range(9), entries };
        assert_eq!(model.renumber(&other), [rating(1, 4), rating(UNKNOWN, 0)]);
    }
}
