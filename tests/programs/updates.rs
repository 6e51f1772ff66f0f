//! Update functions under the serial executor: what each model may write, and in what order visits come.

use gasworks::graph::{GraphBuilder, ReverseEdges};
use gasworks::schedulers::{Rounds, Sweep, by_name};
use gasworks::{
    Accumulator, Context, Edges, Engine, Exclusion, Reason, Scheduler, Scope, Signal, UpdateFunction,
    VertexProgram, consistency,
};

use super::contract::VARIANTS;
use super::shapes::{Kind, Numbers, Shape, shapes};

/// The least color that no neighbour has.
pub(crate) struct Coloring;

impl UpdateFunction for Coloring {
    type Vertex = u32;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = Vec<u32>;
    fn scratch(&self) -> Vec<u32> {
        Vec::new()
    }
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, taken: &mut Vec<u32>) {
        taken.clear();
        scope.for_each_edge(Edges::All, |mut visit| taken.push(*visit.parts().2));
        if taken.contains(scope.vertex()) {
            let free = (0..).find(|color| !taken.contains(color)).unwrap();
            *scope.vertex_mut() = free;
            scope.for_each_edge(Edges::All, |mut visit| visit.signal(Signal::priority(1.0)));
        }
    }
}

fn assert_colored(shape: &Shape, order: impl Scheduler) {
    let mut graph = shape.plain().with_vertices(|_| 0);
    let outcome = Engine::updates(&mut graph, &Coloring, order).run().unwrap();
    assert_eq!(outcome.reason, Reason::Drained);
    for (u, v, _) in shape.edge_list().filter(|(u, v, _)| u != v) {
        assert_ne!(graph.vertex(u), graph.vertex(v), "{u} and {v} of {}", shape.name);
    }
    let degrees = shape.neighbors();
    let most = (0..shape.vertices).map(|v| degrees.0[v].len() + degrees.1[v].len()).max();
    assert!(graph.vertex_data().iter().all(|color| *color as usize <= most.unwrap_or(0)));
}

#[test]
fn greedy_coloring_is_valid_under_each_scheduler() {
    for shape in shapes().iter().filter(|shape| shape.vertices < 5000) {
        VARIANTS.iter().for_each(|text| assert_colored(shape, by_name(text).unwrap()));
    }
    let mut numbers = Numbers(7);
    for case in 0..20 {
        let n = 2 + numbers.below(60) as usize;
        let edges = (0..4 * n).map(|_| [numbers.below(n), numbers.below(n)]).collect();
        let kind = if case % 2 == 0 { Kind::Directed } else { Kind::Undirected };
        let shape = Shape::new("random", kind, n, edges);
        VARIANTS.iter().for_each(|text| assert_colored(&shape, by_name(text).unwrap()));
    }
}

/// Adds to each edge what its visitor is, ten to the power of which end it is.
struct Mark;

impl UpdateFunction for Mark {
    type Vertex = u32;
    type Edge = u64;
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        let at = u64::from(scope.id());
        scope.for_each_edge(Edges::All, |mut visit| {
            let (outgoing, neighbor) = (visit.is_outgoing(), visit.neighbor_id());
            let (vertex, edge, other) = visit.parts();
            assert_eq!(*other, 10 * neighbor, "vertices stand still");
            assert_eq!(u64::from(*vertex), 10 * at);
            *edge += if outgoing { 1000 * (1 + at) } else { 1_000_000_000 * (1 + at) };
        });
        scope.for_each_self_loop(|vertex, edge| {
            assert_eq!(u64::from(*vertex), 10 * at);
            assert!(*edge < 1000, "a self-loop is not visited as an edge");
        });
    }
}

/// Reads edge data along both directions.
struct Read;

#[derive(Default)]
struct Found(Vec<(u64, u64)>);

impl Accumulator for Found {
    fn clear(&mut self) {
        self.0.clear();
    }
    fn merge(&mut self, part: &Self) {
        self.0.extend_from_slice(&part.0);
    }
}

impl VertexProgram for Read {
    type Vertex = u32;
    type Ghost = u32;
    type Edge = u64;
    type Gather = Found;
    type Global = ();
    const GATHER: Edges = Edges::In;
    fn accumulator(&self) -> Found {
        Found::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, vertex: &u32, ghost: &mut u32) {
        *ghost = *vertex / 10;
    }
    fn gather(&self, _: &Context<'_, ()>, found: &mut Found, ghost: &u32, edge: &u64) {
        found.0.push(((*ghost).into(), *edge));
    }
    fn apply(&self, cx: &Context<'_, ()>, _: &mut u32, found: &mut Found) -> Signal {
        for (source, edge) in found.0.drain(..) {
            let target = u64::from(cx.vertex);
            let marks = if source == target { 0 } else { 1_000_000_000 * (1 + target) + 1000 * (1 + source) };
            assert_eq!(edge / 1000 * 1000, marks, "edge {source} {target}");
        }
        Signal::NONE
    }
}

#[test]
fn both_ends_write_an_edge_and_both_orders_hold_what_they_wrote() {
    let mut numbers = Numbers(11);
    for case in 0..30 {
        let n = 1 + numbers.below(200) as usize;
        let edges: Vec<_> = (0..5 * n).map(|_| [numbers.below(n), numbers.below(n)]).collect();
        let serial: Vec<u64> = (0..edges.len() as u64).map(|at| at % 1000).collect();
        let graph = GraphBuilder::directed(n).weighted_edges(&edges, &serial).build().unwrap();
        let mut graph = graph.with_vertices(|v| 10 * v);
        let before: Vec<_> = graph.edge_list().map(|(u, v, edge)| (u, v, *edge)).collect();
        let outcome = match case % 2 {
            0 => Engine::updates(&mut graph, &Mark, Sweep::new()).run().unwrap(),
            _ => Engine::updates(&mut graph, &Mark, Rounds::new()).run().unwrap(),
        };
        assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Drained, n as u64));
        for ((u, v, old), (_, _, new)) in before.iter().zip(graph.edge_list()) {
            let marks = 1_000_000_000 * (1 + u64::from(*v)) + 1000 * (1 + u64::from(*u));
            // Parallel edges keep their own data each.
            assert_eq!(*new, if u == v { *old } else { old + marks });
        }
        Engine::new(&mut graph, &Read).rounds(1).run().unwrap();
    }
}

#[test]
fn each_arc_of_an_undirected_edge_is_written_by_its_own_source() {
    let edges = [[0, 1], [1, 2], [1, 2], [2, 2]];
    let builder = GraphBuilder::undirected(3, ReverseEdges::Keep).weighted_edges(&edges, &[1u64, 2, 3, 4]);
    let mut graph = builder.build().unwrap().with_vertices(|v| 10 * v);
    Engine::updates(&mut graph, &Mark, Sweep::new()).run().unwrap();
    let arcs: Vec<_> = graph.edge_list().map(|(u, v, edge)| (u, v, *edge)).collect();
    let expected =
        [(0, 1, 1001), (1, 0, 2001), (1, 2, 2002), (1, 2, 2003), (2, 1, 3002), (2, 1, 3003), (2, 2, 4)];
    assert_eq!(arcs, expected);
}

/// Gives one of what it has to each neighbour that has less.
struct Share;

impl UpdateFunction for Share {
    type Vertex = u32;
    type Edge = u32;
    type Global = ();
    type Consistency = consistency::Full;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        scope.for_each_edge(Edges::All, |mut visit| {
            let (own, edge, other) = visit.parts();
            if *own > *other + 1 {
                (*own, *other, *edge) = (*own - 1, *other + 1, *edge + 1);
                visit.signal(Signal::priority(1.0));
            }
        });
        let richer = *scope.vertex() > 0;
        let mut unequal = false;
        scope.for_each_edge(Edges::All, |mut visit| {
            let (own, _, other) = visit.parts();
            unequal |= *own > *other + 1;
        });
        if richer && unequal {
            scope.signal_self(Signal::priority(2.0));
        }
    }
}

#[test]
fn full_consistency_writes_neighbors() {
    let edges: Vec<_> = (1..20u32).map(|v| [v - 1, v]).chain([[0, 19], [4, 4], [3, 15]]).collect();
    let graph = GraphBuilder::directed(20).weighted_edges(&edges, &[0u32; 22]).build().unwrap();
    let mut graph = graph.with_vertices(|v| if v == 7 { 1000 } else { 0 });
    let outcome = Engine::updates(&mut graph, &Share, Sweep::new()).start_at([7]).run().unwrap();
    assert_eq!(outcome.reason, Reason::Drained);
    assert_eq!(graph.vertex_data().iter().sum::<u32>(), 1000, "what one gives, another gets");
    assert!(graph.edge_list().map(|(_, _, given)| *given).sum::<u32>() >= 950);
    assert!(graph.edge_list().all(|(u, v, given)| u != v || *given == 0), "a self-loop is no neighbour");
}

/// Halves its vertex, and reports how far it moved.
struct Halve;

impl UpdateFunction for Halve {
    type Vertex = f32;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Vertex;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        *scope.vertex_mut() /= 2.0;
        scope.signal_self(Signal::above(0.0, *scope.vertex()));
    }
}

#[test]
fn the_residual_of_a_round_is_the_sum_of_its_changes() {
    let mut graph = GraphBuilder::directed(4).build().unwrap().with_vertices(|_| 16.0f32);
    let engine = Engine::updates(&mut graph, &Halve, Sweep::new());
    let outcome = engine.until(|progress| progress.residual < 5.0).rounds(9).run().unwrap();
    // Each round moves four vertices: by 8, 4, 2 and 1 each.
    assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Converged, 4));
    assert_eq!(outcome.progress.residual, 4.0);
}

/// Notes the order of visits, and schedules itself until each vertex has had three.
struct Note;

impl UpdateFunction for Note {
    type Vertex = u32;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Vertex;
    type Scratch = u32;
    fn scratch(&self) -> u32 {
        0
    }
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, clock: &mut u32) {
        *clock += 1;
        assert_eq!((cx.vertex, cx.vertices()), (scope.id(), 4));
        assert_eq!(cx.round, u64::from(scope.vertex() % 10), "visits of this vertex before");
        *scope.vertex_mut() += 1 + 100 * *clock;
        scope.for_each_edge(Edges::Out, |mut visit| *visit.parts().0 += 0);
        if cx.round < 2 {
            scope.signal_self(Signal::priority(1.0));
        }
        scope.signal_self(Signal::NONE);
    }
}

#[test]
fn visits_come_in_the_order_of_the_scheduler_with_scratch_that_stays() {
    let graph = || GraphBuilder::directed(4).plain_edges(&[[0, 1]]).build().unwrap().with_vertices(|_| 0);
    let mut all = graph();
    let outcome = Engine::updates(&mut all, &Note, Sweep::new()).exclusion(Exclusion::Serial).run().unwrap();
    assert_eq!((outcome.progress.updates, outcome.progress.rounds), (12, 3));
    // Vertex v runs at v + 1, v + 5 and v + 9.
    assert_eq!(all.vertex_data().as_slice(), [1503, 1803, 2103, 2403]);
    let mut one = graph();
    let outcome = Engine::updates(&mut one, &Note, Rounds::new())
        .exclusion(Exclusion::Serial)
        .start_at([2])
        .run()
        .unwrap();
    assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Drained, 3));
    assert_eq!(one.vertex_data().as_slice(), [0, 0, 603, 0]);
    let outcome = Engine::updates(&mut graph(), &Note, Rounds::new())
        .exclusion(Exclusion::Serial)
        .rounds(2)
        .run()
        .unwrap();
    assert_eq!((outcome.reason, outcome.progress.updates), (Reason::Rounds, 8));
}
