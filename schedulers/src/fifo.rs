//! Fifo: first in, first out (GraphLab 1's `fifo`; Low et al. 2010, section 3.4).

use std::collections::VecDeque;

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Scheduler, Task};

use crate::bits::Bits;
use crate::shards::{Place, Queue, Shards, share};

/// Vertices run in the order in which they were signalled. Priorities are ignored; a vertex that is signalled while it waits keeps
/// its place. With one worker the order is exactly that of the signals: predictable, so good for finding faults. No rounds, so
/// executors with barriers refuse it.
///
/// One lock for all workers: with many of them and short visits, [`MultiQueueFifo`](crate::MultiQueueFifo) is faster. A task costs
/// O(1); memory is 4 bytes and a bit for each vertex.
///
/// ```
/// use gasworks_engine::{Scheduler, Task};
/// use gasworks_schedulers::Fifo;
/// let mut fifo = Fifo::new();
/// fifo.start(10, 1);
/// fifo.schedule(&[7, 2, 7, 5].map(|vertex| Task { vertex, priority: 1.0 }));
/// let mut order = Vec::new();
/// (0..3).for_each(|_| fifo.next(0, &mut order));
/// assert_eq!(order, [7, 2, 5]);
/// ```
///
/// # Panics
/// `schedule`, if a vertex is not below the number that `start` was given.
#[derive(Debug, Default)]
pub struct Fifo {
    shards: Shards<Line>,
}

/// Those who wait, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Line {
    waiting: VecDeque<u32>,
    held: Bits,
}

impl Queue for Line {
    fn new(tasks: usize) -> Self {
        // Each task waits at most once, so this is never exceeded.
        Line { waiting: VecDeque::with_capacity(tasks), held: Bits::new(tasks) }
    }

    fn push(&mut self, task: u32, _: f32) {
        if self.held.insert(task) {
            self.waiting.push_back(task);
        }
    }

    fn pop(&mut self) -> Option<u32> {
        let task = self.waiting.pop_front()?;
        self.held.remove(task);
        Some(task)
    }

    /// How many wait.
    fn hint(&self) -> u32 {
        self.held.len()
    }
}

impl Fifo {
    /// One queue.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Scheduler for Fifo {
    fn name(&self) -> &'static str {
        "fifo"
    }

    fn start(&mut self, vertices: usize, workers: usize) {
        self.shards = Shards::new(vertices, workers, 1, vertices);
    }

    fn schedule(&self, tasks: &[Task]) {
        self.shards.schedule(tasks, |vertex| Place { shard: 0, task: vertex });
    }

    fn schedule_all(&self, vertices: &[Vertex], priority: f32) {
        self.shards.schedule_all(vertices, priority, |vertex| Place { shard: 0, task: vertex });
    }

    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        let workers = self.shards.workers();
        self.shards.first(0..self.shards.len(), batch, |_, mut line, batch| {
            let count = share(line.hint(), workers, workers);
            batch.extend((0..count).map_while(|_| line.pop()));
        });
    }
}
