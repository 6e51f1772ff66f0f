//! A vertex program as a work: its graph, ghosts and inboxes, and their history.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;

use gasworks_kernels::Isa;

use super::crew::Report;
use super::globals::{Cadence, Globals};
use super::inboxes::Inboxes;
use super::turns::Turns;
use super::vertex::{Aids, Shared};
use super::{Record, Visits, Work};
use crate::aggregate::Snapshot;
use crate::audit::Recorder;
use crate::consistency::Model;
use crate::context::Context;
use crate::executor::per_worker::PerWorker;
use crate::executor::sides;
use crate::graph::{Graph, Parts, Side, Topology, Vertex, VertexSet};
use crate::memory::{Buffer, Cells, Claims, Column, GhostCells, Reach, Side as EdgeSide, Versions};
use crate::outcome::{Observer, Progress};
use crate::primitives::AtomicU32;
use crate::program::{Gathers, Ghost, VertexProgram};
use crate::scheduler::{Phase, Task};

/// A vertex program over a graph.
pub(crate) struct Program<'g, P: VertexProgram> {
    pub(crate) graph: &'g mut Graph<P::Vertex, P::Edge>,
    pub(crate) program: &'g P,
    pub(crate) start: Option<Vec<Vertex>>,
    pub(crate) observer: Option<&'g mut dyn Observer<P::Vertex>>,
    pub(crate) globals: Globals<'g, P::Vertex, P::Edge, P::Global>,
    pub(crate) model: Model,
    pub(crate) isa: Isa,
    pub(crate) seed: u64,
    #[cfg(test)]
    pub(crate) fault: Option<super::vertex::Fault>,
    state: State<P>,
}

/// What lives as long as the run.
struct State<P: VertexProgram> {
    ghosts: Column<P::Ghost>,
    inboxes: Option<Inboxes<P::Gather>>,
    starters: VertexSet,
    visits: Buffer<AtomicU32>,
    aids: PerWorker<Aids<P>>,
    copied: bool,
    heard: bool,
    in_place: bool,
    /// The data that an audited run began with.
    before: Option<Column<P::Vertex>>,
}

impl<'g, P: VertexProgram> Program<'g, P> {
    pub(crate) fn new(
        graph: &'g mut Graph<P::Vertex, P::Edge>,
        program: &'g P,
        start: Option<Vec<Vertex>>,
        observer: Option<&'g mut dyn Observer<P::Vertex>>,
        globals: Globals<'g, P::Vertex, P::Edge, P::Global>,
        model: Model,
        (isa, seed): (Isa, u64),
    ) -> Self {
        let state = State {
            ghosts: P::Ghost::column(0, 1),
            inboxes: None,
            starters: VertexSet::empty(0),
            visits: Buffer::from_fn(0, |_| AtomicU32::new(0)),
            aids: PerWorker::new(0, |_| Aids { sum: None, copies: None, recorder: None }),
            copied: false,
            heard: true,
            in_place: true,
            before: None,
        };
        Program {
            graph,
            program,
            start,
            observer,
            globals,
            model,
            isa,
            seed,
            #[cfg(test)]
            fault: None,
            state,
        }
    }

    fn starters(&self) -> VertexSet {
        let n = self.graph.vertices();
        match (&self.start, P::GATHERS) {
            (_, Gathers::State) => VertexSet::empty(n),
            (Some(start), _) => VertexSet::from_iter_of(n, start.iter().copied()),
            (None, _) => VertexSet::full(n),
        }
    }
}

/// The cells of a graph's data and its ghosts.
fn cells<'a, P: VertexProgram>(
    topology: &'a Topology,
    vertices: &'a mut Column<P::Vertex>,
    ghosts: &'a mut Column<P::Ghost>,
    (into, out): (crate::memory::ColumnRef<'a, P::Edge>, crate::memory::ColumnRef<'a, P::Edge>),
    copied: bool,
) -> GhostCells<'a, P::Vertex, P::Ghost, P::Edge> {
    GhostCells::new(
        EdgeSide { rows: topology.side(Side::In), edges: into },
        EdgeSide { rows: &topology.out, edges: out },
        Cells::new(vertices.view_mut()),
        Cells::new(ghosts.view_mut()),
        copied,
    )
}

/// The ghosts of the vertices as they are.
fn ghosts_of<P: VertexProgram>(
    program: &P,
    cx: Context<'_, P::Global>,
    vertices: &Column<P::Vertex>,
) -> Column<P::Ghost> {
    let mut ghosts = P::Ghost::column(vertices.len(), program.ghost_width(vertices.width()));
    for at in 0..vertices.len() {
        program.ghost(&Context { vertex: at as u32, ..cx }, vertices.get(at), ghosts.get_mut(at));
    }
    ghosts
}

impl<P: VertexProgram> Work for Program<'_, P> {
    fn topology(&self) -> Topology {
        self.graph.topology().clone()
    }

    fn make(&self) {
        self.graph.make([Side::In, Side::Out].into_iter());
    }

    fn tasks(&self) -> usize {
        self.graph.vertices()
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
        let topology = self.graph.topology();
        let reads = match P::GATHERS {
            Gathers::State => [P::GATHER, if P::SCATTERS { P::SCATTER } else { P::GATHER }],
            // A visit delivers along these, and reads nobody.
            Gathers::Published => [P::SCATTER; 2],
        };
        let covers = |side| reads.iter().any(|along| sides(*along, topology).any(|other| other == side));
        let reach = if self.model == Model::Full { Reach::Write } else { Reach::Read };
        (reach, covers(Side::In), covers(Side::Out))
    }

    fn prepare(&mut self, workers: usize, relaxed: bool, audited: bool, heard: bool) {
        let starters = self.starters();
        self.globals.keep_all = audited;
        let Parts { topology, vertices, edges } = self.graph.parts();
        let (n, program) = (topology.vertices(), self.program);
        let cx = Context {
            global: self.globals.at(self.globals.current()),
            vertex: 0,
            round: 0,
            topology,
            seed: self.seed,
        };
        let state = &mut self.state;
        state.ghosts = ghosts_of(program, cx, vertices);
        state.starters = starters;
        state.inboxes = (P::GATHERS == Gathers::Published).then(|| Inboxes::new(n, || program.accumulator()));
        state.visits = Buffer::from_fn(n, |_| AtomicU32::new(0));
        state.before = audited.then(|| vertices.copied()).flatten();
        state.copied = relaxed && P::GATHERS == Gathers::State;
        state.heard = heard;
        state.in_place = !state.copied && !audited;
        let data = (edges.incoming(topology), edges.outgoing());
        let cells = cells::<P>(topology, vertices, &mut state.ghosts, data, state.copied);
        // Ghosts lie behind the vertices among the recorders' data, inboxes behind them.
        let versions = audited.then(|| Arc::new(Versions::new(3 * n)));
        let copied =
            (state.copied && (audited || cells.needs_versions())).then(|| Arc::new(Versions::new(n)));
        state.aids = PerWorker::new(workers, |worker| Aids {
            sum: None,
            copies: state.copied.then(|| cells.copies(copied.clone())),
            recorder: versions.clone().map(|versions| RefCell::new(Recorder::new(versions, worker))),
        });
    }

    fn visits(&mut self, run: &mut dyn FnMut(&dyn Visits)) {
        let Parts { topology, vertices, edges } = self.graph.parts();
        let State { ghosts, inboxes, starters, visits, aids, copied, heard, in_place, .. } = &mut self.state;
        run(&Shared {
            program: self.program,
            topology,
            cells: cells::<P>(
                topology,
                vertices,
                ghosts,
                (edges.incoming(topology), edges.outgoing()),
                *copied,
            ),
            inboxes: inboxes.as_ref(),
            starters,
            visits,
            aids,
            globals: self.globals.values(),
            heard: *heard,
            isa: self.isa,
            seed: self.seed,
            in_place: *in_place,
            #[cfg(test)]
            fault: self.fault,
        });
    }

    fn cadences(&mut self) -> Vec<Cadence> {
        vec![self.globals.cadence]
    }

    fn refresh(&mut self, _: usize, pool: &rayon::ThreadPool) {
        let isa = self.isa;
        let Parts { topology, vertices, edges } = self.graph.parts();
        let globals = &mut self.globals;
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
        let none = PerWorker::new(0, |_| Aids { sum: None, copies: None, recorder: None });
        let aids = std::mem::replace(&mut self.state.aids, none);
        aids.into_values().filter_map(|aids| aids.recorder.map(RefCell::into_inner)).collect()
    }

    fn counts(&self) -> &[AtomicU32] {
        &self.state.visits
    }

    fn name(&self, datum: u64) -> String {
        let n = self.graph.vertices().max(1) as u64;
        format!("{} {}", ["vertex", "the ghost of", "the inbox of"][(datum / n) as usize], datum % n)
    }

    fn replay(&mut self, records: &mut dyn Iterator<Item = &Record>) -> Option<bool> {
        let mut vertices = self.state.before.take()?;
        let starters = self.starters();
        let (reach, into, out) = self.reach();
        let program = self.program;
        let Parts { topology, vertices: found, edges } = self.graph.parts();
        let cx = Context { global: self.globals.at(0), vertex: 0, round: 0, topology, seed: self.seed };
        let mut ghosts = ghosts_of(program, cx, &vertices);
        let accumulator = || program.accumulator();
        let inboxes = self.state.inboxes.as_ref().map(|_| Inboxes::new(topology.vertices(), accumulator));
        let aids = PerWorker::new(1, |_| Aids { sum: None, copies: None, recorder: None });
        let data = (edges.incoming(topology), edges.outgoing());
        let shared = Shared {
            program,
            topology,
            cells: cells::<P>(topology, &mut vertices, &mut ghosts, data, false),
            inboxes: inboxes.as_ref(),
            starters: &starters,
            visits: &self.state.visits,
            aids: &aids,
            globals: self.globals.values(),
            heard: false,
            isa: self.isa,
            seed: self.seed,
            in_place: true,
            #[cfg(test)]
            fault: None,
        };
        let mut claims = Claims::new(topology.side(Side::In), &topology.out, reach).along(into, out);
        let session = claims.alone();
        let (mut source, mut report) = (session.source(), Report::default());
        for record in records {
            let turns = Turns::Records { source: &mut source, records: &mut std::iter::once(record) };
            shared.batch(0, turns, &mut report);
            report.signals.clear();
        }
        Some(vertices.has_bytes_of(found))
    }
}
