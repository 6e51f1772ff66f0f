//! Inputs and arguments that cannot be used: exit code and message of each.

use crate::{Folder, gasworks, gasworks_with, ratings};

#[test]
fn inputs_that_are_no_ratings() {
    for (input, code, parts) in [
        ("", 65, &["at least one rating"][..]),
        ("1,2,3\n1,3,NaN\n", 65, &["standard input:2: column 3", "found \"NaN\""]),
        ("1,2,3\n1,3,inf\n", 65, &["standard input:2: column 3", "finite"]),
        ("1;2;3,5\n1;3;4\n", 65, &["standard input:1: column 3", "3,5", "decimal"]),
        ("1,2,3\n1,3,four\n", 65, &["standard input:2: column 3", "found \"four\""]),
        ("1,2,3\n1,3\n", 65, &["standard input:2"]),
        ("%%MatrixMarket matrix coordinate real general\n2 2 3\n1 1 5\n", 65, &["standard input", "3"]),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 5\n", 65, &["standard input:3"]),
        (
            "%%MatrixMarket matrix coordinate real general\n2 2 1000000000000000000\n1 1 5\n",
            65,
            &["1000000000000000000"],
        ),
    ] {
        let run = gasworks_with(&["als", "-"], input.as_bytes());
        assert_eq!(run.code, Some(code), "{input:?}: {}", run.err);
        assert!(run.err.starts_with("error: ") || run.err.contains("\nerror: "), "{}", run.err);
        for part in parts {
            assert!(run.err.contains(part), "{input:?}: {part} is not in {}", run.err);
        }
        assert_eq!(run.out, "");
    }
}

#[test]
fn factors_that_overflow_are_named() {
    let run =
        gasworks_with(&["als", "-", "--rank", "2"], b"ann,x,3e38\nann,y,-3e38\nbob,x,-3e38\nbob,y,3e38\n");
    assert_eq!(run.code, Some(65), "{}", run.err);
    assert!(run.err.contains("expected ratings from which all factors come out finite"), "{}", run.err);
    assert!(
        run.err.contains("factors of ") && run.err.contains("not finite after iteration 1"),
        "{}",
        run.err
    );
}

#[test]
fn lenient_reading_reports_and_goes_on() {
    let matrix = b"%%MatrixMarket matrix coordinate real general\n2 2 9\n1 1 5\n2 2 3\n1 2 4\n";
    assert_eq!(gasworks_with(&["als", "-", "--rank", "1"], matrix).code, Some(65));
    let run = gasworks_with(&["als", "-", "--rank", "1", "--lenient"], matrix).ok();
    assert!(run.err.contains("note: ") && run.err.contains('9'), "{}", run.err);
}

#[test]
fn a_forced_format_is_kept_to() {
    let run = gasworks_with(&["components", "-", "--format", "tab"], b"1 2\n");
    assert_eq!(run.code, Some(65), "{}", run.err);
    let run = gasworks(&["components", "-", "--format", "cvs"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("matrix-market"), "{}", run.err);
}

#[test]
fn inputs_that_are_not_there() {
    let folder = Folder::new();
    let (missing, directory) = (folder.path("none.csv"), folder.path(""));
    for command in [
        &["als"][..],
        &["sgd"],
        &["bpr"],
        &["svdpp"],
        &["pagerank"],
        &["pagerank", "--personalize", "1"],
        &["hits"],
        &["components"],
        &["sssp", "--source", "1"],
        &["bfs", "--source", "1"],
        &["triangles"],
        &["color"],
        &["kcore"],
        &["communities"],
        &["convert", "-o", "-"],
        &["gibbs"],
        &["lasso"],
    ] {
        for (input, part) in [(&missing, "no such file"), (&directory, "a directory")] {
            let run = gasworks(&[command, &[input.as_str()]].concat());
            assert_eq!(run.code, Some(66), "{command:?}: {}", run.err);
            assert!(run.err.contains(input.as_str()) && run.err.contains(part), "{}", run.err);
        }
    }
}

#[test]
fn outputs_that_cannot_be_written_are_refused_before_work() {
    let folder = Folder::new();
    let (missing, directory) = (folder.path("none/x.txt"), folder.path(""));
    let nothing = folder.path("nothing.csv");
    for output in [missing.as_str(), directory.as_str()] {
        for command in [
            &["pagerank", &nothing, "--output"][..],
            &["pagerank", &nothing, "--personalize", "1", "--output"],
            &["hits", &nothing, "--output"],
            &["als", &nothing, "--model"],
            &["sgd", &nothing, "--model"],
            &["bpr", &nothing, "--model"],
            &["svdpp", &nothing, "--model"],
            &["lda", &nothing, "--model"],
            &["infer", &nothing, &nothing, "--output"],
            &["color", &nothing, "--output"],
            &["kcore", &nothing, "--output"],
            &["communities", &nothing, "--output"],
            &["convert", &nothing, "--output"],
            &["gibbs", &nothing, "--output"],
            &["lasso", &nothing, "--output"],
            &["lda", &nothing, "--view"],
        ] {
            let run = gasworks(&[command, &[output]].concat());
            // The input is missing as well, and would be 66: the output is looked at first.
            assert_eq!(run.code, Some(74), "{command:?} {output}: {}", run.err);
        }
    }
    let run = gasworks(&["als", "--output", &folder.path("x.csv")]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains(".npy, .txt or .safetensors"), "{}", run.err);
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let folder = Folder::new();
    let (graph, train) = (folder.file("graph", "1 2\n2 1\n"), folder.file("ratings.csv", ratings()));
    let (same_graph, same_train) = (folder.path("./graph"), folder.path("./ratings.csv"));
    let commands: [&[&str]; 17] = [
        &["communities", &graph, "-o", &same_graph],
        &["hits", &graph, "-o", &same_graph],
        &["convert", &graph, "-o", &same_graph],
        &["color", &graph, "-o", &same_graph],
        &["kcore", &graph, "-o", &same_graph],
        &["gibbs", &train, "--evidence", &graph, "-o", &same_graph],
        &["lasso", &graph, "-o", &same_graph],
        &["pagerank", &graph, "-o", &same_graph],
        &["components", &graph, "-o", &graph],
        &["sssp", &graph, "--source", "1", "-o", &same_graph],
        &["als", &train, "--model", &same_train],
        &["sgd", &train, "--model", &same_train],
        &["bpr", &train, "--model", &same_train],
        &["svdpp", &train, "--model", &same_train],
        &["lda", &graph, "--view", &same_graph],
        &["lda", &train, "--model", &same_train],
        &["infer", &graph, &train, "-o", &same_graph],
    ];
    for command in commands {
        let run = gasworks(command);
        assert_eq!(run.code, Some(2), "{command:?}: {}", run.err);
        assert!(run.err.contains("also read"), "{}", run.err);
    }
    assert_eq!((crate::text(&graph), crate::text(&train)), ("1 2\n2 1\n".into(), ratings()));
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_keeps_its_files() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let old = folder.file("model", "old");
    fs::set_permissions(folder.path(""), Permissions::from_mode(0o555)).expect("a folder");
    if fs::write(folder.path("probe"), "").is_ok() {
        println!("skipped: permissions do not bind this user");
    } else {
        let run = gasworks_with(&["als", "-", "--model", &old], ratings().as_bytes());
        assert_eq!(run.code, Some(74), "{}", run.err);
        assert!(run.err.contains("may not be written"), "{}", run.err);
        assert_eq!(crate::text(&old), "old");
    }
    fs::set_permissions(folder.path(""), Permissions::from_mode(0o755)).expect("a folder");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_io_error() {
    let run = gasworks_with(&["components", "-", "-o", "/dev/full"], b"1 2\n");
    assert_eq!(run.code, Some(74));
    assert!(run.err.contains("the disk is full"), "{}", run.err);
}

#[test]
fn arguments_that_mean_nothing() {
    for (arguments, part) in [
        (&["als", "--threads", "0"][..], "at least one thread"),
        (&["als", "--rank", "0"], "1..=4096"),
        (&["als", "--iterations", "0"], "--iterations"),
        (&["als", "--lambda", "-1"], "--lambda"),
        (&["als", "--lambda", "nan"], "a number from 0"),
        (&["als", "--holdout", "1"], "not including, 1"),
        (&["als", "--regularization", "none"], "weighted"),
        (&["als", "--isa", "sse9"], "avx512"),
        (&["als", "--max-seconds", "-1"], "--max-seconds"),
        (&["als", "--engine", "asynchronous"], "async"),
        (&["pagerank"], "GRAPH"),
        (&["pagerank", "x", "--damping", "1"], "not including, 1"),
        (&["pagerank", "x", "--tolerance", "-1"], "--tolerance"),
        (&["pagerank", "x", "--output", "-", "--json"], "leave out --json"),
        (&["hits", "x", "--tolerance", "nan"], "0 or more, such as 1e-6"),
        (&["hits", "x", "--output", "-", "--json"], "leave out --json"),
        (&["sssp", "x"], "--source"),
        (&["generate", "rmat", "--scale", "99"], "scale is 99, expected at most 31"),
        (&["generate", "ratings", "--users", "2", "--items", "2", "--count", "5"], "count is 5"),
        (&["ldas"], "unrecognized subcommand"),
    ] {
        let run = gasworks(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(part), "{arguments:?}: {part} is not in {}", run.err);
    }
    let absent = if cfg!(target_arch = "aarch64") { "avx2" } else { "neon" };
    let run = gasworks(&["als", "--isa", absent]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("this machine does not have it"), "{}", run.err);
}

#[test]
fn help_is_there_for_every_command_and_shows_defaults() {
    let all = gasworks(&["--help"]).ok().out;
    for (command, parts) in [
        (
            &["als"][..],
            &[
                "[default: 32]",
                "[default: 0.1]",
                "[default: weighted, plain with --implicit]",
                "[default: biases, none with",
                "[default: cholesky]",
                "[default: 15]",
            ][..],
        ),
        (
            &["sgd"],
            &["[default: 0.08]", "[default: 0.05]", "[default: 0.95]", "[default: 40]", "[default: grid]"],
        ),
        (
            &["bpr"],
            &["[default: 32]", "[default: 0.01]", "[default: 0.05]", "[default: 60]", "[default: grid]"],
        ),
        (
            &["svdpp"],
            &["[default: 32]", "[default: 0.08]", "[default: 0.05]", "[default: 0.92]", "[default: 20]"],
        ),
        (&["lda"], &["[default: 20]", "[default: growing]", "[default: 0.6]", "[default: english]"]),
        (&["topics"], &["[default: 10, 30 of one alone]", "[default: 0.6]"]),
        (&["infer"], &["[default: 100]", "[default: 3]", "[default: as in the model]"]),
        (&["ccd"], &["[default: 32]", "[default: 0.1]"]),
        (&["nmf"], &["[default: "]),
        (&["svd"], &["[default: "]),
        (&["tune"], &["[default: 5]", "[default: last]", "--random"]),
        (&["recommend"], &["[default: 10]", "[default: 20]"]),
        (&["similar"], &["[default: 10]"]),
        (&["pagerank"], &["[default: 0.85]", "[default: 0.000001]", "[default: 100]", "[default: spread]"]),
        (&["pagerank"], &["--personalize <ID[=WEIGHT]>"]),
        (&["hits"], &["[default: 0.00000001]", "[default: 100]", "[default: keep]"]),
        (&["components"], &["[default: auto]"]),
        (&["sssp"], &["[default: keep]"]),
        (&["color"], &["colors count from 0"]),
        (&["kcore"], &["the degeneracy, and how many"]),
        (&["communities"], &["modularity"]),
        (&["gibbs"], &["[default: 4]", "[default: 1000]", "[default: 10000]"]),
        (&["lasso"], &["[default: 0.000001]", "of a unit of weight; 0 is least squares"]),
        (&["convert"], &["[default: binary]", "What to write: binary, or edges"]),
        (&["inspect"], &["[possible values: ratings, graph]"]),
        (&["lab"], &["[default: sync,async]", "edge,relaxed; for", "[default: all of these]"]),
        (&["generate", "ratings"], &["[default: 138493]", "[default: 0.7]"]),
        (&["generate", "rmat"], &["[default: 20]", "[default: 16]", "[default: 0.57]", "[default: yes]"]),
    ] {
        assert!(all.contains(command[0]));
        let help = gasworks(&[command, &["--help"]].concat()).ok().out;
        for part in parts.iter().chain(&["Example"]) {
            assert!(help.contains(part), "{command:?}: {part} is not in {help}");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
    }
    assert!(gasworks(&["--version"]).ok().out.starts_with("gasworks 0."));
}
