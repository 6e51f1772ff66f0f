//! The scope of a vertex: itself, the edges at it and its neighbours, as far as the consistency model goes.

use std::marker::PhantomData;

use bytemuck::Pod;

use crate::consistency;
use crate::data::{Mut, Ref};
use crate::graph::{Topology, Vertex};
use crate::memory::{Lent, LentEdge};
use crate::program::Edges;
use crate::scheduler::Task;
use crate::signal::Signal;
use crate::update::UpdateFunction;

/// The scope of a visit. Hands out what the model `C` lets the visit touch, and no more.
pub struct Scope<'s, P: UpdateFunction, C = <P as UpdateFunction>::Consistency> {
    pub(crate) lent: Lent<'s, P::Vertex, P::Edge>,
    pub(crate) topology: &'s Topology,
    pub(crate) signals: Signals<'s>,
    pub(crate) model: PhantomData<C>,
}

/// Where the signals of a visit go.
pub(crate) struct Signals<'s> {
    pub(crate) tasks: &'s mut Vec<Task>,
    /// The sum of the changes that the signals report.
    pub(crate) residual: &'s mut f64,
    /// Which function of the run is visiting, and of how many.
    pub(crate) function: u32,
    pub(crate) functions: u32,
    pub(crate) vertices: u32,
}

impl Signals<'_> {
    #[inline(always)]
    fn send(&mut self, function: u32, vertex: Vertex, signal: Signal) {
        *self.residual += f64::from(signal.change());
        if let Some(priority) = signal.urgency() {
            self.tasks.push(Task { vertex: function * self.vertices + vertex, priority });
        }
    }

    fn send_to(&mut self, function: usize, vertex: Vertex, signal: Signal) {
        let functions = self.functions;
        assert!(function < functions as usize, "function {function} of a run with {functions}");
        self.send(function as u32, vertex, signal);
    }

    fn reborrow(&mut self) -> Signals<'_> {
        Signals { tasks: self.tasks, residual: self.residual, ..*self }
    }
}

/// One edge of a scope, with the neighbour at its other end.
///
/// What [`parts`](Visit::parts) gives depends on the consistency model. Under edge consistency a neighbour can be read; to
/// write it does not compile:
///
/// ```compile_fail,E0594
/// # use gasworks_engine::{Context, Edges, Scope, UpdateFunction, consistency};
/// # struct Push;
/// # impl UpdateFunction for Push {
/// #     type Vertex = u32;
/// #     type Edge = ();
/// #     type Global = ();
/// #     type Consistency = consistency::Edge;
/// #     type Scratch = ();
/// #     fn scratch(&self) {}
/// fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, _: &mut ()) {
///     scope.for_each_edge(Edges::Out, |mut visit| *visit.parts().2 = 1);
/// }
/// # }
/// ```
pub struct Visit<'v, P: UpdateFunction, C = <P as UpdateFunction>::Consistency> {
    lent: LentEdge<'v, P::Vertex, P::Edge>,
    signals: Signals<'v>,
    model: PhantomData<C>,
}

impl<P: UpdateFunction, C> Scope<'_, P, C> {
    /// The visited vertex's number.
    pub fn id(&self) -> Vertex {
        self.lent.vertex_id()
    }

    /// The visited vertex.
    #[inline(always)]
    pub fn vertex(&self) -> Ref<'_, P::Vertex> {
        self.lent.vertex()
    }

    /// The visited vertex, to be written.
    #[inline(always)]
    pub fn vertex_mut(&mut self) -> Mut<'_, P::Vertex> {
        self.lent.vertex_mut()
    }

    /// Visits the edges along these directions, in-edges first, ascending by neighbour. Self-loops are skipped (their ends
    /// would alias); [`for_each_self_loop`](Scope::for_each_self_loop) has them. In an undirected graph, `All` is each edge
    /// once, and each of its two directions has its own data.
    #[inline(always)]
    pub fn for_each_edge(&mut self, along: Edges, mut visit: impl FnMut(Visit<'_, P, C>)) {
        let into = along == Edges::In || along == Edges::All && !self.topology.is_undirected();
        let out = matches!(along, Edges::Out | Edges::All);
        for outgoing in [into.then_some(false), out.then_some(true)].into_iter().flatten() {
            for i in 0..self.lent.degree(outgoing) {
                let lent = self.lent.edge_at(outgoing, i);
                if !lent.is_loop() {
                    visit(Visit { lent, signals: self.signals.reborrow(), model: PhantomData });
                }
            }
        }
    }

    /// The neighbors along one direction, ascending, as often as there are edges; the self-loops of the vertex with them.
    ///
    /// # Panics
    /// If it is both directions.
    #[inline(always)]
    pub fn neighbors(&self, along: Edges) -> &[Vertex] {
        self.lent.neighbors(is_outgoing(along))
    }

    /// Visits the self-loops of the vertex: the vertex to be written, and the loop's data.
    pub fn for_each_self_loop(&mut self, mut visit: impl FnMut(Mut<'_, P::Vertex>, Ref<'_, P::Edge>)) {
        for i in 0..self.lent.degree(true) {
            let mut lent = self.lent.edge_at(true, i);
            if lent.is_loop() {
                let (vertex, edge) = lent.vertex_parts();
                visit(vertex, edge);
            }
        }
    }

    /// Schedules the visited vertex again, if the signal wakes. The residual counts the change of every signal.
    #[inline(always)]
    pub fn signal_self(&mut self, signal: Signal) {
        let (function, vertex) = (self.signals.function, self.lent.vertex_id());
        self.signals.send(function, vertex, signal);
    }

    /// Schedules the visited vertex for another function of the run, counted from 0 in the order in which they were given.
    ///
    /// # Panics
    /// If the run has no such function.
    pub fn signal_self_for(&mut self, function: usize, signal: Signal) {
        let vertex = self.lent.vertex_id();
        self.signals.send_to(function, vertex, signal);
    }
}

impl<P: UpdateFunction> Scope<'_, P, consistency::Edge>
where
    P::Edge: Pod + Send + Sync,
{
    /// Copies the data of the first edges along one direction, as many as there is room for: for visits that go over them more than once. In-edges lie apart in memory;
    /// here they are asked for side by side. Parallel edges are all there; so are self-loops, whose data are then read.
    ///
    /// # Panics
    /// If it is both directions, or there are fewer edges.
    #[inline(always)]
    pub fn read_edges(&mut self, along: Edges, to: &mut [P::Edge]) {
        self.lent.read_edges(is_outgoing(along), to);
    }

    /// Writes the data of the first edges along one direction, but self-loops.
    ///
    /// # Panics
    /// If it is both directions, or there are fewer edges.
    #[inline(always)]
    pub fn write_edges(&mut self, along: Edges, from: &[P::Edge]) {
        self.lent.write_edges(is_outgoing(along), from);
    }
}

/// Whether one direction leads out.
#[inline(always)]
fn is_outgoing(along: Edges) -> bool {
    assert!(matches!(along, Edges::In | Edges::Out), "edges along one direction");
    along == Edges::Out
}

impl<P: UpdateFunction, C> Visit<'_, P, C> {
    /// The neighbour's number.
    #[inline(always)]
    pub fn neighbor_id(&self) -> Vertex {
        self.lent.neighbor()
    }

    /// Whether the edge starts at the visited vertex.
    #[inline(always)]
    pub fn is_outgoing(&self) -> bool {
        self.lent.is_outgoing()
    }

    /// Schedules the neighbour, if the signal wakes. The residual counts the change of every signal.
    #[inline(always)]
    pub fn signal(&mut self, signal: Signal) {
        let (function, neighbor) = (self.signals.function, self.lent.neighbor());
        self.signals.send(function, neighbor, signal);
    }

    /// Schedules the neighbour for another function of the run, counted from 0 in the order in which they were given.
    ///
    /// # Panics
    /// If the run has no such function.
    pub fn signal_for(&mut self, function: usize, signal: Signal) {
        let neighbor = self.lent.neighbor();
        self.signals.send_to(function, neighbor, signal);
    }
}

impl<P: UpdateFunction> Visit<'_, P, consistency::Vertex> {
    /// The visited vertex to be written, the edge to be read.
    #[inline(always)]
    pub fn parts(&mut self) -> (Mut<'_, P::Vertex>, Ref<'_, P::Edge>) {
        self.lent.vertex_parts()
    }
}

#[expect(clippy::type_complexity, reason = "the three parts are what there is to say")]
impl<P: UpdateFunction> Visit<'_, P, consistency::Edge> {
    /// The visited vertex and the edge to be written, the neighbour to be read.
    #[inline(always)]
    pub fn parts(&mut self) -> (Mut<'_, P::Vertex>, Mut<'_, P::Edge>, Ref<'_, P::Vertex>) {
        self.lent.edge_parts()
    }
}

#[expect(clippy::type_complexity, reason = "the three parts are what there is to say")]
impl<P: UpdateFunction> Visit<'_, P, consistency::Full> {
    /// The visited vertex, the edge and the neighbour to be written.
    #[inline(always)]
    pub fn parts(&mut self) -> (Mut<'_, P::Vertex>, Mut<'_, P::Edge>, Mut<'_, P::Vertex>) {
        self.lent.full_parts()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use crate::graph::{Graph, GraphBuilder};
    use crate::{Context, Edges, Engine, Exclusion, Scope, Signal, UpdateFunction, consistency};

    /// Adds the neighbors' numbers and the visit's to the edges of each vertex, one by one or side by side.
    struct Adds {
        is_bulk: bool,
    }

    impl UpdateFunction for Adds {
        type Vertex = u32;
        type Edge = [u32; 2];
        type Global = ();
        type Consistency = consistency::Edge;
        type Scratch = Vec<[u32; 2]>;
        fn scratch(&self) -> Vec<[u32; 2]> {
            Vec::new()
        }
        fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, edges: &mut Vec<[u32; 2]>) {
            scope.signal_self(Signal::priority(1.0));
            let sum = |edge: [u32; 2], neighbor: u32| [3 * edge[0] + neighbor, edge[1] + cx.round as u32];
            for along in [Edges::In, Edges::Out] {
                if !self.is_bulk {
                    scope.for_each_edge(along, |mut visit| {
                        let neighbor = visit.neighbor_id();
                        let edge = visit.parts().1;
                        *edge = sum(*edge, neighbor);
                    });
                    continue;
                }
                edges.resize(scope.neighbors(along).len(), [0; 2]);
                scope.read_edges(along, edges);
                edges.iter_mut().zip(scope.neighbors(along)).for_each(|(edge, end)| *edge = sum(*edge, *end));
                scope.write_edges(along, edges);
            }
        }
    }

    /// With parallel edges and self-loops.
    fn graph() -> Graph<u32, [u32; 2]> {
        let ends: Vec<[u32; 2]> = (0..60).map(|at| [at * at % 7, at * 5 % 11 % 7]).collect();
        let data: Vec<[u32; 2]> = (0..60).map(|at| [at, 0]).collect();
        GraphBuilder::directed(7).weighted_edges(&ends, &data).build().unwrap().with_vertices(|_| 0)
    }

    #[test]
    fn edges_side_by_side_are_those_one_by_one() {
        let run = |is_bulk: bool, exclusion: Exclusion, audit: bool, parts: &[(u64, u64)]| {
            let mut graph = graph();
            for (after, rounds) in parts {
                let program = Adds { is_bulk };
                let engine = Engine::updates_in_rounds(&mut graph, &program).threads(1).exclusion(exclusion);
                let engine = if audit { engine.audit() } else { engine };
                let outcome = engine.after(*after).rounds(*rounds).run().unwrap();
                assert!(outcome.audit.is_none_or(|audit| audit.is_serializable()));
            }
            graph.edge_list().map(|(.., edge)| *edge).collect::<Vec<_>>()
        };
        for exclusion in [Exclusion::Serial, Exclusion::Coloring, Exclusion::Locks, Exclusion::Relaxed] {
            let expected = run(false, exclusion, false, &[(0, 5)]);
            assert_eq!(run(true, exclusion, false, &[(0, 5)]), expected, "{exclusion}");
            assert_eq!(run(true, exclusion, true, &[(0, 5)]), expected, "{exclusion}, audited");
            // A visit knows how many there were before the run.
            assert_eq!(run(true, exclusion, false, &[(0, 2), (2, 3)]), expected, "{exclusion}, in two parts");
            assert_ne!(run(true, exclusion, false, &[(0, 2), (0, 3)]), expected, "{exclusion}");
        }
    }
}
