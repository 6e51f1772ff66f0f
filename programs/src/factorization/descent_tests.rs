//! What the defaults of stochastic gradient descent are worth on MovieLens ml-latest-small.
//!
//! Needs the data: `GASWORKS_DATA` names the folder that holds `ml-latest-small`. The tables behind the defaults are printed by
//! `cargo test --release -p gasworks-programs descent -- --ignored --nocapture`.

use std::ops::{ControlFlow, Range};

use gasworks_engine::graph::GraphBuilder;
use gasworks_engine::input::{Rating, Ratings};
use gasworks_engine::{Column, EdgeJob, EdgeProgram, Engine, Progress, Row};
use rayon::prelude::*;

use super::movielens_tests::{baseline_errors, validation};
use super::testing::{MovieLens, movielens};
use super::*;
use crate::{Sgd, SvdPlusPlus};

/// Writes a row to start from: whether it is a user's, its factors, its bias.
type Start<'a> = &'a dyn Fn(bool, &[f32], f32, &mut [f32]);

/// Test RMSE after each pass, of `sgd` or `svdpp`.
fn errors(ratings: &Ratings, split: &Split, settings: &Settings) -> Vec<f64> {
    let (users, items, rank) = (ratings.users.len(), ratings.items.len(), settings.rank);
    let descent = settings.descent.clone().unwrap();
    let baseline = Baseline::fit(users, items, &split.train, &BaselineSettings::default());
    let offset = if descent.biases { Offset::Mean } else { settings.offset };
    let (ends, values): (Vec<_>, Vec<_>) = offset
        .residuals(&baseline, &split.train)
        .iter()
        .map(|rating| ([rating.user, rating.item], rating.value))
        .unzip();
    let graph = GraphBuilder::bipartite(users, items).weighted_edges(&ends, &values).build().unwrap();
    let start = initial_factors(users + items, rank, INITIAL_SCALE, settings.seed);
    let started = |width: usize, start_row: Start<'_>| {
        graph.with_rows(width, |vertex, row| {
            let vertex = vertex as usize;
            let bias = match vertex.checked_sub(users) {
                None => baseline.user_biases[vertex],
                Some(item) => baseline.item_biases[item],
            };
            start_row(vertex < users, &start[vertex * rank..][..rank], bias, row);
        })
    };
    let count = |rows: usize, of: fn(&Rating) -> u32| {
        let mut counts = vec![0; rows];
        split.train.iter().for_each(|rating| counts[of(rating) as usize] += 1);
        counts
    };
    let counts = [&*count(users, |rating| rating.user), &*count(items, |rating| rating.item)];
    let mut found = Vec::new();
    let mut judge = |factors: &Column<Row<f32>>, width, baseline: &Baseline, offset| {
        let model = Unfinished { factors, width, users, baseline, offset, counts };
        found.push(rmse_mae(&model, &split.test, None).unwrap().rmse);
        ControlFlow::Continue(())
    };
    if settings.program == "svdpp" {
        let svdpp = SvdPlusPlus::new(rank, settings.lambda, descent.rate, descent.decay);
        let mut graph = started(svdpp.width(), &|_, factors, bias, row| svdpp.start(factors, bias, row));
        let mut look = |_: &Progress, rows: &Column<Row<f32>>| {
            let biases = |range: Range<usize>| range.map(|row| svdpp.bias(rows.get(row))).collect();
            let (user_biases, item_biases) = (biases(0..users), biases(users..users + items));
            let learned = Baseline { mean: baseline.mean, user_biases, item_biases };
            judge(rows, rank, &learned, Offset::Biases)
        };
        run(Engine::edges(&mut graph, &svdpp).observer(&mut look), settings);
    } else {
        let sgd = Sgd::new(rank, settings.lambda, descent.learning_rate());
        let sgd = if descent.biases { sgd.with_biases() } else { sgd };
        let mut graph = started(sgd.width(), &|is_user, factors, bias, row| {
            sgd.start(is_user, factors, bias, row);
        });
        let mut look = |_: &Progress, rows: &Column<Row<f32>>| judge(rows, sgd.width(), &baseline, offset);
        run(Engine::edges(&mut graph, &sgd).observer(&mut look), settings);
    }
    found
}

fn run<'g, P: EdgeProgram<Edge = f32>>(engine: Engine<'g, EdgeJob<'g, P>>, settings: &Settings) {
    let engine = engine.threads(1).seed(settings.seed).rounds(settings.iterations as u64);
    match settings.descent.as_ref().and_then(|descent| descent.blocks) {
        Some([users, items]) => engine.blocks(users, items).run().unwrap(),
        None => engine.run().unwrap(),
    };
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
fn choices_add_to_descent_on_every_split() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    for seed in 0..3 {
        let split = hold_out(&ratings, 0.1, seed).unwrap();
        let last = |settings: &Settings| *errors(&ratings, &split, settings).last().unwrap();
        let descent = Some(DescentSettings { biases: true, ..DescentSettings::default() });
        let without = last(&Settings { descent, ..Settings::sgd() });
        let found = last(&Settings::svdpp());
        println!("seed {seed}: sgd with biases {without:.4}, svdpp {found:.4}");
        assert!(found < without - 0.001, "seed {seed}: {found} against {without}");
    }
}

#[test]
#[ignore = "prints the tables behind the defaults of SVD++"]
fn table_of_choices() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    let splits = validation(&ratings);
    let cell = |rank, lambda, rate, decay, parts| {
        let blocks = Some([parts, parts]);
        let descent = Some(DescentSettings { rate, decay, blocks, ..DescentSettings::svdpp() });
        Settings { rank, lambda, descent, iterations: 40, ..Settings::svdpp() }
    };
    let mut cells = Vec::new();
    for lambda in [0.06, 0.08, 0.1, 0.12] {
        cells.extend([8, 16, 32, 64].map(|rank| cell(rank, lambda, 0.05, 0.92, 8)));
    }
    for rate in [0.03, 0.05, 0.08] {
        cells.extend([0.9, 0.92, 0.95, 1.0].map(|decay| cell(32, 0.08, rate, decay, 8)));
        cells.extend([1, 64].map(|parts| cell(32, 0.08, rate, 0.92, parts)));
    }
    cells.into_par_iter().for_each(|settings| {
        let all: Vec<Vec<f64>> = splits.iter().map(|split| errors(&ratings, split, &settings)).collect();
        let mean = |pass: usize| all.iter().map(|found| found[pass]).sum::<f64>() / all.len() as f64;
        let every_five: Vec<f64> = (9..settings.iterations).step_by(5).map(mean).collect();
        println!(
            "rank {} lambda {} {:?}: after 10, 15 .. 40 passes {every_five:.4?}",
            settings.rank, settings.lambda, settings.descent
        );
    });
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
