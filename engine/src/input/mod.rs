//! Input formats: ratings, edges, titles, observations, documents and graphical models as people have them, from files, pipes and memory.
//!
//! [`read_ratings`], [`read_edges`], [`read_titles`], [`read_observations`] and [`read_corpus`] take a [`Source`] and tell format, separator, columns and compression
//! by themselves. What they made of an input stands in the [`Report`] beside the data; what they cannot read is an error
//! with file, line, column and advice, and always the first one of the file.
//!
//! Text is read whole (large files of ratings: window by window), cut into chunks at line ends and parsed in parallel. The result is a
//! function of the bytes alone.

mod adjacency;
mod atomic_file;
mod binary;
mod corpus;
mod duplicates;
mod edges;
mod fast;
mod format;
mod layout;
mod libsvm;
mod lines;
mod matrix_market;
mod metis;
mod npz;
mod number;
mod numbering;
mod quoted;
mod ratings;
mod reading;
mod report;
mod rows;
mod sniff;
mod sorted_index;
mod source;
#[cfg(test)]
mod testing;
mod texts;
mod titles;
mod uai;
mod windows;

pub use atomic_file::{check_writable, write_atomically};
pub use binary::{StoredGraph, read_stored};
pub use corpus::{Corpus, CorpusOptions, WordCount, holds_word_counts, read_corpus};
pub use duplicates::Duplicates;
pub use edges::{EdgeList, EdgesOptions, read_edges};
pub use format::Format;
pub use libsvm::{Observations, read_observations};
pub use ratings::{Pairs, Rating, Ratings, RatingsOptions, read_pairs, read_ratings};
pub use report::{Compression, Loaded, Report};
pub use source::Source;
use source::Text;
pub use texts::{Document, Documents, TextOptions, Texts, Tokens, english_stop_words, read_texts, sources};
pub use titles::{Titles, read_titles};
pub use uai::{Factor, FactorGraph, Observation, read_uai, read_uai_evidence, write_uai_marginals};

#[cfg(test)]
mod tests {
    //! The same result for every way of cutting a text into chunks.
    use super::*;
    use proptest::prelude::*;

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            20 => "[0-9]{1,3},[0-9]{1,2},[0-5](\\.5)?",
            1 => "[ab]{1,2},[0-9]{1,2},[0-5]",
            1 => "-[1-9],1844674407370955161[0-5],1e1",
            1 => "# x",
            1 => "",
            1 => "1,2,(three|3,4|NaN)",
            1 => "1,2",
        ]
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(lines in proptest::collection::vec(line(), 0..30), end in "(\n|\r\n)") {
            let source = Source::from_memory("x", lines.join(&end).into_bytes());
            let ratings = RatingsOptions { format: Some(Format::Csv), ..RatingsOptions::default() };
            let edges = EdgesOptions { format: Some(Format::Csv), ..EdgesOptions::default() };
            testing::assert_chunks_do_not_matter(&source, |text, chunk| ratings::read(text, &ratings, chunk));
            testing::assert_chunks_do_not_matter(&source, |text, chunk| edges::read(text, &edges, chunk));
        }
    }
}
