//! Draws of topics a second, from rows that stay in the cache: `topic_draws [topics] [documents at a time] [words] [level]`.

use std::time::Instant;

use gasworks_kernels::Isa;
use gasworks_kernels::topics::dense::{Conditional, OpenDocument, Totals};
use gasworks_kernels::topics::{Prior, padded};
use pulp::{Simd, WithSimd};

struct Draws {
    topics: usize,
    open: usize,
    words: usize,
}

/// Tokens of a document that are drawn again and again.
const TOKENS: usize = 64;
const ROUNDS: usize = 20_000;

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Draws {
    #[inline(always)]
    fn run<S: Simd, const PARTS: usize>(&self, simd: S) -> f64 {
        let prior = Prior::new(&vec![50.0 / self.topics as f32; self.topics], 0.01, self.words);
        let width = padded(self.topics);
        let conditional = Conditional::<S, PARTS>::new(simd, &prior);
        let mut totals = Totals::new(self.topics);
        totals.start(&prior, &vec![1e4; self.topics]);
        let mut documents = vec![OpenDocument::new(self.topics); self.open];
        documents.iter_mut().for_each(|document| conditional.open(document, &vec![0.0; width], &totals));
        let mut rows = vec![0.0; width * self.words];
        let mut state = 1;
        let mut tokens: Vec<(usize, Option<usize>)> =
            (0..TOKENS * self.open).map(|_| (random(&mut state) as usize % self.words, None)).collect();
        let begun = Instant::now();
        for _ in 0..ROUNDS / self.open {
            for tokens in tokens.chunks_exact_mut(self.open) {
                for ((word, topic), document) in tokens.iter_mut().zip(&mut documents) {
                    let row = &mut rows[*word * width..][..width];
                    let uniform = (random(&mut state) >> 41) as f32 * (1.0 / (1 << 23) as f32);
                    *topic = Some(conditional.step(document, row, &mut totals, *topic, uniform));
                }
            }
        }
        (ROUNDS / self.open * self.open * TOKENS) as f64 / begun.elapsed().as_secs_f64()
    }
}

impl WithSimd for Draws {
    type Output = f64;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        match S::F32_LANES {
            16 => self.run::<S, 1>(simd),
            8 => self.run::<S, 2>(simd),
            4 => self.run::<S, 4>(simd),
            _ => self.run::<S, 16>(simd),
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let number = |at: usize, default| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let (topics, open, vocabulary) = (number(1, 100), number(2, 4), number(3, 200));
    let isa = words.get(4).and_then(|word| word.parse().ok()).unwrap_or_else(Isa::detect);
    let speed = isa.dispatch(Draws { topics, open, words: vocabulary });
    println!("{isa}, {topics} topics, {open} open: {:.1} M tokens/s", speed / 1e6);
}
