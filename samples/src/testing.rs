//! What tests of several modules need.

/// The frame declares so many bytes of content in a single segment (RFC 8878, section 3.1.1.1).
pub(crate) fn assert_whole(frame: &[u8], bytes: u32) {
    assert_eq!(frame[..4], [0x28, 0xb5, 0x2f, 0xfd], "magic");
    assert_eq!(frame[4] & 0b1110_0011, 0b1010_0000, "single segment, four bytes of size, no dictionary");
    assert_eq!(u32::from_le_bytes(frame[5..9].try_into().unwrap()), bytes);
}
