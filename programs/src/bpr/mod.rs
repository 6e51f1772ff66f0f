//! Bayesian personalized ranking of implicit feedback (Rendle, Freudenthaler, Gantner, Schmidt-Thieme 2009, "BPR: Bayesian personalized
//! ranking from implicit feedback"), with matrix factorization as the model (section 4.3.1 there).
//!
//! That a user chose an item says that the user likes it better than one that was not chosen. A step takes a user `u`, a chosen item `i` and
//! another item `j`, and moves their three rows along the gradient of
//!
//! ```text
//! ln sigma(x_u . (y_i - y_j)) - lambda / 2 (|x_u|^2 + |y_i|^2 + |y_j|^2)        sigma(z) = 1 / (1 + exp(-z))
//! ```
//!
//! There are no item biases, as in that section: a factor that all users share takes their place.
//!
//! # What the blocks change
//!
//! The paper draws `i` among all choices and `j` among all items that the user did not choose. Here choices are the edges of a bipartite
//! graph, each is visited once a pass, and blocks of edges without a common user or item run in parallel; so a step may
//! only touch the items of its own block, and `j` is drawn uniformly among those of them that the user did not choose. Items are shuffled by
//! the seed before they are cut into parts, so this is sampling stratified by a random division; but the division stays for the whole run, and two
//! items of different parts never meet in a step: they are compared only by way of the users whom their parts share. More parts mean fewer
//! items to draw from, which the table at [`Bpr`] shows; [`Engine::blocks`](gasworks_engine::Engine::blocks) with one part of the items samples as the paper does, on one thread.
//!
//! Within a block, steps go round the users: one choice of each, then the next of each, since many steps of one user in a row
//! slow convergence down (section 4.2 there).

mod triples;

use gasworks_engine::{Block, BlockRow, Context, EdgeProgram, Random, Row, Simd};

use crate::sgd::Rate;
pub use triples::{TripleQuality, Triples};

/// Names the stream of random numbers that chooses negative items.
const NEGATIVES: u64 = 0x6e65_6761;

/// Numbers that are added up side by side.
const LANES: usize = 16;

/// Implicit feedback, by the order of pairs of items. Run on a bipartite graph of users and the items that they chose, started with small
/// random factors of both sides ([`initial_factors`](crate::factorization::initial_factors)); under [`Exclusion::Grid`](gasworks_engine::Exclusion::Grid), the default, or
/// serial.
///
/// # What the defaults and the blocks are worth
///
/// Means over three validation splits of MovieLens ml-latest-small (a tenth of each user's training ratings, within the training part of
/// another such split), after 60 passes with rank 32, lambda 0.01 and a constant rate of 0.05, and over three seeds; the most popular items in their place reach an
/// AUC of 0.8883 and an NDCG@10 of 0.1029.
///
/// | negative items drawn from | AUC | NDCG@10 | precision@10 |
/// |---|---|---|---|
/// | the block's of 1 part | 0.9249 | 0.1275 | 0.0961 |
/// | the block's of 8 parts, the default here | 0.9257 | 0.1304 | 0.1000 |
/// | the block's of 64 parts | 0.9244 | 0.1163 | 0.0901 |
/// | all items, choices drawn with replacement, by another program | | 0.1341 | 0.1006 |
///
/// So eight parts lose nothing against one, and 64, of 150 items each, lose a tenth of the NDCG and next to nothing of the AUC. NDCG varies by
/// 0.002 from seed to seed and more from split to split, so the last row is not told apart from the second; its AUC was taken over other items, so it
/// is left out. With one seed, other settings and eight parts:
///
/// | rank | lambda | rate, decay | passes | AUC | NDCG@10 | precision@10 |
/// |---|---|---|---|---|---|---|
/// | 16 | 0.01 | 0.05, 1 | 60 | 0.9236 | 0.1179 | 0.0908 |
/// | 32 | 0.005 | 0.05, 1 | 60 | 0.9243 | 0.1258 | 0.0951 |
/// | 32 | 0.01 | 0.05, 1 | 60 | 0.9257 | 0.1284 | 0.0986 |
/// | 32 | 0.02 | 0.05, 1 | 60 | 0.9255 | 0.1266 | 0.0983 |
/// | 32 | 0.01 | 0.1, 0.98 | 60 | 0.9266 | 0.1336 | 0.1013 |
/// | 32 | 0.01 | 0.05, 1 | 100 | 0.9261 | 0.1316 | 0.1006 |
/// | 64 | 0.01 | 0.05, 1 | 60 | 0.9271 | 0.1330 | 0.1019 |
/// | 64 | 0.01 | 0.05, 1 | 100 | 0.9279 | 0.1395 | 0.1063 |
///
/// Longer rows and more passes are better for as much more work.
///
/// # Complexity
///
/// A step takes O(rank + log choices), or O(items of the part) where the user chose more than half of those. Users who chose all items of a
/// part take no step there.
#[derive(Clone, Debug)]
pub struct Bpr {
    rank: usize,
    lambda: f32,
    rate: Rate,
}

impl Bpr {
    /// Rows of `rank` factors. The learning rate is `rate` in the first pass, and `decay` times that of the pass before in every other.
    ///
    /// # Panics
    /// If `rank` is 0, `lambda` is negative or not finite, or `rate` or `decay` is not above 0 and finite.
    pub fn new(rank: usize, lambda: f32, rate: f32, decay: f32) -> Self {
        assert!(rank > 0, "a factorization has at least rank 1");
        assert!(lambda >= 0.0 && lambda.is_finite(), "lambda must be finite and not negative, got {lambda}");
        let is_rate = |rate: f32| rate > 0.0 && rate.is_finite();
        assert!(
            is_rate(rate) && is_rate(decay),
            "a learning rate is above 0 and finite, got {rate}, {decay}"
        );
        Bpr { rank, lambda, rate: Rate::Decaying { first: rate, factor: decay } }
    }

    /// Numbers in the row of a vertex.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The place in `part` of an item that is not among `chosen`, each as likely as any other; nothing, if there is none. Both ascend, and
    /// `chosen` is a part of `part`, where an item may be more than once. The context is that of the edge.
    #[inline]
    pub fn negative(cx: &Context<'_, ()>, part: &[u32], chosen: &[u32]) -> Option<usize> {
        let mut random = cx.random(NEGATIVES);
        draw(&mut random, part, chosen)
    }

    #[inline(always)]
    fn step(&self, rate: f32, block: &mut Block<'_, Self>, row: BlockRow<'_>, at: usize, negative: usize) {
        let ((user, _, chosen), other) = block.edge_and_other(row, at, negative);
        let weight = 1.0 / (1.0 + margin(user, chosen, other).exp());
        for ((x, y), z) in user.iter_mut().zip(chosen).zip(other) {
            let (old_x, old_y, old_z) = (*x, *y, *z);
            *x += rate * (weight * (old_y - old_z) - self.lambda * old_x);
            *y += rate * (weight * old_x - self.lambda * old_y);
            *z += rate * (-weight * old_x - self.lambda * old_z);
        }
    }
}

/// See [`Bpr::negative`].
#[inline]
fn draw(random: &mut Random, part: &[u32], chosen: &[u32]) -> Option<usize> {
    let is_free = |at: usize| chosen.binary_search(&part[at]).is_err();
    if 2 * chosen.len() <= part.len() {
        // Every second draw succeeds, or more.
        return match part.len() {
            0 => None,
            len => loop {
                let at = random.below(len as u64) as usize;
                if is_free(at) {
                    return Some(at);
                }
            },
        };
    }
    let free = || (0..part.len()).filter(|at| is_free(*at));
    match free().count() {
        0 => None,
        count => free().nth(random.below(count as u64) as usize),
    }
}

/// By how much the user prefers the one to the other: `x . (y - z)`, in an order that suits every vector length.
#[inline(always)]
fn margin(x: &[f32], y: &[f32], z: &[f32]) -> f32 {
    let (mut sums, mut rest) = ([0.0; LANES], 0.0);
    let (xs, ys, zs) = (x.chunks_exact(LANES), y.chunks_exact(LANES), z.chunks_exact(LANES));
    for ((x, y), z) in xs.remainder().iter().zip(ys.remainder()).zip(zs.remainder()) {
        rest += x * (y - z);
    }
    for ((x, y), z) in xs.zip(ys).zip(zs) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * (y[lane] - z[lane]);
        }
    }
    rest + sums.iter().sum::<f32>()
}

impl EdgeProgram for Bpr {
    type Vertex = Row<f32>;
    /// The rating, which is not looked at: every edge is a choice.
    type Edge = f32;
    type Global = ();
    type Scratch = ();
    const NEEDS_BLOCK: bool = true;

    fn scratch(&self) {}

    fn update(&self, _: &Context<'_, ()>, _: &mut [f32], _: &mut f32, _: &mut [f32], (): &mut ()) {
        unreachable!("a step needs another item of the block");
    }

    /// # Panics
    /// If the graph is not bipartite.
    #[inline(always)]
    fn update_block<S: Simd>(&self, _: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        assert!(block.is_bipartite(), "users and items are the two sides of a bipartite graph");
        let (rate, part) = (self.rate.of_pass(cx.round), block.target_part());
        // Longer rows come first, so those that have an edge in this place are the first so many.
        let (mut rows, mut at) = (block.rows(), 0);
        while rows > 0 {
            for row in 0..rows {
                let row = block.row(row);
                if let Some(negative) = Bpr::negative(&row.context(cx, at), part, row.targets()) {
                    self.step(rate, block, row, at, negative);
                }
            }
            at += 1;
            while rows > 0 && block.row(rows - 1).len() <= at {
                rows -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
