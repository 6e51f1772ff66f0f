//! What a factorization learns from and measures on: the options that name it, and the ratings themselves.

use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder, Ids};
use gasworks::input::{
    Duplicates, Rating, Ratings, RatingsOptions, Source, Titles, read_ratings, read_titles,
};
use gasworks::programs::factorization::{
    Baseline, BaselineSettings, Factorization, RatingList, Settings, Split, Training, hold_out, renumber,
};
use serde_json::json;

use super::super::error::Failure;
use super::super::events::{Metrics, Reporter};
use super::super::options::{InputOptions, names, share};
use super::rows::Learned;

/// Where ratings come from.
#[derive(Args, Debug)]
pub(in super::super) struct DataOptions {
    /// Ratings: user, item, rating, in a table or a MatrixMarket file; - is standard input [default: the embedded MovieLens sample]
    ratings: Option<PathBuf>,
    /// Titles of the items: a table of ids and titles
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    titles: Option<PathBuf>,
    /// What counts of several ratings of one item by one user
    #[arg(
        long, value_name = "WHICH", default_value = "last", value_parser = names(Duplicates::ALL),
        help_heading = "Input"
    )]
    pub(in super::super) duplicates: Duplicates,
    #[command(flatten)]
    input: InputOptions,
}

/// What is measured on.
#[derive(Args, Debug)]
pub(in super::super) struct MeasuringOptions {
    /// Share of each user's ratings that is held out to measure on, chosen by the seed; 0 learns from all of them [default: 0.1, none with --test]
    #[arg(
        allow_negative_numbers = true, long, value_name = "SHARE", value_parser = share::<f64>,
        conflicts_with = "test", help_heading = "Measuring"
    )]
    holdout: Option<f64>,
    /// Ratings to measure on, instead of a part of RATINGS
    #[arg(long, value_name = "FILE", help_heading = "Measuring")]
    pub(super) test: Option<PathBuf>,
    /// Stop when the test RMSE has not fallen for 3 iterations, and keep the factors of the best one. The test ratings then choose the model, so
    /// its test errors are slightly flattering
    #[arg(long, help_heading = "Measuring")]
    pub(in super::super) early_stop: bool,
}

impl MeasuringOptions {
    /// What can be refused before anything is read.
    pub(in super::super) fn check(&self) -> Result<(), Failure> {
        if self.early_stop && self.test.is_none() && self.holdout == Some(0.0) {
            return Err(Failure::usage(
                "test ratings for --early-stop to judge by",
                "--holdout 0",
                "hold out a share, or name a file with --test",
            ));
        }
        Ok(())
    }

    /// All files that will be read.
    pub(in super::super) fn inputs<'a>(&'a self, data: &'a DataOptions) -> Vec<&'a Path> {
        let inputs = [&data.ratings, &self.test, &data.titles];
        inputs.into_iter().filter_map(Option::as_deref).collect()
    }
}

/// Ratings in two parts, and what mean and biases make of the first.
pub(in super::super) struct Data {
    /// Where they come from, for messages.
    pub(in super::super) source: Source,
    pub(in super::super) users: Ids,
    pub(in super::super) items: Ids,
    pub(in super::super) train: Training,
    /// May name [`UNKNOWN`] users and items, where it is a file of its own.
    pub(in super::super) test: Vec<Rating>,
    /// Whether the test ratings are a part of the input.
    pub(super) is_held_out: bool,
    pub(in super::super) baseline: Baseline,
    /// Training ratings of each user, and of each item.
    pub(in super::super) counts: (Vec<u32>, Vec<u32>),
    /// One for each item, or none at all.
    pub(super) titles: Vec<Option<String>>,
}

impl Data {
    /// Reads the ratings and parts them by the seed; those to learn from are also given as a graph of users and items. Where every pair
    /// counts, there is no mean and there are no biases.
    pub(in super::super) fn load(
        options: &DataOptions,
        measuring: &MeasuringOptions,
        seed: u64,
        counts_all_pairs: bool,
        reporter: &mut Reporter,
    ) -> Result<(Self, Graph<(), f32>), Failure> {
        let InputOptions { format, lenient } = options.input;
        let read_as = RatingsOptions { format, lenient, duplicates: options.duplicates };
        let (source, sample_titles) = match &options.ratings {
            Some(path) => (Source::from_path(path), None),
            None => sample(reporter)?,
        };
        let ratings = read(&source, &read_as, reporter)?;
        let test = match &measuring.test {
            Some(path) => Some(read(&Source::from_path(path), &read_as, reporter)?),
            None => None,
        };
        let titles = match options.titles.as_deref().map(Source::from).or(sample_titles) {
            Some(source) => titles(&source, &ratings.items, reporter)?,
            None => Vec::new(),
        };
        let is_held_out = test.is_none();
        let split = match test {
            Some(test) => {
                // What the training ratings do not know becomes unknown.
                let test = renumber(&test, &ratings.users, &ratings.items);
                Split { train: ratings.entries, test }
            }
            // Nothing is copied where nothing is held out.
            None if measuring.holdout == Some(0.0) => Split { train: ratings.entries, test: Vec::new() },
            None => hold_out(&ratings, measuring.holdout.unwrap_or(0.1), seed)?,
        };
        let Split { train, test } = split;
        if measuring.early_stop && test.is_empty() {
            return Err(Failure::data(
                source.name(),
                "test ratings for --early-stop to judge by",
                "none: each user keeps at least one rating for training",
                "name a file with --test",
            ));
        }
        let (users, items) = (ratings.users, ratings.items);
        let baseline = match counts_all_pairs {
            true => Baseline::zero(users.len(), items.len()),
            false => Baseline::fit(users.len(), items.len(), &train, &BaselineSettings::default()),
        };
        let mut counts = (vec![0; users.len()], vec![0; items.len()]);
        for rating in &train {
            counts.0[rating.user as usize] += 1;
            counts.1[rating.item as usize] += 1;
        }
        reporter.say(format_args!(
            "{} users, {} items, {} ratings to learn from, {} to measure on",
            users.len(),
            items.len(),
            train.len(),
            test.len()
        ));
        let graph = rated(train, (users.len(), items.len()))?;
        let train = Training::new(&graph);
        Ok((Data { source, users, items, train, test, is_held_out, baseline, counts, titles }, graph))
    }

    /// See [`check_choices`].
    pub(in super::super) fn check_choices(&self) -> Result<(), Failure> {
        check_choices(self.source.name(), (&self.users, &self.items), self.train.all())
    }

    /// Fails at the first training rating below 0.
    pub(in super::super) fn check_not_negative(&self, expected: &str, advice: &str) -> Result<(), Failure> {
        let ids = (&self.users, &self.items);
        check_not_negative(self.source.name(), ids, self.train.all(), expected, advice)
    }

    /// How many users and items have no training rating.
    pub(in super::super) fn without_ratings(&self) -> u64 {
        let empty = |counts: &[u32]| counts.iter().filter(|count| **count == 0).count() as u64;
        empty(&self.counts.0) + empty(&self.counts.1)
    }

    /// `user 12`, or `item 7`, for a vertex of the graph.
    pub(super) fn name(&self, vertex: usize) -> String {
        match vertex.checked_sub(self.users.len()) {
            None => format!("user {}", self.users.id(vertex as u32)),
            Some(item) => format!("item {}", self.items.id(item as u32)),
        }
    }

    /// The smallest and the largest training rating.
    pub(super) fn range(&self) -> [f32; 2] {
        self.train.range_of_values()
    }

    /// The part of the start event that every factorization has.
    pub(in super::super) fn details(&self) -> Metrics {
        let details = json!({
            "users": self.users.len(),
            "items": self.items.len(),
            "train_ratings": self.train.count(),
            "test_ratings": self.test.len(),
        });
        details.as_object().expect("an object").clone()
    }

    /// What was learned, as a model.
    pub(in super::super) fn model(
        &self,
        learned: Learned,
        settings: Settings,
    ) -> Result<Factorization, Failure> {
        let Learned { baseline, factors } = learned;
        let ids = (self.users.clone(), self.items.clone());
        let model = Factorization::new(ids, &self.train, baseline, factors, settings)?;
        Ok(if self.titles.is_empty() { model } else { model.with_titles(self.titles.clone())? })
    }
}

/// Implicit feedback says how often something was chosen, or how long: a confidence is not below that of a pair with no rating.
pub(in super::super) fn check_choices(
    name: &Path,
    ids: (&Ids, &Ids),
    ratings: impl Iterator<Item = Rating>,
) -> Result<(), Failure> {
    check_not_negative(
        name,
        ids,
        ratings,
        "ratings of 0 or more as implicit feedback: how often, or how long",
        "leave negative ratings out, or factorize them as explicit ones, by sgd, or als without --implicit",
    )
}

/// Fails at the first rating below 0.
fn check_not_negative(
    name: &Path,
    (users, items): (&Ids, &Ids),
    mut ratings: impl Iterator<Item = Rating>,
    expected: &str,
    advice: &str,
) -> Result<(), Failure> {
    ratings.find(|rating| rating.value < 0.0).map_or(Ok(()), |rating| {
        let (user, item) = (users.id(rating.user), items.id(rating.item));
        let found = format!("{} by user {user} of item {item}", rating.value);
        Err(Failure::data(name, expected, found, advice))
    })
}

/// Ratings as a graph of users and items.
pub(in super::super) fn rated(
    ratings: Vec<Rating>,
    (users, items): (usize, usize),
) -> Result<Graph<(), f32>, Failure> {
    let edge = |rating: Rating| ([rating.user, rating.item], rating.value);
    Ok(GraphBuilder::bipartite(users, items).edges_from(ratings, edge).build()?)
}

/// Ratings from a file, or the sample, for commands that part them themselves.
pub(in super::super) fn ratings(
    path: Option<&Path>,
    InputOptions { format, lenient }: InputOptions,
    duplicates: Duplicates,
    reporter: &mut Reporter,
) -> Result<Ratings, Failure> {
    let source = match path {
        Some(path) => Source::from_path(path),
        None => sample(reporter)?.0,
    };
    read(&source, &RatingsOptions { format, lenient, duplicates }, reporter)
}

/// Reads ratings, and says what they are.
pub(in super::super) fn read(
    source: &Source,
    options: &RatingsOptions,
    reporter: &mut Reporter,
) -> Result<Ratings, Failure> {
    reporter.loading(source.name().display());
    let loaded = read_ratings(source, options)?;
    reporter.loaded(&loaded.report);
    Ok(loaded.data)
}

/// One entry for each item.
fn titles(source: &Source, items: &Ids, reporter: &mut Reporter) -> Result<Vec<Option<String>>, Failure> {
    reporter.loading(source.name().display());
    let loaded = read_titles(source)?;
    reporter.loaded(&loaded.report);
    let titles: &Titles = &loaded.data;
    let titles: Vec<_> = items.iter().map(|id| titles.get(&id.to_string()).map(str::to_owned)).collect();
    let known = titles.iter().flatten().count();
    if known < items.len() {
        reporter.note(format_args!("{known} of {} items have a title", items.len()));
    }
    Ok(titles)
}

/// Ratings and titles that come with the program.
#[cfg(feature = "samples")]
pub(in super::super) fn sample(reporter: &Reporter) -> Result<(Source, Option<Source>), Failure> {
    use gasworks_samples::movielens::{MOVIES, NAME, RATINGS};
    reporter.say(format_args!(
        "no RATINGS named: using the embedded sample, {NAME} (GroupLens, University of Minnesota; Harper and Konstan \
         2015); not for commercial use, see samples/movielens/README.txt in the source"
    ));
    let name = |what: &str| Path::new(NAME).join(what);
    let ratings = Source::from_memory(name("ratings.csv"), RATINGS);
    Ok((ratings, Some(Source::from_memory(name("movies.csv"), MOVIES))))
}

#[cfg(not(feature = "samples"))]
pub(in super::super) fn sample(_: &Reporter) -> Result<(Source, Option<Source>), Failure> {
    Err(Failure::usage(
        "a file of ratings",
        "none, and this program was built without the embedded sample",
        "name a file, or build with the feature `samples`",
    ))
}
