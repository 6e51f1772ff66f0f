//! Stochastic gradient descent, a pass over ratings and one for the errors on test ratings, on ratings of MovieLens 1M's shape or on files.
//!
//! `cargo bench --bench sgd -- [--file RATINGS --test RATINGS] [--rank 64] [--threads 1,2] [--passes N] [--rate R] [--factor F]
//! [--lambda L] [--blocks SOURCES,TARGETS]`

mod harness;

use std::ops::ControlFlow;
use std::time::Instant;

use gasworks::generate::{RatingsShape, ratings};
use gasworks::input::{Rating, Ratings, RatingsOptions, Source, read_ratings};
use gasworks::kernels::{prefetch, vector::dot};
use gasworks::programs::factorization::{INITIAL_SCALE, hold_out, initial_factors};
use gasworks::programs::{Rate, Sgd};
use gasworks::{Column, Engine, Isa, Progress, Row, graph::GraphBuilder};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

fn number<T: std::str::FromStr>(option: &str, default: T) -> T {
    harness::value_of(option).and_then(|word| word.parse().ok()).unwrap_or(default)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rank = number("--rank", 64);
    let (train, test) = data()?;
    let mean = train.entries.iter().map(|rating| f64::from(rating.value)).sum::<f64>() as f32
        / train.entries.len() as f32;
    let rate = Rate::Decaying { first: number("--rate", 0.065), factor: number("--factor", 0.8) };
    let sgd = Sgd::new(rank, number("--lambda", 0.045), rate);
    let blocks = harness::value_of("--blocks").and_then(|word| {
        let (sources, targets) = word.split_once(',')?;
        Some((sources.parse().ok()?, targets.parse().ok()?))
    });
    let (users, items) = (train.users.len(), train.items.len());
    let start = initial_factors(users + items, rank, INITIAL_SCALE * number("--scale", 1.0), 0);
    let (ends, values): (Vec<_>, Vec<_>) =
        train.entries.iter().map(|rating| ([rating.user, rating.item], rating.value - mean)).unzip();
    for threads in harness::threads() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let edges = GraphBuilder::bipartite(users, items).weighted_edges(&ends, &values).build()?;
        let mut graph = edges.with_rows(sgd.width(), |vertex, row| {
            sgd.start((vertex as usize) < users, &start[vertex as usize * rank..][..rank], 0.0, row);
        });
        let (mut times, mut errors) = (Vec::new(), Vec::new());
        let mut clock = |progress: &Progress, rows: &Column<Row<f32>>| {
            let begun = Instant::now();
            errors.push(pool.install(|| rmse(&test, rows, users, mean)));
            let before = times.last().map_or(0.0, |(total, _)| *total);
            times.push((progress.seconds, progress.seconds - before + begun.elapsed().as_secs_f64()));
            ControlFlow::Continue(())
        };
        let engine = Engine::edges(&mut graph, &sgd).threads(threads).rounds(number("--passes", 20));
        let engine =
            if let Some((sources, targets)) = blocks { engine.blocks(sources, targets) } else { engine };
        engine.observer(&mut clock).run()?;
        // The first pass makes the blocks.
        let alone = harness::laps(&times.iter().map(|(total, _)| *total).collect::<Vec<_>>())[1..].to_vec();
        let both = times[1..].iter().map(|(_, seconds)| *seconds).collect();
        harness::Timing::new(format!("sgd pass, rank {rank}"), alone).report(threads);
        harness::Timing::new(format!("sgd pass and errors, rank {rank}"), both).report(threads);
        println!("first pass {:.4} s; RMSE {:.4?}", times[0].1, errors);
    }
    Ok(())
}

/// Training and test ratings in the same numbers.
fn data() -> Result<(Ratings, Vec<Rating>), Box<dyn std::error::Error>> {
    let read = |path: String| read_ratings(&Source::from_path(path), &RatingsOptions::default());
    let Some(path) = harness::value_of("--file") else {
        let shape = RatingsShape { users: 6040, items: 3706, count: 1_000_209, ..RatingsShape::default() };
        let all = ratings(&shape)?;
        let split = hold_out(&all, 0.1, 0)?;
        return Ok((Ratings { entries: split.train, ..all }, split.test));
    };
    let train = read(path)?.data;
    let test = harness::value_of("--test").map(read).transpose()?;
    let known = |rating: &Rating, test: &Ratings| {
        let user = train.users.find(&test.users.id(rating.user).to_string())?;
        Some(Rating { user, item: train.items.find(&test.items.id(rating.item).to_string())?, ..*rating })
    };
    let test = test.map(|test| test.data);
    let known =
        test.iter().flat_map(|test| test.entries.iter().filter_map(|rating| known(rating, test))).collect();
    Ok((train, known))
}

fn rmse(test: &[Rating], rows: &Column<Row<f32>>, users: usize, mean: f32) -> f64 {
    /// Squared errors of some ratings, with rows asked for ahead.
    struct Squares<'a>(&'a [Rating], &'a Column<Row<f32>>, usize, f32);
    impl WithSimd for Squares<'_> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f64 {
            let Squares(test, rows, users, mean) = self;
            let ends = |rating: &Rating| [rating.user as usize, users + rating.item as usize];
            let mut sum = 0.0;
            for (at, rating) in test.iter().enumerate() {
                if let Some(later) = test.get(at + 8) {
                    ends(later).iter().for_each(|end| prefetch(rows.get(*end)));
                }
                let [user, item] = ends(rating).map(|end| rows.get(end));
                sum += f64::from(rating.value - mean - dot(simd, user, item)).powi(2);
            }
            sum
        }
    }
    let isa = Isa::detect();
    let total: f64 =
        test.par_chunks(1 << 12).map(|part| isa.dispatch(Squares(part, rows, users, mean))).sum();
    (total / test.len() as f64).sqrt()
}
