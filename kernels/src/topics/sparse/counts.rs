//! How many tokens of each topic a document or a word has, as a list of the topics that it has at all.

use crate::aligned::LINE;

/// Tokens that an entry holds at most, and a document that is drawn.
pub const MOST_TOKENS: u32 = u16::MAX as u32;
/// An entry that is not used: no token of a topic that there is not.
pub(super) const FREE: u32 = u16::MAX as u32;
/// A lane in which nothing was found.
pub(super) const NOWHERE: u32 = u32::MAX;

/// How many tokens of each topic a document or a word has: a list of the topics that it has at all, in no order. An entry is four bytes, and holds up to
/// [`MOST_TOKENS`]; a word with more has several of one topic.
#[derive(Clone, Debug, Default)]
pub struct SparseCounts {
    pub(super) lines: Vec<Entries>,
    pub(super) used: u32,
}

/// The topic in the lower half, the tokens in the upper.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Entries(pub(super) [u32; LINE]);

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
    pub(super) fn append(&mut self, topic: u16, mut count: u32) {
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
    pub(super) fn entry(&self, at: usize) -> u32 {
        self.lines[at / LINE].0[at % LINE]
    }

    #[inline(always)]
    pub(super) fn entry_mut(&mut self, at: usize) -> &mut u32 {
        &mut self.lines[at / LINE].0[at % LINE]
    }

    /// The place of a topic.
    #[inline(always)]
    pub(super) fn find(&self, topic: u16) -> Option<usize> {
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
    pub(super) fn push(&mut self, topic: u16, tokens: u32) {
        let at = self.used as usize;
        *self.entry_mut(at) = tokens << 16 | u32::from(topic);
        self.used += 1;
    }

    /// The last entry takes the place of one that goes.
    #[inline(always)]
    pub(super) fn remove(&mut self, at: usize) {
        self.used -= 1;
        let last = std::mem::replace(self.entry_mut(self.used as usize), FREE);
        if at != self.used as usize {
            *self.entry_mut(at) = last;
        }
    }

    /// One more token of a topic that may be new.
    #[inline(always)]
    pub(super) fn add(&mut self, topic: u16) {
        match self.find(topic) {
            Some(at) => *self.entry_mut(at) += 1 << 16,
            None => self.push(topic, 1),
        }
    }

    /// One token moves from an entry to another one, or stays.
    #[inline(always)]
    pub(super) fn move_between(&mut self, from: usize, to: usize) {
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
    pub(super) fn move_to(&mut self, from: usize, topic: u16) {
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
pub(super) fn found(places: &[u32; LINE]) -> Option<usize> {
    let mut lanes = 0_u32;
    for (lane, place) in places.iter().enumerate() {
        lanes |= u32::from(*place != NOWHERE) << lane;
    }
    (lanes != 0).then(|| {
        let lane = lanes.trailing_zeros() as usize;
        places[lane] as usize * LINE + lane
    })
}
