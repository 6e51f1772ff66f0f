//! The rows of a text, parsed chunk by chunk in parallel.
//!
//! First every id is tried as an integer, which needs no memory beyond eight bytes. The first id of another kind makes the
//! whole text be read once more, with ids as slices of it. Chunks do not stop each other, so that the error reported is
//! always the first of the file.

use std::ops::Range;

use rayon::prelude::*;

use super::layout::Layout;
use super::lines::{self, Fault, LineKind, shown};
use super::numbering::Side;
use super::{Format, Rating, fast};
use crate::graph::Id;

/// The rows of a text, in pieces, in order.
pub(super) struct Table<'a> {
    pub(super) keys: Keys<'a>,
    /// One value a row, or nothing where the layout has no values.
    pub(super) values: Vec<Vec<f32>>,
    pub(super) counts: Counts,
}

/// The two ids of each row.
pub(super) enum Keys<'a> {
    /// All ids are integers: their low 64 bits, and whether they are signed.
    Integers { rows: Vec<Vec<[u64; 2]>>, signs: [Signs; 2] },
    /// Some id is not, or does not fit: as written.
    Texts { rows: Vec<Vec<[&'a [u8]; 2]>> },
}

impl Keys<'_> {
    /// How many rows each piece has.
    pub(super) fn lengths(&self) -> Vec<usize> {
        match self {
            Keys::Integers { rows, .. } => rows.iter().map(Vec::len).collect(),
            Keys::Texts { rows } => rows.iter().map(Vec::len).collect(),
        }
    }
}

/// Rows that ids are taken from.
pub(super) trait Rows: Sync {
    type Id: Copy;

    fn len(&self) -> usize;

    /// Calls `visit` with the ids of one side.
    fn for_each(&self, side: Side, visit: impl FnMut(Self::Id));
}

impl<K: Copy + Sync> Rows for Vec<[K; 2]> {
    type Id = K;

    fn len(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn for_each(&self, side: Side, mut visit: impl FnMut(K)) {
        match side {
            Side::First => self.iter().for_each(|row| visit(row[0])),
            Side::Second => self.iter().for_each(|row| visit(row[1])),
            Side::Both => self.as_flattened().iter().for_each(|id| visit(*id)),
        }
    }
}

/// Ratings whose users and items are still ids.
impl Rows for &[Rating] {
    type Id = u64;

    fn len(&self) -> usize {
        <[Rating]>::len(self)
    }

    #[inline(always)]
    fn for_each(&self, side: Side, mut visit: impl FnMut(u64)) {
        for rating in self.iter() {
            if side != Side::Second {
                visit(rating.user.into());
            }
            if side != Side::First {
                visit(rating.item.into());
            }
        }
    }
}

/// What integers occur in a column. 64 bits tell them apart unless both do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) negative: bool,
    pub(super) above_i64: bool,
}

/// Lines by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) lines: u64,
    pub(super) rows: u64,
    pub(super) comments: u64,
    pub(super) blanks: u64,
    pub(super) first_row: Option<usize>,
    pub(super) last_comment: Option<usize>,
}

/// How an id is kept while parsing.
pub(super) trait Key<'a>: Copy + Send {
    /// Whether the fast path, which reads integers, may be taken.
    const FAST: bool;
    /// The largest integer that can be kept.
    const MAX: u64;
    fn from_integer(id: u64) -> Self;
    fn from_field(field: &'a [u8], signs: &mut Signs) -> Result<Self, Refusal>;
}

pub(super) enum Refusal {
    NotAnInteger,
    NotUtf8,
}

impl Key<'_> for u64 {
    const FAST: bool = true;
    const MAX: u64 = u64::MAX;

    fn from_integer(id: u64) -> Self {
        id
    }

    fn from_field(field: &[u8], signs: &mut Signs) -> Result<Self, Refusal> {
        let id = Id::parse_integer(field).ok_or(Refusal::NotAnInteger)?;
        signs.negative |= id < 0;
        signs.above_i64 |= id > i128::from(i64::MAX);
        Ok(id as u64)
    }
}

impl Key<'_> for u32 {
    const FAST: bool = true;
    const MAX: u64 = u32::MAX as u64;

    fn from_integer(id: u64) -> Self {
        id as u32
    }

    fn from_field(field: &[u8], _: &mut Signs) -> Result<Self, Refusal> {
        Id::parse_integer(field).and_then(|id| u32::try_from(id).ok()).ok_or(Refusal::NotAnInteger)
    }
}

impl<'a> Key<'a> for &'a [u8] {
    const FAST: bool = false;
    const MAX: u64 = 0;

    fn from_integer(_: u64) -> Self {
        b""
    }

    fn from_field(field: &'a [u8], _: &mut Signs) -> Result<Self, Refusal> {
        std::str::from_utf8(field).map(|_| field).map_err(|_| Refusal::NotUtf8)
    }
}

/// What came of one chunk.
pub(super) struct Chunk<K> {
    pub(super) keys: Vec<[K; 2]>,
    pub(super) values: Vec<f32>,
    signs: [Signs; 2],
    pub(super) counts: Counts,
    pub(super) stop: Option<Stop>,
}

pub(super) enum Stop {
    NotAnInteger,
    Fault(Fault),
}

/// Parses the rows from `layout.body` on.
pub(super) fn parse<'a>(text: &'a [u8], layout: &Layout<'_>, chunk_bytes: usize) -> Result<Table<'a>, Fault> {
    let chunks = lines::chunks(text, layout.body..text.len(), chunk_bytes);
    let parsed: Vec<Chunk<u64>> =
        chunks.par_iter().map(|chunk| parse_chunk(text, chunk.clone(), layout)).collect();
    if parsed
        .iter()
        .any(|chunk| matches!(chunk.stop, Some(Stop::NotAnInteger)) || chunk.signs.iter().any(Signs::clash))
        || clash(&parsed)
    {
        drop(parsed);
        let parsed = chunks.par_iter().map(|chunk| parse_chunk(text, chunk.clone(), layout)).collect();
        let (rows, values, counts, _) = join::<&[u8]>(parsed)?;
        return Ok(Table { keys: Keys::Texts { rows }, values, counts });
    }
    let (rows, values, counts, signs) = join(parsed)?;
    Ok(Table { keys: Keys::Integers { rows, signs }, values, counts })
}

impl Signs {
    pub(super) fn clash(&self) -> bool {
        self.negative && self.above_i64
    }

    pub(super) fn or(self, other: Signs) -> Signs {
        Signs { negative: self.negative || other.negative, above_i64: self.above_i64 || other.above_i64 }
    }
}

/// Whether any column, or both together, hold integers that 64 bits do not tell apart.
fn clash(chunks: &[Chunk<u64>]) -> bool {
    chunks.iter().flat_map(|chunk| chunk.signs).fold(Signs::default(), Signs::or).clash()
}

type Joined<K> = (Vec<Vec<[K; 2]>>, Vec<Vec<f32>>, Counts, [Signs; 2]);

fn join<K>(chunks: Vec<Chunk<K>>) -> Result<Joined<K>, Fault> {
    let (mut keys, mut values) = (Vec::with_capacity(chunks.len()), Vec::with_capacity(chunks.len()));
    let mut counts = Counts::default();
    let mut signs = [Signs::default(); 2];
    for chunk in chunks {
        if let Some(Stop::Fault(fault)) = chunk.stop {
            return Err(fault);
        }
        counts.add(&chunk.counts);
        signs = [signs[0].or(chunk.signs[0]), signs[1].or(chunk.signs[1])];
        keys.push(chunk.keys);
        values.push(chunk.values);
    }
    Ok((keys, values, counts, signs))
}

impl Counts {
    pub(super) fn add(&mut self, next: &Counts) {
        self.lines += next.lines;
        self.rows += next.rows;
        self.comments += next.comments;
        self.blanks += next.blanks;
        self.first_row = self.first_row.or(next.first_row);
        self.last_comment = next.last_comment.or(self.last_comment);
    }

    /// Counts a line and says whether it is a row.
    pub(super) fn note(&mut self, line: &[u8], at: usize) -> bool {
        let kind = lines::kind(line);
        match kind {
            LineKind::Blank => self.blanks += 1,
            LineKind::Comment => {
                self.comments += 1;
                self.last_comment = Some(at);
            }
            LineKind::Row => {
                self.rows += 1;
                self.first_row.get_or_insert(at);
            }
        }
        kind == LineKind::Row
    }
}

pub(super) fn parse_chunk<'a, K: Key<'a>>(
    text: &'a [u8],
    range: Range<usize>,
    layout: &Layout<'_>,
) -> Chunk<K> {
    // Exact, cheap beside parsing, and bounded by the text whatever a header claims.
    let room = lines::count(&text[range.clone()]) as usize;
    let mut chunk = Chunk {
        keys: Vec::with_capacity(room),
        values: Vec::with_capacity(if layout.has_values() { room } else { 0 }),
        signs: [Signs::default(); 2],
        counts: Counts { lines: room as u64, ..Counts::default() },
        stop: None,
    };
    let blank = |byte| byte == b' ' || byte == b'\t';
    match layout.format {
        Format::Colons => {
            let skip = |text: &[u8], at: usize| (text.get(at..at + 2)? == b"::").then_some(at + 2);
            parse_rows(text, range, layout, skip, |byte| byte == b':', &mut chunk);
        }
        Format::Csv | Format::Semicolon | Format::Bar | Format::Tab => {
            let delimiter = layout.format.delimiter().unwrap_or(b',');
            let skip = |text: &[u8], at: usize| {
                let next = at + 1 + usize::from(text.get(at + 1) == Some(&b' '));
                (text.get(at) == Some(&delimiter)).then_some(next)
            };
            parse_rows(text, range, layout, skip, |byte| byte == delimiter, &mut chunk);
        }
        _ => {
            let skip = |text: &[u8], mut at: usize| {
                let start = at;
                while text.get(at).is_some_and(|byte| blank(*byte)) {
                    at += 1;
                }
                (at > start).then_some(at)
            };
            parse_rows(text, range, layout, skip, blank, &mut chunk);
        }
    }
    chunk
}

#[inline(always)]
fn parse_rows<'a, K: Key<'a>>(
    text: &'a [u8],
    range: Range<usize>,
    layout: &Layout<'_>,
    skip: impl Fn(&[u8], usize) -> Option<usize>,
    is_separator: impl Fn(u8) -> bool,
    chunk: &mut Chunk<K>,
) {
    let has_values = layout.has_values();
    // Ids with bounds count from 1; 0 wraps around and is outside.
    let outside = |ids: [u64; 2]| {
        layout.bounds.is_some_and(|[first, second]| {
            ids[0].wrapping_sub(1) >= first || ids[1].wrapping_sub(1) >= second
        })
    };
    let chunk_text = &text[..range.end];
    let mut highest = [0; 2];
    let mut at = range.start;
    while at < range.end {
        if K::FAST
            && let Some(row) = fast::row(chunk_text, at, &layout.roles, &skip, &is_separator)
            && !outside(row.ids)
            && row.ids.iter().all(|id| *id <= K::MAX)
        {
            highest = [highest[0].max(row.ids[0]), highest[1].max(row.ids[1])];
            chunk.keys.push(row.ids.map(K::from_integer));
            if has_values {
                chunk.values.push(row.value);
            }
            chunk.counts.first_row.get_or_insert(at);
            chunk.counts.rows += 1;
            at = row.next;
            continue;
        }
        let next = lines::next_line(text, at).min(range.end);
        let line = &text[at..next];
        if chunk.counts.note(line, at)
            && let Err(stop) = careful_row(line, at, layout, has_values, chunk)
        {
            chunk.stop = Some(stop);
            return;
        }
        at = next;
    }
    for (signs, highest) in chunk.signs.iter_mut().zip(highest) {
        signs.above_i64 |= highest > i64::MAX as u64;
    }
}

/// Reads one line field by field; the only judge of what is wrong.
#[cold]
fn careful_row<'a, K: Key<'a>>(
    line: &'a [u8],
    at: usize,
    layout: &Layout<'_>,
    has_values: bool,
    chunk: &mut Chunk<K>,
) -> Result<(), Stop> {
    let row = layout
        .row(layout.format.fields(line))
        .map_err(|fault| Stop::Fault(Fault { at: Some(at), ..fault }))?;
    let mut key = |side: usize| {
        K::from_field(row.ids[side], &mut chunk.signs[side]).map_err(|refusal| match refusal {
            Refusal::NotAnInteger => Stop::NotAnInteger,
            Refusal::NotUtf8 => Stop::Fault(not_utf8(row.ids[side], at)),
        })
    };
    chunk.keys.push([key(0)?, key(1)?]);
    if has_values {
        chunk.values.push(row.value);
    }
    Ok(())
}

/// Ids must be printable again, exactly.
pub(super) fn not_utf8(field: &[u8], at: usize) -> Fault {
    Fault {
        at: Some(at),
        column: None,
        expected: "text in UTF-8".into(),
        found: shown(field),
        advice: "convert the file, for example with iconv -f latin1 -t utf8".into(),
    }
}

/// Offset of the line that has row number `row`, counted from 0.
pub(super) fn offset_of_row(text: &[u8], body: usize, row: u64) -> Option<usize> {
    let rows = lines::lines(text, body..text.len()).filter(|(_, line)| lines::kind(line) == LineKind::Row);
    rows.map(|(at, _)| at).nth(usize::try_from(row).ok()?)
}
