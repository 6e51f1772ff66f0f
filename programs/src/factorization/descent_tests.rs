//! What the defaults of stochastic gradient descent are worth on MovieLens ml-latest-small.
//!
//! Needs the data: `GASWORKS_DATA` names the folder that holds `ml-latest-small`. The tables behind the defaults are printed by
//! `cargo test --release -p gasworks-programs descent -- --ignored --nocapture`.

use std::ops::ControlFlow;

use gasworks_engine::graph::GraphBuilder;
use gasworks_engine::input::{Rating, Ratings};
use gasworks_engine::{Column, Engine, Progress, Row};
use rayon::prelude::*;

use super::movielens_tests::{baseline_errors, validation};
use super::testing::{MovieLens, movielens};
use super::*;
use crate::{Rate, Sgd};

/// Test RMSE after each pass.
fn errors(ratings: &Ratings, split: &Split, settings: &Settings) -> Vec<f64> {
    let (users, items, rank) = (ratings.users.len(), ratings.items.len(), settings.rank);
    let descent = settings.descent.clone().unwrap();
    let baseline = Baseline::fit(users, items, &split.train, &BaselineSettings::default());
    let offset = if descent.biases { Offset::Mean } else { settings.offset };
    let rate = Rate::Decaying { first: descent.rate, factor: descent.decay };
    let sgd = Sgd::new(rank, settings.lambda, rate);
    let sgd = if descent.biases { sgd.with_biases() } else { sgd };
    let start = initial_factors(users + items, rank, INITIAL_SCALE, settings.seed);
    let (ends, values): (Vec<_>, Vec<_>) = offset
        .residuals(&baseline, &split.train)
        .iter()
        .map(|rating| ([rating.user, rating.item], rating.value))
        .unzip();
    let graph = GraphBuilder::bipartite(users, items).weighted_edges(&ends, &values).build().unwrap();
    let mut graph = graph.with_rows(sgd.width(), |vertex, row| {
        let vertex = vertex as usize;
        let bias = match vertex.checked_sub(users) {
            None => baseline.user_biases[vertex],
            Some(item) => baseline.item_biases[item],
        };
        sgd.start(vertex < users, &start[vertex * rank..][..rank], bias, row);
    });
    let count = |rows: usize, of: fn(&Rating) -> u32| {
        let mut counts = vec![0; rows];
        split.train.iter().for_each(|rating| counts[of(rating) as usize] += 1);
        counts
    };
    let counts = [&*count(users, |rating| rating.user), &*count(items, |rating| rating.item)];
    let mut found = Vec::new();
    let mut look = |_: &Progress, factors: &Column<Row<f32>>| {
        let model = Unfinished { factors, users, baseline: &baseline, offset, counts };
        let range = Clip { minimum: 0.5, maximum: 5.0 };
        found.push(rmse_mae(&model, &split.test, Some(range)).unwrap().rmse);
        ControlFlow::Continue(())
    };
    let engine = Engine::edges(&mut graph, &sgd).threads(1).seed(settings.seed);
    engine.rounds(settings.iterations as u64).observer(&mut look).run().unwrap();
    found
}

#[test]
fn defaults_of_descent_beat_the_baseline_on_every_split() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    for seed in 0..3 {
        let split = hold_out(&ratings, 0.1, seed).unwrap();
        let baseline = baseline_errors(&ratings, &split, &BaselineSettings::default()).rmse;
        let found = errors(&ratings, &split, &Settings::sgd());
        let last = *found.last().unwrap();
        println!("seed {seed}: baseline {baseline:.4}, last {last:.4}");
        assert!(last < baseline - 0.012, "seed {seed}: {last} against {baseline}");
    }
}

#[test]
#[ignore = "prints the table behind the defaults"]
fn table_of_descent_settings() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    let splits = validation(&ratings);
    let numbers = |name: &str, otherwise: &[f32]| -> Vec<f32> {
        std::env::var(name)
            .map_or(otherwise.to_vec(), |text| text.split(',').map(|word| word.parse().unwrap()).collect())
    };
    let mut cells = Vec::new();
    for biases in numbers("T_BIASES", &[0.0, 1.0]) {
        for rank in numbers("T_RANK", &[16.0, 32.0]) {
            for lambda in numbers("T_LAMBDA", &[0.05, 0.1, 0.15, 0.2]) {
                for rate in numbers("T_RATE", &[0.01, 0.03]) {
                    for decay in numbers("T_DECAY", &[0.95, 1.0]) {
                        let descent = DescentSettings { rate, decay, biases: biases > 0.0, blocks: None };
                        let (rank, descent) = (rank as usize, Some(descent));
                        let iterations = numbers("T_PASSES", &[100.0])[0] as usize;
                        cells.push(Settings { rank, lambda, descent, iterations, ..Settings::sgd() });
                    }
                }
            }
        }
    }
    cells.into_par_iter().for_each(|settings| {
        let all: Vec<Vec<f64>> = splits.iter().map(|split| errors(&ratings, split, &settings)).collect();
        let mean = |pass: usize| all.iter().map(|found| found[pass - 1]).sum::<f64>() / all.len() as f64;
        let best = (1..=settings.iterations).min_by(|a, b| mean(*a).total_cmp(&mean(*b))).unwrap();
        let DescentSettings { rate, decay, biases, .. } = settings.descent.clone().unwrap();
        let some: Vec<f64> = [10, 20, 30, 50, 75, 100]
            .iter()
            .filter(|at| **at <= settings.iterations)
            .map(|at| mean(*at))
            .collect();
        println!(
            "biases {biases} rank {} lambda {} rate {rate} decay {decay}: {some:.4?} best {:.4} at {best}",
            settings.rank,
            settings.lambda,
            mean(best)
        );
    });
}
