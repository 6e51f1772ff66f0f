//! What every run of the engine has in common: threads, limits, Ctrl-C, and why it ended.

use std::ops::ControlFlow;

use gasworks::{Audit, Column, Data, Engine, Exclusion, Outcome, Progress, Reason, StopHandle};

use super::error::Failure;
use super::events::{Done, Metrics, Reporter};
use super::options::RunOptions;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    /// By Ctrl-C, after writing what was asked for.
    Interrupted,
    /// An auditor found that the engine broke what it promises.
    Broken,
}

/// Loading and measuring run on as many threads as the engine. To be called once, first.
pub(crate) fn use_threads(threads: usize) -> Result<(), Failure> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(|error| {
        Failure::usage(format!("{threads} threads"), error.to_string(), "ask for fewer with --threads")
    })
}

/// A handle that Ctrl-C pulls. From now on the first one stops the run at its next barrier, a second one the process.
pub(crate) fn stop_on_interrupt(reporter: &Reporter) -> StopHandle {
    let stop = StopHandle::new();
    let handle = stop.clone();
    let outcome = ctrlc::set_handler(move || {
        if handle.is_stopped() {
            std::process::exit(130);
        }
        handle.stop();
    });
    if let Err(error) = outcome {
        reporter.note(format_args!("Ctrl-C will end the run without writing results: {error}"));
    }
    stop
}

/// The engine with the options of the command line.
pub(crate) fn configure<'g, Job>(
    engine: Engine<'g, Job>,
    options: &RunOptions,
    stop: &StopHandle,
) -> Engine<'g, Job> {
    let mut engine =
        engine.threads(options.threads()).seed(options.seed).isa(options.isa).stop_handle(stop.clone());
    if let Some(updates) = options.max_updates {
        engine = engine.max_updates(updates);
    }
    if let Some(limit) = options.max_seconds {
        engine = engine.time_limit(limit);
    }
    engine
}

/// An observer that may fail: the run is stopped, and the failure kept for later.
pub(crate) fn watch<V: Data>(
    failure: &mut Option<Failure>,
    mut see: impl FnMut(&Progress, &Column<V>) -> Result<ControlFlow<()>, Failure>,
) -> impl FnMut(&Progress, &Column<V>) -> ControlFlow<()> {
    move |progress, vertices| {
        see(progress, vertices).unwrap_or_else(|error| {
            *failure = Some(error);
            ControlFlow::Break(())
        })
    }
}

/// Reports a round of a program that visits only what changed.
pub(crate) fn report_active(progress: &Progress, reporter: &mut Reporter) -> Result<(), Failure> {
    let metrics = Metrics::from_iter([("active".to_owned(), progress.active.into())]);
    let text = format!("{} active", progress.active);
    reporter.progress(progress, metrics, &text, is_milestone(progress.rounds))
}

/// The name of a reason in events.
pub(crate) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Converged => "converged",
        Reason::Rounds => "iterations",
        Reason::Updates => "updates",
        Reason::Time => "time",
        Reason::Drained => "drained",
        // Scripts know these six; what was met stands in the event's "audit".
        Reason::Stopped | Reason::Overlap => "interrupted",
    }
}

/// The same for people.
fn in_words(reason: &str) -> &'static str {
    match reason {
        "converged" => "converged",
        "iterations" => "all that were asked for",
        "updates" => "the limit of updates was reached",
        "time" => "the time was up",
        "drained" => "nothing was left to update",
        _ => "interrupted",
    }
}

/// Says how the run ended, once its files are written.
pub(crate) fn finish(
    reporter: &mut Reporter,
    reason: &'static str,
    outcome: &Outcome,
    metrics: Metrics,
    more: Metrics,
) -> Result<Ending, Failure> {
    reporter.done(Done { reason, outcome, metrics, more })?;
    if let Some(audit) = &outcome.audit {
        reporter.tell(audit);
        if outcome.reason == Reason::Overlap {
            reporter.tell("the run was ended at that visit: no limit was reached, and nobody interrupted it");
        }
        if is_broken(outcome, audit) {
            reporter.tell("error: this run promised a serial order; that it has none is a bug in gasworks: please report it");
            return Ok(Ending::Broken);
        }
    }
    Ok(if reason == "interrupted" { Ending::Interrupted } else { Ending::Done })
}

/// Whether the auditor found no serial order where the exclusion promises one.
pub(crate) fn is_broken(outcome: &Outcome, audit: &Audit) -> bool {
    outcome.plan.exclusion != Some(Exclusion::Relaxed) && !audit.is_serializable()
}

/// How far the run came, for people.
pub(crate) fn summarize(reporter: &mut Reporter, reason: &str, progress: &Progress) {
    reporter.finish_bar();
    let Progress { rounds, seconds, .. } = progress;
    let plural = if *rounds == 1 { "" } else { "s" };
    reporter.say(format_args!("{rounds} iteration{plural} in {seconds:.3} s: {}", in_words(reason)));
}

/// Rounds that a log shows: 1, 2, 5, 10, 20, 50, ...
pub(crate) fn is_milestone(round: u64) -> bool {
    let mut leading = round;
    while leading >= 10 && leading.is_multiple_of(10) {
        leading /= 10;
    }
    matches!(leading, 1 | 2 | 5)
}
