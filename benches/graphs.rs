//! Graph analytics through the trait, on R-MAT (scale 20 unless said) or on a file: PageRank, an iteration; breadth-first search, shortest paths and
//! components, whole runs; and the kernels that are no vertex programs. Loading is not timed.
//!
//! `cargo bench --bench graphs -- [--program pagerank,bfs,sssp,components,afforest,delta,triangles] [--scale N | --file GRAPH] [--source ID] [--undirected] [--by-degree]
//! [--threads 1,2] [--runs N] [--delta D] [--direction auto|pull|push]`

mod harness;

use std::ops::ControlFlow;
use std::time::Instant;

use gasworks::generate::{Rmat, rmat};
use gasworks::graph::{Graph, GraphBuilder, ReverseEdges};
use gasworks::input::{EdgeList, EdgesOptions, Source, read_edges};
use gasworks::programs::{
    BreadthFirstSearch, Components, DanglingMass, PageRank, Reached, ShortestPaths, specialists,
};
use gasworks::{Column, Data, Direction, Engine, Error, Isa, Progress, schedulers::Sweep};

type Failure = Box<dyn std::error::Error>;

struct Bench {
    list: EdgeList,
    source: u32,
    direction: Direction,
    runs: usize,
    threads: Vec<usize>,
}

fn main() -> Result<(), Failure> {
    let scale = harness::value_of("--scale").map_or(Ok(20), |word| word.parse())?;
    let list = match harness::value_of("--file") {
        Some(path) => read_edges(&Source::from_path(path), &EdgesOptions::default())?.data,
        None => rmat(&Rmat { scale, ..Rmat::default() })?,
    };
    let source = match harness::value_of("--source") {
        Some(id) => list.ids.find(&id).ok_or("no such source")?,
        None => 0,
    };
    let direction = harness::value_of("--direction").unwrap_or_else(|| "auto".into());
    let direction = Direction::ALL.into_iter().find(|known| known.name() == direction);
    let bench = Bench {
        list,
        source,
        direction: direction.ok_or("no such direction; there are auto, pull and push")?,
        runs: harness::value_of("--runs").map_or(Ok(9), |word| word.parse())?,
        threads: harness::threads(),
    };
    let programs = harness::value_of("--program").unwrap_or_else(|| "pagerank,bfs,sssp,components".into());
    for program in programs.split(',') {
        match program {
            "pagerank" => bench.pagerank()?,
            "bfs" => bench.bfs()?,
            "sssp" => bench.sssp()?,
            "components" => bench.components()?,
            "afforest" => bench.afforest()?,
            "delta" => bench.delta()?,
            "triangles" => bench.triangles()?,
            _ => return Err(format!("no program {program}").into()),
        }
    }
    Ok(())
}

impl Bench {
    fn plain(&self) -> Result<Graph<(), ()>, Error> {
        let n = self.list.ids.len();
        let builder = if std::env::args().any(|word| word == "--undirected") {
            GraphBuilder::undirected(n, ReverseEdges::Pair)
        } else {
            GraphBuilder::directed(n)
        };
        let graph = builder.plain_edges(&self.list.arcs).build()?;
        // What gathering along in-edges reads is made before, so that its time is in none of the others.
        graph.topology().in_degree(0);
        Ok(ordered(graph))
    }

    /// Reports the times of whole runs, in seconds; `run` also says what it found.
    fn times(
        &self,
        name: &str,
        mut run: impl FnMut(usize) -> Result<(f64, String), Error>,
    ) -> Result<(), Failure> {
        for threads in &self.threads {
            let mut times = Vec::new();
            let mut found = String::new();
            for _ in 0..self.runs {
                let seconds;
                (seconds, found) = run(*threads)?;
                times.push(seconds);
            }
            println!("{name}, {threads} threads, {}: {found}", self.direction);
            harness::Timing::new(format!("{name}, {}", self.direction), times).report(*threads);
        }
        Ok(())
    }

    fn pagerank(&self) -> Result<(), Failure> {
        let n = self.list.ids.len();
        let mut graph = self.plain()?.with_vertices(|_| 0.0);
        for threads in &self.threads {
            let mut times = Vec::new();
            let mut clock = |progress: &Progress, _: &Column<f32>| {
                times.push(progress.seconds);
                ControlFlow::Continue(())
            };
            graph.transform_vertices(|_, rank| *rank = 1.0 / n as f32);
            Engine::new(&mut graph, &PageRank::default())
                .scheduler(Sweep::new())
                .aggregate(&DanglingMass { damping: 0.85, spread: true })
                .threads(*threads)
                .rounds(4 * self.runs as u64)
                .observer(&mut clock)
                .run()?;
            harness::Timing::new("pagerank iteration", harness::laps(&times)).report(*threads);
        }
        Ok(())
    }

    fn bfs(&self) -> Result<(), Failure> {
        let graph = self.plain()?;
        let source = graph.topology().number_of(self.source);
        let start = BreadthFirstSearch::start(source);
        let mut graph = graph.with_vertices(&start);
        self.times("bfs", |threads| {
            graph.transform_vertices(|vertex, reached| *reached = start(vertex));
            let mut rounds = Vec::new();
            let mut observer = |progress: &Progress, _: &Column<Reached>| {
                rounds.push(progress.seconds);
                ControlFlow::Continue(())
            };
            let engine = Engine::new(&mut graph, &BreadthFirstSearch).start_at([source]);
            let clock = Instant::now();
            let engine = engine.direction(self.direction).threads(threads).observer(&mut observer);
            engine.run()?;
            let seconds = clock.elapsed().as_secs_f64();
            let reached =
                graph.vertex_data().iter().filter(|reached: &&Reached| reached.is_reached()).count();
            let rounds: Vec<_> = harness::laps(&rounds).iter().map(|lap| (lap * 1e5).round() / 1e2).collect();
            Ok((seconds, format!("{reached} reached; milliseconds of the rounds: {rounds:?}")))
        })
    }

    fn weighted(&self) -> Result<Graph<(), f32>, Error> {
        let ones = vec![1.0; self.list.arcs.len()];
        let weights = self.list.weights.as_ref().unwrap_or(&ones);
        let graph =
            GraphBuilder::directed(self.list.ids.len()).weighted_edges(&self.list.arcs, weights).build()?;
        Ok(ordered(graph))
    }

    /// Times a kernel that runs on the threads of the current pool.
    fn kernel(&self, name: &str, run: impl Fn() -> String + Sync) -> Result<(), Failure> {
        self.times(name, |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let clock = Instant::now();
            let found = pool.install(&run);
            Ok((clock.elapsed().as_secs_f64(), found))
        })
    }

    fn afforest(&self) -> Result<(), Failure> {
        let graph = self.plain()?;
        specialists::components(graph.topology());
        self.kernel("components by afforest", || {
            let labels = specialists::components(graph.topology());
            format!("{}", labels.iter().zip(0..).filter(|(label, vertex)| *label == vertex).count())
        })
    }

    fn delta(&self) -> Result<(), Failure> {
        let graph = self.weighted()?;
        let source = graph.topology().number_of(self.source);
        let delta = harness::value_of("--delta").and_then(|word| word.parse().ok());
        self.kernel("sssp by delta-stepping", || {
            let distances = specialists::shortest_paths(&graph, source, delta);
            format!("{} reached", distances.iter().filter(|distance| distance.is_finite()).count())
        })
    }

    fn triangles(&self) -> Result<(), Failure> {
        let graph = self.plain()?;
        specialists::triangles(graph.topology(), Isa::detect());
        self.kernel("triangles", || specialists::triangles(graph.topology(), Isa::detect()).to_string())
    }

    fn sssp(&self) -> Result<(), Failure> {
        let graph = self.weighted()?;
        let source = graph.topology().number_of(self.source);
        let start = ShortestPaths::start(source);
        let mut graph = graph.with_vertices(&start);
        self.times("sssp", |threads| {
            graph.transform_vertices(|vertex, distance| *distance = start(vertex));
            let engine = Engine::new(&mut graph, &ShortestPaths).start_at([source]);
            let clock = Instant::now();
            let outcome = engine.direction(self.direction).threads(threads).run()?;
            let seconds = clock.elapsed().as_secs_f64();
            let reached = graph.vertex_data().iter().filter(|distance| distance.is_finite()).count();
            Ok((seconds, format!("{reached} reached in {} rounds", outcome.progress.rounds)))
        })
    }

    fn components(&self) -> Result<(), Failure> {
        let mut graph = self.plain()?.with_vertices(|vertex| vertex);
        self.times("components", |threads| {
            graph.transform_vertices(|vertex, label| *label = vertex);
            let clock = Instant::now();
            let engine = Engine::new(&mut graph, &Components).direction(self.direction).threads(threads);
            let outcome = engine.run()?;
            let seconds = clock.elapsed().as_secs_f64();
            let roots = graph.vertex_data().iter().zip(0..).filter(|(label, vertex)| *label == vertex);
            Ok((seconds, format!("{} in {} rounds", roots.count(), outcome.progress.rounds)))
        })
    }
}

/// The graph by degree, if that is asked for, and how long it took on all threads.
fn ordered<E: Data<Element: Clone>>(graph: Graph<(), E>) -> Graph<(), E> {
    if !std::env::args().any(|word| word == "--by-degree") {
        return graph;
    }
    let clock = Instant::now();
    let graph = graph.by_degree();
    println!("ordered by degree in {:.1} ms", 1e3 * clock.elapsed().as_secs_f64());
    graph
}
