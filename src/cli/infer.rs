//! `gasworks infer`: topics of documents that a topic model was not trained on.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use gasworks::input::{Documents, TextOptions, Tokens};
use gasworks::programs::lda::{InferSettings, Inferred, TopicModel, TopicSettings, Unseen};
use serde_json::{Value, json};

use super::error::Failure;
use super::events::Reporter;
use super::lda::{DocumentOptions, Read, of_model};
use super::options::{Voice, names, threads};
use super::output::Output;
use super::run::{Ending, use_threads};

/// Find the topics of documents that a topic model was not trained on
///
/// Texts are cut into words as those of the model were. Words that the model does not know are left out, and it is said how many; a document without any
/// word that it knows has no topics of its own. Topics of tokens are drawn with the distributions of words as they are in the model, and shares are means over the last
/// half of the passes.
#[derive(Args, Debug)]
#[command(
    after_help = "\
Examples:
  gasworks lda articles/ --model articles.topics
  gasworks infer articles.topics news/ --output shares.tsv
  gasworks infer articles.topics news.jsonl --split json:body --title id --top 5
  gasworks infer articles.topics news/ --perplexity",
    mut_arg("documents", |arg| arg.required(true).help(
        "Texts: files, or folders of files; or one file of word counts, as UCI or LDA-C has them; - is standard input"
    ))
)]
pub(crate) struct Infer {
    /// A model that `gasworks lda --model` wrote
    model: PathBuf,
    #[command(flatten)]
    documents: DocumentOptions,
    /// What a word is: unicode or blanks [default: as in the model]
    #[arg(
        long, value_name = "KIND", hide_possible_values = true,
        value_parser = names([("unicode", Tokens::Unicode), ("blanks", Tokens::Blanks)]), help_heading = "Words"
    )]
    tokens: Option<Tokens>,
    /// Characters of a word at least [default: as in the model]
    #[arg(long, value_name = "N", help_heading = "Words")]
    shortest: Option<usize>,
    /// Passes over each document
    #[arg(
        long, value_name = "N", default_value_t = InferSettings::default().passes,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    passes: u32,
    /// Seed of all random numbers: the same seed gives the same bits
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Threads to run on; results do not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<usize>,
    /// Topics of each document to print, the largest
    #[arg(long, value_name = "N", default_value_t = 3)]
    top: usize,
    /// Write the shares of all topics here, one document a line: its title, then the shares with tabs between; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<Output>,
    /// Measure instead: the perplexity of half of the tokens of each document, foretold from the other half
    #[arg(long, conflicts_with_all = ["output", "top"])]
    perplexity: bool,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

impl Infer {
    pub(crate) fn run(&self, reporter: &mut Reporter) -> Result<Ending, Failure> {
        if let Some(threads) = self.threads {
            use_threads(threads)?;
        }
        if let Some(output) = &self.output {
            let inputs = self.documents.inputs();
            output.check(&[&[self.model.as_path()][..], &inputs].concat(), reporter)?;
        }
        let model = TopicModel::load(&self.model)?;
        let Read { texts, .. } =
            self.documents.read(|documents| Ok(self.cut(&model, documents)), reporter)?;
        let unseen = model.renumber(&texts.corpus).map_err(|error| of_model(&self.model, error))?;
        if unseen.unknown_tokens() > 0 {
            reporter.note(format_args!(
                "{} words, with {} of {} tokens, are unknown to the model and left out",
                unseen.unknown_words(),
                unseen.unknown_tokens(),
                unseen.unknown_tokens() + unseen.tokens()
            ));
        }
        let settings = InferSettings { passes: self.passes, seed: self.seed };
        if self.perplexity {
            return self.measure(&model, &unseen, &settings, reporter);
        }
        let inferred = model.infer(&unseen, &settings);
        let titles: Vec<String> =
            texts.documents.iter().map(|document| document.title.replace(char::is_control, " ")).collect();
        let found = Found { model: &model, unseen: &unseen, inferred: &inferred, titles: &titles };
        if Output::leaves_summary(self.output.as_ref(), reporter) {
            found.show(self.top, reporter)?;
        } else if reporter.is_json() {
            found.tell(self.top, reporter)?;
        }
        if let Some(output) = &self.output {
            output.write(reporter, |writer| found.write(writer))?;
        }
        reporter.event(json!({
            "event": "inferred",
            "documents": unseen.len(),
            "tokens": unseen.tokens(),
            "unknown_words": unseen.unknown_words(),
            "unknown_tokens": unseen.unknown_tokens(),
            "output": self.output.as_ref().map(Output::name),
        }))?;
        Ok(Ending::Done)
    }

    /// As the model's texts were cut, or if they were not, as texts are unless somebody says; and as the options say.
    fn cut(&self, model: &TopicModel, documents: Documents) -> TextOptions {
        let cut = model.origin().cut.as_ref();
        let all = || TextOptions { fewest_documents: 1, largest_share: 1.0, ..TextOptions::default() };
        let mut options = cut.map_or_else(all, |cut| cut.options(documents.clone()));
        options.documents = documents;
        options.tokens = self.tokens.unwrap_or(options.tokens);
        options.shortest = self.shortest.unwrap_or(options.shortest);
        options
    }

    fn measure(
        &self,
        model: &TopicModel,
        unseen: &Unseen,
        settings: &InferSettings,
        reporter: &mut Reporter,
    ) -> Result<Ending, Failure> {
        let found = model.held_out(unseen, settings);
        if found.tokens == 0 {
            return Err(Failure::data(
                self.documents.inputs()[0],
                "documents with two words that the model knows",
                "none",
                "name documents in the words of the model",
            ));
        }
        let perplexity = found.perplexity();
        if reporter.is_json() {
            reporter.event(json!({
                "event": "evaluation",
                "documents": unseen.len(),
                "unknown_words": unseen.unknown_words(),
                "unknown_tokens": unseen.unknown_tokens(),
                "metrics": { "perplexity": perplexity, "foretold_tokens": found.tokens },
            }))?;
        } else {
            let (tokens, documents) = (found.tokens, unseen.len());
            reporter.line(format_args!(
                "perplexity {perplexity:.2}: {tokens} tokens of {documents} documents, foretold from the others of each"
            ))?;
        }
        Ok(Ending::Done)
    }
}

struct Found<'a> {
    model: &'a TopicModel,
    unseen: &'a Unseen,
    inferred: &'a Inferred,
    titles: &'a [String],
}

impl Found<'_> {
    /// The largest topics of a document, if it has words that the model knows.
    fn largest(&self, document: usize, most: usize) -> Vec<(usize, f64)> {
        match self.unseen.get(document) {
            [] => Vec::new(),
            _ => self.inferred.largest(document, most),
        }
    }

    fn show(&self, most: usize, reporter: &mut Reporter) -> Result<(), Failure> {
        let mut names = vec![String::new(); self.model.priors().topics()];
        for topic in
            self.model.describe(&TopicSettings { words: 3, documents: 0, ..TopicSettings::default() })
        {
            let words: Vec<String> =
                topic.words.iter().map(|(word, _)| self.model.texts().corpus.name(*word)).collect();
            names[topic.topic] = words.join(" ");
        }
        for (document, title) in self.titles.iter().enumerate() {
            reporter.line(title)?;
            let largest = self.largest(document, most);
            if self.unseen.get(document).is_empty() {
                reporter.line("    no word that the model knows")?;
            }
            for (topic, share) in largest {
                reporter.line(format_args!(
                    "    {:>5.1} %  topic {topic:<4} {}",
                    100.0 * share,
                    names[topic]
                ))?;
            }
        }
        Ok(())
    }

    fn tell(&self, most: usize, reporter: &mut Reporter) -> Result<(), Failure> {
        for (document, title) in self.titles.iter().enumerate() {
            let tokens: u64 = self.unseen.get(document).iter().map(|(_, count)| u64::from(*count)).sum();
            let topic = |(topic, share): (usize, f64)| json!({ "topic": topic, "share": share });
            let topics: Vec<Value> = self.largest(document, most).into_iter().map(topic).collect();
            reporter.event(
                json!({ "event": "document", "title": title, "known_tokens": tokens, "topics": topics }),
            )?;
        }
        Ok(())
    }

    /// The shares of all topics; of a document without words that the model knows, those of the prior.
    fn write(&self, writer: &mut dyn Write) -> io::Result<()> {
        for (document, title) in self.titles.iter().enumerate() {
            write!(writer, "{title}")?;
            for share in self.inferred.shares(document) {
                write!(writer, "\t{share}")?;
            }
            writeln!(writer)?;
        }
        Ok(())
    }
}
