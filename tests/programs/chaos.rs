//! A program that makes nothing of its graph but a hash of everything that an engine hands to it: a ghost read too early, an edge
//! gathered twice, a vertex woken in vain or not at all changes every number that comes after.

use gasworks::graph::{Topology, Vertex};
use gasworks::{Accumulator, Aggregate, Context, Edges, Gathers, Random, Signal, VertexProgram};

/// Splitmix64's finalizer (Steele, Lea, Flood 2014).
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A sum that forgets the order, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Heap {
    pub(crate) sum: u64,
    pub(crate) count: u64,
}

impl Heap {
    pub(crate) fn add(&mut self, ghost: u64, weight: f32) {
        self.sum = self.sum.wrapping_add(mix(ghost ^ mix(weight.to_bits().into())));
        self.count += 1;
    }
}

impl Accumulator for Heap {
    fn clear(&mut self) {
        *self = Heap::default();
    }
    fn merge(&mut self, part: &Self) {
        self.sum = self.sum.wrapping_add(part.sum);
        self.count += part.count;
    }
}

/// What a visit may know besides its data, computed twice: by the engine and by the simulation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) vertex: Vertex,
    pub(crate) round: u64,
    pub(crate) global: u64,
    pub(crate) degrees: [u32; 3],
    pub(crate) random: u64,
}

pub(crate) const SEED: u64 = 17;
pub(crate) const STREAM: u64 = 5;

impl Known {
    fn of(cx: &Context<'_, u64>) -> Self {
        Known {
            vertex: cx.vertex,
            round: cx.round,
            global: *cx.global,
            degrees: [cx.in_degree(), cx.out_degree(), cx.degree()],
            random: cx.random(STREAM).next_u64(),
        }
    }

    pub(crate) fn number(vertex: Vertex, round: u64) -> u64 {
        Random::keyed(SEED, STREAM, round, vertex.into()).next_u64()
    }
}

pub(crate) fn ghost(copies: bool, known: &Known, vertex: u64) -> u64 {
    let said = mix(vertex ^ mix(known.global) ^ mix(known.round << 32 | u64::from(known.vertex)));
    if copies { vertex } else { said }
}

pub(crate) fn wants(vertex: u64) -> bool {
    !vertex.is_multiple_of(5)
}

pub(crate) fn apply(known: &Known, vertex: u64, heap: Heap) -> (u64, Signal) {
    let [into, out, all] = known.degrees.map(u64::from);
    let news = mix(heap.sum ^ mix(heap.count) ^ mix(known.global) ^ known.random);
    let place = mix(into << 40 ^ out << 20 ^ all ^ known.round << 50 ^ u64::from(known.vertex) << 8);
    let vertex = mix(vertex ^ news ^ place);
    // Many wake in even rounds and few in odd ones.
    let (some, most) = if known.round.is_multiple_of(2) { (40, 80) } else { (4, 8) };
    let signal = match (vertex >> 8) % 100 {
        dice if dice < some => Signal::priority(1.0),
        dice if dice < most => Signal::above(2.0, 3.0),
        dice if dice < 95 => Signal::above(5.0, 4.0),
        _ => Signal::NONE,
    };
    (vertex, signal)
}

pub(crate) fn scatter(known: &Known, signal: Signal, vertex: u64, weight: f32, ghost: u64) -> bool {
    let said = mix(vertex ^ ghost ^ u64::from(weight.to_bits()) ^ known.round);
    signal.wakes() && !said.is_multiple_of(3)
}

/// Edges are written as numbers: 0 none, 1 in, 2 out, 3 all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chaos<const GATHER: u8, const SCATTER: u8, const PUBLISHED: bool, const COPIES: bool>;

pub(crate) const fn edges(code: u8) -> Edges {
    match code {
        0 => Edges::None,
        1 => Edges::In,
        2 => Edges::Out,
        _ => Edges::All,
    }
}

impl<const G: u8, const S: u8, const PUBLISHED: bool, const COPIES: bool> VertexProgram
    for Chaos<G, S, PUBLISHED, COPIES>
{
    type Vertex = u64;
    type Ghost = u64;
    type Edge = f32;
    type Gather = Heap;
    type Global = u64;
    const GATHER: Edges = edges(G);
    const SCATTER: Edges = edges(S);
    const GATHERS: Gathers = if PUBLISHED { Gathers::Published } else { Gathers::State };
    const GHOST_IS_VERTEX: bool = COPIES;

    fn accumulator(&self) -> Heap {
        Heap::default()
    }
    fn ghost(&self, cx: &Context<'_, u64>, vertex: &u64, to: &mut u64) {
        *to = ghost(COPIES, &Known::of(cx), *vertex);
    }
    fn wants(&self, vertex: &u64) -> bool {
        wants(*vertex)
    }
    fn gather(&self, _: &Context<'_, u64>, heap: &mut Heap, ghost: &u64, weight: &f32) {
        heap.add(*ghost, *weight);
    }
    fn apply(&self, cx: &Context<'_, u64>, vertex: &mut u64, heap: &mut Heap) -> Signal {
        let (next, signal) = apply(&Known::of(cx), *vertex, *heap);
        *vertex = next;
        signal
    }
    fn scatter(
        &self,
        cx: &Context<'_, u64>,
        signal: Signal,
        vertex: &u64,
        weight: &f32,
        ghost: &u64,
    ) -> Signal {
        assert!(!PUBLISHED, "published gathers do not ask scatter");
        let wakes = scatter(&Known::of(cx), signal, *vertex, *weight, *ghost);
        if wakes { signal } else { Signal::NONE }
    }
}

/// The hash of all vertices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Everything;

impl Everything {
    pub(crate) fn of(vertices: &[u64]) -> u64 {
        let sum = (0..).zip(vertices).fold(0, |sum: u64, (at, data)| sum.wrapping_add(mix(data ^ mix(at))));
        mix(sum ^ vertices.len() as u64)
    }
}

impl Aggregate<u64, f32> for Everything {
    type Part = u64;
    type Global = u64;
    fn zero(&self) -> u64 {
        0
    }
    fn fold_vertex(&self, sum: &mut u64, _: &Topology, vertex: Vertex, data: &u64) {
        *sum = sum.wrapping_add(mix(data ^ mix(vertex.into())));
    }
    fn merge(&self, sum: &mut u64, part: u64) {
        *sum = sum.wrapping_add(part);
    }
    fn finalize(&self, topology: &Topology, sum: u64) -> u64 {
        mix(sum ^ topology.vertices() as u64)
    }
}
