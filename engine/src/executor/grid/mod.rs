//! Edge programs, by blocks of edges: see [`grid`](crate::exclusion::grid) for what blocks are and in which order they come.

mod queue;
#[cfg(test)]
mod queue_tests;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

use pulp::{Simd, WithSimd};
use rayon::ThreadPool;

use super::limits::Clock;
use super::{Hands, Settings, pool};
use crate::aggregate::{Over, Snapshot};
use crate::context::Context;
use crate::edge_program::{Block, EdgeProgram};
use crate::error::Error;
use crate::exclusion::grid::{Grid, Order, Parts};
use crate::exclusion::{Exclusion, Plan};
use crate::graph::Parts as GraphParts;
use crate::job::EdgeJob;
use crate::memory::{BlockCells, Column, SharedBlocks, Slots, Store, Taken};
use crate::outcome::{Outcome, Progress, Reason};
use crate::primitives::{AtomicUsize, Ordering::Relaxed};
use crate::scheduler::Phase;
use queue::{Queue, State};

/// A panic in a block.
type Fall = Mutex<Option<Box<dyn Any + Send>>>;

/// Runs an edge program until a condition ends it. A round is one pass over all blocks.
pub(crate) fn run<P: EdgeProgram>(
    mut settings: Settings<'_>,
    job: EdgeJob<'_, P>,
    plan: Plan,
) -> Result<Outcome, Error>
where
    <P::Edge as Store>::Element: Clone,
{
    let EdgeJob { graph, program, mut aggregate, mut observer, blocks, before, .. } = job;
    let GraphParts { topology, vertices, edges } = graph.parts();
    let pool = pool(plan.threads)?;
    let mut clock = Clock::start();
    let parts = Parts::of(topology, blocks);
    let grid = pool.install(|| Grid::new(topology, parts, settings.seed));
    let mut gathered = pool.install(|| grid.gathered(topology, edges.outgoing()));

    let mut hands = Hands::new(plan.threads, || Hand { scratch: program.scratch(), copies: None });
    let (mut order, mut state, mut taken) = (Order::default(), State::default(), Taken::default());
    let mut progress = Progress { residual: f64::NAN, ..Progress::default() };
    let mut fall = None;
    let mut global = P::Global::default();
    let reason = loop {
        progress.seconds = clock.pause();
        let last = (progress.rounds > 0).then_some(&progress);
        let broken = last.is_some_and(|progress| match observer.as_deref_mut() {
            Some(observer) => observer.round(progress, vertices).is_break(),
            None => false,
        });
        if broken {
            break Reason::Stopped;
        }
        if let Some(reason) = settings.reached(&progress) {
            break reason;
        }
        clock.resume();
        if grid.blocks().edges() == 0 {
            break Reason::Drained;
        }
        if let Some(aggregate) = &mut aggregate {
            if aggregate.over() == Over::Edges {
                grid.scatter(topology, &gathered, edges.outgoing_mut());
            }
            let (phase, isa) = (Phase::All, settings.isa);
            global = pool.install(|| aggregate.refresh(Snapshot { topology, vertices, edges, phase, isa }));
        }
        let round = before + progress.rounds;
        order.shuffle(parts, settings.seed, round);
        let cx = Context { global: &global, vertex: 0, round, topology, seed: settings.seed };
        let pass = Pass { program, cx, isa: settings.isa, grid: &grid, order: &order, pool: &pool };
        fall = match plan.exclusion {
            Some(Exclusion::Relaxed) => pass.shared(vertices, &mut gathered, &mut hands, &mut taken),
            _ => {
                let mut room = (&mut state, &mut taken);
                pass.apart::<false>(vertices, &mut gathered, &mut hands, &mut room).or_else(|| {
                    let settle = || pass.apart::<true>(vertices, &mut gathered, &mut hands, &mut room);
                    P::SETTLES.then(settle).flatten()
                })
            }
        };
        if fall.is_some() {
            break Reason::Stopped;
        }
        progress.rounds += 1;
        progress.updates += grid.blocks().edges() as u64;
        progress.active = grid.blocks().edges() as u64;
    };
    grid.scatter(topology, &gathered, edges.outgoing_mut());
    if let Some(payload) = fall {
        resume_unwind(payload);
    }
    progress.seconds = clock.pause();
    Ok(Outcome::new(reason, progress, plan))
}

/// What a worker keeps from pass to pass.
struct Hand<P: EdgeProgram> {
    scratch: P::Scratch,
    /// Room for both ends of an edge, where they are shared.
    copies: Option<Slots<P::Vertex>>,
}

/// One pass over all blocks.
struct Pass<'a, P: EdgeProgram> {
    program: &'a P,
    cx: Context<'a, P::Global>,
    isa: gasworks_kernels::Isa,
    grid: &'a Grid,
    order: &'a Order,
    pool: &'a ThreadPool,
}

impl<P: EdgeProgram> Pass<'_, P> {
    /// Each block once all before it that have a part in common with it are done, for its steps or to settle it; the payload of a panic.
    fn apart<const SETTLE: bool>(
        &self,
        vertices: &mut Column<P::Vertex>,
        edges: &mut Column<P::Edge>,
        hands: &mut Hands<Hand<P>>,
        (state, taken): &mut (&mut State, &mut Taken),
    ) -> Option<Box<dyn Any + Send>> {
        struct Visit<'a, 'b, P: EdgeProgram, const SETTLE: bool> {
            program: &'a P,
            cx: &'a Context<'a, P::Global>,
            block: &'a mut Block<'b, P>,
            scratch: &'a mut P::Scratch,
        }
        impl<P: EdgeProgram, const SETTLE: bool> WithSimd for Visit<'_, '_, P, SETTLE> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                let Visit { program, cx, block, scratch } = self;
                match SETTLE {
                    true => program.settle_block(simd, cx, block, scratch),
                    false => program.update_block(simd, cx, block, scratch),
                }
            }
        }

        let cells = BlockCells::new(self.grid.blocks(), taken, vertices.view_mut(), edges.view_mut());
        let is_bipartite = self.cx.topology.left().is_some();
        let queue = Queue::new(self.order.follow(), std::mem::take(&mut **state));
        let fall = Fall::new(None);
        hands.work(self.pool, |_, hand| {
            let work = || {
                let mut position = queue.next(None);
                while let Some(at) = position {
                    let held = cells.hold(self.order.blocks()[at as usize] as usize);
                    let mut block = Block::new(held, is_bipartite);
                    let (program, cx, scratch) = (self.program, &self.cx, &mut hand.scratch);
                    self.isa.dispatch(Visit::<P, SETTLE> { program, cx, block: &mut block, scratch });
                    drop(block);
                    position = queue.next(Some(at));
                }
            };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
                queue.close();
                note(&fall, payload);
            }
        });
        **state = queue.end();
        fall.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// All blocks, whoever is at their vertices; the payload of a panic.
    fn shared(
        &self,
        vertices: &mut Column<P::Vertex>,
        edges: &mut Column<P::Edge>,
        hands: &mut Hands<Hand<P>>,
        taken: &mut Taken,
    ) -> Option<Box<dyn Any + Send>> {
        struct Visit<'a, 'b, P: EdgeProgram> {
            program: &'a P,
            cx: &'a Context<'a, P::Global>,
            cells: &'a SharedBlocks<'b, P::Vertex, P::Edge>,
            block: usize,
            copies: &'a mut Slots<P::Vertex>,
            scratch: &'a mut P::Scratch,
        }
        impl<P: EdgeProgram> WithSimd for Visit<'_, '_, P> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) {
                self.cells.visit(self.block, self.copies, |vertex, position, source, edge, target| {
                    let cx = self.cx.of_edge(vertex, position);
                    self.program.update(&cx, source, edge, target, self.scratch);
                });
            }
        }

        let cells = SharedBlocks::new(self.grid.blocks(), taken, vertices.view_mut(), edges.view_mut());
        let (next, fall) = (AtomicUsize::new(0), Fall::new(None));
        let blocks = self.order.blocks();
        hands.work(self.pool, |_, hand| {
            let copies = hand.copies.get_or_insert_with(|| cells.copies());
            let mut work = || {
                while let Some(block) = blocks.get(next.fetch_add(1, Relaxed)) {
                    let (program, cx, scratch) = (self.program, &self.cx, &mut hand.scratch);
                    let visit = Visit { program, cx, cells: &cells, block: *block as usize, copies, scratch };
                    self.isa.dispatch(visit);
                }
            };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(&mut work)) {
                next.store(blocks.len(), Relaxed);
                note(&fall, payload);
            }
        });
        fall.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the first.
fn note(fall: &Fall, payload: Box<dyn Any + Send>) {
    fall.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(payload);
}
