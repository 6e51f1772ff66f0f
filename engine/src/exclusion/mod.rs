//! Exclusion: what may run beside a visit, kept by a strategy. Sealed, for soundness rests on it.

mod coloring;

pub use coloring::{Coloring, ColoringOrder, Distance};
