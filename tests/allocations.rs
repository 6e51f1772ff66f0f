//! No allocation per edge, visit or round: every kind of program under every executor, counted.
//!
//! The allocator counts what all threads ask it for while a run lasts. A run of four times the rounds, and one over four times the vertices
//! and edges, may ask for a few more blocks, as lists double, but for no more than that. What is not the engine's own stands beside each
//! case: the sums of an aggregate, and rayon's list of the threads that it calls together. A counting
//! allocator serves its whole process, so this is a test of its own, and one function: tests beside it would be counted too.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gasworks::generate::{RatingsShape, ratings};
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::input::{Corpus, CorpusOptions, Source, read_corpus};
use gasworks::programs::factorization::{Regularization, initial_factors};
use gasworks::programs::lda::{Lda, MetropolisLda, Priors, Sampler, SparseLda};
use gasworks::programs::{Als, BreadthFirstSearch, Ccd, DanglingMass, PageRank, Rate, Sgd};
use gasworks::schedulers::{Sweep, by_name};
use gasworks::{
    Context, Direction, Edges, Engine, Every, Exclusion, Gathers, Min, Outcome, Row, Scope, Signal,
    UpdateFunction, VertexProgram, consistency,
};

// ------------------------------------------------------------------ counting

/// The system's allocator, which counts how often it is asked.
struct Counting;

static ASKED: AtomicU64 = AtomicU64::new(0);

// SAFETY: each call goes to the system's allocator as it came; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ASKED.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`, and all blocks are the system's.
        unsafe { System.realloc(block, layout, size) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and all blocks are the system's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How many blocks a run of so many rounds asks for.
fn counted(rounds: u64, run: impl FnOnce() -> Outcome) -> u64 {
    let before = ASKED.load(Relaxed);
    let outcome = run();
    let asked = ASKED.load(Relaxed) - before;
    assert_eq!(outcome.progress.rounds, rounds, "a run that ends early shows nothing");
    asked
}

// ------------------------------------------------------------------ graphs and programs

/// A torus of about so many vertices, each joined to its four neighbours.
fn torus(vertices: u32) -> GraphBuilder<()> {
    let side = vertices.isqrt();
    let at = |x: u32, y: u32| (y % side) * side + x % side;
    let edges: Vec<[u32; 2]> =
        (0..side * side).flat_map(|v| [[v, at(v + 1, v / side)], [v, at(v, v / side + 1)]]).collect();
    GraphBuilder::directed((side * side) as usize).plain_edges(&edges)
}

/// Ratings of so many users and items, each user with some ten.
fn rated(vertices: u32, width: usize) -> Graph<Row<f32>, f32> {
    let (users, items) = (vertices / 4 * 3, vertices / 4);
    let shape = RatingsShape { users, items, count: 10 * u64::from(users), ..RatingsShape::default() };
    let entries = ratings(&shape).unwrap().entries;
    let (ends, values): (Vec<_>, Vec<_>) =
        entries.iter().map(|rating| ([rating.user, rating.item], rating.value - 3.5)).unzip();
    let graph = GraphBuilder::bipartite(users as usize, items as usize).weighted_edges(&ends, &values);
    let start = initial_factors((users + items) as usize, width, 0.3, 1);
    graph
        .build()
        .unwrap()
        .with_rows(width, |v, row| row.copy_from_slice(&start[width * v as usize..][..width]))
}

/// So many documents of eight words, of four times as few.
fn documents(vertices: u32) -> Corpus {
    let words = vertices / 4;
    let line = |document: u32| {
        let word = |at: u32| format!(" {}:{}", (document * 7 + at * (document % 5 + 1)) % words, at % 3 + 1);
        format!("8{}\n", (0..8).map(word).collect::<String>())
    };
    let text: String = (0..vertices).map(line).collect();
    read_corpus(&Source::from_memory("made.dat", text.into_bytes()), &CorpusOptions::default()).unwrap().data
}

/// Signals in every visit, so that no round has fewer than all.
struct Ever<const PUBLISHED: bool>;

impl<const PUBLISHED: bool> VertexProgram for Ever<PUBLISHED> {
    type Vertex = u32;
    type Ghost = u32;
    type Edge = ();
    type Gather = Min<u32>;
    type Global = ();
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    const GATHERS: Gathers = if PUBLISHED { Gathers::Published } else { Gathers::State };

    fn accumulator(&self) -> Min<u32> {
        Min::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, vertex: &u32, ghost: &mut u32) {
        *ghost = *vertex;
    }
    fn gather(&self, _: &Context<'_, ()>, least: &mut Min<u32>, ghost: &u32, (): &()) {
        least.0 = least.0.min(*ghost);
    }
    fn apply(&self, _: &Context<'_, ()>, vertex: &mut u32, least: &mut Min<u32>) -> Signal {
        *vertex = least.0 / 2 + 1;
        Signal::priority(1.0)
    }
}

/// The same as an update function, which signals itself and all neighbours.
struct Again;

impl UpdateFunction for Again {
    type Vertex = u32;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Full;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        scope.for_each_edge(Edges::All, |mut visit| {
            let (own, _, other) = visit.parts();
            (*own, *other) = (*other / 2 + 1, *own);
            visit.signal(Signal::priority(1.0));
        });
        scope.signal_self(Signal::priority(1.0));
    }
}

// ------------------------------------------------------------------ runs

/// How large a run is.
#[derive(Clone, Copy)]
struct Size {
    vertices: u32,
    rounds: u64,
    threads: usize,
}

/// A program, and how it is run.
struct Case {
    name: String,
    /// How many blocks a run asks for.
    run: Box<dyn Fn(Size) -> u64>,
    /// How many of them are not the engine's own, in each round on so many threads.
    each_round: fn(threads: usize) -> u64,
}

impl Case {
    fn new(name: impl Into<String>, run: impl Fn(Size) -> u64 + 'static) -> Self {
        Case { name: name.into(), run: Box::new(run), each_round: |_| 0 }
    }

    /// Of what an aggregate allocates each time that it is computed, the engine knows nothing.
    fn each_round(self, each_round: fn(usize) -> u64) -> Self {
        Case { each_round, ..self }
    }
}

/// Rayon lists the threads that it calls together, once a call.
fn of_calls(calls: u64, threads: usize) -> u64 {
    if threads > 1 { calls } else { 0 }
}

/// Applies the size to an engine, and counts.
macro_rules! run {
    ($engine:expr, $size:expr) => {{
        let engine = $engine.threads($size.threads).rounds($size.rounds);
        counted($size.rounds, || engine.run().unwrap())
    }};
}

fn with_barriers() -> Vec<Case> {
    let mut cases: Vec<Case> = vec![
        Case::new("a sweep of pagerank", |size: Size| {
            let mut graph = torus(size.vertices).build().unwrap().with_vertices(|v| v as f32);
            let mass = DanglingMass { damping: 0.85, spread: true };
            let ranks = PageRank::default();
            run!(Engine::new(&mut graph, &ranks).scheduler(Sweep::new()).aggregate(&mass), size)
        }),
        Case::new("rounds of states", |size: Size| {
            let mut graph = torus(size.vertices).build().unwrap().with_vertices(|v| v);
            run!(Engine::new(&mut graph, &Ever::<false>), size)
        }),
        Case::new("a search of a torus", |size: Size| {
            // Wide enough that no search ends within the rounds.
            let size = Size { vertices: 16 * size.vertices, ..size };
            let graph = torus(size.vertices).build().unwrap();
            let mut graph = graph.with_vertices(BreadthFirstSearch::start(0));
            run!(Engine::new(&mut graph, &BreadthFirstSearch).start_at([0]), size)
        }),
        Case::new("alternating least squares", |size: Size| {
            let mut graph = rated(size.vertices, 8);
            let als = Als::new(8, 0.1, Regularization::Weighted);
            run!(Engine::new(&mut graph, &als).scheduler(Sweep::sides()), size)
        }),
        Case::new("implicit least squares", |size: Size| {
            let mut graph = rated(size.vertices, 8);
            graph.transform_edges(|_, _, rating| *rating = rating.abs());
            let als = Als::implicit(8, 0.1, Regularization::Plain, 0.7);
            let engine = Engine::new(&mut graph, &als).scheduler(Sweep::sides());
            run!(engine.aggregate_every(Every::Phase, &als), size)
        })
        // A matrix, and room to add it up, before each side.
        .each_round(|_| 4),
    ];
    for direction in [Direction::Auto, Direction::Pull, Direction::Push] {
        cases.push(Case::new(format!("rounds of published ghosts, {direction}"), move |size: Size| {
            let mut graph = torus(size.vertices).build().unwrap().with_vertices(|v| v);
            run!(Engine::new(&mut graph, &Ever::<true>).direction(direction), size)
        }));
    }
    cases
}

fn without_barriers() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let schedulers = ["rounds", "sweep", "fifo", "multiqueue_fifo", "priority", "multiqueue_priority"];
    for exclusion in [Exclusion::Serial, Exclusion::Coloring, Exclusion::Locks, Exclusion::Relaxed] {
        for scheduler in schedulers {
            let order = move || by_name(scheduler).unwrap();
            if exclusion == Exclusion::Coloring && order().selection().is_none() {
                continue;
            }
            let name = |what| format!("{what}, {scheduler}, {exclusion}");
            cases.push(Case::new(name("states"), move |size: Size| {
                let mut graph = torus(size.vertices).build().unwrap().with_vertices(|v| v);
                let engine = Engine::new(&mut graph, &Ever::<false>).asynchronous();
                run!(engine.scheduler(order()).exclusion(exclusion), size)
            }));
            // What these are not admitted with, the engine's table says why.
            if scheduler != "sweep" && exclusion != Exclusion::Coloring {
                cases.push(Case::new(name("published ghosts"), move |size: Size| {
                    let mut graph = torus(size.vertices).build().unwrap().with_vertices(|v| v);
                    let engine = Engine::new(&mut graph, &Ever::<true>).asynchronous();
                    run!(engine.scheduler(order()).exclusion(exclusion), size)
                }));
            }
            cases.push(Case::new(name("update functions"), move |size: Size| {
                let mut graph = torus(size.vertices).build().unwrap().with_vertices(|v| v);
                run!(Engine::updates(&mut graph, &Again, order()).exclusion(exclusion), size)
            }));
        }
    }
    // Somebody who looks ends an epoch after each round.
    for exclusion in [Exclusion::Coloring, Exclusion::Locks, Exclusion::Relaxed] {
        let case = Case::new(format!("looked at after each round, {exclusion}"), move |size: Size| {
            let mut graph = torus(size.vertices).build().unwrap().with_vertices(|v| v);
            let engine = Engine::new(&mut graph, &Ever::<false>).asynchronous().exclusion(exclusion);
            run!(engine.until(|_| false), size)
        });
        cases.push(case.each_round(|threads| of_calls(1, threads)));
    }
    cases.push(Case::new("coordinate descent", |size: Size| {
        let mut graph = rated(size.vertices, 8);
        let ccd = Ccd::new(8, 0.1, Regularization::Weighted);
        run!(Engine::updates(&mut graph, &ccd, Sweep::new()), size)
    }));
    cases.push(Case::new("least squares without barriers", |size: Size| {
        let mut graph = rated(size.vertices, 8);
        let als = Als::new(8, 0.1, Regularization::Weighted);
        run!(Engine::new(&mut graph, &als).scheduler(Sweep::new()).asynchronous(), size)
    }));
    cases
}

fn of_edges() -> Vec<Case> {
    macro_rules! topics {
        ($name:literal, $sampler:ty) => {
            Case::new($name, |size: Size| {
                let corpus = documents(size.vertices);
                let sampler = <$sampler>::with_priors(Priors::new(20, &corpus));
                let mut graph = sampler.graph(&corpus).unwrap();
                run!(sampler.engine(&mut graph, Some([4, 4])), size)
            })
        };
    }
    let mut cases: Vec<Case> = vec![
        // The totals of the topics; where nobody says how many there are, a list that grows.
        topics!("dense sampling of topics", Lda).each_round(|threads| 1 + of_calls(1, threads)),
        topics!("sparse sampling of topics", SparseLda).each_round(|threads| 4 + of_calls(1, threads)),
        // The counts and the totals, before the documents and before the words.
        topics!("sampling of topics by proposals", MetropolisLda).each_round(|_| 4),
    ];
    for exclusion in [Exclusion::Serial, Exclusion::Grid, Exclusion::Relaxed] {
        let case = Case::new(format!("gradient descent, {exclusion}"), move |size: Size| {
            let sgd = Sgd::new(8, 0.1, Rate::Constant(0.01));
            let mut graph = rated(size.vertices, sgd.width());
            run!(Engine::edges(&mut graph, &sgd).blocks(4, 4).exclusion(exclusion), size)
        });
        cases.push(case.each_round(|threads| of_calls(1, threads)));
    }
    cases
}

// ------------------------------------------------------------------ the rule

/// More blocks than these in four times the rounds, which are 48 more, are no lists that double.
const MORE: u64 = 32;
/// More blocks than these on four times the graph, which has some thousand more vertices, are no lists of each worker that double.
const WIDER: u64 = 64;
/// Runs of one size before it is said that it asks for too much.
const TRIES: usize = 12;

#[test]
fn runs_do_not_allocate_for_each_edge_visit_or_round() {
    let few = Size { vertices: 1200, rounds: 16, threads: 1 };
    let mut faults = Vec::new();
    for Case { name, run, each_round } in
        [with_barriers(), without_barriers(), of_edges()].into_iter().flatten()
    {
        for threads in [1, 2] {
            let few = Size { threads, ..few };
            let rounds = 3 * few.rounds;
            // Threads meet in other ways each time, and ask for more where they are kept waiting: what they always ask for is what counts.
            let least = |size, enough| {
                let mut least = u64::MAX;
                for _ in 0..TRIES {
                    least = least.min(run(size));
                    if least <= enough {
                        break;
                    }
                }
                least
            };
            let base = (0..3).map(|_| run(few)).min().unwrap_or_default();
            let allowed = base + MORE + rounds * each_round(threads);
            let longer = least(Size { rounds: few.rounds + rounds, ..few }, allowed);
            let larger = least(Size { vertices: 4 * few.vertices, ..few }, base + WIDER);
            if longer > allowed || larger > base + WIDER {
                faults.push(format!(
                    "{name}, threads: {threads}: {base} blocks, {longer} in four times the rounds, {larger} on four times the graph"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
