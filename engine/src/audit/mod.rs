//! Serializability auditor: decides from a recorded history whether a run was conflict-serializable, and if not, why not.
#![cfg_attr(not(test), expect(dead_code, reason = "until runs are recorded"))]

pub(crate) mod conflicts;
mod cycle;
pub(crate) mod explain;
pub(crate) mod history;
