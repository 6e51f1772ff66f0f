//! How well a model foretells documents that it was not trained on: perplexity by document completion (Wallach, Murray, Salakhutdinov, Mimno 2009,
//! "Evaluation methods for topic models", section 5; Rosen-Zvi, Griffiths, Steyvers, Smyth 2004, "The author-topic model for authors and documents").
//!
//! Half of the tokens of each document, drawn at random, are observed; its shares theta are inferred from them as in [`TopicModel::infer`]. Each token of the
//! other half has the probability `sum over k of theta_k phi_kw`, and the perplexity is the inverse of their geometric mean. Every model that is
//! compared has to be measured on the same words: those that a model does not know are not counted.

use gasworks_engine::Random;
use gasworks_engine::graph::Ids;
use gasworks_engine::input::{Corpus, Texts, WordCount};
use rayon::prelude::*;

use super::fixed::FixedTopics;
use super::infer::{Chain, InferSettings};
use super::model::TopicModel;
use super::start::in_random_order;
use super::unseen::Unseen;

/// Names the streams of random numbers that part tokens, sample topics of those that are observed, and choose documents.
const HALVES: u64 = 0x6861_6c76;
const OBSERVED: u64 = 0x6f62_7365;
const DOCUMENTS: u64 = 0x686f_6c64;

/// How likely the unobserved halves of some documents are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// The natural logarithm of the probability of all foretold tokens.
    pub logarithm: f64,
    /// How many were foretold.
    pub tokens: u64,
}

impl HeldOut {
    /// The perplexity, 1 if all is foretold for certain, the number of words if each is as likely as any other; NaN without tokens.
    pub fn perplexity(&self) -> f64 {
        (-self.logarithm / self.tokens as f64).exp()
    }
}

impl TopicModel {
    /// The likelihood of one half of each document given the other half. The larger half of an odd number is observed. Parallel over documents; the same bits for every
    /// number of threads. As long as [`infer`](TopicModel::infer) on half of the tokens.
    ///
    /// # Panics
    /// If there is no pass, or the documents are not in the words of this model.
    pub fn held_out(&self, documents: &Unseen, settings: &InferSettings) -> HeldOut {
        let fixed = FixedTopics::new(self, documents.words());
        let mass: f64 = self.priors().alpha().iter().sum();
        let room = || (Chain::new(&fixed, self.priors().topics()), Halves::default());
        let document = |(chain, halves): &mut (Chain<'_>, Halves), document: usize| {
            let stream = |name| Random::keyed(settings.seed, name, 0, document as u64);
            halves.part(documents.get(document), &mut stream(HALVES));
            let mixture = chain.mixture(&halves.observed, settings.passes, stream(OBSERVED));
            let all = mass + tokens(&halves.observed) as f64;
            let logarithm = |(word, count): &(u32, u32)| {
                let parts =
                    mixture.counts.iter().map(|(topic, mean)| mean * fixed.probability(*word, *topic));
                let weight = fixed.of_prior(*word) + parts.sum::<f64>();
                f64::from(*count) * (weight / all).ln()
            };
            HeldOut {
                logarithm: halves.foretold.iter().map(logarithm).sum(),
                tokens: tokens(&halves.foretold),
            }
        };
        let all = (0..documents.len()).into_par_iter().map_init(room, document).collect::<Vec<_>>();
        // In order, so that the bits do not depend on threads.
        let sum = |sum: HeldOut, of: &HeldOut| HeldOut {
            logarithm: sum.logarithm + of.logarithm,
            tokens: sum.tokens + of.tokens,
        };
        all.iter().fold(HeldOut { logarithm: 0.0, tokens: 0 }, sum)
    }
}

fn tokens(words: &[(u32, u32)]) -> u64 {
    words.iter().map(|(_, count)| u64::from(*count)).sum()
}

/// The words of a document in two halves.
#[derive(Default)]
struct Halves {
    observed: Vec<(u32, u32)>,
    foretold: Vec<(u32, u32)>,
}

impl Halves {
    /// Each half of the tokens as likely as any other, by selection sampling (Knuth 1997, "The art of computer programming", volume 2, section 3.4.2).
    fn part(&mut self, words: &[(u32, u32)], random: &mut Random) {
        let mut left = tokens(words);
        let mut wanted = left.div_ceil(2);
        self.observed.clear();
        self.foretold.clear();
        for (word, count) in words {
            let mut observed = 0;
            for _ in 0..*count {
                let is_observed = random.below(left) < wanted;
                wanted -= u64::from(is_observed);
                left -= 1;
                observed += u32::from(is_observed);
            }
            let parts = [(&mut self.observed, observed), (&mut self.foretold, count - observed)];
            parts
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .for_each(|(half, count)| half.push((*word, count)));
        }
    }
}

/// Parts documents at random: those to train on, and a share of all, rounded, to measure on, but never all; each in the order of before. Both parts have the words of the whole, though some may
/// not occur in one of them.
///
/// # Panics
/// If the share is not from 0 to 1.
pub fn hold_out(texts: Texts, share: f64, seed: u64) -> (Texts, Texts) {
    assert!((0.0..=1.0).contains(&share), "a share from 0 to 1, got {share}");
    let documents = texts.corpus.documents.len();
    let order = in_random_order(documents, DOCUMENTS, seed);
    let mut is_held = vec![false; documents];
    let held = ((share * documents as f64).round() as usize).min(documents.saturating_sub(1));
    order[..held].iter().for_each(|document| is_held[*document as usize] = true);
    let held = choose(&texts, |document| is_held[document]);
    (choose(&texts, |document| !is_held[document]), held)
}

/// The texts with some of the documents only.
fn choose(texts: &Texts, is_chosen: impl Fn(usize) -> bool) -> Texts {
    let Corpus { documents, words, names, vocabulary, entries } = &texts.corpus;
    let (mut numbers, mut ids) = (vec![None; documents.len()], Vec::new());
    for document in (0..documents.len()).filter(|document| is_chosen(*document)) {
        numbers[document] = Some(ids.len() as u32);
        ids.push(documents.id(document as u32).to_string());
    }
    let entry = |entry: &WordCount| {
        let document = numbers[entry.document as usize]?;
        Some(WordCount { document, ..*entry })
    };
    let corpus = Corpus {
        documents: Ids::from_names(ids.iter().map(String::as_str)),
        words: words.clone(),
        names: names.clone(),
        vocabulary: *vocabulary,
        entries: entries.iter().filter_map(entry).collect(),
    };
    let chosen = texts.documents.iter().enumerate().filter(|(document, _)| is_chosen(*document));
    Texts { corpus, documents: chosen.map(|(_, document)| document.clone()).collect() }
}

#[cfg(test)]
#[path = "held_out_tests.rs"]
mod tests;
