//! Edges of a graph: edge lists as SNAP and others publish them, MatrixMarket, and from here to the other formats of graphs.

use rayon::prelude::*;

use super::binary::{is_binary_graph, read_stored};
use super::layout::Subject;
use super::lines::{self, CHUNK_BYTES, Fault, LineKind};
use super::matrix_market::{Header, Symmetry, is_matrix_market};
use super::metis::Fit;
use super::numbering::{Numbered, Side};
use super::ratings::split;
use super::reading::Reading;
use super::rows::{Keys, Table};
use super::source::Unpacked;
use super::{Format, Loaded, Source, Text, adjacency, binary, metis, npz};
use crate::Error;
use crate::graph::Ids;

/// Arcs in the order of their lines; self-loops and parallel edges kept.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeList {
    /// Ids of the vertices.
    pub ids: Ids,
    /// (source, target), numbers in `ids`.
    pub arcs: Vec<[u32; 2]>,
    /// One weight an arc, where the file has weights.
    pub weights: Option<Vec<f32>>,
}

/// How to read edges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgesOptions {
    /// Told from the first rows where this is `None`.
    pub format: Option<Format>,
    /// Whether counts in a header that do not match the body are a note instead of an error.
    pub lenient: bool,
}

static EDGES: Subject = Subject {
    first: "source",
    second: "target",
    value: "weight",
    needs_value: false,
    first_names: &[
        "source",
        "sourceid",
        "src",
        "from",
        "fromid",
        "fromnode",
        "fromnodeid",
        "node1",
        "id1",
        "nodea",
        "u",
    ],
    second_names: &[
        "target",
        "targetid",
        "dst",
        "dest",
        "destination",
        "to",
        "toid",
        "tonode",
        "tonodeid",
        "node2",
        "id2",
        "nodeb",
        "v",
    ],
    value_names: &["weight", "w", "value", "rating", "cost", "distance", "length", "sign", "count"],
};

/// Reads the arcs of a graph.
///
/// An edge list has the columns source, target and perhaps a weight (and after it a time, which is ignored), or a header that
/// names them. Columns are separated by spaces, tabs, commas, semicolons or `::`; lines that start with `#` or `%` are
/// comments. The counts that SNAP writes into comments are checked, and a difference is a note. A MatrixMarket matrix must
/// be square; all its rows are vertices, entries or not, and a symmetric one yields both arcs of each edge. A METIS file yields both
/// arcs of each edge too. Of adjacency lists, those with colons and those with counts are told from their text; others have to be asked for
/// as [`Format::Adjacency`]. A graph in binary becomes the list that it was made of; [`read_stored`](super::read_stored) keeps it sorted. An empty file is an empty graph, with a note.
///
/// # Errors
/// If the source cannot be read, or a line is not as its format asks.
///
/// ```
/// use gasworks_engine::input::{EdgesOptions, Source, read_edges};
///
/// let snap = "# Nodes: 3 Edges: 3\n10\t20\n20\t30\n30\t30\n";
/// let loaded = read_edges(&Source::from_memory("loop.txt", snap.as_bytes()), &EdgesOptions::default())?;
/// assert_eq!(loaded.data.arcs, [[0, 1], [1, 2], [2, 2]]);
/// assert_eq!(loaded.data.ids.id(2).to_string(), "30");
/// assert!(loaded.report.notes.is_empty());
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn read_edges(source: &Source, options: &EdgesOptions) -> Result<Loaded<EdgeList>, Error> {
    let may_be_binary = options.format.is_none_or(|format| format == Format::Binary);
    if may_be_binary && let Some(stored) = read_stored(source)? {
        return Ok(stored.into_list());
    }
    let unpacked = source.unpacked()?;
    if may_be_binary && is_binary_graph(&unpacked.bytes) {
        let Unpacked { name, bytes, compression, stored } = unpacked;
        return Ok(binary::read_bytes(name, &bytes, compression, stored)?.into_list());
    }
    if options.format.is_none_or(|format| format == Format::Npz) && npz::is_matrix(&unpacked.bytes) {
        return npz::Matrix::read(&unpacked)?.into_edges();
    }
    let text = unpacked.into_text()?;
    if options.format == Some(Format::Binary) {
        return Err(Error::File {
            path: source.name().to_owned(),
            expected: "a graph in binary".into(),
            found: "text".into(),
            advice: "leave out the format to have it told from the file".into(),
        });
    }
    read(&text, options, CHUNK_BYTES).map_err(|fault| fault.into_error(&text))
}

pub(super) fn read(
    text: &Text<'_>,
    options: &EdgesOptions,
    chunk_bytes: usize,
) -> Result<Loaded<EdgeList>, Fault> {
    let told = options.format.or_else(|| told(&text.bytes));
    match told {
        Some(Format::Metis) => return metis::read(text, options, chunk_bytes),
        Some(format @ (Format::Adjacency | Format::CountedAdjacency)) => {
            return adjacency::read(text, format, chunk_bytes);
        }
        _ => {}
    }
    let mut reading = Reading::new(text, &EDGES, options.format)?;
    if let Some(matrix) = &reading.matrix
        && matrix.rows != matrix.columns
    {
        return Err(Fault {
            at: Some(matrix.size_line),
            column: None,
            expected: "a square matrix, since its rows and columns are the vertices".into(),
            found: format!("{} rows and {} columns", matrix.rows, matrix.columns),
            advice: "read a matrix of two kinds of things as ratings".into(),
        });
    }
    let unquoted = reading.unquote()?;
    let table = reading.rows(unquoted.as_ref(), chunk_bytes)?;
    reading.check_header(table.counts.rows, options.lenient)?;
    let has_all_vertices = match &reading.matrix {
        Some(matrix) => {
            let note = too_sparse(matrix, text.bytes.len() as u64, table.counts.rows, options.lenient)?;
            let fits = note.is_none();
            reading.notes.extend(note);
            fits
        }
        None => false,
    };
    let mut arcs = vec![[0; 2]; table.counts.rows as usize];
    let ids = if has_all_vertices
        && let (Some(matrix), Keys::Integers { rows, .. }) = (&reading.matrix, &table.keys)
    {
        let outputs = split(&mut arcs, table.keys.lengths());
        (outputs, rows).into_par_iter().for_each(|(output, rows)| {
            output.iter_mut().zip(rows).for_each(|(arc, row)| *arc = row.map(|id| (id - 1) as u32));
        });
        Ids::range_from(1, matrix.rows as u32)
    } else {
        let numbered = Numbered::new(&table.keys, Side::Both, "vertices")?;
        fill(&mut arcs, &table.keys, &numbered);
        numbered.ids
    };
    let mut weights = reading.layout.has_values().then(|| table.values.concat());
    if let Some(matrix) = &reading.matrix
        && matrix.symmetry != Symmetry::General
    {
        let entries = arcs.len();
        (arcs, weights) = mirror(&arcs, weights.as_deref(), matrix.symmetry);
        reading
            .notes
            .push(format!("the matrix is symmetric, so {entries} entries stand for {} arcs", arcs.len()));
    }
    reading.note_texts(&table.keys, &[(&ids, Side::Both, "vertices")]);
    if table.counts.rows == 0 {
        reading.notes.push("the file has no edges".to_owned());
    }
    if reading.layout.roles.len() == 3
        && reading.layout.header.is_none()
        && let Some(weights) = &weights
        && !weights.is_empty()
        && weights.par_iter().all(|weight| *weight >= 1e8)
    {
        reading.notes.push("column 3 is taken as a weight, and looks like a time".to_owned());
    }
    if options.format.is_none() && table.counts.rows > 0 && metis::fit(&text.bytes) == Fit::OrTable {
        reading.notes.push("the counts of the first line would be right in the format metis too".to_owned());
    }
    note_snap_counts(&mut reading, &table, ids.len());
    let report = reading.report(&table.counts);
    Ok(Loaded { data: EdgeList { ids, arcs, weights }, report })
}

/// The format of a text that is no table, if that is certain.
fn told(text: &[u8]) -> Option<Format> {
    if is_matrix_market(text) {
        return None;
    }
    adjacency::told(text).or_else(|| (metis::fit(text) == Fit::Certain).then_some(Format::Metis))
}

pub(super) fn fill(arcs: &mut [[u32; 2]], keys: &Keys<'_>, numbered: &Numbered<'_>) {
    match keys {
        Keys::Integers { rows, .. } => {
            let outputs = split(arcs, keys.lengths());
            (outputs, rows).into_par_iter().for_each(|(output, rows)| {
                output
                    .iter_mut()
                    .zip(rows)
                    .for_each(|(arc, row)| *arc = row.map(|id| numbered.of_integer(id)));
            });
        }
        Keys::Texts { rows } => {
            let outputs = split(arcs, keys.lengths());
            (outputs, rows).into_par_iter().for_each(|(output, rows)| {
                output.iter_mut().zip(rows).for_each(|(arc, row)| *arc = row.map(|id| numbered.of_text(id)));
            });
        }
    }
}

/// Each entry off the diagonal is followed by its mirror image.
fn mirror(
    arcs: &[[u32; 2]],
    weights: Option<&[f32]>,
    symmetry: Symmetry,
) -> (Vec<[u32; 2]>, Option<Vec<f32>>) {
    let sign = if symmetry == Symmetry::Skew { -1.0 } else { 1.0 };
    let copies = |[source, target]: [u32; 2]| if source == target { 1 } else { 2 };
    let both = arcs.iter().flat_map(|arc| [*arc, [arc[1], arc[0]]].into_iter().take(copies(*arc))).collect();
    let weights = weights.map(|weights| {
        let pairs = arcs.iter().zip(weights);
        pairs.flat_map(|(arc, weight)| [*weight, sign * weight].into_iter().take(copies(*arc))).collect()
    });
    (both, weights)
}

/// Isolated vertices cost memory that only a header vouches for. They are kept as long as eight bytes for each vertex stay
/// within 64 times the size of the text and 16 MiB.
pub(super) fn most_vertices(bytes: u64) -> u64 {
    bytes.saturating_mul(8).saturating_add(2 << 20).min(Ids::MAX_LEN as u64)
}

fn too_sparse(matrix: &Header, bytes: u64, entries: u64, lenient: bool) -> Result<Option<String>, Fault> {
    let most = most_vertices(bytes);
    if matrix.rows <= most {
        return Ok(None);
    }
    if lenient {
        return Ok(Some(format!(
            "of the {} rows that the size line claims, those without entries are left out",
            matrix.rows
        )));
    }
    Err(Fault {
        at: Some(matrix.size_line),
        column: Some(1),
        expected: format!("at most {most} rows in a file of this size"),
        found: format!("{} rows and {entries} entries", matrix.rows),
        advice: "correct the size line, or ask for lenient reading to leave out rows without entries".into(),
    })
}

/// SNAP says `# Nodes: 36692 Edges: 367662` in a comment; not all of its files are counted right.
fn note_snap_counts(reading: &mut Reading<'_, '_>, table: &Table<'_>, vertices: usize) {
    let text = &reading.text.bytes;
    let prologue =
        lines::lines(text, 0..text.len()).take_while(|(_, line)| lines::kind(line) != LineKind::Row);
    for (at, line) in prologue {
        let words: Vec<&[u8]> = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let found = match pair[0] {
                b"Nodes:" => vertices as u64,
                b"Edges:" => table.counts.rows,
                _ => continue,
            };
            let what = if pair[0] == b"Nodes:" { "nodes" } else { "edges" };
            if let Some(claimed) = crate::graph::Id::parse_integer(pair[1])
                && claimed != i128::from(found)
            {
                let line = lines::number(text, at);
                reading.notes.push(format!(
                    "the comment in line {line} says {claimed} {what}, and the file has {found}"
                ));
            }
        }
    }
}
