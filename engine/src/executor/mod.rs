//! Who runs a program: with barriers, without, or block by block.

pub(crate) mod asynchronous;
pub(crate) mod grid;
mod limits;
mod per_worker;
pub(crate) mod sync;

pub(crate) use asynchronous::Work;
pub(crate) use limits::Settings;

use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::graph::{Side, Topology};
use crate::program::Edges;

/// The stored directions that make up `edges`; in an undirected graph, one holds them all.
#[inline(always)]
fn sides(edges: Edges, topology: &Topology) -> impl Iterator<Item = Side> {
    let into = edges == Edges::In || edges == Edges::All && !topology.is_undirected();
    let out = matches!(edges, Edges::Out | Edges::All);
    into.then_some(Side::In).into_iter().chain(out.then_some(Side::Out))
}

/// Threads of a run's own.
fn pool(threads: usize) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|worker| format!("gasworks-{worker}"))
        .build()
        .map_err(|cause| Error::NotAdmitted {
            what: format!("a pool of {threads} threads"),
            why: cause.to_string(),
            instead: "ask for fewer threads".into(),
        })
}

/// What each worker of a pool keeps while a run lasts.
struct Hands<H>(Vec<Mutex<H>>);

impl<H: Send> Hands<H> {
    fn new(workers: usize, make: impl Fn() -> H) -> Self {
        Hands((0..workers).map(|_| Mutex::new(make())).collect())
    }

    /// Runs `work(worker, hand)` on each thread of a pool at once, and waits for all. With several, rayon allocates a list of them.
    fn work(&mut self, pool: &rayon::ThreadPool, work: impl Fn(usize, &mut H) + Sync) {
        if let [only] = &mut self.0[..] {
            let only = only.get_mut().unwrap_or_else(PoisonError::into_inner);
            return pool.install(|| work(0, only));
        }
        let hands = &self.0;
        pool.broadcast(|context| {
            let mut hand = hands[context.index()].lock().unwrap_or_else(PoisonError::into_inner);
            work(context.index(), &mut hand);
        });
    }

    /// While nobody works.
    fn each(&mut self) -> impl Iterator<Item = &mut H> {
        self.0.iter_mut().map(|hand| hand.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}
