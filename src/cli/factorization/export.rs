//! Factors for other tools, in the format that the file's extension names.

use std::path::PathBuf;
use std::str::FromStr;

use gasworks::programs::factorization::{Factorization, write_npy, write_text};

use super::super::error::Failure;

/// Where factors go, and in which format.
#[derive(Clone, Debug)]
pub(super) struct Export {
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
    /// The files that are written: one, or one for the users and one for the items.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let side = |side: &str| {
            let extension = self.path.extension().unwrap_or_default();
            self.path.with_extension(format!("{side}.{}", extension.display()))
        };
        match self.format {
            Format::Safetensors => vec![self.path.clone()],
            Format::Npy | Format::Text => vec![side("users"), side("items")],
        }
    }

    pub(super) fn write(&self, model: &Factorization) -> Result<(), Failure> {
        let sides = [(model.user_factors(), model.users()), (model.item_factors(), model.items())];
        for (path, (factors, ids)) in self.files().iter().zip(sides) {
            match self.format {
                Format::Safetensors => model.save(path)?,
                Format::Npy => write_npy(path, factors, ids.len())?,
                Format::Text => write_text(path, factors, ids)?,
            }
        }
        Ok(())
    }
}
