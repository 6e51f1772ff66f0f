use super::vectors::dot;
use super::*;
use gasworks_engine::Random;
use gasworks_engine::graph::GraphBuilder;

/// A sparse matrix, and the same as a dense one.
struct Matrix {
    rows: usize,
    columns: usize,
    entries: Vec<([u32; 2], f32)>,
}

impl Matrix {
    fn graph(&self) -> Graph<f64, f32> {
        let (ends, values): (Vec<_>, Vec<_>) = self.entries.iter().copied().unzip();
        let builder = GraphBuilder::bipartite(self.rows, self.columns).weighted_edges(&ends, &values);
        builder.build().unwrap().with_vertices(|_| 0.5)
    }

    fn dense(&self) -> faer::Mat<f64> {
        let mut dense = faer::Mat::zeros(self.rows, self.columns);
        for ([row, column], value) in &self.entries {
            dense[(*row as usize, *column as usize)] += f64::from(*value);
        }
        dense
    }

    /// Random entries at a share of all places; the same place may come twice.
    fn random(rows: usize, columns: usize, share: f64, seed: u64) -> Self {
        let mut random = Random::keyed(seed, 1, 0, 0);
        let count = (share * (rows * columns) as f64) as usize;
        let place = |random: &mut Random, bound: usize| random.below(bound as u64) as u32;
        let entries = (0..count)
            .map(|_| ([place(&mut random, rows), place(&mut random, columns)], random.normal() as f32));
        Matrix { rows, columns, entries: entries.collect() }
    }

    /// The product of two of them with few columns and rows: its rank is `inner` at most.
    fn deficient(rows: usize, columns: usize, inner: usize, seed: u64) -> Self {
        let mut random = Random::keyed(seed, 2, 0, 0);
        // Small whole numbers, whose products f32 holds exactly.
        let mut side = |len: usize| (0..len).map(|_| random.below(7) as i32 - 3).collect::<Vec<_>>();
        let (left, right) = (side(rows * inner), side(columns * inner));
        let mut entries = Vec::new();
        for row in 0..rows {
            for column in 0..columns {
                let value: i32 =
                    (0..inner).map(|at| left[row * inner + at] * right[column * inner + at]).sum();
                entries.push(([row as u32, column as u32], value as f32));
            }
        }
        Matrix { rows, columns, entries }
    }

    /// Singular values on the diagonal.
    fn diagonal(rows: usize, columns: usize, values: &[f32]) -> Self {
        let entries = values.iter().enumerate().map(|(at, value)| ([at as u32; 2], *value)).collect();
        Matrix { rows, columns, entries }
    }
}

/// Runs, and compares with faer's dense decomposition and with what triples are.
fn check(matrix: &Matrix, svd: &Svd) -> SingularTriples {
    let dense = matrix.dense();
    let expected = dense.singular_values().unwrap();
    let greatest = expected[0].max(f64::MIN_POSITIVE);
    let found = svd.run(&mut matrix.graph(), |_| ControlFlow::Continue(())).unwrap();
    let what = format!("{} x {}, {svd:?}", matrix.rows, matrix.columns);
    assert!(found.converged, "{what}: {:?}", found.residuals);
    assert_eq!(found.values.len(), svd.rank);
    for (at, (value, expected)) in found.values.iter().zip(&expected).enumerate() {
        assert!((value - expected).abs() <= 1e-12 * greatest, "{what}, {at}: {value}, expected {expected}");
    }
    let column =
        |side: &[f64], at: usize| -> Vec<f64> { side.chunks_exact(svd.rank).map(|row| row[at]).collect() };
    let (left, right): (Vec<_>, Vec<_>) =
        (0..svd.rank).map(|at| (column(&found.left, at), column(&found.right, at))).unzip();
    for side in [&left, &right] {
        for i in 0..svd.rank {
            for j in 0..=i {
                let expected = f64::from(u8::from(i == j));
                let product = dot(&side[i], &side[j]);
                assert!((product - expected).abs() < 1e-11, "{what}: vectors {i} and {j}, {product}");
            }
        }
    }
    // The residuals are what they say, multiplied out densely.
    for at in 0..svd.rank {
        let value = found.values[at];
        let mut square = 0.0;
        for row in 0..matrix.rows {
            let product: f64 = (0..matrix.columns).map(|c| dense[(row, c)] * right[at][c]).sum();
            square += (product - value * left[at][row]).powi(2);
        }
        for column in 0..matrix.columns {
            let product: f64 = (0..matrix.rows).map(|r| dense[(r, column)] * left[at][r]).sum();
            square += (product - value * right[at][column]).powi(2);
        }
        assert!((square.sqrt() - found.residuals[at]).abs() <= 1e-13 * greatest, "{what}, {at}");
        assert!(found.residuals[at] <= svd.tolerance * greatest, "{what}, {at}: {:?}", found.residuals);
    }
    found
}

#[test]
fn random_matrices_have_the_values_of_a_dense_decomposition() {
    for (rows, columns) in [(1, 1), (1, 9), (9, 1), (40, 40), (150, 60), (60, 150), (400, 90), (90, 400)] {
        for (share, seed) in [(0.05, 1), (0.5, 2)] {
            let matrix = Matrix::random(rows, columns, share, seed);
            for rank in [1, 5, 30] {
                if rank <= rows.min(columns) {
                    check(&matrix, &Svd { rank, seed, ..Svd::default() });
                }
            }
        }
    }
}

#[test]
fn short_bases_converge_by_restarts() {
    let matrix = Matrix::random(300, 200, 0.1, 3);
    for (rank, basis) in [(1, 2), (1, 4), (6, 7), (6, 10), (20, 26)] {
        let found = check(&matrix, &Svd { rank, basis: Some(basis), cycles: 5000, ..Svd::default() });
        assert!(found.progress.cycles > 2);
    }
    for tolerance in [1e-2, 1e-5, 1e-12] {
        let svd = Svd { rank: 6, tolerance, ..Svd::default() };
        let found = svd.run(&mut matrix.graph(), |_| ControlFlow::Continue(())).unwrap();
        assert!(found.converged && found.residuals.iter().all(|r| *r <= tolerance * found.values[0]));
    }
}

#[test]
fn values_of_zero_and_less_rank_than_asked_for() {
    for (rows, columns, inner) in [(50, 30, 4), (30, 50, 4), (120, 80, 10), (33, 33, 1)] {
        let matrix = Matrix::deficient(rows, columns, inner, 5);
        for rank in [1, inner, inner + 1, 2 * inner + 3, rows.min(columns)] {
            let found = check(&matrix, &Svd { rank, ..Svd::default() });
            assert!(found.values[inner.min(rank)..].iter().all(|value| *value < 1e-12 * found.values[0]));
        }
    }
    // Nothing at all, and nothing in most rows and columns.
    let found = check(&Matrix::diagonal(8, 6, &[]), &Svd { rank: 6, ..Svd::default() });
    assert_eq!(found.values, [0.0; 6]);
    check(&Matrix::diagonal(70, 60, &[0.0, 3.0, -2.0, 0.0, 5.0]), &Svd { rank: 40, ..Svd::default() });
}

#[test]
fn clustered_and_multiple_values_are_all_found() {
    let spread = (0..200).map(|at| 1.0 / (1.0 + at as f32));
    for copies in [2, 3, 7] {
        // The greatest several times, and others that occur twice.
        let values: Vec<f32> =
            std::iter::repeat_n(2.0, copies).chain(spread.clone()).chain(spread.clone()).collect();
        let matrix = Matrix::diagonal(values.len() + 9, values.len(), &values);
        for seed in 0..4 {
            check(&matrix, &Svd { rank: copies + 4, seed, ..Svd::default() });
        }
    }
    let near: Vec<f32> =
        (0..150).map(|at| if at < 9 { 3.0 + 1e-6 * at as f32 } else { 2.0 - 0.01 * at as f32 }).collect();
    check(&Matrix::diagonal(150, 150, &near), &Svd { rank: 9, ..Svd::default() });
    // All alike: every direction is a singular vector.
    check(&Matrix::diagonal(90, 90, &[-4.0; 90]), &Svd { rank: 12, ..Svd::default() });
}

#[test]
fn the_scale_of_the_entries_does_not_matter() {
    for scale in [1e-30_f32, 1e30] {
        let mut matrix = Matrix::random(60, 50, 0.2, 8);
        matrix.entries.iter_mut().for_each(|(_, value)| *value *= scale);
        check(&matrix, &Svd { rank: 7, ..Svd::default() });
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let matrix = Matrix::random(5000, 1300, 0.003, 9);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let svd = Svd { rank: 8, threads, basis: Some(20), ..Svd::default() };
        pool.install(|| svd.run(&mut matrix.graph(), |_| ControlFlow::Continue(())).unwrap())
    };
    let first = run(1);
    assert!(first.converged && first.progress.cycles > 2);
    for threads in [2, 4, 8] {
        assert!(run(threads) == first, "{threads} threads");
    }
}

#[test]
fn a_run_that_is_stopped_tells_how_near_it_is() {
    let matrix = Matrix::random(300, 200, 0.1, 3);
    let exact = matrix.dense().singular_values().unwrap();
    for steps in [1, 4, 40] {
        let stop = |progress: &SvdProgress| match progress.steps < steps {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let found = Svd { rank: 6, ..Svd::default() }.run(&mut matrix.graph(), stop).unwrap();
        assert_eq!((found.values.len(), found.progress.steps), (6.min(steps as usize), steps));
        assert!(!found.converged);
        for (value, residual) in found.values.iter().zip(&found.residuals) {
            assert!(exact.iter().any(|exact| (exact - value).abs() <= *residual));
        }
    }
    let found = Svd { rank: 6, cycles: 1, ..Svd::default() }
        .run(&mut matrix.graph(), |_| ControlFlow::Continue(()))
        .unwrap();
    assert!(!found.converged && found.progress.cycles == 1);
}

#[test]
fn what_no_matrix_has_is_refused() {
    let matrix = Matrix::random(30, 20, 0.3, 3);
    let refused =
        |svd: Svd| svd.run(&mut matrix.graph(), |_| ControlFlow::Continue(())).unwrap_err().to_string();
    for rank in [0, 21] {
        assert!(refused(Svd { rank, ..Svd::default() }).contains("a rank from 1 to 20"));
    }
    assert!(refused(Svd { rank: 5, basis: Some(5), ..Svd::default() }).contains("more than 5 vectors"));
    assert!(refused(Svd { tolerance: f64::NAN, ..Svd::default() }).contains("tolerance of 0 or more"));
    assert!(refused(Svd { cycles: 0, ..Svd::default() }).contains("1 cycle or more"));
    let mut directed = GraphBuilder::directed(3)
        .weighted_edges(&[[0, 1]], &[1.0f32])
        .build()
        .unwrap()
        .with_vertices(|_| 0.0);
    assert!(Svd { rank: 1, ..Svd::default() }.run(&mut directed, |_| ControlFlow::Continue(())).is_err());
}
