//! Exclusion: what may run beside a visit. The strategies, what each admits, and which one a run takes unless told.
//!
//! What keeps two visits apart lives in `memory/` (claims, locks, versions), since memory safety rests on it; here is the
//! choice, and the colorings that one strategy plans by.

mod admission;
mod coloring;
pub(crate) mod grid;

pub use admission::{Case, ProgramKind, RULES, Refusal, Rule};
pub use coloring::{Coloring, ColoringOrder, Distance};

use crate::consistency::Model;

/// How visits are kept apart as far as the consistency model asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exclusion {
    /// One visit at a time, on one thread: what all others are measured and checked against.
    Serial,
    /// Vertices of one color at a time: a coloring of distance 1 keeps edge consistency, one of distance 2 full consistency.
    /// Rounds with a barrier after each color; the same bits for every number of threads (Low et al. 2012, "Distributed
    /// GraphLab", section 4.2.1: the chromatic engine).
    Coloring,
    /// A reader-writer lock a vertex, taken in ascending order over the scope of each visit. Any scheduler (ibidem, section
    /// 4.2.2: the locking engine).
    Locks,
    /// Blocks of edges without a vertex in common, for edge programs: the same bits for every number of threads (Gemulla et al.
    /// 2011, section 4; Chin et al. 2015, section 4).
    Grid,
    /// Only a vertex's own visits are kept apart, or the visits of an edge. What is read of others is a snapshot of each datum by itself, or
    /// under edge programs of each word: no data race, but no serial order either. Only when asked for.
    Relaxed,
}

impl Exclusion {
    /// All, in the order in which they are shown.
    pub const ALL: [Exclusion; 5] =
        [Exclusion::Serial, Exclusion::Coloring, Exclusion::Locks, Exclusion::Grid, Exclusion::Relaxed];

    /// Those that programs of vertices may take.
    pub const OF_VERTICES: [Exclusion; 4] =
        [Exclusion::Serial, Exclusion::Coloring, Exclusion::Locks, Exclusion::Relaxed];

    /// Those that edge programs may take.
    pub const OF_EDGES: [Exclusion; 3] = [Exclusion::Serial, Exclusion::Grid, Exclusion::Relaxed];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Exclusion::Serial => "serial",
            Exclusion::Coloring => "coloring",
            Exclusion::Locks => "locks",
            Exclusion::Grid => "grid",
            Exclusion::Relaxed => "relaxed",
        }
    }

    /// What it does, for lists.
    pub fn about(self) -> &'static str {
        match self {
            Exclusion::Serial => "one visit at a time, on one thread",
            Exclusion::Coloring => {
                "vertices of one color at a time: the same bits for every number of threads"
            }
            Exclusion::Locks => "a reader-writer lock a vertex, over what a visit touches",
            Exclusion::Grid => {
                "blocks of edges without a common vertex, for edge programs: the same bits for every number of threads"
            }
            Exclusion::Relaxed => {
                "none but a vertex's own visits are kept apart, and no serial order is promised"
            }
        }
    }
}

impl std::fmt::Display for Exclusion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// When neighbours see what a visit made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// After the barrier that ends a round, or one side of it.
    Barrier,
    /// At once.
    Immediate,
}

/// How a run was, or will be, kept in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When neighbours see what a visit made.
    pub visibility: Visibility,
    /// What a visit may touch; none where barriers keep neighbours apart.
    pub consistency: Option<Model>,
    /// What keeps visits apart; none where barriers do.
    pub exclusion: Option<Exclusion>,
    /// Workers that visit: 1 under [`Exclusion::Serial`].
    pub threads: usize,
}
