//! The k best of a stream of scored items, with ties in a fixed order.
//!
//! A buffer of 2k entries is cut to its best k by selection whenever it is full, and what is not better than the k-th so far is
//! turned away by one comparison: O(n) in all for n offers, where a heap takes O(n log k).

use std::cmp::Ordering;

/// Collects the best items.
pub(super) struct Top {
    count: usize,
    /// Score and item.
    entries: Vec<(f32, u32)>,
    /// The last of the best `count` at the latest cut.
    bar: Option<(f32, u32)>,
}

/// Greater scores first, then smaller items; NaN last.
fn order(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    let key = |score: f32| if score.is_nan() { f32::NEG_INFINITY } else { score + 0.0 };
    key(b.0).total_cmp(&key(a.0)).then(a.1.cmp(&b.1))
}

impl Top {
    pub(super) fn new(count: usize) -> Self {
        Top { count, entries: Vec::new(), bar: None }
    }

    #[inline]
    pub(super) fn offer(&mut self, score: f32, item: u32) {
        let entry = (score, item);
        if self.count == 0 || self.bar.is_some_and(|bar| order(&entry, &bar) == Ordering::Greater) {
            return;
        }
        self.entries.push(entry);
        if self.entries.len() >= self.count.saturating_mul(2) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.entries.len() >= self.count {
            let (_, &mut last, _) = self.entries.select_nth_unstable_by(self.count - 1, order);
            self.entries.truncate(self.count);
            self.bar = Some(last);
        }
    }

    pub(super) fn into_sorted(mut self) -> Vec<(f32, u32)> {
        self.entries.sort_unstable_by(order);
        self.entries.truncate(self.count);
        self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_are_those_of_a_full_sort(scores in prop::collection::vec(0u8..20, 0..200), count in 0usize..30) {
            let mut top = Top::new(count);
            let mut all: Vec<(f32, u32)> = Vec::new();
            for (item, &score) in scores.iter().enumerate() {
                top.offer(score.into(), item as u32);
                all.push((score.into(), item as u32));
            }
            all.sort_by_key(|&(score, item)| (-(score as i32), item));
            all.truncate(count);
            prop_assert_eq!(top.into_sorted(), all);
        }
    }

    #[test]
    fn nan_comes_last_and_zeros_tie() {
        let mut top = Top::new(4);
        for (item, score) in [f32::NAN, 0.0, -0.0, 1.0].into_iter().enumerate() {
            top.offer(score, item as u32);
        }
        let items: Vec<u32> = top.into_sorted().into_iter().map(|entry| entry.1).collect();
        assert_eq!(items, [3, 1, 2, 0]);
    }
}
