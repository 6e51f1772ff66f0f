//! Graph programs in the lab: values against those of the synchronous engine, or against what they must be.

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::{GreedyColoring, KCore, ShortestPaths};
use gasworks::{Column, Exclusion, Plan};

use super::super::super::error::Failure;
use super::super::super::order::{Defaults, Executor, Order, OrderOptions, admit};
use super::super::super::pagerank::Parts;
use super::super::super::{color, components, kcore, pagerank, sssp};
use super::super::matrix::Cell;
use super::super::measure::{Limits, Measured, note};
use super::Subject;

/// The command's own order, with barriers where it has a synchronous run; on all cores.
fn reference(defaults: Defaults) -> Result<Order, Failure> {
    let options = OrderOptions {
        engine: defaults.sync.map(|_| Executor::Sync),
        scheduler: None,
        consistency: None,
        exclusion: None,
        audit: false,
    };
    options.decide(defaults)
}

fn size<V: gasworks::Data, E: gasworks::Data>(graph: &Graph<V, E>) -> (usize, usize) {
    (graph.vertices(), graph.edges())
}

/// How many are not what they should be.
fn wrong<T: PartialEq>(found: &[T], wanted: &[T]) -> f64 {
    found.iter().zip(wanted).filter(|(found, wanted)| found != wanted).count() as f64
}

/// `pagerank`, against converged ranks.
pub(in super::super) struct Ranks {
    graph: Graph<(), ()>,
    tolerance: f64,
    wanted: Vec<f32>,
}

const DAMPING: f32 = 0.85;

impl Ranks {
    pub(in super::super) fn new(graph: Graph<(), ()>, tolerance: f64) -> Result<Self, Failure> {
        let order = reference(pagerank::DEFAULTS)?;
        let parts = Parts::new(DAMPING, true, 0.0, &order, graph.vertices())?;
        let mut ranks = Self::start(&graph);
        // 0.85^200 is below what f32 can tell.
        parts.engine(&mut ranks, &order)?.rounds(200).run()?;
        let wanted = parts.ranks(ranks.vertex_data().as_slice());
        Ok(Ranks { graph, tolerance, wanted })
    }

    fn start(graph: &Graph<(), ()>) -> Graph<f32, ()> {
        let start = 1.0 / graph.vertices().max(1) as f32;
        graph.clone().with_vertices(|_| start)
    }
}

impl Subject for Ranks {
    fn size(&self) -> (usize, usize) {
        size(&self.graph)
    }
    fn objective(&self) -> &'static str {
        "l1_error"
    }
    fn rounds(&self, order: &Order) -> Option<u64> {
        pagerank::rounds(order)
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        let mut empty = GraphBuilder::directed(0).plain_edges(&[]).build()?.with_vertices(|_| 0.0);
        let parts = Parts::new(DAMPING, true, self.tolerance, order, 0)?;
        admit(parts.engine(&mut empty, order)?, threads)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let parts = Parts::new(DAMPING, true, self.tolerance, &cell.order, self.graph.vertices())?;
        let error = |ranks: &Column<f32>| {
            let ranks = parts.ranks(ranks.as_slice());
            ranks.iter().zip(&self.wanted).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>()
        };
        let (mut graph, mut curve) = (Self::start(&self.graph), Vec::new());
        let mut observer = note(&mut curve, error);
        let mut engine = parts.engine(&mut graph, &cell.order)?.observer(&mut observer);
        if !cell.order.is_async() {
            let tolerance = self.tolerance;
            engine = engine.until(move |progress| progress.residual < tolerance);
        }
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        Ok(Measured::new(outcome, curve, error(graph.vertex_data())))
    }
}

/// `components`, against the labels of the synchronous engine.
pub(in super::super) struct Labels {
    graph: Graph<(), ()>,
    wanted: Vec<u32>,
}

impl Labels {
    pub(in super::super) fn new(graph: Graph<(), ()>) -> Result<Self, Failure> {
        let mut labels = graph.clone().with_vertices(|v| v);
        components::engine(&mut labels, &reference(components::DEFAULTS)?)?.run()?;
        Ok(Labels { graph, wanted: labels.vertex_data().as_slice().to_vec() })
    }
}

impl Subject for Labels {
    fn size(&self) -> (usize, usize) {
        size(&self.graph)
    }
    fn objective(&self) -> &'static str {
        "wrong_labels"
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        components::plan(order, threads)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let error = |labels: &Column<u32>| wrong(labels.as_slice(), &self.wanted);
        let (mut graph, mut curve) = (self.graph.clone().with_vertices(|v| v), Vec::new());
        let mut observer = note(&mut curve, error);
        let engine = components::engine(&mut graph, &cell.order)?.observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        Ok(Measured::new(outcome, curve, error(graph.vertex_data())))
    }
}

/// `sssp`, against the distances of the synchronous engine.
pub(in super::super) struct Distances {
    graph: Graph<(), f32>,
    source: u32,
    wanted: Vec<f32>,
}

impl Distances {
    pub(in super::super) fn new(graph: Graph<(), f32>, source: u32) -> Result<Self, Failure> {
        let mut distances = graph.clone().with_vertices(ShortestPaths::start(source));
        sssp::engine(&mut distances, Some(source), &reference(sssp::DEFAULTS)?)?.run()?;
        Ok(Distances { graph, source, wanted: distances.vertex_data().as_slice().to_vec() })
    }
}

impl Subject for Distances {
    fn size(&self) -> (usize, usize) {
        size(&self.graph)
    }
    fn objective(&self) -> &'static str {
        "wrong_distances"
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        sssp::plan(order, threads)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let error = |distances: &Column<f32>| wrong(distances.as_slice(), &self.wanted);
        let mut graph = self.graph.clone().with_vertices(ShortestPaths::start(self.source));
        let mut curve = Vec::new();
        let mut observer = note(&mut curve, error);
        let engine = sssp::engine(&mut graph, Some(self.source), &cell.order)?.observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        Ok(Measured::new(outcome, curve, error(graph.vertex_data())))
    }
}

/// Greedy coloring, whose result is proper only where visits keep their neighbors still.
pub(in super::super) struct Colors {
    graph: Graph<(), ()>,
}

impl Colors {
    pub(in super::super) fn new(graph: Graph<(), ()>) -> Self {
        Colors { graph }
    }
}

impl Subject for Colors {
    fn size(&self) -> (usize, usize) {
        size(&self.graph)
    }
    fn objective(&self) -> &'static str {
        "conflicts"
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        color::plan(order, threads)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let topology = self.graph.topology();
        let error = |colors: &Column<u32>| color::conflicts(topology, colors.as_slice()) as f64;
        let mut graph = self.graph.clone().with_vertices(|_| GreedyColoring::UNCOLORED);
        let mut curve = Vec::new();
        let mut observer = note(&mut curve, error);
        let engine = color::engine(&mut graph, &cell.order)?.observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        let colors = graph.vertex_data();
        let mut measured = Measured::new(outcome, curve, error(colors));
        measured.more.insert("colors_found".into(), color::sizes(colors.as_slice()).len().into());
        Ok(measured)
    }
}

/// `kcore`, against the numbers of a serial run.
pub(in super::super) struct Cores {
    graph: Graph<(), ()>,
    wanted: Vec<u32>,
}

impl Cores {
    pub(in super::super) fn new(graph: Graph<(), ()>) -> Result<Self, Failure> {
        let mut numbers = Self::start(&graph);
        let mut order = reference(kcore::DEFAULTS)?;
        order.exclusion = Some(Exclusion::Serial);
        kcore::engine(&mut numbers, &order)?.run()?;
        Ok(Cores { graph, wanted: numbers.vertex_data().as_slice().to_vec() })
    }

    fn start(graph: &Graph<(), ()>) -> Graph<u32, ()> {
        let start = KCore::start(graph.topology());
        graph.clone().with_vertices(start)
    }
}

impl Subject for Cores {
    fn size(&self) -> (usize, usize) {
        size(&self.graph)
    }
    fn objective(&self) -> &'static str {
        "wrong_cores"
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        kcore::plan(order, threads)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let error = |numbers: &Column<u32>| wrong(numbers.as_slice(), &self.wanted);
        let (mut graph, mut curve) = (Self::start(&self.graph), Vec::new());
        let mut observer = note(&mut curve, error);
        let engine = kcore::engine(&mut graph, &cell.order)?.observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        Ok(Measured::new(outcome, curve, error(graph.vertex_data())))
    }
}
