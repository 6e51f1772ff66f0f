//! What a word of a text is, and which words count.

use clap::Args;
use gasworks::input::{Documents, TextOptions, Tokens, english_stop_words};

use super::super::error::Failure;
use super::super::options::names;

#[derive(Args, Debug)]
pub(super) struct WordOptions {
    /// What a word is. unicode: by the rules of Unicode; blanks: what stands between blanks, for texts that were cut into words before
    #[arg(
        long, value_name = "KIND", default_value = "unicode", hide_possible_values = true,
        value_parser = names([("unicode", Tokens::Unicode), ("blanks", Tokens::Blanks)]), help_heading = "Words"
    )]
    tokens: Tokens,
    /// Words to leave out: english, none, or a file of words
    #[arg(long, value_name = "WHICH", default_value = "english", help_heading = "Words")]
    stop_words: String,
    /// Characters of a word at least
    #[arg(long, value_name = "N", default_value_t = TextOptions::default().shortest, help_heading = "Words")]
    shortest: usize,
    /// Documents that a word is in at least
    #[arg(long, value_name = "N", default_value_t = TextOptions::default().fewest_documents, help_heading = "Words")]
    min_documents: u32,
    /// Share of all documents that a word is in at most
    #[arg(
        allow_negative_numbers = true, long, value_name = "SHARE", default_value_t = TextOptions::default().largest_share,
        value_parser = share, help_heading = "Words"
    )]
    max_share: f64,
    /// Words at most, those with the most tokens [default: all]
    #[arg(long, value_name = "N", help_heading = "Words")]
    max_words: Option<usize>,
    /// Take words by a hash of so many bits, so that no vocabulary is held; topics then have no words to show
    #[arg(
        long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=32), help_heading = "Words",
        conflicts_with_all = ["max_words", "vocab"]
    )]
    hash: Option<u32>,
}

/// From 0 to 1, both included.
pub(in super::super) fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "expected a number from 0 to 1".into())
}

impl WordOptions {
    /// How documents of this kind are read.
    pub(super) fn options(&self, documents: Documents) -> Result<TextOptions, Failure> {
        let stop_words = match self.stop_words.as_str() {
            "english" => english_stop_words().map(str::to_owned).collect(),
            "none" => Default::default(),
            path => std::fs::read_to_string(path)
                .map_err(|error| {
                    Failure::usage(
                        "--stop-words english, none or a file",
                        format!("{path}: {error}"),
                        "name a file in UTF-8 with words between blanks",
                    )
                })?
                .to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        };
        Ok(TextOptions {
            documents,
            tokens: self.tokens,
            stop_words,
            shortest: self.shortest,
            fewest_documents: self.min_documents,
            largest_share: self.max_share,
            vocabulary: self.max_words,
            hashed: self.hash,
        })
    }
}
