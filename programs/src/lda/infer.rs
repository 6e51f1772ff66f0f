//! Topics of documents that a model was not trained on: collapsed Gibbs sampling with the distributions of topics over words fixed (Griffiths and
//! Steyvers 2004 with fixed counts; "query sampling" in Wallach et al. 2009, "Evaluation methods for topic models"). Each document is a chain of its own.
//!
//! A token of word w gets topic k with a probability proportional to `(n_dk + alpha_k) phi_kw`, where n_dk counts the other tokens of the document. A draw takes
//! time for the topics that the document has, not for all.

use gasworks_engine::Random;
use rayon::prelude::*;

use super::fixed::FixedTopics;
use super::model::TopicModel;
use super::unseen::Unseen;

/// Names the stream of random numbers that draws topics of unseen documents.
const INFER: u64 = 0x696e_6665;

/// How topics of unseen documents are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InferSettings {
    /// Passes over each document, at least 1; the shares are means over the last half of them. Default 100.
    pub passes: u32,
    /// Of the random numbers; each document has its own, by its number. Default 0.
    pub seed: u64,
}

impl Default for InferSettings {
    fn default() -> Self {
        InferSettings { passes: 100, seed: 0 }
    }
}

/// The topics of unseen documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    alpha: Vec<f64>,
    documents: Vec<Mixture>,
}

impl Inferred {
    /// How many documents.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The share of each topic in a document, which sum to 1: `(n_dk + alpha_k) / (n_d + sum of alpha)`, n_dk being a mean over passes. Without
    /// tokens, what the prior says.
    ///
    /// # Panics
    /// If there is no such document.
    pub fn shares(&self, document: usize) -> Vec<f64> {
        let mut shares = self.alpha.clone();
        self.documents[document]
            .counts
            .iter()
            .for_each(|(topic, count)| shares[usize::from(*topic)] += count);
        let all: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= all);
        shares
    }

    /// The largest shares of a document with their topics, at most so many; of equals, the first topics.
    ///
    /// # Panics
    /// If there is no such document.
    pub fn largest(&self, document: usize, most: usize) -> Vec<(usize, f64)> {
        let mut all: Vec<(usize, f64)> = self.shares(document).into_iter().enumerate().collect();
        all.sort_by(|one, other| other.1.total_cmp(&one.1));
        all.truncate(most);
        all
    }
}

/// How many tokens of a document have each topic, on average: those above 0, by topic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mixture {
    pub(super) counts: Vec<(u16, f64)>,
}

impl TopicModel {
    /// The topics of documents that the model was not trained on. Parallel over documents; the same bits for every number of threads.
    ///
    /// O(topics + words), and for each document O(passes) times the sum over its tokens of the topics that it then has; where topics times words are more than 2^23, times the
    /// logarithm of the topics of the word. A thread needs 12 bytes for each topic.
    ///
    /// ```
    /// use gasworks_engine::input::{Corpus, CorpusOptions, Source, Texts, read_corpus};
    /// use gasworks_programs::lda::{InferSettings, Priors, TopicModel};
    ///
    /// let corpus = |text: &'static str| {
    ///     read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &CorpusOptions::default())
    /// };
    /// let corpus_of_model = corpus("2 0:3 1:3\n2 2:2 3:4\n")?.data;
    /// let priors = Priors::new(2, &corpus_of_model).with_alpha(&[0.1; 2]);
    /// let topics = [[0; 6], [1; 6]].concat();
    /// let model = TopicModel::new(Texts { corpus: corpus_of_model, documents: Vec::new() }, priors, topics);
    ///
    /// let unseen = model.renumber(&corpus("2 0:2 1:2\n2 1:1 3:1\n")?.data)?;
    /// let inferred = model.infer(&unseen, &InferSettings::default());
    /// let (topic, share) = inferred.largest(0, 1)[0];
    /// assert!(topic == 0 && share > 0.9);
    /// assert!((inferred.shares(1)[0] - 0.5).abs() < 0.1);
    /// # Ok::<(), gasworks_engine::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no pass, or the documents are not in the words of this model.
    pub fn infer(&self, documents: &Unseen, settings: &InferSettings) -> Inferred {
        let fixed = FixedTopics::new(self, documents.words());
        let topics = self.priors().topics();
        let document = |chain: &mut Chain<'_>, document: usize| {
            let random = Random::keyed(settings.seed, INFER, 0, document as u64);
            chain.mixture(documents.get(document), settings.passes, random)
        };
        let all = (0..documents.len()).into_par_iter();
        let documents = all.map_init(|| Chain::new(&fixed, topics), document).collect();
        Inferred { alpha: self.priors().alpha().to_vec(), documents }
    }
}

/// The chain of one document, and room for the next one.
pub(super) struct Chain<'f> {
    fixed: &'f FixedTopics<'f>,
    /// Tokens of each topic.
    counts: Vec<u32>,
    /// Topics that have a token.
    present: Vec<u16>,
    /// The topic of each token.
    topics: Vec<u16>,
    /// Sums of weights, one for each topic that is present.
    weights: Vec<f64>,
    /// Tokens of each topic, summed over passes.
    sums: Vec<u64>,
    /// Topics whose sum is above 0.
    summed: Vec<u16>,
}

impl<'f> Chain<'f> {
    pub(super) fn new(fixed: &'f FixedTopics<'f>, topics: usize) -> Self {
        Chain {
            fixed,
            counts: vec![0; topics],
            present: Vec::new(),
            topics: Vec::new(),
            weights: Vec::new(),
            sums: vec![0; topics],
            summed: Vec::new(),
        }
    }

    /// The mean over the last half of the passes over a document with these words. The first pass gives each token a topic given those before it.
    pub(super) fn mixture(&mut self, words: &[(u32, u32)], passes: u32, mut random: Random) -> Mixture {
        assert!(passes > 0, "shares come from at least one pass");
        self.topics.clear();
        for pass in 0..passes {
            self.pass(words, &mut random);
            if pass >= passes / 2 {
                self.add();
            }
        }
        self.end(passes - passes / 2)
    }

    /// A topic for each token of a document, given those before it: what the first pass gives.
    pub(super) fn first(&mut self, words: &[(u32, u32)], random: Random) -> &[u16] {
        self.topics.clear();
        self.pass(words, &mut { random });
        self.clear();
        &self.topics
    }

    /// Draws the topic of each token; in the first pass, none has one.
    fn pass(&mut self, words: &[(u32, u32)], random: &mut Random) {
        let tokens = words.iter().flat_map(|(word, count)| std::iter::repeat_n(*word, *count as usize));
        for (at, word) in tokens.enumerate() {
            if let Some(topic) = self.topics.get(at) {
                self.take(*topic);
            }
            let topic = self.draw(word, random.uniform());
            self.put(topic);
            match self.topics.get_mut(at) {
                Some(own) => *own = topic,
                None => self.topics.push(topic),
            }
        }
    }

    /// The topic of a word where `uniform`, from 0 to 1, points at.
    fn draw(&mut self, word: u32, uniform: f64) -> u16 {
        let fixed = self.fixed;
        let sum = match fixed.row(word) {
            Some(row) => self.weigh(|topic| row[usize::from(topic)]),
            None => self.weigh(|topic| fixed.probability(word, topic)),
        };
        let point = uniform * (sum + self.fixed.of_prior(word));
        match point < sum {
            true => self.present[self.weights.partition_point(|sum| *sum <= point)],
            false => self.fixed.at(word, point - sum),
        }
    }

    /// Sums the weights of the topics that are present.
    #[inline(always)]
    fn weigh(&mut self, probability: impl Fn(u16) -> f64) -> f64 {
        let mut sum = 0.0;
        self.weights.clear();
        for topic in &self.present {
            sum += f64::from(self.counts[usize::from(*topic)]) * probability(*topic);
            self.weights.push(sum);
        }
        sum
    }

    fn take(&mut self, topic: u16) {
        let count = &mut self.counts[usize::from(topic)];
        *count -= 1;
        if *count == 0 {
            let at = self.present.iter().position(|present| *present == topic);
            self.present.swap_remove(at.expect("a topic with tokens is present"));
        }
    }

    fn put(&mut self, topic: u16) {
        let count = &mut self.counts[usize::from(topic)];
        *count += 1;
        if *count == 1 {
            self.present.push(topic);
        }
    }

    /// Adds the counts to the sums.
    fn add(&mut self) {
        for topic in &self.present {
            let sum = &mut self.sums[usize::from(*topic)];
            if *sum == 0 {
                self.summed.push(*topic);
            }
            *sum += u64::from(self.counts[usize::from(*topic)]);
        }
    }

    /// Nothing is counted, for the next document.
    fn clear(&mut self) {
        self.present.drain(..).for_each(|topic| self.counts[usize::from(topic)] = 0);
    }

    /// The means of so many passes.
    fn end(&mut self, passes: u32) -> Mixture {
        self.clear();
        self.summed.sort_unstable();
        let mean = |topic: u16| {
            (topic, std::mem::take(&mut self.sums[usize::from(topic)]) as f64 / f64::from(passes))
        };
        Mixture { counts: self.summed.drain(..).map(mean).collect() }
    }
}

#[cfg(test)]
#[path = "infer_tests.rs"]
mod tests;
