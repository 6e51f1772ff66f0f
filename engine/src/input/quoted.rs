//! Tables with quoted fields, read by the `csv` crate.
//!
//! A quoted field may hold separators and line ends, so that such a text cannot be cut at line ends: it is read in one
//! pass, and the ids that it needs are copied without their quotes.

use std::ops::Range;

use super::Format;
use super::layout::{Layout, Role};
use super::lines::{self, Fault, shown};
use super::rows::{Counts, Keys, Table, not_utf8};

/// Rows whose ids have been freed of quotes.
pub(super) struct Unquoted {
    names: Vec<u8>,
    ids: Vec<[Range<usize>; 2]>,
    values: Vec<f32>,
    /// Where the lines of the rows begin.
    offsets: Vec<usize>,
    counts: Counts,
}

/// Whether fields are quoted: a format that may quote, and a quote anywhere.
pub(super) fn is_quoted(text: &[u8], layout: &Layout<'_>) -> bool {
    layout.format.delimiter().is_some() && memchr::memchr(b'"', &text[layout.body..]).is_some()
}

impl Unquoted {
    /// Reads all rows from `layout.body` on.
    pub(super) fn read(text: &[u8], layout: &Layout<'_>) -> Result<Self, Fault> {
        let body = &text[layout.body..];
        let mut table = Unquoted {
            names: Vec::new(),
            ids: Vec::new(),
            values: Vec::new(),
            offsets: Vec::new(),
            counts: Counts { lines: lines::count(body), ..Counts::default() },
        };
        let is_closed = text.trim_ascii_end().last() == Some(&b'"');
        let mut outcome = Ok(());
        let mut continued = 0;
        for_each(body, layout.format, |at, record| {
            let at = layout.body + at;
            if outcome.is_err() {
                return;
            }
            let is_row = table.counts.note(&text[at..lines::next_line(text, at)], at);
            continued +=
                record.iter().map(|field| memchr::memchr_iter(b'\n', field).count() as u64).sum::<u64>();
            let runs_out = !is_closed && at + record.as_slice().len() + 2 * record.len() >= text.len();
            outcome = misquoted(record, is_row.then_some(layout), runs_out)
                .map_or(Ok(()), Err)
                .and_then(|()| if is_row { table.push(record, at, layout) } else { Ok(()) })
                .map_err(|fault| Fault { at: Some(at), ..fault });
        });
        outcome?;
        let Counts { lines, rows, comments, .. } = table.counts;
        table.counts.blanks = lines.saturating_sub(rows + comments + continued);
        Ok(table)
    }

    fn push(&mut self, record: &csv::ByteRecord, at: usize, layout: &Layout<'_>) -> Result<(), Fault> {
        let row = layout.row(record.iter().map(<[u8]>::trim_ascii))?;
        let mut spans = [0..0, 0..0];
        for (id, span) in row.ids.iter().zip(&mut spans) {
            if std::str::from_utf8(id).is_err() {
                return Err(not_utf8(id, at));
            }
            let start = self.names.len();
            self.names.extend_from_slice(id);
            *span = start..self.names.len();
        }
        self.ids.push(spans);
        if layout.has_values() {
            self.values.push(row.value);
        }
        self.offsets.push(at);
        Ok(())
    }

    /// The rows, ids as text.
    pub(super) fn table(&self) -> Table<'_> {
        const ROWS: usize = 1 << 15;
        let name = |span: &Range<usize>| &self.names[span.clone()];
        let rows = self.ids.chunks(ROWS).map(|rows| rows.iter().map(|[a, b]| [name(a), name(b)]).collect());
        let rows: Vec<Vec<_>> = rows.collect();
        let mut values: Vec<Vec<f32>> = self.values.chunks(ROWS).map(<[f32]>::to_vec).collect();
        // Where there are no values, each part has none.
        values.resize(rows.len(), Vec::new());
        Table { keys: Keys::Texts { rows }, values, counts: self.counts }
    }

    /// Offset of the line that has row number `row`, counted from 0.
    pub(super) fn offset_of_row(&self, row: u64) -> Option<usize> {
        self.offsets.get(usize::try_from(row).ok()?).copied()
    }
}

/// The usual traps: a blank before the opening quote, and a quote that never closes and so swallows lines. Only a column
/// that is ignored may go over several lines, and not up to the end of the text (`runs_out`).
fn misquoted(record: &csv::ByteRecord, layout: Option<&Layout<'_>>, runs_out: bool) -> Option<Fault> {
    let trap = |column: usize, field: &[u8]| {
        let may_continue =
            layout.is_some_and(|layout| layout.roles.get(column) == Some(&Role::Other)) && !runs_out;
        let starts_late = field.first().is_some_and(u8::is_ascii_whitespace);
        if layout.is_some() && starts_late && field.trim_ascii_start().first() == Some(&b'"') {
            Some("drop the blank before the quote")
        } else if !may_continue && field.contains(&b'\n') {
            Some("close the quote, or double a quote that is part of the text")
        } else {
            None
        }
    };
    record.iter().enumerate().find_map(|(column, field)| {
        trap(column, field).map(|advice| Fault {
            at: None,
            column: Some(column as u32 + 1),
            expected: "a quoted field that begins and ends on its line".into(),
            found: shown(field),
            advice: advice.into(),
        })
    })
}

/// The fields of one line, quoted or not.
pub(super) fn fields(line: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
    let mut record = csv::ByteRecord::new();
    let found = reader(delimiter, line).read_byte_record(&mut record).unwrap_or(false);
    if found { record.iter().map(|field| field.trim_ascii().to_vec()).collect() } else { Vec::new() }
}

/// Calls `visit` with each record and the offset where its first line begins.
pub(super) fn for_each(text: &[u8], format: Format, mut visit: impl FnMut(usize, &csv::ByteRecord)) {
    let mut reader = reader(format.delimiter().unwrap_or(b','), text);
    let mut record = csv::ByteRecord::new();
    // Reading from memory cannot fail, and records of any length are welcome here.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let start = record.position().map_or(0, |position| position.byte() as usize);
        // The position is before the empty lines that were skipped.
        let skipped = text[start..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        visit(start + skipped, &record);
    }
}

/// Reads records of any length, with nothing taken for a header.
fn reader(delimiter: u8, text: &[u8]) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text)
}
