//! Vertices cut into parts.

use std::ops::Range;

use crate::random::Random;

/// Names the stream of random numbers that shuffles vertices.
const STREAM: u64 = 0x6772_6964;

/// Some vertices, part by part.
pub(super) struct Cut {
    /// Shuffled.
    pub(super) members: Vec<u32>,
    /// Where each part starts among the members, and where the last one ends.
    pub(super) bounds: Vec<usize>,
}

impl Cut {
    /// Shuffles `vertices` by the seed and cuts them into so many parts, whose weights are as even as cuts between vertices allow: the
    /// weight before each cut is off by less than one vertex's. O(vertices).
    pub(super) fn new(vertices: Range<u32>, parts: usize, weight: impl Fn(u32) -> u64, seed: u64) -> Self {
        let mut random = Random::keyed(seed, STREAM, 0, vertices.start.into());
        let mut members: Vec<u32> = vertices.collect();
        shuffle(&mut members, &mut random);
        let total: u64 = members.iter().map(|member| weight(*member)).sum();
        let (mut bounds, mut before) = (vec![0], 0);
        for (at, member) in members.iter().enumerate() {
            // The next part begins where the weight before it is nearest to its share.
            while bounds.len() < parts {
                let share = (u128::from(total) * bounds.len() as u128 / parts as u128) as u64;
                if before + weight(*member) / 2 < share.max(1) {
                    break;
                }
                bounds.push(at);
            }
            before += weight(*member);
        }
        bounds.resize(parts + 1, members.len());
        Cut { members, bounds }
    }

    pub(super) fn part(&self, part: usize) -> &[u32] {
        &self.members[self.bounds[part]..self.bounds[part + 1]]
    }
}

/// Every order is as likely as any other (Durstenfeld 1964, algorithm 235).
pub(super) fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for last in (1..items.len()).rev() {
        items.swap(last, random.below(last as u64 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_even_and_hold_each_vertex_once() {
        for (parts, seed) in [(1, 0), (2, 1), (7, 2), (40, 3), (100, 4)] {
            let weight = |vertex: u32| u64::from(vertex % 10) + if vertex == 77 { 300 } else { 0 };
            let cut = Cut::new(50..150, parts, weight, seed);
            assert_eq!((cut.bounds.len(), cut.bounds[0], cut.bounds[parts]), (parts + 1, 0, 100));
            assert!(cut.bounds.is_sorted());
            let mut sorted = cut.members.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (50..150).collect::<Vec<_>>());
            let total: u64 = (50..150).map(weight).sum();
            for (part, bound) in cut.bounds.iter().enumerate() {
                let before: u64 = cut.members[..*bound].iter().map(|member| weight(*member)).sum();
                let share = total * part as u64 / parts as u64;
                assert!(
                    before.abs_diff(share) <= 310,
                    "{parts} parts: {before} before cut {part}, not {share}"
                );
            }
        }
        assert_ne!(Cut::new(0..90, 3, |_| 1, 0).members, Cut::new(0..90, 3, |_| 1, 1).members);
        assert_eq!(Cut::new(0..0, 3, |_| 1, 0).bounds, [0, 0, 0, 0]);
    }
}
