//! Ratings of items by users.
use crate::graph::Ids;

/// One rating. Plain old data, 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Rating {
    /// Number of the user in [`Ratings::users`].
    pub user: u32,
    /// Number of the item in [`Ratings::items`].
    pub item: u32,
    /// Finite.
    pub value: f32,
}

/// Ratings in the order of their lines, duplicates resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratings {
    /// Ids of the users.
    pub users: Ids,
    /// Ids of the items.
    pub items: Ids,
    /// One entry for each (user, item) that has a rating.
    pub entries: Vec<Rating>,
}
