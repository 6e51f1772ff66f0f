//! The same conditional over the topics of the document alone, for many topics: a draw takes time that grows with the number of topics in
//! the document.
//!
//! Tokens come word by word. With `f_k = (n_wk + beta) / (n_k + V beta)` of the open word, the conditional is the sum of two parts,
//!
//! ```text
//! n_dk f_k  +  alpha_k f_k
//! ```
//!
//! The first has only the topics of the document, which are held as a [list](SparseCounts). The second does not depend on the document: its sums
//! over groups of topics are kept from token to token, and of a word only the topics that it has differ from those of no word (as the buckets of Yao, Mimno,
//! McCallum 2009, "Efficient methods for topic model inference on streaming document collections", with words and documents exchanged).
//!
//! A draw goes once over the list, sixteen entries at a time: it finds the token's own entry, and adds up each lane as the
//! [dense](super::dense) one does.

mod counts;
#[cfg(test)]
mod tests;

use super::{Lanes, Line, Prior};
use crate::aligned::LINE;
use counts::{Entries, FREE, NOWHERE, found};

pub use counts::{MOST_TOKENS, SparseCounts};

/// Topics at most. Their numbers are below.
pub const MOST_TOPICS: usize = u16::MAX as usize;
/// The numbers of a topic for any `u16`: no index is out of bounds.
const TABLE: usize = 1 << 16;

/// The conditional of the open word: what does not depend on the document.
#[derive(Clone, Debug)]
pub struct Conditional {
    beta: f32,
    alpha: Vec<f32>,
    topics: Vec<Topic>,
    /// `f_k`; 0 beyond the topics.
    likely: Box<[f32; TABLE]>,
    /// Sums of `alpha_k f_k` over groups of topics, and over all.
    groups: Vec<f64>,
    all: f64,
    /// The logarithm to base 2 of the topics of a group: there are about as many groups.
    group: u32,
    /// Topics that the open word has or had a token of.
    touched: Vec<u16>,
    /// Room: sums down each lane of a document.
    sums: Vec<Line>,
}

#[derive(Clone, Copy, Debug)]
struct Topic {
    /// `n_k + V beta`.
    total: f64,
    /// One divided by it.
    share: f32,
    /// Of the open word.
    count: f32,
}

impl Topic {
    #[inline(always)]
    fn new(total: f64, count: f32) -> Self {
        Topic { total, share: (1.0 / total) as f32, count }
    }

    /// `f_k`.
    #[inline(always)]
    fn likely(&self, beta: f32) -> f32 {
        (self.count + beta) * self.share
    }
}

impl Conditional {
    /// Room for these priors, and for documents of at most so many topics.
    ///
    /// # Panics
    /// If there are more than [`MOST_TOPICS`].
    pub fn new(prior: &Prior) -> Self {
        assert!(prior.topics <= MOST_TOPICS, "at most {MOST_TOPICS} topics, got {}", prior.topics);
        let group = prior.topics.next_power_of_two().ilog2().div_ceil(2);
        let likely = vec![0.0; TABLE].into_boxed_slice().try_into().expect("a table");
        Conditional {
            beta: prior.beta,
            alpha: prior.alpha.iter().flat_map(|line| line.0).take(prior.topics).collect(),
            topics: vec![Topic::new(1.0, 0.0); prior.topics],
            likely,
            groups: vec![0.0; prior.topics.div_ceil(1 << group)],
            all: 0.0,
            group,
            touched: Vec::with_capacity(prior.topics),
            sums: vec![Line([0.0; LINE]); prior.topics.div_ceil(LINE)],
        }
    }

    /// Starts anew, with no word open, from the tokens of each topic; none where `totals` ends. O(topics).
    #[inline(always)]
    pub fn start(&mut self, prior: &Prior, totals: &[f64]) {
        let totals = totals.iter().copied().chain(std::iter::repeat(0.0));
        for ((topic, likely), total) in self.topics.iter_mut().zip(&mut self.likely[..]).zip(totals) {
            *topic = Topic::new(total + f64::from(prior.mass), 0.0);
            *likely = topic.likely(self.beta);
        }
        self.touched.clear();
        let size = 1 << self.group;
        let groups = self.alpha.chunks(size).zip(self.likely.chunks(size));
        for (sum, (alpha, likely)) in self.groups.iter_mut().zip(groups) {
            *sum = alpha.iter().zip(likely).map(|(alpha, likely)| f64::from(alpha * likely)).sum();
        }
        self.all = self.groups.iter().sum();
    }

    /// Opens a word with these counts. O(topics of the word).
    #[inline(always)]
    pub fn open(&mut self, word: &SparseCounts) {
        let mut by = 0.0;
        for at in 0..word.used as usize {
            let entry = word.entry(at);
            by += self.add(entry as u16, (entry >> 16) as f32);
        }
        self.all += by;
    }

    /// Closes the word, and writes what it has now. O(topics of the word).
    ///
    /// # Panics
    /// If the counts have no room.
    #[inline(always)]
    pub fn close(&mut self, word: &mut SparseCounts) {
        (0..word.used as usize).for_each(|at| *word.entry_mut(at) = FREE);
        word.used = 0;
        let mut by = 0.0;
        for at in 0..self.touched.len() {
            let topic = self.touched[at];
            let state = &mut self.topics[usize::from(topic)];
            let count = std::mem::replace(&mut state.count, 0.0) as u32;
            let likely = state.likely(self.beta);
            by += self.set(topic, likely);
            word.append(topic, count);
        }
        self.touched.clear();
        self.all += by;
    }

    /// So many tokens more of the open word have a topic, though not more in all. By how much the sum over all topics grows.
    #[inline(always)]
    fn add(&mut self, topic: u16, count: f32) -> f64 {
        let state = &mut self.topics[usize::from(topic)];
        if state.count == 0.0 {
            self.touched.push(topic);
        }
        state.count += count;
        let likely = state.likely(self.beta);
        self.set(topic, likely)
    }

    #[inline(always)]
    fn set(&mut self, topic: u16, likely: f32) -> f64 {
        let old = std::mem::replace(&mut self.likely[usize::from(topic)], likely);
        self.shift(topic, old, likely)
    }

    /// The sums of groups follow a change of `f_k`; by how much that over all grows.
    #[inline(always)]
    fn shift(&mut self, topic: u16, old: f32, new: f32) -> f64 {
        let at = usize::from(topic);
        let by = f64::from(self.alpha[at]) * (f64::from(new) - f64::from(old));
        self.groups[at >> self.group] += by;
        by
    }

    /// Puts a token of the open word into a topic.
    #[inline(always)]
    fn put(&mut self, topic: u16) {
        let state = &mut self.topics[usize::from(topic)];
        *state = Topic::new(state.total + 1.0, state.count);
        self.all += self.add(topic, 1.0);
    }

    /// Gives a token of the open word that has no topic yet this one.
    ///
    /// # Panics
    /// If there is no such topic, or the document has no room.
    #[inline(always)]
    pub fn begin(&mut self, document: &mut SparseCounts, topic: u16) {
        document.add(topic);
        self.put(topic);
    }

    /// Draws the first topic of a token of the open word, and puts it in.
    ///
    /// # Panics
    /// If the document has no room.
    #[inline(always)]
    pub fn first(&mut self, document: &mut SparseCounts, random: u64) -> u16 {
        let (lanes, _) = self.weigh(document, FREE as u16);
        let topic = match self.place(document, &lanes, self.all, random) {
            Some(at) => document.entry(at) as u16,
            None => self.beyond(self.all, random),
        };
        // Rounding may lead past the last entry.
        let topic = topic.min(self.topics.len() as u16 - 1);
        self.begin(document, topic);
        topic
    }

    /// Takes a token of the open word out of the counts, draws a topic for it by random bits, and puts it in again.
    ///
    /// # Panics
    /// If the document has no token of the topic.
    #[inline(always)]
    pub fn step(&mut self, document: &mut SparseCounts, old: u16, random: u64) -> u16 {
        // What the token takes with it: not yet from the sums, since it most often comes back to where it was.
        let state = self.topics[usize::from(old)];
        let taken = Topic::new(state.total - 1.0, state.count - 1.0);
        let without = taken.likely(self.beta);
        let with = std::mem::replace(&mut self.likely[usize::from(old)], without);
        let (lanes, own) = self.weigh(document, old);
        let all = self.all + f64::from(self.alpha[usize::from(old)]) * (f64::from(without) - f64::from(with));
        let topic = match self.place(document, &lanes, all, random) {
            // Rounding may lead to an entry that is not used.
            Some(at) if at < document.used as usize => {
                let topic = document.entry(at) as u16;
                document.move_between(own, at);
                topic
            }
            Some(_) => old,
            None => {
                self.shift(old, with, without);
                let topic = self.beyond(all, random);
                self.shift(old, without, with);
                document.move_to(own, topic);
                topic
            }
        };
        self.all += self.shift(old, with, without);
        self.topics[usize::from(old)] = taken;
        self.put(topic);
        topic
    }

    /// Adds up `n_dk f_k` down each lane, the token's own not counted, and finds the token's entry.
    #[inline(always)]
    fn weigh(&mut self, document: &SparseCounts, own: u16) -> (Lanes, usize) {
        let (mut running, mut places) = ([0.0_f32; LINE], [NOWHERE; LINE]);
        let lines = &document.lines[..(document.used as usize).div_ceil(LINE)];
        for ((at, Entries(line)), sums) in (0_u32..).zip(lines).zip(&mut self.sums) {
            let likely: [f32; LINE] = std::array::from_fn(|lane| self.likely[usize::from(line[lane] as u16)]);
            for lane in 0..LINE {
                let is_own = line[lane] & FREE == u32::from(own);
                places[lane] = if is_own { at } else { places[lane] };
                let count = (line[lane] >> 16).saturating_sub(u32::from(is_own)) as i32 as f32;
                running[lane] += count * likely[lane];
            }
            sums.0 = running;
        }
        (Lanes::new(running), found(&places).unwrap_or_default())
    }

    /// The entry of the document that is drawn, or none if it is one of the other part, whose sum is `all`.
    #[inline(always)]
    fn place(&self, document: &SparseCounts, lanes: &Lanes, all: f64, random: u64) -> Option<usize> {
        let sum = lanes.sum();
        let rest = (random >> 40) as f32 * (1.0 / (1 << 24) as f32) * (sum + all as f32);
        if rest >= sum {
            return None;
        }
        let (lane, rest) = lanes.descend(rest);
        let lines = (document.used as usize).div_ceil(LINE);
        let past: usize = self.sums[..lines].iter().map(|sums| usize::from(sums.0[lane] <= rest)).sum();
        // Rounding may lead past the last line.
        Some(past.min(lines - 1) * LINE + lane)
    }

    /// A topic by `alpha_k f_k`, whatever the document; the sum of all is given.
    #[inline(always)]
    fn beyond(&self, all: f64, random: u64) -> u16 {
        let mut rest = (random & ((1 << 40) - 1)) as f64 * (1.0 / (1_u64 << 40) as f64) * all;
        let first = past(&mut rest, self.groups.iter().copied()) << self.group;
        let end = self.alpha.len().min(first + (1 << self.group));
        let each = self.alpha[first..end].iter().zip(&self.likely[first..end]);
        (first + past(&mut rest, each.map(|(alpha, likely)| f64::from(alpha * likely)))) as u16
    }
}

/// The number in which so much of their sum lies, or the last; `rest` becomes how far in it.
#[inline(always)]
fn past(rest: &mut f64, numbers: impl ExactSizeIterator<Item = f64>) -> usize {
    let last = numbers.len() - 1;
    for (at, number) in numbers.enumerate() {
        if *rest < number || at == last {
            return at;
        }
        *rest -= number;
    }
    last
}
