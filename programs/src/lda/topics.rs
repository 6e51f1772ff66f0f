//! What topics are about: the words and the documents that tell most of each.

use gasworks_engine::Row;
use gasworks_engine::graph::{Graph, Vertex};
use rayon::prelude::*;

use super::Lda;

/// What a run has found of a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its number in the rows of the graph.
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

impl Lda {
    /// The topics of a graph, those with the most tokens first. Parallel; O((documents + words) topics).
    ///
    /// The probability of word w in topic k is `(n_kw + beta) / (n_k + V beta)`, the share of topic k in document d
    /// `(n_dk + alpha_k) / (n_d + sum of alpha)`: means of what the tokens say, given the priors.
    ///
    /// # Panics
    /// If the relevance is not from 0 to 1.
    pub fn describe(&self, graph: &Graph<Row<f32>, u16>, settings: &TopicSettings) -> Vec<Topic> {
        let TopicSettings { words, relevance, documents } = *settings;
        assert!((0.0..=1.0).contains(&relevance), "a relevance from 0 to 1, got {relevance}");
        let left = graph.topology().left().unwrap_or(0);
        let count = |vertex: Vertex, topic: usize| f64::from(graph.vertex(vertex)[topic]);
        let tokens = |vertex: Vertex| graph.vertex(vertex).iter().map(|count| f64::from(*count)).sum::<f64>();
        let word_tokens: Vec<f64> = (left..graph.vertices() as u32).into_par_iter().map(tokens).collect();
        let document_tokens: Vec<f64> = (0..left).into_par_iter().map(tokens).collect();
        let all: f64 = document_tokens.iter().sum();
        let (mass, alphas) = (self.beta() * self.words() as f64, self.alpha().iter().sum::<f64>());
        let topic = |topic: usize| {
            let total: f64 = (0..left).map(|document| count(document, topic)).sum();
            let of_words = (0..).zip(&word_tokens).map(|(word, tokens): (u32, &f64)| {
                let probability = (count(left + word, topic) + self.beta()) / (total + mass);
                let lift = probability * all / tokens.max(1.0);
                (word, probability, relevance * probability.ln() + (1.0 - relevance) * lift.ln())
            });
            let of_documents = (0..).zip(&document_tokens).map(|(document, tokens): (u32, &f64)| {
                let share = (count(document, topic) + self.alpha()[topic]) / (tokens + alphas);
                (document, share, share)
            });
            Topic {
                topic,
                share: total / all.max(1.0),
                words: first_by(of_words, words),
                documents: first_by(of_documents, documents),
            }
        };
        let mut topics: Vec<Topic> = (0..self.topics()).into_par_iter().map(topic).collect();
        topics.sort_by(|one, other| other.share.total_cmp(&one.share));
        topics
    }
}

/// Those with the greatest third number, of equals the first.
fn first_by(all: impl Iterator<Item = (u32, f64, f64)>, most: usize) -> Vec<(u32, f64)> {
    let mut all: Vec<(u32, f64, f64)> = all.collect();
    let order =
        |one: &(u32, f64, f64), other: &(u32, f64, f64)| other.2.total_cmp(&one.2).then(one.0.cmp(&other.0));
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
    use gasworks_engine::input::{CorpusOptions, Source, read_corpus};

    #[test]
    fn words_and_documents_are_those_of_the_formulas() {
        // Two documents, three words; the last word is in both topics.
        let text = "2 0:3 2:1\n2 1:2 2:2\n";
        let source = Source::from_memory("few.dat", text.as_bytes());
        let corpus = read_corpus(&source, &CorpusOptions::default()).unwrap().data;
        let lda = Lda::new(2, &corpus).with_alpha(&[0.5, 0.25]).with_beta(0.1);
        let mut graph = lda.graph(&corpus).unwrap();
        // Topic 0: word 0 three times, word 2 once, all in document 0. Topic 1: words 1 and 2 twice each, in document 1.
        let counts = [[4.0, 0.0], [0.0, 4.0], [3.0, 0.0], [0.0, 2.0], [1.0, 2.0]];
        graph.transform_vertices(|vertex, row| row[..2].copy_from_slice(&counts[vertex as usize]));
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
        let topics = lda.describe(&graph, &all);
        assert_eq!([0, 1].map(|at| (topics[at].topic, topics[at].share)), [(0, 0.5), (1, 0.5)]);
        near(&topics[0].words, &[(0, 3.1 / 4.3), (2, 1.1 / 4.3), (1, 0.1 / 4.3)]);
        // Of equals, the first.
        near(&topics[1].words, &[(1, 2.1 / 4.3), (2, 2.1 / 4.3), (0, 0.1 / 4.3)]);
        near(&topics[0].documents, &[(0, 4.5 / 4.75), (1, 0.5 / 4.75)]);
        near(&topics[1].documents, &[(1, 4.25 / 4.75), (0, 0.25 / 4.75)]);
        // By lift alone: word 1 is in topic 1 only, word 2 elsewhere too.
        let lift = TopicSettings { words: 1, relevance: 0.0, documents: 0 };
        let topics = lda.describe(&graph, &lift);
        near(&topics[1].words, &[(1, 2.1 / 4.3)]);
        assert!(topics[0].documents.is_empty());
        // In topic 0, word 2 is likelier than word 1, and is lifted more, too; but less than word 0.
        let two = TopicSettings { words: 2, ..lift };
        near(&lda.describe(&graph, &two)[0].words, &[(0, 3.1 / 4.3), (2, 1.1 / 4.3)]);
    }
}
