//! Positions of keys in a sorted list.
//!
//! A hash table with keys inside answers with one miss of the cache where a binary search takes twenty. Keys that would be
//! far from their place are left to the binary search, which bounds the cost of ids that were chosen to collide.

/// Sorted keys under an open hash table of their positions.
pub(super) struct SortedIndex<K> {
    keys: Vec<K>,
    /// Positions by hash, `u32::MAX` where free. A power of two, at most half full.
    slots: Vec<(K, u32)>,
}

/// A key that was not placed within so many steps is left to the binary search, which bounds the cost of hostile ids.
const STEPS: usize = 32;

pub(super) trait Spread: Ord + Copy + Default {
    /// 64 bits of it, to be mixed.
    fn low(self) -> u64;
}

impl Spread for u64 {
    fn low(self) -> u64 {
        self
    }
}

impl Spread for i128 {
    fn low(self) -> u64 {
        self as u64
    }
}

impl Spread for u128 {
    fn low(self) -> u64 {
        (self >> 64) as u64 ^ (self as u64).rotate_left(29)
    }
}

impl<K: Spread> SortedIndex<K> {
    pub(super) fn new(keys: Vec<K>) -> Self {
        let slots = vec![(K::default(), u32::MAX); (keys.len() * 2).next_power_of_two()];
        let mut index = SortedIndex { keys, slots };
        let mask = index.slots.len() - 1;
        for (position, key) in index.keys.iter().enumerate() {
            let start = hash(key.low());
            let free = (start..start + STEPS).map(|at| at & mask).find(|at| index.slots[*at].1 == u32::MAX);
            if let Some(free) = free {
                index.slots[free] = (*key, position as u32);
            }
        }
        index
    }

    /// Position of a key, which must be there.
    pub(super) fn get(&self, key: K) -> u32 {
        let mask = self.slots.len() - 1;
        let start = hash(key.low());
        for at in start..start + STEPS {
            let (found, position) = self.slots[at & mask];
            if found == key && position != u32::MAX {
                return position;
            }
        }
        self.keys.binary_search(&key).map_or(u32::MAX, |position| position as u32)
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014), cut to leave room for a few steps.
fn hash(key: u64) -> usize {
    let mixed = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_collide_are_still_found() {
        // More keys of one hash than steps: those left out are found by binary search.
        let mut index = SortedIndex::new((0..100_u64).collect());
        index.slots.iter_mut().for_each(|slot| *slot = (0, u32::MAX));
        assert!((0..100).all(|key| index.get(key) == key as u32));
    }
}
