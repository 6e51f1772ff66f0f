//! How likely words and topics are together, with the distributions of documents and topics integrated out (Griffiths and Steyvers 2004,
//! equations 2 and 3, here with a prior of each topic's own).

use std::ops::Range;

use rayon::prelude::*;

use super::Priors;
use super::special::{RisingFactorial, ln_gamma};

/// Rows a block; the sum over blocks is taken in order, so its bits do not depend on threads.
const BLOCK: usize = 1 << 8;

/// The joint likelihood of the words and the topics of all tokens that have one, `p(w, z)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likelihood {
    /// Its natural logarithm.
    pub logarithm: f64,
    /// How many tokens have a topic.
    pub tokens: f64,
}

impl Likelihood {
    /// The logarithm a token; NaN without tokens.
    pub fn per_token(&self) -> f64 {
        self.logarithm / self.tokens
    }

    /// From the counts of each topic, those above 0, of documents and of words.
    pub(super) fn of<C: Iterator<Item = (usize, f64)>>(
        priors: &Priors,
        documents: Range<usize>,
        words: Range<usize>,
        counts: impl Fn(usize) -> C + Sync,
    ) -> Self {
        let alphas: Vec<RisingFactorial> = match priors.alpha() {
            [first, others @ ..] if others.iter().all(|other| other == first) => {
                vec![RisingFactorial::new(*first)]
            }
            alphas => alphas.iter().map(|alpha| RisingFactorial::new(*alpha)).collect(),
        };
        let all = RisingFactorial::new(priors.alpha().iter().sum());
        let document = |at: usize| {
            let (mut sum, mut tokens) = (0.0, 0.0);
            for (topic, count) in counts(at) {
                sum += alphas[if alphas.len() == 1 { 0 } else { topic }].ln(count);
                tokens += count;
            }
            sum - all.ln(tokens)
        };
        let beta = RisingFactorial::new(priors.beta());
        let word = |at: usize| -> f64 { counts(at).map(|(_, count)| beta.ln(count)).sum() };
        let of_blocks = |range: Range<usize>, of: &(dyn Fn(usize) -> f64 + Sync)| -> f64 {
            let starts: Vec<usize> = range.clone().step_by(BLOCK).collect();
            let block = |start: &usize| (*start..range.end.min(start + BLOCK)).map(of).sum();
            starts.par_iter().map(block).collect::<Vec<f64>>().iter().sum()
        };
        let mut totals = vec![0.0; priors.topics()];
        documents.clone().flat_map(&counts).for_each(|(topic, count)| totals[topic] += count);
        let mass = priors.beta() * priors.words() as f64;
        let of_totals: f64 = totals.iter().map(|total| ln_gamma(mass) - ln_gamma(mass + total)).sum();
        Likelihood {
            logarithm: of_blocks(documents, &document) + of_blocks(words, &word) + of_totals,
            tokens: totals.iter().sum(),
        }
    }
}
