use std::collections::BTreeMap;
use std::ops::ControlFlow;

use gasworks_engine::graph::Ids;
use gasworks_engine::input::WordCount;
use gasworks_engine::{Column, Engine, Isa, Progress};

use super::*;

/// A corpus of these documents, each a list of words.
fn corpus(documents: &[Vec<u32>], words: u32) -> Corpus {
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
fn planted(documents: usize, length: u64) -> Vec<Vec<u32>> {
    let document = |at: usize| {
        let mut random = Random::keyed(4, 0, 0, at as u64);
        let topics = [random.below(3), random.below(3)];
        let words = length / 2 + random.below(length);
        (0..words).map(|_| (10 * topics[random.below(2) as usize] + random.below(10)) as u32).collect()
    };
    (0..documents).map(document).collect()
}

/// Of words and topics together, token by token: each factor is the probability of the next topic and word given those before (a Pólya urn).
fn chain_rule(lda: &Lda, tokens: &[(usize, usize)], topics: &[usize]) -> f64 {
    let mass: f64 = lda.priors().alpha().iter().sum();
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
        product *= (of_topic + lda.priors().alpha()[*topic]) / (in_document + mass);
        product *=
            (of_word + lda.priors().beta()) / (of_all + lda.priors().beta() * lda.priors().words() as f64);
    }
    product
}

/// The rows that tokens with these topics make, one after the other.
fn rows(
    lda: &Lda,
    documents: usize,
    vertices: usize,
    tokens: &[(usize, usize)],
    topics: &[usize],
) -> Vec<f32> {
    let mut rows = vec![0.0; vertices * lda.width()];
    for ((document, word), topic) in tokens.iter().zip(topics) {
        rows[document * lda.width() + topic] += 1.0;
        rows[(documents + word) * lda.width() + topic] += 1.0;
    }
    rows
}

fn flat(rows: &Column<Row<f32>>) -> Vec<f32> {
    rows.iter().flatten().copied().collect()
}

/// All topics of a few tokens, by their exact probabilities, against the chain; and the likelihood of each against the chain rule. In the last
/// case all tokens are of one word and topics lie in two lines, so that totals which lag behind show.
#[test]
fn the_chain_of_one_block_is_that_of_exact_enumeration() {
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
        let lda = Lda::with_priors(Priors::new(alpha.len(), &corpus).with_alpha(&alpha).with_beta(beta))
            .starting(&start, count, 0);
        let mut graph = lda.graph(&corpus).unwrap();
        let mut exact = BTreeMap::new();
        for code in 0..alpha.len().pow(tokens.len() as u32) {
            let topics: Vec<usize> =
                (0..tokens.len() as u32).map(|at| code / alpha.len().pow(at) % alpha.len()).collect();
            let rows = rows(&lda, count, count + words, &tokens, &topics);
            let probability = chain_rule(&lda, &tokens, &topics);
            let column = Column::<Row<f32>>::rows(count + words, lda.width(), |at, row| {
                row.copy_from_slice(&rows[at * lda.width()..][..lda.width()]);
            });
            let found = lda.likelihood(graph.topology(), &column);
            assert!((found.logarithm - probability.ln()).abs() < 1e-12, "{found:?}, {}", probability.ln());
            assert_eq!(found.tokens, tokens.len() as f64);
            *exact.entry(rows.iter().map(|count| *count as u8).collect::<Vec<u8>>()).or_insert(0.0) +=
                probability;
        }
        let whole: f64 = exact.values().sum();
        let (mut seen, passes) = (BTreeMap::new(), 10_000_u32);
        let mut observer = |_: &Progress, rows: &Column<Row<f32>>| {
            let rows: Vec<u8> = flat(rows).iter().map(|count| *count as u8).collect();
            *seen.entry(rows).or_insert(0.0) += 1.0 / f64::from(passes);
            ControlFlow::Continue(())
        };
        let engine = Engine::edges(&mut graph, &lda).aggregate(&TopicTotals).blocks(1, 1).threads(1);
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
    let documents = planted(40, 30);
    let corpus = corpus(&documents, 30);
    for topics in [1, 5, 16, 17, 40, 150] {
        for start in [Start::Random, Start::Sequential, Start::growing()] {
            let lda = Lda::new(topics, &corpus).starting(&start, documents.len(), 3);
            let whole = lda.first_passes();
            let run = |threads: usize, isa: Isa, passes: u64| {
                let mut graph = lda.graph(&corpus).unwrap();
                let engine =
                    Engine::edges(&mut graph, &lda).aggregate(&TopicTotals).threads(threads).isa(isa);
                engine.seed(9).rounds(passes).run().unwrap();
                graph
            };
            for passes in [1, whole.div_ceil(2), whole, whole + 3] {
                let graph = run(1, Isa::detect(), passes);
                let mut expected = vec![0.0; graph.vertices() * lda.width()];
                let mut assigned = 0;
                for (document, word, topic) in graph.edge_list() {
                    let begun = lda.begins.has_begun(document, passes - 1);
                    assert_eq!(*topic == NO_TOPIC, !begun, "{start:?}, pass {passes}");
                    if begun {
                        assert!(usize::from(*topic) < topics);
                        expected[document as usize * lda.width() + usize::from(*topic)] += 1.0;
                        expected[word as usize * lda.width() + usize::from(*topic)] += 1.0;
                        assigned += 1;
                    }
                }
                assert_eq!(
                    flat(graph.vertex_data()),
                    expected,
                    "{topics} topics, {start:?}, {passes} passes"
                );
                let likelihood = lda.likelihood(graph.topology(), graph.vertex_data());
                assert_eq!(likelihood.tokens, f64::from(assigned));
                assert!(passes < whole || u64::try_from(assigned).unwrap() == corpus.tokens());
                if passes >= whole {
                    let model = lda.model(&graph, Texts { corpus: corpus.clone(), documents: Vec::new() });
                    assert_eq!(model.likelihood(), likelihood, "{topics} topics, {start:?}");
                    let row = |vertex: usize| match vertex.checked_sub(documents.len()) {
                        None => model.documents().get(vertex),
                        Some(word) => model.words().get(word),
                    };
                    for vertex in 0..graph.vertices() {
                        let mut counts = vec![0.0; lda.width()];
                        row(vertex).iter().for_each(|of| counts[usize::from(of.topic)] = of.count as f32);
                        assert_eq!(counts, graph.vertex(vertex as u32), "vertex {vertex}");
                    }
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
                assert_eq!(
                    flat(found.vertex_data()),
                    flat(expected.vertex_data()),
                    "{threads} threads, {isa}"
                );
                assert!(found.edge_list().eq(expected.edge_list()), "{threads} threads, {isa}");
            }
        }
    }
}

#[test]
fn planted_topics_are_found() {
    let documents = planted(120, 60);
    let corpus = corpus(&documents, 30);
    for start in [Start::Random, Start::Sequential, Start::growing()] {
        for blocks in [1, 4] {
            let priors = Priors::new(3, &corpus).with_alpha(&[0.2; 3]).with_beta(0.1);
            let lda = Lda::with_priors(priors).starting(&start, documents.len(), 1);
            let run = |seed: u64| {
                let mut graph = lda.graph(&corpus).unwrap();
                let engine = Engine::edges(&mut graph, &lda).aggregate(&TopicTotals).blocks(blocks, blocks);
                engine.seed(seed).rounds(lda.first_passes() + 60).run().unwrap();
                graph
            };
            // A single chain may stay where two topics share one for long.
            let logarithm = |graph: &Graph<Row<f32>, u16>| {
                lda.likelihood(graph.topology(), graph.vertex_data()).logarithm
            };
            let graph = (0..4).map(run).max_by(|a, b| logarithm(a).total_cmp(&logarithm(b))).unwrap();
            let topic = |word: u32| {
                let row = &graph.vertex(documents.len() as u32 + word)[..3];
                let most = (0..3).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
                (most, row[most] / row.iter().sum::<f32>())
            };
            let mut found: Vec<usize> = (0..3).map(|planted| topic(10 * planted).0).collect();
            for word in 0..30 {
                let (most, share) = topic(word);
                assert_eq!(most, found[word as usize / 10], "word {word}, {start:?}, {blocks} blocks");
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
