//! What is kept of how a model came to be: how its texts were cut, so that others are cut alike, and how far it was trained.

use std::collections::BTreeSet;

use gasworks_engine::input::{Documents, TextOptions, Tokens};

/// How texts were cut into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordCut {
    /// What a word is.
    pub tokens: Tokens,
    /// Words that are left out, in lower case.
    pub stop_words: BTreeSet<String>,
    /// Characters of a word at least.
    pub shortest: usize,
    /// Bits of a hash that stands for a word, 1 to 32.
    pub hashed: Option<u32>,
}

impl WordCut {
    /// Texts in these documents cut in the same way. Their words are not limited otherwise, for which of them count is for a model to say.
    pub fn options(&self, documents: Documents) -> TextOptions {
        TextOptions {
            documents,
            tokens: self.tokens,
            stop_words: self.stop_words.iter().cloned().collect(),
            shortest: self.shortest,
            fewest_documents: 1,
            largest_share: 1.0,
            vocabulary: None,
            hashed: self.hashed,
        }
    }
}

impl From<&TextOptions> for WordCut {
    fn from(options: &TextOptions) -> Self {
        WordCut {
            tokens: options.tokens,
            stop_words: options.stop_words.iter().cloned().collect(),
            shortest: options.shortest,
            hashed: options.hashed,
        }
    }
}

/// How a model came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// How its texts were cut; none where they came as counts of words, or nobody said.
    pub cut: Option<WordCut>,
    /// Passes of the sampler so far, with those in which tokens got their first topics: where a further run goes on.
    pub passes: u64,
    /// The seed of its random numbers.
    pub seed: u64,
}
