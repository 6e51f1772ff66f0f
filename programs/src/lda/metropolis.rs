//! The sampler whose work does not grow with the number of topics: documents and then words, each judging what the others proposed.

use gasworks_engine::graph::{Graph, GraphBuilder, Topology, Vertex};
use gasworks_engine::input::{Corpus, Texts};
use gasworks_engine::{
    Aggregate, Column, Context, Edges, Engine, Error, Every, Over, Own, Random, Ref, Scope, Signal,
    UpdateFunction, UpdateJob, consistency,
};
use gasworks_kernels::topics::Prior;
use gasworks_kernels::topics::metropolis::{Chains, Side, Token};

use super::model::{TopicCounts, counts_at, in_rows, starts};
use super::sampler::{self, NO_TOPIC, Sampler, Sides, admit, tokens};
use super::start::{InOrder, Start};
use super::{CountHistograms, Lda, Likelihood, Priors, TOPICS, TopicModel};

/// The topic of a token, and what is proposed for it.
const NUMBERS: usize = 2;
/// What a token has: its topic, and then what its other end proposes.
pub type Trial = Token<NUMBERS>;
/// How often a document that begins judges proposals of the words that it has.
const FIRST: usize = 4;

/// Latent Dirichlet allocation with very many topics, by Metropolis-Hastings steps with delayed counts (Chen, Li, Zhu, Chen 2016, "WarpLDA: a cache efficient O(1) algorithm
/// for latent Dirichlet allocation").
///
/// A pass visits all documents and then all words. A visit counts the topics of the tokens at its vertex, takes or leaves the topics that the other ends proposed for them, and proposes others: the topic
/// of another of its tokens, or one by the prior. So documents propose what is likely in the document, and words judge it, and the other way round; neither looks at the counts of its neighbors.
///
/// # What is exact, and what is not
///
/// A visit leaves the conditional of its tokens invariant, each given all others of the vertex as they are now, those at the other end as they were when proposals were drawn, and
/// the totals from before the phase. So this is not the Gibbs chain but an approximation, as [`VertexLda`](super::VertexLda) is one. A step is small: it takes more passes than a draw from the whole conditional.
///
/// # What it needs of an engine
///
/// A visit writes its edges and nothing else that others see: an update function under [edge consistency](consistency::Edge), by a coloring with the documents in the one color and
/// the words in the other. The same bits for every number of threads.
///
/// # Complexity
///
/// A token takes O(1) in a visit, whatever the number of topics; a worker O(topics) in a phase. Memory does not grow with the number of topics times anything: a
/// token takes 22 bytes while a run lasts, a worker half a MiB, and as much more where alpha differs from topic to topic.
///
/// ```
/// use gasworks_engine::input::{Source, read_corpus, CorpusOptions};
/// use gasworks_programs::lda::{MetropolisLda, Priors, Sampler};
///
/// // Two documents of ships and whales, two of finches and beaks.
/// let text = "2 0:3 1:3\n2 0:2 1:4\n2 2:3 3:3\n2 2:4 3:2\n";
/// let corpus = read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &CorpusOptions::default())?.data;
/// let lda = MetropolisLda::with_priors(Priors::new(2, &corpus).with_alpha(&[0.1; 2]));
/// let mut graph = lda.graph(&corpus)?;
/// lda.engine(&mut graph, None).rounds(200).run()?;
/// assert!(lda.likelihood(graph.topology(), graph.vertex_data()).per_token() > -1.7);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MetropolisLda {
    priors: Priors,
    prior: Prior,
    order: InOrder,
}

/// What a worker needs.
#[derive(Clone, Debug)]
pub struct Scratch {
    chains: Chains,
    tokens: Vec<Trial>,
    /// What words propose for tokens without a topic.
    first: Vec<u16>,
    /// The round and the side that the totals are of.
    totals: Option<(u64, Side)>,
}

impl MetropolisLda {
    /// Topics for the tokens that have none, of a document that begins: those that the words have among the documents that have begun, judged a few times.
    #[inline(always)]
    fn begin(
        &self,
        cx: &Context<'_, Vec<f64>>,
        scope: &mut Scope<'_, Self>,
        scratch: &mut Scratch,
        random: &mut Random,
    ) {
        let Scratch { chains, tokens, first, .. } = scratch;
        if self.order.is_random && cx.round == 0 {
            let mut draw = || random.below(self.priors.topics() as u64) as u16;
            tokens
                .iter_mut()
                .filter(|token| token[0] == NO_TOPIC)
                .for_each(|token| *token = [draw(); NUMBERS]);
            return;
        }
        first.clear();
        let mut at = 0;
        scope.for_each_edge(Edges::Out, |mut visit| {
            let (_, _, topics) = visit.parts();
            let own = tokens[at][0];
            let mut draw = || match own {
                NO_TOPIC => match chains.of_word(topics, random.next_u64()) {
                    // Of a token that has none yet itself.
                    NO_TOPIC => chains.of_word(&[], random.next_u64()),
                    topic => topic,
                },
                own => own,
            };
            tokens[at] = [draw(); NUMBERS];
            first.extend((0..FIRST).map(|_| draw()));
            at += 1;
        });
        for time in 0..FIRST {
            tokens
                .iter_mut()
                .zip(first[time..].iter().step_by(FIRST))
                .for_each(|(token, topic)| token[1] = *topic);
            chains.judge(Side::Document, tokens, || random.next_u64());
        }
        tokens.iter_mut().for_each(|token| *token = [token[0]; NUMBERS]);
    }

    /// The number of each document of the corpus among those of the graph.
    #[cfg(test)]
    pub(super) fn places(&self, documents: usize) -> Vec<u32> {
        self.order.places(documents)
    }

    /// The topics of documents and of words, from those that words keep.
    fn tables(&self, topology: &Topology, topics: &Column<Own<Vec<u16>>>) -> [TopicCounts; 2] {
        assert_eq!(topics.len(), topology.vertices(), "topics for each vertex");
        let Sides { documents, words } = self.sides(topology);
        let tokens = || {
            words.clone().flat_map(|word| {
                let documents = topology.in_neighbors(word as Vertex);
                documents.iter().copied().zip(topics.get(word).iter().copied())
            })
        };
        let mut of_documents = vec![0_u64; documents.len()];
        tokens().for_each(|(document, _)| of_documents[document as usize] += 1);
        let of_words: Vec<u64> = words.clone().map(|word| topics.get(word).len() as u64).collect();
        let mut by_word: Vec<u16> = tokens().map(|(_, topic)| topic).collect();
        let mut by_document = in_rows(starts(&of_documents), by_word.len(), tokens());
        [TopicCounts::new(&of_documents, &mut by_document), TopicCounts::new(&of_words, &mut by_word)]
    }
}

impl UpdateFunction for MetropolisLda {
    /// The topics of a word's tokens, in the order of its documents, as far as these have begun; nothing, for a document.
    type Vertex = Own<Vec<u16>>;
    type Edge = Trial;
    /// How many tokens have each topic in all.
    type Global = Vec<f64>;
    type Consistency = consistency::Edge;
    type Scratch = Scratch;

    fn scratch(&self) -> Scratch {
        Scratch { chains: Chains::new(&self.prior), tokens: Vec::new(), first: Vec::new(), totals: None }
    }

    /// # Panics
    /// If the run has no aggregate.
    #[inline(always)]
    fn update(&self, cx: &Context<'_, Vec<f64>>, scope: &mut Scope<'_, Self>, scratch: &mut Scratch) {
        scope.signal_self(Signal::priority(1.0));
        let side = if cx.out_degree() > 0 { Side::Document } else { Side::Word };
        // Documents from here on have not begun.
        let (along, count) = match side {
            Side::Document => (Edges::Out, cx.out_degree() as usize),
            Side::Word => {
                let documents = scope.neighbors(Edges::In);
                let waiting = self.order.waiting(cx.round);
                let begun = match waiting {
                    0 => documents.len(),
                    _ => documents.partition_point(|document| self.order.has_begun(*document, cx.round)),
                };
                (Edges::In, begun)
            }
        };
        if count == 0 || side == Side::Document && !self.order.has_begun(cx.vertex, cx.round) {
            return;
        }
        if scratch.totals != Some((cx.round, side)) {
            assert!(!cx.global.is_empty(), "the totals of the topics: run by the program's own engine");
            scratch.chains.start(cx.global);
            scratch.totals = Some((cx.round, side));
        }
        scratch.tokens.resize(count, [NO_TOPIC; NUMBERS]);
        scope.read_edges(along, &mut scratch.tokens);
        let mut random = cx.random(TOPICS);
        if side == Side::Document && scratch.tokens.iter().any(|token| token[0] == NO_TOPIC) {
            self.begin(cx, scope, scratch, &mut random);
        }
        let Scratch { chains, tokens, .. } = scratch;
        chains.visit(side, tokens, || random.next_u64());
        scope.write_edges(along, tokens);
        if side == Side::Word {
            let topics = scope.vertex_mut();
            topics.clear();
            topics.extend(tokens.iter().map(|token| token[0]));
        }
    }
}

impl Sampler for MetropolisLda {
    type Vertex = Own<Vec<u16>>;
    type Edge = Trial;
    type Job<'g> = UpdateJob<'g, Self>;

    fn with_priors(priors: Priors) -> Self {
        MetropolisLda { prior: priors.to_kernel(), priors, order: InOrder::default() }
    }

    /// # Panics
    /// If it is [`Sequential`](Start::Sequential) too: the tokens of a word do not see each other's first topics.
    fn starting(self, start: &Start, documents: usize, seed: u64) -> Self {
        assert!(*start != Start::Sequential, "a start that is growing or random");
        MetropolisLda { order: InOrder::new(start, documents, seed), ..self }
    }

    fn replacing_priors(self, priors: Priors) -> Self {
        assert_eq!(priors.topics(), self.priors.topics(), "priors of as many topics");
        MetropolisLda { prior: priors.to_kernel(), priors, ..self }
    }

    fn priors(&self) -> &Priors {
        &self.priors
    }

    fn first_passes(&self) -> u64 {
        self.order.first_passes()
    }

    /// There are no blocks: the parts are not looked at.
    fn engine<'g>(
        &'g self,
        graph: &'g mut Graph<Own<Vec<u16>>, Trial>,
        _: Option<[usize; 2]>,
    ) -> Engine<'g, UpdateJob<'g, Self>> {
        let Sides { documents, words } = self.sides(graph.topology());
        let colors = documents.map(|_| 0).chain(words.map(|_| 1));
        Engine::updates_in_rounds(graph, self).coloring(colors).aggregate_every(Every::Phase, self)
    }

    fn sides(&self, topology: &Topology) -> Sides {
        let documents = topology.left().expect("documents and words are the two sides") as usize;
        Sides { documents: 0..documents, words: documents..topology.vertices() }
    }

    /// Those of a word; a document keeps none.
    fn counts(topics: Ref<'_, Own<Vec<u16>>>) -> impl Iterator<Item = (usize, u32)> {
        topics.iter().filter(|topic| **topic != NO_TOPIC).map(|topic| (usize::from(*topic), 1))
    }

    /// Documents left, in the order in which they begin, words right.
    fn graph_of(
        &self,
        corpus: &Corpus,
        topics: Option<&TopicModel>,
    ) -> Result<Graph<Own<Vec<u16>>, Trial>, Error> {
        let tokens = tokens(corpus);
        admit("a document", &tokens.of_documents, Lda::MOST_TOKENS)?;
        admit("a word", &tokens.of_words, Lda::MOST_TOKENS)?;
        let (documents, words) = (corpus.documents.len(), corpus.words.len());
        let places = self.order.places(documents);
        let edges = sampler::edges(corpus, topics, |entry| [places[entry.document as usize], entry.word]);
        let builder = GraphBuilder::bipartite(documents, words);
        let graph = builder.edges_from(edges, |(ends, topic)| (ends, [topic; NUMBERS])).build()?;
        let mut of_words: Vec<Vec<u16>> =
            tokens.of_words.iter().map(|tokens| Vec::with_capacity(*tokens as usize)).collect();
        if topics.is_some() {
            graph.edge_list().for_each(|(_, word, token)| of_words[word as usize - documents].push(token[0]));
        }
        let topics = Column::<Own<Vec<u16>>>::from_fn(graph.vertices(), |vertex| {
            vertex.checked_sub(documents).map_or(Vec::new(), |word| std::mem::take(&mut of_words[word]))
        });
        Ok(graph.with_vertex_data(topics))
    }

    fn likelihood(&self, topology: &Topology, topics: &Column<Own<Vec<u16>>>) -> Likelihood {
        let tables = self.tables(topology, topics);
        let Sides { documents, words } = self.sides(topology);
        let of = |at| of_table(&tables, at).map(|(topic, count)| (topic, f64::from(count)));
        Likelihood::of(&self.priors, documents, words, of)
    }

    fn histograms(&self, topology: &Topology, topics: &Column<Own<Vec<u16>>>) -> CountHistograms {
        let tables = self.tables(topology, topics);
        let Sides { documents, words } = self.sides(topology);
        let of = |at| of_table(&tables, at).map(|(topic, count)| (topic, count as usize));
        CountHistograms::of(self.priors.topics(), documents, words, of)
    }

    fn model(&self, graph: &Graph<Own<Vec<u16>>, Trial>, texts: Texts) -> TopicModel {
        let tokens = graph.edge_list().map(|(document, _, token)| (document, token[0]));
        let topics = self.order.topics(&texts.corpus, tokens);
        TopicModel::new(texts, self.priors.clone(), topics)
    }
}

/// The counts of a document, or of a word, which come after them.
fn of_table([documents, words]: &[TopicCounts; 2], at: usize) -> impl Iterator<Item = (usize, u32)> {
    counts_at(documents, words, at).iter().map(|of| (usize::from(of.topic), of.count))
}

/// How many tokens have each topic, counted on the edges before each phase.
impl Aggregate<Own<Vec<u16>>, Trial> for MetropolisLda {
    type Part = Vec<u32>;
    type Global = Vec<f64>;
    const OVER: Over = Over::Edges;

    fn zero(&self) -> Vec<u32> {
        vec![0; self.priors.topics()]
    }

    #[inline(always)]
    fn fold_edge(&self, sum: &mut Vec<u32>, _: Vertex, _: Vertex, token: &Trial) {
        if token[0] != NO_TOPIC {
            sum[usize::from(token[0])] += 1;
        }
    }

    fn merge(&self, sum: &mut Vec<u32>, part: Vec<u32>) {
        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }

    fn finalize(&self, _: &Topology, sum: Vec<u32>) -> Vec<f64> {
        sum.into_iter().map(f64::from).collect()
    }
}

#[cfg(test)]
#[path = "metropolis_tests.rs"]
mod tests;
