//! Your own scheduler in 30 lines: hubs first. Greedy coloring then needs fewer colors than in the order of numbers.
//!
//! (Welsh and Powell 1967, "An upper bound for the chromatic number of a graph and its application to timetabling problems".) The
//! engine calls a scheduler from many threads at once, so it locks what it holds; the set holds a task at most once. What it has to
//! keep is said at `Scheduler`, and the test `contract` checks it for this one too.
//!
//! `cargo run --release --example own_scheduler`

use std::collections::BTreeSet;
use std::sync::Mutex;

use gasworks::generate::{Rmat, rmat};
use gasworks::graph::{GraphBuilder, ReverseEdges, Vertex};
use gasworks::schedulers::{Fifo, by_name};
use gasworks::{Context, Edges, Engine, Error, Scheduler, Scope, Task, UpdateFunction, consistency};

/// Runs vertices of high degree first. Priorities are ignored.
pub(crate) struct HubsFirst {
    by_degree: Vec<Vertex>,
    rank: Vec<usize>,
    /// The ranks of those who wait.
    waiting: Mutex<BTreeSet<usize>>,
}

impl HubsFirst {
    pub(crate) fn new(degrees: &[usize]) -> Self {
        let mut by_degree: Vec<_> = (0..degrees.len() as Vertex).collect();
        by_degree.sort_by_key(|vertex| std::cmp::Reverse(degrees[*vertex as usize]));
        let mut rank = vec![0; degrees.len()];
        by_degree.iter().enumerate().for_each(|(at, vertex)| rank[*vertex as usize] = at);
        HubsFirst { by_degree, rank, waiting: Mutex::default() }
    }
}

impl Scheduler for HubsFirst {
    fn name(&self) -> &'static str {
        "hubs first"
    }
    fn start(&mut self, _: usize, _: usize) {
        self.waiting.lock().unwrap().clear();
    }
    fn schedule(&self, tasks: &[Task]) {
        self.waiting.lock().unwrap().extend(tasks.iter().map(|task| self.rank[task.vertex as usize]));
    }
    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        batch.extend(self.waiting.lock().unwrap().pop_first().map(|rank| self.by_degree[rank]));
    }
}

/// Takes the least color that no neighbor has.
struct Coloring;

const NONE: u32 = u32::MAX;

impl UpdateFunction for Coloring {
    type Vertex = u32;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = Vec<u32>;
    fn scratch(&self) -> Vec<u32> {
        Vec::new()
    }
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, taken: &mut Vec<u32>) {
        taken.clear();
        scope.for_each_edge(Edges::All, |mut visit| taken.push(*visit.parts().2));
        taken.sort_unstable();
        taken.dedup();
        // The first gap; without one, the colors 0.. are all taken and `NONE` may stand at the end.
        let free = (0..).zip(&*taken).find(|(color, taken)| color != *taken);
        *scope.vertex_mut() = free.map_or(taken.len() as u32, |(color, _)| color);
    }
}

fn main() -> Result<(), Error> {
    let list = rmat(&Rmat { scale: 12, ..Rmat::default() }).expect("the parameters are in range");
    let builder = GraphBuilder::undirected(list.ids.len(), ReverseEdges::Pair).plain_edges(&list.arcs);
    let mut graph = builder.build()?.with_vertices(|_| NONE);
    let mut degrees = vec![0; list.ids.len()];
    list.arcs.iter().flatten().for_each(|vertex| degrees[*vertex as usize] += 1);

    let mut color = |order: Box<dyn Scheduler>| -> Result<(), Error> {
        graph.vertex_data_mut().as_mut_slice().fill(NONE);
        let name = order.name();
        let outcome = Engine::updates(&mut graph, &Coloring, order).run()?;
        let colors = graph.vertex_data().iter().max().map_or(0, |last| last + 1);
        println!("{name}: {colors} colors after {} visits", outcome.progress.updates);
        Ok(())
    };
    color(Box::new(HubsFirst::new(&degrees)))?;
    color(Box::new(Fifo::new()))?;
    color(by_name("sweep:order=permuted,seed=1")?)
}
