//! `gasworks components`: which vertices hang together.

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::{self, specialists};
use gasworks::{Engine, Plan, VertexJob};
use serde_json::{Value, json};

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::graph::{EdgeOptions, GraphInput, LISTED};
use super::options::RunOptions;
use super::order::{Defaults, DirectionOptions, Order, admit};
use super::output::Output;
use super::run::{self, Ending};
use super::specialist::{self, SpecialistOptions};
use super::vertex_order::VertexOrderOptions;

/// Find weakly connected components
///
/// Directions and weights are ignored. The label of a component is its smallest id. Prints how many components there are, and label and
/// size of the largest.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks components web.txt.gz --output labels.tsv")]
pub(crate) struct Components {
    /// Iterations at most; with fewer than needed, components stay in pieces [default: as many as needed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Write id, tab, label for each vertex, by id; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    vertices: VertexOrderOptions,
    #[command(flatten)]
    direction: DirectionOptions,
    #[command(flatten)]
    specialist: SpecialistOptions,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Who runs next unless `--scheduler` says.
pub(crate) const DEFAULTS: Defaults =
    Defaults { sync: Some("rounds"), asynchronous: "multiqueue_fifo", exclusion: None };

impl Components {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = self.specialist.begin("afforest", "components", &self.run, DEFAULTS, plan)?;
        let direction = self.direction.under(&run.order)?;
        let edges = self.input.open(self.output.as_ref(), reporter)?;
        let (ids, graph) = edges.plain(EdgeOptions::ALL, self.vertices.vertex_order, reporter)?;
        let mut graph = graph.with_vertices(|v| v);
        run.start(&graph, self.iterations, Metrics::new(), reporter)?;
        let (outcome, reason) = if self.specialist.specialist {
            let (vertices, threads) = (graph.vertices(), self.run.common.threads());
            let kernel = || specialists::components(graph.topology());
            let (labels, outcome, reason) = specialist::finished(vertices, threads, reporter, kernel)?;
            graph.vertex_data_mut().as_mut_slice().copy_from_slice(&labels);
            (outcome, reason)
        } else {
            let outcome = run.watched(reporter, run::report_active, |observer, limits| {
                let engine = engine(&mut graph, &run.order)?.direction(direction).observer(observer);
                Ok(limits.apply(engine, self.iterations).run()?)
            })?;
            let reason = run::ended(&outcome, reporter);
            (outcome, reason)
        };

        let labels = least(graph.into_vertex_data_as_loaded().as_slice());
        let (count, largest) = sizes(&labels);
        if let Some(output) = &self.output {
            output.write_values(reporter, &ids, |v, to| write!(to, "{}", ids.id(labels[v as usize])))?;
        }
        if Output::leaves_summary(self.output.as_ref(), reporter) {
            reporter.line(format_args!("{count} components"))?;
            for (label, size) in &largest {
                reporter.line(format_args!("{}\t{size}", ids.id(*label)))?;
            }
        }
        let metrics = Metrics::from_iter([("components".to_owned(), count.into())]);
        let mut more = Metrics::new();
        let entry = |(label, size): &(u32, u32)| json!([ids.id(*label).to_string(), size]);
        more.insert("largest".into(), largest.iter().map(entry).collect::<Vec<Value>>().into());
        more.insert("output".into(), json!(self.output.as_ref().map(Output::name)));
        run::finish(reporter, reason, &outcome, metrics, more)
    }
}

/// How such a run would be kept in order.
pub(crate) fn plan(order: &Order, threads: usize) -> Result<Plan, Failure> {
    let mut empty = GraphBuilder::directed(0).plain_edges(&[]).build()?.with_vertices(|v| v);
    admit(engine(&mut empty, order)?, threads)
}

/// The engine over labels.
pub(crate) fn engine<'g>(
    graph: &'g mut Graph<u32, ()>,
    order: &Order,
) -> Result<Engine<'g, VertexJob<'g, programs::Components>>, Failure> {
    order.apply(Engine::new(graph, &programs::Components))
}

/// How many components or communities there are; label and size of the largest, the smaller label first where equal.
pub(crate) fn sizes(labels: &[u32]) -> (usize, Vec<(u32, u32)>) {
    let mut sizes = vec![0u32; labels.len()];
    labels.iter().for_each(|label| sizes[*label as usize] += 1);
    let mut components: Vec<(u32, u32)> = (0..).zip(sizes).filter(|(_, size)| *size > 0).collect();
    let count = components.len();
    components.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    components.truncate(LISTED);
    (count, components)
}

/// For each vertex the least one that has its label.
pub(super) fn least(labels: &[u32]) -> Vec<u32> {
    let mut first = vec![u32::MAX; labels.len()];
    for (label, vertex) in labels.iter().zip(0..) {
        let first = &mut first[*label as usize];
        *first = vertex.min(*first);
    }
    labels.iter().map(|label| first[*label as usize]).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_counted_and_sorted() {
        assert_eq!(super::sizes(&[0, 1, 1, 0, 4, 1]), (3, vec![(1, 3), (0, 2), (4, 1)]));
        assert_eq!(super::sizes(&[]), (0, vec![]));
    }

    #[test]
    fn labels_become_the_least_vertex_that_has_them() {
        assert_eq!(super::least(&[3, 4, 3, 4, 0]), [0, 1, 0, 1, 4]);
        assert!(super::least(&[]).is_empty());
    }
}
