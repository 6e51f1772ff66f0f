//! Generated inputs as text files that any tool of this field reads: SNAP's edge lists, MovieLens' comma-separated ratings.
//!
//! The standard formatting of integers costs more than the generators, so digits are written into a buffer here.

use std::io::{self, Write};

use crate::graph::{Id, Ids};
use crate::input::{EdgeList, Ratings};

/// Writes a SNAP edge list: comments that count vertices and arcs, then `source<TAB>target`, and a third column if there are weights.
///
/// Vertices without an arc cannot be written in this format; the comment counts those that have one.
///
/// # Errors
/// If writing fails, or an id is empty, holds white space or starts like a comment.
pub fn write_edges(edges: &EdgeList, to: impl Write) -> io::Result<()> {
    let mut text = Text::new(to);
    let vertices = connected(edges);
    let columns = if edges.weights.is_some() { "\tWeight" } else { "" };
    text.bytes(format!("# Directed graph\n# Nodes: {vertices} Edges: {}\n", edges.arcs.len()).as_bytes());
    text.bytes(format!("# FromNodeId\tToNodeId{columns}\n").as_bytes());
    for (at, &[source, target]) in edges.arcs.iter().enumerate() {
        text.word(&edges.ids, source)?;
        text.bytes(b"\t");
        text.word(&edges.ids, target)?;
        if let Some(weights) = &edges.weights {
            text.bytes(b"\t");
            text.number(weights[at], "");
        }
        text.end_line()?;
    }
    text.finish()
}

/// Writes ratings as `userId,movieId,rating` under that header; values show at least one decimal, as MovieLens does.
///
/// # Errors
/// If writing fails.
pub fn write_ratings(ratings: &Ratings, to: impl Write) -> io::Result<()> {
    let mut text = Text::new(to);
    text.bytes(b"userId,movieId,rating\n");
    for rating in &ratings.entries {
        text.field(&ratings.users, rating.user);
        text.bytes(b",");
        text.field(&ratings.items, rating.item);
        text.bytes(b",");
        text.number(rating.value, ".0");
        text.end_line()?;
    }
    text.finish()
}

/// How many vertices have an arc.
fn connected(edges: &EdgeList) -> usize {
    let mut seen = vec![false; edges.ids.len()];
    for &[source, target] in &edges.arcs {
        seen[source as usize] = true;
        seen[target as usize] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}

/// A buffer of whole lines.
struct Text<W> {
    buffer: Vec<u8>,
    to: W,
}

impl<W: Write> Text<W> {
    const FULL: usize = 1 << 16;

    fn new(to: W) -> Self {
        Text { buffer: Vec::with_capacity(Self::FULL + 256), to }
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    #[inline]
    fn digits(&mut self, mut number: u64) {
        let mut digits = [0; 20];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.buffer.extend_from_slice(&digits[start..]);
    }

    fn integer(&mut self, number: i128) {
        match u64::try_from(number) {
            Ok(number) => self.digits(number),
            Err(_) => self.bytes(number.to_string().as_bytes()),
        }
    }

    /// The shortest text that reads back as `number`, with `decimals` where it is whole.
    #[inline]
    fn number(&mut self, number: f32, decimals: &str) {
        let exact = 0.0..16_777_216.0;
        if exact.contains(&number) && number.fract() == 0.0 && number.is_sign_positive() {
            self.digits(number as u64);
            self.bytes(decimals.as_bytes());
        } else if exact.contains(&number) && number.fract() == 0.5 {
            self.digits(number as u64);
            self.bytes(b".5");
        } else {
            let decimals = if number.fract() == 0.0 { decimals } else { "" };
            self.bytes(format!("{number}{decimals}").as_bytes());
        }
    }

    /// An id between blanks.
    #[inline]
    fn word(&mut self, ids: &Ids, vertex: u32) -> io::Result<()> {
        match ids.id(vertex) {
            Id::Integer(id) => self.integer(id),
            Id::Text(id) => {
                if id.is_empty() || id.starts_with(['#', '%']) || id.contains(char::is_whitespace) {
                    let message = format!(
                        "vertex id {id:?} cannot stand in an edge list, expected a word without white space that does not \
                         start with # or %: rename it"
                    );
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
                self.bytes(id.as_bytes());
            }
        }
        Ok(())
    }

    /// An id between commas, quoted if it must be (RFC 4180).
    #[inline]
    fn field(&mut self, ids: &Ids, vertex: u32) {
        match ids.id(vertex) {
            Id::Integer(id) => self.integer(id),
            Id::Text(id) if id.contains([',', '"', '\n', '\r']) || id.trim() != id => {
                self.bytes(format!("\"{}\"", id.replace('"', "\"\"")).as_bytes());
            }
            Id::Text(id) => self.bytes(id.as_bytes()),
        }
    }

    #[inline]
    fn end_line(&mut self) -> io::Result<()> {
        self.buffer.push(b'\n');
        if self.buffer.len() >= Self::FULL {
            self.to.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.to.write_all(&self.buffer)?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{RatingsShape, Rmat, ratings, rmat};
    use crate::input::Rating;

    fn edges_text(edges: &EdgeList) -> String {
        let mut text = Vec::new();
        write_edges(edges, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn number(number: f32, decimals: &str) -> String {
        let mut text = Text::new(Vec::new());
        text.number(number, decimals);
        String::from_utf8(text.buffer).unwrap()
    }

    #[test]
    fn edges_are_snap_text() {
        let mut edges = EdgeList { ids: Ids::range(12), arcs: vec![[0, 11], [10, 0], [0, 0]], weights: None };
        let head = "# Directed graph\n# Nodes: 3 Edges: 3\n# FromNodeId\tToNodeId";
        assert_eq!(edges_text(&edges), format!("{head}\n0\t11\n10\t0\n0\t0\n"));
        edges.weights = Some(vec![255.0, 0.25, 1e-7]);
        assert_eq!(edges_text(&edges), format!("{head}\tWeight\n0\t11\t255\n10\t0\t0.25\n0\t0\t0.0000001\n"));
    }

    #[test]
    fn ratings_are_comma_separated() {
        let entry = |user, item, value| Rating { user, item, value };
        let ratings = Ratings {
            users: Ids::range(1001),
            items: Ids::range(3),
            entries: vec![entry(0, 2, 4.0), entry(1000, 0, 0.5), entry(3, 1, -1.25)],
        };
        let mut text = Vec::new();
        write_ratings(&ratings, &mut text).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "userId,movieId,rating\n0,2,4.0\n1000,0,0.5\n3,1,-1.25\n"
        );
    }

    #[test]
    fn numbers_read_back() {
        let mut random = crate::Random::keyed(1, 2, 3, 4);
        let some = [0.0, -0.0, 0.5, 1.5, 9.0, 16_777_215.0, 16_777_216.0, 3e38, 1e-40, -7.5, 0.1];
        let drawn = (0..1000).map(|_| f32::from_bits(random.next_u64() as u32)).filter(|x| x.is_finite());
        for value in drawn.chain(some) {
            for decimals in ["", ".0"] {
                let text = number(value, decimals);
                assert_eq!(text.parse::<f32>().unwrap().to_bits(), value.to_bits(), "{text}");
            }
        }
        assert_eq!((number(4.0, ".0").as_str(), number(4.0, "").as_str()), ("4.0", "4"));
    }

    #[test]
    fn integers_are_written_in_full() {
        for value in [0, 9, 10, 1234567890, u64::MAX.into(), i64::MIN.into(), -1] {
            let mut text = Text::new(Vec::new());
            text.integer(value);
            assert_eq!(String::from_utf8(text.buffer).unwrap(), value.to_string());
        }
    }

    /// More than one buffer: nothing is lost at the seams.
    #[test]
    fn long_files_are_whole() {
        let graph = rmat(&Rmat { scale: 12, weights: Some(Rmat::WEIGHTS), ..Rmat::default() }).unwrap();
        let text = edges_text(&graph);
        assert!(text.len() > 4 * Text::<Vec<u8>>::FULL);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let read: Vec<Vec<u32>> =
            lines.map(|line| line.split('\t').map(|word| word.parse().unwrap()).collect()).collect();
        let weights = graph.weights.unwrap();
        assert_eq!(read.len(), graph.arcs.len());
        for ((line, [source, target]), weight) in read.iter().zip(graph.arcs).zip(weights) {
            assert_eq!(*line, [source, target, weight as u32]);
        }
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let shape = RatingsShape { users: 10, items: 10, count: 10, ..RatingsShape::default() };
        let error = write_ratings(&ratings(&shape).unwrap(), Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
