//! `convert`: graphs in binary and back, with the results of the text that they come from.

use crate::{Folder, gasworks, gasworks_with, read, text};

/// A loop, parallel and reverse edges with other weights, not sorted, and ids that are no range.
const GRAPH: &str = "30 20 1.5\n20 30 0.5\n9000000000 30 2\n30 9 1\n30 30 4\n20 30 7\n7 9 1\n20 9 3\n";

#[test]
fn every_program_has_the_results_of_the_text() {
    let folder = Folder::new();
    let (plain, stored) = (folder.file("graph.txt", GRAPH), folder.path("graph.bin"));
    let run = gasworks(&["convert", &plain, "-o", &stored]).ok();
    assert!(run.out.is_empty() && run.err.contains(&format!("wrote {stored}")), "{}", run.err);
    for command in [
        &["pagerank"][..],
        &["pagerank", "--undirected"],
        &["pagerank", "--personalize", "30", "--personalize", "7=2"],
        &["pagerank", "--parallel-edges", "drop"],
        &["components"],
        &["bfs", "--source", "20", "--undirected"],
        &["components", "--specialist"],
        &["sssp", "--source", "20", "--specialist"],
        &["sssp", "--source", "20"],
        &["sssp", "--source", "20", "--undirected"],
        &["sssp", "--source", "20", "--parallel-edges", "drop"],
        &["sssp", "--source", "20", "--undirected", "--parallel-edges", "drop"],
        &["sssp", "--source", "20", "--undirected", "--parallel-edges", "sum"],
        &["color"],
        &["kcore"],
        &["communities", "--seed", "3"],
        &["hits"],
    ] {
        let of = |input: &str| {
            let output = folder.path("values.tsv");
            gasworks(&[command, &[input, "--output", &output]].concat()).ok();
            text(output)
        };
        let expected = of(&plain);
        assert!(expected.lines().count() >= 5, "{expected}");
        assert_eq!(of(&stored), expected, "{command:?}");
        let from_pipe = gasworks_with(&[command, &["-", "--output", "-"]].concat(), &read(&stored)).ok();
        assert_eq!(from_pipe.out, expected, "{command:?}");
    }
    let facts = |input: &str| {
        let mut event = gasworks(&["inspect", input, "--as", "graph", "--json"]).ok().last();
        let event = event.as_object_mut().expect("an object");
        for own in ["format", "bytes", "lines", "memory", "notes"] {
            event.remove(own);
        }
        event.clone()
    };
    assert_eq!(facts(&stored), facts(&plain));
    let run = gasworks(&["inspect", &stored]).ok();
    assert!(run.err.contains("binary, 8 edges"), "{}", run.err);
}

/// Ids with whole numbers; with parts of them where numbers may round. A step back in a search may lead to another vertex as near.
fn rounded(values: &str) -> String {
    let row = |line: &str| {
        let mut words = line.split('\t');
        let (id, value) = (words.next().expect("an id"), words.next().expect("a value"));
        let value = value.parse::<f64>().map_or(value.to_owned(), |value| format!("{value:.5}"));
        format!("{id}\t{value}\n")
    };
    values.lines().map(row).collect()
}

#[test]
fn vertices_by_degree_have_the_same_results_in_the_same_order() {
    let folder = Folder::new();
    let star: String = (40..60).map(|leaf| format!("35 {leaf} 1\n{leaf} 8 2\n")).collect();
    let plain = folder.file("graph.txt", [GRAPH, &star].concat());
    let (stored, by_degree) = (folder.path("graph.bin"), folder.path("by_degree.bin"));
    gasworks(&["convert", &plain, "-o", &stored]).ok();
    gasworks(&["convert", &plain, "--vertex-order", "degree", "-o", &by_degree]).ok();
    assert!(read(&stored) != read(&by_degree));
    for command in [
        &["pagerank"][..],
        &["pagerank", "--undirected"],
        &["pagerank", "--engine", "async", "--tolerance", "1e-9"],
        &["pagerank", "--personalize", "20=2", "--personalize", "35"],
        &["components"],
        &["components", "--specialist"],
        &["bfs", "--source", "20"],
        &["bfs", "--source", "35", "--undirected"],
        &["sssp", "--source", "20"],
        &["sssp", "--source", "35", "--specialist"],
        &["sssp", "--source", "35", "--undirected"],
        &["kcore"],
        &["color"],
    ] {
        let of = |arguments: &[&str]| {
            let output = folder.path("values.tsv");
            gasworks(&[command, arguments, &["--output", &output]].concat()).ok();
            rounded(&text(output))
        };
        let expected = of(&[&plain]);
        assert!(expected.lines().count() >= 3, "{expected}");
        assert_eq!(of(&[&by_degree]), expected, "{command:?}");
        if command[0] != "color" {
            for (input, order) in
                [(&plain, "degree"), (&stored, "degree"), (&by_degree, "id"), (&by_degree, "degree")]
            {
                assert_eq!(of(&[input, "--vertex-order", order]), expected, "{command:?} {input} {order}");
            }
        }
    }
    // In a search, the step back leads to a vertex that is one step nearer.
    let run = gasworks(&["bfs", "--source", "35", &by_degree, "--output", "-"]).ok();
    assert!(run.out.contains("8\t2\t4") && run.out.contains("40\t1\t35\n"), "{}", run.out);
    // The most that a summary shows is by id too.
    let summary = |input| gasworks(&["components", input]).ok().out;
    assert_eq!(summary(&by_degree), summary(&plain));

    let back = gasworks(&["convert", &by_degree, "--to", "edges", "-o", "-"]).ok().out;
    assert_eq!(back, gasworks(&["convert", &stored, "--to", "edges", "-o", "-"]).ok().out);
    let again = folder.path("again.bin");
    gasworks(&["convert", &by_degree, "--vertex-order", "id", "-o", &again]).ok();
    assert_eq!(read(&again), read(&stored));
    gasworks(&["convert", &stored, "--vertex-order", "degree", "-o", &again]).ok();
    assert_eq!(read(&again), read(&by_degree));
    let run = gasworks(&["pagerank", &plain, "--vertex-order", "degree"]).ok();
    assert!(run.err.contains("ordered by degree in "), "{}", run.err);
}

#[test]
fn an_edge_list_comes_back_in_its_order() {
    let folder = Folder::new();
    let (plain, stored) = (folder.file("graph.txt", GRAPH), folder.path("graph.bin"));
    gasworks(&["convert", &plain, "-o", &stored]).ok();
    let run = gasworks(&["convert", &stored, "--to", "edges", "-o", "-"]).ok();
    let rows: String =
        run.out.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    assert_eq!(rows.replace('\t', " "), GRAPH);
    // Binary to binary is a copy, and so is text by way of standard output.
    let copy = folder.path("copy");
    gasworks(&["convert", &stored, "-o", &copy]).ok();
    assert_eq!(read(&copy), read(&stored));
    let event = gasworks(&["convert", &plain, "-o", &copy, "--json"]).ok().last();
    assert_eq!(
        (&event["event"], &event["vertices"], &event["edges"]),
        (&"convert".into(), &5.into(), &8.into())
    );
    assert_eq!(event["weights"], true);
    assert_eq!(read(&copy), read(&stored));
    let metis = folder.file("graph.metis", "4 2\n2 3\n1\n1\n\n");
    let run = gasworks(&["convert", &metis, "--to", "edges", "-o", "-"]).ok();
    assert!(run.err.contains("1 vertices without an edge are left out"), "{}", run.err);
    assert_eq!(run.out.lines().filter(|line| !line.starts_with('#')).count(), 4);
}

#[test]
fn damaged_files_are_refused_by_every_command() {
    let folder = Folder::new();
    let stored = folder.path("graph.bin");
    gasworks(&["convert", &folder.file("graph.txt", GRAPH), "-o", &stored]).ok();
    let bytes = read(&stored);
    let mut flipped = bytes.clone();
    *flipped.last_mut().expect("a byte") ^= 4;
    let (torn, flipped) = (folder.file("torn", &bytes[..bytes.len() - 9]), folder.file("flipped", flipped));
    for command in [
        &["pagerank"][..],
        &["components"],
        &["sssp", "--source", "20"],
        &["color"],
        &["kcore"],
        &["inspect"],
        &["convert", "-o", "-"],
    ] {
        for (input, part) in [(&torn, "as its header says"), (&flipped, "with the checksum")] {
            let run = gasworks(&[command, &[input.as_str()]].concat());
            assert_eq!(run.code, Some(65), "{command:?} {}", run.err);
            assert!(run.err.contains(input.as_str()) && run.err.contains(part), "{}", run.err);
        }
    }
    let run = gasworks(&["als", &stored]);
    assert_eq!(run.code, Some(65));
    assert!(run.err.contains("found a graph in binary"), "{}", run.err);
}

#[test]
fn nothing_is_written_where_the_input_is_bad() {
    let folder = Folder::new();
    let (bad, old) = (folder.file("bad.txt", "1 2\n3\n"), folder.file("old", "old"));
    assert_eq!(gasworks(&["convert", &bad, "-o", &old]).code, Some(65));
    assert_eq!(text(&old), "old");
    assert_eq!(gasworks(&["convert", &bad, "-o", &bad]).code, Some(2));
    assert_eq!(gasworks(&["convert", &folder.path("none"), "-o", &old]).code, Some(66));
    assert_eq!(gasworks(&["convert", &bad, "-o", &folder.path("none/x")]).code, Some(74));
    let run = gasworks(&["convert", &bad]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("--output"), "{}", run.err);
    assert_eq!(gasworks(&["convert", &bad, "-o", "-", "--json"]).code, Some(2));
    assert_eq!(folder.names(), ["bad.txt", "old"]);
}

#[test]
fn graphs_of_other_formats_are_read_by_name_or_told() {
    let of = |arguments: &[&str], input: &[u8]| {
        gasworks_with(&[&["components", "-", "--output", "-"], arguments].concat(), input).ok().out
    };
    let expected = "1\t1\n2\t1\n3\t1\n4\t4\n";
    assert_eq!(of(&[], b"4 2\n2 3\n1\n1\n\n"), expected);
    assert_eq!(of(&["--format", "metis"], b"4 2\n2 3\n1\n1\n\n"), expected);
    assert_eq!(of(&[], b"1: 2 3\n4:\n"), expected);
    assert_eq!(of(&["--format", "adjacency"], b"1 2 3\n4\n"), expected);
    assert_eq!(of(&["--format", "adjacency-counted"], b"1 2 2 3\n4 0\n"), expected);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_io_error() {
    let run = gasworks_with(&["convert", "-", "-o", "/dev/full"], b"1 2\n");
    assert_eq!(run.code, Some(74), "{}", run.err);
}
