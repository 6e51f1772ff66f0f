//! `gasworks convert`: a graph in another format.

use clap::Args;
use gasworks::generate::write_edges;
use gasworks::input::{EdgeList, Source, StoredGraph};
use serde_json::json;

use super::error::Failure;
use super::events::Reporter;
use super::graph::{Edges, GraphInput, load};
use super::options::{Voice, names};
use super::output::Output;
use super::run::Ending;
use super::vertex_order::{VertexOrder, VertexOrderOptions};

/// Write a graph in binary, which opens many times faster than text, or as an edge list
///
/// A graph in binary keeps ids, weights, the order of the edges, and vertices without an edge; every command that takes a graph reads it, with the
/// same results. Its checksums are looked at whenever it is read. It is laid out as a safetensors file, which numpy opens too.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gasworks convert web.txt.gz -o web.graph
  gasworks convert web.txt.gz --vertex-order degree -o web.graph
  gasworks convert web.graph --to edges -o web.txt")]
pub(crate) struct Convert {
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    vertices: VertexOrderOptions,
    /// Where to write; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Output,
    /// What to write: binary, or edges: a list with tabs between the columns
    #[arg(long, value_name = "FORMAT", default_value = "binary", value_parser = names(TARGETS))]
    to: Target,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Binary,
    Edges,
}

const TARGETS: [(&str, Target); 2] = [("binary", Target::Binary), ("edges", Target::Edges)];

impl Convert {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        self.output.check(&[self.input.name()], reporter)?;
        let edges = load(&Source::from_path(self.input.name()), self.input.input, reporter)?;
        let (vertices, count, has_weights) = (edges.ids().len(), edges.count(), edges.weights().is_some());
        let format = match self.to {
            Target::Binary => {
                let order = self.vertices.vertex_order;
                let stored = match edges {
                    Edges::Stored(stored) if order.takes(stored.topology().is_relabeled()) => stored,
                    edges => StoredGraph::new(edges.into_list())?,
                };
                let ordered = order == VertexOrder::Degree && !stored.topology().is_relabeled();
                let stored = if ordered { stored.by_degree() } else { stored };
                self.output.write(reporter, |to| stored.write(to))?;
                "binary"
            }
            Target::Edges => {
                let list = edges.into_list();
                let isolated = isolated(&list);
                if isolated > 0 {
                    reporter.note(format_args!(
                        "{isolated} vertices without an edge are left out, since an edge list cannot hold them"
                    ));
                }
                self.output.write(reporter, |to| write_edges(&list, to))?;
                "edges"
            }
        };
        reporter.event(json!({
            "event": "convert",
            "format": format,
            "vertices": vertices,
            "edges": count,
            "weights": has_weights,
            "output": self.output.name(),
        }))?;
        Ok(Ending::Done)
    }
}

/// How many vertices have no edge.
fn isolated(list: &EdgeList) -> usize {
    let mut is_isolated = vec![true; list.ids.len()];
    list.arcs.iter().flatten().for_each(|vertex| is_isolated[*vertex as usize] = false);
    is_isolated.iter().filter(|is_isolated| **is_isolated).count()
}
