//! Sparse matrices of SciPy. The files in `scipy/` were written by `scipy.sparse.save_npz` of SciPy 1.17.
use std::io::Write;

use flate2::write::DeflateEncoder;
use gasworks_engine::input::{Format, RatingsOptions, Source, read_pairs, read_ratings};
use gasworks_engine::{Error, ErrorKind};
use proptest::prelude::*;

use super::{arcs, edges_as, edges_of, names, opinions, ratings_of};

const COO: &[u8] = include_bytes!("scipy/coo.npz");
const CSR: &[u8] = include_bytes!("scipy/csr.npz");
const CSC: &[u8] = include_bytes!("scipy/csc.npz");

#[test]
fn the_tiny_graph_of_all_formats_counts_from_zero_here() {
    let loaded = edges_of(COO).unwrap();
    assert_eq!(arcs(&loaded.data), ["0>1", "1>0", "1>2", "1>2", "2>2"]);
    assert_eq!(names(&loaded.data.ids), ["0", "1", "2"]);
    assert_eq!(loaded.report.to_string(), "graph.txt: npz, 5 entries");
    let loaded = edges_as(Format::Npz, CSR).unwrap();
    assert_eq!(arcs(&loaded.data), ["0>1:0.5", "1>0:1", "1>2:1.5", "1>2:2", "2>2:2.5"]);
}

#[test]
fn matrices_are_ratings_too() {
    let loaded = ratings_of(CSC).unwrap();
    assert_eq!(opinions(&loaded.data), ["1 likes 0: 7", "0 likes 1: 8", "1 likes 2: 9"]);
    let loaded = ratings_of(CSR).unwrap();
    assert_eq!(opinions(&loaded.data), ["0 likes 1: 0.5", "1 likes 0: 1", "1 likes 2: 2", "2 likes 2: 2.5"]);
    assert_eq!(loaded.report.duplicates, 1);
    let loaded = ratings_of(COO).unwrap();
    assert_eq!(loaded.report.notes, ["the matrix is a pattern, so every rating is 1"]);
    let pairs =
        |bytes| read_pairs(&Source::from_memory("x", bytes), &RatingsOptions::default()).unwrap().data;
    assert_eq!(
        (pairs(COO).ratings.entries.len(), pairs(COO).has_ratings, pairs(CSR).has_ratings),
        (5, false, true)
    );
}

/// An array of numpy.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    [&b"\x93NUMPY\x01\0"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
}

fn words(values: &[u64]) -> Vec<u8> {
    npy(
        "<i8",
        &format!("({},)", values.len()),
        &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>(),
    )
}

/// A zip archive; with sizes of 64 bits if these are wide.
fn zip(files: &[(&str, Vec<u8>)], deflated: bool, wide: bool) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let packed = if deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        } else {
            bytes.clone()
        };
        let mut checksum = flate2::Crc::new();
        checksum.update(bytes);
        let sizes = [packed.len() as u32, bytes.len() as u32];
        let extra = if wide {
            [&[1, 0, 16, 0][..], &u64::from(sizes[1]).to_le_bytes(), &u64::from(sizes[0]).to_le_bytes()]
                .concat()
        } else {
            Vec::new()
        };
        let sizes = if wide { [u32::MAX; 2] } else { sizes };
        let mut common = vec![20, 0, 0, 0, if deflated { 8 } else { 0 }, 0, 0, 0, 0, 0];
        common.extend(checksum.sum().to_le_bytes());
        common.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
        common.extend((name.len() as u16).to_le_bytes());
        common.extend((extra.len() as u16).to_le_bytes());
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10]].concat());
        directory.extend((archive.len() as u32).to_le_bytes());
        directory.extend([name.as_bytes(), &extra].concat());
        archive.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &extra, &packed].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let end = [(directory.len() as u32).to_le_bytes(), (archive.len() as u32).to_le_bytes()].concat();
    [&archive[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &end, &[0, 0]].concat()
}

fn matrix(
    format: &str,
    shape: [u64; 2],
    files: Vec<(&'static str, Vec<u8>)>,
) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = files;
    all.push(("format.npy", npy("|S3", "()", format.as_bytes())));
    all.push(("shape.npy", words(&shape)));
    all
}

/// Three vertices, two entries.
fn coo(rows: &[u64], columns: &[u64], values: &[f32]) -> Vec<(&'static str, Vec<u8>)> {
    let data = npy("<f4", &format!("({},)", values.len()), singles(values).as_slice());
    matrix("coo", [3, 3], vec![("row.npy", words(rows)), ("col.npy", words(columns)), ("data.npy", data)])
}

fn singles(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

proptest! {
    #[test]
    fn matrices_come_back(
        entries in proptest::collection::vec((0_u64..9, 0_u64..9, -4_i8..5), 0..40),
        format in 0_usize..3,
        deflated in any::<bool>(),
        wide in any::<bool>(),
    ) {
        let mut entries = entries;
        if format < 2 {
            entries.sort_by_key(|entry| if format == 0 { (entry.0, entry.1) } else { (entry.1, entry.0) });
        }
        let values: Vec<u8> = entries.iter().map(|entry| entry.2 as u8).collect();
        let data = npy("|i1", &format!("({},)", values.len()), &values);
        let rows: Vec<u64> = entries.iter().map(|entry| entry.0).collect();
        let columns: Vec<u64> = entries.iter().map(|entry| entry.1).collect();
        let starts = |of: &[u64]| -> Vec<u64> { (0..10).map(|row| of.iter().filter(|one| **one < row).count() as u64).collect() };
        let files = match format {
            0 => vec![("indptr.npy", words(&starts(&rows))), ("indices.npy", words(&columns)), ("data.npy", data)],
            1 => vec![("indptr.npy", words(&starts(&columns))), ("indices.npy", words(&rows)), ("data.npy", data)],
            _ => vec![("row.npy", words(&rows)), ("col.npy", words(&columns)), ("data.npy", data)],
        };
        let bytes = zip(&matrix(["csr", "csc", "coo"][format], [9, 9], files), deflated, wide);
        let loaded = edges_of(bytes.clone()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let expected: Vec<String> = entries.iter().map(|(row, column, value)| format!("{row}>{column}:{value}")).collect();
        prop_assert_eq!(arcs(&loaded.data), expected);
        prop_assert_eq!(loaded.data.ids.len(), 9);
        let ratings = ratings_of(bytes);
        prop_assert_eq!(ratings.is_ok(), !entries.is_empty());
    }

    /// Whatever the bytes, reading ends with data or an error, and never panics.
    #[test]
    fn nothing_panics(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5), which in 0_usize..3, cut in any::<prop::sample::Index>()) {
        let mut bytes = [COO, CSR, CSC][which].to_vec();
        for (at, value) in &changes {
            *at.get_mut(&mut bytes) = *value;
        }
        let _ = edges_of(bytes.clone());
        let _ = ratings_of(bytes.clone());
        bytes.truncate(cut.index(bytes.len()));
        let _ = edges_of(bytes);
    }

    #[test]
    fn flips_in_what_is_packed_are_seen(at in 0_usize..8) {
        // Somewhere within the elements of the first array, which nobody else would miss.
        let bytes = zip(&coo(&[0, 1], &[1, 2], &[1.0, 2.0]), false, false);
        let start = bytes.windows(6).position(|part| part == b"\x93NUMPY").unwrap() + 128;
        let mut flipped = bytes.clone();
        flipped[start + at] ^= 1;
        prop_assert!(edges_of(bytes).is_ok() && edges_of(flipped).is_err());
    }
}

#[test]
fn what_is_wrong_is_said() {
    let error = |files: &[(&'static str, Vec<u8>)]| edges_of(zip(files, true, false)).unwrap_err();
    let advice = "save the matrix again with scipy.sparse.save_npz";
    let without = |name: &str| -> Vec<_> {
        coo(&[0, 1], &[1, 2], &[1.0, 2.0]).into_iter().filter(|(file, _)| *file != name).collect()
    };
    let with = |name: &'static str, bytes: Vec<u8>| [without(name), vec![(name, bytes)]].concat();
    for (files, message) in [
        (without("data.npy"), format!("expected real numbers (data), found no such array; {advice}")),
        (with("data.npy", npy("<c8", "(2,)", &[0; 16])), format!("expected real numbers (data), found c8 [2]; {advice}")),
        (with("row.npy", npy("<f4", "(2,)", &[0; 8])), format!("expected whole numbers (row), found f4 [2]; {advice}")),
        (with("row.npy", b"x".to_vec()), format!("expected whole numbers (row), found no array of numpy; {advice}")),
        (
            with("format.npy", npy("|S3", "()", b"dia")),
            "expected a matrix in csr, csc or coo (format), found \"dia\"; save it as csr, as in save_npz(name, matrix.tocsr())".into(),
        ),
        (coo(&[0, 3], &[1, 2], &[1.0, 2.0]), format!("expected indices below 3 (row), found 3; {advice}")),
        (coo(&[0], &[1, 2], &[1.0, 2.0]), format!("expected 2 rows and columns, one for each value (row, col), found 1 and 2; {advice}")),
        (
            coo(&[0, 1], &[1, 2], &[1.0, f32::NAN]),
            "expected finite values (data), found NaN; drop what is not a number, and scale what single precision cannot hold".into(),
        ),
        (
            with("shape.npy", words(&[3, 4])),
            "expected a square matrix, since its rows and columns are the vertices, found 3 rows and 4 columns; \
             read a matrix of two kinds of things as ratings".into(),
        ),
        (with("shape.npy", words(&[3])), "expected a matrix, found 1 dimensions; save a matrix of two dimensions".into()),
    ] {
        let error = error(&files);
        assert_eq!((error.to_string(), error.kind()), (format!("graph.txt: {message}"), ErrorKind::Data));
    }
    let claims = error(&with("shape.npy", words(&[1 << 40, 1 << 40])));
    assert!(claims.to_string().contains("at most 2102"), "{claims}");
    let starts =
        [("indptr.npy", words(&[0, 1, 0, 2])), ("indices.npy", words(&[0, 1])), ("data.npy", words(&[5, 6]))];
    let falls = error(&matrix("csr", [3, 3], starts.to_vec()));
    assert!(falls.to_string().contains("expected 4 positions that rise from 0 to 2"), "{falls}");
    let other = zip(&[("graph.txt", b"1 2\n".to_vec())], true, false);
    assert!(
        edges_of(other).unwrap_err().to_string().contains("found a zip archive; unpack it with unzip first")
    );
    let none = zip(&coo(&[], &[], &[]), true, false);
    assert_eq!(edges_of(none.clone()).unwrap().report.notes, ["the file has no edges"]);
    assert!(
        ratings_of(none).unwrap_err().to_string().starts_with("ratings.csv: expected at least one rating")
    );
    let repeats =
        RatingsOptions { duplicates: gasworks_engine::input::Duplicates::Error, ..RatingsOptions::default() };
    let error = read_ratings(&Source::from_memory("r.npz", CSR), &repeats).unwrap_err();
    assert!(matches!(error, Error::File { .. }));
    assert!(error.to_string().contains("found another rating of item 2 by user 1; drop one"), "{error}");
}
