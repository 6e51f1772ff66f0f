//! Faults that are seeded into runs: each is caught, and the same runs without it are not reported.
//!
//! None of them is undefined behavior. Faulty runs are recorded, so each datum is borrowed by its word before it is lent, and the word
//! fails where two visits meet; a visit that is ended so has nothing lent at that moment.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gasworks_kernels::Isa;

use super::{Audit, Finding};
use crate::accumulator::Accumulator;
use crate::consistency::{self, Consistency, Model};
use crate::context::Context;
use crate::exclusion::{Coloring, ColoringOrder, Distance, Exclusion, Plan, Visibility};
use crate::executor::Settings;
use crate::executor::asynchronous::globals::Globals;
use crate::executor::asynchronous::{self, Function, Functions, Orders, Program, VisitFault};
use crate::generate::{Rmat, rmat};
use crate::graph::{Graph, GraphBuilder, Vertex, VertexSet};
use crate::memory::Fault as ClaimFault;
use crate::outcome::Reason;
use crate::program::{Edges, Gathers, VertexProgram};
use crate::random::Random;
use crate::scheduler::{Scheduler, Selection, Task};
use crate::scope::Scope;
use crate::signal::Signal;
use crate::update::UpdateFunction;

/// One of the waiting tasks at a time, drawn.
struct Drawn(Mutex<(Vec<Vertex>, VertexSet, Random)>);

impl Drawn {
    fn new(seed: u64) -> Self {
        Drawn(Mutex::new((Vec::new(), VertexSet::empty(0), Random::keyed(seed, 1, 0, 0))))
    }
}

impl Scheduler for Drawn {
    fn name(&self) -> &'static str {
        "drawn"
    }
    fn selection(&self) -> Option<Selection> {
        Some(Selection::Signalled)
    }
    fn start(&mut self, vertices: usize, _: usize) {
        self.0.get_mut().unwrap().1 = VertexSet::empty(vertices);
    }
    fn schedule(&self, tasks: &[Task]) {
        let mut line = self.0.lock().unwrap();
        for task in tasks {
            if line.1.insert(task.vertex) {
                line.0.push(task.vertex);
            }
        }
    }
    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        let (waiting, held, random) = &mut *self.0.lock().unwrap();
        if !waiting.is_empty() {
            let vertex = waiting.swap_remove(random.below(waiting.len() as u64) as usize);
            held.remove(vertex);
            batch.push(vertex);
        }
    }
}

fn stir(one: u64, other: u64) -> u64 {
    (one ^ other.rotate_left(23)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Lets somebody else run now and then, in the middle of a visit.
struct Dawdle {
    every: u64,
    steps: AtomicU64,
}

impl Dawdle {
    fn now(&self) {
        if self.every > 0 && stir(self.steps.fetch_add(1, Relaxed), 7).is_multiple_of(self.every) {
            std::thread::yield_now();
        }
    }
}

/// Mixes all that it may see into all that it may write.
struct Mix<C> {
    dawdle: Dawdle,
    bad: Option<Vertex>,
    model: PhantomData<fn() -> C>,
}

macro_rules! mix {
    ($model:ident, $visit:ident, $dawdle:ident, $touch:block) => {
        impl UpdateFunction for Mix<consistency::$model> {
            type Vertex = u64;
            type Edge = u64;
            type Global = ();
            type Consistency = consistency::$model;
            type Scratch = ();
            fn scratch(&self) {}
            fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
                let bad = self.bad == Some(cx.vertex) && cx.round == 5;
                let $dawdle = &self.dawdle;
                scope.for_each_edge(Edges::All, |mut $visit| {
                    $touch;
                    $dawdle.now();
                    $visit.signal(Signal::priority(1.0));
                    if bad {
                        resume_unwind(Box::new("bad"));
                    }
                });
                scope.signal_self(Signal::priority(1.0));
            }
        }
    };
}

mix!(Vertex, visit, dawdle, {
    let (own, edge) = visit.parts();
    *own = stir(*own, *edge);
});
mix!(Edge, visit, dawdle, {
    let (own, edge, neighbor) = visit.parts();
    *own = stir(*own, stir(*edge, *neighbor));
    dawdle.now();
    *edge = stir(*edge, *own);
});
mix!(Full, visit, dawdle, {
    let (own, edge, neighbor) = visit.parts();
    *own = stir(*own, stir(*edge, *neighbor));
    dawdle.now();
    *edge = stir(*edge, *own);
    *neighbor = stir(*neighbor, *own);
});

/// A sum whose order does not matter.
struct Wrapping(u64);

impl Accumulator for Wrapping {
    fn clear(&mut self) {
        self.0 = 0;
    }
    fn merge(&mut self, part: &Self) {
        self.0 = self.0.wrapping_add(part.0);
    }
}

/// Each vertex is made of what its neighbours were.
struct Relay<const PUBLISHED: bool>(Dawdle);

impl<const PUBLISHED: bool> VertexProgram for Relay<PUBLISHED> {
    type Vertex = u64;
    type Ghost = u64;
    type Edge = u64;
    type Gather = Wrapping;
    type Global = ();
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    const GATHERS: Gathers = if PUBLISHED { Gathers::Published } else { Gathers::State };
    fn accumulator(&self) -> Wrapping {
        Wrapping(0)
    }
    fn ghost(&self, _: &Context<'_, ()>, vertex: &u64, ghost: &mut u64) {
        self.0.now();
        *ghost = stir(*vertex, 3);
    }
    fn gather(&self, _: &Context<'_, ()>, sum: &mut Wrapping, ghost: &u64, edge: &u64) {
        self.0.now();
        sum.0 = sum.0.wrapping_add(stir(*ghost, *edge));
    }
    fn apply(&self, cx: &Context<'_, ()>, vertex: &mut u64, sum: &mut Wrapping) -> Signal {
        self.0.now();
        *vertex = stir(*vertex, sum.0 ^ cx.round);
        Signal::priority(1.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Clique(u32),
    Star(u32),
    Grid(u32, u32),
    Rmat(u32),
}

impl Shape {
    fn graph(self) -> Graph<u64, u64> {
        let edges: Vec<[u32; 2]> = match self {
            Shape::Clique(n) => (0..n).flat_map(|v| (0..v).map(move |u| [v, u])).collect(),
            Shape::Star(n) => (1..n).map(|v| if v % 2 == 0 { [0, v] } else { [v, 0] }).collect(),
            Shape::Grid(width, height) => (0..width * height)
                .flat_map(|at| {
                    let right = (at % width + 1 < width).then_some([at, at + 1]);
                    let down = (at / width + 1 < height).then_some([at, at + width]);
                    right.into_iter().chain(down)
                })
                .collect(),
            Shape::Rmat(scale) => {
                rmat(&Rmat { scale, edge_factor: 4, keep_self_loops: true, ..Rmat::default() }).unwrap().arcs
            }
        };
        let vertices = match self {
            Shape::Clique(n) | Shape::Star(n) => n,
            Shape::Grid(width, height) => width * height,
            Shape::Rmat(scale) => 1 << scale,
        };
        let data: Vec<u64> = (0..edges.len() as u64).map(|at| stir(at, 5)).collect();
        let graph = GraphBuilder::directed(vertices as usize).weighted_edges(&edges, &data).build().unwrap();
        graph.with_vertices(|vertex| stir(vertex.into(), 11))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Seeded {
    Claims(ClaimFault),
    Visits(VisitFault),
    /// All vertices have one color, or those of distance one are to do for distance two.
    Colors,
    /// Some writes are not recorded.
    Forgotten,
    /// No fault of ours: a visit panics.
    Panic,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Updates(Model),
    State,
    Published,
}

/// What is run.
#[derive(Clone, Copy, Debug)]
struct Subject {
    kind: Kind,
    shape: Shape,
    exclusion: Exclusion,
    threads: usize,
    updates: u64,
    /// A visit yields once in so many steps.
    dawdles: u64,
}

const SUBJECT: Subject = Subject {
    kind: Kind::Updates(Model::Edge),
    shape: Shape::Clique(8),
    exclusion: Exclusion::Locks,
    threads: 4,
    updates: 300,
    dawdles: 5,
};

impl Subject {
    fn run(&self, seed: u64, fault: Option<Seeded>) -> Audit {
        let mut graph = self.shape.graph();
        let relaxed = self.exclusion == Exclusion::Relaxed;
        let model = if let Kind::Updates(model) = self.kind { model } else { Model::Edge };
        let plan = Plan {
            visibility: Visibility::Immediate,
            consistency: (!relaxed).then_some(model),
            exclusion: Some(self.exclusion),
            threads: self.threads,
        };
        let distance = if model == Model::Full { Distance::Two } else { Distance::One };
        let colored = || match fault {
            Some(Seeded::Colors) if distance == Distance::Two => {
                let near = Coloring::greedy(graph.topology(), Distance::One, ColoringOrder::Natural);
                Coloring::unverified(near.colors().to_vec(), distance)
            }
            Some(Seeded::Colors) => Coloring::unverified(vec![0; graph.vertices()], distance),
            _ => Coloring::greedy(graph.topology(), distance, ColoringOrder::Natural),
        };
        let orders = Orders {
            plan,
            scheduler: Box::new(Drawn::new(seed)),
            coloring: (self.exclusion == Exclusion::Coloring).then(colored),
            audit: true,
            fault: if let Some(Seeded::Claims(fault)) = fault { Some(fault) } else { None },
        };
        let visits = if let Some(Seeded::Visits(fault)) = fault { Some(fault) } else { None };
        let settings = Settings {
            threads: self.threads,
            rounds: None,
            updates: Some(self.updates),
            time: None,
            until: None,
            asked: 0,
            look: None,
            stop: None,
            seed,
            isa: Isa::detect(),
        };
        let place = (settings.isa, seed);
        let dawdle = Dawdle { every: self.dawdles, steps: AtomicU64::new(stir(seed, 1)) };
        let outcome = match self.kind {
            Kind::Updates(Model::Vertex) => {
                Self::updates::<consistency::Vertex>(&mut graph, dawdle, fault, settings, orders)
            }
            Kind::Updates(Model::Edge) => {
                Self::updates::<consistency::Edge>(&mut graph, dawdle, fault, settings, orders)
            }
            Kind::Updates(Model::Full) => {
                Self::updates::<consistency::Full>(&mut graph, dawdle, fault, settings, orders)
            }
            Kind::State => {
                let program = Relay::<false>(dawdle);
                let mut work = Program::new(&mut graph, &program, None, None, Globals::of(()), model, place);
                work.fault = visits;
                asynchronous::run(settings, &mut work, orders)
            }
            Kind::Published => {
                let program = Relay::<true>(dawdle);
                let mut work = Program::new(&mut graph, &program, None, None, Globals::of(()), model, place);
                work.fault = visits;
                asynchronous::run(settings, &mut work, orders)
            }
        };
        let outcome = outcome.unwrap();
        let audit = outcome.audit.unwrap();
        let met = audit.to_string().contains("while another visit had it");
        assert_eq!(outcome.reason == Reason::Overlap, met, "{:?}: {audit}", outcome.reason);
        audit
    }

    fn updates<C: Consistency>(
        graph: &mut Graph<u64, u64>,
        dawdle: Dawdle,
        fault: Option<Seeded>,
        settings: Settings<'_>,
        orders: Orders<'_>,
    ) -> Result<crate::outcome::Outcome, crate::error::Error>
    where
        Mix<C>: UpdateFunction<Vertex = u64, Edge = u64>,
    {
        let bad = (fault == Some(Seeded::Panic)).then_some(3);
        let mix = Mix::<C> { dawdle, bad, model: PhantomData };
        let place = (settings.isa, settings.seed);
        let functions: Vec<Box<dyn asynchronous::AnyFunction<u64, u64> + '_>> =
            vec![Box::new(Function::new(&mix))];
        let mut work = Functions::new(graph, functions, None, None, C::MODEL, place);
        work.forgets = fault == Some(Seeded::Forgotten);
        asynchronous::run(settings, &mut work, orders)
    }

    /// How a run was reported; nothing, if it was not.
    fn verdict(&self, seed: u64, fault: Option<Seeded>) -> Option<&'static str> {
        let audit = match catch_unwind(AssertUnwindSafe(|| self.run(seed, fault))) {
            Ok(audit) => audit,
            Err(payload) => {
                let said = payload.downcast_ref::<String>().map(String::as_str);
                let said = said.or(payload.downcast_ref::<&str>().copied()).unwrap_or("");
                assert!(said.ends_with("deadlock"), "{self:?}, seed {seed}, {fault:?}: {said}");
                return Some("deadlock");
            }
        };
        match &audit.finding {
            Finding::Serializable { replayed: Some(true) } => None,
            Finding::Serializable { .. } => Some("replay"),
            Finding::NotSerializable { witness, .. } => {
                let known =
                    ["while another visit had it", "before the next", "no update wrote", "both wrote"];
                let which = known.iter().position(|words| witness.contains(words)).expect(witness);
                Some(["overlap", "cycle", "torn", "torn"][which])
            }
        }
    }

    /// Tries seeds until the fault is caught in this way, and as many without it.
    fn catches(self, fault: Seeded, how: &str) {
        let start = Instant::now();
        let found = (0..).map(|seed| self.verdict(seed, Some(fault))).enumerate();
        let mut patient = found.take_while(|_| start.elapsed() < Duration::from_secs(50));
        let caught = patient.find(|(_, verdict)| *verdict == Some(how));
        let Some((tries, _)) = caught else { panic!("{fault:?} is not caught as {how} by {self:?}") };
        println!("{fault:?}: {how} at seed {tries}, {:.2} s", start.elapsed().as_secs_f64());
        for seed in 0..4 + tries as u64 {
            assert_eq!(self.verdict(seed, None), None, "{self:?} without a fault, seed {seed}");
        }
    }
}

const FULL: Subject = Subject { kind: Kind::Updates(Model::Full), ..SUBJECT };
const STATE: Subject = Subject { kind: Kind::State, ..SUBJECT };
const PUBLISHED: Subject = Subject { kind: Kind::Published, ..SUBJECT };

#[test]
fn locks_that_are_not_taken_are_overlaps() {
    SUBJECT.catches(Seeded::Claims(ClaimFault::NeighborsForgotten), "overlap");
    SUBJECT.catches(Seeded::Claims(ClaimFault::LastNeighborForgotten), "overlap");
    STATE.catches(Seeded::Claims(ClaimFault::NeighborsForgotten), "overlap");
    // Neighbors of each other are kept apart by either's lock; those of a hub, by the hub's alone.
    let star = Subject { shape: Shape::Star(9), ..FULL };
    star.catches(Seeded::Claims(ClaimFault::OutNeighborsForgotten), "overlap");
}

#[test]
fn locks_that_are_taken_to_read_only_are_overlaps() {
    let star = Subject { shape: Shape::Star(9), ..FULL };
    star.catches(Seeded::Claims(ClaimFault::NeighborsOnlyRead), "overlap");
    SUBJECT.catches(Seeded::Claims(ClaimFault::OwnOnlyRead), "overlap");
}

#[test]
fn locks_that_are_released_early_are_overlaps() {
    let star = Subject { shape: Shape::Star(9), ..FULL };
    star.catches(Seeded::Claims(ClaimFault::ReleasedEarly), "overlap");
    let own = Subject { kind: Kind::Updates(Model::Vertex), ..SUBJECT };
    own.catches(Seeded::Claims(ClaimFault::ReleasedEarly), "overlap");
}

#[test]
fn locks_in_a_wrong_order_are_a_deadlock() {
    SUBJECT.catches(Seeded::Claims(ClaimFault::WrongOrder), "deadlock");
}

#[test]
fn deliveries_to_whom_the_claim_does_not_cover_are_cycles() {
    PUBLISHED.catches(Seeded::Claims(ClaimFault::NeighborsForgotten), "cycle");
}

#[test]
fn wrong_colors_are_overlaps() {
    let coloring = Subject { exclusion: Exclusion::Coloring, ..SUBJECT };
    Subject { shape: Shape::Clique(96), ..coloring }.catches(Seeded::Colors, "overlap");
    let star = Subject { kind: Kind::Updates(Model::Full), shape: Shape::Star(4000), ..coloring };
    star.catches(Seeded::Colors, "overlap");
    Subject { kind: Kind::State, shape: Shape::Clique(96), ..coloring }.catches(Seeded::Colors, "overlap");
}

#[test]
fn stale_ghosts_are_cycles() {
    STATE.catches(Seeded::Visits(VisitFault::StaleGhost), "cycle");
}

#[test]
fn ghosts_that_are_not_published_are_other_bits() {
    STATE.catches(Seeded::Visits(VisitFault::Unpublished), "replay");
}

#[test]
fn deliveries_that_are_lost_are_other_bits() {
    PUBLISHED.catches(Seeded::Visits(VisitFault::LostDelivery), "replay");
}

#[test]
fn writes_that_are_not_recorded_tear_the_history() {
    SUBJECT.catches(Seeded::Forgotten, "torn");
}

/// A visit that panics gave its locks up before what it had borrowed, and whoever took the locks was reported instead.
#[test]
fn a_panic_of_a_visit_is_no_overlap() {
    for seed in 0..60 {
        let fallen = catch_unwind(|| SUBJECT.run(seed, Some(Seeded::Panic))).expect_err("a visit panics");
        assert_eq!(fallen.downcast_ref::<String>().map(String::as_str), Some("vertex 3: bad"), "seed {seed}");
    }
}

/// Relaxed visits interleave, and the auditor says so.
#[test]
fn relaxed_runs_are_not_serializable_and_one_worker_is() {
    let relaxed = Subject { exclusion: Exclusion::Relaxed, ..SUBJECT };
    for kind in [Kind::Updates(Model::Edge), Kind::Updates(Model::Full), Kind::State, Kind::Published] {
        let several = Subject { kind, ..relaxed };
        let found = (0..200).find(|seed| several.verdict(*seed, None) == Some("cycle"));
        assert!(found.is_some(), "{kind:?} has cycles");
        for seed in 0..10 {
            let alone = Subject { kind, threads: 1, ..relaxed };
            assert_eq!(alone.verdict(seed, None), None, "{kind:?} on one thread");
        }
    }
    // Under vertex consistency visits have nothing in common that is written.
    for seed in 0..20 {
        let vertex = Subject { kind: Kind::Updates(Model::Vertex), ..relaxed };
        assert_eq!(vertex.verdict(seed, None), None, "vertex consistency needs no more than relaxed keeps");
    }
}

/// Runs until there were so many updates, where visits yield once in so many steps; how many there were.
fn volume(updates: u64, in_one: u64, dawdles: u64) -> u64 {
    let small = [Shape::Clique(8), Shape::Star(40), Shape::Grid(5, 5), Shape::Rmat(6)];
    let large = [Shape::Grid(100, 100), Shape::Star(4000), Shape::Rmat(10)];
    let (mut done, mut runs, start) = (0, 0, Instant::now());
    for seed in 0.. {
        for (which, kind) in
            [Kind::Updates(Model::Edge), Kind::Updates(Model::Full), Kind::State, Kind::Published]
                .into_iter()
                .enumerate()
        {
            for exclusion in [Exclusion::Locks, Exclusion::Coloring] {
                if exclusion == Exclusion::Coloring && kind == Kind::Published {
                    continue;
                }
                let shapes = if exclusion == Exclusion::Locks { &small[..] } else { &large[..] };
                let shape = shapes[(seed as usize + which) % shapes.len()];
                let threads = [2, 4, 8, 3][seed as usize % 4];
                let subject = Subject { kind, shape, exclusion, threads, updates: in_one, dawdles };
                let audit = subject.run(seed, None);
                assert!(audit.is_serializable(), "{subject:?}, seed {seed}: {audit}");
                done += audit.updates;
                runs += 1;
                if done >= updates {
                    println!("{done} updates in {runs} runs, {:.1} s", start.elapsed().as_secs_f64());
                    return done;
                }
            }
        }
    }
    done
}

#[test]
fn many_updates_are_serializable() {
    volume(200_000, 4_000, 200);
}

/// `cargo test --release -p gasworks-engine --lib -- --ignored ten_million --show-output`; as many as `GASWORKS_UPDATES` says, if it
/// is set.
#[test]
#[ignore = "minutes"]
fn ten_million_updates_are_serializable() {
    let asked = std::env::var("GASWORKS_UPDATES").ok();
    let updates = asked.map_or(10_000_000, |asked| asked.parse().expect("a number of updates"));
    // Each yield may cost a time slice on a busy machine.
    assert!(volume(updates, 20_000, 20_000) >= updates);
}
