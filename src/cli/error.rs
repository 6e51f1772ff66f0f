//! What can stop a command, and the exit code that says so.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use gasworks::ErrorKind;
use gasworks::generate::GenerateError;
use gasworks::programs::factorization::FactorizationError;
use gasworks::programs::markov_random_field::MarkovRandomFieldError;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of standard output is gone, which is no fault: `gasworks ... | head`.
    ClosedPipe,
    /// Standard output cannot be written.
    Stdout(io::Error),
    /// The engine or an input.
    Engine(gasworks::Error),
    /// Training, or a model.
    Factorization(FactorizationError),
    /// A graphical model.
    MarkovRandomField { path: PathBuf, error: MarkovRandomFieldError },
    /// Parameters of synthetic data.
    Generate(GenerateError),
}

impl Failure {
    /// An option or argument that means nothing here.
    pub(crate) fn usage(
        expected: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let (expected, found, advice) = (expected.into(), found.into(), advice.into());
        Failure::Engine(gasworks::Error::Usage { expected, found, advice })
    }

    /// An input that as a whole is not what the command needs.
    pub(crate) fn data(
        path: &Path,
        expected: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let (path, expected) = (path.to_owned(), expected.into());
        Failure::Engine(gasworks::Error::File { path, expected, found: found.into(), advice: advice.into() })
    }

    /// As in `sysexits.h`.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::ClosedPipe => 0,
            Failure::Stdout(_) => 74,
            Failure::Engine(error) => of_kind(error.kind()),
            Failure::Generate(_) => 2,
            Failure::MarkovRandomField { .. } => 65,
            Failure::Factorization(error) => match error {
                FactorizationError::Argument { .. } | FactorizationError::UnknownId { .. } => 2,
                FactorizationError::Model { .. } | FactorizationError::Refused { .. } => 65,
                FactorizationError::Write(error) => of_kind(error.kind()),
                FactorizationError::Io { source, .. } => match source.kind() {
                    // No file, no permission, or no regular file: there is no such input.
                    io::ErrorKind::NotFound
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::Other => 66,
                    _ => 74,
                },
            },
        }
    }

    /// The file that it is about.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Failure::Engine(error) | Failure::Factorization(FactorizationError::Write(error)) => error.file(),
            Failure::Factorization(
                FactorizationError::Refused { path, .. } | FactorizationError::Io { path, .. },
            )
            | Failure::MarkovRandomField { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The line that it is about, counted from 1.
    pub(crate) fn line(&self) -> Option<u64> {
        match self {
            Failure::Engine(error) => error.line(),
            _ => None,
        }
    }

    /// The message and its causes, outermost first.
    pub(crate) fn chain(&self) -> Vec<String> {
        let mut messages = vec![self.to_string()];
        let mut cause = self.source();
        while let Some(error) = cause {
            messages.push(error.to_string());
            cause = error.source();
        }
        messages
    }
}

fn of_kind(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => 2,
        ErrorKind::Data => 65,
        ErrorKind::NoInput => 66,
        _ => 74,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::ClosedPipe => f.write_str("standard output: its reader is gone"),
            Failure::Stdout(_) => {
                f.write_str("standard output: expected to write results, found that the system refused")
            }
            Failure::Engine(error) => error.fmt(f),
            Failure::Factorization(error) => error.fmt(f),
            Failure::MarkovRandomField { path, error } => write!(f, "{}: {error}", path.display()),
            Failure::Generate(error) => error.fmt(f),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Failure::ClosedPipe => None,
            Failure::Stdout(error) => Some(error),
            Failure::Engine(error) => error.source(),
            Failure::Factorization(error) => error.source(),
            Failure::MarkovRandomField { error, .. } => error.source(),
            Failure::Generate(error) => error.source(),
        }
    }
}

impl From<gasworks::Error> for Failure {
    fn from(error: gasworks::Error) -> Self {
        Failure::Engine(error)
    }
}

impl From<FactorizationError> for Failure {
    fn from(error: FactorizationError) -> Self {
        Failure::Factorization(error)
    }
}

impl From<GenerateError> for Failure {
    fn from(error: GenerateError) -> Self {
        Failure::Generate(error)
    }
}

/// Errors of writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::Stdout(error),
        }
    }
}
