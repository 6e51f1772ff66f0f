//! Sets of vertices as bitsets.

use std::ops::Range;

use rayon::prelude::*;

use super::Vertex;
use crate::primitives::{AtomicU64, Ordering::Relaxed};

/// Words a task.
const BLOCK: usize = 1 << 8;

/// A set of vertices: one bit each. Insertion works from several threads at once; the set does not depend on their order.
///
/// ```
/// use gasworks_engine::graph::VertexSet;
/// let set = VertexSet::from_iter_of(100, [3, 99]);
/// assert!(set.contains(99) && !set.contains(4));
/// assert_eq!(set.iter().collect::<Vec<_>>(), [3, 99]);
/// ```
#[derive(Debug, Default)]
pub struct VertexSet {
    words: Vec<AtomicU64>,
    vertices: usize,
}

impl VertexSet {
    /// No vertex of `0..vertices`.
    pub fn empty(vertices: usize) -> Self {
        VertexSet { words: (0..vertices.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(), vertices }
    }

    /// All of `0..vertices`.
    pub fn full(vertices: usize) -> Self {
        let mut set = Self::empty(vertices);
        set.fill();
        set
    }

    /// These of `0..vertices`.
    ///
    /// # Panics
    /// If one is not below `vertices`.
    pub fn from_iter_of(vertices: usize, members: impl IntoIterator<Item = Vertex>) -> Self {
        let set = Self::empty(vertices);
        members.into_iter().for_each(|vertex| {
            set.insert(vertex);
        });
        set
    }

    /// How many vertices the graph has, in the set or not.
    pub fn capacity(&self) -> usize {
        self.vertices
    }

    /// Whether the vertex is in the set.
    ///
    /// # Panics
    /// May panic if the graph has no such vertex; otherwise such a vertex is in no set.
    #[inline(always)]
    pub fn contains(&self, vertex: Vertex) -> bool {
        self.words[vertex as usize / 64].load(Relaxed) >> (vertex % 64) & 1 == 1
    }

    /// Adds a vertex; whether it is new.
    ///
    /// # Panics
    /// If the graph has no such vertex.
    #[inline(always)]
    pub fn insert(&self, vertex: Vertex) -> bool {
        assert!((vertex as usize) < self.vertices, "vertex {vertex} of {}", self.vertices);
        let (word, bit) = (&self.words[vertex as usize / 64], 1 << (vertex % 64));
        // Reading first keeps the line shared when most bits are set already.
        word.load(Relaxed) & bit == 0 && word.fetch_or(bit, Relaxed) & bit == 0
    }

    /// Removes a vertex; whether it was there.
    ///
    /// # Panics
    /// If the graph has no such vertex.
    pub fn remove(&self, vertex: Vertex) -> bool {
        assert!((vertex as usize) < self.vertices, "vertex {vertex} of {}", self.vertices);
        let bit = 1 << (vertex % 64);
        self.words[vertex as usize / 64].fetch_and(!bit, Relaxed) & bit != 0
    }

    /// How many vertices are in the set. O(vertices / 64).
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.load(Relaxed).count_ones() as usize).sum()
    }

    /// Whether no vertex is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| word.load(Relaxed) == 0)
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.words.iter().for_each(|word| word.store(0, Relaxed));
    }

    /// Adds all.
    pub fn fill(&mut self) {
        let rest = self.vertices % 64;
        self.words.iter().for_each(|word| word.store(u64::MAX, Relaxed));
        if let (Some(last), 1..) = (self.words.last(), rest) {
            last.store((1 << rest) - 1, Relaxed);
        }
    }

    /// Members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Vertex> + '_ {
        self.iter_in(0..self.vertices as u32)
    }

    /// Members from a vertex on, ascending.
    pub fn iter_from(&self, first: Vertex) -> impl Iterator<Item = Vertex> + '_ {
        self.iter_in(first..(self.vertices as u32).max(first))
    }

    /// Members in a range, ascending.
    pub(crate) fn iter_in(&self, range: Range<Vertex>) -> impl Iterator<Item = Vertex> + '_ {
        self.words_in(range).flat_map(|(at, word)| members(at, word))
    }

    /// How many members lie in a range.
    pub(crate) fn len_in(&self, range: Range<Vertex>) -> usize {
        self.words_in(range).map(|(_, word)| word.count_ones() as usize).sum()
    }

    /// Removes the members in a range.
    pub(crate) fn remove_range(&mut self, range: Range<Vertex>) {
        for at in word_range(&range) {
            self.words[at].fetch_and(!mask(at, &range), Relaxed);
        }
    }

    /// The words that meet a range, without the bits outside it.
    fn words_in(&self, range: Range<Vertex>) -> impl Iterator<Item = (usize, u64)> + '_ {
        word_range(&range).map(move |at| (at, self.words[at].load(Relaxed) & mask(at, &range)))
    }

    /// Sums `weight` over the members, in parallel.
    pub(crate) fn sum(&self, weight: impl Fn(Vertex) -> u64 + Sync) -> u64 {
        self.blocks().map(|members| members.map(&weight).sum::<u64>()).sum()
    }

    /// Visits the members, in parallel.
    pub(super) fn for_each(&self, visit: impl Fn(Vertex) + Sync) {
        self.blocks().for_each(|members| members.for_each(&visit));
    }

    /// The members that are to be kept, found in parallel.
    pub(super) fn filter(&self, keep: impl Fn(Vertex) -> bool + Sync) -> Self {
        let kept = |(at, word): (usize, &AtomicU64)| {
            let kept = members(at, word.load(Relaxed)).filter(|vertex| keep(*vertex));
            AtomicU64::new(kept.fold(0, |word, vertex| word | 1 << (vertex % 64)))
        };
        let words = self.words.par_iter().enumerate().with_min_len(BLOCK).map(kept).collect();
        VertexSet { words, vertices: self.vertices }
    }

    /// What `combine` makes of the words of both sets, of which it leaves the bits alone that neither has.
    pub(super) fn combine(&self, other: &VertexSet, combine: impl Fn(u64, u64) -> u64) -> Self {
        self.assert_of(other.vertices);
        let words = self.words.iter().zip(&other.words);
        let words = words.map(|(a, b)| AtomicU64::new(combine(a.load(Relaxed), b.load(Relaxed))));
        VertexSet { words: words.collect(), vertices: self.vertices }
    }

    /// # Panics
    /// If the graph has another number of vertices.
    pub(super) fn assert_of(&self, vertices: usize) {
        assert_eq!(self.vertices, vertices, "a set of {} vertices, the graph has {vertices}", self.vertices);
    }

    /// The members of some words at a time.
    fn blocks(&self) -> impl ParallelIterator<Item = impl Iterator<Item = Vertex>> {
        self.words.par_chunks(BLOCK).enumerate().map(|(block, words)| {
            let words = words.iter().enumerate();
            words.flat_map(move |(at, word)| members(block * BLOCK + at, word.load(Relaxed)))
        })
    }
}

/// The vertices of a word's bits, ascending.
fn members(at: usize, word: u64) -> impl Iterator<Item = Vertex> {
    let mut rest = word;
    std::iter::from_fn(move || {
        (rest != 0).then(|| {
            let bit = rest.trailing_zeros();
            rest &= rest - 1;
            at as u32 * 64 + bit
        })
    })
}

fn word_range(range: &Range<Vertex>) -> Range<usize> {
    if range.is_empty() { 0..0 } else { range.start as usize / 64..(range.end as usize).div_ceil(64) }
}

/// The bits of a word that lie in a range.
fn mask(at: usize, range: &Range<Vertex>) -> u64 {
    let first = at as u32 * 64;
    let from_start = u64::MAX << range.start.saturating_sub(first).min(63);
    let to_end = u64::MAX >> (63 - (range.end - 1 - first).min(63));
    from_start & to_end
}

impl Clone for VertexSet {
    fn clone(&self) -> Self {
        let words = self.words.iter().map(|word| AtomicU64::new(word.load(Relaxed))).collect();
        VertexSet { words, vertices: self.vertices }
    }
}

/// Members, ascending: a run may [start at](crate::Engine::start_at) a set.
impl<'s> IntoIterator for &'s VertexSet {
    type Item = Vertex;
    type IntoIter = Box<dyn Iterator<Item = Vertex> + 's>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl PartialEq for VertexSet {
    fn eq(&self, other: &Self) -> bool {
        self.vertices == other.vertices && self.iter().eq(other.iter())
    }
}

#[cfg(all(test, any(loom, shuttle)))]
mod model_checked {
    use super::*;
    use crate::primitives::Arc;

    /// Three insertions into one word from two threads: none is lost, and exactly one of two equal ones is new.
    fn insertions() {
        #[cfg(loom)]
        use loom::thread;
        #[cfg(all(shuttle, not(loom)))]
        use shuttle::thread;
        let set = Arc::new(VertexSet::empty(64));
        let other = Arc::clone(&set);
        let thread = thread::spawn(move || (other.insert(1), other.insert(2)));
        let mine = set.insert(1);
        let (theirs, second) = thread.join().unwrap();
        assert!(mine != theirs && second);
        assert!(set.contains(1) && set.contains(2) && !set.contains(3));
    }

    #[cfg(loom)]
    #[test]
    fn loom_no_insertion_is_lost() {
        loom::model(insertions);
    }

    #[cfg(all(shuttle, not(loom)))]
    #[test]
    fn shuttle_no_insertion_is_lost() {
        shuttle::check_random(insertions, 2000);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn behaves_like_a_set() {
        for n in [0, 1, 63, 64, 65, 1000] {
            let mut set = VertexSet::full(n);
            assert_eq!((set.len(), set.iter().count()), (n, n));
            set.clear();
            assert!(set.is_empty());
            let every_third = VertexSet::from_iter_of(n, (0..n as u32).step_by(3));
            assert!((0..n as u32).all(|v| every_third.contains(v) == (v % 3 == 0)));
            assert_eq!(every_third.sum(u64::from), (0..n as u64).step_by(3).sum::<u64>());
            assert_eq!(every_third.clone(), every_third);
        }
        let set = VertexSet::from_iter_of(300, (0..300).filter(|v| v % 7 == 0));
        for range in [0..300, 5..6, 7..8, 64..128, 63..65, 100..100, 70..210, 299..300] {
            let expected: Vec<u32> = range.clone().filter(|v| v % 7 == 0).collect();
            assert_eq!(set.iter_in(range.clone()).collect::<Vec<_>>(), expected, "{range:?}");
            assert_eq!(set.len_in(range.clone()), expected.len());
            let mut rest = set.clone();
            rest.remove_range(range.clone());
            assert!(rest.iter().eq(set.iter().filter(|v| !range.contains(v))));
        }
        let set = VertexSet::empty(10);
        assert!(set.insert(4) && !set.insert(4));
    }

    #[test]
    #[should_panic(expected = "vertex 10 of 10")]
    fn refuses_a_vertex_beyond_the_graph() {
        VertexSet::empty(10).insert(10);
    }
}
