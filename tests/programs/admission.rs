//! What is refused, with a sentence that helps, and what a panic leaves behind.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::{BreadthFirstSearch, Components, PageRank};
use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{
    Context, EdgeProgram, Edges, Engine, Error, ErrorKind, Exclusion, Gathers, Model, Outcome, Phase,
    Scheduler, Selection, Signal, Sum, Task, VertexProgram, Writes,
};

/// A program whose constants say what the parameters say.
struct Odd<const WRITES: bool, const PUBLISHED: bool, const COPIES: bool>;

impl<const WRITES: bool, const PUBLISHED: bool, const COPIES: bool> VertexProgram
    for Odd<WRITES, PUBLISHED, COPIES>
{
    type Vertex = f32;
    type Ghost = u32;
    type Edge = ();
    type Gather = Sum<u32>;
    type Global = ();
    const SCATTER: Edges = Edges::All;
    const GATHERS: Gathers = if PUBLISHED { Gathers::Published } else { Gathers::State };
    const WRITES_EDGES: Writes = if WRITES { Writes::Source } else { Writes::None };
    const GHOST_IS_VERTEX: bool = COPIES;
    fn accumulator(&self) -> Sum<u32> {
        Sum::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, _: &f32, ghost: &mut u32) {
        *ghost = 1;
    }
    fn gather(&self, _: &Context<'_, ()>, sum: &mut Sum<u32>, ghost: &u32, (): &()) {
        sum.0 += ghost;
    }
    fn apply(&self, cx: &Context<'_, ()>, vertex: &mut f32, sum: &mut Sum<u32>) -> Signal {
        assert!(*vertex >= 0.0, "vertex {} is negative", cx.vertex);
        *vertex += sum.0 as f32;
        Signal::priority(1.0)
    }
}

fn refused(result: Result<Outcome, Error>) -> String {
    let error = result.expect_err("not admitted");
    assert!(matches!(error, Error::NotAdmitted { .. }), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Usage);
    let sentence = error.to_string();
    let [what, why] = sentence.split(" is not admitted: ").collect::<Vec<_>>()[..] else {
        panic!("{sentence}")
    };
    assert!(!what.is_empty() && why.split("; ").all(|part| part.len() > 8), "{sentence}");
    assert!(why.contains("; "), "no advice: {sentence}");
    sentence
}

#[test]
fn who_counts_rounds_needs_barriers() {
    let edges = GraphBuilder::directed(2).plain_edges(&[[0, 1]]).build().unwrap();
    let mut graph = edges.with_vertices(BreadthFirstSearch::start(0));
    let run = Engine::new(&mut graph, &BreadthFirstSearch).asynchronous().start_at([0]).run();
    assert!(refused(run).contains("needs rounds"));
}

fn sides() -> Graph<f32, ()> {
    GraphBuilder::bipartite(2, 2).plain_edges(&[[0, 0], [1, 1]]).build().unwrap().with_vertices(|_| 0.0)
}

fn plain() -> Graph<f32, ()> {
    GraphBuilder::directed(4).plain_edges(&[[0, 2], [1, 3]]).build().unwrap().with_vertices(|_| 0.0)
}

fn run<P>(mut graph: Graph<f32, ()>, program: &P, order: impl Scheduler) -> Result<Outcome, Error>
where
    P: VertexProgram<Vertex = f32, Edge = ()>,
{
    Engine::new(&mut graph, program).scheduler(order).rounds(2).run()
}

#[test]
fn what_no_executor_runs_is_refused_with_a_sentence() {
    let cases = [
        (run(plain(), &Odd::<true, false, false>, Sweep::new()), "writes edges"),
        (run(plain(), &Odd::<false, true, false>, Rounds::new()), "SCATTER"),
        (run(plain(), &PageRank::default(), Sweep::sides()), "bipartite"),
        (run(plain(), &PageRank::default(), Rounds::sides()), "bipartite"),
        (run(sides(), &Odd::<false, false, true>, Sweep::sides()), "GHOST_IS_VERTEX"),
    ];
    for (result, named) in cases {
        let sentence = refused(result);
        assert!(sentence.contains(named), "{named} is not in: {sentence}");
    }
    let labels = || sides().with_vertices(|v| v);
    let sentence = refused(Engine::new(&mut labels(), &Components).scheduler(Sweep::new()).run());
    assert!(sentence.contains("everyone"), "{sentence}");
    let sentence = refused(Engine::new(&mut labels(), &Components).scheduler(Rounds::sides()).run());
    assert!(sentence.contains("sides"), "{sentence}");
}

/// Says which phases a round has, and nothing else.
struct Phases(&'static [Phase]);

impl Scheduler for Phases {
    fn name(&self) -> &'static str {
        "phases"
    }
    fn selection(&self) -> Option<Selection> {
        Some(Selection::Signalled)
    }
    fn phases(&self) -> &'static [Phase] {
        self.0
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, _: &[Task]) {}
    fn next(&self, _: usize, _: &mut Vec<u32>) {}
}

#[test]
fn phases_that_leave_vertices_out_are_refused() {
    for phases in [&[][..], &[Phase::Left], &[Phase::Right, Phase::Left], &[Phase::All, Phase::Left]] {
        let sentence = refused(run(sides(), &PageRank::default(), Phases(phases)));
        assert!(sentence.contains("phases"), "{sentence}");
    }
    assert!(run(sides(), &PageRank::default(), Phases(&[Phase::Left, Phase::Right])).is_ok());
}

#[test]
fn what_means_nothing_under_barriers_is_refused() {
    let (mut graph, program) = (plain(), PageRank::default());
    let sentence = refused(Engine::new(&mut graph, &program).exclusion(Exclusion::Locks).rounds(1).run());
    assert!(sentence.contains("barriers"), "{sentence}");
    refused(Engine::new(&mut graph, &program).consistency(Model::Full).rounds(1).run());
    refused(Engine::new(&mut graph, &program).coloring([0; 4]).rounds(1).run());
    refused(Engine::new(&mut graph, &program).audit().rounds(1).run());
    assert_eq!(graph.vertex_data().as_slice(), [0.0; 4]);
}

/// Has no rounds.
struct Priorities;

impl Scheduler for Priorities {
    fn name(&self) -> &'static str {
        "priorities"
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, _: &[Task]) {}
    fn next(&self, _: usize, _: &mut Vec<u32>) {}
}

#[test]
fn a_scheduler_without_rounds_is_refused_where_there_are_barriers() {
    let sentence = refused(run(plain(), &PageRank::default(), Priorities));
    assert!(sentence.contains("priorities"), "{sentence}");
}

#[test]
fn starters_are_refused_where_everyone_runs() {
    let (mut graph, program) = (plain(), PageRank::default());
    let engine = Engine::new(&mut graph, &program).scheduler(Sweep::new()).start_at([1]);
    let sentence = refused(engine.rounds(1).run());
    assert!(sentence.contains("start_at"), "{sentence}");
}

#[test]
fn what_is_close_to_it_is_admitted() {
    assert!(run(sides(), &Odd::<false, false, false>, Sweep::sides()).is_ok());
    // A promise about ghosts is only taken up where sides publish in place.
    assert!(run(plain(), &Odd::<false, false, true>, Sweep::new()).is_ok());
    assert!(run(sides(), &PageRank::default(), Rounds::sides()).is_ok());
}

#[test]
fn a_refusal_leaves_the_graph_as_it_was() {
    let mut graph = plain().with_vertices(|v| v as f32);
    refused(Engine::new(&mut graph, &PageRank::default()).scheduler(Sweep::sides()).run());
    assert_eq!(graph.vertex_data().as_slice(), [0.0, 1.0, 2.0, 3.0]);
}

/// Does nothing.
struct Idle;

impl EdgeProgram for Idle {
    type Vertex = f32;
    type Edge = ();
    type Global = ();
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, _: &mut f32, (): &mut (), _: &mut f32, (): &mut ()) {}
}

#[test]
fn an_edge_program_that_nothing_would_stop_is_refused() {
    let sentence = refused(Engine::edges(&mut plain(), &Idle).run());
    assert!(sentence.contains("rounds"), "{sentence}");
    assert!(Engine::edges(&mut plain(), &Idle).rounds(1).run().is_ok());
}

#[test]
fn a_panic_of_a_program_reaches_the_caller_and_leaves_a_graph() {
    let n = 3000;
    let edges: Vec<_> = (1..n).map(|v| [v - 1, v]).collect();
    for threads in [1, 2, 8] {
        let graph = GraphBuilder::directed(n as usize).plain_edges(&edges).build().unwrap();
        let mut graph = graph.with_vertices(|v| if v == 1234 { -1.0 } else { 0.0 });
        let panic = catch_unwind(AssertUnwindSafe(|| {
            Engine::new(&mut graph, &Odd::<false, false, false>).threads(threads).rounds(3).run()
        }))
        .expect_err("a panic");
        let said = panic.downcast_ref::<String>().expect("a message");
        assert!(said.contains("vertex 1234 is negative"), "{said}");
        assert_eq!(*graph.vertex(1234), -1.0);
        assert!((0..n).all(|v| v == 1234 || [0.0, 1.0].contains(graph.vertex(v))));
        // The graph is whole: put right, it runs.
        graph.vertex_data_mut().as_mut_slice().fill(0.0);
        let outcome = Engine::new(&mut graph, &Odd::<false, false, false>).threads(threads).rounds(1).run();
        assert_eq!(outcome.unwrap().progress.updates, u64::from(n));
        assert!((0..n).all(|v| *graph.vertex(v) == f32::from(v > 0)));
    }
}

#[test]
fn a_beginner_that_does_not_exist_is_a_panic_that_names_it() {
    let mut graph = plain();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        Engine::new(&mut graph, &PageRank::default()).start_at([1, 4]).rounds(1).run()
    }));
    let panic = panic.expect_err("a panic");
    assert!(panic.downcast_ref::<String>().unwrap().contains("vertex 4 of 4"));
}
