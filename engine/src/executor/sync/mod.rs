//! The synchronous executor: rounds with barriers, ghosts published between them.
//!
//! A round is one or more phases. In a phase each active vertex gathers its neighbours' ghosts and applies; what happens to
//! its new ghost depends on who else is active:
//!
//! | active | ghosts | a visit publishes |
//! |---|---|---|
//! | everyone | two columns, swapped at the barrier | at once, into the other column |
//! | one side of a bipartite graph | one column, or the vertices themselves | at once, in place: nobody reads it in this phase |
//! | some | one column | after the barrier, in a second pass over the active |
//!
//! Published ghosts are looked for by all who want some, or, where few published, taken along these few's edges ([`push`]).
//!
//! Work is cut into chunks of about equal edges whose bounds depend on the graph alone ([`chunks`]), and the gathers of hubs
//! into parts ([`hubs`]); each chunk owns a run of the vertex column ([`visit`]). Everything here is safe code: disjointness comes from splitting columns.

mod chunks;
mod frontier;
mod hubs;
mod phase;
mod push;
mod visit;

use std::any::TypeId;
use std::ops::ControlFlow;
use std::time::Instant;

use gasworks_kernels::Isa;

use crate::aggregate::Snapshot;
use crate::context::Context;
use crate::error::Error;
use crate::exclusion::{Plan, Visibility};
use crate::executor::Settings;
use crate::executor::asynchronous::globals::Every;
use crate::executor::limits::Clock;
use crate::graph::{Graph, Parts};
use crate::job::{Refreshed, VertexJob};
use crate::outcome::{Outcome, Progress, Reason};
use crate::program::{Gathers, VertexProgram, Writes};
use crate::scheduler::{Phase, Scheduler, Selection};

use frontier::Frontier;
use phase::Machine;
use visit::Tally;

/// Runs the job in a pool of its own.
pub(crate) fn run<P: VertexProgram>(
    mut settings: Settings<'_>,
    job: VertexJob<'_, P>,
) -> Result<Outcome, Error> {
    let VertexJob { graph, program, scheduler, start, direction, aggregate, global, mut observer, .. } = job;
    let selection = admit::<P>(&*scheduler, graph, start.is_some())?;
    let pool = super::pool(settings.threads)?;
    let plan = Plan {
        visibility: Visibility::Barrier,
        consistency: None,
        exclusion: None,
        threads: settings.threads,
    };

    let followed = |edges| super::sides(edges, graph.topology());
    graph.make(followed(P::GATHER).chain(followed(P::SCATTER)));
    let mut clock = Clock::start();
    let (phases, seed) = (scheduler.phases(), settings.seed);
    let frontier = Frontier::new::<P>(graph.topology(), selection, start, direction);
    let mut work = Work {
        graph,
        program,
        aggregate,
        global,
        machine: None,
        frontier,
        selection,
        phases,
        seed,
        isa: settings.isa,
        refreshed: Instant::now(),
    };
    let threads = settings.threads;
    pool.install(|| work.prepare(threads));

    let mut progress = Progress::default();
    let reason = loop {
        progress.seconds = clock.pause();
        if let Some(reason) = settings.reached(&progress) {
            break reason;
        }
        if work.frontier.is_drained() {
            break Reason::Drained;
        }
        clock.resume();
        let rounds = progress.rounds;
        let tally = pool.install(|| work.round(rounds));
        progress = Progress {
            rounds: rounds + 1,
            updates: progress.updates + tally.updates,
            seconds: clock.pause(),
            residual: tally.residual,
            active: tally.updates,
            signalled: tally.signalled,
        };
        let flow = observer.as_mut().map(|observer| observer.round(&progress, work.graph.vertex_data()));
        clock.resume();
        if flow == Some(ControlFlow::Break(())) {
            break Reason::Stopped;
        }
    };
    Ok(Outcome::new(reason, progress, plan))
}

/// The combinations that this executor runs; which vertices of a phase run.
fn admit<P: VertexProgram>(
    scheduler: &dyn Scheduler,
    graph: &Graph<P::Vertex, P::Edge>,
    starters: bool,
) -> Result<Selection, Error> {
    let sides = scheduler.phases() != [Phase::All];
    let published = P::GATHERS == Gathers::Published;
    let refuse = |what: &str, why: &str, instead: &str| {
        Err(Error::NotAdmitted { what: what.into(), why: why.into(), instead: instead.into() })
    };
    if P::WRITES_EDGES != Writes::None {
        return refuse(
            "a vertex program that writes edges",
            "the synchronous executor stores edge data in both orders",
            "keep the data on vertices, or write an update function",
        );
    }
    let Some(selection) = scheduler.selection() else {
        return refuse(
            &format!("the scheduler {} under the synchronous executor", scheduler.name()),
            "its order has no rounds",
            "choose rounds or sweep, or an executor without barriers",
        );
    };
    if ![&[Phase::All][..], &[Phase::Left, Phase::Right]].contains(&scheduler.phases()) {
        return refuse(
            "a scheduler with these phases",
            "some vertices would never run, or run twice in a round",
            "let phases() be All, or Left and Right",
        );
    }
    if starters && selection == Selection::Everyone {
        return refuse(
            "start_at with a scheduler that runs everyone",
            "all vertices begin",
            "leave start_at out, or choose rounds of the signalled vertices",
        );
    }
    if sides && graph.topology().left().is_none() {
        return refuse(
            "a scheduler of sides on this graph",
            "it has no left and right",
            "build it with GraphBuilder::bipartite, or choose rounds of all vertices",
        );
    }
    if sides && P::GHOST_IS_VERTEX && TypeId::of::<P::Vertex>() != TypeId::of::<P::Ghost>() {
        return refuse("GHOST_IS_VERTEX", "ghost and vertex have different types", "leave it false");
    }
    if published && sides {
        return refuse(
            "a scheduler of sides for published gathers",
            "each published ghost is taken once, in the round after",
            "choose rounds of all vertices",
        );
    }
    if published && selection == Selection::Everyone {
        return refuse(
            "a sweep of everyone for published gathers",
            "only a neighbour of a vertex that published has something to take",
            "choose rounds of the signalled vertices",
        );
    }
    if published && P::SCATTER != P::GATHER.reverse() {
        return refuse(
            "published gathers whose SCATTER is not the reverse of GATHER",
            "a ghost is taken along the edge on which it was published",
            "set SCATTER to the reverse of GATHER",
        );
    }
    Ok(selection)
}

/// The part of a run that works inside the pool.
struct Work<'g, P: VertexProgram> {
    graph: &'g mut Graph<P::Vertex, P::Edge>,
    program: &'g P,
    aggregate: Option<Refreshed<'g, P>>,
    global: P::Global,
    machine: Option<Machine<P>>,
    frontier: Frontier,
    selection: Selection,
    phases: &'static [Phase],
    seed: u64,
    isa: Isa,
    refreshed: Instant,
}

impl<P: VertexProgram> Work<'_, P> {
    /// The global and the ghosts that the first round reads.
    fn prepare(&mut self, threads: usize) {
        self.refresh_global(0, 0);
        let Parts { topology, vertices, .. } = self.graph.parts();
        let cx = Context { global: &self.global, vertex: 0, round: 0, topology, seed: self.seed };
        let (program, frontier) = (self.program, &self.frontier);
        let mut machine = Machine::new(program, threads, self.isa, self.phases, self.selection, cx, vertices);
        machine.start(program, cx, vertices, frontier);
        self.machine = Some(machine);
    }

    /// Computes the global anew before the phase of this number, if it is due.
    fn refresh_global(&mut self, round: u64, at: usize) {
        let Some((aggregate, every)) = &mut self.aggregate else { return };
        let due = match every {
            Every::Phase => true,
            Every::Rounds(rounds) => at == 0 && round.is_multiple_of(*rounds),
            Every::Seconds(seconds) => at == 0 && (round == 0 || self.refreshed.elapsed() >= *seconds),
        };
        if due {
            self.refreshed = Instant::now();
            let Parts { topology, vertices, edges } = self.graph.parts();
            let phase = self.phases[at];
            self.global = aggregate.refresh(Snapshot { topology, vertices, edges, phase, isa: self.isa });
        }
    }

    fn round(&mut self, round: u64) -> Tally {
        let mut tally = Tally::default();
        for (at, phase) in self.phases.iter().enumerate() {
            if round > 0 || at > 0 {
                self.refresh_global(round, at);
            }
            let Parts { topology, vertices, edges } = self.graph.parts();
            let cx = Context { global: &self.global, vertex: 0, round, topology, seed: self.seed };
            let machine = self.machine.as_mut().expect("prepared");
            tally = tally.plus(machine.phase(
                self.program,
                (at, *phase),
                cx,
                vertices,
                edges,
                &mut self.frontier,
            ));
        }
        self.frontier.end_round(tally.signalled);
        tally
    }
}
