//! `hits`: hubs and authorities that are known, in the input's ids.

use crate::{Folder, gasworks, gasworks_with, text};

/// Id, hub, authority.
fn scores(table: &str) -> Vec<(String, f64, f64)> {
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, hub, authority] = fields[..] else { panic!("{line}") };
        (id.to_owned(), hub.parse().expect("a number"), authority.parse().expect("a number"))
    };
    table.lines().map(row).collect()
}

fn near(found: &str, expected: &[(&str, f64, f64)]) {
    let found = scores(found);
    assert_eq!(found.len(), expected.len());
    for ((id, hub, authority), wanted) in found.iter().zip(expected) {
        let near = (hub - wanted.1).abs() < 1e-6 && (authority - wanted.2).abs() < 1e-6;
        assert!(id == wanted.0 && near, "{found:?}, expected {wanted:?}");
    }
}

/// 30 links to 10 and 20, and 10 to 20: the golden section, twice.
const GRAPH: &[u8] = b"30 10\n30 20\n10 20\n";
const GOLDEN: f64 = 0.618_033_988_75;

#[test]
fn scores_are_the_first_singular_vectors() {
    let run = gasworks_with(&["hits", "-", "--tolerance", "1e-12", "-o", "-"], GRAPH).ok();
    let rest = 1.0 - GOLDEN;
    near(&run.out, &[("10", rest, rest), ("20", 0.0, GOLDEN), ("30", GOLDEN, 0.0)]);
    assert!(run.err.contains("converged"), "{}", run.err);
    // Each edge in both directions is a triangle: all are alike.
    let run = gasworks_with(&["hits", "-", "--undirected", "-o", "-"], GRAPH).ok();
    let third = 1.0 / 3.0;
    near(&run.out, &[("10", third, third), ("20", third, third), ("30", third, third)]);
    // Of two parts, the one with parallel edges is stronger, and the other vanishes; unless they count once.
    let parts = b"1 2\n1 2\n3 4\n";
    let run = gasworks_with(&["hits", "-", "-o", "-"], parts).ok();
    near(&run.out, &[("1", 1.0, 0.0), ("2", 0.0, 1.0), ("3", 0.0, 0.0), ("4", 0.0, 0.0)]);
    let run = gasworks_with(&["hits", "-", "-o", "-", "--parallel-edges", "drop"], parts).ok();
    near(&run.out, &[("1", 0.5, 0.0), ("2", 0.0, 0.5), ("3", 0.5, 0.0), ("4", 0.0, 0.5)]);
}

#[test]
fn the_best_of_both_are_listed() {
    let run = gasworks_with(&["hits", "-"], GRAPH).ok();
    let ids: Vec<&str> = run.out.lines().map(|line| line.split_once('\t').expect("a tab").0).collect();
    assert_eq!(ids, ["30", "10", "20", "20", "10", "30"]);
    assert!(run.err.contains("best hubs:") && run.err.contains("best authorities:"), "{}", run.err);
    let run = gasworks_with(&["hits", "-", "--json", "--tolerance", "0", "--iterations", "7"], GRAPH).ok();
    let done = run.last();
    assert_eq!((&done["reason"], &done["iterations"]), (&"iterations".into(), &7.into()));
    assert_eq!((&done["hubs"][0][0], &done["authorities"][0][0]), (&"30".into(), &"20".into()));
    let residuals: Vec<f64> = run.events()[1..8]
        .iter()
        .map(|event| event["metrics"]["residual"].as_f64().expect("a number"))
        .collect();
    assert!(residuals[1..].is_sorted_by(|before, after| after < before), "{residuals:?}");
}

#[test]
fn scores_have_the_same_bits_for_every_number_of_threads_and_format() {
    let folder = Folder::new();
    let (graph, stored) = (folder.path("graph.txt"), folder.path("graph.bin"));
    gasworks(&["generate", "rmat", "--scale", "11", "-o", &graph]).ok();
    gasworks(&["convert", &graph, "-o", &stored]).ok();
    let output = folder.path("scores.tsv");
    let of = |input: &str, threads| {
        gasworks(&["hits", input, "--threads", threads, "-o", &output, "--quiet"]).ok();
        text(&output)
    };
    let one = of(&graph, "1");
    assert!(one.lines().count() > 1000);
    let (hubs, authorities) = scores(&one).iter().fold((0.0, 0.0), |sum, row| (sum.0 + row.1, sum.1 + row.2));
    assert!((hubs - 1.0).abs() < 1e-4 && (authorities - 1.0).abs() < 1e-4, "{hubs}, {authorities}");
    for (input, threads) in [(&graph, "2"), (&graph, "3"), (&graph, "8"), (&stored, "2")] {
        assert!(of(input, threads) == one, "{input} on {threads} threads");
    }
}

#[test]
fn without_edges_nobody_has_a_score() {
    let matrix = b"%%MatrixMarket matrix coordinate pattern general\n2 2 0\n";
    let run = gasworks_with(&["hits", "-", "-o", "-"], matrix).ok();
    assert_eq!(run.out, "1\t0\t0\n2\t0\t0\n");
    assert_eq!(gasworks_with(&["hits", "-", "-o", "-"], b"").ok().out, "");
}
