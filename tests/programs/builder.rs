//! The builder against a naive model, and folds over vertices and edges against plain loops, on random lists of edges.

use std::collections::BTreeMap;

use gasworks::graph::{Graph, GraphBuilder, ParallelEdges, ReverseEdges};
use gasworks::{Accumulator, Context, Edges, Engine, Error, Signal, VertexProgram};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Directed,
    Undirected(ReverseEdges),
    Bipartite,
}

/// What stays of the data of parallel edges.
#[derive(Clone, Copy, Debug)]
enum Policy {
    Keep,
    First,
    Merge,
}

/// Tells the order in which it is merged.
fn merge(kept: u64, next: u64) -> u64 {
    (kept * 31 + next) % 1_000_000_007
}

fn apply(policy: Policy, data: &[u64]) -> Vec<u64> {
    match policy {
        Policy::Keep => data.to_vec(),
        Policy::First => data[..1].to_vec(),
        Policy::Merge => vec![data.iter().copied().reduce(merge).unwrap()],
    }
}

type Arc = (u32, u32, u64);

/// The arcs by source and target, from the documentation of the builder.
fn model(kind: Kind, policy: Policy, left: u32, edges: &[[u32; 2]], data: &[u64]) -> Vec<Arc> {
    let mut groups = BTreeMap::<[u32; 2], Vec<(bool, u64)>>::new();
    for ([u, v], data) in edges.iter().zip(data) {
        let (ends, backward) = match kind {
            Kind::Directed => ([*u, *v], false),
            Kind::Bipartite => ([*u, left + v], false),
            Kind::Undirected(_) => ([*u.min(v), *u.max(v)], u > v),
        };
        groups.entry(ends).or_default().push((backward, *data));
    }
    let mut arcs = Vec::new();
    for ([u, v], mut group) in groups {
        if let Kind::Undirected(ReverseEdges::Pair) = kind {
            let backward = group.iter().filter(|(backward, _)| *backward).count();
            let stays = backward > group.len() - backward;
            group.retain(|(backward, _)| *backward == stays);
        }
        let data: Vec<_> = group.into_iter().map(|(_, data)| data).collect();
        for data in apply(policy, &data) {
            arcs.push((u, v, data));
            if matches!(kind, Kind::Undirected(_)) && u != v {
                arcs.push((v, u, data));
            }
        }
    }
    arcs.sort_by_key(|(u, v, _)| (*u, *v));
    arcs
}

/// Hands out what a gather along in-edges reads.
struct Incoming;

#[derive(Default)]
struct Found(Vec<(u32, u64)>);

impl Accumulator for Found {
    fn clear(&mut self) {
        self.0.clear();
    }
    fn merge(&mut self, part: &Self) {
        self.0.extend_from_slice(&part.0);
    }
}

impl VertexProgram for Incoming {
    type Vertex = gasworks::Own<Vec<(u32, u64)>>;
    type Ghost = u32;
    type Edge = u64;
    type Gather = Found;
    type Global = ();
    const GATHER: Edges = Edges::In;
    fn accumulator(&self) -> Found {
        Found::default()
    }
    fn ghost(&self, cx: &Context<'_, ()>, _: &Vec<(u32, u64)>, ghost: &mut u32) {
        *ghost = cx.vertex;
    }
    fn gather(&self, _: &Context<'_, ()>, found: &mut Found, ghost: &u32, edge: &u64) {
        found.0.push((*ghost, *edge));
    }
    fn apply(&self, _: &Context<'_, ()>, vertex: &mut Vec<(u32, u64)>, found: &mut Found) -> Signal {
        vertex.append(&mut found.0);
        Signal::NONE
    }
}

fn assert_is(graph: Graph<(), u64>, vertices: usize, expected: &[Arc]) {
    let list: Vec<Arc> = graph.edge_list().map(|(u, v, data)| (u, v, *data)).collect();
    assert_eq!(list, expected);
    let topology = graph.topology().clone();
    assert_eq!((topology.vertices(), topology.edges()), (vertices, expected.len()));
    assert!((0..expected.len()).all(|at| *graph.edge_data().get(at) == expected[at].2));
    let column = gasworks::Column::from_fn(vertices, |_| Vec::new());
    let mut graph = graph.with_vertex_data(column);
    Engine::new(&mut graph, &Incoming).threads(2).rounds(1).run().unwrap();
    for v in 0..vertices as u32 {
        let out: Vec<_> = expected.iter().filter(|arc| arc.0 == v).map(|arc| arc.1).collect();
        let mut into: Vec<_> = expected.iter().filter(|arc| arc.1 == v).collect();
        into.sort_by_key(|arc| arc.0);
        assert_eq!(topology.out_neighbors(v), out);
        assert!(topology.in_neighbors(v).iter().eq(into.iter().map(|arc| &arc.0)));
        assert_eq!([topology.out_degree(v), topology.in_degree(v)], [out.len() as u32, into.len() as u32]);
        let read = into.iter().map(|arc| (arc.0, arc.2));
        assert!(graph.vertex(v).iter().copied().eq(read), "in-edges of {v}");
    }
}

fn kinds() -> impl Strategy<Value = Kind> {
    let undirected = |reverse| Just(Kind::Undirected(reverse));
    prop_oneof![
        Just(Kind::Directed),
        undirected(ReverseEdges::Keep),
        undirected(ReverseEdges::Pair),
        Just(Kind::Bipartite)
    ]
}

fn policies() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(Policy::Keep), Just(Policy::First), Just(Policy::Merge)]
}

fn builder(kind: Kind, left: usize, right: usize) -> GraphBuilder<()> {
    match kind {
        Kind::Directed => GraphBuilder::directed(left),
        Kind::Undirected(reverse) => GraphBuilder::undirected(left, reverse),
        Kind::Bipartite => GraphBuilder::bipartite(left, right),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_built_graph_is_the_model(
        (kind, policy) in (kinds(), policies()),
        (left, right) in (1usize..12, 1usize..12),
        seeds in vec((any::<u32>(), any::<u32>(), 0u64..1000), 0..80),
    ) {
        let targets = if let Kind::Bipartite = kind { right } else { left } as u32;
        let edges: Vec<_> = seeds.iter().map(|(u, v, _)| [u % left as u32, v % targets]).collect();
        let data: Vec<_> = seeds.iter().map(|(_, _, data)| *data).collect();
        let parallel = match policy {
            Policy::Keep => ParallelEdges::Keep,
            Policy::First => ParallelEdges::First,
            Policy::Merge => ParallelEdges::Merge(merge),
        };
        let built = builder(kind, left, right).weighted_edges(&edges, &data).parallel_edges(parallel).build();
        let graph = built.unwrap();
        prop_assert_eq!(graph.topology().is_undirected(), matches!(kind, Kind::Undirected(_)));
        prop_assert_eq!(graph.topology().left(), matches!(kind, Kind::Bipartite).then_some(left as u32));
        let vertices = if let Kind::Bipartite = kind { left + right } else { left };
        assert_is(graph, vertices, &model(kind, policy, left as u32, &edges, &data));
    }

    #[test]
    fn an_end_that_does_not_exist_is_named(
        kind in kinds(),
        (at, beyond, first_end) in (0usize..9, 0u32..3, any::<bool>()),
    ) {
        let mut edges = vec![[0, 1]; 9];
        edges[at][usize::from(!first_end)] = 4 + beyond;
        let error = builder(kind, 4, 4).plain_edges(&edges).build().unwrap_err();
        let named = matches!(error, Error::NoSuchVertex { edge, vertex, vertices: 4 } if edge == at && vertex == 4 + beyond);
        prop_assert!(named, "{}", error);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    /// Sizes around and beyond the blocks that folds are cut into.
    #[test]
    fn folds_and_transforms_are_plain_loops(
        vertices in prop_oneof![1usize..50, 16_380usize..16_390, Just(32_768), Just(50_001)],
        (count, seed) in (prop_oneof![0usize..80, 16_380usize..16_390, Just(40_000)], any::<u64>()),
    ) {
        let mut numbers = super::shapes::Numbers(seed);
        let edges: Vec<_> = (0..count).map(|_| [numbers.below(vertices), numbers.below(vertices / 3 + 1)]).collect();
        let data: Vec<u64> = (0..count as u64).collect();
        let graph = GraphBuilder::directed(vertices).weighted_edges(&edges, &data).build().unwrap();
        let mut graph = graph.with_vertices(|v| u64::from(v) * 7 % 1001);

        let listed: Vec<_> = graph.edge_list().map(|(u, v, data)| (u, v, *data)).collect();
        let folded = graph.fold_edges(Vec::new, |all, u, v, data| all.push((u, v, *data)), |all, part| all.extend(part));
        prop_assert!(folded == listed);
        let numbered: Vec<_> = (0..vertices as u32).map(|v| (v, u64::from(v) * 7 % 1001)).collect();
        let folded = graph.fold_vertices(Vec::new, |all, v, data| all.push((v, *data)), |all, part| all.extend(part));
        prop_assert!(folded == numbered);
        // Not commutative, so that an order shows.
        let join = |a: String, b: String| if a.len() + b.len() < 40 { a + &b } else { format!("{:.20}{b:.19}", a) };
        let short = |number: u64| (number % 10).to_string();
        prop_assert_eq!(
            graph.map_reduce_vertices(|v, _| v, u32::min).zip(graph.map_reduce_vertices(|v, _| v, |_, last| last)),
            Some((0, vertices as u32 - 1))
        );
        if vertices < 50 && count < 80 {
            let of_edges = listed.iter().map(|(u, v, data)| short(u64::from(u + v) + data)).reduce(join);
            prop_assert_eq!(graph.map_reduce_edges(|u, v, data| short(u64::from(u + v) + data), join), of_edges);
        }

        graph.transform_vertices(|v, data| *data = 3 * *data + u64::from(v));
        prop_assert!(graph.vertex_data().iter().copied().eq(numbered.iter().map(|(v, data)| 3 * data + u64::from(*v))));
        graph.transform_edges(|u, v, data| *data = 5 * *data + u64::from(u) + u64::from(v));
        let expected = listed.iter().map(|(u, v, data)| (*u, *v, 5 * data + u64::from(u + v)));
        let expected: Vec<_> = expected.collect();
        prop_assert!(graph.edge_list().map(|(u, v, data)| (u, v, *data)).eq(expected.iter().copied()));

        let column = gasworks::Column::from_fn(vertices, |_| Vec::new());
        let mut graph = graph.with_vertex_data(column);
        Engine::new(&mut graph, &Incoming).rounds(1).run().unwrap();
        let mut into = vec![Vec::new(); vertices];
        expected.iter().for_each(|(u, v, data)| into[*v as usize].push((*u, *data)));
        prop_assert!(graph.vertex_data().iter().eq(into.iter()), "the in-order follows");
    }
}
