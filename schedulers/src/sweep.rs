//! Sweep: all vertices in order, again and again (GraphLab 1's `sweep`; Low et al. 2010, section 3.4).

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Phase, Random, Scheduler, Selection, Task};

use crate::bits::Bits;
use crate::primitives::{AtomicU32, Ordering::Relaxed};
use crate::rounds::Phases;
use crate::shards::{Place, Queue, Shards, share};

/// Under executors with barriers: every vertex, every round, until none signals. Under the others: cyclic over the
/// vertices that are signalled, ascending or in a permuted order. Priorities are ignored.
///
/// Without barriers and with several workers, each sweeps over its own part of the order: the blocks of 64 that are its turn, so that
/// parts are alike, whatever the vertices of a range have in common. Nobody begins the next sweep while another part is behind with
/// this one: who is ahead helps there first, so that no part starves whose worker is busy. There is a lock for each part. A task costs O(log n) to the base 64, however few are signalled. Memory is a bit for each vertex, and 8 bytes more if
/// permuted.
///
/// ```
/// use gasworks_engine::{Scheduler, Task};
/// use gasworks_schedulers::Sweep;
/// let mut sweep = Sweep::new();
/// sweep.start(10, 1);
/// let task = |vertex| Task { vertex, priority: 1.0 };
/// let mut order = Vec::new();
/// sweep.schedule(&[task(7), task(4)]);
/// sweep.next(0, &mut order);
/// // 6 is still ahead in this sweep; 3 waits for the next one.
/// sweep.schedule(&[task(3), task(6)]);
/// (0..4).for_each(|_| sweep.next(0, &mut order));
/// assert_eq!(order, [4, 6, 7, 3]);
/// ```
///
/// # Panics
/// `schedule`, if a vertex is not below the number that `start` was given.
#[derive(Debug, Default)]
pub struct Sweep {
    phases: Phases,
    order: Order,
    permutation: Permutation,
    workers: Divisor,
    shards: Shards<Part>,
    /// How many sweeps over each part are over.
    laps: Vec<AtomicU32>,
}

/// The order of vertices in a sweep.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Order {
    #[default]
    Linear,
    /// At random, by this seed.
    Permuted(u64),
}

/// A number to divide by, many times: by a multiplication (Lemire, Kaser and Kurz 2019, "Faster remainder by direct computation",
/// section 3).
#[derive(Clone, Copy, Debug, Default)]
struct Divisor {
    by: u32,
    /// 2^64 / by, rounded up; 0 for 1.
    inverse: u64,
}

impl Divisor {
    fn new(by: u32) -> Self {
        Divisor { by, inverse: if by == 1 { 0 } else { u64::MAX / u64::from(by) + 1 } }
    }

    /// Quotient and remainder.
    fn divide(self, number: u32) -> (u32, u32) {
        let high = (u128::from(self.inverse) * u128::from(number)) >> 64;
        let quotient = if self.by == 1 { number } else { high as u32 };
        (quotient, number - quotient * self.by)
    }
}

/// Both empty if the order is linear.
#[derive(Debug, Default)]
struct Permutation {
    position_of: Vec<u32>,
    vertex_at: Vec<Vertex>,
}

impl Permutation {
    /// Uniform among all (Fisher and Yates 1938).
    fn random(vertices: usize, seed: u64) -> Self {
        const STREAM: u64 = 0x0073_7765_6570;
        let mut random = Random::keyed(seed, STREAM, 0, 0);
        let mut vertex_at: Vec<_> = (0..vertices as u32).collect();
        for at in (1..vertices).rev() {
            vertex_at.swap(at, random.below(at as u64 + 1) as usize);
        }
        let mut position_of = vec![0; vertices];
        vertex_at.iter().zip(0..).for_each(|(vertex, at)| position_of[*vertex as usize] = at);
        Permutation { position_of, vertex_at }
    }

    fn position(&self, vertex: Vertex) -> u32 {
        self.position_of.get(vertex as usize).copied().unwrap_or(vertex)
    }

    fn vertex(&self, position: u32) -> Vertex {
        self.vertex_at.get(position as usize).copied().unwrap_or(position)
    }
}

/// A part of the order, and where the sweep over it is.
#[derive(Debug)]
struct Part {
    signalled: Bits,
    at: u32,
}

impl Part {
    /// Whether nothing is signalled ahead in this sweep.
    fn is_swept(&self) -> bool {
        self.signalled.first_from(self.at).is_none()
    }
}

impl Queue for Part {
    fn new(tasks: usize) -> Self {
        Part { signalled: Bits::new(tasks), at: 0 }
    }

    fn push(&mut self, task: u32, _: f32) {
        self.signalled.insert(task);
    }

    fn pop(&mut self) -> Option<u32> {
        let next = self.signalled.first_from(self.at).or_else(|| self.signalled.first_from(0))?;
        self.signalled.remove(next);
        self.at = next + 1;
        Some(next)
    }

    /// How many are signalled.
    fn hint(&self) -> u32 {
        self.signalled.len()
    }
}

/// Positions that lie side by side in one part.
const BLOCK: u32 = 64;

impl Sweep {
    /// Sweeps over all vertices, ascending.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn of(phases: Phases, order: Order) -> Self {
        Sweep { phases, order, ..Self::default() }
    }

    /// Whether tasks lie in the one part as vertices do in the graph: no division a signal.
    fn is_plain(&self) -> bool {
        self.workers.by == 1 && self.permutation.position_of.is_empty()
    }

    fn place(&self, vertex: Vertex) -> Place {
        let position = self.permutation.position(vertex);
        let (block, shard) = self.workers.divide(position / BLOCK);
        Place { shard: shard as usize, task: block * BLOCK + position % BLOCK }
    }

    /// On a bipartite graph, under executors with barriers: each round is all left vertices, then all right ones, which
    /// already see what the left published (alternating least squares).
    pub fn sides() -> Self {
        Self::of(Phases::Sides, Order::Linear)
    }

    /// Sweeps over all vertices in a random order, which the seed decides and which stays the same from sweep to sweep. Under
    /// executors with barriers the order does not matter.
    pub fn permuted(seed: u64) -> Self {
        Self::of(Phases::All, Order::Permuted(seed))
    }
}

impl Scheduler for Sweep {
    fn name(&self) -> &'static str {
        "sweep"
    }

    fn selection(&self) -> Option<Selection> {
        Some(Selection::Everyone)
    }

    fn phases(&self) -> &'static [Phase] {
        self.phases.list()
    }

    fn start(&mut self, vertices: usize, workers: usize) {
        self.permutation = match self.order {
            Order::Linear => Permutation::default(),
            Order::Permuted(seed) => Permutation::random(vertices, seed),
        };
        self.workers = Divisor::new(workers as u32);
        let width = vertices.div_ceil(BLOCK as usize).div_ceil(workers).max(1) * BLOCK as usize;
        self.shards = Shards::new(vertices, workers, workers, width);
        self.laps = (0..workers).map(|_| AtomicU32::new(0)).collect();
    }

    fn schedule(&self, tasks: &[Task]) {
        match self.is_plain() {
            true => self.shards.schedule(tasks, |vertex| Place { shard: 0, task: vertex }),
            false => self.shards.schedule(tasks, |vertex| self.place(vertex)),
        }
    }

    fn schedule_all(&self, vertices: &[Vertex], priority: f32) {
        match self.is_plain() {
            true => self.shards.schedule_all(vertices, priority, |vertex| Place { shard: 0, task: vertex }),
            false => self.shards.schedule_all(vertices, priority, |vertex| self.place(vertex)),
        }
    }

    fn next(&self, worker: usize, batch: &mut Vec<Vertex>) {
        let all = self.shards.len();
        let lap = |shard: usize| self.laps[shard].load(Relaxed);
        let signalled = (0..all).map(|at| (worker + at) % all).filter(|shard| self.shards.hint(*shard) != 0);
        let first = signalled.min_by_key(|shard| lap(*shard)).unwrap_or(worker);
        self.shards.first((0..all).map(|at| (first + at) % all), batch, |shard, mut part, batch| {
            let positions = (0..share(part.hint(), 2, all)).map_while(|_| part.pop());
            let position = |at| (at / BLOCK * self.workers.by + shard as u32) * BLOCK + at % BLOCK;
            batch.extend(positions.map(|at| self.permutation.vertex(position(at))));
            if all > 1 && part.queue.is_swept() {
                // A part that lay still for long is level with the others after one sweep.
                let most = (0..all).map(lap).max().unwrap_or(0);
                self.laps[shard].store(most.max(lap(shard) + 1), Relaxed);
            }
        });
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn divides_as_division_does() {
        for by in [1, 2, 3, 7, 64, 1000, u32::MAX] {
            let divisor = Divisor::new(by);
            for number in [0, 1, 2, 63, 64, 65, 1_000_003, u32::MAX - 1, u32::MAX] {
                assert_eq!(divisor.divide(number), (number / by, number % by), "{number} / {by}");
            }
        }
    }
}
