//! A run that goes on from a model instead of from small random factors: after new ratings came in, or for a few more iterations.

use gasworks_engine::graph::{Ids, Vertex};

use super::error::FactorizationError;
use super::model::{Factorization, UNKNOWN, numbers};
use super::settings::{Offset, Settings};

/// The rows of a model, as far as they are of users and items of other ratings. Made by [`Factorization::warm_start`].
///
/// ```
/// use gasworks_engine::graph::{GraphBuilder, Ids};
/// use gasworks_engine::input::Rating;
/// use gasworks_programs::factorization::{Baseline, BaselineSettings, Factorization, Settings, initial_factors};
///
/// let settings = Settings { rank: 2, ..Settings::default() };
/// let before = [Rating { user: 0, item: 0, value: 4.0 }, Rating { user: 1, item: 0, value: 2.0 }];
/// let baseline = Baseline::fit(2, 1, &before, &BaselineSettings::default());
/// let factors = (vec![0.5; 4], vec![0.25; 2]);
/// let model = Factorization::new((Ids::range(2), Ids::range(1)), &before[..], baseline, factors, settings.clone())?;
///
/// // A user and an item have come.
/// let (users, items) = (Ids::range(3), Ids::range(2));
/// let warm = model.warm_start(&settings, &users, &items)?;
/// let now = GraphBuilder::bipartite(3, 2).weighted_edges(&[[0, 0], [1, 0], [2, 1]], &[4.0f32, 2.0, 3.0]).build()?;
/// let random = initial_factors(5, 2, 0.1, 0);
/// let graph = now.with_rows(2, |vertex, row| {
///     row.copy_from_slice(warm.factors(vertex).unwrap_or(&random[2 * vertex as usize..][..2]));
/// });
/// assert_eq!((graph.vertex(1), graph.vertex(3)), (&[0.5, 0.5][..], &[0.25, 0.25][..]));
/// assert_eq!(warm.known(), [2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct WarmStart<'m> {
    model: &'m Factorization,
    /// The number in the model of each user and each item, or [`UNKNOWN`].
    users: Vec<u32>,
    items: Vec<u32>,
}

impl Factorization {
    /// The rows from which a run with these settings can go on, on ratings of users and items with these ids. O(ids log ids).
    ///
    /// # Errors
    /// If rows of the model mean something else: they have another rank, another offset was subtracted from the ratings, or ratings were
    /// taken as something else. Explicit ratings have rows of one kind, whichever program learned them; implicit feedback has rows of
    /// one kind for each program.
    pub fn warm_start(
        &self,
        settings: &Settings,
        users: &Ids,
        items: &Ids,
    ) -> Result<WarmStart<'_>, FactorizationError> {
        let found = &self.settings;
        let advice = "start from a model that was trained with the same options, or at random";
        let refuse = |part, expected: String, got: String| {
            Err(FactorizationError::Model { part, expected, got, advice })
        };
        if settings.rank != found.rank {
            return refuse("rank", settings.rank.to_string(), found.rank.to_string());
        }
        if kind(settings) != kind(found) {
            return refuse("kind", kind(settings), kind(found));
        }
        if settings.offset != found.offset {
            let name = |offset: Offset| format!("{offset:?}").to_lowercase();
            return refuse("offset", name(settings.offset), name(found.offset));
        }
        if settings.is_nonnegative() && !found.is_nonnegative() {
            return refuse("factors", "none below 0".into(), format!("those of {}", found.program));
        }
        let (users, items) = (numbers(users, &self.users), numbers(items, &self.items));
        Ok(WarmStart { model: self, users, items })
    }
}

/// What ratings were taken as.
fn kind(settings: &Settings) -> String {
    match settings.counts_all_pairs() {
        true => format!("{}, every pair counting", settings.program),
        false => "explicit ratings".into(),
    }
}

impl WarmStart<'_> {
    /// The factors of a vertex, users first; none where the model does not know the user or item.
    ///
    /// # Panics
    /// If there is no such user or item.
    pub fn factors(&self, vertex: Vertex) -> Option<&[f32]> {
        let (number, is_user) = self.number(vertex)?;
        let (model, rank) = (self.model, self.model.rank());
        let factors = if is_user { &model.user_factors } else { &model.item_factors };
        Some(&factors[number * rank..][..rank])
    }

    /// The bias beside [`factors`](WarmStart::factors), as fitted or learned.
    ///
    /// # Panics
    /// If there is no such user or item.
    pub fn bias(&self, vertex: Vertex) -> Option<f32> {
        let (number, is_user) = self.number(vertex)?;
        let baseline = &self.model.baseline;
        Some(if is_user { baseline.user_biases[number] } else { baseline.item_biases[number] })
    }

    /// How many users, and how many items, the model knows.
    pub fn known(&self) -> [usize; 2] {
        [&self.users, &self.items].map(|side| side.iter().filter(|number| **number != UNKNOWN).count())
    }

    /// The number in the model, and whether it is that of a user.
    fn number(&self, vertex: Vertex) -> Option<(usize, bool)> {
        let vertex = vertex as usize;
        let (number, is_user) = match vertex.checked_sub(self.users.len()) {
            None => (self.users[vertex], true),
            Some(item) => (self.items[item], false),
        };
        (number != UNKNOWN).then_some((number as usize, is_user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factorization::testing::small_model;
    use crate::factorization::{DescentSettings, Solver};

    #[test]
    fn rows_go_to_the_same_ids_and_newcomers_have_none() {
        let model = small_model(Offset::Biases);
        let (users, items) = (model.users().len(), model.items().len());
        // Newcomers at the end, and not all items of before.
        let (more, fewer) = (Ids::range(users as u32 + 2), Ids::range(items as u32 - 1));
        let warm = model.warm_start(model.settings(), &more, &fewer).unwrap();
        assert_eq!(warm.known(), [users, items - 1]);
        let rank = model.rank();
        for user in 0..users {
            assert_eq!(warm.factors(user as u32).unwrap(), &model.user_factors()[user * rank..][..rank]);
            assert_eq!(warm.bias(user as u32), Some(model.baseline().user_biases[user]));
        }
        for user in users..users + 2 {
            assert_eq!((warm.factors(user as u32), warm.bias(user as u32)), (None, None));
        }
        for item in 0..items - 1 {
            let vertex = (users + 2 + item) as u32;
            assert_eq!(warm.factors(vertex).unwrap(), &model.item_factors()[item * rank..][..rank]);
            assert_eq!(warm.bias(vertex), Some(model.baseline().item_biases[item]));
        }
    }

    #[test]
    fn rows_that_mean_something_else_are_refused() {
        let model = small_model(Offset::Biases);
        let (settings, users, items) = (model.settings(), model.users(), model.items());
        let refused = |settings: Settings| {
            model.warm_start(&settings, users, items).map(|_| ()).unwrap_err().to_string()
        };
        let wider = Settings { rank: 5, ..settings.clone() };
        assert!(refused(wider).contains("rank of the model: expected 5, got 3"));
        let raw = Settings { offset: Offset::None, ..settings.clone() };
        assert!(refused(raw).contains("offset of the model: expected none, got biases"));
        let implicit = Settings { alpha: Some(1.0), ..settings.clone() };
        assert!(refused(implicit).contains("expected als, every pair counting, got explicit ratings"));
        let nonnegative = Settings { solver: Solver::Nonnegative, ..settings.clone() };
        assert!(refused(nonnegative).contains("none below 0"));
        // Another program for the same rows.
        let descent = Some(DescentSettings { biases: true, ..DescentSettings::default() });
        let sgd = Settings { program: "sgd".into(), descent, ..settings.clone() };
        assert!(model.warm_start(&sgd, users, items).is_ok());
    }
}
