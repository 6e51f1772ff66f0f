//! Claims: the right to touch the scope of one vertex. Cells give nothing out without one.
//!
//! Claims come from one kind of session at a time, since each borrows [`Claims`] exclusively:
//!
//! | session | two claims are apart because |
//! |---|---|
//! | [`Claims::alone`] | there is one at a time |
//! | [`Claims::locking`] | each holds the locks of its scope, or with few workers has marked it |
//! | [`Claims::phase`] | their vertices have one color of a verified coloring, and each is handed out once |
//!
//! What a claim covers of the neighbours is its [`Reach`]; what it covers of the edges follows: an edge is covered by the
//! claims of both its ends, and under `Read` and `Write` two claims never cover both ends of one edge.

use super::Rows;
use super::locks::Locks;
use super::marks::{Marks, Touched};
use crate::exclusion::{Coloring, Distance};
use crate::primitives::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// So many workers keep scopes apart by marks: more would look at each other more often than locks cost.
const FEW: usize = 4;

/// How far a claim goes beyond its own vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Not at all: neighbours are not touched, edges are read.
    Own,
    /// Neighbours are read, edges written.
    Read,
    /// Neighbours and edges are written.
    Write,
}

/// Whose neighbours claims cover, how far, and the locks that hold them.
pub(crate) struct Claims<'g> {
    into: &'g Rows,
    out: &'g Rows,
    /// Which edges lead to the neighbours that claims cover.
    along_into: bool,
    along_out: bool,
    reach: Reach,
    /// None where nobody takes any.
    locks: Locks,
    /// Instead of locks, where few workers claim more than their own vertex.
    marks: Option<Marks>,
    /// Whether the only claimant of a session alone is at work.
    busy: AtomicBool,
    #[cfg(test)]
    pub(crate) fault: Option<Fault>,
}

/// Ways of taking locks wrongly, for tests to see them caught.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// No neighbour is locked.
    NeighborsForgotten,
    /// The neighbour of the highest number is not locked.
    LastNeighborForgotten,
    /// Neighbours are locked to be read where the scope writes them.
    NeighborsOnlyRead,
    /// The own vertex is locked as if it were only read.
    OwnOnlyRead,
    /// The locks are taken and given up at once.
    ReleasedEarly,
    /// Only neighbours along in-edges are locked.
    OutNeighborsForgotten,
    /// The locks are taken from the own vertex on, and round.
    WrongOrder,
}

impl<'g> Claims<'g> {
    /// Over rows of the same vertices: in-edges and out-edges.
    pub(crate) fn new(into: &'g Rows, out: &'g Rows, reach: Reach) -> Self {
        assert_eq!(into.vertices(), out.vertices(), "two sides of one graph");
        Claims {
            into,
            out,
            along_into: true,
            along_out: true,
            reach,
            locks: Locks::new(0),
            marks: None,
            busy: AtomicBool::new(false),
            #[cfg(test)]
            fault: None,
        }
    }

    /// Covers only the neighbours along these edges.
    pub(crate) fn along(self, into: bool, out: bool) -> Self {
        Claims { along_into: into, along_out: out, ..self }
    }

    /// Claims of one worker, one at a time.
    pub(crate) fn alone(&mut self) -> Session<'_> {
        Session { claims: self, kind: Kind::Alone, sources: AtomicUsize::new(0) }
    }

    /// Claims of so many workers, which wait for the locks of their scopes.
    pub(crate) fn locking(&mut self, workers: usize) -> Session<'_> {
        let marks = workers <= FEW && self.reach != Reach::Own;
        // Faults are seeded into locks.
        #[cfg(test)]
        let marks = marks && self.fault.is_none();
        if marks {
            if self.marks.as_ref().is_none_or(|marks| marks.workers() != workers) {
                self.marks = Some(Marks::new(workers, self.out.vertices()));
            }
            return Session { claims: self, kind: Kind::Marks, sources: AtomicUsize::new(0) };
        }
        if self.locks.is_empty() {
            self.locks = Locks::new(self.out.vertices());
            #[cfg(test)]
            self.locks.lose_patience(self.fault == Some(Fault::WrongOrder));
        }
        Session { claims: self, kind: Kind::Locks, sources: AtomicUsize::new(0) }
    }

    /// Claims of the vertices of one color, without locks.
    ///
    /// # Panics
    /// If the coloring is of another graph, or does not keep apart what the claims' reach would touch.
    pub(crate) fn phase<'t>(&'t mut self, coloring: &'t Coloring, color: u32) -> Phase<'t> {
        let enough = match self.reach {
            Reach::Own => true,
            Reach::Read => coloring.distance() >= Distance::One,
            Reach::Write => coloring.distance() >= Distance::Two,
        };
        assert!(enough && coloring.colors().len() == self.out.vertices(), "a coloring for these claims");
        Phase { claims: self, members: coloring.class(color) }
    }

    /// Whether both speak of the same edges.
    #[inline(always)]
    pub(super) fn are_of(&self, into: &Rows, out: &Rows) -> bool {
        std::ptr::eq(self.into, into) && std::ptr::eq(self.out, out)
    }

    pub(super) fn covers_into(&self) -> bool {
        self.along_into
    }

    pub(super) fn covers_out(&self) -> bool {
        self.along_out
    }

    /// The rows of the neighbours that the claim of a vertex covers.
    #[inline(always)]
    fn rows(&self, vertex: u32) -> [&'g [u32]; 2] {
        let same = std::ptr::eq(self.into, self.out);
        let into = self.along_into && !(same && self.along_out);
        let row = |rows: &'g Rows, covered| if covered { rows.neighbors(vertex) } else { &[] };
        [row(self.into, into), row(self.out, self.along_out)]
    }

    #[inline(always)]
    fn touched(&self, vertex: u32) -> Touched<'g> {
        Touched { vertex, rows: self.rows(vertex), writes_rows: self.reach == Reach::Write }
    }

    /// Marks, of a session that has them.
    #[inline(always)]
    fn marks(&self) -> &Marks {
        self.marks.as_ref().expect("a session with marks")
    }

    /// Lists the vertex and the neighbours that its claim covers, ascending, each once.
    fn list_scope(&self, vertex: u32, scope: &mut Vec<u32>) {
        scope.clear();
        match self.rows(vertex) {
            [row, []] | [[], row] => scope.extend_from_slice(row),
            [into, out] => merge(into, out, scope),
        }
        scope.dedup();
        if let Err(at) = scope.binary_search(&vertex) {
            scope.insert(at, vertex);
        }
    }

    /// Takes the locks of a scope in ascending order; how often it had to wait.
    fn lock(&self, vertex: u32, scope: &mut Vec<u32>) -> u32 {
        #[cfg(test)]
        if let Some(fault) = self.fault {
            return self.lock_wrongly(vertex, scope, fault);
        }
        if self.reach == Reach::Own {
            return self.locks.write(vertex).into();
        }
        self.list_scope(vertex, scope);
        let mut waits = 0;
        for v in &*scope {
            let writes = *v == vertex || self.reach == Reach::Write;
            waits += u32::from(if writes { self.locks.write(*v) } else { self.locks.read(*v) });
        }
        waits
    }

    /// Gives up what `lock` took and listed.
    fn release(&self, vertex: u32, scope: &[u32]) {
        #[cfg(test)]
        if let Some(fault) = self.fault {
            return self.release_wrongly(vertex, scope, fault);
        }
        if self.reach == Reach::Own {
            return self.locks.release_write(vertex);
        }
        for v in scope {
            let writes = *v == vertex || self.reach == Reach::Write;
            if writes { self.locks.release_write(*v) } else { self.locks.release_read(*v) }
        }
    }

    #[cfg(test)]
    fn wrong_locks(&self, vertex: u32, scope: &[u32], fault: Fault) -> Vec<(u32, bool)> {
        let writes = |v| v == vertex || self.reach == Reach::Write;
        let mut locks: Vec<(u32, bool)> = scope.iter().map(|v| (*v, writes(*v))).collect();
        match fault {
            Fault::NeighborsForgotten => locks.retain(|(v, _)| *v == vertex),
            Fault::LastNeighborForgotten => {
                let last = locks.iter().rposition(|(v, _)| *v != vertex);
                last.map(|last| locks.remove(last));
            }
            Fault::NeighborsOnlyRead => locks.iter_mut().for_each(|(v, writes)| *writes = *v == vertex),
            Fault::OwnOnlyRead => locks.iter_mut().for_each(|(v, writes)| *writes &= *v != vertex),
            Fault::OutNeighborsForgotten => {
                let into = self.into.neighbors(vertex);
                locks.retain(|(v, _)| *v == vertex || into.contains(v));
            }
            Fault::WrongOrder => {
                let own = locks.iter().position(|(v, _)| *v == vertex).unwrap_or(0);
                locks.rotate_left(own);
            }
            Fault::ReleasedEarly => (),
        }
        locks
    }

    #[cfg(test)]
    fn lock_wrongly(&self, vertex: u32, scope: &mut Vec<u32>, fault: Fault) -> u32 {
        self.list_scope(vertex, scope);
        let mut waits = 0;
        for (v, writes) in self.wrong_locks(vertex, scope, fault) {
            crate::primitives::yield_now();
            waits += u32::from(if writes { self.locks.write(v) } else { self.locks.read(v) });
        }
        if fault == Fault::ReleasedEarly {
            self.unlock_all(vertex, scope, fault);
        }
        waits
    }

    #[cfg(test)]
    fn release_wrongly(&self, vertex: u32, scope: &[u32], fault: Fault) {
        if fault != Fault::ReleasedEarly {
            self.unlock_all(vertex, scope, fault);
        }
    }

    #[cfg(test)]
    fn unlock_all(&self, vertex: u32, scope: &[u32], fault: Fault) {
        for (v, writes) in self.wrong_locks(vertex, scope, fault) {
            if writes { self.locks.release_write(v) } else { self.locks.release_read(v) }
        }
    }
}

/// Two ascending lists as one.
fn merge(a: &[u32], b: &[u32], into: &mut Vec<u32>) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let first = a[i] <= b[j];
        into.push(if first { a[i] } else { b[j] });
        i += usize::from(first);
        j += usize::from(!first);
    }
    into.extend_from_slice(&a[i..]);
    into.extend_from_slice(&b[j..]);
}

/// Where claims come from while workers run.
pub(crate) struct Session<'t> {
    claims: &'t Claims<'t>,
    kind: Kind,
    /// How many there were.
    sources: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Alone,
    Locks,
    Marks,
}

impl<'t> Session<'t> {
    /// The source of one worker.
    ///
    /// # Panics
    /// If the session is for one worker, and another has its source; or if there were sources for all of its workers.
    pub(crate) fn source(&self) -> Source<'_> {
        let worker = self.sources.fetch_add(1, Relaxed);
        assert!(
            self.kind != Kind::Marks || worker < self.claims.marks().workers(),
            "a source for each worker"
        );
        let taken = self.kind == Kind::Alone && self.claims.busy.swap(true, Acquire);
        assert!(!taken, "two workers in a session for one");
        Source { claims: self.claims, kind: self.kind, worker, scope: Vec::new() }
    }
}

/// Where one worker's claims come from.
pub(crate) struct Source<'t> {
    claims: &'t Claims<'t>,
    kind: Kind,
    /// Whose marks it makes.
    worker: usize,
    /// Whose locks the claim holds.
    scope: Vec<u32>,
}

impl Source<'_> {
    /// Waits until the scope of the vertex is free, and claims it.
    ///
    /// # Panics
    /// If there is no such vertex.
    #[inline]
    pub(crate) fn claim(&mut self, vertex: u32) -> Claim<'_> {
        match self.kind {
            Kind::Alone => Claim { claims: self.claims, vertex, held: Held::Nothing, waits: 0 },
            Kind::Marks => {
                let waits = self.claims.marks().claim(self.worker, self.claims.touched(vertex));
                Claim { claims: self.claims, vertex, held: Held::Marks(self.worker), waits }
            }
            Kind::Locks => {
                let waits = self.claims.lock(vertex, &mut self.scope);
                Claim { claims: self.claims, vertex, held: Held::Locks(&self.scope), waits }
            }
        }
    }
}

impl Drop for Source<'_> {
    fn drop(&mut self) {
        if self.kind == Kind::Alone {
            self.claims.busy.store(false, Release);
        }
    }
}

/// Vertices whose scopes are apart, to be claimed once each.
pub(crate) struct Phase<'t> {
    claims: &'t Claims<'t>,
    /// Distinct, of one color.
    members: &'t [u32],
}

impl<'t> Phase<'t> {
    /// The same once more, for somebody else to claim first.
    pub(crate) fn again(&mut self) -> Phase<'_> {
        Phase { claims: self.claims, members: self.members }
    }

    /// The first so many, and the rest.
    pub(crate) fn split_at(self, at: usize) -> (Self, Self) {
        let (left, right) = self.members.split_at(at);
        (Phase { claims: self.claims, members: left }, Phase { claims: self.claims, members: right })
    }

    /// The member after so many others.
    #[inline(always)]
    pub(crate) fn ahead(&self, members: usize) -> Option<u32> {
        self.members.get(members).copied()
    }

    /// Claims the next member that is wanted, and passes over those before it.
    #[inline(always)]
    pub(crate) fn claim_next(&mut self, wanted: impl Fn(u32) -> bool) -> Option<Claim<'_>> {
        let at = self.members.iter().position(|vertex| wanted(*vertex))?;
        let vertex = self.members[at];
        self.members = &self.members[at + 1..];
        Some(Claim { claims: self.claims, vertex, held: Held::Nothing, waits: 0 })
    }
}

/// The right to touch the scope of a vertex, until it is dropped.
pub(crate) struct Claim<'c> {
    claims: &'c Claims<'c>,
    vertex: u32,
    held: Held<'c>,
    waits: u32,
}

/// What a claim gives up in the end.
#[derive(Clone, Copy)]
enum Held<'c> {
    Nothing,
    /// The locks of this scope.
    Locks(&'c [u32]),
    /// The marks of this worker.
    Marks(usize),
}

impl<'c> Claim<'c> {
    #[inline(always)]
    pub(crate) fn vertex(&self) -> u32 {
        self.vertex
    }

    #[inline(always)]
    pub(crate) fn reach(&self) -> Reach {
        self.claims.reach
    }

    /// How many locks it had to wait for.
    #[inline(always)]
    pub(crate) fn waits(&self) -> u32 {
        self.waits
    }

    /// Gives the scope up, and waits for it once more: what was read before may have changed since.
    #[cfg(test)]
    pub(crate) fn lapse(&mut self) {
        self.give_up();
        crate::primitives::yield_now();
        match self.held {
            Held::Nothing => (),
            Held::Locks(scope) => {
                self.claims.lock(self.vertex, &mut scope.to_vec());
            }
            Held::Marks(worker) => {
                self.claims.marks().claim(worker, self.claims.touched(self.vertex));
            }
        }
    }

    #[inline(always)]
    fn give_up(&self) {
        match self.held {
            Held::Nothing => (),
            Held::Locks(scope) => self.claims.release(self.vertex, scope),
            Held::Marks(worker) => self.claims.marks().release(worker, self.claims.touched(self.vertex)),
        }
    }

    #[inline(always)]
    pub(super) fn claims(&self) -> &'c Claims<'c> {
        self.claims
    }
}

impl Drop for Claim<'_> {
    #[inline]
    fn drop(&mut self) {
        self.give_up();
    }
}

#[cfg(all(test, shuttle, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicI32 as Word, AtomicU32 as Plain, Ordering::Relaxed};

    use shuttle::sync::Arc;
    use shuttle::thread;

    use super::*;
    use crate::Random;
    use crate::graph::{GraphBuilder, Side};

    /// A datum that fails where two meet, and a count that is lost where two write.
    #[derive(Default)]
    struct Datum {
        word: Word,
        count: Plain,
    }

    impl Datum {
        fn share(&self) {
            assert!(self.word.fetch_add(1, Relaxed) >= 0, "a reader meets a writer");
        }
        fn own(&self) {
            assert_eq!(self.word.swap(-1, Relaxed), 0, "a writer meets somebody");
        }
        fn write(&self) {
            let before = self.count.load(Relaxed);
            thread::yield_now();
            self.count.store(before + 1, Relaxed);
        }
    }

    /// Visits of random scopes of a random graph by several workers: nobody meets, no write is lost, nobody waits for ever.
    fn check(seed: u64, reach: Reach, fault: Option<Fault>, few: bool) {
        let mut random = Random::keyed(seed, 0, 0, 0);
        let vertices = 3 + random.below(3);
        let edges: Vec<[u32; 2]> =
            (0..1 + random.below(7)).map(|_| [0; 2].map(|_| random.below(vertices) as u32)).collect();
        let graph = GraphBuilder::directed(vertices as usize).plain_edges(&edges).build().unwrap();
        let topology = graph.topology().clone();
        let workers = 2 + random.below(2);
        let tours: Vec<Vec<u32>> =
            (0..workers).map(|_| (0..2).map(|_| random.below(vertices) as u32).collect()).collect();
        shuttle::check_random(
            move || {
                let topology: &'static _ = Box::leak(Box::new(topology.clone()));
                let claims = Box::leak(Box::new(Claims::new(topology.side(Side::In), &topology.out, reach)));
                claims.fault = fault;
                let session: &'static Session<'static> =
                    Box::leak(Box::new(claims.locking(if few { workers as usize } else { 64 })));
                let data: Arc<Vec<Datum>> = Arc::new((0..vertices).map(|_| Datum::default()).collect());
                let threads: Vec<_> = tours
                    .iter()
                    .map(|tour| {
                        let (tour, data) = (tour.clone(), Arc::clone(&data));
                        thread::spawn(move || {
                            let mut source = session.source();
                            for vertex in tour {
                                let claim = source.claim(vertex);
                                let mut scope = topology.in_neighbors(claim.vertex()).to_vec();
                                scope.extend(topology.out_neighbors(claim.vertex()));
                                scope.retain(|neighbor| *neighbor != vertex && reach != Reach::Own);
                                scope.sort_unstable();
                                scope.dedup();
                                let (own, writes) = (&data[vertex as usize], reach == Reach::Write);
                                let others = || scope.iter().map(|neighbor| &data[*neighbor as usize]);
                                own.own();
                                others().for_each(|other| if writes { other.own() } else { other.share() });
                                own.write();
                                others().filter(|_| writes).for_each(Datum::write);
                                let free = |datum: &Datum| {
                                    let word = datum.word.load(Relaxed);
                                    datum.word.store(if word < 0 { 0 } else { word - 1 }, Relaxed);
                                };
                                others().for_each(free);
                                free(own);
                            }
                        })
                    })
                    .collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap());
                let visits: u32 = data.iter().map(|datum| datum.count.load(Relaxed)).sum();
                let scopes = |vertex: u32| {
                    let mut scope = topology.in_neighbors(vertex).to_vec();
                    scope.extend(topology.out_neighbors(vertex));
                    scope.push(vertex);
                    scope.sort_unstable();
                    scope.dedup();
                    if reach == Reach::Write { scope.len() as u32 } else { 1 }
                };
                assert_eq!(visits, tours.iter().flatten().map(|vertex| scopes(*vertex)).sum::<u32>());
            },
            60,
        );
    }

    #[test]
    fn model_checked_claims_keep_scopes_apart() {
        for seed in 0..60 {
            for reach in [Reach::Own, Reach::Read, Reach::Write] {
                check(seed, reach, None, true);
                check(seed, reach, None, false);
            }
        }
    }

    /// The same visits under claims that go wrong fail, so that the test above says something.
    #[test]
    fn model_checked_wrong_claims_are_noticed() {
        for (reach, fault) in [
            (Reach::Read, Fault::NeighborsForgotten),
            (Reach::Read, Fault::OwnOnlyRead),
            (Reach::Write, Fault::NeighborsOnlyRead),
            (Reach::Write, Fault::LastNeighborForgotten),
            (Reach::Write, Fault::OutNeighborsForgotten),
            (Reach::Write, Fault::WrongOrder),
            (Reach::Own, Fault::ReleasedEarly),
        ] {
            let fails = |seed| std::panic::catch_unwind(|| check(seed, reach, Some(fault), false)).is_err();
            assert!((0..60).any(fails), "{fault:?} under {reach:?}");
        }
    }
}
