//! What reading ratings and reading edges have in common: from a text to its rows, and to the report about it.

use super::layout::{Layout, Subject};
use super::lines::{self, Fault, shown};
use super::matrix_market::{self, Header};
use super::numbering::Side;
use super::quoted::{self, Unquoted};
use super::rows::{self, Counts, Keys, Table};
use super::{Format, Report, Text, sniff};
use crate::graph::{Id, Ids};

/// A text on its way to data.
pub(super) struct Reading<'t, 's> {
    pub(super) text: &'t Text<'t>,
    pub(super) layout: Layout<'s>,
    /// Where the text is a MatrixMarket file.
    pub(super) matrix: Option<Header>,
    pub(super) notes: Vec<String>,
}

impl<'t, 's> Reading<'t, 's> {
    /// Tells format and columns.
    pub(super) fn new(
        text: &'t Text<'t>,
        subject: &'s Subject,
        forced: Option<Format>,
    ) -> Result<Self, Fault> {
        let is_matrix = match forced {
            Some(format) => format == Format::MatrixMarket,
            None => matrix_market::is_matrix_market(&text.bytes),
        };
        let (mut layout, matrix) = if is_matrix {
            let (layout, header) = matrix_market::layout(&text.bytes, subject)?;
            (layout, Some(header))
        } else {
            (sniff::table(&text.bytes, subject, forced)?, None)
        };
        let mut notes = text.notes.clone();
        notes.append(&mut layout.notes);
        Ok(Reading { text, layout, matrix, notes })
    }

    /// The rows, where fields are quoted.
    pub(super) fn unquote(&self) -> Result<Option<Unquoted>, Fault> {
        let bytes = &self.text.bytes;
        quoted::is_quoted(bytes, &self.layout).then(|| Unquoted::read(bytes, &self.layout)).transpose()
    }

    /// The rows, quoted or not.
    pub(super) fn rows<'u>(
        &self,
        unquoted: Option<&'u Unquoted>,
        chunk_bytes: usize,
    ) -> Result<Table<'u>, Fault>
    where
        't: 'u,
    {
        match unquoted {
            Some(unquoted) => Ok(unquoted.table()),
            None => rows::parse(&self.text.bytes, &self.layout, chunk_bytes),
        }
    }

    /// Checks the number of entries that a MatrixMarket file claims.
    pub(super) fn check_header(&mut self, rows: u64, lenient: bool) -> Result<(), Fault> {
        if let Some(matrix) = &self.matrix {
            self.notes.extend(matrix.check(rows, lenient)?);
        }
        Ok(())
    }

    /// Says why ids are text where one might have expected integers.
    pub(super) fn note_texts(&mut self, keys: &Keys<'_>, sides: &[(&Ids, Side, &str)]) {
        let Keys::Texts { rows } = keys else { return };
        for (ids, side, what) in sides {
            if ids.is_empty() || !matches!(ids.id(0), Id::Text(_)) {
                continue;
            }
            let fields = |row: &'_ [&[u8]; 2]| {
                match side {
                    Side::First => [row[0], row[0]],
                    Side::Second => [row[1], row[1]],
                    Side::Both => [row[0], row[1]],
                }
                .map(<[u8]>::to_vec)
            };
            let texts = rows.iter().flatten().flat_map(fields).filter(|id| Id::parse_integer(id).is_none());
            if let Some(id) = texts.take(1).next() {
                self.notes.push(format!("ids of {what} are text, since {} is no integer", shown(&id)));
            }
        }
    }

    /// Offset of the line of a row, counted from 0.
    pub(super) fn offset_of_row(&self, unquoted: Option<&Unquoted>, row: u64) -> Option<usize> {
        match unquoted {
            Some(unquoted) => unquoted.offset_of_row(row),
            None => rows::offset_of_row(&self.text.bytes, self.layout.body, row),
        }
    }

    /// Lines before the rows: comments and header.
    fn prologue(&self) -> Counts {
        let mut counts = Counts::default();
        let text = &self.text.bytes;
        for (at, line) in lines::lines(text, 0..self.layout.body) {
            counts.lines += 1;
            counts.note(line, at);
        }
        // The banner of a MatrixMarket file looks like a comment, and is none.
        counts.comments -= u64::from(self.matrix.is_some());
        counts
    }

    /// The account of it all.
    pub(super) fn report(mut self, body: &Counts) -> Report {
        let prologue = self.prologue();
        if let (Some(row), Some(comment)) = (body.first_row, body.last_comment)
            && row < comment
        {
            let line = lines::number(&self.text.bytes, comment);
            self.notes.push(format!(
                "lines between rows are taken as comments for their # or %, the last is line {line}"
            ));
        }
        let header = self
            .layout
            .header
            .map(|header| String::from_utf8_lossy(self.text.bytes[header].trim_ascii()).into_owned());
        Report {
            lines: prologue.lines + body.lines,
            comments: prologue.comments + body.comments,
            blank_lines: prologue.blanks + body.blanks,
            header,
            notes: self.notes,
            ..self.text.report(self.layout.format, body)
        }
    }
}
