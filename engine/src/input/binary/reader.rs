//! Reading a graph in binary: straight into the columns of the graph, piece by piece on all threads, each piece checked while it is in a cache.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;

use bytemuck::Pod;
use rayon::prelude::*;

use super::StoredGraph;
use super::header::{Header, IdsAs, LONGEST, Place, Refusal, VERSION};
use super::writer::{PIECE, join};
use crate::Error;
use crate::graph::{Ids, Names, Relabeling, Texts, Topology};
use crate::memory::{Buffer, Column, Rows};

const BROKEN: &str = "copy the file again, or convert the graph again";

/// Bytes that can be read from any place, by several threads.
pub(super) trait Bytes: Sync {
    fn read_at(&self, buffer: &mut [u8], start: u64) -> io::Result<()>;
}

impl Bytes for [u8] {
    fn read_at(&self, buffer: &mut [u8], start: u64) -> io::Result<()> {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let piece = self.get(start..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(piece.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// A file on a disk.
#[cfg(unix)]
pub(super) struct InFile(File);

#[cfg(unix)]
impl InFile {
    pub(super) fn new(file: File) -> Self {
        InFile(file)
    }
}

#[cfg(unix)]
impl Bytes for InFile {
    fn read_at(&self, buffer: &mut [u8], start: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, buffer, start)
    }
}

/// A file on a disk, where reading moves on in it.
#[cfg(not(unix))]
pub(super) struct InFile(std::sync::Mutex<File>);

#[cfg(not(unix))]
impl InFile {
    pub(super) fn new(file: File) -> Self {
        InFile(std::sync::Mutex::new(file))
    }
}

#[cfg(not(unix))]
impl Bytes for InFile {
    fn read_at(&self, buffer: &mut [u8], start: u64) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(buffer)
    }
}

/// A file whose header is read.
struct Opened<'a, B: Bytes + ?Sized> {
    path: &'a Path,
    bytes: &'a B,
    header: Header,
    places: Vec<Place>,
    /// Where the columns begin.
    data: u64,
}

/// Reads a graph of `size` bytes. Nothing is allocated that the size does not prove.
pub(super) fn read<B: Bytes + ?Sized>(path: &Path, bytes: &B, size: u64) -> Result<StoredGraph, Error> {
    let file = Opened::new(path, bytes, size)?;
    let (vertices, edges) = (file.header.vertices as usize, file.header.edges as usize);
    let out = file.rows("out_offsets", "out_ends", vertices, edges)?;
    let into = file.rows("in_offsets", "in_ends", vertices, edges)?;
    if !are_mirrored(&out, &into) {
        let expected = "the edges of out_ends in in_ends, the other way around".into();
        return Err(file.damaged(expected, "others".into()));
    }
    let weights = file.header.has_weights.then(|| file.weights(edges)).transpose()?;
    let order = file.header.has_order.then(|| file.order(edges)).transpose()?;
    let relabeling = file.header.has_numbers.then(|| file.relabeling(vertices)).transpose()?;
    let ids = file.ids(vertices)?;
    Ok(StoredGraph { ids, topology: Topology::in_both(out, into, relabeling), weights, order })
}

impl<'a, B: Bytes + ?Sized> Opened<'a, B> {
    fn new(path: &'a Path, bytes: &'a B, size: u64) -> Result<Self, Error> {
        let refuse = |expected: String, found: String, advice: &str| {
            Err(Error::File { path: path.to_owned(), expected, found, advice: advice.into() })
        };
        let mut length = [0; 8];
        bytes.read_at(&mut length, 0).map_err(|error| unreadable(path, error))?;
        let length = u64::from_le_bytes(length);
        let whole = || "a whole header of a graph in binary".to_owned();
        if length > LONGEST || length > size.saturating_sub(8) {
            return refuse(whole(), format!("one of {length} bytes in a file of {size}"), BROKEN);
        }
        let mut header = vec![0; length as usize];
        bytes.read_at(&mut header, 8).map_err(|error| unreadable(path, error))?;
        let header = match Header::read(&header) {
            Ok(header) => header,
            Err(Refusal::Damaged) => return refuse(whole(), "one that was changed".into(), BROKEN),
            Err(Refusal::Version(version)) => {
                let advice = "convert the graph again with this version of gasworks";
                return refuse(
                    format!("a graph in binary of version {VERSION}"),
                    format!("version {version}"),
                    advice,
                );
            }
        };
        let places = header.columns().unwrap_or_default();
        let data = 8 + length;
        let end = places.last().map_or(data, |place| data.saturating_add(place.end));
        if end != size {
            return refuse(
                format!("a file of {end} bytes, as its header says"),
                format!("{size} bytes"),
                BROKEN,
            );
        }
        if header.vertices > Ids::MAX_LEN as u64 {
            return refuse(format!("at most {} vertices", Ids::MAX_LEN), header.vertices.to_string(), BROKEN);
        }
        Ok(Opened { path, bytes, header, places, data })
    }

    fn damaged(&self, expected: String, found: String) -> Error {
        Error::File { path: self.path.to_owned(), expected, found, advice: BROKEN.into() }
    }

    /// Fills the column of this name, which has as many bytes, and checks it.
    fn fill<T: Pod + Send>(&self, name: &str, values: &mut [T]) -> Result<(), Error> {
        let columns = self.places.iter().zip(&self.header.checksums);
        let (place, checksum) =
            columns.clone().find(|(place, _)| place.name == name).expect("one of the columns");
        let start = self.data + place.start;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(values);
        assert_eq!(bytes.len() as u64, place.end - place.start, "room for the column");
        let parts = bytes.par_chunks_mut(PIECE).enumerate().map(|(at, piece)| {
            self.bytes.read_at(piece, start + (at * PIECE) as u64)?;
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(piece);
            if cfg!(target_endian = "big") {
                piece.chunks_exact_mut(size_of::<T>()).for_each(<[u8]>::reverse);
            }
            Ok(hasher)
        });
        let parts: io::Result<Vec<_>> = parts.collect();
        let found = join(parts.map_err(|error| unreadable(self.path, error))?);
        if found != *checksum {
            return Err(
                self.damaged(format!("{name} with the checksum {checksum:08x}"), format!("{found:08x}"))
            );
        }
        Ok(())
    }

    /// Rows in one direction, each ascending.
    fn rows(
        &self,
        offsets_name: &str,
        ends_name: &str,
        vertices: usize,
        edges: usize,
    ) -> Result<Rows, Error> {
        let (mut offsets, mut ends) = (Buffer::<u64>::zeroed(vertices + 1), Buffer::<u32>::zeroed(edges));
        self.fill(offsets_name, &mut offsets)?;
        self.fill(ends_name, &mut ends)?;
        let rise = offsets.par_windows(2).all(|pair| pair[0] <= pair[1]);
        if !rise || offsets[0] != 0 || offsets[vertices] != edges as u64 {
            let expected = format!("{offsets_name} that rise from 0 to {edges}");
            return Err(self.damaged(expected, "others".into()));
        }
        let fits = offsets.par_windows(2).all(|pair| {
            let row = &ends[pair[0] as usize..pair[1] as usize];
            row.is_sorted() && row.last().is_none_or(|last| (*last as usize) < vertices)
        });
        if !fits {
            let expected = format!("{ends_name} that ascend in each row and are below {vertices}");
            return Err(self.damaged(expected, "others".into()));
        }
        Ok(Rows::new(offsets, ends, 0, vertices as u32))
    }

    fn weights(&self, edges: usize) -> Result<Column<f32>, Error> {
        let mut weights = Column::<f32>::zeroed(edges);
        self.fill("weights", weights.as_mut_slice())?;
        match weights.as_slice().par_iter().find_first(|weight| !weight.is_finite()) {
            None => Ok(weights),
            Some(weight) => Err(self.damaged("finite weights".into(), weight.to_string())),
        }
    }

    /// A permutation.
    fn order(&self, edges: usize) -> Result<Vec<u32>, Error> {
        let mut order = vec![0_u32; edges];
        self.fill("order", &mut order)?;
        let mut seen = vec![0_u64; edges.div_ceil(64)];
        order.iter().for_each(|place| {
            if let Some(word) = seen.get_mut(*place as usize / 64) {
                *word |= 1 << (place % 64);
            }
        });
        let found: usize = seen.iter().map(|word| word.count_ones() as usize).sum();
        let fits = found == edges && order.iter().all(|place| (*place as usize) < edges);
        fits.then_some(order)
            .ok_or_else(|| self.damaged(format!("an order of {edges} edges"), format!("{found} of them")))
    }

    fn relabeling(&self, vertices: usize) -> Result<Relabeling, Error> {
        let mut numbers = vec![0_u32; vertices];
        self.fill("numbers", &mut numbers)?;
        let expected = || format!("a number below {vertices} for each vertex, no two the same");
        Relabeling::new(numbers).ok_or_else(|| self.damaged(expected(), "others".into()))
    }

    fn ids(&self, vertices: usize) -> Result<Ids, Error> {
        fn column<T: Pod + Send, B: Bytes + ?Sized>(
            file: &Opened<'_, B>,
            name: &str,
            length: usize,
        ) -> Result<Vec<T>, Error> {
            let mut values = vec![T::zeroed(); length];
            file.fill(name, &mut values)?;
            Ok(values)
        }
        let names = match self.header.ids {
            IdsAs::Range(first) => Names::Range { first, count: vertices as u32 },
            IdsAs::U32 => Names::U32(column(self, "ids", vertices)?),
            IdsAs::I64 => Names::I64(column(self, "ids", vertices)?),
            IdsAs::U64 => Names::U64(column(self, "ids", vertices)?),
            IdsAs::Wide => Names::Wide(column(self, "ids", vertices)?),
            IdsAs::Text(bytes) => {
                let ends = column(self, "ids_ends", vertices)?;
                let text = String::from_utf8(column(self, "ids_text", bytes as usize)?);
                let text = text.map_err(|_| self.damaged("ids in UTF-8".into(), "others".into()))?;
                Names::Text(Texts { text, ends })
            }
        };
        Ids::checked(names).ok_or_else(|| self.damaged("ids that ascend".into(), "others".into()))
    }
}

/// Whether each edge of one is in the other, the other way around. Both ascend in each row, so that equal sets are equal rows; the sets are compared by
/// the sums of a hash of each edge (Clarke et al. 2003, "Incremental multiset hash functions"), whose key nobody knows beforehand.
fn are_mirrored(out: &Rows, into: &Rows) -> bool {
    let key = RandomState::new().hash_one(0);
    let sum = |rows: &Rows, turn: bool| -> u64 {
        let of_row = |vertex: u32| {
            let vertex = u64::from(vertex);
            let edge = |end: &u32| {
                if turn { u64::from(*end) << 32 | vertex } else { vertex << 32 | u64::from(*end) }
            };
            let row = rows.neighbors(vertex as u32).iter();
            row.fold(0_u64, |sum, end| sum.wrapping_add(mix(edge(end).wrapping_add(key))))
        };
        (0..rows.vertices() as u32)
            .into_par_iter()
            .with_min_len(1 << 10)
            .map(of_row)
            .reduce(|| 0, u64::wrapping_add)
    };
    sum(out, false) == sum(into, true)
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::UnexpectedEof {
        return Error::File {
            path: path.to_owned(),
            expected: "a whole graph in binary".into(),
            found: "one that ends early".into(),
            advice: BROKEN.into(),
        };
    }
    Error::Read { path: path.to_owned(), source }
}
