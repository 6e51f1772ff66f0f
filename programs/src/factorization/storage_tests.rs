//! Saved models come back whole; everything else is refused.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::container::testing::{self, bears_damage};
use crate::factorization::Offset;
use crate::factorization::testing::{model_with_ids, small_model};
use std::fs;

fn titled() -> Factorization {
    let titles =
        ["Heat", "", "\u{fc}ber \"all\"", "Speed", "Alien", "Ran"].map(|title| Some(title.to_owned()));
    small_model(Offset::Biases).with_titles(titles.to_vec()).unwrap()
}

fn reload(bytes: &[u8]) -> Result<Factorization, FactorizationError> {
    Factorization::from_bytes(Path::new("folder/m.safetensors"), bytes)
}

fn bytes_of(model: &Factorization) -> Vec<u8> {
    let mut bytes = Vec::new();
    model.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_model_comes_back_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = titled();
    model.save(&path).unwrap();
    assert_eq!(Factorization::load(&path).unwrap(), model);
    assert_eq!(fs::read(&path).unwrap(), bytes_of(&model));
    assert!(Factorization::load(folder.path()).unwrap_err().to_string().contains("cannot read"));
    assert!(Factorization::load(folder.path().join("absent")).is_err());
}

#[test]
fn ratings_come_back_in_one_byte_or_four() {
    for levels in [1, 2, 256, 257, 1000] {
        let values: Vec<f32> = (0..1000).map(|at| 0.1 * (at * 77 % levels) as f32 - 3.0).collect();
        let mut tensors = Tensors::default();
        let pushed = Values::of(values.len(), |at| values[at]);
        push_ratings(&mut tensors, &pushed);
        let mut bytes = Vec::new();
        tensors.write(Identity { program: "als", ..IDENTITY }, "", &mut bytes).unwrap();
        let file = open(Path::new("m"), &bytes, IDENTITY).unwrap();
        assert_eq!(file.has::<u8>("seen_ratings"), levels <= 256);
        let found = ratings(&file).unwrap();
        assert!(values.iter().enumerate().all(|(at, value)| found.get(at) == *value));
        assert_eq!(found.len(), values.len());
    }
}

/// Files of the version before ratings were kept have no such tensors.
#[test]
fn files_without_ratings_are_still_read() {
    let mut model = titled();
    model.seen.values = Values::NONE;
    let bytes = bytes_of(&model);
    assert!(!bytes.windows(12).any(|part| part == b"seen_ratings"));
    let loaded = reload(&bytes).unwrap();
    assert_eq!((loaded.keeps_ratings(), loaded.training_ratings(0)), (false, None));
    assert_eq!(loaded, model);
    let kept = reload(&bytes_of(&titled())).unwrap().training_ratings(1).unwrap();
    assert_eq!(
        kept.iter().map(|rating| (rating.item, rating.value)).collect::<Vec<_>>(),
        [(0, 4.0), (1, 2.0)]
    );
}

#[test]
fn every_kind_of_id_comes_back() {
    let text = |ids: [&str; 4]| Column::Text(ids.map(String::from).to_vec());
    for column in [
        Column::Range(4),
        Column::Integers(vec![-7, 0, 5, 1 << 40]),
        Column::Integers(vec![0, 1, 2, u64::MAX.into()]),
        Column::Integers(vec![i64::MIN.into(), 0, 1, u64::MAX.into()]),
        text(["", "a\tb", "z", "\u{1f600}"]),
    ] {
        let model = model_with_ids(column.build().unwrap(), Offset::Mean);
        assert_eq!(reload(&bytes_of(&model)).unwrap(), model);
    }
}

#[test]
fn versions_and_programs_are_refused_with_both() {
    let replaced = |from: &str, to: &str| {
        reload(&testing::replaced(bytes_of(&titled()), from, to)).unwrap_err().to_string()
    };
    let error = replaced("format_version\":\"1", "format_version\":\"2");
    assert!(
        error.starts_with("folder/m.safetensors: identity: expected gasworks-factorization version 1"),
        "{error}"
    );
    assert!(error.contains("got gasworks-factorization version 2"), "{error}");
    assert!(replaced("program\":\"als", "program\":\"lda").contains("program lda"));
    assert!(replaced("user_factors", "user_factorz").contains("tensor user_factors"));
}

#[test]
fn contents_are_checked_behind_a_valid_fingerprint() {
    let refused = |change: fn(&mut Factorization)| {
        let mut model = titled();
        change(&mut model);
        reload(&bytes_of(&model)).unwrap_err().to_string()
    };
    assert!(refused(|model| model.user_factors[3] = f32::INFINITY).contains("user factors"));
    assert!(refused(|model| model.seen.items[0] = 77).contains("seen items"));
    assert!(refused(|model| model.item_counts[0] += 1).contains("item counts"));
    assert!(refused(|model| model.settings.lambda = f32::NAN).contains("settings"));
}

#[test]
fn foreign_files_are_refused_not_panicked_on() {
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    let plain = [&2u64.to_le_bytes()[..], b"{}"].concat();
    // Eight tensors of 2^61 bytes: their ends overflow 64 bits.
    let tensors = (0..8u64).map(|n| {
        let (start, end) = (n << 60, (n + 1) << 60);
        format!("\"{n}\":{{\"dtype\":\"U8\",\"shape\":[{}],\"data_offsets\":[{start},{end}]}}", 1u64 << 60)
    });
    let header = format!("{{{}}}", tensors.collect::<Vec<_>>().join(","));
    let bomb = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    for bytes in [&b""[..], b"1,2,3.0\n", b"\x80\x04\x95", &huge, &plain, &bomb] {
        assert!(reload(bytes).unwrap_err().to_string().starts_with("folder/m.safetensors: "));
    }
}

bears_damage!(bytes_of(&titled()), reload, |model: &Factorization| assert!(model.validate().is_ok()));

proptest! {
    #[test]
    fn noise_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(reload(&bytes).is_err());
    }
}
