//! Titles of items: `movieId,title,genres` as MovieLens writes them, `id::title::genres`, and id and title with a tab, a
//! semicolon or a bar between.
//!
//! The first separator in the first line decides. Old files of this kind are often Latin-1, which is told by bytes that are
//! not UTF-8, and then read as such.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::layout::plain_name;
use super::lines::{self, Fault, LineKind};
use super::quoted;
use super::rows::Counts;
use super::{Format, Loaded, Report, Source, Text};
use crate::Error;

/// Titles by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Titles {
    by_id: BTreeMap<String, String>,
}

impl Titles {
    /// The title of an id, spelled as in the input.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }

    /// How many ids have a title.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// No title at all.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Ids and titles, ids ascending by bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_id.iter().map(|(id, title)| (id.as_str(), title.as_str()))
    }
}

/// Names of the column with ids, in lower case, letters and digits only.
const ID_NAMES: [&str; 12] = [
    "movieid",
    "itemid",
    "productid",
    "bookid",
    "trackid",
    "songid",
    "artistid",
    "gameid",
    "animeid",
    "isbn",
    "asin",
    "id",
];
const TITLE_NAMES: [&str; 5] = ["title", "movietitle", "booktitle", "name", "itemname"];

/// Reads titles: a column of ids and a column of titles.
///
/// A header may name the columns (`movieId`, `title`, ...) in any order; without one they are the first two. Further columns
/// are ignored. The last title of an id counts.
///
/// # Errors
/// If the source cannot be read, or a line has fewer than the needed columns.
///
/// ```
/// use gasworks_engine::input::{Source, read_titles};
///
/// let csv = "movieId,title,genres\n11,\"American President, The (1995)\",Comedy|Drama|Romance\n";
/// let titles = read_titles(&Source::from_memory("movies.csv", csv.as_bytes()))?.data;
/// assert_eq!(titles.get("11"), Some("American President, The (1995)"));
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn read_titles(source: &Source) -> Result<Loaded<Titles>, Error> {
    let text = source.read()?;
    read(&text).map_err(|fault| fault.into_error(&text))
}

/// One row: where its line begins, and its fields.
type Record = (usize, Vec<String>);

fn read(text: &Text<'_>) -> Result<Loaded<Titles>, Fault> {
    let mut notes = text.notes.clone();
    // Latin-1 is the first 256 characters; line ends stay what they are, so that line numbers do too.
    let decoded: Cow<'_, str> = match std::str::from_utf8(&text.bytes) {
        Ok(decoded) => Cow::Borrowed(decoded),
        Err(_) => {
            notes.push("the file is not UTF-8, and read as Latin-1".to_owned());
            Cow::Owned(text.bytes.iter().map(|byte| char::from(*byte)).collect())
        }
    };
    let bytes = decoded.as_bytes();
    let first = lines::lines(bytes, 0..bytes.len())
        .map(|(_, line)| line)
        .find(|line| lines::kind(line) == LineKind::Row);
    let format = separator(first.unwrap_or(b""));
    let mut counts = Counts { lines: lines::count(bytes), ..Counts::default() };
    let mut records = records(bytes, format, &mut counts);
    let named = records.first().and_then(|(_, fields)| named_columns(fields));
    let header = named.map(|_| records.remove(0).1.join(format.separator()));
    let (id, title) = named.unwrap_or((0, 1));
    let mut titles = Titles::default();
    let mut duplicates = 0;
    for (at, mut fields) in records {
        if let Some(fault) = misshapen(&fields, id, title, format) {
            // Decoding may have moved the line; its number is the same.
            let before = memchr::memchr_iter(b'\n', &bytes[..at]).count();
            let at = lines::lines(&text.bytes, 0..text.bytes.len()).nth(before).map(|(at, _)| at);
            return Err(Fault { at, ..fault });
        }
        let (id, title) = (std::mem::take(&mut fields[id]), std::mem::take(&mut fields[title]));
        duplicates += u64::from(titles.by_id.insert(id, title).is_some());
    }
    let rows = counts.rows - u64::from(header.is_some());
    let report = Report {
        rows,
        blank_lines: counts.lines.saturating_sub(counts.rows + counts.comments),
        header,
        duplicates,
        notes,
        ..text.report(format, &counts)
    };
    Ok(Loaded { data: titles, report })
}

/// The format whose separator comes first in the first line.
fn separator(line: &[u8]) -> Format {
    let formats = [Format::Colons, Format::Tab, Format::Bar, Format::Semicolon, Format::Csv];
    let place =
        |format: &Format| memchr::memmem::find(line, format.separator().as_bytes()).unwrap_or(usize::MAX);
    formats.into_iter().min_by_key(place).filter(|format| place(format) < usize::MAX).unwrap_or(Format::Csv)
}

fn records(bytes: &[u8], format: Format, counts: &mut Counts) -> Vec<Record> {
    let text = |field: &[u8]| String::from_utf8_lossy(field.trim_ascii()).into_owned();
    let mut records = Vec::new();
    if matches!(format, Format::Csv | Format::Semicolon) {
        quoted::for_each(bytes, format, |at, record| {
            if counts.note(&bytes[at..lines::next_line(bytes, at)], at) {
                records.push((at, record.iter().map(text).collect()));
            }
        });
    } else {
        // Here quotes are mostly part of a title, as in `"Great Performances" Cats (1998)`.
        for (at, line) in lines::lines(bytes, 0..bytes.len()) {
            if counts.note(line, at) {
                records.push((at, format.fields(line).map(|field| text(unquoted(field))).collect()));
            }
        }
    }
    records
}

/// The field without quotes, where nothing but the first and last byte is one.
fn unquoted(field: &[u8]) -> &[u8] {
    match field {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'"') => inner,
        _ => field,
    }
}

/// Columns of ids and titles by the names in a header.
fn named_columns(fields: &[String]) -> Option<(usize, usize)> {
    let column = |names: &[&str]| {
        names.iter().find_map(|name| fields.iter().position(|field| plain_name(field.as_bytes()) == *name))
    };
    Some((column(&ID_NAMES)?, column(&TITLE_NAMES)?))
}

fn misshapen(fields: &[String], id: usize, title: usize, format: Format) -> Option<Fault> {
    let missing = [(id, "an id"), (title, "a title")].into_iter().find(|(column, _)| *column >= fields.len());
    let (column, expected) = match missing {
        Some((_, expected)) => (fields.len(), expected),
        None if fields[id].is_empty() => (id, "an id"),
        None => return None,
    };
    Some(Fault {
        at: None,
        column: Some(column as u32 + 1),
        expected: expected.into(),
        found: if missing.is_some() { "the end of the line".into() } else { "nothing".into() },
        advice: format!("every line needs an id and a title between {}", format.separators()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(text: &'static [u8]) -> Loaded<Titles> {
        read_titles(&Source::from_memory("movies", text)).unwrap()
    }

    #[test]
    fn the_same_titles_in_every_format() {
        for (format, text) in [
            (
                "csv",
                "movieId,title,genres\n1,Toy Story (1995),Animation\n11,\"American President, The (1995)\",Comedy\n",
            ),
            (
                "csv",
                "\u{feff}1,Toy Story (1995),Animation\r\n\r\n11,\"American President, The (1995)\",Comedy\r\n",
            ),
            ("csv", "title,id\nToy Story (1995),1\n\"American President, The (1995)\",11"),
            ("colons", "1::Toy Story (1995)::Animation\n11::American President, The (1995)::Comedy\n"),
            ("tab", "1\tToy Story (1995)\n11\tAmerican President, The (1995)\n"),
            ("bar", "1|Toy Story (1995)|01-Jan-1995||\n11|American President, The (1995)|01-Jan-1995||\n"),
            (
                "semicolon",
                "\"id\";\"name\"\n\"1\";\"Toy Story (1995)\"\n\"11\";\"American President, The (1995)\"\n",
            ),
        ] {
            let loaded = titles(text.as_bytes());
            assert_eq!(loaded.report.format.name(), format, "{text}");
            assert_eq!(loaded.report.rows, 2, "{text}");
            let pairs: Vec<_> = loaded.data.iter().collect();
            assert_eq!(
                pairs,
                [("1", "Toy Story (1995)"), ("11", "American President, The (1995)")],
                "{text}"
            );
        }
    }

    #[test]
    fn latin1_is_read() {
        let loaded = titles(b"73::Mis\xE9rables, Les (1995)::Drama\n");
        assert_eq!(loaded.data.get("73"), Some("Mis\u{e9}rables, Les (1995)"));
        assert_eq!(loaded.report.notes, ["the file is not UTF-8, and read as Latin-1"]);
    }

    #[test]
    fn quotes_inside_a_title_stay() {
        let loaded = titles(b"1\t\"Great Performances\" Cats (1998)\n");
        assert_eq!(loaded.data.get("1"), Some("\"Great Performances\" Cats (1998)"));
    }

    #[test]
    fn a_line_without_title_is_named() {
        let source = Source::from_memory("movies.csv", b"1,Toy Story\n2\n".as_slice());
        assert_eq!(
            read_titles(&source).unwrap_err().to_string(),
            "movies.csv:2: column 2: expected a title, found the end of the line; \
             every line needs an id and a title between commas"
        );
    }
}
