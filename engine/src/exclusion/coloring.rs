//! Colorings: a number for each vertex, such that vertices of one color may be visited at the same time.
//!
//! Edge consistency asks that neighbors differ (distance one), full consistency that vertices with a common neighbor differ
//! too (distance two): Low et al. 2012, "Distributed GraphLab", section 4.2.1, the chromatic engine. Neighbors are meant in
//! both directions of the edges; self-loops ask for nothing, and parallel edges for no more than one edge.
//!
//! Safety rests on a coloring, so none is taken on trust: [`Coloring::verified`] is the only way to make one, also for the
//! colors that [`Coloring::greedy`] has chosen itself.

mod distance_one;
mod distance_two;
mod order;

use std::ops::Range;

use rayon::prelude::*;

pub use order::ColoringOrder;

use crate::error::Error;
use crate::graph::{Topology, Vertex, counting_sort};

/// How far apart vertices of one color are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Distance {
    /// They are no neighbors: enough for edge consistency.
    One,
    /// They are no neighbors and have none in common: enough for full consistency.
    Two,
}

/// A color for each vertex, verified for a [`Distance`], and the vertices of each color.
///
/// ```
/// use gasworks_engine::graph::GraphBuilder;
/// use gasworks_engine::{Coloring, ColoringOrder, Distance};
/// let path = GraphBuilder::directed(4).plain_edges(&[[0, 1], [1, 2], [2, 3]]).build()?;
/// let coloring = Coloring::greedy(path.topology(), Distance::One, ColoringOrder::Natural);
/// assert_eq!(coloring.colors(), [0, 1, 0, 1]);
/// assert_eq!(coloring.class(1), [1, 3]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coloring {
    distance: Distance,
    colors: Vec<u32>,
    /// Where each color starts in `by_color`, and the end.
    offsets: Vec<u64>,
    /// All vertices by color, then number.
    by_color: Vec<Vertex>,
}

/// Two vertices that have one color and must not; the smallest such pair is found first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Conflict {
    /// The smaller.
    pub(crate) first: Vertex,
    /// The larger.
    pub(crate) second: Vertex,
    /// A neighbor of both, where the two are no neighbors themselves.
    pub(crate) between: Option<Vertex>,
}

impl Coloring {
    /// Gives each vertex in turn the smallest color that no vertex within the distance has.
    ///
    /// The order and the topology decide the colors; the number of threads does not. At distance one, a bipartite topology
    /// gets two colors, left 0 and right 1, whatever the order; any other is colored in parallel, in O(vertices + edges). At
    /// distance two it is one thread that colors, and only the verification is parallel; there are at least as many
    /// colors as the largest neighborhood has vertices.
    pub fn greedy(topology: &Topology, distance: Distance, order: ColoringOrder) -> Self {
        let colors = match (distance, topology.left()) {
            (Distance::One, Some(left)) => {
                (0..topology.vertices()).map(|v| u32::from(v >= left as usize)).collect()
            }
            (Distance::One, None) => distance_one::greedy(topology, &order.sort(topology)),
            (Distance::Two, _) => distance_two::greedy(topology, &order.sort(topology)),
        };
        Self::verified(topology, colors, distance).expect("greedy colors differ within the distance")
    }

    /// A coloring from elsewhere. The colors are any numbers; they are renumbered from 0 in their order, without gaps.
    /// O(vertices + edges), parallel.
    ///
    /// # Errors
    /// [`Error::BadColoring`] for two vertices that are too close for one color, the smallest such pair;
    /// [`Error::Usage`] if there is not one color for each vertex.
    pub fn from_colors(topology: &Topology, colors: Vec<u32>, distance: Distance) -> Result<Self, Error> {
        Self::verified(topology, colors, distance)
    }

    fn verified(topology: &Topology, colors: Vec<u32>, distance: Distance) -> Result<Self, Error> {
        if colors.len() != topology.vertices() {
            return Err(Error::Usage {
                expected: format!("one color for each of {} vertices", topology.vertices()),
                found: format!("{} colors", colors.len()),
                advice: "give the colors of all vertices, by number".into(),
            });
        }
        let (compacted, number_of_colors) = compact(&colors);
        if let Err(Conflict { first, second, between }) =
            verify_compacted(topology, &compacted, number_of_colors, distance)
        {
            return Err(Error::BadColoring { first, second, color: colors[first as usize], between });
        }
        let vertices: Vec<Vertex> = (0..compacted.len() as u32).collect();
        let (offsets, by_color) =
            counting_sort(&vertices, number_of_colors, |vertex| compacted[*vertex as usize]);
        Ok(Coloring { distance, colors: compacted, offsets, by_color })
    }

    /// A coloring that says of itself that it keeps the distance, for tests to see it caught.
    #[cfg(test)]
    pub(crate) fn unverified(colors: Vec<u32>, distance: Distance) -> Self {
        let (colors, number_of_colors) = compact(&colors);
        let vertices: Vec<Vertex> = (0..colors.len() as u32).collect();
        let (offsets, by_color) =
            counting_sort(&vertices, number_of_colors, |vertex| colors[*vertex as usize]);
        Coloring { distance, colors, offsets, by_color }
    }

    /// The color of each vertex, below [`number_of_colors`](Self::number_of_colors).
    pub fn colors(&self) -> &[u32] {
        &self.colors
    }

    /// How many colors there are. Each has a vertex.
    pub fn number_of_colors(&self) -> usize {
        self.offsets.len() - 1
    }

    /// How far apart vertices of one color are.
    pub fn distance(&self) -> Distance {
        self.distance
    }

    /// The vertices of a color, ascending.
    ///
    /// # Panics
    /// If there is no such color.
    pub fn class(&self, color: u32) -> &[Vertex] {
        let Range { start, end } = self.offsets[color as usize]..self.offsets[color as usize + 1];
        &self.by_color[start as usize..end as usize]
    }

    /// The vertices of each color, by color; ascending within.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = &[Vertex]> {
        let bounds = self.offsets.windows(2);
        bounds.map(|bounds| &self.by_color[bounds[0] as usize..bounds[1] as usize])
    }
}

/// Visits the other ends of the edges at a vertex: itself where it has a self-loop, some more than once.
#[inline(always)]
fn for_each_neighbor(topology: &Topology, vertex: Vertex, mut visit: impl FnMut(Vertex)) {
    topology.out_neighbors(vertex).iter().for_each(|end| visit(*end));
    if !topology.is_undirected() {
        topology.in_neighbors(vertex).iter().for_each(|end| visit(*end));
    }
}

/// The colors renumbered from 0 in their order, without gaps, and how many there are.
fn compact(colors: &[u32]) -> (Vec<u32>, usize) {
    let largest = colors.par_iter().copied().max().map_or(0, |color| color as usize);
    let distinct: Vec<u32> = if largest <= 2 * colors.len() {
        let mut used = vec![false; largest + 1];
        colors.iter().for_each(|color| used[*color as usize] = true);
        (0..).zip(used).filter_map(|(color, used)| used.then_some(color)).collect()
    } else {
        let mut sorted = colors.to_vec();
        sorted.par_sort_unstable();
        sorted.dedup();
        sorted
    };
    if distinct.last().is_none_or(|last| *last as usize + 1 == distinct.len()) {
        return (colors.to_vec(), distinct.len());
    }
    let number =
        |color: &u32| distinct.binary_search(color).expect("the distinct colors hold each color") as u32;
    (colors.par_iter().map(number).collect(), distinct.len())
}

/// Whether vertices within the distance have different colors; if not, the smallest pair that has not. O(vertices + edges),
/// parallel.
///
/// # Panics
/// If there is not one color for each vertex.
#[cfg_attr(not(test), expect(dead_code, reason = "for strategies that are given colors in passing"))]
pub(crate) fn verify(topology: &Topology, colors: &[u32], distance: Distance) -> Result<(), Conflict> {
    assert_eq!(colors.len(), topology.vertices(), "one color for each vertex");
    let (colors, number_of_colors) = compact(colors);
    verify_compacted(topology, &colors, number_of_colors, distance)
}

fn verify_compacted(
    topology: &Topology,
    colors: &[u32],
    number_of_colors: usize,
    distance: Distance,
) -> Result<(), Conflict> {
    // Almost always there is none, so which is the smallest is asked only once there is one.
    let smallest = match distance {
        Distance::One if edges_differ(topology, colors) => None,
        Distance::One => smallest_edge(topology, colors),
        Distance::Two if neighborhoods_differ(topology, colors, number_of_colors) => None,
        Distance::Two => smallest_within_two(topology, colors),
    };
    smallest.map_or(Ok(()), Err)
}

/// Whether the ends of each edge differ. Out-rows hold all edges.
fn edges_differ(topology: &Topology, colors: &[u32]) -> bool {
    (0..topology.vertices() as u32).into_par_iter().with_min_len(1 << 8).all(|source| {
        let color = colors[source as usize];
        let ends = topology.out_neighbors(source).iter();
        // Without an exit, which the loop would look for at each edge.
        !ends.fold(false, |bad, end| bad | (colors[*end as usize] == color && *end != source))
    })
}

fn smallest_edge(topology: &Topology, colors: &[u32]) -> Option<Conflict> {
    let of_source = |source: Vertex| {
        let same = move |end: &&Vertex| **end != source && colors[**end as usize] == colors[source as usize];
        let ends = topology.out_neighbors(source).iter().filter(same);
        ends.map(|end| Conflict { first: source.min(*end), second: source.max(*end), between: None }).min()
    };
    (0..topology.vertices() as u32).into_par_iter().filter_map(of_source).min()
}

/// Whether within each vertex and its neighbors, each color is that of one vertex.
fn neighborhoods_differ(topology: &Topology, colors: &[u32], number_of_colors: usize) -> bool {
    // For each color, the last center around which it was seen, and on which vertex.
    let nobody = || vec![(u32::MAX, u32::MAX); number_of_colors];
    (0..topology.vertices() as u32)
        .into_par_iter()
        .with_min_len(1 << 10)
        .map_init(nobody, |seen, center| {
            let mut bad = false;
            let mut see = |vertex: Vertex| {
                let seen = &mut seen[colors[vertex as usize] as usize];
                bad |= seen.0 == center && seen.1 != vertex;
                *seen = (center, vertex);
            };
            see(center);
            for_each_neighbor(topology, center, see);
            !bad
        })
        .all(|differ| differ)
}

fn smallest_within_two(topology: &Topology, colors: &[u32]) -> Option<Conflict> {
    let around = |center: Vertex| {
        let mut members = vec![(colors[center as usize], center)];
        for_each_neighbor(topology, center, |vertex| members.push((colors[vertex as usize], vertex)));
        members.sort_unstable();
        members.dedup();
        let same = members.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        same.map(|pair| {
            let (first, second) = (pair[0].1, pair[1].1);
            let between = (center != first && center != second).then_some(center);
            Conflict { first, second, between }
        })
        .min()
    };
    (0..topology.vertices() as u32).into_par_iter().filter_map(around).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::graph::{GraphBuilder, ParallelEdges, ReverseEdges};
    use crate::{Random, generate};

    const ORDERS: [ColoringOrder; 4] = [
        ColoringOrder::Natural,
        ColoringOrder::LargestFirst,
        ColoringOrder::SmallestLast,
        ColoringOrder::Random { seed: 5 },
    ];
    const DISTANCES: [Distance; 2] = [Distance::One, Distance::Two];

    fn directed(vertices: u32, edges: &[[u32; 2]]) -> Topology {
        GraphBuilder::directed(vertices as usize).plain_edges(edges).build().unwrap().topology().clone()
    }

    fn undirected(vertices: u32, edges: &[[u32; 2]]) -> Topology {
        let builder = GraphBuilder::undirected(vertices as usize, ReverseEdges::Keep).plain_edges(edges);
        builder.parallel_edges(ParallelEdges::Keep).build().unwrap().topology().clone()
    }

    fn bipartite(left: u32, right: u32, edges: &[[u32; 2]]) -> Topology {
        let builder = GraphBuilder::bipartite(left as usize, right as usize).plain_edges(edges);
        builder.build().unwrap().topology().clone()
    }

    fn star(leaves: u32) -> Topology {
        directed(leaves + 1, &(1..=leaves).map(|leaf| [0, leaf]).collect::<Vec<_>>())
    }

    fn random_edges(seed: u64, left: u32, right: u32, count: usize) -> Vec<[u32; 2]> {
        let mut random = Random::keyed(seed, 0, 0, 0);
        let mut draw = |bound: u32| random.below(u64::from(bound)) as u32;
        (0..count).map(|_| [draw(left), draw(right)]).collect()
    }

    /// R-MAT, with hubs.
    fn rmat(scale: u32) -> Topology {
        let list = generate::rmat(&generate::Rmat { scale, ..Default::default() }).unwrap();
        GraphBuilder::directed(1 << scale).plain_edges(&list.arcs).build().unwrap().topology().clone()
    }

    fn shapes() -> Vec<(String, Topology)> {
        let clique: Vec<[u32; 2]> = (0..6).flat_map(|a| (a + 1..6).map(move |b| [a, b])).collect();
        let path: Vec<[u32; 2]> = (0..9).map(|v| [v, v + 1]).collect();
        let grid: Vec<[u32; 2]> = (0..30)
            .flat_map(|v| [(v % 6 < 5).then_some([v, v + 1]), (v < 24).then_some([v, v + 6])])
            .flatten()
            .collect();
        let mut shapes = vec![
            ("empty".into(), directed(0, &[])),
            ("one vertex".into(), directed(1, &[])),
            ("a vertex with a loop".into(), directed(1, &[[0, 0]])),
            ("no edges".into(), directed(70, &[])),
            ("star".into(), star(100)),
            ("star inward".into(), directed(9, &(0..8).map(|leaf| [leaf, 8]).collect::<Vec<_>>())),
            ("clique".into(), directed(6, &clique)),
            ("undirected clique".into(), undirected(6, &clique)),
            ("path".into(), directed(10, &path)),
            ("grid".into(), undirected(30, &grid)),
            ("parallel edges".into(), directed(4, &[[0, 1], [0, 1], [1, 0], [2, 1], [2, 1]])),
            ("undirected parallel edges".into(), undirected(3, &[[0, 1], [1, 0], [0, 1], [2, 2], [2, 1]])),
            ("loops".into(), directed(3, &[[0, 0], [0, 1], [1, 1], [2, 2], [2, 2]])),
            ("bipartite".into(), bipartite(3, 4, &[[0, 0], [0, 3], [1, 0], [2, 2], [2, 2]])),
            ("only left".into(), bipartite(3, 0, &[])),
            ("only right".into(), bipartite(0, 3, &[])),
            ("rmat".into(), rmat(9)),
        ];
        for seed in 0..20 {
            let edges = random_edges(seed, 40, 40, 20 + 8 * seed as usize);
            shapes.push((format!("random {seed}"), directed(40, &edges)));
            shapes.push((format!("undirected random {seed}"), undirected(40, &edges)));
            let edges = random_edges(seed, 15, 25, 10 + 4 * seed as usize);
            shapes.push((format!("bipartite random {seed}"), bipartite(15, 25, &edges)));
        }
        shapes
    }

    /// Pairs that must differ, with what makes them close, by the definition: from a matrix.
    fn close_pairs(topology: &Topology, distance: Distance) -> Vec<Conflict> {
        let n = topology.vertices() as u32;
        let mut joined = vec![vec![false; n as usize]; n as usize];
        for a in 0..n {
            for b in topology.out_neighbors(a) {
                joined[a as usize][*b as usize] = true;
                joined[*b as usize][a as usize] = true;
            }
        }
        let mut pairs = Vec::new();
        for first in 0..n {
            for second in first + 1..n {
                let (one, other) = (&joined[first as usize], &joined[second as usize]);
                if one[second as usize] {
                    pairs.push(Conflict { first, second, between: None });
                } else if distance == Distance::Two {
                    let between = (0..n).find(|v| one[*v as usize] && other[*v as usize]);
                    pairs.extend(between.map(|v| Conflict { first, second, between: Some(v) }));
                }
            }
        }
        pairs
    }

    fn smallest_conflict(pairs: &[Conflict], colors: &[u32]) -> Option<Conflict> {
        pairs.iter().copied().find(|pair| colors[pair.first as usize] == colors[pair.second as usize])
    }

    fn naive_greedy(vertices: usize, pairs: &[Conflict], order: &[Vertex]) -> Vec<u32> {
        let mut colors = vec![u32::MAX; vertices];
        for vertex in order {
            let close = pairs.iter().filter_map(|pair| match *vertex {
                v if v == pair.first => Some(pair.second),
                v if v == pair.second => Some(pair.first),
                _ => None,
            });
            let taken: Vec<u32> = close.map(|other| colors[other as usize]).collect();
            colors[*vertex as usize] = (0..).find(|color| !taken.contains(color)).unwrap();
        }
        colors
    }

    fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
    }

    #[test]
    fn greedy_is_sequential_greedy_in_its_order_on_any_number_of_threads() {
        let shapes = shapes();
        for threads in [1, 2, 8] {
            on_threads(threads, || {
                for (name, topology) in &shapes {
                    for (distance, order) in DISTANCES.iter().flat_map(|d| ORDERS.map(|o| (*d, o))) {
                        let coloring = Coloring::greedy(topology, distance, order);
                        let pairs = close_pairs(topology, distance);
                        let what = format!("{name}, {distance:?}, {order:?}, {threads} threads");
                        assert_eq!(smallest_conflict(&pairs, coloring.colors()), None, "{what}");
                        if let (Distance::One, Some(left)) = (distance, topology.left()) {
                            let right = u32::from(left > 0);
                            let two =
                                (0..topology.vertices() as u32).map(|v| if v < left { 0 } else { right });
                            assert!(coloring.colors().iter().copied().eq(two), "{what}");
                            continue;
                        }
                        let sorted = order.sort(topology);
                        let expected = naive_greedy(topology.vertices(), &pairs, &sorted);
                        assert_eq!(coloring.colors(), expected, "{what}");
                    }
                }
            });
        }
    }

    #[test]
    fn greedy_agrees_with_one_thread_where_workers_wait_for_each_other() {
        let path: Vec<[u32; 2]> = (0..50_000).map(|v| [v, v + 1]).collect();
        for topology in [rmat(13), directed(50_001, &path)] {
            for order in ORDERS {
                let alone = on_threads(1, || Coloring::greedy(&topology, Distance::One, order));
                for threads in [2, 8] {
                    let together = on_threads(threads, || Coloring::greedy(&topology, Distance::One, order));
                    assert!(alone == together, "{order:?}, {threads} threads");
                }
            }
        }
    }

    #[test]
    fn orders_are_permutations_and_what_they_say() {
        for (name, topology) in shapes() {
            let n = topology.vertices() as u32;
            let degree = |v: u32| {
                let mut degree = 0;
                for_each_neighbor(&topology, v, |_| degree += 1);
                degree
            };
            for order in ORDERS {
                let mut sorted = order.sort(&topology);
                if order == ColoringOrder::LargestFirst {
                    let key = |v: &u32| (std::cmp::Reverse(degree(*v)), *v);
                    assert!(sorted.is_sorted_by_key(key), "{name}");
                }
                sorted.sort();
                assert!(sorted.into_iter().eq(0..n), "{name}, {order:?}");
            }
            // By the definition, one vertex at a time: degeneracy is the largest smallest degree on the way.
            let mut left: Vec<u32> = (0..n).collect();
            let mut degeneracy = 0;
            let among = |v: u32, left: &[u32]| {
                let mut count = 0;
                for_each_neighbor(&topology, v, |w| count += usize::from(left.contains(&w)));
                count
            };
            while let Some(v) = left.iter().copied().min_by_key(|v| among(*v, &left)) {
                degeneracy = degeneracy.max(among(v, &left));
                left.retain(|w| *w != v);
            }
            let sorted = ColoringOrder::SmallestLast.sort(&topology);
            for (at, v) in sorted.iter().enumerate() {
                let before = among(*v, &sorted[..at]);
                assert!(before <= degeneracy, "{name}: {before} of {degeneracy} neighbors before {v}");
            }
        }
        let grid = shapes().into_iter().find(|(name, _)| name == "grid").unwrap().1;
        let random = |seed| ColoringOrder::Random { seed }.sort(&grid);
        assert!(random(1) == random(1) && random(1) != random(2));
    }

    #[test]
    fn every_wrong_color_is_found_and_the_smallest_pair_named() {
        let mut refused = 0;
        for (name, topology) in shapes().into_iter().filter(|(_, t)| t.vertices() < 60) {
            for distance in DISTANCES {
                let pairs = close_pairs(&topology, distance);
                let good = Coloring::greedy(&topology, distance, ColoringOrder::LargestFirst);
                for vertex in 0..topology.vertices() {
                    for color in (0..=good.number_of_colors() as u32).chain([1 << 20, u32::MAX]) {
                        let mut colors = good.colors().to_vec();
                        colors[vertex] = color;
                        let expected = smallest_conflict(&pairs, &colors);
                        let what = format!("{name}, {distance:?}: {color} on {vertex}");
                        assert_eq!(verify(&topology, &colors, distance).err(), expected, "{what}");
                        let made = Coloring::from_colors(&topology, colors.clone(), distance);
                        match (made, expected) {
                            (Ok(made), None) => {
                                let classes: Vec<_> = made.classes().collect();
                                assert_eq!(classes.len(), made.number_of_colors());
                                let first = |class: &&[u32]| colors[class[0] as usize];
                                assert!(classes.is_sorted_by_key(first), "{what}");
                            }
                            (Err(Error::BadColoring { first, second, color, between }), Some(conflict)) => {
                                assert_eq!(Conflict { first, second, between }, conflict, "{what}");
                                assert_eq!(color, colors[first as usize], "{what}");
                                refused += 1;
                            }
                            (made, expected) => panic!("{what}: {made:?}, expected {expected:?}"),
                        }
                    }
                }
                // Several faults at once: still the smallest.
                for seed in 0..20 {
                    let mut random = Random::keyed(seed, 1, 0, 0);
                    let colors: Vec<u32> =
                        (0..topology.vertices()).map(|_| random.below(1 + seed) as u32).collect();
                    let found = verify(&topology, &colors, distance).err();
                    assert_eq!(found, smallest_conflict(&pairs, &colors), "{name}, {distance:?}");
                }
            }
        }
        assert!(refused > 10_000, "{refused}");
    }

    #[test]
    fn classes_are_sorted_and_colors_have_no_gaps() {
        let topology = directed(5, &[[0, 1], [1, 2], [3, 4]]);
        let coloring =
            Coloring::from_colors(&topology, vec![u32::MAX, 7, u32::MAX, 7, 100], Distance::One).unwrap();
        assert_eq!(coloring.colors(), [2, 0, 2, 0, 1]);
        assert_eq!((coloring.number_of_colors(), coloring.distance()), (3, Distance::One));
        assert_eq!(coloring.classes().collect::<Vec<_>>(), [&[1, 3][..], &[4], &[0, 2]]);
        assert_eq!((coloring.class(0), coloring.class(2)), (&[1, 3][..], &[0, 2][..]));
        assert!(std::panic::catch_unwind(|| coloring.class(3).len()).is_err());
        let none = Coloring::greedy(&directed(0, &[]), Distance::Two, ColoringOrder::default());
        assert_eq!((none.number_of_colors(), none.classes().len()), (0, 0));
    }

    #[test]
    fn errors_say_what_is_wrong_and_what_to_do() {
        let path = directed(3, &[[0, 1], [1, 2]]);
        let message = |colors, distance| {
            let error = Coloring::from_colors(&path, colors, distance).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            error.to_string()
        };
        assert_eq!(
            message(vec![4, 4, 9], Distance::One),
            "vertices 0 and 1: expected different colors, found color 4 for both, and an edge between them; \
             change the color of one, or let Coloring::greedy choose them all"
        );
        assert_eq!(
            message(vec![4, 3, 4], Distance::Two),
            "vertices 0 and 2: expected different colors, found color 4 for both, and vertex 1 is a neighbor of both; \
             change the color of one, or let Coloring::greedy choose them all"
        );
        assert_eq!(
            message(vec![1], Distance::One),
            "expected one color for each of 3 vertices, found 1 colors; give the colors of all vertices, by number"
        );
    }

    /// A star at distance two, also where no leaf can have color 0 or 64, so that the hub's set keeps holes: sums of squared
    /// degrees would take minutes.
    #[test]
    fn hubs_take_no_quadratic_time() {
        let leaves = 100_000;
        for order in ORDERS {
            let coloring = Coloring::greedy(&star(leaves), Distance::Two, order);
            assert_eq!(coloring.number_of_colors(), leaves as usize + 1);
        }
        // Hub 0, its leaves, and a pendant vertex at each leaf that takes color 0 first.
        let edges: Vec<[u32; 2]> = (1..=leaves).flat_map(|leaf| [[0, leaf], [leaf, leaves + leaf]]).collect();
        let mut order: Vec<u32> = (leaves + 1..=2 * leaves).collect();
        order.extend(0..=leaves);
        let topology = directed(2 * leaves + 1, &edges);
        let colors = distance_two::greedy(&topology, &order);
        assert!(Coloring::from_colors(&topology, colors.clone(), Distance::Two).is_ok());
        assert_eq!((colors[2 * leaves as usize], colors[0]), (0, 1));
        assert!((1..=leaves).all(|leaf| colors[leaf as usize] == leaf + 1));
    }

    /// Seconds that all threads have worked, also on a machine that others use; 0 where the system does not tell.
    fn worked() -> f64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let ticks = stat.split(' ').skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
        ticks.sum::<f64>() / 100.0
    }

    /// `cargo test --release -p gasworks-engine --lib coloring::tests::times -- --ignored --nocapture`
    #[test]
    #[ignore = "times, to be read"]
    fn times() {
        for (scale, seconds) in [(18, 1), (20, 4)] {
            let topology = rmat(scale);
            let degree = |v: u32| topology.out_degree(v) + topology.in_degree(v);
            let largest = (0..1 << scale).map(degree).max();
            println!("scale {scale}: {} arcs, largest degree {largest:?}", topology.edges());
            for (threads, distance) in [(1, Distance::One), (2, Distance::One), (2, Distance::Two)] {
                on_threads(threads, || {
                    for order in ORDERS {
                        let mut best = [f64::INFINITY; 3];
                        let (mut colors, mut runs, mut work) = (0, 0.0, 0.0);
                        let begin = std::time::Instant::now();
                        while colors == 0
                            || (distance == Distance::One && begin.elapsed().as_secs() < seconds)
                        {
                            let start = std::time::Instant::now();
                            order.sort(&topology);
                            let sorted = start.elapsed().as_secs_f64();
                            let (start, before) = (std::time::Instant::now(), worked());
                            let coloring = Coloring::greedy(&topology, distance, order);
                            let all = start.elapsed().as_secs_f64();
                            (runs, work) = (runs + 1.0, work + worked() - before);
                            let start = std::time::Instant::now();
                            verify(&topology, coloring.colors(), distance).unwrap();
                            let verified = start.elapsed().as_secs_f64();
                            colors = coloring.number_of_colors();
                            best = [best[0].min(all), best[1].min(sorted), best[2].min(verified)];
                        }
                        let [all, sorted, verified] = best.map(|seconds| 1000.0 * seconds);
                        let work = 1000.0 * work / runs;
                        println!(
                            "{distance:?} {order:?} on {threads}: {all:.0} ms (order {sorted:.0}, verify {verified:.0}; work of all \
                             threads {work:.0}), {colors} colors"
                        );
                    }
                });
            }
        }
    }
}
