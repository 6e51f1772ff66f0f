//! Graphs that programs are run on: the smallest of each kind, those that stress one thing, and some large enough to be cut into
//! many chunks.

use gasworks::generate::{Rmat, rmat};
use gasworks::graph::{Graph, GraphBuilder, ReverseEdges};

use super::chaos::mix;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Directed,
    Undirected,
    /// So many left vertices; the edges name right vertices from 0.
    Bipartite(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) vertices: usize,
    pub(crate) edges: Vec<[u32; 2]>,
    pub(crate) weights: Vec<f32>,
}

/// An edge of a vertex: the other end and the weight.
pub(crate) type Neighbors = Vec<Vec<(u32, f32)>>;

impl Shape {
    pub(crate) fn new(name: &str, kind: Kind, vertices: usize, edges: Vec<[u32; 2]>) -> Self {
        // Sums of these round in f32, so that an order of addition shows.
        let weight = |at: usize| 0.1 + (mix(at as u64) % 50) as f32 * 0.1;
        let weights = (0..edges.len()).map(weight).collect();
        Shape { name: format!("{name}, {kind:?}"), kind, vertices, edges, weights }
    }

    fn builder(&self) -> GraphBuilder<()> {
        match self.kind {
            Kind::Directed => GraphBuilder::directed(self.vertices),
            Kind::Undirected => GraphBuilder::undirected(self.vertices, ReverseEdges::Keep),
            Kind::Bipartite(left) => GraphBuilder::bipartite(left, self.vertices - left),
        }
    }

    pub(crate) fn plain(&self) -> Graph<(), ()> {
        self.builder().plain_edges(&self.edges).build().unwrap()
    }

    pub(crate) fn weighted(&self) -> Graph<(), f32> {
        self.builder().weighted_edges(&self.edges, &self.weights).build().unwrap()
    }

    /// Each weight beside how often the edge counts.
    pub(crate) fn counted(&self) -> Graph<(), [f32; 2]> {
        let values = self.weights.iter().enumerate().map(|(at, weight)| [*weight, Self::times(at) as f32]);
        self.builder().weighted_edges(&self.edges, &values.collect::<Vec<_>>()).build().unwrap()
    }

    /// How often the edge of this number counts in [`Shape::counted`].
    pub(crate) fn times(at: usize) -> usize {
        1 + at % 3
    }

    /// With the same value on every edge.
    pub(crate) fn valued(&self, value: u64) -> Graph<(), u64> {
        self.builder().weighted_edges(&self.edges, &vec![value; self.edges.len()]).build().unwrap()
    }

    pub(crate) fn left(&self) -> Option<usize> {
        if let Kind::Bipartite(left) = self.kind { Some(left) } else { None }
    }

    /// Every edge once, with vertices as the graph numbers them.
    pub(crate) fn edge_list(&self) -> impl Iterator<Item = (u32, u32, f32)> {
        let shift = self.left().unwrap_or(0) as u32;
        self.edges.iter().zip(&self.weights).map(move |([u, v], weight)| (*u, v + shift, *weight))
    }

    /// In-edges and out-edges of each vertex, without the engine's help.
    pub(crate) fn neighbors(&self) -> (Neighbors, Neighbors) {
        let (mut into, mut out) = (vec![Vec::new(); self.vertices], vec![Vec::new(); self.vertices]);
        for (u, v, weight) in self.edge_list() {
            out[u as usize].push((v, weight));
            into[v as usize].push((u, weight));
            if self.kind == Kind::Undirected && u != v {
                out[v as usize].push((u, weight));
                into[u as usize].push((v, weight));
            }
        }
        (into, out)
    }
}

/// A stream of numbers for tests.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: usize) -> u32 {
        self.0 += 1;
        (mix(self.0) % bound as u64) as u32
    }
}

fn random_edges(seed: u64, sources: usize, targets: usize, count: usize) -> Vec<[u32; 2]> {
    let mut numbers = Numbers(seed << 32);
    (0..count).map(|_| [numbers.below(sources), numbers.below(targets)]).collect()
}

pub(crate) fn grid(side: u32) -> Vec<[u32; 2]> {
    let cells = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    let edges = cells.flat_map(|(x, y)| {
        let at = y * side + x;
        [(x + 1 < side).then_some([at, at + 1]), (y + 1 < side).then_some([at, at + side])]
    });
    edges.flatten().collect()
}

pub(crate) fn shapes() -> Vec<Shape> {
    let clique = (0..7).flat_map(|u| (u + 1..7).map(move |v| [u, v])).collect();
    let two_parts = (0..4).map(|v| [v, v + 1]).chain((6..9).map(|v| [v, v + 1])).collect();
    let messy = random_edges(1, 40, 40, 170).into_iter().chain([[3, 3], [3, 3], [5, 6], [5, 6], [6, 5]]);
    let scale_free = |scale| {
        let parameters = Rmat { scale, edge_factor: 8, seed: 3, ..Rmat::default() };
        rmat(&parameters).unwrap().arcs
    };
    let list: Vec<(&str, usize, Vec<[u32; 2]>)> = vec![
        ("empty", 0, vec![]),
        ("one vertex", 1, vec![]),
        ("one self-loop", 1, vec![[0, 0]]),
        ("two vertices", 2, vec![[0, 1]]),
        ("three alone", 3, vec![]),
        ("path", 66, (0..65).map(|v| [v, v + 1]).collect()),
        ("path against the order", 65, (0..64).map(|v| [v + 1, v]).collect()),
        ("star out", 2000, (1..2000).map(|v| [0, v]).collect()),
        ("star in", 2000, (1..2000).map(|v| [v, 0]).collect()),
        ("cycle", 64, (0..64).map(|v| [v, (v + 1) % 64]).collect()),
        ("clique", 7, clique),
        ("grid", 40 * 40, grid(40)),
        ("two parts and one alone", 11, two_parts),
        ("self-loops and parallel edges", 40, messy.collect()),
        ("scale-free", 1 << 10, scale_free(10)),
        // More than two blocks of what is done vertex by vertex.
        ("wide", 36_000, random_edges(2, 36_000, 36_000, 30_000)),
    ];
    let kinds = [Kind::Directed, Kind::Undirected];
    let plain = list.iter().flat_map(|(name, vertices, edges)| {
        kinds.map(|kind| Shape::new(name, kind, *vertices, edges.clone()))
    });
    let sides: Vec<(&str, usize, usize, Vec<[u32; 2]>)> = vec![
        ("no side", 0, 0, vec![]),
        ("no left", 0, 3, vec![]),
        ("no right", 3, 0, vec![]),
        ("a pair", 1, 1, vec![[0, 0]]),
        ("isolated on both sides", 5, 4, vec![[1, 1], [1, 2], [3, 1]]),
        ("parallel", 6, 70, random_edges(3, 6, 70, 300)),
        ("hub", 1500, 2, random_edges(4, 1500, 2, 2500)),
        ("random", 700, 900, random_edges(5, 690, 900, 6000)),
    ];
    let bipartite = sides
        .into_iter()
        .map(|(name, left, right, edges)| Shape::new(name, Kind::Bipartite(left), left + right, edges));
    plain.chain(bipartite).collect()
}
