//! The programs of the table: how each is run, and how its result is judged.

use std::ops::ControlFlow;

use gasworks::graph::Graph;
use gasworks::programs::factorization::reference::Reference;
use gasworks::programs::factorization::{Regularization, Solver, initial_factors};
use gasworks::programs::{
    Als, BreadthFirstSearch, Components, DanglingMass, Observation, PageRank, PersonalizedPageRank,
    ShortestPaths,
};
use gasworks::{
    Column, Data, Direction, Engine, Error, Every, Gathers, Isa, Observer, Outcome, Phase, Plan, Progress,
    Scheduler, Selection, VertexJob, VertexProgram,
};

use super::chaos::{Chaos, Everything, SEED, edges, mix};
use super::oracles;
use super::shapes::Shape;
use super::simulation::{Rules, simulate};

/// A scheduler by its name; none for the engine's own.
pub(crate) struct Order {
    pub(crate) name: &'static str,
    pub(crate) make: fn() -> Option<Box<dyn Scheduler>>,
}

impl Order {
    pub(crate) fn phases(&self) -> &'static [Phase] {
        (self.make)().map_or(&[Phase::All], |scheduler| scheduler.phases())
    }
    pub(crate) fn selection(&self) -> Selection {
        (self.make)().and_then(|scheduler| scheduler.selection()).unwrap_or(Selection::Signalled)
    }
    pub(crate) fn has_sides(&self) -> bool {
        self.phases() != [Phase::All]
    }
}

#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) order: &'a Order,
    pub(crate) threads: usize,
    pub(crate) isa: Isa,
    pub(crate) direction: Direction,
}

/// Everything of a run that must not depend on threads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    /// The bits of the vertices.
    pub(crate) bits: Vec<u64>,
    /// How it ended, without the seconds.
    pub(crate) outcome: Outcome,
    /// After each round, without the seconds.
    pub(crate) rounds: Vec<Progress>,
}

impl Run {
    /// How many visits and signals each round had.
    pub(crate) fn counts(&self) -> impl Iterator<Item = [u64; 3]> {
        self.rounds.iter().map(|round| [round.rounds, round.updates, round.signalled])
    }

    fn floats(&self) -> Vec<f32> {
        self.bits.iter().map(|bits| f32::from_bits(*bits as u32)).collect()
    }
}

#[derive(Default)]
pub(crate) struct History(pub(crate) Vec<Progress>);

impl<V: Data> Observer<V> for History {
    fn round(&mut self, progress: &Progress, _: &Column<V>) -> ControlFlow<()> {
        self.0.push(Progress { seconds: 0.0, ..*progress });
        ControlFlow::Continue(())
    }
}

pub(crate) fn engine<'g, P: VertexProgram>(
    graph: &'g mut Graph<P::Vertex, P::Edge>,
    program: &'g P,
    how: How<'_>,
    history: &'g mut History,
) -> Engine<'g, VertexJob<'g, P>> {
    let engine = Engine::new(graph, program).threads(how.threads).isa(how.isa).observer(history);
    let engine = engine.direction(how.direction);
    match (how.order.make)() {
        Some(scheduler) => engine.scheduler(scheduler),
        None => engine,
    }
}

pub(crate) fn run_of(outcome: Outcome, history: History, bits: impl IntoIterator<Item = u64>) -> Run {
    let progress = Progress { seconds: 0.0, ..outcome.progress };
    let plan = Plan { threads: 0, ..outcome.plan };
    let outcome = Outcome { progress, plan, ..outcome };
    Run { bits: bits.into_iter().collect(), outcome, rounds: history.0 }
}

/// A program of the table.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) gathers: Gathers,
    /// The shapes and orders for which it has an answer.
    pub(crate) fits: fn(&Shape, &Order) -> bool,
    pub(crate) run: fn(&Shape, How<'_>) -> Result<Run, Error>,
    /// Panics if the run is not the oracle's.
    pub(crate) check: fn(&Shape, &Order, &Run),
}

const DAMPING: f32 = 0.85;

pub(crate) const fn pagerank<const SPREAD: bool>(name: &'static str) -> Subject {
    Subject {
        name,
        gathers: Gathers::State,
        // The dangling mass reaches vertices that no neighbour wakes.
        fits: |_, order| !SPREAD || order.selection() == Selection::Everyone,
        run: |shape, how| {
            let start = 1.0 / shape.vertices as f32;
            let (mut graph, mut history) = (shape.plain().with_vertices(|_| start), History::default());
            let (program, mass) = (PageRank::default(), DanglingMass { damping: DAMPING, spread: SPREAD });
            let engine = engine(&mut graph, &program, how, &mut history).aggregate(&mass).rounds(75);
            let outcome = engine.run()?;
            Ok(run_of(outcome, history, graph.vertex_data().iter().map(|rank| rank.to_bits().into())))
        },
        check: |shape, order, run| {
            let expected = oracles::pagerank(&shape.neighbors(), DAMPING.into(), SPREAD);
            oracles::assert_ranks_near(&run.floats(), &expected, &format!("{} {}", shape.name, order.name));
        },
    }
}

pub(crate) const PERSONALIZED_PAGERANK: Subject = Subject {
    name: "personalized pagerank",
    gathers: Gathers::State,
    fits: |shape, order| shape.vertices > 0 && order.selection() == Selection::Everyone,
    run: |shape, how| {
        let start = PersonalizedPageRank::start(shape.vertices, oracles::restart(shape.vertices).0)?;
        let (mut graph, mut history) = (shape.plain().with_vertices(start), History::default());
        let program = PersonalizedPageRank::default();
        let mass = DanglingMass { damping: DAMPING, spread: true };
        let engine = engine(&mut graph, &program, how, &mut history).aggregate(&mass).rounds(100);
        let outcome = engine.run()?;
        Ok(run_of(outcome, history, graph.vertex_data().iter().map(|state| state.rank.to_bits().into())))
    },
    check: |shape, order, run| {
        let restart = oracles::restart(shape.vertices).1;
        let expected = oracles::personalized_pagerank(&shape.neighbors(), &restart, DAMPING.into(), true);
        oracles::assert_shares_near(&run.floats(), &expected, &format!("{} {}", shape.name, order.name));
    },
};

pub(crate) const COMPONENTS: Subject = Subject {
    name: "components",
    gathers: Gathers::Published,
    fits: |_, _| true,
    run: |shape, how| {
        let (mut graph, mut history) = (shape.plain().with_vertices(|v| v), History::default());
        let outcome = engine(&mut graph, &Components, how, &mut history).run()?;
        Ok(run_of(outcome, history, graph.vertex_data().iter().map(|label| u64::from(*label))))
    },
    check: |shape, _, run| {
        assert!(run.bits.iter().copied().eq(oracles::components(shape).into_iter().map(u64::from)))
    },
};

pub(crate) const SHORTEST_PATHS: Subject = Subject {
    name: "shortest paths",
    gathers: Gathers::Published,
    fits: |shape, _| shape.vertices > 0,
    run: |shape, how| {
        let mut graph = shape.weighted().with_vertices(ShortestPaths::start(0));
        let mut history = History::default();
        let outcome = engine(&mut graph, &ShortestPaths, how, &mut history).start_at([0]).run()?;
        Ok(run_of(outcome, history, graph.vertex_data().iter().map(|far| far.to_bits().into())))
    },
    check: |shape, _, run| assert_eq!(run.floats(), oracles::distances(shape, 0)),
};

pub(crate) const BREADTH_FIRST_SEARCH: Subject = Subject {
    name: "breadth-first search",
    gathers: Gathers::Published,
    fits: |shape, _| shape.vertices > 0,
    run: |shape, how| {
        let mut graph = shape.plain().with_vertices(BreadthFirstSearch::start(0));
        let mut history = History::default();
        let outcome = engine(&mut graph, &BreadthFirstSearch, how, &mut history).start_at([0]).run()?;
        let found = graph.vertex_data().iter().flat_map(|reached| [reached.level, reached.parent]);
        Ok(run_of(outcome, history, found.map(u64::from)))
    },
    check: |shape, _, run| {
        let expected = oracles::levels_and_parents(shape, 0);
        assert!(run.bits.iter().copied().eq(expected.into_iter().flatten().map(u64::from)));
    },
};

const ALS_ROUNDS: u64 = 6;

/// A kind of alternating least squares.
struct Factors {
    rank: usize,
    weighted: bool,
    alpha: Option<f32>,
    solver: Solver,
}

const EXPLICIT: Factors = Factors { rank: 3, weighted: false, alpha: None, solver: Solver::Cholesky };

const FACTORS: [Factors; 9] = [
    Factors { rank: 1, weighted: true, ..EXPLICIT },
    EXPLICIT,
    Factors { rank: 20, weighted: true, ..EXPLICIT },
    Factors { alpha: Some(0.7), ..EXPLICIT },
    Factors { alpha: Some(2.0), weighted: true, ..EXPLICIT },
    Factors { rank: 20, weighted: true, solver: Solver::ConjugateGradient { steps: 22 }, ..EXPLICIT },
    Factors { alpha: Some(0.7), solver: Solver::ConjugateGradient { steps: 5 }, ..EXPLICIT },
    Factors { solver: Solver::Nonnegative, ..EXPLICIT },
    Factors { alpha: Some(0.7), solver: Solver::Nonnegative, ..EXPLICIT },
];

impl Factors {
    /// Enough that `f32` solves the systems of a hub, whose ratings need not span all directions.
    fn lambda(&self) -> f32 {
        if self.weighted { 0.1 } else { 5.0 }
    }

    fn regularization(&self) -> Regularization {
        if self.weighted { Regularization::Weighted } else { Regularization::Plain }
    }

    fn start(&self, shape: &Shape) -> Vec<f32> {
        let start = initial_factors(shape.vertices, self.rank, 0.5, 1);
        match self.solver {
            Solver::Nonnegative => start.iter().map(|factor| factor.abs()).collect(),
            _ => start,
        }
    }

    fn run<E: Observation>(
        &self,
        shape: &Shape,
        graph: Graph<(), E>,
        program: Als<E>,
        how: How<'_>,
    ) -> Result<Run, Error> {
        let (start, rank) = (self.start(shape), self.rank);
        let fill = |v: u32, row: &mut [f32]| row.copy_from_slice(&start[rank * v as usize..][..rank]);
        let (mut graph, mut history) = (graph.with_rows(rank, fill), History::default());
        let program = program.solver(self.solver);
        let engine = engine(&mut graph, &program, how, &mut history).rounds(ALS_ROUNDS);
        let engine = match program.is_implicit() {
            true => engine.aggregate_every(Every::Phase, &program),
            false => engine,
        };
        let outcome = engine.run()?;
        let factors = graph.vertex_data().iter().flatten().map(|x| u64::from(x.to_bits()));
        Ok(run_of(outcome, history, factors))
    }

    /// The factors are those of the dense solver, from ratings that count so often.
    fn check(&self, shape: &Shape, order: &Order, run: &Run, times: fn(usize) -> usize) {
        let reference = Reference {
            rank: self.rank,
            lambda: self.lambda().into(),
            weighted: self.weighted,
            alpha: self.alpha.map(f64::from),
            nonnegative: self.solver == Solver::Nonnegative,
            iterations: 0,
        };
        let ratings = oracles::ratings(shape, times);
        let rounds = ALS_ROUNDS as usize;
        let expected =
            oracles::als(reference, shape, &ratings, &self.start(shape), rounds, order.has_sides());
        for (at, (found, expected)) in run.floats().iter().zip(&expected).enumerate() {
            let error = (f64::from(*found) - expected).abs();
            assert!(error <= 2e-3 * expected.abs().max(1.0), "factor {at}: {found}, expected {expected}");
        }
    }
}

pub(crate) const fn als<const KIND: usize>(name: &'static str) -> Subject {
    Subject {
        name,
        gathers: Gathers::State,
        fits: |shape, _| shape.left().is_some(),
        run: |shape, how| {
            let kind = &FACTORS[KIND];
            let (lambda, regularization) = (kind.lambda(), kind.regularization());
            let program = match kind.alpha {
                Some(alpha) => Als::implicit(kind.rank, lambda, regularization, alpha),
                None => Als::new(kind.rank, lambda, regularization),
            };
            kind.run(shape, shape.weighted(), program, how)
        },
        check: |shape, order, run| FACTORS[KIND].check(shape, order, run, |_| 1),
    }
}

/// A weight of n is the rating n times.
pub(crate) const WEIGHTED_ALS: Subject = Subject {
    name: "als of weighted ratings",
    gathers: Gathers::State,
    fits: |shape, _| shape.left().is_some(),
    run: |shape, how| {
        let program = Als::weighted(EXPLICIT.rank, EXPLICIT.lambda(), EXPLICIT.regularization());
        EXPLICIT.run(shape, shape.counted(), program, how)
    },
    check: |shape, order, run| EXPLICIT.check(shape, order, run, Shape::times),
};

const CHAOS_ROUNDS: u64 = 7;

pub(crate) const fn chaos<const G: u8, const S: u8, const PUBLISHED: bool, const COPIES: bool>(
    name: &'static str,
) -> Subject {
    Subject {
        name,
        gathers: if PUBLISHED { Gathers::Published } else { Gathers::State },
        fits: |_, _| true,
        run: |shape, how| {
            let mut graph = shape.weighted().with_vertices(|v| mix(v.into()));
            let (mut history, program) = (History::default(), Chaos::<G, S, PUBLISHED, COPIES>);
            let engine = engine(&mut graph, &program, how, &mut history).seed(SEED);
            let outcome = engine.aggregate_every(Every::Rounds(2), &Everything).rounds(CHAOS_ROUNDS).run()?;
            Ok(run_of(outcome, history, graph.vertex_data().iter().copied()))
        },
        check: |shape, order, run| {
            let rules = Rules {
                gather: edges(G),
                scatter: edges(S),
                published: PUBLISHED,
                copies: COPIES,
                selection: order.selection(),
                phases: order.phases(),
                start: None,
                rounds: CHAOS_ROUNDS,
                every: 2,
            };
            let expected = simulate(shape, &rules, (0..shape.vertices as u64).map(mix).collect());
            assert_eq!(run.rounds, expected.rounds);
            assert_eq!(run.outcome.reason, expected.reason);
            assert_eq!(run.bits, expected.vertices);
        },
    }
}
