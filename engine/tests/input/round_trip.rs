//! Random graphs and ratings, written in random ways, read back as they were.
use proptest::prelude::*;

use super::{arcs, edges_as, edges_of, names, opinions, ratings_of};
use gasworks_engine::graph::Ids;
use gasworks_engine::input::Format;

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
    fn adjacency_lists_come_back(
        ids in ids(),
        lists in proptest::collection::vec(
            (any::<prop::sample::Index>(), proptest::collection::vec(any::<prop::sample::Index>(), 0..5), line_end()), 1..20,
        ),
        dialect in 0..3,
        separator in prop_oneof![Just(" "), Just("\t"), Just(" , "), Just(",")],
    ) {
        let (mut text, mut expected, mut used) = (String::new(), Vec::new(), Vec::new());
        for (source, targets, end) in &lists {
            let source = source.get(&ids).as_str();
            let targets: Vec<&str> = targets.iter().map(|target| target.get(&ids).as_str()).collect();
            let count = targets.len().to_string();
            let mut fields = match dialect {
                0 => vec![],
                1 => vec![source],
                _ => vec![source, &count],
            };
            fields.extend(&targets);
            let colon = if dialect == 0 { format!("{source}: ") } else { String::new() };
            text.push_str(&format!("{colon}{}{end}", fields.join(separator)));
            expected.extend(targets.iter().map(|target| format!("{source}>{target}")));
            used.push(source);
            used.extend(targets);
        }
        let loaded = match dialect {
            0 => edges_of(text.as_str()),
            1 => edges_as(Format::Adjacency, text.as_str()),
            _ => edges_as(Format::CountedAdjacency, text.as_str()),
        };
        let loaded = loaded.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(arcs(&loaded.data), expected);
        // A vertex without arcs is one too.
        prop_assert_eq!(names(&loaded.data.ids), names(&Ids::from_names(used)));
    }

    #[test]
    fn metis_comes_back(
        vertices in 1_usize..9,
        picks in proptest::collection::vec((0_usize..9, 0_usize..9, 1..5), 0..20),
        flags in 0_usize..8,
        comment in any::<bool>(),
        broken in any::<prop::sample::Index>(),
    ) {
        let mut lists = vec![Vec::<(usize, i32)>::new(); vertices];
        let mut expected = Vec::new();
        for &(source, target, weight) in &picks {
            let (source, target) = (source % vertices, target % vertices);
            lists[source].push((target, weight));
            if source != target {
                lists[target].push((source, weight));
            }
        }
        let mut text = format!("{vertices} {} {:03b}\n", picks.len(), flags);
        for (source, list) in lists.iter().enumerate() {
            let mut fields = vec!["3".to_owned(); (flags >> 1 & 1) + (flags >> 2)];
            for (target, weight) in list {
                fields.push((target + 1).to_string());
                let mut arc = format!("{}>{}", source + 1, target + 1);
                if flags & 1 == 1 {
                    fields.push(weight.to_string());
                    arc += &format!(":{weight}");
                }
                expected.push(arc);
            }
            text.push_str(&format!("{}{}\n", if comment { "% x\n" } else { "" }, fields.join(" ")));
        }
        let loaded = edges_as(Format::Metis, text.as_str()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(arcs(&loaded.data), expected);
        prop_assert_eq!(loaded.data.ids.len(), vertices);
        // One arc less, and its mirror image stands alone.
        let arcs: Vec<(usize, usize)> =
            lists.iter().enumerate().flat_map(|(at, list)| (0..list.len()).map(move |entry| (at, entry))).collect();
        if !arcs.is_empty() && flags == 0 {
            let (at, entry) = arcs[broken.index(arcs.len())];
            lists[at].remove(entry);
            let mut text = format!("{vertices} {}\n", picks.len());
            for list in &lists {
                let list: Vec<String> = list.iter().map(|(target, _)| (target + 1).to_string()).collect();
                text.push_str(&format!("{}\n", list.join(" ")));
            }
            prop_assert!(edges_as(Format::Metis, text).is_err());
        }
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
        for format in [Format::Metis, Format::Adjacency, Format::CountedAdjacency] {
            let _ = edges_as(format, bytes.clone());
        }
        let _ = edges_as(Format::Metis, [b"3 2\n".as_slice(), &bytes].concat());
        let _ = gasworks_engine::input::read_titles(&gasworks_engine::input::Source::from_memory("x", bytes.clone()));
        let matrix = [b"%%MatrixMarket matrix coordinate real general\n".as_slice(), &bytes].concat();
        let _ = edges_of(matrix);
    }
}
