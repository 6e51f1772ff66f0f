//! Saved models come back whole; everything else is refused.

use std::fs;
use std::path::Path;

use gasworks_engine::input::{CorpusOptions, Source, TextOptions, read_corpus, read_texts};

use super::*;
use crate::container::reseal;
use crate::container::testing::{self, bears_damage};

fn texts() -> Texts {
    let text =
        "The whale and the ship, \u{fc}ber all.\nA ship, a ship and a whale.\nFinch, beak, finch, whale.\n";
    let options = TextOptions {
        documents: gasworks_engine::input::Documents::Lines,
        largest_share: 1.0,
        ..TextOptions::default()
    };
    read_texts(&[Source::from_memory("notes.txt", text.as_bytes())], &options).unwrap().data
}

/// Topics of tokens that a chain may have left: some tokens have none.
fn model_of(texts: Texts, topics: usize) -> TopicModel {
    let alpha: Vec<f64> = (0..topics).map(|topic| 0.1 + topic as f64 / 3.0).collect();
    let priors = Priors::new(topics, &texts.corpus).with_alpha(&alpha).with_beta(0.1 + 0.2);
    let topic = |at: u64| match at % 5 {
        4 => NO_TOPIC,
        of => (of as usize * 7 % topics) as u16,
    };
    let topics = (0..texts.corpus.tokens()).map(topic).collect();
    TopicModel::new(texts, priors, topics)
}

fn small() -> TopicModel {
    let cut = Some(WordCut { hashed: None, ..WordCut::from(&TextOptions::default()) });
    model_of(texts(), 3).with_origin(Origin { cut, passes: 17, seed: u64::MAX })
}

fn reload(bytes: &[u8]) -> Result<TopicModel, Error> {
    Ok(TopicModel::from_bytes(Path::new("folder/m.safetensors"), bytes)?)
}

fn bytes_of(model: &TopicModel) -> Vec<u8> {
    let mut bytes = Vec::new();
    model.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_model_comes_back_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = small();
    model.save(&path).unwrap();
    let loaded = TopicModel::load(&path).unwrap();
    assert_eq!(loaded, model);
    assert_eq!(loaded.likelihood(), model.likelihood());
    assert_eq!(fs::read(&path).unwrap(), bytes_of(&model));
    for absent in [folder.path().join("absent"), folder.path().to_owned()] {
        let error = TopicModel::load(absent).unwrap_err();
        assert_eq!(error.kind(), gasworks_engine::ErrorKind::NoInput);
    }
}

#[test]
fn counts_without_names_hashes_and_many_topics_come_back() {
    let counts = |text: &'static str| {
        let source = Source::from_memory("few.dat", text.as_bytes());
        let corpus = read_corpus(&source, &CorpusOptions::default()).unwrap().data;
        Texts { corpus, documents: Vec::new() }
    };
    // LDA-C counts words from 0, UCI from 1; and ids that are no range.
    for text in ["2 0:3 1:1\n1 1:9\n", "2\n3\n3\n1 1 4\n2 2 1\n2 3 2\n", "2 7:3 4000000000:1\n0\n1 7:1\n"] {
        let model = model_of(counts(text), Priors::MOST_TOPICS);
        assert_eq!(reload(&bytes_of(&model)).unwrap(), model, "{text}");
    }
    let options = TextOptions { hashed: Some(20), ..TextOptions::default() };
    let hashed =
        read_texts(&[Source::from_memory("x", "whale ship beak".as_bytes())], &options).unwrap().data;
    let cut = Some(WordCut { tokens: Tokens::Blanks, ..WordCut::from(&options) });
    let model = model_of(hashed, 2).with_origin(Origin { cut, ..Origin::default() });
    assert_eq!(reload(&bytes_of(&model)).unwrap(), model);
}

#[test]
fn versions_and_programs_are_refused_with_both() {
    let replaced = |from: &str, to: &str| {
        reload(&testing::replaced(bytes_of(&small()), from, to)).unwrap_err().to_string()
    };
    let error = replaced("format_version\":\"1", "format_version\":\"2");
    assert!(error.starts_with("folder/m.safetensors: expected gasworks-topics version 1"), "{error}");
    assert!(error.contains("found gasworks-topics version 2"), "{error}");
    assert!(replaced("program\":\"lda", "program\":\"als").contains("program als"));
    assert!(replaced("entry_words", "entry_wordz").contains("tensor entry_words"));
    assert!(replaced("\\\"unicode\\\"", "\\\"runicode\\\"").contains("settings"));
}

/// Fields are changed behind the back of what makes models, which would refuse.
#[test]
fn contents_are_checked_behind_a_valid_fingerprint() {
    /// Puts numbers into a tensor of the file, which is sealed again.
    fn changed(name: &str, change: impl Fn(&mut [u8])) -> String {
        let mut bytes = bytes_of(&small());
        let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        let place = |at: usize| 8 + length + header[name]["data_offsets"][at].as_u64().unwrap() as usize;
        change(&mut bytes[place(0)..place(1)]);
        reseal(&mut bytes);
        reload(&bytes).unwrap_err().to_string()
    }
    let put = |at: usize, value: u8| move |bytes: &mut [u8]| bytes[at] = value;
    let huge = |bytes: &mut [u8]| bytes[..8].fill(0xff);
    for (name, part, error) in [
        ("topics", "topics", changed("topics", put(0, 3))),
        ("entry_words", "entries", changed("entry_words", put(0, 77))),
        // Twice the same word.
        ("entry_words", "entries", changed("entry_words", |bytes| bytes.copy_within(0..4, 4))),
        ("entry_counts", "entries", changed("entry_counts", put(0, 0))),
        ("entry_counts", "word_tokens", changed("entry_counts", put(0, 9))),
        ("entry_offsets", "entry_offsets", changed("entry_offsets", put(0, 1))),
        ("entry_offsets", "entry_offsets", changed("entry_offsets", |bytes| bytes[8..16].fill(0xff))),
        ("word_tokens", "word_tokens", changed("word_tokens", huge)),
        ("alpha", "priors", changed("alpha", huge)),
        ("beta", "priors", changed("beta", |bytes| bytes.fill(0))),
        ("words_ends", "words", changed("words_ends", huge)),
        ("titles", "titles", changed("titles", put(0, 0xff))),
        ("openings_ends", "openings", changed("openings_ends", put(0, 255))),
    ] {
        assert!(error.contains(&format!("({part})")), "{name}: {error}");
    }
    let told = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len(), "{from}");
        reload(&testing::replaced(bytes_of(&small()), from, to)).unwrap_err().to_string()
    };
    assert!(told("\\\"prior_words\\\":2", "\\\"prior_words\\\":1").contains("(vocabulary)"));
    assert!(told("\\\"vocabulary\\\":2", "\\\"vocabulary\\\":0").contains("(vocabulary)"));
    assert!(told("\\\"hashed\\\":null", "\\\"hashed\\\":9999").contains("(hash)"));
    assert!(told("\\\"shortest\\\":3", "\\\"shortest\\\":x").contains("(settings)"));
}

bears_damage!(bytes_of(&small()), reload, |model: &TopicModel| {
    model.describe(&Default::default());
    model.likelihood();
});
