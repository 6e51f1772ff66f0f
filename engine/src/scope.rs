//! The scope of a vertex: itself, the edges at it and its neighbours, as far as the consistency model goes.

use std::marker::PhantomData;

use crate::consistency;
use crate::data::{Mut, Ref};
use crate::graph::{Topology, Vertex};
use crate::memory::ColumnMut;
use crate::program::Edges;
use crate::scheduler::Task;
use crate::signal::Signal;
use crate::update::UpdateFunction;

/// The scope of a visit. Hands out what the model `C` lets the visit touch, and no more.
pub struct Scope<'s, P: UpdateFunction, C = <P as UpdateFunction>::Consistency> {
    pub(crate) at: Vertex,
    pub(crate) topology: &'s Topology,
    pub(crate) vertices: ColumnMut<'s, P::Vertex>,
    /// In out-order.
    pub(crate) edges: ColumnMut<'s, P::Edge>,
    /// The position in `edges` of each in-edge.
    pub(crate) in_to_out: &'s [u64],
    pub(crate) signals: &'s mut Vec<Task>,
    /// The sum of the changes that the visit's signals report.
    pub(crate) residual: &'s mut f64,
    pub(crate) model: PhantomData<C>,
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
    at: Vertex,
    neighbor: Vertex,
    edge: usize,
    outgoing: bool,
    vertices: ColumnMut<'v, P::Vertex>,
    edges: ColumnMut<'v, P::Edge>,
    signals: &'v mut Vec<Task>,
    residual: &'v mut f64,
    model: PhantomData<C>,
}

impl<P: UpdateFunction, C> Scope<'_, P, C> {
    /// The visited vertex's number.
    pub fn id(&self) -> Vertex {
        self.at
    }

    /// The visited vertex.
    pub fn vertex(&self) -> Ref<'_, P::Vertex> {
        self.vertices.get(self.at as usize)
    }

    /// The visited vertex, to be written.
    pub fn vertex_mut(&mut self) -> Mut<'_, P::Vertex> {
        self.vertices.get_mut(self.at as usize)
    }

    /// Visits the edges along these directions, in-edges first, ascending by neighbour. Self-loops are skipped (their ends
    /// would alias); [`for_each_self_loop`](Scope::for_each_self_loop) has them. In an undirected graph, `All` is each edge
    /// once, and each of its two directions has its own data.
    pub fn for_each_edge(&mut self, along: Edges, mut visit: impl FnMut(Visit<'_, P, C>)) {
        let topology = self.topology;
        if along == Edges::In || along == Edges::All && !topology.is_undirected() {
            let from = topology.into.range(self.at).0;
            for (neighbor, at) in topology.in_neighbors(self.at).iter().zip(from..) {
                let edge = self.in_to_out[at] as usize;
                self.visit(*neighbor, edge, false, &mut visit);
            }
        }
        if matches!(along, Edges::Out | Edges::All) {
            let from = topology.out.range(self.at).0;
            for (neighbor, edge) in topology.out_neighbors(self.at).iter().zip(from..) {
                self.visit(*neighbor, edge, true, &mut visit);
            }
        }
    }

    fn visit(
        &mut self,
        neighbor: Vertex,
        edge: usize,
        outgoing: bool,
        visit: &mut impl FnMut(Visit<'_, P, C>),
    ) {
        if neighbor != self.at {
            visit(Visit {
                at: self.at,
                neighbor,
                edge,
                outgoing,
                vertices: self.vertices.reborrow(),
                edges: self.edges.reborrow(),
                signals: self.signals,
                residual: self.residual,
                model: PhantomData,
            });
        }
    }

    /// Visits the self-loops of the vertex: the vertex to be written, and the loop's data.
    pub fn for_each_self_loop(&mut self, mut visit: impl FnMut(Mut<'_, P::Vertex>, Ref<'_, P::Edge>)) {
        let from = self.topology.out.range(self.at).0;
        for (neighbor, edge) in self.topology.out_neighbors(self.at).iter().zip(from..) {
            if *neighbor == self.at {
                visit(self.vertices.get_mut(self.at as usize), self.edges.get(edge));
            }
        }
    }

    /// Schedules the visited vertex again, if the signal wakes. The residual counts the change of every signal.
    pub fn signal_self(&mut self, signal: Signal) {
        *self.residual += f64::from(signal.change());
        self.signals.extend(signal.urgency().map(|priority| Task { vertex: self.at, priority }));
    }
}

impl<P: UpdateFunction, C> Visit<'_, P, C> {
    /// The neighbour's number.
    pub fn neighbor_id(&self) -> Vertex {
        self.neighbor
    }

    /// Whether the edge starts at the visited vertex.
    pub fn is_outgoing(&self) -> bool {
        self.outgoing
    }

    /// Schedules the neighbour, if the signal wakes. The residual counts the change of every signal.
    pub fn signal(&mut self, signal: Signal) {
        *self.residual += f64::from(signal.change());
        self.signals.extend(signal.urgency().map(|priority| Task { vertex: self.neighbor, priority }));
    }
}

impl<P: UpdateFunction> Visit<'_, P, consistency::Vertex> {
    /// The visited vertex to be written, the edge to be read.
    pub fn parts(&mut self) -> (Mut<'_, P::Vertex>, Ref<'_, P::Edge>) {
        (self.vertices.get_mut(self.at as usize), self.edges.get(self.edge))
    }
}

#[expect(clippy::type_complexity, reason = "the three parts are what there is to say")]
impl<P: UpdateFunction> Visit<'_, P, consistency::Edge> {
    /// The visited vertex and the edge to be written, the neighbour to be read.
    pub fn parts(&mut self) -> (Mut<'_, P::Vertex>, Mut<'_, P::Edge>, Ref<'_, P::Vertex>) {
        let (vertex, neighbor) = self.vertices.pair(self.at as usize, self.neighbor as usize);
        (vertex, self.edges.get_mut(self.edge), neighbor)
    }
}

#[expect(clippy::type_complexity, reason = "the three parts are what there is to say")]
impl<P: UpdateFunction> Visit<'_, P, consistency::Full> {
    /// The visited vertex, the edge and the neighbour to be written.
    pub fn parts(&mut self) -> (Mut<'_, P::Vertex>, Mut<'_, P::Edge>, Mut<'_, P::Vertex>) {
        let (vertex, neighbor) = self.vertices.pair_mut(self.at as usize, self.neighbor as usize);
        (vertex, self.edges.get_mut(self.edge), neighbor)
    }
}
