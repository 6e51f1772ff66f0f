//! What a visit may know besides its data.

use crate::graph::{Topology, Vertex};
use crate::random::Random;

/// Names the stream of random numbers that gives each edge a seed.
const EDGES: u64 = 0x6564_6765;

/// What a visit may know besides its data.
pub struct Context<'a, Global> {
    /// The current aggregate.
    pub global: &'a Global,
    /// The vertex that is visited; for an edge program, the source.
    pub vertex: Vertex,
    /// Rounds finished before this one; for an update function, visits of this vertex before this one.
    pub round: u64,
    pub(crate) topology: &'a Topology,
    pub(crate) seed: u64,
}

impl<Global> Clone for Context<'_, Global> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Global> Copy for Context<'_, Global> {}

impl<'a, Global> Context<'a, Global> {
    /// That of an edge, by its position among those of all blocks: each edge has random numbers of its own.
    #[inline(always)]
    pub(crate) fn of_edge(&self, source: Vertex, position: usize) -> Self {
        let seed = Random::keyed(self.seed, EDGES, position as u64, 0).next_u64();
        Context { vertex: source, seed, ..*self }
    }

    /// How many vertices the graph has.
    #[inline(always)]
    pub fn vertices(&self) -> usize {
        self.topology.vertices()
    }

    /// Edges that end in the vertex.
    #[inline(always)]
    pub fn in_degree(&self) -> u32 {
        self.topology.in_degree(self.vertex)
    }

    /// Edges that start at the vertex.
    #[inline(always)]
    pub fn out_degree(&self) -> u32 {
        self.topology.out_degree(self.vertex)
    }

    /// Edges at the vertex. In an undirected graph each is counted once.
    #[inline(always)]
    pub fn degree(&self) -> u32 {
        if self.topology.is_undirected() { self.out_degree() } else { self.in_degree() + self.out_degree() }
    }

    /// Random numbers keyed by (the run's seed, `stream`, round, vertex as it was [loaded](Topology::loaded_as)), for an edge program by the
    /// edge too: never by thread or clock.
    #[inline(always)]
    pub fn random(&self, stream: u64) -> Random {
        Random::keyed(self.seed, stream, self.round, self.topology.loaded_as(self.vertex).into())
    }
}
