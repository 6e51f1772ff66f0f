//! Stochastic gradient descent in the lab: blocks in turn, at once, or all steps racing, against held-out ratings.

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::input::{Rating, Ratings};
use gasworks::programs::factorization::{Settings, hold_out};
use gasworks::{Column, EdgeJob, Engine, Plan, Row, programs};

use super::super::super::error::Failure;
use super::super::super::factorization::{self, Judge};
use super::super::super::grid;
use super::super::super::order::Order;
use super::super::super::sgd;
use super::super::matrix::{Cell, Matrix};
use super::super::measure::{Limits, Measured, note};
use super::Subject;

/// `sgd` with the library's settings, measured on a tenth of each user's ratings.
pub(in super::super) struct Sgd {
    residuals: Vec<Rating>,
    sizes: (usize, usize),
    seed: u64,
    judge: Judge,
    program: programs::Sgd,
}

impl Sgd {
    pub(in super::super) fn new(ratings: &Ratings, seed: u64) -> Result<Self, Failure> {
        let sizes = (ratings.users.len(), ratings.items.len());
        let (residuals, judge) = Judge::new(sizes, hold_out(ratings, 0.1, seed)?);
        let Settings { rank, lambda, descent, .. } = Settings::sgd();
        let rate = descent.unwrap_or_default().learning_rate();
        Ok(Sgd { residuals, sizes, seed, judge, program: programs::Sgd::new(rank, lambda, rate) })
    }

    fn engine<'g>(
        &'g self,
        graph: &'g mut Graph<Row<f32>, f32>,
        order: &Order,
    ) -> Engine<'g, EdgeJob<'g, programs::Sgd>> {
        let engine = Engine::edges(graph, &self.program);
        match order.exclusion {
            Some(exclusion) => engine.exclusion(exclusion),
            None => engine,
        }
    }
}

impl Subject for Sgd {
    fn size(&self) -> (usize, usize) {
        (self.sizes.0 + self.sizes.1, self.residuals.len())
    }
    fn objective(&self) -> &'static str {
        "test_rmse"
    }
    fn rounds(&self, _: &Order) -> Option<u64> {
        Some(Settings::sgd().iterations as u64)
    }
    fn orders(&self, matrix: &Matrix<'_>) -> Vec<Order> {
        matrix.exclusions.iter().map(|exclusion| grid::order(*exclusion, None)).collect()
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        let empty = GraphBuilder::bipartite(0, 0).weighted_edges(&[], &[0.0f32; 0]).build()?;
        let mut empty = empty.with_rows(self.program.width(), |_, _| ());
        Ok(self.engine(&mut empty, order).threads(threads).plan()?)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let error = |factors: &Column<Row<f32>>| self.judge.error(factors);
        let graph = factorization::rated(self.residuals.clone(), self.sizes)?;
        let rank = Settings::sgd().rank;
        let mut graph = sgd::started(graph, &self.program, rank, self.seed, &self.judge.baseline);
        let mut curve = Vec::new();
        let mut observer = note(&mut curve, error);
        let engine = self.engine(&mut graph, &cell.order).observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        Ok(Measured::new(outcome, curve, error(graph.vertex_data())))
    }
}
