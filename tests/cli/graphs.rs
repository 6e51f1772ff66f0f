//! `pagerank`, `components`, `bfs`, `sssp`: values that are known, in the input's ids.

use std::io::Write;

use crate::{Folder, gasworks, gasworks_with, text};

fn values(table: &str) -> Vec<(String, f64)> {
    let value = |line: &str| {
        let (id, value) = line.split_once('\t').expect("a tab");
        (id.to_owned(), value.parse().expect("a number"))
    };
    table.lines().map(value).collect()
}

#[test]
fn ranks_solve_their_equation() {
    let folder = Folder::new();
    // 9 has no out-edge; 30 is rated by two and by itself.
    let graph = folder.file("graph.txt", "# made by hand\n30 20\n20 30\n9000000000 30\n30 9\n30 30\n");
    for (dangling, spread) in [("spread", true), ("none", false)] {
        let output = folder.path("ranks.tsv");
        let arguments =
            ["pagerank", &graph, "--dangling", dangling, "--tolerance", "1e-9", "--output", &output];
        gasworks(&arguments).ok();
        let ranks = values(&text(&output));
        let ids: Vec<&str> = ranks.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["9", "20", "30", "9000000000"]);
        let [nine, twenty, thirty, big] = [0, 1, 2, 3].map(|at| ranks[at].1);
        let sum = nine + twenty + thirty + big;
        assert!(if spread { (sum - 1.0).abs() < 1e-5 } else { sum < 0.99 });
        let base = (0.15 + if spread { 0.85 * nine } else { 0.0 }) / 4.0;
        let wanted = base + 0.85 * (twenty + big + thirty / 3.0);
        assert!((thirty - wanted).abs() < 1e-5 && (big - base).abs() < 1e-5, "{ranks:?}");
        assert!((nine - base - 0.85 * thirty / 3.0).abs() < 1e-5);
    }
}

#[test]
fn personalized_ranks_start_over_where_they_are_asked_to() {
    let folder = Folder::new();
    // 9 has no out-edge; nothing leads from 20 and 30 to 7 and 8; one id ends like a weight.
    let graph = folder.file("graph.txt", "20 30\n30 20\n30 9\n7 8\n8 7\n30=1 20\n");
    let ranks = |more: &[&str]| {
        let command = ["pagerank", &graph, "--damping", "0.5", "--tolerance", "1e-9", "-o", "-"];
        let run = gasworks(&[&command[..], more].concat()).ok();
        let mut ranks: std::collections::BTreeMap<String, f64> = values(&run.out).into_iter().collect();
        let mut rank = |id: &str| ranks.remove(id).expect("a rank");
        [rank("20"), rank("30"), rank("9"), rank("7") + rank("8"), rank("30=1")]
    };
    let near = |found: [f64; 5], expected: [f64; 5]| {
        let far = found.iter().zip(expected).find(|(found, expected)| (*found - expected).abs() > 1e-6);
        assert!(far.is_none(), "{found:?}, expected {expected:?}");
    };
    let weighted = ["--personalize", "20", "--personalize", "30=3"];
    for (more, spread) in [
        (&[][..], true),
        (&["--engine", "async"], true),
        (&["--scheduler", "rounds"], true),
        (&["--dangling", "none"], false),
        (&["--engine", "async", "--exclusion", "locks", "--threads", "2", "--dangling", "none"], false),
    ] {
        let found = ranks(&[&weighted[..], more].concat());
        let [twenty, thirty, nine, ..] = found;
        let again = 0.5 + if spread { 0.5 * nine } else { 0.0 };
        near(found, [again / 4.0 + thirty / 4.0, again * 0.75 + twenty / 2.0, thirty / 4.0, 0.0, 0.0]);
        assert!(!spread || (found.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{found:?}");
    }
    // Weights of one vertex add up, and count in proportion.
    let twice = ["--personalize", "30=0.5", "--personalize", "20=0.5", "--personalize", "30=1.0"];
    near(ranks(&twice), ranks(&weighted));
    let [.., named] = ranks(&["--personalize", "30=1"]);
    assert!((named - 0.5).abs() < 0.1, "an id that ends like a weight: {named}");
    let run = gasworks(&["pagerank", &graph, "--personalize", "20=2", "--json"]).ok();
    assert_eq!(run.events()[0]["personalization"], serde_json::json!([["20", 2.0]]));
    assert_eq!(run.last()["top"][0][0], "20");
}

#[test]
fn what_ranks_cannot_start_over_at_is_refused() {
    for (source, part) in [
        ("3", "as --personalize one of the 2 ids"),
        ("3=1", "as --personalize one of the 2 ids"),
        ("1=-2", "a weight of 0 or more, such as --personalize 1=2.5, found -2"),
        ("1=nan", "found NaN"),
        ("1=inf", "found inf"),
        ("1=x", "as --personalize one of the 2 ids"),
        ("1=0", "weights with a sum above 0"),
    ] {
        let run = gasworks_with(&["pagerank", "-", "--personalize", source], b"1 2\n");
        assert!(run.code == Some(2) && run.err.contains(part), "{source}: {}", run.err);
    }
    let run = gasworks_with(&["pagerank", "-", "--personalize", "1"], b"");
    assert!(run.code == Some(2) && run.err.contains("one of the 0 ids"), "{}", run.err);
    let run = gasworks(&["pagerank", "none", "--personalize", "1", "--scheduler", "fifo"]);
    assert!(run.code == Some(2) && run.err.contains("fifo"), "refused before anything is read: {}", run.err);
}

#[test]
fn without_an_output_the_highest_ranks_are_printed() {
    let run = gasworks_with(&["pagerank", "-"], b"1,3\n2,3\n3,1\n").ok();
    let ranks = values(&run.out);
    assert_eq!(ranks[0].0, "3");
    assert!(ranks.is_sorted_by(|a, b| a.1 >= b.1) && ranks.len() == 3);
    assert!(run.err.contains("standard input: csv, 3 rows in 3 lines"), "{}", run.err);
}

#[test]
fn policies_of_edges_are_kept() {
    let edges = |arguments: &[&str]| {
        let run =
            gasworks_with(&[&["pagerank", "-", "--json"], arguments].concat(), b"1 2\n1 2\n2 1\n1 3\n").ok();
        run.events()[0]["edges"].as_u64().expect("a number")
    };
    assert_eq!(edges(&[]), 4);
    assert_eq!(edges(&["--parallel-edges", "drop"]), 3);
    assert_eq!(edges(&["--parallel-edges", "sum"]), 3);
    // Of `1 2`, listed twice, and `2 1`, the direction that is listed more often stays: 2 + 1 edges in both directions.
    assert_eq!(edges(&["--undirected"]), 6);
    assert_eq!(edges(&["--undirected", "--parallel-edges", "drop"]), 4);
}

#[test]
fn labels_are_the_smallest_ids() {
    let folder = Folder::new();
    let output = folder.path("labels.tsv");
    let graph = folder.file("graph.txt", "10 9\n9 100\n7 8\n5 5\n");
    let run = gasworks(&["components", &graph, "--output", &output]).ok();
    assert_eq!(text(&output), "5\t5\n7\t7\n8\t7\n9\t9\n10\t9\n100\t9\n");
    assert_eq!(run.out, "3 components\n9\t3\n7\t2\n5\t1\n");
    let run = gasworks(&["components", &graph, "--output", "-"]).ok();
    assert_eq!(run.out, text(&output));
    let run = gasworks_with(&["components", "-", "-o", "-"], b"b a\nc b\nx y\n").ok();
    assert_eq!(run.out, "a\ta\nb\ta\nc\ta\nx\tx\ny\tx\n");
}

#[test]
fn steps_are_counted() {
    let graph = b"1 2\n1 3\n3 4\n2 4\n4 1\n5 1\n";
    for direction in ["auto", "pull", "push"] {
        let command = ["bfs", "-", "--source", "1", "--direction", direction];
        let run = gasworks_with(&[&command[..], &["-o", "-"]].concat(), graph).ok();
        assert_eq!(run.out, "1\t0\t1\n2\t1\t1\n3\t1\t1\n4\t2\t2\n");
        let run = gasworks_with(&command, graph).ok();
        assert_eq!(run.out, "0\t1\n1\t2\n2\t1\n");
        assert!(run.err.contains("4 of 5 vertices are reached"), "{}", run.err);
    }
    let run = gasworks_with(&["bfs", "-", "--source", "1", "--undirected", "--json"], graph).ok();
    let done = run.events().pop().expect("a last event");
    assert_eq!((&done["metrics"]["reached"], &done["levels"]), (&5.into(), &[1, 4].to_vec().into()));
    let run = gasworks_with(&["bfs", "-", "--source", "1", "--iterations", "1"], graph).ok();
    assert_eq!(run.out, "0\t1\n1\t2\n");
    let run = gasworks_with(&["bfs", "-", "--source", "6"], graph);
    assert!(run.code == Some(2) && run.err.contains("as --source one of the 5 ids"), "{}", run.err);
}

#[test]
fn specialists_find_the_same() {
    let folder = Folder::new();
    let graph = folder.path("graph.txt");
    gasworks(&["generate", "rmat", "--scale", "10", "--weights", "1..255", "-o", &graph]).ok();
    for command in [&["components", &graph][..], &["sssp", &graph, "--source", "1"]] {
        let found = |more: &[&str]| gasworks(&[command, &["-o", "-"], more].concat()).ok().out;
        let program = found(&[]);
        assert!(program.lines().count() > 500);
        for threads in ["1", "3"] {
            assert_eq!(found(&["--specialist", "--threads", threads]), program, "{command:?}");
        }
        let run = gasworks(&[command, &["--specialist", "--scheduler", "rounds"]].concat());
        assert!(run.code == Some(2) && run.err.contains("cannot be used with"), "{}", run.err);
    }
    let events = gasworks(&["components", &graph, "--specialist", "--json"]).ok().events();
    assert_eq!(events[0]["scheduler"], "afforest");
}

#[test]
fn triangles_are_counted() {
    // A self-loop, an edge in both directions and one twice: one triangle, and of five paths of two edges three are in it.
    let graph = b"a b\nb c\nc a\na c\nc d\nc d\nb b\n";
    let run = gasworks_with(&["triangles", "-"], graph).ok();
    assert_eq!(run.out, "1 triangles\n0.600000 global clustering coefficient\n");
    let run = gasworks_with(&["triangles", "-", "--json", "--threads", "2"], graph).ok();
    let done = run.events().pop().expect("a last event");
    assert_eq!(done["metrics"]["triangles"], 1);
    let run = gasworks_with(&["triangles", "-", "--max-seconds", "1"], graph);
    assert!(run.code == Some(2) && run.err.contains("runs to its end"), "{}", run.err);
    assert_eq!(
        gasworks_with(&["triangles", "-"], b"1 2\n").ok().out,
        "0 triangles\n0.000000 global clustering coefficient\n"
    );
}

#[test]
fn the_way_of_what_is_published_is_for_rounds_with_barriers() {
    let graph = b"1 2 1\n2 3 1\n";
    for command in [&["sssp", "-", "--source", "1"][..], &["components", "-"]] {
        let found = ["auto", "pull", "push"]
            .map(|direction| gasworks_with(&[command, &["--direction", direction]].concat(), graph).ok().out);
        assert!(found[1..].iter().all(|other| *other == found[0] && !other.is_empty()));
        let run = gasworks_with(&[command, &["--direction", "pull", "--engine", "async"]].concat(), graph);
        assert!(run.code == Some(2) && run.err.contains("--engine sync beside --direction"), "{}", run.err);
    }
}

#[test]
fn distances_are_exact() {
    let graph = b"source,target,weight\n1,2,0.5\n2,3,0.25\n1,3,1\n4,1,2\n";
    let run = gasworks_with(&["sssp", "-", "--source", "1", "-o", "-"], graph).ok();
    assert_eq!(run.out, "1\t0\n2\t0.5\n3\t0.75\n4\tinf\n");
    // Listed in both directions with different lengths, the shorter counts.
    let both =
        gasworks_with(&["sssp", "-", "--source", "1", "-o", "-", "--undirected"], b"2 1 1\n1 2 9\n").ok();
    assert!(both.out.ends_with("2\t1\n"), "{}", both.out);
    let run = gasworks_with(&["sssp", "-", "--source", "1", "-o", "-", "--undirected"], graph).ok();
    assert_eq!(run.out, "1\t0\n2\t0.5\n3\t0.75\n4\t2\n");
    let run = gasworks_with(&["sssp", "-", "--source", "1"], b"1 2\n2 3\n4 1\n").ok();
    assert_eq!(run.out, "1\t0\n2\t1\n3\t2\n", "a weight is 1 where the input has none");
    let run = gasworks_with(&["sssp", "-", "--source", "-7", "-o", "-"], b"-7 18446744073709551615\n").ok();
    assert_eq!(run.out, "-7\t0\n18446744073709551615\t1\n");
    let twice = b"1 2 3\n1 2 4\n";
    for (policy, distance) in [("keep", "3"), ("drop", "3"), ("sum", "7")] {
        let arguments = ["sssp", "-", "--source", "1", "-o", "-", "--parallel-edges", policy];
        assert_eq!(gasworks_with(&arguments, twice).ok().out, format!("1\t0\n2\t{distance}\n"));
    }
}

#[test]
fn sources_and_weights_are_checked() {
    let run = gasworks_with(&["sssp", "-", "--source", "7", "--json"], b"1 2\n");
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("as --source one of the 2 ids") && run.err.contains("\"7\""), "{}", run.err);
    assert_eq!(run.last()["event"], "error");
    let run = gasworks_with(&["sssp", "-", "--source", "1"], b"1 2 1\n2 3 -4\n");
    assert_eq!(run.code, Some(65));
    assert!(
        run.err.contains("weights of 0 or more") && run.err.contains("-4 on the edge from 2 to 3"),
        "{}",
        run.err
    );
}

#[test]
fn results_have_the_same_bits_for_every_number_of_threads() {
    let folder = Folder::new();
    let graph = folder.path("graph.txt");
    gasworks(&["generate", "rmat", "--scale", "11", "--weights", "1..255", "-o", &graph]).ok();
    let searches = [
        &["sssp", "--source", "1"][..],
        &["bfs", "--source", "1"],
        &["pagerank", "--personalize", "1", "--personalize", "2=0.5"],
    ];
    for command in [&["pagerank"][..], &["components"]].into_iter().chain(searches) {
        let mut first = None;
        for threads in ["1", "2", "3", "8"] {
            let arguments = [command, &[&graph, "--threads", threads, "--output", "-"]].concat();
            let out = gasworks(&arguments).ok().out;
            assert!(out.lines().count() > 1000);
            assert_eq!(out, *first.get_or_insert_with(|| out.clone()), "{command:?} on {threads} threads");
        }
    }
}

#[test]
fn quiet_leaves_results_where_they_were_asked_for() {
    let folder = Folder::new();
    let (graph, output) = (folder.file("graph.txt", "1 2\n2 3\n3 1\n4 1\n"), folder.path("out.tsv"));
    let data = folder.file("data.libsvm", "2 5:1\n4 5:2 7:1\n6 5:3 7:-1\n");
    for command in [
        &["components", &graph][..],
        &["color", &graph],
        &["kcore", &graph],
        &["hits", &graph],
        &["communities", &graph],
        &["lasso", &data],
    ] {
        let run = gasworks(&[command, &["--output", &output, "--quiet"]].concat()).ok();
        assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""), "{command:?}");
        assert!(!text(&output).is_empty());
        // Without a file they have no other place to go.
        let run = gasworks(&[command, &["--quiet"]].concat()).ok();
        assert!(!run.out.is_empty() && run.err.is_empty(), "{command:?}: {}", run.err);
    }
}

#[test]
fn an_empty_file_is_an_empty_graph_and_said_so() {
    for command in ["pagerank", "hits", "components", "color", "kcore", "communities"] {
        let run = gasworks_with(&[command, "-", "-o", "-"], b"").ok();
        assert_eq!(run.out, "");
        assert!(run.err.contains("the file has no edges"), "{}", run.err);
        gasworks_with(&[command, "-", "--json"], b"").ok().events();
    }
}

#[test]
fn compressed_files_and_pipes_are_read_by_their_bytes() {
    let folder = Folder::new();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(b"1 2\n2 3\n").expect("memory");
    let packed = packer.finish().expect("memory");
    let path = folder.file("graph.csv", &packed);
    let run = gasworks(&["components", &path, "-o", "-"]).ok();
    assert_eq!(run.out, "1\t1\n2\t1\n3\t1\n");
    assert!(run.err.contains("space in gzip"), "{}", run.err);
    assert_eq!(gasworks_with(&["components", "-", "-o", "-"], &packed).ok().out, run.out);
}
