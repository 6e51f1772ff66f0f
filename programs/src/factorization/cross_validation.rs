//! Which settings are best: each candidate is trained on every fold and measured after each iteration.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::split::{Folds, Split};

/// What cross-validation found of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Validated {
    /// Which of the candidates.
    pub candidate: usize,
    /// Mean error over the folds after each iteration that all of them made.
    pub curve: Vec<f64>,
    /// The iteration, counted from 1, whose mean error is the smallest: one number for all folds, so that none chooses its own.
    pub iterations: usize,
    /// The error of each fold after that iteration.
    pub folds: Vec<f64>,
}

impl Validated {
    fn new(candidate: usize, curves: &[Vec<f64>]) -> Self {
        let length = curves.iter().map(Vec::len).min().unwrap_or(0);
        let mean = |at: usize| curves.iter().map(|curve| curve[at]).sum::<f64>() / curves.len() as f64;
        let curve: Vec<f64> = (0..length).map(mean).collect();
        let best = (0..length).min_by(|one, other| curve[*one].total_cmp(&curve[*other]));
        let folds = best.map_or(Vec::new(), |best| curves.iter().map(|curve| curve[best]).collect());
        Validated { candidate, curve, iterations: best.map_or(0, |best| best + 1), folds }
    }

    /// The mean error after the best iteration; infinite if no fold made any.
    pub fn error(&self) -> f64 {
        self.iterations.checked_sub(1).map_or(f64::INFINITY, |best| self.curve[best])
    }

    /// The standard error of that mean: the sample deviation over the folds by the root of their number. Folds share most of what they
    /// learn from, so it is somewhat too small.
    pub fn standard_error(&self) -> f64 {
        let count = self.folds.len() as f64;
        let squares: f64 = self.folds.iter().map(|error| (error - self.error()).powi(2)).sum();
        (squares / (count - 1.0) / count).sqrt()
    }
}

/// Trains each of `candidates` on each fold, and ranks them: the smallest error first, the earlier candidate where two tie.
///
/// `train` is given the number of a candidate and a fold, and returns the error on the fold's test part after each iteration. Folds of all candidates run
/// on `threads` threads, one on each at a time; `done` is told of each that has ended, in any order. The result does not depend on the
/// number of threads if that of `train` does not. O(ratings) memory for each fold that runs.
///
/// # Panics
/// If there are no threads, or `train` panics.
///
/// # Errors
/// The error of `train` of the first candidate and fold, in order, that failed.
///
/// ```
/// use gasworks_engine::{graph::Ids, input::{Rating, Ratings}};
/// use gasworks_programs::factorization::{cross_validate, folds};
///
/// let entries = (0..100).map(|n| Rating { user: n / 10, item: n % 10, value: (n % 3) as f32 }).collect();
/// let ratings = Ratings { users: Ids::range(10), items: Ids::range(10), entries };
/// // How well does a constant predict?
/// let constants = [0.0, 1.0, 2.0];
/// let error = |candidate: usize, value: f32| (f64::from(value) - constants[candidate]).powi(2);
/// let ranked = cross_validate(&folds(&ratings, 5, 0)?, constants.len(), 2, |candidate, fold| {
///     let sum: f64 = fold.test.iter().map(|rating| error(candidate, rating.value)).sum();
///     Ok::<_, ()>(vec![(sum / fold.test.len() as f64).sqrt()])
/// }, |_| ());
/// assert_eq!(ranked.unwrap()[0].candidate, 1);
/// # Ok::<(), gasworks_programs::factorization::FactorizationError>(())
/// ```
pub fn cross_validate<E: Send>(
    folds: &Folds<'_>,
    candidates: usize,
    threads: usize,
    train: impl Fn(usize, Split) -> Result<Vec<f64>, E> + Sync,
    done: impl Fn(usize) + Sync,
) -> Result<Vec<Validated>, E> {
    let count = folds.count() as usize;
    // One fold of all candidates after another, so that few splits are in memory at once.
    let cells: Vec<(usize, usize)> =
        (0..count).flat_map(|fold| (0..candidates).map(move |candidate| (candidate, fold))).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(&(candidate, fold)) = cells.get(next.fetch_add(1, Relaxed)) {
            let curve = train(candidate, folds.split(fold as u32));
            found.lock().expect("nobody panics while holding it").push(((candidate, fold), curve));
            done(candidate);
        }
    };
    assert!(threads > 0, "trained on at least one thread");
    // Threads of its own: while a pool's wait for an engine's, they would begin with further folds.
    std::thread::scope(|scope| (0..threads.min(cells.len())).for_each(|_| drop(scope.spawn(work))));
    let mut found = found.into_inner().expect("nobody panics while holding it");
    found.sort_by_key(|(cell, _)| *cell);
    let curves: Vec<Vec<f64>> = found.into_iter().map(|(_, curve)| curve).collect::<Result<_, E>>()?;
    let mut ranked: Vec<Validated> = curves
        .chunks(count)
        .enumerate()
        .map(|(candidate, curves)| Validated::new(candidate, curves))
        .collect();
    ranked.sort_by(|one, other| one.error().total_cmp(&other.error()));
    Ok(ranked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::folds;
    use crate::factorization::testing::additive;
    use gasworks_engine::graph::Ids;
    use gasworks_engine::input::Ratings;

    #[test]
    fn the_best_iteration_is_that_of_the_mean_and_ranks_are_the_same_on_all_threads() {
        let ratings = Ratings { users: Ids::range(9), items: Ids::range(7), entries: additive(9, 7) };
        let folds = folds(&ratings, 3, 0).unwrap();
        let first = |fold: u32| folds.split(fold).test;
        // Each fold's own best is another iteration; that of the mean is the second.
        let curves = [[3.0, 2.0, 9.0, 9.0], [1.0, 2.0, 5.0, 9.0], [9.0, 2.0, 1.0, 9.0]];
        let train = |candidate: usize, split: Split| {
            let fold = (0..3).find(|fold| first(*fold) == split.test).unwrap() as usize;
            let mut curve: Vec<f64> = curves[fold].iter().map(|error| error + candidate as f64).collect();
            curve.truncate(4 - fold % 2);
            if candidate == 2 { Ok(vec![f64::NAN; 2]) } else { Ok::<_, ()>(curve) }
        };
        let run = |threads| cross_validate(&folds, 3, threads, train, |_| ()).unwrap();
        let ranked = run(1);
        assert_eq!(ranked[..2], run(4)[..2]);
        assert_eq!(ranked.iter().map(|found| found.candidate).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((ranked[0].iterations, ranked[0].error(), ranked[0].curve.len()), (2, 2.0, 3));
        assert_eq!((ranked[0].standard_error(), &ranked[1].folds[..]), (0.0, &[3.0; 3][..]));
        let spread = Validated::new(0, &[vec![1.0], vec![2.0], vec![3.0]]);
        assert!((spread.standard_error() - (1.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(
            cross_validate(&folds, 2, 3, |candidate, _| Err::<Vec<f64>, _>(candidate), |_| ()),
            Err(0)
        );
    }
}
