//! How well factors order pairs of items, on triples that are drawn once from all items, whatever training draws from.

use gasworks_engine::Random;
use gasworks_engine::input::Rating;
use rayon::prelude::*;

use super::margin;
use crate::factorization::RatingList;

/// Names the stream of random numbers that draws triples.
const STREAM: u64 = 0x7472_6970;

/// Triples at most.
const MOST: usize = 1 << 17;
/// Draws after which a rating gives no triple: its user chose nearly all items.
const DRAWS: usize = 64;
/// Triples a block; the sum over blocks is taken in order, so its bits do not depend on threads.
const BLOCK: usize = 1 << 12;

/// Users, an item that each chose, and an item that it did not choose, drawn uniformly from all items.
#[derive(Clone, Debug)]
pub struct Triples(pub(super) Vec<[u32; 3]>);

/// How well triples are ordered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TripleQuality {
    /// The mean of `-ln sigma(x_u . (y_i - y_j))`: ln 2 where all factors are 0; 0 is best.
    pub loss: f64,
    /// The share of triples in which the chosen item comes first, ties counted half: an estimate of the area under the curve, where users
    /// count by their ratings.
    pub auc: f64,
}

impl Triples {
    /// One for each of `ratings`, or for 131072 of them, evenly spread, with an item that is rated by its user neither there nor in
    /// `others`. The same for the same seed. O((ratings + others) log).
    pub fn sample<R: RatingList + ?Sized, O: RatingList + ?Sized>(
        items: usize,
        ratings: &R,
        others: &O,
        seed: u64,
    ) -> Self {
        let pair = |rating: Rating| (rating.user, rating.item);
        let mut chosen: Vec<(u32, u32)> = ratings.all().chain(others.all()).map(pair).collect();
        chosen.par_sort_unstable();
        let inside = |rating: &Rating| rating.user != u32::MAX && (rating.item as usize) < items;
        let step = ratings.count().div_ceil(MOST).max(1);
        let triple = |(at, rating): (usize, Rating)| {
            let mut random = Random::keyed(seed, STREAM, 0, at as u64);
            let mut draws = (0..DRAWS).map(|_| random.below(items as u64) as u32);
            let other = draws.find(|item| chosen.binary_search(&(rating.user, *item)).is_err())?;
            Some([rating.user, rating.item, other])
        };
        Triples(ratings.all().step_by(step).filter(inside).enumerate().filter_map(triple).collect())
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How well factors order them; nothing, if there is none. O(triples * rank), parallel, the same bits for every number of threads.
    pub fn quality<'a>(
        &self,
        user: impl Fn(u32) -> &'a [f32] + Sync,
        item: impl Fn(u32) -> &'a [f32] + Sync,
    ) -> Option<TripleQuality> {
        let of = |[u, i, j]: &[u32; 3]| {
            let margin = f64::from(margin(user(*u), item(*i), item(*j)));
            // ln(1 + exp(-margin)), without an overflow.
            let loss = (-margin.abs()).exp().ln_1p() + (-margin).max(0.0);
            let order = if margin > 0.0 { 1.0 } else { 0.0 };
            [loss, if margin == 0.0 { 0.5 } else { order }]
        };
        let add = |a: [f64; 2], b: [f64; 2]| [a[0] + b[0], a[1] + b[1]];
        let block = |block: &[[u32; 3]]| block.iter().map(of).fold([0.0; 2], add);
        let sums: Vec<[f64; 2]> = self.0.par_chunks(BLOCK).map(block).collect();
        let [loss, auc] = sums.into_iter().fold([0.0; 2], add).map(|sum| sum / self.0.len() as f64);
        (!self.is_empty()).then_some(TripleQuality { loss, auc })
    }
}
