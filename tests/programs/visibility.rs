//! When neighbours see what a visit wrote, and what ghosts may be.

use gasworks::generate::RatingsShape;
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::factorization::Regularization;
use gasworks::programs::{Als, Components};
use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{
    Accumulator, Column, Context, Edges, Engine, Isa, Mut, Own, Ref, Row, Scheduler, Signal, Simd, Sum,
    VertexProgram,
};

use super::shapes::shapes;

/// Takes the sum of the neighbours' numbers, for ever.
struct Shift<const COPIES: bool>;

impl<const COPIES: bool> VertexProgram for Shift<COPIES> {
    type Vertex = u64;
    type Ghost = u64;
    type Edge = ();
    type Gather = Sum<u64>;
    type Global = ();
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    const GHOST_IS_VERTEX: bool = COPIES;
    fn accumulator(&self) -> Sum<u64> {
        Sum::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, vertex: &u64, ghost: &mut u64) {
        *ghost = *vertex;
    }
    fn gather(&self, _: &Context<'_, ()>, sum: &mut Sum<u64>, ghost: &u64, (): &()) {
        sum.0 += ghost;
    }
    fn apply(&self, _: &Context<'_, ()>, vertex: &mut u64, sum: &mut Sum<u64>) -> Signal {
        *vertex = sum.0 % 1_000_003;
        Signal::priority(1.0)
    }
}

fn shifted<const COPIES: bool>(
    graph: &Graph<u64, ()>,
    order: impl Scheduler,
    rounds: u64,
    threads: usize,
) -> Vec<u64> {
    let mut graph = graph.clone();
    let engine = Engine::new(&mut graph, &Shift::<COPIES>).scheduler(order).threads(threads);
    engine.rounds(rounds).run().unwrap();
    graph.vertex_data().as_slice().to_vec()
}

#[test]
fn a_visit_sees_the_ghosts_of_the_last_round_only() {
    // On a path, numbers of even and of odd vertices change places: one that is seen early meets itself.
    let n = 5000u32;
    let edges: Vec<_> = (1..n).map(|v| [v - 1, v]).collect();
    let graph = GraphBuilder::directed(n as usize).plain_edges(&edges).build().unwrap();
    let graph = graph.with_vertices(|v| if v % 2 == 0 { 1 + u64::from(v) } else { 0 });
    let mut expected = graph.vertex_data().as_slice().to_vec();
    for round in 1..=6 {
        let before = expected.clone();
        let at = |v: usize| before.get(v).copied().unwrap_or(0);
        for (v, number) in expected.iter_mut().enumerate() {
            *number = (at(v.wrapping_sub(1)) + at(v + 1)) % 1_000_003;
        }
        assert!((0..n as usize).all(|v| (expected[v] == 0) == ((v + round as usize) % 2 == 1)));
        for threads in [1, 2, 8] {
            assert_eq!(shifted::<false>(&graph, Sweep::new(), round, threads), expected);
            assert_eq!(shifted::<true>(&graph, Rounds::new(), round, threads), expected);
        }
    }
}

#[test]
fn the_right_sees_what_the_left_has_just_published() {
    for shape in shapes().iter().filter(|shape| shape.left().is_some()) {
        let graph = shape.plain().with_vertices(|v| 1 + u64::from(v));
        let mut expected: Vec<u64> = (1..=shape.vertices as u64).collect();
        let (into, out) = shape.neighbors();
        for _ in 0..3 {
            // In place: the left comes first in the numbering, so plain order is the order of the sides.
            for v in 0..shape.vertices {
                let ends = into[v].iter().chain(&out[v]);
                expected[v] = ends.map(|(u, _)| expected[*u as usize]).sum::<u64>() % 1_000_003;
            }
        }
        for threads in [1, 3] {
            let sweep = shifted::<false>(&graph, Sweep::sides(), 3, threads);
            assert_eq!(sweep, expected, "{}", shape.name);
            assert_eq!(shifted::<true>(&graph, Sweep::sides(), 3, threads), expected, "{}", shape.name);
        }
    }
}

/// [`Als`] that gathers one by one, with a column of ghosts beside its vertices or in place.
struct Slow<const COPIES: bool>(Als);

impl<const COPIES: bool> VertexProgram for Slow<COPIES> {
    type Vertex = Row<f32>;
    type Ghost = Row<f32>;
    type Edge = f32;
    type Gather = <Als as VertexProgram>::Gather;
    type Global = <Als as VertexProgram>::Global;
    const GATHER: Edges = <Als>::GATHER;
    const SCATTER: Edges = <Als>::SCATTER;
    const GHOST_IS_VERTEX: bool = COPIES;
    fn accumulator(&self) -> Self::Gather {
        self.0.accumulator()
    }
    fn ghost(&self, cx: &Context<'_, Self::Global>, factors: &[f32], ghost: &mut [f32]) {
        self.0.ghost(cx, factors, ghost);
    }
    fn gather(&self, cx: &Context<'_, Self::Global>, sum: &mut Self::Gather, other: &[f32], rating: &f32) {
        self.0.gather(cx, sum, other, rating);
    }
    fn apply(&self, cx: &Context<'_, Self::Global>, factors: &mut [f32], sum: &mut Self::Gather) -> Signal {
        self.0.apply(cx, factors, sum)
    }
    #[inline(always)]
    fn apply_with<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, Self::Global>,
        factors: &mut [f32],
        sum: &mut Self::Gather,
    ) -> Signal {
        self.0.apply_with(simd, cx, factors, sum)
    }
}

/// Factors after some rounds.
fn factors<P>(program: &P, graph: &Graph<(), f32>, order: impl Scheduler, isa: Isa) -> Vec<f32>
where
    P: VertexProgram<Vertex = Row<f32>, Edge = f32>,
{
    let fill = |v: u32, row: &mut [f32]| {
        (0..).zip(row).for_each(|(k, x)| *x = 0.3 + ((v * 7 + k * 13) % 11) as f32 / 20.0);
    };
    let mut graph = graph.clone().with_rows(5, fill);
    Engine::new(&mut graph, program).scheduler(order).isa(isa).rounds(4).run().unwrap();
    graph.vertex_data().iter().flatten().copied().collect()
}

#[test]
fn a_ghost_that_is_the_vertex_gives_the_bits_of_one_that_is_a_copy() {
    let shape = RatingsShape { users: 300, items: 80, count: 4000, seed: 1, ..RatingsShape::default() };
    let ratings = gasworks::generate::ratings(&shape).unwrap();
    let ends: Vec<_> = ratings.entries.iter().map(|rating| [rating.user, rating.item]).collect();
    let values: Vec<_> = ratings.entries.iter().map(|rating| rating.value).collect();
    let graph = GraphBuilder::bipartite(300, 80).weighted_edges(&ends, &values).build().unwrap();
    let als = || Als::new(5, 0.1, Regularization::Weighted);
    let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-3 * b.abs().max(1.0));
    for isa in Isa::all().into_iter().filter(|isa| isa.is_available()) {
        let beside = factors(&Slow::<false>(als()), &graph, Sweep::sides(), isa);
        assert_eq!(factors(&Slow::<true>(als()), &graph, Sweep::sides(), isa), beside);
        assert_eq!(factors(&Slow::<true>(als()), &graph, Rounds::sides(), isa), beside);
        assert_eq!(factors(&Slow::<false>(als()), &graph, Rounds::sides(), isa), beside);
        assert!(near(&factors(&als(), &graph, Sweep::sides(), isa), &beside), "gather_all is gather, {isa}");
    }
}

/// A row of three counts whose ghost is a row of 21: three by seven.
struct Table;

#[derive(Default)]
struct Tally(Vec<u32>);

impl Accumulator for Tally {
    fn clear(&mut self) {
        self.0.fill(0);
    }
    fn merge(&mut self, part: &Self) {
        self.0.iter_mut().zip(&part.0).for_each(|(sum, part)| *sum += part);
    }
}

impl VertexProgram for Table {
    type Vertex = Row<u32>;
    type Ghost = Row<u32>;
    type Edge = ();
    type Gather = Tally;
    type Global = ();
    fn accumulator(&self) -> Tally {
        Tally(vec![0; 21])
    }
    fn ghost_width(&self, width: usize) -> usize {
        7 * width
    }
    fn ghost(&self, _: &Context<'_, ()>, counts: &[u32], ghost: &mut [u32]) {
        assert_eq!((counts.len(), ghost.len()), (3, 21));
        for (at, number) in ghost.iter_mut().enumerate() {
            *number = counts[at % 3] + at as u32;
        }
    }
    fn gather(&self, _: &Context<'_, ()>, tally: &mut Tally, ghost: &[u32], (): &()) {
        tally.0.iter_mut().zip(ghost).for_each(|(sum, number)| *sum += number);
    }
    fn apply(&self, _: &Context<'_, ()>, counts: &mut [u32], tally: &mut Tally) -> Signal {
        for (at, count) in counts.iter_mut().enumerate() {
            *count = tally.0.iter().skip(at).step_by(3).sum::<u32>() % 10_007;
        }
        Signal::priority(1.0)
    }
}

#[test]
fn a_row_may_have_a_ghost_of_another_width() {
    for shape in shapes().iter().filter(|shape| shape.vertices < 5000) {
        let start = |v: u32, row: &mut [u32]| row.copy_from_slice(&[v, v % 7, 1]);
        let mut graph = shape.plain().with_rows(3, start);
        Engine::new(&mut graph, &Table).scheduler(Sweep::new()).rounds(3).run().unwrap();
        let into = shape.neighbors().0;
        let mut expected: Vec<[u32; 3]> = (0..shape.vertices as u32).map(|v| [v, v % 7, 1]).collect();
        for _ in 0..3 {
            let before = expected.clone();
            for (v, counts) in expected.iter_mut().enumerate() {
                for (at, count) in counts.iter_mut().enumerate() {
                    // Seven columns of a ghost have this remainder: at, at + 3, ... at + 18.
                    let of = |u: u32| 7 * before[u as usize][at] + 7 * at as u32 + 63;
                    *count = into[v].iter().map(|(u, _)| of(*u)).sum::<u32>() % 10_007;
                }
            }
        }
        assert!(graph.vertex_data().iter().eq(expected.iter().map(|row| &row[..])), "{}", shape.name);
    }
}

/// Each vertex keeps the names that it has heard, and tells them as text.
struct Gossip;

#[derive(Default)]
struct Heard(Vec<String>);

impl Accumulator for Heard {
    fn clear(&mut self) {
        self.0.clear();
    }
    fn merge(&mut self, part: &Self) {
        self.0.extend_from_slice(&part.0);
    }
}

impl VertexProgram for Gossip {
    type Vertex = Own<Vec<String>>;
    type Ghost = Own<String>;
    type Edge = ();
    type Gather = Heard;
    type Global = ();
    fn accumulator(&self) -> Heard {
        Heard::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, names: Ref<'_, Own<Vec<String>>>, ghost: Mut<'_, Own<String>>) {
        *ghost = names.join(",");
    }
    fn gather(&self, _: &Context<'_, ()>, heard: &mut Heard, ghost: &String, (): &()) {
        heard.0.extend(ghost.split(',').map(String::from));
    }
    fn apply(&self, _: &Context<'_, ()>, names: &mut Vec<String>, heard: &mut Heard) -> Signal {
        let before = names.len();
        names.append(&mut heard.0);
        names.sort();
        names.dedup();
        Signal::above(0.0, (names.len() - before) as f32)
    }
}

#[test]
fn vertices_and_ghosts_may_own_what_they_are() {
    let edges = [[0, 1], [1, 2], [3, 2], [2, 0]];
    let graph = GraphBuilder::directed(5).plain_edges(&edges).build().unwrap();
    for threads in [1, 3] {
        let names = Column::<Own<Vec<String>>>::from_fn(5, |v| vec![format!("v{v}")]);
        let mut graph = graph.clone().with_vertex_data(names);
        Engine::new(&mut graph, &Gossip).threads(threads).run().unwrap();
        let heard: Vec<_> = graph.vertex_data().iter().map(|names| names.join(" ")).collect();
        assert_eq!(heard, ["v0 v1 v2 v3", "v0 v1 v2 v3", "v0 v1 v2 v3", "v3", "v4"]);
    }
}

#[test]
fn columns_that_are_taken_out_are_the_result() {
    let mut graph = GraphBuilder::directed(3).plain_edges(&[[2, 1]]).build().unwrap().with_vertices(|v| v);
    Engine::new(&mut graph, &Components).run().unwrap();
    assert_eq!(graph.into_vertex_data().as_slice(), [0, 1, 1]);
}
