//! `gasworks ccd`: factorize ratings by cyclic coordinate descent.

use std::ops::ControlFlow;

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::factorization::{Offset, Regularization, Settings, WarmStart, initial_factors};
use gasworks::{ColoringOrder, Engine, Outcome, Plan, Progress, Row, UpdateJob, programs};
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::factorization::{self, Data, DataOptions, MeasuringOptions, OutputOptions, StartOptions, Watch};
use super::options::{RunOptions, names, up_to};
use super::order::{Defaults, Order};
use super::run::{self, Ending, Run};

/// Learn factors of users and items from ratings, by cyclic coordinate descent (CCD++)
///
/// What als minimizes, one number at a time: all users and items take three steps in one feature, each the best while all else stands still, and
/// then go on to the next. An iteration goes over all features. A step costs the row's ratings whatever the rank, which suits high ranks. A part of each
/// user's ratings is held out to measure on.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Ccd {
    #[command(flatten)]
    data: DataOptions,

    /// Numbers in a row of factors
    #[arg(
        long, value_name = "K", default_value_t = Settings::ccd().rank as u16,
        value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Model"
    )]
    rank: u16,
    /// Penalty on the squared length of a row
    #[arg(
        allow_negative_numbers = true, long, value_name = "L", default_value_t = Settings::ccd().lambda,
        value_parser = up_to(1e9), help_heading = "Model"
    )]
    lambda: f32,
    /// weighted: lambda times the number of the row's ratings (Zhou et al. 2008); plain: lambda
    #[arg(
        long, value_name = "KIND", default_value = "weighted", hide_possible_values = true,
        value_parser = names([("weighted", Regularization::Weighted), ("plain", Regularization::Plain)]),
        help_heading = "Model"
    )]
    regularization: Regularization,
    /// What is subtracted from the ratings first, and added to predictions: nothing, their mean, or mean and biases of users and items
    #[arg(
        long, value_name = "KIND", default_value = "biases", hide_possible_values = true,
        value_parser = names([("none", Offset::None), ("mean", Offset::Mean), ("biases", Offset::Biases)]),
        help_heading = "Model"
    )]
    offset: Offset,
    /// Iterations at most, each over all features
    #[arg(
        long, value_name = "N", default_value_t = Settings::ccd().iterations as u64,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000), help_heading = "Model"
    )]
    iterations: u64,

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
  gasworks ccd ratings.csv --titles movies.csv --rank 100 --model movies.model
  gasworks recommend movies.model --user 42";

/// Who runs next unless `--scheduler` says. Nothing here is published by a barrier: residuals are written where they stand.
const DEFAULTS: Defaults = Defaults { sync: None, asynchronous: "sweep", exclusion: None };

/// The length of the rows that items start from.
const SCALE: f32 = 1.0;

impl Ccd {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let program = programs::Ccd::new(self.rank.into(), self.lambda, self.regularization);
        let run = Run::begin("ccd", &self.run, DEFAULTS, |order, threads| plan(&program, order, threads))?;
        self.measuring.check()?;
        self.output.check(&self.measuring.inputs(&self.data), reporter)?;
        let before = self.start.read(self.settings(0))?;
        let (data, ratings) = Data::load(&self.data, &self.measuring, self.run.common.seed, false, reporter)?;
        let mut graph = self.graph(&data, ratings, before.of(&data, reporter)?.as_ref());
        run.start(&graph, Some(self.iterations), self.details(&data), reporter)?;

        let mut watch = Watch::new(&data, &program, self.offset, None, &self.measuring);
        let all = program.visits() * graph.vertices() as u64;
        let outcome = run.watched(
            reporter,
            |progress, rows, reporter| match progress.rounds / program.visits() {
                // A part of the first one.
                0 => Ok(ControlFlow::Continue(())),
                rounds => watch.see(&Progress { rounds, ..*progress }, rows, reporter),
            },
            |observer, limits| {
                let engine = engine(&mut graph, &program, &run.order)?.observe_every(all).observer(observer);
                Ok(limits.apply(engine, Some(self.iterations * program.visits())).run()?)
            },
        )?;
        // A round of the engine is a step in one feature.
        let rounds = outcome.progress.rounds / program.visits();
        let outcome = Outcome { progress: Progress { rounds, ..outcome.progress }, ..outcome };
        let reason = if watch.stopped_early { "converged" } else { run::reason(outcome.reason) };
        run::summarize(reporter, reason, &outcome.progress);

        let kept = watch.kept(&outcome.progress);
        let model = data.model(watch.learned(graph), self.settings(kept))?;
        self.output.write(&model, reporter)?;
        factorization::show(&self.output, &model, &data, reporter, |reporter| {
            factorization::table(&self.measuring, &watch, reporter)
        })?;
        run::finish(reporter, reason, &outcome, watch.final_metrics(kept), self.output.details(kept))
    }

    /// Residuals between users, who start at 0, and items, at random, so that nothing is explained yet; or what the rows of a model leave
    /// unexplained.
    fn graph(
        &self,
        data: &Data,
        mut ratings: Graph<(), f32>,
        before: Option<&WarmStart<'_>>,
    ) -> Graph<Row<f32>, f32> {
        let (users, items, rank) = (data.users.len(), data.items.len(), usize::from(self.rank));
        self.offset.subtract(&data.baseline, &mut ratings);
        let (zeros, start) = (vec![0.0; rank], initial_factors(items, rank, SCALE, self.run.common.seed));
        let row = |vertex: u32| {
            let random = || match (vertex as usize).checked_sub(users) {
                None => &zeros[..],
                Some(item) => &start[item * rank..][..rank],
            };
            before.and_then(|before| before.factors(vertex)).unwrap_or_else(random)
        };
        if before.is_some() {
            ratings.transform_edges(|user, item, residual| {
                *residual -= row(user).iter().zip(row(item)).map(|(x, y)| x * y).sum::<f32>();
            });
        }
        ratings.with_rows(rank, |vertex, to| to.copy_from_slice(row(vertex)))
    }

    /// The part of the start event that only this command has.
    fn details(&self, data: &Data) -> Metrics {
        let lower = |name: String| name.to_lowercase();
        let own = json!({
            "rank": self.rank,
            "lambda": number(self.lambda),
            "regularization": lower(format!("{:?}", self.regularization)),
            "offset": lower(format!("{:?}", self.offset)),
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
            lambda: self.lambda,
            regularization: self.regularization,
            offset: self.offset,
            iterations: iterations as usize,
            seed: self.run.common.seed,
            isa: self.run.common.isa.name().into(),
            ..Settings::ccd()
        }
    }
}

/// The engine over factors and residuals. Users by number and then items are two colors, which any other order may miss.
fn engine<'g>(
    graph: &'g mut Graph<Row<f32>, f32>,
    program: &'g programs::Ccd,
    order: &Order,
) -> Result<Engine<'g, UpdateJob<'g, programs::Ccd>>, Failure> {
    let engine = order.keep(Engine::updates(graph, program, order.scheduler_without_barriers()?));
    Ok(engine.coloring_order(ColoringOrder::Natural))
}

/// How such a run would be kept in order.
fn plan(program: &programs::Ccd, order: &Order, threads: usize) -> Result<Plan, Failure> {
    let empty = GraphBuilder::bipartite(0, 0).weighted_edges(&[], &[0.0f32; 0]).build()?;
    Ok(engine(&mut empty.with_rows(1, |_, _| ()), program, order)?.threads(threads).plan()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        ccd: Ccd,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Alone { ccd } = Alone::parse_from(["ccd"]);
        let isa = ccd.run.common.isa.name().into();
        assert_eq!(ccd.settings(ccd.iterations), Settings { isa, ..Settings::ccd() });
    }
}
