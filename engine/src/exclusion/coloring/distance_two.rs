//! Greedy coloring at distance two, by one thread.
//!
//! To look at all neighbors of all neighbors takes the sum of all squared degrees: 10^12 steps for one hub with a million
//! neighbors. So a hub keeps the set of the colors around it, as words of bits, and which words are
//! full: a leaf of a star finds its color at once. Around other vertices, the colors are listed and looked at one by one, as usual
//! (Gebremedhin, Manne and Pothen 2005, "What color is your Jacobian?", section 3).
//!
//! Sequential, since parallel greedy would have to know when the sets of all hubs around a vertex are complete, and since
//! a graph with hubs gets so many colors that distance two is for graphs without.

use super::for_each_neighbor;
use crate::graph::{Topology, Vertex};

const UNCOLORED: u32 = u32::MAX;
const NO_HUB: u32 = u32::MAX;
/// Around vertices of so few edges, colors are always listed: reading the list is as short as searching a set.
const FEW: u32 = 16;

/// A set of colors.
#[derive(Clone, Default)]
struct Colors {
    words: Vec<u64>,
    /// A bit for each word that is full, so that a hole far below does not make every search walk over all that is above.
    full: Vec<u64>,
    /// No word before it has room.
    open: usize,
}

impl Colors {
    #[inline(always)]
    fn word(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or(0)
    }

    /// The first word from here on that is not full.
    #[inline(always)]
    fn next_open(&self, at: usize) -> usize {
        let at = at.max(self.open);
        let is_full = |at: usize| self.full.get(at / 64).map_or(0, |word| word >> (at % 64));
        if is_full(at) & 1 == 0 {
            return at;
        }
        let rest = at + is_full(at).trailing_ones() as usize;
        if !rest.is_multiple_of(64) {
            return rest;
        }
        let words = self.full.iter().enumerate().skip(rest / 64);
        let open = words.map(|(at, word)| (at, word.trailing_ones())).find(|(_, ones)| *ones < 64);
        open.map_or(64 * self.full.len().max(rest / 64), |(at, ones)| 64 * at + ones as usize)
    }

    #[inline(always)]
    fn insert(&mut self, color: u32) {
        let at = color as usize / 64;
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
            self.full.resize(at / 64 + 1, 0);
        }
        self.words[at] |= 1 << (color % 64);
        if self.words[at] == u64::MAX {
            self.full[at / 64] |= 1 << (at % 64);
            if at == self.open {
                self.open = self.next_open(at);
            }
        }
    }
}

/// For each vertex that is no hub, the colors of its neighbors.
struct Lists {
    starts: Vec<usize>,
    lens: Vec<u32>,
    colors: Vec<u32>,
}

impl Lists {
    fn new(topology: &Topology, hub_of: &[u32]) -> Self {
        let mut starts = Vec::with_capacity(hub_of.len());
        let mut end = 0;
        for (vertex, hub) in (0..).zip(hub_of) {
            starts.push(end);
            if *hub == NO_HUB {
                end += topology.in_degree(vertex) as usize;
                end += if topology.is_undirected() { 0 } else { topology.out_degree(vertex) as usize };
            }
        }
        Lists { starts, lens: vec![0; hub_of.len()], colors: vec![0; end] }
    }

    #[inline(always)]
    fn around(&self, vertex: Vertex) -> &[u32] {
        &self.colors[self.starts[vertex as usize]..][..self.lens[vertex as usize] as usize]
    }

    #[inline(always)]
    fn add(&mut self, vertex: Vertex, color: u32) {
        let len = &mut self.lens[vertex as usize];
        self.colors[self.starts[vertex as usize] + *len as usize] = color;
        *len += 1;
    }
}

/// The color of each vertex, in sequential greedy order.
pub(super) fn greedy(topology: &Topology, order: &[Vertex]) -> Vec<u32> {
    let (hub_of, hubs) = choose_hubs(topology);
    let mut lists = Lists::new(topology, &hub_of);
    let mut around = vec![Colors::default(); hubs];
    let mut colors = vec![UNCOLORED; order.len()];
    // What a vertex must not have because of vertices without a set; only the words in `touched` are not 0.
    let mut near: Vec<u64> = Vec::new();
    let mut touched: Vec<usize> = Vec::new();
    let mut hubs_near: Vec<u32> = Vec::new();
    for vertex in order {
        let mut forbid = |color: u32| {
            let at = color as usize / 64;
            if near.len() <= at {
                near.resize(at + 1, 0);
            }
            if near[at] == 0 {
                touched.push(at);
            }
            near[at] |= 1 << (color % 64);
        };
        for_each_neighbor(topology, *vertex, |middle| {
            if colors[middle as usize] != UNCOLORED {
                forbid(colors[middle as usize]);
            }
            match hub_of[middle as usize] {
                NO_HUB => lists.around(middle).iter().for_each(|color| forbid(*color)),
                hub => hubs_near.push(hub),
            }
        });
        let mut at = 0;
        let color = loop {
            at = hubs_near.iter().fold(at, |at, hub| around[*hub as usize].next_open(at));
            let own = near.get(at).copied().unwrap_or(0);
            let word = hubs_near.iter().fold(own, |word, hub| word | around[*hub as usize].word(at));
            if word != u64::MAX {
                break at as u32 * 64 + word.trailing_ones();
            }
            at += 1;
        };
        colors[*vertex as usize] = color;
        // Its own color too, or a hub's set would have a hole where no search can end.
        hubs_near.extend(Some(hub_of[*vertex as usize]).filter(|hub| *hub != NO_HUB));
        hubs_near.drain(..).for_each(|hub| around[hub as usize].insert(color));
        for_each_neighbor(topology, *vertex, |middle| {
            if hub_of[middle as usize] == NO_HUB {
                lists.add(middle, color);
            }
        });
        touched.drain(..).for_each(|at| near[at] = 0);
    }
    colors
}

/// The number of each vertex among the hubs, or `NO_HUB`, and how many hubs there are.
///
/// A set may need a bit for each color, and there are about as many colors as the largest hub has neighbors. The largest
/// vertices become hubs, as many as need no more memory than the graph.
fn choose_hubs(topology: &Topology) -> (Vec<u32>, usize) {
    let degree = |vertex| topology.out_degree(vertex).max(topology.in_degree(vertex));
    let vertices = 0..topology.vertices() as u32;
    let largest = vertices.clone().map(degree).max().unwrap_or(0);
    let set_bytes = largest as usize / 8 + 64;
    let most = topology.bytes() / set_bytes;
    let mut with_degree = vec![0usize; largest as usize + 1];
    vertices.clone().for_each(|vertex| with_degree[degree(vertex) as usize] += 1);
    let mut hubs = 0;
    let mut least = largest + 1;
    while least > FEW && hubs + with_degree[least as usize - 1] <= most {
        least -= 1;
        hubs += with_degree[least as usize];
    }
    let mut next = 0;
    let number = |vertex| {
        let hub = degree(vertex) >= least;
        next += u32::from(hub);
        if hub { next - 1 } else { NO_HUB }
    };
    (vertices.map(number).collect(), hubs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    #[test]
    fn the_next_word_with_room_is_found_across_holes() {
        for holes in [vec![], vec![0], vec![63, 64], vec![4095, 4096, 4097], vec![64 * 64 * 3]] {
            let mut colors = Colors::default();
            let mut inserted: Vec<u32> = (0..64 * 64 * 4).filter(|color| !holes.contains(color)).collect();
            let mut random = Random::keyed(1, 0, 0, 0);
            (1..inserted.len()).for_each(|at| inserted.swap(at, random.below(at as u64 + 1) as usize));
            for (count, color) in inserted.iter().enumerate() {
                colors.insert(*color);
                if count % 1000 == 0 || count + 300 > inserted.len() {
                    for at in (0..300).step_by(7).chain([63, 64, 65, 255, 256]) {
                        let expected = (at..).find(|at| colors.word(*at) != u64::MAX).unwrap();
                        assert_eq!(colors.next_open(at), expected, "from {at}, holes {holes:?}");
                    }
                }
            }
        }
    }
}
