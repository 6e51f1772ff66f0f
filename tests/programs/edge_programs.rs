//! Edge programs under the serial executor.

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::{Context, EdgeProgram, Engine, Reason, Row};

use super::shapes::shapes;

struct Sgd;

impl EdgeProgram for Sgd {
    type Vertex = Row<f32>;
    type Edge = f32;
    type Global = ();
    type Scratch = u64;
    fn scratch(&self) -> u64 {
        0
    }
    fn update(&self, _: &Context<'_, ()>, user: &mut [f32], rating: &mut f32, item: &mut [f32], _: &mut u64) {
        let error = *rating - user.iter().zip(&*item).map(|(u, i)| u * i).sum::<f32>();
        for (u, i) in user.iter_mut().zip(item) {
            (*u, *i) = (*u + 0.05 * error * *i, *i + 0.05 * error * *u);
        }
    }
}

fn squared_error(graph: &Graph<Row<f32>, f32>) -> f32 {
    let dot = |u, v| graph.vertex(u).iter().zip(graph.vertex(v)).map(|(a, b)| a * b).sum::<f32>();
    graph.edge_list().map(|(u, v, rating)| (rating - dot(u, v)).powi(2)).sum()
}

#[test]
fn stochastic_gradient_descent_lowers_the_error() {
    let pairs: Vec<_> = (0..6u32).flat_map(|u| (0..5).map(move |i| [u, i])).collect();
    let value = |[u, i]: &[u32; 2]| 1.0 + 0.3 * *u as f32 + 0.2 * (*i * (u % 2)) as f32;
    let ratings: Vec<_> = pairs.iter().map(value).collect();
    let graph = GraphBuilder::bipartite(6, 5).weighted_edges(&pairs, &ratings).build().unwrap();
    let start = |v: u32, row: &mut [f32]| row.copy_from_slice(&[0.5, 0.1 * v as f32, 0.3]);
    let mut graph = graph.with_rows(3, start);
    let mut errors = vec![squared_error(&graph)];
    for _ in 0..5 {
        let outcome = Engine::edges(&mut graph, &Sgd).rounds(40).run().unwrap();
        assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Rounds, 40));
        assert_eq!(outcome.progress.updates, 40 * 30);
        errors.push(squared_error(&graph));
    }
    assert!(errors.is_sorted_by(|a, b| a > b) && errors[5] < 0.02 * errors[0], "{errors:?}");
}

/// Counts the visits of each edge and of each end.
struct Touch;

impl EdgeProgram for Touch {
    type Vertex = u32;
    type Edge = f32;
    type Global = ();
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, source: &mut u32, edge: &mut f32, target: &mut u32, (): &mut ()) {
        *source += 1;
        *target += 1000;
        *edge += 8.0;
    }
}

#[test]
fn a_pass_visits_each_edge_but_self_loops_once() {
    for shape in shapes().iter().filter(|shape| shape.vertices < 900) {
        let mut graph = shape.weighted().with_vertices(|_| 0);
        let before: Vec<f32> = graph.edge_list().map(|(_, _, weight)| *weight).collect();
        Engine::edges(&mut graph, &Touch).rounds(1).run().unwrap();
        for ((u, v, new), old) in graph.edge_list().zip(before) {
            assert_eq!(*new, if u == v { old } else { old + 8.0 });
        }
        let (into, out) = shape.neighbors();
        for (v, found) in graph.vertex_data().iter().enumerate() {
            let others = |ends: &[(u32, f32)]| ends.iter().filter(|(u, _)| *u as usize != v).count();
            assert_eq!(*found as usize, others(&out[v]) + 1000 * others(&into[v]), "{}", shape.name);
        }
    }
}
