//! `sgd`: errors that fall, bits that do not depend on threads, models that answer as those of `als` do.

use std::collections::HashMap;

use serde_json::Value;

use crate::{Folder, gasworks, gasworks_with, ratings, read, text};

#[cfg(feature = "samples")]
#[test]
fn the_sample_beats_mean_and_biases_and_ends_with_titles() {
    for biases in [&[][..], &["--biases"]] {
        let run = gasworks(&[&["sgd"], biases].concat()).ok();
        assert!(run.err.contains("MovieLens ml-latest-small") && run.err.contains("not for commercial use"));
        let cell = |row: &str| -> f64 {
            let line = run.out.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("{row}"));
            line.split_whitespace().rev().nth(2).expect("a test RMSE").parse().expect("a number")
        };
        let (baseline, last) = (cell("mean and biases"), cell("last, number"));
        assert!(last < baseline - 0.012, "{biases:?}: {last} against {baseline}");
        assert!(cell("best") <= last);
        assert!(run.out.contains("Recommended to user 1, who rated"));
        let titles =
            run.out.lines().rev().take(10).filter(|line| line.contains(" (1") || line.contains(" (2"));
        assert_eq!(titles.count(), 10, "{}", run.out);
    }
}

#[test]
fn files_have_the_same_bits_for_every_number_of_threads_and_without_any_beside() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let bits = |options: &[&str]| {
        let (model, output) = (folder.path("model"), folder.path("f.npy"));
        let arguments = ["sgd", &input, "--rank", "9", "--biases", "--blocks", "4,3", "-q"];
        let outputs = ["--model", &model, "--output", &output];
        gasworks(&[&arguments[..], &outputs, options].concat()).ok();
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
        ("--iterations", "39"),
    ] {
        assert!(bits(&[option, value])[1] != first[1], "{option} makes no difference");
    }
    let other = folder.path("other.npy");
    let arguments = ["sgd", &input, "--rank", "9", "--biases", "--blocks", "2,2", "-q", "-o", &other];
    gasworks(&arguments).ok();
    assert!(read(folder.path("other.users.npy")) != first[1], "--blocks makes no difference");
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The last event, which tells how the run ended.
fn done(run: &crate::Run) -> Value {
    run.events().into_iter().find(|event| event["event"] == "done").expect("it ends")
}

#[test]
fn events_tell_the_order_and_errors_fall_under_every_exclusion() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    for (exclusion, threads) in [("grid", 2), ("serial", 1), ("relaxed", 2)] {
        let options = ["--rank", "4", "--exclusion", exclusion, "--blocks", "3,2", "--threads", "2"];
        let run = gasworks(&[&["sgd", &input, "--iterations", "30", "--json"], &options[..]].concat()).ok();
        let events = run.events();
        let start = &events[0];
        for (name, value) in [
            ("program", "sgd".into()),
            ("engine", "async".into()),
            ("scheduler", "grid".into()),
            ("scheduler_options", "blocks=3,2".into()),
            ("exclusion", Value::from(exclusion)),
            ("threads", threads.into()),
            ("rank", 4.into()),
            ("offset", "biases".into()),
        ] {
            assert_eq!(start[name], value, "{exclusion}, {name}: {start}");
        }
        let rounds: Vec<_> = events.iter().filter(|event| event["event"] == "progress").collect();
        assert_eq!(rounds.len(), 30);
        let steps = number(&start["train_ratings"]);
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

/// Predictions of the model are inner products of the exported rows, multiplied out here.
#[test]
fn predictions_are_those_of_the_exported_factors() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let (model, output) = (folder.path("model"), folder.path("f.txt"));
    let files = ["--model", &model, "-o", &output];
    gasworks(&[&["sgd", &input, "--rank", "5", "--offset", "none"], &files[..]].concat()).ok();
    let side = |name: &str| -> HashMap<String, Vec<f64>> {
        let line = |line: &str| {
            let (id, row) = line.split_once('\t').expect("a tab");
            (id.to_owned(), row.split(' ').map(|factor| factor.parse().expect("a number")).collect())
        };
        text(folder.path(name)).lines().map(line).collect()
    };
    let (users, items) = (side("f.users.txt"), side("f.items.txt"));
    let pairs = "100,0\n117,30\n159,390\n";
    let run = gasworks_with(&["predict", &model, "-"], pairs.as_bytes()).ok();
    assert_eq!(run.out.lines().count(), 3, "{}", run.out);
    for line in run.out.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let product: f64 =
            users[fields[0]].iter().zip(&items[fields[1]]).map(|(left, right)| left * right).sum();
        let expected = product.clamp(2.0, 4.5);
        let found: f64 = fields[2].parse().expect("a number");
        assert!((found - expected).abs() < 1e-3, "{line}: {expected}");
    }
}

#[test]
fn models_answer_as_those_of_als_do() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let test = folder.file("test.csv", "user,item,rating\n100,0,4.5\n101,0,2\n100,unknown,3\nnobody,0,3\n");
    let model = folder.path("model");
    for options in [&[][..], &["--biases"], &["--offset", "mean"], &["--biases", "--early-stop"]] {
        let arguments = ["sgd", &input, "--test", &test, "--rank", "4", "--model", &model, "--json"];
        let trained = done(&gasworks(&[&arguments[..], options].concat()).ok());
        let found = gasworks(&["evaluate", &model, &test, "--json"]).ok().last()["metrics"].clone();
        for name in ["test_rmse", "test_mae"] {
            let (found, expected) = (number(&found[name]), number(&trained["metrics"][name]));
            assert!((found - expected).abs() < 1e-5, "{options:?}, {name}: {found}, {expected} in training");
        }
        let list = gasworks(&["recommend", &model, "--user", "100", "-k", "3", "--json"]).ok().last();
        assert_eq!(list["basis"], "factors");
        let liked = list["items"].as_array().expect("a list").iter();
        let liked: Vec<u32> =
            liked.map(|item| item["item"].as_str().expect("an id").parse().expect("a number")).collect();
        assert!(liked.iter().all(|item| item % 20 == 0), "user 100 likes every other item: {liked:?}");

        let explained = gasworks(&["recommend", &model, "--user", "100", "--explain"]).ok();
        assert!(!explained.out.is_empty());
        let new = b"newcomer,0,4.5\nnewcomer,10,2\nnewcomer,20,4.5\nnewcomer,30,2\nnewcomer,60,4.5\n";
        let run = gasworks_with(&["recommend", &model, "--ratings", "-", "-k", "3", "--json"], new).ok();
        let items = run.last()["items"].as_array().expect("a list").clone();
        let even =
            |item: &Value| item["item"].as_str().expect("an id").parse::<u32>().expect("a number") % 20 == 0;
        assert!(items.iter().all(even), "{options:?}: the newcomer likes what user 100 likes: {items:?}");
        assert_eq!(gasworks(&["similar", &model, "--item", "10", "-k", "3"]).ok().out.lines().count(), 4);
    }
}

const NOISE: [&str; 10] =
    ["generate", "ratings", "--users", "80", "--items", "60", "--count", "1500", "--noise", "1.5"];

#[test]
fn an_early_stop_keeps_the_best_with_its_biases() {
    let folder = Folder::new();
    let input = folder.file("noise.csv", gasworks(&NOISE).ok().out);
    let (best, cut) = (folder.path("best"), folder.path("cut"));
    let arguments =
        ["sgd", &input, "--rank", "16", "--lambda", "0.001", "--learning-rate", "0.05", "--biases", "--json"];
    let run =
        gasworks(&[&arguments[..], &["--early-stop", "--iterations", "90", "--model", &best]].concat()).ok();
    let events = run.events();
    let rmse = |event: &Value| number(&event["metrics"]["test_rmse"]);
    let rounds: Vec<f64> = events.iter().filter(|event| event["event"] == "progress").map(rmse).collect();
    let done = done(&run);
    let kept = done["kept_iteration"].as_u64().expect("a number");
    assert_eq!(done["reason"], "converged");
    assert_eq!(rmse(&done), rounds.iter().copied().fold(f64::INFINITY, f64::min));
    assert_eq!(rounds.len() as u64, kept + 3, "it waits for three passes");

    // The model is the one that a run of just so many passes ends with.
    gasworks(&[&arguments[..], &["--iterations", &kept.to_string(), "--model", &cut]].concat()).ok();
    assert!(read(best) == read(cut));
}

#[test]
fn the_model_carries_what_repeats_the_run() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let model = folder.path("model");
    let options =
        ["--learning-rate", "0.125", "--decay", "0.25", "--blocks", "4,3", "--biases", "--iterations", "2"];
    gasworks(&[&["sgd", &input, "--rank", "4", "-q", "--model", &model], &options[..]].concat()).ok();
    let bytes = read(&model);
    let header = String::from_utf8_lossy(&bytes[..4096.min(bytes.len())]).replace('\\', "");
    for part in [
        "\"program\":\"sgd\"",
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
        (&["--exclusion", "locks"][..], "serial, grid, relaxed"),
        (&["--exclusion", "coloring"], "serial, grid, relaxed"),
        (&["--scheduler", "fifo"], "--scheduler"),
        (&["--engine", "sync"], "--engine"),
        (&["--audit"], "--audit"),
        (&["--blocks", "0,4"], "two numbers from 1"),
        (&["--blocks", "4"], "two numbers from 1"),
        (&["--learning-rate", "0"], "above 0"),
        (&["--decay", "-1"], "above 0"),
        (&["--decay", "0.9", "--schedule", "adagrad"], "--decay beside another schedule"),
        (&["--schedule", "linear"], "--schedule"),
        (&["--biases", "--offset", "none"], "--offset"),
        (&["--early-stop", "--holdout", "0"], "--early-stop"),
    ] {
        let run = gasworks(&[&["sgd"], options].concat());
        assert_eq!(run.code, Some(2), "{options:?}: {}", run.err);
        assert!(run.err.contains(part), "{options:?}: {part} is not in {}", run.err);
    }
}

#[test]
fn bad_rows_and_rates_are_told() {
    let run = gasworks_with(&["sgd", "-", "--json"], b"1,2,3\n1,3,nan\n");
    assert_eq!((run.code, run.last()["line"].as_u64()), (Some(65), Some(2)), "{}", run.err);
    let run = gasworks_with(&["sgd", "-"], b"1,2\n");
    assert_eq!(run.code, Some(65), "{}", run.err);
    let run = gasworks_with(&["sgd", "-", "--learning-rate", "50", "--decay", "1"], ratings().as_bytes());
    assert_eq!(run.code, Some(65), "{}", run.err);
    assert!(
        run.err.contains("not finite after iteration") && run.err.contains("a smaller --learning-rate"),
        "{}",
        run.err
    );
}

#[test]
fn limits_stop_a_run() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let end = |arguments: &[&str]| {
        let run = gasworks(&[&["sgd", &input, "--rank", "4", "--json"], arguments].concat()).ok();
        (run.last()["reason"].clone(), run.last()["iterations"].clone())
    };
    assert_eq!(end(&["--iterations", "2"]), ("iterations".into(), 2.into()));
    assert_eq!(end(&["--max-updates", "1"]), ("updates".into(), 1.into()));
    assert_eq!(end(&["--max-seconds", "0"]).0, "time");
}
