//! Markov random fields over discrete variables: the model, Gibbs sampling in one chain or several, and exact marginals of small models.
//!
//! A factor over more than two variables needs no vertex of its own here. The variables are the vertices, and those that share a factor
//! are joined, so a vertex's neighbors are its Markov blanket: edge consistency is then exactly what a Gibbs step needs. The factors lie beside the
//! graph, shared and never written.

mod chains;
mod error;
mod exact;
mod gibbs;
mod model;
mod start;
#[cfg(test)]
mod tests;

pub use chains::{Chains, Estimate};
pub use error::MarkovRandomFieldError;
pub use exact::exact_marginal;
pub use gibbs::{Conditional, Gibbs};
pub use model::MarkovRandomField;
