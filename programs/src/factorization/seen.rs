//! Which items each user rated in training, and how: compressed sparse rows, kept with the model so that lists can leave them out and
//! predictions can be explained by them.

use std::ops::Range;

use gasworks_engine::input::Rating;

use super::error::FactorizationError;
use super::model::{expect, finite, shape_error};
use super::training::RatingList;
use super::values::Values;

/// The items of each user, strictly ascending.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    /// Where each user's items start, and the end.
    pub(super) offsets: Vec<u64>,
    /// Item numbers.
    pub(super) items: Vec<u32>,
    /// One rating for each item; empty in models of files that do not hold them.
    pub(super) values: Values,
}

impl Seen {
    /// The distinct items of each of `users` users; of several ratings of an item the last one. O(n log n).
    pub(super) fn of<R: RatingList + ?Sized>(users: usize, ratings: &R) -> Self {
        let mut offsets = vec![0; users + 1];
        ratings.all().for_each(|rating| offsets[rating.user as usize + 1] += 1);
        for user in 0..users {
            offsets[user + 1] += offsets[user];
        }
        let (mut items, mut values) = (vec![0; ratings.count()], vec![0.0; ratings.count()]);
        let mut next = offsets.clone();
        for Rating { user, item, value } in ratings.all() {
            let at = &mut next[user as usize];
            (items[*at as usize], values[*at as usize]) = (item, value);
            *at += 1;
        }
        // Each row is sorted, and of several ratings of an item the last one stays.
        let (mut row, mut kept) = (Vec::new(), 0);
        for user in 0..users {
            let range = offsets[user] as usize..offsets[user + 1] as usize;
            offsets[user] = kept as u64;
            row.clear();
            row.extend(range.map(|at| (items[at], values[at])));
            row.sort_by_key(|(item, _)| *item);
            for run in row.chunk_by(|one, other| one.0 == other.0) {
                (items[kept], values[kept]) = run[run.len() - 1];
                kept += 1;
            }
        }
        offsets[users] = kept as u64;
        items.truncate(kept);
        Seen { offsets, items, values: Values::of(kept, |at| values[at]) }
    }

    /// The items of a user; none for a number out of range.
    pub(super) fn row(&self, user: u32) -> &[u32] {
        &self.items[self.range(user)]
    }

    /// Where a user's items stand.
    pub(super) fn range(&self, user: u32) -> Range<usize> {
        match self.offsets.get(user as usize..).and_then(|offsets| offsets.get(..2)) {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        }
    }

    /// Whether ratings are kept beside the items.
    pub(super) fn has_values(&self) -> bool {
        self.values.len() == self.items.len()
    }

    /// How many users saw each item.
    pub(super) fn counts(&self, items: usize) -> Vec<u32> {
        let mut counts = vec![0; items];
        self.items.iter().for_each(|&item| counts[item as usize] += 1);
        counts
    }

    /// Whether these are rows of `users` users that name only the first `items` items.
    pub(super) fn validate(&self, users: usize, items: usize) -> Result<(), FactorizationError> {
        expect("offsets of seen items", self.offsets.len(), users.saturating_add(1))?;
        let total = self.items.len() as u64;
        if self.values != Values::NONE {
            expect("ratings of seen items", self.values.len(), self.items.len())?;
            finite("ratings of seen items", self.values.levels(), 1)?;
        }
        if self.offsets[0] != 0 || self.offsets[users] != total || !self.offsets.is_sorted() {
            let expected = format!("numbers that ascend from 0 to {total}");
            return Err(shape_error("offsets of seen items", expected, "others".into()));
        }
        for pair in self.offsets.windows(2) {
            let row = &self.items[pair[0] as usize..pair[1] as usize];
            if !row.is_sorted_by(|a, b| a < b) || row.last().is_some_and(|&item| item as usize >= items) {
                let expected = format!("for each user ascending numbers below {items}");
                return Err(shape_error("seen items", expected, "others".into()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_distinct_and_absent_users_saw_nothing() {
        let rating = |user, item, value| Rating { user, item, value };
        let seen = Seen::of(3, &[rating(2, 4, 9.0), rating(0, 1, 1.0), rating(2, 0, 2.0), rating(2, 4, 3.0)]);
        assert!(
            seen.has_values() && seen.values == Values::of(3, |at| [1.0, 2.0, 3.0][at]),
            "the last of several counts"
        );
        assert_eq!([0, 1, 2, 3, u32::MAX].map(|user| seen.row(user)), [&[1][..], &[], &[0, 4], &[], &[]]);
        assert_eq!(seen.counts(5), [1, 1, 0, 0, 1]);
        assert!(seen.validate(3, 5).is_ok() && seen.validate(3, 4).is_err() && seen.validate(2, 5).is_err());
    }
}
