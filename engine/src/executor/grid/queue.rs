//! Who works on which block: the first of the order that waits for nobody.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::PoisonError;

use crate::exclusion::grid::Follow;
use crate::primitives::{Condvar, Mutex, MutexGuard};

/// The positions of one pass, handed out to workers. The earliest position that nobody has finished never waits for one that nobody
/// has, so some worker always has one to go on with.
pub(crate) struct Queue<'o> {
    follow: &'o [Follow],
    /// What is locked once a block, which takes some thousand times as long.
    state: Mutex<State>,
    bell: Condvar,
}

/// Room of a queue, kept from pass to pass.
#[derive(Default)]
pub(crate) struct State {
    /// Positions that wait for nobody, and that nobody has.
    ready: BinaryHeap<Reverse<u32>>,
    /// For how many others each position still waits.
    waits: Vec<u8>,
    /// How many were not handed out yet.
    left: usize,
}

impl<'o> Queue<'o> {
    pub(crate) fn new(follow: &'o [Follow], mut state: State) -> Self {
        state.waits.clear();
        state.waits.extend(follow.iter().map(|follow| follow.waits));
        state.ready.clear();
        state
            .ready
            .extend((0..).zip(follow).filter(|(_, follow)| follow.waits == 0).map(|(at, _)| Reverse(at)));
        state.left = follow.len();
        Queue { follow, state: Mutex::new(state), bell: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back a position that is finished, and takes another one; none when all are handed out.
    pub(crate) fn next(&self, finished: Option<u32>) -> Option<u32> {
        let mut state = self.state();
        if let Some(finished) = finished {
            let mut woken = 0;
            for next in self.follow[finished as usize].next() {
                state.waits[next as usize] -= 1;
                if state.waits[next as usize] == 0 {
                    state.ready.push(Reverse(next));
                    woken += 1;
                }
            }
            // One of them is for this worker.
            if woken > 1 {
                self.bell.notify_all();
            }
        }
        loop {
            if state.left == 0 {
                return None;
            }
            if let Some(Reverse(position)) = state.ready.pop() {
                state.left -= 1;
                if state.left == 0 {
                    self.bell.notify_all();
                }
                return Some(position);
            }
            state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives its room back.
    pub(crate) fn end(self) -> State {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out no more.
    pub(crate) fn close(&self) {
        self.state().left = 0;
        self.bell.notify_all();
    }
}
