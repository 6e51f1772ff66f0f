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

use super::{Lanes, Line, Prior};
use crate::aligned::LINE;

/// Topics at most. Their numbers are below.
pub const MOST_TOPICS: usize = u16::MAX as usize;
/// Tokens that an entry holds at most, and a document that is drawn.
pub const MOST_TOKENS: u32 = u16::MAX as u32;
/// An entry that is not used: no token of a topic that there is not.
const FREE: u32 = u16::MAX as u32;
/// The numbers of a topic for any `u16`: no index is out of bounds.
const TABLE: usize = 1 << 16;
/// A lane in which nothing was found.
const NOWHERE: u32 = u32::MAX;

/// How many tokens of each topic a document or a word has: a list of the topics that it has at all, in no order. An entry is four bytes, and holds up to
/// [`MOST_TOKENS`]; a word with more has several of one topic.
#[derive(Clone, Debug, Default)]
pub struct SparseCounts {
    lines: Vec<Entries>,
    used: u32,
}

/// The topic in the lower half, the tokens in the upper.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Entries([u32; LINE]);

impl SparseCounts {
    /// Room for so many tokens of so many topics.
    pub fn with_room(tokens: u64, topics: usize) -> Self {
        let entries = tokens.min(topics as u64 + tokens / u64::from(MOST_TOKENS));
        SparseCounts { lines: vec![Entries([FREE; LINE]); (entries as usize).div_ceil(LINE)], used: 0 }
    }

    /// With these tokens more, of topics that it does not have yet.
    ///
    /// # Panics
    /// If there is no room.
    pub fn filled(mut self, counts: impl Iterator<Item = (u16, u32)>) -> Self {
        counts.for_each(|(topic, count)| self.append(topic, count));
        self
    }

    /// Tokens of a topic in as many entries as they need.
    #[inline(always)]
    fn append(&mut self, topic: u16, mut count: u32) {
        while count > 0 {
            self.push(topic, count.min(MOST_TOKENS));
            count -= count.min(MOST_TOKENS);
        }
    }

    /// The topics and how many tokens have each; a topic may come again.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u32)> {
        let entries = self.lines.iter().flat_map(|line| line.0).take(self.used as usize);
        entries.map(|entry| (entry as u16, entry >> 16))
    }

    /// Asks for the first entries to be brought into the cache.
    #[inline(always)]
    pub fn prefetch(&self) {
        for line in self.lines.iter().take((self.used as usize).div_ceil(LINE).min(4)) {
            crate::prefetch_address(line);
        }
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Entries>()
    }

    #[inline(always)]
    fn entry(&self, at: usize) -> u32 {
        self.lines[at / LINE].0[at % LINE]
    }

    #[inline(always)]
    fn entry_mut(&mut self, at: usize) -> &mut u32 {
        &mut self.lines[at / LINE].0[at % LINE]
    }

    /// The place of a topic.
    #[inline(always)]
    fn find(&self, topic: u16) -> Option<usize> {
        let mut places = [NOWHERE; LINE];
        for (at, Entries(line)) in (0_u32..).zip(&self.lines[..(self.used as usize).div_ceil(LINE)]) {
            for lane in 0..LINE {
                places[lane] = if line[lane] & FREE == u32::from(topic) { at } else { places[lane] };
            }
        }
        found(&places)
    }

    /// # Panics
    /// If there is no room.
    #[inline(always)]
    fn push(&mut self, topic: u16, tokens: u32) {
        let at = self.used as usize;
        *self.entry_mut(at) = tokens << 16 | u32::from(topic);
        self.used += 1;
    }

    /// The last entry takes the place of one that goes.
    #[inline(always)]
    fn remove(&mut self, at: usize) {
        self.used -= 1;
        let last = std::mem::replace(self.entry_mut(self.used as usize), FREE);
        if at != self.used as usize {
            *self.entry_mut(at) = last;
        }
    }

    /// One more token of a topic that may be new.
    #[inline(always)]
    fn add(&mut self, topic: u16) {
        match self.find(topic) {
            Some(at) => *self.entry_mut(at) += 1 << 16,
            None => self.push(topic, 1),
        }
    }

    /// One token moves from an entry to another one, or stays.
    #[inline(always)]
    fn move_between(&mut self, from: usize, to: usize) {
        // Whether it was the last is known before the draw is; whether it moves at all is not, and asking would cost more.
        if self.entry(from) >> 16 == 1 && from != to {
            *self.entry_mut(to) += 1 << 16;
            self.remove(from);
        } else {
            *self.entry_mut(from) -= 1 << 16;
            *self.entry_mut(to) += 1 << 16;
        }
    }

    /// One token moves from an entry to a topic that may have none.
    #[inline(always)]
    fn move_to(&mut self, from: usize, topic: u16) {
        match self.find(topic) {
            Some(to) => self.move_between(from, to),
            // The entry becomes that of the other topic: a list never needs more room than its tokens.
            None if self.entry(from) >> 16 == 1 => *self.entry_mut(from) = 1 << 16 | u32::from(topic),
            None => {
                *self.entry_mut(from) -= 1 << 16;
                self.push(topic, 1);
            }
        }
    }
}

/// The place of an entry that was found in one of the lanes, from the line in which it was.
#[inline(always)]
fn found(places: &[u32; LINE]) -> Option<usize> {
    let mut lanes = 0_u32;
    for (lane, place) in places.iter().enumerate() {
        lanes |= u32::from(*place != NOWHERE) << lane;
    }
    (lanes != 0).then(|| {
        let lane = lanes.trailing_zeros() as usize;
        places[lane] as usize * LINE + lane
    })
}

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Isa;
    use pulp::{Simd, WithSimd};

    fn number(k: usize, factor: usize, bound: usize) -> u32 {
        ((k * factor + 3) % bound) as u32
    }

    fn counts(numbers: impl Iterator<Item = (usize, u32)>, room: u64, topics: usize) -> SparseCounts {
        let mut counts = SparseCounts::with_room(room, topics);
        numbers.filter(|(_, count)| *count > 0).for_each(|(topic, count)| counts.push(topic as u16, count));
        counts
    }

    fn sorted(counts: &SparseCounts) -> BTreeMap<u16, u32> {
        let mut all = BTreeMap::new();
        counts.iter().for_each(|(topic, count)| *all.entry(topic).or_insert(0) += count);
        all
    }

    fn draw(
        isa: Isa,
        conditional: &mut Conditional,
        document: &mut SparseCounts,
        old: Option<u16>,
        random: u64,
    ) -> u16 {
        isa.dispatch(Draw { conditional, document, old, random })
    }

    /// Evenly spaced numbers for the first draw, and for the second where that leads beyond the document.
    fn random(at: u64, of: u64) -> u64 {
        let even = ((at * 2 + 1) << 23) / of;
        even << 40 | (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24)
    }

    struct Draw<'a> {
        conditional: &'a mut Conditional,
        document: &'a mut SparseCounts,
        old: Option<u16>,
        random: u64,
    }

    impl WithSimd for Draw<'_> {
        type Output = u16;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> u16 {
            match self.old {
                Some(old) => self.conditional.step(self.document, old, self.random),
                None => self.conditional.first(self.document, self.random),
            }
        }
    }

    #[test]
    fn topics_are_drawn_as_often_as_the_conditional_says_and_counts_follow() {
        for (topics, every) in [(1, 1), (2, 1), (7, 2), (17, 1), (40, 3), (150, 2), (1100, 50)] {
            let alpha: Vec<f32> = (0..topics).map(|k| 0.05 + 0.1 * number(k, 7, 5) as f32).collect();
            let prior = Prior::new(&alpha, 0.01, 50);
            let of_document =
                |k: usize| if k.is_multiple_of(every) { number(k, 5, 4) + u32::from(k == 0) } else { 0 };
            let of_word = |k: usize| number(k, 11, 9) + u32::from(k == 0);
            let document = counts((0..topics).map(|k| (k, of_document(k))), 10_000, topics);
            let word = counts((0..topics).map(|k| (k, of_word(k))), 10_000, topics);
            let totals: Vec<f64> = (0..topics).map(|k| 20.0 + f64::from(number(k, 3, 30))).collect();
            let mut open = Conditional::new(&prior);
            // What a worker did before leaves nothing behind.
            open.start(&prior, &[]);
            open.open(&word);
            open.start(&prior, &totals);
            open.open(&counts([(topics - 1, 3)].into_iter(), 10, topics));
            open.close(&mut SparseCounts::with_room(10, topics));
            open.open(&word);
            for old in [None, Some(0), Some((topics - 1) / every * every)] {
                let old = old.filter(|old| of_document(*old) * of_word(*old) > 0);
                let exact: Vec<f64> = (0..topics)
                    .map(|k| {
                        let own = f64::from(u8::from(old == Some(k)));
                        (f64::from(of_document(k)) - own + f64::from(alpha[k])) / (totals[k] - own + 0.5)
                            * (f64::from(of_word(k)) - own + 0.01)
                    })
                    .collect();
                let draws = if topics > 1000 { 10_000 } else { 2000 };
                let mut found = vec![0.0; topics];
                for at in 0..draws {
                    let (mut conditional, mut document) = (open.clone(), document.clone());
                    let (old, random) = (old.map(|old| old as u16), random(at, draws));
                    let before = sorted(&document);
                    let mut levels = Isa::all().into_iter().filter(|isa| isa.is_available());
                    let drawn =
                        draw(levels.next().expect("a level"), &mut conditional, &mut document, old, random);
                    for isa in levels.take(if at % 50 == 0 { 9 } else { 0 }) {
                        let (mut other, mut list) = (open.clone(), {
                            counts((0..topics).map(|k| (k, of_document(k))), 10_000, topics)
                        });
                        assert_eq!(draw(isa, &mut other, &mut list, old, random), drawn, "{isa}");
                    }
                    found[usize::from(drawn)] += 1.0;
                    let mut expected = before;
                    if let Some(old) = old {
                        let count = expected.get_mut(&old).expect("a token");
                        *count -= 1;
                        if *count == 0 {
                            expected.remove(&old);
                        }
                    }
                    *expected.entry(drawn).or_insert(0) += 1;
                    assert_eq!(sorted(&document), expected, "{topics} topics, from {old:?} to {drawn}");
                    let moved = |k: usize| {
                        f64::from(i8::from(usize::from(drawn) == k))
                            - f64::from(i8::from(old.map(usize::from) == Some(k)))
                    };
                    for (k, topic) in conditional.topics.iter().enumerate() {
                        assert_eq!(topic.total, totals[k] + f64::from(prior.mass) + moved(k));
                        assert_eq!(f64::from(topic.count), f64::from(of_word(k)) + moved(k));
                        assert_eq!(conditional.likely[k], topic.likely(0.01));
                    }
                    let each = |k: usize| f64::from(conditional.alpha[k] * conditional.likely[k]);
                    let sum: f64 = (0..topics).map(each).sum();
                    for sums in [&conditional.groups, &vec![conditional.all]] {
                        assert!((sums.iter().sum::<f64>() - sum).abs() < 1e-6 * sum);
                    }
                    let mut closed = SparseCounts::with_room(20_000, topics);
                    conditional.close(&mut closed);
                    let total: u32 = closed.iter().map(|(_, count)| count).sum();
                    assert_eq!(total, (0..topics).map(of_word).sum::<u32>() + u32::from(old.is_none()));
                }
                // In units of the spread of so many draws; the document's own topics come evenly, and so closer.
                let whole: f64 = exact.iter().sum();
                for (k, exact) in exact.iter().enumerate() {
                    let expected = exact / whole * draws as f64;
                    let bound = 4.0 * expected.sqrt() + 3.0;
                    assert!(
                        (found[k] - expected).abs() < bound,
                        "topic {k} of {topics}, {old:?}: {} of {draws}, not {expected}",
                        found[k]
                    );
                }
                let far: f64 = found
                    .iter()
                    .zip(&exact)
                    .map(|(found, exact)| (found / draws as f64 - exact / whole).abs())
                    .sum();
                let bound = (topics as f64 / draws as f64).sqrt();
                assert!(far < bound, "{topics} topics, {old:?}: {far}, bound {bound}");
            }
        }
    }

    #[test]
    fn lists_never_need_more_room_than_tokens_and_words_may_have_many() {
        let mut three = counts([(0, 1), (1, 1), (2, 1)].into_iter(), 3, 100);
        three.move_between(1, 0);
        assert_eq!(
            three.iter().collect::<Vec<_>>(),
            [(0, 2), (2, 1)],
            "the last took the place of the one that went"
        );
        three.move_between(0, 0);
        assert_eq!(three.iter().collect::<Vec<_>>(), [(0, 2), (2, 1)]);
        // Three tokens of three topics fill the room; a move to a fourth takes the place of the first.
        let mut full = counts([(0, 1), (1, 1), (2, 1)].into_iter(), 3, 100);
        full.move_to(0, 9);
        assert_eq!(sorted(&full), BTreeMap::from([(1, 1), (2, 1), (9, 1)]));
        full.move_between(full.find(2).expect("a place"), full.find(9).expect("a place"));
        assert_eq!(sorted(&full), BTreeMap::from([(1, 1), (9, 2)]));
        full.move_to(full.find(9).expect("a place"), 4);
        assert_eq!(sorted(&full), BTreeMap::from([(1, 1), (4, 1), (9, 1)]));
        assert!(full.lines[0].0[3..].iter().all(|entry| *entry == FREE));

        let prior = Prior::new(&[0.1; 3], 0.01, 5);
        let mut conditional = Conditional::new(&prior);
        conditional.start(&prior, &[200_000.0]);
        let mut word = SparseCounts::with_room(200_000, 3);
        [MOST_TOKENS, MOST_TOKENS, 5].into_iter().for_each(|count| word.push(1, count));
        conditional.open(&word);
        assert_eq!(conditional.topics[1].count, 131_075.0);
        conditional.put(1);
        conditional.close(&mut word);
        assert_eq!(sorted(&word), BTreeMap::from([(1, 131_076)]));
    }
}
