//! Documents that a model was not trained on, in its words.

use std::collections::HashMap;

use gasworks_engine::Error;
use gasworks_engine::input::Corpus;

use super::TopicModel;

/// Documents in the words of a model. Made by [`TopicModel::renumber`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    starts: Vec<usize>,
    /// The words of all documents by their numbers in the model, and how often they occur.
    counts: Vec<(u32, u32)>,
    unknown_words: u64,
    unknown_tokens: u64,
}

impl Unseen {
    /// How many documents.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The words of a document by their numbers in the model, and how often they occur, at least once. Empty, if the model knows none.
    ///
    /// # Panics
    /// If there is no such document.
    pub fn get(&self, document: usize) -> &[(u32, u32)] {
        &self.counts[self.starts[document]..self.starts[document + 1]]
    }

    /// How many tokens have a word that the model knows.
    pub fn tokens(&self) -> u64 {
        self.counts.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// How many words the model does not know, which were left out.
    pub fn unknown_words(&self) -> u64 {
        self.unknown_words
    }

    /// How many tokens they had.
    pub fn unknown_tokens(&self) -> u64 {
        self.unknown_tokens
    }

    /// All words of all documents, each as often as there are documents that have it.
    pub(super) fn words(&self) -> impl Iterator<Item = u32> {
        self.counts.iter().map(|(word, _)| *word)
    }
}

impl TopicModel {
    /// Documents of another corpus in the words of this model. Words are the same if their names are, or where nobody has names, if their numbers
    /// in the files are. Those that the model does not know are left out and counted; a document stays even if none is left. O(entries + words).
    ///
    /// # Errors
    /// If words cannot be compared: only one side has names, or one has hashes of another number of bits.
    pub fn renumber(&self, corpus: &Corpus) -> Result<Unseen, Error> {
        let numbers = self.numbers(corpus)?;
        let mut unseen = Unseen { starts: vec![0], counts: Vec::new(), unknown_words: 0, unknown_tokens: 0 };
        for entry in &corpus.entries {
            // Documents come in their order; those that have no entry are empty.
            while unseen.starts.len() <= entry.document as usize {
                unseen.starts.push(unseen.counts.len());
            }
            match numbers[entry.word as usize] {
                Some(word) => unseen.counts.push((word, entry.count)),
                None => unseen.unknown_tokens += u64::from(entry.count),
            }
        }
        unseen.starts.resize(corpus.documents.len() + 1, unseen.counts.len());
        unseen.unknown_words = numbers.iter().filter(|number| number.is_none()).count() as u64;
        Ok(unseen)
    }

    /// The number in the model of each word of another corpus.
    pub(super) fn numbers(&self, corpus: &Corpus) -> Result<Vec<Option<u32>>, Error> {
        let own = &self.texts().corpus;
        let refuse = |expected: &str, found: &str, advice: &str| {
            Err(Error::Usage { expected: expected.into(), found: found.into(), advice: advice.into() })
        };
        if let Some(bits) = self.origin().cut.as_ref().and_then(|cut| cut.hashed) {
            if !corpus.names.is_empty() || corpus.vocabulary != 1 << bits {
                let expected = format!("words by their hashes of {bits} bits, as the model has them");
                return refuse(&expected, "others", "read texts, with a hash of as many bits");
            }
        } else if own.names.is_empty() != corpus.names.is_empty() {
            return match own.names.is_empty() {
                true => refuse(
                    "words by their numbers, as the model has them",
                    "words by their names",
                    "train the model with a vocabulary, or name documents that were counted with it",
                ),
                false => refuse(
                    "words by their names, as the model has them",
                    "words by their numbers",
                    "name the vocabulary of the word counts",
                ),
            };
        }
        if own.names.is_empty() {
            let number = |word: u32| own.words.find(&corpus.words.id(word).to_string());
            return Ok((0..corpus.words.len() as u32).map(number).collect());
        }
        let mut numbers: HashMap<&str, u32> = HashMap::with_capacity(own.names.len());
        for (number, name) in (0..).zip(&own.names) {
            numbers.entry(name).or_insert(number);
        }
        Ok(corpus.names.iter().map(|name| numbers.get(&name[..]).copied()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lda::{Origin, Priors, WordCut};
    use gasworks_engine::input::{CorpusOptions, Source, TextOptions, Texts, read_corpus};

    fn corpus(text: &'static str, vocabulary: Option<&'static str>) -> Corpus {
        let vocabulary = vocabulary.map(|words| Source::from_memory("vocab.txt", words.as_bytes()));
        let options = CorpusOptions { vocabulary, ..CorpusOptions::default() };
        read_corpus(&Source::from_memory("few.dat", text.as_bytes()), &options).unwrap().data
    }

    fn model(corpus: Corpus) -> TopicModel {
        let (priors, tokens) = (Priors::new(2, &corpus), corpus.tokens() as usize);
        TopicModel::new(Texts { corpus, documents: Vec::new() }, priors, vec![0; tokens])
    }

    #[test]
    fn words_are_matched_by_name_and_documents_without_any_stay() {
        let model = model(corpus("2 0:1 1:1\n1 2:1\n", Some("whale\nship\nbeak\n")));
        // The same words elsewhere: 0 is unknown, 1 is "ship", 2 is "whale".
        let other = corpus("2 0:5 1:2\n1 0:1\n3 0:1 1:1 2:7\n1 0:2\n", Some("finch\nship\nwhale\n"));
        let unseen = model.renumber(&other).unwrap();
        let found: Vec<&[(u32, u32)]> = (0..unseen.len()).map(|at| unseen.get(at)).collect();
        assert_eq!(found, [&[(1, 2)][..], &[], &[(1, 1), (0, 7)], &[]]);
        assert_eq!((unseen.tokens(), unseen.unknown_words(), unseen.unknown_tokens()), (10, 1, 9));
    }

    #[test]
    fn words_without_names_are_matched_by_number() {
        let model = model(corpus("2 3:1 8:1\n", None));
        let unseen = model.renumber(&corpus("3 2:1 3:4 8:2\n", None)).unwrap();
        assert_eq!((unseen.get(0), unseen.unknown_tokens()), (&[(0, 4), (1, 2)][..], 1));
    }

    #[test]
    fn words_that_cannot_be_compared_are_refused() {
        let named = || corpus("2 0:1 1:1\n", Some("whale\nship\n"));
        let numbered = || corpus("2 0:1 1:1\n", None);
        let hashed = |bits: u32| Corpus { vocabulary: 1 << bits, ..numbered() };
        let options = TextOptions { hashed: Some(20), ..TextOptions::default() };
        let origin = Origin { cut: Some(WordCut::from(&options)), ..Origin::default() };
        let of_hashes = model(hashed(20)).with_origin(origin);
        for (model, corpus, part) in [
            (&model(named()), numbered(), "name the vocabulary"),
            (&model(numbered()), named(), "train the model with a vocabulary"),
            (&of_hashes, hashed(19), "hashes of 20 bits"),
            (&of_hashes, named(), "hashes of 20 bits"),
        ] {
            let error = model.renumber(&corpus).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(of_hashes.renumber(&hashed(20)).is_ok());
    }
}
