//! What may lie on vertices and edges: plain values, rows of run-time width, or any owned type.

use std::marker::PhantomData;

use crate::memory::Store;

/// Something that can lie on a vertex or an edge.
///
/// | data | is | admitted |
/// |---|---|---|
/// | any [`Pod`](bytemuck::Pod) type: `f32`, `()`, a `#[derive(Pod)]` struct | plain old data | everywhere |
/// | [`Row<T>`] | a row of `T: Pod` whose width is chosen at run time (rank, topics) | everywhere |
/// | [`Own<T>`] | anything else, a `Vec` or a `HashMap` | where exclusion is by claim; not where data is read while it is written |
///
/// The three kinds are all that there are: every implementor of `Store` has `Data`.
pub trait Data: Store {}
impl<D: Store> Data for D {}

/// A value of `D`, lent: `&T`, or `&[T]` for a row.
pub type Ref<'a, D> = <D as Store>::Ref<'a>;
/// A value of `D`, lent exclusively: `&mut T`, or `&mut [T]` for a row.
pub type Mut<'a, D> = <D as Store>::Mut<'a>;

/// A row of a matrix. Rows of a column have one width, chosen at run time, and start at cache
/// lines where the size of an element divides one.
pub struct Row<T>(PhantomData<T>);

/// Any owned type as data of a vertex or an edge.
///
/// ```
/// use gasworks_engine::{Column, Own};
/// let mut column = Column::<Own<Vec<u32>>>::from_fn(3, |v| vec![v as u32]);
/// column.get_mut(2).push(7);
/// assert_eq!(column.get(2), &[2, 7]);
/// ```
pub struct Own<T>(PhantomData<T>);
