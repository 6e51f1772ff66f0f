//! Core numbers under each scheduler against peeling in linear time (Batagelj and Zaversnik 2003), on made and on published graphs.

use gasworks::programs::KCore;
use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{Engine, Reason, Scheduler};

use super::data::load;
use super::shapes::{Kind, Shape, shapes};

/// Vertices in buckets by degree; takes one of least degree, and moves its neighbors down.
fn peeled(shape: &Shape) -> Vec<u32> {
    let (into, out) = shape.neighbors();
    let mut neighbors: Vec<Vec<u32>> = vec![Vec::new(); shape.vertices];
    for (v, around) in neighbors.iter_mut().enumerate() {
        around.extend(into[v].iter().chain(&out[v]).map(|(u, _)| *u).filter(|u| *u as usize != v));
        around.sort_unstable();
        around.dedup();
    }
    let mut degrees: Vec<usize> = neighbors.iter().map(Vec::len).collect();
    let mut buckets = vec![Vec::new(); degrees.iter().max().map_or(0, |most| most + 1)];
    degrees.iter().enumerate().for_each(|(v, degree)| buckets[*degree].push(v));
    let (mut cores, mut done, mut at) = (vec![0; shape.vertices], vec![false; shape.vertices], 0);
    while at < buckets.len() {
        let Some(v) = buckets[at].pop() else {
            at += 1;
            continue;
        };
        // A vertex stays in the buckets that it has left.
        if done[v] || degrees[v] != at {
            continue;
        }
        (done[v], cores[v]) = (true, at as u32);
        for &u in &neighbors[v] {
            let u = u as usize;
            if !done[u] && degrees[u] > at {
                degrees[u] -= 1;
                buckets[degrees[u]].push(u);
            }
        }
    }
    cores
}

fn cores(shape: &Shape, order: impl Scheduler) -> (Vec<u32>, u64) {
    let graph = shape.plain();
    let start = KCore::start(graph.topology());
    let mut graph = graph.with_vertices(start);
    let outcome = Engine::updates(&mut graph, &KCore, order).run().unwrap();
    assert_eq!(outcome.reason, Reason::Drained);
    (graph.vertex_data().as_slice().to_vec(), outcome.progress.updates)
}

#[test]
fn core_numbers_are_what_peeling_finds_under_each_scheduler() {
    for shape in &shapes() {
        let expected = peeled(shape);
        assert_eq!(cores(shape, Sweep::new()).0, expected, "{}", shape.name);
        assert_eq!(cores(shape, Rounds::new()).0, expected, "{}", shape.name);
    }
}

#[test]
fn published_graphs_have_their_published_degeneracy() {
    for (name, kind, greatest) in [
        ("facebook_combined", Kind::Undirected, 115),
        ("email-Enron", Kind::Undirected, 43),
        ("email-Enron", Kind::Directed, 43),
        ("wiki-Vote", Kind::Directed, 53),
    ] {
        let Some(shape) = load(name, kind) else { return };
        let (found, visits) = cores(&shape, Sweep::new());
        println!("{name}: {visits} visits of {} vertices", shape.vertices);
        assert_eq!(found, peeled(&shape), "{name}");
        assert_eq!(found.iter().max(), Some(&greatest), "{name}");
    }
}
