//! A chunk of visits, compiled for each instruction level.

use std::sync::PoisonError;

use pulp::{Simd, WithSimd};

use crate::accumulator::Accumulator;
use crate::context::Context;
use crate::graph::{Adjacency, Vertex, VertexSet};
use crate::memory::{ColumnMut, ColumnRef};
use crate::primitives::Mutex;
use crate::program::{Edges, Gathers, Neighborhood, VertexProgram};
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
    /// The ghosts that neighbours read; the first is that of vertex `base`.
    pub(super) ghosts: ColumnRef<'a, P::Ghost>,
    pub(super) base: Vertex,
    pub(super) in_edges: ColumnRef<'a, P::Edge>,
    pub(super) out_edges: ColumnRef<'a, P::Edge>,
    /// Only these run, if given.
    pub(super) active: Option<&'a VertexSet>,
    /// Published gathers: whose ghosts there are to take.
    pub(super) publishers: Option<&'a VertexSet>,
    /// State gathers: where scatter wakes, if anyone asks.
    pub(super) woken: Option<&'a VertexSet>,
    /// Published gathers: where a visit that signals is noted.
    pub(super) published: Option<&'a VertexSet>,
    pub(super) accumulators: &'a Accumulators<P::Gather>,
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
        let Chunk { shared, list, from, to, own: Own { first, mut vertices, mut publish }, mut sum } = self;
        let program = shared.program;
        let mut tally = Tally::default();
        for at in from..to {
            let vertex = list.vertex(at);
            if shared.active.is_some_and(|active| !active.contains(vertex)) {
                continue;
            }
            let own = (vertex - first) as usize;
            let cx = Context { vertex, ..shared.cx };
            sum.clear();
            match P::GATHERS {
                Gathers::State => shared.gather_state(simd, &cx, &mut sum),
                Gathers::Published => {
                    if !program.wants(vertices.get(own)) || !shared.gather_published(&cx, &mut sum) {
                        continue;
                    }
                }
            }
            let signal = program.apply_with(simd, &cx, vertices.get_mut(own), &mut sum);
            tally.updates += 1;
            tally.residual += f64::from(signal.change());
            if signal.wakes() {
                tally.signalled += 1;
                shared.scatter(&cx, signal, &vertices, own);
            }
            if let Some(publish) = &mut publish {
                program.ghost(&cx, vertices.get(own), publish.get_mut(own));
            }
        }
        (tally, sum)
    }
}

impl<'a, P: VertexProgram> Shared<'a, P> {
    #[inline(always)]
    fn neighbors(
        &self,
        side: &'a Adjacency,
        vertex: Vertex,
        edges: ColumnRef<'a, P::Edge>,
        outgoing: bool,
    ) -> Neighborhood<'a, P> {
        let (from, to) = side.range(vertex);
        Neighborhood::new(
            side.ends.gathered(from, to, self.base, self.ghosts),
            edges.range(from, to),
            outgoing,
        )
    }

    /// Neighbours along the edges, one neighbourhood for each direction.
    #[inline(always)]
    fn directions(&self, along: Edges, vertex: Vertex, mut visit: impl FnMut(Neighborhood<'a, P>) -> bool) {
        let topology = self.cx.topology;
        let into = along == Edges::In || along == Edges::All && !topology.is_undirected();
        let into = into && topology.in_degree(vertex) > 0;
        if into && !visit(self.neighbors(&topology.into, vertex, self.in_edges, false)) {
            return;
        }
        if matches!(along, Edges::Out | Edges::All) && topology.out_degree(vertex) > 0 {
            visit(self.neighbors(&topology.out, vertex, self.out_edges, true));
        }
    }

    #[inline(always)]
    fn gather_state<S: Simd>(&self, simd: S, cx: &Context<'_, P::Global>, sum: &mut P::Gather) {
        self.directions(P::GATHER, cx.vertex, |neighbors| {
            self.program.gather_all(simd, cx, sum, &neighbors);
            true
        });
    }

    /// Takes the ghosts of neighbours that published; whether there was one.
    #[inline(always)]
    fn gather_published(&self, cx: &Context<'_, P::Global>, sum: &mut P::Gather) -> bool {
        let Some(publishers) = self.publishers else { return false };
        let mut any = false;
        self.directions(P::GATHER, cx.vertex, |neighbors| {
            for i in 0..neighbors.len() {
                if publishers.contains(neighbors.id(i)) {
                    any = true;
                    self.program.gather(cx, sum, neighbors.ghost(i), neighbors.edge(i));
                    if sum.is_full() {
                        return false;
                    }
                }
            }
            true
        });
        any
    }

    #[inline(always)]
    fn scatter(
        &self,
        cx: &Context<'_, P::Global>,
        signal: Signal,
        vertices: &ColumnMut<'_, P::Vertex>,
        own: usize,
    ) {
        if let Some(published) = self.published {
            published.insert(cx.vertex);
        }
        let Some(woken) = self.woken else { return };
        self.directions(P::SCATTER, cx.vertex, |neighbors| {
            for i in 0..neighbors.len() {
                let vertex = vertices.get(own);
                let said = self.program.scatter(cx, signal, vertex, neighbors.edge(i), neighbors.ghost(i));
                if said.wakes() {
                    woken.insert(neighbors.id(i));
                }
            }
            true
        });
    }
}

/// One accumulator for each worker, reused by all its chunks.
pub(super) struct Accumulators<G>(Vec<Mutex<Option<G>>>);

impl<G> Accumulators<G> {
    pub(super) fn new(workers: usize, make: impl Fn() -> G) -> Self {
        Accumulators((0..workers).map(|_| Mutex::new(Some(make()))).collect())
    }

    /// Lends the worker's accumulator. It is away if a visit of this very worker is suspended inside a parallel loop of the
    /// program's, or was ended by a panic; then `make` is called.
    pub(super) fn with<R>(&self, make: impl FnOnce() -> G, work: impl FnOnce(G) -> (R, G)) -> R {
        let own = rayon::current_thread_index().unwrap_or(0) % self.0.len().max(1);
        let slot = || self.0[own].lock().unwrap_or_else(PoisonError::into_inner);
        let sum = slot().take();
        let (result, sum) = work(sum.unwrap_or_else(make));
        *slot() = Some(sum);
        result
    }
}
