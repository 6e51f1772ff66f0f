//! `gasworks sgd`: factorize ratings by stochastic gradient descent.

use clap::Args;
use gasworks::Row;
use gasworks::graph::Graph;
use gasworks::programs;
use gasworks::programs::factorization::{
    Baseline, DescentSettings, Offset, Regularization, Schedule, Settings,
};
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::factorization::{self, Data, DataOptions, MeasuringOptions, OutputOptions, StartOptions};
use super::grid::GridOptions;
use super::options::{Common, Voice, above_zero, names, up_to};
use super::run::{Ending, Run};

/// Learn factors of users and items from ratings, by stochastic gradient descent
///
/// Each user and each item gets a row of numbers whose inner product explains the user's rating of the item, beyond what mean and biases
/// explain. A step takes one rating and moves the rows of its user and its item a little; an iteration is a pass over all ratings. Blocks of
/// ratings without a common user or item run in parallel. A part of each user's ratings is held out to measure on.
#[derive(Args, Debug)]
#[command(
    after_help = AFTER_HELP,
    mut_arg("threads", |arg| arg.help(
        "Threads to run on; but under relaxed exclusion, results do not depend on it [default: all cores]"
    )),
    mut_arg("seed", |arg| arg.help(
        "Seed of all random numbers: but under relaxed exclusion on several threads, the same seed gives the same bits"
    )),
    mut_arg("max_updates", |arg| arg.help(
        "Stop after the pass in which so many steps are done, one a rating [default: no limit]"
    )),
    mut_arg("max_seconds", |arg| arg.help(
        "Stop after the pass in which so many seconds of computing are over, loading not counted [default: no limit]"
    ))
)]
pub(crate) struct Sgd {
    #[command(flatten)]
    data: DataOptions,

    /// Numbers in a row of factors
    #[arg(
        long, value_name = "K", default_value_t = Settings::sgd().rank as u16,
        value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Model"
    )]
    rank: u16,
    /// Penalty on the squared length of a row, for each of its ratings
    #[arg(
        allow_negative_numbers = true, long, value_name = "L", default_value_t = Settings::sgd().lambda,
        value_parser = up_to(1e9), help_heading = "Model"
    )]
    lambda: f32,
    /// How far a step goes along the gradient, in the first pass
    #[arg(
        allow_negative_numbers = true, long, value_name = "R", default_value_t = DescentSettings::default().rate,
        value_parser = above_zero, help_heading = "Model"
    )]
    learning_rate: f32,
    /// How the learning rate falls. constant: not; decay: by a factor each pass; adagrad: that of each row with the gradients that it has seen
    /// (Chin et al. 2015)
    #[arg(
        long, value_name = "KIND", default_value = "decay", value_parser = names(SCHEDULES),
        hide_possible_values = true, help_heading = "Model"
    )]
    schedule: Schedule,
    /// The factor of --schedule decay, after each pass [default: 0.95]
    #[arg(allow_negative_numbers = true, long, value_name = "FACTOR", value_parser = above_zero, help_heading = "Model")]
    decay: Option<f32>,
    /// Learn the biases of users and items beside the factors, from the fitted ones on; the mean alone is subtracted first
    #[arg(long, help_heading = "Model")]
    biases: bool,
    /// What is subtracted from the ratings first, and added to predictions: nothing, their mean, or mean and biases of users and items
    #[arg(
        long, value_name = "KIND", default_value = "biases", conflicts_with = "biases",
        value_parser = names([("none", Offset::None), ("mean", Offset::Mean), ("biases", Offset::Biases)]),
        hide_possible_values = true, help_heading = "Model"
    )]
    offset: Offset,
    /// Passes over the ratings at most
    #[arg(
        long, value_name = "N", default_value_t = Settings::sgd().iterations as u64,
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

const SCHEDULES: [(&str, Schedule); 3] =
    [("constant", Schedule::Constant), ("decay", Schedule::Decay), ("adagrad", Schedule::Adagrad)];

const AFTER_HELP: &str = "\
Example:
  gasworks sgd ratings.csv --titles movies.csv --biases --model movies.model
  gasworks recommend movies.model --user 42";

impl Sgd {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        if self.decay.is_some() && self.schedule != Schedule::Decay {
            return Err(Failure::usage(
                "--schedule decay, whose rate a factor multiplies",
                "--decay beside another schedule",
                "leave one of them out",
            ));
        }
        let program = self.program();
        let run = Run::in_order("sgd", &self.common, self.grid.order(), |_, threads| {
            self.grid.plan(&program, program.width(), threads)
        })?;
        self.measuring.check()?;
        self.output.check(&self.measuring.inputs(&self.data), reporter)?;
        let before = self.start.read(self.settings(0))?;
        let (data, ratings) = Data::load(&self.data, &self.measuring, self.common.seed, false, reporter)?;
        let mut graph = self.graph(&program, &data, ratings);
        before.put(&program, &data, &mut graph, reporter)?;
        run.start(&graph, Some(self.iterations), self.details(&data), reporter)?;
        let descent = factorization::Descent {
            run: &run,
            data: &data,
            program: &program,
            subtracted: self.subtracted(),
            iterations: self.iterations,
            grid: &self.grid,
            measuring: &self.measuring,
            output: &self.output,
        };
        descent.learn(graph, |kept| self.settings(kept), reporter)
    }

    fn descent(&self) -> DescentSettings {
        DescentSettings {
            schedule: self.schedule,
            rate: self.learning_rate,
            decay: self.decay.unwrap_or(DescentSettings::default().decay),
            biases: self.biases,
            blocks: self.grid.blocks(),
        }
    }

    fn program(&self) -> programs::Sgd {
        let rate = self.descent().learning_rate();
        let program = programs::Sgd::new(usize::from(self.rank), self.lambda, rate);
        if self.biases { program.with_biases() } else { program }
    }

    /// What is subtracted from the ratings; biases that are learned are not.
    fn subtracted(&self) -> Offset {
        if self.biases { Offset::Mean } else { self.offset }
    }

    /// Residuals between users and items, and rows to start from.
    fn graph(
        &self,
        program: &programs::Sgd,
        data: &Data,
        mut ratings: Graph<(), f32>,
    ) -> Graph<Row<f32>, f32> {
        self.subtracted().subtract(&data.baseline, &mut ratings);
        started(ratings, program, usize::from(self.rank), self.common.seed, &data.baseline)
    }

    /// The part of the start event that only this command has.
    fn details(&self, data: &Data) -> Metrics {
        let own = json!({
            "rank": self.rank,
            "lambda": number(self.lambda),
            "learning_rate": number(self.learning_rate),
            "schedule": format!("{:?}", self.schedule).to_lowercase(),
            "decay": (self.schedule == Schedule::Decay).then(|| number(self.descent().decay)),
            "biases": self.biases,
            "offset": format!("{:?}", self.subtracted()).to_lowercase(),
            "blocks": self.grid.blocks(),
            "warm_start": self.start.name(),
        });
        let mut details = data.details();
        details.extend(own.as_object().expect("an object").clone());
        details
    }

    /// What the model carries, whose factors are those of this pass. Biases that were learned stand in its baseline, which it adds.
    fn settings(&self, iterations: u64) -> Settings {
        Settings {
            rank: usize::from(self.rank),
            lambda: self.lambda,
            regularization: Regularization::Weighted,
            offset: if self.biases { Offset::Biases } else { self.offset },
            descent: Some(self.descent()),
            iterations: iterations as usize,
            seed: self.common.seed,
            isa: self.common.isa.name().into(),
            ..Settings::sgd()
        }
    }
}

/// A graph of users and items with rows to start from.
pub(crate) fn started(
    graph: Graph<(), f32>,
    program: &programs::Sgd,
    rank: usize,
    seed: u64,
    baseline: &Baseline,
) -> Graph<Row<f32>, f32> {
    factorization::started(graph, program.width(), (rank, seed), baseline, |is_user, factors, bias, row| {
        program.start(is_user, factors, bias, row);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        sgd: Sgd,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Alone { sgd } = Alone::parse_from(["sgd"]);
        let isa = sgd.common.isa.name().into();
        assert_eq!(sgd.settings(sgd.iterations), Settings { isa, ..Settings::sgd() });
    }
}
