//! What is shown at the end where every pair counts, so that there are no errors of ratings: the loss, and how good the lists are.

use std::collections::HashSet;

use gasworks::graph::Ids;
use gasworks::input::Rating;
use gasworks::programs::factorization::{
    Baseline, Factorization, RankingQuality, RatingList, RecommendSettings, Settings,
};

use super::super::error::Failure;
use super::super::events::{Metrics, Reporter};
use super::data::Data;
use super::watch::Watch;

/// Users at most whose lists are judged: more would take longer than the factors.
const JUDGED: usize = 5000;

/// How good lists of the default length are for the test ratings; nothing without any.
pub(in super::super) fn of(model: &Factorization, data: &Data) -> Option<RankingQuality> {
    of_test(model, &judged(&data.test, JUDGED))
}

/// How good lists of the default length are for these ratings; nothing without any.
pub(in super::super) fn of_test(model: &Factorization, test: &[Rating]) -> Option<RankingQuality> {
    model.ranking(test, f32::NEG_INFINITY, &RecommendSettings::default())
}

/// The ratings of so many users at most, evenly spread.
pub(in super::super) fn judged(test: &[Rating], most: usize) -> Vec<Rating> {
    let mut users: Vec<u32> = test.iter().map(|rating| rating.user).collect();
    users.sort_unstable();
    users.dedup();
    let judged: HashSet<u32> = users.iter().copied().step_by(users.len().div_ceil(most).max(1)).collect();
    test.iter().filter(|rating| judged.contains(&rating.user)).copied().collect()
}

/// A model that gives every user the most chosen items first.
pub(in super::super) fn popularity<R: RatingList + ?Sized>(
    users: Ids,
    items: Ids,
    train: &R,
) -> Result<Factorization, Failure> {
    let mut counts = vec![0.0; items.len()];
    train.all().for_each(|rating| counts[rating.item as usize] += 1.0);
    let factors = (vec![1.0; users.len()], counts);
    let settings = Settings { rank: 1, ..Settings::bpr() };
    let baseline = Baseline::zero(users.len(), items.len());
    Ok(Factorization::new((users, items), train, baseline, factors, settings)?)
}

/// Names and values, in the order of a table.
pub(in super::super) fn measures(quality: &RankingQuality) -> [(&'static str, f64); 4] {
    let RankingQuality { precision, recall, map, ndcg, .. } = *quality;
    [("precision", precision), ("recall", recall), ("map", map), ("ndcg", ndcg)]
}

/// As metrics of the last event, whose names begin so.
pub(in super::super) fn metrics(prefix: &str, quality: Option<&RankingQuality>) -> Metrics {
    let k = RecommendSettings::default().count;
    let measures = quality.into_iter().flat_map(measures);
    let lists = measures.map(|(name, value)| (format!("{prefix}{name}_at_{k}"), value.into()));
    let auc = quality.and_then(|quality| quality.auc);
    lists.chain(auc.map(|auc| (format!("{prefix}auc"), auc.into()))).collect()
}

/// Prints loss and measures.
pub(in super::super) fn table(
    watch: &Watch<'_>,
    quality: Option<&RankingQuality>,
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    let (Some(first), Some(last)) = (watch.iterations.first(), watch.iterations.last()) else {
        return Ok(());
    };
    reporter.line(format_args!("{:<18}{:>16}", "", "loss"))?;
    for (name, found) in
        [("first iteration".into(), first), (format!("last, number {}", last.iteration), last)]
    {
        reporter.line(format_args!("{name:<18}{:>16.1}", found.loss.unwrap_or(f64::NAN)))?;
    }
    let Some(quality) = quality else { return Ok(()) };
    let k = RecommendSettings::default().count;
    for (name, value) in measures(quality) {
        reporter.line(format_args!("{:<18}{value:>16.4}", format!("{name}@{k}")))?;
    }
    let (users, relevant) = (quality.users, quality.relevant);
    reporter.line(format_args!("test: lists of {users} users, who chose {relevant} other items"))
}
