//! What comes back from a file, and what of a damaged one is told.
use proptest::prelude::*;

use super::header::Header;
use super::*;
use crate::input::{EdgesOptions, read_edges};

/// A graph and its ids of each kind.
fn list() -> impl Strategy<Value = EdgeList> {
    let ids = prop_oneof![
        (0_i64..5, 0_u32..9).prop_map(|(first, count)| Ids::range_from(first, count)),
        proptest::collection::vec(0_i64..100, 0..9).prop_map(Ids::from_integers),
        proptest::collection::vec(any::<i64>(), 0..9).prop_map(Ids::from_integers),
        proptest::collection::vec(any::<u64>(), 0..9).prop_map(named),
        proptest::collection::vec(i128::from(i64::MIN)..i128::from(u64::MAX), 0..9).prop_map(named),
        proptest::collection::vec("[a-z0-9ä]{0,5}", 0..9).prop_map(named),
    ];
    let arcs = proptest::collection::vec(
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), -2_i8..3),
        0..40,
    );
    (ids, arcs, any::<bool>(), any::<bool>()).prop_map(|(ids, arcs, weighted, sorted)| {
        let count = ids.len();
        let end = |index: &prop::sample::Index| index.index(count) as u32;
        let picks = if count == 0 { &[] } else { &arcs[..] };
        let mut arcs: Vec<[u32; 2]> =
            picks.iter().map(|(source, target, _)| [end(source), end(target)]).collect();
        if sorted {
            arcs.sort_unstable();
        }
        let weights = weighted.then(|| picks.iter().map(|(_, _, weight)| f32::from(*weight) / 4.0).collect());
        EdgeList { ids, arcs, weights }
    })
}

fn named<T: ToString>(names: Vec<T>) -> Ids {
    let names: Vec<String> = names.iter().map(T::to_string).collect();
    Ids::from_names(names.iter().map(String::as_str))
}

fn file(list: &EdgeList) -> Vec<u8> {
    let mut bytes = Vec::new();
    StoredGraph::new(list.clone()).unwrap().write(&mut bytes).unwrap();
    bytes
}

fn file_by_degree(list: &EdgeList) -> Vec<u8> {
    let mut bytes = Vec::new();
    StoredGraph::new(list.clone()).unwrap().by_degree().write(&mut bytes).unwrap();
    bytes
}

fn reload(bytes: &[u8]) -> Result<StoredGraph, Error> {
    read_bytes(Path::new("g"), bytes, Compression::None, 0).map(|loaded| loaded.data)
}

/// The header and where the columns begin.
fn opened(bytes: &[u8]) -> (Header, usize) {
    let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    (Header::read(&bytes[8..8 + length]).unwrap(), 8 + length)
}

/// A file with other bytes in one column, and the checksums that these have.
fn forged(bytes: &[u8], name: &str, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let (mut header, data) = opened(bytes);
    let places = header.columns().unwrap();
    let at = places.iter().position(|place| place.name == name).unwrap();
    let mut columns = bytes[data..].to_vec();
    let column = &mut columns[places[at].start as usize..places[at].end as usize];
    change(column);
    header.checksums[at] = crc32fast::hash(column);
    [header.bytes().unwrap(), columns].concat()
}

/// Four vertices, a loop, parallel and reverse arcs, not sorted, with weights.
fn tiny() -> EdgeList {
    let arcs = vec![[2, 1], [0, 1], [1, 0], [1, 2], [1, 2], [2, 2]];
    EdgeList { ids: named(vec!["a", "b", "c", "d"]), arcs, weights: Some(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) }
}

proptest! {
    #[test]
    fn lists_come_back_as_they_were(list in list()) {
        let bytes = file(&list);
        let stored = reload(&bytes).unwrap();
        let own = GraphBuilder::directed(list.ids.len()).plain_edges(&list.arcs).build().unwrap();
        let found = stored.topology();
        prop_assert_eq!((found.vertices(), found.edges()), (own.vertices(), own.edges()));
        for vertex in 0..own.vertices() as u32 {
            prop_assert_eq!(found.out_neighbors(vertex), own.topology().out_neighbors(vertex));
            prop_assert_eq!(found.in_neighbors(vertex), own.topology().in_neighbors(vertex));
        }
        let weights = list.weights.clone().unwrap_or_else(|| vec![1.0; list.arcs.len()]);
        let own = GraphBuilder::directed(list.ids.len()).weighted_edges(&list.arcs, &weights).build().unwrap();
        let (ids, graph) = stored.clone().into_weighted(1.0);
        prop_assert!(graph.edge_list().map(|(a, b, w)| (a, b, *w)).eq(own.edge_list().map(|(a, b, w)| (a, b, *w))));
        prop_assert_eq!(&ids, &list.ids);
        prop_assert_eq!(stored.clone().into_list(), list.clone());
        prop_assert_eq!(file(&list), bytes, "the same graph has the same file");

        let mut bytes = Vec::new();
        stored.by_degree().write(&mut bytes).unwrap();
        let stored = reload(&bytes).unwrap();
        prop_assert!(stored.topology().is_relabeled());
        let (_, graph) = stored.clone().into_weighted(1.0);
        let expected = own.by_degree();
        prop_assert!(graph.edge_list().map(|(a, b, w)| (a, b, *w)).eq(expected.edge_list().map(|(a, b, w)| (a, b, *w))));
        for vertex in 0..expected.vertices() as u32 {
            prop_assert_eq!(graph.topology().in_neighbors(vertex), expected.topology().in_neighbors(vertex));
            prop_assert_eq!(graph.topology().loaded_as(vertex), expected.topology().loaded_as(vertex));
        }
        prop_assert_eq!(stored.into_list(), list);
    }

    #[test]
    fn truncations_are_refused(share in 0.0..1.0_f64) {
        let bytes = file_by_degree(&tiny());
        prop_assert!(reload(&bytes[..(share * bytes.len() as f64) as usize]).is_err());
    }

    #[test]
    fn bit_flips_are_refused(at: prop::sample::Index, bit in 0_u32..8) {
        let mut bytes = file_by_degree(&tiny());
        *at.get_mut(&mut bytes) ^= 1 << bit;
        prop_assert!(reload(&bytes).is_err());
    }

    /// What is forged is refused or a graph like any other: rows that are checked, both directions alike.
    #[test]
    fn forged_columns_are_refused_or_make_a_graph(
        column: prop::sample::Index,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let bytes = file_by_degree(&tiny());
        let places = opened(&bytes).0.columns().unwrap();
        let bytes = forged(&bytes, column.get(&places).name, |column| {
            changes.iter().for_each(|(at, value)| *at.get_mut(column) = *value);
        });
        if let Ok(stored) = reload(&bytes) {
            let list = stored.clone().into_list();
            let again = StoredGraph::new(list).unwrap();
            for vertex in 0..4 {
                let number = stored.topology().number_of(vertex);
                let mut found: Vec<_> = stored.topology().in_neighbors(number).to_vec();
                found.iter_mut().for_each(|end| *end = stored.topology().loaded_as(*end));
                found.sort_unstable();
                prop_assert_eq!(again.topology().in_neighbors(vertex), found);
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let bytes = file(&tiny());
    let message = |bytes: &[u8]| reload(bytes).unwrap_err().to_string();
    let advice = "; copy the file again, or convert the graph again";
    let end = bytes.len();
    assert_eq!(
        message(&bytes[..end - 1]),
        format!("g: expected a file of {end} bytes, as its header says, found {} bytes{advice}", end - 1)
    );
    let (_, data) = opened(&bytes);
    assert_eq!(
        message(&bytes[..100]),
        format!(
            "g: expected a whole header of a graph in binary, found one of {} bytes in a file of 100{advice}",
            data - 8
        )
    );
    let text = String::from_utf8_lossy(&bytes[8..data]).into_owned();
    let patched =
        |from: &str, to: &str| [&bytes[..8], text.replacen(from, to, 1).as_bytes(), &bytes[data..]].concat();
    assert_eq!(
        message(&patched("\"version\":\"2\"", "\"version\":\"1\"")),
        "g: expected a graph in binary of version 2, found version 1; convert the graph again with this version of gasworks"
    );
    assert_eq!(
        message(&patched("\"vertices\":\"4\"", "\"vertices\":\"5\"")),
        format!("g: expected a whole header of a graph in binary, found one that was changed{advice}")
    );
    let mut flipped = bytes.clone();
    flipped[data] ^= 1;
    assert!(message(&flipped).starts_with("g: expected out_offsets with the checksum "));

    let word = |at: usize, value: u32| {
        move |column: &mut [u8]| column[4 * at..4 * at + 4].copy_from_slice(&value.to_le_bytes())
    };
    for (name, at, value, part) in [
        ("out_offsets", 0, 1, "out_offsets that rise from 0 to 6"),
        ("out_offsets", 2, 9, "out_offsets that rise from 0 to 6"),
        ("in_offsets", 8, 5, "in_offsets that rise from 0 to 6"),
        ("out_ends", 0, 7, "out_ends that ascend in each row and are below 4"),
        ("out_ends", 1, 3, "out_ends that ascend in each row and are below 4"),
        ("in_ends", 0, 0, "the edges of out_ends in in_ends"),
        ("out_ends", 0, 0, "the edges of out_ends in in_ends"),
        ("weights", 1, f32::NAN.to_bits(), "finite weights"),
        ("order", 1, 0, "an order of 6 edges, found 5 of them"),
        ("order", 0, 6, "an order of 6 edges"),
        ("ids_ends", 0, 9, "ids that ascend"),
        ("ids_text", 0, u32::from_le_bytes(*b"bacd"), "ids that ascend"),
        ("ids_text", 0, u32::from_le_bytes(*b"a\xFFcd"), "ids in UTF-8"),
    ] {
        let error = message(&forged(&bytes, name, word(at, value)));
        assert!(error.contains(part), "{name}: {error}");
    }
}

#[test]
fn numbers_that_are_none_are_refused() {
    let bytes = file_by_degree(&tiny());
    for (at, value) in [(0, 1), (0, 4), (3, u32::MAX)] {
        let forged = forged(&bytes, "numbers", |column| {
            column[4 * at..4 * at + 4].copy_from_slice(&u32::to_le_bytes(value));
        });
        let error = reload(&forged).unwrap_err().to_string();
        assert!(error.contains("a number below 4 for each vertex, no two the same"), "{error}");
    }
}

#[test]
fn a_header_allocates_nothing_that_the_file_does_not_have() {
    let (mut header, _) = opened(&file(&tiny()));
    (header.vertices, header.edges) = (1 << 40, 1 << 50);
    assert!(reload(&header.bytes().unwrap()).is_err());
    header.edges = u64::MAX;
    assert!(header.bytes().is_none());
    let claims = [&u64::MAX.to_le_bytes()[..], &file(&tiny())[8..]].concat();
    assert!(reload(&claims).is_err());
}

#[test]
fn files_pipes_and_packed_bytes_are_read_alike() {
    let (list, bytes) = (tiny(), file(&tiny()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    std::fs::write(&path, &bytes).unwrap();
    let packed = zstd::encode_all(&bytes[..], 3).unwrap();
    for source in
        [Source::from_path(&path), Source::from_memory("g", bytes.clone()), Source::from_memory("g", packed)]
    {
        let loaded = read_edges(&source, &EdgesOptions::default()).unwrap();
        assert_eq!((loaded.data, loaded.report.format), (list.clone(), Format::Binary));
    }
    let source = Source::from_path(&path);
    assert_eq!(
        read_stored(&source).unwrap().unwrap().report.to_string(),
        format!("{}: binary, 6 edges", path.display())
    );
    assert!(read_stored(&Source::from_path(folder.path())).unwrap().is_none());
    let forced = |format| read_edges(&source, &EdgesOptions { format: Some(format), lenient: false });
    assert_eq!(forced(Format::Binary).unwrap().data, list);
    assert!(
        forced(Format::Csv).unwrap_err().to_string().contains("found a graph in binary; read it as a graph")
    );
    let text = Source::from_memory("g", b"1 2\n".as_slice());
    let error =
        read_edges(&text, &EdgesOptions { format: Some(Format::Binary), lenient: false }).unwrap_err();
    assert!(error.to_string().contains("expected a graph in binary, found text"));
    // Torn before the header says what it is: no graph, and no text.
    std::fs::write(&path, &bytes[..20]).unwrap();
    assert!(read_edges(&source, &EdgesOptions::default()).unwrap_err().to_string().contains("binary data"));
}
