//! `gasworks tune`: which settings of a factorization are best.

mod grid;
mod trial;

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Instant;

use clap::{Args, ValueEnum};
use gasworks::input::{Duplicates, Ratings};
use gasworks::programs::factorization::{Settings, Split, Validated, cross_validate, folds};
use serde_json::json;

use super::error::Failure;
use super::events::{Reporter, number};
use super::factorization;
use super::options::{InputOptions, Voice, names, threads};
use super::run::{self, Ending};
use grid::{Axis, Name, Values};
use trial::Fold;

/// Find good settings of a factorization by cross-validation
///
/// Each candidate is trained on all ratings but those of a fold and measured on these, once for each fold; each user's ratings are dealt evenly
/// to the folds. Candidates are ranked by their mean RMSE after the iteration where it is the smallest; bpr, and als with --implicit, by the mean NDCG of
/// lists of ten, where it is the greatest of twenty looks. Folds run in parallel, each on one thread.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Tune {
    /// What to train
    #[arg(value_enum)]
    program: Program,
    /// Tune als for implicit feedback, as its own option has it
    #[arg(long)]
    implicit: bool,
    /// Ratings: user, item, rating, in a table or a MatrixMarket file; - is standard input [default: the embedded MovieLens sample]
    ratings: Option<PathBuf>,
    #[command(flatten)]
    input: InputOptions,
    /// What counts of several ratings of one item by one user
    #[arg(
        long, value_name = "WHICH", default_value = "last", value_parser = names(Duplicates::ALL),
        help_heading = "Input"
    )]
    duplicates: Duplicates,

    /// Values to try: rank, lambda; with --implicit alpha; for sgd and bpr learning-rate and decay; as in rank=16,32 lambda=0.05,0.1; with --random also bounds, as in lambda=0.01..0.3 [default: some around the program's defaults]
    #[arg(long, value_name = "NAME=VALUES", num_args = 1.., help_heading = "Candidates")]
    grid: Vec<Axis>,
    /// Try so many combinations, drawn at random, instead of all
    #[arg(
        long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000),
        help_heading = "Candidates"
    )]
    random: Option<u32>,
    /// Folds that the ratings are dealt to
    #[arg(
        long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1000),
        help_heading = "Measuring"
    )]
    folds: u32,
    /// Iterations at most [default: as many as the program's own default]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Measuring")]
    iterations: Option<u32>,

    /// Threads to run on; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<usize>,
    /// Seed of folds, draws and starts
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

const AFTER_HELP: &str = "\
Examples:
  gasworks tune als ratings.csv --grid rank=16,32,64 lambda=0.05,0.1,0.2
  gasworks tune als plays.tsv --implicit --grid lambda=0.1,1,10 alpha=1,10,40
  gasworks tune sgd ratings.csv --random 30 --grid rank=8..128 lambda=0.01..0.3 learning-rate=0.02..0.1";

/// What can be tuned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Program {
    Als,
    Sgd,
    Bpr,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Program::Als => "als",
            Program::Sgd => "sgd",
            Program::Bpr => "bpr",
        }
    }
}

/// What candidates are ranked by.
#[derive(Clone, Copy, Debug)]
enum Measure {
    /// The error itself.
    Rmse,
    /// 1 less what is counted as the error.
    Ndcg,
}

impl Measure {
    /// As a metric.
    fn name(self) -> &'static str {
        match self {
            Measure::Rmse => "test_rmse",
            Measure::Ndcg => "test_ndcg_at_10",
        }
    }

    /// That of what any candidate must beat.
    fn baseline(self) -> &'static str {
        match self {
            Measure::Rmse => "baseline_test_rmse",
            Measure::Ndcg => "popularity_test_ndcg_at_10",
        }
    }

    /// For people.
    fn heading(self) -> &'static str {
        match self {
            Measure::Rmse => "test RMSE",
            Measure::Ndcg => "NDCG@10",
        }
    }

    fn shown(self, error: f64) -> f64 {
        match self {
            Measure::Rmse => error,
            Measure::Ndcg => 1.0 - error,
        }
    }
}

/// More candidates than this are a slip of the keyboard.
const MOST: usize = 100_000;

impl Tune {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let threads =
            self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        run::use_threads(threads)?;
        if self.implicit && self.program != Program::Als {
            let name = self.program.name();
            return Err(Failure::usage("als with --implicit", name, "leave the option out, or tune als"));
        }
        let axes = self.axes()?;
        let candidates = self.candidates(&axes)?;
        let clock = Instant::now();
        let ratings = factorization::ratings(self.ratings.as_deref(), self.input, self.duplicates, reporter)?;
        if self.settings().counts_all_pairs() {
            let name = self.ratings.as_deref().unwrap_or("the sample".as_ref());
            let ids = (&ratings.users, &ratings.items);
            factorization::check_choices(name, ids, ratings.entries.iter().copied())?;
        }
        self.start(&ratings, candidates.len(), threads, clock, reporter)?;
        let clock = Instant::now();
        let (ranked, baseline) = self.validate(&ratings, &axes, &candidates, threads, reporter)?;
        let seconds = clock.elapsed().as_secs_f64();
        self.report(&axes, &candidates, &ranked, &baseline, reporter)?;
        let best = &ranked[0];
        reporter.event(json!({
            "event": "done",
            "reason": "iterations",
            "iterations": best.iterations,
            "seconds": seconds,
            "metrics": {
                self.measure().name(): self.measure().shown(best.error()),
                "standard_error": best.standard_error(),
                self.measure().baseline(): self.measure().shown(baseline.error()),
            },
            "best": values(&axes, &candidates[best.candidate]),
        }))?;
        Ok(Ending::Done)
    }

    /// The program's own.
    fn settings(&self) -> Settings {
        match self.program {
            Program::Als if self.implicit => Settings::implicit(),
            Program::Als => Settings::default(),
            Program::Sgd => Settings::sgd(),
            Program::Bpr => Settings::bpr(),
        }
    }

    fn measure(&self) -> Measure {
        if self.settings().counts_all_pairs() { Measure::Ndcg } else { Measure::Rmse }
    }

    fn default_grid(&self) -> Vec<Axis> {
        let axis = |name, values: &[f32]| Axis { name, values: Values::List(values.to_vec()) };
        let lambdas = match self.program {
            Program::Als if self.implicit => [0.1, 1.0, 10.0, 100.0],
            Program::Als => [0.05, 0.1, 0.15, 0.2],
            Program::Sgd => [0.05, 0.08, 0.1, 0.15],
            Program::Bpr => [0.003, 0.01, 0.03, 0.1],
        };
        vec![axis(Name::Rank, &[16.0, 32.0, 64.0]), axis(Name::Lambda, &lambdas)]
    }

    fn axes(&self) -> Result<Vec<Axis>, Failure> {
        let axes = if self.grid.is_empty() { self.default_grid() } else { self.grid.clone() };
        let settings = self.settings();
        for (at, axis) in axes.iter().enumerate() {
            let name = axis.name.as_str();
            if axes[..at].iter().any(|other| other.name == axis.name) {
                return Err(Failure::usage(
                    "each name once in --grid",
                    format!("{name} twice"),
                    "join their values",
                ));
            }
            let (has_it, advice) = match axis.name {
                Name::Rank | Name::Lambda => (true, ""),
                Name::Alpha => (self.implicit, "tune als --implicit, which has it"),
                Name::LearningRate | Name::Decay => {
                    (settings.descent.is_some(), "tune sgd or bpr, which have it")
                }
            };
            if !has_it {
                let expected = format!("options that {} has", self.program.name());
                return Err(Failure::usage(expected, name, advice));
            }
        }
        Ok(axes)
    }

    fn candidates(&self, axes: &[Axis]) -> Result<Vec<grid::Candidate>, Failure> {
        if let Some(count) = self.random {
            return Ok(grid::some(axes, count, self.seed));
        }
        let size = |axis: &Axis| match &axis.values {
            Values::List(values) => values.len() as f64,
            Values::Range(..) => 1.0,
        };
        let count: f64 = axes.iter().map(size).product();
        if count > MOST as f64 {
            let expected = format!("at most {MOST} candidates");
            return Err(Failure::usage(expected, format!("{count}"), "draw some of them with --random"));
        }
        grid::all(axes).ok_or_else(|| {
            Failure::usage(
                "lists of values, as in lambda=0.05,0.1",
                "bounds in --grid without --random",
                "add --random 30, which draws from them",
            )
        })
    }

    fn start(
        &self,
        ratings: &Ratings,
        candidates: usize,
        threads: usize,
        clock: Instant,
        reporter: &mut Reporter,
    ) -> Result<(), Failure> {
        let Ratings { users, items, entries } = ratings;
        reporter.say(format_args!(
            "{} users, {} items, {} ratings; {candidates} candidates on {} folds",
            users.len(),
            items.len(),
            entries.len(),
            self.folds
        ));
        reporter.event(json!({
            "event": "start",
            "program": "tune",
            "tuned": self.program.name(),
            "users": users.len(),
            "items": items.len(),
            "ratings": entries.len(),
            "candidates": candidates,
            "folds": self.folds,
            "threads": threads,
            "seed": self.seed,
            "load_seconds": clock.elapsed().as_secs_f64(),
        }))
    }

    /// The candidates by rank, and what any must beat.
    fn validate(
        &self,
        ratings: &Ratings,
        axes: &[Axis],
        candidates: &[grid::Candidate],
        threads: usize,
        reporter: &mut Reporter,
    ) -> Result<(Vec<Validated>, Validated), Failure> {
        let own = self.settings();
        let iterations = self.iterations.map_or(own.iterations, |iterations| iterations as usize);
        let own = Settings { iterations, seed: self.seed, ..own };
        let folds = folds(ratings, self.folds, self.seed)?;
        let sizes = (ratings.users.len(), ratings.items.len());
        let (told, heard) = mpsc::channel();
        let work = || {
            // The last one is no candidate, but what any must beat.
            let train = |candidate: usize, split: Split| {
                let fold = Fold { sizes, split };
                match candidates.get(candidate) {
                    Some(candidate) => fold.run(&trial::settings(own.clone(), axes, candidate)),
                    None => Ok(vec![fold.run_baseline(own.counts_all_pairs())?]),
                }
            };
            let told = told;
            // Nobody hears it where standard output is gone.
            let done = |_| _ = told.send(());
            cross_validate(&folds, candidates.len() + 1, threads, train, done)
        };
        let cells = (candidates.len() + 1) * self.folds as usize;
        let mut ranked = std::thread::scope(|scope| {
            let work = scope.spawn(work);
            for done in 1.. {
                if heard.recv().is_err() {
                    break;
                }
                reporter.counted(done, cells)?;
            }
            work.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        })?;
        reporter.finish_bar();
        let baseline = ranked.iter().position(|found| found.candidate == candidates.len());
        let baseline = ranked.remove(baseline.expect("it was among them"));
        Ok((ranked, baseline))
    }

    fn report(
        &self,
        axes: &[Axis],
        candidates: &[grid::Candidate],
        ranked: &[Validated],
        baseline: &Validated,
        reporter: &mut Reporter,
    ) -> Result<(), Failure> {
        let measure = self.measure();
        for found in ranked {
            let mut event = json!({ "event": "candidate" });
            let more = json!({
                "iterations": found.iterations,
                measure.name(): measure.shown(found.error()),
                "standard_error": found.standard_error(),
                "folds": found.folds.iter().map(|error| measure.shown(*error)).collect::<Vec<_>>(),
            });
            let event_object = event.as_object_mut().expect("an object");
            event_object.extend(values(axes, &candidates[found.candidate]));
            event_object.extend(more.as_object().expect("an object").clone());
            reporter.event(event)?;
        }
        if reporter.is_json() || reporter.is_quiet() {
            return Ok(());
        }
        let names: String = axes.iter().map(|axis| format!("{:>14}", axis.name.as_str())).collect();
        reporter.line(format_args!("{names}{:>12}{:>12}{:>12}", measure.heading(), "+/-", "iterations"))?;
        for found in ranked {
            let cells: String =
                candidates[found.candidate].iter().map(|value| format!("{value:>14}")).collect();
            let (error, deviation) = (measure.shown(found.error()), found.standard_error());
            reporter.line(format_args!("{cells}{error:>12.4}{deviation:>12.4}{:>12}", found.iterations))?;
        }
        let width = 14 * axes.len();
        let (error, deviation) = (measure.shown(baseline.error()), baseline.standard_error());
        let unlearned = match measure {
            Measure::Rmse => "mean, biases",
            Measure::Ndcg => "popularity",
        };
        reporter.line(format_args!("{unlearned:>width$}{error:>12.4}{deviation:>12.4}"))?;
        let best = &ranked[0];
        let options: String = axes
            .iter()
            .zip(&candidates[best.candidate])
            .map(|(axis, value)| format!(" --{} {value}", axis.name.as_str()))
            .collect();
        let input = self.ratings.as_ref().map_or(String::new(), |path| format!(" {}", path.display()));
        let implicit = if self.implicit { " --implicit" } else { "" };
        reporter.line(format_args!(
            "\nbest: gasworks {}{input}{implicit}{options} --iterations {}",
            self.program.name(),
            best.iterations
        ))?;
        self.advise(axes, &candidates[best.candidate], best, reporter)
    }

    /// What the place of the best says about where to look further.
    fn advise(
        &self,
        axes: &[Axis],
        candidate: &[f32],
        best: &Validated,
        reporter: &Reporter,
    ) -> Result<(), Failure> {
        for (axis, value) in axes.iter().zip(candidate) {
            let Values::List(values) = &axis.values else { continue };
            let (low, high) =
                values.iter().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
            let edge = if *value == high { "greatest" } else { "smallest" };
            if values.len() > 1 && (*value == high || *value == low) {
                let name = axis.name.as_str();
                reporter.note(format_args!(
                    "{name} {value} is the {edge} that was tried; a better one may lie beyond"
                ));
            }
        }
        if best.iterations == best.curve.len() {
            reporter.note("the last iteration was the best one; --iterations allows more");
        }
        Ok(())
    }
}

/// The values of a candidate by name.
fn values(axes: &[Axis], candidate: &[f32]) -> serde_json::Map<String, serde_json::Value> {
    let name = |axis: &Axis| axis.name.as_str().replace('-', "_");
    axes.iter().zip(candidate).map(|(axis, value)| (name(axis), number(*value))).collect()
}
