//! Matrix factorization by alternating least squares (Zhou, Wilkinson, Schreiber, Pan 2008, "Large-scale parallel collaborative
//! filtering for the Netflix Prize", section 3).
//!
//! Ratings are the edges of a bipartite graph of users and items; each vertex has a row of `rank` factors. A visit solves the
//! normal equations `(sum of x x^T + ridge I) y = sum of rating x` over the neighbours' factors x exactly, so no learning rate
//! is to be chosen, and each round of both sides lowers the regularized squared error or leaves it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gasworks_engine::{Context, Edges, Neighborhood, Row, Signal, Simd, VertexProgram};
use gasworks_kernels::{NormalEquations, Solved};

use crate::factorization::Regularization;

/// Explicit ratings. Run on a bipartite graph under a sweep of sides, started with small random factors.
///
/// A visit takes O(ratings * rank^2 + rank^3).
///
/// ```
/// use gasworks_engine::{Engine, graph::GraphBuilder};
/// use gasworks_programs::{Als, factorization::{Regularization, initial_factors}};
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
/// let ratings = GraphBuilder::bipartite(2, 2).weighted_edges(&[[0, 0], [0, 1], [1, 1]], &[4.0f32, 2.0, 1.0]);
/// let start = initial_factors(4, 2, 0.1, 0);
/// let mut graph = ratings.build()?.with_rows(2, |v, row| row.copy_from_slice(&start[2 * v as usize..][..2]));
/// let als = Als::new(2, 1e-3, Regularization::Plain);
/// Engine::new(&mut graph, &als).scheduler(Sides).rounds(20).run()?; // gasworks_schedulers::Sweep::sides()
/// let (user, item) = (graph.vertex(0), graph.vertex(2));
/// assert!((user[0] * item[0] + user[1] * item[1] - 4.0).abs() < 0.01);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Debug)]
pub struct Als {
    rank: usize,
    lambda: f32,
    regularization: Regularization,
    tolerance: f32,
    /// Solves that needed more ridge than lambda gives.
    strengthened: AtomicU64,
}

impl Als {
    /// Rows of `rank` factors, `lambda` times what the regularization counts as ridge.
    ///
    /// # Panics
    /// If `rank` is 0, or `lambda` is negative or not finite.
    pub fn new(rank: usize, lambda: f32, regularization: Regularization) -> Self {
        assert!(rank > 0, "a factorization has at least rank 1");
        assert!(lambda >= 0.0 && lambda.is_finite(), "lambda must be finite and not negative, got {lambda}");
        Als { rank, lambda, regularization, tolerance: 0.0, strengthened: AtomicU64::new(0) }
    }

    /// A vertex none of whose factors moves by more than this does not wake its neighbours; 0 unless said.
    pub fn tolerance(self, tolerance: f32) -> Self {
        Als { tolerance, ..self }
    }

    /// How many solves so far were singular (lambda 0, and fewer ratings than the rank) and got the smallest ridge that helped.
    pub fn strengthened(&self) -> u64 {
        self.strengthened.load(Relaxed)
    }

    fn ridge(&self, ratings: u32) -> f32 {
        match self.regularization {
            Regularization::Weighted => self.lambda * ratings as f32,
            Regularization::Plain => self.lambda,
        }
    }

    fn signal(&self, solved: Solved) -> Signal {
        if solved.added_ridge > 0.0 {
            self.strengthened.fetch_add(1, Relaxed);
        }
        Signal::above(self.tolerance, solved.change)
    }
}

impl VertexProgram for Als {
    type Vertex = Row<f32>;
    type Ghost = Row<f32>;
    type Edge = f32;
    type Gather = NormalEquations;
    type Global = ();
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    const SCATTERS: bool = false;
    const GHOST_IS_VERTEX: bool = true;

    fn accumulator(&self) -> NormalEquations {
        NormalEquations::new(self.rank)
    }
    fn ghost(&self, _: &Context<'_, ()>, factors: &[f32], ghost: &mut [f32]) {
        ghost.copy_from_slice(factors)
    }
    fn gather(&self, _: &Context<'_, ()>, sum: &mut NormalEquations, other: &[f32], rating: &f32) {
        sum.add(other, *rating)
    }
    #[inline(always)]
    fn gather_all<S: Simd>(
        &self,
        simd: S,
        _: &Context<'_, ()>,
        sum: &mut NormalEquations,
        ratings: &Neighborhood<'_, Self>,
    ) {
        sum.add_rows(simd, ratings.len(), |i| ratings.ghost(i), |i| *ratings.edge(i))
    }
    fn apply(&self, cx: &Context<'_, ()>, factors: &mut [f32], sum: &mut NormalEquations) -> Signal {
        self.signal(sum.solve(self.ridge(cx.degree()), factors))
    }
    #[inline(always)]
    fn apply_with<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, ()>,
        factors: &mut [f32],
        sum: &mut NormalEquations,
    ) -> Signal {
        self.signal(sum.solve_with(simd, self.ridge(cx.degree()), factors))
    }
}
