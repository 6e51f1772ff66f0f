//! How fast inputs load from memory, ids included: `cargo run --release --example load_speed -- [MILLION_ROWS]`.
//!
//! Texts are generated, so that the numbers do not depend on a disk. The best of three runs counts.

use std::fmt::Write;
use std::time::Instant;

use gasworks_engine::Random;
use gasworks_engine::input::{EdgesOptions, RatingsOptions, Report, Source, read_edges, read_ratings};

fn main() {
    let rows = std::env::args().nth(1).and_then(|rows| rows.parse::<f64>().ok()).unwrap_or(4.0);
    let rows = (rows * 1e6) as u64;
    println!("{rows} rows, {} threads", rayon::current_num_threads());
    let vertices = (rows / 10).max(1);
    let mut random = Random::keyed(0, 0, 0, 0);
    let hash = |id: u64| id.wrapping_mul(0x9E37_79B9_7F4A_7C15);

    let mut pair = move || [random.below(vertices), random.below(vertices)];
    edges("edges, dense ids, tab", text(rows, |out| writeln!(out, "{}\t{}", pair()[0], pair()[1])));
    edges(
        "edges, dense ids, space, weight",
        text(rows, |out| writeln!(out, "{} {} 0.25", pair()[0], pair()[1])),
    );
    edges(
        "edges, 63-bit ids, tab",
        text(rows, |out| writeln!(out, "{}\t{}", hash(pair()[0]) >> 1, hash(pair()[1]) >> 1)),
    );
    edges(
        "edges, 64-bit ids, tab",
        text(rows, |out| writeln!(out, "{}\t{}", hash(pair()[0]), hash(pair()[1]))),
    );
    edges("edges, text ids, comma", text(rows, |out| writeln!(out, "v{},v{}", pair()[0], pair()[1])));
    edges(
        "edges, long text ids, comma",
        text(rows, |out| {
            writeln!(out, "https://example.org/{},https://example.org/{}", pair()[0], pair()[1])
        }),
    );
    let mut line = 0;
    ratings(
        "ratings, csv with header, sorted",
        text(rows, |out| {
            line += 1;
            if line == 1 {
                writeln!(out, "userId,movieId,rating,timestamp")?;
            }
            writeln!(out, "{},{},{}.5,{}", line / 100 + 1, line % 100 * 7 + 1, line % 5, 964_982_703 + line)
        }),
    );
    ratings(
        "ratings, ::, shuffled",
        text(rows, |out| writeln!(out, "{}::{}::4::964982703", pair()[0], pair()[1] % 20_000)),
    );
    ratings(
        "ratings, quoted csv",
        text(rows, |out| writeln!(out, "{},\"b, {}\",4.5", pair()[0], pair()[1] % 20_000)),
    );
}

fn text(rows: u64, mut line: impl FnMut(&mut String) -> std::fmt::Result) -> Vec<u8> {
    let mut text = String::new();
    (0..rows).for_each(|_| line(&mut text).expect("a string takes any text"));
    text.into_bytes()
}

fn edges(name: &str, text: Vec<u8>) {
    measure(name, text, |source| read_edges(source, &EdgesOptions::default()).expect("a good list").report);
}

fn ratings(name: &str, text: Vec<u8>) {
    measure(name, text, |source| {
        read_ratings(source, &RatingsOptions::default()).expect("good ratings").report
    });
}

fn measure(name: &str, text: Vec<u8>, read: impl Fn(&Source) -> Report) {
    let megabytes = text.len() as f64 / 1e6;
    let source = Source::from_memory("generated", text);
    let time = || {
        let start = Instant::now();
        let report = read(&source);
        (start.elapsed().as_secs_f64(), report)
    };
    let (seconds, report) =
        (0..3).map(|_| time()).min_by(|one, other| one.0.total_cmp(&other.0)).expect("three runs");
    println!(
        "{name:34} {megabytes:7.1} MB {seconds:7.3} s {:7.0} MB/s {:6.1} million rows/s",
        megabytes / seconds,
        report.rows as f64 / seconds / 1e6
    );
}
