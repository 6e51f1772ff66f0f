//! Published gathers by pushing: the ghosts of few, taken along the edges of these few.
//!
//! In two passes. The first cuts the edges of all publishers, laid end to end, into runs of equal length, and sorts each run by the block of
//! vertices in which the other ends lie. The second takes block after block: what the first run has for it, then what the second has, and so on,
//! each into the sum of its target. Publishers ascend, and so a target gathers in the order in which it would pull: sums have the same bits,
//! without atomics, whatever the number of threads. (Propagation blocking: Beamer, Asanović, Patterson 2017, "Reducing PageRank communication via
//! propagation blocking", section 4.)

use std::ops::Range;

use gasworks_kernels::Isa;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::chunks::{HUB, degree};
use super::hubs::Hubs;
use super::visit::{Own, Shared, Tally};
use crate::accumulator::Accumulator;
use crate::context::Context;
use crate::executor::per_worker::PerWorker;
use crate::executor::sides;
use crate::graph::{EdgeColumns, Side, Topology, Vertex};
use crate::memory::{ColumnRef, Rows};
use crate::program::VertexProgram;

/// Edges a run, and vertices a block, at least: few in tests, so that small graphs have many.
const RUN: usize = if cfg!(test) { 8 } else { 1 << 14 };
const BLOCK: usize = if cfg!(test) { 8 } else { 1 << 14 };
/// Runs, and blocks, at most.
const MOST: usize = 1 << 10;
/// Edges that are worth a task of their own.
const TASK: usize = if cfg!(test) { 16 } else { 1 << 11 };

/// A ghost on its way.
#[derive(Clone, Copy, Default)]
struct Entry {
    target: Vertex,
    source: Vertex,
    /// The number of the edge among those of the source.
    edge: u32,
}

/// What rounds that push keep from one to the next.
pub(super) struct Push<G> {
    /// A block has `1 << shift` vertices.
    shift: u32,
    blocks: usize,
    /// For each side that is gathered along, where the edges of each publisher begin among those of all, and where the last ones end.
    starts: [Vec<u64>; 2],
    entries: Vec<Entry>,
    /// For each run, where its entries for each block end.
    ends: Vec<u32>,
    /// Where the entries of each block would begin if they lay one block after the other.
    begins: Vec<usize>,
    /// Bounds of tasks, in blocks.
    tasks: Vec<usize>,
    /// Who signalled: each task's at the front of as many places as it has entries, and how many.
    woken: Vec<Vertex>,
    counts: Vec<usize>,
    sums: PerWorker<Sums<G>>,
}

/// What a round reads.
pub(super) struct Delivery<'d, 'a, P: VertexProgram> {
    pub(super) shared: &'d Shared<'a, P>,
    pub(super) ghosts: ColumnRef<'d, P::Ghost>,
    pub(super) edges: &'d EdgeColumns<P::Edge>,
    pub(super) hubs: &'d Hubs,
    pub(super) isa: Isa,
}

/// The runs of the entries of one side.
struct Sorted<'d> {
    /// The side that the targets gather along, and the one on which the publishers have the edges.
    gathers: Side,
    publishes: Side,
    entries: &'d [Entry],
    ends: &'d [u32],
}

impl<G: Accumulator> Push<G> {
    pub(super) fn new(vertices: usize, threads: usize) -> Self {
        let shift = vertices.div_ceil(MOST).max(BLOCK).next_power_of_two().trailing_zeros();
        Push {
            shift,
            blocks: vertices.div_ceil(1 << shift).max(1),
            starts: [Vec::new(), Vec::new()],
            entries: Vec::new(),
            ends: Vec::new(),
            begins: Vec::new(),
            tasks: Vec::new(),
            woken: Vec::new(),
            counts: Vec::new(),
            sums: PerWorker::new(threads, |_| Sums::new(1 << shift)),
        }
    }

    /// Delivers the ghosts of a list of vertices, which ascends, and visits who gets some. The list becomes that of the visited who signalled.
    pub(super) fn round<P: VertexProgram<Gather = G>>(
        &mut self,
        delivery: Delivery<'_, '_, P>,
        own: Own<'_, P>,
        list: &mut Vec<Vertex>,
    ) -> Tally {
        let topology = delivery.shared.cx.topology;
        let mut parts = [None, None];
        for (part, (gathers, starts)) in
            parts.iter_mut().zip(sides(P::GATHER, topology).zip(&mut self.starts))
        {
            let publishes = opposite(gathers, topology);
            find_starts(topology.side(publishes), list, starts);
            *part = Some((gathers, publishes, &*starts));
        }
        let length = |starts: &[u64]| starts.last().map_or(0, |end| *end as usize);
        let total: usize = parts.iter().flatten().map(|(_, _, starts)| length(starts)).sum();
        let run = total.div_ceil(MOST).max(RUN);
        let runs = |entries: usize| entries.div_ceil(run);
        let all_runs: usize = parts.iter().flatten().map(|(_, _, starts)| runs(length(starts))).sum();
        grow(&mut self.entries, total);
        grow(&mut self.ends, all_runs * self.blocks);

        let (mut entries, mut ends) = (&mut self.entries[..total], &mut self.ends[..all_runs * self.blocks]);
        let sorted = parts.map(|part| {
            let (gathers, publishes, starts) = part?;
            let (mine, others) = std::mem::take(&mut entries).split_at_mut(length(starts));
            entries = others;
            let (my_ends, others) = std::mem::take(&mut ends).split_at_mut(runs(mine.len()) * self.blocks);
            ends = others;
            let rows = topology.side(publishes);
            let sort = |(number, (entries, ends))| {
                sort_run(rows, list, starts, number * run, self.shift, entries, ends);
            };
            if mine.len() <= run {
                mine.chunks_mut(run).zip(my_ends.chunks_mut(self.blocks)).enumerate().for_each(sort);
            } else {
                let runs = mine.par_chunks_mut(run).zip(my_ends.par_chunks_mut(self.blocks));
                runs.enumerate().for_each(sort);
            }
            Some(Sorted { gathers, publishes, entries: mine, ends: my_ends })
        });
        let round = Round { delivery, sorted, run, blocks: self.blocks, shift: self.shift, sums: &self.sums };
        round.cut(&mut self.begins, &mut self.tasks);
        grow(&mut self.woken, total);
        grow(&mut self.counts, self.tasks.len());
        let tally = round.spread(&self.begins, &self.tasks, own, &mut self.woken[..total], &mut self.counts);
        list.clear();
        for (task, count) in self.tasks.windows(2).zip(&self.counts) {
            let from = self.begins[task[0]];
            list.extend_from_slice(&self.woken[from..from + count]);
        }
        tally
    }
}

/// The side on which the one end of an edge has it, if the other end has it on this side.
fn opposite(side: Side, topology: &Topology) -> Side {
    match side {
        _ if topology.is_undirected() => Side::Out,
        Side::In => Side::Out,
        Side::Out => Side::In,
    }
}

/// At least so long; what is new is to be written.
fn grow<T: Clone + Default>(items: &mut Vec<T>, len: usize) {
    if items.len() < len {
        items.resize(len, T::default());
    }
}

fn find_starts(rows: &Rows, list: &[Vertex], starts: &mut Vec<u64>) {
    let mut sum = 0;
    starts.clear();
    starts.push(0);
    starts.extend(list.iter().map(|vertex| {
        sum += u64::from(rows.degree(*vertex));
        sum
    }));
}

/// Sorts the edges from one on, as many as there are entries, by the blocks of their other ends: stable, in O(entries + blocks).
fn sort_run(
    rows: &Rows,
    list: &[Vertex],
    starts: &[u64],
    from: usize,
    shift: u32,
    entries: &mut [Entry],
    ends: &mut [u32],
) {
    let first = starts.partition_point(|start| *start <= from as u64) - 1;
    let skipped = from - starts[first] as usize;
    let pieces = || {
        let (mut skipped, mut left) = (skipped, entries.len());
        list[first..].iter().map_while(move |source| {
            let edges = &rows.neighbors(*source)[skipped..];
            let edges = &edges[..edges.len().min(left)];
            let piece = (left > 0).then_some((*source, skipped as u32, edges));
            left -= edges.len();
            skipped = 0;
            piece
        })
    };
    ends.fill(0);
    for (_, _, targets) in pieces() {
        targets.iter().for_each(|target| ends[(target >> shift) as usize] += 1);
    }
    let mut sum = 0;
    for end in &mut *ends {
        sum += std::mem::replace(end, sum);
    }
    let pieces = pieces();
    for (source, edge, targets) in pieces {
        for (target, edge) in targets.iter().zip(edge..) {
            let end = &mut ends[(target >> shift) as usize];
            entries[*end as usize] = Entry { target: *target, source, edge };
            *end += 1;
        }
    }
}

/// The second pass of a round.
struct Round<'r, 'd, 'a, P: VertexProgram> {
    delivery: Delivery<'d, 'a, P>,
    sorted: [Option<Sorted<'r>>; 2],
    run: usize,
    blocks: usize,
    shift: u32,
    sums: &'r PerWorker<Sums<P::Gather>>,
}

impl<P: VertexProgram> Round<'_, '_, '_, P> {
    /// What each run has for a block, in order, with the side that it is gathered along.
    #[inline(always)]
    fn entries(&self, block: usize) -> impl Iterator<Item = (&Sorted<'_>, &[Entry])> {
        self.sorted.iter().flatten().flat_map(move |sorted| {
            let runs = sorted.entries.chunks(self.run).zip(sorted.ends.chunks(self.blocks));
            runs.map(move |(entries, ends)| {
                let from = if block == 0 { 0 } else { ends[block - 1] };
                (sorted, &entries[from as usize..ends[block] as usize])
            })
        })
    }

    /// Where the entries of each block begin, and tasks of about equal entries.
    fn cut(&self, begins: &mut Vec<usize>, tasks: &mut Vec<usize>) {
        begins.clear();
        begins.resize(self.blocks + 1, 0);
        for ends in self.sorted.iter().flatten().flat_map(|sorted| sorted.ends.chunks(self.blocks)) {
            let mut before = 0;
            for (begin, end) in begins[1..].iter_mut().zip(ends) {
                *begin += (end - before) as usize;
                before = *end;
            }
        }
        tasks.clear();
        tasks.push(0);
        let mut sum = 0;
        for block in 0..self.blocks {
            sum += begins[block + 1];
            begins[block + 1] = sum;
            if sum - begins[tasks[tasks.len() - 1]] >= TASK {
                tasks.push(block + 1);
            }
        }
        if *begins.last().unwrap_or(&0) > begins[tasks[tasks.len() - 1]] {
            tasks.push(self.blocks);
        }
    }

    /// Hands out tasks: the tree depends on their number alone, so sums over it do not depend on threads.
    fn spread(
        &self,
        begins: &[usize],
        tasks: &[usize],
        own: Own<'_, P>,
        woken: &mut [Vertex],
        counts: &mut [usize],
    ) -> Tally {
        match tasks {
            [] | [_] => Tally::default(),
            [from, to] => {
                let make = || Sums::new(1 << self.shift);
                let worker = rayon::current_thread_index().unwrap_or(0);
                self.sums.with(worker, make, |sums| {
                    let deliver = Deliver { round: self, begins, blocks: *from..*to, own, woken, sums };
                    let (tally, count) = self.delivery.isa.dispatch(deliver);
                    counts[0] = count;
                    tally
                })
            }
            _ => {
                let middle = tasks.len() / 2;
                let (left, right) = own.split_at((tasks[middle] << self.shift) as Vertex);
                let (woken, later) = woken.split_at_mut(begins[tasks[middle]] - begins[tasks[0]]);
                let (counts, others) = counts.split_at_mut(middle);
                let (a, b) = rayon::join(
                    || self.spread(begins, &tasks[..=middle], left, woken, counts),
                    || self.spread(begins, &tasks[middle..], right, later, others),
                );
                a.plus(b)
            }
        }
    }
}

/// The sums of the vertices of a block that got something.
struct Sums<G> {
    /// For each vertex, [`NONE`], [`REFUSED`], the number of its sum, or that of its hub after [`IS_HUB`].
    places: Vec<u32>,
    /// A bit for each vertex whose place is not [`NONE`].
    seen: Vec<u64>,
    of_vertices: Pool<G>,
    of_hubs: Pool<HubSum<G>>,
}

/// Nothing came yet.
const NONE: u32 = u32::MAX;
/// The vertex wants nothing.
const REFUSED: u32 = u32::MAX - 1;
const IS_HUB: u32 = 1 << 31;

/// What was made once, to be used again.
struct Pool<T> {
    items: Vec<T>,
    used: usize,
}

/// The sum of a hub, whose parts are summed apart as if it had pulled.
struct HubSum<G> {
    /// From the part that is being summed on.
    parts: Range<usize>,
    part: G,
    total: G,
    has_part: bool,
    has_total: bool,
}

impl<T> Pool<T> {
    fn new() -> Self {
        Pool { items: Vec::new(), used: 0 }
    }

    /// The number of an item that nobody uses.
    #[inline(always)]
    fn take(&mut self, make: impl FnOnce() -> T) -> usize {
        if self.used == self.items.len() {
            self.items.push(make());
        }
        self.used += 1;
        self.used - 1
    }
}

impl<G: Accumulator> HubSum<G> {
    /// Ends the part.
    #[inline(always)]
    fn settle<S: Simd>(&mut self, simd: S) {
        if std::mem::take(&mut self.has_part) {
            self.part.settle(simd);
            if std::mem::replace(&mut self.has_total, true) {
                self.total.merge(&self.part);
            } else {
                std::mem::swap(&mut self.part, &mut self.total);
            }
        }
    }
}

impl<G: Accumulator> Sums<G> {
    fn new(vertices: usize) -> Self {
        Sums {
            places: vec![NONE; vertices],
            seen: vec![0; vertices.div_ceil(64)],
            of_vertices: Pool::new(),
            of_hubs: Pool::new(),
        }
    }

    /// Gives a vertex its place, by its number in the block.
    #[inline(always)]
    fn begin<P: VertexProgram<Gather = G>>(
        &mut self,
        delivery: &Delivery<'_, '_, P>,
        own: &Own<'_, P>,
        (at, vertex): (usize, Vertex),
    ) -> u32 {
        let shared = delivery.shared;
        let make = || shared.program.accumulator();
        self.seen[at / 64] |= 1 << (at % 64);
        let place = if !shared.wants(vertex, own) {
            REFUSED
        } else if degree(shared.cx.topology, P::GATHER, vertex) < HUB {
            let place = self.of_vertices.take(make);
            self.of_vertices.items[place].clear();
            place as u32
        } else {
            let sum =
                || HubSum { parts: 0..0, part: make(), total: make(), has_part: false, has_total: false };
            let place = self.of_hubs.take(sum);
            let hub = &mut self.of_hubs.items[place];
            (hub.parts, hub.has_total) = (delivery.hubs.parts_of(vertex), false);
            place as u32 | IS_HUB
        };
        self.places[at] = place;
        place
    }
}

/// Delivers what there is for some blocks, and visits.
struct Deliver<'s, 'r, 'd, 'a, 'o, P: VertexProgram> {
    round: &'s Round<'r, 'd, 'a, P>,
    begins: &'s [usize],
    blocks: Range<usize>,
    own: Own<'o, P>,
    woken: &'s mut [Vertex],
    sums: &'s mut Sums<P::Gather>,
}

impl<P: VertexProgram> WithSimd for Deliver<'_, '_, '_, '_, '_, P> {
    type Output = (Tally, usize);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (Tally, usize) {
        let Deliver { round, begins, blocks, mut own, woken, sums } = self;
        let (mut tally, mut count) = (Tally::default(), 0);
        for block in blocks {
            if begins[block] == begins[block + 1] {
                continue;
            }
            let first = (block << round.shift) as Vertex;
            for (sorted, entries) in round.entries(block) {
                for entry in entries {
                    round.delivery.gather(simd, sums, &own, sorted, (entry.target - first) as usize, *entry);
                }
            }
            round.delivery.apply(simd, sums, &mut own, first, &mut tally, |vertex| {
                woken[count] = vertex;
                count += 1;
            });
        }
        (tally, count)
    }
}

impl<P: VertexProgram> Delivery<'_, '_, P> {
    /// Adds one ghost to the sum of its target, whose number in the block is `at`.
    #[inline(always)]
    fn gather<S: Simd>(
        &self,
        simd: S,
        sums: &mut Sums<P::Gather>,
        own: &Own<'_, P>,
        sorted: &Sorted<'_>,
        at: usize,
        entry: Entry,
    ) {
        let mut place = sums.places[at];
        if place == NONE {
            place = sums.begin(self, own, (at, entry.target));
        }
        if place == REFUSED {
            return;
        }
        let sum = if place & IS_HUB == 0 {
            &mut sums.of_vertices.items[place as usize]
        } else {
            let hub = &mut sums.of_hubs.items[(place & !IS_HUB) as usize];
            let part = self.hubs.part_with(hub.parts.clone(), sorted.gathers, entry.source);
            if part != hub.parts.start || !hub.has_part {
                hub.settle(simd);
                hub.parts.start = part;
                hub.has_part = true;
                hub.part.clear();
            }
            &mut hub.part
        };
        if !sum.is_full() {
            let shared = self.shared;
            let cx = Context { vertex: entry.target, ..shared.cx };
            let (rows, edges) = match sorted.publishes {
                Side::In => (shared.cx.topology.side(Side::In), self.edges.incoming(shared.cx.topology)),
                Side::Out => (shared.cx.topology.side(Side::Out), self.edges.outgoing()),
            };
            let edge = edges.get(rows.range(entry.source).0 + entry.edge as usize);
            shared.program.gather(&cx, sum, self.ghosts.get(entry.source as usize), edge);
        }
    }

    /// Visits all who have a sum, by ascending number, and forgets the sums. `wake` is told who signals.
    #[inline(always)]
    fn apply<S: Simd>(
        &self,
        simd: S,
        sums: &mut Sums<P::Gather>,
        own: &mut Own<'_, P>,
        first: Vertex,
        tally: &mut Tally,
        mut wake: impl FnMut(Vertex),
    ) {
        let Sums { places, seen, of_vertices, of_hubs } = sums;
        for (word, bits) in seen.iter_mut().enumerate() {
            let mut bits = std::mem::take(bits);
            while bits != 0 {
                let at = 64 * word + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let sum = match std::mem::replace(&mut places[at], NONE) {
                    REFUSED => continue,
                    hub if hub & IS_HUB != 0 => {
                        let hub = &mut of_hubs.items[(hub & !IS_HUB) as usize];
                        hub.settle(simd);
                        &mut hub.total
                    }
                    place => &mut of_vertices.items[place as usize],
                };
                let (vertex, signalled) = (first + at as Vertex, tally.signalled);
                self.shared.apply(simd, vertex, own, sum, tally);
                if tally.signalled > signalled {
                    wake(vertex);
                }
            }
        }
        (of_vertices.used, of_hubs.used) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{Graph, GraphBuilder, ReverseEdges};
    use crate::{Accumulator, Context, Direction, Edges, Engine, Gathers, Random, Signal, VertexProgram};

    /// A sum whose bits tell the order of its additions, and which has enough at some point.
    #[derive(Clone, Copy, Default)]
    struct Enough(f32);

    impl Accumulator for Enough {
        fn clear(&mut self) {
            self.0 = 0.0
        }
        fn merge(&mut self, part: &Self) {
            self.0 += part.0
        }
        fn is_full(&self) -> bool {
            self.0 > 1e5
        }
    }

    /// Sums what chance lets neighbours publish, along in-edges (1), out-edges (2) or both (3).
    struct Chance<const GATHER: u8>;

    const fn along(edges: u8) -> Edges {
        [Edges::None, Edges::In, Edges::Out, Edges::All][edges as usize]
    }

    impl<const GATHER: u8> VertexProgram for Chance<GATHER> {
        type Vertex = f32;
        type Ghost = f32;
        type Edge = f32;
        type Gather = Enough;
        type Global = ();
        const GATHER: Edges = along(GATHER);
        const SCATTER: Edges = along(GATHER).reverse();
        const GATHERS: Gathers = Gathers::Published;

        fn accumulator(&self) -> Enough {
            Enough::default()
        }
        fn ghost(&self, cx: &Context<'_, ()>, vertex: &f32, ghost: &mut f32) {
            *ghost = vertex + cx.vertex as f32 * 1e-3
        }
        fn wants(&self, vertex: &f32) -> bool {
            !vertex.to_bits().is_multiple_of(5)
        }
        fn gather(&self, cx: &Context<'_, ()>, sum: &mut Enough, ghost: &f32, edge: &f32) {
            sum.0 += ghost * edge + cx.vertex as f32 * 1e-2
        }
        fn apply(&self, cx: &Context<'_, ()>, vertex: &mut f32, sum: &mut Enough) -> Signal {
            *vertex = 0.7 * *vertex + 1e-2 * sum.0;
            if cx.random(1).below(3) == 0 { Signal::priority(1.0) } else { Signal::NONE }
        }
    }

    fn bits<const GATHER: u8>(graph: &Graph<(), f32>, direction: Direction, threads: usize) -> Vec<u32> {
        let mut graph = graph.clone().with_vertices(|v| 1.0 + v as f32 * 1e-2);
        let starters = (0..graph.vertices() as u32).filter(|v| v % 7 == 1);
        let engine = Engine::new(&mut graph, &Chance::<GATHER>).start_at(starters).threads(threads).rounds(5);
        let outcome = engine.direction(direction).run().unwrap();
        let progress = outcome.progress;
        let bits = graph.vertex_data().iter().map(|value| value.to_bits());
        bits.chain([progress.updates as u32, progress.signalled as u32]).collect()
    }

    fn compare<const GATHER: u8>(graph: &Graph<(), f32>, name: &str) {
        let pulled = bits::<GATHER>(graph, Direction::Pull, 1);
        assert!(pulled[graph.vertices()] > 100, "{name}: few visits");
        for direction in Direction::ALL {
            for threads in [1, 2, 5] {
                let same = bits::<GATHER>(graph, direction, threads) == pulled;
                assert!(same, "{name}, gathers {GATHER}: {direction} on {threads} threads");
            }
        }
    }

    #[test]
    fn pushing_has_the_bits_of_pulling() {
        // Two hubs, one with many parallel edges, and self-loops.
        let n = 20_000;
        let mut random = Random::keyed(5, 0, 0, 0);
        let mut end = || (random.below(n) * random.below(n) / n) as u32;
        let some = (0..30_000).map(|_| [end(), end()]).collect::<Vec<_>>();
        let hubs = (0..17_000).flat_map(|v| [[v, 3], [9, v], [v % 5, 9]]);
        let edges: Vec<[u32; 2]> = some.into_iter().chain(hubs).chain([[7, 7], [7, 7], [3, 3]]).collect();
        let weights: Vec<f32> = (0..edges.len()).map(|at| 0.1 + (at % 91) as f32 * 0.013).collect();
        for (name, builder) in [
            ("directed", GraphBuilder::directed(n as usize)),
            ("undirected", GraphBuilder::undirected(n as usize, ReverseEdges::Keep)),
        ] {
            let graph = builder.weighted_edges(&edges, &weights).build().unwrap();
            compare::<1>(&graph, name);
            compare::<2>(&graph, name);
            compare::<3>(&graph, name);
        }
    }
}
