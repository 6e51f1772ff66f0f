//! `--warm-start`: a run goes on where a model stands, and refuses a model whose rows mean something else.

use serde_json::Value;

use crate::{Folder, gasworks, ratings, read};

/// Trains on a file and leaves a model and factors under a name.
#[track_caller]
fn train(folder: &Folder, name: &str, program: &[&str], iterations: &str, options: &[&str]) -> Vec<Value> {
    let (model, output) = (folder.path(&format!("{name}.model")), folder.path(&format!("{name}.npy")));
    let own = ["--iterations", iterations, "--rank", "4", "--model", &model, "-o", &output, "--json"];
    gasworks(&[program, &own, options].concat()).ok().events()
}

fn factors(folder: &Folder, name: &str) -> [Vec<u8>; 2] {
    ["users", "items"].map(|side| read(folder.path(&format!("{name}.{side}.npy"))))
}

/// Of the last iteration.
fn metric(events: &[Value], name: &str) -> f64 {
    let last = events.last().expect("an event");
    last["metrics"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {last}"))
}

#[test]
fn some_iterations_and_some_more_are_all_of_them() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    for program in [
        &["als", &input][..],
        &["als", &input, "--solver", "cg", "--offset", "none"],
        &["als", &input, "--scheduler", "sweep"],
        &["als", &input, "--implicit"],
        &["als", &input, "--nonnegative"],
        &["nmf", &input, "--tolerance", "0"],
    ] {
        train(&folder, "all", program, "5", &[]);
        train(&folder, "some", program, "3", &[]);
        let before = folder.path("some.model");
        let events = train(&folder, "more", program, "2", &["--warm-start", &before]);
        assert_eq!(events[0]["warm_start"], before.as_str());
        assert!(factors(&folder, "more") == factors(&folder, "all"), "{program:?}");
        assert!(factors(&folder, "more") != factors(&folder, "some"), "{program:?}");
    }
    // Residuals are kept, and made anew here: the same but for rounding.
    let program = ["ccd", &input, "--lambda", "0.001"];
    let all = metric(&train(&folder, "all", &program, "3", &[]), "train_rmse");
    let some = metric(&train(&folder, "some", &program, "1", &[]), "train_rmse");
    let before = folder.path("some.model");
    let more = metric(&train(&folder, "more", &program, "2", &["--warm-start", &before]), "train_rmse");
    assert!((more - all).abs() < 1e-5 && (some - all).abs() > 1e-3, "{some}, {more}, {all}");
}

#[test]
fn steps_that_hardly_move_stay_where_the_model_stands() {
    let folder = Folder::new();
    // Every third user is generous.
    let line = |line: &str| match line.rsplit_once(',') {
        Some((pair, value)) if pair.starts_with(|c: char| c.is_ascii_digit()) => {
            let (user, value) = (pair[..3].parse::<u32>().unwrap(), value.parse::<f32>().unwrap());
            format!("{pair},{}\n", value + if user.is_multiple_of(3) { 3.0 } else { 0.0 })
        }
        _ => format!("{line}\n"),
    };
    let table: String = ratings().lines().map(line).collect();
    let input = folder.file("ratings.csv", table);
    for (program, metric_name) in [
        (&["sgd", &input][..], "train_rmse"),
        (&["sgd", &input, "--biases"], "train_rmse"),
        (&["sgd", &input, "--schedule", "adagrad", "--offset", "mean"], "train_rmse"),
        (&["svdpp", &input], "train_rmse"),
        (&["bpr", &input], "train_sampled_auc"),
    ] {
        let learned = metric(&train(&folder, "learned", program, "12", &[]), metric_name);
        let still = ["--learning-rate", "1e-7"];
        let fresh = metric(&train(&folder, "fresh", program, "1", &still), metric_name);
        let before = folder.path("learned.model");
        let options = ["--warm-start", &before, still[0], still[1]];
        let warm = metric(&train(&folder, "warm", program, "1", &options), metric_name);
        assert!((warm - learned).abs() < 1e-3, "{program:?}: {learned}, then {warm}");
        assert!((fresh - learned).abs() > 2e-2, "{program:?}: {learned}, at random {fresh}");
    }
}

#[test]
fn newcomers_start_at_random_beside_those_whom_the_model_knows() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    train(&folder, "before", &["als", &input], "5", &[]);
    let grown = folder.file("grown.csv", ratings() + "new,0,4.5\nnew,7,2\n101,7,4\n");
    let (before, after) = (folder.path("before.model"), folder.path("after.model"));
    let arguments = ["als", &grown, "--rank", "4", "--warm-start", &before, "--iterations", "1"];
    let run = gasworks(&[&arguments[..], &["--model", &after, "--holdout", "0"]].concat()).ok();
    assert!(run.err.contains("60 of 61 users and 40 of 41 items start from the model"), "{}", run.err);
    let list = gasworks(&["recommend", &after, "--user", "new", "-k", "3", "--json"]).ok().last();
    assert_eq!(list["basis"], "factors");
    // The model may be replaced by what came of it.
    gasworks(&[&arguments[..], &["--model", &before]].concat()).ok();
}

#[test]
fn rows_that_mean_something_else_are_refused_before_ratings_are_read() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let program = ["als", &input];
    train(&folder, "als", &program, "1", &[]);
    train(&folder, "implicit", &program, "1", &["--implicit"]);
    let (als, implicit) = (folder.path("als.model"), folder.path("implicit.model"));
    for (arguments, code, reason) in [
        (&["als", "--warm-start", &als, "--rank", "5"][..], 65, "rank of the model: expected 5, got 4"),
        (&["als", "--warm-start", &als, "--rank", "4", "--offset", "none"], 65, "offset of the model"),
        (&["sgd", "--warm-start", &implicit, "--rank", "4"], 65, "expected explicit ratings, got als"),
        (&["bpr", "--warm-start", &implicit, "--rank", "4"], 65, "expected bpr"),
        (&["ccd", "--warm-start", &input], 65, "ratings.csv"),
        (&["nmf", "--warm-start", "nowhere.model"], 66, "nowhere.model"),
    ] {
        // Were they read, this would be the error.
        let (command, options) = arguments.split_first().expect("a command");
        let run = gasworks(&[&[*command, "no-such-ratings.csv"], options].concat());
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(reason), "{arguments:?}: {}", run.err);
    }
    // Another program for the same rows.
    gasworks(&["sgd", &input, "--warm-start", &als, "--rank", "4", "--iterations", "1"]).ok();
}
