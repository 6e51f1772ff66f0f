//! Sample data that comes with gasworks, so that it has something to show before you bring your own.
//!
//! The data is not under the license of the code: each module says what holds for its own.
#![forbid(unsafe_code)]

pub mod books;
pub mod movielens;
#[cfg(test)]
mod testing;
