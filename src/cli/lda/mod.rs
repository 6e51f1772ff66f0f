//! `gasworks lda`: topics of documents.

mod coherence;
mod input;
mod learning;
mod sampler;
mod saved;
mod view;
mod words;

use std::cell::RefCell;
use std::ops::ControlFlow;

use clap::Args;
use gasworks::graph::Graph;
use gasworks::input::{Corpus, Texts};
use gasworks::programs::lda::{
    Lda as Program, MetropolisLda, Origin, Priors, Sampler, SparseLda, Start, Topic, TopicModel,
    TopicSettings, WordCut,
};
use gasworks::{Column, Engine, Plan, Progress};
use serde_json::{Value, json};

use super::error::Failure;
use super::events::{Metrics, Reporter};
use super::grid::GridOptions;
use super::options::{Common, Voice, names};
use super::run::{self, Ending, Run};
use learning::LearningOptions;
use sampler::{Kind, SamplerOptions};
use saved::{Begun, SavingOptions};
use words::WordOptions;

pub(super) use coherence::Coherences;
pub(super) use input::{DocumentOptions, Read};
pub(super) use saved::of_model;
pub(super) use view::ViewOptions;
pub(super) use words::share;

/// Find topics of documents, by latent Dirichlet allocation
///
/// A topic is a distribution over words, and a document mixes some. Each token of each document has a topic; a pass draws all of them anew, each
/// from its distribution given all others (collapsed Gibbs sampling), by blocks of tokens without a common document or word; --sampler has another way. At the end, the most probable words
/// of each topic are printed, and the document that has most of it.
#[derive(Args, Debug)]
#[command(
    after_help = AFTER_HELP,
    mut_arg("threads", |arg| arg.help("Threads to run on; results do not depend on it [default: all cores]")),
    mut_arg("seed", |arg| arg.help("Seed of all random numbers: the same seed gives the same bits")),
    mut_arg("max_updates", |arg| arg.help("Stop after the pass in which so many topics are drawn [default: no limit]")),
    mut_arg("max_seconds", |arg| arg.help(
        "Stop after the pass in which so many seconds of computing are over, loading not counted [default: no limit]"
    )),
    mut_arg("blocks", |arg| arg.help(
        "Parts that documents and words are cut into: the tokens between two parts are a block, and a pass takes the blocks in an order of its own. The result depends on it [default: by the number of tokens, from 8,8 to 256,256]"
    )),
    mut_arg("exclusion", |arg| arg.help(
        "How draws are kept apart. grid: blocks without a common document or word run at once; serial: one block after the other, to the same bits"
    ))
)]
pub(crate) struct Lda {
    #[command(flatten)]
    documents: DocumentOptions,
    #[command(flatten)]
    words_of_texts: WordOptions,

    /// Topics; with --warm-start, as many as the model has [default: 20]
    #[arg(
        long, short = 'k', value_name = "K", value_parser = clap::value_parser!(u16).range(1..),
        help_heading = "Model"
    )]
    topics: Option<u16>,
    /// How many tokens' worth each topic has in a document beforehand: small values give documents of few topics [default: 5 divided by the topics]
    #[arg(allow_negative_numbers = true, long, value_name = "A", value_parser = prior, help_heading = "Model")]
    alpha: Option<f64>,
    /// How many tokens' worth each word has in a topic beforehand: small values give topics of few words [default: 0.01]
    #[arg(allow_negative_numbers = true, long, value_name = "B", value_parser = prior, help_heading = "Model")]
    beta: Option<f64>,
    #[command(flatten)]
    sampler: SamplerOptions,
    #[command(flatten)]
    learning: LearningOptions,
    /// Passes over all documents at most
    #[arg(
        long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Model"
    )]
    iterations: u64,
    /// How tokens get their first topics. growing: a few documents in many passes, or a quarter in some where they are short and topics many, then more and more of them, each token given those that have a topic; sequential: each given
    /// those before it; random
    #[arg(
        long, value_name = "KIND", default_value = "growing", hide_possible_values = true,
        value_parser = names([("growing", Begin::Growing), ("sequential", Begin::Sequential), ("random", Begin::Random)]),
        help_heading = "Model"
    )]
    start: Begin,

    /// Words of each topic to print
    #[arg(long, value_name = "N", default_value_t = TopicSettings::default().words, help_heading = "Output")]
    words: usize,
    /// How words are ordered, from 0 to 1: 1 by their probability in the topic, less to favor words that are rare elsewhere (Sievert and Shirley 2014, who propose 0.6)
    #[arg(
        allow_negative_numbers = true, long, value_name = "R", default_value_t = TopicSettings::default().relevance,
        value_parser = share, help_heading = "Output"
    )]
    relevance: f64,
    #[command(flatten)]
    saving: SavingOptions,
    #[command(flatten)]
    view: ViewOptions,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    grid: GridOptions,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

/// What a run learns from.
struct Documents {
    texts: Texts,
    cut: Option<WordCut>,
    /// Those that it does not see.
    held: Option<Texts>,
    /// A model to go on from.
    warm: Option<TopicModel>,
    kind: Kind,
}

/// How tokens get their first topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    Growing,
    Sequential,
    Random,
}

const AFTER_HELP: &str = "\
Examples:
  gasworks lda                                          topics of passages of four books
  gasworks lda articles/ --topics 50 --min-documents 5
  gasworks lda articles/ --view topics.html             a page to look at topics in
  gasworks lda articles/ --optimize-interval 10         learn how much of each topic there is
  gasworks lda reviews.jsonl --split json:body --title id
  gasworks lda docword.nips.txt --vocab vocab.nips.txt --topics 100
  gasworks lda articles/ --model articles.topics --holdout 0.1
  gasworks lda articles/ --warm-start articles.topics --iterations 50";

/// The sum of alpha over all topics, unless somebody says: a document of the sample has about 80 tokens.
const ALPHA: f64 = 5.0;
/// Topics, unless somebody says.
const TOPICS: u16 = 20;
/// Passes from one look at the likelihood to the next, besides those that a log shows.
const LOOK: u64 = 10;

fn prior(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && *number <= 1e6);
    number.ok_or_else(|| "expected a number above 0, such as 0.1".into())
}

impl Lda {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        let order = self.sampler.order(&self.grid, self.start)?;
        let run =
            Run::in_order("lda", &self.common, order, |_, threads| match self.sampler.is_metropolis() {
                true => self.plan::<MetropolisLda>(threads),
                false => self.plan::<Program>(threads),
            })?;
        self.saving.check(&self.documents.inputs(), reporter)?;
        self.view.check(&self.documents.inputs(), reporter)?;
        let warm = self.saving.read(self.topics)?;
        let Read { texts, cut } =
            self.documents.read(|documents| self.words_of_texts.options(documents), reporter)?;
        let (texts, held) = self.saving.part(texts, self.common.seed, reporter);
        let priors = self.priors(&texts.corpus, warm.as_ref());
        let kind = self.sampler.kind(&texts.corpus, priors.topics());
        reporter.say(format_args!("{} topics, drawn by the {} sampler", priors.topics(), kind.name()));
        let documents = Documents { texts, cut, held, warm, kind };
        match kind {
            Kind::Dense => self.learn::<Program>(priors, documents, &run, reporter),
            Kind::Sparse => self.learn::<SparseLda>(priors, documents, &run, reporter),
            Kind::Metropolis => self.learn::<MetropolisLda>(priors, documents, &run, reporter),
        }
    }

    /// How a run would be kept in order.
    fn plan<L: Sampler>(&self, threads: usize) -> Result<Plan, Failure> {
        let none = Corpus::default();
        let program = L::with_priors(Priors::new(1, &none));
        let mut empty = program.graph(&none)?;
        Ok(self.engine(&mut empty, &program).threads(threads).plan()?)
    }

    fn learn<L: Sampler + Clone>(
        &self,
        priors: Priors,
        documents: Documents,
        run: &Run<'_>,
        reporter: &mut Reporter,
    ) -> Result<Ending, Failure> {
        let Documents { texts, cut, held, warm, kind } = documents;
        let program: L = self.program(priors, &texts.corpus, warm.is_some());
        let Begun { mut graph, texts, after } =
            self.saving.begin(&program, warm.as_ref(), texts, cut.as_ref(), self.common.seed, reporter)?;
        run.start(&graph, Some(self.iterations), self.details(&texts.corpus, &program, kind), reporter)?;

        // Until all documents take part, passes are no iterations.
        let (before, program) = (program.first_passes() - 1, RefCell::new(program));
        let (tokens, topology) = (texts.corpus.tokens() as f64, graph.topology().clone());
        let (mut last, mut metrics, mut text) = (0.0, Metrics::new(), String::new());
        let outcome = run.watched(
            reporter,
            |progress: &Progress, counts: &Column<L::Vertex>, reporter| {
                let lap = progress.seconds - std::mem::replace(&mut last, progress.seconds);
                let Some(iteration) = progress.rounds.checked_sub(before).filter(|rounds| *rounds > 0) else {
                    reporter.step("starting");
                    return Ok(ControlFlow::Continue(()));
                };
                let is_milestone = run::is_milestone(iteration);
                metrics = Metrics::from_iter([("tokens_per_second".to_owned(), (tokens / lap).into())]);
                if is_milestone || iteration.is_multiple_of(LOOK) || iteration == self.iterations {
                    let likelihood = program.borrow().likelihood(&topology, counts).per_token();
                    metrics.insert("log_likelihood_per_token".into(), likelihood.into());
                    text = format!("log-likelihood a token {likelihood:.4}");
                }
                let progress = Progress { rounds: iteration, ..*progress };
                reporter.progress(&progress, metrics.clone(), &text, is_milestone)?;
                Ok(ControlFlow::Continue(()))
            },
            |observer, limits| self.learning.run(self, &mut graph, &program, after, observer, limits),
        )?;
        let passes = outcome.progress.rounds;
        let rounds = passes.saturating_sub(before);
        let outcome = gasworks::Outcome { progress: Progress { rounds, ..outcome.progress }, ..outcome };
        let reason = run::ended(&outcome, reporter);

        let settings = TopicSettings { words: self.words, relevance: self.relevance, documents: 1 };
        let origin = Origin { cut, passes: after + passes, seed: self.common.seed };
        let model = program.into_inner().model(&graph, texts).with_origin(origin);
        drop(graph);
        self.saving.write(&model, reporter)?;
        let coherences = Coherences::new(&model);
        for topic in &model.describe(&settings) {
            show(topic, &model, &coherences, reporter)?;
        }
        let likelihood = model.likelihood().per_token();
        metrics.insert("log_likelihood_per_token".into(), likelihood.into());
        coherences.finish(&mut metrics, reporter);
        self.saving.measure(&model, held.as_ref(), self.common.seed, &mut metrics, reporter)?;
        let mut more = self.saving.details();
        self.learning.tell(&model, &mut more, reporter);
        let view = self.view.write(&model, &self.documents.paths(), reporter)?;
        more.extend(view.map(|path| ("view".to_owned(), path.into())));
        run::finish(reporter, reason, &outcome, metrics, more)
    }

    fn program<L: Sampler>(&self, priors: Priors, corpus: &Corpus, is_warm: bool) -> L {
        let start = match self.start {
            // All tokens that can have a topic have one.
            _ if is_warm => return L::with_priors(priors),
            Begin::Growing => Start::growing_for(&priors, corpus),
            Begin::Sequential => Start::Sequential,
            Begin::Random => Start::Random,
        };
        L::with_priors(priors).starting(&start, corpus.documents.len(), self.common.seed)
    }

    /// Those that the options say; what they leave open is as in the model to go on from.
    fn priors(&self, corpus: &Corpus, warm: Option<&TopicModel>) -> Priors {
        let topics = self.topics.map_or(TOPICS.into(), usize::from);
        let topics = warm.map_or(topics, |model| model.priors().topics());
        let priors = Priors::new(topics, corpus);
        let priors = match (self.alpha, warm) {
            (None, Some(model)) => priors.with_alpha(model.priors().alpha()),
            (alpha, _) => priors.with_alpha(&vec![alpha.unwrap_or(ALPHA / topics as f64); topics]),
        };
        match self.beta.or(warm.map(|model| model.priors().beta())) {
            Some(beta) => priors.with_beta(beta),
            None => priors,
        }
    }

    fn engine<'g, L: Sampler>(
        &self,
        graph: &'g mut Graph<L::Vertex, L::Edge>,
        program: &'g L,
    ) -> Engine<'g, L::Job<'g>> {
        let engine = program.engine(graph, self.grid.blocks());
        // Where there are no blocks, the program knows.
        if self.sampler.is_metropolis() { engine } else { self.grid.exclude(engine) }
    }

    /// The part of the start event that only this command has.
    fn details<L: Sampler>(&self, corpus: &Corpus, program: &L, kind: Kind) -> Metrics {
        let alpha = program.priors().alpha();
        let is_even = alpha.iter().all(|one| *one == alpha[0]);
        let mean = alpha.iter().sum::<f64>() / alpha.len() as f64;
        let details = json!({
            "documents": corpus.documents.len(),
            "words": corpus.words.len(),
            "tokens": corpus.tokens(),
            "topics": alpha.len(),
            "sampler": kind.name(),
            "alpha": if is_even { alpha[0] } else { mean },
            "beta": program.priors().beta(),
            "first_topics": format!("{:?}", self.start).to_lowercase(),
            "first_passes": program.first_passes(),
            "blocks": self.grid.blocks().or(program.parts(corpus.tokens())),
            "warm_start": self.saving.warm_start(),
        });
        let mut details = details.as_object().expect("an object").clone();
        self.learning.details(&mut details);
        details
    }
}

/// One topic, for people or as an event.
pub(super) fn show(
    topic: &Topic,
    model: &TopicModel,
    coherences: &Coherences,
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    let words: Vec<String> = topic.words.iter().map(|(word, _)| model.texts().corpus.name(*word)).collect();
    let title = |document: u32| model.title(document);
    if reporter.is_json() {
        let word = |(name, (_, probability)): (&String, &(u32, f64))| json!({ "word": name, "probability": probability });
        let document = |(document, share): &(u32, f64)| json!({ "title": title(*document), "share": share });
        return reporter.event(json!({
            "event": "topic",
            "topic": topic.topic,
            "share": topic.share,
            "alpha": model.priors().alpha()[topic.topic],
            "coherence": coherences.of(topic.topic),
            "words": words.iter().zip(&topic.words).map(word).collect::<Vec<Value>>(),
            "documents": topic.documents.iter().map(document).collect::<Vec<Value>>(),
        }));
    }
    let share = 100.0 * topic.share;
    reporter.line(format_args!("topic {:<4} {share:>5.1} %  {}", topic.topic, words.join(" ")))?;
    let coherence = coherences.text(topic.topic);
    for (document, share) in &topic.documents {
        let share = 100.0 * share;
        reporter.line(format_args!("{:19}most of it: {} ({share:.0} %){coherence}", "", title(*document)))?;
    }
    Ok(())
}
