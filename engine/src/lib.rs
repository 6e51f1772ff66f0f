//! The engine of gasworks: data graph, program traits, input formats, executors.
#![deny(unsafe_code)]

mod accumulator;
mod aggregate;
mod audit;
pub mod consistency;
mod context;
mod data;
mod direction;
mod edge_program;
mod engine;
mod error;
mod exclusion;
mod executor;
pub mod generate;
pub mod graph;
pub mod input;
mod job;
mod memory;
mod outcome;
mod primitives;
mod program;
mod random;
mod scheduler;
mod scope;
mod signal;
mod update;

pub use accumulator::{Accumulator, Max, Min, Sum};
pub use aggregate::{Aggregate, Over};
pub use audit::{Audit, Finding};
pub use consistency::Model;
pub use context::Context;
pub use data::{Data, Mut, Own, Ref, Row};
pub use direction::Direction;
pub use edge_program::{Block, BlockRow, EdgeProgram, Ends};
pub use engine::Engine;
pub use error::{Error, ErrorKind};
pub use exclusion::{
    Case, Coloring, ColoringOrder, Distance, Exclusion, Plan, ProgramKind, RULES, Refusal, Rule, Visibility,
};
pub use executor::asynchronous::globals::Every;
pub use job::{EdgeJob, Ordered, Rounds, UpdateJob, VertexJob};
pub use memory::{Column, ColumnMut, ColumnRef};
pub use outcome::{Observer, Outcome, Progress, Reason, StopHandle, Visits};
pub use program::{Edges, Gathers, Ghost, Neighborhood, VertexProgram, Writes};
pub use random::Random;
pub use scheduler::{Phase, Scheduler, Selection, Task};
pub use scope::{Scope, Visit};
pub use signal::Signal;
pub use update::UpdateFunction;

/// Vector instructions, for programs with kernels of their own.
pub use gasworks_kernels::Isa;
/// The token of the vector instructions that an executor dispatched to.
pub use pulp::Simd;
