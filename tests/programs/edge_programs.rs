//! Edge programs: block by block, one at a time, and relaxed.

use gasworks::graph::{Graph, GraphBuilder, Topology};
use std::ops::ControlFlow;
use std::sync::Mutex;

use gasworks::{
    Aggregate, Block, Column, Context, EdgeProgram, Engine, Exclusion, Outcome, Over, Own, Progress, Reason,
    Row, Signal, Simd, Sum, VertexProgram,
};

use super::shapes::{Kind, shapes};

struct Sgd;

impl EdgeProgram for Sgd {
    type Vertex = Row<f32>;
    type Edge = f32;
    type Global = ();
    type Scratch = u64;
    fn scratch(&self) -> u64 {
        0
    }
    fn update(&self, _: &Context<'_, ()>, user: &mut [f32], rating: &mut f32, item: &mut [f32], _: &mut u64) {
        let error = *rating - user.iter().zip(&*item).map(|(u, i)| u * i).sum::<f32>();
        for (u, i) in user.iter_mut().zip(item) {
            (*u, *i) = (*u + 0.05 * error * *i, *i + 0.05 * error * *u);
        }
    }
}

fn squared_error(graph: &Graph<Row<f32>, f32>) -> f32 {
    let dot = |u, v| graph.vertex(u).iter().zip(graph.vertex(v)).map(|(a, b)| a * b).sum::<f32>();
    graph.edge_list().map(|(u, v, rating)| (rating - dot(u, v)).powi(2)).sum()
}

#[test]
fn stochastic_gradient_descent_lowers_the_error() {
    let pairs: Vec<_> = (0..6u32).flat_map(|u| (0..5).map(move |i| [u, i])).collect();
    let value = |[u, i]: &[u32; 2]| 1.0 + 0.3 * *u as f32 + 0.2 * (*i * (u % 2)) as f32;
    let ratings: Vec<_> = pairs.iter().map(value).collect();
    let graph = GraphBuilder::bipartite(6, 5).weighted_edges(&pairs, &ratings).build().unwrap();
    let start = |v: u32, row: &mut [f32]| row.copy_from_slice(&[0.5, 0.1 * v as f32, 0.3]);
    let mut graph = graph.with_rows(3, start);
    let mut errors = vec![squared_error(&graph)];
    for _ in 0..5 {
        let outcome = Engine::edges(&mut graph, &Sgd).rounds(40).run().unwrap();
        assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Rounds, 40));
        assert_eq!(outcome.progress.updates, 40 * 30);
        errors.push(squared_error(&graph));
    }
    assert!(errors.is_sorted_by(|a, b| a > b) && errors[5] < 0.02 * errors[0], "{errors:?}");
}

/// Counts the visits of each edge and of each end.
struct Touch;

impl EdgeProgram for Touch {
    type Vertex = u32;
    type Edge = f32;
    type Global = ();
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, source: &mut u32, edge: &mut f32, target: &mut u32, (): &mut ()) {
        *source += 1;
        *target += 1000;
        *edge += 8.0;
    }
}

#[test]
fn a_pass_visits_each_edge_but_self_loops_once() {
    for shape in shapes() {
        for (exclusion, threads) in EXECUTORS {
            let mut graph = shape.weighted().with_vertices(|_| 0);
            let before: Vec<f32> = graph.edge_list().map(|(_, _, weight)| *weight).collect();
            // Relaxed steps may lose each other's.
            let threads = if exclusion == Exclusion::Relaxed { 1 } else { threads };
            let engine = Engine::edges(&mut graph, &Touch).exclusion(exclusion).threads(threads);
            let outcome = engine.rounds(1).run().unwrap();
            let visited = shape.edge_list().filter(|(u, v, _)| u != v).count();
            assert_eq!(outcome.progress.updates, visited as u64, "{}", shape.name);
            for ((u, v, new), old) in graph.edge_list().zip(before) {
                assert_eq!(*new, if u == v { old } else { old + 8.0 });
            }
            let mut expected = vec![0; shape.vertices];
            for (u, v, _) in shape.edge_list().filter(|(u, v, _)| u != v) {
                let (u, v) = if shape.kind == Kind::Undirected { (u.min(v), u.max(v)) } else { (u, v) };
                expected[u as usize] += 1;
                expected[v as usize] += 1000;
            }
            assert_eq!(graph.vertex_data().as_slice(), expected, "{}, {exclusion}", shape.name);
        }
    }
}

const EXECUTORS: [(Exclusion, usize); 6] = [
    (Exclusion::Serial, 1),
    (Exclusion::Grid, 1),
    (Exclusion::Grid, 2),
    (Exclusion::Grid, 3),
    (Exclusion::Grid, 8),
    (Exclusion::Relaxed, 4),
];

/// Each end remembers in which order its edges came, and what the other end had seen by then; the order of all is written down.
struct Witness {
    log: Mutex<Vec<u64>>,
}

fn follow(own: u64, other: u64, edge: u64, random: u64) -> u64 {
    (own.rotate_left(7) ^ other).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(edge ^ random)
}

impl EdgeProgram for Witness {
    type Vertex = u64;
    type Edge = u64;
    type Global = ();
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, ()>, source: &mut u64, edge: &mut u64, target: &mut u64, (): &mut ()) {
        self.log.lock().unwrap().push(*edge);
        let random = cx.random(1).next_u64();
        (*source, *target) =
            (follow(*source, *target, *edge, random), follow(*target, *source, *edge, !random));
    }
}

#[test]
fn a_run_is_as_if_blocks_came_one_after_the_other_whatever_the_number_of_threads() {
    let (mut large, mut same_pass, mut same_seed) = (0, 0, 0);
    for shape in shapes() {
        for blocks in [None, Some(1), Some(3), Some(6)] {
            let run = |exclusion, threads, seed| {
                let mut graph = shape.valued(0).with_vertices(u64::from);
                graph.transform_edges(|u, v, edge| *edge = u64::from(u) << 32 | u64::from(v));
                let witness = Witness { log: Mutex::default() };
                let engine = Engine::edges(&mut graph, &witness).exclusion(exclusion).threads(threads);
                let engine = if let Some(parts) = blocks { engine.blocks(parts, parts) } else { engine };
                let outcome: Outcome = engine.seed(seed).rounds(3).run().unwrap();
                assert_eq!(outcome.plan.exclusion, Some(exclusion));
                (graph.vertex_data().as_slice().to_vec(), witness.log.into_inner().unwrap())
            };
            let (serial, order) = run(Exclusion::Serial, 1, 5);
            for threads in [1, 2, 4, 7] {
                let (found, _) = run(Exclusion::Grid, threads, 5);
                assert_eq!(found, serial, "{}, {blocks:?} blocks, {threads} threads", shape.name);
            }
            let visited = order.len() / 3;
            if visited > 20 && blocks != Some(1) {
                large += 1;
                same_pass += usize::from(order[..visited] == order[visited..2 * visited]);
                same_seed += usize::from(run(Exclusion::Serial, 1, 6).0 == serial);
            }
        }
    }
    // Few blocks have few orders.
    assert!(large > 20 && same_pass < large / 4, "{same_pass} of {large} runs have one order in two passes");
    assert!(same_seed < large / 4, "{same_seed} of {large} runs are those of another seed");
}

#[test]
fn an_observer_sees_each_pass_and_may_end_the_run() {
    let shape = &shapes()[3..].iter().find(|shape| shape.edges.len() > 3).cloned().unwrap();
    let mut graph = shape.weighted().with_vertices(|_| 0);
    let mut seen = Vec::new();
    let mut observer = |progress: &Progress, vertices: &Column<u32>| {
        seen.push((progress.rounds, vertices.iter().sum::<u32>()));
        if progress.rounds == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let outcome = Engine::edges(&mut graph, &Touch).observer(&mut observer).run().unwrap();
    assert_eq!((outcome.reason, outcome.progress.rounds), (Reason::Stopped, 3));
    let each = seen[0].1;
    assert!(each > 0);
    assert_eq!(seen, [(1, each), (2, 2 * each), (3, 3 * each)]);
}

/// Fails at one edge.
struct Trap(f32);

impl EdgeProgram for Trap {
    type Vertex = u32;
    type Edge = f32;
    type Global = ();
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, source: &mut u32, edge: &mut f32, target: &mut u32, (): &mut ()) {
        assert!(*edge != self.0, "the edge of {}", self.0);
        *edge += 1000.0;
        *source += 1;
        *target += 1;
    }
}

/// The sum of the weights along in-edges.
struct InWeights;

impl VertexProgram for InWeights {
    type Vertex = f32;
    type Ghost = ();
    type Edge = f32;
    type Gather = Sum<f32>;
    type Global = ();
    fn accumulator(&self) -> Sum<f32> {
        Sum(0.0)
    }
    fn ghost(&self, _: &Context<'_, ()>, _: &f32, (): &mut ()) {}
    fn gather(&self, _: &Context<'_, ()>, sum: &mut Sum<f32>, (): &(), weight: &f32) {
        sum.0 += weight;
    }
    fn apply(&self, _: &Context<'_, ()>, vertex: &mut f32, sum: &mut Sum<f32>) -> Signal {
        *vertex = sum.0;
        Signal::NONE
    }
}

#[test]
fn a_panic_leaves_whole_data_and_comes_through() {
    let pairs: Vec<_> = (0..12u32).flat_map(|u| (0..9).map(move |v| [u, v])).collect();
    let weights: Vec<f32> = (0..108u8).map(f32::from).collect();
    for (exclusion, threads) in EXECUTORS {
        let graph = GraphBuilder::bipartite(12, 9).weighted_edges(&pairs, &weights).build().unwrap();
        let mut graph = graph.with_vertices(|_| 0u32);
        let trap = Trap(50.0);
        let engine = Engine::edges(&mut graph, &trap).exclusion(exclusion).threads(threads).rounds(1);
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.run()));
        let payload = run.unwrap_err();
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "the edge of 50");
        let written = graph.edge_list().filter(|(_, _, weight)| **weight >= 1000.0).count();
        let seen: u32 = graph.vertex_data().iter().sum();
        assert!(exclusion == Exclusion::Relaxed || seen as usize == 2 * written, "{exclusion}");
        assert!(graph.edge_list().all(|(u, v, weight)| {
            let old = 9.0 * u as f32 + (v - 12) as f32;
            *weight == old || *weight == old + 1000.0 && old != 50.0
        }));
        // The same along in-edges.
        let mut expected = [0.0; 21];
        graph.edge_list().for_each(|(_, v, weight)| expected[v as usize] += *weight);
        let mut graph = graph.with_vertices(|_| 0.0);
        Engine::new(&mut graph, &InWeights).rounds(1).run().unwrap();
        assert_eq!(graph.vertex_data().as_slice(), expected);
    }
}

/// Joins lists: data that are not plain.
struct Join;

impl EdgeProgram for Join {
    type Vertex = Own<Vec<u32>>;
    type Edge = ();
    type Global = ();
    type Scratch = ();
    fn scratch(&self) {}
    fn update(
        &self,
        _: &Context<'_, ()>,
        source: &mut Vec<u32>,
        (): &mut (),
        target: &mut Vec<u32>,
        (): &mut (),
    ) {
        source.push(target[0]);
        target.push(source[0]);
    }
}

#[test]
fn owned_data_are_admitted_but_relaxed() {
    let graph = || {
        let pairs: Vec<_> = (0..40u32).map(|v| [v, (v * 7 + 3) % 40]).collect();
        let graph = GraphBuilder::directed(40).plain_edges(&pairs).build().unwrap();
        graph.with_vertex_data(Column::<Own<Vec<u32>>>::from_fn(40, |v| vec![v as u32]))
    };
    let mut joined = graph();
    Engine::edges(&mut joined, &Join).threads(3).rounds(1).run().unwrap();
    assert!((0..40).all(|v| joined.vertex(v).len() == 3 && joined.vertex(v).contains(&((v * 7 + 3) % 40))));
    let refused = Engine::edges(&mut graph(), &Join).exclusion(Exclusion::Relaxed).rounds(1).run();
    assert!(refused.unwrap_err().to_string().contains("relaxed exclusion for data that are not plain"));
}

/// Adds the remainder of the global by 7 to each edge and its source, and checks that the block says whether it is the only one.
struct Feed {
    is_whole: bool,
}

impl EdgeProgram for Feed {
    type Vertex = u64;
    type Edge = u64;
    type Global = u64;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, u64>, source: &mut u64, edge: &mut u64, _: &mut u64, (): &mut ()) {
        *edge += 1 + cx.global % 7;
        *source += 1 + cx.global % 7;
    }
    fn update_block<S: Simd>(&self, _: S, cx: &Context<'_, u64>, block: &mut Block<'_, Self>, (): &mut ()) {
        assert!(block.rows() == 0 || block.is_whole() == self.is_whole);
        for row in (0..block.rows()).map(|row| block.row(row)).collect::<Vec<_>>() {
            for at in 0..row.len() {
                let (source, edge, target) = block.edge(row, at);
                self.update(cx, source, edge, target, &mut ());
            }
        }
    }
}

/// The sum over all vertices, or over all edges.
struct Total<const EDGES: bool>;

impl<const EDGES: bool> Aggregate<u64, u64> for Total<EDGES> {
    type Part = u64;
    type Global = u64;
    const OVER: Over = if EDGES { Over::Edges } else { Over::Vertices };
    fn zero(&self) -> u64 {
        0
    }
    fn fold_vertex(&self, sum: &mut u64, _: &Topology, _: u32, data: &u64) {
        *sum += data;
    }
    fn fold_edge(&self, sum: &mut u64, _: u32, _: u32, data: &u64) {
        *sum += data;
    }
    fn merge(&self, sum: &mut u64, part: u64) {
        *sum += part;
    }
    fn finalize(&self, _: &Topology, sum: u64) -> u64 {
        sum
    }
}

#[test]
fn a_pass_reads_the_aggregate_of_what_the_pass_before_it_left() {
    let pairs: Vec<[u32; 2]> = (0..12).flat_map(|u| (0..9).map(move |v| [u, v])).collect();
    for (exclusion, threads) in EXECUTORS {
        // Relaxed steps on one vertex may lose each other's.
        let threads = if exclusion == Exclusion::Relaxed { 1 } else { threads };
        for blocks in [1, 3] {
            let run = |over_edges: bool, passes: u64| {
                let builder = GraphBuilder::bipartite(12, 9).edges_from(pairs.clone(), |ends| (ends, 1u64));
                let mut graph = builder.build().unwrap().with_vertices(|_| 2u64);
                let feed = Feed { is_whole: blocks == 1 };
                let engine = Engine::edges(&mut graph, &feed).exclusion(exclusion).threads(threads);
                let engine = engine.blocks(blocks, blocks).rounds(passes);
                let engine = if over_edges {
                    engine.aggregate(&Total::<true>)
                } else {
                    engine.aggregate(&Total::<false>)
                };
                engine.run().unwrap();
                let edges: u64 = graph.edge_list().map(|(_, _, edge)| *edge).sum();
                [graph.vertex_data().iter().sum::<u64>(), edges]
            };
            for over_edges in [false, true] {
                let mut expected = [2 * 21, 108];
                for passes in 1..6 {
                    let more = 108 * (1 + expected[usize::from(over_edges)] % 7);
                    expected = expected.map(|sum| sum + more);
                    assert_eq!(
                        run(over_edges, passes),
                        expected,
                        "{exclusion}, {blocks} parts, {passes} passes"
                    );
                }
            }
        }
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let mut graph =
        GraphBuilder::directed(4).weighted_edges(&[[0, 1]], &[1.0f32]).build().unwrap().with_vertices(|_| 0);
    type Run<'r> = &'r dyn Fn(&mut Graph<u32, f32>) -> Result<Outcome, gasworks::Error>;
    let mut refused = |why: &str, run: Run<'_>| {
        let sentence = run(&mut graph).unwrap_err().to_string();
        assert!(sentence.contains(why), "{sentence}");
    };
    for exclusion in [Exclusion::Coloring, Exclusion::Locks] {
        refused("coloring or locks for an edge program", &|graph| {
            Engine::edges(graph, &Touch).exclusion(exclusion).rounds(1).run()
        });
    }
    refused("an audit of an edge program", &|graph| Engine::edges(graph, &Touch).audit().rounds(1).run());
    refused("more blocks along one side", &|graph| Engine::edges(graph, &Touch).blocks(2, 3).rounds(1).run());
    refused("a coloring beside exclusion by grid", &|graph| {
        Engine::edges(graph, &Touch).coloring([0, 1, 0, 0]).exclusion(Exclusion::Grid).rounds(1).run()
    });
}

/// Both ends count their edges, by ones in steps and by thousands when they are settled, and see who is before whom.
struct Settled;

impl EdgeProgram for Settled {
    type Vertex = u64;
    type Edge = u64;
    type Global = ();
    type Scratch = ();
    const NEEDS_BLOCK: bool = true;
    const SETTLES: bool = true;
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, _: &mut u64, _: &mut u64, _: &mut u64, (): &mut ()) {
        panic!("never called");
    }
    fn update_block<S: Simd>(&self, _: S, _: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        for row in 0..block.rows() {
            let row = block.row(row);
            for at in 0..row.len() {
                let (source, edge, target) = block.edge(row, at);
                [*source, *target] = [*source + 1, *target + 1];
                *edge += 1;
            }
        }
    }
    fn settle_block<S: Simd>(&self, _: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        for row in 0..block.rows() {
            let row = block.row(row);
            for at in 0..row.len() {
                let degree = u64::from(row.context(cx, at).degree());
                let (source, edge, target) = block.edge(row, at);
                assert_eq!(*source % 1000, (cx.round + 1) * degree, "its steps are done, in all blocks");
                assert_eq!(*edge % 1000, cx.round + 1);
                [*source, *target] = [*source + 1000, *target + 1000];
                *edge += 1000;
            }
        }
    }
}

#[test]
fn blocks_are_settled_after_the_steps_of_all_and_before_anybody_looks() {
    let pairs: Vec<_> = (0..30u32).flat_map(|u| (0..20).map(move |i| [u, i])).collect();
    let pairs: Vec<_> = pairs.into_iter().filter(|[u, i]| (u * 7 + i * 5) % 11 < 6).collect();
    for (exclusion, threads) in
        EXECUTORS.into_iter().filter(|(exclusion, _)| *exclusion != Exclusion::Relaxed)
    {
        let graph = GraphBuilder::bipartite(30, 20).weighted_edges(&pairs, &vec![0u64; pairs.len()]).build();
        let mut graph = graph.unwrap().with_vertices(|_| 0u64);
        let mut sums = Vec::new();
        let mut look = |_: &Progress, vertices: &Column<u64>| {
            sums.push(vertices.as_slice().iter().sum::<u64>());
            ControlFlow::Continue(())
        };
        let engine = Engine::edges(&mut graph, &Settled).exclusion(exclusion).threads(threads);
        let outcome = engine.blocks(5, 4).rounds(3).observer(&mut look).run().unwrap();
        assert_eq!(outcome.progress.updates, 3 * pairs.len() as u64, "settling counts no updates");
        let each = 2 * 1001 * pairs.len() as u64;
        assert_eq!(sums, [each, 2 * each, 3 * each], "{exclusion}, {threads} threads");
        assert!(graph.edge_list().all(|(_, _, edge)| *edge == 3 * 1001));
    }
}
