//! Telling a format and its columns from the first rows.
//!
//! Each format reads the first rows as if they were its own, and the one that makes sense of most of them wins: the right
//! number of columns, ids without separators of other formats in them, numbers where numbers belong. A decimal comma counts
//! as a number here, so that the message is about the comma and not about columns.

use super::layout::{Layout, Role, Subject};
use super::lines::{self, Fault, LineKind, shown};
use super::{Format, number, quoted};
use crate::graph::Id;

/// How many rows are looked at.
pub(super) const SAMPLE: usize = 64;

/// Earlier ones win where two make equal sense.
const TABLES: [Format; 6] =
    [Format::Csv, Format::Colons, Format::Semicolon, Format::Bar, Format::Space, Format::Tab];

/// A time below this is none: it would be before 1973 in seconds, and is more likely a weight or an id.
const EARLIEST_TIME: f64 = 1e8;

type Fields = Vec<Vec<u8>>;

/// The first rows as one format reads them.
struct Reading {
    format: Format,
    rows: Vec<Fields>,
    roles: Option<Vec<Role>>,
    has_header: bool,
    score: usize,
}

/// Tells how to read `text`, in the format `forced` where one was asked for.
pub(super) fn table<'s>(
    text: &[u8],
    subject: &'s Subject,
    forced: Option<Format>,
) -> Result<Layout<'s>, Fault> {
    let sample: Vec<(usize, &[u8])> = lines::lines(text, 0..text.len())
        .filter(|(_, line)| lines::kind(line) == LineKind::Row)
        .take(SAMPLE)
        .collect();
    let formats = TABLES.into_iter().filter(|format| forced.is_none_or(|forced| forced == *format));
    let readings = formats.map(|format| Reading::new(format, subject, &sample));
    let Some(reading) = readings.reduce(|best, next| if next.rank() > best.rank() { next } else { best })
    else {
        return Err(Fault {
            at: None,
            column: None,
            expected: "a table".into(),
            found: "a format that is none".into(),
            advice: "name another format".into(),
        });
    };
    let mut layout = Layout {
        format: reading.format,
        subject,
        roles: Vec::new(),
        header: None,
        body: 0,
        bounds: None,
        notes: Vec::new(),
    };
    let (Some(&(at, line)), Some(first)) = (sample.first(), reading.rows.first()) else {
        layout.roles = subject.positional(3).unwrap_or_default();
        return Ok(layout);
    };
    let fault = |fault: Fault| Fault { at: Some(at), ..fault };
    let has_header = reading.has_header || reading.has_strange_header(subject);
    match &reading.roles {
        Some(roles) => layout.roles = roles.clone(),
        None => {
            // No such table: reading the first row as the nearest one says what is wrong with it.
            let columns = if first.len() < 3 || !subject.needs_value { 3 } else { 4 };
            layout.roles = subject
                .positional(if first.len() < 2 && !subject.needs_value { 2 } else { columns })
                .unwrap_or_default();
            let error = layout.row(first.iter().map(Vec::as_slice)).err();
            return Err(fault(error.unwrap_or_else(|| too_many(&layout, first))));
        }
    }
    if has_header {
        layout.header = Some(at..at + line.len());
        layout.body = lines::next_line(text, at);
        if !reading.has_header {
            layout.notes.push(format!(
                "line {} is taken as a header, since all ids after it are integers",
                lines::number(text, at)
            ));
        }
        return Ok(layout);
    }
    if let Some(column) = layout.roles.iter().position(|role| *role == Role::Value)
        && let Some(field) = first.get(column)
        && number::value(field, "", 0).is_err()
        && !number::is_meant_as_number(field)
    {
        return Err(fault(Fault {
            at: None,
            column: Some(column as u32 + 1),
            expected: format!(
                "a {} such as 4.5, or column names such as {}",
                subject.value,
                subject.columns()
            ),
            found: shown(field),
            advice: "give the line a number, or rename the columns if it is a header".into(),
        }));
    }
    if layout.roles.len() == 4 {
        if forced.is_none() && reading.format == Format::Csv && reading.has_split_decimals() {
            let found = [&first[2][..], b",", &first[3][..]].concat();
            return Err(fault(Fault {
                at: None,
                column: Some(3),
                expected: format!("a {} such as 4.5", subject.value),
                found: shown(&found),
                advice: "write decimals with a point, or name the columns in a header line if the fourth is a time"
                    .into(),
            }));
        }
        layout.notes.push("column 4 is taken as a time and ignored".to_owned());
    }
    Ok(layout)
}

fn too_many(layout: &Layout<'_>, first: &Fields) -> Fault {
    let columns = layout.roles.len();
    Fault {
        at: None,
        column: Some(columns as u32),
        expected: format!("{}, and nothing more", layout.subject.columns()),
        found: first.get(columns - 1).map_or_else(|| "nothing".to_owned(), |field| shown(field)),
        advice: "name the columns in a header line".into(),
    }
}

impl Reading {
    fn new(format: Format, subject: &Subject, sample: &[(usize, &[u8])]) -> Self {
        let rows: Vec<Fields> = sample.iter().map(|(_, line)| fields(format, line)).collect();
        let mut reading = Reading { format, rows, roles: None, has_header: false, score: 0 };
        let Some(first) = reading.rows.first() else { return reading };
        let named = subject.named(first);
        reading.has_header = named.is_some();
        reading.roles = named.or_else(|| subject.positional(first.len()));
        if !reading.has_header && !subject.needs_value && first.len() == 4 && !reading.has_times() {
            reading.roles = None;
        }
        if let Some(roles) = &reading.roles {
            let rows = &reading.rows[usize::from(reading.has_header)..];
            reading.score = rows.iter().map(|row| score(row, roles)).sum::<usize>()
                + usize::from(reading.has_header)
                + usize::from(rows.is_empty());
        }
        reading
    }

    /// How well the format fits; where no row makes sense, how many columns it sees, so that the message is about them.
    fn rank(&self) -> (usize, usize) {
        (self.score, self.rows.first().map_or(0, |first| first.len().min(3)))
    }

    /// A first line without any number above rows of integer ids, its names unknown. Only where rows need no value, since
    /// there such a line would be taken for two more vertices.
    fn has_strange_header(&self, subject: &Subject) -> bool {
        let integers =
            |row: &Fields| row.len() >= 2 && row[..2].iter().all(|id| Id::parse_integer(id).is_some());
        !subject.needs_value
            && !self.has_header
            && self.rows.len() > 1
            && self.roles.as_ref().is_some_and(|roles| roles.len() == self.rows[0].len())
            && !self.rows[0].iter().any(|field| number::is_meant_as_number(field))
            && self.rows[1..].iter().all(integers)
    }

    fn has_times(&self) -> bool {
        self.rows.iter().filter_map(|row| row.get(3)).all(|field| {
            fast_float2::parse::<f64, _>(field).is_ok_and(|time| time >= EARLIEST_TIME && time.is_finite())
        })
    }

    /// `1,2,4,5` all along: 4.5 with a decimal comma, not a time of 5.
    fn has_split_decimals(&self) -> bool {
        let digits = |field: &[u8]| field.iter().all(u8::is_ascii_digit);
        self.rows.iter().all(|row| {
            row.len() == 4 && digits(&row[2]) && digits(&row[3]) && row[3].len() <= 2 && !row[3].is_empty()
        })
    }
}

/// How much sense a row makes: 2 for its shape, 1 more for ids without the separators of other formats.
fn score(row: &Fields, roles: &[Role]) -> usize {
    let mut clean = true;
    for (field, role) in row.iter().zip(roles) {
        match role {
            Role::First | Role::Second if field.is_empty() => return 0,
            Role::First | Role::Second => {
                clean &= !field.iter().any(|byte| matches!(byte, b' ' | b'\t' | b',' | b';' | b'|'));
                clean &= memchr::memmem::find(field, b"::").is_none();
            }
            Role::Value | Role::Time if !number::is_meant_as_number(field) => return 0,
            Role::Value | Role::Time | Role::Other => {}
        }
    }
    if row.len() == roles.len() { 2 + usize::from(clean) } else { 0 }
}

fn fields(format: Format, line: &[u8]) -> Fields {
    match format.delimiter() {
        Some(delimiter) if line.contains(&b'"') => quoted::fields(line, delimiter),
        _ => format.fields(line).map(<[u8]>::to_vec).collect(),
    }
}
