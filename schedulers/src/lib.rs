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
//! [`by_name`] makes one from text such as `multiqueue_priority:queues=4`; [`ALL`] lists names and options.
#![forbid(unsafe_code)]

mod bits;
mod fifo;
mod heap;
#[cfg(all(test, any(loom, shuttle)))]
mod model_checked;
mod multiqueue_fifo;
mod multiqueue_priority;
mod primitives;
mod priority;
mod registry;
mod rounds;
mod shards;
mod sweep;

pub use fifo::Fifo;
pub use multiqueue_fifo::MultiQueueFifo;
pub use multiqueue_priority::MultiQueuePriority;
pub use priority::Priority;
pub use registry::{ALL, Entry, OptionEntry, by_name};
pub use rounds::Rounds;
pub use sweep::Sweep;
