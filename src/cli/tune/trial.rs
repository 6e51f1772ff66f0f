//! One candidate on one fold.

use std::ops::ControlFlow;

use gasworks::programs::factorization::{Settings, Split};
use gasworks::{Column, Engine, Progress, Row, programs};

use super::super::error::Failure;
use super::super::factorization::{self, Judge};
use super::super::order::{Executor, Order};
use super::super::{als, sgd};
use super::grid::{Axis, Name};

/// Settings of a candidate: the program's own, and the values of the axes.
pub(super) fn settings(program: Settings, axes: &[Axis], candidate: &[f32]) -> Settings {
    let mut settings = program;
    for (axis, value) in axes.iter().zip(candidate) {
        match (axis.name, &mut settings.descent) {
            (Name::Rank, _) => settings.rank = *value as usize,
            (Name::Lambda, _) => settings.lambda = *value,
            (Name::LearningRate, Some(descent)) => descent.rate = *value,
            (Name::Decay, Some(descent)) => descent.decay = *value,
            // Refused before.
            (Name::LearningRate | Name::Decay, None) => {}
        }
    }
    settings
}

/// Test RMSE of a candidate after each iteration on a split of the ratings of so many users and items.
pub(super) fn run(settings: &Settings, sizes: (usize, usize), split: Split) -> Result<Vec<f64>, Failure> {
    let (residuals, judge) = Judge::new(sizes, split);
    let graph = factorization::rated(residuals, sizes)?;
    let mut errors = Vec::new();
    let mut observer = |_: &Progress, factors: &Column<Row<f32>>| {
        errors.push(judge.error(factors));
        ControlFlow::Continue(())
    };
    let Settings { rank, lambda, iterations, seed, .. } = *settings;
    match &settings.descent {
        None => {
            let order = Order {
                engine: Executor::Sync,
                scheduler: als::DEFAULTS.sync.unwrap_or_default().into(),
                consistency: None,
                exclusion: None,
                audit: false,
            };
            let program = programs::Als::new(rank, lambda, settings.regularization);
            let mut graph = als::started(graph, rank, seed, &order)?;
            let engine = als::engine(&mut graph, &program, &order)?.observer(&mut observer);
            engine.threads(1).seed(seed).rounds(iterations as u64).run()?;
        }
        Some(descent) => {
            let program = programs::Sgd::new(rank, lambda, descent.learning_rate());
            let mut graph = sgd::started(graph, &program, rank, seed, &judge.baseline);
            let engine = Engine::edges(&mut graph, &program).observer(&mut observer);
            engine.threads(1).seed(seed).rounds(iterations as u64).run()?;
        }
    }
    Ok(errors)
}

/// Test RMSE of mean and biases alone.
pub(super) fn baseline(sizes: (usize, usize), split: Split) -> f64 {
    Judge::new(sizes, split).1.error_of_baseline()
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
    }
}
