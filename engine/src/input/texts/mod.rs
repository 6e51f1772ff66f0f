//! Texts as bags of words: files, folders, lines, passages, fields of JSON and columns of tables, cut into words ([`words`]) of which the rarest, the most
//! common and those that carry no topic are left out.

mod documents;
mod words;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use rayon::prelude::*;

use super::corpus::missing;
use super::{Compression, Corpus, Loaded, Report, Source, WordCount};
use crate::Error;
use crate::graph::Ids;
use documents::Piece;

pub use documents::{Documents, sources};
pub use words::{Tokens, english_stop_words};

/// Texts in pieces of about so many bytes: fine enough to share among many cores.
const PIECE_BYTES: usize = 1 << 20;

/// Documents in their own words.
#[derive(Clone, Debug, PartialEq)]
pub struct Texts {
    /// The words of the documents, which have the names that they have in the texts, or none if they are [hashed](TextOptions::hashed).
    pub corpus: Corpus,
    /// One for each document of the corpus.
    pub documents: Vec<Document>,
}

/// What a document is called, and how it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its file, with the number of its first line where that has more than one document; or the title that it comes with.
    pub title: String,
    /// Its first characters, blanks joined.
    pub opening: String,
}

/// How to read texts.
#[derive(Clone, Debug)]
pub struct TextOptions {
    /// What a document is. Default: each file.
    pub documents: Documents,
    /// What a word is. Default: what Unicode calls one.
    pub tokens: Tokens,
    /// Words that are left out, in lower case. Default: [`english_stop_words`].
    pub stop_words: HashSet<String>,
    /// Characters of a word at least. Default 3.
    pub shortest: usize,
    /// Documents that a word is in at least. Default 2.
    pub fewest_documents: u32,
    /// The share of all documents that a word is in at most, from 0 to 1. Default 0.5.
    pub largest_share: f64,
    /// How many words are kept at most, those with the most tokens. Default: all.
    pub vocabulary: Option<usize>,
    /// Bits of a hash that stands for a word, 1 to 32, so that no vocabulary is held: two words may then be one, topics cannot be named, and the three
    /// limits above do not apply. Default: none.
    pub hashed: Option<u32>,
}

impl Default for TextOptions {
    fn default() -> Self {
        TextOptions {
            documents: Documents::Files,
            tokens: Tokens::Unicode,
            stop_words: english_stop_words().map(str::to_owned).collect(),
            shortest: 3,
            fewest_documents: 2,
            largest_share: 0.5,
            vocabulary: None,
            hashed: None,
        }
    }
}

/// Reads texts as a corpus. Words are numbered in the order of their bytes; documents in that of the sources and within them, those left without
/// words left out and noted. Files that are not UTF-8 are read as Latin-1, which is noted. Parallel; the result does not depend on the number of threads.
///
/// # Errors
/// If a source cannot be read; a line is no JSON object with the field that is asked for; a table has no such column; or no document has a word that is
/// kept.
///
/// ```
/// use gasworks_engine::input::{Documents, Source, TextOptions, read_texts};
///
/// let text = "The whales swam by.\nA whale's fluke!\nFinches have beaks, and beaks have finches.\n\nA finch's beak, a whale.\n";
/// let options = TextOptions { documents: Documents::Lines, ..TextOptions::default() };
/// let texts = read_texts(&[Source::from_memory("notes.txt", text.as_bytes())], &options)?.data;
/// // What only one line says is left out.
/// assert_eq!(texts.corpus.names, ["whale"]);
/// assert_eq!(texts.documents[0].title, "notes.txt:2");
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
///
/// # Panics
/// If [`hashed`](TextOptions::hashed) is not 1 to 32.
pub fn read_texts(sources: &[Source], options: &TextOptions) -> Result<Loaded<Texts>, Error> {
    assert!(options.hashed.is_none_or(|bits| (1..=32).contains(&bits)), "a hash of 1 to 32 bits");
    let mut report = Report::new(&name(sources), options.documents.format(), Compression::None);
    let (mut titles, mut counted) = (Vec::new(), Vec::new());
    for source in sources {
        let read = documents::read(source, &options.documents)?;
        report.compression = read.compression;
        report.bytes += read.bytes;
        report.text_bytes += read.text.len() as u64;
        report.lines += read.lines;
        report.notes.extend(read.notes);
        let pieces = pieces(&read.pieces);
        // Ordered as the pieces are.
        counted.par_extend(pieces.into_par_iter().map(|pieces| Counted::of(&read.text, pieces, options)));
        titles.extend(read.pieces.into_iter().map(|piece| piece.document(&read.text)));
    }
    report.rows = titles.len() as u64;
    let vocabulary = match options.hashed {
        None => Vocabulary::spelled(&counted, titles.len(), options),
        Some(bits) => Vocabulary::hashed(&counted, bits),
    };
    report.notes.extend(vocabulary.note.clone());
    let entries = vocabulary.entries(counted);
    if entries.is_empty() {
        return Err(Error::File {
            path: report.name,
            expected: "documents that share words".into(),
            found: format!("{} documents without a word that is kept", titles.len()),
            advice: "check what a document is, and the limits of words".into(),
        });
    }
    Ok(Loaded { data: vocabulary.texts(entries, titles, &mut report.notes), report })
}

/// The first, and how many more.
fn name(sources: &[Source]) -> PathBuf {
    match sources {
        [] => "no texts".into(),
        [only] => only.name().to_path_buf(),
        [first, others @ ..] => format!("{} and {} more", first.name().display(), others.len()).into(),
    }
}

/// Cuts a list of documents into runs of about equal length, whatever the number of threads.
fn pieces(documents: &[Piece]) -> Vec<&[Piece]> {
    let mut bytes = 0;
    documents
        .chunk_by(move |one, _| {
            bytes += one.text.len();
            let goes_on = bytes < PIECE_BYTES;
            if !goes_on {
                bytes = 0;
            }
            goes_on
        })
        .collect()
}

/// The words of some documents, numbered as they come.
struct Counted {
    words: Vec<String>,
    /// Of each word, documents and tokens.
    occurrences: Vec<[u64; 2]>,
    /// Of each document, its words with their counts.
    documents: Vec<Vec<(u32, u32)>>,
}

impl Counted {
    fn of(text: &str, pieces: &[Piece], options: &TextOptions) -> Self {
        let mut numbers: HashMap<String, Option<u32>> = HashMap::new();
        let mut counted = Counted { words: Vec::new(), occurrences: Vec::new(), documents: Vec::new() };
        let mut counts: HashMap<u32, u32> = HashMap::new();
        for piece in pieces {
            words::for_each(piece.of(text), options.tokens, |word| {
                let number = match numbers.get(word) {
                    Some(number) => *number,
                    None => {
                        let is_kept =
                            word.chars().count() >= options.shortest && !options.stop_words.contains(word);
                        let number = is_kept.then(|| counted.add(word));
                        numbers.insert(word.to_owned(), number);
                        number
                    }
                };
                if let Some(number) = number {
                    *counts.entry(number).or_default() += 1;
                }
            });
            let mut document: Vec<(u32, u32)> = counts.drain().collect();
            document.sort_unstable();
            for (word, count) in &document {
                let [documents, tokens] = &mut counted.occurrences[*word as usize];
                *documents += 1;
                *tokens += u64::from(*count);
            }
            counted.documents.push(document);
        }
        counted
    }

    fn add(&mut self, word: &str) -> u32 {
        self.words.push(word.to_owned());
        self.occurrences.push([0; 2]);
        self.words.len() as u32 - 1
    }
}

/// The words that are kept.
struct Vocabulary {
    words: Ids,
    names: Vec<String>,
    /// How many words there may be.
    size: u64,
    /// For each run of documents, the number of each of its words; none for those that are left out.
    numbers: Vec<Vec<Option<u32>>>,
    note: Option<String>,
}

impl Vocabulary {
    fn spelled(counted: &[Counted], documents: usize, options: &TextOptions) -> Self {
        let mut occurrences: HashMap<&str, [u64; 2]> = HashMap::new();
        for part in counted {
            for (word, [documents, tokens]) in part.words.iter().zip(&part.occurrences) {
                let sum = occurrences.entry(word).or_default();
                *sum = [sum[0] + documents, sum[1] + tokens];
            }
        }
        let all = occurrences.len();
        let most = options.largest_share * documents as f64;
        let is_kept = |documents: u64| {
            documents >= u64::from(options.fewest_documents) && documents as f64 <= most.max(1.0)
        };
        let mut kept: Vec<(&str, u64)> = occurrences
            .into_iter()
            .filter(|(_, [documents, _])| is_kept(*documents))
            .map(|(word, [_, tokens])| (word, tokens))
            .collect();
        if let Some(most) = options.vocabulary {
            kept.sort_unstable_by(|(one, tokens), (other, others)| others.cmp(tokens).then(one.cmp(other)));
            kept.truncate(most);
        }
        let mut names: Vec<&str> = kept.into_iter().map(|(word, _)| word).collect();
        names.sort_unstable();
        let number = |word: &String| names.binary_search(&word.as_str()).ok().map(|at| at as u32);
        let numbers =
            counted.par_iter().map(|part| part.words.iter().map(number).collect()).collect::<Vec<_>>();
        let note = (names.len() < all).then(|| format!("{} of {all} words are kept", names.len()));
        Vocabulary {
            words: Ids::range(names.len() as u32),
            size: names.len() as u64,
            names: names.into_iter().map(str::to_owned).collect(),
            numbers,
            note,
        }
    }

    fn hashed(counted: &[Counted], bits: u32) -> Self {
        let hash = |word: &String| i64::from(words::hash(word) >> (32 - bits));
        let hashes: Vec<Vec<i64>> =
            counted.par_iter().map(|part| part.words.iter().map(hash).collect()).collect();
        let mut all: Vec<i64> = hashes.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        let number = |hash: &i64| all.binary_search(hash).ok().map(|at| at as u32);
        let numbers = hashes.iter().map(|part| part.iter().map(number).collect()).collect();
        let words = Ids::from_integers(all.iter().copied());
        Vocabulary { words, names: Vec::new(), size: 1 << bits, numbers, note: None }
    }

    /// By document and word.
    fn entries(&self, counted: Vec<Counted>) -> Vec<WordCount> {
        let first = counted.iter().scan(0, |first, part| {
            let own = *first;
            *first += part.documents.len() as u32;
            Some(own)
        });
        let parts: Vec<_> = first.zip(&counted).zip(&self.numbers).collect();
        let part = |((first, part), numbers): ((u32, &Counted), &Vec<Option<u32>>)| {
            let document = |(document, words): (u32, &Vec<(u32, u32)>)| {
                let count = |(word, count): &(u32, u32)| {
                    let word = numbers[*word as usize]?;
                    Some(WordCount { document, word, count: *count })
                };
                let mut entries: Vec<WordCount> = words.iter().filter_map(count).collect();
                entries.sort_unstable_by_key(|entry| entry.word);
                // Two words may have one hash.
                entries.dedup_by(|next, last| {
                    let same = next.word == last.word;
                    last.count += if same { next.count } else { 0 };
                    same
                });
                entries
            };
            (first..).zip(&part.documents).flat_map(document).collect::<Vec<_>>()
        };
        parts.into_par_iter().map(part).collect::<Vec<_>>().concat()
    }

    /// With the documents that have a word.
    fn texts(
        self,
        mut entries: Vec<WordCount>,
        mut documents: Vec<Document>,
        notes: &mut Vec<String>,
    ) -> Texts {
        let mut numbers = vec![None; documents.len()];
        let mut kept = 0;
        for entry in &mut entries {
            let number = numbers[entry.document as usize].get_or_insert_with(|| {
                kept += 1;
                kept - 1
            });
            entry.document = *number;
        }
        let all = documents.len() as u64;
        notes.extend(missing(all - u64::from(kept), all, "documents", "has no word", "have no word"));
        let mut numbers = numbers.iter();
        documents.retain(|_| numbers.next().is_some_and(Option::is_some));
        let Vocabulary { words, names, size, .. } = self;
        let corpus = Corpus { documents: Ids::range(kept), words, names, vocabulary: size, entries };
        Texts { corpus, documents }
    }
}
