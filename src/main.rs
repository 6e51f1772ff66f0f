//! The command line of gasworks: parse, run, say what went wrong, choose the exit code.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Ending, Failure, Reporter};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => return refuse(&refusal),
    };
    let mut reporter = Reporter::new(cli.voice());
    match cli.run(&mut reporter) {
        Ok(Ending::Done) | Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Ok(Ending::Interrupted) => ExitCode::from(130),
        Ok(Ending::Broken) => ExitCode::from(70),
        Err(failure) => {
            reporter.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// What the parser could not make sense of, or the help that was asked for.
fn refuse(refusal: &clap::Error) -> ExitCode {
    if refusal.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = refusal.to_string();
        let message = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        Reporter::refusal(message);
    }
    // Nobody is left to be told that the terminal is gone.
    let _ = refusal.print();
    ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(2))
}
