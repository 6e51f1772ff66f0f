//! What tests of several formats have in common.

use std::fmt::Debug;

use super::lines::Fault;
use super::{Source, Text};

/// Reads a text in one piece and in chunks of some sizes, with the same result or the same message.
///
/// # Panics
/// If one differs.
pub(super) fn assert_chunks_do_not_matter<T: Debug + PartialEq>(
    source: &Source,
    read: impl Fn(&Text<'_>, usize) -> Result<T, Fault>,
) {
    let text = source.read().unwrap();
    let read = |chunk| read(&text, chunk).map_err(|fault| fault.into_error(&text).to_string());
    let expected = read(usize::MAX);
    for chunk in [1, 7, 20, 64] {
        assert_eq!(read(chunk), expected, "chunks of {chunk}");
    }
}
