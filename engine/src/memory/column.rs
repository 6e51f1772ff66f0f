//! Dense columns of data, and disjoint views of them.

use std::fmt;

use super::{Buffer, Store};
use crate::data::Row;
use bytemuck::Pod;

/// One value for each vertex or edge, dense and aligned to cache lines.
///
/// ```
/// use gasworks_engine::{Column, Row};
/// let ranks = Column::<f32>::from_fn(4, |_| 0.25);
/// assert_eq!(*ranks.get(3), 0.25);
/// let factors = Column::<Row<f32>>::rows(2, 20, |v, row| row.fill(v as f32));
/// assert_eq!(factors.get(1), [1.0; 20]);
/// ```
pub struct Column<D: Store> {
    elements: Buffer<D::Element>,
    shape: Shape,
}

/// How many values of which width. `elements.len() == len * stride` for the column and for each view of it.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) len: usize,
    pub(super) width: usize,
    pub(super) stride: usize,
}

impl<D: Store> Column<D> {
    /// One value for each of `0..len`: plain old data or [`Own`](crate::Own).
    pub fn from_fn(len: usize, fill: impl FnMut(usize) -> D::Element) -> Self
    where
        for<'a> D: Store<Ref<'a> = &'a <D as Store>::Element>,
    {
        Column { elements: Buffer::from_fn(len, fill), shape: Shape { len, width: 1, stride: 1 } }
    }

    /// `len` values of zero bytes, of `width` elements each.
    ///
    /// # Panics
    /// If the data are not plain.
    pub(super) fn of_zero_bytes(len: usize, width: usize) -> Self {
        assert!(D::PLAIN, "only plain data may be of zero bytes");
        let stride = D::stride(width);
        let elements = len.checked_mul(stride).expect("a column larger than the address space");
        // SAFETY: only `Pod` types are plain.
        let elements = unsafe { Buffer::zeroed_unchecked(elements) };
        Column { elements, shape: Shape { len, width, stride } }
    }

    /// How many values.
    pub fn len(&self) -> usize {
        self.shape.len
    }

    /// No value at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Elements of one value: the width of a row, else 1.
    pub fn width(&self) -> usize {
        self.shape.width
    }

    /// Memory taken.
    pub fn bytes(&self) -> usize {
        std::mem::size_of_val::<[D::Element]>(&self.elements)
    }

    /// The value of `at`.
    ///
    /// # Panics
    /// If `at` is not below [`len`](Column::len).
    #[inline(always)]
    pub fn get(&self, at: usize) -> D::Ref<'_> {
        assert!(at < self.shape.len, "{at} of a column of {}", self.shape.len);
        // SAFETY: at < len, and elements.len() == len * stride with stride >= width.
        unsafe { D::lend(self.elements.as_ptr().add(at * D::step(self.shape.stride)), self.shape.width) }
    }

    /// The value of `at`, exclusively.
    ///
    /// # Panics
    /// If `at` is not below [`len`](Column::len).
    #[inline(always)]
    pub fn get_mut(&mut self, at: usize) -> D::Mut<'_> {
        assert!(at < self.shape.len, "{at} of a column of {}", self.shape.len);
        // SAFETY: as in `get`.
        unsafe {
            D::lend_mut(self.elements.as_mut_ptr().add(at * D::step(self.shape.stride)), self.shape.width)
        }
    }

    /// A copy, if the data are plain.
    pub(crate) fn copied(&mut self) -> Option<Self> {
        D::PLAIN.then(|| {
            let mut copy = Self::of_zero_bytes(self.shape.len, self.shape.width);
            assert_eq!(copy.elements.len(), self.elements.len());
            // SAFETY: plain data may be copied byte by byte, and both buffers have this many elements.
            unsafe {
                let to = copy.elements.as_mut_ptr();
                std::ptr::copy_nonoverlapping(self.elements.as_ptr(), to, self.elements.len());
            }
            copy
        })
    }

    /// Whether both have the same bytes.
    ///
    /// # Panics
    /// If the data are not plain.
    pub(crate) fn has_bytes_of(&self, other: &Self) -> bool {
        assert!(D::PLAIN, "only plain data can be compared");
        let bytes = |column: &Self| {
            let elements: &[D::Element] = &column.elements;
            // SAFETY: plain data have no padding, so each byte is initialised.
            unsafe {
                std::slice::from_raw_parts(elements.as_ptr().cast::<u8>(), std::mem::size_of_val(elements))
            }
        };
        bytes(self) == bytes(other)
    }

    /// All values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = D::Ref<'_>> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// The values at `order`, copied into a new column.
    ///
    /// # Panics
    /// If one is not below [`len`](Column::len).
    pub(crate) fn gathered(&self, order: &[u64]) -> Self
    where
        D::Element: Clone,
    {
        let (len, stride) = (order.len(), D::step(self.shape.stride));
        let element = |at: usize| self.elements[order[at / stride] as usize * stride + at % stride].clone();
        Column { elements: Buffer::from_fn(len * stride, element), shape: Shape { len, ..self.shape } }
    }

    /// The whole column, lent.
    #[inline(always)]
    pub fn view(&self) -> ColumnRef<'_, D> {
        ColumnRef { elements: &self.elements, shape: self.shape }
    }

    /// The whole column, lent exclusively.
    #[inline(always)]
    pub fn view_mut(&mut self) -> ColumnMut<'_, D> {
        ColumnMut { elements: &mut self.elements, shape: self.shape }
    }
}

impl<T: Pod + Send + Sync> Column<T> {
    /// `len` values of zero bytes.
    pub fn zeroed(len: usize) -> Self {
        Column { elements: Buffer::zeroed(len), shape: Shape { len, width: 1, stride: 1 } }
    }

    /// The values as one slice.
    pub fn as_slice(&self) -> &[T] {
        &self.elements
    }

    /// The values as one slice, exclusively.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.elements
    }
}

impl<T: Pod + Send + Sync> Column<Row<T>> {
    /// `len` rows of `width` elements, zero before `fill(at, row)` writes them.
    pub fn rows(len: usize, width: usize, mut fill: impl FnMut(usize, &mut [T])) -> Self {
        let stride = <Row<T> as Store>::stride(width);
        let elements =
            Buffer::zeroed(len.checked_mul(stride).expect("a column larger than the address space"));
        let mut column = Column { elements, shape: Shape { len, width, stride } };
        for at in 0..len {
            fill(at, column.get_mut(at));
        }
        column
    }
}

impl<D: Store> Clone for Column<D>
where
    D::Element: Clone,
{
    fn clone(&self) -> Self {
        Column { elements: self.elements.clone(), shape: self.shape }
    }
}

impl<D: Store> fmt::Debug for Column<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({} of width {})", self.shape.len, self.shape.width)
    }
}

/// A run of a column's values, lent.
pub struct ColumnRef<'a, D: Store> {
    elements: &'a [D::Element],
    shape: Shape,
}

impl<D: Store> Clone for ColumnRef<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<D: Store> Copy for ColumnRef<'_, D> {}

impl<'a, D: Store> ColumnRef<'a, D> {
    /// How many values.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.shape.len
    }

    /// No value at all.
    pub fn is_empty(&self) -> bool {
        self.shape.len == 0
    }

    /// The value of `at`.
    ///
    /// # Panics
    /// If `at` is not below [`len`](ColumnRef::len).
    #[inline(always)]
    pub fn get(&self, at: usize) -> D::Ref<'a> {
        assert!(at < self.shape.len, "{at} of a column of {}", self.shape.len);
        // SAFETY: at < len was just checked.
        unsafe { self.get_unchecked(at) }
    }

    /// The value of `at`.
    ///
    /// # Safety
    /// `at` is below [`len`](ColumnRef::len).
    #[inline(always)]
    pub(super) unsafe fn get_unchecked(&self, at: usize) -> D::Ref<'a> {
        // SAFETY: at < len, and elements.len() == len * stride with stride >= width.
        unsafe { D::lend(self.elements.as_ptr().add(at * D::step(self.shape.stride)), self.shape.width) }
    }

    /// A copy.
    pub(crate) fn to_column(self) -> Column<D>
    where
        D::Element: Clone,
    {
        Column {
            elements: Buffer::from_fn(self.elements.len(), |at| self.elements[at].clone()),
            shape: self.shape,
        }
    }

    /// The values of `from..to`.
    ///
    /// # Panics
    /// If the range does not lie in the view.
    #[inline(always)]
    pub fn range(&self, from: usize, to: usize) -> Self {
        assert!(from <= to && to <= self.shape.len, "{from}..{to} of a column of {}", self.shape.len);
        let stride = D::step(self.shape.stride);
        ColumnRef {
            elements: &self.elements[from * stride..to * stride],
            shape: Shape { len: to - from, ..self.shape },
        }
    }

    /// # Safety
    /// `from <= to`, and `to` is at most [`len`](ColumnRef::len).
    #[inline(always)]
    pub(super) unsafe fn range_unchecked(&self, from: usize, to: usize) -> Self {
        let stride = D::step(self.shape.stride);
        // SAFETY: the caller's bounds, and elements.len() == len * stride.
        let elements = unsafe { self.elements.get_unchecked(from * stride..to * stride) };
        ColumnRef { elements, shape: Shape { len: to - from, ..self.shape } }
    }

    /// Where the value of index 0 is or would be, if the first value had the index `base`: to be read at indices of values
    /// only.
    #[inline(always)]
    pub(super) fn origin(&self, base: u32) -> *const D::Element {
        self.elements.as_ptr().wrapping_sub(base as usize * D::step(self.shape.stride))
    }

    #[inline(always)]
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The values of `0..at`, and those from `at` on.
    ///
    /// # Panics
    /// If `at` is above [`len`](ColumnRef::len).
    pub fn split_at(&self, at: usize) -> (Self, Self) {
        (self.range(0, at), self.range(at, self.shape.len))
    }

    /// The same view under the name of another type, if it is the same type.
    pub(crate) fn cast<Other: Store>(self) -> Option<ColumnRef<'a, Other>> {
        (std::any::TypeId::of::<D>() == std::any::TypeId::of::<Other>()).then(|| {
            // SAFETY: D and Other are the same type, so these are the same elements.
            let elements = unsafe {
                std::slice::from_raw_parts(
                    self.elements.as_ptr().cast::<Other::Element>(),
                    self.elements.len(),
                )
            };
            ColumnRef { elements, shape: self.shape }
        })
    }
}

/// A run of a column's values, lent exclusively. Splits into disjoint runs, which may go to different threads.
pub struct ColumnMut<'a, D: Store> {
    elements: &'a mut [D::Element],
    shape: Shape,
}

impl<'a, D: Store> ColumnMut<'a, D> {
    /// How many values.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.shape.len
    }

    /// No value at all.
    pub fn is_empty(&self) -> bool {
        self.shape.len == 0
    }

    /// The value of `at`.
    ///
    /// # Panics
    /// If `at` is not below [`len`](ColumnMut::len).
    #[inline(always)]
    pub fn get(&self, at: usize) -> D::Ref<'_> {
        assert!(at < self.shape.len, "{at} of a column of {}", self.shape.len);
        // SAFETY: at < len, and elements.len() == len * stride with stride >= width.
        unsafe { D::lend(self.elements.as_ptr().add(at * D::step(self.shape.stride)), self.shape.width) }
    }

    /// The value of `at`, exclusively.
    ///
    /// # Panics
    /// If `at` is not below [`len`](ColumnMut::len).
    #[inline(always)]
    pub fn get_mut(&mut self, at: usize) -> D::Mut<'_> {
        assert!(at < self.shape.len, "{at} of a column of {}", self.shape.len);
        // SAFETY: as in `get`.
        unsafe {
            D::lend_mut(self.elements.as_mut_ptr().add(at * D::step(self.shape.stride)), self.shape.width)
        }
    }

    /// The values of `0..at`, and those from `at` on.
    ///
    /// # Panics
    /// If `at` is above [`len`](ColumnMut::len).
    #[inline]
    pub fn split_at(self, at: usize) -> (Self, Self) {
        assert!(at <= self.shape.len, "{at} of a column of {}", self.shape.len);
        let (left, right) = self.elements.split_at_mut(at * D::step(self.shape.stride));
        let right_len = self.shape.len - at;
        (
            ColumnMut { elements: left, shape: Shape { len: at, ..self.shape } },
            ColumnMut { elements: right, shape: Shape { len: right_len, ..self.shape } },
        )
    }

    /// The values of `at` and `other`: the first exclusively, the second shared.
    ///
    /// # Panics
    /// If they are the same, or one is not below [`len`](ColumnMut::len).
    pub fn pair(&mut self, at: usize, other: usize) -> (D::Mut<'_>, D::Ref<'_>) {
        let width = self.shape.width;
        let (first, second) = self.disjoint(at, other);
        // SAFETY: each part is one value of at least `width` elements, from `disjoint`.
        unsafe { (D::lend_mut(first.as_mut_ptr(), width), D::lend(second.as_ptr(), width)) }
    }

    /// The values of `at` and `other`, both exclusively.
    ///
    /// # Panics
    /// If they are the same, or one is not below [`len`](ColumnMut::len).
    pub fn pair_mut(&mut self, at: usize, other: usize) -> (D::Mut<'_>, D::Mut<'_>) {
        let width = self.shape.width;
        let (first, second) = self.disjoint(at, other);
        // SAFETY: each part is one value of at least `width` elements, from `disjoint`.
        unsafe { (D::lend_mut(first.as_mut_ptr(), width), D::lend_mut(second.as_mut_ptr(), width)) }
    }

    /// Overwrites a value by one of another column.
    ///
    /// # Panics
    /// If there are no such values, or they differ in width.
    pub(crate) fn assign(&mut self, at: usize, other: ColumnRef<'_, D>, from: usize)
    where
        D::Element: Clone,
    {
        let Shape { len, width, stride } = self.shape;
        assert!(at < len && from < other.shape.len && width == other.shape.width, "a value for another");
        let stride = D::step(stride);
        self.elements[at * stride..][..stride].clone_from_slice(&other.elements[from * stride..][..stride]);
    }

    /// Overwrites a value by another one.
    ///
    /// # Panics
    /// If they are the same, or one is not below [`len`](ColumnMut::len).
    pub(crate) fn assign_within(&mut self, at: usize, from: usize)
    where
        D::Element: Clone,
    {
        let (to, from) = self.disjoint(at, from);
        to.clone_from_slice(from);
    }

    /// The elements of two different values, each from its first to its stride's end.
    fn disjoint(&mut self, at: usize, other: usize) -> (&mut [D::Element], &mut [D::Element]) {
        assert!(at != other, "one value twice: {at}");
        assert!(at.max(other) < self.shape.len, "{at} and {other} of a column of {}", self.shape.len);
        let stride = D::step(self.shape.stride);
        let (low, high) = (at.min(other), at.max(other));
        let (left, right) = self.elements.split_at_mut(high * stride);
        let (low, high) = (&mut left[low * stride..][..stride], &mut right[..stride]);
        if at < other { (low, high) } else { (high, low) }
    }

    /// Where the first value starts, and how the others follow.
    pub(super) fn into_raw(self) -> (*mut D::Element, Shape) {
        (self.elements.as_mut_ptr(), self.shape)
    }

    /// This view for a shorter time.
    #[inline(always)]
    pub fn reborrow(&mut self) -> ColumnMut<'_, D> {
        ColumnMut { elements: self.elements, shape: self.shape }
    }

    /// This view, shared for as long as it lasts.
    #[inline(always)]
    pub fn into_shared(self) -> ColumnRef<'a, D> {
        ColumnRef { elements: self.elements, shape: self.shape }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Own;

    #[test]
    fn rows_are_aligned_and_disjoint() {
        for width in [0, 1, 3, 15, 16, 17, 64] {
            let mut column = Column::<Row<f32>>::rows(5, width, |at, row| row.fill(at as f32));
            assert!((0..5).all(|at| column.get(at).len() == width));
            assert!((0..5).all(|at| width == 0 || (column.get(at).as_ptr() as usize).is_multiple_of(64)));
            let (mut low, high) = column.view_mut().split_at(2);
            low.get_mut(1).fill(9.0);
            assert_eq!(high.get(0), vec![2.0; width]);
            let mut all = column.view_mut();
            let (first, second) = all.pair(4, 1);
            first.copy_from_slice(second);
            assert_eq!(column.get(4), vec![9.0; width]);
        }
    }

    #[test]
    fn ranges_keep_their_bounds() {
        let column = Column::<u32>::from_fn(10, |at| at as u32);
        let view = column.view().range(3, 7);
        assert_eq!((view.len(), *view.get(0), *view.get(3)), (4, 3, 6));
        assert!(std::panic::catch_unwind(|| *view.get(4)).is_err());
        assert!(column.view().cast::<f32>().is_none());
        assert_eq!(*column.view().cast::<u32>().unwrap().get(9), 9);
    }

    /// Positions so large that their elements' positions would wrap around: refused in release builds too.
    #[test]
    fn positions_beyond_the_address_space_are_refused() {
        let refused = |work: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err();
        for width in [0, 16] {
            let rows = || Column::<Row<f32>>::rows(4, width, |_, _| ());
            for far in [5, 1 << 60, usize::MAX] {
                assert!(
                    refused(&|| {
                        let _ = rows().view_mut().split_at(far);
                    }),
                    "split at {far}"
                );
                assert!(
                    refused(&|| {
                        let _ = rows().view().range(0, far).len();
                    }),
                    "range to {far}"
                );
                assert!(
                    refused(&|| {
                        let _ = rows().view().range(far, far).len();
                    }),
                    "range from {far}"
                );
                assert!(
                    refused(&|| {
                        let _ = rows().view_mut().pair_mut(0, far);
                    }),
                    "pair with {far}"
                );
            }
        }
        for width in [usize::MAX - 3, usize::MAX / 8] {
            assert!(
                refused(&|| {
                    let _ = Column::<Row<f32>>::rows(1, width, |_, _| ());
                }),
                "width {width}"
            );
        }
    }

    #[test]
    #[should_panic(expected = "one value twice")]
    fn a_pair_is_of_two() {
        Column::<Own<String>>::from_fn(2, |_| String::new()).view_mut().pair_mut(1, 1);
    }
}
