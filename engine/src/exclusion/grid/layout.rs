//! The edges of a graph, block by block.

use rayon::prelude::*;

use super::Parts;
use super::cut::Cut;
use crate::graph::Topology;
use crate::memory::{Blocks, Buffer, Column, ColumnRef, Span, Store};

/// The blocks of a graph. An edge of an undirected graph is in one of them, once, from its lower end to its higher one; self-loops
/// are in none.
///
/// Within a block, rows with many edges come before rows with few, so that neighbouring rows are of about one length; the edges of a row
/// ascend by target.
pub(crate) struct Grid {
    parts: Parts,
    sources: Cut,
    blocks: Blocks,
    /// Of each vertex, where it is among the members of its part of the sources.
    place: Vec<u32>,
    /// Of each vertex, its part.
    part_of: Vec<u32>,
}

impl Grid {
    /// Cuts the edges of a graph. O(vertices + edges + rows log rows), parallel; takes 4 bytes an edge, and 12 bytes for each pair of a
    /// source and a part that it has edges to.
    pub(crate) fn new(topology: &Topology, parts: Parts, seed: u64) -> Self {
        let everyone = 0..topology.vertices() as u32;
        let degree = |vertex: u32| u64::from(topology.out_degree(vertex));
        // Counted, since the in-edges themselves are not needed.
        let mut in_degrees = vec![0; topology.vertices()];
        topology.out.ends().iter().for_each(|end| in_degrees[*end as usize] += 1);
        let (sources, targets) = match topology.left() {
            Some(left) => {
                let weight = |vertex: u32| in_degrees[vertex as usize];
                let targets = Cut::new(left..everyone.end, parts.targets, weight, seed);
                (Cut::new(0..left, parts.sources, degree, seed), Some(targets))
            }
            None if topology.is_undirected() => (Cut::new(everyone, parts.sources, degree, seed), None),
            None => {
                let weight = |vertex: u32| degree(vertex) + in_degrees[vertex as usize];
                (Cut::new(everyone, parts.sources, weight, seed), None)
            }
        };
        let mut part_of = vec![0; topology.vertices()];
        let mut place = vec![0; topology.vertices()];
        for part in 0..parts.sources {
            for (at, member) in sources.part(part).iter().enumerate() {
                part_of[*member as usize] = part as u32;
                place[*member as usize] = at as u32;
            }
        }
        for part in 0..targets.as_ref().map_or(0, |_| parts.targets) {
            let members = targets.as_ref().map_or(&[][..], |cut| cut.part(part));
            members.iter().for_each(|member| part_of[*member as usize] = (parts.sources + part) as u32);
        }
        let layout = Layout { topology, parts, sources: &sources, part_of: &part_of };
        let blocks = layout.blocks(&place);
        Grid { parts, sources, blocks, place, part_of }
    }

    pub(crate) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Edge data in the order of the blocks. Parallel.
    pub(crate) fn gathered<E: Store>(&self, topology: &Topology, edges: ColumnRef<'_, E>) -> Column<E>
    where
        E::Element: Clone,
    {
        let mut gathered = edges.range(0, self.blocks.edges()).to_column();
        let (mut rest, mut views) = (gathered.view_mut(), Vec::with_capacity(self.parts.sources));
        for part in 0..self.parts.sources {
            let (view, others) = rest.split_at(self.first(part + 1) - self.first(part));
            views.push(view);
            rest = others;
        }
        views.into_par_iter().enumerate().for_each(|(part, mut view)| {
            let first = self.first(part);
            self.walk(topology, part, |at, position| view.assign(at - first, edges, position));
        });
        gathered
    }

    /// Puts edge data back to where [`gathered`](Grid::gathered) had them from; in an undirected graph, to both arcs of an edge.
    pub(crate) fn scatter<E: Store>(&self, topology: &Topology, gathered: &Column<E>, edges: &mut Column<E>)
    where
        E::Element: Clone,
    {
        let mut to = edges.view_mut();
        for part in 0..self.parts.sources {
            self.walk(topology, part, |at, position| to.assign(position, gathered.view(), at));
        }
        if topology.is_undirected() {
            let reverse = topology.in_to_out();
            let arcs = (0..topology.vertices() as u32).flat_map(|source| {
                topology.out_neighbors(source).iter().map(move |target| (source, *target))
            });
            for (position, _) in arcs.enumerate().filter(|(_, (source, target))| source > target) {
                to.assign_within(position, reverse[position] as usize);
            }
        }
    }

    /// The first edge of the blocks of a part of the sources, or of none.
    fn first(&self, part: usize) -> usize {
        let spans = self.blocks.spans();
        let row = spans.get(part * self.parts.targets).map(|span| span.from);
        row.map_or(self.blocks.edges(), |row| self.blocks.offset(row) as usize)
    }

    /// Visits the edges of a part of the sources: where each lies among the blocks, and where among the out-edges.
    fn walk(&self, topology: &Topology, part: usize, mut visit: impl FnMut(usize, usize)) {
        let Grid { parts, sources, part_of, .. } = self;
        let layout = Layout { topology, parts: *parts, sources, part_of };
        let rows = |column: usize| {
            let rows = self.blocks.rows(part * parts.targets + column);
            rows.map(|(source, edges)| (source, edges.start as u64))
        };
        let starts = layout.starts(&self.place, part, rows);
        layout.walk(part, starts, |at, position, _| visit(at, position));
    }
}

/// What decides where an edge lies.
struct Layout<'a> {
    topology: &'a Topology,
    parts: Parts,
    sources: &'a Cut,
    part_of: &'a [u32],
}

impl Layout<'_> {
    /// The positions and targets of a source's edges, but those that are in no block, and the columns of their blocks.
    #[inline(always)]
    fn edges(&self, source: u32) -> impl Iterator<Item = (usize, u32, usize)> {
        let undirected = self.topology.is_undirected();
        let (from, _) = self.topology.out.range(source);
        let offset = if self.parts.same { 0 } else { self.parts.sources };
        let targets = self.topology.out_neighbors(source).iter().enumerate();
        let own = move |(_, target): &(usize, &u32)| **target != source && !(undirected && **target < source);
        targets
            .filter(own)
            .map(move |(at, target)| (from + at, *target, self.part_of[*target as usize] as usize - offset))
    }

    /// For each member of a part of the sources and each part of the targets, how many edges there are.
    fn counts(&self, part: usize) -> Vec<u32> {
        let columns = self.parts.targets;
        let members = self.sources.part(part);
        let mut counts = vec![0; members.len() * columns];
        for (member, counts) in members.iter().zip(counts.chunks_exact_mut(columns)) {
            self.edges(*member).for_each(|(_, _, column)| counts[column] += 1);
        }
        counts
    }

    fn blocks(&self, place: &[u32]) -> Blocks {
        let (rows, columns) = (self.parts.sources, self.parts.targets);
        // Rows and edges of each block.
        let sizes: Vec<Vec<(usize, usize)>> = (0..rows)
            .into_par_iter()
            .map(|part| {
                let counts = self.counts(part);
                let size = |column: usize| {
                    let counts = counts[column.min(counts.len())..].iter().step_by(columns);
                    counts.fold((0, 0), |(rows, edges), count| {
                        (rows + usize::from(*count > 0), edges + *count as usize)
                    })
                };
                (0..columns).map(size).collect()
            })
            .collect();
        let (mut spans, mut first_edges) =
            (Vec::with_capacity(rows * columns), Vec::with_capacity(rows * columns));
        let (mut from, mut first) = (0, 0);
        for (block, (rows, edges)) in sizes.iter().flatten().enumerate() {
            spans.push(Span { from, to: from + rows, parts: self.parts.ends(block) });
            first_edges.push(first);
            (from, first) = (from + rows, first + edges);
        }
        let (mut row_sources, mut offsets) = (Buffer::<u32>::zeroed(from), Buffer::<u64>::zeroed(from + 1));
        offsets[from] = first as u64;

        let rows_of = |part: usize| spans[part * columns + columns - 1].to - spans[part * columns].from;
        let sources_of = split(&mut row_sources, (0..rows).map(rows_of));
        let offsets_of = split(&mut offsets, (0..rows).map(rows_of));
        let both = sources_of.into_par_iter().zip(offsets_of).enumerate();
        both.for_each(|(part, (mut sources, mut offsets))| {
            let (counts, members) = (self.counts(part), self.sources.part(part));
            let mut order = Vec::new();
            for column in 0..columns {
                let block = part * columns + column;
                let count = |member: u32| counts[member as usize * columns + column];
                order.clear();
                order.extend((0..members.len() as u32).filter(|member| count(*member) > 0));
                order.sort_by_key(|member| std::cmp::Reverse(count(*member)));
                let own = "room for the rows of a block";
                let sources = sources.split_off_mut(..order.len()).expect(own);
                let offsets = offsets.split_off_mut(..order.len()).expect(own);
                let mut next = first_edges[block] as u64;
                for (member, (source, offset)) in order.iter().zip(sources.iter_mut().zip(offsets)) {
                    (*source, *offset) = (members[*member as usize], next);
                    next += u64::from(count(*member));
                }
            }
        });

        let mut targets = Buffer::<u32>::zeroed(first);
        let first_of = |part: usize| first_edges.get(part * columns).copied().unwrap_or(first);
        let ends = split(&mut targets, (0..rows).map(|part| first_of(part + 1) - first_of(part)));
        ends.into_par_iter().enumerate().for_each(|(part, ends)| {
            let rows_of = |column: usize| {
                let span = &spans[part * columns + column];
                let rows = span.from..span.to;
                row_sources[rows.clone()].iter().copied().zip(offsets[rows].iter().copied())
            };
            let starts = self.starts(place, part, rows_of);
            self.walk(part, starts, |at, _, target| ends[at - first_of(part)] = target);
        });
        Blocks::new(spans, (row_sources, offsets, targets), self.parts.count(), self.part_of)
    }

    /// For each member of a part of the sources and each part of the targets, where its row starts. `rows` lists the rows of a block
    /// by its column.
    fn starts<R: Iterator<Item = (u32, u64)>>(
        &self,
        place: &[u32],
        part: usize,
        rows: impl Fn(usize) -> R,
    ) -> Vec<u64> {
        let columns = self.parts.targets;
        let mut starts = vec![0; self.sources.part(part).len() * columns];
        for column in 0..columns {
            for (source, start) in rows(column) {
                starts[place[source as usize] as usize * columns + column] = start;
            }
        }
        starts
    }

    /// Visits the edges of a part of the sources: where each lies among the blocks, where among the out-edges, and its target.
    fn walk(&self, part: usize, mut starts: Vec<u64>, mut visit: impl FnMut(usize, usize, u32)) {
        let columns = self.parts.targets;
        for (member, next) in self.sources.part(part).iter().zip(starts.chunks_exact_mut(columns)) {
            for (position, target, column) in self.edges(*member) {
                visit(next[column] as usize, position, target);
                next[column] += 1;
            }
        }
    }
}

/// Consecutive runs of a slice.
fn split<T>(mut slice: &mut [T], lens: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    lens.map(|len| slice.split_off_mut(..len).expect("runs of the slice")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, GraphBuilder, ReverseEdges};
    use crate::random::Random;

    /// Random edges, some of them parallel, some self-loops, each with a number of its own.
    fn graphs() -> Vec<Graph<(), u32>> {
        let mut random = Random::keyed(0, 0, 0, 0);
        let mut pairs = |vertices: [u64; 2], count: usize| -> Vec<[u32; 2]> {
            (0..count)
                .map(|_| vertices.map(|bound| random.below(bound).pow(2) as u32 / bound as u32))
                .collect()
        };
        let mut all = Vec::new();
        for count in [0, 1, 40, 900] {
            let numbers: Vec<u32> = (0..count as u32).collect();
            let both = pairs([50, 30], count);
            all.push(GraphBuilder::bipartite(50, 30).weighted_edges(&both, &numbers).build().unwrap());
            let one = pairs([40, 40], count);
            all.push(GraphBuilder::directed(40).weighted_edges(&one, &numbers).build().unwrap());
            let builder = GraphBuilder::undirected(40, ReverseEdges::Keep);
            all.push(builder.weighted_edges(&one, &numbers).build().unwrap());
        }
        all
    }

    #[test]
    fn each_edge_is_in_the_block_of_its_ends_and_keeps_its_data() {
        for graph in graphs() {
            for asked in [None, Some([1, 1]), Some([3, 3]), Some([100, 100])] {
                let topology = graph.topology();
                let parts = Parts::of(topology, asked);
                let grid = Grid::new(topology, parts, 5);
                let gathered = grid.gathered(topology, graph.edge_data());
                let mut found = Vec::new();
                for block in 0..parts.blocks() {
                    let mut lens = Vec::new();
                    for (source, edges) in grid.blocks().rows(block) {
                        lens.push(edges.len());
                        for edge in edges {
                            let target = grid.blocks().target(edge);
                            let ends = [source, target].map(|vertex| grid.part_of[vertex as usize]);
                            assert_eq!(ends, parts.ends(block));
                            found.push((source, target, *gathered.get(edge)));
                        }
                    }
                    assert!(lens.is_sorted_by(|a, b| a >= b) && lens.iter().all(|len| *len > 0));
                }
                found.sort_unstable();
                let is_own = |(u, v, _): &(u32, u32, u32)| u < v || u > v && !topology.is_undirected();
                let list = graph.edge_list().map(|(u, v, number)| (u, v, *number)).filter(is_own);
                let mut expected: Vec<_> = list.collect();
                expected.sort_unstable();
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn what_was_gathered_goes_back_to_where_it_was() {
        for graph in graphs() {
            let topology = graph.topology();
            let grid = Grid::new(topology, Parts::of(topology, Some([4, 4])), 1);
            let mut gathered = grid.gathered(topology, graph.edge_data());
            gathered.as_mut_slice().iter_mut().for_each(|number| *number += 1000);
            let mut edges = graph.edge_data().to_column();
            grid.scatter(topology, &gathered, &mut edges);
            for ((u, v, old), new) in graph.edge_list().zip(edges.iter()) {
                assert_eq!(*new, if u == v { *old } else { old + 1000 });
            }
        }
    }

    #[test]
    fn blocks_are_about_as_heavy_as_each_other() {
        let shape =
            crate::generate::RatingsShape { users: 3000, items: 800, count: 60_000, ..Default::default() };
        let list = crate::generate::ratings(&shape).unwrap();
        let ends: Vec<_> = list.entries.iter().map(|rating| [rating.user, rating.item]).collect();
        let graph = GraphBuilder::bipartite(3000, 800).plain_edges(&ends).build().unwrap();
        let parts = Parts::of(graph.topology(), Some([6, 4]));
        let grid = Grid::new(graph.topology(), parts, 0);
        for block in 0..parts.blocks() {
            let edges: usize = grid.blocks().rows(block).map(|(_, edges)| edges.len()).sum();
            assert!((1500..3500).contains(&edges), "{edges} edges in a block of 2500 on average");
        }
    }
}
