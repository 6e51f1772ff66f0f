//! Perplexities of cases by hand, and parts of documents and tokens.

use std::collections::BTreeMap;

use gasworks_engine::input::{CorpusOptions, Document, Source, read_corpus};

use super::*;
use crate::lda::Priors;

fn texts(text: &'static str) -> Texts {
    let corpus = read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &CorpusOptions::default());
    Texts { corpus: corpus.unwrap().data, documents: Vec::new() }
}

#[test]
fn one_topic_foretells_words_by_their_shares() {
    let texts = texts("2 0:6 1:2\n");
    let priors = Priors::new(1, &texts.corpus).with_beta(0.5);
    let model = TopicModel::new(texts, priors, vec![0; 8]);
    let [common, rare] = [6.5 / 9.0, 2.5 / 9.0_f64];
    for (document, probabilities) in [
        ("1 0:4\n", vec![common; 2]),
        ("1 1:5\n", vec![rare; 2]),
        ("1 0:2\n1 1:3\n1 0:1\n", vec![common, rare]),
    ] {
        let unseen = model.renumber(&self::texts(document).corpus).unwrap();
        let found = model.held_out(&unseen, &InferSettings::default());
        assert_eq!(found.tokens, probabilities.len() as u64, "{document}");
        let expected: f64 = probabilities.iter().map(|probability: &f64| probability.ln()).sum();
        assert!((found.logarithm - expected).abs() < 1e-12, "{document}: {found:?}");
        let mean = probabilities.iter().product::<f64>().powf(1.0 / probabilities.len() as f64);
        assert!((found.perplexity() - 1.0 / mean).abs() < 1e-12, "{document}");
    }
    let nothing = model.renumber(&self::texts("1 5:3\n").corpus).unwrap();
    assert!(model.held_out(&nothing, &InferSettings::default()).perplexity().is_nan());
}

/// Words 0 and 1 are of topic 0 alone and 2 of topic 1, so nothing is uncertain about the topics of a document.
#[test]
fn two_topics_foretell_words_by_shares_that_are_known() {
    let texts = texts("3 0:3 1:1 2:4\n");
    let alpha = [0.3, 0.6];
    let priors = Priors::new(2, &texts.corpus).with_alpha(&alpha).with_beta(1e-14);
    let model = TopicModel::new(texts, priors, vec![0, 0, 0, 0, 1, 1, 1, 1]);
    let unseen = model.renumber(&self::texts("3 0:4 1:2 2:5\n2 0:1 2:8\n1 2:1\n").corpus).unwrap();
    let settings = InferSettings { passes: 7, seed: 5 };
    let (mut expected, mut count) = (0.0, 0);
    for document in 0..3 {
        let mut halves = Halves::default();
        let random = &mut Random::keyed(settings.seed, HALVES, 0, document as u64);
        halves.part(unseen.get(document), random);
        let of = |words: &[(u32, u32)], topic: u32| {
            words
                .iter()
                .filter(|(word, _)| word / 2 == topic)
                .map(|(_, count)| f64::from(*count))
                .sum::<f64>()
        };
        let observed = [of(&halves.observed, 0), of(&halves.observed, 1)];
        let theta = |topic: usize| (observed[topic] + alpha[topic]) / (observed[0] + observed[1] + 0.9);
        for (word, times) in &halves.foretold {
            let probability = [0.75 * theta(0), 0.25 * theta(0), theta(1)][*word as usize];
            expected += f64::from(*times) * probability.ln();
            count += u64::from(*times);
        }
    }
    let found = model.held_out(&unseen, &settings);
    assert_eq!((found.tokens, count), (9, 9));
    assert!((found.logarithm - expected).abs() < 1e-9, "{found:?}, {expected}");
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| model.held_out(&unseen, &settings)), found);
    }
    let other = model.held_out(&unseen, &InferSettings { seed: 6, ..settings });
    assert_ne!(other.logarithm, found.logarithm);
}

#[test]
fn every_half_is_as_likely_as_any_other() {
    let words = [(4, 2), (7, 1), (9, 2)];
    let (mut seen, runs) = (BTreeMap::new(), 30_000);
    let mut halves = Halves::default();
    for run in 0..runs {
        halves.part(&words, &mut Random::keyed(1, 2, 3, run));
        assert_eq!((tokens(&halves.observed), tokens(&halves.foretold)), (3, 2));
        let mut both = BTreeMap::new();
        let all = halves.observed.iter().chain(&halves.foretold);
        all.for_each(|(word, count)| *both.entry(*word).or_insert(0) += count);
        assert!(both.into_iter().eq(words), "{:?}", halves.observed);
        *seen.entry(halves.foretold.clone()).or_insert(0.0) += 1.0 / f64::from(runs as u32);
    }
    // Of ten pairs of tokens, so many have these words.
    let of = |pair: &[(u32, u32)]| seen.get(pair).copied().unwrap_or(0.0);
    for (pair, share) in [
        (&[(4, 2)][..], 0.1),
        (&[(9, 2)], 0.1),
        (&[(4, 1), (7, 1)], 0.2),
        (&[(7, 1), (9, 1)], 0.2),
        (&[(4, 1), (9, 1)], 0.4),
    ] {
        assert!((of(pair) - share).abs() < 0.01, "{pair:?}: {}", of(pair));
    }
}

#[test]
fn documents_that_are_held_out_are_a_share_of_all_and_the_others_stay() {
    let lines: String = (0..50).map(|at| format!("2 {}:1 {}:2\n", at % 7, 7 + at % 5)).collect();
    let mut texts = texts(lines.leak());
    let document = |at| Document { title: format!("number {at}"), opening: String::new() };
    texts.documents = (0..50).map(document).collect();
    let (train, held) = hold_out(texts.clone(), 0.2, 3);
    assert_eq!((train.documents.len(), held.documents.len()), (40, 10));
    let mut all: Vec<(String, Vec<(u32, u32)>)> = Vec::new();
    for part in [&train, &held] {
        assert_eq!((&part.corpus.words, part.corpus.vocabulary), (&texts.corpus.words, 12));
        for (number, document) in (0..).zip(&part.documents) {
            assert_eq!(document.title, format!("number {}", part.corpus.documents.id(number)));
            let own = part.corpus.entries.iter().filter(|entry| entry.document == number);
            all.push((document.title.clone(), own.map(|entry| (entry.word, entry.count)).collect()));
        }
    }
    for at in 0..50 {
        let words = vec![(at % 7, 1), (7 + at % 5, 2)];
        assert!(all.contains(&(format!("number {at}"), words)), "{at}");
    }
    assert_ne!(hold_out(texts.clone(), 0.2, 4).1, held);
    assert_eq!(hold_out(texts.clone(), 0.0, 4).0, texts);
    assert_eq!(hold_out(texts, 1.0, 4).0.documents.len(), 1);
}
