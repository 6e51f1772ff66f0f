//! Update functions that notice when they are not kept apart. All have a word on each vertex and each edge.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gasworks::graph::Graph;
use gasworks::{Context, Edges, Scope, Signal, UpdateFunction, consistency};

use crate::programs::chaos::mix;
use crate::programs::shapes::Shape;

/// A signal that wakes.
pub(crate) fn awake() -> Signal {
    Signal::priority(1.0)
}

/// Lets others in, if there are any: on few cores, threads seldom meet by themselves.
pub(crate) fn pause(yields: u32) {
    (0..yields).for_each(|_| std::thread::yield_now());
}

/// Full consistency: gives one unit to each neighbor that has two less, until all edges are level. Counts the units on the edges.
pub(crate) struct Level {
    pub(crate) yields: u32,
}

impl Level {
    pub(crate) fn start(vertex: u32) -> u64 {
        mix(vertex.into()) % 8
    }
}

impl UpdateFunction for Level {
    type Vertex = u64;
    type Edge = u64;
    type Global = ();
    type Consistency = consistency::Full;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        scope.for_each_edge(Edges::All, |mut visit| {
            let (own, edge, other) = visit.parts();
            let (had, met, sent) = (*own, *other, *edge);
            if had > met + 1 {
                pause(self.yields);
                (*own, *other, *edge) = (had - 1, met + 1, sent + 1);
                visit.signal(awake());
            }
        });
        let mut unequal = false;
        scope.for_each_edge(Edges::All, |mut visit| {
            let (own, _, other) = visit.parts();
            unequal |= *own > *other + 1;
            // Who gives becomes poor in the eyes of the rich.
            let richer = *other > *own + 1;
            visit.signal(if richer { awake() } else { Signal::NONE });
        });
        if unequal {
            scope.signal_self(awake());
        }
    }
}

/// Edge consistency: reads all neighbors twice, and writes which end it is to the end of a list of bits on each edge. A vertex
/// counts its visits below, and above them the neighbors that moved in between.
pub(crate) struct Witness {
    pub(crate) visits: u64,
    pub(crate) yields: u32,
}

pub(crate) const MOVED: u64 = 1 << 32;

impl UpdateFunction for Witness {
    type Vertex = u64;
    type Edge = u64;
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = Vec<u64>;
    fn scratch(&self) -> Vec<u64> {
        Vec::new()
    }
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, first: &mut Vec<u64>) {
        if cx.round >= self.visits {
            return;
        }
        first.clear();
        scope.for_each_edge(Edges::All, |mut visit| {
            let (_, edge, other) = visit.parts();
            first.extend([*other, *edge]);
        });
        let own = *scope.vertex();
        pause(self.yields);
        let mut moved = u64::from(*scope.vertex() != own);
        let mut before = first.iter();
        scope.for_each_edge(Edges::All, |mut visit| {
            let bit = u64::from(visit.is_outgoing());
            let (_, edge, other) = visit.parts();
            moved += u64::from(before.next() != Some(other)) + u64::from(before.next() != Some(&*edge));
            *edge = *edge << 1 | bit;
            if cx.round == 0 {
                visit.signal(awake());
            }
        });
        *scope.vertex_mut() = own + 1 + moved * MOVED;
        scope.signal_self(awake());
    }
}

impl Witness {
    pub(crate) fn graph(shape: &Shape) -> Graph<u64, u64> {
        // The one marks where the list of bits begins.
        shape.valued(1).with_vertices(|_| 0)
    }

    /// What was seen to move.
    pub(crate) fn moved(graph: &Graph<u64, u64>) -> u64 {
        graph.vertex_data().iter().map(|data| data / MOVED).sum()
    }

    /// Panics unless the lists on the edges hold what the visits of their ends wrote, each once.
    pub(crate) fn check(graph: &Graph<u64, u64>, what: &str) {
        assert_eq!(Self::moved(graph), 0, "{what}: neighbors moved during a visit");
        let undirected = graph.topology().is_undirected();
        for (u, v, list) in graph.edge_list() {
            let from = if u == v { 0 } else { *graph.vertex(u) as u32 };
            // Of an undirected edge, each direction is written by its own source.
            let to = if u == v || undirected { 0 } else { *graph.vertex(v) as u32 };
            assert_eq!(list.ilog2(), from + to, "{what}: marks on edge {u} -> {v}");
            assert_eq!(list.count_ones() - 1, from, "{what}: marks of {u} on edge {u} -> {v}");
        }
    }
}

/// Vertex consistency: so many steps of each vertex, in its own time; more visits change nothing.
#[derive(Default)]
pub(crate) struct Steps {
    pub(crate) yields: u32,
    /// Visits that found a vertex otherwise than they left it.
    pub(crate) disturbed: AtomicU64,
}

impl Steps {
    fn most(vertex: u32) -> u64 {
        1 + u64::from(vertex % 4)
    }

    pub(crate) fn end(vertex: u32) -> u64 {
        (0..Self::most(vertex)).fold(vertex.into(), |data, round| mix(data ^ round))
    }
}

impl UpdateFunction for Steps {
    type Vertex = u64;
    type Edge = u64;
    type Global = ();
    type Consistency = consistency::Vertex;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        let before = *scope.vertex();
        pause(self.yields);
        if *scope.vertex() != before {
            self.disturbed.fetch_add(1, Relaxed);
        }
        if cx.round < Self::most(cx.vertex) {
            *scope.vertex_mut() = mix(before ^ cx.round);
            scope.signal_self(awake());
        }
        scope.for_each_edge(Edges::All, |mut visit| {
            assert_eq!(*visit.parts().1, 3, "edges stand still");
            visit.signal(if cx.round == 0 { awake() } else { Signal::NONE });
        });
    }
}

/// A word of everything that a visit sees, its random numbers included, to its vertex and its edges; and a signal to whoever the
/// word says, for itself or for the other function of the run.
pub(crate) struct Babble {
    pub(crate) number: u64,
    /// Whether signals go to another function too.
    pub(crate) others: bool,
    /// Whether it never comes to rest.
    pub(crate) restless: bool,
}

impl UpdateFunction for Babble {
    type Vertex = u64;
    type Edge = u64;
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        let mut word = mix(*scope.vertex() ^ mix(self.number ^ cx.random(self.number).next_u64()));
        scope.for_each_edge(Edges::All, |mut visit| {
            let (_, edge, other) = visit.parts();
            word = mix(word ^ mix(*other) ^ *edge);
            *edge = mix(*edge ^ word);
            let signal = Signal::above(0.5, (word % 100) as f32 / 100.0);
            match self.others && word.is_multiple_of(3) {
                true => visit.signal_for(1 - self.number as usize, signal),
                false => visit.signal(signal),
            }
        });
        *scope.vertex_mut() = word;
        if word.is_multiple_of(5) || self.restless {
            scope.signal_self(awake());
        }
    }
}
