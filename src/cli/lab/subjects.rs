//! The programs of the lab: how each is run from its start, and how good its result is.

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::input::{Rating, Ratings};
use gasworks::programs::factorization::{
    Baseline, BaselineSettings, Clip, Offset, Settings, Split, Unfinished, hold_out, rmse_mae,
};
use gasworks::programs::{self, GreedyColoring, ShortestPaths};
use gasworks::{Column, Plan, Row};

use super::super::error::Failure;
use super::super::order::{Defaults, Executor, Order, OrderOptions, admit};
use super::super::pagerank::Parts;
use super::super::{als, color, components, pagerank, sssp};
use super::matrix::Cell;
use super::measure::{Limits, Measured, note};

/// A program on an input, to be run again and again from the same start.
pub(super) trait Subject {
    /// Vertices and edges.
    fn size(&self) -> (usize, usize);
    /// What the objective counts; smaller is better.
    fn objective(&self) -> &'static str;
    /// Rounds at most, unless somebody says.
    fn rounds(&self, _: &Order) -> Option<u64> {
        None
    }
    /// How it would be kept in order, or why not.
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure>;
    /// Runs it.
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure>;
}

/// With barriers, on all cores.
fn reference(defaults: Defaults) -> Result<Order, Failure> {
    let options = OrderOptions {
        engine: Some(Executor::Sync),
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
pub(super) struct Ranks {
    graph: Graph<(), ()>,
    tolerance: f64,
    wanted: Vec<f32>,
}

const DAMPING: f32 = 0.85;

impl Ranks {
    pub(super) fn new(graph: Graph<(), ()>, tolerance: f64) -> Result<Self, Failure> {
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
pub(super) struct Labels {
    graph: Graph<(), ()>,
    wanted: Vec<u32>,
}

impl Labels {
    pub(super) fn new(graph: Graph<(), ()>) -> Result<Self, Failure> {
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
pub(super) struct Distances {
    graph: Graph<(), f32>,
    source: u32,
    wanted: Vec<f32>,
}

impl Distances {
    pub(super) fn new(graph: Graph<(), f32>, source: u32) -> Result<Self, Failure> {
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

/// `als` with the library's settings, measured on a tenth of each user's ratings.
pub(super) struct Als {
    residuals: Vec<Rating>,
    sizes: (usize, usize),
    tolerance: f32,
    seed: u64,
    baseline: Baseline,
    counts: [Vec<u32>; 2],
    test: Vec<Rating>,
    clip: Clip,
}

impl Als {
    pub(super) fn new(ratings: &Ratings, tolerance: f32, seed: u64) -> Result<Self, Failure> {
        let sizes = (ratings.users.len(), ratings.items.len());
        let Split { train, test } = hold_out(ratings, 0.1, seed)?;
        let baseline = Baseline::fit(sizes.0, sizes.1, &train, &BaselineSettings::default());
        let mut counts = [vec![0; sizes.0], vec![0; sizes.1]];
        for rating in &train {
            counts[0][rating.user as usize] += 1;
            counts[1][rating.item as usize] += 1;
        }
        let values = || train.iter().map(|rating| rating.value);
        let clip = Clip {
            minimum: values().fold(f32::INFINITY, f32::min),
            maximum: values().fold(f32::NEG_INFINITY, f32::max),
        };
        let residuals = Offset::Biases.residuals(&baseline, &train);
        Ok(Als { residuals, sizes, tolerance, seed, baseline, counts, test, clip })
    }

    fn program(&self) -> programs::Als {
        let Settings { rank, lambda, regularization, .. } = Settings::default();
        programs::Als::new(rank, lambda, regularization).tolerance(self.tolerance)
    }
}

impl Subject for Als {
    fn size(&self) -> (usize, usize) {
        (self.sizes.0 + self.sizes.1, self.residuals.len())
    }
    fn objective(&self) -> &'static str {
        "test_rmse"
    }
    fn rounds(&self, _: &Order) -> Option<u64> {
        Some(Settings::default().iterations as u64)
    }
    fn admit(&self, order: &Order, threads: usize) -> Result<Plan, Failure> {
        als::plan(&self.program(), order, threads)
    }
    fn run(&mut self, cell: &Cell, limits: &Limits<'_>) -> Result<Measured, Failure> {
        let error = |factors: &Column<Row<f32>>| {
            let model = Unfinished {
                factors,
                users: self.sizes.0,
                baseline: &self.baseline,
                offset: Offset::Biases,
                counts: [&self.counts[0], &self.counts[1]],
            };
            rmse_mae(&model, &self.test, Some(self.clip)).map_or(f64::NAN, |errors| errors.rmse)
        };
        let rank = Settings::default().rank;
        let mut graph = als::rated(&self.residuals, self.sizes, rank, self.seed, &cell.order)?;
        let (program, mut curve) = (self.program(), Vec::new());
        let mut observer = note(&mut curve, error);
        let engine = als::engine(&mut graph, &program, &cell.order)?.observer(&mut observer);
        let outcome = limits.apply(engine, cell.plan.threads).run()?;
        drop(observer);
        Ok(Measured::new(outcome, curve, error(graph.vertex_data())))
    }
}

/// Greedy coloring, whose result is proper only where visits keep their neighbors still.
pub(super) struct Colors {
    graph: Graph<(), ()>,
}

impl Colors {
    pub(super) fn new(graph: Graph<(), ()>) -> Self {
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
