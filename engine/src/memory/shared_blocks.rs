//! Blocks of edges whose vertices others have too: visits work on copies of both ends.

use super::{Blocks, Cells, ColumnMut, Slots, Store, Taken};
use crate::primitives::{
    AtomicBool,
    Ordering::{Acquire, Release},
};

/// The vertices and the edges that blocks speak of. A block is taken by one at a time, its vertices by everybody.
pub(crate) struct SharedBlocks<'a, V: Store, E: Store> {
    blocks: &'a Blocks,
    vertices: Cells<'a, V>,
    /// In the order of the blocks.
    edges: Cells<'a, E>,
    taken: &'a [AtomicBool],
}

/// Gives a block back.
struct Back<'a>(&'a AtomicBool);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        self.0.store(false, Release);
    }
}

impl<'a, V: Store, E: Store> SharedBlocks<'a, V, E> {
    /// # Panics
    /// If there is not a value for each vertex, or not one for each edge, or the vertices' data are not plain.
    pub(crate) fn new(
        blocks: &'a Blocks,
        taken: &'a mut Taken,
        vertices: ColumnMut<'a, V>,
        edges: ColumnMut<'a, E>,
    ) -> Self {
        assert!(V::PLAIN, "only plain data are copied");
        assert_eq!(vertices.len(), blocks.vertices(), "a value for each vertex");
        assert_eq!(edges.len(), blocks.edges(), "a value for each edge");
        let taken = taken.none_of(blocks.spans().len());
        SharedBlocks { blocks, vertices: Cells::new(vertices), edges: Cells::new(edges), taken }
    }

    /// Room for copies of both ends of an edge.
    pub(crate) fn copies(&self) -> Slots<V> {
        Slots::like(&self.vertices, 2)
    }

    /// Visits the edges of a block: source, position and data of the edge, and copies of both ends, which are put back word by
    /// word. Each word is then what some visit made of it, though not all words of a vertex need be of one visit.
    ///
    /// # Panics
    /// If somebody is at this block.
    #[inline(always)]
    pub(crate) fn visit(
        &self,
        block: usize,
        copies: &mut Slots<V>,
        mut visit: impl FnMut(u32, usize, V::Mut<'_>, E::Mut<'_>, V::Mut<'_>),
    ) {
        assert!(!self.taken[block].swap(true, Acquire), "block {block} is taken");
        let taken = Back(&self.taken[block]);
        let copies = copies.cells();
        for (source, edges) in self.blocks.rows(block) {
            for edge in edges {
                let target = self.blocks.target(edge) as usize;
                // SAFETY: vertices are only loaded and stored word by word, here; the slots are the caller's, and are two; the edge
                // is one of the block's, which is taken.
                unsafe {
                    self.vertices.load(source as usize, copies, 0);
                    self.vertices.load(target, copies, 1);
                    visit(source, edge, copies.get_mut(0), self.edges.get_mut(edge), copies.get_mut(1));
                    self.vertices.store(source as usize, copies, 0);
                    self.vertices.store(target, copies, 1);
                }
            }
        }
        drop(taken);
    }
}
