//! Factorizations of ratings: everything around the iteration that finds the factors.
//!
//! | step | function | what it answers |
//! |---|---|---|
//! | hold out | [`hold_out`], [`leave_k_out`], [`folds`] | training and test ratings, split within each user |
//! | compare | [`Baseline::fit`] | mean and biases: what any factorization must beat |
//! | subtract | [`Offset::residuals`], [`Offset::subtract`] | the ratings less what the baseline explains |
//! | start | [`initial_factors`], [`warm_start`](Factorization::warm_start) | small random factors, or those of a model |
//! | iterate | the program | user factors (users x rank) and item factors (items x rank), row-major `f32` |
//! | keep | [`Factorization::new`], [`save`](Factorization::save), [`load`](Factorization::load) | one file that answers alone |
//! | measure | [`rmse_mae`], [`ranking`](Factorization::ranking), [`ImplicitLoss`] | errors on the test ratings; how good lists are; what implicit feedback minimizes |
//! | choose | [`folds`], [`cross_validate`] | which settings are best on ratings that they did not learn from |
//! | use | [`recommend`](Factorization::recommend), [`similar`](Factorization::similar), [`predict`](Predictor::predict) | lists and predictions |
//! | explain | [`explain`](Factorization::explain) | which of the user's ratings a prediction comes from |
//! | go on | [`fold_in_user`](Factorization::fold_in_user), [`fold_in_item`](Factorization::fold_in_item) | rows of users and items that came after training |
//! | export | [`write_npy`], [`write_text`] | factors for other tools |
//!
//! Users and items are the dense numbers of their [`Ids`](gasworks_engine::graph::Ids) throughout. Every result depends on the
//! ratings, the settings and the seed, never on the number of threads.
//!
//! # Why biases are subtracted by default
//!
//! Mean test RMSE on three validation splits of MovieLens ml-latest-small (a tenth of each user's training ratings, splits 101 to 103 within the
//! training part of split 0), weighted regularization, the best lambda of 0.05, 0.1, 0.15, 0.2 for each (always 0.15), after 15 sweeps; one start; mean and biases alone: 0.8660.
//!
//! | offset | rank 8 | rank 16 | rank 32 |
//! |---|---|---|---|
//! | none (raw ratings) | 0.8727 | 0.8728 | 0.8735 |
//! | mean | 0.8763 | 0.8743 | 0.8736 |
//! | biases | 0.8529 | 0.8487 | **0.8475** |
//!
//! Raw ratings do not beat the baseline, residuals do by 0.0185. The likely reason is that most of the signal in so little data is how
//! generous a user and how liked an item is, and that factors which must also express that pay for it in regularization.
//!
//! # Why lambda is smaller than is best there
//!
//! A lambda that suits 100 ratings of few users each takes all signal out of denser data. Test RMSE, a tenth held out; the first three sets of
//! `gasworks generate ratings` (rank 20, noise 0.7) and MovieLens decided on 0.1 for `als` and 0.08 for `sgd`, the others (noise 1 in
//! the last but one, rank 5 in the last) were looked at afterwards:
//!
//! | users, items, ratings, seed | mean and biases | als 0.15 | als **0.1** | sgd 0.1 | sgd **0.08** |
//! |---|---|---|---|---|---|
//! | 1000, 800, 60000, 11 | 0.8393 | 0.8309 | 0.8339 | 0.8280 | 0.8335 |
//! | 6040, 3706, 1000209, 12 | 0.8183 | 0.8183 | 0.7788 | 0.7998 | 0.7643 |
//! | 3000, 500, 300000, 13 | 0.8240 | 0.8237 | 0.7802 | 0.7970 | 0.7682 |
//! | MovieLens, split 0 | 0.8642 | 0.8464 | 0.8485 | 0.8436 | 0.8476 |
//! | 2000, 1000, 200000, 21 | 0.8233 | 0.8209 | 0.7858 | 0.7986 | 0.7795 |
//! | 6040, 3706, 1000209, 22 | 0.8230 | 0.8230 | 0.7826 | 0.8043 | 0.7678 |
//! | 500, 120, 36000, 23 | 1.0355 | 1.0244 | 1.0295 | 1.0252 | 1.0349 |
//! | 20000, 5000, 400000, 24 | 0.8405 | 0.7981 | 0.8010 | 0.7853 | 0.7845 |
//!
//! [`cross_validate`], and `gasworks tune` on the command line, find what suits other data. Stochastic gradient descent has defaults of its
//! own, [`Settings::sgd`]; what the others of them rest on stands at [`Sgd`](crate::Sgd).
//!
//! # Example
//!
//! ```
//! use gasworks_engine::{graph::Ids, input::{Rating, Ratings}};
//! use gasworks_programs::factorization::*;
//!
//! // Even users like even items, and nobody rated everything.
//! let pairs = (0..20u32).flat_map(|user| (0..12u32).map(move |item| (user, item)));
//! let value = |user: u32, item: u32| if (user + item) % 2 == 0 { 4.5 } else { 2.0 };
//! let entries = pairs.filter(|(user, item)| (user * 7 + item * 5) % 11 > 2);
//! let entries = entries.map(|(user, item)| Rating { user, item, value: value(user, item) }).collect();
//! let ratings = Ratings { users: Ids::range(20), items: Ids::range(12), entries };
//!
//! let split = hold_out(&ratings, 0.1, 0)?;
//! let baseline = Baseline::fit(20, 12, &split.train, &BaselineSettings::default());
//! let settings = Settings { rank: 1, ..Settings::default() };
//! let residuals = settings.offset.residuals(&baseline, &split.train);
//! assert_eq!(residuals.len(), split.train.len());
//!
//! // A program would find these factors from the residuals.
//! let sign = |row: u32| if row % 2 == 0 { 1.1 } else { -1.1 };
//! let factors = ((0..20).map(sign).collect(), (0..12).map(sign).collect());
//!
//! let ids = (ratings.users.clone(), ratings.items.clone());
//! let model = Factorization::new(ids, &split.train, baseline.clone(), factors, settings)?;
//! let clip = Some(model.rating_range());
//! let (found, simple) = (rmse_mae(&model, &split.test, clip), rmse_mae(&baseline, &split.test, clip));
//! assert!(found.unwrap().rmse < 0.5 * simple.unwrap().rmse);
//!
//! let list = model.recommend(model.user("4"), &RecommendSettings::default());
//! assert_eq!(list.basis, Basis::Factors);
//! assert_eq!(list.items[0].item % 2, 0);
//! # Ok::<(), FactorizationError>(())
//! ```

mod all_pairs;
mod baseline;
mod cholesky;
mod cross_validation;
mod error;
mod export;
mod fold_in;
mod implicit_loss;
mod initial;
mod metrics;
mod model;
mod predict;
mod ranking;
mod recommend;
#[doc(hidden)]
pub mod reference;
mod rows;
mod seen;
mod settings;
mod solver;
mod split;
mod storage;
mod top;
mod training;
mod values;
mod warm_start;

#[cfg(test)]
mod descent_tests;
#[cfg(test)]
mod movielens_tests;
#[cfg(test)]
pub(crate) mod testing;

pub use all_pairs::squared_error;
pub use baseline::{Baseline, BaselineSettings};
pub use cross_validation::{Validated, cross_validate};
pub use error::FactorizationError;
pub use export::{Number, write_npy, write_text};
pub use fold_in::{Contribution, Explanation, FoldedItem, FoldedUser};
pub use implicit_loss::ImplicitLoss;
pub use initial::{INITIAL_SCALE, initial_factors};
pub use metrics::{Clip, Errors, Prediction, Predictor, rmse_mae};
pub use model::{Factorization, UNKNOWN, renumber};
pub use predict::Unfinished;
pub use ranking::RankingQuality;
pub use recommend::{Basis, RecommendSettings, Recommendations, Recommended};
pub use settings::{DescentSettings, Offset, Regularization, Schedule, Settings};
pub use solver::Solver;
pub use split::{Folds, Split, folds, hold_out, leave_k_out};
pub use training::{RatingList, Training};
pub use warm_start::WarmStart;
