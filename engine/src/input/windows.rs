//! Ratings from a large file, window by window: the text is never whole in memory, and neither is a list of its ids.
//!
//! Only plain files are read so, and only while all is as in most of them: no compression, no quotes, no comments, ids that
//! are integers of 32 bits, nothing wrong. Whatever else is met, the file is read again as a whole, by the reader that knows what to say
//! about it.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;

use rayon::prelude::*;

use super::duplicates::{self, Outcome};
use super::layout::{Layout, Subject};
use super::lines::{self, CHUNK_BYTES, LineKind};
use super::numbering::{Numbered, Side};
use super::reading::Reading;
use super::report::Compression;
use super::rows::{Counts, parse_chunk};
use super::source::{self, Source};
use super::{Loaded, Rating, Ratings, RatingsOptions, Text, sniff};

/// Enough for every core to have chunks of its own, and little beside what is made of a file of many windows.
const WINDOW: usize = 16 * CHUNK_BYTES;

/// The ratings of a file; nothing where the file has to be read as a whole.
pub(super) fn read(source: &Source, subject: &Subject, options: &RatingsOptions) -> Option<Loaded<Ratings>> {
    let path = source.path()?;
    let mut file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() <= WINDOW as u64 {
        return None;
    }
    read_from(source, metadata.len(), &mut file, subject, options, WINDOW)
}

fn read_from(
    source: &Source,
    size: u64,
    reader: &mut dyn Read,
    subject: &Subject,
    options: &RatingsOptions,
    window: usize,
) -> Option<Loaded<Ratings>> {
    let mut windows = Windows { reader, window, text: Vec::new(), used: 0 };
    windows.next()?;
    let head = windows.lines();
    if source::unpack(source.name(), Cow::Borrowed(head)).ok()?.0 != Compression::None
        || source::refuse_other_encodings(source.name(), head).is_err()
        || head.starts_with(source::BYTE_ORDER_MARK)
    {
        return None;
    }
    let text = Text {
        name: source.name(),
        bytes: Cow::Owned(head.to_vec()),
        compression: Compression::None,
        stored: size,
        notes: Vec::new(),
    };
    let mut reading = Reading::new(&text, subject, options.format).ok()?;
    // The whole text may not be told differently.
    let rows = lines::lines(head, 0..head.len()).filter(|(_, line)| lines::kind(line) == LineKind::Row);
    if rows.take(sniff::SAMPLE + 1).count() <= sniff::SAMPLE || reading.layout.body >= head.len() {
        return None;
    }

    let (mut entries, mut counts) = (Vec::new(), Counts::default());
    let mut body = reading.layout.body;
    loop {
        append(&windows.lines()[body..], &reading.layout, &mut entries, &mut counts)?;
        body = 0;
        if windows.next()? == 0 {
            break;
        }
    }
    entries.shrink_to_fit();
    reading.check_header(counts.rows, options.lenient).ok()?;

    let users = Numbered::of_ratings(&entries, Side::First, "users").ok()?;
    let items = Numbered::of_ratings(&entries, Side::Second, "items").ok()?;
    entries.par_iter_mut().for_each(|rating| {
        rating.user = users.of_integer(rating.user.into());
        rating.item = items.of_integer(rating.item.into());
    });
    let Outcome::Merged(duplicates) = duplicates::resolve(&mut entries, users.ids.len(), options.duplicates)
    else {
        return None;
    };
    let mut report = reading.report(&counts);
    (report.duplicates, report.text_bytes) = (duplicates, size);
    Some(Loaded { data: Ratings { users: users.ids, items: items.ids, entries }, report })
}

/// Adds the rows of some lines, with their ids as numbers.
fn append(text: &[u8], layout: &Layout<'_>, entries: &mut Vec<Rating>, counts: &mut Counts) -> Option<()> {
    if memchr::memchr(b'"', text).is_some() {
        return None;
    }
    let chunks = lines::chunks(text, 0..text.len(), CHUNK_BYTES);
    let parsed: Vec<_> =
        chunks.into_par_iter().map(|chunk| parse_chunk::<u32>(text, chunk, layout)).collect();
    for chunk in parsed {
        if chunk.stop.is_some() || chunk.counts.comments > 0 {
            return None;
        }
        counts.add(&chunk.counts);
        // A pattern has no values: whatever it lists is rated 1.
        let values = chunk.values.into_iter().chain(std::iter::repeat(1.0));
        entries.extend(chunk.keys.iter().zip(values).map(|([user, item], value)| Rating {
            user: *user,
            item: *item,
            value,
        }));
    }
    Some(())
}

/// A text in pieces of whole lines.
struct Windows<'r> {
    reader: &'r mut dyn Read,
    window: usize,
    text: Vec<u8>,
    /// How much of the text are whole lines.
    used: usize,
}

impl Windows<'_> {
    /// Goes on to the next lines, and says how many bytes they are; none at the end. Nothing for what cannot be read, or a line that
    /// is longer than a window.
    fn next(&mut self) -> Option<usize> {
        self.text.drain(..self.used);
        let room = self.window - self.text.len();
        let read = (&mut *self.reader).take(room as u64).read_to_end(&mut self.text).ok()?;
        self.used = match memchr::memrchr(b'\n', &self.text) {
            _ if read < room => self.text.len(),
            Some(end) => end + 1,
            None => return None,
        };
        Some(self.used)
    }

    fn lines(&self) -> &[u8] {
        &self.text[..self.used]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Duplicates, ratings};
    use proptest::prelude::*;

    fn in_windows(text: &str, options: &RatingsOptions, window: usize) -> Option<Loaded<Ratings>> {
        let source = Source::from_path("ratings");
        read_from(&source, text.len() as u64, &mut text.as_bytes(), &ratings::RATINGS, options, window)
    }

    fn whole(text: &str, options: &RatingsOptions) -> Result<Loaded<Ratings>, crate::Error> {
        crate::input::read_ratings(&Source::from_memory("ratings", text.as_bytes().to_vec()), options)
    }

    fn options(duplicates: Duplicates) -> RatingsOptions {
        RatingsOptions { duplicates, ..RatingsOptions::default() }
    }

    proptest! {
        #[test]
        fn windows_read_what_the_whole_reads(
            header in prop_oneof![Just(""), Just("item,user,rating\n"), Just("# of items\n\n")],
            rows in proptest::collection::vec(("[1-9]?[0-9]", "[1-9]?[0-9]", "[0-5](\\.5)?", "\n|\r\n|\n\n"), 66..400),
            at in 0_usize..400,
            odd in prop_oneof![
                6 => Just(""), 1 => Just("4294967295,1,2\n"), 1 => Just("4294967296,1,2\n"), 1 => Just("# x\n"), 1 => Just("a,1,2\n"), 1 => Just("1,-2,3\n"), 1 => Just("1,2,\"3\"\n"),
                1 => Just("1,2\n"), 1 => Just("1,2,1e40\n"),
            ],
            cut in 0_usize..3,
            window in 900_usize..1500,
            duplicates in prop_oneof![Just(Duplicates::Last), Just(Duplicates::Sum), Just(Duplicates::Error)],
        ) {
            let mut text = header.to_owned();
            for (row, (user, item, value, end)) in rows.iter().enumerate() {
                if row == at {
                    text.push_str(odd);
                }
                text.push_str(&format!("{user},{item},{value}{end}"));
            }
            text.truncate(text.len() - cut.min(1));
            let options = options(duplicates);
            let found = in_windows(&text, &options, window);
            let is_ordinary = !header.starts_with("#")
                && (at >= rows.len() || odd.is_empty() || odd.starts_with("4294967295"));
            prop_assert!(found.is_some() || !is_ordinary || duplicates == Duplicates::Error);
            // What is read window by window is what is read whole; what is wrong is left to the whole.
            if let Some(found) = found {
                prop_assert!(is_ordinary);
                let expected = whole(&text, &options).unwrap();
                prop_assert_eq!(found.data, expected.data);
                prop_assert_eq!(found.report, expected.report);
            }
        }
    }

    #[test]
    fn an_ordinary_table_is_read_in_windows() {
        let rows: String =
            (0..2000).map(|row| format!("{}\t{}\t{}.5\n", row % 97, row % 89, row % 5)).collect();
        let matrix = format!("%%MatrixMarket matrix coordinate pattern general\n2000 3 2000\n{}", {
            (1..=2000).map(|row| format!("{row} {}\n", row % 3 + 1)).collect::<String>()
        });
        for text in [rows.as_str(), rows.trim_end(), &matrix] {
            let options = RatingsOptions::default();
            let found = in_windows(text, &options, 3000).expect("nothing odd");
            let expected = whole(text, &options).unwrap();
            assert_eq!(found.data, expected.data);
            assert_eq!(found.report, expected.report);
        }
        // What has to be read whole.
        let short = "%%MatrixMarket matrix coordinate pattern general\n2000 3 2001\n";
        let claims = matrix.replacen("2000 3 2000\n", "2000 3 2001\n", 1);
        let strange = format!("{rows}{}", "x".repeat(4000));
        for text in ["", short, &claims, &strange, "1,2,3\n", &format!("\u{feff}{rows}")] {
            assert!(in_windows(text, &RatingsOptions::default(), 3000).is_none());
        }
    }
}
