//! Root mean square error and mean absolute error of predicted ratings.
//!
//! Errors are squared and summed in `f64`, in blocks of a fixed length whose sums are added in order: the same bits at every thread
//! count. What a model cannot know (an unseen user or item) it predicts from what it does know, and says so, as one NaN
//! would poison the whole figure and leaving such ratings out would flatter it.

use gasworks_engine::input::Rating;
use rayon::prelude::*;

use super::training::{RatingList, in_blocks};

/// Ratings a block of the parallel sums. Part of the result: another length rounds differently.
const BLOCK: usize = 4096;

/// What a model answers for a (user, item) pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The predicted rating. Finite.
    pub value: f32,
    /// The user or the item was not in the training ratings, so this is the documented fallback of the model.
    pub fallback: bool,
}

/// Something that predicts ratings of users by number for items by number.
pub trait Predictor: Sync {
    /// The prediction for a pair. Any numbers are admitted: one that the model does not know is an unseen user or item.
    fn predict(&self, user: u32, item: u32) -> Prediction;
}

/// The range that predictions are cut to, the smallest and the largest rating as a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clip {
    /// The smallest prediction.
    pub minimum: f32,
    /// The largest prediction; not below `minimum`.
    pub maximum: f32,
}

/// How far predictions are from ratings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// Root mean square error, in units of the ratings.
    pub rmse: f64,
    /// Mean absolute error, in units of the ratings.
    pub mae: f64,
    /// How many ratings were compared; at least 1.
    pub count: usize,
    /// How many of them were predicted by the fallback for unseen users and items.
    pub fallbacks: usize,
}

/// Errors of `model` on `ratings`, or `None` if there are none to compare. The same bits at every thread count.
///
/// With a `clip`, predictions are cut to it first, which can only lower the errors where ratings lie within. O(ratings * rank).
///
/// # Panics
/// If the minimum of `clip` is above its maximum, or one of them is NaN.
///
/// ```
/// use gasworks_engine::input::Rating;
/// use gasworks_programs::factorization::{Baseline, BaselineSettings, rmse_mae};
///
/// let ratings = [Rating { user: 0, item: 0, value: 5.0 }, Rating { user: 1, item: 0, value: 3.0 }];
/// let mean_only = BaselineSettings { rounds: 0, ..Default::default() };
/// let baseline = Baseline::fit(2, 1, &ratings, &mean_only);
/// let errors = rmse_mae(&baseline, &ratings, None).unwrap();
/// assert_eq!((errors.rmse, errors.mae, errors.count), (1.0, 1.0, 2));
/// ```
pub fn rmse_mae<R: RatingList + ?Sized>(
    model: &impl Predictor,
    ratings: &R,
    clip: Option<Clip>,
) -> Option<Errors> {
    if ratings.count() == 0 {
        return None;
    }
    let blocks = in_blocks(
        ratings,
        BLOCK,
        #[inline(always)]
        |block: &[Rating]| {
            let (mut squares, mut absolutes, mut fallbacks) = (0.0, 0.0, 0);
            for rating in block {
                let Prediction { mut value, fallback } = model.predict(rating.user, rating.item);
                if let Some(Clip { minimum, maximum }) = clip {
                    value = value.clamp(minimum, maximum);
                }
                let error = f64::from(rating.value) - f64::from(value);
                squares += error * error;
                absolutes += error.abs();
                fallbacks += usize::from(fallback);
            }
            (squares, absolutes, fallbacks)
        },
    );
    let (squares, absolutes, fallbacks) = blocks
        .into_iter()
        .fold((0.0, 0.0, 0), |sum, block| (sum.0 + block.0, sum.1 + block.1, sum.2 + block.2));
    let count = ratings.count();
    Some(Errors { rmse: (squares / count as f64).sqrt(), mae: absolutes / count as f64, count, fallbacks })
}

/// The sum of `term` over `ratings`, in blocks of a fixed length.
pub(crate) fn fixed_block_sum(ratings: &[Rating], term: impl Fn(&Rating) -> f64 + Sync) -> f64 {
    let blocks: Vec<f64> =
        ratings.par_chunks(BLOCK).map(|block| block.iter().map(&term).sum::<f64>()).collect();
    blocks.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::testing::additive;

    struct Constant(f32);

    impl Predictor for Constant {
        fn predict(&self, user: u32, _: u32) -> Prediction {
            Prediction { value: self.0, fallback: user == 0 }
        }
    }

    #[test]
    fn errors_are_those_of_the_definition() {
        let ratings = [1.0, 2.0, 4.0, 5.0].map(|value| Rating { user: value as u32 - 1, item: 0, value });
        let errors = rmse_mae(&Constant(3.0), &ratings, None).unwrap();
        assert_eq!(errors, Errors { rmse: 2.5f64.sqrt(), mae: 1.5, count: 4, fallbacks: 1 });
        assert_eq!(rmse_mae(&Constant(3.0), &[], None), None);
    }

    #[test]
    fn clipping_cuts_predictions_not_ratings() {
        let ratings = [Rating { user: 1, item: 0, value: 5.0 }];
        let clip = Some(Clip { minimum: 1.0, maximum: 4.0 });
        assert_eq!(rmse_mae(&Constant(9.0), &ratings, clip).unwrap().mae, 1.0);
        assert_eq!(rmse_mae(&Constant(9.0), &ratings, None).unwrap().mae, 4.0);
    }

    #[test]
    fn every_thread_count_gives_the_same_bits() {
        let ratings = additive(300, 70);
        let measure = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                (rmse_mae(&Constant(3.3), &ratings, None), fixed_block_sum(&ratings, |r| r.value.into()))
            })
        };
        assert_eq!(measure(1), measure(6));
    }
}
