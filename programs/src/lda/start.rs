//! How tokens get their first topics.

use gasworks_engine::Random;
use gasworks_engine::input::Corpus;

use super::Priors;
use super::model::in_rows;
use super::sampler::tokens;

/// Names the stream of random numbers that orders documents.
const DOCUMENTS: u64 = 0x646f_6375;

/// Some passes over a part of the documents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// How many of the documents, above 0 and at most 1.
    pub share: f64,
    /// How many passes.
    pub passes: u32,
}

/// How tokens get their first topics.
///
/// What that makes of the topics, on 2,246 news articles of 435,838 tokens with 100 topics, alpha 0.5 and 100 passes after the start, three seeds: the perplexity of the
/// unseen half of the tokens of a tenth of the articles, held out ([`TopicModel::held_out`](super::TopicModel::held_out); a seed decides which ones). One topic has 4731 with the
/// first seed.
///
/// | start | each seed | mean |
/// |---|---|---|
/// | growing | 2777, 2779, 2681 | 2746 |
/// | random | 2813, 2838, 2724 | 2792 |
/// | sequential | 2864, 2857, 2785 | 2835 |
///
/// So growing foretells 1.6 % better than random and 3.2 % better than sequential, with each seed.
///
/// A token that has one already keeps it under `Sequential`, which is then no more than a first pass.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// The first pass gives every token a topic, each as likely as any other.
    Random,
    /// The first pass draws the topic of each token given those of the tokens before it.
    Sequential,
    /// Documents are put in a random order, and a stage passes over the first ones of them only. A token's first topic is drawn given those
    /// that there are. After the last stage all documents take part.
    Growing(Vec<Stage>),
}

impl Start {
    /// [`Growing`](Start::Growing) from a fiftieth of the documents, in the work of eleven and a half passes over all. Few documents find
    /// topics in many quick passes, and the others are drawn to them.
    pub fn growing() -> Self {
        let stages = [(0.02, 50), (0.04, 30), (0.08, 20), (0.16, 12), (0.32, 8), (0.64, 5)];
        Start::Growing(stages.map(|(share, passes)| Stage { share, passes }).to_vec())
    }

    /// The growing start that fits priors and documents: [`growing`](Start::growing), but from a quarter of the documents in eight passes where documents are
    /// short beside alpha (whose sum is more than half of their mean length) and topics many (more than 256, and a fiftieth of the documents has fewer than 32
    /// tokens for each). Alpha then says more of a short document than its own tokens do, and the many topics that few documents find in many passes hold the others back.
    ///
    /// Log-likelihood a token after so many seconds on one thread, the sparse sampler, mean of two seeds; alpha sums to 50 unless said:
    ///
    /// | documents, topics | seconds | `growing` | the short one |
    /// |---|---|---|---|
    /// | passages of books, 73 tokens each, 1,000 | 9.5 | -10.050 | -10.028 |
    /// | articles, 194 tokens each, 1,000, alpha of 130 | 8 | -9.871 | -9.857 |
    /// | articles, 1,000 | 8 | -9.415 | -9.424 |
    /// | articles, 10,000 | 10 | -10.291 | -10.318 |
    pub fn growing_for(priors: &Priors, corpus: &Corpus) -> Self {
        let (tokens, documents) = (corpus.tokens() as f64, corpus.documents.len() as f64);
        let alpha: f64 = priors.alpha().iter().sum();
        let are_short = 2.0 * alpha * documents > tokens;
        let are_many = priors.topics() > 256 && 0.02 * tokens < 32.0 * priors.topics() as f64;
        match are_short && are_many {
            true => {
                Start::Growing([(0.25, 4), (0.5, 4)].map(|(share, passes)| Stage { share, passes }).to_vec())
            }
            false => Start::growing(),
        }
    }

    /// The stages before all documents take part.
    fn stages(&self) -> &[Stage] {
        match self {
            Start::Growing(stages) => stages,
            Start::Random | Start::Sequential => &[],
        }
    }
}

/// Documents in an order that the seed and the name of a stream of random numbers give. O(documents log documents).
pub(super) fn in_random_order(documents: usize, stream: u64, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..documents as u32).collect();
    order.sort_by_cached_key(|document| Random::keyed(seed, stream, 0, (*document).into()).next_u64());
    order
}

/// When each document takes part for the first time.
#[derive(Clone, Debug)]
pub(super) struct Begins {
    /// The pass of each document; empty if all begin in the first.
    passes: Vec<u32>,
    /// Whether first topics do not depend on each other.
    pub(super) is_random: bool,
}

impl Begins {
    /// All documents in the first pass.
    pub(super) fn at_once() -> Self {
        Begins { passes: Vec::new(), is_random: false }
    }

    /// # Panics
    /// If a stage's share is not above 0 and at most 1, or below that of the stage before it.
    pub(super) fn new(start: &Start, documents: usize, seed: u64) -> Self {
        let order = in_random_order(documents, DOCUMENTS, seed);
        let (mut passes, mut begun, mut pass) = (vec![0; documents], 0, 0);
        for stage in start.stages() {
            let share = stage.share;
            assert!(share > 0.0 && share <= 1.0, "a share is above 0 and at most 1, got {share}");
            let end = (documents as f64 * share).ceil() as usize;
            assert!(begun <= end, "each stage has the documents of the one before it, and more");
            order[begun..end].iter().for_each(|document| passes[*document as usize] = pass);
            (begun, pass) = (end, pass + stage.passes);
        }
        order[begun..].iter().for_each(|document| passes[*document as usize] = pass);
        Begins { passes, is_random: *start == Start::Random }
    }

    /// Passes after which all documents have begun.
    pub(super) fn first_passes(&self) -> u64 {
        u64::from(self.passes.iter().copied().max().unwrap_or_default()) + 1
    }

    /// The pass in which a document begins.
    #[inline(always)]
    pub(super) fn pass(&self, document: u32) -> u64 {
        self.passes.get(document as usize).copied().unwrap_or_default().into()
    }

    /// Whether a document takes part in a pass.
    #[inline(always)]
    pub(super) fn has_begun(&self, document: u32, pass: u64) -> bool {
        self.pass(document) <= pass
    }
}

/// Documents numbered anew, in the order in which they begin: those that take part in a pass are the first ones.
#[derive(Clone, Debug, Default)]
pub(super) struct InOrder {
    /// Whether first topics do not depend on each other.
    pub(super) is_random: bool,
    /// The documents; as the corpus has them if there is none.
    order: Vec<u32>,
    /// The pass in which each of these begins.
    begins: Vec<u64>,
}

impl InOrder {
    /// # Panics
    /// As [`Begins::new`].
    pub(super) fn new(start: &Start, documents: usize, seed: u64) -> Self {
        let begins = Begins::new(start, documents, seed);
        let mut order: Vec<u32> = (0..documents as u32).collect();
        order.sort_by_key(|document| begins.pass(*document));
        let passes = order.iter().map(|document| begins.pass(*document)).collect();
        InOrder { is_random: begins.is_random, order, begins: passes }
    }

    /// The number of each document of the corpus among those of the graph.
    pub(super) fn places(&self, documents: usize) -> Vec<u32> {
        let mut places: Vec<u32> = (0..documents as u32).collect();
        for (place, document) in (0..).zip(&self.order) {
            places[*document as usize] = place;
        }
        places
    }

    /// The topics of all tokens as the corpus has them, from the document of the graph and the topic of each, those of a document in the order of its words.
    pub(super) fn topics(&self, corpus: &Corpus, of: impl Iterator<Item = (u32, u16)>) -> Vec<u16> {
        let (mut next, mut start) = (vec![0; corpus.documents.len()], 0);
        for (place, tokens) in self.places(corpus.documents.len()).iter().zip(tokens(corpus).of_documents) {
            next[*place as usize] = start;
            start += tokens as usize;
        }
        in_rows(next, start, of)
    }

    /// Documents that do not take part in a pass yet.
    #[inline(always)]
    pub(super) fn waiting(&self, pass: u64) -> usize {
        self.begins.len() - self.begins.partition_point(|begin| *begin <= pass)
    }

    /// Whether a document of the graph takes part in a pass.
    #[inline(always)]
    pub(super) fn has_begun(&self, place: u32, pass: u64) -> bool {
        self.begins.get(place as usize).is_none_or(|begin| *begin <= pass)
    }

    /// Passes after which all documents take part.
    pub(super) fn first_passes(&self) -> u64 {
        self.begins.last().map_or(1, |last| last + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_have_their_documents_from_their_first_pass_on() {
        let stages = vec![Stage { share: 0.1, passes: 3 }, Stage { share: 0.55, passes: 2 }];
        let start = Start::Growing(stages);
        let begins = |seed| Begins::new(&start, 20, seed);
        let begun = |begins: &Begins, pass| {
            (0..20).filter(|document| begins.has_begun(*document, pass)).collect::<Vec<u32>>()
        };
        let first = begins(7);
        let counts: Vec<usize> = (0..7).map(|pass| begun(&first, pass).len()).collect();
        assert_eq!(counts, [2, 2, 2, 11, 11, 20, 20]);
        assert_eq!(first.first_passes(), 6, "the sixth pass is the first over all");
        // Who begins depends on the seed, and nobody leaves.
        assert!(begun(&first, 2).iter().all(|document| begun(&first, 3).contains(document)));
        assert_ne!(begun(&begins(8), 3), begun(&first, 3));
        for start in [Start::Random, Start::Sequential] {
            let begins = Begins::new(&start, 20, 7);
            assert_eq!((begun(&begins, 0).len(), begins.first_passes()), (20, 1));
        }
    }

    #[test]
    fn growth_is_short_where_documents_are_short_and_topics_many() {
        let passes = |documents: usize, length: usize, topics: usize, alpha: f64| {
            let corpus = super::super::tests::corpus(&vec![vec![0; length]; documents], 1);
            let priors = Priors::new(topics, &corpus).with_alpha(&vec![alpha / topics as f64; topics]);
            Start::growing_for(&priors, &corpus).stages().iter().map(|stage| stage.passes).sum::<u32>()
        };
        assert_eq!(passes(200, 73, 257, 50.0), 8);
        assert_eq!(passes(200, 73, 256, 50.0), 125, "topics are few");
        assert_eq!(passes(200, 73, 257, 36.0), 125, "alpha is half of a document and less");
        assert_eq!(passes(6000, 73, 257, 50.0), 125, "34 tokens for each topic");
        assert_eq!(passes(200, 194, 300, 50.0), 125, "documents are long");
    }
}
