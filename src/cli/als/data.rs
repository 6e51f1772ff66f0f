//! What `als` learns from and measures on.

use gasworks::graph::Ids;
use gasworks::input::{Rating, Ratings, RatingsOptions, Source, Titles, read_ratings, read_titles};
use gasworks::programs::factorization::{Baseline, BaselineSettings, Split, UNKNOWN, hold_out};

use super::super::error::Failure;
use super::super::events::Reporter;
use super::Als;

/// Ratings in two parts, and what mean and biases make of the first.
pub(super) struct Data {
    /// Where they come from, for messages.
    pub(super) source: Source,
    pub(super) users: Ids,
    pub(super) items: Ids,
    pub(super) train: Vec<Rating>,
    /// May name [`UNKNOWN`] users and items, where it is a file of its own.
    pub(super) test: Vec<Rating>,
    /// Whether the test ratings are a part of the input.
    pub(super) is_held_out: bool,
    pub(super) baseline: Baseline,
    /// Training ratings of each user, and of each item.
    pub(super) counts: (Vec<u32>, Vec<u32>),
    /// One for each item, or none at all.
    pub(super) titles: Vec<Option<String>>,
}

impl Data {
    pub(super) fn load(als: &Als, reporter: &mut Reporter) -> Result<Self, Failure> {
        let options = RatingsOptions {
            format: als.input.format,
            lenient: als.input.lenient,
            duplicates: als.duplicates,
        };
        let (source, sample_titles) = match &als.ratings {
            Some(path) => (Source::from_path(path), None),
            None => sample(reporter)?,
        };
        let ratings = read(&source, &options, reporter)?;
        let test = match &als.test {
            Some(path) => Some(read(&Source::from_path(path), &options, reporter)?),
            None => None,
        };
        let titles = match als.titles.as_deref().map(Source::from).or(sample_titles) {
            Some(source) => titles(&source, &ratings.items, reporter)?,
            None => Vec::new(),
        };
        let is_held_out = test.is_none();
        let split = match test {
            Some(test) => {
                let test = renumber(&test, &ratings);
                Split { train: ratings.entries, test }
            }
            None => hold_out(&ratings, als.holdout.unwrap_or(0.1), als.run.seed)?,
        };
        let Split { train, test } = split;
        if als.early_stop && test.is_empty() {
            return Err(Failure::data(
                source.name(),
                "test ratings for --early-stop to judge by",
                "none: each user keeps at least one rating for training",
                "name a file with --test",
            ));
        }
        let (users, items) = (ratings.users, ratings.items);
        let baseline = match als.kind.implicit {
            // A preference has no mean and no biases.
            true => Baseline {
                mean: 0.0,
                user_biases: vec![0.0; users.len()],
                item_biases: vec![0.0; items.len()],
            },
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
        Ok(Data { source, users, items, train, test, is_held_out, baseline, counts, titles })
    }

    /// How many users and items have no training rating.
    pub(super) fn without_ratings(&self) -> u64 {
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
        let values = || self.train.iter().map(|rating| rating.value);
        [values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max)]
    }
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

/// Test ratings in the numbers of the training ratings; what those do not know becomes [`UNKNOWN`].
fn renumber(test: &Ratings, train: &Ratings) -> Vec<Rating> {
    let map = |from: &Ids, to: &Ids| -> Vec<u32> {
        from.iter().map(|id| to.find(&id.to_string()).unwrap_or(UNKNOWN)).collect()
    };
    let (users, items) = (map(&test.users, &train.users), map(&test.items, &train.items));
    let number = |rating: &Rating| Rating {
        user: users[rating.user as usize],
        item: items[rating.item as usize],
        ..*rating
    };
    test.entries.iter().map(number).collect()
}

/// Ratings and titles that come with the program.
#[cfg(feature = "samples")]
pub(in super::super) fn sample(reporter: &Reporter) -> Result<(Source, Option<Source>), Failure> {
    use std::path::Path;

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
