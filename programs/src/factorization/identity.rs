//! Ids of users and items to and from columns that numpy reads.
//!
//! A model must not depend on how [`Ids`] keeps its names inside, so it stores them in an own form.

use gasworks_engine::graph::{Id, Ids};

/// The names behind an [`Ids`], in the order of the vertex numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// The id of a row is its number.
    Range(u32),
    /// Strictly ascending, each from `i64::MIN` to `u64::MAX`.
    Integers(Vec<i128>),
    /// Strictly ascending by bytes.
    Text(Vec<String>),
}

impl Column {
    pub(crate) fn of(ids: &Ids) -> Self {
        let all = || (0..ids.len() as u32).map(|row| ids.id(row));
        let integers: Option<Vec<i128>> = all()
            .map(|id| match id {
                Id::Integer(id) => Some(id),
                Id::Text(_) => None,
            })
            .collect();
        match integers {
            Some(ids) if ids.iter().enumerate().all(|(row, &id)| id == row as i128) => {
                Column::Range(ids.len() as u32)
            }
            Some(ids) => Column::Integers(ids),
            None => Column::Text(all().map(|id| id.to_string()).collect()),
        }
    }

    /// The ids with these names; `None` if they do not ascend strictly, or an integer is out of range.
    pub(crate) fn build(self) -> Option<Ids> {
        let wanted = self.clone();
        let ids = match self {
            Column::Range(count) => Ids::range(count),
            Column::Integers(ids) => {
                let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
                if !ids.is_sorted_by(|a, b| a < b) || !ids.iter().all(|id| range.contains(id)) {
                    return None;
                }
                let spelled: Vec<String> = ids.iter().map(i128::to_string).collect();
                Ids::from_names(spelled.iter().map(String::as_str))
            }
            Column::Text(ids) => {
                if !ids.is_sorted_by(|a, b| a < b) {
                    return None;
                }
                Ids::from_names(ids.iter().map(String::as_str))
            }
        };
        (Column::of(&ids) == wanted || matches!(wanted, Column::Integers(_))).then_some(ids)
    }
}
