//! Sparse linear regression by the shooting algorithm (Fu 1998, "Penalized regressions: the bridge versus the lasso", section 3; Low et
//! al. 2010, "GraphLab", section 4.4): coordinate descent, one weight at a time.
//!
//! Minimizes `1/2 |y - X w|^2 + lambda |w|_1`. Features are the left vertices of a bipartite graph, observations the right ones, and an edge is an
//! entry of the design matrix X that is not zero. A feature holds its weight, an observation its residual `y_i - x_i w`. A visit of
//! feature j solves for its weight exactly while all others stand still,
//!
//! `w_j <- soft(sum_i x_ij (r_i + x_ij w_j), lambda) / sum_i x_ij^2`,
//!
//! and corrects the residuals of its observations: it writes its neighbors, so it asks for full consistency, and features that share an
//! observation exclude each other.

use gasworks_engine::graph::{Graph, GraphBuilder, ParallelEdges};
use gasworks_engine::{Context, Edges, Error, Scope, Signal, UpdateFunction, consistency};

/// Least squares with an L1 penalty, by coordinate descent. [`Lasso::graph`] makes the start graph, [`Lasso::weights`] reads the result.
///
/// There is no intercept: center the columns of X and y before, where one is wanted. Columns on one scale make one lambda fair to all.
///
/// **Order.** A feature whose step is above the tolerance signals its observations; the visit of an observation only passes the signal on to its
/// features, which are those whose optimum has moved. Schedulers hold a vertex once, so a sweep takes O(entries). Any order
/// converges, and orders that come back to each feature in turn (a sweep, rounds, first in first out) do so fastest; last in first out
/// settles the features inside each other, and takes a thousand times as long (Tseng 2001, "Convergence of a block coordinate descent method", Theorem 4.1: the penalty is separable).
///
/// **End.** A step changes the fitted values by `|x_j| |change of w_j|` and lowers the objective by at least half its square. So at most
/// `|y|^2 / tolerance^2` steps are above the tolerance from weights of zero, and the run ends. It ends near an optimum: see
/// [`Lasso::violation`], which certifies how near. The residual of the run's progress is the sum of these changes. Where everyone runs in each
/// round, signalled or not (a sweep under coloring), observations never cease to signal: stop once the residual is within the tolerance.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing.rs"));
/// # fn main() -> Result<(), gasworks_engine::Error> {
/// use gasworks_engine::Engine;
/// use gasworks_programs::Lasso;
/// // Three observations of two features: y = 2 * the first.
/// let entries = [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2]];
/// let values = [1.0, 2.0, 3.0, 1.0, -1.0];
/// let lasso = Lasso { lambda: 0.7, ..Lasso::default() };
/// let mut graph = Lasso::graph(2, &[2.0, 4.0, 6.0], &entries, &values)?;
/// # let scheduler = Queue::default();
/// Engine::updates(&mut graph, &lasso, scheduler).run()?; // such as gasworks_schedulers::Sweep::new()
/// let weights = Lasso::weights(&graph);
/// // 14 w = 28 - 0.7, and the second feature stays out.
/// assert!((weights[0] - 1.95).abs() < 1e-9 && weights[1] == 0.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lasso {
    /// The price of a unit of weight, not negative; from [`Lasso::lambda_max`] on, all weights are zero. 0 is least squares.
    /// Default 1.
    pub lambda: f64,
    /// A step that changes the fitted values by at most this (Euclidean norm, in units of y) wakes nobody. Positive, since steps never
    /// end where rounding moves the last bit to and fro. Default 1e-6.
    pub tolerance: f64,
}

impl Default for Lasso {
    fn default() -> Self {
        Lasso { lambda: 1.0, tolerance: 1e-6 }
    }
}

/// `x` moved towards zero by `threshold`; never a negative zero.
fn soft(x: f64, threshold: f64) -> f64 {
    if x.abs() > threshold { x - threshold.copysign(x) } else { 0.0 }
}

impl Lasso {
    /// The graph of a design matrix with `features` columns and one row for each value of `target` (y), all weights zero. An
    /// entry is a feature, an observation and a value; several for the same place are added, as in a sparse matrix of coordinates.
    /// Features are the vertices `0..features`.
    ///
    /// # Errors
    /// [`Error::NoSuchVertex`] for an entry outside the matrix, [`Error::Usage`] for a number that is not finite.
    ///
    /// # Panics
    /// If there are not as many values as entries.
    pub fn graph(
        features: usize,
        target: &[f64],
        entries: &[[u32; 2]],
        values: &[f32],
    ) -> Result<Graph<f64, f32>, Error> {
        let refuse = |what: &str, found: String| Error::Usage {
            expected: format!("finite {what}"),
            found,
            advice: "drop the observations that have no number".into(),
        };
        if let Some(at) = target.iter().position(|y| !y.is_finite()) {
            return Err(refuse("targets", format!("{} for observation {at}", target[at])));
        }
        if let Some(at) = values.iter().position(|x| !x.is_finite()) {
            let [feature, observation] = entries[at];
            let place = format!("{} for feature {feature} of observation {observation}", values[at]);
            return Err(refuse("entries", place));
        }
        let graph = GraphBuilder::bipartite(features, target.len())
            .weighted_edges(entries, values)
            .parallel_edges(ParallelEdges::Merge(|a, b| a + b))
            .build()?;
        Ok(graph.with_vertices(|v| (v as usize).checked_sub(features).map_or(0.0, |at| target[at])))
    }

    /// The weights, by feature.
    pub fn weights(graph: &Graph<f64, f32>) -> &[f64] {
        &graph.vertex_data().as_slice()[..features(graph)]
    }

    /// The residuals `y - X w`, by observation.
    pub fn residuals(graph: &Graph<f64, f32>) -> &[f64] {
        &graph.vertex_data().as_slice()[features(graph)..]
    }

    /// `1/2 |y - X w|^2 + lambda |w|_1`.
    pub fn objective(&self, graph: &Graph<f64, f32>) -> f64 {
        self.objective_of(graph.vertex_data().as_slice(), features(graph))
    }

    /// The same of the data of all vertices, as observers of a run see them: the weights of so many features, then the residuals.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn objective_of(&self, vertices: &[f64], features: usize) -> f64 {
        let (weights, residuals) = vertices.split_at(features);
        let squares: f64 = residuals.iter().map(|r| r * r).sum();
        let weights: f64 = weights.iter().map(|w| w.abs()).sum();
        0.5 * squares + self.lambda * weights
    }

    /// Computes the residuals anew from the targets and the weights, and returns the greatest change. It is rounding, unless visits were
    /// not kept apart: two that correct one residual at once lose the change of one. O(entries).
    ///
    /// # Panics
    /// If there is not a target for each observation.
    pub fn refresh(graph: &mut Graph<f64, f32>, target: &[f64]) -> f64 {
        let features = features(graph);
        assert_eq!(target.len(), graph.vertices() - features, "a target for each observation");
        let mut residuals = target.to_vec();
        for (feature, observation, x) in graph.edge_list() {
            residuals[observation as usize - features] -= f64::from(*x) * graph.vertex(feature);
        }
        let kept = &mut graph.vertex_data_mut().as_mut_slice()[features..];
        let change = kept.iter().zip(&residuals).map(|(kept, residual)| (kept - residual).abs());
        let change = change.fold(0.0, f64::max);
        kept.copy_from_slice(&residuals);
        change
    }

    /// The least lambda at which all weights are zero: the greatest `|x_j . y|`. Of a graph whose weights are zero. O(entries).
    pub fn lambda_max(graph: &Graph<f64, f32>) -> f64 {
        correlations(graph).into_iter().fold(0.0, |most, c| most.max(c.abs()))
    }

    /// How far the weights are from the conditions of an optimum (Karush, Kuhn, Tucker), in units of lambda: the greatest of
    /// `|x_j . r - lambda sign(w_j)|` where `w_j` is not zero, and of the excess of `|x_j . r|` over lambda where it is. 0 at the
    /// optimum, and only there. O(entries).
    pub fn violation(&self, graph: &Graph<f64, f32>) -> f64 {
        let each = correlations(graph).into_iter().zip(Lasso::weights(graph)).map(|(c, w)| match *w == 0.0 {
            true => (c.abs() - self.lambda).max(0.0),
            false => (c - self.lambda * w.signum()).abs(),
        });
        each.fold(0.0, f64::max)
    }
}

fn features(graph: &Graph<f64, f32>) -> usize {
    graph.topology().left().expect("features and observations are the sides of a bipartite graph") as usize
}

/// `x_j . r` of each feature.
fn correlations(graph: &Graph<f64, f32>) -> Vec<f64> {
    let mut sums = vec![0.0; features(graph)];
    for (feature, observation, x) in graph.edge_list() {
        sums[feature as usize] += f64::from(*x) * graph.vertex(observation);
    }
    sums
}

impl UpdateFunction for Lasso {
    type Vertex = f64;
    type Edge = f32;
    type Global = ();
    type Consistency = consistency::Full;
    type Scratch = ();

    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        // An observation: its features' optima have moved.
        scope.for_each_edge(Edges::In, |mut visit| visit.signal(Signal::priority(1.0)));

        let (mut correlation, mut square) = (0.0, 0.0);
        scope.for_each_edge(Edges::Out, |mut visit| {
            let (_, x, residual) = visit.parts();
            let x = f64::from(*x);
            correlation += x * *residual;
            square += x * x;
        });
        // An observation, or a feature that is zero throughout.
        if square == 0.0 {
            return;
        }
        let before = *scope.vertex();
        let weight = soft(correlation + square * before, self.lambda) / square;
        let step = weight - before;
        if step == 0.0 {
            return;
        }
        *scope.vertex_mut() = weight;
        let change = square.sqrt() * step.abs();
        let wake = if change > self.tolerance { Signal::priority(change as f32) } else { Signal::NONE };
        scope.for_each_edge(Edges::Out, |mut visit| {
            let (_, x, residual) = visit.parts();
            *residual -= f64::from(*x) * step;
            visit.signal(wake);
        });
        // Counts once in the run's residual, and wakes nobody.
        scope.signal_self(Signal::above(f32::INFINITY, change as f32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Queue;
    use gasworks_engine::{Engine, Random, Reason};

    struct Problem {
        features: usize,
        target: Vec<f64>,
        entries: Vec<[u32; 2]>,
        values: Vec<f32>,
    }

    /// A sparse truth, correlated columns, noise; each entry is there with probability `density`.
    fn problem(seed: u64, features: usize, observations: usize, density: f64) -> Problem {
        let mut random = Random::keyed(seed, 0, 0, 0);
        let (mut entries, mut values, mut target) = (Vec::new(), Vec::new(), Vec::new());
        for observation in 0..observations as u32 {
            let (shared, mut y) = (random.normal(), 0.1 * random.normal());
            for feature in 0..features as u32 {
                if random.uniform() < density {
                    let x = (random.normal() + 0.7 * shared) as f32;
                    entries.push([feature, observation]);
                    values.push(x);
                    y += f64::from(x) * [3.0, 0.0, -2.0, 0.0, 0.5][feature as usize % 5];
                }
            }
            target.push(y);
        }
        Problem { features, target, entries, values }
    }

    impl Problem {
        fn graph(&self) -> Graph<f64, f32> {
            Lasso::graph(self.features, &self.target, &self.entries, &self.values).unwrap()
        }

        /// Cyclic descent on the Gram matrix of the dense design (Friedman, Hastie, Tibshirani 2010, section 2.2): no
        /// residuals, one order, until nothing moves.
        fn dense(&self, lambda: f64) -> Vec<f64> {
            let (n, p) = (self.target.len(), self.features);
            let mut x = vec![0.0; n * p];
            for (&[feature, observation], value) in self.entries.iter().zip(&self.values) {
                x[observation as usize * p + feature as usize] += f64::from(*value);
            }
            let (mut gram, mut moment) = (vec![0.0; p * p], vec![0.0; p]);
            for (row, y) in x.chunks(p).zip(&self.target) {
                for (at, gram) in gram.iter_mut().enumerate() {
                    *gram += row[at / p] * row[at % p];
                }
                moment.iter_mut().zip(row).for_each(|(m, x)| *m += x * y);
            }
            let mut w = vec![0.0f64; p];
            for _ in 0..20_000 {
                let mut far = 0.0f64;
                for j in (0..p).filter(|j| gram[j * p + j] > 0.0) {
                    let others: f64 = (0..p).filter(|k| *k != j).map(|k| gram[j * p + k] * w[k]).sum();
                    let pull = moment[j] - others;
                    let next = ((pull - lambda).max(0.0) + (pull + lambda).min(0.0)) / gram[j * p + j];
                    far = far.max((next - w[j]).abs());
                    w[j] = next;
                }
                if far < 1e-13 {
                    break;
                }
            }
            w
        }
    }

    #[test]
    fn weights_are_those_of_a_dense_solver() {
        for (seed, features, observations, density) in
            [(1, 10, 40, 1.0), (2, 25, 60, 0.4), (3, 40, 20, 0.6), (4, 1, 5, 1.0), (5, 30, 200, 0.05)]
        {
            let problem = problem(seed, features, observations, density);
            let most = Lasso::lambda_max(&problem.graph());
            for share in [0.9, 0.3, 0.05] {
                // The last first is depth-first, which settles the features inside each other: right, and slow.
                for latest in [false, true].into_iter().take(if features <= 10 { 2 } else { 1 }) {
                    let lasso = Lasso { lambda: share * most, tolerance: 1e-10 };
                    let mut graph = problem.graph();
                    let scheduler = Queue { latest, ..Queue::default() };
                    let outcome = Engine::updates(&mut graph, &lasso, scheduler)
                        .exclusion(gasworks_engine::Exclusion::Serial)
                        .run()
                        .unwrap();
                    assert_eq!(outcome.reason, Reason::Drained);
                    let scale = lasso.lambda.max(1.0);
                    assert!(
                        lasso.violation(&graph) < 1e-7 * scale,
                        "{seed} {share}: {}",
                        lasso.violation(&graph)
                    );
                    let expected = problem.dense(lasso.lambda);
                    for (found, expected) in Lasso::weights(&graph).iter().zip(&expected) {
                        assert!((found - expected).abs() < 1e-6, "{seed} {share}: {found} {expected}");
                    }
                    let ones = Lasso::weights(&graph).iter().filter(|w| **w != 0.0).count();
                    assert!(ones > 0 && (share < 0.5 || features == 1 || ones < features));
                }
            }
        }
    }

    #[test]
    fn residuals_are_kept_and_the_tolerance_bounds_the_violation() {
        let problem = problem(7, 20, 50, 0.5);
        let longest = (0..20).map(|j| {
            let column =
                problem.entries.iter().zip(&problem.values).filter(|([feature, _], _)| *feature == j);
            column.map(|(_, x)| f64::from(*x).powi(2)).sum::<f64>().sqrt()
        });
        let longest = longest.fold(0.0, f64::max);
        for tolerance in [1e-1, 1e-3, 1e-6, 1e-9] {
            let lasso = Lasso { lambda: 3.0, tolerance };
            let mut graph = problem.graph();
            Engine::updates(&mut graph, &lasso, Queue::default())
                .exclusion(gasworks_engine::Exclusion::Serial)
                .run()
                .unwrap();
            let mut again = graph.clone();
            assert!(Lasso::refresh(&mut again, &problem.target) < 1e-10);
            again.vertex_data_mut().as_mut_slice()[20] += 0.5;
            assert!((Lasso::refresh(&mut again, &problem.target) - 0.5).abs() < 1e-10);
            let mut expected = problem.target.clone();
            for (&[feature, observation], x) in problem.entries.iter().zip(&problem.values) {
                expected[observation as usize] -= f64::from(*x) * graph.vertex(feature);
            }
            for (found, expected) in Lasso::residuals(&graph).iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-10);
            }
            // Each of the other features may have stepped by the tolerance without waking this one.
            assert!(lasso.violation(&graph) <= 20.0 * longest * tolerance);
        }
    }

    #[test]
    fn at_the_greatest_lambda_and_beyond_nothing_enters() {
        let problem = problem(9, 12, 30, 0.7);
        let most = Lasso::lambda_max(&problem.graph());
        for (factor, empty) in [(1.0, true), (2.0, true), (0.99, false)] {
            let lasso = Lasso { lambda: factor * most, ..Lasso::default() };
            let mut graph = problem.graph();
            Engine::updates(&mut graph, &lasso, Queue::default())
                .exclusion(gasworks_engine::Exclusion::Serial)
                .run()
                .unwrap();
            assert_eq!(Lasso::weights(&graph).iter().all(|w| *w == 0.0), empty, "{factor}");
        }
    }

    #[test]
    fn features_without_entries_stay_out_and_entries_of_one_place_are_added() {
        // Feature 1 has no entry; feature 2's two entries cancel; feature 0 is 1 + 1 = 2.
        let entries = [[0, 0], [0, 0], [2, 0], [2, 0]];
        let mut graph = Lasso::graph(3, &[4.0, 7.0], &entries, &[1.0, 1.0, 3.0, -3.0]).unwrap();
        let lasso = Lasso { lambda: 0.0, ..Lasso::default() };
        Engine::updates(&mut graph, &lasso, Queue::default())
            .exclusion(gasworks_engine::Exclusion::Serial)
            .run()
            .unwrap();
        assert_eq!(Lasso::weights(&graph), [2.0, 0.0, 0.0]);
        assert_eq!(Lasso::residuals(&graph), [0.0, 7.0]);
        assert_eq!(lasso.objective(&graph), 24.5);
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        let error = Lasso::graph(1, &[1.0, f64::NAN], &[], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected finite targets, found NaN for observation 1; drop the observations that have no number"
        );
        let error = Lasso::graph(2, &[1.0], &[[1, 0]], &[f32::INFINITY]).unwrap_err();
        assert!(error.to_string().contains("found inf for feature 1 of observation 0"), "{error}");
        assert!(matches!(Lasso::graph(2, &[1.0], &[[2, 0]], &[1.0]), Err(Error::NoSuchVertex { .. })));
        // Nothing at all is a problem whose solution is nothing.
        let mut graph = Lasso::graph(0, &[], &[], &[]).unwrap();
        Engine::updates(&mut graph, &Lasso::default(), Queue::default())
            .exclusion(gasworks_engine::Exclusion::Serial)
            .run()
            .unwrap();
        assert_eq!(Lasso::weights(&graph), [0.0; 0]);
    }
}
