//! Rounds: what was signalled in one round runs in the next (Pregel's supersteps; Malewicz et al. 2010, section 3).

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Phase, Scheduler, Selection, Task};

use crate::bits::Bits;
use crate::shards::{Place, Queue, Shards, share};

/// Vertices run in the round after the one in which they were signalled, ascending. Priorities are ignored. Under executors
/// without barriers, a vertex that still waits in the current round is not held for the next one too: its visit is yet to come,
/// and sees what the signal is about; and a round begins when the last vertex of the one before has been handed out.
///
/// Under executors without barriers, one lock for all workers. A task costs O(log n) to the base 64, a round nothing beside its tasks.
/// Memory is two bits for each vertex.
///
/// ```
/// use gasworks_engine::{Scheduler, Task};
/// use gasworks_schedulers::Rounds;
/// let mut rounds = Rounds::new();
/// rounds.start(10, 1);
/// let task = |vertex| Task { vertex, priority: 1.0 };
/// let mut order = Vec::new();
/// rounds.schedule(&[task(7), task(5)]);
/// rounds.next(0, &mut order);
/// // 7 waits already; 6 has to wait for the next round.
/// rounds.schedule(&[task(6), task(7)]);
/// (0..3).for_each(|_| rounds.next(0, &mut order));
/// assert_eq!(order, [5, 7, 6]);
/// ```
///
/// # Panics
/// `schedule`, if a vertex is not below the number that `start` was given.
#[derive(Debug, Default)]
pub struct Rounds {
    phases: Phases,
    shards: Shards<Round>,
}

/// Which vertices of a bipartite graph run together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phases {
    #[default]
    All,
    Sides,
}

impl Phases {
    pub(crate) fn list(self) -> &'static [Phase] {
        match self {
            Phases::All => &[Phase::All],
            Phases::Sides => &[Phase::Left, Phase::Right],
        }
    }
}

#[derive(Debug)]
struct Round {
    /// Those of this round who were not handed out.
    current: Bits,
    next: Bits,
}

impl Queue for Round {
    fn new(tasks: usize) -> Self {
        Round { current: Bits::new(tasks), next: Bits::new(tasks) }
    }

    fn push(&mut self, task: u32, _: f32) {
        if !self.current.contains(task) {
            self.next.insert(task);
        }
    }

    fn pop(&mut self) -> Option<u32> {
        if self.current.len() == 0 {
            std::mem::swap(&mut self.current, &mut self.next);
        }
        let first = self.current.first_from(0)?;
        self.current.remove(first);
        Some(first)
    }

    /// How many wait.
    fn hint(&self) -> u32 {
        // No vertex is in both.
        self.current.len() + self.next.len()
    }
}

impl Rounds {
    /// Rounds of all vertices that were signalled.
    pub fn new() -> Self {
        Self::default()
    }

    /// On a bipartite graph, under executors with barriers: each round is the signalled left vertices, then the signalled
    /// right ones, which already see what the left published.
    pub fn sides() -> Self {
        Rounds { phases: Phases::Sides, ..Self::default() }
    }
}

impl Scheduler for Rounds {
    fn name(&self) -> &'static str {
        "rounds"
    }

    fn selection(&self) -> Option<Selection> {
        Some(Selection::Signalled)
    }

    fn phases(&self) -> &'static [Phase] {
        self.phases.list()
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
        self.shards.first(0..self.shards.len(), batch, |_, mut round, batch| {
            let count = share(round.hint(), workers, workers);
            batch.extend((0..count).map_while(|_| round.pop()));
        });
    }
}
