//! `gasworks communities`: groups of vertices with more edges among themselves than to others.

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::{LabelPropagation, modularity};
use gasworks::{Engine, Plan, Reason, UpdateJob};
use serde_json::json;

use super::components::{least, sizes};
use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::graph::{EdgeOptions, GraphInput};
use super::options::RunOptions;
use super::order::{Defaults, Kept, Order};
use super::output::Output;
use super::run::{self, Ending, Run};
use super::vertex_order::VertexOrder;

/// Find communities
///
/// By label propagation: each vertex joins the community that most of its neighbors are in, one of them by the seed where several are equal. Directions and
/// weights are ignored, parallel edges count, self-loops do not. The name of a community is its smallest id. Prints how many there are, their
/// modularity, which is above 0 if they have more edges within than by chance, and name and size of the largest.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks communities friends.txt --seed 7 --output communities.tsv")]
pub(crate) struct Communities {
    /// Iterations at most: as many visits as there are vertices [default: as many as needed; 100 with --consistency relaxed, under which they need not come to an end]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Write id, tab, community for each vertex, by id; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Who runs next unless `--scheduler` says.
const DEFAULTS: Defaults = Defaults { sync: None, asynchronous: "rounds", exclusion: None };

/// Of runs in which neighbors may swap labels for ever.
const RELAXED_ITERATIONS: u64 = 100;

fn engine<'g>(
    graph: &'g mut Graph<u32, ()>,
    order: &Order,
) -> Result<Engine<'g, UpdateJob<'g, LabelPropagation>>, Failure> {
    Ok(order.keep(Engine::updates(graph, &LabelPropagation, order.scheduler_without_barriers()?)))
}

/// How such a run would be kept in order.
fn plan(order: &Order, threads: usize) -> Result<Plan, Failure> {
    let mut empty = GraphBuilder::directed(0).plain_edges(&[]).build()?.with_vertices(|v| v);
    Ok(engine(&mut empty, order)?.threads(threads).plan()?)
}

impl Communities {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = Run::begin("communities", &self.run, DEFAULTS, plan)?;
        let relaxed = run.order.consistency == Some(Kept::Relaxed);
        let iterations = self.iterations.or(relaxed.then_some(RELAXED_ITERATIONS));
        let edges = self.input.open(self.output.as_ref(), reporter)?;
        let (ids, graph) = edges.plain(EdgeOptions::ALL, VertexOrder::Id, reporter)?;
        let mut graph = graph.with_vertices(|v| v);
        run.start(&graph, iterations, Metrics::new(), reporter)?;
        let outcome = run.watched(reporter, run::report_active, |observer, limits| {
            let engine = engine(&mut graph, &run.order)?.observer(observer);
            Ok(limits.apply(engine, iterations).run()?)
        })?;
        let reason = run::ended(&outcome, reporter);
        if outcome.reason != Reason::Drained {
            reporter
                .note("the run ended early, so some vertices may have more neighbors in another community");
        }

        let names = least(graph.vertex_data().as_slice());
        let modularity = modularity(graph.topology(), &names);
        let (count, largest) = sizes(&names);
        if let Some(output) = &self.output {
            output.write_values(reporter, &ids, |v, to| write!(to, "{}", ids.id(names[v as usize])))?;
        }
        if Output::leaves_summary(self.output.as_ref(), reporter) {
            reporter.line(format_args!("{count} communities"))?;
            reporter.line(format_args!("{modularity:.6} modularity"))?;
            for (name, size) in &largest {
                reporter.line(format_args!("{}\t{size}", ids.id(*name)))?;
            }
        }
        let mut metrics = Metrics::from_iter([("communities".to_owned(), count.into())]);
        metrics.insert("modularity".into(), modularity.into());
        let mut more = Metrics::new();
        let entry = |(name, size): &(u32, u32)| json!([ids.id(*name).to_string(), size]);
        more.insert("largest".into(), largest.iter().map(entry).collect());
        more.insert("output".into(), json!(self.output.as_ref().map(Output::name)));
        run::finish(reporter, reason, &outcome, metrics, more)
    }
}
