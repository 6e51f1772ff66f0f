use super::*;
use gasworks_engine::input::Rating;

/// Of random divisions into chosen and free items, sparse ones, dense ones, and such with an item twice.
#[test]
fn negatives_are_never_chosen_items_and_each_is_as_likely_as_any_other() {
    let mut random = Random::keyed(1, 2, 3, 4);
    for share in [0.0, 0.1, 0.4, 0.5, 0.6, 0.9] {
        let part: Vec<u32> = (0..40).map(|at| 3 * at + 5).collect();
        let mut chosen: Vec<u32> = part.iter().copied().filter(|_| random.uniform() < share).collect();
        let twice = chosen.first().copied();
        chosen.splice(0..0, twice);
        let free = part.iter().filter(|item| !chosen.contains(item)).count();
        let (mut counts, draws) = (vec![0.0; part.len()], 400 * free);
        for _ in 0..draws {
            counts[draw(&mut random, &part, &chosen).unwrap()] += 1.0;
        }
        let mut square = 0.0;
        for (item, count) in part.iter().zip(counts) {
            assert!(count == 0.0 || !chosen.contains(item), "{item} was chosen");
            square += if chosen.contains(item) { 0.0 } else { (count - 400.0f64).powi(2) / 400.0 };
        }
        // Chi-square has mean `free - 1` and variance twice that.
        let expected = free as f64 - 1.0;
        assert!((square - expected).abs() < 5.0 * (2.0 * expected).sqrt(), "{share}: {square}, {free} free");
    }
    assert_eq!(draw(&mut random, &[], &[]), None);
    assert_eq!(draw(&mut random, &[4, 7], &[4, 7]), None);
    assert_eq!(draw(&mut random, &[4, 7], &[4, 4, 4]), Some(1));
}

#[test]
fn triples_are_of_items_that_were_not_chosen_and_their_quality_is_that_of_the_formula() {
    let rating = |user, item| Rating { user, item, value: 1.0 };
    let test: Vec<Rating> = (0..50).map(|at| rating(at % 5, (7 * at) % 20)).collect();
    let train: Vec<Rating> = (0..60).map(|at| rating(at % 6, (3 * at + 1) % 20)).collect();
    let beyond = [rating(u32::MAX, 3), rating(2, u32::MAX)];
    let triples = Triples::sample(20, &[&test[..], &beyond].concat()[..], &train[..], 9);
    assert_eq!(triples.len(), 50, "those that nobody knows are left out");
    for [user, item, other] in &triples.0 {
        let rated = |item| test.iter().chain(&train).any(|r| (r.user, r.item) == (*user, item));
        assert!(rated(*item) && !rated(*other));
    }
    // Rank 2: the first user prefers what has much of the first factor.
    let rows = [[1.0f32, 0.0], [0.5, 0.2], [-0.5, 0.7], [0.5, 3.0]];
    let found = Triples(vec![[0, 1, 2], [0, 2, 1], [0, 1, 3], [0, 1, 2]]);
    let found = found.quality(|user| &rows[user as usize], |item| &rows[item as usize]).unwrap();
    let loss = |margin: f64| -(1.0 / (1.0 + (-margin).exp())).ln();
    assert_eq!(found.auc, (2.0 + 0.5) / 4.0);
    assert!((found.loss - (2.0 * loss(1.0) + loss(-1.0) + loss(0.0)) / 4.0).abs() < 1e-7);
    assert_eq!(Triples(vec![]).quality(|_| &rows[0], |_| &rows[0]), None);
}
