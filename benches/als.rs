//! Explicit ALS, a sweep of both sides, on ratings of MovieLens 1M's shape or on a file.
//!
//! `cargo bench --bench als -- [--file RATINGS] [--rank 64] [--threads 1,2] [--sweeps N]`

mod harness;

use std::ops::ControlFlow;

use gasworks::generate::{RatingsShape, ratings};
use gasworks::input::{RatingsOptions, Source, read_ratings};
use gasworks::programs::Als;
use gasworks::programs::factorization::{INITIAL_SCALE, Regularization, initial_factors};
use gasworks::{Column, Engine, Progress, Row, graph::GraphBuilder, schedulers::Sweep};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rank = harness::value_of("--rank").map_or(Ok(64), |word| word.parse())?;
    let sweeps = harness::value_of("--sweeps").map_or(Ok(10), |word| word.parse())?;
    let list = match harness::value_of("--file") {
        Some(path) => read_ratings(&Source::from_path(path), &RatingsOptions::default())?.data,
        None => {
            ratings(&RatingsShape { users: 6040, items: 3706, count: 900_112, ..RatingsShape::default() })?
        }
    };
    let (ends, values): (Vec<_>, Vec<_>) =
        list.entries.iter().map(|rating| ([rating.user, rating.item], rating.value)).unzip();
    let n = list.users.len() + list.items.len();
    let start = initial_factors(n, rank, INITIAL_SCALE, 0);
    for threads in harness::threads() {
        let edges =
            GraphBuilder::bipartite(list.users.len(), list.items.len()).weighted_edges(&ends, &values);
        let row = |vertex: u32| &start[vertex as usize * rank..][..rank];
        let mut graph =
            edges.build()?.with_rows(rank, |vertex, factors| factors.copy_from_slice(row(vertex)));
        let mut times = Vec::new();
        let mut clock = |progress: &Progress, _: &Column<Row<f32>>| {
            times.push(progress.seconds);
            ControlFlow::Continue(())
        };
        let als = Als::new(rank, 0.05, Regularization::Weighted);
        let engine = Engine::new(&mut graph, &als).scheduler(Sweep::sides());
        engine.threads(threads).rounds(sweeps).observer(&mut clock).run()?;
        harness::Timing::new(format!("als sweep, rank {rank}"), harness::laps(&times)).report(threads);
    }
    Ok(())
}
