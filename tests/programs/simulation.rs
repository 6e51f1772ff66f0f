//! What the documentation says of a synchronous run, written as plain loops over plain vectors: the oracle of [`Chaos`].
//!
//! [`Chaos`]: super::chaos::Chaos

use gasworks::{Edges, Phase, Progress, Reason, Selection};

use super::chaos::{self, Everything, Heap, Known};
use super::shapes::{Kind, Neighbors, Shape};

/// What a program is and how it is run.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) gather: Edges,
    pub(crate) scatter: Edges,
    pub(crate) published: bool,
    pub(crate) copies: bool,
    pub(crate) selection: Selection,
    pub(crate) phases: &'static [Phase],
    pub(crate) start: Option<Vec<u32>>,
    pub(crate) rounds: u64,
    /// Rounds from one computation of the global to the next.
    pub(crate) every: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Simulated {
    pub(crate) vertices: Vec<u64>,
    pub(crate) reason: Reason,
    /// After each round, without the seconds.
    pub(crate) rounds: Vec<Progress>,
    /// Ghosts handed to `gather`, over the whole run.
    pub(crate) gathers: u64,
}

struct Machine<'a> {
    rules: &'a Rules,
    undirected: bool,
    into: Neighbors,
    out: Neighbors,
}

impl Machine<'_> {
    fn along(&self, edges: Edges, vertex: usize) -> Vec<(u32, f32)> {
        let (into, out) = (&self.into[vertex], &self.out[vertex]);
        match edges {
            Edges::None => Vec::new(),
            Edges::In => into.clone(),
            Edges::Out => out.clone(),
            Edges::All if self.undirected => out.clone(),
            Edges::All => [&into[..], out].concat(),
        }
    }

    fn known(&self, vertex: usize, round: u64, global: u64) -> Known {
        let degree = |edges| self.along(edges, vertex).len() as u32;
        Known {
            vertex: vertex as u32,
            round,
            global,
            degrees: [degree(Edges::In), degree(Edges::Out), degree(Edges::All)],
            random: Known::number(vertex as u32, round),
        }
    }

    fn ghost(&self, vertex: usize, data: u64, round: u64, global: u64) -> u64 {
        chaos::ghost(self.rules.copies, &self.known(vertex, round, global), data)
    }
}

pub(crate) fn simulate(shape: &Shape, rules: &Rules, mut vertices: Vec<u64>) -> Simulated {
    let n = shape.vertices;
    let (into, out) = shape.neighbors();
    let machine = Machine { rules, undirected: shape.kind == Kind::Undirected, into, out };
    let mut global = Everything::of(&vertices);
    let mut ghosts: Vec<u64> = (0..n).map(|v| machine.ghost(v, vertices[v], 0, global)).collect();
    // Those that run, or for published gathers those that have published.
    let mut front = match &rules.start {
        Some(start) => (0..n as u32).map(|v| start.contains(&v)).collect(),
        None => vec![true; n],
    };
    let mut progress = Progress::default();
    let (mut history, mut gathers) = (Vec::new(), 0);
    let reason = loop {
        if progress.rounds >= rules.rounds {
            break Reason::Rounds;
        }
        let everyone = rules.selection == Selection::Everyone;
        let asleep = if everyone { history.is_empty() && n == 0 } else { !front.contains(&true) };
        if asleep || everyone && !history.is_empty() && progress.signalled == 0 {
            break Reason::Drained;
        }
        let round = progress.rounds;
        if round > 0 && round.is_multiple_of(rules.every) {
            global = Everything::of(&vertices);
        }
        progress = Progress { active: 0, signalled: 0, residual: 0.0, rounds: round + 1, ..progress };
        for phase in rules.phases {
            let left = shape.left().unwrap_or(0);
            let members = match phase {
                Phase::All => 0..n,
                Phase::Left => 0..left,
                Phase::Right => left..n,
            };
            let (was, before) = (front.clone(), ghosts.clone());
            let mut news = Vec::new();
            members.clone().for_each(|v| front[v] = false);
            for v in members {
                let mut taken = machine.along(rules.gather, v);
                if rules.published {
                    taken.retain(|(u, _)| was[*u as usize]);
                }
                let runs = if rules.published {
                    chaos::wants(vertices[v]) && !taken.is_empty()
                } else {
                    everyone || was[v]
                };
                if !runs {
                    continue;
                }
                let mut heap = Heap::default();
                taken.iter().for_each(|(u, weight)| heap.add(before[*u as usize], *weight));
                gathers += taken.len() as u64;
                let known = machine.known(v, round, global);
                let (next, signal) = chaos::apply(&known, vertices[v], heap);
                progress.updates += 1;
                progress.active += 1;
                progress.signalled += u64::from(signal.wakes());
                progress.residual += f64::from(signal.change());
                news.push((v, next, signal));
                if rules.published {
                    front[v] = signal.wakes();
                } else if signal.wakes() {
                    for (u, weight) in machine.along(rules.scatter, v) {
                        let heard = chaos::scatter(&known, signal, next, weight, before[u as usize]);
                        front[u as usize] |= heard;
                    }
                }
            }
            for (v, next, signal) in news {
                vertices[v] = next;
                if !rules.published || signal.wakes() {
                    ghosts[v] = machine.ghost(v, next, round, global);
                }
            }
        }
        history.push(progress);
    };
    Simulated { vertices, reason, rounds: history, gathers }
}
