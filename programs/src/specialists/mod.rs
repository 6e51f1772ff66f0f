//! Kernels for one problem each that are no vertex programs: where the best known algorithm goes through the graph in an order that no
//! program of single vertices can follow. They know no scheduler, no consistency model and no rounds, and run on the threads of the pool
//! that calls them. What they find does not depend on the number of threads.
//!
//! | problem | kernel | vertex program |
//! |---|---|---|
//! | weakly connected components | [`components`]: Afforest | [`Components`](crate::Components) |
//! | shortest paths | [`shortest_paths`]: delta-stepping | [`ShortestPaths`](crate::ShortestPaths) |
//! | triangles | [`triangles`]: intersections by degree | none |

mod afforest;
mod delta_stepping;
mod triangles;

pub use afforest::components;
pub use delta_stepping::shortest_paths;
pub use triangles::triangles;
