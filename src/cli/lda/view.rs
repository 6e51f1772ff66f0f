//! The page that shows a topic model.

use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::input::write_atomically;
use gasworks::programs::lda::{TopicModel, ViewSettings};

use super::super::error::Failure;
use super::super::events::Reporter;
use super::super::output::check_file;

#[derive(Args, Debug)]
pub(in super::super) struct ViewOptions {
    /// Write a page of HTML that shows the topics: a map of them, the words of each by relevance, its documents; one file that needs nothing else
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    view: Option<PathBuf>,
}

impl ViewOptions {
    /// Looks whether the page can be written, before long work.
    pub(in super::super) fn check(&self, inputs: &[&Path], reporter: &mut Reporter) -> Result<(), Failure> {
        self.view.as_deref().map_or(Ok(()), |path| check_file(path, inputs, reporter))
    }

    /// Writes the page, if one was asked for, and returns where. It is called after what the documents were read from.
    pub(in super::super) fn write(
        &self,
        model: &TopicModel,
        inputs: &[&Path],
        reporter: &Reporter,
    ) -> Result<Option<String>, Failure> {
        let Some(path) = &self.view else { return Ok(None) };
        let settings = ViewSettings { title: title(inputs), ..ViewSettings::default() };
        let page = model.view(&settings);
        write_atomically(path, |writer| writer.write_all(page.as_bytes()))?;
        reporter.say(format_args!("wrote {}", path.display()));
        Ok(Some(path.display().to_string()))
    }
}

fn title(inputs: &[&Path]) -> String {
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    match inputs {
        [] => "Topics of passages of four books".into(),
        [first] => format!("Topics of {}", name(first)),
        [first, others @ ..] => format!("Topics of {} and {} more", name(first), others.len()),
    }
}
