//! Passages of four books of the public domain: Moby-Dick (Melville 1851), On the Origin of Species (Darwin 1859), The Adventures of Sherlock Holmes
//! (Doyle 1892) and The Wealth of Nations (Smith 1776).
//!
//! A [Zstandard](https://www.rfc-editor.org/rfc/rfc8878) frame of a table with tabs; the engine's readers take it as it is.

/// What to call the data in a report.
pub const NAME: &str = "passages of four books";

/// `title<TAB>text`, a header and 1,000 passages of 200 words and a few more, to the end of a sentence: 250 of each book, evenly spread and in
/// order, each with its book and how far into it as the title. Double quotes became single ones, line ends blanks.
pub const PASSAGES: &[u8] = include_bytes!("../books/passages.tsv.zst");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_a_whole_file() {
        crate::testing::assert_whole(PASSAGES, 1_291_710);
    }
}
