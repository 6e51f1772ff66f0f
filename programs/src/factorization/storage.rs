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

use std::io::{self, Write};
use std::path::Path;

use gasworks_engine::input::write_atomically;
use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::error::FactorizationError;
use super::metrics::Clip;
use super::model::Factorization;
use super::seen::Seen;
use super::settings::Settings;
use super::values::Values;
use crate::container::{
    self, Column, Identity, Kind, Opened, Refusal, Stored, Tensors, ids, join, open, split,
};

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
        Self::from_bytes(path, &container::read(path).map_err(failed)?)
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
            users: columns.0.kind(),
            items: columns.1.kind(),
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
            return Err(file.refuse("program", file.program.clone(), settings.program).into());
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
            FactorizationError::Model { part, expected, got, .. } => file.refuse(part, expected, got).into(),
            other => other,
        })?;
        Ok(model)
    }
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
fn ratings(file: &Opened<'_>) -> Result<Values, Refusal> {
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

#[cfg(test)]
#[path = "storage_tests.rs"]
mod tests;
