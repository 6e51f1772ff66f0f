//! `gasworks inspect`: what an input is, before anything is learned from it.

mod degrees;
mod memory;

use std::io::{self, Read};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gasworks::input::{
    EdgeList, Format, Loaded, Ratings, RatingsOptions, Report, Source, read_edges, read_ratings, read_stored,
};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::error::Failure;
use super::events::{Reporter, number};
use super::options::{InputOptions, Voice};
use super::run::Ending;

/// Show what a file is: format, counts, degrees, duplicates, isolated vertices, and how much memory programs will take
///
/// A file whose header names users, items or ratings is read as ratings, every other as a graph; --as decides otherwise. Checksums of a graph in binary are looked at.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gasworks inspect ratings.csv")]
pub(crate) struct Inspect {
    /// Ratings or a graph in any format; - is standard input
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
        // Reading it as ratings would read it whole to say that it is none.
        let stored = match self.kind {
            Some(Kind::Ratings) => None,
            Some(Kind::Graph) | None => self.stored(&source)?,
        };
        let (kind, report, facts) = match (stored, self.kind) {
            (Some(loaded), _) => as_graph(loaded),
            (None, Some(Kind::Ratings)) => as_ratings(read_ratings(&source, &options)?),
            (None, Some(Kind::Graph)) => as_graph(read_edges(&source, &self.options.edges())?),
            (None, None) => match read_ratings(&source, &options) {
                Ok(loaded) if looks_like_ratings(&loaded.report) => as_ratings(loaded),
                ratings => match (read_edges(&source, &self.options.edges()), ratings) {
                    (Ok(loaded), _) => as_graph(loaded),
                    // No graph, since it is not square.
                    (Err(_), Ok(loaded))
                        if matches!(loaded.report.format, Format::MatrixMarket | Format::Npz) =>
                    {
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

    /// A graph in binary, as a list.
    fn stored(&self, source: &Source) -> Result<Option<Loaded<EdgeList>>, Failure> {
        if self.options.format.is_some_and(|format| format != Format::Binary) {
            return Ok(None);
        }
        let loaded = read_stored(source)?;
        Ok(loaded.map(|Loaded { data, report }| Loaded { data: data.into_list(), report }))
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
    let facts = of_graph(&data, &report);
    ("graph", report, facts)
}

fn looks_like_ratings(report: &Report) -> bool {
    let header = report.header.as_deref().unwrap_or_default().to_lowercase();
    let is_table = !matches!(report.format, Format::MatrixMarket | Format::Npz);
    report.format == Format::Colons || is_table && RATING_WORDS.iter().any(|word| header.contains(word))
}

fn of_ratings(ratings: &Ratings) -> Map<String, Value> {
    let (users, items) = (ratings.users.len(), ratings.items.len());
    let per_user = occurrences(users, ratings.entries.iter().map(|rating| rating.user));
    let per_item = occurrences(items, ratings.entries.iter().map(|rating| rating.item));
    let values: Vec<f32> = ratings.entries.iter().map(|rating| rating.value).collect();
    facts(json!({
        "users": users,
        "items": items,
        "ratings": values.len(),
        "density": values.len() as f64 / (users as f64 * items as f64),
        "values": range(&values),
        "ratings_per_user": distribution(per_user.clone()),
        "ratings_per_item": distribution(per_item.clone()),
        "degrees": degrees::table([("users", &per_user), ("items", &per_item)]),
    }))
}

fn of_graph(graph: &EdgeList, report: &Report) -> Map<String, Value> {
    let (count, arcs) = (graph.ids.len(), &graph.arcs);
    let mut sorted = arcs.clone();
    sorted.par_sort_unstable();
    let parallel = sorted.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let reversed = arcs.par_iter().filter(|[a, b]| a != b && sorted.binary_search(&[*b, *a]).is_ok()).count();
    let degrees = |side: usize| occurrences(count, arcs.iter().map(|arc| arc[side]));
    let (outgoing, incoming) = (degrees(0), degrees(1));
    let memory = memory::Graph {
        vertices: count as u64,
        edges: arcs.len() as u64,
        has_weights: graph.weights.is_some(),
        text: (report.format != Format::Binary).then_some(report.text_bytes),
    };
    let isolated = outgoing.iter().zip(&incoming).filter(|(out, into)| **out + **into == 0).count();
    facts(json!({
        "vertices": count,
        "edges": arcs.len(),
        "self_loops": arcs.iter().filter(|[source, target]| source == target).count(),
        "parallel_edges": parallel,
        "edges_with_reverse": reversed,
        "isolated_vertices": isolated,
        "weights": graph.weights.as_deref().map(range),
        "out_degree": distribution(outgoing.clone()),
        "in_degree": distribution(incoming.clone()),
        "degrees": degrees::table([("out", &outgoing), ("in", &incoming)]),
        "memory": memory.forecast(),
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

/// How often each of `count` things occurs.
fn occurrences(count: usize, of: impl Iterator<Item = u32>) -> Vec<u64> {
    let mut degrees = vec![0; count];
    of.for_each(|one| degrees[one as usize] += 1);
    degrees
}

/// Quantiles, each an occurring value.
fn distribution(mut degrees: Vec<u64>) -> Value {
    let count = degrees.len();
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

/// One fact a line; a distribution is its quantiles in one line. Tables come last.
fn show(facts: &Map<String, Value>, duplicates: u64, reporter: &mut Reporter) -> Result<(), Failure> {
    let plain = |value: &Value| match value.as_f64() {
        Some(float) if !value.is_u64() => format!("{float:.4}"),
        _ => value.to_string(),
    };
    for (name, value) in facts {
        let name = name.replace('_', " ");
        match value {
            Value::Array(_) => {}
            Value::Object(programs) if name == "memory" => {
                let program = |(name, bytes): (&String, &Value)| {
                    format!("{name} {}", memory::shown(bytes.as_u64().unwrap_or(0)))
                };
                let programs: Vec<String> = programs.iter().map(program).collect();
                reporter.line(format_args!("{:<20}{}", "memory forecast", programs.join(", ")))?;
            }
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
    let title = if facts.contains_key("ratings") { "ratings" } else { "edges of a vertex" };
    degrees::show(title, &facts["degrees"], reporter)
}
