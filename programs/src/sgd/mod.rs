//! Matrix factorization by stochastic gradient descent (Funk 2006; Koren, Bell, Volinsky 2009, "Matrix factorization techniques
//! for recommender systems"), in parallel over blocks of ratings without a common user or item (Gemulla et al. 2011; Chin et al.
//! 2015).
//!
//! Ratings are the edges of a bipartite graph of users and items; each vertex has a row of factors. A step takes one rating and moves
//! the rows of its user and its item along the gradient of `(rating - x . y)^2 + lambda (|x|^2 + |y|^2)`.

mod passes;

use gasworks_engine::{Block, Context, EdgeProgram, Row, Simd};
use gasworks_kernels::descent::{Descent, Step};

use passes::{Adaptive, descend};

/// Numbers in a cache line: rows are whole lines.
const LINE: usize = 16;

/// How the learning rate falls.
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
    /// That of each row by itself, with the squares of the gradients that it has seen: by the root of 1 and the sum of their means over
    /// the factors (Chin, Zhuang, Juan, Lin 2015, "A learning-rate schedule for stochastic gradient methods to matrix
    /// factorization", section 3.1, with one rate for all factors of a row).
    Adaptive(f32),
}

impl Rate {
    /// That of a pass, counted from 0; where it is adaptive, of a row that has seen nothing.
    pub fn of_pass(self, pass: u64) -> f32 {
        match self {
            Rate::Constant(rate) | Rate::Adaptive(rate) => rate,
            Rate::Decaying { first, factor } => first * factor.powi(pass.min(10_000) as i32),
        }
    }
}

/// Explicit ratings. Run on a bipartite graph of residuals, started with small random factors of both sides.
///
/// A step takes O(rank). It pays lambda for both rows, so a row pays in proportion to its ratings, as under the weighted regularization of
/// [`Als`](crate::Als).
///
/// # Why these defaults
///
/// Those of [`Settings::sgd`](crate::factorization::Settings::sgd), but for lambda (see [`factorization`](crate::factorization)), were chosen by the mean
/// RMSE on three validation splits of MovieLens ml-latest-small (a tenth of each user's training ratings, splits 101 to 103 within the
/// training part of split 0), after 40 passes from one start, with rate 0.05 and decay 0.95; mean and biases alone: 0.8660, alternating least
/// squares of rank 32 with its lambda of 0.15: 0.8475.
///
/// | biases | rank | lambda 0.05 | 0.08 | 0.1 | 0.12 | 0.15 |
/// |---|---|---|---|---|---|---|
/// | subtracted | 8 | 0.8769 | 0.8598 | 0.8543 | 0.8532 | 0.8582 |
/// | subtracted | 16 | 0.8738 | 0.8535 | 0.8492 | 0.8497 | 0.8563 |
/// | subtracted | 32 | 0.8655 | 0.8485 | **0.8461** | 0.8482 | 0.8565 |
/// | subtracted | 64 | 0.8561 | 0.8457 | 0.8447 | 0.8474 | 0.8559 |
/// | learned | 8 | 0.8767 | 0.8607 | 0.8561 | 0.8557 | 0.8616 |
/// | learned | 16 | 0.8737 | 0.8548 | 0.8514 | 0.8526 | 0.8598 |
/// | learned | 32 | 0.8654 | 0.8500 | 0.8486 | 0.8514 | 0.8601 |
/// | learned | 64 | 0.8568 | 0.8475 | 0.8472 | 0.8506 | 0.8596 |
///
/// Rate and decay, at rank 32, lambda 0.1, biases subtracted: at small rates the factors have not left their start after 40 passes, at great ones they
/// have begun to fit the noise.
///
/// | rate | decay 0.9 | 0.95 | 0.97 | 1 |
/// |---|---|---|---|---|
/// | 0.02 | 0.8659 | 0.8637 | 0.8558 | 0.8463 |
/// | 0.03 | 0.8652 | 0.8526 | 0.8468 | 0.8475 |
/// | 0.05 | 0.8554 | **0.8461** | 0.8471 | 0.8501 |
/// | 0.08 | 0.8463 | 0.8477 | 0.8490 | 0.8520 |
///
/// Rank 64 is better by 0.0014 for rows twice as long, so 32 stays. Learned biases lose 0.0025 to fitted ones here, likely because lambda
/// weighs on them as on factors, which suits them less than the damping of the baseline.
///
/// An adaptive rate, at rank 32, lambda 0.1, biases subtracted, needs no decay and comes to the same:
///
/// | rate | after 10 passes | 20 | 30 | 40 |
/// |---|---|---|---|---|
/// | 0.03 | 0.8655 | 0.8538 | 0.8472 | 0.8464 |
/// | 0.05 | 0.8595 | 0.8465 | 0.8469 | 0.8479 |
/// | 0.08 | 0.8486 | 0.8474 | 0.8488 | 0.8493 |
/// | 0.12 | 0.8472 | 0.8491 | 0.8495 | 0.8494 |
///
/// Settings were chosen by these figures, which are therefore slightly flattering.
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
            Rate::Constant(rate) | Rate::Adaptive(rate) => is_rate(rate),
            Rate::Decaying { first, factor } => is_rate(first) && is_rate(factor),
        };
        assert!(rates, "a learning rate is above 0 and finite, got {rate:?}");
        Sgd { rank, lambda, rate, has_biases: false }
    }

    /// Learns a bias of each user and each item beside the factors.
    pub fn with_biases(self) -> Self {
        Sgd { has_biases: true, ..self }
    }

    /// Whether biases are learned beside the factors.
    pub fn has_biases(&self) -> bool {
        self.has_biases
    }

    /// Numbers in the row of a vertex: the factors, zeros up to a whole cache line, and at its end two for biases where they are
    /// learned: of a user the bias and a 1, of an item a 1 and the bias, so that the inner product adds both. An adaptive rate takes two
    /// more before them, of which each side uses one.
    pub fn width(&self) -> usize {
        let biases = if self.has_biases { 2 } else { 0 };
        (self.rank + biases + if self.is_adaptive() { 2 } else { 0 }).next_multiple_of(LINE)
    }

    fn is_adaptive(&self) -> bool {
        matches!(self.rate, Rate::Adaptive(_))
    }

    /// Where a row keeps the number that its rate depends on.
    fn number_at(&self, is_user: bool) -> usize {
        let own = if self.has_biases { 4 } else { 2 };
        self.width() - own + usize::from(!is_user)
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
        if self.is_adaptive() {
            row[self.number_at(is_user)] = 1.0;
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
        let at = [self.number_at(true), self.number_at(false)];
        let own = if self.is_adaptive() { [user[at[0]], item[at[1]]] } else { [1.0; 2] };
        let rates = own.map(|number| rate / number.sqrt());
        let ones = if self.has_biases { [user.len() - 1, user.len() - 2] } else { [usize::MAX; 2] };
        let mut squares = [0.0; 2];
        for (place, (x, y)) in user.iter_mut().zip(item.iter_mut()).enumerate() {
            if self.is_adaptive() && at.contains(&place) {
                continue;
            }
            let mut gradients = [error * *y - lambda * *x, error * *x - lambda * *y];
            for side in (0..2).filter(|side| ones[*side] == place) {
                gradients[side] = 0.0;
            }
            (*x, *y) = (*x + rates[0] * gradients[0], *y + rates[1] * gradients[1]);
            squares = [squares[0] + gradients[0].powi(2), squares[1] + gradients[1].powi(2)];
        }
        if self.is_adaptive() {
            let share = 1.0 / self.rank as f32;
            (user[at[0]], item[at[1]]) = (own[0] + share * squares[0], own[1] + share * squares[1]);
        }
    }

    #[inline(always)]
    fn update_block<S: Simd>(&self, simd: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        match S::F32_LANES {
            16 => self.pass::<S, 1>(simd, cx, block),
            8 => self.pass::<S, 2>(simd, cx, block),
            4 => self.pass::<S, 4>(simd, cx, block),
            _ => self.pass::<S, 16>(simd, cx, block),
        }
    }
}

impl Sgd {
    #[inline(always)]
    fn pass<S: Simd, const PARTS: usize>(&self, simd: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>) {
        let (step, width) = (self.step(cx.round), self.width());
        match (self.rate, self.has_biases) {
            (Rate::Adaptive(first), _) => {
                descend(simd, Adaptive::<S, PARTS>::new(simd, self, first), width, block);
            }
            (_, true) => descend(simd, Descent::<S, PARTS, true>::new(simd, step), width, block),
            (_, false) => descend(simd, Descent::<S, PARTS, false>::new(simd, step), width, block),
        }
    }
}
