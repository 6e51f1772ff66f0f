//! Rounds: what was signalled in one round runs in the next (Pregel's supersteps; Malewicz et al. 2010, section 3).

use std::sync::{Mutex, MutexGuard, PoisonError};

use gasworks_engine::graph::{Vertex, VertexSet};
use gasworks_engine::{Phase, Scheduler, Selection, Task};

/// Vertices run in the round after the one in which they were signalled, ascending. Priorities are ignored. Under executors
/// without barriers, a vertex that still waits in the current round is not held for the next one too: its visit is yet to come,
/// and sees what the signal is about.
#[derive(Debug, Default)]
pub struct Rounds {
    phases: Phases,
    queue: Mutex<Queue>,
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

#[derive(Debug, Default)]
struct Queue {
    current: VertexSet,
    next: VertexSet,
    /// Where the current round goes on.
    at: Vertex,
}

/// Vertices a batch.
pub(crate) const BATCH: usize = 64;

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

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // A set of vertices is whole after every operation, so a panic elsewhere leaves nothing to repair.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn start(&mut self, vertices: usize, _: usize) {
        let (current, next) = (VertexSet::empty(vertices), VertexSet::empty(vertices));
        *self.queue() = Queue { current, next, at: 0 };
    }

    fn schedule(&self, tasks: &[Task]) {
        let queue = self.queue();
        for task in tasks {
            let waits = task.vertex >= queue.at && queue.current.contains(task.vertex);
            if !waits {
                queue.next.insert(task.vertex);
            }
        }
    }

    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        let mut queue = self.queue();
        let Queue { current, next, at } = &mut *queue;
        if current.iter_from(*at).next().is_none() {
            std::mem::swap(current, next);
            next.clear();
            *at = 0;
        }
        let before = batch.len();
        batch.extend(current.iter_from(*at).take(BATCH));
        if batch.len() > before {
            *at = batch[batch.len() - 1] + 1;
        }
    }
}
