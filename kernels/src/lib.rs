//! Dense linear algebra under gasworks' vertex programs: kernels that reach the machine's arithmetic from an
//! ordinary release build.
//!
//! * [`Isa`] chooses the instruction level at run time and runs an operation compiled for it.
//! * [`vector`] has sums and dot products whose bits do not depend on the vector width.
//! * [`Gram`] adds up `x x^T` over many rows `x` by a blocked symmetric rank-k update.
//! * [`descent`] has steps of stochastic gradient descent on pairs of factor rows.
//! * [`topics`] draws topics of tokens from the dense conditional of collapsed Gibbs sampling.
//! * [`CommonBits`] counts what two bitsets have in common.
//! * [`NormalEquations`] adds the right-hand side and solves: one row of alternating least squares.
//!
//! Kernels take pulp's token `S: Simd` as their first argument and are `#[inline(always)]`, so a caller that is already
//! inside a dispatched function pays nothing for them; what dispatches itself says so.
//! Nothing allocates after construction.
//!
//! # Same bits
//! Each element of a Gram matrix, of its factor and of a solution is one chain of fused multiply-adds in an order that the
//! shapes alone decide, and each sum has sixteen lanes folded in one way. AVX2, AVX-512 and Neon therefore give the same
//! bits. [`Isa::Baseline`] has no fast fused multiply-add on x86-64: it rounds twice, and its last bits differ.

mod aligned;
mod bits;
pub mod descent;
mod gram;
pub mod isa;
mod prefetch;
pub mod topics;
pub mod vector;

pub use bits::CommonBits;
pub use gram::{Gram, NormalEquations, Solved};
pub use isa::{Isa, ParseIsaError};
pub use prefetch::{prefetch, prefetch_address};
