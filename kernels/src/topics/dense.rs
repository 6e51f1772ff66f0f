//! The dense conditional, and draws from it in time that grows with the number of topics.
//!
//! The first factor, `(n_dk + alpha_k) / (n_k + V beta)`, is kept for each open document, so that a draw reads two rows. Topic `k` is in lane
//! `k mod 16` of line `k / 16`. A draw adds up each lane down the lines and remembers every sum; a prefix sum over sixteen lanes picks the lane,
//! comparisons with its sums the line. No branch depends on the data, so draws for several documents overlap in the processor. Counts change a
//! whole line at a time: a vector load right after a store of one of its lanes would wait for the store to reach the cache.
//!
//! Products and sums are rounded apart and added in one order, so all instruction levels give the same bits. A probability is off by a relative
//! 2^-23 times a small multiple of the number of lines, and uniform numbers have 23 bits.

use std::hint::select_unpredictable;

use pulp::Simd;

use super::{Lanes, Line, Prior};
use crate::aligned::{LINE, vectors, vectors_mut};

/// How many tokens each topic has: as it was at some time, and how much it changed since. Together with the prior, in one place.
#[derive(Clone, Debug)]
pub struct Totals(Vec<TotalsLine>);

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct TotalsLine {
    /// `n_k + V beta`; 1 beyond the topics.
    base: Line,
    change: Line,
    alpha: Line,
}

impl Totals {
    /// Room for so many topics.
    pub fn new(topics: usize) -> Self {
        let zero = Line([0.0; LINE]);
        Totals(vec![TotalsLine { base: zero, change: zero, alpha: zero }; topics.div_ceil(LINE)])
    }

    /// Starts anew from counts, one each topic or more.
    ///
    /// # Panics
    /// If there are fewer counts than topics, or the room is for other topics.
    pub fn start(&mut self, prior: &Prior, counts: &[f64]) {
        assert_eq!(self.0.len(), prior.alpha.len(), "totals of as many topics");
        let counts = counts[..prior.topics].chunks(LINE);
        for ((line, alpha), counts) in self.0.iter_mut().zip(&prior.alpha).zip(counts) {
            *line = TotalsLine { base: Line([1.0; LINE]), change: Line([0.0; LINE]), alpha: *alpha };
            for (base, count) in line.base.0.iter_mut().zip(counts) {
                *base = *count as f32 + prior.mass;
            }
        }
    }
}

/// A document whose tokens are drawn.
#[derive(Clone, Debug)]
pub struct OpenDocument(Vec<DocumentLine>);

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct DocumentLine {
    counts: Line,
    /// `(n_dk + alpha_k) / (n_k + V beta)`, with totals as they were when the document was opened or last had the topic.
    weights: Line,
    /// Down each lane, the sums of a draw.
    sums: Line,
}

impl OpenDocument {
    /// Room for so many topics.
    pub fn new(topics: usize) -> Self {
        let zero = Line([0.0; LINE]);
        OpenDocument(vec![DocumentLine { counts: zero, weights: zero, sums: zero }; topics.div_ceil(LINE)])
    }

    /// Writes the document's tokens of each topic to a row.
    ///
    /// # Panics
    /// If it is of other topics.
    #[inline(always)]
    pub fn close(&self, row: &mut [f32]) {
        assert_eq!(row.len(), self.0.len() * LINE, "a row of as many topics");
        row.as_chunks_mut().0.iter_mut().zip(&self.0).for_each(|(row, line)| *row = line.counts.0);
    }
}

/// What draws have in common, for lines of `PARTS` vectors.
#[derive(Clone, Copy)]
pub struct Conditional<S: Simd, const PARTS: usize> {
    simd: S,
    topics: usize,
    beta: S::f32s,
    /// The number of each lane.
    lanes: [S::f32s; PARTS],
}

/// A line in registers.
type Vectors<S, const PARTS: usize> = [<S as Simd>::f32s; PARTS];

impl<S: Simd, const PARTS: usize> Conditional<S, PARTS> {
    /// # Panics
    /// If `PARTS` vectors are not a line.
    #[inline(always)]
    pub fn new(simd: S, prior: &Prior) -> Self {
        let numbers = std::array::from_fn(|lane| lane as f32);
        let beta = simd.splat_f32s(prior.beta);
        Conditional { simd, topics: prior.topics, beta, lanes: load::<S, PARTS>(&numbers) }
    }

    /// Opens a document with these counts, a number for each topic and zeros up to a whole line.
    ///
    /// # Panics
    /// If there are other numbers of topics.
    #[inline(always)]
    pub fn open(&self, document: &mut OpenDocument, counts: &[f32], totals: &Totals) {
        assert_eq!(counts.len(), document.0.len() * LINE, "a row of as many topics");
        assert_eq!(totals.0.len(), document.0.len(), "totals of as many topics");
        let counts = counts.as_chunks().0;
        for ((line, totals), counts) in document.0.iter_mut().zip(&totals.0).zip(counts) {
            line.counts.0 = *counts;
            self.weigh(line, load::<S, PARTS>(counts), load::<S, PARTS>(&totals.change.0), totals);
        }
    }

    /// The weights of a line with these counts and this change of the totals.
    #[inline(always)]
    fn weigh(
        &self,
        line: &mut DocumentLine,
        counts: Vectors<S, PARTS>,
        change: Vectors<S, PARTS>,
        totals: &TotalsLine,
    ) {
        let simd = self.simd;
        let (base, alpha) = (load::<S, PARTS>(&totals.base.0), load::<S, PARTS>(&totals.alpha.0));
        let mut weights = counts;
        for part in 0..PARTS {
            let (count, total) =
                (simd.add_f32s(counts[part], alpha[part]), simd.add_f32s(base[part], change[part]));
            weights[part] = simd.div_f32s(count, total);
        }
        store::<S, PARTS>(&mut line.weights.0, weights);
    }

    /// Takes a token out of the counts of its document, its word and all, draws a topic for it by a uniform number below 1, and puts it
    /// in again. A token without a topic is only put in.
    ///
    /// # Panics
    /// If a topic is none, or a row has another length.
    #[inline(always)]
    pub fn step(
        &self,
        document: &mut OpenDocument,
        word: &mut [f32],
        totals: &mut Totals,
        topic: Option<usize>,
        uniform: f32,
    ) -> usize {
        if let Some(topic) = topic {
            self.change(document, word, totals, topic, -1.0);
        }
        let topic = self.draw(document, word, uniform);
        self.put(document, word, totals, topic);
        topic
    }

    /// Puts a token of a topic into the counts.
    ///
    /// # Panics
    /// If there is no such topic, or a row has another length.
    #[inline(always)]
    pub fn put(&self, document: &mut OpenDocument, word: &mut [f32], totals: &mut Totals, topic: usize) {
        self.change(document, word, totals, topic, 1.0);
    }

    #[inline(always)]
    fn change(
        &self,
        document: &mut OpenDocument,
        word: &mut [f32],
        totals: &mut Totals,
        topic: usize,
        by: f32,
    ) {
        let simd = self.simd;
        let (at, lane) = (topic / LINE, simd.splat_f32s((topic % LINE) as f32));
        let (by, zero) = (simd.splat_f32s(by), simd.splat_f32s(0.0));
        let (document, totals) = (&mut document.0[at], &mut totals.0[at]);
        let word = &mut word.as_chunks_mut().0[at];
        let mut rows = [document.counts.0, *word, totals.change.0].map(|row| load::<S, PARTS>(&row));
        for part in 0..PARTS {
            let by = simd.select_f32s(simd.equal_f32s(self.lanes[part], lane), by, zero);
            for row in &mut rows {
                row[part] = simd.add_f32s(row[part], by);
            }
        }
        let [counts, words, change] = rows;
        store::<S, PARTS>(&mut document.counts.0, counts);
        store::<S, PARTS>(word, words);
        store::<S, PARTS>(&mut totals.change.0, change);
        self.weigh(document, counts, change, totals);
    }

    /// A topic by the conditional of the counts as they are.
    #[inline(always)]
    fn draw(&self, document: &mut OpenDocument, word: &[f32], uniform: f32) -> usize {
        let simd = self.simd;
        let lines = &mut document.0[..];
        assert_eq!(word.len(), lines.len() * LINE, "a row of as many topics");
        let mut running = [simd.splat_f32s(0.0); PARTS];
        for (line, word) in lines.iter_mut().zip(word.as_chunks().0) {
            let (weights, word) = (load::<S, PARTS>(&line.weights.0), load::<S, PARTS>(word));
            for part in 0..PARTS {
                let likely = simd.mul_f32s(weights[part], simd.add_f32s(word[part], self.beta));
                running[part] = simd.add_f32s(running[part], likely);
            }
            store::<S, PARTS>(&mut line.sums.0, running);
        }
        let mut lanes = [0.0; LINE];
        lanes.copy_from_slice(bytemuck::checked::cast_slice(&running));
        let lanes = Lanes::new(lanes);
        let (lane, rest) = lanes.descend(uniform * lanes.sum());
        let mut line = 0;
        let mut size = lines.len();
        while size > 1 {
            let half = size / 2;
            let is_past = lines[line + half - 1].sums.0[lane] <= rest;
            line = select_unpredictable(is_past, line + half, line);
            size -= half;
        }
        // Rounding may lead into a lane beyond the last topic.
        (line * LINE + lane).min(self.topics - 1)
    }
}

/// # Panics
/// If `PARTS` vectors are not a line.
#[inline(always)]
fn load<S: Simd, const PARTS: usize>(line: &[f32; LINE]) -> Vectors<S, PARTS> {
    vectors::<S>(line).try_into().expect("a line of vectors")
}

#[inline(always)]
fn store<S: Simd, const PARTS: usize>(line: &mut [f32; LINE], vectors: Vectors<S, PARTS>) {
    vectors_mut::<S>(line).copy_from_slice(&vectors);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;
    use crate::topics::padded;
    use pulp::WithSimd;

    /// Topics drawn at evenly spaced uniform numbers, each put back, and the counts after one more step.
    struct Draws<'a> {
        prior: &'a Prior,
        document: &'a [f32],
        word: &'a [f32],
        totals: &'a [f64],
        count: usize,
    }

    impl Draws<'_> {
        #[inline(always)]
        fn run<S: Simd, const PARTS: usize>(&self, simd: S) -> Vec<usize> {
            let conditional = Conditional::<S, PARTS>::new(simd, self.prior);
            let mut totals = Totals::new(self.prior.topics);
            totals.start(self.prior, self.totals);
            let mut document = OpenDocument::new(self.prior.topics);
            conditional.open(&mut document, self.document, &totals);
            let mut word = self.word.to_vec();
            let draw = |at: usize| {
                let uniform = (at as f32 + 0.5) / self.count as f32;
                let topic = conditional.step(&mut document, &mut word, &mut totals, None, uniform);
                conditional.change(&mut document, &mut word, &mut totals, topic, -1.0);
                topic
            };
            let topics = (0..self.count).map(draw).collect();
            let mut row = vec![f32::NAN; self.document.len()];
            document.close(&mut row);
            assert_eq!((&row[..], &word[..]), (self.document, self.word), "what was put in was taken out");
            topics
        }
    }

    impl WithSimd for Draws<'_> {
        type Output = Vec<usize>;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<usize> {
            match S::F32_LANES {
                16 => self.run::<S, 1>(simd),
                8 => self.run::<S, 2>(simd),
                4 => self.run::<S, 4>(simd),
                _ => self.run::<S, 16>(simd),
            }
        }
    }

    #[test]
    fn topics_are_drawn_as_often_as_the_conditional_says() {
        for topics in [1, 2, 7, 15, 16, 17, 33, 100, 150] {
            let number = |k: usize, factor: usize, bound: usize| ((k * factor + 3) % bound) as f32;
            let alpha: Vec<f32> = (0..topics).map(|k| 0.05 + 0.1 * number(k, 7, 5)).collect();
            let row = |factor, bound| {
                let mut row = vec![0.0; padded(topics)];
                (0..topics).for_each(|k| row[k] = number(k, factor, bound));
                row
            };
            let (document, word) = (row(5, 4), row(11, 9));
            let totals: Vec<f64> = (0..topics).map(|k| 20.0 + f64::from(number(k, 3, 30))).collect();
            let prior = Prior::new(&alpha, 0.01, 50);
            let exact: Vec<f64> = (0..topics)
                .map(|k| {
                    (f64::from(document[k]) + f64::from(alpha[k])) / (totals[k] + 0.5)
                        * (f64::from(word[k]) + 0.01)
                })
                .collect();
            let (whole, count): (f64, _) = (exact.iter().sum(), 20_000);
            let mut expected: Option<Vec<usize>> = None;
            for isa in Isa::all().into_iter().filter(|isa| isa.is_available()) {
                let draws = Draws { prior: &prior, document: &document, word: &word, totals: &totals, count };
                let drawn = isa.dispatch(draws);
                for (k, exact) in exact.iter().enumerate() {
                    let found = drawn.iter().filter(|topic| **topic == k).count() as f64;
                    let exact = exact / whole * count as f64;
                    // Each topic is one interval of the uniform numbers.
                    assert!(
                        (found - exact).abs() < 1.1,
                        "{isa}, topic {k} of {topics}: {found}, not {exact}"
                    );
                }
                assert_eq!(*expected.get_or_insert_with(|| drawn.clone()), drawn, "{isa}");
            }
        }
    }
}
