//! Matrix factorization by cyclic coordinate descent, one feature after another (CCD++).
//!
//! Yu, Hsieh, Si, Dhillon (2012, "Scalable coordinate descent approaches to parallel matrix factorization for recommender systems", section 3.2)
//! minimize the objective of alternating least squares ([`Als`](crate::Als)),
//!
//! `sum over ratings of (rating - x . y)^2 + sum over rows of ridge |x|^2`,
//!
//! one number at a time: while all others stand still, the best value of a factor is
//!
//! `x_k <- sum of (e + x_k y_k) y_k / (ridge + sum of y_k^2)`, over the row's ratings,
//!
//! where e is what is not yet explained of a rating. That residual is kept on its edge and corrected by each step, so that a step costs the row's
//! ratings, whatever the rank, and no system is solved. All rows of both sides take steps in one feature a few times, which finds the best
//! rank-one part of what the other features leave over, before all go on to the next.

use gasworks_engine::graph::Graph;
use gasworks_engine::{Context, Edges, Row, Scope, Signal, UpdateFunction, consistency};

use crate::factorization::Regularization;

/// Explicit ratings on the edges of a bipartite graph, which become residuals.
///
/// What stands on the edges must be the rating less the product of its rows: simplest where one side starts at 0 and the other, visited second, with
/// small random factors. A visit of a vertex takes one step, in the feature that the number of its visits gives, and always wakes the vertex again: limit the rounds.
/// [`visits`](Ccd::visits) of each vertex are an iteration over all features. Run it under a sweep and coloring, by which all are at the
/// same feature, one side after the other, to the same bits for every number of threads. In any other serializable order the objective never rises
/// either. Under relaxed exclusion, residuals lose changes.
///
/// A visit takes O(ratings). Factors and residuals are `f32`, sums `f64`; each step rounds the residuals.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing.rs"));
/// # fn main() -> Result<(), gasworks_engine::Error> {
/// use gasworks_engine::{Engine, Exclusion, graph::GraphBuilder};
/// use gasworks_programs::{Ccd, factorization::{Regularization, initial_factors}};
/// let ratings = GraphBuilder::bipartite(2, 2).weighted_edges(&[[0, 0], [0, 1], [1, 1]], &[4.0f32, 2.0, 1.0]);
/// let start = initial_factors(2, 2, 1.0, 0);
/// let mut graph = ratings.build()?.with_rows(2, |v, row| {
///     if let Some(item) = v.checked_sub(2) {
///         row.copy_from_slice(&start[2 * item as usize..][..2])
///     }
/// });
/// let ccd = Ccd::new(2, 1e-4, Regularization::Plain);
/// // gasworks_schedulers::Sweep::new(), and coloring
/// Engine::updates(&mut graph, &ccd, Queue::default()).exclusion(Exclusion::Serial).rounds(50 * ccd.visits()).run()?;
/// let (user, item) = (graph.vertex(0), graph.vertex(2));
/// assert!((user[0] * item[0] + user[1] * item[1] - 4.0).abs() < 0.01);
/// assert!(ccd.objective(&graph) < 0.01);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ccd {
    rank: usize,
    lambda: f32,
    regularization: Regularization,
    inner: u64,
}

/// Steps in a feature before the next one, unless said.
const INNER: u64 = 3;

impl Ccd {
    /// Rows of `rank` factors, `lambda` times what the regularization counts as ridge.
    ///
    /// # Panics
    /// If `rank` is 0, or `lambda` is negative or not finite.
    pub fn new(rank: usize, lambda: f32, regularization: Regularization) -> Self {
        assert!(rank > 0, "a factorization has at least rank 1");
        assert!(lambda >= 0.0 && lambda.is_finite(), "lambda must be finite and not negative, got {lambda}");
        Ccd { rank, lambda, regularization, inner: INNER }
    }

    /// How many steps each row takes in a feature before all go on to the next; 3 unless said.
    ///
    /// # Panics
    /// If it is 0.
    pub fn inner(self, inner: u64) -> Self {
        assert!(inner > 0, "each feature takes a step");
        Ccd { inner, ..self }
    }

    /// Visits of each vertex in an iteration over all features.
    pub fn visits(&self) -> u64 {
        self.rank as u64 * self.inner
    }

    fn ridge(&self, ratings: u32) -> f64 {
        f64::from(self.lambda)
            * match self.regularization {
                Regularization::Weighted => f64::from(ratings),
                Regularization::Plain => 1.0,
            }
    }

    /// What is minimized, from the residuals as they are kept. O(ratings + vertices * rank).
    pub fn objective(&self, graph: &Graph<Row<f32>, f32>) -> f64 {
        let squares: f64 = graph.edge_list().map(|(_, _, residual)| f64::from(*residual).powi(2)).sum();
        let topology = graph.topology();
        let penalty = |vertex: u32| {
            let ratings = topology.in_degree(vertex) + topology.out_degree(vertex);
            let square: f64 = graph.vertex(vertex).iter().map(|factor| f64::from(*factor).powi(2)).sum();
            self.ridge(ratings) * square
        };
        squares + (0..graph.vertices() as u32).map(penalty).sum::<f64>()
    }
}

impl UpdateFunction for Ccd {
    type Vertex = Row<f32>;
    type Edge = f32;
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = ();

    fn scratch(&self) {}

    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        let feature = (cx.round / self.inner % self.rank as u64) as usize;
        let before = scope.vertex()[feature];
        let (mut above, mut below) = (0.0, self.ridge(cx.degree()));
        scope.for_each_edge(Edges::All, |mut visit| {
            let (_, residual, other) = visit.parts();
            let y = f64::from(other[feature]);
            above += (f64::from(*residual) + f64::from(before) * y) * y;
            below += y * y;
        });
        // Where nothing is asked of it, a factor stays.
        let now = if below > 0.0 { (above / below) as f32 } else { before };
        let change = f64::from(now) - f64::from(before);
        if change != 0.0 {
            scope.vertex_mut()[feature] = now;
            scope.for_each_edge(Edges::All, |mut visit| {
                let (_, residual, other) = visit.parts();
                *residual = (f64::from(*residual) - change * f64::from(other[feature])) as f32;
            });
        }
        // The next feature is still to come, however little this one moved.
        scope.signal_self(Signal::above(f32::NEG_INFINITY, change.abs() as f32));
    }
}

#[cfg(test)]
mod tests;
