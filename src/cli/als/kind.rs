//! Which factors `als` looks for, and how it solves for a row: what goes together, and what follows from it where nothing is said.

use clap::Args;
use gasworks::programs::factorization::{ImplicitLoss, Offset, Regularization, Settings, Solver};
use gasworks::{Phase, programs};

use super::super::error::Failure;
use super::super::options::up_to;
use super::super::order::Order;
use super::Als;

#[derive(Args, Debug)]
pub(super) struct Kind {
    /// Take ratings as implicit feedback, such as how often something was chosen: every pair of a user and an item has a preference, 1
    /// where there is a rating and else 0, with confidence 1 + alpha * rating (Hu et al. 2008)
    #[arg(long, help_heading = "Model")]
    pub(super) implicit: bool,
    /// Weight of a rating in its confidence [default: 1]
    #[arg(
        allow_negative_numbers = true, long, value_name = "A", requires = "implicit", value_parser = up_to(1e9),
        help_heading = "Model"
    )]
    alpha: Option<f32>,
    /// How a row is solved for: cholesky, exactly; cg[:steps=N], by a few steps of conjugate gradients from where it is
    #[arg(long, value_name = "SOLVER", default_value = "cholesky", value_parser = solver, help_heading = "Model")]
    solver: Solver,
    /// Look for factors that are not negative
    #[arg(long, conflicts_with = "solver", help_heading = "Model")]
    nonnegative: bool,
}

/// What `--solver` takes.
fn solver(text: &str) -> Result<Solver, String> {
    let known = text.parse().ok().filter(|solver| *solver != Solver::Nonnegative);
    known.ok_or_else(|| "expected cholesky, cg or cg:steps=N with N of 1 or more".into())
}

impl Kind {
    /// What a rating adds to its confidence, under implicit feedback.
    pub(super) fn alpha(&self) -> Option<f32> {
        if self.implicit { self.alpha.or(Settings::implicit().alpha) } else { None }
    }

    pub(super) fn solver(&self) -> Solver {
        if self.nonnegative { Solver::Nonnegative } else { self.solver }
    }
}

/// Implicit feedback needs one side to stand still, as the sum over all of its rows says it does: otherwise the loss goes up and down.
pub(super) fn check_order(program: &programs::Als, order: &Order, colored: bool) -> Result<(), Failure> {
    let in_turn = match order.is_async() {
        true => colored,
        false => order.scheduler()?.phases() != [Phase::All],
    };
    if program.is_implicit() && !in_turn {
        return Err(Failure::usage(
            "users and items in turn with --implicit: each is solved for given the sum over all of the other side",
            "an order in which both move at once",
            "leave --scheduler and --exclusion out, or say --scheduler sweep:phases=sides, or --engine async --exclusion coloring",
        ));
    }
    Ok(())
}

impl Als {
    pub(super) fn program(&self) -> programs::Als {
        let (rank, regularization) = (usize::from(self.rank), self.regularization());
        let program = match self.kind.alpha() {
            Some(alpha) => programs::Als::implicit(rank, self.lambda, regularization, alpha),
            None => programs::Als::new(rank, self.lambda, regularization),
        };
        program.solver(self.kind.solver()).tolerance(self.tolerance)
    }

    pub(super) fn regularization(&self) -> Regularization {
        let defaults = if self.kind.implicit { Settings::implicit() } else { Settings::default() };
        self.regularization.unwrap_or(defaults.regularization)
    }

    /// Preferences are no ratings with a bias, and factors that are not negative explain no residual below zero.
    pub(super) fn offset(&self) -> Offset {
        let is_plain = self.kind.implicit || self.kind.nonnegative;
        self.offset.unwrap_or(if is_plain { Offset::None } else { Offset::Biases })
    }

    /// What implicit feedback minimizes.
    pub(super) fn loss(&self) -> Option<ImplicitLoss> {
        let (lambda, regularization) = (self.lambda, self.regularization());
        self.kind.alpha().map(|alpha| ImplicitLoss { alpha, lambda, regularization })
    }

    /// What implicit feedback does not go with; before anything is read.
    pub(super) fn check_kind(&self) -> Result<(), Failure> {
        if self.kind.implicit && self.offset() != Offset::None {
            return Err(Failure::usage(
                "--offset none with --implicit: a preference is 0 or 1, and has no mean to subtract",
                format!("--offset {:?}", self.offset()).to_lowercase(),
                "leave --offset out",
            ));
        }
        if self.kind.implicit && self.measuring.early_stop {
            return Err(Failure::usage(
                "a run of all its iterations with --implicit: errors of preferences say nothing to stop by",
                "--early-stop",
                "leave it out; --tolerance stops when no factor moves any more",
            ));
        }
        Ok(())
    }
}
