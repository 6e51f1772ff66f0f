use super::*;
use crate::als::Als;
use crate::factorization::testing::movielens;
use crate::factorization::{Baseline, BaselineSettings, Offset, initial_factors};
use crate::testing::{Everyone, Queue};
use gasworks_engine::graph::GraphBuilder;
use gasworks_engine::input::Rating;
use gasworks_engine::{ColoringOrder, Column, Engine, Exclusion, Phase, Progress, Random};
use std::ops::ControlFlow;

struct Problem {
    users: usize,
    items: usize,
    ratings: Vec<Rating>,
}

impl Problem {
    fn random(users: usize, items: usize, share: f64, seed: u64) -> Self {
        let mut random = Random::keyed(seed, 6, 0, 0);
        let mut ratings = Vec::new();
        for user in 0..users as u32 {
            for item in 0..items as u32 {
                if random.uniform() < share {
                    let taste = if (user + item) % 3 == 0 { 1.5 } else { -0.5 };
                    ratings.push(Rating { user, item, value: (taste + 0.3 * random.normal()) as f32 });
                }
            }
        }
        Problem { users, items, ratings }
    }

    /// Users at 0, items at random.
    fn start(&self, rank: usize) -> Vec<f32> {
        [vec![0.0; self.users * rank], initial_factors(self.items, rank, 1.0, 3)].concat()
    }

    fn graph(&self, rank: usize) -> Graph<Row<f32>, f32> {
        let (ends, values): (Vec<_>, Vec<_>) =
            self.ratings.iter().map(|rating| ([rating.user, rating.item], rating.value)).unzip();
        let graph = GraphBuilder::bipartite(self.users, self.items).weighted_edges(&ends, &values).build();
        let start = self.start(rank);
        graph.unwrap().with_rows(rank, |v, row| row.copy_from_slice(&start[v as usize * rank..][..rank]))
    }

    /// The objective from factors and ratings alone.
    fn objective(&self, ccd: &Ccd, factors: &[f64]) -> f64 {
        let mut counts = vec![0; self.users + self.items];
        let mut sum = 0.0;
        for (rating, [user, item]) in self.ratings.iter().map(|rating| (rating, self.ends(rating))) {
            sum += self.error(ccd.rank, factors, rating).powi(2);
            counts[user] += 1;
            counts[item] += 1;
        }
        for (row, count) in factors.chunks_exact(ccd.rank).zip(counts) {
            let weighted = ccd.regularization == Regularization::Weighted;
            let times = if weighted { f64::from(count) } else { 1.0 };
            sum += f64::from(ccd.lambda) * times * row.iter().map(|x| x * x).sum::<f64>();
        }
        sum
    }

    fn ends(&self, rating: &Rating) -> [usize; 2] {
        [rating.user as usize, self.users + rating.item as usize]
    }

    fn error(&self, rank: usize, factors: &[f64], rating: &Rating) -> f64 {
        let [user, item] = self.ends(rating);
        let product: f64 = (0..rank).map(|k| factors[user * rank + k] * factors[item * rank + k]).sum();
        f64::from(rating.value) - product
    }

    /// Rounds of steps in the order of the numbers, with errors that are computed anew for each.
    fn reference(&self, ccd: &Ccd, rounds: u64) -> Vec<f64> {
        let rank = ccd.rank;
        let mut factors: Vec<f64> = self.start(rank).iter().map(|factor| f64::from(*factor)).collect();
        for round in 0..rounds {
            let k = (round / ccd.inner) as usize % rank;
            for vertex in 0..self.users + self.items {
                let own = self.ratings.iter().filter(|rating| self.ends(rating).contains(&vertex));
                let (mut above, mut square, mut count) = (0.0, 0.0, 0.0);
                for rating in own {
                    let [user, item] = self.ends(rating);
                    let y = factors[if user == vertex { item } else { user } * rank + k];
                    above += (self.error(rank, &factors, rating) + factors[vertex * rank + k] * y) * y;
                    square += y * y;
                    count += 1.0;
                }
                let weighted = ccd.regularization == Regularization::Weighted;
                let below = f64::from(ccd.lambda) * if weighted { count } else { 1.0 } + square;
                if below > 0.0 {
                    factors[vertex * rank + k] = above / below;
                }
            }
        }
        factors
    }
}

fn wide(rows: &Column<Row<f32>>) -> Vec<f64> {
    rows.iter().flatten().map(|factor| f64::from(*factor)).collect()
}

#[test]
fn steps_are_those_of_errors_computed_anew() {
    let problem = Problem::random(25, 18, 0.4, 1);
    for (rank, regularization, lambda) in [
        (1, Regularization::Plain, 0.5),
        (4, Regularization::Weighted, 0.05),
        (6, Regularization::Plain, 0.0),
    ] {
        for inner in [1, 3] {
            let ccd = Ccd::new(rank, lambda, regularization).inner(inner);
            let mut graph = problem.graph(rank);
            let rounds = 2 * ccd.visits() + 1;
            let engine = Engine::updates(&mut graph, &ccd, Queue::default()).exclusion(Exclusion::Serial);
            engine.rounds(rounds).run().unwrap();
            let (found, expected) = (wide(graph.vertex_data()), problem.reference(&ccd, rounds));
            for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let close = 2e-4 * expected.abs().max(1.0);
                assert!(
                    (found - expected).abs() < close,
                    "rank {rank}, inner {inner}, {at}: {found}, {expected}"
                );
            }
            let mut kept = graph.edge_list().map(|(user, item, residual)| (user, item, *residual));
            let all_kept = problem.ratings.iter().all(|rating| {
                let [user, item] = problem.ends(rating);
                let error = problem.error(rank, &found, rating);
                kept.any(|(u, i, residual)| {
                    (u as usize, i as usize) == (user, item) && (f64::from(residual) - error).abs() < 1e-4
                })
            });
            assert!(all_kept, "rank {rank}: residuals are not what factors leave over");
            let objective = problem.objective(&ccd, &found);
            assert!((ccd.objective(&graph) - objective).abs() < 1e-4 * objective);
        }
    }
}

#[test]
fn no_step_raises_the_objective() {
    let problem = Problem::random(20, 15, 0.5, 2);
    for (regularization, lambda) in [(Regularization::Weighted, 0.1), (Regularization::Plain, 1.0)] {
        let ccd = Ccd::new(3, lambda, regularization).inner(2);
        let mut graph = problem.graph(3);
        let first = problem.objective(&ccd, &wide(graph.vertex_data()));
        let (mut before, mut seen) = (first, 0);
        let mut look = |_: &Progress, rows: &Column<Row<f32>>| {
            let now = problem.objective(&ccd, &wide(rows));
            assert!(now <= before * (1.0 + 1e-6), "step {seen}: {before} to {now}");
            (before, seen) = (now, seen + 1);
            ControlFlow::Continue(())
        };
        let engine = Engine::updates(&mut graph, &ccd, Queue::default());
        let engine = engine.exclusion(Exclusion::Serial).observe_every(1).observer(&mut look).threads(1);
        engine.rounds(4 * ccd.visits()).run().unwrap();
        assert!(seen >= 35 * 4 * ccd.visits() && before < 0.7 * first, "{seen} steps, {first} to {before}");
    }
}

#[test]
fn two_colors_take_features_in_turn_to_the_same_bits() {
    let problem = Problem::random(120, 90, 0.2, 3);
    let ccd = Ccd::new(5, 0.05, Regularization::Weighted);
    let rounds = 2 * ccd.visits();
    let run = |threads: usize| {
        let mut graph = problem.graph(5);
        let engine = Engine::updates(&mut graph, &ccd, Everyone(&[Phase::All])).threads(threads);
        let engine = engine.exclusion(Exclusion::Coloring).coloring_order(ColoringOrder::Natural);
        let outcome = engine.rounds(rounds).run().unwrap();
        assert_eq!((outcome.colors, outcome.progress.updates), (Some(2), 210 * rounds));
        let residuals: Vec<u32> = graph.edge_list().map(|(_, _, residual)| residual.to_bits()).collect();
        (graph.vertex_data().iter().flatten().map(|x| x.to_bits()).collect::<Vec<_>>(), residuals)
    };
    let first = run(1);
    for threads in [2, 4, 8] {
        assert!(run(threads) == first, "{threads} threads");
    }
    // Users by number and then items are the order of the reference too.
    for (found, expected) in first.0.iter().zip(problem.reference(&ccd, rounds)) {
        let found = f64::from(f32::from_bits(*found));
        assert!((found - expected).abs() < 5e-4 * expected.abs().max(1.0), "{found}, expected {expected}");
    }
}

#[test]
fn it_ends_where_alternating_least_squares_does() {
    let (problem, rank) = (Problem::random(60, 40, 0.5, 4), 2);
    let (lambda, kind) = (0.1, Regularization::Weighted);
    let ccd = Ccd::new(rank, lambda, kind);
    let mut graph = problem.graph(rank);
    let engine = Engine::updates(&mut graph, &ccd, Everyone(&[Phase::All])).exclusion(Exclusion::Coloring);
    engine.rounds(300 * ccd.visits()).run().unwrap();
    let mut solved = problem.graph(rank);
    let als = Als::new(rank, lambda, kind);
    let engine = Engine::new(&mut solved, &als).scheduler(Everyone(&[Phase::Left, Phase::Right]));
    engine.rounds(300).run().unwrap();
    let [found, expected] =
        [&graph, &solved].map(|graph| problem.objective(&ccd, &wide(graph.vertex_data())));
    assert!((found / expected - 1.0).abs() < 1e-3, "{found}, by least squares {expected}");
}

#[test]
fn movielens_is_explained_as_well_as_by_alternating_least_squares() {
    let Some(movielens) = movielens() else { return };
    let (users, items) = (movielens.ratings.users.len(), movielens.ratings.items.len());
    let entries = &movielens.ratings.entries;
    let baseline = Baseline::fit(users, items, entries, &BaselineSettings::default());
    let problem = Problem { users, items, ratings: Offset::Biases.residuals(&baseline, entries) };
    let rank = 8;
    for (lambda, kind) in [(0.05, Regularization::Weighted), (3.0, Regularization::Plain)] {
        let ccd = Ccd::new(rank, lambda, kind);
        let mut graph = problem.graph(rank);
        let engine = Engine::updates(&mut graph, &ccd, Everyone(&[Phase::All])).threads(2);
        let engine = engine.exclusion(Exclusion::Coloring).coloring_order(ColoringOrder::Natural);
        engine.rounds(30 * ccd.visits()).run().unwrap();
        let mut solved = problem.graph(rank);
        let als = Als::new(rank, lambda, kind);
        let engine = Engine::new(&mut solved, &als).scheduler(Everyone(&[Phase::Left, Phase::Right]));
        engine.threads(2).rounds(30).run().unwrap();
        let [found, expected] = [&graph, &solved].map(|graph| {
            let factors = wide(graph.vertex_data());
            let squares: f64 =
                problem.ratings.iter().map(|rating| problem.error(rank, &factors, rating).powi(2)).sum();
            (problem.objective(&ccd, &factors), (squares / problem.ratings.len() as f64).sqrt())
        });
        println!("{kind:?}: objective and RMSE {found:?}, by least squares {expected:?}");
        assert!(
            found.0 < 1.02 * expected.0 && (found.1 / expected.1 - 1.0).abs() < 0.03,
            "{found:?} {expected:?}"
        );
    }
}
