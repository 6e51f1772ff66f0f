//! Gibbs sampling in the lab: marginals against the exact ones.

use gasworks::graph::Graph;
use gasworks::programs::markov_random_field::{Gibbs as Sampler, MarkovRandomField, exact_marginal};
use gasworks::{Column, Plan, Row};

use super::super::super::error::Failure;
use super::super::super::gibbs;
use super::super::super::order::Order;
use super::super::matrix::Cell;
use super::super::measure::{Limits, Measured, note};
use super::Subject;

/// Entries of a table on the way to an exact marginal: what takes a moment for each variable.
const MOST_ENTRIES: usize = 1 << 16;

/// Visits of each variable before counting begins, and those that count.
const VISITS: (u32, u32) = (200, 4000);

/// `gibbs`, one chain.
pub(in super::super) struct Gibbs {
    model: MarkovRandomField,
    start: Graph<Row<u32>, ()>,
    exact: Vec<Vec<f64>>,
}

impl Gibbs {
    /// None if the loops of the model are too wide for exact marginals.
    pub(in super::super) fn new(model: MarkovRandomField, start: Graph<Row<u32>, ()>) -> Option<Self> {
        let variables = 0..model.variables() as u32;
        let exact = variables
            .map(|variable| exact_marginal(&model, variable, MOST_ENTRIES))
            .collect::<Option<_>>()?;
        Some(Gibbs { model, start, exact })
    }
}

impl Subject for Gibbs {
    fn size(&self) -> (usize, usize) {
        (self.start.vertices(), self.start.edges())
    }
    /// The mean difference of a probability from the exact one.
    fn objective(&self) -> &'static str {
        "marginal_error"
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        gibbs::plan(order, threads)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let sampler = Sampler { model: &self.model, burn_in: VISITS.0, samples: VISITS.1 };
        // Before a variable has a sample, all of its states count as equally probable.
        let error = |vertices: &Column<Row<u32>>| {
            let of = |(row, exact): (&[u32], &Vec<f64>)| {
                let counts = &row[1..=exact.len()];
                let total: u32 = counts.iter().sum();
                let share = |count: u32| match total {
                    0 => 1.0 / exact.len() as f64,
                    total => f64::from(count) / f64::from(total),
                };
                counts.iter().zip(exact).map(|(count, exact)| (share(*count) - exact).abs()).sum::<f64>()
            };
            let states = self.exact.iter().map(Vec::len).sum::<usize>().max(1);
            vertices.iter().zip(&self.exact).map(of).sum::<f64>() / states as f64
        };
        let (mut graph, mut curve) = (self.start.clone(), Vec::new());
        let mut observer = note(&mut curve, error);
        let engine = gibbs::engine(&mut graph, &sampler, &cell.order)?.observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        Ok(Measured::new(outcome, curve, error(graph.vertex_data())))
    }
}
