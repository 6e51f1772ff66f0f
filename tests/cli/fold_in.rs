//! `recommend --ratings` and `recommend --explain`: users whom training did not see, and where predictions come from.

use std::collections::HashMap;

use serde_json::Value;

use crate::{Folder, gasworks, gasworks_with, ratings, text};

fn model(folder: &Folder) -> String {
    let input = folder.file("ratings.csv", ratings());
    let titles = folder.file("titles.csv", "movieId,title\n0,\"Zero, The\"\n20,Twenty\n40,Forty\n");
    let model = folder.path("model");
    gasworks(&["als", &input, "--rank", "4", "--holdout", "0", "--titles", &titles, "--model", &model]).ok();
    model
}

/// What a user of [`ratings`] rated, as lines under other names.
fn rated_by(user: &str, names: &[&str]) -> String {
    let all = ratings();
    let of_user = || all.lines().filter_map(|line| line.strip_prefix(user)?.strip_prefix(','));
    names.iter().flat_map(|name| of_user().map(move |rest| format!("{name},{rest}\n"))).collect()
}

fn items(list: &Value) -> Vec<Value> {
    list["items"].as_array().expect("a list").clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn a_newcomer_with_the_ratings_of_a_user_gets_the_list_of_that_user() {
    let folder = Folder::new();
    let model = model(&folder);
    let predictions = |list: &Value| -> HashMap<String, f64> {
        items(list).iter().map(|item| (item["item"].to_string(), number(&item["predicted"]))).collect()
    };
    for user in ["100", "117", "159"] {
        let known = gasworks(&["recommend", &model, "--user", user, "-k", "40", "--json"]).ok().last();
        let input = rated_by(user, &["newcomer"]);
        let run =
            gasworks_with(&["recommend", &model, "--ratings", "-", "-k", "40", "--json"], input.as_bytes())
                .ok();
        let list = run.last();
        assert_eq!((list["user"].as_str(), list["basis"].as_str()), (Some("newcomer"), Some("factors")));
        let (known, found) = (predictions(&known), predictions(&list));
        assert_eq!(known.len(), found.len());
        for (item, predicted) in known {
            assert!((found[&item] - predicted).abs() < 0.02, "{user}, {item}: {predicted}, {}", found[&item]);
        }
    }
}

#[test]
fn new_ratings_of_a_known_user_are_added() {
    let folder = Folder::new();
    let model = model(&folder);
    let of = |run: &crate::Run| -> Vec<String> {
        items(&run.last()).iter().map(|item| item["item"].as_str().expect("an id").to_owned()).collect()
    };
    let before = of(&gasworks(&["recommend", &model, "--user", "100", "-k", "40", "--json"]).ok());
    let new = folder.file("new.csv", format!("100,{},4.5\n", before[0]));
    let run = gasworks(&["recommend", &model, "--ratings", &new, "-k", "40", "--json"]).ok();
    assert!(
        run.err.contains("note: 1 of the users are in the model: these ratings are added"),
        "{}",
        run.err
    );
    let (mut after, mut expected) = (of(&run), before[1..].to_vec());
    after.sort();
    expected.sort();
    assert_eq!(after, expected);
}

#[test]
fn lists_of_several_users_are_a_table_each_or_one_file() {
    let folder = Folder::new();
    let model = model(&folder);
    let mut input = rated_by("100", &["ann", "bob"]);
    input.push_str("cyd,nothing,5\n");
    let input = folder.file("new.csv", input);
    let run = gasworks(&["recommend", &model, "--ratings", &input, "-k", "2"]).ok();
    assert!(run.out.contains("user ann:\nrank") && run.out.contains("\n\nuser bob:\nrank"), "{}", run.out);
    assert!(run.err.contains("1 of 53 ratings are of items without training ratings"), "{}", run.err);
    assert!(
        run.err.contains("user cyd rated no item that the model knows; these are the most rated"),
        "{}",
        run.err
    );

    let file = folder.path("lists.tsv");
    let run = gasworks(&["recommend", &model, "--ratings", &input, "-k", "2", "-o", &file, "--json"]).ok();
    let last = run.last();
    assert_eq!((run.events().len(), &last["users"], &last["popularity"]), (1, &3.into(), &1.into()));
    assert!(run.err.contains("1 users rated no item that the model knows"), "{}", run.err);
    let lists = text(&file);
    let users: Vec<_> = lists.lines().map(|line| &line[..3]).collect();
    assert_eq!(users, ["ann", "ann", "bob", "bob", "cyd", "cyd"]);
    let run =
        gasworks(&["recommend", &model, "--ratings", &input, "--user", "bob", "-k", "2", "-o", "-"]).ok();
    let of_bob: String =
        lists.lines().filter(|line| line.starts_with("bob")).map(|line| format!("{line}\n")).collect();
    assert_eq!(run.out, of_bob);
    // Whoever rated everything is told so.
    let all: String = (0..40).map(|item| format!("dan,{},3\n", 10 * item)).collect();
    let run = gasworks_with(&["recommend", &model, "--ratings", "-"], all.as_bytes()).ok();
    assert!(run.out.is_empty() && run.err.contains("user dan rated every item"), "{}", run.err);
}

/// For a user of the model and for a newcomer with the same ratings.
#[test]
fn explanations_add_up_and_name_what_the_user_rated() {
    let folder = Folder::new();
    let model = model(&folder);
    let given = rated_by("100", &["newcomer"]);
    let rated: HashMap<&str, f64> = given
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|fields| (fields[1], fields[2].parse().expect("a rating")))
        .collect();
    let file = folder.file("new.csv", &given);
    for whom in [&["--user", "100"][..], &["--ratings", &file]] {
        let run = gasworks(&[&["recommend", &model, "--explain=4", "-k", "5", "--json"], whom].concat()).ok();
        for item in items(&run.last()) {
            let explanation = &item["explanation"];
            let because = explanation["because"].as_array().expect("a list");
            assert_eq!((because.len(), &explanation["others"]), (4, &(rated.len() - 4).into()));
            let amounts: Vec<f64> = because.iter().map(|part| number(&part["contribution"])).collect();
            assert!(amounts.is_sorted_by(|a, b| a >= b));
            let sum = number(&explanation["offset"])
                + amounts.iter().sum::<f64>()
                + number(&explanation["others_contribution"]);
            assert!((sum - number(&explanation["predicted"])).abs() < 1e-4, "{explanation}");
            // The row of training is that of one half sweep before.
            assert!((sum - number(&item["predicted"])).abs() < 0.05, "{item}");
            for part in because {
                assert_eq!(rated[part["item"].as_str().expect("an id")], number(&part["rating"]));
            }
            // An item for even users is explained by likes of such items or dislikes of others.
            let id: u32 = item["item"].as_str().expect("an id").parse().expect("a number");
            assert_eq!(id % 20, 0);
            for part in because {
                let other: u32 = part["item"].as_str().expect("an id").parse().expect("a number");
                assert_eq!(other.is_multiple_of(20), number(&part["rating"]) == 4.5, "{part}");
            }
        }
    }
    let run = gasworks(&["recommend", &model, "--user", "100", "--explain", "-k", "2"]).ok();
    assert_eq!(run.out.lines().count(), 1 + 2 * (1 + 1 + 3 + 1), "{}", run.out);
    for words in ["mean and biases", "  rated ", "23 other ratings"] {
        assert!(run.out.contains(words), "{words}: {}", run.out);
    }
    let run = gasworks(&["recommend", &model, "--user", "nobody", "--explain", "-k", "2"]).ok();
    assert_eq!(run.out.lines().count(), 3, "{}", run.out);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = Folder::new();
    let model = model(&folder);
    let good = folder.file("good.csv", "ann,0,5\n");
    for (arguments, code, part) in [
        (&["--ratings", &folder.path("none.csv")][..], 66, "none.csv"),
        (&["--ratings", &folder.file("bad.csv", "ann,0,5\nann,20,NaN\n")], 65, "bad.csv:2"),
        (&["--ratings", &folder.file("empty.csv", "")], 65, "at least one rating"),
        (
            &["--ratings", &folder.file("twice.csv", "ann,0,5\nann,0,4\n"), "--duplicates", "error"],
            65,
            "twice.csv:2",
        ),
        (&["--ratings", &good, "--user", "bob"], 2, "expected a user of"),
        (&["--ratings", &good, "-o", &good], 2, "not an input"),
        (&["--ratings", &good, "--all-users", "-o", "x"], 2, "--all-users"),
        (&["--user", "100", "--explain", "-o", "x"], 2, "--explain"),
        (&["--user", "100", "--duplicates", "sum"], 2, "--ratings"),
        (&["--user", "100", "--explain=many"], 2, "--explain"),
        (&[], 2, "--user"),
    ] {
        let run = gasworks(&[&["recommend", &model], arguments].concat());
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(part), "{arguments:?}: {}", run.err);
    }
}
