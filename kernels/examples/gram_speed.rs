//! How fast the update and the solve are: useful GFLOP/s and microseconds for each level, beside faer.
//!
//! An update of n rows of rank r counts n r (r + 1) operations, what the upper triangle needs. Each figure is the fastest of
//! many repetitions, since other work on the machine only ever slows one down.
//!
//! `cargo run --release -p gasworks-kernels --example gram_speed`

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::linalg::solvers::SolveCore;
use faer::{Accum, Conj, Mat, MatMut, MatRef, Par, Side};
use gasworks_kernels::{Isa, NormalEquations};
use pulp::{Simd, WithSimd};
use std::hint::black_box;
use std::time::Instant;

/// Seconds a call of the fastest of several batches of calls.
fn fastest(calls: usize, mut call: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..40 {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        best = best.min(start.elapsed().as_secs_f64() / calls as f64);
    }
    best
}

struct AddRows<'a> {
    equations: &'a mut NormalEquations,
    rows: &'a [Vec<f32>],
}

impl WithSimd for AddRows<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let AddRows { equations, rows } = self;
        equations.clear();
        equations.add_rows(simd, rows.len(), |i| &rows[i], |i| i as f32);
        equations.settle(simd);
    }
}

fn rows(n: usize, rank: usize) -> Vec<Vec<f32>> {
    (0..n).map(|i| (0..rank).map(|j| ((i * 31 + j * 17) as f32).sin()).collect()).collect()
}

fn main() {
    println!("update: useful GFLOP/s");
    println!("{:>10} {:>5} {:>8} {:>8} {:>8} {:>8}", "", "rank", "n = 8", "32", "200", "2000");
    for isa in Isa::all().into_iter().filter(|isa| isa.is_available()) {
        for rank in [16, 20, 32, 64, 128] {
            print!("{isa:>10} {rank:>5}");
            for n in [8, 32, 200, 2000] {
                let (mut equations, rows) = (NormalEquations::with_isa(rank, isa), rows(n, rank));
                let seconds = fastest(1 + 100_000 / (n * rank), || {
                    isa.dispatch(AddRows { equations: &mut equations, rows: &rows });
                });
                print!(" {:>8.1}", (n * rank * (rank + 1)) as f64 / seconds / 1e9);
            }
            println!();
        }
    }
    for rank in [16, 20, 32, 64, 128] {
        print!("{:>10} {rank:>5}", "faer");
        for n in [8, 32, 200, 2000] {
            let rows = rows(n, rank).concat();
            let (x, mut gram) = (MatRef::from_row_major_slice(&rows, n, rank), Mat::<f32>::zeros(rank, rank));
            let seconds = fastest(1 + 100_000 / (n * rank), || triangular(gram.as_mut(), x));
            black_box(&gram);
            print!(" {:>8.1}", (n * rank * (rank + 1)) as f64 / seconds / 1e9);
        }
        println!();
    }
    println!("solve: microseconds");
    println!("{:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}", "rank", "16", "20", "32", "64", "128", "256");
    for isa in Isa::all().into_iter().filter(|isa| isa.is_available()) {
        print!("{isa:>10}");
        for rank in [16, 20, 32, 64, 128, 256] {
            let (mut equations, rows) = (NormalEquations::with_isa(rank, isa), rows(2 * rank, rank));
            isa.dispatch(AddRows { equations: &mut equations, rows: &rows });
            let mut solution = vec![0.0; rank];
            let seconds = fastest(1 + 100_000 / (rank * rank), || {
                black_box(equations.solve(1.0, &mut solution));
            });
            print!(" {:>8.2}", seconds * 1e6);
        }
        println!();
    }
    print!("{:>10}", "faer");
    for rank in [16, 20, 32, 64, 128, 256] {
        let n = 2 * rank;
        let rows = rows(n, rank).concat();
        let x = MatRef::from_row_major_slice(&rows, n, rank);
        let gram = x.transpose() * x + Mat::<f32>::identity(rank, rank);
        let mut solution = Mat::<f32>::from_fn(rank, 1, |i, _| i as f32);
        let seconds = fastest(1 + 100_000 / (rank * rank), || {
            let factor = gram.llt(Side::Lower).expect("positive definite");
            factor.solve_in_place_with_conj(Conj::No, solution.as_mut());
        });
        black_box(&solution);
        print!(" {:>8.2}", seconds * 1e6);
    }
    println!();
}

/// faer's product of the upper triangle.
fn triangular(gram: MatMut<'_, f32>, x: MatRef<'_, f32>) {
    use BlockStructure::{Rectangular, TriangularUpper};
    matmul(gram, TriangularUpper, Accum::Add, x.transpose(), Rectangular, x, Rectangular, 1.0, Par::Seq);
}
