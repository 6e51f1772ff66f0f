//! Matrix factorization by alternating least squares.
//!
//! Ratings are the edges of a bipartite graph of users and items; each vertex has a row of `rank` factors. A visit solves the
//! normal equations of its row over the neighbours' factors x while those stand still, so no learning rate is to be chosen, and each round of
//! both sides lowers the regularized squared error or leaves it.
//!
//! | | equations of a row y | paper |
//! |---|---|---|
//! | explicit | `(sum of x x^T + ridge I) y = sum of rating x` | Zhou, Wilkinson, Schreiber, Pan 2008, "Large-scale parallel collaborative filtering for the Netflix Prize", section 3 |
//! | weighted | `(sum of weight x x^T + ridge I) y = sum of weight rating x` | the same, each squared error times its weight |
//! | implicit | `(G + sum of alpha rating x x^T + ridge I) y = sum of (1 + alpha rating) x` | Hu, Koren, Volinsky 2008, "Collaborative filtering for implicit feedback datasets", section 4 |
//!
//! Implicit feedback is a table without holes: every pair of user and item has a preference, 1 where there is a rating and else 0,
//! with confidence `1 + alpha rating`, which is 1 where there is none. `G`, the sum of `x x^T` over *all* rows of the other side, stands for
//! the pairs without a rating, so that a visit costs what its ratings cost. It is an aggregate, of each side before the other
//! one runs ([`SharedGrams`]). Some programs take a confidence of `alpha rating`: where that is at least 1, ratings less `1 / alpha` say the
//! same here.
//!
//! The equations are solved exactly, by Cholesky's factorization; or nearly, by a few steps of conjugate gradients from the factors of the last
//! round (Takacs, Pilaszy, Tikk 2011, "Applications of the conjugate gradient method for implicit feedback collaborative filtering"); or for
//! factors that are not negative ([`Solver`]).

mod shared;

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gasworks_engine::{Context, Data, Edges, Isa, Neighborhood, Row, Signal, Simd, VertexProgram};
use gasworks_kernels::{Gram, NormalEquations, Solved};
use pulp::WithSimd;

use crate::factorization::{Regularization, Solver};

pub use shared::SharedGrams;

/// Alternating least squares. Run on a bipartite graph under a sweep of sides, started with small random factors.
///
/// Edges hold a rating ([`Als::new`], [`Als::implicit`]), or a rating and its weight ([`Als::weighted`]). Implicit feedback needs the
/// aggregate of the program itself before each phase: `aggregate_every(Every::Phase, &als)`. It comes to rest only where one side moves at a
/// time, under a sweep of sides or a coloring: what a row takes for the sum over the other side must be that sum.
///
/// A visit takes O(ratings * rank^2 + rank^3), or O(steps * (ratings * rank + rank^2)) by conjugate gradients.
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
///
/// Implicit feedback by conjugate gradients:
///
/// ```
/// use gasworks_engine::{Engine, Every, graph::GraphBuilder};
/// use gasworks_programs::{Als, factorization::{Regularization, Solver, initial_factors}};
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
/// let plays = GraphBuilder::bipartite(2, 2).weighted_edges(&[[0, 0], [1, 1]], &[3.0f32, 1.0]);
/// let start = initial_factors(4, 2, 0.1, 0);
/// let mut graph = plays.build()?.with_rows(2, |v, row| row.copy_from_slice(&start[2 * v as usize..][..2]));
/// let als = Als::implicit(2, 0.01, Regularization::Plain, 10.0).solver(Solver::ConjugateGradient { steps: 3 });
/// let engine = Engine::new(&mut graph, &als).aggregate_every(Every::Phase, &als);
/// engine.scheduler(Sides).rounds(20).run()?; // gasworks_schedulers::Sweep::sides()
/// let preference = |user, item| graph.vertex(user)[0] * graph.vertex(item)[0] + graph.vertex(user)[1] * graph.vertex(item)[1];
/// assert!(preference(0, 2) > 0.9 && preference(0, 3) < 0.1);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Debug)]
pub struct Als<E = f32> {
    rank: usize,
    lambda: f32,
    regularization: Regularization,
    /// What a rating adds to its confidence; none where only ratings count.
    alpha: Option<f32>,
    solver: Solver,
    tolerance: f32,
    /// Solves that needed more ridge than lambda gives.
    strengthened: AtomicU64,
    edges: PhantomData<fn() -> E>,
}

/// The data of an edge: a rating, or a rating and its weight.
pub trait Observation: for<'a> Data<Ref<'a> = &'a Self> + Sized {
    /// Whether there is a weight.
    const WEIGHTED: bool;
    /// The rating.
    fn rating(&self) -> f32;
    /// What its squared error is multiplied by.
    fn weight(&self) -> f32;
}

impl Observation for f32 {
    const WEIGHTED: bool = false;
    #[inline(always)]
    fn rating(&self) -> f32 {
        *self
    }
    #[inline(always)]
    fn weight(&self) -> f32 {
        1.0
    }
}

/// A rating, then its weight: 0 or more.
impl Observation for [f32; 2] {
    const WEIGHTED: bool = true;
    #[inline(always)]
    fn rating(&self) -> f32 {
        self[0]
    }
    #[inline(always)]
    fn weight(&self) -> f32 {
        self[1]
    }
}

impl Als {
    /// Explicit ratings. Rows of `rank` factors, `lambda` times what the regularization counts as ridge.
    ///
    /// # Panics
    /// If `rank` is 0, or `lambda` is negative or not finite.
    pub fn new(rank: usize, lambda: f32, regularization: Regularization) -> Self {
        Als::with(rank, lambda, regularization, None)
    }

    /// Implicit feedback: a rating (how often, how long; not negative, or the factors become NaN) adds `alpha` times itself to a
    /// confidence of 1 that its user wants its item.
    ///
    /// # Panics
    /// If `rank` is 0, or `lambda` or `alpha` is negative or not finite. When run, if the engine was not given the aggregate
    /// (`aggregate_every(Every::Phase, &als)`).
    pub fn implicit(rank: usize, lambda: f32, regularization: Regularization, alpha: f32) -> Self {
        assert!(alpha >= 0.0 && alpha.is_finite(), "alpha must be finite and not negative, got {alpha}");
        Als::with(rank, lambda, regularization, Some(alpha))
    }
}

impl Als<[f32; 2]> {
    /// Explicit ratings with a weight each, by which its squared error is multiplied: 0 or more, or the factors become NaN. Otherwise as
    /// [`Als::new`]; what the regularization counts are ratings, whatever they weigh.
    ///
    /// # Panics
    /// If `rank` is 0, or `lambda` is negative or not finite.
    pub fn weighted(rank: usize, lambda: f32, regularization: Regularization) -> Self {
        Als::with(rank, lambda, regularization, None)
    }
}

impl<E: Observation> Als<E> {
    fn with(rank: usize, lambda: f32, regularization: Regularization, alpha: Option<f32>) -> Self {
        assert!(rank > 0, "a factorization has at least rank 1");
        assert!(lambda >= 0.0 && lambda.is_finite(), "lambda must be finite and not negative, got {lambda}");
        let solver = Solver::default();
        let strengthened = AtomicU64::new(0);
        Als { rank, lambda, regularization, alpha, solver, tolerance: 0.0, strengthened, edges: PhantomData }
    }

    /// How a row is solved for; exactly, unless said. Factors that are not negative want a start that is not negative.
    pub fn solver(self, solver: Solver) -> Self {
        Als { solver, ..self }
    }

    /// Whether it runs on implicit feedback, and so needs its aggregate.
    pub fn is_implicit(&self) -> bool {
        self.alpha.is_some()
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

    /// The Gram matrix of the other side.
    fn shared<'g>(&self, cx: &Context<'g, SharedGrams>) -> Option<&'g Gram> {
        self.alpha?;
        cx.global.of_other_side(cx.vertex)
    }

    #[inline(always)]
    fn solve<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, SharedGrams>,
        factors: &mut [f32],
        sum: &mut NormalEquations,
    ) -> Signal {
        let (shared, ridge) = (self.shared(cx), self.ridge(cx.degree()));
        if let Solver::ConjugateGradient { steps } = self.solver {
            return self.signal(sum.iterate_with(simd, shared, ridge, steps, factors));
        }
        if let Some(shared) = shared {
            sum.add_gram(simd, shared);
        }
        self.signal(match self.solver {
            Solver::Nonnegative => sum.solve_nonnegative_with(simd, ridge, factors),
            _ => sum.solve_with(simd, ridge, factors),
        })
    }

    #[inline(always)]
    fn add<'a, S: Simd>(
        &self,
        simd: S,
        sum: &mut NormalEquations,
        ratings: usize,
        other: impl Fn(usize) -> &'a [f32],
        edge: impl Fn(usize) -> &'a E,
    ) where
        E: 'a,
    {
        match self.alpha {
            Some(alpha) => {
                let confidence = |i| alpha * edge(i).rating();
                sum.add_weighted_rows(simd, ratings, other, confidence, |i| 1.0 + confidence(i))
            }
            None if E::WEIGHTED => {
                let target = |i| edge(i).weight() * edge(i).rating();
                sum.add_weighted_rows(simd, ratings, other, |i| edge(i).weight(), target)
            }
            None => sum.add_rows(simd, ratings, other, |i| edge(i).rating()),
        }
    }

    fn signal(&self, solved: Solved) -> Signal {
        if solved.added_ridge > 0.0 {
            self.strengthened.fetch_add(1, Relaxed);
        }
        Signal::above(self.tolerance, solved.change)
    }
}

/// Neighbours' rows that conjugate gradients read again and again without multiplying them out, for each factor of a row. Reading a row once
/// more costs what the memory takes for it, and multiplying it grows with the rank: so may what is kept, a mebibyte at rank 64.
const KEPT: usize = 64;

impl<E: Observation> VertexProgram for Als<E> {
    type Vertex = Row<f32>;
    type Ghost = Row<f32>;
    type Edge = E;
    type Gather = NormalEquations;
    type Global = SharedGrams;
    const GATHER: Edges = Edges::All;
    const SCATTER: Edges = Edges::All;
    const SCATTERS: bool = false;
    const GHOST_IS_VERTEX: bool = true;

    fn accumulator(&self) -> NormalEquations {
        match self.solver {
            Solver::ConjugateGradient { .. } => {
                NormalEquations::keeping(self.rank, KEPT * self.rank, Isa::detect())
            }
            _ => NormalEquations::new(self.rank),
        }
    }
    fn ghost(&self, _: &Context<'_, SharedGrams>, factors: &[f32], ghost: &mut [f32]) {
        ghost.copy_from_slice(factors)
    }
    fn gather(&self, _: &Context<'_, SharedGrams>, sum: &mut NormalEquations, other: &[f32], edge: &E) {
        struct One<'a, E>(&'a Als<E>, &'a mut NormalEquations, &'a [f32], &'a E);
        impl<E: Observation> WithSimd for One<'_, E> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                self.0.add(simd, self.1, 1, |_| self.2, |_| self.3)
            }
        }
        match self.alpha {
            None if !E::WEIGHTED => sum.add(other, edge.rating()),
            _ => Isa::detect().dispatch(One(self, sum, other, edge)),
        }
    }
    #[inline(always)]
    fn gather_all<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, SharedGrams>,
        sum: &mut NormalEquations,
        ratings: &Neighborhood<'_, Self>,
    ) {
        // Parts of a hub are multiplied by many workers, not iterated on by one.
        if ratings.len() < cx.degree() as usize {
            sum.multiply_at_once();
        }
        self.add(simd, sum, ratings.len(), |i| ratings.ghost(i), |i| ratings.edge(i))
    }
    fn apply(&self, cx: &Context<'_, SharedGrams>, factors: &mut [f32], sum: &mut NormalEquations) -> Signal {
        struct Apply<'a, 'g, E>(
            &'a Als<E>,
            &'a Context<'g, SharedGrams>,
            &'a mut [f32],
            &'a mut NormalEquations,
        );
        impl<E: Observation> WithSimd for Apply<'_, '_, E> {
            type Output = Signal;
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) -> Signal {
                self.0.solve(simd, self.1, self.2, self.3)
            }
        }
        Isa::detect().dispatch(Apply(self, cx, factors, sum))
    }
    #[inline(always)]
    fn apply_with<S: Simd>(
        &self,
        simd: S,
        cx: &Context<'_, SharedGrams>,
        factors: &mut [f32],
        sum: &mut NormalEquations,
    ) -> Signal {
        self.solve(simd, cx, factors, sum)
    }
}
