//! Ratings as they lie in memory during a run: in a list, or as the edges of a graph.

use std::ops::Range;

use gasworks_engine::graph::{Graph, Topology};
use gasworks_engine::input::Rating;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::values::Values;

/// Ratings in some order.
pub trait RatingList: Sync {
    /// How many.
    fn count(&self) -> usize;

    /// Those at some positions, in order.
    ///
    /// # Panics
    /// If the positions are not within the list.
    fn range(&self, positions: Range<usize>) -> impl Iterator<Item = Rating>;

    /// All, in order.
    fn all(&self) -> impl Iterator<Item = Rating> {
        self.range(0..self.count())
    }
}

impl<R: AsRef<[Rating]> + Sync + ?Sized> RatingList for R {
    fn count(&self) -> usize {
        self.as_ref().len()
    }

    fn range(&self, positions: Range<usize>) -> impl Iterator<Item = Rating> {
        self.as_ref()[positions].iter().copied()
    }
}

/// What `of` makes of blocks of so many ratings, in order. Parallel, and compiled for the vector instructions of the machine: sums must have
/// an order of their own for their bits not to depend on them.
pub(super) fn in_blocks<R: RatingList + ?Sized, T: Send>(
    list: &R,
    size: usize,
    of: impl Fn(&[Rating]) -> T + Sync,
) -> Vec<T> {
    struct Block<F>(F, Vec<Rating>);
    impl<T, F: Fn(&[Rating]) -> T> WithSimd for Block<&F> {
        type Output = T;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> T {
            (self.0)(&self.1)
        }
    }
    let count = list.count();
    let block = |block: usize| {
        // A slice is walked over without calls, which would leave the vector instructions behind.
        let positions = block * size..count.min((block + 1) * size);
        let mut own = Vec::with_capacity(positions.len());
        list.range(positions).for_each(|rating| own.push(rating));
        pulp::Arch::new().dispatch(Block(&of, own))
    };
    (0..count.div_ceil(size)).into_par_iter().map(block).collect()
}

/// The ratings that are learned from, by user and then item: they share the structure of the graph that they were the edges of, whose
/// edges may then hold something else.
///
/// Memory beside the graph's: 1 byte a rating where there are at most 256 different values, as on a scale of stars, else 4; 8 bytes a
/// user.
///
/// ```
/// use gasworks_engine::graph::GraphBuilder;
/// use gasworks_programs::factorization::{RatingList, Training};
///
/// let graph = GraphBuilder::bipartite(2, 2).weighted_edges(&[[1, 0], [0, 1], [1, 1]], &[4.0, 2.5, 3.0]).build()?;
/// let training = Training::new(&graph);
/// let values: Vec<_> = training.all().map(|rating| (rating.user, rating.item, rating.value)).collect();
/// assert_eq!(values, [(0, 1, 2.5), (1, 0, 4.0), (1, 1, 3.0)]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Training {
    topology: Topology,
    /// Where the ratings of each user start, and where the last user's end.
    starts: Vec<u64>,
    values: Values,
}

impl Training {
    /// The ratings on the edges of a bipartite graph, from users to items. O(vertices + ratings), parallel.
    ///
    /// # Panics
    /// If the graph is not bipartite.
    pub fn new(graph: &Graph<(), f32>) -> Self {
        let topology = graph.topology().clone();
        let users = topology.left().expect("users on the left, items on the right");
        let mut starts = vec![0];
        starts.extend((0..users).scan(0, |end, user| {
            *end += u64::from(topology.out_degree(user));
            Some(*end)
        }));
        let ratings = graph.edge_data();
        let values = Values::of(ratings.len(), |at| *ratings.get(at));
        Training { topology, starts, values }
    }

    /// The smallest and the largest rating; infinities without any.
    pub fn range_of_values(&self) -> [f32; 2] {
        let start = [f32::INFINITY, f32::NEG_INFINITY];
        let levels = self.values.levels().iter();
        levels.fold(start, |[low, high], value| [low.min(*value), high.max(*value)])
    }
}

impl RatingList for Training {
    fn count(&self) -> usize {
        self.topology.edges()
    }

    fn range(&self, positions: Range<usize>) -> impl Iterator<Item = Rating> {
        assert!(positions.end <= self.count(), "{positions:?} of {} ratings", self.count());
        let first = self.starts.partition_point(|start| *start <= positions.start as u64).saturating_sub(1);
        let users = self.topology.left().unwrap_or(0);
        (first as u32..users)
            .map(move |user| {
                let [start, end] = [0, 1].map(|at| self.starts[user as usize + at] as usize);
                (user, start, positions.start.max(start)..positions.end.min(end))
            })
            .take_while({
                let end = positions.end;
                move |(_, start, _)| *start < end
            })
            .flat_map(move |(user, start, own)| {
                let items = self.topology.out_neighbors(user);
                own.map(move |at| Rating {
                    user,
                    item: items[at - start] - users,
                    value: self.values.get(at),
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::testing::additive;
    use gasworks_engine::graph::GraphBuilder;

    #[test]
    fn it_is_the_list_by_user_and_item() {
        // 11 users of whom the middle and the last ones rated nothing.
        let on_scale: Vec<_> = additive(9, 7)
            .into_iter()
            .filter(|rating| ![4, 5].contains(&rating.user))
            .map(|rating| Rating { value: (rating.value * 2.0).round() / 2.0, ..rating })
            .collect();
        let many: Vec<_> =
            (0..600).map(|at| Rating { user: at / 60, item: at % 60, value: at as f32 * -0.1 }).collect();
        for (list, is_on_scale) in [(on_scale, true), (many, false), (Vec::new(), true)] {
            let edge = |rating: Rating| ([rating.user, rating.item], rating.value);
            let reversed = list.iter().rev().copied().collect();
            let graph = GraphBuilder::bipartite(11, 60).edges_from(reversed, edge).build().unwrap();
            let training = Training::new(&graph);
            assert_eq!(matches!(training.values, Values::OnLevels { .. }), is_on_scale);
            let mut expected = list.clone();
            expected.sort_by_key(|rating| (rating.user, rating.item));
            assert_eq!(training.count(), list.len());
            for from in 0..=list.len() {
                for to in from..=list.len().min(from + 70) {
                    assert!(training.range(from..to).eq(expected[from..to].iter().copied()), "{from}..{to}");
                }
            }
            let values = || list.iter().map(|rating| rating.value);
            let range = [values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max)];
            assert_eq!(training.range_of_values(), range);
        }
    }
}
