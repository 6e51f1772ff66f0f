//! Ids and texts to and from columns that numpy reads.
//!
//! A model must not depend on how [`Ids`] keeps its names inside, so it stores them in an own form.

use gasworks_engine::graph::{Id, Ids};
use serde::{Deserialize, Serialize};

use super::{Element, Opened, Refusal, Tensors};

/// The names behind an [`Ids`], in the order of the vertex numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// The id of a row is its number.
    Range(u32),
    /// Strictly ascending, each from `i64::MIN` to `u64::MAX`.
    Integers(Vec<i128>),
    /// Strictly ascending by bytes.
    Text(Vec<String>),
}

impl Column {
    pub(crate) fn of(ids: &Ids) -> Self {
        let all = || (0..ids.len() as u32).map(|row| ids.id(row));
        let integers: Option<Vec<i128>> = all()
            .map(|id| match id {
                Id::Integer(id) => Some(id),
                Id::Text(_) => None,
            })
            .collect();
        match integers {
            Some(ids) if ids.iter().enumerate().all(|(row, &id)| id == row as i128) => {
                Column::Range(ids.len() as u32)
            }
            Some(ids) => Column::Integers(ids),
            None => Column::Text(all().map(|id| id.to_string()).collect()),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Column::Range(_) => Kind::Range,
            Column::Integers(_) => Kind::Integers,
            Column::Text(_) => Kind::Text,
        }
    }

    /// The ids with these names; `None` if they do not ascend strictly, or an integer is out of range.
    pub(crate) fn build(self) -> Option<Ids> {
        let wanted = self.clone();
        let ids = match self {
            Column::Range(count) => Ids::range(count),
            Column::Integers(ids) => {
                let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
                if !ids.is_sorted_by(|a, b| a < b) || !ids.iter().all(|id| range.contains(id)) {
                    return None;
                }
                let spelled: Vec<String> = ids.iter().map(i128::to_string).collect();
                Ids::from_names(spelled.iter().map(String::as_str))
            }
            Column::Text(ids) => {
                if !ids.is_sorted_by(|a, b| a < b) {
                    return None;
                }
                Ids::from_names(ids.iter().map(String::as_str))
            }
        };
        (Column::of(&ids) == wanted || matches!(wanted, Column::Integers(_))).then_some(ids)
    }
}

/// What ids are; part of what a file says in words.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Range,
    Integers,
    Text,
}

/// Ids in the form of tensors.
pub(crate) enum Stored {
    Range,
    Signed(Vec<i64>),
    Unsigned(Vec<u64>),
    Text(Vec<u8>, Vec<u64>),
}

impl Stored {
    pub(crate) fn of(column: &Column) -> Self {
        match column {
            Column::Range(_) => Stored::Range,
            Column::Text(ids) => {
                let (text, ends) = join(ids.iter().map(String::as_str));
                Stored::Text(text, ends)
            }
            Column::Integers(ids) => {
                let signed: Option<Vec<i64>> = ids.iter().map(|&id| id.try_into().ok()).collect();
                let unsigned = || ids.iter().map(|&id| id.try_into().ok()).collect::<Option<Vec<u64>>>();
                match (signed, unsigned()) {
                    (Some(ids), _) => Stored::Signed(ids),
                    (None, Some(ids)) => Stored::Unsigned(ids),
                    // Negative ids beside ids beyond 2^63: no element holds both, so they are spelled out.
                    (None, None) => {
                        let spelled: Vec<String> = ids.iter().map(i128::to_string).collect();
                        let (text, ends) = join(spelled.iter().map(String::as_str));
                        Stored::Text(text, ends)
                    }
                }
            }
        }
    }

    /// Before narrower tensors; an element has to be aligned.
    pub(crate) fn push_wide<'a>(&'a self, tensors: &mut Tensors<'a>, name: &str) {
        match self {
            Stored::Range => {}
            Stored::Signed(ids) => tensors.push(name, &[ids.len()], ids),
            Stored::Unsigned(ids) => tensors.push(name, &[ids.len()], ids),
            Stored::Text(_, ends) => tensors.push(&format!("{name}_ends"), &[ends.len()], ends),
        }
    }

    /// The rest, after all wider tensors.
    pub(crate) fn push_text<'a>(&'a self, tensors: &mut Tensors<'a>, name: &str) {
        if let Stored::Text(text, _) = self {
            tensors.push(name, &[text.len()], text);
        }
    }
}

/// Reads ids that [`Stored`] pushed; they ascend strictly.
pub(crate) fn ids(file: &Opened<'_>, name: &str, kind: Kind, count: usize) -> Result<Ids, Refusal> {
    fn wide<T: Element + Into<i128>>(file: &Opened<'_>, name: &str, count: usize) -> Result<Column, Refusal> {
        Ok(Column::Integers(file.get::<T>(name, &[Some(count)])?.into_iter().map(T::into).collect()))
    }
    let wrong = || file.refuse(name, "ids that ascend strictly".into(), "others".into());
    let spelled = || split(file, name, &format!("{name}_ends"), count);
    let column = match kind {
        Kind::Range => Column::Range(u32::try_from(count).map_err(|_| wrong())?),
        Kind::Text => Column::Text(spelled()?),
        Kind::Integers if file.has::<u64>(name) => wide::<u64>(file, name, count)?,
        Kind::Integers if file.has::<u8>(name) => {
            let parsed: Option<Vec<i128>> = spelled()?.iter().map(|id| id.parse().ok()).collect();
            Column::Integers(parsed.ok_or_else(wrong)?)
        }
        Kind::Integers => wide::<i64>(file, name, count)?,
    };
    column.build().ok_or_else(wrong)
}

/// Texts one after another, and where each ends.
pub(crate) fn join<'a>(texts: impl Iterator<Item = &'a str>) -> (Vec<u8>, Vec<u64>) {
    let mut joined = Vec::new();
    let ends = texts.map(|text| {
        joined.extend_from_slice(text.as_bytes());
        joined.len() as u64
    });
    let ends = ends.collect();
    (joined, ends)
}

/// Reads texts that were [joined](join).
pub(crate) fn split(file: &Opened<'_>, name: &str, ends: &str, count: usize) -> Result<Vec<String>, Refusal> {
    let bytes: Vec<u8> = file.get(name, &[None])?;
    let ends: Vec<u64> = file.get(ends, &[Some(count)])?;
    let mut start = 0;
    let texts: Option<Vec<String>> = ends
        .iter()
        .map(|&end| {
            let end = usize::try_from(end).ok()?;
            let text = std::str::from_utf8(bytes.get(start..end)?).ok()?;
            start = end;
            Some(text.to_owned())
        })
        .collect();
    texts
        .filter(|_| start == bytes.len())
        .ok_or_else(|| file.refuse(name, "UTF-8 text cut by ascending ends".into(), "others".into()))
}
