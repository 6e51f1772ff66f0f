//! Aggregates: values folded over all vertices or edges, which visits read.

use rayon::prelude::*;

use crate::data::{Data, Ref};
use crate::graph::{EdgeColumns, Topology, Vertex};
use crate::memory::Column;

/// What an aggregate is folded over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Vertices.
    Vertices,
    /// Edges, by source and then target.
    Edges,
}

/// Fold, merge, finalize (Low et al. 2012, "Distributed GraphLab", section 3.5): a value over all vertices or edges, which
/// visits read through their context. The synchronous engine computes it before the first round and again between rounds.
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

/// An aggregate with its type forgotten: computes the global anew.
pub(crate) trait Refresh<V: Data, E: Data, Global>: Send {
    fn refresh(&mut self, topology: &Topology, vertices: &Column<V>, edges: &EdgeColumns<E>) -> Global;
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
    fn refresh(&mut self, topology: &Topology, vertices: &Column<V>, edges: &EdgeColumns<E>) -> A::Global {
        let aggregate = self.aggregate;
        self.parts.par_iter_mut().enumerate().for_each(|(block, part)| {
            let mut sum = aggregate.zero();
            for vertex in block * BLOCK..vertices.len().min((block + 1) * BLOCK) {
                match A::OVER {
                    Over::Vertices => {
                        aggregate.fold_vertex(&mut sum, topology, vertex as u32, vertices.get(vertex));
                    }
                    Over::Edges => {
                        let (from, to) = topology.out.range(vertex as u32);
                        for (target, at) in topology.out_neighbors(vertex as u32).iter().zip(from..to) {
                            aggregate.fold_edge(&mut sum, vertex as u32, *target, edges.outgoing().get(at));
                        }
                    }
                }
            }
            *part = Some(sum);
        });
        let mut parts = self.parts.iter_mut().filter_map(Option::take);
        let mut sum = parts.next().unwrap_or_else(|| aggregate.zero());
        parts.for_each(|part| aggregate.merge(&mut sum, part));
        aggregate.finalize(topology, sum)
    }
}
