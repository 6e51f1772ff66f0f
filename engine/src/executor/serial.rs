//! One visit at a time, on the caller's thread: the executor that all others are measured and checked against.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use crate::context::Context;
use crate::edge_program::{Block, EdgeProgram};
use crate::executor::Settings;
use crate::executor::limits::Clock;
use crate::graph::Parts;
use crate::job::{EdgeJob, UpdateJob};
use crate::outcome::{Outcome, Progress, Reason};
use crate::scheduler::Task;
use crate::scope::Scope;
use crate::update::UpdateFunction;

/// Runs an update function in the order of its scheduler. A round is as many visits as there are vertices.
pub(crate) fn updates<P: UpdateFunction>(mut settings: Settings<'_>, job: UpdateJob<'_, P>) -> Outcome
where
    <P::Edge as crate::memory::Store>::Element: Clone,
{
    let UpdateJob { graph, function, mut scheduler, start } = job;
    let Parts { topology, vertices, edges } = graph.parts();
    let mut clock = Clock::start();
    let n = topology.vertices();
    scheduler.start(n, 1);
    let task = |vertex| Task { vertex, priority: 1.0 };
    match start {
        Some(start) => scheduler.schedule(&start.into_iter().map(task).collect::<Vec<_>>()),
        None => scheduler.schedule(&(0..n as u32).map(task).collect::<Vec<_>>()),
    }
    let in_to_out = topology.in_to_out();
    let global = P::Global::default();
    let (mut scratch, mut signals, mut batch) = (function.scratch(), Vec::new(), Vec::new());
    let mut visits = vec![0u64; n];
    let mut progress = Progress::default();
    // Of the round under way; of the last one it is known when the round is over.
    let mut residual = 0.0;
    let reason = loop {
        progress.seconds = clock.pause();
        if let Some(reason) = settings.reached(&progress) {
            break reason;
        }
        clock.resume();
        batch.clear();
        scheduler.next(0, &mut batch);
        if batch.is_empty() {
            break Reason::Drained;
        }
        for vertex in batch.drain(..) {
            let round = visits[vertex as usize];
            visits[vertex as usize] += 1;
            let cx = Context { global: &global, vertex, round, topology, seed: settings.seed };
            let mut scope = Scope {
                at: vertex,
                topology,
                vertices: vertices.view_mut(),
                edges: edges.outgoing_mut().view_mut(),
                in_to_out: &in_to_out,
                signals: &mut signals,
                residual: &mut residual,
                model: PhantomData,
            };
            function.update(&cx, &mut scope, &mut scratch);
            progress.updates += 1;
            progress.signalled += u64::from(!signals.is_empty());
            scheduler.schedule(&signals);
            signals.clear();
        }
        progress.active = progress.updates;
        let rounds = progress.updates / n as u64;
        if rounds > progress.rounds {
            progress.residual = std::mem::take(&mut residual);
            progress.rounds = rounds;
        }
    };
    edges.refresh(&in_to_out);
    progress.seconds = clock.pause();
    Outcome { reason, progress }
}

/// Runs an edge program over all edges, by source and then target. A round is one pass.
pub(crate) fn edges<P: EdgeProgram>(mut settings: Settings<'_>, job: EdgeJob<'_, P>) -> Outcome
where
    <P::Edge as crate::memory::Store>::Element: Clone,
{
    struct Pass<'a, P: EdgeProgram> {
        program: &'a P,
        cx: Context<'a, P::Global>,
        block: Block<'a, P>,
        scratch: &'a mut P::Scratch,
    }
    impl<P: EdgeProgram> WithSimd for Pass<'_, P> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(mut self, simd: S) {
            self.program.update_block(simd, &self.cx, &mut self.block, self.scratch);
        }
    }

    let EdgeJob { graph, program } = job;
    let Parts { topology, vertices, edges } = graph.parts();
    let mut clock = Clock::start();
    let global = P::Global::default();
    let mut scratch = program.scratch();
    let mut progress = Progress { residual: f64::NAN, ..Progress::default() };
    let reason = loop {
        progress.seconds = clock.pause();
        if let Some(reason) = settings.reached(&progress) {
            break reason;
        }
        clock.resume();
        if topology.edges() == 0 {
            break Reason::Drained;
        }
        let cx =
            Context { global: &global, vertex: 0, round: progress.rounds, topology, seed: settings.seed };
        let block = Block::new(topology, vertices.view_mut(), edges.outgoing_mut().view_mut());
        settings.isa.dispatch(Pass { program, cx, block, scratch: &mut scratch });
        progress.rounds += 1;
        progress.updates += topology.edges() as u64;
        progress.active = topology.edges() as u64;
    };
    edges.refresh(&topology.in_to_out());
    progress.seconds = clock.pause();
    Outcome { reason, progress }
}
