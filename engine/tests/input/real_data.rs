//! Published data sets, below the folder that `GASWORKS_DATA` names; skipped without it.
use std::path::PathBuf;

use gasworks_engine::input::{EdgesOptions, RatingsOptions, Source, read_edges, read_ratings, read_titles};

fn data(name: &str) -> Option<Source> {
    let Some(folder) = std::env::var_os("GASWORKS_DATA") else {
        println!("skipped: GASWORKS_DATA is not set");
        return None;
    };
    Some(Source::from_path(PathBuf::from(folder).join(name)))
}

#[test]
fn snap_graphs_load_as_published() {
    for (name, vertices, arcs, notes) in [
        ("graphs/wiki-Vote.txt", 7115, 103_689, 0),
        ("graphs/facebook_combined.txt", 4039, 176_468, 0),
        // Two arcs and one vertex fewer than its comment says.
        ("graphs/email-Enron.txt", 36_691, 367_660, 2),
    ] {
        let Some(source) = data(name) else { return };
        let loaded = read_edges(&source, &EdgesOptions::default()).unwrap();
        assert_eq!((loaded.data.ids.len(), loaded.data.arcs.len()), (vertices, arcs), "{name}");
        assert_eq!(loaded.report.notes.len(), notes, "{:?}", loaded.report.notes);
    }
}

#[test]
fn movielens_loads_as_published() {
    let (Some(ratings), Some(movies)) =
        (data("ml-latest-small/ratings.csv"), data("ml-latest-small/movies.csv"))
    else {
        return;
    };
    let loaded = read_ratings(&ratings, &RatingsOptions::default()).unwrap();
    let ratings = loaded.data;
    assert_eq!((ratings.users.len(), ratings.items.len(), ratings.entries.len()), (610, 9724, 100_836));
    assert_eq!(loaded.report.duplicates, 0);
    let titles = read_titles(&movies).unwrap().data;
    assert_eq!(titles.len(), 9742);
    assert_eq!(titles.get("1"), Some("Toy Story (1995)"));
    assert!(ratings.items.iter().all(|id| titles.get(&id.to_string()).is_some()));
}
