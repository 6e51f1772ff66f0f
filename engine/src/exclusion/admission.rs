//! What goes together: the one table that errors, tests, the command line and its help read.

use super::Exclusion;
use crate::consistency::Model;
use crate::error::Error;
use crate::program::Gathers;

/// What kind of program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// A [`VertexProgram`](crate::VertexProgram), and what it gathers.
    Vertex(Gathers),
    /// An [`UpdateFunction`](crate::UpdateFunction).
    Update,
    /// An [`EdgeProgram`](crate::EdgeProgram).
    Edge,
}

/// A combination that somebody asks for, without barriers between visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// What kind of program runs.
    pub kind: ProgramKind,
    /// What the program declares that its visits touch.
    pub declared: Model,
    /// What visits are to be kept apart by: the declared model or a stronger one.
    pub asked: Model,
    /// How they are kept apart.
    pub exclusion: Exclusion,
    /// Whether the scheduler has rounds ([`selection`](crate::Scheduler::selection)).
    pub rounds: bool,
    /// Whether all that visits of others read is plain old data ([`Data`](crate::Data)).
    pub plain: bool,
}

/// Why a combination is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The combination.
    pub what: &'static str,
    /// The reason.
    pub why: &'static str,
    /// What to do.
    pub instead: &'static str,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let Refusal { what, why, instead } = refusal;
        Error::NotAdmitted { what: what.into(), why: why.into(), instead: instead.into() }
    }
}

/// A combination that is refused.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Whether it is this one.
    pub applies: fn(&Case) -> bool,
    /// Why it is refused.
    pub refusal: Refusal,
}

/// All that is refused; what no rule refuses is admitted.
pub const RULES: [Rule; 7] = [
    Rule {
        applies: |case| case.exclusion == Exclusion::Grid && case.kind != ProgramKind::Edge,
        refusal: Refusal {
            what: "a grid for a program of vertices",
            why: "its blocks hold some edges with both their ends, and a visit of a vertex touches all edges of it",
            instead: "choose coloring or locks, or write an edge program",
        },
    },
    Rule {
        applies: |case| {
            case.kind == ProgramKind::Edge && matches!(case.exclusion, Exclusion::Coloring | Exclusion::Locks)
        },
        refusal: Refusal {
            what: "coloring or locks for an edge program",
            why: "they keep apart the scopes of vertices, and a step touches one edge and its ends",
            instead: "choose grid or serial, or relaxed exclusion, which is not serializable",
        },
    },
    Rule {
        applies: |case| case.asked < case.declared,
        refusal: Refusal {
            what: "a consistency model weaker than the program's own",
            why: "its visits would touch what they do not hold",
            instead: "ask for the declared model or a stronger one, or for relaxed exclusion, which is not serializable",
        },
    },
    Rule {
        applies: |case| case.exclusion == Exclusion::Coloring && !case.rounds,
        refusal: Refusal {
            what: "coloring under a scheduler with an order of its own",
            why: "the colors fix the order; a scheduler can only choose who runs in a round",
            instead: "choose rounds or sweep, or exclusion by locks",
        },
    },
    Rule {
        applies: |case| {
            case.exclusion == Exclusion::Coloring && case.kind == ProgramKind::Vertex(Gathers::Published)
        },
        refusal: Refusal {
            what: "coloring for published gathers",
            why: "inboxes are filled in the order of arrival, which the same bits for every number of threads forbid",
            instead: "choose exclusion by locks, or the synchronous executor, which gives the same bits",
        },
    },
    Rule {
        applies: |case| case.exclusion == Exclusion::Relaxed && !case.plain,
        refusal: Refusal {
            what: "relaxed exclusion for data that are not plain",
            why: "they are read while they are written, and only plain old data can be copied then",
            instead: "choose another exclusion, or keep the data as Pod values or rows",
        },
    },
    Rule {
        applies: |case| case.exclusion == Exclusion::Relaxed && case.asked > case.declared,
        refusal: Refusal {
            what: "relaxed exclusion with a stronger consistency model",
            why: "relaxed keeps none",
            instead: "leave one of the two out",
        },
    },
];

impl Case {
    /// Whether it is admitted; if not, why.
    pub fn admit(&self) -> Result<(), Refusal> {
        RULES.iter().find(|rule| (rule.applies)(self)).map_or(Ok(()), |rule| Err(rule.refusal))
    }

    /// The exclusion that such a run takes unless told: coloring, where it is admitted at distance 1, for its speed and its bits;
    /// else locks, for which one thread needs none. An edge program takes the grid.
    pub fn default_exclusion(&self, threads: usize) -> Exclusion {
        if self.kind == ProgramKind::Edge {
            return Exclusion::Grid;
        }
        let coloring = Case { exclusion: Exclusion::Coloring, ..*self };
        match () {
            () if coloring.admit().is_ok() && self.asked <= Model::Edge => Exclusion::Coloring,
            () if threads == 1 => Exclusion::Serial,
            () => Exclusion::Locks,
        }
    }
}
