//! The command line as a script sees it: the built binary, its output, its exit codes.

mod als;
mod asynchronous;
mod bpr;
mod catalog;
mod ccd;
mod color;
mod communities;
mod convert;
mod errors;
mod evaluate;
mod events;
mod fold_in;
mod generate;
mod gibbs;
mod graphs;
mod hits;
mod inspect;
mod kcore;
mod lab;
mod lasso;
mod lda;
mod nmf;
mod pipes;
mod predict;
mod recommend;
mod sgd;
mod svd;
mod svdpp;
mod topics;
mod tune;
mod warm_start;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a command left behind.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The same, if the command succeeded.
    #[track_caller]
    fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self
    }

    /// Standard output as events: each line is one JSON object.
    #[track_caller]
    fn events(&self) -> Vec<Value> {
        let event =
            |line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let events: Vec<Value> = self.out.lines().map(event).collect();
        assert!(events.iter().all(|event| event["event"].is_string()), "{}", self.out);
        events
    }

    /// The last event.
    #[track_caller]
    fn last(&self) -> Value {
        self.events().pop().expect("an event")
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gasworks"));
    command.args(arguments);
    command
}

/// Runs `gasworks` with these arguments and nothing on standard input.
fn gasworks(arguments: &[&str]) -> Run {
    Run::of(command(arguments).stdin(Stdio::null()).output().expect("the binary runs"))
}

/// Runs `gasworks` with these bytes on standard input.
fn gasworks_with(arguments: &[&str], input: &[u8]) -> Run {
    let mut command = command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("the input is read");
    Run::of(child.wait_with_output().expect("the binary ends"))
}

/// A folder for the files of one test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).expect("the file is written");
        path
    }

    /// Names of the files in it, ascending.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let path: PathBuf = path.as_ref().into();
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(path: impl AsRef<Path>) -> String {
    String::from_utf8(read(path)).expect("UTF-8")
}

/// Ratings that factors explain: 60 users and 40 items, even users like even items.
fn ratings() -> String {
    let mut table = String::from("userId,movieId,rating\n");
    for user in 0..60 {
        for item in (0..40).filter(|item| (user * 7 + item * 5) % 11 > 3) {
            let value = if (user + item) % 2 == 0 { 4.5 } else { 2.0 };
            table.push_str(&format!("{},{},{value}\n", 100 + user, 10 * item));
        }
    }
    table
}
