//! `lab`: a cell for each combination that the engine admits, and what the cells say.

use gasworks::schedulers::by_name;
use gasworks::{Case, Exclusion, Gathers, Model, ProgramKind};
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
fn admitted(kind: ProgramKind, schedulers: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for scheduler in schedulers {
        let rounds = by_name(scheduler).expect("a scheduler").selection().is_some();
        // A sweep of everyone has nothing to take from published gathers.
        if rounds
            && (kind == ProgramKind::Vertex(Gathers::State)
                || kind != ProgramKind::Update && *scheduler != "sweep")
        {
            names.extend([1, 2].map(|threads| format!("sync {scheduler} - - {threads}")));
        }
        for (model, asked) in [("vertex", Model::Vertex), ("edge", Model::Edge), ("full", Model::Full)] {
            for exclusion in Exclusion::ALL {
                let case = Case { kind, declared: Model::Edge, asked, exclusion, rounds, plain: true };
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
        ("pagerank", ProgramKind::Vertex(Gathers::State)),
        ("components", ProgramKind::Vertex(Gathers::Published)),
        ("sssp", ProgramKind::Vertex(Gathers::Published)),
        ("color", ProgramKind::Update),
        ("kcore", ProgramKind::Update),
    ];
    for (program, kind) in programs {
        let cells = cells(&[&[program, &graph, "--repeat", "1"], &MATRIX[..]].concat());
        let mut names: Vec<String> = cells.iter().map(name).collect();
        names.sort();
        assert_eq!(names, admitted(kind, &["rounds", "sweep", "fifo", "priority"]), "{program}");

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
    for program in ["components", "sssp", "color", "kcore"] {
        for cell in cells(&[program, &graph, "--threads", "1,2", "--repeat", "2", "--audit"]) {
            let kept = cell["consistency"] == "edge";
            // Relaxed, two neighbors that lower their bounds at once may both miss whom to wake.
            if kept || !matches!(program, "color" | "kcore") {
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

#[test]
fn sampled_marginals_and_sparse_weights_are_compared_with_exact_ones() {
    let folder = Folder::new();
    let model = folder.file("model.uai", "MARKOV 3 2 2 2 2 2 0 1 2 1 2 4 3 1 1 3 4 1 2 2 1");
    let orders = ["--exclusions", "serial,coloring", "--consistency", "edge", "--schedulers", "rounds,fifo"];
    for cell in cells(&[&["gibbs", &model, "--threads", "2", "--audit"], &orders[..]].concat()) {
        assert!(number(&cell, "objective") < 0.03, "{}", name(&cell));
        assert_eq!(number(&cell, "updates_per_vertex"), 4200.0);
        assert_eq!(cell["serializable"], true, "{}", name(&cell));
    }
    let rows: String =
        (1..40).map(|i| format!("{} {}:1 {}:{}\n", i % 7, 1 + i % 3, 4 + i % 5, i % 4 + 1)).collect();
    let data = folder.file("data.libsvm", rows);
    let cells = cells(&["lasso", &data, "--threads", "2", "--audit"]);
    assert!(cells.iter().any(|cell| cell["exclusion"] == "coloring" && cell["consistency"] == "full"));
    for cell in cells.iter().filter(|cell| cell["consistency"] == "full") {
        assert!(number(cell, "objective") < 1e-9, "{cell}");
        assert!(number(cell, "residual_error") < 1e-9 && cell["serializable"] == true, "{cell}");
    }
    let wide = folder.path("wide.uai");
    let pairs: Vec<[u32; 2]> = (0..24).flat_map(|a| (0..a).map(move |b| [b, a])).collect();
    let scopes: String = pairs.iter().map(|[a, b]| format!("2 {a} {b}\n")).collect();
    let text = format!(
        "MARKOV 24 {} {}\n{scopes}{}",
        "2 ".repeat(24),
        pairs.len(),
        "4 2 1 1 2\n".repeat(pairs.len())
    );
    std::fs::write(&wide, text).expect("a file");
    let run = gasworks(&["lab", "gibbs", &wide]);
    assert_eq!(run.code, Some(65));
    assert!(run.err.contains("loops that are too wide for variable elimination"), "{}", run.err);
}

#[test]
fn descent_by_blocks_has_the_same_bits_where_racing_steps_need_not() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let found = cells(&["sgd", &input, "--threads", "1,2,3", "--iterations", "6"]);
    let names: Vec<String> = found.iter().map(name).collect();
    let expected = ["serial 1", "grid 1", "grid 2", "grid 3", "relaxed 1", "relaxed 2", "relaxed 3"];
    let kept = |name: &str| if name.starts_with("relaxed") { "relaxed" } else { "full" };
    assert_eq!(names, expected.map(|name| format!("async grid {} {name}", kept(name))));
    for cell in &found {
        assert!(number(cell, "objective") < 0.9, "{cell}");
        assert_eq!(cell["curve"].as_array().map(Vec::len), Some(6));
        if cell["exclusion"] != "relaxed" {
            assert_eq!(cell["objective"], found[0]["objective"], "{cell}");
        }
    }
    let longer = cells(&["sgd", &input, "--threads", "1", "--iterations", "7", "--exclusions", "grid"]);
    assert!(longer.len() == 1 && longer[0]["objective"] != found[0]["objective"], "{longer:?}");
    let run = gasworks(&["lab", "sgd", &input, "--exclusions", "locks", "--threads", "2"]).ok();
    assert!(run.err.contains("left out: async grid locks"), "{}", run.err);
}

/// Whether threads run at once here.
fn has_cores() -> bool {
    std::thread::available_parallelism().map_or(1, usize::from) > 1
}

#[test]
fn without_an_input_races_show_and_exclusion_prevents_them() {
    let arguments = ["color", "--threads", "2,4,8", "--schedulers", "sweep,priority", "--repeat", "20"];
    let cells = cells(&arguments);
    let of = |exclusion: &'static str| cells.iter().filter(move |cell| cell["exclusion"] == exclusion);
    let conflicts = |exclusion| of(exclusion).map(|cell| number(cell, "objective")).fold(0.0, f64::max);
    for exclusion in ["serial", "coloring", "locks"] {
        assert_eq!(conflicts(exclusion), 0.0);
        // One more run of each is looked at, and not timed.
        assert!(of(exclusion).all(|cell| cell["serializable"] == true));
        assert!(of(exclusion).all(|cell| cell["seconds_each"].as_array().map(Vec::len) == Some(20)));
    }
    if has_cores() {
        assert!(conflicts("relaxed") > 0.0, "120 racy colorings, and all were proper");
        assert!(of("relaxed").any(|cell| cell["serializable"] == false));
    }
}

#[cfg(feature = "samples")]
#[test]
fn without_an_input_racy_factorizations_are_told_from_serializable_ones() {
    let orders = ["--engines", "async", "--schedulers", "fifo,multiqueue_fifo", "--threads", "4"];
    let cells = cells(&[&["als", "--iterations", "2"], &orders[..]].concat());
    let racy = |cell: &&Value| cell["exclusion"] == "relaxed";
    assert!(cells.iter().filter(|cell| !racy(cell)).all(|cell| cell["serializable"] == true));
    if has_cores() {
        let caught = cells.iter().filter(racy).filter(|cell| cell["witness"].is_string());
        assert!(caught.count() > 0, "racy runs on the sample, and all had a serial order");
    }
}

#[test]
fn without_an_input_dynamic_pagerank_leaves_vertices_alone_that_round_robin_visits() {
    let orders = [
        "--schedulers",
        "sweep",
        "--exclusions",
        "serial,coloring",
        "--consistency",
        "edge",
        "--threads",
        "1",
    ];
    let cells = cells(&[&["pagerank", "--engines", "async"], &orders[..]].concat());
    let of = |exclusion: &str, name| {
        number(cells.iter().find(|cell| cell["exclusion"] == exclusion).expect("a cell"), name)
    };
    // Serial sweeps visit whom a change woke; under coloring a sweep visits everyone in each round.
    assert!(of("serial", "updated_once") > 0.1 && of("coloring", "updated_once") == 0.0);
    assert!(of("serial", "updates") < 0.7 * of("coloring", "updates"));
    assert!(of("serial", "objective") < 1e-3 && of("coloring", "objective") < 1e-3);
    // What it runs on can be had.
    let folder = Folder::new();
    let path = folder.path("graph.txt");
    let command = "generate rmat --scale 15 --edge-factor 4 --seed 7";
    gasworks(&[&command.split(' ').collect::<Vec<_>>()[..], &["-o", &path]].concat()).ok();
    let once = ["--engines", "sync", "--threads", "1", "--json", "--schedulers", "rounds"];
    let generated = gasworks(&[&["lab", "components", "--seed", "7"], &once[..]].concat()).ok();
    let read = gasworks(&[&["lab", "components", &path], &once[..]].concat()).ok();
    let said = format!("using a generated R-MAT graph, which gasworks {command} writes");
    assert!(generated.err.contains(&said), "{}", generated.err);
    for (start, name) in [(0, "vertices"), (0, "edges"), (1, "updates")] {
        assert_eq!(generated.events()[start][name], read.events()[start][name], "{name}");
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
        (
            &["lab", "gibbs", "none", "--undirected"],
            "options that mean something for gibbs, found --undirected",
        ),
        (
            &["lab", "lasso", "none", "--format", "csv"],
            "options that mean something for lasso, found --format",
        ),
        (&["lab", "color", "none", "--source", "1"], "options that mean something for color, found --source"),
        (&["lab", "sssp", "none", "--threads", "0"], "at least one thread"),
        (
            &["lab", "sgd", "none", "--consistency", "edge"],
            "options that mean something for sgd, found --consistency",
        ),
        (&["lab", "als", "none", "--exclusions", "relaxed"], "found --exclusions relaxed"),
        (&["lab", "als", "none", "--consistency", "weak"], "relaxed"),
    ] {
        let run = gasworks(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(part), "{arguments:?}: {part} is not in {}", run.err);
    }
    assert_eq!(gasworks(&["lab", "pagerank", "/nowhere/none"]).code, Some(66));
}
