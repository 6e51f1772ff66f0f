//! What every run of the engine has in common: how it begins, threads, limits, Ctrl-C, and why it ended.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use gasworks::graph::Graph;
use gasworks::{
    Audit, Column, Data, Engine, Exclusion, Observer, Outcome, Plan, Progress, Reason, StopHandle,
};

use super::error::Failure;
use super::events::{Done, Metrics, Reporter, Start};
use super::options::{Common, RunOptions};
use super::order::{Defaults, Order};

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

/// One run of a command.
pub(crate) struct Run<'a> {
    program: &'static str,
    options: &'a Common,
    pub(crate) order: Order,
    plan: Plan,
    /// Loading began.
    clock: Instant,
}

impl<'a> Run<'a> {
    /// How every command that runs begins: the order is decided, and what `plan` refuses is refused before anything is read.
    pub(crate) fn begin(
        program: &'static str,
        options: &'a RunOptions,
        defaults: Defaults,
        plan: impl FnOnce(&Order, usize) -> Result<Plan, Failure>,
    ) -> Result<Self, Failure> {
        Run::in_order(program, &options.common, options.order.decide(defaults)?, plan)
    }

    /// The same of a program that has an order of its own.
    pub(crate) fn in_order(
        program: &'static str,
        options: &'a Common,
        order: Order,
        plan: impl FnOnce(&Order, usize) -> Result<Plan, Failure>,
    ) -> Result<Self, Failure> {
        let plan = plan(&order, options.threads())?;
        Ok(Run { program, options, order, plan, clock: Instant::now() })
    }

    /// Everything is loaded. `iterations`: rounds at most, where somebody knows.
    pub(crate) fn start<V: Data, E: Data>(
        &self,
        graph: &Graph<V, E>,
        iterations: Option<u64>,
        more: Metrics,
        reporter: &mut Reporter,
    ) -> Result<(), Failure> {
        reporter.start(Start {
            program: self.program,
            order: &self.order,
            plan: self.plan,
            vertices: graph.vertices(),
            edges: graph.edges(),
            load_seconds: self.clock.elapsed().as_secs_f64(),
            run: self.options,
            iterations: iterations.unwrap_or(0),
            more,
        })
    }

    /// What ends a run before its time, where it is made of many runs of the engine. Begins to listen to Ctrl-C.
    pub(crate) fn limits(&self, reporter: &Reporter) -> Limits<'a> {
        Limits { options: self.options, stop: stop_on_interrupt(reporter) }
    }

    /// Runs the engine that `run` makes from an observer and the limits of the command line. `see` is told of each round.
    pub(crate) fn watched<V: Data>(
        &self,
        reporter: &mut Reporter,
        mut see: impl FnMut(&Progress, &Column<V>, &mut Reporter) -> Result<ControlFlow<()>, Failure>,
        run: impl FnOnce(&mut dyn Observer<V>, &Limits<'_>) -> Result<Outcome, Failure>,
    ) -> Result<Outcome, Failure> {
        let limits = self.limits(reporter);
        let mut failure = None;
        // Observers cannot fail: the run is stopped, and the failure kept.
        let mut observer = |progress: &Progress, vertices: &Column<V>| {
            see(progress, vertices, reporter).unwrap_or_else(|error| {
                failure = Some(error);
                ControlFlow::Break(())
            })
        };
        let outcome = run(&mut observer, &limits)?;
        failure.map_or(Ok(outcome), Err)
    }
}

/// What ends a run before its time, and what it runs with.
pub(crate) struct Limits<'a> {
    options: &'a Common,
    stop: StopHandle,
}

impl Limits<'_> {
    /// Why a run that has come so far must not go on, if it must not.
    pub(crate) fn reached(&self, updates: u64, seconds: f64) -> Option<Reason> {
        let options = self.options;
        match () {
            _ if self.stop.is_stopped() => Some(Reason::Stopped),
            _ if options.max_updates.is_some_and(|most| updates >= most) => Some(Reason::Updates),
            _ if options.max_seconds.is_some_and(|most| seconds >= most.as_secs_f64()) => Some(Reason::Time),
            _ => None,
        }
    }

    /// The engine with the options of the command line, for so many rounds at most.
    pub(crate) fn apply<'g, Job>(&self, engine: Engine<'g, Job>, rounds: Option<u64>) -> Engine<'g, Job> {
        let nothing =
            Progress { rounds: 0, updates: 0, seconds: 0.0, residual: 0.0, active: 0, signalled: 0 };
        self.apply_after(engine, rounds, &nothing)
    }

    /// The same of a run that goes on from others, which came so far together: what they left of the limits is its limit.
    pub(crate) fn apply_after<'g, Job>(
        &self,
        engine: Engine<'g, Job>,
        rounds: Option<u64>,
        done: &Progress,
    ) -> Engine<'g, Job> {
        let options = self.options;
        let mut engine = engine
            .threads(options.threads())
            .seed(options.seed)
            .isa(options.isa)
            .stop_handle(self.stop.clone());
        if let Some(rounds) = rounds {
            engine = engine.rounds(rounds);
        }
        if let Some(updates) = options.max_updates {
            engine = engine.max_updates(updates.saturating_sub(done.updates));
        }
        if let Some(limit) = options.max_seconds {
            engine = engine.time_limit(limit.saturating_sub(Duration::from_secs_f64(done.seconds)));
        }
        engine
    }
}

/// Reports a round of a program that visits only what changed.
pub(crate) fn report_active<V: Data>(
    progress: &Progress,
    _: &Column<V>,
    reporter: &mut Reporter,
) -> Result<ControlFlow<()>, Failure> {
    let metrics = Metrics::from_iter([("active".to_owned(), progress.active.into())]);
    let text = format!("{} active", progress.active);
    reporter.progress(progress, metrics, &text, is_milestone(progress.rounds))?;
    Ok(ControlFlow::Continue(()))
}

/// Reports a round of a program whose visits add up how far they move.
pub(crate) fn report_residual<V: Data>(
    progress: &Progress,
    _: &Column<V>,
    reporter: &mut Reporter,
) -> Result<ControlFlow<()>, Failure> {
    let text = format!("residual {:.3e}", progress.residual);
    reporter.progress(progress, residual(progress), &text, is_milestone(progress.rounds))?;
    Ok(ControlFlow::Continue(()))
}

pub(crate) fn residual(progress: &Progress) -> Metrics {
    Metrics::from_iter([("residual".to_owned(), progress.residual.into())])
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

/// Why the run ended, by its name in events; people are told how far it came.
pub(crate) fn ended(outcome: &Outcome, reporter: &mut Reporter) -> &'static str {
    let reason = reason(outcome.reason);
    summarize(reporter, reason, &outcome.progress);
    reason
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
