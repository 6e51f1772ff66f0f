//! Topic models that are saved: `topics`, `infer`, held-out documents, and runs that go on.

use serde_json::Value;

use crate::{Folder, gasworks, gasworks_with, read, text};

/// Documents about ships or about birds, 12 words each.
fn notes() -> String {
    let about = [["whale", "ship", "harpoon", "sea"], ["finch", "beak", "island", "seed"]];
    let word = |document: usize, at: usize| about[document % 2][(document * 5 + at * 3 + at * at / 4) % 4];
    let line = |document| (0..12).map(|at| word(document, at)).collect::<Vec<_>>().join(" ");
    (0..60).map(|document| line(document) + "\n").collect()
}

/// Trains on notes and leaves a model.
#[track_caller]
fn train(folder: &Folder, name: &str, options: &[&str]) -> (String, Vec<Value>) {
    let (input, model) = (folder.file("notes.txt", notes()), folder.path(name));
    let own = ["--topics", "2", "--alpha", "0.1", "--model", &model, "--json"];
    let iterations = if options.contains(&"--iterations") { &[][..] } else { &["--iterations", "20"] };
    let events = gasworks(&[&["lda", &input], &own[..], iterations, options].concat()).ok().events();
    assert_eq!(events.last().expect("an event")["model"], model.as_str());
    (model, events)
}

fn of_kind(events: &[Value], kind: &str) -> Vec<Value> {
    events.iter().filter(|event| event["event"] == kind).cloned().collect()
}

fn metric(events: &[Value], name: &str) -> f64 {
    let last = events.last().expect("an event");
    last["metrics"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {last}"))
}

#[test]
fn a_saved_model_shows_the_topics_that_the_run_showed() {
    let folder = Folder::new();
    let (model, events) = train(&folder, "notes.topics", &[]);
    let shown = gasworks(&["topics", &model, "--json"]).ok().events();
    assert_eq!(shown, of_kind(&events, "topic"));

    let people = gasworks(&["topics", &model, "--words", "2", "--documents", "3"]).ok().out;
    assert_eq!(people.lines().filter(|line| line.starts_with("topic ")).count(), 2, "{people}");
    assert_eq!(people.lines().filter(|line| line.contains("most of it: ")).count(), 6, "{people}");

    let one = gasworks(&["topics", &model, "--topic", "1", "--relevance", "1"]).ok().out;
    assert!(one.starts_with("topic 1: ") && !one.contains("topic 0"), "{one}");
    assert!(one.contains("probability  word") && one.contains("notes.txt:"), "{one}");
    let alone = gasworks(&["topics", &model, "--topic", "1", "--json"]).ok().events();
    assert_eq!((alone.len(), &alone[0]["topic"]), (1, &1.into()));
}

#[test]
fn topics_of_unseen_documents_are_those_of_their_words() {
    let folder = Folder::new();
    let (model, events) = train(&folder, "notes.topics", &[]);
    let topics = of_kind(&events, "topic");
    let number_of = |word: &str| {
        let has =
            |topic: &&Value| topic["words"].as_array().expect("words").iter().any(|w| w["word"] == word);
        topics.iter().find(has).expect("a topic")["topic"].clone()
    };
    let (ships, birds) = (number_of("whale"), number_of("finch"));
    // One is in capitals, with a word that nobody knows; one has no known word at all.
    let unseen =
        folder.file("new.txt", "WHALE, harpoon and quarterdeck: whale\nquarterdeck\nbeak seed finch beak\n");
    let run = gasworks(&["infer", &model, &unseen, "--top", "1", "--json"]).ok();
    let found = run.events();
    assert!(run.err.contains("1 words, with 2 of 9 tokens, are unknown"), "{}", run.err);
    let [first, second, third, last] = &found[..] else { panic!("{}", run.out) };
    assert_eq!((&first["topics"][0]["topic"], &third["topics"][0]["topic"]), (&ships, &birds));
    assert!(first["topics"][0]["share"].as_f64().expect("a share") > 0.8, "{first}");
    assert!(first["title"].as_str().expect("a title").ends_with("new.txt:1"));
    assert_eq!((&second["topics"], &second["known_tokens"]), (&Value::Array(vec![]), &0.into()));
    assert_eq!((&last["documents"], &last["unknown_tokens"]), (&3.into(), &2.into()));

    let people = gasworks(&["infer", &model, &unseen]).ok().out;
    assert!(people.contains("no word that the model knows"), "{people}");
    let topic = format!("topic {ships}");
    let row = people.lines().find(|line| line.contains(&topic)).expect("a row");
    assert!(["whale", "ship", "harpoon", "sea"].iter().any(|word| row.contains(word)), "{people}");

    // All shares, to a file, with the same bits for every number of threads; and from standard input.
    let (model, _) = train(&folder, "even.topics", &["--beta", "9"]);
    let unseen = folder.file("new.txt", "whale beak ship seed sea\nwhale\nfinch whale\n".repeat(4));
    let shares = |threads: &str, seed: &str| {
        let output = folder.path("shares.tsv");
        let options = ["--threads", threads, "--seed", seed, "--passes", "7", "-o", &output, "--quiet"];
        gasworks(&[&["infer", &model, &unseen], &options[..]].concat()).ok();
        text(&output)
    };
    let table = shares("1", "3");
    assert_eq!((shares("2", "3"), shares("3", "3")), (table.clone(), table.clone()));
    assert_ne!(shares("1", "4"), table);
    for line in table.lines() {
        let mut fields = line.split('\t');
        assert!(fields.next().expect("a title").contains("new.txt:"), "{table}");
        let shares: Vec<f64> = fields.map(|share| share.parse().expect("a number")).collect();
        assert!(shares.len() == 2 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{table}");
    }
    let piped = gasworks_with(&["infer", &model, "-", "-o", "-"], b"whale ship\n").ok();
    assert_eq!(piped.out.lines().count(), 1, "{}", piped.out);
}

/// Where topics have four words each, a word is one in four, or in eight for who sees no topics.
#[test]
fn documents_that_are_held_out_are_foretold_better_by_two_topics_than_by_one() {
    let folder = Folder::new();
    let held = ["--holdout", "0.2", "--seed", "4"];
    let (model, two) = train(&folder, "two.topics", &held);
    assert_eq!(two[0]["documents"], 48);
    assert_eq!(metric(&two, "foretold_tokens"), 12.0 * 6.0);
    let two = metric(&two, "perplexity");
    assert!((3.0..4.1).contains(&two), "{two}");
    let one = folder.path("notes.txt");
    let one = gasworks(&[&["lda", &one, "--topics", "1", "--iterations", "2", "--json"], &held[..]].concat());
    let one = metric(&one.ok().events(), "perplexity");
    assert!((1.9..2.1).contains(&(one / two)), "{one}, {two}");

    let unseen = folder.file("more.txt", "whale ship sea harpoon zzz\nbeak seed island finch\n");
    let event = gasworks(&["infer", &model, &unseen, "--perplexity", "--json"]).ok().last();
    assert_eq!((&event["metrics"]["foretold_tokens"], &event["unknown_tokens"]), (&4.into(), &1.into()));
    let people = gasworks(&["infer", &model, &unseen, "--perplexity"]).ok().out;
    assert!(people.starts_with("perplexity ") && people.contains("4 tokens of 2 documents"), "{people}");
}

#[test]
fn some_iterations_and_some_more_are_all_of_them() {
    let folder = Folder::new();
    for start in ["growing", "random"] {
        let options = |iterations| ["--iterations", iterations, "--start", start, "--holdout", "0.1"];
        let all = train(&folder, "all.topics", &options("5")).0;
        let some = train(&folder, "some.topics", &options("3")).0;
        let more = folder.path("more.topics");
        let input = folder.path("notes.txt");
        let arguments = ["lda", &input, "--iterations", "2", "--holdout", "0.1", "--warm-start", &some];
        let run = gasworks(&[&arguments[..], &["--model", &more, "--json"]].concat()).ok();
        assert!(run.err.contains("all tokens keep their topics"), "{}", run.err);
        let start = &run.events()[0];
        assert_eq!((&start["topics"], &start["alpha"]), (&2.into(), &0.1.into()));
        assert_eq!(start["warm_start"], some.as_str());
        assert!(read(&more) == read(&all) && read(&more) != read(&some), "{start}");
    }
}

#[test]
fn other_documents_start_with_topics_of_the_model() {
    let folder = Folder::new();
    let (model, events) = train(&folder, "notes.topics", &[]);
    let grown = folder.file("grown.txt", notes() + "whale whale quarterdeck\nquarterdeck beak beak\n");
    let arguments = ["lda", &grown, "--warm-start", &model, "--iterations", "1", "--json"];
    let run = gasworks(&[&arguments[..], &["--model", &model]].concat()).ok();
    assert!(run.err.contains("724 of 726 tokens start with topics of the model"), "{}", run.err);
    // What was found stays.
    let now = metric(&run.events(), "log_likelihood_per_token");
    let before = metric(&events, "log_likelihood_per_token");
    assert!((now - before).abs() < 0.1, "{before}, then {now}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = Folder::new();
    let (model, _) = train(&folder, "notes.topics", &[]);
    let input = folder.path("notes.txt");
    let hashed = train(&folder, "hashed.topics", &["--hash", "20"]).0;
    let counts = folder.file("counts.dat", "2 0:3 1:2\n");
    let mut torn = read(&model);
    let middle = torn.len() / 2;
    torn[middle] ^= 1;
    let torn = folder.file("torn.topics", torn);
    for (arguments, code, part) in [
        (&["topics", "nowhere.topics"][..], 66, "nowhere.topics"),
        (&["topics", &input], 65, "notes.txt"),
        (&["topics", &torn], 65, "fingerprint"),
        (&["topics", &model, "--topic", "2"], 2, "--topic below 2"),
        (&["recommend", &model, "--user", "1"], 65, "gasworks-topics"),
        (&["infer", &model], 2, "DOCUMENTS"),
        (&["infer", &model, "nowhere.txt"], 66, "nowhere.txt"),
        (&["infer", &model, &counts], 65, "name the vocabulary"),
        (&["infer", &hashed, &counts], 65, "hashes of 20 bits"),
        (&["infer", &model, &input, "--perplexity", "--top", "2"], 2, "--top"),
        (&["infer", &model, &input, "-o", "-", "--json"], 2, "leave out --json"),
        (&["lda", "nowhere.txt", "--warm-start", &model, "--topics", "3"], 65, "expected 3 topics"),
        (&["lda", &input, "--warm-start", &model, "--start", "random"], 2, "--start"),
        (&["lda", &input, "--warm-start", &hashed], 65, "hashes of 20 bits for words"),
        (&["lda", &input, "--warm-start", &model, "--hash", "20"], 65, "no hashes for words"),
        (&["lda", &input, "--warm-start", &input], 65, "notes.txt"),
        (&["lda", &input, "--holdout", "1"], 2, "not including, 1"),
    ] {
        let run = gasworks(arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(part), "{arguments:?}: {part} is not in {}", run.err);
    }
    // Texts are hashed as those of the model were.
    let events = gasworks(&["infer", &hashed, &input, "--json"]).ok().last();
    assert_eq!((&events["documents"], &events["unknown_tokens"]), (&60.into(), &0.into()));
}
