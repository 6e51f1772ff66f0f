//! Nonnegative matrix factorization by multiplicative updates.
//!
//! Lee and Seung (2001, "Algorithms for non-negative matrix factorization", theorem 1): for the squared error `|X - W H^T|^2` over *all* pairs of a row
//! and a column, those without an entry being 0, each factor is multiplied by
//!
//! `w_uk <- w_uk (X H)_uk / (W H^T H)_uk`,
//!
//! and likewise h. Nothing becomes negative, no rate is to be chosen, and each half step lowers the error or leaves it.
//!
//! Of the two forms that are in use, errors over all pairs or over the entries only, this is the first: it suits counts and other data in which
//! nothing means 0, and is what most libraries mean by the name. For ratings, where nothing means unknown, see [`Als`](crate::Als) with
//! factors that are not negative ([`Solver::Nonnegative`](crate::factorization::Solver)).
//!
//! A visit gathers the sum of entry times the neighbour's row, one row of `X H`, over the entries alone. `H^T H` is the same for all rows of a side:
//! an aggregate of the other side, computed before each side runs.

use gasworks_engine::graph::{Topology, Vertex};
use gasworks_engine::{Accumulator, Aggregate, Context, Edges, Over, Row, Signal, VertexProgram};

/// Entries of 0 or more on the edges of a bipartite graph, started with factors above 0: a factor of 0 stays 0.
///
/// Run it under a sweep of sides, with itself as the aggregate of each phase. It comes to rest, and each step lowers the error, only where one side moves at a
/// time, under a sweep of sides or a coloring. Factors are `f32`, sums `f64`. A visit takes O(entries * rank + rank^2), the aggregate O(rank^2) a
/// vertex. A vertex without entries becomes 0.
///
/// ```
/// use gasworks_engine::{Engine, Every, graph::GraphBuilder};
/// use gasworks_programs::Nmf;
/// # use gasworks_engine::{Phase, Scheduler, Selection, Task};
/// # struct Sides;
/// # impl Scheduler for Sides {
/// #     fn name(&self) -> &'static str { "sweep" }
/// #     fn selection(&self) -> Option<Selection> { Some(Selection::Everyone) }
/// #     fn phases(&self) -> &'static [Phase] { &[Phase::Left, Phase::Right] }
/// #     fn start(&mut self, _: usize, _: usize) {}
/// #     fn schedule(&self, _: &[Task]) {}
/// #     fn next(&self, _: usize, _: &mut Vec<u32>) {}
/// # }
/// // Two words of three documents: [[2, 4], [0, 0], [1, 2]] has rank 1.
/// let counts = GraphBuilder::bipartite(3, 2).weighted_edges(&[[0, 0], [0, 1], [2, 0], [2, 1]], &[2.0f32, 4.0, 1.0, 2.0]);
/// let mut graph = counts.build()?.with_rows(1, |v, row| row.fill(1.0 + v as f32));
/// let nmf = Nmf::new(1);
/// let engine = Engine::new(&mut graph, &nmf).aggregate_every(Every::Phase, &nmf);
/// engine.scheduler(Sides).rounds(20).run()?; // gasworks_schedulers::Sweep::sides()
/// let (document, word) = (graph.vertex(0), graph.vertex(4));
/// assert!((document[0] * word[0] - 4.0).abs() < 1e-5 && graph.vertex(1)[0] == 0.0);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Nmf {
    rank: usize,
    tolerance: f32,
}

impl Nmf {
    /// Rows of `rank` factors.
    ///
    /// # Panics
    /// If `rank` is 0.
    pub fn new(rank: usize) -> Self {
        assert!(rank > 0, "a factorization has at least rank 1");
        Nmf { rank, tolerance: 0.0 }
    }

    /// A vertex none of whose factors moves by more than this does not wake its neighbours; 0 unless said.
    pub fn tolerance(self, tolerance: f32) -> Self {
        Nmf { tolerance, ..self }
    }
}

/// A row of `X H` while it is summed, and room for what it is divided by.
#[derive(Debug)]
pub struct Products {
    sum: Vec<f64>,
    before: Vec<f64>,
    divisor: Vec<f64>,
}

impl Accumulator for Products {
    #[inline(always)]
    fn clear(&mut self) {
        self.sum.fill(0.0);
    }
    fn merge(&mut self, part: &Self) {
        self.sum.iter_mut().zip(&part.sum).for_each(|(sum, part)| *sum += part);
    }
}

/// The products `H^T H` of the factors of either side, as far as somebody reads them next.
#[derive(Clone, Debug, Default)]
pub struct SideProducts {
    /// How many vertices are left; none, where nothing has been computed.
    left: Option<Vertex>,
    /// Square, row-major; empty where no vertex of the side was summed.
    sides: [Vec<f64>; 2],
}

impl SideProducts {
    #[inline(always)]
    fn of_other_side(&self, vertex: Vertex) -> &[f64] {
        let left = self.left.expect(
            "factors are divided by the products of the other side: give the engine aggregate_every(Every::Phase, &nmf)",
        );
        &self.sides[usize::from(vertex < left)]
    }
}

impl VertexProgram for Nmf {
    type Vertex = Row<f32>;
    type Ghost = Row<f32>;
    type Edge = f32;
    type Gather = Products;
    type Global = SideProducts;
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    const SCATTERS: bool = false;
    const GHOST_IS_VERTEX: bool = true;

    fn accumulator(&self) -> Products {
        let zeros = vec![0.0; self.rank];
        Products { sum: zeros.clone(), before: zeros.clone(), divisor: zeros }
    }
    fn ghost(&self, _: &Context<'_, SideProducts>, factors: &[f32], ghost: &mut [f32]) {
        ghost.copy_from_slice(factors)
    }
    #[inline(always)]
    fn gather(&self, _: &Context<'_, SideProducts>, products: &mut Products, other: &[f32], entry: &f32) {
        let entry = f64::from(*entry);
        for (sum, factor) in products.sum.iter_mut().zip(other) {
            *sum += entry * f64::from(*factor);
        }
    }
    #[inline(always)]
    fn apply(&self, cx: &Context<'_, SideProducts>, factors: &mut [f32], products: &mut Products) -> Signal {
        let Products { sum, before, divisor } = products;
        before.iter_mut().zip(&*factors).for_each(|(before, factor)| *before = f64::from(*factor));
        divisor.fill(0.0);
        for (factor, row) in before.iter().zip(cx.global.of_other_side(cx.vertex).chunks_exact(self.rank)) {
            divisor.iter_mut().zip(row).for_each(|(divisor, product)| *divisor += factor * product);
        }
        let mut moved = 0.0f32;
        for (((factor, before), sum), divisor) in factors.iter_mut().zip(before).zip(sum).zip(divisor) {
            // A divisor of 0 is that of a factor that is 0, or that nobody of the other side has.
            let now = if *divisor > 0.0 { (*before * *sum / *divisor) as f32 } else { 0.0 };
            moved = moved.max((now - *factor).abs());
            *factor = now;
        }
        Signal::above(self.tolerance, moved)
    }
}

impl Aggregate<Row<f32>, f32> for Nmf {
    type Part = [Vec<f64>; 2];
    type Global = SideProducts;
    const OVER: Over = Over::OtherSide;

    fn zero(&self) -> [Vec<f64>; 2] {
        Default::default()
    }
    #[inline(always)]
    fn fold_vertex(&self, sums: &mut [Vec<f64>; 2], topology: &Topology, vertex: Vertex, factors: &[f32]) {
        let sum = &mut sums[usize::from(topology.left().is_none_or(|left| vertex >= left))];
        if sum.is_empty() {
            sum.resize(self.rank * self.rank, 0.0);
        }
        for (row, x) in sum.chunks_exact_mut(self.rank).zip(factors) {
            let x = f64::from(*x);
            row.iter_mut().zip(factors).for_each(|(sum, y)| *sum += x * f64::from(*y));
        }
    }
    fn merge(&self, sums: &mut [Vec<f64>; 2], parts: [Vec<f64>; 2]) {
        for (sum, part) in sums.iter_mut().zip(parts) {
            if sum.is_empty() {
                *sum = part;
            } else {
                sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            }
        }
    }
    fn finalize(&self, topology: &Topology, sides: [Vec<f64>; 2]) -> SideProducts {
        SideProducts { left: Some(topology.left().unwrap_or(0)), sides }
    }
}

#[cfg(test)]
mod tests;
