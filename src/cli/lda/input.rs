//! Where documents come from: texts, or files of word counts, or the sample.

use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::input::{
    Corpus, CorpusOptions, Document, Documents, Loaded, Source, TextOptions, Texts, holds_word_counts,
    read_corpus, read_texts, sources,
};
use gasworks::programs::lda::WordCut;

use super::super::error::Failure;
use super::super::events::Reporter;

#[derive(Args, Debug)]
pub(in super::super) struct DocumentOptions {
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
}

/// Documents, and how their texts were cut into words, where they are no counts.
pub(in super::super) struct Read {
    pub(in super::super) texts: Texts,
    pub(in super::super) cut: Option<WordCut>,
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

impl DocumentOptions {
    /// What documents are read from; nothing, if it is the sample.
    pub(super) fn paths(&self) -> Vec<&Path> {
        self.documents.iter().map(PathBuf::as_path).collect()
    }

    /// The files that are named, as far as they are single ones.
    pub(in super::super) fn inputs(&self) -> Vec<&Path> {
        self.documents.iter().chain(&self.vocab).map(PathBuf::as_path).collect()
    }

    /// Reads the documents; `cut` says what the words of texts are.
    pub(in super::super) fn read(
        &self,
        cut: impl FnOnce(Documents) -> Result<TextOptions, Failure>,
        reporter: &mut Reporter,
    ) -> Result<Read, Failure> {
        if self.documents.is_empty() {
            return self.sample(cut, reporter);
        }
        let mut all = Vec::new();
        for path in &self.documents {
            all.extend(sources(path)?);
        }
        reporter.loading(all[0].name().display());
        if let [only] = &all[..] {
            let (held, is_counted) = holds_word_counts(only)?;
            if is_counted && self.split.is_none() {
                return Ok(Read { texts: self.counted(&held, reporter)?, cut: None });
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
        let options = cut(self.with_title(documents)?)?;
        let texts = said(read_texts(&all, &options)?, reporter);
        Ok(Read { texts, cut: Some(WordCut::from(&options)) })
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
    fn sample(
        &self,
        cut: impl FnOnce(Documents) -> Result<TextOptions, Failure>,
        reporter: &mut Reporter,
    ) -> Result<Read, Failure> {
        use gasworks_samples::books::{NAME, PASSAGES};
        reporter.say(format_args!("no DOCUMENTS named: using the embedded sample, {NAME}"));
        let source = Source::from_memory(NAME, PASSAGES);
        let documents = Documents::Column { text: "text".into(), title: Some("title".into()) };
        let options = cut(documents)?;
        let texts = said(read_texts(&[source], &options)?, reporter);
        Ok(Read { texts, cut: Some(WordCut::from(&options)) })
    }

    #[cfg(not(feature = "samples"))]
    fn sample(
        &self,
        _: impl FnOnce(Documents) -> Result<TextOptions, Failure>,
        _: &mut Reporter,
    ) -> Result<Read, Failure> {
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
