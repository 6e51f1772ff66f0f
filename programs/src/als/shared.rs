//! What all rows of one side share under implicit feedback: the Gram matrix of the other side.
//!
//! An aggregate, computed before each phase over the side that the phase reads; where both sides run at once, over both. Blocks of rows
//! are summed by the kernels' rank-k update and merged in order, so the bits do not depend on threads.

use std::ops::Range;

use gasworks_engine::graph::{Topology, Vertex};
use gasworks_engine::{Aggregate, Column, Over, Row, Simd};
use gasworks_kernels::{Gram, Isa};
use pulp::WithSimd;

use super::{Als, Observation};

/// The Gram matrices of the left and of the right side, as far as somebody reads them next.
#[derive(Clone, Debug, Default)]
pub struct SharedGrams {
    /// How many vertices are left; none, where nothing has been computed.
    left: Option<Vertex>,
    sides: [Option<Gram>; 2],
}

impl SharedGrams {
    /// What a vertex adds to its equations; nothing, where the other side has no vertex.
    #[inline(always)]
    pub(super) fn of_other_side(&self, vertex: Vertex) -> Option<&Gram> {
        let left = self.left.expect(
            "implicit feedback needs the Gram matrix of each side: give the engine aggregate_every(Every::Phase, &als)",
        );
        self.sides[usize::from(vertex < left)].as_ref()
    }
}

impl<E: Observation> Aggregate<Row<f32>, E> for Als<E> {
    type Part = SharedGrams;
    type Global = SharedGrams;
    const OVER: Over = Over::OtherSide;

    fn zero(&self) -> SharedGrams {
        SharedGrams::default()
    }
    fn fold_vertex(&self, sum: &mut SharedGrams, topology: &Topology, vertex: Vertex, factors: &[f32]) {
        struct One<'a>(&'a mut Gram, &'a [f32]);
        impl WithSimd for One<'_> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                self.0.add_rows(simd, 1, |_| self.1)
            }
        }
        let side = usize::from(topology.left().is_none_or(|left| vertex >= left));
        let gram = sum.sides[side].get_or_insert_with(|| Gram::new(self.rank));
        Isa::detect().dispatch(One(gram, factors))
    }
    #[inline(always)]
    fn fold_vertices<S: Simd>(
        &self,
        simd: S,
        sum: &mut SharedGrams,
        topology: &Topology,
        range: Range<Vertex>,
        data: &Column<Row<f32>>,
    ) {
        let left = topology.left().unwrap_or(0);
        let sides = [range.start..range.end.min(left), range.start.max(left)..range.end];
        for (rows, gram) in sides.into_iter().zip(&mut sum.sides) {
            if !rows.is_empty() {
                let gram = gram.get_or_insert_with(|| Gram::new(self.rank));
                gram.add_rows(simd, rows.len(), |i| data.get(rows.start as usize + i));
            }
        }
    }
    fn merge(&self, sum: &mut SharedGrams, part: SharedGrams) {
        for (sum, part) in sum.sides.iter_mut().zip(part.sides) {
            match (sum, part) {
                (Some(sum), Some(part)) => sum.merge(&part),
                (sum @ None, part) => *sum = part,
                (Some(_), None) => (),
            }
        }
    }
    fn finalize(&self, topology: &Topology, mut sum: SharedGrams) -> SharedGrams {
        sum.left = Some(topology.left().unwrap_or(0));
        sum.sides.iter_mut().flatten().for_each(Gram::complete);
        sum
    }
}
