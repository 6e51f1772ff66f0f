//! `ccd`: what `als` reaches, by other steps; bits that do not depend on threads; models that answer.

use serde_json::Value;

use crate::{Folder, gasworks, ratings, read};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn errors_are_those_of_als_and_an_iteration_is_all_features() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let options = [&input[..], "--rank", "3", "--iterations", "20", "--json"];
    let run = gasworks(&[&["ccd"], &options[..]].concat()).ok();
    let events = run.events();
    assert_eq!((&events[0]["program"], &events[0]["exclusion"]), (&"ccd".into(), &"coloring".into()));
    let rounds: Vec<_> = events.iter().filter(|event| event["event"] == "progress").collect();
    assert_eq!(rounds.len(), 20);
    for (iteration, event) in (1..).zip(&rounds) {
        // Three steps in each of three features by 100 users and items.
        let told = (number(&event["iteration"]), number(&event["updates"]));
        assert_eq!(told, (f64::from(iteration), 900.0 * f64::from(iteration)));
    }
    let done = run.last();
    assert_eq!((&done["reason"], &done["iterations"]), (&"iterations".into(), &20.into()));
    let solved = gasworks(&[&["als"], &options[..]].concat()).ok().last();
    for name in ["train_rmse", "test_rmse"] {
        let [found, expected] = [&done, &solved].map(|event| number(&event["metrics"][name]));
        assert!((found / expected - 1.0).abs() < 0.02, "{name}: {found}, by als {expected}");
    }
}

#[test]
fn files_have_the_same_bits_for_every_number_of_threads_and_models_answer() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let model = folder.path("model");
    let bits = |options: &[&str]| {
        let arguments = ["ccd", &input, "--rank", "5", "-q", "--model", &model];
        gasworks(&[&arguments[..], options].concat()).ok();
        read(&model)
    };
    let first = bits(&["--threads", "1"]);
    assert!(bits(&["--threads", "3"]) == first);
    for option in [["--seed", "1"], ["--lambda", "0.2"], ["--regularization", "plain"], ["--offset", "mean"]]
    {
        assert!(bits(&option) != first, "{option:?} makes no difference");
    }
    bits(&["--exclusion", "locks", "--threads", "2"]);
    let list = gasworks(&["recommend", &model, "--user", "100", "-k", "3", "--json"]).ok().last();
    assert_eq!(list["basis"], "factors");
    assert_eq!(gasworks(&["similar", &model, "--item", "10", "-k", "3"]).ok().out.lines().count(), 4);
    let run = gasworks(&["ccd", &input, "--engine", "sync"]);
    assert_eq!(run.code, Some(2), "{}", run.err);
}
