//! Whose turn it is: the visits of a batch, claimed one after the other, wherever they come from.

use crate::audit::Record;
use crate::graph::{Vertex, VertexSet};
use crate::memory::{Claim, Phase, Source};
use crate::scheduler::Scheduler;

/// The visits of a batch.
pub(crate) enum Turns<'t, 'c> {
    /// Tasks of a scheduler.
    Tasks { source: &'t mut Source<'c>, tasks: std::slice::Iter<'t, Vertex>, scheduler: &'t dyn Scheduler },
    /// The active members of a color, or all; they are active no more. Tasks of the active set are numbered from `first`.
    Members { phase: Phase<'t>, active: Option<&'t VertexSet>, first: u32 },
    /// What was recorded, once more.
    Records { source: &'t mut Source<'c>, records: &'t mut dyn Iterator<Item = &'t Record> },
}

/// Where signals to all neighbors go at once.
#[derive(Clone, Copy)]
pub(crate) enum Wakes<'t> {
    Scheduler(&'t dyn Scheduler),
    Set(&'t VertexSet),
    /// Nobody asks.
    Nobody,
}

/// A visit whose turn it is.
pub(crate) struct Turn<'a> {
    pub(crate) claim: Claim<'a>,
    /// Visits of the vertex before, and the global, where they were recorded.
    pub(crate) recorded: Option<(u64, u32)>,
}

impl<'t> Turns<'t, '_> {
    #[inline(always)]
    pub(crate) fn wakes(&self) -> Wakes<'t> {
        match self {
            Turns::Tasks { scheduler, .. } => Wakes::Scheduler(*scheduler),
            Turns::Members { active: Some(active), .. } => Wakes::Set(active),
            Turns::Members { active: None, .. } | Turns::Records { .. } => Wakes::Nobody,
        }
    }

    /// Whose turn it will be after so many others, where that is known; with members, if they are active.
    #[inline(always)]
    pub(crate) fn ahead(&self, turns: usize) -> Option<Vertex> {
        match self {
            Turns::Tasks { tasks, .. } => tasks.as_slice().get(turns).copied(),
            Turns::Members { phase, .. } => phase.ahead(turns),
            Turns::Records { .. } => None,
        }
    }

    /// Waits until the next scope is free, and claims it.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<Turn<'_>> {
        let claim = match self {
            Turns::Tasks { source, tasks, .. } => source.claim(*tasks.next()?),
            Turns::Members { phase, active, first } => {
                let (active, first) = (*active, *first);
                phase.claim_next(|vertex| {
                    // Looking first spares most members an atomic change.
                    active
                        .is_none_or(|active| active.contains(first + vertex) && active.remove(first + vertex))
                })?
            }
            Turns::Records { source, records } => {
                let record = records.next()?;
                let recorded = Some((record.visit, record.global));
                return Some(Turn { claim: source.claim(record.vertex), recorded });
            }
        };
        Some(Turn { claim, recorded: None })
    }
}
