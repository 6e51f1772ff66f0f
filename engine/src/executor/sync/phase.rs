//! The phases of a round: which columns a phase reads and writes, and how its work is handed out.

use gasworks_kernels::Isa;
use std::ops::Range;

use super::chunks::{cut, cut_range};
use super::frontier::Frontier;
use super::hubs::{Hubs, Slot};
use super::push::{Delivery, Push};
use super::visit::{Chunk, From, List, Own, Shared, Tally};
use crate::context::Context;
use crate::data::{Data, Mut};
use crate::executor::per_worker::PerWorker;
use crate::executor::sides;
use crate::graph::{EdgeColumns, Side, Topology, Vertex, VertexSet};
use crate::memory::{Column, ColumnMut, ColumnRef};
use crate::program::{Ghost, VertexProgram};
use crate::scheduler::{Phase, Selection};

/// Fewer active vertices than one in so many are listed; more are found by scanning.
const LISTED: usize = 16;

/// What lives as long as the run.
pub(super) struct Machine<P: VertexProgram> {
    /// The ghosts that neighbours read; none where phases read vertices in place.
    ghosts: Option<Column<P::Ghost>>,
    /// The ghosts of the next round, where everyone publishes at once.
    next_ghosts: Option<Column<P::Ghost>>,
    /// Bounds of the chunks of all vertices of each phase.
    bounds: Vec<Vec<usize>>,
    /// The hubs of each phase, and accumulators for their parts.
    hubs: Vec<Hubs>,
    slots: Vec<Slot<P::Gather>>,
    /// The active vertices and the bounds of their chunks, where they are listed.
    list: Vec<Vertex>,
    list_bounds: Vec<usize>,
    accumulators: PerWorker<P::Gather>,
    /// Made by the first round that pushes.
    push: Option<Push<P::Gather>>,
    isa: Isa,
}

impl<P: VertexProgram> Machine<P> {
    pub(super) fn new(
        program: &P,
        threads: usize,
        isa: Isa,
        phases: &[Phase],
        selection: Selection,
        cx: Context<'_, P::Global>,
        vertices: &Column<P::Vertex>,
    ) -> Self {
        let topology = cx.topology;
        let n = topology.vertices();
        let all = phases.contains(&Phase::All);
        let column = || P::Ghost::column(n, program.ghost_width(vertices.width()));
        let (mut bounds, mut hubs) = (Vec::new(), Vec::new());
        for phase in phases {
            let range = range(*phase, topology);
            let found = Hubs::find::<P>(topology, range.clone());
            bounds.push(cut_range(topology, P::GATHER, range, found.vertices()));
            hubs.push(found);
        }
        let slots = hubs.iter().map(|hubs| hubs.slots(|| program.accumulator()));
        let slots = slots.max_by_key(Vec::len).unwrap_or_default();
        Machine {
            ghosts: (all || !P::GHOST_IS_VERTEX).then(column),
            next_ghosts: (all && selection == Selection::Everyone).then(column),
            bounds,
            hubs,
            slots,
            list: Vec::new(),
            list_bounds: Vec::new(),
            accumulators: PerWorker::new(threads, |_| program.accumulator()),
            push: None,
            isa,
        }
    }

    /// Writes the ghosts that the first round reads.
    pub(super) fn start(
        &mut self,
        program: &P,
        cx: Context<'_, P::Global>,
        vertices: &Column<P::Vertex>,
        frontier: &Frontier,
    ) {
        // Of published ghosts, none but the starters' are read before they are written again.
        let starters =
            if let Frontier::Published(publishers) = frontier { Some(&publishers.set) } else { None };
        self.publish(program, cx, vertices, starters);
    }

    /// The phase of this number, and its barrier.
    pub(super) fn phase(
        &mut self,
        program: &P,
        (at, phase): (usize, Phase),
        cx: Context<'_, P::Global>,
        vertices: &mut Column<P::Vertex>,
        edges: &EdgeColumns<P::Edge>,
        frontier: &mut Frontier,
    ) -> Tally {
        if let Frontier::Published(publishers) = frontier
            && publishers.choose(cx.topology, P::SCATTER)
        {
            return self.deliver(program, cx, vertices, edges, &mut publishers.list);
        }
        let tally = self.visits(program, (at, phase), cx, vertices, edges, frontier);
        self.after_phase(program, phase, cx, vertices, frontier);
        tally
    }

    fn visits(
        &mut self,
        program: &P,
        (at, phase): (usize, Phase),
        cx: Context<'_, P::Global>,
        vertices: &mut Column<P::Vertex>,
        edges: &EdgeColumns<P::Edge>,
        frontier: &Frontier,
    ) -> Tally {
        let range = range(phase, cx.topology);
        let sets = Sets::of(frontier, phase);
        let listed = sets.active.filter(|active| active.len_in(range.clone()) < range.len() / LISTED);
        if let Some(active) = listed {
            self.list.clear();
            self.list.extend(active.iter_in(range.clone()));
            cut(cx.topology, P::GATHER, self.list.len(), |at| self.list[at], &mut self.list_bounds);
        }
        let views: Views<'_, P> = match (phase, cx.topology.left()) {
            (Phase::Left | Phase::Right, Some(left)) => Views::side(phase, left, vertices, &mut self.ghosts),
            _ => Views::all(vertices, &self.ghosts, &mut self.next_ghosts),
        };
        let (base, ghosts) = (views.base, views.ghosts);
        let read = |side| {
            let follows = |along| sides(along, cx.topology).any(|other| other == side);
            let read = || {
                let edges = match side {
                    Side::In => edges.incoming(cx.topology),
                    Side::Out => edges.outgoing(),
                };
                cx.topology.side(side).reading(base, ghosts, edges)
            };
            // A phase of one side reads the other: only these edges have their other ends among the ghosts.
            let here = match phase {
                Phase::All => true,
                Phase::Left => side == Side::Out,
                Phase::Right => side == Side::In,
            };
            (here && (follows(P::GATHER) || follows(P::SCATTER))).then(read)
        };
        let shared = Shared {
            program,
            cx,
            into: read(Side::In),
            out: read(Side::Out),
            active: sets.active,
            publishers: sets.publishers,
            woken: sets.woken,
            published: sets.published,
            accumulators: &self.accumulators,
        };
        let mut own = Own { first: range.start, vertices: views.vertices, publish: views.publish };
        let hubs = self.hubs[at].visit(&shared, self.isa, &mut own, &mut self.slots);
        let chunks = if listed.is_some() {
            spread(&shared, self.isa, &self.list[..], &self.list_bounds, own)
        } else {
            spread(&shared, self.isa, From(range.start), &self.bounds[at], own)
        };
        hubs.plus(chunks)
    }

    /// A round whose publishers push: the list becomes that of those who publish next.
    fn deliver(
        &mut self,
        program: &P,
        cx: Context<'_, P::Global>,
        vertices: &mut Column<P::Vertex>,
        edges: &EdgeColumns<P::Edge>,
        list: &mut Vec<Vertex>,
    ) -> Tally {
        let ghosts = self.ghosts.as_ref().expect("a phase of all has a column of ghosts").view();
        let shared = Shared {
            program,
            cx,
            into: None,
            out: None,
            active: None,
            publishers: None,
            woken: None,
            published: None,
            accumulators: &self.accumulators,
        };
        let own = Own { first: 0, vertices: vertices.view_mut(), publish: None };
        let delivery = Delivery { shared: &shared, ghosts, edges, hubs: &self.hubs[0], isa: self.isa };
        let make = || Push::new(cx.topology.vertices(), rayon::current_num_threads());
        let tally = self.push.get_or_insert_with(make).round(delivery, own, list);
        if let Some(ghosts) = &mut self.ghosts {
            write_listed(ghosts.view_mut(), 0, list, &|vertex, ghost| {
                program.ghost(&Context { vertex, ..cx }, vertices.get(vertex as usize), ghost);
            });
        }
        tally
    }

    /// The barrier: ghosts become visible, and the frontier moves on.
    fn after_phase(
        &mut self,
        program: &P,
        phase: Phase,
        cx: Context<'_, P::Global>,
        vertices: &Column<P::Vertex>,
        frontier: &mut Frontier,
    ) {
        match (frontier, phase) {
            (Frontier::Everyone { .. }, Phase::All) => {
                std::mem::swap(&mut self.ghosts, &mut self.next_ghosts)
            }
            (Frontier::Everyone { .. }, _) => (),
            (Frontier::Woken { active, next }, Phase::All) => {
                self.publish(program, cx, vertices, Some(active));
                std::mem::swap(active, next);
                next.clear();
            }
            (Frontier::Woken { active, .. }, _) => active.remove_range(range(phase, cx.topology)),
            (Frontier::Published(publishers), _) => {
                self.publish(program, cx, vertices, Some(&publishers.next));
                publishers.advance();
            }
        }
    }

    /// Writes the ghosts of these vertices, or of all, where there is a column of ghosts.
    fn publish(
        &mut self,
        program: &P,
        cx: Context<'_, P::Global>,
        vertices: &Column<P::Vertex>,
        of: Option<&VertexSet>,
    ) {
        let Some(ghosts) = &mut self.ghosts else { return };
        write_each(ghosts.view_mut(), 0, of, &|vertex, ghost| {
            program.ghost(&Context { vertex, ..cx }, vertices.get(vertex as usize), ghost);
        });
    }
}

/// The vertices of a phase.
fn range(phase: Phase, topology: &Topology) -> Range<Vertex> {
    let (left, end) = (topology.left().unwrap_or(0), topology.vertices() as u32);
    match phase {
        Phase::All => 0..end,
        Phase::Left => 0..left,
        Phase::Right => left..end,
    }
}

/// The sets that a phase reads and writes.
struct Sets<'a> {
    active: Option<&'a VertexSet>,
    publishers: Option<&'a VertexSet>,
    woken: Option<&'a VertexSet>,
    published: Option<&'a VertexSet>,
}

impl<'a> Sets<'a> {
    fn of(frontier: &'a Frontier, phase: Phase) -> Self {
        let none = Sets { active: None, publishers: None, woken: None, published: None };
        match frontier {
            Frontier::Everyone { .. } => none,
            // One side wakes only the other, which runs in the phase to come: one set serves both.
            Frontier::Woken { active, next } => {
                let woken = if phase == Phase::All { next } else { active };
                Sets { active: Some(active), woken: Some(woken), ..none }
            }
            Frontier::Published(publishers) => {
                Sets { publishers: Some(&publishers.set), published: Some(&publishers.next), ..none }
            }
        }
    }
}

/// The columns of a phase: what its visits own, and what they read.
struct Views<'a, P: VertexProgram> {
    vertices: ColumnMut<'a, P::Vertex>,
    publish: Option<ColumnMut<'a, P::Ghost>>,
    ghosts: ColumnRef<'a, P::Ghost>,
    base: Vertex,
}

impl<'a, P: VertexProgram> Views<'a, P> {
    /// Everyone at once: neighbours read one column, visits publish into the other if there is one.
    fn all(
        vertices: &'a mut Column<P::Vertex>,
        ghosts: &'a Option<Column<P::Ghost>>,
        next_ghosts: &'a mut Option<Column<P::Ghost>>,
    ) -> Self {
        let ghosts = ghosts.as_ref().expect("a phase of all has a column of ghosts").view();
        Views {
            vertices: vertices.view_mut(),
            publish: next_ghosts.as_mut().map(Column::view_mut),
            ghosts,
            base: 0,
        }
    }

    /// One side, which reads the other and publishes in place.
    fn side(
        phase: Phase,
        left: Vertex,
        vertices: &'a mut Column<P::Vertex>,
        ghosts: &'a mut Option<Column<P::Ghost>>,
    ) -> Self {
        let base = if phase == Phase::Left { left } else { 0 };
        let (vertices, others) = take_side(phase, left, vertices.view_mut());
        let (publish, ghosts) = match ghosts {
            Some(ghosts) => {
                let (publish, ghosts) = take_side(phase, left, ghosts.view_mut());
                (Some(publish), ghosts)
            }
            None => (None, others.cast().expect("admitted: ghost and vertex have one type")),
        };
        Views { vertices, publish, ghosts, base }
    }
}

/// The side that runs, and the one that it reads.
fn take_side<D: Data>(
    phase: Phase,
    left: Vertex,
    column: ColumnMut<'_, D>,
) -> (ColumnMut<'_, D>, ColumnRef<'_, D>) {
    let (first, second) = column.split_at(left as usize);
    if phase == Phase::Left { (first, second.into_shared()) } else { (second, first.into_shared()) }
}

/// Writes each value of a column, or those of a set, in parallel.
fn write_each<D: Data>(
    column: ColumnMut<'_, D>,
    first: Vertex,
    of: Option<&VertexSet>,
    write: &(impl Fn(Vertex, Mut<'_, D>) + Sync),
) {
    const BLOCK: usize = 1 << 14;
    let mut column = column;
    let end = first + column.len() as u32;
    if column.len() > BLOCK {
        let middle = (column.len() / 2).next_multiple_of(64);
        let (left, right) = column.split_at(middle);
        let middle = first + middle as u32;
        rayon::join(|| write_each(left, first, of, write), || write_each(right, middle, of, write));
    } else if let Some(of) = of {
        of.iter_in(first..end).for_each(|vertex| write(vertex, column.get_mut((vertex - first) as usize)));
    } else {
        (first..end).for_each(|vertex| write(vertex, column.get_mut((vertex - first) as usize)));
    }
}

/// Writes the values of a list, which ascends, in parallel.
fn write_listed<D: Data>(
    column: ColumnMut<'_, D>,
    first: Vertex,
    list: &[Vertex],
    write: &(impl Fn(Vertex, Mut<'_, D>) + Sync),
) {
    const BLOCK: usize = 1 << 12;
    let mut column = column;
    if list.len() > BLOCK {
        let (some, others) = list.split_at(list.len() / 2);
        let middle = others[0];
        let (left, right) = column.split_at((middle - first) as usize);
        rayon::join(|| write_listed(left, first, some, write), || write_listed(right, middle, others, write));
    } else {
        list.iter().for_each(|vertex| write(*vertex, column.get_mut((vertex - first) as usize)));
    }
}

/// Hands out chunks: halves the bounds, and with them the columns, until one chunk is left. The tree depends on the number of
/// chunks alone, so sums over it do not depend on threads.
fn spread<P: VertexProgram, L: List>(
    shared: &Shared<'_, P>,
    isa: Isa,
    list: L,
    bounds: &[usize],
    own: Own<'_, P>,
) -> Tally {
    match bounds {
        [] | [_] => Tally::default(),
        [from, to] => shared.accumulators.lend(
            rayon::current_thread_index().unwrap_or(0),
            || shared.program.accumulator(),
            |sum| isa.dispatch(Chunk { shared, list, from: *from, to: *to, own, sum }),
        ),
        _ => {
            let middle = bounds.len() / 2;
            let (left, right) = own.split_at(list.vertex(bounds[middle]));
            let (a, b) = rayon::join(
                || spread(shared, isa, list, &bounds[..=middle], left),
                || spread(shared, isa, list, &bounds[middle..], right),
            );
            a.plus(b)
        }
    }
}
