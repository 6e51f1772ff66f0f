//! Visits of update functions: one or several over the same graph.

use std::cell::RefCell;
use std::marker::PhantomData;

use gasworks_kernels::Isa;
use pulp::{Simd, WithSimd};

use super::Visits;
use super::crew::Report;
use super::globals::Globals;
use super::turns::{Turn, Turns};
use crate::aggregate::Snapshot;
use crate::audit::Recorder;
use crate::context::Context;
use crate::data::Data;
use crate::executor::per_worker::PerWorker;
use crate::graph::{Topology, Vertex, VertexSet};
use crate::memory::{Claim, Phase, Private, ScopeCells, Source, Way};
use crate::primitives::{AtomicU32, Ordering::Relaxed};
use crate::scope::{Scope, Signals};
use crate::update::UpdateFunction;

/// What the visits of all functions share.
pub(crate) struct Shared<'a, V: Data, E: Data> {
    pub(crate) topology: &'a Topology,
    pub(crate) cells: ScopeCells<'a, V, E>,
    /// Visits so far, of each function and vertex.
    pub(crate) visits: &'a [AtomicU32],
    pub(crate) aids: &'a PerWorker<Aids<V, E>>,
    pub(crate) functions: &'a [Box<dyn AnyFunction<V, E> + 'a>],
    pub(crate) isa: Isa,
    pub(crate) seed: u64,
    /// Visits of each vertex before the run.
    pub(crate) before: u64,
    /// Whether visits need no aids.
    pub(crate) in_place: bool,
}

impl<V: Data, E: Data> Shared<'_, V, E> {
    /// For a batch inside a parallel loop of another batch of the same worker.
    fn spare_aids(&self) -> Aids<V, E> {
        assert!(
            self.in_place,
            "a visit in a parallel loop of another one can be neither recorded nor relaxed"
        );
        Aids::NONE
    }
}

/// What a worker needs to visit otherwise than in place.
pub(crate) struct Aids<V: Data, E: Data> {
    pub(crate) private: Option<Private<V, E>>,
    pub(crate) recorder: Option<RefCell<Recorder>>,
}

impl<V: Data, E: Data> Aids<V, E> {
    /// Visits in place, unheard.
    pub(crate) const NONE: Self = Aids { private: None, recorder: None };

    #[inline(always)]
    fn way(&self) -> Way<'_, V, E> {
        match (&self.private, &self.recorder) {
            (Some(private), _) => Way::Private(private),
            (None, Some(recorder)) => Way::Recorded(recorder),
            (None, None) => Way::Held,
        }
    }

    fn recorder(&self) -> Option<&RefCell<Recorder>> {
        self.private.as_ref().and_then(|private| private.recorder.as_ref()).or(self.recorder.as_ref())
    }

    pub(crate) fn into_recorder(self) -> Option<Recorder> {
        let recorder = self.private.and_then(|private| private.recorder).or(self.recorder);
        recorder.map(RefCell::into_inner)
    }
}

/// An update function whose type is forgotten: called once a batch.
pub(crate) trait AnyFunction<V: Data, E: Data>: Sync {
    /// What its visits touch.
    fn model(&self) -> crate::consistency::Model;
    /// Makes room for the workers.
    fn prepare(&mut self, number: u32, workers: usize);
    /// Aggregates that are due.
    fn globals(&mut self) -> &mut dyn AnyGlobals<V, E>;
    /// Visits as the turns come.
    fn visit(&self, shared: &Shared<'_, V, E>, worker: usize, turns: Turns<'_, '_>, report: &mut Report);
}

/// The aggregates of a function, whatever their type.
pub(crate) trait AnyGlobals<V: Data, E: Data>: Send {
    fn cadence(&self) -> super::globals::Cadence;
    fn refresh(&mut self, snapshot: Snapshot<'_, V, E>);
    fn keep_all(&mut self);
}

impl<V: Data, E: Data, G: Send> AnyGlobals<V, E> for Globals<'_, V, E, G> {
    fn cadence(&self) -> super::globals::Cadence {
        self.cadence
    }
    fn refresh(&mut self, snapshot: Snapshot<'_, V, E>) {
        Globals::refresh(self, snapshot);
    }
    fn keep_all(&mut self) {
        self.keep_all = true;
    }
}

/// An update function of a run.
pub(crate) struct Function<'g, P: UpdateFunction> {
    program: &'g P,
    pub(crate) globals: Globals<'g, P::Vertex, P::Edge, P::Global>,
    scratch: PerWorker<P::Scratch>,
    number: u32,
}

impl<'g, P: UpdateFunction> Function<'g, P> {
    pub(crate) fn new(program: &'g P) -> Self {
        let globals = Globals::of(P::Global::default());
        Function { program, globals, scratch: PerWorker::new(0, |_| program.scratch()), number: 0 }
    }

    /// One visit: of a vertex for the so-maniest time, under one of the globals that there were.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "a visit meets all parts of a run")]
    fn visit_one(
        &self,
        shared: &Shared<'_, P::Vertex, P::Edge>,
        aids: &Aids<P::Vertex, P::Edge>,
        scratch: &mut P::Scratch,
        claim: Claim<'_>,
        visit: u64,
        global: u32,
        report: &mut Report,
    ) {
        let (vertex, topology) = (claim.vertex(), shared.topology);
        report.at = vertex;
        let (signals, functions) = (report.signals.len(), shared.functions.len() as u32);
        let (global_of_visit, round) = (self.globals.at(global), shared.before + visit);
        let cx = Context { global: global_of_visit, vertex, round, topology, seed: shared.seed };
        let mut scope = Scope {
            lent: crate::memory::Lent::new(&shared.cells, aids.way(), claim),
            topology,
            signals: Signals {
                tasks: &mut report.signals,
                residual: &mut report.residual,
                function: self.number,
                functions,
                vertices: topology.vertices() as u32,
            },
            model: PhantomData,
        };
        self.program.update(&cx, &mut scope, scratch);
        scope.lent.commit();
        if let Some(recorder) = aids.recorder() {
            recorder.borrow_mut().end(vertex, self.number, visit, global);
        }
        report.waits += u64::from(scope.lent.waits());
        drop(scope);
        report.updates += 1;
        report.signalled += u64::from(report.signals.len() > signals);
    }

    /// The number of this visit of its vertex, from 0. The claim keeps other visits of the vertex away.
    #[inline(always)]
    fn count(&self, shared: &Shared<'_, P::Vertex, P::Edge>, vertex: Vertex) -> u64 {
        let count = &shared.visits[self.number as usize * shared.topology.vertices() + vertex as usize];
        let visit = count.load(Relaxed);
        count.store(visit.wrapping_add(1), Relaxed);
        visit.into()
    }
}

/// A batch, compiled for each instruction level.
struct Batch<'b, 'g, 's, 't, 'c, P: UpdateFunction> {
    function: &'b Function<'g, P>,
    shared: &'b Shared<'s, P::Vertex, P::Edge>,
    aids: &'b Aids<P::Vertex, P::Edge>,
    scratch: &'b mut P::Scratch,
    turns: Turns<'t, 'c>,
    report: &'b mut Report,
}

impl<P: UpdateFunction> WithSimd for Batch<'_, '_, '_, '_, '_, P> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Batch { function, shared, aids, scratch, mut turns, report } = self;
        let global = function.globals.current();
        while let Some(Turn { claim, recorded }) = turns.next() {
            let (visit, global) =
                recorded.unwrap_or_else(|| (function.count(shared, claim.vertex()), global));
            function.visit_one(shared, aids, scratch, claim, visit, global, report);
        }
    }
}

impl<P: UpdateFunction> AnyFunction<P::Vertex, P::Edge> for Function<'_, P> {
    fn model(&self) -> crate::consistency::Model {
        <P::Consistency as crate::consistency::Consistency>::MODEL
    }

    fn prepare(&mut self, number: u32, workers: usize) {
        self.number = number;
        self.scratch = PerWorker::new(workers, |_| self.program.scratch());
    }

    fn globals(&mut self) -> &mut dyn AnyGlobals<P::Vertex, P::Edge> {
        &mut self.globals
    }

    fn visit(
        &self,
        shared: &Shared<'_, P::Vertex, P::Edge>,
        worker: usize,
        turns: Turns<'_, '_>,
        report: &mut Report,
    ) {
        let batch = |aids: &mut Aids<P::Vertex, P::Edge>| {
            let visit = |scratch: &mut P::Scratch| {
                shared.isa.dispatch(Batch { function: self, shared, aids, scratch, turns, report });
            };
            self.scratch.with(worker, || self.program.scratch(), visit);
        };
        shared.aids.with(worker, || shared.spare_aids(), batch);
    }
}

impl<V: Data, E: Data> Visits for Shared<'_, V, E> {
    fn tasks(&self, worker: usize, source: &mut Source<'_>, batch: super::Batch<'_>, report: &mut Report) {
        let super::Batch { tasks, scheduler } = batch;
        let n = self.topology.vertices() as u32;
        if let [only] = self.functions {
            return only.visit(self, worker, Turns::Tasks { source, tasks: tasks.iter(), scheduler }, report);
        }
        // Runs of tasks of one function, in order.
        let mut local = std::mem::take(&mut report.local);
        for run in tasks.chunk_by(|a, b| a / n == b / n) {
            local.clear();
            local.extend(run.iter().map(|task| task % n));
            let turns = Turns::Tasks { source, tasks: local.iter(), scheduler };
            self.functions[(run[0] / n) as usize].visit(self, worker, turns, report);
        }
        report.local = local;
    }

    fn phase(&self, worker: usize, phase: &mut Phase<'_>, active: Option<&VertexSet>, report: &mut Report) {
        let n = self.topology.vertices() as u32;
        for (number, function) in (0..).zip(self.functions) {
            let turns = Turns::Members { phase: phase.again(), active, first: number * n };
            function.visit(self, worker, turns, report);
        }
    }
}
