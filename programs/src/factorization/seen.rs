//! Which items each user rated in training: compressed sparse rows, kept with the model so that lists can leave them out.

use gasworks_engine::input::Rating;

use super::error::FactorizationError;
use super::model::{expect, shape_error};
use super::rows::Rows;

/// The items of each user, strictly ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Where each user's items start, and the end.
    pub(super) offsets: Vec<u64>,
    /// Item numbers.
    pub(super) items: Vec<u32>,
}

impl Seen {
    /// The distinct items of each of `users` users. O(n log n).
    pub(super) fn of(users: usize, ratings: &[Rating]) -> Self {
        let rows = Rows::group(users, ratings, |rating| rating.user);
        let mut seen = Seen { offsets: vec![0], items: Vec::with_capacity(ratings.len()) };
        let mut row = Vec::new();
        for user in 0..rows.len() {
            row.clear();
            row.extend(rows.row(user).iter().map(|&position| ratings[position as usize].item));
            row.sort_unstable();
            row.dedup();
            seen.items.extend_from_slice(&row);
            seen.offsets.push(seen.items.len() as u64);
        }
        seen
    }

    /// The items of a user; none for a number out of range.
    pub(super) fn row(&self, user: u32) -> &[u32] {
        match self.offsets.get(user as usize..).and_then(|offsets| offsets.get(..2)) {
            Some(&[start, end]) => &self.items[start as usize..end as usize],
            _ => &[],
        }
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
        let rating = |user, item| Rating { user, item, value: 1.0 };
        let seen = Seen::of(3, &[rating(2, 4), rating(0, 1), rating(2, 0), rating(2, 4)]);
        assert_eq!([0, 1, 2, 3, u32::MAX].map(|user| seen.row(user)), [&[1][..], &[], &[0, 4], &[], &[]]);
        assert_eq!(seen.counts(5), [1, 1, 0, 0, 1]);
        assert!(seen.validate(3, 5).is_ok() && seen.validate(3, 4).is_err() && seen.validate(2, 5).is_err());
    }
}
