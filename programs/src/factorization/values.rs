//! The values of ratings, in one byte each where they are so few that this is possible: stars and half stars are.

use rayon::prelude::*;

/// Values a task.
const BLOCK: usize = 1 << 14;
/// Levels that a byte can name.
const LEVELS: usize = 256;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// A place among the levels, which ascend, for each value.
    OnLevels {
        levels: Vec<f32>,
        places: Vec<u8>,
    },
    Plain(Vec<f32>),
}

impl Values {
    /// None at all.
    pub(super) const NONE: Self = Values::Plain(Vec::new());

    /// `count` values, by position. O(count), parallel.
    pub(super) fn of(count: usize, value: impl Fn(usize) -> f32 + Sync) -> Self {
        let join = |mut levels: Vec<f32>, values: &mut dyn Iterator<Item = f32>| {
            for value in values {
                let place = levels.binary_search_by(|level| level.total_cmp(&value));
                let Err(place) = place else { continue };
                if levels.len() == LEVELS {
                    return None;
                }
                levels.insert(place, value);
            }
            Some(levels)
        };
        let blocks = (0..count.div_ceil(BLOCK)).into_par_iter();
        let levels = blocks
            .map(|block| join(Vec::new(), &mut (block * BLOCK..count.min((block + 1) * BLOCK)).map(&value)))
            .try_reduce(Vec::new, |one, other| join(one, &mut other.into_iter()));
        match levels {
            Some(levels) => {
                let place = |at| {
                    let place = levels.binary_search_by(|level| level.total_cmp(&value(at)));
                    place.unwrap_or(0) as u8
                };
                let places = (0..count).into_par_iter().map(place).collect();
                Values::OnLevels { levels, places }
            }
            None => Values::Plain((0..count).into_par_iter().map(&value).collect()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Values::OnLevels { places, .. } => places.len(),
            Values::Plain(values) => values.len(),
        }
    }

    /// # Panics
    /// If there is no such value.
    #[inline]
    pub(super) fn get(&self, at: usize) -> f32 {
        match self {
            Values::OnLevels { levels, places } => levels[usize::from(places[at])],
            Values::Plain(values) => values[at],
        }
    }

    /// All values that there are, some perhaps several times.
    pub(super) fn levels(&self) -> &[f32] {
        match self {
            Values::OnLevels { levels, .. } => levels,
            Values::Plain(values) => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_that_were_given_however_many_levels_there_are() {
        for (count, levels) in
            [(0, 1), (1, 1), (3 * BLOCK, 10), (3 * BLOCK, 256), (3 * BLOCK, 257), (999, 999)]
        {
            let value = |at: usize| 0.1 * (at * 7919 % levels) as f32 - 3.0;
            let values = Values::of(count, value);
            assert_eq!(values.len(), count);
            assert!((0..count).all(|at| values.get(at) == value(at)));
            assert_eq!(matches!(values, Values::OnLevels { .. }), levels <= 256);
            let mut distinct = values.levels().to_vec();
            distinct.sort_by(f32::total_cmp);
            distinct.dedup();
            assert_eq!(distinct.len(), levels.min(count));
        }
    }
}
