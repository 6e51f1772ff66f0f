//! Looks at each iteration: errors on training and test ratings, or the loss where every pair counts, and whether the factors are still numbers.

use std::ops::ControlFlow;

use gasworks::graph::Graph;
use gasworks::programs::factorization::{
    Clip, Errors, ImplicitLoss, Offset, Predictor, Unfinished, rmse_mae, squared_error,
};
use gasworks::{Column, Progress, Row};

use super::super::error::Failure;
use super::super::events::{Metrics, Reporter};
use super::super::run;
use super::data::{Data, MeasuringOptions};
use super::rows::{Learned, Rows};

/// Iterations without a better test RMSE after which an early stop stops.
const PATIENCE: u64 = 3;

/// What is minimized where every pair counts.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Loss {
    Implicit(ImplicitLoss),
    /// Pairs without a rating are 0.
    Squared,
}

impl Loss {
    /// Of these factors, users first.
    fn of(&self, data: &Data, factors: &Column<Row<f32>>) -> f64 {
        let users = data.users.len();
        let left = (users, |user: usize| factors.get(user));
        let right = (data.items.len(), |item: usize| factors.get(users + item));
        match self {
            Loss::Implicit(loss) => loss.of(factors.width(), left, right, &data.train),
            Loss::Squared => squared_error(factors.width(), left, right, &data.train),
        }
    }
}

/// Errors of a model on both parts of the ratings.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Evaluation {
    /// Counted from 1; 0 for the baseline.
    pub(in super::super) iteration: u64,
    pub(super) train: Option<Errors>,
    pub(super) test: Option<Errors>,
    /// Where every pair counts, so that there are no errors.
    pub(in super::super) loss: Option<f64>,
}

impl Evaluation {
    fn of(iteration: u64, model: &impl Predictor, data: &Data, clip: Clip) -> Self {
        let (train, test) =
            (rmse_mae(model, &data.train, Some(clip)), rmse_mae(model, &data.test, Some(clip)));
        Evaluation { iteration, train, test, loss: None }
    }

    fn of_loss(iteration: u64, loss: Option<f64>) -> Self {
        Evaluation { iteration, train: None, test: None, loss }
    }

    /// What is to be small: the loss, or the error on the test ratings, or without any on the training ratings.
    fn judged(&self) -> f64 {
        if let Some(loss) = self.loss {
            return loss;
        }
        self.test.or(self.train).map_or(f64::INFINITY, |errors| errors.rmse)
    }

    fn metrics(&self, prefix: &str) -> Metrics {
        let mut metrics = Metrics::new();
        metrics.extend(self.loss.map(|loss| (format!("{prefix}loss"), loss.into())));
        for (part, errors) in [("train", self.train), ("test", self.test)] {
            let Some(errors) = errors else { continue };
            metrics.insert(format!("{prefix}{part}_rmse"), errors.rmse.into());
            metrics.insert(format!("{prefix}{part}_mae"), errors.mae.into());
        }
        metrics
    }
}

/// The observer of the run.
pub(in super::super) struct Watch<'d> {
    data: &'d Data,
    rows: &'d dyn Rows,
    offset: Offset,
    loss: Option<Loss>,
    early_stop: bool,
    clip: Clip,
    pub(super) baseline: Evaluation,
    pub(in super::super) iterations: Vec<Evaluation>,
    best: Option<Evaluation>,
    /// What the best iteration had learned, where that is to be kept.
    best_learned: Option<Learned>,
    pub(in super::super) stopped_early: bool,
}

impl<'d> Watch<'d> {
    /// `offset` is what the inner products of rows come on top of.
    pub(in super::super) fn new(
        data: &'d Data,
        rows: &'d dyn Rows,
        offset: Offset,
        loss: Option<Loss>,
        measuring: &MeasuringOptions,
    ) -> Self {
        let [minimum, maximum] = data.range();
        let clip = Clip { minimum, maximum };
        Watch {
            data,
            rows,
            offset,
            loss,
            early_stop: measuring.early_stop,
            clip,
            baseline: match loss {
                Some(_) => Evaluation::of_loss(0, None),
                None => Evaluation::of(0, &data.baseline, data, clip),
            },
            iterations: Vec::new(),
            best: None,
            best_learned: None,
            stopped_early: false,
        }
    }

    /// An iteration has ended.
    pub(in super::super) fn see(
        &mut self,
        progress: &Progress,
        rows: &Column<Row<f32>>,
        reporter: &mut Reporter,
    ) -> Result<ControlFlow<()>, Failure> {
        let data = self.data;
        check_finite(data, self.rows, progress, rows)?;
        let model = Unfinished {
            factors: rows,
            width: self.rows.width(rows),
            users: data.users.len(),
            baseline: &self.rows.baseline(&data.baseline, rows),
            offset: self.offset,
            counts: [&data.counts.0, &data.counts.1],
        };
        let found = match &self.loss {
            Some(loss) => Evaluation::of_loss(progress.rounds, Some(loss.of(data, rows))),
            None => Evaluation::of(progress.rounds, &model, data, self.clip),
        };
        self.iterations.push(found);
        let text = [("train", found.train), ("test", found.test)]
            .into_iter()
            .filter_map(|(part, errors)| Some(format!("{part} RMSE {:.4}", errors?.rmse)))
            .chain(found.loss.map(|loss| format!("loss {loss:.1}")))
            .collect::<Vec<_>>()
            .join(", ");
        let mut metrics = found.metrics("");
        // Steps along edges have none.
        if !progress.residual.is_nan() {
            metrics.insert("residual".into(), progress.residual.into());
        }
        // Multiplicative updates take hundreds.
        let is_shown = !matches!(self.loss, Some(Loss::Squared)) || run::is_milestone(progress.rounds);
        reporter.progress(progress, metrics, &text, is_shown)?;

        if self.best.is_none_or(|best| found.judged() < best.judged()) {
            self.best = Some(found);
            if self.early_stop {
                self.best_learned = Some(self.rows.learned(&data.baseline, rows));
            }
        } else if self.early_stop
            && self.best.is_some_and(|best| progress.rounds - best.iteration >= PATIENCE)
        {
            self.stopped_early = true;
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The iteration with the smallest test error.
    pub(super) fn best(&self) -> Option<Evaluation> {
        self.best.filter(|best| best.test.is_some())
    }

    /// What is kept of a run that ended with this graph, which is gone before a model is made.
    pub(in super::super) fn learned<E: gasworks::Data>(&mut self, graph: Graph<Row<f32>, E>) -> Learned {
        // What lies on the edges goes first.
        let rows = graph.into_vertex_data();
        self.best_learned.take().unwrap_or_else(|| self.rows.learned(&self.data.baseline, &rows))
    }

    /// The iteration whose factors are kept.
    pub(in super::super) fn kept(&self, progress: &Progress) -> u64 {
        self.best.filter(|_| self.early_stop).map_or(progress.rounds, |best| best.iteration)
    }

    /// What the last event tells: errors of what is kept, and of mean and biases.
    pub(in super::super) fn final_metrics(&self, kept: u64) -> Metrics {
        let kept = self.iterations.iter().find(|found| found.iteration == kept);
        let mut metrics = kept.map(|kept| kept.metrics("")).unwrap_or_default();
        metrics.extend(self.baseline.metrics("baseline_"));
        metrics
    }
}

/// Fails if a row holds what is not a number.
pub(in super::super) fn check_finite(
    data: &Data,
    program: &dyn Rows,
    progress: &Progress,
    rows: &Column<Row<f32>>,
) -> Result<(), Failure> {
    let broken = (0..rows.len()).find(|row| !rows.get(*row).iter().all(|factor| factor.is_finite()));
    broken.map_or(Ok(()), |row| {
        Err(Failure::data(
            data.source.name(),
            "ratings from which all factors come out finite",
            format!("factors of {} that are not finite after iteration {}", data.name(row), progress.rounds),
            program.advice(),
        ))
    })
}
