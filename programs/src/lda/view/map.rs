//! Where topics lie on a map: near each other if their words are alike.
//!
//! The distance of two topics is the square root of the Jensen-Shannon divergence of their distributions over words (Lin 1991, "Divergence
//! measures based on the Shannon entropy"; Endres and Schindelin 2003, "A new metric for probability distributions"), and the map is its classical multidimensional scaling
//! (Torgerson 1952; Gower 1966): the two directions in which the topics differ most. The distance can be embedded in a Hilbert space (Fuglede and Topsoe 2004), so
//! the matrix to decompose has no negative eigenvalue.

use gasworks_engine::Random;
use rayon::prelude::*;

use super::super::model::TopicModel;
use crate::svd::dense::decompose;
use crate::svd::vectors::{combine, dot, orthonormalize};

/// Points in the plane, and what they keep of the distances.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Map {
    /// One for each topic.
    pub(super) points: Vec<[f64; 2]>,
    /// The share of the sum of squared distances that the plane shows, from 0 to 1.
    pub(super) kept: f64,
}

/// Names the stream of random numbers that the iteration starts from.
const MAP: u64 = 0x6d61_7073;
/// Vectors that are iterated: more than two, so that two are found sooner.
const VECTORS: usize = 8;
/// Iterations at most; the map need not be exact.
const ITERATIONS: usize = 2000;
/// Below this share of the scale a vector has no direction.
const NOTHING: f64 = 1e-13;
/// Vectors are found where they move by no more than this share of the greatest eigenvalue.
const SETTLED: f64 = 1e-9;

/// A topic's distribution over words: the probability of each word that it has a token of, by word, ascending, and that of every other.
struct Distribution {
    words: Vec<(u32, f64)>,
    other: f64,
}

/// The Jensen-Shannon divergences of these topics, in bits, from 0 to 1: row after row of a symmetric matrix. Parallel; O(topics x tokens).
pub(super) fn divergences(model: &TopicModel, topics: &[usize]) -> Vec<f64> {
    let distributions = distributions(model, topics);
    let words = model.priors().words();
    let row = |at: usize| {
        let of = |other: &Distribution| divergence(&distributions[at], other, words);
        distributions[at + 1..].iter().map(of).collect::<Vec<f64>>()
    };
    let above: Vec<Vec<f64>> = (0..topics.len()).into_par_iter().map(row).collect();
    let mut all = vec![0.0; topics.len() * topics.len()];
    for (at, row) in above.iter().enumerate() {
        for (other, divergence) in (at + 1..).zip(row) {
            all[at * topics.len() + other] = *divergence;
            all[other * topics.len() + at] = *divergence;
        }
    }
    all
}

fn distributions(model: &TopicModel, topics: &[usize]) -> Vec<Distribution> {
    let priors = model.priors();
    let whole = |topic: usize| model.totals()[topic] as f64 + priors.beta() * priors.words() as f64;
    let mut place = vec![None; priors.topics()];
    let empty = |(at, topic): (usize, &usize)| {
        place[*topic] = Some(at);
        Distribution { words: Vec::new(), other: priors.beta() / whole(*topic) }
    };
    let mut all: Vec<Distribution> = topics.iter().enumerate().map(empty).collect();
    for word in 0..model.words().len() {
        for of in model.words().get(word) {
            let topic = usize::from(of.topic);
            if let Some(at) = place[topic] {
                let probability = (f64::from(of.count) + priors.beta()) / whole(topic);
                all[at].words.push((word as u32, probability));
            }
        }
    }
    all
}

/// Word by word: the entropy of the mean less the mean of the entropies.
fn divergence(one: &Distribution, other: &Distribution, words: usize) -> f64 {
    let term = |p: f64, q: f64| entropy(0.5 * (p + q)) - 0.5 * (entropy(p) + entropy(q));
    let (mut of_one, mut of_other) = (one.words.iter().peekable(), other.words.iter().peekable());
    let (mut sum, mut seen) = (0.0, 0);
    loop {
        let (p, q) = match (of_one.peek(), of_other.peek()) {
            (None, None) => break,
            (Some((a, _)), Some((b, _))) if a == b => (of_one.next(), of_other.next()),
            (Some((a, _)), Some((b, _))) if a > b => (None, of_other.next()),
            (None, Some(_)) => (None, of_other.next()),
            (Some(_), _) => (of_one.next(), None),
        };
        sum += term(p.map_or(one.other, |p| p.1), q.map_or(other.other, |q| q.1));
        seen += 1;
    }
    (sum + (words - seen) as f64 * term(one.other, other.other)).clamp(0.0, 1.0)
}

fn entropy(p: f64) -> f64 {
    -p * p.log2()
}

/// Classical multidimensional scaling of squared distances, a symmetric matrix of so many rows, to the plane. Signs are such that the
/// point that is farthest out in a direction is on its positive side.
pub(super) fn scaled(squares: &[f64], size: usize) -> Map {
    let mean = |row: &[f64]| row.iter().sum::<f64>() / size.max(1) as f64;
    let means: Vec<f64> = squares.chunks_exact(size.max(1)).map(mean).collect();
    let all = mean(&means);
    let centered = |(at, square): (usize, &f64)| -0.5 * (square - means[at / size] - means[at % size] + all);
    let inner: Vec<f64> = squares.iter().enumerate().map(centered).collect();
    let trace: f64 = (0..size).map(|at| inner[at * size + at]).sum();
    let mut points = vec![[0.0; 2]; size];
    if trace <= f64::EPSILON {
        // All are in one place.
        return Map { points, kept: 1.0 };
    }
    let mut kept = 0.0;
    for (axis, (value, mut vector)) in greatest(&inner, size).into_iter().take(2).enumerate() {
        let farthest = vector.iter().copied().fold(0.0, |far: f64, x| if x.abs() > far.abs() { x } else { far });
        let length = value.max(0.0).sqrt() * farthest.signum();
        vector.iter_mut().for_each(|x| *x *= length);
        points.iter_mut().zip(vector).for_each(|(point, x)| point[axis] = x);
        kept += value.max(0.0);
    }
    Map { points, kept: (kept / trace).min(1.0) }
}

/// The greatest eigenvalues of a symmetric matrix without negative ones, and their vectors, by subspace iteration with a Rayleigh-Ritz
/// step (Golub and Van Loan 2013, "Matrix computations", section 8.2.4). The first two are settled.
fn greatest(matrix: &[f64], size: usize) -> Vec<(f64, Vec<f64>)> {
    let mut random = Random::keyed(0, MAP, 0, 0);
    let start = (0..VECTORS.min(size)).map(|_| (0..size).map(|_| random.normal()).collect());
    let mut vectors = basis(start.collect(), 1.0);
    let times = |vector: &Vec<f64>| matrix.chunks_exact(size).map(|row| dot(row, vector)).collect();
    let mut found = Vec::new();
    for _ in 0..ITERATIONS {
        let images: Vec<Vec<f64>> = vectors.iter().map(times).collect();
        let column = |image: &Vec<f64>| vectors.iter().map(|vector| dot(vector, image)).collect();
        let small = decompose(images.iter().map(column).collect());
        let (images, turned) = (combine(&images, &small.right), combine(&vectors, &small.right));
        let scale = small.values[0];
        let is_settled = |at: usize| {
            let residuals = images[at].iter().zip(&turned[at]).map(|(image, x)| image - small.values[at] * x);
            residuals.map(|far| far * far).sum::<f64>().sqrt() <= SETTLED * scale
        };
        let all_settled = (0..turned.len().min(2)).all(is_settled);
        found = small.values.into_iter().zip(turned).collect();
        if all_settled {
            break;
        }
        vectors = basis(images, scale);
    }
    found
}

/// An orthonormal basis of these vectors, those left out that next to this scale add nothing to the ones before.
fn basis(vectors: Vec<Vec<f64>>, scale: f64) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(vectors.len());
    for mut vector in vectors {
        let (_, left) = orthonormalize(&basis, &mut vector, NOTHING * scale);
        if left > 0.0 {
            basis.push(vector);
        }
    }
    basis
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lda::Priors;
    use faer::{Mat, Side};
    use gasworks_engine::input::{CorpusOptions, Source, Texts, read_corpus};

    /// Each token has the topic of its document.
    fn model(text: &str, topics: usize) -> TopicModel {
        let source = Source::from_memory("few.dat", text.as_bytes());
        let corpus = read_corpus(&source, &CorpusOptions::default()).unwrap().data;
        let of = |entry: &gasworks_engine::input::WordCount| {
            std::iter::repeat_n(entry.document as u16, entry.count as usize)
        };
        let tokens: Vec<u16> = corpus.entries.iter().flat_map(of).collect();
        let priors = Priors::new(topics, &corpus).with_beta(0.25);
        TopicModel::new(Texts { corpus, documents: Vec::new() }, priors, tokens)
    }

    #[test]
    fn divergences_are_those_of_dense_distributions() {
        let model = model("2 0:3 2:1\n2 1:2 2:2\n3 0:3 2:1 5:4\n2 3:9 4:1\n2 3:9 4:1\n", 6);
        // The last topic has no token.
        let counts = [
            [3, 0, 1, 0, 0, 0],
            [0, 2, 2, 0, 0, 0],
            [3, 0, 1, 0, 0, 4],
            [0, 0, 0, 9, 1, 0],
            [0, 0, 0, 9, 1, 0],
            [0; 6],
        ];
        let dense = counts.map(|of| {
            let all = f64::from(of.iter().sum::<i32>()) + 0.25 * 6.0;
            of.map(|count| (f64::from(count) + 0.25) / all)
        });
        let kl = |p: &[f64; 6], m: &[f64; 6]| -> f64 { p.iter().zip(m).map(|(p, m)| p * (p / m).log2()).sum() };
        let order = [4, 0, 5, 3, 2, 1];
        let found = divergences(&model, &order);
        for (a, i) in order.into_iter().enumerate() {
            for (b, j) in order.into_iter().enumerate() {
                let mean = std::array::from_fn(|w| 0.5 * (dense[i][w] + dense[j][w]));
                let exact = 0.5 * (kl(&dense[i], &mean) + kl(&dense[j], &mean));
                assert!((found[a * 6 + b] - exact).abs() < 1e-12, "{i} {j}: {} {exact}", found[a * 6 + b]);
            }
        }
    }

    #[test]
    fn points_of_a_plane_come_back_with_their_distances() {
        let points = [[0.0, 0.0], [3.0, 0.5], [-1.0, 2.0], [4.0, 4.0], [0.5, -2.5]];
        let square = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
        let squares: Vec<f64> = points.iter().flat_map(|a| points.map(|b| square(a, &b))).collect();
        let map = scaled(&squares, 5);
        assert!((map.kept - 1.0).abs() < 1e-12, "{map:?}");
        for (i, a) in map.points.iter().enumerate() {
            for (j, b) in map.points.iter().enumerate() {
                assert!((square(a, b) - squares[i * 5 + j]).abs() < 1e-9, "{i} {j}: {map:?}");
            }
        }
        // One or none, all in one place, two.
        assert_eq!(scaled(&[], 0).points, [[0.0; 2]; 0]);
        assert_eq!(scaled(&[0.0], 1).points, [[0.0; 2]]);
        assert_eq!(scaled(&[0.0; 9], 3), Map { points: vec![[0.0; 2]; 3], kept: 1.0 });
        let two = scaled(&[0.0, 0.25, 0.25, 0.0], 2).points;
        assert!((two[0][0] - two[1][0]).abs() - 0.5 < 1e-12 && two[0][1].abs() < 1e-9, "{two:?}");
    }

    #[test]
    fn coordinates_are_those_of_a_dense_eigendecomposition() {
        // Topics that share some words by chance: many eigenvalues lie near each other.
        let size = 40;
        let mut random = Random::keyed(5, 0, 0, 0);
        let text: String = (0..size)
            .map(|_| {
                let words: String =
                    (0..12).map(|word| format!(" {}:{}", 12 * word + random.below(12), 1 + random.below(9))).collect();
                format!("12{words}\n")
            })
            .collect();
        let model = model(&text, size);
        let squares = divergences(&model, &(0..size).collect::<Vec<usize>>());
        let map = scaled(&squares, size);
        let at = |i: usize, j: usize| squares[i * size + j];
        let center = Mat::from_fn(size, size, |i, j| f64::from(u8::from(i == j)) - 1.0 / size as f64);
        let inner = &center * Mat::from_fn(size, size, |i, j| -0.5 * at(i, j)) * &center;
        let exact = inner.self_adjoint_eigen(Side::Lower).unwrap();
        let (values, vectors) = (exact.S().column_vector(), exact.U());
        let trace: f64 = values.iter().sum();
        assert!(values[0] > -1e-12 * trace, "{} of {trace}", values[0]);
        for axis in 0..2 {
            let (value, vector) = (values[size - 1 - axis], vectors.col(size - 1 - axis));
            let found: Vec<f64> = map.points.iter().map(|point| point[axis]).collect();
            let sign = found.iter().zip(vector.iter()).map(|(x, y)| x * y).sum::<f64>().signum();
            for (x, y) in found.iter().zip(vector.iter()) {
                assert!((x - sign * value.sqrt() * y).abs() < 1e-6, "axis {axis}: {x} and {}", value.sqrt() * y);
            }
            let far = |sign: f64| found.iter().map(|x| sign * x).fold(0.0, f64::max);
            assert!(far(1.0) >= far(-1.0));
        }
        assert!((map.kept - (values[size - 1] + values[size - 2]) / trace).abs() < 1e-9);
    }
}
