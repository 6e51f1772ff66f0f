//! Schedulers of gasworks: who runs next. One a file.
//!
//! | scheduler | order | with barriers | locks |
//! |---|---|---|---|
//! | [`Rounds`] | what was signalled, round by round | yes | one |
//! | [`Sweep`] | signalled vertices in a fixed order, again and again | yes, everyone | one a worker |
//! | [`Fifo`] | first signalled, first run | no | one |
//! | [`MultiQueueFifo`] | nearly so | no | one a queue |
//! | [`Priority`] | most urgent first | no | one |
//! | [`MultiQueuePriority`] | nearly so | no | one a queue |
//!
#![forbid(unsafe_code)]

mod bits;
mod fifo;
mod heap;
mod multiqueue_fifo;
mod multiqueue_priority;
mod primitives;
mod priority;
mod rounds;
mod shards;
mod sweep;

pub use fifo::Fifo;
pub use multiqueue_fifo::MultiQueueFifo;
pub use multiqueue_priority::MultiQueuePriority;
pub use priority::Priority;
pub use rounds::Rounds;
pub use sweep::Sweep;
