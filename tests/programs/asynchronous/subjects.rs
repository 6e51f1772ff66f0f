//! The programs of the table without barriers: how each is run, and how its fixed point is known.

use std::collections::BTreeMap;
use std::time::Duration;

use gasworks::programs::factorization::{Regularization, initial_factors};
use gasworks::programs::{
    Als, Ccd, Components, DanglingMass, LabelPropagation, PageRank, PersonalizedPageRank, ShortestPaths,
};
use gasworks::schedulers::{Sweep, by_name};
use gasworks::{
    Case, Engine, Error, Every, Exclusion, Gathers, Model, Outcome, ProgramKind, Reason, Scheduler,
};

use super::functions::{Level, Steps};
use crate::programs::contract::{Least, Stack, hubs_first};
use crate::programs::oracles;
use crate::programs::shapes::{Kind, Shape};
use crate::programs::updates::Coloring;

/// How a run is kept in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct How {
    pub(crate) scheduler: &'static str,
    pub(crate) exclusion: Exclusion,
    /// What the program declares, unless said.
    pub(crate) consistency: Option<Model>,
    pub(crate) threads: usize,
}

impl How {
    pub(crate) fn scheduler(&self, vertices: usize) -> Box<dyn Scheduler> {
        match self.scheduler {
            "a stack" => Box::new(Stack::default()),
            "hubs first" => Box::new(hubs_first(vertices)),
            text => by_name(text).expect("a bundled scheduler"),
        }
    }

    fn has_rounds(&self) -> bool {
        self.scheduler(0).selection().is_some()
    }
}

/// Runs as asked; what the engine says that it will do, it does, and what it refuses to plan, it refuses to run.
macro_rules! run {
    ($engine:expr, $how:expr) => {{
        let How { exclusion, consistency, threads, .. } = *$how;
        let engine = $engine.exclusion(exclusion).threads(threads);
        let engine = match consistency {
            Some(model) => engine.consistency(model),
            None => engine,
        };
        let plan = engine.plan();
        let outcome = engine.run();
        match (&plan, &outcome) {
            (Ok(plan), Ok(outcome)) => assert_eq!(*plan, outcome.plan),
            (Err(plan), Err(error)) => assert_eq!(plan.to_string(), error.to_string()),
            both => panic!("{both:?}"),
        }
        outcome
    }};
}

/// The bits of the vertices, and how the run ended.
pub(crate) struct Run {
    pub(crate) bits: Vec<u64>,
    pub(crate) outcome: Outcome,
}

impl Run {
    fn of(outcome: Outcome, bits: impl IntoIterator<Item = u64>) -> Self {
        Run { bits: bits.into_iter().collect(), outcome }
    }

    fn floats(&self) -> Vec<f32> {
        self.bits.iter().map(|bits| f32::from_bits(*bits as u32)).collect()
    }

    fn is_drained(&self) {
        assert_eq!(self.outcome.reason, Reason::Drained);
    }
}

/// A program of the table.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) kind: ProgramKind,
    pub(crate) declared: Model,
    pub(crate) fits: fn(&Shape) -> bool,
    pub(crate) run: fn(&Shape, &How) -> Result<Run, Error>,
    /// Panics if the run did not reach the fixed point.
    pub(crate) check: fn(&Shape, &How, &Run),
}

impl Subject {
    /// What the engine's own table says.
    pub(crate) fn is_admitted(&self, how: &How) -> bool {
        let asked = how.consistency.unwrap_or(self.declared);
        let Subject { kind, declared, .. } = *self;
        let case =
            Case { kind, declared, asked, exclusion: how.exclusion, rounds: how.has_rounds(), plain: true };
        case.admit().is_ok()
    }
}

pub(crate) const SUBJECTS: [Subject; 11] = [
    PAGERANK,
    PERSONALIZED_PAGERANK,
    COMPONENTS,
    SHORTEST_PATHS,
    ALS,
    LEAST,
    COLORING,
    LEVEL,
    STEPS,
    CCD,
    LABEL_PROPAGATION,
];

const DAMPING: f32 = 0.85;

const PAGERANK: Subject = Subject {
    name: "pagerank",
    kind: ProgramKind::Vertex(Gathers::State),
    declared: Model::Edge,
    fits: |_| true,
    run: |shape, how| {
        let start = 1.0 / shape.vertices as f32;
        let mut graph = shape.plain().with_vertices(|_| start);
        let program = PageRank { tolerance: 1e-6 * start, ..PageRank::default() };
        let mass = DanglingMass { damping: DAMPING, spread: false };
        let engine =
            Engine::new(&mut graph, &program).asynchronous().scheduler(how.scheduler(shape.vertices));
        let engine = engine.aggregate_every(Every::Seconds(Duration::from_secs(3600)), &mass);
        let outcome = run!(engine.rounds(20_000), how)?;
        Ok(Run::of(outcome, graph.vertex_data().iter().map(|rank| rank.to_bits().into())))
    },
    check: |shape, _, run| {
        run.is_drained();
        let expected = oracles::pagerank(&shape.neighbors(), DAMPING.into(), false);
        oracles::assert_ranks_near(&run.floats(), &expected, &shape.name);
    },
};

const PERSONALIZED_PAGERANK: Subject = Subject {
    name: "personalized pagerank",
    kind: ProgramKind::Vertex(Gathers::State),
    declared: Model::Edge,
    fits: |shape| shape.vertices > 0,
    run: |shape, how| {
        let start = PersonalizedPageRank::start(shape.vertices, oracles::restart(shape.vertices).0)?;
        let mut graph = shape.plain().with_vertices(start);
        let program = PersonalizedPageRank { tolerance: 1e-6 / shape.vertices as f32, ..Default::default() };
        let mass = DanglingMass { damping: DAMPING, spread: false };
        let engine =
            Engine::new(&mut graph, &program).asynchronous().scheduler(how.scheduler(shape.vertices));
        let engine = engine.aggregate_every(Every::Seconds(Duration::from_secs(3600)), &mass);
        let outcome = run!(engine.rounds(20_000), how)?;
        Ok(Run::of(outcome, graph.vertex_data().iter().map(|state| state.rank.to_bits().into())))
    },
    check: |shape, _, run| {
        run.is_drained();
        let restart = oracles::restart(shape.vertices).1;
        let expected = oracles::personalized_pagerank(&shape.neighbors(), &restart, DAMPING.into(), false);
        oracles::assert_shares_near(&run.floats(), &expected, &shape.name);
    },
};

const COMPONENTS: Subject = Subject {
    name: "components",
    kind: ProgramKind::Vertex(Gathers::Published),
    declared: Model::Edge,
    fits: |_| true,
    run: |shape, how| {
        let mut graph = shape.plain().with_vertices(|v| v);
        let engine = Engine::new(&mut graph, &Components).asynchronous();
        let outcome = run!(engine.scheduler(how.scheduler(shape.vertices)), how)?;
        Ok(Run::of(outcome, graph.vertex_data().iter().map(|label| u64::from(*label))))
    },
    check: check_components,
};

fn check_components(shape: &Shape, _: &How, run: &Run) {
    run.is_drained();
    assert!(run.bits.iter().copied().eq(oracles::components(shape).into_iter().map(u64::from)));
}

const SHORTEST_PATHS: Subject = Subject {
    name: "shortest paths",
    kind: ProgramKind::Vertex(Gathers::Published),
    declared: Model::Edge,
    fits: |shape| shape.vertices > 0,
    run: |shape, how| {
        let mut graph = shape.weighted().with_vertices(ShortestPaths::start(0));
        let engine = Engine::new(&mut graph, &ShortestPaths).asynchronous().start_at([0]);
        let outcome = run!(engine.scheduler(how.scheduler(shape.vertices)), how)?;
        Ok(Run::of(outcome, graph.vertex_data().iter().map(|far| far.to_bits().into())))
    },
    check: |shape, _, run| {
        run.is_drained();
        assert_eq!(run.floats(), oracles::distances(shape, 0));
    },
};

const RANK: usize = 3;
const LAMBDA: f32 = 0.1;
const SWEEPS: u64 = 6;

/// From these factors, without barriers by `how`, or by the synchronous sweep of sides.
fn factors(shape: &Shape, start: &[f32], how: Option<&How>, rounds: u64) -> Result<Run, Error> {
    let fill = |v: u32, row: &mut [f32]| row.copy_from_slice(&start[RANK * v as usize..][..RANK]);
    let mut graph = shape.weighted().with_rows(RANK, fill);
    let rests = how.is_some_and(|how| !is_sweep_of_sides(how));
    let program = Als::new(RANK, LAMBDA, Regularization::Weighted).tolerance(if rests { 1e-3 } else { 0.0 });
    let engine = Engine::new(&mut graph, &program);
    let outcome = match how {
        None => engine.scheduler(Sweep::sides()).rounds(rounds).run()?,
        Some(how) => {
            let engine = engine.asynchronous().scheduler(how.scheduler(shape.vertices));
            run!(engine.rounds(rounds), how)?
        }
    };
    Ok(Run::of(outcome, graph.vertex_data().iter().flatten().map(|x| u64::from(x.to_bits()))))
}

fn beginnings(shape: &Shape) -> Vec<f32> {
    initial_factors(shape.vertices, RANK, 0.5, 1)
}

/// The squared error of the ratings and of what pulls factors to 0, weighted.
fn objective(shape: &Shape, factors: &[f32]) -> f64 {
    let row = |v: u32| factors[RANK * v as usize..][..RANK].iter().map(|x| f64::from(*x));
    let square = |v| row(v).map(|x| x * x).sum::<f64>();
    let each = |(u, v, rating): (u32, u32, f32)| {
        let error = f64::from(rating) - row(u).zip(row(v)).map(|(a, b)| a * b).sum::<f64>();
        error * error + f64::from(LAMBDA) * (square(u) + square(v))
    };
    shape.edge_list().map(each).sum()
}

/// Two colors are the two sides.
fn is_sweep_of_sides(how: &How) -> bool {
    how.exclusion == Exclusion::Coloring && how.consistency != Some(Model::Full)
}

const ALS: Subject = Subject {
    name: "als",
    kind: ProgramKind::Vertex(Gathers::State),
    declared: Model::Edge,
    fits: |shape| matches!(shape.kind, Kind::Bipartite(_)),
    run: |shape, how| {
        // It comes to rest; a limit of few rounds could pass while a worker that holds some vertices is not running.
        let enough = 40 + 200_000 / shape.vertices.max(1) as u64;
        let rounds = if is_sweep_of_sides(how) { SWEEPS } else { enough };
        factors(shape, &beginnings(shape), Some(how), rounds)
    },
    check: |shape, how, run| {
        let sides = |start: &[f32], rounds| factors(shape, start, None, rounds).expect("admitted");
        if is_sweep_of_sides(how) {
            return assert!(
                run.bits == sides(&beginnings(shape), SWEEPS).bits,
                "the bits of the sweep of sides"
            );
        }
        assert!(run.floats().iter().all(|factor| factor.is_finite()));
        // Relaxed, both sides may be solved at once, each from what the other was. An order that passes some vertices over while
        // others are awake comes to rest too late.
        if how.exclusion == Exclusion::Relaxed || how.scheduler == "hubs first" {
            return;
        }
        let found = objective(shape, &run.floats());
        let nothing = objective(shape, &vec![0.0; run.bits.len()]);
        assert!(found <= 0.9 * nothing, "objective {found}, of nothing {nothing}");
        // There are several optima, which differ a little; in any, another sweep makes nothing better.
        let better = objective(shape, &sides(&run.floats(), 1).floats());
        assert!(better >= 0.97 * found - 1e-3, "objective {found}, another sweep makes it {better}");
    },
};

/// Factors, residuals, and how it ended.
fn descended(shape: &Shape, how: &How) -> Result<(Vec<f32>, Vec<f32>, Outcome), Error> {
    let left = shape.left().unwrap_or(0) * RANK;
    let start: Vec<f32> = beginnings(shape).into_iter().skip(left).collect();
    let start = [vec![0.0; left], start].concat();
    let fill = |v: u32, row: &mut [f32]| row.copy_from_slice(&start[RANK * v as usize..][..RANK]);
    let mut graph = shape.weighted().with_rows(RANK, fill);
    let ccd = Ccd::new(RANK, LAMBDA, Regularization::Weighted);
    let engine = Engine::updates(&mut graph, &ccd, how.scheduler(shape.vertices));
    let outcome = run!(engine.rounds(2 * ccd.visits()), how)?;
    let residuals = graph.edge_list().map(|(_, _, residual)| *residual).collect();
    Ok((graph.vertex_data().iter().flatten().copied().collect(), residuals, outcome))
}

const CCD: Subject = Subject {
    name: "coordinate descent",
    kind: ProgramKind::Update,
    declared: Model::Edge,
    fits: |shape| matches!(shape.kind, Kind::Bipartite(_)),
    run: |shape, how| {
        let (factors, residuals, outcome) = descended(shape, how)?;
        Ok(Run::of(outcome, factors.iter().chain(&residuals).map(|x| u64::from(x.to_bits()))))
    },
    check: |shape, how, run| {
        let found = run.floats();
        assert!(found.iter().all(|x| x.is_finite()));
        // Relaxed, steps that write one residual at once lose changes of it.
        if how.exclusion == Exclusion::Relaxed {
            return;
        }
        let (factors, residuals) = found.split_at(shape.vertices * RANK);
        let mut edges: Vec<_> = shape.edge_list().collect();
        edges.sort_by_key(|(u, v, _)| (*u, *v));
        for ((u, v, rating), residual) in edges.iter().zip(residuals) {
            let product: f32 =
                (0..RANK).map(|k| factors[RANK * *u as usize + k] * factors[RANK * *v as usize + k]).sum();
            assert!(
                (rating - product - residual).abs() < 1e-4,
                "of {u} and {v}: {rating}, {product}, {residual}"
            );
        }
        // No step raises the objective; from nothing on one side, the penalty of the other is what it had at first.
        let mut start = beginnings(shape);
        start[..shape.left().unwrap_or(0) * RANK].fill(0.0);
        let (now, first) = (objective(shape, factors), objective(shape, &start));
        assert!(now <= first * (1.0 + 1e-5), "objective {now}, at first {first}");
        if is_sweep_of_sides(how) {
            let one = How { threads: 1, scheduler: "sweep", consistency: None, ..*how };
            let (factors, residuals, _) = descended(shape, &one).expect("admitted");
            assert!(found == [factors, residuals].concat(), "the bits of one thread");
            assert!(now <= 0.9 * first, "objective {now}, at first {first}");
        }
    },
};

const LEAST: Subject = Subject {
    name: "least",
    kind: ProgramKind::Update,
    declared: Model::Edge,
    fits: |_| true,
    run: |shape, how| {
        let mut graph = shape.plain().with_vertices(|v| v);
        let outcome = run!(Engine::updates(&mut graph, &Least, how.scheduler(shape.vertices)), how)?;
        Ok(Run::of(outcome, graph.vertex_data().iter().map(|label| u64::from(*label))))
    },
    check: check_components,
};

const COLORING: Subject = Subject {
    name: "greedy coloring",
    kind: ProgramKind::Update,
    declared: Model::Edge,
    fits: |_| true,
    run: |shape, how| {
        let mut graph = shape.plain().with_vertices(|_| 0);
        let outcome = run!(Engine::updates(&mut graph, &Coloring, how.scheduler(shape.vertices)), how)?;
        Ok(Run::of(outcome, graph.vertex_data().iter().map(|color| u64::from(*color))))
    },
    check: |shape, how, run| {
        run.is_drained();
        // Where neighbors may move during a visit, two may take the same color at once, and neither is told.
        let mut edges = shape.edge_list().filter(|(u, v, _)| u != v && how.exclusion != Exclusion::Relaxed);
        let same = edges.find(|(u, v, _)| run.bits[*u as usize] == run.bits[*v as usize]);
        assert_eq!(same, None);
    },
};

const LABEL_PROPAGATION: Subject = Subject {
    name: "label propagation",
    kind: ProgramKind::Update,
    declared: Model::Edge,
    fits: |_| true,
    run: |shape, how| {
        let mut graph = shape.plain().with_vertices(|v| v);
        let engine = Engine::updates(&mut graph, &LabelPropagation, how.scheduler(shape.vertices));
        // Relaxed, neighbors may swap labels, so that it need not come to rest.
        let outcome = match how.exclusion {
            Exclusion::Relaxed => run!(engine.rounds(20), how)?,
            _ => run!(engine, how)?,
        };
        Ok(Run::of(outcome, graph.vertex_data().iter().map(|label| u64::from(*label))))
    },
    check: |shape, how, run| {
        if how.exclusion == Exclusion::Relaxed {
            return assert!(run.bits.iter().all(|label| *label < shape.vertices as u64));
        }
        run.is_drained();
        let mut seen = vec![BTreeMap::new(); shape.vertices];
        for (u, v, _) in shape.edge_list().filter(|(u, v, _)| u != v) {
            *seen[u as usize].entry(run.bits[v as usize]).or_insert(0) += 1;
            *seen[v as usize].entry(run.bits[u as usize]).or_insert(0) += 1;
        }
        for (seen, label) in seen.iter().zip(&run.bits) {
            assert_eq!(seen.values().max(), seen.get(label), "as many neighbors as with any label");
        }
        let labels: Vec<u32> = run.bits.iter().map(|label| *label as u32).collect();
        let parts = oracles::components(shape);
        assert!(labels.iter().zip(&parts).all(|(label, part)| parts[*label as usize] == *part));
    },
};

const LEVEL: Subject = Subject {
    name: "level",
    kind: ProgramKind::Update,
    declared: Model::Full,
    fits: |_| true,
    run: |shape, how| {
        let mut graph = shape.valued(0).with_vertices(Level::start);
        let program = Level { yields: 0 };
        let engine = Engine::updates(&mut graph, &program, how.scheduler(shape.vertices));
        // Relaxed, units are lost and made, so that it need not come to rest.
        let outcome = match how.exclusion {
            Exclusion::Relaxed => run!(engine.rounds(20), how)?,
            _ => run!(engine, how)?,
        };
        Ok(Run::of(outcome, graph.vertex_data().iter().copied()))
    },
    check: |shape, how, run| {
        if how.exclusion != Exclusion::Relaxed {
            run.is_drained();
            let total = (0..shape.vertices as u32).map(Level::start).sum::<u64>();
            assert_eq!(run.bits.iter().sum::<u64>(), total, "what one gives, another gets");
            let units = |v: u32| run.bits[v as usize];
            assert_eq!(shape.edge_list().find(|(u, v, _)| units(*u).abs_diff(units(*v)) > 1), None);
        }
    },
};

const STEPS: Subject = Subject {
    name: "steps",
    kind: ProgramKind::Update,
    declared: Model::Vertex,
    fits: |_| true,
    run: |shape, how| {
        let (mut graph, program) = (shape.valued(3).with_vertices(u64::from), Steps::default());
        let outcome = run!(Engine::updates(&mut graph, &program, how.scheduler(shape.vertices)), how)?;
        Ok(Run::of(outcome, graph.vertex_data().iter().copied()))
    },
    check: |shape, _, run| {
        run.is_drained();
        assert!(run.bits.iter().copied().eq((0..shape.vertices as u32).map(Steps::end)));
    },
};
