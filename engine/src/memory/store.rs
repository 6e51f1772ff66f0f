//! How one value of a column lies in memory.

use bytemuck::Pod;

use crate::data::{Own, Row};

/// How a kind of data lies in a column. Users meet it as [`Data`](crate::Data); this name is not exported, so that nobody can
/// implement it.
pub trait Store: Sized + Send + Sync + 'static {
    /// What the column is a run of.
    type Element: Send + Sync + 'static;
    /// A value, lent.
    type Ref<'a>: Copy;
    /// A value, lent exclusively.
    type Mut<'a>;

    /// Whether elements are plain old data, `Pod`: only then may a value be copied while it is written.
    const PLAIN: bool;

    /// Elements from one value to the next, at least `width`.
    fn stride(width: usize) -> usize;

    /// The stride of a column whose stride is this: 1, as a constant, for all but rows.
    fn step(stride: usize) -> usize;

    /// The value that starts at `start`.
    ///
    /// # Safety
    /// `width` initialised elements from `start` on are lent for `'a`, and `width` is the column's.
    unsafe fn lend<'a>(start: *const Self::Element, width: usize) -> Self::Ref<'a>;

    /// The value that starts at `start`.
    ///
    /// # Safety
    /// `width` initialised elements from `start` on are lent exclusively for `'a`, and `width` is the column's.
    unsafe fn lend_mut<'a>(start: *mut Self::Element, width: usize) -> Self::Mut<'a>;
}

impl<T: Pod + Send + Sync> Store for T {
    type Element = T;
    type Ref<'a> = &'a T;
    type Mut<'a> = &'a mut T;
    const PLAIN: bool = true;

    #[inline(always)]
    fn stride(_: usize) -> usize {
        1
    }

    #[inline(always)]
    fn step(_: usize) -> usize {
        1
    }

    #[inline(always)]
    unsafe fn lend<'a>(start: *const T, _: usize) -> &'a T {
        // SAFETY: the caller lends one element.
        unsafe { &*start }
    }

    #[inline(always)]
    unsafe fn lend_mut<'a>(start: *mut T, _: usize) -> &'a mut T {
        // SAFETY: the caller lends one element exclusively.
        unsafe { &mut *start }
    }
}

impl<T: Pod + Send + Sync> Store for Row<T> {
    type Element = T;
    type Ref<'a> = &'a [T];
    type Mut<'a> = &'a mut [T];
    const PLAIN: bool = true;

    /// Rows start at cache lines, so that a vector load never straddles one, for elements whose size divides a line.
    #[inline(always)]
    fn stride(width: usize) -> usize {
        let line = (64 / size_of::<T>().max(1)).max(1);
        width.checked_next_multiple_of(line).expect("a row larger than the address space")
    }

    #[inline(always)]
    fn step(stride: usize) -> usize {
        stride
    }

    #[inline(always)]
    unsafe fn lend<'a>(start: *const T, width: usize) -> &'a [T] {
        // SAFETY: the caller lends `width` elements.
        unsafe { std::slice::from_raw_parts(start, width) }
    }

    #[inline(always)]
    unsafe fn lend_mut<'a>(start: *mut T, width: usize) -> &'a mut [T] {
        // SAFETY: the caller lends `width` elements exclusively.
        unsafe { std::slice::from_raw_parts_mut(start, width) }
    }
}

impl<T: Send + Sync + 'static> Store for Own<T> {
    type Element = T;
    type Ref<'a> = &'a T;
    type Mut<'a> = &'a mut T;
    const PLAIN: bool = false;

    #[inline(always)]
    fn stride(_: usize) -> usize {
        1
    }

    #[inline(always)]
    fn step(_: usize) -> usize {
        1
    }

    #[inline(always)]
    unsafe fn lend<'a>(start: *const T, _: usize) -> &'a T {
        // SAFETY: the caller lends one element.
        unsafe { &*start }
    }

    #[inline(always)]
    unsafe fn lend_mut<'a>(start: *mut T, _: usize) -> &'a mut T {
        // SAFETY: the caller lends one element exclusively.
        unsafe { &mut *start }
    }
}
