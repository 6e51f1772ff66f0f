//! Input formats: one file a format.
mod edges;
mod ratings;

pub use edges::EdgeList;
pub use ratings::{Rating, Ratings};
