//! The sampler for many topics: words one after the other, and of each document the topics that it has.

use gasworks_engine::graph::{Graph, GraphBuilder, Topology, Vertex};
use gasworks_engine::input::{Corpus, Texts};
use gasworks_engine::{
    Aggregate, Block, Column, Context, EdgeJob, EdgeProgram, Engine, Error, Own, Ref, Simd,
};
use gasworks_kernels::topics::Prior;
use gasworks_kernels::topics::sparse::{self, Conditional, SparseCounts};

use super::sampler::{self, NO_TOPIC, Sampler, Sides, admit, tokens};
use super::start::{InOrder, Start};
use super::{Priors, TOPICS, TopicModel, TopicTotals};

/// How many tokens ahead the list of a document is asked for, and how many its entries.
const AHEAD: [usize; 2] = [12, 6];
/// How many words ahead the entries of a word are asked for.
const ROWS: usize = 2;
/// Tokens of a block, about.
const TOKENS: u64 = 1 << 18;

/// Latent Dirichlet allocation with many topics. As [`Lda`](super::Lda), each step draws from the exact conditional, and the totals of the topics are those from
/// before the pass and the block's own changes since. Words are the sources here, and tokens come word by word; with one block, the run is the collapsed
/// Gibbs chain itself.
///
/// # Complexity
///
/// A step takes O(topics that the document has); a block opens each of its words once in O(topics that the word has). Counts are lists, so memory
/// does not grow with the number of topics: a token takes 12 bytes, and a document or word 4 for each topic that it has, a multiple
/// of 16 of them.
#[derive(Clone, Debug)]
pub struct SparseLda {
    priors: Priors,
    prior: Prior,
    order: InOrder,
}

impl SparseLda {
    /// Tokens of a document at most.
    pub const MOST_TOKENS: u64 = sparse::MOST_TOKENS as u64;

    /// Whether no document of a corpus has more than [`MOST_TOKENS`](SparseLda::MOST_TOKENS). O(entries).
    pub fn admits(corpus: &Corpus) -> bool {
        tokens(corpus).of_documents.iter().all(|tokens| *tokens <= SparseLda::MOST_TOKENS)
    }

    /// The number of each document of the corpus among those of the graph.
    #[cfg(test)]
    pub(super) fn places(&self, documents: usize) -> Vec<u32> {
        self.order.places(documents)
    }
}

impl EdgeProgram for SparseLda {
    /// How many tokens have each topic.
    type Vertex = Own<SparseCounts>;
    /// The topic of a token.
    type Edge = u16;
    /// Of [`TopicTotals`].
    type Global = Vec<f64>;
    type Scratch = Conditional;
    const NEEDS_BLOCK: bool = true;

    fn scratch(&self) -> Conditional {
        Conditional::new(&self.prior)
    }

    fn update(
        &self,
        _: &Context<'_, Vec<f64>>,
        _: &mut SparseCounts,
        _: &mut u16,
        _: &mut SparseCounts,
        _: &mut Conditional,
    ) {
        unreachable!("a step needs the totals of its block");
    }

    /// # Panics
    /// If the graph is not bipartite, or the run has no [`TopicTotals`].
    #[inline(always)]
    fn update_block<S: Simd>(
        &self,
        _: S,
        cx: &Context<'_, Vec<f64>>,
        block: &mut Block<'_, Self>,
        conditional: &mut Conditional,
    ) {
        assert!(block.is_bipartite(), "words and documents are the two sides of a bipartite graph");
        assert!(!cx.global.is_empty(), "the totals of the topics: run with aggregate(&TopicTotals)");
        conditional.start(&self.prior, cx.global);
        // Documents from here on have not begun.
        let end = (cx.vertices() - self.order.waiting(cx.round)) as u32;
        let is_random = self.order.is_random && cx.round == 0;
        let rows = block.rows();
        for at in 0..rows {
            // Counts of words to come, and their entries.
            block.prefetch_source(at + 2 * ROWS);
            if at + ROWS < rows {
                block.source_mut(block.row(at + ROWS)).prefetch();
            }
            let row = block.row(at);
            let targets = row.targets();
            if targets[0] >= end {
                continue;
            }
            conditional.open(block.source_mut(row));
            let mut random = row.context(cx, 0).random(TOPICS);
            for (at, target) in targets.iter().enumerate() {
                if *target >= end {
                    break;
                }
                block.prefetch_target(row, at + AHEAD[0]);
                if at + AHEAD[1] < targets.len() {
                    block.target_mut(row, at + AHEAD[1]).1.prefetch();
                }
                let (topic, document) = block.target_mut(row, at);
                *topic = match *topic {
                    NO_TOPIC if is_random => {
                        let topic = random.below(self.priors.topics() as u64) as u16;
                        conditional.begin(document, topic);
                        topic
                    }
                    NO_TOPIC => conditional.first(document, random.next_u64()),
                    old => conditional.step(document, old, random.next_u64()),
                };
            }
            conditional.close(block.source_mut(row));
        }
    }
}

impl Sampler for SparseLda {
    type Vertex = Own<SparseCounts>;
    type Edge = u16;
    type Job<'g> = EdgeJob<'g, Self>;

    fn with_priors(priors: Priors) -> Self {
        SparseLda { prior: priors.to_kernel(), priors, order: InOrder::default() }
    }

    fn starting(self, start: &Start, documents: usize, seed: u64) -> Self {
        SparseLda { order: InOrder::new(start, documents, seed), ..self }
    }

    fn replacing_priors(self, priors: Priors) -> Self {
        assert_eq!(priors.topics(), self.priors.topics(), "priors of as many topics");
        SparseLda { prior: priors.to_kernel(), priors, ..self }
    }

    fn priors(&self) -> &Priors {
        &self.priors
    }

    fn first_passes(&self) -> u64 {
        self.order.first_passes()
    }

    /// Half as many parts of documents as of words: each block opens its words anew.
    fn parts(&self, tokens: u64) -> Option<[usize; 2]> {
        let words = ((tokens / TOKENS) as f64).sqrt().round().clamp(8.0, 256.0) as usize;
        Some([words / 2, words])
    }

    fn engine<'g>(
        &'g self,
        graph: &'g mut Graph<Own<SparseCounts>, u16>,
        parts: Option<[usize; 2]>,
    ) -> Engine<'g, EdgeJob<'g, Self>> {
        let parts = parts.or_else(|| self.parts(graph.edges() as u64));
        let engine = Engine::edges(graph, self).aggregate(&TopicTotals);
        match parts {
            // Words are the sources.
            Some([documents, words]) => engine.blocks(words, documents),
            None => engine,
        }
    }

    fn sides(&self, topology: &Topology) -> Sides {
        let words = topology.left().expect("words and documents are the two sides") as usize;
        Sides { documents: words..topology.vertices(), words: 0..words }
    }

    fn counts(counts: Ref<'_, Own<SparseCounts>>) -> impl Iterator<Item = (usize, u32)> {
        // A word's entries of one topic lie side by side.
        let mut entries = counts.iter().peekable();
        std::iter::from_fn(move || {
            let (topic, mut count) = entries.next()?;
            while let Some((_, more)) = entries.next_if(|(next, _)| *next == topic) {
                count += more;
            }
            Some((usize::from(topic), count))
        })
    }

    /// Words left, documents right, in the order in which they begin.
    fn graph_of(
        &self,
        corpus: &Corpus,
        topics: Option<&TopicModel>,
    ) -> Result<Graph<Own<SparseCounts>, u16>, Error> {
        let tokens = tokens(corpus);
        admit("a document", &tokens.of_documents, SparseLda::MOST_TOKENS)?;
        admit("a word", &tokens.of_words, super::Lda::MOST_TOKENS)?;
        let (documents, words) = (corpus.documents.len(), corpus.words.len());
        let places = self.order.places(documents);
        let mut order = vec![0; documents];
        (0..).zip(&places).for_each(|(document, place)| order[*place as usize] = document);
        let edges = sampler::edges(corpus, topics, |entry| [entry.word, places[entry.document as usize]]);
        let graph = GraphBuilder::bipartite(words, documents).edges_from(edges, |edge| edge).build()?;
        let counts = Column::<Own<SparseCounts>>::from_fn(graph.vertices(), |vertex| {
            let (tokens, of) = match vertex.checked_sub(words) {
                None => (tokens.of_words[vertex], topics.map(|model| model.words().get(vertex))),
                Some(place) => {
                    let document: usize = order[place];
                    (tokens.of_documents[document], topics.map(|model| model.documents().get(document)))
                }
            };
            let of = of.into_iter().flatten().map(|of| (of.topic, of.count));
            SparseCounts::with_room(tokens, self.priors.topics()).filled(of)
        });
        Ok(graph.with_vertex_data(counts))
    }

    fn model(&self, graph: &Graph<Own<SparseCounts>, u16>, texts: Texts) -> TopicModel {
        let words = texts.corpus.words.len() as Vertex;
        let tokens = graph.edge_list().map(|(_, document, topic)| (document - words, *topic));
        let topics = self.order.topics(&texts.corpus, tokens);
        TopicModel::new(texts, self.priors.clone(), topics)
    }
}

impl Aggregate<Own<SparseCounts>, u16> for TopicTotals {
    type Part = Vec<f64>;
    type Global = Vec<f64>;

    fn zero(&self) -> Vec<f64> {
        vec![0.0]
    }

    #[inline(always)]
    fn fold_vertex(&self, sum: &mut Vec<f64>, topology: &Topology, vertex: Vertex, counts: &SparseCounts) {
        if TopicTotals::counts(topology, vertex) {
            for (topic, count) in counts.iter() {
                let topic = usize::from(topic);
                if sum.len() <= topic {
                    sum.resize(topic + 1, 0.0);
                }
                sum[topic] += f64::from(count);
            }
        }
    }

    fn merge(&self, sum: &mut Vec<f64>, part: Vec<f64>) {
        sum.resize(sum.len().max(part.len()), 0.0);
        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }

    fn finalize(&self, _: &Topology, sum: Vec<f64>) -> Vec<f64> {
        sum
    }
}
