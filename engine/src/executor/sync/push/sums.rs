//! What the vertices of a block have been sent so far.

use std::ops::Range;

use pulp::Simd;

use super::super::chunks::{HUB, degree};
use super::super::visit::Own;
use super::Delivery;
use crate::accumulator::Accumulator;
use crate::graph::Vertex;
use crate::program::VertexProgram;

/// The sums of the vertices of a block that got something.
pub(super) struct Sums<G> {
    /// For each vertex, [`NONE`], [`REFUSED`], the number of its sum, or that of its hub after [`IS_HUB`].
    pub(super) places: Vec<u32>,
    /// A bit for each vertex whose place is not [`NONE`].
    pub(super) seen: Vec<u64>,
    pub(super) of_vertices: Pool<G>,
    pub(super) of_hubs: Pool<HubSum<G>>,
}

/// Nothing came yet.
pub(super) const NONE: u32 = u32::MAX;
/// The vertex wants nothing.
pub(super) const REFUSED: u32 = u32::MAX - 1;
pub(super) const IS_HUB: u32 = 1 << 31;

/// What was made once, to be used again.
pub(super) struct Pool<T> {
    pub(super) items: Vec<T>,
    pub(super) used: usize,
}

/// The sum of a hub, whose parts are summed apart as if it had pulled.
pub(super) struct HubSum<G> {
    /// From the part that is being summed on.
    pub(super) parts: Range<usize>,
    pub(super) part: G,
    pub(super) total: G,
    pub(super) has_part: bool,
    pub(super) has_total: bool,
}

impl<T> Pool<T> {
    fn new() -> Self {
        Pool { items: Vec::new(), used: 0 }
    }

    /// The number of an item that nobody uses.
    #[inline(always)]
    fn take(&mut self, make: impl FnOnce() -> T) -> usize {
        if self.used == self.items.len() {
            self.items.push(make());
        }
        self.used += 1;
        self.used - 1
    }
}

impl<G: Accumulator> HubSum<G> {
    /// Ends the part.
    #[inline(always)]
    pub(super) fn settle<S: Simd>(&mut self, simd: S) {
        if std::mem::take(&mut self.has_part) {
            self.part.settle(simd);
            if std::mem::replace(&mut self.has_total, true) {
                self.total.merge(&self.part);
            } else {
                std::mem::swap(&mut self.part, &mut self.total);
            }
        }
    }
}

impl<G: Accumulator> Sums<G> {
    pub(super) fn new(vertices: usize) -> Self {
        Sums {
            places: vec![NONE; vertices],
            seen: vec![0; vertices.div_ceil(64)],
            of_vertices: Pool::new(),
            of_hubs: Pool::new(),
        }
    }

    /// Gives a vertex its place, by its number in the block.
    #[inline(always)]
    pub(super) fn begin<P: VertexProgram<Gather = G>>(
        &mut self,
        delivery: &Delivery<'_, '_, P>,
        own: &Own<'_, P>,
        (at, vertex): (usize, Vertex),
    ) -> u32 {
        let shared = delivery.shared;
        let make = || shared.program.accumulator();
        self.seen[at / 64] |= 1 << (at % 64);
        let place = if !shared.wants(vertex, own) {
            REFUSED
        } else if degree(shared.cx.topology, P::GATHER, vertex) < HUB {
            let place = self.of_vertices.take(make);
            self.of_vertices.items[place].clear();
            place as u32
        } else {
            let sum =
                || HubSum { parts: 0..0, part: make(), total: make(), has_part: false, has_total: false };
            let place = self.of_hubs.take(sum);
            let hub = &mut self.of_hubs.items[place];
            (hub.parts, hub.has_total) = (delivery.hubs.parts_of(vertex), false);
            place as u32 | IS_HUB
        };
        self.places[at] = place;
        place
    }
}
