//! What the defaults are worth on MovieLens ml-latest-small, trained by the dense reference.
//!
//! Needs the data: `GASWORKS_DATA` names the folder that holds `ml-latest-small`. The tables behind the defaults are printed by
//! `cargo test --release -p gasworks-programs movielens -- --ignored --nocapture`.

use gasworks_engine::input::{Rating, Ratings};
use rayon::prelude::*;

use super::reference::{Reference, ReferenceFactors};
use super::testing::{MovieLens, movielens};
use super::*;

/// Trains as the settings say. `after` sees the model after each sweep for which `wanted` holds.
fn train(
    ratings: &Ratings,
    train: &[Rating],
    settings: &Settings,
    wanted: impl Fn(usize) -> bool,
    mut after: impl FnMut(usize, Factorization),
) {
    let (users, items) = (ratings.users.len(), ratings.items.len());
    let baseline = Baseline::fit(users, items, train, &BaselineSettings::default());
    let residuals = settings.offset.residuals(&baseline, train);
    let start = initial_factors(items, settings.rank, INITIAL_SCALE, settings.seed);
    let reference = Reference {
        rank: settings.rank,
        lambda: settings.lambda.into(),
        weighted: settings.regularization == Regularization::Weighted,
        iterations: settings.iterations,
        ..Reference::default()
    };
    let narrow = |factors: &[f64]| factors.iter().map(|&factor| factor as f32).collect();
    let build = |factors: &ReferenceFactors, iterations| {
        let ids = (ratings.users.clone(), ratings.items.clone());
        let factors = (narrow(&factors.users), narrow(&factors.items));
        let settings = Settings { iterations, ..settings.clone() };
        Factorization::new(ids, train, baseline.clone(), factors, settings).unwrap()
    };
    let start = start.into_iter().map(f64::from).collect();
    reference.solve(users, start, &residuals, |iteration, factors| {
        if wanted(iteration) {
            after(iteration, build(factors, iteration));
        }
    });
}

fn trained(ratings: &Ratings, part: &[Rating], settings: &Settings) -> Factorization {
    let mut last = None;
    train(
        ratings,
        part,
        settings,
        |iteration| iteration == settings.iterations,
        |_, model| last = Some(model),
    );
    last.expect("there is at least one sweep")
}

/// Three validation splits within the training part of the split with seed 0, whose test part decides nothing.
pub(super) fn validation(ratings: &Ratings) -> Vec<Split> {
    let entries = hold_out(ratings, 0.1, 0).unwrap().train;
    let inner = Ratings { entries, ..ratings.clone() };
    (101..104).map(|seed| hold_out(&inner, 0.1, seed).unwrap()).collect()
}

pub(super) fn baseline_errors(ratings: &Ratings, split: &Split, settings: &BaselineSettings) -> Errors {
    let baseline = Baseline::fit(ratings.users.len(), ratings.items.len(), &split.train, settings);
    rmse_mae(&baseline, &split.test, None).unwrap()
}

#[test]
fn movielens_defaults_beat_the_baseline_on_every_split() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    for seed in 0..3 {
        let split = hold_out(&ratings, 0.1, seed).unwrap();
        let share = split.test.len() as f64 / ratings.entries.len() as f64;
        assert!((share - 0.1).abs() < 0.002, "{share}");
        let baseline = baseline_errors(&ratings, &split, &BaselineSettings::default());
        let model = trained(&ratings, &split.train, &Settings::default());
        let errors = rmse_mae(&model, &split.test, Some(model.rating_range())).unwrap();
        println!("seed {seed}: baseline {baseline:?}, model {errors:?}");
        assert!(errors.rmse < baseline.rmse - 0.012 && errors.mae < baseline.mae, "seed {seed}");
        assert!(errors.fallbacks > 0 && errors.fallbacks == baseline_unseen(&split, ratings.items.len()));
    }
}

fn baseline_unseen(split: &Split, items: usize) -> usize {
    let mut seen = vec![false; items];
    split.train.iter().for_each(|rating| seen[rating.item as usize] = true);
    split.test.iter().filter(|rating| !seen[rating.item as usize]).count()
}

#[test]
fn movielens_lists_rest_on_many_ratings() {
    let Some(MovieLens { ratings, titles }) = movielens() else { return };
    let model = trained(&ratings, &ratings.entries, &Settings::default()).with_titles(titles).unwrap();
    let supports = |settings: &RecommendSettings| {
        let lists = model.recommend_all(settings);
        let mut all: Vec<u32> =
            lists.iter().flat_map(|list| &list.items).map(|entry| entry.ratings).collect();
        all.sort_unstable();
        (all[all.len() / 10], all[all.len() / 2])
    };
    let plain = supports(&RecommendSettings { damping: 0.0, ..Default::default() });
    let damped = supports(&RecommendSettings::default());
    println!("ratings of listed items, first decile and median: plain {plain:?}, damped {damped:?}");
    for user in ["1", "50", "250", "414", "none"] {
        let list = model.recommend(model.user(user), &RecommendSettings::default());
        println!("user {user}: {:?}", list.basis);
        print_list(&model, &list.items);
    }
    for title in ["Toy Story (1995)", "Pulp Fiction (1994)", "Matrix, The (1999)", "Alien (1979)"] {
        let item = (0..ratings.items.len() as u32).find(|&item| model.title(item) == Some(title)).unwrap();
        println!("like {title}:");
        print_list(&model, &model.similar(item, &RecommendSettings::default()).unwrap());
    }
    assert!(plain.1 < 20 && damped.0 >= 20 && damped.1 >= 60);
}

/// Users whose rows are solved once more from what they were trained on, against the final items: after 15 sweeps both are near each other.
#[test]
fn movielens_users_are_folded_in_to_where_training_put_them() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    let split = hold_out(&ratings, 0.1, 0).unwrap();
    let model = trained(&ratings, &split.train, &Settings::default());
    let mut by_user = vec![Vec::new(); ratings.users.len()];
    split.train.iter().for_each(|rating| by_user[rating.user as usize].push(*rating));
    let folded: Vec<FoldedUser> = by_user
        .par_iter()
        .map(|given| model.fold_in_user(given, &BaselineSettings::default()).unwrap())
        .collect();
    let (mut same, mut listed, mut furthest) = (0, 0, 0.0f32);
    for (user, folded) in (0..).zip(&folded) {
        let settings = RecommendSettings::default();
        let learned = model.recommend(user, &settings).items;
        let found = model.recommend_folded(folded, &settings).items;
        listed += learned.len();
        same += learned.iter().filter(|entry| found.iter().any(|other| other.item == entry.item)).count();
        let again = model.refit_user(user).unwrap();
        let explained = model.explain(&again, learned[0].item).unwrap().predicted();
        assert!((explained - model.predict_folded(&again, learned[0].item).value).abs() < 1e-4);
    }
    let (mut learned, mut found) = (0.0, 0.0);
    for rating in &split.test {
        let (mine, theirs) = (
            model.predict_folded(&folded[rating.user as usize], rating.item).value,
            model.predict(rating.user, rating.item).value,
        );
        furthest = furthest.max((mine - theirs).abs());
        let square = |value: f32| f64::from(value - rating.value).powi(2) / split.test.len() as f64;
        learned += square(theirs);
        found += square(mine);
    }
    let (learned, found) = (learned.sqrt(), found.sqrt());
    println!(
        "{same} of {listed} listed by both; test RMSE {learned:.4} as trained, {found:.4} folded in, at most {furthest:.4} apart"
    );
    assert!(same * 100 >= listed * 97 && furthest < 0.1 && (learned - found).abs() < 0.002);
}

/// Users who were never seen: the model learns from nine tenths of the users, the others are folded in with their training part.
#[test]
fn movielens_strangers_who_are_folded_in_beat_mean_and_biases() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    let split = hold_out(&ratings, 0.1, 0).unwrap();
    let is_stranger = |rating: &&Rating| rating.user % 10 == 3;
    let known: Vec<Rating> = split.train.iter().filter(|rating| !is_stranger(rating)).copied().collect();
    let model = trained(&ratings, &known, &Settings::default());
    let strangers = (3..ratings.users.len() as u32).step_by(10);
    let (mut folded, mut biases, mut count) = (0.0, 0.0, 0);
    for user in strangers {
        let of_user =
            |part: &[Rating]| part.iter().filter(|rating| rating.user == user).copied().collect::<Vec<_>>();
        let row = model.fold_in_user(&of_user(&split.train), &BaselineSettings::default()).unwrap();
        for rating in of_user(&split.test) {
            let simple = model.baseline().value(None, Some(rating.item)) + row.bias();
            folded += f64::from(model.predict_folded(&row, rating.item).value - rating.value).powi(2);
            biases += f64::from(simple - rating.value).powi(2);
            count += 1;
        }
    }
    let rmse = |sum: f64| (sum / f64::from(count)).sqrt();
    println!(
        "{count} ratings of strangers: RMSE {:.4} folded in, {:.4} by mean and biases",
        rmse(folded),
        rmse(biases)
    );
    assert!(count > 500 && rmse(folded) < rmse(biases) - 0.005);
}

fn print_list(model: &Factorization, list: &[Recommended]) {
    for entry in list {
        let title = model.title(entry.item).unwrap_or("?");
        println!("  {:.3} {:.3} {:4} {title}", entry.score, entry.predicted, entry.ratings);
    }
}

#[test]
#[ignore = "prints the table behind the default damping"]
fn movielens_table_of_rankings() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    let splits = validation(&ratings);
    let models: Vec<_> =
        splits.par_iter().map(|split| trained(&ratings, &split.train, &Settings::default())).collect();
    let cells = [0.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0].map(|damping| (damping, 1));
    let thresholds = [5, 10, 20, 50].map(|minimum| (0.0, minimum));
    for (damping, minimum_ratings) in cells.into_iter().chain(thresholds) {
        let settings = RecommendSettings { damping, minimum_ratings, ..Default::default() };
        let (mut hits, mut liked, mut listed, mut supports) = (0, 0, 0, Vec::new());
        let mut distinct = std::collections::HashSet::new();
        for (model, split) in models.iter().zip(&splits) {
            let lists = model.recommend_all(&settings);
            for rating in &split.test {
                let found = lists[rating.user as usize].items.iter().any(|entry| entry.item == rating.item);
                listed += usize::from(found);
                hits += usize::from(found && rating.value >= 4.0);
                liked += usize::from(rating.value >= 4.0);
            }
            let entries = lists.iter().flat_map(|list| &list.items);
            entries.for_each(|entry| {
                distinct.insert(entry.item);
                supports.push(entry.ratings);
            });
        }
        supports.sort_unstable();
        println!(
            "damping {damping} minimum {minimum_ratings}: recall of liked {:.4}, liked among rated {:.3}, decile {}, median {}, distinct {}",
            hits as f64 / liked as f64,
            hits as f64 / listed as f64,
            supports[supports.len() / 10],
            supports[supports.len() / 2],
            distinct.len(),
        );
    }
}

#[test]
#[ignore = "prints the table behind the default settings"]
fn movielens_table_of_settings() {
    let Some(MovieLens { ratings, .. }) = movielens() else { return };
    let splits = validation(&ratings);
    let mean = |of: &(dyn Fn(&Split) -> f64 + Sync)| splits.iter().map(of).sum::<f64>() / splits.len() as f64;
    println!(
        "baseline {:.4}",
        mean(&|split| baseline_errors(&ratings, split, &BaselineSettings::default()).rmse)
    );
    let mut cells = Vec::new();
    for offset in [Offset::None, Offset::Mean, Offset::Biases] {
        for rank in [8, 16, 32] {
            for lambda in [0.05, 0.1, 0.15, 0.2] {
                cells.push((offset, rank, lambda, Regularization::Weighted));
            }
            for lambda in [4.0, 8.0, 12.0] {
                cells.push((offset, rank, lambda, Regularization::Plain));
            }
        }
    }
    cells.into_par_iter().for_each(|(offset, rank, lambda, regularization)| {
        let settings = Settings { offset, rank, lambda, regularization, ..Default::default() };
        let mut errors = [0.0; 3];
        for split in &splits {
            train(
                &ratings,
                &split.train,
                &settings,
                |iteration| iteration % 5 == 0,
                |iteration, model| {
                    let rmse = rmse_mae(&model, &split.test, None).unwrap().rmse;
                    errors[iteration / 5 - 1] += rmse / splits.len() as f64;
                },
            );
        }
        println!(
            "{offset:?} {regularization:?} rank {rank} lambda {lambda}: after 5, 10, 15 sweeps {errors:.4?}"
        );
    });
}
