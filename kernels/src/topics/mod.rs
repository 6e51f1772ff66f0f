//! Draws of topics in collapsed Gibbs sampling for latent Dirichlet allocation (Griffiths and Steyvers 2004, "Finding scientific topics",
//! equation 5).
//!
//! Of a token whose own topic is taken out of the counts, topic `k` has a probability in proportion to
//!
//! ```text
//! (n_dk + alpha_k) / (n_k + V beta) * (n_wk + beta)
//! ```
//!
//! with `n_dk` tokens of topic `k` in the token's document, `n_wk` of the token's word, and `n_k` in all. [`dense`] looks at all topics, sixteen at
//! a time, and is the faster one for some hundreds of them; [`sparse`] looks at those of the document. [`metropolis`] looks at one or two,
//! and takes or leaves them.

pub mod dense;
pub mod metropolis;
pub mod sparse;

use std::hint::select_unpredictable;

use crate::aligned::LINE;

/// Numbers in a row for so many topics: whole lines of sixteen.
pub const fn padded(topics: usize) -> usize {
    topics.next_multiple_of(LINE)
}

/// A line of numbers, sixteen topics side by side.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Lines of one number for each topic.
fn lines(numbers: &[f32]) -> impl Iterator<Item = Line> {
    numbers.chunks(LINE).map(|numbers| {
        let mut line = Line([0.0; LINE]);
        line.0[..numbers.len()].copy_from_slice(numbers);
        line
    })
}

/// What is known before any token: the Dirichlet priors.
#[derive(Clone, Debug)]
pub struct Prior {
    topics: usize,
    alpha: Vec<Line>,
    beta: f32,
    /// `V beta`, for `V` words.
    mass: f32,
}

impl Prior {
    /// Of documents over topics, `alpha`, one each; of topics over `words` words, `beta`.
    ///
    /// # Panics
    /// If there is no topic, or a parameter is not above 0 and finite.
    pub fn new(alpha: &[f32], beta: f32, words: usize) -> Self {
        let is_parameter = |number: &f32| *number > 0.0 && number.is_finite();
        assert!(!alpha.is_empty() && alpha.iter().all(is_parameter), "alpha of each topic is above 0");
        assert!(is_parameter(&beta), "beta is above 0 and finite, got {beta}");
        let mass = (f64::from(beta) * words as f64) as f32;
        Prior { topics: alpha.len(), alpha: lines(alpha).collect(), beta, mass }
    }
}

/// Sums of sixteen lanes, added up by halves.
struct Lanes {
    sixteen: [f32; 16],
    eight: [f32; 8],
    four: [f32; 4],
    two: [f32; 2],
}

impl Lanes {
    #[inline(always)]
    fn new(sixteen: [f32; 16]) -> Self {
        let eight: [f32; 8] = std::array::from_fn(|lane| sixteen[lane] + sixteen[lane + 8]);
        let four: [f32; 4] = std::array::from_fn(|lane| eight[lane] + eight[lane + 4]);
        Lanes { sixteen, eight, four, two: [four[0] + four[2], four[1] + four[3]] }
    }

    /// Of all lanes.
    #[inline(always)]
    fn sum(&self) -> f32 {
        self.two[0] + self.two[1]
    }

    /// The lane in which so much of the sum lies, and how far in it: the way leads down from the sum of all, into the first half or past
    /// it into the second.
    #[inline(always)]
    fn descend(&self, mut rest: f32) -> (usize, f32) {
        let mut lane = 0;
        let mut past = |sum: f32, half: usize| {
            let is_past = sum <= rest;
            rest -= select_unpredictable(is_past, sum, 0.0);
            lane += select_unpredictable(is_past, half, 0);
            lane
        };
        let lane = past(self.two[0], 1);
        let lane = past(self.four[lane], 2);
        let lane = past(self.eight[lane], 4);
        let lane = past(self.sixteen[lane], 8);
        (lane, rest)
    }
}
