//! From a list of edges to a graph.

use bytemuck::Pod;
use rayon::prelude::*;

use super::compressed::Compressed;
use super::counting_sort::counting_sort;
use super::{Graph, Topology};
use crate::error::Error;
use crate::memory::Rows;

/// What becomes of several edges with the same source and target.
#[derive(Clone, Copy, Debug, Default)]
pub enum ParallelEdges<E> {
    /// All stay, in the order in which they were given.
    #[default]
    Keep,
    /// The first stays.
    First,
    /// One stays, with its data merged from all of them, in order.
    Merge(fn(E, E) -> E),
}

/// What an undirected graph makes of an input that lists an edge in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReverseEdges {
    /// `u v` and `v u` are two edges between the same vertices.
    Keep,
    /// `u v` and `v u` are one edge listed twice, as in most published undirected graphs. Of the two directions, the one
    /// that is listed more often stays (the one from the smaller vertex, if they tie).
    #[default]
    Pair,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Directed,
    Undirected(ReverseEdges),
    Bipartite { left: u32 },
}

/// Builds a [`Graph`] from a list of edges. Self-loops stay. Parallel; the result does not depend on threads.
///
/// ```
/// use gasworks_engine::graph::{GraphBuilder, ParallelEdges};
/// let graph = GraphBuilder::directed(3)
///     .weighted_edges(&[[0, 1], [0, 1], [1, 2]], &[1.0, 2.0, 5.0])
///     .parallel_edges(ParallelEdges::Merge(|a, b| a + b))
///     .build()?;
/// assert_eq!(graph.edges(), 2);
/// assert_eq!(graph.topology().out_neighbors(0), [1]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GraphBuilder<E> {
    vertices: usize,
    kind: Kind,
    edges: Vec<Edge<E>>,
    parallel: ParallelEdges<E>,
}

#[derive(Clone, Copy, Debug)]
struct Edge<E> {
    source: u32,
    target: u32,
    data: E,
}

impl GraphBuilder<()> {
    /// A directed graph of `vertices` vertices, without edges yet.
    pub fn directed(vertices: usize) -> Self {
        Self::new(vertices, Kind::Directed)
    }

    /// An undirected graph of `vertices` vertices, without edges yet. Each edge becomes two arcs with the same data, a
    /// self-loop one. A vertex program reads the data of the arcs that leave its vertex, in whatever direction it gathers; an
    /// update function that writes an edge writes one arc of the two.
    pub fn undirected(vertices: usize, reverse: ReverseEdges) -> Self {
        Self::new(vertices, Kind::Undirected(reverse))
    }

    /// A bipartite graph of `left` and `right` vertices, without edges yet. An edge is given as the number of its left end
    /// and the number of its right end, each from 0; in the graph, the right vertices are numbered from `left` on.
    ///
    /// # Panics
    /// If there are more than `u32::MAX` vertices.
    pub fn bipartite(left: usize, right: usize) -> Self {
        let fits = u32::try_from(left).expect("at most u32::MAX vertices");
        let vertices = left.checked_add(right).expect("at most u32::MAX vertices");
        Self::new(vertices, Kind::Bipartite { left: fits })
    }

    fn new(vertices: usize, kind: Kind) -> Self {
        assert!(vertices <= u32::MAX as usize, "{vertices} vertices; at most {} fit", u32::MAX);
        GraphBuilder { vertices, kind, edges: Vec::new(), parallel: ParallelEdges::Keep }
    }

    /// The edges, without data.
    pub fn plain_edges(self, edges: &[[u32; 2]]) -> Self {
        let list = edges.par_iter().map(|&[source, target]| Edge { source, target, data: () }).collect();
        GraphBuilder { edges: list, ..self }
    }

    /// The edges, each with its data.
    ///
    /// # Panics
    /// If there are not as many data as edges.
    pub fn weighted_edges<E: Pod + Send + Sync>(self, edges: &[[u32; 2]], data: &[E]) -> GraphBuilder<E> {
        assert_eq!(edges.len(), data.len(), "one datum for each edge");
        let pair = |(&[source, target], &data): (&[u32; 2], &E)| Edge { source, target, data };
        self.with_edges(edges.par_iter().zip(data).map(pair).collect())
    }
}

impl GraphBuilder<()> {
    /// The edges, made of records that are used up: takes no more memory than these where a record is as large as two `u32` and an `E`.
    ///
    /// ```
    /// # use gasworks_engine::{graph::GraphBuilder, input::Rating};
    /// let ratings = vec![Rating { user: 0, item: 1, value: 4.5 }];
    /// let edge = |rating: Rating| ([rating.user, rating.item], rating.value);
    /// let graph = GraphBuilder::bipartite(1, 2).edges_from(ratings, edge).build()?;
    /// assert_eq!(graph.edge_data().get(0), &4.5);
    /// # Ok::<(), gasworks_engine::Error>(())
    /// ```
    pub fn edges_from<T, E: Pod + Send + Sync>(
        self,
        records: Vec<T>,
        mut edge: impl FnMut(T) -> ([u32; 2], E),
    ) -> GraphBuilder<E> {
        let edge = |record| {
            let ([source, target], data) = edge(record);
            Edge { source, target, data }
        };
        self.with_edges(records.into_iter().map(edge).collect())
    }

    fn with_edges<E>(self, edges: Vec<Edge<E>>) -> GraphBuilder<E> {
        let parallel = match self.parallel {
            ParallelEdges::Keep => ParallelEdges::Keep,
            // Of edges without data, to merge and to keep the first is the same.
            ParallelEdges::First | ParallelEdges::Merge(_) => ParallelEdges::First,
        };
        GraphBuilder { vertices: self.vertices, kind: self.kind, edges, parallel }
    }
}

impl<E: Pod + Send + Sync> GraphBuilder<E> {
    /// The policy for several edges with the same source and target; [`ParallelEdges::Keep`] unless said.
    pub fn parallel_edges(self, policy: ParallelEdges<E>) -> Self {
        GraphBuilder { parallel: policy, ..self }
    }

    /// Sorts the edges into rows. O(vertices + edges), parallel.
    ///
    /// # Errors
    /// [`Error::NoSuchVertex`] for an edge whose end is no vertex of the graph.
    pub fn build(mut self) -> Result<Graph<(), E>, Error> {
        self.check()?;
        let left = match self.kind {
            Kind::Bipartite { left } => Some(left),
            Kind::Directed | Kind::Undirected(_) => None,
        };
        if let Some(left) = left {
            self.edges.par_iter_mut().for_each(|edge| edge.target += left);
        }
        match (self.kind, &self.parallel) {
            (Kind::Undirected(reverse), _) => self.make_symmetric(reverse),
            (_, ParallelEdges::Keep) => (),
            _ => {
                self.edges = by_source_and_target(std::mem::take(&mut self.edges), self.vertices);
                self.merge_parallel();
            }
        }

        let rows = rows(self.edges, self.vertices);
        let vertices = self.vertices as u32;
        let (low, high) = left.map_or((0, vertices), |left| (left, vertices));
        let out = Rows::new(rows.offsets, rows.ends, low, high);
        let topology = match self.kind {
            Kind::Undirected(_) => Topology::undirected(out),
            Kind::Directed | Kind::Bipartite { .. } => Topology::directed(out, left),
        };
        Ok(Graph::of(topology, rows.data))
    }

    fn check(&self) -> Result<(), Error> {
        let (sources, targets) = match self.kind {
            Kind::Bipartite { left } => (left, self.vertices as u32 - left),
            Kind::Directed | Kind::Undirected(_) => (self.vertices as u32, self.vertices as u32),
        };
        let bad =
            self.edges.par_iter().position_first(|edge| edge.source >= sources || edge.target >= targets);
        let Some(at) = bad else { return Ok(()) };
        let Edge { source, target, .. } = self.edges[at];
        let (vertex, count) = if source >= sources { (source, sources) } else { (target, targets) };
        Err(Error::NoSuchVertex { edge: at, vertex, vertices: count })
    }

    /// Applies the policies to the edges between each pair of vertices, then makes two arcs of each edge.
    fn make_symmetric(&mut self, reverse: ReverseEdges) {
        // `listed` is the direction in the input; the pair itself is put in ascending order.
        let listed = |edge: Edge<E>| {
            let backward = edge.source > edge.target;
            let (source, target) = (edge.source.min(edge.target), edge.source.max(edge.target));
            Edge { source, target, data: (backward, edge.data) }
        };
        let pairs: Vec<_> = std::mem::take(&mut self.edges).into_par_iter().map(listed).collect();
        let (_, pairs) = counting_sort(&pairs, self.vertices, |edge| edge.target);
        let (_, pairs) = counting_sort(&pairs, self.vertices, |edge| edge.source);
        let runs: Vec<_> = pairs.chunk_by(same_ends).collect();
        self.edges = runs
            .into_par_iter()
            .flat_map_iter(|run| {
                let backward = run.iter().filter(|edge| edge.data.0).count();
                let stays = 2 * backward > run.len();
                run.iter()
                    .filter(move |edge| reverse == ReverseEdges::Keep || edge.data.0 == stays)
                    .map(|&Edge { source, target, data: (_, data) }| Edge { source, target, data })
            })
            .collect();
        self.merge_parallel();
        let arcs: Vec<_> = std::mem::take(&mut self.edges)
            .into_par_iter()
            .flat_map_iter(|edge| {
                let back = Edge { source: edge.target, target: edge.source, ..edge };
                std::iter::once(edge).chain((edge.source != edge.target).then_some(back))
            })
            .collect();
        self.edges = arcs;
    }

    /// Expects the edges sorted by both ends.
    fn merge_parallel(&mut self) {
        let merge: fn(E, E) -> E = match self.parallel {
            ParallelEdges::Keep => return,
            ParallelEdges::First => |first, _| first,
            ParallelEdges::Merge(merge) => merge,
        };
        self.edges.dedup_by(|next, kept| {
            let same = same_ends(kept, next);
            if same {
                kept.data = merge(kept.data, next.data);
            }
            same
        });
    }
}

/// Edges by source, each row ascending by target; parallel edges keep their order.
fn rows<E: Pod + Send + Sync>(edges: Vec<Edge<E>>, vertices: usize) -> Compressed<E> {
    let ends = |edge: &Edge<E>| (edge.source, edge.target);
    if edges.par_windows(2).all(|pair| ends(&pair[0]) <= ends(&pair[1])) {
        let by_source = || edges.iter().map(|edge| (edge.source, edge.target, edge.data));
        return Compressed::new(vertices, edges.len(), by_source);
    }
    let by_target = || edges.iter().map(|edge| (edge.target, edge.source, edge.data));
    let columns = Compressed::new(vertices, edges.len(), by_target);
    drop(edges);
    columns.transposed()
}

/// Stable: parallel edges keep their order.
fn by_source_and_target<E: Copy + Send + Sync>(edges: Vec<Edge<E>>, vertices: usize) -> Vec<Edge<E>> {
    let (_, by_target) = counting_sort(&edges, vertices, |edge| edge.target);
    drop(edges);
    counting_sort(&by_target, vertices, |edge| edge.source).1
}

fn same_ends<E>(a: &Edge<E>, b: &Edge<E>) -> bool {
    (a.source, a.target) == (b.source, b.target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arcs(graph: &Graph<(), f32>) -> Vec<(u32, u32, f32)> {
        graph.edge_list().map(|(source, target, weight)| (source, target, *weight)).collect()
    }

    const LIST: [[u32; 2]; 6] = [[2, 1], [0, 1], [0, 1], [1, 1], [1, 0], [1, 2]];
    const WEIGHTS: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

    #[test]
    fn directed_rows_ascend_and_keep_the_order_of_parallel_edges() {
        let build = |policy| {
            GraphBuilder::directed(4).weighted_edges(&LIST, &WEIGHTS).parallel_edges(policy).build().unwrap()
        };
        let graph = build(ParallelEdges::Keep);
        let kept = [(0, 1, 2.0), (0, 1, 3.0), (1, 0, 5.0), (1, 1, 4.0), (1, 2, 6.0), (2, 1, 1.0)];
        assert_eq!(arcs(&graph), kept);
        assert_eq!(graph.topology().in_neighbors(1), [0, 0, 1, 2]);
        assert_eq!(graph.topology().in_degree(3), 0);
        assert_eq!(arcs(&build(ParallelEdges::First))[0], (0, 1, 2.0));
        let merged = build(ParallelEdges::Merge(|a, b| a + b));
        assert_eq!((merged.edges(), arcs(&merged)[0]), (5, (0, 1, 5.0)));
        let before =
            GraphBuilder::directed(4).parallel_edges(ParallelEdges::First).weighted_edges(&LIST, &WEIGHTS);
        assert_eq!(before.build().unwrap().edges(), 5, "a policy that is said before the edges holds");
    }

    #[test]
    fn rows_that_come_in_order_are_sorted_within() {
        let list = [[0, 3], [0, 1], [0, 1], [1, 2], [1, 0]];
        let graph =
            GraphBuilder::directed(4).weighted_edges(&list, &[1.0, 2.0, 3.0, 4.0, 5.0]).build().unwrap();
        assert_eq!(arcs(&graph), [(0, 1, 2.0), (0, 1, 3.0), (0, 3, 1.0), (1, 0, 5.0), (1, 2, 4.0)]);
    }

    #[test]
    fn an_undirected_graph_reads_a_pair_listed_both_ways_as_asked() {
        let build = |reverse, policy| {
            let builder = GraphBuilder::undirected(4, reverse).weighted_edges(&LIST, &WEIGHTS);
            arcs(&builder.parallel_edges(policy).build().unwrap())
        };
        let kept = build(ReverseEdges::Keep, ParallelEdges::Keep);
        assert_eq!(kept.len(), 11);
        let paired = build(ReverseEdges::Pair, ParallelEdges::Keep);
        let expected =
            [(0, 1, 2.0), (0, 1, 3.0), (1, 0, 2.0), (1, 0, 3.0), (1, 1, 4.0), (1, 2, 6.0), (2, 1, 6.0)];
        assert_eq!(paired, expected);
        assert_eq!(build(ReverseEdges::Pair, ParallelEdges::First).len(), 5);
    }

    #[test]
    fn a_bipartite_graph_numbers_the_right_after_the_left() {
        let graph =
            GraphBuilder::bipartite(2, 3).weighted_edges(&[[1, 2], [0, 0]], &[7.0, 8.0]).build().unwrap();
        assert_eq!(arcs(&graph), [(0, 2, 8.0), (1, 4, 7.0)]);
        assert_eq!(graph.topology().left(), Some(2));
        let error = GraphBuilder::bipartite(2, 3).plain_edges(&[[0, 0], [2, 0]]).build().unwrap_err();
        assert!(matches!(error, Error::NoSuchVertex { edge: 1, vertex: 2, vertices: 2 }), "{error}");
    }

    #[test]
    fn degenerate_graphs_are_graphs() {
        let empty = GraphBuilder::directed(0).build().unwrap();
        assert_eq!((empty.vertices(), empty.edges()), (0, 0));
        let one = GraphBuilder::undirected(1, ReverseEdges::Pair).plain_edges(&[[0, 0]]).build().unwrap();
        assert_eq!((one.edges(), one.topology().in_degree(0)), (1, 1));
        let sides = GraphBuilder::bipartite(0, 3).build().unwrap();
        assert_eq!(sides.topology().left(), Some(0));
    }
}
