//! The normal equations of one row of a matrix factorization, `(sum w x x^T + ridge I) y = sum t x`.
//!
//! Alternating least squares solves one such system for every vertex and sweep: x are the neighbours' factors, y the
//! vertex's own (Zhou, Wilkinson, Schreiber and Pan, "Large-scale parallel collaborative filtering for the Netflix Prize",
//! AAIM 2008). Explicit ratings have w = 1 and t = rating. Rows wait in a panel and are multiplied 48 at a
//! time; where a row has fewer neighbours than that, once.

use super::conjugate::{Directions, Iterate};
use super::factor::Factor;
use super::nonnegative::{Free, SolveNonnegative};
use super::solve::{SolveWith, Solved};
use super::{Gram, Terms};
use crate::aligned::Aligned;
use crate::isa::Isa;
use crate::vector::axpy;
use pulp::{Simd, WithSimd};

/// The normal equations of one row, and room to solve them. Made once a worker, cleared for every row.
///
/// ```
/// use gasworks_kernels::NormalEquations;
///
/// let mut equations = NormalEquations::new(2);
/// for (row, rating) in [([1.0, 0.0], 3.0), ([0.0, 2.0], 4.0), ([1.0, 2.0], 7.0)] {
///     equations.add(&row, rating);
/// }
/// let mut factors = [0.0; 2];
/// let solved = equations.solve(0.0, &mut factors);
/// assert!((factors[0] - 3.0).abs() < 1e-5 && (factors[1] - 2.0).abs() < 1e-5);
/// assert_eq!(solved.added_ridge, 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct NormalEquations {
    pub(super) gram: Gram,
    /// Right-hand side, padded as the panel's rows are.
    pub(super) target: Aligned,
    /// Targets of panel rows that are not yet in `target`: those from row `counted` of the panel on.
    waiting: Vec<f32>,
    pub(super) factor: Factor,
    pub(super) directions: Directions,
    pub(super) free: Free,
    isa: Isa,
}

impl NormalEquations {
    /// No equations yet, for rows of `rank` floats. What is not handed a token runs at [`Isa::detect`]'s level.
    ///
    /// # Panics
    /// If `rank` is 0.
    pub fn new(rank: usize) -> Self {
        Self::with_isa(rank, Isa::detect())
    }

    /// As [`NormalEquations::new`], but what is not handed a token runs at the level `isa`.
    ///
    /// # Panics
    /// If `rank` is 0 or the machine has not the level.
    pub fn with_isa(rank: usize, isa: Isa) -> Self {
        Self::keeping(rank, 0, isa)
    }

    /// As [`NormalEquations::with_isa`], but up to `rows` rows wait to be read by [`NormalEquations::iterate_with`] before they are
    /// multiplied: memory of `4 rank rows` bytes, as far as it is used.
    ///
    /// # Panics
    /// If `rank` is 0 or the machine has not the level.
    pub fn keeping(rank: usize, rows: usize, isa: Isa) -> Self {
        assert!(isa.is_available(), "instruction level {isa} is not available on this machine");
        let gram = Gram::keeping(rank, rows);
        let stride = gram.panel.stride();
        let waiting = Vec::with_capacity(gram.panel.room());
        let (factor, directions) = (Factor::new(stride), Directions::new(stride));
        let (target, free) = (Aligned::new(stride), Free::default());
        NormalEquations { gram, target, waiting, factor, directions, free, isa }
    }

    /// Floats of a row.
    pub fn rank(&self) -> usize {
        self.gram.rank()
    }

    /// Memory held, in bytes: about `8 rank^2`.
    pub fn bytes(&self) -> usize {
        let waiting = self.waiting.capacity() * size_of::<f32>();
        size_of::<Self>() - size_of::<Gram>()
            + self.gram.bytes()
            + self.target.bytes()
            + waiting
            + self.factor.bytes()
            + self.directions.bytes()
            + self.free.bytes()
    }

    /// Back to no equations, in time proportional to the rank.
    pub fn clear(&mut self) {
        self.gram.clear();
        self.waiting.clear();
        self.target.fill(0.0);
    }

    /// Adds `gram` to the matrix: the part that all rows of an implicit-feedback model share. Rows that wait are multiplied at the
    /// same time, their sums starting from `gram` where they would from zero; so add it last, when it costs nothing.
    ///
    /// # Panics
    /// If the ranks differ.
    #[inline(always)]
    pub fn add_gram<S: Simd>(&mut self, simd: S, gram: &Gram) {
        assert_eq!(self.rank(), gram.rank(), "the shared Gram matrix must have the same rank");
        self.count_waiting(simd);
        self.gram.settle_onto(simd, (!gram.fresh).then_some(&gram.matrix[..]));
    }

    /// Rows that come now are multiplied at once, until [`NormalEquations::clear`], where they would be kept: for a part of so many rows that
    /// [`NormalEquations::settle`] will multiply them anyway.
    pub fn multiply_at_once(&mut self) {
        self.gram.at_once = true;
    }

    /// Adds `x x^T` to the matrix and `target x` to the right-hand side, for one row at a time: the plain way. The
    /// same bits as [`NormalEquations::add_rows`], at a fraction of its speed.
    ///
    /// # Panics
    /// If the row has not exactly `rank` floats.
    pub fn add(&mut self, row: &[f32], target: f32) {
        if self.gram.panel.room() == 0 {
            self.isa.dispatch(Settle(self));
        }
        self.gram.panel.push(row);
        self.waiting.push(target);
    }

    /// Adds `n` rows of weight 1: `x x^T` to the matrix and `rating x` to the right-hand side, for `x = row(i)` and
    /// `rating = rating(i)`, i from 0 to `n - 1`.
    ///
    /// Both functions are called a few times for each i and must be cheap and pure. Rows are prefetched 16 ahead; dense
    /// columns whose rows start on cache lines are fastest. Bits depend on the order of rows only, not on how calls
    /// divide them. `n rank (rank + 3)` useful operations.
    ///
    /// # Panics
    /// If a row has not exactly `rank` floats.
    #[inline(always)]
    pub fn add_rows<'a, S: Simd>(
        &mut self,
        simd: S,
        n: usize,
        row: impl Fn(usize) -> &'a [f32],
        rating: impl Fn(usize) -> f32,
    ) {
        self.count_waiting(simd);
        self.gram.extend(simd, n, &row, &Rated(rating), &mut self.target);
    }

    /// Adds `n` weighted rows: `weight x x^T` to the matrix and `target x` to the right-hand side, for `x = row(i)`,
    /// `weight = weight(i)`, `target = target(i)`.
    ///
    /// The row is scaled by the weight's square root first, so weights must not be negative: a negative one makes the
    /// solution NaN. The target is taken as it is: for implicit feedback with confidence `1 + c` pass weight `c` and target
    /// `1 + c`, and add the shared Gram matrix. Otherwise as [`NormalEquations::add_rows`].
    ///
    /// # Panics
    /// If a row has not exactly `rank` floats.
    #[inline(always)]
    pub fn add_weighted_rows<'a, S: Simd>(
        &mut self,
        simd: S,
        n: usize,
        row: impl Fn(usize) -> &'a [f32],
        weight: impl Fn(usize) -> f32,
        target: impl Fn(usize) -> f32,
    ) {
        self.count_waiting(simd);
        self.gram.extend(simd, n, &row, &Weighted { weight, target }, &mut self.target);
    }

    /// Adds the equations of `other`: partial sums of one row, made by different workers.
    ///
    /// # Panics
    /// If the ranks differ.
    pub fn merge(&mut self, other: &Self) {
        self.isa.dispatch(Settle(self));
        self.gram.merge(&other.gram);
        for (sum, part) in self.target.iter_mut().zip(other.target.iter()) {
            *sum += part;
        }
        let (stride, pad) = (other.gram.panel.stride(), other.gram.panel.pad());
        for row in other.gram.panel.rows().chunks_exact(stride) {
            self.gram.panel.push(&row[pad..]);
        }
        // The rows of `other` that are counted already must not be counted again here.
        let counted = other.gram.panel.filled() - other.waiting.len();
        self.waiting.extend((0..counted).map(|_| 0.0).chain(other.waiting.iter().copied()));
    }

    /// As [`NormalEquations::solve_with`], outside dispatched code.
    ///
    /// # Panics
    /// If `solution` has not exactly `rank` floats.
    pub fn solve(&mut self, ridge: f32, solution: &mut [f32]) -> Solved {
        self.isa.dispatch(SolveWith { equations: self, ridge, solution })
    }

    /// Solves `(A + ridge I) y = b` into `solution`, whose old contents serve only to measure the change. The equations stay:
    /// they can be solved again with another ridge, or grow.
    ///
    /// Where the matrix is not positive definite beyond rounding noise (no ridge, and fewer rows than the rank), the ridge grows
    /// from `2^-20` of the largest diagonal element by factors of 4 until it is, and the result says by how much; no
    /// equations at all have the solution 0. While sums are finite the solution is finite. If the matrix or the right-hand side
    /// holds a NaN or an infinity (from an input, or by overflow), solution and change are NaN. About `rank^3 / 3`
    /// operations.
    ///
    /// # Panics
    /// If `solution` has not exactly `rank` floats, or the ridge is negative or not finite.
    #[inline(always)]
    pub fn solve_with<S: Simd>(&mut self, simd: S, ridge: f32, solution: &mut [f32]) -> Solved {
        // A function of its own: the caller's loop keeps its registers.
        simd.vectorize(SolveWith { equations: self, ridge, solution })
    }

    /// Brings `solution` nearer to that of `(A + shared + ridge I) y = b` by `steps` steps of conjugate gradients from where it is, and
    /// without multiplying the rows out where they were kept ([`NormalEquations::keeping`]): about `4 rank rows` operations a step,
    /// and as many to begin with. As many steps as the rank solve the system up to rounding. No equations at all have the
    /// solution 0. If numbers overflow or are NaN, solution and change are NaN.
    ///
    /// # Panics
    /// If `solution` has not exactly `rank` floats, the ridge is negative or not finite, or `shared` has another rank or is not
    /// [`complete`](Gram::complete).
    #[inline(always)]
    pub fn iterate_with<S: Simd>(
        &mut self,
        simd: S,
        shared: Option<&Gram>,
        ridge: f32,
        steps: u32,
        solution: &mut [f32],
    ) -> Solved {
        // A function of its own: the caller's loop keeps its registers.
        simd.vectorize(Iterate { equations: self, shared, ridge, steps, solution })
    }

    /// As [`NormalEquations::iterate_with`], outside dispatched code.
    ///
    /// # Panics
    /// As there.
    pub fn iterate(&mut self, shared: Option<&Gram>, ridge: f32, steps: u32, solution: &mut [f32]) -> Solved {
        self.isa.dispatch(Iterate { equations: self, shared, ridge, steps, solution })
    }

    /// The `y >= 0` with the least `y^T (A + ridge I) y - 2 b^T y`, from `solution`: near the best one, little work. Exact up to
    /// rounding where the matrix is positive definite. Some sweeps of `2 rank^2` and factorizations of `rank^3 / 3` operations. If
    /// numbers overflow or are NaN, solution and change are NaN. The first call makes room for a copy of the matrix.
    ///
    /// # Panics
    /// If `solution` has not exactly `rank` floats, or the ridge is negative or not finite.
    #[inline(always)]
    pub fn solve_nonnegative_with<S: Simd>(&mut self, simd: S, ridge: f32, solution: &mut [f32]) -> Solved {
        // A function of its own: the caller's loop keeps its registers.
        simd.vectorize(SolveNonnegative { equations: self, ridge, solution })
    }

    /// As [`NormalEquations::solve_nonnegative_with`], outside dispatched code.
    ///
    /// # Panics
    /// As there.
    pub fn solve_nonnegative(&mut self, ridge: f32, solution: &mut [f32]) -> Solved {
        self.isa.dispatch(SolveNonnegative { equations: self, ridge, solution })
    }

    /// Adds the right-hand side of rows that came one at a time.
    #[inline(always)]
    pub(super) fn count_waiting<S: Simd>(&mut self, simd: S) {
        if !self.waiting.is_empty() {
            let panel = &self.gram.panel;
            let start = (panel.filled() - self.waiting.len()) * panel.stride();
            for (row, &target) in panel.rows()[start..].chunks_exact(panel.stride()).zip(&self.waiting) {
                axpy(simd, target, row, &mut self.target);
            }
            self.waiting.clear();
        }
    }

    /// Multiplies the rows that still wait in the panel. Never needed for the result; a worker that sums a part for another to
    /// [`NormalEquations::merge`] does that work itself if it settles first.
    #[inline(always)]
    pub fn settle<S: Simd>(&mut self, simd: S) {
        self.count_waiting(simd);
        self.gram.settle(simd);
    }
}

/// Empties the panel.
struct Settle<'a>(&'a mut NormalEquations);

impl WithSimd for Settle<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.settle(simd)
    }
}

/// Rows of weight 1.
struct Rated<R>(R);

impl<R: Fn(usize) -> f32> Terms for Rated<R> {
    const SCALED: bool = false;
    const TARGETS: bool = true;
    #[inline(always)]
    fn scale(&self, _: usize) -> f32 {
        1.0
    }
    #[inline(always)]
    fn target(&self, i: usize) -> f32 {
        (self.0)(i)
    }
}

/// Rows with a weight each.
struct Weighted<W, T> {
    weight: W,
    target: T,
}

impl<W: Fn(usize) -> f32, T: Fn(usize) -> f32> Terms for Weighted<W, T> {
    const SCALED: bool = true;
    const TARGETS: bool = true;
    #[inline(always)]
    fn scale(&self, i: usize) -> f32 {
        (self.weight)(i).sqrt()
    }
    #[inline(always)]
    fn target(&self, i: usize) -> f32 {
        (self.target)(i)
    }
}
