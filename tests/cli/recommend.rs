//! `recommend` and `similar`: what a saved model answers.

use crate::{Folder, gasworks, ratings, read, text};

/// A model of [`ratings`], with titles for some items.
fn model(folder: &Folder) -> String {
    let input = folder.file("ratings.csv", ratings());
    let titles = folder.file("titles.csv", "movieId,title\n0,\"Zero, The\"\n20,Twenty\n40,Forty\n");
    let model = folder.path("model");
    gasworks(&["als", &input, "--rank", "4", "--titles", &titles, "--model", &model]).ok();
    model
}

#[test]
fn a_model_answers_alone() {
    let folder = Folder::new();
    let model = model(&folder);
    std::fs::remove_file(folder.path("ratings.csv")).expect("a file");
    let run = gasworks(&["recommend", &model, "--user", "100", "-k", "3", "--json"]).ok();
    let list = run.last();
    assert_eq!((list["event"].as_str(), list["basis"].as_str()), (Some("recommendations"), Some("factors")));
    let items = list["items"].as_array().expect("a list");
    assert_eq!(items.len(), 3);
    for item in items {
        let id: u32 = item["item"].as_str().expect("an id").parse().expect("a number");
        assert_eq!(id % 20, 0, "user 100 likes every other item");
        assert!(item["predicted"].as_f64().expect("a number") > 3.5);
    }
    let table = gasworks(&["recommend", &model, "--user", "100", "-k", "40", "--include-seen"]).ok();
    assert_eq!(table.out.lines().count(), 41);
    assert!(table.out.contains("Zero, The") && table.out.contains("Twenty"), "{}", table.out);
}

#[test]
fn an_unknown_user_gets_popular_items_and_a_note() {
    let folder = Folder::new();
    let model = model(&folder);
    let run = gasworks(&["recommend", &model, "--user", "nobody"]).ok();
    assert!(run.err.contains("note: user nobody is not in the training ratings"), "{}", run.err);
    assert_eq!(run.out.lines().count(), 11);
    let run = gasworks(&["recommend", &model, "--user", "nobody", "--json"]).ok();
    assert_eq!(run.last()["basis"], "popularity");
}

#[test]
fn a_user_who_rated_everything_gets_an_empty_list() {
    let folder = Folder::new();
    let input = folder.file("all.csv", "ann,x,5\nann,y,3\nbob,x,1\n");
    let model = folder.path("model");
    gasworks(&["als", &input, "--rank", "2", "--holdout", "0", "--model", &model]).ok();
    let run = gasworks(&["recommend", &model, "--user", "ann"]).ok();
    assert_eq!(run.out, "");
    assert!(run.err.contains("user ann rated every item"), "{}", run.err);
    let run = gasworks(&["recommend", &model, "--user", "ann", "--json"]).ok();
    assert_eq!(
        (run.last()["basis"].as_str(), run.last()["items"].as_array().map(Vec::len)),
        (Some("nothing_left"), Some(0))
    );
    let lists = folder.path("lists.tsv");
    let run = gasworks(&["recommend", &model, "--all-users", "-o", &lists]).ok();
    assert!(run.err.contains("1 users rated every item"), "{}", run.err);
    assert!(text(lists).starts_with("bob\ty\t"));
}

#[test]
fn lists_for_all_users_are_one_file() {
    let folder = Folder::new();
    let (model, lists) = (model(&folder), folder.path("lists.tsv"));
    gasworks(&["recommend", &model, "--all-users", "-k", "2", "--output", &lists]).ok();
    let lists = text(lists);
    assert_eq!(lists.lines().count(), 120);
    let users: Vec<u32> = lists
        .lines()
        .map(|line| line.split('\t').next().expect("a user").parse().expect("a number"))
        .collect();
    assert!(users.is_sorted());
    assert_eq!(gasworks(&["recommend", &model, "--all-users"]).code, Some(2));
    assert_eq!(gasworks(&["recommend", &model]).code, Some(2));
}

#[test]
fn similar_items_are_of_the_same_kind() {
    let folder = Folder::new();
    let model = model(&folder);
    let run = gasworks(&["similar", &model, "--item", "0", "-k", "5", "--json"]).ok();
    let items = run.last()["items"].as_array().expect("a list").clone();
    assert_eq!(items.len(), 5);
    for item in &items {
        assert_eq!(item["item"].as_str().expect("an id").parse::<u32>().expect("a number") % 20, 0);
    }
    let run = gasworks(&["similar", &model, "--item", "7"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("no item has the id \"7\""), "{}", run.err);
}

#[test]
fn what_is_no_model_is_refused() {
    let folder = Folder::new();
    let model = model(&folder);
    let run = gasworks(&["recommend", &folder.path("none"), "--user", "1"]);
    assert_eq!(run.code, Some(66), "{}", run.err);
    let run = gasworks(&["recommend", &folder.path(""), "--user", "1"]);
    assert_eq!(run.code, Some(66), "{}", run.err);
    let foreign = folder.file("foreign", "1,2,3\n");
    assert_eq!(gasworks(&["recommend", &foreign, "--user", "1"]).code, Some(65));
    let mut bytes = read(&model);
    bytes.truncate(bytes.len() - 1);
    let torn = folder.file("torn", &bytes);
    let run = gasworks(&["recommend", &torn, "--user", "1", "--json"]);
    assert_eq!(run.code, Some(65));
    assert_eq!(run.last()["file"], torn.as_str());
    let mut bytes = read(&model);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    assert_eq!(gasworks(&["recommend", &folder.file("flipped", &bytes), "--user", "1"]).code, Some(65));
}
