//! What can go wrong.

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An edge names a vertex that the graph does not have.
    #[error("edge {edge}: vertex {vertex} does not exist; the graph has the vertices 0 to {vertices} exclusive")]
    NoSuchVertex {
        /// Position in the list of edges.
        edge: usize,
        /// The vertex that was found.
        vertex: u32,
        /// How many there are on its side.
        vertices: u32,
    },
    /// A combination of program, scheduler and graph that no executor admits.
    #[error("{what} is not admitted: {why}; {instead}")]
    NotAdmitted {
        /// The combination.
        what: String,
        /// The reason.
        why: String,
        /// What to do instead.
        instead: String,
    },
}
