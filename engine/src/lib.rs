//! The engine of gasworks: data graph, program traits, input formats, executors.
#![deny(unsafe_code)]

pub mod generate;
pub mod graph;
pub mod input;
mod random;

pub use random::Random;
