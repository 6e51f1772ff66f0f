//! `nmf`: a loss that falls, factors that are not negative, models that answer.

use serde_json::Value;

use crate::{Folder, gasworks, gasworks_with, ratings, read, text};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn losses(events: &[Value]) -> Vec<f64> {
    let rounds = events.iter().filter(|event| event["event"] == "progress");
    rounds.map(|event| number(&event["metrics"]["loss"])).collect()
}

#[test]
fn the_loss_is_that_of_the_exported_factors_and_never_rises() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let output = folder.path("f.txt");
    let arguments =
        ["nmf", &input, "--rank", "3", "--holdout", "0", "--tolerance", "0", "--iterations", "60"];
    let run = gasworks(&[&arguments[..], &["-o", &output, "--json"]].concat()).ok();
    let events = run.events();
    let found = losses(&events);
    assert_eq!(found.len(), 60);
    assert!(found.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-6)), "{found:?}");
    assert!(found[59] < 0.8 * found[0]);
    let done = &events[events.len() - 1];
    assert_eq!((&done["reason"], number(&done["metrics"]["loss"])), (&"iterations".into(), found[59]));
    let side = |name: &str| -> Vec<(String, Vec<f64>)> {
        let line = |line: &str| {
            let (id, row) = line.split_once('\t').expect("a tab");
            (id.to_owned(), row.split(' ').map(|x| x.parse().expect("a number")).collect())
        };
        text(folder.path(name)).lines().map(line).collect()
    };
    let (rows, columns) = (side("f.users.txt"), side("f.items.txt"));
    let table = ratings();
    let mut loss = 0.0;
    for (user, w) in &rows {
        for (item, h) in &columns {
            assert!(w.iter().chain(h).all(|factor| *factor >= 0.0));
            let product: f64 = w.iter().zip(h).map(|(w, h)| w * h).sum();
            let start = format!("{user},{item},");
            let entry = table.lines().find_map(|line| line.strip_prefix(&start));
            loss += (entry.map_or(0.0, |value| value.parse::<f64>().expect("a number")) - product).powi(2);
        }
    }
    assert!((loss - found[59]).abs() < 1e-5 * loss, "{loss}, told {}", found[59]);
}

#[test]
fn files_have_the_same_bits_for_every_number_of_threads_and_under_coloring() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let bits = |options: &[&str]| {
        let (model, output) = (folder.path("model"), folder.path("f.npy"));
        let arguments = ["nmf", &input, "--rank", "5", "-q", "--iterations"];
        let outputs = ["--model", &model, "--output", &output];
        gasworks(&[&arguments[..], options, &outputs].concat()).ok();
        ["model", "f.users.npy", "f.items.npy"].map(|name| read(folder.path(name)))
    };
    let first = bits(&["15", "--threads", "1"]);
    for options in [
        &["15", "--threads", "2"][..],
        &["15", "--threads", "3"],
        &["15", "--engine", "async", "--threads", "2"],
    ] {
        assert!(bits(options) == first, "{options:?}: other bits");
    }
    assert!(bits(&["15", "--seed", "1"]) != first && bits(&["16"]) != first);
}

#[test]
fn models_answer_and_their_predictions_are_no_ratings() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let test = folder.file("test.csv", "user,item,rating\n100,0,4.5\n101,0,2\n100,unknown,3\nnobody,0,3\n");
    let model = folder.path("model");
    let arguments = ["nmf", &input, "--test", &test, "--rank", "4", "--model", &model, "--json"];
    let trained = gasworks(&arguments).ok().last();
    assert_eq!(trained["reason"], "converged");
    assert!(trained["metrics"].get("test_rmse").is_none());
    let list = gasworks(&["recommend", &model, "--user", "100", "-k", "3", "--json"]).ok().last();
    assert_eq!(list["basis"], "factors");
    assert_eq!(list["items"].as_array().expect("a list").len(), 3);
    assert_eq!(gasworks(&["similar", &model, "--item", "10", "-k", "3"]).ok().out.lines().count(), 4);
    assert!(
        gasworks(&["evaluate", &model, &test, "--json"]).ok().last()["metrics"].get("test_rmse").is_none()
    );
    let pairs: String = (0..60 * 40).map(|at| format!("{},{}\n", 100 + at / 40, at % 40 * 10)).collect();
    let run = gasworks_with(&["predict", &model, "-"], format!("{pairs}nobody,0\n").as_bytes()).ok();
    let values: Vec<f64> = run
        .out
        .lines()
        .map(|line| line.split('\t').nth(2).expect("a value").parse().expect("a number"))
        .collect();
    // Below the least rating, which nothing clips them to; who is unknown gets the mean of the column, zeros included.
    assert!(values.iter().any(|value| *value < 1.9), "{:?}", values.iter().copied().reduce(f64::min));
    let table = ratings();
    let column = table.lines().filter_map(|line| line.split_once(",0,")?.1.parse::<f64>().ok());
    assert!((values[2400] - column.sum::<f64>() / 60.0).abs() < 1e-5, "{}", values[2400]);
    assert!(run.err.contains("mean over all users, 0 where there is no rating"), "{}", run.err);
    let new = b"newcomer,0,4.5\nnewcomer,20,4.5\nnewcomer,60,4.5\n";
    let run = gasworks_with(&["recommend", &model, "--ratings", "-", "-k", "3", "--json"], new).ok();
    assert_eq!(run.last()["basis"], "factors");
}

#[test]
fn what_it_does_not_have_is_refused() {
    let folder = Folder::new();
    let input = folder.file("counts.csv", "1,1,2\n1,2,1\n2,1,3\n");
    for (options, part) in [
        (&["--early-stop"][..], "--tolerance"),
        (&["--scheduler", "sweep"], "rows and columns in turn"),
        (&["--engine", "async", "--exclusion", "locks"], "rows and columns in turn"),
        (&["--lambda", "1"], "--lambda"),
        (&["--rank", "0"], "--rank"),
    ] {
        let run = gasworks(&[&["nmf", &input], options].concat());
        assert_eq!(run.code, Some(2), "{options:?}: {}", run.err);
        assert!(run.err.contains(part), "{options:?}: {part} is not in {}", run.err);
    }
    let run = gasworks_with(&["nmf", "-", "--holdout", "0"], b"1,1,2\n7,9,-1\n");
    assert_eq!(run.code, Some(65), "{}", run.err);
    assert!(run.err.contains("-1 by user 7 of item 9"), "{}", run.err);
}
