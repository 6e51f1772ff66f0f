//! Vertex programs of gasworks. One a file, or a folder where a model needs more.
#![forbid(unsafe_code)]

mod als;
mod bpr;
mod breadth_first_search;
mod ccd;
mod coloring;
mod components;
mod container;
mod core_numbers;
pub mod factorization;
mod gradient_descent;
mod hits;
#[cfg(debug_assertions)]
#[doc(hidden)]
pub mod instances;
mod label_propagation;
mod lasso;
pub mod lda;
pub mod markov_random_field;
mod modularity;
mod nmf;
mod pagerank;
mod personalized_pagerank;
mod sgd;
mod shortest_paths;
pub mod specialists;
pub mod svd;
mod svdpp;
#[cfg(test)]
mod testing;

pub use als::{Als, Observation, SharedGrams};
pub use bpr::{Bpr, TripleQuality, Triples};
pub use breadth_first_search::{BreadthFirstSearch, Parent, Reached};
pub use ccd::Ccd;
pub use coloring::{GreedyColoring, Taken};
pub use components::Components;
pub use core_numbers::{Bounds, KCore};
pub use gradient_descent::GradientDescent;
pub use hits::{Hits, HitsScales};
pub use label_propagation::LabelPropagation;
pub use lasso::Lasso;
pub use lda::{Lda, TopicTotals};
pub use markov_random_field::{Gibbs, MarkovRandomField};
pub use modularity::modularity;
pub use nmf::{Nmf, Products, SideProducts};
pub use pagerank::{Dangling, DanglingMass, PageRank};
pub use personalized_pagerank::{PersonalizedPageRank, Restarting};
pub use sgd::{Rate, Sgd};
pub use shortest_paths::ShortestPaths;
pub use svdpp::SvdPlusPlus;
