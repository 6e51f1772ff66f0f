//! Where a run starts: at random, or from the rows of a model.

use std::path::PathBuf;

use clap::Args;
use gasworks::graph::{Graph, Ids};
use gasworks::programs::factorization::{Factorization, Settings, WarmStart};
use gasworks::{Data as GraphData, Row};

use super::super::error::Failure;
use super::super::events::Reporter;
use super::data::Data;
use super::rows::Rows;

#[derive(Args, Debug)]
pub(in super::super) struct StartOptions {
    /// Start from the rows of this model, not at random, for the users and items that it knows. What it learned from should not be measured on:
    /// hold out by the same --seed and --holdout, or name a file with --test
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    warm_start: Option<PathBuf>,
}

/// The model that a run of some settings starts from, if there is one.
pub(in super::super) struct Start(Option<(Factorization, Settings)>);

impl StartOptions {
    /// Reads the model; before any ratings, since a run with these settings may not be able to go on from it.
    pub(in super::super) fn read(&self, settings: Settings) -> Result<Start, Failure> {
        let Some(path) = &self.warm_start else { return Ok(Start(None)) };
        let model = Factorization::load(path)?;
        model.warm_start(&settings, &Ids::range(0), &Ids::range(0))?;
        Ok(Start(Some((model, settings))))
    }

    /// The model's name, for the start event.
    pub(in super::super) fn name(&self) -> Option<String> {
        self.warm_start.as_ref().map(|path| path.display().to_string())
    }
}

impl Start {
    /// The rows of the model for the users and items of a run.
    pub(in super::super) fn of(
        &self,
        data: &Data,
        reporter: &Reporter,
    ) -> Result<Option<WarmStart<'_>>, Failure> {
        let Some((model, settings)) = &self.0 else { return Ok(None) };
        let warm = model.warm_start(settings, &data.users, &data.items)?;
        let [users, items] = warm.known();
        reporter.say(format_args!(
            "{users} of {} users and {items} of {} items start from the model, the others at random",
            data.users.len(),
            data.items.len()
        ));
        Ok(Some(warm))
    }

    /// Puts the rows of the model where it has any.
    pub(in super::super) fn put<E: GraphData>(
        &self,
        program: &(impl Rows + Sync),
        data: &Data,
        graph: &mut Graph<Row<f32>, E>,
        reporter: &Reporter,
    ) -> Result<(), Failure> {
        let Some(warm) = self.of(data, reporter)? else { return Ok(()) };
        let users = data.users.len();
        graph.transform_vertices(|vertex, row| {
            if let (Some(factors), Some(bias)) = (warm.factors(vertex), warm.bias(vertex)) {
                program.put((vertex as usize) < users, factors, bias, row);
            }
        });
        Ok(())
    }
}
