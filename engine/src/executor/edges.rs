//! Edge programs: all edges in one block, on the caller's thread.

use pulp::{Simd, WithSimd};

use crate::consistency::Model;
use crate::context::Context;
use crate::edge_program::{Block, EdgeProgram};
use crate::exclusion::{Exclusion, Plan, Visibility};
use crate::executor::Settings;
use crate::executor::limits::Clock;
use crate::graph::Parts;
use crate::job::EdgeJob;
use crate::outcome::{Outcome, Progress, Reason};

/// Runs an edge program over all edges, by source and then target. A round is one pass.
pub(crate) fn run<P: EdgeProgram>(mut settings: Settings<'_>, job: EdgeJob<'_, P>) -> Outcome
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
    let plan = Plan {
        visibility: Visibility::Immediate,
        consistency: Some(Model::Full),
        exclusion: Some(Exclusion::Serial),
        threads: 1,
    };
    Outcome::new(reason, progress, plan)
}
