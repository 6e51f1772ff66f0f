//! The input formats as a user meets them: through files, pipes and memory, with every message.

mod corpus;
mod edges;
mod messages;
mod npz;
mod observations;
mod ratings;
mod real_data;
mod round_trip;
mod sources;
mod texts;
mod uai;

use gasworks_engine::graph::Ids;
use gasworks_engine::input::{
    EdgeList, EdgesOptions, Format, Loaded, Ratings, RatingsOptions, Source, read_edges, read_ratings,
};

/// Reads edges from text; the source is called `graph.txt`.
fn edges_of(text: impl Into<Vec<u8>>) -> Result<Loaded<EdgeList>, gasworks_engine::Error> {
    read_edges(&Source::from_memory("graph.txt", text.into()), &EdgesOptions::default())
}

/// The same in a format that is asked for.
fn edges_as(format: Format, text: impl Into<Vec<u8>>) -> Result<Loaded<EdgeList>, gasworks_engine::Error> {
    let options = EdgesOptions { format: Some(format), ..EdgesOptions::default() };
    read_edges(&Source::from_memory("graph.txt", text.into()), &options)
}

/// Reads ratings from text; the source is called `ratings.csv`.
fn ratings_of(text: impl Into<Vec<u8>>) -> Result<Loaded<Ratings>, gasworks_engine::Error> {
    read_ratings(&Source::from_memory("ratings.csv", text.into()), &RatingsOptions::default())
}

/// Ids as they print.
fn names(ids: &Ids) -> Vec<String> {
    ids.iter().map(|id| id.to_string()).collect()
}

/// Edges as people write them: `1>2` or `1>2:0.5`.
fn arcs(list: &EdgeList) -> Vec<String> {
    let name = |vertex: u32| list.ids.id(vertex).to_string();
    let weight =
        |at: usize| list.weights.as_ref().map_or(String::new(), |weights| format!(":{}", weights[at]));
    list.arcs
        .iter()
        .enumerate()
        .map(|(at, [a, b])| format!("{}>{}{}", name(*a), name(*b), weight(at)))
        .collect()
}

/// Ratings as people write them: `1 likes 10: 4.5`.
fn opinions(ratings: &Ratings) -> Vec<String> {
    let one = |entry: &gasworks_engine::input::Rating| {
        format!("{} likes {}: {}", ratings.users.id(entry.user), ratings.items.id(entry.item), entry.value)
    };
    ratings.entries.iter().map(one).collect()
}
