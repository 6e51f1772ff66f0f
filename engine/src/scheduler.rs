//! Who runs next: the user's plug.

use std::collections::VecDeque;
use std::sync::PoisonError;

use crate::graph::{Vertex, VertexSet};
use crate::primitives::Mutex;

/// A vertex that was signalled, and how urgently.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    /// The vertex.
    pub vertex: Vertex,
    /// Larger is more urgent.
    pub priority: f32,
}

/// Which vertices of a phase an executor with barriers runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All.
    Everyone,
    /// Those that were signalled since they last ran.
    Signalled,
}

/// A part of a round, with a barrier after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// All vertices at once.
    All,
    /// The left vertices of a bipartite graph: independent, so they publish in place.
    Left,
    /// The right vertices of a bipartite graph.
    Right,
}

/// The order of updates.
///
/// Executors with barriers ask [`selection`](Scheduler::selection) and [`phases`](Scheduler::phases) once a run and keep the
/// active set themselves; executors without barriers call [`schedule`](Scheduler::schedule) or
/// [`schedule_all`](Scheduler::schedule_all), and [`next`](Scheduler::next) for batches of tasks.
///
/// Contract: a task is held at most once, and duplicates keep the greatest priority; every scheduled task is handed out at some
/// time; `next` leaves the batch empty only if each task whose `schedule` had returned before has been handed out. A task that
/// was handed out may be scheduled again before its visit is over. With one worker, the order depends on the calls alone.
///
/// A vertex here is the number of a task: with several functions in a run there are more of them than vertices.
pub trait Scheduler: Send + Sync {
    /// The name on the command line.
    fn name(&self) -> &'static str;

    /// Which vertices of a phase run under an executor with barriers. None, unless said: the order of tasks is the
    /// scheduler's own, so executors with barriers refuse it.
    fn selection(&self) -> Option<Selection> {
        None
    }

    /// The phases of a round under an executor with barriers.
    fn phases(&self) -> &'static [Phase] {
        &[Phase::All]
    }

    /// Forgets all tasks and prepares for a graph of so many vertices and an executor with so many workers.
    fn start(&mut self, vertices: usize, workers: usize);

    /// Takes tasks.
    fn schedule(&self, tasks: &[Task]);

    /// Takes all of these vertices with one priority, as [`schedule`](Scheduler::schedule) would: what a visit that wakes all its
    /// neighbors calls with their row. Worth overriding where most signals are for tasks that are held already.
    fn schedule_all(&self, vertices: &[Vertex], priority: f32) {
        let mut tasks = [Task { vertex: 0, priority }; 64];
        for vertices in vertices.chunks(tasks.len()) {
            tasks.iter_mut().zip(vertices).for_each(|(task, vertex)| task.vertex = *vertex);
            self.schedule(&tasks[..vertices.len()]);
        }
    }

    /// Hands a batch of vertices to a worker, appended to `batch`.
    fn next(&self, worker: usize, batch: &mut Vec<Vertex>);
}

impl<S: Scheduler + ?Sized> Scheduler for Box<S> {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn selection(&self) -> Option<Selection> {
        (**self).selection()
    }
    fn phases(&self) -> &'static [Phase] {
        (**self).phases()
    }
    fn start(&mut self, vertices: usize, workers: usize) {
        (**self).start(vertices, workers);
    }
    fn schedule(&self, tasks: &[Task]) {
        (**self).schedule(tasks);
    }
    fn schedule_all(&self, vertices: &[Vertex], priority: f32) {
        (**self).schedule_all(vertices, priority);
    }
    fn next(&self, worker: usize, batch: &mut Vec<Vertex>) {
        (**self).next(worker, batch);
    }
}

/// The default: everything that was signalled, in the order in which it was; with barriers, in rounds (Pregel's supersteps).
/// `gasworks-schedulers` has it with options.
#[derive(Default)]
pub(crate) struct InOrder(Mutex<Line>);

#[derive(Default)]
struct Line {
    waiting: VecDeque<Vertex>,
    held: VertexSet,
}

impl Scheduler for InOrder {
    fn name(&self) -> &'static str {
        "rounds"
    }
    fn selection(&self) -> Option<Selection> {
        Some(Selection::Signalled)
    }
    fn start(&mut self, vertices: usize, _: usize) {
        let line = Line { waiting: VecDeque::with_capacity(vertices), held: VertexSet::empty(vertices) };
        self.0 = Mutex::new(line);
    }
    fn schedule(&self, tasks: &[Task]) {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for task in tasks {
            if line.held.insert(task.vertex) {
                line.waiting.push_back(task.vertex);
            }
        }
    }
    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Line { waiting, held } = &mut *line;
        let next = waiting.len().min(64);
        for vertex in waiting.drain(..next) {
            held.remove(vertex);
            batch.push(vertex);
        }
    }
}
