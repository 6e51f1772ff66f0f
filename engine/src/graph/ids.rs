//! The frozen mapping between the ids of an input and the dense vertex numbers inside.
//!
//! Vertices are numbered in the order of their ids: numerically where all ids are integers, else by bytes. The mapping is
//! therefore a function of the set of ids alone, never of threads or of the order of lines, and results come out sorted.

use std::fmt;

/// The ids of an input, in the order of the dense vertex numbers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ids {
    names: Names,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Names {
    /// The id of a vertex is its number.
    Range(u32),
    /// Strictly ascending.
    Integers(Vec<i128>),
    /// Strictly ascending by bytes.
    Text(Vec<String>),
}

/// One id, as the input spelled it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id<'a> {
    /// An integer from `i64::MIN` to `u64::MAX`.
    Integer(i128),
    /// Anything else.
    Text(&'a str),
}

impl Ids {
    /// The ids `0`, `1`, … `count - 1`.
    pub fn range(count: u32) -> Self {
        Ids { names: Names::Range(count) }
    }

    /// How many vertices have an id.
    pub fn len(&self) -> usize {
        match &self.names {
            Names::Range(count) => *count as usize,
            Names::Integers(ids) => ids.len(),
            Names::Text(ids) => ids.len(),
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
        match &self.names {
            Names::Range(count) => {
                assert!(vertex < *count, "vertex {vertex} of {count}");
                Id::Integer(vertex.into())
            }
            Names::Integers(ids) => Id::Integer(ids[vertex as usize]),
            Names::Text(ids) => Id::Text(&ids[vertex as usize]),
        }
    }

    /// The vertex that has this id, as a user types it.
    pub fn find(&self, id: &str) -> Option<u32> {
        match &self.names {
            Names::Range(count) => id.parse().ok().filter(|vertex| vertex < count),
            Names::Integers(ids) => ids.binary_search(&id.parse().ok()?).ok().map(|at| at as u32),
            Names::Text(ids) => ids.binary_search_by(|name| name.as_str().cmp(id)).ok().map(|at| at as u32),
        }
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
