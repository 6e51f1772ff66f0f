//! `gasworks bpr`: factorize implicit feedback by Bayesian personalized ranking.

use std::ops::ControlFlow;

use clap::Args;
use gasworks::graph::Graph;
use gasworks::programs::factorization::{
    DescentSettings, INITIAL_SCALE, RankingQuality, RecommendSettings, Settings, initial_factors,
};
use gasworks::programs::{self, TripleQuality, Triples};
use gasworks::{Column, Engine, Progress, Row};
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::factorization::{
    self, Data, DataOptions, MeasuringOptions, OutputOptions, Rows, StartOptions, check_finite, quality,
};
use super::grid::{GridOptions, not_relaxed};
use super::options::{Common, Voice, above_zero, up_to};
use super::run::{self, Ending, Run};

/// Learn factors of users and items from what users chose, by Bayesian personalized ranking
///
/// Each user and each item gets a row of numbers whose inner product orders the items of a user: what the user chose is to come before what the user
/// did not choose (Rendle et al. 2009). Every rating counts as a choice, whatever its value. A step takes one choice and another item of the same block that its user did
/// not choose; an iteration is a pass over all choices. A part of each user's ratings is held out to measure on.
#[derive(Args, Debug)]
#[command(
    after_help = AFTER_HELP,
    mut_arg("threads", |arg| arg.help("Threads to run on; results do not depend on it [default: all cores]")),
    mut_arg("max_updates", |arg| arg.help(
        "Stop after the pass in which so many steps are done, one a rating [default: no limit]"
    )),
    mut_arg("max_seconds", |arg| arg.help(
        "Stop after the pass in which so many seconds of computing are over, loading not counted [default: no limit]"
    )),
    mut_arg("blocks", |arg| arg.help(
        "Parts that users and items are cut into: the ratings between two parts are a block, and items that were not chosen are drawn from the block's own part. The result depends on it [default: by the number of ratings, from 8,8 to 256,256]"
    )),
    mut_arg("exclusion", not_relaxed),
    mut_arg("early_stop", |arg| arg.hide(true)),
)]
pub(crate) struct Bpr {
    #[command(flatten)]
    data: DataOptions,

    /// Numbers in a row of factors
    #[arg(
        long, value_name = "K", default_value_t = Settings::bpr().rank as u16,
        value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Model"
    )]
    rank: u16,
    /// Penalty on the squared length of a row, for each step that moves it
    #[arg(
        allow_negative_numbers = true, long, value_name = "L", default_value_t = Settings::bpr().lambda,
        value_parser = up_to(1e9), help_heading = "Model"
    )]
    lambda: f32,
    /// How far a step goes along the gradient, in the first pass
    #[arg(
        allow_negative_numbers = true, long, value_name = "R",
        default_value_t = DescentSettings::bpr().rate, value_parser = above_zero, help_heading = "Model"
    )]
    learning_rate: f32,
    /// What the learning rate is multiplied by after each pass
    #[arg(
        allow_negative_numbers = true, long, value_name = "FACTOR", default_value_t = DescentSettings::bpr().decay,
        value_parser = above_zero, help_heading = "Model"
    )]
    decay: f32,
    /// Passes over the ratings at most
    #[arg(
        long, value_name = "N", default_value_t = Settings::bpr().iterations as u64,
        value_parser = clap::value_parser!(u64).range(1..), help_heading = "Model"
    )]
    iterations: u64,

    #[command(flatten)]
    start: StartOptions,
    #[command(flatten)]
    measuring: MeasuringOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    grid: GridOptions,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

const AFTER_HELP: &str = "\
Example:
  gasworks bpr ratings.csv --titles movies.csv --model movies.model
  gasworks recommend movies.model --user 42";

impl Bpr {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let program = programs::Bpr::new(usize::from(self.rank), self.lambda, self.learning_rate, self.decay);
        let run = Run::in_order("bpr", &self.common, self.grid.order(), |_, threads| {
            self.grid.plan(&program, program.rank(), threads)
        })?;
        self.check(reporter)?;
        let before = self.start.read(self.settings(0))?;
        let (data, ratings) = Data::load(&self.data, &self.measuring, self.common.seed, true, reporter)?;
        data.check_choices()?;
        let mut graph = started(ratings, usize::from(self.rank), self.common.seed);
        before.put(&program, &data, &mut graph, reporter)?;
        run.start(&graph, Some(self.iterations), self.details(&data), reporter)?;

        let mut watch = Watch::new(&data, &program, self.common.seed);
        let outcome = run.watched(
            reporter,
            |progress, rows, reporter| watch.see(progress, rows, reporter),
            |observer, limits| {
                let engine = self.grid.apply(Engine::edges(&mut graph, &program)).observer(observer);
                Ok(limits.apply(engine, Some(self.iterations)).run()?)
            },
        )?;
        let reason = run::ended(&outcome, reporter);

        let kept = outcome.progress.rounds;
        // What lies on the edges is not needed any more.
        let rows = graph.into_vertex_data();
        let learned = program.learned(&data.baseline, &rows);
        drop(rows);
        let model = data.model(learned, self.settings(kept))?;
        self.output.write(&model, reporter)?;
        let found = quality::of(&model, &data);
        let popular = match found {
            Some(_) => {
                let (users, items) = (data.users.clone(), data.items.clone());
                quality::of(&quality::popularity(users, items, &data.train)?, &data)
            }
            None => None,
        };
        factorization::show(&self.output, &model, &data, reporter, |reporter| {
            table(popular.as_ref(), found.as_ref(), reporter)
        })?;
        let mut metrics = watch.last;
        metrics.extend(quality::metrics("test_", found.as_ref()));
        metrics.extend(quality::metrics("popularity_test_", popular.as_ref()));
        run::finish(reporter, reason, &outcome, metrics, self.output.details(kept))
    }

    /// What can be refused before anything is read.
    fn check(&self, reporter: &mut Reporter) -> Result<(), Failure> {
        if self.measuring.early_stop {
            return Err(Failure::usage(
                "a run of all its iterations: there are no errors of ratings to stop by",
                "--early-stop",
                "leave it out, and say --iterations",
            ));
        }
        self.output.check(&self.measuring.inputs(&self.data), reporter)
    }

    /// The part of the start event that only this command has.
    fn details(&self, data: &Data) -> Metrics {
        let own = json!({
            "rank": self.rank,
            "lambda": number(self.lambda),
            "learning_rate": number(self.learning_rate),
            "decay": number(self.decay),
            "blocks": self.grid.blocks(),
            "warm_start": self.start.name(),
        });
        let mut details = data.details();
        details.extend(own.as_object().expect("an object").clone());
        details
    }

    /// What the model carries, whose factors are those of this pass.
    fn settings(&self, iterations: u64) -> Settings {
        let (rate, decay, blocks) = (self.learning_rate, self.decay, self.grid.blocks());
        Settings {
            rank: usize::from(self.rank),
            lambda: self.lambda,
            descent: Some(DescentSettings { rate, decay, blocks, ..DescentSettings::bpr() }),
            iterations: iterations as usize,
            seed: self.common.seed,
            isa: self.common.isa.name().into(),
            ..Settings::bpr()
        }
    }
}

/// Ratings between users and items, with small random factors to start from.
pub(crate) fn started(ratings: Graph<(), f32>, rank: usize, seed: u64) -> Graph<Row<f32>, f32> {
    let start = initial_factors(ratings.vertices(), rank, INITIAL_SCALE, seed);
    ratings.with_rows(rank, |vertex, row| row.copy_from_slice(&start[vertex as usize * rank..][..rank]))
}

/// The observer of the run: how well pairs of items are ordered that were drawn once from all items.
struct Watch<'d> {
    data: &'d Data,
    program: &'d programs::Bpr,
    /// Of the training and the test ratings.
    triples: [(&'static str, Triples); 2],
    /// Of the last pass.
    last: Metrics,
}

impl<'d> Watch<'d> {
    fn new(data: &'d Data, program: &'d programs::Bpr, seed: u64) -> Self {
        let (items, train, test) = (data.items.len(), &data.train, &data.test);
        let triples = [
            ("train", Triples::sample(items, train, test, seed)),
            ("test", Triples::sample(items, test, train, seed)),
        ];
        Watch { data, program, triples, last: Metrics::new() }
    }

    fn see(
        &mut self,
        progress: &Progress,
        rows: &Column<Row<f32>>,
        reporter: &mut Reporter,
    ) -> Result<ControlFlow<()>, Failure> {
        check_finite(self.data, self.program, progress, rows)?;
        let users = self.data.users.len();
        let (mut metrics, mut texts) = (Metrics::new(), Vec::new());
        for (part, triples) in &self.triples {
            let row = |row: usize| rows.get(row);
            let found = triples.quality(|user| row(user as usize), |item| row(users + item as usize));
            let Some(TripleQuality { loss, auc }) = found else { continue };
            metrics.insert(format!("{part}_loss"), loss.into());
            metrics.insert(format!("{part}_sampled_auc"), auc.into());
            texts.push(format!("{part} loss {loss:.4}, AUC {auc:.4}"));
        }
        reporter.progress(progress, metrics.clone(), &texts.join("; "), true)?;
        self.last = metrics;
        Ok(ControlFlow::Continue(()))
    }
}

/// Prints how good the lists are, below those of the most popular items.
fn table(
    popular: Option<&RankingQuality>,
    found: Option<&RankingQuality>,
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    let (Some(popular), Some(found)) = (popular, found) else {
        return reporter.line("no test ratings, so lists were not judged");
    };
    let k = RecommendSettings::default().count;
    let heads = ["precision", "recall", "map", "ndcg"].map(|name| format!("{name}@{k}"));
    let heads: String = heads.iter().map(|head| format!("{head:>14}")).collect();
    reporter.line(format_args!("{:<12}{:>10}{heads}", "", "AUC"))?;
    for (name, found) in [("popularity", popular), ("factors", found)] {
        let cells: String =
            quality::measures(found).iter().map(|(_, value)| format!("{value:>14.4}")).collect();
        let auc = found.auc.map_or("-".into(), |auc| format!("{auc:.4}"));
        reporter.line(format_args!("{name:<12}{auc:>10}{cells}"))?;
    }
    let (users, relevant) = (found.users, found.relevant);
    reporter.line(format_args!("test: lists of {users} users, who chose {relevant} other items"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        bpr: Bpr,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Alone { bpr } = Alone::parse_from(["bpr"]);
        let isa = bpr.common.isa.name().into();
        assert_eq!(bpr.settings(bpr.iterations), Settings { isa, ..Settings::bpr() });
    }
}
