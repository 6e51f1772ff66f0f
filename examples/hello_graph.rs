//! A graph of four pages, and what PageRank makes of it.
//!
//! `cargo run --example hello_graph`

use gasworks::programs::{DanglingMass, PageRank};
use gasworks::{Engine, Error, graph::GraphBuilder, schedulers::Sweep};

fn main() -> Result<(), Error> {
    let links = [[0, 1], [0, 2], [1, 2], [2, 0], [3, 2]];
    let mut graph = GraphBuilder::directed(4).plain_edges(&links).build()?.with_vertices(|_| 0.25);

    let outcome = Engine::new(&mut graph, &PageRank::default())
        .scheduler(Sweep::new())
        .aggregate(&DanglingMass { damping: 0.85, spread: true })
        .until(|progress| progress.residual < 1e-6)
        .run()?;

    println!("{:?} after {} rounds", outcome.reason, outcome.progress.rounds);
    for (page, rank) in graph.vertex_data().iter().enumerate() {
        println!("page {page}: {rank:.4}");
    }
    Ok(())
}
