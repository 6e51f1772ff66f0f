//! Vocabularies: a word a line, in the order of their numbers.

use super::super::lines::{self, shown};
use super::super::{Format, Loaded, Source, lines::Fault};
use super::Corpus;
use crate::Error;
use crate::graph::Id;

/// Names the words of a corpus.
pub(super) fn name(loaded: &mut Loaded<Corpus>, source: &Source, lenient: bool) -> Result<(), Error> {
    let text = source.read()?;
    let Loaded { data, report } = loaded;
    let lines: Vec<(usize, &[u8])> =
        lines::lines(text.bytes.trim_ascii_end(), 0..text.bytes.trim_ascii_end().len()).collect();
    let first = i128::from(report.format == Format::Uci);
    let found = lines.len() as u64;
    let refuse = |expected: String| Error::File {
        path: text.name.to_path_buf(),
        expected,
        found: format!("{found}"),
        advice: "name the vocabulary that was written with the corpus, whole".into(),
    };
    let index = |word: u32| match data.words.id(word) {
        Id::Integer(number) => number - first,
        Id::Text(_) => unreachable!("words are numbered"),
    };
    let last = index(data.words.len() as u32 - 1);
    if last >= i128::from(found) {
        return Err(refuse(format!(
            "at least {} words, since the corpus has word {}",
            last + 1,
            last + first
        )));
    }
    if report.format == Format::Uci && found != data.vocabulary {
        if !lenient {
            return Err(refuse(format!("{} words, as the corpus says", data.vocabulary)));
        }
        report
            .notes
            .push(format!("the header says {} words, and the vocabulary has {found}", data.vocabulary));
    }
    let name = |word: u32| {
        let (at, line) = lines[index(word) as usize];
        let line = line.trim_ascii();
        let name = std::str::from_utf8(line).ok().filter(|name| !name.is_empty());
        name.map(str::to_owned).ok_or_else(|| {
            let (expected, advice) =
                ("a word in UTF-8".into(), "write one word a line, none of them empty".into());
            Fault { at: Some(at), column: None, expected, found: shown(line), advice }.into_error(&text)
        })
    };
    data.names = (0..data.words.len() as u32).map(name).collect::<Result<_, _>>()?;
    data.vocabulary = found;
    Ok(())
}
