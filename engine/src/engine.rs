//! The engine as users meet it: a graph, a program, and how to run it.

use std::time::Duration;

use gasworks_kernels::Isa;

use crate::aggregate::{Aggregate, Folded};
use crate::edge_program::EdgeProgram;
use crate::error::Error;
use crate::executor::{Settings, serial, sync};
use crate::graph::{Graph, Vertex};
use crate::job::{EdgeJob, UpdateJob, VertexJob};
use crate::memory::Store;
use crate::outcome::{Observer, Outcome, Progress, StopHandle};
use crate::program::VertexProgram;
use crate::scheduler::{Scheduler, Supersteps};
use crate::update::UpdateFunction;

/// Runs a program on a graph.
///
/// [`Engine::new`] takes a [`VertexProgram`] and runs it synchronously: rounds with barriers, the same bits for every number of
/// threads. Without any option it runs on all cores until nobody is active.
///
/// | option | unless said |
/// |---|---|
/// | [`threads`](Engine::threads) | all cores |
/// | [`rounds`](Engine::rounds), [`max_updates`](Engine::max_updates), [`time_limit`](Engine::time_limit), [`until`](Engine::until), [`stop_handle`](Engine::stop_handle) | run until nobody is active |
/// | [`scheduler`](Engine::scheduler) | rounds of the signalled vertices |
/// | [`start_at`](Engine::start_at) | all vertices |
/// | [`seed`](Engine::seed) | 0 |
/// | [`isa`](Engine::isa) | the best of the machine |
pub struct Engine<'g, Job> {
    settings: Settings<'g>,
    job: Job,
}

impl<'g, Job> Engine<'g, Job> {
    pub(crate) fn with_job(job: Job) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let settings = Settings {
            threads,
            rounds: None,
            updates: None,
            time: None,
            until: None,
            stop: None,
            seed: 0,
            isa: Isa::detect(),
        };
        Engine { settings, job }
    }

    /// Runs on so many threads.
    ///
    /// # Panics
    /// If `threads` is 0.
    pub fn threads(mut self, threads: usize) -> Self {
        assert!(threads > 0, "a run needs a thread");
        self.settings.threads = threads;
        self
    }

    /// Stops after so many rounds.
    pub fn rounds(mut self, rounds: u64) -> Self {
        self.settings.rounds = Some(rounds);
        self
    }

    /// Stops at the first barrier at which so many visits are finished.
    pub fn max_updates(mut self, updates: u64) -> Self {
        self.settings.updates = Some(updates);
        self
    }

    /// Stops at the first barrier at which so much time has been spent computing.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time = Some(limit);
        self
    }

    /// Stops after the first round for which the predicate holds.
    pub fn until(mut self, converged: impl FnMut(&Progress) -> bool + 'g) -> Self {
        self.settings.until = Some(Box::new(converged));
        self
    }

    /// Stops at the first barrier at which the handle has been pulled.
    pub fn stop_handle(mut self, handle: StopHandle) -> Self {
        self.settings.stop = Some(handle);
        self
    }

    /// The seed of the run's random numbers.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The vector instructions to dispatch to. The same bits are promised at the same level only.
    ///
    /// # Panics
    /// When run, if the machine does not have them.
    pub fn isa(mut self, isa: Isa) -> Self {
        self.settings.isa = isa;
        self
    }
}

impl<'g, P: VertexProgram> Engine<'g, VertexJob<'g, P>> {
    /// Runs a vertex program on a graph, whose vertices hold their initial data.
    pub fn new(graph: &'g mut Graph<P::Vertex, P::Edge>, program: &'g P) -> Self {
        Engine::with_job(VertexJob {
            graph,
            program,
            scheduler: Box::new(Supersteps),
            start: None,
            aggregate: None,
            global: P::Global::default(),
            observer: None,
        })
    }

    /// Who runs in a round.
    pub fn scheduler(mut self, scheduler: impl Scheduler + 'g) -> Self {
        self.job.scheduler = Box::new(scheduler);
        self
    }

    /// The vertices that begin; all, unless said. Under state gathers they run in the first round; under published gathers
    /// they publish before it, so that their neighbours run in it. A scheduler that runs everyone refuses them.
    ///
    /// # Panics
    /// When run, if the graph has no such vertex.
    pub fn start_at(mut self, vertices: impl IntoIterator<Item = Vertex>) -> Self {
        self.job.start = Some(vertices.into_iter().collect());
        self
    }

    /// A global that stays as it is.
    pub fn global(mut self, global: P::Global) -> Self {
        self.job.global = global;
        self
    }

    /// A global that is computed before the first round and again before each later one.
    pub fn aggregate<A>(self, aggregate: &'g A) -> Self
    where
        A: Aggregate<P::Vertex, P::Edge, Global = P::Global>,
    {
        self.aggregate_every(1, aggregate)
    }

    /// A global that is computed before the first round and again after every `rounds` rounds.
    ///
    /// # Panics
    /// If `rounds` is 0.
    pub fn aggregate_every<A>(mut self, rounds: u64, aggregate: &'g A) -> Self
    where
        A: Aggregate<P::Vertex, P::Edge, Global = P::Global>,
    {
        assert!(rounds > 0, "an aggregate is computed every 1 or more rounds");
        let vertices = self.job.graph.vertices();
        self.job.aggregate = Some((Box::new(Folded::new(aggregate, vertices)), rounds));
        self
    }

    /// Sees each round.
    pub fn observer(mut self, observer: &'g mut dyn Observer<P::Vertex>) -> Self {
        self.job.observer = Some(observer);
        self
    }

    /// Runs.
    ///
    /// # Errors
    /// [`Error::NotAdmitted`] if the synchronous executor does not admit the program, the scheduler, or the two on this graph.
    ///
    /// # Panics
    /// If the program panics; the graph then holds what had been applied.
    pub fn run(self) -> Result<Outcome, Error> {
        sync::run(self.settings, self.job)
    }
}

impl<'g, P: UpdateFunction> Engine<'g, UpdateJob<'g, P>>
where
    <P::Edge as Store>::Element: Clone,
{
    /// Runs an update function on a graph in the order of a scheduler, one visit at a time: the executor that runs visits in
    /// parallel is coming. A round is as many visits as there are vertices.
    pub fn updates(
        graph: &'g mut Graph<P::Vertex, P::Edge>,
        function: &'g P,
        scheduler: impl Scheduler + 'g,
    ) -> Self {
        Engine::with_job(UpdateJob { graph, function, scheduler: Box::new(scheduler), start: None })
    }

    /// The vertices that are scheduled at first; all, unless said.
    ///
    /// # Panics
    /// When run, if the graph has no such vertex.
    pub fn start_at(mut self, vertices: impl IntoIterator<Item = Vertex>) -> Self {
        self.job.start = Some(vertices.into_iter().collect());
        self
    }

    /// Runs.
    ///
    /// # Errors
    /// None in this version.
    ///
    /// # Panics
    /// If the function panics; data that it had written to edges may then be seen along out-edges only.
    pub fn run(self) -> Result<Outcome, Error> {
        Ok(serial::updates(self.settings, self.job))
    }
}

impl<'g, P: EdgeProgram> Engine<'g, EdgeJob<'g, P>>
where
    <P::Edge as Store>::Element: Clone,
{
    /// Runs an edge program on a graph, all edges in one block: the executor that runs blocks in parallel is coming. A round is
    /// one pass over the edges. Self-loops are skipped. Give a number of rounds or another condition to stop.
    pub fn edges(graph: &'g mut Graph<P::Vertex, P::Edge>, program: &'g P) -> Self {
        Engine::with_job(EdgeJob { graph, program })
    }

    /// Runs.
    ///
    /// # Errors
    /// [`Error::NotAdmitted`] if no condition would ever stop the run.
    ///
    /// # Panics
    /// If the program panics; data that it had written to edges may then be seen along out-edges only.
    pub fn run(self) -> Result<Outcome, Error> {
        if !self.settings.can_stop() {
            return Err(Error::NotAdmitted {
                what: "an edge program without a condition to stop".into(),
                why: "its edges never run out".into(),
                instead: "give rounds, max_updates, time_limit, until or stop_handle".into(),
            });
        }
        Ok(serial::edges(self.settings, self.job))
    }
}
