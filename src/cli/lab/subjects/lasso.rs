//! Lasso in the lab: the objective against its optimum. What racing visits lose of the residuals shows in the weights.

use gasworks::graph::Graph;
use gasworks::input::Observations;
use gasworks::{Column, Exclusion, Plan, programs};
use serde_json::json;

use super::super::super::error::Failure;
use super::super::super::lasso;
use super::super::super::order::{Executor, Order};
use super::super::matrix::Cell;
use super::super::measure::{Limits, Measured, note};
use super::Subject;

/// `lasso`, at a tenth of the lambda that holds all weights at zero.
pub(in super::super) struct Lasso {
    start: Graph<f64, f32>,
    data: Observations,
    lasso: programs::Lasso,
    optimum: f64,
}

impl Lasso {
    pub(in super::super) fn new(data: Observations, tolerance: f64) -> Result<Self, Failure> {
        let start = programs::Lasso::graph(data.features.len(), &data.targets, &data.entries, &data.values)?;
        let lambda = lasso::SHARE * programs::Lasso::lambda_max(&start);
        let order = Order {
            engine: Executor::Async,
            scheduler: lasso::DEFAULTS.asynchronous.to_owned(),
            consistency: None,
            exclusion: Some(Exclusion::Serial),
            audit: false,
        };
        let mut best = start.clone();
        let exact = programs::Lasso { lambda, tolerance: tolerance.min(1e-9) };
        lasso::engine(&mut best, &exact, &order)?.run()?;
        let mut subject = Lasso { start, data, lasso: programs::Lasso { lambda, tolerance }, optimum: 0.0 };
        subject.optimum = subject.objective_of(programs::Lasso::weights(&best));
        Ok(subject)
    }

    /// The objective of some weights, whatever residuals the run kept.
    fn objective_of(&self, weights: &[f64]) -> f64 {
        let mut residuals = self.data.targets.clone();
        for ([feature, observation], x) in self.data.entries.iter().zip(&self.data.values) {
            residuals[*observation as usize] -= f64::from(*x) * weights[*feature as usize];
        }
        self.lasso.objective_of(&[weights, &residuals].concat(), weights.len())
    }
}

impl Subject for Lasso {
    fn size(&self) -> (usize, usize) {
        (self.start.vertices(), self.start.edges())
    }
    /// How far above the optimum, as a share of it.
    fn objective(&self) -> &'static str {
        "excess"
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        lasso::plan(order, threads)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let features = self.data.features.len();
        let excess = |vertices: &Column<f64>| {
            let above = self.objective_of(&vertices.as_slice()[..features]) - self.optimum;
            // Below it is rounding.
            above.max(0.0) / self.optimum.max(f64::MIN_POSITIVE)
        };
        let (mut graph, mut curve) = (self.start.clone(), Vec::new());
        let mut observer = note(&mut curve, excess);
        let engine = lasso::engine(&mut graph, &self.lasso, &cell.order)?.observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        let mut measured = Measured::new(outcome, curve, excess(graph.vertex_data()));
        let lost = programs::Lasso::refresh(&mut graph, &self.data.targets);
        measured.more.insert("residual_error".into(), json!(lost));
        Ok(measured)
    }
}
