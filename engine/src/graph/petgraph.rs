//! From petgraph, and to it.
