//! `gasworks svdpp`: factorize ratings, and that they were given, by SVD++.

use clap::Args;
use gasworks::Row;
use gasworks::graph::Graph;
use gasworks::programs;
use gasworks::programs::factorization::{DescentSettings, Offset, Settings};
use serde_json::json;

use super::error::Failure;
use super::events::{Metrics, Reporter, number};
use super::factorization::{self, Data, DataOptions, MeasuringOptions, OutputOptions, StartOptions};
use super::grid::{GridOptions, not_relaxed};
use super::options::{Common, Voice, above_zero, up_to};
use super::run::{Ending, Run};

/// Learn factors of users and items from ratings and from which items were rated, by SVD++
///
/// Each user and each item gets a bias and a row of numbers, whose inner product explains the user's rating of the item beyond mean and
/// biases. Part of a user's row is what its items say of it, whatever it rated them: each item has a second row for that (Koren 2008).
/// Descent is stochastic, user by user within blocks of ratings; blocks without a common user or item run in parallel. An iteration is a
/// pass over all ratings. A part of each user's ratings is held out to measure on.
#[derive(Args, Debug)]
#[command(
    after_help = AFTER_HELP,
    mut_arg("threads", |arg| arg.help("Threads to run on; results do not depend on it [default: all cores]")),
    mut_arg("exclusion", not_relaxed),
    mut_arg("max_updates", |arg| arg.help(
        "Stop after the pass in which so many steps are done, one a rating [default: no limit]"
    )),
    mut_arg("max_seconds", |arg| arg.help(
        "Stop after the pass in which so many seconds of computing are over, loading not counted [default: no limit]"
    ))
)]
pub(crate) struct Svdpp {
    #[command(flatten)]
    data: DataOptions,

    /// Numbers in a row of factors
    #[arg(
        long, value_name = "K", default_value_t = Settings::svdpp().rank as u16,
        value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Model"
    )]
    rank: u16,
    /// Penalty on the squared length of a row, for each of its ratings
    #[arg(
        allow_negative_numbers = true, long, value_name = "L", default_value_t = Settings::svdpp().lambda,
        value_parser = up_to(1e9), help_heading = "Model"
    )]
    lambda: f32,
    /// How far a step goes along the gradient, in the first pass
    #[arg(
        allow_negative_numbers = true, long, value_name = "R", default_value_t = DescentSettings::svdpp().rate,
        value_parser = above_zero, help_heading = "Model"
    )]
    learning_rate: f32,
    /// What the learning rate is multiplied by after each pass
    #[arg(
        allow_negative_numbers = true, long, value_name = "FACTOR", default_value_t = DescentSettings::svdpp().decay,
        value_parser = above_zero, help_heading = "Model"
    )]
    decay: f32,
    /// Passes over the ratings at most
    #[arg(
        long, value_name = "N", default_value_t = Settings::svdpp().iterations as u64,
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
  gasworks svdpp ratings.csv --titles movies.csv --model movies.model
  gasworks recommend movies.model --user 42";

impl Svdpp {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let program =
            programs::SvdPlusPlus::new(usize::from(self.rank), self.lambda, self.learning_rate, self.decay);
        let run = Run::in_order("svdpp", &self.common, self.grid.order(), |_, threads| {
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
            subtracted: Offset::Biases,
            iterations: self.iterations,
            grid: &self.grid,
            measuring: &self.measuring,
            output: &self.output,
        };
        descent.learn(graph, |kept| self.settings(kept), reporter)
    }

    fn descent(&self) -> DescentSettings {
        let (rate, decay, blocks) = (self.learning_rate, self.decay, self.grid.blocks());
        DescentSettings { rate, decay, blocks, ..DescentSettings::svdpp() }
    }

    /// Ratings less their mean between users and items, and rows to start from.
    fn graph(
        &self,
        program: &programs::SvdPlusPlus,
        data: &Data,
        mut ratings: Graph<(), f32>,
    ) -> Graph<Row<f32>, f32> {
        Offset::Mean.subtract(&data.baseline, &mut ratings);
        let (width, rank) = (program.width(), usize::from(self.rank));
        let start = |_, factors: &[f32], bias, row: &mut [f32]| program.start(factors, bias, row);
        factorization::started(ratings, width, (rank, self.common.seed), &data.baseline, start)
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

    /// What the model carries, whose factors are those of this pass. Biases that were learned stand in its baseline, which it adds.
    fn settings(&self, iterations: u64) -> Settings {
        Settings {
            rank: usize::from(self.rank),
            lambda: self.lambda,
            descent: Some(self.descent()),
            iterations: iterations as usize,
            seed: self.common.seed,
            isa: self.common.isa.name().into(),
            ..Settings::svdpp()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        svdpp: Svdpp,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Alone { svdpp } = Alone::parse_from(["svdpp"]);
        let isa = svdpp.common.isa.name().into();
        assert_eq!(svdpp.settings(svdpp.iterations), Settings { isa, ..Settings::svdpp() });
    }
}
