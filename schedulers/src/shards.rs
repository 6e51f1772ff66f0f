//! Queues under a lock each: the part that all schedulers share, and the only one in which threads meet.
//!
//! A vertex has one queue for good. So its queue alone knows whether it is held (deduplication is exact), and a scan that meets
//! each queue once cannot miss a task that moved meanwhile. Beside its lock each queue has a *hint*, 0 if and only if it is empty,
//! which is written under the lock and read without it: workers that look for tasks pass empty queues without writing to memory
//! that busy workers use.
//!
//! Why the hint may be trusted with the empty answer: hints of a queue are written in the order of its lock. If `schedule` returned
//! before `next` was called, then `next` reads the hint of that `schedule` or a later one, and a later 0 says that the task was
//! handed out. "Before" is often decided by a flag, as in "I look for tasks for the last time" against "I scheduled one, does
//! somebody look?"; the two fences order the hints against any such flag, as the locks themselves would.

use std::sync::{PoisonError, TryLockError};

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Random, Task};

use crate::primitives::{
    AtomicU32, AtomicU64, Mutex, MutexGuard,
    Ordering::{Relaxed, SeqCst},
    fence,
};

/// Tasks `0..tasks` in some order, each held at most once. No method allocates but `new`.
pub(crate) trait Queue {
    /// An empty queue.
    fn new(tasks: usize) -> Self;
    /// Takes a task, or raises the one that is held.
    fn push(&mut self, task: u32, priority: f32);
    fn pop(&mut self) -> Option<u32>;
    /// 0 if and only if the queue is empty; otherwise how much it holds, or how urgent its first task is.
    fn hint(&self) -> u32;
}

/// Alone on its cache lines: processors fetch lines of 64 bytes in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Padded<T>(T);

#[derive(Debug)]
struct Shard<Q> {
    hint: AtomicU32,
    queue: Mutex<Q>,
}

/// Queues, and what each worker counts.
#[derive(Debug)]
pub(crate) struct Shards<Q> {
    shards: Box<[Padded<Shard<Q>>]>,
    turns: Box<[Padded<AtomicU64>]>,
    vertices: usize,
}

// Derived, it would ask for `Q: Default`.
impl<Q> Default for Shards<Q> {
    fn default() -> Self {
        Shards { shards: Box::default(), turns: Box::default(), vertices: 0 }
    }
}

/// Where a vertex is: which queue, and under which number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) shard: usize,
    pub(crate) task: u32,
}

impl<Q: Queue> Shards<Q> {
    /// So many empty queues for so many tasks each.
    pub(crate) fn new(vertices: usize, workers: usize, shards: usize, tasks: usize) -> Self {
        let shard = |_| Padded(Shard { hint: AtomicU32::new(0), queue: Mutex::new(Q::new(tasks)) });
        let turn = |_| Padded(AtomicU64::new(0));
        Shards { shards: (0..shards).map(shard).collect(), turns: (0..workers).map(turn).collect(), vertices }
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.len()
    }

    pub(crate) fn workers(&self) -> usize {
        self.turns.len()
    }

    /// How often a worker asked before.
    pub(crate) fn turn(&self, worker: usize) -> u64 {
        self.turns[worker].0.fetch_add(1, Relaxed)
    }

    /// The hint of a queue, without its lock; so it may be old.
    pub(crate) fn hint(&self, shard: usize) -> u32 {
        self.shards[shard].0.hint.load(Relaxed)
    }

    /// Takes tasks, with one lock for all of a queue in each 64. Those of one queue keep their order.
    pub(crate) fn schedule(&self, tasks: &[Task], place: impl Fn(Vertex) -> Place) {
        for tasks in tasks.chunks(64) {
            let mut places = [Place { shard: 0, task: 0 }; 64];
            for (task, to) in tasks.iter().zip(&mut places) {
                assert!(
                    (task.vertex as usize) < self.vertices,
                    "vertex {} of {}",
                    task.vertex,
                    self.vertices
                );
                *to = place(task.vertex);
            }
            let mut waiting = u64::MAX >> (64 - tasks.len());
            while waiting != 0 {
                let first = waiting.trailing_zeros() as usize;
                let shard = places[first].shard;
                self.change(shard, |queue| {
                    for at in first..tasks.len() {
                        if places[at].shard == shard {
                            queue.push(places[at].task, tasks[at].priority);
                            waiting &= !(1 << at);
                        }
                    }
                });
            }
        }
        fence(SeqCst);
    }

    /// Lets `take` pop from the first queue of an order that holds a task, into the batch. The order names each queue, so that the
    /// batch stays empty only if nothing is held.
    pub(crate) fn first(
        &self,
        order: impl Iterator<Item = usize>,
        batch: &mut Vec<Vertex>,
        take: impl Fn(usize, &mut Q, &mut Vec<Vertex>),
    ) {
        let before = batch.len();
        fence(SeqCst);
        for shard in order {
            if self.hint(shard) != 0 {
                self.change(shard, |queue| take(shard, queue, batch));
                if batch.len() > before {
                    return;
                }
            }
        }
    }

    /// Lets `take` pop from a queue unless another thread is at it.
    pub(crate) fn try_one(&self, shard: usize, take: impl FnOnce(&mut Q)) {
        match self.shards[shard].0.queue.try_lock() {
            Ok(guard) => self.under(shard, guard, take),
            Err(TryLockError::Poisoned(guard)) => self.under(shard, guard.into_inner(), take),
            Err(TryLockError::WouldBlock) => {}
        }
    }

    fn change<R>(&self, shard: usize, change: impl FnOnce(&mut Q) -> R) -> R {
        // Queues are whole whenever they might panic, so a panic elsewhere leaves nothing to repair.
        let guard = self.shards[shard].0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        self.under(shard, guard, change)
    }

    fn under<R>(&self, shard: usize, mut queue: MutexGuard<'_, Q>, change: impl FnOnce(&mut Q) -> R) -> R {
        let result = change(&mut queue);
        self.shards[shard].0.hint.store(queue.hint(), Relaxed);
        result
    }
}

/// Spreads vertices over queues: of each block of as many consecutive vertices as there are queues, every queue has one, in an order
/// turned by a hash of the block. Queues are equally large whatever the graph, and no stride of vertex numbers meets one queue only;
/// and, unlike under a plain hash, the number of a vertex within its queue is computed instead of stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread {
    shards: u32,
}

impl Spread {
    pub(crate) fn over(shards: usize) -> Self {
        Spread { shards: u32::try_from(shards).expect("fewer queues than vertex numbers") }
    }

    /// How many tasks the largest queue can hold.
    pub(crate) fn tasks(self, vertices: usize) -> usize {
        vertices.div_ceil(self.shards as usize)
    }

    pub(crate) fn place(self, vertex: Vertex) -> Place {
        let (block, at) = (vertex / self.shards, vertex % self.shards);
        let turned = u64::from(at) + self.turn(block);
        Place { shard: (turned % u64::from(self.shards)) as usize, task: block }
    }

    pub(crate) fn vertex(self, shard: usize, task: u32) -> Vertex {
        let shards = u64::from(self.shards);
        let at = (shard as u64 + shards - self.turn(task)) % shards;
        task * self.shards + at as u32
    }

    fn turn(self, block: u32) -> u64 {
        const STREAM: u64 = 0x7368_6172_6473;
        Random::keyed(0, STREAM, 0, block.into()).below(self.shards.into())
    }
}

/// How many tasks a worker takes at once from a queue that holds so many and that so many workers use.
///
/// A signal to a task that was handed out and has not run schedules it again, where one that is held would only have merged: so few.
/// Where many are held, more: a batch that is a small part of them is seldom signalled meanwhile. Otherwise one worker takes one at a
/// time, since nobody else wants the lock, and several a fair part, so that few tasks still reach all workers.
pub(crate) fn share(held: u32, users: usize, workers: usize) -> usize {
    const FAIR: usize = 16;
    const MOST: usize = 64;
    let held = held as usize;
    let fair = if workers == 1 { 1 } else { held.div_ceil(users).clamp(1, FAIR) };
    fair.max((held / (MOST * workers)).min(MOST))
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn places_are_each_taken_once_and_found_back() {
        for shards in [1, 2, 3, 7, 8, 128] {
            let spread = Spread::over(shards);
            for vertices in [0u32, 1, 5, 64, 1000] {
                let tasks = spread.tasks(vertices as usize);
                let mut taken = vec![false; shards * tasks];
                for vertex in 0..vertices {
                    let Place { shard, task } = spread.place(vertex);
                    assert!(!std::mem::replace(&mut taken[shard * tasks + task as usize], true));
                    assert_eq!(spread.vertex(shard, task), vertex);
                }
            }
            let last = spread.place(u32::MAX - 1);
            assert_eq!(spread.vertex(last.shard, last.task), u32::MAX - 1);
        }
    }

    #[test]
    fn strides_meet_all_queues() {
        for shards in [4, 8, 16] {
            let spread = Spread::over(shards as usize);
            let mut counts = vec![0; shards as usize];
            (0..64 * shards).for_each(|at| counts[spread.place(at * shards).shard] += 1);
            assert!(counts.iter().all(|count| (24..=128).contains(count)), "{shards}: {counts:?}");
        }
    }

    #[test]
    fn a_share_is_fair_and_never_nothing() {
        assert_eq!([share(100, 1, 1), share(100, 50, 50), share(3, 2, 8), share(1, 64, 64)], [1, 2, 2, 1]);
        assert_eq!([share(1_000_000, 2, 2), share(1000, 1, 1), share(100_000, 1, 1)], [64, 15, 64]);
    }
}
