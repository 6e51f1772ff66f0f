//! Sums over all pairs of a user and an item, those without a rating included, without a loop over pairs.
//!
//! The sum of `(x.y)^2` over all pairs is the sum of the products of the elements of the two Gram matrices, so only pairs with a rating are looked
//! at: `O(ratings * rank + (users + items) * rank^2)`, in `f64`, parallel, with bits that do not depend on threads.

use gasworks_engine::input::Rating;
use rayon::prelude::*;

use super::training::{RatingList, in_blocks};

/// Rows or ratings a block; the sum over blocks is taken in order.
const BLOCK: usize = 1 << 12;

/// The squared error of the products of two rows over all pairs of a user and an item, where a pair without a rating is 0: what
/// [`Nmf`](crate::Nmf) minimizes. So many users and items, and the row of each; ratings are distinct pairs.
///
/// ```
/// use gasworks_engine::input::Rating;
/// use gasworks_programs::factorization::squared_error;
/// let ratings = [Rating { user: 0, item: 1, value: 3.0 }];
/// let (users, items) = ([1.0], [2.0, 0.5]);
/// // (0 - 2)^2 + (3 - 0.5)^2
/// assert_eq!(squared_error(1, (1, |user| &users[user..][..1]), (2, |item| &items[item..][..1]), &ratings), 10.25);
/// ```
pub fn squared_error<'a, R: RatingList + ?Sized>(
    rank: usize,
    (users, user): (usize, impl Fn(usize) -> &'a [f32] + Sync),
    (items, item): (usize, impl Fn(usize) -> &'a [f32] + Sync),
    ratings: &R,
) -> f64 {
    let grams = (gram(rank, users, &user, |_| 0.0).0, gram(rank, items, &item, |_| 0.0).0);
    over_all_pairs(grams, (user, item), ratings, |rating, product| (rating - product).powi(2))
}

/// The sum of `of_rating(rating, x.y)` over the pairs with a rating and of `(x.y)^2` over all others.
pub(super) fn over_all_pairs<'a, R: RatingList + ?Sized>(
    (left, right): (Vec<f64>, Vec<f64>),
    (user, item): (impl Fn(usize) -> &'a [f32] + Sync, impl Fn(usize) -> &'a [f32] + Sync),
    ratings: &R,
    of_rating: impl Fn(f64, f64) -> f64 + Sync,
) -> f64 {
    let all: f64 = left.iter().zip(&right).map(|(left, right)| left * right).sum();
    let blocks = in_blocks(ratings, BLOCK, |block: &[Rating]| {
        let each = |rating: &Rating| {
            let (x, y) = (user(rating.user as usize), item(rating.item as usize));
            let product: f64 = x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            of_rating(f64::from(rating.value), product) - product.powi(2)
        };
        block.iter().map(each).sum::<f64>()
    });
    all + blocks.iter().sum::<f64>()
}

/// The Gram matrix of so many rows, and the sum of their squared lengths, each so many times.
pub(super) fn gram<'a>(
    rank: usize,
    rows: usize,
    row: &(impl Fn(usize) -> &'a [f32] + Sync),
    times: impl Fn(usize) -> f64 + Sync,
) -> (Vec<f64>, f64) {
    let blocks = (0..rows.div_ceil(BLOCK)).into_par_iter().map(|block| {
        let (mut gram, mut length, mut wide) = (vec![0.0; rank * rank], 0.0, vec![0.0; rank]);
        for at in block * BLOCK..rows.min((block + 1) * BLOCK) {
            wide.iter_mut().zip(row(at)).for_each(|(wide, factor)| *wide = f64::from(*factor));
            for (sums, left) in gram.chunks_exact_mut(rank).zip(&wide) {
                sums.iter_mut().zip(&wide).for_each(|(sum, right)| *sum += left * right);
            }
            length += times(at) * wide.iter().map(|factor| factor * factor).sum::<f64>();
        }
        (gram, length)
    });
    let blocks: Vec<_> = blocks.collect();
    let mut sum = (vec![0.0; rank * rank], 0.0);
    for (gram, length) in blocks {
        sum.0.iter_mut().zip(gram).for_each(|(sum, part)| *sum += part);
        sum.1 += length;
    }
    sum
}
