//! Where documents come from: texts and what is a word in them, or files of word counts, or the sample.

use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::input::{
    Corpus, CorpusOptions, Document, Documents, Loaded, Source, TextOptions, Texts, Tokens,
    english_stop_words, holds_word_counts, read_corpus, read_texts, sources,
};

use super::super::error::Failure;
use super::super::events::Reporter;
use super::super::options::names;

#[derive(Args, Debug)]
pub(super) struct DocumentOptions {
    /// Texts: files, or folders of files; or one file of word counts, as UCI or LDA-C has them; - is standard input [default: embedded passages of four books]
    documents: Vec<PathBuf>,
    /// The words of a file of word counts, one a line
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    vocab: Option<PathBuf>,
    /// What a document is. file; line; passage[:WORDS], paragraphs that make up so many words, 200 unless said; json:FIELD, a field of the JSON object on each line;
    /// column:NAME, a column of a table with a header [default: file, line where there is one file only]
    #[arg(long, value_name = "KIND", value_parser = split, help_heading = "Input")]
    split: Option<Documents>,
    /// The field or column with the titles of the documents
    #[arg(long, value_name = "NAME", requires = "split", help_heading = "Input")]
    title: Option<String>,
    /// Take a file of counts whose header does not match its body, and say so
    #[arg(long, help_heading = "Input")]
    lenient: bool,
    /// What a word is. unicode: by the rules of Unicode; blanks: what stands between blanks, for texts that were cut into words before
    #[arg(
        long, value_name = "KIND", default_value = "unicode", hide_possible_values = true,
        value_parser = names([("unicode", Tokens::Unicode), ("blanks", Tokens::Blanks)]), help_heading = "Words"
    )]
    tokens: Tokens,
    /// Words to leave out: english, none, or a file of words
    #[arg(long, value_name = "WHICH", default_value = "english", help_heading = "Words")]
    stop_words: String,
    /// Characters of a word at least
    #[arg(long, value_name = "N", default_value_t = TextOptions::default().shortest, help_heading = "Words")]
    shortest: usize,
    /// Documents that a word is in at least
    #[arg(long, value_name = "N", default_value_t = TextOptions::default().fewest_documents, help_heading = "Words")]
    min_documents: u32,
    /// Share of all documents that a word is in at most
    #[arg(
        allow_negative_numbers = true, long, value_name = "SHARE", default_value_t = TextOptions::default().largest_share,
        value_parser = share, help_heading = "Words"
    )]
    max_share: f64,
    /// Words at most, those with the most tokens [default: all]
    #[arg(long, value_name = "N", help_heading = "Words")]
    max_words: Option<usize>,
    /// Take words by a hash of so many bits, so that no vocabulary is held; topics then have no words to show
    #[arg(
        long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=32), help_heading = "Words",
        conflicts_with_all = ["max_words", "vocab"]
    )]
    hash: Option<u32>,
}

/// Words of a passage unless somebody says.
const PASSAGE: usize = 200;

fn split(text: &str) -> Result<Documents, String> {
    let (kind, of) = text.split_once(':').map_or((text, None), |(kind, of)| (kind, Some(of)));
    let name = of.filter(|name| !name.is_empty()).map(str::to_owned);
    match (kind, name) {
        ("file", None) if of.is_none() => Ok(Documents::Files),
        ("line", None) if of.is_none() => Ok(Documents::Lines),
        ("passage", None) if of.is_none() => Ok(Documents::Passages { words: PASSAGE }),
        ("passage", Some(words)) => match words.parse() {
            Ok(words) if words > 0 => Ok(Documents::Passages { words }),
            _ => Err("expected a number of words above 0, as in passage:200".into()),
        },
        ("json", Some(text)) => Ok(Documents::Json { text, title: None }),
        ("column", Some(text)) => Ok(Documents::Column { text, title: None }),
        _ => Err("expected file, line, passage, passage:WORDS, json:FIELD or column:NAME".into()),
    }
}

/// From 0 to 1, both included.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "expected a number from 0 to 1".into())
}

impl DocumentOptions {
    /// What documents are read from; nothing, if it is the sample.
    pub(super) fn paths(&self) -> Vec<&Path> {
        self.documents.iter().map(PathBuf::as_path).collect()
    }

    pub(super) fn read(&self, reporter: &mut Reporter) -> Result<Texts, Failure> {
        if self.documents.is_empty() {
            return self.sample(reporter);
        }
        let mut all = Vec::new();
        for path in &self.documents {
            all.extend(sources(path)?);
        }
        reporter.loading(all[0].name().display());
        if let [only] = &all[..] {
            let (held, is_counted) = holds_word_counts(only)?;
            if is_counted && self.split.is_none() {
                return self.counted(&held, reporter);
            }
            all = vec![held];
        }
        if self.vocab.is_some() {
            return Err(Failure::usage(
                "--vocab beside a file of word counts",
                "texts, which have their words themselves",
                "leave it out",
            ));
        }
        let documents = match &self.split {
            Some(split) => split.clone(),
            None if all.len() > 1 => Documents::Files,
            None => {
                reporter.note("each line is taken as a document; --split says otherwise");
                Documents::Lines
            }
        };
        let documents = self.with_title(documents)?;
        Ok(said(read_texts(&all, &self.texts(documents)?)?, reporter))
    }

    fn with_title(&self, documents: Documents) -> Result<Documents, Failure> {
        let Some(title) = self.title.clone() else { return Ok(documents) };
        match documents {
            Documents::Json { text, .. } => Ok(Documents::Json { text, title: Some(title) }),
            Documents::Column { text, .. } => Ok(Documents::Column { text, title: Some(title) }),
            _ => Err(Failure::usage(
                "--title beside --split json:FIELD or column:NAME",
                "documents that have no fields",
                "leave it out",
            )),
        }
    }

    fn texts(&self, documents: Documents) -> Result<TextOptions, Failure> {
        let stop_words = match self.stop_words.as_str() {
            "english" => english_stop_words().map(str::to_owned).collect(),
            "none" => Default::default(),
            path => std::fs::read_to_string(path)
                .map_err(|error| {
                    Failure::usage(
                        "--stop-words english, none or a file",
                        format!("{path}: {error}"),
                        "name a file in UTF-8 with words between blanks",
                    )
                })?
                .to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        };
        Ok(TextOptions {
            documents,
            tokens: self.tokens,
            stop_words,
            shortest: self.shortest,
            fewest_documents: self.min_documents,
            largest_share: self.max_share,
            vocabulary: self.max_words,
            hashed: self.hash,
        })
    }

    /// Documents that come as counts are called by their numbers.
    fn counted(&self, source: &Source, reporter: &mut Reporter) -> Result<Texts, Failure> {
        let vocabulary = self.vocab.as_deref().map(Source::from_path);
        let options = CorpusOptions { format: None, vocabulary, lenient: self.lenient };
        let Loaded { data: corpus, report } = read_corpus(source, &options)?;
        let document = |id| Document { title: format!("document {id}"), opening: String::new() };
        let documents = corpus.documents.iter().map(document).collect();
        Ok(said(Loaded { data: Texts { corpus, documents }, report }, reporter))
    }

    #[cfg(feature = "samples")]
    fn sample(&self, reporter: &mut Reporter) -> Result<Texts, Failure> {
        use gasworks_samples::books::{NAME, PASSAGES};
        reporter.say(format_args!("no DOCUMENTS named: using the embedded sample, {NAME}"));
        let source = Source::from_memory(NAME, PASSAGES);
        let documents = Documents::Column { text: "text".into(), title: Some("title".into()) };
        Ok(said(read_texts(&[source], &self.texts(documents)?)?, reporter))
    }

    #[cfg(not(feature = "samples"))]
    fn sample(&self, _: &Reporter) -> Result<Texts, Failure> {
        Err(Failure::usage(
            "documents",
            "none, and this program was built without the embedded sample",
            "name files or folders, or build with the feature `samples`",
        ))
    }
}

fn said(loaded: Loaded<Texts>, reporter: &mut Reporter) -> Texts {
    reporter.loaded(&loaded.report);
    let Corpus { words, vocabulary, .. } = &loaded.data.corpus;
    reporter.say(format_args!(
        "{} documents, {} of {vocabulary} words, {} tokens",
        loaded.data.documents.len(),
        words.len(),
        loaded.data.corpus.tokens()
    ));
    loaded.data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_documents_are_told_apart() {
        assert_eq!(split("passage:50"), Ok(Documents::Passages { words: 50 }));
        assert_eq!(split("passage"), Ok(Documents::Passages { words: PASSAGE }));
        assert_eq!(split("json:a:b"), Ok(Documents::Json { text: "a:b".into(), title: None }));
        for wrong in ["lines", "file:", "line:3", "passage:0", "passage:", "json", "column:", ""] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }
}
