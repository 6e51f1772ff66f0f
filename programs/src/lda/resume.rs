//! A run that goes on from a model instead of from tokens without topics: for more passes, or on other documents.

use gasworks_engine::input::Texts;
use gasworks_engine::{Error, Random};

use super::fixed::FixedTopics;
use super::infer::Chain;
use super::origin::{Origin, WordCut};
use super::{NO_TOPIC, Priors, TopicModel};

/// Names the stream of random numbers that gives tokens of other documents their first topics.
const FIRST: u64 = 0x6669_7273;

impl TopicModel {
    /// What a run on these texts, cut in this way, begins with. Its priors are those of this model, for the words of the texts.
    ///
    /// If the texts have the word counts of this model, each token has the topic that it has here, and the passes count on: a run of [`Lda`](super::Lda) with
    /// the same seed and blocks, [after](gasworks_engine::Engine::after) them, has the bits of one that never stopped, if that was past its [start](super::Start); else the tokens that
    /// have no topic yet get one in the next pass. With other texts, each token gets a topic given the distributions of words of this model and the topics of the
    /// tokens before it in its document; one whose word the model does not know gets none, and passes count from 0. O(tokens) and as much as one pass of
    /// [`infer`](TopicModel::infer).
    ///
    /// # Errors
    /// If words cannot be compared: see [`renumber`](TopicModel::renumber).
    pub fn warm_start(&self, texts: Texts, cut: Option<WordCut>, seed: u64) -> Result<TopicModel, Error> {
        let bits = |cut: Option<&WordCut>| cut.and_then(|cut| cut.hashed);
        let (own, other) = (bits(self.origin().cut.as_ref()), bits(cut.as_ref()));
        if own != other {
            let name =
                |bits: Option<u32>| bits.map_or("no hashes".into(), |bits| format!("hashes of {bits} bits"));
            return Err(Error::Usage {
                expected: format!("{} for words, as the model has", name(own)),
                found: name(other),
                advice: "read the texts with the same hash, or start without the model".into(),
            });
        }
        let priors = Priors::new(self.priors().topics(), &texts.corpus);
        let priors = priors.with_alpha(self.priors().alpha()).with_beta(self.priors().beta());
        let (topics, passes) = match texts.corpus == self.texts().corpus {
            true => (self.topics().to_vec(), self.origin().passes),
            false => (self.first_topics(&texts, seed)?, 0),
        };
        Ok(TopicModel::new(texts, priors, topics).with_origin(Origin { cut, passes, seed }))
    }

    /// A topic for each token of other documents.
    fn first_topics(&self, texts: &Texts, seed: u64) -> Result<Vec<u16>, Error> {
        let numbers = self.numbers(&texts.corpus)?;
        let fixed = FixedTopics::new(self, numbers.iter().copied().flatten());
        let mut chain = Chain::new(&fixed, self.priors().topics());
        let mut topics = Vec::with_capacity(texts.corpus.tokens() as usize);
        let mut words = Vec::new();
        for entries in texts.corpus.entries.chunk_by(|one, other| one.document == other.document) {
            words.clear();
            words.extend(
                entries.iter().filter_map(|entry| Some((numbers[entry.word as usize]?, entry.count))),
            );
            let random = Random::keyed(seed, FIRST, 0, entries[0].document.into());
            let mut found = chain.first(&words, random).iter().copied();
            for entry in entries {
                let is_known = numbers[entry.word as usize].is_some();
                let topic = || is_known.then(|| found.next()).flatten().unwrap_or(NO_TOPIC);
                topics.extend(std::iter::repeat_with(topic).take(entry.count as usize));
            }
        }
        Ok(topics)
    }

    /// The documents, without the rest.
    pub fn into_texts(self) -> Texts {
        self.texts
    }
}

#[cfg(test)]
#[path = "resume_tests.rs"]
mod tests;
