//! Synthetic inputs of any size, for tests and benchmarks.
//!
//! The seed and the parameters decide the output, bit for bit; the number of threads does not. Work is cut into blocks of fixed
//! size, and each block draws from a [`Random`](crate::Random) that is keyed by its number.

mod popularity;
mod ratings;
mod rmat;
mod shuffle;
mod write;

pub use ratings::{RatingsShape, ratings};
pub use rmat::{Rmat, rmat};
pub use write::{write_edges, write_ratings};

/// Why nothing was generated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// A parameter has a value that means nothing.
    #[error("{parameter} is {got}, expected {expected}")]
    Parameter {
        /// The field of the parameters.
        parameter: &'static str,
        /// Its value.
        got: String,
        /// What would have been accepted.
        expected: String,
    },
    /// The output does not fit into memory.
    #[error("{count} {what} need {} MiB, expected at most what this machine can give: ask for fewer", bytes >> 20)]
    Memory {
        /// What there would be too much of.
        what: &'static str,
        /// How many were asked for.
        count: u64,
        /// Their size.
        bytes: u64,
    },
}

/// `Ok` if `holds`, else what is wrong with a parameter.
fn require(
    holds: bool,
    parameter: &'static str,
    got: impl std::fmt::Display,
    expected: impl Into<String>,
) -> Result<(), GenerateError> {
    match holds {
        true => Ok(()),
        false => Err(GenerateError::Parameter { parameter, got: got.to_string(), expected: expected.into() }),
    }
}

/// Room for the output, or the error that says how much was asked for.
fn zeroed<T: bytemuck::Zeroable + Clone>(count: u64, what: &'static str) -> Result<Vec<T>, GenerateError> {
    let error = || {
        let bytes = count.saturating_mul(size_of::<T>() as u64);
        GenerateError::Memory { what, count, bytes }
    };
    let length = usize::try_from(count).map_err(|_| error())?;
    let mut column = Vec::new();
    column.try_reserve_exact(length).map_err(|_| error())?;
    column.resize(length, T::zeroed());
    Ok(column)
}

/// The stream of random numbers for one purpose; the words keep generators and programs apart.
const fn stream(purpose: &[u8; 8]) -> u64 {
    u64::from_be_bytes(*purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `compute` gives in pools of several sizes; they must agree.
    pub(super) fn at_every_thread_count<T: PartialEq + Send>(compute: impl Fn() -> T + Sync) -> T {
        let run =
            |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&compute);
        let alone = run(1);
        for threads in [2, 3, 8] {
            assert!(run(threads) == alone, "{threads} threads give another result than one");
        }
        alone
    }

    #[test]
    fn errors_say_what_was_expected() {
        let error = require(false, "scale", 40, "at most 31").unwrap_err();
        assert_eq!(error.to_string(), "scale is 40, expected at most 31");
        let error = zeroed::<[u32; 2]>(u64::MAX, "arcs").unwrap_err();
        assert!(error.to_string().starts_with("18446744073709551615 arcs need"), "{error}");
    }
}
