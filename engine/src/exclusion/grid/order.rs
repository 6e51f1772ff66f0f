//! The order in which the blocks of a pass are to seem to run, and who waits for whom.
//!
//! An order is random, but one of those in which as many blocks as there are parts come one after the other without a part
//! in common: a shuffled Latin square for two sides, a shuffled round-robin tournament (the circle method) for one. A plain shuffle
//! would chain blocks about twice as deep.

use super::Parts;
use super::cut::shuffle;
use crate::random::Random;

/// Names the stream of random numbers that orders blocks.
const STREAM: u64 = 0x6f72_6465;
/// Stands for no position.
const NONE: u32 = u32::MAX;

/// The order of the blocks of one pass.
#[derive(Debug, Default)]
pub(crate) struct Order {
    blocks: Vec<u32>,
    follow: Vec<Follow>,
    /// Room: the last position at which each part was touched.
    last: Vec<u32>,
    /// Room: shuffled numbers.
    shuffled: [Vec<u32>; 3],
}

/// What one position of an order waits for, and who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Follow {
    /// For how many earlier positions it waits: at most two.
    pub(crate) waits: u8,
    next: [u32; 2],
}

impl Follow {
    /// The positions that wait for it.
    pub(crate) fn next(&self) -> impl Iterator<Item = u32> {
        self.next.into_iter().filter(|position| *position != NONE)
    }
}

impl Order {
    /// Those of `parts` in the order of a pass. Allocates the first time only.
    pub(crate) fn shuffle(&mut self, parts: Parts, seed: u64, pass: u64) {
        let mut random = Random::keyed(seed, STREAM, pass, 0);
        self.blocks.clear();
        if parts.same {
            tournament(parts.sources, &mut random, &mut self.shuffled, &mut self.blocks);
        } else {
            square(parts.sources, parts.targets, &mut random, &mut self.shuffled, &mut self.blocks);
        }
        self.link(parts);
    }

    /// Chains the positions that touch a part, one after the other. Since a block touches two parts, it waits for two others at most,
    /// and at most two wait for it.
    fn link(&mut self, parts: Parts) {
        self.last.clear();
        self.last.resize(parts.count(), NONE);
        self.follow.clear();
        self.follow.resize(self.blocks.len(), Follow { waits: 0, next: [NONE; 2] });
        for (position, block) in self.blocks.iter().enumerate() {
            let [source, target] = parts.ends(*block as usize);
            let before = [self.last[source as usize], self.last[target as usize]];
            for (at, earlier) in before.into_iter().enumerate() {
                if earlier == NONE || at == 1 && earlier == before[0] {
                    continue;
                }
                self.follow[position].waits += 1;
                let [first, second] = &mut self.follow[earlier as usize].next;
                *(if *first == NONE { first } else { second }) = position as u32;
            }
            self.last[source as usize] = position as u32;
            self.last[target as usize] = position as u32;
        }
    }

    pub(crate) fn blocks(&self) -> &[u32] {
        &self.blocks
    }

    pub(crate) fn follow(&self) -> &[Follow] {
        &self.follow
    }
}

/// The numbers below `len`, shuffled, in the place of `room`.
fn shuffled<'r>(len: usize, random: &mut Random, room: &'r mut Vec<u32>) -> &'r [u32] {
    room.clear();
    room.extend(0..len as u32);
    shuffle(room, random);
    room
}

/// Each step takes each row and each column once, as far as there are as many.
fn square(rows: usize, columns: usize, random: &mut Random, room: &mut [Vec<u32>; 3], blocks: &mut Vec<u32>) {
    let steps = rows.max(columns);
    let [row, column, step] = room.each_mut().map(|room| shuffled(steps, random, room));
    for shift in step {
        for (at, row) in row.iter().enumerate() {
            let column = column[(at + *shift as usize) % steps];
            if (*row as usize) < rows && (column as usize) < columns {
                blocks.push(row * columns as u32 + column);
            }
        }
    }
}

/// Each step lets each part meet another one, forth and back; in one step each meets itself.
fn tournament(parts: usize, random: &mut Random, room: &mut [Vec<u32>; 3], blocks: &mut Vec<u32>) {
    let block = |source: u32, target: u32| source * parts as u32 + target;
    let seats = parts.next_multiple_of(2);
    let [seat, steps, _] = room.each_mut();
    let seat = shuffled(seats, random, seat);
    let circle = seats as u32 - 1;
    for step in shuffled(seats, random, steps) {
        let step = *step;
        if step == circle {
            blocks
                .extend(seat.iter().filter(|part| (**part as usize) < parts).map(|part| block(*part, *part)));
            continue;
        }
        for pair in 0..seats as u32 / 2 {
            let (a, b) = match pair {
                0 => (circle, step),
                _ => ((step + pair) % circle, (step + circle - pair) % circle),
            };
            let (a, b) = (seat[a as usize], seat[b as usize]);
            if (a.max(b) as usize) < parts {
                blocks.extend([block(a, b), block(b, a)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Parts> {
        let sides = [(1, 1), (1, 4), (3, 3), (8, 4), (4, 8), (5, 7)];
        let two = sides.map(|(sources, targets)| Parts { sources, targets, same: false });
        let one = [1, 2, 3, 4, 7, 8].map(|parts| Parts { sources: parts, targets: parts, same: true });
        two.into_iter().chain(one)
    }

    #[test]
    fn an_order_has_each_block_once_and_changes_from_pass_to_pass() {
        for parts in all() {
            let mut order = Order::default();
            let mut seen = std::collections::BTreeSet::new();
            for pass in 0..20 {
                order.shuffle(parts, 3, pass);
                seen.insert(order.blocks().to_vec());
                let mut sorted = order.blocks().to_vec();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..parts.blocks() as u32).collect::<Vec<_>>(), "{parts:?}");
            }
            assert!(parts.blocks() <= 4 || seen.len() > 10, "{parts:?}: {} orders", seen.len());
        }
    }

    /// Two blocks with a part in common are joined by a chain of waiting, in their order; nobody waits for a later one.
    #[test]
    fn blocks_with_a_part_in_common_wait_for_each_other() {
        for parts in all() {
            let mut order = Order::default();
            for pass in 0..5 {
                order.shuffle(parts, 1, pass);
                let blocks = order.blocks();
                let mut waits = vec![0; blocks.len()];
                // after[p] holds q: p runs after q.
                let mut after = vec![std::collections::BTreeSet::new(); blocks.len()];
                for position in 0..blocks.len() {
                    for next in order.follow()[position].next() {
                        assert!(next as usize > position);
                        waits[next as usize] += 1;
                        let mut earlier = after[position].clone();
                        earlier.insert(position);
                        after[next as usize].extend(earlier);
                    }
                }
                for (position, follow) in order.follow().iter().enumerate() {
                    assert_eq!(follow.waits, waits[position]);
                }
                for (later, before) in after.iter().enumerate() {
                    for earlier in 0..later {
                        let [a, b] = [earlier, later].map(|position| parts.ends(blocks[position] as usize));
                        let meet = a.iter().any(|part| b.contains(part));
                        assert!(!meet || before.contains(&earlier), "{parts:?} {earlier} {later}");
                    }
                }
            }
        }
    }

    /// With a worker for each part, a pass takes as many steps as the longer side has parts; two more where one meets itself.
    #[test]
    fn chains_of_waiting_are_short() {
        for parts in all() {
            let mut order = Order::default();
            for pass in 0..5 {
                order.shuffle(parts, 2, pass);
                let mut depth = vec![1; parts.blocks()];
                for position in 0..depth.len() {
                    for next in order.follow()[position].next() {
                        depth[next as usize] = depth[next as usize].max(depth[position] + 1);
                    }
                }
                let steps = parts.sources.max(parts.targets);
                let most = if parts.same { 2 * steps.next_multiple_of(2) } else { steps };
                assert!(depth.iter().all(|depth| *depth <= most), "{parts:?}: {depth:?}");
            }
        }
    }
}
