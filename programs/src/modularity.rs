//! Modularity: how many more edges lie within communities than would by chance (Newman and Girvan 2004, "Finding and evaluating community structure in
//! networks", section IV, equation 5).

use gasworks_engine::graph::{Topology, Vertex};
use rayon::prelude::*;

/// `sum over communities of (edges within / m - (ends / 2m)^2)`, where m is the number of edges, and ends are those of edges at vertices
/// of the community. From -1/2 up to, but not including, 1; 0 if all are one community, or there is no edge.
///
/// Labels name the communities: any numbers below the number of vertices, one for each vertex. The direction of edges does not count; parallel edges count as often as
/// they are there; a self-loop is an edge with two ends at its vertex. Takes O(vertices + edges), in parallel, and 8 bytes a vertex. Sums are of
/// integers, so the result does not depend on threads.
///
/// # Panics
/// If there is not one label for each vertex, or a label is not below their number.
///
/// ```
/// use gasworks_engine::graph::GraphBuilder;
/// use gasworks_programs::modularity;
/// // Two triangles, joined by an edge: each has 3 of 7 edges, and half of the ends.
/// let edges = [[0, 1], [1, 2], [2, 0], [3, 4], [4, 5], [5, 3], [0, 3]];
/// let graph = GraphBuilder::directed(6).plain_edges(&edges).build()?;
/// assert!((modularity(graph.topology(), &[0, 0, 0, 3, 3, 3]) - (6.0 / 7.0 - 0.5)).abs() < 1e-12);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn modularity(topology: &Topology, labels: &[Vertex]) -> f64 {
    assert_eq!(labels.len(), topology.vertices(), "one label for each vertex");
    // Each edge is there twice, once for each end. An undirected graph has it so already, but self-loops only once.
    let loops = |vertex: Vertex| match topology.is_undirected() {
        true => topology.out_neighbors(vertex).iter().filter(|neighbor| **neighbor == vertex).count(),
        false => 0,
    };
    let ends_at = |vertex: Vertex| {
        let into = if topology.is_undirected() { 0 } else { topology.in_degree(vertex) };
        u64::from(topology.out_degree(vertex)) + u64::from(into) + loops(vertex) as u64
    };
    let ends_within = |vertex: Vertex| {
        let label = labels[vertex as usize];
        let same =
            topology.out_neighbors(vertex).iter().filter(|neighbor| labels[**neighbor as usize] == label);
        (same.count() * if topology.is_undirected() { 1 } else { 2 } + loops(vertex)) as u64
    };
    let vertices = 0..labels.len() as Vertex;
    let within: u64 = vertices.clone().into_par_iter().map(ends_within).sum();
    let mut ends = vec![0u64; labels.len()];
    vertices.for_each(|vertex| ends[labels[vertex as usize] as usize] += ends_at(vertex));
    let all: u64 = ends.iter().sum();
    if all == 0 {
        return 0.0;
    }
    let share = |part: u64| part as f64 / all as f64;
    share(within) - ends.iter().map(|ends| share(*ends).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gasworks_engine::Random;
    use gasworks_engine::graph::{GraphBuilder, ReverseEdges};
    use proptest::prelude::*;

    fn both(n: usize, edges: &[[u32; 2]], labels: &[u32]) -> [f64; 2] {
        [GraphBuilder::directed(n), GraphBuilder::undirected(n, ReverseEdges::Keep)]
            .map(|builder| modularity(builder.plain_edges(edges).build().unwrap().topology(), labels))
    }

    /// `1 / 2m * sum over pairs of one community of (A - k k^T / 2m)`, from the whole matrix.
    fn by_matrix(n: usize, edges: &[[u32; 2]], labels: &[u32]) -> f64 {
        let mut matrix = vec![vec![0.0; n]; n];
        for &[u, v] in edges {
            matrix[u as usize][v as usize] += 1.0;
            matrix[v as usize][u as usize] += 1.0;
        }
        let degrees: Vec<f64> = matrix.iter().map(|row| row.iter().sum()).collect();
        let all: f64 = degrees.iter().sum();
        let pairs =
            (0..n).flat_map(|u| (0..n).map(move |v| (u, v))).filter(|(u, v)| labels[*u] == labels[*v]);
        let sum: f64 = pairs.map(|(u, v)| matrix[u][v] - degrees[u] * degrees[v] / all.max(1.0)).sum();
        sum / all.max(1.0)
    }

    proptest! {
        #[test]
        fn it_is_the_sum_over_the_matrix(n in 1_usize..25, density in 0_usize..10, communities in 1_u64..6, seed: u64) {
            let mut random = Random::keyed(seed, 0, 0, 0);
            let mut below = |bound: u64| random.below(bound) as u32;
            let edges: Vec<_> = (0..n * density / 2).map(|_| [below(n as u64), below(n as u64)]).collect();
            let labels: Vec<u32> = (0..n).map(|_| below(communities.min(n as u64))).collect();
            let expected = by_matrix(n, &edges, &labels);
            for found in both(n, &edges, &labels) {
                prop_assert!((found - expected).abs() < 1e-12, "{}, expected {}", found, expected);
                prop_assert!((-0.5 - 1e-12..1.0).contains(&found));
            }
        }
    }

    #[test]
    fn made_by_hand() {
        let path = [[0, 1], [1, 2], [2, 3]];
        for (edges, labels, expected) in [
            (&path[..], [0, 0, 0, 0], 0.0),
            // Two of three edges, and three of six ends each.
            (&path, [1, 1, 3, 3], 2.0 / 3.0 - 0.5),
            (&path, [0, 1, 2, 3], -(1.0 + 4.0 + 4.0 + 1.0) / 36.0),
            // The worst: all edges between two communities.
            (&[[0, 1], [2, 1], [2, 3]], [0, 1, 0, 1], -0.5),
            // A self-loop has two ends, and lies within.
            (&[[0, 0], [1, 2]], [0, 1, 1, 1], 0.5),
            (&[[0, 0], [0, 1]], [0, 1, 1, 1], 0.5 - (9.0 + 1.0) / 16.0),
            (&[[0, 1], [0, 1], [2, 3]], [0, 0, 2, 2], 1.0 - (16.0 + 4.0) / 36.0),
            (&[], [0, 1, 2, 3], 0.0),
        ] {
            for found in both(4, edges, &labels) {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{edges:?}, {labels:?}: {found}, expected {expected}"
                );
            }
        }
        assert_eq!(both(0, &[], &[]), [0.0; 2]);
    }
}
