//! Software prefetch of a slice.
//!
//! The hardware follows neither a neighbour list nor a random order of ratings; the program knows the next rows long
//! before it needs them.

/// Asks for every cache line of `floats` to be brought into the first-level cache.
///
/// A hint: it changes no value and never faults. Worth its while about 16 rows before use; does nothing on
/// architectures other than x86-64 and aarch64.
///
/// ```
/// let factors = vec![0.5_f32; 64];
/// gasworks_kernels::prefetch(&factors);
/// ```
#[inline(always)]
pub fn prefetch(floats: &[f32]) {
    for line in floats.chunks(crate::aligned::LINE) {
        prefetch_float(&line[0]);
    }
}

/// Asks for the cache line that holds `float`.
#[inline(always)]
pub(crate) fn prefetch_float(float: &f32) {
    prefetch_line(float);
}

/// Asks for the cache line of an address, wherever it points: it is not followed.
#[inline(always)]
pub fn prefetch_address<T>(address: *const T) {
    prefetch_line(address.cast());
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch_line(address: *const f32) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: prefetching is part of SSE, which every x86-64 processor has; it is defined for every address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn prefetch_line(address: *const f32) {
    // SAFETY: PRFM is a hint of the base instruction set: defined for every address, touches neither flags nor stack.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{address}]", address = in(reg) address,
            options(nostack, preserves_flags, readonly));
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(always)]
fn prefetch_line(_: *const f32) {}

#[cfg(test)]
mod tests {
    #[test]
    fn any_slice_may_be_prefetched() {
        super::prefetch(&[]);
        super::prefetch(&[1.0]);
        super::prefetch(&[1.0; 100]);
        super::prefetch_address(std::ptr::null::<u64>());
    }
}
