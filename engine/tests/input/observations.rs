//! Observations in the format of LIBSVM: what is read, and every message.
use std::io::Write;

use gasworks_engine::input::{Compression, Loaded, Observations, Source, read_observations};
use gasworks_engine::{Error, ErrorKind};

use super::names;

fn observations_of(text: impl Into<Vec<u8>>) -> Result<Loaded<Observations>, Error> {
    read_observations(&Source::from_memory("data.libsvm", text.into()))
}

/// Observations as people write them: `2.5: 1=1 40=0.5`.
fn rows(observations: &Observations) -> Vec<String> {
    let row = |(number, target): (usize, &f64)| {
        let own = observations
            .entries
            .iter()
            .zip(&observations.values)
            .filter(|(entry, _)| entry[1] as usize == number);
        own.fold(format!("{target}:"), |row, ([feature, _], value)| {
            format!("{row} {}={value}", observations.features.id(*feature))
        })
    };
    observations.targets.iter().enumerate().map(row).collect()
}

const FEW: &str = "+2.5 1:1 40:.5\n-1\n1e-3 2:-2 40:2e1\n";
const READ: [&str; 3] = ["2.5: 1=1 40=0.5", "-1:", "0.001: 2=-2 40=20"];

#[test]
fn line_ends_blanks_comments_compression_and_byte_order_marks_do_not_matter() {
    let commented = format!("# made by hand\n\n{}\n% and no more", FEW.replace("40:.5", "40:.5# the first"));
    let marked = format!("\u{feff}{}", FEW.replace(' ', " \t "));
    for text in
        [FEW, FEW.trim_end(), &FEW.replace('\n', "  \r\n"), &FEW.replace('\n', "\r"), &commented, &marked]
    {
        assert_eq!(rows(&observations_of(text).unwrap().data), READ, "{text:?}");
    }
    let report = observations_of(commented.as_str()).unwrap().report;
    assert_eq!((report.rows, report.comments, report.blank_lines, report.lines), (3, 2, 2, 7));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(FEW.as_bytes()).unwrap();
    for (packed, compression) in [
        (encoder.finish().unwrap(), Compression::Gzip),
        (zstd::encode_all(FEW.as_bytes(), 3).unwrap(), Compression::Zstd),
    ] {
        let loaded = observations_of(packed).unwrap();
        assert_eq!(
            (rows(&loaded.data), loaded.report.compression),
            (READ.map(String::from).to_vec(), compression)
        );
    }
}

#[test]
fn indices_cost_no_memory_however_large() {
    let loaded =
        observations_of("1 3:1 9223372036854775808:2 18446744073709551615:3\n2 7000000000:4\n").unwrap();
    let features = names(&loaded.data.features);
    assert_eq!(features, ["3", "7000000000", "9223372036854775808", "18446744073709551615"]);
    assert_eq!(loaded.data.entries, [[0, 0], [2, 0], [3, 0], [1, 1]]);
}

#[test]
fn targets_keep_the_precision_of_64_bits() {
    assert_eq!(observations_of("1234567.891 1:1\n").unwrap().data.targets, [1_234_567.891]);
}

#[test]
fn rows_without_features_are_observations() {
    let loaded = observations_of("1\n2\n").unwrap();
    assert_eq!((loaded.data.targets.len(), loaded.data.features.len()), (2, 0));
    assert_eq!(loaded.report.notes, ["no observation has a feature"]);
}

#[test]
fn bad_observations() {
    let shape = "a row is a target and then features, as in 4.5 3:0.25 17:1";
    for (text, message) in [
        ("1 1:1\n1 1:NaN\n", "2: column 2: expected a finite value, found \"NaN\"; drop the line or give it a number".to_owned()),
        ("inf 1:1\n", "1: column 1: expected a finite target, found \"inf\"; drop the line or give it a number".into()),
        ("1 1:1e39\n", "1: column 2: expected a finite value, found \"1e39\"; drop the line or give it a number".into()),
        (
            "1 0:1\n",
            "1: column 2: expected a feature index from 1, found \"0\"; LIBSVM counts features from 1: add 1 to every index, or let \
             scikit-learn write the file with zero_based=False"
                .into(),
        ),
        ("1 -2:1\n", "1: column 2: expected a feature index, a whole number from 1, found \"-2\"; LIBSVM counts features from 1".into()),
        ("1 1.5:1\n", format!("1: column 2: expected a feature index, a whole number from 1, found \"1.5\"; {shape}")),
        ("1 18446744073709551616:1\n", format!("1: column 2: expected a feature index, a whole number from 1, found \"18446744073709551616\"; {shape}")),
        ("1 :1\n", format!("1: column 2: expected a feature index, a whole number from 1, found nothing; {shape}")),
        (
            "\n1 2:1 3:1 3:2\n",
            "2: column 4: expected each feature at most once in a row, found \"3\"; add up the values of the two, or drop one".into(),
        ),
        (
            "1 2:1\n1 7:1 3:1\n",
            "2: column 3: expected a feature index above 7, since they ascend in a row, found \"3\"; sort the features of each row".into(),
        ),
        ("spam 1:1\n", format!("1: column 1: expected a target such as 4.5, found \"spam\"; {shape}")),
        ("1:1 2:1\n", format!("1: column 1: expected a target such as 4.5, found \"1:1\"; {shape}")),
        ("4,5 1:1\n", "1: column 1: expected a target such as 4.5, found \"4,5\"; write decimals with a point".into()),
        ("1 1:0,5\n", "1: column 2: expected a value such as 4.5, found \"0,5\"; write decimals with a point".into()),
        ("1 1:\n", "1: column 2: expected a value such as 4.5, found nothing; drop the line or give it a number".into()),
        ("1 1:x\n", format!("1: column 2: expected a value such as 4.5, found \"x\"; {shape}")),
        ("1 1:1 2\n", format!("1: column 3: expected a feature such as 3:0.25, found \"2\"; {shape}")),
        (
            "3 qid:1 1:0.5\n",
            "1: column 2: expected a feature such as 3:0.25, found \"qid:1\"; queries are for ranking; drop them to explain the targets \
             alone"
                .into(),
        ),
        ("y,x1,x2\n1,2,3\n", format!("1: column 1: expected a target such as 4.5, found \"y,x1,x2\"; {shape}")),
    ] {
        let error = observations_of(text).unwrap_err();
        assert_eq!(error.to_string(), format!("data.libsvm:{message}"), "{text:?}");
        assert_eq!(error.kind(), ErrorKind::Data);
    }
    for text in ["", "\n\n", "# nothing\n"] {
        assert_eq!(
            observations_of(text).unwrap_err().to_string(),
            "data.libsvm: expected at least one observation, found none; check that the file was written or fetched completely",
        );
    }
}
