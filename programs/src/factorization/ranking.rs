//! How good lists are: precision, recall, average precision and discounted gain of the first k items, against what users chose elsewhere.
//!
//! Definitions, for a user's list of k and the set of items that are relevant to the user (test ratings of at least a threshold), a hit being
//! a listed item that is relevant:
//!
//! | measure | of a list |
//! |---|---|
//! | precision | hits / k, also where the list is shorter |
//! | recall | hits / relevant items |
//! | average precision | the mean over the first min(k, relevant) ideal places of (hits so far / place) at each hit (Manning, Raghavan and Schütze 2008, section 8.4, cut at k) |
//! | NDCG | the sum of 1 / log2(place + 1) over hits, over that of an ideal list (Järvelin and Kekäläinen 2002, with gains of 0 and 1) |
//!
//! Each is averaged over the users who have a relevant item. Relevant items that the model does not know count as never found; users whom it
//! does not know have no list of their own and are left out, and it is said how many of their ratings.

use std::collections::HashMap;

use gasworks_engine::input::Rating;
use rayon::prelude::*;

use super::model::{Factorization, UNKNOWN};
use super::recommend::RecommendSettings;

/// What users chose elsewhere, by user.
type Relevant = HashMap<u32, Vec<u32>>;

/// Means over users, each from 0 to 1, best 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankingQuality {
    /// The share of the list that is relevant.
    pub precision: f64,
    /// The share of what is relevant that is in the list.
    pub recall: f64,
    /// Mean average precision.
    pub map: f64,
    /// Normalized discounted cumulative gain.
    pub ndcg: f64,
    /// How many users were judged: those with a relevant item; at least 1.
    pub users: usize,
    /// Relevant items of them all.
    pub relevant: usize,
    /// Relevant ratings of users whom the model does not know.
    pub left_out: usize,
}

impl Factorization {
    /// Judges the lists that [`recommend`](Factorization::recommend) gives to the users of `test`, whose ratings are in this model's numbers
    /// ([`renumber`](Factorization::renumber)); nothing, if no rating of a user whom it knows is at least `threshold`.
    ///
    /// The same bits at every thread count. O(users * items * rank).
    ///
    /// # Panics
    /// If `settings.count` is 0.
    ///
    /// ```
    /// # use gasworks_engine::{graph::Ids, input::Rating};
    /// # use gasworks_programs::factorization::*;
    /// # let rating = |user, item, value| Rating { user, item, value };
    /// # let train = [rating(0, 0, 5.0), rating(1, 1, 3.0)];
    /// # let baseline = Baseline::fit(2, 2, &train, &BaselineSettings::default());
    /// # let settings = Settings { rank: 1, ..Default::default() };
    /// # let ids = (Ids::range(2), Ids::range(2));
    /// # let model = Factorization::new(ids, &train, baseline, (vec![0.1; 2], vec![0.1; 2]), settings)?;
    /// // There is only one item that user 0 has not seen.
    /// let quality = model.ranking(&[rating(0, 1, 4.0)], 3.5, &RecommendSettings::default()).unwrap();
    /// assert_eq!((quality.precision, quality.recall, quality.map, quality.ndcg), (0.1, 1.0, 1.0, 1.0));
    /// # Ok::<(), FactorizationError>(())
    /// ```
    pub fn ranking(
        &self,
        test: &[Rating],
        threshold: f32,
        settings: &RecommendSettings,
    ) -> Option<RankingQuality> {
        assert!(settings.count > 0, "lists of no item have no quality");
        let mut relevant = Relevant::new();
        let mut left_out = 0;
        for rating in test.iter().filter(|rating| rating.value >= threshold) {
            match rating.user {
                UNKNOWN => left_out += 1,
                user => relevant.entry(user).or_default().push(rating.item),
            }
        }
        let mut users: Vec<_> = relevant.into_iter().collect();
        users.sort_unstable_by_key(|(user, _)| *user);
        let judged: Vec<[f64; 4]> = users
            .par_iter()
            .map(|(user, relevant)| {
                let list = self.recommend(*user, settings).items;
                let listed: Vec<u32> = list.iter().map(|entry| entry.item).collect();
                judge(&listed, relevant, settings.count)
            })
            .collect();
        if judged.is_empty() {
            return None;
        }
        // In the order of users.
        let mean = |of: usize| judged.iter().map(|judged| judged[of]).sum::<f64>() / judged.len() as f64;
        Some(RankingQuality {
            precision: mean(0),
            recall: mean(1),
            map: mean(2),
            ndcg: mean(3),
            users: judged.len(),
            relevant: users.iter().map(|(_, relevant)| relevant.len()).sum(),
            left_out,
        })
    }
}

/// Precision, recall, average precision and NDCG of a list. `relevant` is not empty; of its unknown items none is ever listed.
fn judge(listed: &[u32], relevant: &[u32], k: usize) -> [f64; 4] {
    let discount = |place: usize| 1.0 / (place as f64 + 1.0).log2();
    let (mut hits, mut precisions, mut gain) = (0.0, 0.0, 0.0);
    for (place, item) in (1..).zip(listed) {
        if *item != UNKNOWN && relevant.contains(item) {
            hits += 1.0;
            precisions += hits / place as f64;
            gain += discount(place);
        }
    }
    let ideal = k.min(relevant.len());
    let best: f64 = (1..=ideal).map(discount).sum();
    [hits / k as f64, hits / relevant.len() as f64, precisions / ideal as f64, gain / best]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::Offset;
    use crate::factorization::testing::small_model;

    /// By hand: hits at places 1 and 3 of 4, of 3 relevant items, one of which the model does not know.
    #[test]
    fn measures_are_those_of_the_definitions() {
        let [precision, recall, average, ndcg] = judge(&[7, 1, 8, 2], &[8, 7, UNKNOWN], 4);
        assert_eq!((precision, recall), (0.5, 2.0 / 3.0));
        assert!((average - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
        let (one, two, three) = (1.0, 1.0 / 3f64.log2(), 0.5);
        assert!((ndcg - (one + three) / (one + two + three)).abs() < 1e-12);
        assert_eq!(judge(&[7, 8], &[8, 7], 2), [1.0; 4]);
        assert_eq!(judge(&[7, 8], &[8, 7], 4), [0.5, 1.0, 1.0, 1.0]);
        assert_eq!(judge(&[], &[8], 4), [0.0; 4]);
        // More is relevant than a list has places for.
        assert_eq!(judge(&[1], &[1, 2, 3, 4], 1), [1.0, 0.25, 1.0, 1.0]);
    }

    #[test]
    fn lists_are_those_that_users_get() {
        let model = small_model(Offset::Biases);
        let settings = RecommendSettings { count: 2, ..Default::default() };
        let best = |user| model.recommend(user, &settings).items[0].item;
        let rating = |user, item, value| Rating { user, item, value };
        let known = [rating(0, best(0), 4.0), rating(1, best(1), 2.0), rating(2, UNKNOWN, 5.0)];
        let test = [known[0], rating(UNKNOWN, 0, 5.0), known[1], known[2]];
        let quality = model.ranking(&test, 3.0, &settings).unwrap();
        // User 1 has nothing relevant; what user 2 likes is unknown.
        let (precision, recall, map, ndcg) = (0.25, 0.5, 0.5, 0.5);
        let expected = RankingQuality { precision, recall, map, ndcg, users: 2, relevant: 2, left_out: 1 };
        assert_eq!(quality, expected);
        assert_eq!(model.ranking(&test, 5.5, &settings), None);
        assert_eq!(model.ranking(&[], 0.0, &settings), None);
    }
}
