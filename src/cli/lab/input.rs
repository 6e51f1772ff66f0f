//! What the lab runs on: ratings, or a graph; the embedded sample as either.

use std::path::{Path, PathBuf};

use gasworks::graph::{Graph, Id, Ids, ReverseEdges};
use gasworks::input::{EdgeList, Ratings, RatingsOptions, Source};

use super::super::als::data;
use super::super::error::Failure;
use super::super::events::Reporter;
use super::super::graph::{EdgeOptions, GraphInput};
use super::super::options::InputOptions;

/// Ratings from a file, or the sample.
pub(super) fn ratings(
    path: Option<&Path>,
    options: InputOptions,
    reporter: &mut Reporter,
) -> Result<Ratings, Failure> {
    let source = match path {
        Some(path) => Source::from_path(path),
        None => data::sample(reporter)?.0,
    };
    let options =
        RatingsOptions { format: options.format, lenient: options.lenient, ..RatingsOptions::default() };
    data::read(&source, &options, reporter)
}

/// Edges, and what becomes of them.
pub(super) struct Edges {
    path: PathBuf,
    /// None for the sample, whose users and movies have ids of their own.
    ids: Option<Ids>,
    vertices: usize,
    arcs: Vec<[u32; 2]>,
    weights: Option<Vec<f32>>,
    options: EdgeOptions,
}

/// Edges from a file, or those between the users and the movies of the sample.
pub(super) fn graph(
    path: Option<&Path>,
    input: InputOptions,
    options: EdgeOptions,
    reporter: &mut Reporter,
) -> Result<Edges, Failure> {
    let Some(path) = path else {
        let ratings = ratings(None, input, reporter)?;
        let (users, items) = (ratings.users.len(), ratings.items.len());
        let arc = |rating: &gasworks::input::Rating| [rating.user, users as u32 + rating.item];
        let arcs = ratings.entries.iter().map(arc).collect();
        let options = EdgeOptions { undirected: true, ..options };
        return Ok(Edges {
            path: "the sample".into(),
            ids: None,
            vertices: users + items,
            arcs,
            weights: None,
            options,
        });
    };
    let EdgeList { ids, arcs, weights, .. } = GraphInput { graph: path.to_owned(), input }.load(reporter)?;
    Ok(Edges { path: path.to_owned(), vertices: ids.len(), ids: Some(ids), arcs, weights, options })
}

impl Edges {
    /// The graph without weights.
    pub(super) fn plain(&self) -> Result<Graph<(), ()>, Failure> {
        let builder = self.options.builder(self.vertices, ReverseEdges::Pair).plain_edges(&self.arcs);
        Ok(builder.parallel_edges(self.options.parallel(|(), ()| ())).build()?)
    }

    /// The graph with lengths.
    pub(super) fn weighted(&self) -> Result<Graph<(), f32>, Failure> {
        let ones = || vec![1.0; self.arcs.len()];
        let weights = self.weights.clone().unwrap_or_else(ones);
        if let Some(weight) = weights.iter().find(|weight| **weight < 0.0) {
            return Err(Failure::data(
                &self.path,
                "weights of 0 or more, the lengths of edges",
                weight.to_string(),
                "shift or correct the weights, or drop their column to count edges",
            ));
        }
        let builder = self.options.builder(self.vertices, self.options.reverse_for_paths());
        let builder = builder.weighted_edges(&self.arcs, &weights);
        Ok(builder.parallel_edges(self.options.parallel(|a, b| a + b)).build()?)
    }

    /// Where paths start: the vertex of this id, or the one with the most edges.
    pub(super) fn source(&self, id: Option<&str>, reporter: &Reporter) -> Result<u32, Failure> {
        if let (Some(id), Some(ids)) = (id, &self.ids) {
            return ids.find(id).ok_or_else(|| {
                let name = self.path.display();
                let expected = format!("as --source one of the {} ids in {name}", ids.len());
                Failure::usage(expected, format!("{id:?}"), "spell it as in the input")
            });
        }
        if let Some(id) = id {
            let expected = "no --source beside the sample, whose users and movies share their ids";
            return Err(Failure::usage(expected, format!("{id:?}"), "name an input, or leave it out"));
        }
        let mut degrees = vec![0u32; self.vertices];
        self.arcs.iter().flatten().for_each(|vertex| degrees[*vertex as usize] += 1);
        let first = (0..self.vertices as u32).max_by_key(|v| (degrees[*v as usize], std::cmp::Reverse(*v)));
        let source = first.ok_or_else(|| {
            Failure::data(&self.path, "a vertex where paths start", "no edges", "name another input")
        })?;
        let shown = self.ids.as_ref().map(|ids| ids.id(source));
        let shown = shown.as_ref().map_or_else(|| format!("number {source}"), Id::to_string);
        reporter.note(format_args!("paths start at the vertex with the most edges, {shown}"));
        Ok(source)
    }
}
