//! The model: a product of factors, laid out for the full conditional of one variable.

use gasworks_engine::Row;
use gasworks_engine::graph::{Graph, GraphBuilder, ReverseEdges};
use gasworks_engine::input::{Factor, FactorGraph, Observation};

use super::MarkovRandomFieldError as ModelError;

/// Variables with a few states each, and factors: the probability of a combination of states is proportional to the product of the
/// factors' entries for it. Variables may be observed; then it is the conditional probability given their states.
///
/// ```
/// use gasworks_engine::input::Factor;
/// use gasworks_programs::markov_random_field::{MarkovRandomField, exact_marginal};
/// // Two switches that like to agree, three to one; the first is seen to be on.
/// let agree = Factor { scope: vec![0, 1], table: vec![3.0, 1.0, 1.0, 3.0] };
/// let mut model = MarkovRandomField::new(vec![2, 2], vec![agree])?;
/// model.observe(0, 1)?;
/// assert_eq!(exact_marginal(&model, 1, 1000), Some(vec![0.25, 0.75]));
/// # Ok::<(), gasworks_programs::markov_random_field::MarkovRandomFieldError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MarkovRandomField {
    cardinalities: Vec<u32>,
    /// The state of each observed variable; [`FREE`] for the others.
    observed: Vec<u32>,
    scopes: Vec<Vec<u32>>,
    /// Natural logarithms of all entries, one table after the other.
    entries: Vec<f64>,
    /// Where each table begins.
    tables: Vec<usize>,
    /// Where the incidences of each variable begin, and at last where they end.
    first_incidence: Vec<usize>,
    incidences: Vec<Incidence>,
    /// Of all incidences: the other variables of the factor.
    others: Vec<Other>,
    /// Where the neighbors of each variable begin, and at last where they end.
    first_neighbor: Vec<usize>,
    neighbors: Vec<u32>,
}

/// One factor of one variable.
#[derive(Clone, Copy, Debug)]
struct Incidence {
    factor: u32,
    /// How far apart the entries of two states of the variable are.
    stride: usize,
    /// Where its others begin.
    others: usize,
}

/// Another variable of a factor, as one variable sees it.
#[derive(Clone, Copy, Debug)]
struct Other {
    /// Its place among the neighbors.
    neighbor: u32,
    stride: usize,
}

const FREE: u32 = u32::MAX;

impl MarkovRandomField {
    /// The most states that a variable may have.
    pub const MOST_STATES: u32 = 64;

    /// A model without evidence. `cardinalities` are the numbers of states, from 1 to [`MOST_STATES`](Self::MOST_STATES); in the
    /// table of a factor the last variable of its scope runs fastest. Takes O(entries + sum of squared scope lengths) memory.
    ///
    /// # Errors
    /// If a number of states is out of range, a scope names a variable that does not exist or names one twice, a table does not have one
    /// entry for each combination of states, or an entry is negative or not finite.
    pub fn new(cardinalities: Vec<u32>, factors: Vec<Factor>) -> Result<Self, ModelError> {
        for (variable, states) in cardinalities.iter().enumerate() {
            if !(1..=Self::MOST_STATES).contains(states) {
                return Err(ModelError::Model {
                    part: format!("variable {variable}"),
                    expected: format!("1 to {} states", Self::MOST_STATES),
                    got: states.to_string(),
                    advice: "merge states, or split the variable in two",
                });
            }
        }
        for (at, factor) in factors.iter().enumerate() {
            check(at, factor, &cardinalities)?;
        }

        let variables = cardinalities.len();
        let mut model = MarkovRandomField {
            observed: vec![FREE; variables],
            scopes: Vec::with_capacity(factors.len()),
            entries: Vec::with_capacity(factors.iter().map(|factor| factor.table.len()).sum()),
            tables: Vec::with_capacity(factors.len()),
            first_incidence: Vec::with_capacity(variables + 1),
            incidences: Vec::new(),
            others: Vec::new(),
            first_neighbor: Vec::with_capacity(variables + 1),
            neighbors: Vec::new(),
            cardinalities,
        };
        for factor in factors {
            model.tables.push(model.entries.len());
            model.entries.extend(factor.table.iter().map(|value| value.ln()));
            model.scopes.push(factor.scope);
        }
        model.index();
        Ok(model)
    }

    /// The model of a file that [`read_uai`](gasworks_engine::input::read_uai) has read, with its evidence.
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`observe`](Self::observe).
    pub fn from_uai(model: FactorGraph, evidence: &[Observation]) -> Result<Self, ModelError> {
        let mut model = Self::new(model.cardinalities, model.factors)?;
        evidence.iter().try_for_each(|seen| model.observe(seen.variable, seen.state))?;
        Ok(model)
    }

    /// Clamps a variable to the state that it was seen in. The last one counts.
    ///
    /// # Errors
    /// If there is no such variable or state.
    pub fn observe(&mut self, variable: u32, state: u32) -> Result<(), ModelError> {
        let states = self.cardinalities.get(variable as usize).copied();
        if states.is_none_or(|states| state >= states) {
            return Err(ModelError::Model {
                part: "the evidence".into(),
                expected: match states {
                    None => format!("a variable from 0 to {} exclusive", self.variables()),
                    Some(states) => format!("a state of variable {variable} from 0 to {states} exclusive"),
                },
                got: format!("variable {variable} in state {state}"),
                advice: "the model and its evidence must belong together",
            });
        }
        self.observed[variable as usize] = state;
        Ok(())
    }

    /// So many copies of the model side by side, each independent of the others: variable `v` of copy `c` is `c * variables + v`. What is
    /// observed is so in each. Takes as many times the memory.
    ///
    /// # Panics
    /// If there are more variables then than 32 bits can number.
    pub fn repeated(&self, copies: u32) -> Self {
        let variables = self.variables() as u32;
        assert!(u64::from(variables) * u64::from(copies) <= u64::from(u32::MAX), "too many variables");
        let times = copies as usize;
        let scopes = (0..copies).flat_map(|copy| {
            let moved = move |scope: &Vec<u32>| scope.iter().map(|v| copy * variables + v).collect();
            self.scopes.iter().map(moved)
        });
        let length = self.entries.len();
        let mut model = MarkovRandomField {
            cardinalities: self.cardinalities.repeat(times),
            observed: self.observed.repeat(times),
            scopes: scopes.collect(),
            entries: self.entries.repeat(times),
            tables: (0..times)
                .flat_map(|copy| self.tables.iter().map(move |at| copy * length + at))
                .collect(),
            first_incidence: Vec::with_capacity(self.variables() * times + 1),
            incidences: Vec::with_capacity(self.incidences.len() * times),
            others: Vec::with_capacity(self.others.len() * times),
            first_neighbor: Vec::with_capacity(self.variables() * times + 1),
            neighbors: Vec::with_capacity(self.neighbors.len() * times),
        };
        model.index();
        model
    }

    /// How many variables.
    pub fn variables(&self) -> usize {
        self.cardinalities.len()
    }

    /// How many states a variable has.
    pub fn states(&self, variable: u32) -> u32 {
        self.cardinalities[variable as usize]
    }

    /// The state that a variable was seen in, if it was.
    pub fn observed(&self, variable: u32) -> Option<u32> {
        Some(self.observed[variable as usize]).filter(|state| *state != FREE)
    }

    /// The variables that share a factor with this one, ascending: its Markov blanket.
    pub fn neighbors(&self, variable: u32) -> &[u32] {
        let at = variable as usize;
        &self.neighbors[self.first_neighbor[at]..self.first_neighbor[at + 1]]
    }

    /// The logarithm of the product of the factors for these states; of infinite size if it is zero, or if they contradict the evidence.
    ///
    /// # Panics
    /// If there is not one state, of those that it has, for each variable.
    pub fn log_score(&self, states: &[u32]) -> f64 {
        assert_eq!(states.len(), self.variables(), "one state for each variable");
        assert!(
            states.iter().zip(&self.cardinalities).all(|(state, states)| state < states),
            "no such state"
        );
        if states.iter().zip(&self.observed).any(|(state, seen)| *seen != FREE && seen != state) {
            return f64::NEG_INFINITY;
        }
        let entry = |factor: usize| {
            let place = self.scopes[factor].iter().fold(0, |place, variable| {
                place * self.states(*variable) as usize + states[*variable as usize] as usize
            });
            self.entries[self.tables[factor] + place]
        };
        (0..self.scopes.len()).map(entry).sum()
    }

    /// The graph that [`Gibbs`](super::Gibbs) runs on: a vertex for each variable, an edge for each two that share a factor.
    /// A vertex is a row: the state, at first that of `start`, and how often each state was counted.
    ///
    /// # Errors
    /// If `start` does not give each variable one of its states, or has probability zero: a Gibbs step does not leave the states that are
    /// possible, and so has no meaning among the impossible. [`start`](Self::start) finds one.
    pub fn graph(&self, start: &[u32]) -> Result<Graph<Row<u32>, ()>, ModelError> {
        let refuse = |expected: &str, got: String| ModelError::Model {
            part: "the start".into(),
            expected: expected.into(),
            got,
            advice: "let `start` find one",
        };
        if start.len() != self.variables() {
            let expected = format!("{} states, one for each variable", self.variables());
            return Err(refuse(&expected, start.len().to_string()));
        }
        if let Some(variable) = (0..start.len()).find(|at| start[*at] >= self.cardinalities[*at]) {
            let expected = format!("a state of variable {variable} below {}", self.cardinalities[variable]);
            return Err(refuse(&expected, start[variable].to_string()));
        }
        if self.log_score(start) == f64::NEG_INFINITY {
            return Err(refuse(
                "states of positive probability that agree with the evidence",
                "others".into(),
            ));
        }
        let pairs: Vec<[u32; 2]> = (0..self.variables() as u32)
            .flat_map(|v| self.neighbors(v).iter().filter(move |u| **u > v).map(move |u| [v, *u]))
            .collect();
        let graph =
            GraphBuilder::undirected(self.variables(), ReverseEdges::Keep).plain_edges(&pairs).build();
        let graph = graph.expect("neighbors are variables");
        let most = self.cardinalities.iter().max().map_or(0, |states| *states as usize);
        Ok(graph.with_rows(1 + most, |variable, row| row[0] = start[variable as usize]))
    }

    /// The logarithms of a variable's full conditional, up to a constant: for each of its states, the sum over its factors of
    /// the entry that goes with the states of its neighbors. O(factors of the variable * (scope + states)).
    pub(super) fn conditional(&self, variable: u32, neighbors: &[u32], logarithms: &mut Vec<f64>) {
        let at = variable as usize;
        logarithms.clear();
        logarithms.resize(self.cardinalities[at] as usize, 0.0);
        for incidence in &self.incidences[self.first_incidence[at]..self.first_incidence[at + 1]] {
            let length = self.scopes[incidence.factor as usize].len() - 1;
            let others = &self.others[incidence.others..][..length];
            let place: usize =
                others.iter().map(|other| other.stride * neighbors[other.neighbor as usize] as usize).sum();
            let entries = self.entries[self.tables[incidence.factor as usize] + place..].iter();
            for (sum, entry) in logarithms.iter_mut().zip(entries.step_by(incidence.stride)) {
                *sum += entry;
            }
        }
    }

    /// The factors: scope and logarithms.
    pub(super) fn factors(&self) -> impl Iterator<Item = (&[u32], &[f64])> {
        let ends = self.tables.iter().skip(1).copied().chain([self.entries.len()]);
        let tables = self.tables.iter().zip(ends).map(|(from, to)| &self.entries[*from..to]);
        self.scopes.iter().map(Vec::as_slice).zip(tables)
    }

    /// Finds for each variable its factors, its neighbors, and where in the tables their states lead.
    fn index(&mut self) {
        let mut factors = vec![Vec::new(); self.variables()];
        for (factor, scope) in self.scopes.iter().enumerate() {
            scope.iter().for_each(|variable| factors[*variable as usize].push(factor as u32));
        }
        for (variable, factors) in factors.iter().enumerate() {
            let around = factors.iter().flat_map(|factor| &self.scopes[*factor as usize]).copied();
            let mut around: Vec<u32> = around.filter(|other| *other != variable as u32).collect();
            around.sort_unstable();
            around.dedup();
            self.first_incidence.push(self.incidences.len());
            for &factor in factors {
                let mut incidence = Incidence { factor, stride: 0, others: self.others.len() };
                let mut stride = 1;
                for &other in self.scopes[factor as usize].iter().rev() {
                    match around.binary_search(&other) {
                        Ok(neighbor) => self.others.push(Other { neighbor: neighbor as u32, stride }),
                        Err(_) => incidence.stride = stride,
                    }
                    stride *= self.cardinalities[other as usize] as usize;
                }
                self.incidences.push(incidence);
            }
            self.first_neighbor.push(self.neighbors.len());
            self.neighbors.append(&mut around);
        }
        self.first_incidence.push(self.incidences.len());
        self.first_neighbor.push(self.neighbors.len());
    }
}

fn check(at: usize, factor: &Factor, cardinalities: &[u32]) -> Result<(), ModelError> {
    let mut size = 1usize;
    for (place, variable) in factor.scope.iter().enumerate() {
        let states = cardinalities.get(*variable as usize);
        if states.is_none() || factor.scope[..place].contains(variable) {
            return Err(ModelError::Model {
                part: format!("the scope of factor {at}"),
                expected: format!("variables from 0 to {} exclusive, each once", cardinalities.len()),
                got: format!("{:?}", factor.scope),
                advice: "variables count from 0",
            });
        }
        size = size.saturating_mul(states.map_or(0, |states| *states as usize));
    }
    let bad = factor.table.iter().find(|value| !value.is_finite() || **value < 0.0);
    if factor.table.len() != size || bad.is_some() {
        return Err(ModelError::Model {
            part: format!("the table of factor {at}"),
            expected: format!("{size} finite entries, none negative"),
            got: bad.map_or_else(
                || format!("{} entries", factor.table.len()),
                |value| format!("the entry {value}"),
            ),
            advice: "give an entry for each combination of states, the last variable running fastest",
        });
    }
    Ok(())
}
