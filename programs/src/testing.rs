// Schedulers for tests and doctests, which may not name those of the schedulers' crate. Doctests include this file, so it has no inner
// documentation.

use std::collections::VecDeque;
use std::sync::Mutex;

use gasworks_engine::graph::Vertex;
use gasworks_engine::{Phase, Scheduler, Selection, Task};

/// Tasks in the order in which they were scheduled; with `latest`, the last one first.
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) latest: bool,
    /// The tasks, and which vertices have one.
    pub(crate) tasks: Mutex<(VecDeque<Vertex>, Vec<bool>)>,
}

impl Scheduler for Queue {
    fn name(&self) -> &'static str {
        "queue"
    }
    fn start(&mut self, vertices: usize, _: usize) {
        *self.tasks.lock().unwrap() = (VecDeque::new(), vec![false; vertices]);
    }
    fn schedule(&self, new: &[Task]) {
        let (tasks, held) = &mut *self.tasks.lock().unwrap();
        for task in new {
            if !std::mem::replace(&mut held[task.vertex as usize], true) {
                tasks.push_back(task.vertex);
            }
        }
    }
    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        let (tasks, held) = &mut *self.tasks.lock().unwrap();
        let vertex = if self.latest { tasks.pop_back() } else { tasks.pop_front() };
        if let Some(vertex) = vertex {
            held[vertex as usize] = false;
            batch.push(vertex);
        }
    }
}

/// Everyone in each round, in these phases.
pub(crate) struct Everyone(pub(crate) &'static [Phase]);

pub(crate) const SWEEP: Everyone = Everyone(&[Phase::All]);
pub(crate) const SWEEP_OF_SIDES: Everyone = Everyone(&[Phase::Left, Phase::Right]);

impl Scheduler for Everyone {
    fn name(&self) -> &'static str {
        "everyone"
    }
    fn selection(&self) -> Option<Selection> {
        Some(Selection::Everyone)
    }
    fn phases(&self) -> &'static [Phase] {
        self.0
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, _: &[Task]) {}
    fn next(&self, _: usize, _: &mut Vec<Vertex>) {}
}
