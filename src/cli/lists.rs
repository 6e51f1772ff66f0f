//! Lists of items, for people and as events.

use std::collections::HashMap;

use gasworks::programs::factorization::{Basis, Factorization, Recommendations, Recommended};
use serde_json::{Value, json};

use super::error::Failure;
use super::events::{Reporter, number};

/// Rank, score, number of ratings and title (or id), one line an item. `held_out` are ratings that the user gave and training did not see.
pub(crate) fn show(
    model: &Factorization,
    items: &[Recommended],
    score: &str,
    held_out: &HashMap<u32, f32>,
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    if items.is_empty() {
        return Ok(());
    }
    reporter.line(format_args!("rank  {score:>9}  ratings  item"))?;
    for (rank, entry) in (1..).zip(items) {
        let rated = held_out.get(&entry.item).map(|value| format!("  (held out: rated {value})"));
        reporter.line(format_args!(
            "{rank:>4}  {:>9.2}  {:>7}  {}{}",
            entry.predicted,
            entry.ratings,
            name(model, entry.item),
            rated.unwrap_or_default()
        ))?;
    }
    Ok(())
}

/// Says why a list is not what one might expect.
pub(crate) fn explain(user: &str, basis: Basis, reporter: &Reporter) {
    match basis {
        Basis::Factors => {}
        Basis::Popularity => {
            reporter.note(format_args!(
                "user {user} is not in the training ratings; these are the most rated items"
            ));
        }
        Basis::NothingLeft => {
            reporter.note(format_args!(
                "user {user} rated every item that may be listed, or no item has as many ratings as \
                 --minimum-ratings asks for, so the list is empty; --include-seen lists rated ones too"
            ));
        }
    }
}

/// A list as an event.
pub(crate) fn event(model: &Factorization, user: &str, list: &Recommendations) -> Value {
    json!({
        "event": "recommendations",
        "user": user,
        "basis": match list.basis {
            Basis::Factors => "factors",
            Basis::Popularity => "popularity",
            Basis::NothingLeft => "nothing_left",
        },
        "items": entries(model, &list.items, "predicted"),
    })
}

/// The items of a list as JSON.
pub(crate) fn entries(model: &Factorization, items: &[Recommended], score: &str) -> Vec<Value> {
    let entry = |(rank, entry): (usize, &Recommended)| {
        json!({
            "rank": rank,
            "item": model.items().id(entry.item).to_string(),
            "title": model.title(entry.item),
            score: number(entry.predicted),
            "ratings": entry.ratings,
        })
    };
    (1..).zip(items).map(entry).collect()
}

/// The title of an item, or its id.
pub(crate) fn name(model: &Factorization, item: u32) -> String {
    model.title(item).map_or_else(|| model.items().id(item).to_string(), str::to_owned)
}
