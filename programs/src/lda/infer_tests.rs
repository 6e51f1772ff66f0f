//! Inference against exact enumeration and dense formulas.

use gasworks_engine::graph::Ids;
use gasworks_engine::input::{Corpus, Texts, WordCount};

use super::*;
use crate::lda::Priors;

/// A model whose words have these counts of topics, all in one document.
fn model(counts: &[&[u32]], alpha: &[f64], beta: f64) -> TopicModel {
    let (mut entries, mut topics) = (Vec::new(), Vec::new());
    for (word, counts) in (0..).zip(counts) {
        entries.push(WordCount { document: 0, word, count: counts.iter().sum() });
        for (topic, count) in (0..=u16::MAX).zip(*counts) {
            topics.extend(std::iter::repeat_n(topic, *count as usize));
        }
    }
    let words = counts.len() as u32;
    let (documents, words) = (Ids::range(1), Ids::range(words));
    let vocabulary = words.len() as u64;
    let corpus = Corpus { documents, words, names: Vec::new(), vocabulary, entries };
    let priors = Priors::new(alpha.len(), &corpus).with_alpha(alpha).with_beta(beta);
    TopicModel::new(Texts { corpus, documents: Vec::new() }, priors, topics)
}

fn three_topics() -> TopicModel {
    model(&[&[5, 0, 1], &[2, 7, 0], &[0, 1, 3], &[0, 4, 4]], &[0.3, 0.9, 0.2], 0.25)
}

/// Documents in the words of a model, by renumbering.
fn unseen(model: &TopicModel, documents: &[&[(u32, u32)]]) -> Unseen {
    let entry =
        |document: u32, (word, count): &(u32, u32)| WordCount { document, word: *word, count: *count };
    let entries = (0..).zip(documents).flat_map(|(at, words)| words.iter().map(move |of| entry(at, of)));
    let corpus = Corpus {
        documents: Ids::range(documents.len() as u32),
        entries: entries.collect(),
        ..model.texts().corpus.clone()
    };
    model.renumber(&corpus).unwrap()
}

/// The formula, with no sums kept.
fn phi(model: &TopicModel, word: u32, topic: usize) -> f64 {
    let counts = model.words().get(word as usize);
    let count = counts.iter().find(|of| usize::from(of.topic) == topic).map_or(0, |of| of.count);
    let (beta, words) = (model.priors().beta(), model.priors().words() as f64);
    (f64::from(count) + beta) / (model.totals()[topic] as f64 + beta * words)
}

#[test]
fn mean_shares_are_those_of_exact_enumeration() {
    let model = three_topics();
    let alpha = model.priors().alpha();
    let document: &[(u32, u32)] = &[(0, 2), (1, 1), (2, 1), (3, 1)];
    let tokens = [0, 0, 1, 2, 3];
    let (mut exact, mut whole) = ([0.0; 3], 0.0);
    for code in 0..3_usize.pow(5) {
        let mut counts = [0.0; 3];
        let mut weight = 1.0;
        for (at, word) in (0..).zip(tokens) {
            let topic = code / 3_usize.pow(at) % 3;
            // The urn of the document, and the word.
            weight *= (counts[topic] + alpha[topic]) * phi(&model, word, topic);
            counts[topic] += 1.0;
        }
        whole += weight;
        let share = |topic: usize| (counts[topic] + alpha[topic]) / (5.0 + alpha.iter().sum::<f64>());
        (0..3).for_each(|topic| exact[topic] += weight * share(topic));
    }
    let settings = InferSettings { passes: 400_000, seed: 3 };
    let found = model.infer(&unseen(&model, &[document]), &settings).shares(0);
    for (found, exact) in found.iter().zip(exact) {
        assert!((found - exact / whole).abs() < 2e-3, "{found}, {}", exact / whole);
    }
}

/// Every topic takes the part of the interval that the dense formula gives it.
#[test]
fn draws_are_those_of_the_dense_formula() {
    let topics = 40;
    let alpha: Vec<f64> = (0..topics).map(|topic| 0.05 + 0.01 * f64::from(topic % 7)).collect();
    let counts = |word: u32| {
        (0..topics).map(|topic| (topic * 7 + word * 5) % 11 / 8 * (topic + 1)).collect::<Vec<u32>>()
    };
    let counts: Vec<Vec<u32>> = (0..6).map(counts).collect();
    let model = model(&counts.iter().map(Vec::as_slice).collect::<Vec<_>>(), &alpha, 0.3);
    let fixed = FixedTopics::new(&model, 0..6);
    let mut chain = Chain::new(&fixed, topics as usize);
    for (topic, count) in [(3, 2), (39, 1), (0, 4), (17, 1)] {
        (0..count).for_each(|_| chain.put(topic));
    }
    chain.take(17);
    let (points, present) = (200_000, |topic: usize| {
        [(3, 2.0), (39, 1.0), (0, 4.0)].iter().find(|of| of.0 == topic).map_or(0.0, |of| of.1)
    });
    let sparse = FixedTopics::with_table(&model, 0..6, 0);
    assert!(fixed.row(0).is_some() && sparse.row(0).is_none());
    for word in 0..6 {
        // A table holds the same bits.
        let looked_up = (0..topics as u16).map(|topic| sparse.probability(word, topic));
        assert!(looked_up.eq(fixed.row(word).unwrap().iter().copied()), "word {word}");
        let dense: Vec<f64> = (0..topics as usize)
            .map(|topic| (present(topic) + alpha[topic]) * phi(&model, word, topic))
            .collect();
        let whole: f64 = dense.iter().sum();
        let mut found = vec![0.0; topics as usize];
        for point in 0..points {
            let topic = chain.draw(word, (f64::from(point) + 0.5) / f64::from(points));
            found[usize::from(topic)] += 1.0 / f64::from(points);
        }
        for (found, dense) in found.iter().zip(&dense) {
            // Three intervals at most, each with two ends.
            assert!(
                (found - dense / whole).abs() < 4.0 / f64::from(points),
                "word {word}: {found}, {}",
                dense / whole
            );
        }
    }
}

#[test]
fn documents_have_the_same_bits_on_every_number_of_threads() {
    let model = three_topics();
    let of = |at: u32| [(at % 4, 1 + at % 3), ((at + 1) % 4, 2)];
    let documents: Vec<[(u32, u32); 2]> = (0..200).map(of).collect();
    let documents = unseen(&model, &documents.iter().map(|of| &of[..]).collect::<Vec<_>>());
    let run = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| model.infer(&documents, &InferSettings { passes: 20, seed }))
    };
    let first = run(1, 0);
    assert_eq!(run(2, 0), first);
    assert_eq!(run(5, 0), first);
    assert_ne!(run(1, 1), first);
    // Documents do not see each other: not even what another one leaves in its thread.
    let alone = unseen(&model, &[documents.get(0)]);
    let alone = model.infer(&alone, &InferSettings { passes: 20, seed: 0 });
    assert_eq!(alone.shares(0), first.shares(0));
}

#[test]
fn documents_without_words_have_the_shares_of_the_prior() {
    let model = three_topics();
    let inferred = model.infer(&unseen(&model, &[&[], &[(1, 3)]]), &InferSettings::default());
    for (share, alpha) in inferred.shares(0).iter().zip([0.3, 0.9, 0.2]) {
        assert!((share - alpha / 1.4).abs() < 1e-12);
    }
    let largest = inferred.largest(0, 2);
    assert_eq!([largest[0].0, largest[1].0], [1, 0]);
    assert!((inferred.shares(1).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert_eq!(inferred.largest(1, 9).len(), 3);
}

#[test]
fn as_many_topics_as_there_may_be_need_no_table() {
    let topics = Priors::MOST_TOPICS;
    let mut counts = vec![0; topics];
    (counts[topics - 1], counts[7]) = (50, 1);
    let mut alpha = vec![1e-7; topics];
    alpha[topics - 1] = 0.5;
    let model = model(&[&counts, &[1]], &alpha, 0.01);
    let inferred = model.infer(&unseen(&model, &[&[(0, 9)]]), &InferSettings::default());
    let (topic, share) = inferred.largest(0, 1)[0];
    assert!(topic == topics - 1 && share > 0.5, "{topic}, {share}");
}
