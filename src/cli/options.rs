//! Options that several commands take, and how their values are read.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gasworks::Isa;
use gasworks::input::{EdgesOptions, Format};

use super::order::OrderOptions;

/// What is said, and in which form.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Voice {
    /// Print one JSON object a line on standard output, and nothing else there
    #[arg(long, help_heading = "Messages")]
    pub(crate) json: bool,
    /// No progress, no notes, no summary: errors, and results that have no other place to go
    #[arg(long, short, help_heading = "Messages")]
    pub(crate) quiet: bool,
}

/// How the engine runs, for every command that runs one, whatever order it runs in.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Running")]
pub(crate) struct Common {
    /// Threads to run on; under sync, and under async with coloring, results do not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<usize>,
    /// Seed of all random numbers: under sync, and under async with coloring or on one thread, the same seed gives the same bits
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Stop at the first barrier, or under async batch, after so many vertex updates [default: no limit]
    #[arg(long, value_name = "N")]
    pub(crate) max_updates: Option<u64>,
    /// Stop at the first barrier, or under async batch, after so many seconds of computing, loading not counted [default: no limit]
    #[arg(allow_negative_numbers = true, long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) max_seconds: Option<Duration>,
    /// Vector instructions: auto, baseline, avx2, avx512 or neon; the same bits are promised at the same level only
    #[arg(long, value_name = "LEVEL", default_value = "auto", value_parser = isa)]
    pub(crate) isa: Isa,
}

/// How the engine runs a program of vertices.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) order: OrderOptions,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl Common {
    /// How many threads.
    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }
}

/// How inputs are read.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputOptions {
    /// Format of the input [default: told from its content]
    #[arg(long, value_name = "NAME", value_parser = format())]
    pub(crate) format: Option<Format>,
    /// Report counts in a header that do not match the body, and go on
    #[arg(long)]
    pub(crate) lenient: bool,
}

impl InputOptions {
    pub(crate) fn edges(self) -> EdgesOptions {
        EdgesOptions { format: self.format, lenient: self.lenient }
    }
}

/// One of these names, as the value that it stands for.
pub(crate) fn names<T: Clone + Send + Sync + 'static>(
    values: impl IntoIterator<Item = (&'static str, T)>,
) -> impl TypedValueParser<Value = T> {
    let values: Vec<(&'static str, T)> = values.into_iter().collect();
    let names: Vec<&'static str> = values.iter().map(|(name, _)| *name).collect();
    PossibleValuesParser::new(names).map(move |name| {
        let value = values.iter().find(|(known, _)| *known == name);
        value.expect("the parser admits these names only").1.clone()
    })
}

fn format() -> impl TypedValueParser<Value = Format> {
    names(Format::ALL.map(|format| (format.name(), format)))
}

pub(crate) fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("a run needs at least one thread; leave it out to use all cores".into()),
        Ok(threads) if threads <= 4096 => Ok(threads),
        _ => Err("expected a number of threads from 1 to 4096".into()),
    }
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "expected a number of seconds, 0 or more, such as 2.5".into())
}

fn isa(name: &str) -> Result<Isa, String> {
    let isa = if name == "auto" {
        Isa::detect()
    } else {
        name.parse::<Isa>().map_err(|_| "expected auto, baseline, avx2, avx512 or neon".to_owned())?
    };
    if isa.is_available() {
        return Ok(isa);
    }
    Err(format!("this machine does not have it; auto chooses its best, {}", Isa::detect()))
}

/// A number in `[0, most]`.
pub(crate) fn up_to(most: f32) -> impl Fn(&str) -> Result<f32, String> + Clone {
    move |text| match text.parse::<f32>() {
        Ok(number) if (0.0..=most).contains(&number) => Ok(number),
        _ => Err(format!("expected a number from 0 to {most}")),
    }
}

/// A number in `[0, 1)`.
pub(crate) fn share<T: std::str::FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    match text.parse::<T>() {
        Ok(number) if number >= T::from(0) && number < T::from(1) => Ok(number),
        _ => Err("expected a number from 0 up to, but not including, 1".into()),
    }
}

/// A learning rate, or what it is multiplied by.
pub(crate) fn above_zero(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number: &f32| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "expected a number above 0, such as 0.05".into())
}
