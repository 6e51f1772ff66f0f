//! Loading graphs, and what graph commands show.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder, Ids, ParallelEdges, ReverseEdges};
use gasworks::input::{EdgeList, Format, Source, StoredGraph, read_edges, read_stored};

use super::error::Failure;
use super::events::Reporter;
use super::options::{InputOptions, names};
use super::output::Output;
use super::vertex_order::VertexOrder;

/// A graph as input.
#[derive(Args, Debug)]
pub(crate) struct GraphInput {
    /// Edges: source, target and perhaps a weight, in a table or a MatrixMarket file; or a METIS file, adjacency lists, or what convert wrote; - is standard input
    pub(crate) graph: PathBuf,
    #[command(flatten)]
    pub(crate) input: InputOptions,
}

impl GraphInput {
    /// How every graph command goes on: looks whether the output can be written, and reads the edges.
    pub(crate) fn open(&self, output: Option<&Output>, reporter: &mut Reporter) -> Result<Edges, Failure> {
        if let Some(output) = output {
            output.check(&[self.name()], reporter)?;
        }
        load(&Source::from_path(&self.graph), self.input, reporter)
    }

    /// The vertex that an option names by its id in the input.
    pub(crate) fn find(&self, ids: &Ids, option: &str, id: &str) -> Result<u32, Failure> {
        ids.find(id).ok_or_else(|| {
            let (count, name) = (ids.len(), self.name().display());
            let example = ids.iter().next().map(|id| format!(", such as {id}")).unwrap_or_default();
            Failure::usage(
                format!("as {option} one of the {count} ids in {name}{example}"),
                format!("{id:?}"),
                "spell it as in the input",
            )
        })
    }

    /// For messages.
    pub(crate) fn name(&self) -> &Path {
        &self.graph
    }
}

/// Edges as their input holds them.
pub(crate) enum Edges {
    List(EdgeList),
    Stored(StoredGraph),
}

/// Reads edges.
pub(crate) fn load(
    source: &Source,
    options: InputOptions,
    reporter: &mut Reporter,
) -> Result<Edges, Failure> {
    reporter.loading(source.name().display());
    let may_be_stored = options.format.is_none_or(|format| format == Format::Binary);
    let stored = if may_be_stored { read_stored(source)? } else { None };
    let (edges, report) = match stored {
        Some(loaded) => (Edges::Stored(loaded.data), loaded.report),
        None => {
            let loaded = read_edges(source, &options.edges())?;
            (Edges::List(loaded.data), loaded.report)
        }
    };
    reporter.loaded(&report);
    reporter.say(format_args!("{} vertices, {} edges", edges.ids().len(), edges.count()));
    Ok(edges)
}

impl Edges {
    pub(crate) fn ids(&self) -> &Ids {
        match self {
            Edges::List(list) => &list.ids,
            Edges::Stored(stored) => stored.ids(),
        }
    }

    /// How many edges.
    pub(crate) fn count(&self) -> usize {
        match self {
            Edges::List(list) => list.arcs.len(),
            Edges::Stored(stored) => stored.topology().edges(),
        }
    }

    pub(crate) fn weights(&self) -> Option<&[f32]> {
        match self {
            Edges::List(list) => list.weights.as_deref(),
            Edges::Stored(stored) => stored.weights(),
        }
    }

    pub(crate) fn into_list(self) -> EdgeList {
        match self {
            Edges::List(list) => list,
            Edges::Stored(stored) => stored.into_list(),
        }
    }

    /// The graph without weights, vertices in this order. What is stored need not be built where all edges stay as they are.
    pub(crate) fn plain(
        self,
        options: EdgeOptions,
        order: VertexOrder,
        reporter: &Reporter,
    ) -> Result<(Ids, Graph<(), ()>), Failure> {
        let (ids, graph) = match self.stored_or_list(options, order) {
            Ok(stored) => stored.into_plain(),
            Err(EdgeList { ids, arcs, .. }) => {
                let builder = options.builder(ids.len(), ReverseEdges::Pair).plain_edges(&arcs);
                drop(arcs);
                (ids, builder.parallel_edges(options.parallel(|(), ()| ())).build()?)
            }
        };
        Ok((ids, order.apply(graph, reporter)))
    }

    /// The graph with lengths, 1 each where the input has none, vertices in this order.
    pub(crate) fn weighted(
        self,
        options: EdgeOptions,
        order: VertexOrder,
        reporter: &Reporter,
    ) -> Result<(Ids, Graph<(), f32>), Failure> {
        let (ids, graph) = match self.stored_or_list(options, order) {
            Ok(stored) => stored.into_weighted(1.0),
            Err(EdgeList { ids, arcs, weights }) => {
                let weights = weights.unwrap_or_else(|| vec![1.0; arcs.len()]);
                let builder = options.builder(ids.len(), options.reverse_for_paths());
                let builder = builder.weighted_edges(&arcs, &weights);
                drop((arcs, weights));
                (ids, builder.parallel_edges(options.parallel(|a, b| a + b)).build()?)
            }
        };
        Ok((ids, order.apply(graph, reporter)))
    }

    /// What is stored, where it is what is wanted but for an order that it can be brought into; else the list.
    fn stored_or_list(self, options: EdgeOptions, order: VertexOrder) -> Result<StoredGraph, EdgeList> {
        match self {
            Edges::Stored(stored) if options.keeps_all() && order.takes(stored.topology().is_relabeled()) => {
                Ok(stored)
            }
            edges => Err(edges.into_list()),
        }
    }
}

/// What becomes of the edges of the input.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Input")]
pub(crate) struct EdgeOptions {
    /// Take each edge in both directions; an edge that the input lists in both is one edge
    #[arg(long)]
    pub(crate) undirected: bool,
    /// What becomes of several edges with the same ends: all count, the first does, or one with the sum of their weights (ranks do not use weights)
    #[arg(long, value_name = "POLICY", default_value = "keep", value_parser = names(PARALLEL))]
    pub(crate) parallel_edges: Parallel,
}

/// A policy for parallel edges.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parallel {
    Keep,
    Drop,
    Sum,
}

const PARALLEL: [(&str, Parallel); 3] =
    [("keep", Parallel::Keep), ("drop", Parallel::Drop), ("sum", Parallel::Sum)];

impl EdgeOptions {
    /// All edges of the input, as they are.
    pub(crate) const ALL: Self = EdgeOptions { undirected: false, parallel_edges: Parallel::Keep };

    /// Whether the graph has the edges of the input, no fewer and no more.
    fn keeps_all(self) -> bool {
        !self.undirected && matches!(self.parallel_edges, Parallel::Keep)
    }

    /// A graph without edges yet.
    pub(crate) fn builder(self, vertices: usize, reverse: ReverseEdges) -> GraphBuilder<()> {
        match self.undirected {
            true => GraphBuilder::undirected(vertices, reverse),
            false => GraphBuilder::directed(vertices),
        }
    }

    /// For shortest paths: of an edge that is listed in both directions with different lengths, the shorter counts, so both stay,
    /// unless parallel edges are summed.
    pub(crate) fn reverse_for_paths(self) -> ReverseEdges {
        match self.parallel_edges {
            Parallel::Keep | Parallel::Drop => ReverseEdges::Keep,
            Parallel::Sum => ReverseEdges::Pair,
        }
    }

    /// The policy for edges whose data add up by `sum`.
    pub(crate) fn parallel<E>(self, sum: fn(E, E) -> E) -> ParallelEdges<E> {
        match self.parallel_edges {
            Parallel::Keep => ParallelEdges::Keep,
            Parallel::Drop => ParallelEdges::First,
            Parallel::Sum => ParallelEdges::Merge(sum),
        }
    }
}

/// How many vertices a summary lists.
pub(crate) const LISTED: usize = 10;

/// The first of all vertices by `key`, ascending, and then by id.
pub(crate) fn first_by(values: &[f32], key: impl Fn(f32) -> f32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    let compare =
        |a: &u32, b: &u32| key(values[*a as usize]).total_cmp(&key(values[*b as usize])).then(a.cmp(b));
    if order.len() > LISTED {
        order.select_nth_unstable_by(LISTED, compare);
        order.truncate(LISTED);
    }
    order.sort_unstable_by(compare);
    order
}

/// Prints vertices with their values, `id<TAB>value` a line.
pub(crate) fn show(
    title: &str,
    vertices: &[u32],
    ids: &Ids,
    values: &[impl Display],
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    reporter.say(title);
    for vertex in vertices {
        reporter.line(format_args!("{}\t{}", ids.id(*vertex), values[*vertex as usize]))?;
    }
    Ok(())
}
