//! Vertices by degree: runs end as on the graph as it was loaded.

use gasworks::generate::{Rmat, rmat};
use gasworks::graph::{Graph, GraphBuilder, ReverseEdges};
use gasworks::programs::{BreadthFirstSearch, Components, KCore, ShortestPaths, specialists};
use gasworks::schedulers::Rounds;
use gasworks::{Context, Direction, Engine, Signal, Sum, VertexProgram};

/// Few vertices have most edges; weights are whole numbers.
fn graphs() -> [Graph<(), f32>; 2] {
    let list = rmat(&Rmat { scale: 10, ..Rmat::default() }).unwrap();
    let weights: Vec<f32> = (0..list.arcs.len()).map(|at| (1 + at * 7 % 19) as f32).collect();
    let n = list.ids.len();
    [GraphBuilder::directed(n), GraphBuilder::undirected(n, ReverseEdges::Keep)]
        .map(|builder| builder.weighted_edges(&list.arcs, &weights).build().unwrap())
}

/// Adds up what chance gives the in-neighbours: whole numbers, whose sums have no rounding.
struct Chances;

impl VertexProgram for Chances {
    type Vertex = u32;
    type Ghost = u32;
    type Edge = f32;
    type Gather = Sum<u32>;
    type Global = ();

    fn accumulator(&self) -> Sum<u32> {
        Sum::default()
    }
    fn ghost(&self, cx: &Context<'_, ()>, vertex: &u32, ghost: &mut u32) {
        *ghost = vertex % 1000 + cx.random(1).below(1000) as u32
    }
    fn gather(&self, _: &Context<'_, ()>, sum: &mut Sum<u32>, ghost: &u32, edge: &f32) {
        sum.0 += ghost * (1 + *edge as u32)
    }
    fn apply(&self, cx: &Context<'_, ()>, vertex: &mut u32, sum: &mut Sum<u32>) -> Signal {
        *vertex = sum.0 % 1000 + cx.random(2).below(10) as u32;
        Signal::priority(1.0)
    }
}

#[test]
fn random_numbers_are_those_of_the_vertices_as_they_were_loaded() {
    let run = |graph: Graph<(), f32>| {
        let loaded: Vec<u32> = (0..graph.vertices() as u32).map(|v| graph.topology().loaded_as(v)).collect();
        let mut graph = graph.with_vertices(|vertex| loaded[vertex as usize]);
        Engine::new(&mut graph, &Chances).rounds(5).seed(3).run().unwrap();
        graph.into_vertex_data_as_loaded().as_slice().to_vec()
    };
    for graph in graphs() {
        assert_eq!(run(graph.clone().by_degree()), run(graph));
    }
}

/// What programs find, by the order in which vertices were loaded.
fn found(weighted: Graph<(), f32>, plain: Graph<(), ()>) -> impl PartialEq {
    let source = weighted.topology().number_of(5);
    let kernel = specialists::shortest_paths(&weighted, source, None);
    let by_direction = Direction::ALL.map(|direction| {
        let mut paths = weighted.clone().with_vertices(ShortestPaths::start(source));
        let engine = Engine::new(&mut paths, &ShortestPaths).start_at([source]);
        engine.direction(direction).threads(2).run().unwrap();
        assert_eq!(paths.vertex_data().as_slice(), kernel);
        let mut search = plain.clone().with_vertices(BreadthFirstSearch::start(source));
        let engine = Engine::new(&mut search, &BreadthFirstSearch).start_at([source]);
        engine.direction(direction).threads(2).run().unwrap();
        let search = search.into_vertex_data_as_loaded();
        let levels: Vec<u32> = search.iter().map(|reached| reached.level).collect();
        assert!(levels.iter().filter(|level| **level < 10).count() > 100, "the search reaches some");
        (paths.into_vertex_data_as_loaded().as_slice().to_vec(), levels)
    });

    let mut labels = plain.clone().with_vertices(|vertex| vertex);
    Engine::new(&mut labels, &Components).run().unwrap();
    let roots = labels.vertex_data().iter().zip(0..).filter(|(label, vertex)| *label == vertex).count();
    let start = KCore::start(plain.topology());
    let mut cores = plain.with_vertices(start);
    Engine::updates(&mut cores, &KCore, Rounds::new()).run().unwrap();
    (by_direction, roots, cores.into_vertex_data_as_loaded().as_slice().to_vec())
}

#[test]
fn searches_paths_components_and_cores_are_the_same() {
    let plain = |undirected: bool| {
        let list = rmat(&Rmat { scale: 10, ..Rmat::default() }).unwrap();
        let n = list.ids.len();
        let builder = match undirected {
            true => GraphBuilder::undirected(n, ReverseEdges::Keep),
            false => GraphBuilder::directed(n),
        };
        builder.plain_edges(&list.arcs).build().unwrap()
    };
    for (weighted, plain) in graphs().into_iter().zip([plain(false), plain(true)]) {
        let (ordered, plain_ordered) = (weighted.clone().by_degree(), plain.clone().by_degree());
        let mut vertices = 0..plain.vertices() as u32;
        assert!(vertices.any(|vertex| ordered.topology().loaded_as(vertex) != vertex));
        assert!(found(ordered, plain_ordered) == found(weighted, plain));
    }
}
