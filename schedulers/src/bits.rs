//! A set of numbers as bits, with a bit for each word that is not 0, one for each word of those, and so on.
//!
//! A search passes empty stretches 64, 4096, 262,144 numbers at a time, so that looking for one signalled vertex among millions
//! takes a handful of reads (a van Emde Boas layout with fan-out 64). All operations are O(log n) to the base 64.

#[derive(Debug, Default)]
pub(crate) struct Bits {
    /// The members first; a bit of each further level says that a word of the one before is not 0.
    levels: Vec<Vec<u64>>,
    len: u32,
}

impl Bits {
    /// The empty set of numbers below `bound`.
    pub(crate) fn new(bound: usize) -> Self {
        let mut levels = vec![vec![0; bound.div_ceil(64)]];
        while let Some(last @ 2..) = levels.last().map(Vec::len) {
            levels.push(vec![0; last.div_ceil(64)]);
        }
        Bits { levels, len: 0 }
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        self.levels[0][number as usize / 64] >> (number % 64) & 1 == 1
    }

    /// Adds a number; whether it is new.
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        if self.contains(number) {
            return false;
        }
        self.len += 1;
        let mut at = number as usize;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            let before = *word;
            *word |= 1 << (at % 64);
            if before != 0 {
                break;
            }
            at /= 64;
        }
        true
    }

    /// Removes a member.
    pub(crate) fn remove(&mut self, number: u32) {
        debug_assert!(self.contains(number));
        self.len -= 1;
        let mut at = number as usize;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            *word &= !(1 << (at % 64));
            if *word != 0 {
                break;
            }
            at /= 64;
        }
    }

    /// The least member that is not below `from`.
    pub(crate) fn first_from(&self, from: u32) -> Option<u32> {
        let mut at = from as usize;
        for (height, level) in self.levels.iter().enumerate() {
            let rest = level.get(at / 64)? & (u64::MAX << (at % 64));
            if rest != 0 {
                let mut found = at / 64 * 64 + rest.trailing_zeros() as usize;
                for below in self.levels[..height].iter().rev() {
                    found = found * 64 + below[found].trailing_zeros() as usize;
                }
                return Some(found as u32);
            }
            at = at / 64 + 1;
        }
        None
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::collections::BTreeSet;

    use gasworks_engine::Random;

    use super::*;

    #[test]
    fn agrees_with_a_tree() {
        for bound in [0u32, 1, 63, 64, 65, 4096, 4097, 300_000] {
            let (mut bits, mut tree) = (Bits::new(bound as usize), BTreeSet::new());
            assert_eq!(bits.first_from(0), None);
            let mut random = Random::keyed(1, 0, 0, bound.into());
            for step in 0..4000 * u32::from(bound > 0) {
                // Sparse at first, then denser, then emptied.
                let number = random.below(bound.into()) as u32;
                if step < 2000 {
                    assert_eq!(bits.insert(number), tree.insert(number));
                } else if let Some(member) = tree.range(number..).next().copied() {
                    bits.remove(member);
                    tree.remove(&member);
                }
                let from = random.below(u64::from(bound) + 2) as u32;
                assert_eq!(bits.first_from(from), tree.range(from..).next().copied());
                assert_eq!(
                    (bits.len() as usize, bits.contains(number)),
                    (tree.len(), tree.contains(&number))
                );
            }
        }
    }
}
