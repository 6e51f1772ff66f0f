//! Scale-free graphs: R-MAT (Chakrabarti, Zhan, Faloutsos 2004, "R-MAT: a recursive model for graph mining", section 3), with the
//! parameters of Graph500 as defaults.
//!
//! The adjacency matrix is halved in both directions, one of the four quadrants is drawn, and so on for `scale` levels. Chosen since it is what
//! Graph500 and most papers in this field measure on: power-law degrees, hubs, a core.

use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::shuffle::Shuffle;
use super::{GenerateError, require, stream, zeroed};
use crate::Random;
use crate::graph::Ids;
use crate::input::EdgeList;

/// Parameters of [`rmat`].
#[derive(Clone, Debug, PartialEq)]
pub struct Rmat {
    /// There are `2^scale` vertices, some of them without an arc. At most [`Rmat::LARGEST_SCALE`]; default [`Rmat::SCALE`].
    pub scale: u32,
    /// Arcs drawn for each vertex, before loops and duplicates are dropped. Default [`Rmat::EDGE_FACTOR`].
    pub edge_factor: u32,
    /// Probability of the quadrant where both ends are in the lower half. Default [`Rmat::A`].
    pub a: f64,
    /// Probability of the quadrant with the source in the lower half, the target in the upper. Default [`Rmat::B`].
    pub b: f64,
    /// Probability of the quadrant with the source in the upper half, the target in the lower. Default [`Rmat::C`]. What `a`, `b` and
    /// `c` leave of 1 is the fourth quadrant's.
    pub c: f64,
    /// Renumber the vertices at random, so that a number tells nothing of a degree. Default `true`.
    pub permute: bool,
    /// Keep arcs from a vertex to itself. Default `false`; Graph500's own generator keeps them.
    pub keep_self_loops: bool,
    /// Keep one of equal arcs, and sort them by source and target. Default `true`; Graph500's own generator keeps all, in the order
    /// of drawing.
    pub deduplicate: bool,
    /// Whole weights drawn uniformly from this range. Default `None`; [`Rmat::WEIGHTS`] is usual for shortest paths.
    pub weights: Option<RangeInclusive<u32>>,
    /// Decides the graph. Default 0.
    pub seed: u64,
}

impl Rmat {
    /// Vertices have 32-bit numbers.
    pub const LARGEST_SCALE: u32 = 31;
    /// A million vertices.
    pub const SCALE: u32 = 20;
    /// Graph500's edge factor.
    pub const EDGE_FACTOR: u32 = 16;
    /// Graph500's A.
    pub const A: f64 = 0.57;
    /// Graph500's B.
    pub const B: f64 = 0.19;
    /// Graph500's C.
    pub const C: f64 = 0.19;
    /// The weights of the GAP benchmark suite (Beamer, Asanović, Patterson 2015).
    pub const WEIGHTS: RangeInclusive<u32> = 1..=255;
    /// Above it, not every whole number is an `f32`.
    pub const LARGEST_WEIGHT: u32 = 1 << f32::MANTISSA_DIGITS;

    fn check(&self) -> Result<(), GenerateError> {
        require(self.scale <= Self::LARGEST_SCALE, "scale", self.scale, "at most 31: vertices are u32")?;
        for (name, probability) in [("a", self.a), ("b", self.b), ("c", self.c)] {
            require((0.0..=1.0).contains(&probability), name, probability, "a probability, from 0 to 1")?;
        }
        let sum = self.a + self.b + self.c;
        require(sum <= 1.0 + 1e-9, "a + b + c", sum, "at most 1: the fourth quadrant gets the rest")?;
        if let Some(weights) = &self.weights {
            let shown = format!("{}..={}", weights.start(), weights.end());
            let fits = !weights.is_empty() && *weights.end() <= Self::LARGEST_WEIGHT;
            require(fits, "weights", shown, "a range that is not empty and ends at 16777216 at most")?;
        }
        Ok(())
    }
}

impl Default for Rmat {
    fn default() -> Self {
        Rmat {
            scale: Self::SCALE,
            edge_factor: Self::EDGE_FACTOR,
            a: Self::A,
            b: Self::B,
            c: Self::C,
            permute: true,
            keep_self_loops: false,
            deduplicate: true,
            weights: None,
            seed: 0,
        }
    }
}

/// Arcs drawn from one stream of random numbers.
const BLOCK: usize = 1 << 14;

/// Draws a graph; the vertices' ids are their numbers.
///
/// Time is linear in `edge_factor * scale * 2^scale`, and a parallel sort if duplicates are dropped; memory is 8 bytes an arc.
///
/// ```
/// use gasworks_engine::generate::{Rmat, rmat};
/// let graph = rmat(&Rmat { scale: 10, ..Rmat::default() })?;
/// assert_eq!(graph.ids.len(), 1024);
/// assert!(graph.arcs.iter().all(|[source, target]| source != target));
/// # Ok::<(), gasworks_engine::generate::GenerateError>(())
/// ```
///
/// # Errors
/// If a parameter is out of its range, or the arcs do not fit into memory.
pub fn rmat(parameters: &Rmat) -> Result<EdgeList, GenerateError> {
    parameters.check()?;
    let &Rmat { scale, seed, .. } = parameters;
    let vertices = 1u32 << scale;
    let mut arcs: Vec<[u32; 2]> = zeroed(u64::from(parameters.edge_factor) << scale, "arcs")?;

    let quadrants = Quadrants::new(parameters);
    let shuffle = parameters.permute.then(|| Shuffle::new(seed, stream(b"rmat ids"), vertices));
    arcs.par_chunks_mut(BLOCK).enumerate().for_each(|(block, arcs)| {
        let mut random = Random::keyed(seed, stream(b"rmat arc"), 0, block as u64);
        for arc in arcs {
            *arc = quadrants.descend(scale, &mut random);
            if let Some(shuffle) = &shuffle {
                *arc = arc.map(|vertex| shuffle.of(vertex));
            }
        }
    });

    if !parameters.keep_self_loops {
        arcs.retain(|[source, target]| source != target);
    }
    if parameters.deduplicate {
        arcs.par_sort_unstable_by_key(|[source, target]| u64::from(*source) << 32 | u64::from(*target));
        arcs.dedup();
    }
    let weights = match &parameters.weights {
        Some(range) => Some(draw_weights(arcs.len() as u64, range, seed)?),
        None => None,
    };
    Ok(EdgeList { ids: Ids::range(vertices), arcs, weights })
}

/// The three limits between the four quadrants, as fractions of `2^32`.
struct Quadrants {
    limits: [u64; 3],
}

impl Quadrants {
    fn new(parameters: &Rmat) -> Self {
        let &Rmat { a, b, c, .. } = parameters;
        let limit = |sum: f64| (sum * (1u64 << 32) as f64).round() as u64;
        Quadrants { limits: [limit(a), limit(a + b), limit(a + b + c)] }
    }

    /// One arc: a quadrant a level, 32 random bits each, without a branch.
    #[inline]
    fn descend(&self, scale: u32, random: &mut Random) -> [u32; 2] {
        let [mut source, mut target] = [0u32; 2];
        let [first, second, third] = self.limits;
        let mut bits = 0;
        for level in 0..scale {
            bits = if level % 2 == 0 { random.next_u64() } else { bits >> 32 };
            let draw = bits & 0xffff_ffff;
            let upper_source = draw >= second;
            let upper_target = (draw >= first) ^ upper_source ^ (draw >= third);
            source = source << 1 | u32::from(upper_source);
            target = target << 1 | u32::from(upper_target);
        }
        [source, target]
    }
}

fn draw_weights(arcs: u64, range: &RangeInclusive<u32>, seed: u64) -> Result<Vec<f32>, GenerateError> {
    let mut weights: Vec<f32> = zeroed(arcs, "weights")?;
    let width = u64::from(range.end() - range.start()) + 1;
    weights.par_chunks_mut(BLOCK).enumerate().for_each(|(block, weights)| {
        let mut random = Random::keyed(seed, stream(b"rmat wgt"), 0, block as u64);
        for weight in weights {
            *weight = (range.start() + random.below(width) as u32) as f32;
        }
    });
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::super::tests::at_every_thread_count;
    use super::*;

    /// As drawn: nothing dropped, nothing renumbered.
    fn raw(scale: u32) -> Rmat {
        Rmat { scale, permute: false, keep_self_loops: true, deduplicate: false, ..Rmat::default() }
    }

    fn out_degrees(graph: &EdgeList) -> Vec<u32> {
        let mut degrees = vec![0; graph.ids.len()];
        for [source, _] in &graph.arcs {
            degrees[*source as usize] += 1;
        }
        degrees.sort_unstable_by(|a, b| b.cmp(a));
        degrees
    }

    #[test]
    fn threads_do_not_change_the_graph() {
        let whole = Rmat { scale: 13, weights: Some(Rmat::WEIGHTS), seed: 5, ..Rmat::default() };
        at_every_thread_count(|| rmat(&whole).unwrap());
        at_every_thread_count(|| rmat(&raw(12)).unwrap());
    }

    #[test]
    fn another_seed_is_another_graph() {
        let graph = |seed| rmat(&Rmat { scale: 8, seed, ..Rmat::default() }).unwrap();
        assert_ne!(graph(0), graph(1));
    }

    /// Pearson's chi-square against the four probabilities, at each level; 21.1 is the 0.9999 quantile at 3 degrees of freedom.
    #[test]
    fn quadrants_have_their_probabilities() {
        let skewed = Rmat { a: 0.1, b: 0.2, c: 0.3, ..raw(14) };
        for parameters in [raw(14), skewed] {
            let graph = rmat(&parameters).unwrap();
            let Rmat { a, b, c, scale, .. } = parameters;
            for level in 0..scale {
                let mut seen = [0.0; 4];
                for [source, target] in &graph.arcs {
                    seen[((source >> level & 1) << 1 | target >> level & 1) as usize] += 1.0;
                }
                let chi_square: f64 = [a, b, c, 1.0 - a - b - c]
                    .iter()
                    .zip(seen)
                    .map(|(p, seen): (_, f64)| {
                        let expected = p * graph.arcs.len() as f64;
                        (seen - expected).powi(2) / expected
                    })
                    .sum();
                assert!(chi_square < 21.1, "level {level}: {chi_square}, {seen:?}");
            }
        }
    }

    #[test]
    fn a_certain_quadrant_is_always_drawn() {
        let corner = |a, b, c| {
            let graph = rmat(&Rmat { a, b, c, edge_factor: 2, ..raw(6) }).unwrap();
            assert!(graph.arcs.iter().all(|arc| *arc == graph.arcs[0]));
            graph.arcs[0]
        };
        assert_eq!(corner(1.0, 0.0, 0.0), [0, 0]);
        assert_eq!(corner(0.0, 1.0, 0.0), [0, 63]);
        assert_eq!(corner(0.0, 0.0, 1.0), [63, 0]);
        assert_eq!(corner(0.0, 0.0, 0.0), [63, 63]);
    }

    #[test]
    fn nothing_is_dropped_unless_asked_for() {
        let graph = rmat(&raw(10)).unwrap();
        assert_eq!(graph.arcs.len(), 16 << 10);
        assert!(graph.arcs.iter().any(|[source, target]| source == target));
    }

    #[test]
    fn a_simple_graph_is_sorted_without_loops_or_duplicates() {
        let graph = rmat(&Rmat { scale: 12, ..Rmat::default() }).unwrap();
        assert!(graph.arcs.is_sorted_by(|a, b| a < b));
        assert!(graph.arcs.iter().all(|[source, target]| source != target && source.max(target) < &4096));
        let drawn = 16 << 12;
        assert!((drawn * 7 / 10..drawn).contains(&graph.arcs.len()), "{}", graph.arcs.len());
    }

    #[test]
    fn degrees_are_skewed_also_after_renumbering() {
        for permute in [false, true] {
            let degrees = out_degrees(&rmat(&Rmat { permute, ..raw(14) }).unwrap());
            let hubs: u32 = degrees[..degrees.len() / 100].iter().sum();
            let share = f64::from(hubs) / f64::from(16 << 14);
            assert!(share > 0.2, "1 % of the vertices have {share} of the arcs");
            assert!(degrees[0] > 50 * 16, "{}", degrees[0]);
        }
        // The same shape, by other numbers.
        let shape = |permute| out_degrees(&rmat(&Rmat { permute, ..raw(10) }).unwrap());
        assert_eq!(shape(false), shape(true));
    }

    #[test]
    fn weights_fill_their_range() {
        let graph =
            rmat(&Rmat { scale: 12, weights: Some(Rmat::WEIGHTS), seed: 3, ..Rmat::default() }).unwrap();
        let weights = graph.weights.unwrap();
        assert_eq!(weights.len(), graph.arcs.len());
        assert!(weights.iter().all(|weight| (1.0..=255.0).contains(weight) && weight.fract() == 0.0));
        let mean = weights.iter().map(|weight| f64::from(*weight)).sum::<f64>() / weights.len() as f64;
        assert!((mean - 128.0).abs() < 2.0, "{mean}");
        assert!(weights.contains(&1.0) && weights.contains(&255.0));
    }

    #[test]
    fn the_smallest_graphs() {
        let one = rmat(&raw(0)).unwrap();
        assert_eq!((one.ids.len(), one.arcs), (1, vec![[0, 0]; 16]));
        assert!(rmat(&Rmat { scale: 0, ..Rmat::default() }).unwrap().arcs.is_empty());
        assert!(rmat(&Rmat { edge_factor: 0, ..raw(3) }).unwrap().arcs.is_empty());
    }

    #[test]
    fn senseless_parameters_are_refused() {
        let base = Rmat::default;
        let cases = [
            (Rmat { scale: 32, ..base() }, "scale is 32, expected at most 31: vertices are u32"),
            (Rmat { a: 1.5, ..base() }, "a is 1.5, expected a probability, from 0 to 1"),
            (Rmat { b: f64::NAN, ..base() }, "b is NaN, expected a probability, from 0 to 1"),
            (Rmat { c: -0.1, ..base() }, "c is -0.1, expected a probability, from 0 to 1"),
            (
                Rmat { a: 0.75, b: 0.25, c: 0.25, ..base() },
                "a + b + c is 1.25, expected at most 1: the fourth quadrant gets the rest",
            ),
            (
                Rmat { weights: Some(1..=1 << 25), ..base() },
                "weights is 1..=33554432, expected a range that is not empty and ends at 16777216 at most",
            ),
        ];
        for (parameters, message) in cases {
            assert_eq!(rmat(&parameters).unwrap_err().to_string(), message);
        }
        let backwards = RangeInclusive::new(5, 4);
        assert!(rmat(&Rmat { weights: Some(backwards), ..base() }).is_err());
        let huge = Rmat { scale: 31, edge_factor: u32::MAX, ..base() };
        assert!(matches!(rmat(&huge).unwrap_err(), GenerateError::Memory { what: "arcs", .. }));
    }
}
