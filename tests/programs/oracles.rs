//! The answers of the bundled programs, by other methods than theirs.

use gasworks::input::Rating;
use gasworks::programs::factorization::reference::Reference;
use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex, UnGraph};
use petgraph::unionfind::UnionFind;

use super::shapes::{Kind, Neighbors, Shape};

/// PageRank by power iteration in `f64`, until nothing moves.
pub(crate) fn pagerank(neighbors: &(Neighbors, Neighbors), damping: f64, spread: bool) -> Vec<f64> {
    let n = neighbors.0.len();
    personalized_pagerank(neighbors, &vec![1.0 / n as f64; n], damping, spread)
}

/// The same of a surfer who starts over in this distribution.
pub(crate) fn personalized_pagerank(
    (into, out): &(Neighbors, Neighbors),
    restart: &[f64],
    damping: f64,
    spread: bool,
) -> Vec<f64> {
    let n = into.len();
    let mut ranks = restart.to_vec();
    for _ in 0..2000 {
        let dangling: f64 = (0..n).filter(|v| out[*v].is_empty()).map(|v| ranks[v]).sum();
        let again = 1.0 - damping + if spread { damping * dangling } else { 0.0 };
        let share = |u: u32| ranks[u as usize] / out[u as usize].len() as f64;
        let next: Vec<f64> = into
            .iter()
            .zip(restart)
            .map(|(edges, restart)| {
                again * restart + damping * edges.iter().map(|(u, _)| share(*u)).sum::<f64>()
            })
            .collect();
        let moved: f64 = ranks.iter().zip(&next).map(|(a, b)| (a - b).abs()).sum();
        ranks = next;
        if moved < 1e-14 {
            break;
        }
    }
    ranks
}

/// A distribution over the first vertex, one in the middle and the last, as weights and as shares.
pub(crate) fn restart(vertices: usize) -> (Vec<(u32, f64)>, Vec<f64>) {
    let weights: Vec<(u32, f64)> =
        [(0, 1.0), (vertices / 2, 4.5), (vertices - 1, 0.25)].map(|(v, weight)| (v as u32, weight)).to_vec();
    let mut shares = vec![0.0; vertices];
    weights.iter().for_each(|(v, weight)| shares[*v as usize] += weight / 5.75);
    (weights, shares)
}

/// Ranks that may be as small as one likes.
pub(crate) fn assert_shares_near(ranks: &[f32], expected: &[f64], what: &str) {
    assert_eq!(ranks.len(), expected.len());
    let error: f64 =
        ranks.iter().zip(expected).map(|(rank, expected)| (f64::from(*rank) - expected).abs()).sum();
    assert!(error <= 1e-5, "{what}: L1 error {error}");
    let mut unreached = ranks.iter().zip(expected).filter(|(_, expected)| **expected == 0.0);
    assert!(unreached.all(|(rank, _)| *rank == 0.0), "{what}: not 0 where no path leads");
}

pub(crate) fn assert_ranks_near(ranks: &[f32], expected: &[f64], what: &str) {
    assert_eq!(ranks.len(), expected.len());
    let mut total = 0.0;
    for (v, (rank, expected)) in ranks.iter().zip(expected).enumerate() {
        let error = (f64::from(*rank) - expected).abs();
        assert!(error <= 1e-4 * expected, "{what}: rank {rank} of {v}, expected {expected}");
        total += error;
    }
    assert!(total <= 1e-5, "{what}: L1 error {total}");
}

/// The least vertex of each vertex's component, by petgraph's union-find.
pub(crate) fn components(shape: &Shape) -> Vec<u32> {
    let mut sets = UnionFind::<u32>::new(shape.vertices);
    for (u, v, _) in shape.edge_list() {
        sets.union(u, v);
    }
    let mut least = vec![u32::MAX; shape.vertices];
    for v in 0..shape.vertices as u32 {
        let at = &mut least[sets.find(v) as usize];
        *at = v.min(*at);
    }
    (0..shape.vertices as u32).map(|v| least[sets.find(v) as usize]).collect()
}

/// Distances by petgraph's Dijkstra on petgraph's own graph, in `f32`: addition is monotone, so every right method has these bits.
pub(crate) fn distances(shape: &Shape, source: u32) -> Vec<f32> {
    let source = NodeIndex::new(source as usize);
    let found = if shape.kind == Kind::Undirected {
        let mut graph = UnGraph::<(), f32>::from_edges(shape.edge_list());
        while graph.node_count() < shape.vertices {
            graph.add_node(());
        }
        dijkstra(&graph, source, None, |edge| *edge.weight())
    } else {
        let mut graph = DiGraph::<(), f32>::from_edges(shape.edge_list());
        while graph.node_count() < shape.vertices {
            graph.add_node(());
        }
        dijkstra(&graph, source, None, |edge| *edge.weight())
    };
    (0..shape.vertices).map(|v| found.get(&NodeIndex::new(v)).copied().unwrap_or(f32::INFINITY)).collect()
}

/// Steps from the source by a queue, and of those who are a step nearer the least; `u32::MAX` where no path leads.
pub(crate) fn levels_and_parents(shape: &Shape, source: u32) -> Vec<[u32; 2]> {
    let (into, out) = shape.neighbors();
    let mut found = vec![[u32::MAX; 2]; shape.vertices];
    found[source as usize] = [0, source];
    let mut queue = std::collections::VecDeque::from([source]);
    while let Some(vertex) = queue.pop_front() {
        let level = found[vertex as usize][0] + 1;
        for (next, _) in &out[vertex as usize] {
            if found[*next as usize][0] == u32::MAX {
                found[*next as usize][0] = level;
                queue.push_back(*next);
            }
        }
    }
    for vertex in (0..shape.vertices).filter(|vertex| *vertex != source as usize) {
        let nearer = |end: &u32| found[*end as usize][0].checked_add(1) == Some(found[vertex][0]);
        if found[vertex][0] != u32::MAX {
            found[vertex][1] = into[vertex].iter().map(|(end, _)| *end).filter(nearer).min().expect("a step");
        }
    }
    found
}

/// The ratings of a bipartite shape, each so often as `times` says for its number.
pub(crate) fn ratings(shape: &Shape, times: impl Fn(usize) -> usize) -> Vec<Rating> {
    let edges = shape.edges.iter().zip(&shape.weights).enumerate();
    let edges = edges.flat_map(|(at, edge)| std::iter::repeat_n(edge, times(at)));
    edges.map(|([user, item], value)| Rating { user: *user, item: *item, value: *value }).collect()
}

/// Factors of the left and right vertices after `rounds` rounds from these, by the dense solver.
///
/// Where both sides run at once, each round solves each side from the other side's last factors: two alternations that never
/// meet. After an even number of rounds, the items come from the items of the start, and so do the users from the users.
pub(crate) fn als(
    reference: Reference,
    shape: &Shape,
    ratings: &[Rating],
    start: &[f32],
    rounds: usize,
    in_turn: bool,
) -> Vec<f64> {
    let left = shape.left().unwrap();
    let right = shape.vertices - left;
    let (users, items) = start.split_at(left * reference.rank);
    let wide = |side: &[f32]| side.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    if in_turn {
        let reference = Reference { iterations: rounds, ..reference };
        let found = reference.solve(left, wide(items), ratings, |_, _| {});
        return [found.users, found.items].concat();
    }
    assert!(rounds.is_multiple_of(2));
    let reference = Reference { iterations: rounds / 2, ..reference };
    let swapped: Vec<_> =
        ratings.iter().map(|r| Rating { user: r.item, item: r.user, value: r.value }).collect();
    let found_items = reference.solve(left, wide(items), ratings, |_, _| {}).items;
    let found_users = reference.solve(right, wide(users), &swapped, |_, _| {}).items;
    [found_users, found_items].concat()
}
