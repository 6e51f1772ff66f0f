//! `gibbs`: marginals against exact ones, both formats, evidence, chains that disagree, and what is refused.

use std::io::Write;
use std::path::Path;

use gasworks::input::{Source, read_uai, read_uai_evidence};
use gasworks::programs::markov_random_field::{MarkovRandomField, exact_marginal};

use crate::{Folder, gasworks, gasworks_with, text};

/// A chain of four with three states at one end, and a factor over three of them.
const MODEL: &str = "MARKOV\n4\n2 3 2 2\n4\n2 0 1\n3 1 2 3\n1 0\n0\n\n6\n 1 2 3\n 4 1 1\n\n12\n 1 2 1 3 2 1 1 4 1 1 2 1\n\n2\n 1 2\n\n1\n 5\n";

fn exact(model: &str, evidence: Option<&str>) -> Vec<Vec<f64>> {
    let source = |text: &str| Source::from_memory("x", text.as_bytes().to_vec());
    let graph = read_uai(&source(model)).expect("a model");
    let seen =
        evidence.map(|text| read_uai_evidence(&source(text), &graph).expect("evidence")).unwrap_or_default();
    let model = MarkovRandomField::from_uai(graph, &seen).expect("a model");
    (0..model.variables() as u32).map(|v| exact_marginal(&model, v, 1 << 22).expect("small enough")).collect()
}

/// Marginals of `variable<TAB>probabilities`.
fn table(text: &str) -> Vec<Vec<f64>> {
    let row = |(number, line): (usize, &str)| {
        let (variable, rest) = line.split_once('\t').expect("a tab");
        assert_eq!(variable, number.to_string());
        rest.split(' ').map(|p| p.parse().expect("a probability")).collect()
    };
    text.lines().enumerate().map(row).collect()
}

/// Marginals in the format of the competitions.
fn mar(text: &str) -> Vec<Vec<f64>> {
    let mut words = text.split_ascii_whitespace();
    assert_eq!(words.next(), Some("MAR"));
    let mut number = || words.next().expect("a number").parse::<f64>().expect("a number");
    let variables = number() as usize;
    let marginals = (0..variables).map(|_| (0..number() as usize).map(|_| number()).collect()).collect();
    assert_eq!(words.next(), None);
    marginals
}

#[track_caller]
fn near(found: &[Vec<f64>], expected: &[Vec<f64>], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (variable, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len());
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let far = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(far < tolerance, "variable {variable}: {found:?}, expected {expected:?}");
    }
}

#[test]
fn marginals_are_near_the_exact_ones_in_every_order_and_format() {
    let folder = Folder::new();
    let (model, seen) = (folder.file("model.uai", MODEL), folder.file("model.uai.evid", "1 2 1\n"));
    let (tsv, uai) = (folder.path("out.tsv"), folder.path("out.uai.MAR"));
    // Locks on one thread: on several, a worker may visit its variables over and over while another one is held up.
    let orders: [&[&str]; 5] = [
        &["--threads", "2"],
        &["--scheduler", "rounds", "--exclusion", "coloring", "--threads", "2"],
        &["--exclusion", "serial", "--scheduler", "fifo"],
        &["--exclusion", "locks", "--scheduler", "priority", "--threads", "1"],
        &["--consistency", "full", "--exclusion", "locks", "--threads", "1"],
    ];
    for evidence in [&[][..], &["--evidence", &seen]] {
        let expected = exact(MODEL, (!evidence.is_empty()).then_some("1 2 1\n"));
        for order in orders {
            let command = [&["gibbs", &model, "--output", &tsv], evidence, order].concat();
            gasworks(&command).ok();
            near(&table(&text(&tsv)), &expected, 0.02);
        }
        gasworks(&[&["gibbs", &model, "--output", &uai], evidence].concat()).ok();
        gasworks(&[&["gibbs", &model, "--output", &tsv], evidence].concat()).ok();
        assert_eq!(mar(&text(&uai)), table(&text(&tsv)), "the same run in both formats");
    }
    let observed = gasworks(&["gibbs", &model, "--evidence", &seen, "-o", "-"]).ok().out;
    assert_eq!(table(&observed)[2], [0.0, 1.0]);
}

#[test]
fn published_models_have_their_published_marginals() {
    let Some(data) = std::env::var_os("GASWORKS_DATA") else {
        println!("skipped: GASWORKS_DATA is not set");
        return;
    };
    let folder = Folder::new();
    for (name, mixes) in [("CSP_12", true), ("Segmentation_12", true), ("Grids_11", false)] {
        let file = |ending: &str| {
            let path = Path::new(&data).join(format!("uai/{name}.uai{ending}"));
            path.to_str().expect("UTF-8").to_owned()
        };
        let output = folder.path("out.MAR");
        let run = gasworks(&["gibbs", &file(""), "--evidence", &file(".evid"), "--output", &output]).ok();
        assert_eq!(run.err.contains("they have not settled on one answer"), !mixes, "{name}: {}", run.err);
        if mixes {
            near(&mar(&text(&output)), &mar(&text(file(".MAR"))), 0.025);
        }
    }
}

#[test]
fn chains_that_cannot_mix_are_told() {
    // Two switches that must agree.
    let model = b"MARKOV\n2\n2 2\n1\n2 0 1\n4\n 1 0\n 0 1\n";
    let run = gasworks_with(&["gibbs", "-", "--chains", "8", "--json"], model).ok();
    assert_eq!(run.last()["metrics"]["disagreement"], 1.0);
    assert!(run.err.contains("note: two of the 8 chains are 1.000 apart"), "{}", run.err);
    let run = gasworks_with(&["gibbs", "-", "--chains", "1", "--json"], model).ok();
    assert!(run.last()["metrics"]["disagreement"].is_null());
    assert!(run.err.contains("note: one chain cannot tell"), "{}", run.err);
    let run = gasworks_with(&["gibbs", "-"], MODEL.as_bytes()).ok();
    assert!(run.err.contains("no two of the 4 chains are more than 0.0"), "{}", run.err);
    assert_eq!(run.out.lines().count(), 4);
}

#[test]
fn bits_depend_on_the_seed_and_not_on_threads() {
    let of = |options: &[&str]| {
        gasworks_with(&[&["gibbs", "-", "-o", "-", "--samples", "300"], options].concat(), MODEL.as_bytes())
            .ok()
            .out
    };
    let one = of(&["--threads", "1"]);
    assert_eq!(of(&["--threads", "3"]), one);
    assert_ne!(of(&["--seed", "1"]), one);
}

#[test]
fn packed_models_are_read_by_their_bytes() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(MODEL.as_bytes()).expect("memory");
    let packed = packer.finish().expect("memory");
    let of = |bytes: &[u8]| gasworks_with(&["gibbs", "-", "-o", "-", "--samples", "50"], bytes).ok().out;
    assert_eq!(of(&packed), of(MODEL.as_bytes()));
    assert_eq!(of(MODEL.replace('\n', "\r\n").as_bytes()), of(MODEL.as_bytes()));
}

#[test]
fn a_run_that_ends_in_its_burn_in_writes_nothing() {
    let folder = Folder::new();
    let (model, output) = (folder.file("model.uai", MODEL), folder.path("out.tsv"));
    for limit in [["--iterations", "1000"], ["--max-updates", "9"], ["--max-seconds", "0"]] {
        let run = gasworks(&[&["gibbs", &model, "-o", &output, "--json"], &limit[..]].concat()).ok();
        assert!(run.err.contains("the run ended before every variable had a sample"), "{}", run.err);
        assert!(run.last()["metrics"].as_object().expect("an object").is_empty());
        assert_eq!(folder.names(), ["model.uai"]);
    }
    let done = gasworks(&["gibbs", &model, "--iterations", "1500", "-o", &output, "--json"]).ok().last();
    assert_eq!((&done["reason"], &done["iterations"]), (&"iterations".into(), &1500.into()));
    near(&table(&text(&output)), &exact(MODEL, None), 0.08);
}

#[test]
fn models_and_evidence_that_cannot_be_used() {
    let folder = Folder::new();
    let model = folder.file("model.uai", MODEL);
    let impossible = folder.file("impossible.uai", "MARKOV 1 2 1 1 0 2 0 1");
    let many = folder.file("many.uai", "MARKOV 1 65 0");
    let seen = |text: &str| folder.file("x.evid", text);
    let agree = "correct the evidence, or give the impossible a small positive value";
    for (arguments, code, part) in [
        (
            vec!["gibbs", &model, "--evidence", &seen("1 7 0")],
            65,
            "x.evid:1: expected an observed variable, from 0 to 4 exclusive, found \"7\"",
        ),
        (vec!["gibbs", &impossible, "--evidence", &folder.file("y.evid", "1 0 0")], 65, agree),
        (vec!["gibbs", &many], 65, "many.uai: variable 0: expected 1 to 64 states, got 65; merge states"),
        (vec!["gibbs", &model, "--evidence", &folder.path("none")], 66, "no such file"),
        (vec!["gibbs", &folder.path("none")], 66, "no such file"),
        (vec!["gibbs", "-", "--evidence", "-"], 2, "expected one input at most from standard input"),
        (vec!["gibbs", &model, "--output", &model], 2, "also read"),
        (vec!["gibbs", &model, "--chains", "0"], 2, "--chains"),
        (vec!["gibbs", &model, "--samples", "0"], 2, "--samples"),
        (
            vec!["gibbs", &model, "--engine", "sync"],
            2,
            "an update function under the synchronous executor is not admitted",
        ),
    ] {
        let run = gasworks(&arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(part), "{arguments:?}: {part} is not in {}", run.err);
    }
    for (text, part) in [
        ("", "expected a model that begins with MARKOV or BAYES, found nothing"),
        ("1 2\n", "1: expected the word MARKOV or BAYES, found \"1\""),
        ("MARKOV 1 2 1 1 0 2 1 NaN", "finite and not negative, found \"NaN\""),
        ("MARKOV 1 2 1 1 0 2 1", "found the end of the file"),
        ("MARKOV 1000000000000000000 2", "expected the number of variables, found"),
    ] {
        let run = gasworks_with(&["gibbs", "-", "--json"], text.as_bytes());
        assert_eq!(run.code, Some(65), "{text}: {}", run.err);
        assert!(run.err.contains(part), "{text}: {part} is not in {}", run.err);
        assert_eq!(run.last()["file"], "standard input");
    }
}
