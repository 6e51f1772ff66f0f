//! Columns that several workers touch at once.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use gasworks_kernels::prefetch_address;

use super::column::Shape;
use super::{Column, ColumnMut, Store};

/// A column whose values are reached one by one, through a claim. Holding it lends nothing yet.
pub(crate) struct Cells<'a, D: Store> {
    start: *mut D::Element,
    shape: Shape,
    lent: PhantomData<&'a mut [D::Element]>,
}

// SAFETY: cells only give out values through unsafe methods, whose callers see to it that nobody else has them; elements may
// be sent and shared.
unsafe impl<D: Store> Send for Cells<'_, D> {}
// SAFETY: as above.
unsafe impl<D: Store> Sync for Cells<'_, D> {}

impl<'a, D: Store> Cells<'a, D> {
    pub(crate) fn new(column: ColumnMut<'a, D>) -> Self {
        let (start, shape) = column.into_raw();
        Cells { start, shape, lent: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.shape.len
    }

    /// Whether a value has no content.
    #[inline(always)]
    pub(crate) fn is_void(&self) -> bool {
        size_of::<D::Element>() == 0
    }

    /// Whether a value is copied by one instruction, so that a copy is always whole.
    pub(crate) fn is_atomic(&self) -> bool {
        D::PLAIN && self.bytes() <= 8 && self.unit() == self.bytes()
    }

    /// Where value 0 is or would be, to be read at the indices of values only.
    #[inline(always)]
    pub(super) fn origin(&self) -> *const D::Element {
        self.start
    }

    #[inline(always)]
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    #[inline(always)]
    fn at(&self, at: usize) -> *mut D::Element {
        assert!(at < self.shape.len, "{at} of {} cells", self.shape.len);
        // SAFETY: at < len, and len * stride elements follow the start.
        unsafe { self.start.add(at * D::step(self.shape.stride)) }
    }

    /// # Safety
    /// Nobody writes the value while it is lent.
    #[inline(always)]
    pub(super) unsafe fn get(&self, at: usize) -> D::Ref<'_> {
        // SAFETY: a whole value; the caller sees to the rest.
        unsafe { D::lend(self.at(at), self.shape.width) }
    }

    /// # Safety
    /// Nobody else has the value while it is lent.
    #[inline(always)]
    pub(super) unsafe fn get_mut(&self, at: usize) -> D::Mut<'_> {
        // SAFETY: a whole value; the caller sees to the rest.
        unsafe { D::lend_mut(self.at(at), self.shape.width) }
    }

    /// # Safety
    /// `at` is below [`len`](Cells::len), and nobody else has the value while it is lent.
    #[inline(always)]
    pub(super) unsafe fn get_mut_unchecked(&self, at: usize) -> D::Mut<'_> {
        debug_assert!(at < self.shape.len, "{at} of {} cells", self.shape.len);
        // SAFETY: at < len, and len * stride elements follow the start; the caller sees to the rest.
        unsafe { D::lend_mut(self.start.add(at * D::step(self.shape.stride)), self.shape.width) }
    }

    fn bytes(&self) -> usize {
        self.shape.width * size_of::<D::Element>()
    }

    /// The words in which values are copied: the same for all values of a column, whoever copies.
    fn unit(&self) -> usize {
        let step = D::step(self.shape.stride) * size_of::<D::Element>();
        let fits = |unit: usize| {
            (self.start as usize).is_multiple_of(unit)
                && step.is_multiple_of(unit)
                && self.bytes().is_multiple_of(unit)
        };
        [8, 4].into_iter().find(|unit| fits(*unit)).unwrap_or(1)
    }

    /// Copies a value out while others may write it: word by word, each whole.
    ///
    /// # Safety
    /// The value is only written by [`store`](Cells::store) meanwhile, and `to` has value `slot` to itself.
    pub(super) unsafe fn load(&self, at: usize, to: &Cells<'_, D>, slot: usize) {
        assert!(D::PLAIN && to.shape.width == self.shape.width, "only plain data are copied");
        let (from, to) = (self.at(at).cast::<u8>(), to.at(slot).cast::<u8>());
        let unit = self.unit();
        // SAFETY: both are whole values of `bytes` bytes; `from` is aligned to its unit; a private `to` may be anywhere.
        unsafe {
            for word in 0..self.bytes() / unit {
                let (from, to) = (from.add(word * unit), to.add(word * unit));
                match unit {
                    8 => to.cast::<u64>().write_unaligned(AtomicU64::from_ptr(from.cast()).load(Relaxed)),
                    4 => to.cast::<u32>().write_unaligned(AtomicU32::from_ptr(from.cast()).load(Relaxed)),
                    _ => to.write(AtomicU8::from_ptr(from).load(Relaxed)),
                }
            }
        }
    }

    /// Copies values out into the first slots, one after the other, as [`load`](Cells::load) does.
    ///
    /// # Safety
    /// As for `load`, for each of them.
    #[inline(always)]
    pub(super) unsafe fn load_each(&self, ends: &[u32], to: &Cells<'_, D>) {
        assert!(ends.len() <= to.shape.len, "{} values for {} slots", ends.len(), to.shape.len);
        assert!(D::PLAIN && to.shape.width == self.shape.width, "only plain data are copied");
        let step = D::step(self.shape.stride) * size_of::<D::Element>();
        let side_by_side = D::step(to.shape.stride) * size_of::<D::Element>() == self.bytes();
        if (self.bytes(), self.unit(), side_by_side) == (4, 4, true) {
            let (from, to) = (self.start.cast::<u8>(), to.start.cast::<u32>());
            for (slot, end) in ends.iter().enumerate() {
                assert!((*end as usize) < self.shape.len, "{end} of {} cells", self.shape.len);
                // SAFETY: a whole value, aligned to its unit; slots are a word each, and there are enough.
                unsafe {
                    let word = AtomicU32::from_ptr(from.add(*end as usize * step).cast());
                    to.add(slot).write_unaligned(word.load(Relaxed));
                }
            }
            return;
        }
        for (slot, end) in ends.iter().enumerate() {
            // SAFETY: the caller's.
            unsafe { self.load(*end as usize, to, slot) }
        }
    }

    /// Asks for the beginning of a value.
    #[inline(always)]
    pub(super) fn prefetch(&self, at: usize) {
        prefetch_address(self.at(at));
    }

    /// Asks for all of a value.
    #[inline(always)]
    pub(super) fn prefetch_whole(&self, at: usize) {
        let start = self.at(at).cast::<u8>();
        for line in 0..self.bytes().div_ceil(64) {
            prefetch_address(start.wrapping_add(64 * line));
        }
    }

    /// Copies a value in while others may copy it out: word by word, each whole.
    ///
    /// # Safety
    /// The value is only touched by [`load`](Cells::load) and `store` meanwhile, and nobody writes value `slot` of `from`.
    pub(super) unsafe fn store(&self, at: usize, from: &Cells<'_, D>, slot: usize) {
        assert!(D::PLAIN && from.shape.width == self.shape.width, "only plain data are copied");
        let (from, to) = (from.at(slot).cast::<u8>(), self.at(at).cast::<u8>());
        let unit = self.unit();
        // SAFETY: as in `load`, the other way round.
        unsafe {
            for word in 0..self.bytes() / unit {
                let (from, to) = (from.add(word * unit), to.add(word * unit));
                match unit {
                    8 => AtomicU64::from_ptr(to.cast()).store(from.cast::<u64>().read_unaligned(), Relaxed),
                    4 => AtomicU32::from_ptr(to.cast()).store(from.cast::<u32>().read_unaligned(), Relaxed),
                    _ => AtomicU8::from_ptr(to).store(from.read(), Relaxed),
                }
            }
        }
    }
}

/// Values of a worker's own, of the shape of a column's: what visits work on where they do not hold what they read.
pub(crate) struct Slots<D: Store> {
    cells: Cells<'static, D>,
    /// Only ever reached through the cells.
    _column: Column<D>,
}

impl<D: Store> Slots<D> {
    /// So many values of zero bytes.
    ///
    /// # Panics
    /// If the data are not plain.
    pub(crate) fn like(cells: &Cells<'_, D>, len: usize) -> Self {
        let mut column = Column::<D>::of_zero_bytes(len, cells.shape.width);
        let (start, shape) = column.view_mut().into_raw();
        Slots { cells: Cells { start, shape, lent: PhantomData }, _column: column }
    }

    #[inline(always)]
    pub(super) fn cells(&self) -> &Cells<'static, D> {
        &self.cells
    }

    /// Copies one value over another.
    ///
    /// # Safety
    /// Nobody has either value.
    pub(super) unsafe fn copy(&self, from: usize, to: usize) {
        let bytes = self.cells.bytes();
        // SAFETY: whole values, and different ones.
        unsafe {
            std::ptr::copy(self.cells.at(from).cast::<u8>(), self.cells.at(to).cast::<u8>(), bytes);
        }
    }

    /// Whether two values have the same bytes.
    ///
    /// # Safety
    /// Nobody writes either value.
    pub(super) unsafe fn same(&self, a: usize, b: usize) -> bool {
        // SAFETY: whole values of plain data, which have no padding.
        unsafe {
            let bytes = |at| std::slice::from_raw_parts(self.cells.at(at).cast::<u8>(), self.cells.bytes());
            bytes(a) == bytes(b)
        }
    }
}
