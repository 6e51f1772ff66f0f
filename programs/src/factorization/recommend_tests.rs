//! Lists are what a full sort of all predictions gives; the special cases say what they are.

use gasworks_engine::graph::Ids;
use gasworks_engine::input::Rating;

use super::*;
use crate::factorization::testing::small_model;
use crate::factorization::{Baseline, BaselineSettings, Settings, initial_factors};

/// Plain predictions, nothing left out.
const PLAIN: RecommendSettings =
    RecommendSettings { count: 10, include_seen: true, minimum_ratings: 0, damping: 0.0 };

fn items(list: &[Recommended]) -> Vec<u32> {
    list.iter().map(|entry| entry.item).collect()
}

/// 30 users rate some of 1,300 items: more than two blocks.
fn wide_model(offset: Offset) -> Factorization {
    let cells = (0..30 * 1300u32).filter(|cell| cell % 7 < 3);
    let rating = |cell: u32| Rating { user: cell / 1300, item: cell % 1300, value: (cell % 5) as f32 };
    let train: Vec<Rating> = cells.map(rating).collect();
    let baseline = Baseline::fit(30, 1300, &train, &BaselineSettings::default());
    let factors = (initial_factors(30, 9, 1.0, 1), initial_factors(1300, 9, 1.0, 2));
    let settings = Settings { rank: 9, offset, ..Default::default() };
    Factorization::new((Ids::range(30), Ids::range(1300)), &train, baseline, factors, settings).unwrap()
}

#[test]
fn lists_are_those_of_a_full_sort_of_the_predictions() {
    for offset in [Offset::None, Offset::Mean, Offset::Biases] {
        let model = wide_model(offset);
        for user in 0..30 {
            let list = model.recommend(user, &RecommendSettings { damping: 0.0, ..Default::default() });
            let mut all: Vec<(f32, u32)> = (0..1300)
                .filter(|item| model.seen(user).binary_search(item).is_err())
                .map(|item| (model.predict(user, item).value, item))
                .collect();
            all.sort_by(|a, b| b.0.total_cmp(&a.0));
            assert_eq!(list.items.len(), 10);
            for (entry, best) in list.items.iter().zip(all) {
                assert!((entry.score - best.0).abs() < 1e-4, "{entry:?} {best:?}");
            }
        }
    }
}

#[test]
fn every_thread_count_gives_the_same_lists() {
    let model = wide_model(Offset::Biases);
    let lists = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| model.recommend_all(&RecommendSettings::default()))
    };
    assert_eq!(lists(1), lists(5));
    assert_eq!(lists(1)[7], model.recommend(7, &RecommendSettings::default()));
}

#[test]
fn seen_and_never_rated_items_are_left_out() {
    let model = small_model(Offset::Biases);
    let list = model.recommend(0, &RecommendSettings::default());
    let mut got = items(&list.items);
    got.sort_unstable();
    assert_eq!((list.basis, got), (Basis::Factors, vec![1, 3]));
    assert_eq!(model.recommend(0, &PLAIN).items.len(), 5);
}

#[test]
fn unknown_users_get_popular_items_and_say_so() {
    let model = small_model(Offset::Biases);
    for user in [UNKNOWN, 3, 99] {
        let list = model.recommend(user, &RecommendSettings { count: 3, ..Default::default() });
        // Item 0 has three ratings; 3 (mean 4.5) and 2 (mean 3) have one each.
        assert_eq!((list.basis, items(&list.items)), (Basis::Popularity, vec![0, 3, 2]));
        assert!(list.items.iter().all(|entry| entry.predicted.is_finite()));
    }
}

#[test]
fn a_user_who_rated_everything_gets_an_empty_list_that_says_so() {
    let train = [0, 1].map(|item| Rating { user: 0, item, value: 3.0 });
    let baseline = Baseline::fit(1, 2, &train, &BaselineSettings::default());
    let settings = Settings { rank: 1, ..Default::default() };
    let ids = (Ids::range(1), Ids::range(2));
    let model = Factorization::new(ids, &train, baseline, (vec![1.0], vec![1.0; 2]), settings).unwrap();
    let list = model.recommend(0, &RecommendSettings::default());
    assert_eq!((list.basis, list.items.len()), (Basis::NothingLeft, 0));
    // Equal predictions: the smaller id comes first.
    assert_eq!(items(&model.recommend(0, &PLAIN).items), [0, 1]);
    assert!(model.recommend(0, &RecommendSettings { count: 0, ..PLAIN }).items.is_empty());
    assert_eq!(model.recommend(0, &RecommendSettings { count: usize::MAX, ..PLAIN }).items.len(), 2);
}

#[test]
fn damping_and_threshold_hold_back_items_with_little_support() {
    let model = small_model(Offset::Biases);
    let plain = model.recommend(0, &PLAIN);
    let damped = model.recommend(0, &RecommendSettings { damping: 20.0, ..PLAIN });
    let level = model.baseline.value(Some(0), None);
    for entry in &damped.items {
        let undamped = plain.items.iter().find(|plain| plain.item == entry.item).unwrap();
        let expected =
            level + (undamped.score - level) * entry.ratings as f32 / (entry.ratings as f32 + 20.0);
        assert!((entry.score - expected).abs() < 1e-5, "{entry:?}");
    }
    let list = model.recommend(0, &RecommendSettings { minimum_ratings: 2, ..PLAIN });
    assert_eq!(items(&list.items), [0]);
}

#[test]
fn similar_items_are_sorted_by_cosine_without_the_item_itself() {
    let mut model = small_model(Offset::None);
    model.item_factors[3..6].copy_from_slice(&[2.0, 0.0, 0.0]);
    model.item_factors[0..3].copy_from_slice(&[1.0, 0.0, 0.0]);
    model.item_factors[6..9].copy_from_slice(&[-1.0, 0.0, 0.0]);
    model.item_factors[9..12].fill(0.0);
    let list = model.similar(0, &PLAIN).unwrap();
    assert_eq!((list[0].item, list[0].score), (1, 1.0));
    assert_eq!((list[3].item, list[3].score), (2, -1.0));
    assert!(model.similar(5, &PLAIN).is_err() && model.similar(UNKNOWN, &PLAIN).is_err());
    assert!(model.item("77").unwrap_err().to_string().contains("\"77\""));
}
