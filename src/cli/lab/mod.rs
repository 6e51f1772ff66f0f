//! `gasworks lab`: one program under a matrix of schedulers, consistency models, exclusions and thread counts.

mod input;
mod matrix;
mod measure;
mod report;
mod subjects;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use gasworks::{Exclusion, Isa};

use super::error::Failure;
use super::events::Reporter;
use super::graph::EdgeOptions;
use super::options::{InputOptions, Voice, names, seconds, threads};
use super::order::{Executor, Kept, kept, strategies};
use super::run::{self, Ending};
use matrix::Matrix;
use measure::Limits;
use subjects::Subject;

/// Run one program in every order that is admitted, and compare
///
/// One run after the other: each engine, scheduler, consistency model, exclusion and number of threads that the engine admits together.
/// What it does not admit is listed with the reason. Times count computing only. How good a result is, is one number, the smaller the better:
/// pagerank, the L1 distance to converged ranks; components and sssp, how many labels or distances differ from those of the synchronous
/// engine; als, the test RMSE; color, how many edges join equal colors.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Lab {
    /// What to run
    #[arg(value_enum)]
    program: Program,
    /// Ratings for als, edges for the others [default: the embedded MovieLens sample; for the others its users and movies as an undirected graph]
    input: Option<PathBuf>,
    #[command(flatten)]
    options: InputOptions,
    #[command(flatten)]
    edges: EdgeOptions,
    /// Where paths start, for sssp, by the id in the input [default: the vertex with the most edges]
    #[arg(allow_hyphen_values = true, long, value_name = "ID", help_heading = "Input")]
    source: Option<String>,

    /// Engines
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sync,async", help_heading = "Matrix")]
    engines: Vec<Executor>,
    /// Schedulers; options in brackets, as in sweep,multiqueue_fifo(queues=4) [default: sweep or rounds, multiqueue_fifo, multiqueue_priority]
    #[arg(long, value_name = "NAME,...", value_parser = matrix::schedulers, help_heading = "Matrix")]
    schedulers: Option<matrix::Schedulers>,
    /// Consistency models: vertex, edge, full, relaxed
    #[arg(
        long, value_name = "MODEL,...", value_delimiter = ',', default_value = "edge,relaxed",
        value_parser = names(kept()), hide_possible_values = true, help_heading = "Matrix"
    )]
    consistency: Vec<Kept>,
    /// Exclusions: serial, coloring, locks; relaxed consistency has none, and is run once
    #[arg(
        long, value_name = "STRATEGY,...", value_delimiter = ',', default_value = "serial,coloring,locks",
        value_parser = names(strategies()), hide_possible_values = true, help_heading = "Matrix"
    )]
    exclusions: Vec<Exclusion>,
    /// Numbers of threads; serial runs once, on one [default: 1 and all cores]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = threads, help_heading = "Matrix")]
    threads: Vec<usize>,
    /// Runs of each: the time is the median, what was found the worst [default: 20 for color, whose races are rare, else 1]
    #[arg(
        long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Matrix"
    )]
    repeat: Option<u32>,

    /// A vertex that moves by no more wakes nobody: for pagerank divided by the number of vertices, for als in any factor; with barriers, pagerank ends when all moves together are below it [default: 1e-3 for pagerank, 0.01 for als]
    #[arg(allow_negative_numbers = true, long, value_name = "T", value_parser = tolerance, help_heading = "Runs")]
    tolerance: Option<f64>,
    /// Iterations of a run at most: as many visits as there are vertices [default: 15 for als, 100 for pagerank with barriers, else as many as needed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Runs")]
    iterations: Option<u64>,
    /// Seconds of computing of a run at most [default: no limit]
    #[arg(allow_negative_numbers = true, long, value_name = "SECONDS", value_parser = seconds, help_heading = "Runs")]
    max_seconds: Option<Duration>,
    /// Look for a serial order after each run without barriers; runs then take longer
    #[arg(long, help_heading = "Runs")]
    audit: bool,
    /// Seed of all random numbers
    #[arg(long, value_name = "S", default_value_t = 0, help_heading = "Runs")]
    seed: u64,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

const AFTER_HELP: &str = "\
Examples:
  gasworks lab color --threads 4 --audit            racy against serializable: conflicts
  gasworks lab als --consistency edge,relaxed --audit
  gasworks lab pagerank --schedulers \"sweep,priority\"  everyone again and again against the most urgent first";

/// What can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Program {
    Pagerank,
    Components,
    Sssp,
    Als,
    Color,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Program::Pagerank => "pagerank",
            Program::Components => "components",
            Program::Sssp => "sssp",
            Program::Als => "als",
            Program::Color => "color",
        }
    }

    /// With barriers and without.
    fn schedulers(self) -> &'static str {
        match self {
            Program::Pagerank | Program::Color => "sweep,multiqueue_fifo,multiqueue_priority",
            Program::Als => "sweep(phases=sides),multiqueue_fifo,multiqueue_priority",
            Program::Components | Program::Sssp => "rounds,multiqueue_fifo,multiqueue_priority",
        }
    }
}

impl Lab {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut threads = self.threads.clone();
        if threads.is_empty() {
            threads = vec![1, cores];
        }
        threads.sort_unstable();
        threads.dedup();
        run::use_threads(threads[threads.len() - 1].max(cores))?;
        let schedulers = match &self.schedulers {
            Some(schedulers) => schedulers.clone(),
            None => matrix::schedulers(self.program.schedulers()).expect("they exist"),
        };
        let clock = Instant::now();
        let mut subject = self.subject(reporter)?;
        let load_seconds = clock.elapsed().as_secs_f64();
        let matrix = Matrix {
            engines: &self.engines,
            schedulers: &schedulers.0,
            consistency: &self.consistency,
            exclusions: &self.exclusions,
            threads: &threads,
            audit: self.audit,
        };
        let (cells, left_out) = matrix.cells(&*subject)?;
        report::start(self, &*subject, cells.len(), load_seconds, reporter)?;
        report::left_out(&left_out, reporter)?;

        let stop = run::stop_on_interrupt(reporter);
        let mut limits = Limits {
            rounds: self.iterations,
            time: self.max_seconds,
            seed: self.seed,
            isa: Isa::detect(),
            stop: &stop,
        };
        report::head(&*subject, reporter)?;
        for cell in &cells {
            let mut runs = Vec::new();
            limits.rounds = self.iterations.or(subject.rounds(&cell.order));
            for _ in 0..self.repeats() {
                runs.push(subject.run(cell, &limits)?);
                if stop.is_stopped() {
                    break;
                }
            }
            report::cell(cell, &runs, &*subject, reporter)?;
            if stop.is_stopped() {
                break;
            }
        }
        report::done(cells.len(), stop.is_stopped(), reporter)?;
        Ok(if stop.is_stopped() { Ending::Interrupted } else { Ending::Done })
    }

    fn repeats(&self) -> u32 {
        self.repeat.unwrap_or(if self.program == Program::Color { 20 } else { 1 })
    }

    fn subject(&self, reporter: &mut Reporter) -> Result<Box<dyn Subject>, Failure> {
        if self.program == Program::Als {
            let ratings = input::ratings(self.input.as_deref(), self.options, reporter)?;
            let tolerance = self.tolerance.unwrap_or(0.01) as f32;
            return Ok(Box::new(subjects::Als::new(&ratings, tolerance, self.seed)?));
        }
        let graph = input::graph(self.input.as_deref(), self.options, self.edges, reporter)?;
        Ok(match self.program {
            Program::Pagerank => {
                Box::new(subjects::Ranks::new(graph.plain()?, self.tolerance.unwrap_or(1e-3))?)
            }
            Program::Components => Box::new(subjects::Labels::new(graph.plain()?)?),
            Program::Sssp => {
                let source = graph.source(self.source.as_deref(), reporter)?;
                Box::new(subjects::Distances::new(graph.weighted()?, source)?)
            }
            Program::Color => Box::new(subjects::Colors::new(graph.plain()?)),
            Program::Als => unreachable!("it has no graph of its own"),
        })
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=1e9).contains(&number) => Ok(number),
        _ => Err("expected a number from 0 to 1e9, such as 1e-3".into()),
    }
}
