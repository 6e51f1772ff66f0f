//! How much memory programs take on a graph, reckoned from what they hold: the structure in both directions, columns of vertices and edges, and before
//! that what the input is made of while it is read. What lies on each vertex and edge was fitted to the peaks of all six from a binary R-MAT graph of
//! 646 412 vertices and 16 086 898 edges, under the default order, and is within 2% of these, as it is of `components` from the same graph as text. A binary
//! graph whose list was not sorted takes four bytes an edge more while it is read.

use serde_json::{Map, Value};

/// What it depends on.
pub(super) struct Graph {
    pub(super) vertices: u64,
    pub(super) edges: u64,
    pub(super) has_weights: bool,
    /// Size of the input once it is unpacked; nothing where it is a graph in binary.
    pub(super) text: Option<u64>,
}

/// What a program holds beside the structure.
struct Program {
    name: &'static str,
    /// Bytes for each edge: weights by source and by target; for whom both ends of an edge meet, its place among the out-edges.
    edge: u64,
    /// Bytes for each vertex: values, ghosts of this round and the next, lists of who is active, marks of who is held.
    vertex: u64,
}

/// What the process itself takes.
const PROCESS: u64 = 8_000_000;

const PROGRAMS: [Program; 6] = [
    Program { name: "pagerank", edge: 0, vertex: 16 },
    Program { name: "components", edge: 0, vertex: 16 },
    Program { name: "bfs", edge: 0, vertex: 20 },
    Program { name: "sssp", edge: 16, vertex: 16 },
    Program { name: "color", edge: 8, vertex: 32 },
    Program { name: "kcore", edge: 8, vertex: 32 },
];

impl Graph {
    /// Offsets and ends in one direction.
    fn direction(&self) -> u64 {
        8 * self.vertices + 4 * self.edges
    }

    /// The greatest need while the input becomes a graph.
    fn reading(&self) -> u64 {
        let weight = |bytes: u64| if self.has_weights { bytes } else { 0 };
        match self.text {
            // The file holds what the graph holds.
            None => 2 * self.direction() + weight(4) * self.edges,
            // Ids of eight bytes as they are parsed, then numbers of four, and weights twice.
            Some(text) => text + (16 + 8 + weight(8)) * self.edges,
        }
    }

    /// The most that each program takes, in bytes, reading included.
    pub(super) fn forecast(&self) -> Map<String, Value> {
        let program = |program: &Program| {
            let run = 2 * self.direction() + program.edge * self.edges + program.vertex * self.vertices;
            (program.name.to_owned(), (PROCESS + run.max(self.reading())).into())
        };
        PROGRAMS.iter().map(program).collect()
    }
}

/// `1.5 GB`.
pub(super) fn shown(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.into_iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", bytes as f64 / size as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_the_unit_that_fits() {
        let sizes = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_550_000, "1.6 MB"),
            (12_345_678_901, "12.3 GB"),
        ];
        for (bytes, text) in sizes {
            assert_eq!(shown(bytes), text);
        }
    }

    #[test]
    fn reading_counts_where_it_takes_more() {
        let of = |text| {
            let graph = Graph { vertices: 10, edges: 1000, has_weights: false, text };
            graph.forecast()["pagerank"].as_u64()
        };
        assert_eq!(of(None), Some(PROCESS + 2 * 4080 + 160));
        assert_eq!(of(Some(8000)), Some(PROCESS + 8000 + 24_000));
    }
}
