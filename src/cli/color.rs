//! `gasworks color`: colors for the vertices, so that no edge joins two of one color.

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder, Topology};
use gasworks::programs::GreedyColoring;
use gasworks::{Engine, Exclusion, Plan, Reason, UpdateJob};
use rayon::prelude::*;
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::graph::{EdgeOptions, GraphInput, LISTED};
use super::options::RunOptions;
use super::order::{Defaults, Order};
use super::output::Output;
use super::run::{self, Ending, Run};
use super::vertex_order::VertexOrder;

/// Color vertices so that no edge joins two of one color
///
/// Greedy: a vertex takes the least color that none of its neighbors has, so there is at most one color more than the greatest degree.
/// Directions, parallel edges and self-loops do not count. Each edge is looked at afterwards. Prints how many colors there are, and how many
/// vertices each of the first ten has.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gasworks color graph.txt --output colors.tsv
  gasworks color graph.txt --exclusion locks --audit")]
pub(crate) struct Color {
    /// Iterations at most: as many visits as there are vertices; one is enough [default: as many as needed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Write id, tab, color for each vertex, by id; colors count from 0, and none is a vertex that was not reached. - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Who runs next unless `--scheduler` says. Under sweeps the engine keeps visits apart by a coloring of its own, and this is not as idle as it
/// sounds: the bits do not depend on threads, and whole colors visited one after the other never take more colors than there were (Culberson
/// 1992, "Iterated greedy graph coloring and the difficulty landscape").
const DEFAULTS: Defaults = Defaults { sync: None, asynchronous: "sweep", exclusion: None };

/// The engine over colors.
pub(crate) fn engine<'g>(
    graph: &'g mut Graph<u32, ()>,
    order: &Order,
) -> Result<Engine<'g, UpdateJob<'g, GreedyColoring>>, Failure> {
    Ok(order.keep(Engine::updates(graph, &GreedyColoring, order.scheduler_without_barriers()?)))
}

/// How such a run would be kept in order.
pub(crate) fn plan(order: &Order, threads: usize) -> Result<Plan, Failure> {
    let mut empty = GraphBuilder::directed(0).plain_edges(&[]).build()?.with_vertices(|_| 0);
    Ok(engine(&mut empty, order)?.threads(threads).plan()?)
}

impl Color {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = Run::begin("color", &self.run, DEFAULTS, plan)?;
        let edges = self.input.open(self.output.as_ref(), reporter)?;
        let (ids, graph) = edges.plain(EdgeOptions::ALL, VertexOrder::Id, reporter)?;
        let mut graph = graph.with_vertices(|_| GreedyColoring::UNCOLORED);
        run.start(&graph, self.iterations, Metrics::new(), reporter)?;
        let outcome = run.watched(reporter, run::report_active, |observer, limits| {
            let engine = engine(&mut graph, &run.order)?.observer(observer);
            Ok(limits.apply(engine, self.iterations).run()?)
        })?;
        let reason = run::ended(&outcome, reporter);

        let colors = graph.vertex_data().as_slice();
        let conflicts = conflicts(graph.topology(), colors);
        let uncolored = colors.iter().filter(|color| **color == GreedyColoring::UNCOLORED).count();
        let sizes = sizes(colors);
        match (conflicts, uncolored) {
            (0, 0) => reporter.say("verified: no edge joins two vertices of one color"),
            (0, _) => reporter.note(format_args!("{uncolored} vertices were not reached and have no color")),
            _ => reporter.note(format_args!("{conflicts} edges join two vertices of one color")),
        }
        if let Some(output) = &self.output {
            output.write_values(reporter, &ids, |v, to| match colors[v as usize] {
                GreedyColoring::UNCOLORED => to.write_all(b"none"),
                color => write!(to, "{color}"),
            })?;
        }
        if Output::leaves_summary(self.output.as_ref(), reporter) {
            reporter.line(format_args!("{} colors", sizes.len()))?;
            for (color, size) in sizes.iter().take(LISTED) {
                reporter.line(format_args!("{color}\t{size}"))?;
            }
        }
        let mut metrics = Metrics::new();
        metrics.insert("colors".into(), sizes.len().into());
        metrics.insert("conflicts".into(), conflicts.into());
        metrics.insert("uncolored".into(), uncolored.into());
        let mut more = Metrics::new();
        more.insert("largest".into(), json!(sizes.iter().take(LISTED).collect::<Vec<_>>()));
        more.insert("output".into(), json!(self.output.as_ref().map(Output::name)));
        let ending = run::finish(reporter, reason, &outcome, metrics, more)?;
        let promised =
            outcome.plan.exclusion != Some(Exclusion::Relaxed) && outcome.reason == Reason::Drained;
        if promised && conflicts + uncolored > 0 {
            reporter.tell("error: this run promised a proper coloring; that it has none is a bug in gasworks: please report it");
            return Ok(Ending::Broken);
        }
        Ok(ending)
    }
}

/// How many edges join two vertices of one color.
pub(crate) fn conflicts(topology: &Topology, colors: &[u32]) -> usize {
    let of = |u: u32| {
        let color = colors[u as usize];
        let equal = |v: &&u32| u != **v && colors[**v as usize] == color;
        match color {
            GreedyColoring::UNCOLORED => 0,
            _ => topology.out_neighbors(u).iter().filter(equal).count(),
        }
    };
    let ends: usize = (0..topology.vertices() as u32).into_par_iter().map(of).sum();
    if topology.is_undirected() { ends / 2 } else { ends }
}

/// How many vertices each color has, the least color first; colors that nobody has are left out.
pub(crate) fn sizes(colors: &[u32]) -> Vec<(u32, u32)> {
    let taken = || colors.iter().filter(|color| **color != GreedyColoring::UNCOLORED);
    let mut sizes = vec![0u32; taken().max().map_or(0, |most| *most as usize + 1)];
    taken().for_each(|color| sizes[*color as usize] += 1);
    (0..).zip(sizes).filter(|(_, size)| *size > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_edges_between_equal_colors() {
        let edges = [[0, 1], [1, 2], [2, 0], [2, 2], [1, 0]];
        let of = |colors: &[u32]| {
            let directed = GraphBuilder::directed(3).plain_edges(&edges).build().unwrap();
            conflicts(directed.topology(), colors)
        };
        assert_eq!(of(&[0, 1, 2]), 0);
        assert_eq!(of(&[0, 0, 2]), 2);
        assert_eq!(of(&[GreedyColoring::UNCOLORED, GreedyColoring::UNCOLORED, 2]), 0);
        assert_eq!(sizes(&[0, 3, 0, GreedyColoring::UNCOLORED]), [(0, 2), (3, 1)]);
        assert_eq!(sizes(&[]), []);
    }
}
