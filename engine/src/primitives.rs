//! Atomics, locks and threads, from one place: std's, or under `--cfg loom` or `--cfg shuttle` those of the model checkers.

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};

#[cfg(all(shuttle, not(loom)))]
pub(crate) use shuttle::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};
