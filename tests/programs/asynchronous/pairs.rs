//! Rows of a table that hold every pair of values of two of its columns, in far fewer rows than all.

use std::collections::HashSet;

use crate::programs::chaos::mix;

type Pair = [(usize, usize); 2];

fn pairs(row: &[usize]) -> impl Iterator<Item = Pair> {
    let column = |at: usize| (at, row[at]);
    (0..row.len()).flat_map(move |a| (0..a).map(move |b| [column(b), column(a)]))
}

/// Of these rows, some that together have each pair of values that any row has. Always the same ones.
pub(crate) fn covering(mut rows: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let hash = |row: &[usize]| row.iter().fold(7, |hash, value| mix(hash ^ *value as u64));
    rows.sort_by_key(|row| (hash(row), row.clone()));
    let mut missing: HashSet<Pair> = rows.iter().flat_map(|row| pairs(row)).collect();
    let mut chosen = Vec::new();
    let most = rows.first().map_or(0, |row| pairs(row).count());
    // First those rows that bring much, then those that bring less.
    for enough in (1..=most).rev() {
        rows.retain(|row| {
            let new = pairs(row).filter(|pair| missing.contains(pair)).count();
            if new >= enough {
                pairs(row).for_each(|pair| {
                    missing.remove(&pair);
                });
                chosen.push(row.clone());
            }
            new > 0 && new < enough
        });
    }
    assert!(missing.is_empty());
    chosen
}

#[test]
fn each_pair_is_there_and_rows_are_few() {
    let rows = (0..6 * 5 * 4 * 3).map(|at| vec![at % 6, at / 6 % 5, at / 30 % 4, at / 120]);
    // Not all goes together.
    let rows: Vec<_> = rows.filter(|row| row[0] != row[1]).collect();
    let chosen = covering(rows.clone());
    assert!(chosen.len() < 45, "{} rows", chosen.len());
    assert_eq!(chosen, covering(rows.iter().rev().cloned().collect()));
    for row in &rows {
        for pair in pairs(row) {
            let has = |row: &Vec<usize>| pair.iter().all(|(column, value)| row[*column] == *value);
            assert!(chosen.iter().any(has), "{pair:?}");
        }
    }
}
