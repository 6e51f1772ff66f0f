//! Greedy coloring under each scheduler, on made and on published graphs: edges are proper, and colors are few.

use gasworks::programs::GreedyColoring;
use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{Engine, Reason, Scheduler};

use super::data::load;
use super::shapes::{Kind, Shape, shapes};

fn colored(shape: &Shape, start: u32, order: impl Scheduler) -> u32 {
    let mut graph = shape.plain().with_vertices(|_| start);
    let outcome = Engine::updates(&mut graph, &GreedyColoring, order).run().unwrap();
    assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Drained, shape.vertices as u64));
    for (u, v, _) in shape.edge_list().filter(|(u, v, _)| u != v) {
        assert_ne!(graph.vertex(u), graph.vertex(v), "{u} and {v} of {}", shape.name);
    }
    let (into, out) = shape.neighbors();
    for (color, (into, out)) in graph.vertex_data().iter().zip(into.iter().zip(&out)) {
        let mut neighbors: Vec<u32> = into.iter().chain(out).map(|(neighbor, _)| *neighbor).collect();
        neighbors.sort_unstable();
        neighbors.dedup();
        assert!(*color as usize <= neighbors.len(), "{}", shape.name);
    }
    graph.vertex_data().iter().max().map_or(0, |most| most + 1)
}

#[test]
fn coloring_is_proper_under_each_scheduler() {
    for shape in &shapes() {
        for start in [0, GreedyColoring::UNCOLORED] {
            let colors = colored(shape, start, Sweep::new());
            colored(shape, start, Rounds::new());
            // In the order of vertices, row by row, a grid and a path need two.
            if start > 0 && (shape.name.starts_with("grid") || shape.name.starts_with("path,")) {
                assert_eq!(colors, 2, "{}", shape.name);
            }
        }
    }
}

#[test]
fn published_graphs_take_far_fewer_colors_than_degrees() {
    // Each has a clique that needs at least so many, and vertices of degrees 1,045 and 1,383.
    for (name, least, most) in [("facebook_combined", 69, 100), ("email-Enron", 20, 40)] {
        let Some(shape) = load(name, Kind::Undirected) else { return };
        let colors = colored(&shape, GreedyColoring::UNCOLORED, Sweep::new());
        println!("{name}: {colors} colors");
        assert!((least..=most).contains(&colors), "{name}: {colors}");
    }
}
