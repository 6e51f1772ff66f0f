//! What there is to run: a graph, a program, and what belongs to its kind of program alone.

use crate::aggregate::Refresh;
use crate::consistency::{Consistency, Model};
use crate::data::Data;
use crate::direction::Direction;
use crate::edge_program::EdgeProgram;
use crate::engine::Engine;
use crate::error::Error;
use crate::exclusion::{Case, Coloring, ColoringOrder, Distance, Exclusion, Plan, ProgramKind, Visibility};
use crate::executor::asynchronous::globals::Every;
use crate::executor::asynchronous::{AnyFunction, Function, Orders};
use crate::graph::{Graph, Topology, Vertex};
use crate::outcome::{Observer, Outcome};
use crate::program::VertexProgram;
use crate::scheduler::{Scheduler, Selection};
use crate::update::UpdateFunction;

/// An aggregate, and when it is computed again.
pub(crate) type Refreshed<'g, P> = (
    Box<
        dyn Refresh<<P as VertexProgram>::Vertex, <P as VertexProgram>::Edge, <P as VertexProgram>::Global>
            + 'g,
    >,
    Every,
);

/// The aggregate of an edge program.
type EdgeAggregate<'g, P> =
    Box<dyn Refresh<<P as EdgeProgram>::Vertex, <P as EdgeProgram>::Edge, <P as EdgeProgram>::Global> + 'g>;

/// How a run without barriers is to be kept in order: what is not said is chosen.
#[derive(Default)]
pub struct Wishes {
    pub(crate) exclusion: Option<Exclusion>,
    pub(crate) consistency: Option<Model>,
    pub(crate) coloring: Option<Vec<u32>>,
    pub(crate) order: ColoringOrder,
    pub(crate) audit: bool,
}

impl Wishes {
    /// Whether anything was asked for that means nothing where there are barriers.
    fn has_any(&self) -> bool {
        self.exclusion.is_some() || self.consistency.is_some() || self.coloring.is_some() || self.audit
    }

    /// What will be done. `forgets`: there are vertices to start at, and under coloring everyone runs all the same.
    pub(crate) fn plan(&self, case: Case, threads: usize, forgets: bool) -> Result<Plan, Error> {
        let asked = self.consistency.unwrap_or(case.declared);
        let case = Case { asked, ..case };
        let colored = self.coloring.as_ref().map(|_| Exclusion::Coloring);
        let default = || match case.default_exclusion(threads) {
            Exclusion::Coloring if forgets => Exclusion::Locks,
            default => default,
        };
        let exclusion = self.exclusion.or(colored).unwrap_or_else(default);
        Case { exclusion, ..case }.admit()?;
        let refuse = |what: String, why: &str, instead: &str| {
            Err(Error::NotAdmitted { what, why: why.into(), instead: instead.into() })
        };
        if colored.is_some() && exclusion != Exclusion::Coloring {
            let what = format!("a coloring beside exclusion by {exclusion}");
            return refuse(what, "its colors would not be used", "leave one of the two out");
        }
        if forgets && exclusion == Exclusion::Coloring {
            let what = "start_at under coloring with a scheduler that runs everyone".into();
            let instead =
                "leave start_at out, or choose rounds of the signalled vertices, or exclusion by locks";
            return refuse(what, "all vertices begin", instead);
        }
        let threads = if exclusion == Exclusion::Serial { 1 } else { threads };
        let consistency = (exclusion != Exclusion::Relaxed).then_some(asked);
        Ok(Plan { visibility: Visibility::Immediate, consistency, exclusion: Some(exclusion), threads })
    }

    /// What is done, with a coloring that was verified.
    pub(crate) fn orders<'g>(
        self,
        plan: Plan,
        topology: &Topology,
        scheduler: Box<dyn Scheduler + 'g>,
    ) -> Result<Orders<'g>, Error> {
        let distance = if plan.consistency == Some(Model::Full) { Distance::Two } else { Distance::One };
        let coloring = match (plan.exclusion, self.coloring) {
            (Some(Exclusion::Coloring), Some(colors)) => {
                Some(Coloring::from_colors(topology, colors, distance)?)
            }
            (Some(Exclusion::Coloring), None) => Some(Coloring::greedy(topology, distance, self.order)),
            _ => None,
        };
        Ok(Orders {
            plan,
            scheduler,
            coloring,
            audit: self.audit,
            #[cfg(test)]
            fault: None,
        })
    }
}

/// A job that runs without barriers, or may: the bound on the options of [`Engine`](crate::Engine) that keep such a run in order, for
/// code that sets them whatever the kind of program. Implemented by [`VertexJob`] and [`UpdateJob`], and of no use to others.
pub trait Ordered {
    /// What was asked for.
    #[doc(hidden)]
    fn wishes(&mut self) -> &mut Wishes;
    /// What will be done.
    #[doc(hidden)]
    fn plan(&self, threads: usize) -> Result<Plan, Error>;
}

/// A job whose rounds can be watched and gone on from: the bound for code that runs edge programs and update functions alike. Implemented by [`EdgeJob`] and
/// [`UpdateJob`], and of no use to others.
pub trait Rounds<'g>: Ordered + Sized {
    /// The data of a vertex.
    type Vertex: Data;
    /// Rounds of the run that this one goes on from.
    #[doc(hidden)]
    fn set_before(&mut self, rounds: u64);
    /// Who sees each round.
    #[doc(hidden)]
    fn set_observer(&mut self, observer: &'g mut dyn Observer<Self::Vertex>);
    /// Runs it.
    #[doc(hidden)]
    fn run(engine: Engine<'g, Self>) -> Result<Outcome, Error>;
}

/// A vertex program to run on a graph. Made by [`Engine::new`](crate::Engine::new).
pub struct VertexJob<'g, P: VertexProgram> {
    pub(crate) graph: &'g mut Graph<P::Vertex, P::Edge>,
    pub(crate) program: &'g P,
    pub(crate) scheduler: Box<dyn Scheduler + 'g>,
    pub(crate) start: Option<Vec<Vertex>>,
    pub(crate) aggregate: Option<Refreshed<'g, P>>,
    pub(crate) global: P::Global,
    pub(crate) observer: Option<&'g mut dyn Observer<P::Vertex>>,
    pub(crate) visibility: Visibility,
    pub(crate) direction: Direction,
    pub(crate) wishes: Wishes,
}

impl<P: VertexProgram> Ordered for VertexJob<'_, P> {
    fn wishes(&mut self) -> &mut Wishes {
        &mut self.wishes
    }

    fn plan(&self, threads: usize) -> Result<Plan, Error> {
        if self.visibility == Visibility::Barrier {
            if self.wishes.has_any() {
                return Err(Error::NotAdmitted {
                    what: "exclusion, consistency or an audit under the synchronous executor".into(),
                    why: "its barriers keep neighbors apart; nothing is excluded, and there is no order to prove".into(),
                    instead: "leave it out, or run without barriers: asynchronous()".into(),
                });
            }
            let plan = Plan { visibility: self.visibility, consistency: None, exclusion: None, threads };
            return Ok(plan);
        }
        let case = Case {
            kind: ProgramKind::Vertex(P::GATHERS),
            declared: Model::Edge,
            asked: Model::Edge,
            exclusion: Exclusion::Serial,
            rounds: self.scheduler.selection().is_some(),
            plain: <P::Ghost as crate::memory::Store>::PLAIN,
        };
        let everyone = self.scheduler.selection() == Some(Selection::Everyone);
        self.wishes.plan(case, threads, everyone && self.start.is_some())
    }
}

/// Functions whose types are forgotten.
pub(crate) type AnyFunctions<'g, V, E> = Vec<Box<dyn AnyFunction<V, E> + 'g>>;

/// An update function to run on a graph, and others beside it. Made by [`Engine::updates`](crate::Engine::updates).
pub struct UpdateJob<'g, P: UpdateFunction> {
    pub(crate) graph: &'g mut Graph<P::Vertex, P::Edge>,
    pub(crate) function: Function<'g, P>,
    pub(crate) others: AnyFunctions<'g, P::Vertex, P::Edge>,
    pub(crate) scheduler: Box<dyn Scheduler + 'g>,
    pub(crate) start: Option<Vec<Vertex>>,
    pub(crate) observer: Option<&'g mut dyn Observer<P::Vertex>>,
    /// Visits of each vertex in the run that this one goes on from.
    pub(crate) before: u64,
    pub(crate) wishes: Wishes,
}

impl<P: UpdateFunction> UpdateJob<'_, P> {
    /// The strongest model of the functions.
    fn declared(&self) -> Model {
        let models = self.others.iter().map(|function| function.model());
        models.fold(P::Consistency::MODEL, Model::max)
    }
}

impl<P: UpdateFunction> Ordered for UpdateJob<'_, P> {
    fn wishes(&mut self) -> &mut Wishes {
        &mut self.wishes
    }

    fn plan(&self, threads: usize) -> Result<Plan, Error> {
        fn is_plain<D: Data>() -> bool {
            D::PLAIN
        }
        let declared = self.declared();
        let case = Case {
            kind: ProgramKind::Update,
            declared,
            asked: declared,
            exclusion: Exclusion::Serial,
            rounds: self.scheduler.selection().is_some(),
            plain: is_plain::<P::Vertex>() && is_plain::<P::Edge>(),
        };
        // Of several functions, only what is signalled runs.
        let everyone = self.scheduler.selection() == Some(Selection::Everyone) && self.others.is_empty();
        self.wishes.plan(case, threads, everyone && self.start.is_some())
    }
}

/// An edge program to run on a graph. Made by [`Engine::edges`](crate::Engine::edges).
pub struct EdgeJob<'g, P: EdgeProgram> {
    pub(crate) graph: &'g mut Graph<P::Vertex, P::Edge>,
    pub(crate) program: &'g P,
    pub(crate) aggregate: Option<EdgeAggregate<'g, P>>,
    pub(crate) observer: Option<&'g mut dyn Observer<P::Vertex>>,
    /// Parts of sources and targets.
    pub(crate) blocks: Option<[usize; 2]>,
    /// Passes of the run that this one goes on from.
    pub(crate) before: u64,
    pub(crate) wishes: Wishes,
}

impl<P: EdgeProgram> Ordered for EdgeJob<'_, P> {
    fn wishes(&mut self) -> &mut Wishes {
        &mut self.wishes
    }

    fn plan(&self, threads: usize) -> Result<Plan, Error> {
        let refuse = |what: &str, why: &str, instead: &str| {
            Err(Error::NotAdmitted { what: what.into(), why: why.into(), instead: instead.into() })
        };
        if self.wishes.audit {
            return refuse(
                "an audit of an edge program",
                "its steps are not recorded; two blocks that ran at once would have been stopped by a panic",
                "leave it out",
            );
        }
        if self.graph.topology().left().is_none()
            && self.blocks.is_some_and(|[rows, columns]| rows != columns)
        {
            return refuse(
                "more blocks along one side than along the other in a graph without sides",
                "sources and targets are the same vertices, cut once",
                "give one number twice, or build a bipartite graph",
            );
        }
        if P::NEEDS_BLOCK && self.wishes.exclusion == Some(Exclusion::Relaxed) {
            return refuse(
                "relaxed exclusion for a program of whole blocks",
                "a relaxed step has copies of an edge's two ends, and this program's steps touch more of the block",
                "choose grid or serial",
            );
        }
        let case = Case {
            kind: ProgramKind::Edge,
            declared: Model::Full,
            asked: Model::Full,
            exclusion: Exclusion::Grid,
            rounds: true,
            plain: <P::Vertex as crate::memory::Store>::PLAIN,
        };
        self.wishes.plan(case, threads, false)
    }
}
