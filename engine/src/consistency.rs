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

impl Model {
    /// All, the weakest first.
    pub const ALL: [Model; 3] = [Model::Vertex, Model::Edge, Model::Full];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Model::Vertex => "vertex",
            Model::Edge => "edge",
            Model::Full => "full",
        }
    }

    /// What a visit may touch, for lists.
    pub fn about(self) -> &'static str {
        match self {
            Model::Vertex => "a visit writes its vertex and reads the edges at it",
            Model::Edge => {
                "a visit writes its vertex and the edges at it, and reads its neighbors, who stand still"
            }
            Model::Full => {
                "a visit writes its vertex, the edges at it and its neighbors, whom nobody else reads"
            }
        }
    }
}

impl std::fmt::Display for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
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
