//! Visits are kept apart as far as was asked, whatever the program declares: each looks who else is at work.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use gasworks::graph::Vertex;
use gasworks::schedulers::{Rounds, Sweep, by_name};
use gasworks::{Context, Engine, Exclusion, Model, Scope, UpdateFunction, consistency};

use super::functions::{awake, pause};
use super::stress::meeting_points;
use crate::programs::shapes::Shape;

/// Declares to touch nothing but its vertex, and looks whether any that must not be visited meanwhile are.
struct Alone {
    /// Whose scopes meet that of a vertex.
    near: Vec<Vec<Vertex>>,
    busy: Vec<AtomicBool>,
    met: AtomicU64,
    visits: u64,
}

impl Alone {
    fn new(shape: &Shape, model: Model) -> Self {
        let (into, out) = shape.neighbors();
        let next = |v: Vertex| into[v as usize].iter().chain(&out[v as usize]).map(|(u, _)| *u);
        let near = |v: Vertex| {
            let mut near: Vec<_> = match model {
                Model::Vertex => Vec::new(),
                Model::Edge => next(v).collect(),
                Model::Full => next(v).chain(next(v).flat_map(next)).collect(),
            };
            near.sort();
            near.dedup();
            near.retain(|u| *u != v);
            near
        };
        let vertices = 0..shape.vertices as u32;
        Alone {
            near: vertices.clone().map(near).collect(),
            busy: vertices.map(|_| AtomicBool::new(false)).collect(),
            met: AtomicU64::new(0),
            visits: 6,
        }
    }
}

impl UpdateFunction for Alone {
    type Vertex = u64;
    type Edge = u64;
    type Global = ();
    type Consistency = consistency::Vertex;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        let own = &self.busy[cx.vertex as usize];
        let twice = own.swap(true, SeqCst);
        let meets =
            || self.near[cx.vertex as usize].iter().any(|near| self.busy[*near as usize].load(SeqCst));
        let before = meets();
        pause(2);
        if twice || before || meets() {
            self.met.fetch_add(1, SeqCst);
        }
        own.store(false, SeqCst);
        if cx.round + 1 < self.visits {
            scope.signal_self(awake());
        }
    }
}

/// How many visits met one that they must not, by the judgement of `judged`.
fn meetings(shape: &Shape, asked: Model, judged: Model, exclusion: Exclusion, order: &str) -> u64 {
    let mut graph = shape.valued(0).with_vertices(|_| 0);
    let alone = Alone::new(shape, judged);
    let engine = Engine::updates(&mut graph, &alone, by_name(order).unwrap()).exclusion(exclusion);
    let engine = if exclusion == Exclusion::Relaxed { engine } else { engine.consistency(asked) };
    let outcome = engine.threads(4).run().unwrap();
    assert_eq!(outcome.progress.updates, 6 * shape.vertices as u64);
    alone.met.into_inner()
}

#[test]
fn no_two_visits_overlap_that_the_model_keeps_apart() {
    for shape in meeting_points() {
        for model in [Model::Vertex, Model::Edge, Model::Full] {
            for (exclusion, order) in [
                (Exclusion::Serial, "sweep"),
                (Exclusion::Coloring, "rounds"),
                (Exclusion::Locks, "rounds"),
                (Exclusion::Locks, "multiqueue_priority"),
            ] {
                let met = meetings(&shape, model, model, exclusion, order);
                assert_eq!(met, 0, "{model:?} by {exclusion} under {order} on {}", shape.name);
            }
        }
        assert_eq!(
            meetings(&shape, Model::Vertex, Model::Vertex, Exclusion::Relaxed, "fifo"),
            0,
            "{}",
            shape.name
        );
    }
}

/// And no more are kept apart than that: a weaker model lets some meet that a stronger one does not.
#[test]
fn visits_overlap_where_the_model_lets_them() {
    let star = &meeting_points()[0];
    let clique = &meeting_points()[4];
    let meet = |shape: &Shape, asked, judged, exclusion| {
        (0..200).any(|_| meetings(shape, asked, judged, exclusion, "rounds") > 0)
    };
    // Of a color, so few leaves are one chunk, which one worker visits.
    assert!(meet(star, Model::Edge, Model::Full, Exclusion::Locks), "leaves meet");
    assert!(meet(clique, Model::Vertex, Model::Edge, Exclusion::Locks), "neighbors meet");
}

#[test]
fn what_is_asked_is_planned() {
    let shape = &meeting_points()[0];
    for model in [Model::Vertex, Model::Edge, Model::Full] {
        let (mut graph, alone) = (shape.valued(0).with_vertices(|_| 0), Alone::new(shape, model));
        let engine = Engine::updates(&mut graph, &alone, Sweep::new()).consistency(model);
        let plan = engine.plan().unwrap();
        // A coloring of distance two has too many colors to be chosen unasked.
        let expected = if model == Model::Full { Exclusion::Locks } else { Exclusion::Coloring };
        assert_eq!((plan.consistency, plan.exclusion), (Some(model), Some(expected)));
        assert_eq!(engine.run().unwrap().plan, plan);
        let engine = Engine::updates(&mut graph, &alone, Rounds::new()).consistency(Model::Full).threads(1);
        assert_eq!(engine.plan().unwrap().exclusion, Some(Exclusion::Serial));
    }
}
