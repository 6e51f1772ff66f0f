use crate::graph::{Graph, GraphBuilder, ReverseEdges};
use crate::{Accumulator, Context, Direction, Edges, Engine, Gathers, Random, Signal, VertexProgram};

/// A sum whose bits tell the order of its additions, and which has enough at some point.
#[derive(Clone, Copy, Default)]
struct Enough(f32);

impl Accumulator for Enough {
    fn clear(&mut self) {
        self.0 = 0.0
    }
    fn merge(&mut self, part: &Self) {
        self.0 += part.0
    }
    fn is_full(&self) -> bool {
        self.0 > 1e5
    }
}

/// Sums what chance lets neighbours publish, along in-edges (1), out-edges (2) or both (3).
struct Chance<const GATHER: u8>;

const fn along(edges: u8) -> Edges {
    [Edges::None, Edges::In, Edges::Out, Edges::All][edges as usize]
}

impl<const GATHER: u8> VertexProgram for Chance<GATHER> {
    type Vertex = f32;
    type Ghost = f32;
    type Edge = f32;
    type Gather = Enough;
    type Global = ();
    const GATHER: Edges = along(GATHER);
    const SCATTER: Edges = along(GATHER).reverse();
    const GATHERS: Gathers = Gathers::Published;

    fn accumulator(&self) -> Enough {
        Enough::default()
    }
    fn ghost(&self, cx: &Context<'_, ()>, vertex: &f32, ghost: &mut f32) {
        *ghost = vertex + cx.vertex as f32 * 1e-3
    }
    fn wants(&self, vertex: &f32) -> bool {
        !vertex.to_bits().is_multiple_of(5)
    }
    fn gather(&self, cx: &Context<'_, ()>, sum: &mut Enough, ghost: &f32, edge: &f32) {
        sum.0 += ghost * edge + cx.vertex as f32 * 1e-2
    }
    fn apply(&self, cx: &Context<'_, ()>, vertex: &mut f32, sum: &mut Enough) -> Signal {
        *vertex = 0.7 * *vertex + 1e-2 * sum.0;
        if cx.random(1).below(3) == 0 { Signal::priority(1.0) } else { Signal::NONE }
    }
}

fn bits<const GATHER: u8>(graph: &Graph<(), f32>, direction: Direction, threads: usize) -> Vec<u32> {
    let mut graph = graph.clone().with_vertices(|v| 1.0 + v as f32 * 1e-2);
    let starters = (0..graph.vertices() as u32).filter(|v| v % 7 == 1);
    let engine = Engine::new(&mut graph, &Chance::<GATHER>).start_at(starters).threads(threads).rounds(5);
    let outcome = engine.direction(direction).run().unwrap();
    let progress = outcome.progress;
    let bits = graph.vertex_data().iter().map(|value| value.to_bits());
    bits.chain([progress.updates as u32, progress.signalled as u32]).collect()
}

fn compare<const GATHER: u8>(graph: &Graph<(), f32>, name: &str) {
    let pulled = bits::<GATHER>(graph, Direction::Pull, 1);
    assert!(pulled[graph.vertices()] > 100, "{name}: few visits");
    for direction in Direction::ALL {
        for threads in [1, 2, 5] {
            let same = bits::<GATHER>(graph, direction, threads) == pulled;
            assert!(same, "{name}, gathers {GATHER}: {direction} on {threads} threads");
        }
    }
}

#[test]
fn pushing_has_the_bits_of_pulling() {
    // Two hubs, one with many parallel edges, and self-loops.
    let n = 20_000;
    let mut random = Random::keyed(5, 0, 0, 0);
    let mut end = || (random.below(n) * random.below(n) / n) as u32;
    let some = (0..30_000).map(|_| [end(), end()]).collect::<Vec<_>>();
    let hubs = (0..17_000).flat_map(|v| [[v, 3], [9, v], [v % 5, 9]]);
    let edges: Vec<[u32; 2]> = some.into_iter().chain(hubs).chain([[7, 7], [7, 7], [3, 3]]).collect();
    let weights: Vec<f32> = (0..edges.len()).map(|at| 0.1 + (at % 91) as f32 * 0.013).collect();
    for (name, builder) in [
        ("directed", GraphBuilder::directed(n as usize)),
        ("undirected", GraphBuilder::undirected(n as usize, ReverseEdges::Keep)),
    ] {
        let graph = builder.weighted_edges(&edges, &weights).build().unwrap();
        compare::<1>(&graph, name);
        compare::<2>(&graph, name);
        compare::<3>(&graph, name);
    }
}
