//! The programs of the lab: how each is run from its start, and how good its result is.

mod als;
mod gibbs;
mod graphs;
mod lasso;
mod sgd;

use gasworks::Plan;

use super::super::error::Failure;
use super::super::order::Order;
use super::matrix::{Cell, Matrix};
use super::measure::{Limits, Measured};

pub(super) use als::Als;
pub(super) use gibbs::Gibbs;
pub(super) use graphs::{Colors, Cores, Distances, Labels, Ranks};
pub(super) use lasso::Lasso;
pub(super) use sgd::Sgd;

/// A program on an input, to be run again and again from the same start.
pub(super) trait Subject {
    /// Vertices and edges.
    fn size(&self) -> (usize, usize);
    /// What the objective counts; smaller is better.
    fn objective(&self) -> &'static str;
    /// Rounds at most, unless somebody says.
    fn rounds(&self, _: &Order) -> Option<u64> {
        None
    }
    /// The orders to try; not all may be admitted.
    fn orders(&self, matrix: &Matrix<'_>) -> Vec<Order> {
        matrix.orders()
    }
    /// How it would be kept in order, or why not.
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure>;
    /// Runs it.
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure>;
}
