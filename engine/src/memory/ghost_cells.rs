//! The data of a vertex program that runs without barriers, and what one visit may touch of them.

use std::sync::Arc;

use super::rows::Row;
use super::{Cells, Claim, ColumnRef, Reach, Rows, Slots, Store, Versions};

/// Vertices, which only their own visits touch; ghosts, which neighbours read; and edges, which nobody writes.
pub(crate) struct GhostCells<'g, V: Store, G: Store, E: Store> {
    into: Side<'g, E>,
    out: Side<'g, E>,
    vertices: Cells<'g, V>,
    ghosts: Cells<'g, G>,
    /// Whether ghosts are only ever touched by copies, or only in place.
    copied: bool,
}

/// The edges of one direction, with their data.
pub(crate) struct Side<'g, E: Store> {
    pub(crate) rows: &'g Rows,
    pub(crate) edges: ColumnRef<'g, E>,
}

/// Copies of a neighbourhood's ghosts, for visits that do not hold them; of one worker.
pub(crate) struct GhostCopies<G: Store> {
    slots: Slots<G>,
    /// 0, 1, 2, ...: where the copies of the ends lie.
    positions: Vec<u32>,
    pub(crate) versions: Option<Arc<Versions>>,
}

impl<'g, V: Store, G: Store, E: Store> GhostCells<'g, V, G, E> {
    /// # Panics
    /// If there is not a value for each vertex and edge.
    pub(crate) fn new(
        into: Side<'g, E>,
        out: Side<'g, E>,
        vertices: Cells<'g, V>,
        ghosts: Cells<'g, G>,
        copied: bool,
    ) -> Self {
        let n = out.rows.vertices();
        assert!(
            vertices.len() == n && ghosts.len() == n && into.rows.vertices() == n,
            "a value for each vertex"
        );
        for side in [&into, &out] {
            assert_eq!(side.edges.len(), side.rows.ends().len(), "a value for each edge");
            assert!(side.rows.high() as usize <= n, "ends are vertices");
        }
        GhostCells { into, out, vertices, ghosts, copied }
    }

    /// Whether copies of ghosts need versions to be whole.
    pub(crate) fn needs_versions(&self) -> bool {
        !self.ghosts.is_atomic()
    }

    /// Room for the copies of one worker.
    pub(crate) fn copies(&self, versions: Option<Arc<Versions>>) -> GhostCopies<G> {
        let widest = |side: &Side<'_, E>| side.rows.offsets().windows(2).map(|pair| pair[1] - pair[0]).max();
        let room = widest(&self.into).max(widest(&self.out)).unwrap_or(0).max(1) as usize;
        GhostCopies {
            slots: Slots::like(&self.ghosts, room),
            positions: (0..room as u32).collect(),
            versions,
        }
    }

    #[inline(always)]
    fn check(&self, claim: &Claim<'_>) {
        assert!(claim.claims().are_of(self.into.rows, self.out.rows), "a claim of another graph");
    }

    /// Asks for what lies at a vertex: where its rows begin, its data, its ghost.
    #[inline(always)]
    pub(crate) fn prefetch(&self, vertex: u32) {
        self.into.rows.prefetch(vertex);
        self.out.rows.prefetch(vertex);
        self.vertices.prefetch(vertex as usize);
        self.ghosts.prefetch(vertex as usize);
    }

    /// Asks for the first of a vertex's edges in one direction.
    #[inline(always)]
    pub(crate) fn prefetch_row(&self, vertex: u32, outgoing: bool) {
        if outgoing { &self.out } else { &self.into }.rows.prefetch_row(vertex);
    }

    /// The visited vertex, to be written.
    #[inline(always)]
    pub(crate) fn vertex_mut<'a>(&'a self, claim: &'a mut Claim<'_>) -> V::Mut<'a> {
        self.check(claim);
        // SAFETY: the claim covers its own vertex, and is borrowed exclusively.
        unsafe { self.vertices.get_mut(claim.vertex() as usize) }
    }

    /// The visited vertex.
    #[inline(always)]
    pub(crate) fn vertex<'a>(&'a self, claim: &'a Claim<'_>) -> V::Ref<'a> {
        self.check(claim);
        // SAFETY: the claim covers its own vertex, and nothing of it is lent to be written.
        unsafe { self.vertices.get(claim.vertex() as usize) }
    }

    /// The edges of the visited vertex in one direction, with the ghosts at their other ends.
    ///
    /// # Panics
    /// If the claim does not cover these neighbours.
    #[inline(always)]
    pub(crate) fn row<'a>(&'a self, claim: &'a Claim<'_>, outgoing: bool) -> Row<'a, G, E> {
        self.check(claim);
        let claims = claim.claims();
        let covered = if outgoing { claims.covers_out() } else { claims.covers_into() };
        assert!(covered && claim.reach() >= Reach::Read && !self.copied, "beyond the claim");
        let side = if outgoing { &self.out } else { &self.into };
        let (from, to) = side.rows.range(claim.vertex());
        // SAFETY: a row of edges, whose ends are vertices, which all have ghosts: by `Rows::new` and `GhostCells::new`. The
        // claim keeps their ghosts from being written while it is borrowed.
        unsafe { Row::new(side.rows, from, to, side.edges, self.ghosts.origin(), self.ghosts.shape()) }
    }

    /// The same from copies: taken now, one by one, each whole. `note` is told the versions.
    ///
    /// # Panics
    /// If ghosts are not plain data, or `copies` is for other cells.
    #[inline(always)]
    pub(crate) fn copied_row<'a>(
        &'a self,
        claim: &'a Claim<'_>,
        outgoing: bool,
        copies: &'a mut GhostCopies<G>,
        mut note: impl FnMut(u32, u32),
    ) -> Row<'a, G, E> {
        self.check(claim);
        assert!(self.copied, "ghosts are read in place");
        let side = if outgoing { &self.out } else { &self.into };
        let (from, to) = side.rows.range(claim.vertex());
        let ends = side.rows.neighbors(claim.vertex());
        match &copies.versions {
            Some(versions) => {
                for (slot, end) in ends.iter().enumerate() {
                    // SAFETY: in a relaxed run, ghosts are only touched by copies; the slots are borrowed exclusively.
                    let load = || unsafe { self.ghosts.load(*end as usize, copies.slots.cells(), slot) };
                    note(*end, versions.read(*end as usize, load));
                }
            }
            // SAFETY: as above.
            None => unsafe { self.ghosts.load_each(ends, copies.slots.cells()) },
        }
        let positions = &copies.positions[..to - from];
        let cells = copies.slots.cells();
        // SAFETY: a row of edges; a copy for each of its ends, which nobody writes while `copies` is borrowed.
        unsafe {
            Row::new(side.rows, from, to, side.edges, cells.origin(), cells.shape()).lying_at(positions)
        }
    }

    /// The ends of the visited vertex's edges in one direction, and what lies on these edges.
    #[inline(always)]
    pub(crate) fn own_edges<'a>(
        &'a self,
        claim: &Claim<'_>,
        outgoing: bool,
    ) -> (&'a [u32], ColumnRef<'a, E>) {
        self.check(claim);
        let side = if outgoing { &self.out } else { &self.into };
        let (from, to) = side.rows.range(claim.vertex());
        (side.rows.neighbors(claim.vertex()), side.edges.range(from, to))
    }

    /// The ghost of the visited vertex.
    #[inline(always)]
    pub(crate) fn ghost<'a>(&'a self, claim: &'a Claim<'_>) -> G::Ref<'a> {
        self.check(claim);
        assert!(!self.copied, "ghosts are copied");
        // SAFETY: only this vertex's own visit writes it, and nothing of it is lent to be written.
        unsafe { self.ghosts.get(claim.vertex() as usize) }
    }

    /// Writes the ghost of the visited vertex in place, given the vertex.
    #[inline(always)]
    pub(crate) fn publish(&self, claim: &mut Claim<'_>, write: impl FnOnce(V::Ref<'_>, G::Mut<'_>)) {
        self.check(claim);
        assert!(!self.copied, "ghosts are copied");
        let at = claim.vertex() as usize;
        // SAFETY: the claim covers its own vertex; whoever reads its ghost in place holds a claim that covers this vertex
        // (`row`), so there is none.
        unsafe { write(self.vertices.get(at), self.ghosts.get_mut(at)) }
    }

    /// Writes the ghost of the visited vertex through a copy; the version that this makes, if versions are kept.
    #[inline(always)]
    pub(crate) fn publish_copy(
        &self,
        claim: &mut Claim<'_>,
        copies: &mut GhostCopies<G>,
        write: impl FnOnce(V::Ref<'_>, G::Mut<'_>),
    ) -> Option<u32> {
        self.check(claim);
        assert!(self.copied, "ghosts are read in place");
        let at = claim.vertex() as usize;
        // SAFETY: the claim covers its own vertex; the slots are borrowed exclusively.
        unsafe { write(self.vertices.get(at), copies.slots.cells().get_mut(0)) };
        let store = || {
            // SAFETY: in a relaxed run, ghosts are only touched by copies.
            unsafe { self.ghosts.store(at, copies.slots.cells(), 0) }
        };
        match &copies.versions {
            Some(versions) => Some(versions.write(at, store)),
            None => {
                store();
                None
            }
        }
    }
}
