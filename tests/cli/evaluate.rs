//! `evaluate`: errors and lists of a saved model, on ratings that it did not learn from.

use std::collections::{HashMap, HashSet};

use crate::{Folder, gasworks, ratings, text};

/// Training ratings, and every seventh for the test.
fn parts() -> (String, String) {
    let all = ratings();
    let (test, train): (Vec<_>, Vec<_>) = all.lines().enumerate().skip(1).partition(|(at, _)| at % 7 == 0);
    let header = all.lines().next().expect("a header");
    let table = |lines: Vec<(usize, &str)>| {
        let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();
        format!("{header}\n{}\n", lines.join("\n"))
    };
    (table(train), table(test))
}

/// The errors are those that `als` found on the same file; the measures of lists are computed once more, from the lists.
#[test]
fn errors_are_those_of_als_and_lists_those_of_recommend() {
    let folder = Folder::new();
    let (train, test) = parts();
    let (train, test_file) = (folder.file("train.csv", train), folder.file("test.csv", &test));
    let model = folder.path("model");
    let run =
        gasworks(&["als", &train, "--rank", "4", "--test", &test_file, "--model", &model, "--json"]).ok();
    let done = run.events().into_iter().find(|event| event["event"] == "done").expect("it ends");
    let run = gasworks(&["evaluate", &model, &test_file, "-k", "5", "--relevant", "4", "--json"]).ok();
    let found = run.last()["metrics"].clone();
    for name in ["test_rmse", "test_mae"] {
        assert_eq!(found[name], done["metrics"][name], "{name}");
    }
    assert!(found["test_rmse"].as_f64() < found["baseline_rmse"].as_f64(), "{found}");

    let lists = |count: &str| {
        let file = folder.path("lists.tsv");
        gasworks(&["recommend", &model, "--all-users", "-k", count, "--output", &file]).ok();
        let mut lists: HashMap<String, Vec<String>> = HashMap::new();
        for line in text(file).lines() {
            let fields: Vec<_> = line.split('\t').collect();
            lists.entry(fields[0].into()).or_default().push(fields[1].into());
        }
        lists
    };
    let listed = lists("5");
    let mut relevant: HashMap<String, HashSet<String>> = HashMap::new();
    for line in test.lines().skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        if fields[2].parse::<f64>().expect("a rating") >= 4.0 {
            relevant.entry(fields[0].into()).or_default().insert(fields[1].into());
        }
    }
    let (mut precision, mut recall, mut ndcg) = (0.0, 0.0, 0.0);
    for (user, relevant) in &relevant {
        let hits = listed[user].iter().map(|item| f64::from(u8::from(relevant.contains(item))));
        let gains = hits.clone().enumerate().map(|(at, hit)| hit / (at as f64 + 2.0).log2());
        let ideal: f64 = (0..relevant.len().min(5)).map(|at| 1.0 / (at as f64 + 2.0).log2()).sum();
        precision += hits.clone().sum::<f64>() / 5.0;
        recall += hits.sum::<f64>() / relevant.len() as f64;
        ndcg += gains.sum::<f64>() / ideal;
    }
    assert!(precision > 0.0 && relevant.len() > 10);
    for (name, sum) in [("precision_at_5", precision), ("recall_at_5", recall), ("ndcg_at_5", ndcg)] {
        let value = found[name].as_f64().expect("a number");
        assert!((value - sum / relevant.len() as f64).abs() < 1e-9, "{name}: {value}, {sum}");
    }
    assert_eq!(run.last()["users"], relevant.len());

    // The area under the curve, pair by pair from lists that leave nothing out.
    let order = lists("1000");
    let mut area = 0.0;
    for (user, relevant) in &relevant {
        let (mut pairs, mut won, mut above) = (0, 0, 0);
        for item in &order[user] {
            if relevant.contains(item) {
                above += 1;
            } else {
                pairs += relevant.len();
                won += above;
            }
        }
        assert_eq!(above, relevant.len(), "everything has training ratings");
        area += won as f64 / pairs as f64;
    }
    let (found, area) = (found["auc"].as_f64().expect("a number"), area / relevant.len() as f64);
    // Half of what was not rated at all is as good as what is relevant.
    assert!((found - area).abs() < 1e-9 && found > 0.6, "{found}, {area}");
}

#[test]
fn what_a_person_sees() {
    let folder = Folder::new();
    let (train, test) = parts();
    let (train, test) = (folder.file("train.csv", train), folder.file("test.csv", test));
    let model = folder.path("model");
    gasworks(&["als", &train, "--rank", "4", "--holdout", "0", "--model", &model]).ok();
    let run = gasworks(&["evaluate", &model, &test]).ok();
    for words in
        ["model", "mean and biases", "precision@10", "recall@10", "map@10", "ndcg@10", "auc", "lists of"]
    {
        assert!(run.out.contains(words), "{words}: {}", run.out);
    }
    let strangers = folder.file("strangers.csv", "userId,movieId,rating\nnobody,0,5\n");
    let run = gasworks(&["evaluate", &model, &strangers]).ok();
    assert!(run.err.contains("1 of 1 ratings are of users or items without training ratings"), "{}", run.err);
    assert!(run.err.contains("lists were not judged"), "{}", run.err);
    assert!(!run.out.contains("precision"), "{}", run.out);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let folder = Folder::new();
    let model = folder.path("model");
    gasworks(&["als", &folder.file("train.csv", ratings()), "--rank", "2", "--model", &model]).ok();
    assert_eq!(gasworks(&["evaluate", &model, &folder.path("none.csv")]).code, Some(66));
    assert_eq!(gasworks(&["evaluate", &folder.path("none"), &model]).code, Some(66));
    let empty = folder.file("empty.csv", "userId,movieId,rating\n");
    assert_eq!(gasworks(&["evaluate", &model, &empty]).code, Some(65));
    let bad = folder.file("bad.csv", "userId,movieId,rating\n1,2,NaN\n");
    let run = gasworks(&["evaluate", &model, &bad, "--json"]);
    assert_eq!((run.code, run.last()["line"].as_u64()), (Some(65), Some(2)));
    let run = gasworks(&["evaluate", &model, &bad, "-k", "0"]);
    assert_eq!(run.code, Some(2), "{}", run.err);
}
