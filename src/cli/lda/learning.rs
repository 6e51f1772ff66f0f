//! Passes with priors that are learned between some of them.

use std::cell::RefCell;
use std::ops::ControlFlow;

use clap::Args;
use gasworks::graph::Graph;
use gasworks::programs::lda::{CountHistograms, PriorSettings, Sampler, TopicModel};
use gasworks::{Column, Observer, Outcome, Progress, Reason};
use serde_json::json;

use super::super::error::Failure;
use super::super::events::{Metrics, Reporter};
use super::super::run::Limits;
use super::Lda;

#[derive(Args, Debug)]
pub(super) struct LearningOptions {
    /// Learn the priors: every so many iterations, alpha of each topic and beta become those that make the topics of all tokens most likely (Minka 2000; Wallach, Mimno, McCallum 2009) [default: they stay]
    #[arg(
        long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Model"
    )]
    optimize_interval: Option<u64>,
    /// Iterations before priors are learned first
    #[arg(
        long, value_name = "N", default_value_t = 50, requires = "optimize_interval",
        value_parser = clap::value_parser!(u64).range(1..), help_heading = "Model"
    )]
    optimize_burn_in: u64,
}

impl LearningOptions {
    /// Runs all passes, of which some come before the iterations, and changes the priors of the program between them. Passes have
    /// the random numbers that they would have in one run. `earlier`: passes of the run that this one goes on from.
    pub(super) fn run<L: Sampler + Clone>(
        &self,
        lda: &Lda,
        graph: &mut Graph<L::Vertex, L::Edge>,
        program: &RefCell<L>,
        earlier: u64,
        observer: &mut dyn Observer<L::Vertex>,
        limits: &Limits<'_>,
    ) -> Result<Outcome, Failure> {
        let before = program.borrow().first_passes() - 1;
        let all = before + lda.iterations;
        let mut done =
            Progress { rounds: 0, updates: 0, seconds: 0.0, residual: 0.0, active: 0, signalled: 0 };
        loop {
            let end = all.min(before.saturating_add(self.next(done.rounds.saturating_sub(before))));
            let outcome = {
                let program = program.borrow();
                let mut see = |progress: &Progress, counts: &Column<L::Vertex>| -> ControlFlow<()> {
                    observer.round(&after(&done, progress), counts)
                };
                let engine = lda.engine(graph, &*program).after(earlier + done.rounds).observer(&mut see);
                limits.apply_after(engine, Some(end - done.rounds), &done).run()?
            };
            done = after(&done, &outcome.progress);
            if outcome.reason != Reason::Rounds || end == all {
                return Ok(Outcome { progress: done, ..outcome });
            }
            let counts = CountHistograms::new(&*program.borrow(), graph.topology(), graph.vertex_data());
            let learned = counts.optimized(program.borrow().priors(), &PriorSettings::default());
            program.replace_with(|program| program.clone().replacing_priors(learned));
        }
    }

    /// The iteration after which priors are learned next.
    fn next(&self, iteration: u64) -> u64 {
        match self.optimize_interval {
            None => u64::MAX,
            Some(_) if iteration < self.optimize_burn_in => self.optimize_burn_in,
            Some(interval) => iteration.saturating_add(interval),
        }
    }

    /// For the start event.
    pub(super) fn details(&self, details: &mut Metrics) {
        details.insert("optimize_interval".into(), json!(self.optimize_interval));
        details
            .insert("optimize_burn_in".into(), json!(self.optimize_interval.map(|_| self.optimize_burn_in)));
    }

    /// Tells people and the last event what was learned.
    pub(super) fn tell(&self, model: &TopicModel, more: &mut Metrics, reporter: &Reporter) {
        if self.optimize_interval.is_none() {
            return;
        }
        let priors = model.priors();
        let (least, most) = priors
            .alpha()
            .iter()
            .fold((f64::INFINITY, 0.0f64), |(least, most), alpha| (least.min(*alpha), most.max(*alpha)));
        reporter.say(format_args!("learned alpha from {least:.4} to {most:.4}, beta {:.4}", priors.beta()));
        more.insert("alpha".into(), json!(priors.alpha()));
        more.insert("beta".into(), json!(priors.beta()));
    }
}

/// How far a run came that went on from another.
fn after(done: &Progress, progress: &Progress) -> Progress {
    Progress {
        rounds: done.rounds + progress.rounds,
        updates: done.updates + progress.updates,
        seconds: done.seconds + progress.seconds,
        ..*progress
    }
}
