//! The grid: edges cut into blocks such that blocks of different rows and columns touch different vertices, and an order in which
//! blocks are to seem to run (Gemulla, Nijkamp, Haas, Sismanis 2011, "Large-scale matrix factorization with distributed stochastic
//! gradient descent", section 4; blocks that need not wait for a barrier: Chin, Zhuang, Juan, Lin 2015, "A fast parallel stochastic
//! gradient method for matrix factorization in shared memory systems", section 4).
//!
//! Vertices are shuffled by the seed and cut into parts of about as many edges each; a block is the edges from one part to another.
//! Two blocks may run at once if they have no part in common. Everything here follows from the graph, the number of parts
//! and the seed, so a run gives the same bits on any number of threads.

mod cut;
mod layout;
mod order;

pub(crate) use layout::Grid;
pub(crate) use order::{Follow, Order};

use crate::graph::Topology;

/// How many parts sources and targets are cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) sources: usize,
    pub(crate) targets: usize,
    /// Whether sources and targets are the same vertices, and so the same parts.
    pub(crate) same: bool,
}

/// Edges of a block, about, unless there would be fewer than [`FEWEST`] parts or more than [`MOST`].
const EDGES: usize = 1 << 18;
/// Parts a side at least, as far as there are vertices: so many blocks can run at once.
const FEWEST: usize = 8;
/// Parts a side at most.
const MOST: usize = 256;

impl Parts {
    /// As asked, or as the size of the graph suggests; never more than there are vertices.
    pub(crate) fn of(topology: &Topology, asked: Option<[usize; 2]>) -> Self {
        let side = ((topology.edges() / EDGES) as f64).sqrt().round() as usize;
        let [sources, targets] = asked.unwrap_or([side.clamp(FEWEST, MOST); 2]);
        let (left, right) = match topology.left() {
            Some(left) => (left as usize, topology.vertices() - left as usize),
            None => (topology.vertices(), topology.vertices()),
        };
        let same = topology.left().is_none();
        Parts { sources: sources.clamp(1, left.max(1)), targets: targets.clamp(1, right.max(1)), same }
    }

    /// All parts: first those of the sources.
    pub(crate) fn count(self) -> usize {
        if self.same { self.sources } else { self.sources + self.targets }
    }

    #[cfg(test)]
    pub(crate) fn blocks(self) -> usize {
        self.sources * self.targets
    }

    /// The parts that a block's sources and targets are in.
    pub(crate) fn ends(self, block: usize) -> [u32; 2] {
        let (source, target) = (block / self.targets, block % self.targets);
        let offset = if self.same { 0 } else { self.sources };
        [source as u32, (offset + target) as u32]
    }
}
