//! Topics of documents: latent Dirichlet allocation (Blei, Ng, Jordan 2003, "Latent Dirichlet allocation") by collapsed Gibbs sampling
//! (Griffiths and Steyvers 2004, "Finding scientific topics"), in parallel over blocks of tokens without a common document or word.
//!
//! A token is an edge of a bipartite graph from its document to its word, with a topic on it; a vertex has a row with the number of its tokens
//! of each topic. A step takes one token out of the counts, draws a topic for it from its distribution given the topics of all other tokens,
//! and puts it in again.
//!
//! [`Lda`] looks at all topics in a draw and [`SparseLda`] at those of the document: to some 250 topics the first is faster, beyond them the second, whose
//! memory does not grow with their number. [`MetropolisLda`] looks at one topic, takes it or leaves it: its passes are the fastest with thousands of topics, and it takes more of them. [`VertexLda`] is the short version for readers. What a run has reached is a [`TopicModel`].
//!
//! # What the blocks change
//!
//! While a block runs, the rows of its documents and words are its own. The totals of the topics are not: it sees those from before the pass
//! ([`TopicTotals`]) and its own changes since. Within a block, four documents are open at a time, and each sees what the others change in the
//! totals only once it is opened or has a token of the topic itself. With [one block](gasworks_engine::Engine::blocks) documents come one after the other, and the run is the
//! collapsed Gibbs chain itself.
//!
//! What that costs: the joint log-likelihood a token of 435,838 tokens of news articles with 100 topics, 150 passes after a random start, three seeds.
//!
//! | parts a side | each seed | mean |
//! |---|---|---|
//! | 1 | -8.734, -8.726, -8.737 | -8.732 |
//! | 8, the default here | -8.751, -8.747, -8.767 | -8.755 |
//! | 16 | -8.764, -8.737, -8.749 | -8.750 |
//!
//! The sparse sampler: -8.741 with 1 part, -8.752 with 8 of words and 4 of documents, its choice, and -8.743 with 8.
//!
//! So parts cost about 0.02, a fourth of a percent and little more than seeds differ by, and more of them no more.

mod coherence;
mod fixed;
mod held_out;
mod hyperparameters;
mod infer;
mod likelihood;
mod metropolis;
mod model;
mod origin;
mod priors;
mod resume;
mod sampler;
mod sparse;
mod special;
mod start;
mod storage;
#[cfg(test)]
mod tests;
mod topics;
mod unseen;
mod vertex;
mod view;

use gasworks_engine::graph::{Graph, GraphBuilder, Topology, Vertex};
use gasworks_engine::input::{Corpus, Texts};
use gasworks_engine::{
    Aggregate, Block, BlockRow, Context, EdgeJob, EdgeProgram, Engine, Error, Random, Ref, Row, Simd,
};
use gasworks_kernels::topics::dense::{Conditional, OpenDocument, Totals};
use gasworks_kernels::topics::{Prior, padded};

use sampler::{admit, tokens};
use start::Begins;

pub use coherence::Coherence;
pub use held_out::{HeldOut, hold_out};
pub use hyperparameters::{CountHistograms, PriorSettings};
pub use infer::{InferSettings, Inferred};
pub use likelihood::Likelihood;
pub use metropolis::{MetropolisLda, Trial};
pub use model::{TopicCount, TopicCounts, TopicModel};
pub use origin::{Origin, WordCut};
pub use priors::Priors;
pub use sampler::{NO_TOPIC, Sampler, Sides};
pub use sparse::SparseLda;
pub use start::{Stage, Start};
pub use topics::{Topic, TopicSettings};
pub use unseen::Unseen;
pub use vertex::VertexLda;
pub use view::ViewSettings;

/// Names the stream of random numbers that draws topics.
const TOPICS: u64 = 0x746f_7069;
/// Documents that are open at a time: a draw waits for the one before it in the same document.
const OPEN: usize = 4;
/// How many tokens ahead the row of a word is asked for.
const AHEAD: usize = 2;

/// Latent Dirichlet allocation. Run on the graph of a [`Corpus`] with [`TopicTotals`] under
/// [`Exclusion::Grid`](gasworks_engine::Exclusion::Grid), the default, or serial.
///
/// ```
/// use gasworks_engine::{Engine, input::{Source, read_corpus, CorpusOptions}};
/// use gasworks_programs::lda::{Lda, Priors, Sampler, TopicTotals};
///
/// // Two documents of ships and whales, two of finches and beaks.
/// let text = "2 0:3 1:3\n2 0:2 1:4\n2 2:3 3:3\n2 2:4 3:2\n";
/// let corpus = read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &CorpusOptions::default())?.data;
/// let lda = Lda::with_priors(Priors::new(2, &corpus).with_alpha(&[0.1; 2]));
/// let mut graph = lda.graph(&corpus)?;
/// Engine::edges(&mut graph, &lda).aggregate(&TopicTotals).rounds(50).run()?;
/// let topic = |document: u32| graph.vertex(document)[0] > 3.0;
/// assert_eq!(topic(0), topic(1));
/// assert_ne!(topic(0), topic(2));
/// assert!(lda.likelihood(graph.topology(), graph.vertex_data()).per_token() > -1.7);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
///
/// # Complexity
///
/// A step takes O(topics). A token takes 12 bytes while a run lasts: 4 for its word and 2 for its topic in the graph, and as much in the
/// blocks. A document or a word takes 4 bytes for each topic, of which there are a multiple of 16, and 12 for each part of the words that a document has tokens in.
#[derive(Clone, Debug)]
pub struct Lda {
    priors: Priors,
    prior: Prior,
    begins: Begins,
}

impl Lda {
    /// Tokens of a document or of a word at most: beyond, `f32` does not count exactly.
    pub const MOST_TOKENS: u64 = 1 << 24;

    /// So many topics for a corpus, with the [customary priors](Priors::new). All documents begin in the first pass.
    ///
    /// # Panics
    /// If there is no topic, or more than [`MOST_TOPICS`](Priors::MOST_TOPICS).
    pub fn new(topics: usize, corpus: &Corpus) -> Self {
        Lda::with_priors(Priors::new(topics, corpus))
    }

    /// How many topics.
    pub fn topics(&self) -> usize {
        self.priors.topics()
    }

    /// Numbers in the row of a vertex: the tokens of each topic, and zeros up to a whole cache line.
    pub fn width(&self) -> usize {
        padded(self.topics())
    }

    /// The tokens of a block, those of `OPEN` documents in turn.
    #[inline(always)]
    fn sweep<S: Simd, const PARTS: usize, const OPEN: usize>(
        &self,
        simd: S,
        cx: &Context<'_, Vec<f64>>,
        block: &mut Block<'_, Self>,
        scratch: &mut Scratch,
    ) {
        let conditional = Conditional::<S, PARTS>::new(simd, &self.prior);
        let Scratch { totals, documents } = scratch;
        totals.start(&self.prior, cx.global);
        let is_random = self.begins.is_random && cx.round == 0;
        let mut rows = 0..block.rows();
        loop {
            let mut open: [Option<(BlockRow<'_>, Random)>; OPEN] = [const { None }; OPEN];
            let mut count = 0;
            while count < OPEN
                && let Some(row) = rows.next()
            {
                let row = block.row(row);
                if self.begins.has_begun(row.source(), cx.round) {
                    conditional.open(&mut documents[count], block.source_mut(row), totals);
                    open[count] = Some((row, row.context(cx, 0).random(TOPICS)));
                    count += 1;
                }
            }
            // Rows come from long to short.
            let Some((longest, _)) = &open[0] else { return };
            for at in 0..longest.len() {
                for ((row, random), document) in open.iter_mut().flatten().zip(documents.iter_mut()) {
                    if at >= row.len() {
                        break;
                    }
                    if at + AHEAD < row.len() {
                        block.prefetch_target(*row, at + AHEAD);
                    }
                    let (topic, word) = block.target_mut(*row, at);
                    *topic = if is_random {
                        let new = random.below(self.topics() as u64) as usize;
                        conditional.put(document, word, totals, new);
                        new as u16
                    } else {
                        let old = (*topic != NO_TOPIC).then_some(usize::from(*topic));
                        let uniform = (random.next_u64() >> 41) as f32 * (1.0 / (1 << 23) as f32);
                        conditional.step(document, word, totals, old, uniform) as u16
                    };
                }
            }
            for ((row, _), document) in open.iter().flatten().zip(documents.iter()) {
                document.close(block.source_mut(*row));
            }
        }
    }

    /// The documents of a block, one after the other or some at a time.
    #[inline(always)]
    fn pass<S: Simd, const PARTS: usize>(
        &self,
        simd: S,
        cx: &Context<'_, Vec<f64>>,
        block: &mut Block<'_, Self>,
        scratch: &mut Scratch,
    ) {
        if block.is_whole() {
            self.sweep::<S, PARTS, 1>(simd, cx, block, scratch);
        } else {
            self.sweep::<S, PARTS, OPEN>(simd, cx, block, scratch);
        }
    }
}

impl Sampler for Lda {
    type Vertex = Row<f32>;
    type Edge = u16;
    type Job<'g> = EdgeJob<'g, Self>;

    fn with_priors(priors: Priors) -> Self {
        Lda { prior: priors.to_kernel(), priors, begins: Begins::at_once() }
    }

    fn starting(self, start: &Start, documents: usize, seed: u64) -> Self {
        Lda { begins: Begins::new(start, documents, seed), ..self }
    }

    fn replacing_priors(self, priors: Priors) -> Self {
        assert_eq!(priors.topics(), self.topics(), "priors of as many topics");
        Lda { prior: priors.to_kernel(), priors, ..self }
    }

    fn priors(&self) -> &Priors {
        &self.priors
    }

    fn first_passes(&self) -> u64 {
        self.begins.first_passes()
    }

    fn engine<'g>(
        &'g self,
        graph: &'g mut Graph<Row<f32>, u16>,
        parts: Option<[usize; 2]>,
    ) -> Engine<'g, EdgeJob<'g, Self>> {
        let engine = Engine::edges(graph, self).aggregate(&TopicTotals);
        match parts {
            Some([documents, words]) => engine.blocks(documents, words),
            None => engine,
        }
    }

    fn sides(&self, topology: &Topology) -> Sides {
        let documents = topology.left().expect("documents and words are the two sides") as usize;
        Sides { documents: 0..documents, words: documents..topology.vertices() }
    }

    fn counts(row: Ref<'_, Row<f32>>) -> impl Iterator<Item = (usize, u32)> {
        let counts = row.iter().enumerate().filter(|(_, count)| **count > 0.0);
        counts.map(|(topic, count)| (topic, *count as u32))
    }

    /// Documents left, words right.
    fn graph_of(&self, corpus: &Corpus, topics: Option<&TopicModel>) -> Result<Graph<Row<f32>, u16>, Error> {
        let tokens = tokens(corpus);
        admit("a document", &tokens.of_documents, Lda::MOST_TOKENS)?;
        admit("a word", &tokens.of_words, Lda::MOST_TOKENS)?;
        let documents = corpus.documents.len();
        let edges = sampler::edges(corpus, topics, |entry| [entry.document, entry.word]);
        let builder = GraphBuilder::bipartite(documents, corpus.words.len());
        let graph = builder.edges_from(edges, |edge| edge).build()?;
        Ok(graph.with_rows(self.width(), |vertex, row| {
            let Some(model) = topics else { return };
            model.counts(vertex as usize).iter().for_each(|of| row[usize::from(of.topic)] = of.count as f32);
        }))
    }

    fn model(&self, graph: &Graph<Row<f32>, u16>, texts: Texts) -> TopicModel {
        TopicModel::new(texts, self.priors.clone(), graph.edge_list().map(|(_, _, topic)| *topic).collect())
    }
}

/// What a worker needs: the totals of a block, and its open documents.
#[derive(Debug)]
pub struct Scratch {
    totals: Totals,
    documents: [OpenDocument; OPEN],
}

impl EdgeProgram for Lda {
    /// How many tokens have each topic.
    type Vertex = Row<f32>;
    /// The topic of a token.
    type Edge = u16;
    /// Of [`TopicTotals`].
    type Global = Vec<f64>;
    type Scratch = Scratch;
    const NEEDS_BLOCK: bool = true;

    fn scratch(&self) -> Scratch {
        let document = || OpenDocument::new(self.topics());
        Scratch { totals: Totals::new(self.topics()), documents: std::array::from_fn(|_| document()) }
    }

    fn update(&self, _: &Context<'_, Vec<f64>>, _: &mut [f32], _: &mut u16, _: &mut [f32], _: &mut Scratch) {
        unreachable!("a step needs the totals of its block");
    }

    /// # Panics
    /// If the graph is not bipartite, its rows are of another number of topics, or the run has no [`TopicTotals`].
    #[inline(always)]
    fn update_block<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, Vec<f64>>,
        block: &mut Block<'_, Self>,
        scratch: &mut Scratch,
    ) {
        assert!(block.is_bipartite(), "documents and words are the two sides of a bipartite graph");
        assert!(!cx.global.is_empty(), "the totals of the topics: run with aggregate(&TopicTotals)");
        match S::F32_LANES {
            16 => self.pass::<S, 1>(simd, cx, block, scratch),
            8 => self.pass::<S, 2>(simd, cx, block, scratch),
            4 => self.pass::<S, 4>(simd, cx, block, scratch),
            _ => self.pass::<S, 16>(simd, cx, block, scratch),
        }
    }
}

/// How many tokens each topic has, before each pass. Sums are exact.
#[derive(Clone, Copy, Debug, Default)]
pub struct TopicTotals;

impl TopicTotals {
    /// Whether a vertex is on the side that is added up: documents and words have the same totals, so the smaller one is enough.
    #[inline(always)]
    fn counts(topology: &Topology, vertex: Vertex) -> bool {
        let left = topology.left().unwrap_or_default();
        (vertex < left) == (2 * left as usize <= topology.vertices())
    }
}

impl Aggregate<Row<f32>, u16> for TopicTotals {
    type Part = Vec<f64>;
    type Global = Vec<f64>;

    fn zero(&self) -> Vec<f64> {
        Vec::new()
    }

    #[inline(always)]
    fn fold_vertex(&self, sum: &mut Vec<f64>, topology: &Topology, vertex: Vertex, row: &[f32]) {
        sum.resize(row.len(), 0.0);
        if TopicTotals::counts(topology, vertex) {
            sum.iter_mut().zip(row).for_each(|(sum, count)| *sum += f64::from(*count));
        }
    }

    fn merge(&self, sum: &mut Vec<f64>, part: Vec<f64>) {
        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }

    fn finalize(&self, _: &Topology, sum: Vec<f64>) -> Vec<f64> {
        sum
    }
}
