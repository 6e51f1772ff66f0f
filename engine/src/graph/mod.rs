//! The data graph.
mod ids;
pub use ids::{Id, Ids};
