//! `gasworks evaluate`: how good a factorization is on ratings that it did not learn from.

use std::path::PathBuf;

use clap::Args;
use gasworks::input::{Duplicates, RatingsOptions, Source};
use gasworks::programs::factorization::{Errors, Factorization, RankingQuality, rmse_mae};
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::factorization::read;
use super::options::{InputOptions, Voice, names};
use super::recommend::ListOptions;
use super::run::Ending;

/// Measure a factorization on ratings that it did not learn from
///
/// Errors of predicted ratings, beside those of mean and biases; and precision, recall, mean average precision and NDCG of the lists that `gasworks
/// recommend` gives, and the area under the curve (AUC) of their whole order, against the test ratings of at least --relevant. A model of implicit feedback predicts no ratings, so its lists alone are judged. Users and items that the model does not know are counted, not left out.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  gasworks als train.csv --model movies.model
  gasworks evaluate movies.model test.csv -k 20 --relevant 4")]
pub(crate) struct Evaluate {
    /// A model that `gasworks als --model` wrote
    model: PathBuf,
    /// A file of ratings
    test: PathBuf,
    /// Test ratings of at least so much are what a list should hold [default: the mean training rating]
    #[arg(allow_negative_numbers = true, long, value_name = "X")]
    relevant: Option<f32>,
    /// What counts of several ratings of one item by one user
    #[arg(long, value_name = "WHICH", default_value = "last", value_parser = names(Duplicates::ALL), help_heading = "Input")]
    duplicates: Duplicates,
    #[command(flatten)]
    lists: ListOptions,
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl Evaluate {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let settings = self.lists.settings(false);
        if settings.count == 0 {
            return Err(Failure::usage("lists of at least one item", "-k 0", "say -k 10"));
        }
        let model = Factorization::load(&self.model)?;
        let Evaluate { duplicates, input: InputOptions { format, lenient }, .. } = *self;
        let source = Source::from_path(&self.test);
        let test = read(&source, &RatingsOptions { format, lenient, duplicates }, reporter)?;
        let test = model.renumber(&test);
        if test.is_empty() {
            return Err(Failure::data(
                source.name(),
                "ratings to measure on",
                "none",
                "name a file of ratings",
            ));
        }
        let clip = Some(model.rating_range());
        let errors = match model.settings().counts_all_pairs() {
            true => None,
            false => rmse_mae(&model, &test, clip).zip(rmse_mae(model.baseline(), &test, clip)),
        };
        let relevant = self.relevant.unwrap_or(model.baseline().mean);
        let quality = model.ranking(&test, relevant, &settings);
        if let Some((errors @ Errors { fallbacks: 1.., .. }, _)) = errors {
            reporter.note(format_args!(
                "{} of {} ratings are of users or items without training ratings; for those the mean and the biases that are known were predicted",
                errors.fallbacks, errors.count
            ));
        }
        match quality {
            None => reporter.note(format_args!(
                "no user of the model has a test rating of {relevant} or more, so lists were not judged; say another --relevant"
            )),
            Some(RankingQuality { left_out: left_out @ 1.., .. }) => reporter.note(format_args!(
                "{left_out} ratings of {relevant} or more are of users without training ratings, who have no list of their own"
            )),
            Some(_) => (),
        }
        let found = Found { errors, ratings: test.len(), quality, relevant, k: settings.count };
        if reporter.is_json() {
            found.event(reporter)?
        } else {
            found.table(reporter)?
        }
        Ok(Ending::Done)
    }
}

struct Found {
    /// Of the model, and of mean and biases; none where ratings are not predicted.
    errors: Option<(Errors, Errors)>,
    ratings: usize,
    quality: Option<RankingQuality>,
    relevant: f32,
    k: usize,
}

impl Found {
    /// Names and values of the measures of lists.
    fn measures(&self) -> Vec<(&'static str, f64)> {
        let of = |quality: &RankingQuality| {
            vec![
                ("precision", quality.precision),
                ("recall", quality.recall),
                ("map", quality.map),
                ("ndcg", quality.ndcg),
            ]
        };
        self.quality.as_ref().map(of).unwrap_or_default()
    }

    /// The area under the curve, where a list is judged and leaves something to compare with.
    fn auc(&self) -> Option<f64> {
        self.quality.and_then(|quality| quality.auc)
    }

    fn event(&self, reporter: &mut Reporter) -> Result<(), Failure> {
        let mut metrics = Metrics::new();
        if let Some((errors, baseline)) = self.errors {
            for (name, value) in [
                ("test_rmse", errors.rmse),
                ("test_mae", errors.mae),
                ("baseline_rmse", baseline.rmse),
                ("baseline_mae", baseline.mae),
            ] {
                metrics.insert(name.into(), value.into());
            }
        }
        for (name, value) in self.measures() {
            metrics.insert(format!("{name}_at_{}", self.k), value.into());
        }
        if let Some(auc) = self.auc() {
            metrics.insert("auc".into(), auc.into());
        }
        reporter.event(json!({
            "event": "evaluation",
            "ratings": self.ratings,
            "fallbacks": self.errors.map(|(errors, _)| errors.fallbacks),
            "relevant": self.relevant,
            "users": self.quality.map_or(0, |quality| quality.users),
            "metrics": metrics,
        }))
    }

    fn table(&self, reporter: &mut Reporter) -> Result<(), Failure> {
        if let Some((errors, baseline)) = self.errors {
            reporter.line(format_args!("{:<18}{:>10}{:>10}", "", "RMSE", "MAE"))?;
            for (name, errors) in [("model", errors), ("mean and biases", baseline)] {
                reporter.line(format_args!("{name:<18}{:>10.4}{:>10.4}", errors.rmse, errors.mae))?;
            }
        }
        reporter.line(format_args!("{} ratings", self.ratings))?;
        let Some(quality) = self.quality else { return Ok(()) };
        reporter.line("")?;
        for (name, value) in self.measures() {
            reporter.line(format_args!("{:<18}{value:>10.4}", format!("{name}@{}", self.k)))?;
        }
        if let Some(auc) = self.auc() {
            reporter.line(format_args!("{:<18}{auc:>10.4}", "auc"))?;
        }
        reporter.line(format_args!(
            "lists of {} users, who rated {} other items {} or more",
            quality.users, quality.relevant, self.relevant
        ))
    }
}
