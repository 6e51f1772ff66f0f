//! How well the first words of a topic go together: whether the documents that have one of them have the others too.
//!
//! Two measures of what documents share. That of Mimno, Wallach, Talley, Leenders, McCallum (2011, "Optimizing semantic coherence in topic models") looks at the
//! documents that topics were learned from; normalized pointwise mutual information (Bouma 2009, "Normalized (pointwise) mutual information in collocation extraction"; Lau, Newman,
//! Baldwin 2014, "Machine reading tea leaves") goes best with what people find coherent, above all with other documents than those learned from.
//!
//! Here words are together if they are in one document. Röder, Both, Hinneburg (2015, "Exploring the space of topic coherence measures") find windows of ten
//! words better for mutual information, and their own C_v needs windows of 110: a bag of words has no order that a window could slide over, so neither is here.

use std::collections::HashMap;

use gasworks_engine::input::Corpus;
use rayon::prelude::*;

use super::model::TopicModel;
use super::topics::TopicSettings;

/// A measure of how well words go together: the mean over all pairs of them. D is the number of documents that have one word, or both, or that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coherence {
    /// `ln((D(w, v) + 1) / D(v))` for each word w and each v before it (Mimno et al. 2011, equation 1, whose sum is divided by the number of pairs here,
    /// so that it does not grow with the words). The more, the better; hardly above 0. A v that no document has is left out.
    UMass,
    /// `ln(D(w, v) D / (D(w) D(v))) / -ln(D(w, v) / D)`: from -1, never together, over 0, as by chance, to 1, always together.
    Npmi,
}

impl Coherence {
    /// Of the words of each topic, by their numbers in the corpus, the most probable first. None, where no two of them can be compared. Parallel over topics;
    /// O(entries of the corpus + pairs of words x documents that have them).
    ///
    /// ```
    /// use gasworks_engine::input::{Source, read_corpus, CorpusOptions};
    /// use gasworks_programs::lda::Coherence;
    ///
    /// let text = "2 0:1 1:1\n2 0:1 1:1\n2 2:1 0:1\n1 2:4\n";
    /// let corpus = read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &CorpusOptions::default())?.data;
    /// let together = Coherence::Npmi.of(&[vec![0, 1], vec![1, 2], vec![2]], &corpus);
    /// assert!(together[0].unwrap() > 0.4);
    /// assert_eq!(together[1..], [Some(-1.0), None]);
    /// # Ok::<(), gasworks_engine::Error>(())
    /// ```
    ///
    /// # Panics
    /// If a word is not in the corpus.
    pub fn of(self, topics: &[Vec<u32>], corpus: &Corpus) -> Vec<Option<f64>> {
        let mut documents: HashMap<u32, Vec<u32>> = HashMap::new();
        for word in topics.iter().flatten() {
            assert!((*word as usize) < corpus.words.len(), "word {word} is none of {}", corpus.words.len());
            documents.entry(*word).or_default();
        }
        for entry in &corpus.entries {
            // By document, so each list ascends.
            if let Some(documents) = documents.get_mut(&entry.word) {
                documents.push(entry.document);
            }
        }
        let all = corpus.documents.len() as f64;
        let of_topic = |words: &Vec<u32>| {
            let (mut sum, mut pairs) = (0.0, 0);
            for (at, word) in words.iter().enumerate() {
                for before in &words[..at] {
                    let (one, other) = (&documents[word], &documents[before]);
                    let pair = self.of_pair(one.len() as f64, other.len() as f64, shared(one, other), all);
                    if let Some(pair) = pair {
                        (sum, pairs) = (sum + pair, pairs + 1);
                    }
                }
            }
            (pairs > 0).then(|| sum / f64::from(pairs))
        };
        topics.par_iter().map(of_topic).collect()
    }

    /// From the documents that have a word, one before it, both, and all.
    fn of_pair(self, one: f64, before: f64, both: f64, all: f64) -> Option<f64> {
        match self {
            Coherence::UMass => (before > 0.0).then(|| ((both + 1.0) / before).ln()),
            Coherence::Npmi if both == 0.0 => Some(-1.0),
            // All documents have both: the limit.
            Coherence::Npmi if both == all => Some(1.0),
            Coherence::Npmi => Some((both * all / (one * before)).ln() / (all / both).ln()),
        }
    }
}

/// How many numbers two ascending lists have in common.
fn shared(one: &[u32], other: &[u32]) -> f64 {
    let (mut one, mut other, mut count) = (one, other, 0u32);
    while let ([first, one_rest @ ..], [second, other_rest @ ..]) = (one, other) {
        count += u32::from(first == second);
        (one, other) = match first.cmp(second) {
            std::cmp::Ordering::Less => (one_rest, other),
            std::cmp::Ordering::Equal => (one_rest, other_rest),
            std::cmp::Ordering::Greater => (one, other_rest),
        };
    }
    f64::from(count)
}

impl TopicModel {
    /// The [coherence](Coherence::of) of the so many most probable words of each topic, in the documents that it was learned from; by the topics' numbers. Ten words are usual.
    pub fn coherence(&self, measure: Coherence, words: usize) -> Vec<Option<f64>> {
        measure.of(&self.most_probable(words), &self.texts().corpus)
    }

    /// The so many most probable words of each topic, by the topics' numbers.
    pub fn most_probable(&self, words: usize) -> Vec<Vec<u32>> {
        let mut topics = self.describe(&TopicSettings { words, relevance: 1.0, documents: 0 });
        topics.sort_by_key(|topic| topic.topic);
        topics.into_iter().map(|topic| topic.words.into_iter().map(|(word, _)| word).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lda::Priors;
    use gasworks_engine::input::{CorpusOptions, Source, Texts, read_corpus};

    /// Four documents: words 0 and 1 are together in two of them, 0 and 2 in one, 1 and 2 in none, and word 3 is in all. Counts do not matter.
    fn few() -> Corpus {
        let text = "3 0:5 1:1 3:1\n3 0:1 1:7 3:1\n3 0:1 2:1 3:2\n2 2:4 3:9\n";
        read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &CorpusOptions::default()).unwrap().data
    }

    fn near(found: &[Option<f64>], expected: &[Option<f64>]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            match (found, expected) {
                (Some(found), Some(expected)) => {
                    assert!((found - expected).abs() < 1e-14, "{found}, {expected}")
                }
                _ => assert_eq!(found, expected),
            }
        }
    }

    #[test]
    fn measures_are_those_of_cases_by_hand() {
        let topics = [vec![0, 1], vec![1, 0], vec![0, 1, 2], vec![3, 0], vec![3], vec![], vec![2, 1]];
        // Word 0 is in 3 documents, 1 and 2 in 2, 3 in 4.
        let u_mass = [
            Some((3.0f64 / 3.0).ln()),
            Some((3.0f64 / 2.0).ln()),
            Some(((3.0f64 / 3.0).ln() + (2.0f64 / 3.0).ln() + (1.0f64 / 2.0).ln()) / 3.0),
            Some((4.0f64 / 4.0).ln()),
            None,
            None,
            Some((1.0f64 / 2.0).ln()),
        ];
        near(&Coherence::UMass.of(&topics, &few()), &u_mass);
        let pmi = |both: f64, one: f64, other: f64| {
            let [both, one, other] = [both, one, other].map(|documents| documents / 4.0);
            (both / (one * other)).ln() / -both.ln()
        };
        let npmi = [
            Some(pmi(2.0, 3.0, 2.0)),
            Some(pmi(2.0, 3.0, 2.0)),
            Some((pmi(2.0, 3.0, 2.0) + pmi(1.0, 3.0, 2.0) - 1.0) / 3.0),
            Some(0.0),
            None,
            None,
            Some(-1.0),
        ];
        near(&Coherence::Npmi.of(&topics, &few()), &npmi);
        // Two that are in every document.
        let text = "2 0:1 1:1\n2 0:1 1:2\n";
        let source = Source::from_memory("two.dat", text.as_bytes());
        let two = read_corpus(&source, &CorpusOptions::default()).unwrap().data;
        near(&Coherence::Npmi.of(&[vec![0, 1]], &two), &[Some(1.0)]);
        near(&Coherence::UMass.of(&[vec![0, 1]], &two), &[Some((3.0f64 / 2.0).ln())]);
        assert!(std::panic::catch_unwind(|| Coherence::Npmi.of(&[vec![0, 4]], &few())).is_err());
    }

    #[test]
    fn a_model_is_judged_by_its_most_probable_words() {
        let corpus = few();
        // All tokens of word 2 are of topic 1, and one of word 1; topic 2 has none.
        let topic = |entry: &gasworks_engine::input::WordCount| {
            let of_one = |at: u32| entry.word == 2 || (entry.word, entry.document, at) == (1, 1, 0);
            (0..entry.count).map(|at| u16::from(of_one(at))).collect::<Vec<u16>>()
        };
        let tokens = corpus.entries.iter().flat_map(topic).collect();
        let priors = Priors::new(3, &corpus).with_beta(0.1);
        let texts = Texts { corpus: corpus.clone(), documents: Vec::new() };
        let model = TopicModel::new(texts, priors, tokens);
        // Topic 0 has word 3 thirteen times, 0 and 1 seven times.
        for (words, topics) in
            [(2, [vec![3, 0], vec![2, 1], vec![]]), (9, [vec![3, 0, 1], vec![2, 1], vec![]])]
        {
            for measure in [Coherence::UMass, Coherence::Npmi] {
                near(&model.coherence(measure, words), &measure.of(&topics, &corpus));
            }
        }
    }
}
