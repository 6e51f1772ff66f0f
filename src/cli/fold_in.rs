//! Users of a file of ratings, whose rows are solved against the item factors of a model: the work behind `gasworks recommend --ratings`.

use std::path::Path;

use gasworks::input::{Rating, RatingsOptions, Source};
use gasworks::programs::factorization::{
    BaselineSettings, Explanation, Factorization, FactorizationError, FoldedUser, RecommendSettings,
    Recommendations, UNKNOWN,
};
use rayon::prelude::*;

use super::error::Failure;
use super::events::Reporter;
use super::factorization::read;

/// A list for a user of the file.
pub(crate) struct Answer {
    /// The id in the file.
    pub(crate) user: String,
    pub(crate) list: Recommendations,
    /// One for each item of the list, if asked for.
    pub(crate) explanations: Option<Vec<Option<Explanation>>>,
    ignored: usize,
}

/// Lists for the users of a file of ratings by number, or for one of them.
pub(crate) fn answers(
    model: &Factorization,
    path: &Path,
    options: &RatingsOptions,
    only: Option<&str>,
    settings: &RecommendSettings,
    explain: bool,
    reporter: &mut Reporter,
) -> Result<Vec<Answer>, Failure> {
    let source = Source::from_path(path);
    let ratings = read(&source, options, reporter)?;
    let wanted = match only {
        None => 0..ratings.users.len() as u32,
        Some(id) => {
            let user = ratings.users.find(id).ok_or_else(|| {
                let expected = format!("a user of {}", source.name().display());
                Failure::usage(
                    expected,
                    format!("{id:?}"),
                    "leave out --user to recommend to all of its users",
                )
            })?;
            user..user + 1
        }
    };
    let mut given: Vec<Vec<Rating>> = vec![Vec::new(); ratings.users.len()];
    for (rating, numbered) in ratings.entries.iter().zip(model.renumber(&ratings)) {
        given[rating.user as usize].push(numbered);
    }
    let given = &given[wanted.start as usize..wanted.end as usize];
    note_known(model, given, reporter);

    // Implicit feedback has no negative ratings; all else was checked when the file was read.
    let refuse = |error| match error {
        FactorizationError::Argument { expected, got, advice, .. } => {
            Failure::data(source.name(), expected, got, advice)
        }
        other => other.into(),
    };
    let answers: Result<Vec<Answer>, Failure> = wanted
        .into_par_iter()
        .zip(given)
        .map(|(user, given)| {
            let folded = fold(model, given).map_err(refuse)?;
            let list = model.recommend_folded(&folded, settings);
            let explanations = explain.then(|| explanations(model, &folded, &list));
            Ok(Answer {
                user: ratings.users.id(user).to_string(),
                list,
                explanations,
                ignored: folded.ignored(),
            })
        })
        .collect();
    let answers = answers?;
    let ignored: usize = answers.iter().map(|answer| answer.ignored).sum();
    if ignored > 0 {
        reporter.note(format_args!(
            "{ignored} of {} ratings are of items without training ratings, and count for nothing",
            given.iter().map(Vec::len).sum::<usize>()
        ));
    }
    Ok(answers)
}

/// The user's new ratings together with those of training; the new one, where both rate an item.
fn fold(model: &Factorization, given: &[Rating]) -> Result<FoldedUser, FactorizationError> {
    let user = given.first().map_or(UNKNOWN, |rating| rating.user);
    let mut all = model.training_ratings(user).unwrap_or_default();
    all.extend_from_slice(given);
    model.fold_in_user(&all, &BaselineSettings::default())
}

/// Says what becomes of users whom the model knows.
fn note_known(model: &Factorization, given: &[Vec<Rating>], reporter: &Reporter) {
    let is_known =
        |given: &&Vec<Rating>| given.first().is_some_and(|rating| !model.seen(rating.user).is_empty());
    let known = given.iter().filter(is_known).count();
    match known {
        0 => (),
        _ if model.keeps_ratings() => reporter.note(format_args!(
            "{known} of the users are in the model: these ratings are added to those that it learned from, and replace those of the same items"
        )),
        _ => reporter.note(format_args!(
            "{known} of the users are in the model, whose file does not keep the values of its ratings: only these ratings count, and what was \
             rated in training may be listed; train again to keep them"
        )),
    }
}

/// Where each prediction of a list comes from.
pub(crate) fn explanations(
    model: &Factorization,
    user: &FoldedUser,
    list: &Recommendations,
) -> Vec<Option<Explanation>> {
    list.items.iter().map(|entry| model.explain(user, entry.item)).collect()
}
