//! `gasworks tune`: candidates, ranks and what is said about them.

use serde_json::Value;

use crate::{Folder, gasworks};

/// Ratings of two kinds of users by two kinds of items, with noise of a fixed pattern.
fn ratings() -> String {
    let mut text = String::new();
    for user in 0..60 {
        for item in (0..40).filter(|item| (user * 7 + item * 3) % 5 < 3) {
            let liked = if (user + item) % 2 == 0 { 4.0 } else { 2.0 };
            let noise = f64::from((user * 31 + item * 17) % 7) / 7.0 - 0.43;
            text.push_str(&format!("u{user},i{item},{:.2}\n", liked + noise));
        }
    }
    text
}

fn events(out: &str, kind: &str) -> Vec<Value> {
    let all = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|event| event["event"] == kind).collect()
}

#[test]
fn candidates_are_ranked_and_the_result_does_not_depend_on_threads() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let mut best = Vec::new();
    for program in ["als", "sgd"] {
        let run = |threads: &str| {
            let grid = ["--grid", "rank=1,4", "lambda=0.05,5"];
            let rest = ["--folds", "3", "--iterations", "6", "--json", "--threads", threads];
            gasworks(&[&["tune", program, &input], &grid[..], &rest].concat()).ok().out
        };
        let out = run("1");
        let found = events(&out, "candidate");
        assert_eq!(found, events(&run("3"), "candidate"), "{program}");
        let error = |event: &Value| event["test_rmse"].as_f64().unwrap();
        assert_eq!(found.len(), 4);
        assert!(found.is_sorted_by(|one, other| error(one) <= error(other)), "{out}");
        for event in &found {
            let folds: Vec<f64> =
                event["folds"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            assert_eq!(folds.len(), 3);
            assert!((folds.iter().sum::<f64>() / 3.0 - error(event)).abs() < 1e-12, "{event}");
        }
        // So large a penalty leaves mean and biases.
        assert_eq!(found[0]["lambda"], 0.05, "{out}");
        let done = &events(&out, "done")[0];
        assert_eq!(done["best"]["rank"], found[0]["rank"]);
        assert_eq!(done["metrics"]["test_rmse"].as_f64(), Some(error(&found[0])));
        let baseline = done["metrics"]["baseline_test_rmse"].as_f64().unwrap();
        assert!(error(&found[0]) < 0.7 * baseline && error(&found[3]) > 0.9 * baseline, "{out}");
        assert_eq!(events(&out, "progress").len(), 15);
        best.push(error(&found[0]));
    }
    assert!((best[0] - best[1]).abs() > 1e-6, "one program in place of the other: {best:?}");
}

#[test]
fn implicit_feedback_is_ranked_by_its_lists() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings().replace(",2.", ",0.").replace(",1.", ",0."));
    for (program, grid, options) in [
        (&["als", "--implicit"][..], ["lambda=0.5,1e6", "alpha=1,8"], &[][..]),
        (&["bpr"], ["lambda=0.01,5", "learning-rate=0.1"], &["learning_rate"]),
    ] {
        let run = |threads: &str| {
            let rest = ["--folds", "3", "--iterations", "45", "--json", "--threads", threads];
            let all = [&["tune"], program, &[&input, "--grid", "rank=2"], &grid, &rest].concat();
            gasworks(&all).ok().out
        };
        let out = run("1");
        let found = events(&out, "candidate");
        assert_eq!(found, events(&run("2"), "candidate"), "{program:?}");
        let ndcg = |event: &Value| event["test_ndcg_at_10"].as_f64().unwrap();
        assert!(found.is_sorted_by(|one, other| ndcg(one) >= ndcg(other)), "{out}");
        let best = &found[0];
        assert!(best["lambda"].as_f64().unwrap() < 1.0, "{out}");
        assert!(options.iter().all(|name| best[name].is_number()), "{out}");
        let folds: Vec<f64> = best["folds"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        assert!((folds.iter().sum::<f64>() / 3.0 - ndcg(best)).abs() < 1e-12, "{best}");
        // Every third iteration is looked at.
        assert_eq!(best["iterations"].as_u64().unwrap() % 3, 0, "{best}");
        let metrics = &events(&out, "done")[0]["metrics"];
        assert_eq!(metrics["test_ndcg_at_10"].as_f64(), Some(ndcg(best)));
        assert!(metrics.get("test_rmse").is_none());
        // Each kind of user is told what the other likes, too.
        let popular = metrics["popularity_test_ndcg_at_10"].as_f64().unwrap();
        assert!(ndcg(best) > popular + 0.05 && popular > 0.05, "{out}");
    }
    let arguments = ["tune", "als", &input, "--implicit", "--grid", "lambda=1", "--folds", "2"];
    let run = gasworks(&[&arguments[..], &["--iterations", "2"]].concat()).ok();
    let best = run.out.lines().find_map(|line| line.strip_prefix("best: gasworks ")).unwrap();
    assert!(best.contains(" --implicit --lambda 1"), "{best}");
    gasworks(&best.split(' ').collect::<Vec<_>>()).ok();
}

#[test]
fn the_ranks_are_those_of_the_model_that_the_command_learns() {
    // With the folds of two, and the held-out part of one of them as a file.
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let base = ["--grid", "rank=3", "lambda=2", "--folds", "2", "--iterations", "4", "--json"];
    let out = gasworks(&[&["tune", "als", &input, "--implicit"], &base[..]].concat()).ok().out;
    let ndcg = events(&out, "candidate")[0]["test_ndcg_at_10"].as_f64().unwrap();
    let options = ["--implicit", "--rank", "3", "--lambda", "2", "--iterations", "4", "--holdout", "0.5"];
    let run = gasworks(&[&["als", &input], &options[..], &["--json"]].concat()).ok();
    let held_out = run.last()["metrics"]["test_ndcg_at_10"].as_f64().unwrap();
    assert!((ndcg - held_out).abs() < 0.06, "other halves of the same ratings: {ndcg}, {held_out}");
}

#[test]
fn people_get_a_table_and_the_command_to_go_on_with() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let arguments = ["tune", "als", &input, "--grid", "rank=1,2", "--folds", "2", "--iterations", "2"];
    let run = gasworks(&arguments).ok();
    for part in ["rank", "test RMSE", "mean, biases", &format!("best: gasworks als {input} --rank ")] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    assert!(run.err.contains("that was tried"), "{}", run.err);
    let best = run.out.lines().find_map(|line| line.strip_prefix("best: gasworks ")).unwrap();
    gasworks(&best.split(' ').collect::<Vec<_>>()).ok();
}

#[test]
fn random_candidates_follow_from_the_seed() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let run = |seed: &str| {
        let grid = ["--random", "4", "--grid", "rank=1..8", "lambda=0.01..1", "learning-rate=0.02,0.05"];
        let rest = ["--folds", "2", "--iterations", "1", "--json", "--seed", seed];
        events(&gasworks(&[&["tune", "sgd", &input], &grid[..], &rest].concat()).ok().out, "candidate")
    };
    let found = run("1");
    assert_eq!((found.len(), &found), (4, &run("1")));
    assert_ne!(found, run("2"));
    assert!(found.iter().all(|event| (0.01..=1.0).contains(&event["lambda"].as_f64().unwrap())));
}

#[test]
fn what_cannot_be_tried_is_refused() {
    for (options, part) in [
        (&["--grid", "rank=0"][..], "whole number from 1"),
        (&["--grid", "decay=0.9"], "tune sgd"),
        (&["--grid", "lambda=0.01..1"], "--random"),
        (&["--grid", "alpha=1"], "--implicit, which has it"),
        (&["--implicit", "--grid", "learning-rate=1"], "tune sgd or bpr"),
        (&["--grid", "rank=1", "rank=2"], "rank twice"),
        (&["--folds", "1"], "--folds"),
    ] {
        let run = gasworks(&[&["tune", "als"], options].concat());
        assert_eq!(run.code, Some(2), "{options:?}: {}", run.err);
        assert!(run.err.contains(part), "{options:?}: {part} is not in {}", run.err);
    }
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings() + "u1,i1,-3\n");
    for program in [&["als", "--implicit"][..], &["bpr"]] {
        let run = gasworks(&[&["tune"], program, &[&input]].concat());
        assert!(run.code == Some(65) && run.err.contains("-3 by user u1 of item i1"), "{}", run.err);
    }
    let run = gasworks(&["tune", "bpr", "--implicit"]);
    assert!(run.code == Some(2) && run.err.contains("als with --implicit"), "{}", run.err);
}
