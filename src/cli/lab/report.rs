//! The table of the lab, and its events: one a cell.

use gasworks::{Audit, Exclusion};
use serde_json::{Value, json};

use super::super::error::Failure;
use super::super::events::{Reporter, consistency};
use super::super::order::{Kept, Order};
use super::Lab;
use super::matrix::{Cell, LeftOut};
use super::measure::{Measured, Point};
use super::subjects::Subject;

pub(super) fn start(
    lab: &Lab,
    subject: &dyn Subject,
    cells: usize,
    load_seconds: f64,
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    let (vertices, edges) = subject.size();
    let (program, repeat) = (lab.program, lab.repeats());
    let often = if repeat == 1 { "once each".to_owned() } else { format!("{repeat} times each") };
    reporter.say(format_args!(
        "{}: {vertices} vertices, {edges} edges; {cells} combinations, {often}",
        program.name()
    ));
    reporter.event(json!({
        "event": "start",
        "program": "lab",
        "subject": program.name(),
        "objective": subject.objective(),
        "vertices": vertices,
        "edges": edges,
        "cells": cells,
        "repeat": repeat,
        "seed": lab.seed,
        "load_seconds": load_seconds,
        "version": env!("CARGO_PKG_VERSION"),
    }))
}

/// What is not run, by reason.
pub(super) fn left_out(left_out: &[LeftOut], reporter: &mut Reporter) -> Result<(), Failure> {
    for LeftOut { why, orders } in left_out {
        let names: Vec<String> = orders.iter().map(name).collect();
        reporter.note(format_args!("left out: {}: {why}", names.join(", ")));
        for order in orders {
            reporter.event(json!({
                "event": "left_out",
                "engine": order.engine.name(),
                "scheduler": order.scheduler,
                "consistency": order.consistency.map(Kept::name),
                "exclusion": order.exclusion.map(Exclusion::name),
                "message": why,
            }))?;
        }
    }
    Ok(())
}

fn name(order: &Order) -> String {
    let kept = order.consistency.map(Kept::name);
    let exclusion = order.exclusion.map(Exclusion::name);
    let parts = [Some(order.engine.name()), Some(order.scheduler.as_str()), kept, exclusion];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

pub(super) fn head(subject: &dyn Subject, reporter: &mut Reporter) -> Result<(), Failure> {
    if reporter.is_json() {
        return Ok(());
    }
    let objective = subject.objective();
    reporter.line(format_args!(
        "{:<6} {:<24} {:<8} {:<9} {:>7} {:>9} {:>9} {:>8} {:>6} {objective:>15} {:>9}  serializable",
        "engine",
        "scheduler",
        "keeps",
        "by",
        "threads",
        "seconds",
        "updates",
        "a vertex",
        "once",
        "contended"
    ))
}

/// One combination: the time is the median, what was found the worst. `audited` is one more run, that was looked at only.
pub(super) fn cell(
    cell: &Cell,
    runs: &[Measured],
    audited: Option<&Measured>,
    subject: &dyn Subject,
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    let mut by_time: Vec<&Measured> = runs.iter().collect();
    by_time.sort_by(|a, b| a.outcome.progress.seconds.total_cmp(&b.outcome.progress.seconds));
    let median = by_time[by_time.len() / 2];
    let seconds: Vec<f64> = runs.iter().map(|run| run.outcome.progress.seconds).collect();
    let objectives: Vec<f64> = runs.iter().map(|run| run.objective).collect();
    let worst = objectives.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let audits: Vec<&Audit> =
        runs.iter().chain(audited).filter_map(|run| run.outcome.audit.as_ref()).collect();
    let serializable = (!audits.is_empty()).then(|| audits.iter().all(|audit| audit.is_serializable()));
    let witness = audits.iter().find(|audit| !audit.is_serializable());
    let (vertices, _) = subject.size();
    let progress = &median.outcome.progress;
    let per_vertex = progress.updates as f64 / vertices.max(1) as f64;
    let once = share_once(median, vertices);

    let Cell { order, plan } = cell;
    if !reporter.is_json() {
        let share = format!("{:.0}%", 100.0 * once);
        return reporter.line(format_args!(
            "{:<6} {:<24} {:<8} {:<9} {:>7} {:>9.4} {:>9} {per_vertex:>8.2} {share:>6} {:>15} {:>9}  {}",
            order.engine.name(),
            order.scheduler,
            consistency(*plan).unwrap_or("-"),
            plan.exclusion.map_or("-", Exclusion::name),
            plan.threads,
            progress.seconds,
            progress.updates,
            short(worst),
            median.outcome.contended,
            serializable.map_or("-", |yes| if yes { "yes" } else { "no" }),
        ));
    }
    let point = |point: &Point| json!([point.seconds, point.updates, point.objective]);
    let mut event = json!({
        "event": "cell",
        "engine": order.engine.name(),
        "scheduler": order.scheduler,
        "consistency": consistency(*plan),
        "exclusion": plan.exclusion.map(Exclusion::name),
        "threads": plan.threads,
        "reason": super::run::reason(median.outcome.reason),
        "seconds": progress.seconds,
        "seconds_each": seconds,
        "iterations": progress.rounds,
        "updates": progress.updates,
        "updates_per_vertex": per_vertex,
        "updated_once": once,
        "updated_never": median.outcome.visits.map(|visits| visits.never),
        "most_updates": median.outcome.visits.map(|visits| visits.most),
        "objective": worst,
        "objective_each": objectives,
        "curve": median.curve.iter().map(point).collect::<Vec<Value>>(),
        "colors": median.outcome.colors,
        "contended": median.outcome.contended,
        "serializable": serializable,
        "witness": witness.map(|audit| audit.to_string()),
    });
    event.as_object_mut().expect("an object").extend(median.more.clone());
    reporter.event(event)
}

/// The share of vertices that were visited just once. With barriers and everyone in each round, all were visited as often as there
/// were rounds.
fn share_once(run: &Measured, vertices: usize) -> f64 {
    match run.outcome.visits {
        Some(visits) => visits.once as f64 / vertices.max(1) as f64,
        None => f64::from(u8::from(run.outcome.progress.rounds == 1)),
    }
}

/// Counts as they are, distances in powers of ten.
fn short(objective: f64) -> String {
    match objective {
        count if count.fract() == 0.0 && count.abs() < 1e12 => format!("{count}"),
        small if small.abs() < 0.01 => format!("{small:.2e}"),
        other => format!("{other:.5}"),
    }
}

pub(super) fn done(cells: usize, interrupted: bool, reporter: &mut Reporter) -> Result<(), Failure> {
    let reason = if interrupted { "interrupted" } else { "iterations" };
    reporter.event(json!({ "event": "done", "reason": reason, "cells": cells }))
}
