//! What can be wrong with a model.

/// An error of this module. The text is meant for the user of the command line; nothing else needs to be added.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkovRandomFieldError {
    /// The parts of a model do not fit together.
    #[error("{part}: expected {expected}, got {got}; {advice}")]
    Model {
        /// Which part, such as `the table of factor 3`.
        part: String,
        /// What it should have been.
        expected: String,
        /// What it was.
        got: String,
        /// What to do.
        advice: &'static str,
    },
    /// Every combination of states has probability zero.
    #[error(
        "expected states of positive probability, got factors and evidence that contradict each other; \
         correct the evidence, or give the impossible a small positive value"
    )]
    Impossible,
    /// No combination of states with positive probability was found, and there may be one.
    #[error(
        "expected states of positive probability, got none within {steps} steps of search; \
         start from states that you know, or give the impossible a small positive value"
    )]
    NoStart {
        /// How many choices were taken back.
        steps: usize,
    },
}
