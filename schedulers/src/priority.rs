//! Priority: the most urgent first (GraphLab 1's `priority`; Low et al. 2010, section 3.4).

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Scheduler, Task};

use crate::heap::{Heap, urgency};
use crate::shards::{Place, Shards};

/// Vertices run in the order of their priorities, greatest first; of equal ones the one that has waited longest. A vertex that is signalled while it
/// waits keeps the greatest of its priorities. NaN counts as the lowest of all. No rounds, so executors with barriers refuse it.
///
/// The order is exact: tasks are handed out one at a time, each the most urgent of those that are held. A task is handed out at
/// some time only if more urgent ones do not come for ever. One lock for all workers: with many of them and short visits,
/// [`MultiQueuePriority`](crate::MultiQueuePriority) is faster. A task costs O(log n); memory is 20 bytes for each vertex.
///
/// ```
/// use gasworks_engine::{Scheduler, Task};
/// use gasworks_schedulers::Priority;
/// let mut scheduler = Priority::new().minimum(0.5);
/// scheduler.start(10, 1);
/// let task = |(vertex, priority)| Task { vertex, priority };
/// scheduler.schedule(&[(7, 1.0), (2, 3.0), (7, 9.0), (5, 0.1)].map(task));
/// let mut order = Vec::new();
/// (0..3).for_each(|_| scheduler.next(0, &mut order));
/// assert_eq!(order, [7, 2]);
/// ```
///
/// # Panics
/// `schedule`, if a vertex is not below the number that `start` was given.
#[derive(Debug, Default)]
pub struct Priority {
    minimum: Minimum,
    shards: Shards<Heap>,
}

/// The urgency below which tasks are dropped. By default nothing is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Minimum(u32);

impl Minimum {
    pub(crate) fn of(priority: f32) -> Self {
        Minimum(urgency(priority))
    }

    /// Passes on the tasks that are not dropped, in runs.
    pub(crate) fn pass(self, tasks: &[Task], mut take: impl FnMut(&[Task])) {
        if self.0 == 0 {
            return take(tasks);
        }
        tasks.split(|task| urgency(task.priority) < self.0).filter(|run| !run.is_empty()).for_each(take);
    }
}

impl Priority {
    /// One heap, from which nothing is dropped.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tasks below this priority are dropped: they are never run, and a run may end with work undone that small. The first tasks of a
    /// run have priority 1.
    pub fn minimum(mut self, priority: f32) -> Self {
        self.minimum = Minimum::of(priority);
        self
    }
}

impl Scheduler for Priority {
    fn name(&self) -> &'static str {
        "priority"
    }

    fn start(&mut self, vertices: usize, workers: usize) {
        self.shards = Shards::new(vertices, workers, 1, vertices);
    }

    fn schedule(&self, tasks: &[Task]) {
        let place = |vertex| Place { shard: 0, task: vertex };
        self.minimum.pass(tasks, |tasks| self.shards.schedule(tasks, place));
    }

    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        self.shards.first(0..self.shards.len(), batch, |_, mut heap, batch| batch.extend(heap.pop()));
    }
}
