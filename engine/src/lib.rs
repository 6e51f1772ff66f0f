//! The engine of gasworks: data graph, program traits, input formats, executors.
#![deny(unsafe_code)]

mod accumulator;
mod aggregate;
mod context;
mod data;
mod engine;
mod error;
mod executor;
pub mod graph;
pub mod input;
mod memory;
mod outcome;
mod program;
mod random;
mod scheduler;
mod signal;

pub use accumulator::{Accumulator, Max, Min, Sum};
pub use aggregate::{Aggregate, Over};
pub use context::Context;
pub use data::{Data, Mut, Own, Ref, Row};
pub use engine::{Engine, VertexJob};
pub use error::Error;
pub use memory::{Column, ColumnMut, ColumnRef};
pub use outcome::{Observer, Outcome, Progress, Reason, StopHandle};
pub use program::{Edges, Gathers, Ghost, Neighborhood, VertexProgram, Writes};
pub use random::Random;
pub use scheduler::{Phase, Scheduler, Selection, Task};
pub use signal::Signal;

/// Vector instructions, for programs with kernels of their own.
pub use gasworks_kernels::Isa;
/// The token of the vector instructions that an executor dispatched to.
pub use pulp::Simd;
