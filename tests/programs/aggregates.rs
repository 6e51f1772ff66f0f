//! Globals: when they are computed, over what, and that their bits do not depend on threads.

use std::sync::Mutex;

use gasworks::graph::{GraphBuilder, Topology, Vertex};
use gasworks::schedulers::Sweep;
use gasworks::{Aggregate, Context, Edges, Engine, Every, Over, Signal, VertexProgram};

use super::shapes::shapes;

/// Each vertex adds one to itself and notes the global of its round.
#[derive(Default)]
struct Count {
    seen: Mutex<Vec<(u64, f64)>>,
}

impl VertexProgram for Count {
    type Vertex = f32;
    type Ghost = f32;
    type Edge = f32;
    type Gather = ();
    type Global = f64;
    const GATHER: Edges = Edges::None;
    const SCATTER: Edges = Edges::None;
    fn accumulator(&self) {}
    fn ghost(&self, _: &Context<'_, f64>, vertex: &f32, ghost: &mut f32) {
        *ghost = *vertex;
    }
    fn gather(&self, _: &Context<'_, f64>, (): &mut (), _: &f32, _: &f32) {
        panic!("no edge is gathered");
    }
    fn apply(&self, cx: &Context<'_, f64>, vertex: &mut f32, (): &mut ()) -> Signal {
        if cx.vertex == 0 {
            self.seen.lock().unwrap().push((cx.round, *cx.global));
        }
        *vertex += 1.0;
        Signal::priority(1.0)
    }
}

/// Sums vertices or edges in `f64`, in an order that shows in the bits.
struct Total<const EDGES: bool>;

impl<const EDGES: bool> Aggregate<f32, f32> for Total<EDGES> {
    type Part = f64;
    type Global = f64;
    const OVER: Over = if EDGES { Over::Edges } else { Over::Vertices };
    fn zero(&self) -> f64 {
        0.0
    }
    fn fold_vertex(&self, sum: &mut f64, _: &Topology, _: Vertex, data: &f32) {
        assert!(!EDGES);
        *sum += f64::from(*data);
    }
    fn fold_edge(&self, sum: &mut f64, source: Vertex, target: Vertex, weight: &f32) {
        assert!(EDGES);
        *sum += f64::from(*weight) * (1.0 + f64::from(source) + 3.0 * f64::from(target)).sqrt();
    }
    fn merge(&self, sum: &mut f64, part: f64) {
        *sum += part;
    }
    fn finalize(&self, _: &Topology, sum: f64) -> f64 {
        sum
    }
}

fn globals(every: u64, rounds: u64) -> Vec<(u64, f64)> {
    let mut graph =
        GraphBuilder::directed(3).weighted_edges(&[], &[]).build().unwrap().with_vertices(|_| 0.0);
    let program = Count::default();
    let engine = Engine::new(&mut graph, &program).scheduler(Sweep::new());
    engine.aggregate_every(Every::Rounds(every), &Total::<false>).rounds(rounds).run().unwrap();
    program.seen.into_inner().unwrap()
}

#[test]
fn a_global_is_computed_before_the_first_round_and_again_after_so_many() {
    // Three vertices grow by one a round.
    assert_eq!(globals(1, 4), [(0, 0.0), (1, 3.0), (2, 6.0), (3, 9.0)]);
    assert_eq!(globals(2, 5), [(0, 0.0), (1, 0.0), (2, 6.0), (3, 6.0), (4, 12.0)]);
    assert_eq!(globals(3, 5), [(0, 0.0), (1, 0.0), (2, 0.0), (3, 9.0), (4, 9.0)]);
}

#[test]
fn a_global_that_is_given_stays_and_the_default_is_default() {
    for (given, expected) in [(None, 0.0), (Some(2.5), 2.5)] {
        let graph = GraphBuilder::directed(1).weighted_edges(&[], &[]).build().unwrap();
        let (mut graph, program) = (graph.with_vertices(|_| 0.0), Count::default());
        let mut engine = Engine::new(&mut graph, &program).scheduler(Sweep::new()).rounds(2);
        if let Some(given) = given {
            engine = engine.global(given);
        }
        engine.run().unwrap();
        assert_eq!(program.seen.into_inner().unwrap(), [(0, expected), (1, expected)]);
    }
}

/// Sums vertices that a phase may read: of the other side where sides take turns.
struct Others;

impl Aggregate<f32, f32> for Others {
    type Part = f64;
    type Global = f64;
    const OVER: Over = Over::OtherSide;
    fn zero(&self) -> f64 {
        0.0
    }
    fn fold_vertex(&self, sum: &mut f64, _: &Topology, _: Vertex, data: &f32) {
        *sum += f64::from(*data);
    }
    fn merge(&self, sum: &mut f64, part: f64) {
        *sum += part;
    }
    fn finalize(&self, _: &Topology, sum: f64) -> f64 {
        sum
    }
}

/// What the vertices of a graph of two left and three right vertices saw in each round: those of the left, those of the right. Vertices
/// begin as 0 and 10.
fn phases<A>(aggregate: &A, every: Every, scheduler: Sweep, rounds: u64) -> Vec<[f64; 2]>
where
    A: Aggregate<f32, f32, Global = f64>,
{
    let graph = GraphBuilder::bipartite(2, 3).weighted_edges(&[], &[]).build().unwrap();
    let mut graph = graph.with_vertices(|v| if v < 2 { 0.0 } else { 10.0 });
    let program = Everyone::default();
    let engine = Engine::new(&mut graph, &program).scheduler(scheduler).threads(2);
    engine.aggregate_every(every, aggregate).rounds(rounds).run().unwrap();
    let mut seen = program.seen.into_inner().unwrap();
    seen.sort_by_key(|(round, vertex, _)| (*round, *vertex));
    let rounds = seen.chunks(5).map(|round| {
        let global = |from: usize, to: usize| {
            assert!(round[from..to].iter().all(|(_, _, global)| *global == round[from].2), "{round:?}");
            round[from].2
        };
        [global(0, 2), global(2, 5)]
    });
    rounds.collect()
}

/// As [`Count`], but each vertex notes what it saw.
#[derive(Default)]
struct Everyone {
    seen: Mutex<Vec<(u64, Vertex, f64)>>,
}

impl VertexProgram for Everyone {
    type Vertex = f32;
    type Ghost = f32;
    type Edge = f32;
    type Gather = ();
    type Global = f64;
    const GATHER: Edges = Edges::None;
    const SCATTER: Edges = Edges::None;
    fn accumulator(&self) {}
    fn ghost(&self, _: &Context<'_, f64>, vertex: &f32, ghost: &mut f32) {
        *ghost = *vertex;
    }
    fn gather(&self, _: &Context<'_, f64>, (): &mut (), _: &f32, _: &f32) {
        panic!("no edge is gathered");
    }
    fn apply(&self, cx: &Context<'_, f64>, vertex: &mut f32, (): &mut ()) -> Signal {
        self.seen.lock().unwrap().push((cx.round, cx.vertex, *cx.global));
        *vertex += 1.0;
        Signal::priority(1.0)
    }
}

#[test]
fn a_global_of_each_phase_is_of_what_the_phase_before_left() {
    let all = Total::<false>;
    assert_eq!(phases(&all, Every::Phase, Sweep::sides(), 2), [[30.0, 32.0], [35.0, 37.0]]);
    assert_eq!(phases(&all, Every::Rounds(1), Sweep::sides(), 2), [[30.0, 30.0], [35.0, 35.0]]);
    assert_eq!(phases(&all, Every::Phase, Sweep::new(), 3), [[30.0; 2], [35.0; 2], [40.0; 2]]);
}

#[test]
fn a_global_of_the_other_side_is_of_that_side_where_sides_take_turns() {
    assert_eq!(phases(&Others, Every::Phase, Sweep::sides(), 2), [[30.0, 2.0], [33.0, 4.0]]);
    // Once a round, before its first phase: of what that phase reads.
    assert_eq!(phases(&Others, Every::Rounds(1), Sweep::sides(), 2), [[30.0, 30.0], [33.0, 33.0]]);
    assert_eq!(phases(&Others, Every::Phase, Sweep::new(), 2), [[30.0; 2], [35.0; 2]]);
}

#[test]
#[should_panic(expected = "every 1 or more rounds")]
fn never_is_no_frequency() {
    globals(0, 1);
}

#[test]
fn folds_over_vertices_and_edges_have_the_same_bits_on_all_threads() {
    for shape in shapes().iter().filter(|shape| shape.vertices > 0) {
        let run = |threads, over_edges: bool| {
            let mut graph = shape.weighted().with_vertices(|v| (v as f32).sqrt() * 0.1);
            let program = Count::default();
            let engine = Engine::new(&mut graph, &program).scheduler(Sweep::new()).threads(threads).rounds(1);
            let engine = match over_edges {
                true => engine.aggregate(&Total::<true>),
                false => engine.aggregate(&Total::<false>),
            };
            engine.run().unwrap();
            program.seen.into_inner().unwrap()[0].1
        };
        let vertices: f64 = (0..shape.vertices).map(|v| f64::from((v as f32).sqrt() * 0.1)).sum();
        let each = |(u, v, weight): (u32, u32, f32)| {
            f64::from(weight) * (1.0 + f64::from(u) + 3.0 * f64::from(v)).sqrt()
        };
        // Arcs, so an undirected edge twice.
        let out = shape.neighbors().1;
        let arcs = out.iter().zip(0..).flat_map(|(ends, u)| ends.iter().map(move |(v, w)| (u, *v, *w)));
        let edges: f64 = arcs.map(each).sum();
        for (over_edges, expected) in [(false, vertices), (true, edges)] {
            let first = run(1, over_edges);
            assert!((first - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{first} {expected}");
            for threads in [2, 3, 8] {
                assert_eq!(run(threads, over_edges).to_bits(), first.to_bits(), "{}", shape.name);
            }
        }
    }
}
