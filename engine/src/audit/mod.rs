//! Serializability auditor: decides from a recorded history whether a run was conflict-serializable, and if not, why not.
#![cfg_attr(not(test), expect(dead_code, reason = "until runs are recorded"))]

mod conflicts;
mod cycle;
mod explain;
mod history;

#[expect(unused_imports, reason = "until runs are recorded")]
pub(crate) use {
    conflicts::{Conflict, Step, Tear, Verdict, check},
    explain::Explained,
    history::{Access, History, Kind, Record},
};
