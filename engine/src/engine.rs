//! The engine as users meet it: a graph, a program, and how to run it.

use std::time::Duration;

use gasworks_kernels::Isa;

use crate::aggregate::{Aggregate, Folded};
use crate::consistency::Model;
use crate::direction::Direction;
use crate::edge_program::EdgeProgram;
use crate::error::Error;
use crate::exclusion::{ColoringOrder, Exclusion, Plan, Visibility};
use crate::executor::asynchronous::globals::{Every, Globals};
use crate::executor::asynchronous::{self, AnyFunction, Function, Functions, Program};
use crate::executor::{Settings, grid, sync};
use crate::graph::{Graph, Vertex};
use crate::job::{EdgeJob, Ordered, Rounds, UpdateJob, VertexJob, Wishes};
use crate::memory::Store;
use crate::outcome::{Observer, Outcome, Progress, StopHandle};
use crate::program::VertexProgram;
use crate::scheduler::{InOrder, Scheduler};
use crate::update::UpdateFunction;

/// Runs a program on a graph.
///
/// [`Engine::new`] takes a [`VertexProgram`] and runs it synchronously: rounds with barriers, the same bits for every number of
/// threads; [`asynchronous`](Engine::asynchronous) drops the barriers. [`Engine::updates`] takes an [`UpdateFunction`], which
/// runs without barriers. [`Engine::edges`] takes an [`EdgeProgram`]. Without any option a run uses all cores and goes on until nobody is active.
///
/// | option | unless said |
/// |---|---|
/// | [`threads`](Engine::threads) | all cores |
/// | [`rounds`](Engine::rounds), [`max_updates`](Engine::max_updates), [`time_limit`](Engine::time_limit), [`until`](Engine::until), [`stop_handle`](Engine::stop_handle) | run until nobody is active |
/// | [`scheduler`](Engine::scheduler) | rounds of the signalled vertices |
/// | [`start_at`](Engine::start_at) | all vertices |
/// | published gathers: [`direction`](Engine::direction) | push while few published, else pull |
/// | [`seed`](Engine::seed) | 0 |
/// | [`isa`](Engine::isa) | the best of the machine |
/// | edge programs: [`blocks`](Engine::blocks) | as the graph's size suggests |
/// | edge programs, update functions: [`after`](Engine::after) | the first round |
/// | without barriers: `exclusion` | coloring where it is admitted, else locks; the grid for edge programs ([`Case::default_exclusion`](crate::Case::default_exclusion)) |
/// | without barriers: `consistency` | what the program declares |
/// | without barriers: `audit` | not |
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
            asked: 0,
            look: None,
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

    /// Stops after so many rounds. Without barriers, a round is as many visits as there are vertices.
    pub fn rounds(mut self, rounds: u64) -> Self {
        self.settings.rounds = Some(rounds);
        self
    }

    /// Without barriers, an observer sees the run after so many visits, instead of each round. [`active`](Progress::active),
    /// [`signalled`](Progress::signalled) and [`residual`](Progress::residual) then count from its last look, or from the last round that
    /// [`until`](Engine::until) was asked after. Under coloring, it sees the first round at which so many are finished; with barriers, each
    /// round all the same.
    ///
    /// # Panics
    /// If it is every 0 visits.
    pub fn observe_every(mut self, updates: u64) -> Self {
        assert!(updates > 0, "an observer looks after 1 or more visits");
        self.settings.look = Some(updates);
        self
    }

    /// Stops after so many visits; with barriers, or under coloring, at the first one at which so many are finished.
    pub fn max_updates(mut self, updates: u64) -> Self {
        self.settings.updates = Some(updates);
        self
    }

    /// Stops when so much time has been spent computing: at the next barrier or batch.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time = Some(limit);
        self
    }

    /// Stops after the first round for which the predicate holds.
    pub fn until(mut self, converged: impl FnMut(&Progress) -> bool + 'g) -> Self {
        self.settings.until = Some(Box::new(converged));
        self
    }

    /// Stops at the first barrier or batch at which the handle has been pulled.
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

/// How a run without barriers is kept in order: of update functions, and of vertex programs that run asynchronously. With
/// barriers, only [`plan`](Engine::plan) says something.
impl<'g, J: Ordered> Engine<'g, J> {
    /// How visits are kept apart.
    pub fn exclusion(mut self, exclusion: Exclusion) -> Self {
        self.job.wishes().exclusion = Some(exclusion);
        self
    }

    /// What visits are kept apart by: the program's own model, or a stronger one.
    pub fn consistency(mut self, model: Model) -> Self {
        self.job.wishes().consistency = Some(model);
        self
    }

    /// Exclusion by a coloring of the user's own: a color for each vertex. It is verified before it is used.
    pub fn coloring(mut self, colors: impl IntoIterator<Item = u32>) -> Self {
        self.job.wishes().coloring = Some(colors.into_iter().collect());
        self
    }

    /// The order in which exclusion by coloring gives out colors.
    pub fn coloring_order(mut self, order: ColoringOrder) -> Self {
        self.job.wishes().order = order;
        self
    }

    /// Records what visits read and write, and looks for a serial order afterwards: see [`Outcome::audit`]. Takes memory in
    /// proportion to the accesses, 16 bytes each.
    pub fn audit(mut self) -> Self {
        self.job.wishes().audit = true;
        self
    }

    /// How the run will be kept in order.
    ///
    /// # Errors
    /// [`Error::NotAdmitted`] if what is asked for does not go together.
    pub fn plan(&self) -> Result<Plan, Error> {
        self.job.plan(self.settings.threads)
    }
}

impl<'g, P: VertexProgram> Engine<'g, VertexJob<'g, P>> {
    /// Runs a vertex program on a graph, whose vertices hold their initial data.
    pub fn new(graph: &'g mut Graph<P::Vertex, P::Edge>, program: &'g P) -> Self {
        Engine::with_job(VertexJob {
            graph,
            program,
            scheduler: Box::new(InOrder::default()),
            start: None,
            aggregate: None,
            global: P::Global::default(),
            observer: None,
            visibility: Visibility::Barrier,
            direction: Direction::default(),
            wishes: Wishes::default(),
        })
    }

    /// Runs without barriers: neighbours see at once what a visit makes. A visit gathers, applies, publishes and scatters as
    /// one, under edge consistency.
    pub fn asynchronous(mut self) -> Self {
        self.job.visibility = Visibility::Immediate;
        self
    }

    /// Who runs next.
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

    /// Which way published ghosts travel where there are barriers. Without barriers each is pushed.
    pub fn direction(mut self, direction: Direction) -> Self {
        self.job.direction = direction;
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
        self.aggregate_every(Every::Rounds(1), aggregate)
    }

    /// A global that is computed before the first round and again from time to time, while nobody visits. Visits read it
    /// without a lock.
    ///
    /// # Panics
    /// If it is every 0 rounds.
    pub fn aggregate_every<A>(mut self, every: Every, aggregate: &'g A) -> Self
    where
        A: Aggregate<P::Vertex, P::Edge, Global = P::Global>,
    {
        assert!(every != Every::Rounds(0), "an aggregate is computed every 1 or more rounds");
        let vertices = self.job.graph.vertices();
        self.job.aggregate = Some((Box::new(Folded::new(aggregate, vertices)), every));
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
    /// [`Error::NotAdmitted`] if no executor admits the program, the scheduler and the options together on this graph.
    ///
    /// # Panics
    /// If the program panics; the graph then holds what had been applied. Without barriers, the message names the vertex.
    pub fn run(self) -> Result<Outcome, Error> {
        let plan = self.plan()?;
        let Engine { settings, job } = self;
        if plan.visibility == Visibility::Barrier {
            return sync::run(settings, job);
        }
        let VertexJob { graph, program, scheduler, start, aggregate, global, observer, wishes, .. } = job;
        crate::executor::asynchronous::admit::<P>()?;
        let orders = wishes.orders(plan, graph.topology(), scheduler)?;
        let globals = Globals::of(global);
        let globals = match aggregate {
            Some((aggregate, every)) => globals.computed(aggregate, every),
            None => globals,
        };
        let model = plan.consistency.unwrap_or(Model::Edge);
        let place = (settings.isa, settings.seed);
        let mut work = Program::new(graph, program, start, observer, globals, model, place);
        asynchronous::run(settings, &mut work, orders)
    }
}

impl<'g, P: UpdateFunction> Engine<'g, UpdateJob<'g, P>>
where
    <P::Edge as Store>::Element: Clone,
{
    /// Runs an update function on a graph in the order of a scheduler, without barriers between visits.
    pub fn updates(
        graph: &'g mut Graph<P::Vertex, P::Edge>,
        function: &'g P,
        scheduler: impl Scheduler + 'g,
    ) -> Self {
        Engine::with_job(UpdateJob {
            graph,
            function: Function::new(function),
            others: Vec::new(),
            scheduler: Box::new(scheduler),
            start: None,
            observer: None,
            before: 0,
            wishes: Wishes::default(),
        })
    }

    /// The same in rounds of the vertices that are signalled, in order: all in the first.
    pub fn updates_in_rounds(graph: &'g mut Graph<P::Vertex, P::Edge>, function: &'g P) -> Self {
        Engine::updates(graph, function, InOrder::default())
    }

    /// Another function in the same run, over the same data. Functions are numbered from 0 in the order in which they are given;
    /// a visit signals for another one by [`Visit::signal_for`](crate::Visit::signal_for). Only the first is scheduled at the
    /// start. All visits are kept apart by the strongest of the models.
    pub fn also<Q>(mut self, function: &'g Q) -> Self
    where
        Q: UpdateFunction<Vertex = P::Vertex, Edge = P::Edge>,
    {
        self.job.others.push(Box::new(Function::new(function)));
        self
    }

    /// The vertices that are scheduled at first; all, unless said.
    ///
    /// # Panics
    /// When run, if the graph has no such vertex.
    pub fn start_at(mut self, vertices: impl IntoIterator<Item = Vertex>) -> Self {
        self.job.start = Some(vertices.into_iter().collect());
        self
    }

    /// A global of the first function that is computed before the first round and again before each later one.
    pub fn aggregate<A>(self, aggregate: &'g A) -> Self
    where
        A: Aggregate<P::Vertex, P::Edge, Global = P::Global>,
    {
        self.aggregate_every(Every::Rounds(1), aggregate)
    }

    /// A global of the first function that is computed before the first round and again from time to time, while nobody visits.
    /// Visits read it without a lock.
    ///
    /// # Panics
    /// If it is every 0 rounds.
    pub fn aggregate_every<A>(mut self, every: Every, aggregate: &'g A) -> Self
    where
        A: Aggregate<P::Vertex, P::Edge, Global = P::Global>,
    {
        assert!(every != Every::Rounds(0), "an aggregate is computed every 1 or more rounds");
        let folded = Box::new(Folded::new(aggregate, self.job.graph.vertices()));
        self.job.function.globals = Globals::of(P::Global::default()).computed(folded, every);
        self
    }
}

impl<'g, P: EdgeProgram> Engine<'g, EdgeJob<'g, P>> {
    /// Runs an edge program on a graph, by blocks of edges that have no vertex in common ([`Exclusion::Grid`]), or with
    /// [`exclusion`](Engine::exclusion) one block at a time, or relaxed. A round is one pass over the edges; limits are looked at
    /// between passes. Self-loops are not visited, edges of an undirected graph once. Give a number of rounds or another
    /// condition to stop.
    ///
    /// The blocks take 4 bytes an edge, its data once more, and 12 bytes for each pair of a source and a part that it has edges to.
    pub fn edges(graph: &'g mut Graph<P::Vertex, P::Edge>, program: &'g P) -> Self {
        let wishes = Wishes::default();
        Engine::with_job(EdgeJob {
            graph,
            program,
            aggregate: None,
            observer: None,
            blocks: None,
            before: 0,
            wishes,
        })
    }

    /// A global that is computed before each pass. A pass reads what the pass before it left; over edges, their data are put back into
    /// the graph each time, which takes as long as copying them.
    pub fn aggregate<A>(mut self, aggregate: &'g A) -> Self
    where
        A: Aggregate<P::Vertex, P::Edge, Global = P::Global>,
    {
        self.job.aggregate = Some(Box::new(Folded::new(aggregate, self.job.graph.vertices())));
        self
    }

    /// How many parts sources and targets are cut into: there is a block for each pair. At most as many blocks as the lesser
    /// number run at once; many blocks have short rows, which cost. Unless said, the root of a block for each 2^18 edges, from
    /// 8 to 256 (never more than there are vertices). In a graph that is not bipartite both numbers must be equal.
    ///
    /// The order of updates, and so the result, depends on them.
    ///
    /// # Panics
    /// If one is 0.
    pub fn blocks(mut self, sources: usize, targets: usize) -> Self {
        assert!(sources > 0 && targets > 0, "a grid has at least one block");
        self.job.blocks = Some([sources, targets]);
        self
    }
}

/// What runs of edge programs and of update functions have in common.
impl<'g, J: Rounds<'g>> Engine<'g, J> {
    /// Goes on as if so many rounds had come before, on a graph that is as they left it: the first pass of an edge program has the order and the random
    /// numbers of the one after them, and a visit those of a vertex that was visited so often, so that a run in two parts has the bits of the whole where rounds are all that visits
    /// depend on. Limits and [`Progress`] count from here. Unless said, 0.
    pub fn after(mut self, rounds: u64) -> Self {
        self.job.set_before(rounds);
        self
    }

    /// Sees each pass of an edge program; each round of update functions, after as many visits as there are vertices.
    pub fn observer(mut self, observer: &'g mut dyn Observer<J::Vertex>) -> Self {
        self.job.set_observer(observer);
        self
    }

    /// Runs.
    ///
    /// # Errors
    /// [`Error::NotAdmitted`] if programs, scheduler and options do not go together, or no condition would ever stop an edge program.
    ///
    /// # Panics
    /// If the program panics, an update function with a message that names the vertex; the graph then holds what had been written.
    pub fn run(self) -> Result<Outcome, Error> {
        J::run(self)
    }
}

impl<'g, P: UpdateFunction> Rounds<'g> for UpdateJob<'g, P>
where
    <P::Edge as Store>::Element: Clone,
{
    type Vertex = P::Vertex;

    fn set_before(&mut self, rounds: u64) {
        self.before = rounds;
    }

    fn set_observer(&mut self, observer: &'g mut dyn Observer<P::Vertex>) {
        self.observer = Some(observer);
    }

    fn run(engine: Engine<'g, Self>) -> Result<Outcome, Error> {
        let plan = engine.plan()?;
        let Engine { settings, job } = engine;
        let UpdateJob { graph, function, others, scheduler, start, observer, before, wishes } = job;
        let orders = wishes.orders(plan, graph.topology(), scheduler)?;
        let mut functions: Vec<Box<dyn AnyFunction<P::Vertex, P::Edge> + 'g>> = vec![Box::new(function)];
        functions.extend(others);
        let declared = functions.iter().map(|function| function.model()).max();
        let model = plan.consistency.or(declared).unwrap_or(Model::Edge);
        let place = (settings.isa, settings.seed);
        let mut work = Functions::new(graph, functions, start, observer, model, place);
        work.before = before;
        asynchronous::run(settings, &mut work, orders)
    }
}

impl<'g, P: EdgeProgram> Rounds<'g> for EdgeJob<'g, P>
where
    <P::Edge as Store>::Element: Clone,
{
    type Vertex = P::Vertex;

    fn set_before(&mut self, rounds: u64) {
        self.before = rounds;
    }

    fn set_observer(&mut self, observer: &'g mut dyn Observer<P::Vertex>) {
        self.observer = Some(observer);
    }

    fn run(engine: Engine<'g, Self>) -> Result<Outcome, Error> {
        let plan = engine.plan()?;
        if !engine.settings.can_stop() && engine.job.observer.is_none() {
            return Err(Error::NotAdmitted {
                what: "an edge program without a condition to stop".into(),
                why: "its edges never run out".into(),
                instead: "give rounds, max_updates, time_limit, until or stop_handle".into(),
            });
        }
        grid::run(engine.settings, engine.job, plan)
    }
}
