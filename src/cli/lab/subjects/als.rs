//! Matrix factorization in the lab: factors against held-out ratings.

use gasworks::graph::GraphBuilder;
use gasworks::input::{Rating, Ratings};
use gasworks::programs;
use gasworks::programs::factorization::{
    Baseline, BaselineSettings, Clip, Offset, Settings, Split, Unfinished, hold_out, rmse_mae,
};
use gasworks::{Column, Plan, Row};

use super::super::super::als;
use super::super::super::error::Failure;
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
    baseline: Baseline,
    counts: [Vec<u32>; 2],
    test: Vec<Rating>,
    clip: Clip,
}

impl Als {
    pub(in super::super) fn new(ratings: &Ratings, tolerance: f32, seed: u64) -> Result<Self, Failure> {
        let sizes = (ratings.users.len(), ratings.items.len());
        let Split { train, test } = hold_out(ratings, 0.1, seed)?;
        let baseline = Baseline::fit(sizes.0, sizes.1, &train, &BaselineSettings::default());
        let mut counts = [vec![0; sizes.0], vec![0; sizes.1]];
        for rating in &train {
            counts[0][rating.user as usize] += 1;
            counts[1][rating.item as usize] += 1;
        }
        let values = || train.iter().map(|rating| rating.value);
        let clip = Clip {
            minimum: values().fold(f32::INFINITY, f32::min),
            maximum: values().fold(f32::NEG_INFINITY, f32::max),
        };
        let residuals = Offset::Biases.residuals(&baseline, &train);
        Ok(Als { residuals, sizes, tolerance, seed, baseline, counts, test, clip })
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
        let error = |factors: &Column<Row<f32>>| {
            let model = Unfinished {
                factors,
                users: self.sizes.0,
                baseline: &self.baseline,
                offset: Offset::Biases,
                counts: [&self.counts[0], &self.counts[1]],
            };
            rmse_mae(&model, &self.test, Some(self.clip)).map_or(f64::NAN, |errors| errors.rmse)
        };
        let rank = Settings::default().rank;
        let edge = |rating: Rating| ([rating.user, rating.item], rating.value);
        let (users, items) = self.sizes;
        let graph = GraphBuilder::bipartite(users, items).edges_from(self.residuals.clone(), edge).build()?;
        let mut graph = als::started(graph, rank, self.seed, &cell.order)?;
        let (program, mut curve) = (self.program(), Vec::new());
        let mut observer = note(&mut curve, error);
        let engine = als::engine(&mut graph, &program, &cell.order)?.observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        Ok(Measured::new(outcome, curve, error(graph.vertex_data())))
    }
}
