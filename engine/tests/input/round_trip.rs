//! Random graphs and ratings, written in random ways, read back as they were.
use proptest::prelude::*;

use super::{arcs, edges_of, opinions, ratings_of};

/// Ids of one kind.
fn ids() -> impl Strategy<Value = Vec<String>> {
    let kind = prop_oneof![
        Just("[1-9]".to_owned()),
        Just("-?[1-9][0-9]{0,17}".to_owned()),
        Just("1[0-8][0-9]{18}".to_owned()),
        Just("[a-zA-Zäß0-9_.+-]{1,9}".to_owned()),
    ];
    kind.prop_flat_map(|pattern| {
        proptest::collection::vec(proptest::string::string_regex(&pattern).unwrap(), 1..20)
    })
}

fn separator() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(" "),
        Just("\t"),
        Just(" \t  "),
        Just(","),
        Just(" , "),
        Just(";"),
        Just("|"),
        Just("::")
    ]
}

fn line_end() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("\n"), Just("\r\n"), Just(" \n"), Just("\n\n"), Just("\n# note\n"), Just("\t\r\n \r\n")]
}

proptest! {
    #[test]
    fn edges_come_back(
        ids in ids(),
        picks in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), line_end()), 1..40),
        weights in proptest::option::of(-1e6_f32..1e6),
        separator in separator(),
    ) {
        let mut text = String::new();
        let mut expected = Vec::new();
        // A first line with a number in it is no header.
        for (source, target, end) in &picks {
            let (source, target) = (source.get(&ids), target.get(&ids));
            let (column, weight) = match weights {
                Some(weight) => (format!("{separator}{weight}"), format!(":{weight}")),
                None => (String::new(), String::new()),
            };
            text.push_str(&format!("{source}{separator}{target}{column}{end}"));
            expected.push(format!("{source}>{target}{weight}"));
        }
        let is_integer = |id: &str| id.parse::<i128>().is_ok_and(|value| value.to_string() == id && value <= u64::MAX.into());
        let first: &String = picks[0].0.get(&ids);
        prop_assume!(weights.is_some() || is_integer(first) || picks.len() == 1 || !picks[1..].iter().all(|pick| {
            is_integer(pick.0.get::<String>(&ids)) && is_integer(pick.1.get::<String>(&ids))
        }));
        let loaded = edges_of(text.as_str()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(arcs(&loaded.data), expected);
        prop_assert!(loaded.data.ids.iter().collect::<Vec<_>>().is_sorted());
    }

    #[test]
    fn ratings_come_back(
        users in ids(),
        items in ids(),
        picks in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), -1e3_f32..1e3, line_end()), 1..40),
        separator in separator(),
        quoted in any::<bool>(),
    ) {
        let quotes = quoted && [",", ";", "|"].contains(&separator);
        let mut text = String::new();
        let mut expected: Vec<(String, f32)> = Vec::new();
        for (user, item, value, end) in &picks {
            let (user, item) = (user.get(&users), item.get(&items));
            if quotes {
                text.push_str(&format!("\"{user}\"{separator}\"{item}\"{separator}{value}{end}"));
            } else {
                text.push_str(&format!("{user}{separator}{item}{separator}{value}{end}"));
            }
            let pair = format!("{user} likes {item}");
            match expected.iter_mut().find(|(known, _)| *known == pair) {
                Some((_, known)) => *known = *value,
                None => expected.push((pair, *value)),
            }
        }
        let loaded = ratings_of(text.as_str()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let expected: Vec<String> = expected.iter().map(|(pair, value)| format!("{pair}: {value}")).collect();
        prop_assert_eq!(opinions(&loaded.data), expected);
        prop_assert_eq!(loaded.report.duplicates as usize, picks.len() - loaded.data.entries.len());
    }

    /// Whatever the bytes, reading ends with data or an error, and never panics.
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(prop_oneof![
        Just(b'1'), Just(b' '), Just(b'\n'), Just(b','), Just(b'"'), Just(b':'), Just(b'\t'), Just(b'.'), Just(b'-'),
        Just(b'#'), Just(b'\r'), Just(b'a'), Just(0xC3), any::<u8>(),
    ], 0..80)) {
        let _ = edges_of(bytes.clone());
        let _ = ratings_of(bytes.clone());
        let _ = gasworks_engine::input::read_titles(&gasworks_engine::input::Source::from_memory("x", bytes.clone()));
        let matrix = [b"%%MatrixMarket matrix coordinate real general\n".as_slice(), &bytes].concat();
        let _ = edges_of(matrix);
    }
}
