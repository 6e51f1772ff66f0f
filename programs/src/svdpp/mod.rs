//! SVD++: matrix factorization of ratings in which a user is also what it rated, whatever the ratings were (Koren 2008, "Factorization meets
//! the neighborhood: a multifaceted collaborative filtering model", section 4, equation 15).
//!
//! ```text
//! rating of u for i  ~  mean + b_u + b_i + q_i . (p_u + z_u)        z_u = |N(u)|^-1/2 sum over j in N(u) of y_j
//! ```
//!
//! `N(u)` are the items that the user rated. Which items a user chose says something about its taste before their ratings do, most of all where
//! there are few ratings. Descent is on the squared errors of all ratings with `lambda (b_u^2 + b_i^2 + |p_u|^2 + |q_i|^2 + |y_i|^2)` added
//! for each: `y_i` pays once a rating too, not for each rating of each of its users as in the paper, where users of a thousand ratings
//! would hold it at zero.
//!
//! # Steps
//!
//! Ratings are the edges of a bipartite graph of users and items, in blocks. In a block, users come one after the other, and for each
//!
//! 1. `z_u` catches up with what other users have changed of the `y_j` of the user's items in the block;
//! 2. a step for each of the user's ratings `r` in the block, all numbers from their values before it, with `error = r - mean - b_u - b_i - q_i . (p_u + z_u)`:
//!    `b_u += rate (error - lambda b_u)` and `b_i` alike, `p_u += rate (error q_i - lambda p_u)`, `q_i += rate (error (p_u + z_u) - lambda q_i)`;
//! 3. for each of these items, `y_j += rate (|N(u)|^-1/2 s - lambda y_j)`, where `s` is the sum of `error q_i` over the steps, and `z_u` follows.
//!
//! After the pass all `z_u` are computed anew, again block by block ([`settle_block`](EdgeProgram::settle_block)); so whoever looks between
//! passes finds the model of the equation.
//!
//! # What the blocks change
//!
//! With one block this is descent user by user, with no `z_u` out of date; the paper moves all `y_j` at each rating, which takes as many
//! times longer as a user has ratings. With more, the part of `z_u` that stems from items of other blocks is as it was at the visit of that
//! block, or at the start of the pass. The table at [`SvdPlusPlus`] shows what that is worth. That the block's own items are never out of
//! date (the first of the steps above) is what keeps the descent stable: a popular item is moved by each of its users, and if all of them
//! move it by errors of the last pass, they overshoot together. Without, at a rate of 0.05, one block of MovieLens ml-latest-small leaves
//! all bounds within 5 passes, and eight by eight of a million generated ratings within 15.

use gasworks_engine::{Block, BlockRow, Context, EdgeProgram, Row, Simd};
use gasworks_kernels::vector::dot;

use crate::sgd::Rate;

/// Numbers in a cache line.
const LINE: usize = 16;

/// How many edges ahead the row of an item is asked for.
const AHEAD: usize = 4;

/// Explicit ratings, and that they were given. Run on a bipartite graph of ratings less their mean, with rows from
/// [`start`](SvdPlusPlus::start), under [`Exclusion::Grid`](gasworks_engine::Exclusion::Grid), the default, or serial.
///
/// # What the defaults and the blocks are worth
///
/// Means over three validation splits of MovieLens ml-latest-small (a tenth of each user's training ratings, splits 101 to 103 within the
/// training part of split 0), with one start; mean and biases alone: 0.8660. With a rate of 0.05, a decay of 0.92 and eight by eight
/// blocks, the defaults here, after 20 passes:
///
/// | rank | lambda 0.06 | 0.08 | 0.1 | 0.12 |
/// |---|---|---|---|---|
/// | 8 | 0.8641 | 0.8570 | 0.8536 | 0.8533 |
/// | 16 | 0.8566 | 0.8497 | 0.8477 | 0.8487 |
/// | 32 | 0.8516 | **0.8464** | 0.8458 | 0.8477 |
/// | 64 | 0.8476 | 0.8445 | 0.8447 | 0.8469 |
///
/// Rate and decay, at rank 32 and lambda 0.08:
///
/// | rate | decay | after 10 passes | 15 | 20 | 30 | 40 |
/// |---|---|---|---|---|---|---|
/// | 0.03 | 0.92 | 0.8662 | 0.8562 | 0.8513 | 0.8473 | 0.8464 |
/// | 0.03 | 0.95 | 0.8642 | 0.8500 | 0.8457 | 0.8458 | 0.8481 |
/// | 0.05 | 0.9 | 0.8537 | 0.8452 | 0.8448 | 0.8456 | 0.8461 |
/// | 0.05 | 0.92 | 0.8520 | 0.8449 | **0.8464** | 0.8499 | 0.8517 |
/// | 0.05 | 0.95 | 0.8512 | 0.8480 | 0.8540 | 0.8626 | 0.8665 |
/// | 0.08 | 0.9 | 0.8499 | 0.8521 | 0.8562 | 0.8599 | 0.8611 |
///
/// Lambda and decay are not those that are best here, since a greater lambda, or a rate that falls sooner, leaves denser data unlearned: of
/// a million ratings of `gasworks generate ratings` (6040, 3706, 1000209, seed 12), where choices tell nothing, lambda 0.1 leaves an RMSE
/// on held-out ones of 0.8083 after 40 passes at a rate of 0.06 and a decay of 0.92, lambda 0.08 one of 0.7740.
///
/// Parts of users and items, at rank 32, lambda 0.08 and a decay of 0.92:
///
/// | rate | parts | after 10 passes | 15 | 20 | 30 | 40 |
/// |---|---|---|---|---|---|---|
/// | 0.03 | 1 | 0.8616 | 0.8626 | 0.8674 | 0.8757 | 0.8798 |
/// | 0.03 | 8 | 0.8662 | 0.8562 | 0.8513 | 0.8473 | 0.8464 |
/// | 0.03 | 64 | 0.8684 | 0.8671 | 0.8647 | 0.8601 | 0.8581 |
/// | 0.05 | 1 | 0.8893 | 0.8961 | 0.9023 | 0.9103 | 0.9138 |
/// | 0.05 | 8 | 0.8520 | 0.8449 | 0.8464 | 0.8499 | 0.8517 |
/// | 0.05 | 64 | 0.8632 | 0.8530 | 0.8488 | 0.8468 | 0.8468 |
/// | 0.08 | 64 | 0.8521 | 0.8494 | 0.8497 | 0.8513 | 0.8521 |
///
/// With one part, all ratings of a user come in a row, here a hundred and more, and carry its row and theirs far from what the others need;
/// parts take turns among users, as a shuffle of the ratings would. With 64, blocks of a few ratings leave most of `z` out of date within a
/// pass, which only makes it slower. Settings were chosen by these figures, which are therefore slightly flattering; on the test part of
/// split 0, `gasworks svdpp` reaches 0.8418, and `gasworks sgd --biases` 0.8499.
///
/// # Complexity
///
/// A pass takes O(ratings * rank), at rank 64 about four times as long as one of [`Sgd`](crate::Sgd): each rating is met four times, to
/// catch up, for its step, to move `y`, and to settle. A row is of three times its rank and some numbers more.
#[derive(Clone, Debug)]
pub struct SvdPlusPlus {
    rank: usize,
    lambda: f32,
    rate: Rate,
}

impl SvdPlusPlus {
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
        SvdPlusPlus { rank, lambda, rate: Rate::Decaying { first: rate, factor: decay } }
    }

    /// Numbers in the row of a vertex: factors, of a user `p + z` and of an item `q`, which come first; the bias; `z` of a user or `y`
    /// of an item; and room for steps. Each is filled up with zeros to whole cache lines.
    pub fn width(&self) -> usize {
        3 * self.numbers() + LINE
    }

    /// Numbers in a row of factors.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Writes a row to start from: factors and a bias, with `y`, and so `z`, of zeros.
    ///
    /// # Panics
    /// If there are not `rank` factors, or the row does not have [`width`](SvdPlusPlus::width) numbers.
    pub fn start(&self, factors: &[f32], bias: f32, row: &mut [f32]) {
        assert_eq!((factors.len(), row.len()), (self.rank, self.width()), "a row of factors");
        row.fill(0.0);
        row[..self.rank].copy_from_slice(factors);
        row[self.numbers()] = bias;
    }

    /// The factors of a row: of a user `p + z`, so that the inner product of two rows is what the model adds to mean and biases.
    pub fn factors<'a>(&self, row: &'a [f32]) -> &'a [f32] {
        &row[..self.rank]
    }

    /// The bias of a row.
    pub fn bias(&self, row: &[f32]) -> f32 {
        row[self.numbers()]
    }

    /// Numbers in a part of a row: the rank, filled up to whole lines.
    fn numbers(&self) -> usize {
        self.rank.next_multiple_of(LINE)
    }

    #[inline(always)]
    fn steps<S: Simd>(&self, simd: S, pass: u64) -> Steps<S> {
        Steps { simd, numbers: self.numbers(), rate: self.rate.of_pass(pass), lambda: self.lambda }
    }
}

/// What visits of one pass have in common.
#[derive(Clone, Copy)]
struct Steps<S: Simd> {
    simd: S,
    /// In a part of a row.
    numbers: usize,
    rate: f32,
    lambda: f32,
}

impl<S: Simd> Steps<S> {
    #[inline(always)]
    fn parts(self, row: &mut [f32]) -> Parts<'_, S> {
        let (factors, row) = row.split_at_mut(self.numbers);
        let (own, row) = row.split_at_mut(LINE);
        let (implicit, kept) = row.split_at_mut(self.numbers);
        let [bias, settled, ..] = own else { unreachable!("a line between the factors") };
        let kept = &mut kept[..self.numbers];
        let [factors, implicit, kept] = [factors, implicit, kept].map(|part| S::as_mut_simd_f32s(part).0);
        Parts { factors, bias, settled, implicit, kept }
    }

    /// Makes of the user's `p + z` its `p`, while `z` changes.
    #[inline(always)]
    fn part_from_choices(self, block: &mut Rows<'_>, row: BlockRow<'_>) {
        let user = self.parts(block.source_mut(row));
        for (x, z) in user.factors.iter_mut().zip(user.implicit) {
            *x = self.simd.sub_f32s(*x, *z);
        }
    }

    /// And of its `p` again `p + z`.
    #[inline(always)]
    fn join_choices(self, block: &mut Rows<'_>, row: BlockRow<'_>) {
        let user = self.parts(block.source_mut(row));
        for (x, z) in user.factors.iter_mut().zip(user.implicit) {
            *x = self.simd.add_f32s(*x, *z);
        }
    }

    /// First of the steps: `z` of the user, and with it `p + z`, by what has changed of the `y` of these items since they were settled.
    #[inline(always)]
    fn catch_up(self, block: &mut Rows<'_>, row: BlockRow<'_>, norm: f32) {
        let (simd, norm) = (self.simd, self.simd.splat_f32s(norm));
        self.part_from_choices(block, row);
        for at in 0..row.len() {
            block.prefetch_target(row, at + AHEAD);
            let (user, _, item) = block.edge(row, at);
            let (user, item) = (self.parts(user), self.parts(item));
            for ((z, y), settled) in user.implicit.iter_mut().zip(item.implicit).zip(item.kept) {
                *z = simd.mul_add_e_f32s(norm, simd.sub_f32s(*y, *settled), *z);
            }
        }
        self.join_choices(block, row);
    }

    /// Second: a step for each rating. The user keeps the sum of errors times `q`.
    #[inline(always)]
    fn descend(self, block: &mut Rows<'_>, row: BlockRow<'_>) {
        let Steps { simd, numbers, rate, lambda } = self;
        let (keep, pull) = (simd.splat_f32s(1.0 - rate * lambda), simd.splat_f32s(rate * lambda));
        self.parts(block.source_mut(row)).kept.fill(simd.splat_f32s(0.0));
        for at in 0..row.len() {
            let (user, rating, item) = block.edge(row, at);
            let product = dot(simd, &user[..numbers], &item[..numbers]);
            let (user, item) = (self.parts(user), self.parts(item));
            let (b_u, b_i) = (*user.bias, *item.bias);
            let error = *rating - b_u - b_i - product;
            *user.bias = b_u + rate * (error - lambda * b_u);
            *item.bias = b_i + rate * (error - lambda * b_i);
            let (push, error) = (simd.splat_f32s(rate * error), simd.splat_f32s(error));
            let users = user.factors.iter_mut().zip(user.implicit).zip(user.kept);
            for (((x, z), sum), q) in users.zip(item.factors) {
                let (old_x, old_q) = (*x, *q);
                // Of p + z, lambda pulls at p alone.
                let pulled = simd.mul_add_e_f32s(pull, *z, simd.mul_f32s(keep, old_x));
                *x = simd.mul_add_e_f32s(push, old_q, pulled);
                *q = simd.mul_add_e_f32s(push, old_x, simd.mul_f32s(keep, old_q));
                *sum = simd.mul_add_e_f32s(error, old_q, *sum);
            }
        }
    }

    /// Third: `y` of each item, and what that makes of `z`.
    #[inline(always)]
    fn move_choices(self, block: &mut Rows<'_>, row: BlockRow<'_>, norm: f32) {
        let simd = self.simd;
        let [push, pull, norm] =
            [self.rate * norm, self.rate * self.lambda, norm].map(|by| simd.splat_f32s(by));
        self.part_from_choices(block, row);
        for at in 0..row.len() {
            let (user, _, item) = block.edge(row, at);
            let (user, item) = (self.parts(user), self.parts(item));
            for ((z, sum), y) in user.implicit.iter_mut().zip(user.kept).zip(item.implicit) {
                let change = simd.sub_f32s(simd.mul_f32s(push, *sum), simd.mul_f32s(pull, *y));
                *y = simd.add_f32s(*y, change);
                *z = simd.mul_add_e_f32s(norm, change, *z);
            }
        }
        self.join_choices(block, row);
    }

    /// Adds the items of a row to `z` of the user, which begins anew with the first row that the pass settles, and ends with the last.
    #[inline(always)]
    fn settle(self, block: &mut Rows<'_>, row: BlockRow<'_>, ratings: f32) {
        let (simd, norm) = (self.simd, self.simd.splat_f32s(norm(ratings)));
        if *self.parts(block.source_mut(row)).settled == 0.0 {
            self.part_from_choices(block, row);
            self.parts(block.source_mut(row)).implicit.fill(simd.splat_f32s(0.0));
        }
        for at in 0..row.len() {
            block.prefetch_target(row, at + AHEAD);
            let (user, _, item) = block.edge(row, at);
            let (user, item) = (self.parts(user), self.parts(item));
            for ((z, y), settled) in user.implicit.iter_mut().zip(item.implicit).zip(item.kept) {
                *settled = *y;
                *z = simd.mul_add_e_f32s(norm, *y, *z);
            }
        }
        let settled = self.parts(block.source_mut(row)).settled;
        *settled += row.len() as f32;
        if *settled == ratings {
            *settled = 0.0;
            self.join_choices(block, row);
        }
    }
}

type Rows<'a> = Block<'a, SvdPlusPlus>;

/// The parts of a row, in order, in the vectors of the machine.
struct Parts<'a, S: Simd> {
    /// Of a user `p + z`, of an item `q`.
    factors: &'a mut [S::f32s],
    bias: &'a mut f32,
    /// Of a user, how many of its ratings were settled; 0 between passes.
    settled: &'a mut f32,
    /// Of a user `z`, of an item `y`.
    implicit: &'a mut [S::f32s],
    /// Of a user the sum of errors times `q`, of an item `y` as it was settled.
    kept: &'a mut [S::f32s],
}

impl EdgeProgram for SvdPlusPlus {
    type Vertex = Row<f32>;
    /// The rating less the mean of all.
    type Edge = f32;
    type Global = ();
    type Scratch = ();
    const NEEDS_BLOCK: bool = true;
    const SETTLES: bool = true;

    fn scratch(&self) {}

    fn update(&self, _: &Context<'_, ()>, _: &mut [f32], _: &mut f32, _: &mut [f32], (): &mut ()) {
        unreachable!("a step needs all items of the user in the block");
    }

    /// # Panics
    /// If the graph is not bipartite, or a user has 2^24 ratings or more.
    #[inline(always)]
    fn update_block<S: Simd>(&self, simd: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        assert!(block.is_bipartite(), "users and items are the two sides of a bipartite graph");
        let steps = self.steps(simd, cx.round);
        for row in 0..block.rows() {
            block.prefetch_source(row + 1);
            let row = block.row(row);
            let norm = norm(ratings(cx, row));
            steps.catch_up(block, row, norm);
            steps.descend(block, row);
            steps.move_choices(block, row, norm);
        }
    }

    #[inline(always)]
    fn settle_block<S: Simd>(&self, simd: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        let steps = self.steps(simd, cx.round);
        for row in 0..block.rows() {
            block.prefetch_source(row + 1);
            let row = block.row(row);
            steps.settle(block, row, ratings(cx, row));
        }
    }
}

/// How many ratings a user has, in all blocks.
///
/// # Panics
/// If the user has 2^24 or more, which `f32` does not count.
#[inline(always)]
fn ratings(cx: &Context<'_, ()>, row: BlockRow<'_>) -> f32 {
    let ratings = row.context(cx, 0).out_degree();
    assert!(ratings < 1 << 24, "a user with {ratings} ratings, where fewer than 2^24 are expected");
    ratings as f32
}

/// `|N(u)|^-1/2`
#[inline(always)]
fn norm(ratings: f32) -> f32 {
    ratings.sqrt().recip()
}
