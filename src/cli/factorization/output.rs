//! Where a factorization goes: a model, factors for other tools, and a list for one user.

use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::programs::factorization::Factorization;
use serde_json::json;

use super::super::error::Failure;
use super::super::events::{Metrics, Reporter};
use super::super::output::check_file;
use super::export::Export;

#[derive(Args, Debug)]
pub(in super::super) struct OutputOptions {
    /// Write a model that `gasworks recommend` reads; it is a safetensors file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    model: Option<PathBuf>,
    /// Write the factors. x.npy and x.txt become two files, x.users.npy and x.items.npy; x.safetensors is as --model
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<Export>,
    /// Whom to recommend to in the summary [default: the first user, where titles are known]
    #[arg(allow_hyphen_values = true, long, value_name = "ID", help_heading = "Output")]
    pub(super) user: Option<String>,
}

impl OutputOptions {
    /// Refuses files that cannot be written, or that are among the inputs, before anything is read.
    pub(in super::super) fn check(&self, inputs: &[&Path], reporter: &mut Reporter) -> Result<(), Failure> {
        let exports = self.exports();
        self.model.iter().chain(&exports).try_for_each(|path| check_file(path, inputs, reporter))
    }

    fn exports(&self) -> Vec<PathBuf> {
        self.output.iter().flat_map(Export::files).collect()
    }

    pub(in super::super) fn write(&self, model: &Factorization, reporter: &Reporter) -> Result<(), Failure> {
        if let Some(path) = &self.model {
            model.save(path)?;
            reporter.say(format_args!("wrote {}", path.display()));
        }
        if let Some(export) = &self.output {
            export.write(model)?;
            export.files().iter().for_each(|path| reporter.say(format_args!("wrote {}", path.display())));
        }
        Ok(())
    }

    /// The part of the last event that tells what was kept, and where.
    pub(in super::super) fn details(&self, kept: u64) -> Metrics {
        let names: Vec<String> = self.exports().iter().map(|path| path.display().to_string()).collect();
        let mut more = Metrics::new();
        more.insert("kept_iteration".into(), kept.into());
        more.insert("model".into(), json!(self.model.as_ref().map(|path| path.display().to_string())));
        more.insert("output".into(), names.into());
        more
    }
}
