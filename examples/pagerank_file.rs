//! PageRank of a graph in a file (SNAP edge list or MatrixMarket, also compressed), on all cores.
//!
//! `cargo run --release --example pagerank_file -- graph.txt`; without a file, of a generated graph.

use gasworks::generate::{Rmat, rmat};
use gasworks::input::{EdgesOptions, Source, read_edges};
use gasworks::programs::{DanglingMass, PageRank};
use gasworks::{Engine, graph::GraphBuilder, schedulers::Sweep};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let list = match std::env::args().nth(1) {
        Some(path) => read_edges(&Source::from_path(path), &EdgesOptions::default())?.data,
        None => rmat(&Rmat { scale: 12, ..Rmat::default() })?,
    };
    let n = list.ids.len();
    let edges = GraphBuilder::directed(n).plain_edges(&list.arcs).build()?;
    let mut graph = edges.with_vertices(|_| 1.0 / n as f32);

    let outcome = Engine::new(&mut graph, &PageRank::default())
        .scheduler(Sweep::new())
        .aggregate(&DanglingMass { damping: 0.85, spread: true })
        .until(|progress| progress.residual < 1e-6)
        .rounds(100)
        .run()?;

    let progress = outcome.progress;
    println!("{n} vertices, {} edges: {} rounds, {:.3} s", graph.edges(), progress.rounds, progress.seconds);
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.sort_by(|a, b| graph.vertex(*b).total_cmp(graph.vertex(*a)));
    for vertex in order.iter().take(5) {
        println!("{}\t{:.6}", list.ids.id(*vertex), graph.vertex(*vertex));
    }
    Ok(())
}
