//! Factors for other tools, in the format that the file's extension names.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use gasworks::graph::Ids;
use gasworks::programs::factorization::{Factorization, Number, write_npy, write_text};

use super::super::error::Failure;

/// Where factors go, and in which format.
#[derive(Clone, Debug)]
pub(in super::super) struct Export {
    path: PathBuf,
    format: Format,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Npy,
    Text,
    Safetensors,
}

impl FromStr for Export {
    type Err = String;

    fn from_str(path: &str) -> Result<Self, String> {
        let path = PathBuf::from(path);
        let format = match path.extension().and_then(|extension| extension.to_str()) {
            Some("npy") => Format::Npy,
            Some("txt") => Format::Text,
            Some("safetensors") => Format::Safetensors,
            _ => return Err("expected a name that ends in .npy, .txt or .safetensors".into()),
        };
        Ok(Export { path, format })
    }
}

impl Export {
    /// What a command takes that makes no model.
    pub(in super::super) fn of_vectors(path: &str) -> Result<Self, String> {
        let export = path.parse().ok().filter(|export: &Self| !matches!(export.format, Format::Safetensors));
        export.ok_or_else(|| "expected a name that ends in .npy or .txt".into())
    }

    /// A file for each side, named after it.
    pub(in super::super) fn sides(&self, names: [&str; 2]) -> [PathBuf; 2] {
        let extension = self.path.extension().unwrap_or_default().display();
        names.map(|side| self.path.with_extension(format!("{side}.{extension}")))
    }

    /// Writes the row-major vectors of one side, a row for each id.
    pub(in super::super) fn write_side<T: Number>(
        &self,
        path: &Path,
        vectors: &[T],
        ids: &Ids,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Text => write_text(path, vectors, ids)?,
            Format::Npy | Format::Safetensors => write_npy(path, vectors, ids.len())?,
        }
        Ok(())
    }

    /// The files that are written: one, or one for the users and one for the items.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match self.format {
            Format::Safetensors => vec![self.path.clone()],
            Format::Npy | Format::Text => self.sides(["users", "items"]).into(),
        }
    }

    pub(super) fn write(&self, model: &Factorization) -> Result<(), Failure> {
        let sides = [(model.user_factors(), model.users()), (model.item_factors(), model.items())];
        for (path, (factors, ids)) in self.files().iter().zip(sides) {
            match self.format {
                Format::Safetensors => model.save(path)?,
                Format::Npy | Format::Text => self.write_side(path, factors, ids)?,
            }
        }
        Ok(())
    }
}
