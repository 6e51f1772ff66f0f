//! Ratings grouped by user or by item: compressed sparse rows, built by one counting sort.
//!
//! The order inside a row is the order of the input. O(ratings + rows) time, 8 bytes a row and 4 a rating.

use gasworks_engine::input::Rating;

/// For each row the positions of its ratings in the slice that was grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    starts: Vec<usize>,
    positions: Vec<u32>,
}

impl Rows {
    /// Groups `ratings` by `key`, which is below `rows`.
    ///
    /// # Panics
    /// If a key is not below `rows`, or there are 2^32 ratings or more.
    pub(crate) fn group(rows: usize, ratings: &[Rating], key: impl Fn(&Rating) -> u32) -> Self {
        assert!(
            u32::try_from(ratings.len()).is_ok(),
            "{} ratings; this build numbers them in 32 bits",
            ratings.len()
        );
        let mut starts = vec![0; rows + 1];
        for rating in ratings {
            starts[key(rating) as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut positions = vec![0; ratings.len()];
        for (position, rating) in ratings.iter().enumerate() {
            let next = &mut next[key(rating) as usize];
            positions[*next] = position as u32;
            *next += 1;
        }
        Rows { starts, positions }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The positions of a row's ratings, ascending.
    pub(crate) fn row(&self, row: usize) -> &[u32] {
        &self.positions[self.starts[row]..self.starts[row + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keep_the_order_of_the_input_and_empty_rows() {
        let rating = |user, item| Rating { user, item, value: 1.0 };
        let ratings = [rating(2, 0), rating(0, 1), rating(2, 1), rating(0, 0)];
        let rows = Rows::group(4, &ratings, |rating| rating.user);
        assert_eq!(rows.len(), 4);
        let all: Vec<_> = (0..4).map(|row| rows.row(row)).collect();
        assert_eq!(all, [&[1, 3][..], &[], &[0, 2], &[]]);
    }
}
