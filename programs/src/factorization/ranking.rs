//! How good lists are, against what users chose elsewhere: precision, recall, average precision and discounted gain of the first k items, and
//! the area under the curve of the whole order.
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
//! | AUC | of all pairs of a relevant item and an item that the user rated neither in training nor so well in the test, the share in which the relevant one comes first; ties count half (Rendle, Freudenthaler, Gantner and Schmidt-Thieme 2009, section 4.1) |
//!
//! Each is averaged over the users who have a relevant item (AUC: and any other). Relevant items that the model does not know count as never
//! found; users whom it does not know have no list of their own and are left out, and it is said how many of their ratings.
//!
//! The order behind AUC is that of the list were it long enough, so damping counts. Items that may not be listed (unknown, with too few
//! ratings, or seen) share the last place. AUC takes every place for equally important, and most of them are far down where nobody looks; it
//! is the measure of papers, and a poor guide to the first ten.

use std::collections::HashMap;
use std::sync::OnceLock;

use gasworks_engine::input::Rating;
use rayon::prelude::*;

use super::model::{Factorization, UNKNOWN};
use super::recommend::{Ranker, RecommendSettings};
use super::top::Top;

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
    /// The area under the curve; 0.5 is chance. Absent where every judged user rated every item.
    pub auc: Option<f64>,
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
        users.iter_mut().for_each(|(_, relevant)| relevant.sort_unstable());
        let ranker = Ranker::new(self, settings);
        // Built once, and only where somebody needs it.
        let popularity = OnceLock::new();
        let judged: Vec<Judged> = users
            .par_iter()
            .map_init(Scratch::default, |scratch, (user, relevant)| {
                let mut top = Top::new(settings.count);
                scratch.order.clear();
                scratch.order.resize(self.items.len(), UNLISTED);
                let mut place = |item: u32, score: f32| {
                    top.offer(score, item);
                    // Not a number, where factors overflow, is the least that may still be listed.
                    scratch.order[item as usize] = score.max(f32::MIN);
                };
                match self.taste(*user) {
                    Some(taste) => ranker.for_each(taste, &mut scratch.block, place),
                    None => {
                        let popularity = popularity.get_or_init(|| ranker.popularity());
                        popularity.iter().for_each(|&(item, score)| place(item, score));
                    }
                }
                let listed: Vec<u32> = top.into_sorted().into_iter().map(|(_, item)| item).collect();
                let area = area(&scratch.order, self.seen(*user), relevant, &mut scratch.relevant);
                Judged { list: judge(&listed, relevant, settings.count), area }
            })
            .collect();
        if judged.is_empty() {
            return None;
        }
        // In the order of users.
        let mean = |of: usize| judged.iter().map(|judged| judged.list[of]).sum::<f64>() / judged.len() as f64;
        let areas = || judged.iter().filter_map(|judged| judged.area);
        let compared = areas().count();
        Some(RankingQuality {
            precision: mean(0),
            recall: mean(1),
            map: mean(2),
            ndcg: mean(3),
            auc: (compared > 0).then(|| areas().sum::<f64>() / compared as f64),
            users: judged.len(),
            relevant: users.iter().map(|(_, relevant)| relevant.len()).sum(),
            left_out,
        })
    }
}

/// The place of items that may not be listed: after all others.
const UNLISTED: f32 = f32::NEG_INFINITY;

/// What is found of one user.
struct Judged {
    /// Precision, recall, average precision, NDCG.
    list: [f64; 4],
    area: Option<f64>,
}

/// Cleared for each user.
#[derive(Default)]
struct Scratch {
    /// Scores of a block of items.
    block: Vec<f32>,
    /// The score of each item.
    order: Vec<f32>,
    /// Scores of the relevant items.
    relevant: Vec<f32>,
}

/// The share of pairs of a relevant and another item in which the relevant one has the greater score; nothing, if there is no other item.
///
/// `seen` and `relevant` ascend. Wins and ties are counted as integers. O(items log relevant).
fn area(order: &[f32], seen: &[u32], relevant: &[u32], scores: &mut Vec<f32>) -> Option<f64> {
    scores.clear();
    scores.extend(relevant.iter().map(|&item| order.get(item as usize).copied().unwrap_or(UNLISTED)));
    scores.sort_unstable_by(f32::total_cmp);
    let (mut seen, mut chosen) = (seen, relevant);
    let (mut others, mut halves) = (0u64, 0u64);
    for (item, &score) in (0..).zip(order) {
        // Not short of evaluating both: each goes on by itself.
        if passes(&mut seen, item) | passes(&mut chosen, item) {
            continue;
        }
        let reached = scores.partition_point(|&relevant| relevant < score);
        let ties = scores[reached..].partition_point(|&relevant| relevant == score);
        others += 1;
        halves += (2 * (scores.len() - reached) - ties) as u64;
    }
    (others > 0).then(|| halves as f64 / (2 * others * scores.len() as u64) as f64)
}

/// Whether `item` is next among ascending `items`, which then go on beyond it.
fn passes(items: &mut &[u32], item: u32) -> bool {
    let count = items.iter().take_while(|&&next| next == item).count();
    *items = &items[count..];
    count > 0
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
    use crate::factorization::testing::{additive, small_model};
    use crate::factorization::{Baseline, BaselineSettings, Offset, Settings, initial_factors};
    use gasworks_engine::graph::Ids;
    use proptest::prelude::*;

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
        // User 0 has rated 0, 2 and 4: the best of 1, 3 and 5 is before the other two. What user 2 likes is at the end, with the never rated
        // 5, while 1, 2 and 4 may be listed.
        let auc = Some((1.0 + 0.5 / 4.0) / 2.0);
        let expected =
            RankingQuality { precision, recall, map, ndcg, auc, users: 2, relevant: 2, left_out: 1 };
        assert_eq!(quality, expected);
        assert_eq!(model.ranking(&test, 5.5, &settings), None);
        assert_eq!(model.ranking(&[], 0.0, &settings), None);
    }

    /// The definition, pair by pair.
    fn area_by_pairs(order: &[f32], seen: &[u32], relevant: &[u32]) -> Option<f64> {
        let others: Vec<u32> =
            (0..order.len() as u32).filter(|item| !seen.contains(item) && !relevant.contains(item)).collect();
        let score = |item: u32| order.get(item as usize).copied().unwrap_or(UNLISTED);
        let pairs = relevant.iter().flat_map(|&item| others.iter().map(move |&other| (item, other)));
        let won = pairs.map(|(item, other)| match score(item).partial_cmp(&score(other)).unwrap() {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        });
        let won: f64 = won.sum();
        (!others.is_empty()).then(|| won / (others.len() * relevant.len()) as f64)
    }

    proptest! {
        #[test]
        fn areas_are_those_of_all_pairs(
            scores in prop::collection::vec(-4i8..4, 1..60),
            seen in prop::collection::btree_set(0u32..60, 0..20),
            relevant in prop::collection::vec(0u32..70, 1..12),
        ) {
            let order: Vec<f32> = scores.iter().map(|&score| if score == -4 { UNLISTED } else { score.into() }).collect();
            let seen: Vec<u32> = seen.into_iter().collect();
            let mut relevant: Vec<u32> = relevant.iter().map(|&item| if item < 60 { item } else { UNKNOWN }).collect();
            relevant.sort_unstable();
            let (found, expected) = (area(&order, &seen, &relevant, &mut vec![9.0]), area_by_pairs(&order, &seen, &relevant));
            prop_assert_eq!(found.is_some(), expected.is_some());
            prop_assert!((found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12);
        }
    }

    /// From lists that hold every item: the places there are the order that is judged, for users with factors and without.
    #[test]
    fn areas_are_those_of_whole_lists_at_every_thread_count() {
        let (train, test): (Vec<_>, Vec<_>) =
            additive(40, 50).into_iter().partition(|rating| (rating.user * 7 + rating.item * 3) % 5 > 1);
        // Users 38 and 39 have nothing to learn from.
        let train: Vec<Rating> = train.into_iter().filter(|rating| rating.user < 38).collect();
        let baseline = Baseline::fit(40, 50, &train, &BaselineSettings::default());
        let factors = (initial_factors(40, 9, 1.0, 1), initial_factors(50, 9, 1.0, 2));
        let settings = Settings { rank: 9, ..Default::default() };
        let ids = (Ids::range(40), Ids::range(50));
        let model = Factorization::new(ids, &train, baseline, factors, settings).unwrap();
        let lists = RecommendSettings { count: 7, ..Default::default() };
        let judge = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| model.ranking(&test, 3.4, &lists).unwrap())
        };
        let quality = judge(1);
        assert_eq!(quality, judge(5));

        let mut sum = 0.0;
        for user in 0..40 {
            let list = model.recommend(user, &RecommendSettings { count: 50, ..lists }).items;
            let mut order = vec![UNLISTED; 50];
            list.iter().for_each(|entry| order[entry.item as usize] = entry.score);
            if user > 37 {
                // Their lists are sorted by number of ratings, then by mean.
                order.iter_mut().zip(&model.item_means).for_each(|(order, mean)| *order += mean / 1000.0);
            }
            let of_user = test.iter().filter(|rating| rating.user == user && rating.value >= 3.4);
            let relevant: Vec<u32> = of_user.map(|rating| rating.item).collect();
            if !relevant.is_empty() {
                sum += area_by_pairs(&order, model.seen(user), &relevant).unwrap();
            }
        }
        // Users 0 and 1 of every five like nothing so much.
        assert_eq!(quality.users, 24);
        assert!((quality.auc.unwrap() - sum / 24.0).abs() < 1e-12, "{quality:?} {sum}");
    }

    #[test]
    fn there_is_no_area_where_everything_was_rated() {
        assert_eq!(area(&[1.0, 2.0], &[0], &[1], &mut Vec::new()), None);
        assert_eq!(area(&[1.0, 2.0, 0.0], &[0], &[1], &mut Vec::new()), Some(1.0));
    }
}
