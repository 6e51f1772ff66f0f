//! Where results go: a file, written whole or not at all, or standard output.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use gasworks::graph::Ids;
use gasworks::input::{check_writable, write_atomically};

use super::error::Failure;
use super::events::Reporter;

/// A file, or `-` for standard output.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    Stdout,
    File(PathBuf),
}

impl FromStr for Output {
    type Err = std::convert::Infallible;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        Ok(if path == "-" { Output::Stdout } else { Output::File(path.into()) })
    }
}

impl Output {
    /// Looks whether it can be written, before long work.
    pub(crate) fn check(&self, inputs: &[&Path], reporter: &mut Reporter) -> Result<(), Failure> {
        match self {
            Output::Stdout if reporter.is_json() => Err(Failure::usage(
                "a file to write to, since events go to standard output",
                "- with --json",
                "name a file, or leave out --json",
            )),
            Output::Stdout => Ok(()),
            Output::File(path) => check_file(path, inputs, reporter),
        }
    }

    /// Writes all of it.
    pub(crate) fn write(
        &self,
        reporter: &Reporter,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match self {
            Output::Stdout => {
                let mut stdout = BufWriter::with_capacity(1 << 16, io::stdout().lock());
                write(&mut stdout)?;
                stdout.flush()?;
            }
            Output::File(path) => {
                write_atomically(path, write)?;
                reporter.say(format_args!("wrote {}", path.display()));
            }
        }
        Ok(())
    }

    /// Writes `id<TAB>value` for each vertex, in the order of the ids.
    pub(crate) fn write_values(
        &self,
        reporter: &Reporter,
        ids: &Ids,
        value: impl Fn(u32, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        self.write(reporter, |writer| {
            for vertex in 0..ids.len() as u32 {
                write!(writer, "{}\t", ids.id(vertex))?;
                value(vertex, writer)?;
                writer.write_all(b"\n")?;
            }
            Ok(())
        })
    }

    /// Whether a summary is to be printed too: not among events or results, and not where quiet is asked for and results are in a file.
    pub(crate) fn leaves_summary(output: Option<&Output>, reporter: &Reporter) -> bool {
        match output {
            _ if reporter.is_json() => false,
            None => true,
            Some(Output::Stdout) => false,
            Some(Output::File(_)) => !reporter.is_quiet(),
        }
    }

    /// For the last event.
    pub(crate) fn name(&self) -> String {
        match self {
            Output::Stdout => "-".into(),
            Output::File(path) => path.display().to_string(),
        }
    }
}

/// Looks whether a file can be written and is none of the inputs, before long work.
pub(crate) fn check_file(path: &Path, inputs: &[&Path], reporter: &mut Reporter) -> Result<(), Failure> {
    let whole = |path: &Path| path.canonicalize().ok();
    if let Some(input) =
        inputs.iter().find(|input| whole(path).is_some_and(|path| Some(path) == whole(input)))
    {
        return Err(Failure::usage(
            "a file to write to that is not an input",
            format!("{}, which is also read", input.display()),
            "name another file",
        ));
    }
    check_writable(path)?;
    reporter.expect_files();
    Ok(())
}
