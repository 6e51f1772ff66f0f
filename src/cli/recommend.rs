//! `gasworks recommend`: the best items for one user, or for all.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use gasworks::programs::factorization::{Basis, Factorization, RecommendSettings, Recommendations};
use serde_json::json;

use super::error::Failure;
use super::events::Reporter;
use super::lists;
use super::options::{Voice, up_to};
use super::output::Output;
use super::run::Ending;

/// List the best items for a user of a factorization
///
/// Items that the user rated in training are left out. A user whom the model does not know gets the most rated items.
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
        required_unless_present = "all_users",
        conflicts_with = "all_users"
    )]
    user: Option<String>,
    /// Recommend to every user of the model
    #[arg(long, requires = "output")]
    all_users: bool,
    #[command(flatten)]
    lists: ListOptions,
    /// Let items be listed that the user rated in training
    #[arg(long)]
    include_seen: bool,
    /// Write lines of user, item and predicted rating with tabs between, best first for each user; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
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
  gasworks recommend movies.model --all-users --output lists.tsv";

impl Recommend {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        if let Some(output) = &self.output {
            output.check(&[&self.model], reporter)?;
        }
        let model = Factorization::load(&self.model)?;
        let settings = self.lists.settings(self.include_seen);
        let Some(user) = &self.user else {
            self.write(&model, &model.recommend_all(&settings), reporter)?;
            return Ok(Ending::Done);
        };
        let list = model.recommend(model.user(user), &settings);
        lists::explain(user, list.basis, reporter);
        if reporter.is_json() {
            reporter.event(lists::event(&model, user, &list))?;
        } else if self.output.is_none() {
            lists::show(&model, &list.items, "predicted", &HashMap::new(), reporter)?;
        }
        self.write(&model, &[list], reporter)?;
        Ok(Ending::Done)
    }

    /// To the output, if one is named.
    fn write(
        &self,
        model: &Factorization,
        lists: &[Recommendations],
        reporter: &mut Reporter,
    ) -> Result<(), Failure> {
        let Some(output) = &self.output else { return Ok(()) };
        output.write(reporter, |writer| {
            for list in lists {
                for entry in &list.items {
                    match &self.user {
                        Some(user) => write!(writer, "{user}")?,
                        None => write!(writer, "{}", model.users().id(list.user))?,
                    }
                    writeln!(writer, "\t{}\t{}", model.items().id(entry.item), entry.predicted)?;
                }
            }
            Ok(())
        })?;
        if self.all_users {
            let of = |basis| lists.iter().filter(|list| list.basis == basis).count();
            let (empty, popular) = (of(Basis::NothingLeft), of(Basis::Popularity));
            if empty > 0 {
                reporter.note(format_args!(
                    "{empty} users rated every item that may be listed, or no item has as many ratings as \
                     --minimum-ratings asks for; their lists are empty"
                ));
            }
            if popular > 0 {
                reporter.note(format_args!(
                    "{popular} users have no training rating; theirs are the most rated items"
                ));
            }
            reporter.event(json!({
                "event": "recommendations",
                "users": lists.len(),
                "empty": empty,
                "popularity": popular,
                "output": output.name(),
            }))?;
        }
        Ok(())
    }
}
