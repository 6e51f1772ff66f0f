//! How a factorization was trained: the parameters that its model carries, and the offset that is factorized away first.

use gasworks_engine::graph::Graph;
use gasworks_engine::input::Rating;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::solver::Solver;
use crate::sgd::Rate;

/// The parameters of a training run, kept with its model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `als`, `sgd`, `svdpp`, `ccd`, `nmf` or `bpr`. Default `als`.
    pub program: String,
    /// Length of a factor row; at least 1. Default 32.
    pub rank: usize,
    /// Penalty on the squared length of a factor row; 0 or more, finite. Default 0.1; for `sgd` and `svdpp` 0.08.
    pub lambda: f32,
    /// What multiplies lambda. Default weighted.
    pub regularization: Regularization,
    /// `None` for explicit ratings (the default); for implicit feedback the weight of a rating in its confidence (Hu, Koren, Volinsky
    /// 2008); 0 for `bpr`, where a rating only says that an item was chosen.
    pub alpha: Option<f32>,
    /// How a row is solved for. Default Cholesky.
    #[serde(default)]
    pub solver: Solver,
    /// What was subtracted from the ratings before factorizing. Default biases; `None` where `alpha` is given.
    pub offset: Offset,
    /// What only `sgd`, `svdpp` and `bpr` have; `None` for `als`, the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descent: Option<DescentSettings>,
    /// Sweeps over all users and items, or passes over the ratings. Default 15.
    pub iterations: usize,
    /// Decides the initial factors, and for `sgd`, `svdpp` and `bpr` the order of steps. Default 0.
    pub seed: u64,
    /// The instruction level that the bits hold for. Default `baseline`.
    pub isa: String,
}

impl Default for Settings {
    /// Chosen for explicit ratings on validation splits of MovieLens ml-latest-small; see the table in the documentation of the module.
    fn default() -> Self {
        Settings {
            program: "als".into(),
            rank: 32,
            lambda: 0.1,
            regularization: Regularization::Weighted,
            alpha: None,
            solver: Solver::Cholesky,
            offset: Offset::Biases,
            descent: None,
            iterations: 15,
            seed: 0,
            isa: "baseline".into(),
        }
    }
}

impl Settings {
    /// The defaults of implicit feedback by alternating least squares: an alpha of 1, plain regularization (popular items would pay for all pairs without a
    /// rating if lambda were multiplied by ratings), and no offset.
    pub fn implicit() -> Self {
        Settings {
            regularization: Regularization::Plain,
            alpha: Some(1.0),
            offset: Offset::None,
            ..Settings::default()
        }
    }

    /// The defaults of coordinate descent: those of alternating least squares, which minimizes the same.
    pub fn ccd() -> Self {
        Settings { program: "ccd".into(), ..Settings::default() }
    }

    /// The defaults of nonnegative factorization by multiplicative updates: rank 16, 200 iterations, no regularization and no offset.
    pub fn nmf() -> Self {
        Settings {
            program: "nmf".into(),
            rank: 16,
            lambda: 0.0,
            regularization: Regularization::Plain,
            offset: Offset::None,
            iterations: 200,
            ..Settings::default()
        }
    }

    /// Whether every pair of a user and an item counted, those without a rating as 0: under implicit feedback, and for `nmf`. Predictions then
    /// are no ratings.
    pub fn counts_all_pairs(&self) -> bool {
        self.alpha.is_some() || self.program == "nmf"
    }

    /// Whether no factor is below 0.
    pub fn is_nonnegative(&self) -> bool {
        self.solver == Solver::Nonnegative || self.program == "nmf"
    }

    /// The defaults of stochastic gradient descent, chosen as those of [`Settings::default`]; see the table at [`Sgd`](crate::Sgd). Its
    /// regularization is weighted: each step pays lambda for both of its rows.
    pub fn sgd() -> Self {
        Settings {
            program: "sgd".into(),
            rank: 32,
            lambda: 0.08,
            descent: Some(DescentSettings::default()),
            iterations: 40,
            ..Settings::default()
        }
    }
}

impl Settings {
    /// The defaults of SVD++; what they rest on stands at [`SvdPlusPlus`](crate::SvdPlusPlus). The factors of a user are `p + z`, to which its
    /// ratings and its choices have both contributed; biases are learned.
    pub fn svdpp() -> Self {
        Settings {
            program: "svdpp".into(),
            rank: 32,
            lambda: 0.08,
            descent: Some(DescentSettings::svdpp()),
            iterations: 20,
            ..Settings::default()
        }
    }

    /// The defaults of Bayesian personalized ranking; what they rest on stands at [`Bpr`](crate::Bpr). Its models are of implicit feedback:
    /// scores order the items of a user, and mean nothing by themselves.
    pub fn bpr() -> Self {
        Settings {
            program: "bpr".into(),
            rank: 32,
            lambda: 0.01,
            alpha: Some(0.0),
            offset: Offset::None,
            descent: Some(DescentSettings::bpr()),
            iterations: 60,
            ..Settings::default()
        }
    }
}

/// What a run of stochastic gradient descent needs beside the rest of its [`Settings`] to be repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescentSettings {
    /// How the learning rate falls. Default by a factor each pass.
    #[serde(default)]
    pub schedule: Schedule,
    /// How far a step of the first pass goes along the gradient; above 0, finite. Default 0.05.
    pub rate: f32,
    /// What the rate is multiplied by after each pass where the schedule is [`Decay`](Schedule::Decay); above 0, finite. Default 0.95.
    pub decay: f32,
    /// Whether biases were learned beside the factors, from those of the baseline on. The model's baseline then holds what was
    /// learned. Default no.
    pub biases: bool,
    /// Parts of users and of items, where they were given; the order of steps depends on them. Default `None`: by the number of ratings.
    pub blocks: Option<[usize; 2]>,
}

impl Default for DescentSettings {
    fn default() -> Self {
        let schedule = Schedule::default();
        DescentSettings { schedule, rate: 0.05, decay: 0.95, biases: false, blocks: None }
    }
}

impl DescentSettings {
    /// Those of [`Settings::bpr`]: a learning rate that does not fall.
    pub fn bpr() -> Self {
        DescentSettings { rate: 0.05, decay: 1.0, ..DescentSettings::default() }
    }

    /// Those of [`Settings::svdpp`]: biases are learned, and the rate falls sooner.
    pub fn svdpp() -> Self {
        DescentSettings { rate: 0.05, decay: 0.92, biases: true, ..DescentSettings::default() }
    }

    /// The learning rate as the program takes it.
    pub fn learning_rate(&self) -> Rate {
        match self.schedule {
            Schedule::Constant => Rate::Constant(self.rate),
            Schedule::Decay => Rate::Decaying { first: self.rate, factor: self.decay },
            Schedule::Adagrad => Rate::Adaptive(self.rate),
        }
    }
}

/// How the learning rate falls: see [`Rate`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Not at all.
    Constant,
    /// By a factor each pass.
    #[default]
    Decay,
    /// That of each row with the gradients that it has seen.
    Adagrad,
}

/// What multiplies lambda in the penalty of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Regularization {
    /// The number of the row's ratings (Zhou et al. 2008, section 3.2): rows of few and of many ratings are drawn to zero alike.
    #[default]
    Weighted,
    /// 1.
    Plain,
}

/// What is subtracted from the ratings before factorizing, and added back by each prediction.
///
/// Factors of few ratings are pulled towards zero, so zero should mean "nothing special": with biases subtracted it means "as generous
/// as the user is and as liked as the item is", while with raw ratings it means a rating of 0, far below any
/// real one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offset {
    /// Nothing: the plain model, as in Zhou et al. (2008). The only choice for implicit feedback.
    None,
    /// The mean of all training ratings.
    Mean,
    /// Mean and biases ([`Baseline`]): the factors learn the residuals (Koren 2008, "Factorization meets the neighborhood",
    /// section 2.3, with biases fitted first).
    #[default]
    Biases,
}

impl Offset {
    /// The ratings less the offset: what is factorized. Parallel; O(ratings).
    ///
    /// ```
    /// use gasworks_engine::input::Rating;
    /// use gasworks_programs::factorization::{Baseline, BaselineSettings, Offset};
    ///
    /// let ratings = [Rating { user: 0, item: 0, value: 5.0 }, Rating { user: 0, item: 1, value: 3.0 }];
    /// let baseline = Baseline::fit(1, 2, &ratings, &BaselineSettings::default());
    /// assert_eq!(Offset::Mean.residuals(&baseline, &ratings)[0].value, 1.0);
    /// ```
    pub fn residuals(self, baseline: &Baseline, ratings: &[Rating]) -> Vec<Rating> {
        let residual = |rating: &Rating| self.residual(baseline, *rating);
        ratings.par_iter().map(|rating| Rating { value: residual(rating), ..*rating }).collect()
    }

    /// Subtracts the offset from the ratings on the edges of a bipartite graph, from users to items. Parallel; O(vertices + ratings).
    ///
    /// # Panics
    /// If the graph is not bipartite.
    pub fn subtract(self, baseline: &Baseline, graph: &mut Graph<(), f32>) {
        let users = graph.topology().left().expect("users on the left, items on the right");
        graph.transform_edges(|user, item, value| {
            *value = self.residual(baseline, Rating { user, item: item - users, value: *value });
        });
    }

    fn residual(self, baseline: &Baseline, Rating { user, item, value }: Rating) -> f32 {
        match self {
            Offset::None => value,
            Offset::Mean => value - baseline.mean,
            Offset::Biases => value - baseline.value(Some(user), Some(item)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_json_and_unknown_fields_do_not() {
        let solver = Solver::ConjugateGradient { steps: 4 };
        let settings =
            Settings { lambda: 0.1, seed: u64::MAX, alpha: Some(40.0), solver, ..Default::default() };
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
        // Of before there was a choice.
        let older = json.replace("\"solver\":\"cg:steps=4\",", "");
        assert!(older.len() < json.len());
        let expected = Settings { solver: Solver::Cholesky, ..settings };
        assert_eq!(serde_json::from_str::<Settings>(&older).unwrap(), expected);
        assert!(serde_json::from_str::<Settings>(&json.replace("\"seed\"", "\"sead\"")).is_err());
        // Models of als are as they were before there was descent.
        assert!(!json.contains("descent"));
        let blocks = Some([3, 5]);
        let descent = Some(DescentSettings { blocks, biases: true, ..DescentSettings::default() });
        let settings = Settings { descent, ..Settings::sgd() };
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
    }
}
