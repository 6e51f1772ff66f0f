//! Ratings of items by users: tables with or without a header, MatrixMarket, and matrices of SciPy.

use rayon::prelude::*;

use super::duplicates::{self, Duplicates, Outcome};
use super::layout::Subject;
use super::lines::{self, CHUNK_BYTES, Fault};
use super::numbering::{Numbered, Side};
use super::reading::Reading;
use super::rows::{Keys, Table};
use super::{Format, Loaded, Report, Source, Text, npz, windows};
use crate::Error;
use crate::graph::Ids;

/// One rating. Plain old data, 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Rating {
    /// Number of the user in [`Ratings::users`].
    pub user: u32,
    /// Number of the item in [`Ratings::items`].
    pub item: u32,
    /// Finite.
    pub value: f32,
}

/// Ratings in the order of their lines, duplicates resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratings {
    /// Ids of the users who rated.
    pub users: Ids,
    /// Ids of the items that were rated.
    pub items: Ids,
    /// One entry for each (user, item) that has a rating.
    pub entries: Vec<Rating>,
}

/// How to read ratings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RatingsOptions {
    /// Told from the first rows where this is `None`.
    pub format: Option<Format>,
    /// Whether counts in a header that do not match the body are a note instead of an error.
    pub lenient: bool,
    /// What to do with several ratings of one item by one user; the last counts by default.
    pub duplicates: Duplicates,
}

pub(super) static RATINGS: Subject = Subject {
    first: "user",
    second: "item",
    value: "rating",
    needs_value: true,
    first_names: &[
        "userid",
        "user",
        "uid",
        "customerid",
        "customer",
        "reviewerid",
        "memberid",
        "visitorid",
        "sessionid",
    ],
    second_names: &[
        "itemid",
        "movieid",
        "productid",
        "bookid",
        "trackid",
        "songid",
        "artistid",
        "gameid",
        "animeid",
        "businessid",
        "articleid",
        "recipeid",
        "beerid",
        "jokeid",
        "isbn",
        "asin",
        "iid",
        "item",
        "movie",
        "product",
        "book",
        "track",
        "song",
        "artist",
        "game",
        "anime",
        "article",
        "recipe",
        "beer",
        "joke",
    ],
    value_names: &[
        "rating",
        "ratings",
        "bookrating",
        "value",
        "score",
        "stars",
        "overall",
        "weight",
        "count",
        "plays",
        "playcount",
    ],
};

static PAIRS: Subject = Subject { needs_value: false, ..RATINGS };

/// Pairs of a user and an item in the order of their lines, repeats included.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// One entry for each line. Its value is the line's rating, or 1 where there are no ratings.
    pub ratings: Ratings,
    /// Whether the table has ratings.
    pub has_ratings: bool,
}

/// Reads ratings: users, items and values.
///
/// A table has the columns user, item, rating and perhaps a time, or a header that names them (`userId`, `movie_id`,
/// `score`, ...) in any order among others, which are ignored. Columns are separated by commas, semicolons, tabs, spaces or
/// `::`. A MatrixMarket matrix, or one of SciPy, has users as rows and items as columns. LIBMF's files are such tables. Users and items without any rating are not listed.
///
/// # Errors
/// If the source cannot be read, a line is not as its format asks, or there is no rating at all.
///
/// ```
/// use gasworks_engine::input::{RatingsOptions, Source, read_ratings};
///
/// let csv = "movieId,userId,rating\n318,ann,5\n296,ann,4\n318,bob,4.5\n";
/// let loaded = read_ratings(&Source::from_memory("example.csv", csv.as_bytes()), &RatingsOptions::default())?;
/// let ratings = loaded.data;
/// assert_eq!((ratings.users.len(), ratings.items.len(), ratings.entries.len()), (2, 2, 3));
/// assert_eq!(ratings.users.find("bob"), Some(1));
/// assert_eq!(loaded.report.to_string(), "example.csv: csv with a header, 3 rows in 4 lines");
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn read_ratings(source: &Source, options: &RatingsOptions) -> Result<Loaded<Ratings>, Error> {
    if let Some(loaded) = windows::read(source, &RATINGS, options) {
        return Ok(loaded);
    }
    let unpacked = source.unpacked()?;
    if may_be_npz(options) && npz::is_matrix(&unpacked.bytes) {
        let (table, report) = npz::Matrix::read(&unpacked)?.into_table();
        return of_matrix(&table, report, options);
    }
    let text = unpacked.into_text()?;
    read(&text, options, CHUNK_BYTES).map_err(|fault| fault.into_error(&text))
}

fn may_be_npz(options: &RatingsOptions) -> bool {
    options.format.is_none_or(|format| format == Format::Npz)
}

/// Ratings whose rows are no lines.
fn of_matrix(
    table: &Table<'_>,
    mut report: Report,
    options: &RatingsOptions,
) -> Result<Loaded<Ratings>, Error> {
    let refuse = |fault: Fault| fault.in_file(&report.name);
    let [users, items] = numbered(table).map_err(refuse)?;
    let (entries, duplicates) =
        merged(table, [&users, &items], options.duplicates, |_| None, |_| None).map_err(refuse)?;
    report.duplicates = duplicates;
    Ok(Loaded { data: Ratings { users: users.ids, items: items.ids, entries }, report })
}

/// Users and items, at least one of each.
fn numbered<'a>(table: &Table<'a>) -> Result<[Numbered<'a>; 2], Fault> {
    if table.counts.rows == 0 {
        return Err(nothing("at least one rating"));
    }
    Ok([
        Numbered::new(&table.keys, Side::First, "users")?,
        Numbered::new(&table.keys, Side::Second, "items")?,
    ])
}

pub(super) fn read(
    text: &Text<'_>,
    options: &RatingsOptions,
    chunk_bytes: usize,
) -> Result<Loaded<Ratings>, Fault> {
    let mut reading = Reading::new(text, &RATINGS, options.format)?;
    let unquoted = reading.unquote()?;
    let table = reading.rows(unquoted.as_ref(), chunk_bytes)?;
    reading.check_header(table.counts.rows, options.lenient)?;
    let [users, items] = numbered(&table)?;
    reading
        .note_texts(&table.keys, &[(&users.ids, Side::First, "users"), (&items.ids, Side::Second, "items")]);
    let place = |row: usize| reading.offset_of_row(unquoted.as_ref(), row as u64);
    let line = |row: usize| Some(lines::number(&text.bytes, place(row).unwrap_or(0)));
    let (entries, duplicates) = merged(&table, [&users, &items], options.duplicates, place, line)?;
    let mut report = reading.report(&table.counts);
    report.duplicates = duplicates;
    let data = Ratings { users: users.ids, items: items.ids, entries };
    Ok(Loaded { data, report })
}

/// The entries and how many duplicates there were. `place` and `line` say where the row of a number is, if rows are lines.
fn merged(
    table: &Table<'_>,
    [users, items]: [&Numbered<'_>; 2],
    policy: Duplicates,
    place: impl Fn(usize) -> Option<usize>,
    line: impl Fn(usize) -> Option<u64>,
) -> Result<(Vec<Rating>, u64), Fault> {
    let mut entries = entries(table, users, items);
    let fault = |row: usize, expected: &str, found: String, advice: &str| Fault {
        at: place(row),
        column: None,
        expected: expected.into(),
        found,
        advice: advice.into(),
    };
    match duplicates::resolve(&mut entries, users.ids.len(), policy) {
        Outcome::Merged(duplicates) => Ok((entries, duplicates)),
        Outcome::Repeats { earlier, later } => {
            let Rating { user, item, .. } = entries[later];
            let after = line(earlier).map_or(String::new(), |line| format!(" after line {line}"));
            let found = format!(
                "another rating of item {} by user {}{after}",
                items.ids.id(item),
                users.ids.id(user)
            );
            let advice = "drop one of them, or ask for the last, the mean or the sum of duplicates";
            Err(fault(later, "one rating for each user and item", found, advice))
        }
        Outcome::Overflow { at } => {
            let advice = "scale the ratings down, or ask for the mean of duplicates";
            Err(fault(at, "ratings with a finite sum", "a sum that is infinite".into(), advice))
        }
    }
}

/// Reads pairs of users and items, for each of which something is to be said: a table as [`read_ratings`] reads it, or one without ratings.
///
/// Every line stays, so `duplicates` of the options is not looked at.
///
/// # Errors
/// If the source cannot be read, a line is not as its format asks, or there is no pair at all.
///
/// ```
/// use gasworks_engine::input::{RatingsOptions, Source, read_pairs};
///
/// let pairs = read_pairs(&Source::from_memory("pairs.csv", b"ann,318\nann,296\n".as_slice()), &RatingsOptions::default())?.data;
/// assert_eq!((pairs.ratings.entries.len(), pairs.has_ratings), (2, false));
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn read_pairs(source: &Source, options: &RatingsOptions) -> Result<Loaded<Pairs>, Error> {
    let unpacked = source.unpacked()?;
    if may_be_npz(options) && npz::is_matrix(&unpacked.bytes) {
        let matrix = npz::Matrix::read(&unpacked)?;
        let has_ratings = matrix.has_values();
        let (table, report) = matrix.into_table();
        let [users, items] = numbered(&table).map_err(|fault| fault.in_file(&report.name))?;
        let entries = entries(&table, &users, &items);
        let ratings = Ratings { users: users.ids, items: items.ids, entries };
        return Ok(Loaded { data: Pairs { ratings, has_ratings }, report });
    }
    let text = unpacked.into_text()?;
    pairs(&text, options).map_err(|fault| fault.into_error(&text))
}

fn pairs(text: &Text<'_>, options: &RatingsOptions) -> Result<Loaded<Pairs>, Fault> {
    let mut reading = Reading::new(text, &PAIRS, options.format)?;
    let unquoted = reading.unquote()?;
    let table = reading.rows(unquoted.as_ref(), CHUNK_BYTES)?;
    reading.check_header(table.counts.rows, options.lenient)?;
    if table.counts.rows == 0 {
        return Err(nothing("at least one pair of user and item"));
    }
    let users = Numbered::new(&table.keys, Side::First, "users")?;
    let items = Numbered::new(&table.keys, Side::Second, "items")?;
    reading
        .note_texts(&table.keys, &[(&users.ids, Side::First, "users"), (&items.ids, Side::Second, "items")]);
    let entries = entries(&table, &users, &items);
    let has_ratings = reading.layout.has_values();
    let ratings = Ratings { users: users.ids, items: items.ids, entries };
    Ok(Loaded { data: Pairs { ratings, has_ratings }, report: reading.report(&table.counts) })
}

/// An input without rows.
fn nothing(expected: &str) -> Fault {
    Fault {
        at: None,
        column: None,
        expected: expected.into(),
        found: "none".into(),
        advice: "check that the file was written or fetched completely".into(),
    }
}

/// One entry a row; 1 where there are no values.
fn entries(table: &Table<'_>, users: &Numbered<'_>, items: &Numbered<'_>) -> Vec<Rating> {
    let mut entries: Vec<Rating> = bytemuck::cast_vec(vec![[0_u32; 3]; table.counts.rows as usize]);
    let outputs = split(&mut entries, table.keys.lengths());
    // A pattern has no values: whatever it lists is rated 1.
    let value = |values: &[f32], at: usize| values.get(at).copied().unwrap_or(1.0);
    match &table.keys {
        Keys::Integers { rows, .. } => {
            (outputs, rows, &table.values).into_par_iter().for_each(|(output, rows, values)| {
                for (at, (entry, [user, item])) in output.iter_mut().zip(rows).enumerate() {
                    let (user, item) = (users.of_integer(*user), items.of_integer(*item));
                    *entry = Rating { user, item, value: value(values, at) };
                }
            });
        }
        Keys::Texts { rows } => {
            (outputs, rows, &table.values).into_par_iter().for_each(|(output, rows, values)| {
                for (at, (entry, [user, item])) in output.iter_mut().zip(rows).enumerate() {
                    let (user, item) = (users.of_text(user), items.of_text(item));
                    *entry = Rating { user, item, value: value(values, at) };
                }
            });
        }
    }
    entries
}

/// Cuts a slice into pieces of these lengths.
pub(super) fn split<T>(mut rest: &mut [T], lengths: Vec<usize>) -> Vec<&mut [T]> {
    lengths
        .into_iter()
        .map(|length| {
            let (piece, after) = std::mem::take(&mut rest).split_at_mut(length);
            rest = after;
            piece
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quoted tables without ratings once gave the first pair again and again.
    #[test]
    fn pairs_keep_lines_and_repeats_whether_quoted_or_not() {
        for (text, has_ratings) in [
            ("ann,7\nbob,5\nann,7\n", false),
            ("\"ann\",7\n\"bob\",5\n\"ann\",7\n", false),
            ("userId,movieId\nann,7\nbob,5\nann,7\n", false),
            ("movieId,rating,userId\n7,1,ann\n5,1,bob\n7,1,\"ann\"\n", true),
        ] {
            let source = Source::from_memory("pairs", text.as_bytes());
            let pairs = read_pairs(&source, &RatingsOptions::default()).unwrap().data;
            assert_eq!(pairs.has_ratings, has_ratings, "{text}");
            let name = |rating: &Rating| {
                (
                    pairs.ratings.users.id(rating.user).to_string(),
                    pairs.ratings.items.id(rating.item).to_string(),
                    rating.value,
                )
            };
            let found: Vec<_> = pairs.ratings.entries.iter().map(name).collect();
            let [ann, bob] = [("ann".into(), "7".into(), 1.0), ("bob".into(), "5".into(), 1.0)];
            assert_eq!(found, [ann.clone(), bob, ann], "{text}");
        }
    }

    #[test]
    fn ratings_are_not_read_from_pairs() {
        let source = Source::from_memory("pairs", b"ann,7\n".as_slice());
        assert!(read_ratings(&source, &RatingsOptions::default()).is_err());
        let error =
            read_pairs(&Source::from_memory("none", b"".as_slice()), &RatingsOptions::default()).unwrap_err();
        assert!(error.to_string().contains("at least one pair of user and item"), "{error}");
    }
}
