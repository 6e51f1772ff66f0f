//! `--engine async`: the answers of the synchronous engine under each exclusion, proofs of order, and what is refused.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Folder, Run, gasworks, ratings, text};

/// Options of an order without barriers, and the exclusion that the start event tells.
const ORDERS: [(&[&str], &str); 4] = [
    (&["--exclusion", "serial"], "serial"),
    (&["--exclusion", "locks"], "locks"),
    (&["--exclusion", "coloring"], "coloring"),
    (&["--consistency", "relaxed"], "relaxed"),
];

fn run(command: &[&str], order: &[&str]) -> Run {
    gasworks(&[command, order].concat())
}

/// Values by id; `inf` where no path leads.
fn values(path: &str) -> BTreeMap<String, f64> {
    let value = |line: &str| {
        let (id, value) = line.split_once('\t').expect("a tab");
        (id.to_owned(), value.parse().expect("a number"))
    };
    text(path).lines().map(value).collect()
}

#[track_caller]
fn close(found: &BTreeMap<String, f64>, wanted: &BTreeMap<String, f64>, relative: f64, what: &str) {
    assert_eq!(found.len(), wanted.len());
    for (id, wanted) in wanted {
        let found = found[id];
        let near = found == *wanted || (found - wanted).abs() <= relative * wanted.abs();
        assert!(near, "{what}: {id} is {found}, expected {wanted}");
    }
}

fn metric(event: &Value, name: &str) -> f64 {
    event["metrics"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {event}"))
}

/// A graph with hubs, loose ends, and vertices without out-edges.
fn graph(folder: &Folder) -> String {
    let path = folder.path("graph.txt");
    let shape = ["--scale", "10", "--edge-factor", "6", "--weights", "1..255", "--seed", "3"];
    gasworks(&[&["generate", "rmat", "-o", &path], &shape[..]].concat()).ok();
    path
}

#[test]
fn graph_programs_find_what_the_synchronous_engine_finds() {
    let folder = Folder::new();
    let (graph, output) = (graph(&folder), folder.path("out.tsv"));
    let commands: [(&[&str], f64); 4] = [
        (&["pagerank", "--tolerance", "1e-7"], 1e-4),
        (&["pagerank", "--tolerance", "1e-7", "--dangling", "none"], 1e-4),
        (&["components"], 0.0),
        (&["sssp", "--source", "1"], 0.0),
    ];
    for (command, relative) in commands {
        let command = [command, &[&graph, "--output", &output, "--json"]].concat();
        let sync = gasworks(&command).ok();
        assert_eq!(sync.events()[0]["engine"], "sync");
        let wanted = values(&output);
        assert!(wanted.len() > 500);
        for (order, exclusion) in ORDERS {
            if exclusion == "coloring" && command[0] != "pagerank" {
                continue;
            }
            for threads in ["1", "2"] {
                let order = [&["--engine", "async", "--threads", threads], order].concat();
                let run = run(&command, &order).ok();
                close(&values(&output), &wanted, relative, &format!("{command:?} {order:?}"));
                let (start, done) = (run.events()[0].clone(), run.last());
                assert_eq!((&start["engine"], &start["exclusion"]), (&"async".into(), &exclusion.into()));
                let kept = if exclusion == "relaxed" { "relaxed" } else { "edge" };
                assert_eq!(start["consistency"], kept, "{start}");
                assert_eq!((&done["reason"], &done["serializable"]), (&"drained".into(), &Value::Null));
                assert_eq!(done["colors"].is_number(), exclusion == "coloring", "{done}");
                assert!(done["contended"].is_u64());
            }
        }
    }
}

#[test]
fn spread_mass_is_more_than_dropped_mass() {
    let folder = Folder::new();
    let output = folder.path("out.tsv");
    let graph = folder.file("graph.txt", "1 2\n2 3\n3 1\n1 4\n");
    let sum = |dangling| {
        let command = ["pagerank", &graph, "--engine", "async", "--dangling", dangling, "-o", &output];
        gasworks(&command).ok();
        values(&output).values().sum::<f64>()
    };
    assert!((sum("spread") - 1.0).abs() < 1e-6 && sum("none") < 0.9);
}

#[test]
fn any_scheduler_finds_the_same() {
    let folder = Folder::new();
    let (graph, output) = (graph(&folder), folder.path("out.tsv"));
    let pagerank = ["pagerank", &graph, "--tolerance", "1e-7", "--output", &output];
    let sssp = ["sssp", "--source", "1", &graph, "--output", &output];
    for (command, relative) in [(&pagerank[..], 1e-4), (&sssp, 0.0)] {
        gasworks(command).ok();
        let wanted = values(&output);
        for entry in gasworks::schedulers::ALL {
            run(command, &["--engine", "async", "--scheduler", entry.name, "--threads", "2"]).ok();
            close(&values(&output), &wanted, relative, entry.name);
        }
        // With barriers, those that have rounds; a sweep of everyone has nothing to take from published gathers.
        run(command, &["--scheduler", "rounds"]).ok();
        close(&values(&output), &wanted, relative, "rounds");
    }
}

#[test]
fn factorizations_are_as_good_as_the_synchronous_ones() {
    let folder = Folder::new();
    let ratings = folder.file("ratings.csv", ratings());
    let command = ["als", &ratings, "--rank", "4", "--iterations", "8", "--json"];
    let sync = gasworks(&command).ok();
    let wanted = metric(&sync.last(), "test_rmse");
    assert!(wanted < 0.5 * metric(&sync.last(), "baseline_test_rmse"), "{wanted}");
    for (order, exclusion) in ORDERS {
        for threads in ["1", "2"] {
            // Without rounds, on a graph as small as this one worker may sweep its own part alone, before another wakes: a queue for all
            // keeps to the order of signals.
            let scheduler = if exclusion == "coloring" { "sweep" } else { "fifo" };
            let options = ["--engine", "async", "--threads", threads, "--scheduler", scheduler, "--audit"];
            let order = [&options[..], order].concat();
            let run = run(&command, &order).ok();
            let done = run.last();
            let found = metric(&done, "test_rmse");
            assert!(found < wanted + 0.15, "{order:?}: {found}, sync {wanted}");
            assert_eq!((&done["reason"], &done["iterations"]), (&"iterations".into(), &8.into()));
            let rounds = run.events().iter().filter(|event| event["event"] == "progress").count();
            assert_eq!(rounds, 8, "{order:?}");
            match exclusion {
                // Users, then items: the rounds of the synchronous engine.
                "coloring" => {
                    assert_eq!(done["colors"], 2);
                    assert!((found - wanted).abs() < 1e-6, "{found}, sync {wanted}");
                }
                _ => assert_eq!(done["colors"], Value::Null),
            }
            if exclusion != "relaxed" {
                assert_eq!(done["serializable"], true, "{order:?}: {}", run.err);
            }
        }
    }
}

#[test]
fn coloring_gives_the_same_bits_for_every_number_of_threads() {
    let folder = Folder::new();
    let graph = graph(&folder);
    let command = ["pagerank", &graph, "--engine", "async", "--exclusion", "coloring", "-o", "-"];
    let one = run(&command, &["--threads", "1"]).ok().out;
    assert_eq!(run(&command, &["--threads", "3"]).ok().out, one);
}

#[test]
fn audits_prove_what_exclusions_promise() {
    let folder = Folder::new();
    let graph = graph(&folder);
    let commands: [&[&str]; 3] = [&["pagerank"], &["components"], &["sssp", "--source", "1"]];
    for command in commands {
        for (order, exclusion) in ORDERS {
            if exclusion == "coloring" && command[0] != "pagerank" {
                continue;
            }
            let options = ["--engine", "async", "--threads", "2", "--audit", "--json"];
            let run = run(&[command, &[&graph]].concat(), &[&options[..], order].concat()).ok();
            let done = run.last();
            let said = done["audit"].as_str().expect("a text");
            assert!(run.err.contains(said.lines().next().expect("a line")), "{}", run.err);
            if exclusion == "relaxed" {
                assert!(done["serializable"].is_boolean());
            } else {
                assert_eq!(done["serializable"], true, "{command:?} {order:?}: {said}");
                assert!(said.starts_with("serializable: "));
            }
        }
    }
    let quiet = gasworks(&["components", &graph, "--engine", "async", "--audit", "--quiet"]).ok();
    assert!(quiet.err.starts_with("serializable: ") && quiet.err.lines().count() == 1, "{}", quiet.err);
}

#[test]
fn update_functions_run_without_barriers_and_are_audited() {
    let folder = Folder::new();
    let graph = graph(&folder);
    let model = folder.file("model.uai", "MARKOV 3 2 2 2 2 2 0 1 2 1 2 4 3 1 1 3 4 1 2 2 1");
    let data = folder.file("data.libsvm", "2 5:1\n4 5:2 7:1\n6 5:3 7:-1\n");
    let commands: [(&[&str], &str); 4] = [
        (&["color", &graph], "edge"),
        (&["kcore", &graph], "edge"),
        (&["gibbs", &model, "--samples", "50", "--burn-in", "10"], "edge"),
        (&["lasso", &data], "full"),
    ];
    for (command, model) in commands {
        for (order, exclusion) in ORDERS {
            // Coloring needs rounds, which is the command's own choice; what is left out is --engine async, their default.
            let options = [&["--threads", "2", "--audit", "--json"], order].concat();
            let run = run(command, &options).ok();
            let (start, done) = (run.events()[0].clone(), run.last());
            assert_eq!((&start["engine"], &start["exclusion"]), (&"async".into(), &exclusion.into()));
            let kept = if exclusion == "relaxed" { "relaxed" } else { model };
            assert_eq!(start["consistency"], kept, "{start}");
            assert!(
                run.err.contains(done["audit"].as_str().expect("a text").lines().next().expect("a line"))
            );
            if exclusion != "relaxed" {
                assert_eq!(done["serializable"], true, "{command:?} {order:?}: {}", run.err);
            }
        }
        let refused = run(command, &["--engine", "sync"]);
        assert_eq!(refused.code, Some(2), "{}", refused.err);
        assert!(refused.err.contains("it has no ghost that a barrier could publish"), "{}", refused.err);
    }
}

#[test]
fn relaxed_runs_are_caught_by_the_auditor() {
    let folder = Folder::new();
    let graph = graph(&folder);
    let relaxed = ["--engine", "async", "--consistency", "relaxed", "--threads", "4", "--audit", "--json"];
    // Whether visits meet is up to the machine; over and over, they do.
    let caught = (0..30).any(|_| {
        let run = run(&["pagerank", &graph], &relaxed).ok();
        let done = run.last();
        assert_eq!(
            done["serializable"].as_bool().expect("it was asked for"),
            done["audit"].as_str().expect("a text").starts_with("serializable: ")
        );
        done["serializable"] == false
    });
    assert!(caught, "30 racy runs, and all had a serial order");
}

#[test]
fn what_does_not_go_together_is_refused_before_anything_is_read() {
    let own_order =
        "coloring under a scheduler with an order of its own is not admitted: the colors fix the order";
    let published = "coloring for published gathers is not admitted";
    let weaker = "a consistency model weaker than the program's own is not admitted";
    let barriers =
        "the scheduler fifo under the synchronous executor is not admitted: its order has no rounds";
    let beside = "expected --engine async beside";
    let cases: [(&[&str], &str); 14] = [
        (
            &["pagerank", "none", "--engine", "async", "--exclusion", "coloring", "--scheduler", "fifo"],
            own_order,
        ),
        (
            &["als", "none", "--engine", "async", "--exclusion", "coloring", "--scheduler", "priority"],
            own_order,
        ),
        (
            &["components", "none", "--engine", "async", "--exclusion", "coloring", "--scheduler", "rounds"],
            published,
        ),
        (
            &[
                "sssp",
                "none",
                "--source",
                "1",
                "--engine",
                "async",
                "--exclusion",
                "coloring",
                "--scheduler",
                "rounds",
            ],
            published,
        ),
        (&["pagerank", "none", "--engine", "async", "--consistency", "vertex"], weaker),
        (&["pagerank", "none", "--scheduler", "fifo"], barriers),
        (&["als", "none", "--scheduler", "fifo"], barriers),
        (
            &["components", "none", "--scheduler", "sweep"],
            "a sweep of everyone for published gathers is not admitted",
        ),
        (
            &["pagerank", "none", "--scheduler", "sweep:phases=sides"],
            "a scheduler of sides on this graph is not admitted",
        ),
        (&["als", "none", "--audit"], beside),
        (&["als", "none", "--exclusion", "locks"], beside),
        (&["pagerank", "none", "--consistency", "relaxed"], beside),
        (
            &["als", "none", "--engine", "async", "--consistency", "relaxed", "--exclusion", "locks"],
            "expected no --exclusion beside --consistency relaxed",
        ),
        (&["als", "none", "--scheduler", "sweep:sed=2"], "expected an option of sweep, found \"sed\""),
    ];
    let folder = Folder::new();
    for (arguments, sentence) in cases {
        // The input is not there, which would be 66.
        let run = gasworks(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(sentence), "{arguments:?}: {sentence} is not in {}", run.err);
        let output = folder.file("kept.tsv", "kept");
        if arguments[0] != "als" {
            let run = gasworks(&[arguments, &["--output", &output]].concat());
            assert_eq!((run.code, text(&output)), (Some(2), "kept".into()));
        }
    }
}

#[test]
fn limits_stop_a_run_without_barriers() {
    let folder = Folder::new();
    let graph = graph(&folder);
    let done = |arguments: &[&str]| {
        run(&["pagerank", &graph, "--engine", "async", "--exclusion", "locks", "--json"], arguments)
            .ok()
            .last()
    };
    assert_eq!(done(&["--iterations", "2"])["reason"], "iterations");
    assert_eq!(done(&["--max-seconds", "0"])["reason"], "time");
    let stopped = done(&["--max-updates", "700"]);
    assert_eq!((&stopped["reason"], &stopped["updates"]), (&"updates".into(), &700.into()));
}

#[test]
fn an_empty_graph_is_done_at_once() {
    for command in ["pagerank", "components"] {
        let arguments = [command, "-", "--engine", "async", "--audit", "--json"];
        let done = crate::gasworks_with(&arguments, b"").ok().last();
        assert_eq!((&done["reason"], &done["serializable"]), (&"drained".into(), &true.into()));
    }
}
