//! Shortest paths by delta-stepping (Meyer and Sanders 2003, "Δ-stepping: a parallelizable shortest path algorithm"), with buckets that each
//! worker keeps and, while its own is short, empties without waiting for the others (Zhang et al. 2020, "Optimizing ordered graph algorithms
//! with GraphIt", section 3.2).

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gasworks_engine::Data;
use gasworks_engine::graph::{Graph, Vertex};
use rayon::prelude::*;

/// Buckets that are open at a time; what lies farther away waits together.
const OPEN: usize = 256;
/// Vertices of a bucket that are handed out at a time.
const CHUNK: usize = 64;
/// A worker's own bucket below this length is not worth a round of all.
const FUSED: usize = 1000;

/// The distance of each vertex from a source over weights that are 0 or more; infinite where no path leads. The same bits as of
/// [`ShortestPaths`](crate::ShortestPaths). Vertices are settled in steps of `delta`; unless said, four times the greatest weight over
/// the square of the mean degree, which is about right for scale-free graphs (degree 25) and for grids (degree 4).
/// Parallel on the current pool.
///
/// ```
/// use gasworks_engine::graph::GraphBuilder;
/// use gasworks_programs::specialists::shortest_paths;
/// let edges = GraphBuilder::directed(4).weighted_edges(&[[0, 1], [1, 2], [0, 2]], &[1.0f32, 2.0, 9.0]);
/// assert_eq!(shortest_paths(&edges.build()?, 0, None), [0.0, 1.0, 3.0, f32::INFINITY]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
///
/// # Panics
/// If the graph has no such source, a weight is below 0 or not a number, or `delta` is not above 0.
pub fn shortest_paths<V: Data>(graph: &Graph<V, f32>, source: Vertex, delta: Option<f32>) -> Vec<f32> {
    let n = graph.vertices();
    assert!((source as usize) < n, "vertex {source} of {n}");
    let [least, greatest] = range(graph);
    assert!(least >= 0.0, "weights are 0 or more, found {least}");
    let mean_degree = graph.edges() as f32 / n as f32;
    let delta =
        delta.unwrap_or_else(|| (4.0 * greatest / mean_degree.max(1.0).powi(2)).max(f32::MIN_POSITIVE));
    assert!(delta > 0.0, "delta is above 0, got {delta}");
    let search = Search {
        graph,
        delta,
        distances: (0..n).map(|_| AtomicU32::new(f32::INFINITY.to_bits())).collect(),
        workers: (0..rayon::current_num_threads()).map(|_| Mutex::default()).collect(),
    };
    search.distances[source as usize].store(0.0f32.to_bits(), Relaxed);
    search.run(source);
    search.distances.into_iter().map(|bits| f32::from_bits(bits.into_inner())).collect()
}

/// The least weight, or one that is not a number, and the greatest that is finite.
fn range<V: Data>(graph: &Graph<V, f32>) -> [f32; 2] {
    let join = |a: [f32; 2], b: [f32; 2]| {
        let least = if a[0] <= b[0] || a[0].is_nan() { a[0] } else { b[0] };
        [least, a[1].max(b[1])]
    };
    let of = |_, _, weight: &f32| [*weight, if weight.is_finite() { *weight } else { 0.0 }];
    graph.map_reduce_edges(of, join).unwrap_or([0.0; 2])
}

struct Search<'g, V: Data> {
    graph: &'g Graph<V, f32>,
    delta: f32,
    /// As bits: of numbers that are not negative, these have the same order.
    distances: Vec<AtomicU32>,
    workers: Vec<Mutex<Buckets>>,
}

/// What one worker has yet to look at, by distance over delta.
struct Buckets {
    /// The number of the first open one.
    first: u64,
    open: Vec<Vec<Vertex>>,
    far: Vec<Vertex>,
}

impl Default for Buckets {
    fn default() -> Self {
        Buckets { first: 0, open: (0..OPEN).map(|_| Vec::new()).collect(), far: Vec::new() }
    }
}

impl Buckets {
    #[inline(always)]
    fn push(&mut self, bucket: u64, vertex: Vertex) {
        match self.open.get_mut((bucket - self.first) as usize) {
            Some(open) => open.push(vertex),
            None => self.far.push(vertex),
        }
    }
}

fn lock(worker: &Mutex<Buckets>) -> MutexGuard<'_, Buckets> {
    worker.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<V: Data> Search<'_, V> {
    fn run(&self, source: Vertex) {
        let (mut frontier, mut bucket) = (vec![source], 0);
        loop {
            frontier.par_chunks(CHUNK).for_each(|chunk| self.settle(chunk, bucket));
            let Some(next) = self.next(bucket) else { break };
            bucket = next;
            frontier.clear();
            for worker in &self.workers {
                let mut buckets = lock(worker);
                let at = (bucket - buckets.first) as usize;
                frontier.append(&mut buckets.open[at]);
            }
        }
    }

    #[inline(always)]
    fn distance(&self, vertex: Vertex) -> f32 {
        f32::from_bits(self.distances[vertex as usize].load(Relaxed))
    }

    #[inline(always)]
    fn bucket(&self, distance: f32) -> u64 {
        (distance / self.delta) as u64
    }

    /// Goes on from these vertices, and from those that come into the worker's own bucket meanwhile, while these are few.
    fn settle(&self, vertices: &[Vertex], bucket: u64) {
        let worker = rayon::current_thread_index().unwrap_or(0) % self.workers.len();
        let mut buckets = lock(&self.workers[worker]);
        vertices.iter().for_each(|vertex| self.relax(*vertex, bucket, &mut buckets));
        let at = (bucket - buckets.first) as usize;
        while !buckets.open[at].is_empty() && buckets.open[at].len() < FUSED {
            let mut own = std::mem::take(&mut buckets.open[at]);
            own.drain(..).for_each(|vertex| self.relax(vertex, bucket, &mut buckets));
            // Its room is used again, if nothing has come yet.
            if buckets.open[at].is_empty() {
                buckets.open[at] = own;
            }
        }
    }

    /// Goes along all edges of a vertex, unless that was done in an earlier bucket.
    #[inline(always)]
    fn relax(&self, vertex: Vertex, bucket: u64, buckets: &mut Buckets) {
        let distance = self.distance(vertex);
        if self.bucket(distance) < bucket {
            return;
        }
        for (target, weight) in self.graph.out_edges(vertex) {
            let through = distance + weight;
            let known = &self.distances[target as usize];
            // Looking first keeps the line shared.
            if through < f32::from_bits(known.load(Relaxed))
                && known.fetch_min(through.to_bits(), Relaxed) > through.to_bits()
            {
                buckets.push(self.bucket(through), target);
            }
        }
    }

    /// The nearest bucket, from this one on, that somebody has something in.
    fn next(&self, bucket: u64) -> Option<u64> {
        let first_open = |worker: &Mutex<Buckets>| {
            let buckets = lock(worker);
            let from = (bucket - buckets.first) as usize;
            let at = buckets.open[from..].iter().position(|open| !open.is_empty());
            at.map(|at| bucket + at as u64)
        };
        if let Some(next) = self.workers.iter().filter_map(first_open).min() {
            return Some(next);
        }
        // Nothing is open. Who was reached nearer meanwhile has been settled.
        let end = lock(&self.workers[0]).first.saturating_add(OPEN as u64);
        let far = |worker: &Mutex<Buckets>| {
            let buckets = lock(worker);
            let waiting = buckets.far.iter().map(|vertex| self.bucket(self.distance(*vertex)));
            waiting.filter(|bucket| *bucket >= end).min()
        };
        let next = self.workers.iter().filter_map(far).min()?;
        for worker in &self.workers {
            let mut buckets = lock(worker);
            buckets.first = next;
            for vertex in std::mem::take(&mut buckets.far) {
                let bucket = self.bucket(self.distance(vertex));
                if bucket >= end {
                    buckets.push(bucket, vertex);
                }
            }
        }
        Some(next)
    }
}
