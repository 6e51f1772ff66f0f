//! The same tiny graph in every format, and what is particular to graphs.
use super::{arcs, edges_as, edges_of, names};
use gasworks_engine::input::Format;

/// Three vertices, a loop, parallel and reverse arcs.
const ARCS: [&str; 5] = ["1>2", "2>1", "2>3", "2>3", "3>3"];

#[test]
fn the_same_graph_in_every_format() {
    for (format, text) in [
        ("space", "1 2\n2 1\n2 3\n2 3\n3 3\n"),
        ("space", "1\t2\n2\t1\n2\t3\n2\t3\n3\t3"),
        ("space", "\u{feff}  1 \t 2  \r\n\r\n2  1\r\n2 3\t\r\n   \r\n2 3\r\n3 3"),
        (
            "space",
            "# Directed graph\n# Nodes: 3 Edges: 5\n# FromNodeId\tToNodeId\n1\t2\n2\t1\n2\t3\n% later\n2\t3\n3\t3\n",
        ),
        ("csv", "1,2\n2,1\n2,3\n2,3\n3,3\n"),
        ("csv", "1, 2\n2 ,1\n2,3\n2,3\n3,3 \n"),
        ("csv", "source,target\n1,2\n2,1\n2,3\n2,3\n3,3\n"),
        ("csv", "name,To,FROM\nx,2,1\n,1,2\n\"a, b\",3,2\nx,3,2\nx,3,3\n"),
        ("csv", "id_1,id_2\n1,2\n2,1\n2,3\n2,3\n3,3\n"),
        ("csv", "foo,bar\n1,2\n2,1\n2,3\n2,3\n3,3\n"),
        ("semicolon", "\"1\";\"2\"\n2;1\n2;3\n2;3\n3;3\n"),
        ("bar", "1|2\n2|1\n2|3\n2|3\n3|3\n"),
        ("colons", "1::2\n2::1\n2::3\n2::3\n3::3\n"),
        ("tab", "source\ttarget\tlabel here\n1\t2\ta b\n2\t1\t\n2\t3\tx\n2\t3\ty\n3\t3\tz\n"),
        (
            "matrix-market",
            "%%MatrixMarket matrix coordinate pattern general\n% comment\n\n3 3 5\n1 2\n2 1\n2 3\n2 3\n3 3\n",
        ),
        (
            "matrix-market",
            "%%matrixmarket MATRIX Coordinate Pattern General\r\n3 3 5\r\n1 2\r\n2 1\r\n2 3\r\n2 3\r\n3 3",
        ),
        ("adjacency", "1: 2\n2: 1 3 3\n3: 3\n"),
        ("adjacency", "# lists\r\n1 : 2\r\n\r\n 2:\t1, 3,3 \r\n3:\r\n3: 3"),
    ] {
        let loaded = edges_of(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(loaded.report.format.name(), format, "{text}");
        assert_eq!(arcs(&loaded.data), ARCS, "{text}");
        assert_eq!(names(&loaded.data.ids), ["1", "2", "3"], "{text}");
        let report = loaded.report;
        assert_eq!(report.rows == 5, format != "adjacency", "{text}");
        let headers = u64::from(report.header.is_some()) + u64::from(format == "matrix-market");
        assert_eq!(report.rows + report.comments + report.blank_lines + headers, report.lines, "{text}");
        assert_eq!(report.lines, text.lines().count() as u64, "{text}");
    }
}

#[test]
fn the_same_graph_in_formats_that_have_to_be_asked_for() {
    for (format, text) in [
        (Format::Adjacency, "1 2\n2 1 3 3\n3 3\n"),
        (Format::Adjacency, "# of networkx\n1,2\n2, 1,3 3 \n3\n3,3"),
        (Format::CountedAdjacency, "1 1 2\n2 3 1 3 3\n3 1 3\n"),
    ] {
        let loaded = edges_as(format, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(loaded.report.format, format);
        assert_eq!(arcs(&loaded.data), ARCS, "{text}");
        assert_eq!(names(&loaded.data.ids), ["1", "2", "3"], "{text}");
        assert!(loaded.report.notes.is_empty(), "{:?}", loaded.report.notes);
    }
}

/// METIS has no directions, and no other graph could say so.
#[test]
fn the_same_undirected_graph_in_every_format() {
    for (format, text) in [
        ("metis", "4 3\n2 3\n1\n1 3\n\n"),
        ("metis", "% by hand\r\n4 3 000\r\n2\t3 \r\n% later\r\n 1\r\n1 3\r\n\r\n\r\n"),
        ("matrix-market", "%%MatrixMarket matrix coordinate pattern symmetric\n4 4 3\n2 1\n3 1\n3 3\n"),
        ("adjacency", "1: 2 3\n2: 1\n3: 1 3\n4:\n"),
    ] {
        let loaded = edges_of(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(loaded.report.format.name(), format, "{text}");
        let mut found = arcs(&loaded.data);
        found.sort();
        assert_eq!(found, ["1>2", "1>3", "2>1", "3>1", "3>3"], "{text}");
        assert_eq!(names(&loaded.data.ids), ["1", "2", "3", "4"], "{text}");
        let report = loaded.report;
        let headers = u64::from(report.header.is_some()) + u64::from(format == "matrix-market");
        assert_eq!(report.rows + report.comments + report.blank_lines + headers, report.lines, "{text}");
    }
}

#[test]
fn metis_knows_weights() {
    for text in [
        "2 1 1\n2 0.5\n1 0.5\n",
        "2 1 001\n2 0.5\n1 0.5\n",
        "2 1 011 2\n7 8 2 0.5\n9 9 1 0.5\n",
        "2 1 111 1\n1 7 2 0.5\n1 9 1 0.5\n",
        "2 1 111\n1 7 2 0.5\n1 9 1 0.5\n",
    ] {
        let loaded = edges_as(Format::Metis, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(arcs(&loaded.data), ["1>2:0.5", "2>1:0.5"], "{text}");
        let notes = loaded.report.notes;
        assert_eq!(notes[0], "each edge is listed at both its ends, so 1 edges stand for 2 arcs");
        assert_eq!(notes.len() == 2, text.contains('7'), "{notes:?}");
    }
    let parallel = "2 3 1\n2 5 2 4 1 7\n1 4 1 5\n";
    assert_eq!(arcs(&edges_of(parallel).unwrap().data), ["1>2:5", "1>2:4", "1>1:7", "2>1:4", "2>1:5"]);
}

#[test]
fn a_table_that_could_be_metis_stays_a_table_with_a_note() {
    let loaded = edges_of("3 3\n2 3\n1 3\n1 2\n").unwrap();
    assert_eq!((loaded.report.format, loaded.data.arcs.len()), (Format::Space, 4));
    assert_eq!(loaded.report.notes, ["the counts of the first line would be right in the format metis too"]);
    assert_eq!(edges_as(Format::Metis, "3 3\n2 3\n1 3\n1 2\n").unwrap().data.arcs.len(), 6);
}

#[test]
fn lists_have_ids_of_any_kind() {
    for (text, ids) in [
        ("-1: 18446744073709551615\n5:\n", ["-1", "5", "18446744073709551615"]),
        ("b: Zürich\na:\n", ["Zürich", "a", "b"]),
        ("a: b c\n", ["a", "b", "c"]),
    ] {
        let mut ids = ids;
        ids.sort_by_key(|id| (id.parse::<i128>().ok(), *id));
        assert_eq!(names(&edges_of(text).unwrap().data.ids), ids, "{text}");
    }
}

#[test]
fn weights_are_the_third_column() {
    for text in [
        "a b 0.5\nb c -2\n",
        "a,b,0.5\nb,c,-2.0\n",
        "weight;source;target\n0.5;a;b\n-2;b;c\n",
        "a\tb\t5e-1\t1289241911.7\nb\tc\t-2\t1289241912\n",
    ] {
        assert_eq!(arcs(&edges_of(text).unwrap().data), ["a>b:0.5", "b>c:-2"], "{text}");
    }
    let matrix = "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 2 1.5e3\n";
    assert_eq!(arcs(&edges_of(matrix).unwrap().data), ["1>2:1500"]);
}

#[test]
fn a_symmetric_matrix_yields_both_arcs() {
    let text = "%%MatrixMarket matrix coordinate integer symmetric\n4 4 2\n1 1 7\n3 1 5\n";
    let loaded = edges_of(text).unwrap();
    assert_eq!(arcs(&loaded.data), ["1>1:7", "3>1:5", "1>3:5"]);
    assert_eq!(loaded.data.ids.len(), 4, "rows without entries are vertices too");
    assert_eq!(loaded.report.notes, ["the matrix is symmetric, so 2 entries stand for 3 arcs"]);
    let skew = text.replace("symmetric", "skew-symmetric").replace("1 1 7\n", "").replace("4 4 2", "4 4 1");
    assert_eq!(arcs(&edges_of(skew).unwrap().data), ["3>1:5", "1>3:-5"]);
}

#[test]
fn any_ids_are_mapped_without_allocating_up_to_the_largest() {
    for (text, ids) in [
        ("0 18446744073709551615\n", vec!["0", "18446744073709551615"]),
        ("-5 9223372036854775807\n4 -5\n", vec!["-5", "4", "9223372036854775807"]),
        ("-9223372036854775808 18446744073709551615\n", vec!["-9223372036854775808", "18446744073709551615"]),
        ("18446744073709551616 2\n10 2\n", vec!["10", "18446744073709551616", "2"]),
        ("007 7\n", vec!["007", "7"]),
        ("b10 b9\na Zürich\n", vec!["Zürich", "a", "b10", "b9"]),
        ("5000000000 6000000000\n", vec!["5000000000", "6000000000"]),
    ] {
        assert_eq!(names(&edges_of(text).unwrap().data.ids), ids, "{text}");
    }
    let notes = edges_of("1 2\n2 007\n").unwrap().report.notes;
    assert_eq!(notes, ["ids of vertices are text, since \"007\" is no integer"]);
}

#[test]
fn an_empty_graph_and_one_vertex_are_graphs() {
    for text in ["", "\n\n", "# nothing here\n", "\u{feff}"] {
        let loaded = edges_of(text).unwrap();
        assert!(loaded.data.ids.is_empty() && loaded.data.arcs.is_empty(), "{text}");
        assert_eq!(loaded.report.notes, ["the file has no edges"], "{text}");
    }
    let loaded = edges_of("source,target\n").unwrap();
    assert_eq!((loaded.data.ids.len(), loaded.report.header.as_deref()), (0, Some("source,target")));
    assert_eq!(arcs(&edges_of("7 7").unwrap().data), ["7>7"]);
    let isolated = edges_of("%%MatrixMarket matrix coordinate pattern general\n3 3 0\n").unwrap();
    assert_eq!((isolated.data.ids.len(), isolated.data.arcs.len()), (3, 0));
}

#[test]
fn counts_in_a_comment_are_checked_and_noted() {
    let loaded = edges_of("# Nodes: 3 Edges: 4\n1 2\n2 3\n3 1\n").unwrap();
    assert_eq!(loaded.report.notes, ["the comment in line 1 says 4 edges, and the file has 3"]);
    let loaded = edges_of("# x\n# Nodes: 5 Edges: 3\n1 2\n2 3\n3 1\n").unwrap();
    assert_eq!(loaded.report.notes, ["the comment in line 2 says 5 nodes, and the file has 3"]);
}

#[test]
fn what_was_guessed_is_noted() {
    for (text, note) in [
        ("1 2 1082040961\n3 4 1082155839\n", "column 3 is taken as a weight, and looks like a time"),
        ("1,2,4,1289241911\n", "column 4 is taken as a time and ignored"),
        ("a b\n1 2\n3 4\n", "line 1 is taken as a header, since all ids after it are integers"),
        ("1 2\n# x\n3 4\n", "lines between rows are taken as comments for their # or %, the last is line 2"),
    ] {
        assert_eq!(edges_of(text).unwrap().report.notes, [note], "{text}");
    }
}
