//! What tests of the kernels share.

use gasworks_kernels::Isa;

/// The instruction levels of this machine.
pub(crate) fn levels() -> impl Iterator<Item = Isa> {
    Isa::all().into_iter().filter(|isa| isa.is_available())
}

/// Reproducible floats in (-1, 1).
pub(crate) fn noise(length: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..length).map(|_| next()).collect()
}
