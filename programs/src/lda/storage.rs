//! A topic model as one safetensors file, and back.
//!
//! Tensors: `alpha` [topics] and `beta` [1], the priors; `entry_offsets` [documents + 1], `entry_words` and `entry_counts` [entries], the word counts of
//! the documents as compressed sparse rows; `topics` [tokens], those of the first entry's tokens, then those of the next, 65,535 being none; `word_tokens`
//! [words]; ids as `document_ids` and `word_ids` (int64 or uint64; absent where an id is the row's number); `words`, `titles` and `openings` as UTF-8
//! bytes cut by `..._ends`, absent where nobody knows them. The rest is JSON in the metadata. In Python:
//! `safetensors.numpy.load_file("model.safetensors")["topics"]`.
//!
//! Loading reads the file once, checks the fingerprint and then everything that the rest of the code relies on. What it
//! allocates is bounded by a small multiple of the length of the file. The same model always gives the same bytes.

use std::io::{self, Write};
use std::path::Path;

use gasworks_engine::Error;
use gasworks_engine::graph::Ids;
use gasworks_engine::input::{Corpus, Document, Texts, Tokens, WordCount, write_atomically};
use serde::{Deserialize, Serialize};

use super::origin::{Origin, WordCut};
use super::sampler::tokens;
use super::{NO_TOPIC, Priors, TopicModel};
use crate::container::{
    self, Column, Identity, Kind, Opened, Refusal, Stored, Tensors, ids, join, open, split,
};

const IDENTITY: Identity<'_> = Identity { format: "gasworks-topics", version: 1, program: "lda" };
/// Passes that no run reaches; beyond, JSON is not exact everywhere.
const MOST_PASSES: u64 = 1 << 53;

/// The part of a model that is no tensor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    /// How many words the priors are for, and how many the vocabulary of the corpus has.
    prior_words: u64,
    vocabulary: u64,
    documents: Kind,
    words: Kind,
    cut: Option<Cut>,
    passes: u64,
    seed: u64,
}

/// A [`WordCut`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cut {
    tokens: TokenKind,
    stop_words: Vec<String>,
    shortest: usize,
    hashed: Option<u32>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TokenKind {
    Unicode,
    Blanks,
}

impl TopicModel {
    /// Writes the model to one safetensors file, whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written; a previous file then stays as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_atomically(path.as_ref(), |writer| self.write(writer))
    }

    /// Reads a model that [`save`](TopicModel::save) wrote. O(tokens log tokens).
    ///
    /// # Errors
    /// If the file cannot be read, or is not a whole and unchanged topic model of this format version. No bytes make it panic.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = container::read(path).map_err(|source| Error::NoInput {
            path: path.to_owned(),
            expected: "a topic model".into(),
            found: "that it cannot be read".into(),
            advice: "name the model file that gasworks lda --model wrote".into(),
            source: Some(source),
        })?;
        Ok(TopicModel::from_bytes(path, &bytes)?)
    }

    fn write(&self, writer: &mut dyn Write) -> io::Result<()> {
        let Texts { corpus, documents } = self.texts();
        let priors = self.priors();
        let columns = [Column::of(&corpus.documents), Column::of(&corpus.words)];
        let [document_ids, word_ids] = [Stored::of(&columns[0]), Stored::of(&columns[1])];
        let beta = [priors.beta()];
        let word_tokens = tokens(corpus).of_words;
        let mut offsets = vec![0_u64; corpus.documents.len() + 1];
        corpus.entries.iter().for_each(|entry| offsets[entry.document as usize + 1] += 1);
        (1..offsets.len()).for_each(|at| offsets[at] += offsets[at - 1]);
        let entry_words: Vec<u32> = corpus.entries.iter().map(|entry| entry.word).collect();
        let entry_counts: Vec<u32> = corpus.entries.iter().map(|entry| entry.count).collect();
        let texts = [
            ("words", (!corpus.names.is_empty()).then(|| join(corpus.names.iter().map(String::as_str)))),
            ("titles", (!documents.is_empty()).then(|| join(documents.iter().map(|of| &of.title[..])))),
            ("openings", (!documents.is_empty()).then(|| join(documents.iter().map(|of| &of.opening[..])))),
        ];
        let texts = texts.iter().filter_map(|(name, joined)| Some((name, joined.as_ref()?)));

        let mut tensors = Tensors::default();
        tensors.push("alpha", &[priors.topics()], priors.alpha());
        tensors.push("beta", &[1], &beta);
        tensors.push("entry_offsets", &[offsets.len()], &offsets);
        tensors.push("word_tokens", &[word_tokens.len()], &word_tokens);
        document_ids.push_wide(&mut tensors, "document_ids");
        word_ids.push_wide(&mut tensors, "word_ids");
        for (name, (_, ends)) in texts.clone() {
            tensors.push(&format!("{name}_ends"), &[ends.len()], ends);
        }
        tensors.push("entry_words", &[entry_words.len()], &entry_words);
        tensors.push("entry_counts", &[entry_counts.len()], &entry_counts);
        tensors.push("topics", &[self.topics().len()], self.topics());
        document_ids.push_text(&mut tensors, "document_ids");
        word_ids.push_text(&mut tensors, "word_ids");
        for (name, (text, _)) in texts {
            tensors.push(name, &[text.len()], text);
        }
        let Origin { cut, passes, seed } = self.origin();
        let details = Details {
            prior_words: priors.words() as u64,
            vocabulary: corpus.vocabulary,
            documents: columns[0].kind(),
            words: columns[1].kind(),
            cut: cut.as_ref().map(Cut::of),
            passes: *passes,
            seed: *seed,
        };
        let details = serde_json::to_string(&details).expect("numbers and texts are valid JSON");
        tensors.write(IDENTITY, &details, writer)
    }

    fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, Refusal> {
        let file = open(path, bytes, IDENTITY)?;
        let details: Details = serde_json::from_str(&file.details).map_err(|error| {
            file.refuse("settings", "the settings of a topic model".into(), error.to_string())
        })?;
        let priors = priors(&file, &details)?;
        let corpus = corpus(&file, &details)?;
        if corpus.words.len() > priors.words() || corpus.words.len() as u64 > corpus.vocabulary {
            let got = format!("{} and {}", priors.words(), corpus.vocabulary);
            return Err(file.refuse("vocabulary", format!("at least {} words", corpus.words.len()), got));
        }
        let topics: Vec<u16> = file.get("topics", &[None])?;
        if topics.len() as u64 != corpus.tokens() {
            let expected = format!("a topic for each of {} tokens", corpus.tokens());
            return Err(file.refuse("topics", expected, topics.len().to_string()));
        }
        let is_topic = |topic: &u16| *topic == NO_TOPIC || usize::from(*topic) < priors.topics();
        if let Some(wrong) = topics.iter().find(|topic| !is_topic(topic)) {
            return Err(file.refuse(
                "topics",
                format!("topics below {}", priors.topics()),
                wrong.to_string(),
            ));
        }
        let texts = Texts { documents: documents(&file, corpus.documents.len())?, corpus };
        Ok(TopicModel::new(texts, priors, topics).with_origin(origin(&file, details)?))
    }
}

impl Cut {
    fn of(cut: &WordCut) -> Self {
        Cut {
            tokens: match cut.tokens {
                Tokens::Unicode => TokenKind::Unicode,
                Tokens::Blanks => TokenKind::Blanks,
            },
            stop_words: cut.stop_words.iter().cloned().collect(),
            shortest: cut.shortest,
            hashed: cut.hashed,
        }
    }

    fn word_cut(self) -> WordCut {
        WordCut {
            tokens: match self.tokens {
                TokenKind::Unicode => Tokens::Unicode,
                TokenKind::Blanks => Tokens::Blanks,
            },
            stop_words: self.stop_words.into_iter().collect(),
            shortest: self.shortest,
            hashed: self.hashed,
        }
    }
}

fn origin(file: &Opened<'_>, details: Details) -> Result<Origin, Refusal> {
    let Details { cut, passes, seed, .. } = details;
    if passes >= MOST_PASSES {
        return Err(file.refuse("passes", format!("fewer than {MOST_PASSES}"), passes.to_string()));
    }
    match cut.as_ref().and_then(|cut| cut.hashed) {
        Some(bits) if !(1..=32).contains(&bits) => {
            Err(file.refuse("hash", "1 to 32 bits".into(), bits.to_string()))
        }
        _ => Ok(Origin { cut: cut.map(Cut::word_cut), passes, seed }),
    }
}

fn priors(file: &Opened<'_>, details: &Details) -> Result<Priors, Refusal> {
    let alpha: Vec<f64> = file.get("alpha", &[None])?;
    let beta: Vec<f64> = file.get("beta", &[Some(1)])?;
    let topics = alpha.len();
    let words = usize::try_from(details.prior_words).ok();
    words.and_then(|words| Priors::checked(alpha, beta[0], words)).ok_or_else(|| {
        let expected = format!("1 to {} topics and numbers above 0", Priors::MOST_TOPICS);
        file.refuse("priors", expected, format!("others, of {topics} topics"))
    })
}

fn corpus(file: &Opened<'_>, details: &Details) -> Result<Corpus, Refusal> {
    let offsets: Vec<u64> = file.get("entry_offsets", &[None])?;
    let words: Vec<u32> = file.get("entry_words", &[None])?;
    let counts: Vec<u32> = file.get("entry_counts", &[Some(words.len())])?;
    let word_tokens: Vec<u64> = file.get("word_tokens", &[None])?;
    let ends = (offsets.first(), offsets.last());
    let number_of_documents = offsets.len().saturating_sub(1);
    if ends != (Some(&0), Some(&(words.len() as u64))) || !offsets.is_sorted() {
        let expected = format!("offsets that ascend from 0 to {}", words.len());
        return Err(file.refuse("entry_offsets", expected, "others".into()));
    }
    if number_of_documents + word_tokens.len() > Ids::MAX_LEN {
        let got = format!("{number_of_documents} and {}", word_tokens.len());
        return Err(file.refuse("ids", format!("at most {} documents and words", Ids::MAX_LEN), got));
    }
    let mut found = vec![0_u64; word_tokens.len()];
    let mut entries = Vec::with_capacity(words.len());
    for (document, range) in (0..).zip(offsets.windows(2)) {
        let range = range[0] as usize..range[1] as usize;
        let row = words[range.clone()].iter().zip(&counts[range.clone()]);
        let ascend = words[range].is_sorted_by(|one, other| one < other);
        for (word, count) in row {
            let Some(found) = found.get_mut(*word as usize).filter(|_| ascend && *count > 0) else {
                let expected = format!("words below {} that ascend, with counts", word_tokens.len());
                return Err(file.refuse("entries", expected, format!("word {word}, count {count}")));
            };
            *found += u64::from(*count);
            entries.push(WordCount { document, word: *word, count: *count });
        }
    }
    if found != word_tokens {
        return Err(file.refuse("word_tokens", "those of the entries".into(), "others".into()));
    }
    let names = match file.has::<u8>("words") {
        true => split(file, "words", "words_ends", word_tokens.len())?,
        false => Vec::new(),
    };
    Ok(Corpus {
        documents: ids(file, "document_ids", details.documents, number_of_documents)?,
        words: ids(file, "word_ids", details.words, word_tokens.len())?,
        names,
        vocabulary: details.vocabulary,
        entries,
    })
}

/// Titles and openings, or none at all.
fn documents(file: &Opened<'_>, count: usize) -> Result<Vec<Document>, Refusal> {
    if !file.has::<u8>("titles") {
        return Ok(Vec::new());
    }
    let titles = split(file, "titles", "titles_ends", count)?;
    let openings = split(file, "openings", "openings_ends", count)?;
    let document = |(title, opening)| Document { title, opening };
    Ok(titles.into_iter().zip(openings).map(document).collect())
}

#[cfg(test)]
#[path = "storage_tests.rs"]
mod tests;
