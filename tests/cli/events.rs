//! The events that scripts rely on: names, order, types.

use serde_json::Value;

use crate::{Folder, Run, gasworks, ratings};

const START: [(&str, &str); 12] = [
    ("program", "string"),
    ("vertices", "number"),
    ("edges", "number"),
    ("threads", "number"),
    ("seed", "number"),
    ("engine", "string"),
    ("scheduler", "string"),
    ("consistency", "null"),
    ("exclusion", "null"),
    ("isa", "string"),
    ("load_seconds", "number"),
    ("inputs", "array"),
];
const PROGRESS: [(&str, &str); 4] =
    [("iteration", "number"), ("updates", "number"), ("seconds", "number"), ("metrics", "object")];
const DONE: [(&str, &str); 6] = [
    ("reason", "string"),
    ("iterations", "number"),
    ("updates", "number"),
    ("seconds", "number"),
    ("serializable", "null"),
    ("metrics", "object"),
];

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[track_caller]
fn has(event: &Value, fields: &[(&str, &str)]) {
    for (name, wanted) in fields {
        let value = event.get(name).unwrap_or_else(|| panic!("{name} is missing: {event}"));
        assert_eq!(kind(value), *wanted, "{name}: {event}");
    }
}

#[track_caller]
fn check(run: &Run, program: &str, progress: &[&str], done: &[&str]) {
    let events = run.events();
    let [start, rounds @ .., end] = &events[..] else { panic!("{}", run.out) };
    assert_eq!((&start["event"], &start["program"]), (&"start".into(), &program.into()));
    has(start, &START);
    let metrics = |event: &Value, names: &[&str]| {
        let names: Vec<(&str, &str)> = names.iter().map(|name| (*name, "number")).collect();
        has(&event["metrics"], &names);
    };
    assert!(!rounds.is_empty());
    for (number, event) in (1..).zip(rounds) {
        assert_eq!((&event["event"], &event["iteration"]), (&"progress".into(), &number.into()));
        has(event, &PROGRESS);
        metrics(event, progress);
    }
    let seconds: Vec<f64> = rounds.iter().map(|event| event["seconds"].as_f64().expect("a number")).collect();
    assert!(seconds.is_sorted());
    assert_eq!(end["event"], "done");
    has(end, &DONE);
    metrics(end, done);
    assert_eq!(end["iterations"], rounds.len());
    let memory = if cfg!(target_os = "linux") { "number" } else { "null" };
    assert_eq!(kind(&end["peak_rss_bytes"]), memory);
}

#[test]
fn every_running_command_keeps_the_schema() {
    let folder = Folder::new();
    let ratings = folder.file("ratings.csv", ratings());
    let graph = folder.file("graph.txt", "1 2\n2 3\n3 1\n4 1\n");
    let seed = ["--seed", "18446744073709551615", "--threads", "2", "--json"];
    let run = |arguments: &[&str]| gasworks(&[arguments, &seed].concat()).ok();

    let als = run(&["als", &ratings, "--rank", "4", "--iterations", "3"]);
    let errors = ["train_rmse", "test_rmse", "test_mae"];
    check(
        &als,
        "als",
        &[&errors[..], &["residual"]].concat(),
        &[&errors[..], &["baseline_test_rmse"]].concat(),
    );
    assert_eq!(als.events()[0]["seed"], u64::MAX);
    assert_eq!(als.events()[0]["threads"], 2);
    check(&run(&["pagerank", &graph]), "pagerank", &["residual"], &["residual"]);
    check(&run(&["pagerank", &graph, "--personalize", "1"]), "pagerank", &["residual"], &["residual"]);
    check(&run(&["hits", &graph]), "hits", &["residual"], &["residual"]);
    check(&run(&["components", &graph]), "components", &["active"], &["components"]);
    check(&run(&["sssp", &graph, "--source", "1"]), "sssp", &["active"], &["reached"]);
    check(&run(&["triangles", &graph]), "triangles", &[], &["triangles", "clustering"]);
    check(&run(&["components", &graph, "--specialist"]), "components", &[], &["components"]);
    check(&run(&["bfs", &graph, "--source", "1"]), "bfs", &["active"], &["reached"]);
}

#[test]
fn commands_without_barriers_keep_the_schema_too() {
    let folder = Folder::new();
    let graph = folder.file("graph.txt", "1 2\n2 3\n3 1\n4 1\n");
    let model = folder.file("model.uai", "MARKOV 2 2 2 1 2 0 1 4 3 1 1 3");
    let data = folder.file("data.libsvm", "2 5:1\n4 5:2 7:1\n6 5:3 7:-1\n");
    let commands: [(&[&str], &[&str], &[&str]); 5] = [
        (&["communities", &graph], &["active"], &["communities", "modularity"]),
        (&["color", &graph], &["active"], &["colors", "conflicts", "uncolored"]),
        (&["kcore", &graph], &["active"], &["degeneracy"]),
        (&["gibbs", &model, "--samples", "60", "--burn-in", "9"], &["log_score"], &["disagreement"]),
        (&["lasso", &data], &["residual", "objective"], &["objective", "nonzeros", "violation", "residual"]),
    ];
    for (command, progress, done) in commands {
        let run =
            gasworks(&[command, &["--exclusion", "coloring", "--scheduler", "rounds", "--json"]].concat())
                .ok();
        let events = run.events();
        let [start, rounds @ .., end] = &events[..] else { panic!("{}", run.out) };
        assert_eq!((&start["event"], &start["program"]), (&"start".into(), &command[0].into()));
        let with = |name: &str| matches!(name, "consistency" | "exclusion");
        has(start, &START.map(|(name, wanted)| (name, if with(name) { "string" } else { wanted })));
        assert_eq!(start["inputs"][0]["name"], command[1]);
        assert!(start["inputs"][0]["format"].is_string());
        assert!(!rounds.is_empty());
        for event in rounds {
            has(event, &PROGRESS);
            has(&event["metrics"], &progress.iter().map(|name| (*name, "number")).collect::<Vec<_>>());
        }
        has(end, &DONE);
        has(&end["metrics"], &done.iter().map(|name| (*name, "number")).collect::<Vec<_>>());
    }
}

#[test]
fn a_user_adds_a_list() {
    let folder = Folder::new();
    let ratings = folder.file("ratings.csv", ratings());
    let run =
        gasworks(&["als", &ratings, "--rank", "4", "--iterations", "2", "--user", "100", "--json"]).ok();
    let events = run.events();
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(names, ["start", "progress", "progress", "recommendations", "done"]);
}

#[test]
fn failures_are_events_with_file_and_line() {
    let folder = Folder::new();
    let ratings = folder.file("ratings.csv", "1,2,3\n1,3,nan\n");
    let run = gasworks(&["als", &ratings, "--json"]);
    let error = run.last();
    assert_eq!(run.code, Some(65));
    assert_eq!(
        (&error["event"], &error["file"], &error["line"]),
        (&"error".into(), &ratings.as_str().into(), &2.into())
    );
    assert!(error["message"].as_str().expect("a text").contains("ratings.csv:2: column 3"));

    let run = gasworks(&["als", "--threads", "0", "--json"]);
    assert_eq!(run.code, Some(2));
    assert!(run.last()["message"].as_str().expect("a text").contains("at least one thread"));
}

#[test]
fn commands_that_run_by_blocks_keep_the_schema_too() {
    let folder = Folder::new();
    let ratings = folder.file("ratings.csv", ratings());
    let texts = folder.file("texts.txt", "whale ship sea\nfinch beak\nship whale\nbeak finch\n");
    for (command, input, option, metrics) in [
        ("sgd", &ratings, "--rank", &["train_rmse", "test_rmse", "test_mae"][..]),
        ("svdpp", &ratings, "--rank", &["train_rmse", "test_rmse", "test_mae"]),
        ("bpr", &ratings, "--rank", &["train_loss", "test_loss", "test_sampled_auc"]),
        ("lda", &texts, "--topics", &["tokens_per_second", "log_likelihood_per_token"]),
    ] {
        let run = gasworks(&[command, input, option, "4", "--iterations", "3", "--json"]).ok();
        let mut events = run.events();
        events.retain(|event| event["event"] != "topic");
        let [start, rounds @ .., end] = &events[..] else { panic!("{}", run.out) };
        assert_eq!((&start["event"], &start["program"]), (&"start".into(), &command.into()));
        let with = |name: &str| matches!(name, "consistency" | "exclusion");
        has(start, &START.map(|(name, wanted)| (name, if with(name) { "string" } else { wanted })));
        assert_eq!(rounds.len(), 3);
        rounds.iter().for_each(|event| has(event, &PROGRESS));
        has(end, &DONE);
        for event in &events[1..] {
            let metrics: Vec<(&str, &str)> = metrics.iter().map(|name| (*name, "number")).collect();
            has(&event["metrics"], &metrics);
        }
    }
}
