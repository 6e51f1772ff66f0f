//! How likely words and topics are together, with the distributions of documents and topics integrated out (Griffiths and Steyvers 2004,
//! equations 2 and 3, here with a prior of each topic's own).

use gasworks_engine::graph::Topology;
use gasworks_engine::{Column, Row};
use rayon::prelude::*;

use super::Lda;
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

    /// From the rows of documents and words.
    ///
    /// # Panics
    /// If there is not a row for each vertex, or the graph is not bipartite.
    pub fn new(lda: &Lda, topology: &Topology, rows: &Column<Row<f32>>) -> Self {
        let documents = topology.left().expect("documents and words are the two sides") as usize;
        assert_eq!(rows.len(), topology.vertices(), "a row for each vertex");
        let alphas: Vec<RisingFactorial> = match lda.alpha() {
            [first, others @ ..] if others.iter().all(|other| other == first) => {
                vec![RisingFactorial::new(*first)]
            }
            alphas => alphas.iter().map(|alpha| RisingFactorial::new(*alpha)).collect(),
        };
        let all = RisingFactorial::new(lda.alpha().iter().sum());
        let topics = lda.topics();
        let document = |at: usize| {
            let row = rows.get(at);
            let tokens: f64 = row.iter().map(|count| f64::from(*count)).sum();
            let of_topics = row[..topics].iter().zip(alphas.iter().cycle());
            of_topics.map(|(count, alpha)| alpha.ln((*count).into())).sum::<f64>() - all.ln(tokens)
        };
        let beta = RisingFactorial::new(lda.beta());
        let word = |at: usize| -> f64 {
            let counts = rows.get(at).iter().filter(|count| **count > 0.0);
            counts.map(|count| beta.ln((*count).into())).sum()
        };
        let of_blocks = |range: std::ops::Range<usize>, of: &(dyn Fn(usize) -> f64 + Sync)| -> f64 {
            let starts: Vec<usize> = range.clone().step_by(BLOCK).collect();
            let block = |start: &usize| (*start..range.end.min(start + BLOCK)).map(of).sum();
            starts.par_iter().map(block).collect::<Vec<f64>>().iter().sum()
        };
        let mut totals = vec![0.0; topics];
        for at in 0..documents {
            totals.iter_mut().zip(rows.get(at)).for_each(|(total, count)| *total += f64::from(*count));
        }
        let mass = lda.beta() * lda.words() as f64;
        let of_totals: f64 = totals.iter().map(|total| ln_gamma(mass) - ln_gamma(mass + total)).sum();
        let of_words = of_blocks(documents..rows.len(), &word);
        Likelihood {
            logarithm: of_blocks(0..documents, &document) + of_words + of_totals,
            tokens: totals.iter().sum(),
        }
    }
}
