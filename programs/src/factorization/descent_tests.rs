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
use crate::Sgd;

/// Test RMSE after each pass.
fn errors(ratings: &Ratings, split: &Split, settings: &Settings) -> Vec<f64> {
    let (users, items, rank) = (ratings.users.len(), ratings.items.len(), settings.rank);
    let descent = settings.descent.clone().unwrap();
    let baseline = Baseline::fit(users, items, &split.train, &BaselineSettings::default());
    let offset = if descent.biases { Offset::Mean } else { settings.offset };
    let rate = descent.learning_rate();
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
        found.push(rmse_mae(&model, &split.test, None).unwrap().rmse);
        ControlFlow::Continue(())
    };
    let engine = Engine::edges(&mut graph, &sgd).threads(1).seed(settings.seed);
    engine.rounds(settings.iterations as u64).observer(&mut look).run().unwrap();
    found
}

#[test]
fn defaults_of_descent_beat_the_baseline_on_every_split() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    for (seed, biases) in [(0, false), (1, false), (2, false), (0, true)] {
        let split = hold_out(&ratings, 0.1, seed).unwrap();
        let baseline = baseline_errors(&ratings, &split, &BaselineSettings::default()).rmse;
        let descent = Some(DescentSettings { biases, ..DescentSettings::default() });
        let found = errors(&ratings, &split, &Settings { descent, ..Settings::sgd() });
        let last = *found.last().unwrap();
        println!("seed {seed}, biases {biases}: baseline {baseline:.4}, last {last:.4}");
        assert!(last < baseline - 0.012, "seed {seed}, biases {biases}: {last} against {baseline}");
    }
}

#[test]
#[ignore = "prints the table behind the defaults"]
fn table_of_descent_settings() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    let splits = validation(&ratings);
    let cell = |biases, rank, lambda, rate, decay| {
        let descent = Some(DescentSettings { rate, decay, biases, ..DescentSettings::default() });
        Settings { rank, lambda, descent, ..Settings::sgd() }
    };
    let mut cells = Vec::new();
    for rate in [0.02, 0.03, 0.05, 0.08, 0.12, 0.2] {
        let descent = DescentSettings { schedule: Schedule::Adagrad, rate, ..DescentSettings::default() };
        cells.push(Settings { descent: Some(descent), ..Settings::sgd() });
    }
    for biases in [false, true] {
        for rank in [8, 16, 32, 64] {
            cells.extend([0.05, 0.08, 0.1, 0.12, 0.15].map(|lambda| cell(biases, rank, lambda, 0.05, 0.95)));
        }
        for rate in [0.02, 0.03, 0.05, 0.08] {
            cells.extend([0.9, 0.95, 0.97, 1.0].map(|decay| cell(biases, 32, 0.1, rate, decay)));
        }
    }
    cells.into_par_iter().for_each(|settings| {
        let all: Vec<Vec<f64>> = splits.iter().map(|split| errors(&ratings, split, &settings)).collect();
        let mean = |pass: usize| all.iter().map(|found| found[pass]).sum::<f64>() / all.len() as f64;
        let every_ten: Vec<f64> = (9..settings.iterations).step_by(10).map(mean).collect();
        println!(
            "rank {} lambda {} {:?}: every 10 passes {every_ten:.4?}",
            settings.rank, settings.lambda, settings.descent
        );
    });
}
