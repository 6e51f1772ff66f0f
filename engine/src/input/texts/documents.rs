//! What a document is: a file, a line, some paragraphs, a field of a JSON object, a column of a table.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::super::lines::{self, Fault, shown};
use super::super::{Compression, Format, Source, Text};
use super::Document;
use crate::Error;

/// What a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Documents {
    /// Each source.
    Files,
    /// Each line that is not blank.
    Lines,
    /// Paragraphs, between blank lines, as many as make up so many words between blanks; what remains at the end of a source is one more.
    Passages {
        /// At least so many.
        words: usize,
    },
    /// Each line is a JSON object, one of whose fields is the text.
    Json {
        /// Its name.
        text: String,
        /// That of the field with the title, if there is one.
        title: Option<String>,
    },
    /// Each row of a table whose first line names its columns, commas or tabs between.
    Column {
        /// That of the texts.
        text: String,
        /// That of the titles, if there is one.
        title: Option<String>,
    },
}

impl Documents {
    pub(super) fn format(&self) -> Format {
        match self {
            Documents::Files | Documents::Lines | Documents::Passages { .. } => Format::Text,
            Documents::Json { .. } => Format::JsonLines,
            Documents::Column { .. } => Format::Csv,
        }
    }
}

/// A file; or all files of a folder and of the folders in it, in the order of their paths, but for those whose names begin with a point. `-` is standard
/// input.
///
/// # Errors
/// If a folder cannot be read, or holds no file.
pub fn sources(path: &Path) -> Result<Vec<Source>, Error> {
    if !path.is_dir() {
        return Ok(vec![Source::from_path(path)]);
    }
    let (mut folders, mut files) = (vec![path.to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(|source| Error::NoInput {
            path: folder.clone(),
            expected: "a folder that can be listed".into(),
            found: source.to_string(),
            advice: "check that it may be read".into(),
            source: Some(source),
        })?;
        for entry in entries {
            let path: PathBuf = entry.path();
            match path.is_dir() {
                _ if entry.file_name().as_encoded_bytes().starts_with(b".") => {}
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    if files.is_empty() {
        return Err(Error::File {
            path: path.to_path_buf(),
            expected: "texts in the folder".into(),
            found: "no file".into(),
            advice: "name a folder with files, or a file".into(),
        });
    }
    files.sort();
    Ok(files.into_iter().map(Source::from_path).collect())
}

/// Texts of a source, one after the other.
pub(super) struct Read {
    pub(super) text: String,
    pub(super) pieces: Vec<Piece>,
    pub(super) compression: Compression,
    pub(super) bytes: u64,
    pub(super) lines: u64,
    pub(super) notes: Vec<String>,
}

/// A document, and where it is in the text.
pub(super) struct Piece {
    title: String,
    pub(super) text: Range<usize>,
}

/// Characters that show how a document begins.
const OPENING: usize = 120;

impl Piece {
    pub(super) fn of<'t>(&self, text: &'t str) -> &'t str {
        &text[self.text.clone()]
    }

    pub(super) fn document(self, text: &str) -> Document {
        let mut opening = String::new();
        for word in self.of(text).split_whitespace() {
            let blank = if opening.is_empty() { "" } else { " " };
            opening.extend(blank.chars().chain(word.chars()).take(OPENING));
            if let Some((end, _)) = opening.char_indices().nth(OPENING) {
                opening.truncate(end);
                break;
            }
        }
        Document { title: self.title, opening }
    }
}

/// Reads a source, and cuts it into documents.
pub(super) fn read(source: &Source, documents: &Documents) -> Result<Read, Error> {
    let stored = source.read()?;
    let mut notes = stored.notes.clone();
    let text = match std::str::from_utf8(&stored.bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            notes.push(format!("{} is not UTF-8, and read as Latin-1", stored.name.display()));
            stored.bytes.iter().map(|byte| char::from(*byte)).collect()
        }
    };
    let name = stored.name.display().to_string();
    let number_of_lines = lines::count(text.as_bytes());
    let (text, pieces) = match documents {
        Documents::Files => {
            let all = 0..text.len();
            (text, vec![Piece { title: name, text: all }])
        }
        Documents::Lines => {
            let line = |(number, (at, line)): (u64, (usize, &[u8]))| {
                let is_blank = line.trim_ascii().is_empty();
                (!is_blank).then(|| Piece { title: format!("{name}:{number}"), text: at..at + line.len() })
            };
            let all = lines::lines(text.as_bytes(), 0..text.len());
            let pieces = (1..).zip(all).filter_map(line).collect();
            (text, pieces)
        }
        Documents::Passages { words } => {
            let pieces = passages(&text, *words, &name);
            (text, pieces)
        }
        Documents::Json { text: field, title } => {
            json(&text, field, title.as_deref(), &name).map_err(|fault| fault.into_error(&stored))?
        }
        Documents::Column { text: column, title } => {
            table(&text, column, title.as_deref(), &stored).map_err(|fault| fault.into_error(&stored))?
        }
    };
    let Text { compression, stored: bytes, .. } = stored;
    Ok(Read { text, pieces, compression, bytes, lines: number_of_lines, notes })
}

fn passages(text: &str, least: usize, name: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // First line and place of the passage, and its words so far.
    let mut open: Option<(u64, usize, usize)> = None;
    for (number, (at, line)) in (1..).zip(lines::lines(text.as_bytes(), 0..text.len())) {
        let words = text[at..at + line.len()].split_whitespace().count();
        match &mut open {
            Some((first, start, so_far)) if words == 0 && *so_far >= least => {
                pieces.push(Piece { title: format!("{name}:{first}"), text: *start..at });
                open = None;
            }
            Some((.., so_far)) => *so_far += words,
            None if words > 0 => open = Some((number, at, words)),
            None => {}
        }
    }
    if let Some((first, start, _)) = open {
        pieces.push(Piece { title: format!("{name}:{first}"), text: start..text.len() });
    }
    pieces
}

/// Texts that are taken out of something, and put one after the other.
#[derive(Default)]
struct Taken {
    text: String,
    pieces: Vec<Piece>,
}

impl Taken {
    fn push(&mut self, title: String, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.pieces.push(Piece { title, text: start..self.text.len() });
    }
}

fn json(text: &str, field: &str, title: Option<&str>, name: &str) -> Result<(String, Vec<Piece>), Fault> {
    let mut taken = Taken::default();
    for (number, (at, line)) in (1_u64..).zip(lines::lines(text.as_bytes(), 0..text.len())) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let refuse = |expected: String, found: String, advice: &str| Fault {
            at: Some(at),
            column: None,
            expected,
            found,
            advice: advice.into(),
        };
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(line).map_err(|error| {
                let advice = "write one object a line; an array of objects is no such file";
                refuse("a JSON object".into(), format!("{}: {error}", shown(line)), advice)
            })?;
        let text_of = |field: &str| match object.get(field) {
            Some(serde_json::Value::String(text)) => Ok(text.as_str()),
            Some(other) => Err(other.to_string()),
            None => {
                let names: Vec<&str> = object.keys().map(String::as_str).collect();
                Err(format!("the fields {}", names.join(", ")))
            }
        };
        let own = text_of(field).map_err(|found| {
            refuse(format!("a text in the field {field:?}"), found, "name the field that has the text")
        })?;
        let title = title.and_then(|title| match object.get(title) {
            Some(serde_json::Value::String(title)) => Some(title.clone()),
            Some(other) => Some(other.to_string()),
            None => None,
        });
        taken.push(title.unwrap_or_else(|| format!("{name}:{number}")), own);
    }
    Ok((taken.text, taken.pieces))
}

fn table(
    text: &str,
    column: &str,
    title: Option<&str>,
    stored: &Text<'_>,
) -> Result<(String, Vec<Piece>), Fault> {
    let first = text.lines().next().unwrap_or("");
    let delimiter = if first.contains('\t') { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    // Decoding may have moved the line; its number is the same.
    let at = |line: u64| {
        let mut all = lines::lines(&stored.bytes, 0..stored.bytes.len());
        all.nth(line.saturating_sub(1) as usize).map(|(at, _)| at)
    };
    let fault = |line: u64, expected: String, found: String, advice: &str| Fault {
        at: at(line),
        column: None,
        expected,
        found,
        advice: advice.into(),
    };
    let wrong = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let found = match error.kind() {
            csv::ErrorKind::UnequalLengths { len, expected_len, .. } => {
                format!("{len} instead of {expected_len}")
            }
            _ => error.to_string(),
        };
        fault(
            line,
            "as many columns as in the first line".into(),
            found,
            "quote texts with separators in them",
        )
    };
    let names = reader.headers().map_err(wrong)?.clone();
    let place = |name: &str| {
        names.iter().position(|known| known.trim() == name).ok_or_else(|| {
            let found = names.iter().map(str::trim).collect::<Vec<_>>().join(", ");
            fault(1, format!("a column {name:?}"), found, "name one of the columns of the first line")
        })
    };
    let (own, title) = (place(column)?, title.map(place).transpose()?);
    let mut taken = Taken::default();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(0, csv::Position::line);
        let title = title.map(|title| record[title].trim().to_owned());
        taken.push(title.unwrap_or_else(|| format!("{}:{line}", stored.name.display())), &record[own]);
    }
    Ok((taken.text, taken.pieces))
}
