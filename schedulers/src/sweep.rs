//! Sweep: all vertices in order, again and again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use gasworks_engine::graph::{Vertex, VertexSet};
use gasworks_engine::{Phase, Scheduler, Selection, Task};

use crate::rounds::{BATCH, Phases};

/// Under executors with barriers: every vertex, every round, until none signals. Under the others: cyclic over the
/// vertices that are signalled, ascending (GraphLab's sweep scheduler; Low et al. 2010, section 3.4). Priorities are ignored.
#[derive(Debug, Default)]
pub struct Sweep {
    phases: Phases,
    dirty: Mutex<Dirty>,
}

#[derive(Debug, Default)]
struct Dirty {
    set: VertexSet,
    at: Vertex,
}

impl Sweep {
    /// Sweeps over all vertices.
    pub fn new() -> Self {
        Self::default()
    }

    /// On a bipartite graph, under executors with barriers: each round is all left vertices, then all right ones, which
    /// already see what the left published (alternating least squares).
    pub fn sides() -> Self {
        Sweep { phases: Phases::Sides, ..Self::default() }
    }

    fn dirty(&self) -> MutexGuard<'_, Dirty> {
        // A set of vertices is whole after every operation, so a panic elsewhere leaves nothing to repair.
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn start(&mut self, vertices: usize, _: usize) {
        *self.dirty() = Dirty { set: VertexSet::empty(vertices), at: 0 };
    }

    fn schedule(&self, tasks: &[Task]) {
        let dirty = self.dirty();
        for task in tasks {
            dirty.set.insert(task.vertex);
        }
    }

    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        let mut dirty = self.dirty();
        let Dirty { set, at } = &mut *dirty;
        if set.iter_from(*at).next().is_none() {
            *at = 0;
        }
        let before = batch.len();
        batch.extend(set.iter_from(*at).take(BATCH));
        for vertex in &batch[before..] {
            set.remove(*vertex);
            *at = vertex + 1;
        }
    }
}
