//! What there is to run: a graph, a program, and what belongs to its kind of program alone.

use crate::aggregate::Refresh;
use crate::edge_program::EdgeProgram;
use crate::graph::{Graph, Vertex};
use crate::outcome::Observer;
use crate::program::VertexProgram;
use crate::scheduler::Scheduler;
use crate::update::UpdateFunction;

/// An aggregate, and after how many rounds it is computed again.
pub(crate) type Refreshed<'g, P> = (
    Box<
        dyn Refresh<<P as VertexProgram>::Vertex, <P as VertexProgram>::Edge, <P as VertexProgram>::Global>
            + 'g,
    >,
    u64,
);

/// A vertex program to run on a graph. Made by [`Engine::new`](crate::Engine::new).
pub struct VertexJob<'g, P: VertexProgram> {
    pub(crate) graph: &'g mut Graph<P::Vertex, P::Edge>,
    pub(crate) program: &'g P,
    pub(crate) scheduler: Box<dyn Scheduler + 'g>,
    pub(crate) start: Option<Vec<Vertex>>,
    pub(crate) aggregate: Option<Refreshed<'g, P>>,
    pub(crate) global: P::Global,
    pub(crate) observer: Option<&'g mut dyn Observer<P::Vertex>>,
}

/// An update function to run on a graph. Made by [`Engine::updates`](crate::Engine::updates).
pub struct UpdateJob<'g, P: UpdateFunction> {
    pub(crate) graph: &'g mut Graph<P::Vertex, P::Edge>,
    pub(crate) function: &'g P,
    pub(crate) scheduler: Box<dyn Scheduler + 'g>,
    pub(crate) start: Option<Vec<Vertex>>,
}

/// An edge program to run on a graph. Made by [`Engine::edges`](crate::Engine::edges).
pub struct EdgeJob<'g, P: EdgeProgram> {
    pub(crate) graph: &'g mut Graph<P::Vertex, P::Edge>,
    pub(crate) program: &'g P,
}
