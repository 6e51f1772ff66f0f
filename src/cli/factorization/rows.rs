//! What stands in the rows that a factorization's program moves.

use std::borrow::Cow;
use std::ops::Range;

use gasworks::graph::Graph;
use gasworks::programs;
use gasworks::programs::factorization::{Baseline, INITIAL_SCALE, initial_factors};
use gasworks::{Column, Row};

/// How a program's rows are read; users are the first. Unless a program says otherwise, a row is its factors and nothing else is learned.
pub(in super::super) trait Rows {
    /// The factors of a row.
    fn factors<'a>(&self, row: &'a [f32]) -> &'a [f32] {
        row
    }

    /// How many numbers at the start of a row an inner product is taken of while the run goes on.
    fn width(&self, rows: &Column<Row<f32>>) -> usize {
        rows.width()
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

/// A graph of users and items with rows of so many numbers, each written by `start` from whether it is a user's, small random factors, and the
/// fitted bias.
pub(in super::super) fn started(
    graph: Graph<(), f32>,
    width: usize,
    (rank, seed): (usize, u64),
    baseline: &Baseline,
    start: impl Fn(bool, &[f32], f32, &mut [f32]),
) -> Graph<Row<f32>, f32> {
    let users = baseline.user_biases.len();
    let factors = initial_factors(graph.vertices(), rank, INITIAL_SCALE, seed);
    graph.with_rows(width, |vertex, row| {
        let vertex = vertex as usize;
        let bias = match vertex.checked_sub(users) {
            None => baseline.user_biases[vertex],
            Some(item) => baseline.item_biases[item],
        };
        start(vertex < users, &factors[vertex * rank..][..rank], bias, row);
    })
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
        Cow::Owned(learned_biases(fitted, rows, |row| self.bias(row < users, rows.get(row))))
    }

    fn put(&self, is_user: bool, factors: &[f32], bias: f32, row: &mut [f32]) {
        self.start(is_user, factors, bias, row);
    }

    fn advice(&self) -> &'static str {
        "use a smaller --learning-rate, or scale the ratings down"
    }
}

impl Rows for programs::SvdPlusPlus {
    fn factors<'a>(&self, row: &'a [f32]) -> &'a [f32] {
        programs::SvdPlusPlus::factors(self, row)
    }

    fn width(&self, _: &Column<Row<f32>>) -> usize {
        self.rank()
    }

    fn baseline<'a>(&self, fitted: &'a Baseline, rows: &Column<Row<f32>>) -> Cow<'a, Baseline> {
        Cow::Owned(learned_biases(fitted, rows, |row| self.bias(rows.get(row))))
    }

    /// What choices said is a part of the user's factors from here on.
    fn put(&self, _: bool, factors: &[f32], bias: f32, row: &mut [f32]) {
        self.start(factors, bias, row);
    }

    fn advice(&self) -> &'static str {
        "use a smaller --learning-rate, or scale the ratings down"
    }
}

/// The fitted mean, with the biases of these rows.
fn learned_biases(fitted: &Baseline, rows: &Column<Row<f32>>, bias: impl Fn(usize) -> f32) -> Baseline {
    let users = fitted.user_biases.len();
    Baseline {
        mean: fitted.mean,
        user_biases: (0..users).map(&bias).collect(),
        item_biases: (users..rows.len()).map(&bias).collect(),
    }
}
