//! `kcore`: core numbers against peeling, on small, made and published graphs.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Folder, gasworks, gasworks_with, text};

/// Takes away a vertex of least degree again and again (Matula and Beck 1983). Ids are integers.
fn peeled(edges: &str) -> BTreeMap<u64, usize> {
    let rows = edges.lines().filter(|line| !line.starts_with('#'));
    let mut around: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for row in rows {
        let mut ids = row.split_whitespace().map(|id| id.parse::<u64>().expect("an id"));
        let (Some(a), Some(b)) = (ids.next(), ids.next()) else { panic!("{row}") };
        for (from, to) in [(a, b), (b, a)] {
            let own = around.entry(from).or_default();
            if from != to {
                own.insert(to);
            }
        }
    }
    let mut queue: BTreeSet<(usize, u64)> = around.iter().map(|(v, own)| (own.len(), *v)).collect();
    let (mut cores, mut core) = (BTreeMap::new(), 0);
    while let Some((degree, v)) = queue.pop_first() {
        core = core.max(degree);
        cores.insert(v, core);
        for u in std::mem::take(around.get_mut(&v).expect("a vertex")) {
            let own = around.get_mut(&u).expect("a vertex");
            queue.remove(&(own.len(), u));
            own.remove(&v);
            queue.insert((own.len(), u));
        }
    }
    cores
}

#[track_caller]
fn check(path: &str, order: &[&str]) -> usize {
    let folder = Folder::new();
    let output = folder.path("cores.tsv");
    let run = gasworks(&[&["kcore", path, "--output", &output, "--json"], order].concat()).ok();
    let expected = peeled(&text(path));
    let lines: String = expected.iter().map(|(v, core)| format!("{v}\t{core}\n")).collect();
    assert!(text(&output) == lines, "{path} {order:?}");
    let done = run.last();
    let degeneracy = *expected.values().max().expect("a vertex");
    assert_eq!(done["metrics"]["degeneracy"], degeneracy);
    let cores: Vec<[usize; 3]> = serde_json::from_value(done["cores"].clone()).expect("cores");
    let distinct: BTreeSet<usize> = expected.values().copied().collect();
    assert_eq!(
        cores.iter().map(|core| core[0]).collect::<Vec<_>>(),
        distinct.into_iter().collect::<Vec<_>>()
    );
    for [k, vertices, shell] in cores {
        assert_eq!(vertices, expected.values().filter(|core| **core >= k).count(), "{k}");
        assert_eq!(shell, expected.values().filter(|core| **core == k).count(), "{k}");
    }
    degeneracy
}

#[test]
fn core_numbers_are_what_peeling_finds() {
    let folder = Folder::new();
    // A complete graph of four with a tail; self-loops, reverse and parallel edges do not count.
    let small = folder.file("small.txt", "4 5\n1 2\n2 1\n1 3\n1 4\n2 3\n2 4\n3 4\n4 3\n5 6\n6 6\n9 9\n5 6\n");
    assert_eq!(check(&small, &[]), 3);
    let made = folder.path("made.txt");
    gasworks(&["generate", "rmat", "--scale", "10", "--edge-factor", "8", "-o", &made]).ok();
    let orders: [&[&str]; 5] = [
        &[],
        &["--exclusion", "serial", "--scheduler", "priority"],
        &["--exclusion", "locks", "--threads", "2"],
        &["--scheduler", "sweep"],
        &["--consistency", "full", "--exclusion", "locks", "--scheduler", "multiqueue_priority"],
    ];
    orders.iter().for_each(|order| assert!(check(&made, order) > 10));
}

#[test]
fn published_graphs_have_the_cores_that_peeling_finds() {
    let Some(folder) = std::env::var_os("GASWORKS_DATA") else {
        println!("skipped: GASWORKS_DATA is not set");
        return;
    };
    for (name, degeneracy) in [("facebook_combined", 115), ("email-Enron", 43), ("wiki-Vote", 53)] {
        let path = std::path::Path::new(&folder).join(format!("graphs/{name}.txt"));
        assert_eq!(check(path.to_str().expect("UTF-8"), &[]), degeneracy, "{name}");
    }
}

#[test]
fn the_table_counts_cores_from_the_whole_graph_inwards() {
    let graph = b"1 2\n2 3\n3 1\n3 4\n5 5\n";
    let run = gasworks_with(&["kcore", "-"], graph).ok();
    let rows: Vec<Vec<&str>> = run.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["degeneracy", "2"]);
    assert_eq!(rows[2..], [["0", "5", "1"], ["1", "4", "1"], ["2", "3", "3"]]);
    let run = gasworks_with(&["kcore", "-", "--exclusion", "serial", "--max-updates", "1"], graph).ok();
    assert!(run.err.contains("note: the run ended early, so core numbers may be too high"), "{}", run.err);
}
