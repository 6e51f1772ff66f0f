//! `gasworks similar`: the items whose factors point where another's do.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use gasworks::programs::factorization::Factorization;
use serde_json::json;

use super::error::Failure;
use super::events::Reporter;
use super::lists;
use super::options::Voice;
use super::recommend::ListOptions;
use super::run::Ending;

/// List the items most like an item of a factorization
///
/// Likeness is the cosine of the factors: 1 for the same direction, 0 for none in common.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks similar movies.model --item 318")]
pub(crate) struct Similar {
    /// A model that `gasworks als --model` wrote
    model: PathBuf,
    /// The item to compare with, by the id in the ratings
    #[arg(allow_hyphen_values = true, long, value_name = "ID")]
    item: String,
    #[command(flatten)]
    lists: ListOptions,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl Similar {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let model = Factorization::load(&self.model)?;
        let item = model.item(&self.item)?;
        let list = model.similar(item, &self.lists.settings(false))?;
        if reporter.is_json() {
            reporter.event(json!({
                "event": "similar",
                "item": self.item,
                "title": model.title(item),
                "items": lists::entries(&model, &list, "cosine"),
            }))?;
        } else {
            reporter.say(format_args!("like {}:", lists::name(&model, item)));
            lists::show(&model, &list, "cosine", &HashMap::new(), reporter)?;
        }
        Ok(Ending::Done)
    }
}
