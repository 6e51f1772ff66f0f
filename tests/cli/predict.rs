//! `predict`: what a saved model says of pairs, in the order in which they were asked.

use crate::{Folder, gasworks, gasworks_with, ratings, text};

fn model(folder: &Folder, ratings: impl AsRef<[u8]>) -> String {
    let (input, model) = (folder.file("ratings.csv", ratings), folder.path("model"));
    gasworks(&["als", &input, "--rank", "4", "--lambda", "0.01", "--holdout", "0", "--model", &model]).ok();
    model
}

fn rows(table: &str) -> Vec<Vec<String>> {
    table.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// The same as in the lists of `recommend`, with or without ratings beside them.
#[test]
fn predictions_are_those_of_lists() {
    let folder = Folder::new();
    let model = model(&folder, ratings());
    let lists = folder.path("lists.tsv");
    gasworks(&["recommend", &model, "--all-users", "-k", "3", "-o", &lists]).ok();
    let lists = text(lists);
    let pairs: String = rows(&lists).iter().map(|row| format!("{},{}\n", row[0], row[1])).collect();
    let run = gasworks(&["predict", &model, &folder.file("pairs.csv", &pairs)]).ok();
    assert_eq!(run.out, lists);
    assert_eq!(gasworks_with(&["predict", &model, "-", "-o", "-", "-q"], pairs.as_bytes()).ok().out, lists);

    let file = folder.path("predicted.tsv");
    let train = folder.path("ratings.csv");
    let run = gasworks(&["predict", &model, &train, "-o", &file, "--json"]).ok();
    assert_eq!((run.events().len(), run.last()["event"].as_str()), (1, Some("predictions")));
    let (predicted, given) = (rows(&text(&file)), ratings());
    let errors: Vec<f64> = given
        .lines()
        .skip(1)
        .zip(&predicted)
        .map(|(line, row)| {
            assert_eq!(line, format!("{},{},{}", row[0], row[1], row[3]));
            let number = |at: usize| row[at].parse::<f64>().expect("a number");
            number(2) - number(3)
        })
        .collect();
    assert_eq!(errors.len(), predicted.len());
    // `evaluate` on the same file has the same errors.
    let rmse = (errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64).sqrt();
    let run = gasworks(&["evaluate", &model, &train, "--json"]).ok();
    let found = run.last()["metrics"]["test_rmse"].as_f64().expect("a number");
    assert!((found - rmse).abs() < 1e-6, "{found} {rmse}");
}

#[test]
fn strangers_get_mean_and_biases_and_are_counted() {
    let folder = Folder::new();
    let model = model(&folder, "ann,x,5\nann,y,4\nbob,x,1\nbob,z,2\n");
    let run = gasworks_with(&["predict", &model, "-", "--json"], b"ann,x\nnobody,x\nann,w\nnobody,w\n").ok();
    assert!(
        run.err.contains("note: 3 of 4 pairs are of users or items without training ratings"),
        "{}",
        run.err
    );
    let events = run.events();
    let of = |at: usize, name: &str| events[at][name].clone();
    assert_eq!((0..4).map(|at| of(at, "fallback") == true).collect::<Vec<_>>(), [false, true, true, true]);
    assert_eq!((of(3, "predicted"), of(3, "rating"), of(4, "fallbacks")), (3.0.into(), ().into(), 3.into()));
    assert!(of(2, "predicted").as_f64() > Some(3.0), "ann rates high");
}

#[test]
fn predictions_are_cut_to_the_range_unless_asked_otherwise() {
    let folder = Folder::new();
    let model = model(&folder, ratings());
    let predict = |more: &[&str]| {
        let train = folder.path("ratings.csv");
        let run = gasworks(&[&["predict", &model, &train][..], more].concat()).ok();
        rows(&run.out).iter().map(|row| row[2].parse::<f32>().expect("a number")).collect::<Vec<_>>()
    };
    let (cut, free) = (predict(&[]), predict(&["--no-clip"]));
    assert!(free.iter().any(|value| !(2.0..=4.5).contains(value)));
    assert_eq!(cut, free.iter().map(|value| value.clamp(2.0, 4.5)).collect::<Vec<_>>());
}

/// What is said of a pair does not depend on how the pair is written.
#[test]
fn pairs_in_every_form() {
    let folder = Folder::new();
    let model = model(&folder, "1,1,5\n1,2,4\n2,1,1\n2,3,2\n");
    let plain = gasworks_with(&["predict", &model, "-"], b"1,3\n2,2\n1,3\n").ok().out;
    assert_eq!(plain.lines().count(), 3, "repeats stay");
    for pairs in [
        "1\t3\n2\t2\n1\t3\n",
        "1::3\n2::2\n1::3",
        "\u{feff}userId,movieId\r\n1,3\r\n\r\n2,2\r\n1,3\r\n",
        "item;note;user\n3;x;1\n\"2\";y;2\n3;z;1\n",
        "# pairs\n1 3\n2 2\n1 3\n",
        "%%MatrixMarket matrix coordinate pattern general\n2 3 3\n1 3\n2 2\n1 3\n",
    ] {
        let run = gasworks_with(&["predict", &model, "-"], pairs.as_bytes()).ok();
        assert_eq!(run.out, plain, "{pairs:?}");
    }
    for rated in ["1,3,4\n2,2,1.5\n1,3,4\n", "userId,rating,movieId,time\n1,4,3,9\n2,1.5,2,9\n1,4,3,9\n"] {
        let run = gasworks_with(&["predict", &model, "-"], rated.as_bytes()).ok();
        let beside: String =
            plain.lines().zip([4.0, 1.5, 4.0]).map(|(line, rating)| format!("{line}\t{rating}\n")).collect();
        assert_eq!(run.out, beside, "{rated:?}");
    }
}

#[test]
fn what_cannot_be_predicted_is_refused() {
    let folder = Folder::new();
    let model = model(&folder, ratings());
    assert_eq!(gasworks(&["predict", &model, &folder.path("none.csv")]).code, Some(66));
    assert_eq!(gasworks(&["predict", &folder.path("none"), &model]).code, Some(66));
    let run = gasworks_with(&["predict", &model, "-", "--json"], b"ann,x,4\nann,y,NaN\n");
    assert_eq!((run.code, run.last()["line"].as_u64()), (Some(65), Some(2)));
    let run = gasworks_with(&["predict", &model, "-"], b"userId,movieId\n");
    assert_eq!(run.code, Some(65), "{}", run.err);
    assert!(run.err.contains("at least one pair of user and item"), "{}", run.err);
    assert_eq!(gasworks(&["predict", &model, &folder.path("")]).code, Some(66));
    assert_eq!(gasworks(&["predict", &folder.file("foreign", "1,2\n"), &model]).code, Some(65));
    let run = gasworks_with(&["predict", &model, "-"], b"100,20\n100\n");
    assert!(run.code == Some(65) && run.err.contains("standard input:2"), "{}", run.err);
    let pairs = folder.file("pairs.csv", "1,2\n");
    assert_eq!(gasworks(&["predict", &model, &pairs, "-o", &pairs]).code, Some(2));
    assert_eq!(gasworks(&["predict", &model, &pairs, "-o", "-", "--json"]).code, Some(2));
    assert_eq!(gasworks(&["predict", &model, &pairs, "-o", &folder.path("none/x")]).code, Some(74));
}
