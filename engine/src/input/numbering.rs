//! From raw ids to dense vertex numbers.
//!
//! Which ids occur decides how. Integers that lie close together are marked in a bitmap, and the number of an id is the
//! count of marks below it: two small loads a lookup, and no sorting. Other integers are sorted, then looked up in a hash
//! table. Texts of at most 15 bytes, which most are, are packed into integers that sort as their bytes do; longer ones are
//! looked up in a hash map. The numbers depend on the set of ids only.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::Rating;
use super::lines::Fault;
use super::rows::{Keys, Rows, Signs};
use super::sorted_index::SortedIndex;
use crate::graph::{Id, Ids};

/// Which of the two ids of a row share one numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    First,
    Second,
    Both,
}

/// Ids and the way from a raw id to its number.
pub(super) struct Numbered<'a> {
    pub(super) ids: Ids,
    lookup: Lookup<'a>,
}

enum Lookup<'a> {
    /// `flip` is xored to raw ids so that they sort as unsigned.
    Integers {
        flip: u64,
        index: Index,
    },
    Wide(SortedIndex<i128>),
    /// Texts of at most 15 bytes, packed.
    Short(SortedIndex<u128>),
    Texts(HashMap<&'a [u8], u32>),
}

enum Index {
    /// Without gaps.
    Offset {
        first: u64,
    },
    Bitmap {
        first: u64,
        words: Vec<u64>,
        before: Vec<u32>,
    },
    Sorted(SortedIndex<u64>),
}

impl<'a> Numbered<'a> {
    /// Numbers the ids of `side`. `what` is what they are called, in the plural.
    pub(super) fn new(keys: &Keys<'a>, side: Side, what: &str) -> Result<Self, Fault> {
        Numbered::with_limit(keys, side, what, Ids::MAX_LEN)
    }

    /// Numbers the ids that stand in place of users or items.
    pub(super) fn of_ratings(ratings: &[Rating], side: Side, what: &str) -> Result<Self, Fault> {
        let blocks: Vec<&[Rating]> = ratings.chunks(1 << 16).collect();
        number_integers(&blocks, side, Signs::default(), |found| within(found, Ids::MAX_LEN, what))
    }

    fn with_limit(keys: &Keys<'a>, side: Side, what: &str, limit: usize) -> Result<Self, Fault> {
        let check = |found: usize| within(found, limit, what);
        match keys {
            Keys::Integers { rows, signs } => {
                let signs = match side {
                    Side::First => signs[0],
                    Side::Second => signs[1],
                    Side::Both => signs[0].or(signs[1]),
                };
                number_integers(rows, side, signs, check)
            }
            Keys::Texts { rows } => match integers_of(rows, side) {
                Some((integers, signs)) if !signs.clash() => number_integers(&integers, side, signs, check),
                Some(_) => {
                    let wide = |id: &'a [u8]| Id::parse_integer(id).unwrap_or(0);
                    let sorted = sorted_distinct(rows, side, wide);
                    check(sorted.len())?;
                    let ids = Ids::from_ascending(sorted.len(), || sorted.iter().copied());
                    Ok(Numbered { ids, lookup: Lookup::Wide(SortedIndex::new(sorted)) })
                }
                None if are_short(rows, side) => {
                    let sorted = sorted_distinct(rows, side, pack);
                    check(sorted.len())?;
                    let ids = Ids::from_ascending_texts(sorted.iter().map(|key| unpack(*key)));
                    Ok(Numbered { ids, lookup: Lookup::Short(SortedIndex::new(sorted)) })
                }
                None => {
                    let sorted = distinct_texts(rows, side);
                    check(sorted.len())?;
                    // The parser has checked that ids are UTF-8.
                    let ids =
                        Ids::from_ascending_texts(sorted.iter().map(|id| str::from_utf8(id).unwrap_or("")));
                    let map = sorted.into_iter().zip(0..).collect();
                    Ok(Numbered { ids, lookup: Lookup::Texts(map) })
                }
            },
        }
    }

    /// The number of an integer id that was among the keys.
    #[inline(always)]
    pub(super) fn of_integer(&self, id: u64) -> u32 {
        match &self.lookup {
            Lookup::Integers { flip, index: Index::Offset { first } } => {
                (id ^ flip).wrapping_sub(*first) as u32
            }
            Lookup::Integers { flip, index: Index::Bitmap { first, words, before } } => {
                let at = (id ^ flip).wrapping_sub(*first);
                let (word, bit) = ((at / 64) as usize, at % 64);
                before[word] + (words[word] & ((1 << bit) - 1)).count_ones()
            }
            Lookup::Integers { flip, index: Index::Sorted(index) } => index.get(id ^ flip),
            Lookup::Wide(_) | Lookup::Short(_) | Lookup::Texts(_) => u32::MAX,
        }
    }

    /// The number of an id, as written, that was among the keys.
    pub(super) fn of_text(&self, id: &[u8]) -> u32 {
        match &self.lookup {
            Lookup::Integers { .. } => self.of_integer(Id::parse_integer(id).unwrap_or(0) as u64),
            Lookup::Wide(index) => index.get(Id::parse_integer(id).unwrap_or(0)),
            Lookup::Short(index) => index.get(pack(id)),
            Lookup::Texts(map) => map.get(id).copied().unwrap_or(u32::MAX),
        }
    }
}

fn within(found: usize, limit: usize, what: &str) -> Result<(), Fault> {
    (found <= limit).then_some(()).ok_or_else(|| Fault {
        at: None,
        column: None,
        expected: format!("at most {limit} {what}"),
        found: found.to_string(),
        advice: "split the input".into(),
    })
}

/// The ids of a side as integers, if all of them are.
fn integers_of(chunks: &[Vec<[&[u8]; 2]>], side: Side) -> Option<(Vec<Vec<[u64; 2]>>, Signs)> {
    let parsed: Option<Vec<(Vec<[u64; 2]>, Signs)>> = chunks
        .par_iter()
        .map(|rows| {
            let mut signs = Signs::default();
            let mut integer = |id: &[u8], wanted: bool| {
                if !wanted {
                    return Some(0);
                }
                let id = Id::parse_integer(id)?;
                signs.negative |= id < 0;
                signs.above_i64 |= id > i64::MAX.into();
                Some(id as u64)
            };
            let integers = rows
                .iter()
                .map(|[first, second]| {
                    Some([integer(first, side != Side::Second)?, integer(second, side != Side::First)?])
                })
                .collect::<Option<Vec<_>>>()?;
            Some((integers, signs))
        })
        .collect();
    let (integers, signs): (Vec<_>, Vec<_>) = parsed?.into_iter().unzip();
    Some((integers, signs.into_iter().fold(Signs::default(), Signs::or)))
}

fn number_integers<'a>(
    chunks: &[impl Rows<Id = u64>],
    side: Side,
    signs: Signs,
    check: impl Fn(usize) -> Result<(), Fault>,
) -> Result<Numbered<'a>, Fault> {
    let flip = if signs.negative { 1 << 63 } else { 0 };
    let integer = |key: u64| if signs.negative { i128::from((key ^ flip) as i64) } else { i128::from(key) };
    let count = chunks.iter().map(Rows::len).sum::<usize>() as u64;
    let (low, high) = chunks
        .par_iter()
        .map(|rows| {
            let (mut low, mut high) = (u64::MAX, 0);
            rows.for_each(side, |id| (low, high) = (low.min(id ^ flip), high.max(id ^ flip)));
            (low, high)
        })
        .reduce(|| (u64::MAX, 0), |one, other| (one.0.min(other.0), one.1.max(other.1)));
    if count == 0 {
        let index = Index::Offset { first: 0 };
        return Ok(Numbered { ids: Ids::range(0), lookup: Lookup::Integers { flip: 0, index } });
    }
    // At most twelve bytes of bitmap and ranks an id, whatever the largest id is.
    let (ids, index) = if high - low <= count.saturating_mul(64) {
        let words = mark(chunks, side, flip, low, (high - low) as usize / 64 + 1);
        let distinct = words.par_iter().map(|word| word.count_ones() as usize).sum();
        check(distinct)?;
        if distinct as u64 == high - low + 1 {
            let ids = Ids::from_ascending(distinct, || [integer(low), integer(high)].into_iter());
            (ids, Index::Offset { first: low })
        } else {
            let present: Vec<u64> = ones(&words).map(|at| low + at).collect();
            let ids = Ids::from_ascending(distinct, || present.iter().map(|key| integer(*key)));
            let ranks = words.iter().scan(0, |rank, word| {
                let before = *rank;
                *rank += word.count_ones();
                Some(before)
            });
            (ids, Index::Bitmap { first: low, before: ranks.collect(), words })
        }
    } else {
        let sorted = sorted_distinct(chunks, side, |id| id ^ flip);
        check(sorted.len())?;
        let ids = Ids::from_ascending(sorted.len(), || sorted.iter().map(|key| integer(*key)));
        (ids, Index::Sorted(SortedIndex::new(sorted)))
    };
    Ok(Numbered { ids, lookup: Lookup::Integers { flip, index } })
}

/// A bitmap of the ids that occur.
fn mark(chunks: &[impl Rows<Id = u64>], side: Side, flip: u64, low: u64, words: usize) -> Vec<u64> {
    let words: Vec<AtomicU64> = (0..words).into_par_iter().map(|_| AtomicU64::new(0)).collect();
    chunks.par_iter().for_each(|rows| {
        rows.for_each(side, |id| {
            let at = (id ^ flip) - low;
            let (word, bit) = (&words[(at / 64) as usize], 1 << (at % 64));
            // Most ids occur often, and reading keeps the cache line shared.
            if word.load(Ordering::Relaxed) & bit == 0 {
                word.fetch_or(bit, Ordering::Relaxed);
            }
        });
    });
    words.into_iter().map(AtomicU64::into_inner).collect()
}

/// Positions of the ones, ascending.
fn ones(words: &[u64]) -> impl Iterator<Item = u64> {
    words.iter().zip(0..).flat_map(|(word, index): (_, u64)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            let bit = u64::from(rest.trailing_zeros());
            (rest != 0).then(|| {
                rest &= rest - 1;
                index * 64 + bit
            })
        })
    })
}

/// The distinct keys of a side, ascending.
fn sorted_distinct<R: Rows, K>(chunks: &[R], side: Side, key: impl Fn(R::Id) -> K + Sync) -> Vec<K>
where
    K: Ord + Copy + Send,
{
    // Each chunk is sorted while it is in the cache, and most repeated ids fall away before the large sort.
    let distinct: Vec<Vec<K>> = chunks
        .par_iter()
        .map(|rows| {
            let mut keys = Vec::with_capacity(rows.len() * if side == Side::Both { 2 } else { 1 });
            rows.for_each(side, |id| keys.push(key(id)));
            keys.sort_unstable();
            keys.dedup();
            keys
        })
        .collect();
    let mut keys = distinct.concat();
    drop(distinct);
    keys.par_sort_unstable();
    keys.dedup();
    keys
}

/// How long a text may be to fit into 16 bytes with its length.
const SHORT: usize = 15;

fn are_short(chunks: &[Vec<[&[u8]; 2]>], side: Side) -> bool {
    chunks.par_iter().all(|rows| {
        let mut are_short = true;
        rows.for_each(side, |id| are_short &= id.len() <= SHORT);
        are_short
    })
}

/// A short text as an integer: its bytes, then its length, so that integers sort as the texts do.
fn pack(id: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let length = id.len().min(SHORT);
    bytes[..length].copy_from_slice(&id[..length]);
    bytes[SHORT] = length as u8;
    u128::from_be_bytes(bytes)
}

fn unpack(key: u128) -> String {
    let bytes = key.to_be_bytes();
    String::from_utf8_lossy(&bytes[..usize::from(bytes[SHORT])]).into_owned()
}

/// The distinct texts of a side, ascending by bytes. Comparing texts is slow, so that only distinct ones are sorted: they
/// are told by hash sets, one for each of many shards, which chunks fill one shard at a time.
fn distinct_texts<'a>(chunks: &[Vec<[&'a [u8]; 2]>], side: Side) -> Vec<&'a [u8]> {
    const SHARD_BITS: u32 = 6;
    const SHARDS: usize = 1 << SHARD_BITS;
    // Numbers in a text are mostly at its end.
    let shard = |id: &[u8]| {
        let tail = id.iter().rev().take(8).fold(0_u64, |tail, byte| tail << 8 | u64::from(*byte));
        (tail.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SHARD_BITS)) as usize
    };
    let sets: Vec<Mutex<HashSet<&'a [u8]>>> = (0..SHARDS).map(|_| Mutex::default()).collect();
    chunks.par_iter().enumerate().for_each(|(index, rows)| {
        let mut parts = vec![Vec::new(); SHARDS];
        rows.for_each(side, |id| parts[shard(id)].push(id));
        // Each chunk starts at another shard, so that they seldom wait for each other.
        for at in (index..index + SHARDS).map(|at| at % SHARDS) {
            let mut set = sets[at].lock().unwrap_or_else(PoisonError::into_inner);
            set.extend(parts[at].iter().copied());
        }
    });
    let sets = sets.into_par_iter().map(|set| set.into_inner().unwrap_or_else(PoisonError::into_inner));
    let mut texts: Vec<&[u8]> = sets.flat_map_iter(HashSet::into_iter).collect();
    texts.par_sort_unstable();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(rows: &[[i64; 2]]) -> Keys<'static> {
        let negative = rows.as_flattened().iter().any(|id| *id < 0);
        let rows =
            rows.chunks(3).map(|rows| rows.iter().map(|row| row.map(|id| id as u64)).collect()).collect();
        Keys::Integers { rows, signs: [Signs { negative, above_i64: false }; 2] }
    }

    proptest! {
        #[test]
        fn numbers_are_ranks(
            dense in proptest::collection::vec(any::<[i8; 2]>(), 0..40),
            sparse in proptest::collection::vec(any::<[i64; 2]>(), 0..40),
            side in prop_oneof![Just(Side::First), Just(Side::Second), Just(Side::Both)],
        ) {
            let dense: Vec<[i64; 2]> = dense.into_iter().map(|row| row.map(i64::from)).collect();
            for rows in [dense, sparse] {
                let mut expected = Vec::new();
                rows.for_each(side, |id| expected.push(id));
                let ids = Ids::from_integers(expected.iter().copied());
                let numbered = Numbered::new(&keys(&rows), side, "vertices").unwrap();
                prop_assert_eq!(&numbered.ids, &ids);
                for id in expected {
                    prop_assert_eq!(Some(numbered.of_integer(id as u64)), ids.find(&id.to_string()));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn texts_are_ranked_by_bytes(
            short in proptest::collection::vec("[a\0é]{1,7}", 1..40),
            long in proptest::collection::vec("[a\0é]{1,40}", 1..40),
        ) {
            for texts in [short, long] {
                let rows: Vec<[&[u8]; 2]> = texts.iter().map(|text| [text.as_bytes(), text.as_bytes()]).collect();
                let keys = Keys::Texts { rows: rows.chunks(3).map(<[_]>::to_vec).collect() };
                let numbered = Numbered::new(&keys, Side::Both, "vertices").unwrap();
                prop_assert_eq!(&numbered.ids, &Ids::from_names(texts.iter().map(String::as_str)));
                for text in &texts {
                    prop_assert_eq!(Some(numbered.of_text(text.as_bytes())), numbered.ids.find(text));
                }
            }
        }
    }

    #[test]
    fn too_many_ids_are_refused() {
        for rows in [[[1, 2], [3, 4]], [[1, i64::MAX], [3, -4]]] {
            let fault = Numbered::with_limit(&keys(&rows), Side::Both, "vertices", 3).err().unwrap();
            assert_eq!((fault.expected.as_str(), fault.found.as_str()), ("at most 3 vertices", "4"));
            assert!(Numbered::with_limit(&keys(&rows), Side::Both, "vertices", 4).is_ok());
        }
    }
}
