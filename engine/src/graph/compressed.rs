//! From edges in any order to rows: compressed sparse rows, or columns where the ends change places.
//!
//! Each worker reads all edges and keeps those of its own range of vertices, so that nothing is atomic, no second list is needed, and
//! each row has its edges in the order in which they come, whatever the number of workers. Workers are plain threads: a pool's could be
//! handed a task that itself waits for these rows.

use bytemuck::Pod;

use crate::memory::{Buffer, Column};

/// Below so many edges, more than one worker costs more than it brings.
const SPLIT: usize = 1 << 16;

/// For each vertex, the other ends of its edges and what lies on these.
pub(super) struct Compressed<E: Pod + Send + Sync> {
    /// `vertices + 1` positions.
    pub(super) offsets: Buffer<u64>,
    pub(super) ends: Buffer<u32>,
    pub(super) data: Column<E>,
}

impl<E: Pod + Send + Sync> Compressed<E> {
    /// The rows of `count` edges, each given as the vertex whose row it is in, its other end and its data: each time anew, and each time
    /// the same. O(edges) for each worker.
    ///
    /// # Panics
    /// If there are not as many edges, or one is in the row of no vertex.
    pub(super) fn new<I>(vertices: usize, count: usize, edges: impl Fn() -> I + Sync) -> Self
    where
        I: Iterator<Item = (u32, u32, E)>,
    {
        let workers = if count < SPLIT { 1 } else { rayon::current_num_threads() };
        let mut offsets = Buffer::<u64>::zeroed(vertices + 1);
        let range = vertices.div_ceil(workers).max(1);
        on_threads(offsets[..vertices].chunks_mut(range).enumerate(), |(at, counts)| {
            edges().for_each(|(row, ..)| {
                if let Some(count) = counts.get_mut((row as usize).wrapping_sub(at * range)) {
                    *count += 1;
                }
            });
        });
        let mut sum = 0;
        for offset in offsets.iter_mut() {
            sum += std::mem::replace(offset, sum);
        }
        assert_eq!(sum, count as u64, "each edge in the row of a vertex");

        let (mut ends, mut data) = (Buffer::<u32>::zeroed(count), Column::<E>::zeroed(count));
        let (mut all_ends, mut all_data) = (&mut ends[..], data.as_mut_slice());
        let mut shares = Vec::with_capacity(workers);
        let mut first = 0;
        for worker in 1..=workers {
            let until = (count * worker / workers) as u64;
            let last = offsets[..vertices].partition_point(|offset| *offset < until).max(first);
            let last = if worker == workers { vertices } else { last };
            let own = (offsets[last] - offsets[first]) as usize;
            let own_ends = all_ends.split_off_mut(..own).expect("within all edges");
            let own_data = all_data.split_off_mut(..own).expect("within all edges");
            shares.push((first, &offsets[first..last], own_ends, own_data));
            first = last;
        }
        on_threads(shares.into_iter(), |(first, offsets, ends, data)| {
            let Some(start) = offsets.first() else { return };
            let mut next: Vec<usize> = offsets.iter().map(|offset| (offset - start) as usize).collect();
            edges().for_each(|(row, end, datum)| {
                if let Some(at) = next.get_mut((row as usize).wrapping_sub(first)) {
                    (ends[*at], data[*at]) = (end, datum);
                    *at += 1;
                }
            });
        });
        Compressed { offsets, ends, data }
    }

    /// The same edges in the rows of their other ends; each row ascends by the vertex whose row its edges were in.
    pub(super) fn transposed(&self) -> Self {
        let data = self.data.as_slice();
        let edges =
            || arcs(&self.offsets, &self.ends).zip(data).map(|((vertex, end), datum)| (end, vertex, *datum));
        Compressed::new(self.offsets.len() - 1, self.ends.len(), edges)
    }
}

/// The edges of these rows in order, each as the vertex whose row it is in and its other end.
pub(super) fn arcs<'r>(offsets: &'r [u64], ends: &'r [u32]) -> impl Iterator<Item = (u32, u32)> + 'r {
    let rows = offsets.windows(2).zip(0..);
    rows.flat_map(|(pair, vertex)| {
        ends[pair[0] as usize..pair[1] as usize].iter().map(move |end| (vertex, *end))
    })
}

/// Does each share of the work on a thread of its own.
fn on_threads<T: Send>(mut shares: impl ExactSizeIterator<Item = T>, work: impl Fn(T) + Sync) {
    if shares.len() <= 1 {
        return shares.by_ref().for_each(work);
    }
    std::thread::scope(|scope| {
        for share in shares {
            scope.spawn(|| work(share));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    #[test]
    fn rows_are_those_of_a_stable_sort_for_any_number_of_workers() {
        for (vertices, count) in [(1, 0), (1, 3), (9, 1), (300, 5000), (40, SPLIT + 1), (100_000, 2 * SPLIT)]
        {
            let mut random = Random::keyed(1, 2, vertices, count as u64);
            // Many of them at few vertices.
            let mut end = || (random.below(vertices) * random.below(vertices) / vertices) as u32;
            let list: Vec<(u32, u32, u32)> = (0..count as u32).map(|at| (end(), end(), at)).collect();
            let mut expected = list.clone();
            expected.sort_by_key(|edge| edge.0);
            for workers in [1, 2, 5] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().unwrap();
                let (rows, back) = pool.install(|| {
                    let rows = Compressed::new(vertices as usize, count, || list.iter().copied());
                    let back = rows.transposed();
                    (rows, back)
                });
                let found = arcs(&rows.offsets, &rows.ends).zip(rows.data.as_slice());
                assert!(found.map(|((row, end), at)| (row, end, *at)).eq(expected.iter().copied()));
                let mut turned: Vec<_> = expected.iter().map(|&(row, end, at)| (end, row, at)).collect();
                turned.sort_by_key(|edge| edge.0);
                let found = arcs(&back.offsets, &back.ends).zip(back.data.as_slice());
                assert!(found.map(|((row, end), at)| (row, end, *at)).eq(turned));
            }
        }
    }

    #[test]
    #[should_panic(expected = "in the row of a vertex")]
    fn refuses_the_row_of_no_vertex() {
        Compressed::new(5, 1, || std::iter::once((5, 0, ())));
    }
}
