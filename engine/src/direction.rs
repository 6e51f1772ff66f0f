//! Which way published ghosts travel.

/// How the synchronous executor takes published ghosts ([`Gathers::Published`](crate::Gathers)) to those who gather them. The results have the
/// same bits, but for sums over [`residual`](crate::Progress::residual); state gathers always pull.
///
/// Beamer, Asanović, Patterson 2012, "Direction-optimizing breadth-first search"; Shun and Blelloch 2013, "Ligra", section 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Push while the published have few edges, pull while they have many.
    #[default]
    Auto,
    /// Every vertex that wants something looks at all its neighbours for those who published: O(vertices + edges) a round.
    Pull,
    /// Those who published go through their edges: O(their edges, and vertices / 16,384) a round, and 16 bytes for each of these edges.
    Push,
}

impl Direction {
    /// All.
    pub const ALL: [Direction; 3] = [Direction::Auto, Direction::Pull, Direction::Push];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Auto => "auto",
            Direction::Pull => "pull",
            Direction::Push => "push",
        }
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
