//! Commands and what they share. One file a command; options that several take are in [`options`].

mod als;
mod bfs;
mod bpr;
mod catalog;
mod ccd;
mod color;
mod communities;
mod components;
mod convert;
mod error;
mod evaluate;
mod events;
mod factorization;
mod fold_in;
mod generate;
mod gibbs;
mod graph;
mod grid;
mod hits;
mod infer;
mod inspect;
mod kcore;
mod lab;
mod lasso;
mod lda;
mod lists;
mod nmf;
mod options;
mod order;
mod output;
mod pagerank;
mod predict;
mod recommend;
mod run;
mod sgd;
mod similar;
mod specialist;
mod sssp;
mod svd;
mod svdpp;
mod topics;
mod triangles;
mod tune;
mod vertex_order;

use clap::{Parser, Subcommand};

pub(crate) use error::Failure;
pub(crate) use events::Reporter;
pub(crate) use run::Ending;

use options::{Common, Voice};

/// Graph-parallel machine learning and graph analytics: gather, apply, scatter on every core.
///
/// Inputs are text files, plain, gzip or zstd, or graphs that convert wrote; - is standard input. Their format is told from their content. Results go to
/// standard output, progress and notes to standard error. With barriers, and under exclusion by coloring or a grid, the same seed gives the same
/// bits for every number of threads.
#[derive(Debug, Parser)]
#[command(name = "gasworks", version, about, max_term_width = 110, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  gasworks als                                     learn from the MovieLens sample, recommend movies
  gasworks als ratings.csv --model movies.model    learn from your own ratings
  gasworks recommend movies.model --user 42
  gasworks pagerank graph.txt --output ranks.tsv

Exit codes: 0 done, 2 usage, 65 bad data, 66 no such input, 74 reading or writing failed,
70 an auditor found a bug in the engine, 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    Als(als::Als),
    Sgd(sgd::Sgd),
    Svdpp(svdpp::Svdpp),
    Ccd(ccd::Ccd),
    Nmf(nmf::Nmf),
    Svd(svd::Svd),
    Bpr(bpr::Bpr),
    Lda(lda::Lda),
    Topics(topics::Topics),
    Infer(infer::Infer),
    Recommend(recommend::Recommend),
    Similar(similar::Similar),
    Predict(predict::Predict),
    Evaluate(evaluate::Evaluate),
    Pagerank(pagerank::Pagerank),
    Hits(hits::HubsAndAuthorities),
    Components(components::Components),
    Bfs(bfs::Bfs),
    Sssp(sssp::Sssp),
    Triangles(triangles::Triangles),
    Color(color::Color),
    Kcore(kcore::Kcore),
    Communities(communities::Communities),
    Gibbs(gibbs::Gibbs),
    Lasso(lasso::Lasso),
    Convert(convert::Convert),
    Inspect(inspect::Inspect),
    Schedulers(catalog::Schedulers),
    Exclusions(catalog::Exclusions),
    Generate(generate::Generate),
    Lab(lab::Lab),
    Tune(tune::Tune),
}

impl Cli {
    /// How the command wants to be heard.
    pub(crate) fn voice(&self) -> Voice {
        match &self.command {
            Command::Als(command) => command.run.voice,
            Command::Sgd(command) => command.voice,
            Command::Svdpp(command) => command.voice,
            Command::Ccd(command) => command.run.voice,
            Command::Nmf(command) => command.run.voice,
            Command::Svd(command) => command.voice,
            Command::Bpr(command) => command.voice,
            Command::Lda(command) => command.voice,
            Command::Topics(command) => command.voice,
            Command::Infer(command) => command.voice,
            Command::Recommend(command) => command.voice,
            Command::Similar(command) => command.voice,
            Command::Predict(command) => command.voice,
            Command::Evaluate(command) => command.voice,
            Command::Pagerank(command) => command.run.voice,
            Command::Hits(command) => command.voice,
            Command::Components(command) => command.run.voice,
            Command::Bfs(command) => command.voice,
            Command::Sssp(command) => command.run.voice,
            Command::Triangles(command) => command.voice,
            Command::Color(command) => command.run.voice,
            Command::Kcore(command) => command.run.voice,
            Command::Communities(command) => command.run.voice,
            Command::Gibbs(command) => command.run.voice,
            Command::Lasso(command) => command.run.voice,
            Command::Convert(command) => command.voice,
            Command::Inspect(command) => command.voice,
            Command::Schedulers(command) => command.voice,
            Command::Exclusions(command) => command.voice,
            Command::Generate(command) => command.voice(),
            Command::Lab(command) => command.voice,
            Command::Tune(command) => command.voice,
        }
    }

    /// The options of the engine, for commands that run it.
    fn engine(&self) -> Option<&Common> {
        match &self.command {
            Command::Als(command) => Some(&command.run.common),
            Command::Sgd(command) => Some(&command.common),
            Command::Svdpp(command) => Some(&command.common),
            Command::Ccd(command) => Some(&command.run.common),
            Command::Nmf(command) => Some(&command.run.common),
            Command::Svd(command) => Some(&command.common),
            Command::Bpr(command) => Some(&command.common),
            Command::Lda(command) => Some(&command.common),
            Command::Pagerank(command) => Some(&command.run.common),
            Command::Hits(command) => Some(&command.common),
            Command::Components(command) => Some(&command.run.common),
            Command::Bfs(command) => Some(&command.common),
            Command::Sssp(command) => Some(&command.run.common),
            Command::Triangles(command) => Some(&command.common),
            Command::Color(command) => Some(&command.run.common),
            Command::Kcore(command) => Some(&command.run.common),
            Command::Communities(command) => Some(&command.run.common),
            Command::Gibbs(command) => Some(&command.run.common),
            Command::Lasso(command) => Some(&command.run.common),
            _ => None,
        }
    }

    /// Runs the command.
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        if let Some(options) = self.engine() {
            run::use_threads(options.threads())?;
        }
        match &self.command {
            Command::Als(command) => command.run(reporter),
            Command::Sgd(command) => command.run(reporter),
            Command::Svdpp(command) => command.run(reporter),
            Command::Ccd(command) => command.run(reporter),
            Command::Nmf(command) => command.run(reporter),
            Command::Svd(command) => command.run(reporter),
            Command::Bpr(command) => command.run(reporter),
            Command::Lda(command) => command.run(reporter),
            Command::Topics(command) => command.run(reporter),
            Command::Infer(command) => command.run(reporter),
            Command::Recommend(command) => command.run(reporter),
            Command::Similar(command) => command.run(reporter),
            Command::Predict(command) => command.run(reporter),
            Command::Evaluate(command) => command.run(reporter),
            Command::Pagerank(command) => command.run(reporter),
            Command::Hits(command) => command.run(reporter),
            Command::Components(command) => command.run(reporter),
            Command::Bfs(command) => command.run(reporter),
            Command::Sssp(command) => command.run(reporter),
            Command::Triangles(command) => command.run(reporter),
            Command::Color(command) => command.run(reporter),
            Command::Kcore(command) => command.run(reporter),
            Command::Communities(command) => command.run(reporter),
            Command::Gibbs(command) => command.run(reporter),
            Command::Lasso(command) => command.run(reporter),
            Command::Convert(command) => command.run(reporter),
            Command::Inspect(command) => command.run(reporter),
            Command::Schedulers(command) => command.run(reporter),
            Command::Exclusions(command) => command.run(reporter),
            Command::Generate(command) => command.run(reporter),
            Command::Lab(command) => command.run(reporter),
            Command::Tune(command) => command.run(reporter),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn options_do_not_collide() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}
