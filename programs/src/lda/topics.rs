//! What topics are about: the words and the documents that tell most of each.

use rayon::prelude::*;

use super::model::{TopicCount, TopicCounts, TopicModel};

/// What a run has found of a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its number in the model.
    pub topic: usize,
    /// Of all tokens, the share that has it.
    pub share: f64,
    /// Words by their numbers in the corpus, each with its probability in the topic, the most relevant first.
    pub words: Vec<(u32, f64)>,
    /// Documents by their numbers in the corpus, each with the share of the topic in it, the largest first.
    pub documents: Vec<(u32, f64)>,
}

/// How much of a topic is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopicSettings {
    /// Words of a topic at most. Default 10.
    pub words: usize,
    /// From 0 to 1: how much the probability of a word in the topic counts against how much greater it is there than in the corpus (Sievert and Shirley 2014,
    /// "LDAvis: a method for visualizing and interpreting topics", section 3.1). 1 orders words by probability. Default 0.6, as they propose.
    pub relevance: f64,
    /// Documents of a topic at most. Default 1.
    pub documents: usize,
}

impl Default for TopicSettings {
    fn default() -> Self {
        TopicSettings { words: 10, relevance: 0.6, documents: 1 }
    }
}

impl TopicModel {
    /// The topics, those with the most tokens first. A word or document is told of a topic only if it has a token of it. Parallel; O(tokens).
    ///
    /// The probability of word w in topic k is `(n_kw + beta) / (n_k + V beta)`, the share of topic k in document d
    /// `(n_dk + alpha_k) / (n_d + sum of alpha)`: means of what the tokens say, given the priors.
    ///
    /// # Panics
    /// If the relevance is not from 0 to 1.
    pub fn describe(&self, settings: &TopicSettings) -> Vec<Topic> {
        let TopicSettings { words, relevance, documents } = *settings;
        assert!((0.0..=1.0).contains(&relevance), "a relevance from 0 to 1, got {relevance}");
        let priors = self.priors();
        let (mass, alphas) = (priors.beta() * priors.words() as f64, priors.alpha().iter().sum::<f64>());
        let all = self.totals().iter().sum::<u64>() as f64;
        let of_words = by_topic(self, self.words(), |tokens, topic, count| {
            let probability = (count + priors.beta()) / (self.totals()[topic] as f64 + mass);
            let lift = probability * all / tokens;
            (probability, relevance * probability.ln() + (1.0 - relevance) * lift.ln())
        });
        let of_documents = by_topic(self, self.documents(), |tokens, topic, count| {
            let share = (count + priors.alpha()[topic]) / (tokens + alphas);
            (share, share)
        });
        let lists = of_words.into_par_iter().zip(of_documents).enumerate();
        let topic = |(topic, (of_words, of_documents))| Topic {
            topic,
            share: self.totals()[topic] as f64 / all.max(1.0),
            words: first_by(of_words, words),
            documents: first_by(of_documents, documents),
        };
        let mut topics: Vec<Topic> = lists.map(topic).collect();
        topics.sort_by(|one, other| other.share.total_cmp(&one.share));
        topics
    }
}

/// A word or document, something of it to tell, and what it is ordered by.
pub(super) type Ranked = (u32, f64, f64);

/// For each topic those that have a token of it, by what is made of all their tokens, the topic, and how many have it.
pub(super) fn by_topic(
    model: &TopicModel,
    counts: &TopicCounts,
    rank: impl Fn(f64, usize, f64) -> (f64, f64),
) -> Vec<Vec<Ranked>> {
    let mut lists = vec![Vec::new(); model.priors().topics()];
    for at in 0..counts.len() {
        let of = counts.get(at);
        let tokens: f64 = of.iter().map(|of| f64::from(of.count)).sum();
        for TopicCount { topic, count } in of {
            let topic = usize::from(*topic);
            let (value, order) = rank(tokens, topic, (*count).into());
            lists[topic].push((at as u32, value, order));
        }
    }
    lists
}

/// Those with the greatest third number, of equals the first.
fn first_by(mut all: Vec<Ranked>, most: usize) -> Vec<(u32, f64)> {
    let order = |one: &Ranked, other: &Ranked| other.2.total_cmp(&one.2).then(one.0.cmp(&other.0));
    if most < all.len() {
        all.select_nth_unstable_by(most, order);
        all.truncate(most);
    }
    all.sort_unstable_by(order);
    all.into_iter().map(|(number, value, _)| (number, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lda::Priors;
    use gasworks_engine::input::{CorpusOptions, Source, Texts, read_corpus};

    #[test]
    fn words_and_documents_are_those_of_the_formulas() {
        // Two documents, three words; the last word is in both topics.
        let text = "2 0:3 2:1\n2 1:2 2:2\n";
        let source = Source::from_memory("few.dat", text.as_bytes());
        let corpus = read_corpus(&source, &CorpusOptions::default()).unwrap().data;
        let priors = Priors::new(2, &corpus).with_alpha(&[0.5, 0.25]).with_beta(0.1);
        // Topic 0: word 0 three times, word 2 once, all in document 0. Topic 1: words 1 and 2 twice each, in document 1.
        let model =
            TopicModel::new(Texts { corpus, documents: Vec::new() }, priors, vec![0, 0, 0, 0, 1, 1, 1, 1]);
        let near = |found: &[(u32, f64)], expected: &[(u32, f64)]| {
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-12,
                    "{found:?}, {expected:?}"
                );
            }
        };
        let all = TopicSettings { words: 3, relevance: 1.0, documents: 2 };
        let topics = model.describe(&all);
        assert_eq!([0, 1].map(|at| (topics[at].topic, topics[at].share)), [(0, 0.5), (1, 0.5)]);
        near(&topics[0].words, &[(0, 3.1 / 4.3), (2, 1.1 / 4.3)]);
        // Of equals, the first.
        near(&topics[1].words, &[(1, 2.1 / 4.3), (2, 2.1 / 4.3)]);
        near(&topics[0].documents, &[(0, 4.5 / 4.75)]);
        near(&topics[1].documents, &[(1, 4.25 / 4.75)]);
        // By lift alone: word 1 is in topic 1 only, word 2 elsewhere too.
        let lift = TopicSettings { words: 1, relevance: 0.0, documents: 0 };
        let topics = model.describe(&lift);
        near(&topics[1].words, &[(1, 2.1 / 4.3)]);
        assert!(topics[0].documents.is_empty());
        // In topic 0, word 2 is lifted less than word 0, and word 1 has no token.
        let two = TopicSettings { words: 2, ..lift };
        near(&model.describe(&two)[0].words, &[(0, 3.1 / 4.3), (2, 1.1 / 4.3)]);
    }
}
