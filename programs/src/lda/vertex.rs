//! Topics of documents by gather, apply, scatter, as PowerGraph drew them (Gonzalez et al. 2012, "PowerGraph", the collapsed Gibbs sampler among its
//! applications): topics on edges, counts on vertices, the totals of the topics an aggregate that is computed anew from time to time.

use gasworks_engine::{Context, Edges, Row, Scope, Signal, UpdateFunction, consistency};

use super::{Lda, NO_TOPIC, Priors, Sampler, TOPICS};

/// Latent Dirichlet allocation as a program of vertices: the short version for readers. [`Lda`] is the one to use.
///
/// A visit *gathers* the topics of the tokens at its vertex, *applies* them as its counts, and *scatters* new topics to the tokens along
/// its out-edges, each drawn given the counts at both of its ends. So a document draws, and a word counts what the documents have drawn. Tokens without a topic get any,
/// each as likely as another.
///
/// Run it on the graph of an [`Lda`], whose likelihood and models it shares, with [`TopicTotals`](super::TopicTotals) as aggregate.
///
/// # What it needs of an engine
///
/// Scatter writes edges, which no executor lets a [`VertexProgram`](gasworks_engine::VertexProgram) do: that one's edges are stored twice. So it is an update function,
/// whose visit has the three steps in one scope, under [edge consistency](consistency::Edge): the vertex and its edges are written, the neighbors are read and stand
/// still. PowerGraph's scatter wrote the counts of the neighbor too, against its own rules, until the neighbor's next apply wrote over them; here that does not compile.
///
/// Exclusion by [coloring](gasworks_engine::Exclusion::Coloring) with a scheduler of rounds is the default order, and the right one: all documents, then all words. Counts are
/// then those of the topics after every round, and bits do not depend on threads. Under serial exclusion and a sweep it is the same order. Under locks a document
/// may draw again before its words have counted; nothing breaks, and counts lag further behind.
///
/// A vertex is always signalled again, so give the run a number of rounds or another limit. Draws depend on the seed, the document and the number of its visit: to go
/// on with a graph that has run, take another seed.
///
/// # What is stale
///
/// A document sees its own draws at once, those of others in the counts of words and totals only in the next round. So this is not the Gibbs chain: it is
/// the approximation of Newman et al. 2009, "Distributed algorithms for topic models", section 3.1, with a processor for each document.
///
/// # Complexity
///
/// A draw takes O(topics), a visit O(topics) for each token of a document and O(topics + tokens) of a word. Nothing is allocated in a visit.
///
/// ```
/// use gasworks_engine::{Engine, input::{Source, read_corpus, CorpusOptions}};
/// use gasworks_programs::lda::{Lda, Priors, Sampler, TopicTotals, VertexLda};
/// # use gasworks_engine::{Scheduler, Selection, Task};
/// # struct Everyone;
/// # impl Scheduler for Everyone {
/// #     fn name(&self) -> &'static str { "sweep" }
/// #     fn selection(&self) -> Option<Selection> { Some(Selection::Everyone) }
/// #     fn start(&mut self, _: usize, _: usize) {}
/// #     fn schedule(&self, _: &[Task]) {}
/// #     fn next(&self, _: usize, _: &mut Vec<u32>) {}
/// # }
///
/// // Two documents of ships and whales, two of finches and beaks.
/// let text = "2 0:3 1:3\n2 0:2 1:4\n2 2:3 3:3\n2 2:4 3:2\n";
/// let corpus = read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &CorpusOptions::default())?.data;
/// let lda = Lda::with_priors(Priors::new(2, &corpus).with_alpha(&[0.1; 2]));
/// let program = VertexLda::new(&lda);
/// let mut graph = lda.graph(&corpus)?;
/// let engine = Engine::updates(&mut graph, &program, Everyone); // gasworks_schedulers::Sweep::new()
/// engine.aggregate(&TopicTotals).rounds(50).run()?;
/// let topic = |document: u32| graph.vertex(document)[0] > 3.0;
/// assert_eq!(topic(0), topic(1));
/// assert_ne!(topic(0), topic(2));
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct VertexLda {
    priors: Priors,
    alpha: Vec<f32>,
}

impl VertexLda {
    /// With the topics and priors of an [`Lda`].
    pub fn new(lda: &Lda) -> Self {
        let priors = lda.priors().clone();
        VertexLda { alpha: priors.alpha().iter().map(|alpha| *alpha as f32).collect(), priors }
    }

    /// The priors.
    pub fn priors(&self) -> &Priors {
        &self.priors
    }

    /// A topic for a token that is taken out of the counts of its document and the totals. Those of its word count it still: they are as they were when
    /// the word was last visited.
    #[inline(always)]
    fn draw(
        &self,
        document: &[f32],
        word: &[f32],
        old: usize,
        uniform: f64,
        Draws { inverses, sums, .. }: &mut Draws,
    ) -> usize {
        let (beta, mut sum) = (self.priors.beta() as f32, 0.0);
        let own = |topic: usize| if topic == old { 1.0 } else { 0.0 };
        for (topic, alpha) in self.alpha.iter().enumerate() {
            let of_word = (word[topic] - own(topic)).max(0.0);
            sum += (document[topic] + alpha) * (of_word + beta) * inverses[topic];
            sums[topic] = sum;
        }
        let drawn = uniform as f32 * sum;
        sums.partition_point(|sum| *sum <= drawn).min(self.alpha.len() - 1)
    }
}

/// What a worker needs.
#[derive(Clone, Debug)]
pub struct Draws {
    /// What is gathered: the tokens of each topic.
    counts: Vec<f32>,
    /// `n_k + V beta`, with what the visit itself has changed.
    totals: Vec<f64>,
    /// Their inverses.
    inverses: Vec<f32>,
    /// Of the weights up to each topic.
    sums: Vec<f32>,
}

impl Draws {
    fn start(&mut self, totals: &[f64], mass: f64) {
        for (topic, total) in self.totals.iter_mut().enumerate() {
            *total = totals[topic] + mass;
            self.inverses[topic] = (1.0 / *total) as f32;
        }
    }

    fn add(&mut self, topic: usize, tokens: f64) {
        self.totals[topic] += tokens;
        self.inverses[topic] = (1.0 / self.totals[topic]) as f32;
    }
}

impl UpdateFunction for VertexLda {
    /// How many tokens have each topic.
    type Vertex = Row<f32>;
    /// The topic of a token.
    type Edge = u16;
    /// Of [`TopicTotals`](super::TopicTotals).
    type Global = Vec<f64>;
    type Consistency = consistency::Edge;
    type Scratch = Draws;

    fn scratch(&self) -> Draws {
        let topics = self.alpha.len();
        let (counts, sums) = (vec![0.0; topics], vec![0.0; topics]);
        Draws { counts, totals: vec![0.0; topics], inverses: vec![0.0; topics], sums }
    }

    /// # Panics
    /// If the graph is not bipartite, its rows are of another number of topics, or the run has no [`TopicTotals`](super::TopicTotals).
    fn update(&self, cx: &Context<'_, Vec<f64>>, scope: &mut Scope<'_, Self>, draws: &mut Draws) {
        let (documents, words) = (cx.out_degree() > 0, cx.in_degree() > 0);
        assert!(!(documents && words), "documents and words are the two sides of a bipartite graph");
        assert!(!cx.global.is_empty(), "the totals of the topics: run with aggregate(&TopicTotals)");
        let topics = self.alpha.len();

        // Gather.
        draws.counts.fill(0.0);
        scope.for_each_edge(Edges::All, |mut visit| match *visit.parts().1 {
            NO_TOPIC => (),
            topic => draws.counts[usize::from(topic)] += 1.0,
        });

        // Apply.
        scope.vertex_mut()[..topics].copy_from_slice(&draws.counts);

        // Scatter.
        draws.start(cx.global, self.priors.beta() * self.priors.words() as f64);
        let mut random = cx.random(TOPICS);
        scope.for_each_edge(Edges::Out, |mut visit| {
            let (document, topic, word) = visit.parts();
            let new = match usize::from(*topic) {
                _ if *topic == NO_TOPIC => random.below(topics as u64) as usize,
                old => {
                    document[old] -= 1.0;
                    draws.add(old, -1.0);
                    self.draw(document, word, old, random.uniform(), draws)
                }
            };
            document[new] += 1.0;
            draws.add(new, 1.0);
            *topic = new as u16;
        });
        scope.signal_self(Signal::priority(1.0));
    }
}
