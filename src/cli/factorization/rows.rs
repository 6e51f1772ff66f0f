//! What stands in the rows that a factorization's program moves.

use std::borrow::Cow;
use std::ops::Range;

use gasworks::programs;
use gasworks::programs::factorization::Baseline;
use gasworks::{Column, Row};

/// How a program's rows are read; users are the first. Unless a program says otherwise, a row is its factors and nothing else is learned.
pub(in super::super) trait Rows {
    /// The factors of a row.
    fn factors<'a>(&self, row: &'a [f32]) -> &'a [f32] {
        row
    }

    /// Mean and biases that go with these rows, given those that were fitted before.
    fn baseline<'a>(&self, fitted: &'a Baseline, _rows: &Column<Row<f32>>) -> Cow<'a, Baseline> {
        Cow::Borrowed(fitted)
    }

    /// Makes a row of these factors and this bias, for a run to start from.
    fn put(&self, _is_user: bool, factors: &[f32], _bias: f32, row: &mut [f32]) {
        row.copy_from_slice(factors);
    }

    /// What helps where numbers grow beyond all bounds.
    fn advice(&self) -> &'static str;

    /// What a run has learned so far.
    fn learned(&self, fitted: &Baseline, rows: &Column<Row<f32>>) -> Learned {
        let users = fitted.user_biases.len();
        let side =
            |range: Range<usize>| range.flat_map(|row| self.factors(rows.get(row)).iter().copied()).collect();
        Learned {
            baseline: self.baseline(fitted, rows).into_owned(),
            factors: (side(0..users), side(users..rows.len())),
        }
    }
}

/// What a model is made of.
pub(in super::super) struct Learned {
    pub(super) baseline: Baseline,
    /// Of the users, and of the items, row-major.
    pub(super) factors: (Vec<f32>, Vec<f32>),
}

impl Rows for programs::Als {
    fn advice(&self) -> &'static str {
        "use a larger --lambda, or scale the ratings down"
    }
}

impl Rows for programs::Bpr {
    fn advice(&self) -> &'static str {
        "use a smaller --learning-rate"
    }
}

impl Rows for programs::Ccd {
    fn advice(&self) -> &'static str {
        "use a larger --lambda, or scale the ratings down"
    }
}

impl Rows for programs::Nmf {
    fn advice(&self) -> &'static str {
        "scale the entries down"
    }
}

impl Rows for programs::Sgd {
    fn factors<'a>(&self, row: &'a [f32]) -> &'a [f32] {
        programs::Sgd::factors(self, row)
    }

    fn baseline<'a>(&self, fitted: &'a Baseline, rows: &Column<Row<f32>>) -> Cow<'a, Baseline> {
        if !self.has_biases() {
            return Cow::Borrowed(fitted);
        }
        let users = fitted.user_biases.len();
        let side =
            |range: Range<usize>, is_user| range.map(|row| self.bias(is_user, rows.get(row))).collect();
        Cow::Owned(Baseline {
            mean: fitted.mean,
            user_biases: side(0..users, true),
            item_biases: side(users..rows.len(), false),
        })
    }

    fn put(&self, is_user: bool, factors: &[f32], bias: f32, row: &mut [f32]) {
        self.start(is_user, factors, bias, row);
    }

    fn advice(&self) -> &'static str {
        "use a smaller --learning-rate, or scale the ratings down"
    }
}
