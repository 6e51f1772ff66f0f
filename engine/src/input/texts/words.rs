//! Words of a text, in lower case.

use unicode_segmentation::UnicodeSegmentation;

/// What a word is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokens {
    /// What stands between two word boundaries of Unicode (Standard Annex 29) and has a letter, without underscores around it, and without a final
    /// `'s`. Scripts without blanks between words are cut into single characters: cut such texts beforehand, and read them with
    /// [`Tokens::Blanks`].
    #[default]
    Unicode,
    /// What stands between blanks, as it is but in lower case.
    Blanks,
}

/// Hands over each word of a text, in order.
pub(super) fn for_each(text: &str, tokens: Tokens, mut visit: impl FnMut(&str)) {
    let mut lower = String::new();
    let mut hand_over = |word: &str| {
        lower.clear();
        // Letter by letter, so that the same word is the same at the end of a text: no final sigma.
        word.chars().flat_map(char::to_lowercase).for_each(|letter| {
            lower.push(if letter == '\u{2019}' { '\'' } else { letter });
        });
        match tokens {
            Tokens::Unicode => visit(lower.strip_suffix("'s").unwrap_or(&lower)),
            Tokens::Blanks => visit(&lower),
        }
    };
    match tokens {
        Tokens::Unicode => text
            .unicode_words()
            .map(|word| word.trim_matches('_'))
            .filter(|word| word.chars().any(char::is_alphabetic))
            .for_each(hand_over),
        Tokens::Blanks => text.split_whitespace().for_each(&mut hand_over),
    }
}

/// A hash that is the same on every machine and in every version: the 64 bits of FNV-1a (Fowler, Noll, Vo), folded to 32.
pub(super) fn hash(word: &str) -> u32 {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    let hash = word.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 32) as u32 ^ hash as u32
}

/// English words that have no topic of their own: articles, pronouns, prepositions, conjunctions, auxiliaries, numerals and the like.
pub fn english_stop_words() -> impl Iterator<Item = &'static str> {
    include_str!("english.txt").split_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, tokens: Tokens) -> Vec<String> {
        let mut found = Vec::new();
        for_each(text, tokens, |word| found.push(word.to_owned()));
        found
    }

    #[test]
    fn words_are_those_of_unicode_without_marks_around_them() {
        let text = "The WHALE's _fluke_, 3.14 miles; don\u{2019}t—na\u{ef}ve caf\u{e9}s! B2B x_y 1851";
        let expected = ["the", "whale", "fluke", "miles", "don't", "na\u{ef}ve", "caf\u{e9}s", "b2b", "x_y"];
        assert_eq!(words(text, Tokens::Unicode), expected);
        assert_eq!(
            words("\u{41e}\u{434}\u{438}\u{43d} \u{3a3}\u{391}\u{3a3}", Tokens::Unicode),
            ["\u{43e}\u{434}\u{438}\u{43d}", "\u{3c3}\u{3b1}\u{3c3}"]
        );
        assert_eq!(words("New_York  it's\t3.14\n", Tokens::Blanks), ["new_york", "it's", "3.14"]);
        assert!(words(" \n", Tokens::Unicode).is_empty() && words("", Tokens::Blanks).is_empty());
    }

    #[test]
    fn hashes_are_the_published_ones() {
        // Test vectors of FNV-1a of 64 bits.
        for (text, hash64) in
            [("", 0xcbf2_9ce4_8422_2325_u64), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(hash(text), (hash64 >> 32) as u32 ^ hash64 as u32);
        }
    }

    #[test]
    fn stop_words_are_words_in_lower_case_each_once() {
        let all: Vec<&str> = english_stop_words().collect();
        assert!(all.len() > 150);
        assert!(all.is_sorted_by(|one, other| one < other), "each once, ascending");
        for word in all {
            assert_eq!(words(word, Tokens::Unicode), [word]);
        }
    }
}
