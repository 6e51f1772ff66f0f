//! `gasworks inspect`: what an input is, before anything is learned from it.

use std::io::{self, Read};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gasworks::input::{
    EdgeList, Format, Loaded, Ratings, RatingsOptions, Report, Source, read_edges, read_ratings,
};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::error::Failure;
use super::events::{Reporter, number};
use super::options::{InputOptions, Voice};
use super::run::Ending;

/// Show what a file is: format, counts, degrees, duplicates
///
/// A file whose header names users, items or ratings is read as ratings, every other as a graph; --as decides otherwise.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks inspect ratings.csv")]
pub(crate) struct Inspect {
    /// A table or a MatrixMarket file; - is standard input
    input: PathBuf,
    /// What to read it as [default: told from its header]
    #[arg(long = "as", value_name = "KIND", value_enum)]
    kind: Option<Kind>,
    #[command(flatten)]
    options: InputOptions,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Ratings,
    Graph,
}

/// Parts of the names that columns of ratings have.
const RATING_WORDS: [&str; 6] = ["user", "item", "movie", "product", "rating", "score"];

impl Inspect {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let source = self.source()?;
        let options = RatingsOptions {
            format: self.options.format,
            lenient: self.options.lenient,
            ..Default::default()
        };
        reporter.loading(source.name().display());
        let (kind, report, facts) = match self.kind {
            Some(Kind::Ratings) => as_ratings(read_ratings(&source, &options)?),
            Some(Kind::Graph) => as_graph(read_edges(&source, &self.options.edges())?),
            None => match read_ratings(&source, &options) {
                Ok(loaded) if looks_like_ratings(&loaded.report) => as_ratings(loaded),
                ratings => match (read_edges(&source, &self.options.edges()), ratings) {
                    (Ok(loaded), _) => as_graph(loaded),
                    // No graph, since it is not square.
                    (Err(_), Ok(loaded)) if loaded.report.format == Format::MatrixMarket => {
                        as_ratings(loaded)
                    }
                    (Err(error), _) => return Err(error.into()),
                },
            },
        };
        reporter.loaded(&report);
        if self.kind.is_none() {
            let other = if kind == "graph" { "ratings" } else { "graph" };
            reporter.say(format_args!("read as {kind}; --as {other} reads it as {other}"));
        }
        if !reporter.is_json() {
            show(&facts, report.duplicates, reporter)?;
            return Ok(Ending::Done);
        }
        let mut event = json!({
            "event": "inspect",
            "kind": kind,
            "format": report.format.name(),
            "compression": report.compression.to_string(),
            "bytes": report.bytes,
            "lines": report.lines,
            "rows": report.rows,
            "duplicates": report.duplicates,
            "notes": report.notes,
        });
        event.as_object_mut().expect("an object").extend(facts);
        reporter.event(event)?;
        Ok(Ending::Done)
    }

    /// What may be read twice: standard input goes to memory first.
    fn source(&self) -> Result<Source, Failure> {
        let source = Source::from_path(&self.input);
        if self.input.as_os_str() != "-" {
            return Ok(source);
        }
        let mut bytes = Vec::new();
        let path = source.name().to_owned();
        let fail = |source| gasworks::Error::Read { path: path.clone(), source };
        io::stdin().lock().read_to_end(&mut bytes).map_err(fail)?;
        Ok(Source::from_memory(path, bytes))
    }
}

type Found = (&'static str, Report, Map<String, Value>);

fn as_ratings(Loaded { data, report }: Loaded<Ratings>) -> Found {
    ("ratings", report, of_ratings(&data))
}

fn as_graph(Loaded { data, report }: Loaded<EdgeList>) -> Found {
    ("graph", report, of_graph(&data))
}

fn looks_like_ratings(report: &Report) -> bool {
    let header = report.header.as_deref().unwrap_or_default().to_lowercase();
    let is_table = report.format != Format::MatrixMarket;
    report.format == Format::Colons || is_table && RATING_WORDS.iter().any(|word| header.contains(word))
}

fn of_ratings(ratings: &Ratings) -> Map<String, Value> {
    let (users, items) = (ratings.users.len(), ratings.items.len());
    let degrees = |count: usize, of: fn(&gasworks::input::Rating) -> u32| {
        distribution(count, ratings.entries.iter().map(of))
    };
    let values: Vec<f32> = ratings.entries.iter().map(|rating| rating.value).collect();
    facts(json!({
        "users": users,
        "items": items,
        "ratings": values.len(),
        "density": values.len() as f64 / (users as f64 * items as f64),
        "values": range(&values),
        "ratings_per_user": degrees(users, |rating| rating.user),
        "ratings_per_item": degrees(items, |rating| rating.item),
    }))
}

fn of_graph(graph: &EdgeList) -> Map<String, Value> {
    let (count, arcs) = (graph.ids.len(), &graph.arcs);
    let mut sorted = arcs.clone();
    sorted.par_sort_unstable();
    let parallel = sorted.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let reversed = arcs.par_iter().filter(|[a, b]| a != b && sorted.binary_search(&[*b, *a]).is_ok()).count();
    let mut is_isolated = vec![true; count];
    arcs.iter().flatten().for_each(|vertex| is_isolated[*vertex as usize] = false);
    facts(json!({
        "vertices": count,
        "edges": arcs.len(),
        "self_loops": arcs.iter().filter(|[source, target]| source == target).count(),
        "parallel_edges": parallel,
        "edges_with_reverse": reversed,
        "isolated_vertices": is_isolated.iter().filter(|is_isolated| **is_isolated).count(),
        "weights": graph.weights.as_deref().map(range),
        "out_degree": distribution(count, arcs.iter().map(|[source, _]| *source)),
        "in_degree": distribution(count, arcs.iter().map(|[_, target]| *target)),
    }))
}

fn facts(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn range(values: &[f32]) -> Value {
    if values.is_empty() {
        return Value::Null;
    }
    let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
    json!({
        "least": number(values.iter().copied().fold(f32::INFINITY, f32::min)),
        "most": number(values.iter().copied().fold(f32::NEG_INFINITY, f32::max)),
        "mean": sum / values.len() as f64,
    })
}

/// How often each of `count` things occurs: quantiles, each an occurring value.
fn distribution(count: usize, of: impl Iterator<Item = u32>) -> Value {
    let mut degrees = vec![0u64; count];
    of.for_each(|one| degrees[one as usize] += 1);
    degrees.sort_unstable();
    let Some(last) = count.checked_sub(1) else { return Value::Null };
    let quantile = |share: f64| degrees[(share * last as f64).round() as usize];
    json!({
        "least": degrees[0],
        "10%": quantile(0.1),
        "median": quantile(0.5),
        "90%": quantile(0.9),
        "99%": quantile(0.99),
        "most": degrees[last],
        "mean": degrees.iter().sum::<u64>() as f64 / count as f64,
    })
}

/// One fact a line; a distribution is its quantiles in one line.
fn show(facts: &Map<String, Value>, duplicates: u64, reporter: &mut Reporter) -> Result<(), Failure> {
    let plain = |value: &Value| match value.as_f64() {
        Some(float) if !value.is_u64() => format!("{float:.4}"),
        _ => value.to_string(),
    };
    for (name, value) in facts {
        let name = name.replace('_', " ");
        match value {
            Value::Object(parts) => {
                let parts: Vec<String> =
                    parts.iter().map(|(part, value)| format!("{part} {}", plain(value))).collect();
                reporter.line(format_args!("{name:<20}{}", parts.join(", ")))?;
            }
            Value::Null => reporter.line(format_args!("{name:<20}none"))?,
            value => reporter.line(format_args!("{name:<20}{}", plain(value)))?,
        }
    }
    if facts.contains_key("ratings") {
        reporter.line(format_args!("{:<20}{duplicates}", "duplicates"))?;
    }
    Ok(())
}
