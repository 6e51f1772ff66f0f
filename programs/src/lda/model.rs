//! Topics that a run has found: documents, words, and the topic of each token. All else follows from these.

use gasworks_engine::input::Texts;

use super::likelihood::Likelihood;
use super::origin::Origin;
use super::priors::Priors;
use super::sampler::{NO_TOPIC, Sides, Tokens, tokens};

/// How many tokens of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicCount {
    /// The topic.
    pub topic: u16,
    /// At least 1.
    pub count: u32,
}

/// How many tokens of each topic some documents or words have: 8 bytes for each topic that one has at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicCounts {
    starts: Vec<usize>,
    counts: Vec<TopicCount>,
}

impl TopicCounts {
    /// How many documents or words.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of one, by topic, ascending.
    ///
    /// # Panics
    /// If there is no such document or word.
    pub fn get(&self, at: usize) -> &[TopicCount] {
        &self.counts[self.starts[at]..self.starts[at + 1]]
    }

    /// From the topics of each one's tokens, which come one after the other.
    pub(super) fn new(tokens: &[u64], topics: &mut [u16]) -> Self {
        let (mut starts, mut counts) = (vec![0], Vec::new());
        let mut rest = topics;
        for tokens in tokens {
            let (own, after) = rest.split_at_mut(*tokens as usize);
            own.sort_unstable();
            let runs = own.chunk_by(|one, other| one == other).filter(|run| run[0] != NO_TOPIC);
            counts.extend(runs.map(|run| TopicCount { topic: run[0], count: run.len() as u32 }));
            starts.push(counts.len());
            rest = after;
        }
        TopicCounts { starts, counts }
    }
}

/// A topic model: the texts, the priors, and a topic for each token that has one.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicModel {
    pub(super) texts: Texts,
    priors: Priors,
    topics: Vec<u16>,
    documents: TopicCounts,
    words: TopicCounts,
    totals: Vec<u64>,
    origin: Origin,
}

impl TopicModel {
    /// From the topic of each token: those of the first entry of the corpus, then those of the next. [`NO_TOPIC`], where a run ended before
    /// the token had one, is counted nowhere. O(tokens log tokens).
    ///
    /// # Panics
    /// If there is not a topic for each token, or one beyond those of the priors; if the priors are for fewer words.
    pub fn new(texts: Texts, priors: Priors, topics: Vec<u16>) -> Self {
        let corpus = &texts.corpus;
        assert_eq!(topics.len() as u64, corpus.tokens(), "a topic for each token");
        assert!(corpus.words.len() <= priors.words(), "priors for all words");
        let mut totals = vec![0; priors.topics()];
        let counted = topics.iter().filter(|topic| **topic != NO_TOPIC);
        counted.for_each(|topic| totals[usize::from(*topic)] += 1);

        let Tokens { of_documents, of_words } = tokens(corpus);
        let documents = TopicCounts::new(&of_documents, &mut topics.clone());
        let words_of_tokens =
            corpus.entries.iter().flat_map(|entry| std::iter::repeat_n(entry.word, entry.count as usize));
        let tokens = words_of_tokens.zip(topics.iter().copied());
        let words = TopicCounts::new(&of_words, &mut in_rows(starts(&of_words), topics.len(), tokens));
        TopicModel { texts, priors, topics, documents, words, totals, origin: Origin::default() }
    }

    /// That came to be in this way.
    pub fn with_origin(self, origin: Origin) -> Self {
        TopicModel { origin, ..self }
    }

    /// How it came to be.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The documents that it was trained on.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// What a document is called, or if it is not, its number in the file.
    ///
    /// # Panics
    /// If there is no such document.
    pub fn title(&self, document: u32) -> String {
        let number = || format!("document {}", self.texts.corpus.documents.id(document));
        self.texts.documents.get(document as usize).map_or_else(number, |document| document.title.clone())
    }

    /// The priors.
    pub fn priors(&self) -> &Priors {
        &self.priors
    }

    /// The topic of each token, in the order of the entries of the corpus.
    pub fn topics(&self) -> &[u16] {
        &self.topics
    }

    /// How many tokens of each topic a document has.
    pub fn documents(&self) -> &TopicCounts {
        &self.documents
    }

    /// How many tokens of each topic a word has.
    pub fn words(&self) -> &TopicCounts {
        &self.words
    }

    /// How many tokens of each topic a document has, or a word, which come after the documents.
    pub(super) fn counts(&self, at: usize) -> &[TopicCount] {
        counts_at(&self.documents, &self.words, at)
    }

    /// Where documents and words are among the [counts](TopicModel::counts).
    pub(super) fn sides(&self) -> Sides {
        let documents = self.documents.len();
        Sides { documents: 0..documents, words: documents..documents + self.words.len() }
    }

    /// How many tokens each topic has.
    pub fn totals(&self) -> &[u64] {
        &self.totals
    }

    /// The joint likelihood of the words and topics. O(tokens), parallel.
    pub fn likelihood(&self) -> Likelihood {
        let Sides { documents, words } = self.sides();
        let counts = |at| self.counts(at).iter().map(|of| (usize::from(of.topic), f64::from(of.count)));
        Likelihood::of(&self.priors, documents, words, counts)
    }
}

/// The counts of a document, or of a word, which come after the documents.
pub(super) fn counts_at<'a>(
    documents: &'a TopicCounts,
    words: &'a TopicCounts,
    at: usize,
) -> &'a [TopicCount] {
    match at.checked_sub(documents.len()) {
        None => documents.get(at),
        Some(word) => words.get(word),
    }
}

/// Where rows of these lengths begin if they lie end to end.
pub(super) fn starts(lengths: &[u64]) -> Vec<usize> {
    lengths.iter().scan(0, |sum, length| Some(std::mem::replace(sum, *sum + *length as usize))).collect()
}

/// The topics of `count` tokens row by row, from the row and the topic of each: those of a row in the order in which they come, from where the row begins.
pub(super) fn in_rows(
    mut begins: Vec<usize>,
    count: usize,
    tokens: impl Iterator<Item = (u32, u16)>,
) -> Vec<u16> {
    let mut topics = vec![NO_TOPIC; count];
    for (row, topic) in tokens {
        let at = &mut begins[row as usize];
        topics[*at] = topic;
        *at += 1;
    }
    topics
}
