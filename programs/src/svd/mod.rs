//! The greatest singular values of a sparse matrix, and their vectors, by Lanczos bidiagonalization.
//!
//! Golub and Kahan (1965, "Calculating the singular values and pseudo-inverse of a matrix", section 3) build two orthonormal bases from
//! products with the matrix and its transpose; between them the matrix is small, and its singular values come near the greatest ones of
//! the whole. The products are a vertex program ([`Multiply`]); each new vector is made orthogonal to all before it, so that no value is found
//! twice. When a basis is full, the best triples are kept and the rest is dropped (Baglama and Reichel 2005, "Augmented implicitly restarted
//! Lanczos bidiagonalization methods", section 3), so that memory is bounded and the accuracy is not.
//!
//! One start sees one direction of each singular space. So once all triples have converged, a random direction is tried in place of what
//! is left; what it finds beyond them is taken in, and the search ends when it finds nothing. Multiple values are thus found as often as they
//! occur, with the probability that a random direction has.

pub(crate) mod dense;
mod lanczos;
mod product;
pub(crate) mod vectors;

use std::ops::ControlFlow;

use gasworks_engine::graph::Graph;
use gasworks_engine::{Error, Isa};
use rayon::prelude::*;

use dense::{Small, decompose};
use lanczos::Lanczos;
use product::Products;
use vectors::{combine, length};

pub use product::Multiply;

/// Which singular triples to look for, and how.
///
/// ```
/// use std::ops::ControlFlow;
/// use gasworks_engine::graph::GraphBuilder;
/// use gasworks_programs::svd::Svd;
/// // [[3, 0], [0, -4], [0, 0]]
/// let entries = GraphBuilder::bipartite(3, 2).weighted_edges(&[[0, 0], [1, 1]], &[3.0f32, -4.0]);
/// let mut matrix = entries.build()?.with_vertices(|_| 0.0);
/// let found = Svd { rank: 2, ..Svd::default() }.run(&mut matrix, |_| ControlFlow::Continue(()))?;
/// assert!((found.values[0] - 4.0).abs() < 1e-12 && (found.values[1] - 3.0).abs() < 1e-12);
/// // The second of two left vectors, row by row: the first row alone.
/// assert!((found.left[1].abs() - 1.0).abs() < 1e-12 && found.left[3].abs() < 1e-12);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Svd {
    /// How many triples, the greatest ones; 1 up to the lesser number of rows and columns. Default 10.
    pub rank: usize,
    /// The residual of a triple at which it has converged, as a share of the greatest singular value; 0 or more. Below 1e-14 rounding may keep
    /// the run from ever ending but by `cycles`. Default 1e-8; values are then far more accurate, vectors by this over the gap to other values.
    pub tolerance: f64,
    /// Vectors of a basis at most; above `rank`, or all that the smaller side has. Default `None`: twice the rank, but at least 20 more than it.
    pub basis: Option<usize>,
    /// How often a basis is filled, at most; 1 or more. Default 500.
    pub cycles: u64,
    /// Decides the random directions. Default 0.
    pub seed: u64,
    /// Threads of the products; vectors are treated in the surrounding thread pool. The bits do not depend on either. Default 1.
    pub threads: usize,
    /// The vector instructions of the products. Default: the best of the machine.
    pub isa: Isa,
}

impl Default for Svd {
    fn default() -> Self {
        let isa = Isa::detect();
        Svd { rank: 10, tolerance: 1e-8, basis: None, cycles: 500, seed: 0, threads: 1, isa }
    }
}

/// How far a run has come; told after each step, and at the end of each cycle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SvdProgress {
    /// How often a basis has been filled.
    pub cycles: u64,
    /// Steps, each a product with the matrix and one with its transpose.
    pub steps: u64,
    /// Visits of vertices: rows and columns that were multiplied.
    pub updates: u64,
    /// The values at the end of the last cycle, descending.
    pub values: Vec<f64>,
    /// About the residual of each of them.
    pub residuals: Vec<f64>,
}

/// Singular triples: `A right_i = values_i left_i` and `A^T left_i = values_i right_i`, up to the residual.
#[derive(Clone, Debug, PartialEq)]
pub struct SingularTriples {
    /// Descending, none negative.
    pub values: Vec<f64>,
    /// Left vectors: rows x values, row-major. Each is of length 1, its element of the greatest size positive.
    pub left: Vec<f64>,
    /// Right vectors: columns x values, row-major, of length 1.
    pub right: Vec<f64>,
    /// `sqrt(|A v - s u|^2 + |A^T u - s v|^2)` of each triple, from products made at the end: a singular value of the matrix is within this of
    /// `s`.
    pub residuals: Vec<f64>,
    /// Whether all that were asked for were found, each residual within the tolerance.
    pub converged: bool,
    /// How far the run came.
    pub progress: SvdProgress,
}

impl Svd {
    /// The greatest singular triples of a matrix: rows are the left vertices of a bipartite graph, columns the right ones, edges the
    /// entries; parallel edges add up. What stands on the vertices is overwritten. `watch` is told of each step and the end of each cycle; if it breaks, the run ends with the best
    /// triples so far, of which there may be fewer.
    ///
    /// A step takes O(entries + (rows + columns) basis), the end of a cycle O((rows + columns) basis^2 + basis^3). Memory: 8 bytes for each vector of
    /// a basis and row or column, twice that at the end of a cycle.
    ///
    /// # Errors
    /// If an option is out of its range, as a rank is where the graph is not bipartite.
    pub fn run(
        &self,
        matrix: &mut Graph<f64, f32>,
        mut watch: impl FnMut(&SvdProgress) -> ControlFlow<()>,
    ) -> Result<SingularTriples, Error> {
        let full = self.basis_for(matrix)?;
        let products = Products { matrix, threads: self.threads, isa: self.isa, updates: 0 };
        let mut lanczos = Lanczos::new(products, self.seed);
        let mut progress = SvdProgress::default();
        // The values with which a random direction was sent out.
        let mut sent_with: Option<Vec<f64>> = None;
        let small = loop {
            let mut stopped = false;
            while lanczos.len() < full && !lanczos.is_complete() && !stopped {
                lanczos.step()?;
                progress.steps += 1;
                progress.updates = lanczos.products.updates;
                stopped = watch(&progress).is_break();
            }
            progress.cycles += 1;
            let small = decompose(lanczos.small());
            self.judge(&small, &lanczos, &mut progress);
            stopped |= watch(&progress).is_break();
            // A quarter, since what a random direction replaces adds to the residual.
            let close = 0.25 * self.tolerance * small.values[0];
            let converged = progress.residuals.iter().all(|residual| *residual <= close);
            let settled = converged
                && sent_with.as_ref().is_some_and(|sent| {
                    sent.iter().zip(&progress.values).all(|(sent, value)| (value - sent).abs() <= close)
                });
            if stopped || settled || lanczos.is_complete() || progress.cycles >= self.cycles {
                break small;
            }
            sent_with = converged.then(|| progress.values.clone());
            let keep = if converged { self.rank } else { self.rank.midpoint(full).min(full - 1) };
            lanczos.restart(&small, keep, converged);
        };
        self.finish(lanczos, small, progress)
    }

    /// How many vectors a basis holds where the matrix is this one.
    ///
    /// # Errors
    /// As [`run`](Svd::run), before anything is computed.
    pub fn basis_for(&self, matrix: &Graph<f64, f32>) -> Result<usize, Error> {
        let sides = matrix.topology().left().map(|left| [left as usize, matrix.vertices() - left as usize]);
        let smaller = sides.map_or(0, |[rows, columns]| rows.min(columns));
        let refuse = |expected: String, found: String, advice: &str| {
            Err(Error::Usage { expected, found, advice: advice.into() })
        };
        if !(1..=smaller).contains(&self.rank) {
            let expected = format!("a rank from 1 to {smaller}, the lesser number of rows and columns");
            return refuse(expected, self.rank.to_string(), "a matrix has so many singular values");
        }
        if let Some(basis) = self.basis.filter(|basis| *basis <= self.rank && *basis < smaller) {
            let expected = format!("a basis of more than {} vectors", self.rank);
            return refuse(expected, basis.to_string(), "it holds the triples, and what leads beyond them");
        }
        if self.tolerance.is_nan() || self.tolerance < 0.0 {
            return refuse("a tolerance of 0 or more".into(), self.tolerance.to_string(), "1e-8 is usual");
        }
        if self.cycles == 0 {
            return refuse("1 cycle or more".into(), "0".into(), "leave it out");
        }
        Ok(self.basis.unwrap_or((2 * self.rank).max(self.rank + 20)).min(smaller))
    }

    /// The triples of B as those of the matrix: what is not seen of it is the coupling, by which the last vector leads on.
    fn judge(&self, small: &Small, lanczos: &Lanczos<'_>, progress: &mut SvdProgress) {
        let count = self.rank.min(small.values.len());
        let last = lanczos.len() - 1;
        let coupling = if lanczos.is_complete() { 0.0 } else { lanczos.coupling };
        progress.values = small.values[..count].to_vec();
        progress.residuals = small.left[..count].iter().map(|left| coupling * left[last].abs()).collect();
    }

    fn finish(
        &self,
        mut lanczos: Lanczos<'_>,
        small: Small,
        mut progress: SvdProgress,
    ) -> Result<SingularTriples, Error> {
        let count = self.rank.min(small.values.len());
        lanczos.starts = combine(&lanczos.starts, &small.right[..count]);
        lanczos.others = combine(&lanczos.others, &small.left[..count]);
        let (mut products, mut left, mut right) = lanczos.sides();
        let values = small.values[..count].to_vec();
        let mut residuals = Vec::with_capacity(count);
        for ((left, right), value) in left.iter_mut().zip(&mut right).zip(&values) {
            let greatest =
                left.iter().copied().fold(0.0, |most: f64, x| if x.abs() > most.abs() { x } else { most });
            if greatest < 0.0 {
                left.iter_mut().chain(right.iter_mut()).for_each(|x| *x = -*x);
            }
            let miss = |product: Vec<f64>, vector: &[f64]| {
                length(&product.iter().zip(vector).map(|(found, x)| found - value * x).collect::<Vec<_>>())
            };
            let over_rows = miss(products.over(true, right)?, left);
            residuals.push(over_rows.hypot(miss(products.over(false, left)?, right)));
        }
        progress.updates = products.updates;
        let close = self.tolerance * values.first().copied().unwrap_or(0.0);
        let converged = count == self.rank && residuals.iter().all(|residual| *residual <= close);
        let (left, right) = (by_rows(&left), by_rows(&right));
        Ok(SingularTriples { values, left, right, residuals, converged, progress })
    }
}

/// Columns as a row-major matrix.
fn by_rows(columns: &[Vec<f64>]) -> Vec<f64> {
    let rows = columns.first().map_or(0, Vec::len);
    (0..rows).into_par_iter().flat_map_iter(|row| columns.iter().map(move |column| column[row])).collect()
}

#[cfg(test)]
mod tests;
