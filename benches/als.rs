//! ALS, a sweep of both sides, explicit or implicit, on ratings of MovieLens 1M's shape or on a file. Implicit feedback also tells
//! the loss after each sweep; `peers/` has a driver that measures another library on the same file.
//!
//! `cargo bench --bench als -- [--file RATINGS] [--rank 64] [--threads 1,2] [--sweeps N] [--solver cholesky|cg:steps=N|nonnegative]
//! [--alpha A] [--lambda L]`; `--alpha` makes it implicit, and lambda plain.

mod harness;

use std::ops::ControlFlow;

use gasworks::generate::{RatingsShape, ratings};
use gasworks::input::{Ratings, RatingsOptions, Source, read_ratings};
use gasworks::programs::Als;
use gasworks::programs::factorization::{
    INITIAL_SCALE, ImplicitLoss, Regularization, Solver, initial_factors,
};
use gasworks::{Column, Engine, Every, Progress, Row, graph::GraphBuilder, schedulers::Sweep};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rank = harness::value_of("--rank").map_or(Ok(64), |word| word.parse())?;
    let sweeps = harness::value_of("--sweeps").map_or(Ok(10), |word| word.parse())?;
    let solver = harness::value_of("--solver").map_or(Ok(Solver::Cholesky), |word| word.parse())?;
    let alpha: Option<f32> = harness::value_of("--alpha").map(|word| word.parse()).transpose()?;
    let lambda = harness::value_of("--lambda").map_or(Ok(0.05), |word| word.parse())?;
    let list = match harness::value_of("--file") {
        Some(path) => read_ratings(&Source::from_path(path), &RatingsOptions::default())?.data,
        None => {
            ratings(&RatingsShape { users: 6040, items: 3706, count: 900_112, ..RatingsShape::default() })?
        }
    };
    let (ends, values): (Vec<_>, Vec<_>) =
        list.entries.iter().map(|rating| ([rating.user, rating.item], rating.value)).unzip();
    let (users, items) = (list.users.len(), list.items.len());
    let start: Vec<f32> = match solver {
        Solver::Nonnegative => {
            initial_factors(items, rank, INITIAL_SCALE, 0).into_iter().map(f32::abs).collect()
        }
        _ => initial_factors(items, rank, INITIAL_SCALE, 0),
    };
    for threads in harness::threads() {
        let edges = GraphBuilder::bipartite(users, items).weighted_edges(&ends, &values);
        // Users are solved for first, and need no start.
        let mut graph = edges.build()?.with_rows(rank, |vertex, factors| {
            if let Some(item) = (vertex as usize).checked_sub(users) {
                factors.copy_from_slice(&start[item * rank..][..rank]);
            }
        });
        let (mut times, mut losses) = (Vec::new(), Vec::new());
        let mut look = |progress: &Progress, factors: &Column<Row<f32>>| {
            times.push(progress.seconds);
            losses.extend(alpha.map(|alpha| loss(factors, &list, rank, alpha, lambda)));
            ControlFlow::Continue(())
        };
        let als = match alpha {
            Some(alpha) => Als::implicit(rank, lambda, Regularization::Plain, alpha),
            None => Als::new(rank, lambda, Regularization::Weighted),
        };
        let als = als.solver(solver);
        let engine = Engine::new(&mut graph, &als).scheduler(Sweep::sides());
        let engine = if alpha.is_some() { engine.aggregate_every(Every::Phase, &als) } else { engine };
        engine.threads(threads).rounds(sweeps).observer(&mut look).run()?;
        let kind = if alpha.is_some() { "implicit als" } else { "als" };
        harness::Timing::new(format!("{kind} sweep, rank {rank}, {solver}"), harness::laps(&times))
            .report(threads);
        if !losses.is_empty() {
            println!(r#"{{"bench":"{kind} loss, rank {rank}, {solver}","after_each_sweep":{losses:?}}}"#);
        }
    }
    Ok(())
}

fn loss(factors: &Column<Row<f32>>, list: &Ratings, rank: usize, alpha: f32, lambda: f32) -> f64 {
    let (users, items) = (list.users.len(), list.items.len());
    let loss = ImplicitLoss { alpha, lambda, regularization: Regularization::Plain };
    let (user, item) = (|user| factors.get(user), |item: usize| factors.get(users + item));
    loss.of(rank, (users, user), (items, item), &list.entries)
}
