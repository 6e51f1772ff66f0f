//! The bidiagonalization: orthonormal bases of rows and columns between which the matrix is small.
//!
//! After each step, with V the basis of the side that it starts on and U that of the other side, `A V = U B` and `A^T U = V B^T + r e^T`,
//! where e is the last unit vector: what is not yet seen of the matrix is one vector, r.

use gasworks_engine::Error;

use super::dense::Small;
use super::product::Products;
use super::vectors::{Source, combine, orthonormalize};

/// A vector that is left with at most this share of the matrix's norm is rounding.
const ROUNDING: f64 = 1e-15;

pub(super) struct Lanczos<'g> {
    pub(super) products: Products<'g>,
    /// Whether V is over the rows: over the smaller side, so that it can span all of it.
    over_rows: bool,
    /// V and U.
    pub(super) starts: Vec<Vec<f64>>,
    pub(super) others: Vec<Vec<f64>>,
    /// B by columns, each as long as there are columns up to it.
    columns: Vec<Vec<f64>>,
    /// The direction of r, and its length: none where V spans all of its side.
    next: Option<Vec<f64>>,
    pub(super) coupling: f64,
    /// The greatest length of a product so far: not more than the matrix's norm.
    norm: f64,
    source: Source,
}

impl<'g> Lanczos<'g> {
    pub(super) fn new(products: Products<'g>, seed: u64) -> Self {
        let over_rows = products.side(true).len() < products.side(false).len();
        let mut source = Source::new(seed);
        let next = source.orthogonal_to(&[], products.side(over_rows).len());
        Lanczos {
            products,
            over_rows,
            starts: Vec::new(),
            others: Vec::new(),
            columns: Vec::new(),
            next: Some(next),
            coupling: 0.0,
            norm: 0.0,
            source,
        }
    }

    /// Vectors of a basis.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether nothing of the matrix is left to be seen.
    pub(super) fn is_complete(&self) -> bool {
        self.next.is_none()
    }

    /// Adds a vector to each basis.
    pub(super) fn step(&mut self) -> Result<(), Error> {
        let Some(start) = self.next.take() else { return Ok(()) };
        let mut other = self.products.over(!self.over_rows, &start)?;
        let (mut column, length) = self.orthonormalize(&mut other, false);
        if length == 0.0 {
            other = self.source.orthogonal_to(&self.others, other.len());
        }
        column.push(length);
        self.columns.push(column);
        self.starts.push(start);
        let mut next = self.products.over(self.over_rows, &other)?;
        self.others.push(other);
        self.coupling = self.orthonormalize(&mut next, true).1;
        self.next = match next.len() == self.starts.len() {
            true => None,
            false if self.coupling == 0.0 => Some(self.source.orthogonal_to(&self.starts, next.len())),
            false => Some(next),
        };
        Ok(())
    }

    fn orthonormalize(&mut self, product: &mut [f64], is_start: bool) -> (Vec<f64>, f64) {
        self.norm = self.norm.max(super::vectors::length(product));
        let basis = if is_start { &self.starts } else { &self.others };
        orthonormalize(basis, product, ROUNDING * self.norm)
    }

    /// B by columns, square.
    pub(super) fn small(&self) -> Vec<Vec<f64>> {
        let square = |column: &Vec<f64>| {
            let mut column = column.clone();
            column.resize(self.len(), 0.0);
            column
        };
        self.columns.iter().map(square).collect()
    }

    /// Keeps the first singular triples of B, and with them the same relations (Baglama, Reichel 2005, section 3). With `afresh`, what comes
    /// next is another random direction instead of r.
    pub(super) fn restart(&mut self, small: &Small, keep: usize, afresh: bool) {
        self.starts = combine(&self.starts, &small.right[..keep]);
        self.others = combine(&self.others, &small.left[..keep]);
        let diagonal =
            |at: usize| (0..=at).map(|row| if row == at { small.values[at] } else { 0.0 }).collect();
        self.columns = (0..keep).map(diagonal).collect();
        if afresh && let Some(next) = &mut self.next {
            *next = self.source.orthogonal_to(&self.starts, next.len());
        }
    }

    /// Bases of rows and of columns.
    pub(super) fn sides(self) -> (Products<'g>, Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let (rows, columns) = match self.over_rows {
            true => (self.starts, self.others),
            false => (self.others, self.starts),
        };
        (self.products, rows, columns)
    }
}
