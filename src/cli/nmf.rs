//! `gasworks nmf`: factorize a nonnegative matrix by multiplicative updates.

use std::ops::ControlFlow;

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::factorization::{Offset, RatingList, Settings, initial_factors};
use gasworks::{ColoringOrder, Engine, Every, Exclusion, Phase, Plan, Reason, Row, VertexJob, programs};
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::factorization::{
    self, Data, DataOptions, Loss, MeasuringOptions, OutputOptions, StartOptions, Watch, quality,
};
use super::options::{RunOptions, up_to};
use super::order::{Defaults, Order, admit};
use super::run::{self, Ending, Run};

/// Factorize a matrix of numbers that are not negative into factors that are not, by multiplicative updates
///
/// Minimizes the squared error over all pairs of a row and a column, those without an entry being 0 (Lee and Seung 2001). For ratings, where
/// nothing means unknown, see als --nonnegative. One iteration updates all rows, then all columns. A part of each row's entries is held out, to judge
/// lists by.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Nmf {
    #[command(flatten)]
    data: DataOptions,

    /// Numbers in a row of factors
    #[arg(
        long, value_name = "K", default_value_t = Settings::nmf().rank as u16,
        value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Model"
    )]
    rank: u16,
    /// Iterations at most, each over all rows and all columns
    #[arg(
        long, value_name = "N", default_value_t = Settings::nmf().iterations as u64,
        value_parser = clap::value_parser!(u64).range(1..), help_heading = "Model"
    )]
    iterations: u64,
    /// Stop when ten iterations have lowered the root of the squared error by less than this share of what it was after the first
    #[arg(
        allow_negative_numbers = true, long, value_name = "T", default_value_t = 1e-4,
        value_parser = up_to(1.0), help_heading = "Model"
    )]
    tolerance: f32,

    #[command(flatten)]
    start: StartOptions,
    #[command(flatten)]
    measuring: MeasuringOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

const AFTER_HELP: &str = "\
Example:
  gasworks nmf counts.mtx --rank 20 --holdout 0 --output factors.npy
  gasworks nmf plays.tsv --model plays.model
  gasworks similar plays.model --item 42";

/// Who runs next unless `--scheduler` says.
const DEFAULTS: Defaults = Defaults {
    sync: Some("sweep:phases=sides"),
    asynchronous: "sweep",
    exclusion: Some(Exclusion::Coloring),
};

/// Iterations between which the error must have fallen.
const PATIENCE: usize = 10;

impl Nmf {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let program = programs::Nmf::new(self.rank.into());
        let run = Run::begin("nmf", &self.run, DEFAULTS, |order, threads| plan(&program, order, threads))?;
        self.check(reporter)?;
        let before = self.start.read(self.settings(0))?;
        let (data, entries) = Data::load(&self.data, &self.measuring, self.run.common.seed, true, reporter)?;
        data.check_not_negative(
            "entries of 0 or more: factors that are not negative make no others",
            "leave negative entries out, or factorize them with als or svd",
        )?;
        let mut graph = self.graph(&data, entries);
        before.put(&program, &data, &mut graph, reporter)?;
        run.start(&graph, Some(self.iterations), self.details(&data), reporter)?;

        let mut watch = Watch::new(&data, &program, Offset::None, Some(Loss::Squared), &self.measuring);
        let mut settled = false;
        let outcome = run.watched(
            reporter,
            |progress, factors, reporter| {
                let flow = watch.see(progress, factors, reporter)?;
                settled = self.is_settled(&watch);
                Ok(if settled { ControlFlow::Break(()) } else { flow })
            },
            |observer, limits| {
                let engine = engine(&mut graph, &program, &run.order)?.observer(observer);
                Ok(limits.apply(engine, Some(self.iterations)).run()?)
            },
        )?;
        let reason = match outcome.reason {
            Reason::Stopped if settled => "converged",
            reason => run::reason(reason),
        };
        run::summarize(reporter, reason, &outcome.progress);

        let kept = watch.kept(&outcome.progress);
        let model = data.model(watch.learned(graph), self.settings(kept))?;
        self.output.write(&model, reporter)?;
        let found = quality::of(&model, &data);
        factorization::show(&self.output, &model, &data, reporter, |reporter| {
            quality::table(&watch, found.as_ref(), reporter)
        })?;
        let mut metrics = watch.final_metrics(kept);
        metrics.extend(quality::metrics("test_", found.as_ref()));
        run::finish(reporter, reason, &outcome, metrics, self.output.details(kept))
    }

    /// What can be refused before anything is read.
    fn check(&self, reporter: &mut Reporter) -> Result<(), Failure> {
        if self.measuring.early_stop {
            return Err(Failure::usage(
                "a run by --tolerance or to the last of its iterations: there are no errors of ratings to stop by",
                "--early-stop",
                "leave it out",
            ));
        }
        self.output.check(&self.measuring.inputs(&self.data), reporter)
    }

    /// Whether the error hardly falls any more.
    fn is_settled(&self, watch: &Watch<'_>) -> bool {
        let error = |at: usize| watch.iterations[at].loss.unwrap_or(f64::NAN).max(0.0).sqrt();
        let last = watch.iterations.len() - 1;
        let looks = last >= PATIENCE && last.is_multiple_of(PATIENCE) && self.tolerance > 0.0;
        looks && error(last - PATIENCE) - error(last) < f64::from(self.tolerance) * error(0)
    }

    /// Entries between rows and columns, with random factors of the size that explains their mean over all pairs.
    fn graph(&self, data: &Data, entries: Graph<(), f32>) -> Graph<Row<f32>, f32> {
        let (rows, columns, rank) = (data.users.len(), data.items.len(), usize::from(self.rank));
        let sum: f64 = data.train.all().map(|entry| f64::from(entry.value)).sum();
        let scale = (sum / (rows as f64 * columns as f64)).sqrt() as f32;
        let start = initial_factors(rows + columns, rank, scale, self.run.common.seed);
        entries.with_rows(rank, |vertex, row| {
            let start = &start[vertex as usize * rank..][..rank];
            row.iter_mut().zip(start).for_each(|(factor, start)| *factor = start.abs());
        })
    }

    /// The part of the start event that only this command has.
    fn details(&self, data: &Data) -> Metrics {
        let own = json!({
            "rank": self.rank,
            "tolerance": number(self.tolerance),
            "warm_start": self.start.name(),
        });
        let mut details = data.details();
        details.extend(own.as_object().expect("an object").clone());
        details
    }

    /// What the model carries, whose factors are those of this iteration.
    fn settings(&self, iterations: u64) -> Settings {
        Settings {
            rank: self.rank.into(),
            iterations: iterations as usize,
            seed: self.run.common.seed,
            isa: self.run.common.isa.name().into(),
            ..Settings::nmf()
        }
    }
}

/// How such a run would be kept in order.
fn plan(program: &programs::Nmf, order: &Order, threads: usize) -> Result<Plan, Failure> {
    let empty = GraphBuilder::bipartite(0, 0).weighted_edges(&[], &[0.0f32; 0]).build()?;
    admit(engine(&mut empty.with_rows(1, |_, _| ()), program, order)?, threads)
}

/// The engine over factors. One side has to stand still while the other moves, as the sum over all of its rows says it does.
fn engine<'g>(
    graph: &'g mut Graph<Row<f32>, f32>,
    program: &'g programs::Nmf,
    order: &Order,
) -> Result<Engine<'g, VertexJob<'g, programs::Nmf>>, Failure> {
    let engine = order.apply(Engine::new(graph, program).coloring_order(ColoringOrder::Natural))?;
    let engine = engine.aggregate_every(Every::Phase, program);
    let in_turn = match order.is_async() {
        true => engine.plan()?.exclusion == Some(Exclusion::Coloring),
        false => order.scheduler()?.phases() != [Phase::All],
    };
    if !in_turn {
        return Err(Failure::usage(
            "rows and columns in turn: each is divided by the sum over all of the other side",
            "an order in which both move at once",
            "leave --scheduler and --exclusion out, or say --scheduler sweep:phases=sides, or --engine async --exclusion coloring",
        ));
    }
    Ok(engine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        nmf: Nmf,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Alone { nmf } = Alone::parse_from(["nmf"]);
        let isa = nmf.run.common.isa.name().into();
        assert_eq!(nmf.settings(nmf.iterations), Settings { isa, ..Settings::nmf() });
    }
}
