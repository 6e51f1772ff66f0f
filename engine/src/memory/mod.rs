//! Buffers, columns and checked rows: the only unsafe code of the engine.
//!
//! Everything here has a safe face. Three facts carry all of it:
//!
//! 1. a [`Column`] holds `len * stride` initialised elements, and every view of it keeps that ratio;
//! 2. two mutable views of one column never overlap, because they only come from splitting;
//! 3. [`Rows`] are checked against their bounds when they are made, so that a gather over them need not be.
#![allow(unsafe_code)]

mod blocks;
mod buffer;
mod cells;
mod claims;
mod column;
mod ghost_cells;
mod locks;
mod marks;
mod rows;
mod scope_cells;
mod shared_blocks;
mod store;
mod versions;

pub(crate) use blocks::{BlockCells, BlockRow, Blocks, Held, Span, Taken};
pub(crate) use buffer::Buffer;
pub(crate) use cells::{Cells, Slots};
#[cfg(test)]
pub(crate) use claims::Fault;
pub(crate) use claims::{Claim, Claims, Phase, Reach, Source};
pub use column::{Column, ColumnMut, ColumnRef};
pub(crate) use ghost_cells::{GhostCells, GhostCopies, Side};
pub(crate) use rows::{Reading, Row as RowOfEnds, Rows};
pub(crate) use scope_cells::{Lent, LentEdge, Private, ScopeCells, Way};
pub(crate) use shared_blocks::SharedBlocks;
pub(crate) use versions::Versions;
// Public in private: every user type has it through `Data`, and none can implement it, which soundness rests on.
#[allow(unreachable_pub)]
pub use store::Store;
