//! Which sampler draws the topics.

use clap::Args;
use gasworks::Exclusion;
use gasworks::input::Corpus;
use gasworks::programs::lda::SparseLda;

use super::super::error::Failure;
use super::super::grid::GridOptions;
use super::super::options::names;
use super::super::order::{Executor, Order};
use super::Begin;

#[derive(Args, Debug)]
pub(super) struct SamplerOptions {
    /// How topics are drawn. dense: from their exact distribution, by looking at all topics, document by document; sparse: the same by looking at those that the document has, word by word, in memory that
    /// does not grow with the topics; metropolis: by Metropolis-Hastings steps, in time that does not grow with the topics either, all documents and then all words, neither with --start sequential nor
    /// with --blocks or --exclusion serial; auto: sparse from 257 topics on, unless a document has more than 65,535 tokens
    #[arg(
        long, value_name = "KIND", default_value = "auto", hide_possible_values = true,
        value_parser = names([
            ("auto", Draws::Auto), ("dense", Draws::Dense), ("sparse", Draws::Sparse), ("metropolis", Draws::Metropolis)
        ]),
        help_heading = "Model"
    )]
    sampler: Draws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Draws {
    Auto,
    Dense,
    Sparse,
    Metropolis,
}

/// The sampler that draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Dense,
    Sparse,
    Metropolis,
}

/// Topics that the dense sampler is as fast with as the sparse one, about.
const DENSE_TOPICS: usize = 256;

impl SamplerOptions {
    /// Which sampler it is, for a corpus and so many topics.
    pub(super) fn kind(&self, corpus: &Corpus, topics: usize) -> Kind {
        match self.sampler {
            Draws::Dense => Kind::Dense,
            Draws::Sparse => Kind::Sparse,
            Draws::Metropolis => Kind::Metropolis,
            Draws::Auto if topics > DENSE_TOPICS && SparseLda::admits(corpus) => Kind::Sparse,
            Draws::Auto => Kind::Dense,
        }
    }

    pub(super) fn is_metropolis(&self) -> bool {
        self.sampler == Draws::Metropolis
    }

    /// The order of steps. Refuses what does not go with the sampler, before anything is read.
    pub(super) fn order(&self, grid: &GridOptions, start: Begin) -> Result<Order, Failure> {
        if !self.is_metropolis() {
            return Ok(grid.order());
        }
        let refuse = |found: &str, advice: &str| {
            Err(Failure::usage("what goes with --sampler metropolis", found, advice))
        };
        if start == Begin::Sequential {
            return refuse(
                "--start sequential, where each token sees the topics of those before it",
                "choose --start growing or random, or another sampler",
            );
        }
        if grid.blocks().is_some() {
            return refuse("--blocks, of which it has none", "leave it out, or choose another sampler");
        }
        if grid.order().exclusion == Some(Exclusion::Serial) {
            return refuse(
                "--exclusion serial, where it takes documents and then words",
                "leave it out: --threads 1 gives the same bits",
            );
        }
        Ok(Order {
            engine: Executor::Async,
            scheduler: "rounds".into(),
            consistency: None,
            exclusion: Some(Exclusion::Coloring),
            audit: false,
        })
    }
}

impl Kind {
    /// What people and events call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Dense => "dense",
            Kind::Sparse => "sparse",
            Kind::Metropolis => "metropolis",
        }
    }
}
