//! Indices that were checked once, so that gathering through them need not check again.

use rayon::prelude::*;

use super::{Buffer, ColumnRef, Store};

/// A run of indices, all in `low..high`. That is the proof on which [`Gathered`] reads without a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Indices {
    values: Buffer<u32>,
    low: u32,
    high: u32,
}

impl Indices {
    /// Checks that all values are in `low..high`. O(values), parallel.
    ///
    /// # Panics
    /// If one is not.
    pub(crate) fn new(values: Buffer<u32>, low: u32, high: u32) -> Self {
        let checked = values.par_chunks(1 << 16).all(|chunk| chunk.iter().all(|at| (low..high).contains(at)));
        assert!(checked, "an index outside {low}..{high}");
        Indices { values, low, high }
    }

    /// The indices.
    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.values
    }

    /// The values of `column` at the indices of `from..to`. The column's first value has the index `base`.
    ///
    /// # Panics
    /// If the column does not hold all of `low..high`, or the range is none of the indices.
    #[inline(always)]
    pub(crate) fn gathered<'a, D: Store>(
        &'a self,
        from: usize,
        to: usize,
        base: u32,
        column: ColumnRef<'a, D>,
    ) -> Gathered<'a, D> {
        assert!(base <= self.low && (self.high - base) as usize <= column.len(), "a column too short");
        Gathered { indices: &self.values[from..to], base, column }
    }
}

/// Values of a column at checked indices.
pub(crate) struct Gathered<'a, D: Store> {
    /// Each at least `base` and below `base + column.len()`: checked in `gathered`.
    indices: &'a [u32],
    base: u32,
    column: ColumnRef<'a, D>,
}

impl<'a, D: Store> Gathered<'a, D> {
    /// How many values.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.indices.len()
    }

    /// The index of the i-th value.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Gathered::len).
    #[inline(always)]
    pub(crate) fn index(&self, i: usize) -> u32 {
        self.indices[i]
    }

    /// The i-th value.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Gathered::len).
    #[inline(always)]
    pub(crate) fn get(&self, i: usize) -> D::Ref<'a> {
        self.column.get(self.indices[i].wrapping_sub(self.base) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Column;

    #[test]
    fn gathers_relative_to_a_base() {
        let column = Column::<u32>::from_fn(4, |at| 10 * at as u32);
        let indices = Indices::new(Buffer::from_fn(4, |at| [5, 3, 6, 4][at]), 3, 7);
        let gathered = indices.gathered(1, 4, 3, column.view());
        assert_eq!((0..gathered.len()).map(|i| *gathered.get(i)).collect::<Vec<_>>(), [0, 30, 10]);
        assert_eq!(gathered.index(1), 6);
        for (base, len) in [(4, 4), (3, 3)] {
            let short = column.view().range(0, len);
            let refused = std::panic::catch_unwind(|| indices.gathered(0, 4, base, short).len());
            assert!(refused.is_err(), "base {base}, {len} values");
        }
    }

    #[test]
    #[should_panic(expected = "outside 0..3")]
    fn refuses_an_index_out_of_bounds() {
        Indices::new(Buffer::from_fn(2, |at| 3 * at as u32), 0, 3);
    }
}
