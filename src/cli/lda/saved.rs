//! Models that a run starts from and leaves, and documents that it does not see.

use std::path::{Path, PathBuf};

use clap::Args;
use gasworks::Data;
use gasworks::graph::Graph;
use gasworks::input::Texts;
use gasworks::programs::lda::{InferSettings, NO_TOPIC, Sampler, TopicModel, WordCut, hold_out};
use serde_json::json;

use super::super::error::Failure;
use super::super::events::{Metrics, Reporter};
use super::super::options;
use super::super::output::check_file;

#[derive(Args, Debug)]
pub(super) struct SavingOptions {
    /// Go on from this model. On the documents that it was trained on, read with the same options, each token keeps its topic, and passes count on: with the dense sampler and
    /// the same --seed, to the bits of a run that never stopped. Tokens of other documents get topics given the words of the model. The number of topics and the priors are those of
    /// the model unless said
    #[arg(long, value_name = "MODEL", help_heading = "Model", conflicts_with = "start")]
    warm_start: Option<PathBuf>,
    /// Share of the documents, chosen by the seed, to hold out and measure the perplexity on: half of the tokens of each are foretold from the other half
    /// [default: 0]
    #[arg(
        allow_negative_numbers = true, long, value_name = "SHARE", value_parser = options::share::<f64>,
        help_heading = "Measuring"
    )]
    holdout: Option<f64>,
    /// Write a model that `gasworks topics` and `gasworks infer` read; it is a safetensors file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    model: Option<PathBuf>,
}

/// A graph to run on, and the passes that went before.
pub(super) struct Begun<V: Data, E: Data> {
    pub(super) graph: Graph<V, E>,
    pub(super) texts: Texts,
    pub(super) after: u64,
}

impl SavingOptions {
    /// Refuses a file that cannot be written, or that is among the inputs, before anything is read.
    pub(super) fn check(&self, inputs: &[&Path], reporter: &mut Reporter) -> Result<(), Failure> {
        self.model.iter().try_for_each(|path| check_file(path, inputs, reporter))
    }

    /// Reads the model to go on from, before any documents: a run with so many topics may not be able to.
    pub(super) fn read(&self, topics: Option<u16>) -> Result<Option<TopicModel>, Failure> {
        let Some(path) = &self.warm_start else { return Ok(None) };
        let model = TopicModel::load(path)?;
        match topics {
            Some(topics) if usize::from(topics) != model.priors().topics() => Err(Failure::data(
                path,
                format!("{topics} topics, as --topics says"),
                model.priors().topics().to_string(),
                "leave --topics out, or start without the model",
            )),
            _ => Ok(Some(model)),
        }
    }

    /// The documents to learn from, and those that are held out.
    pub(super) fn part(&self, texts: Texts, seed: u64, reporter: &Reporter) -> (Texts, Option<Texts>) {
        let Some(share) = self.holdout.filter(|share| *share > 0.0) else { return (texts, None) };
        let (train, held) = hold_out(texts, share, seed);
        reporter.say(format_args!("{} documents are held out", held.corpus.documents.len()));
        (train, Some(held))
    }

    /// The graph of the documents, with the topics of a model if there is one.
    pub(super) fn begin<L: Sampler>(
        &self,
        program: &L,
        model: Option<&TopicModel>,
        texts: Texts,
        cut: Option<&WordCut>,
        seed: u64,
        reporter: &Reporter,
    ) -> Result<Begun<L::Vertex, L::Edge>, Failure> {
        let (Some(model), Some(path)) = (model, &self.warm_start) else {
            return Ok(Begun { graph: program.graph(&texts.corpus)?, texts, after: 0 });
        };
        let warm = model.warm_start(texts, cut.cloned(), seed).map_err(|error| of_model(path, error))?;
        let (graph, after) = (program.resume(&warm)?, warm.origin().passes);
        let known = warm.topics().iter().filter(|topic| **topic != NO_TOPIC).count();
        let texts = warm.into_texts();
        reporter.say(match after {
            0 => format!("{known} of {} tokens start with topics of the model", texts.corpus.tokens()),
            _ => format!("all tokens keep their topics of the model, after {after} passes"),
        });
        Ok(Begun { graph, texts, after })
    }

    pub(super) fn write(&self, model: &TopicModel, reporter: &Reporter) -> Result<(), Failure> {
        if let Some(path) = &self.model {
            model.save(path)?;
            reporter.say(format_args!("wrote {}", path.display()));
        }
        Ok(())
    }

    /// Measures on the documents that were held out, if there are any.
    pub(super) fn measure(
        &self,
        model: &TopicModel,
        held: Option<&Texts>,
        seed: u64,
        metrics: &mut Metrics,
        reporter: &mut Reporter,
    ) -> Result<(), Failure> {
        let Some(held) = held else { return Ok(()) };
        let unseen = model.renumber(&held.corpus)?;
        let found = model.held_out(&unseen, &InferSettings { seed, ..InferSettings::default() });
        let perplexity = found.perplexity();
        metrics.insert("perplexity".into(), json!(perplexity));
        metrics.insert("foretold_tokens".into(), found.tokens.into());
        if reporter.is_json() {
            return Ok(());
        }
        let (tokens, documents) = (found.tokens, unseen.len());
        reporter.line(format_args!(
            "perplexity {perplexity:.2}: {tokens} tokens of {documents} documents held out, foretold from the others of each"
        ))
    }

    /// The part of the last event that tells where the model is.
    pub(super) fn details(&self) -> Metrics {
        let path = self.model.as_ref().map(|path| path.display().to_string());
        Metrics::from_iter([("model".to_owned(), json!(path))])
    }

    /// The name of the model to go on from, for the start event.
    pub(super) fn warm_start(&self) -> Option<String> {
        self.warm_start.as_ref().map(|path| path.display().to_string())
    }
}

/// What does not fit to a model, with the model's name.
pub(in super::super) fn of_model(path: &Path, error: gasworks::Error) -> Failure {
    match error {
        gasworks::Error::Usage { expected, found, advice } => Failure::data(path, expected, found, advice),
        other => other.into(),
    }
}
