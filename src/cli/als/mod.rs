//! `gasworks als`: factorize ratings by alternating least squares.

mod kind;

use clap::Args;
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::programs::factorization::{
    INITIAL_SCALE, Offset, Regularization, Settings, Solver, initial_factors,
};
use gasworks::{ColoringOrder, Engine, Every, Exclusion, Outcome, Phase, Plan, Row, VertexJob, programs};
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::factorization::{
    self, Data, DataOptions, Loss, MeasuringOptions, OutputOptions, StartOptions, Watch, quality,
};
use super::options::{RunOptions, names, up_to};
use super::order::{Defaults, Order, admit};
use super::run::{self, Ending, Run};
use kind::Kind;

/// Learn factors of users and items from ratings, by alternating least squares
///
/// Each user and each item gets a row of numbers whose inner product explains the user's rating of the item, beyond what mean and biases
/// explain. One iteration solves for all users, then for all items. A part of each user's ratings is held out to measure on.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Als {
    #[command(flatten)]
    data: DataOptions,

    /// Numbers in a row of factors
    #[arg(
        long, value_name = "K", default_value_t = Settings::default().rank as u16,
        value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Model"
    )]
    rank: u16,
    /// Penalty on the squared length of a row
    #[arg(
        allow_negative_numbers = true, long, value_name = "L",
        default_value_t = Settings::default().lambda, value_parser = up_to(1e9),
        help_heading = "Model"
    )]
    lambda: f32,
    /// weighted: lambda times the number of the row's ratings (Zhou et al. 2008); plain: lambda [default: weighted, plain with --implicit]
    #[arg(
        long, value_name = "KIND",
        value_parser = names([("weighted", Regularization::Weighted), ("plain", Regularization::Plain)]),
        help_heading = "Model"
    )]
    regularization: Option<Regularization>,
    /// What is subtracted from the ratings first, and added to predictions: nothing, their mean, or mean and biases of users and items
    /// [default: biases, none with --implicit or --nonnegative]
    #[arg(
        long, value_name = "KIND",
        value_parser = names([("none", Offset::None), ("mean", Offset::Mean), ("biases", Offset::Biases)]),
        help_heading = "Model"
    )]
    offset: Option<Offset>,
    #[command(flatten)]
    kind: Kind,
    /// Iterations at most, each over all users and all items
    #[arg(
        long, value_name = "N", default_value_t = Settings::default().iterations as u64,
        value_parser = clap::value_parser!(u64).range(1..), help_heading = "Model"
    )]
    iterations: u64,
    /// Stop when no factor moves by more than this in an iteration; 0: when none moves
    #[arg(
        allow_negative_numbers = true, long, value_name = "T", default_value_t = 0.0,
        value_parser = up_to(1e9), help_heading = "Model"
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
  gasworks als ratings.csv --titles movies.csv --rank 64 --model movies.model
  gasworks recommend movies.model --user 42";

/// Who runs next unless `--scheduler` says.
pub(crate) const DEFAULTS: Defaults =
    Defaults { sync: Some("sweep:phases=sides"), asynchronous: "sweep", exclusion: None };

impl Als {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let program = self.program();
        let run = Run::begin("als", &self.run, DEFAULTS, |order, threads| plan(&program, order, threads))?;
        self.check(reporter)?;
        let before = self.start.read(self.settings(0))?;
        let (seed, is_implicit) = (self.run.common.seed, self.kind.implicit);
        let (data, ratings) = Data::load(&self.data, &self.measuring, seed, is_implicit, reporter)?;
        if is_implicit {
            data.check_choices()?;
        }
        let mut graph = self.graph(&data, ratings, &run.order)?;
        before.put(&program, &data, &mut graph, reporter)?;
        run.start(&graph, Some(self.iterations), self.details(&data), reporter)?;

        let mut watch =
            Watch::new(&data, &program, self.offset(), self.loss().map(Loss::Implicit), &self.measuring);
        let outcome = run.watched(
            reporter,
            |progress, factors, reporter| watch.see(progress, factors, reporter),
            |observer, limits| {
                let engine = engine(&mut graph, &program, &run.order)?.observer(observer);
                Ok(limits.apply(engine, Some(self.iterations)).run()?)
            },
        )?;
        let reason = match () {
            _ if watch.stopped_early => "converged",
            _ if outcome.reason == gasworks::Reason::Drained && self.tolerance > 0.0 => "converged",
            _ => run::reason(outcome.reason),
        };
        run::summarize(reporter, reason, &outcome.progress);
        self.note_ridge(&program, &data, &outcome, reporter);

        let kept = watch.kept(&outcome.progress);
        let model = data.model(watch.learned(graph), self.settings(kept))?;
        self.output.write(&model, reporter)?;
        let found = if is_implicit { quality::of(&model, &data) } else { None };
        factorization::show(&self.output, &model, &data, reporter, |reporter| match is_implicit {
            true => quality::table(&watch, found.as_ref(), reporter),
            false => factorization::table(&self.measuring, &watch, reporter),
        })?;
        let mut metrics = watch.final_metrics(kept);
        metrics.extend(quality::metrics("test_", found.as_ref()));
        run::finish(reporter, reason, &outcome, metrics, self.output.details(kept))
    }

    /// Residuals between users and items, with factors to start from.
    fn graph(
        &self,
        data: &Data,
        mut ratings: Graph<(), f32>,
        order: &Order,
    ) -> Result<Graph<Row<f32>, f32>, Failure> {
        self.offset().subtract(&data.baseline, &mut ratings);
        let mut graph = started(ratings, usize::from(self.rank), self.run.common.seed, order)?;
        if self.kind.solver() == Solver::Nonnegative {
            let factors = graph.vertex_data_mut();
            for row in 0..factors.len() {
                factors.get_mut(row).iter_mut().for_each(|factor| *factor = factor.abs());
            }
        }
        Ok(graph)
    }

    /// What can be refused before anything is read.
    fn check(&self, reporter: &mut Reporter) -> Result<(), Failure> {
        self.check_kind()?;
        self.measuring.check()?;
        self.output.check(&self.measuring.inputs(&self.data), reporter)
    }

    /// The part of the start event that only this command has.
    fn details(&self, data: &Data) -> Metrics {
        let lower = |text: String| text.to_lowercase();
        let own = json!({
            "rank": self.rank,
            "lambda": number(self.lambda),
            "regularization": lower(format!("{:?}", self.regularization())),
            "offset": lower(format!("{:?}", self.offset())),
            "alpha": self.kind.alpha().map(number),
            "solver": self.kind.solver().to_string(),
            "warm_start": self.start.name(),
        });
        let mut details = data.details();
        details.extend(own.as_object().expect("an object").clone());
        details
    }

    /// What the model carries, whose factors are those of this iteration.
    fn settings(&self, iterations: u64) -> Settings {
        Settings {
            rank: usize::from(self.rank),
            lambda: self.lambda,
            regularization: self.regularization(),
            alpha: self.kind.alpha(),
            solver: self.kind.solver(),
            offset: self.offset(),
            iterations: iterations as usize,
            seed: self.run.common.seed,
            isa: self.run.common.isa.name().into(),
            ..Settings::default()
        }
    }

    /// Too little regularization is repaired by the program, and said here.
    fn note_ridge(&self, program: &programs::Als, data: &Data, outcome: &Outcome, reporter: &Reporter) {
        // Rows without training ratings have nothing to solve, and no ridge unless it is plain.
        let is_plain = self.regularization() == Regularization::Plain && self.lambda > 0.0;
        let empty = if is_plain { 0 } else { data.without_ratings() * outcome.progress.rounds };
        let strengthened = program.strengthened().saturating_sub(empty);
        if strengthened > 0 {
            reporter.note(format_args!(
                "{strengthened} of {} solves were singular and got the smallest ridge that helped; a larger --lambda avoids it",
                outcome.progress.updates
            ));
        }
    }
}

/// How such a run would be kept in order.
pub(crate) fn plan(program: &programs::Als, order: &Order, threads: usize) -> Result<Plan, Failure> {
    let empty = GraphBuilder::bipartite(0, 0).weighted_edges(&[], &[0.0f32; 0]).build()?;
    admit(engine(&mut empty.with_rows(1, |_, _| ()), program, order)?, threads)
}

/// A graph of users and items, with factors of the items to start from. Those of the users follow from them; only in rounds that solve
/// for users and items at once do they need a start too, since an item whose users are all 0 becomes 0.
pub(crate) fn started(
    graph: Graph<(), f32>,
    rank: usize,
    seed: u64,
    order: &Order,
) -> Result<Graph<Row<f32>, f32>, Failure> {
    let users = graph.topology().left().map_or(0, |users| users as usize);
    let items = graph.vertices() - users;
    let users_first = order.is_async() || order.scheduler()?.phases().first() == Some(&Phase::Left);
    let start = initial_factors(items, rank, INITIAL_SCALE, seed);
    let others = initial_factors(if users_first { 0 } else { users }, rank, INITIAL_SCALE, !seed);
    Ok(graph.with_rows(rank, |vertex, row| {
        let vertex = vertex as usize;
        match vertex.checked_sub(users) {
            Some(item) => row.copy_from_slice(&start[item * rank..][..rank]),
            None if users_first => {}
            None => row.copy_from_slice(&others[vertex * rank..][..rank]),
        }
    }))
}

/// The engine over factors. Users by number and then items are two colors, which any other order may miss. Without barriers or
/// colors users begin, and an item is solved for once one of its users has moved: were both sides to begin, users would follow from one
/// half of the start and items from the other, and the two would not fit.
pub(crate) fn engine<'g>(
    graph: &'g mut Graph<Row<f32>, f32>,
    program: &'g programs::Als,
    order: &Order,
) -> Result<Engine<'g, VertexJob<'g, programs::Als>>, Failure> {
    let users = graph.topology().left().unwrap_or(0);
    let engine = order.apply(Engine::new(graph, program).coloring_order(ColoringOrder::Natural))?;
    let engine = match program.is_implicit() {
        true => engine.aggregate_every(Every::Phase, program),
        false => engine,
    };
    let colored = engine.plan()?.exclusion == Some(Exclusion::Coloring);
    kind::check_order(program, order, colored)?;
    Ok(if order.is_async() && !colored { engine.start_at(0..users) } else { engine })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use gasworks::input::Duplicates;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        als: Als,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Alone { als } = Alone::parse_from(["als"]);
        let settings = Settings::default();
        assert_eq!(als.regularization(), settings.regularization);
        assert_eq!(als.offset(), settings.offset);
        assert_eq!((als.kind.alpha(), als.kind.solver()), (settings.alpha, settings.solver));
        assert_eq!(als.data.duplicates, Duplicates::default());
        assert_eq!((usize::from(als.rank), als.iterations as usize), (settings.rank, settings.iterations));
        assert_eq!((als.lambda, als.run.common.seed), (settings.lambda, settings.seed));
    }
}
