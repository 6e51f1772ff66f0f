//! Vertices with very many edges: their gathers are cut into parts, so that one visit does not hold up a round.
//!
//! The parts of a hub are gathered in parallel, each into an accumulator of its own, and merged in order. Hubs and parts
//! depend on the graph alone, so the sums do not depend on threads. Hubs are taken in waves, so that a program with large
//! accumulators needs few of them at a time.

use gasworks_kernels::Isa;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::chunks::{HUB, Part, degree};
use super::visit::{Own, Shared, Tally};
use crate::accumulator::Accumulator;
use crate::executor::sides;
use crate::graph::{Side, Topology, Vertex};
use crate::program::VertexProgram;

/// Edges a part, and more where many come from one vertex.
const PART: usize = 1 << 12;
/// Parts a wave, unless one hub has more.
const WAVE: usize = 256;

/// The hubs of a phase.
pub(super) struct Hubs {
    /// Each hub with its parts, as a range of `parts`.
    hubs: Vec<(Vertex, std::ops::Range<usize>)>,
    parts: Vec<Part>,
}

/// An accumulator for one part of a wave, and whether it gathered anything.
pub(super) struct Slot<G> {
    sum: Option<G>,
    any: bool,
}

impl Hubs {
    pub(super) fn find<P: VertexProgram>(topology: &Topology, vertices: std::ops::Range<Vertex>) -> Self {
        let (mut hubs, mut parts) = (Vec::new(), Vec::new());
        for vertex in vertices.filter(|vertex| degree(topology, P::GATHER, *vertex) >= HUB) {
            let first = parts.len();
            for side in sides(P::GATHER, topology) {
                let rows = topology.side(side);
                let (mut from, end) = rows.range(vertex);
                while from < end {
                    let mut to = end.min(from + PART);
                    while to < end && rows.ends()[to] == rows.ends()[to - 1] {
                        to += 1;
                    }
                    parts.push(Part { vertex, side, first: rows.ends()[from], from, to });
                    from = to;
                }
            }
            hubs.push((vertex, first..parts.len()));
        }
        Hubs { hubs, parts }
    }

    /// Those that are hubs, ascending.
    pub(super) fn vertices(&self) -> impl Iterator<Item = Vertex> {
        self.hubs.iter().map(|(vertex, _)| *vertex)
    }

    /// Where the parts of a hub are.
    pub(super) fn parts_of(&self, hub: Vertex) -> std::ops::Range<usize> {
        let at = self.hubs.binary_search_by_key(&hub, |(vertex, _)| *vertex);
        at.map_or(0..0, |at| self.hubs[at].1.clone())
    }

    /// Of `parts`, which begin with the one given, the part that an edge is in.
    pub(super) fn part_with(&self, parts: std::ops::Range<usize>, side: Side, end: Vertex) -> usize {
        let is_before = |part: &Part| (part.side as u8, part.first) <= (side as u8, end);
        let later = self.parts[parts.clone()].iter().skip(1).take_while(|part| is_before(part));
        parts.start + later.count()
    }

    /// How many accumulators a wave needs at most.
    pub(super) fn slots<G>(&self, make: impl Fn() -> G) -> Vec<Slot<G>> {
        let largest = self.hubs.iter().map(|(_, parts)| parts.len()).max().unwrap_or(0);
        let wanted = self.parts.len().min(WAVE.max(largest));
        (0..wanted).map(|_| Slot { sum: Some(make()), any: false }).collect()
    }

    /// Visits the active hubs.
    pub(super) fn visit<P: VertexProgram>(
        &self,
        shared: &Shared<'_, P>,
        isa: Isa,
        own: &mut Own<'_, P>,
        slots: &mut [Slot<P::Gather>],
    ) -> Tally {
        let mut tally = Tally::default();
        let mut rest = &self.hubs[..];
        while let Some((_, first)) = rest.first() {
            let fits = rest.iter().take_while(|(_, parts)| parts.end - first.start <= slots.len()).count();
            let (wave, later) = rest.split_at(fits.max(1));
            let parts = first.start..wave[wave.len() - 1].1.end;
            slots[..parts.len()].par_iter_mut().zip(&self.parts[parts.clone()]).for_each(|(slot, part)| {
                if shared.is_active(part.vertex) && shared.wants(part.vertex, own) {
                    let mut sum = slot.sum.take().unwrap_or_else(|| shared.program.accumulator());
                    sum.clear();
                    let (any, sum) = isa.dispatch(GatherPart { shared, part: *part, sum });
                    *slot = Slot { sum: Some(sum), any };
                } else {
                    slot.any = false;
                }
            });
            for (vertex, hub) in wave {
                let slots = &mut slots[hub.start - parts.start..hub.end - parts.start];
                if slots.iter().any(|slot| slot.any) {
                    isa.dispatch(Finish {
                        shared,
                        vertex: *vertex,
                        own: &mut *own,
                        slots,
                        tally: &mut tally,
                    });
                }
            }
            rest = later;
        }
        tally
    }
}

struct GatherPart<'a, 's, P: VertexProgram> {
    shared: &'s Shared<'a, P>,
    part: Part,
    sum: P::Gather,
}

impl<P: VertexProgram> WithSimd for GatherPart<'_, '_, P> {
    type Output = (bool, P::Gather);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (bool, P::Gather) {
        let GatherPart { shared, part, mut sum } = self;
        let any = shared.gather_part(simd, part, &mut sum);
        sum.settle(simd);
        (any, sum)
    }
}

/// Merges the parts of a hub and applies their sum.
struct Finish<'a, 's, 'o, P: VertexProgram> {
    shared: &'s Shared<'a, P>,
    vertex: Vertex,
    own: &'s mut Own<'o, P>,
    slots: &'s mut [Slot<P::Gather>],
    tally: &'s mut Tally,
}

impl<P: VertexProgram> WithSimd for Finish<'_, '_, '_, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut sums = self.slots.iter_mut().filter(|slot| slot.any).filter_map(|slot| slot.sum.as_mut());
        let Some(sum) = sums.next() else { return };
        sums.for_each(|part| sum.merge(part));
        self.shared.apply(simd, self.vertex, self.own, sum, self.tally);
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::GraphBuilder;
    use crate::{Context, Edges, Engine, Gathers, Min, Outcome, Signal, Sum, VertexProgram};

    /// Sums the neighbours of a star's center; with `f32` the order of additions shows.
    struct Total;

    impl VertexProgram for Total {
        type Vertex = f32;
        type Ghost = f32;
        type Edge = ();
        type Gather = Sum;
        type Global = ();
        const GATHER: Edges = Edges::All;
        const SCATTER: Edges = Edges::All;

        fn accumulator(&self) -> Sum {
            Sum::default()
        }
        fn ghost(&self, _: &Context<'_, ()>, vertex: &f32, ghost: &mut f32) {
            *ghost = *vertex
        }
        fn gather(&self, _: &Context<'_, ()>, sum: &mut Sum, ghost: &f32, (): &()) {
            sum.0 += ghost
        }
        fn apply(&self, _: &Context<'_, ()>, vertex: &mut f32, sum: &mut Sum) -> Signal {
            *vertex = sum.0;
            Signal::above(0.0, 1.0)
        }
    }

    /// The least label, published.
    struct Least;

    impl VertexProgram for Least {
        type Vertex = u32;
        type Ghost = u32;
        type Edge = ();
        type Gather = Min<u32>;
        type Global = ();
        const GATHER: Edges = Edges::All;
        const SCATTER: Edges = Edges::All;
        const GATHERS: Gathers = Gathers::Published;

        fn accumulator(&self) -> Min<u32> {
            Min::default()
        }
        fn ghost(&self, _: &Context<'_, ()>, vertex: &u32, ghost: &mut u32) {
            *ghost = *vertex
        }
        fn gather(&self, _: &Context<'_, ()>, least: &mut Min<u32>, ghost: &u32, (): &()) {
            least.0 = least.0.min(*ghost)
        }
        fn apply(&self, _: &Context<'_, ()>, vertex: &mut u32, least: &mut Min<u32>) -> Signal {
            let falls = least.0 < *vertex;
            *vertex = least.0.min(*vertex);
            if falls { Signal::priority(1.0) } else { Signal::NONE }
        }
    }

    /// Two stars whose centers (0 and 1) are joined; in-edges, out-edges and both make up the hubs' neighbourhoods.
    fn stars(leaves: u32) -> Vec<[u32; 2]> {
        let out = (2..leaves + 2).map(|leaf| [0, leaf]);
        let both = (2..leaves + 2).flat_map(|leaf| [[leaf, 1], [1, leaf]]);
        out.chain(both).chain([[1, 0]]).collect()
    }

    fn total(threads: usize, leaves: u32) -> (Vec<u32>, Outcome) {
        let edges = GraphBuilder::directed(leaves as usize + 2).plain_edges(&stars(leaves)).build().unwrap();
        let mut graph = edges.with_vertices(|v| 1.0 + v as f32 * 1e-3);
        let outcome = Engine::new(&mut graph, &Total).threads(threads).rounds(2).run().unwrap();
        (graph.vertex_data().iter().map(|value| value.to_bits()).collect(), outcome)
    }

    #[test]
    fn a_hub_is_visited_once_and_its_sum_is_whole() {
        let leaves = 1_200_000; // 293 parts of one direction, more than a wave
        let (bits, outcome) = total(1, leaves);
        assert_eq!(outcome.progress.updates, 2 * (u64::from(leaves) + 2));
        let first: f64 = (2..leaves + 2).map(|v| f64::from(1.0 + v as f32 * 1e-3)).sum();
        // After the first round a leaf holds center 0 + 2 x center 1 = 1.0 + 2 x 1.001; the second round sums the leaves.
        let leaf = 1.0 + 2.0 * f64::from(1.0f32 + 1e-3);
        let center = f64::from(f32::from_bits(bits[1]));
        let expected = 2.0 * leaf * f64::from(leaves) + (first + f64::from(1.0f32 + 1e-3));
        assert!((center / expected - 1.0).abs() < 1e-4, "{center} against {expected}");
        for threads in [2, 3, 8] {
            assert!(total(threads, leaves).0 == bits, "{threads} threads");
        }
    }

    #[test]
    fn a_hub_takes_what_was_published() {
        let leaves = 50_000;
        let mut edges = stars(leaves);
        edges.push([leaves + 2, leaves + 1]);
        for start in [0, 1, leaves + 1, leaves + 2] {
            let graph = GraphBuilder::directed(leaves as usize + 3).plain_edges(&edges).build().unwrap();
            let mut graph = graph.with_vertices(|v| if v == start { 0 } else { v + 10 });
            let outcome = Engine::new(&mut graph, &Least).start_at([start]).run().unwrap();
            assert!(graph.vertex_data().iter().all(|label| *label == 0), "from {start}");
            assert!(outcome.progress.updates >= u64::from(leaves));
        }
    }
}
