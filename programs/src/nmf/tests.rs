use super::*;
use crate::factorization::{initial_factors, squared_error};
use gasworks_engine::graph::{Graph, GraphBuilder};
use gasworks_engine::input::Rating;
use gasworks_engine::{Engine, Every, Phase, Random, Scheduler, Selection, Task};

/// Rounds of one side and then the other, of those that begin.
struct Sides(Selection);

impl Scheduler for Sides {
    fn name(&self) -> &'static str {
        "sides"
    }
    fn selection(&self) -> Option<Selection> {
        Some(self.0)
    }
    fn phases(&self) -> &'static [Phase] {
        &[Phase::Left, Phase::Right]
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, _: &[Task]) {}
    fn next(&self, _: usize, _: &mut Vec<u32>) {}
}

struct Problem {
    rows: usize,
    columns: usize,
    rank: usize,
    entries: Vec<Rating>,
}

impl Problem {
    /// Counts at a share of all places, none in the last row and the last column.
    fn random(rows: usize, columns: usize, rank: usize, share: f64, seed: u64) -> Self {
        let mut random = Random::keyed(seed, 3, 0, 0);
        let mut entries = Vec::new();
        for user in 0..rows as u32 - 1 {
            for item in 0..columns as u32 - 1 {
                if random.uniform() < share {
                    entries.push(Rating { user, item, value: 0.25 + random.below(9) as f32 });
                }
            }
        }
        Problem { rows, columns, rank, entries }
    }

    fn start(&self, seed: u64) -> Vec<f32> {
        let start = initial_factors(self.rows + self.columns, self.rank, 1.0, seed);
        start.iter().map(|factor| factor.abs()).collect()
    }

    fn graph(&self, start: &[f32]) -> Graph<Row<f32>, f32> {
        let (ends, values): (Vec<_>, Vec<_>) =
            self.entries.iter().map(|entry| ([entry.user, entry.item], entry.value)).unzip();
        let builder = GraphBuilder::bipartite(self.rows, self.columns).weighted_edges(&ends, &values);
        let rank = self.rank;
        builder
            .build()
            .unwrap()
            .with_rows(rank, |v, row| row.copy_from_slice(&start[v as usize * rank..][..rank]))
    }

    fn loss(&self, graph: &Graph<Row<f32>, f32>) -> f64 {
        let (row, column) =
            (|at: usize| graph.vertex(at as u32), |at: usize| graph.vertex((self.rows + at) as u32));
        squared_error(self.rank, (self.rows, row), (self.columns, column), &self.entries)
    }

    fn dense(&self) -> Vec<f64> {
        let mut dense = vec![0.0; self.rows * self.columns];
        for entry in &self.entries {
            dense[entry.user as usize * self.columns + entry.item as usize] = entry.value.into();
        }
        dense
    }

    /// The updates as the paper writes them, with dense matrices in `f64`.
    fn reference(&self, start: &[f32], rounds: usize) -> Vec<f64> {
        let (rows, columns, rank, x) = (self.rows, self.columns, self.rank, self.dense());
        let mut factors: Vec<f64> = start.iter().map(|factor| f64::from(*factor)).collect();
        for _ in 0..rounds {
            let (w, h) = factors.split_at_mut(rows * rank);
            half(w, h, rank, |row, column| x[row * columns + column]);
            half(h, w, rank, |column, row| x[row * columns + column]);
        }
        factors
    }
}

/// `w <- w * (X h) / (w h^T h)`, element by element.
fn half(w: &mut [f64], h: &[f64], rank: usize, x: impl Fn(usize, usize) -> f64) {
    let others = h.len() / rank;
    for (row, w) in w.chunks_exact_mut(rank).enumerate() {
        let products: Vec<f64> =
            (0..others).map(|at| (0..rank).map(|k| w[k] * h[at * rank + k]).sum()).collect();
        let ratio = |k: usize| {
            let above: f64 = (0..others).map(|at| x(row, at) * h[at * rank + k]).sum();
            let below: f64 = (0..others).map(|at| products[at] * h[at * rank + k]).sum();
            if below > 0.0 { above / below } else { 0.0 }
        };
        let ratios: Vec<f64> = (0..rank).map(ratio).collect();
        w.iter_mut().zip(ratios).for_each(|(w, ratio)| *w *= ratio);
    }
}

fn run(graph: &mut Graph<Row<f32>, f32>, nmf: &Nmf, rounds: u64, threads: usize) {
    let engine = Engine::new(graph, nmf).aggregate_every(Every::Phase, nmf).threads(threads);
    engine.scheduler(Sides(Selection::Everyone)).rounds(rounds).run().unwrap();
}

#[test]
fn factors_are_those_of_dense_updates() {
    for (rows, columns, rank, share) in
        [(2, 2, 1, 1.0), (30, 20, 1, 0.3), (30, 50, 4, 0.2), (60, 25, 9, 0.5), (12, 9, 20, 0.7)]
    {
        let problem = Problem::random(rows, columns, rank, share, rank as u64);
        let start = problem.start(1);
        for rounds in [1, 2, 10] {
            let mut graph = problem.graph(&start);
            run(&mut graph, &Nmf::new(rank), rounds, 2);
            let expected = problem.reference(&start, rounds as usize);
            for (at, (found, expected)) in graph.vertex_data().iter().flatten().zip(&expected).enumerate() {
                let error = (f64::from(*found) - expected).abs();
                let close = 1e-5 * expected.abs().max(1.0);
                assert!(error <= close, "{rows} x {columns}, {rounds} rounds, {at}: {found}, not {expected}");
            }
            let loss = problem.loss(&graph);
            let (w, h) = expected.split_at(rows * rank);
            let dense: f64 = (0..rows * columns)
                .map(|at| {
                    let (row, column) = (at / columns * rank, at % columns * rank);
                    let product: f64 = (0..rank).map(|k| w[row + k] * h[column + k]).sum();
                    (problem.dense()[at] - product).powi(2)
                })
                .sum();
            assert!((loss - dense).abs() <= 1e-5 * dense.max(1.0), "loss {loss}, not {dense}");
        }
    }
}

#[test]
fn the_error_never_rises_at_any_half_step() {
    // A side that is asked to begin and wakes nobody runs alone.
    for seed in 0..6 {
        let problem = Problem::random(40, 30, 1 + 2 * seed as usize, 0.15 + 0.1 * seed as f64, seed);
        let nmf = Nmf::new(problem.rank).tolerance(f32::INFINITY);
        let mut graph = problem.graph(&problem.start(seed));
        let mut before = problem.loss(&graph);
        let first = before;
        for step in 0..400 {
            let side = if step % 2 == 0 { 0..40 } else { 40..70 };
            let engine = Engine::new(&mut graph, &nmf).aggregate_every(Every::Phase, &nmf);
            let engine = engine.scheduler(Sides(Selection::Signalled)).start_at(side.clone());
            let outcome = engine.rounds(1).run().unwrap();
            assert_eq!(outcome.progress.updates, side.len() as u64);
            let loss = problem.loss(&graph);
            // Factors are rounded to f32.
            assert!(loss <= before * (1.0 + 1e-6), "seed {seed}, half step {step}: {before} to {loss}");
            before = loss;
        }
        assert!(before < 0.9 * first);
        assert!(graph.vertex_data().iter().flatten().all(|factor| *factor >= 0.0));
    }
}

#[test]
fn a_product_of_nonnegative_factors_is_found_again() {
    let (rows, columns, rank) = (50, 40, 3);
    let mut random = Random::keyed(4, 4, 0, 0);
    let mut factors = |len: usize| (0..len * rank).map(|_| random.below(4) as f32).collect::<Vec<_>>();
    let (w, h) = (factors(rows), factors(columns));
    let mut entries = Vec::new();
    for user in 0..rows {
        for item in 0..columns {
            let value: f32 = (0..rank).map(|k| w[user * rank + k] * h[item * rank + k]).sum();
            if value > 0.0 {
                entries.push(Rating { user: user as u32, item: item as u32, value });
            }
        }
    }
    let problem = Problem { rows, columns, rank, entries };
    let mut graph = problem.graph(&problem.start(2));
    run(&mut graph, &Nmf::new(rank), 3000, 2);
    let all: f64 = problem.entries.iter().map(|entry| f64::from(entry.value).powi(2)).sum();
    let loss = problem.loss(&graph);
    assert!(loss < 1e-4 * all, "{loss} of {all}");
}

#[test]
fn zeros_stay_and_what_is_empty_becomes_zero() {
    let problem = Problem::random(9, 7, 3, 0.8, 5);
    let mut start = problem.start(3);
    // A factor that one row lacks, and one that no column has.
    start[0] = 0.0;
    (0..7).for_each(|column| start[(9 + column) * 3 + 2] = 0.0);
    let mut graph = problem.graph(&start);
    run(&mut graph, &Nmf::new(3), 5, 1);
    assert_eq!(graph.vertex(0)[0], 0.0);
    assert!((0..16).all(|v| graph.vertex(v)[2] == 0.0));
    assert_eq!((graph.vertex(8), graph.vertex(15)), (&[0.0; 3][..], &[0.0; 3][..]));
    assert!((1..8).all(|v| graph.vertex(v)[0].is_normal()));
}

#[test]
fn bits_do_not_depend_on_threads() {
    let problem = Problem::random(300, 200, 7, 0.1, 6);
    let bits = |threads| {
        let mut graph = problem.graph(&problem.start(1));
        run(&mut graph, &Nmf::new(7), 6, threads);
        graph.vertex_data().iter().flatten().map(|factor| factor.to_bits()).collect::<Vec<_>>()
    };
    let first = bits(1);
    for threads in [2, 4, 8] {
        assert!(bits(threads) == first, "{threads} threads");
    }
}

#[test]
#[should_panic(expected = "aggregate_every(Every::Phase, &nmf)")]
fn without_its_aggregate_it_says_what_is_missing() {
    let problem = Problem::random(2, 2, 1, 1.0, 7);
    let nmf = Nmf::new(1);
    let mut graph = problem.graph(&[1.0; 4]);
    drop(Engine::new(&mut graph, &nmf).threads(1).scheduler(Sides(Selection::Everyone)).rounds(1).run());
}
