//! Lists of items, for people and as events.

use std::collections::HashMap;

use gasworks::programs::factorization::{
    Basis, Contribution, Explanation, Factorization, Offset, Recommendations, Recommended,
};
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
    header(score, reporter)?;
    for (rank, entry) in (1..).zip(items) {
        let rated = held_out.get(&entry.item).map(|value| format!("  (held out: rated {value})"));
        row(model, rank, entry, &rated.unwrap_or_default(), reporter)?;
    }
    Ok(())
}

fn header(score: &str, reporter: &mut Reporter) -> Result<(), Failure> {
    reporter.line(format_args!("rank  {score:>9}  ratings  item"))
}

fn row(
    model: &Factorization,
    rank: usize,
    entry: &Recommended,
    more: &str,
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    let Recommended { item, predicted, ratings, .. } = *entry;
    reporter.line(format_args!("{rank:>4}  {predicted:>9.2}  {ratings:>7}  {}{more}", name(model, item)))
}

/// A list, and under each item the parts of its prediction: mean and biases, the `count` ratings of the user that add most, and all others.
pub(crate) fn show_explained(
    model: &Factorization,
    items: &[Recommended],
    explanations: &[Option<Explanation>],
    count: usize,
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    if items.is_empty() {
        return Ok(());
    }
    header("predicted", reporter)?;
    let mut furthest: f32 = 0.0;
    for ((rank, entry), explanation) in (1..).zip(items).zip(explanations) {
        row(model, rank, entry, "", reporter)?;
        let Some(explanation) = explanation else { continue };
        let mut part =
            |amount: f32, what: &str| reporter.line(format_args!("{amount:>+15.3}{:>11}{what}", ""));
        match model.settings().offset {
            Offset::None => (),
            Offset::Mean => part(explanation.offset, "the mean")?,
            Offset::Biases => part(explanation.offset, "mean and biases")?,
        }
        let Parts { most, others, others_amount } = parts(explanation, count);
        for contribution in most {
            let (rating, item) = (contribution.rating, name(model, contribution.item));
            part(contribution.amount, &format!("rated {rating}: {item}"))?;
        }
        if others > 0 {
            part(others_amount, &format!("{others} other ratings"))?;
        }
        furthest = furthest.max((explanation.predicted() - entry.predicted).abs());
    }
    if furthest > 0.005 {
        reporter.note(format_args!(
            "the parts add up to the user's row solved once more and not clipped, up to {furthest:.2} from the predictions above"
        ));
    }
    Ok(())
}

/// The ratings that add most to a prediction, and the sum of the others.
struct Parts<'e> {
    most: &'e [Contribution],
    others: usize,
    others_amount: f32,
}

fn parts(explanation: &Explanation, count: usize) -> Parts<'_> {
    let all = &explanation.contributions;
    let (most, others) = all.split_at(count.min(all.len()));
    Parts { most, others: others.len(), others_amount: others.iter().map(|part| part.amount).sum() }
}

/// Adds the parts of each prediction to a list as an event.
pub(crate) fn add_explanations(
    model: &Factorization,
    event: &mut Value,
    explanations: &[Option<Explanation>],
    count: usize,
) {
    let items = event["items"].as_array_mut().into_iter().flatten();
    for (item, explanation) in items.zip(explanations) {
        item["explanation"] = explanation.as_ref().map_or(Value::Null, |explanation| {
            let Parts { most, others, others_amount } = parts(explanation, count);
            let because = |part: &Contribution| {
                json!({
                    "item": model.items().id(part.item).to_string(),
                    "title": model.title(part.item),
                    "rating": number(part.rating),
                    "contribution": number(part.amount),
                })
            };
            json!({
                "offset": number(explanation.offset),
                "because": most.iter().map(because).collect::<Vec<_>>(),
                "others": others,
                "others_contribution": number(others_amount),
                "predicted": number(explanation.predicted()),
            })
        });
    }
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
