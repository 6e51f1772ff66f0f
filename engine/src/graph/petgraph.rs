//! From any petgraph graph, and petgraph's visit traits on ours, so that its algorithms run on a [`Graph`] as it is.
//!
//! Node ids are vertices; edge ids are positions in out-order. An undirected graph shows petgraph both arcs of an edge.

use ::petgraph::visit::{
    Data as GraphData, EdgeCount, EdgeRef, GraphBase, GraphProp, GraphRef, IntoEdgeReferences, IntoEdges,
    IntoEdgesDirected, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers, IntoNodeReferences,
    NodeCompactIndexable, NodeCount, NodeIndexable, NodeRef, VisitMap, Visitable,
};
use ::petgraph::{Directed, Direction, EdgeType};
use bytemuck::Pod;

use super::{Graph, GraphBuilder, ReverseEdges, Vertex};
use crate::data::Data;
use crate::error::Error;

impl<E: Pod + Send + Sync> Graph<(), E> {
    /// The structure of a petgraph graph, `weight(edge weight)` on each edge, and the petgraph node of each vertex. Vertices are
    /// the nodes in petgraph's order, without the holes that a `StableGraph` may have.
    ///
    /// ```
    /// use gasworks_engine::graph::Graph;
    /// let list = petgraph::graph::UnGraph::<&str, f64>::from_edges([(0, 1, 0.5), (1, 2, 2.0)]);
    /// let (graph, nodes) = Graph::from_petgraph(&list, |weight| *weight as f32)?;
    /// assert_eq!((graph.vertices(), graph.edges(), nodes.len()), (3, 4, 3));
    /// # Ok::<(), gasworks_engine::Error>(())
    /// ```
    ///
    /// # Errors
    /// None for a graph that petgraph itself holds whole.
    pub fn from_petgraph<G>(
        graph: G,
        mut weight: impl FnMut(&G::EdgeWeight) -> E,
    ) -> Result<(Self, Vec<G::NodeId>), Error>
    where
        G: GraphProp + NodeIndexable + IntoNodeReferences + IntoEdgeReferences,
    {
        let mut vertex_of = vec![u32::MAX; graph.node_bound()];
        let nodes: Vec<G::NodeId> = graph.node_references().map(|node| node.id()).collect();
        for (vertex, node) in nodes.iter().enumerate() {
            vertex_of[graph.to_index(*node)] = vertex as u32;
        }
        let (mut ends, mut data) = (Vec::new(), Vec::new());
        for edge in graph.edge_references() {
            ends.push([edge.source(), edge.target()].map(|node| vertex_of[graph.to_index(node)]));
            data.push(weight(edge.weight()));
        }
        let builder = if graph.is_directed() {
            GraphBuilder::directed(nodes.len())
        } else {
            GraphBuilder::undirected(nodes.len(), ReverseEdges::Keep)
        };
        Ok((builder.weighted_edges(&ends, &data).build()?, nodes))
    }
}

/// An edge, as petgraph sees it.
pub struct EdgeReference<'g, V: Data, E: Data> {
    graph: &'g Graph<V, E>,
    source: Vertex,
    target: Vertex,
    position: usize,
}

impl<V: Data, E: Data> Clone for EdgeReference<'_, V, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<V: Data, E: Data> Copy for EdgeReference<'_, V, E> {}

impl<'g, V: Data, E: Pod + Send + Sync> EdgeRef for EdgeReference<'g, V, E> {
    type NodeId = Vertex;
    type EdgeId = usize;
    type Weight = E;

    fn source(&self) -> Vertex {
        self.source
    }
    fn target(&self) -> Vertex {
        self.target
    }
    fn weight(&self) -> &E {
        self.graph.edges.outgoing().get(self.position)
    }
    fn id(&self) -> usize {
        self.position
    }
}

/// A vertex, as petgraph sees it.
#[derive(Clone, Copy)]
pub struct VertexReference<'g, V>(Vertex, &'g V);

impl<V: Copy> NodeRef for VertexReference<'_, V> {
    type NodeId = Vertex;
    type Weight = V;

    fn id(&self) -> Vertex {
        self.0
    }
    fn weight(&self) -> &V {
        self.1
    }
}

/// The vertices that an algorithm of petgraph's has visited.
pub struct Visited(Vec<bool>);

impl VisitMap<Vertex> for Visited {
    fn visit(&mut self, vertex: Vertex) -> bool {
        !std::mem::replace(&mut self.0[vertex as usize], true)
    }
    fn is_visited(&self, vertex: &Vertex) -> bool {
        self.0[*vertex as usize]
    }
    fn unvisit(&mut self, vertex: Vertex) -> bool {
        std::mem::replace(&mut self.0[vertex as usize], false)
    }
}

type Boxed<'g, T> = Box<dyn Iterator<Item = T> + 'g>;

impl<V: Data, E: Data> Graph<V, E> {
    fn out_references(&self, source: Vertex) -> impl Iterator<Item = EdgeReference<'_, V, E>> {
        let from = self.topology.out.range(source).0;
        let targets = self.topology.out_neighbors(source).iter().zip(from..);
        targets.map(move |(target, position)| EdgeReference {
            graph: self,
            source,
            target: *target,
            position,
        })
    }
}

impl<V: Data, E: Data> GraphBase for Graph<V, E> {
    type EdgeId = usize;
    type NodeId = Vertex;
}
impl<V: Data, E: Data> GraphProp for Graph<V, E> {
    type EdgeType = Directed;
    fn is_directed(&self) -> bool {
        Directed::is_directed()
    }
}
impl<V: Pod + Send + Sync, E: Pod + Send + Sync> GraphData for Graph<V, E> {
    type NodeWeight = V;
    type EdgeWeight = E;
}
impl<V: Data, E: Data> NodeCount for Graph<V, E> {
    fn node_count(&self) -> usize {
        self.vertices()
    }
}
impl<V: Data, E: Data> EdgeCount for Graph<V, E> {
    fn edge_count(&self) -> usize {
        self.edges()
    }
}
impl<V: Data, E: Data> NodeIndexable for Graph<V, E> {
    fn node_bound(&self) -> usize {
        self.vertices()
    }
    fn to_index(&self, vertex: Vertex) -> usize {
        vertex as usize
    }
    fn from_index(&self, index: usize) -> Vertex {
        index as u32
    }
}
impl<V: Data, E: Data> NodeCompactIndexable for Graph<V, E> {}
impl<V: Data, E: Data> Visitable for Graph<V, E> {
    type Map = Visited;
    fn visit_map(&self) -> Visited {
        Visited(vec![false; self.vertices()])
    }
    fn reset_map(&self, map: &mut Visited) {
        map.0.clear();
        map.0.resize(self.vertices(), false);
    }
}
impl<V: Data, E: Data> IntoNodeIdentifiers for &Graph<V, E> {
    type NodeIdentifiers = std::ops::Range<Vertex>;
    fn node_identifiers(self) -> Self::NodeIdentifiers {
        0..self.vertices() as u32
    }
}
impl<'g, V: Pod + Send + Sync, E: Pod + Send + Sync> IntoNodeReferences for &'g Graph<V, E> {
    type NodeRef = VertexReference<'g, V>;
    type NodeReferences = Boxed<'g, VertexReference<'g, V>>;
    fn node_references(self) -> Self::NodeReferences {
        Box::new((0..self.vertices() as u32).map(|vertex| VertexReference(vertex, self.vertex(vertex))))
    }
}
impl<'g, V: Data, E: Data> IntoNeighbors for &'g Graph<V, E> {
    type Neighbors = std::iter::Copied<std::slice::Iter<'g, Vertex>>;
    fn neighbors(self, vertex: Vertex) -> Self::Neighbors {
        self.topology.out_neighbors(vertex).iter().copied()
    }
}
impl<'g, V: Data, E: Data> IntoNeighborsDirected for &'g Graph<V, E> {
    type NeighborsDirected = std::iter::Copied<std::slice::Iter<'g, Vertex>>;
    fn neighbors_directed(self, vertex: Vertex, direction: Direction) -> Self::NeighborsDirected {
        match direction {
            Direction::Outgoing => self.topology.out_neighbors(vertex).iter().copied(),
            Direction::Incoming => self.topology.in_neighbors(vertex).iter().copied(),
        }
    }
}
impl<'g, V: Pod + Send + Sync, E: Pod + Send + Sync> IntoEdgeReferences for &'g Graph<V, E> {
    type EdgeRef = EdgeReference<'g, V, E>;
    type EdgeReferences = Boxed<'g, EdgeReference<'g, V, E>>;
    fn edge_references(self) -> Self::EdgeReferences {
        Box::new((0..self.vertices() as u32).flat_map(|source| self.out_references(source)))
    }
}
impl<'g, V: Pod + Send + Sync, E: Pod + Send + Sync> IntoEdges for &'g Graph<V, E> {
    type Edges = Boxed<'g, EdgeReference<'g, V, E>>;
    fn edges(self, vertex: Vertex) -> Self::Edges {
        Box::new(self.out_references(vertex))
    }
}
impl<'g, V: Pod + Send + Sync, E: Pod + Send + Sync> IntoEdgesDirected for &'g Graph<V, E> {
    type EdgesDirected = Boxed<'g, EdgeReference<'g, V, E>>;
    fn edges_directed(self, vertex: Vertex, direction: Direction) -> Self::EdgesDirected {
        match direction {
            Direction::Outgoing => Box::new(self.out_references(vertex)),
            Direction::Incoming => {
                // Parallel edges are found once for each distinct source, in their order.
                let mut sources = self.topology.in_neighbors(vertex).to_vec();
                sources.dedup();
                let from =
                    move |source| self.out_references(source).filter(move |edge| edge.target == vertex);
                Box::new(sources.into_iter().flat_map(from))
            }
        }
    }
}
// The supertrait of most of the above: references are copied freely.
const _: fn() = || {
    fn is_graph_ref<G: GraphRef>() {}
    is_graph_ref::<&Graph<f32, f32>>();
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;
    use ::petgraph::algo;
    use ::petgraph::graph::DiGraph;
    use ::petgraph::stable_graph::StableDiGraph;

    fn random_edges(seed: u64, vertices: u64, edges: usize) -> Vec<(u32, u32, f32)> {
        let mut random = Random::keyed(seed, 0, 0, 0);
        let mut draw = |bound| random.below(bound) as u32;
        (0..edges).map(|_| (draw(vertices), draw(vertices), draw(100) as f32)).collect()
    }

    #[test]
    fn petgraphs_algorithms_agree_on_both_representations() {
        for seed in 0..20 {
            let edges = random_edges(seed, 30, 60);
            let mut theirs = DiGraph::<(), f32>::from_edges(&edges);
            while theirs.node_count() < 30 {
                theirs.add_node(());
            }
            let (ours, nodes) = Graph::from_petgraph(&theirs, |weight| *weight).unwrap();
            assert_eq!((ours.vertices(), ours.edges(), nodes.len()), (30, 60, 30));
            let a = algo::dijkstra(&theirs, 0.into(), None, |edge| *edge.weight());
            let b = algo::dijkstra(&ours, 0, None, |edge| *edge.weight());
            assert!(a.len() == b.len() && a.iter().all(|(node, d)| b[&(node.index() as u32)] == *d));
            let components = |sets: Vec<Vec<u32>>| {
                let mut sets: Vec<_> = sets.into_iter().map(|mut set| (set.sort(), set).1).collect();
                sets.sort();
                sets
            };
            let theirs_sets = algo::tarjan_scc(&theirs).into_iter();
            let theirs_sets = theirs_sets.map(|set| set.iter().map(|node| node.index() as u32).collect());
            assert_eq!(components(theirs_sets.collect()), components(algo::kosaraju_scc(&ours)));
            let incoming = |vertex| {
                let edges = (&ours).edges_directed(vertex, Direction::Incoming);
                edges.map(|edge| (edge.source(), edge.target())).collect::<Vec<_>>()
            };
            for vertex in 0..30 {
                let sources = ours.topology().in_neighbors(vertex);
                assert!(incoming(vertex).into_iter().eq(sources.iter().map(|source| (*source, vertex))));
            }
        }
    }

    #[test]
    fn holes_of_a_stable_graph_are_closed() {
        let mut stable = StableDiGraph::<u8, u8>::new();
        let nodes: Vec<_> = (0..4).map(|weight| stable.add_node(weight)).collect();
        stable.add_edge(nodes[0], nodes[3], 7);
        stable.add_edge(nodes[3], nodes[2], 8);
        stable.remove_node(nodes[1]);
        let (graph, kept) = Graph::from_petgraph(&stable, |weight| *weight).unwrap();
        assert_eq!(kept, [nodes[0], nodes[2], nodes[3]]);
        let list: Vec<_> = graph.edge_list().map(|(s, t, w)| (s, t, *w)).collect();
        assert_eq!(list, [(0, 2, 7), (2, 1, 8)]);
    }
}
