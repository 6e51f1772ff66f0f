//! The queue under every schedule (loom) or many (shuttle), and on threads: each block is worked on once, after all before it that have
//! a part in common with it, and none beside such a one.

use std::sync::atomic::{AtomicU32 as Tally, Ordering::SeqCst};

use super::queue::{Queue, State};
use crate::exclusion::grid::{Grid, Order, Parts};
use crate::graph::GraphBuilder;
use crate::memory::{BlockCells, Column, Taken};
use crate::primitives::Arc;

#[cfg(loom)]
use loom::thread;
#[cfg(all(shuttle, not(loom)))]
use shuttle::thread;
#[cfg(not(any(loom, shuttle)))]
use std::thread;

/// Works through a pass of a complete graph: `close` shuts the queue in the middle.
fn work_through(parts: Parts, workers: usize, close: bool) {
    let (left, right) = (2 * parts.sources, 2 * parts.targets);
    let (builder, left, right) = match parts.same {
        true => (GraphBuilder::directed(left), left, left),
        false => (GraphBuilder::bipartite(left, right), left, right),
    };
    let pairs = (0..left as u32).flat_map(|u| (0..right as u32).map(move |v| [u, v]));
    let graph = builder.plain_edges(&pairs.collect::<Vec<_>>()).build().unwrap();
    let grid: &'static Grid = Box::leak(Box::new(Grid::new(graph.topology(), parts, 0)));
    let mut order = Order::default();
    order.shuffle(parts, 0, 0);
    let order: &'static Order = Box::leak(Box::new(order));
    let vertices: &'static mut Column<u32> = Box::leak(Box::new(Column::zeroed(graph.vertices())));
    let edges: &'static mut Column<u32> = Box::leak(Box::new(Column::zeroed(grid.blocks().edges())));

    let taken: &'static mut Taken = Box::leak(Box::default());
    let cells = Arc::new(BlockCells::new(grid.blocks(), taken, vertices.view_mut(), edges.view_mut()));
    let queue = Arc::new(Queue::new(order.follow(), State::default()));
    let time = std::sync::Arc::new(Tally::new(1));
    let finished: std::sync::Arc<Vec<Tally>> =
        std::sync::Arc::new(order.blocks().iter().map(|_| Tally::new(0)).collect());
    let work = move || {
        let mut position = queue.next(None);
        while let Some(at) = position {
            // Panics if a part is taken.
            let held = cells.hold(order.blocks()[at as usize] as usize);
            assert_eq!(finished[at as usize].swap(time.fetch_add(1, SeqCst), SeqCst), 0, "worked on twice");
            drop(held);
            if close && at == 1 {
                queue.close();
            }
            position = queue.next(Some(at));
        }
        finished
    };
    let others: Vec<_> = (1..workers).map(|_| thread::spawn(work.clone())).collect();
    let finished = work();
    others.into_iter().for_each(|other| drop(other.join().unwrap()));
    let finished: Vec<u32> = finished.iter().map(|tally| tally.load(SeqCst)).collect();
    if close {
        return;
    }
    for (later, block) in order.blocks().iter().enumerate() {
        let own = parts.ends(*block as usize);
        for (earlier, block) in order.blocks()[..later].iter().enumerate() {
            let meets = parts.ends(*block as usize).iter().any(|part| own.contains(part));
            assert!(finished[earlier] > 0 && finished[later] > 0, "a block is left over");
            assert!(!meets || finished[earlier] < finished[later], "{earlier} before {later}");
        }
    }
}

const TWO_SIDES: Parts = Parts { sources: 2, targets: 2, same: false };
const ONE_SIDE: Parts = Parts { sources: 2, targets: 2, same: true };

#[cfg(loom)]
#[test]
fn model_checked_blocks_are_in_order_and_apart() {
    for (parts, close) in [(TWO_SIDES, false), (ONE_SIDE, false), (TWO_SIDES, true)] {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(move || work_through(parts, 2, close));
    }
}

#[cfg(all(shuttle, not(loom)))]
#[test]
fn model_checked_blocks_are_in_order_and_apart() {
    let square = Parts { sources: 3, targets: 4, same: false };
    for (parts, workers) in [(TWO_SIDES, 2), (ONE_SIDE, 2), (square, 3), (square, 4)] {
        for close in [false, true] {
            shuttle::check_random(move || work_through(parts, workers, close), 500);
        }
    }
}

#[cfg(not(any(loom, shuttle)))]
#[test]
fn blocks_are_in_order_and_apart() {
    for workers in [1, 2, 3, 8] {
        for (sources, targets, same) in [(1, 1, false), (6, 9, false), (7, 7, true)] {
            work_through(Parts { sources, targets, same }, workers, false);
        }
        for parts in [TWO_SIDES, ONE_SIDE] {
            work_through(parts, workers, true);
        }
    }
}
