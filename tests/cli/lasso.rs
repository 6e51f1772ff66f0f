//! `lasso`: the conditions of an optimum, computed from the file alone, and every kind of bad row.

use std::collections::BTreeMap;
use std::io::Write;

use crate::{Folder, gasworks, gasworks_with, text};

/// Rows in which few of many features count; sparse, with gaps between the indices.
fn observations() -> String {
    let mut rows = String::new();
    let mut state = 1u64;
    // Any spread will do.
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    for _ in 0..80 {
        let mut row = String::new();
        let mut y = 0.2 * draw();
        for feature in 1..60u64 {
            if draw() > 0.1 {
                let x = (draw() * 1000.0).round() / 256.0;
                row += &format!(" {}:{x}", feature * 7);
                y += x * [3.0, 0.0, 0.0, -2.0, 0.0, 0.0, 0.0][feature as usize % 7] / feature as f64;
            }
        }
        rows += &format!("{y}{row}\n");
    }
    rows
}

type Row = (f64, BTreeMap<u64, f64>);

fn parse(rows: &str) -> Vec<Row> {
    let row = |line: &str| {
        let mut fields = line.split_whitespace();
        let target = fields.next().expect("a target").parse().expect("a number");
        let entry = |field: &str| {
            let (index, value) = field.split_once(':').expect("a colon");
            (index.parse().expect("an index"), f64::from(value.parse::<f32>().expect("a number")))
        };
        (target, fields.map(entry).collect())
    };
    rows.lines().map(row).collect()
}

/// How far weights are from the conditions of Karush, Kuhn and Tucker; and their objective.
fn judge(rows: &[Row], weights: &BTreeMap<u64, f64>, lambda: f64) -> (f64, f64) {
    let residual = |(y, xs): &Row| y - xs.iter().map(|(feature, x)| x * weights[feature]).sum::<f64>();
    let residuals: Vec<f64> = rows.iter().map(residual).collect();
    let mut worst = 0.0f64;
    for (feature, weight) in weights {
        let pull: f64 =
            rows.iter().zip(&residuals).filter_map(|((_, xs), r)| Some(xs.get(feature)? * r)).sum();
        worst = worst.max(match weight {
            0.0 => (pull.abs() - lambda).max(0.0),
            weight => (pull - lambda * weight.signum()).abs(),
        });
    }
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    (worst, squares / 2.0 + lambda * weights.values().map(|w| w.abs()).sum::<f64>())
}

fn weights(table: &str) -> BTreeMap<u64, f64> {
    let row = |line: &str| {
        let (index, weight) = line.split_once('\t').expect("a tab");
        assert_ne!(weight, "-0");
        (index.parse().expect("an index"), weight.parse().expect("a weight"))
    };
    table.lines().map(row).collect()
}

#[test]
fn weights_are_optimal_in_every_order() {
    let folder = Folder::new();
    let (data, output) = (folder.file("data.libsvm", observations()), folder.path("weights.tsv"));
    let rows = parse(&observations());
    let orders: [&[&str]; 6] = [
        &[],
        &["--exclusion", "serial", "--scheduler", "rounds"],
        &["--exclusion", "locks", "--threads", "2", "--scheduler", "multiqueue_fifo"],
        &["--exclusion", "locks", "--threads", "3", "--scheduler", "priority"],
        &["--exclusion", "coloring", "--scheduler", "rounds"],
        // Everyone in each round: it must end all the same.
        &["--exclusion", "coloring", "--scheduler", "sweep"],
    ];
    for lambda in [8.0, 0.5] {
        let mut least = f64::INFINITY;
        for order in orders {
            let options =
                ["--lambda", &lambda.to_string(), "--tolerance", "1e-9", "--output", &output, "--json"];
            let run = gasworks(&[&["lasso", &data], &options[..], order].concat()).ok();
            let found = weights(&text(&output));
            assert_eq!(found.len(), 59);
            let (violation, objective) = judge(&rows, &found, lambda);
            assert!(violation < 1e-6, "{order:?}: {violation}");
            let metrics = &run.last()["metrics"];
            let number = |name: &str| metrics[name].as_f64().expect("a number");
            assert!((number("objective") - objective).abs() < 1e-9 * objective && number("violation") < 1e-6);
            assert_eq!(number("nonzeros") as usize, found.values().filter(|w| **w != 0.0).count());
            least = least.min(objective);
            assert!(objective - least < 1e-9 * least, "{order:?}");
            assert!(found.values().filter(|w| **w == 0.0).count() > 5, "lambda {lambda} keeps features out");
        }
    }
}

#[test]
fn lambda_is_a_tenth_of_what_holds_all_weights_at_zero() {
    let rows = observations();
    let parsed = parse(&rows);
    let features: BTreeMap<u64, f64> = (1..60).map(|feature| (feature * 7, 0.0)).collect();
    let pull =
        |feature: &u64| -> f64 { parsed.iter().filter_map(|(y, xs)| Some(xs.get(feature)? * y)).sum() };
    let most = features.keys().map(|feature| pull(feature).abs()).fold(0.0, f64::max);
    let run = gasworks_with(&["lasso", "-", "--json"], rows.as_bytes()).ok();
    let start = &run.events()[0];
    assert!((start["lambda"].as_f64().expect("a number") - most / 10.0).abs() < 1e-9 * most);
    assert_eq!((&start["features"], &start["observations"]), (&59.into(), &80.into()));
    assert!(run.err.contains("a tenth of it is taken"), "{}", run.err);
    let above = (most * 1.001).to_string();
    let done = gasworks_with(&["lasso", "-", "--json", "--lambda", &above], rows.as_bytes()).ok().last();
    assert_eq!(done["metrics"]["nonzeros"], 0);
    let below = (most * 0.999).to_string();
    let done = gasworks_with(&["lasso", "-", "--json", "--lambda", &below], rows.as_bytes()).ok().last();
    assert_eq!(done["metrics"]["nonzeros"], 1);
}

#[test]
fn the_greatest_weights_are_printed() {
    // y = 2 * the first; 14 w = 28 - 0.7.
    let rows = b"2 5:1\n4 5:2 9000000000:1\n6 5:3 9000000000:-1\n";
    let run = gasworks_with(&["lasso", "-", "--lambda", "0.7"], rows).ok();
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!((lines[1], lines.len()), ("1 of 2 weights are not 0", 3));
    let (index, weight) = lines[2].split_once('\t').expect("a tab");
    assert!(index == "5" && (weight.parse::<f64>().expect("a number") - 1.95).abs() < 1e-6, "{}", run.out);
    assert!(run.err.contains("verified: the conditions of an optimum hold to"), "{}", run.err);
    // One visit at a time, however many threads there are.
    let again = gasworks_with(&["lasso", "-", "--lambda", "0.7", "--threads", "3"], rows).ok();
    assert_eq!(again.out, run.out);
    // Least squares.
    let run = gasworks_with(&["lasso", "-", "--lambda", "0", "-o", "-"], rows).ok();
    let found = weights(&run.out);
    assert!((found[&5] - 2.0).abs() < 1e-6 && found[&9_000_000_000].abs() < 1e-6);
}

#[test]
fn packed_and_odd_files_are_read_as_meant() {
    let rows = "1.5 1:2 3:4\n-1 3:1\n";
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(rows.as_bytes()).expect("memory");
    let expected = gasworks_with(&["lasso", "-", "-o", "-"], rows.as_bytes()).ok().out;
    assert_eq!(expected.lines().count(), 2);
    let commented = format!("# two rows\r\n\r\n{}", rows.replace('\n', " # a row\r\n"));
    for odd in
        [packer.finish().expect("memory"), commented.into_bytes(), format!("\u{feff}{rows}").into_bytes()]
    {
        assert_eq!(gasworks_with(&["lasso", "-", "-o", "-"], &odd).ok().out, expected);
    }
    let run = gasworks_with(&["lasso", "-", "--json"], b"1\n2\n").ok();
    assert!(run.err.contains("note: standard input: no observation has a feature"), "{}", run.err);
    assert_eq!(run.last()["metrics"]["objective"], 2.5);
}

#[test]
fn rows_that_cannot_be_used() {
    for (input, part) in [
        ("", "expected at least one observation, found none"),
        ("1 1:1\n1 2:NaN\n", ":2: column 2: expected a finite value, found \"NaN\""),
        ("inf 2:1\n", ":1: column 1: expected a finite target"),
        (
            "1 0:1\n",
            ":1: column 2: expected a feature index from 1, found \"0\"; LIBSVM counts features from 1",
        ),
        ("1 3:1 3:1\n", "expected each feature at most once in a row"),
        ("1 3:1 2:1\n", "expected a feature index above 3, since they ascend in a row, found \"2\""),
        ("one 1:1\n", "expected a target such as 4.5, found \"one\""),
        ("1,5 1:1\n", "write decimals with a point"),
        ("1 1:1 2\n", "expected a feature such as 3:0.25, found \"2\""),
        ("1,2,3\n", "expected a target such as 4.5, found \"1,2,3\""),
    ] {
        let run = gasworks_with(&["lasso", "-", "--json"], input.as_bytes());
        assert_eq!(run.code, Some(65), "{input:?}: {}", run.err);
        assert!(
            run.err.contains("standard input") && run.err.contains(part),
            "{input:?}: {part} is not in {}",
            run.err
        );
        assert_eq!(run.last()["event"], "error");
    }
    for (arguments, part) in [
        (["lasso", "none", "--lambda", "-1"], "expected a number, 0 or more"),
        (["lasso", "none", "--tolerance", "0"], "expected a number above 0"),
        (
            ["lasso", "none", "--consistency", "edge"],
            "a consistency model weaker than the program's own is not admitted",
        ),
        (
            ["lasso", "none", "--engine", "sync"],
            "an update function under the synchronous executor is not admitted",
        ),
    ] {
        let run = gasworks(&arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(part), "{arguments:?}: {part} is not in {}", run.err);
    }
}
