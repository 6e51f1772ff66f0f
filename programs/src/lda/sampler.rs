//! What all programs that draw topics have in common.

use std::ops::Range;

use gasworks_engine::graph::{Graph, Topology};
use gasworks_engine::input::{Corpus, Texts, WordCount};
use gasworks_engine::{Column, Data, Engine, Error, Ref, Rounds};

#[cfg(doc)]
use super::TopicTotals;
use super::{CountHistograms, Likelihood, Priors, Start, TopicModel};

/// The topic of a token that has none yet.
pub const NO_TOPIC: u16 = u16::MAX;

/// A program that draws the topics of tokens: an edge of its graph is a token with its topic. Run it by its [`engine`](Sampler::engine).
pub trait Sampler: Sync + Sized {
    /// What a document or a word has.
    type Vertex: Data;
    /// What a token has.
    type Edge: Data;
    /// What its engine runs.
    type Job<'g>: Rounds<'g, Vertex = Self::Vertex>
    where
        Self: 'g;

    /// With these priors. All documents begin in the first pass.
    fn with_priors(priors: Priors) -> Self;

    /// Starts in this way. The seed orders the documents of the corpus; that of the run decides the rest.
    ///
    /// # Panics
    /// If a stage's share is not above 0 and at most 1, or below that of the stage before it.
    fn starting(self, start: &Start, documents: usize, seed: u64) -> Self;

    /// The same with other priors, for the next passes of a run.
    ///
    /// # Panics
    /// If they are of another number of topics.
    fn replacing_priors(self, priors: Priors) -> Self;

    /// The priors.
    fn priors(&self) -> &Priors;

    /// Passes after which all tokens have a topic.
    fn first_passes(&self) -> u64;

    /// Parts of the documents and of the words that suit it, for so many tokens, where the engine's own choice does not.
    fn parts(&self, tokens: u64) -> Option<[usize; 2]> {
        let _ = tokens;
        None
    }

    /// A run on a graph of its own, with the [`TopicTotals`] that it needs, by blocks of so many parts of the documents and of the words; unless said, as
    /// [suits](Sampler::parts) it.
    fn engine<'g>(
        &'g self,
        graph: &'g mut Graph<Self::Vertex, Self::Edge>,
        parts: Option<[usize; 2]>,
    ) -> Engine<'g, Self::Job<'g>>;

    /// Which vertices are documents, and which words.
    ///
    /// # Panics
    /// If the graph is not bipartite.
    fn sides(&self, topology: &Topology) -> Sides;

    /// The topics that a vertex keeps, and how many tokens of each; a topic may come again. A sampler that keeps them of one side alone has a
    /// [`likelihood`](Sampler::likelihood) and [`histograms`](Sampler::histograms) of its own.
    fn counts(vertex: Ref<'_, Self::Vertex>) -> impl Iterator<Item = (usize, u32)>;

    /// The graph of a corpus, with the topics of a model of this corpus if there is one.
    #[doc(hidden)]
    fn graph_of(
        &self,
        corpus: &Corpus,
        topics: Option<&TopicModel>,
    ) -> Result<Graph<Self::Vertex, Self::Edge>, Error>;

    /// The graph of a corpus: documents and words, and an edge for each token, which has [no topic](NO_TOPIC) yet.
    ///
    /// # Errors
    /// If a document or a word has more tokens than the program counts exactly.
    fn graph(&self, corpus: &Corpus) -> Result<Graph<Self::Vertex, Self::Edge>, Error> {
        self.graph_of(corpus, None)
    }

    /// The graph of a model, where each token has the topic that the model gives it. A token without one gets it in the first pass.
    ///
    /// ```
    /// use gasworks_engine::{Engine, input::{CorpusOptions, Source, Texts, read_corpus}};
    /// use gasworks_programs::lda::{Lda, Sampler, TopicTotals};
    ///
    /// let text = "2 0:3 1:3\n2 0:2 1:4\n2 2:3 3:3\n2 2:4 3:2\n";
    /// let corpus = read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &CorpusOptions::default())?.data;
    /// let lda = Lda::new(2, &corpus);
    /// let mut whole = lda.graph(&corpus)?;
    /// Engine::edges(&mut whole, &lda).aggregate(&TopicTotals).rounds(5).run()?;
    ///
    /// let mut first = lda.graph(&corpus)?;
    /// Engine::edges(&mut first, &lda).aggregate(&TopicTotals).rounds(3).run()?;
    /// let model = lda.model(&first, Texts { corpus, documents: Vec::new() });
    /// let mut second = lda.resume(&model)?;
    /// Engine::edges(&mut second, &lda).aggregate(&TopicTotals).after(3).rounds(2).run()?;
    /// assert!(second.edge_list().eq(whole.edge_list()));
    /// # Ok::<(), gasworks_engine::Error>(())
    /// ```
    ///
    /// # Errors
    /// As of [`graph`](Sampler::graph).
    ///
    /// # Panics
    /// If the model has another number of topics.
    fn resume(&self, model: &TopicModel) -> Result<Graph<Self::Vertex, Self::Edge>, Error> {
        assert_eq!(model.priors().topics(), self.priors().topics(), "a model of as many topics");
        self.graph_of(&model.texts().corpus, Some(model))
    }

    /// The joint likelihood of the words and topics of all tokens that have one. Parallel.
    ///
    /// # Panics
    /// If there are not counts for each vertex.
    fn likelihood(&self, topology: &Topology, counts: &Column<Self::Vertex>) -> Likelihood {
        assert_eq!(counts.len(), topology.vertices(), "counts for each vertex");
        let Sides { documents, words } = self.sides(topology);
        let of = |at: usize| Self::counts(counts.get(at)).map(|(topic, count)| (topic, f64::from(count)));
        Likelihood::of(self.priors(), documents, words, of)
    }

    /// How often each count occurs: what priors are learned from. O(counts above 0), after rows were looked through.
    ///
    /// # Panics
    /// If there are not counts for each vertex.
    fn histograms(&self, topology: &Topology, counts: &Column<Self::Vertex>) -> CountHistograms {
        assert_eq!(counts.len(), topology.vertices(), "counts for each vertex");
        let Sides { documents, words } = self.sides(topology);
        let of = |at: usize| Self::counts(counts.get(at)).map(|(topic, count)| (topic, count as usize));
        CountHistograms::of(self.priors().topics(), documents, words, of)
    }

    /// The model that a run on the graph of these texts has reached.
    ///
    /// # Panics
    /// If the graph has another number of tokens.
    fn model(&self, graph: &Graph<Self::Vertex, Self::Edge>, texts: Texts) -> TopicModel;
}

/// The vertices that stand for documents, and those that stand for words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    /// Of documents.
    pub documents: Range<usize>,
    /// Of words.
    pub words: Range<usize>,
}

/// The ends and the topic of each token, those of a document in the order of its words.
pub(super) fn edges(
    corpus: &Corpus,
    topics: Option<&TopicModel>,
    ends: impl Fn(&WordCount) -> [u32; 2],
) -> Vec<([u32; 2], u16)> {
    let mut edges = Vec::with_capacity(corpus.tokens() as usize);
    for entry in &corpus.entries {
        edges.extend(std::iter::repeat_n((ends(entry), NO_TOPIC), entry.count as usize));
    }
    let topics = topics.map_or(&[][..], TopicModel::topics);
    edges.iter_mut().zip(topics).for_each(|((_, topic), of)| *topic = *of);
    edges
}

/// How many tokens there are of each document and of each word.
pub(super) struct Tokens {
    pub(super) of_documents: Vec<u64>,
    pub(super) of_words: Vec<u64>,
}

/// O(entries).
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
