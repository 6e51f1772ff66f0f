//! Folded rows are those of a dense solve; explanations add up, and change as ratings do; users who are folded in with what they were trained
//! on get what training gave them.

use gasworks_engine::graph::Ids;

use super::*;
use crate::factorization::reference::Reference;
use crate::factorization::testing::small_model;
use crate::factorization::values::Values;
use crate::factorization::{Baseline, Basis, Predictor, Settings, initial_factors};

const RANK: usize = 5;

fn rating(item: u32, value: f32) -> Rating {
    Rating { user: UNKNOWN, item, value }
}

/// 40 users rate some of 30 items by taste, with noise.
fn train() -> Vec<Rating> {
    let cells = (0..40 * 30u32).filter(|cell| (cell * 7 + cell / 30) % 10 < 6);
    let value = |cell: u32| {
        let (user, item) = (cell / 30, cell % 30);
        let agree = if (user + item) % 2 == 0 { 1.0 } else { -1.0 };
        3.0 + agree + 0.25 * (cell * 13 % 5) as f32
    };
    cells.map(|cell| Rating { user: cell / 30, item: cell % 30, value: value(cell) }).collect()
}

/// A model with any factors.
fn untrained(settings: Settings) -> Factorization {
    let factors = (initial_factors(40, RANK, 1.0, 1), initial_factors(30, RANK, 1.0, 2));
    build(factors, settings)
}

fn build(factors: (Vec<f32>, Vec<f32>), settings: Settings) -> Factorization {
    let train = train();
    let baseline = Baseline::fit(40, 30, &train, &BaselineSettings::default());
    let settings = Settings { rank: RANK, ..settings };
    Factorization::new((Ids::range(40), Ids::range(30)), &train, baseline, factors, settings).unwrap()
}

/// The same after so many sweeps of the dense reference.
fn trained(iterations: usize) -> Factorization {
    let baseline = Baseline::fit(40, 30, &train(), &BaselineSettings::default());
    let residuals = Offset::Biases.residuals(&baseline, &train());
    let start = initial_factors(30, RANK, 0.1, 3).into_iter().map(f64::from).collect();
    let lambda = Settings::default().lambda.into();
    let reference = Reference { rank: RANK, lambda, weighted: true, iterations, ..Reference::default() };
    let factors = reference.solve(40, start, &residuals, |_, _| ());
    let narrow = |factors: Vec<f64>| factors.into_iter().map(|factor| factor as f32).collect();
    build((narrow(factors.users), narrow(factors.items)), Settings::default())
}

fn every_kind() -> Vec<Settings> {
    let mut all = Vec::new();
    for regularization in [Regularization::Weighted, Regularization::Plain] {
        for offset in [Offset::None, Offset::Mean, Offset::Biases] {
            all.push(Settings { offset, regularization, ..Default::default() });
        }
        all.push(Settings { alpha: Some(3.0), offset: Offset::None, regularization, ..Default::default() });
    }
    all
}

/// Pairs without a rating are ratings of 0: the row is that of explicit ratings of all items.
#[test]
fn where_every_pair_counts_the_others_are_zeros() {
    let new = [rating(3, 4.5), rating(17, 1.0), rating(8, 3.0), rating(29, 5.0)];
    let model = untrained(Settings { lambda: 0.5, ..Settings::nmf() });
    let explicit = Settings { lambda: 0.5, ..Settings::nmf() };
    let explicit = untrained(Settings { program: "als".into(), ..explicit });
    let all: Vec<Rating> = (0..model.items().len() as u32)
        .map(|item| new.iter().find(|rating| rating.item == item).copied().unwrap_or(rating(item, 0.0)))
        .filter(|rating| model.item_counts()[rating.item as usize] > 0)
        .collect();
    let found = model.fold_in_user(&new, &BaselineSettings::default()).unwrap();
    let expected = explicit.fold_in_user(&all, &BaselineSettings::default()).unwrap();
    for (found, expected) in found.factors().iter().zip(expected.factors()) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
    assert!(model.fold_in_user(&[rating(3, -1.0)], &BaselineSettings::default()).is_err());
    // A prediction is no rating, so nothing keeps it in the range of ratings; who is unknown gets the mean with all zeros.
    let (users, count, mean) = (model.users().len() as f32, model.item_counts()[3], model.item_means()[3]);
    assert!((model.fallback(UNKNOWN, 3) - count as f32 * mean / users).abs() < 1e-6);
}

#[test]
fn rows_are_those_of_a_dense_solve() {
    let new = [rating(3, 4.5), rating(17, 1.0), rating(8, 3.0), rating(29, 5.0)];
    for settings in every_kind().into_iter().filter(|settings| settings.alpha.is_none()) {
        let model = untrained(settings.clone());
        let user = model.fold_in_user(&new, &BaselineSettings::default()).unwrap();
        let baseline = model.baseline();
        let beyond = |rating: &Rating| rating.value - baseline.value(None, Some(rating.item));
        assert!((user.bias() - new.iter().map(beyond).sum::<f32>() / 9.0).abs() < 1e-6);
        let alone = Baseline { user_biases: vec![user.bias()], ..baseline.clone() };
        let new = new.map(|rating| Rating { user: 0, ..rating });
        let residuals = settings.offset.residuals(&alone, &new);
        let reference = Reference {
            rank: RANK,
            lambda: settings.lambda.into(),
            weighted: settings.regularization == Regularization::Weighted,
            iterations: 1,
            ..Reference::default()
        };
        let items = model.item_factors().iter().map(|&factor| factor.into()).collect();
        let dense = reference.solve(1, items, &residuals, |_, _| ()).users;
        for (found, expected) in user.factors().iter().zip(dense) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{settings:?}: {found} {expected}");
        }
    }
}

/// The gradient of the objective of Hu, Koren and Volinsky (2008, equation 3), over all items as it is written there, is zero.
#[test]
fn rows_of_implicit_feedback_are_where_the_objective_is_flat() {
    let new = [rating(3, 4.0), rating(17, 1.0), rating(8, 0.0)];
    for settings in every_kind().into_iter().filter(|settings| settings.alpha.is_some()) {
        let model = untrained(settings.clone());
        let user = model.fold_in_user(&new, &BaselineSettings::default()).unwrap();
        let row: Vec<f64> = user.factors().iter().map(|&factor| factor.into()).collect();
        let count = if settings.regularization == Regularization::Weighted { 3.0 } else { 1.0 };
        let mut gradient: Vec<f64> =
            row.iter().map(|factor| f64::from(settings.lambda) * count * factor).collect();
        for item in 0..30 {
            let found = new.iter().find(|rating| rating.item == item);
            let confidence = 1.0 + 3.0 * f64::from(found.map_or(0.0, |rating| rating.value));
            let preference = f64::from(u8::from(found.is_some()));
            let factors: Vec<f64> = model.item_row(item).iter().map(|&factor| factor.into()).collect();
            let product: f64 = row.iter().zip(&factors).map(|(left, right)| left * right).sum();
            for (gradient, factor) in gradient.iter_mut().zip(&factors) {
                *gradient -= confidence * (preference - product) * factor;
            }
        }
        assert!(gradient.iter().all(|gradient| gradient.abs() < 1e-4), "{gradient:?}");
    }
}

#[test]
fn explanations_add_up_to_the_prediction() {
    let new = [rating(3, 4.5), rating(17, 1.0), rating(8, 3.0), rating(29, 5.0)];
    for settings in every_kind() {
        let model = untrained(settings);
        let user = model.fold_in_user(&new, &BaselineSettings::default()).unwrap();
        for item in 0..30 {
            let found = model.explain(&user, item).unwrap();
            let predicted = model.predict_folded(&user, item);
            assert!(!predicted.fallback && (found.predicted() - predicted.value).abs() < 1e-4);
            assert!(found.contributions.is_sorted_by(|a, b| a.amount >= b.amount));
            let mut rated: Vec<_> = found.contributions.iter().map(|part| (part.item, part.rating)).collect();
            rated.sort_by_key(|(item, _)| *item);
            assert_eq!(rated, [(3, 4.5), (8, 3.0), (17, 1.0), (29, 5.0)]);
        }
        assert_eq!(model.explain(&user, 30), None);
    }
}

/// Predictions are linear in a rating where the bias is held at 0: the slope is the contribution for each unit of what is explained.
#[test]
fn contributions_are_how_predictions_follow_ratings() {
    let held = BaselineSettings { user_damping: 1e30, ..Default::default() };
    let new = [rating(3, 4.5), rating(17, 1.0), rating(8, 3.0)];
    let model = untrained(Settings { offset: Offset::Mean, ..Default::default() });
    let user = model.fold_in_user(&new, &held).unwrap();
    for (changed, item) in [(0, 11), (1, 11), (2, 20)] {
        let mut other = new;
        other[changed].value += 2.0;
        let slope = model.predict_folded(&model.fold_in_user(&other, &held).unwrap(), item).value
            - model.predict_folded(&user, item).value;
        let found = model.explain(&user, item).unwrap();
        let part = found.contributions.iter().find(|part| part.item == new[changed].item).unwrap();
        let explained = part.rating - model.baseline().mean;
        assert!((part.amount / explained - slope / 2.0).abs() < 1e-4, "{part:?} {slope}");
    }
}

#[test]
fn who_is_folded_in_with_what_was_learned_gets_what_was_learned() {
    let model = trained(60);
    let lists = RecommendSettings { count: 3, ..Default::default() };
    for number in 0..40 {
        let given: Vec<Rating> = train().into_iter().filter(|rating| rating.user == number).collect();
        let user = model.fold_in_user(&given, &BaselineSettings::default()).unwrap();
        assert_eq!((user.rated(), user.ignored()), (model.seen(number), 0));
        assert!((user.bias() - model.baseline().user_biases[number as usize]).abs() < 1e-6);
        for item in 0..30 {
            let (found, learned) = (model.predict_folded(&user, item), model.predict(number, item));
            assert!((found.value - learned.value).abs() < 1e-3, "{number} {item}: {found:?} {learned:?}");
        }
        let of = |list: Recommendations| list.items.iter().map(|entry| entry.item).collect::<Vec<_>>();
        assert_eq!(of(model.recommend_folded(&user, &lists)), of(model.recommend(number, &lists)));
        let again = model.refit_user(number).unwrap();
        assert_eq!(again.bias(), model.baseline().user_biases[number as usize]);
        assert!(again.factors().iter().zip(user.factors()).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}

/// Items are solved last, so theirs is the very solve of training, after however few sweeps.
#[test]
fn items_are_folded_in_likewise() {
    let model = trained(2);
    for number in 0..30 {
        let given: Vec<Rating> = train().into_iter().filter(|rating| rating.item == number).collect();
        let item = model.fold_in_item(&given, &BaselineSettings::default()).unwrap();
        let learned = model.item_row(number);
        assert!(
            item.factors().iter().zip(learned).all(|(a, b)| (a - b).abs() < 2e-4),
            "{item:?} {learned:?}"
        );
        for user in 0..40 {
            let (found, learned) = (model.predict_folded_item(user, &item), model.predict(user, number));
            assert!((found.value - learned.value).abs() < 1e-2 && !found.fallback, "{found:?} {learned:?}");
        }
        let stranger = model.predict_folded_item(UNKNOWN, &item);
        assert!(stranger.fallback && stranger.value == model.baseline().mean + item.bias());
    }
}

#[test]
fn what_cannot_be_used_is_counted_and_what_makes_no_sense_refused() {
    // Item 5 has no training rating.
    let model = small_model(Offset::Biases);
    let damping = BaselineSettings::default();
    let user = model
        .fold_in_user(&[rating(5, 1.0), rating(0, 1.0), rating(UNKNOWN, 2.0), rating(0, 5.0)], &damping)
        .unwrap();
    assert_eq!((user.rated(), user.ignored()), (&[0][..], 2));
    assert_eq!(user, {
        let mut last = model.fold_in_user(&[rating(0, 5.0)], &damping).unwrap();
        last.0.ignored = 2;
        last
    });
    for item in [5, UNKNOWN] {
        let prediction = model.predict_folded(&user, item);
        assert!(
            prediction.fallback && prediction.value == model.baseline().value(None, Some(item)) + user.bias()
        );
    }

    let nobody = model.fold_in_user(&[rating(5, 1.0)], &damping).unwrap();
    let list = model.recommend_folded(&nobody, &RecommendSettings::default());
    assert_eq!(list, model.recommend(UNKNOWN, &RecommendSettings::default()));
    assert_eq!((list.basis, model.explain(&nobody, 0)), (Basis::Popularity, None));
    assert!(model.predict_folded(&nobody, 0).fallback);
    let nothing = model.fold_in_item(&[Rating { user: 3, item: 0, value: 2.0 }], &damping).unwrap();
    assert!(model.predict_folded_item(0, &nothing).fallback && nothing.ignored() == 1);

    assert!(model.fold_in_user(&[rating(0, f32::NAN)], &damping).unwrap_err().to_string().contains("NaN"));
    let mut implicit = small_model(Offset::None);
    implicit.settings.alpha = Some(1.0);
    assert!(
        implicit.fold_in_user(&[rating(0, -1.0)], &damping).unwrap_err().to_string().contains("0 or more")
    );
}

#[test]
fn models_without_values_cannot_be_refitted() {
    let mut model = small_model(Offset::Biases);
    assert!(
        model.refit_user(0).is_some() && model.refit_user(3).is_none() && model.refit_user(UNKNOWN).is_none()
    );
    model.seen.values = Values::NONE;
    assert!(!model.keeps_ratings() && model.refit_user(0).is_none());
}
