//! Kernels that are no vertex programs: how a command runs one.

use std::time::Instant;

use clap::Args;
use gasworks::{Outcome, Plan, Progress, Reason, Visibility};

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::options::{Common, RunOptions};
use super::order::{Defaults, Order};
use super::run::{self, Run};

/// Whether a kernel takes the place of the vertex program.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct SpecialistOptions {
    /// Run the kernel that is made for this problem instead of the vertex program: faster, with the same results, but without rounds, schedulers and consistency models
    #[arg(
        long, help_heading = "Order",
        conflicts_with_all = [
            "engine", "scheduler", "consistency", "exclusion", "audit", "direction", "iterations", "max_updates", "max_seconds",
        ]
    )]
    pub(crate) specialist: bool,
}

impl SpecialistOptions {
    /// The run of a vertex program, or of the kernel of this name in its place.
    pub(crate) fn begin<'a>(
        self,
        kernel: &str,
        program: &'static str,
        options: &'a RunOptions,
        defaults: Defaults,
        plan: impl FnOnce(&Order, usize) -> Result<Plan, Failure>,
    ) -> Result<Run<'a>, Failure> {
        match self.specialist {
            true => begin(kernel, program, &options.common),
            false => Run::begin(program, options, defaults, plan),
        }
    }
}

/// The run of a kernel.
pub(crate) fn begin<'a>(
    kernel: &str,
    program: &'static str,
    options: &'a Common,
) -> Result<Run<'a>, Failure> {
    Run::in_order(program, options, Order::with_barriers(kernel), |_, threads| Ok(plan(threads)))
}

fn plan(threads: usize) -> Plan {
    Plan { visibility: Visibility::Barrier, consistency: None, exclusion: None, threads }
}

/// Runs a kernel: one visit of each vertex, so to speak.
pub(crate) fn finished<T>(
    vertices: usize,
    threads: usize,
    reporter: &mut Reporter,
    kernel: impl FnOnce() -> T,
) -> Result<(T, Outcome, &'static str), Failure> {
    let clock = Instant::now();
    let found = kernel();
    let updates = vertices as u64;
    let seconds = clock.elapsed().as_secs_f64();
    let progress = Progress { rounds: 1, updates, seconds, residual: 0.0, active: updates, signalled: 0 };
    reporter.progress(&progress, Metrics::new(), "", false)?;
    let outcome = Outcome {
        reason: Reason::Drained,
        progress,
        plan: plan(threads),
        colors: None,
        contended: 0,
        visits: None,
        audit: None,
    };
    let reason = run::ended(&outcome, reporter);
    Ok((found, outcome, reason))
}
