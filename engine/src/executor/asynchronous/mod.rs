//! Execution without barriers between visits: what a visit writes is seen at once.
//!
//! A run is a row of *epochs*. In one, workers visit what the scheduler hands them ([`crew`]), or the colors of a coloring take
//! turns ([`chromatic`]); between two, nobody visits: limits are checked, aggregates computed, observers called. Epochs end
//! when one of these is due; without any, a run is one epoch.
//!
//! What is run is a [`Work`]: update functions ([`updates`]) or a vertex program ([`vertex`]).

mod chromatic;
mod crew;
#[cfg(all(test, any(loom, shuttle)))]
mod crew_tests;
mod functions;
pub(crate) mod globals;
mod inboxes;
mod program;
mod turns;
mod updates;
mod vertex;

use std::time::{Duration, Instant};

use crate::audit::{Audit, Overlap, Recorder};
use crate::error::Error;
use crate::exclusion::{Coloring, Exclusion, Plan};
use crate::executor::limits::Clock;
use crate::executor::{Hands, Settings};
use crate::graph::{Topology, Vertex, VertexSet};
use crate::memory::{Claims, Phase, Reach, Source};
use crate::outcome::{Outcome, Progress, Reason};
use crate::primitives::AtomicU32;
use crate::program::{Gathers, VertexProgram, Writes};
use crate::scheduler::{Scheduler, Selection, Task};
use crew::{Crew, Fall, Hand, Report};
use globals::{Cadence, Every};

pub(crate) use crate::audit::Record;
pub(crate) use functions::Functions;
pub(crate) use program::Program;
pub(crate) use updates::{AnyFunction, Function};
#[cfg(test)]
pub(crate) use vertex::Fault as VisitFault;

/// Tasks that were handed out, and who takes what their visits signal.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'b> {
    pub(crate) tasks: &'b [Vertex],
    pub(crate) scheduler: &'b dyn Scheduler,
}

/// Visits vertices, of whatever kind the program is.
pub(crate) trait Visits: Sync {
    /// These, one after the other.
    fn tasks(&self, worker: usize, source: &mut Source<'_>, batch: Batch<'_>, report: &mut Report);
    /// The active members of a phase, or all; they are active no more.
    fn phase(&self, worker: usize, phase: &mut Phase<'_>, active: Option<&VertexSet>, report: &mut Report);
}

/// What is to be run.
pub(crate) trait Work {
    fn topology(&self) -> Topology;
    /// Makes what visits read beside the data, so that no run's time has it in it.
    fn make(&self);
    /// Functions times vertices.
    fn tasks(&self) -> usize;
    fn start(&self) -> Vec<Task>;
    /// How far visits reach, and along which edges: those that end in a vertex, those that start at it.
    fn reach(&self) -> (Reach, bool, bool);
    /// Before the first epoch: so many workers, who read copies or not, and are recorded or not. `heard`: somebody asks whom
    /// signals wake.
    fn prepare(&mut self, workers: usize, relaxed: bool, audited: bool, heard: bool);
    /// Lends what visits.
    fn visits(&mut self, run: &mut dyn FnMut(&dyn Visits));
    /// When its aggregates are due.
    fn cadences(&mut self) -> Vec<Cadence>;
    /// Computes one of them.
    fn refresh(&mut self, which: usize, pool: &rayon::ThreadPool);
    /// Whether anybody wants to see rounds.
    fn is_observed(&self) -> bool;
    fn observe(&mut self, progress: &Progress) -> std::ops::ControlFlow<()>;
    fn recorders(&mut self) -> Vec<Recorder>;
    /// How often each task was visited.
    fn counts(&self) -> &[AtomicU32];
    /// The name of a datum of the recorders.
    fn name(&self, datum: u64) -> String;
    /// Runs recorded visits once more, in this order, from the data that the run began with; whether it comes out with the same
    /// bits. Nothing, if the data cannot be copied.
    fn replay(&mut self, records: &mut dyn Iterator<Item = &Record>) -> Option<bool>;
}

/// The vertex programs that run without barriers.
pub(crate) fn admit<P: VertexProgram>() -> Result<(), Error> {
    let refuse = |what: &str, why: &str, instead: &str| {
        Err(Error::NotAdmitted { what: what.into(), why: why.into(), instead: instead.into() })
    };
    if P::WRITES_EDGES != Writes::None {
        return refuse(
            "a vertex program that writes edges",
            "edge data are stored in both orders",
            "keep the data on vertices, or write an update function",
        );
    }
    if P::NEEDS_ROUNDS {
        return refuse(
            "a program that needs rounds, without barriers",
            "what its vertices become depends on the round in which they hear of a neighbour",
            "run it with barriers, under the synchronous executor",
        );
    }
    if P::GATHERS == Gathers::Published && P::SCATTER != P::GATHER.reverse() {
        return refuse(
            "published gathers whose SCATTER is not the reverse of GATHER",
            "a ghost is taken along the edge on which it was published",
            "set SCATTER to the reverse of GATHER",
        );
    }
    Ok(())
}

/// How a run is kept in order.
pub(crate) struct Orders<'g> {
    pub(crate) plan: Plan,
    pub(crate) scheduler: Box<dyn Scheduler + 'g>,
    pub(crate) coloring: Option<Coloring>,
    pub(crate) audit: bool,
    /// How claims are to go wrong, for tests to see it caught.
    #[cfg(test)]
    pub(crate) fault: Option<crate::memory::Fault>,
}

/// What epochs have done so far.
#[derive(Default)]
struct Sum {
    updates: u64,
    waits: u64,
    /// Since the last round that anybody saw.
    active: u64,
    signalled: u64,
    residual: f64,
}

impl Sum {
    fn add(&mut self, report: &mut Report) {
        self.updates += report.updates;
        self.active += report.updates;
        self.waits += std::mem::take(&mut report.waits);
        self.signalled += std::mem::take(&mut report.signalled);
        self.residual += std::mem::take(&mut report.residual);
        report.updates = 0;
    }
}

/// Runs the work.
pub(crate) fn run(
    mut settings: Settings<'_>,
    work: &mut dyn Work,
    orders: Orders<'_>,
) -> Result<Outcome, Error> {
    #[cfg(test)]
    let fault = orders.fault;
    let Orders { plan, mut scheduler, coloring, audit, .. } = orders;
    let threads = plan.threads;
    let pool = super::pool(threads)?;
    let topology = work.topology();
    work.make();
    let mut clock = Clock::start();
    let exclusion = plan.exclusion.expect("no barriers");
    let relaxed = exclusion == Exclusion::Relaxed;
    // Of several functions, only the first runs unasked.
    let everyone = coloring.is_some()
        && scheduler.selection() == Some(Selection::Everyone)
        && work.tasks() == topology.vertices();
    let mut aggregates = Aggregates::new(work);
    aggregates.refresh(work, &pool, &Progress::default());
    work.prepare(threads, relaxed, audit, !everyone);
    let (reach, into, out) = work.reach();
    let reach = if relaxed { Reach::Own } else { reach };
    let mut claims =
        Claims::new(topology.side(crate::graph::Side::In), topology.side(crate::graph::Side::Out), reach)
            .along(into, out);
    #[cfg(test)]
    {
        assert!(
            fault.is_none() || audit,
            "only borrow words keep a faulty run from touching what others have"
        );
        claims.fault = fault;
    }

    let mut colors = coloring.as_ref().map(|coloring| {
        chromatic::Rounds::new(coloring, &topology, work.tasks(), work.start(), everyone, threads)
    });
    if colors.is_none() {
        scheduler.start(work.tasks(), threads);
        scheduler.schedule(&work.start());
    }
    let mut hands = Hands::new(threads, Hand::default);
    let round = topology.vertices().max(1) as u64;
    settings.look = settings.look.filter(|_| work.is_observed());
    let look = settings.look;
    let asked = settings.until.is_some();
    let watched = asked || look.is_none() && work.is_observed();
    let mut progress = Progress::default();
    let mut sum = Sum::default();
    let mut drained = work.tasks() == 0;
    let mut found = None;
    let reason = loop {
        progress.seconds = clock.pause();
        if let Some(reason) = settings.reached(&progress) {
            break reason;
        }
        if drained {
            break Reason::Drained;
        }
        clock.resume();
        let Progress { rounds: before, updates: looked, .. } = progress;
        let ended = if let Some(colors) = &mut colors {
            let coloring = coloring.as_ref().expect("made of it");
            let ended = colors.round(&pool, &mut claims, coloring, work, &aggregates, &mut sum);
            progress.rounds += 1;
            ended
        } else {
            let budget =
                epoch(&settings, &progress, round, watched, aggregates.due_updates(&progress, round));
            let deadline = deadline(&settings, &progress, aggregates.due_seconds());
            let session = match exclusion {
                Exclusion::Serial => claims.alone(),
                _ => claims.locking(threads),
            };
            let crew = Crew::new(&*scheduler, threads, budget, deadline, settings.stop.as_ref());
            work.visits(&mut |visits| {
                hands.work(&pool, |worker, hand| {
                    let mut source = session.source();
                    crew.work(worker, hand, |tasks, report| {
                        let batch = Batch { tasks, scheduler: &*scheduler };
                        visits.tasks(worker, &mut source, batch, report)
                    });
                })
            });
            hands.each().for_each(|hand| sum.add(&mut hand.report));
            progress.rounds = sum.updates / round;
            let (drained, fall) = crew.end();
            fall.map_or(Ok(drained && hands.each().all(|hand| hand.is_empty())), Err)
        };
        progress.updates = sum.updates;
        progress.seconds = clock.pause();
        match ended {
            Ok(now_drained) => drained = now_drained,
            Err(fall) => match fall.payload.downcast::<Overlap>() {
                Ok(overlap) => {
                    found = Some((fall.vertex.unwrap_or_default(), *overlap));
                    break Reason::Overlap;
                }
                Err(payload) => raise(Fall { payload, ..fall }),
            },
        }
        let seen = look.map_or(progress.rounds > before, |look| progress.updates / look > looked / look);
        if seen || asked && progress.rounds > before || drained {
            progress.active = std::mem::take(&mut sum.active);
            progress.signalled = std::mem::take(&mut sum.signalled);
            progress.residual = std::mem::take(&mut sum.residual);
        }
        if seen && work.observe(&progress).is_break() {
            break Reason::Stopped;
        }
        clock.resume();
        if !drained {
            aggregates.refresh(work, &pool, &progress);
        }
    };
    let visits = Some(crate::outcome::Visits::of(work.counts()));
    let audit = audit.then(|| Audit::of(work, found));
    let colors = coloring.map(|coloring| coloring.number_of_colors());
    Ok(Outcome { contended: sum.waits, colors, visits, audit, ..Outcome::new(reason, progress, plan) })
}

/// How many visits may begin before somebody wants to look.
fn epoch(
    settings: &Settings<'_>,
    progress: &Progress,
    round: u64,
    watched: bool,
    due: Option<u64>,
) -> Option<u64> {
    let to_round = round - progress.updates % round;
    let limits = [
        watched.then_some(to_round),
        settings.look.map(|look| look - progress.updates % look),
        settings.rounds.map(|rounds| rounds.saturating_mul(round).saturating_sub(progress.updates)),
        settings.updates.map(|updates| updates.saturating_sub(progress.updates)),
        due,
    ];
    limits.into_iter().flatten().min()
}

fn deadline(settings: &Settings<'_>, progress: &Progress, due: Option<f64>) -> Option<Instant> {
    let limit = settings.time.map(|limit| limit.as_secs_f64());
    let next = limit.into_iter().chain(due).fold(f64::INFINITY, f64::min);
    let left = Duration::try_from_secs_f64((next - progress.seconds).max(0.0)).ok()?;
    Instant::now().checked_add(left)
}

/// Ends the run with the panic of a visit, and says whose it was, or with that of the scheduler.
fn raise(fall: Fall) -> ! {
    let Fall { vertex, payload } = fall;
    let said =
        payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    match (vertex, said) {
        (Some(vertex), Some(said)) => std::panic::resume_unwind(Box::new(format!("vertex {vertex}: {said}"))),
        _ => std::panic::resume_unwind(payload),
    }
}

/// When the aggregates of a work are due.
struct Aggregates {
    cadences: Vec<Cadence>,
    /// Rounds and seconds at which each was computed last.
    last: Vec<(u64, f64)>,
}

impl Aggregates {
    fn new(work: &mut dyn Work) -> Self {
        let cadences = work.cadences();
        let last = vec![(0, 0.0); cadences.len()];
        Aggregates { cadences, last }
    }

    /// Computes those that are due; all, before the first round.
    fn refresh(&mut self, work: &mut dyn Work, pool: &rayon::ThreadPool, progress: &Progress) {
        for (which, (cadence, last)) in self.cadences.iter().zip(&mut self.last).enumerate() {
            let Cadence::Each(every) = cadence else { continue };
            let due = match every {
                Every::Phase => progress.rounds > last.0,
                Every::Rounds(rounds) => progress.rounds >= last.0 + rounds,
                Every::Seconds(seconds) => progress.seconds >= last.1 + seconds.as_secs_f64(),
            };
            if due || progress.updates == 0 {
                work.refresh(which, pool);
                *last = (progress.rounds, progress.seconds);
            }
        }
    }

    fn has_phases(&self) -> bool {
        self.cadences.iter().any(|cadence| matches!(cadence, Cadence::Each(Every::Phase)))
    }

    /// Computes those that are due before each phase, between two phases of a round.
    fn refresh_phase(&self, work: &mut dyn Work, pool: &rayon::ThreadPool) {
        for (which, cadence) in self.cadences.iter().enumerate() {
            if matches!(cadence, Cadence::Each(Every::Phase)) {
                work.refresh(which, pool);
            }
        }
    }

    fn due_updates(&self, progress: &Progress, round: u64) -> Option<u64> {
        let due = self.cadences.iter().zip(&self.last).filter_map(|(cadence, last)| match cadence {
            Cadence::Each(every) => Some(last.0.saturating_add(every.rounds()?).saturating_mul(round)),
            Cadence::Never => None,
        });
        due.min().map(|due| due.saturating_sub(progress.updates).max(1))
    }

    fn due_seconds(&self) -> Option<f64> {
        let due = self.cadences.iter().zip(&self.last).filter_map(|(cadence, last)| match cadence {
            Cadence::Each(Every::Seconds(seconds)) => Some(last.1 + seconds.as_secs_f64()),
            _ => None,
        });
        due.reduce(f64::min)
    }
}
