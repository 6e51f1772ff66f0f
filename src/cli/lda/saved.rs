//! The model that a run leaves.

use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::programs::lda::TopicModel;
use serde_json::json;

use super::super::error::Failure;
use super::super::events::{Metrics, Reporter};
use super::super::output::check_file;

#[derive(Args, Debug)]
pub(super) struct SavingOptions {
    /// Write a model that `gasworks topics` and `gasworks infer` read; it is a safetensors file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    model: Option<PathBuf>,
}

impl SavingOptions {
    /// Refuses a file that cannot be written, or that is among the inputs, before anything is read.
    pub(super) fn check(&self, inputs: &[&Path], reporter: &mut Reporter) -> Result<(), Failure> {
        self.model.iter().try_for_each(|path| check_file(path, inputs, reporter))
    }

    pub(super) fn write(&self, model: &TopicModel, reporter: &Reporter) -> Result<(), Failure> {
        if let Some(path) = &self.model {
            model.save(path)?;
            reporter.say(format_args!("wrote {}", path.display()));
        }
        Ok(())
    }

    /// The part of the last event that tells where it is.
    pub(super) fn details(&self) -> Metrics {
        let path = self.model.as_ref().map(|path| path.display().to_string());
        Metrics::from_iter([("model".to_owned(), json!(path))])
    }
}
