//! Graphs in the format of METIS (Karypis and Kumar 1998, "A fast and high quality multilevel scheme for partitioning irregular graphs"; the
//! manual of version 5, section 4.1.1), which KaHIP and NetworKit also read and write.
//!
//! A first line `vertices edges [fmt [ncon]]`, then a line a vertex, from 1 on: its size and weights where `fmt` says so, then its neighbors, each
//! followed by the weight of the edge where `fmt` says so. An empty line is a vertex without neighbors; a line that starts with `%` is a comment. Each
//! edge stands in the lines of both its ends, which is checked by sorting the arcs and their mirror images: O(edges log edges), parallel. A
//! self-loop stands once in its line and counts as one edge.

use std::ops::Range;

use rayon::prelude::*;

use super::edges::most_vertices;
use super::lines::{self, Fault, LineKind, shown};
use super::matrix_market::unsigned;
use super::rows::Counts;
use super::{EdgeList, EdgesOptions, Format, Loaded, Report, Text, number, sniff};
use crate::graph::Ids;

/// What the first line says.
struct Header {
    vertices: u64,
    edges: u64,
    /// Numbers before the neighbors of each vertex: its size and its weights.
    before: usize,
    has_weights: bool,
    /// Offset of the line.
    at: usize,
    /// Where the lines of vertices begin.
    body: usize,
}

const SHAPE: &str =
    "write it as in \"7 11\", followed by 001 where edges have weights and 010 where vertices do";

impl Header {
    fn read(text: &[u8]) -> Result<Self, Fault> {
        let first = lines::lines(text, 0..text.len()).find(|(_, line)| lines::kind(line) == LineKind::Row);
        let (at, line) = first.unwrap_or((text.len().saturating_sub(1), b""));
        let fault = |column: Option<u32>, expected: &str, found: &[u8]| {
            Err(Fault {
                at: Some(at),
                column,
                expected: expected.into(),
                found: shown(found),
                advice: SHAPE.into(),
            })
        };
        let words: Vec<&[u8]> = fields(line).collect();
        let (&[vertices, edges], rest) = words.split_first_chunk().unwrap_or((&[b"", b""], &[]));
        let (Some(vertices), Some(edges)) = (unsigned(vertices), unsigned(edges)) else {
            return fault(None, "the numbers of vertices and edges", line.trim_ascii());
        };
        let flags = rest.first().copied().unwrap_or(b"0");
        if flags.len() > 3 || !flags.iter().all(|flag| matches!(flag, b'0' | b'1')) {
            return fault(Some(3), "three digits of 0 and 1 that say what is given", flags);
        }
        let has = |place: usize| flags.len() > place && flags[flags.len() - 1 - place] == b'1';
        let weights = match rest.get(1) {
            None => usize::from(has(1)),
            Some(count) if has(1) => match unsigned(count) {
                Some(count @ 1..=1024) => count as usize,
                _ => return fault(Some(4), "the number of weights of a vertex, from 1", count),
            },
            Some(count) => return fault(Some(4), "no number of weights, since vertices have none", count),
        };
        if let Some(more) = rest.get(2) {
            return fault(Some(5), "the end of the line after 4 numbers", more);
        }
        let body = lines::next_line(text, at);
        Ok(Header { vertices, edges, before: weights + usize::from(has(2)), has_weights: has(0), at, body })
    }
}

/// How a text looks to who expects METIS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is something else.
    None,
    /// The counts of the first line are right, and so would be a table: each line has as many columns.
    OrTable,
    /// The counts of the first line are right, and no table has such lines.
    Certain,
}

/// Whether the first line is right about what follows. Most other texts are told by their first lines.
pub(super) fn fit(text: &[u8]) -> Fit {
    let Ok(header) = Header::read(text) else { return Fit::None };
    let step = if header.has_weights { 2 } else { 1 };
    // How many neighbors a line has, if all of it may be those of a vertex.
    let neighbors = |line: &[u8]| {
        let count = fields(line).count().checked_sub(header.before).filter(|rest| rest % step == 0)? / step;
        let is_one =
            |field| unsigned(field).is_some_and(|neighbor| (1..=header.vertices).contains(&neighbor));
        fields(line).skip(header.before).step_by(step).all(is_one).then_some(count)
    };
    let head = fields(&text[header.at..header.body]).count();
    let mut sample = vertex_lines(text, header.body).take(sniff::SAMPLE);
    let mut is_table = true;
    if sample.any(|(_, line)| {
        is_table &= lines::kind(line) == LineKind::Blank || fields(line).count() == head;
        lines::kind(line) == LineKind::Row && neighbors(line).is_none()
    }) {
        return Fit::None;
    }
    let (mut vertices, mut entries) = (0, 0);
    for (_, line) in vertex_lines(text, header.body) {
        if vertices == header.vertices && lines::kind(line) == LineKind::Blank {
            continue;
        }
        let is_blank = lines::kind(line) == LineKind::Blank && header.before == 0;
        let count = if is_blank { Some(0) } else { neighbors(line) };
        let Some(count) = count else { return Fit::None };
        vertices += 1;
        entries += count as u64;
        if vertices > header.vertices || entries > header.edges.saturating_mul(2) {
            return Fit::None;
        }
        is_table &= fields(line).count() == head;
    }
    // A self-loop stands once.
    match vertices == header.vertices && vertices > 0 && entries >= header.edges {
        false => Fit::None,
        true if is_table => Fit::OrTable,
        true => Fit::Certain,
    }
}

/// The lines of vertices, and empty lines that may follow.
fn vertex_lines(text: &[u8], body: usize) -> impl Iterator<Item = (usize, &[u8])> {
    lines::lines(text, body..text.len()).filter(|(_, line)| lines::kind(line) != LineKind::Comment)
}

fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty())
}

/// What came of one piece of the text.
#[derive(Default)]
struct Chunk {
    /// Lines that may be those of vertices.
    lines: usize,
    /// Which line of the chunk, and the neighbor, both from 0.
    arcs: Vec<[u32; 2]>,
    weights: Vec<f32>,
    counts: Counts,
    fault: Option<Fault>,
}

pub(super) fn read(
    text: &Text<'_>,
    options: &EdgesOptions,
    chunk_bytes: usize,
) -> Result<Loaded<EdgeList>, Fault> {
    let bytes = &text.bytes;
    let header = Header::read(bytes)?;
    if header.vertices > Ids::MAX_LEN as u64 {
        let expected = format!("at most {} vertices", Ids::MAX_LEN);
        return Err(header.fault(1, expected, header.vertices, "split the graph"));
    }
    let chunks = lines::chunks(bytes, header.body..bytes.len(), chunk_bytes);
    let chunks: Vec<Chunk> = chunks.into_par_iter().map(|range| parse_chunk(bytes, range, &header)).collect();

    let (mut arcs, mut weights, mut counts) = (Vec::new(), Vec::new(), Counts::default());
    let mut lines = 0;
    for chunk in chunks {
        if let Some(fault) = chunk.fault {
            return Err(fault);
        }
        arcs.extend(chunk.arcs.iter().map(|[line, neighbor]| [(lines + *line as usize) as u32, *neighbor]));
        weights.extend(chunk.weights);
        lines += chunk.lines;
        counts.add(&chunk.counts);
    }
    let mut notes = text.notes.clone();
    notes.extend(header.check_lines(bytes, lines as u64, options.lenient)?);
    let weights = header.has_weights.then_some(weights);
    if let Some([source, target, _]) = without_mirror(&arcs, weights.as_deref()) {
        return Err(no_mirror(bytes, &header, [source, target]));
    }
    let loops = arcs.par_iter().filter(|[source, target]| source == target).count();
    let edges = ((arcs.len() - loops) / 2 + loops) as u64;
    if edges != header.edges {
        if !options.lenient {
            let expected = format!("{} edges, as this line says", header.edges);
            let advice = "fetch the file again, correct the line, or ask for lenient reading";
            return Err(header.fault(2, expected, edges, advice));
        }
        notes.push(format!("the first line says {} edges, and the file has {edges}", header.edges));
    }
    notes.push(format!(
        "each edge is listed at both its ends, so {edges} edges stand for {} arcs",
        arcs.len()
    ));
    if header.before > 0 {
        notes.push("sizes and weights of vertices are ignored".to_owned());
    }
    if arcs.is_empty() {
        notes.push("the file has no edges".to_owned());
    }
    let mut prologue = Counts::default();
    lines::lines(bytes, 0..header.body).for_each(|(at, line)| _ = prologue.note(line, at));
    let report = Report {
        lines: lines::count(bytes),
        comments: prologue.comments + counts.comments,
        blank_lines: prologue.blanks + counts.blanks,
        header: Some(String::from_utf8_lossy(bytes[header.at..header.body].trim_ascii()).into_owned()),
        notes,
        ..text.report(Format::Metis, &counts)
    };
    let ids = Ids::range_from(1, header.vertices as u32);
    Ok(Loaded { data: EdgeList { ids, arcs, weights }, report })
}

impl Header {
    fn fault(&self, column: u32, expected: String, found: u64, advice: &str) -> Fault {
        let found = found.to_string();
        Fault { at: Some(self.at), column: Some(column), expected, found, advice: advice.into() }
    }

    /// Checks that there is a line for each vertex and nothing after them; `lenient` makes of missing lines vertices without neighbors.
    fn check_lines(&self, text: &[u8], lines: u64, lenient: bool) -> Result<Option<String>, Fault> {
        if lines < self.vertices {
            if lenient && self.vertices <= most_vertices(text.len() as u64) {
                return Ok(Some(format!(
                    "the first line says {} vertices, and the file has lines for {lines}",
                    self.vertices
                )));
            }
            let expected = format!("{} lines of neighbors, one for each vertex", self.vertices);
            let advice =
                "fetch the file again or correct the line; a vertex without neighbors has an empty line";
            return Err(self.fault(1, expected, lines, advice));
        }
        let mut more = vertex_lines(text, self.body).skip(self.vertices as usize);
        match more.find(|(_, line)| lines::kind(line) == LineKind::Row) {
            None => Ok(None),
            Some((at, line)) => Err(Fault {
                at: Some(at),
                column: None,
                expected: format!("nothing after the lines of {} vertices", self.vertices),
                found: shown(line.trim_ascii()),
                advice: "correct the number of vertices in the first line, or drop the rest".into(),
            }),
        }
    }
}

fn parse_chunk(text: &[u8], range: Range<usize>, header: &Header) -> Chunk {
    let mut chunk = Chunk::default();
    for (at, line) in lines::lines(text, range) {
        chunk.counts.lines += 1;
        let kind = lines::kind(line);
        chunk.counts.note(line, at);
        if kind == LineKind::Comment {
            continue;
        }
        if kind == LineKind::Row
            && let Err(fault) = chunk.vertex(line, header)
        {
            chunk.fault = Some(Fault { at: Some(at), ..fault });
            break;
        }
        chunk.lines += 1;
    }
    chunk
}

impl Chunk {
    /// Reads the line of one vertex. The fault has a column and no line yet.
    fn vertex(&mut self, line: &[u8], header: &Header) -> Result<(), Fault> {
        let mut fields = (1..).zip(fields(line));
        for (column, field) in fields.by_ref().take(header.before) {
            let advice = "the first line says that vertices have sizes or weights; correct its third number";
            number::finite::<f64>(field, "size or weight of the vertex", column, advice)?;
        }
        while let Some((column, field)) = fields.next() {
            let neighbor = unsigned(field).filter(|neighbor| (1..=header.vertices).contains(neighbor));
            let Some(neighbor) = neighbor else { return Err(no_neighbor(field, column, header)) };
            self.arcs.push([self.lines as u32, (neighbor - 1) as u32]);
            if header.has_weights {
                let (column, field) = fields.next().unwrap_or((column + 1, b""));
                let advice = "the first line says that edges have weights; give each neighbor one, or correct its third number";
                self.weights.push(number::finite(field, "weight of an edge", column, advice)?);
            }
        }
        Ok(())
    }
}

fn no_neighbor(field: &[u8], column: u32, header: &Header) -> Fault {
    let advice = match unsigned(field) {
        Some(0) => "METIS counts from 1, so add 1 to every number",
        Some(_) => "the first line says how many vertices there are: correct it or the number",
        None => "METIS numbers its vertices; write other ids as an edge list or an adjacency list",
    };
    let expected = format!("a neighbor from 1 to {}", header.vertices);
    Fault { at: None, column: Some(column), expected, found: shown(field), advice: advice.into() }
}

/// The first arc whose mirror image is not listed as often, with the same weight; its source is whose line to look at.
fn without_mirror(arcs: &[[u32; 2]], weights: Option<&[f32]>) -> Option<[u32; 3]> {
    // Zero has two spellings.
    let bits = |at: usize| weights.map_or(0, |weights| (weights[at] + 0.0).to_bits());
    let sorted = |turn: bool| {
        let keys = arcs.par_iter().enumerate().map(|(at, &[source, target])| match turn {
            false => [source, target, bits(at)],
            true => [target, source, bits(at)],
        });
        let mut keys: Vec<[u32; 3]> = keys.collect();
        keys.par_sort_unstable();
        keys
    };
    let (listed, turned) = (sorted(false), sorted(true));
    let at = listed.par_iter().zip(&turned).position_first(|(arc, mirror)| arc != mirror)?;
    let (arc, [target, source, weight]) = (listed[at], turned[at]);
    // Of the two lists, the smaller one has what the other lacks.
    Some(if arc < turned[at] { arc } else { [source, target, weight] })
}

fn no_mirror(text: &[u8], header: &Header, [source, target]: [u32; 2]) -> Fault {
    let mut lines = vertex_lines(text, header.body);
    let at = lines.nth(source as usize).map_or(header.at, |(at, _)| at);
    let (source, target) = (u64::from(source) + 1, u64::from(target) + 1);
    let same = if header.has_weights { ", with the same weight" } else { "" };
    Fault {
        at: Some(at),
        column: None,
        expected: format!("each edge as often in the line of its other end{same}"),
        found: format!("{target} among the neighbors of {source}, and not {source} among those of {target}"),
        advice: "METIS lists undirected graphs; write one with directions as an edge list".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Source;
    use crate::input::testing::assert_chunks_do_not_matter;
    use proptest::prelude::*;

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            20 => proptest::collection::vec("[1-4]", 0..4).prop_map(|line| line.join(" ")),
            1 => "% x",
            1 => "",
            1 => "(5|0|x|1\\.5)",
        ]
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(lines in proptest::collection::vec(line(), 0..9), end in "(\n|\r\n)") {
            let source = Source::from_memory("x", format!("4 3{end}{}", lines.join(&end)).into_bytes());
            let options = EdgesOptions { lenient: true, ..EdgesOptions::default() };
            assert_chunks_do_not_matter(&source, |text, chunk| read(text, &options, chunk));
        }
    }

    #[test]
    fn the_first_line_must_be_right_to_be_told() {
        for (text, fits) in [
            ("3 2\n2 3\n1\n1\n", Fit::Certain),
            ("% c\n3 2\n2 3\n% c\n1\n1\n\n\n", Fit::Certain),
            ("3 1\n2\n1\n\n", Fit::Certain),
            ("2 1 1\n2 5\n1 5\n", Fit::Certain),
            ("2 1 011 2\n7 8 2 5\n7 8 1 5\n", Fit::OrTable),
            ("3 3\n2 3\n1 3\n1 2\n", Fit::OrTable),
            ("3 3\n2 3\n1 3\n", Fit::None),
            ("1 2\n2 1\n2 3\n2 3\n3 3\n", Fit::None),
            ("4 2\n2 3\n1\n1\n", Fit::None),
            ("3 9\n2 3\n1\n1\n", Fit::None),
            ("", Fit::None),
            ("a b\n", Fit::None),
        ] {
            assert_eq!(fit(text.as_bytes()), fits, "{text}");
        }
    }
}
