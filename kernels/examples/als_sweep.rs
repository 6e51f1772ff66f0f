//! One sweep of explicit alternating least squares at the shape of MovieLens 1M: 6040 users, 3706 items, 900,000 ratings with
//! skewed degrees, on one core, from neighbour lists and factor matrices in memory. It is the work for which
//! `NormalEquations` was made, without an engine around it.
//!
//! Each of 64 blocks of rows is timed by itself, and its fastest sweep of 30 counts: other work on the machine then
//! spoils one block of one sweep.
//!
//! `cargo run --release -p gasworks-kernels --example als_sweep -- [rank] [level] [steps] [kilobytes]`; with steps of conjugate gradients
//! rows are not solved for exactly.

use gasworks_kernels::{Isa, NormalEquations};
use pulp::{Simd, WithSimd};
use std::ops::Range;
use std::time::Instant;

const USERS: usize = 6040;
const ITEMS: usize = 3706;
const RATINGS: usize = 900_000;
const BLOCKS: usize = 64;

/// A row-major matrix whose rows start on cache lines.
struct Factors {
    lines: Vec<Line>,
    rank: usize,
    stride: usize,
}

#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([f32; 16]);

impl Factors {
    fn new(count: usize, rank: usize, random: &mut Random) -> Self {
        let stride = rank.next_multiple_of(16);
        let mut factors = Factors { lines: vec![Line([0.0; 16]); count * stride / 16], rank, stride };
        (0..count).for_each(|i| factors.row_mut(i).iter_mut().for_each(|f| *f = random.uniform() * 0.3));
        factors
    }

    #[inline(always)]
    fn row(&self, i: usize) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[i * self.stride..][..self.rank]
    }

    #[inline(always)]
    fn row_mut(&mut self, i: usize) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[i * self.stride..][..self.rank]
    }
}

/// A xorshift generator: the example's data need no better.
struct Random(u64);

impl Random {
    /// In [0, 1).
    fn uniform(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }
}

/// Neighbour lists of one side: list i is `entries[starts[i]..starts[i + 1]]`.
struct Lists {
    starts: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl Lists {
    fn new(count: usize, edges: &[(u32, u32, f32)], ends: impl Fn(&(u32, u32, f32)) -> (u32, u32)) -> Self {
        let mut starts = vec![0; count + 1];
        edges.iter().for_each(|edge| starts[ends(edge).0 as usize + 1] += 1);
        (0..count).for_each(|i| starts[i + 1] += starts[i]);
        let (mut next, mut entries) = (starts.clone(), vec![(0, 0.0); edges.len()]);
        for edge in edges {
            let (own, other) = ends(edge);
            entries[next[own as usize]] = (other, edge.2);
            next[own as usize] += 1;
        }
        Lists { starts, entries }
    }
}

/// Solves for some rows of one side while the other stands still.
struct HalfSweep<'a> {
    lists: &'a Lists,
    equations: &'a mut NormalEquations,
    fixed: &'a Factors,
    solved: &'a mut Factors,
    rows: Range<usize>,
    steps: u32,
}

impl WithSimd for HalfSweep<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let HalfSweep { lists, equations, fixed, solved, rows, steps } = self;
        for i in rows {
            let list = &lists.entries[lists.starts[i]..lists.starts[i + 1]];
            equations.clear();
            equations.add_rows(simd, list.len(), |k| fixed.row(list[k].0 as usize), |k| list[k].1);
            let ridge = 0.05 * list.len().max(1) as f32;
            match steps {
                0 => equations.solve_with(simd, ridge, solved.row_mut(i)),
                _ => equations.iterate_with(simd, None, ridge, steps, solved.row_mut(i)),
            };
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rank: usize = arguments.next().map_or(64, |text| text.parse().expect("a rank"));
    let isa: Isa = arguments.next().map_or_else(Isa::detect, |text| text.parse().expect("a level"));
    let steps: u32 = arguments.next().map_or(0, |text| text.parse().expect("steps"));
    let mut random = Random(0x5eed);
    // Degrees fall off as a power of the rank on both sides; a stride spreads them over the indices.
    let mut edges = Vec::with_capacity(RATINGS);
    for edge in 0..RATINGS {
        let user =
            if edge < 20 * USERS { edge / 20 } else { (random.uniform().powi(2) * USERS as f32) as usize };
        let item = (random.uniform().powi(3) * ITEMS as f32) as usize;
        let rating = (random.uniform() * 5.0).ceil();
        edges.push(((user * 2003 % USERS) as u32, (item * 1009 % ITEMS) as u32, rating));
    }
    let by_user = Lists::new(USERS, &edges, |edge| (edge.0, edge.1));
    let by_item = Lists::new(ITEMS, &edges, |edge| (edge.1, edge.0));
    let mut users = Factors::new(USERS, rank, &mut random);
    let mut items = Factors::new(ITEMS, rank, &mut random);
    let kilobytes: usize =
        arguments.next().map_or(512, |text| text.parse().expect("kilobytes of rows to keep"));
    let keep = if steps > 0 { 256 * kilobytes / rank } else { 0 };
    let mut equations = NormalEquations::keeping(rank, keep, isa);
    let mut best = [[f64::INFINITY; BLOCKS]; 2];
    for _ in 0..30 {
        for (block, best) in best[0].iter_mut().enumerate() {
            let rows = USERS * block / BLOCKS..USERS * (block + 1) / BLOCKS;
            let (lists, equations) = (&by_user, &mut equations);
            let start = Instant::now();
            isa.dispatch(HalfSweep { lists, equations, fixed: &items, solved: &mut users, rows, steps });
            *best = best.min(start.elapsed().as_secs_f64());
        }
        for (block, best) in best[1].iter_mut().enumerate() {
            let rows = ITEMS * block / BLOCKS..ITEMS * (block + 1) / BLOCKS;
            let (lists, equations) = (&by_item, &mut equations);
            let start = Instant::now();
            isa.dispatch(HalfSweep { lists, equations, fixed: &users, solved: &mut items, rows, steps });
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    let [user, item] = best.map(|blocks| blocks.iter().sum::<f64>());
    let operations = 2.0 * (RATINGS * rank * (rank + 1)) as f64;
    println!("rank {rank}, {isa}: {:.4} s a sweep (users {user:.4}, items {item:.4})", user + item);
    println!("{:.0} GFLOP/s of updates, solves included in the time", operations / (user + item) / 1e9);
}
