//! Documents as bags of words: UCI bag-of-words files (Newman 2008, UCI machine learning repository), a `docword` file beside a
//! vocabulary, and files of LDA-C (Blei, Ng, Jordan 2003), `ap.dat` beside `vocab.txt`.

mod lda_c;
mod uci;
mod vocabulary;

use std::ops::Range;

use rayon::prelude::*;

use super::lines::{self, CHUNK_BYTES, Fault, shown};
use super::numbering::{Numbered, Side};
use super::rows::{Counts, Keys, Signs};
use super::{Format, Loaded, Report, Source, Text, matrix_market::unsigned};
use crate::Error;
use crate::graph::Ids;

/// How often a word occurs in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordCount {
    /// Among those of the corpus, from 0.
    pub document: u32,
    /// Among those of the corpus, from 0.
    pub word: u32,
    /// At least 1.
    pub count: u32,
}

/// Documents as bags of words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Corpus {
    /// The documents that have a word, by their numbers in the file. UCI counts them from 1; in LDA-C, the first line is document 0.
    pub documents: Ids,
    /// The words that occur, by their numbers in the file. UCI counts them from 1, LDA-C from 0.
    pub words: Ids,
    /// The words that occur as the vocabulary spells them; empty where none was given.
    pub names: Vec<String>,
    /// How many words there are, whether or not they occur: those of the vocabulary, else as many as the header says, else those that occur.
    pub vocabulary: u64,
    /// By document, then by word, each pair once.
    pub entries: Vec<WordCount>,
}

impl Corpus {
    /// How many tokens: the sum of all counts.
    pub fn tokens(&self) -> u64 {
        self.entries.iter().map(|entry| u64::from(entry.count)).sum()
    }

    /// A word as the vocabulary spells it, else its number in the file.
    ///
    /// # Panics
    /// If there is no such word.
    pub fn name(&self, word: u32) -> String {
        self.names.get(word as usize).cloned().unwrap_or_else(|| self.words.id(word).to_string())
    }
}

/// How to read a corpus.
#[derive(Clone, Debug, Default)]
pub struct CorpusOptions {
    /// [`Format::Uci`] or [`Format::LdaC`]; unless said, told from the first lines.
    pub format: Option<Format>,
    /// A word a line, in the order of their numbers.
    pub vocabulary: Option<Source>,
    /// Takes counts in a header that are not those of the body as a note, not as an error.
    pub lenient: bool,
}

/// Reads a corpus. A word that a document has several times is one entry, with the sum of its counts. Documents without words are left
/// out and noted.
///
/// # Errors
/// If a source cannot be read, a line is not as the format asks, a header does not match the body, or the vocabulary has fewer words than the corpus;
/// if there is no word at all.
///
/// ```
/// use gasworks_engine::input::{CorpusOptions, Source, WordCount, read_corpus};
///
/// let vocabulary = Some(Source::from_memory("vocab.txt", "whale\nship\nbeak\n".as_bytes()));
/// let options = CorpusOptions { vocabulary, ..CorpusOptions::default() };
/// let loaded = read_corpus(&Source::from_memory("few.dat", "2 0:3 2:1\n0\n1 2:4\n".as_bytes()), &options)?;
/// let few = loaded.data;
/// assert_eq!((few.documents.len(), few.tokens(), few.vocabulary), (2, 8, 3));
/// assert_eq!(few.names, ["whale", "beak"]);
/// assert_eq!(few.entries[2], WordCount { document: 1, word: 1, count: 4 });
/// assert_eq!(loaded.report.notes, ["1 of 3 documents has no word", "1 of 3 words does not occur"]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn read_corpus(source: &Source, options: &CorpusOptions) -> Result<Loaded<Corpus>, Error> {
    let text = source.read()?;
    let mut loaded = read(&text, options, CHUNK_BYTES).map_err(|fault| fault.into_error(&text))?;
    if let Some(vocabulary) = &options.vocabulary {
        vocabulary::name(&mut loaded, vocabulary, options.lenient)?;
    }
    let Corpus { words, vocabulary, .. } = &loaded.data;
    let absent = vocabulary - words.len() as u64;
    loaded.report.notes.extend(missing(absent, *vocabulary, "words", "does not occur", "do not occur"));
    Ok(loaded)
}

/// Whether the first lines of a source are word counts, of UCI or LDA-C, and not text; and the source, held in memory.
///
/// # Errors
/// If it cannot be read.
pub fn holds_word_counts(source: &Source) -> Result<(Source, bool), Error> {
    let held = source.hold()?;
    let are_counts = {
        let text = held.read()?;
        let is_count = |field: &[u8]| field.iter().all(|byte| byte.is_ascii_digit() || *byte == b':');
        let rows = lines::lines(&text.bytes, 0..text.bytes.len()).map(|(_, line)| line);
        let mut rows = rows.filter(|line| lines::kind(line) == lines::LineKind::Row).take(4).peekable();
        rows.peek().is_some() && rows.all(|line| Format::LdaC.fields(line).all(is_count))
    };
    Ok((held, are_counts))
}

/// That some of them are missing, if any are.
pub(super) fn missing(some: u64, all: u64, what: &str, one: &str, many: &str) -> Option<String> {
    (some > 0).then(|| format!("{some} of {all} {what} {}", if some == 1 { one } else { many }))
}

/// What came of one piece of the text.
#[derive(Default)]
struct Chunk {
    /// The numbers of document and word of each entry. In LDA-C, documents are counted within the piece.
    keys: Vec<[u64; 2]>,
    occurrences: Vec<u32>,
    counts: Counts,
    fault: Option<Fault>,
}

impl Chunk {
    fn parse(text: &[u8], range: Range<usize>, row: impl Fn(&mut Self, &[u8]) -> Result<(), Fault>) -> Self {
        let mut chunk = Chunk::default();
        for (at, line) in lines::lines(text, range) {
            chunk.counts.lines += 1;
            if chunk.counts.note(line, at)
                && let Err(fault) = row(&mut chunk, line)
            {
                chunk.fault = Some(Fault { at: Some(at), ..fault });
                break;
            }
        }
        chunk
    }
}

fn read(text: &Text<'_>, options: &CorpusOptions, chunk_bytes: usize) -> Result<Loaded<Corpus>, Fault> {
    let bytes = &text.bytes;
    let format = options.format.unwrap_or_else(|| uci::sniff(bytes));
    let header = match format {
        Format::Uci => Some(uci::Header::read(bytes)?),
        Format::LdaC => None,
        other => {
            return Err(whole(
                "a corpus in the format uci or lda-c",
                other.to_string(),
                "leave the format out to have it told from the file",
            ));
        }
    };
    let body = header.as_ref().map_or(0, |header| header.body);
    let ranges = lines::chunks(bytes, body..bytes.len(), chunk_bytes);
    let parse = |range| match &header {
        Some(header) => Chunk::parse(bytes, range, |chunk, line| header.row(chunk, line)),
        None => Chunk::parse(bytes, range, lda_c::row),
    };
    let chunks: Vec<Chunk> = ranges.into_par_iter().map(parse).collect();

    let mut counts = header.as_ref().map_or_else(Counts::default, |header| header.counts);
    let (mut rows, mut occurrences) = (Vec::with_capacity(chunks.len()), Vec::new());
    let mut lines_before = 0;
    for mut chunk in chunks {
        if let Some(fault) = chunk.fault {
            return Err(fault);
        }
        if header.is_none() {
            chunk.keys.iter_mut().for_each(|[document, _]| *document += lines_before);
            lines_before += chunk.counts.rows;
        }
        counts.add(&chunk.counts);
        rows.push(chunk.keys);
        occurrences.extend(chunk.occurrences);
    }
    let mut notes = text.notes.clone();
    if let Some(header) = &header {
        notes.extend(header.check(occurrences.len() as u64, options.lenient)?);
    }
    if occurrences.is_empty() {
        return Err(whole(
            "at least one document with a word",
            "none".into(),
            "check that the file was written or fetched completely",
        ));
    }
    let large = |side: usize| {
        let above_i64 = rows.iter().flatten().any(|key| key[side] > i64::MAX as u64);
        Signs { negative: false, above_i64 }
    };
    let keys = Keys::Integers { signs: [large(0), large(1)], rows };
    let documents = Numbered::new(&keys, Side::First, "documents")?;
    let words = Numbered::new(&keys, Side::Second, "words")?;
    if documents.ids.len() + words.ids.len() > Ids::MAX_LEN {
        return Err(whole(
            &format!("at most {} documents and words together", Ids::MAX_LEN),
            format!("{} and {}", documents.ids.len(), words.ids.len()),
            "split the input",
        ));
    }
    let Keys::Integers { rows, .. } = &keys else { unreachable!("numbers of documents are integers") };
    let entry = |([document, word], count): (&[u64; 2], &u32)| WordCount {
        document: documents.of_integer(*document),
        word: words.of_integer(*word),
        count: *count,
    };
    let mut entries: Vec<WordCount> = rows.iter().flatten().zip(&occurrences).map(entry).collect();
    let duplicates = merge(&mut entries)?;

    let (all_documents, vocabulary) = match &header {
        Some(header) => (header.documents, header.words),
        None => (counts.rows, words.ids.len() as u64),
    };
    let absent = all_documents - documents.ids.len() as u64;
    notes.extend(missing(absent, all_documents, "documents", "has no word", "have no word"));
    let report = Report { duplicates, notes, ..text.report(format, &counts) };
    let (documents, words) = (documents.ids, words.ids);
    Ok(Loaded { data: Corpus { documents, words, names: Vec::new(), vocabulary, entries }, report })
}

/// Sorts entries, and adds up those of one document and word; how many were added to others.
fn merge(entries: &mut Vec<WordCount>) -> Result<u64, Fault> {
    let key = |entry: &WordCount| (entry.document, entry.word);
    if entries.par_windows(2).all(|pair| key(&pair[0]) < key(&pair[1])) {
        return Ok(0);
    }
    entries.par_sort_unstable_by_key(key);
    let (before, mut sum) = (entries.len(), Some(0_u32));
    entries.dedup_by(|next, last| {
        let same = key(next) == key(last);
        if same {
            let both = last.count.checked_add(next.count);
            sum = sum.and(both);
            last.count = both.unwrap_or_default();
        }
        same
    });
    let advice = "leave the word out, or split the document";
    sum.ok_or_else(|| {
        whole(&format!("at most {} times a word in a document", u32::MAX), "more".into(), advice)
    })?;
    Ok((before - entries.len()) as u64)
}

/// How often a word occurs.
fn occurrences(field: &[u8], column: u32) -> Result<u32, Fault> {
    let count = unsigned(field).and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    count.ok_or_else(|| {
        let advice = match fast_float2::parse::<f64, _>(field) {
            Ok(weight) if weight > f64::from(u32::MAX) => "a word occurs less often",
            Ok(weight) if weight > 0.0 => "topic models count words: weights such as tf-idf are no counts",
            _ => "leave out words that do not occur",
        };
        let expected = format!("a count, a whole number from 1 to {}", u32::MAX);
        Fault { at: None, column: Some(column), expected, found: shown(field), advice: advice.into() }
    })
}

fn whole(expected: &str, found: String, advice: &str) -> Fault {
    Fault { at: None, column: None, expected: expected.into(), found, advice: advice.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::assert_chunks_do_not_matter;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn chunks_do_not_matter(lines in proptest::collection::vec("([0-9] ){1,3}([0-9]:[0-9] ?){0,3}|", 0..20), uci: bool) {
            let header = if uci { "9\n9\n5\n" } else { "" };
            let source = Source::from_memory("x", [header, &lines.join("\n")].concat().into_bytes());
            let format = Some(if uci { Format::Uci } else { Format::LdaC });
            let options = CorpusOptions { format, lenient: true, ..CorpusOptions::default() };
            assert_chunks_do_not_matter(&source, |text, chunk| read(text, &options, chunk));
        }
    }
}
