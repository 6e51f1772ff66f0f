//! Rounds of colors: the vertices of one color are visited in parallel, then those of the next (Low et al. 2012, "Distributed
//! GraphLab", section 4.2.1). A visit sees what earlier colors of the same round wrote. The same bits for every number of threads:
//! chunks depend on graph and coloring alone, and members of a color touch nothing in common.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;

use super::crew::{Fall, Report};
use super::{Aggregates, Sum, Visits, Work};
use crate::exclusion::Coloring;
use crate::executor::per_worker::PerWorker;
use crate::graph::{Topology, VertexSet};
use crate::memory::{Claims, Phase};
use crate::primitives::{AtomicBool, Mutex, Ordering::Relaxed};
use crate::scheduler::Task;

/// Edges and vertices a chunk: some ten microseconds.
const CHUNK: u64 = 1 << 13;

pub(super) struct Rounds {
    /// Bounds of the chunks of each color's members.
    bounds: Vec<Vec<usize>>,
    /// Who is to run, where not everyone is.
    active: Option<VertexSet>,
    reports: PerWorker<Report>,
}

/// What a chunk did.
#[derive(Default)]
struct Tally {
    updates: u64,
    signalled: u64,
    residual: f64,
}

impl Tally {
    fn plus(self, later: Tally) -> Tally {
        Tally {
            updates: self.updates + later.updates,
            signalled: self.signalled + later.signalled,
            residual: self.residual + later.residual,
        }
    }
}

impl Rounds {
    pub(super) fn new(
        coloring: &Coloring,
        topology: &Topology,
        tasks: usize,
        start: Vec<Task>,
        everyone: bool,
        threads: usize,
    ) -> Self {
        let weight =
            |vertex: u32| 4 + u64::from(topology.in_degree(vertex)) + u64::from(topology.out_degree(vertex));
        let bounds = (0..coloring.number_of_colors() as u32).map(|color| {
            let members = coloring.class(color);
            let (mut bounds, mut sum) = (vec![0], 0);
            for (at, member) in members.iter().enumerate() {
                sum += weight(*member);
                if sum >= CHUNK {
                    bounds.push(at + 1);
                    sum = 0;
                }
            }
            if bounds[bounds.len() - 1] < members.len() {
                bounds.push(members.len());
            }
            bounds
        });
        let active = || VertexSet::from_iter_of(tasks, start.iter().map(|task| task.vertex));
        Rounds {
            bounds: bounds.collect(),
            active: (!everyone).then(active),
            reports: PerWorker::new(threads, |_| Report::default()),
        }
    }

    /// All colors once; whether nobody is left to run.
    pub(super) fn round(
        &mut self,
        pool: &rayon::ThreadPool,
        claims: &mut Claims<'_>,
        coloring: &Coloring,
        work: &mut dyn Work,
        aggregates: &Aggregates,
        sum: &mut Sum,
    ) -> Result<bool, Fall> {
        let fall = Mutex::new(None);
        let mut tally = Tally::default();
        // Colors take turns without leaving the pool, unless something is to be computed between them.
        let colors = self.bounds.len();
        let step = if aggregates.has_phases() { 1 } else { colors.max(1) };
        let mut fallen = false;
        for first in (0..colors).step_by(step) {
            if first > 0 {
                aggregates.refresh_phase(work, pool);
            }
            work.visits(&mut |visits| {
                pool.install(|| {
                    for (color, bounds) in self.bounds.iter().enumerate().skip(first).take(step) {
                        let phase = claims.phase(coloring, color as u32);
                        let turn = Turn {
                            visits,
                            active: self.active.as_ref(),
                            reports: &self.reports,
                            fall: &fall,
                            fallen: AtomicBool::new(false),
                        };
                        let done = turn.spread(phase, bounds);
                        tally = std::mem::take(&mut tally).plus(done);
                        fallen = turn.fallen.into_inner();
                        if fallen {
                            break;
                        }
                    }
                });
            });
            if fallen {
                break;
            }
        }
        sum.updates += tally.updates;
        sum.active += tally.updates;
        sum.signalled += tally.signalled;
        sum.residual += tally.residual;
        match fall.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(fall) => Err(fall),
            None => Ok(match &self.active {
                Some(active) => active.is_empty(),
                None => tally.signalled == 0,
            }),
        }
    }
}

/// One color's turn.
struct Turn<'a> {
    visits: &'a dyn Visits,
    active: Option<&'a VertexSet>,
    reports: &'a PerWorker<Report>,
    fall: &'a Mutex<Option<Fall>>,
    fallen: AtomicBool,
}

impl Turn<'_> {
    /// Halves the chunks until one is left. The tree depends on their number alone, so sums over it do not depend on threads.
    fn spread(&self, phase: Phase<'_>, bounds: &[usize]) -> Tally {
        match bounds {
            [] | [_] => Tally::default(),
            [_, _] => self.chunk(phase),
            _ => {
                let middle = bounds.len() / 2;
                let (left, right) = phase.split_at(bounds[middle] - bounds[0]);
                let (a, b) = rayon::join(
                    || self.spread(left, &bounds[..=middle]),
                    || self.spread(right, &bounds[middle..]),
                );
                a.plus(b)
            }
        }
    }

    fn chunk(&self, mut phase: Phase<'_>) -> Tally {
        if self.fallen.load(Relaxed) {
            return Tally::default();
        }
        let worker = rayon::current_thread_index().unwrap_or(0);
        self.reports.with(worker, Report::default, |report| {
            let visit = || self.visits.phase(worker, &mut phase, self.active, report);
            if let Err(payload) = catch_unwind(AssertUnwindSafe(visit)) {
                let mut fall = self.fall.lock().unwrap_or_else(PoisonError::into_inner);
                fall.get_or_insert(Fall { vertex: Some(report.at), payload });
                self.fallen.store(true, Relaxed);
            }
            if let Some(active) = self.active {
                report.signals.iter().for_each(|task| {
                    active.insert(task.vertex);
                });
            }
            report.signals.clear();
            Tally {
                updates: std::mem::take(&mut report.updates),
                signalled: std::mem::take(&mut report.signalled),
                residual: std::mem::take(&mut report.residual),
            }
        })
    }
}
