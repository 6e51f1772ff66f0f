//! What consistency costs: one program under each exclusion, and beside the synchronous engine where that runs it.
//!
//! `cargo bench --bench strategies -- [--program pagerank|als|coloring] [--scale N] [--threads 1,2] [--scheduler NAMES]
//! [--exclusion NAMES] [--tolerance T]`
//!
//! - Dynamic PageRank on R-MAT: a vertex wakes its neighbours if its rank moved by more than the tolerance (1e-3 unless said), in
//!   units of the mean rank, as PowerGraph counts. The error is the L1 distance to the converged ranks; the synchronous engine
//!   runs until it is as near as the worst of the others.
//! - ALS of rank 64 on ratings of MovieLens 1M's shape: three visits of every vertex.
//! - Greedy coloring on R-MAT: one visit of every vertex.

mod harness;

use std::ops::ControlFlow;
use std::time::Instant;

use gasworks::generate::{RatingsShape, Rmat, ratings, rmat};
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::factorization::{INITIAL_SCALE, Regularization, initial_factors};
use gasworks::programs::{Als, Dangling, GreedyColoring, PageRank};
use gasworks::schedulers::{Sweep, by_name};
use gasworks::{Column, Engine, Error, Exclusion, Outcome, Progress, Row};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let program = harness::value_of("--program").unwrap_or_else(|| "pagerank".into());
    match program.as_str() {
        "pagerank" => pagerank(),
        "als" => als(),
        "coloring" => coloring(),
        _ => Err(format!("no program {program}; there are pagerank, als and coloring").into()),
    }
}

/// The words of an option, or these.
fn words(option: &str, otherwise: &str) -> Vec<String> {
    let text = harness::value_of(option).unwrap_or_else(|| otherwise.into());
    text.split(',').map(str::to_owned).collect()
}

/// Runs what is admitted of the asked schedulers and exclusions; `run` says how accurate it was.
fn each(
    program: &str,
    schedulers: &str,
    threads: usize,
    mut run: impl FnMut(&str, Exclusion) -> Result<(Outcome, f64), Error>,
) -> Result<(), Failure> {
    let exclusions = words("--exclusion", "serial,coloring,locks,relaxed");
    for scheduler in words("--scheduler", schedulers) {
        for exclusion in Exclusion::OF_VERTICES {
            let wanted = exclusions.iter().any(|name| name == exclusion.name());
            if !wanted || exclusion == Exclusion::Serial && threads > 1 {
                continue;
            }
            let clock = Instant::now();
            let (outcome, accuracy) = match run(&scheduler, exclusion) {
                Err(Error::NotAdmitted { .. }) => continue,
                result => result?,
            };
            let whole = clock.elapsed().as_secs_f64();
            let (updates, seconds) = (outcome.progress.updates, outcome.progress.seconds);
            let visits = outcome.visits.unwrap_or_default();
            let tasks = visits.never + visits.once + visits.more;
            println!(
                "{program}, {threads} threads, {scheduler}, {exclusion}: {whole:.3} s ({seconds:.3} s computing), {updates} \
                 updates, {:.1} % once, {} at most, {} waits, {} colors, {accuracy:.3e}",
                100.0 * visits.once as f64 / tasks as f64,
                visits.most,
                outcome.contended,
                outcome.colors.unwrap_or(0),
            );
            harness::Timing::new(format!("{program}, {scheduler}, {exclusion}"), vec![whole]).report(threads);
        }
    }
    Ok(())
}

fn scale() -> Result<Rmat, Failure> {
    let scale = harness::value_of("--scale").map_or(Ok(20), |word| word.parse())?;
    Ok(Rmat { scale, ..Rmat::default() })
}

fn pagerank() -> Result<(), Failure> {
    let tolerance: f32 = harness::value_of("--tolerance").map_or(Ok(1e-3), |word| word.parse())?;
    let list = rmat(&scale()?)?;
    let n = list.ids.len();
    let mut graph =
        GraphBuilder::directed(n).plain_edges(&list.arcs).build()?.with_vertices(|_| 1.0 / n as f32);
    let global = Dangling { base: 0.15 / n as f32 };
    let reset = |graph: &mut Graph<f32, ()>| graph.transform_vertices(|_, rank| *rank = 1.0 / n as f32);

    let exact = PageRank::default();
    Engine::new(&mut graph, &exact).scheduler(Sweep::new()).global(global).rounds(120).run()?;
    let converged: Vec<f32> = graph.vertex_data().as_slice().to_vec();
    let error = |ranks: &[f32]| -> f64 {
        ranks.iter().zip(&converged).map(|(rank, exact)| f64::from((rank - exact).abs())).sum()
    };
    let program = PageRank { tolerance: tolerance / n as f32, ..PageRank::default() };
    for threads in harness::threads() {
        let mut worst: f64 = 0.0;
        each(
            "dynamic pagerank",
            "sweep,rounds,fifo,multiqueue_priority",
            threads,
            |scheduler, exclusion| {
                reset(&mut graph);
                let engine = Engine::new(&mut graph, &program).asynchronous().threads(threads).global(global);
                let outcome = engine.scheduler(by_name(scheduler)?).exclusion(exclusion).run()?;
                let error = error(graph.vertex_data().as_slice());
                worst = worst.max(error);
                Ok((outcome, error))
            },
        )?;
        reset(&mut graph);
        let mut seconds = 0.0;
        let mut watch = |progress: &Progress, ranks: &Column<f32>| {
            seconds = progress.seconds;
            if error(ranks.as_slice()) <= worst { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let engine = Engine::new(&mut graph, &exact).scheduler(Sweep::new()).global(global).threads(threads);
        let outcome = engine.observer(&mut watch).rounds(200).run()?;
        println!("{threads} threads, synchronous: {} rounds to {worst:.3e}", outcome.progress.rounds);
        harness::Timing::new("synchronous pagerank, to the worst of these", vec![seconds]).report(threads);
    }
    Ok(())
}

fn als() -> Result<(), Failure> {
    const RANK: usize = 64;
    let shape = RatingsShape { users: 6040, items: 3706, count: 900_112, ..RatingsShape::default() };
    let list = ratings(&shape)?;
    let (users, items) = (list.users.len(), list.items.len());
    let (ends, values): (Vec<_>, Vec<_>) =
        list.entries.iter().map(|rating| ([rating.user, rating.item], rating.value)).unzip();
    let start = initial_factors(users + items, RANK, INITIAL_SCALE, 0);
    let edges = GraphBuilder::bipartite(users, items).weighted_edges(&ends, &values).build()?;
    let fill = |vertex: u32, row: &mut [f32]| row.copy_from_slice(&start[vertex as usize * RANK..][..RANK]);
    let mut graph = edges.with_rows(RANK, fill);
    let program = Als::new(RANK, 0.05, Regularization::Weighted);
    let rmse = |graph: &Graph<Row<f32>, f32>| {
        let error = |(user, item, rating): (u32, u32, &f32)| {
            let product = |(a, b): (&f32, &f32)| a * b;
            let predicted: f32 = graph.vertex(user).iter().zip(graph.vertex(item)).map(product).sum();
            f64::from((predicted - rating).powi(2))
        };
        (graph.edge_list().map(error).sum::<f64>() / graph.edges() as f64).sqrt()
    };
    for threads in harness::threads() {
        each("als", "sweep,fifo", threads, |scheduler, exclusion| {
            graph.transform_vertices(fill);
            let engine = Engine::new(&mut graph, &program).asynchronous().threads(threads).rounds(3);
            let outcome = engine.scheduler(by_name(scheduler)?).exclusion(exclusion).run()?;
            Ok((outcome, rmse(&graph)))
        })?;
        graph.transform_vertices(fill);
        let engine = Engine::new(&mut graph, &program).scheduler(Sweep::sides()).threads(threads).rounds(3);
        let seconds = engine.run()?.progress.seconds;
        println!("{threads} threads, synchronous: {:.3e}", rmse(&graph));
        harness::Timing::new("als, synchronous, three sweeps of sides", vec![seconds]).report(threads);
    }
    Ok(())
}

fn coloring() -> Result<(), Failure> {
    let list = rmat(&scale()?)?;
    let edges = GraphBuilder::directed(list.ids.len()).plain_edges(&list.arcs).build()?;
    let mut graph = edges.with_vertices(|_| GreedyColoring::UNCOLORED);
    for threads in harness::threads() {
        each("greedy coloring", "sweep,rounds,fifo", threads, |scheduler, exclusion| {
            graph.transform_vertices(|_, color| *color = GreedyColoring::UNCOLORED);
            let engine = Engine::updates(&mut graph, &GreedyColoring, by_name(scheduler)?).threads(threads);
            // A sweep of everyone under coloring would go on for ever.
            let outcome = engine.exclusion(exclusion).rounds(1).run()?;
            let conflicts =
                graph.edge_list().filter(|(u, v, ())| u != v && graph.vertex(*u) == graph.vertex(*v));
            Ok((outcome, conflicts.count() as f64))
        })?;
    }
    Ok(())
}
