//! What is shown at the end: errors beside those of mean and biases, and a list for one user.

use std::collections::HashMap;

use gasworks::programs::factorization::{Errors, Factorization, RecommendSettings};

use super::super::error::Failure;
use super::super::events::Reporter;
use super::super::lists;
use super::data::{Data, MeasuringOptions};
use super::output::OutputOptions;
use super::watch::{Evaluation, Watch};

/// Prints the table that `table` makes, and the list, on standard output.
pub(in super::super) fn show(
    output: &OutputOptions,
    model: &Factorization,
    data: &Data,
    reporter: &mut Reporter,
    table: impl FnOnce(&mut Reporter) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if !reporter.is_json() && !reporter.is_quiet() {
        table(reporter)?;
    }
    let user = match &output.user {
        Some(user) => user.clone(),
        None if data.titles.is_empty() || reporter.is_json() || reporter.is_quiet() => return Ok(()),
        None => data.users.id(0).to_string(),
    };
    let number = model.user(&user);
    let list = model.recommend(number, &RecommendSettings::default());
    let held_out: HashMap<u32, f32> = match data.is_held_out {
        true => {
            let own = data.test.iter().filter(|rating| rating.user == number);
            own.map(|rating| (rating.item, rating.value)).collect()
        }
        false => HashMap::new(),
    };
    if reporter.is_json() {
        return reporter.event(lists::event(model, &user, &list));
    }
    if reporter.is_quiet() {
        return Ok(());
    }
    reporter.line("")?;
    let seen = model.seen(number).len();
    let plural = if seen == 1 { "" } else { "s" };
    reporter.line(format_args!(
        "Recommended to user {user}, who rated {seen} other item{plural} in training; items with few ratings are held back:"
    ))?;
    lists::explain(&user, list.basis, reporter);
    lists::show(model, &list.items, "predicted", &held_out, reporter)
}

/// Errors of mean and biases, and of the iterations that matter.
pub(in super::super) fn table(
    measuring: &MeasuringOptions,
    watch: &Watch<'_>,
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    let (Some(first), Some(last)) = (watch.iterations.first(), watch.iterations.last()) else {
        return Ok(());
    };
    reporter.line(format_args!(
        "{:<18}{:>11}{:>12}{:>12}{:>11}",
        "", "train RMSE", "test RMSE", "train MAE", "test MAE"
    ))?;
    let mut row = |name: String, found: &Evaluation| {
        let cell = |errors: Option<Errors>, of: fn(Errors) -> f64| {
            errors.map_or("-".into(), |errors| format!("{:.4}", of(errors)))
        };
        reporter.line(format_args!(
            "{name:<18}{:>11}{:>12}{:>12}{:>11}",
            cell(found.train, |errors| errors.rmse),
            cell(found.test, |errors| errors.rmse),
            cell(found.train, |errors| errors.mae),
            cell(found.test, |errors| errors.mae)
        ))
    };
    row("mean and biases".into(), &watch.baseline)?;
    row("first iteration".into(), first)?;
    if let Some(best) = watch.best() {
        row(format!("best, number {}", best.iteration), &best)?;
    }
    row(format!("last, number {}", last.iteration), last)?;
    let Some(errors) = first.test else { return Ok(()) };
    let part = if measuring.test.is_some() { "the file that --test names" } else { "held out" };
    let unseen = match errors.fallbacks {
        0 => String::new(),
        count => format!("; {count} of them of users or items without training ratings"),
    };
    reporter.line(format_args!("test: {} ratings, {part}{unseen}", errors.count))?;
    if measuring.early_stop {
        reporter
            .line("kept: the best; the test ratings chose it, so its test errors are slightly flattering")?;
    } else if watch.best().is_some_and(|best| best.iteration < last.iteration) {
        reporter
            .line("kept: the last; the best is known only from the test ratings (--early-stop keeps it)")?;
    }
    Ok(())
}
