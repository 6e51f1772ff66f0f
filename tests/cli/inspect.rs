//! `inspect`: counts of what is in a file.

use crate::{Folder, gasworks, gasworks_with, ratings};

#[test]
fn ratings_are_told_by_their_header() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let event = gasworks(&["inspect", &input, "--json"]).ok().last();
    assert_eq!((&event["kind"], &event["format"]), (&"ratings".into(), &"csv".into()));
    assert_eq!((&event["users"], &event["items"], &event["duplicates"]), (&60.into(), &40.into(), &0.into()));
    assert_eq!(event["values"]["most"], 4.5);
    let rated = event["degrees"]
        .as_array()
        .expect("a table")
        .iter()
        .map(|row| row["users"].as_u64().expect("a number"));
    assert_eq!(rated.sum::<u64>(), 60, "each user is in one row");
    let run = gasworks(&["inspect", &input]).ok();
    assert!(
        run.out.contains("ratings per user    least ") && run.err.contains("read as ratings"),
        "{}",
        run.out
    );
}

#[test]
fn graphs_show_what_policies_would_change() {
    let graph = b"1 2\n1 2\n2 1\n3 3\n";
    let event = gasworks_with(&["inspect", "-", "--json"], graph).ok().last();
    for (name, count) in [
        ("vertices", 3),
        ("edges", 4),
        ("self_loops", 1),
        ("parallel_edges", 1),
        ("edges_with_reverse", 3),
        ("isolated_vertices", 0),
    ] {
        assert_eq!(event[name], count, "{name}: {event}");
    }
    assert_eq!(event["out_degree"]["most"], 2);
    let degrees = event["degrees"].as_array().expect("a table");
    let counts =
        |row: usize| ["least", "most", "out", "in"].map(|key| degrees[row][key].as_u64().expect("a number"));
    assert_eq!([counts(0), counts(1), counts(2)], [[0, 0, 0, 0], [1, 1, 2, 2], [2, 3, 1, 1]]);
    for program in ["pagerank", "components", "bfs", "sssp", "color", "kcore"] {
        assert!(event["memory"][program].as_u64().is_some_and(|bytes| bytes > 0), "{event}");
    }
    let run = gasworks_with(&["inspect", "-"], graph).ok();
    assert!(run.out.contains("edges of a vertex") && run.out.contains("\n  2 to 3  "), "{}", run.out);
    assert!(run.out.contains("memory forecast") && run.out.contains("pagerank "), "{}", run.out);
    assert!(event["weights"].is_null());
    let matrix = b"%%MatrixMarket matrix coordinate pattern general\n5 5 1\n1 2\n";
    let event = gasworks_with(&["inspect", "-", "--json"], matrix).ok().last();
    assert_eq!((&event["vertices"], &event["isolated_vertices"]), (&5.into(), &3.into()));
    let matrix = b"%%MatrixMarket matrix coordinate real general\n5 4 1\n1 2 3\n";
    assert_eq!(gasworks_with(&["inspect", "-", "--json"], matrix).ok().last()["kind"], "ratings");
}

#[test]
fn a_kind_can_be_chosen() {
    let table = b"1 2 5\n1 2 3\n";
    let of = |kind| gasworks_with(&["inspect", "-", "--as", kind, "--json"], table).ok().last();
    assert_eq!((&of("ratings")["ratings"], &of("ratings")["duplicates"]), (&1.into(), &1.into()));
    assert_eq!(of("graph")["edges"], 2);
    assert_eq!(gasworks(&["inspect", "none"]).code, Some(66));
    assert_eq!(gasworks_with(&["inspect", "-", "--as", "ratings"], b"1 2 x\n1 2 y\n").code, Some(65));
}
