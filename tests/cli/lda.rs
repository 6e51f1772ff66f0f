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
fn the_sampler_is_chosen_by_the_number_of_topics_and_told() {
    let folder = Folder::new();
    let input = folder.file("notes.txt", notes());
    let run = |options: &[&str]| {
        let own = ["--min-documents", "1", "--iterations", "40", "--json"];
        gasworks(&[&["lda", &input], &own[..], options].concat()).ok().events()
    };
    let sampler = |events: &[Value]| events[0]["sampler"].as_str().expect("a sampler").to_owned();
    assert_eq!(sampler(&run(&["--topics", "256"])), "dense");
    assert_eq!(sampler(&run(&["--topics", "257"])), "sparse");
    assert_eq!(sampler(&run(&["--topics", "257", "--sampler", "dense"])), "dense");
    // Documents come first, whichever sampler it is.
    assert_eq!(run(&["--topics", "257"])[0]["blocks"], Value::from(vec![4, 8]));
    for sampler in ["dense", "sparse"] {
        let events = run(&["--topics", "3", "--sampler", sampler, "--blocks", "3,2"]);
        assert_eq!(events[0]["blocks"], Value::from(vec![3, 2]), "{sampler}");
    }
    let topics = |options: &[&str]| {
        let events =
            run(&[&["--topics", "2", "--sampler", "sparse", "--alpha", "0.1", "--start", "random"], options]
                .concat());
        of_kind(&events, "topic").into_iter().cloned().collect::<Vec<_>>()
    };
    let first = topics(&["--threads", "1"]);
    for options in [&["--threads", "2"][..], &["--threads", "3"], &["--exclusion", "serial"]] {
        assert_eq!(topics(options), first, "{options:?}");
    }
    for topic in &first {
        let mut found = words(topic);
        found.sort_unstable();
        let planted = [["harpoon", "sea", "ship", "whale"], ["beak", "finch", "island", "seed"]];
        assert!(planted.iter().any(|words| found.starts_with(words)), "{topic}");
    }
    // A model of the one goes on in the other, and learns priors.
    let model = folder.path("notes.topics");
    run(&["--topics", "2", "--sampler", "sparse", "--model", &model]);
    let more = ["--warm-start", &model, "--optimize-interval", "2", "--optimize-burn-in", "2"];
    for sampler in ["dense", "sparse"] {
        let events = run(&[&more[..], &["--sampler", sampler]].concat());
        let done = events.last().expect("an event");
        assert!(number(&done["metrics"]["log_likelihood_per_token"]) > -2.0, "{done}");
        assert!(done["alpha"].as_array().is_some_and(|alpha| alpha.len() == 2), "{done}");
    }
}

#[test]
fn the_sampler_by_metropolis_steps_has_all_options_but_those_that_it_names() {
    let folder = Folder::new();
    let input = folder.file("notes.txt", notes());
    let model = folder.path("notes.topics");
    let run = |options: &[&str]| {
        let own = ["--sampler", "metropolis", "--min-documents", "1", "--json"];
        gasworks(&[&["lda", &input], &own[..], options].concat()).ok().events()
    };
    for start in ["random", "growing"] {
        let own = ["--topics", "2", "--alpha", "0.1", "--iterations", "150", "--start", start];
        let first = run(&[&own[..], &["--threads", "1"]].concat());
        assert_eq!(
            (&first[0]["sampler"], &first[0]["exclusion"]),
            (&"metropolis".into(), &"coloring".into())
        );
        assert!(first[0]["blocks"].is_null(), "{}", first[0]);
        for topic in of_kind(&first, "topic") {
            let mut found = words(topic);
            found.sort_unstable();
            let planted = [["harpoon", "sea", "ship", "whale"], ["beak", "finch", "island", "seed"]];
            assert!(planted.iter().any(|words| found.starts_with(words)), "{topic}");
        }
        let topics = |events: &[Value]| of_kind(events, "topic").into_iter().cloned().collect::<Vec<Value>>();
        let others =
            ["--threads", "3", "--optimize-interval", "1000", "--optimize-burn-in", "60", "--model", &model];
        // A pass that learns nothing is as in one run: here priors are learned after the last one alone.
        let same = run(&[&own[..], &others[..5], &["150", "--model", &model]].concat());
        assert_eq!(topics(&same), topics(&first), "{start}");
        let learned = run(&[&own[..], &others, &["--holdout", "0.1"]].concat());
        let done = learned.last().expect("an event");
        assert!(done["alpha"].as_array().is_some_and(|alpha| alpha.len() == 2), "{done}");
        assert!(number(&done["metrics"]["perplexity"]) < 8.0, "{done}");
        let page = folder.path("topics.html");
        let warm = run(&["--warm-start", &model, "--iterations", "5", "--view", &page]);
        let done = warm.last().expect("an event");
        assert!(number(&done["metrics"]["log_likelihood_per_token"]) > -2.0, "{done}");
        assert_eq!(done["view"], Value::from(page.as_str()));
    }
    for (options, part) in [
        (&["--start", "sequential"][..], "growing or random"),
        (&["--blocks", "2,2"], "--blocks, of which it has none"),
        (&["--exclusion", "serial"], "--threads 1"),
    ] {
        let run = gasworks(&[&["lda", &input, "--sampler", "metropolis"], options].concat());
        assert_eq!(run.code, Some(2), "{options:?}: {}", run.err);
        assert!(run.err.contains(part), "{options:?}: {part} is not in {}", run.err);
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
fn a_page_shows_the_topics_and_is_written_whole() {
    let folder = Folder::new();
    let input = folder.file("notes.txt", notes());
    let page = folder.path("topics.html");
    let arguments = ["lda", &input, "--topics", "2", "--iterations", "20", "--view", &page];
    let run = gasworks(&arguments).ok();
    assert!(run.err.contains(&format!("wrote {page}")), "{}", run.err);
    assert_eq!(folder.names(), ["notes.txt", "topics.html"]);
    let first = crate::text(&page);
    assert!(first.starts_with("<!doctype html>") && first.ends_with("</html>\n"));
    assert!(first.contains("<title>Topics of notes.txt</title>"));
    for text in ["harpoon", "notes.txt:3", "beak"] {
        assert!(first.contains(text), "{text}");
    }
    let events = gasworks(&[&arguments[..], &["--json", "--threads", "2"]].concat()).ok().events();
    assert_eq!(events.last().expect("an event")["view"], Value::from(page.as_str()));
    assert_eq!(crate::text(&page), first, "the same bits");
    // A saved model has the same page, called after its file.
    let (model, again) = (folder.path("notes.topics"), folder.path("again.html"));
    gasworks(&[&arguments[..], &["--model", &model]].concat()).ok();
    gasworks(&["topics", &model, "--view", &again]).ok();
    assert_eq!(crate::text(&again).replace("Topics of notes.topics", "Topics of notes.txt"), first);
    assert_eq!(gasworks(&["topics", &model, "--view", &model]).code, Some(2));
    for (view, code, part) in [(&input, 2, "also read"), (&folder.path("none/x.html"), 74, "none/x.html")] {
        let run = gasworks(&["lda", &input, "--view", view]);
        assert_eq!(run.code, Some(code), "{}", run.err);
        assert!(run.err.contains(part), "{}", run.err);
    }
    assert_eq!(crate::text(&input), notes());
}

#[test]
fn coherence_is_told_of_each_topic_and_of_all() {
    let folder = Folder::new();
    // Words of a topic are in each of its documents, and in no other.
    let input = folder.file("counts.dat", "2 0:3 1:2\n2 2:3 3:2\n".repeat(10));
    let arguments = ["lda", &input, "--topics", "2", "--alpha", "0.1", "--iterations", "30"];
    let events = gasworks(&[&arguments[..], &["--json"]].concat()).ok().events();
    let u_mass = (11.0f64 / 10.0).ln();
    for topic in of_kind(&events, "topic") {
        assert_eq!(number(&topic["coherence"]["npmi"]), 1.0, "{topic}");
        assert!((number(&topic["coherence"]["u_mass"]) - u_mass).abs() < 1e-12, "{topic}");
    }
    let metrics = &events.last().expect("an event")["metrics"];
    assert_eq!(number(&metrics["coherence_npmi"]), 1.0);
    assert!((number(&metrics["coherence_u_mass"]) - u_mass).abs() < 1e-12);
    let people = gasworks(&arguments).ok();
    assert_eq!(people.out.matches("; coherence 1.00").count(), 2, "{}", people.out);
    assert!(people.err.contains("mean coherence of topics: NPMI 1.0000, UMass 0.0953"), "{}", people.err);
}

#[test]
fn priors_are_learned_with_the_same_bits_for_every_number_of_threads() {
    let folder = Folder::new();
    // Three documents of four are about ships.
    let lines: Vec<String> = notes().lines().map(str::to_owned).collect();
    let ships = lines.iter().step_by(2).flat_map(|line| [line.as_str(); 3]);
    let birds = lines.iter().skip(1).step_by(2).map(String::as_str);
    let input = folder.file("notes.txt", ships.chain(birds).collect::<Vec<_>>().join("\n"));
    let own = ["lda", &input, "--topics", "2", "--iterations", "33", "--json"];
    let learn = ["--optimize-interval", "10", "--optimize-burn-in", "5"];
    let run = |options: &[&str]| gasworks(&[&own[..], options].concat()).ok().events();
    let topics = |events: &[Value]| of_kind(events, "topic").into_iter().cloned().collect::<Vec<_>>();
    let plain = run(&[]);
    let learned = run(&[&learn[..], &["--threads", "1"]].concat());
    for threads in ["2", "3"] {
        assert_eq!(
            topics(&run(&[&learn[..], &["--threads", threads]].concat())),
            topics(&learned),
            "{threads}"
        );
    }
    assert_ne!(topics(&learned), topics(&plain));
    let done = learned.last().expect("an event");
    assert_eq!((&done["iterations"], &done["reason"]), (&33.into(), &"iterations".into()));
    let numbers =
        of_kind(&learned, "progress").iter().map(|event| number(&event["iteration"])).collect::<Vec<_>>();
    assert!(numbers.iter().copied().eq((1..=33).map(f64::from)), "{numbers:?}");
    let likelihood =
        |events: &[Value]| number(&events[events.len() - 1]["metrics"]["log_likelihood_per_token"]);
    assert!(likelihood(&learned) > likelihood(&plain), "{} {}", likelihood(&learned), likelihood(&plain));
    // The topic of ships has more of alpha, as it has of the documents.
    let about = |name: &str| {
        of_kind(&learned, "topic").into_iter().find(|topic| words(topic).contains(&name)).expect("a topic")
    };
    assert!(number(&about("whale")["alpha"]) > number(&about("finch")["alpha"]), "{done}");
    assert_eq!(done["alpha"].as_array().map(Vec::len), Some(2));
    // What comes before the first time that priors are learned is as without.
    let early = |events: &[Value]| {
        let early = of_kind(events, "progress").into_iter().take(5);
        early.map(|event| event["metrics"]["log_likelihood_per_token"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(early(&learned), early(&plain));
    // A pass that learns nothing has the random numbers that it has in one run: stages of learning that ends where it began change nothing but priors.
    let short = run(&["--optimize-interval", "1000", "--optimize-burn-in", "33"]);
    assert_eq!(topics(&short), topics(&plain));
    let stopped = run(&[&learn[..], &["--max-updates", "20000"]].concat());
    assert_eq!(stopped.last().expect("an event")["reason"], "updates");
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
        (&["lda", &input, "--optimize-burn-in", "9"], 2, "--optimize-interval"),
        (&["lda", &input, "--optimize-interval", "0"], 2, "--optimize-interval"),
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
