//! Aggregates: values folded over all vertices or edges, which visits read.

use std::ops::Range;

use gasworks_kernels::Isa;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::data::{Data, Ref};
use crate::graph::{EdgeColumns, Topology, Vertex};
use crate::memory::Column;
use crate::scheduler::Phase;

/// What an aggregate is folded over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Vertices.
    Vertices,
    /// Vertices; before a phase that runs one side of a bipartite graph, those of the other side alone. What that phase reads of its own
    /// side in the global would change under its hands; this says that it reads nothing of it, and saves the fold.
    OtherSide,
    /// Edges, by source and then target.
    Edges,
}

/// Fold, merge, finalize (Low et al. 2012, "Distributed GraphLab", section 3.5): a value over all vertices or edges, which
/// visits read through their context. The engine computes it before the first round and again as [`Every`](crate::Every) says.
///
/// The engine folds fixed blocks in parallel and merges them in order: the bits do not depend on threads.
///
/// ```
/// use gasworks_engine::{Aggregate, graph::{Topology, Vertex}};
/// struct Total;
/// impl Aggregate<f32, ()> for Total {
///     type Part = f64;
///     type Global = f64;
///     fn zero(&self) -> f64 {
///         0.0
///     }
///     fn fold_vertex(&self, sum: &mut f64, _: &Topology, _: Vertex, value: &f32) {
///         *sum += f64::from(*value)
///     }
///     fn merge(&self, sum: &mut f64, part: f64) {
///         *sum += part
///     }
///     fn finalize(&self, _: &Topology, sum: f64) -> f64 {
///         sum
///     }
/// }
/// ```
pub trait Aggregate<V: Data, E: Data>: Sync {
    /// A sum over some vertices or edges.
    type Part: Send;
    /// What visits read.
    type Global;
    /// What is folded over.
    const OVER: Over = Over::Vertices;

    /// The sum of nothing.
    fn zero(&self) -> Self::Part;
    /// Adds a vertex.
    #[inline(always)]
    fn fold_vertex(&self, sum: &mut Self::Part, topology: &Topology, vertex: Vertex, data: Ref<'_, V>) {
        let _ = (sum, topology, vertex, data);
    }
    /// Adds the vertices of a range, in order: `data` is the column of all. Override it for matrix kernels, with the same result as
    /// `fold_vertex` for each. The token says which vector instructions the engine dispatched to; `#[inline(always)]` on everything
    /// below it.
    #[inline(always)]
    fn fold_vertices<S: Simd>(
        &self,
        simd: S,
        sum: &mut Self::Part,
        topology: &Topology,
        range: Range<Vertex>,
        data: &Column<V>,
    ) {
        let _ = simd;
        range.for_each(|vertex| self.fold_vertex(sum, topology, vertex, data.get(vertex as usize)));
    }
    /// Adds an edge.
    #[inline(always)]
    fn fold_edge(&self, sum: &mut Self::Part, source: Vertex, target: Vertex, data: Ref<'_, E>) {
        let _ = (sum, source, target, data);
    }
    /// Adds the sum over what comes after.
    fn merge(&self, sum: &mut Self::Part, part: Self::Part);
    /// Makes of the sum what visits read.
    fn finalize(&self, topology: &Topology, sum: Self::Part) -> Self::Global;
}

/// The data as they stand while nobody visits, and the phase that comes next.
pub(crate) struct Snapshot<'a, V: Data, E: Data> {
    pub(crate) topology: &'a Topology,
    pub(crate) vertices: &'a Column<V>,
    pub(crate) edges: &'a EdgeColumns<E>,
    pub(crate) phase: Phase,
    pub(crate) isa: Isa,
}

/// An aggregate with its type forgotten: computes the global anew.
pub(crate) trait Refresh<V: Data, E: Data, Global>: Send {
    fn over(&self) -> Over;
    fn refresh(&mut self, snapshot: Snapshot<'_, V, E>) -> Global;
}

/// Vertices a block; of the edges, those that start at them.
const BLOCK: usize = 1 << 14;

pub(crate) struct Folded<'g, V: Data, E: Data, A: Aggregate<V, E>> {
    aggregate: &'g A,
    /// One for each block, reused by every refresh.
    parts: Vec<Option<A::Part>>,
}

impl<'g, V: Data, E: Data, A: Aggregate<V, E>> Folded<'g, V, E, A> {
    pub(crate) fn new(aggregate: &'g A, vertices: usize) -> Self {
        Folded { aggregate, parts: (0..vertices.div_ceil(BLOCK)).map(|_| None).collect() }
    }
}

impl<V: Data, E: Data, A: Aggregate<V, E>> Refresh<V, E, A::Global> for Folded<'_, V, E, A> {
    fn over(&self) -> Over {
        A::OVER
    }

    fn refresh(&mut self, snapshot: Snapshot<'_, V, E>) -> A::Global {
        let aggregate = self.aggregate;
        let (end, left) = (snapshot.vertices.len(), snapshot.topology.left().map(|left| left as usize));
        let range = match (A::OVER, snapshot.phase, left) {
            (Over::OtherSide, Phase::Left, Some(left)) => left..end,
            (Over::OtherSide, Phase::Right, Some(left)) => 0..left,
            _ => 0..end,
        };
        self.parts.par_iter_mut().enumerate().for_each(|(block, part)| {
            let (first, last) = (block * BLOCK, (block + 1) * BLOCK);
            let vertices = first.max(range.start) as Vertex..last.min(range.end) as Vertex;
            *part = (!vertices.is_empty()).then(|| {
                let mut sum = aggregate.zero();
                snapshot.isa.dispatch(Fold { aggregate, snapshot: &snapshot, vertices, sum: &mut sum });
                sum
            });
        });
        let mut parts = self.parts.iter_mut().filter_map(Option::take);
        let mut sum = parts.next().unwrap_or_else(|| aggregate.zero());
        parts.for_each(|part| aggregate.merge(&mut sum, part));
        aggregate.finalize(snapshot.topology, sum)
    }
}

/// Folds a block.
struct Fold<'a, V: Data, E: Data, A: Aggregate<V, E>> {
    aggregate: &'a A,
    snapshot: &'a Snapshot<'a, V, E>,
    vertices: Range<Vertex>,
    sum: &'a mut A::Part,
}

impl<V: Data, E: Data, A: Aggregate<V, E>> WithSimd for Fold<'_, V, E, A> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Fold { aggregate, snapshot, vertices, sum } = self;
        let Snapshot { topology, vertices: data, edges, .. } = snapshot;
        if A::OVER != Over::Edges {
            return aggregate.fold_vertices(simd, sum, topology, vertices, data);
        }
        for vertex in vertices {
            let (from, to) = topology.out.range(vertex);
            for (target, at) in topology.out_neighbors(vertex).iter().zip(from..to) {
                aggregate.fold_edge(sum, vertex, *target, edges.outgoing().get(at));
            }
        }
    }
}
