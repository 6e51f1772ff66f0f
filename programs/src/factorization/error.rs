//! What can go wrong between ratings and recommendations: one enum, each variant with what was expected, what was
//! found and what to do.

use std::io;
use std::path::PathBuf;

use crate::container::Refusal;

/// An error of this module. The text is meant for the user of the command line; nothing else needs to be added.
#[derive(Debug, thiserror::Error)]
pub enum FactorizationError {
    /// An argument is outside its range.
    #[error("{name}: expected {expected}, got {got}; {advice}")]
    Argument {
        /// The argument, as the caller names it.
        name: &'static str,
        /// Its range.
        expected: String,
        /// What was passed.
        got: String,
        /// What to do.
        advice: &'static str,
    },
    /// The parts of a model do not fit together, or hold a number that no training can have produced.
    #[error("{part} of the model: expected {expected}, got {got}; {advice}")]
    Model {
        /// Which part.
        part: &'static str,
        /// What it should have been.
        expected: String,
        /// What it was.
        got: String,
        /// What to do.
        advice: &'static str,
    },
    /// A file is not a model that this version can use: foreign, of another version or program, torn, or changed.
    #[error("{}: {part}: expected {expected}, got {got}; {advice}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Which part of the file.
        part: String,
        /// What it should have been.
        expected: String,
        /// What it was.
        got: String,
        /// What to do.
        advice: &'static str,
    },
    /// No user or item has this id.
    #[error("no {kind} has the id {id:?}; expected one of the {known} ids of the training ratings, {advice}")]
    UnknownId {
        /// `user` or `item`.
        kind: &'static str,
        /// The id that was asked for.
        id: String,
        /// How many ids the model knows.
        known: usize,
        /// What to do.
        advice: &'static str,
    },
    /// An output cannot be written.
    #[error(transparent)]
    Write(#[from] gasworks_engine::Error),
    /// The operating system failed.
    #[error("cannot {action} {}; {advice}", path.display())]
    Io {
        /// What was being done: `read`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What to do.
        advice: &'static str,
        /// The cause.
        source: io::Error,
    },
}

impl From<Refusal> for FactorizationError {
    fn from(Refusal { path, part, expected, got, advice }: Refusal) -> Self {
        FactorizationError::Refused { path, part, expected, got, advice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn messages_say_what_was_expected_and_keep_the_cause() {
        let error = FactorizationError::Io {
            action: "write",
            path: "model.safetensors".into(),
            advice: "check the folder",
            source: io::Error::from(io::ErrorKind::PermissionDenied),
        };
        assert_eq!(error.to_string(), "cannot write model.safetensors; check the folder");
        assert!(error.source().is_some());
        let error = FactorizationError::Argument {
            name: "holdout",
            expected: "a share".into(),
            got: "2".into(),
            advice: "lower it",
        };
        assert_eq!(error.to_string(), "holdout: expected a share, got 2; lower it");
    }
}
