//! `lda`: topics that people would name, from texts and from word counts, with the same bits for every number of threads.

use serde_json::Value;

use crate::{Folder, gasworks};

fn of_kind<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn words(topic: &Value) -> Vec<&str> {
    let words = topic["words"].as_array().expect("words");
    words.iter().map(|word| word["word"].as_str().expect("a word")).collect()
}

/// Documents about ships or about birds, 12 words each.
fn notes() -> String {
    let about = [["whale", "ship", "harpoon", "sea"], ["finch", "beak", "island", "seed"]];
    let word = |document: usize, at: usize| about[document % 2][(document * 5 + at * 3 + at * at / 4) % 4];
    let line = |document| (0..12).map(|at| word(document, at)).collect::<Vec<_>>().join(" ");
    (0..60).map(|document| line(document) + "\n").collect()
}

#[cfg(feature = "samples")]
#[test]
fn the_sample_has_topics_that_a_reader_would_name() {
    let run = gasworks(&["lda", "--topics", "8", "--iterations", "60", "--json"]).ok();
    let events = run.events();
    let topics = of_kind(&events, "topic");
    for (word, book) in [
        ("whale", "Moby-Dick"),
        ("holmes", "The Adventures of Sherlock Holmes"),
        ("species", "On the Origin of Species"),
        ("price", "The Wealth of Nations"),
    ] {
        let about = topics.iter().find(|topic| words(topic).contains(&word));
        let about = about.unwrap_or_else(|| panic!("no topic of {word}: {}", run.out));
        let title = about["documents"][0]["title"].as_str().expect("a title");
        assert!(title.starts_with(book), "{word}: {title}");
    }
    let shares: f64 = topics.iter().map(|topic| number(&topic["share"])).sum();
    assert!(topics.len() == 8 && (shares - 1.0).abs() < 1e-9);
    assert!(run.err.contains("using the embedded sample, passages of four books"), "{}", run.err);
}

#[test]
fn topics_have_the_same_bits_for_every_number_of_threads() {
    let folder = Folder::new();
    let input = folder.file("notes.txt", notes());
    let topics = |options: &[&str]| {
        let own = ["--topics", "3", "--min-documents", "1", "--json"];
        let events = gasworks(&[&["lda", &input], &own[..], options].concat()).ok().events();
        of_kind(&events, "topic").into_iter().cloned().collect::<Vec<_>>()
    };
    for start in ["growing", "sequential", "random"] {
        let run = |options: &[&str]| topics(&[&["--iterations", "5", "--start", start], options].concat());
        let first = run(&["--threads", "1"]);
        for options in [&["--threads", "2"][..], &["--threads", "3"], &["--exclusion", "serial"]] {
            assert_eq!(run(options), first, "{start}, {options:?}");
        }
        assert_ne!(run(&["--seed", "1"]), first, "{start}");
    }
}

#[test]
fn events_tell_a_likelihood_that_rises_and_topics_in_their_order() {
    let folder = Folder::new();
    let input = folder.file("notes.txt", notes());
    let arguments =
        ["lda", &input, "--topics", "2", "--iterations", "40", "--start", "random", "--relevance", "1"];
    let run = gasworks(&[&arguments[..], &["--words", "4", "--alpha", "0.1", "--json"]].concat()).ok();
    let events = run.events();
    let start = &events[0];
    assert_eq!(
        (&start["program"], &start["documents"], &start["tokens"]),
        (&"lda".into(), &60.into(), &720.into())
    );
    assert_eq!((&start["edges"], &start["vertices"]), (&720.into(), &68.into()));
    let progress = of_kind(&events, "progress");
    assert_eq!(progress.len(), 40);
    let likelihoods: Vec<f64> =
        progress.iter().filter_map(|event| event["metrics"]["log_likelihood_per_token"].as_f64()).collect();
    assert_eq!(likelihoods.len(), 7, "1, 2, 5, and every tenth");
    assert!(likelihoods[6] > likelihoods[0] + 0.3, "{likelihoods:?}");
    let done = events.last().expect("an event");
    assert_eq!((&done["reason"], &done["iterations"]), (&"iterations".into(), &40.into()));
    assert_eq!(number(&done["metrics"]["log_likelihood_per_token"]), likelihoods[6]);
    assert!(number(&done["metrics"]["tokens_per_second"]) > 0.0);
    for topic in of_kind(&events, "topic") {
        let mut found = words(topic);
        found.sort_unstable();
        assert!(
            [["harpoon", "sea", "ship", "whale"], ["beak", "finch", "island", "seed"]]
                .contains(&[found[0], found[1], found[2], found[3]]),
            "{topic}"
        );
        let probabilities: Vec<f64> = topic["words"]
            .as_array()
            .expect("words")
            .iter()
            .map(|word| number(&word["probability"]))
            .collect();
        assert!(probabilities.is_sorted_by(|one, other| one >= other), "{topic}");
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 0.01, "{topic}");
    }
    let people = gasworks(&[&arguments[..], &["--max-seconds", "0"]].concat()).ok();
    assert!(
        people.out.lines().count() == 2 && people.out.lines().all(|line| line.starts_with("topic ")),
        "{}",
        people.out
    );
    assert!(people.err.contains("each line is taken as a document"), "{}", people.err);
}

#[test]
fn word_counts_are_told_from_texts_and_named_by_their_vocabulary() {
    let folder = Folder::new();
    let vocabulary = folder.file("vocab.txt", "whale\nship\nbeak\nseed\n");
    let lda_c: String = (0..20).map(|d| if d % 2 == 0 { "2 0:3 1:2\n" } else { "2 2:3 3:2\n" }).collect();
    let uci: String = (1..=20)
        .map(|d| if d % 2 == 1 { format!("{d} 1 3\n{d} 2 2\n") } else { format!("{d} 3 3\n{d} 4 2\n") })
        .collect();
    let lda_c = folder.file("counts.dat", lda_c);
    let uci = folder.file("docword.txt", format!("20\n4\n40\n{uci}"));
    let mut found = Vec::new();
    for (input, name) in [(&lda_c, "document 0"), (&uci, "document 1")] {
        let arguments =
            ["lda", input, "--vocab", &vocabulary, "--topics", "2", "--alpha", "0.1", "--iterations", "30"];
        let events = gasworks(&[&arguments[..], &["--words", "2", "--json"]].concat()).ok().events();
        let topics = of_kind(&events, "topic");
        let mut pairs: Vec<Vec<&str>> = topics.iter().map(|topic| words(topic)).collect();
        pairs.sort();
        assert_eq!(pairs, [["beak", "seed"], ["whale", "ship"]]);
        let about_ships = topics.iter().find(|topic| words(topic)[0] == "whale").expect("ships");
        assert_eq!(about_ships["documents"][0]["title"], name);
        found.push(number(&events.last().expect("an event")["metrics"]["log_likelihood_per_token"]));
    }
    assert_eq!(found[0], found[1], "one corpus in two formats");
}

#[test]
fn documents_may_be_fields_with_titles_and_words_may_be_hashed() {
    let folder = Folder::new();
    let json: String = notes()
        .lines()
        .enumerate()
        .map(|(at, line)| format!("{{\"name\": \"note {at}\", \"body\": \"{line}\"}}\n"))
        .collect();
    let input = folder.file("notes.jsonl", json);
    let own = ["--topics", "2", "--iterations", "20", "--json", "--split", "json:body", "--title", "name"];
    let events = gasworks(&[&["lda", &input], &own[..]].concat()).ok().events();
    for topic in of_kind(&events, "topic") {
        assert!(topic["documents"][0]["title"].as_str().expect("a title").starts_with("note "), "{topic}");
    }
    let hashed = gasworks(&[&["lda", &input, "--hash", "20"], &own[..]].concat()).ok().events();
    assert_eq!((&hashed[0]["tokens"], &hashed[0]["words"]), (&720.into(), &8.into()));
    let word = words(of_kind(&hashed, "topic")[0])[0].to_owned();
    assert!(word.parse::<u32>().is_ok_and(|word| word < 1 << 20), "{word}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = Folder::new();
    let input = folder.file("notes.txt", notes());
    let counts = folder.file("counts.dat", "2 0:3 9:2\n");
    let heavy = folder.file("heavy.dat", "2 0:4000000000 1:5\n");
    let vocabulary = folder.file("vocab.txt", "whale\nship\n");
    for (arguments, code, part) in [
        (&["lda", "nowhere.txt"][..], 66, "nowhere.txt"),
        (&["lda", &input, "--vocab", &vocabulary], 2, "leave it out"),
        (&["lda", &counts, "--vocab", &vocabulary], 65, "at least 10 words"),
        (&["lda", &heavy], 2, "with 4000000005 tokens"),
        (&["lda", &input, "--split", "json:body"], 65, "notes.txt:1: expected a JSON object"),
        (&["lda", &input, "--split", "lines"], 2, "expected file, line"),
        (&["lda", &input, "--split", "line", "--title", "x"], 2, "--split json:FIELD"),
        (&["lda", &input, "--topics", "0"], 2, "--topics"),
        (&["lda", &input, "--alpha", "0"], 2, "number above 0"),
        (&["lda", &input, "--exclusion", "relaxed"], 2, "not admitted"),
        (&["lda", &input, "--stop-words", "nowhere"], 2, "--stop-words english, none or a file"),
        (&["lda", &input, "--min-documents", "90"], 65, "a word that is kept"),
    ] {
        let run = gasworks(arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(part), "{arguments:?}: {part} is not in {}", run.err);
    }
}
