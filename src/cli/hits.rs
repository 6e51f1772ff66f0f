//! `gasworks hits`: which vertices are good hubs, and which good authorities.

use clap::Args;
use gasworks::graph::{GraphBuilder, Ids};
use gasworks::programs::{Hits, HitsScales};
use gasworks::{Engine, Every, Plan};
use serde_json::{Value, json};

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::graph::{self, EdgeOptions, GraphInput};
use super::options::{Common, Voice};
use super::order::{Order, admit};
use super::output::Output;
use super::pagerank::tolerance;
use super::run::{self, Ending, Run};
use super::vertex_order::VertexOrder;

/// Find good hubs and good authorities
///
/// HITS: a good hub links to good authorities, and good hubs link to a good authority. Hubs sum to 1, and so do authorities. Weights are ignored;
/// parallel edges count. Without --output the ten best of each are printed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks hits web.txt.gz --tolerance 1e-10 --output scores.tsv")]
pub(crate) struct HubsAndAuthorities {
    /// Stop when the sum of all changes of hubs and authorities in an iteration (L1) is below this
    #[arg(
        allow_negative_numbers = true, long, value_name = "T", default_value_t = 1e-8,
        value_parser = tolerance
    )]
    tolerance: f64,
    /// Iterations at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    iterations: u64,
    /// Write id, tab, how good a hub, tab, how good an authority, for each vertex, by id; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    input: GraphInput,
    #[command(flatten)]
    edges: EdgeOptions,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl HubsAndAuthorities {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = Run::in_order("hits", &self.common, Order::with_barriers("sweep:phases=sides"), plan)?;
        let edges = self.input.open(self.output.as_ref(), reporter)?;
        let (ids, graph) = edges.plain(self.edges, VertexOrder::Id, reporter)?;
        let n = graph.vertices();
        run.start(&graph, Some(self.iterations), Metrics::new(), reporter)?;
        // Each vertex as a hub, and again as an authority.
        let arcs: Vec<[u32; 2]> = graph.edge_list().map(|(source, target, _)| [source, target]).collect();
        drop(graph);
        let sides = GraphBuilder::bipartite(n, n).plain_edges(&arcs);
        drop(arcs);
        let mut graph = sides.build()?.with_vertices(|_| 1.0);
        let outcome = run.watched(reporter, run::report_residual, |observer, limits| {
            let engine = Engine::new(&mut graph, &Hits).scheduler(run.order.scheduler()?).observer(observer);
            let engine = engine.aggregate_every(Every::Phase, &Hits);
            let engine = engine.until(|progress| progress.residual < self.tolerance);
            Ok(limits.apply(engine, Some(self.iterations)).run()?)
        })?;
        let reason = run::ended(&outcome, reporter);

        let (hubs, authorities) = graph.vertex_data().as_slice().split_at(n);
        let [hubs, authorities] = [hubs, authorities]
            .map(|side| Hits::normalized(side).map(|score| score as f32).collect::<Vec<f32>>());
        if let Some(output) = &self.output {
            output.write_values(reporter, &ids, |v, to| {
                write!(to, "{}\t{}", hubs[v as usize], authorities[v as usize])
            })?;
        }
        let best = [("hubs", &hubs), ("authorities", &authorities)];
        if Output::leaves_summary(self.output.as_ref(), reporter) {
            for (name, scores) in best {
                let first = graph::first_by(scores, |score| -score);
                graph::show(&format!("best {name}:"), &first, &ids, scores, reporter)?;
            }
        }
        let mut more = Metrics::new();
        for (name, scores) in best {
            more.insert(name.into(), listed(scores, &ids));
        }
        more.insert("output".into(), json!(self.output.as_ref().map(Output::name)));
        run::finish(reporter, reason, &outcome, run::residual(&outcome.progress), more)
    }
}

/// The best of all.
fn listed(scores: &[f32], ids: &Ids) -> Value {
    let entry = |v: u32| json!([ids.id(v).to_string(), number(scores[v as usize])]);
    graph::first_by(scores, |score| -score).into_iter().map(entry).collect()
}

fn plan(order: &Order, threads: usize) -> Result<Plan, Failure> {
    let mut empty = GraphBuilder::bipartite(0, 0).plain_edges(&[]).build()?.with_vertices(|_| 1.0);
    let engine = Engine::new(&mut empty, &Hits).scheduler(order.scheduler()?);
    admit(engine.global(HitsScales::default()), threads)
}
