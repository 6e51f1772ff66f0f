//! The second pass: block after block, what there is for it goes into sums, and who has one is visited.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::super::visit::{Own, Tally};
use super::sorting::Entry;
use super::sums::{IS_HUB, NONE, REFUSED, Sums};
use super::{Delivery, Sorted};
use crate::accumulator::Accumulator;
use crate::context::Context;
use crate::executor::per_worker::PerWorker;
use crate::graph::Vertex;
use crate::program::VertexProgram;

/// Edges that are worth a task of their own.
const TASK: usize = if cfg!(test) { 16 } else { 1 << 11 };

/// The second pass of a round.
pub(super) struct Round<'r, 'd, 'a, P: VertexProgram> {
    pub(super) delivery: Delivery<'d, 'a, P>,
    pub(super) sorted: [Option<Sorted<'r, P::Edge>>; 2],
    pub(super) run: usize,
    pub(super) blocks: usize,
    pub(super) shift: u32,
    pub(super) sums: &'r PerWorker<Sums<P::Gather>>,
}

impl<P: VertexProgram> Round<'_, '_, '_, P> {
    /// What each run has for a block, in order, with the side that it is gathered along.
    #[inline(always)]
    fn entries(&self, block: usize) -> impl Iterator<Item = (&Sorted<'_, P::Edge>, &[Entry])> {
        self.sorted.iter().flatten().flat_map(move |sorted| {
            let runs = sorted.entries.chunks(self.run).zip(sorted.ends.chunks(self.blocks));
            runs.map(move |(entries, ends)| {
                let from = if block == 0 { 0 } else { ends[block - 1] };
                (sorted, &entries[from as usize..ends[block] as usize])
            })
        })
    }

    /// Where the entries of each block begin, and tasks of about equal entries.
    pub(super) fn cut(&self, begins: &mut Vec<usize>, tasks: &mut Vec<usize>) {
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
    pub(super) fn spread(
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
        sorted: &Sorted<'_, P::Edge>,
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
            let edge = sorted.edges.get(sorted.rows.range(entry.source).0 + entry.edge as usize);
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
