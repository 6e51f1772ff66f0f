//! The same tiny ratings in every format, and what is particular to ratings.
use super::{names, opinions, ratings_of};
use gasworks_engine::input::{Duplicates, Format, RatingsOptions, Source, read_ratings};

const OPINIONS: [&str; 4] = ["1 likes 10: 4.5", "1 likes 20: 3", "3 likes 10: 0.5", "2 likes 30: 5"];

/// LIBMF's files (Chin et al. 2016, "LIBMF: a library for parallel matrix factorization in shared-memory systems") are tables with spaces, whose ids
/// count from 0.
#[test]
fn files_of_libmf_are_tables() {
    let loaded = ratings_of("0 0 4.5\n0 2 3\n1 0 0.5\n").unwrap();
    assert_eq!(opinions(&loaded.data), ["0 likes 0: 4.5", "0 likes 2: 3", "1 likes 0: 0.5"]);
    assert_eq!(
        (names(&loaded.data.items), loaded.report.format),
        (vec!["0".into(), "2".into()], Format::Space)
    );
}

#[test]
fn the_same_ratings_in_every_format() {
    for (format, text) in [
        (
            "csv",
            "userId,movieId,rating,timestamp\n1,10,4.5,964982703\n1,20,3.0,964981247\n3,10,0.5,1\n2,30,5,2\n",
        ),
        (
            "csv",
            "\u{feff}rating,user_id,extra,\"item_id\"\r\n4.5,1,x,10\r\n3,1,,20\r\n.5,3,\"a, b\",10\r\n5.0,2,y,30\r\n",
        ),
        ("csv", "1,10,4.5\n1,20,3.0\n3,10,0.5\n2,30,5.0"),
        ("csv", "1,10,4.5,964982703\n1,20,3.0,964981247\n3,10,0.5,964981247\n2,30,5.0,964981247\n"),
        ("csv", "# comment\n\n1, 10, 4.5  \n1 ,20,3.0\n\n3,10,0.5\t\n2,30,5.0\n\n"),
        ("csv", "\"1\",\"10\",\"4.5\"\n\"1\",\"20\",\"3.0\"\n\"3\",\"10\",\"0.5\"\n\n\"2\",\"30\",\"5.0\"\n"),
        (
            "semicolon",
            "\"User-ID\";\"ISBN\";\"Book-Rating\"\n\"1\";\"10\";\"4.5\"\n\"1\";\"20\";\"3\"\n3;10;.5\n2;30;5\n",
        ),
        (
            "colons",
            "1::10::4.5::978300760\n1::20::3::978302109\n3::10::0.5::978301968\n2::30::5::978300275\n",
        ),
        ("colons", "1::10::4.5\n1::20::3\n3::10::0.5\n2::30::5\n"),
        ("space", "1\t10\t4.5\t881250949\n1\t20\t3\t891717742\n3\t10\t0.5\t878887116\n2\t30\t5\t880606923\n"),
        ("space", "1 10  4.5\n1   20 3\n 3 10 0.5\n2 \t30 5 \n"),
        (
            "tab",
            "user\titem\trating\tcomment\n1\t10\t4.5\tso good\n1\t20\t3\t\n3\t10\t.5\tno\n2\t30\t5\tyes, it is\n",
        ),
        ("bar", "user|item|rating\n1|10|4.5\n1|20|3\n3|10|.5\n2|30|5\n"),
        (
            "matrix-market",
            "%%MatrixMarket matrix coordinate real general\n% users x items\n4 30 4\n1 10 4.5\n1 20 3\n3 10 0.5\n2 30 5\n",
        ),
    ] {
        let loaded = ratings_of(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(loaded.report.format.name(), format, "{text}");
        assert_eq!(opinions(&loaded.data), OPINIONS, "{text}");
        assert_eq!(names(&loaded.data.users), ["1", "2", "3"], "{text}");
        assert_eq!(names(&loaded.data.items), ["10", "20", "30"], "{text}");
        assert_eq!((loaded.report.rows, loaded.report.duplicates), (4, 0), "{text}");
    }
}

#[test]
fn ids_may_be_texts_with_separators() {
    for text in [
        "\"Smith, Ann\",\"Heat \"\"95\"\"\",4\nbob,7,2\n",
        "user\titem\trating\nSmith, Ann\t\"Heat \"\"95\"\"\"\t4\nbob\t7\t2\n",
        "Smith, Ann::Heat \"95\"::4\nbob::7::2\n",
    ] {
        let loaded = ratings_of(text).unwrap();
        assert_eq!(opinions(&loaded.data), ["Smith, Ann likes Heat \"95\": 4", "bob likes 7: 2"], "{text}");
    }
    // One column of text leaves the other one integers, in numerical order.
    let loaded = ratings_of("a,10,1\nb,9,1\n").unwrap();
    assert_eq!(names(&loaded.data.items), ["9", "10"]);
    assert_eq!(loaded.report.notes, ["ids of users are text, since \"a\" is no integer"]);
    let loaded = ratings_of("New York,a b,1\nLos Angeles,c d,2\n").unwrap();
    assert_eq!(opinions(&loaded.data), ["New York likes a b: 1", "Los Angeles likes c d: 2"]);
    let loaded = ratings_of("New York\ta b\t1\nLos Angeles\tc d\t2\n").unwrap();
    assert_eq!(opinions(&loaded.data), ["New York likes a b: 1", "Los Angeles likes c d: 2"]);
}

#[test]
fn an_ignored_column_may_go_over_lines() {
    let text = "# a \"sample\"\nuser,item,review,rating\n1,2,\"two\nlines\",3\n\n4,5,\"one, too\",6\n";
    let loaded = ratings_of(text).unwrap();
    assert_eq!(opinions(&loaded.data), ["1 likes 2: 3", "4 likes 5: 6"]);
    let report = loaded.report;
    assert_eq!((report.lines, report.rows, report.comments, report.blank_lines), (6, 2, 1, 1));
}

#[test]
fn negative_ratings_are_ratings() {
    assert_eq!(opinions(&ratings_of("1,1,-4.5\n").unwrap().data), ["1 likes 1: -4.5"]);
}

#[test]
fn duplicates_keep_the_first_place_and_follow_the_policy() {
    let text = "2,7,1\n1,7,5\n2,8,3\n2,7,4\n1,7,2\n2,7,1\n";
    let read = |duplicates| {
        let options = RatingsOptions { duplicates, ..RatingsOptions::default() };
        read_ratings(&Source::from_memory("ratings.csv", text.as_bytes()), &options)
    };
    for (policy, expected) in [
        (Duplicates::Last, ["2 likes 7: 1", "1 likes 7: 2", "2 likes 8: 3"]),
        (Duplicates::Mean, ["2 likes 7: 2", "1 likes 7: 3.5", "2 likes 8: 3"]),
        (Duplicates::Sum, ["2 likes 7: 6", "1 likes 7: 7", "2 likes 8: 3"]),
    ] {
        let loaded = read(policy).unwrap();
        assert_eq!(opinions(&loaded.data), expected);
        assert_eq!((loaded.report.duplicates, loaded.report.rows), (3, 6));
        assert!(loaded.report.to_string().ends_with("6 rows in 6 lines, 3 duplicates"));
    }
    assert_eq!(
        read(Duplicates::Error).unwrap_err().to_string(),
        "ratings.csv:4: expected one rating for each user and item, found another rating of item 7 by user 2 \
         after line 1; drop one of them, or ask for the last, the mean or the sum of duplicates"
    );
}

#[test]
fn a_format_may_be_forced() {
    let text = "a b\tc d\t3\n";
    let read = |format| {
        let options = RatingsOptions { format: Some(format), ..RatingsOptions::default() };
        read_ratings(&Source::from_memory("x", text.as_bytes()), &options)
    };
    assert_eq!(opinions(&read(Format::Tab).unwrap().data), ["a b likes c d: 3"]);
    assert!(
        read(Format::Space)
            .unwrap_err()
            .to_string()
            .starts_with("x:1: column 3: expected a rating such as 4.5")
    );
    assert!(
        read(Format::MatrixMarket).unwrap_err().to_string().starts_with("x:1: expected a first line such as")
    );
    let small_times = "1,2,4,5\n3,4,5,6\n";
    let options = RatingsOptions { format: Some(Format::Csv), ..RatingsOptions::default() };
    let loaded = read_ratings(&Source::from_memory("x", small_times.as_bytes()), &options).unwrap();
    assert_eq!(opinions(&loaded.data), ["1 likes 2: 4", "3 likes 4: 5"]);
}

#[test]
fn a_pattern_of_ratings_is_ones() {
    let loaded = ratings_of("%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n2 1\n").unwrap();
    assert_eq!(opinions(&loaded.data), ["1 likes 2: 1", "2 likes 1: 1"]);
    assert_eq!(loaded.report.notes, ["the matrix is a pattern, so every rating is 1"]);
}
