//! Blocks of edges, for programs that write both ends: which vertices each block may touch is checked once, so that a pass over
//! a block need not.
//!
//! Three facts carry it. The vertices are divided into parts, and the ends of a block's edges lie in at most two of them, its
//! own. Whoever holds a block has taken both its parts, and a part is taken by one at a time. An edge is in one block, whose
//! edges lie side by side.

use crate::primitives::{
    AtomicBool,
    Ordering::{Acquire, Release},
};

use rayon::prelude::*;

use super::{Buffer, Cells, ColumnMut, Store};

/// Edges by block, and within a block by row: those of one source.
///
/// What is checked when it is made, and never changes: offsets of rows and edges never fall and end where rows and edges end;
/// sources and targets lie in the parts of their block, and no edge has its source as its target.
#[derive(Debug)]
pub(crate) struct Blocks {
    spans: Vec<Span>,
    /// The source of each row.
    sources: Buffer<u32>,
    /// Where the edges of each row start, and where the last row's end.
    offsets: Buffer<u64>,
    targets: Buffer<u32>,
    vertices: usize,
    /// The vertices of each part one after the other, ascending within a part.
    members: Vec<u32>,
    /// Where the members of each part start, and where the last ones end.
    starts: Vec<usize>,
}

/// The rows of one block, and the parts that its sources and its targets lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) parts: [u32; 2],
}

impl Blocks {
    /// Blocks over vertices, each of which lies in the part that `part_of` says. O(edges), parallel.
    ///
    /// # Panics
    /// If what the type promises does not hold.
    pub(crate) fn new(
        spans: Vec<Span>,
        (sources, offsets, targets): (Buffer<u32>, Buffer<u64>, Buffer<u32>),
        parts: usize,
        part_of: &[u32],
    ) -> Self {
        assert_eq!(offsets.len(), sources.len() + 1, "an offset for each row, and one more");
        assert!(offsets[0] == 0 && offsets[sources.len()] == targets.len() as u64, "rows of all edges");
        assert!(part_of.iter().all(|part| (*part as usize) < parts), "a part of {parts}");
        assert_eq!(spans.first().map_or(0, |span| span.from), 0, "blocks of all rows");
        assert_eq!(spans.last().map_or(0, |span| span.to), sources.len(), "blocks of all rows");
        assert!(spans.windows(2).all(|pair| pair[0].to == pair[1].from), "blocks one after the other");
        spans.par_iter().for_each(|span| {
            for row in span.from..span.to {
                let (source, from, to) = (sources[row], offsets[row] as usize, offsets[row + 1] as usize);
                assert!(from <= to && part_of[source as usize] == span.parts[0], "a row of its block");
                let is_own = |target: &u32| *target != source && part_of[*target as usize] == span.parts[1];
                assert!(targets[from..to].iter().all(is_own), "an edge of its block");
            }
        });
        let (members, starts) = members(parts, part_of);
        Blocks { spans, sources, offsets, targets, vertices: part_of.len(), members, starts }
    }

    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub(crate) fn edges(&self) -> usize {
        self.targets.len()
    }

    fn parts(&self) -> usize {
        self.starts.len() - 1
    }

    /// The vertices of a part, ascending.
    #[inline(always)]
    fn part(&self, part: u32) -> &[u32] {
        &self.members[self.starts[part as usize]..self.starts[part as usize + 1]]
    }

    /// How many vertices they speak of.
    pub(crate) fn vertices(&self) -> usize {
        self.vertices
    }

    /// The rows of a block: the source of each, and the positions of its edges.
    pub(crate) fn rows(&self, block: usize) -> impl Iterator<Item = (u32, std::ops::Range<usize>)> {
        let Span { from, to, .. } = self.spans[block];
        (from..to).map(|row| (self.sources[row], self.offsets[row] as usize..self.offsets[row + 1] as usize))
    }

    /// Where the edges of a row of all blocks start.
    pub(crate) fn offset(&self, row: usize) -> u64 {
        self.offsets[row]
    }

    /// The target of an edge.
    #[inline(always)]
    pub(crate) fn target(&self, edge: usize) -> u32 {
        self.targets[edge]
    }
}

/// The vertices of each part, and where those of each start (counting sort). O(vertices + parts).
fn members(parts: usize, part_of: &[u32]) -> (Vec<u32>, Vec<usize>) {
    let mut starts = vec![0; parts + 1];
    part_of.iter().for_each(|part| starts[*part as usize + 1] += 1);
    (0..parts).for_each(|part| starts[part + 1] += starts[part]);
    let (mut members, mut next) = (vec![0; part_of.len()], starts.clone());
    for (vertex, part) in (0..).zip(part_of) {
        let place = &mut next[*part as usize];
        members[*place] = vertex;
        *place += 1;
    }
    (members, starts)
}

/// The vertices and the edges that blocks speak of, and which parts are taken.
pub(crate) struct BlockCells<'a, V: Store, E: Store> {
    blocks: &'a Blocks,
    vertices: Cells<'a, V>,
    /// In the order of the blocks.
    edges: Cells<'a, E>,
    taken: &'a [AtomicBool],
}

/// Room for which parts, or blocks, are taken, kept from pass to pass. Whoever uses it has it alone.
#[derive(Default)]
pub(crate) struct Taken(Vec<AtomicBool>);

impl Taken {
    /// So many that nobody has.
    pub(super) fn none_of(&mut self, count: usize) -> &[AtomicBool] {
        self.0.clear();
        self.0.resize_with(count, || AtomicBool::new(false));
        &self.0
    }
}

impl<'a, V: Store, E: Store> BlockCells<'a, V, E> {
    /// # Panics
    /// If there is not a value for each vertex, or not one for each edge.
    pub(crate) fn new(
        blocks: &'a Blocks,
        taken: &'a mut Taken,
        vertices: ColumnMut<'a, V>,
        edges: ColumnMut<'a, E>,
    ) -> Self {
        assert_eq!(vertices.len(), blocks.vertices, "a value for each vertex");
        assert_eq!(edges.len(), blocks.edges(), "a value for each edge");
        let taken = taken.none_of(blocks.parts());
        BlockCells { blocks, vertices: Cells::new(vertices), edges: Cells::new(edges), taken }
    }

    /// Takes the parts of a block, which nobody else has, until what is given back is dropped.
    ///
    /// # Panics
    /// If somebody has one of them.
    pub(crate) fn hold(&self, block: usize) -> Held<'_, V, E> {
        let span = &self.blocks.spans[block];
        let [source, target] = span.parts;
        let take = |part: u32| self.taken[part as usize].swap(true, Acquire);
        assert!(!take(source), "part {source} of a block is taken");
        if target != source && take(target) {
            self.taken[source as usize].store(false, Release);
            panic!("part {target} of a block is taken");
        }
        Held { cells: self, span }
    }
}

/// A block whose parts are taken: both ends of all its edges, and the edges, for whoever has it.
pub(crate) struct Held<'a, V: Store, E: Store> {
    cells: &'a BlockCells<'a, V, E>,
    span: &'a Span,
}

impl<V: Store, E: Store> Drop for Held<'_, V, E> {
    fn drop(&mut self) {
        for part in self.span.parts {
            self.cells.taken[part as usize].store(false, Release);
        }
    }
}

/// A row of a block: what [`Held`] needs to know to reach its data.
pub(crate) struct BlockRow<'a> {
    /// Whose row it is, by address.
    span: &'a Span,
    source: u32,
    /// The position of the first edge.
    first: usize,
    targets: &'a [u32],
}

impl Clone for BlockRow<'_> {
    fn clone(&self) -> Self {
        *self
    }
}
impl Copy for BlockRow<'_> {}

impl<'a> BlockRow<'a> {
    #[inline(always)]
    pub(crate) fn source(&self) -> u32 {
        self.source
    }

    /// The position of the first edge among those of all blocks.
    #[inline(always)]
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    #[inline(always)]
    pub(crate) fn targets(&self) -> &'a [u32] {
        self.targets
    }
}

impl<'a, V: Store, E: Store> Held<'a, V, E> {
    /// How many rows.
    #[inline(always)]
    pub(crate) fn rows(&self) -> usize {
        self.span.to - self.span.from
    }

    /// Whether there is no row in any other block.
    #[inline(always)]
    pub(crate) fn is_whole(&self) -> bool {
        self.rows() == self.cells.blocks.sources.len()
    }

    #[inline(always)]
    pub(crate) fn row(&self, row: usize) -> BlockRow<'a> {
        assert!(row < self.rows(), "row {row} of {}", self.rows());
        let (blocks, at) = (self.cells.blocks, self.span.from + row);
        // SAFETY: rows of the span are rows; offsets never fall and end with the edges; by `Blocks::new`.
        let (source, first, targets) = unsafe {
            let first = *blocks.offsets.get_unchecked(at) as usize;
            let end = *blocks.offsets.get_unchecked(at + 1) as usize;
            (*blocks.sources.get_unchecked(at), first, blocks.targets.get_unchecked(first..end))
        };
        BlockRow { span: self.span, source, first, targets }
    }

    /// # Panics
    /// If the row is of another block.
    #[inline(always)]
    fn check(&self, row: BlockRow<'_>) {
        assert!(std::ptr::eq(self.span, row.span), "a row of another block");
    }

    /// What lies on the source of a row.
    #[inline(always)]
    pub(crate) fn source_mut(&mut self, row: BlockRow<'_>) -> V::Mut<'_> {
        self.check(row);
        // SAFETY: the row is of this block, so its source is a vertex, and lies in a part that is taken; nothing else of this block
        // is lent, since that would borrow `self`.
        unsafe { self.cells.vertices.get_mut_unchecked(row.source as usize) }
    }

    /// What lies on an edge of a row, and on its target.
    #[inline(always)]
    pub(crate) fn edge_mut(&mut self, row: BlockRow<'_>, at: usize) -> (E::Mut<'_>, V::Mut<'_>) {
        self.check(row);
        let target = row.targets[at] as usize;
        // SAFETY: as in `source_mut`; the edge is one of this block's, by `Blocks::new`, and vertices and edges are different columns.
        unsafe {
            let edge = self.cells.edges.get_mut_unchecked(row.first + at);
            (edge, self.cells.vertices.get_mut_unchecked(target))
        }
    }

    /// What lies on an edge of a row, and on both its ends: source, edge, target.
    #[inline(always)]
    pub(crate) fn ends_mut(&mut self, row: BlockRow<'_>, at: usize) -> (V::Mut<'_>, E::Mut<'_>, V::Mut<'_>) {
        self.check(row);
        let target = row.targets[at] as usize;
        // SAFETY: as in `edge_mut`; source and target of an edge are two vertices, by `Blocks::new`.
        unsafe {
            let source = self.cells.vertices.get_mut_unchecked(row.source as usize);
            let edge = self.cells.edges.get_mut_unchecked(row.first + at);
            (source, edge, self.cells.vertices.get_mut_unchecked(target))
        }
    }

    /// The vertices of the part that the targets lie in, ascending; some may have no edge in the block.
    #[inline(always)]
    pub(crate) fn target_part(&self) -> &'a [u32] {
        self.cells.blocks.part(self.span.parts[1])
    }

    /// The same as [`ends_mut`](Held::ends_mut), and what lies on a vertex of the part that the targets lie in, by its place there.
    ///
    /// # Panics
    /// If that vertex is an end of the edge, or there is none in that place.
    #[inline(always)]
    pub(crate) fn ends_and_other_mut(
        &mut self,
        row: BlockRow<'_>,
        at: usize,
        other: usize,
    ) -> (V::Mut<'_>, E::Mut<'_>, V::Mut<'_>, V::Mut<'_>) {
        let other = self.target_part()[other];
        assert!(other != row.source && other != row.targets[at], "vertex {other} is an end of the edge");
        // SAFETY: by `members` it is a vertex and lies in a part that is taken; it is neither of the two that are lent beside it; all
        // of them borrow `self`.
        let other = unsafe { self.cells.vertices.get_mut_unchecked(other as usize) };
        let (source, edge, target) = self.ends_mut(row, at);
        (source, edge, target, other)
    }

    /// Asks for what lies on the source of a row, if there is such a row.
    #[inline(always)]
    pub(crate) fn prefetch_source(&self, row: usize) {
        if let Some(source) = self.cells.blocks.sources.get(self.span.from + row) {
            self.cells.vertices.prefetch_whole(*source as usize);
        }
    }

    /// Asks for what lies on the target of an edge by its position among those of all blocks, if there is such an edge.
    #[inline(always)]
    pub(crate) fn prefetch_target(&self, edge: usize) {
        if let Some(target) = self.cells.blocks.targets.get(edge) {
            self.cells.vertices.prefetch_whole(*target as usize);
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::data::Row;
    use crate::memory::Column;

    fn of<T: Copy + bytemuck::Pod>(items: &[T]) -> Buffer<T> {
        Buffer::from_fn(items.len(), |at| items[at])
    }

    /// Vertices 0 and 1 are part 0, 2 and 3 part 1, 4 part 2. Blocks: from part 0 to 1, from 0 to 2, from 1 to 1.
    fn blocks(sources: &[u32], offsets: &[u64], targets: &[u32]) -> Blocks {
        let span = |from, to, parts| Span { from, to, parts };
        let spans = vec![span(0, 2, [0, 1]), span(2, 3, [0, 2]), span(3, 4, [1, 1])];
        Blocks::new(spans, (of(sources), of(offsets), of(targets)), 3, &[0, 0, 1, 1, 2])
    }

    const SOURCES: [u32; 4] = [1, 0, 0, 2];
    const OFFSETS: [u64; 5] = [0, 2, 3, 4, 5];
    const TARGETS: [u32; 5] = [2, 3, 3, 4, 3];

    fn panics<R>(work: impl FnOnce() -> R) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err()
    }

    #[test]
    fn a_block_lends_its_edges_and_their_ends() {
        let blocks = blocks(&SOURCES, &OFFSETS, &TARGETS);
        let mut vertices = Column::<Row<f32>>::rows(5, 3, |at, row| row.fill(at as f32));
        let mut edges = Column::<u32>::from_fn(5, |at| 10 * at as u32);
        let mut taken = Taken::default();
        let cells = BlockCells::new(&blocks, &mut taken, vertices.view_mut(), edges.view_mut());
        let mut held = cells.hold(0);
        let row = held.row(0);
        assert_eq!((held.rows(), row.source(), row.first(), row.targets()), (2, 1, 0, &[2, 3][..]));
        let (source, edge, target) = held.ends_mut(row, 1);
        (source[0], target[2], *edge) = (7.0, 8.0, 99);
        assert_eq!(held.source_mut(row), [7.0, 1.0, 1.0]);
        let (edge, target) = held.edge_mut(row, 1);
        assert_eq!((*edge, &*target), (99, &[3.0, 3.0, 8.0][..]));
        // By its place in part 1, which is 2 and 3: vertex 2 beside the edge from 1 to 3.
        assert_eq!(held.target_part(), [2, 3]);
        let (source, edge, target, other) = held.ends_and_other_mut(row, 1, 0);
        assert_eq!((source[0], *edge, target[0], other[0]), (7.0, 99, 3.0, 2.0));
        other[1] = 6.0;
        assert_eq!(held.edge_mut(row, 0).1, [2.0, 6.0, 2.0]);
        assert!(panics(|| held.ends_and_other_mut(row, 1, 1).3[0] += 1.0), "the target twice");
        assert!(panics(|| held.ends_and_other_mut(row, 1, 2).3[0] += 1.0), "beyond the part");
        (0..9).for_each(|at| held.prefetch_source(at));
        (0..9).for_each(|at| held.prefetch_target(at));
        assert!(panics(|| held.edge_mut(row, 2).0.wrapping_add(0)) && panics(|| held.row(2).source()));
        drop(held);
        assert_eq!((edges.as_slice()[1], vertices.get(1)[0]), (99, 7.0));
    }

    #[test]
    fn a_part_is_taken_by_one_at_a_time() {
        let blocks = blocks(&SOURCES, &OFFSETS, &TARGETS);
        let mut vertices = Column::<u32>::zeroed(5);
        let mut edges = Column::<u32>::zeroed(5);
        let mut taken = Taken::default();
        let cells = BlockCells::new(&blocks, &mut taken, vertices.view_mut(), edges.view_mut());
        let first = cells.hold(0);
        for other in [0, 1, 2] {
            assert!(panics(|| cells.hold(other).rows()), "block {other} beside block 0");
        }
        drop(first);
        // What could not be taken whole was given back; parts 0 and 2 do not touch part 1.
        let (second, third) = (cells.hold(1), cells.hold(2));
        assert!(panics(|| cells.hold(0).rows()));
        drop((second, third));
        let row = cells.hold(2).row(0);
        let mut again = cells.hold(0);
        assert!(panics(|| *again.source_mut(row)), "a row of another block");
        assert!(panics(|| *again.ends_mut(row, 0).0), "an edge of another block");
        drop(again);
        // In a graph without sides, sources are members of the part of the targets.
        let mut last = cells.hold(2);
        let row = last.row(0);
        assert_eq!((last.target_part(), row.source(), row.targets()), (&[2, 3][..], 2, &[3][..]));
        assert!(panics(|| *last.ends_and_other_mut(row, 0, 0).3), "the source twice");
    }

    #[test]
    fn refuses_what_is_no_division_into_blocks() {
        for (sources, offsets, targets) in [
            // A source of another part, a target of another part, a self-loop; offsets that fall, or end elsewhere.
            ([2, 0, 0, 2], OFFSETS, TARGETS),
            (SOURCES, OFFSETS, [2, 3, 4, 4, 3]),
            (SOURCES, OFFSETS, [2, 3, 3, 4, 2]),
            (SOURCES, [0, 3, 2, 4, 5], TARGETS),
            (SOURCES, [0, 2, 3, 4, 4], TARGETS),
        ] {
            assert!(
                panics(|| blocks(&sources, &offsets, &targets).edges()),
                "{sources:?} {offsets:?} {targets:?}"
            );
        }
    }
}
