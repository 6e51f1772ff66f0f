//! Matrix factorization by stochastic gradient descent (Funk 2006; Koren, Bell, Volinsky 2009, "Matrix factorization techniques
//! for recommender systems"), in parallel over blocks of ratings without a common user or item (Gemulla et al. 2011; Chin et al.
//! 2015).
//!
//! Ratings are the edges of a bipartite graph of users and items; each vertex has a row of factors. A step takes one rating and moves
//! the rows of its user and its item along the gradient of `(rating - x . y)^2 + lambda (|x|^2 + |y|^2)`.

use gasworks_engine::{Block, BlockRow, Context, EdgeProgram, Row, Simd};
use gasworks_kernels::descent::{Descent, HeldRow, Step};

/// Numbers in a cache line: rows are whole lines.
const LINE: usize = 16;
/// How many edges ahead the row of an item is asked for.
const AHEAD: usize = 8;

/// How the learning rate falls from pass to pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// Not at all.
    Constant(f32),
    /// By a factor each pass.
    Decaying {
        /// In the first pass.
        first: f32,
        /// From each pass to the next.
        factor: f32,
    },
}

impl Rate {
    /// That of a pass, counted from 0.
    pub fn of_pass(self, pass: u64) -> f32 {
        match self {
            Rate::Constant(rate) => rate,
            Rate::Decaying { first, factor } => first * factor.powi(pass.min(10_000) as i32),
        }
    }
}

/// Explicit ratings. Run on a bipartite graph of residuals, started with small random factors of both sides.
///
/// A step takes O(rank).
#[derive(Clone, Debug)]
pub struct Sgd {
    rank: usize,
    lambda: f32,
    rate: Rate,
    has_biases: bool,
}

impl Sgd {
    /// Rows of `rank` factors.
    ///
    /// # Panics
    /// If `rank` is 0, `lambda` is negative or not finite, or the rate is not above 0 and finite.
    pub fn new(rank: usize, lambda: f32, rate: Rate) -> Self {
        assert!(rank > 0, "a factorization has at least rank 1");
        assert!(lambda >= 0.0 && lambda.is_finite(), "lambda must be finite and not negative, got {lambda}");
        let is_rate = |rate: f32| rate > 0.0 && rate.is_finite();
        let rates = match rate {
            Rate::Constant(rate) => is_rate(rate),
            Rate::Decaying { first, factor } => is_rate(first) && is_rate(factor),
        };
        assert!(rates, "a learning rate is above 0 and finite, got {rate:?}");
        Sgd { rank, lambda, rate, has_biases: false }
    }

    /// Learns a bias of each user and each item beside the factors.
    pub fn with_biases(self) -> Self {
        Sgd { has_biases: true, ..self }
    }

    /// Numbers in the row of a vertex: the factors, zeros up to a whole cache line, and at its end two for biases where they are
    /// learned: of a user the bias and a 1, of an item a 1 and the bias, so that the inner product adds both.
    pub fn width(&self) -> usize {
        (self.rank + if self.has_biases { 2 } else { 0 }).next_multiple_of(LINE)
    }

    /// Writes a row to start from: factors, and a bias where they are learned.
    ///
    /// # Panics
    /// If there are not `rank` factors, or the row does not have [`width`](Sgd::width) numbers.
    pub fn start(&self, is_user: bool, factors: &[f32], bias: f32, row: &mut [f32]) {
        assert_eq!((factors.len(), row.len()), (self.rank, self.width()), "a row of factors");
        row[..self.rank].copy_from_slice(factors);
        row[self.rank..].fill(0.0);
        if self.has_biases {
            let pair = if is_user { [bias, 1.0] } else { [1.0, bias] };
            row[self.width() - 2..].copy_from_slice(&pair);
        }
    }

    /// The factors of a row.
    pub fn factors<'a>(&self, row: &'a [f32]) -> &'a [f32] {
        &row[..self.rank]
    }

    /// The bias of a row; 0 where none is learned.
    pub fn bias(&self, is_user: bool, row: &[f32]) -> f32 {
        if self.has_biases { row[row.len() - if is_user { 2 } else { 1 }] } else { 0.0 }
    }

    fn step(&self, pass: u64) -> Step {
        Step { rate: self.rate.of_pass(pass), lambda: self.lambda }
    }
}

impl EdgeProgram for Sgd {
    type Vertex = Row<f32>;
    type Edge = f32;
    type Global = ();
    type Scratch = ();

    fn scratch(&self) {}

    fn update(
        &self,
        cx: &Context<'_, ()>,
        user: &mut [f32],
        rating: &mut f32,
        item: &mut [f32],
        (): &mut (),
    ) {
        let Step { rate, lambda } = self.step(cx.round);
        let error = *rating - user.iter().zip(&*item).map(|(x, y)| x * y).sum::<f32>();
        for (x, y) in user.iter_mut().zip(item.iter_mut()) {
            (*x, *y) = (*x + rate * (error * *y - lambda * *x), *y + rate * (error * *x - lambda * *y));
        }
        if self.has_biases {
            (user[user.len() - 1], item[item.len() - 2]) = (1.0, 1.0);
        }
    }

    #[inline(always)]
    fn update_block<S: Simd>(&self, simd: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        match S::F32_LANES {
            16 => self.by_biases::<S, 1>(simd, cx, block),
            8 => self.by_biases::<S, 2>(simd, cx, block),
            4 => self.by_biases::<S, 4>(simd, cx, block),
            _ => self.by_biases::<S, 16>(simd, cx, block),
        }
    }
}

impl Sgd {
    #[inline(always)]
    fn by_biases<S: Simd, const PARTS: usize>(
        &self,
        simd: S,
        cx: &Context<'_, ()>,
        block: &mut Block<'_, Self>,
    ) {
        match self.has_biases {
            true => self.by_lines::<S, PARTS, true>(simd, cx, block),
            false => self.by_lines::<S, PARTS, false>(simd, cx, block),
        }
    }

    /// Picks the number of lines in a row.
    #[inline(always)]
    fn by_lines<S: Simd, const PARTS: usize, const BIASES: bool>(
        &self,
        simd: S,
        cx: &Context<'_, ()>,
        block: &mut Block<'_, Self>,
    ) {
        let descent = Descent::<S, PARTS, BIASES>::new(simd, self.step(cx.round));
        let lines = if block.is_bipartite() { self.width() / LINE } else { 0 };
        match lines {
            1 => descend::<S, 1, PARTS, BIASES>(simd, descent, block),
            2 => descend::<S, 2, PARTS, BIASES>(simd, descent, block),
            3 => descend::<S, 3, PARTS, BIASES>(simd, descent, block),
            4 => descend::<S, 4, PARTS, BIASES>(simd, descent, block),
            5 => descend::<S, 5, PARTS, BIASES>(simd, descent, block),
            6 => descend::<S, 6, PARTS, BIASES>(simd, descent, block),
            8 => descend::<S, 8, PARTS, BIASES>(simd, descent, block),
            _ => descend_in_memory(descent, block),
        }
    }
}

/// Two users at a time, a rating of the one and a rating of the other in turn: a step on one waits for the step on the same user
/// before it, and meanwhile the other's goes on.
#[inline(always)]
fn descend<S: Simd, const LINES: usize, const PARTS: usize, const BIASES: bool>(
    simd: S,
    descent: Descent<S, PARTS, BIASES>,
    block: &mut Block<'_, Sgd>,
) {
    let step =
        |block: &mut Block<'_, Sgd>, held: &mut HeldRow<S, LINES, PARTS>, row: BlockRow<'_>, at: usize| {
            let (rating, item) = block.target_mut(row, at);
            descent.step(held, item, *rating);
        };
    let mut row = 0;
    while row < block.rows() {
        let first = block.row(row);
        let second = if row + 1 < block.rows() { Some(block.row(row + 1)) } else { None };
        for next in row + 2..row + 4 {
            block.prefetch_source(next);
        }
        let mut x = HeldRow::load(simd, block.source_mut(first));
        let mut from = 0;
        if let Some(second) = second {
            let mut z = HeldRow::load(simd, block.source_mut(second));
            let both = second.len();
            for at in 0..both {
                // Behind the end of each comes the other, and behind that what is next.
                let ahead = if at + AHEAD < both { at + AHEAD } else { at + AHEAD + both };
                block.prefetch_target(first, ahead);
                block.prefetch_target(second, ahead);
                step(block, &mut x, first, at);
                step(block, &mut z, second, at);
            }
            z.store(block.source_mut(second));
            from = both;
        }
        for at in from..first.len() {
            step(block, &mut x, first, at);
        }
        x.store(block.source_mut(first));
        row += 2;
    }
}

/// One rating after the other, of rows too long for registers, or where users are items too.
#[inline(always)]
fn descend_in_memory<S: Simd, const PARTS: usize, const BIASES: bool>(
    descent: Descent<S, PARTS, BIASES>,
    block: &mut Block<'_, Sgd>,
) {
    for row in 0..block.rows() {
        block.prefetch_source(row + 2);
        let row = block.row(row);
        for at in 0..row.len() {
            block.prefetch_target(row, at + AHEAD);
            let (user, rating, item) = block.edge(row, at);
            descent.step_rows(user, item, *rating);
        }
    }
}
