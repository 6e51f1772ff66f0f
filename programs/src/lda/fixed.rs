//! The distributions of topics over words as a model has them, for documents that do not change them.
//!
//! Word w has the probability `phi_kw = (n_kw + beta) / (n_k + V beta)` in topic k. Of a document with n_dk tokens of topic k, the weight of topic k for one more token,
//! `(n_dk + alpha_k) phi_kw`, has three parts: `n_dk phi_kw`, which only the few topics of the document have; `alpha_k n_kw / (n_k + V beta)`, which only
//! the topics of the word have; and `alpha_k beta / (n_k + V beta)`, the same for all words (as Yao, Mimno, McCallum 2009, "Efficient methods for topic
//! model inference on streaming document collections", section 3.4, part it). The last two do not change, so their sums are kept. The probabilities of
//! the words that are needed are a table where it is small, else each is looked up among the topics of its word: nothing large is as large as topics times words.

use super::model::{TopicCount, TopicModel};

/// Numbers in a table of probabilities at most: 64 MiB.
const MOST_OF_TABLE: usize = 1 << 23;

/// Sums over topics for the words that are needed.
pub(super) struct FixedTopics<'m> {
    model: &'m TopicModel,
    /// One over the tokens of each topic and V beta.
    inverse: Vec<f64>,
    /// Sums, up to each topic, of alpha, beta and the inverse multiplied.
    of_all: Vec<f64>,
    /// Where the sums of each word begin in the next list.
    starts: Vec<usize>,
    /// Sums, up to each topic of the word, of alpha, the word's count and the inverse multiplied.
    of_words: Vec<f64>,
    /// The probability in each topic of each word that is needed; empty if that were too many.
    table: Vec<f64>,
    /// The row of each word in the table.
    rows: Vec<u32>,
}

impl<'m> FixedTopics<'m> {
    /// For these words, which may repeat. O(topics + words + topics of the words), and the size of the table.
    pub(super) fn new(model: &'m TopicModel, words: impl Iterator<Item = u32>) -> Self {
        FixedTopics::with_table(model, words, MOST_OF_TABLE)
    }

    /// With a table of so many numbers at most.
    pub(super) fn with_table(model: &'m TopicModel, words: impl Iterator<Item = u32>, most: usize) -> Self {
        let priors = model.priors();
        let mass = priors.beta() * priors.words() as f64;
        let inverse: Vec<f64> = model.totals().iter().map(|total| 1.0 / (*total as f64 + mass)).collect();
        let part = |(alpha, inverse): (&f64, &f64)| alpha * priors.beta() * inverse;
        let of_all = sums(priors.alpha().iter().zip(&inverse).map(part)).collect();
        let mut is_needed = vec![false; model.words().len()];
        words.for_each(|word| is_needed[word as usize] = true);
        let (mut starts, mut of_words) = (vec![0], Vec::new());
        for (word, is_needed) in is_needed.iter().enumerate() {
            if *is_needed {
                let part = |of: &TopicCount| {
                    let topic = usize::from(of.topic);
                    priors.alpha()[topic] * f64::from(of.count) * inverse[topic]
                };
                of_words.extend(sums(model.words().get(word).iter().map(part)));
            }
            starts.push(of_words.len());
        }
        let mut fixed =
            FixedTopics { model, inverse, of_all, starts, of_words, table: Vec::new(), rows: Vec::new() };
        fixed.tabulate(&is_needed, most);
        fixed
    }

    fn tabulate(&mut self, is_needed: &[bool], most: usize) {
        let (topics, words) = (self.inverse.len(), is_needed.iter().filter(|is_needed| **is_needed).count());
        if topics.saturating_mul(words) > most {
            return;
        }
        let beta = self.model.priors().beta();
        self.rows = vec![0; is_needed.len()];
        self.table.reserve_exact(topics * words);
        for word in (0..is_needed.len()).filter(|word| is_needed[*word]) {
            let start = self.table.len();
            self.rows[word] = (start / topics) as u32;
            self.table.extend(self.inverse.iter().map(|inverse| beta * inverse));
            for TopicCount { topic, count } in self.model.words().get(word) {
                let topic = usize::from(*topic);
                self.table[start + topic] = (f64::from(*count) + beta) * self.inverse[topic];
            }
        }
    }

    /// The probabilities of a word, one of those that are needed, in all topics, if they are a table.
    pub(super) fn row(&self, word: u32) -> Option<&[f64]> {
        let start = *self.rows.get(word as usize)? as usize * self.inverse.len();
        Some(&self.table[start..start + self.inverse.len()])
    }

    /// The probability of a word in a topic, the same bits as in a table. O(log of the topics of the word).
    pub(super) fn probability(&self, word: u32, topic: u16) -> f64 {
        let topics = self.model.words().get(word as usize);
        let count = topics.binary_search_by_key(&topic, |of| of.topic).map_or(0, |at| topics[at].count);
        (f64::from(count) + self.model.priors().beta()) * self.inverse[usize::from(topic)]
    }

    /// The sum over all topics of alpha times the probability of a word, one of those that are needed. O(1).
    pub(super) fn of_prior(&self, word: u32) -> f64 {
        self.of_word(word).last().copied().unwrap_or(0.0) + self.of_all.last().copied().unwrap_or(0.0)
    }

    /// The topic at a point from 0 to [`of_prior`](FixedTopics::of_prior), where each has its part. O(log topics).
    pub(super) fn at(&self, word: u32, point: f64) -> u16 {
        let sums = self.of_word(word);
        match sums.last() {
            Some(sum) if point < *sum => {
                self.model.words().get(word as usize)[sums.partition_point(|sum| *sum <= point)].topic
            }
            last => {
                let point = point - last.copied().unwrap_or(0.0);
                let at = self.of_all.partition_point(|sum| *sum <= point);
                // Rounding may lead beyond the end.
                at.min(self.of_all.len() - 1) as u16
            }
        }
    }

    fn of_word(&self, word: u32) -> &[f64] {
        &self.of_words[self.starts[word as usize]..self.starts[word as usize + 1]]
    }
}

/// Each number with all before it.
fn sums(numbers: impl Iterator<Item = f64>) -> impl Iterator<Item = f64> {
    numbers.scan(0.0, |sum, number| {
        *sum += number;
        Some(*sum)
    })
}
