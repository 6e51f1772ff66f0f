//! Runs in two parts, and first topics of other documents.

use gasworks_engine::graph::Graph;
use gasworks_engine::input::{CorpusOptions, Source, TextOptions, read_corpus};
use gasworks_engine::{Engine, Row};

use super::*;
use crate::lda::{Lda, Sampler, Start, TopicTotals};

fn texts(text: String, vocabulary: Option<&'static str>) -> Texts {
    let vocabulary = vocabulary.map(|words| Source::from_memory("vocab.txt", words.as_bytes()));
    let options = CorpusOptions { vocabulary, ..CorpusOptions::default() };
    let corpus = read_corpus(&Source::from_memory("few.dat", text.into_bytes()), &options).unwrap().data;
    Texts { corpus, documents: Vec::new() }
}

fn notes() -> String {
    (0..60).map(|at| format!("3 {}:2 {}:1 {}:3\n", at % 4, 4 + at % 5, 9 + at % 3)).collect()
}

#[test]
fn a_run_in_two_parts_has_the_bits_of_the_whole() {
    let texts = texts(notes(), None);
    for start in [Start::Random, Start::Sequential, Start::growing()] {
        let fresh = Lda::new(5, &texts.corpus).starting(&start, 60, 1);
        let first = fresh.first_passes();
        let run = |lda: &Lda, graph: &mut Graph<Row<f32>, u16>, after: u64, rounds: u64, blocks: usize| {
            let engine = Engine::edges(graph, lda).aggregate(&TopicTotals).blocks(blocks, blocks).seed(1);
            let outcome = engine.after(after).rounds(rounds).run().unwrap();
            assert_eq!(outcome.progress.rounds, rounds);
        };
        for blocks in [1, 4] {
            let mut whole = fresh.graph(&texts.corpus).unwrap();
            run(&fresh, &mut whole, 0, first + 5, blocks);
            let mut part = fresh.graph(&texts.corpus).unwrap();
            run(&fresh, &mut part, 0, first + 2, blocks);
            let origin = Origin { passes: first + 2, seed: 1, ..Origin::default() };
            let model = fresh.model(&part, texts.clone()).with_origin(origin);

            let warm = model.warm_start(texts.clone(), None, 1).unwrap();
            assert_eq!((warm.topics(), warm.origin().passes), (model.topics(), first + 2));
            // No start, for all have begun.
            let later = Lda::with_priors(warm.priors().clone());
            let mut graph = later.resume(&warm).unwrap();
            run(&later, &mut graph, warm.origin().passes, 3, blocks);
            assert!(graph.edge_list().eq(whole.edge_list()), "{start:?}, {blocks} blocks");
            assert!(graph.vertex_data().iter().eq(whole.vertex_data().iter()), "{start:?}, {blocks} blocks");
            let mut again = later.resume(&warm).unwrap();
            run(&later, &mut again, 0, 3, blocks);
            assert!(!again.edge_list().eq(whole.edge_list()), "passes count: {start:?}, {blocks} blocks");
        }
    }
}

/// Words of the first topic alone, and of the second alone, in a model; the documents are others.
#[test]
fn tokens_of_other_documents_get_topics_of_their_words() {
    let trained = texts("4 0:50 1:50 2:50 3:50\n".into(), Some("whale\nship\nbeak\nfinch\n"));
    let priors = Priors::new(2, &trained.corpus).with_alpha(&[0.1, 0.4]).with_beta(1e-6);
    let model = TopicModel::new(trained, priors, [vec![0; 100], vec![1; 100]].concat());
    let model = model.with_origin(Origin { passes: 9, ..Origin::default() });
    // "new" stands between words that the model knows.
    let others = texts("3 0:2 1:3 2:1\n2 1:2 2:4\n".into(), Some("ship\nnew\nbeak\n"));
    let warm = model.warm_start(others.clone(), None, 0).unwrap();
    let none = NO_TOPIC;
    assert_eq!(warm.topics(), [0, 0, none, none, none, 1, none, none, 1, 1, 1, 1]);
    assert_eq!((warm.origin().passes, warm.priors().words()), (0, 3));
    assert_eq!((warm.priors().alpha(), warm.priors().beta()), (&[0.1, 0.4][..], 1e-6));

    // The first pass gives the others a topic.
    let lda = Lda::with_priors(warm.priors().clone());
    let mut graph = lda.resume(&warm).unwrap();
    assert_eq!(graph.vertex(0)[..2], [2.0, 1.0]);
    Engine::edges(&mut graph, &lda).aggregate(&TopicTotals).rounds(1).run().unwrap();
    assert!(graph.edge_list().all(|(.., topic)| *topic < 2));

    let hashed = WordCut::from(&TextOptions { hashed: Some(9), ..TextOptions::default() });
    let error = model.warm_start(others, Some(hashed), 0).unwrap_err().to_string();
    assert!(error.contains("expected no hashes") && error.contains("hashes of 9 bits"), "{error}");
}
