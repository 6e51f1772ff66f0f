//! `bpr`: lists better than popularity's, bits that do not depend on threads, models that answer as those of implicit feedback do.

use serde_json::Value;

use crate::{Folder, gasworks, gasworks_with, ratings, read};

#[cfg(feature = "samples")]
#[test]
fn the_sample_beats_popularity_and_ends_with_titles() {
    let run = gasworks(&["bpr"]).ok();
    assert!(run.err.contains("MovieLens ml-latest-small") && run.err.contains("not for commercial use"));
    let cells = |row: &str| -> Vec<f64> {
        let line = run.out.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("{row}"));
        line.split_whitespace().skip(1).map(|cell| cell.parse().expect("a number")).collect()
    };
    assert!(run.out.contains("AUC  precision@10     recall@10        map@10       ndcg@10"), "{}", run.out);
    let (popular, found) = (cells("popularity"), cells("factors"));
    for (measure, least) in [(0, 0.02), (1, 0.01), (4, 0.01)] {
        assert!(found[measure] > popular[measure] + least, "{measure}: {found:?}, popularity {popular:?}");
    }
    assert!(run.out.contains("Recommended to user 1, who rated"));
    let titles = run.out.lines().rev().take(10).filter(|line| line.contains(" (1") || line.contains(" (2"));
    assert_eq!(titles.count(), 10, "{}", run.out);
}

/// Even users choose even items, odd ones odd items; not all of them.
fn choices() -> String {
    let pairs = (0..60).flat_map(|user| (0..40).map(move |item| (user, item)));
    let pairs = pairs.filter(|(user, item)| (user + item) % 2 == 0 && (user * 7 + item * 5) % 11 > 3);
    let lines = pairs.map(|(user, item)| format!("{},{},1\n", 100 + user, 10 * item));
    format!("userId,movieId,rating\n{}", lines.collect::<String>())
}

#[test]
fn files_have_the_same_bits_for_every_number_of_threads_and_every_option_counts() {
    let folder = Folder::new();
    let input = folder.file("choices.csv", choices());
    let bits = |options: &[&str]| {
        let (model, output) = (folder.path("model"), folder.path("f.npy"));
        let mut arguments = vec!["bpr", &input, "-q", "--model", &model, "--output", &output];
        for default in [["--rank", "9"], ["--blocks", "4,3"], ["--iterations", "8"]] {
            if !options.contains(&default[0]) {
                arguments.extend(default);
            }
        }
        gasworks(&[&arguments[..], options].concat()).ok();
        ["model", "f.users.npy", "f.items.npy"].map(|name| read(folder.path(name)))
    };
    let first = bits(&["--threads", "1"]);
    for options in
        [&["--threads", "2"][..], &["--threads", "4"], &["--threads", "8"], &["--exclusion", "serial"]]
    {
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

#[test]
fn events_tell_the_order_and_the_loss_falls() {
    let folder = Folder::new();
    let input = folder.file("choices.csv", choices());
    for exclusion in ["grid", "serial"] {
        let options = ["--rank", "4", "--exclusion", exclusion, "--blocks", "3,2", "--threads", "2"];
        let more = ["--iterations", "60", "--learning-rate", "0.1", "--json"];
        let run = gasworks(&[&["bpr", &input][..], &options, &more].concat()).ok();
        let events = run.events();
        for (name, value) in [
            ("program", "bpr".into()),
            ("scheduler_options", "blocks=3,2".into()),
            ("exclusion", Value::from(exclusion)),
            ("rank", 4.into()),
        ] {
            assert_eq!(events[0][name], value, "{exclusion}, {name}: {}", events[0]);
        }
        let rounds: Vec<_> = events.iter().filter(|event| event["event"] == "progress").collect();
        assert_eq!(rounds.len(), 60);
        let metric = |at: usize, name: &str| number(&rounds[at]["metrics"][name]);
        for part in ["train", "test"] {
            let (loss, auc) = (format!("{part}_loss"), format!("{part}_sampled_auc"));
            assert!(metric(59, &loss) < 0.5 * metric(0, &loss), "{exclusion}, {part}");
            assert!(metric(59, &auc) > 0.95, "{exclusion}, {part}: {}", metric(59, &auc));
        }
        let done = events.iter().find(|event| event["event"] == "done").expect("it ends");
        assert_eq!((&done["reason"], &done["kept_iteration"]), (&"iterations".into(), &60.into()));
        let metrics = &done["metrics"];
        assert!(number(&metrics["test_auc"]) > number(&metrics["popularity_test_auc"]) + 0.2, "{metrics}");
    }
}

#[test]
fn models_answer_as_those_of_implicit_feedback_do() {
    let folder = Folder::new();
    let input = folder.file("choices.csv", choices());
    let test = folder.file("test.csv", "user,item,rating\n100,0,1\n101,10,1\n103,unknown,1\nnobody,0,1\n");
    let model = folder.path("model");
    let arguments =
        ["bpr", &input, "--test", &test, "--rank", "4", "--learning-rate", "0.1", "--model", &model];
    let run = gasworks(&[&arguments[..], &["--json"]].concat()).ok();
    let trained = run.events().into_iter().find(|event| event["event"] == "done").expect("it ends");
    let found = gasworks(&["evaluate", &model, &test, "--json"]).ok().last()["metrics"].clone();
    for (name, trained_name) in [("auc", "test_auc"), ("ndcg_at_10", "test_ndcg_at_10")] {
        let (found, expected) = (number(&found[name]), number(&trained["metrics"][trained_name]));
        assert!((found - expected).abs() < 1e-9, "{name}: {found}, {expected} in training");
    }
    assert!(found.get("test_rmse").is_none(), "scores are no ratings: {found}");
    let is_even =
        |item: &Value| item["item"].as_str().expect("an id").parse::<u32>().expect("a number") % 20 == 0;
    let list = gasworks(&["recommend", &model, "--user", "100", "-k", "3", "--json"]).ok().last();
    assert_eq!(list["basis"], "factors");
    assert!(list["items"].as_array().expect("a list").iter().all(is_even), "{list}");
    // A newcomer's ratings count as choices, whatever their values.
    for value in ["1", "5"] {
        let new: String = [0, 20, 60, 100].map(|item| format!("newcomer,{item},{value}\n")).concat();
        let arguments = ["recommend", &model, "--ratings", "-", "-k", "3", "--json"];
        let list = gasworks_with(&arguments, new.as_bytes()).ok().last();
        assert!(list["items"].as_array().expect("a list").iter().all(is_even), "{list}");
    }
    assert_eq!(gasworks(&["similar", &model, "--item", "10", "-k", "3"]).ok().out.lines().count(), 4);
    assert!(!gasworks_with(&["predict", &model, "-"], b"100,0\n").ok().out.is_empty());
}

#[test]
fn what_it_does_not_have_is_refused() {
    for (options, part) in [
        (&["--exclusion", "relaxed"][..], "grid, serial"),
        (&["--exclusion", "locks"], "grid, serial"),
        (&["--scheduler", "fifo"], "--scheduler"),
        (&["--blocks", "0,4"], "two numbers from 1"),
        (&["--learning-rate", "0"], "above 0"),
        (&["--decay", "-1"], "above 0"),
        (&["--early-stop"], "--early-stop"),
        (&["--biases"], "--biases"),
    ] {
        let run = gasworks(&[&["bpr"], options].concat());
        assert_eq!(run.code, Some(2), "{options:?}: {}", run.err);
        assert!(run.err.contains(part), "{options:?}: {part} is not in {}", run.err);
    }
    let help = gasworks(&["bpr", "--help"]).ok().out;
    assert!(!help.contains("relaxed") && !help.contains("--early-stop"), "{help}");
}

#[test]
fn bad_choices_and_rates_are_told() {
    let run = gasworks_with(&["bpr", "-"], b"1,2,3\n1,3,-1\n2,2,1\n");
    assert_eq!(run.code, Some(65), "{}", run.err);
    assert!(
        run.err.contains("ratings of 0 or more") && run.err.contains("-1 by user 1 of item 3"),
        "{}",
        run.err
    );
    let run = gasworks_with(&["bpr", "-", "--learning-rate", "1e30"], ratings().as_bytes());
    assert_eq!(run.code, Some(65), "{}", run.err);
    assert!(
        run.err.contains("not finite after iteration") && run.err.contains("a smaller --learning-rate"),
        "{}",
        run.err
    );
    // Nothing to measure on is no failure.
    let run = gasworks_with(&["bpr", "-", "--holdout", "0", "--iterations", "2"], choices().as_bytes()).ok();
    assert!(run.out.contains("no test ratings"), "{}", run.out);
}
