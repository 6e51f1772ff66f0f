//! `gasworks generate`: synthetic data of any size, decided by a seed.

use std::ops::RangeInclusive;

use clap::{ArgAction, Args, Subcommand};
use gasworks::generate::{self, RatingsShape, Rmat, write_edges, write_ratings};

use super::error::Failure;
use super::events::Reporter;
use super::options::{Voice, names};
use super::output::Output;
use super::run::Ending;

/// Write synthetic data, decided by a seed and independent of threads
#[derive(Args, Debug)]
pub(crate) struct Generate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Ratings(Ratings),
    Rmat(RmatGraph),
}

/// Ratings with the shape of MovieLens: active users, popular items, a low-rank model with noise behind the values
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  gasworks generate ratings --users 1000 --items 500 --count 50000 -o ratings.csv"
)]
struct Ratings {
    /// Users
    #[arg(long, value_name = "N", default_value_t = RatingsShape::USERS)]
    users: u32,
    /// Items
    #[arg(long, value_name = "N", default_value_t = RatingsShape::ITEMS)]
    items: u32,
    /// Ratings, each of another user and item
    #[arg(long, value_name = "N", default_value_t = RatingsShape::COUNT)]
    count: u64,
    /// Factors behind the values; 0 leaves the biases
    #[arg(long, value_name = "K", default_value_t = RatingsShape::RANK)]
    rank: u32,
    /// Standard deviation of what no model can explain, in stars
    #[arg(allow_negative_numbers = true, long, value_name = "STARS", default_value_t = RatingsShape::NOISE)]
    noise: f32,
    #[command(flatten)]
    common: Common,
}

/// A scale-free graph by recursive quadrants (R-MAT), with the parameters of Graph500
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks generate rmat --scale 16 --weights 1..255 -o graph.txt")]
struct RmatGraph {
    /// There are 2^scale vertices, some without an edge
    #[arg(long, value_name = "S", default_value_t = Rmat::SCALE)]
    scale: u32,
    /// Edges drawn for each vertex, before loops and duplicates are dropped
    #[arg(long, value_name = "N", default_value_t = Rmat::EDGE_FACTOR)]
    edge_factor: u32,
    /// Probability that both ends are in the lower half
    #[arg(allow_negative_numbers = true, short, long, value_name = "P", default_value_t = Rmat::A)]
    a: f64,
    /// Probability of the source in the lower half, the target in the upper
    #[arg(allow_negative_numbers = true, short, long, value_name = "P", default_value_t = Rmat::B)]
    b: f64,
    /// Probability of the source in the upper half, the target in the lower
    #[arg(allow_negative_numbers = true, short, long, value_name = "P", default_value_t = Rmat::C)]
    c: f64,
    /// Whether vertices are renumbered at random, so that a number tells nothing of a degree
    #[arg(
        long, value_name = "yes|no", default_value = "yes", action = ArgAction::Set,
        value_parser = names(YES_NO)
    )]
    permute: bool,
    /// Whether edges from a vertex to itself stay
    #[arg(
        long, value_name = "yes|no", default_value = "no", action = ArgAction::Set,
        value_parser = names(YES_NO)
    )]
    keep_self_loops: bool,
    /// Whether one of equal edges stays, sorted, instead of all in the order of drawing
    #[arg(
        long, value_name = "yes|no", default_value = "yes", action = ArgAction::Set,
        value_parser = names(YES_NO)
    )]
    deduplicate: bool,
    /// Whole weights drawn from this range, such as 1..255 [default: no weights]
    #[arg(long, value_name = "LOW..HIGH", value_parser = range)]
    weights: Option<RangeInclusive<u32>>,
    #[command(flatten)]
    common: Common,
}

const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];

#[derive(Args, Debug)]
struct Common {
    /// Decides the output
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Where to write; - is standard output
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: Output,
    /// No notes
    #[arg(long, short)]
    quiet: bool,
}

fn range(text: &str) -> Result<RangeInclusive<u32>, String> {
    let ends = text
        .split_once("..")
        .and_then(|(low, high)| Some((low.parse().ok()?, high.trim_start_matches('=').parse().ok()?)));
    ends.map(|(low, high)| low..=high).ok_or_else(|| "expected two whole numbers, such as 1..255".into())
}

impl Generate {
    pub(crate) fn voice(&self) -> Voice {
        let (What::Ratings(Ratings { common, .. }) | What::Rmat(RmatGraph { common, .. })) = &self.what;
        Voice { json: false, quiet: common.quiet }
    }

    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        match &self.what {
            What::Ratings(options) => options.run(reporter)?,
            What::Rmat(options) => options.run(reporter)?,
        }
        Ok(Ending::Done)
    }
}

impl Ratings {
    fn run(&self, reporter: &mut Reporter) -> Result<(), Failure> {
        let &Ratings { users, items, count, rank, noise, .. } = self;
        self.common.output.check(&[], reporter)?;
        let shape = RatingsShape { users, items, count, rank, noise, seed: self.common.seed };
        let ratings = generate::ratings(&shape)?;
        self.common.output.write(reporter, |to| write_ratings(&ratings, to))
    }
}

impl RmatGraph {
    fn run(&self, reporter: &mut Reporter) -> Result<(), Failure> {
        let &RmatGraph { scale, edge_factor, a, b, c, permute, keep_self_loops, deduplicate, .. } = self;
        self.common.output.check(&[], reporter)?;
        let (weights, seed) = (self.weights.clone(), self.common.seed);
        let edges = generate::rmat(&Rmat {
            scale,
            edge_factor,
            a,
            b,
            c,
            permute,
            keep_self_loops,
            deduplicate,
            weights,
            seed,
        })?;
        self.common.output.write(reporter, |to| write_edges(&edges, to))
    }
}
