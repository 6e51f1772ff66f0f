//! What is known of documents and topics before any token.

use gasworks_engine::input::Corpus;
use gasworks_kernels::topics::Prior;

/// The Dirichlet priors of documents over topics and of topics over words.
#[derive(Clone, Debug, PartialEq)]
pub struct Priors {
    alpha: Vec<f64>,
    beta: f64,
    words: usize,
}

impl Priors {
    /// Topics at most.
    pub const MOST_TOPICS: usize = u16::MAX as usize;

    /// Those that are customary since Griffiths and Steyvers (2004): alpha 50 / topics, beta 0.01.
    ///
    /// # Panics
    /// If there is no topic, or more than [`MOST_TOPICS`](Priors::MOST_TOPICS).
    pub fn new(topics: usize, corpus: &Corpus) -> Self {
        let most = Priors::MOST_TOPICS;
        assert!((1..=most).contains(&topics), "1 to {most} topics, got {topics}");
        Priors { alpha: vec![50.0 / topics as f64; topics], beta: 0.01, words: corpus.vocabulary as usize }
    }

    /// Of these numbers, if they are admitted.
    pub(super) fn checked(alpha: Vec<f64>, beta: f64, words: usize) -> Option<Self> {
        let are_parameters = alpha.iter().chain([&beta]).all(|number| is_parameter(*number));
        let is_admitted = are_parameters && (1..=Priors::MOST_TOPICS).contains(&alpha.len());
        is_admitted.then_some(Priors { alpha, beta, words })
    }

    /// That of a document over topics: one number each, which need not be equal.
    ///
    /// # Panics
    /// If there are other numbers of topics, or one is not above 0 and finite.
    pub fn with_alpha(self, alpha: &[f64]) -> Self {
        assert_eq!(alpha.len(), self.topics(), "a number for each topic");
        assert!(alpha.iter().copied().all(is_parameter), "alpha of each topic is above 0 and finite");
        Priors { alpha: alpha.to_vec(), ..self }
    }

    /// That of a topic over words: one number for all.
    ///
    /// # Panics
    /// If it is not above 0 and finite.
    pub fn with_beta(self, beta: f64) -> Self {
        assert!(is_parameter(beta), "beta is above 0 and finite, got {beta}");
        Priors { beta, ..self }
    }

    /// How many topics.
    pub fn topics(&self) -> usize {
        self.alpha.len()
    }

    /// Of a document over topics.
    pub fn alpha(&self) -> &[f64] {
        &self.alpha
    }

    /// Of a topic over words.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// How many words there are, whether or not they occur.
    pub fn words(&self) -> usize {
        self.words
    }

    /// As samplers take them.
    pub(super) fn to_kernel(&self) -> Prior {
        let alpha: Vec<f32> = self.alpha.iter().map(|alpha| *alpha as f32).collect();
        Prior::new(&alpha, self.beta as f32, self.words)
    }
}

fn is_parameter(number: f64) -> bool {
    // The samplers reckon in f32.
    (number as f32) > 0.0 && (number as f32).is_finite()
}
