//! Gibbs sampling (Geman and Geman 1984, "Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of images",
//! section XI; in parallel on graphs: Gonzalez, Low, Gretton, Guestrin 2011, "Parallel Gibbs sampling", section 3).

use gasworks_engine::graph::Graph;
use gasworks_engine::{Context, Edges, Row, Scope, Signal, UpdateFunction, consistency};

use super::MarkovRandomField;

/// Names the random numbers of the sampler.
const STREAM: u64 = 0x4749_4242;

/// Estimates the marginals of a model by Gibbs sampling. A visit draws the state of one variable from its distribution given all others,
/// which is its distribution given its neighbors, and counts the state once `burn_in` visits are over; the vertex then schedules itself
/// until it has made `burn_in + samples` visits.
///
/// Run on the graph of [`MarkovRandomField::graph`] with all vertices scheduled. Edge consistency makes a parallel run the same as
/// some run of one visit after the other, each of which leaves the model's distribution as it is. The order may depend on counts of visits, and
/// must not depend on states. Schedulers that visit all vertices about equally often are right here: a vertex whose visits are over stands
/// still while others go on. For priority schedulers, the vertices visited least often are the most urgent.
/// Rounds under exclusion by coloring keep step; under locks, on a graph that is small beside the visits that a worker makes while another one is
/// not running, one vertex may run far ahead.
///
/// Draws depend on the seed, the vertex and the number of its visit. To go on with a graph that has run, take another seed.
///
/// **When not to trust it.** Samples of a chain depend on each other; the error falls with the number of *independent* samples. Where states
/// hold each other strongly (factors over 1:100 in loops), a chain may stay in one mode for all of its visits, with counts that look certain. Factors with
/// zeros can cut the possible states into parts between which no single change leads, and the chain then never leaves the part of its start.
/// Compare runs from several starts ([`MarkovRandomField::start`] with other seeds): where they disagree, more samples or
/// another method are needed; that they agree proves nothing.
///
/// A visit takes O(neighbors + sum over its factors of scope + states), and allocates nothing in steady state.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gasworks_engine::{Engine, Exclusion, input::Factor};
/// use gasworks_programs::markov_random_field::{Gibbs, MarkovRandomField};
/// // Two switches that like to agree, three to one; the first is mostly on, four to one.
/// let factors = vec![
///     Factor { scope: vec![0], table: vec![1.0, 4.0] },
///     Factor { scope: vec![0, 1], table: vec![3.0, 1.0, 1.0, 3.0] },
/// ];
/// let model = MarkovRandomField::new(vec![2, 2], factors)?;
/// let gibbs = Gibbs { burn_in: 100, samples: 20_000, ..Gibbs::new(&model) };
/// let mut graph = model.graph(&model.start(0)?)?;
/// # let scheduler = Queue::default();
/// // Or, on all cores, under exclusion by coloring and a scheduler with rounds such as gasworks_schedulers::Sweep.
/// let engine = Engine::updates(&mut graph, &gibbs, scheduler).exclusion(Exclusion::Serial);
/// engine.seed(7).run()?;
/// let marginals = gibbs.marginals(&graph).expect("the run is over");
/// assert!((marginals[0][1] - 0.8).abs() < 0.02);
/// assert!((marginals[1][1] - 0.65).abs() < 0.02); // (0.8 * 3 + 0.2 * 1) / 4
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gibbs<'m> {
    /// The model.
    pub model: &'m MarkovRandomField,
    /// Visits of each variable before counting begins. Default 1,000.
    pub burn_in: u32,
    /// Visits of each variable that are counted. Default 10,000.
    pub samples: u32,
}

impl<'m> Gibbs<'m> {
    /// 10,000 samples after 1,000.
    pub fn new(model: &'m MarkovRandomField) -> Self {
        Gibbs { model, burn_in: 1000, samples: 10_000 }
    }

    /// For each variable and each of its states, the share of samples; 1 for the state that was observed. None if the run ended before
    /// every variable that is not observed had a sample.
    pub fn marginals(&self, graph: &Graph<Row<u32>, ()>) -> Option<Vec<Vec<f64>>> {
        let marginal = |variable: u32| {
            let states = self.model.states(variable);
            if let Some(seen) = self.model.observed(variable) {
                return Some((0..states).map(|state| if state == seen { 1.0 } else { 0.0 }).collect());
            }
            let counts = &graph.vertex(variable)[1..=states as usize];
            let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
            (total > 0.0).then(|| counts.iter().map(|count| f64::from(*count) / total).collect())
        };
        (0..self.model.variables() as u32).map(marginal).collect()
    }
}

/// The surroundings of the visited variable.
#[derive(Clone, Debug, Default)]
pub struct Conditional {
    /// The states of its neighbors, ascending by neighbor.
    neighbors: Vec<u32>,
    /// Of its states: logarithms of weights, then weights.
    weights: Vec<f64>,
}

impl UpdateFunction for Gibbs<'_> {
    type Vertex = Row<u32>;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = Conditional;

    fn scratch(&self) -> Conditional {
        Conditional::default()
    }
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, around: &mut Conditional) {
        let visits = u64::from(self.burn_in) + u64::from(self.samples);
        if self.model.observed(cx.vertex).is_some() || cx.round >= visits {
            return;
        }
        let Conditional { neighbors, weights } = around;
        neighbors.clear();
        scope.for_each_edge(Edges::All, |mut visit| neighbors.push(visit.parts().2[0]));
        assert_eq!(
            neighbors.len(),
            self.model.neighbors(cx.vertex).len(),
            "the graph is that of another model"
        );
        self.model.conditional(cx.vertex, neighbors, weights);
        if let Some(state) = draw(weights, cx.random(STREAM).uniform()) {
            scope.vertex_mut()[0] = state;
        }
        if cx.round >= u64::from(self.burn_in) {
            let state = scope.vertex()[0] as usize;
            scope.vertex_mut()[1 + state] += 1;
        }
        if cx.round + 1 < visits {
            scope.signal_self(Signal::priority(-((cx.round + 1) as f32)));
        }
    }
}

/// The state whose part of `[0, 1)` holds `uniform`, for these logarithms of weights, which become weights. None if all weights are zero: then
/// the neighbors contradict each other, as no start of positive probability lets them.
fn draw(weights: &mut [f64], uniform: f64) -> Option<u32> {
    let most = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return None;
    }
    let mut total = 0.0;
    for weight in weights.iter_mut() {
        *weight = (*weight - most).exp();
        total += *weight;
    }
    let mut rest = uniform * total;
    let mut last = None;
    for (state, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        last = Some(state as u32);
        rest -= weight;
        if rest < 0.0 {
            break;
        }
    }
    // Rounding may leave a rest after the last state.
    last
}
