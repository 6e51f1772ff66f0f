//! What the lab runs on: ratings, a graph, or a model.

use std::path::{Path, PathBuf};

use gasworks::graph::{Graph, ReverseEdges};
use gasworks::input::{EdgeList, Source, read_uai};
use gasworks::programs::markov_random_field::MarkovRandomField;

use super::super::error::Failure;
use super::super::events::Reporter;
use super::super::gibbs;
use super::super::graph::{self, EdgeOptions};
use super::super::options::InputOptions;

/// Edges, and what becomes of them.
pub(super) struct Edges {
    name: PathBuf,
    list: EdgeList,
    options: EdgeOptions,
}

/// Edges from a source.
pub(super) fn graph(
    source: &Source,
    input: InputOptions,
    options: EdgeOptions,
    reporter: &mut Reporter,
) -> Result<Edges, Failure> {
    Ok(Edges {
        name: source.name().to_owned(),
        list: graph::load(source, input, reporter)?.into_list(),
        options,
    })
}

/// A model from a file.
pub(super) fn model(path: &Path, reporter: &mut Reporter) -> Result<MarkovRandomField, Failure> {
    let source = Source::from_path(path);
    let graph = read_uai(&source)?;
    let (variables, factors) = (graph.cardinalities.len(), graph.factors.len());
    reporter.read(source.name(), "uai", format_args!("{variables} variables, {factors} factors"));
    gibbs::in_file(path)(MarkovRandomField::from_uai(graph, &[]))
}

impl Edges {
    /// The graph without weights.
    pub(super) fn plain(&self) -> Result<Graph<(), ()>, Failure> {
        let builder =
            self.options.builder(self.list.ids.len(), ReverseEdges::Pair).plain_edges(&self.list.arcs);
        Ok(builder.parallel_edges(self.options.parallel(|(), ()| ())).build()?)
    }

    /// The graph with lengths.
    pub(super) fn weighted(&self) -> Result<Graph<(), f32>, Failure> {
        let EdgeList { ids, arcs, weights } = &self.list;
        let ones = || vec![1.0; arcs.len()];
        let weights = weights.clone().unwrap_or_else(ones);
        if let Some(weight) = weights.iter().find(|weight| **weight < 0.0) {
            return Err(Failure::data(
                &self.name,
                "weights of 0 or more, the lengths of edges",
                weight.to_string(),
                "shift or correct the weights, or drop their column to count edges",
            ));
        }
        let builder = self.options.builder(ids.len(), self.options.reverse_for_paths());
        let builder = builder.weighted_edges(arcs, &weights);
        Ok(builder.parallel_edges(self.options.parallel(|a, b| a + b)).build()?)
    }

    /// Where paths start: the vertex of this id, or the one with the most edges.
    pub(super) fn source(&self, id: Option<&str>, reporter: &Reporter) -> Result<u32, Failure> {
        let EdgeList { ids, arcs, .. } = &self.list;
        if let Some(id) = id {
            return ids.find(id).ok_or_else(|| {
                let expected = format!("as --source one of the {} ids in {}", ids.len(), self.name.display());
                Failure::usage(expected, format!("{id:?}"), "spell it as in the input")
            });
        }
        let mut degrees = vec![0u32; ids.len()];
        arcs.iter().flatten().for_each(|vertex| degrees[*vertex as usize] += 1);
        let first = (0..ids.len() as u32).max_by_key(|v| (degrees[*v as usize], std::cmp::Reverse(*v)));
        let source = first.ok_or_else(|| {
            Failure::data(&self.name, "a vertex where paths start", "no edges", "name another input")
        })?;
        reporter.note(format_args!("paths start at the vertex with the most edges, {}", ids.id(source)));
        Ok(source)
    }
}
