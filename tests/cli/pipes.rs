//! Readers that leave and users who press Ctrl-C.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::{Folder, command, gasworks, text};

fn piped(arguments: &[&str]) -> Child {
    let mut command = command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary runs")
}

#[test]
fn a_reader_that_leaves_ends_the_command_quietly() {
    for arguments in [
        &["generate", "rmat", "--scale", "14"][..],
        &["generate", "ratings", "--users", "3000", "--items", "500", "--count", "100000"],
    ] {
        let mut child = piped(arguments);
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
        reader.read_line(&mut String::new()).expect("a line");
        drop(reader);
        let output = child.wait_with_output().expect("an end");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

/// Enough work for a signal to arrive in; a run that is not stopped would go on for days.
fn endless(folder: &Folder) -> String {
    let input = folder.path("ratings.csv");
    gasworks(&["generate", "ratings", "--users", "600", "--items", "300", "--count", "20000", "-o", &input])
        .ok();
    input
}

#[test]
fn events_without_a_reader_stop_a_run_that_writes_no_file() {
    let folder = Folder::new();
    let input = endless(&folder);
    let mut child = piped(&["als", &input, "--iterations", "1000000000", "--json", "--quiet"]);
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    reader.read_line(&mut String::new()).expect("a line");
    drop(reader);
    let output = child.wait_with_output().expect("an end");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn an_interrupted_run_leaves_whole_files() {
    interrupt("als");
    interrupt("sgd");
    interrupt("bpr");
    interrupt("svdpp");
}

fn interrupt(program: &str) {
    let folder = Folder::new();
    let input = endless(&folder);
    let (model, factors) = (folder.path("model"), folder.path("factors.txt"));
    let iterations = ["--iterations", "1000000000"];
    let outputs = ["--rank", "16", "--model", &model, "--output", &factors, "--json", "--quiet"];
    let mut child = piped(&[&[program, &input], &iterations[..], &outputs[..]].concat());
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("progress") {
        line.clear();
        assert!(reader.read_line(&mut line).expect("a line") > 0, "the run ended");
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    let mut rest = String::new();
    reader.read_to_string(&mut rest).expect("events");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let done: serde_json::Value = serde_json::from_str(rest.lines().last().expect("an event")).expect("JSON");
    assert_eq!((&done["event"], &done["reason"]), (&"done".into(), &"interrupted".into()));

    gasworks(&["recommend", &model, "--user", "0"]).ok();
    assert_eq!(text(folder.path("factors.users.txt")).lines().count(), 600);
    assert!(folder.names().iter().all(|name| !name.contains("part")), "{:?}", folder.names());

    // The same bits as a run that was asked for so many iterations.
    let again = folder.path("again");
    let rounds = done["iterations"].to_string();
    gasworks(&[program, &input, "--iterations", &rounds, "--rank", "16", "--model", &again, "--quiet"]).ok();
    assert_eq!(crate::read(model), crate::read(again));
}
