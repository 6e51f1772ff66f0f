//! How often each item is rated: a Zipf law with a shift (Mandelbrot 1953), and what it makes of a user's list.
//!
//! A user rates distinct items, drawn one after another in proportion to their popularity. Short lists are drawn with rejection; long ones as
//! a race of exponential clocks, of which the first are taken (Efraimidis and Spirakis 2006): both are the same law.

use rayon::prelude::*;

use crate::Random;

/// The item at rank `r` has weight `(r + SHIFT)^-EXPONENT`, as its integral over `r - 1/2 ..= r + 1/2`, which has a closed inverse.
const EXPONENT: f64 = 1.15;
const SHIFT: f64 = 60.0;
/// Lists longer than this fraction of the items are raced.
const RACE_ABOVE: usize = 8;

pub(super) struct Popularity {
    /// The integral's terms at both ends.
    first: f64,
    last: f64,
    /// The probability of each rank; they sum to 1.
    shares: Vec<f64>,
}

/// What a worker needs to draw lists, cleared after each.
#[derive(Default)]
pub(super) struct Scratch {
    taken: Vec<bool>,
    clocks: Vec<(f64, u32)>,
}

/// The indefinite integral, without its constant factor.
fn term(rank: f64) -> f64 {
    (rank + (SHIFT - 0.5)).powf(1.0 - EXPONENT)
}

impl Popularity {
    pub(super) fn new(items: u32) -> Self {
        let (first, last) = (term(0.0), term(items.into()));
        let share = |rank: u32| (term(rank.into()) - term(f64::from(rank) + 1.0)) / (first - last);
        Popularity { first, last, shares: (0..items).map(share).collect() }
    }

    fn draw(&self, random: &mut Random) -> usize {
        let term = self.first - random.uniform() * (self.first - self.last);
        let rank = term.powf(1.0 / (1.0 - EXPONENT)) - (SHIFT - 0.5);
        (rank as usize).min(self.shares.len() - 1)
    }

    /// Puts the ranks of `length` distinct items into `list`, in no particular order.
    pub(super) fn draw_list(
        &self,
        length: usize,
        random: &mut Random,
        scratch: &mut Scratch,
        list: &mut Vec<u32>,
    ) {
        list.clear();
        if length > self.shares.len() / RACE_ABOVE {
            self.race(length, random, &mut scratch.clocks, list);
        } else {
            self.reject(length, random, &mut scratch.taken, list);
        }
    }

    fn reject(&self, length: usize, random: &mut Random, taken: &mut Vec<bool>, list: &mut Vec<u32>) {
        taken.resize(self.shares.len(), false);
        while list.len() < length {
            let rank = self.draw(random);
            if !std::mem::replace(&mut taken[rank], true) {
                list.push(rank as u32);
            }
        }
        for rank in list {
            taken[*rank as usize] = false;
        }
    }

    fn race(&self, length: usize, random: &mut Random, clocks: &mut Vec<(f64, u32)>, list: &mut Vec<u32>) {
        clocks.clear();
        clocks.extend(self.shares.iter().map(|share| -(1.0 - random.uniform()).ln() / share).zip(0..));
        if length < clocks.len() {
            clocks.select_nth_unstable_by(length, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        list.extend(clocks[..length].iter().map(|(_, rank)| rank));
    }

    /// How long the users' lists are: `count` in total, each at most all items.
    ///
    /// A user makes draws in proportion to activity, and those that repeat an item are lost; the number of draws is chosen such that
    /// `count` remain. Most active users therefore have shorter lists than in proportion.
    ///
    /// # Panics
    /// If `count` exceeds users times items.
    pub(super) fn list_lengths(&self, activities: &[f64], count: u64) -> Vec<u32> {
        let items = self.shares.len() as u32;
        assert!(count <= activities.len() as u64 * u64::from(items));
        if count == 0 {
            return vec![0; activities.len()];
        }
        let distinct = Distinct::new(&self.shares);
        let total = |log_scale: f64| -> f64 {
            let part = |part: &[f64]| part.iter().map(|a| distinct.expected(a.ln() + log_scale)).sum();
            activities.par_chunks(1 << 12).map(part).collect::<Vec<f64>>().iter().sum()
        };
        // Bisection over every scale that could matter: from far less than one draw a user to every item drawn.
        let (mut low, mut high) = (-60.0, 120.0);
        for _ in 0..45 {
            let middle = (low + high) / 2.0;
            if total(middle) < count as f64 { low = middle } else { high = middle }
        }

        // Rounded so that the error is carried to the next user, then made exact.
        let mut carried = 0.0;
        let mut lengths: Vec<u32> = activities
            .iter()
            .map(|activity| {
                let wanted = distinct.expected(activity.ln() + high) + carried;
                let length = wanted.round().clamp(0.0, items.into());
                carried = wanted - length;
                length as u32
            })
            .collect();
        let mut sum: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
        while sum != count {
            for length in &mut lengths {
                if sum < count && *length < items {
                    (*length, sum) = (*length + 1, sum + 1);
                } else if sum > count && *length > 0 {
                    (*length, sum) = (*length - 1, sum - 1);
                }
            }
        }
        lengths
    }
}

/// The expected number of distinct items among `n` draws (`n` Poisson): the sum over items of `1 - exp(-n share)`, tabulated over the
/// logarithm of `n`.
struct Distinct {
    logarithms: Vec<f64>,
    items: f64,
}

impl Distinct {
    /// Fewer draws than `exp(FIRST)` hardly ever repeat an item.
    const FIRST: f64 = -5.0;
    const STEP: f64 = 0.25;

    fn new(shares: &[f64]) -> Self {
        let rarest = shares.last().copied().unwrap_or(1.0);
        // exp(-40) of the rarest item is missing there.
        let points = (((40.0 / rarest).ln() - Self::FIRST) / Self::STEP).ceil() as usize + 1;
        let at = |point| {
            let draws = (Self::FIRST + Self::STEP * f64::from(point)).exp();
            shares.iter().map(|share| -(-draws * share).exp_m1()).sum::<f64>().ln()
        };
        Distinct {
            logarithms: (0..points as u32).into_par_iter().map(at).collect(),
            items: shares.len() as f64,
        }
    }

    fn expected(&self, log_draws: f64) -> f64 {
        let point = (log_draws - Self::FIRST) / Self::STEP;
        if point <= 0.0 {
            return log_draws.exp();
        }
        match self.logarithms.get(point as usize..point as usize + 2) {
            Some(&[left, right]) => (left + (right - left) * point.fract()).exp().min(self.items),
            _ => self.items,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_have_their_shares() {
        let popularity = Popularity::new(500);
        let weight = |rank: u32| (f64::from(rank) + SHIFT).powf(-EXPONENT);
        let sum: f64 = (0..500).map(weight).sum();
        for (rank, share) in (0..).zip(&popularity.shares) {
            assert!((share * sum / weight(rank) - 1.0).abs() < 1e-3, "{rank}: {share}");
        }
        let draws = 200_000;
        let mut random = Random::keyed(1, 2, 3, 4);
        let mut seen = [0.0; 10];
        for _ in 0..draws {
            seen[popularity.draw(&mut random) / 50] += 1.0;
        }
        for (part, seen) in popularity.shares.chunks(50).zip(seen) {
            let expected = part.iter().sum::<f64>() * f64::from(draws);
            assert!((seen - expected).abs() < 5.0 * expected.sqrt(), "{seen} of {expected}");
        }
    }

    /// Both ways of drawing a list choose items equally often.
    #[test]
    fn rejection_and_race_are_the_same_law() {
        let popularity = Popularity::new(16);
        let (mut taken, mut clocks, mut list) = (Vec::new(), Vec::new(), Vec::new());
        let mut counts = [[0.0f64; 16]; 2];
        for round in 0..40_000 {
            for (way, counts) in counts.iter_mut().enumerate() {
                let mut random = Random::keyed(1, 1, round, way as u64);
                list.clear();
                match way {
                    0 => popularity.reject(4, &mut random, &mut taken, &mut list),
                    _ => popularity.race(4, &mut random, &mut clocks, &mut list),
                }
                assert_eq!(list.len(), 4);
                list.iter().for_each(|rank| counts[*rank as usize] += 1.0);
            }
        }
        for (rejected, raced) in counts[0].iter().zip(counts[1]) {
            assert!((rejected - raced).abs() < 5.0 * (rejected + raced).sqrt(), "{rejected} {raced}");
        }
    }

    #[test]
    fn long_lists_are_distinct_and_favor_the_popular() {
        let popularity = Popularity::new(1000);
        let (mut scratch, mut list) = (Scratch::default(), Vec::new());
        let mut popular = 0;
        for round in 0..50 {
            popularity.draw_list(600, &mut Random::keyed(1, 1, 0, round), &mut scratch, &mut list);
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), 600);
            popular += list.iter().filter(|rank| **rank < 100).count();
        }
        assert!(popular > 50 * 90, "{popular}");
        popularity.draw_list(1000, &mut Random::keyed(1, 1, 0, 0), &mut scratch, &mut list);
        list.sort_unstable();
        assert!(list.iter().copied().eq(0..1000));
    }

    #[test]
    fn lengths_sum_to_the_count_and_follow_activity() {
        let popularity = Popularity::new(300);
        let activities: Vec<f64> = (0..100).map(|user| f64::from(user + 1)).collect();
        for count in [0, 1, 99, 100, 5_000, 20_000, 29_999, 30_000] {
            let lengths = popularity.list_lengths(&activities, count);
            assert_eq!(lengths.iter().map(|length| u64::from(*length)).sum::<u64>(), count);
            assert!(lengths.iter().all(|length| *length <= 300));
            assert!(lengths[99] >= lengths[0]);
        }
        let lengths = popularity.list_lengths(&activities, 2_000);
        assert!(lengths.is_sorted_by(|a, b| *a <= b + 1), "{lengths:?}");
        assert!(lengths[99] < 100 * lengths[0].max(1));
    }

    #[test]
    fn the_table_of_distinct_items_is_exact_enough() {
        let shares = Popularity::new(2_000).shares;
        let table = Distinct::new(&shares);
        for draws in [1e-4, 0.01, 1.0, 33.3, 777.0, 12_345.6, 1e6, 1e9] {
            let exact: f64 = shares.iter().map(|share| 1.0 - (-draws * share).exp()).sum();
            let read = table.expected(f64::ln(draws));
            assert!((read / exact - 1.0).abs() < 0.01, "{draws}: {read} for {exact}");
        }
    }
}
