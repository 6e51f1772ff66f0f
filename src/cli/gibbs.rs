//! `gasworks gibbs`: the marginals of a Markov random field, by sampling.

use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::graph::{Graph, Ids};
use gasworks::input::{Source, read_uai, read_uai_evidence, write_uai_marginals};
use gasworks::programs::markov_random_field::{
    Chains, Estimate, Gibbs as Sampler, MarkovRandomField, MarkovRandomFieldError,
};
use gasworks::{Column, Engine, Plan, Row, UpdateJob};
use serde_json::json;
use std::ops::ControlFlow;

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::graph::LISTED;
use super::options::RunOptions;
use super::order::{Defaults, Order};
use super::output::Output;
use super::run::{self, Ending, Run};

/// Estimate the marginals of a Markov random field or Bayesian network by Gibbs sampling
///
/// A visit draws the state of one variable from its distribution given its neighbors. Several chains run side by side from starts of their
/// own; the estimate is their mean, and how far any two are apart is told with it. Chains that disagree have not mixed: the states hold each other too
/// strongly, and more samples or another method are needed. That they agree proves nothing.
///
/// By default all variables are visited equally often, color by color. Under locks on several threads a worker may visit its variables over and over
/// while another one is held up, from which the estimates of small models suffer.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gasworks gibbs model.uai --evidence model.uai.evid --output marginals.tsv
  gasworks gibbs model.uai --burn-in 5000 --samples 50000 --output model.uai.MAR")]
pub(crate) struct Gibbs {
    /// A model in the format of the UAI competitions, MARKOV or BAYES; - is standard input
    model: PathBuf,
    /// What is observed, in the format of the UAI competitions [default: nothing]
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// Chains, each from a start of its own
    #[arg(long, value_name = "C", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    chains: u32,
    /// Visits of each variable before counting begins
    #[arg(long, value_name = "N", default_value_t = 1000)]
    burn_in: u32,
    /// Visits of each variable, in each chain, that are counted
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Iterations at most: visits of each variable [default: those of the burn-in and the samples]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Write the marginals: variable, tab, the probability of each of its states for each variable; in the format of the UAI competitions to a file whose name ends in .MAR. - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Who runs next unless `--scheduler` says. Sweeps under coloring visit all variables equally often.
const DEFAULTS: Defaults = Defaults { sync: None, asynchronous: "sweep", exclusion: None };

/// A difference between chains that the number of samples alone hardly explains.
const DISAGREEMENT: f64 = 0.05;

/// Events of a run, which has many short rounds.
const REPORTS: u64 = 100;

/// The engine over states and counts.
pub(crate) fn engine<'g>(
    graph: &'g mut Graph<Row<u32>, ()>,
    sampler: &'g Sampler<'g>,
    order: &Order,
) -> Result<Engine<'g, UpdateJob<'g, Sampler<'g>>>, Failure> {
    Ok(order.keep(Engine::updates(graph, sampler, order.scheduler_without_barriers()?)))
}

/// How such a run would be kept in order.
pub(crate) fn plan(order: &Order, threads: usize) -> Result<Plan, Failure> {
    let nothing = in_file(Path::new(""))(MarkovRandomField::new(Vec::new(), Vec::new()))?;
    let mut empty = in_file(Path::new(""))(nothing.graph(&[]))?;
    Ok(engine(&mut empty, &Sampler::new(&nothing), order)?.threads(threads).plan()?)
}

/// Names the file that a model came from.
pub(crate) fn in_file<T>(path: &Path) -> impl Fn(Result<T, MarkovRandomFieldError>) -> Result<T, Failure> {
    move |outcome| outcome.map_err(|error| Failure::MarkovRandomField { path: path.to_owned(), error })
}

impl Gibbs {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let run = Run::begin("gibbs", &self.run, DEFAULTS, plan)?;
        self.check(reporter)?;
        let (model, facts) = self.load(reporter)?;
        let chains = self.chains(&model)?;
        let sampler =
            Sampler { burn_in: self.burn_in, samples: self.samples, ..Sampler::new(chains.model()) };
        let name = Source::from_path(&self.model).name().to_owned();
        let mut graph = in_file(&name)(chains.graph(self.run.common.seed))?;
        let visits = u64::from(self.burn_in) + u64::from(self.samples);
        run.start(&graph, Some(self.iterations.map_or(visits, |most| most.min(visits))), facts, reporter)?;

        let each = (visits / REPORTS).max(1);
        let outcome = run.watched(
            reporter,
            |progress, vertices, reporter| {
                let score = log_score(chains.model(), vertices) / f64::from(self.chains);
                let metrics = Metrics::from_iter([("log_score".to_owned(), json!(score))]);
                let is_milestone = run::is_milestone(progress.rounds / each);
                reporter.progress(progress, metrics, &format!("log score {score:.3}"), is_milestone)?;
                Ok(ControlFlow::Continue(()))
            },
            |observer, limits| {
                let engine = engine(&mut graph, &sampler, &run.order)?.observer(observer);
                let look = each * chains.model().variables().max(1) as u64;
                Ok(limits.apply(engine, self.iterations).observe_every(look).run()?)
            },
        )?;
        let reason = run::ended(&outcome, reporter);

        let estimate = chains.estimate(&sampler, &graph);
        let (mut metrics, mut more) = (Metrics::new(), Metrics::new());
        match &estimate {
            None => reporter.note(
                "the run ended before every variable had a sample: there are no marginals, and nothing is written",
            ),
            Some(estimate) => {
                metrics.insert("disagreement".into(), json!((self.chains > 1).then_some(estimate.disagreement)));
                self.judge(estimate, reporter);
                self.show(estimate, reporter)?;
                more.insert("output".into(), json!(self.output.as_ref().map(Output::name)));
            }
        }
        run::finish(reporter, reason, &outcome, metrics, more)
    }

    /// What can be refused before anything is read.
    fn check(&self, reporter: &mut Reporter) -> Result<(), Failure> {
        let stdin = Path::new("-");
        if self.model == stdin && self.evidence.as_deref() == Some(stdin) {
            return Err(Failure::usage(
                "one input at most from standard input",
                "- for the model and for its evidence",
                "name a file for one of the two",
            ));
        }
        let inputs: Vec<&Path> =
            [Some(self.model.as_path()), self.evidence.as_deref()].into_iter().flatten().collect();
        self.output.as_ref().map_or(Ok(()), |output| output.check(&inputs, reporter))
    }

    /// The model with its evidence, and what the start event tells of it.
    fn load(&self, reporter: &mut Reporter) -> Result<(MarkovRandomField, Metrics), Failure> {
        let source = Source::from_path(&self.model);
        reporter.loading(source.name().display());
        let graph = read_uai(&source)?;
        let (variables, factors) = (graph.cardinalities.len(), graph.factors.len());
        reporter.read(source.name(), "uai", format_args!("{variables} variables, {factors} factors"));
        let evidence = match &self.evidence {
            None => Vec::new(),
            Some(path) => {
                let source = Source::from_path(path);
                let evidence = read_uai_evidence(&source, &graph)?;
                reporter.read(source.name(), "uai", format_args!("{} observed variables", evidence.len()));
                evidence
            }
        };
        let facts = json!({
            "variables": variables,
            "factors": factors,
            "observed": evidence.len(),
            "chains": self.chains,
            "burn_in": self.burn_in,
            "samples": self.samples,
        });
        let model = in_file(source.name())(MarkovRandomField::from_uai(graph, &evidence))?;
        Ok((model, facts.as_object().expect("an object").clone()))
    }

    fn chains(&self, model: &MarkovRandomField) -> Result<Chains, Failure> {
        let all = model.variables() as u64 * u64::from(self.chains);
        if all > Ids::MAX_LEN as u64 {
            let most = Ids::MAX_LEN / model.variables();
            let advice = "ask for fewer with --chains";
            return Err(Failure::usage(
                format!("at most {most} chains of this model"),
                self.chains.to_string(),
                advice,
            ));
        }
        Ok(Chains::new(model, self.chains))
    }

    /// Says how far the estimate is to be trusted.
    fn judge(&self, estimate: &Estimate, reporter: &Reporter) {
        let far = estimate.disagreement;
        match self.chains {
            1 => reporter.note("one chain cannot tell whether it has mixed; --chains 4 compares several"),
            chains if far <= DISAGREEMENT => {
                reporter.say(format_args!("no two of the {chains} chains are more than {far:.3} apart in any probability"));
            }
            chains => reporter.note(format_args!(
                "two of the {chains} chains are {far:.3} apart in some probability, so they have not settled on one answer: ask for more \
                 --samples and a longer --burn-in, and do not trust these marginals"
            )),
        }
    }

    /// Writes the marginals, or prints the first.
    fn show(&self, estimate: &Estimate, reporter: &mut Reporter) -> Result<(), Failure> {
        let marginals = &estimate.marginals;
        let text =
            |probabilities: &[f64]| probabilities.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
        match &self.output {
            Some(Output::File(path)) if is_mar(path) => {
                let output = Output::File(path.clone());
                output.write(reporter, |to| write_uai_marginals(marginals, to))?;
            }
            Some(output) => {
                let ids = Ids::range(marginals.len() as u32);
                output
                    .write_values(reporter, &ids, |v, to| write!(to, "{}", text(&marginals[v as usize])))?;
            }
            None if reporter.is_json() => {}
            None => {
                reporter.say("marginals:");
                for (variable, probabilities) in marginals.iter().enumerate().take(LISTED) {
                    let short: Vec<String> = probabilities.iter().map(|p| format!("{p:.4}")).collect();
                    reporter.line(format_args!("{variable}\t{}", short.join(" ")))?;
                }
                if marginals.len() > LISTED {
                    reporter.say(format_args!("and {} more; --output writes all", marginals.len() - LISTED));
                }
            }
        }
        Ok(())
    }
}

fn is_mar(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("mar"))
}

/// The logarithm of the product of all factors for the states that the chains are in.
fn log_score(model: &MarkovRandomField, vertices: &Column<Row<u32>>) -> f64 {
    let states: Vec<u32> = vertices.iter().map(|row| row[0]).collect();
    model.log_score(&states)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        gibbs: Gibbs,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Alone { gibbs } = Alone::parse_from(["gibbs", "model.uai"]);
        let nothing = MarkovRandomField::new(Vec::new(), Vec::new()).unwrap();
        let sampler = Sampler::new(&nothing);
        assert_eq!((gibbs.burn_in, gibbs.samples), (sampler.burn_in, sampler.samples));
    }

    #[test]
    fn a_mar_file_is_told_by_its_name() {
        assert!(
            is_mar(Path::new("x.uai.MAR")) && is_mar(Path::new("x.mar")) && !is_mar(Path::new("mar.tsv"))
        );
    }
}
