//! Buffers of `f32` on cache-line boundaries, and the view of a slice as vectors.
//!
//! Sixteen floats are one cache line, one AVX-512 vector, two of AVX2 and four of Neon. A buffer is a vector of lines, so
//! its alignment needs no allocator of its own and no unsafe code.

use bytemuck::{Pod, Zeroable};
use pulp::Simd;

/// Floats in a cache line.
pub(crate) const LINE: usize = 16;

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// A zeroed buffer of floats, 64-byte aligned, of a length that is a multiple of [`LINE`].
#[derive(Clone, Debug)]
pub(crate) struct Aligned(Vec<Line>);

impl Aligned {
    /// A buffer of `length` zeros, rounded up to whole lines.
    pub(crate) fn new(length: usize) -> Self {
        // Zeroed pages of the system cost nothing until they are written.
        Aligned(bytemuck::zeroed_vec(length.div_ceil(LINE)))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Line>()
    }
}

impl std::ops::Deref for Aligned {
    type Target = [f32];
    #[inline(always)]
    fn deref(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }
}

impl std::ops::DerefMut for Aligned {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}

/// The slice as vectors of the token's width.
///
/// # Panics
/// If the length is not a multiple of the width.
#[inline(always)]
pub(crate) fn vectors<S: Simd>(floats: &[f32]) -> &[S::f32s] {
    bytemuck::cast_slice(floats)
}

/// As [`vectors`], to write.
#[inline(always)]
pub(crate) fn vectors_mut<S: Simd>(floats: &mut [f32]) -> &mut [S::f32s] {
    bytemuck::cast_slice_mut(floats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_on_lines_and_round_up() {
        for length in [1, 15, 16, 17, 1000] {
            let buffer = Aligned::new(length);
            assert_eq!(buffer.as_ptr() as usize % 64, 0);
            assert_eq!(buffer.len(), length.next_multiple_of(LINE));
            assert!(buffer.iter().all(|&float| float == 0.0));
            assert_eq!(buffer.bytes(), 4 * buffer.len());
        }
    }
}
