//! The files of a zip archive, as `numpy.savez` writes them: stored or deflated, with 64-bit sizes where they are needed, neither encrypted nor in
//! several parts. The directory at the end of the archive says where each file is and which checksum it has.

use std::borrow::Cow;
use std::io::Read;

/// Where one file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    is_encrypted: bool,
    method: u16,
    checksum: u32,
    packed: u64,
    size: u64,
    /// Of the header before the file's bytes.
    start: u64,
}

/// Whether bytes begin as an archive does.
pub(in crate::input) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The files of an archive; nothing where it is damaged.
pub(super) fn entries(archive: &[u8]) -> Option<Vec<Entry>> {
    const END: &[u8] = b"PK\x05\x06";
    const LOCATOR: &[u8] = b"PK\x06\x07";
    // A comment of at most 65535 bytes may follow.
    let tail = archive.len().saturating_sub(22 + 65535);
    let end = tail + memchr::memmem::rfind(archive.get(tail..)?, END)?;
    let (mut count, mut at) = (number(archive, end + 10, 2)?, number(archive, end + 16, 4)?);
    if let Some(locator) = end.checked_sub(20)
        && archive[locator..].starts_with(LOCATOR)
    {
        let end = usize::try_from(number(archive, locator + 8, 8)?).ok()?;
        (count, at) = (number(archive, end.checked_add(32)?, 8)?, number(archive, end.checked_add(48)?, 8)?);
    }
    let mut entries = Vec::new();
    let mut at = usize::try_from(at).ok()?;
    for _ in 0..count {
        let (entry, next) = entry(archive, at)?;
        entries.push(entry);
        at = next;
    }
    Some(entries)
}

/// The entry of the directory at this place, and where the next one is.
fn entry(archive: &[u8], at: usize) -> Option<(Entry, usize)> {
    let rest = archive.get(at..)?;
    let field = |at: usize, width: usize| number(rest, at, width);
    if !rest.starts_with(b"PK\x01\x02") {
        return None;
    }
    let [name, extra, comment] = [28, 30, 32].map(|at| field(at, 2).map(|length| length as usize));
    let (name, extra, comment) = (name?, extra?, comment?);
    let mut entry = Entry {
        name: rest.get(46..46 + name)?.to_vec(),
        is_encrypted: field(8, 2)? & 1 == 1,
        method: field(10, 2)? as u16,
        checksum: field(16, 4)? as u32,
        packed: field(20, 4)?,
        size: field(24, 4)?,
        start: field(42, 4)?,
    };
    // Numbers that do not fit stand in a field of their own, in this order.
    let mut fields = rest.get(46 + name..46 + name + extra)?;
    while let (Some(kind), Some(length)) = (number(fields, 0, 2), number(fields, 2, 2)) {
        if kind == 1 {
            let mut at = 4;
            for place in [&mut entry.size, &mut entry.packed, &mut entry.start] {
                if *place == 0xFFFF_FFFF {
                    *place = number(fields, at, 8)?;
                    at += 8;
                }
            }
        }
        fields = fields.get(4 + length as usize..)?;
    }
    Some((entry, at + 46 + name + extra + comment))
}

/// The bytes of a file, or what is wrong with it.
pub(super) fn unpack<'a>(archive: &'a [u8], entry: &Entry) -> Result<Cow<'a, [u8]>, &'static str> {
    const DAMAGED: &str = "one that is damaged or cut off";
    if entry.is_encrypted {
        return Err("one that is encrypted");
    }
    let packed = || {
        let start = usize::try_from(entry.start).ok()?;
        let header = archive.get(start..)?;
        let skipped = 30 + number(header, 26, 2)? + number(header, 28, 2)?;
        let length = usize::try_from(entry.packed).ok()?;
        header.starts_with(b"PK\x03\x04").then_some(())?;
        header.get(skipped as usize..)?.get(..length)
    };
    let packed = packed().ok_or(DAMAGED)?;
    let bytes = match entry.method {
        0 => Cow::Borrowed(packed),
        8 => {
            let mut bytes = Vec::new();
            let mut decoder = flate2::bufread::DeflateDecoder::new(packed).take(entry.size.saturating_add(1));
            decoder.read_to_end(&mut bytes).map_err(|_| DAMAGED)?;
            Cow::Owned(bytes)
        }
        _ => return Err("one that is packed in an unusual way"),
    };
    let is_whole = bytes.len() as u64 == entry.size && crc32fast::hash(&bytes) == entry.checksum;
    is_whole.then_some(bytes).ok_or(DAMAGED)
}
