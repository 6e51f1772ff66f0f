//! Hold-out of ratings for testing, once or in turns, per user and seeded.
//!
//! Held-out ratings are drawn *within* each user, so that every user is tested on items while something of the same user
//! stays to learn from; a split over all ratings at once would leave light users with no training rating. Each user has an own
//! random stream, keyed by (seed, user), and draws from the ratings in the order of their items: the split depends on the
//! set of ratings and the seed alone, not on threads and not on the order of the lines.
//!
//! Rounding. A user with `n` ratings has an expected `n * share` in the test part. The whole part of it is always held out, and one more
//! with the probability of the fraction (Bernoulli rounding). So the overall share is right in expectation, and
//! users with few ratings contribute too: at a share of 0.1, every tenth user with one rating to spare, not none (rounding
//! down) or all (rounding up). One rating at least stays in training, so users with a single rating are never tested.

use gasworks_engine::Random;
use gasworks_engine::input::{Rating, Ratings};
use rayon::prelude::*;

use super::error::FactorizationError;
use super::rows::Rows;

/// The random stream of this file, so that a split never repeats the numbers of an initialization with the same seed.
const STREAM: u64 = 0x0073_706c_6974;

/// That of folds, which are not to repeat the choices of a hold-out either.
const FOLD_STREAM: u64 = 0x0066_6f6c_6473;

/// Ratings in two parts that are disjoint and together are all of them, each in the order of the input.
///
/// Users and items keep their numbers; some items may have no training rating.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// To learn from. Holds at least one rating of every user that has any.
    pub train: Vec<Rating>,
    /// To measure on.
    pub test: Vec<Rating>,
}

/// Holds out about `share` of each user's ratings; see the head of this file for the rounding.
///
/// Deterministic for every thread count. O(n log n) for n ratings.
///
/// # Errors
/// If `share` is not in `[0, 1)`.
///
/// ```
/// use gasworks_engine::{graph::Ids, input::{Rating, Ratings}};
/// use gasworks_programs::factorization::hold_out;
///
/// let entries = (0..100).map(|n| Rating { user: n / 10, item: n % 10, value: 3.0 }).collect();
/// let ratings = Ratings { users: Ids::range(10), items: Ids::range(10), entries };
/// let split = hold_out(&ratings, 0.2, 0)?;
/// assert_eq!((split.train.len(), split.test.len()), (80, 20));
/// # Ok::<(), gasworks_programs::factorization::FactorizationError>(())
/// ```
pub fn hold_out(ratings: &Ratings, share: f64, seed: u64) -> Result<Split, FactorizationError> {
    if !(0.0..1.0).contains(&share) {
        return Err(FactorizationError::Argument {
            name: "hold-out share",
            expected: "a number from 0 up to, but not including, 1".into(),
            got: share.to_string(),
            advice: "0.1 holds out a tenth of each user's ratings",
        });
    }
    Ok(split(ratings, seed, |count, random| {
        let expected = count as f64 * share;
        let whole = expected.floor();
        whole as usize + usize::from(random.uniform() < expected - whole)
    }))
}

/// Holds out `k` ratings of each user, chosen at random; users with `k` ratings or fewer keep one and give the rest.
///
/// `k = 1` is the leave-one-out of the ranking literature (there often the latest rating; ratings carry no time here).
/// Deterministic for every thread count. O(n log n) for n ratings.
pub fn leave_k_out(ratings: &Ratings, k: usize, seed: u64) -> Split {
    split(ratings, seed, |_, _| k)
}

/// Ratings dealt to `k` parts, each of which is the test part once: cross-validation.
///
/// A user's ratings go to the parts in turn, in random order and from a random part on. So every rating is in exactly one test part, and
/// the parts of a user differ by at most one rating. A user with `n < k` ratings is tested in `n` of the folds; one with a single rating has
/// nothing to learn from in the fold that tests it, and is predicted by the fallback there.
#[derive(Clone, Debug, PartialEq)]
pub struct Folds<'r> {
    entries: &'r [Rating],
    /// The test part of each rating.
    parts: Vec<u32>,
    count: u32,
}

/// Deals the ratings of each user to `k` test parts.
///
/// Deterministic for every thread count, and does not depend on the order of the lines. O(n log n) for n ratings.
///
/// # Errors
/// If `k` is less than 2.
///
/// ```
/// use gasworks_engine::{graph::Ids, input::{Rating, Ratings}};
/// use gasworks_programs::factorization::folds;
///
/// let entries = (0..100).map(|n| Rating { user: n / 10, item: n % 10, value: 3.0 }).collect();
/// let ratings = Ratings { users: Ids::range(10), items: Ids::range(10), entries };
/// let folds = folds(&ratings, 5, 0)?;
/// assert_eq!(folds.iter().map(|split| split.test.len()).collect::<Vec<_>>(), [20; 5]);
/// # Ok::<(), gasworks_programs::factorization::FactorizationError>(())
/// ```
pub fn folds(ratings: &Ratings, k: u32, seed: u64) -> Result<Folds<'_>, FactorizationError> {
    if k < 2 {
        return Err(FactorizationError::Argument {
            name: "folds",
            expected: "2 or more".into(),
            got: k.to_string(),
            advice: "5 and 10 are usual",
        });
    }
    let entries = &ratings.entries;
    let dealt = by_user(entries, |user, mut row| {
        let mut random = Random::keyed(seed, FOLD_STREAM, 0, user);
        let first = random.below(k.into()) as usize;
        shuffle(&mut row, usize::MAX, &mut random);
        let part = |(place, position)| (position, ((first + place) % k as usize) as u32);
        row.into_iter().enumerate().map(part).collect::<Vec<_>>()
    });
    let mut parts = vec![0; entries.len()];
    for (position, part) in dealt.into_iter().flatten() {
        parts[position as usize] = part;
    }
    Ok(Folds { entries, parts, count: k })
}

impl Folds<'_> {
    /// How many folds; at least 2.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The fold with this test part; each part in the order of the input. O(ratings).
    ///
    /// # Panics
    /// If there is no such part.
    pub fn split(&self, part: u32) -> Split {
        assert!(part < self.count, "fold {part} of {}", self.count);
        separate(self.entries, |position| self.parts[position] == part)
    }

    /// All folds, made one after another.
    pub fn iter(&self) -> impl Iterator<Item = Split> {
        (0..self.count).map(|part| self.split(part))
    }
}

/// `held` answers how many of `count` ratings a user gives; it is cut so that one stays.
fn split(ratings: &Ratings, seed: u64, held: impl Fn(usize, &mut Random) -> usize + Sync) -> Split {
    let entries = &ratings.entries;
    let chosen = by_user(entries, |user, mut row| {
        let mut random = Random::keyed(seed, STREAM, 0, user);
        let held = held(row.len(), &mut random).min(row.len().saturating_sub(1));
        shuffle(&mut row, held, &mut random);
        row.truncate(held);
        row
    });
    let mut is_test = vec![false; entries.len()];
    for &position in chosen.iter().flatten() {
        is_test[position as usize] = true;
    }
    separate(entries, |position| is_test[position])
}

/// What `make` makes of each user's ratings, by user: of their positions in `entries`, in the order of their items.
fn by_user<T: Send>(entries: &[Rating], make: impl Fn(u64, Vec<u32>) -> T + Sync) -> Vec<T> {
    let users = entries.iter().map(|rating| rating.user as usize + 1).max().unwrap_or(0);
    let rows = Rows::group(users, entries, |rating| rating.user);
    let made = (0..rows.len()).into_par_iter().map(|user| {
        let mut row = rows.row(user).to_vec();
        row.sort_by_key(|&position| entries[position as usize].item);
        make(user as u64, row)
    });
    made.collect()
}

/// The first steps of Fisher and Yates' shuffle: the first `count` become a uniform choice without repetition, in random order.
fn shuffle(row: &mut [u32], count: usize, random: &mut Random) {
    for place in 0..count.min(row.len()) {
        let other = place + random.below((row.len() - place) as u64) as usize;
        row.swap(place, other);
    }
}

/// Test ratings are those at positions that `is_test` names.
fn separate(entries: &[Rating], is_test: impl Fn(usize) -> bool) -> Split {
    let part = |test| {
        let of_part = entries.iter().enumerate().filter(|(position, _)| is_test(*position) == test);
        of_part.map(|(_, &rating)| rating).collect()
    };
    Split { train: part(false), test: part(true) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gasworks_engine::graph::Ids;
    use proptest::prelude::*;

    fn ratings(degrees: &[u32]) -> Ratings {
        let entries = degrees.iter().enumerate().flat_map(|(user, &degree)| {
            (0..degree).map(move |item| Rating { user: user as u32, item, value: (item % 5) as f32 })
        });
        Ratings {
            users: Ids::range(degrees.len() as u32),
            items: Ids::range(degrees.iter().copied().max().unwrap_or(0)),
            entries: entries.collect(),
        }
    }

    fn counts(part: &[Rating], users: usize) -> Vec<u32> {
        let mut counts = vec![0; users];
        part.iter().for_each(|rating| counts[rating.user as usize] += 1);
        counts
    }

    #[test]
    fn the_overall_share_is_right_and_light_users_contribute() {
        let ratings = ratings(&[3; 20_000]);
        let split = hold_out(&ratings, 0.1, 0).unwrap();
        let share = split.test.len() as f64 / ratings.entries.len() as f64;
        assert!((share - 0.1).abs() < 0.005, "{share}");
        assert!(counts(&split.test, 20_000).iter().all(|&count| count <= 1));
    }

    #[test]
    fn every_thread_count_and_order_of_lines_gives_the_same_split() {
        let mut ratings = ratings(&[1, 40, 2, 17, 0, 5, 100]);
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let one = pool(1).install(|| hold_out(&ratings, 0.3, 9).unwrap());
        assert_eq!(one, pool(5).install(|| hold_out(&ratings, 0.3, 9).unwrap()));
        assert_ne!(one, hold_out(&ratings, 0.3, 10).unwrap());
        ratings.entries.reverse();
        let mut reversed = hold_out(&ratings, 0.3, 9).unwrap();
        reversed.test.reverse();
        assert_eq!(one.test, reversed.test);
    }

    #[test]
    fn leave_k_out_takes_k_where_one_stays() {
        let split = leave_k_out(&ratings(&[1, 2, 3, 10, 0]), 2, 0);
        assert_eq!(counts(&split.test, 5), [0, 1, 2, 2, 0]);
        assert_eq!(counts(&split.train, 5), [1, 1, 1, 8, 0]);
    }

    #[test]
    fn shares_outside_the_range_are_refused() {
        for share in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
            let error = hold_out(&ratings(&[3]), share, 0).unwrap_err().to_string();
            assert!(error.contains(&share.to_string()), "{error}");
        }
    }

    #[test]
    fn folds_depend_on_ratings_and_seed_alone() {
        let mut ratings = ratings(&[1, 40, 2, 17, 0, 5, 100]);
        let deal = |ratings: &Ratings, threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                folds(ratings, 4, seed).unwrap().iter().map(|split| split.test).collect::<Vec<_>>()
            })
        };
        let one = deal(&ratings, 1, 9);
        assert_eq!(one, deal(&ratings, 5, 9));
        assert_ne!(one, deal(&ratings, 1, 10));
        ratings.entries.reverse();
        let mut reversed = deal(&ratings, 1, 9);
        reversed.iter_mut().for_each(|test| test.reverse());
        assert_eq!(one, reversed);
        assert!(folds(&ratings, 1, 0).unwrap_err().to_string().contains("expected 2 or more, got 1"));
    }

    /// Parts begin anywhere, or light users would all be tested in the first folds.
    #[test]
    fn folds_of_light_users_are_of_equal_size() {
        let ratings = ratings(&[2; 5000]);
        for split in folds(&ratings, 5, 0).unwrap().iter() {
            assert!(split.test.len().abs_diff(2000) < 200, "{}", split.test.len());
        }
    }

    proptest! {
        #[test]
        fn each_rating_is_tested_once(degrees in prop::collection::vec(0u32..30, 0..20), k in 2u32..8, seed: u64) {
            let ratings = ratings(&degrees);
            let folds = folds(&ratings, k, seed).unwrap();
            let mut tested = Vec::new();
            for Split { train, test } in folds.iter() {
                let (kept, held) = (counts(&train, degrees.len()), counts(&test, degrees.len()));
                for ((&degree, &kept), &held) in degrees.iter().zip(&kept).zip(&held) {
                    prop_assert_eq!(kept + held, degree);
                    prop_assert!(held == degree / k || held == degree.div_ceil(k));
                }
                tested.extend(test.iter().map(|rating| (rating.user, rating.item)));
            }
            tested.sort_unstable();
            let whole: Vec<_> = ratings.entries.iter().map(|rating| (rating.user, rating.item)).collect();
            prop_assert_eq!(tested, whole);
        }

        #[test]
        fn parts_are_disjoint_and_whole(degrees in prop::collection::vec(0u32..30, 0..30), share in 0.0..0.999, seed: u64) {
            let ratings = ratings(&degrees);
            let Split { train, test } = hold_out(&ratings, share, seed).unwrap();
            let kept = counts(&train, degrees.len());
            for ((&degree, &kept), held) in degrees.iter().zip(&kept).zip(counts(&test, degrees.len())) {
                prop_assert_eq!(kept + held, degree);
                prop_assert!(kept > 0 || degree == 0);
                prop_assert!((f64::from(held) - f64::from(degree) * share).abs() < 1.0 || kept == 1);
            }
            let mut all: Vec<_> = train.iter().chain(&test).map(|rating| (rating.user, rating.item)).collect();
            all.sort_unstable();
            let whole: Vec<_> = ratings.entries.iter().map(|rating| (rating.user, rating.item)).collect();
            prop_assert_eq!(all, whole);
        }
    }
}
