//! Finds states of positive probability: a constraint satisfaction problem over the zeros of the factors, solved by search with
//! propagation (Mackworth 1977, "Consistency in networks of relations", generalized to tables).

use gasworks_engine::Random;

use super::{MarkovRandomField, MarkovRandomFieldError as ModelError};

/// Names the random numbers of the start.
const STREAM: u64 = 0x5354_4152;

/// Choices that may be taken back before the search gives up.
const STEPS: usize = 20_000;

impl MarkovRandomField {
    /// States of positive probability that agree with the evidence, otherwise at random: the same for the same seed. Without zeros among
    /// the entries O(variables); with zeros a search, exponential at worst, which gives up after 20,000 wrong choices.
    ///
    /// # Errors
    /// [`Impossible`](ModelError::Impossible) if there are none, [`NoStart`](ModelError::NoStart) if the search gave up.
    pub fn start(&self, seed: u64) -> Result<Vec<u32>, ModelError> {
        let mut search = Search::new(self);
        let every = (0..search.constraints.len()).collect();
        if !search.propagate(every) {
            return Err(ModelError::Impossible);
        }
        // The choices made: the variable, its states that are left to try, and how long the trail was before.
        let mut choices: Vec<(u32, u64, usize)> = Vec::new();
        let (mut variable, mut steps) = (0, 0);
        loop {
            while (variable as usize) < self.variables()
                && search.domains[variable as usize].count_ones() == 1
            {
                variable += 1;
            }
            if variable as usize == self.variables() {
                return Ok(search.domains.iter().map(|domain| domain.trailing_zeros()).collect());
            }
            choices.push((variable, search.domains[variable as usize], search.trail.len()));
            // Tries the states that the last choice has left, and goes back where it has none.
            loop {
                let Some((chosen, left, trail)) = choices.last_mut() else {
                    return Err(ModelError::Impossible);
                };
                search.undo(*trail);
                if *left == 0 {
                    choices.pop();
                    continue;
                }
                let mut random = Random::keyed(seed, STREAM, steps as u64, u64::from(*chosen));
                let skip = random.below(left.count_ones().into());
                let state = (0..skip).fold(*left, |left, _| left & (left - 1)).trailing_zeros();
                *left &= !(1 << state);
                variable = *chosen;
                if search.restrict(variable, 1 << state) {
                    break;
                }
                steps += 1;
                if steps > STEPS {
                    return Err(ModelError::NoStart { steps: STEPS });
                }
            }
        }
    }
}

/// The states that are left of each variable.
struct Search<'m> {
    /// The factors with zeros, and the strides of their scopes.
    constraints: Vec<(&'m [u32], &'m [f64])>,
    /// The constraints of each variable.
    of: Vec<Vec<usize>>,
    /// Of each variable, a bit for each state.
    domains: Vec<u64>,
    cardinalities: Vec<u32>,
    /// What domains were before they were narrowed.
    trail: Vec<(u32, u64)>,
}

impl<'m> Search<'m> {
    fn new(model: &'m MarkovRandomField) -> Self {
        let constraints: Vec<_> =
            model.factors().filter(|(_, entries)| entries.contains(&f64::NEG_INFINITY)).collect();
        let mut of = vec![Vec::new(); model.variables()];
        for (at, (scope, _)) in constraints.iter().enumerate() {
            scope.iter().for_each(|variable| of[*variable as usize].push(at));
        }
        let cardinalities: Vec<u32> = (0..model.variables() as u32).map(|v| model.states(v)).collect();
        let domain = |(v, states): (usize, &u32)| match model.observed(v as u32) {
            Some(state) => 1 << state,
            None => u64::MAX >> (64 - states),
        };
        let domains = cardinalities.iter().enumerate().map(domain).collect();
        Search { constraints, of, domains, cardinalities, trail: Vec::new() }
    }

    /// Leaves a variable these states, and all that follows. False if some variable then has none.
    fn restrict(&mut self, variable: u32, states: u64) -> bool {
        self.trail.push((variable, self.domains[variable as usize]));
        self.domains[variable as usize] &= states;
        self.propagate(self.of[variable as usize].clone())
    }

    fn undo(&mut self, length: usize) {
        while self.trail.len() > length {
            if let Some((variable, domain)) = self.trail.pop() {
                self.domains[variable as usize] = domain;
            }
        }
    }

    /// Takes away the states that no entry above zero supports, until none is left to take away.
    fn propagate(&mut self, mut pending: Vec<usize>) -> bool {
        let (mut digits, mut supported) = (Vec::new(), Vec::new());
        while let Some(constraint) = pending.pop() {
            let (scope, entries) = self.constraints[constraint];
            digits.clear();
            digits.resize(scope.len(), 0u32);
            supported.clear();
            supported.resize(scope.len(), 0u64);
            let mut possible = false;
            for entry in entries {
                let mut inside =
                    scope.iter().zip(&digits).map(|(v, state)| self.domains[*v as usize] >> state & 1);
                if *entry > f64::NEG_INFINITY && inside.all(|bit| bit == 1) {
                    possible = true;
                    supported.iter_mut().zip(&digits).for_each(|(states, state)| *states |= 1 << state);
                }
                // The next combination of states, the last variable running fastest.
                for (digit, variable) in digits.iter_mut().zip(scope).rev() {
                    *digit += 1;
                    if *digit < self.cardinalities[*variable as usize] {
                        break;
                    }
                    *digit = 0;
                }
            }
            if !possible {
                return false;
            }
            for (&variable, &states) in scope.iter().zip(&supported) {
                let domain = &mut self.domains[variable as usize];
                if *domain & states != *domain {
                    self.trail.push((variable, *domain));
                    *domain &= states;
                    pending.extend(self.of[variable as usize].iter().filter(|other| **other != constraint));
                }
            }
        }
        true
    }
}
