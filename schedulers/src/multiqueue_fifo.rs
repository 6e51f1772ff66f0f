//! Multiqueue fifo: several queues a worker, so that workers seldom meet (GraphLab 1's `multiqueue_fifo`).

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Scheduler, Task};

use crate::fifo::Line;
use crate::shards::{Shards, Spread, share};

/// Vertices run roughly in the order in which they were signalled: first in, first out in each of several queues. Priorities are
/// ignored. No rounds, so executors with barriers refuse it.
///
/// A worker takes from its own queues in turn, then from those of others; each 64th time it begins at any queue, so that a queue
/// whose owner is busy with a long visit does not starve. A vertex has one queue for good, chosen by a hash of its number: GraphLab
/// pushed to the shorter of two random queues, where only a common table can tell that a task is held already.
///
/// A task costs O(1), and an empty answer a look at each queue. Memory is 4 bytes and a bit for each vertex.
///
/// ```
/// use gasworks_engine::{Scheduler, Task};
/// use gasworks_schedulers::MultiQueueFifo;
/// let mut scheduler = MultiQueueFifo::new().queues(3);
/// scheduler.start(100, 2);
/// scheduler.schedule(&[7, 2, 7, 5].map(|vertex| Task { vertex, priority: 1.0 }));
/// let mut order = Vec::new();
/// (0..6).for_each(|turn| scheduler.next(turn % 2, &mut order));
/// order.sort();
/// assert_eq!(order, [2, 5, 7]);
/// ```
///
/// # Panics
/// `schedule`, if a vertex is not below the number that `start` was given.
#[derive(Debug)]
pub struct MultiQueueFifo {
    queues: usize,
    spread: Spread,
    shards: Shards<Line>,
}

/// Of so many calls one begins anywhere.
const FAIR: u64 = 64;

impl Default for MultiQueueFifo {
    fn default() -> Self {
        MultiQueueFifo { queues: 2, spread: Spread::default(), shards: Shards::default() }
    }
}

impl MultiQueueFifo {
    /// Two queues a worker.
    pub fn new() -> Self {
        Self::default()
    }

    /// So many queues a worker. More of them meet less and keep the order less.
    ///
    /// # Panics
    /// If `queues` is 0.
    pub fn queues(mut self, queues: usize) -> Self {
        assert!(queues > 0, "a worker needs a queue");
        self.queues = queues;
        self
    }
}

impl Scheduler for MultiQueueFifo {
    fn name(&self) -> &'static str {
        "multiqueue_fifo"
    }

    fn start(&mut self, vertices: usize, workers: usize) {
        let count = self.queues * workers;
        self.spread = Spread::over(count);
        self.shards = Shards::new(vertices, workers, count, self.spread.tasks(vertices));
    }

    fn schedule(&self, tasks: &[Task]) {
        self.shards.schedule(tasks, |vertex| self.spread.place(vertex));
    }

    fn schedule_all(&self, vertices: &[Vertex], priority: f32) {
        self.shards.schedule_all(vertices, priority, |vertex| self.spread.place(vertex));
    }

    fn next(&self, worker: usize, batch: &mut Vec<Vertex>) {
        let (all, workers, turn) = (self.shards.len(), self.shards.workers(), self.shards.turn(worker));
        let anywhere = turn % FAIR == FAIR - 1;
        let (first, own) =
            if anywhere { ((turn / FAIR) as usize % all, 1) } else { (worker * self.queues, self.queues) };
        let turned = (0..own).map(|at| (at + turn as usize) % own);
        let order = turned.chain(own..all).map(|at| (first + at) % all);
        self.shards.first(order, batch, |shard, mut line, batch| {
            let popped = (0..share(line.hint(), 2, workers)).map_while(|_| line.pop());
            batch.extend(popped.map(|task| self.spread.vertex(shard, task)));
        });
    }
}
