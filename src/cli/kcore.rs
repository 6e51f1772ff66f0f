//! `gasworks kcore`: how deep in the graph each vertex lies.

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::KCore;
use gasworks::{Engine, Plan, Reason, UpdateJob};
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::graph::{EdgeOptions, GraphInput};
use super::options::RunOptions;
use super::order::{Defaults, Order};
use super::output::Output;
use super::run::{self, Ending, Run};
use super::vertex_order::VertexOrderOptions;

/// Find the core number of each vertex
///
/// The k-core is what is left of a graph once vertices with fewer than k neighbors have been taken away until there are none; the core
/// number of a vertex is the greatest k whose core it is in, and the greatest of all is the graph's degeneracy. Directions, parallel edges and
/// self-loops do not count. Prints the degeneracy, and how many vertices each core has.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks kcore graph.txt --output cores.tsv")]
pub(crate) struct Kcore {
    /// Iterations at most: as many visits as there are vertices; with fewer than needed, numbers are too high [default: as many as needed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Write id, tab, core number for each vertex, by id; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    vertices: VertexOrderOptions,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Who runs next unless `--scheduler` says.
pub(crate) const DEFAULTS: Defaults = Defaults { sync: None, asynchronous: "rounds", exclusion: None };

/// The engine over bounds.
pub(crate) fn engine<'g>(
    graph: &'g mut Graph<u32, ()>,
    order: &Order,
) -> Result<Engine<'g, UpdateJob<'g, KCore>>, Failure> {
    Ok(order.keep(Engine::updates(graph, &KCore, order.scheduler_without_barriers()?)))
}

/// How such a run would be kept in order.
pub(crate) fn plan(order: &Order, threads: usize) -> Result<Plan, Failure> {
    let mut empty = GraphBuilder::directed(0).plain_edges(&[]).build()?.with_vertices(|_| 0);
    Ok(engine(&mut empty, order)?.threads(threads).plan()?)
}

impl Kcore {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = Run::begin("kcore", &self.run, DEFAULTS, plan)?;
        let edges = self.input.open(self.output.as_ref(), reporter)?;
        let (ids, graph) = edges.plain(EdgeOptions::ALL, self.vertices.vertex_order, reporter)?;
        let start = KCore::start(graph.topology());
        let mut graph = graph.with_vertices(start);
        run.start(&graph, self.iterations, Metrics::new(), reporter)?;
        let outcome = run.watched(reporter, run::report_active, |observer, limits| {
            let engine = engine(&mut graph, &run.order)?.observer(observer);
            Ok(limits.apply(engine, self.iterations).run()?)
        })?;
        let reason = run::ended(&outcome, reporter);
        if outcome.reason != Reason::Drained {
            reporter.note("the run ended early, so core numbers may be too high");
        }

        let numbers = graph.into_vertex_data_as_loaded();
        let numbers = numbers.as_slice();
        let cores = cores(numbers);
        if let Some(output) = &self.output {
            output.write_values(reporter, &ids, |v, to| write!(to, "{}", numbers[v as usize]))?;
        }
        if Output::leaves_summary(self.output.as_ref(), reporter) {
            reporter.line(format_args!("degeneracy {}", degeneracy(&cores)))?;
            reporter.line(format_args!("{:>6} {:>16} {:>20}", "k", "in the k-core", "of core number k"))?;
            for Core { k, vertices, shell } in &cores {
                reporter.line(format_args!("{k:>6} {vertices:>16} {shell:>20}"))?;
            }
        }
        let metrics = Metrics::from_iter([("degeneracy".to_owned(), degeneracy(&cores).into())]);
        let mut more = Metrics::new();
        let entry = |core: &Core| json!([core.k, core.vertices, core.shell]);
        more.insert("cores".into(), cores.iter().map(entry).collect());
        more.insert("output".into(), json!(self.output.as_ref().map(Output::name)));
        run::finish(reporter, reason, &outcome, metrics, more)
    }
}

/// A core that some vertex lies in and in no deeper one.
#[derive(Debug, PartialEq, Eq)]
struct Core {
    k: u32,
    /// How many vertices it has.
    vertices: u64,
    /// Those whose core number is just k.
    shell: u64,
}

/// All cores that differ from the next, the deepest last.
fn cores(numbers: &[u32]) -> Vec<Core> {
    let mut shells = vec![0u64; numbers.iter().max().map_or(0, |most| *most as usize + 1)];
    numbers.iter().for_each(|number| shells[*number as usize] += 1);
    let deeper = shells.iter().rev().scan(0, |sum, shell| {
        *sum += shell;
        Some(*sum)
    });
    let deeper: Vec<u64> = deeper.collect();
    let cores = shells.iter().zip(deeper.into_iter().rev()).zip(0..);
    cores.map(|((&shell, vertices), k)| Core { k, vertices, shell }).filter(|core| core.shell > 0).collect()
}

fn degeneracy(cores: &[Core]) -> u32 {
    cores.last().map_or(0, |deepest| deepest.k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_counted_from_the_deepest() {
        let core = |(k, vertices, shell)| Core { k, vertices, shell };
        assert_eq!(cores(&[0, 3, 1, 3, 3, 3, 1]), [(0, 7, 1), (1, 6, 2), (3, 4, 4)].map(core));
        assert_eq!((cores(&[]), degeneracy(&[])), (vec![], 0));
    }
}
