//! The data of update functions, and what one visit may touch of them.
//!
//! A visit goes one of three ways:
//!
//! | [`Way`] | reads and writes | used |
//! |---|---|---|
//! | `Held` | in place: the claim keeps others out | under every exclusion |
//! | `Recorded` | in place, each access noted and checked against everybody else's | by the auditor |
//! | `Private` | copies, taken and put back datum by datum | relaxed |

mod side_by_side;

use std::cell::{Cell, RefCell};

use super::{Cells, Claim, Reach, Rows, Slots, Store, Versions};
use crate::audit::Recorder;

/// Vertices and edges that visits read and write; edges in out-order.
pub(crate) struct ScopeCells<'g, V: Store, E: Store> {
    into: &'g Rows,
    out: &'g Rows,
    vertices: Cells<'g, V>,
    edges: Cells<'g, E>,
    /// The position among the out-edges of each in-edge.
    in_to_out: &'g [u64],
}

/// How a visit touches its data.
pub(crate) enum Way<'s, V: Store, E: Store> {
    Held,
    Recorded(&'s RefCell<Recorder>),
    Private(&'s Private<V, E>),
}

impl<'g, V: Store, E: Store> ScopeCells<'g, V, E> {
    /// # Panics
    /// If there is not a value for each vertex and edge, or `in_to_out` names an edge that there is not.
    pub(crate) fn new(
        (into, out): (&'g Rows, &'g Rows),
        vertices: Cells<'g, V>,
        edges: Cells<'g, E>,
        in_to_out: &'g [u64],
    ) -> Self {
        assert_eq!(vertices.len(), out.vertices(), "a value for each vertex");
        assert_eq!(edges.len(), out.ends().len(), "a value for each edge");
        assert_eq!(in_to_out.len(), into.ends().len(), "an out-edge for each in-edge");
        ScopeCells { into, out, vertices, edges, in_to_out }
    }

    /// How many data a recorder tells apart: vertices, then edges.
    pub(crate) fn data(&self) -> usize {
        self.vertices.len() + if self.edges.is_void() { 0 } else { self.edges.len() }
    }

    /// Whether relaxed visits need versions to copy whole values.
    pub(crate) fn needs_versions(&self) -> bool {
        !(self.vertices.is_atomic() && (self.edges.is_void() || self.edges.is_atomic()))
    }

    /// Room for the copies of one worker.
    pub(crate) fn private(&self, versions: Option<std::sync::Arc<Versions>>) -> Private<V, E> {
        Private {
            own: Slots::like(&self.vertices, 2),
            neighbor: Slots::like(&self.vertices, 2),
            edge: Slots::like(&self.edges, 2),
            versions,
            recorder: None,
            own_version: Cell::new(0),
            own_read: Cell::new(false),
        }
    }
}

/// Copies of what a relaxed visit touches: in slot 0 to work on, in slot 1 as it was found.
pub(crate) struct Private<V: Store, E: Store> {
    own: Slots<V>,
    neighbor: Slots<V>,
    edge: Slots<E>,
    versions: Option<std::sync::Arc<Versions>>,
    /// Whom to tell what was read and written.
    pub(crate) recorder: Option<RefCell<Recorder>>,
    own_version: Cell<u32>,
    own_read: Cell<bool>,
}

/// Copies of one value.
struct Copies<'a, D: Store> {
    cells: &'a Cells<'a, D>,
    slots: &'a Slots<D>,
    at: usize,
    datum: usize,
    versions: Option<&'a Versions>,
}

impl<D: Store> Copies<'_, D> {
    /// Into both slots; the version that was found.
    ///
    /// # Safety
    /// The value is only touched by copies meanwhile, and nobody has the slots.
    unsafe fn take(&self) -> u32 {
        let load = || {
            // SAFETY: the caller's promise.
            unsafe { self.cells.load(self.at, self.slots.cells(), 0) }
        };
        let version = match self.versions {
            Some(versions) => versions.read(self.datum, load),
            None => {
                load();
                0
            }
        };
        // SAFETY: the caller's promise.
        unsafe { self.slots.copy(0, 1) };
        version
    }

    /// What was worked on, if it is no longer what was found; the version that this makes.
    ///
    /// # Safety
    /// As in `take`.
    unsafe fn put(&self) -> Option<u32> {
        // SAFETY: the caller's promise.
        let changed = unsafe { !self.slots.same(0, 1) };
        let store = || {
            // SAFETY: the caller's promise.
            unsafe { self.cells.store(self.at, self.slots.cells(), 0) }
        };
        changed.then(|| match self.versions {
            Some(versions) => versions.write(self.datum, store),
            None => {
                store();
                0
            }
        })
    }
}

/// What a visit may touch of the data.
pub(crate) struct Lent<'s, V: Store, E: Store> {
    cells: &'s ScopeCells<'s, V, E>,
    way: Way<'s, V, E>,
    claim: Claim<'s>,
}

/// An edge of a scope, with what a visit of it may touch.
pub(crate) struct LentEdge<'v, V: Store, E: Store> {
    /// Borrowed exclusively when this was made.
    lent: &'v Lent<'v, V, E>,
    at: EdgeAt,
    taken: Taken,
}

/// Of what copies were taken.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Taken {
    Nothing,
    /// To be read.
    Edge,
    /// Both to be put back.
    EdgeAndNeighbor,
}

#[derive(Clone, Copy)]
struct EdgeAt {
    neighbor: u32,
    edge: usize,
    outgoing: bool,
}

impl<'s, V: Store, E: Store> Lent<'s, V, E> {
    /// # Panics
    /// If the claim is of another graph, or does not cover all edges.
    #[inline(always)]
    pub(crate) fn new(cells: &'s ScopeCells<'s, V, E>, way: Way<'s, V, E>, claim: Claim<'s>) -> Self {
        let claims = claim.claims();
        assert!(claims.are_of(cells.into, cells.out) && claims.covers_into() && claims.covers_out());
        let lent = Lent { cells, way, claim };
        if let Way::Private(private) = &lent.way {
            private.own_read.set(false);
            // SAFETY: in a relaxed run all visits go this way, and slots are the worker's own, at one visit at a time.
            private.own_version.set(unsafe { lent.own(private).take() });
        }
        lent
    }

    pub(crate) fn vertex_id(&self) -> u32 {
        self.claim.vertex()
    }

    fn own<'a>(&'a self, private: &'a Private<V, E>) -> Copies<'a, V> {
        let at = self.claim.vertex() as usize;
        let versions = private.versions.as_deref();
        Copies { cells: &self.cells.vertices, slots: &private.own, at, datum: at, versions }
    }

    fn neighbor<'a>(&'a self, private: &'a Private<V, E>, at: EdgeAt) -> Copies<'a, V> {
        let at = at.neighbor as usize;
        let versions = private.versions.as_deref();
        Copies { cells: &self.cells.vertices, slots: &private.neighbor, at, datum: at, versions }
    }

    fn edge<'a>(&'a self, private: &'a Private<V, E>, at: EdgeAt) -> Copies<'a, E> {
        // Edges without content are nobody's data.
        let versions = private.versions.as_deref().filter(|_| !self.cells.edges.is_void());
        let datum = self.edge_datum(at.edge);
        Copies { cells: &self.cells.edges, slots: &private.edge, at: at.edge, datum, versions }
    }

    fn edge_datum(&self, edge: usize) -> usize {
        self.cells.vertices.len() + edge
    }

    /// Notes the access to a vertex before it is lent.
    #[inline(always)]
    fn touch_vertex(&self, vertex: u32, writes: bool) {
        match &self.way {
            Way::Held => (),
            Way::Recorded(recorder) => recorder.borrow_mut().touch(vertex as usize, writes),
            Way::Private(private) => {
                if vertex == self.claim.vertex()
                    && !private.own_read.replace(true)
                    && let Some(recorder) = &private.recorder
                {
                    recorder.borrow_mut().read(vertex as usize, private.own_version.get());
                }
            }
        }
    }

    /// The visited vertex.
    #[inline(always)]
    pub(crate) fn vertex(&self) -> V::Ref<'_> {
        let at = self.claim.vertex();
        self.touch_vertex(at, false);
        // SAFETY: the claim covers its own vertex, or the slot is the worker's; the borrow of self keeps either from being
        // lent to be written meanwhile.
        unsafe {
            match &self.way {
                Way::Private(private) => private.own.cells().get(0),
                _ => self.cells.vertices.get(at as usize),
            }
        }
    }

    /// The visited vertex, to be written.
    #[inline(always)]
    pub(crate) fn vertex_mut(&mut self) -> V::Mut<'_> {
        let at = self.claim.vertex();
        self.touch_vertex(at, true);
        // SAFETY: as in `vertex`, and the borrow of self is exclusive.
        unsafe {
            match &self.way {
                Way::Private(private) => private.own.cells().get_mut(0),
                _ => self.cells.vertices.get_mut(at as usize),
            }
        }
    }

    /// How many edges end in the vertex, or start at it.
    #[inline(always)]
    pub(crate) fn degree(&self, outgoing: bool) -> usize {
        let rows = if outgoing { self.cells.out } else { self.cells.into };
        rows.degree(self.claim.vertex()) as usize
    }

    /// The i-th edge that ends in the vertex, or starts at it.
    ///
    /// # Panics
    /// If there is no such edge.
    #[inline(always)]
    pub(crate) fn edge_at(&mut self, outgoing: bool, i: usize) -> LentEdge<'_, V, E> {
        let vertex = self.claim.vertex();
        let rows = if outgoing { self.cells.out } else { self.cells.into };
        let position = rows.range(vertex).0 + i;
        let neighbor = rows.neighbors(vertex)[i];
        let edge = if outgoing { position } else { self.cells.in_to_out[position] as usize };
        LentEdge { lent: self, at: EdgeAt { neighbor, edge, outgoing }, taken: Taken::Nothing }
    }

    /// The neighbors along a direction.
    #[inline(always)]
    pub(crate) fn neighbors(&self, outgoing: bool) -> &[u32] {
        let rows = if outgoing { self.cells.out } else { self.cells.into };
        rows.neighbors(self.claim.vertex())
    }

    /// Copies an edge, and the neighbour at its end if the visit may see it.
    fn take(&self, private: &Private<V, E>, at: EdgeAt, sees_neighbor: bool) {
        // SAFETY: in a relaxed run all visits go this way; slots are the worker's own, and nothing of them is lent yet.
        let (neighbor, edge) = unsafe {
            (sees_neighbor.then(|| self.neighbor(private, at).take()), self.edge(private, at).take())
        };
        if let Some(recorder) = &private.recorder {
            let mut recorder = recorder.borrow_mut();
            neighbor.into_iter().for_each(|version| recorder.read(at.neighbor as usize, version));
            if !self.cells.edges.is_void() {
                recorder.read(self.edge_datum(at.edge), edge);
            }
        }
    }

    /// Puts back what a visit of an edge wrote to copies.
    fn put(&self, at: EdgeAt) {
        let Way::Private(private) = &self.way else { return };
        // SAFETY: as in `take`; nothing of them is lent any more.
        let (neighbor, edge) = unsafe { (self.neighbor(private, at).put(), self.edge(private, at).put()) };
        if let Some(recorder) = &private.recorder {
            let mut recorder = recorder.borrow_mut();
            neighbor.into_iter().for_each(|version| recorder.wrote(at.neighbor as usize, version));
            edge.into_iter().for_each(|version| recorder.wrote(self.edge_datum(at.edge), version));
        }
    }

    /// Puts back what the visit wrote to the copy of its own vertex. To be called when it is over.
    #[inline(always)]
    pub(crate) fn commit(&self) {
        if let Way::Private(private) = &self.way {
            // SAFETY: as in `take`; nothing of it is lent any more.
            let version = unsafe { self.own(private).put() };
            if let (Some(recorder), Some(version)) = (&private.recorder, version) {
                recorder.borrow_mut().wrote(self.claim.vertex() as usize, version);
            }
        }
    }

    /// How many locks the visit had to wait for.
    #[inline(always)]
    pub(crate) fn waits(&self) -> u32 {
        self.claim.waits()
    }
}

impl<V: Store, E: Store> Drop for Lent<'_, V, E> {
    #[inline(always)]
    fn drop(&mut self) {
        // A panic gives back what the visit borrows before the claim is given up, so that nobody takes it for an overlap.
        if let Way::Recorded(recorder) = &self.way {
            recorder.borrow_mut().give_back();
        }
    }
}

impl<V: Store, E: Store> LentEdge<'_, V, E> {
    #[inline(always)]
    pub(crate) fn neighbor(&self) -> u32 {
        self.at.neighbor
    }

    #[inline(always)]
    pub(crate) fn is_outgoing(&self) -> bool {
        self.at.outgoing
    }

    #[inline(always)]
    pub(crate) fn is_loop(&self) -> bool {
        self.at.neighbor == self.lent.claim.vertex()
    }

    /// What must be before parts are lent: the claim covers them, their copies are there, and they are noted.
    #[inline(always)]
    fn prepare(&mut self, reach: Reach, writes_edge: bool, neighbor: Option<bool>) {
        let (lent, at) = (self.lent, self.at);
        assert!(neighbor.is_none() || !self.is_loop(), "a self-loop has one end");
        match &lent.way {
            Way::Held => assert!(lent.claim.reach() >= reach, "beyond the claim"),
            Way::Recorded(recorder) => {
                assert!(lent.claim.reach() >= reach, "beyond the claim");
                let mut recorder = recorder.borrow_mut();
                recorder.touch(lent.claim.vertex() as usize, true);
                if !lent.cells.edges.is_void() {
                    recorder.touch(lent.edge_datum(at.edge), writes_edge);
                }
                neighbor.into_iter().for_each(|writes| recorder.touch(at.neighbor as usize, writes));
            }
            Way::Private(private) => {
                lent.touch_vertex(lent.claim.vertex(), true);
                let taken = if neighbor.is_some() { Taken::EdgeAndNeighbor } else { Taken::Edge };
                if self.taken < taken {
                    lent.take(private, at, neighbor.is_some());
                    self.taken = taken;
                }
            }
        }
    }

    /// Vertex consistency: the visited vertex to be written, the edge to be read.
    #[inline(always)]
    pub(crate) fn vertex_parts(&mut self) -> (V::Mut<'_>, E::Ref<'_>) {
        self.prepare(Reach::Own, false, None);
        let (lent, at) = (self.lent, self.at);
        // SAFETY: the claim covers its own vertex, and that nobody writes the edge; slots are the worker's. The scope is
        // borrowed exclusively by this edge, and this edge by what is lent.
        unsafe {
            match &lent.way {
                Way::Private(private) => (private.own.cells().get_mut(0), private.edge.cells().get(0)),
                _ => {
                    (lent.cells.vertices.get_mut(lent.claim.vertex() as usize), lent.cells.edges.get(at.edge))
                }
            }
        }
    }

    /// Edge consistency: the visited vertex and the edge to be written, the neighbour to be read.
    ///
    /// # Panics
    /// If it is a self-loop.
    #[inline(always)]
    pub(crate) fn edge_parts(&mut self) -> (V::Mut<'_>, E::Mut<'_>, V::Ref<'_>) {
        self.prepare(Reach::Read, true, Some(false));
        let (lent, at) = (self.lent, self.at);
        // SAFETY: as in `vertex_parts`; the neighbour is another vertex, which the claim covers to be read.
        unsafe {
            match &lent.way {
                Way::Private(private) => (
                    private.own.cells().get_mut(0),
                    private.edge.cells().get_mut(0),
                    private.neighbor.cells().get(0),
                ),
                _ => (
                    lent.cells.vertices.get_mut(lent.claim.vertex() as usize),
                    lent.cells.edges.get_mut(at.edge),
                    lent.cells.vertices.get(at.neighbor as usize),
                ),
            }
        }
    }

    /// Full consistency: the visited vertex, the edge and the neighbour to be written.
    ///
    /// # Panics
    /// If it is a self-loop.
    #[inline(always)]
    pub(crate) fn full_parts(&mut self) -> (V::Mut<'_>, E::Mut<'_>, V::Mut<'_>) {
        self.prepare(Reach::Write, true, Some(true));
        let (lent, at) = (self.lent, self.at);
        // SAFETY: as in `vertex_parts`; the neighbour is another vertex, which the claim covers to be written.
        unsafe {
            match &lent.way {
                Way::Private(private) => (
                    private.own.cells().get_mut(0),
                    private.edge.cells().get_mut(0),
                    private.neighbor.cells().get_mut(0),
                ),
                _ => (
                    lent.cells.vertices.get_mut(lent.claim.vertex() as usize),
                    lent.cells.edges.get_mut(at.edge),
                    lent.cells.vertices.get_mut(at.neighbor as usize),
                ),
            }
        }
    }
}

impl<V: Store, E: Store> Drop for LentEdge<'_, V, E> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.taken == Taken::EdgeAndNeighbor {
            self.lent.put(self.at);
        }
    }
}
