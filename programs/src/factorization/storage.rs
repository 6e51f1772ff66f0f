//! A factorization as one safetensors file, and back.
//!
//! Tensors: `user_factors` [users, rank], `item_factors` [items, rank], `user_biases` [users], `item_biases` [items],
//! `item_means` [items], `item_counts` [items]; the training ratings as compressed sparse rows, `seen_offsets` [users + 1],
//! `seen_items` and `seen_ratings` (float32, or, where there are at most 256 different ones, uint8 places in `rating_levels`; absent in files
//! of versions before it, which this one still reads, as those read files of this one); ids as `user_ids` and `item_ids` (int64 or uint64; absent where an id is the row's number), or as UTF-8 bytes cut by
//! `..._ends`; titles in the same way, an empty one being unknown. Settings are JSON in the metadata. In Python:
//! `safetensors.numpy.load_file("model.safetensors")["item_factors"]`.
//!
//! Loading reads the file once, checks the fingerprint and then everything that the rest of the code relies on. What it
//! allocates is bounded by a small multiple of the length of the file. The same model always gives the same bytes.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use gasworks_engine::graph::Ids;
use gasworks_engine::input::write_atomically;
use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::container::{Element, Identity, Opened, Tensors, open};
use super::error::FactorizationError;
use super::identity::Column;
use super::metrics::Clip;
use super::model::Factorization;
use super::seen::Seen;
use super::settings::Settings;
use super::values::Values;

const IDENTITY: Identity<'_> =
    Identity { format: "gasworks-factorization", version: 1, program: "als|sgd|svdpp|ccd|nmf|bpr" };

/// The part of a model that is no tensor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    settings: Settings,
    mean: f32,
    minimum: f32,
    maximum: f32,
    users: Kind,
    items: Kind,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Range,
    Integers,
    Text,
}

impl Factorization {
    /// Writes the model to one safetensors file, whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written; a previous file then stays as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FactorizationError> {
        Ok(write_atomically(path.as_ref(), |writer| self.write(writer))?)
    }

    /// Reads a model that [`save`](Factorization::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or is not a whole and unchanged factorization of this format version. No bytes make it panic.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FactorizationError> {
        let path = path.as_ref();
        let failed = |source| FactorizationError::Io {
            action: "read",
            path: path.to_owned(),
            advice: "name the model file that --model wrote",
            source,
        };
        // A pipe or device could go on for ever.
        if !fs::metadata(path).map_err(failed)?.is_file() {
            return Err(failed(std::io::Error::other("not a regular file")));
        }
        Self::from_bytes(path, &fs::read(path).map_err(failed)?)
    }

    pub(super) fn write(&self, writer: &mut dyn Write) -> io::Result<()> {
        let (users, items) = (self.users.len(), self.items.len());
        let columns = (Column::of(&self.users), Column::of(&self.items));
        let titles =
            (!self.titles.is_empty()).then(|| self.titles.iter().map(|title| title.as_deref().unwrap_or("")));
        let titles = titles.map(join);
        let (user_ids, item_ids) = (Stored::of(&columns.0), Stored::of(&columns.1));
        let mut tensors = Tensors::default();
        user_ids.push_wide(&mut tensors, "user_ids");
        item_ids.push_wide(&mut tensors, "item_ids");
        tensors.push("seen_offsets", &[users + 1], &self.seen.offsets);
        if let Some((_, ends)) = &titles {
            tensors.push("title_ends", &[ends.len()], ends);
        }
        tensors.push("user_factors", &[users, self.rank()], &self.user_factors);
        tensors.push("item_factors", &[items, self.rank()], &self.item_factors);
        tensors.push("user_biases", &[users], &self.baseline.user_biases);
        tensors.push("item_biases", &[items], &self.baseline.item_biases);
        tensors.push("item_means", &[items], &self.item_means);
        tensors.push("item_counts", &[items], &self.item_counts);
        tensors.push("seen_items", &[self.seen.items.len()], &self.seen.items);
        push_ratings(&mut tensors, &self.seen.values);
        user_ids.push_text(&mut tensors, "user_ids");
        item_ids.push_text(&mut tensors, "item_ids");
        if let Some((text, _)) = &titles {
            tensors.push("titles", &[text.len()], text);
        }
        let details = Details {
            settings: self.settings.clone(),
            mean: self.baseline.mean,
            minimum: self.range.minimum,
            maximum: self.range.maximum,
            users: kind(&columns.0),
            items: kind(&columns.1),
        };
        let details = serde_json::to_string(&details).expect("settings are valid JSON");
        tensors.write(Identity { program: &self.settings.program, ..IDENTITY }, &details, writer)
    }

    pub(super) fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, FactorizationError> {
        let file = open(path, bytes, IDENTITY)?;
        let Details { settings, mean, minimum, maximum, users, items } = serde_json::from_str(&file.details)
            .map_err(|error| {
                file.refuse("settings", "the settings of a training run".into(), error.to_string())
            })?;
        if settings.program != file.program {
            return Err(file.refuse("program", file.program.clone(), settings.program));
        }
        let width = Some(settings.rank);
        let user_factors = file.get("user_factors", &[None, width])?;
        let item_factors = file.get("item_factors", &[None, width])?;
        // The biases prove how many rows there are, also where the rank is 0 or absurd.
        let user_biases: Vec<f32> = file.get("user_biases", &[None])?;
        let item_biases: Vec<f32> = file.get("item_biases", &[None])?;
        let users = ids(&file, "user_ids", users, user_biases.len())?;
        let items = ids(&file, "item_ids", items, item_biases.len())?;
        let seen = Seen {
            offsets: file.get("seen_offsets", &[None])?,
            items: file.get("seen_items", &[None])?,
            values: ratings(&file)?,
        };
        let titles = match file.has::<u8>("titles") {
            true => split(&file, "titles", "title_ends", items.len())?,
            false => Vec::new(),
        };
        let model = Factorization {
            settings,
            user_factors,
            item_factors,
            baseline: Baseline { mean, user_biases, item_biases },
            range: Clip { minimum, maximum },
            item_means: file.get("item_means", &[Some(items.len())])?,
            item_counts: file.get("item_counts", &[Some(items.len())])?,
            titles: titles.into_iter().map(|title| (!title.is_empty()).then_some(title)).collect(),
            users,
            items,
            seen,
        };
        model.validate().map_err(|error| match error {
            FactorizationError::Model { part, expected, got, .. } => file.refuse(part, expected, got),
            other => other,
        })?;
        Ok(model)
    }
}

/// Ids in the form of tensors.
enum Stored {
    Range,
    Signed(Vec<i64>),
    Unsigned(Vec<u64>),
    Text(Vec<u8>, Vec<u64>),
}

impl Stored {
    fn of(column: &Column) -> Self {
        match column {
            Column::Range(_) => Stored::Range,
            Column::Text(ids) => {
                let (text, ends) = join(ids.iter().map(String::as_str));
                Stored::Text(text, ends)
            }
            Column::Integers(ids) => {
                let signed: Option<Vec<i64>> = ids.iter().map(|&id| id.try_into().ok()).collect();
                let unsigned = || ids.iter().map(|&id| id.try_into().ok()).collect::<Option<Vec<u64>>>();
                match (signed, unsigned()) {
                    (Some(ids), _) => Stored::Signed(ids),
                    (None, Some(ids)) => Stored::Unsigned(ids),
                    // Negative ids beside ids beyond 2^63: no element holds both, so they are spelled out.
                    (None, None) => {
                        let spelled: Vec<String> = ids.iter().map(i128::to_string).collect();
                        let (text, ends) = join(spelled.iter().map(String::as_str));
                        Stored::Text(text, ends)
                    }
                }
            }
        }
    }

    fn push_wide<'a>(&'a self, tensors: &mut Tensors<'a>, name: &str) {
        match self {
            Stored::Range => {}
            Stored::Signed(ids) => tensors.push(name, &[ids.len()], ids),
            Stored::Unsigned(ids) => tensors.push(name, &[ids.len()], ids),
            Stored::Text(_, ends) => tensors.push(&format!("{name}_ends"), &[ends.len()], ends),
        }
    }

    fn push_text<'a>(&'a self, tensors: &mut Tensors<'a>, name: &str) {
        if let Stored::Text(text, _) = self {
            tensors.push(name, &[text.len()], text);
        }
    }
}

fn kind(column: &Column) -> Kind {
    match column {
        Column::Range(_) => Kind::Range,
        Column::Integers(_) => Kind::Integers,
        Column::Text(_) => Kind::Text,
    }
}

fn ids(file: &Opened<'_>, name: &str, kind: Kind, count: usize) -> Result<Ids, FactorizationError> {
    fn wide<T: Element + Into<i128>>(
        file: &Opened<'_>,
        name: &str,
        count: usize,
    ) -> Result<Column, FactorizationError> {
        Ok(Column::Integers(file.get::<T>(name, &[Some(count)])?.into_iter().map(T::into).collect()))
    }
    let wrong = || file.refuse(name, "ids that ascend strictly".into(), "others".into());
    let spelled = || split(file, name, &format!("{name}_ends"), count);
    let column = match kind {
        Kind::Range => Column::Range(u32::try_from(count).map_err(|_| wrong())?),
        Kind::Text => Column::Text(spelled()?),
        Kind::Integers if file.has::<u64>(name) => wide::<u64>(file, name, count)?,
        Kind::Integers if file.has::<u8>(name) => {
            let parsed: Option<Vec<i128>> = spelled()?.iter().map(|id| id.parse().ok()).collect();
            Column::Integers(parsed.ok_or_else(wrong)?)
        }
        Kind::Integers => wide::<i64>(file, name, count)?,
    };
    column.build().ok_or_else(wrong)
}

/// The values of ratings.
fn push_ratings<'a>(tensors: &mut Tensors<'a>, values: &'a Values) {
    match values {
        values if *values == Values::NONE => {}
        Values::OnLevels { levels, places } => {
            tensors.push("rating_levels", &[levels.len()], levels);
            tensors.push("seen_ratings", &[places.len()], places);
        }
        Values::Plain(values) => tensors.push("seen_ratings", &[values.len()], values),
    }
}

/// The values of ratings; none, if the file does not hold them.
fn ratings(file: &Opened<'_>) -> Result<Values, FactorizationError> {
    if file.has::<f32>("seen_ratings") {
        return Ok(Values::Plain(file.get("seen_ratings", &[None])?));
    }
    if !file.has::<u8>("seen_ratings") {
        return Ok(Values::NONE);
    }
    let levels: Vec<f32> = file.get("rating_levels", &[None])?;
    let places: Vec<u8> = file.get("seen_ratings", &[None])?;
    match places.iter().all(|place| usize::from(*place) < levels.len()) {
        true => Ok(Values::OnLevels { levels, places }),
        false => {
            Err(file.refuse("seen_ratings", format!("places below {}", levels.len()), "greater ones".into()))
        }
    }
}

/// Texts one after another, and where each ends.
fn join<'a>(texts: impl Iterator<Item = &'a str>) -> (Vec<u8>, Vec<u64>) {
    let mut joined = Vec::new();
    let ends = texts.map(|text| {
        joined.extend_from_slice(text.as_bytes());
        joined.len() as u64
    });
    let ends = ends.collect();
    (joined, ends)
}

fn split(file: &Opened<'_>, name: &str, ends: &str, count: usize) -> Result<Vec<String>, FactorizationError> {
    let bytes: Vec<u8> = file.get(name, &[None])?;
    let ends: Vec<u64> = file.get(ends, &[Some(count)])?;
    let mut start = 0;
    let texts: Option<Vec<String>> = ends
        .iter()
        .map(|&end| {
            let end = usize::try_from(end).ok()?;
            let text = std::str::from_utf8(bytes.get(start..end)?).ok()?;
            start = end;
            Some(text.to_owned())
        })
        .collect();
    texts
        .filter(|_| start == bytes.len())
        .ok_or_else(|| file.refuse(name, "UTF-8 text cut by ascending ends".into(), "others".into()))
}

#[cfg(test)]
#[path = "storage_tests.rs"]
mod tests;
