//! Which sampler draws the topics.

use clap::Args;
use gasworks::input::Corpus;
use gasworks::programs::lda::SparseLda;

use super::super::options::names;

#[derive(Args, Debug)]
pub(super) struct SamplerOptions {
    /// How topics are drawn, always from their exact distribution. dense: by looking at all topics, document by document; sparse: at those that the document has, word by word, in memory that
    /// does not grow with the topics; auto: sparse from 257 topics on, unless a document has more than 65,535 tokens
    #[arg(
        long, value_name = "KIND", default_value = "auto", hide_possible_values = true,
        value_parser = names([("auto", Draws::Auto), ("dense", Draws::Dense), ("sparse", Draws::Sparse)]),
        help_heading = "Model"
    )]
    sampler: Draws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Draws {
    Auto,
    Dense,
    Sparse,
}

/// Topics that the dense sampler is as fast with as the sparse one, about.
const DENSE_TOPICS: usize = 256;

impl SamplerOptions {
    /// Whether draws look at the topics of a document alone.
    pub(super) fn is_sparse(&self, corpus: &Corpus, topics: usize) -> bool {
        match self.sampler {
            Draws::Dense => false,
            Draws::Sparse => true,
            Draws::Auto => topics > DENSE_TOPICS && SparseLda::admits(corpus),
        }
    }
}

/// What people and events call it.
pub(super) fn name(is_sparse: bool) -> &'static str {
    if is_sparse { "sparse" } else { "dense" }
}
