//! A heap of tasks that knows where each task is, so that a held task can be raised in place.
//!
//! Four children a node: half the depth of a binary heap, and the children of a node lie side by side (LaMarca and Ladner 1996,
//! "The influence of caches on the performance of heaps"). `push` and `pop` are O(log n).

use crate::shards::Queue;

/// Greatest priority first; of equal ones the one that has waited longest, so that none waits for ever for its equals.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    /// The greatest first.
    entries: Vec<Entry>,
    /// Where each task is, from 1; 0 for those that are not held.
    places: Vec<u32>,
    /// How many tasks came so far.
    came: u64,
}

/// From the top: the urgency (32 bits), the complement of how many came before (64), the task (32).
type Entry = u128;

const CHILDREN: usize = 4;

/// A number that is greater for greater priorities. Never 0. NaN is least, and both zeros are equal.
pub(crate) fn urgency(priority: f32) -> u32 {
    if priority.is_nan() {
        return 1;
    }
    // A sum with +0 turns -0 to +0.
    let bits = (priority + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn task(entry: Entry) -> u32 {
    entry as u32
}

impl Heap {
    fn put(&mut self, at: usize, entry: Entry) {
        self.entries[at] = entry;
        self.places[task(entry) as usize] = at as u32 + 1;
    }

    fn rise(&mut self, mut at: usize, entry: Entry) {
        while at > 0 {
            let parent = (at - 1) / CHILDREN;
            if self.entries[parent] >= entry {
                break;
            }
            self.put(at, self.entries[parent]);
            at = parent;
        }
        self.put(at, entry);
    }

    fn sink(&mut self, mut at: usize, entry: Entry) {
        loop {
            let children = at * CHILDREN + 1..(at * CHILDREN + 1 + CHILDREN).min(self.entries.len());
            let Some(greatest) = children.max_by_key(|child| self.entries[*child]) else { break };
            if self.entries[greatest] <= entry {
                break;
            }
            self.put(at, self.entries[greatest]);
            at = greatest;
        }
        self.put(at, entry);
    }
}

impl Queue for Heap {
    /// A task may be raised.
    const MERGES: bool = false;

    fn new(tasks: usize) -> Self {
        Heap { entries: Vec::with_capacity(tasks), places: vec![0; tasks], came: 0 }
    }

    fn push(&mut self, task: u32, priority: f32) {
        let urgency = Entry::from(urgency(priority)) << 96;
        match self.places[task as usize] as usize {
            0 => {
                let entry = urgency | Entry::from(!self.came) << 32 | Entry::from(task);
                self.came += 1;
                self.entries.push(entry);
                self.rise(self.entries.len() - 1, entry);
            }
            held => {
                let before = self.entries[held - 1];
                let raised = urgency | before & (Entry::MAX >> 32);
                if raised > before {
                    self.rise(held - 1, raised);
                }
            }
        }
    }

    fn pop(&mut self) -> Option<u32> {
        let last = self.entries.pop()?;
        let first = self.entries.first().copied().unwrap_or(last);
        if !self.entries.is_empty() {
            self.sink(0, last);
        }
        self.places[task(first) as usize] = 0;
        Some(task(first))
    }

    /// The urgency of the first task.
    fn hint(&self) -> u32 {
        self.entries.first().map_or(0, |entry| (entry >> 96) as u32)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::collections::BTreeMap;

    use gasworks_engine::Random;

    use super::*;

    #[test]
    fn urgencies_are_in_the_order_of_priorities() {
        let ascending = [f32::NAN, f32::NEG_INFINITY, f32::MIN, -1.0, -f32::MIN_POSITIVE, 0.0];
        let ascending = ascending.into_iter().chain([f32::MIN_POSITIVE, 0.5, 1.0, f32::MAX, f32::INFINITY]);
        assert!(ascending.map(urgency).is_sorted_by(|a, b| a < b));
        assert_eq!((urgency(-0.0), urgency(-f32::NAN)), (urgency(0.0), urgency(f32::NAN)));
        assert_ne!(urgency(f32::NAN), 0);
    }

    #[test]
    fn agrees_with_a_sorted_map() {
        for tasks in [1, 2, 5, 6, 100] {
            let (mut heap, mut held) = (Heap::new(tasks), BTreeMap::new());
            let capacity = heap.entries.capacity();
            let (mut random, mut came) = (Random::keyed(2, 0, 0, tasks as u64), 0);
            for _ in 0..5000 {
                if random.below(5) < 3 {
                    let (task, priority) = (random.below(tasks as u64) as u32, random.below(20) as f32 - 9.0);
                    heap.push(task, priority);
                    came += 1;
                    let (old, _) = held.entry(task).or_insert((priority, came));
                    *old = old.max(priority);
                } else {
                    let best = held.iter().max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
                    let best = best.map(|(task, _)| *task);
                    assert_eq!(heap.pop(), best);
                    best.map(|task| held.remove(&task));
                }
                let top = held.values().map(|(priority, _)| *priority).fold(f32::NEG_INFINITY, f32::max);
                assert_eq!(heap.hint(), if held.is_empty() { 0 } else { urgency(top) });
            }
            assert_eq!(heap.entries.capacity(), capacity, "allocated");
        }
    }
}
