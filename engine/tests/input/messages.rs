//! Every message about bad data, word for word.
use super::{edges_as, edges_of, ratings_of};
use gasworks_engine::input::{EdgesOptions, Format, RatingsOptions, Source, read_edges, read_ratings};
use gasworks_engine::{Error, ErrorKind};

#[test]
fn bad_ratings() {
    for (text, message) in [
        // Decimal comma, text where a number belongs.
        (
            "1;2;4,5\n",
            "1: column 3: expected a rating such as 4.5, found \"4,5\"; write decimals with a point",
        ),
        (
            "1\t2\t3\n1 2 4,5\n",
            "2: column 3: expected a rating such as 4.5, found \"4,5\"; write decimals with a point",
        ),
        (
            "1,2,\"4,5\"\n",
            "1: column 3: expected a rating such as 4.5, found \"4,5\"; write decimals with a point",
        ),
        (
            "1,2,4,5\n1,3,3,0\n",
            "1: column 3: expected a rating such as 4.5, found \"4,5\"; write decimals with a point, or name the \
             columns in a header line if the fourth is a time",
        ),
        (
            "userId,movieId,rating\n1,2,4,5\n",
            "2: column 4: expected the end of the line after 3 columns, found \"5\"; \
             write decimals with a point and quote ids that hold a comma",
        ),
        (
            "1,2,3\n\n1,2,good\n",
            "3: column 3: expected a rating such as 4.5, found \"good\"; \
             check the order of the columns, or name them in a header line",
        ),
        (
            "who,what,much\n1,2,3\n",
            "1: column 3: expected a rating such as 4.5, or column names such as user, item, rating, found \"much\"; \
             give the line a number, or rename the columns if it is a header",
        ),
        (
            "1,2,3\n1,2,\n",
            "2: column 3: expected a rating such as 4.5, found nothing; drop the line or give it a number",
        ),
        // Too few, too many columns.
        (
            "1,2\n",
            "1: column 3: expected a rating, found the end of the line; every line needs 3 columns between commas",
        ),
        (
            "1 2 3\n1 2\n",
            "2: column 3: expected a rating, found the end of the line; every line needs 3 columns between spaces or tabs",
        ),
        (
            "1::2::3\n1::2::3::4\n",
            "2: column 4: expected the end of the line after 3 columns, found \"4\"; \
             drop the rest of the line, or name all columns in a header line",
        ),
        (
            "1,2,3,964982703,9\n",
            "1: column 5: expected the end of the line after 4 columns, found \"9\"; \
             write decimals with a point and quote ids that hold a comma",
        ),
        (
            "1 2 3 964982703\n1 2 3 x\n",
            "2: column 4: expected a time as a number, found \"x\"; \
             the columns of a table without header are user, item, rating, time; name others in a header line",
        ),
        ("1,2,3\n,2,3\n", "2: column 1: expected a user id, found nothing; drop the line or give it an id"),
        ("1,2,3\n1,,3\n", "2: column 2: expected an item id, found nothing; drop the line or give it an id"),
        // Not finite.
        (
            "1,2,3\n1,3,NaN\n",
            "2: column 3: expected a finite rating, found \"NaN\"; drop the line or give it a number",
        ),
        (
            "1 2 -inf\n",
            "1: column 3: expected a finite rating, found \"-inf\"; drop the line or give it a number",
        ),
        (
            "1,2,1e39\n",
            "1: column 3: expected a finite rating, found \"1e39\"; drop the line or give it a number",
        ),
        // Quotes.
        (
            "1,2,3\n1,\"2,3\n4,5,6\n",
            "2: column 2: expected a quoted field that begins and ends on its line, found \"2,3\\n4,5,6\\n\"; \
             close the quote, or double a quote that is part of the text",
        ),
        (
            "1,2,3\n1, \"a, b\",3\n",
            "2: column 2: expected a quoted field that begins and ends on its line, found \" \\\"a\"; \
             drop the blank before the quote",
        ),
        (
            "user,item,rating,review\n1,2,3,\"never closed\n1,3,4,good\n",
            "2: column 4: expected a quoted field that begins and ends on its line, \
             found \"never closed\\n1,3,4,good\\n\"; close the quote, or double a quote that is part of the text",
        ),
        (
            "#,\"x\n1,2,3\n\"\n3,4,5\n",
            "1: column 2: expected a quoted field that begins and ends on its line, found \"x\\n1,2,3\\n\"; \
             close the quote, or double a quote that is part of the text",
        ),
        // Nothing there.
        (
            "",
            " expected at least one rating, found none; check that the file was written or fetched completely",
        ),
        (
            "userId,movieId,rating\n",
            " expected at least one rating, found none; check that the file was written or fetched completely",
        ),
        // MatrixMarket.
        (
            "%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 1 1\n",
            "1: expected a general matrix of ratings, found \"symmetric\"; list all entries as general",
        ),
    ] {
        let error = ratings_of(text).expect_err(text);
        assert_eq!(error.to_string(), format!("ratings.csv:{message}"), "{text}");
        assert_eq!(error.kind(), ErrorKind::Data);
    }
}

#[test]
fn bad_edges() {
    for (text, message) in [
        (
            "1 2\n3\n",
            "2: column 2: expected a target id, found the end of the line; every line needs 2 columns between spaces or tabs",
        ),
        (
            "1\n",
            "1: column 2: expected a target id, found the end of the line; every line needs 2 columns between commas",
        ),
        (
            "1 2\n1 2 3\n",
            "2: column 3: expected the end of the line after 2 columns, found \"3\"; force the format tab if ids hold spaces",
        ),
        (
            "1 2 3 4\n",
            "1: column 4: expected the end of the line after 3 columns, found \"4\"; force the format tab if ids hold spaces",
        ),
        (
            "1 2 4,5\n",
            "1: column 3: expected a weight such as 4.5, found \"4,5\"; write decimals with a point",
        ),
        (
            "1,2,0.5\n2,3,nan\n",
            "2: column 3: expected a finite weight, found \"nan\"; drop the line or give it a number",
        ),
        (
            "source,target,weight\n1,2,heavy\n",
            "2: column 3: expected a weight such as 4.5, found \"heavy\"; \
             check the order of the columns, or name them in a header line",
        ),
        (
            "1 2\n,3 4 5 6\n",
            "2: column 3: expected the end of the line after 2 columns, found \"5\"; force the format tab if ids hold spaces",
        ),
    ] {
        let error = edges_of(text).expect_err(text);
        assert_eq!(error.to_string(), format!("graph.txt:{message}"), "{text}");
        assert_eq!(error.kind(), ErrorKind::Data);
    }
}

#[test]
fn bad_matrices() {
    let banner = "%%MatrixMarket matrix coordinate real general\n";
    for (text, message) in [
        (
            "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n".to_owned(),
            "1: expected a coordinate matrix, found \"array\"; \
             write the entries that are not zero in coordinate format, as scipy does for a sparse matrix",
        ),
        (
            "%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 1 0\n".to_owned(),
            "1: expected real, integer or pattern entries, found \"complex\"; convert the entries to real numbers",
        ),
        (
            "%%MatrixMarket matrix coordinate\n".to_owned(),
            "1: expected real, integer or pattern entries, found the end of the line; convert the entries to real numbers",
        ),
        (
            format!("{banner}3 3 1\n0 1 1.0\n"),
            "3: column 1: expected a row from 1 to 3 (source), found \"0\"; MatrixMarket counts from 1, so add 1 to every id",
        ),
        (
            format!("{banner}3 3 2\n1 1 1\n1 4 1.0\n"),
            "4: column 2: expected a column from 1 to 3 (target), found \"4\"; \
             MatrixMarket ids end at the counts of the size line, so correct one of them",
        ),
        (
            format!("{banner}3 3 1\na 1 1.0\n"),
            "3: column 1: expected a row from 1 to 3 (source), found \"a\"; \
             MatrixMarket ids are whole numbers; write others as a table such as csv",
        ),
        (
            format!("{banner}3 3 2\n1 1 1\n"),
            "2: column 3: expected 2 entries, as this line says, found 1; \
             fetch the file again, correct the line, or ask for lenient reading",
        ),
        (
            format!("{banner}% x\n1000000000000000000 1000000000000000000 1000000000000000000\n1 1 1\n"),
            "3: column 3: expected 1000000000000000000 entries, as this line says, found 1; \
             fetch the file again, correct the line, or ask for lenient reading",
        ),
        (
            format!("{banner}1000000000000000000 1000000000000000000 1\n1 1 1\n"),
            "2: column 1: expected at most 2097904 rows in a file of this size, \
             found 1000000000000000000 rows and 1 entries; \
             correct the size line, or ask for lenient reading to leave out rows without entries",
        ),
        (
            format!("{banner}2 3 1\n1 1 1\n"),
            "2: expected a square matrix, since its rows and columns are the vertices, found 2 rows and 3 columns; \
             read a matrix of two kinds of things as ratings",
        ),
        (
            format!("{banner}2 2\n1 1 1\n"),
            "2: expected the numbers of rows, columns and entries, found \"2 2\"; write them as in \"3 4 10\"",
        ),
        (
            format!("{banner}0 0 1\n1 1 1\n"),
            "3: column 1: expected a row from 1 to 0 (source), found \"1\"; MatrixMarket ids end at the counts of the size line, so correct one of them",
        ),
    ] {
        assert_eq!(
            edges_of(text.as_str()).unwrap_err().to_string(),
            format!("graph.txt:{message}"),
            "{text}"
        );
    }
}

#[test]
fn bad_lists() {
    for (format, text, message) in [
        (
            Format::Metis,
            "",
            "1: expected the numbers of vertices and edges, found nothing; \
             write it as in \"7 11\", followed by 001 where edges have weights and 010 where vertices do",
        ),
        (
            Format::Metis,
            "% c\n3 x\n",
            "2: expected the numbers of vertices and edges, found \"3 x\"; \
             write it as in \"7 11\", followed by 001 where edges have weights and 010 where vertices do",
        ),
        (
            Format::Metis,
            "3 1 2\n",
            "1: column 3: expected three digits of 0 and 1 that say what is given, found \"2\"; \
             write it as in \"7 11\", followed by 001 where edges have weights and 010 where vertices do",
        ),
        (
            Format::Metis,
            "3 1 1 1\n",
            "1: column 4: expected no number of weights, since vertices have none, found \"1\"; \
             write it as in \"7 11\", followed by 001 where edges have weights and 010 where vertices do",
        ),
        (
            Format::Metis,
            "2 1\n2\n0\n",
            "3: column 1: expected a neighbor from 1 to 2, found \"0\"; METIS counts from 1, so add 1 to every number",
        ),
        (
            Format::Metis,
            "2 1\n2 3\n1\n",
            "2: column 2: expected a neighbor from 1 to 2, found \"3\"; \
             the first line says how many vertices there are: correct it or the number",
        ),
        (
            Format::Metis,
            "2 1\na\n1\n",
            "2: column 1: expected a neighbor from 1 to 2, found \"a\"; \
             METIS numbers its vertices; write other ids as an edge list or an adjacency list",
        ),
        (
            Format::Metis,
            "2 1 1\n2 7\n1\n",
            "3: column 2: expected a weight of an edge such as 4.5, found nothing; drop the line or give it a number",
        ),
        (
            Format::Metis,
            "2 1 10\nx 2\n1 1\n",
            "2: column 1: expected a size or weight of the vertex such as 4.5, found \"x\"; \
             the first line says that vertices have sizes or weights; correct its third number",
        ),
        (
            Format::Metis,
            "3 2\n2\n1 3\n\n",
            "3: expected each edge as often in the line of its other end, \
             found 3 among the neighbors of 2, and not 2 among those of 3; \
             METIS lists undirected graphs; write one with directions as an edge list",
        ),
        (
            Format::Metis,
            "2 1 1\n2 5\n1 6\n",
            "2: expected each edge as often in the line of its other end, with the same weight, \
             found 2 among the neighbors of 1, and not 1 among those of 2; \
             METIS lists undirected graphs; write one with directions as an edge list",
        ),
        (
            Format::Metis,
            "2 7\n2\n1\n",
            "1: column 2: expected 7 edges, as this line says, found 1; \
             fetch the file again, correct the line, or ask for lenient reading",
        ),
        (
            Format::Metis,
            "4 1\n2\n1\n",
            "1: column 1: expected 4 lines of neighbors, one for each vertex, found 2; \
             fetch the file again or correct the line; a vertex without neighbors has an empty line",
        ),
        (
            Format::Metis,
            "2 1\n2\n1\n\n 1 2\n",
            "5: expected nothing after the lines of 2 vertices, found \"1 2\"; \
             correct the number of vertices in the first line, or drop the rest",
        ),
        (
            Format::Metis,
            "1000000000000000000 1\n2\n1\n",
            "1: column 1: expected at most 4294967294 vertices, found 1000000000000000000; split the graph",
        ),
        (
            Format::Adjacency,
            "1: 2\n2 1\n",
            "2: expected a vertex, a colon and a blank, as in the first line, found \"2 1\"; \
             write \"vertex: target target\" in every line, or the colon in none",
        ),
        (
            Format::Adjacency,
            "1 2\n,2\n",
            "2: column 1: expected a vertex before the first comma, found nothing; drop the comma, or the line",
        ),
        (
            Format::CountedAdjacency,
            "1 1 2\n2 2 1\n",
            "2: column 2: expected 1 as the number of targets, since so many follow, found \"2\"; \
             fetch the file again or correct the line; a list without numbers of targets is of the format adjacency",
        ),
        (
            Format::CountedAdjacency,
            "1\n",
            "1: column 2: expected 0 as the number of targets, since so many follow, found nothing; \
             fetch the file again or correct the line; a list without numbers of targets is of the format adjacency",
        ),
    ] {
        let error = edges_as(format, text).expect_err(text);
        assert_eq!(error.to_string(), format!("graph.txt:{message}"), "{text}");
        assert_eq!(error.kind(), ErrorKind::Data);
    }
    let error = edges_as(Format::Adjacency, b"a: b\nZ\xFCrich: b\n".as_slice()).unwrap_err();
    assert_eq!(error.line(), Some(2));
}

#[test]
fn lenient_reading_of_metis_keeps_what_is_there() {
    let lenient = |text: &str| {
        let source = Source::from_memory("graph.txt", text.as_bytes().to_vec());
        read_edges(&source, &EdgesOptions { format: Some(Format::Metis), lenient: true })
    };
    let loaded = lenient("4 7\n2\n1\n").unwrap();
    assert_eq!((loaded.data.ids.len(), loaded.data.arcs.len()), (4, 2));
    let notes = [
        "the first line says 4 vertices, and the file has lines for 2",
        "the first line says 7 edges, and the file has 1",
    ];
    assert_eq!(loaded.report.notes[..2], notes);
    assert!(lenient("4000000000 1\n2\n1\n").is_err(), "no memory for vertices that only a header claims");
}

#[test]
fn lenient_reading_reports_and_goes_on() {
    let banner = "%%MatrixMarket matrix coordinate real general\n";
    let claims = [
        ("2 2 7", 2, "the size line says 7 entries, and the file has 1"),
        (
            "1000000000000000000 1000000000000000000 1",
            1,
            "of the 1000000000000000000 rows that the size line claims, those without entries are left out",
        ),
    ];
    for (sizes, vertices, note) in claims {
        let source = Source::from_memory("m.mtx", format!("{banner}{sizes}\n1 1 1\n").into_bytes());
        let loaded = read_edges(&source, &EdgesOptions { lenient: true, ..EdgesOptions::default() }).unwrap();
        assert_eq!(loaded.data.ids.len(), vertices);
        assert_eq!(loaded.report.notes, [note]);
    }
    let source = Source::from_memory("m.mtx", format!("{banner}9 9 4\n1 1 1\n").into_bytes());
    assert!(read_ratings(&source, &RatingsOptions::default()).is_err());
    let lenient = RatingsOptions { lenient: true, ..RatingsOptions::default() };
    let loaded = read_ratings(&source, &lenient).unwrap();
    assert_eq!((loaded.data.users.len(), loaded.report.notes.len()), (1, 1));
}

#[test]
fn the_first_bad_line_is_reported_at_any_thread_count() {
    let mut text = String::new();
    for line in 0..200_000 {
        // Text ids, found later than the error, must not hide it.
        let id = if line > 150_000 { "x" } else { "" };
        let value = if line == 120_000 || line == 199_000 { "bad" } else { "1" };
        text.push_str(&format!("{id}{line},7,{value}\n"));
    }
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let error = pool.install(|| ratings_of(text.as_str())).unwrap_err();
        assert_eq!(error.line(), Some(120_001), "{threads} threads");
        assert!(matches!(error, Error::Line { column: Some(3), .. }));
    }
}

#[test]
fn text_must_be_utf8() {
    assert_eq!(
        edges_of(b"a b\nZ\xFCrich b\n".as_slice()).unwrap_err().to_string(),
        "graph.txt:2: expected text in UTF-8, found \"Z\u{fffd}rich\"; \
         convert the file, for example with iconv -f latin1 -t utf8"
    );
    for (bytes, found) in [(b"\xFF\xFE1\0".as_slice(), "UTF-16"), (b"\x7FELF\0\0".as_slice(), "binary data")]
    {
        assert_eq!(
            edges_of(bytes).unwrap_err().to_string(),
            format!("graph.txt: expected text in UTF-8, found {found}; save or convert it as UTF-8 text")
        );
    }
}
