//! Executors: who runs a program, and when neighbours see what it wrote.

mod limits;
pub(crate) mod serial;
pub(crate) mod sync;

pub(crate) use limits::Settings;
