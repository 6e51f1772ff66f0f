//! Visits of a vertex program on the ghost column, without barriers.

use std::cell::RefCell;

use gasworks_kernels::{Isa, prefetch_address};
use pulp::{Simd, WithSimd};

use super::Visits;
use super::crew::Report;
use super::inboxes::Inboxes;
use super::turns::{Turn, Turns, Wakes};
use crate::accumulator::Accumulator;
use crate::audit::Recorder;
use crate::context::Context;
use crate::executor::per_worker::PerWorker;
use crate::executor::sides;
use crate::graph::{Side, Topology, Vertex, VertexSet};
use crate::memory::{Claim, GhostCells, GhostCopies, Phase, RowOfEnds, Source};
use crate::primitives::{AtomicU32, Ordering::Relaxed};
use crate::program::{Neighborhood, VertexProgram};
use crate::scheduler::Task;
use crate::signal::Signal;

/// What all visits share.
pub(crate) struct Shared<'a, P: VertexProgram> {
    pub(crate) program: &'a P,
    pub(crate) topology: &'a Topology,
    pub(crate) cells: GhostCells<'a, P::Vertex, P::Ghost, P::Edge>,
    /// Published gathers only.
    pub(crate) inboxes: Option<&'a Inboxes<P::Gather>>,
    /// Published gathers: who has yet to publish what it began with.
    pub(crate) starters: &'a VertexSet,
    /// Visits so far, of each vertex.
    pub(crate) visits: &'a [AtomicU32],
    pub(crate) aids: &'a PerWorker<Aids<P>>,
    /// The values of the global, of which the last is current.
    pub(crate) globals: &'a [P::Global],
    /// Whether anybody asks whom signals wake.
    pub(crate) heard: bool,
    pub(crate) isa: Isa,
    pub(crate) seed: u64,
    /// Whether visits read ghosts in place, unrecorded.
    pub(crate) in_place: bool,
    #[cfg(test)]
    pub(crate) fault: Option<Fault>,
}

/// Ways of visiting wrongly, for tests to see them caught.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Some deliveries are lost: one in five.
    LostDelivery,
    /// Ghosts are read before the scope is claimed: the claim lapses between gathering and applying.
    StaleGhost,
    /// The new ghost is not published, at every third visit.
    Unpublished,
}

/// What a worker keeps from visit to visit.
pub(crate) struct Aids<P: VertexProgram> {
    /// Away while a batch runs: by value, it stays in registers.
    pub(crate) sum: Option<P::Gather>,
    /// Relaxed: room for a neighbourhood's ghosts.
    pub(crate) copies: Option<GhostCopies<P::Ghost>>,
    pub(crate) recorder: Option<RefCell<Recorder>>,
}

/// What a recorded visit borrows. A panic gives it back before the claim is given up, so that nobody takes it for an overlap.
struct Held<'r>(Option<&'r RefCell<Recorder>>);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(recorder) = self.0 {
            recorder.borrow_mut().give_back();
        }
    }
}

impl<'a, P: VertexProgram> Shared<'a, P> {
    fn n(&self) -> usize {
        self.topology.vertices()
    }

    fn current(&self) -> u32 {
        (self.globals.len() - 1) as u32
    }

    /// For a batch inside a parallel loop of another batch of the same worker.
    fn spare_aids(&self) -> Aids<P> {
        assert!(
            self.in_place,
            "a visit in a parallel loop of another one can be neither recorded nor relaxed"
        );
        Aids { sum: None, copies: None, recorder: None }
    }

    /// The edges of the visited vertex in one direction, with ghosts: in place, or copies that are taken now.
    #[inline(always)]
    fn row<'r>(
        &'r self,
        claim: &'r Claim<'_>,
        outgoing: bool,
        copies: Option<&'r mut GhostCopies<P::Ghost>>,
        recorder: Option<&RefCell<Recorder>>,
    ) -> RowOfEnds<'r, P::Ghost, P::Edge> {
        let n = self.n();
        match (copies, recorder) {
            (None, None) => self.cells.row(claim, outgoing),
            (None, Some(recorder)) => {
                let row = self.cells.row(claim, outgoing);
                let mut recorder = recorder.borrow_mut();
                (0..row.len()).for_each(|i| recorder.touch(n + row.end(i) as usize, false));
                row
            }
            (Some(copies), recorder) => self.cells.copied_row(claim, outgoing, copies, |vertex, version| {
                if let Some(recorder) = recorder {
                    recorder.borrow_mut().read(n + vertex as usize, version);
                }
            }),
        }
    }

    /// One visit: of a vertex for the so-maniest time, under one of the globals that there were.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "a visit meets all parts of a run")]
    pub(crate) fn visit<S: Simd>(
        &self,
        simd: S,
        aids: &mut Aids<P>,
        sum: &mut P::Gather,
        claim: Claim<'_>,
        (visit, global): (u64, u32),
        wakes: Wakes<'_>,
        report: &mut Report,
    ) {
        let vertex = claim.vertex();
        report.at = vertex;
        let cx = Context {
            global: &self.globals[global as usize],
            vertex,
            round: visit,
            topology: self.topology,
            seed: self.seed,
        };
        report.waits += u64::from(claim.waits());
        match self.inboxes {
            None => self.visit_state(simd, aids, sum, claim, &cx, wakes, report),
            Some(inboxes) => self.visit_published(simd, aids, sum, claim, &cx, inboxes, report),
        }
    }

    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "a visit meets all parts of a run")]
    fn visit_state<S: Simd>(
        &self,
        simd: S,
        aids: &mut Aids<P>,
        sum: &mut P::Gather,
        mut claim: Claim<'_>,
        cx: &Context<'_, P::Global>,
        wakes: Wakes<'_>,
        report: &mut Report,
    ) {
        let Aids { copies, recorder, .. } = aids;
        let (recorder, n) = (recorder.as_ref(), self.n());
        let held = Held(recorder);
        sum.clear();
        for side in sides(P::GATHER, self.topology) {
            let outgoing = side == Side::Out;
            let row = self.row(&claim, outgoing, copies.as_mut(), recorder);
            if row.len() > 0 {
                self.program.gather_all(simd, cx, sum, &Neighborhood::new(row, outgoing));
            }
        }
        #[cfg(test)]
        if self.fault == Some(Fault::StaleGhost) {
            recorder.into_iter().for_each(|recorder| recorder.borrow_mut().give_back());
            claim.lapse();
        }
        if let (Some(recorder), None) = (recorder, &copies) {
            recorder.borrow_mut().touch(cx.vertex as usize, true);
        }
        let signal = self.program.apply_with(simd, cx, self.cells.vertex_mut(&mut claim), sum);
        self.tally(signal, report);
        if P::SCATTERS && self.heard && signal.wakes() {
            for side in sides(P::SCATTER, self.topology) {
                let row = self.row(&claim, side == Side::Out, copies.as_mut(), recorder);
                let data = self.cells.vertex(&claim);
                for i in 0..row.len() {
                    let said = self.program.scatter(cx, signal, data, row.edge(i), row.ghost(i));
                    match (said.urgency(), wakes) {
                        (Some(_), Wakes::Set(woken)) => {
                            woken.insert(row.end(i));
                        }
                        (Some(priority), Wakes::Scheduler(_)) => {
                            report.signals.push(Task { vertex: row.end(i), priority });
                        }
                        (None, _) | (_, Wakes::Nobody) => (),
                    }
                }
            }
        }
        #[cfg(test)]
        if self.fault == Some(Fault::Unpublished) && cx.round % 3 == 2 {
            recorder.into_iter().for_each(|recorder| recorder.borrow_mut().end(cx.vertex, 0, cx.round, 0));
            return;
        }
        match (copies, recorder) {
            (None, recorder) => {
                if let Some(recorder) = recorder {
                    recorder.borrow_mut().touch(n + cx.vertex as usize, true);
                }
                self.cells.publish(&mut claim, |data, ghost| self.program.ghost(cx, data, ghost));
            }
            (Some(copies), recorder) => {
                let publish = |data: crate::data::Ref<'_, P::Vertex>,
                               ghost: crate::data::Mut<'_, P::Ghost>| {
                    self.program.ghost(cx, data, ghost);
                };
                let version = self.cells.publish_copy(&mut claim, copies, publish);
                if let (Some(recorder), Some(version)) = (recorder, version) {
                    recorder.borrow_mut().wrote(n + cx.vertex as usize, version);
                }
            }
        }
        if let Some(recorder) = recorder {
            recorder.borrow_mut().end(cx.vertex, 0, cx.round, self.current());
        }
        if let (true, false, Some(priority)) = (self.heard, P::SCATTERS, signal.urgency()) {
            // After the ghost was published: whoever is woken may run at once.
            drop(held);
            drop(claim);
            self.wake_neighbors(cx.vertex, priority, wakes, report);
        }
    }

    /// Signals to the ends of all edges along which the program scatters.
    #[inline(always)]
    fn wake_neighbors(&self, vertex: Vertex, priority: f32, wakes: Wakes<'_>, report: &mut Report) {
        for side in sides(P::SCATTER, self.topology) {
            let ends = self.topology.side(side).neighbors(vertex);
            match wakes {
                Wakes::Scheduler(scheduler) => {
                    report.is_scheduling = true;
                    scheduler.schedule_all(ends, priority);
                    report.is_scheduling = false;
                    report.scheduled += ends.len();
                }
                Wakes::Set(woken) => ends.iter().for_each(|end| {
                    woken.insert(*end);
                }),
                Wakes::Nobody => (),
            }
        }
    }

    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "a visit meets all parts of a run")]
    fn visit_published<S: Simd>(
        &self,
        simd: S,
        aids: &mut Aids<P>,
        sum: &mut P::Gather,
        mut claim: Claim<'_>,
        cx: &Context<'_, P::Global>,
        inboxes: &Inboxes<P::Gather>,
        report: &mut Report,
    ) {
        let (recorder, n) = (aids.recorder.as_ref(), self.n());
        let _held = Held(recorder);
        let (is_new, version) = inboxes.take(cx.vertex, sum);
        if let Some(recorder) = recorder {
            let mut recorder = recorder.borrow_mut();
            recorder.wrote(2 * n + cx.vertex as usize, version);
            recorder.touch(cx.vertex as usize, true);
        }
        let mut publishes = self.starters.contains(cx.vertex) && self.starters.remove(cx.vertex);
        let mut priority = 1.0;
        if is_new && self.program.wants(self.cells.vertex(&claim)) {
            let signal = self.program.apply_with(simd, cx, self.cells.vertex_mut(&mut claim), sum);
            self.tally(signal, report);
            if let Some(urgency) = signal.urgency() {
                (publishes, priority) = (true, urgency);
            }
        }
        if publishes {
            self.cells.publish(&mut claim, |data, ghost| self.program.ghost(cx, data, ghost));
            let ghost = self.cells.ghost(&claim);
            for side in sides(P::SCATTER, self.topology) {
                let (ends, edges) = self.cells.own_edges(&claim, side == Side::Out);
                for (i, to) in ends.iter().enumerate() {
                    #[cfg(test)]
                    if self.fault == Some(Fault::LostDelivery) && (to + cx.vertex) % 5 == 0 {
                        continue;
                    }
                    let cx = Context { vertex: *to, ..*cx };
                    let mut inbox = inboxes.open(*to);
                    // What is delivered between two takings commutes: to the auditor, deliveries only read.
                    if let Some(recorder) = recorder {
                        recorder.borrow_mut().read(2 * n + *to as usize, inbox.version);
                    }
                    inbox.is_new = true;
                    if !inbox.sum.is_full() {
                        self.program.gather(&cx, &mut inbox.sum, ghost, edges.get(i));
                    }
                    drop(inbox);
                    report.signals.push(Task { vertex: *to, priority });
                }
            }
        }
        if let Some(recorder) = recorder {
            recorder.borrow_mut().end(cx.vertex, 0, cx.round, self.current());
        }
    }

    #[inline(always)]
    fn tally(&self, signal: Signal, report: &mut Report) {
        report.updates += 1;
        report.residual += f64::from(signal.change());
        report.signalled += u64::from(signal.wakes());
    }

    /// The number of this visit of its vertex, from 0. The claim keeps other visits of the vertex away.
    #[inline(always)]
    fn count(&self, vertex: Vertex) -> u64 {
        let count = &self.visits[vertex as usize];
        let visit = count.load(Relaxed);
        count.store(visit.wrapping_add(1), Relaxed);
        visit.into()
    }
}

/// A batch, compiled for each instruction level.
struct Batch<'b, 'a, 't, 'c, P: VertexProgram> {
    shared: &'b Shared<'a, P>,
    aids: &'b mut Aids<P>,
    sum: P::Gather,
    turns: Turns<'t, 'c>,
    report: &'b mut Report,
}

impl<P: VertexProgram> WithSimd for Batch<'_, '_, '_, '_, P> {
    type Output = P::Gather;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> P::Gather {
        let Batch { shared, aids, mut sum, mut turns, report } = self;
        let (global, wakes) = (shared.current(), turns.wakes());
        loop {
            shared.look_ahead(&turns);
            let Some(Turn { claim, recorded }) = turns.next() else { break };
            let (visit, global) = recorded.unwrap_or_else(|| (shared.count(claim.vertex()), global));
            shared.visit(simd, aids, &mut sum, claim, (visit, global), wakes, report);
        }
        sum
    }
}

/// Visits between asking for the data of a vertex and visiting it; half as many for its row, whose place is known only then.
const AHEAD: usize = 8;

impl<P: VertexProgram> Shared<'_, P> {
    /// Asks for what the visits to come will touch: in the order of a queue or of colors no processor could guess it.
    #[inline(always)]
    fn look_ahead(&self, turns: &Turns<'_, '_>) {
        if let Some(vertex) = turns.ahead(AHEAD) {
            self.cells.prefetch(vertex);
            prefetch_address(&self.visits[vertex as usize]);
        }
        if let Some(vertex) = turns.ahead(AHEAD / 2) {
            for side in sides(P::GATHER, self.topology) {
                self.cells.prefetch_row(vertex, side == Side::Out);
            }
        }
    }

    /// Visits as the turns come.
    pub(crate) fn batch(&self, worker: usize, turns: Turns<'_, '_>, report: &mut Report) {
        let visit = |aids: &mut Aids<P>| {
            let sum = aids.sum.take().unwrap_or_else(|| self.program.accumulator());
            let sum = self.isa.dispatch(Batch { shared: self, aids, sum, turns, report });
            aids.sum = Some(sum);
        };
        self.aids.with(worker, || self.spare_aids(), visit);
    }
}

impl<P: VertexProgram> Visits for Shared<'_, P> {
    fn tasks(&self, worker: usize, source: &mut Source<'_>, batch: super::Batch<'_>, report: &mut Report) {
        let super::Batch { tasks, scheduler } = batch;
        self.batch(worker, Turns::Tasks { source, tasks: tasks.iter(), scheduler }, report);
    }

    fn phase(&self, worker: usize, phase: &mut Phase<'_>, active: Option<&VertexSet>, report: &mut Report) {
        self.batch(worker, Turns::Members { phase: phase.again(), active, first: 0 }, report);
    }
}
