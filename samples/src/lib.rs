//! Sample data that comes with gasworks, so that it has something to show before you bring your own.
//!
//! The data is not under the license of the code: each module has its own `NOTICE`.
#![forbid(unsafe_code)]

pub mod movielens;
