//! What commands that factorize ratings share: where ratings come from and how they are parted, what is watched at each iteration, and where
//! factors go. A command adds its program, and how its rows are read.

mod data;
mod descent;
mod export;
mod judge;
mod output;
pub(super) mod quality;
mod rows;
mod start;
mod summary;
mod watch;

pub(super) use data::{Data, DataOptions, MeasuringOptions, check_choices, rated, ratings, read, sample};
pub(super) use descent::Descent;
pub(super) use export::Export;
pub(super) use judge::Judge;
pub(super) use output::OutputOptions;
pub(super) use rows::{Rows, started};
pub(super) use start::StartOptions;
pub(super) use summary::{show, table};
pub(super) use watch::{Loss, Watch, check_finite};
