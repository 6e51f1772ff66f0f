//! Matrix factorization by gradient descent, a vertex at a time: gather, apply, scatter, as plainly as it can be written.
//!
//! The same objective as [`Sgd`](crate::Sgd), `sum of (rating - x . y)^2 + lambda (|x|^2 + |y|^2)` over ratings. A visit gathers the
//! gradient of its own row over all its ratings, applies one step along it, and signals whoever it is joined to if it has moved. The
//! length of the step needs no choice: the curvature is at most the sum of the neighbours' squared lengths and the penalties, and
//! that divides it.

use gasworks_engine::{Context, Edges, Row, Scope, Signal, UpdateFunction, consistency};

/// Explicit ratings on a bipartite graph of users and items, under any scheduler, started with small random factors.
///
/// A visit takes O(ratings * rank). Some hundred visits a vertex reach what a few tens of passes of [`Sgd`](crate::Sgd) do.
#[derive(Clone, Debug)]
pub struct GradientDescent {
    /// Penalty on the squared length of a row, for each of its ratings; 0 or more.
    pub lambda: f32,
    /// A visit that moves no factor by more than this does not signal; 0 or more.
    pub tolerance: f32,
}

impl UpdateFunction for GradientDescent {
    type Vertex = Row<f32>;
    type Edge = f32;
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = Vec<f32>;

    fn scratch(&self) -> Vec<f32> {
        Vec::new()
    }

    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, gradient: &mut Vec<f32>) {
        let penalty = self.lambda * cx.degree() as f32;
        gradient.clear();
        gradient.extend(scope.vertex().iter().map(|factor| -penalty * factor));
        let mut curvature = penalty;
        scope.for_each_edge(Edges::All, |mut visit| {
            let (own, rating, other) = visit.parts();
            let error = *rating - own.iter().zip(other).map(|(x, y)| x * y).sum::<f32>();
            for (slope, y) in gradient.iter_mut().zip(other) {
                *slope += error * y;
                curvature += y * y;
            }
        });
        if curvature <= 0.0 {
            return;
        }
        let mut moved = 0.0f32;
        for (factor, slope) in scope.vertex_mut().iter_mut().zip(&*gradient) {
            *factor += slope / curvature;
            moved = moved.max((slope / curvature).abs());
        }
        if moved > self.tolerance {
            scope.for_each_edge(Edges::All, |mut visit| visit.signal(Signal::priority(moved)));
        }
    }
}
