//! One candidate on one fold.

use std::ops::{ControlFlow, Range};

use gasworks::graph::{Graph, Ids};
use gasworks::input::Rating;
use gasworks::programs::factorization::{Baseline, Factorization, Settings, Split};
use gasworks::{Column, Engine, Progress, Row, programs};

use super::super::error::Failure;
use super::super::factorization::{self, Judge, quality};
use super::super::order::{Executor, Order};
use super::super::{als, bpr, sgd};
use super::grid::{Axis, Name};

/// Users at most whose lists are judged, and how often in a run: judging takes longer than many an iteration.
const JUDGED: usize = 1000;
const LOOKS: u64 = 20;

/// Settings of a candidate: the program's own, and the values of the axes.
pub(super) fn settings(program: Settings, axes: &[Axis], candidate: &[f32]) -> Settings {
    let mut settings = program;
    for (axis, value) in axes.iter().zip(candidate) {
        match (axis.name, &mut settings.descent) {
            (Name::Rank, _) => settings.rank = *value as usize,
            (Name::Lambda, _) => settings.lambda = *value,
            (Name::Alpha, _) => settings.alpha = Some(*value),
            (Name::LearningRate, Some(descent)) => descent.rate = *value,
            (Name::Decay, Some(descent)) => descent.decay = *value,
            // Refused before.
            (Name::LearningRate | Name::Decay, None) => {}
        }
    }
    settings
}

/// A fold of so many users and items, and what is judged on it.
pub(super) struct Fold {
    pub(super) sizes: (usize, usize),
    pub(super) split: Split,
}

impl Fold {
    /// How far a candidate is from perfect after each iteration: its test RMSE, or where every pair counts what its lists lack of an NDCG of 1,
    /// and not a number after iterations that nobody looks at.
    pub(super) fn run(self, settings: &Settings) -> Result<Vec<f64>, Failure> {
        if settings.counts_all_pairs() {
            let lists = Lists::new(self, settings)?;
            let graph = factorization::rated(lists.train.clone(), lists.sizes)?;
            let baseline = Baseline::zero(lists.sizes.0, lists.sizes.1);
            return train(settings, graph, &baseline, LOOKS, |factors| lists.lack(factors));
        }
        let (residuals, judge) = Judge::new(self.sizes, self.split);
        let graph = factorization::rated(residuals, self.sizes)?;
        train(settings, graph, &judge.baseline, u64::MAX, |factors| judge.error(factors))
    }

    /// That of mean and biases alone, or where every pair counts of the most chosen items.
    pub(super) fn run_baseline(self, counts_all_pairs: bool) -> Result<f64, Failure> {
        if counts_all_pairs {
            let (users, items) = self.sizes;
            let (users, items) = (Ids::range(users as u32), Ids::range(items as u32));
            let popular = quality::popularity(users, items, &self.split.train)?;
            return Ok(lack(&popular, &quality::judged(&self.split.test, JUDGED)));
        }
        Ok(Judge::new(self.sizes, self.split).1.error_of_baseline())
    }
}

/// What every run on a fold has in common where lists are judged.
struct Lists {
    sizes: (usize, usize),
    train: Vec<Rating>,
    test: Vec<Rating>,
    /// Without factors yet.
    model: Factorization,
}

impl Lists {
    fn new(fold: Fold, settings: &Settings) -> Result<Self, Failure> {
        let Fold { sizes, split: Split { train, test } } = fold;
        let ids = (Ids::range(sizes.0 as u32), Ids::range(sizes.1 as u32));
        let factors = (vec![0.0; sizes.0 * settings.rank], vec![0.0; sizes.1 * settings.rank]);
        let baseline = Baseline::zero(sizes.0, sizes.1);
        let model = Factorization::new(ids, &train, baseline, factors, settings.clone())?;
        Ok(Lists { sizes, train, test: quality::judged(&test, JUDGED), model })
    }

    /// Of these factors, users first; not a number where they are none.
    fn lack(&self, factors: &Column<Row<f32>>) -> f64 {
        let side = |rows: Range<usize>| rows.flat_map(|row| factors.get(row)).copied().collect();
        let factors = (side(0..self.sizes.0), side(self.sizes.0..factors.len()));
        let model = self.model.clone().with_factors(factors);
        model.map_or(f64::NAN, |model| lack(&model, &self.test))
    }
}

fn lack(model: &Factorization, test: &[Rating]) -> f64 {
    quality::of_test(model, test).map_or(f64::NAN, |quality| 1.0 - quality.ndcg)
}

/// Trains on one thread; what `judge` makes of the factors after each iteration, or so many that are evenly spread, the last among them.
fn train(
    settings: &Settings,
    graph: Graph<(), f32>,
    baseline: &Baseline,
    looks: u64,
    judge: impl Fn(&Column<Row<f32>>) -> f64,
) -> Result<Vec<f64>, Failure> {
    let Settings { rank, lambda, iterations, seed, .. } = *settings;
    let rounds = iterations as u64;
    let mut errors = Vec::new();
    let mut observer = |progress: &Progress, factors: &Column<Row<f32>>| {
        let looks = (rounds - progress.rounds).is_multiple_of(rounds.div_ceil(looks));
        errors.push(if looks { judge(factors) } else { f64::NAN });
        ControlFlow::Continue(())
    };
    match (settings.program.as_str(), &settings.descent) {
        ("bpr", Some(descent)) => {
            let program = programs::Bpr::new(rank, lambda, descent.rate, descent.decay);
            let mut graph = bpr::started(graph, rank, seed);
            let engine = Engine::edges(&mut graph, &program).observer(&mut observer);
            engine.threads(1).seed(seed).rounds(rounds).run()?;
        }
        (_, Some(descent)) => {
            let program = programs::Sgd::new(rank, lambda, descent.learning_rate());
            let mut graph = sgd::started(graph, &program, rank, seed, baseline);
            let engine = Engine::edges(&mut graph, &program).observer(&mut observer);
            engine.threads(1).seed(seed).rounds(rounds).run()?;
        }
        (_, None) => {
            let order = Order {
                engine: Executor::Sync,
                scheduler: als::DEFAULTS.sync.unwrap_or_default().into(),
                consistency: None,
                exclusion: None,
                audit: false,
            };
            let program = match settings.alpha {
                Some(alpha) => programs::Als::implicit(rank, lambda, settings.regularization, alpha),
                None => programs::Als::new(rank, lambda, settings.regularization),
            };
            let mut graph = als::started(graph, rank, seed, &order)?;
            let engine = als::engine(&mut graph, &program, &order)?.observer(&mut observer);
            engine.threads(1).seed(seed).rounds(rounds).run()?;
        }
    }
    Ok(errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gasworks::programs::factorization::DescentSettings;

    #[test]
    fn a_candidate_changes_what_its_axes_name_and_nothing_else() {
        let axes: Vec<Axis> = ["rank=3", "lambda=0.5"].map(|text| text.parse().unwrap()).into();
        let found = settings(Settings::default(), &axes, &[3.0, 0.5]);
        assert_eq!(found, Settings { rank: 3, lambda: 0.5, ..Settings::default() });
        let axes: Vec<Axis> = ["decay=0.5", "learning-rate=0.25"].map(|text| text.parse().unwrap()).into();
        let descent = DescentSettings { rate: 0.25, decay: 0.5, ..DescentSettings::default() };
        let found = settings(Settings::sgd(), &axes, &[0.5, 0.25]);
        assert_eq!(found, Settings { descent: Some(descent), ..Settings::sgd() });
        let axes: Vec<Axis> = ["alpha=7"].map(|text| text.parse().unwrap()).into();
        let found = settings(Settings::implicit(), &axes, &[7.0]);
        assert_eq!(found, Settings { alpha: Some(7.0), ..Settings::implicit() });
    }
}
