//! `gasworks predict`: what a factorization predicts for pairs of users and items.

use std::path::PathBuf;

use clap::Args;
use gasworks::input::{Pairs, Rating, RatingsOptions, Source, read_pairs};
use gasworks::programs::factorization::{Factorization, Prediction, Predictor, Settings};
use serde_json::json;

use super::error::Failure;
use super::events::{Reporter, number};
use super::options::{InputOptions, Voice};
use super::output::Output;
use super::run::Ending;

/// Predict the ratings of pairs of users and items by a factorization
///
/// Writes lines of user, item and predicted rating with tabs between, in the order of the pairs; where the pairs have ratings, those stand in a
/// fourth column. A user or item that the model does not know gets the mean and the biases that are known, and it is said how many.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gasworks predict movies.model pairs.csv --output predicted.tsv
  printf '42,318\\n42,296\\n' | gasworks predict movies.model -")]
pub(crate) struct Predict {
    /// A model that `gasworks als --model` wrote
    model: PathBuf,
    /// A table of users and items, or a file of ratings; - is standard input
    pairs: PathBuf,
    /// Also predict what is below the least training rating or above the greatest, instead of those
    #[arg(long)]
    no_clip: bool,
    /// Write the predictions here; - is standard output, as without it
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl Predict {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        if let Some(output) = &self.output {
            output.check(&[&self.model, &self.pairs], reporter)?;
        }
        let model = Factorization::load(&self.model)?;
        let InputOptions { format, lenient } = self.input;
        let source = Source::from_path(&self.pairs);
        reporter.loading(source.name().display());
        let loaded = read_pairs(&source, &RatingsOptions { format, lenient, ..Default::default() })?;
        reporter.loaded(&loaded.report);
        let Pairs { ratings, has_ratings } = loaded.data;
        // Preferences are not ratings: they have no range to be kept in.
        let clips = !self.no_clip && !model.settings().counts_all_pairs();
        let clip = clips.then(|| model.rating_range());
        let mut predictions: Vec<Prediction> =
            model.renumber(&ratings).iter().map(|pair| model.predict(pair.user, pair.item)).collect();
        if let Some(clip) = clip {
            for prediction in &mut predictions {
                prediction.value = prediction.value.clamp(clip.minimum, clip.maximum);
            }
        }
        let fallbacks = predictions.iter().filter(|prediction| prediction.fallback).count();
        if fallbacks > 0 {
            reporter.note(format_args!(
                "{fallbacks} of {} pairs are of users or items without training ratings; for those {} predicted",
                predictions.len(),
                match model.settings() {
                    settings if !settings.counts_all_pairs() => "the mean and the biases that are known were",
                    Settings { alpha: Some(_), .. } => "the share of users who chose the item was",
                    _ => "the item's mean over all users, 0 where there is no rating, was",
                }
            ));
        }
        let lines = || ratings.entries.iter().zip(&predictions);
        let name = |pair: &Rating| (ratings.users.id(pair.user), ratings.items.id(pair.item));
        if reporter.is_json() && self.output.is_none() {
            for (pair, prediction) in lines() {
                let (user, item) = name(pair);
                reporter.event(json!({
                    "event": "prediction",
                    "user": user.to_string(),
                    "item": item.to_string(),
                    "predicted": number(prediction.value),
                    "fallback": prediction.fallback,
                    "rating": has_ratings.then(|| number(pair.value)),
                }))?;
            }
        } else {
            self.output.as_ref().unwrap_or(&Output::Stdout).write(reporter, |writer| {
                for (pair, prediction) in lines() {
                    let (user, item) = name(pair);
                    write!(writer, "{user}\t{item}\t{}", prediction.value)?;
                    match has_ratings {
                        true => writeln!(writer, "\t{}", pair.value)?,
                        false => writeln!(writer)?,
                    }
                }
                Ok(())
            })?;
        }
        reporter.event(json!({
            "event": "predictions",
            "pairs": predictions.len(),
            "fallbacks": fallbacks,
            "clipped_to": clip.map(|clip| [number(clip.minimum), number(clip.maximum)]),
            "output": self.output.as_ref().map(Output::name),
        }))?;
        Ok(Ending::Done)
    }
}
