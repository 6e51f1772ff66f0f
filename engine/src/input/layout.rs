//! Which column of a table means what.

use std::ops::Range;

use super::Format;
use super::lines::{Fault, shown};
use super::number;
use crate::graph::Id;

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Users, or sources of arcs.
    First,
    /// Items, or targets of arcs.
    Second,
    /// Ratings or weights.
    Value,
    /// A time: checked to be a number, then ignored.
    Time,
    /// Named by a header as something else: ignored.
    Other,
}

/// The words of one kind of table, for headers and for messages.
pub(super) struct Subject {
    pub(super) first: &'static str,
    pub(super) second: &'static str,
    pub(super) value: &'static str,
    /// Whether a row needs a value.
    pub(super) needs_value: bool,
    /// Names of the columns in lower case, letters and digits only.
    pub(super) first_names: &'static [&'static str],
    pub(super) second_names: &'static [&'static str],
    pub(super) value_names: &'static [&'static str],
}

/// How to read the lines of a text.
#[derive(Clone)]
pub(super) struct Layout<'s> {
    pub(super) format: Format,
    pub(super) subject: &'s Subject,
    /// One role a column.
    pub(super) roles: Vec<Role>,
    /// The line that names the columns.
    pub(super) header: Option<Range<usize>>,
    /// Where rows begin.
    pub(super) body: usize,
    /// Ids are integers from 1 to these counts.
    pub(super) bounds: Option<[u64; 2]>,
    pub(super) notes: Vec<String>,
}

/// One row, its ids still as written.
pub(super) struct Row<'l> {
    pub(super) ids: [&'l [u8]; 2],
    /// 1 where the table has no values.
    pub(super) value: f32,
}

impl Subject {
    /// Columns by position, where no header names them.
    pub(super) fn positional(&self, columns: usize) -> Option<Vec<Role>> {
        match columns {
            2 if !self.needs_value => Some(vec![Role::First, Role::Second]),
            3 => Some(vec![Role::First, Role::Second, Role::Value]),
            4 => Some(vec![Role::First, Role::Second, Role::Value, Role::Time]),
            _ => None,
        }
    }

    /// Columns by the names in a header, in any order. None where these are no such names.
    pub(super) fn named(&self, fields: &[Vec<u8>]) -> Option<Vec<Role>> {
        let mut roles = vec![Role::Other; fields.len()];
        for (names, role) in [
            (self.first_names, Role::First),
            (self.second_names, Role::Second),
            (self.value_names, Role::Value),
        ] {
            // The first of the names that occurs: `movie_id` wins over `item`.
            let column =
                names.iter().find_map(|name| fields.iter().position(|field| plain_name(field) == *name));
            match column {
                Some(column) => roles[column] = role,
                None if role == Role::Value && !self.needs_value => {}
                None => return None,
            }
        }
        Some(roles)
    }

    /// `user, item, rating`.
    pub(super) fn columns(&self) -> String {
        format!("{}, {}, {}", self.first, self.second, self.value)
    }
}

/// A column name in lower case, with letters and digits only: `User-ID` and `user_id` are `userid`.
pub(super) fn plain_name(name: &[u8]) -> String {
    name.iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| byte.to_ascii_lowercase() as char)
        .collect()
}

/// `a user id`, `an item id`.
fn an_id(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {name} id")
}

impl<'s> Layout<'s> {
    /// Whether rows have a value.
    pub(super) fn has_values(&self) -> bool {
        self.roles.contains(&Role::Value)
    }

    /// Reads the fields of one row. The fault has a column and no line yet.
    pub(super) fn row<'l>(&self, fields: impl Iterator<Item = &'l [u8]>) -> Result<Row<'l>, Fault> {
        let mut row = Row { ids: [b"", b""], value: 1.0 };
        let mut columns = 0;
        for field in fields {
            let Some(role) = self.roles.get(columns) else {
                return Err(self.too_many(field));
            };
            columns += 1;
            match role {
                Role::First => row.ids[0] = self.id(field, 0, columns)?,
                Role::Second => row.ids[1] = self.id(field, 1, columns)?,
                Role::Value => row.value = number::value(field, self.subject.value, columns as u32)?,
                Role::Time if !number::is_meant_as_number(field) => return Err(self.no_time(field, columns)),
                Role::Time | Role::Other => {}
            }
        }
        if columns < self.roles.len() { Err(self.too_few(columns)) } else { Ok(row) }
    }

    /// An id must be there, and be in its bounds where there are bounds.
    fn id<'l>(&self, field: &'l [u8], side: usize, column: usize) -> Result<&'l [u8], Fault> {
        let column = Some(column as u32);
        let name = [self.subject.first, self.subject.second][side];
        if let Some(bounds) = self.bounds {
            if !Id::parse_integer(field).is_some_and(|id| (1..=i128::from(bounds[side])).contains(&id)) {
                let advice = match Id::parse_integer(field) {
                    Some(0) => "MatrixMarket counts from 1, so add 1 to every id".to_owned(),
                    Some(_) => "MatrixMarket ids end at the counts of the size line, so correct one of them"
                        .to_owned(),
                    None => {
                        "MatrixMarket ids are whole numbers; write others as a table such as csv".to_owned()
                    }
                };
                let expected = format!("a {} from 1 to {} ({name})", ["row", "column"][side], bounds[side]);
                return Err(Fault { at: None, column, expected, found: shown(field), advice });
            }
        } else if field.is_empty() {
            let expected = an_id(name);
            let advice = "drop the line or give it an id".to_owned();
            return Err(Fault { at: None, column, expected, found: shown(field), advice });
        }
        Ok(field)
    }

    fn too_few(&self, columns: usize) -> Fault {
        let expected = match self.roles[columns] {
            Role::First => an_id(self.subject.first),
            Role::Second => an_id(self.subject.second),
            Role::Value => format!("a {}", self.subject.value),
            Role::Time | Role::Other => "one more column".to_owned(),
        };
        Fault {
            at: None,
            column: Some(columns as u32 + 1),
            expected,
            found: "the end of the line".into(),
            advice: format!(
                "every line needs {} columns between {}",
                self.roles.len(),
                self.format.separators()
            ),
        }
    }

    fn too_many(&self, field: &[u8]) -> Fault {
        let columns = self.roles.len();
        let advice = match self.format {
            Format::Csv => "write decimals with a point and quote ids that hold a comma",
            Format::Space => "force the format tab if ids hold spaces",
            _ => "drop the rest of the line, or name all columns in a header line",
        };
        Fault {
            at: None,
            column: Some(columns as u32 + 1),
            expected: format!("the end of the line after {columns} columns"),
            found: shown(field),
            advice: advice.to_owned(),
        }
    }

    fn no_time(&self, field: &[u8], column: usize) -> Fault {
        Fault {
            at: None,
            column: Some(column as u32),
            expected: "a time as a number".into(),
            found: shown(field),
            advice: format!(
                "the columns of a table without header are {}, time; name others in a header line",
                self.subject.columns()
            ),
        }
    }
}

impl Format {
    /// The fields of one line, without the blanks around them. Quotes are not looked at.
    pub(super) fn fields(self, line: &[u8]) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(if self == Format::Tab { line.trim_ascii_end() } else { line.trim_ascii() });
        std::iter::from_fn(move || {
            let line = rest?;
            let (end, gap) = match self {
                Format::Colons => (memchr::memmem::find(line, b"::"), 2),
                Format::Csv | Format::Semicolon | Format::Tab | Format::Bar => {
                    (memchr::memchr(self.separator().as_bytes()[0], line), 1)
                }
                _ => {
                    let end = line.iter().position(u8::is_ascii_whitespace);
                    let gap = end.map_or(0, |end| line[end..].len() - line[end..].trim_ascii_start().len());
                    (end, gap)
                }
            };
            rest = end.map(|end| &line[end + gap..]);
            Some(line[..end.unwrap_or(line.len())].trim_ascii())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_format() {
        for (format, line) in [
            (Format::Csv, "1, b ,4.5 \r"),
            (Format::Semicolon, " 1;b;4.5"),
            (Format::Bar, "1|b|4.5\r"),
            (Format::Tab, "1\tb\t4.5\t"),
            (Format::Space, "  1 \t b  4.5 "),
            (Format::Colons, "1::b::4.5"),
        ] {
            let fields: Vec<_> = format.fields(line.as_bytes()).collect();
            assert_eq!(fields, [&b"1"[..], b"b", b"4.5"], "{format}");
        }
        assert_eq!(Format::Csv.fields(b",,").count(), 3);
        assert_eq!(Format::Tab.fields(b"\tb").count(), 2);
    }
}
