use std::collections::BTreeMap;
use std::ops::ControlFlow;

use gasworks_engine::graph::Ids;
use gasworks_engine::input::{CorpusOptions, Source, WordCount, read_corpus};
use gasworks_engine::{Column, Engine, Isa, Own, Progress};
use gasworks_kernels::topics::sparse::SparseCounts;

use super::*;

/// A corpus of these documents, each a list of words.
pub(super) fn corpus(documents: &[Vec<u32>], words: u32) -> Corpus {
    let mut entries = Vec::new();
    for (document, words) in (0..).zip(documents) {
        let mut words = words.clone();
        words.sort_unstable();
        let runs = words.chunk_by(|one, other| one == other);
        entries.extend(runs.map(|run| WordCount { document, word: run[0], count: run.len() as u32 }));
    }
    Corpus {
        documents: Ids::range(documents.len() as u32),
        words: Ids::range(words),
        names: Vec::new(),
        vocabulary: words.into(),
        entries,
    }
}

/// Documents of about `length` words, each drawn from one or two of three topics with ten words of their own.
pub(super) fn planted(documents: usize, length: u64) -> Vec<Vec<u32>> {
    let document = |at: usize| {
        let mut random = Random::keyed(4, 0, 0, at as u64);
        let topics = [random.below(3), random.below(3)];
        let words = length / 2 + random.below(length);
        (0..words).map(|_| (10 * topics[random.below(2) as usize] + random.below(10)) as u32).collect()
    };
    (0..documents).map(document).collect()
}

/// Of words and topics together, token by token: each factor is the probability of the next topic and word given those before (a Pólya urn).
fn chain_rule(priors: &Priors, tokens: &[(usize, usize)], topics: &[usize]) -> f64 {
    let mass: f64 = priors.alpha().iter().sum();
    let mut product = 1.0;
    for (at, ((document, word), topic)) in tokens.iter().zip(topics).enumerate() {
        let before = || tokens[..at].iter().zip(topics);
        let count = |is: &dyn Fn(&(usize, usize), usize) -> bool| {
            before().filter(|(token, topic)| is(token, **topic)).count() as f64
        };
        let in_document = count(&|token, _| token.0 == *document);
        let of_topic = count(&|token, other| token.0 == *document && other == *topic);
        let of_word = count(&|token, other| token.1 == *word && other == *topic);
        let of_all = count(&|_, other| other == *topic);
        product *= (of_topic + priors.alpha()[*topic]) / (in_document + mass);
        product *= (of_word + priors.beta()) / (of_all + priors.beta() * priors.words() as f64);
    }
    product
}

/// A sampler, and what a run with it looks like.
trait Tested: Sampler {
    /// How its tokens may get their first topics.
    fn starts() -> Vec<Start> {
        vec![Start::Random, Start::Sequential, Start::growing()]
    }

    /// Of each document and then of each word, how many tokens each topic has.
    fn rows(&self, topology: &Topology, counts: &Column<Self::Vertex>) -> Vec<Vec<f32>>;

    /// Whether tokens have the same.
    fn are_same(one: &Graph<Self::Vertex, Self::Edge>, other: &Graph<Self::Vertex, Self::Edge>) -> bool;

    fn run(
        &self,
        corpus: &Corpus,
        parts: Option<[usize; 2]>,
        with: impl for<'g> FnOnce(Engine<'g, Self::Job<'g>>) -> Engine<'g, Self::Job<'g>>,
    ) -> Graph<Self::Vertex, Self::Edge> {
        let mut graph = self.graph(corpus).unwrap();
        with(self.engine(&mut graph, parts)).run().unwrap();
        graph
    }
}

impl Tested for Lda {
    fn are_same(one: &Graph<Row<f32>, u16>, other: &Graph<Row<f32>, u16>) -> bool {
        one.edge_list().eq(other.edge_list())
    }

    fn rows(&self, _: &Topology, rows: &Column<Row<f32>>) -> Vec<Vec<f32>> {
        assert!(rows.iter().all(|row| row[self.topics()..].iter().all(|count| *count == 0.0)));
        rows.iter().map(|row| row[..self.topics()].to_vec()).collect()
    }
}

impl Tested for SparseLda {
    fn are_same(one: &Graph<Own<SparseCounts>, u16>, other: &Graph<Own<SparseCounts>, u16>) -> bool {
        one.edge_list().eq(other.edge_list())
    }

    fn rows(&self, topology: &Topology, counts: &Column<Own<SparseCounts>>) -> Vec<Vec<f32>> {
        let Sides { documents, words } = self.sides(topology);
        let places = self.places(documents.len());
        let places = places.iter().map(|place| documents.start + *place as usize).chain(words);
        let row = |at: usize| {
            let mut row = vec![0.0; self.priors().topics()];
            counts.get(at).iter().for_each(|(topic, count)| row[usize::from(topic)] += count as f32);
            row
        };
        places.map(row).collect()
    }
}

impl Tested for MetropolisLda {
    fn are_same(one: &Graph<Own<Vec<u16>>, Trial>, other: &Graph<Own<Vec<u16>>, Trial>) -> bool {
        one.edge_list().eq(other.edge_list())
    }

    fn starts() -> Vec<Start> {
        vec![Start::Random, Start::growing()]
    }

    fn rows(&self, topology: &Topology, topics: &Column<Own<Vec<u16>>>) -> Vec<Vec<f32>> {
        let Sides { documents, words } = self.sides(topology);
        let mut rows = vec![vec![0.0; self.priors().topics()]; topology.vertices()];
        let places = self.places(documents.len());
        let mut document_at = vec![0; documents.len()];
        places.iter().enumerate().for_each(|(document, place)| document_at[*place as usize] = document);
        for word in words {
            let tokens = topology.in_neighbors(word as u32).iter().zip(topics.get(word));
            for (place, topic) in tokens.filter(|(_, topic)| **topic != NO_TOPIC) {
                rows[word][usize::from(*topic)] += 1.0;
                rows[document_at[*place as usize]][usize::from(*topic)] += 1.0;
            }
        }
        rows
    }
}

/// The rows that tokens with these topics make.
fn rows(
    topics: usize,
    documents: usize,
    vertices: usize,
    tokens: &[(usize, usize)],
    of: &[usize],
) -> Vec<Vec<f32>> {
    let mut rows = vec![vec![0.0; topics]; vertices];
    for ((document, word), topic) in tokens.iter().zip(of) {
        rows[*document][*topic] += 1.0;
        rows[documents + word][*topic] += 1.0;
    }
    rows
}

pub(super) fn texts(corpus: &Corpus) -> Texts {
    Texts { corpus: corpus.clone(), documents: Vec::new() }
}

/// All topics of a few tokens, by their exact probabilities, against the chain; and the likelihood of each against the chain rule. In the last
/// case all tokens are of one word and topics lie in two lines, so that totals which lag behind show.
#[test]
fn the_chain_of_one_block_is_that_of_exact_enumeration() {
    the_chain_is_exact::<Lda>();
    the_chain_is_exact::<SparseLda>();
}

fn the_chain_is_exact<L: Tested>() {
    let two = vec![vec![0, 0, 1], vec![1, 2]];
    let three = vec![vec![0]; 3];
    let mut far_apart = vec![0.01; 17];
    (far_apart[0], far_apart[16]) = (0.5, 0.5);
    for (documents, alpha, beta, start) in [
        (&two, vec![0.5, 1.5], 0.3, Start::Random),
        (&two, vec![0.4, 0.2, 0.7], 0.5, Start::Sequential),
        (&three, far_apart, 0.05, Start::Sequential),
    ] {
        let tokens: Vec<(usize, usize)> = (0..)
            .zip(documents)
            .flat_map(|(document, words)| words.iter().map(move |word| (document, *word as usize)))
            .collect();
        let (count, words) = (documents.len(), tokens.iter().map(|(_, word)| word + 1).max().unwrap());
        let corpus = corpus(documents, words as u32);
        let priors = Priors::new(alpha.len(), &corpus).with_alpha(&alpha).with_beta(beta);
        let lda = L::with_priors(priors.clone()).starting(&start, count, 0);
        let key = |rows: Vec<Vec<f32>>| rows.concat().iter().map(|count| *count as u8).collect::<Vec<u8>>();
        let mut exact = BTreeMap::new();
        for code in 0..alpha.len().pow(tokens.len() as u32) {
            let topics: Vec<usize> =
                (0..tokens.len() as u32).map(|at| code / alpha.len().pow(at) % alpha.len()).collect();
            let probability = chain_rule(&priors, &tokens, &topics);
            let of_tokens = topics.iter().map(|topic| *topic as u16).collect();
            let found = TopicModel::new(texts(&corpus), priors.clone(), of_tokens).likelihood();
            assert!((found.logarithm - probability.ln()).abs() < 1e-12, "{found:?}, {}", probability.ln());
            assert_eq!(found.tokens, tokens.len() as f64);
            let rows = rows(alpha.len(), count, count + words, &tokens, &topics);
            *exact.entry(key(rows)).or_insert(0.0) += probability;
        }
        let whole: f64 = exact.values().sum();
        let (mut seen, passes) = (BTreeMap::new(), 10_000_u32);
        let mut graph = lda.graph(&corpus).unwrap();
        let topology = graph.topology().clone();
        let mut observer = |_: &Progress, counts: &Column<L::Vertex>| {
            *seen.entry(key(lda.rows(&topology, counts))).or_insert(0.0) += 1.0 / f64::from(passes);
            ControlFlow::Continue(())
        };
        let engine = lda.engine(&mut graph, Some([1, 1])).threads(1);
        engine.rounds(passes.into()).observer(&mut observer).run().unwrap();
        let far: f64 = exact.iter().map(|(rows, p)| (p / whole - seen.get(rows).unwrap_or(&0.0)).abs()).sum();
        assert!(seen.keys().all(|rows| exact.contains_key(rows)));
        // Twice what independent draws are apart on average.
        let each = |p: &f64| (2.0 * p / whole / (std::f64::consts::PI * f64::from(passes))).sqrt();
        let bound = exact.values().map(each).sum::<f64>();
        assert!(
            far / 2.0 < bound,
            "total variation {} over {} states, bound {bound}",
            far / 2.0,
            exact.len()
        );
    }
}

#[test]
fn counts_stay_the_sums_of_topics_and_bits_do_not_depend_on_threads_or_vectors() {
    counts_follow_topics::<Lda>(&[1, 5, 16, 17, 40, 150]);
    counts_follow_topics::<SparseLda>(&[1, 5, 17, 150, 1100]);
    counts_follow_topics::<MetropolisLda>(&[1, 5, 150, 1100]);
}

fn counts_follow_topics<L: Tested>(topics: &[usize]) {
    let documents = planted(40, 30);
    let corpus = corpus(&documents, 30);
    for &topics in topics {
        for start in L::starts() {
            let lda = L::with_priors(Priors::new(topics, &corpus)).starting(&start, documents.len(), 3);
            let whole = lda.first_passes();
            let run = |threads: usize, isa: Isa, passes: u64| {
                lda.run(&corpus, None, |engine| engine.threads(threads).isa(isa).seed(9).rounds(passes))
            };
            let begins = start::Begins::new(&start, documents.len(), 3);
            for passes in [1, whole.div_ceil(2), whole, whole + 3] {
                let graph = run(1, Isa::detect(), passes);
                let model = lda.model(&graph, texts(&corpus));
                let mut expected = vec![vec![0.0; topics]; graph.vertices()];
                let (mut assigned, mut rest) = (0, model.topics());
                for entry in &corpus.entries {
                    let (of_entry, others) = rest.split_at(entry.count as usize);
                    rest = others;
                    for topic in of_entry {
                        let begun = begins.has_begun(entry.document, passes - 1);
                        assert_eq!(*topic == NO_TOPIC, !begun, "{start:?}, pass {passes}");
                        if begun {
                            expected[entry.document as usize][usize::from(*topic)] += 1.0;
                            expected[documents.len() + entry.word as usize][usize::from(*topic)] += 1.0;
                            assigned += 1;
                        }
                    }
                }
                let found = lda.rows(graph.topology(), graph.vertex_data());
                assert_eq!(found, expected, "{topics} topics, {start:?}, {passes} passes");
                let likelihood = lda.likelihood(graph.topology(), graph.vertex_data());
                assert_eq!(likelihood.tokens, f64::from(assigned));
                assert!(passes < whole || u64::try_from(assigned).unwrap() == corpus.tokens());
                let again = model.likelihood();
                assert!((again.logarithm - likelihood.logarithm).abs() < 1e-9 * likelihood.tokens);
                let again = lda.resume(&model).unwrap();
                assert_eq!(lda.rows(again.topology(), again.vertex_data()), expected);
                assert_eq!(lda.model(&again, texts(&corpus)).topics(), model.topics());
                let tables = [model.documents(), model.words()].map(|of| (0..of.len()).map(|at| of.get(at)));
                for (counts, expected) in tables.into_iter().flatten().zip(&expected) {
                    let mut row = vec![0.0; topics];
                    counts.iter().for_each(|of| row[usize::from(of.topic)] = of.count as f32);
                    assert_eq!(row, *expected);
                }
            }
            let expected = run(1, Isa::Baseline, whole + 3);
            let levels = Isa::all().into_iter().filter(|isa| isa.is_available());
            let runs = [2, 3, 8]
                .map(|threads| (threads, Isa::detect()))
                .into_iter()
                .chain(levels.map(|isa| (1, isa)));
            for (threads, isa) in runs {
                let found = run(threads, isa, whole + 3);
                let rows =
                    |graph: &Graph<L::Vertex, L::Edge>| lda.rows(graph.topology(), graph.vertex_data());
                assert_eq!(rows(&found), rows(&expected), "{threads} threads, {isa}");
                assert!(L::are_same(&found, &expected), "{threads} threads, {isa}");
            }
        }
    }
}

#[test]
fn samplers_reach_the_same_likelihood() {
    fn level<L: Tested>(corpus: &Corpus, documents: usize, blocks: [usize; 2]) -> f64 {
        let run = |seed: u64| {
            let priors = Priors::new(3, corpus).with_alpha(&[0.2; 3]).with_beta(0.1);
            let lda = L::with_priors(priors).starting(&Start::growing(), documents, seed);
            let mut sum = 0.0;
            let first = lda.first_passes();
            let mut graph = lda.graph(corpus).unwrap();
            let topology = graph.topology().clone();
            let mut observer = |progress: &Progress, counts: &Column<L::Vertex>| {
                if progress.rounds > first + 50 {
                    sum += lda.likelihood(&topology, counts).per_token() / 50.0;
                }
                ControlFlow::Continue(())
            };
            lda.engine(&mut graph, Some(blocks))
                .seed(seed)
                .rounds(first + 100)
                .observer(&mut observer)
                .run()
                .unwrap();
            sum
        };
        // Each stays where it is for long: the best of them.
        (0..4).map(run).fold(f64::NEG_INFINITY, f64::max)
    }
    let documents = planted(150, 60);
    let corpus = corpus(&documents, 30);
    let exact = level::<Lda>(&corpus, documents.len(), [1, 1]);
    for (name, found) in [
        ("sparse, one block", level::<SparseLda>(&corpus, documents.len(), [1, 1])),
        ("sparse, 8 x 4", level::<SparseLda>(&corpus, documents.len(), [4, 8])),
        ("dense, 8 x 8", level::<Lda>(&corpus, documents.len(), [8, 8])),
        ("metropolis", level::<MetropolisLda>(&corpus, documents.len(), [1, 1])),
    ] {
        assert!((found / exact - 1.0).abs() < 0.005, "{name}: {found}, not {exact}");
    }
}

#[test]
fn planted_topics_are_found() {
    planted_topics_are_found_by::<Lda>();
    planted_topics_are_found_by::<SparseLda>();
    planted_topics_are_found_by::<MetropolisLda>();
}

fn planted_topics_are_found_by<L: Tested>() {
    let documents = planted(120, 60);
    let corpus = corpus(&documents, 30);
    for start in L::starts() {
        for blocks in [1, 4] {
            let priors = Priors::new(3, &corpus).with_alpha(&[0.2; 3]).with_beta(0.1);
            let lda = L::with_priors(priors).starting(&start, documents.len(), 1);
            let run = |seed: u64| {
                let rounds = lda.first_passes() + 60;
                lda.run(&corpus, Some([blocks; 2]), |engine| engine.seed(seed).rounds(rounds))
            };
            // A single chain may stay where two topics share one for long.
            let logarithm = |graph: &Graph<L::Vertex, L::Edge>| {
                lda.likelihood(graph.topology(), graph.vertex_data()).logarithm
            };
            let graph = (0..4).map(run).max_by(|a, b| logarithm(a).total_cmp(&logarithm(b))).unwrap();
            let rows = lda.rows(graph.topology(), graph.vertex_data());
            let topic = |word: usize| {
                let row = &rows[documents.len() + word];
                let most = (0..3).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
                (most, row[most] / row.iter().sum::<f32>())
            };
            let mut found: Vec<usize> = (0..3).map(|planted| topic(10 * planted).0).collect();
            for word in 0..30 {
                let (most, share) = topic(word);
                assert_eq!(most, found[word / 10], "word {word}, {start:?}, {blocks} blocks");
                assert!(share > 0.9, "{share} of word {word}, {start:?}, {blocks} blocks");
            }
            found.sort_unstable();
            assert_eq!(found, [0, 1, 2]);
        }
    }
}

#[test]
fn likelihoods_are_those_of_cases_by_hand() {
    // One topic: only words count. Of 7 words, the first twice and the second once.
    let corpus = Corpus { vocabulary: 7, ..corpus(&[vec![0, 0, 1]], 2) };
    let lda = Lda::with_priors(Priors::new(1, &corpus).with_beta(0.5));
    let mut graph = lda.graph(&corpus).unwrap();
    Engine::edges(&mut graph, &lda).aggregate(&TopicTotals).rounds(1).run().unwrap();
    let exact: f64 = (0.5 * 1.5 * 0.5) / (3.5 * 4.5 * 5.5);
    let found = lda.likelihood(graph.topology(), graph.vertex_data());
    assert!((found.per_token() - exact.ln() / 3.0).abs() < 1e-13, "{found:?}");
    // Nothing has a topic yet.
    let graph = lda.graph(&corpus).unwrap();
    assert!(lda.likelihood(graph.topology(), graph.vertex_data()).per_token().is_nan());
}

#[test]
fn what_cannot_be_counted_or_run_is_refused() {
    let mut many = corpus(&[vec![0]], 1);
    many.entries = vec![WordCount { document: 0, word: 0, count: (1 << 24) + 1 }];
    let error = Lda::new(2, &many).graph(&many).unwrap_err().to_string();
    assert!(error.contains("16777217 tokens") && error.contains("leave the word out"), "{error}");
    let sparse = SparseLda::with_priors(Priors::new(2, &many));
    let error = sparse.graph(&many).map(drop).unwrap_err().to_string();
    assert!(
        error.contains("a document with 16777217 tokens: counts are exact to 65535")
            || error.contains("65535"),
        "{error}"
    );
    let few = corpus(&[vec![0]], 1);
    let lda = Lda::new(2, &few);
    let mut graph = lda.graph(&few).unwrap();
    let alone = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        Engine::edges(&mut graph, &lda).rounds(1).run()
    }));
    assert!(alone.unwrap_err().downcast_ref::<&str>().unwrap().contains("aggregate(&TopicTotals)"));
    for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(std::panic::catch_unwind(|| Priors::new(2, &few).with_alpha(&[alpha, 1.0])).is_err());
        assert!(std::panic::catch_unwind(|| Priors::new(2, &few).with_beta(alpha)).is_err());
    }
    let shrinking = Start::Growing(vec![Stage { share: 0.5, passes: 1 }, Stage { share: 0.2, passes: 1 }]);
    assert!(std::panic::catch_unwind(|| Lda::new(2, &few).starting(&shrinking, 10, 0)).is_err());
}

/// More tokens of a word have one topic than an entry of its list can hold.
#[test]
fn likelihood_counts_the_tokens_of_a_topic_together() {
    let text = "1 0:50000\n2 0:40000 1:3\n";
    let corpus = read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &CorpusOptions::default());
    let corpus = corpus.unwrap().data;
    let dense = Lda::with_priors(Priors::new(1, &corpus));
    let graph = dense.run(&corpus, None, |engine| engine.rounds(1));
    let expected = dense.likelihood(graph.topology(), graph.vertex_data()).logarithm;
    let sparse = SparseLda::with_priors(Priors::new(1, &corpus));
    let graph = sparse.run(&corpus, None, |engine| engine.rounds(1));
    let found = sparse.likelihood(graph.topology(), graph.vertex_data()).logarithm;
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} against {expected}");
}
