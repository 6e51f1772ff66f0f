//! `gasworks recommend`: the best items for one user, or for all.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::input::{Duplicates, RatingsOptions};
use gasworks::programs::factorization::{
    Basis, Explanation, Factorization, RecommendSettings, Recommendations,
};
use serde_json::json;

use super::error::Failure;
use super::events::Reporter;
use super::fold_in::{self, Answer};
use super::lists;
use super::options::{InputOptions, Voice, names, up_to};
use super::output::Output;
use super::run::Ending;

/// List the best items for a user of a factorization
///
/// Items that the user rated in training are left out. A user whom the model does not know gets the most rated items, or, with --ratings, a list
/// from the user's own ratings.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Recommend {
    /// A model that `gasworks als --model` wrote
    model: PathBuf,
    /// Whom to recommend to, by the id in the ratings
    #[arg(
        allow_hyphen_values = true,
        long,
        value_name = "ID",
        required_unless_present_any = ["all_users", "ratings"],
        conflicts_with = "all_users"
    )]
    user: Option<String>,
    /// Recommend to every user of the model
    #[arg(long, requires = "output", conflicts_with = "ratings")]
    all_users: bool,
    /// Recommend to the users of these ratings, or to one of them with --user: users whom the model does not know, or known ones with
    /// ratings that it did not learn from; - is standard input. Their rows are solved from their ratings; items and their factors stay as they are
    #[arg(long, value_name = "FILE")]
    ratings: Option<PathBuf>,
    /// Say under each item which of the user's ratings its prediction comes from, the N that add most one by one; exact for rows as ALS solves
    /// them
    #[arg(
        long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "3",
        conflicts_with_all = ["all_users", "output"]
    )]
    explain: Option<usize>,
    #[command(flatten)]
    lists: ListOptions,
    /// Let items be listed that the user rated in training
    #[arg(long)]
    include_seen: bool,
    /// Write lines of user, item and predicted rating with tabs between, best first for each user; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    /// What counts of several ratings of one item by one user in --ratings
    #[arg(
        long, value_name = "WHICH", default_value = "last", value_parser = names(Duplicates::ALL),
        requires = "ratings", help_heading = "Input"
    )]
    duplicates: Duplicates,
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

/// How lists are ranked, here and for similar items.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ListOptions {
    /// Items in a list at most
    #[arg(short = 'k', long, value_name = "N", default_value_t = RecommendSettings::default().count)]
    count: usize,
    /// Leave out items with fewer training ratings
    #[arg(long, value_name = "N", default_value_t = RecommendSettings::default().minimum_ratings)]
    minimum_ratings: u32,
    /// Items with so many ratings count for half (of what is predicted beyond an average item, or of their likeness), items with fewer for less; 0 ranks by the plain number
    #[arg(
        allow_negative_numbers = true, long, value_name = "X",
        default_value_t = RecommendSettings::default().damping, value_parser = up_to(1e9)
    )]
    damping: f32,
}

impl ListOptions {
    pub(crate) fn settings(self, include_seen: bool) -> RecommendSettings {
        let ListOptions { count, minimum_ratings, damping } = self;
        RecommendSettings { count, include_seen, minimum_ratings, damping }
    }
}

const AFTER_HELP: &str = "\
Examples:
  gasworks recommend movies.model --user 42 -k 20
  gasworks recommend movies.model --user 42 --explain
  gasworks recommend movies.model --all-users --output lists.tsv
  gasworks recommend movies.model --ratings new.csv --output lists.tsv";

impl Recommend {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        if let Some(output) = &self.output {
            let inputs: Vec<&Path> = [Some(&self.model), self.ratings.as_ref()]
                .into_iter()
                .flatten()
                .map(PathBuf::as_path)
                .collect();
            output.check(&inputs, reporter)?;
        }
        let model = Factorization::load(&self.model)?;
        let settings = self.lists.settings(self.include_seen);
        if let Some(path) = &self.ratings {
            return self.fold_in(&model, path, &settings, reporter);
        }
        let Some(user) = &self.user else {
            let lists = model.recommend_all(&settings);
            let named: Vec<_> =
                lists.iter().map(|list| (model.users().id(list.user).to_string(), list)).collect();
            self.write(&model, &named, reporter)?;
            self.sum_up(&lists, "users have no training rating", reporter)?;
            return Ok(Ending::Done);
        };
        let list = model.recommend(model.user(user), &settings);
        lists::explain(user, list.basis, reporter);
        let explanations = self.explanations(&model, &list, reporter);
        self.show(&model, user, &list, explanations.as_deref(), reporter)?;
        self.write(&model, &[(user.clone(), &list)], reporter)?;
        Ok(Ending::Done)
    }

    /// Lists for the users of a file of ratings.
    fn fold_in(
        &self,
        model: &Factorization,
        path: &Path,
        settings: &RecommendSettings,
        reporter: &mut Reporter,
    ) -> Result<Ending, Failure> {
        let InputOptions { format, lenient } = self.input;
        let options = RatingsOptions { format, lenient, duplicates: self.duplicates };
        let only = self.user.as_deref();
        let answers =
            fold_in::answers(model, path, &options, only, settings, self.explain.is_some(), reporter)?;
        if self.output.is_some() {
            let named: Vec<_> = answers.iter().map(|answer| (answer.user.clone(), &answer.list)).collect();
            self.write(model, &named, reporter)?;
            let lists: Vec<_> = answers.into_iter().map(|answer| answer.list).collect();
            self.sum_up(&lists, "users rated no item that the model knows", reporter)?;
            return Ok(Ending::Done);
        }
        let are_several = answers.len() > 1;
        for (at, Answer { user, list, explanations, .. }) in answers.iter().enumerate() {
            match list.basis {
                Basis::Popularity => reporter.note(format_args!(
                    "user {user} rated no item that the model knows; these are the most rated items"
                )),
                basis => lists::explain(user, basis, reporter),
            }
            if are_several && !reporter.is_json() {
                reporter.line(format_args!("{}user {user}:", if at > 0 { "\n" } else { "" }))?;
            }
            self.show(model, user, list, explanations.as_deref(), reporter)?;
        }
        Ok(Ending::Done)
    }

    /// Where the predictions of a list come from, if that is asked for and can be told.
    fn explanations(
        &self,
        model: &Factorization,
        list: &Recommendations,
        reporter: &Reporter,
    ) -> Option<Vec<Option<Explanation>>> {
        self.explain?;
        if !model.keeps_ratings() {
            reporter.note(
                "the model's file does not keep the values of its ratings, so predictions cannot be explained; train again to keep them",
            );
        }
        let user = model.refit_user(list.user)?;
        Some(fold_in::explanations(model, &user, list))
    }

    /// As an event, or for people where no file is asked for.
    fn show(
        &self,
        model: &Factorization,
        user: &str,
        list: &Recommendations,
        explanations: Option<&[Option<Explanation>]>,
        reporter: &mut Reporter,
    ) -> Result<(), Failure> {
        let count = self.explain.unwrap_or(0);
        if reporter.is_json() {
            let mut event = lists::event(model, user, list);
            if let Some(explanations) = explanations {
                lists::add_explanations(model, &mut event, explanations, count);
            }
            return reporter.event(event);
        }
        match explanations {
            _ if self.output.is_some() => Ok(()),
            Some(explanations) => lists::show_explained(model, &list.items, explanations, count, reporter),
            None => lists::show(model, &list.items, "predicted", &HashMap::new(), reporter),
        }
    }

    /// To the output, if one is named.
    fn write(
        &self,
        model: &Factorization,
        lists: &[(String, &Recommendations)],
        reporter: &Reporter,
    ) -> Result<(), Failure> {
        let Some(output) = &self.output else { return Ok(()) };
        output.write(reporter, |writer| {
            for (user, list) in lists {
                for entry in &list.items {
                    writeln!(writer, "{user}\t{}\t{}", model.items().id(entry.item), entry.predicted)?;
                }
            }
            Ok(())
        })
    }

    /// Says of many lists how many are not what one might expect, and why the most rated items stand in some.
    fn sum_up(
        &self,
        lists: &[Recommendations],
        unknown: &str,
        reporter: &mut Reporter,
    ) -> Result<(), Failure> {
        let of = |basis| lists.iter().filter(|list| list.basis == basis).count();
        let (empty, popular) = (of(Basis::NothingLeft), of(Basis::Popularity));
        if empty > 0 {
            reporter.note(format_args!(
                "{empty} users rated every item that may be listed, or no item has as many ratings as \
                 --minimum-ratings asks for; their lists are empty"
            ));
        }
        if popular > 0 {
            reporter.note(format_args!("{popular} {unknown}; theirs are the most rated items"));
        }
        reporter.event(json!({
            "event": "recommendations",
            "users": lists.len(),
            "empty": empty,
            "popularity": popular,
            "output": self.output.as_ref().map(Output::name),
        }))
    }
}
