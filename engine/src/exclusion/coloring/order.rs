//! Orders in which a greedy coloring takes the vertices. The fewer neighbors come before a vertex, the smaller its color.

use rayon::prelude::*;

use super::for_each_neighbor;
use crate::Random;
use crate::graph::{Topology, Vertex, counting_sort};
use crate::primitives::{AtomicU32, Ordering::Relaxed};

/// The purpose that keys the random order.
const STREAM: u64 = 0x636f_6c6f_7273;

/// The order in which [`Coloring::greedy`](crate::Coloring::greedy) takes the vertices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ColoringOrder {
    /// By number.
    Natural,
    /// Most edges first (Welsh and Powell 1967); by number where they have equally many. Few colors on graphs with hubs, at the
    /// cost of a sort.
    #[default]
    LargestFirst,
    /// Again and again, the vertices with the fewest edges to what is left are set aside; the last set aside are the first
    /// to be colored (Matula and Beck 1983, "Smallest-last ordering"). At most one color more than the graph's degeneracy; often the
    /// fewest colors, at several times the time.
    ///
    /// All vertices of at most the current smallest degree are set aside together (Dhulipala, Blelloch and Shun 2017,
    /// "Julienne", section 4.1), which keeps the bound: each has no more than so many neighbors among them and what is left.
    SmallestLast,
    /// At random.
    Random {
        /// Decides the order.
        seed: u64,
    },
}

impl ColoringOrder {
    /// All vertices in this order. The same for every number of threads.
    pub(super) fn sort(self, topology: &Topology) -> Vec<Vertex> {
        let vertices = 0..topology.vertices() as u32;
        match self {
            ColoringOrder::Natural => vertices.collect(),
            ColoringOrder::LargestFirst => {
                let degrees: Vec<u32> = degrees(topology);
                let largest = degrees.par_iter().copied().max().unwrap_or(0);
                let vertices: Vec<Vertex> = vertices.collect();
                let missing = |vertex: &Vertex| largest - degrees[*vertex as usize];
                counting_sort(&vertices, largest as usize + 1, missing).1
            }
            ColoringOrder::SmallestLast => smallest_last(topology),
            ColoringOrder::Random { seed } => {
                let draw = |vertex| (Random::keyed(seed, STREAM, 0, u64::from(vertex)).next_u64(), vertex);
                let mut drawn: Vec<(u64, Vertex)> = vertices.into_par_iter().map(draw).collect();
                drawn.par_sort_unstable();
                drawn.into_par_iter().map(|(_, vertex)| vertex).collect()
            }
        }
    }
}

/// Edges at each vertex, in and out.
fn degrees<T: From<u32> + Send>(topology: &Topology) -> Vec<T> {
    let degree = |vertex| match topology.is_undirected() {
        true => topology.out_degree(vertex),
        false => topology.out_degree(vertex).saturating_add(topology.in_degree(vertex)),
    };
    (0..topology.vertices() as u32).into_par_iter().map(|vertex| T::from(degree(vertex))).collect()
}

/// O(vertices + edges): a vertex is looked at once for each level up to its core number, which is at most its degree.
fn smallest_last(topology: &Topology) -> Vec<Vertex> {
    /// Below it, handing out work takes longer than the work.
    const SMALL: usize = 1 << 8;
    let degrees: Vec<AtomicU32> = degrees(topology);
    let degree = |vertex: Vertex| degrees[vertex as usize].load(Relaxed);
    // A vertex that was set aside has degree 0; so have those without edges, which are set aside at level 0.
    let mut order = Vec::with_capacity(topology.vertices());
    let mut left: Vec<Vertex> = (0..topology.vertices() as u32).collect();
    let mut aside = vec![false; topology.vertices()];
    while !left.is_empty() {
        let level = left.par_iter().with_min_len(SMALL).map(|vertex| degree(*vertex)).min().unwrap_or(0);
        let mut batch: Vec<Vertex> =
            left.par_iter().with_min_len(SMALL).copied().filter(|vertex| degree(*vertex) <= level).collect();
        while !batch.is_empty() {
            batch.par_sort_unstable();
            batch.iter().for_each(|vertex| aside[*vertex as usize] = true);
            order.extend_from_slice(&batch);
            // Whoever brings a neighbor down to the level adds it to the next batch, and only one edge does.
            let set_aside = |next: &mut Vec<Vertex>, vertex: Vertex| {
                for_each_neighbor(topology, vertex, |neighbor| {
                    if !aside[neighbor as usize]
                        && degrees[neighbor as usize].fetch_sub(1, Relaxed) == level + 1
                    {
                        next.push(neighbor);
                    }
                });
            };
            batch = if batch.len() < SMALL {
                let mut next = Vec::new();
                batch.iter().for_each(|vertex| set_aside(&mut next, *vertex));
                next
            } else {
                let parts = batch.par_iter().fold(Vec::new, |mut next, vertex| {
                    set_aside(&mut next, *vertex);
                    next
                });
                parts.flatten_iter().collect()
            };
        }
        left = left.into_par_iter().with_min_len(SMALL).filter(|vertex| !aside[*vertex as usize]).collect();
    }
    order.reverse();
    order
}
