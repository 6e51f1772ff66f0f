//! Metropolis-Hastings steps with proposals that were drawn before, in time that does not depend on the number of topics (Chen, Li, Zhu, Chen 2016, "WarpLDA: a cache
//! efficient O(1) algorithm for latent Dirichlet allocation", sections 4 and 5).
//!
//! The weight of topic `k` for a token, its own topic taken out of the counts, is a product of a part of its document, a part of its word and one over the totals,
//!
//! ```text
//! (n_dk + alpha_k)  *  (n_wk + beta)  /  (n_k + V beta)
//! ```
//!
//! A visit of a document proposes topics by the first part, and a visit of a word by the second. A proposal is judged by the visit on the other side: the part that it was drawn by
//! cancels out of the acceptance ratio, and what is left are counts of the side that is visited, which are counted from its own tokens. So no table of counts is as large
//! as topics times documents or words, and each visit stays within its tokens and one line of numbers for each topic.
//!
//! Differently from the paper, a token is never compared with itself: it is taken out of its row when it is judged, and of the totals, and the topic of *another* token
//! is proposed. So a visit leaves the conditional of its tokens invariant, given the counts of the other side as they were when the proposals were drawn. The paper's delayed counts have the token in them,
//! and seek a maximum.

use std::hint::select_unpredictable;

use super::Prior;

/// The numbers of a topic for any `u16`: no index is out of bounds.
const TABLE: usize = 1 << 16;
/// Topics at most. Their numbers are below.
pub const MOST_TOPICS: usize = u16::MAX as usize;

/// A token: its topic, and then those that are proposed for it.
pub type Token<const NUMBERS: usize> = [u16; NUMBERS];

/// The side that is visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A document, with prior alpha.
    Document,
    /// A word, with prior beta.
    Word,
}

/// Chains of the tokens of one row at a time, a document or a word.
#[derive(Clone, Debug)]
pub struct Chains {
    documents: RowPrior,
    words: RowPrior,
    /// `V beta`.
    mass: f32,
    topics: Box<[Topic; TABLE]>,
}

/// A topic in the open row.
#[derive(Clone, Copy, Debug)]
struct Topic {
    /// Tokens of the open row; 0 while none is open.
    count: f32,
    /// `n_k + V beta`.
    total: f32,
}

/// What a row has of each topic beforehand.
#[derive(Clone, Debug)]
struct RowPrior {
    topics: usize,
    /// Of every topic, if they have the same.
    even: f32,
    /// Else of each; one for every `u16`.
    each: Option<Box<[f32; TABLE]>>,
    /// Of all topics.
    mass: f64,
    /// For each topic, how much of its slot is its own, and who has the rest (Walker 1977, "An efficient method for generating discrete random variables with general distributions").
    slots: Vec<(f32, u16)>,
}

impl RowPrior {
    fn new(of: &[f32]) -> Self {
        let mass = of.iter().map(|prior| f64::from(*prior)).sum();
        let is_even = of.iter().all(|prior| *prior == of[0]);
        let each = || {
            let mut each = vec![1.0; TABLE];
            each[..of.len()].copy_from_slice(of);
            each.into_boxed_slice().try_into().expect("a table")
        };
        let slots = if is_even { Vec::new() } else { slots(of, mass) };
        RowPrior { topics: of.len(), even: of[0], each: (!is_even).then(each), mass, slots }
    }

    /// A topic in proportion to the prior, from a number from 0 to below 1.
    #[inline(always)]
    fn draw(&self, uniform: f64) -> u16 {
        let place = uniform * self.topics as f64;
        // Rounding may lead beyond the end.
        let slot = (place as usize).min(self.topics - 1);
        match self.slots.get(slot) {
            Some((own, other)) if (place - slot as f64) as f32 >= *own => *other,
            _ => slot as u16,
        }
    }
}

/// Slots of one size, each for at most two topics (Vose 1991, "A linear algorithm for generating random numbers with a given distribution"). O(topics).
fn slots(of: &[f32], mass: f64) -> Vec<(f32, u16)> {
    let mut left: Vec<f64> = of.iter().map(|prior| f64::from(*prior) * of.len() as f64 / mass).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..of.len()).partition(|topic| left[*topic] < 1.0);
    let mut slots: Vec<(f32, u16)> = (0..of.len()).map(|topic| (1.0, topic as u16)).collect();
    while let (Some(one), Some(other)) = (small.pop(), large.last().copied()) {
        slots[one] = (left[one] as f32, other as u16);
        left[other] -= 1.0 - left[one];
        if left[other] < 1.0 {
            large.pop();
            small.push(other);
        }
    }
    slots
}

impl Chains {
    /// Room for these priors.
    ///
    /// # Panics
    /// If there are more than [`MOST_TOPICS`].
    pub fn new(prior: &Prior) -> Self {
        assert!(prior.topics <= MOST_TOPICS, "at most {MOST_TOPICS} topics, got {}", prior.topics);
        let alpha: Vec<f32> = prior.alpha.iter().flat_map(|line| line.0).take(prior.topics).collect();
        let topics = vec![Topic { count: 0.0, total: 1.0 }; TABLE].into_boxed_slice();
        Chains {
            documents: RowPrior::new(&alpha),
            words: RowPrior::new(&vec![prior.beta; prior.topics]),
            mass: prior.mass,
            topics: topics.try_into().expect("a table"),
        }
    }

    /// Takes other totals, the tokens of each topic; none where `totals` ends. O(topics).
    #[inline(always)]
    pub fn start(&mut self, totals: &[f64]) {
        let totals = totals.iter().copied().chain(std::iter::repeat(0.0));
        for (topic, total) in self.topics[..self.documents.topics].iter_mut().zip(totals) {
            *topic = Topic { count: 0.0, total: (total + f64::from(self.mass)) as f32 };
        }
    }

    /// Judges what was proposed for each token of a row, and proposes other topics. `random` gives 64 random bits. O(tokens).
    #[inline(always)]
    pub fn visit<const NUMBERS: usize>(
        &mut self,
        side: Side,
        tokens: &mut [Token<NUMBERS>],
        mut random: impl FnMut() -> u64,
    ) {
        self.judge(side, tokens, &mut random);
        self.propose(side, tokens, random);
    }

    /// Judges what was proposed for each token of a row, one after the other. O(tokens).
    ///
    /// # Panics
    /// If there are more than two proposals for a token.
    #[inline(always)]
    pub fn judge<const NUMBERS: usize>(
        &mut self,
        side: Side,
        tokens: &mut [Token<NUMBERS>],
        random: impl FnMut() -> u64,
    ) {
        let Chains { documents, words, mass, topics } = self;
        let prior = if side == Side::Document { &*documents } else { &*words };
        match &prior.each {
            None => judge(topics, *mass, tokens, random, |_| prior.even),
            Some(each) => judge(topics, *mass, tokens, random, |topic| each[topic]),
        }
    }

    /// Proposes topics for each token of a row: the topic of another token of it, each as likely, or one by the prior. O(tokens).
    #[inline(always)]
    pub fn propose<const NUMBERS: usize>(
        &self,
        side: Side,
        tokens: &mut [Token<NUMBERS>],
        mut random: impl FnMut() -> u64,
    ) {
        let prior = if side == Side::Document { &self.documents } else { &self.words };
        let others = tokens.len().saturating_sub(1);
        let unit = (others as f64 + prior.mass) / (1_u64 << 53) as f64;
        for at in 0..tokens.len() {
            for number in 1..NUMBERS {
                let point = (random() >> 11) as f64 * unit;
                let place = point as usize;
                tokens[at][number] = if place < others {
                    tokens[place + usize::from(place >= at)][0]
                } else {
                    prior.draw((point - others as f64) / prior.mass)
                };
            }
        }
    }

    /// A topic as a visit of a word proposes it, given the topics of its tokens.
    #[inline(always)]
    pub fn of_word(&self, topics: &[u16], random: u64) -> u16 {
        let point = (random >> 11) as f64 * ((topics.len() as f64 + self.words.mass) / (1_u64 << 53) as f64);
        let beyond = || self.words.draw((point - topics.len() as f64) / self.words.mass);
        topics.get(point as usize).copied().unwrap_or_else(beyond)
    }
}

#[inline(always)]
fn judge<const NUMBERS: usize>(
    topics: &mut [Topic; TABLE],
    mass: f32,
    tokens: &mut [Token<NUMBERS>],
    mut random: impl FnMut() -> u64,
    prior: impl Fn(usize) -> f32,
) {
    const { assert!(NUMBERS >= 2 && NUMBERS <= 3, "one or two proposals") };
    for token in &*tokens {
        topics[usize::from(token[0])].count += 1.0;
    }
    for token in &mut *tokens {
        let mut bits = random();
        let old = token[0];
        let own = &mut topics[usize::from(old)];
        own.count -= 1.0;
        // Totals may lag behind, and then have no such token.
        let (mut weight, mut total) = (own.count + prior(usize::from(old)), (own.total - 1.0).max(mass));
        let mut now = old;
        for proposed in &token[1..] {
            let other = topics[usize::from(*proposed)];
            let own = select_unpredictable(*proposed == old, 1.0, 0.0);
            let (its_weight, its_total) =
                (other.count + prior(usize::from(*proposed)), (other.total - own).max(mass));
            let uniform = (bits >> 40) as f32 * (1.0 / (1 << 24) as f32);
            bits <<= 24;
            let is_accepted = uniform * (weight * its_total) < its_weight * total;
            now = select_unpredictable(is_accepted, *proposed, now);
            if NUMBERS > 2 {
                weight = select_unpredictable(is_accepted, its_weight, weight);
                total = select_unpredictable(is_accepted, its_total, total);
            }
        }
        topics[usize::from(now)].count += 1.0;
        token[0] = now;
    }
    for token in &*tokens {
        topics[usize::from(token[0])].count = 0.0;
    }
}

#[cfg(test)]
mod tests;
