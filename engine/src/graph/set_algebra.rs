//! Algebra of vertex sets: union, intersection, difference and complement word by word, neighbours along the edges of the members, and
//! selection by the data of vertices (PowerGraph's vertex sets: Gonzalez et al. 2012, "PowerGraph", and its `vertex_set`).

use super::{Graph, Topology, Vertex, VertexSet};
use crate::data::{Data, Ref};

/// ```
/// use gasworks_engine::graph::VertexSet;
/// let even = VertexSet::from_iter_of(10, (0..10).step_by(2));
/// let small = VertexSet::from_iter_of(10, 0..5);
/// assert!(even.intersection(&small).iter().eq([0, 2, 4]));
/// assert!(even.difference(&small).iter().eq([6, 8]));
/// assert!(small.union(&even).complement().iter().eq([5, 7, 9]));
/// ```
impl VertexSet {
    /// Those in either set. O(vertices / 64), as the other operations on two sets.
    ///
    /// # Panics
    /// If the sets are of graphs of different sizes.
    pub fn union(&self, other: &VertexSet) -> VertexSet {
        self.combine(other, |mine, others| mine | others)
    }

    /// Those in both sets.
    ///
    /// # Panics
    /// If the sets are of graphs of different sizes.
    pub fn intersection(&self, other: &VertexSet) -> VertexSet {
        self.combine(other, |mine, others| mine & others)
    }

    /// Those of this set that are not in the other.
    ///
    /// # Panics
    /// If the sets are of graphs of different sizes.
    pub fn difference(&self, other: &VertexSet) -> VertexSet {
        self.combine(other, |mine, others| mine & !others)
    }

    /// Those of the graph that are not in this set.
    pub fn complement(&self) -> VertexSet {
        VertexSet::full(self.capacity()).difference(self)
    }
}

/// Neighbours of sets: a member is among them only if an edge ends in it. O(vertices / 64 + edges of the members), in parallel.
///
/// ```
/// use gasworks_engine::graph::{GraphBuilder, VertexSet};
/// let graph = GraphBuilder::directed(5).plain_edges(&[[0, 1], [1, 2], [3, 1], [4, 4]]).build()?;
/// let set = VertexSet::from_iter_of(5, [1, 4]);
/// assert!(graph.topology().out_neighbors_of(&set).iter().eq([2, 4]));
/// assert!(graph.topology().in_neighbors_of(&set).iter().eq([0, 3, 4]));
/// assert!(graph.topology().neighbors_of(&set).iter().eq([0, 2, 3, 4]));
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
impl Topology {
    /// Targets of the edges that start in the set.
    ///
    /// # Panics
    /// If the set is not of this graph's vertices.
    pub fn out_neighbors_of(&self, set: &VertexSet) -> VertexSet {
        self.reached_from(set, |vertex| [self.out_neighbors(vertex), &[]])
    }

    /// Sources of the edges that end in the set.
    ///
    /// # Panics
    /// If the set is not of this graph's vertices.
    pub fn in_neighbors_of(&self, set: &VertexSet) -> VertexSet {
        self.reached_from(set, |vertex| [self.in_neighbors(vertex), &[]])
    }

    /// Both.
    ///
    /// # Panics
    /// If the set is not of this graph's vertices.
    pub fn neighbors_of(&self, set: &VertexSet) -> VertexSet {
        if self.is_undirected() {
            return self.out_neighbors_of(set);
        }
        self.reached_from(set, |vertex| [self.out_neighbors(vertex), self.in_neighbors(vertex)])
    }

    fn reached_from<'t>(
        &'t self,
        set: &VertexSet,
        neighbors: impl Fn(Vertex) -> [&'t [Vertex]; 2] + Sync,
    ) -> VertexSet {
        set.assert_of(self.vertices());
        let found = VertexSet::empty(self.vertices());
        set.for_each(|vertex| {
            neighbors(vertex).into_iter().flatten().for_each(|neighbor| {
                found.insert(*neighbor);
            });
        });
        found
    }
}

impl<V: Data, E: Data> Graph<V, E> {
    /// The vertices whose data satisfy a predicate. In parallel.
    ///
    /// ```
    /// # use gasworks_engine::graph::GraphBuilder;
    /// let graph = GraphBuilder::directed(4).build()?.with_vertices(|v| v as f32 / 2.0);
    /// let large = graph.select_vertices(|_, value| *value >= 1.0);
    /// assert!(large.iter().eq([2, 3]));
    /// assert!(graph.select_vertices_in(&large, |_, value| *value < 1.5).iter().eq([2]));
    /// # Ok::<(), gasworks_engine::Error>(())
    /// ```
    pub fn select_vertices(&self, predicate: impl Fn(Vertex, Ref<'_, V>) -> bool + Sync) -> VertexSet {
        self.select_vertices_in(&VertexSet::full(self.vertices()), predicate)
    }

    /// Those of a set whose data satisfy a predicate. In parallel.
    ///
    /// # Panics
    /// If the set is not of this graph's vertices.
    pub fn select_vertices_in(
        &self,
        set: &VertexSet,
        predicate: impl Fn(Vertex, Ref<'_, V>) -> bool + Sync,
    ) -> VertexSet {
        set.assert_of(self.vertices());
        set.filter(|vertex| predicate(vertex, self.vertices.get(vertex as usize)))
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::graph::{GraphBuilder, ReverseEdges};

    /// A number of vertices, around whole words and some words long, two sets of them, and edges.
    fn cases() -> impl Strategy<Value = (usize, BTreeSet<u32>, BTreeSet<u32>, Vec<[u32; 2]>)> {
        prop_oneof![Just(1usize), 60..70usize, 126..130usize, 1..400usize].prop_flat_map(|n| {
            let vertex = 0..n as u32;
            let set = || proptest::collection::btree_set(vertex.clone(), 0..=n);
            let edges = proptest::collection::vec([vertex.clone(), vertex.clone()], 0..3 * n);
            (Just(n), set(), set(), edges)
        })
    }

    /// The same members, and no bit beyond the last vertex.
    fn assert_same(found: &VertexSet, expected: impl IntoIterator<Item = u32>) {
        let expected: BTreeSet<u32> = expected.into_iter().collect();
        assert!(found.iter().eq(expected.iter().copied()), "{:?}", found.iter().collect::<Vec<_>>());
        assert_eq!(found.len(), expected.len());
    }

    proptest! {
        #[test]
        fn operations_are_those_of_sets((n, a, b, _) in cases()) {
            let set = |members: &BTreeSet<u32>| VertexSet::from_iter_of(n, members.iter().copied());
            let (x, y) = (set(&a), set(&b));
            assert_same(&x.union(&y), a.union(&b).copied());
            assert_same(&x.intersection(&y), a.intersection(&b).copied());
            assert_same(&x.difference(&y), a.difference(&b).copied());
            let all: BTreeSet<u32> = (0..n as u32).collect();
            assert_same(&x.complement(), all.difference(&a).copied());
            assert_eq!(x.complement().complement(), x);
            assert!((&x).into_iter().eq(a.iter().copied()));
        }

        #[test]
        fn neighbors_are_the_other_ends_of_edges((n, a, _, edges) in cases()) {
            let set = VertexSet::from_iter_of(n, a.iter().copied());
            let targets = || edges.iter().filter(|[u, _]| a.contains(u)).map(|[_, v]| *v);
            let sources = || edges.iter().filter(|[_, v]| a.contains(v)).map(|[u, _]| *u);
            let graph = GraphBuilder::directed(n).plain_edges(&edges).build().unwrap();
            let topology = graph.topology();
            assert_same(&topology.out_neighbors_of(&set), targets());
            assert_same(&topology.in_neighbors_of(&set), sources());
            assert_same(&topology.neighbors_of(&set), targets().chain(sources()));
            let graph = GraphBuilder::undirected(n, ReverseEdges::Keep).plain_edges(&edges).build().unwrap();
            assert_same(&graph.topology().neighbors_of(&set), targets().chain(sources()));
            assert_same(&graph.topology().in_neighbors_of(&set), targets().chain(sources()));
        }

        #[test]
        fn selections_and_changes_are_of_members_alone((n, a, b, _) in cases()) {
            let set = |members: &BTreeSet<u32>| VertexSet::from_iter_of(n, members.iter().copied());
            let graph = GraphBuilder::directed(n).build().unwrap();
            let mut graph = graph.with_vertices(|v| u32::from(a.contains(&v)));
            assert_same(&graph.select_vertices(|_, value| *value == 1), a.iter().copied());
            let both = graph.select_vertices_in(&set(&b), |vertex, value| *value == 1 && vertex % 3 > 0);
            assert_same(&both, a.intersection(&b).copied().filter(|v| v % 3 > 0));
            let list = graph.map_reduce_vertices_in(&set(&b), |v, _| vec![v], |x, y| [x, y].concat());
            assert_eq!(list, (!b.is_empty()).then(|| b.iter().copied().collect()));
            graph.transform_vertices_in(&set(&b), |vertex, value| *value = vertex + 7);
            let expected = |v| if b.contains(&v) { v + 7 } else { a.contains(&v).into() };
            assert!((0..n as u32).all(|v| *graph.vertex(v) == expected(v)));
        }
    }

    #[test]
    fn many_blocks_are_changed_and_folded_in_order() {
        let n = 100_000;
        let set = VertexSet::from_iter_of(n, (0..n as u32).filter(|v| v % 7 == 3));
        let mut graph = GraphBuilder::directed(n).build().unwrap().with_vertices(|v| v);
        graph.transform_vertices_in(&set, |_, value| *value = 0);
        assert_eq!(graph.select_vertices(|vertex, value| *value == 0 && vertex > 0), set);
        let list = graph.map_reduce_vertices_in(&set, |v, _| vec![v], |x, y| [x, y].concat());
        assert_eq!(list, Some(set.iter().collect()));
    }

    #[test]
    #[should_panic(expected = "a set of 9 vertices, the graph has 10")]
    fn refuses_a_set_of_another_graph() {
        VertexSet::full(9).union(&VertexSet::full(10));
    }
}
