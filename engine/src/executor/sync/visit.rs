//! A chunk of visits, compiled for each instruction level.

use pulp::{Simd, WithSimd};

use super::chunks::{HUB, Part, degree};
use crate::accumulator::Accumulator;
use crate::context::Context;
use crate::data::Ref;
use crate::executor::per_worker::PerWorker;
use crate::executor::sides;
use crate::graph::{Side, Vertex, VertexSet};
use crate::memory::{ColumnMut, Reading};
use crate::program::{Gathers, Neighborhood, VertexProgram};
use crate::signal::Signal;

/// What the visits of a phase did.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) updates: u64,
    pub(super) signalled: u64,
    pub(super) residual: f64,
}

impl Tally {
    pub(super) fn plus(self, later: Tally) -> Tally {
        Tally {
            updates: self.updates + later.updates,
            signalled: self.signalled + later.signalled,
            residual: self.residual + later.residual,
        }
    }
}

/// The vertices of a pass, by position.
pub(super) trait List: Copy + Sync {
    fn vertex(&self, at: usize) -> Vertex;
}

/// Consecutive vertices from the first.
#[derive(Clone, Copy)]
pub(super) struct From(pub(super) Vertex);

impl List for From {
    #[inline(always)]
    fn vertex(&self, at: usize) -> Vertex {
        self.0 + at as u32
    }
}

impl List for &[Vertex] {
    #[inline(always)]
    fn vertex(&self, at: usize) -> Vertex {
        self[at]
    }
}

/// What all visits of a phase share.
pub(super) struct Shared<'a, P: VertexProgram> {
    pub(super) program: &'a P,
    pub(super) cx: Context<'a, P::Global>,
    /// The edges of each side, with the ghosts that lie at their other ends; none where the program does not follow them.
    pub(super) into: Option<Reading<'a, P::Ghost, P::Edge>>,
    pub(super) out: Option<Reading<'a, P::Ghost, P::Edge>>,
    /// Only these run, if given.
    pub(super) active: Option<&'a VertexSet>,
    /// Published gathers: whose ghosts there are to take.
    pub(super) publishers: Option<&'a VertexSet>,
    /// State gathers: where scatter wakes, if anyone asks.
    pub(super) woken: Option<&'a VertexSet>,
    /// Published gathers: where a visit that signals is noted.
    pub(super) published: Option<&'a VertexSet>,
    pub(super) accumulators: &'a PerWorker<P::Gather>,
}

/// What some visits may write: the data of a run of vertices.
pub(super) struct Own<'s, P: VertexProgram> {
    /// The vertex of the first value.
    pub(super) first: Vertex,
    pub(super) vertices: ColumnMut<'s, P::Vertex>,
    /// Where a visit publishes its ghost at once, if it may.
    pub(super) publish: Option<ColumnMut<'s, P::Ghost>>,
}

impl<P: VertexProgram> Own<'_, P> {
    /// What belongs to the vertices before this one, and to the rest.
    pub(super) fn split_at(self, vertex: Vertex) -> (Self, Self) {
        let at = (vertex - self.first) as usize;
        let (vertices, later_vertices) = self.vertices.split_at(at);
        let (publish, later_publish) = self.publish.map(|publish| publish.split_at(at)).unzip();
        (
            Own { first: self.first, vertices, publish },
            Own { first: vertex, vertices: later_vertices, publish: later_publish },
        )
    }
}

/// The visits of a run of positions.
pub(super) struct Chunk<'a, 's, P: VertexProgram, L: List> {
    pub(super) shared: &'s Shared<'a, P>,
    pub(super) list: L,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) own: Own<'s, P>,
    /// By value: what no pointer can reach stays in registers.
    pub(super) sum: P::Gather,
}

impl<P: VertexProgram, L: List> WithSimd for Chunk<'_, '_, P, L> {
    type Output = (Tally, P::Gather);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (Tally, P::Gather) {
        let Chunk { shared, list, from, to, mut own, mut sum } = self;
        let mut tally = Tally::default();
        for at in from..to {
            let vertex = list.vertex(at);
            if !shared.is_active(vertex) || shared.is_hub(vertex) {
                continue;
            }
            sum.clear();
            if shared.gather(simd, vertex, &own, &mut sum) {
                shared.apply(simd, vertex, &mut own, &mut sum, &mut tally);
            }
        }
        (tally, sum)
    }
}

impl<'a, P: VertexProgram> Shared<'a, P> {
    #[inline(always)]
    fn cx(&self, vertex: Vertex) -> Context<'a, P::Global> {
        Context { vertex, ..self.cx }
    }

    #[inline(always)]
    pub(super) fn is_active(&self, vertex: Vertex) -> bool {
        self.active.is_none_or(|active| active.contains(vertex))
    }

    /// Hubs are visited part by part, outside the chunks.
    #[inline(always)]
    fn is_hub(&self, vertex: Vertex) -> bool {
        degree(self.cx.topology, P::GATHER, vertex) >= HUB
    }

    /// Whether there may be something to gather.
    #[inline(always)]
    pub(super) fn wants(&self, vertex: Vertex, own: &Own<'_, P>) -> bool {
        P::GATHERS == Gathers::State || self.program.wants(own.vertices.get((vertex - own.first) as usize))
    }

    /// Gathers all neighbours; whether there was something to gather.
    #[inline(always)]
    fn gather<S: Simd>(&self, simd: S, vertex: Vertex, own: &Own<'_, P>, sum: &mut P::Gather) -> bool {
        if !self.wants(vertex, own) {
            return false;
        }
        let mut any = P::GATHERS == Gathers::State;
        for side in sides(P::GATHER, self.cx.topology) {
            if let Some(edges) = self.side(side) {
                any |= self.gather_row(
                    simd,
                    vertex,
                    Neighborhood::new(edges.row(vertex), side == Side::Out),
                    sum,
                );
            }
        }
        any
    }

    /// Gathers one part of the edges; whether there was something to gather.
    #[inline(always)]
    pub(super) fn gather_part<S: Simd>(&self, simd: S, part: Part, sum: &mut P::Gather) -> bool {
        let Some(edges) = self.side(part.side) else { return false };
        let row = edges.part(part.from, part.to);
        self.gather_row(simd, part.vertex, Neighborhood::new(row, part.side == Side::Out), sum)
    }

    #[inline(always)]
    fn gather_row<S: Simd>(
        &self,
        simd: S,
        vertex: Vertex,
        neighbors: Neighborhood<'a, P>,
        sum: &mut P::Gather,
    ) -> bool {
        let cx = self.cx(vertex);
        if P::GATHERS == Gathers::State {
            if !neighbors.is_empty() {
                self.program.gather_all(simd, &cx, sum, &neighbors);
            }
            return true;
        }
        let Some(publishers) = self.publishers else { return false };
        if sum.is_full() {
            return false;
        }
        let mut any = false;
        for (i, neighbor) in neighbors.ids().iter().enumerate() {
            if publishers.contains(*neighbor) {
                any = true;
                self.program.gather(&cx, sum, neighbors.ghost(i), neighbors.edge(i));
                if sum.is_full() {
                    break;
                }
            }
        }
        any
    }

    #[inline(always)]
    fn side(&self, side: Side) -> Option<&Reading<'a, P::Ghost, P::Edge>> {
        match side {
            Side::In => self.into.as_ref(),
            Side::Out => self.out.as_ref(),
        }
    }

    /// Applies the sum, wakes neighbours, and publishes the ghost if it may.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(
        &self,
        simd: S,
        vertex: Vertex,
        own: &mut Own<'_, P>,
        sum: &mut P::Gather,
        tally: &mut Tally,
    ) {
        let (cx, at) = (self.cx(vertex), (vertex - own.first) as usize);
        let signal = self.program.apply_with(simd, &cx, own.vertices.get_mut(at), sum);
        tally.updates += 1;
        tally.residual += f64::from(signal.change());
        tally.signalled += u64::from(signal.wakes());
        let heard = self.published.is_some() || self.woken.is_some();
        if heard && signal.wakes() {
            self.scatter(&cx, signal, own.vertices.get(at));
        }
        if let Some(publish) = &mut own.publish {
            self.program.ghost(&cx, own.vertices.get(at), publish.get_mut(at));
        }
    }

    #[inline(always)]
    fn scatter(&self, cx: &Context<'_, P::Global>, signal: Signal, vertex: Ref<'_, P::Vertex>) {
        if P::GATHERS == Gathers::Published {
            if let Some(published) = self.published {
                published.insert(cx.vertex);
            }
            return;
        }
        let Some(woken) = self.woken else { return };
        for side in sides(P::SCATTER, self.cx.topology) {
            let Some(edges) = self.side(side) else { continue };
            let neighbors = edges.row(cx.vertex);
            for i in 0..neighbors.len() {
                let wakes = !P::SCATTERS
                    || self
                        .program
                        .scatter(cx, signal, vertex, neighbors.edge(i), neighbors.ghost(i))
                        .wakes();
                if wakes {
                    woken.insert(neighbors.end(i));
                }
            }
        }
    }
}
