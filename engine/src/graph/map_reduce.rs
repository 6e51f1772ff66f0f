//! Map-reduce, fold and transform over vertices and edges, in parallel.
//!
//! Work is cut into blocks of fixed size, and partial results are merged in the order of the blocks, so that the bits do not
//! depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::{Graph, Vertex, VertexSet};
use crate::data::{Data, Mut, Ref};
use crate::memory::ColumnMut;

/// Vertices or edges a block.
const BLOCK: usize = 1 << 14;

/// The fold of each block of `0..len`, in parallel; merged in order.
fn fold_blocks<A: Send>(
    len: usize,
    zero: impl Fn() -> A + Sync,
    fold: impl Fn(&mut A, Range<usize>) + Sync,
    merge: impl Fn(&mut A, A),
) -> A {
    let parts: Vec<A> = (0..len.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let mut sum = zero();
            fold(&mut sum, block * BLOCK..len.min((block + 1) * BLOCK));
            sum
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut sum = parts.next().unwrap_or_else(zero);
    parts.for_each(|part| merge(&mut sum, part));
    sum
}

/// Reduces `next` into the sum of what came before it, if anything did.
fn join<R>(sum: &mut Option<R>, next: R, reduce: impl Fn(R, R) -> R) {
    *sum = Some(match sum.take() {
        Some(sum) => reduce(sum, next),
        None => next,
    });
}

fn for_each_mut<D: Data>(
    column: ColumnMut<'_, D>,
    first: usize,
    of: Option<&VertexSet>,
    visit: &(impl Fn(usize, Mut<'_, D>) + Sync),
) {
    if column.len() > BLOCK {
        let middle = (column.len() / 2).next_multiple_of(BLOCK).min(column.len());
        if middle < column.len() {
            let (left, right) = column.split_at(middle);
            rayon::join(
                || for_each_mut(left, first, of, visit),
                || for_each_mut(right, first + middle, of, visit),
            );
            return;
        }
    }
    let mut column = column;
    let range = first..first + column.len();
    let mut visit = |vertex| visit(vertex, column.get_mut(vertex - first));
    match of {
        Some(of) => of.iter_in(range.start as u32..range.end as u32).for_each(|at| visit(at as usize)),
        None => range.for_each(visit),
    }
}

impl<V: Data, E: Data> Graph<V, E> {
    /// Folds all vertices into blocks' accumulators, merged in the order of the vertices.
    ///
    /// ```
    /// # use gasworks_engine::graph::GraphBuilder;
    /// let graph = GraphBuilder::directed(4).build()?.with_vertices(|v| v as f64);
    /// let sum = graph.fold_vertices(|| 0.0, |sum, _, value| *sum += value, |sum, part| *sum += part);
    /// assert_eq!(sum, 6.0);
    /// # Ok::<(), gasworks_engine::Error>(())
    /// ```
    pub fn fold_vertices<A: Send>(
        &self,
        zero: impl Fn() -> A + Sync,
        fold: impl Fn(&mut A, Vertex, Ref<'_, V>) + Sync,
        merge: impl Fn(&mut A, A),
    ) -> A {
        let fold_block = |sum: &mut A, vertices: Range<usize>| {
            vertices.for_each(|at| fold(sum, at as u32, self.vertices.get(at)));
        };
        fold_blocks(self.vertices(), zero, fold_block, merge)
    }

    /// Maps each vertex and reduces the results in the order of the vertices; `None` without vertices.
    pub fn map_reduce_vertices<R: Send>(
        &self,
        map: impl Fn(Vertex, Ref<'_, V>) -> R + Sync,
        reduce: impl Fn(R, R) -> R + Sync,
    ) -> Option<R> {
        let join = |sum: &mut Option<R>, next| join(sum, next, &reduce);
        self.fold_vertices(
            || None,
            |sum, vertex, data| join(sum, map(vertex, data)),
            |sum, part| part.into_iter().for_each(|part| join(sum, part)),
        )
    }

    /// The same of the vertices of a set; `None` if it is empty.
    ///
    /// ```
    /// # use gasworks_engine::graph::{GraphBuilder, VertexSet};
    /// let graph = GraphBuilder::directed(4).build()?.with_vertices(|v| v as f64);
    /// let set = VertexSet::from_iter_of(4, [1, 3]);
    /// assert_eq!(graph.map_reduce_vertices_in(&set, |_, value| *value, |a, b| a + b), Some(4.0));
    /// # Ok::<(), gasworks_engine::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the set is not of this graph's vertices.
    pub fn map_reduce_vertices_in<R: Send>(
        &self,
        set: &VertexSet,
        map: impl Fn(Vertex, Ref<'_, V>) -> R + Sync,
        reduce: impl Fn(R, R) -> R + Sync,
    ) -> Option<R> {
        set.assert_of(self.vertices());
        let join = |sum: &mut Option<R>, next| join(sum, next, &reduce);
        let fold_block = |sum: &mut Option<R>, range: Range<usize>| {
            let members = set.iter_in(range.start as u32..range.end as u32);
            members.for_each(|vertex| join(sum, map(vertex, self.vertices.get(vertex as usize))));
        };
        let merge = |sum: &mut Option<R>, part: Option<R>| part.into_iter().for_each(|part| join(sum, part));
        fold_blocks(self.vertices(), || None, fold_block, merge)
    }

    /// Changes the data of each vertex.
    pub fn transform_vertices(&mut self, transform: impl Fn(Vertex, Mut<'_, V>) + Sync) {
        for_each_mut(self.vertices.view_mut(), 0, None, &|at, data| transform(at as u32, data));
    }

    /// Changes the data of each vertex of a set.
    ///
    /// # Panics
    /// If the set is not of this graph's vertices.
    pub fn transform_vertices_in(&mut self, set: &VertexSet, transform: impl Fn(Vertex, Mut<'_, V>) + Sync) {
        set.assert_of(self.vertices());
        for_each_mut(self.vertices.view_mut(), 0, Some(set), &|at, data| transform(at as u32, data));
    }

    /// Folds all edges, by source and then target; merged in that order.
    pub fn fold_edges<A: Send>(
        &self,
        zero: impl Fn() -> A + Sync,
        fold: impl Fn(&mut A, Vertex, Vertex, Ref<'_, E>) + Sync,
        merge: impl Fn(&mut A, A),
    ) -> A {
        let out = &self.topology.out;
        let (targets, data) = (out.ends(), self.edges.outgoing());
        let fold_block = |sum: &mut A, edges: Range<usize>| {
            // The last vertex whose edges start at or before the first.
            let mut source = out.offsets().partition_point(|offset| *offset <= edges.start as u64) - 1;
            for (at, target) in edges.clone().zip(&targets[edges]) {
                while out.offsets()[source + 1] <= at as u64 {
                    source += 1;
                }
                fold(sum, source as u32, *target, data.get(at));
            }
        };
        fold_blocks(self.edges(), zero, fold_block, merge)
    }

    /// Maps each edge and reduces the results in the order of the edges; `None` without edges.
    pub fn map_reduce_edges<R: Send>(
        &self,
        map: impl Fn(Vertex, Vertex, Ref<'_, E>) -> R + Sync,
        reduce: impl Fn(R, R) -> R + Sync,
    ) -> Option<R> {
        let join = |sum: &mut Option<R>, next| join(sum, next, &reduce);
        self.fold_edges(
            || None,
            |sum, source, target, data| join(sum, map(source, target, data)),
            |sum, part| part.into_iter().for_each(|part| join(sum, part)),
        )
    }

    /// Changes the data of each edge. O(vertices + edges).
    pub fn transform_edges(&mut self, transform: impl Fn(Vertex, Vertex, Mut<'_, E>) + Sync) {
        let out = &self.topology.out;
        let mut rest = self.edges.outgoing_mut().view_mut();
        let mut rows = Vec::with_capacity(self.topology.vertices());
        for source in 0..self.topology.vertices() as u32 {
            let (row, others) = rest.split_at(out.degree(source) as usize);
            rows.push((source, row));
            rest = others;
        }
        rows.into_par_iter().for_each(|(source, mut row)| {
            for (at, target) in out.neighbors(source).iter().enumerate() {
                transform(source, *target, row.get_mut(at));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{GraphBuilder, Side};

    #[test]
    fn folds_reduce_and_transform_in_order() {
        let n = 100_000u32;
        let edges: Vec<_> = (0..n).map(|v| [v, (v * 7 + 1) % n]).collect();
        let weights: Vec<_> = (0..n).map(|v| v as f32).collect();
        let graph = GraphBuilder::directed(n as usize).weighted_edges(&edges, &weights).build().unwrap();
        let mut graph = graph.with_vertices(|v| v);
        let order = graph.fold_vertices(Vec::new, |all, _, v| all.push(*v), |all, part| all.extend(part));
        assert!(order.iter().copied().eq(0..n));
        assert_eq!(graph.map_reduce_vertices(|_, v| *v, u32::max), Some(n - 1));
        let listed =
            graph.fold_edges(Vec::new, |all, s, t, w| all.push((s, t, *w)), |all, part| all.extend(part));
        assert!(listed.iter().copied().eq(graph.edge_list().map(|(s, t, w)| (s, t, *w))));
        graph.transform_vertices(|vertex, value| *value = 2 * vertex);
        assert!((0..n).all(|v| *graph.vertex(v) == 2 * v));
        graph.transform_edges(|source, target, weight| *weight = (source + target) as f32);
        let right = graph.map_reduce_edges(|s, t, w| *w == (s + t) as f32, |a, b| a && b);
        assert_eq!(right, Some(true));
        let topology = graph.topology();
        let into = graph.edges.incoming(topology);
        for target in 0..n {
            let (from, to) = topology.side(Side::In).range(target);
            for (source, at) in topology.in_neighbors(target).iter().zip(from..to) {
                assert_eq!(*into.get(at), (source + target) as f32);
            }
        }
    }

    #[test]
    fn nothing_to_reduce() {
        let graph = GraphBuilder::directed(0).build().unwrap();
        assert_eq!(graph.map_reduce_vertices(|_, _| 1, |a, b| a + b), None);
        assert_eq!(graph.map_reduce_edges(|_, _, _| 1, |a, b| a + b), None);
    }
}
