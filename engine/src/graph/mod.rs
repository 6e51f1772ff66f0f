//! The data graph: an immutable structure with mutable data on its vertices and edges.

mod builder;
mod compressed;
mod counting_sort;
mod edge_columns;
mod ids;
mod map_reduce;
mod petgraph;
mod relabeling;
mod set_algebra;
mod topology;
mod vertex_set;

pub use builder::{GraphBuilder, ParallelEdges, ReverseEdges};
pub(crate) use counting_sort::counting_sort;
pub use ids::{Id, Ids};
pub(crate) use ids::{Names, Texts};
pub(crate) use relabeling::{ByDegree, Relabeling};
pub(crate) use topology::Side;
pub use topology::Topology;
pub use vertex_set::VertexSet;

use crate::data::{Data, Ref, Row};
use crate::memory::{Column, ColumnRef};
use bytemuck::Pod;
pub(crate) use edge_columns::EdgeColumns;

/// A vertex, by its dense number inside.
pub type Vertex = u32;

/// A graph with data of type `V` on its vertices and `E` on its edges.
///
/// The structure ([`Topology`]) is shared and never changes; the data are dense columns. A graph is made by [`GraphBuilder`]
/// without vertex data, which the `with_*` methods then give it.
///
/// ```
/// use gasworks_engine::graph::GraphBuilder;
/// let graph = GraphBuilder::directed(3).plain_edges(&[[0, 1], [1, 2]]).build()?.with_vertices(|v| v as f32);
/// assert_eq!(*graph.vertex(2), 2.0);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub struct Graph<V: Data, E: Data> {
    topology: Topology,
    vertices: Column<V>,
    edges: EdgeColumns<E>,
}

/// A graph taken apart for an executor.
pub(crate) struct Parts<'g, V: Data, E: Data> {
    pub(crate) topology: &'g Topology,
    pub(crate) vertices: &'g mut Column<V>,
    pub(crate) edges: &'g mut EdgeColumns<E>,
}

impl<E: Pod + Send + Sync> Graph<(), E> {
    /// A graph of this structure, with the data of its edges by source, then target.
    pub(crate) fn of(topology: Topology, data: Column<E>) -> Self {
        let columns = EdgeColumns::new(&topology, data);
        Graph::from_parts(topology.clone(), Column::zeroed(topology.vertices()), columns)
    }
}

impl<V: Data, E: Data> Graph<V, E> {
    fn from_parts(topology: Topology, vertices: Column<V>, edges: EdgeColumns<E>) -> Self {
        assert_eq!(topology.vertices(), vertices.len(), "one value for each vertex");
        assert_eq!(topology.edges(), edges.outgoing().len(), "one value for each edge");
        Graph { topology, vertices, edges }
    }

    /// Who is joined to whom.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// How many vertices.
    pub fn vertices(&self) -> usize {
        self.topology.vertices()
    }

    /// How many edges; arcs in an undirected graph.
    pub fn edges(&self) -> usize {
        self.topology.edges()
    }

    /// The data of a vertex.
    ///
    /// # Panics
    /// If the graph has no such vertex.
    pub fn vertex(&self, vertex: Vertex) -> Ref<'_, V> {
        self.vertices.get(vertex as usize)
    }

    /// The data of all vertices.
    pub fn vertex_data(&self) -> &Column<V> {
        &self.vertices
    }

    /// The data of all vertices, to be written.
    pub fn vertex_data_mut(&mut self) -> &mut Column<V> {
        &mut self.vertices
    }

    /// Takes the data of the vertices out of the graph.
    pub fn into_vertex_data(self) -> Column<V> {
        self.vertices
    }

    /// The data of all edges by source, then target.
    pub fn edge_data(&self) -> ColumnRef<'_, E> {
        self.edges.outgoing()
    }

    /// The edges that start at a vertex, by ascending target, with their data.
    ///
    /// # Panics
    /// If the graph has no such vertex.
    #[inline(always)]
    pub fn out_edges(&self, vertex: Vertex) -> impl ExactSizeIterator<Item = (Vertex, Ref<'_, E>)> {
        let (from, to) = self.topology.out.range(vertex);
        let targets = &self.topology.out.ends()[from..to];
        let data = self.edges.outgoing();
        targets.iter().enumerate().map(move |(at, target)| (*target, data.get(from + at)))
    }

    /// All edges by source, then target, with their data.
    pub fn edge_list(&self) -> impl Iterator<Item = (Vertex, Vertex, Ref<'_, E>)> {
        (0..self.vertices() as u32).flat_map(move |source| {
            let (from, to) = self.topology.out.range(source);
            let targets = &self.topology.out.ends()[from..to];
            targets
                .iter()
                .zip(from..to)
                .map(move |(target, at)| (source, *target, self.edges.outgoing().get(at)))
        })
    }

    /// Memory taken by structure and data so far: a direction of the edges counts once it was asked for.
    pub fn bytes(&self) -> usize {
        self.topology.bytes() + self.vertices.bytes() + self.edges.bytes()
    }

    /// The same structure and edges with other vertex data.
    ///
    /// # Panics
    /// If there is not one value for each vertex.
    pub fn with_vertex_data<Other: Data>(self, vertices: Column<Other>) -> Graph<Other, E> {
        Graph::from_parts(self.topology, vertices, self.edges)
    }

    /// The same structure and edges with other vertex data: plain old data, `value(vertex)` each. For [`Own`](crate::Own) see
    /// [`with_vertex_data`](Graph::with_vertex_data).
    pub fn with_vertices<Other: Pod + Send + Sync>(
        self,
        mut value: impl FnMut(Vertex) -> Other,
    ) -> Graph<Other, E> {
        let column = Column::from_fn(self.vertices(), |at| value(at as u32));
        self.with_vertex_data(column)
    }

    /// The same structure and edges with a row of `width` elements on each vertex, written by `fill(vertex, row)`.
    pub fn with_rows<T: Pod + Send + Sync>(
        self,
        width: usize,
        mut fill: impl FnMut(Vertex, &mut [T]),
    ) -> Graph<Row<T>, E> {
        let column = Column::rows(self.vertices(), width, |at, row| fill(at as u32, row));
        self.with_vertex_data(column)
    }

    /// Makes what gathering along these directions reads, so that no run's time has it in it.
    pub(crate) fn make(&self, sides: impl Iterator<Item = Side>) {
        for side in sides {
            self.topology.side(side);
            if side == Side::In {
                self.edges.incoming(&self.topology);
            }
        }
    }

    pub(crate) fn parts(&mut self) -> Parts<'_, V, E> {
        Parts { topology: &self.topology, vertices: &mut self.vertices, edges: &mut self.edges }
    }
}

impl<V: Data, E: Data> Clone for Graph<V, E>
where
    V::Element: Clone,
    E::Element: Clone,
{
    fn clone(&self) -> Self {
        let edges = EdgeColumns::new(&self.topology, self.edges.outgoing().to_column());
        Graph { topology: self.topology.clone(), vertices: self.vertices.clone(), edges }
    }
}

impl<V: Data, E: Data> std::fmt::Debug for Graph<V, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Graph({} vertices, {} edges)", self.vertices(), self.edges())
    }
}
