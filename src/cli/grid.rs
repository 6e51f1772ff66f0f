//! How steps along edges are ordered and kept apart: the options of commands that run an edge program.

use clap::{Arg, Args};
use gasworks::graph::GraphBuilder;
use gasworks::{EdgeJob, EdgeProgram, Engine, Exclusion, Ordered, Plan, Row};

use super::error::Failure;
use super::options::names;
use super::order::{Executor, Order};

/// The blocks of edges, and what they wait for.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Order")]
pub(crate) struct GridOptions {
    /// Parts that users and items are cut into: the ratings between two parts are a block, and a pass takes the blocks in an order of its own. The result depends on it [default: by the number of ratings, from 8,8 to 256,256]
    #[arg(long, value_name = "R,C", value_parser = blocks)]
    blocks: Option<[usize; 2]>,
    /// How steps are kept apart. grid: blocks without a common user or item run at once; serial: one block after the other, to the same bits; relaxed: all at once, each reading a snapshot of what others write, so that no serial order is promised
    #[arg(
        long, value_name = "STRATEGY", default_value = "grid", value_parser = names(strategies()),
        hide_possible_values = true
    )]
    exclusion: Exclusion,
}

/// An order of edges as events tell it: the grid stands where other programs have a scheduler.
pub(crate) fn order(exclusion: Exclusion, blocks: Option<[usize; 2]>) -> Order {
    let options = blocks.map(|[rows, columns]| format!(":blocks={rows},{columns}"));
    Order {
        engine: Executor::Async,
        scheduler: format!("grid{}", options.unwrap_or_default()),
        consistency: None,
        exclusion: Some(exclusion),
        audit: false,
    }
}

fn strategies() -> impl Iterator<Item = (&'static str, Exclusion)> {
    Exclusion::OF_EDGES.into_iter().map(|exclusion| (exclusion.name(), exclusion))
}

/// The argument `exclusion` of a command whose program needs whole blocks, which relaxed steps do not have.
pub(crate) fn not_relaxed(exclusion: Arg) -> Arg {
    let admitted = [Exclusion::Grid, Exclusion::Serial].map(|exclusion| (exclusion.name(), exclusion));
    exclusion.value_parser(names(admitted)).help(
        "How steps are kept apart. grid: blocks without a common user or item run at once; serial: one block after the other, to the same bits",
    )
}

fn blocks(text: &str) -> Result<[usize; 2], String> {
    let parts =
        text.split_once(',').and_then(|(users, items)| Some([users.parse().ok()?, items.parse().ok()?]));
    parts
        .filter(|parts| parts.iter().all(|parts| (1..=MOST).contains(parts)))
        .ok_or_else(|| format!("expected two numbers from 1 to {MOST}, such as 16,16"))
}

/// More parts than this have next to no edges in their blocks.
const MOST: usize = 4096;

impl GridOptions {
    /// Parts of sources and of targets, if asked for.
    pub(crate) fn blocks(&self) -> Option<[usize; 2]> {
        self.blocks
    }

    pub(crate) fn order(&self) -> Order {
        order(self.exclusion, self.blocks)
    }

    /// How a run on ratings, with rows of so many numbers, would be kept in order.
    pub(crate) fn plan<P: EdgeProgram<Vertex = Row<f32>, Edge = f32>>(
        &self,
        program: &P,
        width: usize,
        threads: usize,
    ) -> Result<Plan, Failure> {
        let empty = GraphBuilder::bipartite(0, 0).weighted_edges(&[], &[0.0f32; 0]).build()?;
        let mut empty = empty.with_rows(width, |_, _| ());
        Ok(self.apply(Engine::edges(&mut empty, program)).threads(threads).plan()?)
    }

    /// The engine in this order.
    pub(crate) fn apply<'g, P: EdgeProgram>(
        &self,
        engine: Engine<'g, EdgeJob<'g, P>>,
    ) -> Engine<'g, EdgeJob<'g, P>> {
        let engine = self.exclude(engine);
        match self.blocks {
            Some([sources, targets]) => engine.blocks(sources, targets),
            None => engine,
        }
    }

    /// The engine with steps kept apart in this way, and the blocks that it has.
    pub(crate) fn exclude<'g, J: Ordered>(&self, engine: Engine<'g, J>) -> Engine<'g, J> {
        engine.exclusion(self.exclusion)
    }
}
