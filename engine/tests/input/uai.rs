//! Models and evidence of the UAI competitions: what is read, and every message.
use std::io::Write;

use gasworks_engine::input::{Factor, FactorGraph, Observation, Source, read_uai, read_uai_evidence};
use gasworks_engine::{Error, ErrorKind};

fn model_of(text: impl Into<Vec<u8>>) -> Result<FactorGraph, Error> {
    read_uai(&Source::from_memory("model.uai", text.into()))
}

fn evidence_of(text: &str) -> Result<Vec<(u32, u32)>, Error> {
    let model = FactorGraph { cardinalities: vec![2, 3, 4], ..FactorGraph::default() };
    let source = Source::from_memory("model.uai.evid", text.as_bytes().to_vec());
    let pair = |observation: Observation| (observation.variable, observation.state);
    Ok(read_uai_evidence(&source, &model)?.into_iter().map(pair).collect())
}

const CHAIN: &str = "MARKOV\n3\n2 2 3\n2\n2 0 1\n2 1 2\n\n4\n 1.0 2.0\n 3.0 4.0\n\n6\n .5 0 1e-3\n 1 1 7\n";

fn chain() -> FactorGraph {
    FactorGraph {
        is_bayesian: false,
        cardinalities: vec![2, 2, 3],
        factors: vec![
            Factor { scope: vec![0, 1], table: vec![1.0, 2.0, 3.0, 4.0] },
            Factor { scope: vec![1, 2], table: vec![0.5, 0.0, 1e-3, 1.0, 1.0, 7.0] },
        ],
    }
}

#[test]
fn line_ends_blanks_compression_and_byte_order_marks_do_not_matter() {
    let one_line = CHAIN.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let one_word_a_line = CHAIN.split_ascii_whitespace().collect::<Vec<_>>().join("\r\n");
    let marked = format!("\u{feff}{}", CHAIN.replace(' ', "\t"));
    for text in [CHAIN, CHAIN.trim_end(), &one_line, &one_word_a_line, &marked, &CHAIN.replace('\n', "\r")] {
        assert_eq!(model_of(text).unwrap(), chain(), "{text:?}");
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(CHAIN.as_bytes()).unwrap();
    assert_eq!(model_of(encoder.finish().unwrap()).unwrap(), chain());
    assert_eq!(model_of(zstd::encode_all(CHAIN.as_bytes(), 3).unwrap()).unwrap(), chain());
}

#[test]
fn degenerate_models_are_models() {
    assert_eq!(model_of("MARKOV 0 0").unwrap(), FactorGraph::default());
    let constant = model_of("bayes 1 1 2 0 1 0 1 0.25 1 1").unwrap();
    assert!(constant.is_bayesian);
    assert_eq!(constant.factors[0], Factor { scope: vec![], table: vec![0.25] });
    assert_eq!(constant.factors[1], Factor { scope: vec![0], table: vec![1.0] });
}

#[test]
fn bad_models() {
    let cut = "fetch the file again, or correct the counts at its head";
    let whole = "the format has whole numbers here, in the order: states, scopes, tables";
    for (text, message) in [
        (
            String::new(),
            " expected a model that begins with MARKOV or BAYES, found nothing; \
             check that the file was written or fetched completely"
                .to_owned(),
        ),
        (
            "\nID\n2".into(),
            "2: expected the word MARKOV or BAYES, found \"ID\"; other kinds of network cannot be read"
                .into(),
        ),
        ("MARKOV\n-3\n".into(), format!("2: expected the number of variables, found \"-3\"; {whole}")),
        (
            "MARKOV\n2\n2 0\n".into(),
            format!("3: expected the number of states of variable 1 of 2, at least 1, found \"0\"; {whole}"),
        ),
        (
            "MARKOV\n3\n2 2\n".into(),
            format!(
                "3: expected the number of states of variable 2 of 3, at least 1, found the end of the file; {cut}"
            ),
        ),
        (
            "MARKOV\n2\n2 2\nmany".into(),
            format!("4: expected the number of factors, found \"many\"; {whole}"),
        ),
        (
            "MARKOV\n2\n2 2\n1\n3 0 1 1".into(),
            format!("5: expected the length of the scope of factor 0 of 1, at most 2, found \"3\"; {whole}"),
        ),
        (
            "MARKOV\n2\n2 2\n1\n2 1 2\n4 1 1 1 1".into(),
            "5: expected a variable of factor 0, from 0 to 2 exclusive, found \"2\"; \
             variables count from 0, up to the number at the head"
                .into(),
        ),
        (
            "MARKOV\n2\n2 2\n1\n2 1 1\n4 1 1 1 1".into(),
            "5: expected each variable once in the scope of factor 0, found \"1\"; \
             list the diagonal of the table over the variable alone"
                .into(),
        ),
        (
            CHAIN.replace("\n\n6\n", "\n\n5\n"),
            "12: expected 6 as the length of table 1, the product of its variables' states, found \"5\"; \
             tables stand in the order of the scopes, and name every combination of states"
                .into(),
        ),
        (
            CHAIN.replace("1e-3", "-1e-3"),
            "13: expected entry 2 of the 6 of table 1, finite and not negative, found \"-1e-3\"; \
             factors are not in logarithms"
                .into(),
        ),
        (
            CHAIN.replace("3.0 4.0", "NaN 4.0"),
            "10: expected entry 2 of the 4 of table 0, finite and not negative, found \"NaN\"; \
             factors are not in logarithms"
                .into(),
        ),
        (
            CHAIN.replace("3.0 4.0", "3,0 4,0"),
            "10: expected entry 2 of the 4 of table 0, finite and not negative, found \"3,0\"; \
             factors are not in logarithms"
                .into(),
        ),
        (
            CHAIN.replace(" 1 1 7\n", " 1 1\n\n\n"),
            format!(
                "14: expected entry 5 of the 6 of table 1, finite and not negative, found the end of the file; {cut}"
            ),
        ),
        (
            format!("{CHAIN} 8"),
            "15: expected the end of the file after 2 tables, found \"8\"; correct the number before it"
                .into(),
        ),
    ] {
        let error = model_of(text.as_str()).expect_err(&text);
        assert_eq!(error.to_string(), format!("model.uai:{message}"), "{text}");
        assert_eq!(error.kind(), ErrorKind::Data);
    }
}

/// Were a claimed size allocated, each of these would end the process.
#[test]
fn claims_are_not_believed_before_the_body_proves_them() {
    for text in [
        "MARKOV 4294967295 2 2 2".to_owned(),
        "MARKOV 2 2 2 18446744073709551614 1 0".into(),
        "MARKOV 1 4294967295 1 1 0 4294967295 0.5 0.5".into(),
        "MARKOV 2 4294967295 4294967295 1 2 0 1 18446744065119617025 1".into(),
        // A product beyond 64 bits.
        "MARKOV 3 4294967295 4294967295 9 1 3 0 1 2 18446744073709551615 1".into(),
        format!("MARKOV 80 {}1 80 {}", "2 ".repeat(80), (0..80).map(|v| format!("{v} ")).collect::<String>()),
    ] {
        assert!(matches!(model_of(text.as_str()), Err(Error::Line { line: 1, .. })), "{text}");
    }
}

#[test]
fn evidence_is_read_with_and_without_a_number_of_samples() {
    for (text, expected) in [
        ("0", vec![]),
        ("0\n", vec![]),
        ("2 0 1 2 3", vec![(0, 1), (2, 3)]),
        ("1\n2 0 1 2 3\n", vec![(0, 1), (2, 3)]),
        ("1\n0\n", vec![]),
        ("1 1 2", vec![(1, 2)]),
    ] {
        assert_eq!(evidence_of(text).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn bad_evidence() {
    let pair = "the model and its evidence must belong together";
    for (text, message) in [
        (
            "".to_owned(),
            "1: expected the number of observed variables, found the end of the file; \
             fetch the file again, or correct the counts at its head"
                .to_owned(),
        ),
        (
            "2\n1 0 1\n1 1 1".into(),
            "2: expected each variable at most once, found \"1\"; drop one of the two".into(),
        ),
        (
            "2 0 1 2".into(),
            "1: expected 1 as the number of samples, since a single sample has an odd number of words, not 4, found \"2\"; \
             split the file into one for each sample, or check that it is whole"
                .into(),
        ),
        ("1 3 0".into(), format!("1: expected an observed variable, from 0 to 3 exclusive, found \"3\"; {pair}")),
        (
            "2 0 1\n1 3".into(),
            format!("2: expected a state of variable 1, from 0 to 3 exclusive, found \"3\"; {pair}"),
        ),
        (
            "2 0 1\n0 1".into(),
            "2: expected each variable at most once, found \"0\"; drop one of the two".into(),
        ),
        (
            "1 0 1\n0 1".into(),
            "2: expected the end of the file after 1 observed variables, found \"0\"; correct the number before it".into(),
        ),
        (
            "3 0 1 1 1".into(),
            "1: expected an observed variable, from 0 to 3 exclusive, found the end of the file; \
             fetch the file again, or correct the counts at its head"
                .into(),
        ),
    ] {
        let error = evidence_of(&text).expect_err(&text);
        assert_eq!(error.to_string(), format!("model.uai.evid:{message}"), "{text}");
        assert_eq!(error.kind(), ErrorKind::Data);
    }
}
