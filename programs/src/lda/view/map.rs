//! Where topics lie on a map: near each other if their words are alike.
//!
//! The distance of two topics is the square root of the Jensen-Shannon divergence of their distributions over words (Lin 1991, "Divergence
//! measures based on the Shannon entropy"; Endres and Schindelin 2003, "A new metric for probability distributions"). The map begins as classical multidimensional
//! scaling (Torgerson 1952; Gower 1966), the two directions in which topics differ most. The distance can be embedded in a Hilbert space (Fuglede and Topsoe 2004), so
//! the matrix to decompose has no negative eigenvalue. Topics differ in as many directions as there are, though, and two of them keep little: topics that
//! have nothing in common may lie in one place. So the squared errors of all distances are then made smaller by majorization (de Leeuw 1977,
//! "Applications of convex analysis to multidimensional scaling"; Borg and Groenen 2005, "Modern multidimensional scaling", chapter 8), which moves such topics apart.

use gasworks_engine::Random;
use rayon::prelude::*;

use super::super::model::TopicModel;
use crate::svd::dense::decompose;
use crate::svd::vectors::{combine, dot, orthonormalize};

/// Points in the plane, and how well their distances follow those of the topics.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Map {
    /// One for each topic.
    pub(super) points: Vec<[f64; 2]>,
    /// The correlation of the distances on the map with those of the topics, over all pairs; none where either are all equal.
    pub(super) correlation: Option<f64>,
}

/// Names the stream of random numbers that the iteration starts from.
const MAP: u64 = 0x6d61_7073;
/// Vectors that are iterated: more than two, so that two are found sooner.
const VECTORS: usize = 8;
/// Iterations at most; the map need not be exact.
const ITERATIONS: usize = 2000;
/// Majorizations at most, and the relative change of the error that ends them.
const MAJORIZATIONS: usize = 500;
const CHANGE: f64 = 1e-6;
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

/// The map of so many topics from their squared distances, a symmetric matrix.
pub(super) fn drawn(squares: &[f64], size: usize) -> Map {
    let distances: Vec<f64> = squares.iter().map(|square| square.sqrt()).collect();
    let mut points = classical(squares, size);
    let mut error = stress(&points, &distances);
    for _ in 0..MAJORIZATIONS {
        points = majorized(&points, &distances);
        let before = std::mem::replace(&mut error, stress(&points, &distances));
        if before - error <= CHANGE * before {
            break;
        }
    }
    Map { correlation: correlation(&points, &distances), points }
}

/// Classical multidimensional scaling to the plane. Signs are such that the point that is farthest out in a direction is on its positive side.
fn classical(squares: &[f64], size: usize) -> Vec<[f64; 2]> {
    let mean = |row: &[f64]| row.iter().sum::<f64>() / size.max(1) as f64;
    let means: Vec<f64> = squares.chunks_exact(size.max(1)).map(mean).collect();
    let all = mean(&means);
    let centered = |(at, square): (usize, &f64)| -0.5 * (square - means[at / size] - means[at % size] + all);
    let inner: Vec<f64> = squares.iter().enumerate().map(centered).collect();
    let mut points = vec![[0.0; 2]; size];
    let trace: f64 = (0..size).map(|at| inner[at * size + at]).sum();
    if trace <= f64::EPSILON {
        // All are in one place.
        return points;
    }
    for (axis, (value, vector)) in greatest(&inner, size).into_iter().take(2).enumerate() {
        let farther = |far: f64, x: f64| if x.abs() > far.abs() { x } else { far };
        let length = value.max(0.0).sqrt() * vector.iter().copied().fold(0.0, farther).signum();
        points.iter_mut().zip(vector).for_each(|(point, x)| point[axis] = length * x);
    }
    points
}

fn apart(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// The sum of the squared errors of all distances, each pair twice.
fn stress(points: &[[f64; 2]], distances: &[f64]) -> f64 {
    let row = |(point, row): (&[f64; 2], &[f64])| -> f64 {
        points.iter().zip(row).map(|(other, distance)| (apart(point, other) - distance).powi(2)).sum()
    };
    points.iter().zip(distances.chunks_exact(points.len().max(1))).map(row).sum()
}

/// One step of majorization, the Guttman transform: the stress does not rise. A pair in one place does not move each other.
fn majorized(points: &[[f64; 2]], distances: &[f64]) -> Vec<[f64; 2]> {
    let moved = |(point, row): (&[f64; 2], &[f64])| {
        let mut sum = [0.0; 2];
        for (other, distance) in points.iter().zip(row) {
            let apart = apart(point, other);
            if apart > 0.0 {
                let ratio = distance / apart;
                (0..2).for_each(|axis| sum[axis] += ratio * (point[axis] - other[axis]));
            }
        }
        sum.map(|sum| sum / points.len() as f64)
    };
    points.iter().zip(distances.chunks_exact(points.len().max(1))).map(moved).collect()
}

fn correlation(points: &[[f64; 2]], distances: &[f64]) -> Option<f64> {
    let size = points.len();
    let pairs = || (0..size).flat_map(|i| (i + 1..size).map(move |j| (i, j)));
    let both = |(i, j): (usize, usize)| [apart(&points[i], &points[j]), distances[i * size + j]];
    let count = pairs().count() as f64;
    let mean = |of: usize| pairs().map(|pair| both(pair)[of]).sum::<f64>() / count;
    let means = [mean(0), mean(1)];
    let sum = |a: usize, b: usize| -> f64 {
        pairs().map(both).map(|of| (of[a] - means[a]) * (of[b] - means[b])).sum()
    };
    let (products, squares) = (sum(0, 1), sum(0, 0) * sum(1, 1));
    (squares > 1e-24 * count * count).then(|| products / squares.sqrt())
}

/// The greatest eigenvalues of a symmetric matrix without negative ones, and their vectors, by subspace iteration with a Rayleigh-Ritz
/// step (Golub and Van Loan 2013, "Matrix computations", section 8.2). The first two are settled.
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
        let source = Source::from_memory("few.dat", text.as_bytes().to_vec());
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
        let kl =
            |p: &[f64; 6], m: &[f64; 6]| -> f64 { p.iter().zip(m).map(|(p, m)| p * (p / m).log2()).sum() };
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
        let squares: Vec<f64> = points.iter().flat_map(|a| points.map(|b| apart(a, &b).powi(2))).collect();
        let map = drawn(&squares, 5);
        assert!((map.correlation.unwrap() - 1.0).abs() < 1e-12, "{map:?}");
        for (i, a) in map.points.iter().enumerate() {
            for (j, b) in map.points.iter().enumerate() {
                assert!((apart(a, b) - squares[i * 5 + j].sqrt()).abs() < 1e-9, "{i} {j}: {map:?}");
            }
        }
        // None, one, all in one place, two.
        assert_eq!(drawn(&[], 0), Map { points: Vec::new(), correlation: None });
        assert_eq!(drawn(&[0.0], 1), Map { points: vec![[0.0; 2]], correlation: None });
        assert_eq!(drawn(&[0.0; 9], 3), Map { points: vec![[0.0; 2]; 3], correlation: None });
        let two = drawn(&[0.0, 0.25, 0.25, 0.0], 2);
        assert!((apart(&two.points[0], &two.points[1]) - 0.5).abs() < 1e-12, "{two:?}");
        assert_eq!(two.correlation, None);
    }

    #[test]
    fn coordinates_are_those_of_a_dense_eigendecomposition() {
        let size = 40;
        let squares = by_chance(size);
        let found = classical(&squares, size);
        let at = |i: usize, j: usize| squares[i * size + j];
        let center = Mat::from_fn(size, size, |i, j| f64::from(u8::from(i == j)) - 1.0 / size as f64);
        let inner = &center * Mat::from_fn(size, size, |i, j| -0.5 * at(i, j)) * &center;
        let exact = inner.self_adjoint_eigen(Side::Lower).unwrap();
        let (values, vectors) = (exact.S().column_vector(), exact.U());
        assert!(values[0] > -1e-12 * values[size - 1], "{} of {}", values[0], values[size - 1]);
        for axis in 0..2 {
            let (value, vector) = (values[size - 1 - axis], vectors.col(size - 1 - axis));
            let found: Vec<f64> = found.iter().map(|point| point[axis]).collect();
            let sign = found.iter().zip(vector.iter()).map(|(x, y)| x * y).sum::<f64>().signum();
            for (x, y) in found.iter().zip(vector.iter()) {
                let exact = sign * value.sqrt() * y;
                assert!((x - exact).abs() < 1e-6, "axis {axis}: {x} and {exact}");
            }
            let far = |sign: f64| found.iter().map(|x| sign * x).fold(0.0, f64::max);
            assert!(far(1.0) >= far(-1.0));
        }
    }

    #[test]
    fn stress_falls_with_every_step_to_where_no_point_can_move() {
        let size = 40;
        let distances: Vec<f64> = by_chance(size).iter().map(|square| square.sqrt()).collect();
        let mut points = classical(&by_chance(size), size);
        let first = stress(&points, &distances);
        for step in 0..3000 {
            let next = majorized(&points, &distances);
            let (before, after) = (stress(&points, &distances), stress(&next, &distances));
            assert!(after <= before * (1.0 + 1e-12), "step {step}: {before} to {after}");
            points = next;
        }
        let last = stress(&points, &distances);
        assert!(last < 0.5 * first, "{first} to {last}");
        for (point, axis) in (0..size).flat_map(|point| [(point, 0), (point, 1)]) {
            let moved = |by: f64| {
                let mut points = points.clone();
                points[point][axis] += by;
                stress(&points, &distances)
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!(slope.abs() < 1e-3, "point {point}, axis {axis}: {slope}");
        }
    }

    /// Squared distances of topics that share some words by chance: many eigenvalues lie near each other.
    fn by_chance(size: usize) -> Vec<f64> {
        let mut random = Random::keyed(5, 0, 0, 0);
        let mut document = |_| {
            let mut count = |word: u64| format!(" {}:{}", 12 * word + random.below(12), 1 + random.below(9));
            format!("12{}\n", (0..12).map(&mut count).collect::<String>())
        };
        let text: String = (0..size).map(&mut document).collect();
        divergences(&model(&text, size), &(0..size).collect::<Vec<usize>>())
    }
}
