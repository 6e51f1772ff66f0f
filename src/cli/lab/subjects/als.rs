//! Matrix factorization in the lab: factors against held-out ratings.

use gasworks::input::{Rating, Ratings};
use gasworks::programs;
use gasworks::programs::factorization::{Settings, hold_out};
use gasworks::{Column, Plan, Row};

use super::super::super::als;
use super::super::super::error::Failure;
use super::super::super::factorization::{self, Judge};
use super::super::super::order::Order;
use super::super::matrix::Cell;
use super::super::measure::{Limits, Measured, note};
use super::Subject;

/// `als` with the library's settings, measured on a tenth of each user's ratings.
pub(in super::super) struct Als {
    residuals: Vec<Rating>,
    sizes: (usize, usize),
    tolerance: f32,
    seed: u64,
    judge: Judge,
}

impl Als {
    pub(in super::super) fn new(ratings: &Ratings, tolerance: f32, seed: u64) -> Result<Self, Failure> {
        let sizes = (ratings.users.len(), ratings.items.len());
        let (residuals, judge) = Judge::new(sizes, hold_out(ratings, 0.1, seed)?);
        Ok(Als { residuals, sizes, tolerance, seed, judge })
    }

    fn program(&self) -> programs::Als {
        let Settings { rank, lambda, regularization, .. } = Settings::default();
        programs::Als::new(rank, lambda, regularization).tolerance(self.tolerance)
    }
}

impl Subject for Als {
    fn size(&self) -> (usize, usize) {
        (self.sizes.0 + self.sizes.1, self.residuals.len())
    }
    fn objective(&self) -> &'static str {
        "test_rmse"
    }
    fn rounds(&self, _: &Order) -> Option<u64> {
        Some(Settings::default().iterations as u64)
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        als::plan(&self.program(), order, threads)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let error = |factors: &Column<Row<f32>>| self.judge.error(factors);
        let rank = Settings::default().rank;
        let graph = factorization::rated(self.residuals.clone(), self.sizes)?;
        let mut graph = als::started(graph, rank, self.seed, &cell.order)?;
        let (program, mut curve) = (self.program(), Vec::new());
        let mut observer = note(&mut curve, error);
        let engine = als::engine(&mut graph, &program, &cell.order)?.observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        Ok(Measured::new(outcome, curve, error(graph.vertex_data())))
    }
}
