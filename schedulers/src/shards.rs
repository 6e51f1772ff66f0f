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
//!
//! Most signals of a dense frontier are for tasks that are held already, and where priorities do not count such a signal changes
//! nothing. So each task has a *mark* beside the locks, set while it is held, and `schedule` passes over marked tasks without a lock.
//! Marks of a queue change under its lock: set after the hint was written, so that who passes over a task leaves behind a hint that
//! shows it; cleared before `next` returns. Why nothing is lost: `schedule` has a fence before it looks at marks, `next` one after it
//! cleared them. If `schedule` saw a mark that `next` cleared, its fence came first, and the visit of the task sees whatever was
//! written before the signal.

use std::sync::{PoisonError, TryLockError};

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Random, Task};

use crate::primitives::{
    AtomicU32, AtomicU64, Mutex, MutexGuard,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    fence,
};

/// Tasks `0..tasks` in some order, each held at most once. No method allocates but `new`.
pub(crate) trait Queue {
    /// Whether a task that is held stays as it is when it is pushed once more.
    const MERGES: bool = true;
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

/// A queue whose lock is held, with the marks of its tasks.
pub(crate) struct Open<'a, Q> {
    pub(crate) queue: &'a mut Q,
    marks: &'a [AtomicU64],
}

impl<Q: Queue> Open<'_, Q> {
    pub(crate) fn pop(&mut self) -> Option<u32> {
        let task = self.queue.pop()?;
        if Q::MERGES {
            // Marks change under the lock only.
            let word = &self.marks[task as usize / 64];
            word.store(word.load(Relaxed) & !(1 << (task % 64)), Relaxed);
        }
        Some(task)
    }

    pub(crate) fn hint(&self) -> u32 {
        self.queue.hint()
    }
}

/// Queues, and what each worker counts.
#[derive(Debug)]
pub(crate) struct Shards<Q> {
    shards: Box<[Padded<Shard<Q>>]>,
    /// So many words for each queue: a bit for each task, set while it is held.
    marks: Box<[AtomicU64]>,
    marks_each: usize,
    turns: Box<[Padded<AtomicU64>]>,
    vertices: usize,
}

// Derived, it would ask for `Q: Default`.
impl<Q> Default for Shards<Q> {
    fn default() -> Self {
        Shards {
            shards: Box::default(),
            marks: Box::default(),
            marks_each: 0,
            turns: Box::default(),
            vertices: 0,
        }
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
        // Whole cache lines, so that queues share none.
        let marks_each = if Q::MERGES { tasks.div_ceil(64).next_multiple_of(16) } else { 0 };
        Shards {
            marks: (0..shards * marks_each).map(|_| AtomicU64::new(0)).collect(),
            marks_each,
            shards: (0..shards).map(shard).collect(),
            turns: (0..workers).map(turn).collect(),
            vertices,
        }
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
    #[inline]
    pub(crate) fn schedule(&self, tasks: &[Task], place: impl Fn(Vertex) -> Place) {
        fence(SeqCst);
        for tasks in tasks.chunks(64) {
            self.offer(tasks.len(), |at| tasks[at].vertex, |at| tasks[at].priority, &place);
        }
        fence(SeqCst);
    }

    /// As [`schedule`](Shards::schedule), of tasks with one priority.
    #[inline]
    pub(crate) fn schedule_all(&self, vertices: &[Vertex], priority: f32, place: impl Fn(Vertex) -> Place) {
        fence(SeqCst);
        for vertices in vertices.chunks(64) {
            self.offer(vertices.len(), |at| vertices[at], |_| priority, &place);
        }
        fence(SeqCst);
    }

    /// Takes up to 64 tasks.
    #[inline(always)]
    fn offer(
        &self,
        count: usize,
        vertex: impl Fn(usize) -> Vertex,
        priority: impl Fn(usize) -> f32,
        place: impl Fn(Vertex) -> Place,
    ) {
        let mut waiting = 0u64;
        for at in 0..count {
            let vertex = vertex(at);
            assert!((vertex as usize) < self.vertices, "vertex {vertex} of {}", self.vertices);
            let held = Q::MERGES && {
                let Place { shard, task } = place(vertex);
                let word = &self.marks[shard * self.marks_each + task as usize / 64];
                word.load(Acquire) >> (task % 64) & 1 == 1
            };
            waiting |= u64::from(!held) << at;
        }
        if waiting == 0 {
            return;
        }
        let mut places = [Place { shard: 0, task: 0 }; 64];
        members(waiting).for_each(|at| places[at] = place(vertex(at)));
        while waiting != 0 {
            let shard = places[waiting.trailing_zeros() as usize].shard;
            let mine = members(waiting).filter(|at| places[*at].shard == shard);
            self.push(shard, mine.clone().map(|at| (places[at].task, priority(at))));
            waiting &= !mine.fold(0, |mine, at| mine | 1 << at);
        }
    }

    /// Takes tasks of one queue.
    fn push(&self, shard: usize, tasks: impl Iterator<Item = (u32, f32)> + Clone) {
        let marks = &self.marks[shard * self.marks_each..][..self.marks_each];
        let mut queue = self.lock(shard);
        tasks.clone().for_each(|(task, priority)| queue.push(task, priority));
        self.shards[shard].0.hint.store(queue.hint(), Relaxed);
        if Q::MERGES {
            // Whoever sees the mark sees the hint.
            for (task, _) in tasks {
                let word = &marks[task as usize / 64];
                word.store(word.load(Relaxed) | 1 << (task % 64), Release);
            }
        }
    }

    /// Lets `take` pop from the first queue of an order that holds a task, into the batch. The order names each queue, so that the
    /// batch stays empty only if nothing is held.
    pub(crate) fn first(
        &self,
        order: impl Iterator<Item = usize>,
        batch: &mut Vec<Vertex>,
        take: impl Fn(usize, Open<'_, Q>, &mut Vec<Vertex>),
    ) {
        let before = batch.len();
        fence(SeqCst);
        for shard in order {
            if self.hint(shard) != 0 {
                self.under(shard, self.lock(shard), |queue| take(shard, queue, batch));
                if batch.len() > before {
                    return fence(SeqCst);
                }
            }
        }
    }

    /// Lets `take` pop from a queue unless another thread is at it.
    pub(crate) fn try_one(&self, shard: usize, take: impl FnOnce(Open<'_, Q>)) {
        match self.shards[shard].0.queue.try_lock() {
            Ok(guard) => self.under(shard, guard, take),
            Err(TryLockError::Poisoned(guard)) => self.under(shard, guard.into_inner(), take),
            Err(TryLockError::WouldBlock) => return,
        }
        fence(SeqCst);
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Q> {
        // Queues are whole whenever they might panic, so a panic elsewhere leaves nothing to repair.
        self.shards[shard].0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under(&self, shard: usize, mut queue: MutexGuard<'_, Q>, take: impl FnOnce(Open<'_, Q>)) {
        let marks = &self.marks[shard * self.marks_each..][..self.marks_each];
        take(Open { queue: &mut queue, marks });
        self.shards[shard].0.hint.store(queue.hint(), Relaxed);
    }
}

/// The bits that are set, ascending.
fn members(mut bits: u64) -> impl Iterator<Item = usize> + Clone {
    std::iter::from_fn(move || {
        let first = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (first < 64).then_some(first as usize)
    })
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
