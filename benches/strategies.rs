//! What consistency costs: one program under each exclusion, beside the synchronous engine at the same accuracy.
//!
//! `cargo bench --bench strategies -- [--scale N] [--threads 1,2] [--scheduler NAMES] [--exclusion NAMES] [--tolerance T]`
//!
//! Dynamic PageRank on R-MAT: a vertex wakes its neighbours if its rank moved by more than the tolerance (1e-3 unless said), in
//! units of the mean rank, as PowerGraph counts. The error is the L1 distance to the converged ranks.

mod harness;

use std::ops::ControlFlow;

use gasworks::generate::{Rmat, rmat};
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::{Dangling, PageRank};
use gasworks::schedulers::{Sweep, by_name};
use gasworks::{Column, Engine, Exclusion, Progress};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let scale = harness::value_of("--scale").map_or(Ok(20), |word| word.parse())?;
    let tolerance: f32 = harness::value_of("--tolerance").map_or(Ok(1e-3), |word| word.parse())?;
    let list = rmat(&Rmat { scale, ..Rmat::default() })?;
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
    let names = harness::value_of("--scheduler")
        .unwrap_or_else(|| "sweep,rounds,fifo,multiqueue_fifo,multiqueue_priority".into());
    let exclusions = harness::value_of("--exclusion");
    for threads in harness::threads() {
        let mut worst: f64 = 0.0;
        for name in names.split(',') {
            for exclusion in Exclusion::ALL {
                let wanted = exclusions
                    .as_ref()
                    .is_none_or(|names| names.split(',').any(|name| name == exclusion.name()));
                if !wanted || exclusion == Exclusion::Serial && threads > 1 {
                    continue;
                }
                reset(&mut graph);
                let clock = std::time::Instant::now();
                let engine = Engine::new(&mut graph, &program).asynchronous().threads(threads).global(global);
                let engine = engine.scheduler(by_name(name)?).exclusion(exclusion);
                if engine.plan().is_err() {
                    continue;
                }
                let outcome = engine.run()?;
                let whole = clock.elapsed().as_secs_f64();
                let error = error(graph.vertex_data().as_slice());
                worst = worst.max(error);
                let visits = outcome.visits.expect("counted without barriers");
                println!(
                    "{threads} threads {name:20} {exclusion:9} {whole:7.3} s whole, {:7.3} s computing, {:9} updates, once {:.3}, most {}, waits {}, colors {:?}, L1 error {error:.2e}",
                    outcome.progress.seconds,
                    outcome.progress.updates,
                    visits.once as f64 / n as f64,
                    visits.most,
                    outcome.contended,
                    outcome.colors,
                );
                harness::Timing::new(format!("dynamic pagerank, {name}, {exclusion}"), vec![whole])
                    .report(threads);
            }
        }
        // The synchronous engine, until it is as near.
        reset(&mut graph);
        let mut seconds = 0.0;
        let mut watch = |progress: &Progress, ranks: &Column<f32>| {
            seconds = progress.seconds;
            if error(ranks.as_slice()) <= worst { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let engine = Engine::new(&mut graph, &exact).scheduler(Sweep::new()).global(global).threads(threads);
        let outcome = engine.observer(&mut watch).rounds(200).run()?;
        println!("{threads} threads synchronous: {} rounds to L1 error {worst:.2e}", outcome.progress.rounds);
        harness::Timing::new("synchronous pagerank to the worst error above", vec![seconds]).report(threads);
    }
    Ok(())
}
