//! Documents as bags of words: UCI and LDA-C, what is read, and every message.
use std::io::Write;

use gasworks_engine::input::{Compression, Corpus, CorpusOptions, Format, Loaded, Source, read_corpus};
use gasworks_engine::{Error, ErrorKind};

fn corpus_of(text: impl Into<Vec<u8>>) -> Result<Loaded<Corpus>, Error> {
    read_corpus(&Source::from_memory("corpus.txt", text.into()), &CorpusOptions::default())
}

fn named(text: &'static str, vocabulary: &'static str, lenient: bool) -> Result<Loaded<Corpus>, Error> {
    let vocabulary = Some(Source::from_memory("vocab.txt", vocabulary.as_bytes()));
    let options = CorpusOptions { vocabulary, lenient, ..CorpusOptions::default() };
    read_corpus(&Source::from_memory("corpus.txt", text.as_bytes()), &options)
}

/// Entries as people write them: `1: 3 x 2`.
fn entries(corpus: &Corpus) -> Vec<String> {
    let entry = |entry: &gasworks_engine::input::WordCount| {
        format!("{}: {} x {}", corpus.documents.id(entry.document), corpus.name(entry.word), entry.count)
    };
    corpus.entries.iter().map(entry).collect()
}

const UCI: &str = "3\n5\n4\n1 2 1\n1 5 2\n3 1 1\n3 2 7\n";
const LDA_C: &str = "2 1:1 4:2\n0\n2 0:1 1:7\n";

#[test]
fn both_formats_have_the_same_corpus_however_they_are_written() {
    for (text, first, format) in [(UCI, 1, Format::Uci), (LDA_C, 0, Format::LdaC)] {
        let expected = [[0, 1, 1], [0, 4, 2], [2, 0, 1], [2, 1, 7]]
            .map(|[document, word, count]| format!("{}: {} x {count}", document + first, word + first));
        let wide = text.replace(' ', " \t ");
        for text in [text, text.trim_end(), &text.replace('\n', " \r\n"), &text.replace('\n', "\n\n"), &wide]
        {
            let loaded = corpus_of(text).unwrap();
            assert_eq!(
                (entries(&loaded.data), loaded.report.format),
                (expected.to_vec(), format),
                "{text:?}"
            );
            assert_eq!((loaded.data.documents.len(), loaded.data.tokens()), (2, 11));
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let packed = [
            (encoder.finish().unwrap(), Compression::Gzip),
            (zstd::encode_all(text.as_bytes(), 3).unwrap(), Compression::Zstd),
        ];
        for (packed, compression) in packed {
            let loaded = corpus_of(packed).unwrap();
            assert_eq!((entries(&loaded.data), loaded.report.compression), (expected.to_vec(), compression));
        }
    }
    let (uci, lda_c) = (corpus_of(UCI).unwrap(), corpus_of(LDA_C).unwrap());
    assert_eq!(uci.report.notes, ["1 of 3 documents has no word", "2 of 5 words do not occur"]);
    assert_eq!(lda_c.report.notes, ["1 of 3 documents has no word"]);
    assert_eq!(
        (uci.data.vocabulary, lda_c.data.vocabulary),
        (5, 3),
        "a header counts words that do not occur"
    );
    assert_eq!(uci.report.to_string(), "corpus.txt: uci, 4 rows in 7 lines");
}

#[test]
fn a_vocabulary_names_words_by_their_numbers() {
    let words = "the\nwhale\nsea\nship\ncrew\n";
    for (text, document) in [(UCI, [1, 3]), (LDA_C, [0, 2])] {
        let loaded = named(text, words, false).unwrap();
        let [first, last] = document;
        assert_eq!(
            entries(&loaded.data),
            [
                format!("{first}: whale x 1"),
                format!("{first}: crew x 2"),
                format!("{last}: the x 1"),
                format!("{last}: whale x 7")
            ]
        );
        assert_eq!(loaded.data.vocabulary, 5);
        assert_eq!(loaded.report.notes[1], "2 of 5 words do not occur");
    }
}

#[test]
fn several_entries_of_one_word_are_added_up_and_counted() {
    let loaded = corpus_of("2\n2\n4\n2 1 3\n1 1 1\n2 1 4\n1 2 1\n").unwrap();
    assert_eq!(entries(&loaded.data), ["1: 1 x 1", "1: 2 x 1", "2: 1 x 7"]);
    assert_eq!(loaded.report.duplicates, 1);
}

#[test]
fn large_numbers_cost_no_memory() {
    let large = "1000000000000000000\n18446744073709551615\n1\n999999999999999999 18446744073709551615 2\n";
    let corpus = corpus_of(large).unwrap().data;
    assert_eq!(entries(&corpus), ["999999999999999999: 18446744073709551615 x 2"]);
    assert_eq!(
        entries(&corpus_of("1 18446744073709551615:1\n").unwrap().data),
        ["0: 18446744073709551615 x 1"]
    );
}

#[test]
fn every_message() {
    let most = "4294967295";
    for (text, message) in [
        ("", ": expected at least one document with a word, found none; check that the file was written or fetched completely".into()),
        ("0\n0\n", ": expected at least one document with a word, found none; check that the file was written or fetched completely".into()),
        ("3\n5\n0\n", ": expected at least one document with a word, found none; check that the file was written or fetched completely".into()),
        ("3\n5\n3\n1 1 1\n", ":3: expected 3 entries, as this line says, found 1; fetch the file again, correct the line, or ask for lenient reading".into()),
        ("3\n5\n1\n0 1 1\n", ":4: column 1: expected a document from 1 to 3, found \"0\"; UCI files count documents and words from 1: add 1 to all".into()),
        ("3\n5\n1\n1 6 1\n", ":4: column 2: expected a word from 1 to 5, found \"6\"; correct it, or the second line, which says how many there are".into()),
        ("3\n5\n1\n1 -2 1\n", ":4: column 2: expected a word from 1 to 5, found \"-2\"; write a document, a word and a count, as in \"1 61 2\"".into()),
        ("3\n5\n1\n1 2\n", ":4: expected a document, a word and a count, found \"1 2\"; write them as in \"1 61 2\"".into()),
        ("3\n5\n1\n1 2 3 4\n", ":4: expected a document, a word and a count, found \"1 2 3 4\"; write them as in \"1 61 2\"".into()),
        ("3\n5\n1\n1 2 0\n", format!(":4: column 3: expected a count, a whole number from 1 to {most}, found \"0\"; leave out words that do not occur")),
        ("3\n5\n1\n1 2 4294967296\n", format!(":4: column 3: expected a count, a whole number from 1 to {most}, found \"4294967296\"; a word occurs less often")),
        ("3\n5\n1\n1 2 0.7\n", format!(":4: column 3: expected a count, a whole number from 1 to {most}, found \"0.7\"; topic models count words: weights such as tf-idf are no counts")),
        ("3\n5\n1\n1 2 NaN\n", format!(":4: column 3: expected a count, a whole number from 1 to {most}, found \"NaN\"; leave out words that do not occur")),
        ("1\n1\n2\n1 1 4294967295\n1 1 1\n", format!(": expected at most {most} times a word in a document, found more; leave the word out, or split the document")),
        ("3 1:1 2:1\n", ":1: expected 3 different words, as the line begins, found 2; the line may be cut off: fetch or write the file again, or correct the number".into()),
        ("1 1:1\nmany 1:1\n", ":2: column 1: expected the number of different words, found \"many\"; a line is the number of different words, then each word with its count, as in \"2 17:1 40:3\"".into()),
        ("1 1:1\n1 12\n", ":2: column 2: expected a word and its count such as 17:2, found \"12\"; a line is the number of different words, then each word with its count, as in \"2 17:1 40:3\"".into()),
        ("1 whale:1\n", ":1: column 2: expected a word, a whole number from 0, found \"whale\"; a line is the number of different words, then each word with its count, as in \"2 17:1 40:3\"".into()),
        ("1 3:x\n", format!(":1: column 2: expected a count, a whole number from 1 to {most}, found \"x\"; leave out words that do not occur")),
    ] {
        let error = corpus_of(text).unwrap_err();
        assert_eq!((error.to_string(), error.kind()), (format!("corpus.txt{message}"), ErrorKind::Data), "{text:?}");
    }
    // The format as asked for.
    let read = |text: &'static str, format: Format| {
        let options = CorpusOptions { format: Some(format), ..CorpusOptions::default() };
        read_corpus(&Source::from_memory("corpus.txt", text.as_bytes()), &options).unwrap_err().to_string()
    };
    assert_eq!(
        read("2 17:1 40:3\n", Format::Uci),
        "corpus.txt:1: expected the number of documents, alone on its line, found \"2 17:1 40:3\"; \
         begin with three lines, the numbers of documents, of words and of entries"
    );
    assert_eq!(
        read("x", Format::Csv),
        "corpus.txt: expected a corpus in the format uci or lda-c, found csv; leave the format out to have it told from the file"
    );
}

#[test]
fn headers_and_vocabularies_that_do_not_fit() {
    let message = |text, words, lenient| named(text, words, lenient).unwrap_err().to_string();
    let advice = "name the vocabulary that was written with the corpus, whole";
    assert_eq!(
        message(LDA_C, "a\nb\nc\nd\n", true),
        format!("vocab.txt: expected at least 5 words, since the corpus has word 4, found 4; {advice}")
    );
    assert_eq!(
        message(UCI, "a\nb\nc\nd\n", true),
        format!("vocab.txt: expected at least 5 words, since the corpus has word 5, found 4; {advice}")
    );
    assert_eq!(
        message(UCI, "a\nb\nc\nd\ne\nf\n", false),
        format!("vocab.txt: expected 5 words, as the corpus says, found 6; {advice}")
    );
    assert_eq!(
        message(LDA_C, "a\n\nc\nd\ne\n", false),
        "vocab.txt:2: expected a word in UTF-8, found nothing; write one word a line, none of them empty"
    );
    let loaded = named(UCI, "a\nb\nc\nd\ne\nf\n", true).unwrap();
    assert_eq!(loaded.data.vocabulary, 6);
    assert_eq!(loaded.report.notes[1], "the header says 5 words, and the vocabulary has 6");
    let options = CorpusOptions { lenient: true, ..CorpusOptions::default() };
    let short = Source::from_memory("corpus.txt", "1\n1\n9\n1 1 1\n".as_bytes());
    let loaded = read_corpus(&short, &options).unwrap();
    assert_eq!(loaded.report.notes, ["the header says 9 entries, and the file has 1"]);
    let missing = CorpusOptions { vocabulary: Some("no/such/vocab.txt".into()), ..CorpusOptions::default() };
    let error = read_corpus(&Source::from_memory("corpus.txt", UCI.as_bytes()), &missing).unwrap_err();
    assert_eq!(
        (error.kind(), error.file().unwrap().to_str()),
        (ErrorKind::NoInput, Some("no/such/vocab.txt"))
    );
}
