//! `color`: proper whatever the order, said to be so, and not where nothing was promised.

use crate::{Folder, gasworks, gasworks_with, text};

/// A complete graph of four with a tail, in both directions, with a self-loop and parallel edges.
const GRAPH: &[u8] = b"30 10\n10 20\n20 30\n40 10\n40 20\n30 40\n40 7\n7 40\n7 7\n10 20\n";

#[test]
fn colors_are_proper_and_few() {
    let run = gasworks_with(&["color", "-", "-o", "-"], GRAPH).ok();
    let colors: Vec<(&str, u32)> = run
        .out
        .lines()
        .map(|line| line.split_once('\t').expect("a tab"))
        .map(|(id, color)| (id, color.parse().expect("a color")))
        .collect();
    let ids: Vec<&str> = colors.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, ["7", "10", "20", "30", "40"]);
    let mut clique: Vec<u32> = colors[1..].iter().map(|(_, color)| *color).collect();
    clique.sort_unstable();
    assert_eq!(clique, [0, 1, 2, 3]);
    assert!(colors[0].1 < 2 && colors[0].1 != colors[4].1);
    assert!(run.err.contains("verified: no edge joins two vertices of one color"), "{}", run.err);

    let table = gasworks_with(&["color", "-"], GRAPH).ok().out;
    let sizes = table
        .lines()
        .skip(1)
        .map(|line| line.split_once('\t').expect("a tab").1.parse::<u32>().expect("a size"));
    assert!(table.starts_with("4 colors\n0\t") && sizes.sum::<u32>() == 5, "{table}");
    let done = gasworks_with(&["color", "-", "--json"], GRAPH).ok().last();
    for (metric, count) in [("colors", 4), ("conflicts", 0), ("uncolored", 0)] {
        assert_eq!(done["metrics"][metric], count, "{done}");
    }
    assert_eq!((&done["updates"], &done["reason"]), (&5.into(), &"drained".into()));
}

#[test]
fn every_edge_of_a_written_coloring_is_proper() {
    let folder = Folder::new();
    let (graph, output) = (folder.path("graph.txt"), folder.path("colors.tsv"));
    gasworks(&["generate", "rmat", "--scale", "11", "--edge-factor", "8", "-o", &graph]).ok();
    let pairs = text(&graph);
    let pairs = || {
        pairs.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(['\t', ' ']))
    };
    for order in [&[][..], &["--exclusion", "locks"], &["--exclusion", "serial", "--scheduler", "fifo"]] {
        gasworks(&[&["color", &graph, "-o", &output, "--threads", "2"], order].concat()).ok();
        let written = text(&output);
        let colors: std::collections::HashMap<&str, &str> =
            written.lines().map(|line| line.split_once('\t').expect("a tab")).collect();
        assert!(pairs().count() > 10_000);
        for (a, b) in pairs().filter(|(a, b)| a != b) {
            assert_ne!(colors[a], colors[b], "{a} and {b} under {order:?}");
        }
    }
}

#[test]
fn a_run_that_ends_early_says_who_has_no_color() {
    let arguments = ["color", "-", "--exclusion", "serial", "--max-updates", "2"];
    let run = gasworks_with(&[&arguments[..], &["-o", "-"]].concat(), GRAPH).ok();
    assert_eq!(run.out, "7\t0\n10\t0\n20\tnone\n30\tnone\n40\tnone\n");
    assert!(run.err.contains("note: 3 vertices were not reached and have no color"), "{}", run.err);
    let done = gasworks_with(&[&arguments[..], &["--json"]].concat(), GRAPH).ok().last();
    assert_eq!((&done["reason"], &done["metrics"]["uncolored"]), (&"updates".into(), &3.into()));
}

#[test]
fn colors_have_the_same_bits_for_every_number_of_threads() {
    let folder = Folder::new();
    let graph = folder.path("graph.txt");
    gasworks(&["generate", "rmat", "--scale", "11", "-o", &graph]).ok();
    for command in ["color", "kcore", "communities"] {
        let of = |threads| gasworks(&[command, &graph, "--threads", threads, "-o", "-"]).ok().out;
        let one = of("1");
        assert!(one.lines().count() > 1000);
        assert!(["2", "3", "8"].iter().all(|threads| of(threads) == one), "{command}");
    }
}
