//! `lab`: a cell for each combination that the engine admits, and what the cells say.

use gasworks::schedulers::by_name;
use gasworks::{Case, Exclusion, Gathers, Model};
use serde_json::Value;

use crate::{Folder, gasworks, ratings};

fn graph(folder: &Folder) -> String {
    let path = folder.path("graph.txt");
    gasworks(&["generate", "rmat", "--scale", "9", "--edge-factor", "6", "-o", &path]).ok();
    path
}

fn cells(arguments: &[&str]) -> Vec<Value> {
    let events = gasworks(&[&["lab"], arguments, &["--json"]].concat()).ok().events();
    assert_eq!((&events[0]["event"], &events[0]["program"]), (&"start".into(), &"lab".into()));
    let cells: Vec<Value> = events.iter().filter(|event| event["event"] == "cell").cloned().collect();
    assert_eq!(events[0]["cells"], cells.len());
    assert_eq!(events[events.len() - 1]["event"], "done");
    cells
}

fn number(cell: &Value, name: &str) -> f64 {
    cell[name].as_f64().unwrap_or_else(|| panic!("no {name} in {cell}"))
}

/// Engine, scheduler, consistency, exclusion, threads: as one text, `-` where there is none.
fn name(cell: &Value) -> String {
    let text = |key: &str| cell[key].as_str().unwrap_or("-").to_owned();
    let parts = ["engine", "scheduler", "consistency", "exclusion"].map(text);
    format!("{} {}", parts.join(" "), cell["threads"])
}

/// What the engine's table admits of all schedulers, models, exclusions and 1 or 2 threads.
fn admitted(gathers: Option<Gathers>, schedulers: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for scheduler in schedulers {
        let rounds = by_name(scheduler).expect("a scheduler").selection().is_some();
        // A sweep of everyone has nothing to take from published gathers.
        if gathers.is_some() && rounds && (gathers == Some(Gathers::State) || *scheduler != "sweep") {
            names.extend([1, 2].map(|threads| format!("sync {scheduler} - - {threads}")));
        }
        for (model, asked) in [("vertex", Model::Vertex), ("edge", Model::Edge), ("full", Model::Full)] {
            for exclusion in Exclusion::ALL {
                let case = Case { gathers, declared: Model::Edge, asked, exclusion, rounds, plain: true };
                // Relaxed keeps no model, and is asked for once.
                let shown = if exclusion == Exclusion::Relaxed { "relaxed" } else { model };
                if case.admit().is_err() || exclusion == Exclusion::Relaxed && model != "edge" {
                    continue;
                }
                let threads = if exclusion == Exclusion::Serial { &[1][..] } else { &[1, 2] };
                let name = |threads| format!("async {scheduler} {shown} {exclusion} {threads}");
                names.extend(threads.iter().map(name));
            }
        }
    }
    names.sort();
    names
}

const MATRIX: [&str; 6] = [
    "--consistency",
    "vertex,edge,full,relaxed",
    "--threads",
    "1,2",
    "--schedulers",
    "rounds,sweep,fifo,priority",
];

#[test]
fn there_is_a_cell_for_each_admitted_combination_and_a_sentence_for_each_other() {
    let folder = Folder::new();
    let graph = graph(&folder);
    let programs = [
        ("pagerank", Some(Gathers::State)),
        ("components", Some(Gathers::Published)),
        ("sssp", Some(Gathers::Published)),
        ("color", None),
    ];
    for (program, gathers) in programs {
        let cells = cells(&[&[program, &graph, "--repeat", "1"], &MATRIX[..]].concat());
        let mut names: Vec<String> = cells.iter().map(name).collect();
        names.sort();
        assert_eq!(names, admitted(gathers, &["rounds", "sweep", "fifo", "priority"]), "{program}");

        let run =
            gasworks(&[&["lab", program, &graph, "--repeat", "1", "--json"], &MATRIX[..]].concat()).ok();
        let left_out: Vec<Value> =
            run.events().into_iter().filter(|event| event["event"] == "left_out").collect();
        // 4 schedulers: with barriers, and without under 3 models by 3 exclusions or relaxed.
        let orders: std::collections::BTreeSet<String> =
            names.iter().map(|name| name.rsplit_once(' ').expect("threads").0.to_owned()).collect();
        assert_eq!(orders.len() + left_out.len(), 4 * (1 + 3 * 3 + 1), "{program}");
        for event in &left_out {
            let message = event["message"].as_str().expect("a sentence");
            assert!(message.contains(" is not admitted: "), "{message}");
            assert!(run.err.contains(message), "{}", run.err);
        }
    }
}

#[test]
fn serializable_runs_end_where_they_should() {
    let folder = Folder::new();
    let graph = graph(&folder);
    for program in ["components", "sssp", "color"] {
        for cell in cells(&[program, &graph, "--threads", "1,2", "--repeat", "2", "--audit"]) {
            let kept = cell["consistency"] == "edge";
            if kept || program != "color" {
                assert_eq!(cell["objective"], 0.0, "{program}: {cell}");
            }
            if kept {
                assert_eq!(cell["serializable"], true, "{program}: {cell}");
            }
            assert_eq!(cell["seconds_each"].as_array().map(Vec::len), Some(2));
        }
    }
    for cell in cells(&["pagerank", &graph, "--threads", "2", "--tolerance", "1e-6"]) {
        assert!(number(&cell, "objective") < 1e-4, "{cell}");
        assert_eq!(cell["serializable"], Value::Null, "{cell}");
        let ends = ["converged", "drained"];
        assert!(ends.iter().any(|end| cell["reason"] == *end), "{cell}");
    }
}

#[test]
fn cells_tell_how_the_work_was_spread() {
    let folder = Folder::new();
    let graph = graph(&folder);
    let arguments = [
        "pagerank",
        &graph,
        "--threads",
        "1",
        "--exclusions",
        "serial,coloring",
        "--schedulers",
        "sweep,fifo",
    ];
    for cell in cells(&arguments) {
        let (updates, per_vertex) = (number(&cell, "updates"), number(&cell, "updates_per_vertex"));
        let vertices = updates / per_vertex;
        assert!((vertices - vertices.round()).abs() < 1e-6);
        let curve: Vec<[f64; 3]> = serde_json::from_value(cell["curve"].clone()).expect("points");
        assert!(curve.len() > 2 && curve.is_sorted_by(|a, b| a[0] <= b[0] && a[1] < b[1]));
        let last = curve[curve.len() - 1];
        assert_eq!((last[1], last[2]), (updates, number(&cell, "objective")));
        assert!(curve[0][2] > last[2]);
        let once = number(&cell, "updated_once");
        // Those without in-edges move once, unless everyone is visited in each round.
        let everyone = cell["engine"] == "sync" || cell["exclusion"] == "coloring";
        assert!(if everyone { once == 0.0 } else { once > 0.0 && once < 1.0 }, "{cell}");
    }
}

#[test]
fn factorizations_are_compared_by_their_test_error() {
    let folder = Folder::new();
    let ratings = folder.file("ratings.csv", ratings());
    let cells = cells(&[
        "als",
        &ratings,
        "--threads",
        "2",
        "--iterations",
        "8",
        "--audit",
        "--schedulers",
        "sweep(phases=sides),fifo",
    ]);
    assert!(cells.len() == 8, "{}", cells.len());
    for cell in cells {
        // A worker may sweep its own part of so small a graph alone, before another one wakes.
        let alone = cell["exclusion"] == "locks" || cell["exclusion"] == "relaxed";
        if cell["scheduler"] == "fifo" || !alone {
            assert!(number(&cell, "objective") < 0.7, "{cell}");
        }
        if cell["consistency"] == "edge" {
            assert_eq!(cell["serializable"], true, "{cell}");
        }
    }
}

#[cfg(feature = "samples")]
#[test]
fn races_show_on_the_sample_and_locks_prevent_them() {
    let arguments = ["color", "--threads", "2,4,8", "--schedulers", "sweep,priority", "--repeat", "20"];
    let cells = cells(&arguments);
    let conflicts = |exclusion: &str| {
        let of = cells.iter().filter(|cell| cell["exclusion"] == exclusion);
        of.map(|cell| number(cell, "objective")).fold(0.0, f64::max)
    };
    for exclusion in ["serial", "coloring", "locks"] {
        assert_eq!(conflicts(exclusion), 0.0);
    }
    if std::thread::available_parallelism().map_or(1, usize::from) > 1 {
        assert!(conflicts("relaxed") > 0.0, "120 racy colorings, and all were proper");
    }
}

#[test]
fn the_table_has_a_line_for_each_cell() {
    let folder = Folder::new();
    let graph = graph(&folder);
    let arguments = ["components", &graph, "--threads", "2"];
    let run = gasworks(&[&["lab"], &arguments[..]].concat()).ok();
    assert_eq!(run.out.lines().count(), cells(&arguments).len() + 1, "{}", run.out);
    assert!(run.out.starts_with("engine") && run.out.contains("wrong_labels"));
    assert!(run.err.contains("left out: async multiqueue_fifo edge coloring"), "{}", run.err);
}

#[test]
fn a_lab_of_nothing_is_refused() {
    for (arguments, part) in [
        (
            &["lab", "color", "none", "--schedulers", "fifo,quick"][..],
            "expected a scheduler, found \"quick\"",
        ),
        (&["lab", "tsp"], "pagerank"),
        (&["lab", "sssp", "none", "--threads", "0"], "at least one thread"),
        (&["lab", "als", "none", "--consistency", "weak"], "relaxed"),
    ] {
        let run = gasworks(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(part), "{arguments:?}: {part} is not in {}", run.err);
    }
    assert_eq!(gasworks(&["lab", "pagerank", "/nowhere/none"]).code, Some(66));
}
