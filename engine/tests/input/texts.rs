//! Texts as bags of words: what a document is, which words are kept, and every message.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use gasworks_engine::Error;
use gasworks_engine::input::{
    Documents, Format, Loaded, Source, TextOptions, Texts, Tokens, read_texts, sources,
};

fn all_words() -> TextOptions {
    TextOptions {
        shortest: 1,
        fewest_documents: 1,
        largest_share: 1.0,
        stop_words: Default::default(),
        ..TextOptions::default()
    }
}

fn read(text: &'static str, options: &TextOptions) -> Result<Loaded<Texts>, Error> {
    read_texts(&[Source::from_memory("t", text.as_bytes())], options)
}

/// `title: 2 word, 1 other`, words ascending.
fn shown(texts: &Texts) -> Vec<String> {
    let mut lines: Vec<String> =
        texts.documents.iter().map(|document| document.title.clone() + ":").collect();
    for entry in &texts.corpus.entries {
        lines[entry.document as usize] += &format!(" {} {},", entry.count, texts.corpus.name(entry.word));
    }
    lines
}

#[test]
fn documents_are_what_was_asked_for() {
    let text = "The whale, the sea.\n\n  \nA ship\nat sea\n\nlast";
    for (documents, expected) in [
        (Documents::Files, &["t: 1 a, 1 at, 1 last, 2 sea, 1 ship, 2 the, 1 whale,"][..]),
        (
            Documents::Lines,
            &["t:1: 1 sea, 2 the, 1 whale,", "t:4: 1 a, 1 ship,", "t:5: 1 at, 1 sea,", "t:7: 1 last,"],
        ),
        (
            Documents::Passages { words: 4 },
            &["t:1: 1 sea, 2 the, 1 whale,", "t:4: 1 a, 1 at, 1 sea, 1 ship,", "t:7: 1 last,"],
        ),
        (
            Documents::Passages { words: 1 },
            &["t:1: 1 sea, 2 the, 1 whale,", "t:4: 1 a, 1 at, 1 sea, 1 ship,", "t:7: 1 last,"],
        ),
        (
            Documents::Passages { words: 5 },
            &["t:1: 1 a, 1 at, 2 sea, 1 ship, 2 the, 1 whale,", "t:7: 1 last,"],
        ),
    ] {
        let loaded = read(text, &TextOptions { documents: documents.clone(), ..all_words() }).unwrap();
        assert_eq!(shown(&loaded.data), expected, "{documents:?}");
        assert_eq!((loaded.report.rows, loaded.report.lines), (expected.len() as u64, 7));
        assert_eq!(loaded.report.format, Format::Text);
    }
    let lines = TextOptions { documents: Documents::Passages { words: 5 }, ..all_words() };
    assert_eq!(read(text, &lines).unwrap().data.documents[0].opening, "The whale, the sea. A ship at sea");
    let long = Box::leak("\u{e9}t\u{e9} ".repeat(100).into_boxed_str());
    assert_eq!(read(long, &all_words()).unwrap().data.documents[0].opening.chars().count(), 120);
}

#[test]
fn fields_and_columns_are_taken_as_they_are_meant() {
    let json = |title: Option<&str>| Documents::Json { text: "body".into(), title: title.map(str::to_owned) };
    let lines = "{\"id\": 7, \"body\": \"Two\\nlines\"}\n\n{\"body\": \"caf\\u00e9\", \"id\": \"x\"}\n{\"body\":\"a\"}";
    let loaded = read(lines, &TextOptions { documents: json(Some("id")), ..all_words() }).unwrap();
    assert_eq!(shown(&loaded.data), ["7: 1 lines, 1 two,", "x: 1 caf\u{e9},", "t:4: 1 a,"]);
    assert_eq!(loaded.report.format, Format::JsonLines);
    let column =
        |title: Option<&str>| Documents::Column { text: "text".into(), title: title.map(str::to_owned) };
    let table = "id,text\n1,\"a, \"\"b\"\"\nc\"\n2,d\n";
    let loaded = read(table, &TextOptions { documents: column(Some("id")), ..all_words() }).unwrap();
    assert_eq!(shown(&loaded.data), ["1: 1 a, 1 b, 1 c,", "2: 1 d,"]);
    let loaded = read("text\tn\na, b\t1\n", &TextOptions { documents: column(None), ..all_words() }).unwrap();
    assert_eq!(shown(&loaded.data), ["t:2: 1 a, 1 b,"]);
}

#[test]
fn words_are_kept_within_their_limits() {
    let text = "whale sea the\nwhale ship the\nwhale sea sea ox ox ox\nwhale\n";
    let lines = TextOptions { documents: Documents::Lines, ..all_words() };
    let names = |options: TextOptions| read(text, &options).unwrap().data.corpus.names;
    assert_eq!(names(lines.clone()), ["ox", "sea", "ship", "the", "whale"]);
    assert_eq!(names(TextOptions { fewest_documents: 2, ..lines.clone() }), ["sea", "the", "whale"]);
    assert_eq!(names(TextOptions { largest_share: 0.5, ..lines.clone() }), ["ox", "sea", "ship", "the"]);
    assert_eq!(names(TextOptions { shortest: 4, ..lines.clone() }), ["ship", "whale"]);
    assert_eq!(names(TextOptions { vocabulary: Some(2), ..lines.clone() }), ["ox", "whale"]);
    let stop_words = ["whale".to_owned()].into();
    let loaded = read(text, &TextOptions { stop_words, fewest_documents: 2, ..lines.clone() }).unwrap();
    // The last document has nothing left.
    assert_eq!(shown(&loaded.data), ["t:1: 1 sea, 1 the,", "t:2: 1 the,", "t:3: 2 sea,"]);
    assert_eq!(loaded.report.notes, ["2 of 4 words are kept", "1 of 4 documents has no word"]);
    let blanks = TextOptions { tokens: Tokens::Blanks, ..all_words() };
    assert_eq!(read("It's 3.14", &blanks).unwrap().data.corpus.names, ["3.14", "it's"]);
    let defaults = TextOptions { documents: Documents::Lines, largest_share: 1.0, ..TextOptions::default() };
    assert_eq!(names(defaults), ["sea", "whale"]);
}

#[test]
fn hashed_words_are_the_words_where_no_two_have_one_hash_and_else_fewer() {
    let text = "whale sea the\nwhale ship the\nwhale sea sea ox ox ox\n";
    let lines = TextOptions { documents: Documents::Lines, ..all_words() };
    let spelled = read(text, &lines).unwrap().data;
    let hashed = |bits| read(text, &TextOptions { hashed: Some(bits), ..lines.clone() }).unwrap().data;
    // Which words a document has, whatever their numbers.
    let pattern = |texts: &Texts| -> BTreeSet<BTreeMap<u32, u32>> {
        let mut words: BTreeMap<u32, BTreeMap<u32, u32>> = BTreeMap::new();
        for entry in &texts.corpus.entries {
            words.entry(entry.word).or_default().insert(entry.document, entry.count);
        }
        words.into_values().collect()
    };
    let wide = hashed(32);
    assert_eq!(pattern(&wide), pattern(&spelled));
    assert_eq!((wide.corpus.vocabulary, wide.corpus.names.len()), (1 << 32, 0));
    let narrow = hashed(1);
    assert!(narrow.corpus.words.len() <= 2 && narrow.corpus.tokens() == spelled.corpus.tokens());
    assert!(
        narrow
            .corpus
            .entries
            .is_sorted_by(|one, other| (one.document, one.word) < (other.document, other.word))
    );
    // The narrower hash is the first bits of the wider one.
    let expected = wide.corpus.words.iter().map(|id| id.to_string().parse::<u64>().unwrap() >> 31);
    let found = narrow.corpus.words.iter().map(|id| id.to_string().parse::<u64>().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), expected.collect());
}

#[test]
fn sources_are_one_corpus_and_a_folder_is_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("b");
    fs::create_dir(&inner).unwrap();
    fs::create_dir(folder.path().join(".hidden")).unwrap();
    for (name, text) in [("z.txt", "sea whale"), ("b/a.txt", "whale"), (".hidden/x", "no"), ("b/.y", "no")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    // Latin-1.
    fs::write(folder.path().join("a.txt"), b"caf\xe9 sea").unwrap();
    let found = sources(folder.path()).unwrap();
    let names: Vec<_> =
        found.iter().map(|source| source.name().strip_prefix(folder.path()).unwrap()).collect();
    assert_eq!(
        names.iter().map(|name| name.to_str().unwrap()).collect::<Vec<_>>(),
        ["a.txt", "b/a.txt", "z.txt"]
    );
    let loaded = read_texts(&found, &all_words()).unwrap();
    assert_eq!(loaded.data.corpus.names, ["caf\u{e9}", "sea", "whale"]);
    assert_eq!((loaded.data.documents.len(), loaded.data.corpus.tokens()), (3, 5));
    assert!(loaded.report.name.to_str().unwrap().ends_with("a.txt and 2 more"), "{:?}", loaded.report);
    assert!(
        loaded.report.notes[0].ends_with("a.txt is not UTF-8, and read as Latin-1"),
        "{:?}",
        loaded.report
    );
    let empty = tempfile::tempdir().unwrap();
    assert!(
        sources(empty.path())
            .unwrap_err()
            .to_string()
            .contains("expected texts in the folder, found no file")
    );
    assert_eq!(
        sources(&folder.path().join("none")).unwrap().len(),
        1,
        "whoever reads it says that it is missing"
    );
}

#[test]
fn the_number_of_threads_and_the_size_of_a_text_do_not_matter() {
    let mut text = String::new();
    for line in 0..40_000_u64 {
        let word = |at: u64| format!("w{} ", line.wrapping_mul(2654435761).wrapping_add(at * at * 97) % 1999);
        text.extend((0..4 + line % 9).map(word));
        text.push('\n');
    }
    // Counted in the plainest way.
    let mut expected: Vec<BTreeMap<&str, u32>> = Vec::new();
    for line in text.lines() {
        let mut counts = BTreeMap::new();
        line.split_whitespace().for_each(|word| *counts.entry(word).or_default() += 1);
        expected.push(counts);
    }
    let options = TextOptions { documents: Documents::Lines, ..all_words() };
    let source = [Source::from_memory("t", text.clone().into_bytes())];
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| read_texts(&source, &options).unwrap())
    };
    let first = run(1);
    assert_eq!(first, run(3));
    let Texts { corpus, documents } = first.data;
    assert_eq!((documents.len(), corpus.names.len()), (40_000, 1999));
    let mut found: Vec<BTreeMap<&str, u32>> = vec![BTreeMap::new(); 40_000];
    for entry in &corpus.entries {
        found[entry.document as usize].insert(&corpus.names[entry.word as usize], entry.count);
    }
    assert_eq!(found, expected);
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    let json = Documents::Json { text: "body".into(), title: None };
    let column = Documents::Column { text: "text".into(), title: Some("id".into()) };
    for (text, documents, message) in [
        ("{\"body\":\"a\"}\n[1]\n", &json, "t:2: expected a JSON object, found \"[1]\": invalid type"),
        ("{\"body\":", &json, "t:1: expected a JSON object"),
        ("{\"text\":\"a\",\"n\":1}", &json, "t:1: expected a text in the field \"body\", found the fields "),
        ("{\"body\":3}", &json, "found 3"),
        ("id,texts\n1,a\n", &column, "t:1: expected a column \"text\", found id, texts"),
        ("text\na\n", &column, "expected a column \"id\", found text"),
        (
            "id,text\n1,a\n2,b,c\n",
            &column,
            "t:3: expected as many columns as in the first line, found 3 instead of 2",
        ),
        ("", &Documents::Lines, "t: expected documents that share words, found 0 documents"),
        ("3 4\n5\n", &Documents::Lines, "found 2 documents without a word that is kept"),
    ] {
        let error = read(text, &TextOptions { documents: documents.clone(), ..all_words() }).unwrap_err();
        assert!(error.to_string().contains(message), "{text:?}: {error}");
    }
    let missing = read_texts(&[Source::from_path("/nowhere/text")], &all_words()).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/text"), "{missing}");
}
