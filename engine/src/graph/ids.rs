//! The frozen mapping between the ids of an input and the dense vertex numbers inside.
//!
//! Vertices are numbered in the order of their ids: numerically where all ids are integers, else by bytes. The mapping is
//! therefore a function of the set of ids alone, never of threads or of the order of lines, and results come out sorted.
//!
//! An id is an integer if it is written as integers are printed (digits without leading zeros, perhaps after a minus) and
//! lies between `i64::MIN` and `u64::MAX`. One id of another kind makes all of them text: `007` beside `7` are two ids.

use std::fmt;

/// The ids of an input, in the order of the dense vertex numbers.
///
/// ```
/// use gasworks_engine::graph::{Id, Ids};
///
/// let ids = Ids::from_integers([40, -7, 40, 12]);
/// assert_eq!(ids.len(), 3);
/// assert_eq!(ids.id(0), Id::Integer(-7));
/// assert_eq!(ids.find("40"), Some(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ids {
    names: Names,
}

/// Each set of ids has one representation, the first of these that fits; so equal sets are equal.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Names {
    /// `first`, `first + 1`, ...
    Range {
        first: i128,
        count: u32,
    },
    /// Strictly ascending, as all that follow.
    U32(Vec<u32>),
    I64(Vec<i64>),
    U64(Vec<u64>),
    /// Some below 0 and some above `i64::MAX`.
    Wide(Vec<i128>),
    /// By bytes.
    Text(Texts),
}

/// Strings in one piece of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Texts {
    pub(crate) text: String,
    /// Where each string ends.
    pub(crate) ends: Vec<u64>,
}

/// One id, as the input spelled it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id<'a> {
    /// An integer from `i64::MIN` to `u64::MAX`.
    Integer(i128),
    /// Anything else.
    Text(&'a str),
}

impl Default for Ids {
    /// None.
    fn default() -> Self {
        Ids::range(0)
    }
}

impl Ids {
    /// How many vertices there may be, so that `u32::MAX` stays free to mean none.
    pub const MAX_LEN: usize = u32::MAX as usize - 1;

    /// The ids `0`, `1`, … `count - 1`.
    pub fn range(count: u32) -> Self {
        Ids::range_from(0, count)
    }

    /// The ids `first`, `first + 1`, … `first + count - 1`.
    pub fn range_from(first: i64, count: u32) -> Self {
        let first = if count == 0 { 0 } else { first.into() };
        Ids { names: Names::Range { first, count } }
    }

    /// The distinct ones of these integers.
    ///
    /// # Panics
    /// If more than [`MAX_LEN`](Ids::MAX_LEN) are distinct.
    pub fn from_integers(ids: impl IntoIterator<Item = i64>) -> Self {
        let mut ids: Vec<i64> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        assert!(ids.len() <= Ids::MAX_LEN, "{} ids", ids.len());
        Ids::from_ascending(ids.len(), || ids.iter().map(|id| i128::from(*id)))
    }

    /// The distinct ones of these texts: integers if all of them are, else text.
    ///
    /// # Panics
    /// If more than [`MAX_LEN`](Ids::MAX_LEN) are distinct.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names: Vec<&str> = names.into_iter().collect();
        if let Some(mut integers) =
            names.iter().map(|name| Id::parse_integer(name.as_bytes())).collect::<Option<Vec<_>>>()
        {
            integers.sort_unstable();
            integers.dedup();
            assert!(integers.len() <= Ids::MAX_LEN, "{} ids", integers.len());
            return Ids::from_ascending(integers.len(), || integers.iter().copied());
        }
        names.sort_unstable();
        names.dedup();
        assert!(names.len() <= Ids::MAX_LEN, "{} ids", names.len());
        Ids::from_ascending_texts(names)
    }

    /// `count` strictly ascending integers, in the smallest storage that fits.
    pub(crate) fn from_ascending<I>(count: usize, ids: impl Fn() -> I) -> Self
    where
        I: DoubleEndedIterator<Item = i128>,
    {
        let (Some(first), Some(last)) = (ids().next(), ids().next_back()) else {
            return Ids::range(0);
        };
        let names = if last - first == count as i128 - 1 {
            Names::Range { first, count: count as u32 }
        } else if first >= 0 && last <= u32::MAX.into() {
            Names::U32(ids().map(|id| id as u32).collect())
        } else if last <= i64::MAX.into() {
            Names::I64(ids().map(|id| id as i64).collect())
        } else if first >= 0 {
            Names::U64(ids().map(|id| id as u64).collect())
        } else {
            Names::Wide(ids().collect())
        };
        Ids { names }
    }

    /// Strings, strictly ascending by bytes, not all of them integers.
    pub(crate) fn from_ascending_texts(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut texts = Texts::default();
        for name in names {
            texts.text.push_str(name.as_ref());
            texts.ends.push(texts.text.len() as u64);
        }
        Ids { names: Names::Text(texts) }
    }

    /// How the ids are kept.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Ids that are kept in this way; nothing if no ids are. O(n).
    pub(crate) fn checked(names: Names) -> Option<Self> {
        fn ascending<T: Copy + Ord + Into<i128>>(ids: &[T]) -> Option<Ids> {
            let fits = ids.len() <= Ids::MAX_LEN && ids.is_sorted_by(|a, b| a < b);
            fits.then(|| Ids::from_ascending(ids.len(), || ids.iter().map(|id| (*id).into())))
        }
        let integers = i128::from(i64::MIN)..=i128::from(u64::MAX);
        let ids = match &names {
            Names::Range { first, count } => {
                let last = first.checked_add(i128::from(*count))? - i128::from(*count > 0);
                let fits =
                    integers.contains(first) && integers.contains(&last) && (*first == 0 || *count > 0);
                (fits && *count as usize <= Ids::MAX_LEN).then(|| Ids { names: names.clone() })?
            }
            Names::U32(ids) => ascending(ids)?,
            Names::I64(ids) => ascending(ids)?,
            Names::U64(ids) => ascending(ids)?,
            Names::Wide(ids) => ascending(ids).filter(|_| ids.iter().all(|id| integers.contains(id)))?,
            Names::Text(texts) => {
                let whole = texts.ends.last().is_some_and(|end| *end == texts.text.len() as u64);
                let cut = |end: &u64| usize::try_from(*end).is_ok_and(|end| texts.text.is_char_boundary(end));
                let fits = whole && texts.ends.is_sorted() && texts.ends.iter().all(cut);
                let count = texts.ends.len();
                let ascend = || (1..count).all(|at| texts.get(at - 1) < texts.get(at));
                let is_text = || (0..count).any(|at| Id::parse_integer(texts.get(at).as_bytes()).is_none());
                (fits && count <= Ids::MAX_LEN && ascend() && is_text())
                    .then(|| Ids { names: names.clone() })?
            }
        };
        (ids.names == names).then_some(ids)
    }

    /// How many vertices have an id.
    pub fn len(&self) -> usize {
        match &self.names {
            Names::Range { count, .. } => *count as usize,
            Names::U32(ids) => ids.len(),
            Names::I64(ids) => ids.len(),
            Names::U64(ids) => ids.len(),
            Names::Wide(ids) => ids.len(),
            Names::Text(texts) => texts.ends.len(),
        }
    }

    /// No vertex at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of a vertex.
    ///
    /// # Panics
    /// If `vertex` is not below [`len`](Ids::len).
    pub fn id(&self, vertex: u32) -> Id<'_> {
        let at = vertex as usize;
        match &self.names {
            Names::Range { first, count } => {
                assert!(vertex < *count, "vertex {vertex} of {count}");
                Id::Integer(first + i128::from(vertex))
            }
            Names::U32(ids) => Id::Integer(ids[at].into()),
            Names::I64(ids) => Id::Integer(ids[at].into()),
            Names::U64(ids) => Id::Integer(ids[at].into()),
            Names::Wide(ids) => Id::Integer(ids[at]),
            Names::Text(texts) => Id::Text(texts.get(at)),
        }
    }

    /// All ids, in the order of the vertices.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Id<'_>> {
        (0..self.len() as u32).map(|vertex| self.id(vertex))
    }

    /// The vertex that has this id, spelled as in the input. Takes O(log n).
    pub fn find(&self, id: &str) -> Option<u32> {
        if let Names::Text(texts) = &self.names {
            return texts.find(id);
        }
        let id = Id::parse_integer(id.as_bytes())?;
        match &self.names {
            Names::Range { first, count } => {
                u32::try_from(id.checked_sub(*first)?).ok().filter(|vertex| vertex < count)
            }
            Names::U32(ids) => ids.binary_search(&id.try_into().ok()?).ok().map(|at| at as u32),
            Names::I64(ids) => ids.binary_search(&id.try_into().ok()?).ok().map(|at| at as u32),
            Names::U64(ids) => ids.binary_search(&id.try_into().ok()?).ok().map(|at| at as u32),
            Names::Wide(ids) => ids.binary_search(&id).ok().map(|at| at as u32),
            Names::Text(_) => None,
        }
    }
}

impl Texts {
    fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start as usize..self.ends[at] as usize]
    }

    fn find(&self, name: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle as u32),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

impl Id<'_> {
    /// The integer that a field spells, if it is spelled as integers are printed and is in their range.
    pub(crate) fn parse_integer(field: &[u8]) -> Option<i128> {
        let (negative, digits) = match field {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        if digits.is_empty() || digits.len() > 20 || (digits[0] == b'0' && (negative || digits.len() > 1)) {
            return None;
        }
        let mut magnitude = 0_i128;
        for byte in digits {
            magnitude = magnitude * 10 + i128::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?);
        }
        let value = if negative { -magnitude } else { magnitude };
        (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value).then_some(value)
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Integer(id) => id.fmt(f),
            Id::Text(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_is_the_smallest_that_fits() {
        let names = |ids: &[&str]| Ids::from_names(ids.iter().copied()).names;
        assert!(matches!(names(&[]), Names::Range { first: 0, count: 0 }));
        assert!(matches!(names(&["3", "1", "2"]), Names::Range { first: 1, count: 3 }));
        assert!(matches!(names(&["0", "4294967295"]), Names::U32(_)));
        assert!(matches!(names(&["-1", "4294967295"]), Names::I64(_)));
        assert!(matches!(names(&["0", "18446744073709551615"]), Names::U64(_)));
        assert!(matches!(names(&["-1", "18446744073709551615"]), Names::Wide(_)));
        assert!(matches!(names(&["1", "2", "03"]), Names::Text(_)));
        assert_eq!(Ids::from_integers([2, 0, 1]), Ids::range(3));
        assert_eq!(Ids::range_from(5, 0), Ids::range(0));
    }

    #[test]
    fn integers_are_what_integers_print() {
        for (field, expected) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("18446744073709551615", Some(u64::MAX.into())),
            ("18446744073709551616", None),
            ("-9223372036854775808", Some(i64::MIN.into())),
            ("-9223372036854775809", None),
            ("-0", None),
            ("007", None),
            ("+7", None),
            ("1.0", None),
            ("", None),
            ("-", None),
            ("1a", None),
        ] {
            assert_eq!(Id::parse_integer(field.as_bytes()), expected, "{field}");
        }
    }

    #[test]
    fn every_id_is_found_as_it_is_shown() {
        for ids in [
            vec!["0", "1", "2"],
            vec!["-5", "7", "9223372036854775807"],
            vec!["7", "18446744073709551615"],
            vec!["-9223372036854775808", "18446744073709551615"],
            vec!["007", "7", "Zürich", "a b", "10"],
        ] {
            let ids = Ids::from_names(ids);
            for vertex in 0..ids.len() as u32 {
                assert_eq!(ids.find(&ids.id(vertex).to_string()), Some(vertex));
            }
            for missing in ["", "6", "x", "07", "+7", "-99", "99999999999999999999999"] {
                assert_eq!(ids.find(missing), None, "{missing}");
            }
            let shown: Vec<_> = ids.iter().collect();
            assert!(shown.is_sorted());
        }
    }
}
