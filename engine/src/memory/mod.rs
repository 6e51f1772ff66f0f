//! Buffers, columns and checked rows: the only unsafe code of the engine.
//!
//! Everything here has a safe face. Three facts carry all of it:
//!
//! 1. a [`Column`] holds `len * stride` initialised elements, and every view of it keeps that ratio;
//! 2. two mutable views of one column never overlap, because they only come from splitting;
//! 3. [`Rows`] are checked against their bounds when they are made, so that a gather over them need not be.
#![allow(unsafe_code)]

mod buffer;
mod column;
mod rows;
mod store;

pub(crate) use buffer::Buffer;
pub use column::{Column, ColumnMut, ColumnRef};
pub(crate) use rows::{Reading, Row as RowOfEnds, Rows};
// Public in private: every user type has it through `Data`, and none can implement it, which soundness rests on.
#[allow(unreachable_pub)]
pub use store::Store;
