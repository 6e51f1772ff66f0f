//! Ratings of the same item by the same user.
//!
//! They are found user by user: ratings are put together by a counting sort, then each user's are sorted by item. A file
//! that lists users and their items in ascending order, as MovieLens does, is seen to have none in one pass.

use std::str::FromStr;

use rayon::prelude::*;

use super::Rating;
use crate::Error;

/// What to do with several ratings of one item by one user. The first line keeps its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Duplicates {
    /// The last one counts.
    #[default]
    Last,
    /// Their mean.
    Mean,
    /// Their sum, as for counts of listening or buying.
    Sum,
    /// They are an error.
    Error,
}

impl Duplicates {
    /// Every policy, by name.
    pub const ALL: [(&'static str, Duplicates); 4] = [
        ("last", Duplicates::Last),
        ("mean", Duplicates::Mean),
        ("sum", Duplicates::Sum),
        ("error", Duplicates::Error),
    ];
}

impl FromStr for Duplicates {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let policy = Duplicates::ALL.into_iter().find(|(known, _)| *known == name);
        policy.map(|(_, policy)| policy).ok_or_else(|| Error::Usage {
            expected: format!(
                "a policy for duplicates out of {}",
                Duplicates::ALL.map(|(name, _)| name).join(", ")
            ),
            found: format!("{name:?}"),
            advice: "leave it out to keep the last of several ratings".into(),
        })
    }
}

/// What became of the duplicates.
pub(super) enum Outcome {
    /// So many ratings were merged into earlier ones.
    Merged(u64),
    /// Refused: this rating, the first in the file to repeat an earlier one.
    Repeats { earlier: usize, later: usize },
    /// The sum that ends with this rating is not finite.
    Overflow { at: usize },
}

/// Resolves duplicates in place and keeps the order.
pub(super) fn resolve(entries: &mut Vec<Rating>, users: usize, policy: Duplicates) -> Outcome {
    if entries.par_windows(2).all(|pair| (pair[0].user, pair[0].item) < (pair[1].user, pair[1].item)) {
        return Outcome::Merged(0);
    }
    if u32::try_from(entries.len()).is_ok() {
        resolve_at::<u32>(entries, users, policy)
    } else {
        resolve_at::<u64>(entries, users, policy)
    }
}

/// Positions in the ratings, as narrow as their number allows.
trait Position: Copy + Ord + Send + Sync + Default {
    fn new(at: usize) -> Self;
    fn at(self) -> usize;
}

impl Position for u32 {
    fn new(at: usize) -> Self {
        at as u32
    }
    fn at(self) -> usize {
        self as usize
    }
}

impl Position for u64 {
    fn new(at: usize) -> Self {
        at as u64
    }
    fn at(self) -> usize {
        self as usize
    }
}

fn resolve_at<P: Position>(entries: &mut Vec<Rating>, users: usize, policy: Duplicates) -> Outcome {
    let (mut places, counts) = by_user::<P>(entries, users);
    let mut rest = &mut places[..];
    let mut slices = Vec::with_capacity(users);
    for count in counts {
        let (slice, after) = rest.split_at_mut(count);
        slices.push(slice);
        rest = after;
    }
    // Each group holds the positions of one user's ratings of one item, ascending.
    let groups: Vec<Vec<P>> = slices
        .into_par_iter()
        .flat_map_iter(|slice| {
            slice.sort_unstable();
            let groups = slice.chunk_by(|one, other| one.0 == other.0).filter(|group| group.len() > 1);
            groups.map(|group| group.iter().map(|(_, place)| *place).collect())
        })
        .collect();
    if policy == Duplicates::Error
        && let Some(group) = groups.iter().min_by_key(|group| group[1])
    {
        return Outcome::Repeats { earlier: group[0].at(), later: group[1].at() };
    }
    let values: Vec<f32> = groups.par_iter().map(|group| merged(entries, group, policy)).collect();
    let overflow = groups.iter().zip(&values).filter(|(_, value)| !value.is_finite());
    if let Some(at) = overflow.map(|(group, _)| group[group.len() - 1]).min() {
        return Outcome::Overflow { at: at.at() };
    }
    let mut gone = vec![false; entries.len()];
    for (group, value) in groups.iter().zip(values) {
        entries[group[0].at()].value = value;
        group[1..].iter().for_each(|place| gone[place.at()] = true);
    }
    let before = entries.len();
    let mut gone = gone.into_iter();
    entries.retain(|_| gone.next() != Some(true));
    Outcome::Merged((before - entries.len()) as u64)
}

/// Items and positions of all ratings, those of a user together, and the number of ratings of each user.
fn by_user<P: Position>(entries: &[Rating], users: usize) -> (Vec<(u32, P)>, Vec<usize>) {
    let mut counts = vec![0; users];
    entries.iter().for_each(|entry| counts[entry.user as usize] += 1);
    let mut next: Vec<usize> = counts
        .iter()
        .scan(0, |sum, count| {
            let start = *sum;
            *sum += count;
            Some(start)
        })
        .collect();
    let mut places = vec![(0, P::default()); entries.len()];
    for (position, entry) in entries.iter().enumerate() {
        let slot = &mut next[entry.user as usize];
        places[*slot] = (entry.item, P::new(position));
        *slot += 1;
    }
    (places, counts)
}

/// The one value of several ratings.
fn merged<P: Position>(entries: &[Rating], group: &[P], policy: Duplicates) -> f32 {
    let value = |place: &P| f64::from(entries[place.at()].value);
    let sum: f64 = group.iter().map(value).sum();
    match policy {
        Duplicates::Last | Duplicates::Error => entries[group[group.len() - 1].at()].value,
        Duplicates::Mean => (sum / group.len() as f64) as f32,
        Duplicates::Sum => sum as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Against a map from pairs to the values in order.
        #[test]
        fn every_policy_agrees_with_a_plain_map(
            rows in proptest::collection::vec((0_u32..5, 0_u32..5, 0_u8..10), 0..40),
        ) {
            let rating = |(user, item, value): &(u32, u32, u8)| Rating { user: *user, item: *item, value: (*value).into() };
            let entries: Vec<Rating> = rows.iter().map(rating).collect();
            let mut map = BTreeMap::<(u32, u32), Vec<f32>>::new();
            for entry in &entries {
                map.entry((entry.user, entry.item)).or_default().push(entry.value);
            }
            for policy in [Duplicates::Last, Duplicates::Mean, Duplicates::Sum] {
                for wide in [false, true] {
                    let mut resolved = entries.clone();
                    let outcome = match wide {
                        true => resolve_at::<u64>(&mut resolved, 5, policy),
                        false => resolve(&mut resolved, 5, policy),
                    };
                    let Outcome::Merged(count) = outcome else { panic!("not merged") };
                    prop_assert_eq!(count as usize, entries.len() - map.len());
                    let mut firsts = entries.clone();
                    let mut seen = std::collections::BTreeSet::new();
                    firsts.retain(|entry| seen.insert((entry.user, entry.item)));
                    prop_assert_eq!(resolved.len(), firsts.len());
                    for (entry, first) in resolved.iter().zip(&firsts) {
                        prop_assert_eq!((entry.user, entry.item), (first.user, first.item));
                        let values = &map[&(entry.user, entry.item)];
                        let sum: f32 = values.iter().sum();
                        let expected = match policy {
                            Duplicates::Mean => sum / values.len() as f32,
                            Duplicates::Sum => sum,
                            _ => values[values.len() - 1],
                        };
                        prop_assert!((entry.value - expected).abs() < 1e-5);
                    }
                }
            }
        }
    }

    #[test]
    fn policies_have_names() {
        for (name, policy) in Duplicates::ALL {
            assert_eq!(name.parse::<Duplicates>().unwrap(), policy);
        }
        assert_eq!(
            "first".parse::<Duplicates>().unwrap_err().to_string(),
            "expected a policy for duplicates out of last, mean, sum, error, found \"first\"; \
             leave it out to keep the last of several ratings"
        );
    }
}
