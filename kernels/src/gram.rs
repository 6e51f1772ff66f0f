//! Gram matrices and normal equations of one rank.
//!
//! `tile` is the arithmetic, `update` the symmetric rank-k update made of it, `panel` the block of rows that the update
//! reads, `factor` the Cholesky factorization, `equations` the least-squares problem of one row, `solve` its ridge and exact solution,
//! `conjugate` a nearer one by conjugate gradients, `nonnegative` the best one without negative elements.

mod conjugate;
mod equations;
mod factor;
mod nonnegative;
mod panel;
mod solve;
mod tile;
mod update;

pub use equations::NormalEquations;
pub use solve::Solved;

use crate::aligned::Aligned;
use panel::{Panel, ROWS, Span, Terms};
use pulp::Simd;
use update::Update;

/// A sum of outer products `x x^T` over rows `x` of `rank` floats.
///
/// Implicit feedback needs the Gram matrix of a whole factor column as the common part of all its normal equations (Hu, Koren and
/// Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008): sum it here, in parts where
/// several workers share the column, and add it to each row's equations with [`NormalEquations::add_gram`].
///
/// ```
/// use gasworks_kernels::{Gram, Isa};
/// use pulp::{Simd, WithSimd};
///
/// struct Sum<'a>(&'a mut Gram, &'a [[f32; 2]]);
/// impl WithSimd for Sum<'_> {
///     type Output = ();
///     #[inline(always)]
///     fn with_simd<S: Simd>(self, simd: S) {
///         self.0.add_rows(simd, self.1.len(), |i| &self.1[i]);
///     }
/// }
/// let mut gram = Gram::new(2);
/// Isa::detect().dispatch(Sum(&mut gram, &[[1.0, 2.0], [3.0, 4.0]]));
/// assert_eq!((gram.get(0, 0), gram.get(1, 0), gram.get(1, 1)), (10.0, 14.0, 20.0));
/// ```
#[derive(Clone, Debug)]
pub struct Gram {
    panel: Panel,
    /// Square of side `panel.stride()`, upper block triangle, or all of it where it is `complete`; meaningless while `fresh`.
    matrix: Aligned,
    fresh: bool,
    complete: bool,
    /// Whether rows are multiplied as they come, though there be room to keep them.
    at_once: bool,
}

impl Gram {
    /// The zero matrix.
    ///
    /// # Panics
    /// If `rank` is 0.
    pub fn new(rank: usize) -> Self {
        Self::keeping(rank, ROWS)
    }

    /// The zero matrix, with room for so many rows that are not yet multiplied.
    fn keeping(rank: usize, rows: usize) -> Self {
        assert!(rank > 0, "a Gram matrix needs a rank of at least 1");
        let panel = Panel::new(rank, rows.max(ROWS));
        let matrix = Aligned::new(panel.stride() * panel.stride());
        Gram { panel, matrix, fresh: true, complete: false, at_once: false }
    }

    /// Floats of a row.
    pub fn rank(&self) -> usize {
        self.panel.rank()
    }

    /// Memory held, in bytes: about `4 rank^2`.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.panel.bytes() + self.matrix.bytes()
    }

    /// Element (i, j), which is also element (j, i).
    ///
    /// # Panics
    /// If `i` or `j` is not less than the rank.
    pub fn get(&self, i: usize, j: usize) -> f32 {
        assert!(i < self.rank() && j < self.rank(), "element ({i}, {j}) of a matrix of rank {}", self.rank());
        let (row, column) = (self.panel.pad() + i.min(j), self.panel.pad() + i.max(j));
        if self.fresh { 0.0 } else { self.matrix[row * self.panel.stride() + column] }
    }

    /// Back to zero, in constant time.
    pub fn clear(&mut self) {
        self.panel.clear();
        self.fresh = true;
        self.complete = false;
        self.at_once = false;
    }

    /// Fills the half of the matrix that sums leave out, which [`NormalEquations::iterate_with`] reads of a shared one. Lasts until something is
    /// added.
    pub fn complete(&mut self) {
        let stride = self.panel.stride();
        if self.fresh {
            self.matrix.fill(0.0);
            self.fresh = false;
        }
        if !self.complete {
            for row in 1..stride {
                let (above, below) = self.matrix.split_at_mut(row * stride);
                for (column, element) in below[..row].iter_mut().enumerate() {
                    *element = above[column * stride + row];
                }
            }
            self.complete = true;
        }
    }

    /// Adds the outer products of rows `row(0)` to `row(n - 1)`: `n rank (rank + 1)` useful operations.
    ///
    /// # Panics
    /// If a row has not exactly `rank` floats.
    #[inline(always)]
    pub fn add_rows<'a, S: Simd>(&mut self, simd: S, n: usize, row: impl Fn(usize) -> &'a [f32]) {
        self.extend(simd, n, &row, &Plain, &mut []);
        self.settle(simd);
    }

    /// Adds another sum of the same rank.
    ///
    /// # Panics
    /// If the ranks differ.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.rank(), other.rank(), "only Gram matrices of equal rank can be merged");
        if other.fresh {
            return;
        }
        self.complete = false;
        if self.fresh {
            self.matrix.copy_from_slice(&other.matrix);
            self.fresh = false;
        } else {
            for (sum, part) in self.matrix.iter_mut().zip(other.matrix.iter()) {
                *sum += part;
            }
        }
    }

    /// Copies rows into the panel, and empties it into the matrix whenever it is full.
    #[inline(always)]
    fn extend<'a, S: Simd, T: Terms>(
        &mut self,
        simd: S,
        n: usize,
        row: &impl Fn(usize) -> &'a [f32],
        terms: &T,
        target: &mut [f32],
    ) {
        // Rows of which there are too many to keep are multiplied while they are in the first-level cache.
        let keeps = !self.at_once && self.panel.filled() + n <= self.panel.capacity();
        let limit = if keeps { self.panel.capacity() } else { ROWS };
        let mut first = 0;
        while first < n {
            if self.panel.filled() >= limit {
                self.settle(simd);
            }
            let count = (limit - self.panel.filled()).min(n - first);
            self.panel.fill(simd, Span { first, count, total: n }, row, terms, target);
            first += count;
        }
    }

    /// Adds what is in the panel to the matrix.
    #[inline(always)]
    fn settle<S: Simd>(&mut self, simd: S) {
        if self.panel.filled() > 0 {
            self.settle_onto(simd, None);
        }
    }

    /// Adds what is in the panel, and the other matrix.
    #[inline(always)]
    fn settle_onto<S: Simd>(&mut self, simd: S, mut base: Option<&[f32]>) {
        let (stride, pad) = (self.panel.stride(), self.panel.pad());
        let rows = self.panel.rows();
        let mut first = 0;
        while first < rows.len() || base.is_some() {
            let panel = &rows[first..rows.len().min(first + ROWS * stride)];
            let (base, fresh) = (base.take(), self.fresh);
            // A function of its own: the caller's loop keeps its registers.
            simd.vectorize(Update { matrix: &mut self.matrix, panel, stride, pad, fresh, base });
            self.fresh = false;
            first += panel.len();
        }
        self.complete = false;
        self.panel.clear();
    }
}

/// Rows without weights or targets.
struct Plain;

impl Terms for Plain {
    const SCALED: bool = false;
    const TARGETS: bool = false;
    #[inline(always)]
    fn scale(&self, _: usize) -> f32 {
        1.0
    }
    #[inline(always)]
    fn target(&self, _: usize) -> f32 {
        0.0
    }
}
