//! Data of any type: admitted where a claim keeps others out, refused where they are read while they are written.

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::schedulers::{Rounds, by_name};
use gasworks::{
    Column, Context, Edges, Engine, Error, Exclusion, Finding, Max, Own, Scope, Signal, UpdateFunction,
    VertexProgram, consistency,
};

use super::functions::{awake, pause};

/// Each vertex lists those that it can reach, in order.
struct Reachable;

impl UpdateFunction for Reachable {
    type Vertex = Own<Vec<u32>>;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = Vec<u32>;
    fn scratch(&self) -> Vec<u32> {
        Vec::new()
    }
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, all: &mut Vec<u32>) {
        all.clear();
        all.extend_from_slice(scope.vertex());
        all.push(scope.id());
        scope.for_each_edge(Edges::Out, |mut visit| all.extend_from_slice(visit.parts().2));
        pause(1);
        all.sort();
        all.dedup();
        if *all != *scope.vertex() {
            scope.vertex_mut().clone_from(all);
            scope.for_each_edge(Edges::In, |mut visit| visit.signal(awake()));
        }
    }
}

/// A path with a ring at its end.
fn path() -> Graph<Own<Vec<u32>>, ()> {
    let edges: Vec<_> = (1..30).map(|v| [v - 1, v]).chain([[29, 20], [0, 7], [3, 3]]).collect();
    let graph = GraphBuilder::directed(30).plain_edges(&edges).build().unwrap();
    graph.with_vertex_data(Column::from_fn(30, |_| Vec::new()))
}

#[test]
fn claims_keep_owned_data_whole() {
    for (exclusion, order) in [
        (Exclusion::Serial, "priority"),
        (Exclusion::Coloring, "rounds"),
        (Exclusion::Coloring, "sweep"),
        (Exclusion::Locks, "multiqueue_fifo"),
        (Exclusion::Locks, "sweep"),
    ] {
        for threads in [1, 2, 8] {
            let mut graph = path();
            let engine =
                Engine::updates(&mut graph, &Reachable, by_name(order).unwrap()).exclusion(exclusion);
            let outcome = engine.threads(threads).audit().run().unwrap();
            let finding = outcome.audit.unwrap().finding;
            assert_eq!(
                finding,
                Finding::Serializable { replayed: None },
                "there is no copy to tell it again from"
            );
            for v in 0..30 {
                let expected: Vec<u32> = (v.min(20)..30).collect();
                assert_eq!(*graph.vertex(v), expected, "{v} by {exclusion} under {order}");
            }
        }
    }
}

/// The longest word on the way, as a ghost that is no plain data.
struct Longest;

impl VertexProgram for Longest {
    type Vertex = Own<String>;
    type Ghost = Own<String>;
    type Edge = ();
    type Gather = Max<u32>;
    type Global = ();
    fn accumulator(&self) -> Max<u32> {
        Max::default()
    }
    fn ghost(&self, _: &Context<'_, ()>, vertex: &String, ghost: &mut String) {
        ghost.clone_from(vertex);
    }
    fn gather(&self, _: &Context<'_, ()>, max: &mut Max<u32>, ghost: &String, (): &()) {
        max.0 = max.0.max(ghost.len() as u32);
    }
    fn apply(&self, _: &Context<'_, ()>, vertex: &mut String, max: &mut Max<u32>) -> Signal {
        let grown = (max.0 as usize).saturating_sub(vertex.len());
        vertex.push_str(&"a".repeat(grown));
        Signal::above(0.0, grown as f32)
    }
}

fn words() -> Graph<Own<String>, ()> {
    let edges: Vec<_> = (1..20).map(|v| [v - 1, v]).collect();
    let graph = GraphBuilder::directed(20).plain_edges(&edges).build().unwrap();
    graph.with_vertex_data(Column::from_fn(20, |v| "a".repeat(if v == 3 { 9 } else { v % 3 })))
}

#[test]
fn claims_keep_owned_ghosts_whole() {
    for exclusion in [Exclusion::Serial, Exclusion::Coloring, Exclusion::Locks] {
        for threads in [1, 4] {
            let mut graph = words();
            let engine = Engine::new(&mut graph, &Longest).asynchronous().exclusion(exclusion);
            engine.threads(threads).run().unwrap();
            let longest = |v: usize| if v < 3 { v.min(2) } else { 9 };
            assert!((0..20).all(|v| graph.vertex(v).len() == longest(v as usize)), "{exclusion}");
        }
    }
}

#[test]
fn relaxed_visits_refuse_owned_data_with_the_reason() {
    let (mut graph, mut strings) = (path(), words());
    let function = Engine::updates(&mut graph, &Reachable, Rounds::new()).exclusion(Exclusion::Relaxed).run();
    let program = Engine::new(&mut strings, &Longest).asynchronous().exclusion(Exclusion::Relaxed).run();
    for error in [function, program].map(|outcome| outcome.expect_err("not plain")) {
        let Error::NotAdmitted { what, why, instead } = &error else { panic!("{error}") };
        assert!(what.contains("not plain") && why.contains("read while they are written"), "{error}");
        assert!(instead.contains("Pod"), "{error}");
    }
}
