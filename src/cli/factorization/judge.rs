//! The test error of factors, where many runs on the same ratings are compared.

use gasworks::input::Rating;
use gasworks::programs::factorization::{
    Baseline, BaselineSettings, Clip, Offset, Predictor, Split, Unfinished, rmse_mae,
};
use gasworks::{Column, Row};

/// What every run on a split has in common: factors of what mean and biases leave are judged by the test ratings.
pub(in super::super) struct Judge {
    users: usize,
    pub(in super::super) baseline: Baseline,
    counts: [Vec<u32>; 2],
    clip: Clip,
    test: Vec<Rating>,
}

impl Judge {
    /// The ratings to learn from, less mean and biases, and who judges what is learned.
    pub(in super::super) fn new((users, items): (usize, usize), split: Split) -> (Vec<Rating>, Self) {
        let Split { train, test } = split;
        let baseline = Baseline::fit(users, items, &train, &BaselineSettings::default());
        let mut counts = [vec![0; users], vec![0; items]];
        let mut clip = Clip { minimum: f32::INFINITY, maximum: f32::NEG_INFINITY };
        for rating in &train {
            counts[0][rating.user as usize] += 1;
            counts[1][rating.item as usize] += 1;
            clip.minimum = clip.minimum.min(rating.value);
            clip.maximum = clip.maximum.max(rating.value);
        }
        let residuals = Offset::Biases.residuals(&baseline, &train);
        (residuals, Judge { users, baseline, counts, clip, test })
    }

    /// Test RMSE of these factors, users first.
    pub(in super::super) fn error(&self, factors: &Column<Row<f32>>) -> f64 {
        self.rmse(&Unfinished {
            factors,
            width: factors.width(),
            users: self.users,
            baseline: &self.baseline,
            offset: Offset::Biases,
            counts: [&self.counts[0], &self.counts[1]],
        })
    }

    /// Test RMSE of mean and biases alone.
    pub(in super::super) fn error_of_baseline(&self) -> f64 {
        self.rmse(&self.baseline)
    }

    fn rmse(&self, model: &impl Predictor) -> f64 {
        rmse_mae(model, &self.test, Some(self.clip)).map_or(f64::NAN, |errors| errors.rmse)
    }
}
