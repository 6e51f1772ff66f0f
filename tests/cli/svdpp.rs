//! `svdpp`: errors that fall, bits that do not depend on threads, models that answer as those of `als` do.

use std::collections::HashMap;

use serde_json::Value;

use crate::{Folder, gasworks, gasworks_with, ratings, read, text};

#[cfg(feature = "samples")]
#[test]
fn the_sample_beats_mean_and_biases_and_descent_without_choices() {
    let last = |command: &[&str]| -> [f64; 2] {
        let run = gasworks(command).ok();
        assert!(run.out.contains("Recommended to user 1, who rated"));
        ["mean and biases", "last, number"].map(|row| {
            let line = run.out.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("{row}"));
            line.split_whitespace().rev().nth(2).expect("a test RMSE").parse().expect("a number")
        })
    };
    let [baseline, found] = last(&["svdpp"]);
    let [_, without] = last(&["sgd", "--biases"]);
    assert!(found < baseline - 0.015, "{found} against {baseline}");
    assert!(found < without - 0.002, "{found} against {without}");
}

#[test]
fn files_have_the_same_bits_for_every_number_of_threads_and_every_option_counts() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let bits = |options: &[&str]| {
        let (model, output) = (folder.path("model"), folder.path("f.npy"));
        let mut arguments = vec!["svdpp", &input, "-q", "--model", &model, "--output", &output];
        for default in [["--rank", "9"], ["--blocks", "4,3"], ["--iterations", "8"]] {
            if !options.contains(&default[0]) {
                arguments.extend(default);
            }
        }
        gasworks(&[&arguments[..], options].concat()).ok();
        ["model", "f.users.npy", "f.items.npy"].map(|name| read(folder.path(name)))
    };
    let first = bits(&["--threads", "1"]);
    for options in [&["--threads", "2"][..], &["--threads", "3"], &["--exclusion", "serial"]] {
        assert!(bits(options) == first, "{options:?}: other bits");
    }
    for (option, value) in [
        ("--seed", "1"),
        ("--learning-rate", "0.04"),
        ("--decay", "0.9"),
        ("--lambda", "0.2"),
        ("--iterations", "7"),
        ("--blocks", "2,2"),
    ] {
        assert!(bits(&[option, value])[1] != first[1], "{option} makes no difference");
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The last event, which tells how the run ended.
fn done(run: &crate::Run) -> Value {
    run.events().into_iter().find(|event| event["event"] == "done").expect("it ends")
}

#[test]
fn events_tell_the_order_and_errors_fall() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    for exclusion in ["grid", "serial"] {
        let options =
            ["--rank", "4", "--exclusion", exclusion, "--blocks", "3,2", "--threads", "2", "--json"];
        let run =
            gasworks(&[&["svdpp", &input, "--iterations", "30", "--decay", "1"], &options[..]].concat()).ok();
        let events = run.events();
        for (name, value) in [
            ("program", "svdpp".into()),
            ("engine", "async".into()),
            ("scheduler", "grid".into()),
            ("scheduler_options", "blocks=3,2".into()),
            ("exclusion", Value::from(exclusion)),
            ("rank", 4.into()),
        ] {
            assert_eq!(events[0][name], value, "{exclusion}, {name}: {}", events[0]);
        }
        let rounds: Vec<_> = events.iter().filter(|event| event["event"] == "progress").collect();
        assert_eq!(rounds.len(), 30);
        let steps = number(&events[0]["train_ratings"]);
        for (pass, event) in (1..).zip(&rounds) {
            assert_eq!(number(&event["updates"]), f64::from(pass) * steps, "{event}");
            assert!(event["metrics"].get("residual").is_none(), "steps have none: {event}");
        }
        let done = done(&run);
        assert_eq!((&done["reason"], &done["kept_iteration"]), (&"iterations".into(), &30.into()));
        let metrics = &done["metrics"];
        let (found, baseline) = (number(&metrics["test_rmse"]), number(&metrics["baseline_test_rmse"]));
        assert!(found < 0.5 * baseline, "{exclusion}: {found} against {baseline}");
    }
}

/// What the model predicts is what the run measured, of its last pass or its best, and needs no more than the exported rows.
#[test]
fn models_answer_as_those_of_als_do() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let test = folder.file("test.csv", "user,item,rating\n100,0,4.5\n101,0,2\n100,unknown,3\nnobody,0,3\n");
    let (model, output) = (folder.path("model"), folder.path("f.txt"));
    for options in [&[][..], &["--early-stop"]] {
        let arguments =
            ["svdpp", &input, "--test", &test, "--rank", "4", "--model", &model, "-o", &output, "--json"];
        let trained = done(&gasworks(&[&arguments[..], options].concat()).ok());
        let found = gasworks(&["evaluate", &model, &test, "--json"]).ok().last()["metrics"].clone();
        for name in ["test_rmse", "test_mae"] {
            let (found, expected) = (number(&found[name]), number(&trained["metrics"][name]));
            assert!((found - expected).abs() < 1e-5, "{options:?}, {name}: {found}, {expected} in training");
        }
        let is_even =
            |item: &Value| item["item"].as_str().expect("an id").parse::<u32>().expect("a number") % 20 == 0;
        let list = gasworks(&["recommend", &model, "--user", "100", "-k", "3", "--json"]).ok().last();
        assert_eq!(list["basis"], "factors");
        assert!(list["items"].as_array().expect("a list").iter().all(is_even), "{options:?}: {list}");
        let new = b"newcomer,0,4.5\nnewcomer,10,2\nnewcomer,20,4.5\nnewcomer,30,2\nnewcomer,60,4.5\n";
        let list =
            gasworks_with(&["recommend", &model, "--ratings", "-", "-k", "3", "--json"], new).ok().last();
        assert!(list["items"].as_array().expect("a list").iter().all(is_even), "{options:?}: {list}");
        assert_eq!(gasworks(&["similar", &model, "--item", "10", "-k", "3"]).ok().out.lines().count(), 4);
    }
    let side = |name: &str| -> HashMap<String, Vec<f64>> {
        let line = |line: &str| {
            let (id, row) = line.split_once('\t').expect("a tab");
            (id.to_owned(), row.split(' ').map(|factor| factor.parse().expect("a number")).collect())
        };
        text(folder.path(name)).lines().map(line).collect()
    };
    // Two predictions for two users, whose differences are free of biases.
    let (users, items) = (side("f.users.txt"), side("f.items.txt"));
    let pairs = b"100,0\n100,30\n117,0\n117,30\n";
    let run = gasworks_with(&["predict", &model, "-", "--no-clip"], pairs).ok();
    let found: Vec<f64> = run
        .out
        .lines()
        .map(|line| line.split('\t').nth(2).expect("a field").parse().expect("a number"))
        .collect();
    let product =
        |user: &str, item: &str| -> f64 { users[user].iter().zip(&items[item]).map(|(x, q)| x * q).sum() };
    let expected = product("100", "0") - product("100", "30") - product("117", "0") + product("117", "30");
    assert!(expected.abs() > 0.1, "{expected}");
    assert!((found[0] - found[1] - found[2] + found[3] - expected).abs() < 1e-3, "{found:?}, {expected}");
}

#[test]
fn an_early_stop_keeps_the_best_with_its_biases() {
    let folder = Folder::new();
    let noise =
        ["generate", "ratings", "--users", "80", "--items", "60", "--count", "1500", "--noise", "1.5"];
    let input = folder.file("noise.csv", gasworks(&noise).ok().out);
    let (best, cut) = (folder.path("best"), folder.path("cut"));
    let arguments = ["svdpp", &input, "--rank", "16", "--lambda", "0.001", "--decay", "1", "--json"];
    let run =
        gasworks(&[&arguments[..], &["--early-stop", "--iterations", "90", "--model", &best]].concat()).ok();
    let done = done(&run);
    let kept = done["kept_iteration"].as_u64().expect("a number");
    assert_eq!((&done["reason"], &done["iterations"]), (&"converged".into(), &(kept + 3).into()));
    // The model is the one that a run of just so many passes ends with.
    gasworks(&[&arguments[..], &["--iterations", &kept.to_string(), "--model", &cut]].concat()).ok();
    assert!(read(best) == read(cut));
}

#[test]
fn the_model_carries_what_repeats_the_run() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let model = folder.path("model");
    let options = ["--learning-rate", "0.125", "--decay", "0.25", "--blocks", "4,3", "--iterations", "2"];
    gasworks(&[&["svdpp", &input, "--rank", "4", "-q", "--model", &model], &options[..]].concat()).ok();
    let bytes = read(&model);
    let header = String::from_utf8_lossy(&bytes[..4096.min(bytes.len())]).replace('\\', "");
    for part in [
        "\"program\":\"svdpp\"",
        "\"descent\":{\"schedule\":\"decay\",\"rate\":0.125,\"decay\":0.25,\"biases\":true,\"blocks\":[4,3]}",
        "\"offset\":\"biases\"",
        "\"iterations\":2",
    ] {
        assert!(header.contains(part), "{part}: {header}");
    }
}

#[test]
fn what_it_does_not_have_is_refused() {
    for (options, part) in [
        (&["--exclusion", "relaxed"][..], "grid, serial"),
        (&["--scheduler", "fifo"], "--scheduler"),
        (&["--blocks", "0,4"], "two numbers from 1"),
        (&["--learning-rate", "0"], "above 0"),
        (&["--decay", "-1"], "above 0"),
        (&["--schedule", "constant"], "--schedule"),
        (&["--biases"], "--biases"),
        (&["--offset", "none"], "--offset"),
        (&["--early-stop", "--holdout", "0"], "--early-stop"),
    ] {
        let run = gasworks(&[&["svdpp"], options].concat());
        assert_eq!(run.code, Some(2), "{options:?}: {}", run.err);
        assert!(run.err.contains(part), "{options:?}: {part} is not in {}", run.err);
    }
    assert!(!gasworks(&["svdpp", "--help"]).ok().out.contains("relaxed"));
}

#[test]
fn bad_rows_and_rates_are_told_and_limits_stop_a_run() {
    let run = gasworks_with(&["svdpp", "-", "--json"], b"1,2,3\n1,3,nan\n");
    assert_eq!((run.code, run.last()["line"].as_u64()), (Some(65), Some(2)), "{}", run.err);
    let run = gasworks_with(&["svdpp", "-", "--learning-rate", "50", "--decay", "1"], ratings().as_bytes());
    assert_eq!(run.code, Some(65), "{}", run.err);
    assert!(
        run.err.contains("not finite after iteration") && run.err.contains("a smaller --learning-rate"),
        "{}",
        run.err
    );
    let end = |arguments: &[&str]| {
        let arguments = [&["svdpp", "-", "--rank", "4", "--json"], arguments].concat();
        let run = gasworks_with(&arguments, ratings().as_bytes()).ok();
        (run.last()["reason"].clone(), run.last()["iterations"].clone())
    };
    assert_eq!(end(&["--iterations", "2"]), ("iterations".into(), 2.into()));
    assert_eq!(end(&["--max-updates", "1"]), ("updates".into(), 1.into()));
    assert_eq!(end(&["--max-seconds", "0"]).0, "time");
}
