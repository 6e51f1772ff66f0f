//! `gasworks lab`: one program under a matrix of schedulers, consistency models, exclusions and thread counts.

mod input;
mod matrix;
mod measure;
mod report;
mod samples;
mod subjects;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use gasworks::input::{Duplicates, Source};
use gasworks::{Exclusion, Isa, Model, programs};

use super::error::Failure;
use super::events::Reporter;
use super::graph::EdgeOptions;
use super::options::{InputOptions, Voice, names, seconds, threads};
use super::order::{Executor, Kept, kept, strategies};
use super::run::{self, Ending};
use super::{factorization, gibbs, lasso};
use matrix::{Cell, Matrix};
use measure::Limits;
use subjects::Subject;

/// Run one program in every order that is admitted, and compare
///
/// One run after the other: each engine, scheduler, consistency model, exclusion and number of threads that the engine admits together.
/// What it does not admit is listed with the reason. Times count computing only. How good a result is, is one number, the smaller the better:
/// pagerank, the L1 distance to converged ranks; components, sssp and kcore, how many labels, distances or core numbers are wrong; als and sgd, the
/// test RMSE; color, how many edges join equal colors; gibbs, the mean distance to exact marginals; lasso, how far the objective is above its
/// optimum, as a share of it.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Lab {
    /// What to run
    #[arg(value_enum)]
    program: Program,
    /// Ratings for als and sgd, a UAI model for gibbs, LIBSVM rows for lasso, edges for the others [default: the embedded MovieLens sample for als and sgd, generated from the seed for the others: an R-MAT graph, a grid, sparse rows]
    input: Option<PathBuf>,
    #[command(flatten)]
    options: InputOptions,
    #[command(flatten)]
    edges: EdgeOptions,
    /// Where paths start, for sssp, by the id in the input [default: the vertex with the most edges]
    #[arg(allow_hyphen_values = true, long, value_name = "ID", help_heading = "Input")]
    source: Option<String>,

    /// Engines [default: sync,async]
    #[arg(long, value_enum, value_delimiter = ',', help_heading = "Matrix")]
    engines: Vec<Executor>,
    /// Schedulers; options in brackets, as in sweep,multiqueue_fifo(queues=4) [default: sweep or rounds, multiqueue_fifo, multiqueue_priority]
    #[arg(long, value_name = "NAME,...", value_parser = matrix::schedulers, help_heading = "Matrix")]
    schedulers: Option<matrix::Schedulers>,
    /// Consistency models: vertex, edge, full, relaxed [default: edge,relaxed; for lasso full,relaxed]
    #[arg(
        long, value_name = "MODEL,...", value_delimiter = ',', value_parser = names(kept()),
        hide_possible_values = true, help_heading = "Matrix"
    )]
    consistency: Vec<Kept>,
    /// Exclusions: serial, coloring, locks; relaxed consistency has none, and is run once. For sgd: serial, grid, relaxed [default: all of these]
    #[arg(
        long, value_name = "STRATEGY,...", value_delimiter = ',',
        value_parser = names(Exclusion::ALL.map(|exclusion| (exclusion.name(), exclusion))),
        hide_possible_values = true, help_heading = "Matrix"
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

    /// A vertex that moves by no more wakes nobody: for pagerank divided by the number of vertices, for als in any factor, for lasso in the fitted values; with barriers, pagerank ends when all moves together are below it [default: 1e-3 for pagerank, 0.01 for als, 1e-6 for lasso]
    #[arg(allow_negative_numbers = true, long, value_name = "T", value_parser = tolerance, help_heading = "Runs")]
    tolerance: Option<f64>,
    /// Iterations of a run at most: as many visits as there are vertices [default: 15 for als, 40 for sgd, 100 for pagerank with barriers, else as many as needed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Runs")]
    iterations: Option<u64>,
    /// Seconds of computing of a run at most [default: no limit]
    #[arg(allow_negative_numbers = true, long, value_name = "SECONDS", value_parser = seconds, help_heading = "Runs")]
    max_seconds: Option<Duration>,
    /// Look for a serial order after each run without barriers; runs then take longer [default: without INPUT, 3 iterations more of each are looked at, which are not timed]
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
  gasworks lab sgd --threads 1,2,8                  blocks against steps that race (Hogwild)
  gasworks lab pagerank --schedulers \"sweep,priority\"  everyone again and again against the most urgent first";

/// Rounds of a run that is looked at unasked.
const AUDITED: u64 = 3;

/// What can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Program {
    Pagerank,
    Components,
    Sssp,
    Als,
    Sgd,
    Color,
    Kcore,
    Gibbs,
    Lasso,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Program::Pagerank => "pagerank",
            Program::Components => "components",
            Program::Sssp => "sssp",
            Program::Als => "als",
            Program::Sgd => "sgd",
            Program::Color => "color",
            Program::Kcore => "kcore",
            Program::Gibbs => "gibbs",
            Program::Lasso => "lasso",
        }
    }

    /// What its visits hold.
    fn model(self) -> Model {
        if self == Program::Lasso { Model::Full } else { Model::Edge }
    }

    /// With barriers and without.
    fn schedulers(self) -> &'static str {
        match self {
            Program::Pagerank | Program::Color | Program::Lasso => {
                "sweep,multiqueue_fifo,multiqueue_priority"
            }
            Program::Als => "sweep(phases=sides),multiqueue_fifo,multiqueue_priority",
            Program::Components | Program::Sssp | Program::Kcore | Program::Gibbs => {
                "rounds,multiqueue_fifo,multiqueue_priority"
            }
            // An order of its own.
            Program::Sgd => "sweep",
        }
    }

    fn exclusions(self) -> Vec<Exclusion> {
        match self {
            Program::Sgd => Exclusion::OF_EDGES.into(),
            _ => strategies().map(|(_, exclusion)| exclusion).collect(),
        }
    }
}

impl Lab {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        self.check()?;
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
        let consistency = match self.consistency.is_empty() {
            true => vec![Kept::Model(self.program.model()), Kept::Relaxed],
            false => self.consistency.clone(),
        };
        let (mut engines, mut exclusions) = (self.engines.clone(), self.exclusions.clone());
        if engines.is_empty() {
            engines = vec![Executor::Sync, Executor::Async];
        }
        if exclusions.is_empty() {
            exclusions = self.program.exclusions();
        }
        let clock = Instant::now();
        let mut subject = self.subject(reporter)?;
        let load_seconds = clock.elapsed().as_secs_f64();
        let matrix = Matrix {
            engines: &engines,
            schedulers: &schedulers.0,
            consistency: &consistency,
            exclusions: &exclusions,
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
            look: measure::look(subject.size().0),
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
            let audited = match self.looks_at_one_more(cell) && !stop.is_stopped() {
                true => {
                    let most = limits.rounds.unwrap_or(AUDITED).min(AUDITED);
                    Some(subject.run(&cell.audited(), &Limits { rounds: Some(most), ..limits })?)
                }
                false => None,
            };
            report::cell(cell, &runs, audited.as_ref(), &*subject, reporter)?;
            if stop.is_stopped() {
                break;
            }
        }
        report::done(cells.len(), stop.is_stopped(), reporter)?;
        Ok(if stop.is_stopped() { Ending::Interrupted } else { Ending::Done })
    }

    /// Refuses options that mean nothing for the program.
    fn check(&self) -> Result<(), Failure> {
        let has_ratings = matches!(self.program, Program::Als | Program::Sgd);
        let has_edges = !has_ratings && !matches!(self.program, Program::Gibbs | Program::Lasso);
        let has_formats = has_edges || has_ratings;
        let has_order = self.program != Program::Sgd;
        let given = [
            ("--engines", !self.engines.is_empty(), has_order),
            ("--schedulers", self.schedulers.is_some(), has_order),
            ("--consistency", !self.consistency.is_empty(), has_order),
            ("--audit", self.audit, has_order),
            ("--tolerance", self.tolerance.is_some(), has_order),
            ("--exclusions relaxed", self.exclusions.contains(&Exclusion::Relaxed), !has_order),
            ("--format", self.options.format.is_some(), has_formats),
            ("--lenient", self.options.lenient, has_formats),
            ("--undirected", self.edges.undirected, has_edges),
            ("--source", self.source.is_some(), self.program == Program::Sssp),
        ];
        match given.iter().find(|(_, given, has_meaning)| *given && !has_meaning) {
            None => Ok(()),
            Some((option, ..)) => Err(Failure::usage(
                format!("options that mean something for {}", self.program.name()),
                *option,
                "leave it out",
            )),
        }
    }

    fn repeats(&self) -> u32 {
        self.repeat.unwrap_or(if self.program == Program::Color { 20 } else { 1 })
    }

    /// Whether one more run is audited: where nothing else was asked for, so that the sample shows what was serializable.
    fn looks_at_one_more(&self, cell: &Cell) -> bool {
        let can_be = self.program != Program::Sgd;
        self.input.is_none() && !self.audit && cell.order.is_async() && can_be
    }

    fn subject(&self, reporter: &mut Reporter) -> Result<Box<dyn Subject>, Failure> {
        let tolerance = |default: f64| self.tolerance.unwrap_or(default);
        let path = self.input.as_deref();
        Ok(match self.program {
            Program::Als => {
                let ratings = factorization::ratings(path, self.options, Duplicates::default(), reporter)?;
                Box::new(subjects::Als::new(&ratings, tolerance(0.01) as f32, self.seed)?)
            }
            Program::Sgd => {
                let ratings = factorization::ratings(path, self.options, Duplicates::default(), reporter)?;
                Box::new(subjects::Sgd::new(&ratings, self.seed)?)
            }
            Program::Gibbs => self.gibbs(reporter)?,
            Program::Lasso => {
                let data = match path {
                    Some(path) => lasso::load(&Source::from_path(path), reporter)?,
                    None => samples::observations(self.seed, reporter),
                };
                Box::new(subjects::Lasso::new(data, tolerance(programs::Lasso::default().tolerance))?)
            }
            Program::Pagerank => {
                Box::new(subjects::Ranks::new(self.graph(reporter)?.plain()?, tolerance(1e-3))?)
            }
            Program::Components => Box::new(subjects::Labels::new(self.graph(reporter)?.plain()?)?),
            Program::Color => Box::new(subjects::Colors::new(self.graph(reporter)?.plain()?)),
            Program::Kcore => Box::new(subjects::Cores::new(self.graph(reporter)?.plain()?)?),
            Program::Sssp => {
                let graph = self.graph(reporter)?;
                let source = graph.source(self.source.as_deref(), reporter)?;
                Box::new(subjects::Distances::new(graph.weighted()?, source)?)
            }
        })
    }

    fn graph(&self, reporter: &mut Reporter) -> Result<input::Edges, Failure> {
        let source = match &self.input {
            Some(path) => Source::from_path(path),
            None => samples::graph(self.seed, self.program == Program::Sssp, reporter)?,
        };
        input::graph(&source, self.options, self.edges, reporter)
    }

    fn gibbs(&self, reporter: &mut Reporter) -> Result<Box<dyn Subject>, Failure> {
        let (name, model) = match &self.input {
            Some(path) => (path.as_path(), input::model(path, reporter)?),
            None => (Path::new("the grid"), samples::model(self.seed, reporter)),
        };
        let start = gibbs::in_file(name)(model.start(self.seed).and_then(|start| model.graph(&start)))?;
        let Some(subject) = subjects::Gibbs::new(model, start) else {
            return Err(Failure::data(
                name,
                "a model with narrow loops, whose exact marginals the lab compares with",
                "loops that are too wide for variable elimination",
                "name a smaller model; gasworks gibbs samples any",
            ));
        };
        Ok(Box::new(subject))
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=1e9).contains(&number) => Ok(number),
        _ => Err("expected a number from 0 to 1e9, such as 1e-3".into()),
    }
}
