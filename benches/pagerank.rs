//! PageRank, an iteration: the program through the trait, on R-MAT (scale 20 unless said) or on a file.
//!
//! `cargo bench --bench pagerank -- [--scale N | --file GRAPH] [--threads 1,2] [--rounds N]`

mod harness;

use std::ops::ControlFlow;

use gasworks::generate::{Rmat, rmat};
use gasworks::input::{EdgesOptions, Source, read_edges};
use gasworks::programs::{DanglingMass, PageRank};
use gasworks::{Column, Engine, Progress, graph::GraphBuilder, schedulers::Sweep};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scale = harness::value_of("--scale").map_or(Ok(20), |word| word.parse())?;
    let rounds = harness::value_of("--rounds").map_or(Ok(40), |word| word.parse())?;
    let list = match harness::value_of("--file") {
        Some(path) => read_edges(&Source::from_path(path), &EdgesOptions::default())?.data,
        None => rmat(&Rmat { scale, ..Rmat::default() })?,
    };
    let n = list.ids.len();
    let edges = GraphBuilder::directed(n).plain_edges(&list.arcs).build()?;
    let mut graph = edges.with_vertices(|_| 1.0 / n as f32);
    for threads in harness::threads() {
        let mut times = Vec::new();
        let mut clock = |progress: &Progress, _: &Column<f32>| {
            times.push(progress.seconds);
            ControlFlow::Continue(())
        };
        graph.transform_vertices(|_, rank| *rank = 1.0 / n as f32);
        Engine::new(&mut graph, &PageRank::default())
            .scheduler(Sweep::new())
            .aggregate(&DanglingMass { damping: 0.85, spread: true })
            .threads(threads)
            .rounds(rounds)
            .observer(&mut clock)
            .run()?;
        harness::Timing::new("pagerank iteration", harness::laps(&times)).report(threads);
    }
    Ok(())
}
