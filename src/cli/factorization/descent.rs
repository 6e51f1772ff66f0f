//! What `sgd` and `svdpp` do alike: passes of an edge program over explicit ratings, watched, and the model that comes of them.

use gasworks::graph::Graph;
use gasworks::programs::factorization::{Offset, Settings};
use gasworks::{EdgeProgram, Engine, Row};

use super::super::error::Failure;
use super::super::events::Reporter;
use super::super::grid::GridOptions;
use super::super::run::{self, Ending, Run};
use super::{Data, MeasuringOptions, OutputOptions, Rows, Watch, show, table};

/// A descent that has begun.
pub(in super::super) struct Descent<'a, P> {
    pub(in super::super) run: &'a Run<'a>,
    pub(in super::super) data: &'a Data,
    pub(in super::super) program: &'a P,
    /// What was subtracted from the ratings.
    pub(in super::super) subtracted: Offset,
    pub(in super::super) iterations: u64,
    pub(in super::super) grid: &'a GridOptions,
    pub(in super::super) measuring: &'a MeasuringOptions,
    pub(in super::super) output: &'a OutputOptions,
}

impl<P: Rows + EdgeProgram<Vertex = Row<f32>, Edge = f32>> Descent<'_, P> {
    /// Learns, writes what was asked for and shows how good it is. `settings` are those of a model whose factors are of so many passes.
    pub(in super::super) fn learn(
        self,
        mut graph: Graph<Row<f32>, f32>,
        settings: impl FnOnce(u64) -> Settings,
        reporter: &mut Reporter,
    ) -> Result<Ending, Failure> {
        let Descent { run, data, program, subtracted, iterations, grid, measuring, output } = self;
        let mut watch = Watch::new(data, program, subtracted, None, measuring);
        let outcome = run.watched(
            reporter,
            |progress, rows, reporter| watch.see(progress, rows, reporter),
            |observer, limits| {
                let engine = grid.apply(Engine::edges(&mut graph, program)).observer(observer);
                Ok(limits.apply(engine, Some(iterations)).run()?)
            },
        )?;
        let reason = if watch.stopped_early { "converged" } else { run::reason(outcome.reason) };
        run::summarize(reporter, reason, &outcome.progress);

        let kept = watch.kept(&outcome.progress);
        let model = data.model(watch.learned(graph), settings(kept))?;
        output.write(&model, reporter)?;
        show(output, &model, data, reporter, |reporter| table(measuring, &watch, reporter))?;
        run::finish(reporter, reason, &outcome, watch.final_metrics(kept), output.details(kept))
    }
}
