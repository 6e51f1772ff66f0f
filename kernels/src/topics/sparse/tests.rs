//! The conditional against its formula, and the lists of counts.

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
                    let (mut other, mut list) =
                        (open.clone(), { counts((0..topics).map(|k| (k, of_document(k))), 10_000, topics) });
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
