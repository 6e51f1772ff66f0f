//! Exact marginals of small models by variable elimination (Zhang and Poole 1996, "Exploiting causal independence in Bayesian network
//! inference", section 2; Dechter 1999, "Bucket elimination", section 4), to check samplers against.

use super::MarkovRandomField;

/// The marginal of a variable given the evidence: for each of its states, the probability. None if a table on the way would have more than
/// `most_entries` entries (the model's loops are too wide: on a grid, `states` to the power of the shorter side), or if all probabilities are zero.
///
/// Observed variables are left out of the tables; the others are summed out one by one, each time the one whose table will be smallest.
pub fn exact_marginal(model: &MarkovRandomField, variable: u32, most_entries: usize) -> Option<Vec<f64>> {
    let mut tables: Vec<Table> =
        model.factors().map(|(scope, logs)| Table::new(model, scope, logs, variable)).collect();
    tables.push(Table::new(model, &[variable], &vec![0.0; model.states(variable) as usize], variable));
    let mut left: Vec<u32> = (0..model.variables() as u32).filter(|other| *other != variable).collect();
    while !left.is_empty() {
        let size = |sum: u32| {
            let mut scope: Vec<u32> =
                tables.iter().filter(|t| t.scope.contains(&sum)).flat_map(|t| t.scope.clone()).collect();
            scope.sort_unstable();
            scope.dedup();
            scope.iter().fold(1usize, |size, v| size.saturating_mul(model.states(*v) as usize))
        };
        let (size, at) = (0..left.len()).map(|at| (size(left[at]), at)).min()?;
        if size > most_entries {
            return None;
        }
        let sum = left.swap_remove(at);
        let (with, without): (Vec<_>, Vec<_>) =
            tables.into_iter().partition(|table| table.scope.contains(&sum));
        tables = without;
        tables.push(Table::product(model, &with, Some(sum))?);
    }
    let product = Table::product(model, &tables, None)?;
    let total: f64 = product.values.iter().sum();
    Some(product.values.iter().map(|value| value / total).collect())
}

/// A function of some variables, the last running fastest.
struct Table {
    scope: Vec<u32>,
    values: Vec<f64>,
}

impl Table {
    /// What the evidence leaves of a factor. Observed variables leave the scope, except `keep`, whose other states become zero.
    fn new(model: &MarkovRandomField, scope: &[u32], logarithms: &[f64], keep: u32) -> Self {
        let most = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut values: Vec<f64> =
            logarithms.iter().map(|log| if most.is_finite() { (log - most).exp() } else { 0.0 }).collect();
        let mut left = Vec::new();
        let mut stride = values.len();
        for &variable in scope {
            let states = model.states(variable) as usize;
            stride /= states;
            let seen = model.observed(variable).map(|state| state as usize);
            let agrees = |at: usize| seen.is_none_or(|seen| at / stride % states == seen);
            if seen.is_some() && variable != keep {
                values = (0..values.len()).filter(|at| agrees(*at)).map(|at| values[at]).collect();
            } else {
                left.push(variable);
                (0..values.len()).filter(|at| !agrees(*at)).for_each(|at| values[at] = 0.0);
            }
        }
        Table { scope: left, values }
    }

    /// The product of some tables, scaled to a greatest value of 1, with one variable summed out. None if it is zero.
    fn product(model: &MarkovRandomField, tables: &[Table], sum: Option<u32>) -> Option<Table> {
        let mut scope: Vec<u32> = tables.iter().flat_map(|table| table.scope.clone()).collect();
        scope.sort_unstable();
        scope.dedup();
        // What is summed out runs fastest.
        scope.retain(|variable| Some(*variable) != sum);
        let kept = scope.len();
        scope.extend(sum);
        let states: Vec<usize> = scope.iter().map(|variable| model.states(*variable) as usize).collect();
        let strides: Vec<Vec<usize>> = tables
            .iter()
            .map(|table| {
                let mut strides = vec![0; scope.len()];
                let mut stride = 1;
                for variable in table.scope.iter().rev() {
                    let place = scope.iter().position(|other| other == variable)?;
                    strides[place] = stride;
                    stride *= model.states(*variable) as usize;
                }
                Some(strides)
            })
            .collect::<Option<_>>()?;
        let each = if sum.is_some() { states[kept] } else { 1 };
        let size: usize = states.iter().product();
        let mut values = vec![0.0; size / each];
        let (mut digits, mut places) = (vec![0; scope.len()], vec![0; tables.len()]);
        for at in 0..size {
            let terms = tables.iter().zip(&places).map(|(table, place): (_, &usize)| table.values[*place]);
            values[at / each] += terms.product::<f64>();
            for digit in (0..scope.len()).rev() {
                digits[digit] += 1;
                let wraps = digits[digit] == states[digit];
                for (place, strides) in places.iter_mut().zip(&strides) {
                    *place += strides[digit];
                    if wraps {
                        *place -= strides[digit] * states[digit];
                    }
                }
                if !wraps {
                    break;
                }
                digits[digit] = 0;
            }
        }
        let most = values.iter().copied().fold(0.0, f64::max);
        values.iter_mut().for_each(|value| *value /= most);
        scope.truncate(kept);
        (most > 0.0).then_some(Table { scope, values })
    }
}
