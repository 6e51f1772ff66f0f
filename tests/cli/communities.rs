//! `communities`: groups that are known, named by their least id, with their modularity.

use crate::{Folder, gasworks, gasworks_with, text};

/// Three complete graphs of six in a ring of single edges, one vertex alone with a self-loop.
fn graph() -> String {
    let mut graph = "99 99\n".to_owned();
    for clique in 0..3 {
        let id = |at: u32| 100 * (clique + 1) + at;
        (0..6).for_each(|u| (0..u).for_each(|v| graph.push_str(&format!("{} {}\n", id(u), id(v)))));
        graph.push_str(&format!("{} {}\n", id(0), 100 * ((clique + 1) % 3 + 1) + 5));
    }
    graph
}

#[test]
fn complete_graphs_in_a_ring_are_communities() {
    let graph = graph();
    let expected: String = [(99, 1, 99), (100, 6, 100), (200, 6, 200), (300, 6, 300)]
        .into_iter()
        .flat_map(|(first, count, name)| (first..first + count).map(move |id| format!("{id}\t{name}\n")))
        .collect();
    for order in [&[][..], &["--seed", "5"], &["--exclusion", "serial", "--scheduler", "fifo"]] {
        let run = gasworks_with(&[&["communities", "-", "-o", "-"], order].concat(), graph.as_bytes()).ok();
        assert_eq!(run.out, expected, "{order:?}");
    }
    // Of 49 edges each has 15, and 32 of 98 ends; the self-loop is one edge with two.
    let modularity = (45.0 + 1.0) / 49.0 - (3.0 * 32.0 * 32.0 + 4.0) / (98.0 * 98.0);
    let run = gasworks_with(&["communities", "-"], graph.as_bytes()).ok();
    let table = format!("4 communities\n{modularity:.6} modularity\n100\t6\n200\t6\n300\t6\n99\t1\n");
    assert_eq!(run.out, table);
    let done = gasworks_with(&["communities", "-", "--json"], graph.as_bytes()).ok().last();
    assert_eq!((&done["metrics"]["communities"], &done["reason"]), (&4.into(), &"drained".into()));
    assert_eq!(done["largest"][0], serde_json::json!(["100", 6]));
    let found = done["metrics"]["modularity"].as_f64().expect("a number");
    assert!((found - modularity).abs() < 1e-12, "{found}");
}

#[test]
fn the_seed_decides_ties() {
    // The middle of a path belongs to either side.
    let of = |seed: &str| {
        let command = ["communities", "-", "-o", "-", "--exclusion", "serial", "--seed", seed];
        gasworks_with(&command, b"1 2\n2 3\n3 4\n4 5\n5 6\n6 7\n").ok().out
    };
    let seeds: Vec<String> = (0..12).map(|seed| of(&seed.to_string())).collect();
    assert!((0..12).all(|seed| of(&seed.to_string()) == seeds[seed]));
    assert!(seeds.iter().any(|other| *other != seeds[0]), "{seeds:?}");
}

#[test]
fn runs_that_need_not_end_are_limited() {
    let folder = Folder::new();
    let (graph, output) = (folder.path("graph.txt"), folder.path("communities.tsv"));
    gasworks(&["generate", "rmat", "--scale", "9", "-o", &graph]).ok();
    let relaxed = ["--consistency", "relaxed", "--threads", "2", "-o", &output, "--json"];
    let run = gasworks(&[&["communities", &graph][..], &relaxed].concat()).ok();
    assert!(run.last()["iterations"].as_u64().expect("a number") <= 100);
    assert!(text(&output).lines().count() > 300);
    let run = gasworks(&["communities", &graph, "--exclusion", "serial", "--max-updates", "1"]).ok();
    assert!(
        run.err.contains("note: the run ended early, so some vertices may have more neighbors"),
        "{}",
        run.err
    );
    let run = gasworks(&["communities", &graph, "--engine", "sync"]);
    assert!(run.code == Some(2) && run.err.contains("choose the engine async"), "{}", run.err);
}
