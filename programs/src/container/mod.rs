//! A safetensors file with an identity and a fingerprint.
//!
//! Layout (<https://github.com/huggingface/safetensors>): the length of the header as `u64`, the header as JSON padded to 8 bytes, then
//! the tensors, little-endian, wide elements first. The header begins with `{"__metadata__":{"fingerprint":"<16 hexadecimal
//! digits>",`, so the digits have a fixed place; they are a hash of the whole file with that place filled with zeros. A file that was torn or in which
//! a bit flipped, wherever it may be, is therefore refused before its content is looked at. The header is written
//! here, not by the crate, because the crate's order of metadata changes from run to run; the crate checks it when reading.

mod ids;
#[cfg(test)]
pub(crate) mod testing;

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use gasworks_engine::Error;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

pub(crate) use ids::{Column, Kind, Stored, ids, join, split};

const PREFIX: &str = "{\"__metadata__\":{\"fingerprint\":\"";
const PLACE: std::ops::Range<usize> = 8 + PREFIX.len()..8 + PREFIX.len() + 16;
const BROKEN: &str =
    "the file is torn, was changed or is no model of gasworks: copy it again, or train again";

/// Why a file is refused; each kind of model has an error of its own to tell it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) path: PathBuf,
    /// Which part of the file.
    pub(crate) part: String,
    pub(crate) expected: String,
    pub(crate) got: String,
    pub(crate) advice: &'static str,
}

impl From<Refusal> for Error {
    fn from(Refusal { path, part, expected, got, advice }: Refusal) -> Self {
        Error::File { path, expected: format!("{expected} ({part})"), found: got, advice: advice.into() }
    }
}

/// All of a file. A pipe or device could go on for ever, and is refused.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    match fs::metadata(path)?.is_file() {
        true => fs::read(path),
        false => Err(io::Error::other("not a regular file")),
    }
}

/// What a file says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    /// The kind of model, `gasworks-factorization`.
    pub(crate) format: &'a str,
    /// Grows with every incompatible change.
    pub(crate) version: u32,
    /// The program that trained it.
    pub(crate) program: &'a str,
}

/// A number that tensors hold.
pub(crate) trait Element: Copy {
    const DTYPE: Dtype;
    fn little_endian(values: &[Self]) -> Cow<'_, [u8]>;
    fn read(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! element {
    ($($number:ty, $dtype:ident;)*) => {$(
        impl Element for $number {
            const DTYPE: Dtype = Dtype::$dtype;
            fn little_endian(values: &[Self]) -> Cow<'_, [u8]> {
                match cfg!(target_endian = "little") {
                    true => Cow::Borrowed(bytemuck::cast_slice(values)),
                    false => Cow::Owned(values.iter().flat_map(|value| value.to_le_bytes()).collect()),
                }
            }
            fn read(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|&bytes| <$number>::from_le_bytes(bytes)).collect()
            }
        }
    )*};
}
element! { u8, U8; u16, U16; u32, U32; u64, U64; i64, I64; f32, F32; f64, F64; }

/// Tensors on their way to a file; they stay where they are until it is written. Push wide elements first, so that each tensor is aligned.
#[derive(Default)]
pub(crate) struct Tensors<'a> {
    header: String,
    data: Vec<Cow<'a, [u8]>>,
    length: usize,
}

impl<'a> Tensors<'a> {
    pub(crate) fn push<T: Element>(&mut self, name: &str, shape: &[usize], values: &'a [T]) {
        let start = self.length;
        self.length += size_of_val(values);
        self.data.push(T::little_endian(values));
        let info = TensorInfo { dtype: T::DTYPE, shape: shape.to_vec(), data_offsets: (start, self.length) };
        let info = serde_json::to_string(&info).expect("numbers and names are valid JSON");
        self.header.push_str(&format!(",\"{name}\":{info}"));
    }

    /// Writes the file. `details` is any text; it becomes an entry of the metadata.
    pub(crate) fn write(
        &self,
        identity: Identity<'_>,
        details: &str,
        writer: &mut dyn Write,
    ) -> io::Result<()> {
        let quote = |text: &str| serde_json::to_string(text).expect("text is valid JSON");
        let mut header = format!(
            "{PREFIX}{:016x}\",\"format\":{},\"format_version\":\"{}\",\"program\":{},\"details\":{}}}{}}}",
            0,
            quote(identity.format),
            identity.version,
            quote(identity.program),
            quote(details),
            self.header,
        );
        header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
        let mut head = (header.len() as u64).to_le_bytes().to_vec();
        head.extend_from_slice(header.as_bytes());
        let data = self.data.iter().map(|part| &part[..]);
        let fingerprint = fingerprint(&head, data, self.length);
        head[PLACE].copy_from_slice(format!("{fingerprint:016x}").as_bytes());
        writer.write_all(&head)?;
        self.data.iter().try_for_each(|part| writer.write_all(part))
    }
}

/// Writes the fingerprint of the bytes into its place.
#[cfg(test)]
pub(crate) fn reseal(bytes: &mut [u8]) {
    let digits = format!("{:016x}", fingerprint(bytes, std::iter::empty(), 0));
    bytes[PLACE].copy_from_slice(digits.as_bytes());
}

/// Of a file that begins with `head`, in which the place of the fingerprint is, and goes on with `data` of `length` bytes.
///
/// Each step is a bijection of the state and of the word, so a change within one word always changes the result; any other
/// goes unnoticed with probability 2^-64.
fn fingerprint<'a>(head: &'a [u8], data: impl Iterator<Item = &'a [u8]>, length: usize) -> u64 {
    const ODD: u64 = 0x9fb2_1c65_1e98_df25;
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(ODD).rotate_left(29);
    let mut hash = step(0x6761_7377_6f72_6b73, (head.len() + length) as u64);
    // Bytes that fill no word yet.
    let (mut last, mut held) = ([0; 8], 0);
    let mut feed = |hash: &mut u64, mut part: &[u8]| {
        if held > 0 {
            let (start, rest) = part.split_at(part.len().min(8 - held));
            last[held..held + start.len()].copy_from_slice(start);
            (part, held) = (rest, held + start.len());
            if held < 8 {
                return;
            }
            *hash = step(*hash, u64::from_le_bytes(last));
        }
        let (words, rest) = part.as_chunks();
        *hash = words.iter().fold(*hash, |hash, &word| step(hash, u64::from_le_bytes(word)));
        (last, held) = ([0; 8], rest.len());
        last[..held].copy_from_slice(rest);
    };
    // What is before the place ends in a word that is not full, as all does.
    let mut before = [0; (PLACE.start / 8 + 1) * 8];
    before[..PLACE.start].copy_from_slice(&head[..PLACE.start]);
    feed(&mut hash, &before);
    std::iter::once(&head[PLACE.end..]).chain(data).for_each(|part| feed(&mut hash, part));
    hash = step(hash, u64::from_le_bytes(last));
    hash ^ (hash >> 32)
}

/// A file whose header and fingerprint were checked.
pub(crate) struct Opened<'a> {
    path: &'a Path,
    metadata: Metadata,
    data: &'a [u8],
    pub(crate) details: String,
    pub(crate) program: String,
}

/// Checks header, identity and fingerprint. `expected.program` lists the admitted programs, separated by `|`.
pub(crate) fn open<'a>(
    path: &'a Path,
    bytes: &'a [u8],
    expected: Identity<'_>,
) -> Result<Opened<'a>, Refusal> {
    let refuse = |part: &str, expected: String, got: String| refused(path, part, expected, got, BROKEN);
    let length = bytes.first_chunk().map_or(u64::MAX, |&length| u64::from_le_bytes(length));
    let rest = bytes.get(8..).unwrap_or_default();
    let length = usize::try_from(length).ok().filter(|&length| length <= rest.len());
    let Some((header, data)) = length.map(|length| rest.split_at(length)) else {
        let expected = "the length of a header, then the header".into();
        return Err(refuse(
            "start of the file",
            expected,
            format!("a file of {} bytes without one", bytes.len()),
        ));
    };
    let metadata: Metadata = serde_json::from_slice(header).map_err(|error| {
        refuse("header", "the JSON header of a safetensors file".into(), error.to_string())
    })?;
    let text = |key| metadata.metadata().as_ref().and_then(|all| all.get(key)).map_or("none", String::as_str);
    let recorded = text("fingerprint");
    let got = format!("{} version {}, program {}", text("format"), text("format_version"), text("program"));
    let known = text("format") == expected.format
        && text("format_version") == expected.version.to_string()
        && expected.program.split('|').any(|program| program == text("program"));
    let computed = match bytes.get(PLACE) {
        Some(_) => format!("{:016x}", fingerprint(bytes, std::iter::empty(), 0)),
        None => "none".into(),
    };
    if !known {
        let wanted =
            format!("{} version {}, program {}", expected.format, expected.version, expected.program);
        let got = format!("{got} (fingerprint recorded {recorded}, computed {computed})");
        let advice = "use the program and version that wrote the file, or train again with this one";
        return Err(refused(path, "identity", wanted, got, advice));
    }
    if !header.starts_with(PREFIX.as_bytes()) || recorded != computed {
        return Err(refuse("fingerprint", recorded.into(), computed));
    }
    if metadata.data_len() != data.len() {
        let (expected, got) = (format!("{} bytes", metadata.data_len()), data.len().to_string());
        return Err(refuse("tensors", expected, got));
    }
    let (details, program) = (text("details").to_owned(), text("program").to_owned());
    Ok(Opened { path, metadata, data, details, program })
}

impl Opened<'_> {
    /// Whether there is a tensor of this name and element.
    pub(crate) fn has<T: Element>(&self, name: &str) -> bool {
        self.metadata.info(name).is_some_and(|info| info.dtype == T::DTYPE)
    }

    /// The numbers of a tensor; `None` in `shape` admits any length.
    pub(crate) fn get<T: Element>(&self, name: &str, shape: &[Option<usize>]) -> Result<Vec<T>, Refusal> {
        let info = self.metadata.info(name);
        let fits = |info: &&TensorInfo| {
            let same =
                info.shape.iter().zip(shape).all(|(got, wanted)| wanted.is_none_or(|wanted| wanted == *got));
            info.dtype == T::DTYPE && info.shape.len() == shape.len() && same
        };
        let bytes =
            info.filter(fits).and_then(|info| self.data.get(info.data_offsets.0..info.data_offsets.1));
        bytes.map(T::read).ok_or_else(|| {
            let got = info.map_or("none".into(), |info| format!("{:?} {:?}", info.dtype, info.shape));
            let any = shape.iter().map(|length| length.map_or("any".into(), |length| length.to_string()));
            let expected = format!("{:?} [{}]", T::DTYPE, any.collect::<Vec<_>>().join(", "));
            self.refuse(&format!("tensor {name}"), expected, got)
        })
    }

    pub(crate) fn refuse(&self, part: &str, expected: String, got: String) -> Refusal {
        refused(self.path, part, expected, got, BROKEN)
    }
}

fn refused(path: &Path, part: &str, expected: String, got: String, advice: &'static str) -> Refusal {
    Refusal { path: path.to_owned(), part: part.into(), expected, got, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Identity<'_> = Identity { format: "test", version: 1, program: "one|two" };

    fn sealed() -> Vec<u8> {
        let mut tensors = Tensors::default();
        tensors.push("wide", &[2], &[1u64, 2]);
        tensors.push("narrow", &[1, 3], &[1.5f32, -2.0, 0.0]);
        let mut bytes = Vec::new();
        tensors.write(Identity { program: "two", ..IDENTITY }, "any \"text\"", &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_was_pushed_comes_back_and_the_crate_reads_it() {
        let bytes = sealed();
        let opened = open(Path::new("m"), &bytes, IDENTITY).unwrap();
        assert_eq!((opened.details.as_str(), opened.program.as_str()), ("any \"text\"", "two"));
        assert_eq!(opened.get::<f32>("narrow", &[Some(1), None]).unwrap(), [1.5, -2.0, 0.0]);
        assert!(
            opened.get::<u32>("narrow", &[None, None]).is_err()
                && opened.get::<f32>("wide", &[None]).is_err()
        );
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(tensors.tensor("wide").unwrap().shape(), [2]);
        assert_eq!(bytes, sealed());
    }

    #[test]
    fn the_fingerprint_does_not_depend_on_how_the_data_are_cut() {
        let bytes: Vec<u8> = (0..300).map(|at| (at * 37 % 251) as u8).collect();
        let whole = fingerprint(&bytes, std::iter::empty(), 0);
        for cuts in [[100, 100], [101, 103], [97, 250], [130, 131], [299, 300]] {
            let parts = [&bytes[cuts[0]..cuts[1]], &bytes[cuts[1]..]];
            assert_eq!(fingerprint(&bytes[..cuts[0]], parts.into_iter(), 300 - cuts[0]), whole, "{cuts:?}");
        }
        let mut changed = bytes.clone();
        changed[299] ^= 1;
        assert_ne!(fingerprint(&changed, std::iter::empty(), 0), whole);
    }

    #[test]
    fn other_identities_are_refused_with_both() {
        let bytes = sealed();
        for (identity, part) in [
            (Identity { version: 2, ..IDENTITY }, "version 2"),
            (Identity { format: "other", ..IDENTITY }, "expected other"),
            (Identity { program: "three", ..IDENTITY }, "program three"),
        ] {
            let Err(error) = open(Path::new("m"), &bytes, identity) else { panic!("{part} was admitted") };
            let error = Error::from(error).to_string();
            assert!(error.contains(part) && error.contains("test version 1, program two"), "{error}");
        }
    }
}
