//! `gasworks pagerank --personalize`: a surfer who starts over at vertices of one's own choice.

use gasworks::graph::{Graph, GraphBuilder, Ids};
use gasworks::programs::{Dangling, DanglingMass, PersonalizedPageRank, Restarting};
use gasworks::{Column, Engine, Plan, VertexJob};
use serde_json::Value;

use super::super::error::Failure;
use super::super::events::{Metrics, Reporter};
use super::super::order::{Order, admit};
use super::super::run::{self, Ending, Run};
use super::{Pagerank, Parts, scaled};

impl Pagerank {
    /// How such a run would be kept in order.
    pub(super) fn plan_personalized(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        let empty = GraphBuilder::directed(0).plain_edges(&[]).build()?;
        let parts = Personalized::new(&Parts::new(self.damping, self.spread, self.tolerance, order, 0)?);
        admit(parts.engine(&mut empty.with_vertices(|_| Restarting::default()), order)?, threads)
    }

    pub(super) fn run_personalized(
        &self,
        run: &Run<'_>,
        ids: &Ids,
        graph: Graph<(), ()>,
        reporter: &mut Reporter,
    ) -> Result<Ending, Failure> {
        let sources = self.sources(ids)?;
        let topology = graph.topology().clone();
        let numbered = sources.iter().map(|(vertex, weight)| (topology.number_of(*vertex), *weight));
        let start = PersonalizedPageRank::start(graph.vertices(), numbered)?;
        let mut graph = graph.with_vertices(start);
        let iterations = self.iterations.or(super::rounds(&run.order));
        let entry = |(vertex, weight): &(u32, f64)| {
            Value::from(vec![ids.id(*vertex).to_string().into(), Value::from(*weight)])
        };
        let more = Metrics::from_iter([("personalization".to_owned(), sources.iter().map(entry).collect())]);
        run.start(&graph, iterations, more, reporter)?;
        let parts = Parts::new(self.damping, self.spread, self.tolerance, &run.order, graph.vertices())?;
        let parts = Personalized::new(&parts);
        let outcome = run.watched(reporter, run::report_residual, |observer, limits| {
            let engine = parts.engine(&mut graph, &run.order)?.observer(observer);
            Ok(limits.apply(self.until_converged(engine, &run.order), iterations).run()?)
        })?;
        let ranks = parts.ranks(&graph.into_vertex_data_as_loaded());
        self.finish(ids, &ranks, &outcome, reporter)
    }

    /// The vertices of the options, and their weights.
    fn sources(&self, ids: &Ids) -> Result<Vec<(u32, f64)>, Failure> {
        self.personalize.iter().map(|text| self.source(ids, text)).collect()
    }

    /// An id, or an id and a weight.
    fn source(&self, ids: &Ids, text: &str) -> Result<(u32, f64), Failure> {
        let find = |id| self.input.find(ids, "--personalize", id);
        // An id may end like a weight.
        if let Some(vertex) = ids.find(text) {
            return Ok((vertex, 1.0));
        }
        match text.rsplit_once('=').and_then(|(id, weight)| Some((id, weight.parse::<f64>().ok()?))) {
            Some((id, weight)) if weight >= 0.0 && weight.is_finite() => Ok((find(id)?, weight)),
            Some((id, weight)) => Err(Failure::usage(
                format!("a weight of 0 or more, such as --personalize {id}=2.5"),
                weight.to_string(),
                "leave out vertices at which the surfer is not to start over",
            )),
            None => Ok((find(text)?, 1.0)),
        }
    }
}

/// The program and where dangling mass goes: [`Parts`] of personalized ranks. Dropping the mass and scaling at the end is as exact for them.
struct Personalized {
    program: PersonalizedPageRank,
    dangling: DanglingMass,
    global: Dangling,
    scale: bool,
}

impl Personalized {
    fn new(parts: &Parts) -> Self {
        let Parts { program, dangling, scale, .. } = *parts;
        let (damping, tolerance) = (program.damping, program.tolerance);
        let program = PersonalizedPageRank { damping, tolerance };
        Personalized { program, dangling, global: Dangling { base: 1.0 - damping }, scale }
    }

    fn engine<'g>(
        &'g self,
        graph: &'g mut Graph<Restarting, ()>,
        order: &Order,
    ) -> Result<Engine<'g, VertexJob<'g, PersonalizedPageRank>>, Failure> {
        let engine = Engine::new(graph, &self.program).global(self.global);
        order.apply(if self.scale { engine } else { engine.aggregate(&self.dangling) })
    }

    /// Ranks as they are shown.
    fn ranks(&self, found: &Column<Restarting>) -> Vec<f32> {
        scaled(found.iter().map(|state| state.rank).collect(), self.scale)
    }
}
