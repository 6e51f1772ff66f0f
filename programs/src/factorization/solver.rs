//! How a row of factors is solved for, and its name on the command line and in model files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How alternating least squares solves the normal equations of a row.
///
/// ```
/// use gasworks_programs::factorization::Solver;
///
/// assert_eq!("cg".parse(), Ok(Solver::ConjugateGradient { steps: 3 }));
/// assert_eq!(Solver::ConjugateGradient { steps: 5 }.to_string(), "cg:steps=5");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Solver {
    /// Exactly, by Cholesky's factorization: O(ratings * rank^2 + rank^3).
    #[default]
    Cholesky,
    /// So many steps of conjugate gradients from the factors of the last round, without multiplying the ratings' rows out (Takacs, Pilaszy, Tikk
    /// 2011): O(steps * (ratings * rank + rank^2)), and perhaps a round more for the same error. It pays from a rank of about 32: twice as
    /// fast at 64, three times at 128 where rows have some hundred ratings.
    ConjugateGradient {
        /// 1 or more; as many as the rank solve exactly.
        steps: u32,
    },
    /// Exactly, among rows without negative factors: parts that add up to the whole (Lee, Seung 1999).
    Nonnegative,
}

impl Solver {
    /// Steps of conjugate gradients, unless said.
    pub const STEPS: u32 = 3;
}

impl fmt::Display for Solver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Solver::Cholesky => f.write_str("cholesky"),
            Solver::ConjugateGradient { steps } => write!(f, "cg:steps={steps}"),
            Solver::Nonnegative => f.write_str("nonnegative"),
        }
    }
}

impl From<Solver> for String {
    fn from(solver: Solver) -> String {
        solver.to_string()
    }
}

impl FromStr for Solver {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let steps = |text: &str| text.parse().ok().filter(|steps| *steps > 0);
        let solver = match text {
            "cholesky" => Some(Solver::Cholesky),
            "nonnegative" => Some(Solver::Nonnegative),
            "cg" => Some(Solver::ConjugateGradient { steps: Solver::STEPS }),
            _ => text
                .strip_prefix("cg:steps=")
                .and_then(steps)
                .map(|steps| Solver::ConjugateGradient { steps }),
        };
        solver.ok_or_else(|| {
            format!("expected cholesky, nonnegative, cg or cg:steps=N with N of 1 or more, got {text}")
        })
    }
}

impl TryFrom<String> for Solver {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_refused() {
        for solver in [Solver::Cholesky, Solver::Nonnegative, Solver::ConjugateGradient { steps: 7 }] {
            assert_eq!(solver.to_string().parse(), Ok(solver));
            let json = serde_json::to_string(&solver).unwrap();
            assert_eq!(serde_json::from_str::<Solver>(&json).unwrap(), solver);
        }
        for text in ["", "cg:", "cg:steps=0", "cg:steps=-1", "cg:steps=x", "Cholesky", "cholesky "] {
            assert!(text.parse::<Solver>().unwrap_err().contains("cg:steps=N"), "{text}");
        }
        assert!(serde_json::from_str::<Solver>("\"newton\"").is_err());
    }
}
