//! Shared by the tests of this module: small tables, and MovieLens where it is at hand.

use std::path::PathBuf;

use gasworks_engine::graph::Ids;
use gasworks_engine::input::{Rating, Ratings};

use super::{Baseline, BaselineSettings, Factorization, Offset, Settings, initial_factors};
use crate::container::Column;

/// A full table of ratings that mean and biases explain exactly; also of rank 2.
pub(crate) fn additive(users: u32, items: u32) -> Vec<Rating> {
    (0..users * items)
        .map(|cell| (cell / items, cell % items))
        .map(|(user, item)| Rating {
            user,
            item,
            value: 3.0 + 0.25 * (user % 5) as f32 - 0.125 * (item % 7) as f32,
        })
        .collect()
}

/// 4 users, of whom the last has no rating, 6 items, of which the last has none, rank 3.
pub(crate) fn small_model(offset: Offset) -> Factorization {
    model_with_ids(Ids::range(4), offset)
}

/// The same with these ids of the 4 users.
pub(crate) fn model_with_ids(users: Ids, offset: Offset) -> Factorization {
    let table = [(0, 0, 5.0), (0, 2, 3.0), (0, 4, 1.0), (1, 0, 4.0), (1, 1, 2.0), (2, 3, 4.5), (2, 0, 3.0)];
    let train = table.map(|(user, item, value)| Rating { user, item, value });
    let baseline = Baseline::fit(4, 6, &train, &BaselineSettings::default());
    let factors = (initial_factors(4, 3, 1.0, 1), initial_factors(6, 3, 1.0, 2));
    let settings = Settings { rank: 3, offset, ..Default::default() };
    Factorization::new((users, Ids::range(6)), &train, baseline, factors, settings).unwrap()
}

/// MovieLens ml-latest-small and the titles of its movies by item.
pub(crate) struct MovieLens {
    pub(crate) ratings: Ratings,
    pub(crate) titles: Vec<Option<String>>,
}

/// Reads `ml-latest-small` in the folder that `GASWORKS_DATA` names, or prints `skipped`.
pub(crate) fn movielens() -> Option<MovieLens> {
    let folder =
        std::env::var_os("GASWORKS_DATA").map(|folder| PathBuf::from(folder).join("ml-latest-small"));
    let Some(folder) = folder.filter(|folder| folder.join("ratings.csv").exists()) else {
        println!("skipped: GASWORKS_DATA does not name a folder with ml-latest-small");
        return None;
    };
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap();
    let lines: Vec<(u32, u32, f32)> = read("ratings.csv")
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(',');
            let user = fields.next()?.parse().ok()?;
            Some((user, fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .collect();
    let distinct = |of: fn(&(u32, u32, f32)) -> u32| {
        let mut all: Vec<i128> = lines.iter().map(|line| of(line).into()).collect();
        all.sort_unstable();
        all.dedup();
        Column::Integers(all).build().unwrap()
    };
    let (users, items) = (distinct(|line| line.0), distinct(|line| line.1));
    let number = |id: u32, ids: &Ids| ids.find(&id.to_string()).unwrap();
    let entries = lines
        .iter()
        .map(|&(user, item, value)| Rating { user: number(user, &users), item: number(item, &items), value })
        .collect();
    let mut titles = vec![None; items.len()];
    for line in read("movies.csv").lines() {
        if let Some((id, rest)) = line.split_once(',')
            && let Some(item) = items.find(id)
            && let Some((title, _genres)) = rest.rsplit_once(',')
        {
            titles[item as usize] = Some(title.trim_matches('"').replace("\"\"", "\""));
        }
    }
    Some(MovieLens { ratings: Ratings { users, items, entries }, titles })
}
