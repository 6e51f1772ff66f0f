//! A safetensors file with an identity and a fingerprint.
//!
//! Layout (<https://github.com/huggingface/safetensors>): the length of the header as `u64`, the header as JSON padded to 8 bytes, then
//! the tensors, little-endian, wide elements first. The header begins with `{"__metadata__":{"fingerprint":"<16 hexadecimal
//! digits>",`, so the digits have a fixed place; they are a hash of the whole file with that place filled with zeros. A file that was torn or in which
//! a bit flipped, wherever it may be, is therefore refused before its content is looked at. The header is written
//! here, not by the crate, because the crate's order of metadata changes from run to run; the crate checks it when reading.

use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::error::FactorizationError;

const PREFIX: &str = "{\"__metadata__\":{\"fingerprint\":\"";
const PLACE: std::ops::Range<usize> = 8 + PREFIX.len()..8 + PREFIX.len() + 16;
const BROKEN: &str =
    "the file is torn, was changed or is no model of gasworks: copy it again, or train again";

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
    fn write(self, bytes: &mut Vec<u8>);
    fn read(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! element {
    ($($number:ty, $dtype:ident;)*) => {$(
        impl Element for $number {
            const DTYPE: Dtype = Dtype::$dtype;
            fn write(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn read(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|&bytes| <$number>::from_le_bytes(bytes)).collect()
            }
        }
    )*};
}
element! { u8, U8; u32, U32; u64, U64; i64, I64; f32, F32; }

/// Tensors on their way to a file. Push wide elements first, so that each tensor is aligned.
#[derive(Default)]
pub(crate) struct Tensors {
    header: String,
    data: Vec<u8>,
}

impl Tensors {
    pub(crate) fn push<T: Element>(&mut self, name: &str, shape: &[usize], values: &[T]) {
        let start = self.data.len();
        self.data.reserve(size_of_val(values));
        values.iter().for_each(|value| value.write(&mut self.data));
        let info =
            TensorInfo { dtype: T::DTYPE, shape: shape.to_vec(), data_offsets: (start, self.data.len()) };
        let info = serde_json::to_string(&info).expect("numbers and names are valid JSON");
        self.header.push_str(&format!(",\"{name}\":{info}"));
    }

    /// The bytes of the file. `details` is any text; it becomes an entry of the metadata.
    pub(crate) fn seal(self, identity: Identity<'_>, details: &str) -> Vec<u8> {
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
        let mut bytes = Vec::with_capacity(8 + header.len() + self.data.len());
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&self.data);
        reseal(&mut bytes);
        bytes
    }
}

/// Writes the fingerprint of the bytes into its place.
pub(crate) fn reseal(bytes: &mut [u8]) {
    let digits = format!("{:016x}", fingerprint(bytes));
    bytes[PLACE].copy_from_slice(digits.as_bytes());
}

/// Each step is a bijection of the state and of the word, so a change within one word always changes the result; any other
/// goes unnoticed with probability 2^-64.
fn fingerprint(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9fb2_1c65_1e98_df25;
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(ODD).rotate_left(29);
    let mut hash = step(0x6761_7377_6f72_6b73, bytes.len() as u64);
    let mut feed = |part: &[u8]| {
        let (words, rest) = part.as_chunks();
        hash = words.iter().fold(hash, |hash, &word| step(hash, u64::from_le_bytes(word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = step(hash, u64::from_le_bytes(last));
    };
    feed(&bytes[..PLACE.start]);
    feed(&bytes[PLACE.end..]);
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
) -> Result<Opened<'a>, FactorizationError> {
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
        Some(_) => format!("{:016x}", fingerprint(bytes)),
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
    pub(crate) fn get<T: Element>(
        &self,
        name: &str,
        shape: &[Option<usize>],
    ) -> Result<Vec<T>, FactorizationError> {
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

    pub(crate) fn refuse(&self, part: &str, expected: String, got: String) -> FactorizationError {
        refused(self.path, part, expected, got, BROKEN)
    }
}

fn refused(
    path: &Path,
    part: &str,
    expected: String,
    got: String,
    advice: &'static str,
) -> FactorizationError {
    FactorizationError::Refused { path: path.to_owned(), part: part.into(), expected, got, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Identity<'_> = Identity { format: "test", version: 1, program: "one|two" };

    fn sealed() -> Vec<u8> {
        let mut tensors = Tensors::default();
        tensors.push("wide", &[2], &[1u64, 2]);
        tensors.push("narrow", &[1, 3], &[1.5f32, -2.0, 0.0]);
        tensors.seal(Identity { program: "two", ..IDENTITY }, "any \"text\"")
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
    fn other_identities_are_refused_with_both() {
        let bytes = sealed();
        for (identity, part) in [
            (Identity { version: 2, ..IDENTITY }, "version 2"),
            (Identity { format: "other", ..IDENTITY }, "expected other"),
            (Identity { program: "three", ..IDENTITY }, "program three"),
        ] {
            let Err(error) = open(Path::new("m"), &bytes, identity) else { panic!("{part} was admitted") };
            let error = error.to_string();
            assert!(error.contains(part) && error.contains("test version 1, program two"), "{error}");
        }
    }
}
