//! Several chains of one model in one run, each from a start of its own, and how far their estimates are apart (Gelman and Rubin
//! 1992, "Inference from iterative simulation using multiple sequences", section 1: one chain alone may look settled in a part of the
//! states; chains from dispersed starts that disagree have not converged).
//!
//! The chains are copies of the model side by side in one graph: independent vertices, so that they also run in parallel.

use gasworks_engine::Row;
use gasworks_engine::graph::Graph;

use super::{Gibbs, MarkovRandomField, MarkovRandomFieldError as ModelError};

/// Several chains of a model.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gasworks_engine::{Engine, Exclusion, input::Factor};
/// use gasworks_programs::markov_random_field::{Chains, Gibbs, MarkovRandomField};
/// // Two switches that must agree: no change of one alone leads from off to on.
/// let agree = Factor { scope: vec![0, 1], table: vec![1.0, 0.0, 0.0, 1.0] };
/// let chains = Chains::new(&MarkovRandomField::new(vec![2, 2], vec![agree])?, 8);
/// let gibbs = Gibbs { burn_in: 10, samples: 100, ..Gibbs::new(chains.model()) };
/// let mut graph = chains.graph(0)?;
/// # let scheduler = Queue::default();
/// Engine::updates(&mut graph, &gibbs, scheduler).exclusion(Exclusion::Serial).run()?;
/// let estimate = chains.estimate(&gibbs, &graph).expect("the run is over");
/// assert_eq!(estimate.disagreement, 1.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Chains {
    one: MarkovRandomField,
    all: MarkovRandomField,
    count: u32,
}

/// What chains say together.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// For each variable the probability of each state: the mean over the chains.
    pub marginals: Vec<Vec<f64>>,
    /// The greatest difference between what any two chains say of one probability; 0 for one chain, which cannot tell.
    pub disagreement: f64,
}

impl Chains {
    /// So many chains of a model, with its evidence.
    ///
    /// # Panics
    /// If there are none, or more variables in all than 32 bits can number.
    pub fn new(model: &MarkovRandomField, count: u32) -> Self {
        assert!(count > 0, "an estimate needs a chain");
        Chains { one: model.clone(), all: model.repeated(count), count }
    }

    /// The model of all chains together, which [`Gibbs`] samples.
    pub fn model(&self) -> &MarkovRandomField {
        &self.all
    }

    /// The graph that [`Gibbs`] runs on, each chain at a [`start`](MarkovRandomField::start) of its own seed: `seed`, `seed + 1`, ...
    ///
    /// # Errors
    /// As [`MarkovRandomField::start`].
    pub fn graph(&self, seed: u64) -> Result<Graph<Row<u32>, ()>, ModelError> {
        let starts = (0..self.count).map(|chain| self.one.start(seed.wrapping_add(u64::from(chain))));
        let start = starts.collect::<Result<Vec<_>, _>>()?.concat();
        self.all.graph(&start)
    }

    /// What the samples of a run say. None if it ended before every variable that is not observed had a sample in every chain.
    pub fn estimate(&self, gibbs: &Gibbs<'_>, graph: &Graph<Row<u32>, ()>) -> Option<Estimate> {
        let found = gibbs.marginals(graph)?;
        let variables = self.one.variables();
        let mut marginals = found[..variables].to_vec();
        let mut disagreement = 0.0f64;
        for (variable, marginal) in marginals.iter_mut().enumerate() {
            for (state, probability) in marginal.iter_mut().enumerate() {
                let chains = (0..self.count as usize).map(|chain| found[chain * variables + variable][state]);
                let [mut sum, mut least, mut most] = [0.0, f64::INFINITY, f64::NEG_INFINITY];
                for share in chains {
                    (sum, least, most) = (sum + share, share.min(least), share.max(most));
                }
                *probability = sum / f64::from(self.count);
                disagreement = disagreement.max(most - least);
            }
        }
        Some(Estimate { marginals, disagreement })
    }
}
