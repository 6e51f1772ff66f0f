//! The engine of gasworks: data graph, program traits, input formats, executors.
#![deny(unsafe_code)]

mod error;
pub mod graph;
pub mod input;
mod random;

pub use error::{Error, ErrorKind};
pub use random::Random;
