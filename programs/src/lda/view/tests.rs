//! What a page holds, read back from it, against what the model tells by its own means.

use std::collections::BTreeSet;

use gasworks_engine::Random;
use gasworks_engine::input::{CorpusOptions, Document, Source, Texts, read_corpus};
use serde_json::Value;

use super::*;
use crate::lda::{Coherence, NO_TOPIC, Priors, TopicSettings};

/// Forty documents over sixty words, topics by chance: words of one number have mostly one topic. The sixth of seven topics has no token, nor has the last token a topic.
fn model(name: &str, title: &str, opening: &str) -> TopicModel {
    let mut random = Random::keyed(3, 0, 0, 0);
    let mut line = |_| {
        let words: BTreeSet<u64> =
            (0..14).map(|_| random.below(8) * random.below(8) + random.below(10)).collect();
        let counts: String = words.iter().map(|word| format!(" {word}:{}", 1 + random.below(6))).collect();
        format!("{}{counts}\n", words.len())
    };
    let text: String = (0..40).map(&mut line).collect();
    let source = Source::from_memory("few.dat", text.into_bytes());
    let mut corpus = read_corpus(&source, &CorpusOptions::default()).unwrap().data;
    corpus.names = (0..corpus.words.len()).map(|word| format!("{name}{word}")).collect();
    let mut topic = |word: u32| match random.below(4) {
        0 => random.below(5) as u16,
        _ => (word % 4) as u16,
    };
    let mut topics = Vec::new();
    for entry in &corpus.entries {
        (0..entry.count).for_each(|_| topics.push(topic(entry.word)));
    }
    topics.iter_mut().for_each(|topic| *topic += u16::from(*topic == 4) * 2);
    *topics.last_mut().unwrap() = NO_TOPIC;
    let alpha: Vec<f64> = (1..=7).map(|topic| 0.1 * f64::from(topic)).collect();
    let priors = Priors::new(7, &corpus).with_alpha(&alpha).with_beta(0.05);
    // The openings of every second document are not known.
    let document = |at: usize| Document {
        title: format!("{title}{at}"),
        opening: if at.is_multiple_of(2) { opening.to_owned() } else { String::new() },
    };
    let documents = (0..corpus.documents.len()).map(document).collect();
    TopicModel::new(Texts { corpus, documents }, priors, topics)
}

fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script id=\"data\" type=\"application/json\" nonce=\"view\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("a count") as usize
}

#[test]
fn a_page_has_the_words_of_every_relevance_and_the_documents_of_every_topic() {
    let model = model("w", "d", "Once upon a time");
    let settings = ViewSettings { words: 5, documents: 3, ..ViewSettings::default() };
    let page = data(&model.view(&settings));
    let (words, documents) = (list(&page["words"]), list(&page["documents"]));
    assert_eq!((number(&page["all_topics"]), list(&page["topics"]).len()), (7, 7));
    let tokens = model.totals().iter().sum::<u64>() as usize;
    assert_eq!(number(&page["tokens"]), tokens);
    let coherence = model.coherence(Coherence::Npmi, 10);
    for step in 0..=20 {
        let told = TopicSettings { words: 5, relevance: f64::from(step) / 20.0, documents: 3 };
        for (shown, topic) in list(&page["topics"]).iter().zip(model.describe(&told)) {
            assert_eq!(number(&shown["number"]), topic.topic);
            assert_eq!(number(&shown["tokens"]), model.totals()[topic.topic] as usize);
            let names: Vec<&str> =
                list(&shown["words"]).iter().map(|word| words[number(word)][0].as_str().unwrap()).collect();
            for (word, _) in &topic.words {
                assert!(names.contains(&model.texts().corpus.name(*word).as_str()), "{word}: {names:?}");
            }
            let titles =
                list(&shown["documents"]).iter().map(|document| documents[number(document)][0].clone());
            let expected = topic.documents.iter().map(|(document, _)| Value::from(format!("d{document}")));
            assert!(titles.eq(expected), "{shown}");
            // Each of them tells its share, however small.
            for (at, (_, share)) in list(&shown["documents"]).iter().zip(&topic.documents) {
                let place = list(&page["topics"]).iter().position(|other| other == shown).unwrap();
                let mix = list(&documents[number(at)][3]);
                let own = mix.chunks(2).find(|pair| number(&pair[0]) == place).expect("its share");
                assert_eq!(number(&own[1]), (1000.0 * share).round() as usize);
            }
            let rounded = |npmi: f64| (npmi * 1e3).round() / 1e3;
            assert_eq!(shown["npmi"].as_f64(), coherence[topic.topic].map(rounded));
        }
    }
    for word in words {
        let name = word[0].as_str().unwrap();
        let at = name[1..].parse::<usize>().unwrap();
        let of = model.words().get(at);
        assert_eq!(number(&word[1]), of.iter().map(|of| of.count as usize).sum::<usize>());
        for pair in list(&word[2]).chunks(2) {
            let topic = number(&list(&page["topics"])[number(&pair[0])]["number"]);
            let count = of.iter().find(|of| usize::from(of.topic) == topic).map(|of| of.count as usize);
            assert_eq!(Some(number(&pair[1])), count, "{name}");
        }
    }
    // Documents without an opening are told by their words.
    let openings = documents.iter().map(|document| document[1].as_str().unwrap());
    for (document, opening) in documents.iter().zip(openings) {
        let at = document[0].as_str().unwrap()[1..].parse::<usize>().unwrap();
        match at % 2 {
            0 => assert_eq!(opening, "Once upon a time"),
            _ => assert!(opening.split(" · ").count() > 3 && opening.starts_with('w'), "{opening}"),
        }
    }
}

#[test]
fn a_topic_tells_its_own_words_and_documents_however_little_they_have_of_it() {
    let source = Source::from_memory("one.dat", "1 0:400\n".as_bytes());
    let corpus = read_corpus(&source, &CorpusOptions::default()).unwrap().data;
    let priors = Priors::new(3, &corpus).with_alpha(&[0.01; 3]);
    let mut topics = vec![0; 400];
    topics[7] = 2;
    let model = TopicModel::new(Texts { corpus, documents: Vec::new() }, priors, topics);
    let page = data(&model.view(&ViewSettings::default()));
    let places: Vec<usize> = list(&page["topics"]).iter().map(|topic| number(&topic["number"])).collect();
    assert_eq!(places, [0, 2, 1]);
    assert_eq!(page["words"][0], serde_json::json!(["0", 400, [0, 399, 1, 1]]));
    // (399 + 0.01) / 400.03 and (1 + 0.01) / 400.03.
    assert_eq!(page["documents"][0], serde_json::json!(["document 0", "0", 400, [0, 997, 1, 3]]));
}

#[test]
fn what_is_shown_is_bounded() {
    let model = model("w", "d", "");
    let settings = ViewSettings {
        topics: 3,
        words: 4,
        documents: 2,
        searched_words: 0,
        searched_documents: 0,
        ..ViewSettings::default()
    };
    let page = data(&model.view(&settings));
    assert_eq!((number(&page["all_topics"]), list(&page["topics"]).len()), (7, 3));
    let listed = |of: &str| {
        let listed = list(&page["topics"]).iter().flat_map(|topic| list(&topic[of]).iter().map(number));
        listed.collect::<BTreeSet<usize>>().len()
    };
    assert_eq!(list(&page["words"]).len(), listed("words"));
    assert_eq!(list(&page["documents"]).len(), listed("documents"));
    let places =
        list(&page["words"]).iter().flat_map(|word| list(&word[2]).chunks(2).map(|pair| number(&pair[0])));
    assert!(places.max().unwrap() < 3, "topics that are not shown are not named");
    let more = ViewSettings { searched_words: 30, searched_documents: 20, ..settings };
    let page = data(&model.view(&more));
    assert_eq!((list(&page["words"]).len(), list(&page["documents"]).len()), (30, 20));
    // Nothing at all.
    let empty = ViewSettings { topics: 0, ..more };
    assert!(list(&data(&model.view(&empty))["topics"]).is_empty());
}

#[test]
fn words_titles_and_openings_are_text_whatever_they_hold() {
    let hostile = "</script><img src=x onerror=alert(1)><!--<script>\u{2028}\"'&{{script}}\\";
    let settings = |title: &str| ViewSettings { title: title.into(), ..ViewSettings::default() };
    let tame = model("w", "d", "o").view(&settings("t"));
    let page = model(hostile, hostile, hostile).view(&settings(hostile));
    // No element begins or ends that did not before.
    let opens = |page: &str| page.matches('<').count();
    assert_eq!(opens(&page), opens(&tame));
    assert_eq!(page.matches("use strict").count(), 1);
    let data = data(&page);
    assert_eq!(data["title"], hostile);
    let named = |of: &Value| of[0].as_str().unwrap().starts_with(hostile);
    assert!(list(&data["words"]).iter().all(named) && list(&data["documents"]).iter().all(named));
    assert!(page.contains("<title>&lt;/script&gt;&lt;img"), "{}", &page[..600]);
}

#[test]
fn a_page_asks_for_nothing_and_makes_elements_of_no_text() {
    for part in ["http:", "https:", "//", "src=", "href=", "@import", "url(", "fetch(", "import("] {
        let count = PAGE.matches(part).count() + STYLE.matches(part).count();
        // A link to a part of the page itself.
        assert_eq!(count, usize::from(part == "href="), "{part}");
    }
    for part in [
        "https:",
        "fetch(",
        "import(",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
    ] {
        assert!(!SCRIPT.contains(part), "{part}");
    }
    assert_eq!(SCRIPT.matches("http:").count(), 1, "the name of SVG, which is not fetched");
    assert!(PAGE.contains("default-src 'none'"));
}
