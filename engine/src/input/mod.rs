//! Input formats: ratings, edges and titles as people have them, from files, pipes and memory.
//!
//! [`read_ratings`], [`read_edges`] and [`read_titles`] take a [`Source`] and tell format, separator, columns and compression
//! by themselves. What they made of an input stands in the [`Report`] beside the data; what they cannot read is an error
//! with file, line, column and advice, and always the first one of the file.
//!
//! Text is read whole, cut into chunks at line ends and parsed in parallel. The result is a function of the bytes alone.

mod atomic_file;
mod duplicates;
mod edges;
mod fast;
mod format;
mod layout;
mod lines;
mod matrix_market;
mod number;
mod numbering;
mod quoted;
mod ratings;
mod reading;
mod report;
mod rows;
mod sniff;
mod source;
mod titles;

pub use atomic_file::{check_writable, write_atomically};
pub use duplicates::Duplicates;
pub use edges::{EdgeList, EdgesOptions, read_edges};
pub use format::Format;
pub use ratings::{Rating, Ratings, RatingsOptions, read_ratings};
pub use report::{Compression, Loaded, Report};
pub use source::Source;
use source::Text;
pub use titles::{Titles, read_titles};
