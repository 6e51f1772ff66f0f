//! Who is active: the sets that one round hands to the next.

use super::chunks::degree;
use crate::direction::Direction;
use crate::graph::{Topology, Vertex, VertexSet};
use crate::program::{Edges, Gathers, VertexProgram};
use crate::scheduler::Selection;

/// Publishers who, with their edges, are fewer than one in so many of all vertices and edges push; for more, all vertices look whether a neighbour published.
const FEW: u64 = 16;

/// The active vertices of the next round.
pub(super) enum Frontier {
    /// All of them; whether any signal of the last round woke.
    Everyone { awake: bool },
    /// State gathers: those to run now, and those woken meanwhile.
    Woken { active: VertexSet, next: VertexSet },
    /// Published gathers: whose ghosts there are to take.
    Published(Publishers),
}

impl Frontier {
    pub(super) fn new<P: VertexProgram>(
        topology: &Topology,
        selection: Selection,
        start: Option<Vec<Vertex>>,
        direction: Direction,
    ) -> Self {
        let n = topology.vertices();
        let starters = match start {
            Some(start) => VertexSet::from_iter_of(n, start),
            None => VertexSet::full(n),
        };
        let next = VertexSet::empty(n);
        match (selection, P::GATHERS) {
            (Selection::Everyone, _) => Frontier::Everyone { awake: n > 0 },
            (Selection::Signalled, Gathers::State) => Frontier::Woken { active: starters, next },
            (Selection::Signalled, Gathers::Published) => Frontier::Published(Publishers {
                set: starters,
                next,
                list: Vec::new(),
                is_listed: false,
                direction,
            }),
        }
    }

    /// Nobody is left to run.
    pub(super) fn is_drained(&self) -> bool {
        match self {
            Frontier::Everyone { awake } => !awake,
            Frontier::Woken { active, .. } => active.is_empty(),
            Frontier::Published(publishers) => publishers.is_empty(),
        }
    }

    /// After a round whose signals woke so many: whether everyone goes on.
    pub(super) fn end_round(&mut self, signalled: u64) {
        if let Frontier::Everyone { awake } = self {
            *awake = signalled > 0;
        }
    }
}

/// Those who published in the last round: a list where they are few, else a set.
pub(super) struct Publishers {
    /// Empty where they are listed.
    pub(super) set: VertexSet,
    /// Those who publish in a round that pulls.
    pub(super) next: VertexSet,
    /// Ascending.
    pub(super) list: Vec<Vertex>,
    is_listed: bool,
    direction: Direction,
}

impl Publishers {
    /// Whether this round pushes; then they are listed, else they are a set. `scatter`: the edges along which they published.
    pub(super) fn choose(&mut self, topology: &Topology, scatter: Edges) -> bool {
        let few = (topology.edges() + topology.vertices()) as u64 / FEW;
        let weight = |vertex| 1 + degree(topology, scatter, vertex);
        let push = match self.direction {
            Direction::Pull => false,
            Direction::Push => true,
            Direction::Auto if self.is_listed => {
                let mut sum = 0;
                self.list.iter().all(|vertex| {
                    sum += weight(*vertex);
                    sum < few
                })
            }
            Direction::Auto => self.set.sum(weight) < few,
        };
        if push && !self.is_listed {
            self.list.extend(self.set.iter());
            self.set.clear();
        } else if !push && self.is_listed {
            self.list.drain(..).for_each(|vertex| {
                self.set.insert(vertex);
            });
        }
        self.is_listed = push;
        push
    }

    fn is_empty(&self) -> bool {
        if self.is_listed { self.list.is_empty() } else { self.set.is_empty() }
    }

    /// After a round that pulled.
    pub(super) fn advance(&mut self) {
        std::mem::swap(&mut self.set, &mut self.next);
        self.next.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::GraphBuilder;

    #[test]
    fn few_push_and_many_are_looked_for() {
        let n = 1000;
        let edges: Vec<[u32; 2]> = (0..n).flat_map(|v| [[v, (v + 1) % n], [v, (v * 7 + 3) % n]]).collect();
        let graph = GraphBuilder::directed(n as usize).plain_edges(&edges).build().unwrap();
        let publishers = |direction, members: &[u32]| Publishers {
            set: VertexSet::from_iter_of(n as usize, members.iter().copied()),
            next: VertexSet::empty(n as usize),
            list: Vec::new(),
            is_listed: false,
            direction,
        };
        let all: Vec<u32> = (0..n).collect();
        for (direction, few, many) in
            [(Direction::Auto, true, false), (Direction::Pull, false, false), (Direction::Push, true, true)]
        {
            for (members, pushes) in [(&all[3..9], few), (&all[..], many)] {
                let mut front = publishers(direction, members);
                assert_eq!(front.choose(graph.topology(), Edges::Out), pushes, "{direction}");
                assert_eq!(front.list, if pushes { members } else { &[] });
                assert_eq!(front.set.len(), if pushes { 0 } else { members.len() });
            }
        }
        // From a list back to a set, when it has grown.
        let mut front = publishers(Direction::Auto, &[5]);
        assert!(front.choose(graph.topology(), Edges::Out) && !front.is_empty());
        front.list = all;
        assert!(!front.choose(graph.topology(), Edges::Out) && !front.is_empty());
        assert!(front.list.is_empty() && front.set.len() == n as usize);
    }
}
