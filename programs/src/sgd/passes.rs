//! Passes over a block of ratings: which rows are in registers, and which steps are taken in turn.

use gasworks_engine::{Block, BlockRow, Simd};
use gasworks_kernels::descent::{AdaptiveDescent, Descent, HeldRow};

use super::{LINE, Sgd};

/// How many edges ahead the row of an item is asked for.
const AHEAD: usize = 8;

/// The steps of a pass.
pub(super) trait Steps<S: Simd, const PARTS: usize>: Copy {
    /// What the rate of a user depends on, kept beside the row while that is in registers.
    fn number(self, user: &[f32]) -> f32;
    /// Puts it back.
    fn put(self, number: f32, user: &mut [f32]);
    fn step<const LINES: usize>(
        self,
        user: &mut HeldRow<S, LINES, PARTS>,
        number: &mut f32,
        item: &mut [f32],
        rating: f32,
    );
    fn step_rows(self, user: &mut [f32], item: &mut [f32], rating: f32);
}

impl<S: Simd, const PARTS: usize, const BIASES: bool> Steps<S, PARTS> for Descent<S, PARTS, BIASES> {
    #[inline(always)]
    fn number(self, _: &[f32]) -> f32 {
        0.0
    }
    #[inline(always)]
    fn put(self, _: f32, _: &mut [f32]) {}
    #[inline(always)]
    fn step<const LINES: usize>(
        self,
        user: &mut HeldRow<S, LINES, PARTS>,
        _: &mut f32,
        item: &mut [f32],
        rating: f32,
    ) {
        Descent::step(&self, user, item, rating);
    }
    #[inline(always)]
    fn step_rows(self, user: &mut [f32], item: &mut [f32], rating: f32) {
        Descent::step_rows(&self, user, item, rating);
    }
}

/// Steps whose rates fall with the squares of the gradients that a row has seen.
#[derive(Clone, Copy)]
pub(super) struct Adaptive<S: Simd, const PARTS: usize> {
    descent: AdaptiveDescent<S, PARTS>,
    first: f32,
    /// 1 / rank.
    share: f32,
    /// Where from the end of a row a user keeps its number; an item, one further on.
    from_end: usize,
}

impl<S: Simd, const PARTS: usize> Adaptive<S, PARTS> {
    #[inline(always)]
    pub(super) fn new(simd: S, sgd: &Sgd, first: f32) -> Self {
        Adaptive {
            descent: AdaptiveDescent::new(simd, sgd.lambda, sgd.has_biases),
            first,
            share: 1.0 / sgd.rank as f32,
            from_end: AdaptiveDescent::<S, PARTS>::own_numbers(sgd.has_biases),
        }
    }

    #[inline(always)]
    fn rates(self, numbers: [f32; 2]) -> [f32; 2] {
        numbers.map(|number| self.first / number.sqrt())
    }
}

impl<S: Simd, const PARTS: usize> Steps<S, PARTS> for Adaptive<S, PARTS> {
    #[inline(always)]
    fn number(self, user: &[f32]) -> f32 {
        user[user.len() - self.from_end]
    }
    #[inline(always)]
    fn put(self, number: f32, user: &mut [f32]) {
        let at = user.len() - self.from_end;
        user[at] = number;
    }
    #[inline(always)]
    fn step<const LINES: usize>(
        self,
        user: &mut HeldRow<S, LINES, PARTS>,
        number: &mut f32,
        item: &mut [f32],
        rating: f32,
    ) {
        let at = item.len() - self.from_end + 1;
        let own = item[at];
        let squares = self.descent.step(user, item, rating, self.rates([*number, own]));
        *number += self.share * squares[0];
        item[at] = own + self.share * squares[1];
    }
    #[inline(always)]
    fn step_rows(self, user: &mut [f32], item: &mut [f32], rating: f32) {
        let at = user.len() - self.from_end;
        let own = [user[at], item[at + 1]];
        let squares = self.descent.step_rows(user, item, rating, self.rates(own));
        user[at] = own[0] + self.share * squares[0];
        item[at + 1] = own[1] + self.share * squares[1];
    }
}

/// Picks the number of lines in a row.
#[inline(always)]
pub(super) fn descend<S: Simd, const PARTS: usize>(
    simd: S,
    steps: impl Steps<S, PARTS>,
    width: usize,
    block: &mut Block<'_, Sgd>,
) {
    match if block.is_bipartite() { width / LINE } else { 0 } {
        1 => in_registers::<S, 1, PARTS>(simd, steps, block),
        2 => in_registers::<S, 2, PARTS>(simd, steps, block),
        3 => in_registers::<S, 3, PARTS>(simd, steps, block),
        4 => in_registers::<S, 4, PARTS>(simd, steps, block),
        5 => in_registers::<S, 5, PARTS>(simd, steps, block),
        6 => in_registers::<S, 6, PARTS>(simd, steps, block),
        8 => in_registers::<S, 8, PARTS>(simd, steps, block),
        _ => in_memory(steps, block),
    }
}

/// Two users at a time, a rating of the one and a rating of the other in turn: a step on one waits for the step on the same user
/// before it, and meanwhile the other's goes on.
#[inline(always)]
fn in_registers<S: Simd, const LINES: usize, const PARTS: usize>(
    simd: S,
    steps: impl Steps<S, PARTS>,
    block: &mut Block<'_, Sgd>,
) {
    let step = |block: &mut Block<'_, Sgd>,
                (held, number): &mut (HeldRow<S, LINES, PARTS>, f32),
                row: BlockRow<'_>,
                at: usize| {
        let (rating, item) = block.target_mut(row, at);
        steps.step(held, number, item, *rating);
    };
    let load = |block: &mut Block<'_, Sgd>, row: BlockRow<'_>| {
        let user = block.source_mut(row);
        (HeldRow::load(simd, user), steps.number(user))
    };
    let store =
        |block: &mut Block<'_, Sgd>, row: BlockRow<'_>, (held, number): (HeldRow<S, LINES, PARTS>, f32)| {
            let user = block.source_mut(row);
            held.store(user);
            steps.put(number, user);
        };
    let mut row = 0;
    while row < block.rows() {
        let first = block.row(row);
        let second = if row + 1 < block.rows() { Some(block.row(row + 1)) } else { None };
        for next in row + 2..row + 4 {
            block.prefetch_source(next);
        }
        let mut x = load(block, first);
        let mut from = 0;
        if let Some(second) = second {
            let mut z = load(block, second);
            let both = second.len();
            for at in 0..both {
                // Behind the end of each comes the other, and behind that what is next.
                let ahead = if at + AHEAD < both { at + AHEAD } else { at + AHEAD + both };
                block.prefetch_target(first, ahead);
                block.prefetch_target(second, ahead);
                step(block, &mut x, first, at);
                step(block, &mut z, second, at);
            }
            store(block, second, z);
            from = both;
        }
        for at in from..first.len() {
            step(block, &mut x, first, at);
        }
        store(block, first, x);
        row += 2;
    }
}

/// One rating after the other, of rows too long for registers, or where users are items too.
#[inline(always)]
fn in_memory<S: Simd, const PARTS: usize>(steps: impl Steps<S, PARTS>, block: &mut Block<'_, Sgd>) {
    for row in 0..block.rows() {
        block.prefetch_source(row + 2);
        let row = block.row(row);
        for at in 0..row.len() {
            block.prefetch_target(row, at + AHEAD);
            let (user, rating, item) = block.edge(row, at);
            steps.step_rows(user, item, *rating);
        }
    }
}
