//! Who runs next and what is kept apart: the options that every running command takes, and the engine with them.

use clap::{Args, ValueEnum};
use gasworks::schedulers::by_name;
use gasworks::{Direction, Engine, Exclusion, Model, Ordered, Plan, Scheduler, VertexJob, VertexProgram};

use super::error::Failure;
use super::options::names;

/// How visits are ordered and kept apart.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Order")]
pub(crate) struct OrderOptions {
    /// When neighbors see new values [default: sync; async for color, kcore, gibbs, lasso and ccd, which have nothing that a barrier could publish]
    #[arg(long, value_enum)]
    pub(crate) engine: Option<Executor>,
    /// Who runs next; `gasworks schedulers` lists names and options. Under sync it must have rounds [default: the command's own choice]
    #[arg(long, value_name = "NAME[:key=value,...]", value_parser = scheduler)]
    pub(crate) scheduler: Option<String>,
    /// Under async, what a visit holds while it runs: vertex, edge (its neighbors stand still), full (nobody else reads them), or relaxed: nothing, so that no serial order is promised [default: what the program needs]
    #[arg(long, value_name = "MODEL", value_parser = names(kept()), hide_possible_values = true)]
    pub(crate) consistency: Option<Kept>,
    /// Under async, how visits are kept apart: serial, coloring or locks; `gasworks exclusions` tells what each admits [default: serial for lasso; else coloring where it is admitted, else locks]
    #[arg(long, value_name = "STRATEGY", value_parser = names(strategies()), hide_possible_values = true)]
    pub(crate) exclusion: Option<Exclusion>,
    /// Under async, record what visits read and write, and look for a serial order at the end: 16 bytes a read or write
    #[arg(long)]
    pub(crate) audit: bool,
}

/// Which way published ghosts travel.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Order")]
pub(crate) struct DirectionOptions {
    /// Under sync, how vertices hear of those that changed: they look at all their neighbors (pull), or are told along the edges of the changed (push); auto: told while these have few edges. Results are the same
    #[arg(
        long, value_name = "WAY", hide_possible_values = true,
        value_parser = names(Direction::ALL.map(|direction| (direction.name(), direction)))
    )]
    direction: Option<Direction>,
}

impl DirectionOptions {
    /// The direction of a run in this order.
    pub(crate) fn under(self, order: &Order) -> Result<Direction, Failure> {
        match self.direction {
            Some(direction) if order.is_async() => Err(Failure::usage(
                "--engine sync beside --direction",
                format!("--direction {direction} without barriers, where all that changes is pushed"),
                "leave one of the two out",
            )),
            direction => Ok(direction.unwrap_or_default()),
        }
    }
}

/// The executors that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Executor {
    /// After the barrier that ends a round: the same bits for every number of threads
    Sync,
    /// At once
    Async,
}

impl Executor {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Executor::Sync => "sync",
            Executor::Async => "async",
        }
    }
}

/// What visits are kept apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Model(Model),
    /// Only a vertex's own visits are kept apart.
    Relaxed,
}

impl Kept {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kept::Model(model) => model.name(),
            Kept::Relaxed => Exclusion::Relaxed.name(),
        }
    }
}

/// All that may be asked for, by name.
pub(crate) fn kept() -> impl Iterator<Item = (&'static str, Kept)> {
    Model::ALL.map(Kept::Model).into_iter().chain([Kept::Relaxed]).map(|kept| (kept.name(), kept))
}

/// All but relaxed, which is asked for as a model: it keeps none.
pub(crate) fn strategies() -> impl Iterator<Item = (&'static str, Exclusion)> {
    let asked_here = |exclusion: &Exclusion| *exclusion != Exclusion::Relaxed;
    Exclusion::OF_VERTICES.into_iter().filter(asked_here).map(|exclusion| (exclusion.name(), exclusion))
}

fn scheduler(text: &str) -> Result<String, String> {
    by_name(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Who runs next unless somebody says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults {
    /// With barriers; none for update functions, which run without. Where there is one, barriers are the default.
    pub(crate) sync: Option<&'static str>,
    pub(crate) asynchronous: &'static str,
    /// Without barriers; none leaves it to the engine.
    pub(crate) exclusion: Option<Exclusion>,
}

/// The order of one run, decided.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) engine: Executor,
    /// As [`by_name`] reads it; of an edge program, `grid` with its options; of a kernel, its name.
    pub(crate) scheduler: String,
    pub(crate) consistency: Option<Kept>,
    pub(crate) exclusion: Option<Exclusion>,
    pub(crate) audit: bool,
}

impl OrderOptions {
    /// Decides what was left open, and refuses what makes no sense whatever the program.
    pub(crate) fn decide(&self, defaults: Defaults) -> Result<Order, Failure> {
        let default = if defaults.sync.is_some() { Executor::Sync } else { Executor::Async };
        let engine = self.engine.unwrap_or(default);
        let given = [
            ("--audit", self.audit),
            ("--exclusion", self.exclusion.is_some()),
            ("--consistency", self.consistency.is_some()),
        ];
        if let (Executor::Sync, Some((option, _))) = (engine, given.iter().find(|(_, given)| *given)) {
            return Err(Failure::usage(
                format!("--engine async beside {option}"),
                "the synchronous engine, whose barriers keep neighbors apart: nothing is excluded, and there is no order to prove",
                format!("add --engine async, or leave {option} out"),
            ));
        }
        if let (Some(Kept::Relaxed), Some(exclusion)) = (self.consistency, self.exclusion) {
            return Err(Failure::usage(
                "no --exclusion beside --consistency relaxed, which keeps only a vertex's own visits apart",
                format!("--exclusion {exclusion}"),
                "leave one of the two out",
            ));
        }
        let default = match (engine, defaults.sync) {
            (Executor::Sync, Some(scheduler)) => scheduler,
            _ => defaults.asynchronous,
        };
        let keeps = engine == Executor::Async && self.consistency != Some(Kept::Relaxed);
        let exclusion = defaults.exclusion.filter(|_| keeps);
        Ok(Order {
            engine,
            scheduler: self.scheduler.clone().unwrap_or_else(|| default.to_owned()),
            consistency: self.consistency,
            exclusion: self.exclusion.or(exclusion),
            audit: self.audit,
        })
    }
}

impl Order {
    /// With barriers: of programs that know no other order than this scheduler's, and of kernels, which have one of their own.
    pub(crate) fn with_barriers(scheduler: &str) -> Self {
        Order {
            engine: Executor::Sync,
            scheduler: scheduler.to_owned(),
            consistency: None,
            exclusion: None,
            audit: false,
        }
    }

    pub(crate) fn is_async(&self) -> bool {
        self.engine == Executor::Async
    }

    /// The name alone, and the options, if there are any.
    pub(crate) fn scheduler_parts(&self) -> (&str, Option<&str>) {
        match self.scheduler.split_once([':', '(']) {
            Some((name, options)) => (name.trim(), Some(options.trim_end_matches(')'))),
            None => (self.scheduler.trim(), None),
        }
    }

    pub(crate) fn scheduler(&self) -> Result<Box<dyn Scheduler>, Failure> {
        Ok(by_name(&self.scheduler)?)
    }

    /// The scheduler of an update function, which has no synchronous run.
    pub(crate) fn scheduler_without_barriers(&self) -> Result<Box<dyn Scheduler>, Failure> {
        if self.is_async() {
            return self.scheduler();
        }
        Err(Failure::Engine(gasworks::Error::NotAdmitted {
            what: "an update function under the synchronous executor".into(),
            why: "it has no ghost that a barrier could publish".into(),
            instead: "choose the engine async".into(),
        }))
    }

    /// The engine in this order.
    pub(crate) fn apply<'g, P: VertexProgram>(
        &self,
        engine: Engine<'g, VertexJob<'g, P>>,
    ) -> Result<Engine<'g, VertexJob<'g, P>>, Failure> {
        let engine = engine.scheduler(self.scheduler()?);
        Ok(if self.is_async() { self.keep(engine.asynchronous()) } else { engine })
    }

    /// An engine without barriers, which keeps visits apart as this order says.
    pub(crate) fn keep<'g, J: Ordered>(&self, mut engine: Engine<'g, J>) -> Engine<'g, J> {
        match (self.consistency, self.exclusion) {
            (Some(Kept::Relaxed), _) => engine = engine.exclusion(Exclusion::Relaxed),
            (model, exclusion) => {
                if let Some(Kept::Model(model)) = model {
                    engine = engine.consistency(model);
                }
                if let Some(exclusion) = exclusion {
                    engine = engine.exclusion(exclusion);
                }
            }
        }
        if self.audit { engine.audit() } else { engine }
    }
}

/// How the run will be kept in order; refuses what does not go together. The engine is one over an empty graph, so that this is
/// known before anything is read.
pub(crate) fn admit<'g, P: VertexProgram>(
    engine: Engine<'g, VertexJob<'g, P>>,
    threads: usize,
) -> Result<Plan, Failure> {
    let engine = engine.threads(threads);
    let plan = engine.plan()?;
    // Executors refuse some combinations only when they run.
    engine.threads(1).run()?;
    Ok(plan)
}
