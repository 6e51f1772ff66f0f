//! `generate`: every parameter arrives, and the seed decides.

use crate::{Folder, gasworks, text};

#[test]
fn ratings_are_as_many_as_asked_for() {
    let arguments =
        ["generate", "ratings", "--users", "30", "--items", "20", "--count", "300", "--rank", "2"];
    let run = gasworks(&arguments).ok();
    assert_eq!(run.out.lines().count(), 301);
    assert!(run.out.starts_with("userId,movieId,rating\n0,"));
    assert_eq!(gasworks(&arguments).ok().out, run.out);
    assert_ne!(gasworks(&[&arguments[..], &["--seed", "1"]].concat()).ok().out, run.out);
    assert_ne!(gasworks(&[&arguments[..], &["--noise", "0"]].concat()).ok().out, run.out);
}

#[test]
fn graphs_follow_their_options() {
    let folder = Folder::new();
    let path = folder.path("graph.txt");
    let run = gasworks(&["generate", "rmat", "--scale", "6", "--output", &path]).ok();
    assert_eq!((run.out.as_str(), run.err), ("", format!("wrote {path}\n")));
    assert!(text(path).starts_with("# Directed graph\n"));
    let rows = |arguments: &[&str]| {
        let run =
            gasworks(&[&["generate", "rmat", "--scale", "6", "--edge-factor", "8"], arguments].concat()).ok();
        run.out.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    let raw = rows(&["--keep-self-loops", "yes", "--deduplicate", "no"]);
    assert_eq!(raw.len(), 8 * 64);
    assert!(rows(&[]).len() < raw.len());
    let even = rows(&["-a", "0.25", "-b", "0.25", "-c", "0.25", "--permute", "no"]);
    assert!(even.len() > rows(&["--permute", "no"]).len(), "fewer duplicates without hubs");
    for row in rows(&["--weights", "3..5"]) {
        let weight: u32 = row.split('\t').nth(2).expect("a weight").parse().expect("a number");
        assert!((3..=5).contains(&weight));
    }
}
