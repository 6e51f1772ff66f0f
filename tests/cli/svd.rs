//! `svd`: values that are known, vectors that multiply out, refusals.

use serde_json::Value;

use crate::{Folder, gasworks, gasworks_with, ratings, read, text};

/// [[2, -1, 0], [1, 2, 0], [0, 0, 0]]: singular values sqrt(5) twice; a row and a column without entries are left out.
const TWICE: &str = "%%MatrixMarket matrix coordinate real general\n3 3 4\n1 1 2\n1 2 -1\n2 1 1\n2 2 2\n";

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

#[test]
fn values_of_a_small_matrix_with_negative_entries_are_printed() {
    let run = gasworks_with(&["svd", "-", "--rank", "2"], TWICE.as_bytes()).ok();
    let found: Vec<f64> = run
        .out
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().nth(1).expect("a value").parse().expect("a number"))
        .collect();
    assert_eq!(found.len(), 2, "{}", run.out);
    let root = 5.0_f64.sqrt();
    for (found, expected) in found.iter().zip([root, root]) {
        assert!((found - expected).abs() < 1e-14, "{}", run.out);
    }
    assert!(run.err.contains("2 rows, 2 columns, 4 entries"), "{}", run.err);
}

/// Every entry of a matrix of full rank is the sum over all triples.
#[test]
fn vectors_and_values_multiply_out_to_the_matrix() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let output = folder.path("x.txt");
    let run = gasworks(&["svd", &input, "--rank", "40", "--output", &output, "--json"]).ok();
    let done = run.last();
    assert_eq!((&done["reason"], &done["metrics"]["converged"]), (&"converged".into(), &40.into()));
    let values = numbers(&done["singular_values"]);
    assert!(values.is_sorted_by(|a, b| a >= b));
    let side = |name: &str| -> Vec<(String, Vec<f64>)> {
        let line = |line: &str| {
            let (id, row) = line.split_once('\t').expect("a tab");
            (id.to_owned(), row.split(' ').map(|x| x.parse().expect("a number")).collect())
        };
        text(folder.path(name)).lines().map(line).collect()
    };
    let (left, right) = (side("x.left.txt"), side("x.right.txt"));
    assert_eq!((left.len(), right.len()), (60, 40));
    let table = ratings();
    let mut entries: std::collections::HashMap<(&str, &str), f64> = table
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<_> = line.split(',').collect();
            ((fields[0], fields[1]), fields[2].parse().expect("a number"))
        })
        .collect();
    for (row, u) in &left {
        for (column, v) in &right {
            let product: f64 = values.iter().zip(u).zip(v).map(|((s, u), v)| s * u * v).sum();
            let expected = entries.remove(&(row.as_str(), column.as_str())).unwrap_or(0.0);
            assert!((product - expected).abs() < 1e-11, "{row}, {column}: {product}, not {expected}");
        }
    }
    assert!(entries.is_empty());
}

#[test]
fn bits_depend_on_the_seed_alone_and_limits_stop() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let bits = |options: &[&str]| {
        let output = folder.path("x.npy");
        let arguments = ["svd", &input, "--rank", "4", "--basis", "8", "-q", "-o", &output];
        let run = gasworks(&[&arguments[..], options].concat()).ok();
        assert_eq!(run.out, "", "quiet, and the vectors have a file");
        [read(folder.path("x.left.npy")), read(folder.path("x.right.npy"))]
    };
    let first = bits(&["--threads", "1"]);
    assert!(first[0].windows(5).any(|part| part == b"'<f8'"));
    assert!(bits(&["--threads", "3"]) == first);
    assert!(bits(&["--seed", "5"]) != first);

    let end = |options: &[&str]| {
        let arguments = ["svd", &input, "--rank", "6", "--basis", "8", "--json"];
        let run = gasworks(&[&arguments[..], options].concat()).ok();
        (run.events(), run.err)
    };
    let (events, _) = end(&[]);
    let start = &events[0];
    let named = ["program", "rows", "columns", "rank", "basis"].map(|name| start[name].clone());
    assert_eq!(named, ["svd".into(), Value::from(60), 40.into(), 6.into(), 8.into()]);
    let rounds = events.iter().filter(|event| event["event"] == "progress").count() as u64;
    let done = events.last().expect("it ends");
    assert_eq!((&done["reason"], &done["iterations"]), (&"converged".into(), &rounds.into()));
    assert!(numbers(&done["residuals"]).iter().all(|r| *r <= 1e-8 * numbers(&done["singular_values"])[0]));
    for (options, reason) in [
        (["--iterations", "1"], "iterations"),
        (["--max-updates", "1"], "updates"),
        (["--max-seconds", "0"], "time"),
    ] {
        let (events, err) = end(&[&options[..], &["--tolerance", "1e-13"]].concat());
        assert_eq!(events.last().expect("it ends")["reason"], reason, "{options:?}");
        assert!(err.contains("within the tolerance"), "{err}");
    }
}

#[test]
fn what_it_does_not_have_is_refused() {
    let folder = Folder::new();
    let input = folder.file("matrix.mtx", TWICE);
    for (options, code, part) in [
        (&["--rank", "4"][..], 2, "a rank from 1 to 2"),
        (&["--rank", "1", "--basis", "1"], 2, "more than 1 vectors"),
        (&["--tolerance", "-1"], 2, "from 0"),
        (&["--output", "x.csv"], 2, ".npy or .txt"),
        (&["--output", "x.safetensors"], 2, ".npy or .txt"),
        (&["--scheduler", "fifo"], 2, "--scheduler"),
        (&["--titles", "x"], 2, "--titles"),
    ] {
        let run = gasworks(&[&["svd", &input], options].concat());
        assert_eq!(run.code, Some(code), "{options:?}: {}", run.err);
        assert!(run.err.contains(part), "{options:?}: {part} is not in {}", run.err);
    }
    let run = gasworks_with(&["svd", "-", "--json"], b"1,2,3\n1,3,nan\n");
    assert_eq!((run.code, run.last()["line"].as_u64()), (Some(65), Some(2)), "{}", run.err);
}
