//! The consistency models, as types: what a visit may touch is what its scope can hand out.
//!
//! | model | own vertex | edges at it | neighbours |
//! |---|---|---|---|
//! | [`Vertex`] | write | read | – |
//! | [`Edge`] | write | write | read |
//! | [`Full`] | write | write | write |
//!
//! Low et al. 2010, "GraphLab: A new framework for parallel machine learning", section 3.3. An execution is serializable if
//! each visit runs as if it held all that its model lets it touch.

/// Writes its vertex, reads the edges at it.
#[derive(Clone, Copy, Debug)]
pub enum Vertex {}
/// Writes its vertex and the edges at it, reads its neighbours.
#[derive(Clone, Copy, Debug)]
pub enum Edge {}
/// Writes its vertex, the edges at it, and its neighbours.
#[derive(Clone, Copy, Debug)]
pub enum Full {}

/// A model's name, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// [`Vertex`].
    Vertex,
    /// [`Edge`].
    Edge,
    /// [`Full`].
    Full,
}

/// One of the three models.
pub trait Consistency: sealed::Sealed + 'static {
    /// Its name.
    const MODEL: Model;
}

impl Consistency for Vertex {
    const MODEL: Model = Model::Vertex;
}
impl Consistency for Edge {
    const MODEL: Model = Model::Edge;
}
impl Consistency for Full {
    const MODEL: Model = Model::Full;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Vertex {}
    impl Sealed for super::Edge {}
    impl Sealed for super::Full {}
}
