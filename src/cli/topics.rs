//! `gasworks topics`: what the topics of a saved model are about.

use std::path::PathBuf;

use clap::Args;
use gasworks::programs::lda::{Topic, TopicModel, TopicSettings};

use super::error::Failure;
use super::events::Reporter;
use super::lda::{Coherences, ViewOptions, share, show};
use super::options::Voice;
use super::run::Ending;

/// Show the topics of a topic model
///
/// Of each topic its share of all tokens, the words that tell most of it, and the documents that have most of it; the largest topics first.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gasworks lda articles/ --model articles.topics
  gasworks topics articles.topics --words 20 --relevance 1
  gasworks topics articles.topics --topic 7
  gasworks topics articles.topics --view topics.html")]
pub(crate) struct Topics {
    /// A model that `gasworks lda --model` wrote
    model: PathBuf,
    /// Only this one, in detail: a word and its probability a line, and how its documents begin
    #[arg(long, value_name = "K")]
    topic: Option<u16>,
    /// Words of each topic [default: 10, 30 of one alone]
    #[arg(long, value_name = "N")]
    words: Option<usize>,
    /// How words are ordered, from 0 to 1: 1 by their probability in the topic, less to favor words that are rare elsewhere (Sievert and Shirley 2014, who propose 0.6)
    #[arg(
        allow_negative_numbers = true, long, value_name = "R", default_value_t = TopicSettings::default().relevance,
        value_parser = share
    )]
    relevance: f64,
    /// Documents of each topic [default: 1, 10 of one alone]
    #[arg(long, value_name = "N")]
    documents: Option<usize>,
    #[command(flatten)]
    view: ViewOptions,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl Topics {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        self.view.check(&[&self.model], reporter)?;
        let model = TopicModel::load(&self.model)?;
        if let Some(topic) = self.topic
            && usize::from(topic) >= model.priors().topics()
        {
            return Err(Failure::usage(
                format!(
                    "--topic below {}, the number of topics of {}",
                    model.priors().topics(),
                    self.model.display()
                ),
                topic.to_string(),
                "name one of those that gasworks topics lists",
            ));
        }
        let (words, documents) = if self.topic.is_some() { (30, 10) } else { (10, 1) };
        let settings = TopicSettings {
            words: self.words.unwrap_or(words),
            relevance: self.relevance,
            documents: self.documents.unwrap_or(documents),
        };
        let coherences = Coherences::new(&model);
        let is_wanted = |topic: &Topic| self.topic.is_none_or(|one| usize::from(one) == topic.topic);
        for topic in model.describe(&settings).iter().filter(|topic| is_wanted(topic)) {
            match self.topic.is_some() && !reporter.is_json() {
                true => detail(topic, &model, reporter)?,
                false => show(topic, &model, &coherences, reporter)?,
            }
        }
        self.view.write(&model, &[&self.model], reporter)?;
        Ok(Ending::Done)
    }
}

/// One topic at length.
fn detail(topic: &Topic, model: &TopicModel, reporter: &mut Reporter) -> Result<(), Failure> {
    let tokens = model.totals()[topic.topic];
    reporter.line(format_args!(
        "topic {}: {:.1} % of all tokens, {tokens}",
        topic.topic,
        100.0 * topic.share
    ))?;
    reporter.line(format_args!("\n{:>11}  word", "probability"))?;
    for (word, probability) in &topic.words {
        reporter.line(format_args!("{probability:>11.5}  {}", model.texts().corpus.name(*word)))?;
    }
    reporter.line(format_args!("\n{:>11}  document", "share"))?;
    for (document, share) in &topic.documents {
        reporter.line(format_args!("{share:>11.3}  {}", model.title(*document)))?;
        let opening = model.texts().documents.get(*document as usize).map(|document| &document.opening);
        if let Some(opening) = opening.filter(|opening| !opening.is_empty()) {
            reporter.line(format_args!("{:13}{opening}", ""))?;
        }
    }
    Ok(())
}
