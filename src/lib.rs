//! Gather, apply, scatter, and it works: a graph-parallel vertex-program engine.
//!
//! Model and data live on the vertices and edges of a [`Graph`](graph::Graph). You write what happens at one vertex or one edge; the engine decides
//! the order, keeps neighbouring work apart as far as you ask, and runs it on every core: the same bits for every number of
//! threads. In the line of GraphLab (Low et al. 2010), Distributed GraphLab (Low et al. 2012) and PowerGraph (Gonzalez et
//! al. 2012).
//!
//! | to | see |
//! |---|---|
//! | write a program | [`VertexProgram`]; also [`UpdateFunction`] and [`EdgeProgram`] |
//! | run it | [`Engine`] |
//! | make a graph | [`graph::GraphBuilder`], [`input`], [`generate`] |
//! | use a bundled program | [`programs`] |
//! | choose the order of updates | [`schedulers`] |
//!
//! ```
//! use gasworks::programs::{DanglingMass, PageRank};
//! use gasworks::{Engine, graph::GraphBuilder, schedulers::Sweep};
//!
//! let edges = [[0, 1], [1, 2], [2, 0], [3, 2]];
//! let mut graph = GraphBuilder::directed(4).plain_edges(&edges).build()?.with_vertices(|_| 0.25);
//! let outcome = Engine::new(&mut graph, &PageRank::default())
//!     .scheduler(Sweep::new())
//!     .aggregate(&DanglingMass { damping: 0.85, spread: true })
//!     .until(|progress| progress.residual < 1e-6)
//!     .run()?;
//! let ranks = graph.vertex_data().as_slice();
//! assert!(ranks[2] > ranks[3]);
//! println!("{} rounds: {ranks:?}", outcome.progress.rounds);
//! # Ok::<(), gasworks::Error>(())
//! ```
#![forbid(unsafe_code)]

pub use gasworks_engine::*;
#[doc(inline)]
pub use gasworks_kernels as kernels;
#[doc(inline)]
pub use gasworks_programs as programs;
#[doc(inline)]
pub use gasworks_schedulers as schedulers;

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the code of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/consistency.md")]
struct GuideToConsistency;

/// Compiles the code of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/vertex-sets.md")]
struct GuideToVertexSets;
