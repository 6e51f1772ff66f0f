//! What a visit says to its neighbours: whether they wake, and how urgently.

/// Whether a vertex wakes its neighbours, how urgently, and how far it moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    priority: Option<f32>,
    change: f32,
}

impl Signal {
    /// Nothing changed; nobody wakes.
    pub const NONE: Signal = Signal { priority: None, change: 0.0 };

    /// Wakes with this priority; larger is more urgent. The residual does not count it.
    #[inline(always)]
    pub fn priority(priority: f32) -> Signal {
        Signal { priority: Some(priority), change: 0.0 }
    }

    /// Wakes with the change as priority if it exceeds the tolerance. The change counts in the residual of the round either way.
    #[inline(always)]
    pub fn above(tolerance: f32, change: f32) -> Signal {
        Signal { priority: if change > tolerance { Some(change) } else { None }, change }
    }

    /// Whether neighbours wake.
    #[inline(always)]
    pub fn wakes(&self) -> bool {
        self.priority.is_some()
    }

    /// How urgently neighbours wake, if they do.
    #[inline(always)]
    pub fn urgency(&self) -> Option<f32> {
        self.priority
    }

    /// How far the vertex moved.
    #[inline(always)]
    pub fn change(&self) -> f32 {
        self.change
    }
}
