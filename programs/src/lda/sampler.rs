//! What all programs that draw topics have in common.

use gasworks_engine::graph::{Graph, Topology};
use gasworks_engine::input::{Corpus, Texts};
use gasworks_engine::{Aggregate, Column, EdgeProgram, Error};

use super::{Likelihood, Priors, TopicModel, TopicTotals};

/// The topic of a token that has none yet.
pub const NO_TOPIC: u16 = u16::MAX;

/// A program that draws the topics of tokens: an edge of its graph is a token with its topic. Run it with [`TopicTotals`] under
/// [`Exclusion::Grid`](gasworks_engine::Exclusion::Grid), the default, or serial.
pub trait Sampler: EdgeProgram<Edge = u16, Global = Vec<f64>>
where
    TopicTotals: Aggregate<Self::Vertex, u16, Global = Vec<f64>>,
{
    /// The priors.
    fn priors(&self) -> &Priors;

    /// Passes after which all tokens have a topic.
    fn first_passes(&self) -> u64;

    /// The graph of a corpus: documents and words, and an edge for each token, which has [no topic](NO_TOPIC) yet.
    ///
    /// # Errors
    /// If a document or a word has more tokens than the program counts exactly.
    fn graph(&self, corpus: &Corpus) -> Result<Graph<Self::Vertex, u16>, Error>;

    /// The joint likelihood of the words and topics of all tokens that have one. Parallel.
    ///
    /// # Panics
    /// If there are not counts for each vertex.
    fn likelihood(&self, topology: &Topology, counts: &Column<Self::Vertex>) -> Likelihood;

    /// The model that a run on the graph of these texts has reached.
    ///
    /// # Panics
    /// If the graph has another number of tokens.
    fn model(&self, graph: &Graph<Self::Vertex, u16>, texts: Texts) -> TopicModel;
}

/// How many tokens there are of each document and of each word.
pub(super) struct Tokens {
    pub(super) of_documents: Vec<u64>,
    pub(super) of_words: Vec<u64>,
}

pub(super) fn tokens(corpus: &Corpus) -> Tokens {
    let mut tokens =
        Tokens { of_documents: vec![0; corpus.documents.len()], of_words: vec![0; corpus.words.len()] };
    for entry in &corpus.entries {
        tokens.of_documents[entry.document as usize] += u64::from(entry.count);
        tokens.of_words[entry.word as usize] += u64::from(entry.count);
    }
    tokens
}

/// Refuses what has more tokens than are counted exactly.
pub(super) fn admit(what: &str, tokens: &[u64], most: u64) -> Result<(), Error> {
    match tokens.iter().max().filter(|tokens| **tokens > most) {
        None => Ok(()),
        Some(tokens) => Err(Error::NotAdmitted {
            what: format!("{what} with {tokens} tokens"),
            why: format!("counts are exact to {most}"),
            instead: "cut the document, or leave the word out".into(),
        }),
    }
}
