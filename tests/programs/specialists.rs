//! Kernels that are no vertex programs, against the oracles of the programs and against definitions.

use gasworks::Isa;
use gasworks::programs::specialists::{components, shortest_paths, triangles};

use super::oracles;
use super::shapes::{Kind, Shape, shapes};

/// What `work` gives on pools of several sizes.
fn on_threads<R: Send>(work: impl Fn() -> R + Sync) -> impl Iterator<Item = R> {
    [1, 2, 5].into_iter().map(move |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&work)
    })
}

#[test]
fn components_have_the_least_vertex() {
    for shape in shapes() {
        let (graph, expected) = (shape.plain(), oracles::components(&shape));
        for found in on_threads(|| components(graph.topology())) {
            assert!(found == expected, "{}", shape.name);
        }
    }
}

#[test]
fn distances_do_not_depend_on_delta() {
    for shape in shapes().iter().filter(|shape| shape.vertices > 0) {
        let (graph, expected) = (shape.weighted(), oracles::distances(shape, 0));
        // With the least, paths are longer than all buckets that are open at a time.
        for delta in [None, Some(1e-30), Some(1e-4), Some(0.7), Some(1e9)] {
            for found in on_threads(|| shortest_paths(&graph, 0, delta)) {
                assert!(found == expected, "{}, {delta:?}", shape.name);
            }
        }
    }
}

/// Triples of which each pair is joined, by a matrix.
fn counted(shape: &Shape) -> u64 {
    let n = shape.vertices;
    let mut joined = vec![false; n * n];
    for (u, v, _) in shape.edge_list().filter(|(u, v, _)| u != v) {
        joined[u as usize * n + v as usize] = true;
        joined[v as usize * n + u as usize] = true;
    }
    let mut count = 0;
    for a in 0..n {
        for b in (a + 1..n).filter(|b| joined[a * n + b]) {
            count += (b + 1..n).filter(|c| joined[a * n + c] && joined[b * n + c]).count() as u64;
        }
    }
    count
}

#[test]
fn triangles_are_counted_once() {
    let mut most = 0;
    for shape in shapes().iter().filter(|shape| shape.vertices <= 2000) {
        let expected = counted(shape);
        most = expected.max(most);
        let graph = shape.plain();
        for isa in Isa::all().into_iter().filter(|isa| isa.is_available()) {
            for found in on_threads(|| triangles(graph.topology(), isa)) {
                assert_eq!(found, expected, "{} at {isa}", shape.name);
            }
        }
    }
    assert!(most > 10_000);
}

/// Ranks beyond those whose rows are bitsets, and rows of both kinds: a complete graph beside a wheel of many spokes.
#[test]
fn triangles_of_many_vertices() {
    let (clique, rim) = (300u32, 40_000u32);
    let inside = (0..clique).flat_map(|u| (u + 1..clique).map(move |v| [v, u]));
    let spokes =
        (0..rim).flat_map(|at| [[clique, clique + 1 + at], [clique + 1 + at, clique + 1 + (at + 1) % rim]]);
    let edges = inside.chain(spokes).collect();
    let shape = Shape::new("clique and wheel", Kind::Directed, (clique + 1 + rim) as usize, edges);
    let expected = u64::from(clique * (clique - 1) * (clique - 2) / 6 + rim);
    let graph = shape.plain();
    for found in on_threads(|| triangles(graph.topology(), Isa::detect())) {
        assert_eq!(found, expected);
    }
}
