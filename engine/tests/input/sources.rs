//! Where inputs come from, and how they are packed.
use std::error::Error as _;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use super::{arcs, edges_of};
use gasworks_engine::ErrorKind;
use gasworks_engine::input::{Compression, EdgesOptions, Source, read_edges};

const GRAPH: &str = "1 2\n2 3\n3 1\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// The graph, packed in every way, and how that is reported.
fn variations() -> Vec<(Vec<u8>, Compression)> {
    let (first, second) = GRAPH.as_bytes().split_at(5);
    let with_mark = format!("\u{feff}{GRAPH}");
    let crlf = GRAPH.replace('\n', "\r\n");
    vec![
        (GRAPH.into(), Compression::None),
        (with_mark.clone().into(), Compression::None),
        (crlf.clone().into(), Compression::None),
        (GRAPH.trim_end().into(), Compression::None),
        (GRAPH.replace('\n', "\r").into(), Compression::None),
        (gzip(GRAPH.as_bytes()), Compression::Gzip),
        (gzip(with_mark.as_bytes()), Compression::Gzip),
        (gzip(crlf.as_bytes()), Compression::Gzip),
        ([gzip(first), gzip(second)].concat(), Compression::Gzip),
        (zstd(GRAPH.as_bytes()), Compression::Zstd),
        (zstd(with_mark.as_bytes()), Compression::Zstd),
        ([zstd(first), zstd(second)].concat(), Compression::Zstd),
        // A skippable frame of three bytes first, as parallel compressors write it.
        ([&b"\x50\x2A\x4D\x18\x03\0\0\0abc"[..], &zstd(GRAPH.as_bytes())].concat(), Compression::Zstd),
    ]
}

#[test]
fn packing_is_told_by_the_first_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["graph.txt", "graph.gz", "graph.zst", "graph"] {
        for (bytes, compression) in variations() {
            let path = folder.path().join(name);
            fs::write(&path, &bytes).unwrap();
            let loaded = read_edges(&Source::from_path(&path), &EdgesOptions::default()).unwrap();
            assert_eq!(arcs(&loaded.data), ["1>2", "2>3", "3>1"]);
            assert_eq!((loaded.report.compression, loaded.report.bytes), (compression, bytes.len() as u64));
            assert_eq!(loaded.report.lines, 3);
        }
    }
}

#[test]
fn damaged_and_foreign_packings_are_refused() {
    let mut cut = gzip(GRAPH.repeat(100).as_bytes());
    cut.truncate(cut.len() - 9);
    let error = edges_of(cut).unwrap_err();
    assert_eq!(
        error.to_string(),
        "graph.txt: expected a whole gzip stream, found one that is damaged or cut off; fetch or write the file again"
    );
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.source().is_some());
    let mut cut = zstd(GRAPH.repeat(100).as_bytes());
    cut.truncate(cut.len() - 4);
    assert!(edges_of(cut).unwrap_err().to_string().contains("a whole zstd stream"));
    assert_eq!(
        edges_of(b"PK\x03\x04....".as_slice()).unwrap_err().to_string(),
        "graph.txt: expected text, gzip or zstd, found a zip archive; unpack it with unzip first"
    );
}

#[test]
fn a_source_that_is_not_there_is_no_empty_graph() {
    let folder = tempfile::tempdir().unwrap();
    let read =
        |path: &std::path::Path| read_edges(&Source::from_path(path), &EdgesOptions::default()).unwrap_err();
    let missing = folder.path().join("none.txt");
    let error = read(&missing);
    assert_eq!(
        error.to_string(),
        format!(
            "{}: expected a file to read, found no such file; check the name and the folder",
            missing.display()
        )
    );
    assert_eq!((error.kind(), error.file()), (ErrorKind::NoInput, Some(missing.as_path())));
    assert!(error.source().is_some());

    let error = read(folder.path());
    assert_eq!(
        error.to_string(),
        format!("{}: expected a file, found a directory; name a file in it", folder.path().display())
    );
    assert_eq!(error.kind(), ErrorKind::NoInput);

    fs::write(folder.path().join("file"), "1 2\n").unwrap();
    let error = read(&folder.path().join("file/graph"));
    assert!(
        error.to_string().ends_with("found a path that goes through a file; check the folders of the path")
    );
    assert_eq!(error.kind(), ErrorKind::NoInput);
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, GRAPH).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    match read_edges(&Source::from_path(&path), &EdgesOptions::default()) {
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NoInput);
            assert!(
                error
                    .to_string()
                    .ends_with("without permission to read it; allow it, for example with chmod +r")
            );
        }
        Ok(_) => println!("skipped: this user may read everything"),
    }
}

/// Reads standard input; run by the next test in a process of its own.
#[test]
#[ignore = "reads standard input"]
fn child_reads_standard_input() {
    let loaded = read_edges(&Source::from_path("-"), &EdgesOptions::default()).unwrap();
    assert_eq!(arcs(&loaded.data), ["1>2", "2>3", "3>1"]);
    println!("read {}", loaded.report);
}

#[test]
fn a_pipe_is_read() {
    for (bytes, compression) in [(GRAPH.as_bytes().to_vec(), ""), (gzip(GRAPH.as_bytes()), " in gzip")] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sources::child_reads_standard_input", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let expected = format!("read standard input: space{compression}, 3 rows in 3 lines");
        assert!(output.contains(&expected), "{output}");
    }
}
