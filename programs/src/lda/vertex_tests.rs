//! The program of vertices against its enumerated kernel, and beside the sampler on the grid.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use gasworks_engine::graph::Graph;
use gasworks_engine::input::Corpus;
use gasworks_engine::{Column, Engine, Every, Exclusion, Progress, Scheduler, Selection, Task};

use super::*;
use crate::lda::tests::{corpus, planted, texts};
use crate::lda::{Priors, TopicTotals};
use crate::testing::Queue;

/// Every vertex, every round.
struct Everyone;

impl Scheduler for Everyone {
    fn name(&self) -> &'static str {
        "sweep"
    }
    fn selection(&self) -> Option<Selection> {
        Some(Selection::Everyone)
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, _: &[Task]) {}
    fn next(&self, _: usize, _: &mut Vec<u32>) {}
}

type Topics = Graph<Row<f32>, u16>;

fn run(lda: &Lda, corpus: &Corpus, rounds: u64, threads: usize, seed: u64) -> Topics {
    let program = VertexLda::new(lda);
    let mut graph = lda.graph(corpus).unwrap();
    let engine = Engine::updates(&mut graph, &program, Everyone).aggregate_every(Every::Phase, &program);
    engine.rounds(rounds).threads(threads).seed(seed).run().unwrap();
    graph
}

fn count(lda: &Lda, graph: &mut Topics) {
    let program = VertexLda::new(lda).counting();
    let outcome = Engine::updates(graph, &program, Everyone).run().unwrap();
    assert_eq!(outcome.progress.rounds, 1, "who only counts has nothing to do again");
}

/// The rows that the topics on the edges make.
fn rows_of_edges(graph: &Topics, width: usize) -> Vec<Vec<f32>> {
    let mut rows = vec![vec![0.0; width]; graph.vertices()];
    for (document, word, topic) in graph.edge_list() {
        rows[document as usize][usize::from(*topic)] += 1.0;
        rows[word as usize][usize::from(*topic)] += 1.0;
    }
    rows
}

fn rows(graph: &Topics) -> Vec<Vec<f32>> {
    graph.vertex_data().iter().map(<[f32]>::to_vec).collect()
}

fn per_token(lda: &Lda, graph: &mut Topics) -> f64 {
    count(lda, graph);
    lda.likelihood(graph.topology(), graph.vertex_data()).per_token()
}

#[test]
fn counts_are_those_of_topics_and_bits_do_not_depend_on_threads() {
    let documents = planted(40, 30);
    let corpus = corpus(&documents, 30);
    for topics in [1, 5, 17, 150] {
        let lda = Lda::new(topics, &corpus);
        for rounds in [1, 2, 5] {
            let mut graph = run(&lda, &corpus, rounds, 1, 9);
            let expected = rows_of_edges(&graph, lda.width());
            assert_eq!(
                rows(&graph)[documents.len()..],
                expected[documents.len()..],
                "words, {rounds} rounds"
            );
            let tokens = |rows: &[Vec<f32>]| rows.iter().map(|row| row.iter().sum()).collect::<Vec<f32>>();
            assert_eq!(tokens(&rows(&graph)), tokens(&expected));
            for threads in [2, 3] {
                let again = run(&lda, &corpus, rounds, threads, 9);
                assert_eq!(rows(&again), rows(&graph), "{topics} topics, {threads} threads");
                assert!(again.edge_list().eq(graph.edge_list()), "{topics} topics, {threads} threads");
            }
            count(&lda, &mut graph);
            assert_eq!(rows(&graph), expected, "{topics} topics, {rounds} rounds");
            let model = lda.model(&graph, texts(&corpus)).likelihood().logarithm;
            let found = lda.likelihood(graph.topology(), graph.vertex_data()).logarithm;
            assert!((model - found).abs() < 1e-9 * found.abs());
        }
        assert!(topics == 1 || rows(&run(&lda, &corpus, 2, 1, 8)) != rows(&run(&lda, &corpus, 2, 1, 9)));
    }
}

/// A few tokens with their ends, and priors.
struct Case {
    tokens: Vec<[usize; 2]>,
    alpha: Vec<f64>,
    beta: f64,
    words: usize,
}

impl Case {
    /// The probability that the visits of one side make `after` of `before`, from the formula and whole recounts.
    fn probability(&self, side: usize, before: &[usize], after: &[usize]) -> f64 {
        let mut product = 1.0;
        for at in 0..self.tokens.len() {
            let vertex = self.tokens[at][side];
            // The visit sees its own draws so far.
            let seen: Vec<usize> = (0..self.tokens.len())
                .map(|of| if of < at && self.tokens[of][side] == vertex { after[of] } else { before[of] })
                .collect();
            let tokens = |topics: &[usize], topic: usize, is: &dyn Fn(usize) -> bool| {
                (0..topics.len()).filter(|of| *of != at && topics[*of] == topic && is(*of)).count() as f64
            };
            let weight = |topic: usize| {
                let own = tokens(&seen, topic, &|of| self.tokens[of][side] == vertex);
                let other =
                    tokens(before, topic, &|of| self.tokens[of][1 - side] == self.tokens[at][1 - side]);
                let all = tokens(&seen, topic, &|_| true) + self.beta * self.words as f64;
                let [of_document, of_word] = if side == 0 { [own, other] } else { [other, own] };
                (of_document + self.alpha[topic]) * (of_word + self.beta) / all
            };
            product *= weight(after[at]) / (0..self.alpha.len()).map(weight).sum::<f64>();
        }
        product
    }

    /// How often each assignment comes in the long run, by powers of the kernel of a round.
    fn stationary(&self) -> Vec<(Vec<usize>, f64)> {
        let (topics, tokens) = (self.alpha.len(), self.tokens.len() as u32);
        let states: Vec<Vec<usize>> = (0..topics.pow(tokens))
            .map(|code| (0..tokens).map(|at| code / topics.pow(at) % topics).collect())
            .collect();
        let kernel = |side| -> Vec<Vec<f64>> {
            let of = |before| states.iter().map(|after| self.probability(side, before, after)).collect();
            states.iter().map(|before: &Vec<usize>| of(before)).collect()
        };
        let kernels = [kernel(0), kernel(1)];
        let mut shares = vec![1.0 / states.len() as f64; states.len()];
        for kernel in kernels.iter().cycle().take(400) {
            let into = |to: usize| shares.iter().zip(kernel).map(|(share, row)| share * row[to]).sum();
            shares = (0..states.len()).map(into).collect();
        }
        states.into_iter().zip(shares).collect()
    }
}

/// In the long run, the counts of words are as often what they are as the enumerated kernel of a round says.
#[test]
fn the_chain_is_that_of_the_enumerated_kernel() {
    let documents = [vec![0, 0, 1], vec![0, 1]];
    let tokens: Vec<[usize; 2]> = (0..)
        .zip(&documents)
        .flat_map(|(at, words)| words.iter().map(move |word| [at, *word as usize]))
        .collect();
    for (alpha, beta) in [(vec![0.5, 1.5], 0.3), (vec![0.2, 0.2], 0.05), (vec![0.4, 0.2, 0.7], 0.5)] {
        let corpus = corpus(&documents, 2);
        let lda = Lda::with_priors(Priors::new(alpha.len(), &corpus).with_alpha(&alpha).with_beta(beta));
        let case = Case { tokens: tokens.clone(), alpha, beta, words: 2 };
        let topics = case.alpha.len();
        let mut expected = BTreeMap::new();
        for (state, share) in case.stationary() {
            let mut key = vec![0; 2 * topics];
            case.tokens.iter().zip(state).for_each(|([_, word], topic)| key[word * topics + topic] += 1);
            *expected.entry(key).or_insert(0.0) += share;
        }
        let (mut seen, rounds) = (BTreeMap::new(), 30_000_u32);
        let mut observer = |_: &Progress, rows: &Column<Row<f32>>| {
            let words = rows.iter().skip(documents.len());
            let key: Vec<u8> = words.flat_map(|row| row[..topics].iter().map(|count| *count as u8)).collect();
            *seen.entry(key).or_insert(0.0) += 1.0 / f64::from(rounds);
            ControlFlow::Continue(())
        };
        let program = VertexLda::new(&lda);
        let mut graph = lda.graph(&corpus).unwrap();
        let engine = Engine::updates(&mut graph, &program, Everyone).aggregate_every(Every::Phase, &program);
        engine.rounds(rounds.into()).threads(1).observer(&mut observer).run().unwrap();
        assert!(seen.keys().all(|key| expected.contains_key(key)));
        let far: f64 = expected.iter().map(|(key, p)| (p - seen.get(key).unwrap_or(&0.0)).abs()).sum();
        // Twice what independent draws are apart on average.
        let each = |p: &f64| (2.0 * p / (std::f64::consts::PI * f64::from(rounds))).sqrt();
        let bound: f64 = expected.values().map(each).sum();
        assert!(far / 2.0 < bound, "total variation {}, bound {bound}, {:?}", far / 2.0, case.alpha);
    }
}

#[test]
fn planted_topics_are_found() {
    let documents = planted(120, 60);
    let corpus = corpus(&documents, 30);
    let lda = Lda::with_priors(Priors::new(3, &corpus).with_alpha(&[0.2; 3]).with_beta(0.1));
    // A single chain may stay where two topics share one for long.
    let runs = (0..4).map(|seed| {
        let mut graph = run(&lda, &corpus, 60, 2, seed);
        (per_token(&lda, &mut graph), graph)
    });
    let graph = runs.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1;
    let topic = |word: usize| {
        let row = graph.vertex((documents.len() + word) as u32);
        let most = (0..3).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
        (most, row[most] / row.iter().sum::<f32>())
    };
    let mut found: Vec<usize> = (0..3).map(|planted| topic(10 * planted).0).collect();
    for word in 0..30 {
        let (most, share) = topic(word);
        assert_eq!(most, found[word / 10], "word {word}");
        assert!(share > 0.9, "{share} of word {word}");
    }
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2]);
}

/// With as many topics as were planted: with more of them, seeds differ by more than samplers may.
#[test]
fn quality_is_that_of_the_sampler_on_the_grid() {
    let documents = planted(100, 60);
    let corpus = corpus(&documents, 30);
    let lda = Lda::with_priors(Priors::new(3, &corpus).with_alpha(&[0.2; 3]).with_beta(0.1));
    let mean = |of: &dyn Fn(u64) -> f64| (0..3).map(of).sum::<f64>() / 3.0;
    let expected = mean(&|seed| {
        let mut graph = lda.graph(&corpus).unwrap();
        Engine::edges(&mut graph, &lda).aggregate(&TopicTotals).rounds(150).seed(seed).run().unwrap();
        lda.likelihood(graph.topology(), graph.vertex_data()).per_token()
    });
    let found = mean(&|seed| per_token(&lda, &mut run(&lda, &corpus, 150, 2, seed)));
    assert!((found / expected - 1.0).abs() < 0.005, "{found} and {expected} a token");
}

/// Without an order that keeps bits, but still serializable, and nothing is lost.
#[test]
fn under_locks_there_is_a_serial_order() {
    let documents = planted(20, 15);
    let corpus = corpus(&documents, 30);
    let lda = Lda::new(4, &corpus);
    let program = VertexLda::new(&lda);
    let mut graph = lda.graph(&corpus).unwrap();
    let engine = Engine::updates(&mut graph, &program, Queue::default()).aggregate(&program);
    let outcome = engine.exclusion(Exclusion::Locks).threads(2).rounds(5).audit().run().unwrap();
    assert!(outcome.audit.unwrap().is_serializable());
    count(&lda, &mut graph);
    assert!(graph.edge_list().all(|(_, _, topic)| *topic < 4));
    assert_eq!(rows(&graph), rows_of_edges(&graph, lda.width()));
}

#[test]
fn what_it_runs_on_is_checked() {
    let corpus = corpus(&[vec![0, 1]], 2);
    let lda = Lda::new(2, &corpus);
    let program = VertexLda::new(&lda);
    let message = |graph: &mut Topics| {
        let run = || Engine::updates(graph, &program, Everyone).rounds(1).run();
        let fallen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
        fallen.downcast_ref::<String>().unwrap().clone()
    };
    let alone = message(&mut lda.graph(&corpus).unwrap());
    assert!(alone.contains("run with the program as aggregate"), "{alone}");
    let ring = [([0, 1], 0), ([1, 0], 0)];
    let graph = gasworks_engine::graph::GraphBuilder::directed(2).edges_from(ring.to_vec(), |edge| edge);
    let ring = message(&mut graph.build().unwrap().with_rows(lda.width(), |_, _| ()));
    assert!(ring.contains("bipartite"), "{ring}");
}
