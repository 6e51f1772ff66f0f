//! Schedulers of gasworks: who runs next. One a file.
#![forbid(unsafe_code)]

mod rounds;
mod sweep;

pub use rounds::Rounds;
pub use sweep::Sweep;
