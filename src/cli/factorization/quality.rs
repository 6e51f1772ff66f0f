//! What is shown at the end where every pair counts, so that there are no errors of ratings: the loss, and how good the lists are.

use std::collections::HashSet;

use gasworks::input::Rating;
use gasworks::programs::factorization::{Factorization, RankingQuality, RecommendSettings};

use super::super::error::Failure;
use super::super::events::{Metrics, Reporter};
use super::data::Data;
use super::watch::Watch;

/// Users at most whose lists are judged: more would take longer than the factors.
const JUDGED: usize = 5000;

/// How good lists of the default length are for the test ratings; nothing without any. A share of the users, evenly spread, where there
/// are many.
pub(in super::super) fn of(model: &Factorization, data: &Data) -> Option<RankingQuality> {
    let mut users: Vec<u32> = data.test.iter().map(|rating| rating.user).collect();
    users.sort_unstable();
    users.dedup();
    let judged: HashSet<u32> = users.iter().copied().step_by(users.len().div_ceil(JUDGED).max(1)).collect();
    let test: Vec<Rating> =
        data.test.iter().filter(|rating| judged.contains(&rating.user)).copied().collect();
    model.ranking(&test, f32::NEG_INFINITY, &RecommendSettings::default())
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
