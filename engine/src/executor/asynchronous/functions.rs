//! Update functions as a work: their graph, what visits need beside it, and their history.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;

use gasworks_kernels::Isa;

use super::crew::Report;
use super::globals::Cadence;
use super::turns::Turns;
use super::updates::{Aids, AnyFunction, Shared};
use super::{Record, Visits, Work};
use crate::aggregate::Snapshot;
use crate::audit::Recorder;
use crate::consistency::Model;
use crate::data::Data;
use crate::executor::per_worker::PerWorker;
use crate::graph::{Graph, Parts, Side, Topology, Vertex};
use crate::memory::{Buffer, Cells, Claims, Column, Reach, ScopeCells, Versions};
use crate::outcome::{Observer, Progress};
use crate::primitives::AtomicU32;
use crate::scheduler::{Phase, Task};

/// One or several update functions over a graph.
pub(crate) struct Functions<'g, V: Data, E: Data> {
    pub(crate) graph: &'g mut Graph<V, E>,
    pub(crate) functions: Vec<Box<dyn AnyFunction<V, E> + 'g>>,
    pub(crate) start: Option<Vec<Vertex>>,
    pub(crate) observer: Option<&'g mut dyn Observer<V>>,
    pub(crate) model: Model,
    pub(crate) isa: Isa,
    pub(crate) seed: u64,
    /// Visits of each vertex before the run.
    pub(crate) before: u64,
    /// Whether recorders forget, for tests to see it caught.
    #[cfg(test)]
    pub(crate) forgets: bool,
    state: State<V, E>,
}

/// What lives as long as the run.
struct State<V: Data, E: Data> {
    in_to_out: Vec<u64>,
    visits: Buffer<AtomicU32>,
    aids: PerWorker<Aids<V, E>>,
    in_place: bool,
    /// The data that an audited run began with.
    before: Option<(Column<V>, Column<E>)>,
}

impl<'g, V: Data, E: Data> Functions<'g, V, E> {
    pub(crate) fn new(
        graph: &'g mut Graph<V, E>,
        functions: Vec<Box<dyn AnyFunction<V, E> + 'g>>,
        start: Option<Vec<Vertex>>,
        observer: Option<&'g mut dyn Observer<V>>,
        model: Model,
        (isa, seed): (Isa, u64),
    ) -> Self {
        let aids = PerWorker::new(0, |_| Aids::NONE);
        let state = State {
            in_to_out: Vec::new(),
            visits: Buffer::from_fn(0, |_| AtomicU32::new(0)),
            aids,
            in_place: true,
            before: None,
        };
        Functions {
            graph,
            functions,
            start,
            observer,
            model,
            isa,
            seed,
            before: 0,
            #[cfg(test)]
            forgets: false,
            state,
        }
    }
}

/// The cells of a graph's data.
fn cells<'a, V: Data, E: Data>(
    topology: &'a Topology,
    vertices: &'a mut Column<V>,
    edges: &'a mut Column<E>,
    in_to_out: &'a [u64],
) -> ScopeCells<'a, V, E> {
    let (vertices, edges) = (Cells::new(vertices.view_mut()), Cells::new(edges.view_mut()));
    ScopeCells::new((topology.side(Side::In), &topology.out), vertices, edges, in_to_out)
}

impl<V: Data, E: Data> Work for Functions<'_, V, E>
where
    E::Element: Clone,
{
    fn topology(&self) -> Topology {
        self.graph.topology().clone()
    }

    fn make(&self) {
        self.graph.topology().side(Side::In);
    }

    fn tasks(&self) -> usize {
        self.functions.len() * self.graph.vertices()
    }

    fn start(&self) -> Vec<Task> {
        let n = self.graph.vertices() as u32;
        let task = |vertex| Task { vertex, priority: 1.0 };
        match &self.start {
            Some(start) => {
                let known = |vertex: &Vertex| assert!(*vertex < n, "vertex {vertex} of {n}");
                start.iter().inspect(|vertex| known(vertex)).copied().map(task).collect()
            }
            None => (0..n).map(task).collect(),
        }
    }

    fn reach(&self) -> (Reach, bool, bool) {
        let reach = match self.model {
            Model::Vertex => Reach::Own,
            Model::Edge => Reach::Read,
            Model::Full => Reach::Write,
        };
        (reach, true, true)
    }

    fn prepare(&mut self, workers: usize, relaxed: bool, audited: bool, _: bool) {
        let tasks = self.tasks();
        let Parts { topology, vertices, edges } = self.graph.parts();
        let state = &mut self.state;
        state.in_to_out = topology.in_to_out();
        state.visits = Buffer::from_fn(tasks, |_| AtomicU32::new(0));
        state.before = audited.then(|| vertices.copied().zip(edges.outgoing_mut().copied())).flatten();
        state.in_place = !relaxed && !audited;
        let cells = cells(topology, vertices, edges.outgoing_mut(), &state.in_to_out);
        let data = cells.data();
        let versions = (audited || relaxed && cells.needs_versions()).then(|| Arc::new(Versions::new(data)));
        let recorder = |worker| {
            let versions = versions.clone().filter(|_| audited);
            versions.map(|versions| {
                #[cfg_attr(not(test), expect(unused_mut, reason = "tests make it forget"))]
                let mut recorder = Recorder::new(versions, worker);
                #[cfg(test)]
                {
                    recorder.forgets = self.forgets;
                }
                RefCell::new(recorder)
            })
        };
        state.aids = PerWorker::new(workers, |worker| match relaxed {
            true => {
                let mut private = cells.private(versions.clone());
                private.recorder = recorder(worker);
                Aids { private: Some(private), recorder: None }
            }
            false => Aids { private: None, recorder: recorder(worker) },
        });
        for (number, function) in (0..).zip(&mut self.functions) {
            function.prepare(number, workers);
            if audited {
                function.globals().keep_all();
            }
        }
    }

    fn visits(&mut self, run: &mut dyn FnMut(&dyn Visits)) {
        let Parts { topology, vertices, edges } = self.graph.parts();
        let State { in_to_out, visits, aids, in_place, .. } = &self.state;
        run(&Shared {
            topology,
            cells: cells(topology, vertices, edges.outgoing_mut(), in_to_out),
            visits,
            aids,
            functions: &self.functions,
            isa: self.isa,
            seed: self.seed,
            before: self.before,
            in_place: *in_place,
        });
    }

    fn cadences(&mut self) -> Vec<Cadence> {
        self.functions.iter_mut().map(|function| function.globals().cadence()).collect()
    }

    fn refresh(&mut self, which: usize, pool: &rayon::ThreadPool) {
        let isa = self.isa;
        let Parts { topology, vertices, edges } = self.graph.parts();
        let globals = self.functions[which].globals();
        let snapshot = Snapshot { topology, vertices, edges, phase: Phase::All, isa };
        pool.install(|| globals.refresh(snapshot));
    }

    fn is_observed(&self) -> bool {
        self.observer.is_some()
    }

    fn observe(&mut self, progress: &Progress) -> ControlFlow<()> {
        let graph = &self.graph;
        self.observer
            .as_mut()
            .map_or(ControlFlow::Continue(()), |observer| observer.round(progress, graph.vertex_data()))
    }

    fn recorders(&mut self) -> Vec<Recorder> {
        let aids = std::mem::replace(&mut self.state.aids, PerWorker::new(0, |_| Aids::NONE));
        aids.into_values().filter_map(Aids::into_recorder).collect()
    }

    fn counts(&self) -> &[AtomicU32] {
        &self.state.visits
    }

    fn name(&self, datum: u64) -> String {
        let n = self.graph.vertices() as u64;
        if datum < n {
            return format!("vertex {datum}");
        }
        let out = &self.graph.topology().out;
        let source = out.offsets().partition_point(|offset| *offset <= datum - n) - 1;
        format!("edge {source} -> {}", out.ends()[(datum - n) as usize])
    }

    fn replay(&mut self, records: &mut dyn Iterator<Item = &Record>) -> Option<bool> {
        let (mut vertices, mut edges) = self.state.before.take()?;
        let topology = self.graph.topology().clone();
        let aids = PerWorker::new(1, |_| Aids::NONE);
        let shared = Shared {
            topology: &topology,
            cells: cells(&topology, &mut vertices, &mut edges, &self.state.in_to_out),
            visits: &self.state.visits,
            aids: &aids,
            functions: &self.functions,
            isa: self.isa,
            seed: self.seed,
            before: self.before,
            in_place: true,
        };
        let mut claims = Claims::new(topology.side(Side::In), &topology.out, self.reach().0);
        let session = claims.alone();
        let (mut source, mut report) = (session.source(), Report::default());
        for record in records {
            let turns = Turns::Records { source: &mut source, records: &mut std::iter::once(record) };
            self.functions[record.function as usize].visit(&shared, 0, turns, &mut report);
            report.signals.clear();
        }
        let Parts { vertices: found, edges: found_edges, .. } = self.graph.parts();
        Some(vertices.has_bytes_of(found) && edges.has_bytes_of(found_edges.outgoing_mut()))
    }
}
