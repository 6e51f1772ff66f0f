//! `als`: errors that fall, files that are whole, bits that do not depend on threads.

use crate::{Folder, gasworks, gasworks_with, ratings, read, text};

#[cfg(feature = "samples")]
#[test]
fn the_sample_beats_mean_and_biases_and_ends_with_titles() {
    let run = gasworks(&["als"]).ok();
    assert!(run.err.contains("MovieLens ml-latest-small") && run.err.contains("not for commercial use"));
    let cell = |row: &str| -> f64 {
        let line = run.out.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("{row}"));
        line.split_whitespace().rev().nth(2).expect("a test RMSE").parse().expect("a number")
    };
    // 0.8642 and 0.8464 in the documentation of the library.
    let (baseline, last) = (cell("mean and biases"), cell("last, number 15"));
    assert!(last < baseline - 0.012, "{last} against {baseline}");
    assert!(cell("first iteration") <= baseline && cell("best") <= last);
    assert!(run.out.contains("Recommended to user 1, who rated"));
    let titles = run.out.lines().rev().take(10).filter(|line| line.contains(" (1") || line.contains(" (2"));
    assert_eq!(titles.count(), 10, "{}", run.out);
}

#[cfg(feature = "samples")]
#[test]
fn the_table_and_the_events_agree() {
    let (table, done) =
        (gasworks(&["als", "--iterations", "3"]).ok(), gasworks(&["als", "--iterations", "3", "--json"]));
    let rmse = done.ok().last()["metrics"]["test_rmse"].as_f64().expect("a number");
    let line = table.out.lines().find(|line| line.starts_with("last, number 3")).expect("a row");
    assert!(line.contains(&format!("{rmse:.4}")), "{line}: {rmse}");
}

#[cfg(not(feature = "samples"))]
#[test]
fn without_the_sample_a_file_is_needed() {
    let run = gasworks(&["als"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("built without the embedded sample"), "{}", run.err);
}

#[test]
fn files_have_the_same_bits_for_every_number_of_threads() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let names = ["f.users.npy", "f.items.npy", "f.users.txt", "f.items.txt", "f.safetensors", "model"];
    let mut first = None;
    for threads in ["1", "2", "3", "8"] {
        for output in ["f.npy", "f.txt", "f.safetensors"] {
            let (output, model) = (folder.path(output), folder.path("model"));
            let arguments = ["als", &input, "--threads", threads, "--rank", "9", "--output", &output];
            gasworks(&[&arguments[..], &["--model", &model, "--quiet"]].concat()).ok();
        }
        let files = names.map(|name| read(folder.path(name)));
        assert!(files.iter().all(|file| !file.is_empty()));
        assert_eq!(files, *first.get_or_insert_with(|| files.clone()), "{threads} threads");
    }
    assert_eq!(folder.names().len(), names.len() + 1, "{:?}", folder.names());
}

#[test]
fn exports_have_the_documented_form() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    for output in ["f.npy", "f.txt"] {
        gasworks(&["als", &input, "--rank", "3", "-o", &folder.path(output), "-q"]).ok();
    }
    let users = read(folder.path("f.users.npy"));
    assert!(users.starts_with(b"\x93NUMPY"));
    assert!(String::from_utf8_lossy(&users[..128]).contains("'shape': (60, 3)"));
    let items = text(folder.path("f.items.txt"));
    assert_eq!(items.lines().count(), 40);
    let (id, factors) = items.lines().nth(1).expect("a line").split_once('\t').expect("a tab");
    assert_eq!((id, factors.split(' ').count()), ("10", 3));
}

#[test]
fn quiet_is_quiet() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let run = gasworks(&["als", &input, "--rank", "4", "--quiet"]).ok();
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
}

#[test]
fn an_early_stop_keeps_the_best() {
    let folder = Folder::new();
    let input = folder.file("noise.csv", gasworks(&NOISE).ok().out);
    let (best, cut) = (folder.path("best"), folder.path("cut"));
    let arguments =
        ["als", &input, "--rank", "16", "--lambda", "0.001", "--regularization", "plain", "--json"];
    let run =
        gasworks(&[&arguments[..], &["--early-stop", "--iterations", "60", "--model", &best]].concat()).ok();
    let events = run.events();
    let rmse = |event: &serde_json::Value| event["metrics"]["test_rmse"].as_f64().expect("a number");
    let rounds: Vec<f64> = events.iter().filter(|event| event["event"] == "progress").map(rmse).collect();
    let done = run.last();
    let least = rounds.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(rmse(&done), least);
    assert_eq!(done["reason"], "converged");
    let kept = done["kept_iteration"].as_u64().expect("a number");
    assert_eq!(rounds[kept as usize - 1], least);
    assert_eq!(rounds.len() as u64, kept + 3, "it waits for three iterations");

    // The model is the one that a run of just so many iterations ends with.
    gasworks(&[&arguments[..], &["--iterations", &kept.to_string(), "--model", &cut]].concat()).ok();
    assert_eq!(read(best), read(cut));
}

const NOISE: [&str; 10] =
    ["generate", "ratings", "--users", "80", "--items", "60", "--count", "1500", "--noise", "1.5"];

#[test]
fn a_test_file_is_measured_on() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let test =
        folder.file("test.csv", "userId,movieId,rating\n100,0,4.5\n101,0,2\n100,unknown,3\nnobody,0,3\n");
    let run = gasworks(&["als", &input, "--test", &test, "--rank", "4", "--json"]).ok();
    assert_eq!(run.events()[0]["test_ratings"], 4);
    assert!(run.last()["metrics"]["test_rmse"].as_f64().expect("a number") < 2.0);
    let table = gasworks(&["als", &input, "--test", &test, "--rank", "4"]).ok();
    assert!(table.out.contains("test: 4 ratings, the file that --test names; 2 of them"), "{}", table.out);
    let both = gasworks(&["als", &input, "--test", &test, "--holdout", "0.1"]);
    assert_eq!(both.code, Some(2));
}

#[test]
fn nothing_held_out_is_nothing_measured() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let run = gasworks(&["als", &input, "--holdout", "0", "--rank", "4", "--json"]).ok();
    assert!(run.last()["metrics"].get("test_rmse").is_none());
    assert_eq!(gasworks(&["als", &input, "--holdout", "0", "--early-stop"]).code, Some(2));
}

#[test]
fn duplicates_follow_the_policy() {
    let ratings = "a,x,1\na,x,5\nb,y,3\n";
    let train = |policy: &str| {
        gasworks_with(&["als", "-", "--duplicates", policy, "--rank", "1", "--json"], ratings.as_bytes())
    };
    for policy in ["last", "mean", "sum"] {
        let run = train(policy).ok();
        assert_eq!(run.events()[0]["inputs"][0]["duplicates"], 1, "{policy}");
    }
    let run = train("error");
    assert_eq!((run.code, run.last()["line"].as_u64()), (Some(65), Some(2)));
}

#[test]
fn lambda_zero_is_solved_and_reported() {
    let folder = Folder::new();
    let input = folder.file("few.csv", "1,1,5\n1,2,3\n2,2,1\n2,3,4\n");
    let run = gasworks(&["als", &input, "--lambda", "0", "--rank", "50"]).ok();
    assert!(run.err.contains("solves were singular"), "{}", run.err);
    let run = gasworks(&["als", &input, "--rank", "50"]).ok();
    assert!(!run.err.contains("singular"), "{}", run.err);
}

#[test]
fn limits_stop_a_run() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let reason = |arguments: &[&str]| {
        gasworks(&[&["als", &input, "--rank", "4", "--json"], arguments].concat()).ok().last()["reason"]
            .clone()
    };
    assert_eq!(reason(&["--iterations", "2"]), "iterations");
    assert_eq!(reason(&["--max-updates", "1"]), "updates");
    assert_eq!(reason(&["--max-seconds", "0"]), "time");
    assert_eq!(reason(&["--tolerance", "1000"]), "converged");
}

/// Metrics of the last event of a run on the table of the tests, with these options.
fn metrics(folder: &Folder, options: &[&str]) -> serde_json::Value {
    let input = folder.file("ratings.csv", ratings());
    let run = gasworks(&[&["als", &input, "--rank", "4", "--json"], options].concat()).ok();
    let done = run.events().into_iter().find(|event| event["event"] == "done").expect("it ends");
    done["metrics"].clone()
}

#[test]
fn implicit_feedback_lowers_its_loss_and_lists_what_was_held_out() {
    let folder = Folder::new();
    let model = folder.path("model");
    for options in [&["--alpha", "5"][..], &["--solver", "cg"], &["--nonnegative"]] {
        let first = metrics(&folder, &[&["--implicit", "--iterations", "1"], options].concat());
        let last = metrics(&folder, &[&["--implicit", "--model", &model], options].concat());
        assert!(last["loss"].as_f64() < first["loss"].as_f64(), "{options:?}: {first} {last}");
        assert!(last["test_rmse"].is_null() && last["baseline_test_rmse"].is_null(), "{last}");
        assert!(last["test_recall_at_10"].as_f64() > Some(0.1), "{last}");

        let test = folder.file("test.csv", "userId,movieId,rating\n100,0,1\n101,10,3\n");
        let run = gasworks(&["evaluate", &model, &test, "--json"]).ok();
        assert!(run.last()["metrics"]["test_rmse"].is_null(), "{}", run.out);
        assert!(run.last()["metrics"]["ndcg_at_10"].is_number(), "{}", run.out);
        assert!(!gasworks(&["evaluate", &model, &test]).ok().out.contains("RMSE"));
        let run = gasworks(&["recommend", &model, "--user", "100", "--json"]).ok();
        let items = run.last()["items"].as_array().expect("a list").clone();
        assert_eq!(items.len(), 10);
        assert!(
            items.iter().all(|item| (-0.5..1.5).contains(&item["predicted"].as_f64().unwrap())),
            "{items:?}"
        );
        gasworks(&["similar", &model, "--item", "10"]).ok();
    }
    let run = gasworks(&["als", &folder.path("ratings.csv"), "--rank", "4", "--implicit"]).ok();
    assert!(
        run.out.contains("loss") && run.out.contains("recall@10") && !run.out.contains("RMSE"),
        "{}",
        run.out
    );
}

/// `x.npy` and `x.safetensors` as numbers of the text export, which prints all of them.
fn factors(folder: &Folder, options: &[&str]) -> Vec<f32> {
    let input = folder.file("ratings.csv", ratings());
    let output = folder.path("f.txt");
    gasworks(&[&["als", &input, "--rank", "4", "-q", "-o", &output], options].concat()).ok();
    let both = ["f.users.txt", "f.items.txt"].map(|name| text(folder.path(name))).concat();
    let lines = both.lines().map(|line| line.split_once('\t').expect("a tab").1.to_owned());
    lines
        .collect::<Vec<_>>()
        .iter()
        .flat_map(|line| line.split(' '))
        .map(|x| x.parse().expect("a number"))
        .collect()
}

#[test]
fn solvers_do_what_they_say() {
    let folder = Folder::new();
    let exact = factors(&folder, &["--iterations", "4"]);
    assert!(exact.iter().any(|factor| *factor < 0.0));
    let enough = factors(&folder, &["--iterations", "4", "--solver", "cg:steps=12"]);
    assert!(exact.iter().zip(&enough).all(|(exact, found)| (exact - found).abs() < 1e-2));
    let few = factors(&folder, &["--iterations", "4", "--solver", "cg:steps=1"]);
    assert!(
        exact.iter().zip(&few).any(|(exact, found)| (exact - found).abs() > 1e-2),
        "one step is not exact"
    );
    for options in [&["--nonnegative"][..], &["--nonnegative", "--implicit"]] {
        let found = factors(&folder, options);
        assert!(found.iter().all(|factor| *factor >= 0.0) && found.iter().any(|factor| *factor > 0.1));
    }
    // Nothing is subtracted first, or factors that are not negative could not explain what is below the mean.
    let metrics = metrics(&folder, &["--nonnegative"]);
    assert!(metrics["test_rmse"].as_f64() < metrics["baseline_test_rmse"].as_f64(), "{metrics}");
}

#[test]
fn the_model_carries_how_it_was_trained() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let model = folder.path("model");
    let options = ["--implicit", "--alpha", "7", "--solver", "cg:steps=2", "--lambda", "0.5"];
    gasworks(&[&["als", &input, "--rank", "4", "-q", "--model", &model], &options[..]].concat()).ok();
    let bytes = read(&model);
    let header = String::from_utf8_lossy(&bytes[..4096.min(bytes.len())]).replace('\\', "");
    for part in
        ["\"alpha\":7.0", "\"solver\":\"cg:steps=2\"", "\"regularization\":\"plain\"", "\"offset\":\"none\""]
    {
        assert!(header.contains(part), "{part}: {header}");
    }
}

#[test]
fn what_does_not_go_with_implicit_feedback_is_refused() {
    let folder = Folder::new();
    let input = folder.file("ratings.csv", ratings());
    let refused = |options: &[&str], words: &str, code: i32| {
        let run = gasworks(&[&["als", &input], options].concat());
        assert_eq!(run.code, Some(code), "{options:?}: {}", run.err);
        assert!(run.err.contains(words), "{options:?}: {}", run.err);
    };
    refused(&["--implicit", "--offset", "mean"], "--offset", 2);
    refused(&["--implicit", "--early-stop"], "--early-stop", 2);
    refused(&["--alpha", "3"], "--implicit", 2);
    refused(&["--solver", "newton"], "cg:steps=N", 2);
    refused(&["--solver", "nonnegative"], "cg:steps=N", 2);
    refused(&["--solver", "cg", "--nonnegative"], "--nonnegative", 2);
    for order in [&["--scheduler", "rounds"][..], &["--engine", "async", "--exclusion", "locks"]] {
        refused(&[&["--implicit"], order].concat(), "in turn", 2);
    }
    let bits = |order: &[&str]| factors(&folder, &[&["--implicit", "--threads", "3"], order].concat());
    assert_eq!(
        bits(&[]),
        bits(&["--engine", "async", "--exclusion", "coloring"]),
        "two colors are the two sides"
    );
    let negative = folder.file("negative.csv", "user,item,rating\n1,1,2\n1,2,-3\n2,1,1\n");
    let run = gasworks(&["als", &negative, "--implicit", "--holdout", "0"]);
    assert!(run.code != Some(0) && run.err.contains("-3 by user 1 of item 2"), "{}", run.err);
}
