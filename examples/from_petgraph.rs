//! From a petgraph graph to a run, and petgraph's algorithms on the graph that comes out.
//!
//! `cargo run --example from_petgraph`

use gasworks::{Engine, Error, graph::Graph, programs::ShortestPaths};
use petgraph::graph::DiGraph;

fn main() -> Result<(), Error> {
    let mut cities = DiGraph::new();
    let [paris, lyon, nice, brest] = ["Paris", "Lyon", "Nice", "Brest"].map(|name| cities.add_node(name));
    cities.extend_with_edges([
        (paris, lyon, 465.0),
        (lyon, nice, 471.0),
        (paris, brest, 590.0),
        (paris, nice, 932.0),
    ]);

    let (edges, nodes) = Graph::from_petgraph(&cities, |kilometers: &f64| *kilometers as f32)?;
    let mut graph = edges.with_vertices(ShortestPaths::start(0));
    Engine::new(&mut graph, &ShortestPaths).start_at([0]).run()?;
    for (vertex, node) in nodes.iter().enumerate() {
        println!("{}: {} km", cities[*node], graph.vertex(vertex as u32));
    }

    let theirs = petgraph::algo::dijkstra(&graph, 0, None, |edge| *petgraph::visit::EdgeRef::weight(&edge));
    assert!(theirs.iter().all(|(vertex, distance)| graph.vertex(*vertex) == distance));
    Ok(())
}
