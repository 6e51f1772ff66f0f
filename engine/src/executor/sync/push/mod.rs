//! Published gathers by pushing: the ghosts of few, taken along the edges of these few.
//!
//! In two passes. The first cuts the edges of all publishers, laid end to end, into runs of equal length, and sorts each run by the block of
//! vertices in which the other ends lie. The second takes block after block: what the first run has for it, then what the second has, and so on,
//! each into the sum of its target. Publishers ascend, and so a target gathers in the order in which it would pull: sums have the same bits,
//! without atomics, whatever the number of threads. (Propagation blocking: Beamer, Asanović, Patterson 2017, "Reducing PageRank communication via
//! propagation blocking", section 4.)

mod delivering;
mod sorting;
mod sums;
#[cfg(test)]
mod tests;

use gasworks_kernels::Isa;
use rayon::prelude::*;

use super::hubs::Hubs;
use super::visit::{Own, Shared, Tally};
use crate::accumulator::Accumulator;
use crate::data::Data;
use crate::executor::per_worker::PerWorker;
use crate::executor::sides;
use crate::graph::{EdgeColumns, Side, Topology, Vertex};
use crate::memory::{ColumnRef, Rows};
use crate::program::VertexProgram;

use delivering::Round;
use sorting::{Entry, find_starts, sort_run};
use sums::Sums;

/// Edges a run, and vertices a block, at least: few in tests, so that small graphs have many.
const RUN: usize = if cfg!(test) { 8 } else { 1 << 14 };
const BLOCK: usize = if cfg!(test) { 8 } else { 1 << 14 };
/// Runs, and blocks, at most.
const MOST: usize = 1 << 10;

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
struct Sorted<'d, E: Data> {
    /// The side that the targets gather along.
    gathers: Side,
    /// The publishers' edges, and what lies on them.
    rows: &'d Rows,
    edges: ColumnRef<'d, E>,
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
            let edges = match publishes {
                Side::In => delivery.edges.incoming(topology),
                Side::Out => delivery.edges.outgoing(),
            };
            *part = Some((gathers, topology.side(publishes), edges, &*starts));
        }
        let length = |starts: &[u64]| starts.last().map_or(0, |end| *end as usize);
        let total: usize = parts.iter().flatten().map(|(.., starts)| length(starts)).sum();
        let run = total.div_ceil(MOST).max(RUN);
        let runs = |entries: usize| entries.div_ceil(run);
        let all_runs: usize = parts.iter().flatten().map(|(.., starts)| runs(length(starts))).sum();
        grow(&mut self.entries, total);
        grow(&mut self.ends, all_runs * self.blocks);

        let (mut entries, mut ends) = (&mut self.entries[..total], &mut self.ends[..all_runs * self.blocks]);
        let sorted = parts.map(|part| {
            let (gathers, rows, edges, starts) = part?;
            let (mine, others) = std::mem::take(&mut entries).split_at_mut(length(starts));
            entries = others;
            let (my_ends, others) = std::mem::take(&mut ends).split_at_mut(runs(mine.len()) * self.blocks);
            ends = others;
            let sort = |(number, (entries, ends))| {
                sort_run(rows, list, starts, number * run, self.shift, entries, ends);
            };
            if mine.len() <= run {
                mine.chunks_mut(run).zip(my_ends.chunks_mut(self.blocks)).enumerate().for_each(sort);
            } else {
                let runs = mine.par_chunks_mut(run).zip(my_ends.par_chunks_mut(self.blocks));
                runs.enumerate().for_each(sort);
            }
            Some(Sorted { gathers, rows, edges, entries: mine, ends: my_ends })
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
