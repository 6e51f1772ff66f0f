//! What visits read of aggregates: one value at a time, replaced between batches.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::aggregate::{Refresh, Snapshot};
use crate::data::Data;

/// When an aggregate is computed again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Every {
    /// After so many rounds; without barriers, a round is as many visits as there are vertices.
    Rounds(u64),
    /// Before each phase of each round: each side of a scheduler of sides, each color of a coloring; where a round has one phase only,
    /// before each round. Visits then read what the phase before them left.
    Phase,
    /// After so much time of computing; with barriers, at the next one.
    Seconds(Duration),
}

impl Every {
    /// The rounds from one computation to the next, where they count.
    pub(crate) fn rounds(self) -> Option<u64> {
        match self {
            Every::Rounds(rounds) => Some(rounds),
            Every::Phase => Some(1),
            Every::Seconds(_) => None,
        }
    }
}

/// When the next value is due.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cadence {
    Never,
    Each(Every),
}

/// How a global is computed.
type Computed<'g, V, E, G> = Box<dyn Refresh<V, E, G> + 'g>;

/// The values of a global, of which the last is current.
pub(crate) struct Globals<'g, V: Data, E: Data, G> {
    values: Vec<G>,
    /// Locked by nobody: it need not be shared, but what holds it is.
    aggregate: Option<Mutex<Computed<'g, V, E, G>>>,
    pub(crate) cadence: Cadence,
    /// A recorded run is told again with the values that its visits read.
    pub(crate) keep_all: bool,
}

impl<'g, V: Data, E: Data, G> Globals<'g, V, E, G> {
    pub(crate) fn of(value: G) -> Self {
        Globals { values: vec![value], aggregate: None, cadence: Cadence::Never, keep_all: false }
    }

    pub(crate) fn computed(mut self, aggregate: Box<dyn Refresh<V, E, G> + 'g>, every: Every) -> Self {
        self.aggregate = Some(Mutex::new(aggregate));
        self.cadence = Cadence::Each(every);
        self
    }

    /// Which value is current.
    #[inline(always)]
    pub(crate) fn current(&self) -> u32 {
        (self.values.len() - 1) as u32
    }

    pub(crate) fn values(&self) -> &[G] {
        &self.values
    }

    #[inline(always)]
    pub(crate) fn at(&self, which: u32) -> &G {
        &self.values[which as usize]
    }

    pub(crate) fn refresh(&mut self, snapshot: Snapshot<'_, V, E>) {
        let Some(aggregate) = &mut self.aggregate else { return };
        let aggregate = aggregate.get_mut().unwrap_or_else(PoisonError::into_inner);
        let value = aggregate.refresh(snapshot);
        if !self.keep_all {
            self.values.clear();
        }
        self.values.push(value);
    }
}
