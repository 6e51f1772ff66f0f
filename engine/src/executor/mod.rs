//! Who runs a program: with barriers, without, or block by block.

pub(crate) mod asynchronous;
pub(crate) mod grid;
mod limits;
mod per_worker;
pub(crate) mod sync;

pub(crate) use asynchronous::Work;
pub(crate) use limits::Settings;

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

/// Runs `work(worker, hand)` on each thread of a pool at once, and waits for all.
fn on_workers<H: Send>(pool: &rayon::ThreadPool, hands: &mut [H], work: impl Fn(usize, &mut H) + Sync) {
    if let [only] = hands {
        return pool.install(|| work(0, only));
    }
    let hands: Vec<_> = hands.iter_mut().map(std::sync::Mutex::new).collect();
    pool.broadcast(|context| {
        let mut hand = hands[context.index()].lock().expect("each hand has one worker");
        work(context.index(), &mut hand);
    });
}
