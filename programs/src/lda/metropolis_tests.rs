//! The sampler with delayed counts against exact enumeration, itself on other numbers of threads, and itself in parts.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gasworks_engine::Progress;

use super::*;
use crate::lda::tests::{corpus, planted, texts};
use crate::lda::{Origin, Stage};

fn lda(corpus: &Corpus, topics: usize) -> MetropolisLda {
    let alpha: Vec<f64> = (0..topics).map(|topic| 0.2 + 0.3 * (topic % 3) as f64).collect();
    MetropolisLda::with_priors(Priors::new(topics, corpus).with_alpha(&alpha).with_beta(0.1))
}

/// All topics of a few tokens by their exact probabilities. Counts lag behind by a phase, and the fewer tokens there are, the more that
/// weighs: with six of them, the distribution is off by a few percent.
#[test]
fn topics_of_a_tiny_corpus_are_nearly_as_exact_enumeration_says() {
    let documents = [vec![0, 0, 1], vec![1, 2, 2]];
    let corpus = corpus(&documents, 3);
    let lda = lda(&corpus, 2);
    let mut exact = BTreeMap::new();
    for code in 0..64_u16 {
        let topics: Vec<u16> = (0..6).map(|token| code >> token & 1).collect();
        let model = TopicModel::new(texts(&corpus), lda.priors.clone(), topics);
        let counts =
            (0..2).flat_map(|document| model.documents().get(document).iter().map(|of| (of.topic, of.count)));
        let words = (0..3).flat_map(|word| model.words().get(word).iter().map(|of| (of.topic, of.count)));
        let key: Vec<(u16, u32)> = counts.chain([(9, 9)]).chain(words).collect();
        *exact.entry(key).or_insert(0.0) += model.likelihood().logarithm.exp();
    }
    let whole: f64 = exact.values().sum();
    let mut graph = lda.graph(&corpus).unwrap();
    let (topology, mut seen, passes) = (graph.topology().clone(), BTreeMap::new(), 40_000);
    let mut observer = |_: &Progress, topics: &Column<Own<Vec<u16>>>| {
        let tables = lda.tables(&topology, topics);
        let of = |table: &TopicCounts| {
            let rows = (0..table.len()).flat_map(|row| table.get(row).iter().map(|of| (of.topic, of.count)));
            rows.collect::<Vec<(u16, u32)>>()
        };
        let key = [of(&tables[0]), vec![(9, 9)], of(&tables[1])].concat();
        *seen.entry(key).or_insert(0.0) += 1.0 / f64::from(passes);
        ControlFlow::Continue(())
    };
    lda.engine(&mut graph, None).threads(1).rounds(passes as u64).observer(&mut observer).run().unwrap();
    assert!(seen.keys().all(|key| exact.contains_key(key)));
    let far: f64 = exact.iter().map(|(key, p)| (p / whole - seen.get(key).unwrap_or(&0.0)).abs()).sum();
    assert!(far / 2.0 < TOLERANCE, "total variation {}", far / 2.0);
}

/// Of the distribution over the topics of six tokens.
const TOLERANCE: f64 = 0.05;

#[test]
fn bits_depend_neither_on_threads_nor_on_where_a_run_is_cut() {
    let documents = planted(400, 60);
    let corpus = corpus(&documents, 30);
    for start in [Start::Random, Start::Growing(vec![Stage { share: 0.3, passes: 2 }])] {
        let lda = lda(&corpus, 20).starting(&start, documents.len(), 5);
        let run = |threads: usize, pieces: &[u64]| {
            let mut graph = lda.graph(&corpus).unwrap();
            let mut after = 0;
            for rounds in pieces {
                lda.engine(&mut graph, None)
                    .threads(threads)
                    .seed(3)
                    .after(after)
                    .rounds(*rounds)
                    .run()
                    .unwrap();
                after += rounds;
            }
            graph
        };
        let expected = run(1, &[9]);
        assert!(corpus.tokens() > 2 << 13, "more than one piece of work for two threads");
        for (threads, pieces) in [(2, &[9][..]), (4, &[9]), (8, &[9]), (1, &[1, 8]), (2, &[4, 3, 2])] {
            let found = run(threads, pieces);
            assert!(found.edge_list().eq(expected.edge_list()), "{start:?}, {threads} threads, {pieces:?}");
            assert!(found.vertex_data().iter().eq(expected.vertex_data().iter()), "{threads} threads");
        }
        assert!(!run(1, &[8]).edge_list().eq(expected.edge_list()));
    }
}

/// A word that the model does not know gets topics in the first pass, and the others keep theirs until then.
#[test]
fn a_model_goes_on_with_its_topics_and_tokens_without_one_get_it() {
    let documents = planted(30, 40);
    let corpus = corpus(&documents, 30);
    let lda = lda(&corpus, 3);
    let mut topics: Vec<u16> = (0..corpus.tokens()).map(|token| (token % 3) as u16).collect();
    topics.iter_mut().step_by(7).for_each(|topic| *topic = NO_TOPIC);
    let model = TopicModel::new(texts(&corpus), lda.priors.clone(), topics);
    let mut graph = lda.resume(&model).unwrap();
    let found = lda.likelihood(graph.topology(), graph.vertex_data());
    assert!((found.logarithm - model.likelihood().logarithm).abs() < 1e-9 * found.tokens);
    assert_eq!(lda.model(&graph, texts(&corpus)).topics(), model.topics());
    assert_eq!(lda.histograms(graph.topology(), graph.vertex_data()), CountHistograms::of_model(&model));
    lda.engine(&mut graph, None).after(7).rounds(1).run().unwrap();
    assert!(graph.edge_list().all(|(.., token)| token[0] < 3 && token[1] < 3));
    let next = lda.model(&graph, texts(&corpus)).with_origin(Origin::default());
    assert_eq!(lda.histograms(graph.topology(), graph.vertex_data()), CountHistograms::of_model(&next));
    assert_eq!(next.likelihood().tokens, corpus.tokens() as f64);
}

#[test]
fn what_it_cannot_do_is_refused() {
    let corpus = corpus(&[vec![0, 1], vec![]], 3);
    let lda = lda(&corpus, 2);
    assert!(catch_unwind(|| lda.clone().starting(&Start::Sequential, 1, 0)).is_err());
    let mut graph = lda.graph(&corpus).unwrap();
    let alone =
        catch_unwind(AssertUnwindSafe(|| Engine::updates_in_rounds(&mut graph, &lda).rounds(1).run()));
    assert!(alone.unwrap_err().downcast_ref::<String>().unwrap().contains("own engine"));
    // A document and a word without tokens are nobody's concern.
    lda.engine(&mut graph, None).rounds(3).run().unwrap();
    assert_eq!(lda.likelihood(graph.topology(), graph.vertex_data()).tokens, 2.0);
}
