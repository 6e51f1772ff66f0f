//! Vertex programs of gasworks. One a file, or a folder where a model needs more.
#![forbid(unsafe_code)]

mod als;
mod components;
pub mod factorization;
mod pagerank;
mod shortest_paths;

pub use als::Als;
pub use components::Components;
pub use pagerank::{Dangling, DanglingMass, PageRank};
pub use shortest_paths::ShortestPaths;
