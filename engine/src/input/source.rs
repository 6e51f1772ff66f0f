//! Where bytes come from: a path, standard input, or memory; compressed or not.
//!
//! Compression is told by the first bytes, never by the name: `ratings.csv` may well be gzip, and a pipe has no name.
//! The whole input is read into memory, since everything that follows needs all of it and parses it in parallel.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Format;
use super::binary::is_binary_graph;
use super::npz::is_archive;
use super::report::{Compression, Report};
use super::rows::Counts;
use crate::Error;

/// U+FEFF in UTF-8, which some editors put first.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// An input that can be read: a file, standard input, or bytes in memory.
///
/// ```
/// use gasworks_engine::input::{EdgesOptions, Source, read_edges};
///
/// let source = Source::from_memory("triangle", "0 1\n1 2\n2 0\n".as_bytes());
/// let triangle = read_edges(&source, &EdgesOptions::default())?;
/// assert_eq!(triangle.data.arcs, [[0, 1], [1, 2], [2, 0]]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    name: PathBuf,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Path,
    Stdin,
    Memory(Cow<'static, [u8]>),
}

/// What a source held, text or not.
pub(super) struct Unpacked<'a> {
    /// Name for messages.
    pub(super) name: &'a Path,
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) compression: Compression,
    /// Size as stored.
    pub(super) stored: u64,
}

/// What a source held, unpacked and without byte-order mark.
pub(super) struct Text<'a> {
    /// Name for messages.
    pub(super) name: &'a Path,
    /// Lines that end in `\n` or `\r\n`.
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) compression: Compression,
    /// Size as stored.
    pub(super) stored: u64,
    pub(super) notes: Vec<String>,
}

impl Text<'_> {
    /// The account of a text whose lines are all counted; without notes.
    pub(super) fn report(&self, format: Format, counts: &Counts) -> Report {
        Report {
            bytes: self.stored,
            text_bytes: self.bytes.len() as u64,
            lines: counts.lines,
            rows: counts.rows,
            comments: counts.comments,
            blank_lines: counts.blanks,
            ..Report::new(self.name, format, self.compression)
        }
    }
}

impl Source {
    /// The file at a path; `-` is standard input.
    pub fn from_path(path: impl Into<PathBuf>) -> Self {
        let name = path.into();
        if name.as_os_str() == "-" { Source::stdin() } else { Source { name, place: Place::Path } }
    }

    /// Standard input, read to its end.
    pub fn stdin() -> Self {
        Source { name: "standard input".into(), place: Place::Stdin }
    }

    /// Bytes in memory, such as an embedded sample. Messages call them `name`.
    pub fn from_memory(name: impl Into<PathBuf>, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Source { name: name.into(), place: Place::Memory(bytes.into()) }
    }

    /// What messages call this source.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Where it lies among the files, if it does.
    pub(super) fn path(&self) -> Option<&Path> {
        matches!(self.place, Place::Path).then_some(&self.name)
    }

    /// The same, held in memory, so that it can be read more than once where it is a pipe.
    pub(super) fn hold(&self) -> Result<Source, Error> {
        let bytes = match &self.place {
            Place::Path => Cow::Owned(read_file(&self.name)?),
            Place::Stdin => Cow::Owned(read_all(&self.name, &mut io::stdin().lock(), 0)?),
            Place::Memory(bytes) => bytes.clone(),
        };
        Ok(Source { name: self.name.clone(), place: Place::Memory(bytes) })
    }

    /// The file, open, where it is one that can be read more than once. What is wrong with others shows when they are read.
    pub(super) fn regular_file(&self) -> Option<File> {
        let path = self.path()?;
        // Opening a pipe would wait for its writer.
        fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        File::open(path).ok()
    }

    /// Reads everything, unpacks it, and drops a byte-order mark.
    pub(super) fn read(&self) -> Result<Text<'_>, Error> {
        self.unpacked()?.into_text()
    }

    /// Reads everything and unpacks it.
    pub(super) fn unpacked(&self) -> Result<Unpacked<'_>, Error> {
        let stored: Cow<'_, [u8]> = match &self.place {
            Place::Path => Cow::Owned(read_file(&self.name)?),
            Place::Stdin => Cow::Owned(read_all(&self.name, &mut io::stdin().lock(), 0)?),
            Place::Memory(bytes) => Cow::Borrowed(bytes),
        };
        let size = stored.len() as u64;
        let (compression, bytes) = unpack(&self.name, stored)?;
        Ok(Unpacked { name: &self.name, bytes, compression, stored: size })
    }
}

impl<'a> Unpacked<'a> {
    /// Drops a byte-order mark.
    pub(super) fn into_text(self) -> Result<Text<'a>, Error> {
        let Unpacked { name, mut bytes, compression, stored } = self;
        refuse_other_encodings(name, &bytes)?;
        if bytes.starts_with(BYTE_ORDER_MARK) {
            bytes = match bytes {
                Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[3..]),
                Cow::Owned(mut bytes) => {
                    bytes.drain(..3);
                    Cow::Owned(bytes)
                }
            };
        }
        let mut notes = Vec::new();
        // The Macintosh of old ended lines in a carriage return alone, and some spreadsheets still do.
        if memchr::memchr(b'\n', &bytes).is_none() && memchr::memchr(b'\r', &bytes).is_some() {
            bytes.to_mut().iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
            notes.push("lines end in a carriage return alone".to_owned());
        }
        Ok(Text { name, bytes, compression, stored, notes })
    }
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Source::from_path(path)
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Source::from_path(path)
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    let mut file = File::open(path).map_err(|source| cannot_open(path, source))?;
    let metadata = file.metadata().map_err(|source| cannot_open(path, source))?;
    if metadata.is_dir() {
        return Err(Error::NoInput {
            path: path.into(),
            expected: "a file".into(),
            found: "a directory".into(),
            advice: "name a file in it".into(),
            source: None,
        });
    }
    read_all(path, &mut file, metadata.len())
}

fn read_all(path: &Path, reader: &mut dyn Read, size: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let fail = |source| Error::Read { path: path.into(), source };
    // One byte more than the size lets the end show without another doubling.
    let room = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
    bytes.try_reserve_exact(room).map_err(|error| fail(io::Error::new(io::ErrorKind::OutOfMemory, error)))?;
    reader.read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

fn cannot_open(path: &Path, source: io::Error) -> Error {
    let (found, advice) = match source.kind() {
        io::ErrorKind::NotFound => ("no such file", "check the name and the folder"),
        io::ErrorKind::PermissionDenied => {
            ("a file without permission to read it", "allow it, for example with chmod +r")
        }
        io::ErrorKind::NotADirectory => ("a path that goes through a file", "check the folders of the path"),
        _ => ("a file that cannot be opened", "check the path"),
    };
    let expected = "a file to read".into();
    Error::NoInput {
        path: path.into(),
        expected,
        found: found.into(),
        advice: advice.into(),
        source: Some(source),
    }
}

pub(super) fn unpack<'a>(path: &Path, stored: Cow<'a, [u8]>) -> Result<(Compression, Cow<'a, [u8]>), Error> {
    let compression = match *stored.first_chunk::<4>().unwrap_or(&[0; 4]) {
        [0x1F, 0x8B, 8, _] => Compression::Gzip,
        // A frame, or a skippable frame before it.
        [0x28, 0xB5, 0x2F, 0xFD] | [0x50..=0x5F, 0x2A, 0x4D, 0x18] => Compression::Zstd,
        [b'B', b'Z', b'h', _] => return Err(refused(path, "bzip2", "bunzip2")),
        [0xFD, b'7', b'z', b'X'] => return Err(refused(path, "xz", "unxz")),
        _ => return Ok((Compression::None, stored)),
    };
    let mut bytes = Vec::new();
    let outcome = match compression {
        Compression::Gzip => flate2::bufread::MultiGzDecoder::new(&stored[..]).read_to_end(&mut bytes),
        _ => zstd::stream::read::Decoder::with_buffer(&stored[..])
            .and_then(|mut decoder| decoder.read_to_end(&mut bytes)),
    };
    let expected = compression.to_string();
    outcome.map_err(|source| Error::Compressed { path: path.into(), expected, source })?;
    Ok((compression, Cow::Owned(bytes)))
}

fn refused(path: &Path, found: &str, tool: &str) -> Error {
    Error::File {
        path: path.into(),
        expected: "text, gzip or zstd".into(),
        found: found.into(),
        advice: format!("unpack it with {tool} first"),
    }
}

/// Text in another encoding would be read as garbage, and binary data even more so.
pub(super) fn refuse_other_encodings(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if is_binary_graph(bytes) {
        return Err(Error::File {
            path: path.into(),
            expected: "text in UTF-8".into(),
            found: "a graph in binary".into(),
            advice: "read it as a graph whose format is told from the file, or convert it to an edge list"
                .into(),
        });
    }
    if is_archive(bytes) {
        return Err(refused(path, "a zip archive", "unzip"));
    }
    let found = if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        "UTF-16"
    } else if memchr::memchr(0, &bytes[..bytes.len().min(4096)]).is_some() {
        "binary data"
    } else {
        return Ok(());
    };
    Err(Error::File {
        path: path.into(),
        expected: "text in UTF-8".into(),
        found: found.into(),
        advice: "save or convert it as UTF-8 text".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_may_not_be_read_says_so() {
        let error = cannot_open(Path::new("secret.csv"), io::ErrorKind::PermissionDenied.into());
        assert_eq!(
            error.to_string(),
            "secret.csv: expected a file to read, found a file without permission to read it; \
             allow it, for example with chmod +r"
        );
        assert_eq!(error.kind(), crate::ErrorKind::NoInput);
        assert!(std::error::Error::source(&error).is_some());
    }

    #[test]
    fn old_line_ends_are_read() {
        let source = Source::from_memory("mac", b"1 2\r3 4\r".as_slice());
        let text = source.read().unwrap();
        assert_eq!(&text.bytes[..], b"1 2\n3 4\n");
        assert_eq!(text.notes.len(), 1);
    }
}
