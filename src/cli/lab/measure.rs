//! One run, and what is kept of it.

use std::ops::ControlFlow;
use std::time::Duration;

use gasworks::{Column, Data, Engine, Isa, Outcome, Progress, StopHandle};

use super::super::events::Metrics;

/// What ends a run, and what it runs with.
pub(super) struct Limits<'a> {
    pub(super) rounds: Option<u64>,
    pub(super) time: Option<Duration>,
    pub(super) seed: u64,
    pub(super) isa: Isa,
    pub(super) stop: &'a StopHandle,
    /// Visits between two points of a curve.
    pub(super) look: u64,
}

/// The least for it, so that looking does not outweigh the visits of small graphs.
const LEAST_LOOK: u64 = 1024;

/// Half a round.
pub(super) fn look(vertices: usize) -> u64 {
    (vertices as u64 / 2).max(LEAST_LOOK)
}

impl Limits<'_> {
    pub(super) fn apply<'g, Job>(&self, engine: Engine<'g, Job>, threads: usize) -> Engine<'g, Job> {
        let mut engine = engine
            .threads(threads)
            .seed(self.seed)
            .isa(self.isa)
            .stop_handle(self.stop.clone())
            .observe_every(self.look);
        if let Some(rounds) = self.rounds {
            engine = engine.rounds(rounds);
        }
        if let Some(time) = self.time {
            engine = engine.time_limit(time);
        }
        engine
    }
}

/// How good the data were at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) seconds: f64,
    pub(super) updates: u64,
    pub(super) objective: f64,
}

/// What is kept of a run.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) outcome: Outcome,
    /// After each half round, or where there are barriers or colors each round; and at the end.
    pub(super) curve: Vec<Point>,
    pub(super) objective: f64,
    /// What only this program has.
    pub(super) more: Metrics,
}

impl Measured {
    pub(super) fn new(outcome: Outcome, mut curve: Vec<Point>, objective: f64) -> Self {
        let Progress { seconds, updates, .. } = outcome.progress;
        if curve.last().is_none_or(|last| last.updates != updates) {
            curve.push(Point { seconds, updates, objective });
        }
        Measured { outcome, curve, objective, more: Metrics::new() }
    }
}

/// An observer that notes how good the data are.
pub(super) fn note<'c, V: Data>(
    curve: &'c mut Vec<Point>,
    objective: impl Fn(&Column<V>) -> f64 + 'c,
) -> impl FnMut(&Progress, &Column<V>) -> ControlFlow<()> + 'c {
    move |progress, vertices| {
        let Progress { seconds, updates, .. } = *progress;
        curve.push(Point { seconds, updates, objective: objective(vertices) });
        ControlFlow::Continue(())
    }
}
